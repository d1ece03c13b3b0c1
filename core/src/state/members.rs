//! Members: a set of hosts, ascending, in runs that are short enough to shift.
//!
//! A run is a sorted vector: to find a place in it takes a few comparisons, to make room there a
//! short move of memory. Most classes of hosts have one run.

use super::HostId;

/// The most hosts in a run.
const RUN: usize = 512;

/// Hosts, each once.
#[derive(Clone, Debug, Default)]
pub struct Members {
    /// None is empty; all hosts of one come before those of the next.
    runs: Vec<Run>,
}

#[derive(Clone, Debug)]
struct Run {
    /// The first of `hosts`, kept here so that no other run is touched in the search for one.
    first: HostId,
    hosts: Vec<HostId>,
}

impl Members {
    /// How many hosts there are.
    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| run.hosts.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The lowest index.
    #[inline]
    pub fn first(&self) -> Option<HostId> {
        self.runs.first().map(|run| run.first)
    }

    /// All of them, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = HostId> {
        self.runs.iter().flat_map(|run| run.hosts.iter().copied())
    }

    /// Those from `start` on, ascending.
    pub fn from(&self, start: HostId) -> impl Iterator<Item = HostId> {
        let (at, place) = self.place(start);
        let rest = self.runs.get(at).map_or(&[][..], |run| &run.hosts[place..]);
        let later = self.runs.get(at + 1..).unwrap_or_default();
        rest.iter().chain(later.iter().flat_map(|run| &run.hosts)).copied()
    }

    /// How many come before `host`.
    pub fn below(&self, host: HostId) -> usize {
        let (at, place) = self.place(host);
        self.runs[..at].iter().map(|run| run.hosts.len()).sum::<usize>() + place
    }

    /// The run that has the host or would take it, and its place there.
    #[inline]
    fn place(&self, host: HostId) -> (usize, usize) {
        let at = self.runs.partition_point(|run| run.first <= host).saturating_sub(1);
        let place = self.runs.get(at).map_or(0, |run| run.hosts.partition_point(|h| *h < host));
        (at, place)
    }

    /// A host that is not in it yet.
    pub(super) fn insert(&mut self, host: HostId) {
        let (mut at, mut place) = self.place(host);
        let is_last = at + 1 >= self.runs.len();
        match self.runs.get_mut(at) {
            // Hosts that come one after another fill their runs.
            Some(run) if run.hosts.len() < RUN || is_last && place == RUN => {}
            Some(run) => {
                let hosts = run.hosts.split_off(RUN / 2);
                self.runs.insert(at + 1, Run { first: hosts[0], hosts });
                if place > RUN / 2 {
                    (at, place) = (at + 1, place - RUN / 2);
                }
            }
            None => {}
        }
        match self.runs.get_mut(at).filter(|_| place < RUN) {
            Some(run) => {
                run.hosts.insert(place, host);
                run.first = run.hosts[0];
            }
            None => {
                if self.runs.is_empty() {
                    // Classes with one host are many: no room for more runs.
                    self.runs.reserve_exact(1);
                }
                self.runs.push(Run { first: host, hosts: vec![host] });
            }
        }
    }

    /// A host that is in it.
    pub(super) fn remove(&mut self, host: HostId) {
        let (at, place) = self.place(host);
        let run = &mut self.runs[at];
        let removed = run.hosts.remove(place);
        debug_assert_eq!(removed, host);
        match run.hosts.first() {
            Some(first) => run.first = *first,
            None => drop(self.runs.remove(at)),
        }
        // Two short runs become one.
        let length = |at: usize| self.runs.get(at).map_or(RUN, |run| run.hosts.len());
        if length(at) < RUN / 8 && length(at + 1) < RUN / 2 {
            let next = self.runs.remove(at + 1);
            self.runs[at].hosts.extend(next.hosts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice;
    use rand::RngExt;
    use std::collections::BTreeSet;

    fn check(members: &Members, plain: &BTreeSet<HostId>, dice: &mut dice::Stream) {
        assert_eq!(members.len(), plain.len());
        assert_eq!(members.is_empty(), plain.is_empty());
        assert_eq!(members.first(), plain.first().copied());
        assert!(members.iter().eq(plain.iter().copied()));
        assert!(members.iter().rev().eq(plain.iter().rev().copied()));
        let host = HostId::from_row(dice.random_range(0..6_000));
        assert!(members.from(host).eq(plain.range(host..).copied()));
        assert_eq!(members.below(host), plain.range(..host).count());
        assert!(members.runs.iter().all(|run| (1..=RUN).contains(&run.hosts.len())));
    }

    #[test]
    fn members_are_a_sorted_set() {
        let dice = &mut dice::stream(1, "members");
        let (mut members, mut plain) = (Members::default(), BTreeSet::new());
        check(&members, &plain, dice);
        // Some come in order; then it grows, shrinks, grows again and becomes empty.
        for host in (0..1_500).map(HostId::from_row) {
            members.insert(host);
            plain.insert(host);
        }
        check(&members, &plain, dice);
        assert_eq!(members.runs.len(), 3);
        for share in [0.9, 0.2, 0.7, 0.0] {
            for step in 0..20_000 {
                let host = HostId::from_row(dice.random_range(0..5_000));
                let is_in = plain.contains(&host);
                if !is_in && dice.random::<f64>() < share {
                    members.insert(host);
                    plain.insert(host);
                } else if is_in && dice.random::<f64>() >= share {
                    members.remove(host);
                    plain.remove(&host);
                }
                if step % 100 == 0 {
                    check(&members, &plain, dice);
                }
            }
            check(&members, &plain, dice);
        }
        for host in plain.clone() {
            members.remove(host);
        }
        check(&members, &BTreeSet::new(), dice);
    }
}
