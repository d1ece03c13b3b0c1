//! What a report says of VMs and hosts that went from pool to pool.

use super::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A migration of VMs from one pool to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoolMigrationReport {
    /// The pool that they left.
    pub from: String,
    /// The pool that they went to.
    pub to: String,
    /// When the first wave began; `None`: none did.
    pub began: Option<Moment>,
    /// When nothing was left in the old pool; `None`: something is.
    pub done: Option<Moment>,
    /// Waves that began.
    pub waves: u64,
    /// VMs that were cut over.
    pub moved: u64,
    /// Copies given up, since their VM ended or a host failed.
    pub dropped: u64,
    /// VMs still in the old pool at the end.
    pub left: u64,
    /// What was copied, GiB.
    pub copied_gib: f64,
    /// The most VMs that took room in both pools at once.
    pub peak_twice: u64,
    /// When they did; `None` where none did.
    pub peak_twice_at: Option<Moment>,
    /// VMs that took room in both pools, averaged over the run.
    pub mean_twice: f64,
    /// The most that they took twice, by resource.
    pub double_room: BTreeMap<String, DoubleRoom>,
    /// Copies that found no room at once, by reason.
    pub waited_by: BTreeMap<String, u64>,
    /// The longest that one waited for room, s.
    pub longest_wait_s: f64,
}

/// So much of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DoubleRoom {
    /// The most at once.
    pub peak: i64,
    /// Of what.
    pub unit: String,
}

/// Hosts that one pool handed over to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandOverReport {
    /// The pool that they left.
    pub from: String,
    /// The pool that they joined.
    pub to: String,
    /// How many left.
    pub hosts: u64,
    /// How many are, or were, in service in the new pool.
    pub arrived: u64,
    /// When the first left.
    pub first: Option<Moment>,
    /// When the last did.
    pub last: Option<Moment>,
}

/// A pool over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoolReport {
    /// Its name.
    pub name: String,
    /// Hosts in service at the start.
    pub hosts_at_start: u64,
    /// Hosts in service at the end.
    pub hosts: u64,
    /// The most in service.
    pub peak_hosts: u64,
    /// The most with a VM on them.
    pub peak_hosts_used: u64,
    /// The most of them that was taken, of the scarcest resource.
    pub fullest: f64,
    /// Of which resource.
    pub fullest_of: Option<String>,
    /// When.
    pub fullest_at: Option<Moment>,
}
