//! `fleetcast check`: is the file right?

use crate::end::{End, say, say_json, tell};
use crate::problems;
use crate::scenario::ScenarioArgs;
use fleetcast_core::problem::{Problem, Problems};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::words;
use serde::Serialize;

/// What to check.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast check plan.toml
  fleetcast check plan.toml --set placement.policy=best-fit
  generate-plan | fleetcast check - --json")]
pub(crate) struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// Print one JSON document, whether the file is right or not
    #[arg(long)]
    json: bool,

    /// Print nothing but problems
    #[arg(long, short)]
    quiet: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Answer<'a> {
    ok: bool,
    file: &'a str,
    /// Only when it is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<Outline<'a>>,
    /// Errors and warnings, in file order.
    problems: &'a [Problem],
    /// How many more there are.
    more: u64,
}

/// A scenario in a few figures.
#[derive(Serialize)]
struct Outline<'a> {
    name: &'a str,
    question: &'a str,
    hosts: usize,
    demands: usize,
    start: String,
    duration_s: f64,
    seed: u64,
    policy: &'a str,
}

pub(crate) fn run(args: &Args) -> Result<(), End> {
    let source = args.scenario.fetch()?;
    let file = source.file.as_str();
    match source.read() {
        Ok(read) if args.json => {
            let scenario = Some(outline(&read.scenario));
            let Problems { list, more } = &read.warnings;
            say_json(&Answer { ok: true, file, scenario, problems: list, more: *more })
        }
        Ok(_) if args.quiet => Ok(()),
        Ok(read) => {
            tell(&problems::draw(&read.warnings));
            say(&format!("ok: {}\n", summary(&read.scenario)))
        }
        Err(Problems { list, more }) if args.json => {
            say_json(&Answer { ok: false, file, scenario: None, problems: &list, more })?;
            Err(End::Told)
        }
        Err(wrong) => Err(source.tell(&wrong)),
    }
}

fn outline(scenario: &Scenario) -> Outline<'_> {
    Outline {
        name: &scenario.name,
        question: &scenario.question,
        hosts: scenario.hosts.len(),
        demands: scenario.demands.len(),
        start: scenario.calendar.start.to_string(),
        duration_s: scenario.duration_ms as f64 / 1_000.0,
        seed: scenario.seed,
        policy: scenario.placement.policy.name(),
    }
}

/// `plan: 100 hosts and growing, demand vms, 2011-07-01 to 2014-07-01 (1096 days)`.
fn summary(scenario: &Scenario) -> String {
    let hosts = words::plural(scenario.hosts.len() as u64, "host");
    let growing = match (scenario.growth.len(), scenario.procurement.len()) {
        (0, 0) => "",
        (_, 0) => ", more by plan",
        (0, _) => ", more by order",
        (_, _) => ", more by plan and by order",
    };
    let demand = match scenario.demands.as_slice() {
        [one] => format!("demand `{}`", one.name),
        many => format!("{} demands", many.len()),
    };
    let name = &scenario.name;
    let span = words::span(&scenario.calendar, scenario.duration_ms);
    let policy = scenario.placement.policy.name();
    let expect = words::plural(scenario.expectations.len() as u64, "expectation");
    format!("{name}: {hosts}{growing}; {demand}; {policy}; {span}; {expect}")
}
