//! Arrivals at random, at a rate that changes with growth, hour, weekday and events.
//!
//! An inhomogeneous Poisson process by thinning (Lewis and Shedler 1979): candidates come at a
//! rate that bounds the true one for the day, and each stays with the share true ÷ bound.

use crate::dice;
use crate::scenario::{Curve, Season};
use crate::time::{Calendar, DAY_MS, HOUR_MS, Time, WEEK_MS};
use rand::RngExt;
use rand_distr::{Distribution, Exp1};

/// The instants of arrival.
#[derive(Debug)]
pub struct Poisson {
    per_ms: Curve,
    season: Season,
    start_in_week_ms: u64,
    until_ms: u64,
    dice: dice::Stream,
    /// The latest candidate, ms.
    now: f64,
    /// Until when `bound` holds, ms.
    window_end_ms: u64,
    bound: f64,
    /// Whether the rate is the bound all the time.
    is_flat: bool,
}

impl Poisson {
    /// From the start on.
    pub fn new(
        per_ms: Curve,
        season: Season,
        calendar: Calendar,
        until_ms: u64,
        dice: dice::Stream,
    ) -> Self {
        let start_in_week_ms = calendar.start_in_week_ms();
        let (now, window_end_ms, bound) = (0.0, 0, 0.0);
        let is_flat = matches!(per_ms, Curve::Constant(_)) && season.is_flat();
        Self {
            per_ms,
            season,
            start_in_week_ms,
            until_ms,
            dice,
            now,
            window_end_ms,
            bound,
            is_flat,
        }
    }

    fn rate(&self, ms: u64) -> f64 {
        self.per_ms.at(ms) * self.season.factor(self.start_in_week_ms, ms)
    }

    /// The next day (or what is left of the run) that has any rate at all.
    fn open_window(&mut self) -> bool {
        while self.window_end_ms < self.until_ms {
            let from_ms = self.window_end_ms;
            self.window_end_ms = (from_ms + DAY_MS).min(self.until_ms);
            self.now = from_ms as f64;
            self.bound = self.per_ms.max_in(from_ms, self.window_end_ms)
                * self.season.factor_max(from_ms, self.window_end_ms);
            if self.bound > 0.0 {
                return true;
            }
        }
        false
    }
}

/// How many candidates a run of so many ms looks at, or somewhat more: at least as many as
/// requests. Infinite if it cannot be counted.
pub fn candidates(per_ms: &Curve, season: &Season, until_ms: u64) -> f64 {
    // As the windows of a run, but not endlessly many.
    let window_ms = DAY_MS.max(until_ms / 10_000);
    let (mut candidates, mut from_ms) = (0.0, 0);
    while from_ms < until_ms {
        let window_end_ms = (from_ms + window_ms).min(until_ms);
        let rate = per_ms.max_in(from_ms, window_end_ms);
        if rate > 0.0 {
            let bound = rate * season.factor_max(from_ms, window_end_ms);
            candidates += bound * (window_end_ms - from_ms) as f64;
        }
        from_ms = window_end_ms;
    }
    candidates
}

impl Iterator for Poisson {
    type Item = Time;

    #[inline(always)]
    fn next(&mut self) -> Option<Time> {
        loop {
            if self.bound == 0.0 && !self.open_window() {
                return None;
            }
            let wait: f64 = Exp1.sample(&mut self.dice);
            self.now += wait / self.bound;
            // Both are below 2^53: as a signed number it is converted sooner.
            if self.now >= self.window_end_ms as i64 as f64 {
                // The process has no memory: what was drawn past the window does not count.
                self.now = self.window_end_ms as f64;
                self.bound = 0.0;
                continue;
            }
            let ms = self.now as i64 as u64;
            let share = self.dice.random::<f64>();
            if self.is_flat || share * self.bound < self.rate(ms) {
                return Some(Time::from_ms(ms));
            }
        }
    }
}

impl Season {
    /// Whether it is the same at all times.
    fn is_flat(&self) -> bool {
        self.hours.is_none()
            && self.events.is_empty()
            && self.hourly == [1.0; 24]
            && self.daily == [1.0; 7]
    }

    /// What multiplies the rate at a time of a run that starts so many ms after Monday, 0 h.
    pub fn factor(&self, start_in_week_ms: u64, ms: u64) -> f64 {
        let in_week_ms = (start_in_week_ms + ms) % WEEK_MS;
        let (weekday, in_day_ms) = ((in_week_ms / DAY_MS) as usize, in_week_ms % DAY_MS);
        let season = self.events_factor(ms) * self.daily[weekday] * self.hour_factor(in_day_ms);
        season * self.office_factor(Time::from_ms(ms))
    }

    /// What keeps the mean of a working day at 1 if nothing comes outside of its hours.
    fn office_factor(&self, at: Time) -> f64 {
        self.hours.as_ref().map_or(1.0, |hours| match hours.is_open(at) {
            true => DAY_MS as f64 / hours.day_ms() as f64,
            false => 0.0,
        })
    }

    /// Between two hours' middles a straight line.
    fn hour_factor(&self, in_day_ms: u64) -> f64 {
        let from_middle_ms = (in_day_ms + DAY_MS - HOUR_MS / 2) % DAY_MS;
        let hour = (from_middle_ms / HOUR_MS) as usize;
        let along = (from_middle_ms % HOUR_MS) as f64 / HOUR_MS as f64;
        let (here, next) = (self.hourly[hour], self.hourly[(hour + 1) % 24]);
        here + (next - here) * along
    }

    fn events_factor(&self, ms: u64) -> f64 {
        let now = self.events.iter().filter(|e| e.at_ms <= ms && ms < e.at_ms + e.lasts_ms);
        now.map(|event| event.factor).product()
    }

    /// At least the highest factor in a stretch of time.
    fn factor_max(&self, from_ms: u64, until_ms: u64) -> f64 {
        let max = |factors: &[f64]| factors.iter().copied().fold(0.0, f64::max);
        let meets = |e: &&crate::scenario::SeasonEvent| {
            e.at_ms < until_ms && from_ms < e.at_ms + e.lasts_ms && e.factor > 1.0
        };
        let events: f64 = self.events.iter().filter(meets).map(|event| event.factor).product();
        let office = self.hours.as_ref().map_or(1.0, |h| DAY_MS as f64 / h.day_ms() as f64);
        max(&self.hourly) * max(&self.daily) * events * office
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::SeasonEvent;

    fn count(season: Season, days: u64) -> Vec<u64> {
        let calendar = Calendar { start: jiff::civil::date(2025, 1, 6).at(0, 0, 0, 0) };
        let rate = Curve::Constant(1_000.0 / DAY_MS as f64);
        let dice = dice::stream(7, "arrivals/test");
        let poisson = Poisson::new(rate, season, calendar, days * DAY_MS, dice);
        let mut by_day = vec![0; days as usize];
        for at in poisson {
            by_day[(at.ms() / DAY_MS) as usize] += 1;
        }
        by_day
    }

    fn flat() -> Season {
        Season { hourly: [1.0; 24], daily: [1.0; 7], events: Vec::new(), hours: None }
    }

    #[test]
    fn counts_have_the_mean_and_the_variance_of_a_poisson_process() {
        let days = count(flat(), 400);
        let mean = days.iter().sum::<u64>() as f64 / 400.0;
        let squares = days.iter().map(|n| (*n as f64 - mean) * (*n as f64 - mean));
        let variance = squares.sum::<f64>() / 399.0;
        assert!((mean - 1_000.0).abs() < 4.0 * libm::sqrt(1_000.0 / 400.0), "mean {mean}");
        assert!((variance / 1_000.0 - 1.0).abs() < 0.3, "variance {variance}");
    }

    #[test]
    fn weekends_and_events_have_their_factor() {
        let mut season = flat();
        season.daily[6] = 0.5;
        season.events = vec![SeasonEvent { at_ms: 2 * DAY_MS, lasts_ms: DAY_MS, factor: 5.0 }];
        let days = count(season, 7);
        assert!((450..550).contains(&days[6]), "Sunday {}", days[6]);
        assert!((4_700..5_300).contains(&days[2]), "event {}", days[2]);
        assert!((870..1_130).contains(&days[0]), "Monday {}", days[0]);
    }

    #[test]
    fn hours_have_their_factor_and_keep_the_mean() {
        let mut season = flat();
        for hour in 0..12 {
            season.hourly[hour] = 0.5;
            season.hourly[hour + 12] = 1.5;
        }
        let total: u64 = count(season, 100).iter().sum();
        assert!((98_500..101_500).contains(&total), "{total}");
    }
}
