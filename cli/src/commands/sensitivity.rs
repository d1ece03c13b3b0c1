//! `fleetcast sensitivity`: which numbers of the plan matter most.

use crate::end::{End, say, say_json};
use crate::runs::Cores;
use crate::scenario::ScenarioArgs;
use crate::{commands, sensitivity};

/// What to turn the numbers of, and with how many seeds.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast sensitivity mercadolibre
  fleetcast sensitivity plan.toml --seeds 10 --metric hosts
  fleetcast sensitivity plan.toml --json | jq -r '.tornados[0].bars[].label'
  fleetcast run plan.toml --out results/ --sensitivity     the same, drawn in report.html

At most 24 numbers that are written in the file are turned, one at a time: demand, jobs,
lifetimes, run times, traffic, instances, boots and work at desks by 20%; lead times and operators
by 25%; hosts and overcommit by 10%; the trigger of orders and targets of scaling by 5 points;
failures, repairs, spares and the size of an order to half and twice as much. Flavors, prices and
energy stay. What it does to the figures that the scenario expects something of is shown; where
nothing moves them, the first of the usual figures that anything moves.")]
pub(crate) struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// With how many seeds each change is run, from the scenario's own on
    #[arg(long, value_name = "N", default_value_t = SEEDS, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    seeds: u32,

    /// Show what moves this key figure (`fleetcast list`); may be given several times
    #[arg(long = "metric", value_name = "NAME")]
    metrics: Vec<String>,

    #[command(flatten)]
    cores: Cores,

    /// Print the result as one JSON document
    #[arg(long)]
    json: bool,

    /// No progress bar
    #[arg(long, short)]
    quiet: bool,
}

/// With how many seeds each change is run if nothing is said.
pub(crate) const SEEDS: u32 = 3;

pub(crate) fn run(args: &Args) -> Result<(), End> {
    let (source, scenario) = args.scenario.load()?;
    let asked = match args.metrics.as_slice() {
        [] => Vec::new(),
        typed => commands::compare::metrics(typed, &scenario)?,
    };
    let found =
        sensitivity::measure(&source, &scenario, &asked, args.seeds, args.cores, args.quiet)?;
    if args.json { say_json(&found) } else { say(&sensitivity::text(&found)) }
}
