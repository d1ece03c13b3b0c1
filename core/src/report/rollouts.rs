//! What a report says of rollouts.

use super::Moment;
use serde::{Deserialize, Serialize};

/// The most rollouts that a report tells of one by one: the first ones.
pub const ROLLOUTS_MAX: usize = 1_000;

/// The most rows of one rollout's timeline; a longer one is thinned out evenly.
pub const TIMELINE_MAX: usize = 400;

/// The most rows of all timelines together: the first rollouts have theirs.
pub const TIMELINES_MAX: usize = 20_000;

/// A rollout. Instance-seconds are instances × time, s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RolloutReport {
    /// Its number, from 0 in the order in which they begin.
    pub number: u32,
    /// Whose.
    pub service: String,
    /// How.
    pub strategy: String,
    /// What ran before.
    pub from: String,
    /// What was to run.
    pub to: String,
    /// Whether it takes back an earlier one whose image was found bad.
    pub takes_back: bool,
    /// When it began.
    pub at: Moment,
    /// `complete`, `turned back`, or, as far as the run goes, `overdue`, `paused` (for a person) or
    /// `under way`.
    pub outcome: String,
    /// Why it turned back, in words.
    pub turned_back_because: Option<String>,
    /// So many instances the service has.
    pub instances: u32,
    /// Until the service ran what it was to run, or until the end of the run.
    pub duration_s: f64,
    /// Until the last room was given back.
    pub released_s: f64,
    /// When it was said to take too long, s after its beginning.
    pub overdue_s: Option<f64>,
    /// From the decision to go back until the old version served everybody.
    pub turn_back_s: Option<f64>,
    /// The most instances that had room at once, those that terminate included.
    pub peak_slots: u32,
    /// The same above the instances that the service has.
    pub surge_peak: u32,
    /// The most instances that had no room at once.
    pub pending_peak: u32,
    /// The fewest instances that served users.
    pub min_available: u32,
    /// What users missed: instances that should have served and did not.
    pub unavailable_instance_s: f64,
    /// What it took: room above the instances that the service has.
    pub surge_instance_s: f64,
    /// How long users met both versions.
    pub mixed_s: f64,
    /// The new version's share of the users' requests, summed over time: of a bad image, for how
    /// long all users would have had to meet it alone. Of a rollout that takes another back: the
    /// share of what it takes back, since that other one was done.
    pub exposure_s: f64,
    /// So many requests of users; `None` where the service does not say how
    /// many it has.
    pub exposed_requests: Option<f64>,
    /// How many more instances the fleet had room for when it began, apart from its group's rules.
    pub free_slots: u64,
    /// What could be said of that beforehand: `fits`, `slower` or `deadlock`.
    pub forecast: String,
    /// What it waited for and how long, the longest first.
    pub waits: Vec<WaitReport>,
    /// What there was, whenever it changed; empty where there are too many.
    pub timeline: Vec<TimelineRow>,
}

/// All rollouts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RolloutTotals {
    /// That began.
    pub rollouts: u64,
    /// That brought the new version.
    pub complete: u64,
    /// That turned back.
    pub turned_back: u64,
    /// That were said to take too long, whatever became of them.
    pub overdue: u64,
    /// That were not done at the end of the run.
    pub under_way: u64,
    /// How long the longest took, s.
    pub longest_s: f64,
    /// What users missed, instance-seconds.
    pub unavailable_instance_s: f64,
    /// The exposure of those that turned back and of those that took another back, s.
    pub exposure_s: f64,
}

impl RolloutReport {
    /// How long it waited for room, s, if it did.
    pub fn waited_for_room_s(&self) -> Option<f64> {
        self.waits.iter().find(|wait| wait.what == "slots").map(|wait| wait.s)
    }
}

/// Something that a rollout waited for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitReport {
    /// For what: `slots`, `new instances`, `old instances`, `terminations`, `pause`, `analysis`,
    /// `kept`, `work`, `look`, `balancers` or `person`.
    pub what: String,
    /// How long in all, s.
    pub s: f64,
}

/// What there is from a time on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimelineRow {
    /// From then on, s after the beginning.
    pub t: f64,
    /// Instances of the old version.
    pub old: u32,
    /// Those of them that are available.
    pub old_available: u32,
    /// Instances of the new version.
    pub new: u32,
    /// Those of them that have booted.
    pub new_ready: u32,
    /// Those of them that are available.
    pub new_available: u32,
    /// Instances that terminate.
    pub terminating: u32,
    /// Instances that have no room.
    pub pending: u32,
    /// Instances that have room, those that terminate included.
    pub used: u32,
    /// The new version's share of the requests in percent, where a router decides.
    pub weight: Option<u32>,
    /// How many more instances the fleet has room for.
    pub free_slots: u64,
}
