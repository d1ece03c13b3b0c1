//! From pool to pool: VMs that are copied, run twice and are cut over; hosts that are handed over.

use super::{DemandId, HostTypeId, PoolId};

/// VMs leave a pool for another, wave by wave. Each is copied, runs in both pools for a while, and
/// is cut over; then the old one is retired.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolMigration {
    /// Where they are.
    pub from: PoolId,
    /// Where they go.
    pub to: PoolId,
    /// Whose VMs, in this order; all run in `from`. Never empty.
    pub demands: Vec<DemandId>,
    /// When the first wave begins, ms.
    pub at_ms: u64,
    /// How long after one wave the next begins, ms, at least 1 min. One whose copies wait for room
    /// holds up the next.
    pub every_ms: u64,
    /// How many VMs are in a wave, at least 1; `None`: all of one demand.
    pub wave: Option<u32>,
    /// How fast VMs are copied, MiB/s, above 0, one after another; `None`: in no time.
    pub bandwidth_mib_s: Option<f64>,
    /// How long a wave runs in both pools once all of it is copied, ms.
    pub twice_ms: u64,
}

/// Hosts without VMs leave a pool and join another.
#[derive(Clone, Debug, PartialEq)]
pub struct HandOver {
    /// Where they are.
    pub from: PoolId,
    /// Where they go.
    pub to: PoolId,
    /// What a host of `from` is in `to`.
    pub becomes: Vec<(HostTypeId, HostTypeId)>,
    /// From when on somebody looks, ms.
    pub at_ms: u64,
    /// How often, ms, at least 1 min.
    pub every_ms: u64,
    /// So many hosts at most.
    pub hosts_max: u32,
    /// So many stay at least.
    pub keep: u32,
    /// The share of what stays that must be free of each resource, 0..1.
    pub headroom: f64,
    /// From leaving one pool to service in the other, ms.
    pub takes_ms: u64,
}

impl super::Scenario {
    /// Whether VMs or hosts go from pool to pool.
    pub fn moves_between_pools(&self) -> bool {
        !self.pool_migrations.is_empty() || !self.hand_overs.is_empty()
    }
}
