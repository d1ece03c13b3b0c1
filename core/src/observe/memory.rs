//! Memory that VMs need and do not have, and have and do not need.

use super::summary::Level;
use crate::fact::{Fact, MemoryFact, RequestId};
use crate::scenario::Scenario;
use crate::state::VmId;
use crate::time::Time;

/// Whoever has been killed so often is in a loop.
pub const LOOP_KILLS: u32 = 3;

/// What came of memory, by demand.
#[derive(Clone, Debug)]
pub struct Memory {
    /// By demand.
    pub by_demand: Vec<Account>,
    /// By VM: what it has room for, while it has.
    held: Vec<Option<Held>>,
    /// The request that was placed last.
    placed: Option<RequestId>,
}

/// That of one demand.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Requests whose VM had room.
    pub vms: u64,
    /// Those of them whose VM was killed at least once.
    pub killed_vms: u64,
    /// Those killed at least [`LOOP_KILLS`] times.
    pub looping: u64,
    /// How often a VM was killed.
    pub kills: u64,
    /// How often one started again.
    pub restarts: u64,
    /// VMs that nobody started again.
    pub given_up: u64,
    /// For how long VMs were down for it, all together, ms.
    pub down_ms: u128,
    /// What VMs have room for, MiB.
    pub asked_mib: Level,
    /// What of that they do not need, MiB.
    pub unused_mib: Level,
}

/// What is known of a VM that has room.
#[derive(Clone, Copy, Debug)]
struct Held {
    demand: usize,
    asked_mib: i64,
    unused_mib: i64,
    /// Since when it is down, and until when if that is known.
    down: Option<(Time, Option<Time>)>,
}

impl Memory {
    /// `None` where nobody says what VMs need.
    pub(super) fn new(scenario: &Scenario) -> Option<Self> {
        scenario.flavors.iter().any(|flavor| flavor.memory_use.is_some()).then(|| Self {
            by_demand: vec![Account::default(); scenario.demands.len()],
            held: Vec::new(),
            placed: None,
        })
    }

    pub(super) fn hear(&mut self, now: Time, fact: &Fact<'_>) {
        match *fact {
            Fact::Placed { request, .. } => self.placed = Some(request),
            Fact::Memory(ref fact) => self.hear_memory(now, fact),
            Fact::Departed { vm, .. }
            | Fact::Preempted { vm, .. }
            | Fact::Evicted { vm, .. }
            | Fact::VmDown { vm, .. } => self.leave(now, vm),
            Fact::Ended => {
                for row in 0..self.held.len() {
                    self.be_up(now, row);
                }
            }
            _ => {}
        }
    }

    fn hear_memory(&mut self, now: Time, fact: &MemoryFact) {
        match *fact {
            MemoryFact::Needs { request, demand, vm, asked_mib, need_mib } => {
                let [asked, unused] = [asked_mib, asked_mib.saturating_sub(need_mib)]
                    .map(|mib| i64::try_from(mib).unwrap_or(i64::MAX));
                let account = &mut self.by_demand[demand.row()];
                account.vms += u64::from(self.placed == Some(request));
                account.asked_mib.set(now, account.asked_mib.value + asked);
                account.unused_mib.set(now, account.unused_mib.value + unused);
                if self.held.len() <= vm.row() {
                    self.held.resize(vm.row() + 1, None);
                }
                let demand = demand.row();
                self.held[vm.row()] =
                    Some(Held { demand, asked_mib: asked, unused_mib: unused, down: None });
            }
            MemoryFact::Killed { demand, vm, kills, wait_ms, .. } => {
                self.be_up(now, vm.row());
                if let Some(Some(held)) = self.held.get_mut(vm.row()) {
                    held.down = Some((now, None));
                }
                let account = &mut self.by_demand[demand.row()];
                account.kills += 1;
                account.killed_vms += u64::from(kills == 1);
                account.looping += u64::from(kills == LOOP_KILLS);
                account.given_up += u64::from(wait_ms.is_none());
            }
            MemoryFact::Restarted { demand, vm, boot_ms, .. } => {
                self.by_demand[demand.row()].restarts += 1;
                if let Some(Some(held)) = self.held.get_mut(vm.row())
                    && let Some((_, until)) = &mut held.down
                {
                    *until = Some(now.after(boot_ms));
                }
            }
        }
    }

    /// A VM is not down any more; if it is to be ready later, not from now on either.
    fn be_up(&mut self, now: Time, row: usize) {
        let Some(Some(held)) = self.held.get_mut(row) else { return };
        if let Some((since, until)) = held.down.take() {
            let until = until.map_or(now, |until| until.min(now));
            self.by_demand[held.demand].down_ms += u128::from(until.since_ms(since));
        }
    }

    /// A VM has no room any more.
    fn leave(&mut self, now: Time, vm: VmId) {
        self.be_up(now, vm.row());
        let Some(held) = self.held.get_mut(vm.row()).and_then(Option::take) else { return };
        let account = &mut self.by_demand[held.demand];
        account.asked_mib.set(now, account.asked_mib.value - held.asked_mib);
        account.unused_mib.set(now, account.unused_mib.value - held.unused_mib);
    }
}
