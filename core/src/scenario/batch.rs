//! Batch work: queues, who starts next, and where jobs come from.

use super::{Curve, DemandId, Distribution, PoolId, Season, TenantId};
use crate::resources::Amounts;

id!(/** A row of [`Batch::queues`]. */ QueueId, "queue ", u16);

/// All batch work of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Who starts next.
    pub scheduler: Scheduler,
    /// Queues; never empty.
    pub queues: Vec<Queue>,
    /// Where jobs come from, in file order. Their demands follow each other, before those of
    /// services.
    pub streams: Vec<JobStream>,
    /// How much each tenant counts, by tenant; from 1 up to 2^20.
    pub weights: Vec<u64>,
    /// By tenant: what its jobs get back from others when they need it; `None`: nothing; `i64::MAX`:
    /// all. Empty where no tenant is guaranteed anything.
    pub guarantees: Vec<Option<Amounts>>,
    /// How they get it.
    pub reclaim: Reclaim,
}

/// How tenants get back what others borrowed of their guarantees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reclaim {
    /// After so long a wait, ms; 1,000 or more.
    pub after_ms: u64,
    /// Whether jobs that end for it go on later where they were; else they begin anew.
    pub keeps_work: bool,
}

/// How the next job is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduler {
    /// Whose hosts jobs run on; `None`: all.
    pub pool: Option<PoolId>,
    /// Who is first.
    pub order: JobOrder,
    /// Who may go before the first.
    pub backfill: Backfill,
}

/// Who is first of the jobs that wait. Of equals the one that came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobOrder {
    /// Who came first.
    Arrival,
    /// Who is believed to run for the shortest time.
    Shortest,
    /// The highest priority: that of the queue and that of the job.
    Priority {
        /// For so long a wait one more, ms; `None`: it does not grow.
        aging_ms: Option<u64>,
    },
    /// The tenant that has used least for its weight, of late.
    FairShare {
        /// After so long what was used counts half, ms.
        half_life_ms: u64,
    },
    /// The tenant with the smallest dominant share for its weight, now.
    Drf,
    /// Nobody says: tenants are offered hosts, and choose.
    Offers(OfferRule),
}

/// How hosts are offered to tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferRule {
    /// From round to round, ms; 1 or more.
    pub interval_ms: u64,
    /// For so long what a tenant refused is not offered to it again, ms.
    pub refuse_ms: u64,
    /// For so long at most a tenant holds hosts back until a job of several tasks fits, ms; `None`:
    /// it refuses them at once.
    pub hoard_ms: Option<u64>,
}

impl JobOrder {
    /// As in a scenario.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arrival => "arrival",
            Self::Shortest => "shortest",
            Self::Priority { .. } => "priority",
            Self::FairShare { .. } => "fair-share",
            Self::Drf => "drf",
            Self::Offers(_) => "offers",
        }
    }
}

/// Who may go before an earlier job that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backfill {
    /// Nobody.
    None,
    /// Who does not delay the first that does not fit.
    Easy,
    /// Who delays nobody.
    Conservative,
}

impl Backfill {
    /// As in a scenario.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Easy => "easy",
            Self::Conservative => "conservative",
        }
    }
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// What it is called.
    pub name: String,
    /// What its jobs' priority begins with.
    pub priority: i32,
}

/// Where jobs come from.
#[derive(Clone, Debug, PartialEq)]
pub struct JobStream {
    /// What each task asks for, where it may run and whose it is: a demand without requests of its
    /// own.
    pub demand: DemandId,
    /// The queue that its jobs join.
    pub queue: QueueId,
    /// When they come, and what they are.
    pub source: JobSource,
    /// Whether a job ends when its estimate is over.
    pub ends_at_estimate: bool,
    /// By number, whose the jobs of a trace are; empty: the demand's tenant's.
    pub tenants: Vec<(u32, TenantId)>,
}

/// When jobs come, and what they are.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one a stream, never moved in the loop")]
pub enum JobSource {
    /// The lines of a file.
    Swf(SwfFile),
    /// They are drawn.
    Drawn(DrawnJobs),
}

/// Jobs that are drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnJobs {
    /// Jobs per ms before season, following a curve.
    pub per_ms: Curve,
    /// What multiplies it.
    pub season: Season,
    /// How many tasks a job has, each as likely; never empty, 1 or more.
    pub tasks: Vec<u32>,
    /// How long it runs.
    pub run: Distribution,
    /// Its estimate over its run time, at the median; above 0.
    pub estimate_factor: f64,
    /// σ of the logarithm of that.
    pub estimate_error: f64,
}

/// Whose jobs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Each user's own.
    User,
    /// Each group's.
    Group,
}

/// A trace of jobs that was checked from its first line to its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwfFile {
    /// The file, as the scenario names it.
    pub file: String,
    /// How many jobs it has.
    pub jobs: u64,
    /// Whether jobs are believed to run as long as they do; else as long as was asked for.
    pub is_exact: bool,
    /// Whether submissions ascend; if not, the jobs are held in memory and sorted, stable.
    pub is_sorted: bool,
    /// Whose jobs they are; `None`: the demand's tenant's.
    pub owner: Option<Owner>,
}
