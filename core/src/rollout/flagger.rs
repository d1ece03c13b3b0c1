//! Flagger's canary: a controller that looks once an interval and does one thing each time.
//!
//! A canary beside the primary gets more and more of the requests while its checks pass; then the
//! primary itself is updated, serves everybody again, and the canary goes. Checks that fail are
//! counted over the whole rollout; at the next look after too many all goes back.

use crate::time::Time;

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

/// How far a canary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The canary is made ready and looked at.
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

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

/// What the controller keeps between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// How far it is.
    pub phase: Phase,
    /// The canary's share, percent.
    pub weight: u32,
    /// Instances of the canary.
    pub canary_replicas: u32,
    /// Checks that failed.
    pub failed_checks: u32,
    /// Whether the canary was ever ready.
    pub has_begun: bool,
}

/// What it sees when it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// What it keeps.
    pub status: Status,
    /// How long ago the canary was made, ms.
    pub canary_age_ms: u64,
    /// Whether the canary is ready.
    pub is_canary_ready: bool,
    /// Whether the canary passes its checks.
    pub is_good: bool,
    /// Whether the primary has been updated.
    pub is_primary_ready: bool,
}

/// What it does, and so why nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The canary is not ready.
    WaitForCanary,
    /// The canary gets a share.
    Weigh(u32),
    /// A check failed: it stays as it is.
    CheckFailed,
    /// The primary gets the new version.
    Promote,
    /// The primary is not ready.
    WaitForPrimary,
    /// The primary gets some of its share back; the canary keeps this.
    Return(u32),
    /// The primary serves everybody.
    Finalise,
    /// The canary goes.
    Finish,
    /// The canary goes, and nothing has changed.
    RollBack,
    /// Nothing is left to do.
    Nothing,
}

impl Flagger {
    /// What to do at a look.
    pub fn next(&self, view: &View) -> Move {
        let status = &view.status;
        match status.phase {
            Phase::Progressing => self.progress(view),
            Phase::Promoting if !view.is_primary_ready => Move::WaitForPrimary,
            Phase::Promoting => match self.step_weight_promotion {
                step if step == 0 || status.weight <= step => Move::Finalise,
                step => Move::Return(status.weight - step),
            },
            Phase::Finalising => Move::Finish,
            Phase::Succeeded | Phase::Failed => Move::Nothing,
        }
    }

    fn progress(&self, view: &View) -> Move {
        let status = &view.status;
        if status.has_begun && status.failed_checks >= self.threshold {
            return Move::RollBack;
        }
        if !view.is_canary_ready {
            let is_late = view.canary_age_ms >= self.deadline_ms;
            return if is_late { Move::RollBack } else { Move::WaitForCanary };
        }
        if status.has_begun && !view.is_good {
            return Move::CheckFailed;
        }
        match self.weights.after(status.weight) {
            Some(weight) => Move::Weigh(weight),
            None => Move::Promote,
        }
    }

    fn moved(&self, status: Status, by: Move) -> Status {
        let gone = |phase| Status { phase, weight: 0, canary_replicas: 0, ..status };
        match by {
            Move::WaitForCanary | Move::WaitForPrimary | Move::Nothing => status,
            Move::Weigh(weight) => Status { weight, has_begun: true, ..status },
            Move::CheckFailed => Status { failed_checks: status.failed_checks + 1, ..status },
            Move::Promote => Status { phase: Phase::Promoting, ..status },
            Move::Return(weight) => Status { weight, ..status },
            Move::Finalise => Status { phase: Phase::Finalising, weight: 0, ..status },
            Move::Finish => gone(Phase::Succeeded),
            Move::RollBack => gone(Phase::Failed),
        }
    }
}

/// What a canary and its primary are like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// How long the canary boots, ms; `None`: for ever.
    pub boot_ms: Option<u64>,
    /// How long the primary's own update takes, ms.
    pub primary_roll_ms: u64,
    /// Checks fail while the canary has at least this share, percent.
    pub bad_from_weight: Option<u32>,
    /// Checks fail at these looks.
    pub bad_at: Vec<u64>,
}

/// A look: what stood after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its number.
    pub tick: u64,
    /// When.
    pub at: Time,
    /// What was done.
    pub by: Move,
    /// What stands now.
    pub status: Status,
}

/// A canary from beginning to end; looks beyond `ticks_max` are not made.
pub fn run(flagger: &Flagger, behaviour: &Behaviour, ticks_max: u64) -> Vec<Look> {
    let mut status = Status {
        phase: Phase::Progressing,
        weight: 0,
        canary_replicas: flagger.canary_replicas,
        failed_checks: 0,
        has_begun: false,
    };
    let mut looks = vec![Look { tick: 0, at: Time::ZERO, by: Move::WaitForCanary, status }];
    let mut promoted_ms = 0;
    for tick in 1..=ticks_max {
        let at_ms = tick * flagger.interval_ms;
        let is_bad = behaviour.bad_from_weight.is_some_and(|from| status.weight >= from)
            || behaviour.bad_at.contains(&tick);
        let by = flagger.next(&View {
            status,
            canary_age_ms: at_ms,
            is_canary_ready: behaviour.boot_ms.is_some_and(|ms| at_ms >= ms),
            is_good: !is_bad,
            is_primary_ready: at_ms - promoted_ms >= behaviour.primary_roll_ms,
        });
        if by == Move::Nothing {
            break;
        }
        if by == Move::Promote {
            promoted_ms = at_ms;
        }
        status = flagger.moved(status, by);
        looks.push(Look { tick, at: Time::from_ms(at_ms), by, status });
    }
    looks
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
