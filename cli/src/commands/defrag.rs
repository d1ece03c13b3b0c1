//! `fleetcast defrag`: which hosts can be emptied by live migration, and how.

use super::moment;
use crate::end::{End, say, say_json};
use crate::lines::{self, line};
use crate::problems;
use crate::runs;
use crate::scenario::ScenarioArgs;
use fleetcast_core::defrag::{self, Account};
use fleetcast_core::fact::Fact;
use fleetcast_core::observe::Observer;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::state::State;
use fleetcast_core::time::Time;
use fleetcast_core::words;
use std::collections::BTreeMap;
use std::sync::Arc;

/// When to look.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast defrag plan.toml --at '6 months'
  fleetcast defrag plan.toml --at 2012-01-01 --set defrag.max-migrations=50
  fleetcast defrag plan.toml --at '30 days' --json | jq '.steps[0]'

The bounds of the plan, and what migrations go over, are in the scenario's `[defrag]`.
To empty hosts during a run, give it `every = \"1 day\"`.")]
pub(crate) struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// When to look: a time since the start (`6 months`), or a date
    #[arg(long, value_name = "TIME")]
    at: String,

    /// Print the plan as one JSON document
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), End> {
    let (source, scenario) = args.scenario.load()?;
    let scenario = Arc::new(scenario);
    let at = moment::of_run(&args.at, &scenario)?;
    let mut simulation = Simulation::new(Arc::clone(&scenario), &source.files)
        .map_err(|wrong| runs::broke(&source, &problems::draw(&wrong)))?;
    let mut names = Names::default();
    simulation
        .advance(at, &mut names)
        .map_err(|problem| runs::broke(&source, &problems::draw_one(&problem)))?;
    let name_of = |request: u64| names.0.get(&request).cloned();
    let account = defrag::account(&scenario, simulation.state(), at, &simulation.plan(), name_of);
    if args.json { say_json(&account) } else { say(&text(&account)) }
}

/// What the requests are called whose VMs may be alive.
#[derive(Default)]
struct Names(BTreeMap<u64, String>);

impl Observer for Names {
    fn hear(&mut self, _: Time, fact: &Fact<'_>, _: &State) {
        match *fact {
            Fact::Requested { request, name: Some(name), .. } => {
                self.0.insert(request.0, name.to_owned());
            }
            Fact::Departed { request, .. }
            | Fact::Refused { request, .. }
            | Fact::Lost { request, .. }
            | Fact::VmGone { request, .. } => {
                self.0.remove(&request.0);
            }
            _ => {}
        }
    }
}

/// The answer, what it costs, and the steps.
fn text(account: &Account) -> String {
    let mut text = String::new();
    lines::headline(&mut text, &words::capitalised(&account.answer));
    line(&mut text, "");
    let mut rows = vec![
        ("At", account.at.date.replace('T', " ")),
        (
            "Hosts",
            format!("{}, {} in use", words::count(account.hosts), words::count(account.hosts_used)),
        ),
    ];
    if account.migrations > 0 {
        rows.push(("Copied", format!("{} GiB", words::amount(account.sent_gib))));
        let longest = words::duration(account.downtime_max_s);
        let downtime = format!("{} in all, {longest} at most", words::duration(account.downtime_s));
        rows.push(("Downtime", downtime));
    }
    for (name, value) in rows {
        line(&mut text, &format!("{name:<8}  {value}"));
    }
    if account.steps.is_empty() {
        return text;
    }
    line(&mut text, "");
    let mut table = lines::table();
    table.set_header(["Step", "Request", "From", "To", "Begins", "Takes", "Hosts emptied"]);
    for step in &account.steps {
        let seconds = |s: f64| format!("{s:.1} s");
        let emptied =
            if step.has_moved { words::count(step.hosts_emptied) } else { "stays".to_owned() };
        table.add_row([
            step.step.to_string(),
            step.name.clone().unwrap_or_else(|| step.request.to_string()),
            step.from.name.clone(),
            step.to.name.clone(),
            seconds(step.starts_s),
            seconds(step.takes_s),
            emptied,
        ]);
    }
    lines::rows(&mut text, &table);
    text
}
