//! Validation cases with exact expected answers: every decision of a policy, and the score of
//! each host where the case tells it.
//!
//! The cases are read from the directory `FLEETCAST_CASES` if set, from `../shared/cases/placement`
//! if it is there, and always from `tests/cases`. What is not simulated yet is named as skipped.

mod common;

#[path = "cases/engine.rs"]
mod engine;
#[path = "cases/kubernetes.rs"]
mod kubernetes;
#[path = "cases/nomad.rs"]
mod nomad;
#[path = "cases/nova.rs"]
mod nova;

use fleetcast_core::placement::Placer;
use fleetcast_core::resources::{Amounts, KINDS_MAX};
use fleetcast_core::scenario::{DemandId, FitBy, Policy, RackId};
use fleetcast_core::state::{State, Vm, VmId};
use fleetcast_core::time::Time;
use rand::{Rng, TryRng};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[test]
fn every_case_of_a_known_policy_is_decided_as_it_says() {
    let mut tally = Tally::default();
    for directory in directories() {
        let files = json_files(&directory);
        assert!(!files.is_empty(), "{} holds no cases", directory.display());
        for file in files {
            tally.run_file(&file);
        }
    }
    println!("{} cases passed, {} decisions", tally.passed, tally.decisions);
    for (why, names) in &tally.skipped {
        println!("skipped, {why}: {}", names.join(", "));
    }
    assert!(tally.passed > 0, "no case was run");
}

fn directories() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    if let Some(set) = std::env::var_os("FLEETCAST_CASES") {
        return vec![PathBuf::from(set)];
    }
    let shared = here.join("../../shared/cases/placement");
    let own = here.join("tests/cases");
    [shared, own].into_iter().filter(|directory| directory.is_dir()).collect()
}

/// The JSON files in a directory and below it, in order.
fn json_files(directory: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(directory).unwrap_or_else(|why| panic!("{}: {why}", directory.display()));
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a directory entry can be read").path()).collect();
    paths.sort();
    let found = paths.into_iter().flat_map(|path| match path.extension() {
        Some(extension) if extension == "json" => vec![path],
        _ if path.is_dir() => json_files(&path),
        _ => Vec::new(),
    });
    found.collect()
}

#[derive(Default)]
struct Tally {
    passed: usize,
    decisions: usize,
    skipped: BTreeMap<String, Vec<String>>,
}

impl Tally {
    fn run_file(&mut self, file: &Path) {
        let text = std::fs::read_to_string(file).expect("the case file can be read");
        let json: Value = serde_json::from_str(&text).expect("the case file is JSON");
        let one = std::slice::from_ref(&json);
        for case in json.as_array().map_or(one, Vec::as_slice) {
            let name = case["name"].as_str().unwrap_or("unnamed").to_owned();
            let run = match case["policy"].as_str().unwrap_or_default() {
                "k8s" => kubernetes::run(case, &name),
                "nova" => nova::run(case, &name),
                "nomad" => nomad::run(case, &name),
                _ => Case::read(case).map(|read| read.run(&name)),
            };
            match run {
                Ok(decisions) => {
                    self.decisions += decisions;
                    self.passed += 1;
                }
                Err(why) => self.skipped.entry(why).or_default().push(name),
            }
        }
    }
}

struct Case {
    policy: Policy,
    seed: u64,
    hosts: Vec<Amounts>,
    kinds: usize,
    requests: Vec<Value>,
    expected: Vec<Option<usize>>,
}

impl Case {
    /// The case, or why it is not one of ours.
    fn read(case: &Value) -> Result<Self, String> {
        let kind = case["kind"].as_str().unwrap_or_default();
        if kind != "placement" {
            return Err(format!("`{kind}` is not placement"));
        }
        let policy = policy(case)?;
        let amounts = |value: &Value| -> Result<Amounts, String> {
            let list = value.as_array().ok_or("amounts are not a list")?;
            let mut amounts = [0; KINDS_MAX];
            for (amount, value) in amounts.iter_mut().zip(list) {
                *amount = value.as_i64().ok_or("an amount is not whole")?;
            }
            Ok(amounts)
        };
        let list = |key: &str| case[key].as_array().cloned().unwrap_or_default();
        let hosts: Result<Vec<Amounts>, String> =
            list("hosts").iter().map(|host| amounts(&host["capacity"])).collect();
        let index = |value: &Value| value.as_u64().map(|index| index as usize);
        Ok(Self {
            policy,
            seed: case["params"]["seed"].as_u64().unwrap_or(0),
            hosts: hosts?,
            kinds: list("resources").len(),
            requests: list("requests"),
            expected: list("expected").iter().map(index).collect(),
        })
    }

    /// Makes every decision; how many there were.
    fn run(&self, name: &str) -> usize {
        let kinds = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let mut scenario = common::bare(&kinds[..self.kinds]);
        scenario.placement.policy = self.policy.clone();
        for host in &self.hosts {
            common::add_hosts(&mut scenario, host, 1);
        }
        let mut state = State::new(&scenario);
        for spec in &scenario.hosts {
            state.add_host(spec.host_type, RackId::from_row(0), 0);
        }
        let placer = Placer::new(&scenario);
        let mut dice = SplitMix64(self.seed);
        let mut alive: BTreeMap<String, VmId> = BTreeMap::new();
        assert_eq!(self.requests.len(), self.expected.len(), "{name}");
        for (request, expected) in self.requests.iter().zip(&self.expected) {
            let id = request["id"].as_str().expect("a request has an id").to_owned();
            let found = if request["op"] == "remove" {
                alive.remove(&id).map(|vm| {
                    let vm = state.end(vm);
                    state.forget(vm.ask);
                    vm.host
                })
            } else {
                let mut amounts = [0; KINDS_MAX];
                let demand = request["demand"].as_array().expect("a request has a demand");
                for (amount, value) in amounts.iter_mut().zip(demand) {
                    *amount = value.as_i64().expect("an amount is whole");
                }
                let ask = state.ask(&amounts, None, &[]);
                let host = placer.decide(&state, ask, &mut dice).ok();
                match host {
                    Some(host) => {
                        let demand = DemandId::from_row(0);
                        let vm = Vm { request: 0, placed: Time::ZERO, host, ask, demand };
                        alive.insert(id.clone(), state.start(vm));
                    }
                    None => state.forget(ask),
                }
                host
            };
            assert_eq!(found.map(|host| host.row()), *expected, "{name}: {id}");
        }
        self.requests.len()
    }
}

/// The policy under its name in the cases.
fn policy(case: &Value) -> Result<Policy, String> {
    let name = case["policy"].as_str().unwrap_or_default();
    let params = &case["params"];
    let key = || Some(FitBy::Columns(vec![params["key"].as_u64()? as usize]));
    let shares = || {
        let plain = params["weights"].as_array().is_none_or(|all| all.iter().all(|w| *w == 1));
        (plain && params["norm"] != "fleet").then_some(FitBy::Shares)
    };
    let known = match name {
        "first_fit" => Some(Policy::FirstFit),
        "next_fit" => Some(Policy::NextFit),
        "round_robin" => Some(Policy::RoundRobin),
        "random" => Some(Policy::Random),
        "best_fit" => key().map(Policy::BestFit),
        "worst_fit" => key().map(Policy::WorstFit),
        "best_fit_l1" => shares().map(Policy::BestFit),
        "worst_fit_l1" => shares().map(Policy::WorstFit),
        _ => None,
    };
    known.ok_or_else(|| format!("policy `{name}` is not simulated yet"))
}

/// The generator of the cases (Steele, Lea and Flood 2014).
struct SplitMix64(u64);

impl TryRng for SplitMix64 {
    type Error = std::convert::Infallible;

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for byte in bytes {
            *byte = self.next_u64() as u8;
        }
        Ok(())
    }
}
