//! What was typed.

use crate::commands::{
    check, compare, completions, defrag, explain, headroom, list, order, rollout, run, schema,
    sensitivity, size, survive, sweep,
};
use crate::end::End;
use clap::{Parser, Subcommand};

/// Will your fleet hold? Simulates demand on hosts: what fits, until when, and what to order.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = false,
    after_help = "Examples:
  fleetcast list                        the scenarios in the box, policies and metrics
  fleetcast run first                   run one of them
  fleetcast run plan.toml --out plan/   run your own, and keep report, series and facts

Exit codes: 0 ran, and every expectation held; 1 ran, an expectation failed;
2 the input was wrong; 3 something could not be read or written.
NO_COLOR=1 turns colour off."
)]
pub(crate) struct Args {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a scenario: the verdict, the key figures, a chart, and files if you want them
    Run(run::Args),
    /// Which of several policies, settings or files is better, by how much, and how sure
    Compare(compare::Args),
    /// Which numbers of the plan matter most: each turned down and up alone, the widest swing first
    Sensitivity(sensitivity::Args),
    /// The smallest fleet that meets the expectations, the cheapest mix, and what rules cost
    Size(size::Args),
    /// What to buy by which date, so that the expectations hold in nearly all futures
    Order(order::Args),
    /// Is the file right? Tells every problem at once, each with its place
    Check(check::Args),
    /// Why a request went where it went; or why nowhere, and what would make it fit
    Explain(explain::Args),
    /// Which hosts can be emptied by live migration, in which order, and how long that takes
    Defrag(defrag::Args),
    /// Does the fleet survive the loss of any host, rack or zone, and what has no place if not
    Survive(survive::Args),
    /// Until when one more service fits, and which resource is short first
    Headroom(headroom::Args),
    /// How each strategy would roll an image out at an instant, and when in the week it goes best
    Rollout(rollout::Args),
    /// A grid of runs, or runs drawn at random: what each key does to each key figure
    Sweep(sweep::Args),
    /// The scenarios in the box, the placement policies, and the metrics of `[[expect]]`
    List(list::Args),
    /// The JSON Schema of scenario files, for editors
    Schema(schema::Args),
    /// Completions for your shell
    Completions(completions::Args),
}

impl Command {
    /// Does it.
    pub(crate) fn run(self) -> Result<(), End> {
        match self {
            Self::Run(args) => run::run(&args),
            Self::Compare(args) => compare::run(&args),
            Self::Sensitivity(args) => sensitivity::run(&args),
            Self::Size(args) => size::run(&args),
            Self::Order(args) => order::run(&args),
            Self::Check(args) => check::run(&args),
            Self::Explain(args) => explain::run(&args),
            Self::Defrag(args) => defrag::run(&args),
            Self::Survive(args) => survive::run(&args),
            Self::Headroom(args) => headroom::run(&args),
            Self::Rollout(args) => rollout::run(&args),
            Self::Sweep(args) => sweep::run(&args),
            Self::List(args) => list::run(&args),
            Self::Schema(args) => schema::run(&args),
            Self::Completions(args) => completions::run(&args),
        }
    }
}
