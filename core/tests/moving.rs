//! What holds on every fleet in which VMs are pushed out and move, whatever it is made of.

mod common;
#[path = "common/fleets.rs"]
mod fleets;

use fleetcast_core::defrag::{self, Move};
use fleetcast_core::demand::{Request, Requests};
use fleetcast_core::fact::Fact;
use fleetcast_core::migration::{Link, WhenStuck};
use fleetcast_core::observe::{Observer, Transcript};
use fleetcast_core::resources::Amounts;
use fleetcast_core::scenario::*;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::state::{GroupId, HostId, HostStatus, Search, State, VmId};
use fleetcast_core::time::Time;
use fleets::{DURATION_MS, Fleet, fleets};
use proptest::prelude::*;
use proptest::strategy::Strategy;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Fleets with priorities and migrations.
fn moving() -> impl Strategy<Value = Fleet> {
    let demand = (-1..3i32, any::<bool>(), prop::option::of(1..20_000u64), 0..3u32);
    let defrag = (1..8_000u64, 1..9u32, 1..4u32, 1..4u32, 1..3u32, 0..4usize);
    let demands = prop::collection::vec(demand, 8);
    (fleets(), prop::bool::weighted(0.8), demands, defrag).prop_map(
        |(fleet, preemption, demands, moves)| {
            let mut scenario = Scenario::clone(&fleet.scenario);
            scenario.placement.preemption = preemption;
            for (demand, (priority, preempts, wait_ms, available_min)) in
                scenario.demands.iter_mut().zip(demands)
            {
                (demand.priority, demand.preempts) = (priority, preempts);
                demand.when_preempted = match wait_ms {
                    Some(ms) if ms > 10_000 => WhenPreempted::Wait { ms_max: u64::MAX },
                    Some(ms_max) => WhenPreempted::Wait { ms_max },
                    None => WhenPreempted::End,
                };
                if let Some(group) = &mut demand.group {
                    group.available_min = available_min;
                }
            }
            let (every_ms, migrations_max, moves_per_vm, concurrent_max, per_host_max, how) = moves;
            let when_stuck = [WhenStuck::Force, WhenStuck::Abort, WhenStuck::PostCopy][how % 3];
            scenario.defrag = Defrag {
                every_ms: Some(every_ms),
                by: vec![how % scenario.kinds.len().max(1)],
                limits: PlanLimits { migrations_max, moves_per_vm },
                concurrent_max,
                per_host_max,
                // Memory is some units: a migration takes from no time to some seconds.
                link: Link {
                    bandwidth_mib_s: 2.0,
                    dirty_mib_s: how as f64,
                    downtime_max_ms: 1_000.0,
                    rounds_max: 3,
                    when_stuck,
                    timeout_s_per_gib: None,
                },
            };
            Fleet { scenario: Arc::new(scenario), files: fleet.files }
        },
    )
}

fn run<O: Observer>(
    fleet: &Fleet,
    search: Search,
    until: Time,
    mut observer: O,
) -> (O, Simulation) {
    let mut simulation =
        Simulation::new(Arc::clone(&fleet.scenario), &fleet.files).expect("the files are there");
    simulation.search(search);
    simulation.advance(until, &mut observer).expect("the trace can be read");
    (observer, simulation)
}

/// Where a request is in its life.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Where {
    Arrived,
    Waits,
    Runs { since: u64, ran_ms: u64 },
    PushedOut { ran_ms: u64 },
    WaitsAgain { ran_ms: u64 },
    Gone,
}

/// A plain account of the run.
struct Ledger {
    scenario: Arc<Scenario>,
    /// By request: its priority, stay and where it is.
    lives: Vec<(i32, u64, Where)>,
    arrived: usize,
    moves: BTreeMap<VmId, (HostId, HostId)>,
    pushed_out: u64,
    moved: u64,
}

impl Ledger {
    fn new(fleet: &Fleet) -> Self {
        let mut requests =
            Requests::new(&fleet.scenario, &fleet.files).expect("the files are there");
        let mut lives = Vec::new();
        let mut request = Request::default();
        while requests.next_into(&mut request).expect("the trace can be read") {
            lives.push((request.priority, request.stay_ms, Where::Arrived));
        }
        let scenario = Arc::clone(&fleet.scenario);
        Self { scenario, lives, arrived: 0, moves: BTreeMap::new(), pushed_out: 0, moved: 0 }
    }

    /// The request goes on to where this says, from where it was.
    fn goes(&mut self, request: u64, step: impl FnOnce(Where) -> Option<Where>) {
        let life = &mut self.lives[request as usize];
        life.2 = step(life.2).unwrap_or_else(|| panic!("q{request} was {:?}", life.2));
    }
}

impl Observer for Ledger {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        use Where::*;
        let ms = now.ms();
        match *fact {
            Fact::Requested { request, .. } => {
                assert_eq!(request.0 as usize, self.arrived);
                self.arrived += 1;
            }
            Fact::Placed { request, .. } => self.goes(request.0, |was| {
                matches!(was, Arrived | Waits).then_some(Runs { since: ms, ran_ms: 0 })
            }),
            Fact::Waiting { request, .. } => self.goes(request.0, |was| match was {
                Arrived => Some(Waits),
                PushedOut { ran_ms } => Some(WaitsAgain { ran_ms }),
                _ => None,
            }),
            Fact::Refused { request, .. } => {
                self.goes(request.0, |was| matches!(was, Arrived | Waits).then_some(Gone));
            }
            Fact::Departed { request, .. } => {
                let stay_ms = self.lives[request.0 as usize].1;
                self.goes(request.0, |was| match was {
                    Runs { since, ran_ms } => {
                        assert_eq!(ran_ms + ms - since, stay_ms, "{request} ran its time");
                        Some(Gone)
                    }
                    _ => None,
                });
            }
            Fact::Preempted { request, by, .. } => {
                let priority = |number: u64| self.lives[number as usize].0;
                assert!(priority(by.0) > priority(request.0), "{request} gave way to {by}");
                assert!(self.scenario.placement.preemption);
                self.pushed_out += 1;
                self.goes(request.0, |was| match was {
                    Runs { since, ran_ms } => Some(PushedOut { ran_ms: ran_ms + ms - since }),
                    _ => None,
                });
            }
            Fact::Resumed { request, .. } => self.goes(request.0, |was| match was {
                PushedOut { ran_ms } | WaitsAgain { ran_ms } => Some(Runs { since: ms, ran_ms }),
                _ => None,
            }),
            Fact::Lost { request, .. } => self.goes(request.0, |was| {
                matches!(was, PushedOut { .. } | WaitsAgain { .. }).then_some(Gone)
            }),
            Fact::MigrationStarted { vm, from, to, .. } => {
                let rule = &self.scenario.defrag;
                assert_eq!(self.moves.insert(vm, (from, to)), None);
                assert!(self.moves.len() <= rule.concurrent_max as usize);
                for host in [from, to] {
                    let at = self.moves.values().filter(|(a, b)| *a == host || *b == host).count();
                    assert!(at <= rule.per_host_max as usize, "{at} moves at {host}");
                }
                assert_eq!(state.hosts.status(to), HostStatus::Up);
            }
            Fact::MigrationEnded { vm, from, to, has_moved, .. } => {
                assert_eq!(self.moves.remove(&vm), Some((from, to)));
                assert_eq!(state.vms.get(vm).host, if has_moved { to } else { from });
                self.moved += u64::from(has_moved);
            }
            Fact::Ended => {
                let count = |is: fn(&Where) -> bool| {
                    self.lives[..self.arrived].iter().filter(|life| is(&life.2)).count()
                };
                assert_eq!(count(|at| matches!(at, Runs { .. })), state.vms.alive());
                let waits = count(|at| matches!(at, Waits | WaitsAgain { .. }));
                assert_eq!(waits as u64, state.waiting);
                assert_eq!(count(|at| matches!(at, Arrived | PushedOut { .. })), 0, "all is told");
            }
            _ => {}
        }
        if !matches!(fact, Fact::Requested { .. }) {
            books_are_right(state, &self.moves);
        }
    }
}

/// What is free, and who is where, against the list of VMs.
fn books_are_right(state: &State, moves: &BTreeMap<VmId, (HostId, HostId)>) {
    let kinds = state.hosts.kinds();
    let rows = state.hosts.rows();
    let mut used = vec![Amounts::default(); rows];
    let mut vms = vec![0; rows];
    let mut members: BTreeMap<(GroupId, HostId), u32> = BTreeMap::new();
    for (id, vm) in state.vms.iter() {
        let target = state.moves.target(id);
        assert_eq!(target, moves.get(&id).map(|ends| ends.1));
        for host in [Some(vm.host), target].into_iter().flatten() {
            let amounts = &state.shapes.get(vm.ask.shape).amounts;
            used[host.row()].iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += amount);
            vms[host.row()] += 1;
            if let Some(group) = vm.ask.group {
                *members.entry((group, host)).or_default() += 1;
            }
        }
        if let Some(residents) = &state.residents {
            assert!(residents.on(vm.host).contains(&id));
        }
    }
    let mut residents = 0;
    for host in state.hosts.ids() {
        assert_eq!(state.hosts.vm_count(host), vms[host.row()], "VMs on {host}");
        residents += state.residents.as_ref().map_or(0, |all| all.on(host).len());
        for column in 0..kinds {
            let free = state.hosts.free(host, column);
            let used = used[host.row()][column];
            assert_eq!(
                state.hosts.effective(host)[column] - used,
                free,
                "column {column} of {host}"
            );
            assert!(free >= 0, "{host} is over its capacity");
        }
    }
    if state.residents.is_some() {
        assert_eq!(residents, state.vms.alive());
    }
    for ((group, host), count) in members {
        let group = state.groups.get(group);
        assert_eq!(group.on_host(host), count);
        assert!(count <= group.rule.per_host_max, "too many of a group on {host}");
    }
}

/// The planner again, the plain way: hosts and VMs as rows, and each rule asked by itself.
fn plain_plan(scenario: &Scenario, state: &State) -> Vec<(u64, usize, usize)> {
    let rule = &scenario.defrag;
    struct Host {
        free: Amounts,
        is_up: bool,
    }
    let mut hosts: Vec<Host> = (state.hosts.ids())
        .map(|host| Host {
            free: std::array::from_fn(|column| {
                if column < state.hosts.kinds() { state.hosts.free(host, column) } else { 0 }
            }),
            is_up: state.hosts.status(host) == HostStatus::Up,
        })
        .collect();
    struct Vm {
        id: VmId,
        request: u64,
        at: usize,
        size: Amounts,
        moves: u32,
    }
    let mut vms: Vec<Vm> = (state.vms.iter())
        .map(|(id, vm)| Vm {
            id,
            request: vm.request,
            at: vm.host.row(),
            size: state.shapes.get(vm.ask.shape).amounts,
            moves: 0,
        })
        .collect();
    // Those on the move have arrived.
    for vm in &mut vms {
        if let Some(to) = state.moves.target(vm.id) {
            for (free, amount) in hosts[vm.at].free.iter_mut().zip(vm.size) {
                *free += amount;
            }
            vm.at = to.row();
        }
    }
    let column = rule.by[0];
    let used = |hosts: &[Host], row: usize| {
        state.hosts.effective(HostId::from_row(row))[column] - hosts[row].free[column]
    };
    let may_be_on = |vms: &[Vm], hosts: &[Host], vm: usize, row: usize| {
        let host = HostId::from_row(row);
        let of = state.vms.get(vms[vm].id).ask;
        let host_type = &scenario.host_types[state.hosts.host_type(host).row()];
        let fits = (0..state.hosts.kinds()).all(|column| {
            vms[vm].size[column] == 0 || vms[vm].size[column] <= hosts[row].free[column]
        });
        let wanted = state.shapes.predicate(of.shape);
        let is_of_pool = wanted.pool.is_none_or(|pool| pool == host_type.pool);
        let has_labels = wanted.labels.iter().all(|label| host_type.labels.contains(label));
        let is_apart = of.group.is_none_or(|id| {
            let rule = state.groups.get(id).rule;
            let others = || {
                let is_other = |other: &&Vm| {
                    other.id != vms[vm].id && state.vms.get(other.id).ask.group == Some(id)
                };
                vms.iter().filter(is_other).map(|other| HostId::from_row(other.at))
            };
            let hosts = &state.hosts;
            let on_host = others().filter(|other| *other == host).count();
            let in_rack = others().filter(|other| hosts.rack(*other) == hosts.rack(host)).count();
            let in_zone = others().filter(|other| hosts.zone(*other) == hosts.zone(host)).count();
            on_host < rule.per_host_max as usize
                && in_rack < rule.per_rack_max as usize
                && in_zone < rule.per_zone_max as usize
        });
        hosts[row].is_up && fits && is_of_pool && has_labels && is_apart
    };
    let mut order: Vec<usize> = (0..hosts.len()).collect();
    order.sort_by_key(|row| (used(&hosts, *row), *row));
    let mut plan = Vec::new();
    for source in order {
        let mut here: Vec<usize> = (0..vms.len()).filter(|vm| vms[*vm].at == source).collect();
        here.sort_by_key(|vm| (-vms[*vm].size[column], vms[*vm].request));
        let is_within = plan.len() + here.len() <= rule.limits.migrations_max as usize
            && here.iter().all(|vm| vms[*vm].moves < rule.limits.moves_per_vm);
        if here.is_empty() || !is_within {
            continue;
        }
        let before: Vec<(usize, Amounts)> = vms.iter().map(|vm| (vm.at, vm.size)).collect();
        let free_before: Vec<Amounts> = hosts.iter().map(|host| host.free).collect();
        let mut steps = Vec::new();
        for vm in &here {
            let targets = (0..hosts.len()).filter(|row| *row != source);
            let targets = targets.filter(|row| vms.iter().any(|vm| vm.at == *row));
            let targets = targets.filter(|row| may_be_on(&vms, &hosts, *vm, *row));
            let Some(to) = targets.min_by_key(|row| (hosts[*row].free[column], *row)) else {
                break;
            };
            for (place, sign) in [(source, 1), (to, -1)] {
                let size = vms[*vm].size;
                hosts[place].free.iter_mut().zip(size).for_each(|(free, by)| *free += sign * by);
            }
            vms[*vm].at = to;
            steps.push((vms[*vm].request, source, to));
        }
        if steps.len() == here.len() {
            here.iter().for_each(|vm| vms[*vm].moves += 1);
            plan.extend(steps);
        } else {
            vms.iter_mut().zip(before).for_each(|(vm, (at, _))| vm.at = at);
            hosts.iter_mut().zip(free_before).for_each(|(host, free)| host.free = free);
        }
    }
    plan
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_lost_and_no_host_is_over_capacity(fleet in moving()) {
        run(&fleet, Search::Sooner, Time::from_ms(u64::MAX), Ledger::new(&fleet));
    }

    #[test]
    fn classes_of_hosts_tell_the_same_story(fleet in moving()) {
        let story = |search| {
            let end = Time::from_ms(u64::MAX);
            run(&fleet, search, end, Transcript::default()).0.lines
        };
        prop_assert_eq!(story(Search::Classes), story(Search::Hosts));
    }

    #[test]
    fn a_plan_is_what_the_plain_planner_makes(fleet in moving(), at_ms in 0..DURATION_MS) {
        let (_, simulation) = run(&fleet, Search::Sooner, Time::from_ms(at_ms), ());
        // Devices, taints and tenants that keep hosts to themselves have tests of their own.
        let is_plain = simulation.state().devices.column().is_none()
            && !simulation.state().tenancy.has_exclusive()
            && simulation.scenario().taints.is_empty()
            && simulation.scenario().demands.iter().all(|demand| {
                demand.rules.forbids.is_empty() && demand.rules.requires == Selector::default()
            });
        if !simulation.scenario().kinds.is_empty() && is_plain {
            let plan = simulation.plan();
            let steps = plan.moves.iter();
            let steps: Vec<_> =
                steps.map(|step| (step.request, step.from.row(), step.to.row())).collect();
            prop_assert_eq!(steps, plain_plan(simulation.scenario(), simulation.state()));
        }
    }

    #[test]
    fn a_schedule_keeps_to_its_lanes(fleet in moving(), at_ms in 1..DURATION_MS) {
        let (_, simulation) = run(&fleet, Search::Sooner, Time::from_ms(at_ms), ());
        let (scenario, state) = (simulation.scenario(), simulation.state());
        let plan = simulation.plan();
        let takes = |step: &Move| {
            defrag::migration(state, &scenario.kinds, step.ask, &scenario.defrag).takes_ms()
        };
        let times = defrag::schedule(&plan.moves, &scenario.defrag, takes);
        // Lanes: at each start, those that overlap it.
        for (row, (start, _)) in times.iter().enumerate() {
            prop_assert_eq!(times[row].1 - start, takes(&plan.moves[row]));
            if times[row].1 == *start {
                continue;
            }
            let overlap = |other: &usize| times[*other].0 <= *start && *start < times[*other].1;
            let at_once: Vec<usize> = (0..times.len()).filter(overlap).collect();
            prop_assert!(at_once.len() <= scenario.defrag.concurrent_max as usize);
            let step = &plan.moves[row];
            for host in [step.from, step.to] {
                let touches = |other: &&usize| {
                    let other = &plan.moves[**other];
                    other.from == host || other.to == host
                };
                let lanes = at_once.iter().filter(touches).count();
                prop_assert!(lanes <= scenario.defrag.per_host_max as usize);
            }
        }
    }
}

/// The fleets above do push out and move, or the tests above would say nothing.
#[test]
fn the_fleets_are_full_of_life() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut pushed_out, mut moved) = (0, 0);
    for _ in 0..60 {
        let fleet = moving().new_tree(&mut runner).expect("a fleet").current();
        let (ledger, _) = run(&fleet, Search::Sooner, Time::from_ms(u64::MAX), Ledger::new(&fleet));
        pushed_out += ledger.pushed_out;
        moved += ledger.moved;
    }
    println!("{pushed_out} pushed out, {moved} moved");
    assert!(pushed_out > 20 && moved > 50, "{pushed_out} pushed out, {moved} moved");
}
