//! From a scenario's strategy to its planner.

use super::analysis::{Check, Verdict};
use super::blue_green::{BlueGreen, Promotion};
use super::canary::{self, Canary, Step};
use super::flagger::{Flagger, Weights};
use super::limits::{Limits, share_up};
use super::monetate::{Cutover, Pipeline};
use super::plan::{Deadline, Planner};
use super::recreate::Recreate;
use super::rolling::{self, Rolling};
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

/// How probable it is that a change of them fails: 1 − (1 − qʳ)ᵏ for k agents that each fail r times
/// with q each; 0 for a strategy that does not ask any.
pub fn balancers_fail(strategy: &Strategy) -> f64 {
    let Strategy::Singularity { agents, .. } = strategy else { return 0.0 };
    let once = f64::from(agents.fails_ppm) / 1e6;
    let agent = libm::pow(once, f64::from(agents.attempts));
    1.0 - libm::pow(1.0 - agent, f64::from(agents.count))
}

/// What can be said of a rollout before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foresight {
    /// There is room for it at its fastest, as long as nobody else takes it and none of its own
    /// waits for a termination.
    Fits,
    /// It goes on, with some instances waiting for room at times.
    Slower {
        /// How many slots it would want more.
        missing: u32,
    },
    /// It will stand still, unless somebody gives room up.
    Deadlock {
        /// How many slots it lacks to go on.
        missing: u32,
    },
}

impl Foresight {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::Slower { .. } => "slower",
            Self::Deadlock { .. } => "deadlock",
        }
    }
}

/// Whether a rollout on so many replicas will go through on so many free slots, if the new version
/// is healthy and nobody else takes or gives any.
pub fn forecast(strategy: &Strategy, replicas: u32, free: u32) -> Foresight {
    // Old instances stay until all that is wanted beside them has come.
    let needs = |slots: u32| match slots.saturating_sub(free) {
        0 => Foresight::Fits,
        missing => Foresight::Deadlock { missing },
    };
    let wave_by_wave = |limits: Limits| {
        let rolling = Rolling { replicas, limits, deadline: None, undo_at: None };
        match rolling.forecast(free) {
            rolling::Forecast::Fits => Foresight::Fits,
            rolling::Forecast::Slower { missing } => Foresight::Slower { missing },
            rolling::Forecast::Deadlock => Foresight::Deadlock { missing: 1 },
        }
    };
    match strategy {
        Strategy::Rolling { surge, unavailable, .. } => {
            wave_by_wave(Limits::rounded(replicas, *surge, *unavailable))
        }
        Strategy::Canary { surge, unavailable, steps } => {
            let limits = Limits::rounded(replicas, *surge, *unavailable);
            // A step is done once both versions have what comes nearest to its weight.
            let both = |weight: u32| {
                let (new, old) = canary::nearest(replicas, weight, limits.surge);
                (new + old).saturating_sub(replicas)
            };
            match needs(weights(steps).map(both).max().unwrap_or(0)) {
                Foresight::Fits => wave_by_wave(limits),
                stands_still => stands_still,
            }
        }
        Strategy::Recreate => Foresight::Fits,
        Strategy::BlueGreen { .. }
        | Strategy::Flagger { .. }
        | Strategy::RedBlack { .. }
        | Strategy::Monetate { .. }
        | Strategy::Singularity { groups: None, .. } => needs(replicas),
        // The groups, then the rest at once.
        Strategy::Singularity { groups: Some((size, cycles)), .. } => {
            let rest = replicas.saturating_sub(size.saturating_mul(*cycles));
            needs(rest.max((*size).min(replicas)))
        }
        Strategy::RoutedCanary { steps, shrinks_old, .. } => {
            needs(most_beside(replicas, steps, *shrinks_old))
        }
    }
}

fn weights(steps: &[CanaryStep]) -> impl Iterator<Item = u32> {
    steps.iter().filter_map(|step| match step {
        CanaryStep::Weight(percent) => Some(*percent),
        _ => None,
    })
}

/// The most slots above the replicas that a routed canary needs at once.
fn most_beside(replicas: u32, steps: &[CanaryStep], shrinks_old: bool) -> u32 {
    let mut old = replicas;
    let mut most = 0;
    for weight in weights(steps).chain([100]) {
        most = most.max((share_up(replicas, weight) + old).saturating_sub(replicas));
        if shrinks_old {
            old = share_up(replicas, 100 - weight.min(100));
        }
    }
    most
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
