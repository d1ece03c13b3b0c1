//! New images for hosts in runs: the cases of the planner on real hosts, small fleets told fact by
//! fact, and what holds on every fleet while hosts fail, VMs move and others push them out.

mod common;
#[path = "common/fleets.rs"]
mod fleets;
#[path = "common/ledger.rs"]
mod ledger;

use common::{bare, padded};
use fleetcast_core::fact::{Fact, HostOutcome, HostStep, WhyStuck};
use fleetcast_core::observe::{Fingerprint, Observer, Summary, Transcript};
use fleetcast_core::read::{Input, read};
use fleetcast_core::report::Report;
use fleetcast_core::report::host_rollouts::HostRolloutReport;
use fleetcast_core::rollout::hosts::{self as planner, Event, Stuck};
use fleetcast_core::scenario::hosts::{Drain, OnTimeout, WhenEvicted};
use fleetcast_core::scenario::*;
use fleetcast_core::simulation::{self, Simulation, host_foresight};
use fleetcast_core::source::{MemoryFiles, NoFiles};
use fleetcast_core::state::{HostId, HostStatus, Search, State};
use fleetcast_core::time::Time;
use fleets::{DURATION_MS, Fleet};
use ledger::{Ledger, failing};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A rollout of one image to hosts of the type 0, nothing else said.
fn rollout(at_ms: u64) -> HostRollout {
    HostRollout {
        name: "kernel".into(),
        image: HostImageId::from_row(1),
        types: vec![HostTypeId::from_row(0)],
        zones: Vec::new(),
        at_ms,
        every_ms: 0,
        times: 1,
        batch: Amount::Count(1),
        within: Level::Rack,
        unavailable: None,
        drain: Drain::LiveMigration,
        when_evicted: WhenEvicted::Restart,
        grace_ms: 0,
        timeout: None,
        rewrite: Distribution::Constant(1_000),
        soak_ms: 0,
        prefers_updated: true,
    }
}

fn images(pools: usize) -> HostRollouts {
    HostRollouts {
        images: vec!["old".into(), "new".into()],
        first: vec![HostImageId::from_row(0); pools],
        list: Vec::new(),
    }
}

/// The planner's fleet as a scenario: each VM comes up on its host, since it prefers its label.
fn on_hosts(hosts: &[planner::Host], rule: &planner::HostRollout) -> Scenario {
    let mut scenario = bare(&["memory"]);
    scenario.duration_ms = 1_000_000_000;
    let domains: BTreeSet<&str> = hosts.iter().map(|host| host.domain.as_str()).collect();
    let zone = ZoneId::from_row(0);
    scenario.racks = domains.iter().map(|name| Rack { name: (*name).to_owned(), zone }).collect();
    scenario.labels = (0..hosts.len()).map(|row| format!("host=h{row:04}")).collect();
    for (row, host) in hosts.iter().enumerate() {
        let host_type = common::add_hosts(&mut scenario, &[host.capacity as i64], 0);
        scenario.host_types[row].labels = vec![LabelId::from_row(row)];
        let rack = domains.iter().position(|name| *name == host.domain).unwrap();
        let rack = RackId::from_row(rack);
        scenario.hosts.push(HostSpec { name: None, host_type, rack, age_ms: 0 });
        for size in &host.vms {
            let name = format!("d{}", scenario.demands.len());
            let flavor = FlavorId::from_row(scenario.flavors.len());
            let amounts = padded(&[*size as i64]);
            scenario.flavors.push(Flavor {
                name: name.clone(),
                amounts,
                cells: 0,
                memory_use: None,
            });
            let alive = Arrivals::Alive(Curve::Constant(1.0));
            let forever = Distribution::Constant(u64::MAX);
            let mut demand = common::demand(&scenario, &name, alive, forever);
            demand.mix = vec![(flavor, 1.0)];
            let selector = Selector(vec![vec![LabelId::from_row(row)]]);
            demand.rules.prefers = vec![Preference { selector, weight: 1 }];
            scenario.demands.push(demand);
        }
    }
    scenario.pools[0].racks = (0..scenario.racks.len()).map(RackId::from_row).collect();
    // Memory is in MiB, so a unit of size takes as many seconds as the case says.
    let per_s = 1_000.0 / rule.migrate_ms_per_unit as f64;
    let parallel = rule.parallel_per_host as u32;
    scenario.defrag.per_host_max = parallel;
    scenario.defrag.concurrent_max = u32::MAX;
    scenario.defrag.link.bandwidth_mib_s = per_s * f64::from(parallel);
    scenario.defrag.link.dirty_mib_s = 0.0;
    scenario.defrag.link.downtime_max_ms = 0.0;
    scenario.host_rollouts = images(1);
    scenario.host_rollouts.list.push(HostRollout {
        types: (0..hosts.len()).map(HostTypeId::from_row).collect(),
        batch: Amount::Count(rule.batch as u32),
        rewrite: Distribution::Constant(rule.reimage_ms),
        prefers_updated: rule.prefers_updated,
        // The VMs come at 0.
        ..rollout(1)
    });
    scenario
}

/// What the engine did, in the planner's words; times since the rollout began.
#[derive(Debug, Default, PartialEq)]
struct Course {
    /// When which hosts were first cordoned together.
    drains: Vec<(Time, Vec<usize>)>,
    /// When which hosts were back together.
    backs: Vec<(Time, Vec<usize>)>,
    moves: usize,
    stuck: Option<Stuck>,
    sizes: Vec<Vec<u64>>,
}

impl Observer for Course {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        let now = Time::from_ms(now.ms().saturating_sub(1));
        let add = |list: &mut Vec<(Time, Vec<usize>)>, host: HostId| match list.last_mut() {
            Some((at, hosts)) if *at == now => hosts.push(host.row()),
            _ => list.push((now, vec![host.row()])),
        };
        match *fact {
            Fact::HostRollout { step: HostStep::Draining { host, .. }, .. } => {
                add(&mut self.drains, host);
            }
            Fact::HostRollout { step: HostStep::Done { host }, .. } => add(&mut self.backs, host),
            Fact::HostRollout { step: HostStep::Stalled(stall), .. } => {
                let shape = state.vms.get(stall.vm).ask.shape;
                let size = state.shapes.get(shape).amounts[0] as u64;
                self.stuck = Some(Stuck { host: stall.host.row(), size });
            }
            Fact::MigrationEnded { has_moved: true, .. } => self.moves += 1,
            Fact::Ended => {
                self.sizes = vec![Vec::new(); state.hosts.rows()];
                for (_, vm) in state.vms.iter() {
                    let size = state.shapes.get(vm.ask.shape).amounts[0] as u64;
                    self.sizes[vm.host.row()].push(size);
                }
                self.sizes.iter_mut().for_each(|sizes| sizes.sort_unstable());
            }
            _ => {}
        }
    }
}

/// The same by the planner alone.
fn planned(run: &planner::Run) -> Course {
    let mut course = Course { moves: run.moves, stuck: run.stuck, ..Course::default() };
    for (at, batch, event) in &run.events {
        match event {
            Event::Drain { .. } | Event::Stalled(_) => course.drains.push((*at, batch.clone())),
            Event::Back { .. } => course.backs.push((*at, batch.clone())),
        }
    }
    course.sizes = run.hosts.iter().map(|host| host.vms.clone()).collect();
    course.sizes.iter_mut().for_each(|sizes| sizes.sort_unstable());
    course
}

fn run<O: Observer>(scenario: Scenario, mut observer: O) -> O {
    let mut simulation = Simulation::new(Arc::new(scenario), &NoFiles).unwrap();
    simulation.advance(simulation.end(), &mut observer).unwrap();
    observer
}

fn check_against_planner(hosts: Vec<planner::Host>, rule: &planner::HostRollout) -> Course {
    let course = run(on_hosts(&hosts, rule), Course::default());
    assert_eq!(course, planned(&rule.run(hosts)));
    course
}

fn host(name: &str, domain: &str, capacity: u64, vms: &[u64]) -> planner::Host {
    planner::Host { name: name.into(), domain: domain.into(), capacity, vms: vms.to_vec() }
}

const CASE: planner::HostRollout = planner::HostRollout {
    batch: 1,
    migrate_ms_per_unit: 8_000,
    parallel_per_host: 1,
    parallel: None,
    reimage_ms: 1_200_000,
    prefers_updated: true,
};

#[test]
fn case_v22_goes_the_same_way_on_real_hosts() {
    let hosts = vec![
        host("h01", "r1", 64, &[]),
        host("h02", "r1", 64, &[16, 8, 8]),
        host("h03", "r1", 64, &[16, 16]),
        host("h04", "r2", 64, &[32, 8]),
        host("h05", "r2", 64, &[8, 8, 8, 8]),
        host("h06", "r2", 64, &[16, 16]),
    ];
    let course = check_against_planner(hosts, &CASE);
    let ms = |s: u64| Time::from_ms(s * 1_000);
    let backs = [1_200, 2_656, 4_112, 5_632, 7_088, 8_544];
    let backs: Vec<_> = backs.iter().enumerate().map(|(row, s)| (ms(*s), vec![row])).collect();
    assert_eq!(course.backs, backs);
    assert_eq!(course.moves, 13);
    let sizes: [&[u64]; 6] = [&[8, 8, 8, 16], &[16, 16], &[32], &[8, 8, 8, 8], &[16, 16], &[]];
    assert_eq!(course.sizes, sizes);
}

#[test]
fn case_v23_stalls_on_real_hosts_though_the_sum_would_do() {
    let hosts = vec![
        host("h01", "r1", 64, &[32]),
        host("h02", "r1", 64, &[24, 24]),
        host("h03", "r2", 64, &[24, 24]),
        host("h04", "r2", 64, &[48]),
    ];
    let course = check_against_planner(hosts, &CASE);
    assert_eq!(course.stuck, Some(Stuck { host: 0, size: 32 }));
    assert_eq!((course.moves, course.backs.len()), (0, 0));
}

/// A fleet for the planner, its VMs in their hosts' room.
fn planners() -> impl proptest::strategy::Strategy<Value = Vec<planner::Host>> {
    let one = (0..3u8, prop::collection::vec(1..20u64, 0..5));
    prop::collection::vec(one, 2..9).prop_map(|hosts| {
        let named = |(row, (domain, vms)): (usize, (u8, Vec<u64>))| {
            let mut used = 0;
            let fits = |size: &u64| {
                used += if used + size <= 40 { *size } else { return false };
                true
            };
            let vms: Vec<u64> = vms.into_iter().filter(fits).collect();
            host(&format!("h{row:04}"), &format!("r{domain}"), 40, &vms)
        };
        hosts.into_iter().enumerate().map(named).collect()
    })
}

/// Runs a scenario file's text; its transcript from the rollout on, and its report.
fn told(text: &str) -> (Vec<String>, Report) {
    let input = Input { file: "t.toml", text, overrides: &[] };
    let found = read(&input, &NoFiles).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let scenario = Arc::new(found.scenario);
    let mut lines = Transcript::default();
    let mut simulation = Simulation::new(Arc::clone(&scenario), &NoFiles).unwrap();
    simulation.advance(simulation.end(), &mut lines).unwrap();
    let from = lines.lines.iter().position(|line| line.contains("host rollout 0:")).unwrap_or(0);
    (lines.lines.split_off(from), simulation::run(&scenario, &NoFiles).unwrap())
}

/// Two hosts in a rack of two zones each, with VMs of half a host.
const SMALL: &str = "name = 't'\nduration = '1 day'\nstart = '2025-01-06'\n\
    [host-models.m]\ncpu = 8\nmemory = '64 GiB'\n\
    [flavors.half]\ncpu = 4\nmemory = '32 GiB'\n\
    [defrag]\nbandwidth = '1 GiB/s'\ndirty-rate = '0 MiB/s'\n";

fn small(hosts: u32, vms: u32, more: &str) -> String {
    format!(
        "{SMALL}[[pools]]\nname = 'p'\nhosts = {{ model = 'm', count = {hosts} }}\n\
         [[demand]]\nname = 'vms'\nflavor = 'half'\nalive = {vms}\nlifetime = 'forever'\n{more}"
    )
}

const KERNEL: &str = "[[host-rollout]]\nname = 'kernel'\nimage = '6.12'\nat = '1 h'\n";

#[test]
fn a_stall_says_which_vm_and_why_and_ends_when_room_comes() {
    let growth = "[[pools]]\nname = 'later'\ngrowth = { curve = 'steps', steps = [\
        { at = '2 h', to = 1 }] }\n";
    let (lines, report) = told(&small(2, 4, &format!("{growth}{KERNEL}pools = ['p']\n")));
    let stalled = lines.iter().find(|line| line.contains("cannot leave")).unwrap();
    assert!(stalled.contains("cannot leave h0: NoRoom(Short(3))"), "{stalled}");
    let all = report.host_rollouts.unwrap();
    let one = &all.list[0];
    assert_eq!((one.outcome.as_str(), one.hosts_done, one.stalls), ("complete", 2, 1));
    let stall = &one.stalled[0];
    assert_eq!((stall.host, stall.size.as_str(), stall.lasted_s), (0, "half", 3_600.0));
    assert_eq!(stall.reason, "cpu+memory");
    assert!(report.verdict.contains("standing still"), "{}", report.verdict);
    // The VMs of the first host go to the new one, those of the second to the first.
    assert_eq!((one.vms_moved, one.peak_hosts_out, one.lowest_capacity), (4, 1, 0.5));
}

#[test]
fn a_host_that_comes_meanwhile_has_the_newest_image() {
    let growth = "growth = { curve = 'steps', steps = [\
        { at = '1 h', to = 4 }, { at = '2 h', to = 5 }] }\n";
    let text = small(3, 2, KERNEL).replacen("[[demand]]", &format!("{growth}[[demand]]"), 1);
    let text = text.replace("at = '1 h'\n", "at = '90 min'\n").replace("'1 h'", "'60 min'");
    let input = Input { file: "t.toml", text: &text, overrides: &[] };
    let scenario = read(&input, &NoFiles).unwrap_or_else(|p| panic!("{p:#?}")).scenario;
    let mut simulation = Simulation::new(Arc::new(scenario), &NoFiles).unwrap();
    let rows = |simulation: &Simulation| -> Vec<usize> {
        simulation.host_images().unwrap().iter().map(|image| image.row()).collect()
    };
    simulation.advance(Time::from_ms(3_600_000), &mut ()).unwrap();
    assert_eq!(rows(&simulation), [0, 0, 0, 0]);
    simulation.advance(Time::from_ms(5_400_000), &mut ()).unwrap();
    assert_eq!(rows(&simulation), [0, 0, 0, 0], "the first is still rewritten");
    simulation.advance(Time::from_ms(7_200_000), &mut ()).unwrap();
    assert_eq!(rows(&simulation)[4], 1, "it came after the rollout had begun");
    simulation.advance(simulation.end(), &mut ()).unwrap();
    assert_eq!(rows(&simulation), [1, 1, 1, 1, 1]);
}

/// Two full hosts and a rollout that can empty none of them.
fn overdue(then: &str) -> Report {
    let more = format!("{KERNEL}drain-timeout = '1 h'\non-timeout = '{then}'\ngrace = '1 min'\n");
    told(&small(2, 4, &more)).1
}

#[test]
fn what_is_done_when_a_batch_takes_too_long_is_what_the_rollout_says() {
    let of = |then: &str| overdue(then).host_rollouts.unwrap().list.remove(0);
    let skip = of("skip");
    assert_eq!((skip.outcome.as_str(), skip.hosts_left_out, skip.hosts_done), ("partial", 2, 0));
    assert_eq!(skip.duration_s, 7_200.0, "each host was given an hour");
    let stop = of("stop");
    assert_eq!((stop.outcome.as_str(), stop.hosts_left_out, stop.hosts_left), ("stopped", 1, 1));
    let wait = of("wait");
    assert_eq!((wait.outcome.as_str(), wait.hosts_done), ("stalled", 0));
    // Those that are evicted wait until their host is back: an hour, then twenty minutes of 2 VMs.
    let force = of("force");
    assert_eq!((force.outcome.as_str(), force.hosts_done, force.vms_evicted), ("complete", 2, 4));
    assert_eq!((force.duration_s, force.evicted_s), (2.0 * 4_800.0, 4.0 * 1_200.0));
    let evict = of("evict");
    assert_eq!((evict.outcome.as_str(), evict.vms_evicted, evict.vms_lost), ("complete", 4, 0));
    assert_eq!(evict.duration_s, 2.0 * (3_600.0 + 60.0 + 1_200.0), "with a grace of a minute");
}

#[test]
fn evicted_vms_end_or_come_back_as_the_rollout_says() {
    let evicts = format!("{KERNEL}drain = 'eviction'\ngrace = '0 s'\n");
    let (_, report) = told(&small(3, 2, &evicts));
    let one = &report.host_rollouts.unwrap().list[0];
    assert_eq!((one.vms_evicted, one.vms_lost, one.evicted_s), (4, 0, 0.0), "there is room");
    assert_eq!((report.preempted, report.resumed, report.lost), (0, 0, 0));
    let (_, report) = told(&small(3, 2, &format!("{evicts}when-evicted = 'end'\n")));
    let one = &report.host_rollouts.unwrap().list[0];
    assert_eq!((one.vms_evicted, one.vms_lost), (2, 2));
    assert_eq!(report.alive, 0);
}

#[test]
fn a_service_keeps_what_its_group_must_keep_while_hosts_are_emptied() {
    let text = format!(
        "{SMALL}[[pools]]\nname = 'p'\nhosts = {{ model = 'm', count = 3 }}\n\
         [images.web]\nboot = '10 min'\n\
         [[service]]\nname = 'web'\nimage = 'web'\nflavor = 'half'\ninstances = 4\n\
         group = {{ min-available = 3 }}\n\
         {KERNEL}drain = 'eviction'\ngrace = '1 min'\n"
    );
    let (lines, report) = told(&text);
    let at = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert!(at("cannot leave h0: Budget(3)") == 1, "{lines:#?}");
    let one = &report.host_rollouts.unwrap().list[0];
    assert_eq!((one.outcome.as_str(), one.hosts_done), ("complete", 3));
    // One at a time: an instance is told only when the one before it serves again.
    let mut serving = 4i32;
    for line in &lines {
        serving -= i32::from(line.contains("evicted from"));
        serving += i32::from(line.contains("is available"));
        assert!(serving >= 3, "{line}");
    }
}

#[test]
fn a_vm_that_cannot_be_copied_is_told_of() {
    let text = small(3, 2, KERNEL)
        .replace("dirty-rate = '0 MiB/s'", "dirty-rate = '2 GiB/s'\nwhen-stuck = 'abort'");
    let (_, report) = told(&text);
    let one = &report.host_rollouts.unwrap().list[0];
    assert_eq!((one.outcome.as_str(), one.stalled[0].reason.as_str()), ("stalled", "copy"));
    assert_eq!(one.vms_moved, 0);
}

#[test]
fn a_batch_counts_hosts_that_are_down_where_there_is_a_limit() {
    let failures = "[failures]\ntrace = 'o.csv'\nrepair = '1 h'\n";
    let mut files = MemoryFiles::default();
    files.insert("o.csv", b"time_s,host,lasts_s\n3000,2,36000\n".to_vec());
    let outcome = |limit: &str| {
        let text = small(3, 2, &format!("{failures}{KERNEL}{limit}"));
        let input = Input { file: "t.toml", text: &text, overrides: &[] };
        let scenario = read(&input, &files).unwrap_or_else(|p| panic!("{p:#?}")).scenario;
        let report = simulation::run(&Arc::new(scenario), &files).unwrap();
        report.host_rollouts.unwrap().list.remove(0)
    };
    let free = outcome("");
    assert_eq!(
        (free.outcome.as_str(), free.hosts_done, free.waits[0].what.as_str()),
        ("complete", 3, "hosts down")
    );
    let limited = outcome("max-unavailable = 1\n");
    assert_eq!(limited.waits[0].what, "limit");
    assert!(limited.duration_s > 36_000.0 - 3_600.0);
}

/// The reports of a text's host rollouts.
fn reported(text: &str) -> Vec<HostRolloutReport> {
    told(text).1.host_rollouts.unwrap().list
}

fn simulated(text: &str) -> Simulation {
    let input = Input { file: "t.toml", text, overrides: &[] };
    let found = read(&input, &NoFiles).unwrap_or_else(|problems| panic!("{problems:#?}"));
    Simulation::new(Arc::new(found.scenario), &NoFiles).unwrap()
}

fn hours(hours: u64) -> Time {
    Time::from_ms(hours * 3_600_000)
}

/// A pool of so many hosts of the small fleet's model.
fn pool(name: &str, hosts: u32, more: &str) -> String {
    format!("[[pools]]\nname = '{name}'\nhosts = {{ model = 'm', count = {hosts} }}\n{more}")
}

#[test]
fn an_instance_that_terminates_is_waited_for_while_others_are_evicted() {
    let text = format!(
        "{SMALL}{}[images.web]\n\
         [[service]]\nname = 'web'\nimage = 'web'\nflavor = 'half'\ninstances = 2\ngrace = '5 h'\n\
         [[rollout]]\nservice = 'web'\nimage = 'web'\nat = '30 min'\n\
         strategy = {{ name = 'rolling', max-surge = 0, max-unavailable = 1 }}\n\
         {KERNEL}grace = '0 s'\ndrain-timeout = '1 h'\non-timeout = 'evict'\n",
        pool("p", 1, "")
    );
    let one = &reported(&text)[0];
    assert_eq!((one.outcome.as_str(), one.vms_evicted), ("complete", 1));
    assert_eq!(one.duration_s, 4.5 * 3_600.0 + 1_200.0, "the other terminates until 05:30");
}

#[test]
fn all_rollouts_together_leave_a_group_what_it_must_keep() {
    let rollout = |pool: &str| {
        format!(
            "[[host-rollout]]\nname = '{pool}'\nimage = '6.12'\nat = '1 h'\npools = ['{pool}']\n\
             drain = 'eviction'\ngrace = '1 min'\n"
        )
    };
    let text = format!(
        "{SMALL}{}{}{}[images.web]\nboot = '10 min'\n\
         [[service]]\nname = 'web'\nimage = 'web'\nflavor = 'half'\ninstances = 4\n\
         group = {{ min-available = 3 }}\n{}{}",
        pool("p", 1, ""),
        pool("q", 1, ""),
        pool("spare", 2, ""),
        rollout("p"),
        rollout("q")
    );
    let (lines, report) = told(&text);
    let mut serving = 4i32;
    for line in &lines {
        serving -= i32::from(line.contains("evicted from"));
        serving += i32::from(line.contains("is available"));
        assert!(serving >= 3, "{line}");
    }
    let all = report.host_rollouts.unwrap().list;
    assert!(all.iter().all(|one| one.outcome == "complete"), "{lines:#?}");
}

#[test]
fn a_rollout_goes_on_when_another_takes_its_notices_back() {
    let text = format!(
        "{SMALL}{}{}\
         [[demand]]\nname = 'vms'\nflavor = 'half'\nalive = 2\nlifetime = 'forever'\n\
         group = {{ max-per-host = 1, min-available = 1 }}\n\
         [[host-rollout]]\nname = 'p'\nimage = '6.12'\nat = '1 h'\npools = ['p']\n\
         drain = 'eviction'\ngrace = '3 h'\ndrain-timeout = '1 h'\non-timeout = 'skip'\n\
         [[host-rollout]]\nname = 'q'\nimage = '6.12'\nat = '1 h'\npools = ['q']\n\
         drain = 'eviction'\ngrace = '1 min'\n",
        pool("p", 1, ""),
        pool("q", 1, "")
    );
    let all = reported(&text);
    assert_eq!((all[0].outcome.as_str(), all[0].vms_evicted), ("partial", 0));
    assert_eq!((all[1].outcome.as_str(), all[1].vms_evicted), ("complete", 1));
    assert_eq!(all[1].duration_s, 3_600.0 + 60.0 + 1_200.0);
}

#[test]
fn a_rollout_held_by_a_budget_goes_on_when_the_member_that_waits_has_room() {
    let others = "[[demand]]\nname = 'other'\nflavor = 'half'\nlifetime = '20 h'\n\
        alive = { curve = 'steps', from = 1, steps = [{ at = '1 min', to = 0 }] }\n";
    let more = format!(
        "group = {{ min-available = 2 }}\n{others}{KERNEL}drain = 'eviction'\ngrace = '1 min'\n"
    );
    let one = &reported(&small(2, 3, &more))[0];
    let held = &one.stalled[0];
    assert_eq!((held.host, held.reason.as_str()), (0, "min-available"));
    assert!(held.lasted_s > 3_600.0, "until the other VM ends: {}", held.lasted_s);
    assert_eq!((one.outcome.as_str(), one.hosts_done), ("complete", 2));
}

#[test]
fn room_for_any_vm_of_a_batch_is_news_to_it() {
    // The larger VM takes the only place that the other may have, until it can go elsewhere.
    let text = format!(
        "{SMALL}[flavors.third]\ncpu = 3\nmemory = '24 GiB'\n{}{}{}\
         [[demand]]\nname = 'large'\nflavor = 'half'\nalive = 1\nlifetime = 'forever'\n\
         [[demand]]\nname = 'small'\nflavor = 'third'\nalive = 1\nlifetime = 'forever'\n\
         labels = {{ gen = 'g2' }}\n\
         [[demand]]\nname = 'there'\nflavor = 'half'\nalive = 1\nlifetime = 'forever'\npool = 'q'\n\
         {KERNEL}pools = ['p']\n",
        pool("p", 1, "labels = { gen = 'g2' }\n"),
        pool("q", 1, "labels = { gen = 'g2' }\n"),
        "[[pools]]\nname = 'later'\ngrowth = { model = 'm', curve = 'steps', steps = [\
            { at = '3 h', to = 1 }] }\n"
    );
    let one = &reported(&text)[0];
    assert_eq!((one.outcome.as_str(), one.stalls, one.vms_moved), ("complete", 1, 2));
    assert_eq!((one.stalled[0].size.as_str(), one.stalled[0].lasted_s), ("third", 7_200.0));
}

#[test]
fn who_may_not_be_evicted_leaves_when_there_is_room() {
    let text = small(
        1,
        2,
        &format!(
            "group = {{ min-available = 2 }}\n\
             [[pools]]\nname = 'later'\ngrowth = {{ model = 'm', curve = 'steps', steps = [\
                 {{ at = '4 h', to = 1 }}] }}\n\
             {KERNEL}pools = ['p']\ndrain-timeout = '1 h'\non-timeout = 'evict'\n"
        ),
    );
    let one = &reported(&text)[0];
    let outcome = (one.outcome.as_str(), one.vms_moved, one.vms_evicted);
    assert_eq!(outcome, ("complete", 2, 0));
    let held = one.stalled.iter().find(|stall| stall.reason == "min-available").unwrap();
    assert_eq!(held.lasted_s, 7_200.0);
}

/// How many batches are foreseen of the first rollout, and how many of them stuck.
fn foreseen(text: &str, files: &MemoryFiles) -> (usize, usize) {
    let input = Input { file: "t.toml", text, overrides: &[] };
    let found = read(&input, files).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let one = host_foresight::foresee(&found.scenario, files).unwrap().remove(0);
    (one.batches, one.stuck)
}

#[test]
fn batches_are_foreseen_as_large_as_they_will_be() {
    let text = |more: &str| {
        let spare = pool("spare", 1, "");
        small(2, 4, &format!("{spare}{KERNEL}pools = ['p']\nbatch = 2\n{more}"))
    };
    let files = MemoryFiles::default();
    assert_eq!(foreseen(&text(""), &files), (1, 1), "four halves do not go onto one host");
    assert_eq!(foreseen(&text("max-unavailable = 1\n"), &files), (2, 0), "two do");
    // With one of three hosts down, one more may be out of two, and none of one.
    let mut files = files;
    files.insert("o.csv", b"time_s,host,lasts_s\n3000,2,36000\n".to_vec());
    let with_one_down = |limit: u32| {
        let failures = "[failures]\ntrace = 'o.csv'\nrepair = '1 h'\n";
        small(3, 2, &format!("{failures}{KERNEL}batch = '60%'\nmax-unavailable = {limit}\n"))
    };
    assert_eq!(foreseen(&with_one_down(3), &files), (1, 1), "60% of all three are two");
    assert_eq!(foreseen(&with_one_down(2), &files), (2, 0));
    assert_eq!(foreseen(&with_one_down(1), &files), (0, 0));
}

/// How long hosts took to get their images, in order.
#[derive(Default)]
struct Rewrites(Vec<u64>);

impl Observer for Rewrites {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        if let Fact::HostRollout { step: HostStep::Rewriting { until, .. }, .. } = fact {
            self.0.push(until.since_ms(now));
        }
    }
}

#[test]
fn rounds_that_had_to_wait_draw_for_themselves() {
    let later = "[[pools]]\nname = 'later'\ngrowth = { model = 'm', curve = 'steps', steps = [\
        { at = '5 h', to = 1 }] }\n";
    let text = small(
        1,
        1,
        &format!(
            "{later}{KERNEL}pools = ['p']\nevery = '1 h'\ntimes = 4\n\
             rewrite = {{ distribution = 'exponential', mean = '1 min' }}\n"
        ),
    );
    let mut simulation = simulated(&text);
    let mut rewrites = Rewrites::default();
    simulation.advance(simulation.end(), &mut rewrites).unwrap();
    let different: BTreeSet<u64> = rewrites.0.iter().copied().collect();
    assert_eq!((rewrites.0.len(), different.len()), (4, 4), "{:?}", rewrites.0);
}

#[test]
fn a_trial_leaves_vms_in_the_order_in_which_they_came() {
    let spare = pool("spare", 1, "");
    let there = "[[demand]]\nname = 'there'\nflavor = 'half'\nalive = 1\nlifetime = 'forever'\n\
        pool = 'spare'\n";
    let text = small(1, 2, &format!("{there}{spare}{KERNEL}pools = ['p']\n"));
    let mut simulation = simulated(&text);
    let on_first = |simulation: &Simulation| {
        let residents = simulation.state().residents.as_ref().unwrap();
        residents.on(HostId::from_row(0)).to_vec()
    };
    simulation.advance(Time::from_ms(3_599_999), &mut ()).unwrap();
    let before = on_first(&simulation);
    simulation.advance(hours(2), &mut ()).unwrap();
    assert_eq!(simulation.state().hosts.status(HostId::from_row(0)), HostStatus::Draining);
    assert_eq!(before.len(), 2);
    assert_eq!(on_first(&simulation), before);
}

/// Where VMs were placed after the second hour.
#[derive(Default)]
struct Later(Vec<usize>);

impl Observer for Later {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        if let Fact::Placed { host, .. } = fact
            && now >= hours(2)
        {
            self.0.push(host.row());
        }
    }
}

#[test]
fn who_is_lost_throws_no_dice() {
    let later = |lifetime: &str, more: &str| {
        let text = format!(
            "{SMALL}{}[placement]\npolicy = 'random'\n\
             [[demand]]\nname = 'first'\nflavor = 'half'\nlifetime = '{lifetime}'\n\
             alive = {{ curve = 'steps', from = 5, steps = [{{ at = '1 min', to = 0 }}] }}\n\
             [[demand]]\nname = 'second'\nflavor = 'half'\nlifetime = 'forever'\n\
             alive = {{ curve = 'steps', from = 0, steps = [{{ at = '3 h', to = 8 }}] }}\n\
             {more}",
            pool("p", 16, "")
        );
        let mut simulation = simulated(&text);
        let mut later = Later::default();
        simulation.advance(simulation.end(), &mut later).unwrap();
        later.0
    };
    let evicts = format!(
        "{KERNEL}drain = 'eviction'\ngrace = '0 s'\n\
         when-evicted = 'end'\nrewrite = '1 min'\n"
    );
    let ended = later("1 h", "");
    assert_eq!(ended.len(), 8);
    assert_eq!(later("forever", &evicts), ended);
}

#[test]
fn any_number_of_rollouts_may_have_waited_in_vain() {
    // The first keeps the host out past its age; for the others none is left when it ends.
    let text = format!(
        "{}\n{KERNEL}drain-timeout = '15 days'\non-timeout = 'stop'\n\
         [[host-rollout]]\nname = 'again'\nimage = '6.13'\nat = '2 h'\nevery = '1 min'\n",
        small(1, 1, "").replace("duration = '1 day'", "duration = '16 days'")
    );
    let text = text.replace("memory = '64 GiB'\n", "memory = '64 GiB'\nretire-after = '1 day'\n");
    let (_, report) = told(&text);
    let all = report.host_rollouts.unwrap();
    assert_eq!(all.list[0].outcome, "stopped");
    assert!(all.list[1..].iter().all(|one| (one.outcome.as_str(), one.hosts) == ("complete", 0)));
}

#[test]
fn a_batch_may_be_a_large_fleet() {
    let hosts = 20_000;
    let text = format!(
        "{SMALL}{}[[demand]]\nname = 'none'\nflavor = 'half'\nalive = 0\nlifetime = 'forever'\n\
         {KERNEL}batch = {hosts}\nwithin = 'zone'\n\
         rewrite = {{ distribution = 'exponential', mean = '1 h' }}\n",
        pool("p", hosts, "zones = 1\n")
    );
    let input = Input { file: "t.toml", text: &text, overrides: &[] };
    let found = read(&input, &NoFiles).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let report = simulation::run(&Arc::new(found.scenario), &NoFiles).unwrap();
    let one = &report.host_rollouts.unwrap().list[0];
    assert_eq!((one.outcome.as_str(), one.hosts_done), ("complete", hosts));
    assert_eq!((one.batches, one.peak_hosts_out, one.lowest_capacity), (1, hosts, 0.0));
}

/// What must hold at every fact of a rollout.
struct Watch {
    rules: HostRollouts,
    /// By rollout: its row, hosts that are out, those that have the image.
    rollouts: BTreeMap<u32, (u32, BTreeSet<usize>, BTreeSet<usize>, u32)>,
    down: BTreeSet<usize>,
    stalls: u64,
}

impl Observer for Watch {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        match *fact {
            Fact::HostFailed { host, .. } => {
                self.down.insert(host.row());
                for (_, out, ..) in self.rollouts.values_mut() {
                    out.remove(&host.row());
                }
            }
            Fact::HostBack { host, .. } => {
                self.down.remove(&host.row());
            }
            Fact::MigrationStarted { to, .. } => {
                assert_eq!(state.hosts.status(to), HostStatus::Up, "nobody goes to {to}, {now:?}");
            }
            Fact::HostRollout { rollout, step } => {
                if let HostStep::Started { plan, hosts, .. } = step {
                    self.rollouts
                        .insert(rollout.0, (plan, BTreeSet::new(), BTreeSet::new(), hosts));
                }
                let (plan, out, done, hosts) = self.rollouts.get_mut(&rollout.0).unwrap();
                let rule = &self.rules.list[*plan as usize];
                match step {
                    HostStep::Draining { host, .. } => {
                        assert_eq!(state.hosts.status(host), HostStatus::Draining);
                        assert!(out.insert(host.row()), "{host} goes out once");
                        assert!(!done.contains(&host.row()), "{host} had it");
                        assert!(out.len() <= rule.batch_of(*hosts) as usize);
                        if let Some(limit) = rule.unavailable_of(*hosts) {
                            assert!(out.len() <= limit as usize);
                        }
                        let place = |row: usize| {
                            let host = HostId::from_row(row);
                            match rule.within {
                                Level::Host => row,
                                Level::Rack => state.hosts.rack(host).row(),
                                Level::Zone => state.hosts.zone(host).row(),
                            }
                        };
                        let places: BTreeSet<usize> = out.iter().map(|row| place(*row)).collect();
                        assert_eq!(places.len(), 1, "a batch stays in one place");
                    }
                    HostStep::Rewriting { host, .. } => {
                        assert_eq!(state.hosts.vm_count(host), 0);
                        assert!(out.contains(&host.row()));
                    }
                    HostStep::Done { host } => {
                        out.remove(&host.row());
                        assert!(done.insert(host.row()));
                        assert_eq!(state.hosts.status(host), HostStatus::Up);
                    }
                    HostStep::GivenUp { host } => assert!(out.remove(&host.row())),
                    HostStep::Stalled(stall) => {
                        self.stalls += 1;
                        assert_eq!(state.vms.get(stall.vm).host, stall.host);
                        assert!(out.contains(&stall.host.row()));
                        if let WhyStuck::Budget(min) = stall.why {
                            assert!(min > 0);
                        }
                    }
                    HostStep::Ended(outcome) => {
                        assert!(out.is_empty(), "all are back");
                        let gone = |row: &usize| {
                            let status = state.hosts.status(HostId::from_row(*row));
                            matches!(status, HostStatus::Retired | HostStatus::Cordoned)
                        };
                        if outcome == HostOutcome::Complete {
                            let gone = (0..state.hosts.rows()).filter(gone).count();
                            assert!(done.len() + gone >= *hosts as usize, "all have it");
                        }
                    }
                    _ => {}
                }
                // Capacity that is out takes nothing, and everything else is as it was.
                for row in out.iter().filter(|row| !self.down.contains(row)) {
                    let status = state.hosts.status(HostId::from_row(*row));
                    assert_eq!(status, HostStatus::Draining, "host {row}");
                }
            }
            _ => {}
        }
    }
}

/// Failing fleets on whose hosts images are rolled out, of all sorts.
fn rolling() -> impl proptest::strategy::Strategy<Value = Fleet> {
    let amount = prop_oneof![
        (1..6u32).prop_map(Amount::Count),
        prop_oneof![Just(10), Just(50), Just(100)].prop_map(Amount::Percent)
    ];
    let then = prop_oneof![
        Just(OnTimeout::Wait),
        Just(OnTimeout::Skip),
        Just(OnTimeout::Evict),
        Just(OnTimeout::Force),
        Just(OnTimeout::Stop),
    ];
    let batches = (amount.clone(), 0..3usize, prop::option::of(amount));
    let drains = (any::<bool>(), any::<bool>(), 0..500u64, prop::option::of((1..8_000u64, then)));
    let times = (0..DURATION_MS, 1_000..20_000u64, 1..4u32, 1..2_000u64, 0..1_000u64);
    let one = (batches, drains, times, (any::<bool>(), 0..5u8));
    let min = prop::collection::vec(prop::option::of(1..4u32), 8);
    (failing(), prop::collection::vec(one, 1..4), min).prop_map(|(fleet, rollouts, min)| {
        let mut scenario = Scenario::clone(&fleet.scenario);
        scenario.host_rollouts = images(scenario.pools.len());
        for (row, one) in rollouts.into_iter().enumerate() {
            let ((batch, within, unavailable), drain, times, (prefers_updated, meant)) = one;
            let (evicts, ends, grace_ms, timeout) = drain;
            let types = (0..scenario.host_types.len()).filter(|row| meant == 0 || row % 2 == 0);
            let zones = scenario.zones.len();
            let zones: Vec<ZoneId> =
                if meant == 1 { vec![ZoneId::from_row(row % zones)] } else { Vec::new() };
            scenario.host_rollouts.list.push(HostRollout {
                name: format!("r{row}"),
                types: types.map(HostTypeId::from_row).collect(),
                zones,
                at_ms: times.0,
                every_ms: times.1,
                times: times.2,
                batch,
                within: Level::ALL[within],
                unavailable,
                drain: if evicts { Drain::Eviction } else { Drain::LiveMigration },
                when_evicted: if ends { WhenEvicted::End } else { WhenEvicted::Restart },
                grace_ms,
                timeout,
                rewrite: Distribution::Exponential { mean_ms: times.3 as f64 },
                soak_ms: times.4,
                prefers_updated,
                ..rollout(0)
            });
        }
        for (demand, min) in scenario.demands.iter_mut().zip(min) {
            if let (Some(group), Some(min)) = (&mut demand.group, min) {
                group.available_min = min;
            }
        }
        Fleet { scenario: Arc::new(scenario), files: fleet.files }
    })
}

fn runs<O: Observer>(fleet: &Fleet, search: Search, mut observer: O) -> (O, Simulation) {
    let mut simulation = Simulation::new(Arc::clone(&fleet.scenario), &fleet.files).unwrap();
    simulation.search(search);
    simulation.advance(simulation.end(), &mut observer).unwrap();
    (observer, simulation)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_does_what_the_planner_says(hosts in planners(), batch in 1..4usize, prefers in any::<bool>()) {
        let rule = planner::HostRollout {
            batch,
            migrate_ms_per_unit: 1_000,
            // As many as there are: then lanes of the targets do not count either.
            parallel_per_host: 64,
            reimage_ms: 7_000,
            prefers_updated: prefers,
            ..CASE
        };
        check_against_planner(hosts.clone(), &rule);
        check_against_planner(hosts, &planner::HostRollout { batch: 1, parallel_per_host: 1, ..rule });
    }

    #[test]
    fn limits_hold_and_nobody_is_lost_whatever_else_happens(fleet in rolling()) {
        let rules = fleet.scenario.host_rollouts.clone();
        let rollouts = BTreeMap::new();
        let watch = Watch { rules, rollouts, down: BTreeSet::new(), stalls: 0 };
        let ((watch, _), simulation) = runs(&fleet, Search::default(), (watch, Ledger::default()));
        let images = simulation.host_images().unwrap();
        prop_assert_eq!(images.len(), simulation.state().hosts.rows());
        for (_, _, done, _) in watch.rollouts.values() {
            for row in done {
                prop_assert_eq!(images[*row].row(), 1, "who has the image has it");
            }
        }
    }

    #[test]
    fn classes_of_hosts_tell_the_story_of_the_hosts(fleet in rolling()) {
        let lines = |search| runs(&fleet, search, Transcript::default()).0.lines;
        let (hosts, classes) = (lines(Search::Hosts), lines(Search::Classes));
        for (one, other) in hosts.iter().zip(&classes) {
            prop_assert_eq!(one, other);
        }
        prop_assert_eq!(hosts.len(), classes.len());
    }

    #[test]
    fn who_listens_changes_nothing_and_counts_what_is_told(fleet in rolling()) {
        let alone = runs(&fleet, Search::default(), Fingerprint::new()).0.hex();
        let company = (Summary::new(&fleet.scenario), Fingerprint::new());
        let (summary, print) = runs(&fleet, Search::default(), company).0;
        prop_assert_eq!(print.hex(), alone);
        let totals = summary.rolled_hosts.as_ref().unwrap().totals;
        let ended = totals.complete + totals.partial + totals.stopped + totals.under_way;
        prop_assert_eq!(ended, totals.begun);
        for (_, seen) in summary.rolled_hosts.as_ref().unwrap().told() {
            prop_assert!(seen.done + seen.left_out <= seen.hosts);
            prop_assert!((0.0..=1.0).contains(&seen.lowest_capacity));
            prop_assert!(seen.stalled_ms <= seen.duration_ms);
        }
    }
}
