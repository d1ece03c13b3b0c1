//! Same answer everywhere: every scenario in WebAssembly, under Node, against `expected.txt`.

use crate::shell;
use std::path::Path;

/// Runs the scenarios in the worker's module; how many tests passed.
///
/// # Errors
/// There is no Node, or a scenario's line differs.
pub(crate) fn run(dist: &Path) -> Result<String, String> {
    shell::text(shell::program("node").arg("--version")).map_err(|why| {
        format!(
            "{why}\nhint: WebAssembly is tested under Node 20 or newer, from https://nodejs.org \
             or as `nodejs` from your system's packages"
        )
    })?;
    let mut last = String::new();
    let mut node = shell::program("node");
    node.arg("web/tests/parity.mjs").arg(dist).arg("scenarios");
    let all_passed = shell::watch(&mut node, |line| last = line.to_owned())?;
    if all_passed {
        Ok(format!("in WebAssembly: {last}"))
    } else {
        Err(format!("the tests in WebAssembly failed; their last line: {last}"))
    }
}
