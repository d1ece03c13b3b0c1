//! Puts the scenarios of `scenarios/` into the app: what the page says of each, with the names of the
//! files that it needs and how large its run is; and, apart from that, their texts for the worker.

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

    let expected = folder.join("expected.txt");
    println!("cargo::rerun-if-changed={}", expected.display());
    let expected = fs::read_to_string(expected).unwrap_or_default();

    let (mut rows, mut texts) = (String::new(), String::new());
    for path in list(folder) {
        let Some(file) = name_of(&path).filter(|name| name.ends_with(".toml")) else { continue };
        println!("cargo::rerun-if-changed={}", path.display());
        let text = fs::read_to_string(&path).expect("a scenario we ship is readable text");
        let files: Vec<&String> = traces.iter().filter(|name| text.contains(*name)).collect();
        let [title, question, lasts] = ["name", "question", "duration"].map(|key| said(&text, key));
        let size = size(&expected, &file);
        rows += &format!(
            "Builtin {{ file: {file:?}, title: {title:?}, question: {question:?}, lasts: {lasts:?}, \
             files: &{files:?}, size: {size} }},\n"
        );
        texts += &format!("({file:?}, {text:?}),\n");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    for (name, rows) in [("builtin.rs", rows), ("texts.rs", texts)] {
        fs::write(out.join(name), format!("&[\n{rows}]"))
            .expect("cargo's folder for build output is writable");
    }
}

/// The value of a key at the top of a file, where it is a plain text in quotes.
fn said<'a>(text: &'a str, key: &str) -> &'a str {
    let top = text.lines().take_while(|line| !line.starts_with('['));
    let value = top.filter_map(|line| line.split_once('=')).find(|(k, _)| k.trim() == key);
    value.and_then(|(_, value)| value.split('"').nth(1)).unwrap_or_default()
}

/// How large a scenario's run is, as its line in `expected.txt` says.
fn size(expected: &str, file: &str) -> String {
    let of_file = |line: &&str| line.split(' ').next() == Some(file);
    let figures: Option<Vec<u64>> = expected.lines().find(of_file).and_then(|line| {
        line.split_whitespace().skip(1).take(2).map(|figure| figure.parse().ok()).collect()
    });
    match figures.as_deref() {
        Some([hosts, requests]) => {
            format!("Some(Size {{ hosts: {hosts}, requests: {requests} }})")
        }
        _ => "None".to_owned(),
    }
}
