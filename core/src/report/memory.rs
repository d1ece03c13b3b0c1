//! What a report says of memory that VMs need.

use serde::{Deserialize, Serialize};

/// What VMs needed of the memory that they asked for; of flavors that say so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryReport {
    /// All together.
    pub all: MemoryShare,
    /// By demand and service, those that had such VMs.
    pub demands: Vec<MemoryShare>,
}

/// That of some VMs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryShare {
    /// The demand or service; `all` for all.
    pub name: String,
    /// Requests whose VM had room.
    pub vms: u64,
    /// Those of them whose VM was killed at least once.
    pub killed_vms: u64,
    /// Those killed three times or more.
    pub looping: u64,
    /// How often a VM was killed.
    pub kills: u64,
    /// How often one started again.
    pub restarts: u64,
    /// VMs that nobody started again.
    pub given_up: u64,
    /// For how long VMs were down for it, all together, minutes.
    pub vm_minutes_lost: f64,
    /// What VMs had room for, MiB × hours.
    pub asked_mib_hours: f64,
    /// What of that they did not need, MiB × hours.
    pub unused_mib_hours: f64,
    /// The same as a share; 0 of nothing.
    pub waste: f64,
}
