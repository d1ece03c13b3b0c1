//! HubSpot's deploy in two phases: Singularity starts the new tasks, Baragon changes all load
//! balancers or none; only when both have succeeded do the old tasks go.
//!
//! A checker looks once an interval and does the first thing that applies. All at once, or in
//! groups: then the rest follows after so many groups.

use super::analysis::at_most;
use crate::time::Time;

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

/// How a deploy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Under way.
    Waiting,
    /// The new tasks run and serve.
    Succeeded,
    /// The old tasks run and serve.
    Failed,
    /// The same, because it took too long.
    Overdue,
}

impl State {
    /// As Singularity writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Overdue => "OVERDUE",
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

/// What the checker sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// So many tasks shall run in this step.
    pub target: u32,
    /// New tasks.
    pub new: u32,
    /// New tasks that are healthy.
    pub healthy: u32,
    /// Whether a new task has failed for good.
    pub has_failed: bool,
    /// Since the step began, ms.
    pub step_age_ms: u64,
    /// Since the step's tasks serve, ms, if they do.
    pub serving_ms: Option<u64>,
    /// What the checks say.
    pub is_accepted: bool,
    /// The request to the load balancers.
    pub balancers: Balancers,
    /// Whether that request is to put the old tasks back.
    pub is_going_back: bool,
}

/// What the checker does, and so why nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Not all tasks are healthy yet.
    WaitForTasks,
    /// All are: the load balancers are asked.
    AskBalancers,
    /// They are at it.
    WaitForBalancers,
    /// The step's tasks serve.
    StepServes,
    /// The step is not accepted yet.
    WaitForAcceptance,
    /// The old tasks are put back into the load balancers.
    PutBack,
    /// The step is accepted: so many tasks next.
    NextStep(u32),
    /// All is done: the old tasks go.
    Succeed,
    /// The new tasks go, and old ones that are missing are started again.
    Fail,
    /// The same, because it took too long.
    FailOverdue,
}

impl Deploy {
    /// How many tasks the step behind this one has.
    fn step_after(&self, target: u32) -> u32 {
        match self.groups {
            Some(groups) if target / groups.size.max(1) < groups.cycles => {
                target.saturating_add(groups.size.max(1)).min(self.replicas)
            }
            _ => self.replicas,
        }
    }

    /// What to do at a look.
    pub fn next(&self, view: &View) -> Move {
        if view.is_going_back {
            return match view.balancers {
                Balancers::Pending => Move::WaitForBalancers,
                _ => Move::Fail,
            };
        }
        if view.has_failed {
            return Move::Fail;
        }
        if let Some(serving_ms) = view.serving_ms {
            return self.accept(view, serving_ms);
        }
        match view.balancers {
            Balancers::Pending => return Move::WaitForBalancers,
            Balancers::Changed => return Move::StepServes,
            Balancers::Reverted => return Move::Fail,
            Balancers::Idle => {}
        }
        if view.step_age_ms >= self.overdue_ms {
            return Move::FailOverdue;
        }
        if view.healthy < view.target || view.new < view.target {
            return Move::WaitForTasks;
        }
        if self.is_balanced { Move::AskBalancers } else { Move::StepServes }
    }

    fn accept(&self, view: &View, serving_ms: u64) -> Move {
        match self.acceptance {
            Acceptance::Timed(ms) if serving_ms < ms => return Move::WaitForAcceptance,
            Acceptance::Checks if !view.is_accepted => {
                let is_at_once = self.groups.is_none();
                return if is_at_once && self.is_balanced { Move::PutBack } else { Move::Fail };
            }
            _ => {}
        }
        if view.target >= self.replicas {
            Move::Succeed
        } else {
            Move::NextStep(self.step_after(view.target))
        }
    }
}

/// What tasks and load balancers are like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// How long a task takes to be healthy, ms; `None`: for ever.
    pub boot_ms: Option<u64>,
    /// So many of the first step's tasks fail for good when they should be healthy.
    pub failing_tasks: u32,
    /// How long a change of the load balancers takes, ms.
    pub apply_ms: u64,
    /// How long they take to go back if one will not, ms.
    pub revert_ms: u64,
    /// Whether one will not.
    pub balancers_fail: bool,
    /// What the checks say, step by step; the last goes on. Empty: yes.
    pub accepted: Vec<bool>,
}

/// A look: what stood after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// When.
    pub at: Time,
    /// What was done; none at the beginning.
    pub by: Option<Move>,
    /// How the deploy stands.
    pub state: State,
    /// So many new tasks shall run in this step.
    pub target: u32,
    /// New tasks.
    pub new: u32,
    /// New tasks that are healthy.
    pub healthy: u32,
    /// Old tasks.
    pub old: u32,
    /// New tasks behind the load balancers.
    pub lb_new: u32,
    /// Old tasks behind the load balancers.
    pub lb_old: u32,
}

/// A deploy from beginning to end; looks beyond `looks_max` are not made.
pub fn run(deploy: &Deploy, behaviour: &Behaviour, looks_max: u64) -> Vec<Look> {
    let target = match deploy.groups {
        Some(groups) if groups.cycles > 0 => groups.size.max(1).min(deploy.replicas),
        _ => deploy.replicas,
    };
    let (balanced_new, balanced_old) = match deploy.is_balanced {
        true => (0, deploy.replicas),
        false => (0, 0),
    };
    let mut looks = vec![Look {
        at: Time::ZERO,
        by: None,
        state: State::Waiting,
        target,
        new: target,
        healthy: 0,
        old: deploy.replicas,
        lb_new: balanced_new,
        lb_old: balanced_old,
    }];
    let mut now = looks[0];
    let (mut step, mut step_at_ms, mut serves_at_ms) = (0, 0, None);
    let (mut asked_at_ms, mut is_going_back) = (None, false);
    for look in 1..=looks_max {
        let at_ms = look * deploy.poll_ms;
        let has_booted = behaviour.boot_ms.is_some_and(|ms| at_ms - step_at_ms >= ms);
        let failing = if step == 0 { behaviour.failing_tasks.min(now.new) } else { 0 };
        if has_booted {
            now.healthy = now.new - failing;
        }
        let by = deploy.next(&View {
            target: now.target,
            new: now.new,
            healthy: now.healthy,
            has_failed: has_booted && failing > 0,
            step_age_ms: at_ms - step_at_ms,
            serving_ms: serves_at_ms.map(|from: u64| at_ms - from),
            is_accepted: behaviour.accepted.get(step).or(behaviour.accepted.last()) != Some(&false),
            balancers: balancers(behaviour, asked_at_ms.map(|from: u64| at_ms - from)),
            is_going_back,
        });
        now.at = Time::from_ms(at_ms);
        now.by = Some(by);
        match by {
            Move::WaitForTasks | Move::WaitForBalancers | Move::WaitForAcceptance => {}
            Move::AskBalancers => asked_at_ms = Some(at_ms),
            Move::StepServes => {
                (serves_at_ms, asked_at_ms) = (Some(at_ms), None);
                if deploy.is_balanced {
                    now.lb_new = now.new;
                    now.lb_old = if deploy.groups.is_some() { now.lb_old } else { 0 };
                }
            }
            Move::PutBack => (is_going_back, asked_at_ms) = (true, Some(at_ms)),
            Move::NextStep(target) => {
                // So many old tasks stay as new ones are still to come.
                now.old = now.old.min(deploy.replicas - now.target);
                now.lb_old = now.lb_old.min(now.old);
                (now.target, now.new) = (target, target);
                (step, step_at_ms, serves_at_ms) = (step + 1, at_ms, None);
            }
            Move::Succeed => {
                (now.old, now.lb_old, now.state) = (0, 0, State::Succeeded);
            }
            Move::Fail | Move::FailOverdue => {
                (now.new, now.healthy, now.old) = (0, 0, deploy.replicas);
                (now.lb_new, now.lb_old) = (balanced_new, balanced_old);
                let is_late = by == Move::FailOverdue;
                now.state = if is_late { State::Overdue } else { State::Failed };
            }
        }
        looks.push(now);
        if now.state != State::Waiting {
            break;
        }
    }
    looks
}

/// How a request stands so long after it was sent.
fn balancers(behaviour: &Behaviour, age_ms: Option<u64>) -> Balancers {
    let Some(age_ms) = age_ms else { return Balancers::Idle };
    let back_ms = behaviour.apply_ms + behaviour.revert_ms;
    match behaviour.balancers_fail {
        false if age_ms >= behaviour.apply_ms => Balancers::Changed,
        true if age_ms >= back_ms => Balancers::Reverted,
        _ => Balancers::Pending,
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
