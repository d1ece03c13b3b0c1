//! HubSpot's deploy in two phases: Singularity starts the new tasks, Baragon changes all load
//! balancers or none; only when both have succeeded do the old tasks go.
//!
//! A checker looks once an interval and does the first thing that applies. All at once, or in
//! groups: then the rest follows after so many groups.

use super::analysis::at_most;
use super::plan::{
    Action, Balancers, EVERY, Plan, Planner, Version, View, Wait, back, by_the_clock,
};

/// A deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deploy {
    /// How many instances there shall be.
    pub replicas: u32,
    /// Between two looks, ms; above 0.
    pub poll_ms: u64,
    /// Whether it stands behind load balancers.
    pub is_balanced: bool,
    /// In groups; `None`: all at once.
    pub groups: Option<Groups>,
    /// What is asked before a step counts.
    pub acceptance: Acceptance,
    /// A step that takes so long is overdue, ms.
    pub overdue_ms: u64,
}

/// Groups, one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups {
    /// Instances in a group.
    pub size: u32,
    /// So many groups, then the rest.
    pub cycles: u32,
}

/// What is asked once a step's tasks serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// Nothing.
    None,
    /// Time, ms.
    Timed(u64),
    /// Checks of one's own.
    Checks,
}

impl Deploy {
    /// So many tasks shall run in a group, the first being 0.
    pub fn target(&self, group: usize) -> u32 {
        let all = self.replicas;
        let Some(groups) = self.groups else { return all };
        match u32::try_from(group) {
            Ok(group) if group < groups.cycles => {
                groups.size.max(1).saturating_mul(group + 1).min(all)
            }
            _ => all,
        }
    }

    fn launch(&self, view: &View, target: u32) -> Plan {
        if view.new.failed > 0 {
            return Plan::act(Action::TurnBack);
        }
        match view.balancers {
            Balancers::Pending => return Plan::Wait(Wait::Balancers, Some(view.now.after(1))),
            Balancers::Changed => return self.serve(target),
            Balancers::Reverted => return Plan::act(Action::TurnBack),
            Balancers::Idle => {}
        }
        let overdue_at = view.status.step_since.after(self.overdue_ms);
        let missing = target.saturating_sub(view.new.available);
        if view.now >= overdue_at {
            Plan::Do(vec![Action::ReportOverdue, Action::TurnBack])
        } else if missing > 0 {
            Plan::Wait(view.wait_for(Version::New, missing), Some(overdue_at))
        } else if self.is_balanced {
            Plan::act(Action::AskBalancers)
        } else {
            Plan::act(Action::NextStep)
        }
    }

    /// The load balancers have changed: all at once also takes the old tasks out of them.
    fn serve(&self, target: u32) -> Plan {
        let without_old = self.groups.is_none().then_some(Action::Serve(Version::Old, 0));
        let new = [Action::Serve(Version::New, target)];
        Plan::Do(new.into_iter().chain(without_old).chain([Action::NextStep]).collect())
    }

    fn accept(&self, view: &View, target: u32) -> Plan {
        match view.balancers {
            Balancers::Idle => {}
            // They were asked to take the old tasks back.
            Balancers::Pending => return Plan::Wait(Wait::Balancers, Some(view.now.after(1))),
            Balancers::Changed | Balancers::Reverted => return Plan::act(Action::TurnBack),
        }
        if let Acceptance::Timed(ms) = self.acceptance {
            let at = view.status.step_since.after(ms);
            if view.now < at {
                return Plan::wait(Wait::Analysis(at));
            }
        }
        if self.acceptance == Acceptance::Checks && !view.is_good {
            let is_at_once = self.groups.is_none();
            let puts_back = is_at_once && self.is_balanced;
            return Plan::act(if puts_back { Action::AskBalancers } else { Action::TurnBack });
        }
        // So many old tasks stay as new ones are still to come.
        let left = view.old.wanted.min(self.replicas.saturating_sub(target));
        Plan::Do(vec![Action::Scale(Version::Old, left), Action::NextStep])
    }

    /// The new tasks go at once, and old ones that are missing are started again.
    fn back(&self, view: &View) -> Plan {
        if view.status.serving != [EVERY, 0] {
            let [old, new] = [Version::Old, Version::New];
            return Plan::Do(vec![Action::Serve(old, EVERY), Action::Serve(new, 0)]);
        }
        if view.new.wanted > 0 {
            return Plan::act(Action::Scale(Version::New, 0));
        }
        back(self.replicas, view)
    }
}

impl Planner for Deploy {
    /// Two steps a group: its tasks come to serve, and are accepted.
    fn plan(&self, view: &View) -> Plan {
        let step = view.status.step;
        if view.status.turned_back_at.is_some() {
            return self.back(view);
        }
        let target = self.target(step / 2);
        let is_over =
            step > 0 && step.is_multiple_of(2) && self.target(step / 2 - 1) >= self.replicas;
        let next = match step % 2 {
            _ if is_over => return Plan::Done,
            // The tasks of a step are started at the look that ended the step before.
            0 if view.new.wanted < target => {
                return Plan::act(Action::Scale(Version::New, target));
            }
            0 => self.launch(view, target),
            _ => self.accept(view, target),
        };
        by_the_clock(self.poll_ms, view, next)
    }

    fn first_serving(&self) -> [u32; 2] {
        [EVERY, if self.is_balanced { 0 } else { EVERY }]
    }
}

/// How probable it is that a deploy succeeds: of `tasks` that each fail with `p_task` no more than
/// `failed_max` may, and each of `agents` load balancers must change in one of `attempts` tries of
/// which each succeeds with `p_try`. (1 − p)^n (1 − (1 − q)^r)^k if no task may fail.
pub fn success_probability(
    (tasks, p_task, failed_max): (u32, f64, u32),
    (agents, p_try, attempts): (u32, f64, u32),
) -> f64 {
    let agent = 1.0 - libm::pow(1.0 - p_try, f64::from(attempts));
    at_most(tasks, failed_max, p_task) * libm::pow(agent, f64::from(agents))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_the_service_the_rarer_a_deploy_succeeds() {
        let of = |tasks| success_probability((tasks, 0.01, 0), (3, 1.0, 5));
        assert!((of(20) - 0.818).abs() < 1e-3);
        assert!((of(100) - 0.366).abs() < 1e-3);
    }

    #[test]
    fn a_balancer_that_is_tried_again_hardly_stops_a_deploy() {
        let of = |attempts| success_probability((1, 0.0, 0), (10, 0.9, attempts));
        assert!(of(1) < 0.35 && of(5) > 0.9998);
    }
}
