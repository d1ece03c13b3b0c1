//! Boots that can fail, in runs.

use expect_test::{Expect, expect};
use fleetcast_core::fact::Fact;
use fleetcast_core::observe::{Observer, Transcript};
use fleetcast_core::read::{Input, read};
use fleetcast_core::report::boots::BootsReport;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation::{Simulation, run};
use fleetcast_core::source::{MemoryFiles, NoFiles};
use fleetcast_core::state::State;
use fleetcast_core::time::Time;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

fn scenario(text: &str, files: &MemoryFiles) -> Arc<Scenario> {
    let input = Input { file: "t.toml", text, overrides: &[] };
    let read = read(&input, files).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert!(read.warnings.list.is_empty(), "{:#?}", read.warnings);
    Arc::new(read.scenario)
}

/// So many VMs that ask at once a minute after the start, on hosts for all of them.
fn at_once(vms: u32, image: &str, dependencies: &str) -> Arc<Scenario> {
    let text = format!(
        "name = 'boots'\nduration = '12 h'\n[host-models.m]\ncpu = 1000\n[[pools]]\nname = 'p'\n\
         hosts = {{ model = 'm', count = 100 }}\n[flavors.f]\ncpu = 1\n{dependencies}\n\
         [images.i]\n{image}\n[[demand]]\nname = 'd'\nflavor = 'f'\nimage = 'i'\n\
         alive = {{ curve = 'steps', from = 0, steps = [{{ at = '1 min', to = {vms} }}] }}\n"
    );
    scenario(&text, &MemoryFiles::default())
}

/// Whether a count is what this probability leads one to expect, within 4 σ.
#[track_caller]
fn expect_count(found: u64, of: u32, p: f64) {
    let (mean, sigma) = (f64::from(of) * p, (f64::from(of) * p * (1.0 - p)).sqrt());
    assert!((found as f64 - mean).abs() <= 4.0 * sigma + 1.0, "{found}, not {mean} ± {sigma}");
}

/// Case v25: so many things that are each there with this probability.
#[test]
fn boots_fail_and_are_tried_again_as_the_formulas_say() {
    const VMS: u32 = 10_000;
    let case = include_str!("rollout_cases/v25-boot-dependencies.json");
    let case: serde_json::Value = serde_json::from_str(case).expect("it is JSON");
    let rows = case["input"].as_array().expect("a list").iter();
    for (input, expected) in rows.zip(case["expected"].as_array().expect("a list")) {
        let number = |from: &serde_json::Value, key: &str| from[key].as_f64().expect("a number");
        let needs = number(input, "dependencies") as u32;
        let mut dependencies = String::new();
        for need in 0..needs {
            let share = number(input, "dep_availability");
            let fetch = number(input, "dep_fetch_s");
            writeln!(
                dependencies,
                "[dependencies.d{need}]\navailability = {share}\nfetch = '{fetch} s'"
            )
            .expect("a string takes any text");
        }
        let names: Vec<_> = (0..needs).map(|need| format!("'d{need}'")).collect();
        let image = format!(
            "boot = '{} s'\ndepends-on = [{}]\nboot-fails = {}\nretry-after = '{} s'",
            number(input, "boot_s"),
            names.join(", "),
            number(input, "p_base_fail"),
            number(input, "fail_detect_s"),
        );
        let p_ok = number(expected, "p_ok");

        // Until one succeeds.
        let endless = run(&at_once(VMS, &image, &dependencies), &NoFiles).expect("no file");
        let boots = endless.provisioning.clone().and_then(|all| all.boots).expect("they are told");
        assert_eq!((boots.succeeded, boots.given_up), (u64::from(VMS), 0));
        expect_count(boots.failed_first, VMS, 1.0 - p_ok);
        let sigma = number(input, "fail_detect_s") * (1.0 - p_ok).sqrt() / p_ok;
        let off = endless.time_to_ready_s.mean - number(expected, "mean_time_to_up_s");
        assert!(off.abs() <= 4.0 * sigma / f64::from(VMS).sqrt(), "{needs}: off by {off} s");

        // Twice at most.
        let image = format!("{image}\nattempts = {}", number(input, "max_tries"));
        let report = run(&at_once(VMS, &image, &dependencies), &NoFiles).expect("no file");
        let boots = report.provisioning.and_then(|all| all.boots).expect("they are told");
        expect_count(boots.given_up, VMS, 1.0 - number(expected, "p_ok_with_retries"));
        assert_eq!(boots.succeeded + boots.given_up, u64::from(VMS));
        assert_eq!(report.alive, boots.succeeded, "who is given up ends");
    }
}

/// By wave of requests: how many of their first tries failed.
#[derive(Default)]
struct Waves(BTreeMap<Time, u32>);

impl Observer for Waves {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        if let Fact::BootTried { attempt: 1, fault, .. } = fact {
            *self.0.entry(now).or_default() += u32::from(fault.is_some());
        }
    }
}

/// The mean and the variance of how many of 50 boots that begin at once fail, and in which share
/// of 4,000 waves none does.
fn waves(outage: &str) -> [f64; 3] {
    const WAVES: u64 = 4_000;
    let mut trace = String::from("arrival_s,lifetime_s,vcpu,mem_mib\n");
    for wave in 1..=WAVES {
        trace.extend(std::iter::repeat_n(format!("{},60,1,0\n", wave * 3_600), 50));
    }
    let mut files = MemoryFiles::default();
    files.insert("waves.csv", trace.into_bytes());
    let text = format!(
        "name = 'waves'\n[host-models.m]\ncpu = 50\nmemory = '1 GiB'\n[[pools]]\nname = 'p'\n\
         hosts = {{ model = 'm', count = 1 }}\n[dependencies.mirror]\navailability = '98%'\n\
         {outage}\n[images.i]\ndepends-on = ['mirror']\n[[demand]]\nname = 'd'\nimage = 'i'\n\
         trace = 'waves.csv'\n"
    );
    let mut waves = Waves::default();
    let mut simulation =
        Simulation::new(scenario(&text, &files), &files).expect("the files are there");
    simulation.advance(simulation.end(), &mut waves).expect("the files are there");
    assert_eq!(waves.0.len() as u64, WAVES);
    let failed = || waves.0.values().map(|failed| f64::from(*failed));
    let mean = failed().sum::<f64>() / WAVES as f64;
    let variance = failed().map(|of| (of - mean).powi(2)).sum::<f64>() / WAVES as f64;
    let none = failed().filter(|failed| *failed == 0.0).count() as f64 / WAVES as f64;
    [mean, variance, none]
}

/// aⁿ is right on average and wrong for a fleet: an outage that all share lets nearly every wave
/// through and stops all of the others, where luck of their own stops one boot in most waves.
#[test]
fn what_all_share_fails_all_at_once() {
    let (a, n, waves_made) = (0.98_f64, 50.0, 4_000.0_f64);
    let [alone, spread_alone, none_alone] = waves("");
    let [shared, spread_shared, none_shared] = waves("outage = '10 min'");
    let within = |found: f64, expected: f64, sigma: f64| {
        assert!((found - expected).abs() < 4.0 * sigma, "{found}, not {expected} ± {sigma}");
    };
    let (alone_sigma, shared_sigma) = ((n * a * (1.0 - a)).sqrt(), (n * n * a * (1.0 - a)).sqrt());
    within(alone, n * (1.0 - a), alone_sigma / waves_made.sqrt());
    within(shared, n * (1.0 - a), shared_sigma / waves_made.sqrt());
    let share = |p: f64| (p * (1.0 - p) / waves_made).sqrt();
    within(none_alone, a.powf(n), share(a.powf(n)));
    within(none_shared, a, share(a));
    // n times the variance: 50 boots as one.
    let ratio = spread_shared / spread_alone;
    assert!((30.0..70.0).contains(&ratio), "{ratio}");
}

#[track_caller]
fn check(text: &str, has: &[&str], expected: &Expect) {
    let scenario = scenario(text, &MemoryFiles::default());
    let mut transcript = Transcript::default();
    let mut simulation = Simulation::new(scenario, &NoFiles).expect("no file is named");
    simulation.advance(simulation.end(), &mut transcript).expect("no trace is read");
    let lines = transcript.lines.iter().filter(|line| has.iter().any(|word| line.contains(word)));
    expected.assert_eq(&lines.map(|line| format!("{line}\n")).collect::<String>());
}

const FLEET: &str = "name = 't'\nduration = '2 h'\n[host-models.m]\ncpu = 4\n[[pools]]\nname = 'p'\n\
                     hosts = { model = 'm', count = 1 }\n[flavors.f]\ncpu = 1\n\
                     [dependencies.mirror]\nfetch = '10 s'\n\
                     outages = [{ at = '10 min', lasts = '15 min' }]\n";

#[test]
fn a_vm_that_meets_an_outage_comes_up_after_it() {
    let demand = "[images.i]\nboot = '1 min'\ndepends-on = ['mirror']\nretry-after = '6 min'\n\
                  [[demand]]\nname = 'd'\nflavor = 'f'\nimage = 'i'\nlifetime = '1 h'\n\
                  alive = { curve = 'steps', from = 0, steps = [{ at = '10 min', to = 1 }] }\n";
    check(
        &format!("{FLEET}{demand}"),
        &["boots", "ready", "left"],
        &expect![[r#"
        600000 ms: placed q0 as vm0 on h0 (waited 0 ms, boots 60000 ms)
        600000 ms: vm0 of q0 boots, try 1: fails without b0, in its outage 0, found in 360000 ms
        960000 ms: vm0 of q0 boots, try 2: fails without b0, in its outage 0, found in 360000 ms
        1320000 ms: vm0 of q0 boots, try 3: fails without b0, in its outage 0, found in 360000 ms
        1680000 ms: vm0 of q0 boots, try 4: ready in 70000 ms
        1680000 ms: q0 is ready as vm0 1150000 ms after it came
        4200000 ms: vm0 of q0 left h0
        4200000 ms: placed q1 as vm0 on h0 (waited 0 ms, boots 60000 ms)
        4200000 ms: vm0 of q1 boots, try 1: ready in 70000 ms
        4200000 ms: q1 is ready as vm0 70000 ms after it came
    "#]],
    );
}

#[test]
fn a_vm_that_is_given_up_gives_its_room_back() {
    let demand = "[images.i]\nboot = '1 min'\ndepends-on = ['mirror']\nattempts = 2\n\
                  [[demand]]\nname = 'd'\nflavor = 'f'\nimage = 'i'\nlifetime = '1 h'\n\
                  alive = { curve = 'steps', from = 0, steps = [{ at = '10 min', to = 1 }] }\n";
    check(
        &format!("{FLEET}{demand}"),
        &["boots", "given up", "left", "ended"],
        &expect![[r#"
        600000 ms: placed q0 as vm0 on h0 (waited 0 ms, boots 60000 ms)
        600000 ms: vm0 of q0 boots, try 1: fails without b0, in its outage 0, found in 300000 ms
        900000 ms: vm0 of q0 boots, try 2: fails without b0, in its outage 0, found in 300000 ms
        1200000 ms: vm0 of q0 is given up, its last try failed without b0, in its outage 0
        1200000 ms: vm0 of q0 left h0
        4200000 ms: placed q1 as vm0 on h0 (waited 0 ms, boots 60000 ms)
        4200000 ms: vm0 of q1 boots, try 1: ready in 70000 ms
        7200000 ms: the run ended
    "#]],
    );
}

const ROLLOUT: &str = "[images.v1]\nboot = '1 min'\ndepends-on = ['mirror']\n\
                       [images.v2]\nboot = '1 min'\ndepends-on = ['mirror']\nretry-after = '1 min'\n\
                       [[service]]\nname = 'web'\nimage = 'v1'\nflavor = 'f'\ninstances = 2\n";

/// A deployment that waits for 3 minutes turns back in an outage of 15; one that waits longer comes through.
#[test]
fn a_rollout_that_meets_an_outage_turns_back_if_it_lasts_too_long() {
    let rollout = |patience: &str| {
        format!(
            "{FLEET}{ROLLOUT}[[rollout]]\nservice = 'web'\nimage = 'v2'\nat = '10 min'\n\
             strategy = {{ name = 'rolling', max-surge = 1, max-unavailable = 0, \
             progress-deadline = '{patience}', on-deadline = 'rollback' }}\n"
        )
    };
    let has = &["fails", "turns back", "rollout 0 ended", "is ready", "takes too long"];
    check(
        &rollout("3 min"),
        has,
        &expect![[r#"
        0 ms: q0 is ready as vm0 0 ms after it came
        0 ms: q0 of s0 is ready
        0 ms: q1 is ready as vm1 0 ms after it came
        0 ms: q1 of s0 is ready
        600000 ms: vm2 of q2 boots, try 1: fails without b0, in its outage 0, found in 60000 ms
        660000 ms: vm2 of q2 boots, try 2: fails without b0, in its outage 0, found in 60000 ms
        720000 ms: vm2 of q2 boots, try 3: fails without b0, in its outage 0, found in 60000 ms
        780000 ms: vm2 of q2 boots, try 4: fails without b0, in its outage 0, found in 60000 ms
        780000 ms: rollout 0 takes too long
        780000 ms: rollout 0 turns back: it stood still for too long
        780000 ms: rollout 0 ended: turned back
    "#]],
    );
    let found = run(&scenario(&rollout("20 min"), &MemoryFiles::default()), &NoFiles)
        .expect("no file is named");
    let boots = found.provisioning.and_then(|all| all.boots).expect("they are told");
    // Every minute from 10:00 to 24:00, and once more for each instance.
    assert_eq!((boots.failed, boots.succeeded, boots.given_up), (15, 2, 0));
    assert_eq!(found.rollout_totals.complete, 1);
}

/// An instance that is given up is never ready; a strategy that does not bear it turns back.
#[test]
fn an_instance_that_is_given_up_fails_its_rollout() {
    let once = ROLLOUT.replace("retry-after", "attempts = 1\nretry-after");
    let text = format!("{FLEET}{once}")
        + "[[rollout]]\nservice = 'web'\nimage = 'v2'\nat = '10 min'\nstrategy = 'singularity'\n";
    check(
        &text,
        &["fails", "given up", "turns back", "rollout 0 ended"],
        &expect![[r#"
        600000 ms: vm2 of q2 boots, try 1: fails without b0, in its outage 0, found in 60000 ms
        600000 ms: vm3 of q3 boots, try 1: fails without b0, in its outage 0, found in 60000 ms
        660000 ms: vm2 of q2 is given up, its last try failed without b0, in its outage 0
        660000 ms: q2 of s0 fails to boot
        660000 ms: vm3 of q3 is given up, its last try failed without b0, in its outage 0
        660000 ms: q3 of s0 fails to boot
        660000 ms: rollout 0 turns back: instances failed for good
        660000 ms: rollout 0 ended: turned back
    "#]],
    );
}

/// The same boots, whatever is placed where.
#[test]
fn luck_belongs_to_the_request() {
    let tried = |policy: &str| {
        let text = format!(
            "name = 't'\nduration = '10 days'\n[host-models.m]\ncpu = 8\n[[pools]]\nname = 'p'\n\
             hosts = {{ model = 'm', count = 9 }}\n[flavors.f]\ncpu = 1\n[flavors.g]\ncpu = 3\n\
             [dependencies.a]\navailability = '80%'\n[dependencies.b]\navailability = '90%'\n\
             outage = '10 min'\n[images.i]\ndepends-on = ['a', 'b']\nboot = '1 min'\n\
             [[demand]]\nname = 'd'\nflavors = {{ f = 1, g = 1 }}\nimage = 'i'\n\
             rate = '20 per hour'\nlifetime = '1 h'\nboot = '1 min'\n\
             [placement]\npolicy = '{policy}'\n"
        );
        let scenario = scenario(&text, &MemoryFiles::default());
        let mut tries = Tried::default();
        let mut simulation = Simulation::new(scenario, &NoFiles).expect("no file is named");
        simulation.advance(simulation.end(), &mut tries).expect("no trace is read");
        tries.0
    };
    let (first, worst) = (tried("first-fit"), tried("worst-fit"));
    assert!(first.len() > 4_000);
    // Who is refused with one of them has no boot there.
    let differ = first.iter().filter(|(of, fault)| worst.get(of).is_some_and(|f| f != *fault));
    assert_eq!(differ.count(), 0);
}

/// By request and try: whether it failed.
#[derive(Default)]
struct Tried(BTreeMap<(u64, u32), bool>);

impl Observer for Tried {
    fn hear(&mut self, _: Time, fact: &Fact<'_>, _: &State) {
        if let Fact::BootTried { request, attempt, fault, .. } = fact {
            self.0.insert((request.0, *attempt), fault.is_some());
        }
    }
}

/// The report names what was missing, most first, and the outage that met most.
#[test]
fn the_report_says_for_want_of_what() {
    let text = format!(
        "{FLEET}[images.i]\nboot = '1 min'\ndepends-on = ['mirror']\n[[demand]]\nname = 'd'\n\
         flavor = 'f'\nimage = 'i'\n\
         alive = {{ curve = 'steps', from = 0, steps = [{{ at = '12 min', to = 3 }}] }}\n"
    );
    let report =
        run(&scenario(&text, &MemoryFiles::default()), &NoFiles).expect("no file is named");
    let stages = report.provisioning.expect("it is told");
    let retries = stages.all.stages.iter().find(|stage| stage.stage == "retries").expect("one");
    assert_eq!(retries.mean_s, 900.0);
    let BootsReport { by, worst, .. } = stages.boots.expect("they are told");
    let worst = worst.expect("there was one");
    assert_eq!((worst.dependency.as_str(), worst.boots), ("mirror", 3));
    assert_eq!(worst.at.date, "2025-01-01T00:12:00");
    let by: Vec<_> = by.iter().map(|of| (of.dependency.as_deref(), of.failed)).collect();
    assert_eq!(by, [(Some("mirror"), 9)]);
}

/// Case v17: a load balancer will not change, and all go back.
#[test]
fn a_load_balancer_that_will_not_change_turns_a_deploy_back() {
    let text = "name = 't'\nduration = '10 min'\n[host-models.m]\ncpu = 12\n[[pools]]\n\
                name = 'p'\nhosts = { model = 'm', count = 1 }\n[flavors.f]\ncpu = 1\n\
                [images.v1]\n[images.v2]\nboot = '32 s'\n\
                [[service]]\nname = 'web'\nimage = 'v1'\nflavor = 'f'\ninstances = 6\n\
                [[rollout]]\nservice = 'web'\nimage = 'v2'\nat = 0\n\
                strategy = { name = 'singularity', load-balancers = '12 s', revert = '3 s', \
                agent-fails = '100%' }\n";
    check(
        &text.replace("at = 0", "at = '1 min'"),
        &["waits", "turns back", "rollout 0 ended", "behind"],
        &expect![[r#"
            60000 ms: rollout 0 waits: 6 new instances not available yet
            92000 ms: rollout 0 waits: the controller's next look
            95000 ms: rollout 0 waits: the load balancers
            110000 ms: rollout 0 turns back: a load balancer would not change
            110000 ms: rollout 0 ended: turned back
        "#]],
    );
}

/// 1 − (1 − qʳ)ᵏ of the deploys meet a load balancer that fails r times.
#[test]
fn deploys_succeed_as_often_as_the_formula_says() {
    const TIMES: u32 = 2_000;
    let text = format!(
        "name = 't'\nduration = '20 days'\n[host-models.m]\ncpu = 4\n[[pools]]\nname = 'p'\n\
         hosts = {{ model = 'm', count = 1 }}\n[flavors.f]\ncpu = 1\n[images.v1]\n\
         [[service]]\nname = 'web'\nimage = 'v1'\nflavor = 'f'\ninstances = 2\n\
         [[rollout]]\nservice = 'web'\nimage = 'v1'\nat = '1 min'\nevery = '10 min'\n\
         times = {TIMES}\nstrategy = {{ name = 'singularity', agents = 3, agent-attempts = 2, \
         agent-fails = '30%' }}\n"
    );
    let report =
        run(&scenario(&text, &MemoryFiles::default()), &NoFiles).expect("no file is named");
    let totals = report.rollout_totals;
    assert_eq!(totals.rollouts, u64::from(TIMES));
    expect_count(totals.complete, TIMES, (1.0 - 0.3_f64.powi(2)).powi(3));
    assert_eq!(totals.turned_back + totals.complete, totals.rollouts);
}
