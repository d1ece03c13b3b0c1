//! Jobs in facts.

use crate::resources::Amounts;
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

/// What a tenant was offered in a round, and what it did with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferFact {
    /// Who.
    pub tenant: TenantId,
    /// What became of its offers.
    pub answer: Answer,
}

/// What became of a tenant's offers in a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// So many were made.
    pub made: u32,
    /// Of so many something was taken for the first time.
    pub accepted: u32,
    /// So many were refused whole.
    pub declined: u32,
    /// So many were of hosts that are gone, or whose room others took.
    pub lost: u32,
    /// So many it holds back, with those of rounds before.
    pub held: u32,
    /// What those are of.
    pub amounts: Amounts,
}
