//! Flagger's canary: a controller that looks once an interval and does one thing each time.
//!
//! A canary beside the primary gets more and more of the requests while its checks pass; then the
//! primary itself is updated, by a rolling update of its own, serves everybody again, and the
//! canary goes. Checks that fail are counted over the whole rollout; at the next look after too
//! many all goes back.

use super::limits::Limits;
use super::plan::{Action, Counts, Plan, Planner, Version, View, back, by_the_clock};
use super::rolling::Rolling;

/// A canary under Flagger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flagger {
    /// Between two looks, ms.
    pub interval_ms: u64,
    /// So many failed checks are too many.
    pub threshold: u32,
    /// How the canary's share grows.
    pub weights: Weights,
    /// How the primary gets its share back once it is updated: so many percent a look; 0: at once.
    pub step_weight_promotion: u32,
    /// Instances of the primary.
    pub replicas: u32,
    /// Instances of the canary.
    pub canary_replicas: u32,
    /// How many more and fewer instances the primary may have while it is updated.
    pub primary: Limits,
    /// How long a canary may take to become ready, ms.
    pub deadline_ms: u64,
}

/// The canary's shares, in percent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights {
    /// So many more each time, until so many or more.
    Steps {
        /// More each time.
        step: u32,
        /// It is enough from here.
        max: u32,
    },
    /// These.
    List(Vec<u32>),
}

impl Weights {
    /// The share after this one; none: it is enough.
    fn after(&self, weight: u32) -> Option<u32> {
        match self {
            Self::Steps { step, max } => (weight < *max).then(|| (weight + step.max(&1)).min(100)),
            Self::List(list) => list.iter().copied().find(|next| *next > weight),
        }
    }
}

/// How far a canary is: the steps of a rollout, in order, once the canary was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The canary is to be made.
    Initialized,
    /// It is made ready and looked at.
    Progressing,
    /// The primary is updated.
    Promoting,
    /// The primary serves everybody.
    Finalising,
    /// Done.
    Succeeded,
    /// Everything is as before.
    Failed,
}

impl Phase {
    /// The phase of a rollout with so many steps done.
    pub const fn new(steps_done: usize, has_turned_back: bool) -> Self {
        match steps_done {
            _ if has_turned_back => Self::Failed,
            0 => Self::Initialized,
            1 => Self::Progressing,
            2 => Self::Promoting,
            3 => Self::Finalising,
            _ => Self::Succeeded,
        }
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

impl Planner for Flagger {
    fn plan(&self, view: &View) -> Plan {
        let status = &view.status;
        let phase = Phase::new(status.step, status.turned_back_at.is_some());
        let next = match phase {
            Phase::Initialized => self.begin(),
            Phase::Progressing => self.progress(view),
            Phase::Promoting => match self.update(view) {
                Plan::Done => self.promote(view),
                // The primary's own update does not wait for Flagger's clock.
                update => return update,
            },
            Phase::Finalising => {
                Plan::Do(vec![Action::Scale(Version::New, self.replicas), Action::NextStep])
            }
            Phase::Succeeded => return Plan::Done,
            Phase::Failed => return back(self.replicas, view),
        };
        by_the_clock(self.interval_ms, view, next)
    }

    fn first_weight(&self) -> Option<u32> {
        Some(0)
    }
}

impl Flagger {
    fn begin(&self) -> Plan {
        Plan::Do(vec![Action::Scale(Version::New, self.canary_replicas), Action::NextStep])
    }

    fn progress(&self, view: &View) -> Plan {
        let weight = view.status.weight.unwrap_or(0);
        let has_begun = weight > 0;
        if has_begun && view.status.failed_checks >= self.threshold {
            return Plan::act(Action::TurnBack);
        }
        let missing = self.canary_replicas.saturating_sub(view.new.available);
        if missing > 0 {
            let late_at = view.status.step_since.after(self.deadline_ms);
            return match view.now < late_at {
                true => Plan::Wait(view.wait_for(Version::New, missing), Some(late_at)),
                false => Plan::Do(vec![Action::ReportOverdue, Action::TurnBack]),
            };
        }
        if has_begun && !view.is_good {
            return Plan::act(Action::FailCheck);
        }
        match self.weights.after(weight) {
            Some(weight) => Plan::act(Action::Route(weight)),
            None => Plan::act(Action::NextStep),
        }
    }

    /// The rolling update of the primary, beside a canary that is of the new version already.
    fn update(&self, view: &View) -> Plan {
        let (replicas, canary) = (self.replicas, self.canary_replicas);
        let less = |count: u32| count.saturating_sub(canary);
        let new = Counts {
            wanted: less(view.new.wanted),
            ready: less(view.new.ready),
            available: less(view.new.available),
            ..view.new
        };
        let rolling = Rolling { replicas, limits: self.primary, deadline: None, undo_at: None };
        match rolling.plan(&View { new, ..*view }) {
            Plan::Do(mut actions) => {
                for action in &mut actions {
                    if let Action::Scale(Version::New, count) = action {
                        *count += canary;
                    }
                }
                Plan::Do(actions)
            }
            other => other,
        }
    }

    fn promote(&self, view: &View) -> Plan {
        let (weight, step) = (view.status.weight.unwrap_or(0), self.step_weight_promotion);
        if step == 0 || weight <= step {
            // All are of the new version now.
            Plan::Do(vec![Action::Route(100), Action::NextStep])
        } else {
            Plan::act(Action::Route(weight - step))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_below_the_maximum_grows_beyond_it() {
        let weights = Weights::Steps { step: 20, max: 50 };
        let shares: Vec<u32> =
            std::iter::successors(weights.after(0), |weight| weights.after(*weight)).collect();
        assert_eq!(shares, [20, 40, 60]);
    }
}
