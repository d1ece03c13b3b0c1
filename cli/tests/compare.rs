//! `fleetcast compare`: which is better, by how much, how sure.

use serde_json::Value;
use std::process::{Command, Output};

fn compare(keys: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleetcast"));
    command.arg("compare").args(keys).env("NO_COLOR", "1").output().expect("it runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[test]
fn the_answer_says_which_by_how_much_and_how_sure() {
    let output = compare(&["first", "--with", "pools.main.hosts.count=22", "--seeds", "6"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    let answer = "pools.main.hosts.count=22 is better than as written: refused";
    assert!(text.starts_with(answer), "{text}");
    assert!(text.contains("6 seeds") && text.contains('✓'), "{text}");
}

#[test]
fn the_same_with_any_number_of_cores() {
    let keys = ["first", "--policy", "best-fit", "--policy", "random", "--json", "--jobs"];
    let with = |jobs| {
        let output = compare(&[&keys[..], &[jobs]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        output.stdout
    };
    let one = with("1");
    assert_eq!(one, with("3"));
    let json: Value = serde_json::from_slice(&one).expect("JSON");
    assert_eq!(json["seeds"].as_array().map(Vec::len), Some(10));
    assert_eq!(json["rows"][0]["metric"], "refused");
    let used = json["rows"]
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["metric"] == "mean-hosts-used"));
    let difference = &used.expect("it differs")["differences"][0];
    assert_eq!(difference["is_shown"], true);
    assert!(difference["interval"]["bootstrap_low"].as_f64() > Some(0.0), "{difference}");
}

#[test]
fn seeds_are_added_until_the_interval_is_tight_enough() {
    let keys = ["first", "--with", "demand.vms.alive.to=140", "--metric", "refused", "--json"];
    let with = |width| {
        let output = compare(&[&keys[..], &["--until", width]].concat());
        let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let interval = &json["rows"][0]["differences"][0]["interval"];
        let ends = ["low", "high"].map(|end| interval[end].as_f64().expect("a number"));
        (json["seeds"].as_array().map(Vec::len).expect("seeds"), (ends[1] - ends[0]) / 2.0)
    };
    let (few, wide) = with("±1pp");
    let (many, narrow) = with("±0.3pp");
    assert!(wide <= 0.01 && narrow <= 0.003, "{wide} {narrow}");
    assert!(many > few, "{many} {few}");
}

#[test]
fn no_variant_that_holds_is_exit_code_1() {
    // In a month there are no 1,900 hosts.
    let trigger = "procurement.trigger=\"85%\"";
    let output = compare(&[
        "mercadolibre",
        "--with",
        trigger,
        "--set",
        "duration=\"1 month\"",
        "--seeds",
        "1",
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains("every expectation held with 0 of 1 seeds"));
}

#[test]
fn wrong_input_is_told_with_a_way_out() {
    for (keys, wrong, hint) in [
        (&["first"][..], "only one thing to compare", "--policy NAME"),
        (
            &["first", "--policy", "best-fit", "--policy", "bestfit"],
            "no policy is called",
            "best-fit",
        ),
        (&["first", "--with", "nonsense"], "`nonsense` changes nothing", "key=value"),
        (&["first", "--with", ";"], "without a change", "KEY=VALUE"),
        (
            &["first", "first", "--metric", "refusd"],
            "no key figure is called `refusd`",
            "`refused`",
        ),
        (
            &["first", "first", "--metric", "refused", "--until", "3%"],
            "not a width of `refused`",
            "0.1pp",
        ),
        (&["first", "first", "--metric", "hosts", "--until", "0"], "not a width of `hosts`", "5%"),
        (&["-", "-"], "stdin can be read only once", "once"),
        (&["nothing.toml", "first"], "cannot read `nothing.toml`", "first"),
    ] {
        let output = compare(keys);
        let told = stderr(&output);
        assert!(matches!(output.status.code(), Some(2 | 3)), "{keys:?}: {told}");
        assert!(told.contains(wrong) && told.contains(hint), "{keys:?}: {told}");
        assert!(stdout(&output).is_empty(), "{keys:?}");
    }
}

#[test]
fn stdin_will_do_for_several_policies() {
    use std::io::Write as _;
    use std::process::Stdio;
    let first = include_str!("../../scenarios/first.toml");
    let keys = ["compare", "-", "--policy", "best-fit", "--policy", "random", "--seeds", "3"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_fleetcast"))
        .args(keys)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    child.stdin.take().expect("a pipe").write_all(first.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    // The winner's figure stands first.
    let text = stdout(&output).replace('\n', " ");
    assert!(text.starts_with("Best-fit is better than random: mean-hosts-used 19."), "{text}");
    assert!(text.contains("(95 % interval −"), "{text}");
}
