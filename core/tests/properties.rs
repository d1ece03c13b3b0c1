//! What holds on every fleet, whatever it is made of: checked fact by fact on random ones by a
//! second, plain account of the run, and by comparing runs that must agree.

mod common;
#[path = "common/fleets.rs"]
mod fleets;
#[path = "common/judge.rs"]
mod judge;

use fleetcast_core::demand::{Request, Requests};
use fleetcast_core::dice;
use fleetcast_core::fact::Fact;
use fleetcast_core::observe::{Fingerprint, Observer, SeriesRecorder, Summary, Transcript};
use fleetcast_core::placement::{Placer, Query};
use fleetcast_core::resources::AMOUNT_MAX;
use fleetcast_core::scenario::*;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::state::{Predicate, Search, State, Vm};
use fleetcast_core::time::Time;
use fleets::{DURATION_MS, Fleet, fleets};
use judge::{Judge, Told};
use proptest::prelude::*;
use proptest::strategy::Strategy;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Runs a fleet to its end with someone listening.
fn run<O: Observer>(fleet: &Fleet, mut observer: O) -> O {
    let mut simulation = simulation(fleet);
    let more = simulation.advance(simulation.end(), &mut observer).expect("the trace can be read");
    assert!(!more, "the run is over at its end");
    observer
}

fn simulation(fleet: &Fleet) -> Simulation {
    Simulation::new(Arc::clone(&fleet.scenario), &fleet.files).expect("the files are there")
}

fn story(fleet: &Fleet) -> (Vec<String>, String) {
    let (transcript, print) = run(fleet, (Transcript::default(), Fingerprint::new()));
    (transcript.lines, print.hex())
}

fn judge(fleet: &Fleet) -> Told {
    let mut judge = run(fleet, Judge::new(&fleet.scenario, &fleet.files));
    judge.close();
    judge.told
}

fn all_requests(fleet: &Fleet) -> Vec<Request> {
    let mut requests = Requests::new(&fleet.scenario, &fleet.files).expect("the files are there");
    let (mut all, mut request) = (Vec::new(), Request::default());
    while requests.next_into(&mut request).expect("the trace can be read") {
        all.push(request.clone());
    }
    all
}

fn changed(fleet: &Fleet, change: impl FnOnce(&mut Scenario)) -> Fleet {
    let mut scenario = Scenario::clone(&fleet.scenario);
    change(&mut scenario);
    Fleet { scenario: Arc::new(scenario), files: fleet.files.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    /// The invariants of [`Judge`], at every fact of the run.
    #[test]
    fn every_fact_agrees_with_a_second_account(fleet in fleets()) {
        judge(&fleet);
    }

    /// The scan over all hosts is the judge of the decisions over classes of hosts.
    #[test]
    fn classes_of_hosts_decide_as_the_hosts_do(
        fleet in fleets(),
        steps in prop::collection::vec((any::<u16>(), 0..20_000u64, any::<bool>()), 1..120),
    ) {
        let scenario = &fleet.scenario;
        let (mut plain, mut classed) = (State::new(scenario), State::new(scenario));
        plain.search(Search::Hosts);
        classed.search(Search::Classes);
        for spec in &scenario.hosts {
            plain.add_host(spec.host_type, spec.rack, 0);
            classed.add_host(spec.host_type, spec.rack, 0);
        }
        let placer = Placer::new(scenario);
        let mut dice = [dice::stream(scenario.seed, "a"), dice::stream(scenario.seed, "a")];
        let mut alive = Vec::new();
        for (now, (pick, stay_ms, leaves)) in steps.into_iter().enumerate() {
            if leaves && !alive.is_empty() {
                let (vm, twin) = alive.swap_remove(usize::from(pick) % alive.len());
                let (vm, twin) = (plain.end(vm), classed.end(twin));
                plain.forget(vm.ask);
                classed.forget(twin.ask);
                continue;
            }
            let flavor = &scenario.flavors[usize::from(pick) % scenario.flavors.len()];
            let demand = &scenario.demands[usize::from(pick) % scenario.demands.len()];
            let decide = |state: &mut State, dice| {
                let (labels, rules) = (demand.labels.clone(), demand.rules.clone());
                let predicate = state.predicate(Predicate { pool: demand.pool, labels, rules, cells: 0, image: None });
                let ask = state.ask_of(&flavor.amounts, predicate, demand.tenant);
                let query = Query { ask, now: Time::from_ms(now as u64), stay_ms };
                let host = placer.decide(state, query, dice);
                let vm = host.map(|host| {
                    let (request, placed) = (now as u64, query.now);
                    let vm = Vm { request, placed, host, ask, demand: DemandId::from_row(0) };
                    state.start_until(vm, query.ends())
                });
                (host, vm)
            };
            let [one, other] = &mut dice;
            let (host, vm) = decide(&mut plain, one);
            let (twin_host, twin) = decide(&mut classed, other);
            prop_assert_eq!(host, twin_host, "{:?}", &scenario.placement.policy);
            alive.extend(vm.ok().zip(twin.ok()));
        }
    }

    #[test]
    fn when_all_have_left_everything_is_free_again(fleet in fleets()) {
        // Requests come in the first half minute, and then there is time for all to go.
        let fleet = changed(&fleet, |scenario| {
            scenario.duration_ms = 10 * DURATION_MS;
            scenario.procurement.clear();
            for model in &mut scenario.models {
                model.retire_after_ms = None;
            }
            for demand in &mut scenario.demands {
                demand.lifetime = Distribution::Sample(vec![1, 500, 3_000, 9_000]);
                demand.arrivals = match &demand.arrivals {
                    Arrivals::Trace(trace) => Arrivals::Trace(trace.clone()),
                    _ => ends_early(),
                };
            }
        });
        let mut observer = Judge::new(&fleet.scenario, &fleet.files);
        let mut simulation = simulation(&fleet);
        simulation.advance(simulation.end(), &mut observer).expect("the trace can be read");
        observer.close();
        let state = simulation.state();
        // Some stay for good, and some have waited for them.
        if state.vms.alive() > 0 {
            return Ok(());
        }
        for host in state.hosts.ids() {
            for column in 0..state.hosts.kinds() {
                let (free, all) = (state.hosts.free(host, column), state.hosts.effective(host));
                prop_assert_eq!(free, all[column]);
            }
        }
        prop_assert_eq!(state.hosts.total().used, [0; 8]);
    }

    #[test]
    fn who_listens_changes_nothing(fleet in fleets()) {
        let alone = story(&fleet);
        let scenario = &fleet.scenario;
        let company = (
            (Summary::new(scenario), SeriesRecorder::new(scenario)),
            (Transcript::default(), Fingerprint::new()),
            Some(Judge::new(scenario, &fleet.files)),
        );
        let (_, (transcript, print), _) = run(&fleet, company);
        prop_assert_eq!((transcript.lines, print.hex()), alone);
        let mut unheard = simulation(&fleet);
        unheard.advance(unheard.end(), &mut ()).expect("the trace can be read");
        let mut heard = simulation(&fleet);
        heard.advance(heard.end(), &mut Transcript::default()).expect("the trace can be read");
        let vms = |run: &Simulation| run.state().vms.iter().map(|vm| *vm.1).collect::<Vec<_>>();
        prop_assert_eq!(vms(&unheard), vms(&heard));
    }

    #[test]
    fn slices_make_the_same_run(
        fleet in fleets(),
        slices in prop::collection::vec(prop_oneof![0..DURATION_MS + 500, (0..160u64).prop_map(|n| n * 250)], 0..60),
        is_sorted in any::<bool>(),
    ) {
        let mut slices = slices;
        if is_sorted {
            slices.sort_unstable();
        }
        let mut observers = (Transcript::default(), Fingerprint::new());
        let mut simulation = simulation(&fleet);
        for until in slices {
            simulation.advance(Time::from_ms(until), &mut observers).expect("the trace is there");
            let last = observers.0.lines.len();
            simulation.advance(Time::from_ms(until), &mut observers).expect("the trace is there");
            prop_assert_eq!(observers.0.lines.len(), last, "an instant happens once");
        }
        simulation.advance(simulation.end(), &mut observers).expect("the trace is there");
        prop_assert_eq!((observers.0.lines, observers.1.hex()), story(&fleet));
    }

    #[test]
    fn one_seed_tells_one_story(fleet in fleets()) {
        prop_assert_eq!(story(&fleet), story(&fleet));
    }

    #[test]
    fn another_seed_tells_another(fleet in fleets()) {
        let fleet = changed(&fleet, |scenario| scenario.demands[0].arrivals = ends_early());
        let other = changed(&fleet, |scenario| scenario.seed += 1);
        prop_assert_ne!(story(&fleet), story(&other));
    }

    #[test]
    fn another_tenants_demand_does_not_move_mine(fleet in fleets()) {
        // Room without end, and nothing bought for those who wait: who is placed where, and when,
        // is then no matter between tenants.
        let roomy = changed(&fleet, |scenario| {
            scenario.procurement.clear();
            for model in &mut scenario.models {
                model.effective = [AMOUNT_MAX; 8];
                model.retire_after_ms = None;
            }
            scenario.tenant_rules.clear();
            for demand in &mut scenario.demands {
                demand.group = None;
                demand.rules.is_exclusive = false;
            }
            // What others place moves the pointer past all hosts of my pool, for good.
            if scenario.placement.policy == Policy::NextFitClosed {
                scenario.placement.policy = Policy::NextFit;
            }
        });
        let names: Vec<String> = roomy.scenario.demands.iter().map(|d| d.name.clone()).collect();
        let company = run(&roomy, Lives::new(&roomy)).by_demand;
        for name in names {
            let alone = changed(&roomy, |scenario| scenario.demands.retain(|d| d.name == name));
            let alone = run(&alone, Lives::new(&alone)).by_demand;
            prop_assert_eq!(alone.get(&name), company.get(&name), "{}", name);
        }
    }

    #[test]
    fn two_policies_face_the_same_requests(fleet in fleets()) {
        let other = match fleet.scenario.placement.policy {
            Policy::Random => Policy::FirstFit,
            _ => Policy::Random,
        };
        let other = changed(&fleet, |scenario| scenario.placement.policy = other);
        let (mine, theirs) = (run(&fleet, Faced::default()), run(&other, Faced::default()));
        prop_assert_eq!(mine.requested, theirs.requested);
        for (request, life) in &mine.lives {
            // Who was placed in both runs boots and lives as long in both, if it ends in both.
            if let Some(other) = theirs.lives.get(request) {
                prop_assert_eq!(life.boot_ms, other.boot_ms);
                if let (Some(mine), Some(theirs)) = (life.stayed_ms, other.stayed_ms) {
                    prop_assert_eq!(mine, theirs);
                }
            }
        }
    }

    #[test]
    fn an_unsorted_trace_is_its_rows_in_order_of_arrival(fleet in fleets()) {
        for (row, demand) in fleet.scenario.demands.iter().enumerate() {
            let Arrivals::Trace(trace) = &demand.arrivals else { continue };
            let one = changed(&fleet, |scenario| scenario.demands = vec![demand.clone()]);
            let mut rows = rows_of(&one, trace);
            rows.sort_by_key(|row| row.arrival_ms);
            let requests = all_requests(&one);
            prop_assert_eq!(requests.len(), rows.len(), "demand {}", row);
            for (request, row) in requests.iter().zip(rows) {
                prop_assert_eq!(request.at.ms(), row.arrival_ms);
                let stay_ms = row.departure_ms.map_or(u64::MAX, |ms| ms - row.arrival_ms);
                prop_assert_eq!(request.stay_ms, stay_ms);
                prop_assert_eq!(&request.name, &row.name);
            }
        }
    }
}

/// The judge has to see everything that it judges: over a few hundred fleets, each kind of fact
/// comes up many times.
#[test]
fn random_fleets_do_all_that_is_judged() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut sum, mut policies) = (Told::default(), BTreeMap::<&str, u32>::new());
    for _ in 0..450 {
        let fleet = fleets().new_tree(&mut runner).expect("fleets can be made").current();
        let told = judge(&fleet);
        sum.requests += told.requests;
        sum.placed += told.placed;
        sum.refused += told.refused;
        sum.waited += told.waited;
        sum.departed += told.departed;
        sum.added += told.added;
        sum.retired += told.retired;
        sum.ordered += told.ordered;
        *policies.entry(fleet.scenario.placement.policy.name()).or_default() += 1;
    }
    println!("{sum:?} {policies:?}");
    let Told { requests, placed, refused, waited, departed, added, retired, ordered } = sum;
    let rare = [retired, ordered];
    assert!([requests, placed, refused, waited, departed, added].iter().all(|n| *n > 1_000));
    assert!(rare.iter().all(|n| *n > 100), "{rare:?}");
    assert_eq!(policies.len(), fleetcast_core::placement::POLICIES.len(), "{policies:?}");
}

fn ends_early() -> Arrivals {
    let steps = [(0, 0.004), (20_000, 0.0)];
    let step = |(at_ms, value)| Step { at_ms, value, ramp_ms: 0 };
    let season = Season { hourly: [1.0; 24], daily: [1.0; 7], events: Vec::new(), hours: None };
    Arrivals::Rate { per_ms: Curve::Steps(steps.map(step).to_vec()), season }
}

fn rows_of(fleet: &Fleet, trace: &TraceFile) -> Vec<fleetcast_core::trace::Row> {
    use fleetcast_core::source::Files;
    let reader = fleet.files.open(&trace.file).expect("the file is there");
    let rows = fleetcast_core::trace::rows(&trace.file, reader, &[]).expect("the header is right");
    rows.map(|row| row.expect("the row is right")).collect()
}

/// The lives of a demand's VMs, whatever their requests' numbers: when each arrived, how long it
/// waited, boots and stayed, and whether it was refused.
struct Lives {
    names: Vec<String>,
    by_demand: BTreeMap<String, Vec<Life>>,
    /// Where the life of a request is.
    row_of: BTreeMap<u64, (String, usize)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Life {
    arrived: u64,
    name: Option<String>,
    amounts: Option<[i64; 8]>,
    boot_ms: Option<u64>,
    left: Option<u64>,
    refused: Option<u64>,
}

impl Lives {
    fn new(fleet: &Fleet) -> Self {
        let names = fleet.scenario.demands.iter().map(|demand| demand.name.clone()).collect();
        Self { names, by_demand: BTreeMap::new(), row_of: BTreeMap::new() }
    }

    fn life(&mut self, request: u64) -> &mut Life {
        let (demand, row) = &self.row_of[&request];
        &mut self.by_demand.get_mut(demand).expect("the demand has lives")[*row]
    }
}

impl Observer for Lives {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        match *fact {
            Fact::Requested { request, demand, name, .. } => {
                let demand = self.names[demand.row()].clone();
                let lives = self.by_demand.entry(demand.clone()).or_default();
                self.row_of.insert(request.0, (demand, lives.len()));
                let name = name.map(str::to_owned);
                lives.push(Life { arrived: now.ms(), name, ..Life::default() });
            }
            Fact::Placed { request, vm, boot_ms, .. } => {
                let amounts = state.shapes.get(state.vms.get(vm).ask.shape).amounts;
                let life = self.life(request.0);
                (life.amounts, life.boot_ms) = (Some(amounts), Some(boot_ms));
            }
            Fact::Departed { request, .. } => self.life(request.0).left = Some(now.ms()),
            Fact::Refused { request, .. } => self.life(request.0).refused = Some(now.ms()),
            _ => {}
        }
    }
}

/// What a policy was faced with.
#[derive(Default)]
struct Faced {
    requested: Vec<String>,
    lives: BTreeMap<u64, FacedLife>,
}

struct FacedLife {
    placed: u64,
    boot_ms: u64,
    stayed_ms: Option<u64>,
}

impl Observer for Faced {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        match *fact {
            Fact::Requested { request, demand, tenant, name, .. } => {
                self.requested.push(format!("{now:?} {request} {demand} {tenant} {name:?}"));
            }
            Fact::Placed { request, boot_ms, .. } => {
                let life = FacedLife { placed: now.ms(), boot_ms, stayed_ms: None };
                self.lives.insert(request.0, life);
            }
            Fact::Departed { request, .. } => {
                let life = self.lives.get_mut(&request.0).expect("it was placed");
                life.stayed_ms = Some(now.ms() - life.placed);
            }
            _ => {}
        }
    }
}
