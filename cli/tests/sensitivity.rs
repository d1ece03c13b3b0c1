//! `fleetcast sensitivity`, and what `run --sensitivity` writes.

use std::path::Path;
use std::process::{Command, Output};

/// Two hosts, 12 VMs on them, and room for 16.
const PLAN: &str = r#"
name        = "<two> hosts"
duration    = "30 days"
host-models = { m = { cpu = 8, memory = "32 GiB" } }
pools       = [{ name = "p", hosts = { model = "m", count = 2 } }]
flavors     = { f = { cpu = 1, memory = "1 GiB" } }
demand      = [{ name = "d", flavor = "f", alive = { curve = "linear", from = 1, to = 15 }, lifetime = "forever" }]
expect      = [{ metric = "refused", at-most = 0 }]
"#;

fn fleetcast(folder: &Path, arguments: &[&str]) -> Output {
    std::fs::write(folder.join("plan.toml"), PLAN).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleetcast"));
    command.args(arguments).current_dir(folder).output().expect("it starts")
}

fn json(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_slice(bytes).expect("a document")
}

#[test]
fn what_breaks_the_plan_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = fleetcast(folder.path(), &["sensitivity", "plan.toml", "--json", "-q"]);
    assert!(output.status.success(), "{output:?}");
    let found = json(&output.stdout);
    assert_eq!((&found["expectations"], &found["held"]), (&1.into(), &3.into()));
    // 18 VMs do not fit on 16 places, nor 15 on one host of 8.
    assert_eq!(
        found["breaks"],
        serde_json::json!(["VMs asked for, d 18", "Hosts at the start, p 1"])
    );
    let tornado = &found["tornados"][0];
    assert_eq!(tornado["metric"], "refused");
    let swings: Vec<f64> = tornado["bars"]
        .as_array()
        .expect("bars")
        .iter()
        .map(|bar| bar["swing"].as_f64().expect("a number"))
        .collect();
    assert!(swings.len() == 2 && swings[0] > swings[1] && swings[1] > 0.0, "{swings:?}");
}

#[test]
fn every_end_can_be_run_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let found =
        fleetcast(folder.path(), &["sensitivity", "plan.toml", "--json", "-q", "--seeds", "1"]);
    let found = json(&found.stdout);
    for bar in found["tornados"][0]["bars"].as_array().expect("bars") {
        let (key, value) = (
            bar["keys"][0].as_str().expect("a key"),
            bar["high"]["value"].as_str().expect("a value"),
        );
        let set = format!("{key}={value}");
        let run = json(
            &fleetcast(folder.path(), &["run", "plan.toml", "--json", "-q", "--set", &set]).stdout,
        );
        let share =
            run["refused"].as_f64().expect("a count") / run["requests"].as_f64().expect("a count");
        assert!(
            (bar["high"]["figure"].as_f64().expect("a share") - share).abs() < 1e-12,
            "{set}: {share}"
        );
    }
}

#[test]
fn the_report_has_the_tornado_and_the_assumptions() {
    let folder = tempfile::tempdir().expect("a folder");
    let output =
        fleetcast(folder.path(), &["run", "plan.toml", "--out", "out", "--sensitivity", "-q"]);
    assert!(output.status.success(), "{output:?}");
    let page = std::fs::read_to_string(folder.path().join("out/report.html")).expect("there");
    for said in [
        "What matters most",
        "What moves refused",
        "VMs asked for, d",
        "d: 1 to 15 VMs alive, in a straight line over the run; f (1 vCPU, 1 GiB); stay for good; refused where nothing fits",
        "No host, rack or zone fails.",
        "p: 2 of m at the start, in 1 rack of 1 zone",
        "&lt;two&gt; hosts",
    ] {
        assert!(page.contains(said), "the page does not say `{said}`");
    }
    let file = std::fs::read(folder.path().join("out/sensitivity.json")).expect("there");
    let doc = include_str!("../../docs/RESULTS.md");
    for name in json(&file).as_object().expect("a table").keys() {
        assert!(doc.contains(&format!("`{name}`")), "docs/RESULTS.md does not name `{name}`");
    }
    // The next summary is of another run: what was said of this one goes.
    let output = fleetcast(folder.path(), &["run", "plan.toml", "--out", "out", "-q"]);
    assert!(output.status.success(), "{output:?}");
    assert!(folder.path().join("out/summary.json").exists());
    assert!(!folder.path().join("out/sensitivity.json").exists());
}

#[test]
fn as_written_is_as_written_though_it_be_uncertain() {
    let folder = tempfile::tempdir().expect("a folder");
    let uncertain =
        r#"uncertain=[{ name = "growth", key = "demand.d.alive.to", low = 8, high = 16 }]"#;
    let keys =
        ["sensitivity", "plan.toml", "--set", uncertain, "--metric", "peak-alive", "--json", "-q"];
    let output = fleetcast(folder.path(), &keys);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(json(&output.stdout)["tornados"][0]["figure"].as_f64(), Some(15.0));
}
