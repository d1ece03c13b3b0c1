//! Nova: OpenStack's compute scheduler, weighers over what Placement admits.
//!
//! Source: `nova/weights.py`, `nova/scheduler/weights/*.py` and `nova/scheduler/utils.py` at
//! 00a03040; Placement's capacity rule at 7ad9ef07. Each weigher gives every candidate a raw
//! weight; [`normalise`] brings them to 0..=1 over the candidates; a host's weight is the sum of
//! multiplier × normalised, in the order of the weighers. The highest wins, ties go to the lowest
//! index. A single candidate is taken unweighed.
//!
//! A scenario can use the CPU, disk and RAM weighers, and through its groups those of soft affinity
//! and soft anti-affinity, whose multipliers are Nova's defaults, 1 each: a group's own weights do
//! not count. Preferences that Nova has no weigher for come first, as with any policy. What the
//! other weighers look at a scenario cannot say: their formulas are here for validation cases. The
//! weights depend on who else is a candidate, so no score can be kept; cost: two passes over the
//! classes of hosts that have room, for each weigher.

use super::account::{Account, Cell, Scorer, Wants};
use super::filters::Filter;
use super::mates::Mates;
use super::scan;
use crate::resources::Kinds;
use crate::scenario::{Level, NovaWeigher, Scenario};
use crate::state::{Ask, Columns, HostId, State};

/// The multipliers of the soft affinity and soft anti-affinity weighers.
const TOGETHERNESS: f64 = 1.0;

/// What the scenario's hosts have and keep, by host type: what raw weights are made of.
#[derive(Debug)]
pub struct Inventory {
    /// By host type, by column.
    total: Vec<crate::resources::Amounts>,
    effective: Vec<crate::resources::Amounts>,
    reserved: Vec<crate::resources::Amounts>,
}

impl Inventory {
    /// Of a scenario's host types.
    pub fn new(scenario: &Scenario) -> Self {
        let models = || scenario.host_types.iter().map(|t| &scenario.models[t.model.row()]);
        Self {
            total: models().map(|model| model.total).collect(),
            effective: models().map(|model| model.effective).collect(),
            reserved: models().map(|model| model.reserved).collect(),
        }
    }

    /// What a weigher makes of a row.
    fn raw(&self, weigher: &NovaWeigher, columns: &Columns, row: usize) -> f64 {
        let (column, host_type) = (weigher.column, columns.host_type(row).row());
        let total = self.total[host_type][column] as f64;
        let effective = self.effective[host_type][column];
        let reserved = self.reserved[host_type][column];
        let used = (effective - columns.free(row, column)) as f64;
        if !weigher.is_overcommitted {
            return free(total, reserved as f64 + used);
        }
        // What is reserved is not taken off: `total × ratio`, from `(total − reserved) × ratio`.
        let unreserved = total - reserved as f64;
        let whole = if reserved == 0 || unreserved <= 0.0 {
            effective as f64
        } else {
            effective as f64 * total / unreserved
        };
        free(whole, used)
    }
}

/// The host that weighs most.
pub fn choose(
    state: &State,
    ask: Ask,
    weighers: &[NovaWeigher],
    inventory: &Inventory,
) -> Option<HostId> {
    // Soft affinity on hosts is a weigher of its own.
    let mut filter = Filter::new(state, ask).but_level(Level::Host);
    scan::narrow(state, &mut filter);
    let mates = Mates::new(state, ask).filter(|mates| near_hosts(mates) != 0);
    let (candidates, columns) = match mates {
        None => (scan::candidates(state, &filter), scan::columns(state)),
        Some(_) => (scan::hosts(state, &filter), state.hosts.columns()),
    };
    let mut weights = vec![0.0; candidates.len()];
    for weigher in weighers {
        let raw = |candidate: &scan::Candidate| inventory.raw(weigher, columns, candidate.row);
        let mut raw: Vec<f64> = candidates.iter().map(raw).collect();
        normalise(&mut raw, Some(0.0));
        for (weight, raw) in weights.iter_mut().zip(raw) {
            *weight += weigher.multiplier * raw;
        }
    }
    if let Some(mates) = mates {
        let is_apart = near_hosts(&mates) < 0;
        let there = |candidate: &scan::Candidate| mates.there(Level::Host, candidate.host);
        let raw = candidates.iter().map(|candidate| togetherness(there(candidate), is_apart));
        let mut raw: Vec<f64> = raw.collect();
        normalise(&mut raw, None);
        for (weight, raw) in weights.iter_mut().zip(raw) {
            *weight += TOGETHERNESS * raw;
        }
    }
    scan::heaviest(&candidates, &weights)
}

/// What a group's soft affinity on hosts counts; below 0 it is anti-affinity.
fn near_hosts(mates: &Mates<'_>) -> i64 {
    mates.group().rule.near[Level::Host.row()]
}

/// What the weighers say of hosts that are candidates.
pub fn account(
    state: &State,
    ask: Ask,
    weighers: &[NovaWeigher],
    inventory: &Inventory,
    hosts: &[HostId],
    kinds: &Kinds,
) -> Account {
    let mut filter = Filter::new(state, ask).but_level(Level::Host);
    scan::narrow(state, &mut filter);
    let all: Vec<HostId> =
        scan::hosts(state, &filter).iter().map(|candidate| candidate.host).collect();
    let columns = state.hosts.columns();
    let mates = Mates::new(state, ask).filter(|mates| near_hosts(mates) != 0);
    let together = |host: HostId| {
        let mates = mates.as_ref()?;
        Some(togetherness(mates.there(Level::Host, host), near_hosts(mates) < 0))
    };
    let mut togetherness: Vec<f64> = all.iter().filter_map(|host| together(*host)).collect();
    normalise(&mut togetherness, None);
    let column = |weigher: &NovaWeigher| {
        let raw = all.iter().map(|host| inventory.raw(weigher, columns, host.row()));
        let mut weights: Vec<f64> = raw.collect();
        normalise(&mut weights, Some(0.0));
        weights
    };
    let normalised: Vec<Vec<f64>> = weighers.iter().map(column).collect();
    let scorer = |weigher: &NovaWeigher| {
        let resource = kinds.name(weigher.column);
        let words = match weigher.is_overcommitted {
            true => format!("{resource} left, overcommit included"),
            false => format!("{resource} left, without overcommit"),
        };
        Scorer { weight: Some(weigher.multiplier), ..Scorer::plain(resource, words, Wants::Most) }
    };
    let of_mates = mates.iter().map(|mates| {
        let (name, words) = match near_hosts(mates) > 0 {
            true => ("soft-affinity", "members of its group"),
            false => ("soft-anti-affinity", "members of its group, negative"),
        };
        Scorer { weight: Some(TOGETHERNESS), ..Scorer::plain(name, words, Wants::Most) }
    });
    let scorers = weighers.iter().map(scorer).chain(of_mates).collect();
    Account::summed(scorers, hosts, |host| {
        let place = all.binary_search(&host).ok();
        let cell = |(weigher, column): (&NovaWeigher, &Vec<f64>)| {
            let raw = inventory.raw(weigher, columns, host.row());
            match place {
                Some(place) => Cell::weighted(raw, column[place], weigher.multiplier),
                None => Cell::plain(raw),
            }
        };
        let of_mates = together(host).map(|raw| match place {
            Some(place) => Cell::weighted(raw, togetherness[place], TOGETHERNESS),
            None => Cell::plain(raw),
        });
        weighers.iter().zip(&normalised).map(cell).chain(of_mates).collect()
    })
}

/// Whether Placement gives out so much more: `used + asked ≤ (total − reserved) × ratio`, between
/// the unit bounds and in whole steps.
pub fn has_capacity(inventory: &Stock, used: i64, asked: i64) -> bool {
    let limit = (inventory.total - inventory.reserved) as f64 * inventory.ratio;
    asked == 0
        || (inventory.unit_min..=inventory.unit_max).contains(&asked)
            && asked % inventory.step == 0
            && (used + asked) as f64 <= limit
}

/// What Placement knows of one resource of one host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stock {
    /// Physical amount.
    pub total: i64,
    /// Kept back.
    pub reserved: i64,
    /// Overcommit.
    pub ratio: f64,
    /// The least that one request may ask for.
    pub unit_min: i64,
    /// The most.
    pub unit_max: i64,
    /// What a request must be a multiple of, from 1 up.
    pub step: i64,
}

/// Raw weight of the RAM, CPU and disk weighers: what is left. RAM knows no overcommit and counts
/// the reserve as used; CPU is total × ratio and knows no reserve.
pub fn free(total: f64, used: f64) -> f64 {
    total - used
}

/// Raw weight of the soft affinity weigher (how many of the group are on the host) and, with
/// `is_apart`, of the soft anti-affinity weigher.
pub fn togetherness(members: u32, is_apart: bool) -> f64 {
    let members = f64::from(members);
    if is_apart && members > 0.0 { -members } else { members }
}

/// The multiplier that counts on a host: the least of those that its aggregates set, if all of
/// them are numbers; else the configured one.
pub fn multiplier(configured: f64, of_aggregates: &[String]) -> f64 {
    let parsed: Result<Vec<f64>, _> =
        of_aggregates.iter().map(|text| text.trim().parse::<f64>()).collect();
    let least = parsed.ok().and_then(|all| all.into_iter().reduce(f64::min));
    least.unwrap_or(configured)
}

/// Raw weights to 0..=1: `(w − min) / (max − min)`, all 0 if these are equal. With a floor (RAM,
/// CPU, disk and IO weighers: 0) weights below it are lifted to it and it is the minimum, so that
/// equal weights above it become 1, not 0.
pub fn normalise(weights: &mut [f64], floor: Option<f64>) {
    if let Some(floor) = floor {
        weights.iter_mut().for_each(|weight| *weight = weight.max(floor));
    }
    let most = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let least = floor.unwrap_or_else(|| weights.iter().copied().fold(f64::INFINITY, f64::min));
    for weight in weights {
        *weight = if most == least { 0.0 } else { (*weight - least) / (most - least) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_weights_are_1_over_a_floor_and_0_without() {
        let check = |weights: &[f64], floor, expected: &[f64]| {
            let mut weights = weights.to_vec();
            normalise(&mut weights, floor);
            assert_eq!(weights, expected);
        };
        check(&[4.0, 4.0], Some(0.0), &[1.0, 1.0]);
        check(&[4.0, 4.0], None, &[0.0, 0.0]);
        check(&[-2.0, 4.0, 1.0], Some(0.0), &[0.0, 1.0, 0.25]);
        check(&[-2.0, 2.0, 1.0], None, &[0.0, 1.0, 0.75]);
        check(&[-2.0, -3.0], Some(0.0), &[0.0, 0.0]);
    }

    #[test]
    fn the_least_multiplier_of_the_aggregates_counts() {
        let check = |of_aggregates: &[&str], expected| {
            let texts: Vec<String> = of_aggregates.iter().map(|text| (*text).into()).collect();
            assert_eq!(multiplier(1.0, &texts), expected);
        };
        check(&[], 1.0);
        check(&["3", "-1"], -1.0);
        check(&["3", "much"], 1.0);
    }

    #[test]
    fn capacity_is_by_unit_step_and_ratio() {
        let stock = Stock { total: 10, reserved: 2, ratio: 1.5, unit_min: 2, unit_max: 8, step: 2 };
        let fits = |used, asked| has_capacity(&stock, used, asked);
        assert!(fits(4, 8) && fits(99, 0) && fits(10, 2));
        assert!(!fits(5, 8) && !fits(0, 1) && !fits(0, 3) && !fits(0, 10));
    }
}
