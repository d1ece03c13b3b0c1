//! What the engine does, in scenarios of a host or two: each test a claim, each run told in full.
//!
//! A demand is written as a trace, `arrival lifetime cpu memory` a row in seconds and whole units
//! (`-`: stays), with the optional words `pool=`, `group=` and `name=`.

mod common;

use common::{add_flavor, add_hosts, bare, demand, rate};
use expect_test::{Expect, expect};
use fleetcast_core::observe::{Summary, Transcript};
use fleetcast_core::scenario::*;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::time::{DAY_MS, MONTH_MS};
use std::sync::Arc;

/// A scenario under construction, and its traces.
struct World {
    scenario: Scenario,
    files: MemoryFiles,
}

/// Hosts of 4 cpu and 8 memory, so many.
fn hosts(count: usize) -> World {
    let mut scenario = bare(&["cpu", "memory"]);
    add_hosts(&mut scenario, &[4_000, 8], count);
    add_flavor(&mut scenario, &[1_000, 1]);
    World { scenario, files: MemoryFiles::default() }
}

impl World {
    fn with(mut self, change: impl FnOnce(&mut Scenario)) -> Self {
        change(&mut self.scenario);
        self
    }

    /// Adds a demand that follows these rows.
    fn trace(self, rows: &str) -> Self {
        self.trace_with(rows, |_| {})
    }

    fn trace_with(mut self, rows: &str, change: impl FnOnce(&mut Demand)) -> Self {
        let mut csv = String::from("arrival_s,lifetime_s,vcpu,mem_mib,pool,group,vm_id\n");
        let mut arrivals = Vec::new();
        for row in rows.split(';').map(str::trim).filter(|row| !row.is_empty()) {
            let words: Vec<&str> = row.split_whitespace().collect();
            let named = |key: &str| words.iter().find_map(|w| w.strip_prefix(key)).unwrap_or("");
            let lifetime = if words[1] == "-" { "" } else { words[1] };
            let (pool, group, name) = (named("pool="), named("group="), named("name="));
            csv += &format!(
                "{},{lifetime},{},{},{pool},{group},{name}\n",
                words[0], words[2], words[3]
            );
            arrivals.push(words[0].parse::<f64>().expect("a number of seconds"));
        }
        let file = format!("trace {}.csv", self.scenario.demands.len());
        let trace = TraceFile {
            file: file.clone(),
            rows: arrivals.len() as u64,
            is_sorted: arrivals.is_sorted(),
            last_ms: self.scenario.duration_ms,
        };
        self.files.insert(file, csv.into_bytes());
        let stay = Distribution::Constant(u64::MAX);
        let mut demand = demand(&self.scenario, "traced", Arrivals::Trace(trace), stay);
        change(&mut demand);
        self.scenario.demands.push(demand);
        self
    }

    fn run(self) -> (Vec<String>, Summary) {
        let mut observers = (Transcript::default(), Summary::new(&self.scenario));
        let mut simulation =
            Simulation::new(Arc::new(self.scenario), &self.files).expect("the files are there");
        simulation.advance(simulation.end(), &mut observers).expect("the trace can be read");
        (observers.0.lines, observers.1)
    }

    /// The run in words, without the hosts of the start and the arrivals, which cause the rest.
    fn check(self, expected: Expect) {
        let is_left_out = |line: &str| {
            let is_first_host = line.starts_with("0 ms: h") && line.contains("added");
            is_first_host || line.contains(" arrived from ") || line.ends_with("the run ended")
        };
        let short = |line: &String| line.replace(" (waited 0 ms, boots 0 ms)", "");
        let lines: Vec<String> =
            self.run().0.iter().filter(|line| !is_left_out(line)).map(short).collect();
        expected.assert_eq(&lines.join("\n"));
    }
}

fn waits(demand: &mut Demand) {
    demand.when_full = WhenFull::Wait { ms_max: u64::MAX };
}

fn apart(per_host_max: u32, per_rack_max: u32, per_zone_max: u32) -> impl FnOnce(&mut Demand) {
    move |demand| {
        let rule = GroupRule { per_host_max, per_rack_max, per_zone_max, ..GroupRule::NONE };
        demand.group = Some(rule);
    }
}

const ANY: u32 = u32::MAX;

/// So many racks, dealt out to so many zones; the hosts one after another in them.
fn in_racks(zones: usize, racks: usize) -> impl FnOnce(&mut Scenario) {
    move |scenario| {
        scenario.zones = (0..zones).map(|zone| format!("z{zone}")).collect();
        let rack = |row| Rack { name: format!("r{row}"), zone: ZoneId::from_row(row % zones) };
        scenario.racks = (0..racks).map(rack).collect();
        scenario.pools[0].racks = (0..racks).map(RackId::from_row).collect();
        for (row, host) in scenario.hosts.iter_mut().enumerate() {
            host.rack = RackId::from_row(row % racks);
        }
    }
}

/// A plan for the only type of host.
fn grows(curve: Curve) -> impl FnOnce(&mut Scenario) {
    move |scenario| {
        scenario.growth.push(Growth { host_type: HostTypeId::from_row(0), curve });
    }
}

fn orders(trigger: f64, batch: u32, lead_ms: u64) -> Procurement {
    Procurement {
        host_type: HostTypeId::from_row(0),
        trigger,
        batch,
        hosts_max: None,
        lead_time: Distribution::Constant(lead_ms),
        review_ms: 10_000,
    }
}

#[test]
fn who_departs_makes_room_for_who_arrives_at_the_same_instant() {
    hosts(1).trace("0 10 4 8; 10 5 4 8").check(expect![[r#"
        0 ms: placed q0 as vm0 on h0
        10000 ms: vm0 of q0 left h0
        10000 ms: placed q1 as vm0 on h0
        15000 ms: vm0 of q1 left h0"#]]);
}

#[test]
fn a_vm_of_no_lifetime_is_gone_before_the_next_arrival() {
    hosts(1).trace("3 0 4 8; 3 0 4 8; 3 - 4 8").check(expect![[r#"
        3000 ms: placed q0 as vm0 on h0
        3000 ms: vm0 of q0 left h0
        3000 ms: placed q1 as vm0 on h0
        3000 ms: vm0 of q1 left h0
        3000 ms: placed q2 as vm0 on h0"#]]);
}

#[test]
fn a_delivery_comes_before_who_arrives_at_the_same_instant() {
    let buys = |scenario: &mut Scenario| scenario.procurement.push(orders(1.0, 1, 20_000));
    hosts(1).with(buys).trace("5 - 4 8; 30 - 1 1").check(expect![[r#"
        5000 ms: placed q0 as vm0 on h0
        10000 ms: order 0: 1 hosts of type t0 in 20000 ms
        30000 ms: order 0 arrived: 1 hosts
        30000 ms: h1 of type t0 added in rack r0
        30000 ms: placed q1 as vm1 on h1"#]]);
}

#[test]
fn equal_arrivals_keep_the_order_of_their_rows() {
    hosts(1).trace("1 - 3 1 name=c; 1 - 2 1 name=a; 1 - 1 1 name=b").check(expect![[r#"
        1000 ms: placed q0 as vm0 on h0
        1000 ms: refused q1: Short(1) (waited 0 ms)
        1000 ms: placed q2 as vm1 on h0"#]]);
}

#[test]
fn an_unsorted_trace_runs_as_its_rows_sorted() {
    let unsorted = "9 1 2 2 name=d; 1 5 3 3 name=b; 9 1 2 2 name=e; 0 4 1 1 name=a; 1 9 2 2 name=c";
    let sorted = "0 4 1 1 name=a; 1 5 3 3 name=b; 1 9 2 2 name=c; 9 1 2 2 name=d; 9 1 2 2 name=e";
    assert_eq!(hosts(1).trace(unsorted).run().0, hosts(1).trace(sorted).run().0);
}

#[test]
fn a_run_ends_with_its_last_instant() {
    let short = |scenario: &mut Scenario| scenario.duration_ms = 10_000;
    let world = hosts(1).with(short).trace("1 9 1 1; 2 9 1 1; 10 - 1 1; 10.001 - 1 1");
    let (lines, summary) = world.run();
    assert_eq!((summary.total.requests, summary.alive.value), (3, 2));
    expect![[r#"
        10000 ms: vm0 of q0 left h0
        10000 ms: q2 arrived from d0
        10000 ms: placed q2 as vm0 on h0 (waited 0 ms, boots 0 ms)
        10000 ms: the run ended"#]]
    .assert_eq(&lines[lines.len() - 4..].join("\n"));
}

#[test]
fn a_plan_adds_hosts_when_its_curve_passes() {
    // 1 host, a second from 1.5 (5 s) on, a third from 2.5 (15 s) on.
    let curve = Curve::Linear { from: 1.0, to: 3.0, over_ms: 20_000 };
    hosts(1).with(grows(curve)).trace("4.999 - 4 8; 5 - 4 8; 14.999 - 4 8; 15 - 4 8").check(
        expect![[r#"
            4999 ms: placed q0 as vm0 on h0
            5000 ms: h1 of type t0 added in rack r0
            5000 ms: placed q1 as vm1 on h1
            14999 ms: refused q2: Short(3) (waited 0 ms)
            15000 ms: h2 of type t0 added in rack r0
            15000 ms: placed q3 as vm2 on h2"#]],
    );
}

#[test]
fn a_plan_whose_hosts_retire_while_it_is_low_still_follows_its_curve_up() {
    let step = |(at_ms, value)| Step { at_ms, value, ramp_ms: 0 };
    let steps = [(0, 3.0), (10_000, 1.0), (30_000, 2.0)].map(step).to_vec();
    let ages = |scenario: &mut Scenario| scenario.models[0].retire_after_ms = Some(20_000);
    hosts(3).with(ages).with(grows(Curve::Steps(steps))).with(|s| s.duration_ms = 35_000).check(
        expect![[r#"
            20000 ms: h0 takes no more VMs
            20000 ms: h0 left service
            20000 ms: h1 takes no more VMs
            20000 ms: h1 left service
            20000 ms: h2 takes no more VMs
            20000 ms: h2 left service
            20000 ms: h3 of type t0 added in rack r0
            30000 ms: h4 of type t0 added in rack r0"#]],
    );
}

#[test]
fn what_is_on_order_counts_towards_the_next_order() {
    // Reviews every 10 s. 6 of 8 cpu at 0 s reach 70 %: one batch of 2 hosts, and no more until
    // committed is 70 % of the 16 cpu that are there or on order.
    let buys = |scenario: &mut Scenario| scenario.procurement.push(orders(0.7, 2, 35_000));
    let world = hosts(2).with(buys).with(|s| s.duration_ms = 70_000);
    world.trace("1 - 3 1; 2 - 3 1; 15 - 1 1; 25 - 1 1; 41 - 3 1; 45 - 1 1").check(expect![[r#"
        1000 ms: placed q0 as vm0 on h0
        2000 ms: placed q1 as vm1 on h1
        10000 ms: order 0: 2 hosts of type t0 in 35000 ms
        15000 ms: placed q2 as vm2 on h0
        25000 ms: placed q3 as vm3 on h1
        41000 ms: refused q4: Short(1) (waited 0 ms)
        45000 ms: order 0 arrived: 2 hosts
        45000 ms: h2 of type t0 added in rack r0
        45000 ms: h3 of type t0 added in rack r0
        45000 ms: placed q5 as vm4 on h2"#]]);
}

/// An order by date of hosts of the first type, each taking so long.
fn by_date(at_ms: u64, hosts: u32, lead_ms: u64) -> PlannedOrder {
    let host_type = HostTypeId::from_row(0);
    PlannedOrder { host_type, at_ms, hosts, lead_time: Distribution::Constant(lead_ms) }
}

#[test]
fn an_order_by_date_is_placed_whatever_the_fleet_looks_like() {
    let plan = |s: &mut Scenario| s.orders = vec![by_date(0, 1, 30_000), by_date(5_000, 2, 5_000)];
    let world = hosts(1).with(plan).with(|s| s.duration_ms = 40_000);
    world.trace("1 - 1 1").check(expect![[r#"
        0 ms: order 0: 1 hosts of type t0 in 30000 ms
        1000 ms: placed q0 as vm0 on h0
        5000 ms: order 1: 2 hosts of type t0 in 5000 ms
        10000 ms: order 1 arrived: 2 hosts
        10000 ms: h1 of type t0 added in rack r0
        10000 ms: h2 of type t0 added in rack r0
        30000 ms: order 0 arrived: 1 hosts
        30000 ms: h3 of type t0 added in rack r0"#]]);
}

#[test]
fn who_waits_gets_the_hosts_of_an_order_by_date_that_is_still_to_be_placed() {
    let plan = |s: &mut Scenario| s.orders = vec![by_date(20_000, 1, 5_000)];
    let world = hosts(0).with(plan).with(|s| s.duration_ms = 40_000);
    world.trace_with("1 - 4 1", waits).check(expect![[r#"
        1000 ms: q0 waits: NoHosts
        20000 ms: order 0: 1 hosts of type t0 in 5000 ms
        25000 ms: order 0 arrived: 1 hosts
        25000 ms: h0 of type t0 added in rack r0
        25000 ms: placed q0 as vm0 on h0 (waited 24000 ms, boots 0 ms)"#]]);
}

#[test]
fn rules_count_what_is_ordered_by_date() {
    // 3 of 4 cpu reach 70 %, but a host is on order since 5 s.
    let plan = |s: &mut Scenario| {
        s.orders = vec![by_date(5_000, 1, 50_000)];
        s.procurement.push(orders(0.7, 2, 35_000));
    };
    let world = hosts(1).with(plan).with(|s| s.duration_ms = 20_000);
    world.trace("1 - 3 1").check(expect![[r#"
        1000 ms: placed q0 as vm0 on h0
        5000 ms: order 0: 1 hosts of type t0 in 50000 ms"#]]);
}

#[test]
fn an_order_by_date_draws_its_lead_time_for_itself() {
    let leads = |times: &[u64]| {
        let lead_time = Distribution::Exponential { mean_ms: 10_000.0 };
        let order = |at| PlannedOrder { lead_time: lead_time.clone(), ..by_date(at, 1, 0) };
        let plan = |s: &mut Scenario| s.orders = times.iter().map(|at| order(*at)).collect();
        let (_, summary) = hosts(1).with(plan).trace("1 - 1 1").run();
        let of = |placed: &fleetcast_core::observe::summary::OrderPlaced| {
            (placed.at.ms(), placed.lead_ms)
        };
        summary.orders.iter().map(of).collect::<Vec<_>>()
    };
    let (alone, among) = (leads(&[3_000]), leads(&[1_000, 3_000, 3_000, 4_000]));
    assert!(among.contains(&alone[0]), "{alone:?} {among:?}");
    assert_ne!(among[1].1, among[2].1, "two orders of one instant are two orders");
}

#[test]
fn orders_stop_at_the_most_hosts() {
    let buys = |scenario: &mut Scenario| {
        scenario.procurement.push(Procurement { hosts_max: Some(4), ..orders(0.5, 2, 1_000) });
    };
    let world = hosts(1).with(buys).with(|s| s.duration_ms = 60_000);
    world.trace("1 - 4 1; 15 - 4 1; 25 - 4 1; 35 - 4 1").check(expect![[r#"
        1000 ms: placed q0 as vm0 on h0
        10000 ms: order 0: 2 hosts of type t0 in 1000 ms
        11000 ms: order 0 arrived: 2 hosts
        11000 ms: h1 of type t0 added in rack r0
        11000 ms: h2 of type t0 added in rack r0
        15000 ms: placed q1 as vm1 on h1
        25000 ms: placed q2 as vm2 on h2
        35000 ms: refused q3: Short(1) (waited 0 ms)"#]]);
}

#[test]
fn an_order_is_as_large_as_what_waits_needs() {
    let buys = |scenario: &mut Scenario| scenario.procurement.push(orders(1.0, 1, 1_000));
    let world = hosts(1).with(buys).with(|s| s.duration_ms = 30_000);
    world.trace_with("1 - 4 1; 2 - 4 1; 3 - 4 1", waits).check(expect![[r#"
        1000 ms: placed q0 as vm0 on h0
        2000 ms: q1 waits: Short(1)
        3000 ms: q2 waits: Short(1)
        10000 ms: order 0: 3 hosts of type t0 in 1000 ms
        11000 ms: order 0 arrived: 3 hosts
        11000 ms: h1 of type t0 added in rack r0
        11000 ms: placed q1 as vm1 on h1 (waited 9000 ms, boots 0 ms)
        11000 ms: h2 of type t0 added in rack r0
        11000 ms: placed q2 as vm2 on h2 (waited 8000 ms, boots 0 ms)
        11000 ms: h3 of type t0 added in rack r0"#]]);
}

/// Growth from 100 to 2,000 hosts' worth of VMs in 36 months, with 70 days from order to service.
fn grown(trigger: f64) -> Summary {
    let mut scenario = bare(&["cpu"]);
    scenario.duration_ms = 36 * MONTH_MS;
    // The fleet starts where the trigger would have it.
    add_hosts(&mut scenario, &[10], (100.0 / trigger) as usize);
    add_flavor(&mut scenario, &[10]);
    let curve = Curve::Exponential { from: 100.0, to: 2_000.0, over_ms: 36 * MONTH_MS };
    let for_good = Distribution::Constant(u64::MAX);
    let mut demand = demand(&scenario, "vms", Arrivals::Alive(curve), for_good);
    demand.when_full = WhenFull::Wait { ms_max: u64::MAX };
    scenario.demands.push(demand);
    let procurement = Procurement { review_ms: DAY_MS, ..orders(trigger, 1, 70 * DAY_MS) };
    scenario.procurement.push(procurement);
    World { scenario, files: MemoryFiles::default() }.run().1
}

#[test]
fn with_70_days_lead_an_order_at_85_percent_comes_too_late_and_one_at_70_does_not() {
    // Growth of 8.68 % a month is e^(g 70 d) = 1.211 in 70 days. An order keeps committed at the
    // trigger of what is there or on order; what is there then is what was so 70 days ago: demand
    // reaches 0.85 × 1.211 = 1.03 of the capacity there, or 0.70 × 1.211 = 0.85.
    let (late, early) = (grown(0.85), grown(0.70));
    let demand = |summary: &Summary| (summary.alive.value + summary.waiting.value) as f64;
    let capacity = |summary: &Summary| summary.capacity[0].value as f64 / 10.0;
    assert_eq!(demand(&late), 2_000.0);
    let over = demand(&late) / capacity(&late);
    assert!((over - 1.03).abs() < 0.005, "{over}");
    assert!(late.waited_by.values().sum::<u64>() > 1_000);
    let under = demand(&early) / capacity(&early);
    assert!((under - 0.85).abs() < 0.005, "{under}");
    assert_eq!(early.waited_by.values().sum::<u64>(), 0);
}

#[test]
fn a_host_that_retires_takes_no_more_vms_and_leaves_when_empty() {
    let ages = |scenario: &mut Scenario| {
        scenario.models[0].retire_after_ms = Some(10_000);
        scenario.hosts[1].age_ms = 4_000;
    };
    hosts(2).with(ages).trace("1 20 1 1; 9 - 4 8; 11 - 1 1").check(expect![[r#"
        1000 ms: placed q0 as vm0 on h0
        6000 ms: h1 takes no more VMs
        6000 ms: h1 left service
        9000 ms: refused q1: Short(3) (waited 0 ms)
        10000 ms: h0 takes no more VMs
        11000 ms: refused q2: Cordoned (waited 0 ms)
        21000 ms: vm0 of q0 left h0
        21000 ms: h0 left service"#]]);
}

#[test]
fn the_first_that_fits_is_served_first() {
    // When 2 cpu come free, q1 (3 cpu) does not fit, q2 and q3 do; q1 goes when all is free.
    let rows = "0 20 2 2; 0 10 2 2; 1 5 3 3; 2 5 1 1; 3 5 1 1; 4 5 1 1";
    hosts(1).trace_with(rows, waits).check(expect![[r#"
        0 ms: placed q0 as vm0 on h0
        0 ms: placed q1 as vm1 on h0
        1000 ms: q2 waits: Short(1)
        2000 ms: q3 waits: Short(1)
        3000 ms: q4 waits: Short(1)
        4000 ms: q5 waits: Short(1)
        10000 ms: vm1 of q1 left h0
        10000 ms: placed q3 as vm1 on h0 (waited 8000 ms, boots 0 ms)
        10000 ms: placed q4 as vm2 on h0 (waited 7000 ms, boots 0 ms)
        15000 ms: vm1 of q3 left h0
        15000 ms: placed q5 as vm1 on h0 (waited 11000 ms, boots 0 ms)
        15000 ms: vm2 of q4 left h0
        20000 ms: vm0 of q0 left h0
        20000 ms: placed q2 as vm0 on h0 (waited 19000 ms, boots 0 ms)
        20000 ms: vm1 of q5 left h0
        25000 ms: vm0 of q2 left h0"#]]);
}

#[test]
fn who_waits_too_long_is_refused_for_the_reason_he_came_with() {
    let patient = |demand: &mut Demand| demand.when_full = WhenFull::Wait { ms_max: 10_000 };
    // q2 lacks cpu at 1 s; from 5 s on, q1 has all the memory, and memory is all that q2 lacks.
    let rows = "0 5 4 1; 0.5 - 1 8; 1 - 2 2";
    hosts(1).trace_with(rows, patient).check(expect![[r#"
        0 ms: placed q0 as vm0 on h0
        500 ms: q1 waits: Short(3)
        1000 ms: q2 waits: Short(1)
        5000 ms: vm0 of q0 left h0
        5000 ms: placed q1 as vm0 on h0 (waited 4500 ms, boots 0 ms)
        11000 ms: refused q2: Short(1) (waited 10000 ms)"#]]);
}

#[test]
fn anti_affinity_gives_each_member_a_host_of_its_own() {
    let rows =
        "1 10 1 1 group=a; 1 - 1 1 group=a; 1 - 1 1 group=a; 1 - 1 1 group=b; 11 - 1 1 group=a";
    hosts(2).trace_with(rows, apart(1, ANY, ANY)).check(expect![[r#"
        1000 ms: placed q0 as vm0 on h0
        1000 ms: placed q1 as vm1 on h1
        1000 ms: refused q2: GroupPerHost (waited 0 ms)
        1000 ms: placed q3 as vm2 on h0
        11000 ms: vm0 of q0 left h0
        11000 ms: placed q4 as vm0 on h0"#]]);
}

#[test]
fn no_more_than_so_many_of_a_group_share_a_rack() {
    // Hosts 0 and 2 are in one rack, 1 and 3 in the other.
    let rows = "1 - 1 1; 2 - 1 1; 3 - 1 1; 4 - 1 1; 5 - 1 1";
    hosts(4).with(in_racks(1, 2)).trace_with(rows, apart(ANY, 2, ANY)).check(expect![[r#"
        1000 ms: placed q0 as vm0 on h0
        2000 ms: placed q1 as vm1 on h0
        3000 ms: placed q2 as vm2 on h1
        4000 ms: placed q3 as vm3 on h1
        5000 ms: refused q4: GroupPerRack (waited 0 ms)"#]]);
}

#[test]
fn no_more_than_so_many_of_a_group_share_a_zone() {
    // Racks 0 and 2 are in one zone, 1 in the other.
    let rows = "1 - 1 1; 2 - 1 1; 3 - 1 1";
    hosts(3).with(in_racks(2, 3)).trace_with(rows, apart(ANY, ANY, 1)).check(expect![[r#"
        1000 ms: placed q0 as vm0 on h0
        2000 ms: placed q1 as vm1 on h1
        3000 ms: refused q2: GroupPerZone (waited 0 ms)"#]]);
}

#[test]
fn the_limit_that_stopped_most_hosts_is_the_reason() {
    // q2 could share neither h0 nor h1, and in h2 it would share the zone of h0.
    let rows = "1 - 1 1; 2 - 1 1; 3 - 1 1";
    hosts(3).with(in_racks(2, 3)).trace_with(rows, apart(1, ANY, 1)).check(expect![[r#"
        1000 ms: placed q0 as vm0 on h0
        2000 ms: placed q1 as vm1 on h1
        3000 ms: refused q2: GroupPerHost (waited 0 ms)"#]]);
}

#[test]
fn a_member_that_leaves_makes_room_for_a_mate_anywhere_in_its_rack() {
    // q2 waits for the rack, not for room: when q0 leaves h0, q2 still needs more than h0 has.
    let world = hosts(2).trace_with("0 10 1 1; 1 - 1 1; 2 - 2 1", |demand| {
        waits(demand);
        apart(ANY, 2, ANY)(demand);
    });
    world.trace("3 - 2 2").check(expect![[r#"
        0 ms: placed q0 as vm0 on h0
        1000 ms: placed q1 as vm1 on h0
        2000 ms: q2 waits: GroupPerRack
        3000 ms: placed q3 as vm2 on h0
        10000 ms: vm0 of q0 left h0
        10000 ms: placed q2 as vm0 on h1 (waited 8000 ms, boots 0 ms)"#]]);
}

/// The reason of the last request's refusal, in a fleet of two kinds of host.
fn check_reason(rows: &str, change: impl FnOnce(&mut Demand), expected: &str) {
    let mut world = hosts(2);
    // A small host in another pool, with a label.
    let scenario = &mut world.scenario;
    let small = add_hosts(scenario, &[1_000, 2], 1);
    scenario.pools.push(Pool { name: "small".into(), racks: vec![RackId::from_row(0)] });
    scenario.labels = vec!["gpu=yes".into(), "ssd=yes".into()];
    scenario.host_types[small.row()].pool = PoolId::from_row(1);
    scenario.host_types[small.row()].labels = vec![LabelId::from_row(0)];
    let (lines, _) = world.trace_with(rows, change).run();
    let refused = lines.iter().rfind(|line| line.contains("refused")).map_or("", |line| {
        let words = line.split(": ").nth(2).expect("a reason follows");
        words.split(" (").next().expect("the reason stands before the wait")
    });
    assert_eq!(refused, expected, "{rows}");
}

#[test]
fn a_refusal_names_what_turned_most_hosts_away() {
    check_reason("1 - 5 1", |_| {}, "Short(1)");
    check_reason("1 - 1 9", |_| {}, "Short(2)");
    // The two large hosts lack both, the small one too.
    check_reason("1 - 5 9", |_| {}, "Short(3)");
    // The large lack cpu only; the small one, both: it is outnumbered.
    check_reason("1 - 5 3", |_| {}, "Short(1)");
    // One large host lacks cpu, one memory, the small one both: equal counts go to the first.
    check_reason("1 - 4 1; 1 - 0 8; 1 - 3 4", |_| {}, "Short(1)");
    // In its pool there is only the small one, which came further than those of the wrong pool.
    check_reason("1 - 2 1 pool=small", |_| {}, "Short(1)");
    check_reason("1 - 2 3 pool=small", |_| {}, "Short(3)");
    check_reason("1 - 1 1 pool=small; 2 - 0.5 1 pool=small", |_| {}, "Short(1)");
}

#[test]
fn a_refusal_names_labels_only_if_no_host_has_them() {
    let asks = |labels: &'static [usize]| {
        move |demand: &mut Demand| {
            demand.labels = labels.iter().map(|row| LabelId::from_row(*row)).collect();
        }
    };
    check_reason("1 - 1 1", asks(&[0]), "");
    check_reason("1 - 2 1", asks(&[0]), "Short(1)");
    check_reason("1 - 1 1", asks(&[1]), "Labels");
    check_reason("1 - 1 1", asks(&[0, 1]), "Labels");
    check_reason("1 - 1 1 pool=pool", asks(&[0]), "Labels");
}

#[test]
fn a_refusal_names_a_pool_without_hosts_and_a_fleet_without_hosts() {
    let refused = |world: World| world.trace("1 - 1 1 pool=empty").run().1.refused_by;
    let empty = |scenario: &mut Scenario| {
        scenario.pools.push(Pool { name: "empty".into(), racks: vec![RackId::from_row(0)] });
    };
    expect!["{Pool: 1}"].assert_eq(&format!("{:?}", refused(hosts(1).with(empty))));
    expect!["{NoHosts: 1}"].assert_eq(&format!("{:?}", refused(hosts(0).with(empty))));
}

#[test]
fn a_number_alive_of_vms_that_live_for_no_time_comes_to_an_end() {
    let world = hosts(1).with(|scenario| {
        scenario.duration_ms = 3;
        let alive = Arrivals::Alive(Curve::Constant(1.0));
        scenario.demands.push(demand(scenario, "vms", alive, Distribution::Constant(0)));
    });
    assert_eq!(world.run().1.total.requests, 4);
}

#[test]
fn lifetimes_of_a_file_are_all_that_vms_live() {
    let mut world = hosts(0).with(|scenario| {
        add_hosts(scenario, &[1 << 40, 1 << 40], 1);
        let lifetime = Distribution::Sample(vec![1_000, 7_000]);
        scenario.demands.push(demand(scenario, "vms", rate(0.01), lifetime));
    });
    world.scenario.duration_ms = 100_000;
    let (lines, summary) = world.run();
    let at = |line: &str| line.split(' ').next().and_then(|ms| ms.parse::<u64>().ok());
    let of = |line: &str, word: &str| line.split(' ').any(|found| found == word);
    let (mut short, mut long) = (0, 0);
    for left in lines.iter().filter(|line| line.ends_with("left h0")) {
        let request = left.split(' ').nth(4).expect("whose VM it was");
        let placed = lines.iter().find(|l| l.contains(": placed ") && of(l, request));
        match at(left).zip(at(placed.expect("it was placed"))) {
            Some((left, placed)) if left - placed == 1_000 => short += 1,
            Some((left, placed)) if left - placed == 7_000 => long += 1,
            other => panic!("{left}: {other:?}"),
        }
    }
    assert!(summary.total.requests > 900 && short > 350 && long > 350, "{short} and {long}");
}
