//! `fleetcast sweep`: many runs of a scenario, and what each key does to each key figure.
//!
//! A run is a number ([`design`]); what came of it is a line in a journal ([`journal`]) as soon as
//! it is done. When all lines are there, whoever finds them so writes the results ([`publish`]).

mod answer;
mod collect;
mod design;
mod effects;
mod journal;
mod publish;
mod row;
mod shard;
mod vary;

use crate::end::{Complaint, End, say, say_json, tell};
use crate::problems;
use crate::runs::{self, Cores};
use crate::scenario::{Changes, Source, change};
use design::Design;
use effects::Effects;
use fleetcast_core::comparison;
use fleetcast_core::problem::Problems;
use fleetcast_core::read::{Override, Read};
use fleetcast_core::source::Files;
use fleetcast_core::words;
use indicatif::ProgressBar;
use journal::{Journal, Rows};
use shard::Shard;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use vary::Factor;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// What varies, and where the results go.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast sweep plan.toml --vary pools.main.hosts.count=80..120/5 --out sweep/
  fleetcast sweep plan.toml --vary placement.policy=first-fit,best-fit \\
                            --vary 'demand.vms.lifetime.mean=30..90 days/3' --seeds 20 --out sweep/
  fleetcast sweep plan.toml --vary pools.main.hosts.count=80..120 --random 500 --out sweep/
  fleetcast sweep plan.toml --vary … --out sweep/ --shard 3/8      on the third of 8 machines
  fleetcast sweep --collect sweep/                                 when all of them are done

Each key is as in `--set`. Several make a grid: every value of one with every value of the others.
DIR gets runs.csv and runs.parquet, a row for each run. A sweep that was ended, however that was,
goes on where it was when the command is repeated. `deploy/` has it as a Slurm job array and as a
Kubernetes Indexed Job: both use `--shard auto`.

Exit codes: 0 all its runs were run; 1 some are missing, or their values do not go together; 2 and 3
as ever. A run that misses an expectation is a result like others: see the column `held`.")]
pub(crate) struct Args {
    /// A scenario file, `-` for stdin, or the name of a scenario in the box (`fleetcast list`)
    #[arg(required_unless_present = "collect")]
    scenario: Option<String>,

    #[command(flatten)]
    changes: Changes,

    /// Let a key take these values: `KEY=V1,V2`, or so many from one to another: `KEY=FROM..TO/N`
    #[arg(long, value_name = "KEY=VALUES")]
    vary: Vec<Factor>,

    /// Run each point with so many seeds, from the scenario's own upwards
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    seeds: u32,

    /// Instead of the grid so many points drawn from it, evenly spread (a Latin hypercube)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    random: Option<u32>,

    /// Where the results go, and what is needed to go on
    #[arg(long, value_name = "DIR", required_unless_present_any = ["collect", "dry_run"])]
    out: Option<PathBuf>,

    /// Only this share of the runs: `3/8`; `auto` asks Slurm or Kubernetes which
    #[arg(long, value_name = "I/N")]
    shard: Option<String>,

    /// With `--shard auto`: how many shards there are, where that is not said (Kubernetes)
    #[arg(long, value_name = "N", requires = "shard", value_parser = clap::value_parser!(u32).range(1..=i64::from(shard::SHARDS_MAX)))]
    shards: Option<u32>,

    /// Tell of this key figure (`fleetcast list`); may be given several times
    #[arg(long = "metric", value_name = "NAME")]
    metrics: Vec<String>,

    #[command(flatten)]
    cores: Cores,

    /// Put together what shards left in these folders, or say what is missing
    #[arg(long, value_name = "DIR", num_args = 1.., conflicts_with_all = ["scenario", "vary", "random", "shard", "dry_run", "overrides", "policy", "seed"])]
    collect: Vec<PathBuf>,

    /// Check the values and say how many runs there would be
    #[arg(long)]
    dry_run: bool,

    /// Print the answer as one JSON document
    #[arg(long)]
    json: bool,

    /// Print nothing but errors (and the JSON document, with --json)
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), End> {
    args.metrics.iter().try_for_each(|name| runs::metric(name).map(drop))?;
    let Some(typed) = &args.scenario else { return collect::run(args) };
    let shard = Shard::of(args.shard.as_deref(), args.shards, |name| std::env::var(name).ok())?;
    let source = Source::fetch(typed, args.changes.list())?;
    let design = draft(args, &source)?;
    let Some(out) = args.out.as_deref().filter(|_| !args.dry_run) else {
        return planned(&design, args.json);
    };
    design.settle(out)?;
    work(args, &design, &source, out, shard)?;
    if files(&source, design.files.keys())? != design.files {
        return Err(End::Files(Complaint {
            message: "a file of the scenario was changed while the sweep ran".to_owned(),
            hint: Some(format!("remove `{}` and begin again", out.display())),
        }));
    }
    let rows = Rows::find(&[out.to_owned()], design.runs(), design.hash())?;
    if rows.done == design.runs() {
        let finished = finish(args, &design, rows, out);
        // A shard has done its work whatever the values are: it is not to be tried again.
        return match finished {
            Err(End::Missed) if shard != Shard::WHOLE => Ok(()),
            finished => finished,
        };
    }
    if args.json {
        say_json(&collect::missing(&rows, &design))?;
    } else if !args.quiet {
        tell(&format!(
            "shard {shard} is done; {} of {} are there. When all are: fleetcast sweep --collect {}\n",
            words::count(rows.done.into()),
            words::plural(design.runs().into(), "run"),
            out.display()
        ));
    }
    Ok(())
}

/// The design that was typed, once each of its values is known to be right.
fn draft(args: &Args, source: &Source) -> Result<Design, End> {
    if args.vary.is_empty() {
        let hint = "let a key take several values: `--vary pools.main.hosts.count=80..120/5`";
        return Err(End::input("nothing varies", hint));
    }
    let set = source.overrides.iter().map(|set| format!("{}={}", set.key, set.value));
    let mut design = Design {
        fleetcast: env!("CARGO_PKG_VERSION").to_owned(),
        name: String::new(),
        scenario: format!("{:016x}", xxh3_64(source.text.as_bytes())),
        set: set.collect(),
        files: BTreeMap::new(),
        vary: args.vary.clone(),
        random: args.random,
        seed: 0,
        seeds: args.seeds,
        expectations: 0,
        shown: Vec::new(),
        metrics: row::metrics(),
    };
    design.check()?;
    let noted = Noted { files: &source.files, names: Mutex::default() };
    let read = try_values(&design.vary, source, &noted, args.cores)?;
    if !args.quiet {
        tell(&problems::draw(&read.warnings));
    }
    let names = noted.names.into_inner().unwrap_or_else(PoisonError::into_inner);
    design.files = files(source, names.iter())?;
    let Read { scenario, .. } = read;
    let shown = comparison::metrics(&scenario).into_iter().map(|metric| metric.name.to_owned());
    design.shown = shown.collect();
    design.expectations = scenario.expectations.len();
    design.seed = scenario.seed;
    design.name = scenario.name;
    design.check()?;
    Ok(design)
}

/// Reads the scenario once with each value: beside the first values of the other keys, or, if that
/// is wrong, beside the last. Gives it with all the first.
fn try_values(
    vary: &[Factor],
    source: &Source,
    files: &Noted<'_>,
    cores: Cores,
) -> Result<Read, End> {
    let tried: Vec<_> = vary.iter().map(Factor::to_try).collect();
    let cells: Vec<(usize, usize)> = tried
        .iter()
        .enumerate()
        .flat_map(|(key, values)| (0..values.len()).map(move |value| (key, value)))
        .collect();
    let changes = |(key, value): (usize, usize), is_last: bool| -> Vec<Override> {
        let pick = |other: usize, values: &[String]| match (other == key, is_last) {
            (true, _) => values[value].clone(),
            (false, false) => values[0].clone(),
            (false, true) => values[values.len() - 1].clone(),
        };
        let each = vary.iter().zip(&tried).enumerate();
        each.map(|(other, (factor, values))| change(&factor.key, pick(other, values))).collect()
    };
    let wrong = cores.each(cells.len(), &ProgressBar::hidden(), |cell| {
        let read = |is_last| source.read_from(&changes(cells[cell], is_last), files);
        Ok(read(false).err().and_then(|wrong: Problems| read(true).err().map(|_| wrong)))
    })?;
    for (cell, wrong) in cells.iter().zip(wrong) {
        if let Some(wrong) = wrong {
            let told = source.tell(&wrong);
            let (factor, value) = (&vary[cell.0], &tried[cell.0][cell.1]);
            tell(&format!("That is with {}={value}. Nothing was run.\n", factor.key));
            return Err(told);
        }
    }
    let first = source.read_from(&changes((0, 0), false), files);
    first
        .or_else(|_| source.read_from(&changes((0, 0), true), files))
        .map_err(|wrong| source.tell(&wrong))
}

/// Files, and which of them were asked for.
struct Noted<'a> {
    files: &'a (dyn Files + Sync),
    names: Mutex<BTreeSet<String>>,
}

impl Files for Noted<'_> {
    fn open(&self, name: &str) -> Result<Box<dyn io::Read>, String> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.to_owned());
        drop(names);
        self.files.open(name)
    }
}

/// A hash of each file.
fn files<'n>(
    source: &Source,
    names: impl Iterator<Item = &'n String>,
) -> Result<BTreeMap<String, String>, End> {
    let mut hashes = BTreeMap::new();
    for name in names {
        let cannot = |why: String| {
            End::Files(Complaint { message: format!("cannot read `{name}`: {why}"), hint: None })
        };
        let mut file = source.files.open(name).map_err(cannot)?;
        let (mut hash, mut buffer) = (Xxh3::new(), vec![0; 1 << 16]);
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(bytes) => hash.update(&buffer[..bytes]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(End::files("read", name, &error)),
            }
        }
        hashes.insert(name.clone(), format!("{:016x}", hash.digest()));
    }
    Ok(hashes)
}

/// Does the runs of a shard that are not there yet.
fn work(
    args: &Args,
    design: &Design,
    source: &Source,
    out: &Path,
    shard: Shard,
) -> Result<(), End> {
    let (runs, seed) = (design.runs(), design.hash());
    let journal = Mutex::new(Journal::open(out, shard, seed)?);
    let rows = Rows::find(&[out.to_owned()], runs, seed)?;
    let mine = shard.count(runs);
    let there = (0..mine).filter(|row| rows.has(shard.run(*row))).count();
    if there > 0 && !args.quiet {
        let all = words::count(mine.into());
        tell(&format!("{} of {all} runs were there already\n", words::count(there as u64)));
    }
    let bar = runs::bar(mine as usize, args.quiet);
    args.cores.each(mine as usize, &bar, |row| {
        let run = shard.run(row as u32);
        if rows.has(run) {
            return Ok(());
        }
        let row = row::of_run(design, source, run)?;
        journal.lock().unwrap_or_else(PoisonError::into_inner).add(&row)
    })?;
    bar.finish_and_clear();
    journal.into_inner().unwrap_or_else(PoisonError::into_inner).finish()
}

/// Writes the results, and says what they are.
fn finish(args: &Args, design: &Design, mut rows: Rows, out: &Path) -> Result<(), End> {
    let mut effects = Effects::new(design, &args.metrics);
    publish::publish(design, &mut rows, out, &mut effects)?;
    let found = effects.found();
    if args.json {
        say_json(&found)?;
    } else if !args.quiet {
        say(&answer::text(&found))?;
        tell(&format!("runs.csv and runs.parquet: {}\n", out.display()));
    }
    if found.wrong > 0 { Err(End::Missed) } else { Ok(()) }
}

/// What would be run.
fn planned(design: &Design, is_json: bool) -> Result<(), End> {
    if is_json {
        return say_json(design);
    }
    let mut text = String::new();
    let (points, seeds) = (design.points(), design.seeds);
    let of = format!(
        "{} × {}",
        words::plural(points.into(), "point"),
        words::plural(seeds.into(), "seed")
    );
    writeln!(text, "{} of {}: {of}", words::plural(design.runs().into(), "run"), design.name)
        .expect("a string takes any text");
    for factor in &design.vary {
        writeln!(text, "  {factor}").expect("a string takes any text");
    }
    say(&text)
}
