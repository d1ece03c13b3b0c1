//! Every scenario in `scenarios/` has a line in `scenarios/expected.txt`, and no line is without its
//! file. `cargo xtask expected` rewrites the lines; `cargo xtask parity` runs the same in Wasm.

use fleetcast_core::expected;
use fleetcast_core::read::{Input, read};
use fleetcast_core::simulation;
use fleetcast_core::source::Files;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[test]
fn every_scenario_gives_its_expected_line() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut names: Vec<String> = fs::read_dir(&scenarios)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".toml") || name.ends_with(".json"))
        .collect();
    names.sort();
    let lines = names.iter().map(|name| line(&scenarios, name));
    let text: String =
        [expected::header()].into_iter().chain(lines).map(|line| line + "\n").collect();
    expect_test::expect_file!["../../scenarios/expected.txt"].assert_eq(&text);
}

fn line(scenarios: &Path, name: &str) -> String {
    let text = fs::read_to_string(scenarios.join(name)).unwrap();
    let beside = Beside(scenarios.to_owned());
    let read = read(&Input { file: name, text: &text, overrides: &[] }, &beside)
        .unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
    let report = simulation::run(&Arc::new(read.scenario), &beside)
        .unwrap_or_else(|problem| panic!("{name}: {problem:#?}"));
    expected::line(name, &report)
}

/// The files beside a scenario.
struct Beside(PathBuf);

impl Files for Beside {
    fn open(&self, name: &str) -> Result<Box<dyn Read>, String> {
        let file = File::open(self.0.join(name)).map_err(|error| error.to_string())?;
        Ok(Box::new(std::io::BufReader::new(file)))
    }
}
