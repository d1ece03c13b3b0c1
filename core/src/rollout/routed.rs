//! Canary with a traffic router, as Argo Rollouts does it: the weight is set exactly, once the
//! instances for it are available; the old version stays as large as it was, or follows.

use super::canary::{Step, paused, weight_at};
use super::limits::share_up;
use super::plan::{Action, Plan, Planner, Version, View, Wait};

/// A canary with a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// How many instances there shall be.
    pub replicas: u32,
    /// What is done, one after another; 100 % follows.
    pub steps: Vec<Step>,
    /// Whether the old version shrinks as its share does.
    pub shrinks_old: bool,
    /// How long the old version is kept at the end, ms.
    pub scale_down_delay_ms: u64,
    /// How long the new version is kept after going back, ms; 0: for ever.
    pub abort_scale_down_delay_ms: u64,
}

impl Planner for Routed {
    fn plan(&self, view: &View) -> Plan {
        if view.status.turned_back_at.is_some() {
            return self.back(view);
        }
        let weight = weight_at(&self.steps, view.status.step);
        if let Some(plan) = self.reach(view, weight) {
            return plan;
        }
        match self.steps.get(view.status.step) {
            Some(step) => paused(*step, view),
            None if view.old.wanted == 0 => Plan::Done,
            None => {
                let at = view.status.routed_at.after(self.scale_down_delay_ms);
                let is_over = view.now >= at;
                let go = Plan::act(Action::Scale(Version::Old, 0));
                if is_over { go } else { Plan::wait(Wait::Kept(at)) }
            }
        }
    }

    fn first_weight(&self) -> Option<u32> {
        Some(0)
    }
}

impl Routed {
    /// What is missing for a weight to hold: instances of both versions, then the route; then what
    /// is too much may go.
    fn reach(&self, view: &View, weight: u32) -> Option<Plan> {
        let new = share_up(self.replicas, weight);
        let old = match (weight, self.shrinks_old) {
            (100.., _) => 0,
            (_, true) => share_up(self.replicas, 100 - weight),
            (_, false) => self.replicas,
        };
        for (version, count) in [(Version::New, new), (Version::Old, old)] {
            if view.of(version).wanted < count {
                return Some(Plan::act(Action::Scale(version, count)));
            }
        }
        for (version, count) in [(Version::New, new), (Version::Old, old)] {
            let missing = count.saturating_sub(view.of(version).available);
            if missing > 0 {
                return Some(Plan::wait(view.wait_for(version, missing)));
            }
        }
        if view.status.weight != Some(weight) {
            return Some(Plan::act(Action::Route(weight)));
        }
        if view.new.wanted > new {
            return Some(Plan::act(Action::Scale(Version::New, new)));
        }
        if view.old.wanted > old && self.shrinks_old {
            return Some(Plan::act(Action::Scale(Version::Old, old)));
        }
        None
    }

    /// The old version is made whole if it is not, then serves everybody; the new one is kept for
    /// a while.
    fn back(&self, view: &View) -> Plan {
        let kept_until = view.status.routed_at.max(view.status.turned_back_at.unwrap_or_default());
        let kept_until = kept_until.after(self.abort_scale_down_delay_ms);
        let missing = self.replicas.saturating_sub(view.old.available);
        if view.old.wanted < self.replicas {
            Plan::act(Action::Scale(Version::Old, self.replicas))
        } else if view.status.weight != Some(0) {
            let is_whole = missing == 0 || !self.shrinks_old;
            let wait = || Plan::wait(view.wait_for(Version::Old, missing));
            if is_whole { Plan::act(Action::Route(0)) } else { wait() }
        } else if view.new.wanted == 0 || self.abort_scale_down_delay_ms == 0 {
            Plan::Done
        } else if view.now < kept_until {
            Plan::wait(Wait::Kept(kept_until))
        } else {
            Plan::act(Action::Scale(Version::New, 0))
        }
    }
}
