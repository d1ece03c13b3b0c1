//! A new image for the hosts: batch by batch they are emptied, get the image and come back.
//!
//! A batch stays within one failure domain. Its hosts take nothing new; each of their VMs, the
//! largest first, moves to a host outside the batch that has a hole for it. One that fits nowhere
//! stops the rollout, however much is free in all: holes count, not sums.

use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

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
        let mut domains: Vec<(&str, Vec<usize>)> = Vec::new();
        for (row, host) in hosts.iter().enumerate() {
            match domains.iter_mut().find(|(name, _)| *name == host.domain) {
                Some((_, rows)) => rows.push(row),
                None => domains.push((&host.domain, vec![row])),
            }
        }
        let chunks = |(_, rows): &(&str, Vec<usize>)| -> Vec<Vec<usize>> {
            rows.chunks(self.batch.max(1)).map(<[usize]>::to_vec).collect()
        };
        domains.iter().flat_map(chunks).collect()
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
        let mut vms: Vec<(usize, u64)> =
            batch.iter().flat_map(|row| hosts[*row].vms.iter().map(|size| (*row, *size))).collect();
        vms.sort_by_key(|(_, size)| Reverse(*size));
        let mut free: Vec<u64> = hosts.iter().map(Host::free).collect();
        let mut moves = Vec::new();
        for (from, size) in vms {
            let targets = (0..hosts.len()).filter(|row| !batch.contains(row) && free[*row] >= size);
            let to = targets.min_by_key(|row| {
                let is_second = self.prefers_updated && !is_updated[*row];
                (is_second, Reverse(free[*row]), &hosts[*row].name)
            });
            let to = to.ok_or(Stuck { host: from, size })?;
            free[to] -= size;
            moves.push(Move { from, to, size });
        }
        Ok(moves)
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
