//! `--collect`: results of shards that were run elsewhere, put together.

use super::design::Design;
use super::journal::Rows;
use super::shard::Shard;
use super::{Args, finish};
use crate::end::{End, say_json, tell};
use fleetcast_core::words;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is not there yet.
#[derive(Debug, Serialize)]
pub(super) struct Missing {
    /// How many runs the sweep has.
    runs: u32,
    /// How many of them are not there.
    missing: u32,
    /// In which shards they are.
    shards: BTreeSet<u32>,
    /// Of how many shards.
    of: u32,
    /// Lines of journals that do not count: torn when their writer was ended.
    damaged: u64,
}

/// What is not there, by the shards that the journals are of.
pub(super) fn missing(rows: &Rows, design: &Design) -> Missing {
    let mut shards = BTreeSet::new();
    rows.missing().for_each(|run| {
        shards.insert(Shard::owner(run, rows.of));
    });
    let (runs, missing) = (design.runs(), design.runs() - rows.done);
    Missing { runs, missing, shards, of: rows.of, damaged: rows.damaged }
}

pub(super) fn run(args: &Args) -> Result<(), End> {
    let folders = folders(&args.collect)?;
    let (first, design) = &folders[0];
    for (folder, other) in &folders[1..] {
        design.same(other, folder)?;
    }
    let out = match (&args.out, folders.len()) {
        (Some(out), _) => out,
        (None, 1) => first,
        (None, _) => {
            let hint = "say where the results go: `--out DIR`";
            return Err(End::input("several folders are to be collected", hint));
        }
    };
    let paths: Vec<PathBuf> = folders.iter().map(|(path, _)| path.clone()).collect();
    let rows = Rows::find(&paths, design.runs(), design.hash())?;
    if rows.done == design.runs() {
        std::fs::create_dir_all(out)
            .map_err(|error| End::files("make the folder", out.display(), &error))?;
        return finish(args, design, rows, out);
    }
    let missing = missing(&rows, design);
    if args.json {
        say_json(&missing)?;
    } else {
        tell(&told(&missing));
    }
    Err(End::Missed)
}

fn told(missing: &Missing) -> String {
    let Missing { shards, of, .. } = missing;
    let (number, runs) = (words::count(missing.missing.into()), missing.runs);
    let mut text = format!("{number} of {} are missing", words::plural(runs.into(), "run"));
    if *of > 1 {
        let names: Vec<_> = shards.iter().take(20).map(u32::to_string).collect();
        let more = if shards.len() > names.len() { ", …" } else { "" };
        let noun = if shards.len() == 1 { "shard" } else { "shards" };
        text += &format!(": of {noun} {}{more} of {of}", names.join(", "));
    }
    if missing.damaged > 0 {
        text += &format!("; {} torn", words::plural(missing.damaged, "line"));
    }
    text + "\nhint: run them again with the same command; what is there is not run again\n"
}

/// The folders of sweeps among those typed, and in them.
fn folders(typed: &[PathBuf]) -> Result<Vec<(PathBuf, Design)>, End> {
    let mut found = Vec::new();
    for folder in typed {
        let before = found.len();
        let mut look = |path: &Path| -> Result<(), End> {
            if let Some(design) = Design::load(path)? {
                found.push((path.to_owned(), design));
            }
            Ok(())
        };
        look(folder)?;
        let cannot = |error: std::io::Error| End::files("read", folder.display(), &error);
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            if path.is_dir() {
                inside.push(path);
            }
        }
        inside.sort();
        inside.iter().try_for_each(|path| look(path))?;
        if found.len() == before {
            return Err(End::input(
                format!("`{}` has no sweep in it: no `design.json`", folder.display()),
                "give the folder that was the `--out` of a sweep, or one that such folders lie in",
            ));
        }
    }
    Ok(found)
}
