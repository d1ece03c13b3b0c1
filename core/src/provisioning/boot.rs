//! Boot: does an instance come up, and when, if it fetches things from others on its way?
//!
//! Independent failures only. A dependency that is down fails every boot of that time together
//! ([`super::dependency`]): what these formulas say about many instances at once is then too good.

/// An instance's boot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Boot {
    /// How probable it is that it fails by itself, from 0 to 1.
    pub p_fail: f64,
    /// How many others it needs.
    pub dependencies: u32,
    /// How available each of them is, from 0 to 1.
    pub availability: f64,
    /// How long it takes by itself, s.
    pub boot_s: f64,
    /// How long each of the others takes it, s.
    pub fetch_s: f64,
    /// How long it takes to find that it failed, s.
    pub detect_s: f64,
}

impl Boot {
    /// How probable it is that one try succeeds: (1 − p) aⁿ.
    pub fn p_ok(&self) -> f64 {
        (1.0 - self.p_fail) * libm::pow(self.availability, f64::from(self.dependencies))
    }

    /// How probable it is that one of so many tries does.
    pub fn p_ok_within(&self, tries: u32) -> f64 {
        1.0 - libm::pow(1.0 - self.p_ok(), f64::from(tries))
    }

    /// How probable it is that all of so many instances come up at the first try.
    pub fn p_all_ok(&self, instances: u32) -> f64 {
        libm::pow(self.p_ok(), f64::from(instances))
    }

    /// How many of so many instances fail at the first try, on average.
    pub fn expected_failed(&self, instances: u32) -> f64 {
        f64::from(instances) * (1.0 - self.p_ok())
    }

    /// Until an instance is up if it is tried until it is, on average, s: t + d (1 − p) ÷ p with
    /// the time t of a boot that succeeds and d to find that one has not.
    pub fn mean_to_up_s(&self) -> f64 {
        let p = self.p_ok();
        self.boot_s + f64::from(self.dependencies) * self.fetch_s + self.detect_s * (1.0 - p) / p
    }
}
