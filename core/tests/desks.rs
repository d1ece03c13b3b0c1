//! Desks: the plain queue judges the engine ticket by ticket, closed forms judge it as a whole.

mod common;

use common::{add_flavor, add_hosts, bare, demand, rate};
use expect_test::expect;
use fleetcast_core::fact::{Fact, Stage, Stages};
use fleetcast_core::hours::Hours;
use fleetcast_core::observe::{Observer, Summary, Transcript};
use fleetcast_core::provisioning::desk::{Ticket, serve};
use fleetcast_core::provisioning::queueing::{Mmc, mg1_wait, priority_waits};
use fleetcast_core::report::Report;
use fleetcast_core::scenario::*;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::NoFiles;
use fleetcast_core::state::State;
use fleetcast_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, Time};
use fleetcast_core::verdict;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A mean service time, the unit of time of all formulas here.
const MEAN_MS: f64 = 1e6;

fn exponential() -> Distribution {
    Distribution::Exponential { mean_ms: MEAN_MS }
}

fn desk(operators: u32, hands_on: Distribution) -> Desk {
    Desk {
        name: "desk".into(),
        hours: Hours::always(),
        approval: Distribution::Constant(0),
        operators: Some(operators),
        hands_on,
        every_ms: None,
        is_by_priority: false,
    }
}

/// Weekdays from 9 to 17 h.
fn office(scenario: &Scenario) -> Hours {
    let weekdays = [true, true, true, true, true, false, false];
    Hours::new(&scenario.calendar, 9 * HOUR_MS, 17 * HOUR_MS, weekdays)
}

/// Room for all; demands of these rates (a unit of time) and priorities, all through one desk.
fn scenario(desk: Desk, demands: &[(f64, i32)], units: f64) -> Scenario {
    let mut scenario = bare(&["slots"]);
    add_hosts(&mut scenario, &[1_000_000], 1);
    add_flavor(&mut scenario, &[1]);
    scenario.duration_ms = (units * MEAN_MS) as u64;
    for (row, (lambda, priority)) in demands.iter().enumerate() {
        let lifetime = Distribution::Constant(1);
        let mut of = demand(&scenario, &format!("d{row}"), rate(lambda / MEAN_MS), lifetime);
        of.priority = *priority;
        of.stops = vec![stop(0)];
        scenario.demands.push(of);
    }
    scenario.desks.push(desk);
    scenario
}

fn stop(row: usize) -> Stop {
    Stop { name: format!("desk{row}"), teams: vec![(None, DeskId::from_row(row))] }
}

fn run<O: Observer>(scenario: Scenario, mut observer: O) -> O {
    let mut simulation = Simulation::new(Arc::new(scenario), &NoFiles).expect("no file is named");
    simulation.advance(simulation.end(), &mut observer).expect("no trace is read");
    observer
}

fn report(scenario: &Scenario) -> Report {
    let summary = run(scenario.clone(), Summary::new(scenario));
    verdict::report(scenario, &summary, String::new())
}

/// What is heard of each request, by number.
#[derive(Default)]
struct Tickets {
    /// When it came, and from which demand.
    came: BTreeMap<u64, (Time, usize)>,
    work_ms: BTreeMap<u64, u64>,
    queued_ms: BTreeMap<u64, u64>,
    placed: BTreeMap<u64, Time>,
    ready: BTreeMap<u64, Stages>,
}

impl Observer for Tickets {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        match *fact {
            Fact::Requested { request, demand, .. } => {
                self.came.insert(request.0, (now, demand.row()));
            }
            Fact::Approved { request, work_ms, .. } => {
                self.work_ms.insert(request.0, work_ms);
            }
            Fact::TakenUp { request, queued_ms, .. } => {
                self.queued_ms.insert(request.0, queued_ms);
            }
            Fact::Placed { request, waited_ms, .. } => {
                assert_eq!(waited_ms, now.since_ms(self.came[&request.0].0));
                self.placed.insert(request.0, now);
            }
            Fact::Provisioned { request, stages, .. } => {
                self.ready.insert(request.0, stages);
            }
            _ => {}
        }
    }
}

/// How long each of these waits at the plain desk, by request, on the clock of `hours`.
fn plain(scenario: &Scenario, tickets: &Tickets, hours: &Hours) -> BTreeMap<u64, u64> {
    let desk = &scenario.desks[0];
    let priorities: Vec<i32> = scenario.demands.iter().map(|demand| demand.priority).collect();
    let mut classes = priorities.clone();
    classes.sort_unstable_by_key(|priority| -priority);
    classes.dedup();
    let class = |row: usize| match desk.is_by_priority {
        true => classes.iter().position(|class| *class == priorities[row]).unwrap(),
        false => 0,
    };
    let worked = |at: Time| Time::from_ms(hours.between_ms(Time::ZERO, at));
    let waiting = tickets.work_ms.iter().map(|(request, work_ms)| {
        let (at, row) = tickets.came[request];
        (*request, Ticket { at: worked(at), class: class(row), work_ms: *work_ms })
    });
    let waiting: Vec<_> = waiting.collect();
    // Tickets of one instant, class and length are alike: who of them waits how long is not told.
    let mut by_ticket: BTreeMap<(Time, usize, u64), Vec<u64>> = BTreeMap::new();
    for (request, ticket) in waiting.iter().rev() {
        by_ticket.entry((ticket.at, ticket.class, ticket.work_ms)).or_default().push(*request);
    }
    let mut waits = BTreeMap::new();
    let all = waiting.iter().map(|(_, ticket)| *ticket);
    serve(desk.operators.unwrap(), classes.len(), all, |served| {
        let Ticket { at, class, work_ms } = served.ticket;
        let request = by_ticket.get_mut(&(at, class, work_ms)).unwrap().pop().unwrap();
        waits.insert(request, served.wait_ms);
    });
    waits
}

proptest! {
    /// Ticket by ticket: first come first served or by priority, around the clock or in office
    /// hours.
    #[test]
    fn tickets_wait_as_at_the_plain_desk(
        seed in 0u64..1_000,
        operators in 1u32..5,
        load in 0.2f64..1.3,
        priorities in prop::collection::vec(-2i32..3, 1..4),
        has_priorities in any::<bool>(),
        sigma in 0.0f64..1.5,
    ) {
        let lambda = load * f64::from(operators) / priorities.len() as f64;
        let demands: Vec<_> = priorities.iter().map(|priority| (lambda, *priority)).collect();
        let hands_on = Distribution::Lognormal { mu: libm::log(MEAN_MS) - sigma * sigma / 2.0, sigma };
        let mut scenario = scenario(desk(operators, hands_on), &demands, 400.0);
        scenario.seed = seed;
        scenario.desks[0].is_by_priority = has_priorities;
        if !has_priorities {
            scenario.desks[0].hours = office(&scenario);
        }
        let tickets = run(scenario.clone(), Tickets::default());
        let hours = scenario.desks[0].hours;
        let waits = plain(&scenario, &tickets, &hours);
        prop_assert_eq!(tickets.came.len(), waits.len());
        // Who is not taken up by the end waits longer than the run.
        let end = hours.between_ms(Time::ZERO, Time::from_ms(scenario.duration_ms));
        for (request, wait_ms) in &waits {
            let came = hours.between_ms(Time::ZERO, tickets.came[request].0);
            match tickets.queued_ms.get(request) {
                Some(queued_ms) => prop_assert_eq!(queued_ms, wait_ms, "request {}", request),
                None => prop_assert!(came + wait_ms >= end, "request {request}: {wait_ms} ms"),
            }
        }
    }

    /// Stages add up to the time from request to ready, and to nothing else.
    #[test]
    fn stages_are_all_of_the_time(seed in 0u64..1_000, every_h in 0u64..30, operators in 1u32..4) {
        let mut scenario = scenario(desk(operators, exponential()), &[(0.8, 0)], 400.0);
        scenario.seed = seed;
        scenario.demands[0].boot = Distribution::Exponential { mean_ms: 1e4 };
        scenario.demands[0].stops.push(stop(1));
        scenario.desks[0].hours = office(&scenario);
        scenario.desks[0].approval = Distribution::Exponential { mean_ms: 2e6 };
        scenario.desks[0].every_ms = (every_h > 0).then_some(every_h * HOUR_MS);
        scenario.desks.push(Desk { operators: None, ..desk(1, exponential()) });
        let tickets = run(scenario.clone(), Tickets::default());
        prop_assert!(!tickets.ready.is_empty());
        for (request, stages) in &tickets.ready {
            let placed_ms = tickets.placed[request].since_ms(tickets.came[request].0);
            prop_assert_eq!(stages.total_ms() - stages.ms(Stage::Boot), placed_ms);
            prop_assert_eq!(stages.ms(Stage::Room), 0);
        }
    }
}

#[track_caller]
fn near(what: &str, found: f64, expected: f64, tolerance: f64) {
    let off = found / expected - 1.0;
    assert!(off.abs() <= tolerance, "{what}: {found} for {expected}, {:.1}% off", off * 100.0);
}

/// How many tickets had to wait.
#[derive(Default)]
struct Waits {
    all: u64,
    waited: u64,
}

impl Observer for Waits {
    fn hear(&mut self, _: Time, fact: &Fact<'_>, _: &State) {
        if let Fact::TakenUp { queued_ms, .. } = fact {
            self.all += 1;
            self.waited += u64::from(*queued_ms > 0);
        }
    }
}

/// Mean and 95th percentile of the wait, and the mean and 95th percentile of the time, in mean
/// service times; and the share that waits.
fn figures(scenario: &Scenario) -> [f64; 5] {
    let (summary, waits) = run(scenario.clone(), (Summary::new(scenario), Waits::default()));
    let report = verdict::report(scenario, &summary, String::new());
    let provisioning = report.provisioning.unwrap();
    let queued = provisioning.desks[0].queued_s.clone().unwrap();
    let unit_s = MEAN_MS / 1e3;
    let share = waits.waited as f64 / waits.all as f64;
    let time = provisioning.all.at_desks_s;
    [queued.mean / unit_s, queued.p95 / unit_s, time.mean / unit_s, time.p95 / unit_s, share]
}

#[test]
fn queues_are_those_of_erlang() {
    for (servers, rho) in [(1, 0.5), (1, 0.8), (3, 0.8), (3, 0.9), (10, 0.8), (10, 0.9), (50, 0.9)]
    {
        let lambda = rho * f64::from(servers);
        let queue = Mmc { lambda, mu: 1.0, servers };
        // The nearer to saturation, the longer a queue remembers.
        let customers = if rho < 0.9 { 60_000.0 } else { 250_000.0 };
        let units = customers / lambda;
        let scenario = scenario(desk(servers, exponential()), &[(lambda, 0)], units);
        let [wait, wait_p95, time, time_p95, share] = figures(&scenario);
        let what = format!("M/M/{servers} at {rho}");
        near(&format!("{what}, wait"), wait, queue.wait(), 0.10);
        near(&format!("{what}, wait p95"), wait_p95, queue.wait_quantile(0.95), 0.12);
        near(&format!("{what}, time"), time, queue.time(), 0.10);
        near(&format!("{what}, time p95"), time_p95, queue.time_quantile(0.95), 0.12);
        assert!((share - queue.p_wait()).abs() < 0.02, "{what}: {share} for {}", queue.p_wait());
    }
}

#[test]
fn the_shape_of_service_matters_as_pollaczek_and_khinchine_say() {
    let mixture = |p: f64| {
        // Balanced means with cs² = 4.
        let part = |p: f64| (p, Distribution::Exponential { mean_ms: MEAN_MS / (2.0 * p) });
        Distribution::Mixture(vec![part(p), part(1.0 - p)])
    };
    let p = (1.0 + (3.0_f64 / 5.0).sqrt()) / 2.0;
    let fixed = Distribution::Constant(MEAN_MS as u64);
    for (hands_on, cs2) in [(fixed, 0.0), (exponential(), 1.0), (mixture(p), 4.0)] {
        let scenario = scenario(desk(1, hands_on), &[(0.8, 0)], 150_000.0);
        let [wait, ..] = figures(&scenario);
        near(&format!("M/G/1 with cs² {cs2}"), wait, mg1_wait(0.8, 1.0, cs2), 0.10);
    }
}

#[test]
fn priorities_share_the_wait_as_cobham_says() {
    let lambdas = [0.9, 2.7, 5.4];
    let demands: Vec<_> = lambdas.iter().zip([2, 1, 0]).map(|(l, p)| (*l, p)).collect();
    let mut scenario = scenario(desk(10, exponential()), &demands, 20_000.0);
    scenario.desks[0].is_by_priority = true;
    let tickets = run(scenario, Tickets::default());
    let expected = priority_waits(&lambdas, 1.0, 10);
    for (row, expected) in expected.iter().enumerate() {
        let of = tickets.queued_ms.iter().filter(|(request, _)| tickets.came[request].1 == row);
        let waits: Vec<u64> = of.map(|(_, ms)| *ms).collect();
        let mean = waits.iter().sum::<u64>() as f64 / waits.len() as f64 / MEAN_MS;
        near(&format!("class {row}"), mean, *expected, 0.12);
    }
}

#[test]
fn many_small_teams_wait_longer_than_one_large_one() {
    // Ten tenants at ρ 0.8: one pool of ten, or ten desks of one.
    let tenants = 10;
    let build = |is_split: bool| {
        let demands = vec![(0.8, 0); tenants];
        let operators = if is_split { 1 } else { tenants as u32 };
        let mut scenario = scenario(desk(operators, exponential()), &demands, 10_000.0);
        scenario.tenants = (0..tenants).map(|row| format!("t{row}")).collect();
        let team = |row: usize| (Some(TenantId::from_row(row)), DeskId::from_row(row));
        for (row, demand) in scenario.demands.iter_mut().enumerate() {
            demand.tenant = TenantId::from_row(row);
            if is_split {
                demand.stops[0].teams = (0..tenants).map(team).collect();
            }
        }
        if is_split {
            scenario.desks = vec![scenario.desks[0].clone(); tenants];
        }
        let tickets = run(scenario, Tickets::default());
        tickets.queued_ms.values().sum::<u64>() as f64 / tickets.queued_ms.len() as f64 / MEAN_MS
    };
    let of = |servers: u32| Mmc { lambda: 0.8 * f64::from(servers), mu: 1.0, servers }.wait();
    near("one pool of 10", build(false), of(10), 0.10);
    near("10 desks of one", build(true), of(1), 0.10);
}

/// Three operators, half an hour each, in 8 h a day.
fn ticket_desk(per_day: f64, days: u64) -> Scenario {
    let hands_on = Distribution::Exponential { mean_ms: 30.0 * MINUTE_MS as f64 };
    let mut scenario = scenario(desk(3, hands_on), &[(0.0, 0)], 1.0);
    scenario.duration_ms = days * DAY_MS;
    let office = office(&scenario);
    scenario.desks[0].hours = office;
    let Arrivals::Rate { per_ms, season } = &mut scenario.demands[0].arrivals else { panic!() };
    *per_ms = Curve::Constant(per_day / DAY_MS as f64);
    season.hours = Some(office);
    scenario
}

#[test]
fn a_desk_that_does_not_keep_up_has_a_growth_and_no_mean() {
    let growing = report(&ticket_desk(90.0, 364));
    let desk = &growing.provisioning.as_ref().unwrap().desks[0];
    near("growth", desk.grows_per_day.unwrap(), 42.0, 0.05);
    near("load", desk.load.unwrap(), 90.0 / 48.0, 0.05);
    near("busy", desk.utilisation.unwrap(), 1.0, 0.01);
    near("backlog", desk.backlog as f64, 42.0 * 260.0, 0.05);
    assert!(desk.queued_s.is_none() && desk.never_empty_since.is_some());
    assert!(growing.verdict.contains("does not keep up"), "{}", growing.verdict);
    let at_rest = report(&ticket_desk(40.0, 364));
    let desk = &at_rest.provisioning.as_ref().unwrap().desks[0];
    assert_eq!(desk.grows_per_day, None);
    near("busy", desk.utilisation.unwrap(), 40.0 / 48.0, 0.04);
}

#[track_caller]
fn check(change: impl FnOnce(&mut Scenario), expected: &expect_test::Expect) {
    let mut scenario = scenario(desk(1, Distribution::Constant(30_000)), &[(0.0, 0)], 1.0);
    scenario.duration_ms = 4 * DAY_MS;
    scenario.demands[0].lifetime = Distribution::Constant(u64::MAX);
    let step = |at_ms, value| Step { at_ms, value, ramp_ms: 0 };
    let steps = vec![step(0, 1.0), step(HOUR_MS, 2.0), step(HOUR_MS + 10_000, 3.0)];
    scenario.demands[0].arrivals = Arrivals::Alive(Curve::Steps(steps));
    change(&mut scenario);
    let transcript = run(scenario, Transcript::default());
    let lines =
        transcript.lines.iter().filter(|line| !line.contains("host") && !line.contains("h0 of"));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    expected.assert_eq(&text);
}

#[test]
fn vms_of_the_start_are_there_and_later_ones_go_through_the_desk() {
    check(
        |_| {},
        &expect![[r#"
            0 ms: q0 arrived from d0
            0 ms: placed q0 as vm0 on h0 (waited 0 ms, boots 0 ms)
            0 ms: q0 is ready as vm0 0 ms after it came
            3600000 ms: q1 arrived from d0
            3600000 ms: q1 is approved at k0
            3600000 ms: q1 is taken up at k0 (queued 0 ms)
            3610000 ms: q2 arrived from d0
            3610000 ms: q2 is approved at k0
            3630000 ms: q1 is done at k0
            3630000 ms: q2 is taken up at k0 (queued 20000 ms)
            3630000 ms: placed q1 as vm1 on h0 (waited 30000 ms, boots 0 ms)
            3630000 ms: q1 is ready as vm1 30000 ms after it came
            3660000 ms: q2 is done at k0
            3660000 ms: placed q2 as vm2 on h0 (waited 50000 ms, boots 0 ms)
            3660000 ms: q2 is ready as vm2 50000 ms after it came
            345600000 ms: the run ended
        "#]],
    );
}

#[test]
fn tickets_are_taken_up_once_a_day() {
    check(
        |scenario| {
            scenario.desks[0].every_ms = Some(DAY_MS);
            scenario.desks[0].hours = office(scenario);
        },
        &expect![[r#"
            0 ms: q0 arrived from d0
            0 ms: placed q0 as vm0 on h0 (waited 0 ms, boots 0 ms)
            0 ms: q0 is ready as vm0 0 ms after it came
            3600000 ms: q1 arrived from d0
            3610000 ms: q2 arrived from d0
            86400000 ms: q1 is approved at k0
            86400000 ms: q2 is approved at k0
            118800000 ms: q1 is taken up at k0 (queued 0 ms)
            118830000 ms: q1 is done at k0
            118830000 ms: q2 is taken up at k0 (queued 30000 ms)
            118830000 ms: placed q1 as vm1 on h0 (waited 115230000 ms, boots 0 ms)
            118830000 ms: q1 is ready as vm1 115230000 ms after it came
            118860000 ms: q2 is done at k0
            118860000 ms: placed q2 as vm2 on h0 (waited 115250000 ms, boots 0 ms)
            118860000 ms: q2 is ready as vm2 115250000 ms after it came
            345600000 ms: the run ended
        "#]],
    );
}

#[test]
fn a_ticket_is_handed_from_desk_to_desk() {
    check(
        |scenario| {
            let second = Desk {
                operators: None,
                approval: Distribution::Constant(5_000),
                ..scenario.desks[0].clone()
            };
            scenario.desks.push(second);
            scenario.demands[0].stops.push(stop(1));
        },
        &expect![[r#"
            0 ms: q0 arrived from d0
            0 ms: placed q0 as vm0 on h0 (waited 0 ms, boots 0 ms)
            0 ms: q0 is ready as vm0 0 ms after it came
            3600000 ms: q1 arrived from d0
            3600000 ms: q1 is approved at k0
            3600000 ms: q1 is taken up at k0 (queued 0 ms)
            3610000 ms: q2 arrived from d0
            3610000 ms: q2 is approved at k0
            3630000 ms: q1 is done at k0, goes to k1
            3630000 ms: q2 is taken up at k0 (queued 20000 ms)
            3635000 ms: q1 is approved at k1
            3635000 ms: q1 is taken up at k1 (queued 0 ms)
            3660000 ms: q2 is done at k0, goes to k1
            3665000 ms: q1 is done at k1
            3665000 ms: placed q1 as vm1 on h0 (waited 65000 ms, boots 0 ms)
            3665000 ms: q1 is ready as vm1 65000 ms after it came
            3665000 ms: q2 is approved at k1
            3665000 ms: q2 is taken up at k1 (queued 0 ms)
            3695000 ms: q2 is done at k1
            3695000 ms: placed q2 as vm2 on h0 (waited 85000 ms, boots 0 ms)
            3695000 ms: q2 is ready as vm2 85000 ms after it came
            345600000 ms: the run ended
        "#]],
    );
}
