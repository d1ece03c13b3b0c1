//! What came of desks: where requests' time went, how busy operators were, and whether their queues
//! are at rest or grow without end.

use super::summary::Level;
use super::{Boots, Durations};
use crate::fact::{Fact, Stage, Stages};
use crate::hours::Hours;
use crate::scenario::{Demand, Desk, DeskId, Scenario};
use crate::time::Time;

/// All desks of a run, and the time of all requests.
#[derive(Clone, Debug)]
pub struct Provisioning {
    /// By desk.
    pub desks: Vec<DeskAccount>,
    /// Of all requests that were placed.
    pub total: StageAccount,
    /// The same by demand.
    pub by_demand: Vec<StageAccount>,
    /// Requests at desks.
    pub at_desks: u64,
    /// What hosts fetched.
    pub pulls: PullAccount,
    /// What came of boots; `None` where all succeed.
    pub boots: Option<Boots>,
    /// By demand: from when on its requests go through desks; `None`: never.
    from: Vec<Option<Time>>,
}

/// What hosts fetched.
#[derive(Clone, Debug, Default)]
pub struct PullAccount {
    /// VMs whose host lacked a part of their image.
    pub started: u64,
    /// What was fetched, MiB.
    pub mib: u64,
    /// How long VMs waited for their image.
    pub took: Durations,
}

/// Where the time of some requests went.
#[derive(Clone, Debug, Default)]
pub struct StageAccount {
    /// How many requests.
    pub requests: u64,
    /// By stage, in the order of [`Stage::ALL`].
    pub stages: [Durations; Stage::ALL.len()],
    /// From request to ready.
    pub ready: Durations,
    /// What of it was spent at desks in working hours.
    pub at_desks: Durations,
}

/// What came of a desk.
#[derive(Clone, Debug)]
pub struct DeskAccount {
    hours: Hours,
    operators: Option<u32>,
    half: Time,
    /// Tickets that joined the queue.
    pub tickets: u64,
    /// Tickets that were done.
    pub done: u64,
    /// Who stands in the queue.
    pub backlog: Level,
    /// Since when somebody does.
    pub backlog_since: Option<Time>,
    /// How long tickets stood in the queue, ms of working time.
    pub queued: Durations,
    /// Work that came, ms.
    work_ms: u128,
    /// Operators at work, and since when.
    busy: u64,
    busy_since: Time,
    /// Operators × ms of working time.
    busy_area: u128,
    /// The backlog, and the work that had come, at the middle of the run.
    middle: Option<(i64, u128)>,
}

impl Provisioning {
    /// `None` where nobody tells where the time goes.
    pub(super) fn new(scenario: &Scenario) -> Option<Self> {
        let is_told = scenario.tells_stages();
        let half = Time::from_ms(scenario.duration_ms / 2);
        let account = |desk: &Desk| DeskAccount {
            hours: desk.hours,
            operators: desk.operators,
            half,
            tickets: 0,
            done: 0,
            backlog: Level::default(),
            backlog_since: None,
            queued: Durations::default(),
            work_ms: 0,
            busy: 0,
            busy_since: Time::ZERO,
            busy_area: 0,
            middle: None,
        };
        is_told.then(|| Self {
            desks: scenario.desks.iter().map(account).collect(),
            total: StageAccount::default(),
            by_demand: vec![StageAccount::default(); scenario.demands.len()],
            at_desks: 0,
            pulls: PullAccount::default(),
            boots: Boots::new(scenario),
            from: scenario.demands.iter().map(Demand::desks_from).collect(),
        })
    }

    fn desk(&mut self, desk: DeskId) -> &mut DeskAccount {
        &mut self.desks[desk.row()]
    }

    pub(super) fn hear(&mut self, now: Time, fact: &Fact<'_>) {
        match *fact {
            Fact::Approved { desk, work_ms, .. } => self.desk(desk).approve(now, work_ms),
            Fact::TakenUp { desk, queued_ms, .. } => self.desk(desk).take_up(now, queued_ms),
            Fact::Requested { demand, .. } => {
                let goes = self.from[demand.row()].is_some_and(|from| now >= from);
                self.at_desks += u64::from(goes);
            }
            Fact::HandedOff { desk, to, .. } => {
                self.desk(desk).hand_off(now);
                self.at_desks -= u64::from(to.is_none());
            }
            Fact::PullStarted { mib, .. } => {
                self.pulls.started += 1;
                self.pulls.mib += mib;
            }
            Fact::Pulled { took_ms, .. } => self.pulls.took.add(took_ms),
            Fact::Provisioned { demand, ref stages, .. } => {
                self.total.add(stages);
                self.by_demand[demand.row()].add(stages);
            }
            Fact::BootTried { .. } | Fact::BootGivenUp { .. } => {
                if let Some(boots) = &mut self.boots {
                    boots.hear(now, fact);
                }
            }
            Fact::Ended => self.desks.iter_mut().for_each(|desk| desk.note(now)),
            _ => {}
        }
    }
}

impl StageAccount {
    fn add(&mut self, stages: &Stages) {
        self.requests += 1;
        for (stage, durations) in Stage::ALL.iter().zip(&mut self.stages) {
            durations.add(stages.ms(*stage));
        }
        self.ready.add(stages.total_ms());
        self.at_desks.add(stages.at_desks_ms());
    }
}

impl DeskAccount {
    /// Remembers the middle of the run, once it is over.
    fn note(&mut self, now: Time) {
        if now > self.half && self.middle.is_none() {
            self.middle = Some((self.backlog.value, self.work_ms));
        }
    }

    fn approve(&mut self, now: Time, work_ms: u64) {
        self.note(now);
        self.tickets += 1;
        self.work_ms += u128::from(work_ms);
        self.queue(now, 1);
    }

    fn take_up(&mut self, now: Time, queued_ms: u64) {
        self.note(now);
        self.queued.add(queued_ms);
        self.queue(now, -1);
        self.count_busy(now);
        self.busy += 1;
    }

    fn hand_off(&mut self, now: Time) {
        self.note(now);
        self.done += 1;
        self.count_busy(now);
        self.busy -= 1;
    }

    fn queue(&mut self, now: Time, more: i64) {
        let backlog = self.backlog.value + more;
        self.backlog.set(now, backlog);
        self.backlog_since = (backlog > 0).then(|| self.backlog_since.unwrap_or(now));
    }

    fn count_busy(&mut self, now: Time) {
        self.busy_area += self.area_since(now);
        self.busy_since = now;
    }

    fn area_since(&self, now: Time) -> u128 {
        u128::from(self.busy) * u128::from(self.hours.between_ms(self.busy_since, now))
    }

    /// What share of their time operators were at work; `None` where there are always more.
    pub fn utilisation(&self, now: Time) -> Option<f64> {
        let staffed = self.capacity_ms(Time::ZERO, now)?;
        Some((self.busy_area + self.area_since(now)) as f64 / staffed)
    }

    /// Work that came in the second half of the run ÷ what operators could do in it.
    pub fn load(&self, end: Time) -> Option<f64> {
        let (_, work_ms) = self.middle?;
        Some((self.work_ms - work_ms) as f64 / self.capacity_ms(self.half, end)?)
    }

    /// By how many tickets the queue grows each working day, if it does: more work comes than
    /// operators can do, and the queue was longer at the end of the run than at its middle.
    pub fn growth_per_day(&self, end: Time) -> Option<f64> {
        let (backlog, _) = self.middle?;
        let days = self.hours.between_ms(self.half, end) as f64 / self.hours.day_ms() as f64;
        let growth = (self.backlog.value - backlog) as f64 / days;
        (self.load(end)? >= 1.0 && growth > 0.0).then_some(growth)
    }

    /// Operators × working time, ms; `None` if there is none, or operators are without number.
    fn capacity_ms(&self, from: Time, to: Time) -> Option<f64> {
        let open_ms = self.hours.between_ms(from, to);
        let operators = self.operators.filter(|_| open_ms > 0)?;
        Some(f64::from(operators) * open_ms as f64)
    }
}
