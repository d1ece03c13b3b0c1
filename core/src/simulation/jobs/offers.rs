//! Rounds of offers: who takes what of them.

use super::{Jobs, Queued, Started};
use crate::fact::{Fact, OfferFact};
use crate::jobs::offers::Allocator;
use crate::jobs::queue::Room;
use crate::observe::Observer;
use crate::placement::filters::Filter;
use crate::resources::Amounts;
use crate::scenario::TenantId;
use crate::simulation::Simulation;
use crate::state::{Ask, HostId, HostStatus, ShapeId, State};
use crate::time::Time;
use std::collections::{BTreeMap, VecDeque};

/// What a tenant was offered, in its turn: that becomes less until it can start no more.
struct Turn {
    left: BTreeMap<HostId, Amounts>,
    /// All of it together.
    all: Amounts,
    /// What its jobs take.
    taken: BTreeMap<HostId, Amounts>,
    /// Before these hosts none is left that takes a VM of the shape, without a group.
    first: Vec<(ShapeId, HostId)>,
}

impl Turn {
    fn new(left: BTreeMap<HostId, Amounts>) -> Self {
        let mut all = Amounts::default();
        left.values().for_each(|amounts| all.add(amounts));
        Self { left, all, taken: BTreeMap::new(), first: Vec::new() }
    }

    /// The first host that takes an ask for so much, which is then gone.
    fn next(&mut self, state: &State, ask: Ask, each: &Amounts) -> Option<HostId> {
        let filter = Filter::new(state, ask);
        let takes = |(host, amounts): &(&HostId, &mut Amounts)| {
            each.is_within(amounts) && filter.admits(**host)
        };
        // Who is no member of a group fits nowhere where one like him before did not.
        let place = self.first.iter().position(|(shape, _)| *shape == ask.shape);
        let known = place.filter(|_| ask.group.is_none());
        let first = known.map_or(HostId::from_row(0), |place| self.first[place].1);
        let (host, amounts) = self.left.range_mut(first..).find(takes)?;
        amounts.take(each);
        match known {
            Some(place) => self.first[place].1 = *host,
            None if ask.group.is_none() => self.first.push((ask.shape, *host)),
            None => {}
        }
        Some(*host)
    }
}

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
            let room = offers.room(tenant);
            if room.is_empty() {
                continue;
            }
            let mut turn = Turn::new(room);
            while let Some(row) = rows.front().copied() {
                let queued = queued(row);
                let Some(job) = self.start_on_offers(now, queued, &mut turn, observer) else {
                    break;
                };
                started.push((row, job));
                rows.pop_front();
            }
            offers.take(tenant, turn.taken);
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
    /// host that takes it. If not, the turn is over, and what is left in it means nothing.
    fn start_on_offers(
        &mut self,
        now: Time,
        queued: &Queued,
        turn: &mut Turn,
        observer: &mut impl Observer,
    ) -> Option<Started> {
        if !queued.amounts.is_within(&turn.all) || self.is_over_quota(queued) {
            return None;
        }
        let each = self.state.shapes.get(queued.job.ask.shape).amounts;
        let tasks = self.find_hosts(now, queued, |simulation, arrived| {
            turn.next(&simulation.state, arrived.ask, &each)
        })?;
        for (_, host) in &tasks {
            turn.taken.entry(*host).or_default().add(&each);
        }
        turn.all.take(&queued.amounts);
        Some(self.start_on(now, queued, tasks, observer))
    }
}
