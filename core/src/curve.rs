//! Curves: a count that changes over time, and when it passes a whole number.

use crate::scenario::{Curve, Step};

impl Curve {
    /// So many times as much at any time.
    pub fn times(&self, factor: f64) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(value * factor),
            Self::Linear { from, to, over_ms } => {
                Self::Linear { from: from * factor, to: to * factor, over_ms: *over_ms }
            }
            Self::Exponential { from, to, over_ms } => {
                Self::Exponential { from: from * factor, to: to * factor, over_ms: *over_ms }
            }
            Self::Logistic { from, to, over_ms, ceiling } => Self::Logistic {
                from: from * factor,
                to: to * factor,
                over_ms: *over_ms,
                ceiling: ceiling * factor,
            },
            Self::Steps(steps) => {
                let times = |step: &Step| Step { value: step.value * factor, ..*step };
                Self::Steps(steps.iter().map(times).collect())
            }
        }
    }

    /// The value at a time, ms.
    pub fn at(&self, ms: u64) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Linear { from, to, over_ms } => from + (to - from) * share(ms, *over_ms),
            Self::Exponential { from, to, over_ms } => {
                from * libm::pow(to / from, share(ms, *over_ms))
            }
            Self::Logistic { from, to, over_ms, ceiling } => {
                let odds = |value: f64| value / (ceiling - value);
                let odds = odds(*from) * libm::pow(odds(*to) / odds(*from), share(ms, *over_ms));
                ceiling * (odds / (1.0 + odds))
            }
            Self::Steps(steps) => {
                let next = steps.partition_point(|step| step.at_ms <= ms);
                let Some(step) = next.checked_sub(1).map(|row| steps[row]) else { return 0.0 };
                let before = next.checked_sub(2).map_or(step.value, |row| steps[row].value);
                let done = match step.ramp_ms {
                    0 => 1.0,
                    ramp_ms => share(ms - step.at_ms, ramp_ms),
                };
                before + (step.value - before) * done
            }
        }
    }

    /// The value at a time, rounded to a whole number, at least 0.
    pub fn count_at(&self, ms: u64) -> u64 {
        libm::floor(self.at(ms) + 0.5).max(0.0) as u64
    }

    /// The first time from `from_ms` to `until_ms` at which the rounded value is above `count`.
    pub fn first_above(&self, count: u64, from_ms: u64, until_ms: u64) -> Option<u64> {
        if self.count_at(from_ms) > count {
            return Some(from_ms);
        }
        let mut low = from_ms;
        for high in self.bends(from_ms, until_ms) {
            if self.count_at(high) > count {
                // Between two bends the curve goes one way only: halve the stretch.
                let (mut low, mut high) = (low, high);
                while high - low > 1 {
                    let middle = low + (high - low) / 2;
                    if self.count_at(middle) > count {
                        high = middle;
                    } else {
                        low = middle;
                    }
                }
                return Some(high);
            }
            low = high;
        }
        None
    }

    /// The highest value from `from_ms` to `until_ms`.
    pub fn max_in(&self, from_ms: u64, until_ms: u64) -> f64 {
        self.bends(from_ms, until_ms).map(|ms| self.at(ms)).fold(self.at(from_ms), f64::max)
    }

    /// The area below the curve from time 0 to `until_ms`, in ms: its mean value times `until_ms`.
    /// Exact where it is straight, else within a percent or so.
    pub fn area(&self, until_ms: u64) -> f64 {
        let parts = match self {
            Self::Exponential { .. } | Self::Logistic { .. } => 1_000,
            Self::Constant(_) | Self::Linear { .. } | Self::Steps(_) => 1,
        };
        let (mut area, mut low) = (0.0, 0);
        for bend in self.bends(0, until_ms) {
            let begin = low;
            for part in 1..=parts {
                let high = begin + (u128::from(bend - begin) * part / parts) as u64;
                area += (self.at(low) + self.at(high)) / 2.0 * (high - low) as f64;
                low = high;
            }
        }
        area
    }

    /// The times after `from_ms` at which the curve may turn or jump, and `until_ms`; ascending.
    fn bends(&self, from_ms: u64, until_ms: u64) -> impl Iterator<Item = u64> {
        let (over_ms, steps) = match self {
            Self::Constant(_) => (None, [].as_slice()),
            Self::Linear { over_ms, .. }
            | Self::Exponential { over_ms, .. }
            | Self::Logistic { over_ms, .. } => (Some(*over_ms), [].as_slice()),
            Self::Steps(steps) => {
                let done = steps.partition_point(|step| step.at_ms + step.ramp_ms <= from_ms);
                (None, &steps[done..])
            }
        };
        let of = |s: &Step| [s.at_ms.saturating_sub(1), s.at_ms, s.at_ms + s.ramp_ms];
        let bends = over_ms.into_iter().chain(steps.iter().flat_map(of));
        bends
            .take_while(move |ms| *ms < until_ms)
            .filter(move |ms| *ms > from_ms)
            .chain(std::iter::once(until_ms))
    }
}

/// How far along, 0..=1.
fn share(ms: u64, over_ms: u64) -> f64 {
    if ms >= over_ms { 1.0 } else { ms as f64 / over_ms as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY_MS, MONTH_MS};

    #[test]
    fn growth_of_100_to_2000_in_36_months_is_8_68_percent_a_month() {
        let curve = Curve::Exponential { from: 100.0, to: 2000.0, over_ms: 36 * MONTH_MS };
        let month = curve.at(13 * MONTH_MS) / curve.at(12 * MONTH_MS);
        assert!((month - 1.0868).abs() < 1e-4, "{month}");
        assert_eq!(curve.count_at(40 * MONTH_MS), 2000);
    }

    #[test]
    fn a_logistic_curve_goes_through_both_points() {
        let curve = Curve::Logistic { from: 100.0, to: 2000.0, over_ms: 1000, ceiling: 2100.0 };
        assert!((curve.at(0) - 100.0).abs() < 1e-9);
        assert!((curve.at(1000) - 2000.0).abs() < 1e-9);
        assert!(curve.at(500) > 1000.0);
    }

    #[test]
    fn the_area_is_the_sum_of_the_values() {
        let steps = [(0, 5.0, 0), (100, 50.0, 10), (200, 3.0, 0), (300, 60.0, 0)];
        let step = |(at_ms, value, ramp_ms)| Step { at_ms, value, ramp_ms };
        for curve in [
            Curve::Constant(3.0),
            Curve::Linear { from: 10.0, to: 20.0, over_ms: 1_000 },
            Curve::Exponential { from: 1.0, to: 1_000.0, over_ms: 5_000 },
            Curve::Logistic { from: 100.0, to: 2_000.0, over_ms: 1_000, ceiling: 2_100.0 },
            Curve::Steps(steps.map(step).to_vec()),
        ] {
            let plain: f64 = (0..2_000).map(|ms| curve.at(ms)).sum();
            let ratio = curve.area(2_000) / plain;
            assert!((ratio - 1.0).abs() < 0.01, "{curve:?}: {ratio}");
        }
    }

    #[test]
    fn a_crossing_is_the_first_ms_above() {
        let steps = |list: &[(u64, f64, u64)]| {
            let step = |&(at_ms, value, ramp_ms)| Step { at_ms, value, ramp_ms };
            Curve::Steps(list.iter().map(step).collect())
        };
        let linear = Curve::Linear { from: 10.0, to: 20.0, over_ms: DAY_MS };
        let hill = steps(&[(0, 5.0, 0), (100, 50.0, 10), (200, 3.0, 0), (300, 60.0, 0)]);
        for (curve, count, from_ms) in
            [(&linear, 10, 0), (&linear, 19, 0), (&hill, 5, 0), (&hill, 50, 0), (&hill, 5, 200)]
        {
            let plain = (from_ms..=DAY_MS).find(|ms| curve.count_at(*ms) > count);
            assert_eq!(curve.first_above(count, from_ms, DAY_MS), plain, "{curve:?} above {count}");
        }
        assert_eq!(linear.first_above(20, 0, 2 * DAY_MS), None);
    }
}
