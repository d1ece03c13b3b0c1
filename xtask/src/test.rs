//! `cargo xtask test`: set up, then every check there is. A failure does not hide the next one.

use crate::{browser, parity, setup, shell, wasm};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

/// Runs everything and says how it went; the exit code is 1 when anything failed.
pub(crate) fn all() -> ExitCode {
    let format = Step::run("format", format);
    let lints = Step::run("lints", lints);
    let native = Step::run("native tests", native);
    let slurm = Step::run("Slurm", slurm);
    let build = Step::run("web app", || {
        wasm::build(wasm::Profile::Web).map(|dist| dist.display().to_string())
    });
    let built = || match &build.outcome {
        Ok(dist) => Ok(Path::new(dist)),
        Err(_) => Err("there is no web app to test: its build failed".to_owned()),
    };
    let parity = Step::run("WebAssembly tests", || parity::run(built()?));
    let browser = Step::run("browser tests", || browser::test(built()?, &[]));

    let steps = [format, lints, native, slurm, build, parity, browser];
    println!("\n{}", summary(&steps));
    if steps.iter().all(|step| step.outcome.is_ok()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn format() -> Result<String, String> {
    setup::component("fmt", "rustfmt")?;
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))?;
    Ok("as rustfmt has it".to_owned())
}

fn lints() -> Result<String, String> {
    setup::component("clippy", "clippy")?;
    let everything = ["clippy", "--workspace", "--all-targets"];
    let deny = ["--", "--deny", "warnings"];
    shell::run(shell::cargo().args(everything).args(deny))?;
    // What exists in a browser only is not seen above.
    setup::wasm_target()?;
    let web = ["clippy", "--package", "fleetcast-web", "--bins", "--target", setup::WASM_TARGET];
    shell::run(shell::cargo().args(web).args(deny))?;
    Ok("no warnings".to_owned())
}

fn native() -> Result<String, String> {
    let mut counts = Counts::default();
    let mut tests = shell::cargo();
    // The tool is compiled in its own profile; it has no tests.
    tests.args(["test", "--workspace", "--exclude", "xtask-bindgen", "--no-fail-fast"]);
    let all_passed = shell::watch(&mut tests, |line| counts.add(line))?;
    if all_passed { Ok(counts.to_string()) } else { Err(format!("cargo test failed: {counts}")) }
}

/// A sweep on a real Slurm, where there is one or it can be installed.
fn slurm() -> Result<String, String> {
    /// What the script says if it cannot be tried.
    const SKIPPED: i32 = 77;
    shell::run(shell::cargo().args(["build", "--package", "fleetcast"]))?;
    let fleetcast = shell::target_dir()?.join("debug").join("fleetcast");
    let mut script = shell::program("bash");
    script.arg("deploy/slurm/test.sh").arg(fleetcast);
    match script.status().map(|status| status.code()) {
        Ok(Some(0)) => Ok("a killed task was made up for, byte for byte".to_owned()),
        Ok(Some(SKIPPED)) => Ok("SKIPPED: there is no Slurm, see above".to_owned()),
        Ok(_) => Err("deploy/slurm/test.sh failed".to_owned()),
        Err(error) => Ok(format!("SKIPPED: no bash: {error}")),
    }
}

struct Step {
    name: &'static str,
    /// How it went, in words.
    outcome: Result<String, String>,
    seconds: u64,
}

impl Step {
    fn run(name: &'static str, body: impl FnOnce() -> Result<String, String>) -> Self {
        let begun = Instant::now();
        let outcome = body();
        if let Err(why) = &outcome {
            eprintln!("error: {why}");
        }
        Self { name, outcome, seconds: begun.elapsed().as_secs() }
    }
}

fn summary(steps: &[Step]) -> String {
    let mut lines = Vec::new();
    for Step { name, outcome, seconds } in steps {
        let (mark, words) = match outcome {
            Ok(words) => ("ok", words),
            Err(why) => ("FAILED", why),
        };
        let first_line = words.lines().next().unwrap_or_default();
        lines.push(format!("{mark:<7} {name:<18} {seconds:>5} s  {first_line}"));
    }
    lines.join("\n")
}

/// What cargo's `test result:` lines come to.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Counts {
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let (_, figures) = result.split_once(". ").unwrap_or_default();
        for figure in figures.split("; ") {
            let Some((count, what)) = figure.split_once(' ') else { continue };
            let count: u64 = count.parse().unwrap_or(0);
            match what {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} ignored", self.passed, self.failed, self.ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_over_test_binaries() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test a ... ok",
            "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 40 passed; 2 failed; 0 ignored; 0 measured; 9 filtered out; finished in 1.20s",
        ] {
            counts.add(line);
        }
        assert_eq!(counts.to_string(), "42 passed, 2 failed, 1 ignored");
    }

    #[test]
    fn a_summary_says_all_that_failed() {
        let steps = [
            Step { name: "format", outcome: Err("no\nhint".into()), seconds: 1 },
            Step { name: "lints", outcome: Ok("no warnings".into()), seconds: 61 },
        ];
        assert_eq!(
            summary(&steps),
            "FAILED  format                 1 s  no\nok      lints                 61 s  no warnings"
        );
    }
}
