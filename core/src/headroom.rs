//! Headroom: whether one more service fits, and what is left of each resource. Asked by placing it, with
//! the scenario's own policy and rules, on a copy of the state: a sum of free space says nothing about
//! holes.

use crate::demand::FOR_GOOD_MS;
use crate::dice;
use crate::loss::{Losses, Scale};
use crate::placement::{Placer, Query};
use crate::resources::{Amounts, KINDS_MAX};
use crate::scenario::{DemandId, FlavorId, GroupRule, PoolId, Scenario, TenantId};
use crate::state::{GroupKey, HostStatus, Predicate, State, Vm};
use crate::time::Time;
use std::cmp::Ordering;

/// One more service.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What each instance takes.
    pub flavor: FlavorId,
    /// How many there are, at least 1.
    pub instances: u32,
    /// The demand or service that it is like: its pool, labels, rules, tenant and group; `None`: any host
    /// will do.
    pub like: Option<DemandId>,
    /// The share of each resource's capacity that must stay free, 0..1.
    pub buffer: f64,
}

impl Asked {
    /// The pool that it must run in; `None`: any.
    pub fn pool(&self, scenario: &Scenario) -> Option<PoolId> {
        scenario.demands[self.like?.row()].pool
    }
}

/// What is left at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// How many of the instances find a place, one after another; the first that does not ends it.
    pub fits: u32,
    /// How many such instances the free space of the hosts would hold, each host by itself, rules and
    /// buffer left aside.
    pub room: u64,
    /// What is free on hosts that take VMs, by column.
    pub free: Amounts,
    /// What all hosts of the pool can give out.
    pub capacity: Amounts,
}

impl Left {
    /// Whether the service finds its place, and leaves the buffer alone.
    pub fn has_room(&self, scenario: &Scenario, asked: &Asked) -> bool {
        let is_short = |column| self.is_short(scenario, asked, column);
        self.fits == asked.instances && !(0..scenario.kinds.len()).any(is_short)
    }

    /// Whether there is less free of a resource than the service takes in all and the buffer keeps.
    pub fn is_short(&self, scenario: &Scenario, asked: &Asked, column: usize) -> bool {
        let each = scenario.flavors[asked.flavor.row()].amounts[column];
        let kept = libm::ceil(self.capacity[column] as f64 * asked.buffer) as i64;
        let takes = each.saturating_mul(asked.instances.into());
        each > 0 && self.free[column] < takes.saturating_add(kept)
    }
}

/// Tries it. Cost: a copy of the state, and a decision for each instance.
pub fn left(scenario: &Scenario, state: &State, now: Time, asked: &Asked) -> Left {
    let mut state = state.clone();
    let flavor = &scenario.flavors[asked.flavor.row()];
    let pool = asked.pool(scenario);
    let mut left = Left { fits: 0, room: 0, free: [0; KINDS_MAX], capacity: [0; KINDS_MAX] };
    left.capacity = pool.map_or(state.hosts.total(), |pool| state.hosts.pool_total(pool)).capacity;
    let kinds = state.hosts.kinds();
    for host in state.hosts.ids().filter(|host| state.hosts.status(*host) == HostStatus::Up) {
        let is_here = |pool| scenario.host_types[state.hosts.host_type(host).row()].pool == pool;
        if !pool.is_none_or(is_here) {
            continue;
        }
        let free = |column: usize| state.hosts.free(host, column).max(0);
        for column in 0..kinds {
            left.free[column] += free(column);
        }
        let asks = (0..kinds).filter(|column| flavor.amounts[*column] > 0);
        let each = asks.map(|column| free(column) / flavor.amounts[column]).min();
        left.room += u64::try_from(each.unwrap_or(0)).unwrap_or(0);
    }
    let like = asked.like.map(|row| &scenario.demands[row.row()]);
    let predicate = Predicate {
        pool,
        labels: like.map(|demand| demand.labels.clone()).unwrap_or_default(),
        rules: like.map(|demand| demand.rules.clone()).unwrap_or_default(),
        cells: flavor.cells,
        image: None,
    };
    let tenant = like.map_or(TenantId::from_row(0), |demand| demand.tenant);
    let predicate = state.predicate(predicate);
    let demand = asked.like.unwrap_or(DemandId::from_row(0));
    let group: Option<GroupRule> = like.and_then(|demand| demand.group);
    let placer = Placer::new(scenario);
    let mut dice = dice::stream(scenario.seed, "headroom");
    for instance in 0..asked.instances {
        let mut ask = state.ask_of(&flavor.amounts, predicate, tenant);
        if let Some(rule) = group {
            // Groups of its own, that nothing else is in.
            let number = rule.size.map_or(0, |size| u64::from(instance) / u64::from(size));
            ask = state.ask_in_group(ask, GroupKey::Number(demand, u64::MAX - number), rule);
        }
        let query = Query { ask, now, stay_ms: FOR_GOOD_MS };
        let Ok(host) = placer.decide(&state, query, &mut dice) else { break };
        let spot = placer.device(&state, ask, host);
        let vm = Vm { request: u64::MAX, placed: now, host, ask, demand };
        state.start_on(vm, Time::from_ms(u64::MAX), spot);
        left.fits += 1;
    }
    left
}

/// The most hosts that [`spare_hosts`] loses.
pub const SPARE_MAX: u32 = 16;

/// The k of "N + k": the most hosts, up to [`SPARE_MAX`], that can be lost at once, those with the most on
/// them, and every smaller number too, so that each of their VMs finds another place. Cost: a decision for
/// each of those VMs, for each number.
pub fn spare_hosts(losses: &mut Losses<'_>) -> u32 {
    let is_survived = |hosts: &u32| {
        let survey = losses.survey(Scale::Largest(*hosts), |_, _| ());
        survey.losses > 0 && survey.survives()
    };
    (1..=SPARE_MAX).take_while(is_survived).count() as u32
}

/// Of a figure in several futures, where more is better: what all but 5 % of them reach, what half of them
/// do, and what only 5 % do. `None`: there is no future.
pub fn reached<T: Copy>(mut figures: Vec<T>, order: impl Fn(&T, &T) -> Ordering) -> Option<[T; 3]> {
    figures.sort_by(order);
    let most = figures.len().checked_sub(1)?;
    Some([5, 50, 95].map(|percent| figures[(figures.len() * percent / 100).min(most)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_reach_it() {
        assert_eq!(reached((1..=100).rev().collect(), i32::cmp), Some([6, 51, 96]));
        assert_eq!(reached(vec![3, 1, 2], i32::cmp), Some([1, 2, 3]));
        assert_eq!(reached(vec![7.5], f64::total_cmp), Some([7.5; 3]));
        assert_eq!(reached(Vec::new(), i32::cmp), None);
    }
}
