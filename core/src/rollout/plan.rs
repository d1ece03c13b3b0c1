//! Plans: what a strategy is shown, what it answers, and what it may be waiting for.

use crate::time::Time;

/// One of the two versions that a rollout is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// What ran before.
    Old,
    /// What shall run.
    New,
}

impl Version {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }

    /// Its place in a pair.
    pub const fn row(self) -> usize {
        match self {
            Self::Old => 0,
            Self::New => 1,
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Old => "old",
            Self::New => "new",
        })
    }
}

/// The instances of a version, without those that terminate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All, with and without a slot.
    pub wanted: u32,
    /// Those that wait for a slot.
    pub pending: u32,
    /// Those that have booted.
    pub ready: u32,
    /// Those that have been ready for long enough.
    pub available: u32,
}

/// What has been decided so far. A planner reads it and the timeline keeps it, as a controller
/// keeps the status of its object: nothing else is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Where the rollout is going; back to the old version once it has turned back.
    pub target: Version,
    /// When it turned back.
    pub turned_back_at: Option<Time>,
    /// When something was last got done: more of the target, fewer of the other version, more
    /// ready, more available.
    pub progress_at: Time,
    /// When it was said to take too long.
    pub overdue_at: Option<Time>,
    /// How many steps of the strategy are done.
    pub step: usize,
    /// When the last of them was.
    pub step_since: Time,
    /// The new version's share of the requests in percent, where a router decides; without one
    /// each available instance serves as many as any other.
    pub weight: Option<u32>,
    /// When the share was last changed.
    pub routed_at: Time,
}

impl Status {
    /// At the beginning of a rollout.
    pub const fn begin(now: Time, weight: Option<u32>) -> Self {
        Self {
            target: Version::New,
            turned_back_at: None,
            progress_at: now,
            overdue_at: None,
            step: 0,
            step_since: now,
            weight,
            routed_at: now,
        }
    }
}

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The time.
    pub now: Time,
    /// The old version.
    pub old: Counts,
    /// The new version.
    pub new: Counts,
    /// Instances of either that terminate and still hold their slots.
    pub terminating: u32,
    /// What has been decided.
    pub status: Status,
}

impl View {
    /// The instances of a version.
    pub const fn of(&self, version: Version) -> Counts {
        match version {
            Version::Old => self.old,
            Version::New => self.new,
        }
    }

    /// What instances that boot or have no slot are to be waited for: `missing` more of a version
    /// have to become available.
    pub fn wait_for(&self, version: Version, missing: u32) -> Wait {
        let without = self.of(version).pending;
        if without > 0 { Wait::Slots { without } } else { Wait::Instances { version, missing } }
    }
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Have so many instances of a version: make the missing ones, or terminate the surplus.
    Scale(Version, u32),
    /// Give the new version so many percent of the requests.
    Route(u32),
    /// The step is done.
    NextStep,
    /// Go back to the old version.
    TurnBack,
    /// Say that it takes too long.
    ReportOverdue,
}

/// Why nothing is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Instances that are wanted have no slot.
    Slots {
        /// How many.
        without: u32,
    },
    /// Instances of a version have to become available first.
    Instances {
        /// Of which version.
        version: Version,
        /// How many.
        missing: u32,
    },
    /// Instances that terminate hold their slots.
    Terminations {
        /// How many.
        count: u32,
    },
    /// A pause of the strategy, until then.
    Pause(Time),
    /// An analysis, until then.
    Analysis(Time),
    /// Instances that serve nobody any more are kept until then, in case.
    Kept(Time),
    /// Somebody has to say yes.
    Person,
}

impl Wait {
    /// When the planner has to be asked again though nothing has happened.
    pub const fn until(self) -> Option<Time> {
        match self {
            Self::Pause(at) | Self::Analysis(at) | Self::Kept(at) => Some(at),
            _ => None,
        }
    }
}

impl std::fmt::Display for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let many = |count: &u32| if *count == 1 { "" } else { "s" };
        match self {
            Self::Slots { without } => {
                write!(f, "{without} instance{} without a slot", many(without))
            }
            Self::Instances { version, missing } => {
                write!(f, "{missing} {version} instance{} not available yet", many(missing))
            }
            Self::Terminations { count } => {
                write!(f, "{count} instance{} still terminating", many(count))
            }
            Self::Pause(_) => f.write_str("a pause"),
            Self::Analysis(_) => f.write_str("an analysis"),
            Self::Kept(_) => f.write_str("the old stack is kept for a while"),
            Self::Person => f.write_str("a person's yes"),
        }
    }
}

/// A strategy's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Do this, in this order, and ask again.
    Do(Vec<Action>),
    /// Nothing to do until something happens, or until that time if one is given.
    Wait(Wait, Option<Time>),
    /// The service runs what it shall run.
    Done,
}

impl Plan {
    /// One action.
    pub fn act(action: Action) -> Self {
        Self::Do(vec![action])
    }

    /// Nothing until the wait's own time.
    pub const fn wait(wait: Wait) -> Self {
        Self::Wait(wait, wait.until())
    }
}

/// A strategy.
pub trait Planner: std::fmt::Debug + Send + Sync {
    /// What to do now. Must come to [`Plan::Wait`] or [`Plan::Done`] when what it says is done.
    fn plan(&self, view: &View) -> Plan;

    /// The new version's share of the requests at the beginning, if a router decides.
    fn first_weight(&self) -> Option<u32> {
        None
    }
}

/// How long something may stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// Without progress, ms.
    pub ms: u64,
    /// Whether to turn back then; else it is only reported, as Kubernetes does.
    pub turns_back: bool,
}

impl Deadline {
    /// What to do when nothing but this wait is left.
    pub(crate) fn or_wait(deadline: Option<Self>, view: &View, wait: Wait) -> Plan {
        let Some(deadline) = deadline.filter(|_| view.status.overdue_at.is_none()) else {
            return Plan::wait(wait);
        };
        let at = view.status.progress_at.after(deadline.ms);
        match (view.now >= at, deadline.turns_back && view.status.turned_back_at.is_none()) {
            (false, _) => Plan::Wait(wait, Some(at)),
            (true, false) => Plan::act(Action::ReportOverdue),
            (true, true) => Plan::Do(vec![Action::ReportOverdue, Action::TurnBack]),
        }
    }
}
