//! `fleetcast rollout`: how each strategy would go at an instant, and when it would go best.

use super::moment;
use crate::end::{End, say, say_json};
use crate::lines::{self, line};
use crate::problems;
use crate::runs;
use crate::scenario::ScenarioArgs;
use crate::typed;
use fleetcast_core::scenario::{ImageId, Scenario, ServiceId, Strategy};
use fleetcast_core::time::Time;
use fleetcast_core::trials::{self, Account, Course, Hour, Question};
use fleetcast_core::{units, words};

/// What to roll out, and when.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast rollout rolling-at-peak --service web --at 2026-06-01T14:00
  fleetcast rollout plan.toml --service web --image web-2 --at '2 days' --strategy blue-green
  fleetcast rollout plan.toml --service web --at '2 days' --json | jq '.hours.best'

Each strategy is a run of the scenario with that one rollout in it; a second run with an image that
is bad says what users meet of it. A strategy that the scenario's own rollouts of the service use
keeps its parameters; others have those of the reference page. The best hour is of the first
strategy. Exit code 1: no strategy gets through.")]
pub(crate) struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// Which service; needed where there are several
    #[arg(long, value_name = "NAME")]
    service: Option<String>,

    /// When: a time since the start (`2 days`), or a date
    #[arg(long, value_name = "TIME")]
    at: String,

    /// What it is to run; else what its next rollout brings, or what it runs, anew
    #[arg(long, value_name = "NAME")]
    image: Option<String>,

    /// Only this strategy; may be given several times
    #[arg(long = "strategy", value_name = "NAME")]
    strategies: Vec<String>,

    /// How long a bad image serves until somebody finds it; analyses find it at once
    #[arg(long, value_name = "LENGTH", default_value = "5 min")]
    found_bad_after: String,

    /// Print the comparison as one JSON document
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), End> {
    let (source, scenario) = args.scenario.load()?;
    let question = question(args, &scenario)?;
    let broke = |wrong| runs::broke(&source, &problems::draw(&wrong));
    let tried = trials::compare(&scenario, &source.files, &question).map_err(broke)?;
    let week = trials::best_hour(&scenario, &source.files, &question).map_err(broke)?;
    let account = trials::account(&scenario, &question, &tried, &week);
    if args.json {
        say_json(&account)?
    } else {
        say(&text(&account))?
    }
    let is_through = account.strategies.iter().any(|course| course.duration_s.is_some());
    if is_through { Ok(()) } else { Err(End::Missed) }
}

fn question(args: &Args, scenario: &Scenario) -> Result<Question, End> {
    let service = service(args.service.as_deref(), scenario)?;
    let at = moment::before_end(&args.at, scenario)?;
    let found_bad_after_ms = units::Length::parse(&args.found_bad_after)
        .map_err(|mistake| {
            let hint = mistake.hint.unwrap_or_else(|| "write it like `5 min`".to_owned());
            End::input(mistake.what, hint)
        })?
        .ms()
        .max(1);
    Ok(Question {
        service,
        image: image(args.image.as_deref(), scenario, service, at)?,
        at,
        strategies: strategies(&args.strategies, scenario, service)?,
        found_bad_after_ms,
    })
}

fn service(typed: Option<&str>, scenario: &Scenario) -> Result<ServiceId, End> {
    let names = || scenario.services.iter().map(|service| service.name.as_str());
    if scenario.services.is_empty() {
        let message = "this scenario has no services, so there is nothing to roll out";
        return Err(End::input(message, "add a `[[service]]` and its `[images.NAME]`"));
    }
    match (typed, scenario.services.len()) {
        (None, 1) => Ok(ServiceId::from_row(0)),
        (None, _) => {
            let message = "which service? there are several";
            Err(End::input(
                message,
                format!("add `--service NAME`; there are {}", typed::list(names())),
            ))
        }
        (Some(typed), _) => typed::row("service", typed, names()).map(ServiceId::from_row),
    }
}

fn image(
    typed: Option<&str>,
    scenario: &Scenario,
    service: ServiceId,
    at: Time,
) -> Result<ImageId, End> {
    let Some(typed) = typed else {
        let own = scenario.rollouts.iter().filter(|rollout| rollout.service == service);
        let next = own.clone().find(|rollout| rollout.at_ms >= at.ms());
        let of_file = next.or_else(|| own.clone().next_back()).map(|rollout| rollout.image);
        return Ok(of_file.unwrap_or(scenario.services[service.row()].image));
    };
    let names = || scenario.images.iter().map(|image| image.name.as_str());
    typed::row("image", typed, names()).map(ImageId::from_row)
}

/// Those asked for, or all; the scenario's own first, with its own parameters.
fn strategies(
    typed: &[String],
    scenario: &Scenario,
    service: ServiceId,
) -> Result<Vec<Strategy>, End> {
    let own = scenario.rollouts.iter().filter(|rollout| rollout.service == service);
    let mut known: Vec<Strategy> = Vec::new();
    for strategy in own.map(|rollout| rollout.strategy.clone()).chain(Strategy::all()) {
        if known.iter().all(|one| one.name() != strategy.name()) {
            known.push(strategy);
        }
    }
    if typed.is_empty() {
        return Ok(known);
    }
    let mut chosen: Vec<Strategy> = Vec::new();
    for typed in typed {
        let row = typed::row("strategy", typed, known.iter().map(Strategy::name))?;
        let strategy = known[row].clone();
        if !chosen.contains(&strategy) {
            chosen.push(strategy);
        }
    }
    Ok(chosen)
}

/// The answer, what was asked, the strategies, and the hours.
fn text(account: &Account) -> String {
    let mut text = String::new();
    lines::headline(&mut text, &words::capitalised(&account.answer));
    line(&mut text, "");
    let instances = words::plural(account.instances.into(), "instance");
    for (name, value) in [
        ("Service", format!("{}, {instances}, to {}", account.service, account.image)),
        ("At", account.at.date.replace('T', " ")),
        ("Room", format!("for {}", words::plural(account.free_slots, "more instance"))),
        ("Bad image", format!("found after {}", words::duration(account.found_bad_after_s))),
    ] {
        line(&mut text, &format!("{name:<9}  {value}"));
    }
    line(&mut text, "");
    let mut table = lines::table();
    table.set_header([
        "Strategy",
        "Outcome",
        "Takes",
        "Slots",
        "Serving",
        "Mixed",
        "Bad image",
        "Back in",
    ]);
    for course in &account.strategies {
        table.add_row(cells(course));
    }
    lines::rows(&mut text, &table);
    line(&mut text, "");
    let about = "Slots: wanted above the instances, `!` where there is no room for them. Serving: the \
                 fewest instances that served users. Bad image: its share of the requests, summed over \
                 time. Back in: from the word that it is bad until the old version served everybody.";
    lines::prose(&mut text, about);
    line(&mut text, "");
    for (name, hour) in [("Best hour", &account.hours.best), ("Worst hour", &account.hours.worst)] {
        if let Some(hour) = hour {
            line(&mut text, &format!("{name:<10}  {}", of_hour(hour)));
        }
    }
    text
}

fn cells(course: &Course) -> [String; 8] {
    let outcome = match &course.waits_for {
        Some(waits) => format!("{}: {waits}", course.outcome),
        None => course.outcome.clone(),
    };
    let mark = if course.has_room { "" } else { "!" };
    let bad = &course.bad_image;
    [
        course.strategy.clone(),
        outcome,
        course.duration_s.map_or("-".to_owned(), words::duration),
        format!("{}{mark}", course.wants_slots),
        course.min_available.to_string(),
        words::duration(course.mixed_s),
        match bad.requests {
            Some(requests) if requests > 0.0 => {
                format!(
                    "{} ({} requests)",
                    words::duration(bad.exposure_s),
                    words::amount(requests)
                )
            }
            _ => words::duration(bad.exposure_s),
        },
        bad.roll_back_s.map_or("-".to_owned(), words::duration),
    ]
}

fn of_hour(hour: &Hour) -> String {
    let clock: String = hour.at.date.replace('T', " ").chars().take(16).collect();
    let slots = words::plural(hour.free_slots, "free slot");
    let traffic = match hour.requests_per_s {
        Some(per_s) => format!(", {} requests per second", words::amount(per_s)),
        None => String::new(),
    };
    let took = match (hour.duration_s, &hour.waits_for) {
        (Some(s), _) => format!("done in {}", words::duration(s)),
        (None, Some(waits)) => format!("{}, waiting for {waits}", hour.outcome),
        (None, None) => hour.outcome.clone(),
    };
    format!("{}, {clock}: {slots}{traffic}; {took}", hour.weekday)
}
