//! `fleetcast order`: what to buy by which date, and whether that keeps its promise.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A small fleet that runs out of room, sooner or later.
const SMALL: &str = "\
name = 'small'
start = '2026-01-01'
duration = '12 months'
[host-models.m]
cpu = 8
price = 1000
lead-time = { distribution = 'lognormal', median = '40 days', sigma = 0.3 }
[[pools]]
name = 'p'
hosts = { model = 'm', count = 6 }
[flavors]
one = { cpu = 1 }
two = { cpu = 2 }
[[demand]]
name = 'd'
flavors = { one = 2, two = 1 }
alive = { curve = 'linear', from = 20, to = 60 }
lifetime = { distribution = 'exponential', mean = '60 days' }
when-full = 'wait'
[[uncertain]]
name = 'growth'
key = 'demand.d.alive.to'
low = 40
high = 90
[[expect]]
metric = 'time-to-ready-p99'
at-most = '1 h'
";

fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("a file for tests");
    path
}

fn fleetcast(keys: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleetcast"));
    command.args(keys).env("NO_COLOR", "1").output().expect("it runs")
}

fn order(path: &Path, keys: &[&str]) -> Output {
    fleetcast(&[&["order", path.to_str().expect("text"), "--quiet"], keys].concat())
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[test]
fn the_plan_holds_on_unseen_seeds_as_often_as_it_promises() {
    let path = file("order-small.toml", SMALL);
    let keys = ["--sure", "90%", "--validate", "200", "--json"];
    let output = order(&path, &keys);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let held = json["validated"]["held"].as_u64().expect("a number");
    assert!(json["is_proved"] == true && held >= 180, "{json:#}");
    let orders = json["orders"].as_array().expect("orders");
    let dates: Vec<&str> = orders.iter().filter_map(|order| order["date"].as_str()).collect();
    assert!(dates.is_sorted() && !dates.is_empty(), "{json:#}");
    // Who plans for the likely demand alone misses too often; who plans for all holds.
    let plans = json["plans"].as_array().expect("plans");
    let plan = |name: &str| plans.iter().find(|of| of["name"] == name).expect("it is there");
    assert_eq!(plan("likely")["may_be_chosen"], false, "{json:#}");
    assert!(plan("low")["hosts"].as_u64() < plan("sure")["hosts"].as_u64(), "{json:#}");
    assert!(json["least_regret"].is_string(), "{json:#}");
}

#[test]
fn the_plan_can_be_pasted() {
    let path = file("order-paste.toml", SMALL);
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("order-plan.toml");
    let keys = ["--sure", "80%", "--out", out.to_str().expect("text")];
    let output = order(&path, &keys);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).starts_with("Order "), "{}", stdout(&output));
    let plan = std::fs::read_to_string(&out).expect("the plan is there");
    let pasted = file("order-pasted.toml", &format!("{SMALL}{plan}"));
    let run = fleetcast(&["run", pasted.to_str().expect("text"), "--quiet"]);
    assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
    // With its own plan hardly anything more is needed; and with any number of cores the same.
    let hosts = |path: &Path, jobs: &str| {
        let again = order(path, &["--sure", "80%", "--json", "--jobs", jobs]);
        let json: Value = serde_json::from_slice(&again.stdout).expect("JSON");
        let orders = json["orders"].as_array().expect("orders").clone();
        (orders.iter().filter_map(|order| order["hosts"].as_u64()).sum::<u64>(), orders)
    };
    let (first, again) = (hosts(&path, "2"), hosts(&pasted, "2"));
    assert!(again.0 * 3 <= first.0, "{again:?} {first:?}");
    assert_eq!(first, hosts(&path, "1"));
}

#[test]
fn the_pasted_plan_takes_as_long_as_the_plan_that_was_tested() {
    // The rule's orders take longer than the model says.
    let rule = "\n[procurement]\ntrigger = '80%'\nbatch = 1\nlead-time = '55 days'\n";
    let path = file("order-lead.toml", &format!("{SMALL}{rule}"));
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("order-lead-plan.toml");
    let output = order(&path, &["--sure", "80%", "--out", out.to_str().expect("text")]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let plan = std::fs::read_to_string(&out).expect("the plan is there");
    let pasted = file("order-lead-pasted.toml", &format!("{SMALL}{plan}"));
    let run = fleetcast(&["run", pasted.to_str().expect("text"), "--quiet", "--json"]);
    let json: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let orders = json["orders"].as_array().expect("orders");
    assert!(!orders.is_empty(), "{plan}");
    for order in orders {
        let at = |key: &str| order[key]["at_s"].as_f64().expect("a number");
        assert_eq!(at("due") - at("ordered"), 55.0 * 86_400.0, "{plan}");
    }
}

#[test]
fn hosts_of_many_models_are_told_at_once() {
    // One name a host would be compared with all before: ten thousand million times.
    let hosts = "hosts = [{ model = 'm', count = 150000 }, { model = 'n', count = 150000 }]";
    let many = SMALL
        .replace("hosts = { model = 'm', count = 6 }", hosts)
        .replace("[[pools]]", "[host-models.n]\ncpu = 8\n[[pools]]");
    let begin = std::time::Instant::now();
    let output = order(&file("order-many.toml", &many), &["--every", "soon"]);
    assert!(stderr(&output).contains("`soon` is not a duration"), "{}", stderr(&output));
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
}

#[test]
fn what_orders_cannot_help_is_told() {
    let slow = SMALL.replace("median = '40 days'", "median = '400 days'");
    let output = order(&file("order-late.toml", &slow), &["--sure", "80%"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("Too late to be 80% sure"), "{}", stdout(&output));
    let never = SMALL.replace("when-full", "boot = '2 h'\nwhen-full");
    let output = order(&file("order-never.toml", &never), &["--sure", "80%"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("No order helps"), "{}", stdout(&output));
}

#[test]
fn wrong_wishes_are_told_with_the_way_out() {
    let path = file("order-wrong.toml", SMALL);
    let check = |keys: &[&str], wanted: &str| {
        let output = order(&path, keys);
        assert_eq!(output.status.code(), Some(2), "{keys:?} {}", stdout(&output));
        assert!(stderr(&output).contains(wanted), "{keys:?} {}", stderr(&output));
    };
    check(&["--sure", "20%"], "from 50% to 99.9%");
    check(&["--sure", "high"], "`high` is not a share");
    check(&["--pool", "q"], "no pool is called `q`");
    check(&["--model", "n"], "no host model is called `n`");
    check(&["--every", "soon"], "`soon` is not a duration");
    check(&["--every", "1 h"], "too often");
    check(&["--miss=-4"], "`--miss` is a price");
}
