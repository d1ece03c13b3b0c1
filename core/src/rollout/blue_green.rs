//! Blue/green, as Argo Rollouts does it: a second stack is built beside the first, looked at,
//! and then serves everybody at once. The first is kept for a while; going back is a switch.

use super::analysis::{Check, Verdict};
use super::plan::{Action, Deadline, Plan, Planner, Version, View, Wait};
use crate::time::Time;

/// How the switch is decided once the new stack was found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promotion {
    /// So long afterwards, ms.
    After(u64),
    /// A person says yes at that time, or never.
    ByHand(Option<Time>),
}

/// A blue/green rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlueGreen {
    /// How many instances there shall be.
    pub replicas: u32,
    /// So many of the new version are built first.
    pub preview: u32,
    /// What is looked at before anybody is served.
    pub before: Option<Check>,
    /// When the switch is.
    pub promotion: Promotion,
    /// What is looked at after the switch.
    pub after: Option<Check>,
    /// How long the old stack is kept, ms.
    pub scale_down_delay_ms: u64,
    /// How long the new one is kept after going back, ms; 0: for ever.
    pub abort_scale_down_delay_ms: u64,
    /// How long the stacks may take to be built.
    pub deadline: Option<Deadline>,
}

/// The stages, in order; a rollout's steps are their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The preview is built.
    ScalePreview,
    /// It is looked at.
    PreTest,
    /// It is waited for the yes.
    Pause,
    /// It is made as large as the old stack; then everybody is switched to it.
    ScaleFull,
    /// It is looked at again.
    PostTest,
    /// The old stack is kept.
    Promoted,
}

impl Stage {
    /// The stages in order.
    pub const ORDER: [Self; 6] = [
        Self::ScalePreview,
        Self::PreTest,
        Self::Pause,
        Self::ScaleFull,
        Self::PostTest,
        Self::Promoted,
    ];
}

impl Planner for BlueGreen {
    fn plan(&self, view: &View) -> Plan {
        if let Some(at) = view.status.turned_back_at {
            return self.back(view, at);
        }
        let since = view.status.step_since;
        match Stage::ORDER.get(view.status.step) {
            Some(Stage::ScalePreview) => {
                self.grown(view, self.preview.min(self.replicas), &[Action::NextStep])
            }
            Some(Stage::PreTest) => checked(self.before, view),
            Some(Stage::Pause) => match self.promotion {
                Promotion::After(ms) => until(view, since.after(ms), Wait::Pause),
                Promotion::ByHand(Some(at)) => until(view, at.max(since), Wait::Pause),
                Promotion::ByHand(None) => Plan::wait(Wait::Person),
            },
            Some(Stage::ScaleFull) => {
                self.grown(view, self.replicas, &[Action::Route(100), Action::NextStep])
            }
            Some(Stage::PostTest) => checked(self.after, view),
            Some(Stage::Promoted) => until(view, since.after(self.scale_down_delay_ms), Wait::Kept),
            None if view.old.wanted > 0 => Plan::act(Action::Scale(Version::Old, 0)),
            None => Plan::Done,
        }
    }

    fn first_weight(&self) -> Option<u32> {
        Some(0)
    }
}

impl BlueGreen {
    /// Waits until so many of the new version are available.
    fn grown(&self, view: &View, count: u32, then: &[Action]) -> Plan {
        if view.new.wanted < count {
            Plan::act(Action::Scale(Version::New, count))
        } else if view.new.available < count {
            let missing = count - view.new.available;
            Deadline::or_wait(self.deadline, view, view.wait_for(Version::New, missing))
        } else {
            Plan::Do(then.to_vec())
        }
    }

    /// Back to the old stack, which is made whole first if it is not any more.
    fn back(&self, view: &View, at: Time) -> Plan {
        let until = at.max(view.status.routed_at).after(self.abort_scale_down_delay_ms);
        let missing = self.replicas.saturating_sub(view.old.available);
        if view.old.wanted < self.replicas {
            Plan::act(Action::Scale(Version::Old, self.replicas))
        } else if view.status.weight != Some(0) && missing > 0 {
            Plan::wait(view.wait_for(Version::Old, missing))
        } else if view.status.weight != Some(0) {
            Plan::act(Action::Route(0))
        } else if view.new.wanted == 0 || self.abort_scale_down_delay_ms == 0 {
            Plan::Done
        } else if view.now < until {
            Plan::wait(Wait::Kept(until))
        } else {
            Plan::act(Action::Scale(Version::New, 0))
        }
    }
}

/// Waits until a time; then the step is done.
fn until(view: &View, at: Time, wait: fn(Time) -> Wait) -> Plan {
    if view.now < at { Plan::wait(wait(at)) } else { Plan::act(Action::NextStep) }
}

/// Waits for an analysis that began with the step, and does what it says.
pub(super) fn checked(check: Option<Check>, view: &View) -> Plan {
    let Some(check) = check else { return Plan::act(Action::NextStep) };
    let at = view.status.step_since.after(check.ms);
    if view.now < at {
        return Plan::wait(Wait::Analysis(at));
    }
    match check.verdict {
        Verdict::Successful => Plan::act(Action::NextStep),
        Verdict::Inconclusive | Verdict::Running => Plan::wait(Wait::Person),
        Verdict::Failed | Verdict::Error => Plan::act(Action::TurnBack),
    }
}
