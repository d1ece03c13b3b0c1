//! Canary without a router, as Argo Rollouts does it: the new version's share of the requests is
//! its share of the instances, as near as whole instances come, within surge and unavailable.

use super::analysis::Check;
use super::blue_green::checked;
use super::limits::Limits;
use super::plan::{Action, Counts, Plan, Planner, Version, View, Wait};

/// One step of a canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Give the new version so many percent.
    SetWeight(u32),
    /// Wait so long, ms; `None`: for a person.
    Pause(Option<u64>),
    /// Look whether it is good.
    Analysis(Check),
}

/// A canary without a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// How many instances there shall be.
    pub replicas: u32,
    /// How many more and fewer there may be.
    pub limits: Limits,
    /// What is done, one after another; 100 % follows.
    pub steps: Vec<Step>,
}

/// The weight in percent that holds at a step: the last one set, 0 before the first, 100 after
/// the last step.
pub(super) fn weight_at(steps: &[Step], step: usize) -> u32 {
    if step >= steps.len() {
        return 100;
    }
    let set = steps[..=step].iter().rev().find_map(|step| match step {
        Step::SetWeight(weight) => Some(*weight),
        _ => None,
    });
    set.unwrap_or(0)
}

/// What a step that is no weight waits for.
pub(super) fn paused(step: Step, view: &View) -> Plan {
    match step {
        Step::Pause(None) => Plan::wait(Wait::Person),
        Step::Pause(Some(ms)) => {
            let at = view.status.step_since.after(ms);
            let is_over = view.now >= at;
            if is_over { Plan::act(Action::NextStep) } else { Plan::wait(Wait::Pause(at)) }
        }
        Step::Analysis(check) => checked(Some(check), view),
        Step::SetWeight(_) => Plan::act(Action::NextStep),
    }
}

impl Planner for Canary {
    fn plan(&self, view: &View) -> Plan {
        let has_turned_back = view.status.turned_back_at.is_some();
        let weight = if has_turned_back { 0 } else { weight_at(&self.steps, view.status.step) };
        let (canary, stable) = self.counts(weight, view.new, view.old);
        let mut actions = Vec::new();
        for (version, is, to) in
            [(Version::Old, view.old.wanted, stable), (Version::New, view.new.wanted, canary)]
        {
            if is != to {
                actions.push(Action::Scale(version, to));
            }
        }
        if !actions.is_empty() {
            return Plan::Do(actions);
        }
        if has_turned_back {
            return match (view.new.wanted, self.replicas.saturating_sub(view.old.available)) {
                (0, 0) => Plan::Done,
                (_, missing) => Plan::wait(view.wait_for(Version::Old, missing)),
            };
        }
        let missing = view.new.wanted - view.new.available;
        match self.steps.get(view.status.step) {
            Some(Step::SetWeight(_)) if missing == 0 => Plan::act(Action::NextStep),
            None if missing == 0 && view.old.wanted == 0 => Plan::Done,
            Some(Step::SetWeight(_)) | None => Plan::wait(view.wait_for(Version::New, missing)),
            Some(step) => paused(*step, view),
        }
    }
}

impl Canary {
    /// How many instances of the new and of the old version there shall be next.
    fn counts(&self, weight: u32, new: Counts, old: Counts) -> (u32, u32) {
        let Limits { surge, unavailable } = self.limits;
        let (goal_new, goal_old) = nearest(self.replicas, weight, surge);
        let most = self.replicas + surge;
        let least = self.replicas - unavailable;
        let (mut to_new, mut to_old) = (new.wanted, old.wanted);

        // First more: the old version before the new one.
        let mut room = most.saturating_sub(new.wanted + old.wanted);
        let more = goal_old.saturating_sub(to_old).min(room);
        to_old += more;
        room -= more;
        to_new += goal_new.saturating_sub(to_new).min(room);

        // Then fewer, of the version that is being drained. Whether its instances are available
        // does not matter, or those that are not would stand in the way for ever.
        let is_growing = goal_new >= new.wanted;
        let (counted, drained) = if is_growing {
            (new.available.min(new.wanted), old.wanted)
        } else {
            (old.available.min(old.wanted), new.wanted)
        };
        let fewer = (counted + drained).saturating_sub(least);
        if fewer == 0 {
            return (to_new, to_old);
        }
        if is_growing {
            if old.wanted > goal_old {
                to_old = goal_old.max(old.wanted.saturating_sub(fewer));
            }
            let (to_old, to_new) = self.within((old, to_old), (new, to_new));
            (to_new, to_old)
        } else {
            if new.wanted > goal_new {
                to_new = goal_new.max(new.wanted.saturating_sub(fewer));
            }
            self.within((new, to_new), (old, to_old))
        }
    }

    /// Corrects a drained and a kept version to both limits: what is too much goes from the kept
    /// one, unless too few would be available; then from the drained one.
    fn within(&self, drained: (Counts, u32), kept: (Counts, u32)) -> (u32, u32) {
        let (of_drained, mut to_drained) = drained;
        let (of_kept, mut to_kept) = kept;
        let most = self.replicas + self.limits.surge;
        let least = self.replicas - self.limits.unavailable;
        to_kept -= (to_kept + to_drained).saturating_sub(most).min(to_kept);
        let available = of_drained.available.min(to_drained) + of_kept.available.min(to_kept);
        let lost = of_kept.available.saturating_sub(to_kept);
        to_kept += lost.min(least.saturating_sub(available));
        to_drained -= (to_kept + to_drained).saturating_sub(most).min(to_drained);
        (to_drained, to_kept)
    }
}

/// How many of the new and of the old version come nearest to a weight, of n instances, or with
/// surge of n + 1. Neither is 0 unless the weight is 0 or 100, or there is but one instance and
/// no surge.
pub fn nearest(replicas: u32, weight: u32, surge: u32) -> (u32, u32) {
    if replicas == 0 {
        return (0, 0);
    }
    let (n, w) = (u64::from(replicas), u64::from(weight));
    let (up, down) = ((n * w).div_ceil(100), n * w / 100);
    let may_be_zero = weight == 0 || weight == 100 || (replicas == 1 && surge == 0);
    let is_down_fair = |total: u64| total * w % 100 != 50 && (down != 0 || may_be_zero);
    let options = [
        (up < n || may_be_zero).then_some((up, n)),
        is_down_fair(n).then_some((down, n)),
        (surge > 0).then_some((up, n + 1)),
        (surge > 0 && is_down_fair(n + 1)).then_some((down, n + 1)),
    ];
    // |canary ÷ total − w ÷ 100|, with the denominators multiplied away.
    let off = |(canary, total): (u64, u64)| (canary * 100).abs_diff(w * total);
    let nearer = |best: (u64, u64), next: (u64, u64)| {
        if off(next) * best.1 < off(best) * next.1 { next } else { best }
    };
    let (canary, total) = options.into_iter().flatten().reduce(nearer).unwrap_or((0, n));
    let narrow = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    (narrow(canary), narrow(total.saturating_sub(canary)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_instances_come_as_near_as_they_can() {
        for (replicas, weight, surge, expected) in [
            (10, 20, 1, (2, 8)),
            (10, 1, 1, (1, 10)),
            (10, 5, 0, (1, 9)),
            (10, 25, 1, (3, 8)),
            (10, 99, 1, (10, 1)),
            (10, 100, 1, (10, 0)),
            (3, 50, 0, (2, 1)),
            (1, 50, 0, (1, 0)),
            (1, 20, 1, (1, 1)),
            (1, 0, 1, (0, 1)),
        ] {
            assert_eq!(nearest(replicas, weight, surge), expected, "{replicas} {weight} {surge}");
        }
    }

    /// `n w s/u: old available/wanted, new available/wanted`.
    fn check(canary: (u32, u32, u32, u32), old: [u32; 2], new: [u32; 2], expected: (u32, u32)) {
        let (replicas, weight, surge, unavailable) = canary;
        let limits = Limits { surge, unavailable };
        let canary = Canary { replicas, limits, steps: Vec::new() };
        let counts = |[available, wanted]: [u32; 2]| Counts {
            wanted,
            available,
            ready: available,
            ..Counts::default()
        };
        assert_eq!(canary.counts(weight, counts(new), counts(old)), expected);
    }

    #[test]
    fn both_limits_hold_on_the_way() {
        check((10, 30, 2, 0), [10, 10], [0, 0], (2, 10));
        check((10, 30, 0, 2), [10, 10], [0, 0], (0, 8));
        check((10, 50, 2, 1), [10, 10], [0, 0], (2, 9));
        check((10, 20, 2, 0), [10, 10], [2, 2], (2, 8));
    }

    #[test]
    fn what_is_not_available_does_not_stand_in_the_way() {
        check((10, 100, 1, 0), [2, 10], [8, 10], (9, 2));
        check((4, 100, 1, 0), [1, 4], [1, 1], (1, 3));
        check((4, 0, 1, 0), [0, 0], [4, 4], (4, 1));
    }
}
