//! `fleetcast run`: what happens.

pub(crate) mod answer;
pub(crate) mod desks;
mod energy;
mod jobs;
mod memory;
pub(crate) mod host_rollouts;
mod outages;
mod outputs;

use super::sensitivity::SEEDS;
use crate::end::{End, say, say_json, tell};
use crate::runs::{self, Cores};
use crate::scenario::{ScenarioArgs, Source};
use crate::{page, problems, sensitivity};
use fleetcast_core::fact::Fact;
use fleetcast_core::observe::{Fingerprint, Observer, SeriesRecorder, Summary};
use fleetcast_core::problem::Problem;
use fleetcast_core::report::{Report, Series};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::sensitivity::Sensitivity;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::simulation::contrast::Contraster;
use fleetcast_core::state::State;
use fleetcast_core::time::Time;
use fleetcast_core::verdict;
use indicatif::{ProgressBar, ProgressStyle};
use outputs::Outputs;
use std::path::PathBuf;
use std::sync::Arc;

/// What to run, and what to do with the results.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast run mercadolibre
  fleetcast run plan.toml --policy best-fit --seed 7
  fleetcast run plan.toml --out results/        report.html, summary.json, series.csv,
                                                series.parquet, facts.csv.gz
  fleetcast run plan.toml --out results/ --sensitivity     and which numbers matter most
  fleetcast run plan.toml --json | jq .verdict
  fleetcast run plan.toml --quiet --placements placements.csv
  generate-plan | fleetcast run - --quiet && echo the plan holds")]
pub(crate) struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// Write report.html, summary.json, series.csv, series.parquet and facts.csv.gz into DIR, and
    /// sensitivity.json with --sensitivity
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Turn the numbers of the scenario too, to see which matter most: into report.html and
    /// sensitivity.json with --out (`fleetcast sensitivity` says more)
    #[arg(long, conflicts_with = "json")]
    sensitivity: bool,

    /// Write which host took each request, as CSV: `request,host,placed_s` (`-` for stdout)
    #[arg(long, value_name = "FILE")]
    placements: Option<PathBuf>,

    /// Print the results as one JSON document instead of words
    #[arg(long)]
    json: bool,

    /// Print nothing but errors (and the JSON document, with --json)
    #[arg(long, short)]
    quiet: bool,
}

impl Args {
    /// Whether a chart or a table of the run over time will be drawn.
    fn shows_series(&self) -> bool {
        self.out.is_some() || !(self.quiet || self.json)
    }
}

/// All that a run came to.
pub(crate) struct Results {
    /// What was run.
    pub scenario: Arc<Scenario>,
    /// The figures.
    pub report: Report,
    /// Over time; empty if nobody will see it.
    pub series: Series,
    /// Which numbers matter most, if that was asked for.
    pub sensitivity: Option<Sensitivity>,
}

pub(crate) fn run(args: &Args) -> Result<(), End> {
    let stdout_taken = args.placements.as_deref() == Some("-".as_ref());
    if stdout_taken && args.json {
        return Err(End::input(
            "`--json` and `--placements -` both want stdout",
            "give one of them a file: `--placements placements.csv`",
        ));
    }
    let source = args.scenario.fetch()?;
    let read = source.read().map_err(|wrong| source.tell(&wrong))?;
    if !args.quiet {
        tell(&problems::draw(&read.warnings));
    }
    let scenario = Arc::new(read.scenario);
    let outputs = Outputs::open(args.out.as_deref(), args.placements.as_deref())?;
    let (mut results, outputs) = simulate(scenario, &source, outputs, args)?;
    if args.sensitivity {
        let scenario = &results.scenario;
        let found = sensitivity::measure(&source, scenario, &[], SEEDS, Cores::ALL, args.quiet);
        results.sensitivity = Some(found?);
    }

    // Whoever stops reading the answer still gets the files, and the other way round.
    let published = outputs.publish(&results, || page::html(&results, &source));
    let said = if args.json {
        say_json(&results.report)
    } else if args.quiet {
        Ok(())
    } else if stdout_taken {
        tell(&text(&results));
        Ok(())
    } else {
        say(&text(&results))
    };
    published?;
    if let (Some(folder), false) = (&args.out, args.quiet) {
        let more = if args.sensitivity { ", sensitivity.json" } else { "" };
        let folder = folder.display();
        tell(&format!("report.html, summary.json{more}, series and facts: {folder}\n"));
    }
    said?;
    match results.report.is_held() {
        true => Ok(()),
        false => Err(End::Missed),
    }
}

/// The answer, and what matters most if that was asked for.
fn text(results: &Results) -> String {
    let mut text = answer::text(results);
    if let Some(found) = &results.sensitivity {
        text += "\n";
        text += &sensitivity::text(found);
    }
    text
}

/// In how many slices of simulated time the progress bar moves.
const SLICES: u64 = 500;

fn simulate(
    scenario: Arc<Scenario>,
    source: &Source,
    outputs: Outputs,
    args: &Args,
) -> Result<(Results, Outputs), End> {
    let broke = |problem: Problem| runs::broke(source, &problems::draw_one(&problem));
    let mut simulation = Simulation::new(Arc::clone(&scenario), &source.files)
        .map_err(|wrong| runs::broke(source, &problems::draw(&wrong)))?;
    let mut recorder = Recorder {
        summary: Summary::new(&scenario),
        contraster: Contraster::new(&scenario),
        series: args.shows_series().then(|| SeriesRecorder::new(&scenario)),
        fingerprint: Fingerprint::new(),
        outputs,
        scenario: Arc::clone(&scenario),
    };
    let bar = if args.quiet { ProgressBar::hidden() } else { progress_bar(&scenario) };
    let end = Time::from_ms(scenario.duration_ms);
    let slice_ms = (scenario.duration_ms / SLICES).max(1);
    let mut until = Time::ZERO;
    loop {
        until = until.after(slice_ms).min(end);
        let goes_on = simulation.advance(until, &mut recorder).map_err(broke)?;
        recorder.outputs.check()?;
        bar.set_position(until.ms());
        bar.set_message(scenario.calendar.date(until));
        if !goes_on {
            break;
        }
    }
    let mut report = verdict::report(&scenario, &recorder.summary, recorder.fingerprint.hex());
    if let Some(contraster) = recorder.contraster {
        bar.set_message("again with best-fit, to compare");
        let contrast = contraster.finish(&source.files);
        report.contrast =
            Some(contrast.map_err(|wrong| runs::broke(source, &problems::draw(&wrong)))?);
    }
    bar.finish_and_clear();
    let series = recorder.series.map(|series| series.series()).unwrap_or_default();
    Ok((Results { scenario, report, series, sensitivity: None }, recorder.outputs))
}

/// On stderr, and only if that is a terminal.
fn progress_bar(scenario: &Scenario) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {msg}  {eta} left");
    let style = style.expect("our template is right").progress_chars("━╸ ");
    ProgressBar::new(scenario.duration_ms).with_style(style)
}

/// All that listens to a run.
struct Recorder {
    summary: Summary,
    /// Only for a policy that is to be compared.
    contraster: Option<Contraster>,
    /// Only if somebody will see it.
    series: Option<SeriesRecorder>,
    fingerprint: Fingerprint,
    outputs: Outputs,
    scenario: Arc<Scenario>,
}

impl Observer for Recorder {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        self.summary.hear(now, fact, state);
        self.contraster.hear(now, fact, state);
        self.series.hear(now, fact, state);
        self.fingerprint.hear(now, fact, state);
        self.outputs.hear(now, fact, &self.scenario);
    }
}
