//! What came of jobs: how long they waited, how much that slowed them down, and who had how much of
//! the hosts, over time.

use super::Durations;
use super::summary::Level;
use crate::fact::{Fact, JobOf, OfferFact};
use crate::fairness::dominant_share;
use crate::jobs::queue::Room;
use crate::report::jobs::{SHARES_ROWS_MAX, SHARES_TENANTS_MAX};
use crate::resources::Amounts;
use crate::scenario::{JobOrder, PoolId, Scenario, TenantId};
use crate::state::State;
use crate::time::{SECOND_MS, Time};
use std::collections::BTreeMap;

/// Jobs that run for less count as running for so long, where a wait is held against it, ms.
pub const BOUND_MS: u64 = 10 * SECOND_MS;

/// Shares are counted in millionths.
pub const MILLION: i64 = 1_000_000;

/// All jobs of a run.
#[derive(Clone, Debug)]
pub struct Jobs {
    kinds: usize,
    pool: Option<PoolId>,
    /// All together.
    pub all: Account,
    /// By queue.
    pub by_queue: Vec<Account>,
    /// By tenant.
    pub by_tenant: Vec<Account>,
    /// Jobs that wait.
    pub waiting: Level,
    /// Jobs that run.
    pub running: u64,
    /// By tenant: what its jobs take.
    taken: Vec<Amounts>,
    /// By tenant: its dominant share, in millionths of the hosts.
    pub shares: Vec<Level>,
    /// What all jobs take of what is scarcest among them, in millionths.
    pub busy: Level,
    busy_taken: Amounts,
    /// Where tenants are offered hosts: what came of it.
    pub offers: Option<Offers>,
    /// How long a row of the course of shares is, ms.
    pub step_ms: u64,
    /// By tenant: the area under its share at the end of each row; empty where tenants are many.
    pub areas: Vec<Vec<i128>>,
}

/// Hosts that tenants were offered.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    /// Rounds in which something was offered.
    pub rounds: u64,
    last_round: Option<Time>,
    /// Offers: of a host to a tenant.
    pub made: u64,
    /// Those of which something was taken.
    pub accepted: u64,
    /// Those that were refused whole, at once or after they were held back.
    pub declined: u64,
    /// Those of hosts that are gone, or whose room others took.
    pub lost: u64,
    /// What is held back of what is scarcest among it, in millionths of the hosts.
    pub held: Level,
    /// By tenant: what it holds back, and how many offers.
    by_tenant: BTreeMap<TenantId, (Amounts, u32)>,
    /// All of them together.
    all: Amounts,
}

/// Some of the jobs.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// That were submitted.
    pub submitted: u64,
    /// That started at least once.
    pub started: u64,
    /// That are over.
    pub ended: u64,
    /// Those of them that were ended because their estimate was over.
    pub killed: u64,
    /// How often one lost a task and waited again.
    pub interrupted: u64,
    /// How often one ended so that another tenant got what it is guaranteed, and waited again.
    pub preempted: u64,
    /// That would never have fitted.
    pub refused: u64,
    /// At each start, how long the job had waited by then, all in all: one that was interrupted
    /// counts for each of its starts.
    pub waited: Durations,
    /// (wait + run) ÷ run, in thousandths, of those that are over; 1 at least, and for a run of
    /// less than [`BOUND_MS`] of that.
    pub slowdown_milli: Durations,
    /// Tasks × the time that they ran, ms.
    pub task_ms: u128,
}

impl Jobs {
    /// `None` where there is no batch work.
    pub(super) fn new(scenario: &Scenario) -> Option<Self> {
        let batch = scenario.batch.as_ref()?;
        let tenants = scenario.tenants.len();
        let has_course = tenants <= SHARES_TENANTS_MAX;
        Some(Self {
            kinds: scenario.kinds.len(),
            pool: batch.scheduler.pool,
            all: Account::default(),
            by_queue: vec![Account::default(); batch.queues.len()],
            by_tenant: vec![Account::default(); tenants],
            waiting: Level::default(),
            running: 0,
            taken: vec![Amounts::default(); tenants],
            shares: vec![Level::default(); tenants],
            busy: Level::default(),
            busy_taken: Amounts::default(),
            offers: matches!(batch.scheduler.order, JobOrder::Offers(_)).then(Offers::default),
            step_ms: scenario.duration_ms.div_ceil(SHARES_ROWS_MAX as u64).max(1),
            areas: if has_course { vec![Vec::new(); tenants] } else { Vec::new() },
        })
    }

    pub(super) fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        self.close_rows(now);
        match *fact {
            Fact::JobSubmitted { job, .. } => {
                self.each(&job, |account| account.submitted += 1);
                self.waiting.set(now, self.waiting.value + 1);
            }
            Fact::JobStarted { job, waited_ms, is_again } => {
                self.each(&job, |account| {
                    account.started += u64::from(!is_again);
                    account.waited.add(waited_ms);
                });
                self.waiting.set(now, self.waiting.value - 1);
                self.running += 1;
                self.take(now, &job, 1, state);
            }
            Fact::JobEnded { job, waited_ms, run_ms, is_killed } => {
                let bound = run_ms.max(BOUND_MS);
                let milli = (waited_ms + run_ms).max(bound) as u128 * 1_000 / u128::from(bound);
                self.each(&job, |account| {
                    account.ended += 1;
                    account.killed += u64::from(is_killed);
                    account.slowdown_milli.add(u64::try_from(milli).unwrap_or(u64::MAX));
                    account.task_ms += u128::from(run_ms) * u128::from(job.tasks);
                });
                self.running -= 1;
                self.take(now, &job, -1, state);
            }
            Fact::JobInterrupted { job, ran_ms } => {
                self.each(&job, |account| {
                    account.interrupted += 1;
                    account.task_ms += u128::from(ran_ms) * u128::from(job.tasks);
                });
                self.waiting.set(now, self.waiting.value + 1);
                self.running -= 1;
                self.take(now, &job, -1, state);
            }
            Fact::JobPreempted { job, ran_ms, kept_ms, .. } => {
                // What is kept counts when it is over.
                self.each(&job, |account| {
                    account.preempted += 1;
                    account.task_ms += u128::from(ran_ms - kept_ms) * u128::from(job.tasks);
                });
                self.waiting.set(now, self.waiting.value + 1);
                self.running -= 1;
                self.take(now, &job, -1, state);
            }
            Fact::JobRefused { job } => {
                self.each(&job, |account| account.refused += 1);
                self.waiting.set(now, self.waiting.value - 1);
            }
            Fact::Offers(fact) => self.note_offers(now, &fact, state),
            _ => {}
        }
    }

    /// Notes the areas at the ends of all rows that are over: as many for each tenant.
    fn close_rows(&mut self, now: Time) {
        let Some(first) = self.areas.first() else { return };
        if (first.len() as u64 + 1) * self.step_ms > now.ms() {
            return;
        }
        for (areas, share) in self.areas.iter_mut().zip(&self.shares) {
            while (areas.len() as u64 + 1) * self.step_ms <= now.ms() {
                let end = Time::from_ms((areas.len() as u64 + 1) * self.step_ms);
                areas.push(share.area(end));
            }
        }
    }

    fn each(&mut self, job: &JobOf, mut note: impl FnMut(&mut Account)) {
        note(&mut self.all);
        note(&mut self.by_queue[job.queue.row()]);
        note(&mut self.by_tenant[job.tenant.row()]);
    }

    fn note_offers(&mut self, now: Time, fact: &OfferFact, state: &State) {
        let OfferFact { tenant, answer } = fact;
        let total = self.total(state);
        let Some(offers) = &mut self.offers else { return };
        if answer.made > 0 && offers.last_round != Some(now) {
            offers.rounds += 1;
            offers.last_round = Some(now);
        }
        offers.made += u64::from(answer.made);
        offers.accepted += u64::from(answer.accepted);
        offers.declined += u64::from(answer.declined);
        offers.lost += u64::from(answer.lost);
        let before = match answer.held {
            0 => offers.by_tenant.remove(tenant),
            held => offers.by_tenant.insert(*tenant, (answer.amounts, held)),
        };
        if answer.held > 0 {
            offers.all.add(&answer.amounts);
        }
        if let Some((amounts, _)) = before {
            offers.all.take(&amounts);
        }
        offers.held.set(now, millionths(&offers.all, &total, self.kinds));
    }

    /// What the hosts for jobs have.
    fn total(&self, state: &State) -> Amounts {
        match self.pool {
            Some(pool) => state.hosts.pool_total(pool).capacity,
            None => state.hosts.total().capacity,
        }
    }

    /// A job takes room, or (with the sign −1) gives it back.
    fn take(&mut self, now: Time, job: &JobOf, sign: i64, state: &State) {
        let total = self.total(state);
        let each = state.shapes.get(job.ask.shape).amounts;
        let add = |taken: &mut Amounts| {
            taken.iter_mut().zip(each).for_each(|(taken, amount)| {
                *taken += sign * amount * i64::from(job.tasks);
            });
        };
        let row = job.tenant.row();
        add(&mut self.taken[row]);
        add(&mut self.busy_taken);
        let share = |taken: &Amounts| millionths(taken, &total, self.kinds);
        self.shares[row].set(now, share(&self.taken[row]));
        self.busy.set(now, share(&self.busy_taken));
    }
}

/// The dominant share of what is taken, in millionths.
fn millionths(taken: &Amounts, total: &Amounts, kinds: usize) -> i64 {
    let share = dominant_share(&taken[..kinds], &total[..kinds]);
    let share = i128::from(share.part) * i128::from(MILLION) / i128::from(share.whole);
    i64::try_from(share).unwrap_or(i64::MAX)
}

impl Offers {
    /// Offers that tenants hold back.
    pub fn holding(&self) -> u64 {
        self.by_tenant.values().map(|(_, held)| u64::from(*held)).sum()
    }
}
