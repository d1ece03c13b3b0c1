//! Traffic over time: what users ask of a service at an instant, and what of it is served.
//!
//! The rate is base × season × flash crowds. Between two instants it is taken as a straight line,
//! so the areas below are exact where it is one.

use crate::scenario::{Flash, Traffic};

impl Traffic {
    /// Requests per ms at a time of a run that starts so many ms after Monday, 0 h.
    pub fn at(&self, start_in_week_ms: u64, ms: u64) -> f64 {
        let flashes: f64 = self.flashes.iter().map(|flash| flash.factor(ms)).product();
        self.per_ms.at(ms) * self.season.factor(start_in_week_ms, ms) * flashes
    }

    /// How many instances that do nothing else would be busy with it: 2.5 keep 2 and a half busy.
    pub fn busy(&self, start_in_week_ms: u64, ms: u64) -> f64 {
        self.at(start_in_week_ms, ms) / self.per_instance
    }
}

impl Flash {
    /// How many times as many requests there are at a time.
    pub fn factor(&self, ms: u64) -> f64 {
        let Some(since_ms) = ms.checked_sub(self.at_ms) else { return 1.0 };
        let every_ms = self.doubles_every_ms.max(1) as f64;
        let doublings = |ms: f64| libm::exp2(ms / every_ms);
        let grows_ms = libm::log2(self.to) * every_ms;
        let since_ms = since_ms as f64;
        let over_ms = since_ms - grows_ms - self.lasts_ms as f64;
        if since_ms < grows_ms {
            doublings(since_ms)
        } else if over_ms <= 0.0 {
            self.to
        } else {
            (self.to * doublings(-over_ms)).max(1.0)
        }
    }
}

/// A stretch of time in which traffic goes from one rate to another and a service can serve so
/// much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Requests per ms at its beginning and at its end.
    pub rates: [f64; 2],
    /// Requests per ms that can be served all the time.
    pub capacity: f64,
    /// How long it is, ms.
    pub ms: u64,
}

/// What came of a stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Served {
    /// Requests.
    pub requests: f64,
    /// Those of them that nobody could serve.
    pub unserved: f64,
    /// How long there were more than could be served, ms.
    pub overload_ms: f64,
}

impl Stretch {
    /// Requests beyond what can be served at an instant are not served then, nor later.
    pub fn served(&self) -> Served {
        let [from, to] = self.rates;
        let ms = self.ms as f64;
        let requests = (from + to) / 2.0 * ms;
        let (over_from, over_to) = (from - self.capacity, to - self.capacity);
        let share = if over_from <= 0.0 && over_to <= 0.0 {
            0.0
        } else if over_from > 0.0 && over_to > 0.0 {
            1.0
        } else {
            // The line crosses what can be served once.
            over_from.max(over_to) / (over_from - over_to).abs()
        };
        let mean_over = (over_from.max(0.0) + over_to.max(0.0)) / 2.0;
        Served { requests, unserved: mean_over * share * ms, overload_ms: share * ms }
    }
}

/// How much more than its traffic a service must be able to serve, as a share, so that none is
/// lost while it reacts: 2^(R/D) − 1 when traffic doubles every D and new instances serve R after
/// they were needed.
pub fn headroom(reacts_ms: u64, doubles_every_ms: u64) -> f64 {
    libm::exp2(reacts_ms as f64 / doubles_every_ms.max(1) as f64) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Curve, Season};
    use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS};

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
    }

    #[test]
    fn a_flash_crowd_doubles_stays_and_goes() {
        let flash =
            Flash { at_ms: HOUR_MS, doubles_every_ms: 10 * MINUTE_MS, to: 8.0, lasts_ms: HOUR_MS };
        let at = |minutes: u64| flash.factor(minutes * MINUTE_MS);
        near(at(59), 1.0);
        near(at(60), 1.0);
        near(at(70), 2.0);
        near(at(80), 4.0);
        near(at(90), 8.0);
        near(at(150), 8.0);
        near(at(160), 4.0);
        near(at(500), 1.0);
    }

    #[test]
    fn base_season_and_crowd_multiply() {
        let mut season =
            Season { hourly: [1.0; 24], daily: [1.0; 7], events: Vec::new(), hours: None };
        season.daily[1] = 0.5;
        let flashes = vec![Flash { at_ms: 0, doubles_every_ms: 1, to: 4.0, lasts_ms: 2 * DAY_MS }];
        let traffic = Traffic { per_ms: Curve::Constant(2.0), season, flashes, per_instance: 0.5 };
        near(traffic.at(0, HOUR_MS), 8.0);
        near(traffic.at(0, DAY_MS + HOUR_MS), 4.0);
        near(traffic.busy(0, HOUR_MS), 16.0);
    }

    #[test]
    fn what_is_above_the_line_is_not_served() {
        let of = |rates, capacity| Stretch { rates, capacity, ms: 100 }.served();
        assert_eq!(
            of([1.0, 3.0], 4.0),
            Served { requests: 200.0, unserved: 0.0, overload_ms: 0.0 }
        );
        assert_eq!(of([5.0, 7.0], 4.0).unserved, 200.0);
        // Half of the time above, by 1 on average.
        let half = of([2.0, 6.0], 4.0);
        assert_eq!((half.requests, half.unserved, half.overload_ms), (400.0, 50.0, 50.0));
        assert_eq!(of([6.0, 2.0], 4.0), half);
        assert_eq!(of([4.0, 4.0], 4.0).overload_ms, 0.0);
    }

    /// The figures of the seed: a 1-minute boot against a 10-minute one, a minute to notice.
    #[test]
    fn headroom_grows_with_the_time_to_react() {
        let of = |reacts: u64, doubles: u64| headroom(reacts * MINUTE_MS, doubles * MINUTE_MS);
        assert!((of(2, 10) - 0.1487).abs() < 1e-4);
        assert!((of(11, 10) - 1.1435).abs() < 1e-4);
        assert!((of(2, 5) - 0.3195).abs() < 1e-4);
        assert!((of(11, 5) - 3.5948).abs() < 1e-4);
    }
}
