//! The largest that the reader lets through: each run ends soon, and in bounded memory.

use fleetcast_core::read::{Input, read};
use fleetcast_core::report::Report;
use fleetcast_core::scenario::HOSTS_MAX;
use fleetcast_core::simulation;
use fleetcast_core::source::{MemoryFiles, NoFiles};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs a small scenario with some things in it changed for others.
fn run(changes: &[(&str, &str)]) -> Report {
    const SMALL: &str = "\
name = 'small'
duration = '1000 days'
[host-models.m]
cpu = 1
[[pools]]
name = 'p'
hosts = { model = 'm', count = 10 }
[flavors.f]
cpu = 1
[[demand]]
name = 'd'
flavor = 'f'
alive = 1
";
    let begun = Instant::now();
    let mut text = SMALL.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let read = read(&Input { file: "t.toml", text: &text, overrides: &[] }, &NoFiles);
    let scenario = Arc::new(read.expect("it is let through").scenario);
    let report = simulation::run(&scenario, &NoFiles).expect("there are no files");
    // Seconds on a machine with other things to do; what is meant is minutes.
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    report
}

#[test]
fn orders_stop_at_the_most_hosts() {
    let rule = "alive = 10\n[procurement]\ntrigger = '0.0001%'\nbatch = 1";
    let report = run(&[("alive = 1", rule)]);
    assert_eq!((report.hosts, report.orders.len()), (HOSTS_MAX, 1));
}

#[test]
fn a_million_racks_are_no_burden() {
    let report = run(&[("hosts =", "zones = 1000\nracks-per-zone = 1000\nhosts =")]);
    assert_eq!(report.placed, 1);
}

#[test]
fn a_curve_of_ten_thousand_steps_is_followed_quickly() {
    let step = |row: u32| format!("{{ at = '{row} h', to = {} }}", 10_000 + row % 2);
    let steps: Vec<String> = (1..=10_000).map(step).collect();
    let curve = format!("{{ curve = 'steps', from = 10000, steps = [{}] }}", steps.join(", "));
    let report = run(&[("alive = 1", &format!("lifetime = '10 days'\nalive = {curve}"))]);
    assert!(report.requests > 900_000, "{}", report.requests);
}

#[test]
fn hosts_that_age_in_a_day_are_replaced_in_bounds() {
    let plan = "growth = { curve = 'constant', value = 4900 }\nhosts =";
    let report =
        run(&[("hosts =", plan), ("cpu = 1\n[[p", "cpu = 1\nretire-after = '1 day'\n[[p")]);
    // The one with the VM is cordoned and stays.
    assert_eq!(report.hosts, 4_901);
}

/// As many tenants as fit into a scenario: a tree of them, and half as many others have jobs.
#[test]
fn a_hundred_thousand_tenants_are_looked_up_quickly() {
    use std::fmt::Write as _;
    let begun = Instant::now();
    let mut text = "name = 'many'\nduration = '1 day'\nresources = ['slots']\n\
        [host-models.node]\nslots = 2\n\
        [[pools]]\nname = 'all'\nhosts = { model = 'node', count = 1 }\n\
        [flavors.one]\nslots = 1\n\
        [[jobs]]\nname = 'jobs'\nswf = 'jobs.swf'\nflavor = 'one'\ntenants = 'user'\n\
        [tenants]\n'user 7' = { weight = 7, parent = 't99999' }\nt0 = {}\n"
        .to_owned();
    let mut trace = String::new();
    for row in 1..100_000 {
        writeln!(text, "t{row} = {{ parent = 't{}' }}", row / 8).expect("a string takes any text");
    }
    for user in 0..50_000 {
        writeln!(trace, "{user} {user} -1 1 1 -1 -1 1 1 -1 1 {user} -1 -1 -1 -1 -1 -1")
            .expect("a string takes any text");
    }
    let mut files = MemoryFiles::default();
    files.insert("jobs.swf", trace.into_bytes());
    let read = read(&Input { file: "t.toml", text: &text, overrides: &[] }, &files);
    let scenario = read.expect("it is let through").scenario;
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    // The users, seven above one of them, and the tenant of whoever says none.
    assert_eq!(scenario.tenants.len(), 50_000 + 7 + 1);
    let weights = scenario.batch.expect("there are jobs").weights;
    let heavy = scenario.tenants.iter().zip(weights).filter(|(_, weight)| *weight == 7);
    assert_eq!(heavy.map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["user 7"]);
}
