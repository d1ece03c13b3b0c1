//! `cargo xtask`: what takes more than one cargo command. `cargo xtask help` lists it.
//!
//! No dependencies, so that it is there in a second. The one heavy tool, wasm-bindgen, is a
//! program of its own (`xtask/bindgen`) and is compiled when it is needed.

mod shell;
mod setup;
mod wasm;
mod serve;
mod browser;
mod parity;
mod stories;
mod test;

use std::path::Path;
use std::process::ExitCode;
use wasm::Profile;

const HELP: &str = "\
Builds and tests Fleetcast.

usage: cargo xtask COMMAND

  test      sets up what the tests need and runs all of them
  serve     builds the web app and serves it on 127.0.0.1; a port can follow
  web       builds the web app: target/fleetcast-web/dist
  parity    builds the web app and runs every scenario in its worker, under Node
  browser   builds the web app and tests it in headless Chromium; words pick tests by name
  figures   measures the web app in headless Chromium
  shots     takes pictures of every screen of the web app: target/fleetcast-web/shots
  expected  rewrites scenarios/expected.txt from native runs
  stories   draws the pictures of docs/stories from runs
  bench     runs the benchmarks; what follows goes to criterion: cargo xtask bench placement
  help      prints this

After serve, web, browser, figures and shots, `quick` builds sooner what is larger and slower.

Exit codes: 0 all is well, 1 something failed, 2 there is no such command.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match args.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let takes_more = matches!(command, "bench" | "serve" | "web" | "browser" | "figures" | "shots");
    if !rest.is_empty() && !takes_more {
        return usage(&format!("`{command}` takes no arguments, and got `{}`", rest.join(" ")));
    }
    let done = match command {
        "test" => return test::all(),
        "web" => web(rest),
        "serve" => serve(rest),
        "parity" => wasm::build(Profile::Web).and_then(|dist| parity::run(&dist)),
        "browser" => in_browser(rest, browser::test),
        "figures" => in_browser(rest, browser::figures),
        "shots" => in_browser(rest, browser::shots),
        "expected" => expected(),
        "stories" => stories::draw(),
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

/// How the app is to be built, and what else was said.
fn profile(rest: &[String]) -> (Profile, &[String]) {
    match rest.split_first() {
        Some((word, rest)) if word == "quick" => (Profile::Quick, rest),
        _ => (Profile::Web, rest),
    }
}

fn web(rest: &[String]) -> Result<String, String> {
    match profile(rest) {
        (profile, []) => wasm::build(profile).map(|dist| dist.display().to_string()),
        (_, rest) => Err(format!("`web` takes `quick` or nothing, and got `{}`", rest.join(" "))),
    }
}

/// Builds the app and serves it until it is stopped.
fn serve(rest: &[String]) -> Result<String, String> {
    let (profile, rest) = profile(rest);
    let port = match rest {
        [] => serve::PORT,
        [port] => port.parse().map_err(|_| format!("`{port}` is not a port"))?,
        _ => return Err(format!("`serve` takes one port, and got `{}`", rest.join(" "))),
    };
    let dist = wasm::build(profile)?;
    let (address, serving) = serve::start(&dist, port)?;
    println!("Fleetcast is at {address} until you press Ctrl+C");
    serving.join().map_err(|_| "the server has stopped".to_owned())?;
    Ok(String::new())
}

/// Builds the app and does something with it in a browser.
fn in_browser(
    rest: &[String],
    what: fn(&Path, &[String]) -> Result<String, String>,
) -> Result<String, String> {
    let (profile, rest) = profile(rest);
    what(&wasm::build(profile)?, rest)
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
