//! VMs that need more memory than they asked for, in runs: held against formulas, against the draws
//! of `provisioning::jvm`, and against a clock.

use fleetcast_core::dice;
use fleetcast_core::fact::{Fact, MemoryFact};
use fleetcast_core::observe::{Observer, Summary};
use fleetcast_core::provisioning::jvm::{Asks, Toll, toll};
use fleetcast_core::read::{Input, read};
use fleetcast_core::report::Report;
use fleetcast_core::report::memory::MemoryShare;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::NoFiles;
use fleetcast_core::state::State;
use fleetcast_core::time::Time;
use fleetcast_core::verdict;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

fn run_with<O: Observer>(text: &str, observer: O) -> (O, Report) {
    let input = Input { file: "memory.toml", text, overrides: &[] };
    let found = read(&input, &NoFiles).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
    let scenario = Arc::new(found.scenario);
    let mut observers = (observer, Summary::new(&scenario));
    let mut simulation = Simulation::new(Arc::clone(&scenario), &NoFiles).unwrap();
    simulation.advance(simulation.end(), &mut observers).unwrap();
    let state = simulation.state();
    let mut used = 0;
    for (id, vm) in state.vms.iter() {
        let places = 1 + i64::from(state.moves.target(id).is_some());
        used += places * state.shapes.get(vm.ask.shape).amounts[1];
    }
    assert_eq!(state.hosts.total().used[1], used, "room is given back exactly");
    (observers.0, verdict::report(&scenario, &observers.1, String::new()))
}

fn memory_of(text: &str) -> MemoryShare {
    run_with(text, ()).1.memory.expect("flavors say what VMs need").all
}

const FLEET: &str = "name = \"memory\"\nduration = \"6 h\"\n\
    [host-models.m]\ncpu = 1000\nmemory = \"4000 GiB\"\n\
    [[pools]]\nname = \"p\"\nhosts = { model = \"m\", count = 40 }\n\
    [placement]\npolicy = \"first-fit\"\n";

/// The standard normal distribution.
fn phi(z: f64) -> f64 {
    libm::erfc(-z / std::f64::consts::SQRT_2) / 2.0
}

#[test]
fn the_share_killed_and_the_waste_are_those_of_the_formula() {
    let (vms, sigma) = (4_000, 0.3);
    for median in [0.8, 1.1, 1.5] {
        let text = format!(
            "{FLEET}[flavors.f]\ncpu = 0.1\nmemory = \"8 GiB\"\n\
             memory-use = {{ need = 1, guess = {{ median = {median}, sigma = {sigma} }} }}\n\
             [[demand]]\nname = \"d\"\nflavor = \"f\"\nalive = {vms}\nlifetime = \"forever\"\n"
        );
        let found = memory_of(&text);
        assert_eq!(found.vms, vms);
        // A guess G with ln G ~ N(μ, σ²): P(G < 1), and E[(G − 1)⁺] ÷ E[G] (Black's formula).
        let mu = f64::ln(median);
        let killed = phi(-mu / sigma);
        let mean = (mu + sigma * sigma / 2.0).exp();
        let over = mean * phi(mu / sigma + sigma) - phi(mu / sigma);
        let share = found.killed_vms as f64 / vms as f64;
        let error = (killed * (1.0 - killed) / vms as f64).sqrt();
        assert!((share - killed).abs() < 4.0 * error, "{median}: {share}, not {killed}");
        assert!((found.waste - over / mean).abs() < 0.015, "{median}: {}", found.waste);
    }
}

#[test]
fn a_run_pays_the_toll_of_guesses() {
    let (heaps, threads) = (12, 7);
    let run = |guess: &str| {
        let (mut text, mut mix) = (FLEET.to_owned(), String::new());
        for heap in 0..heaps {
            // Log-uniform from 512 MiB to 4 GiB, at the middle of each part.
            let mib = 512.0 * f64::powf(8.0, (f64::from(heap) + 0.5) / f64::from(heaps));
            for part in 0..threads {
                let count = 40.0 + 360.0 * (f64::from(part) + 0.5) / f64::from(threads);
                write!(
                    text,
                    "[flavors.f{heap}-{part}]\ncpu = 0.1\n\
                     jvm = {{ heap = \"{mib:.0} MiB\", threads = {count:.0} }}\n\
                     memory-use = {{ need = [0.92, 1.0]{guess} }}\n"
                )
                .unwrap();
                write!(mix, "f{heap}-{part} = 1, ").unwrap();
            }
        }
        let mix = mix.trim_end_matches(", ");
        memory_of(&format!(
            "{text}[[demand]]\nname = \"d\"\nflavors = {{ {mix} }}\nalive = 6000\n\
             lifetime = \"forever\"\n"
        ))
    };
    let beside = |asks| {
        let mut dice = dice::stream(14, "jvm");
        toll(asks, 200_000, (512.0, 4_096.0), (40, 400), 0.92, &mut dice)
    };
    let times = |factor, sigma| Asks::TimesHeap { factor, sigma };
    for (guess, asks, killed, waste) in [
        ("", Asks::ByFormula, 0.0, 0.041),
        (", guess = { median = 1.4, sigma = 0.3 }", times(1.4, 0.3), 0.447, 0.196),
        (", guess = 1", times(1.0, 0.0), 1.0, 0.0),
        (", guess = 2", times(2.0, 0.0), 0.005, 0.364),
    ] {
        let (found, Toll { killed: drawn, waste: drawn_waste }) = (run(guess), beside(asks));
        let share = found.killed_vms as f64 / found.vms as f64;
        let is_near = |found: f64, told: f64| (found - told).abs() < 0.025;
        assert!(is_near(share, killed) && is_near(found.waste, waste), "{guess}: {found:?}");
        assert!(is_near(share, drawn) && is_near(found.waste, drawn_waste), "{guess}: {found:?}");
    }
}

/// What happened to the only VM, and when, s.
#[derive(Default)]
struct Clock(String);

impl Observer for Clock {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        let what = match fact {
            Fact::Memory(MemoryFact::Killed { wait_ms: None, .. }) => "last kill",
            Fact::Memory(MemoryFact::Killed { .. }) => "kill",
            Fact::Memory(MemoryFact::Restarted { .. }) => "start",
            Fact::InstanceReady { .. } => "ready",
            Fact::InstanceFailed { .. } => "failed",
            Fact::Departed { .. } => "gone",
            _ => return,
        };
        write!(self.0, "{} {what}, ", now.ms() / 1_000).unwrap();
    }
}

fn check(lines: &str, rule: &str, expected: &str) -> MemoryShare {
    let text = format!(
        "{FLEET}[flavors.f]\ncpu = 1\nmemory = \"1 GiB\"\n\
         memory-use = {{ need = 2, reached-after = \"60 s\"{rule} }}\n{lines}"
    );
    let text = text.replace("6 h", "10 min");
    let (clock, report) = run_with(&text, Clock::default());
    assert_eq!(clock.0.trim_end_matches(", "), expected);
    report.memory.unwrap().all
}

const SERVICE: &str = "[images.i]\nboot = \"30 s\"\n\
    [[service]]\nname = \"s\"\nimage = \"i\"\nflavor = \"f\"\ninstances = 1\n";

const VM: &str = "[[demand]]\nname = \"d\"\nflavor = \"f\"\nalive = 1\nlifetime = \"forever\"\n";

#[test]
fn an_instance_is_not_ready_until_it_has_started_again() {
    let found = check(
        SERVICE,
        "",
        "0 ready, 60 kill, 60 start, 90 ready, 150 kill, 160 start, 190 ready, 250 kill, 270 start, \
         300 ready, 360 kill, 400 start, 430 ready, 490 kill, 570 start, 600 ready",
    );
    assert_eq!((found.kills, found.restarts, found.killed_vms, found.looping), (5, 5, 1, 1));
    // 30 + 40 + 50 + 70 + 110 s.
    assert_eq!((found.vm_minutes_lost, found.waste), (5.0, 0.0));
}

#[test]
fn a_vm_that_was_up_for_long_starts_at_once() {
    let calm = ", calm-after = \"60 s\", restart-time = \"20 s\"";
    let found = check(
        SERVICE,
        calm,
        "0 ready, 60 kill, 60 start, 80 ready, 140 kill, 140 start, 160 ready, 220 kill, 220 start, \
         240 ready, 300 kill, 300 start, 320 ready, 380 kill, 380 start, 400 ready, 460 kill, 460 start, \
         480 ready, 540 kill, 540 start, 560 ready",
    );
    assert_eq!(found.vm_minutes_lost, 7.0 * 20.0 / 60.0);
}

#[test]
fn who_is_given_up_ends_or_fails() {
    let twice = ", give-up-after = 2, restart-time = \"5 s\"";
    let found =
        check(SERVICE, twice, "0 ready, 60 kill, 60 start, 65 ready, 125 last kill, 125 failed");
    assert_eq!((found.kills, found.given_up), (2, 1));
    // To the end of the run.
    assert_eq!(found.vm_minutes_lost, (5.0 + 475.0) / 60.0);
}

#[test]
fn a_vm_of_no_service_is_down_meanwhile_and_its_life_goes_on() {
    let text = "restart-time = \"5 s\", restart-wait = \"100 s\", restart-wait-max = \"100 s\"";
    let found = check(
        VM,
        &format!(", {text}"),
        "60 kill, 60 start, 125 kill, 225 start, 290 kill, 390 start, 455 kill, 555 start",
    );
    assert_eq!(found.vm_minutes_lost, (5.0 + 3.0 * 105.0) / 60.0);
    let found = check(VM, ", give-up-after = 1", "60 last kill, 60 gone");
    assert_eq!(found.vm_minutes_lost, 0.0);
}

#[test]
fn guesses_are_rounded_up_and_shared_by_a_service() {
    struct Asked(BTreeMap<u64, u64>);
    impl Observer for Asked {
        fn hear(&mut self, _: Time, fact: &Fact<'_>, state: &State) {
            if let Fact::Memory(MemoryFact::Needs { vm, asked_mib, need_mib, .. }) = fact {
                let shape = state.vms.get(*vm).ask.shape;
                assert_eq!(state.shapes.get(shape).amounts[1], *asked_mib as i64);
                assert_eq!((*need_mib, asked_mib % 512), (1_000, 0));
                *self.0.entry(*asked_mib).or_default() += 1;
            }
        }
    }
    let flavor = "[flavors.f]\ncpu = 1\nmemory = \"1000 MiB\"\n\
         memory-use = { need = 1, guess = { median = 1.4, sigma = 0.5 }, round-up-to = \"512 MiB\" }\n";
    let service = SERVICE.replace("instances = 1", "instances = 50");
    let (asked, _) = run_with(&format!("{FLEET}{flavor}{service}"), Asked(BTreeMap::new()));
    assert_eq!(asked.0.values().collect::<Vec<_>>(), [&50]);
    // Those of a new version too, whose image hosts have to fetch, wherever placement looks at that.
    let fetched = service.replace("boot =", "size = \"1 GiB\"\nboot =")
        + "[images.new]\nsize = \"1 GiB\"\nboot = \"30 s\"\n\
           [[rollout]]\nservice = \"s\"\nimage = \"new\"\nat = \"1 h\"\n\
           [distribution]\nmode = \"registry\"\nregistry = \"1 GiB/s\"\nhost = \"1 GiB/s\"\n";
    let fleet = format!("{FLEET}prefer-warm = true\n");
    let (asked, _) = run_with(&format!("{fleet}{flavor}{fetched}"), Asked(BTreeMap::new()));
    assert_eq!(asked.0.values().collect::<Vec<_>>(), [&100]);
    let demand = "[[demand]]\nname = \"d\"\nflavor = \"f\"\nalive = 50\nlifetime = \"forever\"\n";
    let (asked, _) = run_with(&format!("{FLEET}{flavor}{demand}"), Asked(BTreeMap::new()));
    assert!(asked.0.len() > 3, "each VM has its own guess: {:?}", asked.0);
}

#[test]
fn what_is_wrong_is_told() {
    let problems = |flavor: &str, rest: &str| {
        let text = format!("{FLEET}[flavors.f]\ncpu = 1\n{flavor}\n{rest}");
        let input = Input { file: "memory.toml", text: &text, overrides: &[] };
        let problems = read(&input, &NoFiles).expect_err("it is wrong");
        format!("{problems:?}")
    };
    let memory = "memory = \"1 GiB\"\n";
    let jobs = "[[jobs]]\nname = \"j\"\nflavor = \"f\"\nrate = \"1 per h\"\nrun-time = \"1 h\"\n";
    for (flavor, rest, told) in [
        ("memory-use = { need = 1 }".to_owned(), VM, "so many times that"),
        (format!("{memory}memory-use = {{ need = [1, 2, 3] }}"), VM, "two numbers"),
        (format!("{memory}memory-use = {{ need = [2, 1] }}"), VM, "below the first"),
        (format!("{memory}memory-use = {{ need = 1 }}"), jobs, "not killed for want of memory"),
        (
            format!("{memory}numa-cells = 2\nmemory-use = {{ need = 1, guess = 1 }}"),
            VM,
            "cannot guess",
        ),
        (
            format!("{memory}memory-use = {{ need = 1, restart-wait = \"1 h\" }}"),
            VM,
            "longer than the longest",
        ),
    ] {
        let found = problems(&flavor, rest);
        assert!(found.contains(told), "{flavor}: {found}");
    }
}

/// What must hold of every VM that is killed.
#[derive(Default)]
struct Watch {
    /// By VM: its request, what it asked for and needs.
    needs: BTreeMap<usize, (u64, u64, u64)>,
    /// By VM: when it was killed, and when it is to start; and since when it is down.
    waits: BTreeMap<usize, Time>,
    down: BTreeMap<usize, (Time, Option<Time>)>,
    down_ms: u64,
    given_up: Option<(Time, u64)>,
    kills: BTreeMap<u64, u32>,
}

impl Watch {
    fn leave(&mut self, now: Time, vm: usize) {
        self.needs.remove(&vm);
        self.waits.remove(&vm);
        self.end_outage(now, vm);
    }

    fn end_outage(&mut self, now: Time, vm: usize) {
        if let Some((since, until)) = self.down.remove(&vm) {
            self.down_ms += until.map_or(now, |until| until.min(now)).since_ms(since);
        }
    }
}

impl Observer for Watch {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        assert!(self.waits.values().all(|at| *at >= now), "who is to start does");
        if let Some((at, request)) = self.given_up.take() {
            let is_told = match fact {
                Fact::Departed { request: of, .. } | Fact::InstanceFailed { request: of, .. } => {
                    of.0 == request
                }
                _ => false,
            };
            assert!(is_told && at == now, "who is given up ends or fails, not {fact}");
        }
        match *fact {
            Fact::Memory(MemoryFact::Needs { request, vm, asked_mib, need_mib, .. }) => {
                let shape = state.vms.get(vm).ask.shape;
                assert_eq!(state.shapes.get(shape).amounts[1], asked_mib as i64);
                self.needs.insert(vm.row(), (request.0, asked_mib, need_mib));
            }
            Fact::Memory(MemoryFact::Killed { request, vm, host, kills, wait_ms, .. }) => {
                let (of, asked, need) = self.needs[&vm.row()];
                assert!(of == request.0 && need > asked, "{vm} had enough");
                assert_eq!(state.vms.get(vm).host, host);
                assert!(!self.waits.contains_key(&vm.row()), "who is down is not killed");
                self.end_outage(now, vm.row());
                self.down.insert(vm.row(), (now, None));
                let before = self.kills.insert(request.0, kills).unwrap_or(0);
                assert_eq!(kills, before + 1);
                match wait_ms {
                    Some(ms) => _ = self.waits.insert(vm.row(), now.after(ms)),
                    None => self.given_up = Some((now, request.0)),
                }
            }
            Fact::Memory(MemoryFact::Restarted { request, vm, boot_ms, .. }) => {
                assert_eq!(self.waits.remove(&vm.row()), Some(now));
                assert_eq!(self.needs[&vm.row()].0, request.0);
                self.down.get_mut(&vm.row()).unwrap().1 = Some(now.after(boot_ms));
            }
            Fact::InstanceTerminating { request, .. } => {
                // It does not start again, and counts as down until it is gone.
                let found = self.needs.iter().find(|(_, (of, ..))| *of == request.0);
                if let Some(vm) = found.map(|(vm, _)| *vm) {
                    self.waits.remove(&vm);
                }
            }
            Fact::Departed { vm, .. }
            | Fact::Preempted { vm, .. }
            | Fact::Evicted { vm, .. }
            | Fact::VmDown { vm, .. } => self.leave(now, vm.row()),
            Fact::Ended => {
                for vm in self.down.keys().copied().collect::<Vec<_>>() {
                    self.end_outage(now, vm);
                }
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_lost_and_who_is_killed_comes_back_or_ends(
        seed in 0..1_000_u64,
        hosts in 3..8_u32,
        need in 0.5..2.0_f64,
        sigma in 0.0..0.6_f64,
        reached in 1..900_u32,
        give_up in proptest::option::of(1..6_u32),
        fails in any::<bool>(),
        rolls in any::<bool>(),
        preempts in any::<bool>(),
    ) {
        let give_up = give_up.map_or(String::new(), |n| format!(", give-up-after = {n}"));
        let mut text = format!(
            "name = \"memory\"\nduration = \"5 h\"\nseed = {seed}\n\
             [host-models.m]\ncpu = 16\nmemory = \"32 GiB\"\n\
             [[pools]]\nname = \"p\"\nhosts = {{ model = \"m\", count = {hosts} }}\n\
             [flavors.f]\ncpu = 1\nmemory = \"2 GiB\"\n\
             memory-use = {{ need = [0.5, {need}], guess = {{ median = 1, sigma = {sigma} }}, \
             reached-after = {{ distribution = \"exponential\", mean = \"{reached} s\" }}, \
             restart-time = {{ distribution = \"exponential\", mean = \"20 s\" }}{give_up} }}\n\
             [[demand]]\nname = \"low\"\nflavor = \"f\"\nrate = \"60 per h\"\nlifetime = \"1 h\"\n\
             boot = \"20 s\"\nwhen-full = \"wait\"\n\
             [[demand]]\nname = \"high\"\nflavor = \"f\"\nrate = \"30 per h\"\nlifetime = \"30 min\"\n\
             priority = 5\n\
             [images.i]\nboot = \"30 s\"\n\
             [[service]]\nname = \"s\"\nimage = \"i\"\nflavor = \"f\"\ninstances = 9\n\
             [[rollout]]\nservice = \"s\"\nimage = \"i\"\nevery = \"1 h\"\n\
             [placement]\npolicy = \"best-fit\"\npreemption = {preempts}\n"
        );
        if fails {
            text += "[failures]\nhosts = \"600% per day\"\nrepair = \"20 min\"\n";
        }
        if rolls {
            text += "[[host-rollout]]\nname = \"r\"\nimage = \"new\"\nat = \"1 h\"\n";
        }
        let (watch, report) = run_with(&text, Watch::default());
        let all = report.memory.unwrap().all;
        prop_assert_eq!(all.kills, watch.kills.values().map(|n| u64::from(*n)).sum::<u64>());
        prop_assert_eq!(all.killed_vms, watch.kills.len() as u64);
        prop_assert!((all.vm_minutes_lost - watch.down_ms as f64 / 60_000.0).abs() < 1e-6);
        prop_assert!((0.0..=1.0).contains(&all.waste));
    }
}
