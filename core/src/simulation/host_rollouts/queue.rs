//! Moves that have their room and have not set out, in the order in which they are to.

use crate::defrag::Move;
use crate::state::VmId;
use std::collections::BTreeMap;

/// They wait for lanes; any of them can be called off.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// By number; numbers count up.
    steps: BTreeMap<u64, Move>,
    by_vm: BTreeMap<VmId, u64>,
    next: u64,
}

impl Queue {
    pub(super) fn push(&mut self, step: Move) {
        self.by_vm.insert(step.vm, self.next);
        self.steps.insert(self.next, step);
        self.next += 1;
    }

    /// In order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Move> {
        self.steps.values()
    }

    /// Calls the move of a VM off, if it has one here.
    pub(super) fn remove(&mut self, vm: VmId) -> Option<Move> {
        let number = self.by_vm.remove(&vm)?;
        self.steps.remove(&number)
    }

    /// Keeps those that are to stay; they are asked in order.
    pub(super) fn retain(&mut self, mut stays: impl FnMut(&Move) -> bool) {
        let by_vm = &mut self.by_vm;
        self.steps.retain(|_, step| {
            let stays = stays(step);
            if !stays {
                by_vm.remove(&step.vm);
            }
            stays
        });
    }
}
