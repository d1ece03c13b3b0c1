//! Sizing: the smallest fleet, or the cheapest mix of host models, that meets the expectations.
//!
//! Whether a fleet will do is found by running it; who runs it, and with how many seeds, is the
//! caller's. A larger fleet does nearly always where a smaller one does, but not always: packing has
//! its anomalies. So the search by halves is followed by all numbers between the lower bound and what
//! was found, where these are few, and says whether it looked at all of them.

use crate::report::Report;
use crate::resources::Amounts;
use crate::scenario::{
    Arrivals, Bound, Demand, Distribution, Expectation, HostSpec, HostTypeId, PoolId, Scenario,
    WhenFull,
};
use std::collections::BTreeMap;

/// The most fleets between the lower bound and the one found that are looked at one by one.
const GAP_MAX: u32 = 64;

/// The most cheaper mixes that are run one by one.
const MIXES_MAX: usize = 400;

/// The most cheaper mixes that are put in order of price, and the most steps to find them.
const LISTED_MAX: usize = 100_000;
const STEPS_MAX: u32 = 5_000_000;

/// The figures of a fleet itself, which say nothing about whether it will do.
const OF_THE_FLEET: [&str; 6] =
    ["hosts", "peak-hosts", "orders", "ordered-price", "hosts-emptied", "hosts-handed-over"];

/// The scenario with this fleet in a pool and nothing that changes its size: no growth, no orders.
/// Hosts stand in the pool's racks in turn, as counted hosts do.
pub fn with_fleet(scenario: &Scenario, pool: PoolId, fleet: &[(HostTypeId, u32)]) -> Scenario {
    let mut sized = scenario.clone();
    let is_here = |host_type: HostTypeId| scenario.host_types[host_type.row()].pool == pool;
    sized.hosts.retain(|host| !is_here(host.host_type));
    sized.growth.retain(|growth| !is_here(growth.host_type));
    sized.procurement.retain(|rule| !is_here(rule.host_type));
    sized.orders.retain(|order| !is_here(order.host_type));
    let racks = &scenario.pools[pool.row()].racks;
    let types = fleet.iter().flat_map(|(host_type, count)| (0..*count).map(|_| *host_type));
    for (place, host_type) in types.enumerate() {
        let rack = racks[place % racks.len()];
        sized.hosts.push(HostSpec { name: None, host_type, rack, age_ms: 0 });
    }
    sized
}

/// What a fleet must do: the scenario's expectations but for those of the fleet itself; where none
/// is left, that nothing is refused and nothing waits at the end.
pub fn goals(scenario: &mut Scenario) -> Goals {
    let is_of_fleet = |of: &Expectation| OF_THE_FLEET.contains(&of.metric.as_str());
    let out = scenario.expectations.iter().filter(|of| is_of_fleet(of));
    let left_out = out.map(|of| of.metric.clone()).collect();
    scenario.expectations.retain(|of| !is_of_fleet(of));
    let are_implied = scenario.expectations.is_empty();
    if are_implied {
        let none = |metric: &str| Expectation {
            metric: metric.to_owned(),
            demand: None,
            at_most: Some(Bound::Value(0.0)),
            at_least: None,
        };
        scenario.expectations = vec![none("refused"), none("waiting")];
    }
    let refuses_none = scenario.expectations.iter().any(|of| {
        let is_none =
            matches!(of.at_most, Some(Bound::Value(most) | Bound::Share(most)) if most == 0.0);
        of.metric == "refused" && of.demand.is_none() && is_none
    });
    let waits = |demand: &Demand| matches!(demand.when_full, WhenFull::Wait { .. });
    let are_strict =
        refuses_none && scenario.pools.len() == 1 && !scenario.demands.iter().any(waits);
    Goals { left_out, are_implied, are_strict }
}

/// How the goals came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goals {
    /// Expectations that are about the fleet itself, and were left out.
    pub left_out: Vec<String>,
    /// Whether nobody expected anything, so that all must find room.
    pub are_implied: bool,
    /// Whether whatever holds has held the very same VMs at the same times, so that what one fleet
    /// held bounds all: nothing may be refused, nothing waits, and there is no other pool.
    pub are_strict: bool,
}

/// Whether seeds make no difference but for the policy's own draws: every request stands in a trace,
/// boots take their time and no more, and nothing fails, is fetched, served, scheduled or looked at
/// by people.
pub fn draws_nothing(scenario: &Scenario) -> bool {
    let is_given = |demand: &Demand| {
        matches!(demand.arrivals, Arrivals::Trace(_))
            && matches!(demand.boot, Distribution::Constant(_))
            && demand.stops.is_empty()
    };
    scenario.demands.iter().all(is_given)
        && scenario.failures.is_none()
        && scenario.services.is_empty()
        && scenario.batch.is_none()
        && scenario.distribution.is_none()
        && scenario.dependencies.is_empty()
        && scenario.host_rollouts.list.is_empty()
        && scenario.pool_migrations.is_empty()
        && scenario.hand_overs.is_empty()
        && scenario.growth.is_empty()
        && scenario.procurement.is_empty()
        && scenario.orders.is_empty()
        && scenario.uncertain.is_empty()
        && scenario.placement.predictions.is_none()
        && scenario.defrag.every_ms.is_none()
        && scenario.flavors.iter().all(|flavor| flavor.memory_use.is_none())
}

/// What the run of a fleet said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Whether it will do.
    pub holds: bool,
    /// Whether anything found no room at once: if not, more hosts change nothing.
    pub is_short: bool,
    /// Hosts that no fleet does without; 0 where nothing says so.
    pub bound: u32,
}

impl Probe {
    /// Of one run, for such goals.
    pub fn of(report: &Report, goals: &Goals) -> Self {
        Self {
            holds: report.is_held(),
            is_short: report.refused > 0 || !report.waited_by.is_empty() || report.lost > 0,
            bound: match report.hosts_lower_bound.filter(|_| goals.are_strict) {
                Some(bound) => u32::try_from(bound).unwrap_or(u32::MAX),
                None => 0,
            },
        }
    }

    /// Of several seeds: what all hold, and what one of them needs.
    pub fn and(self, other: Self) -> Self {
        Self {
            holds: self.holds && other.holds,
            is_short: self.is_short || other.is_short,
            bound: self.bound.max(other.bound),
        }
    }
}

/// The smallest fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Least {
    /// There is one.
    Hosts(Found),
    /// Everything has room with so many hosts, and still an expectation is missed, as it is with
    /// fewer.
    NoHelp(u32),
    /// Not even so many will do.
    TooFew(u32),
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Hosts.
    pub hosts: u32,
    /// Hosts that no fleet does without; 0 where nothing says so.
    pub bound: u32,
    /// Whether every number from the bound on was looked at, so that none was missed.
    pub is_exhaustive: bool,
}

/// Finds the smallest number of hosts, at most `most`, that holds: doubling from `start`, then by
/// halves, then one by one. `probe` is asked at most once for each number.
///
/// # Errors
/// The first of `probe`.
pub fn least<E>(
    start: u32,
    most: u32,
    mut probe: impl FnMut(u32) -> Result<Probe, E>,
) -> Result<Least, E> {
    let mut asked: BTreeMap<u32, Probe> = BTreeMap::new();
    let mut ask = |hosts: u32| -> Result<Probe, E> {
        if let Some(known) = asked.get(&hosts) {
            return Ok(*known);
        }
        let said = probe(hosts)?;
        asked.insert(hosts, said);
        Ok(said)
    };
    let (mut low, mut high) = (0, start.clamp(1, most.max(1)));
    let mut said = ask(high)?;
    while !said.holds && said.is_short {
        if high >= most {
            return Ok(Least::TooFew(high));
        }
        low = high;
        high = high.saturating_mul(2).clamp(said.bound.min(most), most);
        said = ask(high)?;
    }
    // Everything has room, and yet something is missed. If a fleet will do, it is a smaller one, too
    // small for nobody: up from where something is short, down from where it is not.
    let enough = high;
    while !said.holds {
        if high - low <= 1 {
            return Ok(Least::NoHelp(enough));
        }
        let middle = low + (high - low) / 2;
        said = ask(middle)?;
        match !said.holds && said.is_short {
            true => low = middle,
            false => high = middle,
        }
    }
    // Just below the bound is where most searches end: one look often saves ten.
    let bound = said.bound.min(high);
    if bound > low + 1 {
        match ask(bound - 1)?.holds {
            true => high = bound - 1,
            false => low = bound - 1,
        }
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match ask(middle)?.holds {
            true => high = middle,
            false => low = middle,
        }
    }
    let bound = ask(high)?.bound.min(high);
    let is_exhaustive = high - bound <= GAP_MAX;
    if is_exhaustive {
        for hosts in bound.max(1)..high {
            if ask(hosts)?.holds {
                high = hosts;
                break;
            }
        }
    }
    Ok(Least::Hosts(Found { hosts: high, bound, is_exhaustive }))
}

/// A host model that can be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What one of it can give out.
    pub capacity: Amounts,
    /// What one costs, in hundredths, above 0.
    pub price_cents: u64,
}

/// How many of each offer.
pub type Mix = Vec<u32>;

/// A mix and how far it was proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cheapest {
    /// How many of each offer.
    pub mix: Mix,
    /// Price of all, in hundredths.
    pub price_cents: u128,
    /// Whether every cheaper mix that has enough of every resource was run, and failed.
    pub is_proved: bool,
    /// How many mixes were looked at.
    pub probes: u32,
}

/// What a mix costs, in hundredths.
pub fn price(offers: &[Offer], mix: &[u32]) -> u128 {
    let each = offers.iter().zip(mix);
    each.map(|(offer, count)| u128::from(offer.price_cents) * u128::from(*count)).sum()
}

/// Whether a mix has as much of every resource as is needed at the peak.
pub fn has_volume(offers: &[Offer], mix: &[u32], needed: &Amounts) -> bool {
    (0..needed.len()).all(|resource| {
        let each = offers.iter().zip(mix);
        let sum: i128 = each
            .map(|(offer, count)| i128::from(offer.capacity[resource]) * i128::from(*count))
            .sum();
        sum >= i128::from(needed[resource])
    })
}

/// Makes a mix that holds cheaper. `known` holds: fleets of one model, say. `propose` gives the
/// cheapest mix with `factor` times the volume needed (a solver's work); `holds` runs a mix.
///
/// First the least factor is sought by halves for which the proposal holds; then hosts are taken
/// from the cheapest mix known, the dearest model first, as long as it holds; at last cheaper mixes
/// with enough volume are run, the cheapest first, until one holds or [`MIXES_MAX`] have failed.
///
/// # Errors
/// The first of `holds`.
pub fn cheapest<E>(
    offers: &[Offer],
    needed: &Amounts,
    known: Mix,
    propose: impl Fn(f64) -> Option<Mix>,
    mut holds: impl FnMut(&[u32]) -> Result<bool, E>,
) -> Result<Cheapest, E> {
    let mut asked: BTreeMap<Mix, bool> = BTreeMap::new();
    asked.insert(known.clone(), true);
    let mut ask = |mix: &[u32]| -> Result<bool, E> {
        if let Some(known) = asked.get(mix) {
            return Ok(*known);
        }
        let said = holds(mix)?;
        asked.insert(mix.to_vec(), said);
        Ok(said)
    };
    let mut best = known;
    let (mut low, mut high) = (1.0_f64, 2.0_f64);
    for round in 0..9 {
        let factor = if round == 0 { low } else { (low + high) / 2.0 };
        let Some(mix) = propose(factor) else { break };
        let is_cheaper = price(offers, &mix) < price(offers, &best);
        if !is_cheaper || ask(&mix)? {
            if is_cheaper {
                best = mix;
            }
            high = factor;
        } else {
            low = factor;
        }
    }
    let mut by_price: Vec<usize> = (0..offers.len()).collect();
    by_price.sort_by_key(|row| std::cmp::Reverse(offers[*row].price_cents));
    for row in by_price {
        while best[row] > 0 {
            let mut fewer = best.clone();
            fewer[row] -= 1;
            if !has_volume(offers, &fewer, needed) || !ask(&fewer)? {
                break;
            }
            best = fewer;
        }
    }
    let cheaper = cheaper_mixes(offers, needed, price(offers, &best));
    let mut is_proved = cheaper.is_some();
    for (row, mix) in cheaper.unwrap_or_default().into_iter().enumerate() {
        if row == MIXES_MAX {
            is_proved = false;
            break;
        }
        if ask(&mix)? {
            best = mix;
            break;
        }
    }
    let price_cents = price(offers, &best);
    Ok(Cheapest { mix: best, price_cents, is_proved, probes: asked.len() as u32 - 1 })
}

/// All mixes with enough volume that cost less, the cheapest first; `None` if they are too many.
fn cheaper_mixes(offers: &[Offer], needed: &Amounts, below: u128) -> Option<Vec<Mix>> {
    let mut found: Vec<(u128, Mix)> = Vec::new();
    let mut steps = 0;
    let mut mix = vec![0_u32; offers.len()];
    loop {
        steps += 1;
        if steps > STEPS_MAX {
            return None;
        }
        if price(offers, &mix) < below {
            if has_volume(offers, &mix, needed) {
                found.push((price(offers, &mix), mix.clone()));
                if found.len() > LISTED_MAX {
                    return None;
                }
            }
            mix[0] += 1;
            continue;
        }
        // As a counter does: the first digit is full, so it begins anew and the next one goes on.
        let Some(digit) = mix.iter().position(|count| *count > 0) else { break };
        mix[digit] = 0;
        match mix.get_mut(digit + 1) {
            Some(next) => *next += 1,
            None => break,
        }
    }
    found.sort();
    Some(found.into_iter().map(|(_, mix)| mix).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn probe(holds: bool, bound: u32) -> Probe {
        Probe { holds, is_short: !holds, bound }
    }

    fn found(start: u32, holds: impl Fn(u32) -> bool, bound: u32) -> Found {
        let mut probes = 0;
        let said = least(start, 1_000, |hosts| {
            probes += 1;
            Ok::<_, Infallible>(probe(holds(hosts), bound))
        });
        assert!(probes < 80, "{probes}");
        match said.unwrap() {
            Least::Hosts(found) => found,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_search_ends_where_counting_up_would() {
        for truth in 1..200_u32 {
            for start in [1, 7, 100, 900] {
                let found = found(start, |hosts| hosts >= truth, truth.saturating_sub(3));
                assert_eq!(found.hosts, truth, "from {start}");
                assert!(found.is_exhaustive, "{found:?}");
            }
        }
    }

    #[test]
    fn a_fleet_below_one_that_fails_is_found_where_the_gap_is_small() {
        // 20 will do, 21 to 24 will not, 25 and more will.
        let holds = |hosts| hosts == 20 || hosts >= 25;
        assert_eq!(found(40, holds, 18).hosts, 20);
        let far = found(40, |hosts| hosts == 100 || hosts >= 300, 10);
        assert_eq!((far.hosts, far.is_exhaustive), (300, false));
    }

    #[test]
    fn a_fleet_that_is_too_large_is_made_smaller() {
        // Below 40 something is short; above 60 too much stands idle.
        for start in [1, 7, 45, 61, 900] {
            let ask = |hosts| {
                let holds = (40..=60).contains(&hosts);
                Ok::<_, Infallible>(Probe { holds, is_short: hosts < 40, bound: 0 })
            };
            match least(start, 1_000, ask).unwrap() {
                Least::Hosts(found) => assert_eq!(found.hosts, 40, "from {start}"),
                other => panic!("from {start}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_hosts_cannot_help_is_told() {
        let never = |is_short| {
            let probe = Probe { holds: false, is_short, bound: 0 };
            least(5, 100, |_| Ok::<_, Infallible>(probe)).unwrap()
        };
        assert_eq!(never(false), Least::NoHelp(5));
        assert_eq!(never(true), Least::TooFew(100));
    }

    fn offer(cpu: i64, memory: i64, price_cents: u64) -> Offer {
        let mut capacity = Amounts::default();
        (capacity[0], capacity[1]) = (cpu, memory);
        Offer { capacity, price_cents }
    }

    #[test]
    fn the_cheapest_mix_is_the_one_that_all_mixes_have() {
        let offers = [offer(8, 32, 300), offer(16, 32, 400), offer(8, 96, 500)];
        let mut needed = Amounts::default();
        for (cpu, memory) in [(40, 100), (100, 40), (33, 300), (7, 7), (64, 257)] {
            (needed[0], needed[1]) = (cpu, memory);
            // A rule that volume does not know: two hosts at least.
            let holds =
                |mix: &[u32]| has_volume(&offers, mix, &needed) && mix.iter().sum::<u32>() >= 2;
            let known = vec![0, 0, 100];
            let said =
                cheapest(&offers, &needed, known, |_| None, |mix| Ok::<_, Infallible>(holds(mix)));
            let said = said.unwrap();
            let mut all = Vec::new();
            for (a, b) in (0..15).flat_map(|a| (0..15).map(move |b| (a, b))) {
                all.extend((0..15).map(|c| vec![a, b, c]).filter(|mix| holds(mix)));
            }
            let truth = all.iter().map(|mix| price(&offers, mix)).min().unwrap();
            assert!(said.price_cents == truth && said.is_proved, "{said:?} {truth}");
        }
    }
}
