//! Desks: who works on a request before it is placed.

use super::{Arrivals, Demand, Distribution, TenantId, id};
use crate::hours::Hours;
use crate::time::Time;

id!(/** A row of [`super::Scenario::desks`]. */ DeskId, "k", u32);

/// Operators, and what they do to a request. A desk that has a team for each tenant is several.
#[derive(Clone, Debug, PartialEq)]
pub struct Desk {
    /// What it is called; a tenant's team is called after both, as in `tickets (web)`.
    pub name: String,
    /// When anything happens here.
    pub hours: Hours,
    /// How long a request is looked at before it counts, ms of working time.
    pub approval: Distribution,
    /// How many work at a time, at least 1; `None`: as many as there are tickets.
    pub operators: Option<u32>,
    /// How long one is at a ticket, ms of working time.
    pub hands_on: Distribution,
    /// Tickets are taken up at multiples of so long since the start only, ms; `None`: any time.
    pub every_ms: Option<u64>,
    /// Whether tickets of higher priority are taken up first; else first come, first served.
    pub is_by_priority: bool,
}

/// A desk on a request's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// What the desk is called; names random streams.
    pub name: String,
    /// Its teams by whose tickets they work on, ascending; one of `None` works on all.
    pub teams: Vec<(Option<TenantId>, DeskId)>,
}

impl super::Scenario {
    /// Whether it is told where the time from request to ready goes: where requests go through
    /// desks, hosts fetch images, or boots can fail.
    pub fn tells_stages(&self) -> bool {
        let has_desks = self.demands.iter().any(|demand| !demand.stops.is_empty());
        has_desks || self.distribution.is_some() || self.tries_boots()
    }
}

impl Demand {
    /// From when on its requests go through desks: at once, or, where VMs are there at the start,
    /// from then on; `None`: never.
    pub fn desks_from(&self) -> Option<Time> {
        let is_there_at_start = matches!(self.arrivals, Arrivals::Alive(_));
        (!self.stops.is_empty()).then(|| Time::from_ms(u64::from(is_there_at_start)))
    }
}

impl Stop {
    /// Who works on a tenant's tickets.
    ///
    /// # Panics
    /// If nobody does.
    pub fn team(&self, tenant: TenantId) -> DeskId {
        let of = |team: &&(Option<TenantId>, DeskId)| team.0.is_none_or(|of| of == tenant);
        self.teams.iter().find(of).expect("the scenario check gives each tenant a team").1
    }
}
