//! Preemption: whom to push out, and where, so that a request of higher priority fits.
//!
//! As the Kubernetes scheduler chooses victims (v1.34, default preemption): take all VMs of lower
//! priority off a host, then let back as many as the request leaves room for, the most important
//! first; of all hosts where that works, take the one whose victims hurt least.

use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A VM on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident<K> {
    /// Which.
    pub id: K,
    /// Only a request of higher priority can push it out.
    pub priority: i32,
    /// When it was placed.
    pub started: Time,
    /// The disruption budgets that count it.
    pub budgets: Vec<usize>,
}

impl<K> Resident<K> {
    /// The most important first: higher priority, then started earlier.
    fn importance(&self) -> (Reverse<i32>, Time) {
        (Reverse(self.priority), self.started)
    }
}

/// A host on trial: VMs are taken off it and let back, to see whether the request fits then.
pub trait Trial<K> {
    /// Takes a VM off the host.
    fn take_off(&mut self, id: K);
    /// Undoes it.
    fn let_back(&mut self, id: K);
    /// Whether the request fits now.
    fn fits(&self) -> bool;
}

/// Whom a host would have to give up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Victims<K> {
    /// Never empty; the most important first.
    pub list: Vec<Resident<K>>,
    /// How many of them a disruption budget would have kept.
    pub violations: u32,
}

/// The victims on one host of a request with this priority: none of lower priority, or not
/// enough, or none needed: `None`. `allowed` says how many VMs a budget lets go. The trial ends
/// as it began.
pub fn victims<K: Copy>(
    priority: i32,
    residents: impl IntoIterator<Item = Resident<K>>,
    allowed: impl Fn(usize) -> i64,
    trial: &mut impl Trial<K>,
) -> Option<Victims<K>> {
    let is_lower = |resident: &Resident<K>| resident.priority < priority;
    let mut lower: Vec<Resident<K>> = residents.into_iter().filter(is_lower).collect();
    if lower.is_empty() {
        return None;
    }
    lower.sort_by_key(Resident::importance);
    for resident in &lower {
        trial.take_off(resident.id);
    }
    let violates = broken_budgets(&lower, allowed);
    let mut stays = vec![!trial.fits(); lower.len()];
    if stays[0] {
        lower.iter().for_each(|resident| trial.let_back(resident.id));
        return None;
    }
    // Those that a budget would keep are let back before all others.
    let rows = 0..lower.len();
    let kept_first = rows.clone().filter(|row| violates[*row]);
    for row in kept_first.chain(rows.filter(|row| !violates[*row])) {
        trial.let_back(lower[row].id);
        stays[row] = trial.fits();
        if !stays[row] {
            trial.take_off(lower[row].id);
        }
    }
    let mut found = Victims { list: Vec::new(), violations: 0 };
    for (row, resident) in lower.into_iter().enumerate().filter(|(row, _)| !stays[*row]) {
        trial.let_back(resident.id);
        found.violations += u32::from(violates[row]);
        found.list.push(resident);
    }
    if found.list.is_empty() { None } else { Some(found) }
}

/// Whom a budget would keep, if all went in this order.
fn broken_budgets<K>(going: &[Resident<K>], allowed: impl Fn(usize) -> i64) -> Vec<bool> {
    let mut gone: BTreeMap<usize, i64> = BTreeMap::new();
    let mut breaks = |budget: &usize| {
        let gone = gone.entry(*budget).or_default();
        *gone += 1;
        *gone > allowed(*budget)
    };
    // Each budget counts the VM, also behind one that is broken already.
    let broken = |resident: &Resident<K>| {
        resident.budgets.iter().fold(false, |broken, budget| breaks(budget) | broken)
    };
    going.iter().map(broken).collect()
}

/// The candidate whose victims hurt least: fewest that a budget would have kept, then the lowest
/// priority of the most important one, the least sum of priorities, the fewest, the one whose
/// most important victim that started first did so latest, and the first.
pub fn pick<T, K>(
    candidates: impl IntoIterator<Item = (T, Victims<K>)>,
) -> Option<(T, Victims<K>)> {
    candidates.into_iter().min_by_key(|(_, victims)| hurt(victims))
}

fn hurt<K>(victims: &Victims<K>) -> impl Ord + use<K> {
    let list = &victims.list;
    let highest = list.iter().map(|victim| victim.priority).max();
    // Priorities count from 0 up here, so that more victims never weigh less.
    let weight = |victim: &Resident<K>| i64::from(victim.priority) - i64::from(i32::MIN);
    let sum: i64 = list.iter().map(weight).sum();
    let of_highest = list.iter().filter(|victim| Some(victim.priority) == highest);
    let first_started = of_highest.map(|victim| victim.started).min();
    (victims.violations, highest, sum, list.len(), Reverse(first_started))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host with so much free; VMs by size.
    struct Free<'a>(i64, i64, &'a [i64]);

    impl Trial<usize> for Free<'_> {
        fn take_off(&mut self, id: usize) {
            self.0 += self.2[id];
        }
        fn let_back(&mut self, id: usize) {
            self.0 -= self.2[id];
        }
        fn fits(&self) -> bool {
            self.1 <= self.0
        }
    }

    /// VMs as `size priority started [budget]`, all on a full host; who goes for a request of
    /// `asks` with priority 10, and how many budgets that breaks.
    fn check(asks: i64, vms: &[(i64, i32, u64, Option<usize>)], allowed: i64, expected: &str) {
        let sizes: Vec<i64> = vms.iter().map(|vm| vm.0).collect();
        let residents = vms.iter().enumerate().map(|(id, (_, priority, started, budget))| {
            let budgets = budget.iter().copied().collect();
            Resident { id, priority: *priority, started: Time::from_ms(*started), budgets }
        });
        let mut trial = Free(0, asks, &sizes);
        let found = victims(10, residents, |_| allowed, &mut trial);
        assert_eq!(trial.0, 0, "the trial ends as it began");
        let said = found.map_or("nobody".to_owned(), |found| {
            let ids: Vec<String> = found.list.iter().map(|victim| victim.id.to_string()).collect();
            format!("{} breaking {}", ids.join(" "), found.violations)
        });
        assert_eq!(said, expected);
    }

    #[test]
    fn the_least_important_go() {
        check(2, &[(2, 0, 5, None), (2, 1, 5, None)], 0, "0 breaking 0");
        check(2, &[(2, 0, 1, None), (2, 0, 5, None)], 0, "1 breaking 0");
        check(4, &[(2, 0, 1, None), (2, 9, 5, None)], 0, "1 0 breaking 0");
    }

    #[test]
    fn equals_are_no_victims() {
        check(2, &[(2, 10, 0, None), (2, 11, 0, None)], 0, "nobody");
        check(3, &[(2, 10, 0, None), (2, 1, 0, None)], 0, "nobody");
    }

    #[test]
    fn a_budget_keeps_who_would_go_first() {
        let vms = [(2, 0, 1, Some(7)), (2, 5, 1, None)];
        check(2, &vms, 0, "1 breaking 0");
        check(2, &vms, 1, "0 breaking 0");
        check(4, &vms, 0, "1 0 breaking 1");
        // Of two that a budget counts, the more important one is within it.
        let pair = [(2, 0, 1, Some(7)), (2, 5, 1, Some(7))];
        check(4, &pair, 1, "1 0 breaking 1");
    }
}
