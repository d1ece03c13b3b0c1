//! Headroom: do the VMs of hosts that fail fit on the others? Asked by placing them, the largest
//! first, each where it fits best: a sum of free space says nothing about holes.

use std::cmp::Reverse;

/// A host, in one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// What is free on it.
    pub free: u64,
    /// The sizes of its VMs.
    pub vms: Vec<u64>,
}

/// Hosts that fail together, and what then has no place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The hosts, as rows.
    pub failed: Vec<usize>,
    /// The sizes of the VMs that fit nowhere.
    pub unplaced: Vec<u64>,
}

/// What has no place when these hosts fail. Ties go to the lower row.
pub fn unplaced(hosts: &[Host], failed: &[usize]) -> Vec<u64> {
    let mut vms: Vec<u64> = failed.iter().flat_map(|row| hosts[*row].vms.iter().copied()).collect();
    vms.sort_by_key(|size| Reverse(*size));
    let mut free: Vec<Option<u64>> = hosts.iter().map(|host| Some(host.free)).collect();
    for row in failed {
        free[*row] = None;
    }
    vms.retain(|size| {
        let best = free.iter_mut().flatten().filter(|free| **free >= *size).min();
        let fits = best.is_some();
        if let Some(free) = best {
            *free -= size;
        }
        !fits
    });
    vms
}

/// The worst loss among these sets of hosts: the most that has no place, of equals the first.
/// `None`: everything fits, whichever of them fails.
pub fn worst(hosts: &[Host], sets: impl IntoIterator<Item = Vec<usize>>) -> Option<Loss> {
    let mut worst: Option<Loss> = None;
    for failed in sets {
        let unplaced = unplaced(hosts, &failed);
        let size = |list: &[u64]| list.iter().sum::<u64>();
        if size(&unplaced) > worst.as_ref().map_or(0, |loss| size(&loss.unplaced)) {
            worst = Some(Loss { failed, unplaced });
        }
    }
    worst
}

/// Whether any k hosts may fail, k at most the number of hosts. Looks at all sets of k: cheap for
/// small k only.
pub fn survives_any(hosts: &[Host], k: usize) -> bool {
    worst(hosts, Choices::new(hosts.len(), k)).is_none()
}

/// All choices of k of n, in lexical order.
struct Choices {
    n: usize,
    next: Option<Vec<usize>>,
}

impl Choices {
    fn new(n: usize, k: usize) -> Self {
        Self { n, next: (k <= n).then(|| (0..k).collect()) }
    }
}

impl Iterator for Choices {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let found = self.next.take()?;
        let k = found.len();
        let mut after = found.clone();
        // The last place that can go up does, and those behind it follow closely.
        if let Some(place) = (0..k).rev().find(|place| after[*place] < self.n - k + place) {
            let first = after[place] + 1;
            for (offset, value) in after[place..].iter_mut().enumerate() {
                *value = first + offset;
            }
            self.next = Some(after);
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_all_and_in_order() {
        let of = |n, k| Choices::new(n, k).collect::<Vec<_>>();
        assert_eq!(of(3, 2), [vec![0, 1], vec![0, 2], vec![1, 2]]);
        assert_eq!(of(3, 3), [vec![0, 1, 2]]);
        assert_eq!(of(2, 0), [Vec::<usize>::new()]);
        assert_eq!(of(9, 4).len(), 126);
        assert!(of(2, 3).is_empty());
    }

    #[test]
    fn the_worst_loss_is_named() {
        let host = |free, vms: &[u64]| Host { free, vms: vms.to_vec() };
        let hosts = [host(0, &[16, 8]), host(12, &[4]), host(12, &[4])];
        let loss = worst(&hosts, Choices::new(3, 1)).expect("16 has no hole");
        assert_eq!(loss, Loss { failed: vec![0], unplaced: vec![16] });
        assert!(!survives_any(&hosts, 1));
        assert!(survives_any(&hosts[1..], 1));
    }
}
