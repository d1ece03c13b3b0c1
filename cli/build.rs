//! Puts the scenarios of `scenarios/` into the program, with the question each one answers.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let folder = manifest.join("../scenarios");
    println!("cargo::rerun-if-changed={}", folder.display());

    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();

    let rows: String = files.iter().map(|file| row(file)).collect();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("builtin.rs");
    fs::write(out, format!("&[\n{rows}]")).expect("cargo's folder for build output is writable");
}

/// One element of the list in `src/builtin.rs`.
fn row(file: &Path) -> String {
    println!("cargo::rerun-if-changed={}", file.display());
    let text = fs::read_to_string(file).expect("a scenario we ship is readable text");
    let table: toml::Table = text.parse().expect("a scenario we ship is TOML");
    let said = |key: &str| table.get(key).and_then(toml::Value::as_str).unwrap_or_default();
    let stem = file.file_stem().and_then(|stem| stem.to_str()).expect("its name is plain text");
    format!(
        "Builtin {{ name: {stem:?}, title: {:?}, question: {:?}, text: {text:?} }},\n",
        said("name"),
        said("question"),
    )
}
