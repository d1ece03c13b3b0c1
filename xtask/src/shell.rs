//! Running other programs: say the command, then run it in the workspace's root.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The workspace's directory: that of the cargo which runs us, because two clones that share a
/// target directory share this program too.
pub(crate) fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = here.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    here.parent().expect("xtask lies in the workspace").to_owned()
}

/// Where cargo builds to.
pub(crate) fn target_dir() -> Result<PathBuf, String> {
    let metadata = text(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let (_, after) =
        metadata.split_once(r#""target_directory":""#).ok_or("cargo metadata names no target")?;
    let (path, _) = after.split_once('"').ok_or("cargo metadata is cut off")?;
    Ok(PathBuf::from(path.replace(r"\\", r"\")))
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    program(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
}

/// A program, to be run in the root.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Runs it, with its output going where ours goes.
///
/// # Errors
/// It could not start, or it failed; as a sentence.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let words = say(command);
    let status = command.status().map_err(|error| format!("`{words}` did not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{words}` failed ({status})")) }
}

/// Runs it and shows each line of its stdout, which `see` sees too. Whether it succeeded.
///
/// # Errors
/// It could not start, as a sentence.
pub(crate) fn watch(command: &mut Command, mut see: impl FnMut(&str)) -> Result<bool, String> {
    let words = say(command);
    let failed = |error| format!("`{words}`: {error}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let stdout = child.stdout.take().expect("stdout is piped");
    for line in BufReader::new(stdout).split(b'\n') {
        let line = String::from_utf8_lossy(&line.map_err(failed)?).into_owned();
        println!("{line}");
        see(&line);
    }
    Ok(child.wait().map_err(failed)?.success())
}

/// What it prints on stdout; says nothing.
///
/// # Errors
/// It could not start, or it failed; as a sentence.
pub(crate) fn text(command: &mut Command) -> Result<String, String> {
    let words = words(command);
    let output = command.output().map_err(|error| format!("`{words}` did not start: {error}"))?;
    if !output.status.success() {
        let talk = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{words}` failed ({}): {}", output.status, talk.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn say(command: &Command) -> String {
    let words = words(command);
    eprintln!("\n$ {words}");
    words
}

fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default();
    let mut words = program.to_string_lossy().into_owned();
    for word in command.get_args() {
        words.push(' ');
        words.push_str(&word.to_string_lossy());
    }
    words
}
