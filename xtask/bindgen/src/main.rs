//! Makes a JavaScript module of a compiled `.wasm`: `xtask-bindgen INPUT.wasm OUT_DIR`.
//!
//! A crate of its own because it takes a minute to compile, which `cargo xtask help` should not.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [input, out_dir] = args.as_slice() else {
        eprintln!("usage: xtask-bindgen INPUT.wasm OUT_DIR");
        return ExitCode::from(2);
    };
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    let made = bindgen.typescript(true).web(true).and_then(|bindgen| {
        // Unlike the command-line tool, the library leaves `init()` without a URL by default.
        bindgen.input_path(input).omit_default_module_path(false).generate(out_dir)
    });
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(3)
        }
    }
}
