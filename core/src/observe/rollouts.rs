//! Rollouts as they go: rows while one is under way, figures once it is over, in bounded memory.

use super::Observer;
use crate::fact::{Fact, RolloutId, WhyBack};
use crate::placement::filters::slots;
use crate::report::rollouts::{ROLLOUTS_MAX, TIMELINE_MAX, TIMELINES_MAX};
use crate::rollout::figures::Figures;
use crate::rollout::plan::{Version, Wait};
use crate::rollout::timeline::{Outcome, Row, Run};
use crate::scenario::{ImageId, ServiceId};
use crate::state::{Ask, State};
use crate::time::Time;
use std::collections::BTreeMap;

/// What has been heard of rollouts.
#[derive(Clone, Debug, Default)]
pub struct Rollouts {
    /// Those that are not over, by number.
    under_way: BTreeMap<u32, UnderWay>,
    /// The first that are over, in the order of their numbers.
    told: BTreeMap<u32, Told>,
    /// How many ended how, told or not.
    pub totals: Totals,
    rows_left: usize,
    /// When the last rollout of each service that got through was done.
    done_at: BTreeMap<ServiceId, Time>,
}

/// How rollouts ended, and the extremes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// That began.
    pub begun: u64,
    /// That brought the new version.
    pub complete: u64,
    /// That turned back.
    pub turned_back: u64,
    /// That were said to take too long, whatever became of them.
    pub overdue: u64,
    /// That were not done at the end of the run.
    pub under_way: u64,
    /// The longest, ms.
    pub duration_ms_max: u64,
    /// What users missed, instances × ms.
    pub unavailable_ms: u64,
    /// The exposure of those that turned back and of those that took one back, ms.
    pub exposure_ms: f64,
}

/// A rollout that is not over.
#[derive(Clone, Debug)]
struct UnderWay {
    begun: Begun,
    ask: Ask,
    rows: Vec<Row>,
    /// Free slots at some of the rows; empty where the timeline will not be told.
    free: Vec<(Time, u64)>,
    wait: Option<(Time, Wait)>,
    waits: BTreeMap<&'static str, u64>,
    ended: Option<(Time, Outcome)>,
    freed_at: Time,
    turned_back: Option<(Time, WhyBack)>,
    overdue_at: Option<Time>,
}

/// How a rollout began.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    /// When.
    pub at: Time,
    /// Of which service.
    pub service: ServiceId,
    /// Its row among the scenario's rollouts.
    pub plan: u32,
    /// What ran.
    pub from: ImageId,
    /// What was to run.
    pub to: ImageId,
    /// Whether it takes back an earlier one.
    pub is_way_back: bool,
    /// How many instances the service was to have meanwhile.
    pub replicas: u32,
    /// How many more instances had room then.
    pub free: u64,
    /// For how long what is taken back has served everybody by then, ms; else 0.
    pub exposed_ms: u64,
}

/// A rollout that is over, or was under way at the end of the run. Times are since it began.
#[derive(Clone, Debug)]
pub struct Told {
    /// How it began.
    pub begun: Begun,
    /// How it ended; `None`: it did not.
    pub outcome: Option<Outcome>,
    /// What it came to.
    pub figures: Figures,
    /// Why it turned back.
    pub turned_back: Option<WhyBack>,
    /// When it was said to take too long.
    pub overdue_at: Option<Time>,
    /// What it waited for, and how long, ms.
    pub waits: Vec<(&'static str, u64)>,
    /// What there was, with free slots; empty where it is not told.
    pub timeline: Vec<(Row, u64)>,
}

impl Rollouts {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self { rows_left: TIMELINES_MAX, ..Self::default() }
    }

    /// The rollouts that are told one by one, by number.
    pub fn told(&self) -> impl ExactSizeIterator<Item = (u32, &Told)> {
        self.told.iter().map(|(number, told)| (*number, told))
    }

    fn of(&mut self, rollout: RolloutId) -> Option<&mut UnderWay> {
        self.under_way.get_mut(&rollout.0)
    }

    fn close(&mut self, number: u32, now: Time) {
        let Some(mut over) = self.under_way.remove(&number) else { return };
        let since = |at: Time| Time::from_ms(at.since_ms(over.begun.at));
        if let Some((from, wait)) = over.wait.take() {
            let until = over.ended.map_or(now, |(at, _)| at);
            *over.waits.entry(kind(wait)).or_default() += until.since_ms(from);
        }
        let ended_at = since(over.ended.map_or(now, |(at, _)| at));
        let run = Run {
            rows: std::mem::take(&mut over.rows),
            actions: Vec::new(),
            waits: Vec::new(),
            outcome: over.ended.map_or(Outcome::Stuck, |(_, outcome)| outcome),
            ended_at,
            released_at: match over.ended {
                Some(_) => ended_at.max(over.freed_at),
                None => ended_at,
            },
            turned_back_at: over.turned_back.map(|(at, _)| since(at)),
            overdue_at: over.overdue_at.map(since),
        };
        let mut figures = Figures::new(&run, over.begun.replicas);
        if over.ended.is_none() {
            figures.turn_back_ms = None;
        }
        if over.begun.is_way_back {
            figures.exposure_ms = over.begun.exposed_ms as f64 + left_share_ms(&run);
        }
        if let Some((at, Outcome::Complete)) = over.ended {
            self.done_at.insert(over.begun.service, at);
        }
        let totals = &mut self.totals;
        totals.complete += u64::from(run.outcome == Outcome::Complete);
        totals.turned_back += u64::from(run.turned_back_at.is_some());
        totals.under_way += u64::from(over.ended.is_none());
        totals.overdue += u64::from(run.overdue_at.is_some());
        totals.duration_ms_max = totals.duration_ms_max.max(figures.duration_ms);
        totals.unavailable_ms += figures.unavailable_ms;
        if run.turned_back_at.is_some() || over.begun.is_way_back {
            totals.exposure_ms += figures.exposure_ms;
        }
        if self.told.len() >= ROLLOUTS_MAX {
            return;
        }
        let outcome = match (over.ended, over.overdue_at, over.waits.contains_key("person")) {
            (Some((_, outcome)), _, _) => Some(outcome),
            (None, Some(_), _) => Some(Outcome::Overdue),
            (None, None, true) => Some(Outcome::Paused),
            (None, None, false) => None,
        };
        let mut waits: Vec<(&'static str, u64)> = over.waits.into_iter().collect();
        waits.retain(|(_, ms)| *ms > 0);
        waits.sort_by_key(|(_, ms)| std::cmp::Reverse(*ms));
        let timeline = thinned(&run.rows, &over.free);
        self.rows_left = self.rows_left.saturating_sub(timeline.len());
        let told = Told {
            begun: over.begun,
            outcome,
            figures,
            turned_back: over.turned_back.map(|(_, why)| why),
            overdue_at: run.overdue_at,
            waits,
            timeline,
        };
        self.told.insert(number, told);
    }
}

/// The old version's share of the requests, summed until the rollout was done, ms.
fn left_share_ms(run: &Run) -> f64 {
    let ends = run.rows.iter().skip(1).map(|row| row.at).chain([run.ended_at]);
    let share = |row: &Row| match row.old_serving + row.new_serving {
        0 => 0.0,
        _ => 1.0 - row.new_share(),
    };
    let before_end = run.rows.iter().zip(ends).filter(|(row, _)| row.at < run.ended_at);
    before_end.fold(0.0, |sum, (row, end)| {
        sum + share(row) * end.min(run.ended_at).since_ms(row.at) as f64
    })
}

/// Some of the rows, evenly spread, the last one among them; none where free slots are not known.
fn thinned(rows: &[Row], free: &[(Time, u64)]) -> Vec<(Row, u64)> {
    if free.is_empty() || rows.is_empty() {
        return Vec::new();
    }
    let every = rows.len().div_ceil(TIMELINE_MAX - 1);
    let last = rows.len() - 1;
    let shown = rows.iter().enumerate().filter(|(row, _)| row % every == 0 || *row == last);
    let free_at = |at: Time| {
        let before = free.partition_point(|(from, _)| *from <= at).max(1);
        free[before - 1].1
    };
    shown.map(|(_, row)| (*row, free_at(row.at))).collect()
}

/// What is waited for, in a word.
fn kind(wait: Wait) -> &'static str {
    match wait {
        Wait::Slots { .. } => "slots",
        Wait::Instances { version: Version::Old, .. } => "old instances",
        Wait::Instances { version: Version::New, .. } => "new instances",
        Wait::Terminations { .. } => "terminations",
        Wait::Pause(_) => "pause",
        Wait::Analysis(_) => "analysis",
        Wait::Kept(_) => "kept",
        Wait::Work(_) => "work",
        Wait::Look(_) => "look",
        Wait::Balancers => "balancers",
        Wait::Person => "person",
    }
}

impl Observer for Rollouts {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        match *fact {
            Fact::RolloutStarted {
                rollout,
                service,
                plan,
                from,
                to,
                is_way_back,
                ask,
                replicas,
            } => {
                self.totals.begun += 1;
                let is_told = self.told.len() + self.under_way.len() < ROLLOUTS_MAX;
                let free = if is_told { slots(state, ask) } else { 0 };
                let done_at = self.done_at.get(&service).filter(|_| is_way_back);
                let exposed_ms = done_at.map_or(0, |at| now.since_ms(*at));
                let begun = Begun {
                    at: now,
                    service,
                    plan,
                    from,
                    to,
                    is_way_back,
                    replicas,
                    free,
                    exposed_ms,
                };
                let under_way = UnderWay {
                    begun,
                    ask,
                    rows: Vec::new(),
                    free: Vec::new(),
                    wait: None,
                    waits: BTreeMap::new(),
                    ended: None,
                    freed_at: Time::ZERO,
                    turned_back: None,
                    overdue_at: None,
                };
                self.under_way.insert(rollout.0, under_way);
            }
            Fact::RolloutWaits { rollout, wait } => {
                let Some(under_way) = self.of(rollout) else { return };
                if let Some((from, before)) = under_way.wait.replace((now, wait)) {
                    *under_way.waits.entry(kind(before)).or_default() += now.since_ms(from);
                }
            }
            Fact::RolloutOverdue { rollout } => {
                if let Some(under_way) = self.of(rollout) {
                    under_way.overdue_at = Some(now);
                }
            }
            Fact::RolledBack { rollout, reason } => {
                if let Some(under_way) = self.of(rollout) {
                    under_way.turned_back = Some((now, reason));
                }
            }
            Fact::RolloutEnded { rollout, outcome } => {
                if let Some(under_way) = self.of(rollout) {
                    under_way.ended = Some((now, outcome));
                }
            }
            Fact::RolloutStands { rollout, row } => {
                let shows_free = self.rows_left > 0;
                let Some(under_way) = self.of(rollout) else { return };
                if shows_free && under_way.free.len() < TIMELINE_MAX {
                    under_way.free.push((row.at, slots(state, under_way.ask)));
                }
                let last = under_way.rows.last();
                if last
                    .is_some_and(|last| row.used < last.used || row.terminating < last.terminating)
                {
                    under_way.freed_at = row.at;
                }
                match under_way.rows.last_mut() {
                    Some(last) if last.at == row.at => *last = row,
                    _ => under_way.rows.push(row),
                }
            }
            Fact::RolloutReleased { rollout } => self.close(rollout.0, now),
            Fact::Ended => {
                let numbers: Vec<u32> = self.under_way.keys().copied().collect();
                for number in numbers {
                    self.close(number, now);
                }
            }
            _ => {}
        }
    }
}
