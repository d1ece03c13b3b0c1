//! What a report says of batch work.

use super::Percentiles;
use serde::{Deserialize, Serialize};

/// The most rows of the course of shares.
pub const SHARES_ROWS_MAX: usize = 240;

/// With more tenants no course of their shares is kept.
pub const SHARES_TENANTS_MAX: usize = 64;

/// Batch work of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobsReport {
    /// Who was first: `arrival`, `shortest`, `priority`, `fair-share`, `drf` or `offers`.
    pub order: String,
    /// Who could go before: `none`, `easy` or `conservative`.
    pub backfill: String,
    /// All jobs.
    pub all: JobShare,
    /// Jobs that wait at the end.
    pub waiting: u64,
    /// Jobs that run at the end.
    pub running: u64,
    /// The most that waited at once.
    pub peak_waiting: u64,
    /// Jobs that waited, averaged over time.
    pub mean_waiting: f64,
    /// What jobs took of the resource of which they took the largest share, averaged over time.
    pub utilisation: f64,
    /// Jain's index over the mean dominant shares of the tenants that had jobs, each over its
    /// weight: 1 if all had the same.
    pub fairness: f64,
    /// By queue.
    pub queues: Vec<JobShare>,
    /// By tenant, those that had jobs.
    pub tenants: Vec<JobShare>,
    /// The course of tenants' dominant shares; empty where they are more than
    /// [`SHARES_TENANTS_MAX`].
    pub shares: Vec<ShareCourse>,
    /// How long a row of it is, s.
    pub step_s: f64,
    /// Where tenants are offered hosts: what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offers: Option<OffersReport>,
}

/// Hosts that tenants were offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OffersReport {
    /// Rounds in which something was offered.
    pub rounds: u64,
    /// Offers: of a host to a tenant.
    pub made: u64,
    /// Those of which something was taken.
    pub accepted: u64,
    /// Those that were refused whole, at once or after they were held back.
    pub declined: u64,
    /// Those of hosts that are gone, or whose room others took.
    pub lost: u64,
    /// Of the hosts' scarcest resource: what tenants held back and did not use, averaged over time.
    pub held: f64,
    /// The most of it.
    pub peak_held: f64,
    /// Offers that are held back at the end. Of one of them something may have been taken.
    pub holding: u64,
}

/// Some of the jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobShare {
    /// The queue or the tenant; `all` for all.
    pub name: String,
    /// Jobs that were submitted.
    pub submitted: u64,
    /// That started at least once.
    pub started: u64,
    /// That are over.
    pub ended: u64,
    /// Those of them that ended because their estimate was over.
    pub killed: u64,
    /// How often one lost a task with its host, and waited again.
    pub interrupted: u64,
    /// How often one ended so that another tenant got what it is guaranteed, and waited again.
    #[serde(default)]
    pub preempted: u64,
    /// That need more than there is.
    pub refused: u64,
    /// At each start, how long the job had waited by then, all in all: one that was interrupted
    /// counts for each of its starts.
    pub wait_s: Percentiles,
    /// (wait + run) ÷ run of those that are over, at least 1; a run of less than 10 s counts as 10 s.
    pub slowdown: Percentiles,
    /// Tasks × the time that they ran, hours.
    pub task_hours: f64,
    /// The dominant share of its jobs, averaged over time; of a queue and of all: `None`.
    pub share: Option<f64>,
}

/// A tenant's dominant share over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShareCourse {
    /// The tenant.
    pub tenant: String,
    /// Its share, averaged over each row.
    pub mean: Vec<f64>,
}
