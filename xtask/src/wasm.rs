//! The WebAssembly module: compiled for the web, then given its JavaScript by wasm-bindgen.

use crate::{setup, shell};
use std::fs;
use std::path::PathBuf;

/// Builds the module; returns the directory with `fleetcast_web.js`, `fleetcast_web_bg.wasm` and
/// their TypeScript declarations.
///
/// # Errors
/// The target is missing and cannot be installed, a build failed, or the result could not be
/// written.
pub(crate) fn build() -> Result<PathBuf, String> {
    setup::wasm_target()?;
    let package = ["--package", "fleetcast-web", "--profile", "web"];
    let target = ["--target", setup::WASM_TARGET];
    shell::run(shell::cargo().arg("build").args(package).args(target))?;

    let target_dir = shell::target_dir()?;
    let compiled = target_dir.join(setup::WASM_TARGET).join("web").join("fleetcast_web.wasm");
    let module = target_dir.join("fleetcast-web");
    let tool = ["run", "--package", "xtask-bindgen", "--profile", "tool", "--"];
    shell::run(shell::cargo().args(tool).arg(&compiled).arg(&module))?;
    // Node takes a `.js` for an ES module only where a package says so.
    fs::write(module.join("package.json"), "{ \"type\": \"module\" }\n")
        .map_err(|error| format!("{}: {error}", module.display()))?;
    Ok(module)
}
