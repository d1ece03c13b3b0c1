//! Predictions: how long a VM is believed to stay, drawn when its request is made.
//!
//! The error is multiplicative: a prediction is the true stay × `exp(σ Z)`, Z standard normal, so
//! that half are too long and half too short; a share of them misses wildly, by a further factor
//! up or down. Each request takes the same draws from its demand's own stream whatever the error
//! is: two policies see the same predictions, and predictions of two errors differ by the error
//! alone.

use crate::demand::FOR_GOOD_MS;
use crate::dice;
use crate::scenario::{Predictions, Scenario};
use crate::time::TIME_MS_MAX;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

/// Predicts the stays of one demand's VMs.
#[derive(Debug)]
pub struct Predictor {
    rule: Predictions,
    dice: dice::Stream,
}

impl Predictor {
    /// Of the demand with this name; `None` where lifetimes are known.
    pub fn of(scenario: &Scenario, demand: &str) -> Option<Self> {
        scenario.placement.predictions.map(|rule| Self::new(rule, scenario.seed, demand))
    }

    fn new(rule: Predictions, seed: u64, demand: &str) -> Self {
        Self { rule, dice: dice::stream(seed, &format!("predictions/{demand}")) }
    }

    /// What is believed of a VM that stays so long, ms. That one stays for good is always known.
    pub fn predict(&mut self, stay_ms: u64) -> u64 {
        let normal: f64 = StandardNormal.sample(&mut self.dice);
        let (chance, is_up) = (self.dice.random::<f64>(), self.dice.random::<bool>());
        if stay_ms == FOR_GOOD_MS {
            return FOR_GOOD_MS;
        }
        let mut factor = libm::exp(self.rule.error * normal);
        if chance < self.rule.misses {
            factor *= if is_up { self.rule.miss_factor } else { 1.0 / self.rule.miss_factor };
        }
        let believed = libm::round(stay_ms as f64 * factor);
        // Without an error the very stay, however long.
        if factor == 1.0 { stay_ms } else { (believed as u64).clamp(1, TIME_MS_MAX) }
    }
}

/// What is believed of a VM that stays so long, ms; the truth where it is known.
#[inline]
pub fn believed_ms(predictor: &mut Option<Predictor>, stay_ms: u64) -> u64 {
    predictor.as_mut().map_or(stay_ms, |predictor| predictor.predict(stay_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(rule: Predictions) -> Vec<f64> {
        let mut predictor = Predictor::new(rule, 7, "vms");
        (0..20_000).map(|_| predictor.predict(1_000_000) as f64 / 1e6).collect()
    }

    fn rule(error: f64, misses: f64) -> Predictions {
        Predictions { error, misses, miss_factor: 100.0, repredicts: false }
    }

    #[test]
    fn half_are_too_long_and_two_thirds_within_one_sigma() {
        let factors = factors(rule(0.5, 0.0));
        let share = |is_in: &dyn Fn(f64) -> bool| {
            factors.iter().filter(|factor| is_in(**factor)).count() as f64 / 20_000.0
        };
        assert!((share(&|factor| factor > 1.0) - 0.5).abs() < 0.015);
        let sigma = libm::exp(0.5);
        let within = share(&|factor| factor < sigma && factor > 1.0 / sigma);
        assert!((within - 0.6827).abs() < 0.015, "{within}");
    }

    #[test]
    fn wild_misses_are_as_many_as_said_and_go_both_ways() {
        let factors = factors(rule(0.0, 0.1));
        let count = |of: f64| factors.iter().filter(|factor| **factor == of).count();
        assert_eq!(count(1.0) + count(100.0) + count(0.01), 20_000);
        assert!((900..1_100).contains(&count(100.0)) && (900..1_100).contains(&count(0.01)));
    }

    #[test]
    fn another_error_changes_no_other_draw() {
        let (small, large) = (factors(rule(0.1, 0.0)), factors(rule(0.2, 0.0)));
        let both = small.iter().zip(&large);
        assert!(both.clone().all(|(small, large)| (small * small / large - 1.0).abs() < 1e-4));
    }

    #[test]
    fn what_stays_for_good_is_known_to() {
        let mut predictor = Predictor::new(rule(3.0, 1.0), 7, "vms");
        assert_eq!(predictor.predict(FOR_GOOD_MS), FOR_GOOD_MS);
        assert!((0..100).all(|_| predictor.predict(0) >= 1));
    }
}
