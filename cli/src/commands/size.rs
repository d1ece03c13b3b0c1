//! `fleetcast size`: the smallest fleet, the cheapest mix, and what each rule costs in hosts.

mod answer;
mod mix;
mod prober;

use crate::end::{End, say, say_json};
use crate::runs::Cores;
use crate::scenario::{ScenarioArgs, Source, change};
use crate::typed;
use fleetcast_core::read::Override;
use fleetcast_core::relax::{self, Rule};
use fleetcast_core::report::Report;
use fleetcast_core::scenario::{HOSTS_MAX, HostTypeId, PoolId, Scenario};
use fleetcast_core::sizing::{self, Found, Least};
use fleetcast_core::words;
use prober::Prober;
use serde::Serialize;
use std::collections::BTreeSet;

/// The most host models in a mix.
const MODELS_MAX: usize = 8;

/// What to size, and how sure to be.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast size azure-packing
  fleetcast size plan.toml --seeds 20 --rule-prices
  fleetcast size plan.toml --sure 95%
  fleetcast size plan.toml --model small --model large     the cheapest mix of the two
  fleetcast size plan.toml --json | jq '.fleets[0].hosts'

The fleet is there from the start: growth and orders of the pool are left out, and so are
expectations of its size (hosts, orders, their price). What remains must hold with every seed; where
nothing remains, nothing may be refused or wait at the end. Exit code 1: no number of hosts will do.")]
pub(crate) struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// Which pool; needed where there are several
    #[arg(long, value_name = "NAME")]
    pool: Option<String>,

    /// Of this host model; several times for the cheapest mix. Else what the pool has
    #[arg(long = "model", value_name = "NAME")]
    models: Vec<String>,

    /// With how many seeds it must hold
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000), conflicts_with = "sure")]
    seeds: u32,

    /// With as many seeds as it takes to be 95 % sure that so large a share of all seeds would hold
    #[arg(long, value_name = "SHARE")]
    sure: Option<String>,

    /// Also drop each rule in turn and size again: what it costs in hosts
    #[arg(long)]
    rule_prices: bool,

    #[command(flatten)]
    cores: Cores,

    /// Print the result as one JSON document
    #[arg(long)]
    json: bool,

    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

/// What `size --json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Sized {
    /// Raised by one when a field changes its meaning or goes.
    schema_version: u32,
    version: String,
    scenario: String,
    question: String,
    /// The answer in one sentence.
    answer: String,
    pool: String,
    /// The smallest fleet of each model alone.
    fleets: Vec<Fleet>,
    /// The cheapest mix of the models; null where there is one model or one has no price.
    mix: Option<mix::Mixed>,
    /// With how many seeds it was run; 1 where seeds make no difference.
    seeds: u32,
    /// The share of all seeds that would hold at least, with 95 % confidence.
    sure_share: f64,
    /// Expectations that are about the fleet itself, and were left out.
    left_out: Vec<String>,
    /// What each rule costs; empty unless asked for.
    rule_prices: Vec<RulePrice>,
}

/// The smallest fleet of one model.
#[derive(Debug, Serialize)]
pub(super) struct Fleet {
    model: String,
    /// Hosts; null if no number will do.
    hosts: Option<u32>,
    /// Hosts that no fleet does without; 0 where nothing says so.
    lower_bound: u32,
    /// Whether every number from the bound on was tried.
    is_exhaustive: bool,
    /// The resource that is scarcest with that fleet.
    binding: Option<String>,
    /// What one host fewer, or the largest fleet tried, misses.
    misses: Vec<String>,
    /// Price of all, in the scenario's currency; 0 where the model has none.
    price: f64,
    /// How many fleets were run.
    tried: u32,
}

/// What a rule costs.
#[derive(Debug, Serialize)]
pub(super) struct RulePrice {
    rule: String,
    /// Hosts without it; null if no number will do.
    hosts: Option<u32>,
    /// How many more there are with it.
    costs_hosts: Option<i64>,
    /// The same in money.
    costs: Option<f64>,
}

pub(crate) fn run(args: &Args) -> Result<(), End> {
    let (source, scenario) = args.scenario.load()?;
    let pool = typed::pool(args.pool.as_deref(), &scenario)?;
    let (mut scenario, types, change) = types(args, &source, scenario, pool)?;
    let goals = sizing::goals(&mut scenario);
    let (seeds, mut sure_share) = seeds(args)?;
    let read = (&scenario, change.as_ref());
    let prober = Prober::new(&source, read, &goals, seeds, args.cores, args.quiet);
    let mut fleets = Vec::new();
    for host_type in &types {
        fleets.push(fleet(&prober, &scenario, None, pool, *host_type)?);
    }
    let mix = match types.len() {
        1 => None,
        _ => mix::cheapest(&prober, &goals, &scenario, pool, &types, &fleets)?,
    };
    let rule_prices = match args.rule_prices {
        true => {
            let rules = relax::rules(&scenario).into_iter();
            // What nobody wrote has no price.
            let rules =
                rules.filter(|rule| !(goals.are_implied && matches!(rule, Rule::Expectation(_))));
            rule_prices(&prober, &scenario, rules, pool, types[0], &fleets[0])?
        }
        false => Vec::new(),
    };
    if prober.seeds() == 1 && seeds > 1 {
        sure_share = 1.0; // Nothing is drawn: one seed is all.
    }
    let mut sized = Sized {
        schema_version: 1,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: scenario.name.clone(),
        question: scenario.question.clone(),
        answer: String::new(),
        pool: scenario.pools[pool.row()].name.clone(),
        fleets,
        mix,
        seeds: prober.seeds(),
        sure_share,
        left_out: goals.left_out.clone(),
        rule_prices,
    };
    sized.answer = answer::sentence(&sized);
    if args.json {
        say_json(&sized)?
    } else {
        say(&answer::text(&sized))?
    }
    match sized.fleets.iter().any(|fleet| fleet.hosts.is_some()) {
        true => Ok(()),
        false => Err(End::Missed),
    }
}

/// The host types of the models asked for, or of those that the pool has; the scenario that has them, and
/// the change with which it was read if that was needed.
fn types(
    args: &Args,
    source: &Source,
    scenario: Scenario,
    pool: PoolId,
) -> Result<(Scenario, Vec<HostTypeId>, Option<Override>), End> {
    let of_pool = |scenario: &Scenario| -> Vec<(String, HostTypeId)> {
        let mut found: Vec<(String, HostTypeId)> = Vec::new();
        for (row, host_type) in scenario.host_types.iter().enumerate() {
            let name = &scenario.models[host_type.model.row()].name;
            if host_type.pool == pool && found.iter().all(|(known, _)| known != name) {
                found.push((name.clone(), HostTypeId::from_row(row)));
            }
        }
        found
    };
    let known = of_pool(&scenario);
    let wanted = match args.models.is_empty() {
        true => known.iter().map(|(name, _)| name.clone()).collect(),
        false => {
            let mut wanted = args.models.clone();
            let mut named = BTreeSet::new();
            wanted.retain(|name| named.insert(name.clone()));
            wanted
        }
    };
    if wanted.is_empty() {
        return Err(End::input(
            "the pool has no hosts, so there is nothing to size",
            "add `--model NAME`",
        ));
    }
    if wanted.len() > MODELS_MAX {
        return Err(End::input(
            format!("{} host models are more than a mix can have", wanted.len()),
            format!("name up to {MODELS_MAX} with `--model`"),
        ));
    }
    let of = |types: &[(String, HostTypeId)], name: &String| {
        types.iter().find(|(known, _)| known == name).map(|(_, host_type)| *host_type)
    };
    if let Some(types) = wanted.iter().map(|name| of(&known, name)).collect::<Option<Vec<_>>>() {
        return Ok((scenario, types, None));
    }
    // A model that the pool does not have yet: read the scenario as if it had one of each.
    let hosts: Vec<String> =
        wanted.iter().map(|name| format!("{{ model = {name:?}, count = 1 }}")).collect();
    let name = &scenario.pools[pool.row()].name;
    let key = format!("pools.\"{name}\".hosts");
    let change = change(&key, format!("[{}]", hosts.join(", ")));
    let read = source.read_with(std::slice::from_ref(&change));
    let read = read.map_err(|wrong| source.tell(&wrong))?;
    let types = of_pool(&read.scenario);
    let types = wanted.iter().map(|name| of(&types, name)).collect::<Option<Vec<_>>>();
    let types = types.ok_or_else(|| {
        End::input("these models cannot be in that pool", "name those of `[host-models]`")
    })?;
    Ok((read.scenario, types, Some(change)))
}

/// How many seeds, and how large a share of all seeds holds if they do (95 % sure): the least share s
/// with s^n ≤ 5 %.
fn seeds(args: &Args) -> Result<(u32, f64), End> {
    let Some(typed) = &args.sure else {
        return Ok((args.seeds, 0.05_f64.powf(1.0 / f64::from(args.seeds))));
    };
    let share = typed::sure(typed)?;
    Ok(((0.05_f64.ln() / share.ln()).ceil() as u32, share))
}

/// The smallest fleet of one type, without a rule.
fn fleet(
    prober: &Prober<'_>,
    scenario: &Scenario,
    without: Option<Rule>,
    pool: PoolId,
    host_type: HostTypeId,
) -> Result<Fleet, End> {
    let model = &scenario.models[scenario.host_types[host_type.row()].model.row()];
    let is_here = |of: HostTypeId| scenario.host_types[of.row()].pool == pool;
    let start = scenario.hosts.iter().filter(|host| is_here(host.host_type)).count() as u32;
    let with = |hosts: u32| {
        move |future: &Scenario| match without {
            None => sizing::with_fleet(future, pool, &[(host_type, hosts)]),
            Some(rule) => sizing::with_fleet(&rule.dropped(future), pool, &[(host_type, hosts)]),
        }
    };
    let mut tried = 0;
    let said = sizing::least(start, HOSTS_MAX as u32, |hosts| {
        tried += 1;
        prober.probe(
            &with(hosts),
            &format!("{} of {}", words::plural(hosts.into(), "host"), model.name),
        )
    })?;
    let missed = |report: &Report| -> Vec<String> {
        let missed = report.expectations.iter().filter(|expectation| !expectation.held);
        missed.map(|of| format!("{}: {}", of.expected, of.found)).collect()
    };
    Ok(match said {
        Least::Hosts(Found { hosts, bound, is_exhaustive }) => {
            let report = prober.report(&with(hosts))?;
            let fewer = prober.worst(&with(hosts - 1))?;
            Fleet {
                model: model.name.clone(),
                hosts: Some(hosts),
                lower_bound: bound,
                is_exhaustive,
                binding: report.scarcest.clone(),
                misses: missed(&fewer),
                price: model.price_cents as f64 / 100.0 * f64::from(hosts),
                tried,
            }
        }
        Least::NoHelp(hosts) | Least::TooFew(hosts) => {
            let report = prober.worst(&with(hosts))?;
            Fleet {
                model: model.name.clone(),
                hosts: None,
                lower_bound: 0,
                is_exhaustive: false,
                binding: None,
                misses: missed(&report),
                price: 0.0,
                tried,
            }
        }
    })
}

/// Sizes again without each rule in turn, over the same demand.
fn rule_prices(
    prober: &Prober<'_>,
    scenario: &Scenario,
    rules: impl Iterator<Item = Rule>,
    pool: PoolId,
    host_type: HostTypeId,
    with_all: &Fleet,
) -> Result<Vec<RulePrice>, End> {
    let model = &scenario.models[scenario.host_types[host_type.row()].model.row()];
    let price = model.price_cents as f64 / 100.0;
    let mut prices = Vec::new();
    for rule in rules {
        let without = fleet(prober, scenario, Some(rule), pool, host_type)?;
        let costs = with_all.hosts.zip(without.hosts);
        let costs_hosts = costs.map(|(with, without)| i64::from(with) - i64::from(without));
        prices.push(RulePrice {
            rule: rule.name(scenario),
            hosts: without.hosts,
            costs_hosts,
            costs: costs_hosts.filter(|_| price > 0.0).map(|hosts| hosts as f64 * price),
        });
    }
    prices.sort_by_key(|of| std::cmp::Reverse(of.costs_hosts));
    Ok(prices)
}
