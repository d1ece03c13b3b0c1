//! Orders by date: what is bought when, whatever the fleet looks like by then.

use super::{Distribution, HostTypeId};

/// Hosts that are ordered at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedOrder {
    /// What is ordered (this names the pool too).
    pub host_type: HostTypeId,
    /// When, ms after the start.
    pub at_ms: u64,
    /// How many hosts, at least 1.
    pub hosts: u32,
    /// From order to service. Drawn for each order by itself, from a stream that is named after its
    /// pool, model and time: another order beside it changes nothing.
    pub lead_time: Distribution,
}
