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
    /// Those that have failed for good instead of booting, and still hold their slots.
    pub failed: u32,
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
    /// So many available instances of the old and of the new version are behind the load
    /// balancer at most; [`EVERY`] if it takes all there are.
    pub serving: [u32; 2],
    /// When the load balancers were asked for a change that has not been looked at yet.
    pub asked_at: Option<Time>,
    /// When the rollout began: looks at a clock are counted from here.
    pub started_at: Time,
    /// When the clock's look was last used.
    pub looked_at: Option<Time>,
    /// How many checks have failed.
    pub failed_checks: u32,
}

/// As many instances behind the load balancer as there are.
pub const EVERY: u32 = u32::MAX;

impl Status {
    /// The status of a rollout that begins.
    pub fn new(planner: &dyn Planner, now: Time) -> Self {
        Self {
            target: Version::New,
            turned_back_at: None,
            progress_at: now,
            overdue_at: None,
            step: 0,
            step_since: now,
            weight: planner.first_weight(),
            routed_at: now,
            serving: planner.first_serving(),
            asked_at: None,
            started_at: now,
            looked_at: None,
            failed_checks: 0,
        }
    }

    /// Writes down what an action decides. Scaling decides nothing that is kept.
    pub fn note(&mut self, action: Action, now: Time) {
        match action {
            Action::Scale(..) => {}
            Action::Route(weight) => {
                self.weight = Some(weight);
                self.routed_at = now;
            }
            Action::Serve(version, count) => self.serving[version.row()] = count,
            Action::AskBalancers => self.asked_at = Some(now),
            Action::NextStep => {
                self.step += 1;
                self.step_since = now;
                self.asked_at = None;
            }
            Action::FailCheck => self.failed_checks += 1,
            Action::Look => self.looked_at = Some(now),
            Action::TurnBack => {
                self.target = Version::Old;
                self.turned_back_at = Some(now);
                self.progress_at = now;
                self.asked_at = None;
            }
            Action::ReportOverdue => self.overdue_at = Some(now),
        }
    }
}

/// How a request to the load balancers stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balancers {
    /// There is none.
    Idle,
    /// They are being changed.
    Pending,
    /// All have changed.
    Changed,
    /// One would not, and all are as they were.
    Reverted,
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
    /// How the request to the load balancers stands, if there is one.
    pub balancers: Balancers,
    /// What a check of the new version would say now.
    pub is_good: bool,
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
    /// Have so many available instances of a version behind the load balancer at most.
    Serve(Version, u32),
    /// Ask the load balancers for a change: who shall serve is said once they have made it.
    AskBalancers,
    /// The step is done.
    NextStep,
    /// A check has failed.
    FailCheck,
    /// The look at the clock is used: the next is an interval later.
    Look,
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
    /// Work on the image or the stack, until then.
    Work(Time),
    /// The strategy's next look at what there is.
    Look(Time),
    /// The load balancers are being changed.
    Balancers,
    /// Somebody has to say yes.
    Person,
}

impl Wait {
    /// When the planner has to be asked again though nothing has happened.
    pub const fn until(self) -> Option<Time> {
        match self {
            Self::Pause(at) | Self::Analysis(at) | Self::Kept(at) => Some(at),
            Self::Work(at) | Self::Look(at) => Some(at),
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
            Self::Work(_) => f.write_str("work on the image or the stack"),
            Self::Look(_) => f.write_str("the controller's next look"),
            Self::Balancers => f.write_str("the load balancers"),
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

    /// How many instances of the old and of the new version are behind the load balancer at most
    /// at the beginning.
    fn first_serving(&self) -> [u32; 2] {
        [EVERY; 2]
    }
}

/// A controller that looks once an interval, counted from the beginning, and does what `next`
/// says only then, once a look. Looks at which there is nothing to do are left out: nobody has to
/// ask before something happens.
pub(crate) fn by_the_clock(interval_ms: u64, view: &View, next: Plan) -> Plan {
    let started_at = view.status.started_at;
    let interval_ms = interval_ms.max(1);
    let look_from = |at: Time| {
        started_at.after(at.since_ms(started_at).div_ceil(interval_ms).saturating_mul(interval_ms))
    };
    match next {
        Plan::Do(mut actions) => {
            let is_used = view.status.looked_at == Some(view.now);
            if !is_used && look_from(view.now) == view.now {
                actions.push(Action::Look);
                return Plan::Do(actions);
            }
            Plan::wait(Wait::Look(look_from(view.now.after(1))))
        }
        Plan::Wait(wait, at) => Plan::Wait(wait, at.map(look_from)),
        Plan::Done => Plan::Done,
    }
}

/// The way back to so many instances of the old version, for strategies that keep them until the
/// end: all old instances serve again, missing ones are made, and the new version goes once the
/// old one is whole, or at once where it holds slots that the old one wants.
pub(crate) fn back(replicas: u32, view: &View) -> Plan {
    let (old, new, status) = (view.old, view.new, view.status);
    let missing = replicas.saturating_sub(old.available);
    let is_back = status.serving[1] == 0 && status.weight.is_none_or(|weight| weight == 0);
    if status.serving[0] != EVERY {
        Plan::act(Action::Serve(Version::Old, EVERY))
    } else if old.wanted < replicas {
        Plan::act(Action::Scale(Version::Old, replicas))
    } else if missing == 0 && !is_back {
        let weight = status.weight.map(|_| Action::Route(0));
        Plan::Do([Action::Serve(Version::New, 0)].into_iter().chain(weight).collect())
    } else if missing == 0 && new.wanted > 0 {
        Plan::act(Action::Scale(Version::New, 0))
    } else if old.pending > view.terminating && new.wanted > 0 {
        let in_the_way = old.pending - view.terminating;
        Plan::act(Action::Scale(Version::New, new.wanted.saturating_sub(in_the_way)))
    } else if missing > 0 {
        Plan::wait(view.wait_for(Version::Old, missing))
    } else {
        Plan::Done
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
