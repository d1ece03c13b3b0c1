//! Tenants get back what others have borrowed of their guarantees.

use super::{Jobs, Queued, Started};
use crate::fact::{Fact, JobId};
use crate::jobs::queue::Room;
use crate::jobs::reclaim::{Guarantees, Runs};
use crate::observe::Observer;
use crate::resources::Amounts;
use crate::scenario::{JobOrder, TenantId};
use crate::simulation::{Arrived, Simulation};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Who waits for what is his own, and since when.
pub(super) type Entitled = BTreeMap<JobId, Time>;

impl Jobs {
    /// Notes who waits for no more than his guarantee, with those of his before him; and those who have
    /// for long enough, in the order of the queue.
    fn note_entitled(&mut self, now: Time, kinds: usize) -> Vec<JobId> {
        let guarantees = Guarantees::new(&self.batch.guarantees, kinds);
        let mut taken: BTreeMap<TenantId, Amounts> = BTreeMap::new();
        let mut stopped = BTreeSet::new();
        let (mut entitled, mut due) = (Entitled::new(), Vec::new());
        for Queued { job, amounts, .. } in self.queue.rows() {
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
                due.push(job.id);
            }
        }
        self.entitled = entitled;
        due
    }

    fn queued(&self, id: JobId) -> Option<(usize, Queued)> {
        let row = self.queue.rows().iter().position(|queued| queued.job.id == id)?;
        Some((row, self.queue.rows()[row]))
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
        for id in jobs.note_entitled(now, kinds) {
            let queued = self.jobs.as_ref().and_then(|jobs| jobs.queued(id));
            let Some((_, queued)) = queued.filter(|(_, queued)| !self.is_over_quota(queued)) else {
                continue;
            };
            let Some(victims) = self.victims(now, &queued) else { continue };
            for start in victims {
                self.preempt_job(now, start, id, observer);
            }
            // What waited for room and is no job may have taken some.
            let Some(job) = self.start_job(now, &queued, observer) else { continue };
            let Some(mut jobs) = self.jobs.take() else { return };
            if let Some((row, _)) = jobs.queued(id) {
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
