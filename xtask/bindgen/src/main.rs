//! Makes a JavaScript module of a compiled `.wasm`: `xtask-bindgen INPUT.wasm OUT_DIR [names]`.
//! Without `names`, functions lose theirs: they are a tenth of what people would download.
//!
//! A crate of its own because it takes a minute to compile, which `cargo xtask help` should not.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (input, out_dir, has_names) = match args.as_slice() {
        [input, out_dir] => (input, out_dir, false),
        [input, out_dir, names] if names.as_os_str() == "names" => (input, out_dir, true),
        _ => {
            eprintln!("usage: xtask-bindgen INPUT.wasm OUT_DIR [names]");
            return ExitCode::from(2);
        }
    };
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    let made = bindgen.typescript(true).web(true).and_then(|bindgen| {
        // Unlike the command-line tool, the library leaves `init()` without a URL by default.
        bindgen.remove_name_section(!has_names).remove_producers_section(!has_names);
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
