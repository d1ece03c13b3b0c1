//! The account of a decision is true: of tiny fleets word for word, of random ones by applying
//! every change that it names.

mod common;
#[path = "common/fleets.rs"]
mod fleets;

use common::{add_flavor, add_hosts, bare, demand, rate};
use expect_test::{Expect, expect};
use fleetcast_core::explain::{Change, Explanation, Outcome};
use fleetcast_core::fact::{Fact, Reason, RequestId};
use fleetcast_core::observe::Observer;
use fleetcast_core::placement::account::Cell;
use fleetcast_core::placement::filters::Filter;
use fleetcast_core::resources::{Amounts, Kinds};
use fleetcast_core::scenario::*;
use fleetcast_core::simulation::{Simulation, Undecided};
use fleetcast_core::source::{Files, MemoryFiles, NoFiles};
use fleetcast_core::state::{Ask, HostId, Predicate, State, Vm};
use fleetcast_core::time::Time;
use fleets::{Fleet, fleets};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Requests of these sizes, one after another: the last is explained. `change` makes the scenario
/// what the test wants.
#[track_caller]
fn check(
    hosts: &[&[i64]],
    sizes: &[&[i64]],
    change: impl FnOnce(&mut Scenario),
    expected: &Expect,
) {
    let account = account(hosts, sizes, change);
    let mut text = account.answer.clone() + "\n";
    for candidate in &account.candidates {
        let left: Vec<&str> = candidate.left.iter().map(|left| left.text.as_str()).collect();
        text += &format!("{}: {} left", candidate.place.name, left.join(", "));
        text += &candidate.score.map_or("\n".to_owned(), |score| format!(", score {score}\n"));
    }
    for change in &account.changes {
        text += &format!("- {}\n", change.sentence());
    }
    expected.assert_eq(&text);
}

fn account(hosts: &[&[i64]], sizes: &[&[i64]], change: impl FnOnce(&mut Scenario)) -> Explanation {
    let mut scenario = bare(&["cpu", "memory"]);
    // In vCPU and GiB.
    let scaled = |amounts: &[i64]| [amounts[0] * 1_000, amounts[1] * 1_024];
    for amounts in hosts {
        add_hosts(&mut scenario, &scaled(amounts), 1);
    }
    for (row, amounts) in sizes.iter().enumerate() {
        let flavor = add_flavor(&mut scenario, &scaled(amounts));
        let step = |at_ms, value| Step { at_ms, value, ramp_ms: 0 };
        let at = 10 * (row as u64 + 1);
        let once = Arrivals::Alive(Curve::Steps(vec![step(0, 0.0), step(at, 1.0)]));
        let mut demand =
            demand(&scenario, &format!("d{row}"), once, Distribution::Constant(u64::MAX));
        demand.mix = vec![(flavor, 1.0)];
        scenario.demands.push(demand);
    }
    change(&mut scenario);
    let last = sizes.len() as u64 - 1;
    let mut simulation = start(&Arc::new(scenario), &MemoryFiles::default());
    let found = stop_at(&mut simulation, last).expect("there is such a request");
    simulation.explain(&found)
}

fn start(scenario: &Arc<Scenario>, files: &dyn Files) -> Simulation {
    Simulation::new(Arc::clone(scenario), files).expect("the files are there")
}

fn stop_at(simulation: &mut Simulation, number: u64) -> Option<Undecided> {
    let is_it = |request: RequestId, _: Option<&str>| request.0 == number;
    simulation.advance_to_request(is_it, &mut ()).expect("the trace can be read")
}

#[test]
fn a_placement_names_the_next_best() {
    let fit = |scenario: &mut Scenario| {
        scenario.placement.policy = Policy::BestFit(FitBy::Shares);
    };
    check(
        &[&[4, 4], &[2, 2], &[1, 1]],
        &[&[2, 2]],
        fit,
        &expect![[r#"
            request 0 goes to `h1`, which best-fit chose of 2 hosts that fit
            h1: 0 vCPU, 0 MiB left, score 0
            h0: 2 vCPU, 2 GiB left, score 1
        "#]],
    );
}

/// Each scorer, then each candidate with its scores: raw, normalised, weighted; and the total.
fn check_scores(policy: Policy, expected: &Expect) {
    let account = account(&[&[4, 4], &[2, 2], &[8, 4], &[1, 1]], &[&[2, 2]], |scenario| {
        scenario.placement.policy = policy;
    });
    let scores = account.scores.expect("the policy scores");
    let mut text = String::new();
    for scorer in &scores.scorers {
        let weight = scorer.weight.map_or(String::new(), |weight| format!(" × {weight}"));
        text += &format!("{}, {:?}{weight}\n", scorer.name, scorer.wants);
    }
    for (candidate, row) in account.candidates.iter().zip(&scores.rows) {
        let cell = |cell: &Cell| match (cell.normalised, cell.weighted) {
            (Some(normalised), Some(weighted)) => {
                format!("{:.3} {normalised:.3} {weighted:.3}", cell.raw)
            }
            (Some(normalised), None) => format!("{:.3} {normalised}", cell.raw),
            _ => format!("{:.3}", cell.raw),
        };
        let cells: Vec<String> = row.cells.iter().map(cell).collect();
        let total = row.total.map_or(String::new(), |total| format!(" = {total:.3}"));
        text += &format!("{}: {}{total}\n", candidate.place.name, cells.join(" | "));
    }
    expected.assert_eq(&text);
}

#[test]
fn scores_are_told_scorer_by_scorer() {
    check_scores(
        Policy::Kubernetes(KubernetesProfile {
            fit_weight: 2,
            balance_weight: 1,
            fit: FitScore::Least,
            resources: [0, 1]
                .map(|column| KubernetesResource { column, weight: 1, is_extended: false })
                .to_vec(),
            wishes: WishWeights::DEFAULT,
            sampling: None,
        }),
        &expect![[r#"
            NodeResourcesFit, Most × 2
            NodeResourcesBalancedAllocation, Most × 1
            h2: 62.000 62.000 124.000 | 87.000 87.000 87.000 = 211.000
            h0: 50.000 50.000 100.000 | 100.000 100.000 100.000 = 200.000
            h1: 0.000 0.000 0.000 | 100.000 100.000 100.000 = 100.000
        "#]],
    );
    let weigher = |column, multiplier| NovaWeigher { column, multiplier, is_overcommitted: false };
    check_scores(
        Policy::Nova(vec![weigher(0, 1.0), weigher(1, -0.5)]),
        &expect![[r#"
        cpu, Most × 1
        memory, Most × -0.5
        h2: 8000.000 1.000 1.000 | 4096.000 1.000 -0.500 = 0.500
        h0: 4000.000 0.500 0.500 | 4096.000 1.000 -0.500 = 0.000
        h1: 2000.000 0.250 0.250 | 2048.000 0.500 -0.250 = 0.000
    "#]],
    );
    check_scores(
        Policy::Nomad(NomadRule {
            algorithm: NomadAlgorithm::Binpack,
            walk: NomadWalk::All,
            cpu: Some(0),
            memory: Some(1),
        }),
        &expect![[r#"
            fit, Most
            h1: 1.000
            h0: 0.760
            h2: 0.623
        "#]],
    );
    let expression = Score::Expression(common::formula("free / capacity - asked / capacity"));
    check_scores(
        common::scores(
            vec![(Score::BestFit(Norm::L1), 2.0), (expression, 1.0)],
            Ties::LowestIndex,
            &["capacity != 4000"],
        ),
        &expect![[r#"
            best-fit, Least × 2
            expression, Most × 1
            h1: 0.000 1.000 2.000 | 0.000 0.000 0.000 = 2.000
            h2: 1.250 0.000 0.000 | 0.750 1.000 1.000 = 1.000
        "#]],
    );
    let rule = |score, quantum| Rule { score, quantum };
    let rules = vec![rule(Score::BestFit(Norm::L1), Some(2.0)), rule(Score::BalanceFit, None)];
    let host = Measure::plain(ShareOf::Host);
    check_scores(
        Policy::Compose(Compose::of_rules(rules, host)),
        &expect![[r#"
        best-fit, Least
        balance-fit, Least
        h0: 1.000 0 | 0.000
        h1: 0.000 0 | 0.000
        h2: 1.250 0 | 0.250
    "#]],
    );
    check_scores(
        Policy::LifetimeBucket { measure: host, bounds_ms: vec![0, 1_000] },
        &expect![[r#"
            extension, Least
            left, Least
            h1: inf 2 | 0.000
            h0: inf 2 | 1.000
            h2: inf 2 | 1.250
        "#]],
    );
}

#[test]
fn a_policy_that_does_not_score_tells_no_scores() {
    let account = account(&[&[4, 4]], &[&[2, 2]], |_| ());
    assert_eq!((account.scores, account.score), (None, None));
}

#[test]
fn a_refusal_by_the_policys_own_filters_says_so() {
    let account = account(&[&[4, 4], &[4, 4]], &[&[2, 2]], |scenario| {
        let score = (Score::BestFit(Norm::L1), 1.0);
        scenario.placement.policy = common::scores(vec![score], Ties::LowestIndex, &["vms > 0"]);
    });
    let filters =
        "request 0 finds no host: 2 hosts would do, but the policy's filters turn them away";
    assert_eq!(account.answer, filters);
    assert_eq!(account.reason.as_deref(), Some("passed-over"));
}

#[test]
fn a_refusal_names_who_lacks_least_and_who_can_move() {
    check(
        &[&[4, 4], &[4, 4]],
        &[&[1, 1], &[1, 1], &[3, 3], &[3, 3]],
        |_| (),
        &expect![[r#"
            request 3 is refused: 0 of 2 hosts fit: 2 not enough free cpu and memory
            - `h0` would take it with 1 vCPU and 1 GiB of memory more free
            - `h0` would take it after moving the VM of request 0 (1 vCPU and 1 GiB of memory) to `h1`
            - one more `model 0` in rack `pool-z1-r1` of pool `pool` would take it
        "#]],
    );
    check(
        &[&[4, 4], &[4, 4]],
        &[&[2, 2], &[3, 3], &[3, 1]],
        |_| (),
        &expect![[r#"
            request 2 is refused: 0 of 2 hosts fit: 2 not enough free cpu
            - `h0` would take it with 1 vCPU more free
            - one more `model 0` in rack `pool-z1-r1` of pool `pool` would take it
        "#]],
    );
}

#[test]
fn what_fits_nowhere_needs_a_larger_host() {
    check(
        &[&[4, 4]],
        &[&[1, 1], &[5, 1]],
        |_| (),
        &expect![[r#"
            request 1 is refused: 0 of 1 host fit: 1 not enough free cpu
            - `h0` would take it with 2 vCPU more free; that is more than an empty `model 0` has
        "#]],
    );
    check(
        &[],
        &[&[1, 1]],
        |_| (),
        &expect![[r#"
        request 0 is refused: no host is in service
    "#]],
    );
}

#[test]
fn a_rule_that_alone_stands_in_the_way_is_named() {
    let apart = |scenario: &mut Scenario| {
        let rule = GroupRule { per_host_max: 1, ..GroupRule::NONE };
        let mut both = scenario.demands[0].clone();
        let step = |at_ms, value| Step { at_ms, value, ramp_ms: 0 };
        both.arrivals = Arrivals::Alive(Curve::Steps(vec![step(0, 0.0), step(10, 2.0)]));
        both.group = Some(rule);
        scenario.demands = vec![both];
    };
    check(
        &[&[4, 4]],
        &[&[1, 1], &[1, 1]],
        apart,
        &expect![[r#"
            request 1 is refused: 0 of 1 host fit: 1 anti-affinity
            - with one more of its group on a host, `h0` would take it
            - one more `model 0` in rack `pool-z1-r1` of pool `pool` would take it
        "#]],
    );

    let pools = |scenario: &mut Scenario| {
        scenario.pools.push(Pool { name: "other".into(), racks: vec![RackId::from_row(0)] });
        scenario.host_types[0].pool = PoolId::from_row(1);
        scenario.demands[0].pool = Some(PoolId::from_row(0));
    };
    check(
        &[&[4, 4]],
        &[&[1, 1]],
        pools,
        &expect![[r#"
        request 0 is refused: 0 of 1 host fit: 1 wrong pool
        - outside pool `pool`, `h0` would take it
    "#]],
    );

    let labels = |scenario: &mut Scenario| {
        scenario.labels.push("gen=g2".into());
        scenario.demands[0].labels = vec![LabelId::from_row(0)];
    };
    check(
        &[&[4, 4]],
        &[&[1, 1]],
        labels,
        &expect![[r#"
        request 0 is refused: 0 of 1 host fit: 1 without the labels
        - without asking for `gen=g2`, `h0` would take it
    "#]],
    );
}

#[test]
fn a_run_goes_on_from_where_it_stopped() {
    let mut scenario = bare(&["cpu"]);
    add_hosts(&mut scenario, &[10], 3);
    add_flavor(&mut scenario, &[1]);
    let demand = demand(&scenario, "d", rate(0.001), Distribution::Constant(9_000));
    scenario.demands.push(demand);
    let scenario = Arc::new(scenario);
    let story = |stops: &[u64]| {
        let mut observer = fleetcast_core::observe::Fingerprint::new();
        let mut simulation = start(&scenario, &MemoryFiles::default());
        for stop in stops {
            let is_it = |request: RequestId, _: Option<&str>| request.0 == *stop;
            let found = simulation.advance_to_request(is_it, &mut observer);
            let found = found.expect("no trace").expect("there are more requests");
            simulation.explain(&found);
        }
        simulation.advance(simulation.end(), &mut observer).expect("no trace");
        observer.hex()
    };
    assert_eq!(story(&[0, 1, 77]), story(&[]));
}

/// What became of every request at its arrival.
#[derive(Default)]
struct Fates {
    host: BTreeMap<u64, Option<HostId>>,
}

impl Observer for Fates {
    fn hear(&mut self, _: Time, fact: &Fact<'_>, _: &State) {
        let (request, host) = match *fact {
            Fact::Placed { request, host, .. } => (request, Some(host)),
            Fact::Waiting { request, .. } | Fact::Refused { request, .. } => (request, None),
            _ => return,
        };
        self.host.entry(request.0).or_insert(host);
    }
}

#[test]
fn gpus_in_pieces_are_told() {
    // The second amount becomes GPUs: 1,024 thousandths a GiB, so these are set by hand.
    let gpus = |hosts: [i64; 2], sizes: [i64; 5]| {
        move |scenario: &mut Scenario| {
            let kind = |name: &str, unit: &str| (name.to_owned(), unit.to_owned());
            scenario.kinds = Kinds::new(vec![kind("cpu", "milli-vCPU"), kind("gpu", "milli-GPU")]);
            for (model, gpu) in scenario.models.iter_mut().zip(hosts) {
                (model.total[1], model.effective[1]) = (gpu, gpu);
            }
            for (flavor, gpu) in scenario.flavors.iter_mut().zip(sizes) {
                flavor.amounts[1] = gpu;
            }
        }
    };
    check(
        &[&[16, 0], &[4, 0]],
        &[&[1, 0], &[1, 0], &[1, 0], &[3, 0], &[1, 0]],
        gpus([3_000, 1_000], [600, 700, 500, 900, 1_000]),
        &expect![[r#"
            request 4 is refused: 0 of 2 hosts fit: 1 not enough free gpu, 1 free GPUs in pieces
            - `h0` would take it with 0.5 GPU more free, on the GPUs that have most left
            - one more `model 0` in rack `pool-z1-r1` of pool `pool` would take it
        "#]],
    );
    check(
        &[&[16, 0], &[4, 0]],
        &[&[1, 0], &[1, 0], &[1, 0], &[3, 0], &[1, 0]],
        gpus([3_000, 1_000], [600, 700, 500, 900, 2_000]),
        &expect![[r#"
            request 4 is refused: 0 of 2 hosts fit: 2 not enough free gpu
            - `h0` would take it with 1.1 GPU more free
            - one more `model 0` in rack `pool-z1-r1` of pool `pool` would take it
        "#]],
    );
}

#[test]
fn every_account_is_true() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..400 {
        let fleet = fleets().new_tree(&mut runner).expect("a fleet").current();
        let mut fates = Fates::default();
        let mut simulation = start(&fleet.scenario, &fleet.files);
        simulation.advance(simulation.end(), &mut fates).expect("the trace can be read");
        // The first that found no host, one in the middle of those, and one that found one.
        let none: Vec<u64> =
            fates.host.iter().filter(|fate| fate.1.is_none()).map(|fate| *fate.0).collect();
        let some =
            fates.host.iter().filter(|fate| fate.1.is_some()).map(|fate| *fate.0).next_back();
        let asked = [none.first().copied(), none.get(none.len() / 2).copied(), some];
        for number in asked.into_iter().flatten() {
            for what in judge(&fleet, number, fates.host[&number]) {
                *seen.entry(what).or_default() += 1;
            }
        }
    }
    println!("{seen:?}");
    for what in [
        "placed",
        "more-room",
        "pool",
        "labels",
        "forbidden-labels",
        "taints",
        "cordoned",
        "quota",
        "exclusive",
        "group",
        "move",
        "add-host",
    ] {
        assert!(seen.contains_key(what), "no account with {what}: {seen:?}");
    }
}

/// Holds an account against the state: what was in it.
fn judge(fleet: &Fleet, number: u64, fate: Option<HostId>) -> Vec<&'static str> {
    let mut simulation = start(&fleet.scenario, &fleet.files);
    let undecided = stop_at(&mut simulation, number).expect("it was there before");
    let account = simulation.explain(&undecided);
    let (state, ask) = (simulation.state(), undecided.ask());
    let funnel = &account.funnel;

    let away: u64 = funnel.turned_away.iter().map(|away| away.hosts).sum();
    assert_eq!(funnel.fit + away, funnel.in_service);
    assert_eq!(funnel.in_service, u64::from(state.hosts.total().hosts));
    let filter = Filter::new(state, ask);
    let fit: Vec<HostId> = state.hosts.ids().filter(|host| filter.admits(*host)).collect();
    assert_eq!(funnel.fit, fit.len() as u64);
    for host in state.hosts.ids() {
        assert_eq!(filter.admit(host).err(), filter.objections(host).first().copied());
    }

    assert_eq!(account.host.as_ref().map(|place| place.host), fate.map(HostId::row));
    if fleet.scenario.placement.policy == Policy::NextFitClosed {
        // It does not go back to hosts that it has passed, though they fit.
        assert!(account.candidates.len() <= fit.len().min(10));
    } else {
        assert_eq!(account.candidates.len(), fit.len().min(10));
    }
    for candidate in &account.candidates {
        assert!(fit.iter().any(|host| host.row() == candidate.place.host));
        assert!(candidate.left.iter().zip(0..).all(|(left, column)| {
            state.shapes.get(ask.shape).amounts[column] == 0 || left.amount >= 0
        }));
    }
    if fate.is_some() {
        assert_eq!((account.outcome, account.changes.len()), (Outcome::Placed, 0));
        return vec!["placed"];
    }
    assert!(fit.is_empty() || account.changes.is_empty());
    account.changes.iter().map(|change| apply(fleet, state, ask, change)).collect()
}

fn account_reason(fleet: &Fleet, reason: Reason) -> String {
    fleetcast_core::verdict::reason_name(&fleet.scenario.kinds, reason)
}

/// Applies a change to a copy of the state: then it fits.
fn apply(fleet: &Fleet, state: &State, ask: Ask, change: &Change) -> &'static str {
    let mut trial = state.clone();
    let amounts = state.shapes.get(ask.shape).amounts;
    let predicate = state.shapes.predicate(ask.shape).clone();
    // The ask with other amounts or another predicate.
    let with = |trial: &mut State, amounts: &Amounts, predicate: &Predicate| {
        let predicate = trial.predicate(predicate.clone());
        Ask { shape: trial.ask_of(amounts, predicate, ask.tenant).shape, ..ask }
    };
    let without = |change: fn(&mut Predicate)| {
        let mut predicate = predicate.clone();
        change(&mut predicate);
        predicate
    };
    let fits = |state: &State, ask: Ask, host: HostId| Filter::new(state, ask).admits(host);
    let fit = |state: &State, ask: Ask| {
        state.hosts.ids().filter(|host| fits(state, ask, *host)).count() as u64
    };
    match change {
        Change::MoreRoom { place, more, .. } => {
            // So much more room for it is the same as so much less of it.
            let host = HostId::from_row(place.host);
            let mut less = amounts;
            for more in more {
                let column = fleet.scenario.kinds.column(&more.resource).expect("it is known");
                less[column] -= more.amount;
            }
            let smaller = with(&mut trial, &less, &predicate);
            assert!(fits(&trial, smaller, host), "{change:?}");
            for more in more {
                let column = fleet.scenario.kinds.column(&more.resource).expect("it is known");
                let mut short = less;
                short[column] += 1;
                let short = with(&mut trial, &short, &predicate);
                assert!(!fits(&trial, short, host), "{change:?} is more than it needs");
            }
            "more-room"
        }
        Change::DropRule { rule, hosts, place, .. } => {
            let host = HostId::from_row(place.host);
            match rule.as_str() {
                "pool" | "labels" | "forbidden-labels" | "taints" => {
                    let (what, predicate) = match rule.as_str() {
                        "pool" => ("pool", without(|all| all.pool = None)),
                        "labels" => (
                            "labels",
                            without(|all| {
                                all.labels.clear();
                                all.rules.requires = Selector::default();
                            }),
                        ),
                        "taints" => (
                            "taints",
                            without(|all| all.rules.tolerates = vec![TaintId::from_row(0)]),
                        ),
                        _ => ("forbidden-labels", without(|all| all.rules.forbids.clear())),
                    };
                    let free = with(&mut trial, &amounts, &predicate);
                    assert!(fits(&trial, free, host), "{change:?}");
                    assert_eq!(fit(&trial, free), *hosts);
                    what
                }
                "cordoned" => {
                    assert_eq!(Filter::new(state, ask).objections(host), [Reason::Cordoned]);
                    "cordoned"
                }
                quota if quota.starts_with("quota-") => {
                    let objections = Filter::new(state, ask).objections(host);
                    assert!(matches!(objections[..], [Reason::Quota(_)]), "{change:?}");
                    assert_eq!(rule, &account_reason(fleet, objections[0]));
                    "quota"
                }
                "exclusive" => {
                    assert_eq!(Filter::new(state, ask).objections(host), [Reason::Exclusive]);
                    "exclusive"
                }
                _ => {
                    assert!(fits(&trial, Ask { group: None, ..ask }, host), "{change:?}");
                    "group"
                }
            }
        }
        Change::Move { place, vms, .. } => {
            let host = HostId::from_row(place.host);
            let mut ended = Vec::new();
            for moved in vms {
                let (id, _) = state
                    .vms
                    .iter()
                    .find(|(_, vm)| vm.request == moved.request)
                    .expect("the VM to move is alive");
                ended.push(trial.end(id));
                assert_eq!(ended.last().map(|vm| vm.host), Some(host));
            }
            assert!(fits(&trial, ask, host), "{change:?}");
            trial.start(Vm { host, ask, ..ended[0] });
            for (vm, moved) in ended.into_iter().zip(vms) {
                let to = HostId::from_row(moved.to.host);
                assert!(to != host && fits(&trial, vm.ask, to), "{change:?}");
                trial.start(Vm { host: to, ..vm });
            }
            "move"
        }
        Change::AddHost { model, pool, rack, .. } => {
            let scenario = &fleet.scenario;
            let is_it = |host_type: &HostType| {
                scenario.models[host_type.model.row()].name == *model
                    && scenario.pools[host_type.pool.row()].name == *pool
            };
            let rows = scenario.host_types.iter().enumerate().filter(|(_, t)| is_it(t));
            let rows: Vec<usize> = rows.map(|(row, _)| row).collect();
            let racks: Vec<usize> = (0..scenario.racks.len())
                .filter(|row| scenario.racks[*row].name == *rack)
                .collect();
            let does = rows.iter().any(|host_type| {
                racks.iter().any(|rack| {
                    let (host_type, rack) =
                        (HostTypeId::from_row(*host_type), RackId::from_row(*rack));
                    let host = trial.add_host(host_type, rack, 0);
                    fits(&trial, ask, host)
                })
            });
            assert!(does, "{change:?}");
            "add-host"
        }
    }
}

/// An instance of a service is explained like a request, and the run goes on after it.
#[test]
fn an_instance_is_explained_where_it_is_decided_on() {
    let text = "name = 's'\nduration = '1 h'\n[host-models.m]\ncpu = 4\n[[pools]]\nname = 'p'\n\
                hosts = { model = 'm', count = 2 }\n[flavors.f]\ncpu = 3\n[images.i]\n\
                boot = '1 min'\n[[service]]\nname = 'web'\nimage = 'i'\nflavor = 'f'\ninstances = 2\n\
                [[rollout]]\nservice = 'web'\nimage = 'i'\nat = '10 min'\n";
    let input = fleetcast_core::read::Input { file: "t.toml", text, overrides: &[] };
    let scenario = fleetcast_core::read::read(&input, &NoFiles).expect("it is right").scenario;
    let scenario = Arc::new(scenario);
    let told = |request: u64| {
        let mut simulation =
            Simulation::new(Arc::clone(&scenario), &NoFiles).expect("no file is named");
        simulation.ask_about(RequestId(request));
        simulation.advance(simulation.end(), &mut ()).expect("no trace is read");
        let account = simulation.take_explained().expect("it is an instance");
        assert!(simulation.state().vms.alive() <= 2, "the run stands still");
        assert!(!simulation.advance(simulation.end(), &mut ()).expect("no trace is read"));
        (account.request, account.at.at_s, account.answer)
    };
    let (request, at_s, answer) = told(1);
    assert_eq!((request, at_s), (1, 0.0));
    assert_eq!(answer, "request 1 goes to `h1`, the only host that fits");
    // The one more of a rolling update finds no room.
    let (request, at_s, answer) = told(2);
    assert_eq!((request, at_s), (2, 600.0));
    assert_eq!(answer, "request 2 waits: 0 of 2 hosts fit: 2 not enough free cpu");
}
