//! `fleetcast check`: is the file right?

use crate::end::{End, say, say_json, tell};
use crate::problems;
use crate::runs::broke;
use crate::scenario::{ScenarioArgs, Source};
use fleetcast_core::problem::{Problem, Problems};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation::foresight::{Foreseen, foresee};
use fleetcast_core::simulation::host_foresight::{self, ForeseenHosts};
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
    /// What is foreseen of the rollouts, in the order in which they begin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rollouts: Vec<Outlook<'a>>,
    /// The same for those of hosts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    host_rollouts: Vec<HostOutlook<'a>>,
}

/// What is foreseen of a host rollout when it begins for the first time.
#[derive(Serialize)]
struct HostOutlook<'a> {
    name: &'a str,
    image: &'a str,
    at_s: f64,
    /// Batches that were tried, and those that could not be emptied then.
    batches: usize,
    batches_stuck: usize,
    says: Option<String>,
}

/// What is foreseen of a rollout when it begins for the first time.
#[derive(Serialize)]
struct Outlook<'a> {
    service: &'a str,
    image: &'a str,
    at_s: f64,
    free_slots: u64,
    forecast: &'static str,
    says: Option<String>,
}

/// A scenario in a few figures.
#[derive(Serialize)]
struct Outline<'a> {
    name: &'a str,
    question: &'a str,
    hosts: usize,
    demands: usize,
    services: usize,
    rollouts: usize,
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
            let foreseen = foreseen(&read.scenario, &source)?;
            let rollouts = foreseen.iter().map(|one| outlook(one, &read.scenario)).collect();
            let hosts = foreseen_hosts(&read.scenario, &source)?;
            let host_rollouts = hosts.iter().map(|one| host_outlook(one, &read.scenario)).collect();
            let (problems, more) = (list.as_slice(), *more);
            say_json(&Answer { ok: true, file, scenario, problems, more, rollouts, host_rollouts })
        }
        Ok(_) if args.quiet => Ok(()),
        Ok(read) => {
            tell(&problems::draw(&read.warnings));
            let scenario = &read.scenario;
            let services = foreseen(scenario, &source)?;
            let hosts = foreseen_hosts(scenario, &source)?;
            let said = services.iter().filter_map(|one| one.sentence(scenario));
            for sentence in said.chain(hosts.iter().filter_map(|one| one.sentence(scenario))) {
                let rows = words::wrap(&format!("note: {sentence}"), 80);
                tell(&format!("{}\n", rows.join("\n")));
            }
            say(&format!("ok: {}\n", summary(&read.scenario)))
        }
        Err(Problems { list, more }) if args.json => {
            let (rollouts, host_rollouts) = (Vec::new(), Vec::new());
            let problems = list.as_slice();
            let scenario = None;
            say_json(&Answer {
                ok: false,
                file,
                scenario,
                problems,
                more,
                rollouts,
                host_rollouts,
            })?;
            Err(End::Told)
        }
        Err(wrong) => Err(source.tell(&wrong)),
    }
}

/// Looks at the fleet at the beginning of each rollout.
fn foreseen(scenario: &Scenario, source: &Source) -> Result<Vec<Foreseen>, End> {
    foresee(scenario, &source.files).map_err(|wrong| broke(source, &problems::draw(&wrong)))
}

/// The same for those of hosts.
fn foreseen_hosts(scenario: &Scenario, source: &Source) -> Result<Vec<ForeseenHosts>, End> {
    let foreseen = host_foresight::foresee(scenario, &source.files);
    foreseen.map_err(|wrong| broke(source, &problems::draw(&wrong)))
}

fn host_outlook<'a>(one: &ForeseenHosts, scenario: &'a Scenario) -> HostOutlook<'a> {
    let rollouts = &scenario.host_rollouts;
    let rollout = &rollouts.list[one.plan];
    HostOutlook {
        name: &rollout.name,
        image: &rollouts.images[rollout.image.row()],
        at_s: one.at.ms() as f64 / 1_000.0,
        batches: one.batches,
        batches_stuck: one.stuck,
        says: one.sentence(scenario),
    }
}

fn outlook<'a>(one: &Foreseen, scenario: &'a Scenario) -> Outlook<'a> {
    let rollout = &scenario.rollouts[one.plan];
    Outlook {
        service: &scenario.services[rollout.service.row()].name,
        image: &scenario.images[rollout.image.row()].name,
        at_s: one.at.ms() as f64 / 1_000.0,
        free_slots: one.free,
        forecast: one.foresight.name(),
        says: one.sentence(scenario),
    }
}

fn outline(scenario: &Scenario) -> Outline<'_> {
    Outline {
        name: &scenario.name,
        question: &scenario.question,
        hosts: scenario.hosts.len(),
        demands: scenario.demands.len() - scenario.services.len(),
        services: scenario.services.len(),
        rollouts: scenario.rollouts.len(),
        start: scenario.calendar.start.to_string(),
        duration_s: scenario.duration_ms as f64 / 1_000.0,
        seed: scenario.seed,
        policy: scenario.placement.policy.name(),
    }
}

/// `plan: 100 hosts and growing, demand vms, 2011-07-01 to 2014-07-01 (1096 days)`.
fn summary(scenario: &Scenario) -> String {
    let hosts = words::plural(scenario.hosts.len() as u64, "host");
    let growing = match (scenario.growth.len(), scenario.procurement.len() + scenario.orders.len())
    {
        (0, 0) => "",
        (_, 0) => ", more by plan",
        (0, _) => ", more by order",
        (_, _) => ", more by plan and by order",
    };
    let of_file = scenario.demands.len() - scenario.services.len();
    let demand = match &scenario.demands[..of_file] {
        [] => String::new(),
        [one] => format!("demand `{}`; ", one.name),
        many => format!("{} demands; ", many.len()),
    };
    let services = match scenario.services.as_slice() {
        [] => String::new(),
        [one] => format!("service `{}`; ", one.name),
        many => format!("{} services; ", many.len()),
    };
    let name = &scenario.name;
    let span = words::span(&scenario.calendar, scenario.duration_ms);
    let policy = scenario.placement.policy.name();
    let expect = words::plural(scenario.expectations.len() as u64, "expectation");
    format!("{name}: {hosts}{growing}; {demand}{services}{policy}; {span}; {expect}")
}
