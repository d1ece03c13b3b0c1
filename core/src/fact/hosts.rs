//! What happens to hosts while they get a new image.

use super::{Reason, RequestId};
use crate::scenario::DemandId;
use crate::scenario::hosts::{HostImageId, OnTimeout};
use crate::state::{HostId, VmId};
use crate::time::Time;

/// A host rollout's number: 0, 1, 2 … in the order in which they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostRolloutId(pub u32);

impl std::fmt::Display for HostRolloutId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "host rollout {}", self.0)
    }
}

/// Something that a host rollout did, or that happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostStep {
    /// It began.
    Started {
        /// Its row among the scenario's host rollouts.
        plan: u32,
        /// What is to run.
        image: HostImageId,
        /// So many hosts are meant.
        hosts: u32,
    },
    /// A host takes no VMs from now on: it is to be emptied.
    Draining {
        /// Which.
        host: HostId,
        /// So many VMs are on it.
        vms: u32,
    },
    /// All VMs of the batch that are to move have a place, and room there is theirs.
    Planned {
        /// So many hosts are in the batch.
        hosts: u32,
        /// So many migrations.
        moves: u32,
    },
    /// A VM has nowhere to go, and the rollout stands still.
    Stalled(Stall),
    /// A host is empty and gets its image.
    Rewriting {
        /// Which.
        host: HostId,
        /// Until when.
        until: Time,
    },
    /// A host has the image: it takes VMs again, or is a new machine that came with it.
    Done {
        /// Which.
        host: HostId,
    },
    /// A host has taken too long to be empty.
    Overdue {
        /// Which.
        host: HostId,
        /// What is done about it.
        then: OnTimeout,
    },
    /// A host takes VMs again without having got the image.
    GivenUp {
        /// Which.
        host: HostId,
    },
    /// The next batch does not begin yet.
    Waits(HostWait),
    /// It is over.
    Ended(HostOutcome),
}

/// A VM that keeps a host from being emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// Where it is.
    pub host: HostId,
    /// Which; its id may be used again later.
    pub vm: VmId,
    /// The request it was made for.
    pub request: RequestId,
    /// Where that came from.
    pub demand: DemandId,
    /// Why it cannot leave.
    pub why: WhyStuck,
}

/// Why a VM cannot leave its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyStuck {
    /// No host takes it, as placement says.
    NoRoom(Reason),
    /// It writes faster than it can be copied, and migrations that do not converge are given up.
    Copy,
    /// So many of its group must be there.
    Budget(u32),
}

/// What a host rollout waits for before its next batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostWait {
    /// The pause between two batches.
    Soak(Time),
    /// Hosts that are down: there are no others left.
    Down(u32),
    /// Hosts that are down: with a batch more than may be would be out of service.
    Limit(u32),
}

/// How a host rollout ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostOutcome {
    /// All hosts meant that are still in service have the image.
    Complete,
    /// Some were left out, since they could not be emptied in time.
    Partial,
    /// It stopped at a host that could not be emptied in time.
    Stopped,
}

impl std::fmt::Display for HostOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Stopped => "stopped",
        })
    }
}

impl std::fmt::Display for HostWait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Soak(until) => write!(f, "the pause until {} ms", until.ms()),
            Self::Down(hosts) => write!(f, "{hosts} hosts that are down"),
            Self::Limit(hosts) => write!(f, "the limit: {hosts} hosts are down"),
        }
    }
}

impl std::fmt::Display for HostStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Started { image, hosts, .. } => write!(f, "{hosts} hosts get {image}"),
            Self::Draining { host, vms } => write!(f, "{host} is emptied of {vms} VMs"),
            Self::Planned { hosts, moves } => {
                write!(f, "{moves} migrations empty {hosts} hosts")
            }
            Self::Stalled(Stall { host, vm, request, why, .. }) => {
                write!(f, "{vm} of {request} cannot leave {host}: {why:?}")
            }
            Self::Rewriting { host, until } => {
                write!(f, "{host} gets its image until {} ms", until.ms())
            }
            Self::Done { host } => write!(f, "{host} has the image"),
            Self::Overdue { host, then } => {
                write!(f, "{host} is not empty in time: {}", then.words())
            }
            Self::GivenUp { host } => write!(f, "{host} takes VMs again as it was"),
            Self::Waits(wait) => write!(f, "waits for {wait}"),
            Self::Ended(outcome) => write!(f, "ended: {outcome}"),
        }
    }
}
