//! What trials say, for people and programs.

use super::{Question, Slots, Tried, Week, Went, requests_per_s};
use crate::report::Moment;
use crate::rollout::timeline::Outcome;
use crate::scenario::Scenario;
use crate::time::Time;
use crate::verdict::moment;
use crate::words::{amount, count, duration, plural};
use serde::Serialize;

/// A comparison of strategies, told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// What to do, in one or two sentences.
    pub answer: String,
    /// Which service.
    pub service: String,
    /// How many instances it has then.
    pub instances: u32,
    /// What it is to run.
    pub image: String,
    /// When.
    pub at: Moment,
    /// For how many more instances there is room then.
    pub free_slots: u64,
    /// How long a bad image serves until somebody finds it, s.
    pub found_bad_after_s: f64,
    /// The strategies, in the order asked for.
    pub strategies: Vec<Course>,
    /// The best hour of the week for the first of them.
    pub hours: Hours,
}

/// How one strategy goes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Course {
    /// Its name.
    pub strategy: String,
    /// `complete`, `turned back`, `overdue`, `paused` or `under way`.
    pub outcome: String,
    /// Until the service ran the new image; `None`: it did not.
    pub duration_s: Option<f64>,
    /// How many slots it wants above the instances.
    pub wants_slots: u32,
    /// Whether there is room for as many when it begins.
    pub has_room: bool,
    /// How many it took at most.
    pub took_slots: u32,
    /// The fewest instances that served users.
    pub min_available: u32,
    /// What users missed: instances that should have served and did not, × s.
    pub unavailable_instance_s: f64,
    /// How long users met both versions, s.
    pub mixed_s: f64,
    /// What it waited for longest, if it did not get through.
    pub waits_for: Option<String>,
    /// The same with a bad image.
    pub bad_image: Bad,
}

/// What users meet of a bad image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bad {
    /// Its share of the requests summed over time, s.
    pub exposure_s: f64,
    /// So many requests; `None` where nobody says how many there are.
    pub requests: Option<f64>,
    /// From the word that it is bad until the old version serves everybody; `None`: it never did.
    pub roll_back_s: Option<f64>,
    /// Whether it was found before it was everywhere.
    pub stopped: bool,
}

/// The hours of the week.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hours {
    /// For which strategy.
    pub strategy: String,
    /// How many hours were looked at: a week, or what is left of the run.
    pub hours: u64,
    /// In how many of them there are fewer free slots than it wants.
    pub hours_without_room: u64,
    /// The best; `None`: it got through in none of those tried.
    pub best: Option<Hour>,
    /// The one with the fewest free slots; `None` if there is no whole hour left.
    pub worst: Option<Hour>,
}

/// One hour, tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hour {
    /// When it begins.
    pub at: Moment,
    /// Which day of the week.
    pub weekday: String,
    /// The fewest free slots in it.
    pub free_slots: u64,
    /// Requests of the service's users per second; `None`: it has no traffic.
    pub requests_per_s: Option<f64>,
    /// What came of the rollout, begun then.
    pub outcome: String,
    /// Until the service ran the new image; `None`: it did not.
    pub duration_s: Option<f64>,
    /// What it waited for longest, if it did not get through.
    pub waits_for: Option<String>,
}

/// Tells what was tried.
pub fn account(scenario: &Scenario, question: &Question, tried: &[Tried], week: &Week) -> Account {
    let service = &scenario.services[question.service.row()];
    let per_s = requests_per_s(scenario, question.service, question.at);
    let courses: Vec<Course> = tried.iter().map(|one| course(one, per_s)).collect();
    let hour = |(slots, went): &(Slots, Went)| hour(scenario, slots, went);
    let short = week.hours.iter().filter(|hour| hour.free < u64::from(hour.wants)).count();
    let hours = Hours {
        strategy: courses.first().map(|course| course.strategy.clone()).unwrap_or_default(),
        hours: week.hours.len() as u64,
        hours_without_room: short as u64,
        best: week.best.as_ref().map(hour),
        worst: week.worst.as_ref().map(hour),
    };
    let mut account = Account {
        answer: String::new(),
        service: service.name.clone(),
        instances: tried.first().map_or(service.instances, |one| one.went.replicas),
        image: scenario.images[question.image.row()].name.clone(),
        at: moment(scenario, question.at),
        free_slots: tried.first().map_or(0, |one| one.went.free),
        found_bad_after_s: question.found_bad_after_ms as f64 / 1e3,
        strategies: courses,
        hours,
    };
    account.answer = format!("{}. {}", now(scenario, question.at, &account), then(&account, week));
    account
}

fn course(tried: &Tried, requests_per_s: Option<f64>) -> Course {
    let (went, bad) = (&tried.went, &tried.bad);
    let exposure_s = bad.exposure_ms / 1e3;
    Course {
        strategy: tried.strategy.name().to_owned(),
        outcome: outcome(went.outcome),
        duration_s: duration_s(went),
        wants_slots: tried.wants,
        has_room: went.free >= u64::from(tried.wants),
        took_slots: went.figures.surge_peak,
        min_available: went.figures.min_available,
        unavailable_instance_s: went.figures.unavailable_ms as f64 / 1e3,
        mixed_s: went.figures.mixed_ms as f64 / 1e3,
        waits_for: waits_for(went),
        bad_image: Bad {
            exposure_s,
            requests: requests_per_s.map(|per_s| per_s * exposure_s),
            roll_back_s: bad.back_ms.map(|ms| ms as f64 / 1e3),
            stopped: bad.is_stopped,
        },
    }
}

fn hour(scenario: &Scenario, slots: &Slots, went: &Went) -> Hour {
    Hour {
        at: moment(scenario, slots.at),
        weekday: weekday(scenario, slots.at),
        free_slots: slots.free,
        requests_per_s: slots.requests_per_s,
        outcome: outcome(went.outcome),
        duration_s: duration_s(went),
        waits_for: waits_for(went),
    }
}

fn outcome(outcome: Option<Outcome>) -> String {
    outcome.map_or("under way".to_owned(), |outcome| outcome.to_string())
}

fn duration_s(went: &Went) -> Option<f64> {
    let is_done = went.outcome == Some(Outcome::Complete);
    is_done.then(|| went.figures.duration_ms as f64 / 1e3)
}

fn waits_for(went: &Went) -> Option<String> {
    let is_done = went.outcome == Some(Outcome::Complete);
    let longest = went.waits.first().filter(|_| !is_done);
    longest.map(|(what, ms)| format!("{what}, for {}", duration(*ms as f64 / 1e3)))
}

fn weekday(scenario: &Scenario, at: Time) -> String {
    format!("{:?}", scenario.calendar.at(at).weekday())
}

/// `Monday, 2026-06-01 14:00`.
fn instant(scenario: &Scenario, at: Time) -> String {
    let date = scenario.calendar.at(at);
    let (hour, minute) = (date.hour(), date.minute());
    format!("{}, {} {hour:02}:{minute:02}", weekday(scenario, at), date.date())
}

/// The same of an hour that was tried.
fn begins(hour: &Hour) -> String {
    let clock: String = hour.at.date.replace('T', " ").chars().take(16).collect();
    format!("{}, {clock}", hour.weekday)
}

/// What can be done at the instant asked about.
fn now(scenario: &Scenario, at: Time, account: &Account) -> String {
    let through: Vec<&Course> =
        account.strategies.iter().filter(|course| course.duration_s.is_some()).collect();
    let head = format!(
        "on {}, with room for {}, {}",
        instant(scenario, at),
        plural(account.free_slots, "more instance"),
        match (through.len(), account.strategies.as_slice()) {
            (0, [one]) =>
                format!("a {} rollout of {} does not get through", one.strategy, account.image),
            (_, [one]) => format!("a {} rollout of {} gets through", one.strategy, account.image),
            (0, all) => format!("none of {} strategies gets {} through", all.len(), account.image),
            (some, all) =>
                format!("{some} of {} strategies get {} through", all.len(), account.image),
        }
    );
    // Nobody missed, then the least of a bad image, then the quickest.
    let key = |course: &&Course| {
        let missed = account.instances.saturating_sub(course.min_available);
        (missed, course.bad_image.exposure_s, course.duration_s.unwrap_or(f64::MAX))
    };
    let better = |one: &&&Course, other: &&&Course| {
        let (a, b) = (key(one), key(other));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2))
    };
    let Some(best) = through.iter().min_by(better) else { return head };
    let takes = duration(best.duration_s.unwrap_or(0.0));
    let exposure = match best.bad_image.exposure_s {
        0.0 => "a bad image meets nobody".to_owned(),
        s => format!("a bad image costs as much as {} for all users", duration(s)),
    };
    let serve = match best.min_available {
        0 => "nobody is served for a while".to_owned(),
        least => {
            format!("{} of {} instances serve at least", count(least.into()), account.instances)
        }
    };
    let name = match account.strategies.len() {
        1 => "it".to_owned(),
        _ => best.strategy.clone(),
    };
    format!("{head}: {name} takes {takes}, {serve}, and {exposure}")
}

/// When it would go best.
fn then(account: &Account, week: &Week) -> String {
    let hours = &account.hours;
    let looked = match hours.hours {
        0 => return "The run ends before there is a whole hour to look at".to_owned(),
        168 => "the week".to_owned(),
        hours => format!("the {} left", plural(hours, "hour")),
    };
    let wants = |hour: Option<Slots>| plural(hour.map_or(0, |hour| hour.wants).into(), "slot");
    let best = match &hours.best {
        None => format!(
            "In {looked} {} gets through at none of the hours with the most room: it wants {}",
            hours.strategy,
            wants(week.hours.iter().copied().min_by_key(|hour| hour.wants))
        ),
        Some(best) => {
            let why = match best.requests_per_s {
                Some(per_s) => format!("{} requests per second", amount(per_s)),
                None => "the most room".to_owned(),
            };
            format!(
                "The best hour of {looked} for {} is {}: {} free and {} wanted, {why}, done in {}",
                hours.strategy,
                begins(best),
                count(best.free_slots),
                wants(week.best.as_ref().map(|(hour, _)| *hour)),
                duration(best.duration_s.unwrap_or(0.0))
            )
        }
    };
    let worst = hours.worst.as_ref().filter(|worst| worst.duration_s.is_none()).map(|worst| {
        format!("; {}, with {} free, it stalls", begins(worst), count(worst.free_slots))
    });
    best + &worst.unwrap_or_default()
}
