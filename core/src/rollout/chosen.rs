//! From a scenario's strategy to its planner.

use super::analysis::{Check, Verdict};
use super::blue_green::{BlueGreen, Promotion};
use super::canary::{Canary, Step};
use super::limits::Limits;
use super::plan::{Deadline, Planner};
use super::recreate::Recreate;
use super::rolling::Rolling;
use super::routed::Routed;
use crate::scenario::{CanaryStep, Patience, Strategy};
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
    }
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
