//! Puts the scenarios of `scenarios/` into the app, with the names of the files that they need.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let folder = manifest.join("../scenarios");
    println!("cargo::rerun-if-changed={}", folder.display());

    let list = |folder: PathBuf| -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
            .unwrap_or_default();
        files.sort();
        files
    };
    let name_of = |path: &PathBuf| path.file_name().map(|n| n.to_string_lossy().into_owned());
    let traces: Vec<String> = list(folder.join("traces"))
        .iter()
        .filter_map(name_of)
        .filter(|name| name.ends_with(".csv") || name.ends_with(".gz"))
        .map(|name| format!("traces/{name}"))
        .collect();

    let mut rows = String::new();
    for path in list(folder) {
        let Some(file) = name_of(&path).filter(|name| name.ends_with(".toml")) else { continue };
        println!("cargo::rerun-if-changed={}", path.display());
        let text = fs::read_to_string(&path).expect("a scenario we ship is readable text");
        let files: Vec<&String> = traces.iter().filter(|name| text.contains(*name)).collect();
        rows += &format!("Builtin {{ file: {file:?}, text: {text:?}, files: &{files:?} }},\n");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("builtin.rs");
    fs::write(out, format!("&[\n{rows}]")).expect("cargo's folder for build output is writable");
}
