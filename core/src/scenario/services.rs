//! Services: so many instances of an image, and rollouts from one image to another.

use super::{Autoscale, DemandId, Distribution, Traffic, Tries};

id!(/** A row of [`Scenario::images`](super::Scenario::images). */ ImageId, "i", u32);
id!(/** A row of [`Scenario::services`](super::Scenario::services). */ ServiceId, "s", u32);

/// What instances run.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// What it is called.
    pub name: String,
    /// All of it, MiB; never less than its layers.
    pub size_mib: u64,
    /// Its named layers, in file order. A layer of the same name is the same in all images; what
    /// of the size is in none of them is the image's own.
    pub layers: Vec<Layer>,
    /// From placement to ready, once the image is there.
    pub boot: Distribution,
    /// How long an instance is to be ready before it counts as available, ms.
    pub min_ready_ms: u64,
    /// What is wrong with it.
    pub defects: Defects,
    /// What a boot of it needs, and how often it is tried.
    pub tries: Tries,
}

/// A part of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// What it is called.
    pub name: String,
    /// Its size, MiB; the same wherever the name is.
    pub size_mib: u64,
}

/// What is wrong with an image.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Defects {
    /// The share of its instances that never become ready, 0..=1.
    pub fails_to_boot: f64,
    /// How probable it is that an analysis finds it bad, 0..=1; each is drawn anew.
    pub fails_checks: f64,
    /// Once it has served users for so long, ms, somebody finds it bad; `None`: never.
    pub found_bad_after_ms: Option<u64>,
}

/// So many instances of an image behind a load balancer. They are there when the run begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// What it is called: the name of its demand.
    pub name: String,
    /// What it runs at time 0.
    pub image: ImageId,
    /// How many instances there are to be, 1 or more.
    pub instances: u32,
    /// What each takes, where it may be and whose it is: a demand without requests of its own.
    pub demand: DemandId,
    /// How long an instance that terminates keeps its room, ms.
    pub grace_ms: u64,
    /// How long an instance is to be ready before it counts as available, ms; `None`: its image
    /// says it.
    pub min_ready_ms: Option<u64>,
    /// Requests of its users per second; `None`: not said.
    pub requests_per_s: Option<f64>,
    /// Their course over time; `None`: nobody counts what is served.
    pub traffic: Option<Traffic>,
    /// The rule by which the instances follow their traffic; only with traffic.
    pub autoscale: Option<Autoscale>,
}

/// From one image to another, once or again and again. A rollout that is due while one before it is
/// under way for the same service waits for its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    /// Whose.
    pub service: ServiceId,
    /// To which image; the one that runs already is rolled out anew.
    pub image: ImageId,
    /// When, ms.
    pub at_ms: u64,
    /// How long after the last one the next is due, ms; at least 1 s. Not used by one alone.
    pub every_ms: u64,
    /// How often, 1 or more.
    pub times: u32,
    /// How.
    pub strategy: Strategy,
}

/// A number of instances, or a share of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So many.
    Count(u32),
    /// So many percent of the replicas.
    Percent(u32),
}

/// Load balancers that change all or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agents {
    /// How many, 1 or more.
    pub count: u32,
    /// How probable it is that one does not change when it is told to, in millionths, 0..=1,000,000.
    pub fails_ppm: u32,
    /// How often it is told to, 1 or more.
    pub attempts: u32,
    /// How long they take to go back if one will not change, ms.
    pub revert_ms: u64,
}

impl Default for Agents {
    /// One that changes.
    fn default() -> Self {
        Self { count: 1, fails_ppm: 0, attempts: 5, revert_ms: 3_000 }
    }
}

/// How a service comes to run a new image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Some at a time, as a Kubernetes deployment.
    Rolling {
        /// So many more than the instances.
        surge: Amount,
        /// So many fewer. Not both are 0.
        unavailable: Amount,
        /// How long it may stand still.
        patience: Patience,
        /// So long after its beginning somebody undoes it if it is not done, ms.
        undo_after_ms: Option<u64>,
    },
    /// All go, then all come.
    Recreate,
    /// A second stack, then a switch.
    BlueGreen {
        /// So many are built first; `None`: all.
        preview: Option<u32>,
        /// How long it is analysed before anybody is served, ms; `None`: not.
        before_ms: Option<u64>,
        /// So long after that it serves everybody, ms; `None`: when a person says yes, who never
        /// does.
        promotion_ms: Option<u64>,
        /// How long it is analysed after the switch, ms; `None`: not.
        after_ms: Option<u64>,
        /// How long the old stack and the new one are kept, ms.
        kept: Kept,
        /// How long it may stand still.
        patience: Patience,
    },
    /// A few first, by their share of the instances.
    Canary {
        /// So many more than the instances.
        surge: Amount,
        /// So many fewer.
        unavailable: Amount,
        /// What is done, one after another; 100 % follows.
        steps: Vec<CanaryStep>,
    },
    /// A few first, by a router's weights.
    RoutedCanary {
        /// What is done, one after another; 100 % follows.
        steps: Vec<CanaryStep>,
        /// Whether the old version shrinks as its share does.
        shrinks_old: bool,
        /// How long the old version and the new one are kept, ms.
        kept: Kept,
    },
    /// A canary under Flagger, beside a primary.
    Flagger {
        /// Between two looks, ms; 1 s or more.
        interval_ms: u64,
        /// So many failed checks send it back.
        threshold: u32,
        /// So many percent more each time, 1..=100.
        step: u32,
        /// Until so many, 1..=100.
        max: u32,
        /// So many more and fewer of the primary while it is updated.
        primary: (Amount, Amount),
        /// How long the canary may take to be ready, ms.
        deadline_ms: u64,
    },
    /// Spinnaker's red/black: a second group, and the first loses its users.
    RedBlack {
        /// How large the second group gets, in percent, 1..=100; 100 follows. Empty: at once.
        percentages: Vec<u32>,
        /// How long its instances are watched before the first group loses as many, ms.
        watch_ms: u64,
        /// How long the first group is kept at the end, ms; `None`: for ever.
        keep_ms: Option<u64>,
    },
    /// HubSpot's deploy: tasks first, then all load balancers or none.
    Singularity {
        /// Tasks in a group, and after how many groups the rest follows; `None`: all at once.
        groups: Option<(u32, u32)>,
        /// Between two looks, ms; 1 s or more.
        poll_ms: u64,
        /// How long the load balancers take, ms.
        balancers_ms: u64,
        /// How long a group may take to be healthy, ms.
        overdue_ms: u64,
        /// What is asked before a group counts.
        acceptance: Accepted,
        /// The load balancers that must all change.
        agents: Agents,
    },
    /// Monetate's twelve steps.
    Monetate {
        /// So many of the new stack meet users first; `None`: all.
        few: Option<u32>,
        /// How long each of 13 stages is worked on, ms.
        work_ms: [u64; 13],
        /// How long each of them is waited for, ms.
        wait_ms: [u64; 13],
    },
}

/// What is asked before a group of a deploy counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// Nothing.
    AtOnce,
    /// So long, ms.
    After(u64),
    /// What an analysis says of the image.
    ByChecks,
}

/// How long a rollout may stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Without progress, ms; `None`: for ever.
    pub ms: Option<u64>,
    /// Whether it turns back then; else it is only said.
    pub turns_back: bool,
}

/// How long instances are kept that serve nobody any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Those of the old version once the new one serves everybody, ms.
    pub old_ms: u64,
    /// Those of the new version once it was turned back, ms; 0: until the next rollout.
    pub new_ms: u64,
}

/// One step of a canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanaryStep {
    /// Give the new version so many percent, 0..=100.
    Weight(u32),
    /// Wait so long, ms; `None`: for a person, who never comes.
    Pause(Option<u64>),
    /// Look for so long, ms, whether it is good.
    Analysis(u64),
}

/// What a canary does unless something else is said.
pub fn default_steps() -> Vec<CanaryStep> {
    let analysis = CanaryStep::Analysis(300_000);
    vec![CanaryStep::Weight(20), analysis, CanaryStep::Weight(50), analysis]
}

/// How long Monetate works on each stage unless something else is said, ms: 2 h in all, since only
/// the sum is known, 2 to 3 h.
pub const MONETATE_WORK_MS: [u64; 13] = {
    const MIN: u64 = 60_000;
    [0, MIN, 15 * MIN, 30 * MIN, 20 * MIN, 5 * MIN, 0, 20 * MIN, 2 * MIN, MIN, 20 * MIN, 0, 5 * MIN]
};

impl Strategy {
    /// Whether it looks at the new version before it goes on.
    pub fn has_analysis(&self) -> bool {
        match self {
            Self::Rolling { .. } | Self::Recreate => false,
            Self::BlueGreen { before_ms, after_ms, .. } => before_ms.or(*after_ms).is_some(),
            Self::Canary { steps, .. } | Self::RoutedCanary { steps, .. } => {
                steps.iter().any(|step| matches!(step, CanaryStep::Analysis(_)))
            }
            Self::Flagger { .. } | Self::Monetate { .. } => true,
            Self::RedBlack { .. } => false,
            Self::Singularity { acceptance, .. } => *acceptance == Accepted::ByChecks,
        }
    }

    /// As in a scenario.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rolling { .. } => "rolling",
            Self::Recreate => "recreate",
            Self::BlueGreen { .. } => "blue-green",
            Self::Canary { .. } => "canary",
            Self::RoutedCanary { .. } => "routed-canary",
            Self::Flagger { .. } => "flagger",
            Self::RedBlack { percentages, .. } if percentages.is_empty() => "red-black",
            Self::RedBlack { .. } => "rolling-red-black",
            Self::Singularity { groups: None, .. } => "singularity",
            Self::Singularity { .. } => "singularity-incremental",
            Self::Monetate { few: Some(_), .. } => "monetate",
            Self::Monetate { .. } => "monetate-full",
        }
    }

    /// Every strategy with nothing said but its name, in the order of the documentation.
    pub fn all() -> Vec<Self> {
        let quarter = (Amount::Percent(25), Amount::Percent(25));
        let patience = Patience { ms: Some(600_000), turns_back: false };
        let kept = Kept { old_ms: 30_000, new_ms: 30_000 };
        let steps = default_steps();
        let red_black = |percentages, watch_ms| {
            let keep_ms = Some(600_000);
            Self::RedBlack { percentages, watch_ms, keep_ms }
        };
        let singularity = |groups| Self::Singularity {
            groups,
            poll_ms: 5_000,
            balancers_ms: 3_000,
            overdue_ms: 175_000,
            acceptance: Accepted::AtOnce,
            agents: Agents::default(),
        };
        let monetate = |few| Self::Monetate { few, work_ms: MONETATE_WORK_MS, wait_ms: [0; 13] };
        vec![
            Self::Rolling {
                surge: quarter.0,
                unavailable: quarter.1,
                patience,
                undo_after_ms: None,
            },
            Self::Recreate,
            Self::BlueGreen {
                preview: None,
                before_ms: None,
                promotion_ms: Some(0),
                after_ms: None,
                kept,
                patience,
            },
            Self::Canary { surge: quarter.0, unavailable: quarter.1, steps: steps.clone() },
            Self::RoutedCanary { steps, shrinks_old: false, kept },
            Self::Flagger {
                interval_ms: 60_000,
                threshold: 1,
                step: 10,
                max: 50,
                primary: quarter,
                deadline_ms: 600_000,
            },
            red_black(Vec::new(), 0),
            red_black(vec![20, 50], 120_000),
            singularity(None),
            singularity(Some((1, 3))),
            monetate(Some(3)),
            monetate(None),
        ]
    }

    /// The strategy of a name, with nothing else said.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|strategy| strategy.name() == name)
    }
}
