//! The memory that VMs really need, beside what they ask for, and what becomes of those that need
//! more.

use super::Distribution;

/// What is known of the memory of a flavor's VMs.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryUse {
    /// What is said of them by the formula of a JVM, or by the flavor, MiB.
    pub base_mib: i64,
    /// What a VM needs in all, as so many times that.
    pub need: Ratio,
    /// What is asked for in the place of that; `None`: that.
    pub guess: Option<Guess>,
    /// From ready until a VM needs all of it.
    pub reached: Distribution,
    /// What becomes of a VM that needs more than it asked for.
    pub restarts: Restarts,
}

/// How much a team asks for that does not know what it needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// What it goes by: the heap of a JVM, or what the flavor says, MiB.
    pub of_mib: i64,
    /// It asks for so many times that, …
    pub ratio: Ratio,
    /// … rounded up to a whole multiple of so many MiB; above 0.
    pub step_mib: i64,
}

/// So many times something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ratio {
    /// Always as many.
    Fixed(f64),
    /// Any between two, alike.
    Uniform(f64, f64),
    /// Lognormal: its logarithm is normal.
    Lognormal {
        /// The median.
        median: f64,
        /// The standard deviation of its logarithm.
        sigma: f64,
    },
}

/// How a VM that was killed starts again on its host: the first time at once, then after waits that
/// grow, as the kubelet has it (CrashLoopBackOff).
#[derive(Clone, Debug, PartialEq)]
pub struct Restarts {
    /// The first wait, ms; before the second start.
    pub wait_ms: u64,
    /// Each is so many times the one before; 1 or more.
    pub factor: f64,
    /// The longest, ms.
    pub wait_ms_max: u64,
    /// One that was up for so long begins anew, ms.
    pub calm_ms: u64,
    /// How long a start takes; `None`: as long as its boot.
    pub takes: Option<Distribution>,
    /// After so many kills it is not started again; `None`: always.
    pub kills_max: Option<u32>,
}

impl Restarts {
    /// How long is waited after so many kills in a row, ms.
    pub fn wait_ms(&self, kills: u32) -> u64 {
        let Some(before) = kills.checked_sub(2) else { return 0 };
        let grown = self.wait_ms as f64 * libm::pow(self.factor, f64::from(before));
        if grown < self.wait_ms_max as f64 { libm::round(grown) as u64 } else { self.wait_ms_max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_those_of_the_kubelet() {
        let rule = Restarts {
            wait_ms: 10_000,
            factor: 2.0,
            wait_ms_max: 300_000,
            calm_ms: 600_000,
            takes: None,
            kills_max: None,
        };
        let waits: Vec<u64> = (1..=8).map(|kills| rule.wait_ms(kills) / 1_000).collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(rule.wait_ms(u32::MAX), 300_000);
    }
}
