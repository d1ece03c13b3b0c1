//! `fleetcast rollout`: strategies at an instant, and the best hour.

use serde_json::Value;
use std::process::{Command, Output};

/// Eight instances on a fleet that is full by day, when jobs run, and half empty by night.
const DAY_AND_NIGHT: &str = r#"
name      = "day and night"
start     = "2025-01-06"
duration  = "8 days"
resources = ["slots"]

[host-models.host]
slots = 4

[[pools]]
name = "all"
hosts = { model = "host", count = 6 }

[flavors.one]
slots = 1

[images.old]
boot = "1 min"

[images.new]
boot = "1 min"

[[service]]
name      = "web"
image     = "old"
flavor    = "one"
instances = 8
traffic   = { rate = "100 per second", per-instance = "50 per second", season = { daily = { peak = 1.8, trough = 0.35 } } }

[[service]]
name      = "api"
image     = "old"
flavor    = "one"
instances = 1

# The same in each day from 8 to 18 h.
[[demand]]
name = "jobs"
trace = "jobs.csv"
"#;

fn jobs() -> String {
    let mut csv = "arrival_s,departure_s,flavor\n".to_owned();
    for day in 0..8 {
        let (from, until) = (day * 86_400 + 8 * 3_600, day * 86_400 + 18 * 3_600);
        for _ in 0..15 {
            csv += &format!("{from},{until},one\n");
        }
    }
    csv
}

fn rollout(keys: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("plan.toml"), DAY_AND_NIGHT).expect("writable");
    std::fs::write(folder.path().join("jobs.csv"), jobs()).expect("writable");
    Command::new(env!("CARGO_BIN_EXE_fleetcast"))
        .args(["rollout", "plan.toml"])
        .args(keys)
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .output()
        .expect("the program runs")
}

fn json(keys: &[&str]) -> (Value, Option<i32>) {
    let output = rollout(&[keys, &["--json"]].concat());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    (serde_json::from_slice(&output.stdout).expect(&error), output.status.code())
}

#[test]
fn by_day_only_those_get_through_that_need_no_room() {
    let keys = ["--service", "web", "--image", "new", "--at", "2025-01-06T12:00"];
    let (found, code) = json(&keys);
    assert_eq!(code, Some(0));
    assert_eq!(found["free_slots"], 0);
    let courses = found["strategies"].as_array().expect("a list");
    assert_eq!(courses.len(), 12);
    let of = |name: &str| {
        courses.iter().find(|course| course["strategy"] == name).expect("all are tried")
    };
    assert_eq!(of("recreate")["duration_s"], 60.0);
    assert_eq!(of("recreate")["min_available"], 0);
    // A quarter may be unavailable, so it creeps on without room.
    assert_eq!(of("rolling")["outcome"], "complete");
    assert_eq!(of("rolling")["min_available"], 6);
    // Until the jobs leave at 18 h.
    assert_eq!(of("blue-green")["has_room"], false);
    assert!(of("blue-green")["duration_s"].as_f64() > Some(6.0 * 3_600.0 - 1.0), "{found:#}");
    assert_eq!(of("red-black")["wants_slots"], 8);
    // What is analysed before it serves anybody meets nobody; a switch meets all.
    let exposure = |name: &str| of(name)["bad_image"]["exposure_s"].as_f64().expect("a number");
    assert!(exposure("canary") < exposure("rolling"), "{found:#}");
    assert!(exposure("blue-green") > 0.0);
}

#[test]
fn the_best_hour_is_at_night_and_the_worst_stalls() {
    let keys = ["--service", "web", "--image", "new", "--at", "2025-01-06T12:00"];
    let (found, _) = json(&[&keys[..], &["--strategy", "blue-green"]].concat());
    let hours = &found["hours"];
    assert_eq!((&hours["strategy"], &hours["hours"]), (&"blue-green".into(), &168.into()));
    // Ten hours of each day have room for one more, and seven more are too few.
    assert_eq!(hours["hours_without_room"], 70);
    let best = hours["best"]["at"]["date"].as_str().expect("there is one");
    assert!(best.ends_with("T02:00:00"), "{hours:#}");
    assert_eq!(hours["best"]["outcome"], "complete");
    assert!(hours["worst"]["duration_s"].as_f64() > hours["best"]["duration_s"].as_f64());
    let answer = found["answer"].as_str().expect("words");
    assert!(answer.contains("The best hour of the week for blue-green is Tuesday"), "{answer}");
}

#[test]
fn what_was_mistyped_is_told_with_what_was_meant() {
    for (keys, said) in [
        (&["--at", "1 day"][..], "which service? there are several"),
        (&["--service", "wev", "--at", "1 day"], "did you mean `web`?"),
        (&["--service", "web", "--at", "1 day", "--image", "newer"], "did you mean `new`?"),
        (
            &["--service", "web", "--at", "1 day", "--strategy", "blue-gren"],
            "did you mean `blue-green`?",
        ),
        (&["--service", "web", "--at", "9 days"], "is not before the end of the run"),
        (&["--service", "web", "--at", "1 day", "--found-bad-after", "soon"], "soon"),
    ] {
        let output = rollout(keys);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(said), "{keys:?}: {error}");
        assert_eq!(output.status.code(), Some(2), "{keys:?}");
    }
}

#[test]
fn words_come_first() {
    let keys = ["--service", "web", "--image", "new", "--at", "2025-01-06T12:00"];
    let output = rollout(&[&keys[..], &["--strategy", "red-black"]].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.starts_with("On Monday, 2025-01-06 12:00, with room for "), "{text}");
    assert!(text.contains("Best hour "), "{text}");
}
