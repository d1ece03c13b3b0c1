//! Validation cases with exact expected answers: every decision of a policy, and the score of
//! each host where the case tells it.
//!
//! The cases are read from the directory `FLEETCAST_CASES` if set, from `../shared/cases/placement`
//! if it is there, and always from `tests/cases`. What is not simulated yet is named as skipped.

mod common;

#[path = "cases/engine.rs"]
mod engine;
#[path = "cases/fgd.rs"]
mod fgd;
#[path = "cases/jobs.rs"]
mod jobs;
#[path = "cases/kubernetes.rs"]
mod kubernetes;
#[path = "cases/moves.rs"]
mod moves;
#[path = "cases/nomad.rs"]
mod nomad;
#[path = "cases/nova.rs"]
mod nova;

use fleetcast_core::bounds::{self, OverTime, Stay};
use fleetcast_core::placement::{Placer, Query};
use fleetcast_core::resources::{Amounts, KINDS_MAX};
use fleetcast_core::scenario::*;
use fleetcast_core::state::{State, Vm, VmId};
use fleetcast_core::stranding::{self, Mix};
use fleetcast_core::time::{SECOND_MS, Time};
use rand::{Rng, TryRng};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
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
            // Cases of rollouts have a runner of their own.
            if !case["semantics"].is_null() {
                continue;
            }
            let name = case["name"].as_str().or(case["id"].as_str());
            let name = name.unwrap_or("unnamed").to_owned();
            if figures(case, &name) {
                self.passed += 1;
                continue;
            }
            if let Some(decisions) = moves::run(case, &name) {
                self.decisions += decisions;
                self.passed += 1;
                continue;
            }
            let run = match case["policy"].as_str().unwrap_or_default() {
                _ if jobs::is_one(case) => jobs::run(case, &name),
                "k8s" => kubernetes::run(case, &name),
                "nova" => nova::run(case, &name),
                "fgd" => fgd::run(case, &name),
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

/// Checks a case about figures instead of decisions; whether it is one of ours.
fn figures(case: &Value, name: &str) -> bool {
    let expected = &case["expected"];
    let whole = |value: &Value| value.as_i64().expect("it is whole");
    let list = |value: &Value| -> Vec<i64> {
        value.as_array().expect("it is a list").iter().map(whole).collect()
    };
    if case["kind"] == "bounds" && case["items"].is_array() {
        let sizes = list(&case["items"]).into_iter().map(|size| (size, 1)).collect();
        let capacity = whole(&case["capacity"]);
        let found = (bounds::l1(capacity, &sizes), bounds::l2(capacity, &sizes));
        let said = (&expected["L1"], &expected["L2"]);
        assert_eq!((Some(found.0), Some(found.1)), (said.0.as_u64(), said.1.as_u64()), "{name}");
        return true;
    }
    if case["kind"] == "bounds" && case["vms"].is_array() {
        let stay = |vm: &Value| {
            let from = whole(&vm["t"]).unsigned_abs();
            let until = from + whole(&vm["dur"]).unsigned_abs();
            Stay { sizes: list(&vm["demand"]), from, until }
        };
        let stays: Vec<Stay> =
            case["vms"].as_array().expect("it is a list").iter().map(stay).collect();
        let found = bounds::over_time(&list(&case["capacity"]), &stays);
        let OverTime { peak_volume, peak_l2, peak_clique, usage_time } = found;
        for (key, found) in [
            ("peak_volume", peak_volume),
            ("l2", peak_l2),
            ("clique", peak_clique),
            ("usage_time", usage_time),
        ] {
            assert_eq!(Some(found), expected[key].as_u64(), "{name}: {key}");
        }
        return true;
    }
    if case["function"] == "inflation_stranding" {
        inflation(case, name, &list);
        return true;
    }
    false
}

/// What is stranded once no more of a shape fits.
fn inflation(case: &Value, name: &str, list: &dyn Fn(&Value) -> Vec<i64>) {
    let shape = list(&case["shape"]);
    let kinds = &["a", "b", "c", "d", "e", "f", "g", "h"][..shape.len()];
    let hosts = case["hosts"].as_array().expect("hosts are a list");
    let mut scenario = common::bare(kinds);
    for host in hosts {
        common::add_hosts(&mut scenario, &list(&host["cap"]), 1);
    }
    let mut state = State::new(&scenario);
    for (spec, host) in scenario.hosts.iter().zip(hosts) {
        let id = state.add_host(spec.host_type, RackId::from_row(0), 0);
        let ask = state.ask(&common::padded(&list(&host["used"])), None, &[]);
        let demand = DemandId::from_row(0);
        state.start(Vm { request: 0, placed: Time::ZERO, host: id, ask, demand });
    }
    let ask = state.ask(&common::padded(&shape), None, &[]);
    let mut mix = Mix::default();
    mix.add(state.shapes.get(ask.shape));
    let account = stranding::account(&state, &mix.wanted());
    assert_eq!(Some(account.more), case["expected"]["more"].as_u64(), "{name}");
    let stranded = case["expected"]["stranded"].as_array().expect("a list");
    for (column, share) in stranded.iter().enumerate() {
        let left: i64 = account.stranded.values().map(|amounts| amounts[column]).sum();
        let found = left as f64 / account.capacity[column] as f64;
        let expected = share.as_f64().expect("a number");
        assert!((found - expected).abs() < 1e-12, "{name}: {found} is not {expected}");
    }
}

struct Case {
    policy: Policy,
    seed: u64,
    hosts: Vec<Amounts>,
    /// All labels as `key=value`, sorted, and those of each host.
    labels: Vec<String>,
    labels_of: Vec<Vec<LabelId>>,
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
        let hosts = case["hosts"].as_array().map_or(&[][..], Vec::as_slice);
        let all: BTreeSet<String> = hosts.iter().flat_map(labels_of).collect();
        let labels: Vec<String> = all.into_iter().collect();
        let ids = |host: &Value| {
            let rows = labels_of(host).into_iter().map(|label| labels.binary_search(&label));
            rows.map(|row| LabelId::from_row(row.expect("all are there"))).collect()
        };
        let policy = policy(case, &labels)?;
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
            labels_of: list("hosts").iter().map(ids).collect(),
            labels,
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
        scenario.labels.clone_from(&self.labels);
        for (host, labels) in self.hosts.iter().zip(&self.labels_of) {
            let host_type = common::add_hosts(&mut scenario, host, 1);
            scenario.host_types[host_type.row()].labels.clone_from(labels);
        }
        let mut state = State::new(&scenario);
        for spec in &scenario.hosts {
            state.add_host(spec.host_type, RackId::from_row(0), 0);
        }
        let placer = Placer::new(&scenario);
        let mut dice = SplitMix64(self.seed);
        let mut alive: BTreeMap<String, VmId> = BTreeMap::new();
        assert_eq!(self.requests.len(), self.expected.len(), "{name}");
        // Ids by the second at which they end.
        let mut ends: BTreeSet<(u64, String)> = BTreeSet::new();
        for (request, expected) in self.requests.iter().zip(&self.expected) {
            let id = request["id"].as_str().expect("a request has an id").to_owned();
            let now_s = request["t"].as_u64().unwrap_or(0);
            while let Some((end_s, gone)) = ends.pop_first() {
                if end_s > now_s {
                    ends.insert((end_s, gone));
                    break;
                }
                if let Some(vm) = alive.remove(&gone) {
                    let vm = state.end(vm);
                    state.forget(vm.ask);
                }
            }
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
                let stays_s = request["dur"].as_u64();
                let query = Query {
                    ask,
                    now: Time::from_ms(now_s * SECOND_MS),
                    stay_ms: stays_s.map_or(u64::MAX, |s| s * SECOND_MS),
                };
                let host = placer.decide(&state, query, &mut dice).ok();
                match host {
                    Some(host) => {
                        let demand = DemandId::from_row(0);
                        let vm = Vm { request: 0, placed: Time::ZERO, host, ask, demand };
                        alive.insert(id.clone(), state.start_until(vm, query.ends()));
                        ends.extend(stays_s.map(|s| (now_s + s, id.clone())));
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

fn labels_of(host: &Value) -> Vec<String> {
    let labels = host["labels"].as_object();
    labels.into_iter().flatten().map(|(key, value)| label(key, value)).collect()
}

fn label(key: &str, value: &Value) -> String {
    format!("{key}={}", value.as_str().expect("a label is text"))
}

/// The policy under its name in the cases.
fn policy(case: &Value, labels: &[String]) -> Result<Policy, String> {
    let name = case["policy"].as_str().unwrap_or_default();
    let params = &case["params"];
    let key = || match params["key"].as_u64() {
        Some(key) => Ok(FitBy::Columns(vec![key as usize])),
        None => Err("no key".to_owned()),
    };
    let host = || measure(params, ShareOf::Host);
    let fleet = || measure(params, ShareOf::Fleet);
    let norm = |norm: Norm| Ok::<_, String>(FitBy::Norm(norm, host()?));
    Ok(match name {
        "first_fit" => Policy::FirstFit,
        "last_fit" => Policy::LastFit,
        "next_fit" => Policy::NextFit,
        "next_fit_closed" => Policy::NextFitClosed,
        "round_robin" => Policy::RoundRobin,
        "move_to_front" => Policy::MoveToFront,
        "random" => Policy::Random,
        "power_of_d" => Policy::PowerOfD {
            draws: params["d"].as_u64().unwrap_or(2) as u32,
            prefers_most: params["prefer"] != "best",
            measure: host()?,
        },
        "best_fit" => Policy::BestFit(key()?),
        "worst_fit" => Policy::WorstFit(key()?),
        "best_fit_l1" => Policy::BestFit(norm(Norm::L1)?),
        "best_fit_l2" => Policy::BestFit(norm(Norm::L2)?),
        "best_fit_linf" => Policy::BestFit(norm(Norm::Linf)?),
        "worst_fit_l1" => Policy::WorstFit(norm(Norm::L1)?),
        "worst_fit_l2" => Policy::WorstFit(norm(Norm::L2)?),
        "worst_fit_linf" => Policy::WorstFit(norm(Norm::Linf)?),
        "dot_product" => {
            let wants_most = params["sense"] != "min";
            Policy::DotProduct { measure: fleet()?, wants_most }
        }
        "norm_greedy" => Policy::NormGreedy(fleet()?),
        "cosine" => Policy::Cosine(fleet()?.of),
        "tetris" => Policy::Tetris,
        "epvm" => Policy::Epvm { base: params["base"].as_f64() },
        "balance_fit" => Policy::BalanceFit,
        "greedy_extension" => Policy::GreedyExtension(host()?),
        "lifetime_bucket" => {
            let bounds = params["bounds"].as_array().ok_or("no bounds")?.iter();
            let ms = bounds.map(|s| s.as_u64().map(|s| s * SECOND_MS));
            let bounds_ms = ms.collect::<Option<_>>().ok_or("a bound is not whole")?;
            Policy::LifetimeBucket { measure: host()?, bounds_ms }
        }
        "rules" => {
            let rules = params["rules"].as_array().ok_or("no rules")?.iter();
            let rules = rules.map(|rule| read_rule(rule, labels)).collect::<Result<_, _>>()?;
            Policy::Compose(Compose::of_rules(rules, host()?))
        }
        _ => return Err(format!("policy `{name}` is not simulated yet")),
    })
}

fn measure(params: &Value, of: ShareOf) -> Result<Measure, String> {
    let mut measure = Measure::plain(match params["norm"].as_str() {
        Some("host") => ShareOf::Host,
        Some("fleet") => ShareOf::Fleet,
        _ => of,
    });
    let weights = params["weights"].as_array().map_or(&[][..], Vec::as_slice);
    for (milli, weight) in measure.weights_milli.iter_mut().zip(weights) {
        let exact = weight.as_f64().ok_or("a weight is not a number")? * 1_000.0;
        *milli = exact.round() as i64;
        if (exact - exact.round()).abs() > 1e-6 {
            return Err(format!("a weight is finer than thousandths: {weight}"));
        }
    }
    Ok(measure)
}

fn read_rule(rule: &Value, labels: &[String]) -> Result<Rule, String> {
    let score = match rule["score"].as_str().unwrap_or_default() {
        "best_fit_l1" => Score::BestFit(Norm::L1),
        "best_fit_l2" => Score::BestFit(Norm::L2),
        "best_fit_linf" => Score::BestFit(Norm::Linf),
        "worst_fit_l1" => Score::WorstFit(Norm::L1),
        "worst_fit_l2" => Score::WorstFit(Norm::L2),
        "worst_fit_linf" => Score::WorstFit(Norm::Linf),
        "dot_product" => Score::DotProduct,
        "norm_greedy" => Score::NormGreedy,
        "cosine" => Score::Cosine,
        "tetris" => Score::Tetris,
        "epvm" => Score::Epvm,
        "balance_fit" => Score::BalanceFit,
        "non_empty" => Score::NonEmpty,
        "extension" | "greedy_extension" => Score::Extension,
        "label" => {
            let wanted = label(rule["key"].as_str().unwrap_or_default(), &rule["value"]);
            Score::Label(labels.binary_search(&wanted).ok().map(LabelId::from_row))
        }
        other => return Err(format!("score `{other}` is not simulated yet")),
    };
    Ok(Rule { score, quantum: rule["quantum"].as_f64() })
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
