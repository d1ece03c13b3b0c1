//! `fleetcast sweep`: the same bytes however they came about, and nothing lost or run twice.

use expect_test::{Expect, expect};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;
use tempfile::TempDir;

/// Hosts that may be too few for an hour's demand.
const PLAN: &str = r#"
name     = "a few hosts"
duration = "1 day"

[host-models.small]
cpu = 4
memory = "8 GiB"

[[pools]]
name = "main"
hosts = { model = "small", count = 2 }

[flavors.one]
cpu = 1
memory = "1 GiB"

[[demand]]
name = "vms"
flavor = "one"
rate = "10 per hour"
lifetime = "1 h"

[[expect]]
metric = "refused"
at-most = "20%"
"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("plan.toml"), PLAN).expect("writable");
    folder
}

fn command(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleetcast"));
    command.current_dir(folder).arg("sweep").args(arguments.split_whitespace());
    command.env_remove("CLICOLOR_FORCE").stdin(Stdio::null());
    for name in ["SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "JOB_COMPLETION_INDEX"] {
        command.env_remove(name);
    }
    command
}

fn run(folder: &Path, arguments: &str) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

/// Runs what has to succeed.
fn done(folder: &Path, arguments: &str) -> Output {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments}: {output:?}");
    output
}

/// The exit code, stdout and stderr.
fn check(folder: &Path, arguments: &str, expected: &Expect) {
    let output = run(folder, arguments);
    let code = output.status.code().expect("it ended by itself");
    let [out, err] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
    expected.assert_eq(&format!("exit code {code}\n--- stdout\n{out}--- stderr\n{err}"));
}

/// Both files of results.
fn results(folder: &Path) -> [Vec<u8>; 2] {
    ["runs.csv", "runs.parquet"].map(|name| fs::read(folder.join(name)).expect("they are there"))
}

/// How many lines all journals have, whole or torn.
fn journal_lines(folder: &Path) -> usize {
    let entries = fs::read_dir(folder.join("journal")).expect("there are journals");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let journals = paths.filter(|path| path.extension().is_some_and(|of| of == "csv"));
    let lines =
        |path: PathBuf| fs::read(path).expect("readable").iter().filter(|b| **b == b'\n').count();
    journals.map(lines).sum()
}

#[test]
fn the_answer_comes_first() {
    let folder = folder();
    check(
        folder.path(),
        "plan.toml --vary pools.main.hosts.count=2..4/3 --vary placement.policy=first-fit,worst-fit \
         --seeds 2 --out out",
        &expect![[r#"
            exit code 0
            --- stdout
            Every expectation held in 8 of 12 runs (66.7%); `pools.main.hosts.count` moves
            that most: best, 100% at 3, worst, 0% at 2

            a few hosts, 12 runs: 6 points, 2 seeds each
              pools.main.hosts.count=2,3,4
              placement.policy=first-fit,worst-fit

            Key figure        Key                     Lowest average           Highest average
            held              pools.main.hosts.count  0% at 2                  100% at 3, best
                              placement.policy        no difference
            refused           pools.main.hosts.count  5.50 at 4, best          73.5 at 2
                              placement.policy        no difference
            peak-hosts-used   pools.main.hosts.count  2 at 2, best             4 at 4
                              placement.policy        no difference
            mean-hosts-used   pools.main.hosts.count  1.94 at 2, best          3.44 at 4
                              placement.policy        2.53 at first-fit, best  2.93 at worst-fit
            hosts             pools.main.hosts.count  2 at 2, best             4 at 4
                              placement.policy        no difference
            utilisation-mean  pools.main.hosts.count  0.57 at 4                0.79 at 2
                              placement.policy        no difference

            Key figure        Lowest in one point                   Highest in one point
            held              0% in run 0 and 1 point more          100% in run 4 and 3 points more, best
            refused           5.50 in run 8 and 1 point more, best  73.5 in run 0 and 1 point more
            peak-hosts-used   2 in run 0 and 1 point more, best     4 in run 8 and 1 point more
            mean-hosts-used   1.91 in run 0, best                   3.88 in run 10
            hosts             2 in run 0 and 1 point more, best     4 in run 8 and 1 point more
            utilisation-mean  0.57 in run 8 and 1 point more        0.79 in run 0 and 1 point more
            --- stderr
            runs.csv and runs.parquet: out
        "#]],
    );
    check(
        folder.path(),
        "plan.toml --vary pools.main.hosts.count=2..6 --vary host-models.small.cpu=2..8 \
         --random 4 --out random",
        &expect![[r#"
            exit code 0
            --- stdout
            Every expectation held in all 4 runs; `pools.main.hosts.count` moves `refused`
            most: best, 0 at 5..6, worst, 36 at 3..4

            a few hosts, 4 runs
              pools.main.hosts.count=2..6
              host-models.small.cpu=2..8

            Key figure        Key                     Lowest average      Highest average
            refused           pools.main.hosts.count  0 at 5..6, best     36 at 3..4
                              host-models.small.cpu   0 at 6..7, best     36 at 2..3
            peak-hosts-used   pools.main.hosts.count  2 at 2..3, best     4 at 4..5
                              host-models.small.cpu   2 at 7..8, best     4 at 2..3
            mean-hosts-used   pools.main.hosts.count  1.91 at 2..3, best  3.43 at 4..5
                              host-models.small.cpu   1.91 at 7..8, best  3.43 at 2..3
            hosts             pools.main.hosts.count  2 at 2..3, best     6 at 5..6
                              host-models.small.cpu   2 at 7..8, best     6 at 6..7
            utilisation-mean  pools.main.hosts.count  0.29 at 5..6        0.73 at 3..4
                              host-models.small.cpu   0.29 at 6..7        0.73 at 2..3

            Key figure        Lowest in one point  Highest in one point
            refused           0 in run 0, best     36 in run 2 and 1 point more
            peak-hosts-used   2 in run 1, best     4 in run 0 and 1 point more
            mean-hosts-used   1.91 in run 1, best  3.43 in run 3
            hosts             2 in run 1, best     6 in run 0
            utilisation-mean  0.29 in run 0        0.73 in run 2 and 1 point more
            --- stderr
            runs.csv and runs.parquet: random
        "#]],
    );
}

#[test]
fn a_sweep_that_is_killed_ten_times_ends_like_one_that_is_not() {
    let folder = folder();
    let sweep = "first --vary pools.main.hosts.count=10..30/6 --seeds 10 --jobs 2 --quiet --out";
    let begun = Instant::now();
    done(folder.path(), &format!("{sweep} whole"));
    let whole = begun.elapsed();

    let mut dice = 88_172_645_463_325_252_u64;
    let mut killed = 0;
    for _ in 0..10 {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        let mut sweep = command(folder.path(), &format!("{sweep} killed"));
        let mut child = sweep.spawn().expect("the program starts");
        std::thread::sleep(whole.mul_f64((dice % 1_000) as f64 / 4_000.0));
        // On Unix that is SIGKILL: nothing in the program hears of it.
        child.kill().expect("it can be killed");
        killed += usize::from(child.wait().expect("it has ended").code().is_none());
    }
    done(folder.path(), &format!("{sweep} killed"));
    assert_eq!(results(&folder.path().join("whole")), results(&folder.path().join("killed")));
    assert!(killed > 0 || cfg!(not(unix)), "none was at work when it was to be killed");
    // What was done was not done again; a line that was torn is the beginning of another.
    assert_eq!(journal_lines(&folder.path().join("killed")), 60);
}

#[test]
fn shards_come_to_the_same_in_one_folder_or_in_many() {
    let folder = folder();
    let sweep = "plan.toml --vary pools.main.hosts.count=1..7/7 --seeds 3 --quiet";
    done(folder.path(), &format!("{sweep} --out whole"));
    for shard in [2, 3, 1] {
        assert!(!folder.path().join("one/runs.csv").exists());
        done(folder.path(), &format!("{sweep} --out one --shard {shard}/3"));
        done(folder.path(), &format!("{sweep} --out many/{shard} --shard {shard}/3"));
    }
    let whole = results(&folder.path().join("whole"));
    assert_eq!(whole, results(&folder.path().join("one")));
    done(folder.path(), "--collect many --out all --quiet");
    assert_eq!(whole, results(&folder.path().join("all")));
    // Another split goes on where the first was.
    fs::remove_file(folder.path().join("one/journal/2-of-3.1.csv")).expect("it was there");
    done(folder.path(), &format!("{sweep} --out one --shard 1/2"));
    done(folder.path(), &format!("{sweep} --out one"));
    assert_eq!(whole, results(&folder.path().join("one")));
    assert_eq!(journal_lines(&folder.path().join("one")), 21);
}

#[test]
fn what_is_missing_is_said() {
    let folder = folder();
    let sweep = "plan.toml --vary pools.main.hosts.count=1..7/7";
    check(
        folder.path(),
        &format!("{sweep} --out out --shard 2/3"),
        &expect![[r#"
        exit code 0
        --- stdout
        --- stderr
        shard 2 of 3 is done; 2 of 7 runs are there. When all are: fleetcast sweep --collect out
    "#]],
    );
    check(
        folder.path(),
        "--collect out",
        &expect![[r#"
        exit code 1
        --- stdout
        --- stderr
        5 of 7 runs are missing: of shards 1, 3 of 3
        hint: run them again with the same command; what is there is not run again
    "#]],
    );
    check(
        folder.path(),
        "--collect out --json",
        &expect![[r#"
        exit code 1
        --- stdout
        {
          "runs": 7,
          "missing": 5,
          "shards": [
            1,
            3
          ],
          "of": 3,
          "damaged": 0
        }
        --- stderr
    "#]],
    );
    check(
        folder.path(),
        "--collect .. --out all",
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: `..` has no sweep in it: no `design.json`
         |
         = hint: give the folder that was the `--out` of a sweep, or one that such folders lie in
    "#]],
    );
}

#[test]
fn slurm_and_kubernetes_say_which_shard() {
    let folder = folder();
    let sweep = "plan.toml --vary pools.main.hosts.count=1..4/4 --quiet --shard auto";
    for index in ["0", "1"] {
        let mut slurm = command(folder.path(), &format!("{sweep} --out slurm"));
        slurm.envs([("SLURM_ARRAY_TASK_ID", index), ("SLURM_ARRAY_TASK_COUNT", "2")]);
        assert!(slurm.status().expect("it starts").success());
        let mut pod = command(folder.path(), &format!("{sweep} --out pods --shards 2"));
        assert!(pod.env("JOB_COMPLETION_INDEX", index).status().expect("it starts").success());
    }
    assert_eq!(results(&folder.path().join("slurm")), results(&folder.path().join("pods")));
}

#[test]
fn what_cannot_be_is_said_before_anything_runs() {
    let folder = folder();
    let wrong = |arguments: &str, expected: &Expect| {
        check(folder.path(), &format!("plan.toml {arguments} --out out"), expected);
        assert!(!folder.path().join("out").exists());
    };
    wrong(
        "",
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: nothing varies
         |
         = hint: let a key take several values: `--vary pools.main.hosts.count=80..120/5`
    "#]],
    );
    wrong(
        "--vary pools.main.hosts.cont=1,2",
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: --set pools.main.hosts.cont: there is no key `cont` here
         |
         = hint: did you mean `count`?

        error: 1 problem in plan.toml
        That is with pools.main.hosts.cont=1. Nothing was run.
    "#]],
    );
    wrong(
        "--vary pools.main.hosts.count=1,2 --vary placement.policy=first-fit,bst-fit",
        &expect![[r#"
            exit code 2
            --- stdout
            --- stderr
            error: --set placement.policy: no policy is called `bst-fit`
             |
             = hint: did you mean `best-fit`?

            error: 1 problem in plan.toml
            That is with placement.policy=bst-fit. Nothing was run.
        "#]],
    );
    wrong(
        "--vary pools.main.hosts.count=1..5",
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: `pools.main.hosts.count=1..5` does not say how many values
         |
         = hint: `--vary 'pools.main.hosts.count=1..5/5'`, or `--random N` for values drawn from it
    "#]],
    );
    wrong(
        "--vary pools.main.hosts.count=1,1",
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: invalid value 'pools.main.hosts.count=1,1' for '--vary <KEY=VALUES>': `pools.main.hosts.count` has the value `1` twice (ranges are rounded to the decimals of their ends: `1.0..2.0/5` has one)

        For more information, try '--help'.
    "#]],
    );
    wrong(
        "--vary pools.main.hosts.count=1..2000/2000 --seeds 1000",
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: 2,000,000 runs are more than a sweep may have, 1,000,000
         |
         = hint: fewer values or seeds; or `--random N`: so many points, drawn from all of them
    "#]],
    );
    wrong(
        "--vary seed=1,2",
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: `seed` does not vary like other keys
         |
         = hint: `--seed 7 --seeds 20` runs each point with the seeds 7 to 26
    "#]],
    );
    wrong(
        "--vary pools.main.hosts.count=1,2 --metric refusd",
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: no key figure is called `refusd`
         |
         = hint: did you mean `refused`?
    "#]],
    );
    wrong(
        "--vary pools.main.hosts.count=1,2 --shard 3/2",
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: `3/2` is not a shard
         |
         = hint: `--shard 3/8` is the third of eight; `--shard auto` asks Slurm or Kubernetes
    "#]],
    );
    wrong(
        "--vary pools.main.hosts.count=1,2 --shard auto",
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: `--shard auto` finds no task: neither `SLURM_ARRAY_TASK_ID` nor `JOB_COMPLETION_INDEX` is set
         |
         = hint: it is for a Slurm job array and a Kubernetes Indexed Job; elsewhere say which: `--shard 3/8`
    "#]],
    );
}

#[test]
fn another_sweep_does_not_go_into_the_same_folder() {
    let folder = folder();
    done(folder.path(), "plan.toml --vary pools.main.hosts.count=1,2 --out out");
    let before = results(&folder.path().join("out"));
    check(
        folder.path(),
        "plan.toml --vary pools.main.hosts.count=1,3 --seeds 2 --out out",
        &expect![[r#"
            exit code 2
            --- stdout
            --- stderr
            error: `out` holds another sweep; what differs: what varies, the seeds
             |
             = hint: repeat the command that began it to go on with it; for this sweep, give another folder: `--out DIR`
        "#]],
    );
    fs::write(folder.path().join("plan.toml"), PLAN.replace("20%", "21%")).expect("writable");
    let changed = run(folder.path(), "plan.toml --vary pools.main.hosts.count=1,2 --out out");
    assert_eq!(changed.status.code(), Some(2));
    let told = String::from_utf8(changed.stderr).expect("text");
    assert!(told.contains("what differs: the scenario's text"), "{told}");
    assert_eq!(before, results(&folder.path().join("out")));

    fs::write(folder.path().join("out/design.json"), "{}").expect("writable");
    check(
        folder.path(),
        "--collect out",
        &expect![[r#"
        exit code 2
        --- stdout
        --- stderr
        error: `out/design.json` is not the design of a sweep: missing field `fleetcast` at line 1 column 2
         |
         = hint: give the sweep another folder, or remove this one
    "#]],
    );
}

#[test]
fn values_that_do_not_go_together_are_a_row_that_says_so() {
    let folder = folder();
    let sweep = "plan.toml --vary expect.0.at-most=1,500 --vary expect.0.at-least=0,3 --out out";
    check(
        folder.path(),
        sweep,
        &expect![[r#"
        exit code 1
        --- stdout
        Every expectation held in 2 of 3 runs (66.7%); `expect.0.at-most` moves that
        most: best, 100% at 500, worst, 0% at 1

        a few hosts, 4 runs
          expect.0.at-most=1,500
          expect.0.at-least=0,3

        1 run could not be and is left out, the first run 1: --set expect.0.at-least:
        `at-least` is more than `at-most`

        Key figure  Key                Lowest average  Highest average
        held        expect.0.at-most   0% at 1         100% at 500, best
                    expect.0.at-least  50% at 0        100% at 3, best

        Key figure  Lowest in one point  Highest in one point
        held        0% in run 0          100% in run 2 and 1 point more, best
        --- stderr
        runs.csv and runs.parquet: out
    "#]],
    );
    let [csv, _] = results(&folder.path().join("out"));
    let csv = String::from_utf8(csv).expect("text");
    let wrong = csv.lines().nth(2).expect("there are four");
    assert!(
        wrong.starts_with("1,1,1,3,,,,") && wrong.contains("is more than `at-most`"),
        "{wrong}"
    );
}

#[test]
fn the_parquet_file_is_the_table_with_types() {
    let folder = folder();
    let sweep = "plan.toml --vary pools.main.hosts.count=1..5/5 --vary placement.policy=first-fit,worst-fit \
                 --quiet --out out";
    done(folder.path(), sweep);
    let out = folder.path().join("out");
    let mut csv = csv::Reader::from_path(out.join("runs.csv")).expect("it is there");
    let names = csv.headers().expect("it has a header").clone();
    let file = fs::File::open(out.join("runs.parquet")).expect("it is there");
    let parquet = SerializedFileReader::new(file).expect("it is one");
    let mut rows = 0;
    for (row, record) in parquet.get_row_iter(None).expect("it has rows").zip(csv.records()) {
        let (row, record) = (row.expect("readable"), record.expect("readable"));
        for ((name, field), (header, cell)) in row.get_column_iter().zip(names.iter().zip(&record))
        {
            assert_eq!(name, header);
            match field {
                Field::Long(value) => assert_eq!(value.to_string(), cell, "{name}"),
                Field::Double(value) => assert_eq!(Ok(*value), cell.parse(), "{name}"),
                Field::Str(value) => assert_eq!(value, cell, "{name}"),
                Field::Bool(value) => assert_eq!(value.to_string(), cell, "{name}"),
                Field::Null => assert_eq!(cell, "", "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        assert_eq!(row.get_column_iter().count(), names.len());
        rows += 1;
    }
    assert_eq!(rows, 10);
}

#[test]
fn a_run_of_a_sweep_is_the_run_of_its_values() {
    let folder = folder();
    done(folder.path(), "plan.toml --vary pools.main.hosts.count=1,3 --seed 7 --seeds 2 --out out");
    let mut csv = csv::Reader::from_path(folder.path().join("out/runs.csv")).expect("it is there");
    let last: std::collections::BTreeMap<String, String> =
        csv.deserialize().last().expect("there are rows").expect("readable");
    let mut one = Command::new(env!("CARGO_BIN_EXE_fleetcast"));
    one.current_dir(folder.path()).args(["run", "plan.toml", "--json", "--seed", "8"]);
    let one = one.args(["--set", "pools.main.hosts.count=3"]).output().expect("it starts");
    let one: fleetcast_core::report::Report =
        serde_json::from_slice(&one.stdout).expect("it is a report");
    assert_eq!(last["run"], "3");
    assert_eq!((&last["fingerprint"], &last["verdict"]), (&one.fingerprint, &one.verdict));
    assert_eq!(last["refused"], one.refused.to_string());
    assert_eq!(last["held"], one.expectations[0].held.to_string());
}

#[test]
fn each_seed_draws_what_is_uncertain_and_no_key_that_varies() {
    let folder = folder();
    let more = "[[uncertain]]\nname = \"growth\"\nkey = \"demand.vms.rate\"\nlow = \"1 per hour\"\n\
                high = \"100 per hour\"\n[[uncertain]]\nname = \"life\"\nkey = \"demand.vms.lifetime\"\n\
                low = \"0.5 h\"\nhigh = \"1.5 h\"\n";
    fs::write(folder.path().join("plan.toml"), format!("{PLAN}{more}")).expect("writable");
    let requests = |vary: &str, out: &str| -> Vec<f64> {
        let mut sweep = command(folder.path(), &format!("plan.toml --seeds 6 --quiet --out {out}"));
        let output = sweep.args(["--vary", vary]).output().expect("the program starts");
        assert!(output.status.success(), "{output:?}");
        let text = fs::read_to_string(folder.path().join(out).join("runs.csv")).expect("there");
        let mut rows = text.lines().map(|row| row.split(',').collect::<Vec<_>>());
        let column = rows.next().expect("a header").iter().position(|name| *name == "requests");
        let column = column.expect("a column");
        rows.map(|row| row[column].parse().expect("a number")).collect()
    };
    // About 240 a day as written; the futures are far apart.
    let drawn = requests("placement.policy=first-fit", "drawn");
    let (least, most) = drawn.iter().fold((f64::MAX, 0.0_f64), |(a, b), n| (a.min(*n), b.max(*n)));
    assert!(most > 2.0 * least, "{drawn:?}");
    let set = requests("demand.vms.rate=10..20 per hour/2", "set");
    assert!(set[..6].iter().all(|n| (180.0..300.0).contains(n)), "{set:?}");
}
