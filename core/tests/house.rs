//! The two rules of the house that no compiler checks: a module uses only what `lib.rs` lists
//! above it, and packages depend on the core, never back and never on each other.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn a_module_uses_only_what_is_listed_above_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let modules = modules(&without_tests(&fs::read_to_string(src.join("lib.rs")).unwrap()));
    assert!(modules.len() > 5, "lib.rs lists the modules: {modules:?}");

    let mut wrong = Vec::new();
    for file in rust_files(&src) {
        let inside = file.strip_prefix(&src).unwrap();
        let top = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if top == "lib" || inside.ends_with("tests.rs") {
            continue;
        }
        let text = without_tests(&fs::read_to_string(&file).unwrap());
        for why in wrong_uses(&modules, top, &text) {
            wrong.push(format!("{}: {why}", inside.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn packages_depend_on_the_core_and_not_on_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (package, allowed) in [
        ("core", &[][..]),
        ("cli", &["fleetcast-core"]),
        ("web", &["fleetcast-core"]),
        ("benches", &["fleetcast-core"]),
        ("xtask", &[]),
        ("xtask/bindgen", &[]),
    ] {
        let manifest = fs::read_to_string(root.join(package).join("Cargo.toml")).unwrap();
        for dependency in ours(&manifest) {
            assert!(allowed.contains(&dependency.as_str()), "{package} uses {dependency}");
        }
    }
}

/// The modules that a `lib.rs` declares, in order.
fn modules(lib: &str) -> Vec<String> {
    let declared = lib.lines().filter_map(|line| {
        let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    declared.map(str::to_owned).collect()
}

/// What is wrong with the uses of `crate::…` in a file of the module `top`.
fn wrong_uses(modules: &[String], top: &str, text: &str) -> Vec<String> {
    let place = |name: &str| modules.iter().position(|module| module == name);
    let Some(own) = place(top) else { return vec!["not listed in lib.rs".to_owned()] };
    let names = crate_names(text).into_iter();
    names
        .filter(|name| place(name).is_some_and(|used| used > own))
        .map(|name| format!("uses `crate::{name}`, which is listed below `{top}`"))
        .collect()
}

/// The names that stand right behind `crate::`, alone or in braces.
fn crate_names(text: &str) -> Vec<String> {
    let ident = |text: &str| -> String {
        text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut names = Vec::new();
    for after in text.split("crate::").skip(1) {
        let Some(list) = after.strip_prefix('{') else {
            names.push(ident(after));
            continue;
        };
        // The heads of the list's items: what follows `{` or `,` at depth 0.
        let mut depth = 0;
        let mut is_head = true;
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => is_head = true,
                c if is_head && !c.is_whitespace() => {
                    names.push(ident(&list[at..]));
                    is_head = false;
                }
                _ => {}
            }
        }
    }
    names
}

/// The text without comments and without items under `#[cfg(test)]`, as rustfmt lays them out.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        let Some(indent) = line.strip_suffix("#[cfg(test)]") else {
            kept.push_str(line);
            kept.push('\n');
            continue;
        };
        let end = format!("{indent}}}");
        let mut item = lines.by_ref().skip_while(|line| line.trim_start().starts_with("#["));
        let is_block = item.next().is_some_and(|first| first.ends_with('{'));
        if is_block {
            let _ = lines.by_ref().find(|line| *line == end);
        }
    }
    kept
}

/// The packages of this workspace that a manifest depends on, in whatever section.
fn ours(manifest: &str) -> Vec<String> {
    let mut is_dependencies = false;
    let mut found = Vec::new();
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            is_dependencies = section.contains("dependencies");
        }
        let name = line.split([' ', '.', '=']).next().unwrap_or_default();
        if is_dependencies && (name == "fleetcast" || name.starts_with("fleetcast-")) {
            found.push(name.to_owned());
        }
    }
    found
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_rule_sees_through_braces_and_not_into_tests_or_comments() {
    let modules = ["a", "b", "c", "d"].map(str::to_owned);
    let check = |text: &str, expected: &[&str]| {
        let names: Vec<String> = wrong_uses(&modules, "b", &without_tests(text))
            .iter()
            .map(|why| why.split('`').nth(1).unwrap().to_owned())
            .collect();
        assert_eq!(names, expected, "{text}");
    };
    check("use crate::a::X;\nuse crate::b::Y;", &[]);
    check("use crate::c::X;", &["crate::c"]);
    check("use crate::{\n    a::{c, d},\n    d::{X, Y}, c\n};", &["crate::d", "crate::c"]);
    check("fn f() { crate::d::g() }", &["crate::d"]);
    check("/// As [`crate::d`].\n// crate::c::X", &[]);
    check("#[cfg(test)]\nmod tests {\n    use crate::d;\n}\n", &[]);
    check("#[cfg(test)]\nuse crate::d;\nuse crate::c;", &["crate::c"]);
    check(
        "    #[cfg(test)]\n    fn f() {\n        crate::d::g()\n    }\n    crate::c::g()",
        &["crate::c"],
    );
    assert_eq!(wrong_uses(&modules, "e", ""), ["not listed in lib.rs"]);
}

#[test]
fn the_rule_sees_a_dependency_in_each_section() {
    let manifest = "[package]\nname = \"fleetcast-web\"\n[dependencies]\nserde = \"1\"\n\
        fleetcast-core.workspace = true\n[dev-dependencies]\nfleetcast = { path = \"../cli\" }";
    assert_eq!(ours(manifest), ["fleetcast-core", "fleetcast"]);
}
