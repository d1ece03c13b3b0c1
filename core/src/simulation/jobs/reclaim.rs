//! Tenants get back what others have borrowed of their guarantees.

use super::{Jobs, Queued, Started};
use crate::fact::{Fact, JobId, JobOf};
use crate::jobs::queue::Room;
use crate::jobs::reclaim::{Guarantees, Runs};
use crate::observe::Observer;
use crate::resources::Amounts;
use crate::scenario::{DemandId, JobOrder, TenantId};
use crate::simulation::{Arrived, Simulation};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Who waits for what is his own, and since when.
pub(super) type Entitled = BTreeMap<JobId, Time>;

/// For whom no room could be made, and how often hosts had changed by then. Until they change again
/// none can be made for anybody like them either, if decisions depend on the hosts alone.
#[derive(Debug, Default)]
pub(super) struct InVain {
    changes: u64,
    /// What a stream's jobs ask for is the same, but for whose they are and how many tasks they have.
    kinds: BTreeSet<(DemandId, TenantId, u32)>,
}

impl InVain {
    fn note(&mut self, changes: u64, job: &JobOf) {
        if self.changes != changes {
            self.kinds.clear();
            self.changes = changes;
        }
        self.kinds.insert((job.demand, job.tenant, job.tasks));
    }

    fn knows(&self, changes: u64, job: &JobOf) -> bool {
        self.changes == changes && self.kinds.contains(&(job.demand, job.tenant, job.tasks))
    }
}

impl Jobs {
    /// Notes who waits for no more than his guarantee, with those of his before him; and those who have
    /// for long enough, in the order of the queue.
    fn note_entitled(&mut self, now: Time, kinds: usize) -> Vec<Queued> {
        let guarantees = Guarantees::new(&self.batch.guarantees, kinds);
        let mut taken: BTreeMap<TenantId, Amounts> = BTreeMap::new();
        let mut stopped = BTreeSet::new();
        let (mut entitled, mut due) = (Entitled::new(), Vec::new());
        for queued in self.queue.rows() {
            let Queued { job, amounts, .. } = queued;
            let tenant = job.tenant;
            if stopped.contains(&tenant) {
                continue;
            }
            let taken = taken.entry(tenant).or_insert_with(|| self.shares.taken(tenant));
            taken.iter_mut().zip(amounts).for_each(|(taken, amount)| {
                *taken = taken.saturating_add(*amount);
            });
            if !guarantees.covers(tenant, taken, amounts) {
                stopped.insert(tenant);
                continue;
            }
            let since = self.entitled.get(&job.id).copied().unwrap_or(now);
            entitled.insert(job.id, since);
            if since.after(self.batch.reclaim.after_ms) <= now {
                due.push(*queued);
            }
        }
        self.entitled = entitled;
        due
    }

    /// Where in the queue a job is.
    fn row(&self, id: JobId) -> Option<usize> {
        self.queue.rows().iter().position(|queued| queued.job.id == id)
    }
}

impl Simulation {
    /// Whoever has waited for his own for long enough starts, and those who have borrowed it end.
    pub(super) fn reclaim(&mut self, now: Time, observer: &mut impl Observer) {
        let kinds = self.state.hosts.kinds();
        let (capacity, _) = self.batch_room();
        let Some(jobs) = self.jobs.as_mut().filter(|jobs| !jobs.batch.guarantees.is_empty()) else {
            return;
        };
        // Who came since somebody looked last stands where he would by his rank alone.
        if matches!(jobs.batch.scheduler.order, JobOrder::FairShare { .. }) {
            jobs.sort_by_usage(now, &capacity);
        }
        for queued in jobs.note_entitled(now, kinds) {
            let id = queued.job.id;
            if self.is_over_quota(&queued) || self.is_in_vain(&queued.job) {
                continue;
            }
            let Some(victims) = self.victims(now, &queued) else {
                self.note_in_vain(&queued.job);
                continue;
            };
            for start in victims {
                self.preempt_job(now, start, id, observer);
            }
            // What waited for room and is no job may have taken some.
            let Some(job) = self.start_job(now, &queued, observer) else { continue };
            let Some(mut jobs) = self.jobs.take() else { return };
            if let Some(row) = jobs.row(id) {
                jobs.entitled.remove(&id);
                self.run(now, &mut jobs, vec![(row, job)]);
            }
            self.jobs = Some(jobs);
        }
        let Some(jobs) = &self.jobs else { return };
        let due = jobs.entitled.values().map(|since| since.after(jobs.batch.reclaim.after_ms));
        if let Some(at) = due.filter(|at| *at > now).min() {
            self.look_again(jobs.offers.as_ref().map_or(at, |offers| offers.round_from(at)));
        }
    }

    /// Whether it is known that no room can be made for a job.
    fn is_in_vain(&self, job: &JobOf) -> bool {
        let changes = self.state.changes;
        self.jobs.as_ref().is_some_and(|jobs| jobs.in_vain.knows(changes, job))
    }

    /// No room could be made for a job. What hosts have of images changes without them.
    fn note_in_vain(&mut self, job: &JobOf) {
        let is_certain = self.placer.goes_by_state() && self.state.images.is_none();
        let changes = self.state.changes;
        if let Some(jobs) = self.jobs.as_mut().filter(|_| is_certain && !self.state.is_judge()) {
            jobs.in_vain.note(changes, job);
        }
    }

    /// The jobs that have to end so that one can start, by number of start, the youngest first; `None`
    /// if that does not help.
    fn victims(&mut self, now: Time, queued: &Queued) -> Option<Vec<u32>> {
        let jobs = self.jobs.take()?;
        let (_, free) = self.batch_room();
        let kinds = self.state.hosts.kinds();
        let is_still = |job: &Started| {
            job.vms.len() == job.queued.job.tasks as usize
                && job.vms.iter().all(|vm| self.state.moves.target(*vm).is_none())
        };
        let running: Vec<(&u32, &Started)> =
            jobs.running.iter().rev().filter(|(_, job)| is_still(job)).collect();
        let runs = |(_, job): &(&u32, &Started)| {
            let Queued { job, amounts, .. } = job.queued;
            Runs { tenant: job.tenant, amounts }
        };
        let list: Vec<Runs> = running.iter().map(runs).collect();
        let fits = |rows: &[usize]| {
            let mut free = free;
            rows.iter().for_each(|row| free.add(&list[*row].amounts));
            let without: Vec<&Started> = rows.iter().map(|row| running[*row].1).collect();
            queued.amounts.is_within(&free) && self.fits_without(now, queued, &without)
        };
        let of = (queued.job.tenant, &queued.amounts);
        let taken = |tenant| jobs.shares.taken(tenant);
        let victims =
            Guarantees::new(&jobs.batch.guarantees, kinds).victims(of, free, &list, taken, fits);
        let starts = victims.map(|rows| rows.into_iter().map(|row| *running[row].0).collect());
        self.jobs = Some(jobs);
        starts
    }

    /// Whether a job finds hosts where others are gone. The state is afterwards as it was.
    fn fits_without(&mut self, now: Time, queued: &Queued, others: &[&Started]) -> bool {
        let changes = self.state.changes;
        let mut lifted = Vec::new();
        for vm in others.iter().flat_map(|job| &job.vms) {
            lifted.push((*vm, self.state.vms.get(*vm).host, self.state.spot(*vm)));
            self.state.lift(*vm);
        }
        let decide =
            |simulation: &mut Self, arrived: &Arrived| simulation.decide(now, arrived).ok();
        let tasks = self.find_hosts(now, queued, decide);
        let fits = tasks.is_some();
        for (arrived, _) in tasks.into_iter().flatten() {
            self.state.forget(arrived.ask);
        }
        for (vm, host, spot) in lifted.into_iter().rev() {
            self.state.put(vm, host, spot);
        }
        self.state.changes = changes;
        fits
    }

    /// A job ends for another, and waits again.
    fn preempt_job(&mut self, now: Time, start: u32, by: JobId, observer: &mut impl Observer) {
        let keeps = self.scenario.batch.as_ref().is_some_and(|batch| batch.reclaim.keeps_work);
        let Some((job, ran_ms)) = self.put_back(now, start, keeps, observer) else { return };
        let kept_ms = if keeps { ran_ms } else { 0 };
        observer.hear(now, &Fact::JobPreempted { job, by, ran_ms, kept_ms }, &self.state);
    }
}
