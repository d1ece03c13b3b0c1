//! What came of VMs and hosts that went from pool to pool.

use super::summary::Level;
use crate::fact::{Fact, PoolFact, Reason, RequestId};
use crate::resources::{Amounts, KINDS_MAX};
use crate::scenario::{DemandId, PoolId, PoolMigration, Scenario};
use crate::state::{State, Vm, VmId};
use crate::time::Time;
use std::collections::BTreeMap;

/// All that went from pool to pool in a run.
#[derive(Clone, Debug)]
pub struct PoolMoves {
    /// By migration.
    pub migrations: Vec<Account>,
    /// By hand-over.
    pub hand_overs: Vec<Handed>,
    /// By pool.
    pub pools: Vec<PoolAccount>,
    kinds: usize,
    /// By migration: from which pool, and whose VMs.
    rules: Vec<(PoolId, Vec<DemandId>)>,
    /// Copies that wait for room: of which migration, and since when.
    waiting: BTreeMap<RequestId, (u32, Time)>,
}

/// What came of a migration.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Waves that began.
    pub waves: u64,
    /// When the first did.
    pub began: Option<Time>,
    /// When nothing was left in the old pool, if that was so at the last look.
    pub done: Option<Time>,
    /// VMs that were cut over.
    pub moved: u64,
    /// Copies given up.
    pub dropped: u64,
    /// What was copied, MiB.
    pub mib: u64,
    /// VMs that took room in both pools.
    pub twice: Level,
    /// What they took twice, by column.
    pub double: [Level; KINDS_MAX],
    /// When most VMs did.
    pub peak_at: Time,
    /// Copies that waited for room, by reason.
    pub waited_by: BTreeMap<Reason, u64>,
    /// How long copies waited for room, ms: the longest.
    pub longest_wait_ms: u64,
    /// VMs still in the old pool at the end.
    pub left: u64,
}

/// What came of a hand-over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Handed {
    /// Hosts that left the old pool.
    pub hosts: u64,
    /// Hosts in service in the new one.
    pub arrived: u64,
    /// When the first left.
    pub first: Option<Time>,
    /// When the last did.
    pub last: Option<Time>,
}

/// A pool over time.
#[derive(Clone, Copy, Debug, Default)]
pub struct PoolAccount {
    /// Hosts in service.
    pub hosts: Level,
    /// Hosts in service at time 0, once it is over.
    pub hosts_at_start: u64,
    /// Hosts with a VM on them.
    pub hosts_used: Level,
    /// The most that was taken of each resource.
    pub peak_used: Amounts,
    /// When it was fullest, by the resource that was scarcest then.
    pub fullest: Option<Fullest>,
}

/// When a pool was fullest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fullest {
    /// Of which resource.
    pub column: usize,
    /// The share taken.
    pub share: f64,
    /// When.
    pub at: Time,
}

impl PoolMoves {
    /// `None` where nothing goes from pool to pool.
    pub(super) fn new(scenario: &Scenario) -> Option<Box<Self>> {
        let rule = |migration: &PoolMigration| (migration.from, migration.demands.clone());
        scenario.moves_between_pools().then(|| {
            Box::new(Self {
                migrations: vec![Account::default(); scenario.pool_migrations.len()],
                hand_overs: vec![Handed::default(); scenario.hand_overs.len()],
                pools: vec![PoolAccount::default(); scenario.pools.len()],
                kinds: scenario.kinds.len(),
                rules: scenario.pool_migrations.iter().map(rule).collect(),
                waiting: BTreeMap::new(),
            })
        })
    }

    fn of(&mut self, migration: u32) -> &mut Account {
        &mut self.migrations[migration as usize]
    }

    /// Any fact: pools fill and empty by all of them.
    #[cold]
    pub(super) fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        self.note_pools(now, state);
        match *fact {
            Fact::Pools(ref fact) => self.hear_pools(now, fact, state),
            Fact::Departed { request, .. }
            | Fact::VmDown { request, .. }
            | Fact::Preempted { request, .. }
            | Fact::Evicted { request, .. } => {
                self.waiting.remove(&request);
            }
            Fact::Ended => self.end(now, state),
            _ => {}
        }
    }

    fn note_pools(&mut self, now: Time, state: &State) {
        for (row, pool) in self.pools.iter_mut().enumerate() {
            let total = state.hosts.pool_total(PoolId::from_row(row));
            pool.hosts.set(now, total.hosts.into());
            pool.hosts_used.set(now, total.hosts_used.into());
            if now == Time::ZERO {
                pool.hosts_at_start = total.hosts.into();
            }
            for column in 0..self.kinds {
                let (used, capacity) = (total.used[column], total.capacity[column]);
                pool.peak_used[column] = pool.peak_used[column].max(used);
                let share = if capacity > 0 { used as f64 / capacity as f64 } else { 0.0 };
                if pool.fullest.is_none_or(|fullest| share > fullest.share) {
                    pool.fullest = Some(Fullest { column, share, at: now });
                }
            }
        }
    }

    fn count_twice(&mut self, now: Time, migration: u32, vm: VmId, more: i64, state: &State) {
        let amounts = state.shapes.get(state.vms.get(vm).ask.shape).amounts;
        let kinds = self.kinds;
        let account = self.of(migration);
        let peak = account.twice.peak;
        account.twice.set(now, account.twice.value + more);
        if account.twice.peak > peak {
            account.peak_at = now;
        }
        for (column, level) in account.double.iter_mut().enumerate().take(kinds) {
            level.set(now, level.value + more * amounts[column]);
        }
    }

    /// A copy has room: it has waited for it until now, if it did.
    fn end_wait(&mut self, now: Time, request: RequestId) {
        if let Some((migration, since)) = self.waiting.remove(&request) {
            let account = self.of(migration);
            account.longest_wait_ms = account.longest_wait_ms.max(now.since_ms(since));
        }
    }

    fn hear_pools(&mut self, now: Time, fact: &PoolFact, state: &State) {
        if let Some((migration, vm, more)) = fact.twice() {
            self.count_twice(now, migration, vm, more, state);
        }
        match *fact {
            PoolFact::WaveBegan { migration, .. } => {
                let account = self.of(migration);
                account.waves += 1;
                account.began.get_or_insert(now);
                account.done = None;
            }
            PoolFact::CopyWaits { migration, request, reason } => {
                *self.of(migration).waited_by.entry(reason).or_default() += 1;
                self.waiting.insert(request, (migration, now));
            }
            PoolFact::CopyStarted { migration, request, mib, .. } => {
                self.end_wait(now, request);
                self.of(migration).mib += mib;
            }
            PoolFact::Copied { .. } => {}
            PoolFact::CutOver { migration, .. } => self.of(migration).moved += 1,
            PoolFact::CopyDropped { migration, .. } => self.of(migration).dropped += 1,
            PoolFact::CopyPutOff { request, .. } => self.end_wait(now, request),
            PoolFact::MigrationDone { migration } => self.of(migration).done = Some(now),
            PoolFact::HandedOver { hand_over, .. } => {
                let handed = &mut self.hand_overs[hand_over as usize];
                handed.hosts += 1;
                handed.first.get_or_insert(now);
                handed.last = Some(now);
            }
            PoolFact::TakenOver { hand_over, .. } => {
                self.hand_overs[hand_over as usize].arrived += 1;
            }
        }
    }

    /// The run is over: copies that wait have waited until now, and some VMs may be left.
    fn end(&mut self, now: Time, state: &State) {
        for (migration, since) in std::mem::take(&mut self.waiting).into_values() {
            let account = self.of(migration);
            account.longest_wait_ms = account.longest_wait_ms.max(now.since_ms(since));
        }
        for (account, (from, demands)) in self.migrations.iter_mut().zip(&self.rules) {
            let is_left = |vm: &Vm| {
                demands.contains(&vm.demand) && state.shapes.pool(vm.ask.shape) == Some(*from)
            };
            account.left = state.vms.iter().filter(|(_, vm)| is_left(vm)).count() as u64;
        }
    }
}
