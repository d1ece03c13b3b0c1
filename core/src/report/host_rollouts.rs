//! What a report says of new images for hosts.

use super::Moment;
use super::rollouts::WaitReport;
use serde::{Deserialize, Serialize};

/// The most host rollouts that a report tells of one by one: the first ones.
pub const HOST_ROLLOUTS_MAX: usize = 200;

/// The most stalls that are told of each.
pub const STALLS_MAX: usize = 20;

/// Host rollouts: all together, and one by one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostRolloutsReport {
    /// That began.
    pub rollouts: u64,
    /// That brought the image to all hosts meant that are still in service.
    pub complete: u64,
    /// That left hosts out which could not be emptied in time.
    pub partial: u64,
    /// That stopped at a host which could not be emptied in time.
    pub stopped: u64,
    /// That were not done at the end of the run.
    pub under_way: u64,
    /// Hosts that got an image.
    pub hosts_done: u64,
    /// The most hosts that were out at once for one rollout.
    pub peak_hosts_out: u64,
    /// How long the longest took, or takes still, s.
    pub longest_s: f64,
    /// VMs that moved away by live migration.
    pub vms_moved: u64,
    /// How often a VM was evicted.
    pub vms_evicted: u64,
    /// VMs that were evicted for good.
    pub vms_lost: u64,
    /// How often one stood still because a VM could not leave.
    pub stalls: u64,
    /// How long, s, all together.
    pub stalled_s: f64,
    /// The first [`HOST_ROLLOUTS_MAX`], in the order in which they began.
    pub list: Vec<HostRolloutReport>,
}

/// One host rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostRolloutReport {
    /// Its number, from 0 in the order in which they begin.
    pub number: u32,
    /// What it is called.
    pub name: String,
    /// What the hosts were to run.
    pub image: String,
    /// When it began.
    pub at: Moment,
    /// `complete`, `partial` (hosts were left out), `stopped`, or, as far as the run goes,
    /// `stalled` or `under way`.
    pub outcome: String,
    /// Until its end, or until the end of the run.
    pub duration_s: f64,
    /// So many hosts were meant.
    pub hosts: u32,
    /// Those that got the image.
    pub hosts_done: u32,
    /// Those that were left out, since they could not be emptied in time.
    pub hosts_left_out: u32,
    /// Those that did not get it for other reasons: their turn had not come, or they left service.
    pub hosts_left: u32,
    /// Batches that began.
    pub batches: u32,
    /// The most hosts that were out at once.
    pub peak_hosts_out: u32,
    /// The least share of the fleet's capacity that was not out, of the resource of which most was.
    pub lowest_capacity: f64,
    /// VMs that moved away by live migration.
    pub vms_moved: u64,
    /// How long they stood still for it, s, all together.
    pub pauses_s: f64,
    /// How often a VM was evicted.
    pub vms_evicted: u64,
    /// VMs that were evicted for good.
    pub vms_lost: u64,
    /// How long evicted VMs were not ready, s, all together.
    pub evicted_s: f64,
    /// How often it stood still because a VM could not leave.
    pub stalls: u64,
    /// How long, s, all together.
    pub stalled_s: f64,
    /// What kept it, the first [`STALLS_MAX`].
    pub stalled: Vec<StallReport>,
    /// What else it waited for and how long, the longest first: `soak`, `hosts down` or `limit`.
    pub waits: Vec<WaitReport>,
    /// What there was, whenever it changed; thinned out evenly where that is often.
    pub timeline: Vec<HostTimelineRow>,
}

/// A VM that could not leave its host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StallReport {
    /// When, s after the rollout began.
    pub t: f64,
    /// The same as a date.
    pub at: Moment,
    /// The host that could not be emptied, by its number.
    pub host: u32,
    /// The number of the request that the VM was made for.
    pub request: u64,
    /// The demand or service that it came from.
    pub demand: String,
    /// What it takes: the name of its flavor, or its size.
    pub size: String,
    /// Why: a reason as in `refused_by`, `copy` (it cannot be copied live) or `min-available` (its
    /// group must keep it).
    pub reason: String,
    /// The same in words.
    pub because: String,
    /// How long that lasted, s.
    pub lasted_s: f64,
}

/// What there is from a time on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostTimelineRow {
    /// From then on, s after the beginning.
    pub t: f64,
    /// Hosts meant that have the old image and take VMs, or are down.
    pub old: u32,
    /// Hosts that are being emptied.
    pub draining: u32,
    /// Hosts that get their image.
    pub rewriting: u32,
    /// Hosts that have the new image.
    pub new: u32,
    /// The share of the fleet's capacity that is not out.
    pub capacity: f64,
    /// Whether it stands still because a VM cannot leave.
    pub stalled: bool,
}
