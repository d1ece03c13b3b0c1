//! `fleetcast headroom`: until when one more service fits, and which resource is short first.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Once;

/// Three hosts that fill up; memory is short before cpu is.
const SMALL: &str = "\
name = 'small'
start = '2026-01-01'
duration = '12 months'
[host-models.m]
cpu = 16
memory = '32 GiB'
[[pools]]
name = 'p'
hosts = { model = 'm', count = 3 }
[flavors]
one = { cpu = 1, memory = '4 GiB' }
big = { cpu = 4, memory = '8 GiB' }
[[demand]]
name = 'd'
flavor = 'one'
alive = { curve = 'linear', from = 4, to = 20 }
[[demand]]
name = 'web'
flavor = 'one'
alive = 1
group = { max-per-host = 1 }
[[uncertain]]
name = 'growth'
key = 'demand.d.alive.to'
low = 12
high = 24
";

fn headroom(keys: &[&str]) -> Output {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("headroom-small.toml");
    static FILE: Once = Once::new();
    FILE.call_once(|| std::fs::write(&path, SMALL).expect("a file for tests"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleetcast"));
    command.args(["headroom", path.to_str().expect("text"), "--quiet"]).args(keys);
    command.env("NO_COLOR", "1").output().expect("it runs")
}

fn json(keys: &[&str], code: i32) -> Value {
    let output = headroom(&[keys, &["--json"]].concat());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{told}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn text(keys: &[&str]) -> String {
    let text = String::from_utf8(headroom(keys).stdout).expect("text");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_fits_at_first_and_not_at_last_has_an_end_in_between() {
    let found = json(&["--flavor", "big", "--instances", "2"], 0);
    let looks = found["looks"].as_array().expect("looks");
    let fits: Vec<f64> = looks.iter().filter_map(|look| look["fits"].as_f64()).collect();
    assert_eq!((fits.len(), fits[0]), (25, 1.0), "{found:#}");
    assert!(fits.is_sorted_by(|a, b| a >= b) && fits[24] < 1.0, "{fits:?}");
    let at = |of: &Value| of["at_s"].as_f64();
    let last = at(&looks[24]);
    let until = &found["until"];
    assert!(at(&until["conservative"]) < at(&until["median"]), "{until:#}");
    assert!(at(&until["median"]) < at(&until["aggressive"]), "{until:#}");
    // Memory is what there is less of: 24 VMs of 4 GiB fill the hosts, and take half of the cpu.
    let enough = |name: &str| at(&found["enough"][name]["conservative"]);
    assert!(enough("memory") < last && enough("cpu") == last, "{found:#}");
    // A pile of holes is no place: it ends when its resource does, or before.
    assert!(at(&until["conservative"]) <= enough("memory"), "{found:#}");
    let free = &looks[0]["free"]["memory"];
    assert!(
        (free["mean"].as_f64().expect("a share") - (96.0 - 20.0) / 96.0).abs() < 1e-9,
        "{free}"
    );
    // The look named is the last at which it fits so often.
    let row = looks.iter().rposition(|look| at(look) == at(&until["conservative"]));
    let row = row.expect("a look");
    assert!(fits[row] >= 0.95 && fits[row + 1] < 0.95, "{row} {fits:?}");
}

#[test]
fn rules_of_what_it_is_like_count() {
    // One a host, of its own group: three fit, a fourth does not, whatever is free.
    let web = ["--like", "web", "--instances"];
    let fits = |found: &Value| found["looks"][0]["fits"].as_f64();
    assert_eq!(fits(&json(&[&web[..], &["3"]].concat(), 0)), Some(1.0));
    let four = json(&[&web[..], &["4"]].concat(), 1);
    assert_eq!((fits(&four), &four["until"]["aggressive"]), (Some(0.0), &Value::Null), "{four:#}");
    assert_eq!(fits(&json(&["--flavor", "one", "--instances", "4"], 0)), Some(1.0));
    let told = text(&[&web[..], &["4"]].concat());
    let wanted = "4 more of one, like web, fit in none of 40 futures, not even at the start; enough of \
                  everything is free then, but not in one place";
    assert!(told.starts_with(wanted), "{told}");
}

#[test]
fn a_buffer_is_left_alone() {
    let until = |buffer: &str| {
        let found = json(&["--flavor", "one", "--buffer", buffer], 0);
        found["until"]["median"]["at_s"].as_f64().expect("a look")
    };
    assert!(until("20%") < until("0%"), "{} {}", until("20%"), until("0%"));
    // 20 of 96 GiB are taken at the start, and one of 4 GiB comes: three quarters stay free, and no more.
    json(&["--flavor", "one", "--buffer", "75%", "--at", "0 s"], 0);
    json(&["--flavor", "one", "--buffer", "75.1%", "--at", "0 s"], 1);
}

#[test]
fn losses_are_looked_at_too() {
    let found = json(&["--flavor", "one", "--survive"], 0);
    let survive = |row: usize, of: &str| found["looks"][row]["survive"][of].clone();
    assert_eq!(survive(0, "losses")["host"], 1.0);
    // Five VMs at the start, eight a host: one host does for all.
    assert_eq!(survive(0, "spare_hosts")["mean"], 2.0);
    assert!(survive(24, "losses")["host"].as_f64() < Some(1.0), "{found:#}");
    assert_eq!(survive(24, "spare_hosts")["conservative"], 0.0);
    assert_eq!(json(&["--flavor", "one"], 0)["looks"][0]["survive"], Value::Null);
}

#[test]
fn without_wishes_it_is_one_of_the_largest() {
    let found = json(&[], 0);
    assert_eq!((&found["flavor"], &found["instances"]), (&"big".into(), &1.into()));
    let told = text(&["--at", "6 months", "--seeds", "5"]);
    assert!(told.starts_with("1 more of big fits on 2026-07-01"), "{told}");
}

#[test]
fn all_that_is_short_is_named() {
    let told = text(&["--flavor", "one", "--instances", "1000", "--seeds", "2"]);
    let wanted = "1,000 more of one fit in none of 2 futures, not even at the start; cpu and memory are what \
                  is short then";
    assert!(told.starts_with(wanted), "{told}");
}

#[test]
fn wrong_wishes_are_told_with_the_way_out() {
    let check = |keys: &[&str], wanted: &str| {
        let output = headroom(keys);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{keys:?}");
        assert!(told.contains(wanted), "{keys:?} {told}");
    };
    check(&["--flavor", "ona", "--instances", "3"], "did you mean `one`?");
    check(&["--like", "w", "--instances", "3"], "no demand or service is called `w`");
    check(&["--flavor", "one", "--at", "2 years"], "after the end of the run");
    check(&["--flavor", "one", "--buffer", "100%"], "below 100%");
    check(&["--flavor", "one", "--buffer", "a lot"], "write it like `10%`");
}
