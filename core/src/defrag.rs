//! Defragmentation: which hosts can be emptied by live migration, by which moves, and how long
//! that takes.
//!
//! A plan goes over the hosts from the least used on. Each VM of a host, the largest first, goes
//! to the tightest other host in use that takes it, as the filters of placement say; if one finds
//! none, the host is left as it is and nothing of it is in the plan.

mod account;

pub use account::{Account, Step, account};

use crate::migration::{self, PreCopy};
use crate::placement::filters::Filter;
use crate::resources::Kinds;
use crate::scenario::{Defrag, PlanLimits};
use crate::state::{Ask, HostId, HostStatus, Spot, State, VmId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// One migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which VM.
    pub vm: VmId,
    /// Number of the request it was made for.
    pub request: u64,
    /// What it takes.
    pub ask: Ask,
    /// Where it is by then.
    pub from: HostId,
    /// Where it goes.
    pub to: HostId,
}

/// A plan: all moves of one host stand together, and hosts in the order in which they are emptied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The moves, in order.
    pub moves: Vec<Move>,
    /// The hosts that they empty, in order.
    pub emptied: Vec<HostId>,
}

/// Plans which hosts to empty. Hosts and VMs are measured by the columns of `by`. VMs on the move
/// count as arrived. Cost: a pass over the hosts for each VM that is looked at.
pub fn plan(state: &State, by: &[usize], limits: PlanLimits) -> Plan {
    let mut trial = state.clone();
    let under_way: Vec<VmId> =
        trial.vms.iter().map(|(id, _)| id).filter(|id| trial.moves.target(*id).is_some()).collect();
    for id in under_way {
        trial.end_move(id, true);
    }
    let by: Vec<usize> = by.iter().copied().filter(|by| *by < trial.hosts.kinds()).collect();
    let mut on_host: Vec<Vec<VmId>> = vec![Vec::new(); trial.hosts.rows()];
    for (id, vm) in trial.vms.iter() {
        on_host[vm.host.row()].push(id);
    }
    let used = |host: HostId| -> Vec<i64> {
        let used =
            |column: &usize| trial.hosts.effective(host)[*column] - trial.hosts.free(host, *column);
        by.iter().map(used).collect()
    };
    let in_use = trial.hosts.ids().filter(|host| !on_host[host.row()].is_empty());
    let mut sources: Vec<(Vec<i64>, HostId)> = in_use.map(|host| (used(host), host)).collect();
    sources.sort();
    let mut plan = Plan::default();
    let mut moved: BTreeMap<VmId, u32> = BTreeMap::new();
    for (_, source) in sources {
        let vms = &mut on_host[source.row()];
        let left = limits.migrations_max as usize - plan.moves.len();
        let may_move = |vm: &VmId| moved.get(vm).copied().unwrap_or(0) < limits.moves_per_vm;
        if vms.len() > left || !vms.iter().all(may_move) {
            continue;
        }
        vms.sort_by_cached_key(|id| {
            let vm = trial.vms.get(*id);
            let amounts = &trial.shapes.get(vm.ask.shape).amounts;
            let size: Vec<i64> = by.iter().map(|column| amounts[*column]).collect();
            (Reverse(size), vm.request)
        });
        let Some(moves) = empty(&mut trial, source, vms, &by) else { continue };
        for step in &moves {
            *moved.entry(step.vm).or_default() += 1;
            on_host[step.to.row()].push(step.vm);
        }
        on_host[source.row()].clear();
        plan.moves.extend(moves);
        plan.emptied.push(source);
    }
    plan
}

/// Moves all VMs off a host, in this order; if one finds no place, all are put back: `None`.
fn empty(trial: &mut State, source: HostId, vms: &[VmId], by: &[usize]) -> Option<Vec<Move>> {
    let mut moves: Vec<Move> = Vec::with_capacity(vms.len());
    let mut spots = Vec::with_capacity(vms.len());
    for id in vms {
        let vm = *trial.vms.get(*id);
        let had = trial.lift(*id);
        let Some(to) = tightest(trial, vm.ask, source, by) else {
            trial.put(*id, source, had);
            for (step, had) in moves.iter().zip(spots).rev() {
                trial.lift(step.vm);
                trial.put(step.vm, source, had);
            }
            return None;
        };
        trial.put(*id, to, Spot::default());
        spots.push(had);
        moves.push(Move { vm: *id, request: vm.request, ask: vm.ask, from: source, to });
    }
    Some(moves)
}

/// The host in use, other than the source, that takes the VM and has least left of the columns.
fn tightest(state: &State, ask: Ask, source: HostId, by: &[usize]) -> Option<HostId> {
    let filter = Filter::new(state, ask);
    let hosts = &state.hosts;
    let is_target =
        |host: &HostId| *host != source && hosts.vm_count(*host) > 0 && filter.admits(*host);
    let tighter = |a: HostId, b: HostId| {
        let left = |host: HostId| by.iter().map(move |column| hosts.free(host, *column));
        // Hosts come in order: of equals the first stays.
        if left(b).lt(left(a)) { b } else { a }
    };
    hosts.ids().filter(is_target).reduce(tighter)
}

/// Whether a VM could be on a host if it were not where it is.
pub fn admits_move(state: &mut State, vm: VmId, to: HostId) -> bool {
    let (from, ask) = {
        let vm = state.vms.get(vm);
        (vm.host, vm.ask)
    };
    let spot = state.lift(vm);
    let admits = state.hosts.status(to) == HostStatus::Up && Filter::new(state, ask).admits(to);
    state.put(vm, from, spot);
    admits
}

/// The migration of a VM of this size. Those from and to one host share its bandwidth.
pub fn migration(state: &State, kinds: &Kinds, ask: Ask, defrag: &Defrag) -> PreCopy {
    let memory = kinds.column("memory").map(|column| state.shapes.get(ask.shape).amounts[column]);
    let bandwidth_mib_s = defrag.link.bandwidth_mib_s / f64::from(defrag.per_host_max);
    let link = migration::Link { bandwidth_mib_s, ..defrag.link.clone() };
    migration::pre_copy(memory.unwrap_or(0) as f64, &link)
}

/// How many VMs are on the move, in all and by host.
#[derive(Clone, Debug)]
pub struct Lanes {
    free: u32,
    per_host_max: u32,
    by_host: BTreeMap<HostId, u32>,
}

impl Lanes {
    /// None on the move.
    pub fn new(defrag: &Defrag) -> Self {
        Self {
            free: defrag.concurrent_max,
            per_host_max: defrag.per_host_max,
            by_host: BTreeMap::new(),
        }
    }

    /// Whether no more can set out, from wherever.
    pub fn are_full(&self) -> bool {
        self.free == 0
    }

    /// Whether one more can go from one host to another.
    pub fn admit(&self, from: HostId, to: HostId) -> bool {
        let has_lane =
            |host| self.by_host.get(&host).is_none_or(|taken| *taken < self.per_host_max);
        self.free > 0 && has_lane(from) && has_lane(to)
    }

    /// One sets out.
    pub fn take(&mut self, from: HostId, to: HostId) {
        self.free -= 1;
        for host in [from, to] {
            *self.by_host.entry(host).or_default() += 1;
        }
    }

    /// One has ended.
    pub fn give(&mut self, from: HostId, to: HostId) {
        self.free += 1;
        for host in [from, to] {
            if let Some(taken) = self.by_host.get_mut(&host) {
                *taken -= 1;
                if *taken == 0 {
                    self.by_host.remove(&host);
                }
            }
        }
    }
}

/// From when to when each move goes, ms from the beginning: at each instant the first of those
/// left that finds a lane, and whose VM has no earlier move before it.
pub fn schedule(
    moves: &[Move],
    defrag: &Defrag,
    takes_ms: impl Fn(&Move) -> u64,
) -> Vec<(u64, u64)> {
    let mut times = vec![(0, 0); moves.len()];
    let mut lanes = Lanes::new(defrag);
    let mut left: Vec<usize> = (0..moves.len()).collect();
    let mut ends: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    let mut is_moving: BTreeMap<VmId, usize> = BTreeMap::new();
    let mut now = 0;
    while !left.is_empty() {
        let mut waits: BTreeSet<VmId> = BTreeSet::new();
        left.retain(|row| {
            if lanes.are_full() {
                return true;
            }
            let step = &moves[*row];
            let is_first = !is_moving.contains_key(&step.vm) && !waits.contains(&step.vm);
            if !is_first || !lanes.admit(step.from, step.to) {
                waits.insert(step.vm);
                return true;
            }
            lanes.take(step.from, step.to);
            is_moving.insert(step.vm, *row);
            times[*row] = (now, now + takes_ms(step));
            ends.push(Reverse((times[*row].1, *row)));
            false
        });
        if left.is_empty() {
            break;
        }
        // All that end now make room before anything sets out.
        let Some(Reverse((end, _))) = ends.peek().copied() else { break };
        now = end;
        while let Some(Reverse((_, row))) = ends.peek().copied().filter(|next| next.0.0 == end) {
            ends.pop();
            is_moving.remove(&moves[row].vm);
            lanes.give(moves[row].from, moves[row].to);
        }
    }
    times
}
