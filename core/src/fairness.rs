//! Fairness: who gets how much of what there is.
//!
//! Dominant resource fairness (Ghodsi et al., NSDI 2011): a user's dominant share is the largest
//! share that it has of any resource, over its weight; the next task goes to the user with the
//! smallest. Jain's index (Jain, Chiu and Hawe, 1984) says how even a division is.

use std::cmp::Ordering;

/// The largest amount and the largest weight that shares are compared exactly with.
const EXACT_MAX: i64 = 1 << 53;
const WEIGHT_MAX: u64 = 1 << 20;

/// Somebody who wants to run many tasks that are all alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// What each task takes, resource by resource.
    pub demand: Vec<i64>,
    /// How much the user counts against the others, from 1 up to 2^20.
    pub weight: u64,
}

/// A share as a fraction, part ÷ whole.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// 0 or more.
    pub part: i64,
    /// Above 0.
    pub whole: i64,
}

impl Share {
    /// Compares two shares, each over its user's weight, exactly.
    pub fn compare(self, weight: u64, other: Self, other_weight: u64) -> Ordering {
        let over = |share: Self, weight: u64| {
            (
                u128::from(share.part.unsigned_abs()),
                u128::from(share.whole.unsigned_abs()) * u128::from(weight),
            )
        };
        compare_fractions(over(self, weight), over(other, other_weight))
    }
}

/// Compares two fractions of numbers to 2^128, those below not 0: what they are at the least, then
/// what they have beyond it, upside down; across it would overflow.
fn compare_fractions(a: (u128, u128), b: (u128, u128)) -> Ordering {
    if let (Some(a), Some(b)) = (a.0.checked_mul(b.1), b.0.checked_mul(a.1)) {
        return a.cmp(&b);
    }
    let (a_beyond, b_beyond) = (a.0 % a.1, b.0 % b.1);
    let beyond = match a_beyond.min(b_beyond) {
        0 => a_beyond.cmp(&b_beyond),
        _ => compare_fractions((b.1, b_beyond), (a.1, a_beyond)),
    };
    (a.0 / a.1).cmp(&(b.0 / b.1)).then(beyond)
}

/// A division of resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filling {
    /// Which user got each task, in order.
    pub order: Vec<usize>,
    /// How many tasks each user got.
    pub tasks: Vec<u64>,
    /// What they take, by user, by resource.
    pub used: Vec<Vec<i64>>,
}

/// Progressive filling: the next task goes to the user with the smallest dominant share over its
/// weight, of equals to the first. Whose next task does not fit is out; the others go on. A user
/// whose tasks take nothing gets none: it would get them for ever.
///
/// # Panics
/// If amounts are negative or above 2^53, or weights 0 or above 2^20: shares would not be exact.
pub fn progressive_filling(capacity: &[i64], users: &[User]) -> Filling {
    let exact = |amounts: &[i64]| amounts.iter().all(|amount| (0..=EXACT_MAX).contains(amount));
    assert!(exact(capacity), "capacities are from 0 to 2^53");
    for user in users {
        assert!(exact(&user.demand), "demands are from 0 to 2^53");
        assert!((1..=WEIGHT_MAX).contains(&user.weight), "weights are from 1 to 2^20");
    }
    let mut free = capacity.to_vec();
    let mut filling = Filling {
        order: Vec::new(),
        tasks: vec![0; users.len()],
        used: vec![vec![0; capacity.len()]; users.len()],
    };
    let is_something = |user: &User| user.demand.iter().any(|amount| *amount > 0);
    let mut wants: Vec<bool> = users.iter().map(is_something).collect();
    loop {
        let share = |row: usize| dominant_share(&filling.used[row], capacity);
        let next = (0..users.len()).filter(|row| wants[*row]).min_by(|a, b| {
            let (first, second) = (&users[*a], &users[*b]);
            share(*a).compare(first.weight, share(*b), second.weight)
        });
        let Some(next) = next else { return filling };
        let demand = &users[next].demand;
        if demand.iter().zip(&free).any(|(amount, free)| amount > free) {
            wants[next] = false;
            continue;
        }
        for ((amount, free), used) in demand.iter().zip(&mut free).zip(&mut filling.used[next]) {
            *free -= amount;
            *used += amount;
        }
        filling.tasks[next] += 1;
        filling.order.push(next);
    }
}

/// The largest share of any resource that there is some of; 0 of 1 if there is none.
pub fn dominant_share(used: &[i64], capacity: &[i64]) -> Share {
    let all = used.iter().zip(capacity).filter(|(_, whole)| **whole > 0);
    let shares = all.map(|(part, whole)| Share { part: *part, whole: *whole });
    let larger = |best: Share, next: Share| match next.compare(1, best, 1) {
        Ordering::Greater => next,
        _ => best,
    };
    shares.reduce(larger).unwrap_or(Share { part: 0, whole: 1 })
}

/// Jain's index `(Σx)² / (n Σx²)`: 1 if all have the same (or nobody anything), 1/n if one has
/// all.
pub fn jain(amounts: &[f64]) -> f64 {
    let sum = amounts.iter().fold(0.0, |sum, x| sum + x);
    let squares = amounts.iter().fold(0.0, |sum, x| sum + x * x);
    if squares == 0.0 { 1.0 } else { sum * sum / (amounts.len() as f64 * squares) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_paper_comes_out() {
        let user = |demand: [i64; 2]| User { demand: demand.to_vec(), weight: 1 };
        let filling = progressive_filling(&[9, 18], &[user([1, 4]), user([3, 1])]);
        assert_eq!((filling.order, filling.tasks), (vec![0, 1, 0, 1, 0], vec![3, 2]));
        for used in &filling.used {
            let share = dominant_share(used, &[9, 18]);
            assert_eq!(share.part * 3, share.whole * 2, "two thirds");
        }
    }

    #[test]
    fn who_counts_double_gets_double() {
        let user = |weight| User { demand: vec![1], weight };
        assert_eq!(progressive_filling(&[9], &[user(1), user(2)]).tasks, [3, 6]);
    }

    #[test]
    fn shares_of_the_largest_fleets_are_compared_exactly() {
        // 16 hosts of 2^50, and the heaviest users.
        let all = Share { part: 16 << 50, whole: 16 << 50 };
        let less = Share { part: (16 << 50) - 1, ..all };
        let weight = 1_000_000;
        assert_eq!(all.compare(weight, all, weight), Ordering::Equal);
        assert_eq!(less.compare(weight, all, weight), Ordering::Less);
        assert_eq!(all.compare(weight, less, weight), Ordering::Greater);
        assert_eq!(less.compare(weight - 1, all, weight), Ordering::Greater);
        assert_eq!(all.compare(weight, all, weight - 1), Ordering::Less);
        let most = Share { part: i64::MAX, whole: i64::MAX };
        assert_eq!(most.compare(weight, all, weight), Ordering::Equal);
        let nothing = Share { part: 0, ..most };
        assert_eq!(nothing.compare(WEIGHT_MAX, nothing, 1), Ordering::Equal);
        assert_eq!(nothing.compare(WEIGHT_MAX, most, WEIGHT_MAX), Ordering::Less);
    }

    #[test]
    fn nothing_wanted_is_nothing_given() {
        let users = [User { demand: vec![0], weight: 1 }, User { demand: vec![2], weight: 1 }];
        assert_eq!(progressive_filling(&[5], &users).tasks, [0, 2]);
        assert_eq!(progressive_filling(&[0], &users).tasks, [0, 0]);
    }

    #[test]
    fn the_index_is_between_one_for_all_and_one_of_n() {
        assert_eq!(jain(&[2.0, 2.0, 2.0]), 1.0);
        assert_eq!(jain(&[5.0, 0.0, 0.0, 0.0]), 0.25);
        assert_eq!((jain(&[]), jain(&[0.0, 0.0])), (1.0, 1.0));
    }
}
