//! Two levels, as in Mesos: an allocator offers hosts, and tenants take what they can use of them.
//!
//! In each round all that is free on a host is offered to one tenant, the one with the smallest
//! dominant share for its weight of those that have jobs to start; what it has been offered counts
//! as its own. Of equals the one that was offered least often is first, then by name. What a tenant
//! refuses is not offered to it again for some time, unless more is free on the host by then; it
//! forgets all that when it has jobs again after it had none (Hindman et al., "Mesos: A Platform
//! for Fine-Grained Resource Sharing in the Data Center", NSDI 2011; the rules of filters and ties
//! are those of Mesos' hierarchical allocator and its DRF sorter). Mesos goes through hosts in
//! random order; here it is that of their numbers.
//!
//! Cost of a round: for each host with something free, a look at those tenants that are before the one
//! it is offered to and have refused it; for each tenant, what it was offered.

use crate::fact::Answer;
use crate::jobs::queue::Room;
use crate::resources::Amounts;
use crate::scenario::TenantId;
use crate::scenario::batch::OfferRule;
use crate::state::HostId;
use crate::time::Time;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Who offers, and what is offered.
#[derive(Clone, Debug)]
pub struct Allocator {
    rule: OfferRule,
    /// By tenant: what is not answered yet, or held back, in the order in which it was offered.
    offers: BTreeMap<TenantId, Vec<Offer>>,
    refused: BTreeMap<(TenantId, HostId), Refusal>,
    /// By tenant: how many offers it was made, and its place by name.
    made: Vec<u64>,
    by_name: Vec<usize>,
    /// Who had jobs to start in the last round, and has some still.
    waiting: BTreeSet<TenantId>,
    answers: BTreeMap<TenantId, Answer>,
    /// Whether something was offered or given up in this round: then the next is another.
    is_stirred: bool,
}

/// Something that is free on a host, for one tenant.
#[derive(Clone, Copy, Debug)]
struct Offer {
    tenant: TenantId,
    host: HostId,
    amounts: Amounts,
    since: Time,
    /// Whether some of it was taken.
    is_used: bool,
}

/// A tenant that has jobs to start, what it has or was offered, and how many offers that were.
type Taker = (TenantId, Amounts, u64);

/// What a tenant is not offered.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    until: Time,
    amounts: Amounts,
}

impl Allocator {
    /// Nothing is offered yet; tenants by their names.
    pub fn new(rule: OfferRule, tenants: &[String]) -> Self {
        let mut order: Vec<usize> = (0..tenants.len()).collect();
        order.sort_by_key(|row| &tenants[*row]);
        let mut by_name = vec![0; tenants.len()];
        order.iter().enumerate().for_each(|(place, row)| by_name[*row] = place);
        Self {
            rule,
            offers: BTreeMap::new(),
            refused: BTreeMap::new(),
            made: vec![0; tenants.len()],
            by_name,
            waiting: BTreeSet::new(),
            answers: BTreeMap::new(),
            is_stirred: false,
        }
    }

    /// The first round at an instant or after it.
    pub fn round_from(&self, at: Time) -> Time {
        Time::from_ms(at.ms().div_ceil(self.rule.interval_ms).saturating_mul(self.rule.interval_ms))
    }

    /// The round after the one now.
    pub fn round_after(&self, now: Time) -> Time {
        now.after(self.rule.interval_ms)
    }

    /// A round: offers what is free on hosts, which ascend, to those who have jobs to start, given
    /// with what their jobs take. `compare` says which of two has the smaller share.
    pub fn offer(
        &mut self,
        now: Time,
        hosts: &[(HostId, Amounts)],
        tenants: &BTreeMap<TenantId, Amounts>,
        compare: impl Fn((TenantId, &Amounts), (TenantId, &Amounts)) -> Ordering,
    ) {
        self.is_stirred = false;
        self.refused.retain(|(tenant, _), refusal| {
            let is_new = tenants.contains_key(tenant) && !self.waiting.contains(tenant);
            refusal.until > now && !is_new
        });
        self.waiting = tenants.keys().copied().collect();
        let mut held = self.look_over(now, hosts);
        let mut shares = tenants.clone();
        for offer in self.all() {
            if let Some(share) = shares.get_mut(&offer.tenant) {
                share.add(&offer.amounts);
            }
        }
        let by_name = &self.by_name;
        let by_share = |(a, of_a, made): &Taker, (b, of_b, made_b): &Taker| {
            let tie = |tenant: TenantId, made| (made, by_name[tenant.row()]);
            compare((*a, of_a), (*b, of_b)).then(tie(*a, *made).cmp(&tie(*b, *made_b)))
        };
        let taker = |(tenant, of): (TenantId, Amounts)| (tenant, of, self.made[tenant.row()]);
        let mut takers: Vec<Taker> = shares.into_iter().map(taker).collect();
        takers.sort_by(by_share);
        for (host, free) in hosts {
            let mut left = *free;
            if let Some(held) = held.remove(host) {
                left.take(&held);
            }
            if left.iter().all(|amount| *amount <= 0) {
                continue;
            }
            let is_refused = |tenant: TenantId| {
                let refusal = self.refused.get(&(tenant, *host));
                refusal.is_some_and(|refusal| is_part(&left, &refusal.amounts))
            };
            let next = takers.iter().position(|(tenant, ..)| !is_refused(*tenant));
            let Some(next) = next else { continue };
            let (tenant, mut share, made) = takers.remove(next);
            share.add(&left);
            let taker = (tenant, share, made + 1);
            let place = takers.partition_point(|other| by_share(other, &taker) == Ordering::Less);
            takers.insert(place, taker);
            self.is_stirred = true;
            self.made[tenant.row()] += 1;
            self.answers.entry(tenant).or_default().made += 1;
            let offer = Offer { tenant, host: *host, amounts: left, since: now, is_used: false };
            self.offers.entry(tenant).or_default().push(offer);
        }
    }

    fn all(&self) -> impl Iterator<Item = &Offer> {
        self.offers.values().flatten()
    }

    /// Lets go what is held of hosts that have it no longer, by those who have nothing to start, and
    /// what was held for too long; what is held still, by host.
    fn look_over(&mut self, now: Time, hosts: &[(HostId, Amounts)]) -> BTreeMap<HostId, Amounts> {
        let mut held: BTreeMap<HostId, Amounts> = BTreeMap::new();
        for offer in self.all() {
            held.entry(offer.host).or_default().add(&offer.amounts);
        }
        let is_there = |host: HostId, amounts: &Amounts| {
            let row = hosts.binary_search_by_key(&host, |(host, _)| *host).ok();
            row.is_some_and(|row| is_part(amounts, &hosts[row].1))
        };
        let gone: BTreeSet<HostId> =
            held.iter().filter(|(host, of)| !is_there(**host, of)).map(|(host, _)| *host).collect();
        let hoard_ms = self.rule.hoard_ms.unwrap_or(0);
        let (mut kept, mut over) = (BTreeMap::<_, Vec<Offer>>::new(), Vec::new());
        for offer in std::mem::take(&mut self.offers).into_values().flatten() {
            let is_waiting = self.waiting.contains(&offer.tenant);
            if gone.contains(&offer.host) {
                self.is_stirred = true;
                self.answers.entry(offer.tenant).or_default().lost += u32::from(!offer.is_used);
            } else if is_waiting && offer.since.after(hoard_ms) > now {
                kept.entry(offer.tenant).or_default().push(offer);
            } else {
                over.push(offer);
            }
        }
        self.offers = kept;
        over.into_iter().for_each(|offer| self.decline(now, offer));
        held.clear();
        for offer in self.all() {
            held.entry(offer.host).or_default().add(&offer.amounts);
        }
        held
    }

    fn of(&self, tenant: TenantId) -> &[Offer] {
        self.offers.get(&tenant).map_or(&[], Vec::as_slice)
    }

    /// What a tenant has been offered and has not taken yet, by host.
    pub fn room(&self, tenant: TenantId) -> BTreeMap<HostId, Amounts> {
        let mut room: BTreeMap<HostId, Amounts> = BTreeMap::new();
        for offer in self.of(tenant) {
            room.entry(offer.host).or_default().add(&offer.amounts);
        }
        room
    }

    /// A tenant takes so much of hosts: of the oldest offer of each first.
    pub fn take(&mut self, tenant: TenantId, mut taken: BTreeMap<HostId, Amounts>) {
        if taken.is_empty() {
            return;
        }
        let answer = self.answers.entry(tenant).or_default();
        for offer in self.offers.get_mut(&tenant).into_iter().flatten() {
            let Some(amounts) = taken.get_mut(&offer.host) else { continue };
            let mut is_touched = false;
            for (left, asked) in offer.amounts.iter_mut().zip(amounts) {
                let some = (*left).min(*asked).max(0);
                *left -= some;
                *asked -= some;
                is_touched |= some > 0;
            }
            answer.accepted += u32::from(is_touched && !offer.is_used);
            offer.is_used |= is_touched;
        }
    }

    /// A tenant has no job to start any more.
    pub fn rest(&mut self, tenant: TenantId) {
        self.waiting.remove(&tenant);
    }

    /// A tenant has taken what it could: it keeps the rest, or refuses it.
    pub fn answer(&mut self, now: Time, tenant: TenantId, keeps: bool) {
        let keeps = keeps && self.rule.hoard_ms.is_some();
        let mut rest = self.offers.remove(&tenant).unwrap_or_default();
        rest.retain(|offer| offer.amounts.iter().any(|amount| *amount > 0));
        match keeps && !rest.is_empty() {
            true => _ = self.offers.insert(tenant, rest),
            false => rest.into_iter().for_each(|offer| self.decline(now, offer)),
        }
        self.answers.entry(tenant).or_default();
    }

    fn decline(&mut self, now: Time, offer: Offer) {
        self.is_stirred = true;
        self.answers.entry(offer.tenant).or_default().declined += u32::from(!offer.is_used);
        // Even one of no time holds in the round at hand.
        let until = now.after(self.rule.refuse_ms);
        let new = Refusal { until, amounts: Amounts::default() };
        let refusal = self.refused.entry((offer.tenant, offer.host)).or_insert(new);
        if refusal.until < until {
            *refusal = new;
        }
        refusal.amounts.add(&offer.amounts);
    }

    /// What became of offers since somebody asked last, by tenant.
    pub fn answers(&mut self) -> BTreeMap<TenantId, Answer> {
        let mut answers = std::mem::take(&mut self.answers);
        for (tenant, answer) in &mut answers {
            for offer in self.of(*tenant) {
                answer.held += 1;
                answer.amounts.add(&offer.amounts);
            }
        }
        answers
    }

    /// When the next round can be another than this, if nothing comes and no room does; `None`:
    /// never.
    pub fn next(&self, now: Time) -> Option<Time> {
        if self.is_stirred {
            return Some(self.round_after(now));
        }
        let refusals = self.refused.iter().filter(|((tenant, _), _)| self.waiting.contains(tenant));
        let refused = refusals.map(|(_, refusal)| refusal.until);
        let hoard_ms = self.rule.hoard_ms.unwrap_or(0);
        let held = self.all().map(|offer| offer.since.after(hoard_ms));
        let next = refused.chain(held).min()?;
        Some(self.round_from(next).max(self.round_after(now)))
    }
}

/// Whether one is no more than the other of anything.
fn is_part(one: &Amounts, other: &Amounts) -> bool {
    one.iter().zip(other).all(|(one, other)| one <= other)
}
