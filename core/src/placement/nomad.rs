//! Nomad: HashiCorp's scheduler, a fit score and the mean of what else has a say.
//!
//! Source: the formulas of Nomad at aa026cc9 (`ScoreFitBinPack`, `ScoreFitSpread` and the ranking
//! iterators), written anew: Nomad's licence is the BUSL. A node's score is the mean of the scores
//! that apply, in the order fit, job anti-affinity, node affinity, spread. Only some nodes are
//! visited, in random order: [`visited`]. The highest score wins, ties go to the node first seen.
//!
//! A scenario's request is a job with one allocation, so of the scores only the fit applies to it;
//! the others are formulas for validation cases. Cost: one pass over the hosts to draw from, or
//! over the classes of hosts when all are visited (ties then go to the lowest index).

use super::account::{Account, Cell, Scorer, Wants};
use super::random::below;
use super::scan;
use crate::resources::Amounts;
use crate::scenario::{NomadAlgorithm, NomadRule, NomadWalk};
use crate::state::{Ask, Columns, HostId, State};
use rand::Rng;
use std::collections::{BTreeMap, VecDeque};

/// The host with the highest score among those visited.
pub fn choose(state: &State, ask: Ask, rule: &NomadRule, dice: &mut dyn Rng) -> Option<HostId> {
    let filter = scan::choosy(state, ask);
    let score = |columns: &Columns, row: usize| {
        let effective = state.hosts.effective_of(columns.host_type(row));
        let share = |column: Option<usize>| {
            column
                .map_or(1.0, |column| free_share(filter.amounts(), effective, columns, row, column))
        };
        fit(rule.algorithm, share(rule.cpu), share(rule.memory))
    };
    let service = match rule.walk {
        NomadWalk::All => {
            let (candidates, columns) = (scan::candidates(state, &filter), scan::columns(state));
            let scores: Vec<f64> =
                candidates.iter().map(|candidate| score(columns, candidate.row)).collect();
            return scan::heaviest(&candidates, &scores);
        }
        NomadWalk::Batch => false,
        NomadWalk::Service => true,
    };
    let mut fitting: Vec<HostId> = state.hosts.ids().filter(|host| filter.admits(*host)).collect();
    // The nodes of the pool, whether they have room or not.
    let nodes = match state.shapes.pool(ask.shape) {
        Some(pool) => state.hosts.pool_total(pool).hosts,
        None => state.hosts.total().hosts,
    };
    let mut next = 0;
    let drawn = std::iter::from_fn(|| {
        let left = fitting.len() - next;
        (left > 0).then(|| {
            fitting.swap(next, next + below(dice, left));
            next += 1;
            let host = fitting[next - 1];
            (host, score(state.hosts.columns(), host.row()))
        })
    });
    best(&visited(drawn, limit(nodes as usize, service)))
}

/// The components of the score of hosts. A scenario's request has but one, the fit.
pub fn account(state: &State, ask: Ask, rule: &NomadRule, hosts: &[HostId]) -> Account {
    let words = match rule.algorithm {
        NomadAlgorithm::Binpack => "0 when empty to 1 when full, cpu and memory",
        NomadAlgorithm::Spread => "0 when full to 1 when empty, cpu and memory",
    };
    let (asked, columns) = (&state.shapes.get(ask.shape).amounts, state.hosts.columns());
    Account::compared(vec![Scorer::plain("fit", words, Wants::Most)], hosts, |host| {
        let effective = state.hosts.effective(host);
        let share = |column: Option<usize>| {
            column.map_or(1.0, |column| free_share(asked, effective, columns, host.row(), column))
        };
        vec![Cell::plain(fit(rule.algorithm, share(rule.cpu), share(rule.memory)))]
    })
}

/// What share of a resource will be free; 1 of what a host does not have.
fn free_share(
    asked: &Amounts,
    effective: &Amounts,
    columns: &Columns,
    row: usize,
    column: usize,
) -> f64 {
    let used = effective[column] - columns.free(row, column) + asked[column];
    share_free(used, effective[column])
}

/// What share will be free of what a node can give out, when so much of it is used; 1 if it has
/// none to give.
pub fn share_free(used: i64, available: i64) -> f64 {
    if available == 0 { 1.0 } else { 1.0 - used as f64 / available as f64 }
}

/// The fit 0..=1 of a node by its free shares: best when full (binpack) or when empty (spread).
pub fn fit(algorithm: NomadAlgorithm, cpu_free: f64, memory_free: f64) -> f64 {
    let total = libm::pow(10.0, cpu_free) + libm::pow(10.0, memory_free);
    let score = match algorithm {
        NomadAlgorithm::Binpack => 20.0 - total,
        NomadAlgorithm::Spread => total - 2.0,
    };
    score.clamp(0.0, 18.0) / 18.0
}

/// How many nodes with room are visited of a cluster of `nodes`: two for a batch job, the binary
/// logarithm rounded up, at least two, for a service.
pub fn limit(nodes: usize, is_service: bool) -> usize {
    match is_service {
        true => (nodes.max(1).next_power_of_two().ilog2() as usize).max(2),
        false => 2,
    }
}

/// How many are visited when affinities or spreads have a say.
pub fn limit_with_preferences(count: usize) -> usize {
    count.max(100)
}

/// The options that are looked at, in order. Up to three with a score of 0 or less are set aside
/// and come last, if fewer than the limit came before them.
pub fn visited<T: Copy>(options: impl Iterator<Item = (T, f64)>, limit: usize) -> Vec<(T, f64)> {
    const ASIDE_MAX: usize = 3;
    let (mut seen, mut aside, mut set_aside) = (Vec::new(), VecDeque::new(), 0);
    let mut options = options.fuse();
    while seen.len() < limit {
        let mut option = options.next().or_else(|| aside.pop_front());
        // One that comes back is set aside anew while fewer than three were: of two, the second
        // comes first.
        while set_aside < ASIDE_MAX && option.is_some_and(|(_, score)| score <= 0.0) {
            aside.extend(option);
            set_aside += 1;
            option = options.next();
        }
        let Some(option) = option.or_else(|| aside.pop_front()) else { break };
        seen.push(option);
    }
    seen
}

/// The option with the highest score; ties go to the first.
pub fn best<T: Copy>(visited: &[(T, f64)]) -> Option<T> {
    let mut best: Option<(T, f64)> = None;
    for (option, score) in visited {
        if best.is_none_or(|(_, highest)| *score > highest) {
            best = Some((*option, *score));
        }
    }
    best.map(|(option, _)| option)
}

/// The mean of the scores that apply, added up in order.
pub fn mean(scores: &[f64]) -> f64 {
    scores.iter().fold(0.0, |sum, score| sum + score) / scores.len() as f64
}

/// Job anti-affinity: what a node loses that has `collisions` allocations of a job that wants
/// `count`; does not apply where there are none.
pub fn anti_affinity(collisions: u32, count: u32) -> Option<f64> {
    (collisions > 0).then(|| -f64::from(collisions + 1) / f64::from(count))
}

/// Node affinity by the weights −100..=100 of all terms and whether each is met; does not apply
/// without terms.
pub fn affinity(terms: &[(i64, bool)]) -> Option<f64> {
    let sum: f64 = terms.iter().map(|(weight, _)| weight.abs() as f64).sum();
    let met: f64 = terms.iter().filter(|(_, met)| *met).map(|(weight, _)| *weight as f64).sum();
    (!terms.is_empty()).then(|| met / sum)
}

/// A wish to spread a job over the values of a node attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// How much it counts among the job's spreads, 1..=100; not used without targets.
    pub weight: i64,
    /// Percent of the allocations by value. Empty: evenly over the values in use.
    pub targets: Vec<(String, f64)>,
}

impl Spread {
    /// How many allocations each target wants of `count`. What the percentages leave is wanted of
    /// all values that are no target (`None`).
    fn wanted(&self, value: &str, count: u32) -> Option<f64> {
        let wanted = |percent: f64| percent / 100.0 * f64::from(count);
        if let Some((_, percent)) = self.targets.iter().find(|(target, _)| target == value) {
            return Some(wanted(*percent));
        }
        let sum = self.targets.iter().fold(0.0, |sum, (_, percent)| sum + wanted(*percent));
        (sum > 0.0 && sum < f64::from(count)).then(|| f64::from(count) - sum)
    }

    /// What this wish adds to a node with `value` of the attribute, when the job's allocations use
    /// the values as `used` says. `lowest` is the lowest boost so far, −1 at first.
    pub fn boost(
        &self,
        value: Option<&str>,
        used: &BTreeMap<String, u32>,
        count: u32,
        weights: i64,
        lowest: &mut f64,
    ) -> f64 {
        if self.targets.is_empty() {
            return even_boost(value, used);
        }
        let Some(value) = value else { return -1.0 };
        let Some(wanted) = self.wanted(value, count) else { return -1.0 };
        if wanted == 0.0 {
            return *lowest;
        }
        let with_this = f64::from(used.get(value).copied().unwrap_or(0) + 1);
        let boost = (wanted - with_this) / wanted * (self.weight as f64 / weights as f64);
        *lowest = lowest.min(boost);
        boost
    }
}

/// An even spread: above 0 for a value less used than the least used one, −1 when all in use are
/// used alike and this is one of them.
fn even_boost(value: Option<&str>, used: &BTreeMap<String, u32>) -> f64 {
    let counts = || used.values().copied().filter(|count| *count > 0);
    let (Some(least), Some(most)) = (counts().min(), counts().max()) else { return 0.0 };
    let Some(value) = value else { return -1.0 };
    let own = used.get(value).copied().unwrap_or(0);
    let (own, least, most) = (f64::from(own), f64::from(least), f64::from(most));
    if own != least {
        (least - own) / least
    } else if least == most {
        -1.0
    } else {
        (most - least) / least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_options_come_last_up_to_three_of_them() {
        // Capital letters are good options.
        let check = |options: &str, limit, expected: &str| {
            let option = |c: char| (c, if c.is_uppercase() { 1.0 } else { -1.0 });
            let seen = visited(options.chars().map(option), limit);
            assert_eq!(seen.iter().map(|(c, _)| *c).collect::<String>(), expected);
        };
        check("ABCD", 2, "AB");
        check("aBcD", 2, "BD");
        check("abcdE", 3, "dEa");
        check("abcD", 9, "Dabc");
        check("abC", 9, "Cba");
        check("ab", 9, "ab");
        check("aB", 9, "Ba");
        check("", 9, "");
    }

    #[test]
    fn a_service_visits_the_logarithm_and_a_batch_job_two() {
        let visits = |nodes| (limit(nodes, true), limit(nodes, false));
        assert_eq!(
            [0, 1, 5, 8, 9, 5000].map(visits).map(|(service, _)| service),
            [2, 2, 3, 3, 4, 13]
        );
        assert_eq!(visits(5000).1, 2);
    }

    #[test]
    fn a_full_node_is_the_best_fit_and_the_worst_spread() {
        assert_eq!(fit(NomadAlgorithm::Binpack, 0.0, 0.0), 1.0);
        assert_eq!(fit(NomadAlgorithm::Spread, 0.0, 0.0), 0.0);
        assert_eq!(fit(NomadAlgorithm::Binpack, 1.0, 1.0), 0.0);
        assert_eq!(fit(NomadAlgorithm::Spread, 1.0, 1.0), 1.0);
    }
}
