//! Autoscaling: how many instances a service is to have for its traffic.
//!
//! What is measured is requests, so an overload is seen in full, however busy the instances are.
//! A rule sees what there is and says how many there are to be; what it has said before is kept
//! in a [`Memory`] by whoever asks.

use crate::scenario::{Autoscale, ScaleRule};
use crate::time::Time;
use std::collections::VecDeque;

/// What a rule sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// When.
    pub now: Time,
    /// Instances that are asked for, available or not.
    pub wanted: u32,
    /// Those that are available.
    pub available: u32,
    /// How many instances the traffic keeps busy.
    pub busy: f64,
}

/// What was said before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// How many there were to be, by time, as far as it still counts.
    said: VecDeque<(Time, u32)>,
}

impl Memory {
    /// Writes down what was said: the most that was within so long. What there is when nothing
    /// was said yet was once wanted too.
    fn most(&mut self, now: Time, (wanted, count): (u32, u32), within_ms: u64) -> u32 {
        if self.said.is_empty() {
            self.said.push_back((now, wanted));
        }
        while self.said.front().is_some_and(|(at, _)| now.since_ms(*at) >= within_ms) {
            self.said.pop_front();
        }
        // What is topped by what was said later can never be the most again.
        while self.said.back().is_some_and(|(_, earlier)| *earlier <= count) {
            self.said.pop_back();
        }
        self.said.push_back((now, count));
        self.said.front().map_or(count, |(_, most)| *most)
    }
}

impl Autoscale {
    /// How many instances there are to be.
    pub fn decide(&self, seen: &Seen, memory: &mut Memory) -> u32 {
        let count = match self.rule {
            ScaleRule::Hpa => self.hpa(seen),
            ScaleRule::TargetTracking => self.target_tracking(seen),
        };
        let count = count.clamp(self.min, self.max.max(self.min));
        // More at once; fewer when no more were wanted for a while.
        let most = memory.most(seen.now, (seen.wanted, count), self.calm_ms);
        seen.wanted.min(most).max(count)
    }

    /// As the horizontal pod autoscaler: ⌈current × metric ÷ target⌉ unless within the tolerance.
    /// When more are needed, those that are not available count with nothing to do; when fewer,
    /// they do not count. At most twice as many, or four more, at a look.
    fn hpa(&self, seen: &Seen) -> u32 {
        if seen.available == 0 {
            return seen.wanted;
        }
        let ratio_of = |count: u32| seen.busy / f64::from(count) / self.target;
        let grows = ratio_of(seen.available) > 1.0;
        let counted = if grows { seen.wanted.max(seen.available) } else { seen.available };
        let ratio = ratio_of(counted);
        let is_near = (ratio - 1.0).abs() <= self.tolerance + 1e-9;
        if is_near || (grows && ratio < 1.0) {
            return seen.wanted;
        }
        let most = seen.wanted.saturating_mul(2).max(seen.wanted.saturating_add(4));
        up(ratio * f64::from(counted)).min(most)
    }

    /// As target tracking: as many as would be as busy as they are to be. Instances that boot are
    /// on their way to that number, so asking again adds none; and none goes while one boots.
    fn target_tracking(&self, seen: &Seen) -> u32 {
        let needed = up(seen.busy / self.target);
        let ratio = seen.busy / f64::from(seen.available.max(1)) / self.target;
        if ratio > 1.0 {
            needed.max(seen.wanted)
        } else if ratio < 1.0 - self.tolerance - 1e-9 && seen.available >= seen.wanted {
            needed.min(seen.wanted)
        } else {
            seen.wanted
        }
    }
}

/// Rounded up, but not for the last digits of a float.
fn up(count: f64) -> u32 {
    libm::ceil(count - 1e-9).clamp(0.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(rule: ScaleRule) -> Autoscale {
        Autoscale {
            rule,
            target: 0.5,
            min: 2,
            max: 100,
            period_ms: rule.period_ms(),
            tolerance: 0.1,
            calm_ms: rule.calm_ms(),
        }
    }

    /// `wanted available busy`, for somebody who does not wait for calm.
    fn check(by: ScaleRule, (wanted, available, busy): (u32, u32, f64), expected: u32) {
        let seen = Seen { now: Time::ZERO, wanted, available, busy };
        let rule = Autoscale { calm_ms: 0, ..rule(by) };
        let decided = rule.decide(&seen, &mut Memory::default());
        assert_eq!(decided, expected, "{by:?} {seen:?}");
    }

    #[test]
    fn kubernetes_scales_by_the_ratio_beyond_its_tolerance() {
        check(ScaleRule::Hpa, (10, 10, 5.0), 10);
        check(ScaleRule::Hpa, (10, 10, 5.5), 10);
        check(ScaleRule::Hpa, (10, 10, 6.0), 12);
        check(ScaleRule::Hpa, (10, 10, 4.4), 9);
        check(ScaleRule::Hpa, (10, 10, 2.5), 5);
        check(ScaleRule::Hpa, (10, 10, 0.1), 2);
        // Twice as many at most, or four more.
        check(ScaleRule::Hpa, (10, 10, 40.0), 20);
        check(ScaleRule::Hpa, (3, 3, 40.0), 7);
        check(ScaleRule::Hpa, (90, 90, 90.0), 100);
    }

    #[test]
    fn who_is_not_ready_does_nothing_when_more_are_needed() {
        // 10 at 60 % of twice the target, and 5 that boot: 15 would be at 0.8 of the target.
        check(ScaleRule::Hpa, (15, 10, 6.0), 15);
        check(ScaleRule::Hpa, (15, 10, 12.0), 24);
        check(ScaleRule::Hpa, (15, 0, 12.0), 15);
        // When fewer are needed they do not count.
        check(ScaleRule::Hpa, (12, 10, 2.5), 5);
    }

    #[test]
    fn asking_again_does_not_stack() {
        check(ScaleRule::TargetTracking, (10, 10, 5.4), 11);
        check(ScaleRule::TargetTracking, (11, 10, 5.4), 11);
        check(ScaleRule::TargetTracking, (11, 10, 7.0), 14);
        // None goes while one boots, nor for little.
        check(ScaleRule::TargetTracking, (11, 10, 1.0), 11);
        check(ScaleRule::TargetTracking, (10, 10, 4.6), 10);
        check(ScaleRule::TargetTracking, (10, 10, 4.0), 8);
    }

    #[test]
    fn fewer_come_only_when_it_was_calm_for_long() {
        let hpa = rule(ScaleRule::Hpa);
        let mut memory = Memory::default();
        let mut wanted = 10;
        let mut story = Vec::new();
        // A peak in the calm: a look every 15 s.
        for look in 0..50_u64 {
            let busy = if look == 4 { 7.0 } else { 2.5 };
            let seen = Seen { now: Time::from_ms(look * 15_000), wanted, available: wanted, busy };
            let next = hpa.decide(&seen, &mut memory);
            if next != wanted {
                story.push((look, next));
            }
            wanted = next;
        }
        // What there was, and then the peak of look 4, hold for 300 s.
        assert_eq!(story, [(4, 14), (24, 5)]);
    }

    /// Traffic that doubles every D, instances that serve R after they were needed: nothing is
    /// lost with a headroom of 2^(R/D) − 1, and something with less.
    #[test]
    fn headroom_is_what_the_closed_form_says() {
        let (period_ms, boot_ms, doubles_ms) = (60_000, 60_000, 600_000.0);
        let overload = |headroom: f64| {
            let target = 1.0 / (1.0 + headroom);
            let scaler =
                Autoscale { target, max: u32::MAX, calm_ms: 0, ..rule(ScaleRule::TargetTracking) };
            let start = 100_000.0;
            let mut wanted = up(start / target);
            let mut booting: VecDeque<(u64, u32)> = VecDeque::new();
            let mut available = wanted;
            let mut worst = 0.0_f64;
            for now_ms in (0..3_600_000_u64).step_by(1_000) {
                let busy = start * libm::exp2(now_ms as f64 / doubles_ms);
                // What boots is there a moment after the last request before it.
                worst = worst.max(busy / f64::from(available));
                while let Some((_, more)) = booting.pop_front_if(|(at, _)| *at <= now_ms) {
                    available += more;
                }
                if now_ms % period_ms == 0 {
                    let seen = Seen { now: Time::from_ms(now_ms), wanted, available, busy };
                    let next = scaler.decide(&seen, &mut Memory::default());
                    if next > wanted {
                        booting.push_back((now_ms + boot_ms, next - wanted));
                        wanted = next;
                    }
                }
            }
            worst
        };
        let exact = crate::traffic::headroom(period_ms + boot_ms, 600_000);
        assert!(overload(exact * 1.01) <= 1.0);
        assert!(overload(exact * 0.99) > 1.0);
    }
}
