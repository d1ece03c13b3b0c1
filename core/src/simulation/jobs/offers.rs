//! Rounds of offers: who takes what of them.

use super::{Jobs, Started};
use crate::fact::{Fact, OfferFact};
use crate::jobs::offers::Allocator;
use crate::jobs::queue::Room;
use crate::observe::Observer;
use crate::placement::filters::Filter;
use crate::resources::Amounts;
use crate::scenario::TenantId;
use crate::simulation::Simulation;
use crate::state::{Ask, HostId, HostStatus};
use crate::time::Time;
use std::collections::{BTreeMap, VecDeque};

impl Simulation {
    /// A round: tenants are offered hosts, start of their jobs in order as many as fit, and refuse
    /// the rest or hold it back.
    pub(super) fn offer_round(
        &mut self,
        now: Time,
        jobs: &Jobs,
        offers: &mut Allocator,
        observer: &mut impl Observer,
    ) -> Vec<(usize, Started)> {
        let mut by_tenant: BTreeMap<TenantId, VecDeque<usize>> = BTreeMap::new();
        for (row, queued) in jobs.queue.rows().iter().enumerate() {
            by_tenant.entry(queued.job.tenant).or_default().push_back(row);
        }
        let queued = |row: usize| &jobs.queue.rows()[row];
        // Whom a quota holds back can start nothing.
        by_tenant.retain(|_, rows| !self.is_over_quota(queued(rows[0])));
        let taken = by_tenant.keys().map(|tenant| (*tenant, jobs.shares.taken(*tenant))).collect();
        let (capacity, _) = self.batch_room();
        offers.offer(now, &self.free_hosts(), &taken, |a, b| jobs.shares.compare(a, b, &capacity));
        let mut started = Vec::new();
        for (tenant, mut rows) in by_tenant {
            let mut room = offers.room(tenant);
            if room.is_empty() {
                continue;
            }
            while let Some(row) = rows.front().copied() {
                let job = self.start_on_offers(now, jobs, row, (offers, &mut room), observer);
                let Some(job) = job else { break };
                started.push((row, job));
                rows.pop_front();
            }
            let is_gang = |row: &usize| queued(*row).job.tasks > 1;
            let has_gang =
                rows.front().is_some_and(is_gang) && !self.is_over_quota(queued(rows[0]));
            offers.answer(now, tenant, has_gang);
            if rows.is_empty() {
                offers.rest(tenant);
            }
        }
        for (tenant, answer) in offers.answers() {
            let fact = Fact::Offers(OfferFact { tenant, answer });
            observer.hear(now, &fact, &self.state);
        }
        started
    }

    /// The hosts for jobs that take VMs, with what is free of them.
    fn free_hosts(&self) -> Vec<(HostId, Amounts)> {
        let hosts = &self.state.hosts;
        let pool = self.scenario.batch.as_ref().and_then(|batch| batch.scheduler.pool);
        let is_of = |host: &HostId| {
            let host_type = hosts.host_type(*host).row();
            hosts.status(*host) == HostStatus::Up
                && pool.is_none_or(|pool| self.scenario.host_types[host_type].pool == pool)
        };
        let free = |host: HostId| {
            let mut free = Amounts::default();
            free.iter_mut().enumerate().take(hosts.kinds()).for_each(|(column, free)| {
                *free = hosts.free(host, column);
            });
            (host, free)
        };
        hosts.ids().filter(is_of).map(free).collect()
    }

    /// A job starts, if all its tasks find room in what its tenant was offered: each on the first
    /// host that takes it.
    fn start_on_offers(
        &mut self,
        now: Time,
        jobs: &Jobs,
        row: usize,
        (offers, room): (&mut Allocator, &mut BTreeMap<HostId, Amounts>),
        observer: &mut impl Observer,
    ) -> Option<Started> {
        let queued = &jobs.queue.rows()[row];
        let each = self.state.shapes.get(queued.job.ask.shape).amounts;
        let all = room.values().fold(Amounts::default(), |mut sum, amounts| {
            sum.add(amounts);
            sum
        });
        if !queued.amounts.is_within(&all) || self.is_over_quota(queued) {
            return None;
        }
        let mut left = room.clone();
        let mut first = HostId::from_row(0);
        let tasks = self.find_hosts(now, queued, |simulation, arrived| {
            let ask: Ask = arrived.ask;
            let filter = Filter::new(&simulation.state, ask);
            let takes = |(host, amounts): &(&HostId, &mut Amounts)| {
                each.is_within(amounts) && filter.admits(**host)
            };
            let (host, amounts) = left.range_mut(first..).find(takes)?;
            amounts.take(&each);
            // Who is no member of a group fits nowhere where one before did not.
            if ask.group.is_none() {
                first = *host;
            }
            Some(*host)
        })?;
        for (_, host) in &tasks {
            offers.take(queued.job.tenant, *host, each);
        }
        *room = left;
        Some(self.start_on(now, queued, tasks, observer))
    }
}
