//! Analysis: is the new version good? What measurements say, and how soon a bad one is found.
//!
//! The counting rules are those of Argo Rollouts' analysis runs; the probabilities are binomial.

/// What a measurement, and a metric made of them, comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Not decided.
    Running,
    /// Good.
    Successful,
    /// Neither good nor bad: somebody has to look.
    Inconclusive,
    /// It could not be measured.
    Error,
    /// Bad.
    Failed,
}

/// An analysis whose answer is known beforehand: how long it takes, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// How long it takes, ms.
    pub ms: u64,
    /// What it says then; [`Verdict::Successful`] goes on, [`Verdict::Inconclusive`] waits for a
    /// person, all others go back.
    pub verdict: Verdict,
}

/// How many measurements of one metric decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// So many measurements in all; `None`: as long as the rollout goes.
    pub count: Option<u32>,
    /// More failures than this fail it.
    pub failure_limit: u32,
    /// More inconclusive ones than this leave it inconclusive.
    pub inconclusive_limit: u32,
    /// More errors in a row than this fail it.
    pub consecutive_error_limit: u32,
    /// So many successes in a row are enough; `None`: only the count ends it.
    pub consecutive_success_limit: Option<u32>,
}

impl Default for Metric {
    fn default() -> Self {
        Self {
            count: Some(1),
            failure_limit: 0,
            inconclusive_limit: 0,
            consecutive_error_limit: 4,
            consecutive_success_limit: None,
        }
    }
}

impl Metric {
    /// What the measurements so far say together.
    pub fn judge(&self, measurements: &[Verdict]) -> Verdict {
        let (mut failed, mut inconclusive, mut errors, mut good) = (0, 0, 0, 0);
        for (row, measurement) in measurements.iter().enumerate() {
            match measurement {
                Verdict::Running => continue,
                Verdict::Successful => good += 1,
                Verdict::Failed => failed += 1,
                Verdict::Inconclusive => inconclusive += 1,
                Verdict::Error => errors += 1,
            }
            good *= u32::from(*measurement == Verdict::Successful);
            errors *= u32::from(*measurement == Verdict::Error);
            if failed > self.failure_limit {
                return Verdict::Failed;
            }
            if inconclusive > self.inconclusive_limit {
                return Verdict::Inconclusive;
            }
            if errors > self.consecutive_error_limit {
                return Verdict::Error;
            }
            let is_enough = self.consecutive_success_limit.is_some_and(|limit| good >= limit);
            if is_enough || self.count.is_some_and(|count| row + 1 >= count as usize) {
                return Verdict::Successful;
            }
        }
        Verdict::Running
    }
}

/// The worst of several metrics; [`Verdict::Successful`] if there are none. As long as none is
/// bad, one that runs keeps the whole running.
pub fn worst(verdicts: &[Verdict]) -> Verdict {
    let worst = verdicts.iter().copied().max().unwrap_or(Verdict::Successful);
    let is_running = verdicts.contains(&Verdict::Running);
    if worst == Verdict::Successful && is_running { Verdict::Running } else { worst }
}

/// How probable it is that k measurements, of which each fails with probability p, are enough to
/// fail a metric: P(Bin(k, p) > failure limit).
pub fn abort_probability(measurements: u32, failure_limit: u32, p: f64) -> f64 {
    1.0 - at_most(measurements, failure_limit, p)
}

/// P(Bin(n, p) ≤ most).
pub fn at_most(n: u32, most: u32, p: f64) -> f64 {
    if most >= n {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    // Each term from the one before; through logarithms, or the first underflows for large n.
    let odds = p / (1.0 - p);
    let mut log_term = f64::from(n) * libm::log1p(-p);
    let mut sum = libm::exp(log_term);
    if p > 0.0 {
        for k in 1..=most {
            log_term += libm::log(f64::from(n - k + 1) / f64::from(k) * odds);
            sum += libm::exp(log_term);
        }
    }
    sum.min(1.0)
}

/// A stage in which the new version has a share of the requests, and is measured at its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// From 0 to 1.
    pub weight: f64,
    /// How long it lasts, ms.
    pub ms: u64,
    /// How probable it is that its measurement finds the version bad.
    pub p_found: f64,
}

/// How much of a version its users get on average until it is found bad, or until the stages are
/// over: Σ weight × time × P(not found before), ms.
pub fn expected_exposure_ms(stages: &[Stage]) -> f64 {
    let mut unfound = 1.0;
    let mut sum = 0.0;
    for stage in stages {
        sum += unfound * stage.weight * stage.ms as f64;
        unfound *= 1.0 - stage.p_found;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Error, Failed, Inconclusive, Running, Successful};

    #[test]
    fn limits_are_passed_before_they_count() {
        let metric = Metric { count: Some(5), failure_limit: 1, ..Metric::default() };
        assert_eq!(metric.judge(&[Failed, Successful]), Running);
        assert_eq!(metric.judge(&[Failed, Successful, Failed]), Failed);
        assert_eq!(metric.judge(&[Inconclusive]), Inconclusive);
        assert_eq!(metric.judge(&[Successful; 5]), Successful);
    }

    #[test]
    fn errors_and_successes_count_in_a_row() {
        let metric =
            Metric { count: None, consecutive_success_limit: Some(2), ..Metric::default() };
        assert_eq!(metric.judge(&[Error, Error, Error, Error, Successful, Error]), Running);
        assert_eq!(metric.judge(&[Error; 5]), Error);
        assert_eq!(metric.judge(&[Successful, Error, Successful, Successful]), Successful);
    }

    #[test]
    fn the_worst_metric_decides() {
        assert_eq!(worst(&[Successful, Inconclusive, Failed]), Failed);
        assert_eq!(worst(&[Successful, Running]), Running);
        assert_eq!(worst(&[]), Successful);
    }

    #[test]
    fn a_deploy_of_100_tasks_of_which_one_in_100_fails() {
        assert!((at_most(100, 0, 0.01) - 0.366).abs() < 1e-3);
        assert!((at_most(100, 2, 0.01) - 0.921).abs() < 1e-3);
        assert!((abort_probability(3, 0, 0.5) - 0.875).abs() < 1e-12);
        assert_eq!((at_most(3, 1, 0.0), at_most(3, 1, 1.0), at_most(3, 3, 1.0)), (1.0, 0.0, 1.0));
    }

    #[test]
    fn exposure_ends_when_it_is_found() {
        let stage = |p_found| Stage { weight: 0.5, ms: 100, p_found };
        assert_eq!(expected_exposure_ms(&[stage(1.0), stage(1.0)]), 50.0);
        assert_eq!(expected_exposure_ms(&[stage(0.5), stage(0.0)]), 75.0);
    }
}
