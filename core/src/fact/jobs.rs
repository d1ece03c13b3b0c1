//! Jobs in facts.

use crate::scenario::{DemandId, QueueId, TenantId};
use crate::state::Ask;

/// A job's number: 0, 1, 2 … in the order of submission over all streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u32);

impl std::fmt::Display for JobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "j{}", self.0)
    }
}

/// A job, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobOf {
    /// Which.
    pub id: JobId,
    /// The demand of its stream.
    pub demand: DemandId,
    /// Who owns it.
    pub tenant: TenantId,
    /// Where it waits, or waited.
    pub queue: QueueId,
    /// How many tasks it has.
    pub tasks: u32,
    /// What each of them asks for, apart from its group; held while the job is there.
    pub ask: Ask,
}
