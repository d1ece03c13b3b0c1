//! A new image for the hosts: batch by batch they are emptied, get the image and come back.
//!
//! A batch stays within one failure domain. Its hosts take nothing new; each of their VMs, the
//! largest first, moves to a host outside the batch that has a hole for it. One that fits nowhere
//! stops the rollout, however much is free in all: holes count, not sums.
//!
//! The rule is [`next_batch`], [`plan`] and [`rank`]; it knows a fleet only as a [`Fleet`]. Here is
//! the fleet of one size a VM that [`HostRollout::run`] rolls from beginning to end; a run of a
//! scenario has another, with all that its placement forbids.

use crate::time::Time;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// What the rule must know of a fleet.
pub trait Fleet {
    /// Names a host.
    type Host: Copy;
    /// Names a VM.
    type Vm: Copy;
    /// How large a VM is.
    type Size: Ord;
    /// Why a VM has nowhere to go.
    type Reason;

    /// The VMs of a host that must go, with their sizes.
    fn vms(&self, host: Self::Host) -> Vec<(Self::Vm, Self::Size)>;

    /// Moves a VM of a host to the best other one ([`rank`]) outside the batch that takes it.
    ///
    /// # Errors
    /// If none does.
    fn rehouse(&mut self, from: Self::Host, vm: Self::Vm) -> Result<Self::Host, Self::Reason>;
}

/// A VM's way on some fleet: from where, which, to where.
pub type Way<F> = (<F as Fleet>::Host, <F as Fleet>::Vm, <F as Fleet>::Host);

/// What has nowhere to go: where it is, which, and why.
pub type Stranded<F> = (<F as Fleet>::Host, <F as Fleet>::Vm, <F as Fleet>::Reason);

/// Where the VMs of a batch go, the largest first; of equals, in the order of the batch.
///
/// # Errors
/// The first that has nowhere to go. Those before it have moved.
pub fn plan<F: Fleet>(fleet: &mut F, batch: &[F::Host]) -> Result<Vec<Way<F>>, Stranded<F>> {
    let of_host = |host: &F::Host| {
        let host = *host;
        fleet.vms(host).into_iter().map(move |(vm, size)| (host, vm, size))
    };
    let mut vms: Vec<(F::Host, F::Vm, F::Size)> = batch.iter().flat_map(of_host).collect();
    vms.sort_by(|a, b| b.2.cmp(&a.2));
    let mut ways = Vec::with_capacity(vms.len());
    for (from, vm, _) in vms {
        let to = fleet.rehouse(from, vm).map_err(|reason| (from, vm, reason))?;
        ways.push((from, vm, to));
    }
    Ok(ways)
}

/// How good a target is, the least the best: those that have the image first, if VMs are to move
/// once; then those with most free; then by name.
pub fn rank<S: Ord, N: Ord>(is_second: bool, free: S, name: N) -> (bool, Reverse<S>, N) {
    (is_second, Reverse(free), name)
}

/// Takes the next batch off those that are left, which stand by domain: the first that is ready,
/// and others of its domain that are, up to `size`. None if none is ready.
pub fn next_batch<H: Copy, D: PartialEq + Copy>(
    left: &mut VecDeque<(H, D)>,
    size: usize,
    is_ready: impl Fn(H) -> bool,
) -> Vec<H> {
    let Some(first) = left.iter().position(|(host, _)| is_ready(*host)) else { return Vec::new() };
    let domain = left[first].1;
    let (mut batch, mut row) = (Vec::new(), first);
    while batch.len() < size && row < left.len() && left[row].1 == domain {
        if is_ready(left[row].0) {
            batch.extend(left.remove(row).map(|(host, _)| host));
        } else {
            row += 1;
        }
    }
    batch
}

/// Hosts and their domains, the hosts of a domain together, domains in order of appearance.
pub fn by_domain<H, D: Ord + Copy>(hosts: impl IntoIterator<Item = (H, D)>) -> VecDeque<(H, D)> {
    let mut places: BTreeMap<D, usize> = BTreeMap::new();
    let place = |(host, domain): (H, D)| {
        let next = places.len();
        (*places.entry(domain).or_insert(next), (host, domain))
    };
    let mut hosts: Vec<(usize, (H, D))> = hosts.into_iter().map(place).collect();
    hosts.sort_by_key(|(place, _)| *place);
    hosts.into_iter().map(|(_, host)| host).collect()
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name; decides between equals.
    pub name: String,
    /// What fails together.
    pub domain: String,
    /// How much it holds.
    pub capacity: u64,
    /// The sizes of its VMs.
    pub vms: Vec<u64>,
}

impl Host {
    fn free(&self) -> u64 {
        self.capacity.saturating_sub(self.vms.iter().sum())
    }
}

/// How the hosts are rolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostRollout {
    /// So many hosts of one domain at once; above 0.
    pub batch: usize,
    /// How long a migration takes for each unit of a VM's size, ms.
    pub migrate_ms_per_unit: u64,
    /// So many migrations at once from one host; above 0. Nova has 1.
    pub parallel_per_host: usize,
    /// So many migrations at once in all; `None`: as many as the hosts make.
    pub parallel: Option<usize>,
    /// How long a host takes to get its image, ms.
    pub reimage_ms: u64,
    /// Whether VMs go to hosts that have the image first, so that they move once.
    pub prefers_updated: bool,
}

/// A VM's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// From this host.
    pub from: usize,
    /// To this one.
    pub to: usize,
    /// Its size.
    pub size: u64,
}

/// A VM that has nowhere to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Where it is.
    pub host: usize,
    /// Its size.
    pub size: u64,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The batch takes nothing new, and is empty at that time.
    Drain {
        /// So many migrations.
        migrations: usize,
        /// When the last is done.
        until: Time,
    },
    /// The batch has the image and takes VMs again.
    Back {
        /// So many hosts have the image by now.
        hosts_done: usize,
    },
    /// Nothing more happens.
    Stalled(Stuck),
}

/// A rollout from beginning to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What happened to which hosts when.
    pub events: Vec<(Time, Vec<usize>, Event)>,
    /// When it was done, or stood still.
    pub ended_at: Time,
    /// Migrations in all.
    pub moves: usize,
    /// Batches that are done.
    pub batches: usize,
    /// Hosts that have the image.
    pub hosts_done: usize,
    /// The largest capacity that was out of service at once.
    pub out_max: u64,
    /// What has nowhere to go.
    pub stuck: Option<Stuck>,
    /// The hosts in the end.
    pub hosts: Vec<Host>,
}

impl HostRollout {
    /// The batches, as rows of hosts: domains in order of appearance.
    pub fn batches(&self, hosts: &[Host]) -> Vec<Vec<usize>> {
        let rows = hosts.iter().enumerate();
        let mut left = by_domain(rows.map(|(row, host)| (row, host.domain.as_str())));
        let next = || next_batch(&mut left, self.batch.max(1), |_| true);
        std::iter::repeat_with(next).take_while(|batch| !batch.is_empty()).collect()
    }

    /// Where the VMs of a batch go.
    ///
    /// # Errors
    /// If one of them fits nowhere: the largest such.
    pub fn plan(
        &self,
        hosts: &[Host],
        batch: &[usize],
        is_updated: &[bool],
    ) -> Result<Vec<Move>, Stuck> {
        let free = hosts.iter().map(Host::free).collect();
        let prefers_updated = self.prefers_updated;
        let mut sizes = Sizes { hosts, batch, is_updated, prefers_updated, free };
        let ways = plan(&mut sizes, batch).map_err(|(host, size, NoHole)| Stuck { host, size })?;
        Ok(ways.into_iter().map(|(from, size, to)| Move { from, to, size }).collect())
    }

    /// How long the moves of a batch take, ms: each begins as soon as its host, and all together,
    /// may have one more under way.
    pub fn drain_ms(&self, moves: &[Move]) -> u64 {
        let hosts = moves.iter().map(|a_move| a_move.from).max().map_or(0, |last| last + 1);
        let lanes = |count: usize| BinaryHeap::from(vec![Reverse(0u64); count.max(1)]);
        let mut of_host = vec![lanes(self.parallel_per_host); hosts];
        let mut of_all = self.parallel.map(lanes);
        let mut end_ms = 0;
        for a_move in moves {
            let lane = of_host[a_move.from].pop().map_or(0, |Reverse(ms)| ms);
            let shared = of_all.as_mut().and_then(BinaryHeap::pop).map_or(0, |Reverse(ms)| ms);
            let until_ms = lane.max(shared) + a_move.size * self.migrate_ms_per_unit;
            of_host[a_move.from].push(Reverse(until_ms));
            if let Some(lanes) = &mut of_all {
                lanes.push(Reverse(until_ms));
            }
            end_ms = end_ms.max(until_ms);
        }
        end_ms
    }

    /// Rolls all hosts, one batch after another.
    pub fn run(&self, hosts: Vec<Host>) -> Run {
        let batches = self.batches(&hosts);
        let mut is_updated = vec![false; hosts.len()];
        let mut run = Run {
            events: Vec::new(),
            ended_at: Time::ZERO,
            moves: 0,
            batches: 0,
            hosts_done: 0,
            out_max: 0,
            stuck: None,
            hosts,
        };
        for batch in batches {
            let now = run.ended_at;
            let moves = match self.plan(&run.hosts, &batch, &is_updated) {
                Ok(moves) => moves,
                Err(stuck) => {
                    run.events.push((now, batch, Event::Stalled(stuck)));
                    run.stuck = Some(stuck);
                    break;
                }
            };
            for row in &batch {
                run.hosts[*row].vms.clear();
                is_updated[*row] = true;
            }
            for a_move in &moves {
                run.hosts[a_move.to].vms.push(a_move.size);
            }
            let until = now.after(self.drain_ms(&moves));
            let back = until.after(self.reimage_ms);
            let out = batch.iter().map(|row| run.hosts[*row].capacity).sum();
            run.out_max = run.out_max.max(out);
            run.moves += moves.len();
            run.batches += 1;
            run.hosts_done += batch.len();
            run.ended_at = back;
            let drain = Event::Drain { migrations: moves.len(), until };
            run.events.push((now, batch.clone(), drain));
            run.events.push((back, batch, Event::Back { hosts_done: run.hosts_done }));
        }
        run
    }
}

/// A fleet of one size a VM, while a batch of it is planned.
struct Sizes<'h> {
    hosts: &'h [Host],
    batch: &'h [usize],
    is_updated: &'h [bool],
    prefers_updated: bool,
    free: Vec<u64>,
}

/// No host has a hole that is large enough.
struct NoHole;

impl Fleet for Sizes<'_> {
    type Host = usize;
    type Vm = u64;
    type Size = u64;
    type Reason = NoHole;

    fn vms(&self, host: usize) -> Vec<(u64, u64)> {
        self.hosts[host].vms.iter().map(|size| (*size, *size)).collect()
    }

    fn rehouse(&mut self, _: usize, size: u64) -> Result<usize, NoHole> {
        let fits = |row: &usize| !self.batch.contains(row) && self.free[*row] >= size;
        let targets = (0..self.hosts.len()).filter(fits);
        let to = targets.min_by_key(|row| {
            let is_second = self.prefers_updated && !self.is_updated[*row];
            rank(is_second, self.free[*row], &self.hosts[*row].name)
        });
        let to = to.ok_or(NoHole)?;
        self.free[to] -= size;
        Ok(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(parallel_per_host: usize, parallel: Option<usize>) -> HostRollout {
        HostRollout {
            batch: 2,
            migrate_ms_per_unit: 1,
            parallel_per_host,
            parallel,
            reimage_ms: 10,
            prefers_updated: true,
        }
    }

    #[test]
    fn migrations_go_side_by_side_as_far_as_they_may() {
        let moves = [(0, 8), (1, 8), (0, 4), (1, 4)];
        let moves = moves.map(|(from, size)| Move { from, to: 2, size });
        assert_eq!(rollout(1, None).drain_ms(&moves), 12);
        assert_eq!(rollout(2, None).drain_ms(&moves), 8);
        assert_eq!(rollout(2, Some(1)).drain_ms(&moves), 24);
        assert_eq!(rollout(1, None).drain_ms(&[]), 0);
    }

    #[test]
    fn batches_stay_within_a_domain() {
        let host = |domain: &str| Host {
            name: String::new(),
            domain: domain.to_owned(),
            capacity: 1,
            vms: Vec::new(),
        };
        let hosts = ["a", "b", "a", "a"].map(host);
        assert_eq!(rollout(1, None).batches(&hosts), [vec![0, 2], vec![3], vec![1]]);
    }
}
