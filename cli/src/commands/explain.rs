//! `fleetcast explain`: why a request went where it went, or why nowhere.

use crate::end::{End, say, say_json};
use crate::lines::{self, line};
use crate::problems;
use crate::runs;
use crate::scenario::{ScenarioArgs, Source};
use anstyle::Style;
use fleetcast_core::explain::{self, Explanation, Later, Outcome};
use fleetcast_core::fact::{Fact, RequestId};
use fleetcast_core::observe::Observer;
use fleetcast_core::placement::account::{Account, Cell, Wants};
use fleetcast_core::problem::Problem;
use fleetcast_core::report::Moment;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation::{Simulation, Undecided};
use fleetcast_core::state::{HostId, State};
use fleetcast_core::time::Time;
use fleetcast_core::words;
use std::sync::Arc;

/// Which decision to explain.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast explain first --request 17
  fleetcast explain plan.toml --request web-3 --policy best-fit
  fleetcast explain plan.toml --request 17 --json | jq '.changes[0]'
  fleetcast run plan.toml --quiet --placements - | grep ',,'      the requests that found no host")]
pub(crate) struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// The request, as `--placements` calls it: its trace's `vm_id`, or its number from 0
    #[arg(long, value_name = "ID")]
    request: String,

    /// Print the account as one JSON document
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), End> {
    let (source, scenario) = args.scenario.load()?;
    let scenario = Arc::new(scenario);
    let account = account(&scenario, &source, &args.request)?;
    if args.json { say_json(&account) } else { say(&text(&account)) }
}

fn account(scenario: &Arc<Scenario>, source: &Source, typed: &str) -> Result<Explanation, End> {
    let broke = |problem: Problem| runs::broke(source, &problems::draw_one(&problem));
    let start = || {
        Simulation::new(Arc::clone(scenario), &source.files)
            .map_err(|wrong| runs::broke(source, &problems::draw(&wrong)))
    };
    // What is called so comes first: the names of a trace can be numbers too.
    let number: Option<u64> = typed.parse().ok();
    let is_called = |request: RequestId, name: Option<&str>| match name {
        Some(name) => name == typed,
        None => number == Some(request.0),
    };
    let mut simulation = start()?;
    let mut found = simulation.advance_to_request(is_called, &mut ()).map_err(broke)?;
    let arrived = simulation.requests_arrived();
    if found.is_none() && number.is_some_and(|number| number < arrived) {
        simulation = start()?;
        let has_number = |request: RequestId, _: Option<&str>| number == Some(request.0);
        found = simulation.advance_to_request(has_number, &mut ()).map_err(broke)?;
    }
    let Some(undecided) = found else {
        let number = number.filter(|number| *number < arrived);
        let Some(number) = number else { return Err(unknown(typed, arrived)) };
        let account = of_instance(start()?, RequestId(number)).map_err(broke)?;
        return account.ok_or_else(|| unknown(typed, arrived));
    };
    let mut account = simulation.explain(&undecided);
    if account.outcome == Outcome::Waits {
        account.later = later(&mut simulation, &undecided).map_err(broke)?;
    }
    Ok(account)
}

fn unknown(typed: &str, arrived: u64) -> End {
    // Tasks have numbers too, but jobs are decided on as wholes.
    if typed.parse::<u64>().is_ok_and(|number| number < arrived) {
        let message = format!("request {typed} is a task of a job");
        let hint = "only requests of a `[[demand]]` and instances of services can be explained";
        return End::input(message, hint);
    }
    let message = format!("no request is called `{typed}`");
    match arrived {
        0 => End::input(message, "the run has no requests at all"),
        1 => End::input(message, "the run has one request, number 0"),
        _ => End::input(
            message,
            format!("the run has requests 0 to {}, or a trace's `vm_id`", arrived - 1),
        ),
    }
}

/// The account of an instance of a service, which is decided on in the middle of what happens.
fn of_instance(
    mut simulation: Simulation,
    request: RequestId,
) -> Result<Option<Explanation>, Problem> {
    simulation.ask_about(request);
    let mut fate = Fate { request, found: None };
    simulation.advance(simulation.end(), &mut fate)?;
    let Some(mut account) = simulation.take_explained() else { return Ok(None) };
    if account.outcome == Outcome::Waits {
        account.later =
            until_found(&mut simulation, fate, Time::from_ms((account.at.at_s * 1e3) as u64))?;
    }
    Ok(Some(*account))
}

/// Runs on until a request that waits is placed or refused.
fn later(simulation: &mut Simulation, undecided: &Undecided) -> Result<Option<Later>, Problem> {
    let fate = Fate { request: undecided.request(), found: None };
    until_found(simulation, fate, undecided.at())
}

fn until_found(
    simulation: &mut Simulation,
    mut fate: Fate,
    at: Time,
) -> Result<Option<Later>, Problem> {
    let end = simulation.end();
    let slice_ms = (end.ms() / 1_000).max(1);
    let mut until = at;
    while fate.found.is_none() && simulation.advance(until, &mut fate)? {
        until = until.after(slice_ms).min(end);
    }
    let scenario = simulation.scenario();
    Ok(fate.found.map(|(at, waited_ms, host)| Later {
        at: Moment { at_s: at.ms() as f64 / 1e3, date: scenario.calendar.at(at).to_string() },
        waited_s: waited_ms as f64 / 1e3,
        host: host.map(|host| explain::place(scenario, simulation.state(), host)),
    }))
}

/// Listens for what becomes of one request.
struct Fate {
    request: RequestId,
    found: Option<(Time, u64, Option<HostId>)>,
}

impl Observer for Fate {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        match *fact {
            Fact::Placed { request, host, waited_ms, .. } if request == self.request => {
                self.found = Some((now, waited_ms, Some(host)));
            }
            Fact::Refused { request, waited_ms, .. } if request == self.request => {
                self.found = Some((now, waited_ms, None));
            }
            _ => {}
        }
    }
}

/// The answer, the funnel, the candidates, and the smallest change.
fn text(account: &Explanation) -> String {
    let mut text = String::new();
    lines::headline(&mut text, &words::capitalised(&account.answer));
    if account.outcome == Outcome::Waits {
        line(&mut text, &words::capitalised(&waited(account.later.as_ref())));
    }
    line(&mut text, "");
    for (name, value) in asked(account) {
        line(&mut text, &format!("{name:<8}  {value}"));
    }

    let funnel = &account.funnel;
    heading(&mut text, &words::capitalised(&words::plural(funnel.in_service, "host")));
    let fit = std::iter::once((funnel.fit, "can take it"));
    let away = funnel.turned_away.iter().map(|away| (away.hosts, away.words.as_str()));
    for (hosts, what) in fit.chain(away) {
        line(&mut text, &format!("{:>9}  {what}", words::count(hosts)));
    }
    candidates(&mut text, account);
    matrix(&mut text, account);
    if account.outcome != Outcome::Placed {
        heading(&mut text, "What would make it fit");
        for change in &account.changes {
            let lines = words::wrap(change.sentence(), 78);
            line(&mut text, &format!("- {}", lines.join("\n  ")));
        }
        if account.changes.is_empty() {
            line(&mut text, "no single change: not one host more, and no rule less");
        }
    }
    text
}

fn waited(later: Option<&Later>) -> String {
    match later {
        None => "it still waits at the end".to_owned(),
        Some(Later { at, waited_s, host }) => {
            let date = at.date.replace('T', " ");
            let fate = match host {
                Some(place) => format!("placed on `{}`", place.name),
                None => "refused".to_owned(),
            };
            format!("{fate} on {date}, after {}", words::duration(*waited_s))
        }
    }
}

fn asked(account: &Explanation) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("Arrived", account.at.date.replace('T', " ")),
        ("From", format!("demand `{}`, tenant `{}`", account.demand, account.tenant)),
        ("Asks for", explain::list(&account.asks)),
    ];
    if let Some(pool) = &account.pool {
        rows.push(("Pool", format!("`{pool}`")));
    }
    if !account.labels.is_empty() {
        rows.push(("Labels", account.labels.join(", ")));
    }
    if !account.rules.is_empty() {
        rows.push(("Rules", account.rules.join(", ")));
    }
    let is_bound = |group: &explain::GroupLimits| {
        group.per_host.or(group.per_rack).or(group.per_zone).is_some() //
    };
    if let Some(group) = account.group.filter(is_bound) {
        let limits = [(group.per_host, "host"), (group.per_rack, "rack"), (group.per_zone, "zone")];
        let limits =
            limits.iter().filter_map(|(max, place)| Some(format!("{} a {place}", (*max)?)));
        rows.push(("Group", format!("at most {}", limits.collect::<Vec<_>>().join(", "))));
    }
    rows.push(("Policy", account.policy.clone()));
    rows
}

fn candidates(text: &mut String, account: &Explanation) {
    let Some(first) = account.candidates.first() else { return };
    heading(text, "Best candidates, and what would be left free on them");
    let mut table = lines::table();
    let mut header = vec!["Host".to_owned(), "Model".to_owned(), "Rack".to_owned()];
    header
        .extend(first.left.iter().map(|left| words::capitalised(&words::resource(&left.resource))));
    // A matrix of its own shows what one number cannot say.
    let matrix = account.scores.as_ref().filter(|scores| scores.scorers.len() > 1);
    let has_score = first.score.is_some() && matrix.is_none();
    header.extend(has_score.then(|| "Score".to_owned()));
    table.set_header(header);
    for candidate in &account.candidates {
        let place = &candidate.place;
        let mut row = vec![place.name.clone(), place.model.clone(), place.rack.clone()];
        row.extend(candidate.left.iter().map(|left| left.text.clone()));
        row.extend(candidate.score.filter(|_| has_score).map(number));
        table.add_row(row);
    }
    draw(text, &table);
    if let Some(score) = account.score.as_ref().filter(|_| has_score) {
        line(text, &format!("Score: {score}"));
    }
    let shown = account.candidates.len() as u64;
    if account.funnel.fit > shown {
        line(text, &format!("… and {} more that fit", words::count(account.funnel.fit - shown)));
    }
}

/// What each scorer says of each candidate, and what it is.
fn matrix(text: &mut String, account: &Explanation) {
    let Some(scores) = account.scores.as_ref().filter(|scores| scores.scorers.len() > 1) else {
        return;
    };
    if account.candidates.is_empty() {
        return;
    }
    let heading_text = match scores.total {
        Some(_) => "Scores, and what each adds to the total",
        None => "Scores, the first deciding, the next on ties",
    };
    heading(text, heading_text);
    let mut table = lines::table();
    let names = names(scores);
    let total = scores.total.as_ref().map(|_| "Total".to_owned());
    table.set_header(std::iter::once("Host".to_owned()).chain(names.iter().cloned()).chain(total));
    for (candidate, row) in account.candidates.iter().zip(&scores.rows) {
        let cell = |cell: &Cell| match (cell.weighted, cell.normalised) {
            (Some(weighted), _) => format!("{} → {}", number(cell.raw), number(weighted)),
            (None, Some(normalised)) => format!("{} → {normalised}", number(cell.raw)),
            (None, None) => number(cell.raw),
        };
        let cells = row.cells.iter().map(cell).chain(row.total.map(number));
        table.add_row(std::iter::once(candidate.place.name.clone()).chain(cells));
    }
    draw(text, &table);
    for (scorer, name) in scores.scorers.iter().zip(&names) {
        let wants = match scorer.wants {
            Wants::Least => "least",
            Wants::Most => "most",
        };
        let weight = scorer.weight.map_or(String::new(), |weight| format!(", × {weight}"));
        lines::prose(text, &format!("{name}: {}, {wants} first{weight}", scorer.words));
    }
}

/// The names of the scorers; those that share one are numbered.
fn names(scores: &Account) -> Vec<String> {
    let names = || scores.scorers.iter().map(|scorer| &scorer.name);
    let named =
        |(place, name): (usize, &String)| match names().filter(|other| *other == name).count() {
            1 => name.clone(),
            _ => {
                let before = names().take(place).filter(|other| *other == name).count();
                format!("{name} {}", before + 1)
            }
        };
    names().enumerate().map(named).collect()
}

fn number(number: f64) -> String {
    match number {
        endless if endless.is_infinite() => "∞".to_owned(),
        whole if whole == whole.trunc() && whole.abs() < 1e15 => format!("{whole}"),
        large if large.abs() >= 1_000.0 => format!("{large:.1}"),
        small => format!("{small:.4}"),
    }
}

fn draw(text: &mut String, table: &comfy_table::Table) {
    lines::rows(text, table);
}

fn heading(text: &mut String, heading: &str) {
    let bold = Style::new().bold();
    line(text, "");
    line(text, &format!("{bold}{heading}{bold:#}"));
}
