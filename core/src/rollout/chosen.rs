//! From a scenario's strategy to its planner.

use super::analysis::{Check, Verdict};
use super::blue_green::{BlueGreen, Promotion};
use super::canary::{Canary, Step};
use super::flagger::{Flagger, Weights};
use super::limits::Limits;
use super::monetate::{Cutover, Pipeline};
use super::plan::{Deadline, Planner};
use super::recreate::Recreate;
use super::rolling::Rolling;
use super::routed::Routed;
use super::singularity::{Acceptance, Deploy, Groups};
use super::spinnaker::RedBlack;
use super::timeline::Balancer;
use crate::scenario::{Accepted, CanaryStep, Patience, Strategy};
use crate::time::Time;

/// The planner of a rollout that begins at `began` on so many replicas. What each of its analyses
/// will say is asked for once, in the order in which they come.
pub fn planner(
    strategy: &Strategy,
    replicas: u32,
    began: Time,
    mut verdict: impl FnMut() -> Verdict,
) -> Box<dyn Planner> {
    let mut check = |ms: u64| Check { ms, verdict: verdict() };
    match strategy {
        Strategy::Rolling { surge, unavailable, patience, undo_after_ms } => Box::new(Rolling {
            replicas,
            limits: Limits::rounded(replicas, *surge, *unavailable),
            deadline: deadline(patience),
            undo_at: undo_after_ms.map(|ms| began.after(ms)),
        }),
        Strategy::Recreate => Box::new(Recreate { replicas }),
        Strategy::BlueGreen { preview, before_ms, promotion_ms, after_ms, kept, patience } => {
            Box::new(BlueGreen {
                replicas,
                preview: preview.unwrap_or(replicas),
                before: before_ms.map(&mut check),
                promotion: promotion_ms.map_or(Promotion::ByHand(None), Promotion::After),
                after: after_ms.map(&mut check),
                scale_down_delay_ms: kept.old_ms,
                abort_scale_down_delay_ms: kept.new_ms,
                deadline: deadline(patience),
            })
        }
        Strategy::Canary { surge, unavailable, steps } => Box::new(Canary {
            replicas,
            limits: Limits::rounded(replicas, *surge, *unavailable),
            steps: steps.iter().map(|each| step(*each, &mut check)).collect(),
        }),
        Strategy::RoutedCanary { steps, shrinks_old, kept } => Box::new(Routed {
            replicas,
            steps: steps.iter().map(|each| step(*each, &mut check)).collect(),
            shrinks_old: *shrinks_old,
            scale_down_delay_ms: kept.old_ms,
            abort_scale_down_delay_ms: kept.new_ms,
        }),
        Strategy::Flagger { interval_ms, threshold, step, max, primary, deadline_ms } => {
            Box::new(Flagger {
                interval_ms: *interval_ms,
                threshold: *threshold,
                weights: Weights::Steps { step: *step, max: *max },
                step_weight_promotion: 0,
                replicas,
                canary_replicas: replicas,
                primary: Limits::rounded(replicas, primary.0, primary.1),
                deadline_ms: *deadline_ms,
            })
        }
        Strategy::RedBlack { percentages, watch_ms, keep_ms } => Box::new(RedBlack {
            replicas,
            percentages: percentages.clone(),
            delay_before_cleanup_ms: *watch_ms,
            scale_down_ms: *keep_ms,
        }),
        Strategy::Singularity { groups, poll_ms, overdue_ms, acceptance, .. } => Box::new(Deploy {
            replicas,
            poll_ms: *poll_ms,
            is_balanced: true,
            groups: groups.map(|(size, cycles)| Groups { size, cycles }),
            acceptance: match acceptance {
                Accepted::AtOnce => Acceptance::None,
                Accepted::After(ms) => Acceptance::Timed(*ms),
                Accepted::ByChecks => Acceptance::Checks,
            },
            overdue_ms: *overdue_ms,
        }),
        Strategy::Monetate { few, work_ms, wait_ms } => Box::new(Pipeline {
            replicas,
            few: few.unwrap_or(replicas),
            work_ms: *work_ms,
            wait_ms: *wait_ms,
            fails_in: None,
            cutover: if few.is_some() { Cutover::Partial } else { Cutover::Full },
        }),
    }
}

/// The load balancers of a strategy that asks them.
pub fn balancer(strategy: &Strategy) -> Balancer {
    let apply_ms = match strategy {
        Strategy::Singularity { balancers_ms, .. } => *balancers_ms,
        _ => 0,
    };
    Balancer { apply_ms, ..Balancer::default() }
}

fn deadline(patience: &Patience) -> Option<Deadline> {
    patience.ms.map(|ms| Deadline { ms, turns_back: patience.turns_back })
}

fn step(step: CanaryStep, check: &mut impl FnMut(u64) -> Check) -> Step {
    match step {
        CanaryStep::Weight(percent) => Step::SetWeight(percent),
        CanaryStep::Pause(ms) => Step::Pause(ms),
        CanaryStep::Analysis(ms) => Step::Analysis(check(ms)),
    }
}
