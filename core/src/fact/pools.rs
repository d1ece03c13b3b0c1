//! What happens between pools.

use super::{Reason, RequestId};
use crate::state::{HostId, VmId};

/// VMs on their way from pool to pool, and hosts that are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolFact {
    /// A wave of VMs is to be copied.
    WaveBegan {
        /// The row of the migration in the scenario.
        migration: u32,
        /// Number of the wave over all migrations, from 0.
        wave: u32,
        /// How many VMs.
        vms: u32,
    },
    /// A VM's copy has room in the new pool: from now on it takes room in both.
    CopyStarted {
        /// Of which migration.
        migration: u32,
        /// The request it was made for.
        request: RequestId,
        /// Which VM.
        vm: VmId,
        /// Where it runs.
        from: HostId,
        /// Where its copy is to run.
        to: HostId,
        /// What is copied, MiB.
        mib: u64,
        /// From now until it is copied, the copies before it included, ms.
        takes_ms: u64,
    },
    /// A copy finds no room in the new pool, and waits for it.
    CopyWaits {
        /// Of which migration.
        migration: u32,
        /// The request its VM was made for.
        request: RequestId,
        /// Why.
        reason: Reason,
    },
    /// A VM is copied: it runs in both pools.
    Copied {
        /// Of which migration.
        migration: u32,
        /// The request it was made for.
        request: RequestId,
        /// Which VM.
        vm: VmId,
    },
    /// A VM runs in the new pool alone; the old one is retired.
    CutOver {
        /// Of which migration.
        migration: u32,
        /// The request it was made for.
        request: RequestId,
        /// Which VM.
        vm: VmId,
        /// Where it ran.
        from: HostId,
        /// Where it runs.
        to: HostId,
    },
    /// A copy is given up: its VM ends, or one of the two hosts fails.
    CopyDropped {
        /// Of which migration.
        migration: u32,
        /// The request it was made for.
        request: RequestId,
        /// Which VM.
        vm: VmId,
        /// Where it runs.
        from: HostId,
        /// Where the copy was.
        to: HostId,
    },
    /// A copy that waited has room, but its VM has set out for another host of the old pool
    /// meanwhile: a later wave takes it.
    CopyPutOff {
        /// Of which migration.
        migration: u32,
        /// The request its VM was made for.
        request: RequestId,
    },
    /// None of a migration's VMs is in the old pool any more.
    MigrationDone {
        /// Which migration.
        migration: u32,
    },
    /// An empty host leaves its pool for another; that it left service is told next.
    HandedOver {
        /// The row of the hand-over in the scenario.
        hand_over: u32,
        /// Which host.
        host: HostId,
    },
    /// A host that was handed over is in service in its new pool; that it was added is told before.
    TakenOver {
        /// The row of the hand-over in the scenario.
        hand_over: u32,
        /// What it is called now.
        host: HostId,
    },
}

impl PoolFact {
    /// How many more VMs take room in two pools from now on; of which migration, and which VM.
    pub const fn twice(&self) -> Option<(u32, VmId, i64)> {
        match *self {
            Self::CopyStarted { migration, vm, .. } => Some((migration, vm, 1)),
            Self::CutOver { migration, vm, .. } | Self::CopyDropped { migration, vm, .. } => {
                Some((migration, vm, -1))
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for PoolFact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WaveBegan { migration, wave, vms } => {
                write!(f, "migration {migration}: wave {wave} of {vms} VMs begins")
            }
            Self::CopyStarted { request, vm, from, to, takes_ms, .. } => {
                write!(f, "{vm} of {request} is copied from {from} to {to}, for {takes_ms} ms")
            }
            Self::CopyWaits { request, reason, .. } => {
                write!(f, "the copy of {request} waits: {reason:?}")
            }
            Self::Copied { request, vm, .. } => write!(f, "{vm} of {request} runs twice"),
            Self::CutOver { request, vm, from, to, .. } => {
                write!(f, "{vm} of {request} is cut over from {from} to {to}")
            }
            Self::CopyDropped { request, vm, from, to, .. } => {
                write!(f, "{vm} of {request} stays on {from}: its copy on {to} is dropped")
            }
            Self::CopyPutOff { request, .. } => {
                write!(f, "the copy of {request} has room, and is put off: its VM is on the move")
            }
            Self::MigrationDone { migration } => write!(f, "migration {migration} is done"),
            Self::HandedOver { host, .. } => write!(f, "{host} is handed over"),
            Self::TakenOver { host, .. } => write!(f, "{host} was handed over"),
        }
    }
}
