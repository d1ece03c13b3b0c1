//! `cargo xtask`: what takes more than one cargo command. `cargo xtask help` lists it.
//!
//! No dependencies, so that it is there in a second. The one heavy tool, wasm-bindgen, is a
//! program of its own (`xtask/bindgen`) and is compiled when it is needed.

mod shell;
mod setup;
mod wasm;
mod parity;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
Builds and tests Fleetcast.

usage: cargo xtask COMMAND

  test      sets up what the tests need and runs all of them
  wasm      builds the WebAssembly module: target/fleetcast-web
  parity    builds the module and runs every scenario in it, under Node
  expected  rewrites scenarios/expected.txt from native runs
  bench     runs the benchmarks; what follows goes to criterion: cargo xtask bench placement
  help      prints this

Exit codes: 0 all is well, 1 something failed, 2 there is no such command.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match args.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    if !rest.is_empty() && command != "bench" {
        return usage(&format!("`{command}` takes no arguments, and got `{}`", rest.join(" ")));
    }
    let done = match command {
        "test" => return test::all(),
        "wasm" => wasm::build().map(|module| module.display().to_string()),
        "parity" => wasm::build().and_then(|module| parity::run(&module)),
        "expected" => expected(),
        "bench" => bench(rest),
        "help" | "--help" | "-h" => Ok(HELP.to_owned()),
        unknown => return usage(&format!("there is no command `{unknown}`")),
    };
    match done {
        Ok(words) => {
            println!("{words}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn usage(problem: &str) -> ExitCode {
    eprintln!("error: {problem}\nhint: `cargo xtask help` lists the commands");
    ExitCode::from(2)
}

fn expected() -> Result<String, String> {
    let test = ["test", "--package", "fleetcast-core", "--test", "expected"];
    shell::run(shell::cargo().args(test).env("UPDATE_EXPECT", "1"))?;
    Ok("scenarios/expected.txt holds what native runs gave: read `git diff` before you keep it"
        .to_owned())
}

fn bench(filter: &[String]) -> Result<String, String> {
    let mut bench = shell::cargo();
    bench.args(["bench", "--package", "fleetcast-benches", "--"]).args(filter);
    shell::run(&mut bench)?;
    Ok("criterion keeps its reports in target/criterion".to_owned())
}
