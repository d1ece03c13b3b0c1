//! `fleetcast compare`: which is better, by how much, and how sure.

mod tightness;

use crate::end::{End, say, say_json, tell};
use crate::lines::{self, line};
use crate::problems;
use crate::runs::{self, Cores};
use crate::scenario::{Source, change, parse_override};
use anstyle::Style;
use fleetcast_core::comparison::{self, Comparison, Row, Runs};
use fleetcast_core::read::Override;
use fleetcast_core::report::Metric;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::{units, words};
use tightness::Tightness;

/// The most variants.
const VARIANTS_MAX: usize = 16;

/// What to compare, and with how many seeds.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast compare mercadolibre --policy best-fit --policy first-fit
  fleetcast compare plan.toml --with 'procurement.trigger=\"85%\"' --seeds 30
  fleetcast compare plan.toml --with 'pools.kvm.hosts.count=90; placement.policy=worst-fit'
  fleetcast compare now.toml proposal.toml --metric refused --until 0.1pp
  fleetcast compare plan.toml --policy best-fit --policy random --json | jq -r .answer

Each seed is run with each variant, over the same demand; differences are taken seed by seed to the
first variant. Without --policy the first variant is the file as it is written. Exit code 1: no
variant holds every expectation with every seed.")]
pub(crate) struct Args {
    /// Scenario files, `-` for stdin, or scenarios in the box: one with --policy or --with, or several
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<String>,

    /// Compare this placement policy; give it several times
    #[arg(long = "policy", value_name = "NAME")]
    policies: Vec<String>,

    /// Compare the scenario with these changes: `KEY=VALUE`, several with `;` between them
    #[arg(long = "with", value_name = "CHANGES")]
    withs: Vec<String>,

    /// Change a key in all variants, as for `run`
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_override)]
    overrides: Vec<(String, String)>,

    /// The first seed; else the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// With how many seeds each variant is run
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    seeds: u32,

    /// More seeds until the interval of the first key figure is so tight, on either side:
    /// `0.1pp`, `5%` (of its mean), `10 s`, `3`
    #[arg(long, value_name = "WIDTH", allow_hyphen_values = true)]
    until: Option<String>,

    /// The most seeds for --until
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    seeds_max: u32,

    /// Look at this key figure (`fleetcast list`); may be given several times, the weightiest first
    #[arg(long = "metric", value_name = "NAME")]
    metrics: Vec<String>,

    #[command(flatten)]
    cores: Cores,

    /// Print the comparison as one JSON document
    #[arg(long)]
    json: bool,

    /// No progress bar
    #[arg(long, short)]
    quiet: bool,
}

/// One of what is compared.
struct Variant {
    name: String,
    source: Source,
}

pub(crate) fn run(args: &Args) -> Result<(), End> {
    let variants = variants(args)?;
    let first = check(&variants, args)?;
    let metrics = metrics(&args.metrics, &first)?;
    let until = args.until.as_deref().map(|typed| Tightness::parse(typed, metrics[0]));
    let until = until.transpose()?;
    let names = variants.iter().map(|variant| variant.name.clone()).collect();
    let mut runs = Runs::new(names, metrics);
    let mut wanted = args.seeds as usize;
    loop {
        add(&mut runs, wanted, &variants, &first, args)?;
        let more = until.as_ref().and_then(|until| until.seeds_for(&runs));
        match more.map(|seeds| seeds.min(args.seeds_max as usize)) {
            Some(seeds) if seeds > runs.seeds() => wanted = seeds,
            _ => break,
        }
    }
    let mut comparison = runs.compare(&first);
    if let Some(until) = &until
        && until.seeds_for(&runs).is_some()
    {
        comparison.notes.push(format!(
            "the interval is still wider than {}: allow more with --seeds-max",
            until.typed
        ));
    }
    if args.json {
        say_json(&comparison)?
    } else {
        say(&text(&comparison))?
    }
    let holds = comparison.variants.iter().any(|of| of.held == comparison.seeds.len() as u64);
    if holds { Ok(()) } else { Err(End::Missed) }
}

/// All that are compared: each file as written or with each policy, and with each set of changes.
fn variants(args: &Args) -> Result<Vec<Variant>, End> {
    let common: Vec<Override> =
        args.overrides.iter().map(|(key, value)| change(key, value)).collect();
    let mut variants = Vec::new();
    if args.scenarios.iter().filter(|file| *file == "-").count() > 1 {
        return Err(End::input("stdin can be read only once", "name `-` once"));
    }
    for file in &args.scenarios {
        // Once: stdin gives it only once, and a file could change in between.
        let fetched = Source::fetch(file, common.clone())?;
        let of_file = |name: &str| match args.scenarios.len() {
            1 => name.to_owned(),
            _ if name == AS_WRITTEN => file.clone(),
            _ => format!("{file}, {name}"),
        };
        let mut add = |name: &str, changes: Vec<Override>| -> Result<(), End> {
            let overrides = [common.clone(), changes].concat();
            let source = Source { overrides, ..fetched.clone() };
            variants.push(Variant { name: of_file(name), source });
            Ok(())
        };
        if args.policies.is_empty() {
            add(AS_WRITTEN, Vec::new())?;
        }
        for policy in &args.policies {
            add(policy, vec![change("placement.policy", policy)])?;
        }
        for with in &args.withs {
            add(with.trim(), changes(with)?)?;
        }
    }
    match variants.len() {
        1 => Err(End::input(
            "there is only one thing to compare",
            "add `--policy NAME` twice, `--with KEY=VALUE`, or another scenario file",
        )),
        2..=VARIANTS_MAX => Ok(variants),
        number => Err(End::input(
            format!("{number} variants are more than can be compared at a time"),
            format!("name up to {VARIANTS_MAX}; `fleetcast sweep` runs larger designs"),
        )),
    }
}

const AS_WRITTEN: &str = "as written";

/// `KEY=VALUE; KEY=VALUE`.
fn changes(typed: &str) -> Result<Vec<Override>, End> {
    let parts = typed.split(';').map(str::trim).filter(|part| !part.is_empty());
    let changes = parts.map(|part| {
        let (key, value) = parse_override(part).map_err(|hint| {
            End::input(format!("`{}` changes nothing", units::shorten(part)), hint)
        })?;
        Ok(change(&key, value))
    });
    let changes: Vec<Override> = changes.collect::<Result<_, End>>()?;
    if changes.is_empty() {
        return Err(End::input("`--with` without a change", "write `--with 'KEY=VALUE'`"));
    }
    Ok(changes)
}

/// Reads all variants before anything is run; the first variant's scenario, with the first seed.
fn check(variants: &[Variant], args: &Args) -> Result<Scenario, End> {
    let mut first = None;
    for Variant { name, source } in variants {
        let read = source.read_with(&[]).map_err(|wrong| {
            tell(&format!("in the variant `{name}`:\n"));
            source.tell(&wrong)
        })?;
        if first.is_none() && !args.quiet {
            tell(&problems::draw(&read.warnings));
        }
        first.get_or_insert(read.scenario);
    }
    let mut first = first.expect("there are several");
    first.seed = args.seed.unwrap_or(first.seed);
    Ok(first)
}

/// The key figures named, or the scenario's own and the usual ones.
pub(crate) fn metrics(typed: &[String], scenario: &Scenario) -> Result<Vec<&'static Metric>, End> {
    if typed.is_empty() {
        return Ok(comparison::metrics(scenario));
    }
    typed.iter().map(|name| runs::metric(name)).collect()
}

/// Runs seeds until there are `wanted`.
fn add(
    runs: &mut Runs,
    wanted: usize,
    variants: &[Variant],
    first: &Scenario,
    args: &Args,
) -> Result<(), End> {
    let done = runs.seeds();
    let bar = runs::bar((wanted - done) * variants.len(), args.quiet);
    let measured = {
        let runs = &*runs;
        args.cores.each((wanted - done) * variants.len(), &bar, |number| {
            let Variant { source, .. } = &variants[number % variants.len()];
            let place = (done + number / variants.len()) as u64;
            let report = runs::run(source, &[change("seed", first.seed_after(place))])?;
            Ok(runs.measure(&report))
        })
    };
    bar.finish_and_clear();
    for seed in measured?.chunks(variants.len()) {
        runs.add(seed);
    }
    Ok(())
}

/// The answer, the differences, and how they were found.
fn text(comparison: &Comparison) -> String {
    let mut text = String::new();
    let bold = Style::new().bold();
    // A key is written as it is.
    let is_key = comparison.variants.iter().any(|variant| {
        variant.name.contains(['.', '=']) && comparison.answer.starts_with(&variant.name)
    });
    let answer = match is_key {
        true => comparison.answer.clone(),
        false => words::capitalised(&comparison.answer),
    };
    for row in words::wrap(&answer, 80) {
        line(&mut text, &format!("{bold}{row}{bold:#}"));
    }
    line(&mut text, "");
    let seeds = comparison.seeds.len() as u64;
    for (place, variant) in comparison.variants.iter().enumerate() {
        let held = match comparison.expectations {
            0 => String::new(),
            _ => format!("  every expectation held with {} of {seeds} seeds", variant.held),
        };
        line(&mut text, &format!("{}  {}{held}", place + 1, variant.name));
    }
    line(&mut text, "");
    let table = match comparison.variants.len() {
        2 => of_two(comparison),
        _ => of_many(comparison),
    };
    lines::rows(&mut text, &table);
    line(&mut text, "");
    let shown = words::plural(
        comparison.rows.iter().map(|row| row.differences.len() as u64).sum(),
        "difference",
    );
    let about = format!(
        "Means over the seeds {} to {}; differences are taken seed by seed to the first variant, with Student's 95 % \
         intervals. ✓: there beyond doubt (p < 0.05 after Holm's adjustment over {shown}). --json has the \
         bootstrap's intervals and all p-values.",
        comparison.seeds.first().copied().unwrap_or(0),
        comparison.seeds.last().copied().unwrap_or(0),
    );
    lines::prose(&mut text, &about);
    for note in &comparison.notes {
        lines::prose(&mut text, &format!("Note: {note}"));
    }
    text
}

/// Two variants side by side.
fn of_two(comparison: &Comparison) -> comfy_table::Table {
    let mut table = lines::table();
    table.set_header(["Key figure", "1", "2", "Difference", "95 % interval", ""]);
    for row in &comparison.rows {
        let [difference, interval, mark] = difference(row, 1);
        let (one, two) = (row.figure(row.means[0]), row.figure(row.means[1]));
        table.add_row([row.metric.clone(), one, two, difference, interval, mark]);
    }
    table
}

/// A line for each variant and key figure.
fn of_many(comparison: &Comparison) -> comfy_table::Table {
    let mut table = lines::table();
    table.set_header(["Key figure", "", "Mean", "Difference", "95 % interval", ""]);
    for row in &comparison.rows {
        for (place, mean) in row.means.iter().enumerate() {
            let name = if place == 0 { row.metric.clone() } else { String::new() };
            let [difference, interval, mark] = match place {
                0 => [const { String::new() }; 3],
                _ => difference(row, place),
            };
            let place = (place + 1).to_string();
            table.add_row([name, place, row.figure(*mean), difference, interval, mark]);
        }
    }
    table
}

fn difference(row: &Row, place: usize) -> [String; 3] {
    let difference = &row.differences[place - 1];
    let ends = difference.interval.as_ref().map(|interval| row.ends(interval));
    let mark = if difference.is_shown { "✓" } else { "" };
    [row.change(difference.mean), ends.unwrap_or_else(|| "-".to_owned()), mark.to_owned()]
}
