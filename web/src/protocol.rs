//! What the page and its worker say to each other. Messages are JSON; what is large goes beside
//! them as bytes, whose buffer is handed over and not copied.

use crate::knobs::Knob;
use crate::sheet::{Assumed, Table, WhatIf};
use fleetcast_core::comparison::Measured;
use fleetcast_core::explain::{Explanation, Place};
use fleetcast_core::problem::Problems;
use fleetcast_core::report::rollouts::TimelineRow;
use fleetcast_core::report::{Report, Series};
use serde::{Deserialize, Serialize};

/// A scenario as somebody has written and changed it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// What it is called in problems.
    pub file: String,
    /// TOML or JSON.
    pub text: String,
    /// As `--set`: key and value, later ones winning.
    pub sets: Vec<(String, String)>,
}

/// From the page to the worker. An `id` comes back with whatever answers it; a run, host or
/// explanation that is asked for takes the place of the one under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToWorker {
    /// A file that scenarios may name; its bytes lie beside.
    File {
        /// As the scenario writes it.
        name: String,
    },
    /// What is in a built-in scenario?
    Text {
        /// Its file.
        file: String,
    },
    /// What is wrong with it?
    Check {
        /// Of the answer.
        id: u32,
        /// What.
        written: Written,
    },
    /// Run it.
    Run {
        /// Of the answers.
        id: u32,
        /// What.
        written: Written,
        /// How many bytes the frames may take that are kept of it; 0: none are wanted.
        film_bytes: u64,
    },
    /// What has a host had on it? In the scenario of the last run.
    Host {
        /// Of the answer.
        id: u32,
        /// Which.
        host: u32,
    },
    /// Why did a request find no host? In the scenario of the last run.
    Explain {
        /// Of the answer.
        id: u32,
        /// Which.
        request: u64,
        /// When it arrived.
        at_ms: u64,
    },
    /// What is the `summary.json` of the last run?
    Summary {
        /// Of that run.
        id: u32,
    },
    /// What do such runs come to, beside each other?
    Compare {
        /// Of the answer.
        id: u32,
        /// What the variants are called.
        names: Vec<String>,
        /// By seed: what was measured of each variant.
        runs: Vec<Vec<Measured>>,
    },
    /// What does turning each of its numbers do?
    WhatIf {
        /// Of the answers.
        id: u32,
        /// Of what.
        written: Written,
        /// With how many seeds.
        seeds: u32,
    },
    /// Stop what is under way.
    Cancel,
    /// Nothing is wanted yet: be ready for when something is.
    WarmUp,
}

/// From the worker to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromWorker {
    /// It listens.
    Ready,
    /// A built-in scenario.
    Text {
        /// Its file.
        file: String,
        /// What is in it.
        text: String,
    },
    /// The answer to a check.
    Checked {
        /// Of the question.
        id: u32,
        /// What is wrong, or looks so.
        problems: Problems,
        /// What can be turned, if the scenario is right.
        knobs: Vec<Knob>,
    },
    /// A run has begun.
    Begun {
        /// Of the question.
        id: u32,
        /// What runs.
        outline: Outline,
    },
    /// A run has come so far; frames, if any, lie beside.
    Progress {
        /// Of the question.
        id: u32,
        /// Until when, ms after the start.
        at_ms: u64,
    },
    /// A run is over.
    Ended {
        /// Of the question.
        id: u32,
        /// What it comes to.
        report: Box<Report>,
        /// What is kept of it where runs are compared, by all key figures.
        measured: Measured,
    },
    /// The course of the run that is over: follows it, so that the answer is not held up.
    Course {
        /// Of the question.
        id: u32,
        /// Its course.
        series: Series,
        /// Who was turned away.
        turned_away: TurnedAway,
        /// The timelines of its rollouts, which its report left out.
        timelines: Vec<Vec<TimelineRow>>,
        /// What it takes for granted.
        assumed: Assumed,
    },
    /// What runs come to, beside each other.
    Compared {
        /// Of the question.
        id: u32,
        /// The comparison.
        table: Table,
    },
    /// Numbers are being turned: so much is done.
    Turned {
        /// Of the question.
        id: u32,
        /// 0..=1.
        part: f64,
    },
    /// What turning each number does.
    WhatIf {
        /// Of the question.
        id: u32,
        /// What.
        found: WhatIf,
    },
    /// The `summary.json` of a run that is over: only the worker can write it.
    Summary {
        /// Of that run.
        id: u32,
        /// Its text; `None` if that run is not the last one.
        text: Option<String>,
    },
    /// The scenario is wrong; nothing was run.
    Wrong {
        /// Of the question.
        id: u32,
        /// What is wrong.
        problems: Problems,
    },
    /// What was under way has stopped.
    Cancelled {
        /// Of the question.
        id: u32,
    },
    /// A host's story.
    Host {
        /// Of the question.
        id: u32,
        /// The story.
        story: HostStory,
    },
    /// The account of a decision.
    Explained {
        /// Of the question.
        id: u32,
        /// The account.
        explanation: Box<Explanation>,
    },
    /// It could not be answered; a sentence.
    Failed {
        /// Of the question.
        id: u32,
        /// Why.
        why: String,
    },
}

/// What the page needs to know of a scenario to show its run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outline {
    /// What it is called.
    pub name: String,
    /// What it answers; may be empty.
    pub question: String,
    /// Date and time of the start, `2011-07-01T00:00:00`.
    pub start: String,
    /// How long the run is, ms.
    pub duration_ms: u64,
    /// The policy's name.
    pub policy: String,
    /// The seed.
    pub seed: u64,
    /// Resources: name and unit, in column order.
    pub kinds: Vec<(String, String)>,
    /// Zones.
    pub zones: Vec<String>,
    /// Racks: name and row of the zone.
    pub racks: Vec<(String, u32)>,
    /// Kinds of host: model, pool, and what they give out by column.
    pub host_types: Vec<(String, String, Vec<i64>)>,
    /// Names of the hosts at the start, where an inventory gives them.
    pub host_names: Vec<String>,
    /// Where requests come from.
    pub demands: Vec<String>,
    /// Images that services can run.
    pub images: Vec<String>,
    /// Images of the hosts' own.
    pub host_images: Vec<String>,
    /// Whether hosts can fail.
    pub has_failures: bool,
}

/// Who found no host on arrival, or lost the one it had.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnedAway {
    /// Length of a row, ms.
    pub step_ms: u64,
    /// By reason: how many in each row.
    pub by_reason: Vec<(String, Vec<u32>)>,
    /// Some of them, evenly spread, in order of time.
    pub kept: Vec<Turned>,
    /// How many there were.
    pub total: u64,
}

/// A request that found no host, or lost the one it had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turned {
    /// Its number.
    pub request: u64,
    /// When, ms after the start.
    pub at_ms: u64,
    /// Row of its reason in [`TurnedAway::by_reason`].
    pub reason: u32,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a request that has no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It waits.
    Waits,
    /// It is refused.
    Refused,
    /// It had one, and gave way to this request.
    Lost(u64),
}

/// What a host has had on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostStory {
    /// Which.
    pub host: u32,
    /// What it is called and where it stands.
    pub place: Place,
    /// Its VMs, in order of their coming.
    pub stays: Vec<Stay>,
    /// How many more came after those.
    pub more: u64,
    /// When it came, took no more VMs, and left, ms after the start.
    pub milestones_ms: [Option<u64>; 3],
}

/// A VM on a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// Number of its request.
    pub request: u64,
    /// Row of its demand.
    pub demand: u32,
    /// What it takes, for people.
    pub takes: String,
    /// From when, ms after the start.
    pub from_ms: u64,
    /// Until when; `None`: to the end.
    pub until_ms: Option<u64>,
}
