//! What the documents show works: each whole scenario in them is right.

use fleetcast_core::read::{Input, read};
use fleetcast_core::source::NoFiles;

/// The TOML blocks of a document that name a scenario.
fn scenarios(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.starts_with("name"))
}

#[test]
fn every_whole_scenario_in_the_documents_is_right() {
    let mut checked = 0;
    for name in ["README.md", "docs/GUIDE.md"] {
        let path = format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"));
        let document = std::fs::read_to_string(&path).expect("the document is there");
        for text in scenarios(&document) {
            if let Err(problems) = read(&Input { file: name, text, overrides: &[] }, &NoFiles) {
                panic!("{name}: {problems:#?}");
            }
            checked += 1;
        }
    }
    assert!(checked > 0, "no document shows a whole scenario");
}

#[test]
fn the_verdict_in_the_readme_is_the_one_of_the_first_command() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).expect("the README is there");
    let quoted = readme.lines().filter_map(|line| line.strip_prefix("> "));
    let quoted: String = quoted.collect::<Vec<_>>().join(" ");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_fleetcast"))
        .args(["run", "scenarios/mercadolibre.toml", "--json"])
        .current_dir(root)
        .output()
        .expect("the program starts");
    let report: fleetcast_core::report::Report =
        serde_json::from_slice(&output.stdout).expect("the report is JSON");
    assert_eq!(quoted.to_lowercase(), report.verdict.to_lowercase());
}
