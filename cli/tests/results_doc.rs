//! `docs/RESULTS.md` is the contract: nothing may be in a result that it does not name.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// A run with something in every list and map of its report.
const RICH: &str = r#"
name     = "rich"
question = "?"
duration = "1 day"

[host-models.small]
cpu = 4
memory = "8 GiB"
lead-time = "6 h"

[[pools]]
name = "all"
hosts = { model = "small", count = 2 }

[procurement]
trigger = "50%"
batch = 1
max-hosts = 3
review = "1 h"

[flavors.one]
cpu = 1
memory = "2 GiB"

[[demand]]
name = "refused"
flavor = "one"
rate = "2 per hour"

[[demand]]
name = "waits"
flavor = "one"
rate = "2 per hour"
tenant = "patient"
when-full = "wait"
priority = 1

[provisioning.desk]
operators = 1
hands-on = "10 min"
hours = "always"

[[demand]]
name = "by-ticket"
flavor = "one"
rate = "1 per hour"
lifetime = "1 h"
provisioning = "desk"

[placement]
policy = "greedy-extension"
preemption = true

[defrag]
every = "1 h"

[failures]
hosts = "9 per day"
repair = "1 h"

[[host-rollout]]
name = "kernel"
image = "new"
at = "5 h"
soak = "10 min"
drain-timeout = "10 min"
on-timeout = "skip"

[[host-rollout]]
name = "firmware"
image = "newer"
at = "12 h"
drain = "eviction"

[[expect]]
metric = "refused"
at-least = 1
"#;

/// Batch work beside it.
const JOBS: &str = r#"
[[jobs]]
name = "night"
flavor = "one"
rate = "2 per hour"
run-time = "1 h"
"#;

/// Maps whose keys are names of the scenario's, not of ours.
const MAPS: [&str; 11] = [
    "utilisation",
    "refused_by",
    "waited_by",
    "resources",
    "because",
    "by_cause",
    "stuck_by",
    "vm_minutes_lost_by_tenant",
    "unplaced_amounts",
    "why",
    "double_room",
];

fn keys(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                into.insert(key.clone());
                if MAPS.contains(&key.as_str()) {
                    value
                        .as_object()
                        .into_iter()
                        .flatten()
                        .for_each(|(_, value)| keys(value, into));
                } else {
                    keys(value, into);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| keys(value, into)),
        _ => {}
    }
}

#[test]
fn every_field_of_an_account_is_named() {
    let doc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/RESULTS.md");
    let doc = std::fs::read_to_string(doc).expect("the document is there");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("rich.toml"), RICH).expect("writable");
    let mut names = BTreeSet::new();
    let mut kinds = 0;
    for request in 0..40 {
        let output = Command::new(env!("CARGO_BIN_EXE_fleetcast"))
            .current_dir(folder.path())
            .args(["explain", "rich.toml", "--json", "--request", &request.to_string()])
            .output()
            .expect("the program starts");
        let account: Value = serde_json::from_slice(&output.stdout).expect("an account");
        for change in account["changes"].as_array().expect("a list") {
            kinds += usize::from(names.insert(change["change"].as_str().expect("a word").into()));
        }
        keys(&account, &mut names);
    }
    assert!(kinds > 1, "no change was named, so this test would miss its fields");
    let missing: Vec<_> = names.iter().filter(|name| !doc.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/RESULTS.md does not name {missing:?}");
}

#[test]
fn every_field_of_a_plan_is_named() {
    let doc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/RESULTS.md");
    let doc = std::fs::read_to_string(doc).expect("the document is there");
    let folder = tempfile::tempdir().expect("a folder");
    // Two VMs, spread over two hosts.
    let text = RICH.replace("rate = \"2 per hour\"", "alive = 1");
    std::fs::write(folder.path().join("spread.toml"), text).expect("writable");
    let output = Command::new(env!("CARGO_BIN_EXE_fleetcast"))
        .current_dir(folder.path())
        .args(["defrag", "spread.toml", "--json", "--at", "30 min", "--policy", "worst-fit"])
        .output()
        .expect("the program starts");
    let plan: Value = serde_json::from_slice(&output.stdout).expect("a plan");
    assert_eq!(plan["steps"].as_array().map(Vec::len), Some(1), "{plan}");
    let mut names = BTreeSet::new();
    keys(&plan, &mut names);
    let missing: Vec<_> = names.iter().filter(|name| !doc.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/RESULTS.md does not name {missing:?}");
}

#[test]
fn every_field_of_a_survey_is_named() {
    let doc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/RESULTS.md");
    let doc = std::fs::read_to_string(doc).expect("the document is there");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("full.toml"), RICH.replace("9 per day", "1 per year"))
        .expect("writable");
    let output = Command::new(env!("CARGO_BIN_EXE_fleetcast"))
        .current_dir(folder.path())
        .args(["survive", "full.toml", "--json"])
        .output()
        .expect("the program starts");
    let told: Value = serde_json::from_slice(&output.stdout).expect("an answer");
    assert!(told["levels"][0]["worst"]["largest"][0].is_object(), "{told}");
    let mut names = BTreeSet::new();
    keys(&told, &mut names);
    let missing: Vec<_> = names.iter().filter(|name| !doc.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/RESULTS.md does not name {missing:?}");
}

#[test]
fn every_field_of_headroom_is_named() {
    let doc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/RESULTS.md");
    let doc = std::fs::read_to_string(doc).expect("the document is there");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("rich.toml"), RICH).expect("writable");
    let output = Command::new(env!("CARGO_BIN_EXE_fleetcast"))
        .current_dir(folder.path())
        .args(["headroom", "rich.toml", "--json", "--survive", "--looks", "3", "--seeds", "2"])
        .output()
        .expect("the program starts");
    let told: Value = serde_json::from_slice(&output.stdout).expect("an answer");
    assert!(told["looks"][0]["survive"].is_object(), "{told}");
    let mut names = BTreeSet::new();
    keys(&told, &mut names);
    let missing: Vec<_> = names.iter().filter(|name| !doc.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/RESULTS.md does not name {missing:?}");
}

#[test]
fn every_field_and_column_is_named() {
    let doc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/RESULTS.md");
    let doc = std::fs::read_to_string(doc).expect("the document is there");
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("rich.toml"), format!("{RICH}{JOBS}")).expect("writable");
    let output = Command::new(env!("CARGO_BIN_EXE_fleetcast"))
        .current_dir(folder.path())
        .args(["run", "rich.toml", "--json", "--out", "out", "--placements", "p.csv"])
        .output()
        .expect("the program starts");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    for list in ["orders", "expectations", "demands", "refused_by", "waited_by"] {
        let number =
            report[list].as_array().map(Vec::len).or(report[list].as_object().map(|m| m.len()));
        assert_ne!(number, Some(0), "{list} is empty, so this test would miss its fields");
    }

    let mut names = BTreeSet::new();
    keys(&report, &mut names);
    let header = |text: &str| text.lines().next().expect("a header").to_owned();
    let series = header(&std::fs::read_to_string(path("out/series.csv")).expect("there"));
    for column in series.split(',') {
        let level = ["_mean", "_min", "_max"].iter().find_map(|end| column.strip_suffix(end));
        let column = level.unwrap_or(column);
        let resource = ["cpu", "memory"].iter().find_map(|kind| column.strip_prefix(kind));
        names.insert(resource.map_or(column.to_owned(), |rest| format!("NAME{rest}")));
    }
    let mut facts = String::new();
    let file = std::fs::File::open(path("out/facts.csv.gz")).expect("there");
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut facts)
        .expect("gzip");
    names.extend(header(&facts).split(',').map(str::to_owned));
    names.extend(facts.lines().skip(1).filter_map(|row| row.split(',').nth(1)).map(str::to_owned));
    let placements = header(&std::fs::read_to_string(path("p.csv")).expect("there"));
    names.extend(placements.split(',').map(str::to_owned));

    let missing: Vec<_> = names.iter().filter(|name| !doc.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/RESULTS.md does not name {missing:?}");
}

/// VMs that leave a pool for another, of a team of a company.
const POOLS: &str = r#"
name     = "pools"
duration = "2 days"

[host-models.small]
cpu = 4

[[pools]]
name = "old"
hosts = { model = "small", count = 4 }

[[pools]]
name = "new"
hosts = { model = "small", count = 1 }

[flavors.one]
cpu = 1

[tenants.team]
parent = "company"

[tenants.company]
quota = { vms = 100 }

[[demand]]
name = "vms"
flavor = "one"
alive = 8
pool = "old"
tenant = "team"
lifetime = { distribution = "exponential", mean = "2 days" }

[[pool-migration]]
from = "old"
to = "new"
at = "2 h"
every = "1 h"
wave = 2
run-twice = "3 h"

[[hand-over]]
from = "old"
to = "new"
at = "12 h"
every = "1 h"
keep = 1
"#;

#[test]
fn every_field_and_column_about_pools_is_named() {
    let doc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/RESULTS.md");
    let doc = std::fs::read_to_string(doc).expect("the document is there");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("pools.toml"), POOLS).expect("writable");
    let output = Command::new(env!("CARGO_BIN_EXE_fleetcast"))
        .current_dir(folder.path())
        .args(["run", "pools.toml", "--json", "--out", "out"])
        .output()
        .expect("the program starts");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert!(report["pool_migrations"][0]["moved"].as_u64() > Some(0), "{report}");
    assert!(report["hand_overs"][0]["hosts"].as_u64() > Some(0), "{report}");
    let mut names = BTreeSet::new();
    keys(&report, &mut names);
    let series = std::fs::read_to_string(folder.path().join("out/series.csv")).expect("there");
    assert!(series.contains("pool_old_hosts_used_max") && series.contains("vms_twice_mean"));
    let mut facts = String::new();
    let file = std::fs::File::open(folder.path().join("out/facts.csv.gz")).expect("there");
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut facts)
        .expect("gzip");
    names.extend(facts.lines().skip(1).filter_map(|row| row.split(',').nth(1)).map(str::to_owned));
    let missing: Vec<_> = names.iter().filter(|name| !doc.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/RESULTS.md does not name {missing:?}");
    let page = std::fs::read_to_string(folder.path().join("out/report.html")).expect("there");
    for said in ["Hosts by pool", "VMs that take room in two pools", "company › team"] {
        assert!(page.contains(said), "the page does not say `{said}`");
    }
}

#[test]
fn every_field_of_a_comparison_of_strategies_is_named() {
    let doc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/RESULTS.md");
    let doc = std::fs::read_to_string(doc).expect("the document is there");
    let output = Command::new(env!("CARGO_BIN_EXE_fleetcast"))
        .args(["rollout", "monetate", "--service", "shop", "--at", "1 day", "--json"])
        .output()
        .expect("the program starts");
    let account: Value = serde_json::from_slice(&output.stdout).expect("an account");
    let mut names = BTreeSet::new();
    keys(&account, &mut names);
    let missing: Vec<_> = names.iter().filter(|name| !doc.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/RESULTS.md does not name {missing:?}");
}
