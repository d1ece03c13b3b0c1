//! Requests that wait for room: first come, first served, among those that fit.
//!
//! A request waits because no host took it. Until something changes on a host, none will: so when
//! room comes up on one host, only that host is looked at, once for each shape that waits. A
//! member of a group is looked at by itself, since room for it can come up anywhere.

use super::{Arrived, Comes, Event, Simulation};
use crate::fact::{Fact, Reason};
use crate::observe::Observer;
use crate::placement::filters::Filter;
use crate::resources::Amounts;
use crate::scenario::{Scenario, TenantId};
use crate::state::{Ask, HostId, ShapeId, State};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// A request that waits, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    arrived: Arrived,
    reason: Reason,
}

/// All that wait, by ticket: tickets count up, so the lowest came first.
#[derive(Debug)]
pub(super) struct WaitingRoom {
    tickets: BTreeMap<u32, Waiting>,
    ticket_next: u32,
    /// Tickets without a group.
    by_shape: BTreeMap<Key, BTreeSet<u32>>,
    /// Tickets of a group's member.
    grouped: BTreeSet<u32>,
    /// What waits for each pool. A request that any pool would do for waits for each.
    pub(super) by_pool: Vec<Amounts>,
}

impl WaitingRoom {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            tickets: BTreeMap::new(),
            ticket_next: 0,
            by_shape: BTreeMap::new(),
            grouped: BTreeSet::new(),
            by_pool: vec![Default::default(); scenario.pools.len()],
        }
    }

    fn enter(&mut self, state: &State, waiting: Waiting) -> u32 {
        let ticket = self.ticket_next;
        self.ticket_next += 1;
        match waiting.arrived.ask.group {
            None => {
                let key = key(state, &waiting.arrived);
                self.by_shape.entry(key).or_default().insert(ticket);
            }
            Some(_) => {
                self.grouped.insert(ticket);
            }
        }
        self.count(state, &waiting, 1);
        self.tickets.insert(ticket, waiting);
        ticket
    }

    fn leave(&mut self, state: &State, ticket: u32) -> Option<Waiting> {
        let waiting = self.tickets.remove(&ticket)?;
        let key = key(state, &waiting.arrived);
        self.grouped.remove(&ticket);
        if let Some(tickets) = self.by_shape.get_mut(&key) {
            tickets.remove(&ticket);
            if tickets.is_empty() {
                self.by_shape.remove(&key);
            }
        }
        self.count(state, &waiting, -1);
        Some(waiting)
    }

    fn count(&mut self, state: &State, waiting: &Waiting, sign: i64) {
        let shape = waiting.arrived.ask.shape;
        let amounts = state.shapes.get(shape).amounts;
        let pool = state.shapes.pool(shape);
        for (row, by_pool) in self.by_pool.iter_mut().enumerate() {
            if pool.is_none_or(|pool| pool.row() == row) {
                for (sum, amount) in by_pool.iter_mut().zip(amounts) {
                    *sum += sign * amount;
                }
            }
        }
    }

    /// The first that may fit after some news, from `from` on.
    fn first_fitting(&self, state: &State, news: &News, from: u32) -> Option<u32> {
        let may_fit = |ticket: u32| {
            let Arrived { ask, comes, .. } = self.tickets[&ticket].arrived;
            let filter = match comes {
                Comes::Copy => Filter::new(state, ask).counted(),
                _ => Filter::new(state, ask),
            };
            let has_new_place = news.moved.iter().any(|moved| {
                let is_mate = ask.group.is_some() && ask.group == moved.group;
                is_mate || state.tenancy.shares_quota(ask.tenant, moved.tenant)
            });
            let has_new_place = has_new_place || news.places_went && state.is_spread(ask);
            filter.quota().is_none()
                && (has_new_place || news.host.is_some_and(|host| filter.admits(host)))
        };
        let shapes = self.by_shape.values().filter_map(|tickets| tickets.range(from..).next());
        let first = shapes.copied().filter(|ticket| may_fit(*ticket)).min();
        let grouped = self.grouped.range(from..first.unwrap_or(u32::MAX));
        grouped.copied().find(|ticket| may_fit(*ticket)).or(first)
    }
}

/// What may have made room.
struct News {
    /// Something changed on this host.
    host: Option<HostId>,
    /// VMs of these asks have come or gone.
    moved: Vec<Ask>,
    /// A place may be none any more.
    places_went: bool,
}

/// Requests of one key have one answer: by shape, by tenant where that decides, and whether they
/// are copies of VMs that count already for a quota.
type Key = (ShapeId, Option<TenantId>, bool);

fn key(state: &State, arrived: &Arrived) -> Key {
    let Arrived { ask, comes, .. } = *arrived;
    let tenant = Some(ask.tenant).filter(|tenant| state.tenancy.decides(*tenant));
    (ask.shape, tenant, comes == Comes::Copy)
}

fn is_counted(arrived: &Arrived) -> bool {
    matches!(arrived.comes, Comes::First | Comes::Again)
}

impl Simulation {
    pub(super) fn wait(
        &mut self,
        now: Time,
        arrived: Arrived,
        reason: Reason,
        ms_max: u64,
        observer: &mut impl Observer,
    ) {
        let ticket = self.enter_room(arrived, reason);
        if self.services.own(arrived.demand) {
            self.services.wait(arrived.request, ticket);
        }
        if ms_max != u64::MAX {
            self.agenda.push(now.after(ms_max), Event::GiveUp(ticket));
        }
        let fact = Fact::Waiting { request: arrived.request, reason };
        observer.hear(now, &fact, &self.state);
    }

    /// Who waits, and is no VM that is down or a copy, counts as a request that waits.
    pub(super) fn enter_room(&mut self, arrived: Arrived, reason: Reason) -> u32 {
        self.state.waiting += u64::from(is_counted(&arrived));
        self.room.enter(&self.state, Waiting { arrived, reason })
    }

    pub(super) fn leave_room(&mut self, ticket: u32) -> Option<Waiting> {
        let waiting = self.room.leave(&self.state, ticket)?;
        self.state.waiting -= u64::from(is_counted(&waiting.arrived));
        Some(waiting)
    }

    /// A request has waited long enough: refused for the reason it began to wait for.
    pub(super) fn give_up(&mut self, now: Time, ticket: u32, observer: &mut impl Observer) {
        if let Some(waiting) = self.leave_room(ticket) {
            self.refuse(now, &waiting.arrived, waiting.reason, observer);
        }
    }

    /// A request gives its place in the waiting room up.
    pub(super) fn stop_waiting(&mut self, ticket: u32) -> Arrived {
        self.leave_room(ticket).expect("who has a ticket waits").arrived
    }

    /// Room may have come up: on one host, or (the VM of ask `moved` has gone, or come) anywhere
    /// for others of its group, and for its tenant where that has a quota.
    pub(super) fn serve_waiting(
        &mut self,
        now: Time,
        host: Option<HostId>,
        moved: Option<Ask>,
        observer: &mut impl Observer,
    ) {
        self.tell_host_rollouts(now, host, moved.as_slice());
        self.ask_scheduler(now);
        if !self.room.tickets.is_empty() {
            let moved = moved.into_iter().collect();
            self.serve(now, News { host, moved, places_went: false }, observer);
        }
    }

    /// A host has left service, maybe the last of its place, after a VM of ask `moved` left it:
    /// who is spread over places may have room elsewhere.
    pub(super) fn serve_after_retirement(
        &mut self,
        now: Time,
        moved: Option<Ask>,
        observer: &mut impl Observer,
    ) {
        self.tell_host_rollouts(now, None, moved.as_slice());
        if !self.room.tickets.is_empty() {
            let moved = moved.into_iter().collect();
            self.serve(now, News { host: None, moved, places_went: true }, observer);
        }
    }

    /// Hosts are down, maybe the last of their place, and so are VMs of these asks.
    pub(super) fn serve_after_failure(
        &mut self,
        now: Time,
        moved: &[Ask],
        observer: &mut impl Observer,
    ) {
        self.tell_host_rollouts(now, None, moved);
        if !self.room.tickets.is_empty() {
            let news = News { host: None, moved: moved.to_vec(), places_went: true };
            self.serve(now, news, observer);
        }
    }

    fn serve(&mut self, now: Time, mut news: News, observer: &mut impl Observer) {
        let mut from = 0;
        while let Some(ticket) = self.room.first_fitting(&self.state, &news, from) {
            from = ticket + 1;
            let arrived = self.room.tickets[&ticket].arrived;
            let decided = match arrived.comes {
                Comes::Copy => self.decide_copy(now, &arrived),
                _ => self.decide(now, &arrived),
            };
            let Ok(chosen) = decided else { continue };
            let waiting = self.leave_room(ticket).expect("the ticket was just found");
            match arrived.comes {
                Comes::Copy => self.begin_copy(now, &arrived, chosen, observer),
                _ => {
                    self.place(now, &waiting.arrived, chosen, observer);
                }
            }
            // One more where a group had fewest makes room for it elsewhere.
            if self.state.is_spread(arrived.ask) {
                news.moved.push(arrived.ask);
                from = 0;
            }
        }
    }
}
