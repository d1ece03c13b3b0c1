//! Victims of preemption, and hosts emptied by consolidation.

use super::engine::{list, text};
use crate::common;
use fleetcast_core::defrag;
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
