//! The web app: two programs compiled for the web, given their JavaScript by wasm-bindgen, and the
//! static files beside them. `dist` is all that a web server needs.

use crate::{setup, shell};
use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// How it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For people: small and fast.
    Web,
    /// For who works on it: soon.
    Quick,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Quick => "web-quick",
        }
    }
}

/// Builds the app; returns the folder to serve.
///
/// # Errors
/// The target is missing and cannot be installed, a build failed, or the result could not be
/// written.
pub(crate) fn build(profile: Profile) -> Result<PathBuf, String> {
    setup::wasm_target()?;
    let package = ["--package", "fleetcast-web", "--bins", "--profile", profile.name()];
    let target = ["--target", setup::WASM_TARGET];
    shell::run(shell::cargo().arg("build").args(package).args(target))?;

    let target_dir = shell::target_dir()?;
    let compiled = target_dir.join(setup::WASM_TARGET).join(profile.name());
    let folder = target_dir.join("fleetcast-web");
    let dist = folder.join("dist");
    let failed = |error: std::io::Error| format!("{}: {error}", dist.display());
    if dist.exists() {
        fs::remove_dir_all(&dist).map_err(failed)?;
    }
    fs::create_dir_all(&dist).map_err(failed)?;
    for program in ["app", "worker"] {
        let input = compiled.join(format!("{program}.wasm"));
        let tool = ["run", "--package", "xtask-bindgen", "--profile", "tool", "--"];
        let names = (profile == Profile::Quick).then_some("names");
        shell::run(shell::cargo().args(tool).arg(&input).arg(&dist).args(names))?;
    }
    // Node takes a `.js` for an ES module only where a package says so.
    fs::write(folder.join("package.json"), "{ \"type\": \"module\" }\n").map_err(failed)?;

    copy(&shell::root().join("web/static"), &dist, &|_| true).map_err(failed)?;
    let is_data = |path: &Path| {
        path.is_dir() || path.extension().is_some_and(|e| e == "csv" || e == "gz" || e == "md")
    };
    let traces = shell::root().join("scenarios/traces");
    copy(&traces, &dist.join("scenarios/traces"), &is_data).map_err(failed)?;
    remove_declarations(&dist).map_err(failed)?;
    version(&dist).map_err(failed)?;
    Ok(dist)
}

/// Copies a folder's files that are wanted.
fn copy(from: &Path, to: &Path, is_wanted: &dyn Fn(&Path) -> bool) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        if !is_wanted(&path) {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name), is_wanted)?;
        } else {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// TypeScript's declarations are for programs, not for browsers: they go beside `dist`.
fn remove_declarations(dist: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(dist)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(".d.ts") {
            fs::rename(entry.path(), dist.join("..").join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Tells the service worker which files there are and which version they make together.
fn version(dist: &Path) -> std::io::Result<()> {
    let mut files = BTreeMap::new();
    list(dist, "", &mut files)?;
    let mut hash = DefaultHasher::new();
    for (name, path) in &files {
        name.hash(&mut hash);
        fs::read(path)?.hash(&mut hash);
    }
    let is_first = |name: &&String| !name.starts_with("scenarios/") && *name != "sw.js";
    let names: Vec<String> =
        files.keys().filter(is_first).map(|name| format!("{name:?}")).collect();
    let path = dist.join("sw.js");
    let text = fs::read_to_string(&path)?;
    let text = text.replace("\"VERSION\"", &format!("\"{:016x}\"", hash.finish()));
    fs::write(path, text.replace("\"FILES\"", &names.join(", ")))
}

/// All files below a folder, by their address.
fn list(folder: &Path, base: &str, files: &mut BTreeMap<String, PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{base}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            list(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, entry.path());
        }
    }
    Ok(())
}
