//! `fleetcast survive`: whether the fleet holds the VMs of a host, a rack or a zone that is lost.

use super::moment;
use crate::end::{End, say, say_json};
use crate::lines::{self, line};
use crate::problems;
use crate::runs;
use crate::scenario::ScenarioArgs;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::survive::{self, Account, Level, Worst};
use fleetcast_core::time::Time;
use fleetcast_core::verdict::reason_words;
use fleetcast_core::words;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Arc;

/// When to look, and how far.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast survive plan.toml --at '6 months'
  fleetcast survive plan.toml --hosts 3
  fleetcast survive plan.toml --at 2012-01-01 --policy best-fit
  fleetcast survive plan.toml --json | jq -r .survives

The VMs of what is lost are placed again by the scenario's own policy and rules, the largest
first. To assert it in CI: `[[expect]]` with `metric = \"survives\"` and `at-least = \"rack\"`.")]
pub(crate) struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// When to look: a time since the start (`6 months`), or a date; without it, at the end
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    /// Try so many hosts at once too: those with the most on them
    #[arg(long, value_name = "K", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    hosts: u32,

    /// Print the answer as one JSON document
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), End> {
    let (source, scenario) = args.scenario.load()?;
    let scenario = Arc::new(scenario);
    let at = match &args.at {
        Some(typed) => moment::of_run(typed, &scenario)?,
        None => Time::from_ms(scenario.duration_ms),
    };
    let mut simulation = Simulation::new(Arc::clone(&scenario), &source.files)
        .map_err(|wrong| runs::broke(&source, &problems::draw(&wrong)))?;
    simulation
        .advance(at, &mut ())
        .map_err(|problem| runs::broke(&source, &problems::draw_one(&problem)))?;
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  each {msg}  {eta} left");
    let style = style.expect("our template is right").progress_chars("━╸ ");
    let bar = ProgressBar::new(1).with_style(style);
    let is_done = |level: &'static str, done, all| {
        bar.set_message(level);
        bar.set_length(all);
        bar.set_position(done);
    };
    let account = survive::account(&scenario, simulation.state(), at, args.hosts, is_done);
    bar.finish_and_clear();
    if args.json { say_json(&account) } else { say(&text(&account)) }
}

/// The answer, a row for each kind of loss, and the VMs of the worst that have no place.
fn text(account: &Account) -> String {
    let mut text = String::new();
    lines::headline(&mut text, &words::capitalised(&account.answer));
    line(&mut text, "");
    let (hosts, vms) = (words::plural(account.hosts, "host"), words::plural(account.vms, "VM"));
    line(&mut text, &format!("{}: {hosts}, {vms}", account.at.date.replace('T', " ")));
    if account.vms == 0 {
        return text;
    }
    line(&mut text, "");
    let mut table = lines::table();
    table.set_header(["Loss", "Survived", "Worst", "VMs", "Without a place", "Why"]);
    for level in &account.levels {
        let survived =
            format!("{} of {}", words::count(level.survived), words::count(level.losses));
        let mut row = vec![name(level, level.worst.as_ref()), survived];
        match &level.worst {
            None => row.extend(["–", "", "none", ""].map(str::to_owned)),
            Some(worst) => row.extend([
                worst.lost.clone(),
                words::count(worst.vms),
                words::count(worst.unplaced),
                why(worst, account.hosts),
            ]),
        }
        table.add_row(row);
    }
    lines::rows(&mut text, &table);
    // The least loss that is not survived is what to mend first.
    let mut worst = account.levels.iter().filter_map(|level| level.worst.as_ref());
    if let Some(worst) = worst.find(|worst| worst.hosts < account.hosts) {
        line(&mut text, "");
        line(&mut text, &format!("Without {}, these have no place:", worst.lost));
        for vm in worst.largest.iter().take(5) {
            let why = reason_words(&vm.reason);
            line(&mut text, &format!("  request {}, {}, {why}", vm.request, vm.size));
        }
        if let Some(more @ 1..) = worst.unplaced.checked_sub(5) {
            line(&mut text, &format!("  … and {} (`--json` has more)", words::count(more)));
        }
    }
    text
}

fn name(level: &Level, worst: Option<&Worst>) -> String {
    match level.level {
        "largest" => match worst.map(|worst| worst.hosts) {
            Some(hosts) => format!("the {} with most on them", words::plural(hosts, "host")),
            None => "the hosts with most on them".to_owned(),
        },
        of if level.is_all => format!("the only {of}"),
        of => format!("each {of}"),
    }
}

/// The most frequent reason.
fn why(worst: &Worst, hosts: u64) -> String {
    if worst.hosts == hosts {
        return "nothing is left".to_owned();
    }
    let most = worst.why.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    most.map_or(String::new(), |(reason, _)| reason_words(reason))
}
