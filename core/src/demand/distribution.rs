//! Durations drawn from the scenario's distributions, in whole ms.

use crate::dice::Stream;
use crate::scenario::Distribution;
use crate::time::TIME_MS_MAX;
use rand::RngExt;
use rand_distr::Distribution as _;
use rand_distr::{Exp1, Gamma, LogNormal, Weibull};

impl Distribution {
    /// A duration, ms.
    #[inline]
    pub fn draw(&self, dice: &mut Stream) -> u64 {
        match self {
            Self::Constant(ms) => *ms,
            Self::Exponential { mean_ms } => {
                let unit: f64 = Exp1.sample(dice);
                whole_ms(unit * mean_ms)
            }
            _ => self.draw_anew(dice),
        }
    }

    fn draw_anew(&self, dice: &mut Stream) -> u64 {
        match self {
            Self::Constant(_) | Self::Exponential { .. } => self.draw(dice),
            Self::Lognormal { mu, sigma } => whole_ms(lognormal(*mu, *sigma, dice)),
            Self::Weibull { shape, scale_ms } => {
                let weibull = Weibull::new(*scale_ms, *shape).expect("shape and scale are above 0");
                whole_ms(weibull.sample(dice))
            }
            Self::Mixture(parts) => pick(parts, dice, |(weight, _)| *weight).1.draw(dice),
            Self::Sample(values) => values[dice.random_range(0..values.len() as u64) as usize],
        }
    }

    /// What is left of a life that someone looks in on at a random instant: the stationary
    /// residual. A life is met in proportion to its length, at a uniform point of it (renewal
    /// theory, e.g. Cox 1962); the length-biased forms of each distribution are closed.
    pub fn draw_rest(&self, dice: &mut Stream) -> u64 {
        if let Self::Constant(u64::MAX) = self {
            return u64::MAX;
        }
        let met_ms = self.draw_met(dice) as f64;
        whole_ms(met_ms * dice.random::<f64>())
    }

    /// A life met at a random instant, ms.
    fn draw_met(&self, dice: &mut Stream) -> u64 {
        match self {
            Self::Constant(ms) => *ms,
            Self::Exponential { mean_ms } => {
                let (a, b): (f64, f64) = (Exp1.sample(dice), Exp1.sample(dice));
                whole_ms((a + b) * mean_ms)
            }
            Self::Lognormal { mu, sigma } => whole_ms(lognormal(mu + sigma * sigma, *sigma, dice)),
            Self::Weibull { shape, scale_ms } => {
                let gamma = Gamma::new(1.0 + 1.0 / shape, 1.0).expect("shape is above 0");
                whole_ms(scale_ms * libm::pow(gamma.sample(dice), 1.0 / shape))
            }
            Self::Mixture(parts) => {
                pick(parts, dice, |(weight, part)| weight * part.mean_ms()).1.draw_met(dice)
            }
            Self::Sample(values) => *pick(values, dice, |value| *value as f64),
        }
    }

    /// The mean of what a run of so many ms sees of a life, ms: longer ones count as that long.
    pub fn mean_within_ms(&self, run_ms: u64) -> f64 {
        let run = run_ms as f64;
        match self {
            Self::Constant(ms) => (*ms).min(run_ms) as f64,
            Self::Exponential { mean_ms } => -mean_ms * libm::expm1(-run / mean_ms),
            Self::Lognormal { mu, sigma } => {
                let above = |shift: f64| match *sigma {
                    0.0 => f64::from(u8::from(libm::log(run) < mu + shift)),
                    sigma => {
                        let away = (libm::log(run) - mu - shift) / sigma;
                        libm::erfc(away / std::f64::consts::SQRT_2) / 2.0
                    }
                };
                self.mean_ms() * (1.0 - above(sigma * sigma)) + run * above(0.0)
            }
            Self::Weibull { shape, scale_ms } => {
                // The area below the share that still lives, over the logarithm of time.
                let lives = |ln_ms: f64| {
                    let ms = libm::exp(ln_ms);
                    ms * libm::exp(-libm::pow(ms / scale_ms, *shape))
                };
                let (from, parts) = (-7.0, 1_000);
                let width = (libm::log(run) - from) / f64::from(parts);
                (0..parts).map(|part| lives(from + width * (f64::from(part) + 0.5)) * width).sum()
            }
            Self::Mixture(parts) => {
                let weights: f64 = parts.iter().map(|(weight, _)| weight).sum();
                let mean = |(weight, part): &(f64, Self)| weight * part.mean_within_ms(run_ms);
                parts.iter().map(mean).sum::<f64>() / weights
            }
            Self::Sample(values) => {
                let sum: f64 = values.iter().map(|value| (*value).min(run_ms) as f64).sum();
                sum / values.len() as f64
            }
        }
    }

    /// The mean, ms.
    pub fn mean_ms(&self) -> f64 {
        match self {
            Self::Constant(ms) => *ms as f64,
            Self::Exponential { mean_ms } => *mean_ms,
            Self::Lognormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
            Self::Weibull { shape, scale_ms } => scale_ms * libm::tgamma(1.0 + 1.0 / shape),
            Self::Mixture(parts) => {
                let weights: f64 = parts.iter().map(|(weight, _)| weight).sum();
                let sum: f64 = parts.iter().map(|(weight, part)| weight * part.mean_ms()).sum();
                sum / weights
            }
            Self::Sample(values) => {
                values.iter().map(|value| *value as f64).sum::<f64>() / values.len() as f64
            }
        }
    }
}

pub(super) fn lognormal(mu: f64, sigma: f64, dice: &mut Stream) -> f64 {
    LogNormal::new(mu, sigma).expect("sigma is at least 0").sample(dice)
}

/// One of several, in proportion to its weight.
fn pick<'a, T>(items: &'a [T], dice: &mut Stream, weight: impl Fn(&T) -> f64) -> &'a T {
    let sum: f64 = items.iter().map(&weight).sum();
    let mut left = dice.random::<f64>() * sum;
    for item in items {
        left -= weight(item);
        if left < 0.0 {
            return item;
        }
    }
    items.last().expect("there is one to pick")
}

/// Rounded to a whole ms, half up, from 1 to [`TIME_MS_MAX`].
fn whole_ms(ms: f64) -> u64 {
    // What is cut off is exact: a number with a fraction has few digits before it.
    let floor = ms as i64;
    let is_half = ms - floor as f64 >= 0.5;
    (floor.max(0) as u64 + u64::from(is_half)).clamp(1, TIME_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice;

    fn all() -> Vec<Distribution> {
        let mean_ms = 1e6;
        let exponential = Distribution::Exponential { mean_ms };
        let lognormal = Distribution::Lognormal { mu: 13.0, sigma: 0.8 };
        vec![
            Distribution::Constant(1_000_000),
            exponential.clone(),
            lognormal.clone(),
            Distribution::Weibull { shape: 0.7, scale_ms: 1e6 },
            Distribution::Mixture(vec![(3.0, exponential), (1.0, lognormal)]),
            Distribution::Sample(vec![1_000, 2_000_000, 500_000]),
        ]
    }

    fn mean(mut draw: impl FnMut() -> u64) -> f64 {
        (0..100_000).map(|_| draw() as f64).sum::<f64>() / 1e5
    }

    #[test]
    fn draws_have_the_mean_they_state() {
        for distribution in all() {
            let mut dice = dice::stream(1, "lifetimes/test");
            let ratio = mean(|| distribution.draw(&mut dice)) / distribution.mean_ms();
            assert!((ratio - 1.0).abs() < 0.03, "{distribution:?}: {ratio}");
        }
    }

    #[test]
    fn means_within_a_run_are_those_of_the_draws() {
        for distribution in all() {
            for run_ms in [1_000, 300_000, 1_000_000, 3_000_000, 1_000_000_000] {
                let mut dice = dice::stream(4, "lifetimes/test");
                let drawn = mean(|| distribution.draw(&mut dice).min(run_ms));
                let ratio = drawn / distribution.mean_within_ms(run_ms);
                assert!((ratio - 1.0).abs() < 0.03, "{distribution:?} in {run_ms} ms: {ratio}");
            }
        }
        let fixed = Distribution::Lognormal { mu: 3.0, sigma: 0.0 };
        assert_eq!(fixed.mean_within_ms(10), 10.0);
        assert!((fixed.mean_within_ms(100) - libm::exp(3.0)).abs() < 1e-9);
    }

    /// The mean residual life is E[L²] ÷ 2 E[L], whatever the distribution.
    #[test]
    fn rests_have_the_mean_of_renewal_theory() {
        for distribution in all() {
            let mut dice = dice::stream(2, "lifetimes/test");
            let square = mean(|| {
                let ms = distribution.draw(&mut dice) as f64;
                (ms * ms / 1e6) as u64
            }) * 1e6;
            let rest = square / 2.0 / distribution.mean_ms();
            let ratio = mean(|| distribution.draw_rest(&mut dice)) / rest;
            assert!((ratio - 1.0).abs() < 0.06, "{distribution:?}: {ratio}");
        }
    }

    #[test]
    fn a_vm_that_stays_for_good_has_no_rest() {
        let mut dice = dice::stream(3, "lifetimes/test");
        assert_eq!(Distribution::Constant(u64::MAX).draw_rest(&mut dice), u64::MAX);
    }
}
