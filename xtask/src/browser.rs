//! The web app in headless Chromium: user journeys, parity and accessibility, and the figures.

use crate::{serve, setup, shell};
use std::path::Path;

/// Tests a built app; `only` are words that the names of tests to run must have. How many passed.
///
/// # Errors
/// Something that the tests need is missing, or a test failed.
pub(crate) fn test(dist: &Path, only: &[String]) -> Result<String, String> {
    node(dist, "journeys.mjs", only)
}

/// Measures a built app and prints a table.
///
/// # Errors
/// Something that it needs is missing, or the app did not do what was to be measured.
pub(crate) fn figures(dist: &Path, only: &[String]) -> Result<String, String> {
    shell::run(shell::cargo().args(["build", "--release", "--package", "fleetcast"]))?;
    node(dist, "figures.mjs", only)
}

/// Takes pictures of every screen.
///
/// # Errors
/// Something that it needs is missing, or a screen did not come.
pub(crate) fn shots(dist: &Path, only: &[String]) -> Result<String, String> {
    node(dist, "shots.mjs", only)
}

fn node(dist: &Path, script: &str, args: &[String]) -> Result<String, String> {
    let chromium = setup::chromium()?;
    setup::node_packages()?;
    let (address, _serving) = serve::start(dist, 0)?;
    let mut last = String::new();
    let mut node = shell::program("node");
    node.arg(format!("web/tests/{script}")).arg(&address).args(args);
    node.env("CHROMIUM", chromium).env("DIST", dist).env("TARGET", shell::target_dir()?);
    let all_passed = shell::watch(&mut node, |line| last = line.to_owned())?;
    if all_passed {
        Ok(format!("in Chromium: {last}"))
    } else {
        Err(format!("{script} failed; its last line: {last}"))
    }
}
