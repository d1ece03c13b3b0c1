//! Images on their way to hosts, in a run.

use expect_test::{Expect, expect};
use fleetcast_core::observe::Transcript;
use fleetcast_core::read::{Input, read};
use fleetcast_core::report::Report;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation::{Simulation, run};
use fleetcast_core::source::{MemoryFiles, NoFiles};
use std::sync::Arc;

/// One VM a host.
fn scenario(hosts: u32, mode: &str, image: &str, demand: &str) -> Arc<Scenario> {
    let text = format!(
        "name = 'pulls'\nduration = '1 h'\n[host-models.m]\ncpu = 1\n[[pools]]\nname = 'p'\n\
         hosts = {{ model = 'm', count = {hosts} }}\n[flavors.f]\ncpu = 1\n\
         [distribution]\n{mode}\n[images.i]\n{image}\n[[demand]]\nname = 'd'\nflavor = 'f'\n\
         image = 'i'\n{demand}\n"
    );
    let input = Input { file: "t.toml", text: &text, overrides: &[] };
    let read = read(&input, &NoFiles).unwrap_or_else(|problems| panic!("{problems:#?}"));
    Arc::new(read.scenario)
}

fn report(hosts: u32, mode: &str, size: u64) -> Report {
    let demand = format!(
        "alive = {{ curve = 'steps', from = 0, steps = [{{ at = '1 min', to = {hosts} }}] }}"
    );
    let image = format!("size = '{size} MiB'\nboot = '5 s'");
    run(&scenario(hosts, mode, &image, &demand), &NoFiles).expect("no file is named")
}

/// The cases of `image_distribution`, MiB for MB, and a boot of 5 s.
#[test]
fn a_fleet_that_starts_at_once_takes_as_long_as_the_formula_says() {
    let registry = "mode = 'registry'\nregistry = '1250 MiB/s'\nhost = '125 MiB/s'";
    let p2p = "mode = 'p2p'\nhost = '300 MiB/s'\nefficiency = 1";
    for (hosts, mode, size, seconds) in [
        (100, registry.to_owned(), 2_000, 160.0),
        (5, registry.to_owned(), 2_000, 16.0),
        (100, registry.to_owned(), 400, 32.0),
        (100, format!("{registry}\nconcurrency = 10"), 2_000, 160.0),
        (2_600, p2p.to_owned(), 3_000, 10.0),
        (50, "mode = 'pre-pulled'".to_owned(), 3_000, 0.0),
    ] {
        let report = report(hosts, &mode, size);
        assert_eq!(report.time_to_ready_s.max, seconds + 5.0, "{hosts} hosts, {mode}");
        let pulls = report.provisioning.expect("it is told").pulls.expect("so are they");
        assert_eq!(pulls.took_s.max, seconds);
        let fetched = if seconds > 0.0 { u64::from(hosts) * size } else { 0 };
        assert_eq!(pulls.fetched_gib, fetched as f64 / 1_024.0);
    }
}

/// The case of the bound of any scheme: 100 hosts, 2,000 MB, a seed of 1,250 MB a second.
#[test]
fn peers_with_a_seed_are_as_fast_as_the_bound_says() {
    let mode = "mode = 'p2p'\nefficiency = 1\nhost = '125 MiB/s'\nseed = '1250 MiB/s'\n";
    assert_eq!(
        report(100, &format!("{mode}upload = '125 MiB/s'"), 2_000).time_to_ready_s.max,
        21.0
    );
    // Hosts that pass on 1 a second: 100 × 2,000 ÷ (1,250 + 100 × 1), and the boot.
    let slow = report(100, &format!("{mode}upload = '1 MiB/s'"), 2_000).time_to_ready_s.max;
    assert!((slow - (200_000.0 / 1_350.0 + 5.0)).abs() < 0.001, "{slow}");
}

/// Kraken: half of the hosts have it in 10 s, 99 of 100 in 18 s.
#[test]
fn peers_are_not_all_as_fast() {
    let mode = "mode = 'p2p'\nefficiency = 1\nhost = '300 MiB/s'\nspread = 1.8";
    let took = report(2_600, mode, 3_000).provisioning.and_then(|all| all.pulls).unwrap().took_s;
    // The standard error of the median of 2,600 is 0.6 %, that of the 99th percentile 1.8 %.
    assert!((took.p50 - 10.0).abs() < 0.3, "{took:?}");
    assert!((took.p99 - 18.0).abs() < 1.5, "{took:?}");
}

/// A VM boots on 6.4 % of its image; another that comes meanwhile waits for no more than that.
#[test]
fn a_lazy_image_boots_before_it_is_there() {
    let text = |lasts: &str| {
        format!(
            "alive = {{ curve = 'steps', from = 0, steps = [{{ at = '1 min', to = 1 }}] }}\n\
             lifetime = '{lasts}'"
        )
    };
    let image = "size = '1000 MiB'\nboot = '1 s'";
    let mode = format!("{REGISTRY}\nlazy = '6.4%'");
    let lines = |lasts: &str| {
        let mut transcript = Transcript::default();
        let scenario = scenario(1, &mode, image, &text(lasts));
        let mut simulation = Simulation::new(scenario, &NoFiles).expect("no file is named");
        simulation.advance(simulation.end(), &mut transcript).expect("no trace is read");
        let is_told = |l: &&String| l.contains("fetch") || l.contains("ready");
        transcript.lines.iter().filter(is_told).take(3).cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        lines("50 s"),
        [
            "60000 ms: h0 fetches 1000 MiB for vm0 of q0",
            // 64 MiB at 10 MiB a second, and a boot of 1 s.
            "66400 ms: q0 is ready as vm0 7400 ms after it came",
            // The rest comes until 160 s; what it needs is there.
            "110000 ms: q1 is ready as vm0 1000 ms after it came",
        ]
    );
}

/// What a host fetches that fails does not come; it fetches it anew once it is back.
#[test]
fn a_host_that_fails_fetches_nothing() {
    let text = "name = 'pulls'\nduration = '1 h'\n[host-models.m]\ncpu = 1\n[[pools]]\n\
                name = 'p'\nhosts = { model = 'm', count = 1 }\n[flavors.f]\ncpu = 1\n\
                [distribution]\nmode = 'registry'\nregistry = '100 MiB/s'\n\
                [images.i]\nsize = '60000 MiB'\n[[demand]]\nname = 'd'\nflavor = 'f'\n\
                image = 'i'\nwhen-full = 'wait'\n\
                alive = { curve = 'steps', from = 0, steps = [{ at = '1 min', to = 1 }] }\n\
                [failures]\ntrace = 'o.csv'\nvms = 'restart'";
    let mut files = MemoryFiles::default();
    // It would have it after 10 min; it fails after 5, and is back after 9.
    files.insert("o.csv", b"time_s,host,lasts_s\n300,h0,240\n".to_vec());
    let input = Input { file: "t.toml", text, overrides: &[] };
    let read = read(&input, &files).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut transcript = Transcript::default();
    let scenario = Arc::new(read.scenario);
    let mut simulation =
        Simulation::new(Arc::clone(&scenario), &files).expect("the files are there");
    simulation.advance(simulation.end(), &mut transcript).expect("the files are there");
    // And the 10 minutes of fetching are part of its outage.
    let late = transcript.lines.iter().filter(|l| l.contains("later"));
    assert_eq!(
        late.collect::<Vec<_>>(),
        ["1140000 ms: vm0 of q0 boots 0 ms, 600000 ms later than told"]
    );
    let report = run(&scenario, &files).expect("the files are there");
    let failures = report.failures.expect("there are some");
    assert_eq!((failures.vm_minutes_lost, failures.outage_s.max), (14.0, 840.0));
    let told = transcript.lines.iter().filter(|l| l.contains("has the image"));
    assert_eq!(
        told.collect::<Vec<_>>(),
        ["1140000 ms: h0 has the image of vm0 of q0 (took 600000 ms)"],
        "{:#?}",
        transcript.lines
    );
}

#[track_caller]
fn check(mode: &str, image: &str, expected: &Expect) {
    // One host with one place, used again and again, for 20 s each time.
    let demand = "alive = { curve = 'steps', from = 0, steps = [{ at = '1 min', to = 1 }] }\n\
                  lifetime = '20 min'";
    let scenario = scenario(1, mode, image, demand);
    let mut transcript = Transcript::default();
    let mut simulation = Simulation::new(scenario, &NoFiles).expect("no file is named");
    simulation.advance(simulation.end(), &mut transcript).expect("no trace is read");
    let lines = transcript.lines.iter().filter(|l| l.contains("fetch") || l.contains("ready"));
    expected.assert_eq(&lines.map(|line| format!("{line}\n")).collect::<String>());
}

const REGISTRY: &str = "mode = 'registry'\nregistry = '100 MiB/s'\nhost = '10 MiB/s'";

#[test]
fn what_a_host_has_it_does_not_fetch_again() {
    check(
        REGISTRY,
        "size = '300 MiB'\nlayers = { base = '200 MiB' }\nboot = '1 s'",
        &expect![[r#"
            60000 ms: h0 fetches 300 MiB for vm0 of q0
            90000 ms: q0 is ready as vm0 31000 ms after it came
            1260000 ms: q1 is ready as vm0 1000 ms after it came
            2460000 ms: q2 is ready as vm0 1000 ms after it came
        "#]],
    );
}

#[test]
fn what_does_not_fit_into_the_cache_is_fetched_again() {
    check(
        &format!("{REGISTRY}\ncache = '250 MiB'"),
        "size = '300 MiB'\nlayers = { base = '200 MiB' }\nboot = '1 s'",
        &expect![[r#"
            60000 ms: h0 fetches 300 MiB for vm0 of q0
            90000 ms: q0 is ready as vm0 31000 ms after it came
            1260000 ms: h0 fetches 200 MiB for vm0 of q1
            1280000 ms: q1 is ready as vm0 21000 ms after it came
            2460000 ms: h0 fetches 100 MiB for vm0 of q2
            2470000 ms: q2 is ready as vm0 11000 ms after it came
        "#]],
    );
}

/// VMs of three images one after another on a host that keeps two: the one used last before goes.
#[test]
fn an_image_that_is_used_again_is_kept_longer() {
    let mut files = MemoryFiles::default();
    let mut text = "name = 'pulls'\nduration = '1 h'\n[host-models.m]\ncpu = 4\nmemory = '8 GiB'\n\
                    [[pools]]\nname = 'p'\nhosts = { model = 'm', count = 1 }\n[distribution]\n\
                    mode = 'registry'\nregistry = '1 GiB/s'\ncache = '250 MiB'\n"
        .to_owned();
    for image in ["a", "b", "c"] {
        let mut trace = String::from("arrival_s,lifetime_s,vcpu,mem_mib\n");
        for (place, _) in "a b a c a b".split(' ').enumerate().filter(|(_, vm)| *vm == image) {
            trace += &format!("{},50,1,1\n", 100 * (place + 1));
        }
        files.insert(format!("{image}.csv"), trace.into_bytes());
        text += &format!(
            "[images.{image}]\nlayers = {{ base = '50 MiB', {image} = '100 MiB' }}\n\
             [[demand]]\nname = '{image}'\nimage = '{image}'\ntrace = '{image}.csv'\n"
        );
    }
    for placement in ["", "[placement]\npolicy = 'kubernetes'\nplugins = { image-locality = 1 }\n"]
    {
        let text = format!("{text}{placement}");
        let input = Input { file: "t.toml", text: &text, overrides: &[] };
        let read = read(&input, &files).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let mut transcript = Transcript::default();
        let mut simulation =
            Simulation::new(Arc::new(read.scenario), &files).expect("the files are there");
        simulation.advance(simulation.end(), &mut transcript).expect("the files are there");
        let fetched = transcript.lines.iter().filter_map(|line| line.split_once(" fetches "));
        let fetched: Vec<_> = fetched.map(|(_, what)| what).collect();
        assert_eq!(
            fetched,
            [
                "150 MiB for vm0 of q0",
                "100 MiB for vm0 of q1",
                "100 MiB for vm0 of q3",
                "100 MiB for vm0 of q5"
            ]
        );
    }
}

/// A host is replaced: the machine that comes has fetched nothing. One that was only down for a
/// while has what it had.
#[test]
fn a_new_machine_has_fetched_nothing() {
    for (lasts, fetches) in [("", 2), ("60", 1)] {
        let text = "name = 'pulls'\nduration = '1 h'\n[host-models.m]\ncpu = 1\n[[pools]]\n\
                    name = 'p'\nhosts = { model = 'm', count = 1 }\n[flavors.f]\ncpu = 1\n\
                    [distribution]\nmode = 'registry'\nregistry = '100 MiB/s'\n\
                    [images.i]\nsize = '300 MiB'\n[[demand]]\nname = 'd'\nflavor = 'f'\n\
                    image = 'i'\nlifetime = '10 min'\n\
                    alive = { curve = 'steps', from = 0, steps = [{ at = '1 min', to = 1 }] }\n\
                    [failures]\ntrace = 'o.csv'\ncattle = true\nspares = 1\nswap = '1 min'\n\
                    vms = 'lose'";
        let mut files = MemoryFiles::default();
        files.insert("o.csv", format!("time_s,host,lasts_s\n300,h0,{lasts}\n").into_bytes());
        let input = Input { file: "t.toml", text, overrides: &[] };
        let read = read(&input, &files).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let mut transcript = Transcript::default();
        let mut simulation =
            Simulation::new(Arc::new(read.scenario), &files).expect("the files are there");
        simulation.advance(simulation.end(), &mut transcript).expect("the files are there");
        let told = transcript.lines.iter().filter(|line| line.contains("fetches")).count();
        assert_eq!(told, fetches, "{lasts}: {:#?}", transcript.lines);
    }
}
