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
