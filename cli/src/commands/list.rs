//! `fleetcast list`: what there is to choose from.

use crate::builtin::{self, Builtin};
use crate::end::{End, say, say_json};
use anstyle::{AnsiColor, Style};
use fleetcast_core::placement::POLICIES;
use fleetcast_core::report::{METRICS, Metric};
use fleetcast_core::words;
use serde_json::json;
use std::fmt::Write as _;

/// How to show it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast list
  fleetcast list --json | jq -r '.policies[].name'")]
pub(crate) struct Args {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), End> {
    if args.json { say_json(&all()) } else { say(&text()) }
}

fn all() -> serde_json::Value {
    let scenario = |builtin: &Builtin| json!({"name": builtin.name, "title": builtin.title, "question": builtin.question});
    let policy = |(name, what): &(&str, &str)| json!({"name": name, "what": what});
    let metric = |metric: &Metric| json!({"name": metric.name, "what": metric.what, "percent_of": metric.of});
    json!({
        "scenarios": builtin::ALL.iter().map(scenario).collect::<Vec<_>>(),
        "policies": POLICIES.iter().map(policy).collect::<Vec<_>>(),
        "metrics": METRICS.iter().map(metric).collect::<Vec<_>>(),
    })
}

fn text() -> String {
    let mut text = String::new();
    let scenarios = |is_story: bool| {
        let ours = builtin::ALL.iter().filter(move |builtin| builtin.is_story() == is_story);
        ours.map(|builtin| (builtin.name, builtin.question.to_owned()))
    };
    section(&mut text, "Scenarios in the box", "fleetcast run NAME", scenarios(false));
    section(
        &mut text,
        "Stories that teams told",
        "fleetcast run NAME; docs/stories tells them",
        scenarios(true),
    );
    let policies = POLICIES.iter().map(|(name, what)| (*name, (*what).to_owned()));
    section(&mut text, "Placement policies", "--policy NAME", policies);
    let metrics = METRICS.iter().map(|metric| {
        let percent = metric.of.map(|of| format!(" (or % of {of})")).unwrap_or_default();
        (metric.name, format!("{}{percent}", metric.what))
    });
    section(&mut text, "Metrics", "[[expect]] metric = \"NAME\"", metrics);
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// A heading, how to use what is below it, and its rows: a name and a sentence.
fn section<'a>(
    text: &mut String,
    heading: &str,
    usage: &str,
    rows: impl Iterator<Item = (&'a str, String)>,
) {
    let rows: Vec<_> = rows.collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let (bold, name_style) = (Style::new().bold(), AnsiColor::Cyan.on_default());
    writeln!(text, "{bold}{heading}{bold:#} ({usage})").expect("a string takes any text");
    for (name, what) in rows {
        let room = 80 - 4 - width;
        let lines = words::wrap(&what, room.max(30));
        let indented = lines.join(&format!("\n{:1$}", "", width + 4));
        writeln!(text, "  {name_style}{name:width$}{name_style:#}  {indented}")
            .expect("a string takes any text");
    }
    text.push('\n');
}
