//! Trials: one rollout put into a scenario, to see how each strategy would go at an instant, and
//! when in the week it would go best.
//!
//! Each trial is a whole run of the scenario with that rollout in it, up to where it is over: what
//! else happens on the fleet happens too. A second run with an image that is bad says what its users
//! would meet of it. For the best hour one run without the rollout looks at the free slots; the
//! hours it points at are then tried.

mod account;

pub use account::{Account, Bad, Course, Hour, Hours, account};

use crate::fact::Fact;
use crate::observe::Observer;
use crate::observe::rollouts::{Rollouts, Told};
use crate::problem::Problems;
use crate::rollout::figures::Figures;
use crate::rollout::timeline::{self, Outcome};
use crate::rollout::{analysis::Verdict, chosen};
use crate::scenario::{Defects, Image, ImageId, Rollout, Scenario, ServiceId, Strategy};
use crate::simulation::Simulation;
use crate::source::Files;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, Time, WEEK_MS};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long a rollout is watched at most: what is not over by then goes no further.
pub const WATCHED_MS: u64 = 2 * DAY_MS;

/// Between two looks whether a rollout is over, and at the free slots, ms.
const LOOK_MS: u64 = 15 * MINUTE_MS;

/// The most hours of the week that are tried.
const HOURS_TRIED_MAX: usize = 4;

/// What is to be tried.
#[derive(Clone, Debug)]
pub struct Question {
    /// Which service.
    pub service: ServiceId,
    /// What it is to run.
    pub image: ImageId,
    /// When.
    pub at: Time,
    /// By which strategies; the best hour is of the first.
    pub strategies: Vec<Strategy>,
    /// How long a bad image serves until somebody finds it, ms; analyses find it at once.
    pub found_bad_after_ms: u64,
}

/// How one rollout went.
#[derive(Clone, Debug)]
pub struct Went {
    /// How it ended; `None`: it was still under way.
    pub outcome: Option<Outcome>,
    /// What it came to.
    pub figures: Figures,
    /// How many instances the service was to have meanwhile.
    pub replicas: u32,
    /// For how many more instances there was room when it began.
    pub free: u64,
    /// What it waited for, and how long, ms.
    pub waits: Vec<(&'static str, u64)>,
}

/// What users met of a bad image, and how it went away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposed {
    /// Its share of the requests, summed over time, ms.
    pub exposure_ms: f64,
    /// From the word that it is bad until the old version served everybody, ms; `None`: users met
    /// it to the end, or nobody said so.
    pub back_ms: Option<u64>,
    /// Whether it was found before the rollout was done.
    pub is_stopped: bool,
}

/// One strategy, tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Which.
    pub strategy: Strategy,
    /// How many slots it would take above the instances if there were room enough.
    pub wants: u32,
    /// How it went with a good image.
    pub went: Went,
    /// What users met of a bad one.
    pub bad: Exposed,
}

/// An hour of the week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slots {
    /// When it begins.
    pub at: Time,
    /// The fewest free slots in it.
    pub free: u64,
    /// How many slots the strategy wants above the instances that there are then.
    pub wants: u32,
    /// How long it takes then with room enough, ms.
    pub takes_ms: u64,
    /// Requests of the service's users per second, in its middle; `None`: it has no traffic.
    pub requests_per_s: Option<f64>,
}

/// All hours of the week behind an instant, as far as the run goes, and those that were tried.
#[derive(Clone, Debug)]
pub struct Week {
    /// Hour by hour.
    pub hours: Vec<Slots>,
    /// The best hour, and how it went; `None`: it got through in none that was tried.
    pub best: Option<(Slots, Went)>,
    /// The hour with the fewest free slots, and how it went.
    pub worst: Option<(Slots, Went)>,
}

/// Tries every strategy.
///
/// # Errors
/// If a file that was checked cannot be read any more.
pub fn compare(
    scenario: &Scenario,
    files: &dyn Files,
    question: &Question,
) -> Result<Vec<Tried>, Problems> {
    let tried = question.strategies.iter().map(|strategy| {
        let good = with_rollout(scenario, question, strategy, question.at, question.image);
        let went = run(good, files, question.at, false)?;
        let (scenario, bad) = with_bad_image(scenario, question);
        let bad = with_rollout(&scenario, question, strategy, question.at, bad);
        let bad = run(bad, files, question.at, true)?;
        let (wants, _) = alone(&scenario, question, strategy, went.0.replicas);
        let strategy = strategy.clone();
        Ok(Tried { strategy, wants, went: went.0, bad: bad.1 })
    });
    tried.collect()
}

/// Looks for the best hour of the week that begins at the question's instant, for its first
/// strategy: with room all the time that the rollout takes, with the least traffic, with the most
/// room. What it finds is tried.
///
/// # Errors
/// If a file that was checked cannot be read any more.
pub fn best_hour(
    scenario: &Scenario,
    files: &dyn Files,
    question: &Question,
) -> Result<Week, Problems> {
    let strategy = question.strategies.first().cloned().unwrap_or(Strategy::Recreate);
    let hours = free_by_hour(scenario, files, question, &strategy)?;
    let fewest = |row: usize| {
        let spans = hours[row].takes_ms.div_ceil(HOUR_MS).max(1);
        let spans = usize::try_from(spans).unwrap_or(usize::MAX);
        let end = row.saturating_add(spans).min(hours.len());
        hours[row..end].iter().map(|hour| hour.free).min().unwrap_or(0)
    };
    let mut order: Vec<usize> = (0..hours.len()).collect();
    let traffic = |row: usize| hours[row].requests_per_s.unwrap_or(0.0);
    order.sort_by(|one, other| {
        let lacks = |row: usize| u64::from(hours[row].wants).saturating_sub(fewest(row));
        lacks(*one)
            .cmp(&lacks(*other))
            .then(traffic(*one).total_cmp(&traffic(*other)))
            .then(fewest(*other).cmp(&fewest(*one)))
            .then(one.cmp(other))
    });
    let try_at = |hour: Slots| {
        let trial = with_rollout(scenario, question, &strategy, hour.at, question.image);
        run(trial, files, hour.at, false).map(|(went, _)| (hour, went))
    };
    let mut best = None;
    for row in order.iter().take(HOURS_TRIED_MAX) {
        let (hour, went) = try_at(hours[*row])?;
        if went.outcome == Some(Outcome::Complete) {
            best = Some((hour, went));
            break;
        }
    }
    let worst = hours.iter().min_by_key(|hour| (hour.free, hour.at)).copied();
    let worst = worst.map(try_at).transpose()?;
    Ok(Week { hours, best, worst })
}

/// The scenario with one more rollout, and without others of the same service.
fn with_rollout(
    scenario: &Scenario,
    question: &Question,
    strategy: &Strategy,
    at: Time,
    image: ImageId,
) -> Scenario {
    let mut scenario = without_rollouts(scenario, question.service);
    scenario.rollouts.push(Rollout {
        service: question.service,
        image,
        at_ms: at.ms(),
        every_ms: 0,
        times: 1,
        strategy: strategy.clone(),
    });
    scenario
}

fn without_rollouts(scenario: &Scenario, service: ServiceId) -> Scenario {
    let mut scenario = scenario.clone();
    scenario.rollouts.retain(|rollout| rollout.service != service);
    scenario
}

/// The scenario with one more image, which is bad, beside the one asked about.
fn with_bad_image(scenario: &Scenario, question: &Question) -> (Scenario, ImageId) {
    let mut scenario = scenario.clone();
    let defects = Defects {
        fails_to_boot: 0.0,
        fails_checks: 1.0,
        found_bad_after_ms: Some(question.found_bad_after_ms),
    };
    let image = scenario.images[question.image.row()].clone();
    let name = format!("{}, bad", image.name);
    scenario.images.push(Image { name, defects, ..image });
    let id = ImageId::from_row(scenario.images.len() - 1);
    (scenario, id)
}

/// How many slots a strategy takes above so many instances and how long it takes, ms, with room
/// enough and boots of the mean length.
fn alone(
    scenario: &Scenario,
    question: &Question,
    strategy: &Strategy,
    replicas: u32,
) -> (u32, u64) {
    let service = &scenario.services[question.service.row()];
    let image = &scenario.images[question.image.row()];
    let planner = chosen::planner(strategy, replicas, Time::ZERO, || Verdict::Successful);
    let service = timeline::Service {
        replicas,
        new_boot_ms: vec![Some(image.boot.mean_ms() as u64)],
        min_ready_ms: service.min_ready_ms.unwrap_or(image.min_ready_ms),
        grace_ms: service.grace_ms,
        balancer: chosen::balancer(strategy),
        ..timeline::Service::default()
    };
    let figures = Figures::new(&timeline::run(planner.as_ref(), &service), replicas);
    (figures.surge_peak, figures.duration_ms)
}

/// Runs a scenario until its last rollout is over, and all that it brings about.
fn run(
    scenario: Scenario,
    files: &dyn Files,
    at: Time,
    is_bad: bool,
) -> Result<(Went, Exposed), Problems> {
    let plan = u32::try_from(scenario.rollouts.len() - 1).unwrap_or(u32::MAX);
    let mut rollouts = Rollouts::new();
    let mut simulation = Simulation::new(Arc::new(scenario), files)?;
    let end = simulation.end().min(at.after(WATCHED_MS));
    let mut now = at;
    loop {
        simulation.advance(now, &mut rollouts)?;
        let told: Vec<&Told> = of_plan(&rollouts, plan);
        // A bad image that got through is taken back by another rollout.
        let is_over = match told.as_slice() {
            [] => false,
            [one] => !is_bad || one.outcome != Some(Outcome::Complete),
            _ => true,
        };
        if is_over || now >= end {
            break;
        }
        now = now.after(LOOK_MS).min(end);
    }
    if of_plan(&rollouts, plan).len() < 2 {
        rollouts.hear(now, &Fact::Ended, simulation.state());
    }
    let told = of_plan(&rollouts, plan);
    let first = told.first().expect("a rollout that began is told in the end");
    let back = told.get(1);
    let went = Went {
        outcome: first.outcome,
        figures: first.figures,
        replicas: first.begun.replicas,
        free: first.begun.free,
        waits: first.waits.clone(),
    };
    let is_stopped = first.outcome != Some(Outcome::Complete);
    let exposed = Exposed {
        exposure_ms: first.figures.exposure_ms + back.map_or(0.0, |of| of.figures.exposure_ms),
        back_ms: match back {
            Some(back) if back.outcome == Some(Outcome::Complete) => Some(back.figures.duration_ms),
            _ => first.figures.turn_back_ms,
        },
        is_stopped,
    };
    Ok((went, exposed))
}

/// What is told of a row of the scenario's rollouts, in order.
fn of_plan(rollouts: &Rollouts, plan: u32) -> Vec<&Told> {
    rollouts.told().map(|(_, told)| told).filter(|told| told.begun.plan == plan).collect()
}

/// Requests of a service's users at an instant; `None` where nobody says how many there are.
fn requests_per_s(scenario: &Scenario, service: ServiceId, at: Time) -> Option<f64> {
    let service = &scenario.services[service.row()];
    let start_in_week_ms = scenario.calendar.start_in_week_ms();
    let traffic = service.traffic.as_ref();
    traffic.map(|traffic| traffic.at(start_in_week_ms, at.ms()) * 1e3).or(service.requests_per_s)
}

fn free_by_hour(
    scenario: &Scenario,
    files: &dyn Files,
    question: &Question,
    strategy: &Strategy,
) -> Result<Vec<Slots>, Problems> {
    let start_in_week_ms = scenario.calendar.start_in_week_ms();
    let mut simulation =
        Simulation::new(Arc::new(without_rollouts(scenario, question.service)), files)?;
    // Whole hours of the clock.
    let past_ms = (start_in_week_ms + question.at.ms()) % HOUR_MS;
    let mut at = question.at.after((HOUR_MS - past_ms) % HOUR_MS);
    let end = simulation.end().min(at.after(WEEK_MS));
    let mut hours = Vec::new();
    // What a strategy wants of so many instances; they change seldom.
    let mut wanted = BTreeMap::new();
    while at.after(HOUR_MS) <= end {
        let looks = (0..HOUR_MS).step_by(LOOK_MS as usize);
        let (mut free, mut replicas) = (u64::MAX, 0);
        for look_ms in looks {
            simulation.advance(at.after(look_ms), &mut ())?;
            replicas = replicas.max(simulation.replicas(question.service));
            free = free.min(simulation.free_slots(question.service));
        }
        let (wants, takes_ms) = *wanted
            .entry(replicas)
            .or_insert_with(|| alone(scenario, question, strategy, replicas));
        let service = &scenario.services[question.service.row()];
        let requests_per_s = service
            .traffic
            .as_ref()
            .and_then(|_| requests_per_s(scenario, question.service, at.after(HOUR_MS / 2)));
        hours.push(Slots { at, free, wants, takes_ms, requests_per_s });
        at = at.after(HOUR_MS);
    }
    Ok(hours)
}
