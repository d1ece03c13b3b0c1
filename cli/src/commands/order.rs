//! `fleetcast order`: what to buy by which date, so that the expectations hold in nearly all futures.

mod answer;
mod lead_time;
mod world;

use crate::end::{End, say, say_json, tell};
use crate::runs::Cores;
use crate::scenario::ScenarioArgs;
use crate::store::Batch;
use crate::typed;
use fleetcast_core::futures::Future;
use fleetcast_core::order_plan::{self, Made, Outcome, Plan, Reviews, Runs as _};
use fleetcast_core::scenario::{HOSTS_MAX, HostTypeId, PoolId, Scenario};
use fleetcast_core::time::Time;
use fleetcast_core::units::{self, Length};
use fleetcast_core::words;
use serde::Serialize;
use std::path::PathBuf;
use world::World;

/// The most reviews, and the most host models that are planned with.
const REVIEWS_MAX: usize = 1_000;
const MODELS_MAX: usize = 4;

/// The shares of futures that leaner plans are made for.
const LEANER: [f64; 2] = [0.5, 0.8];

/// What to plan, and how sure to be.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast order orders
  fleetcast order plan.toml --sure 90% --every '1 month' --batch 10
  fleetcast order plan.toml --model small --model large     plans of each, and the least regret
  fleetcast order plan.toml --validate 200                  and how it holds in 200 futures more
  fleetcast order plan.toml --out orders.toml               the plan as `[[order]]`, to paste

What is uncertain (`[[uncertain]]`) and how long orders take is drawn anew with every seed: each
is a future. `[procurement]` of the pool is left out, but for its lead time and batch;
expectations of the fleet's own size too. What remains must hold; where nothing remains, nothing
may be refused or wait at the end. Exit code 1: no plan keeps the promise.")]
pub(crate) struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// The share of all futures in which the plan must hold
    #[arg(long, value_name = "SHARE", default_value = "95%")]
    sure: String,

    /// For which pool; needed where there are several
    #[arg(long, value_name = "NAME")]
    pool: Option<String>,

    /// Buy hosts of this model; several times for a plan of each. Else what the pool buys or has
    #[arg(long = "model", value_name = "NAME")]
    models: Vec<String>,

    /// Hosts are ordered in whole batches of so many; else those of `[procurement]`, or 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: Option<u32>,

    /// How often one can order
    #[arg(long, value_name = "TIME", default_value = "1 month")]
    every: String,

    /// How many futures to learn from; else as many as `--sure` asks for
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(10..=10_000))]
    seeds: Option<u32>,

    /// What it costs to miss an expectation in a future, in the scenario's currency: then a plan may
    /// miss more often, if that is cheaper
    #[arg(long, value_name = "PRICE")]
    miss: Option<f64>,

    /// Run the plan with so many futures more, which nothing was made from
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    validate: Option<u32>,

    /// Write the plan there, as `[[order]]`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    cores: Cores,

    /// Print the plan as one JSON document
    #[arg(long)]
    json: bool,

    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

/// What `order --json` prints.
#[derive(Debug, Serialize)]
pub(super) struct OrderPlan {
    /// Raised by one when a field changes its meaning or goes.
    schema_version: u32,
    version: String,
    scenario: String,
    question: String,
    /// The answer in one sentence.
    answer: String,
    pool: String,
    /// What is promised: the share of all futures, 0..=1.
    sure: f64,
    /// Whether the test was passed.
    is_proved: bool,
    /// The orders of the sure plan.
    orders: Vec<Order>,
    /// Futures that the sure plan was made from.
    learned: u32,
    /// Those, and those that earlier plans were tested on.
    seen: u32,
    /// Those of them in which it does not hold.
    failed: u32,
    /// Those in which no number of hosts helps, and what they miss.
    hopeless: u32,
    /// Whether those are too many of all that were seen for any plan to keep the promise.
    is_hopeless: bool,
    hopeless_misses: Vec<String>,
    /// Futures of its test, which it was not made from, and in how many of them it holds; none if it
    /// was not worth a test.
    tested: u32,
    held: u32,
    /// How many tests there were, each with new futures.
    tests: u32,
    /// Hosts that had to be ordered before the start to be sure.
    late_hosts: u32,
    /// All plans that were looked at, on the futures of the last test.
    plans: Vec<Candidate>,
    /// The name of the one with the least regret; null if none may be chosen.
    least_regret: Option<String>,
    /// `--validate`.
    validated: Option<Validated>,
    /// What the scenario is unsure of: its keys.
    uncertain: Vec<String>,
    /// Expectations that are about the fleet itself, and were left out.
    left_out: Vec<String>,
}

/// An order of the plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Order {
    /// When, seconds from the start.
    at_s: f64,
    /// The same as a date.
    date: String,
    hosts: u32,
    model: String,
}

/// One of the plans that were compared.
#[derive(Debug, Serialize)]
pub(super) struct Candidate {
    name: String,
    model: String,
    hosts: u64,
    orders: Vec<Order>,
    /// What its hosts cost to buy.
    price: f64,
    /// Host-months until the end, on average.
    host_months: f64,
    /// How much of the scarcest resource is in use, on average over time and futures, 0..=1.
    used: f64,
    /// Futures in which it holds.
    held: u32,
    /// What its hosts cost over time (price ÷ `useful-life`), or host-months where they have no price: how much
    /// more than the cheapest plan that holds there, at most and on average.
    largest_regret: f64,
    mean_regret: f64,
    /// Whether it holds often enough to be chosen.
    may_be_chosen: bool,
}

/// A plan in futures that nothing was made from.
#[derive(Debug, Serialize)]
pub(super) struct Validated {
    futures: u32,
    held: u32,
    /// Wilson's 95 % interval of the share.
    low: f64,
    high: f64,
}

/// A plan, and of what.
struct Named {
    name: String,
    model: usize,
    plan: Plan,
}

pub(crate) fn run(args: &Args) -> Result<(), End> {
    let (source, scenario) = args.scenario.load()?;
    let sure = typed::sure(&args.sure)?;
    if args.miss.is_some_and(|miss| !(0.0..=1e15).contains(&miss)) {
        return Err(End::input("`--miss` is a price", "write it like `--miss 50000`"));
    }
    let pool = typed::pool(args.pool.as_deref(), &scenario)?;
    let models = models(args, &scenario, pool)?;
    let reviews = reviews(args, &scenario, pool)?;
    let training = args.seeds.unwrap_or_else(|| order_plan::training_for(sure));
    let mut worlds = Vec::new();
    for model in &models {
        worlds.push(World::new(&source, &scenario, pool, model, &reviews, args.cores, args.quiet)?);
    }
    // Each model's sure plan; the promise is about the cheapest of those that keep it, so that each may
    // be wrong with a part of the doubt only.
    let doubt = order_plan::DOUBT / models.len() as f64;
    let mut made: Vec<Made> = Vec::new();
    for world in &mut worlds {
        made.push(order_plan::make(world, &reviews, sure, doubt, training, scenario.seed)?);
    }
    let end_ms = scenario.duration_ms;
    let best = (0..made.len())
        .min_by(|a, b| {
            let key = |row: usize| {
                let cost = worlds[row].bought(&made[row].plan, &reviews);
                (!made[row].is_proved(), cost, made[row].plan.batches() as f64)
            };
            let ((a_out, a_cost, a_hosts), (b_out, b_cost, b_hosts)) = (key(*a), key(*b));
            a_out.cmp(&b_out).then(a_cost.total_cmp(&b_cost)).then(a_hosts.total_cmp(&b_hosts))
        })
        .expect("there is a model");
    let judges = made[best].tested.clone();
    let mut named = Vec::new();
    if !judges.is_empty() {
        for (row, world) in worlds.iter_mut().enumerate() {
            let of = (models.len() > 1).then(|| models[row].as_str());
            candidates(&mut named, (row, of), world, &made[row], &reviews, training)?;
        }
    }
    let mut outcomes: Vec<Vec<Outcome>> = Vec::new();
    let mut used = Vec::new();
    for candidate in &named {
        let (outcome, share) =
            worlds[candidate.model].outcomes(&candidate.plan, &judges, &reviews, end_ms)?;
        outcomes.push(outcome);
        used.push(share);
    }
    let miss = args.miss;
    let (regrets, least) = order_plan::regrets(&outcomes, miss, sure);
    let plans =
        named.iter().zip(&regrets).zip(used).enumerate().map(|(row, ((of, regret), used))| {
            let world = &worlds[of.model];
            let hosts = of.plan.batches() * u64::from(reviews.batch);
            Candidate {
                name: of.name.clone(),
                model: models[of.model].clone(),
                hosts,
                orders: orders(&of.plan, &reviews, &models[of.model], &scenario),
                price: world.bought(&of.plan, &reviews),
                host_months: world.host_months(&of.plan, &judges, &reviews, end_ms),
                used,
                held: regret.held,
                largest_regret: regret.largest,
                mean_regret: regret.mean,
                may_be_chosen: miss.is_some()
                    || f64::from(regret.held) >= sure * outcomes[row].len() as f64,
            }
        });
    let plans: Vec<Candidate> = plans.collect();
    let validated = match args.validate {
        Some(futures) => Some(validate(&mut worlds[best], &made[best], futures, scenario.seed)?),
        None => None,
    };
    let (made, world) = (&made[best], &mut worlds[best]);
    let failed_test = made.failed_test.len() as u32;
    let mut found = OrderPlan {
        schema_version: 1,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: scenario.name.clone(),
        question: scenario.question.clone(),
        answer: String::new(),
        pool: scenario.pools[pool.row()].name.clone(),
        sure,
        is_proved: made.is_proved(),
        orders: orders(&made.plan, &reviews, &models[best], &scenario),
        learned: made.learned.len() as u32,
        seen: made.seen,
        failed: made.failed.len() as u32,
        hopeless: made.hopeless.len() as u32,
        is_hopeless: made.is_hopeless,
        hopeless_misses: world.misses(made)?,
        tested: made.tested.len() as u32,
        held: made.tested.len() as u32 - failed_test,
        tests: made.rounds,
        late_hosts: made.late.saturating_mul(reviews.batch),
        least_regret: least.map(|row| plans[row].name.clone()),
        plans,
        validated,
        uncertain: scenario.uncertain.iter().map(|of| of.key.clone()).collect(),
        left_out: world.left_out.clone(),
    };
    found.answer = answer::sentence(&found);
    if let Some(path) = &args.out {
        let lead_time = world.lead_time()?;
        let mut batch = Batch::default();
        batch.add(path, |file| file.write_all(answer::toml(&found, &lead_time).as_bytes()))?;
        batch.publish()?;
        if !args.quiet {
            tell(&format!("wrote {}\n", path.display()));
        }
        if let Some(to_do) = lead_time.to_do().filter(|_| !found.orders.is_empty()) {
            tell(&format!("note: {to_do}\n"));
        }
    }
    if args.json {
        say_json(&found)?
    } else {
        say(&answer::text(&found, args.miss.is_some()))?
    }
    if found.is_proved { Ok(()) } else { Err(End::Missed) }
}

/// The plans of one model: for the low, the likely and the high demand alone, for a part of the futures,
/// and the sure one. `of`: the model's place, and its name where there are several.
fn candidates(
    named: &mut Vec<Named>,
    (model, of): (usize, Option<&str>),
    world: &mut World<'_>,
    made: &Made,
    reviews: &Reviews,
    training: u32,
) -> Result<(), End> {
    let mut add = |name: String, plan: Plan| {
        let name = of.map_or(name.clone(), |model| format!("{name}, {model}"));
        let is_known = named.iter().any(|other: &Named| other.model == model && other.plan == plan);
        // Who is sure is always there.
        if !is_known || name.starts_with("sure") {
            named.push(Named { name, model, plan });
        }
    };
    let mut leads: Vec<u64> = made.known.values().flat_map(|(_, leads)| leads.clone()).collect();
    leads.sort_unstable();
    let typical = vec![leads.get(leads.len() / 2).copied().unwrap_or(0); reviews.at_ms.len()];
    let ends: &[(&str, Future)] = match world.is_uncertain() {
        true => &[("low", Future::Low), ("likely", Future::Likely), ("high", Future::High)],
        false => &[("as written", Future::Likely)],
    };
    for (name, future) in ends {
        if let Some(need) = world.needs(&[(*future, 0)])?.pop().flatten() {
            let (plan, _) = order_plan::envelope(std::iter::once((&need, &typical)), reviews);
            add((*name).to_owned(), plan);
        }
    }
    let first: Vec<&Future> = made.learned.iter().take(training as usize).collect();
    let mut known: Vec<_> = first.iter().filter_map(|of| made.known.get(of)).collect();
    known.sort_by_key(|(need, _)| {
        (need.at_ms.len(), std::cmp::Reverse(need.at_ms.first().copied()))
    });
    for share in LEANER {
        let count = (known.len() as f64 * share).ceil() as usize;
        let part = known[..count].iter().map(|(need, leads)| (need, leads));
        let (plan, _) = order_plan::envelope(part, reviews);
        add(format!("for {} of futures", words::percent(share)), plan);
    }
    add("sure".to_owned(), made.plan.clone());
    Ok(())
}

/// Runs the plan in futures behind all that were seen.
fn validate(world: &mut World<'_>, made: &Made, futures: u32, seed: u64) -> Result<Validated, End> {
    // Far behind whatever was learned from or tested with.
    const APART: u64 = 1 << 32;
    let first = seed.wrapping_add(APART);
    let unseen: Vec<Future> = (0..u64::from(futures))
        .map(|row| Future::Seed(first.wrapping_add(row) & (i64::MAX as u64)))
        .collect();
    let failed = world.fails(&made.plan, &unseen, false)?;
    let held = futures - failed.len() as u32;
    let (low, high) = order_plan::wilson(held, futures);
    Ok(Validated { futures, held, low, high })
}

fn orders(plan: &Plan, reviews: &Reviews, model: &str, scenario: &Scenario) -> Vec<Order> {
    let order = |(at_ms, hosts)| Order {
        at_s: at_ms as f64 / 1_000.0,
        date: date(scenario, at_ms),
        hosts,
        model: model.to_owned(),
    };
    plan.orders(reviews).map(order).collect()
}

/// A date; with its time of day where that is not midnight.
fn date(scenario: &Scenario, at_ms: u64) -> String {
    let at = scenario.calendar.at(Time::from_ms(at_ms)).to_string();
    at.strip_suffix("T00:00:00").unwrap_or(&at).to_owned()
}

/// The models to buy: those named, those of the pool's procurement, or those that it has.
fn models(args: &Args, scenario: &Scenario, pool: PoolId) -> Result<Vec<String>, End> {
    let of_type = |host_type: HostTypeId| {
        let host_type = &scenario.host_types[host_type.row()];
        (host_type.pool == pool).then(|| scenario.models[host_type.model.row()].name.clone())
    };
    let mut models = args.models.clone();
    if models.is_empty() {
        models = scenario.procurement.iter().filter_map(|rule| of_type(rule.host_type)).collect();
    }
    if models.is_empty() {
        let mut has = vec![false; scenario.host_types.len()];
        for host in &scenario.hosts {
            has[host.host_type.row()] = true;
        }
        let types = (0..has.len()).filter(|row| has[*row]).map(HostTypeId::from_row);
        models = types.filter_map(of_type).collect();
    }
    let names = || scenario.models.iter().map(|model| model.name.as_str());
    for typed in &models {
        typed::row("host model", typed, names())?;
    }
    let mut known = Vec::new();
    models.retain(|model| {
        let is_new = !known.contains(model);
        if is_new {
            known.push(model.clone());
        }
        is_new
    });
    match models.len() {
        0 => Err(End::input("the pool has no hosts: what to buy?", "add `--model NAME`")),
        1..=MODELS_MAX => Ok(models),
        number => Err(End::input(
            format!("{number} host models are more than can be planned with"),
            format!("name up to {MODELS_MAX} with `--model`"),
        )),
    }
}

/// When one can order, and how many at a time.
fn reviews(args: &Args, scenario: &Scenario, pool: PoolId) -> Result<Reviews, End> {
    let every = Length::parse(&args.every).map_err(|mistake| {
        End::input(mistake.what, mistake.hint.unwrap_or_else(|| "write `--every '1 month'`".into()))
    })?;
    let wrong = |what: &str, hint: &str| {
        Err(End::input(format!("`--every {}` is {what}", units::shorten(&args.every)), hint))
    };
    if every.ms() < 60_000 {
        return wrong("less than a minute", "write it like `1 month`");
    }
    let mut at_ms = Vec::new();
    for number in 0_u32.. {
        match every.times(number).and_then(|length| length.ms_from(&scenario.calendar)) {
            Some(ms) if ms < scenario.duration_ms => at_ms.push(ms),
            _ => break,
        }
        if at_ms.len() > REVIEWS_MAX {
            return wrong("too often", "there can be 1,000 reviews in a run: say a longer time");
        }
    }
    let is_here = |host_type: HostTypeId| scenario.host_types[host_type.row()].pool == pool;
    let rule = scenario.procurement.iter().find(|rule| is_here(rule.host_type));
    let batch = args.batch.or(rule.map(|rule| rule.batch)).unwrap_or(1);
    Ok(Reviews { at_ms, batch: batch.min(HOSTS_MAX as u32) })
}
