//! VMs that are pushed out, and VMs that move: what happens in small fleets, told in full.
//!
//! A world is hosts of 4 cpu and 8 GiB; requests are the rows of a trace, `arrival lifetime cpu gib
//! priority` each in seconds and whole units (`-`: stays), with an optional group.

mod common;

use expect_test::{Expect, expect};
use fleetcast_core::defrag;
use fleetcast_core::fact::Fact;
use fleetcast_core::observe::{Observer, Summary, Transcript};
use fleetcast_core::read::{Input, read};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::state::State;
use fleetcast_core::time::Time;
use std::sync::Arc;

/// So many hosts, more of the demand, and more of the scenario.
struct World<'w>(usize, &'w str, &'w str);

impl World<'_> {
    fn open(&self, rows: &str) -> (Arc<Scenario>, MemoryFiles) {
        let World(hosts, demand, more) = self;
        let text = format!(
            "name = \"moves\"\nduration = \"150 s\"\n\
             [host-models.m]\ncpu = 4\nmemory = \"8 GiB\"\n\
             [[pools]]\nname = \"p\"\nracks-per-zone = 2\nhosts = {{ model = \"m\", count = {hosts} }}\n\
             [[demand]]\nname = \"vms\"\ntrace = \"vms.csv\"\n{demand}\n{more}"
        );
        let mut csv = String::from("arrival_s,lifetime_s,vcpu,mem_gib,priority,group\n");
        for row in rows.split(';').map(str::trim).filter(|row| !row.is_empty()) {
            let mut words: Vec<&str> = row.split_whitespace().collect();
            words.resize(6, "");
            csv += &words.join(",").replace('-', "");
            csv.push('\n');
        }
        let mut files = MemoryFiles::default();
        files.insert("vms.csv".to_owned(), csv.into_bytes());
        let input = Input { file: "moves.toml", text: &text, overrides: &[] };
        let read = read(&input, &files).unwrap_or_else(|problems| panic!("{problems:?}"));
        (Arc::new(read.scenario), files)
    }

    fn run(&self, rows: &str) -> (Vec<String>, Summary) {
        let (scenario, files) = self.open(rows);
        let mut observers = (Transcript::default(), Summary::new(&scenario));
        let mut simulation = Simulation::new(scenario, &files).expect("the files are there");
        simulation.advance(simulation.end(), &mut observers).expect("the trace can be read");
        (observers.0.lines, observers.1)
    }

    /// The run in words, without the hosts of the start and the arrivals, which cause the rest.
    fn check(&self, rows: &str, expected: Expect) {
        let is_left_out = |line: &&String| {
            line.contains(" added in rack ")
                || line.contains(" arrived from ")
                || line.ends_with("the run ended")
        };
        let (lines, _) = self.run(rows);
        let short = |line: &String| line.replace(" (waited 0 ms, boots 0 ms)", "");
        let lines: Vec<String> = lines.iter().filter(|l| !is_left_out(l)).map(short).collect();
        expected.assert_eq(&lines.join("\n"));
    }
}

const PUSH: &str = "[placement]\npreemption = true";

#[test]
fn a_request_pushes_out_who_matters_less() {
    World(1, "", PUSH).check(
        "0 - 2 2 1; 1 - 2 2 2; 2 - 2 2 9",
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        1000 ms: placed q1 as vm1 on h0
        2000 ms: vm0 of q0 pushed out of h0 by q2: Short(1)
        2000 ms: placed q2 as vm0 on h0
        2000 ms: lost q0 (waited 0 ms)"#]],
    );
}

#[test]
fn equals_and_those_who_do_not_push_are_refused() {
    World(1, "", PUSH).check(
        "0 - 4 4 5; 1 - 2 2 5; 2 - 2 2 4",
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        1000 ms: refused q1: Short(1) (waited 0 ms)
        2000 ms: refused q2: Short(1) (waited 0 ms)"#]],
    );
    World(1, "preempts = false", PUSH).check(
        "0 - 4 4 5; 1 - 2 2 9",
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        1000 ms: refused q1: Short(1) (waited 0 ms)"#]],
    );
    World(1, "", "").check(
        "0 - 4 4 5; 1 - 2 2 9",
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        1000 ms: refused q1: Short(1) (waited 0 ms)"#]],
    );
}

#[test]
fn who_is_pushed_out_asks_again_for_the_rest_of_its_stay() {
    let world = World(1, "when-preempted = \"wait\"\nboot = \"1 s\"", PUSH);
    world.check(
        "0 100 4 4 1; 10 20 4 4 9",
        expect![[r#"
        0 ms: placed q0 as vm0 on h0 (waited 0 ms, boots 1000 ms)
        10000 ms: vm0 of q0 pushed out of h0 by q1: Short(1)
        10000 ms: placed q1 as vm1 on h0 (waited 0 ms, boots 1000 ms)
        10000 ms: q0 waits: Short(1)
        30000 ms: vm1 of q1 left h0
        30000 ms: resumed q0 as vm1 on h0 (waited 20000 ms, boots 1000 ms)
        120000 ms: vm1 of q0 left h0"#]],
    );
    let world = World(1, "when-preempted = { wait = \"5 s\" }", PUSH);
    world.check(
        "0 100 4 4 1; 10 20 4 4 9",
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        10000 ms: vm0 of q0 pushed out of h0 by q1: Short(1)
        10000 ms: placed q1 as vm1 on h0
        10000 ms: q0 waits: Short(1)
        15000 ms: lost q0 (waited 5000 ms)
        30000 ms: vm1 of q1 left h0"#]],
    );
}

#[test]
fn its_old_end_is_not_the_end_of_whoever_has_its_row() {
    // vm0 is pushed out at 10 s and would have ended at 50 s: its row is not used before that.
    let world = World(1, "", PUSH);
    world.check(
        "0 50 4 4 1; 10 20 4 4 9; 40 100 4 4 1; 60 100 1 1 1; 145 - 1 1 1",
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        10000 ms: vm0 of q0 pushed out of h0 by q1: Short(1)
        10000 ms: placed q1 as vm1 on h0
        10000 ms: lost q0 (waited 0 ms)
        30000 ms: vm1 of q1 left h0
        40000 ms: placed q2 as vm1 on h0
        60000 ms: refused q3: Short(1) (waited 0 ms)
        140000 ms: vm1 of q2 left h0
        145000 ms: placed q4 as vm1 on h0"#]],
    );
}

#[test]
fn who_is_pushed_out_pushes_out_others() {
    // q4 wants all of a host, and takes that of q0; which then takes the place of q3.
    let world = World(2, "when-preempted = \"wait\"", PUSH);
    world.check(
        "0 - 2 4 5; 0 9 2 4 5; 1 - 2 4 9; 1 - 2 4 0; 10 - 4 8 9",
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        0 ms: placed q1 as vm1 on h0
        1000 ms: placed q2 as vm2 on h1
        1000 ms: placed q3 as vm3 on h1
        9000 ms: vm1 of q1 left h0
        10000 ms: vm0 of q0 pushed out of h0 by q4: Short(3)
        10000 ms: placed q4 as vm0 on h0
        10000 ms: vm3 of q3 pushed out of h1 by q0: Short(3)
        10000 ms: resumed q0 as vm3 on h1
        10000 ms: q3 waits: Short(3)"#]],
    );
}

#[test]
fn a_group_keeps_its_minimum_while_others_can_go() {
    let demand = "group = { min-available = 1 }";
    let world = World(1, demand, PUSH);
    // What is over the minimum of a group goes, though others came later.
    world.check(
        "0 - 2 2 1 a; 1 - 1 1 1 a; 2 - 1 1 1 b; 3 - 1 1 9 c",
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        1000 ms: placed q1 as vm1 on h0
        2000 ms: placed q2 as vm2 on h0
        3000 ms: vm0 of q0 pushed out of h0 by q3: Short(1)
        3000 ms: placed q3 as vm0 on h0
        3000 ms: lost q0 (waited 0 ms)"#]],
    );
    // No way around it: the minimum does not hold.
    world.check(
        "0 - 4 4 1 a; 1 - 4 4 9 c",
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        1000 ms: vm0 of q0 pushed out of h0 by q1: Short(1)
        1000 ms: placed q1 as vm0 on h0
        1000 ms: lost q0 (waited 0 ms)"#]],
    );
}

#[test]
fn a_group_apart_pushes_out_its_own_members() {
    let world = World(1, "group = { max-per-host = 1 }", PUSH);
    world.check(
        "0 - 1 1 1 a; 1 - 1 1 5 a; 2 - 1 1 0 b",
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        1000 ms: vm0 of q0 pushed out of h0 by q1: GroupPerHost
        1000 ms: placed q1 as vm0 on h0
        1000 ms: lost q0 (waited 0 ms)
        2000 ms: placed q2 as vm1 on h0"#]],
    );
}

#[test]
fn more_room_than_was_taken_goes_to_who_waits() {
    let world = World(1, "when-full = \"wait\"", PUSH);
    world.check(
        "0 - 4 4 1; 1 - 1 1 0; 2 - 2 2 9",
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        1000 ms: q1 waits: Short(1)
        2000 ms: vm0 of q0 pushed out of h0 by q2: Short(1)
        2000 ms: placed q2 as vm0 on h0
        2000 ms: lost q0 (waited 0 ms)
        2000 ms: placed q1 as vm1 on h0 (waited 1000 ms, boots 0 ms)"#]],
    );
}

/// At 1024 MiB/s a VM that writes nothing takes a second a GiB.
const EMPTY: &str =
    "[defrag]\nevery = \"1 min\"\nbandwidth = \"1 GiB/s\"\ndirty-rate = \"0 MiB/s\"\n";

/// `h0` with 2 cpu and 4 GiB free, `h1` with one VM of 1 cpu and 2 GiB, `h2` with one of 1 and 4.
const SPREAD: &str = "0 - 2 4; 0 30 2 4; 0 - 1 2; 0 30 3 6; 0 - 1 4";

#[test]
fn the_least_used_host_is_emptied_into_the_tightest() {
    // q2 goes to h0, which has less left than h2; then q4 finds too little memory there, and an
    // empty host is no place to go.
    World(3, "", EMPTY).check(
        SPREAD,
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        0 ms: placed q1 as vm1 on h0
        0 ms: placed q2 as vm2 on h1
        0 ms: placed q3 as vm3 on h1
        0 ms: placed q4 as vm4 on h2
        30000 ms: vm1 of q1 left h0
        30000 ms: vm3 of q3 left h1
        60000 ms: 1 migrations would empty 1 hosts
        60000 ms: vm2 of q2 set out from h1 to h0, for 2000 ms
        62000 ms: vm2 of q2 moved from h1 to h0 (stood still 0 ms)
        120000 ms: 0 migrations would empty 0 hosts"#]],
    );
}

#[test]
fn on_the_move_a_vm_takes_room_on_both_hosts() {
    // On h1 there is no room for 4 cpu before q2 has gone, on h0 none for 2 from when it set out.
    let rows = format!("{SPREAD}; 61 - 4 8; 61 1 2 2; 63 - 4 8");
    World(2, "", EMPTY).check(
        &rows.replace("; 0 - 1 4", ""),
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        0 ms: placed q1 as vm1 on h0
        0 ms: placed q2 as vm2 on h1
        0 ms: placed q3 as vm3 on h1
        30000 ms: vm1 of q1 left h0
        30000 ms: vm3 of q3 left h1
        60000 ms: 1 migrations would empty 1 hosts
        60000 ms: vm2 of q2 set out from h1 to h0, for 2000 ms
        61000 ms: refused q4: Short(3) (waited 0 ms)
        61000 ms: placed q5 as vm3 on h1
        62000 ms: vm2 of q2 moved from h1 to h0 (stood still 0 ms)
        62000 ms: vm3 of q5 left h1
        63000 ms: placed q6 as vm3 on h1
        120000 ms: 0 migrations would empty 0 hosts"#]],
    );
}

#[test]
fn who_ends_on_the_way_gives_back_both() {
    let rows = SPREAD.replace("0 - 1 2", "0 61 1 2");
    World(2, "when-full = \"wait\"", EMPTY).check(
        &format!("{}; 60.5 - 2 4; 60.5 - 4 8", rows.replace("; 0 - 1 4", "")),
        expect![[r#"
            0 ms: placed q0 as vm0 on h0
            0 ms: placed q1 as vm1 on h0
            0 ms: placed q2 as vm2 on h1
            0 ms: placed q3 as vm3 on h1
            30000 ms: vm1 of q1 left h0
            30000 ms: vm3 of q3 left h1
            60000 ms: 1 migrations would empty 1 hosts
            60000 ms: vm2 of q2 set out from h1 to h0, for 2000 ms
            60500 ms: placed q4 as vm3 on h1
            60500 ms: q5 waits: Short(3)
            61000 ms: vm2 of q2 stayed on h1, not on h0 (stood still 0 ms)
            61000 ms: vm2 of q2 left h1
            120000 ms: 1 migrations would empty 1 hosts
            120000 ms: vm0 of q0 set out from h0 to h1, for 4000 ms
            124000 ms: vm0 of q0 moved from h0 to h1 (stood still 0 ms)
            124000 ms: placed q5 as vm2 on h0 (waited 63500 ms, boots 0 ms)"#]],
    );
}

#[test]
fn lanes_bound_how_many_move_at_a_time() {
    // Two hosts with two small VMs each, and a third with room for all four.
    let rows = "0 - 1 1; 0 - 1 1; 0 30 2 6; 0 - 1 1; 0 - 1 2; 0 30 2 5; 0 - 1 1; 0 - 1 1; 0 30 2 6";
    World(3, "", EMPTY).check(
        rows,
        expect![[r#"
            0 ms: placed q0 as vm0 on h0
            0 ms: placed q1 as vm1 on h0
            0 ms: placed q2 as vm2 on h0
            0 ms: placed q3 as vm3 on h1
            0 ms: placed q4 as vm4 on h1
            0 ms: placed q5 as vm5 on h1
            0 ms: placed q6 as vm6 on h2
            0 ms: placed q7 as vm7 on h2
            0 ms: placed q8 as vm8 on h2
            30000 ms: vm2 of q2 left h0
            30000 ms: vm5 of q5 left h1
            30000 ms: vm8 of q8 left h2
            60000 ms: 2 migrations would empty 1 hosts
            60000 ms: vm0 of q0 set out from h0 to h1, for 1000 ms
            61000 ms: vm0 of q0 moved from h0 to h1 (stood still 0 ms)
            61000 ms: vm1 of q1 set out from h0 to h1, for 1000 ms
            62000 ms: vm1 of q1 moved from h0 to h1 (stood still 0 ms)
            120000 ms: 0 migrations would empty 0 hosts"#]],
    );
    let lanes = format!("{EMPTY}per-host = 4\nconcurrent = 3\n");
    World(3, "", &lanes).check(
        rows,
        expect![[r#"
            0 ms: placed q0 as vm0 on h0
            0 ms: placed q1 as vm1 on h0
            0 ms: placed q2 as vm2 on h0
            0 ms: placed q3 as vm3 on h1
            0 ms: placed q4 as vm4 on h1
            0 ms: placed q5 as vm5 on h1
            0 ms: placed q6 as vm6 on h2
            0 ms: placed q7 as vm7 on h2
            0 ms: placed q8 as vm8 on h2
            30000 ms: vm2 of q2 left h0
            30000 ms: vm5 of q5 left h1
            30000 ms: vm8 of q8 left h2
            60000 ms: 2 migrations would empty 1 hosts
            60000 ms: vm0 of q0 set out from h0 to h1, for 4000 ms
            60000 ms: vm1 of q1 set out from h0 to h1, for 4000 ms
            64000 ms: vm0 of q0 moved from h0 to h1 (stood still 0 ms)
            64000 ms: vm1 of q1 moved from h0 to h1 (stood still 0 ms)
            120000 ms: 0 migrations would empty 0 hosts"#]],
    );
}

#[test]
fn a_run_takes_as_long_for_a_plan_as_the_plan_says() {
    // Six hosts with 1 to 3 VMs each of several sizes.
    let rows = "0 - 1 1; 0 - 1 2; 0 30 2 5; 0 - 2 4; 0 30 2 4; 0 - 1 1; 0 - 1 1; 0 - 1 3; 0 30 1 3; \
                0 - 1 4; 0 30 3 4; 0 - 1 2; 0 30 3 6; 0 - 2 1; 0 30 2 7";
    for (concurrent, per_host) in [(1, 1), (2, 1), (3, 2), (8, 4)] {
        let lanes = format!("{EMPTY}concurrent = {concurrent}\nper-host = {per_host}\n");
        let world = World(6, "", &lanes);
        let mut begun = Begun::default();
        let (scenario, files) = world.open(rows);
        let start = || Simulation::new(Arc::clone(&scenario), &files).expect("the files are there");
        let mut simulation = start();
        simulation.advance(Time::from_ms(119_999), &mut begun).expect("the trace can be read");
        let mut simulation = start();
        simulation.advance(Time::from_ms(59_999), &mut ()).expect("the trace can be read");
        let plan = simulation.plan();
        let account = defrag::account(&scenario, simulation.state(), Time::ZERO, &plan, |_| None);
        let mut told: Vec<(u64, u64, u64)> = (account.steps.iter())
            .map(|step| {
                let ms = |s: f64| (s * 1e3).round() as u64;
                (60_000 + ms(step.starts_s), ms(step.takes_s), step.request)
            })
            .collect();
        told.sort_unstable();
        begun.0.sort_unstable();
        assert!(told.len() > 2, "{account:?}");
        assert_eq!(begun.0, told, "{concurrent} at a time, {per_host} a host");
    }
}

/// When migrations began, how long they take, and of which requests.
#[derive(Default)]
struct Begun(Vec<(u64, u64, u64)>);

impl Observer for Begun {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        if let Fact::MigrationStarted { request, takes_ms, .. } = *fact {
            self.0.push((now.ms(), takes_ms, request.0));
        }
    }
}

#[test]
fn a_migration_that_is_stuck_is_forced_or_given_up() {
    let stuck = "[defrag]\nevery = \"1 min\"\nbandwidth = \"1 GiB/s\"\ndirty-rate = \"2 GiB/s\"\n\
                 max-rounds = 2\n";
    let rows = SPREAD.replace("; 0 - 1 4", "");
    World(2, "", stuck).check(
        &rows,
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        0 ms: placed q1 as vm1 on h0
        0 ms: placed q2 as vm2 on h1
        0 ms: placed q3 as vm3 on h1
        30000 ms: vm1 of q1 left h0
        30000 ms: vm3 of q3 left h1
        60000 ms: 1 migrations would empty 1 hosts
        60000 ms: vm2 of q2 set out from h1 to h0, for 6000 ms
        66000 ms: vm2 of q2 moved from h1 to h0 (stood still 2000 ms)
        120000 ms: 0 migrations would empty 0 hosts"#]],
    );
    let aborts = format!("{stuck}when-stuck = \"abort\"\n");
    World(2, "", &aborts).check(
        &rows,
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        0 ms: placed q1 as vm1 on h0
        0 ms: placed q2 as vm2 on h1
        0 ms: placed q3 as vm3 on h1
        30000 ms: vm1 of q1 left h0
        30000 ms: vm3 of q3 left h1
        60000 ms: 1 migrations would empty 1 hosts
        60000 ms: vm2 of q2 set out from h1 to h0, for 4000 ms
        64000 ms: vm2 of q2 stayed on h1, not on h0 (stood still 0 ms)
        120000 ms: 1 migrations would empty 1 hosts
        120000 ms: vm2 of q2 set out from h1 to h0, for 4000 ms
        124000 ms: vm2 of q2 stayed on h1, not on h0 (stood still 0 ms)"#]],
    );
}

#[test]
fn a_plan_keeps_to_its_bounds() {
    // Two VMs are too many for one migration: the next host has one.
    let one = format!("{EMPTY}max-migrations = 1\n");
    let rows = "0 - 1 1; 0 - 1 1; 0 30 2 6; 0 - 3 1; 0 30 1 7; 0 - 2 1";
    World(3, "", EMPTY).check(
        rows,
        expect![[r#"
            0 ms: placed q0 as vm0 on h0
            0 ms: placed q1 as vm1 on h0
            0 ms: placed q2 as vm2 on h0
            0 ms: placed q3 as vm3 on h1
            0 ms: placed q4 as vm4 on h1
            0 ms: placed q5 as vm5 on h2
            30000 ms: vm2 of q2 left h0
            30000 ms: vm4 of q4 left h1
            60000 ms: 2 migrations would empty 1 hosts
            60000 ms: vm0 of q0 set out from h0 to h1, for 1000 ms
            61000 ms: vm0 of q0 moved from h0 to h1 (stood still 0 ms)
            61000 ms: vm1 of q1 set out from h0 to h2, for 1000 ms
            62000 ms: vm1 of q1 moved from h0 to h2 (stood still 0 ms)
            120000 ms: 0 migrations would empty 0 hosts"#]],
    );
    World(3, "", &one).check(
        rows,
        expect![[r#"
            0 ms: placed q0 as vm0 on h0
            0 ms: placed q1 as vm1 on h0
            0 ms: placed q2 as vm2 on h0
            0 ms: placed q3 as vm3 on h1
            0 ms: placed q4 as vm4 on h1
            0 ms: placed q5 as vm5 on h2
            30000 ms: vm2 of q2 left h0
            30000 ms: vm4 of q4 left h1
            60000 ms: 1 migrations would empty 1 hosts
            60000 ms: vm5 of q5 set out from h2 to h0, for 1000 ms
            61000 ms: vm5 of q5 moved from h2 to h0 (stood still 0 ms)
            120000 ms: 0 migrations would empty 0 hosts"#]],
    );
}

#[test]
fn what_moves_keeps_apart() {
    // Each of a group on a host of its own: nobody moves together with another.
    let rows = "0 - 1 1 0 a; 0 30 3 7; 0 - 1 1 0 a; 0 30 3 7; 0 - 1 1 0 b; 0 30 3 7";
    World(3, "group = { max-per-host = 1 }", EMPTY).check(
        rows,
        expect![[r#"
        0 ms: placed q0 as vm0 on h0
        0 ms: placed q1 as vm1 on h0
        0 ms: placed q2 as vm2 on h1
        0 ms: placed q3 as vm3 on h1
        0 ms: placed q4 as vm4 on h2
        0 ms: placed q5 as vm5 on h2
        30000 ms: vm1 of q1 left h0
        30000 ms: vm3 of q3 left h1
        30000 ms: vm5 of q5 left h2
        60000 ms: 1 migrations would empty 1 hosts
        60000 ms: vm0 of q0 set out from h0 to h2, for 1000 ms
        61000 ms: vm0 of q0 moved from h0 to h2 (stood still 0 ms)
        120000 ms: 0 migrations would empty 0 hosts"#]],
    );
    // A rack that has its share takes who is in it already: h0 and h2 are in one.
    let rows = "0 - 2 2 0 a; 0 30 2 6; 0 30 4 8; 0 - 1 1 0 b";
    World(3, "group = { max-per-rack = 1 }", EMPTY).check(
        rows,
        expect![[r#"
            0 ms: placed q0 as vm0 on h0
            0 ms: placed q1 as vm1 on h0
            0 ms: placed q2 as vm2 on h1
            0 ms: placed q3 as vm3 on h2
            30000 ms: vm1 of q1 left h0
            30000 ms: vm2 of q2 left h1
            60000 ms: 1 migrations would empty 1 hosts
            60000 ms: vm3 of q3 set out from h2 to h0, for 1000 ms
            61000 ms: vm3 of q3 moved from h2 to h0 (stood still 0 ms)
            120000 ms: 0 migrations would empty 0 hosts"#]],
    );
}
