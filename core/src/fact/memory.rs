//! The memory that VMs really need, in facts.

use super::RequestId;
use crate::scenario::DemandId;
use crate::state::{HostId, VmId};

/// What happened for want of memory, or was known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryFact {
    /// A VM has a host: it is known what it asks for and what it will need. Told of flavors that say
    /// so.
    Needs {
        /// The request it was made for.
        request: RequestId,
        /// Where that came from.
        demand: DemandId,
        /// Which VM.
        vm: VmId,
        /// What it has room for, MiB.
        asked_mib: u64,
        /// What it needs once it needs all, MiB.
        need_mib: u64,
    },
    /// A VM needed more than it has room for, and was killed. It keeps its room.
    Killed {
        /// The request it was made for.
        request: RequestId,
        /// Where that came from.
        demand: DemandId,
        /// Which VM.
        vm: VmId,
        /// Where it is.
        host: HostId,
        /// How often VMs of that request have been, this time too.
        kills: u32,
        /// From now until it starts again, ms; `None`: nobody starts it. It ends then, and an instance
        /// fails.
        wait_ms: Option<u64>,
    },
    /// A VM that was killed starts again where it is.
    Restarted {
        /// The request it was made for.
        request: RequestId,
        /// Where that came from.
        demand: DemandId,
        /// Which VM.
        vm: VmId,
        /// Where it is.
        host: HostId,
        /// From now until it is ready, ms.
        boot_ms: u64,
    },
}

impl std::fmt::Display for MemoryFact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Needs { request, vm, asked_mib, need_mib, .. } => {
                write!(f, "{vm} of {request} will need {need_mib} of {asked_mib} MiB")
            }
            Self::Killed { request, vm, host, kills, wait_ms, .. } => {
                write!(f, "{vm} of {request} on {host} killed for want of memory, time {kills}: ")?;
                match wait_ms {
                    Some(ms) => write!(f, "starts again in {ms} ms"),
                    None => f.write_str("nobody starts it again"),
                }
            }
            Self::Restarted { request, vm, host, boot_ms, .. } => {
                write!(f, "{vm} of {request} starts again on {host} (boots {boot_ms} ms)")
            }
        }
    }
}
