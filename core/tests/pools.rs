//! From pool to pool: copied, run twice, cut over, retired; and hosts handed over.

use expect_test::expect;
use fleetcast_core::fact::{Fact, HostStep, PoolFact};
use fleetcast_core::observe::{Fingerprint, Observer, SeriesRecorder, Summary, Transcript};
use fleetcast_core::problem::Problem;
use fleetcast_core::read::{Input, read};
use fleetcast_core::report::Report;
use fleetcast_core::scenario::{PoolId, Scenario};
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::NoFiles;
use fleetcast_core::state::State;
use fleetcast_core::time::Time;
use fleetcast_core::verdict;
use proptest::prelude::*;
use std::sync::Arc;

/// Two pools of hosts of 4 slots, `old` and `new` with so many, and what is added.
fn text(old: u32, new: u32, more: &str) -> String {
    format!(
        "name = \"pools\"\nduration = \"30 days\"\nresources = [\"slots\"]\n\
         host-models.host = {{ slots = 4, memory = \"64 GiB\" }}\n\
         flavors.one = {{ slots = 1, memory = \"4 GiB\" }}\nflavors.two = {{ slots = 2, memory = \"8 GiB\" }}\n\
         [[pools]]\nname = \"old\"\nhosts = {{ model = \"host\", count = {old} }}\n\
         [[pools]]\nname = \"new\"\nhosts = {{ model = \"host\", count = {new} }}\n{more}"
    )
}

fn scenario(text: &str) -> Scenario {
    let input = Input { file: "pools.toml", text, overrides: &[] };
    read(&input, &NoFiles).unwrap_or_else(|problems| panic!("{problems:#?}")).scenario
}

fn observe<O: Observer>(scenario: &Scenario, mut observer: O) -> O {
    let mut simulation =
        Simulation::new(Arc::new(scenario.clone()), &NoFiles).expect("no file is named");
    simulation.advance(simulation.end(), &mut observer).expect("no trace is read");
    observer
}

fn report(text: &str) -> Report {
    let scenario = scenario(text);
    let summary = observe(&scenario, Summary::new(&scenario));
    verdict::report(&scenario, &summary, String::new())
}

/// The facts but those about hosts and arrivals.
fn told(text: &str) -> String {
    let transcript = observe(&scenario(text), Transcript::default());
    let is_told = |line: &&String| {
        !line.contains("of type") && !line.contains("arrived from") && !line.contains("available")
    };
    transcript.lines.iter().filter(is_told).map(|line| format!("{line}\n")).collect()
}

fn problems(text: &str) -> String {
    let input = Input { file: "pools.toml", text, overrides: &[] };
    let problems = match read(&input, &NoFiles) {
        Ok(read) => read.warnings,
        Err(problems) => problems,
    };
    let tell = |problem: &Problem| {
        format!("{}; {}\n", problem.message, problem.hint.as_deref().unwrap_or_default())
    };
    problems.list.iter().map(tell).collect()
}

const TWO: &str = "[[demand]]\nname = \"vms\"\nflavor = \"one\"\nalive = 2\npool = \"old\"\n";

/// 4 GiB over 1 MiB/s: 4,096 s.
const MOVE: &str = "[[pool-migration]]\nfrom = \"old\"\nto = \"new\"\nat = \"1 day\"\n\
                    bandwidth = \"1 MiB/s\"\nrun-twice = \"2 days\"\n";

#[test]
fn vms_are_copied_one_after_another_run_twice_and_are_cut_over_together() {
    expect![[r#"
        0 ms: placed q0 as vm0 on h0 (waited 0 ms, boots 0 ms)
        0 ms: placed q1 as vm1 on h0 (waited 0 ms, boots 0 ms)
        86400000 ms: migration 0: wave 0 of 2 VMs begins
        86400000 ms: vm0 of q0 is copied from h0 to h1, for 4096000 ms
        86400000 ms: vm1 of q1 is copied from h0 to h1, for 8192000 ms
        90496000 ms: vm0 of q0 runs twice
        94592000 ms: vm1 of q1 runs twice
        267392000 ms: vm0 of q0 is cut over from h0 to h1
        267392000 ms: vm1 of q1 is cut over from h0 to h1
        345600000 ms: migration 0 is done
        2592000000 ms: the run ended
    "#]]
    .assert_eq(&told(&text(1, 1, &format!("{TWO}{MOVE}"))));
}

#[test]
fn a_copy_that_finds_no_room_waits_and_holds_up_the_next_wave() {
    let full = "[[demand]]\nname = \"full\"\nflavor = \"two\"\nalive = 2\npool = \"new\"\n";
    let many = TWO.replace("alive = 2", "alive = 3");
    let slow = format!("{MOVE}wave = 1\n");
    let report = report(&text(1, 1, &format!("{many}{full}{slow}")));
    let migration = &report.pool_migrations[0];
    assert_eq!((migration.moved, migration.left, migration.waves), (0, 3, 1));
    assert_eq!(migration.waited_by["slots"], 1);
    assert!(migration.longest_wait_s > 28.0 * 86_400.0);
    assert!(report.verdict.contains("3 VMs have not"), "{}", report.verdict);
    assert!(report.verdict.contains("1 copy waited for room"), "{}", report.verdict);
}

/// Fills the new pool's host for 20 days.
const FULL_AT_FIRST: &str = "[[demand]]\nname = \"full\"\nflavor = \"two\"\nlifetime = \"20 days\"\npool = \"new\"\n\
    alive = { curve = \"steps\", from = 2, steps = [{ at = \"1 h\", to = 0 }] }\n";

#[test]
fn room_that_comes_up_goes_to_the_copy_that_waits() {
    let report = report(&text(1, 1, &format!("{TWO}{FULL_AT_FIRST}{MOVE}")));
    let migration = &report.pool_migrations[0];
    assert_eq!((migration.moved, migration.left, migration.peak_twice), (2, 0, 2));
    assert_eq!(migration.double_room["slots"].peak, 2);
    assert!(migration.longest_wait_s > 3_600.0);
    assert_eq!(report.waiting, 0, "a copy is no request that waits");
    assert!(report.waited_by.is_empty());
}

/// The new pool is full until 10 min into the third day; copies are wanted from the second day on, and
/// at the beginning of the third the old pool's first host gets a new image.
const MEANWHILE: &str = "[[demand]]\nname = \"full\"\nflavor = \"two\"\nlifetime = \"2830 min\"\npool = \"new\"\n\
    alive = { curve = \"steps\", from = 0, steps = [{ at = \"1 h\", to = 2 }, { at = \"2 h\", to = 0 }] }\n\
    [defrag]\nbandwidth = \"1 MiB/s\"\ndirty-rate = \"0 MiB/s\"\n\
    [[host-rollout]]\nname = \"kernel\"\nimage = \"6.12\"\nat = \"2 days\"\npools = [\"old\"]\n";

#[test]
fn room_for_a_copy_whose_vm_is_on_the_move_is_left_to_a_later_wave() {
    let scenario = scenario(&text(2, 1, &format!("{TWO}{MOVE}{MEANWHILE}")));
    let observers = (Summary::new(&scenario), SeriesRecorder::new(&scenario));
    let (summary, series) = observe(&scenario, observers);
    let report = verdict::report(&scenario, &summary, String::new());
    let migration = &report.pool_migrations[0];
    assert_eq!((migration.moved, migration.left, migration.dropped), (2, 0, 0));
    assert_eq!(migration.waves, 2);
    // From the second day on until there is room, not until the second wave.
    assert_eq!(migration.longest_wait_s, 87_000.0);
    assert!(report.host_rollouts.is_some_and(|all| all.list[0].vms_moved == 4));
    // Who moves within the old pool takes room twice, but not in two pools.
    let series = series.series();
    let twice = series.columns.iter().find(|column| column.name == "vms_twice");
    let twice = &twice.expect("there are two pools").max;
    let first = twice.iter().position(|most| *most > 0).expect("copies take room twice");
    assert_eq!(first as u64, 3 * 86_400_000 / series.step_ms);
    assert_eq!(twice.iter().max(), Some(&2));
}

#[test]
fn who_is_evicted_waits_for_no_copy_any_more() {
    let full = MEANWHILE.replace("\"2830 min\"", "\"forever\"");
    let evicts = "drain = \"eviction\"\ngrace = \"0 s\"\nwhen-evicted = \"end\"\n";
    let report = report(&text(2, 1, &format!("{TWO}{MOVE}{full}{evicts}")));
    assert_eq!(report.host_rollouts.as_ref().map(|all| all.list[0].vms_lost), Some(2));
    let migration = &report.pool_migrations[0];
    assert_eq!((migration.moved, migration.left), (0, 0));
    assert_eq!(migration.longest_wait_s, 0.0, "no copy that was made has waited");
}

#[test]
fn a_copy_counts_once_for_a_quota() {
    let quota = "[tenants.team]\nquota = { vms = 2 }\n";
    let vms = TWO.replace("pool = \"old\"", "pool = \"old\"\ntenant = \"team\"");
    // At once, and after a wait for room.
    for (full, waited) in [("", 0), (FULL_AT_FIRST, 2)] {
        let report = report(&text(1, 1, &format!("{vms}{quota}{full}{MOVE}")));
        let migration = &report.pool_migrations[0];
        assert_eq!((migration.moved, migration.left), (2, 0), "{full}");
        assert_eq!(migration.waited_by.values().sum::<u64>(), waited, "{:?}", migration.waited_by);
    }
}

#[test]
fn what_is_asked_for_later_is_asked_for_in_the_new_pool() {
    let grows = TWO.replace(
        "alive = 2",
        "alive = { curve = \"steps\", from = 2, steps = [{ at = \"12 h\", to = 3 }, { at = \"5 days\", to = 6 }] }",
    );
    // Where decisions look at images each request has its own.
    let images = "image = \"a\"\n[images.a]\nsize = \"1 GiB\"\n\
                  [distribution]\nmode = \"registry\"\nregistry = \"1 GiB/s\"\nhost = \"1 GiB/s\"\n\
                  [placement]\npolicy = \"best-fit\"\nprefer-warm = true\n";
    for images in ["", images] {
        let report = report(&text(2, 2, &format!("{grows}{images}{MOVE}")));
        assert_eq!(report.pool_migrations[0].moved, 3);
        let [old, new] = &report.pools[..] else { panic!("two pools") };
        assert_eq!((old.peak_hosts_used, new.peak_hosts_used), (1, 2), "{images}");
        assert_eq!(report.alive, 6);
    }
}

/// Two jobs of one task a day, in the old pool.
const JOBS: &str = "[scheduler]\npool = \"old\"\n[[jobs]]\nname = \"nights\"\nflavor = \"one\"\n\
                    rate = \"2 per day\"\nrun-time = \"1 h\"\n";

#[test]
fn batch_jobs_stay_where_their_scheduler_is() {
    let report = report(&text(1, 1, &format!("{TWO}{MOVE}{JOBS}")));
    let migration = &report.pool_migrations[0];
    assert_eq!((migration.moved, migration.left, migration.waves), (2, 0, 1));
    let jobs = report.jobs.as_ref().expect("there are jobs");
    assert!(jobs.all.ended > 40, "{:?}", jobs.all);
}

#[test]
fn a_service_moves_with_its_instances_and_is_rolled_out_in_the_new_pool() {
    let service = "[images.a]\nboot = \"1 min\"\n[images.b]\nboot = \"1 min\"\n\
                   [[service]]\nname = \"web\"\nimage = \"a\"\nflavor = \"one\"\ninstances = 4\npool = \"old\"\n\
                   [[rollout]]\nservice = \"web\"\nimage = \"b\"\nat = \"9 days\"\nstrategy = \"blue-green\"\n";
    let report = report(&text(1, 2, &format!("{MOVE}{service}")));
    assert_eq!(report.pool_migrations[0].moved, 4);
    assert_eq!(report.rollouts[0].outcome, "complete");
    assert_eq!(report.pools[1].peak_hosts_used, 2, "the second stack is in the new pool too");
}

/// Runs a scenario whose hosts fail by a list, while a judge looks on.
fn judged(text: &str, outages: &str) -> Report {
    let files = std::collections::BTreeMap::from([(
        "outages.csv".to_owned(),
        format!("time_s,host,lasts_s\n{outages}"),
    )]);
    let text = format!("{text}[failures]\nrepair = \"1 day\"\ntrace = \"outages.csv\"\n");
    let input = Input { file: "pools.toml", text: &text, overrides: &[] };
    let scenario = read(&input, &Memory(files.clone())).unwrap_or_else(|p| panic!("{p:#?}"));
    let scenario = scenario.scenario;
    let mut simulation =
        Simulation::new(Arc::new(scenario.clone()), &Memory(files)).expect("files are there");
    let mut observers = (Judge::default(), Summary::new(&scenario));
    simulation.advance(simulation.end(), &mut observers).expect("no trace is read");
    verdict::report(&scenario, &observers.1, String::new())
}

#[test]
fn who_runs_twice_survives_the_loss_of_the_old_host() {
    let run = |at_s: u64| {
        judged(&text(1, 1, &format!("{TWO}{MOVE}")), &format!("{at_s},0,86400\n")) //
    };
    // On the second day both run twice; on the first they are being copied.
    let twice = run(2 * 86_400);
    assert_eq!(twice.failures.as_ref().map(|failures| failures.vms_down), Some(0));
    assert_eq!(twice.pool_migrations[0].moved, 2);
    let copying = run(86_400 + 60);
    assert_eq!(copying.failures.as_ref().map(|failures| failures.vms_down), Some(2));
    assert_eq!(copying.pool_migrations[0].dropped, 2);
    // They come up in the new pool, where they were to go.
    assert_eq!((copying.pool_migrations[0].left, copying.alive), (0, 2));
    assert_eq!(copying.pools[1].peak_hosts_used, 1);
}

/// Takes 3 of the 4 slots of the new pool's host.
const FULL: &str = "[[demand]]\nname = \"full\"\nflavor = \"one\"\nalive = 3\npool = \"new\"\n";

#[test]
fn who_waits_on_a_host_that_fails_gets_none_of_the_room_that_this_frees() {
    // One of the two is copied, the other one waits for its room; both lose their host.
    let report = judged(&text(1, 1, &format!("{TWO}{FULL}{MOVE}")), "86460,0,86400\n");
    assert_eq!(report.failures.as_ref().map(|failures| failures.vms_down), Some(2));
    assert_eq!(report.pool_migrations[0].dropped, 1);
    // One of them comes up in the new pool, where there is room for one.
    assert_eq!((report.alive, report.pool_migrations[0].left), (4, 0));
}

#[test]
fn a_host_fails_while_vms_that_wait_for_copies_are_on_the_move() {
    let full = MEANWHILE.replace("\"2830 min\"", "\"forever\"");
    let text = text(2, 1, &format!("{TWO}{MOVE}{full}"));
    // Where they go, and where they are, five minutes after they have set out. Those that are down
    // come up in the new pool, and it is full.
    for (host, down, alive) in [(1, 0, 4), (0, 2, 2)] {
        let report = judged(&text, &format!("{},{host},86400\n", 2 * 86_400 + 300));
        assert_eq!(report.failures.as_ref().map(|failures| failures.vms_down), Some(down));
        assert_eq!((report.alive, report.pool_migrations[0].moved), (alive, 0), "host {host}");
    }
}

struct Memory(std::collections::BTreeMap<String, String>);

impl fleetcast_core::source::Files for Memory {
    fn open(&self, name: &str) -> Result<Box<dyn std::io::Read>, String> {
        let text = self.0.get(name).cloned().ok_or_else(|| "it is not there".to_owned())?;
        Ok(Box::new(std::io::Cursor::new(text)))
    }
}

#[test]
fn empty_hosts_are_handed_over_as_far_as_the_pool_can_do_without() {
    let hand = |more: &str| {
        let hand = format!("[[hand-over]]\nfrom = \"old\"\nto = \"new\"\nat = \"1 h\"\n{more}");
        let text = text(6, 1, &format!("{TWO}{MOVE}{hand}"));
        let report = report(&text);
        let [old, new] = &report.pools[..] else { panic!("two pools") };
        assert_eq!(report.hand_overs[0].hosts, new.hosts - new.hosts_at_start);
        (old.hosts, new.hosts, report.hand_overs[0].hosts)
    };
    assert_eq!(hand(""), (0, 7, 6));
    assert_eq!(hand("keep = 2"), (2, 5, 4));
    assert_eq!(hand("hosts = 3"), (3, 4, 3));
    // 2 of 4 slots are taken on day 0: half of what stays is free with one host, two thirds with two.
    assert_eq!(hand("headroom = \"60%\"\nevery = \"60 days\""), (2, 5, 4));
}

#[test]
fn a_host_is_what_its_new_pool_makes_of_it() {
    let mut text = text(
        2,
        1,
        &format!("{TWO}{MOVE}[[hand-over]]\nfrom = \"old\"\nto = \"new\"\ntakes = \"3 days\"\n"),
    );
    text = text.replace("name = \"new\"\n", "name = \"new\"\novercommit = { slots = 2.0 }\n");
    let scenario = scenario(&text);
    let summary = observe(&scenario, Summary::new(&scenario));
    let capacity = summary.capacity[scenario.kinds.column("slots").expect("it is asked for")].value;
    assert_eq!(capacity, 24, "three hosts that sell 8 slots each");
    let report = verdict::report(&scenario, &summary, String::new());
    assert!(report.verdict.contains("old handed 2 hosts over to new"), "{}", report.verdict);
}

#[test]
fn what_is_wrong_is_told() {
    let wrong = |more: &str| problems(&text(1, 1, &format!("{TWO}{more}")));
    let same = wrong("[[pool-migration]]\nfrom = \"old\"\nto = \"old\"\nat = \"1 day\"\n");
    assert!(same.contains("`from` and `to` are one pool"), "{same}");
    let not_there = wrong(
        "[[pool-migration]]\nfrom = \"new\"\nto = \"old\"\nat = \"1 day\"\ndemands = [\"vms\"]\n",
    );
    assert!(not_there.contains("`vms` does not run in the pool `new`"), "{not_there}");
    let nobody = wrong("[[pool-migration]]\nfrom = \"new\"\nto = \"old\"\nat = \"1 day\"\n");
    assert!(nobody.contains("no demand or service runs in the pool `new`"), "{nobody}");
    let unknown = wrong("[[hand-over]]\nfrom = \"odl\"\nto = \"new\"\n");
    assert!(unknown.contains("did you mean `old`"), "{unknown}");
    let names = wrong(
        "[[pool-migration]]\nfrom = \"old\"\nto = \"new\"\nat = \"1 day\"\ndemands = [\"wms\"]\n",
    );
    assert!(names.contains("did you mean `vms`"), "{names}");
    let nights =
        format!("{JOBS}[[pool-migration]]\nfrom = \"old\"\nto = \"new\"\nat = \"1 day\"\n");
    let jobs = wrong(&format!("{nights}demands = [\"vms\", \"nights\"]\n"));
    assert!(jobs.contains("`nights` are jobs: they run in the scheduler's pool"), "{jobs}");
    assert!(jobs.contains("leave it out here"), "{jobs}");
    let only_jobs = problems(&text(1, 1, &nights));
    assert!(only_jobs.contains("no demand or service runs in the pool `old`"), "{only_jobs}");
    let share = wrong("[[hand-over]]\nfrom = \"old\"\nto = \"new\"\nheadroom = \"100%\"\n");
    assert!(share.contains("below 100%"), "{share}");
    let often = text(1, 1, &format!("{TWO}{MOVE}every = \"1 min\"\n")).replace("30 days", "1 year");
    assert!(problems(&often).contains("more than 100,000 times"), "{}", problems(&often));
    let slow = wrong(&MOVE.replace("1 MiB/s", "1 kbit/s"));
    assert!(slow.contains("0.01 MiB/s or more"), "{slow}");
}

#[test]
fn a_demand_in_several_pools_is_one_in_each() {
    let shares = "[[demand]]\nname = \"vms\"\nflavor = \"one\"\nalive = 10\npools = { old = 1, new = 0.5 }\n";
    let report = report(&text(4, 4, shares));
    let parts: Vec<_> =
        report.demands.iter().map(|demand| (demand.name.as_str(), demand.placed)).collect();
    assert_eq!(parts, [("vms (old)", 10), ("vms (new)", 5)]);
    let service = "[images.a]\nboot = \"1 min\"\n\
                   [[service]]\nname = \"web\"\nimage = \"a\"\nflavor = \"one\"\ninstances = 5\npools = { old = 1, new = 0.5 }\n\
                   [[rollout]]\nservice = \"web (new)\"\nimage = \"a\"\nat = \"9 days\"\nstrategy = \"rolling\"\n";
    let parts = scenario(&text(4, 4, service)).services;
    let parts: Vec<_> = parts.iter().map(|part| (part.name.as_str(), part.instances)).collect();
    assert_eq!(parts, [("web (old)", 5), ("web (new)", 3)]);
    // 100 × 0.07 is 7.000000000000001 in floats; 13 × 0.3 is more than 3.
    for (instances, share, part) in
        [(100, "0.07", 7), (1_000_000, "0.07", 70_000), (13, "0.3", 4), (3, "0.3334", 2)]
    {
        let wanted = format!("instances = {instances}\npools = {{ old = 1, new = {share} }}");
        let service = service.replace("instances = 5\npools = { old = 1, new = 0.5 }", &wanted);
        assert_eq!(scenario(&text(4, 4, &service)).services[1].instances, part, "{wanted}");
    }
    let both = problems(&text(1, 1, &shares.replace("pools =", "pool = \"old\"\npools =")));
    assert!(both.contains("`pools` and `pool` cannot be together"), "{both}");
    let unknown = problems(&text(1, 1, &shares.replace("new = 0.5", "nwe = 0.5")));
    assert!(unknown.contains("did you mean `new`"), "{unknown}");
}

/// Holds the state against what is told: no host over capacity, VMs on hosts of the pool that they
/// ask for, and as many on the move as took room twice and have not given it back.
#[derive(Default)]
struct Judge {
    twice: usize,
    moved: usize,
    /// On the move for other reasons.
    migrating: usize,
    /// The most that can have room elsewhere and wait for a lane.
    planned: usize,
}

impl Observer for Judge {
    fn hear(&mut self, _: Time, fact: &Fact<'_>, state: &State) {
        match fact {
            Fact::Pools(PoolFact::CopyStarted { .. }) => self.twice += 1,
            Fact::Pools(PoolFact::CutOver { .. }) => {
                self.moved += 1;
                self.twice -= 1;
            }
            Fact::Pools(PoolFact::CopyDropped { .. }) => self.twice -= 1,
            Fact::HostRollout { step: HostStep::Planned { moves, .. }, .. } => {
                self.planned += *moves as usize;
            }
            Fact::MigrationStarted { .. } => self.migrating += 1,
            Fact::MigrationEnded { .. } => self.migrating -= 1,
            _ => {}
        }
        let known = self.twice + self.migrating;
        assert!((known..=known + self.planned).contains(&state.moves.under_way()), "{fact}");
        for (id, to) in state.moves.iter() {
            let vm = state.vms.find(id).unwrap_or_else(|| panic!("{id} has ended, after {fact}"));
            assert_ne!(vm.host, to, "{id} after {fact}");
        }
        for host in state.hosts.ids() {
            for column in 0..state.hosts.kinds() {
                assert!(state.hosts.free(host, column) >= 0, "{host} after {fact}");
            }
        }
        let mut used = [[0i64; 2]; 2];
        for (id, vm) in state.vms.iter() {
            let amounts = state.shapes.get(vm.ask.shape).amounts;
            let hosts = [Some(vm.host), state.moves.target(id)];
            for host in hosts.into_iter().flatten() {
                for (sum, amount) in used[usize::from(is_new(state, host))].iter_mut().zip(amounts)
                {
                    *sum += amount;
                }
            }
        }
        for (row, used) in used.iter().enumerate() {
            let total = state.hosts.pool_total(PoolId::from_row(row)).used;
            assert_eq!(total[..2], used[..], "pool {row} after {fact}");
        }
    }
}

fn is_new(state: &State, host: fleetcast_core::state::HostId) -> bool {
    // Types: the old pool's hosts, the new pool's, and what becomes of the old ones: the new type.
    state.hosts.host_type(host).row() == 1
}

/// What else goes on in a run of the property test.
#[derive(Clone, Debug)]
struct Beside {
    /// From hours to days, or seconds.
    bandwidth: &'static str,
    group: &'static str,
    quota: &'static str,
    failures: &'static str,
    is_pushed_out: bool,
    defrag: String,
    rollout: &'static str,
    on_timeout: &'static str,
}

fn beside() -> impl Strategy<Value = Beside> {
    let group = [
        "",
        "group = { max-per-host = 1 }\n",
        "group = { size = 3, anti-affinity = \"host\", min-available = 1 }\n",
        "group = { size = 4, max-skew = { host = 1 } }\n",
    ];
    let failures = [
        "",
        "[failures]\nhosts = \"10 per month\"\nrepair = \"12 h\"\n",
        "[failures]\nhosts = \"5 per month\"\nracks = \"10 per month\"\nrepair = \"1 h\"\nrack-repair = \"2 h\"\n",
    ];
    // Migrations within a pool take from seconds to days.
    let slow = "bandwidth = \"0.05 MiB/s\"\ndirty-rate = \"0.01 MiB/s\"\n";
    let defrag = [
        "".to_owned(),
        "every = \"30 h\"\n".to_owned(),
        slow.to_owned(),
        format!("every = \"9 h\"\n{slow}"),
    ];
    let rollout = [
        "",
        "drain = \"live-migration\"\nbatch = 2\nwithin = \"zone\"\n",
        "drain = \"live-migration\"\ndrain-timeout = \"40 h\"\n",
        "drain = \"eviction\"\ngrace = \"1 h\"\n",
    ];
    (
        (
            prop::sample::select(vec!["0.03 MiB/s", "1 MiB/s", "1 GiB/s"]),
            prop::sample::select(group.to_vec()),
            prop::sample::select(vec!["", "quota = { vms = 4 }\n", "quota = { slots = 6 }\n"]),
            prop::sample::select(failures.to_vec()),
        ),
        (
            any::<bool>(),
            prop::sample::select(defrag.to_vec()),
            prop::sample::select(rollout.to_vec()),
            prop::sample::select(vec!["wait", "skip", "evict", "force", "stop"]),
        ),
    )
        .prop_map(|((bandwidth, group, quota, failures), rest)| {
            let (is_pushed_out, defrag, rollout, on_timeout) = rest;
            Beside { bandwidth, group, quota, failures, is_pushed_out, defrag, rollout, on_timeout }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn room_is_taken_twice_and_given_back(
        seed in 0u64..1_000,
        (old, new) in (2u32..6, 1u32..5),
        alive in 1u32..10,
        wave in 1u32..6,
        twice_h in 0u64..200,
        beside in beside(),
    ) {
        let Beside { bandwidth, group, quota, failures, is_pushed_out, defrag, .. } = beside;
        let demands = format!(
            "[tenants.team]\n{quota}\
             [[demand]]\nname = \"a\"\nflavors = {{ one = 1, two = 1 }}\nalive = {alive}\npool = \"old\"\n\
             lifetime = {{ distribution = \"exponential\", mean = \"9 days\" }}\nwhen-full = \"wait\"\n\
             tenant = \"team\"\n{group}\
             [[demand]]\nname = \"b\"\nflavor = \"one\"\nrate = \"2 per day\"\npool = \"new\"\n\
             lifetime = {{ distribution = \"exponential\", mean = \"3 days\" }}\npriority = 5\n\
             [[demand]]\nname = \"c\"\nflavor = \"two\"\nrate = \"2 per day\"\npool = \"old\"\n\
             lifetime = {{ distribution = \"exponential\", mean = \"3 days\" }}\npriority = 3\nwhen-preempted = \"wait\"\n"
        );
        let moves = format!(
            "[[pool-migration]]\nfrom = \"old\"\nto = \"new\"\nat = \"2 days\"\nwave = {wave}\nevery = \"20 h\"\n\
             bandwidth = \"{bandwidth}\"\nrun-twice = \"{twice_h} h\"\n\
             [[hand-over]]\nfrom = \"old\"\nto = \"new\"\nat = \"60 h\"\ntakes = \"5 h\"\nevery = \"7 h\"\nheadroom = \"10%\"\n"
        );
        let rollout = match beside.rollout {
            "" => String::new(),
            how => format!(
                "[[host-rollout]]\nname = \"kernel\"\nimage = \"6.12\"\nat = \"3 days\"\nevery = \"5 days\"\n\
                 rewrite = \"2 h\"\nsoak = \"1 h\"\n{how}{}",
                match how.contains("drain-timeout") {
                    true => format!("on-timeout = \"{}\"\n", beside.on_timeout),
                    false => String::new(),
                },
            ),
        };
        let placement = format!("[placement]\npolicy = \"best-fit\"\npreemption = {is_pushed_out}\n");
        let text = format!("seed = {seed}\n{}", text(old, new, &format!("{demands}{moves}{failures}{rollout}[defrag]\n{defrag}{placement}")));
        let scenario = scenario(&text);
        let (judge, summary) = observe(&scenario, (Judge::default(), Summary::new(&scenario)));
        let report = verdict::report(&scenario, &summary, String::new());
        prop_assert_eq!(report.pool_migrations[0].moved, judge.moved as u64);
        let again = observe(&scenario, Fingerprint::new()).hex();
        prop_assert_eq!(observe(&scenario, Fingerprint::new()).hex(), again);
    }
}
