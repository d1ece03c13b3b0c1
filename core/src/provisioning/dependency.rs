//! What boots need from others: is it there at an instant?
//!
//! A dependency goes up and down by itself, whoever asks, so all who ask at one instant hear the
//! same. Times up and times down are exponential with means that give the availability:
//! up ÷ (up + down) = a.

use crate::dice::Stream;
use crate::time::Time;
use rand::RngExt;
use rand_distr::{Distribution as _, Exp1};

/// The course of a dependency. It is asked for times that do not descend.
#[derive(Clone, Debug)]
pub struct Course {
    dice: Stream,
    /// How long it is up on average, ms; `None`: always.
    up_ms: Option<f64>,
    down_ms: f64,
    is_up: bool,
    /// When that changes.
    until_ms: u64,
    /// How often it has gone down.
    outages: u32,
}

impl Course {
    /// Of an availability above 0 and at most 1, with outages of this mean, ms.
    pub fn new(availability: f64, outage_ms: u64, mut dice: Stream) -> Self {
        let down_ms = outage_ms as f64;
        let up_ms = (availability < 1.0).then(|| mean_up_ms(availability, down_ms));
        // The run begins somewhere in the middle: without memory, what is left is as long as all.
        let is_up = dice.random::<f64>() < availability;
        let outages = u32::from(!is_up);
        let mut course = Self { dice, up_ms, down_ms, is_up, until_ms: 0, outages };
        course.until_ms = course.next_ms();
        course
    }

    /// When what begins now is over.
    fn next_ms(&mut self) -> u64 {
        let mean = if self.is_up { self.up_ms } else { Some(self.down_ms) };
        let Some(mean) = mean else { return u64::MAX };
        let unit: f64 = Exp1.sample(&mut self.dice);
        self.until_ms.saturating_add(libm::ceil(unit * mean).max(1.0) as u64)
    }

    /// The outage at an instant, from 1 on; `None`: it is up.
    pub fn outage_at(&mut self, now: Time) -> Option<u32> {
        while self.until_ms <= now.ms() {
            self.is_up = !self.is_up;
            self.outages += u32::from(!self.is_up);
            self.until_ms = self.next_ms();
        }
        (!self.is_up).then_some(self.outages)
    }
}

/// How long it is up on average: a ÷ (1 − a) outages.
fn mean_up_ms(availability: f64, outage_ms: f64) -> f64 {
    outage_ms * availability / (1.0 - availability)
}

/// How often something of this availability is to be expected to go down in a run.
pub fn expected_outages(availability: f64, outage_ms: u64, run_ms: u64) -> f64 {
    match availability < 1.0 {
        true => {
            let outage_ms = outage_ms as f64;
            run_ms as f64 / (mean_up_ms(availability, outage_ms) + outage_ms)
        }
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice;

    /// The share of instants at which it is up, and how often it went down, over 20,000 h.
    fn look(availability: f64, outage_ms: u64) -> (f64, u32) {
        let mut course = Course::new(availability, outage_ms, dice::stream(7, "dependencies/d"));
        let instants = 20_000 * 60;
        let mut outages = 0;
        let up = (0..instants).filter(|minute| {
            let outage = course.outage_at(Time::from_ms(minute * 60_000));
            outages = outages.max(outage.unwrap_or(0));
            outage.is_none()
        });
        (up.count() as f64 / instants as f64, outages)
    }

    #[test]
    fn it_is_up_as_often_as_it_is_said_to_be() {
        for (availability, outage_ms) in [(0.99, 600_000), (0.9, 3_600_000), (0.5, 120_000)] {
            let (up, outages) = look(availability, outage_ms);
            let expected = expected_outages(availability, outage_ms, 20_000 * 3_600_000);
            // Outages are about as many as a Poisson process has, each exponential: 4 σ.
            let sigma = (1.0 - availability) * (2.0 / expected).sqrt();
            assert!((up - availability).abs() < 4.0 * sigma, "{availability}: {up}");
            assert!((f64::from(outages) - expected).abs() < 4.0 * expected.sqrt() + 2.0);
        }
        assert_eq!(look(1.0, 60_000), (1.0, 0));
    }
}
