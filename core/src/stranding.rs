//! Stranding: free capacity that the scenario's own requests cannot use.
//!
//! The mix of requests seen so far is put on each host, in proportion, until nothing of it fits;
//! what is free then is stranded, and the reason is what kept the mix's commonest request out. A
//! group's limits are left out: they bind the members of a group, not the mix.

use crate::fact::Reason;
use crate::resources::Amounts;
use crate::scenario::HostTypeId;
use crate::state::shapes::{PredicateId, Shape, TypeVerdict};
use crate::state::{HostStatus, State};
use std::collections::BTreeMap;

/// The most requests that [`Mix`] remembers.
const SAMPLE_MAX: usize = 1_024;
/// The most distinct requests that are put on hosts: the commonest.
pub const WANTED_MAX: usize = 16;
/// So many VMs go on a host one by one; if still more fit, the rest goes by the most of each.
const FILL_STEPS_MAX: u64 = 4_096;

/// The requests of a run, by a sample: every n-th, n growing with the run.
#[derive(Clone, Debug)]
pub struct Mix {
    sample: Vec<(Amounts, PredicateId)>,
    stride: u64,
    seen: u64,
    next: u64,
}

/// A request of the mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How much; not nothing.
    pub amounts: Amounts,
    /// On which hosts.
    pub predicate: PredicateId,
    /// How many of the sample are like this, at least 1.
    pub weight: u64,
}

impl Default for Mix {
    fn default() -> Self {
        Self { sample: Vec::new(), stride: 1, seen: 0, next: 0 }
    }
}

impl Mix {
    /// One more request.
    #[inline]
    pub fn add(&mut self, shape: &Shape) {
        if self.seen == self.next {
            self.next += self.stride;
            self.sample.push((shape.amounts, shape.predicate));
            if self.sample.len() == SAMPLE_MAX {
                let mut is_kept = false;
                self.sample.retain(|_| {
                    is_kept = !is_kept;
                    is_kept
                });
                // The sample is of even length: its last was dropped, and the next is kept.
                self.stride *= 2;
            }
        }
        self.seen += 1;
    }

    /// The commonest requests, at most [`WANTED_MAX`], most first.
    pub fn wanted(&self) -> Vec<Wanted> {
        let mut counts: BTreeMap<(Amounts, PredicateId), u64> = BTreeMap::new();
        for asked in self.sample.iter().filter(|(amounts, _)| *amounts != Amounts::default()) {
            *counts.entry(*asked).or_default() += 1;
        }
        let wanted = |((amounts, predicate), weight)| Wanted { amounts, predicate, weight };
        let mut wanted: Vec<Wanted> = counts.into_iter().map(wanted).collect();
        wanted.sort_by_key(|wanted| std::cmp::Reverse(wanted.weight));
        wanted.truncate(WANTED_MAX);
        wanted
    }
}

/// What is free, and what of it the mix can use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// How many VMs of the mix fit, in proportion, until nothing does.
    pub more: u64,
    /// What the hosts in service can give out.
    pub capacity: Amounts,
    /// What is free of it.
    pub free: Amounts,
    /// What the mix leaves, by what keeps its commonest request out.
    pub stranded: BTreeMap<Reason, Amounts>,
    /// The mix, and how many of each fit if only such come.
    pub fits: Vec<(Wanted, u64)>,
}

/// What one host comes to.
#[derive(Clone, Debug)]
struct Filled {
    more: u64,
    left: Amounts,
    reason: Reason,
    fits: Vec<u64>,
}

/// The account of a fleet at one instant. Cost: one pass over the hosts, and filling one host of
/// each kind that differs in what it is or has free.
pub fn account(state: &State, wanted: &[Wanted]) -> Account {
    let hosts = &state.hosts;
    let mut account =
        Account { fits: wanted.iter().map(|wanted| (*wanted, 0)).collect(), ..Account::default() };
    let mut alike: BTreeMap<(HostTypeId, Amounts), Filled> = BTreeMap::new();
    for host in hosts.ids() {
        let free = hosts.columns().amounts(host.row()).map(|free| free.max(0));
        let (left, reason) = match hosts.status(host) {
            HostStatus::Retired => continue,
            HostStatus::Cordoned => (free, Reason::Cordoned),
            HostStatus::Up => {
                let host_type = hosts.host_type(host);
                let filled = alike
                    .entry((host_type, free))
                    .or_insert_with(|| fill(state, host_type, free, wanted));
                account.more += filled.more;
                for (fits, more) in account.fits.iter_mut().zip(&filled.fits) {
                    fits.1 += more;
                }
                (filled.left, filled.reason)
            }
        };
        add(&mut account.capacity, hosts.effective(host), hosts.kinds());
        add(&mut account.free, &free, hosts.kinds());
        add(account.stranded.entry(reason).or_default(), &left, hosts.kinds());
    }
    account
}

fn add(sum: &mut Amounts, amounts: &Amounts, kinds: usize) {
    for (sum, amount) in sum.iter_mut().zip(amounts).take(kinds) {
        *sum += amount;
    }
}

/// Puts the mix on one host: always the request that lags most behind its share.
fn fill(state: &State, host_type: HostTypeId, free: Amounts, wanted: &[Wanted]) -> Filled {
    let verdict = |wanted: &Wanted| state.shapes.verdicts_of(wanted.predicate)[host_type.row()];
    let is_admitted = |wanted: &Wanted| verdict(wanted) == TypeVerdict::Admitted;
    let fits = |wanted: &Wanted| if is_admitted(wanted) { room(&free, &wanted.amounts) } else { 0 };
    let mut filled = Filled {
        more: 0,
        left: free,
        reason: Reason::Pool,
        fits: wanted.iter().map(fits).collect(),
    };
    let admitted: Vec<&Wanted> = wanted.iter().filter(|wanted| is_admitted(wanted)).collect();
    let Some(commonest) = admitted.first() else {
        if wanted.iter().any(|wanted| verdict(wanted) == TypeVerdict::LabelMissing) {
            filled.reason = Reason::Labels;
        }
        return filled;
    };
    let mut credit: Vec<i128> = vec![0; admitted.len()];
    while filled.more < FILL_STEPS_MAX {
        let mut all = 0;
        let mut first: Option<usize> = None;
        for (row, wanted) in admitted.iter().enumerate() {
            if room(&filled.left, &wanted.amounts) > 0 {
                all += i128::from(wanted.weight);
                credit[row] += i128::from(wanted.weight);
                first = first.filter(|first| credit[*first] >= credit[row]).or(Some(row));
            }
        }
        let Some(first) = first else { break };
        credit[first] -= all;
        filled.take(admitted[first], 1);
    }
    for wanted in &admitted {
        filled.take(wanted, room(&filled.left, &wanted.amounts));
    }
    let short = (0..state.hosts.kinds())
        .filter(|column| commonest.amounts[*column] > filled.left[*column])
        .fold(0, |short, column| short | 1_u8 << column);
    filled.reason = Reason::Short(short);
    filled
}

impl Filled {
    fn take(&mut self, wanted: &Wanted, number: u64) {
        self.more += number;
        for (left, amount) in self.left.iter_mut().zip(wanted.amounts) {
            *left -= amount * number as i64;
        }
    }
}

/// How many of this size fit in what is free.
fn room(free: &Amounts, amounts: &Amounts) -> u64 {
    let asked = free.iter().zip(amounts).filter(|(_, amount)| **amount > 0);
    asked.map(|(free, amount)| (free / amount).max(0).unsigned_abs()).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_what_the_scarcest_resource_allows() {
        let amounts = |cpu, memory| {
            let mut amounts = Amounts::default();
            (amounts[0], amounts[1]) = (cpu, memory);
            amounts
        };
        assert_eq!(room(&amounts(8, 9), &amounts(2, 4)), 2);
        assert_eq!(room(&amounts(8, 0), &amounts(2, 0)), 4);
        assert_eq!(room(&amounts(1, 9), &amounts(2, 4)), 0);
    }
}
