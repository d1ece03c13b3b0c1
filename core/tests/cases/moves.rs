//! Victims of preemption, hosts emptied by consolidation, and live migrations.

use super::engine::{list, text};
use crate::common;
use fleetcast_core::defrag;
use fleetcast_core::migration::{self, Link, Outcome, WhenStuck};
use fleetcast_core::placement::preemption::{self, Resident, Trial};
use fleetcast_core::scenario::{DemandId, PlanLimits, RackId};
use fleetcast_core::state::{State, Vm};
use fleetcast_core::time::Time;
use serde_json::Value;
use std::collections::BTreeMap;

/// Runs a case of ours; how many decisions it held, or `None` if it is another's.
pub(crate) fn run(case: &Value, name: &str) -> Option<usize> {
    match case["kind"].as_str()? {
        "preemption" => Some(preempt(case, name)),
        "consolidation" => Some(consolidate(case, name)),
        "live_migration" => Some(migrate(case, name)),
        _ => None,
    }
}

fn amounts(value: &Value) -> Vec<i64> {
    list(value).iter().map(|amount| amount.as_i64().expect("an amount is whole")).collect()
}

/// A node, its VMs by row.
struct Node {
    free: Vec<i64>,
    sizes: Vec<Vec<i64>>,
    asked: Vec<i64>,
}

impl Node {
    fn add(&mut self, row: usize, sign: i64) {
        for (free, amount) in self.free.iter_mut().zip(&self.sizes[row]) {
            *free += sign * amount;
        }
    }
}

impl Trial<usize> for Node {
    fn take_off(&mut self, row: usize) {
        self.add(row, 1);
    }
    fn let_back(&mut self, row: usize) {
        self.add(row, -1);
    }
    fn fits(&self) -> bool {
        self.free.iter().zip(&self.asked).all(|(free, asked)| asked <= free || *asked == 0)
    }
}

fn preempt(case: &Value, name: &str) -> usize {
    let priority = |value: &Value| value["priority"].as_i64().unwrap_or(0) as i32;
    let asked = amounts(&case["pod"]["req"]);
    let never = case["pod"]["preemption_policy"] == "Never";
    // Budgets as `{ pods or ids: […], allowed or disruptions_allowed: n }`.
    let first = |value: &Value, keys: &[&str]| -> Value {
        keys.iter()
            .map(|key| value[*key].clone())
            .find(|found| !found.is_null())
            .unwrap_or_default()
    };
    let pdbs: Vec<(Vec<String>, i64)> = list(&case["pdbs"])
        .iter()
        .map(|pdb| {
            let pods = first(pdb, &["pods", "ids", "members", "match", "selects"]);
            let allowed = first(pdb, &["allowed", "disruptions_allowed", "disruptionsAllowed"]);
            (
                list(&pods).iter().map(text).collect(),
                allowed.as_i64().expect("what a budget allows"),
            )
        })
        .collect();
    let mut ids: Vec<Vec<String>> = Vec::new();
    let mut candidates = Vec::new();
    for (index, node) in list(&case["nodes"]).iter().enumerate() {
        let pods = list(&node["pods"]);
        ids.push(pods.iter().map(|pod| text(&pod["id"])).collect());
        let sizes: Vec<Vec<i64>> = pods.iter().map(|pod| amounts(&pod["req"])).collect();
        let mut free = amounts(&node["cap"]);
        for size in &sizes {
            free.iter_mut().zip(size).for_each(|(free, amount)| *free -= amount);
        }
        let residents = pods.iter().enumerate().map(|(row, pod)| {
            let id = text(&pod["id"]);
            let counts = |row: &usize| pdbs[*row].0.contains(&id);
            let start = pod["start"].as_u64().unwrap_or(0);
            Resident {
                id: row,
                priority: priority(pod),
                started: Time::from_ms(start),
                budgets: (0..pdbs.len()).filter(counts).collect(),
            }
        });
        let mut trial = Node { free: free.clone(), sizes, asked: asked.clone() };
        let allowed = |row: usize| pdbs[row].1;
        let found = preemption::victims(priority(&case["pod"]), residents, allowed, &mut trial);
        assert_eq!(trial.free, free, "{name}: the trial ends as it began");
        candidates.extend(found.map(|victims| (index, victims)));
    }
    let found = preemption::pick(candidates).filter(|_| !never);
    let host = found.as_ref().map(|(host, _)| *host as u64);
    assert_eq!(host, case["expected_host"].as_u64(), "{name}");
    let victims = found.map_or(Vec::new(), |(host, victims)| {
        let mut names: Vec<String> =
            victims.list.iter().map(|victim| ids[host][victim.id].clone()).collect();
        names.sort();
        names
    });
    let mut expected: Vec<String> = list(&case["expected_victims"]).iter().map(text).collect();
    expected.sort();
    assert_eq!(victims, expected, "{name}");
    1
}

fn consolidate(case: &Value, name: &str) -> usize {
    let hosts: Vec<Vec<i64>> = list(&case["hosts"]).iter().map(amounts).collect();
    let kinds = &["a", "b", "c", "d", "e", "f", "g", "h"][..hosts[0].len()];
    let mut scenario = common::bare(kinds);
    for host in &hosts {
        common::add_hosts(&mut scenario, host, 1);
    }
    let mut state = State::new(&scenario);
    let specs = scenario.hosts.iter();
    let ids: Vec<_> =
        specs.map(|spec| state.add_host(spec.host_type, RackId::from_row(0), 0)).collect();
    let mut names = BTreeMap::new();
    for (row, vm) in list(&case["vms"]).iter().enumerate() {
        let host = vm["host"].as_u64().expect("a VM is on a host") as usize;
        let ask = state.ask(&common::padded(&amounts(&vm["demand"])), None, &[]);
        let demand = DemandId::from_row(0);
        let vm_id = state.start(Vm {
            request: row as u64,
            placed: Time::ZERO,
            host: ids[host],
            ask,
            demand,
        });
        names.insert(vm_id, text(&vm["id"]));
    }
    let migrations_max = case["max_migrations"].as_u64().map_or(u32::MAX, |max| max as u32);
    let limits = PlanLimits { migrations_max, moves_per_vm: u32::MAX };
    let by = [case["key"].as_u64().unwrap_or(0) as usize];
    let plan = defrag::plan(&state, &by, limits);
    let moves: Vec<(String, u64, u64)> = plan
        .moves
        .iter()
        .map(|step| (names[&step.vm].clone(), step.from.row() as u64, step.to.row() as u64))
        .collect();
    let whole = |value: &Value| value.as_u64().expect("a host index");
    let expected: Vec<(String, u64, u64)> = list(&case["expected_migrations"])
        .iter()
        .map(|step| (text(&step[0]), whole(&step[1]), whole(&step[2])))
        .collect();
    assert_eq!(moves, expected, "{name}");
    let emptied: Vec<u64> = plan.emptied.iter().map(|host| host.row() as u64).collect();
    let expected: Vec<u64> = list(&case["expected_freed"]).iter().map(whole).collect();
    assert_eq!(emptied, expected, "{name}");
    moves.len()
}

fn migrate(case: &Value, name: &str) -> usize {
    let expected = &case["expected"];
    let migrations = list(&expected["migrations"]);
    assert_eq!(migrations.len(), list(&case["input"]).len(), "{name}");
    for (input, expected) in list(&case["input"]).iter().zip(migrations) {
        let number = |key: &str| input[key].as_f64();
        let given = |key: &str| number(key).unwrap_or_else(|| panic!("{name}: no `{key}`"));
        let link = Link {
            bandwidth_mib_s: given("bandwidth_mib_s"),
            dirty_mib_s: given("dirty_mib_s"),
            downtime_max_ms: number("max_downtime_ms").unwrap_or(500.0),
            rounds_max: number("max_rounds").unwrap_or(30.0) as u32,
            when_stuck: match input["on_stuck"].as_str() {
                Some("abort") => WhenStuck::Abort,
                Some("post_copy") => WhenStuck::PostCopy,
                _ => WhenStuck::Force,
            },
            timeout_s_per_gib: None,
        };
        let found = migration::pre_copy(given("mem_gib") * 1_024.0, &link);
        let outcome = match found.outcome {
            Outcome::Ok => "ok",
            Outcome::Forced => "forced",
            Outcome::PostCopied => "post_copy",
            Outcome::Aborted => "aborted",
        };
        assert_eq!(expected["outcome"], outcome, "{name}");
        assert_eq!(expected["converged"], found.has_converged(), "{name}");
        assert_eq!(expected["rounds"], found.rounds, "{name}");
        for (key, found) in [
            ("total_s", found.total_ms / 1e3),
            ("downtime_ms", found.downtime_ms),
            ("sent_mib", found.sent_mib),
        ] {
            let told = expected[key].as_f64().expect("a number");
            assert!(
                (found - told).abs() <= 1e-6 * told.abs(),
                "{name}: {key} {found} is not {told}"
            );
        }
    }
    let timeouts = [8.0, 1.0, 24.0].map(|gib| migration::timeout_s(gib, 800.0));
    let told: Vec<f64> =
        list(&expected["nova_timeout_s"]).iter().filter_map(Value::as_f64).collect();
    assert_eq!(timeouts.to_vec(), told, "{name}");
    let steps = migration::nova_downtime_steps(3, 400, 10, 30);
    let told: Vec<(u64, u64)> = list(&expected["nova_downtime_steps_3gb_400ms_30s"])
        .iter()
        .filter_map(|step| step[0].as_u64().zip(step[1].as_u64()))
        .collect();
    assert_eq!(steps, told, "{name}");
    migrations.len()
}
