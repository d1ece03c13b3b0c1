//! Failures: small fleets told fact by fact, rates against closed forms, and what holds on every
//! fleet in which hosts fail, VMs are pushed out and VMs move.

mod common;
#[path = "common/fleets.rs"]
mod fleets;
#[path = "common/ledger.rs"]
mod ledger;

use common::{add_flavor, add_hosts, bare, demand};
use fleetcast_core::failures::spares::mean_down;
use fleetcast_core::observe::{Fingerprint, Observer, SeriesRecorder, Summary, Transcript};
use fleetcast_core::read::{Input, read};
use fleetcast_core::report::{Report, Series};
use fleetcast_core::scenario::failures::{Burst, Domain, Outage, Replacement, WhenDown};
use fleetcast_core::scenario::*;
use fleetcast_core::simulation::{self, Simulation};
use fleetcast_core::source::{MemoryFiles, NoFiles};
use fleetcast_core::state::Search;
use fleetcast_core::time::{DAY_MS, YEAR_MS};
use fleets::{DURATION_MS, Fleet};
use ledger::{Ledger, Where, failing};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Hosts of 4 and VMs of 2 that stay for good, in racks r0, r1, …; no delay until a failure is
/// known but the 60 s.
fn small(racks: &[usize], vms: f64, outages: &[(u64, Domain, Option<u64>)]) -> Scenario {
    let mut scenario = bare(&["cpu"]);
    let zone = |row: usize| ZoneId::from_row(row / 2);
    let count = racks.iter().max().map_or(1, |most| most + 1);
    scenario.racks =
        (0..count).map(|row| Rack { name: format!("r{row}"), zone: zone(row) }).collect();
    scenario.zones = (0..count.div_ceil(2)).map(|row| format!("z{row}")).collect();
    scenario.pools[0].racks = (0..count).map(RackId::from_row).collect();
    let host_type = add_hosts(&mut scenario, &[4], 0);
    for rack in racks {
        let rack = RackId::from_row(*rack);
        scenario.hosts.push(HostSpec { name: None, host_type, rack, age_ms: 0 });
    }
    add_flavor(&mut scenario, &[2]);
    let forever = Distribution::Constant(u64::MAX);
    let alive = Arrivals::Alive(Curve::Constant(vms));
    let mut web = demand(&scenario, "web", alive, forever);
    web.boot = Distribution::Constant(5_000);
    scenario.demands = vec![web];
    let outage = |(at_ms, what, lasts_ms): &(u64, Domain, Option<u64>)| Outage {
        at_ms: *at_ms,
        what: *what,
        lasts_ms: *lasts_ms,
    };
    let outages = outages.iter().map(outage).collect();
    scenario.failures =
        Some(Box::new(Failures { outages, report_every_ms: 0, ..Failures::none() }));
    scenario
}

fn rule(scenario: &mut Scenario) -> &mut Failures {
    scenario.failures.as_mut().expect("it has failures")
}

/// What happens after time 0, and the report.
fn told(scenario: Scenario) -> (String, Report) {
    let scenario = Arc::new(scenario);
    let files = MemoryFiles::default();
    let mut simulation = Simulation::new(Arc::clone(&scenario), &files).unwrap();
    let mut transcript = Transcript::default();
    simulation.advance(simulation.end(), &mut transcript).unwrap();
    let later = transcript.lines.iter().filter(|line| !line.starts_with("0 ms"));
    let lines = later.map(|line| format!("{line}\n")).collect();
    (lines, simulation::run(&scenario, &files).unwrap())
}

const HOST_0: Domain = Domain::Host(0);

#[test]
fn vms_are_rebuilt_elsewhere_once_it_is_known() {
    let (story, report) = told(small(&[0, 0], 2.0, &[(1_000, HOST_0, Some(500_000))]));
    assert_eq!(
        story,
        "1000 ms: h0 failed (Listed) with 2 VMs, until 501000 ms\n\
         1000 ms: vm0 of q0 is down with h0\n\
         1000 ms: vm1 of q1 is down with h0\n\
         61000 ms: q0 is back as vm1 on h1, was on h0 (down 60000 ms, boots 5000 ms)\n\
         61000 ms: q1 is back as vm0 on h1, was on h0 (down 60000 ms, boots 5000 ms)\n\
         501000 ms: h0 is back\n\
         1000000 ms: the run ended\n"
    );
    let failures = report.failures.unwrap();
    assert_eq!((failures.evacuated, failures.restarted, failures.still_down), (2, 0, 0));
    assert_eq!(failures.outage_s.max, 65.0);
    assert_eq!(failures.vm_minutes_lost, 2.0 * 65.0 / 60.0);
    assert_eq!(failures.mean_hosts_down, 0.5);
}

#[test]
fn a_host_that_is_back_sooner_has_its_vms_again() {
    let (story, report) = told(small(&[0, 0], 2.0, &[(1_000, HOST_0, Some(9_000))]));
    assert!(
        story.contains("10000 ms: q0 is back as vm1 on h0, was on h0 (down 9000 ms"),
        "{story}"
    );
    assert_eq!(report.failures.unwrap().restarted, 2);
}

#[test]
fn builds_queue_up_on_a_host() {
    let mut scenario = small(&[0, 0], 2.0, &[(1_000, HOST_0, None)]);
    rule(&mut scenario).builds_per_host = 1;
    let (story, _) = told(scenario);
    assert!(story.contains("q0 is back as vm1 on h1, was on h0 (down 60000 ms, boots 5000 ms)"));
    assert!(story.contains("q1 is back as vm0 on h1, was on h0 (down 60000 ms, boots 10000 ms)"));
}

#[test]
fn who_fits_nowhere_waits_for_room_or_for_the_host() {
    let outages = [(1_000, HOST_0, Some(100_000)), (300_000, HOST_0, Some(1_000_000))];
    let (story, report) = told(small(&[0, 0], 3.0, &outages));
    assert!(story.contains("61000 ms: q1 is down, stuck: Short(1)"), "{story}");
    assert!(
        story.contains("101000 ms: q1 is back as vm0 on h0, was on h0 (down 100000 ms"),
        "{story}"
    );
    let failures = report.failures.unwrap();
    assert_eq!((failures.stuck_by["cpu"], failures.still_down), (2, 1));
    assert_eq!(report.waiting, 0);
    assert_eq!((failures.evacuated, failures.restarted), (1, 1));
    let (_, report) = told(small(&[0, 0], 4.0, &outages));
    let failures = report.failures.unwrap();
    assert_eq!((failures.vms_down, failures.still_down), (4, 2));
    assert_eq!(failures.outage_s.max, 700.0);
}

#[test]
fn vms_are_restarted_or_lost_where_the_scenario_says_so() {
    let mut scenario = small(&[0, 0], 2.0, &[(1_000, HOST_0, Some(500_000))]);
    rule(&mut scenario).when_down = vec![WhenDown::Restart];
    let (story, _) = told(scenario.clone());
    assert!(
        story.contains("501000 ms: q0 is back as vm1 on h0, was on h0 (down 500000 ms"),
        "{story}"
    );
    rule(&mut scenario).when_down = vec![WhenDown::Lose];
    let (story, report) = told(scenario);
    assert!(story.contains("1000 ms: q1 is lost (down 0 ms)"), "{story}");
    assert_eq!((report.failures.unwrap().lost, report.alive), (2, 0));
}

#[test]
fn a_vm_whose_time_is_over_while_it_is_down_is_gone() {
    let mut scenario = small(&[0, 0], 1.0, &[(1_000, HOST_0, None)]);
    scenario.demands[0].lifetime = Distribution::Constant(30_000);
    scenario.demands[0].arrivals = Arrivals::Alive(Curve::Steps(vec![
        Step { at_ms: 0, value: 1.0, ramp_ms: 0 },
        Step { at_ms: 100, value: 0.0, ramp_ms: 0 },
    ]));
    let (story, report) = told(scenario);
    assert!(story.contains("q0 is over (down "), "{story}");
    assert!(!story.contains("is back as"), "{story}");
    assert_eq!(report.failures.unwrap().over, 1);
}

#[test]
fn racks_and_zones_take_their_hosts_with_them() {
    let rack = Domain::Rack(RackId::from_row(0));
    let zone = Domain::Zone(ZoneId::from_row(0));
    let outages = [(1_000, rack, Some(10_000)), (5_000, zone, Some(20_000))];
    let (story, report) = told(small(&[0, 0, 1, 2], 4.0, &outages));
    assert!(
        story.contains("1000 ms: h1 failed (Rack(RackId(0))) with 2 VMs, until 11000 ms"),
        "{story}"
    );
    assert!(
        story.contains("5000 ms: h2 failed (Zone(ZoneId(0))) with 0 VMs, until 25000 ms"),
        "{story}"
    );
    assert!(!story.contains("11000 ms: h1"), "the zone keeps it down: {story}");
    assert!(story.contains("25000 ms: h1 is back\n25000 ms: q2 is back as"), "{story}");
    let failures = report.failures.unwrap();
    assert_eq!((failures.by_cause["rack"], failures.by_cause["zone"]), (2, 1));
    assert_eq!((failures.peak_hosts_down, failures.restarted), (3, 4));
}

#[test]
fn spares_replace_hosts_and_are_ordered_anew() {
    let outages = [(1_000, HOST_0, None), (2_000, Domain::Host(1), None)];
    let mut scenario = small(&[0, 0], 0.0, &outages);
    scenario.demands[0].arrivals = Arrivals::Alive(Curve::Constant(1.0));
    scenario.models[0].lead_time = Distribution::Constant(300_000);
    let swap = Distribution::Constant(50_000);
    rule(&mut scenario).replacement = Some(Replacement { spares: 1, swap });
    let (story, report) = told(scenario);
    assert!(story.contains("h0 failed (Listed) with 1 VMs, until 51000 ms"), "{story}");
    assert!(story.contains("h1 failed (Listed) with 0 VMs, until further notice"), "{story}");
    assert!(story.contains("51000 ms: h0 is back, as a new machine"), "{story}");
    // The spare that was ordered for h0 arrives at 301 s and takes another 50 s.
    assert!(story.contains("351000 ms: h1 is back, as a new machine"), "{story}");
    assert_eq!(report.failures.unwrap().replaced, 2);
}

#[test]
fn no_host_in_service_has_its_own_reason() {
    let mut scenario = small(&[0], 1.0, &[(1_000, HOST_0, Some(10_000))]);
    scenario.demands[0].arrivals = Arrivals::Alive(Curve::Steps(vec![
        Step { at_ms: 0, value: 0.0, ramp_ms: 0 },
        Step { at_ms: 2_000, value: 1.0, ramp_ms: 0 },
    ]));
    let (_, report) = told(scenario);
    assert_eq!(report.refused_by, BTreeMap::from([("down".to_owned(), 1)]));
}

#[test]
fn a_burst_takes_others_of_the_rack() {
    let mut scenario = small(&[0, 0, 0, 2, 2, 2], 0.0, &[]);
    scenario.demands[0].arrivals = Arrivals::Alive(Curve::Constant(1.0));
    scenario.duration_ms = 20 * YEAR_MS;
    rule(&mut scenario).hosts_per_ms = vec![0.5 / YEAR_MS as f64];
    rule(&mut scenario).burst = Some(Burst { share: 1.0, others: 1.5 });
    let (story, report) = told(scenario);
    let failures = report.failures.unwrap();
    let (own, burst) = (failures.by_cause["own"] as f64, failures.by_cause["burst"] as f64);
    // One other in two of three cases, else two, of two that are there: 4/3 on average.
    assert!((burst / own - 4.0 / 3.0).abs() < 0.3, "{own} and {burst}");
    for line in story.lines().filter(|line| line.contains("Burst")) {
        let number = |text: &str| text.chars().find(char::is_ascii_digit).unwrap() as u8 - b'0';
        let host = number(line.split(" ms: h").nth(1).unwrap());
        let by = number(line.split("HostId(").nth(1).unwrap());
        assert_eq!(host / 3, by / 3, "{line}");
    }
}

/// 500 hosts over 20 years at 8 % a year, a week to repair each.
fn many(policy: Policy) -> Scenario {
    let mut scenario = small(&vec![0; 500], 300.0, &[]);
    scenario.duration_ms = 20 * YEAR_MS;
    scenario.placement.policy = policy;
    let rule = rule(&mut scenario);
    rule.hosts_per_ms = vec![0.08 / YEAR_MS as f64];
    rule.repair = Distribution::Exponential { mean_ms: 7.0 * DAY_MS as f64 };
    scenario
}

#[test]
fn as_many_fail_as_the_rate_says_and_as_many_are_down() {
    let (_, report) = told(many(Policy::FirstFit));
    let failures = report.failures.unwrap();
    let mean = 500.0 * 20.0 * 0.08;
    let off = (failures.hosts_failed as f64 - mean).abs() / mean.sqrt();
    assert!(off < 4.0, "{} failures, {mean} expected", failures.hosts_failed);
    // The spares formula counts 365 days a year.
    let down = mean_down(500.0, 0.08, 7.0) * 365.0 / 365.25;
    // Independent stretches of a week: σ of the mean is √(2·mean·MTTR/T).
    let sigma = (2.0 * down * 7.0 / (20.0 * 365.25)).sqrt();
    assert!((failures.mean_hosts_down - down).abs() < 4.0 * sigma, "{}", failures.mean_hosts_down);
}

#[test]
fn two_policies_face_the_same_failures() {
    let failures = |policy| {
        let (story, _) = told(many(policy));
        let is_of_hosts = |line: &&str| line.contains(" failed (") || line.contains("is back\n");
        // Without how many VMs were there.
        let plain = |line: &str| line.split(" with ").next().unwrap().to_owned();
        story.lines().filter(is_of_hosts).map(plain).collect::<Vec<_>>()
    };
    let (first, best) = (failures(Policy::FirstFit), failures(Policy::WorstFit(FitBy::Shares)));
    assert!(first.len() > 500);
    assert_eq!(first, best);
}

#[test]
fn instances_are_started_again_and_rollouts_go_on() {
    let text = "name = 'services'\nduration = '20 days'\n\
        [host-models.m]\ncpu = 8\n\
        [[pools]]\nname = 'p'\nracks-per-zone = 4\nhosts = { model = 'm', count = 12 }\n\
        [flavors.f]\ncpu = 1\n\
        [images.old]\nboot = '3 min'\n[images.new]\nboot = '3 min'\n\
        [[service]]\nname = 'web'\nimage = 'old'\nflavor = 'f'\ninstances = 60\n\
        [[rollout]]\nservice = 'web'\nimage = 'new'\nat = '3 days'\n\
        [failures]\nhosts = '3 per day'\nracks = '1 per day'\nrepair = '3 h'\nrack-repair = '10 min'\n";
    for seed in 1..30 {
        let text = format!("seed = {seed}\n{text}");
        let input = Input { file: "t.toml", text: &text, overrides: &[] };
        let scenario = read(&input, &NoFiles).unwrap_or_else(|p| panic!("{p:#?}")).scenario;
        let fleet = Fleet { scenario: Arc::new(scenario), files: MemoryFiles::default() };
        let ledger = run(&fleet, Search::default(), Ledger::default());
        let count = |is: fn(&Where) -> bool| ledger.lives.values().filter(|l| is(l)).count();
        let here = count(|at| matches!(at, Where::Runs | Where::Waits | Where::Down { .. }));
        assert_eq!(here, 60, "seed {seed}");
        assert!(ledger.failed > 500);
    }
}

fn run<O: Observer>(fleet: &Fleet, search: Search, mut observer: O) -> O {
    let mut simulation =
        Simulation::new(Arc::clone(&fleet.scenario), &fleet.files).expect("the files are there");
    simulation.search(search);
    simulation.advance(simulation.end(), &mut observer).expect("the trace can be read");
    observer
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_request_is_somewhere_and_capacity_is_kept(fleet in failing()) {
        run(&fleet, Search::default(), Ledger::default());
    }

    #[test]
    fn classes_of_hosts_tell_the_story_of_the_hosts(fleet in failing()) {
        let lines = |search| run(&fleet, search, Transcript::default()).lines;
        let (hosts, classes) = (lines(Search::Hosts), lines(Search::Classes));
        for (one, other) in hosts.iter().zip(&classes) {
            prop_assert_eq!(one, other);
        }
        prop_assert_eq!(hosts.len(), classes.len());
    }

    #[test]
    fn who_listens_changes_nothing(fleet in failing()) {
        let alone = run(&fleet, Search::default(), Fingerprint::new()).hex();
        let scenario = &fleet.scenario;
        let company = (Summary::new(scenario), SeriesRecorder::new(scenario), Fingerprint::new());
        let (summary, series, print) = run(&fleet, Search::default(), company);
        prop_assert_eq!(print.hex(), alone);
        let series: Series = series.series();
        let hosts = series.columns.iter().find(|column| column.name == "hosts").unwrap();
        prop_assert!(hosts.min.iter().all(|hosts| *hosts >= 0));
        // What the summary says of time lost is within what the VMs could lose.
        let longest = u128::from(summary.outages.vms_down) * u128::from(DURATION_MS);
        prop_assert!(summary.outages.down_ms <= longest);
    }
}
