//! The program as its users meet it: what goes to stdout and what to stderr, exit codes, files.

use expect_test::{Expect, expect};
use fleetcast_core::report::{Report, SCHEMA_VERSION};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Two hosts, one request an hour, and nobody leaves: it fits until it does not.
const SMALL: &str = r#"
name     = "two hosts"
question = "When are two hosts full?"
start    = "2025-01-01"
duration = "12 h"

[host-models.small]
cpu = 2
memory = "4 GiB"

[[pools]]
name = "all"
hosts = { model = "small", count = 2 }

[[demand]]
name = "vms"
trace = "requests.csv"

[[expect]]
metric = "refused"
at-most = 1
"#;

/// Four fit, the fifth does not, and the sixth comes when the first has gone.
const REQUESTS: &str = "vm_id,arrival_s,departure_s,vcpu,mem_mib
alpha,0,18000,1,1024
beta,3600,,1,1024
gamma,7200,,1,1024
delta,10800,,1,1024
epsilon,14400,,1,1024
zeta,18000.5,,1,1024
";

/// A folder with the small scenario in it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder, "plan.toml", SMALL);
    write(&folder, "requests.csv", REQUESTS);
    folder
}

fn write(folder: &TempDir, name: &str, text: &str) {
    std::fs::write(folder.path().join(name), text).expect("writable");
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("there, and text")
}

fn command(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleetcast"));
    command.current_dir(folder.path()).args(arguments);
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").stdin(Stdio::null());
    command
}

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("what it prints is text")
}

/// The exit code, stdout and stderr of a command in the small scenario's folder.
fn check(arguments: &[&str], expected: &Expect) {
    expected.assert_eq(&shown(&run(&folder(), arguments)));
}

fn shown(output: &Output) -> String {
    let code = output.status.code().expect("it ended by itself");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    format!("exit code {code}\n--- stdout\n{out}--- stderr\n{err}")
}

#[test]
fn the_answer_comes_first() {
    check(
        &["run", "plan.toml"],
        &expect![[r#"
            exit code 0
            --- stdout
            two hosts
            When are two hosts full?

            Fits until 2025-01-01 04:00; 1 of 6 requests refused (16.7%), for not enough
            cpu; cpu runs out first

            ✓ held    refused at most 1: 1

            Run         12 h from 2025-01-01, policy first-fit
            Hosts       2 throughout
            Hosts used  2 at most (no policy needs fewer), 1.83 on average
            Requests    6: 5 placed, 1 refused (16.7%)
            Refused     1 for not enough cpu
            First full  2025-01-01 04:00:00; stranded then: 50% of memory, for want of CPU
            VMs alive   4 at most, 3.50 on average, 4 at the end
            CPU         87.5% on average, 100% at most (4 vCPU), the scarcest
            Memory      43.7% on average, 50% at most (4 GiB)
            Stranded    50% of memory, for want of CPU at the end; nothing of the mix fits

            CPU committed ⡇⡇⡇  capacity ⠒⠒⠒  in vCPU
                   4 ┤⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏⡏
                     │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇
                     │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇
                   3 ┤⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇
                     │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇
                     │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇
                   2 ┤⠀⠀⠀⠀⠀⠀⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇
                     │⠀⠀⠀⠀⠀⠀⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇
                     │⠀⠀⠀⠀⠀⠀⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇
                   1 ┤⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇
                     │⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇
                     │⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇⡇
                   0 └┬────────────────┬─────────────────┬────────────────┬────────────────┬
                    00:00            03:00             06:00            09:00          12:00

            seed 1, fingerprint 8b69b83aff3e9175, fleetcast 0.1.0
            --- stderr
        "#]],
    );
}

#[test]
fn a_missed_expectation_is_exit_code_1() {
    let output = run(&folder(), &["run", "plan.toml", "--quiet", "--set", "expect.0.at-most=0"]);
    assert_eq!(shown(&output), "exit code 1\n--- stdout\n--- stderr\n");
}

#[test]
fn quiet_says_nothing() {
    let output = run(&folder(), &["run", "plan.toml", "-q"]);
    assert_eq!(shown(&output), "exit code 0\n--- stdout\n--- stderr\n");
}

#[test]
fn json_is_one_report_and_nothing_else() {
    for arguments in [&["run", "plan.toml", "--json"][..], &["run", "plan.toml", "--json", "-q"]] {
        let output = run(&folder(), arguments);
        let report: Report = serde_json::from_slice(&output.stdout).expect("a report");
        assert_eq!(report.schema_version, SCHEMA_VERSION);
        assert_eq!((report.requests, report.placed, report.refused), (6, 5, 1));
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn a_warning_is_told_and_kept_with_the_results() {
    let folder = folder();
    write(&folder, "requests.csv", &REQUESTS.replace("vm_id", "colour"));
    let output = run(&folder, &["run", "plan.toml", "--json"]);
    assert!(text(&output.stderr).starts_with("warning: "), "{output:?}");
    let report: Report = serde_json::from_slice(&output.stdout).expect("a report");
    let [note] = report.notes.as_slice() else { panic!("one note: {:?}", report.notes) };
    assert!(note.contains("colour") && note.ends_with("(requests.csv:1)"), "{note}");
}

#[test]
fn options_override_the_scenario() {
    let arguments = ["run", "plan.toml", "--json", "--policy", "worst-fit", "--seed", "7"];
    let report = run(&folder(), &arguments).stdout;
    let report: Report = serde_json::from_slice(&report).expect("a report");
    assert_eq!((report.policy.as_str(), report.seed), ("worst-fit", 7));
}

#[test]
fn a_scenario_can_come_from_stdin_as_toml_or_json() {
    let json = r#"{"name": "two hosts", "host-models": {"small": {"cpu": 2}},
        "pools": [{"name": "all", "hosts": {"model": "small", "count": 2}}],
        "demand": [{"name": "vms", "trace": "requests.csv"}]}"#;
    for scenario in [SMALL, json] {
        let folder = folder();
        let mut child = command(&folder, &["check", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        child.stdin.take().expect("piped").write_all(scenario.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert!(text(&output.stdout).starts_with("ok: two hosts"), "{output:?}");
    }
}

#[test]
fn check_says_ok_in_one_line() {
    check(
        &["check", "plan.toml"],
        &expect![[r#"
            exit code 0
            --- stdout
            ok: two hosts: 2 hosts; demand `vms`; first-fit; 12 h from 2025-01-01; 1 expectation
            --- stderr
        "#]],
    );
}

#[test]
fn every_problem_is_told_with_its_place_and_the_way_out() {
    let folder = folder();
    let wrong = SMALL.replace("model = \"small\"", "model = \"smal\"").replace("4 GiB", "4 GB");
    write(&folder, "plan.toml", &wrong);
    expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: `GB` is not a unit of memory
         --> plan.toml:9:10
          |
        9 | memory = "4 GB"
          |          ^^^^^^
          |
          = hint: did you mean `4 GiB`?

        error: no host model is called `smal`
          --> plan.toml:13:19
           |
        13 | hosts = { model = "smal", count = 2 }
           |                   ^^^^^^
           |
           = hint: did you mean `small`?

        error: 2 problems in plan.toml
    "#]]
    .assert_eq(&shown(&run(&folder, &["check", "plan.toml"])));
    let told = run(&folder, &["run", "plan.toml"]);
    assert_eq!((told.status.code(), text(&told.stdout)), (Some(2), ""));

    let json = run(&folder, &["check", "plan.toml", "--json"]);
    assert_eq!((json.status.code(), text(&json.stderr)), (Some(2), ""));
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["ok"], false);
    assert_eq!(json["problems"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_scenario_that_is_not_there_is_exit_code_3() {
    let output = run(&folder(), &["run", "plam.toml"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), ""));
    assert!(text(&output.stderr).starts_with("error: cannot read `plam.toml`: no such file\n"));
    assert_eq!(run(&folder(), &["check", "."]).status.code(), Some(3));
}

#[test]
fn a_trace_that_is_not_there_is_a_problem_of_the_scenario() {
    let folder = folder();
    std::fs::remove_file(folder.path().join("requests.csv")).expect("it was there");
    let output = run(&folder, &["run", "plan.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no such file"), "{output:?}");
    assert!(text(&output.stderr).contains("plan.toml:17:9"), "{output:?}");
}

#[test]
fn a_scenario_is_utf8_text_of_at_most_4_mib() {
    let folder = folder();
    std::fs::write(folder.path().join("plan.toml"), b"name = \"x\"\n\n# \xff\n").expect("writable");
    let output = run(&folder, &["check", "plan.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("not UTF-8 text: byte 0xff in line 3"), "{output:?}");

    write(&folder, "plan.toml", &"#".repeat((4 << 20) + 1));
    let output = run(&folder, &["check", "plan.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("`plan.toml` is larger than 4 MiB"), "{output:?}");
}

#[test]
fn bad_usage_is_exit_code_2() {
    for arguments in [
        &["run"][..],
        &["run", "plan.toml", "--set", "seed"],
        &["run", "plan.toml", "--seed", "-1"],
        &["run", "plan.toml", "--json", "--placements", "-"],
        &["walk"],
    ] {
        assert_eq!(run(&folder(), arguments).status.code(), Some(2), "{arguments:?}");
    }
}

/// For each case its name, the exit code, and the first line of stderr.
fn ends(cases: &[(&str, Output)]) -> String {
    let line = |(name, output): &(&str, Output)| {
        let stderr = text(&output.stderr);
        assert!(!stderr.contains("panicked"), "{name}: {stderr}");
        let first = stderr.lines().next().unwrap_or("");
        format!("{name}: {} {first}\n", output.status.code().expect("it ended by itself"))
    };
    cases.iter().map(line).collect()
}

#[test]
fn any_bytes_are_a_scenario_or_a_clear_error() {
    let utf_16: Vec<u8> =
        [0xfeff].into_iter().chain(SMALL.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let with = |from: &str, to: &str| {
        assert!(SMALL.contains(from), "{from}");
        SMALL.replacen(from, to, 1).into_bytes()
    };
    let deep = |open: &str, close: &str| [open.repeat(100_000), close.repeat(100_000)].concat();
    let files: [(&str, Vec<u8>); 19] = [
        ("CRLF", SMALL.replace('\n', "\r\n").into_bytes()),
        ("BOM", format!("\u{feff}{SMALL}").into_bytes()),
        ("empty", Vec::new()),
        ("binary", (0..=255).rev().collect()),
        ("gzip", vec![0x1f, 0x8b, 8, 0]),
        ("UTF-16", utf_16),
        (
            "Latin-1",
            with("question = \"When", "question = \"W\u{e9}n")
                .iter()
                .filter(|b| **b != 0xc3)
                .copied()
                .collect(),
        ),
        ("NUL", with("two hosts", "two\0hosts")),
        ("truncated in text", SMALL[..SMALL.len() - 30].into()),
        ("truncated in a line", SMALL[..SMALL.find("small\", count").expect("there") + 3].into()),
        ("NaN", with("cpu = 2", "cpu = nan")),
        ("infinite", with("cpu = 2", "cpu = inf")),
        ("1e400", with("cpu = 2", "cpu = 1e400")),
        ("huge", with("cpu = 2", "cpu = 123456789012345678901234567890")),
        ("negative", with("count = 2", "count = -2")),
        ("wrong type", with("count = 2", "count = \"two\"")),
        ("duplicate key", with("cpu = 2", "cpu = 2\ncpu = 3")),
        ("deep list", format!("name = {}", deep("[", "]")).into_bytes()),
        (
            "deep table",
            format!("name = {}1{}", "{a=".repeat(100_000), "}".repeat(100_000)).into_bytes(),
        ),
    ];
    let folder = folder();
    let mut cases = Vec::new();
    for (name, bytes) in files {
        std::fs::write(folder.path().join("case.toml"), bytes).expect("writable");
        cases.push((name, run(&folder, &["run", "case.toml", "-q"])));
    }
    std::fs::write(folder.path().join("case.json"), deep("[", "]")).expect("writable");
    cases.push(("deep JSON", run(&folder, &["run", "case.json", "-q"])));
    expect![[r#"
        CRLF: 0 
        BOM: 0 
        empty: 2 error: `name` is missing
        binary: 2 error: `case.toml` is not UTF-8 text: byte 0xff in line 1
        gzip: 2 error: `case.toml` is not UTF-8 text: byte 0x8b in line 1
        UTF-16: 2 error: `case.toml` is not UTF-8 text: byte 0xff in line 1
        Latin-1: 2 error: `case.toml` is not UTF-8 text: byte 0xa9 in line 3
        NUL: 2 error: invalid basic string, expected non-double-quote visible characters, `\`
        truncated in text: 2 error: key with no value, expected `=`
        truncated in a line: 2 error: unclosed inline table, expected `}`
        NaN: 2 error: `nan` is not a finite number
        infinite: 2 error: `inf` is not a finite number
        1e400: 2 error: `1e400` is too large
        huge: 2 error: `123456789012345678901234567890` has more than 20 digits
        negative: 2 error: `count` cannot be negative: `-2`
        wrong type: 2 error: `count` is a number, not text
        duplicate key: 2 error: duplicate key
        deep list: 2 error: this is nested too deep
        deep table: 2 error: this is nested too deep
        deep JSON: 2 error: this is nested too deep
    "#]]
    .assert_eq(&ends(&cases));
}

#[test]
fn any_bytes_are_a_trace_or_a_clear_error() {
    let header = "arrival_s,departure_s,vcpu,mem_mib\n";
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("a vector takes all bytes");
        encoder.finish().expect("a vector takes all bytes")
    };
    let whole = gzip(REQUESTS.as_bytes());
    let columns = vec!["1"; 1_000_000].join(",");
    let row = |row: &str| format!("{header}{row}\n").into_bytes();
    let files: [(&str, Vec<u8>); 15] = [
        ("CRLF", REQUESTS.replace('\n', "\r\n").into_bytes()),
        ("BOM", format!("\u{feff}{REQUESTS}").into_bytes()),
        ("gzip", whole.clone()),
        ("truncated gzip", whole[..whole.len() / 2].into()),
        ("empty", Vec::new()),
        ("binary", (0..=255).rev().collect()),
        ("truncated row", row("0,1")),
        ("wrong type", row("0,10,two,1")),
        ("NaN", row("0,10,NaN,1")),
        ("1e400", row("0,10,1,1e400")),
        ("negative", row("-1,10,1,1")),
        ("not UTF-8", [header.as_bytes(), b"0,10,\xff,1\n"].concat()),
        ("a million columns", row(&columns)),
        ("a million columns in the header", columns.clone().into_bytes()),
        ("departure before arrival", row("10,5,1,1")),
    ];
    let folder = folder();
    let mut cases = Vec::new();
    for (name, bytes) in files {
        std::fs::write(folder.path().join("requests.csv"), bytes).expect("writable");
        cases.push((name, run(&folder, &["run", "plan.toml", "-q"])));
    }
    expect![[r#"
        CRLF: 0 
        BOM: 0 
        gzip: 0 
        truncated gzip: 2 error: the compressed data ends too early
        empty: 2 error: the file is empty
        binary: 2 error: this is UTF-16 text, not a CSV file
        truncated row: 2 error: this row has 2 fields, and there are 4 columns
        wrong type: 2 error: `two` is not a number
        NaN: 2 error: `NaN` is not a finite number
        1e400: 2 error: `1e400` is too large
        negative: 2 error: `-1` is below 0
        not UTF-8: 2 error: this is not UTF-8 text
        a million columns: 2 error: this line has more than 1,024 columns
        a million columns in the header: 2 error: this line has more than 1,024 columns
        departure before arrival: 2 error: the departure `5` is before the arrival `10`
    "#]]
    .assert_eq(&ends(&cases));
}

#[test]
fn wrong_arguments_are_told() {
    let cases: [&[&str]; 17] = [
        &["run", "missing.toml"],
        &["run", "."],
        &["run", "plan.toml/x"],
        &["run", ""],
        &["run", "plan.toml", "--set", "=1"],
        &["run", "plan.toml", "--set", "seed=1=2"],
        &["run", "plan.toml", "--set", "seed="],
        &["run", "plan.toml", "--set", "pools..x=1"],
        &["run", "plan.toml", "--set", "pools.7.zones=2"],
        &["run", "plan.toml", "--set", "nothing=1"],
        &["run", "plan.toml", "--set", "demand.vms.trace=."],
        &["run", "plan.toml", "--set", "duration=1e400"],
        &["run", "plan.toml", "--policy", "wurst-fit"],
        &["run", "plan.toml", "--seed", "99999999999999999999"],
        &["run", "plan.toml", "--seed", "18446744073709551615"],
        &["run", "plan.toml", "--out", "/proc/none"],
        &["run", "plan.toml", "--placements", "/dev/full"],
    ];
    let folder = folder();
    let names: Vec<String> = cases.iter().map(|case| case[1..].join(" ")).collect();
    let cases = names
        .iter()
        .zip(cases)
        .map(|(name, case)| (name.as_str(), run(&folder, &[case, &["--quiet"]].concat())));
    let mut cases: Vec<(&str, Output)> = cases.collect();
    for arguments in [&["run", "plan.toml"][..], &["check", "plan.toml"], &["list"], &["schema"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let output = command(&folder, arguments).stdout(full).stderr(Stdio::piped()).output();
        let name = if arguments.len() > 1 { "a full disk" } else { "a full disk, no file" };
        cases.push((name, output.expect("it starts")));
    }
    expect![[r#"
        missing.toml: 3 error: cannot read `missing.toml`: no such file
        .: 3 error: cannot read `.`: it is a folder
        plan.toml/x: 3 error: cannot read `plan.toml/x`: not a directory
        : 3 error: cannot read ``: no such file
        plan.toml --set =1: 2 error: invalid value '=1' for '--set <KEY=VALUE>': write `key=value`, for example `duration="2 years"`
        plan.toml --set seed=1=2: 2 error: --set seed: `seed` is a number, not text
        plan.toml --set seed=: 2 error: --set seed: `seed` is a number, not text
        plan.toml --set pools..x=1: 2 error: --set pools..x: `pools..x` is not a key
        plan.toml --set pools.7.zones=2: 2 error: --set pools.7.zones: there is no `7` in this list
        plan.toml --set nothing=1: 2 error: --set nothing: there is no key `nothing` here
        plan.toml --set demand.vms.trace=.: 2 error: --set demand.vms.trace: `.` cannot be read: it is a folder
        plan.toml --set duration=1e400: 2 error: --set duration: `duration` does not say its unit
        plan.toml --policy wurst-fit: 2 error: --set placement.policy: no policy is called `wurst-fit`
        plan.toml --seed 99999999999999999999: 2 error: invalid value '99999999999999999999' for '--seed <N>': number too large to fit in target type
        plan.toml --seed 18446744073709551615: 2 error: --set seed: `seed` is at most 9223372036854775807, not `18446744073709551615`
        plan.toml --out /proc/none: 3 error: cannot make the folder `/proc/none`: no such file
        plan.toml --placements /dev/full: 3 error: cannot write `/dev/full`: no space left on device
        a full disk: 3 error: cannot write to `stdout`: no space left on device
        a full disk: 3 error: cannot write to `stdout`: no space left on device
        a full disk, no file: 3 error: cannot write to `stdout`: no space left on device
        a full disk, no file: 3 error: cannot write to `stdout`: no space left on device
    "#]].assert_eq(&ends(&cases));
}

#[test]
fn placements_are_one_row_a_request_in_order_of_decision() {
    let folder = folder();
    let expected = "request,host,placed_s\nalpha,0,0\nbeta,0,3600\ngamma,1,7200\ndelta,1,10800\n\
                    epsilon,,\nzeta,0,18000.5\n";
    let arguments = ["run", "plan.toml", "--placements", "p.csv", "-q"];
    assert_eq!(run(&folder, &arguments).status.code(), Some(0));
    assert_eq!(read(&folder.path().join("p.csv")), expected);

    // On stdout they are alone; the answer makes way.
    let output = run(&folder, &["run", "plan.toml", "--placements", "-"]);
    assert_eq!(text(&output.stdout), expected);
    assert!(text(&output.stderr).contains("two hosts"));
}

#[test]
fn who_still_waits_at_the_end_is_placed_nowhere() {
    let folder = folder();
    let arguments = ["run", "plan.toml", "--placements", "-", "-q"];
    let arguments = [&arguments[..], &["--set", "demand.0.when-full=wait"]].concat();
    let output = run(&folder, &arguments);
    assert!(text(&output.stdout).ends_with("epsilon,0,18000\nzeta,,\n"), "{output:?}");
}

#[test]
fn out_holds_every_result_and_nothing_else() {
    let folder = folder();
    let output = run(&folder, &["run", "plan.toml", "--out", "a/b", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let out = folder.path().join("a/b");
    let names = ["facts.csv.gz", "report.html", "series.csv", "series.parquet", "summary.json"];
    assert_eq!(entries(&out), names);

    assert_eq!(read(&out.join("summary.json")), text(&output.stdout));
    assert!(
        read(&out.join("series.csv")).starts_with("time_s,date,hosts_mean,hosts_min,hosts_max,")
    );
    let parquet = std::fs::read(out.join("series.parquet")).expect("there");
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));

    let facts = std::fs::File::open(out.join("facts.csv.gz")).expect("there");
    let mut rows = String::new();
    flate2::read::GzDecoder::new(facts).read_to_string(&mut rows).expect("gzip");
    expect![[r#"
        time_s,fact,request,name,demand,tenant,vm,host,model,pool,rack,order,hosts,reason,wait_s,by,to,migrations,rollout,detail,desk
        0,host-added,,,,,,0,small,all,all-z1-r1,,,,,,,,,,
        0,host-added,,,,,,1,small,all,all-z1-r1,,,,,,,,,,
        0,requested,0,alpha,vms,default,,,,,,,,,,,,,,,
        0,placed,0,,vms,default,0,0,,,,,,,0,,,,,,
        3600,requested,1,beta,vms,default,,,,,,,,,,,,,,,
        3600,placed,1,,vms,default,1,0,,,,,,,0,,,,,,
        7200,requested,2,gamma,vms,default,,,,,,,,,,,,,,,
        7200,placed,2,,vms,default,2,1,,,,,,,0,,,,,,
        10800,requested,3,delta,vms,default,,,,,,,,,,,,,,,
        10800,placed,3,,vms,default,3,1,,,,,,,0,,,,,,
        14400,requested,4,epsilon,vms,default,,,,,,,,,,,,,,,
        14400,refused,4,,vms,default,,,,,,,,cpu,0,,,,,,
        18000,departed,0,,,,0,0,,,,,,,,,,,,,
        18000.5,requested,5,zeta,vms,default,,,,,,,,,,,,,,,
        18000.5,placed,5,,vms,default,0,0,,,,,,,0,,,,,,
        43200,ended,,,,,,,,,,,,,,,,,,,
    "#]]
    .assert_eq(&rows);
}

fn entries(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.map(|entry| entry.expect("readable").file_name());
    let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_parquet_file_holds_the_table_of_the_csv_file() {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    let folder = folder();
    run(&folder, &["run", "plan.toml", "--out", "out", "-q"]);
    let csv = read(&folder.path().join("out/series.csv"));
    let file = std::fs::File::open(folder.path().join("out/series.parquet")).expect("there");
    let reader = SerializedFileReader::new(file).expect("parquet");
    let metadata = reader.metadata().file_metadata();
    let fields = metadata.schema().get_fields();
    let names: Vec<_> = fields.iter().map(|field| field.name()).collect();
    assert_eq!(names.join(","), csv.lines().next().expect("a header"));
    assert_eq!(metadata.num_rows() as usize, csv.lines().count() - 1);
    let last = reader.get_row_iter(None).expect("rows").last().expect("one").expect("readable");
    let last_csv = csv.lines().last().expect("a row");
    let time_s: f64 = last_csv.split(',').next().expect("a field").parse().expect("a number");
    assert_eq!(
        last.get_column_iter().next().expect("a column").1.to_string(),
        format!("{time_s:?}")
    );
}

#[test]
fn the_page_needs_nothing_from_outside_and_runs_nothing() {
    let folder = folder();
    let name = "name     = '<script>alert(1)</script> & \"co\"'";
    write(&folder, "plan.toml", &SMALL.replace("name     = \"two hosts\"", name));
    assert_eq!(run(&folder, &["run", "plan.toml", "--out", "out", "-q"]).status.code(), Some(0));
    let page = read(&folder.path().join("out/report.html"));
    for forbidden in ["<script", "src=", "href=", "@import", "url(", "font-face"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let addresses = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!addresses.contains("http:") && !addresses.contains("https:"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;co&quot;"));
    assert!(page.contains("<svg") && page.contains("prefers-color-scheme: dark"));
}

#[test]
fn a_place_that_cannot_be_written_is_exit_code_3_and_told_before_the_run() {
    let folder = folder();
    write(&folder, "file", "");
    for arguments in [
        ["run", "plan.toml", "--out", "file/out"],
        ["run", "plan.toml", "--out", "file"],
        ["run", "plan.toml", "--placements", "no/such/folder/p.csv"],
        ["run", "plan.toml", "--placements", "."],
    ] {
        let output = run(&folder, &arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {output:?}");
        assert!(text(&output.stderr).starts_with("error: cannot "), "{output:?}");
    }
    assert_eq!(entries(folder.path()), ["file", "plan.toml", "requests.csv"]);
}

/// A run that takes seconds, so that it can be killed half way.
const LONG: &str = r#"
name     = "long"
duration = "10 years"

[host-models.large]
cpu = 1000
memory = "1 TiB"

[flavors.small]
cpu = 1
memory = "1 GiB"

[[pools]]
name = "all"
hosts = { model = "large", count = 50 }

[[demand]]
name = "vms"
flavor = "small"
rate = "20 per minute"
lifetime = { distribution = "exponential", mean = "1 h" }
"#;

#[test]
fn a_killed_run_leaves_what_was_there_before() {
    let folder = folder();
    write(&folder, "long.toml", LONG);
    std::fs::create_dir(folder.path().join("out")).expect("made");
    write(&folder, "out/summary.json", "before");
    let arguments = ["run", "long.toml", "--out", "out", "--placements", "out/p.csv", "-q"];
    for wait_ms in [30, 300, 900] {
        let mut child = command(&folder, &arguments).spawn().expect("the program starts");
        std::thread::sleep(Duration::from_millis(wait_ms));
        let was_running = child.try_wait().expect("it can be asked").is_none();
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        assert!(was_running, "the run is too short for this test");
        assert_eq!(entries(&folder.path().join("out")), ["summary.json"]);
        assert_eq!(read(&folder.path().join("out/summary.json")), "before");
    }
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_and_not_replaced() {
    let folder = folder();
    let output = run(&folder, &["run", "plan.toml", "--placements", "/dev/null", "-q"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    use std::os::unix::fs::FileTypeExt as _;
    assert!(std::fs::metadata("/dev/null").expect("there").file_type().is_char_device());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = folder();
    for arguments in [
        &["list"][..],
        &["run", "plan.toml"],
        &["run", "plan.toml", "--json"],
        &["run", "plan.toml", "-q", "--placements", "-"],
    ] {
        let mut child = command(&folder, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn colour_is_for_those_who_ask() {
    let folder = folder();
    let plain = run(&folder, &["run", "plan.toml"]);
    assert!(!text(&plain.stdout).contains('\u{1b}'), "a pipe gets no colour");
    let mut forced = command(&folder, &["run", "plan.toml"]);
    let forced = forced.env("CLICOLOR_FORCE", "1").output().expect("the program starts");
    assert!(text(&forced.stdout).contains('\u{1b}'));
    let mut both = command(&folder, &["run", "plan.toml"]);
    let both = both.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output();
    assert!(!text(&both.expect("the program starts").stdout).contains('\u{1b}'));
}

#[test]
fn list_names_scenarios_policies_and_metrics() {
    let folder = folder();
    let list = run(&folder, &["list"]);
    for name in ["best-fit", "random", "time-to-ready-p99", "refused"] {
        assert!(text(&list.stdout).contains(name), "{name}");
    }
    assert!(text(&list.stdout).lines().all(|line| line.chars().count() <= 80));
    let json: serde_json::Value =
        serde_json::from_slice(&run(&folder, &["list", "--json"]).stdout).expect("JSON");
    for key in ["scenarios", "policies", "metrics"] {
        assert!(json[key].is_array(), "{key}");
    }
}

#[test]
fn a_scenario_in_the_box_runs_by_its_name() {
    let folder = folder();
    let json = run(&folder, &["list", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    for scenario in json["scenarios"].as_array().expect("a list") {
        let name = scenario["name"].as_str().expect("a name");
        assert_ne!(scenario["question"], "", "{name}");
        let output = run(&folder, &["check", name]);
        // One with a trace says that it is not in the box, and where to get it.
        if output.status.code() != Some(0) {
            assert!(text(&output.stderr).contains("comes without its files"), "{output:?}");
        }
    }
}

#[test]
fn a_refusal_is_explained() {
    check(
        &["explain", "plan.toml", "--request", "epsilon"],
        &expect![[r#"
        exit code 0
        --- stdout
        Request 4 (`epsilon`) is refused: 0 of 2 hosts fit: 2 not enough free cpu

        Arrived   2025-01-01 04:00:00
        From      demand `vms`, tenant `default`
        Asks for  1 vCPU and 1 GiB of memory
        Policy    first-fit

        2 hosts
                0  can take it
                2  not enough free cpu

        What would make it fit
        - `h0` would take it with 1 vCPU more free
        - one more `small` in rack `all-z1-r1` of pool `all` would take it
        --- stderr
    "#]],
    );
}

#[test]
fn a_placement_is_explained() {
    let best = ["explain", "plan.toml", "--request", "1", "--policy", "best-fit"];
    check(
        &best,
        &expect![[r#"
        exit code 0
        --- stdout
        Request 1 (`beta`) goes to `h0`, which best-fit chose of 2 hosts that fit

        Arrived   2025-01-01 01:00:00
        From      demand `vms`, tenant `default`
        Asks for  1 vCPU and 1 GiB of memory
        Policy    best-fit

        2 hosts
                2  can take it

        Best candidates, and what would be left free on them
        Host  Model  Rack       CPU     Memory  Score
        h0    small  all-z1-r1  0 vCPU  2 GiB   0.5000
        h1    small  all-z1-r1  1 vCPU  3 GiB   1.2500
        Score: free shares left, summed over resources, least first
        --- stderr
    "#]],
    );
}

#[test]
fn a_request_that_waits_is_followed() {
    let waits =
        ["explain", "plan.toml", "--request", "epsilon", "--set", "demand.vms.when-full=wait"];
    check(
        &waits,
        &expect![[r#"
        exit code 0
        --- stdout
        Request 4 (`epsilon`) waits: 0 of 2 hosts fit: 2 not enough free cpu
        Placed on `h0` on 2025-01-01 05:00:00, after 60 min

        Arrived   2025-01-01 04:00:00
        From      demand `vms`, tenant `default`
        Asks for  1 vCPU and 1 GiB of memory
        Policy    first-fit

        2 hosts
                0  can take it
                2  not enough free cpu

        What would make it fit
        - `h0` would take it with 1 vCPU more free
        - one more `small` in rack `all-z1-r1` of pool `all` would take it
        --- stderr
    "#]],
    );
}

#[test]
fn a_request_that_never_comes_is_an_error() {
    check(
        &["explain", "plan.toml", "--request", "eta"],
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: no request is called `eta`
         |
         = hint: the run has requests 0 to 5, or a trace's `vm_id`
    "#]],
    );
    check(
        &["explain", "plan.toml", "--request", "6"],
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: no request is called `6`
         |
         = hint: the run has requests 0 to 5, or a trace's `vm_id`
    "#]],
    );
    check(
        &["explain", "plan.toml"],
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: the following required arguments were not provided:
          --request <ID>

        Usage: fleetcast explain --request <ID> <SCENARIO>

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn an_explanation_can_be_data() {
    let arguments = ["explain", "plan.toml", "--request", "epsilon", "--json"];
    let output = run(&folder(), &arguments);
    let account: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(account["outcome"], "refused");
    assert_eq!(account["reason"], "cpu");
    assert_eq!(account["changes"][0]["change"], "more-room");
    assert_eq!(account["changes"][0]["more"][0]["amount"], 1_000);
}

#[test]
fn schema_is_a_json_schema() {
    let schema = run(&folder(), &["schema"]).stdout;
    let schema: serde_json::Value = serde_json::from_slice(&schema).expect("JSON");
    assert!(schema["$schema"].as_str().is_some_and(|url| url.contains("json-schema.org")));
}

#[test]
fn a_plan_to_empty_hosts_is_told() {
    let spread = [
        "defrag",
        "plan.toml",
        "--at",
        "90 min",
        "--policy",
        "worst-fit",
        "--set",
        "defrag.bandwidth=1 GiB/s",
        "--set",
        "defrag.dirty-rate=128 MiB/s",
    ];
    check(
        &spread,
        &expect![[r#"
        exit code 0
        --- stdout
        Empties 1 of 2 hosts in use with 1 migration, 1 a host, in 1,125 ms

        At        2025-01-01 01:30:00
        Hosts     2, 2 in use
        Copied    1.12 GiB
        Downtime  125 ms in all, 125 ms at most

        Step  Request  From  To  Begins  Takes  Hosts emptied
        1     alpha    h0    h1  0.0 s   1.1 s  1
        --- stderr
    "#]],
    );
    let output = run(&folder(), &[&spread[..], &["--json"]].concat());
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((&plan["migrations"], &plan["hosts_emptied"]), (&1.into(), &1.into()));
    assert_eq!(plan["steps"][0]["to"]["name"], "h1");
    check(
        &["defrag", "plan.toml", "--at", "3 h"],
        &expect![[r#"
            exit code 0
            --- stdout
            None of the 2 hosts in use can be emptied: of each, not all VMs fit on others

            At        2025-01-01 03:00:00
            Hosts     2, 2 in use
            --- stderr
        "#]],
    );
}

#[test]
fn a_time_for_a_plan_is_one_of_the_run() {
    for (at, said) in [
        ("2024-12-31", "is before the start"),
        ("2 years", "is after the end of the run"),
        ("2025-02-30", "is not a date"),
        ("soon", "is not a duration"),
        ("", "the duration is empty"),
    ] {
        let output = run(&folder(), &["defrag", "plan.toml", "--at", at]);
        assert_eq!(output.status.code(), Some(2), "{at}");
        assert!(text(&output.stderr).contains(said), "{at}: {}", text(&output.stderr));
    }
    // At the very end it is still the run.
    assert_eq!(run(&folder(), &["defrag", "plan.toml", "--at", "12 h"]).status.code(), Some(0));
}

#[test]
fn completions_are_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&folder(), &["completions", shell]);
        assert!(text(&output.stdout).contains("placements"), "{shell}");
    }
}

#[test]
fn every_help_has_examples() {
    for command in [
        &[][..],
        &["run"],
        &["check"],
        &["explain"],
        &["defrag"],
        &["list"],
        &["schema"],
        &["completions"],
    ] {
        let help = run(&folder(), &[command, &["--help"]].concat());
        assert!(text(&help.stdout).contains("Example"), "{command:?}");
        assert!(text(&help.stdout).contains("fleetcast"), "{command:?}");
    }
}
