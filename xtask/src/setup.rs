//! What the tests need and a fresh machine may lack: installed where rustup can, else explained.

use crate::shell;
use std::path::Path;

/// The target that the web module is built for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The compiler's standard library for WebAssembly.
///
/// # Errors
/// It is not there and cannot be installed: what to do.
pub(crate) fn wasm_target() -> Result<(), String> {
    if has_wasm_target()? {
        return Ok(());
    }
    rustup(&["target", "add", WASM_TARGET])?;
    // rustup may rule another toolchain than the one that runs us.
    if has_wasm_target()? {
        return Ok(());
    }
    Err(format!("rustup added {WASM_TARGET}, but not to the compiler that cargo uses here"))
}

fn has_wasm_target() -> Result<bool, String> {
    let ask = ["--print", "target-libdir", "--target", WASM_TARGET];
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let libdir = shell::text(shell::program(&rustc).args(ask))?;
    Ok(Path::new(libdir.trim()).is_dir())
}

/// A part of the toolchain that comes as a cargo command: `fmt` of `rustfmt`.
///
/// # Errors
/// It is not there and cannot be installed: what to do.
pub(crate) fn component(command: &str, component: &str) -> Result<(), String> {
    if shell::text(shell::cargo().args([command, "--version"])).is_ok() {
        return Ok(());
    }
    rustup(&["component", "add", component])
}

fn rustup(args: &[&str]) -> Result<(), String> {
    shell::run(shell::program("rustup").args(args)).map_err(|why| {
        format!(
            "{why}\nhint: this needs `rustup {}`; rustup comes from https://rustup.rs. With a \
             Rust from elsewhere, install what it calls this (Debian: rustfmt, rust-clippy, \
             libstd-rust-dev-wasm32)",
            args.join(" ")
        )
    })
}

/// Where a Chromium may be.
const CHROMIUM: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A Chromium to test in: the one that `CHROMIUM` names, one that is installed, or Debian's.
///
/// # Errors
/// There is none and it cannot be installed: what to do.
pub(crate) fn chromium() -> Result<String, String> {
    let named = std::env::var("CHROMIUM").ok();
    if let Some(found) = named.or_else(installed_chromium) {
        return Ok(found);
    }
    let install = ["install", "-y", "--no-install-recommends", "chromium"];
    let hint = "hint: the browser tests need Chromium: install it, or name one in CHROMIUM";
    shell::run(shell::program("apt-get").arg("update"))
        .and_then(|()| shell::run(shell::program("apt-get").args(install)))
        .map_err(|why| format!("{why}\n{hint}"))?;
    installed_chromium()
        .ok_or_else(|| format!("there is no Chromium after its installation\n{hint}"))
}

fn installed_chromium() -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let mut places =
        CHROMIUM.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.find(|place| place.is_file()).map(|place| place.display().to_string())
}

/// The packages of the browser tests, as their lock file says.
///
/// # Errors
/// npm is missing, or could not fetch them.
pub(crate) fn node_packages() -> Result<(), String> {
    let tests = shell::root().join("web/tests");
    let lock = std::fs::read(tests.join("package-lock.json")).map_err(|e| e.to_string())?;
    let stamp = tests.join("node_modules/.installed");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut npm = shell::program("npm");
    npm.current_dir(&tests).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    shell::run(&mut npm).map_err(|why| {
        format!("{why}\nhint: the browser tests need Node 20 or newer with npm, and its registry")
    })?;
    std::fs::write(&stamp, lock).map_err(|error| format!("{}: {error}", stamp.display()))
}
