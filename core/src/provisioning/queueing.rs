//! Queues in closed form: how long requests wait for one of c operators. The judge of every
//! simulated queue.
//!
//! λ is requests a time unit, µ what one operator serves in it; all times are in that unit. Erlang
//! C for M/M/c, Pollaczek and Khinchine for M/G/1, Cobham for priorities. Formulas hold only below
//! saturation, ρ = λ ÷ (c µ) < 1; at and above it queues grow without end.

/// M/M/c: Poisson arrivals, exponential service, c operators, first come first served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mmc {
    /// Arrivals a time unit.
    pub lambda: f64,
    /// Services an operator and time unit.
    pub mu: f64,
    /// Operators, 1 or more.
    pub servers: u32,
}

impl Mmc {
    /// How busy the operators are; stable below 1.
    pub fn rho(&self) -> f64 {
        self.lambda / self.capacity()
    }

    /// What all operators serve, a time unit.
    pub fn capacity(&self) -> f64 {
        f64::from(self.servers) * self.mu
    }

    /// How fast the queue grows when it does, requests a time unit; 0 when stable.
    pub fn backlog_growth(&self) -> f64 {
        (self.lambda - self.capacity()).max(0.0)
    }

    /// How probable it is that a request waits (Erlang C); 1 if not stable.
    pub fn p_wait(&self) -> f64 {
        let rho = self.rho();
        if rho >= 1.0 {
            return 1.0;
        }
        // Erlang B by its recursion, which neither overflows nor cancels.
        let offered = self.lambda / self.mu;
        let blocked = (1..=self.servers)
            .fold(1.0, |blocked, c| offered * blocked / (f64::from(c) + offered * blocked));
        blocked / (1.0 - rho * (1.0 - blocked))
    }

    /// The mean wait; infinite if not stable.
    pub fn wait(&self) -> f64 {
        let spare = self.capacity() - self.lambda;
        if spare > 0.0 { self.p_wait() / spare } else { f64::INFINITY }
    }

    /// The mean time until served.
    pub fn time(&self) -> f64 {
        self.wait() + 1.0 / self.mu
    }

    /// The mean number that wait.
    pub fn queue(&self) -> f64 {
        self.lambda * self.wait()
    }

    /// What share `p` of the requests wait at most.
    pub fn wait_quantile(&self, p: f64) -> f64 {
        let p_wait = self.p_wait();
        let spare = self.capacity() - self.lambda;
        if 1.0 - p >= p_wait { 0.0 } else { libm::log(p_wait / (1.0 - p)) / spare }
    }

    /// How probable it is that it takes longer than t until served.
    pub fn p_time_above(&self, t: f64) -> f64 {
        let (p_wait, mu) = (self.p_wait(), self.mu);
        let free = f64::from(self.servers) - self.lambda / mu;
        let service = libm::exp(-mu * t);
        // The general formula divides by (free − 1): its limit where that is 0.
        if (free - 1.0).abs() < 1e-9 {
            return service * (1.0 + p_wait * mu * t);
        }
        let late = 1.0 - libm::exp(-mu * t * (free - 1.0));
        service * (1.0 + p_wait * late / (free - 1.0))
    }

    /// In what time share `p` of the requests are served, from 0 to below 1; infinite if not
    /// stable.
    pub fn time_quantile(&self, p: f64) -> f64 {
        if self.rho() >= 1.0 {
            return f64::INFINITY;
        }
        let is_above = |t: f64| self.p_time_above(t) > 1.0 - p;
        let mut high = 1.0 / self.mu;
        while is_above(high) {
            high *= 2.0;
        }
        let mut low = 0.0;
        // Halve until two neighbouring floats are left, which is some 60 times.
        loop {
            let middle = low + (high - low) / 2.0;
            if middle <= low || middle >= high {
                return high;
            }
            if is_above(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
    }
}

/// The mean wait of M/G/1, with a mean service time and its squared coefficient of variation;
/// infinite if not stable.
pub fn mg1_wait(lambda: f64, mean_service: f64, cs2: f64) -> f64 {
    let rho = lambda * mean_service;
    if rho >= 1.0 {
        return f64::INFINITY;
    }
    rho * mean_service * (1.0 + cs2) / (2.0 * (1.0 - rho))
}

/// About the mean wait of M/G/c: that of M/M/c times (1 + cs²) ÷ 2.
pub fn mgc_wait(queue: &Mmc, cs2: f64) -> f64 {
    queue.wait() * (1.0 + cs2) / 2.0
}

/// The mean waits of M/M/c with classes, the first served first, none interrupted: one for each
/// class. Those from the saturated one on are infinite.
pub fn priority_waits(lambdas: &[f64], mu: f64, servers: u32) -> Vec<f64> {
    let of = |lambda| Mmc { lambda, mu, servers };
    let all = of(lambdas.iter().fold(0.0, |sum, lambda| sum + lambda));
    let residual = all.p_wait() / all.capacity();
    let mut sigma = 0.0;
    let wait = |lambda: &f64| {
        let before = 1.0 - sigma;
        sigma += lambda / all.capacity();
        let after = 1.0 - sigma;
        if after > 0.0 { residual / (before * after) } else { f64::INFINITY }
    };
    lambdas.iter().map(wait).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mmc(lambda: f64, mu: f64, servers: u32) -> Mmc {
        Mmc { lambda, mu, servers }
    }

    #[test]
    fn erlang_c_is_the_textbooks() {
        assert!((mmc(6.0, 1.0, 10).p_wait() - 0.1013).abs() < 1e-4);
    }

    #[test]
    fn a_promise_of_two_hours_breaks_at_45_tickets_a_day() {
        // Three operators, half an hour each, eight hours a day.
        let queue = mmc(44.9 / 8.0, 2.0, 3);
        assert!((queue.time_quantile(0.5) - 2.007).abs() < 1e-2);
        assert!((queue.time() - 2.772).abs() < 1e-2);
        assert_eq!(mmc(90.0 / 8.0, 2.0, 3).backlog_growth() * 8.0, 42.0);
    }

    #[test]
    fn many_small_queues_wait_longer_than_one_large_one() {
        assert!((mmc(45.0, 1.0, 50).wait() - 0.0728).abs() < 1e-4);
        assert!((mmc(4.5, 1.0, 5).wait() - 1.525).abs() < 1e-3);
        assert!((mmc(0.9, 1.0, 1).wait() - 9.0).abs() < 1e-9);
    }

    #[test]
    fn a_saturated_queue_has_no_mean() {
        assert_eq!(mmc(3.0, 1.0, 3).wait(), f64::INFINITY);
        assert_eq!(mmc(3.0, 1.0, 3).time_quantile(0.5), f64::INFINITY);
        assert_eq!(mg1_wait(1.0, 1.0, 1.0), f64::INFINITY);
        // Those served first do not notice.
        let waits = priority_waits(&[0.5, 0.6], 1.0, 1);
        assert!(waits[0] == 2.0 && waits[1].is_infinite());
    }
}
