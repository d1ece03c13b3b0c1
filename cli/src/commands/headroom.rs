//! `fleetcast headroom`: until when one more service fits, and which resource is short first.

mod answer;

use super::moment;
use crate::end::{End, say, say_json};
use crate::problems;
use crate::runs::{self, Cores};
use crate::scenario::{ScenarioArgs, Source, change};
use crate::typed;
use fleetcast_core::headroom::{self, Asked, Left};
use fleetcast_core::loss::Losses;
use fleetcast_core::order_plan::wilson;
use fleetcast_core::report::{Moment, SURVIVES};
use fleetcast_core::scenario::{Demand, DemandId, FlavorId, Scenario};
use fleetcast_core::simulation::Simulation;
use fleetcast_core::time::Time;
use fleetcast_core::{units, verdict};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What may come, and how closely to look.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast headroom first                                      one more of the largest flavor
  fleetcast headroom orders --flavor xlarge --instances 20
  fleetcast headroom plan.toml --like web --instances 10        with web's pool, rules and group
  fleetcast headroom plan.toml --instances 40 --buffer 10% --survive
  fleetcast headroom plan.toml --instances 40 --json | jq '.looks[] | [.date, .fits]'

At each look, in each future (seed), the instances are placed on a copy of the fleet by the
scenario's own policy and rules. What is uncertain (`[[uncertain]]`) is drawn anew in each future.
Exit code 1: there is a future in which it does not fit at the first look.")]
pub(crate) struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// What each instance takes; else the flavor of `--like`, or the largest there is
    #[arg(long, value_name = "NAME")]
    flavor: Option<String>,

    /// How many instances come; else as many as the service named by `--like` has, or 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    instances: Option<u32>,

    /// With the pool, labels, rules, tenant and group of this demand or service
    #[arg(long, value_name = "NAME")]
    like: Option<String>,

    /// So much of each resource must stay free
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    buffer: String,

    /// How often to look, evenly from the start to the end
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(2..=1_000))]
    looks: u32,

    /// Look at this time only: a time since the start (`6 months`), or a date
    #[arg(long, value_name = "TIME", conflicts_with = "looks")]
    at: Option<String>,

    /// How many futures
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    seeds: u32,

    /// Also what the fleet survives at each look: the loss of any host, rack or zone, and of how many
    /// hosts at once (N + k)
    #[arg(long)]
    survive: bool,

    #[command(flatten)]
    cores: Cores,

    /// Print the answer as one JSON document
    #[arg(long)]
    json: bool,

    /// No progress bar
    #[arg(long, short)]
    quiet: bool,
}

/// What `headroom --json` prints.
#[derive(Debug, Serialize)]
struct Headroom {
    /// Raised by one when a field changes its meaning or goes.
    schema_version: u32,
    version: String,
    scenario: String,
    question: String,
    /// The answer in one sentence.
    answer: String,
    flavor: String,
    instances: u32,
    /// What it is like; null: it may be on any host.
    like: Option<String>,
    /// The share of each resource that must stay free, 0..1.
    buffer: f64,
    /// How many futures.
    futures: u32,
    /// How long it fits.
    until: Lasts,
    /// By resource: how long enough of it is free for the service and the buffer. No rules here, no holes:
    /// the service itself may cease to fit earlier.
    enough: BTreeMap<String, Lasts>,
    looks: Vec<Look>,
}

/// The last look before the first at which it is over; null where it is over at the first look. What lasts
/// to the end has the last look.
#[derive(Debug, Serialize)]
struct Lasts {
    /// All but 5 % of the futures reach it.
    conservative: Option<Moment>,
    /// Half of them do.
    median: Option<Moment>,
    /// Only 5 % do.
    aggressive: Option<Moment>,
}

/// All futures at an instant.
#[derive(Debug, Serialize)]
struct Look {
    #[serde(flatten)]
    at: Moment,
    /// The share of futures in which the service fits, and Wilson's 95 % interval of it.
    fits: f64,
    fits_low: f64,
    fits_high: f64,
    /// How many such instances the free space of the hosts would hold, rules and buffer aside.
    room: Spread,
    /// By resource: free ÷ capacity.
    free: BTreeMap<String, Spread>,
    /// `--survive`; else null.
    survive: Option<Survive>,
}

/// What the fleet survives at an instant.
#[derive(Debug, Serialize)]
struct Survive {
    /// In what share of futures the loss of any host, of any rack too, of any zone too.
    losses: BTreeMap<&'static str, f64>,
    /// How many hosts at once, those with the most on them, up to 16: the k of "N + k".
    spare_hosts: Spread,
}

/// A figure over the futures: its mean, what all but 5 % of them reach, and what only 5 % do.
#[derive(Debug, Serialize)]
struct Spread {
    mean: f64,
    conservative: f64,
    aggressive: f64,
}

impl Spread {
    fn of(figures: Vec<f64>) -> Self {
        let mean = figures.iter().sum::<f64>() / figures.len() as f64;
        let [conservative, _, aggressive] =
            headroom::reached(figures, f64::total_cmp).unwrap_or_default();
        Self { mean, conservative, aggressive }
    }
}

/// One future at one instant.
struct Seen {
    left: Left,
    has_room: bool,
    /// What level of [`SURVIVES`], and how many hosts at once.
    survives: Option<(usize, u32)>,
}

pub(crate) fn run(args: &Args) -> Result<(), End> {
    let (source, scenario) = args.scenario.load()?;
    let asked = asked(args, &scenario)?;
    let times = times(args, &scenario)?;
    let bar = runs::bar(args.seeds as usize, args.quiet);
    let futures = args.cores.each(args.seeds as usize, &bar, |row| {
        let seed = scenario.seed_after(row as u64);
        future(&source, seed, &asked, &times, args.survive)
    });
    bar.finish_and_clear();
    let futures = futures?;
    let lasts = |is_over: &dyn Fn(&Seen) -> bool| {
        let looks = |future: &Vec<Seen>| future.iter().position(is_over).unwrap_or(future.len());
        let all =
            headroom::reached(futures.iter().map(looks).collect(), usize::cmp).unwrap_or_default();
        let [conservative, median, aggressive] =
            all.map(|looks| Some(verdict::moment(&scenario, times[looks.checked_sub(1)?])));
        Lasts { conservative, median, aggressive }
    };
    let takes = &scenario.flavors[asked.flavor.row()].amounts;
    let columns = (0..scenario.kinds.len()).filter(|column| takes[*column] > 0);
    let enough = columns.map(|column| {
        let is_short = |seen: &Seen| seen.left.is_short(&scenario, &asked, column);
        (scenario.kinds.name(column).to_owned(), lasts(&is_short))
    });
    let look = |row: usize| {
        let seen: Vec<&Seen> = futures.iter().map(|future| &future[row]).collect();
        look(&scenario, times[row], &seen)
    };
    let mut found = Headroom {
        schema_version: 1,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: scenario.name.clone(),
        question: scenario.question.clone(),
        answer: String::new(),
        flavor: scenario.flavors[asked.flavor.row()].name.clone(),
        instances: asked.instances,
        like: asked.like.map(|row| scenario.demands[row.row()].name.clone()),
        buffer: asked.buffer,
        futures: args.seeds,
        until: lasts(&|seen| !seen.has_room),
        enough: enough.collect(),
        looks: (0..times.len()).map(look).collect(),
    };
    found.answer = answer::sentence(&found);
    if args.json {
        say_json(&found)?
    } else {
        say(&answer::text(&found))?
    }
    match found.looks.first() {
        Some(first) if first.fits < 1.0 => Err(End::Missed),
        _ => Ok(()),
    }
}

/// Runs a future, and looks at it.
fn future(
    source: &Source,
    seed: u64,
    asked: &Asked,
    times: &[Time],
    survives: bool,
) -> Result<Vec<Seen>, End> {
    let own = runs::future(source, &[change("seed", seed)]).map_err(|wrong| source.tell(&wrong))?;
    let own = Arc::new(own);
    let mut simulation = Simulation::new(Arc::clone(&own), &source.files)
        .map_err(|wrong| runs::broke(source, &problems::draw(&wrong)))?;
    let look = |at: &Time| {
        simulation
            .advance(*at, &mut ())
            .map_err(|problem| runs::broke(source, &problems::draw_one(&problem)))?;
        let state = simulation.state();
        let left = headroom::left(&own, state, *at, asked);
        let survives = survives.then(|| {
            let mut losses = Losses::new(&own, state, *at);
            (usize::from(losses.level()), headroom::spare_hosts(&mut losses))
        });
        Ok(Seen { has_room: left.has_room(&own, asked), left, survives })
    };
    times.iter().map(look).collect()
}

/// What may come.
fn asked(args: &Args, scenario: &Scenario) -> Result<Asked, End> {
    let buffer = match units::parse_share(&args.buffer) {
        Ok(share) if (0.0..1.0).contains(&share) => share,
        _ => {
            let message = format!("`{}` cannot stay free", units::shorten(&args.buffer));
            return Err(End::input(message, "write it like `10%`, below 100%"));
        }
    };
    let demands = || scenario.demands.iter().map(|demand| demand.name.as_str());
    let like = match &args.like {
        None => None,
        Some(typed) => Some(DemandId::from_row(typed::row("demand or service", typed, demands())?)),
    };
    let of_like = like.map(|row| &scenario.demands[row.row()]);
    let service = scenario.services.iter().find(|service| Some(service.demand) == like);
    let instances = args.instances.or(service.map(|service| service.instances)).unwrap_or(1);
    Ok(Asked { flavor: flavor(args, scenario, of_like)?, instances, like, buffer })
}

/// The one that was named, or the largest that could be meant: what is hardest to place.
fn flavor(args: &Args, scenario: &Scenario, like: Option<&Demand>) -> Result<FlavorId, End> {
    let names = || scenario.flavors.iter().map(|flavor| flavor.name.as_str());
    if let Some(typed) = &args.flavor {
        return typed::row("flavor", typed, names()).map(FlavorId::from_row);
    }
    let candidates: Vec<FlavorId> = match like {
        Some(demand) => demand.mix.iter().map(|(flavor, _)| *flavor).collect(),
        None => (0..scenario.flavors.len()).map(FlavorId::from_row).collect(),
    };
    // The share of the largest host, in any resource.
    let most = scenario.largest_host();
    let size = |flavor: &FlavorId| {
        let amounts = &scenario.flavors[flavor.row()].amounts;
        let share = |column: usize| amounts[column] as f64 / most[column].max(1) as f64;
        (0..scenario.kinds.len()).map(share).fold(0.0, f64::max)
    };
    let largest = candidates.into_iter().reduce(|a, b| if size(&b) > size(&a) { b } else { a });
    largest.ok_or_else(|| {
        let hint = match scenario.flavors.is_empty() {
            true => "the scenario has no `[flavors]`: add one, `--set 'flavors.mine={cpu=4,memory=\"16 GiB\"}'`"
                .to_owned(),
            false => format!("add `--flavor NAME`; there are {}", typed::list(names())),
        };
        End::input("what does an instance take?", hint)
    })
}

/// When to look: at the start, and then evenly up to the end.
fn times(args: &Args, scenario: &Scenario) -> Result<Vec<Time>, End> {
    if let Some(typed) = &args.at {
        return Ok(vec![moment::of_run(typed, scenario)?]);
    }
    let last = u64::from(args.looks - 1);
    // In this order nothing is too large: a run is shorter than 2^45 ms.
    let at = |look: u64| Time::from_ms(scenario.duration_ms * look / last);
    Ok((0..u64::from(args.looks)).map(at).collect())
}

fn look(scenario: &Scenario, at: Time, seen: &[&Seen]) -> Look {
    let futures = seen.len() as u32;
    let fits = seen.iter().filter(|seen| seen.has_room).count() as u32;
    let (fits_low, fits_high) = wilson(fits, futures);
    let spread =
        |figure: &dyn Fn(&Seen) -> f64| Spread::of(seen.iter().map(|seen| figure(seen)).collect());
    let free = |column: usize| {
        let share = |seen: &Seen| match seen.left.capacity[column] {
            0 => 0.0,
            capacity => seen.left.free[column] as f64 / capacity as f64,
        };
        (scenario.kinds.name(column).to_owned(), spread(&share))
    };
    let known: Option<Vec<(usize, u32)>> = seen.iter().map(|seen| seen.survives).collect();
    let survive = known.map(|known| {
        let of = |(level, name): (usize, &&'static str)| {
            let survived = known.iter().filter(|(survived, _)| *survived >= level).count();
            (*name, survived as f64 / f64::from(futures))
        };
        Survive {
            losses: SURVIVES.iter().enumerate().skip(1).map(of).collect(),
            spare_hosts: Spread::of(known.iter().map(|(_, hosts)| f64::from(*hosts)).collect()),
        }
    });
    Look {
        at: verdict::moment(scenario, at),
        fits: f64::from(fits) / f64::from(futures),
        fits_low,
        fits_high,
        room: spread(&|seen| seen.left.room as f64),
        free: (0..scenario.kinds.len()).map(free).collect(),
        survive,
    }
}
