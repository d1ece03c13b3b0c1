//! The timeline of a rollout: a planner, one service, and what happens.
//!
//! In one instant: terminations end; boots end; instances that wait get the slots there are; the
//! planner acts until it has nothing more to say, and those that wait are looked at again after
//! each action; then a row is written, unless it says what the one before said.

use super::instances::Instances;
use super::plan::{Action, Balancers, Plan, Planner, Status, Version, View, Wait};
use crate::agenda::{Agenda, Class, Classed};
use crate::time::Time;

/// What is rolled out on. The default is a service without instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// How many instances there shall be.
    pub replicas: u32,
    /// How long the instances of the old version boot, ms, one after another as they are made;
    /// the last value goes on for ever. `None`: it never becomes ready. Empty: at once.
    pub old_boot_ms: Vec<Option<u64>>,
    /// The same for the new version.
    pub new_boot_ms: Vec<Option<u64>>,
    /// How long an instance must be ready before it counts as available, ms.
    pub min_ready_ms: u64,
    /// How long an instance that terminates holds its slot, ms.
    pub grace_ms: u64,
    /// How many slots there are; `None`: as many as are asked for.
    pub capacity: Option<u32>,
    /// So many of the new instances, the first, fail for good when they should have booted.
    pub failing: u32,
    /// The load balancers.
    pub balancer: Balancer,
    /// When checks of the new version say no.
    pub checks: Checks,
}

/// Load balancers that are asked for changes: all change, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balancer {
    /// How long a change takes, ms.
    pub apply_ms: u64,
    /// How long they take to go back if one will not, ms.
    pub revert_ms: u64,
    /// Whether one will not.
    pub fails: bool,
}

impl Balancer {
    /// How a request stands that was sent at a time, if one was.
    pub fn stands(&self, asked_at: Option<Time>, now: Time) -> Balancers {
        let Some(asked_at) = asked_at else { return Balancers::Idle };
        let age_ms = now.since_ms(asked_at);
        match self.fails {
            false if age_ms >= self.apply_ms => Balancers::Changed,
            true if age_ms >= self.apply_ms + self.revert_ms => Balancers::Reverted,
            _ => Balancers::Pending,
        }
    }
}

/// When checks of the new version say no: in any of these cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// While it has at least this share of the requests, percent.
    pub bad_from_weight: Option<u32>,
    /// At these instants.
    pub bad_at: Vec<Time>,
    /// While so many steps of the strategy are done.
    pub bad_in_step: Vec<usize>,
}

impl Checks {
    fn is_good(&self, status: &Status, now: Time) -> bool {
        let weight = status.weight.unwrap_or(0);
        !(self.bad_from_weight.is_some_and(|from| weight >= from)
            || self.bad_at.contains(&now)
            || self.bad_in_step.contains(&status.step))
    }
}

impl Service {
    pub(super) fn boot_ms(&self, version: Version, made: usize) -> Option<u64> {
        let times = match version {
            Version::Old => &self.old_boot_ms,
            Version::New => &self.new_boot_ms,
        };
        times.get(made).or(times.last()).copied().unwrap_or(Some(0))
    }
}

/// What there is from a time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// From then on.
    pub at: Time,
    /// Instances of the old version.
    pub old: u32,
    /// Those of them that are available.
    pub old_available: u32,
    /// Those of them that are behind the load balancer.
    pub old_serving: u32,
    /// Instances of the new version.
    pub new: u32,
    /// Those of them that have booted.
    pub new_ready: u32,
    /// Those of them that are available.
    pub new_available: u32,
    /// Those of them that are behind the load balancer.
    pub new_serving: u32,
    /// Instances that terminate.
    pub terminating: u32,
    /// Instances that have no slot.
    pub pending: u32,
    /// Slots held.
    pub used: u32,
    /// The new version's share of the requests in percent, where a router decides.
    pub weight: Option<u32>,
}

impl Row {
    /// Instances that serve users.
    pub fn serving(&self) -> u32 {
        match self.weight {
            Some(0) => self.old_serving,
            Some(weight) if weight >= 100 => self.new_serving,
            _ => self.old_serving + self.new_serving,
        }
    }

    /// The new version's share of the requests, from 0 to 1. A router has no choice where nothing
    /// of the old version is left.
    pub fn new_share(&self) -> f64 {
        match self.weight {
            Some(weight) if self.old > 0 || weight == 0 => f64::from(weight.min(100)) / 100.0,
            _ if self.new_serving == 0 => 0.0,
            _ => f64::from(self.new_serving) / f64::from(self.old_serving + self.new_serving),
        }
    }

    /// Whether users meet both versions.
    pub fn is_mixed(&self) -> bool {
        match self.weight {
            Some(weight) => 0 < weight && weight < 100 && self.old > 0,
            None => self.old_serving > 0 && self.new_serving > 0,
        }
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} old ({} available), ", self.old, self.old_available)?;
        let (new, ready, available) = (self.new, self.new_ready, self.new_available);
        write!(f, "{new} new ({ready} ready, {available} available), ")?;
        let (terminating, pending) = (self.terminating, self.pending);
        write!(f, "{terminating} terminating, {pending} pending, {} slots", self.used)
    }
}

/// How a rollout ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The new version runs.
    Complete,
    /// The old version runs again.
    TurnedBack,
    /// It takes too long, and goes no further.
    Overdue,
    /// It waits for a person.
    Paused,
    /// It goes no further.
    Stuck,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Complete => "complete",
            Self::TurnedBack => "turned back",
            Self::Overdue => "overdue",
            Self::Paused => "paused",
            Self::Stuck => "stuck",
        })
    }
}

/// A rollout from beginning to end.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What there was, whenever it changed.
    pub rows: Vec<Row>,
    /// What was done.
    pub actions: Vec<(Time, Action)>,
    /// What was waited for, and since when.
    pub waits: Vec<(Time, Wait)>,
    /// How it ended.
    pub outcome: Outcome,
    /// When it was done; if never, when something was last done or said.
    pub ended_at: Time,
    /// When the last slot that it took was given back.
    pub released_at: Time,
    /// When it turned back.
    pub turned_back_at: Option<Time>,
    /// When it was said to take too long.
    pub overdue_at: Option<Time>,
}

impl Run {
    /// What it waits for in the end, if it is not done.
    pub fn stuck_on(&self) -> Option<Wait> {
        let is_done = matches!(self.outcome, Outcome::Complete | Outcome::TurnedBack);
        self.waits.last().map(|(_, wait)| *wait).filter(|_| !is_done)
    }

    /// When each step of the strategy was done: 0, 1, 2 …
    pub fn steps(&self) -> impl Iterator<Item = (Time, usize)> {
        let steps = self.actions.iter().filter(|(_, action)| *action == Action::NextStep);
        steps.enumerate().map(|(step, (at, _))| (*at, step))
    }

    /// When the router was told what, in percent for the new version.
    pub fn routes(&self) -> impl Iterator<Item = (Time, u32)> {
        self.actions.iter().filter_map(|(at, action)| match action {
            Action::Route(weight) => Some((*at, *weight)),
            _ => None,
        })
    }
}

/// More actions than this at one instant: the planner contradicts itself.
const ACTIONS_MAX: usize = 1 << 20;

#[derive(Clone, Copy, Debug)]
enum Event {
    Gone(u32),
    Booted(u32),
    Failed(u32),
    Proved(u32),
    Look,
}

impl Classed for Event {
    fn class(&self) -> Class {
        match self {
            Self::Gone(_) => Class::CapacityFreed,
            Self::Booted(_) | Self::Failed(_) | Self::Proved(_) => Class::Boot,
            Self::Look => Class::Controller,
        }
    }
}

/// Rolls out from time 0 until it is done and all slots are given back, or until nothing can
/// happen any more.
pub fn run(planner: &dyn Planner, service: &Service) -> Run {
    let mut world = World::new(Status::new(planner, Time::ZERO), service);
    world.settle(planner);
    while let Some((now, event)) = world.agenda.pop() {
        world.now = now;
        world.handle(event);
        while let Some((_, event)) = world.agenda.pop_until(now, Class::Boot) {
            world.handle(event);
        }
        world.settle(planner);
    }
    world.close()
}

struct World<'a> {
    service: &'a Service,
    agenda: Agenda<Event>,
    now: Time,
    instances: Instances,
    status: Status,
    /// What [`Status::progress_at`] was last judged by: target, other, ready, available.
    seen: [u32; 4],
    done_at: Option<Time>,
    acted_at: Time,
    freed_at: Time,
    rows: Vec<Row>,
    actions: Vec<(Time, Action)>,
    waits: Vec<(Time, Wait)>,
}

impl<'a> World<'a> {
    fn new(status: Status, service: &'a Service) -> Self {
        let mut world = Self {
            service,
            agenda: Agenda::new(),
            now: Time::ZERO,
            instances: Instances::new(service.replicas),
            status,
            seen: [0; 4],
            done_at: None,
            acted_at: Time::ZERO,
            freed_at: Time::ZERO,
            rows: Vec::new(),
            actions: Vec::new(),
            waits: Vec::new(),
        };
        world.seen = world.progress();
        world
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Gone(row) => {
                self.instances.gone(row as usize);
                self.freed_at = self.now;
            }
            Event::Booted(row) => self.booted(row as usize),
            Event::Failed(row) => self.instances.failed(row as usize),
            Event::Proved(row) => self.instances.proved(row as usize),
            Event::Look => {}
        }
    }

    fn booted(&mut self, row: usize) {
        if !self.instances.booted(row) {
            return;
        }
        match self.service.min_ready_ms {
            0 => self.instances.proved(row),
            ms => self.due(ms, Event::Proved(index(row))),
        }
    }

    fn due(&mut self, after_ms: u64, event: Event) {
        self.agenda.push(self.now.after(after_ms), event);
    }

    /// Slots to those that wait, and the planner's word until it has no more to say.
    fn settle(&mut self, planner: &dyn Planner) {
        self.admit();
        self.note_progress();
        for _ in 0..ACTIONS_MAX {
            if self.done_at.is_some() {
                break;
            }
            match planner.plan(&self.view()) {
                Plan::Do(actions) => {
                    for action in actions {
                        self.act(action);
                        self.admit();
                        self.note_progress();
                    }
                    self.acted_at = self.now;
                }
                Plan::Wait(wait, until) => {
                    if self.waits.last().is_none_or(|(_, last)| *last != wait) {
                        self.waits.push((self.now, wait));
                    }
                    if let Some(until) = until.filter(|until| *until > self.now) {
                        self.agenda.push(until, Event::Look);
                    }
                    self.write();
                    return;
                }
                Plan::Done => self.done_at = Some(self.now),
            }
        }
        assert!(self.done_at.is_some(), "a planner comes to an end");
        self.write();
    }

    fn view(&self) -> View {
        View {
            now: self.now,
            old: self.instances.counts(Version::Old),
            new: self.instances.counts(Version::New),
            terminating: self.instances.terminating(),
            balancers: self.service.balancer.stands(self.status.asked_at, self.now),
            is_good: self.service.checks.is_good(&self.status, self.now),
            status: self.status,
        }
    }

    fn act(&mut self, action: Action) {
        self.status.note(action, self.now);
        self.actions.push((self.now, action));
        match action {
            Action::Scale(version, to) => self.scale(version, to),
            Action::TurnBack => self.seen = self.progress(),
            _ => {}
        }
    }

    fn scale(&mut self, version: Version, to: u32) {
        for _ in self.instances.counts(version).wanted..to {
            self.instances.make(version);
        }
        for _ in to..self.instances.counts(version).wanted {
            let Some(row) = self.instances.terminate(version) else { continue };
            match self.service.grace_ms {
                0 => {
                    self.instances.gone(row);
                    self.freed_at = self.now;
                }
                ms => self.due(ms, Event::Gone(index(row))),
            }
        }
    }

    fn admit(&mut self) {
        while let Some((row, boot_ms)) = self.instances.admit(self.service) {
            let fails = self.instances.is_of_the_first(row, self.service.failing);
            match boot_ms {
                Some(ms) if fails => self.due(ms, Event::Failed(index(row))),
                Some(0) => self.booted(row),
                Some(ms) => self.due(ms, Event::Booted(index(row))),
                None => {}
            }
        }
    }

    fn progress(&self) -> [u32; 4] {
        let target = self.instances.counts(self.status.target);
        let other = self.instances.counts(self.status.target.other());
        let (ready, available) = (target.ready + other.ready, target.available + other.available);
        [target.wanted, other.wanted, ready, available]
    }

    /// Progress as Kubernetes has it: more of the target, fewer of the other version, more that
    /// are ready or available of either.
    fn note_progress(&mut self) {
        let (was, is) = (self.seen, self.progress());
        if is[0] > was[0] || is[1] < was[1] || is[2] > was[2] || is[3] > was[3] {
            self.status.progress_at = self.now;
        }
        self.seen = is;
    }

    fn write(&mut self) {
        let (old, new) = (self.instances.counts(Version::Old), self.instances.counts(Version::New));
        let row = Row {
            at: self.now,
            old: old.wanted,
            old_available: old.available,
            old_serving: old.available.min(self.status.serving[0]),
            new: new.wanted,
            new_ready: new.ready,
            new_available: new.available,
            new_serving: new.available.min(self.status.serving[1]),
            terminating: self.instances.terminating(),
            pending: self.instances.pending(),
            used: self.instances.used(),
            weight: self.status.weight,
        };
        match self.rows.last_mut() {
            Some(last) if last.at == row.at => *last = row,
            Some(last) if (Row { at: row.at, ..*last }) == row => return,
            _ => self.rows.push(row),
        }
        self.acted_at = self.now;
    }

    fn close(self) -> Run {
        let turned_back_at = self.status.turned_back_at;
        let outcome = match (self.done_at, self.waits.last()) {
            (Some(_), _) if turned_back_at.is_some() => Outcome::TurnedBack,
            (Some(_), _) => Outcome::Complete,
            _ if self.status.overdue_at.is_some() => Outcome::Overdue,
            (None, Some((_, Wait::Person))) => Outcome::Paused,
            (None, _) => Outcome::Stuck,
        };
        let ended_at = self.done_at.unwrap_or(self.acted_at);
        Run {
            rows: self.rows,
            actions: self.actions,
            waits: self.waits,
            outcome,
            ended_at,
            released_at: ended_at.max(self.freed_at),
            turned_back_at,
            overdue_at: self.status.overdue_at,
        }
    }
}

/// An instance in an event.
fn index(row: usize) -> u32 {
    u32::try_from(row).expect("a rollout makes fewer than 2^32 instances")
}
