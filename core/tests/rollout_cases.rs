//! Validation cases of rollouts, provisioning, growth and failures, each with its exact answer.
//!
//! The cases are read from the directory `FLEETCAST_CASES` if set, from `../shared/cases/rollout`
//! if it is there, and from `tests/rollout_cases`. Those of another kind are placement's; what is
//! not simulated yet is named as skipped.

#[path = "rollout_cases/compare.rs"]
mod compare;
#[path = "rollout_cases/clocks.rs"]
mod clocks;
#[path = "rollout_cases/models.rs"]
mod models;
#[path = "rollout_cases/services.rs"]
mod services;

use compare::Checker;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[test]
fn every_rollout_goes_as_its_case_says() {
    let mut cases = BTreeMap::new();
    for directory in directories() {
        read_cases(&directory, &mut cases);
    }
    let (mut passed, mut skipped, mut wrong) = (0, Vec::new(), Vec::new());
    for (id, case) in &cases {
        let mut checker = Checker::new(&case["tolerance"]);
        match run(case, &mut checker) {
            Err(why) => skipped.push(format!("{id}: {why}")),
            Ok(()) if checker.wrong.is_empty() => passed += 1,
            Ok(()) => wrong.push(format!("{id}:\n  {}", checker.wrong.join("\n  "))),
        }
        for key in checker.unchecked {
            println!("{id}: `{key}` is not computed, and was not checked");
        }
    }
    println!("{passed} of {} cases passed", cases.len());
    for why in &skipped {
        println!("skipped, {why}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(passed > 0, "no case was run");
}

fn run(case: &Value, checker: &mut Checker) -> Result<(), String> {
    let kind = case["kind"].as_str().unwrap_or_default();
    let (input, told) = (&case["input"], &case["expected"]);
    let found = match kind {
        "k8s_rolling" => services::rolling(input),
        "recreate" => services::recreate(input),
        "argo_blue_green" => services::blue_green(input),
        "argo_canary_basic" => services::canary(input),
        "argo_canary_routed" => services::routed(input),
        "flagger_canary" => clocks::flagger(input),
        "singularity_deploy" => clocks::singularity(input),
        "spinnaker_rolling_red_black" => clocks::spinnaker(input),
        "monetate_pipeline" => clocks::monetate(input),
        "host_image_rollout" => clocks::hosts(input),
        "image_distribution" => models::image_distribution(input),
        "boot_reliability" => models::boot_reliability(input),
        "queue" => models::queue(input),
        "live_migration" => models::live_migration(input),
        "jvm_memory" => models::jvm_memory(input),
        "drf" => models::drf(input),
        "growth" => models::growth(input),
        "spares" => models::spares(input),
        "n_plus_k" => models::n_plus_k(input),
        _ => return Err(format!("`{kind}` is not simulated yet")),
    }?;
    checker.compare("", told, &found);
    if kind == "queue" {
        models::simulate_queues(input, told, &case["tolerance"], checker);
    }
    Ok(())
}

fn directories() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = here.join("tests/rollout_cases");
    let outer = match std::env::var_os("FLEETCAST_CASES") {
        Some(set) => PathBuf::from(set),
        None => here.join("../../shared/cases/rollout"),
    };
    // Its own come last, and count only where the others have none of that name.
    [outer, own].into_iter().filter(|directory| directory.is_dir()).collect()
}

/// Adds the cases in a directory and below it, by id.
fn read_cases(directory: &Path, cases: &mut BTreeMap<String, Value>) {
    let entries =
        std::fs::read_dir(directory).unwrap_or_else(|why| panic!("{}: {why}", directory.display()));
    for entry in entries {
        let path = entry.expect("a directory entry can be read").path();
        if path.is_dir() {
            read_cases(&path, cases);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).expect("the case file can be read");
            let json: Value = serde_json::from_str(&text).expect("the case file is JSON");
            let one = std::slice::from_ref(&json);
            for case in json.as_array().map_or(one, Vec::as_slice) {
                let is_ours = !case["input"].is_null() && !case["expected"].is_null();
                if let Some(id) = case["id"].as_str().filter(|_| is_ours) {
                    cases.entry(id.to_owned()).or_insert_with(|| case.clone());
                }
            }
        }
    }
}
