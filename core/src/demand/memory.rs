//! Memory that VMs need and ask for, drawn.

use super::distribution::lognormal;
use crate::dice::Stream;
use crate::resources::AMOUNT_MAX;
use crate::scenario::memory::{Guess, MemoryUse, Ratio};
use rand::RngExt;

impl Ratio {
    fn draw(&self, dice: &mut Stream) -> f64 {
        match *self {
            Self::Fixed(ratio) => ratio,
            Self::Uniform(from, to) => from + (to - from) * dice.random::<f64>(),
            Self::Lognormal { median, sigma } => lognormal(libm::log(median), sigma, dice),
        }
    }
}

impl MemoryUse {
    /// What a VM needs, MiB.
    pub fn draw_need(&self, dice: &mut Stream) -> i64 {
        whole_mib(self.base_mib as f64 * self.need.draw(dice))
    }
}

impl Guess {
    /// What is asked for, MiB.
    pub fn draw(&self, dice: &mut Stream) -> i64 {
        let asked = whole_mib(self.of_mib as f64 * self.ratio.draw(dice));
        ((asked + self.step_mib - 1) / self.step_mib * self.step_mib).min(AMOUNT_MAX)
    }
}

/// Rounded up, from 1 MiB to the most that a scenario can hold.
fn whole_mib(mib: f64) -> i64 {
    (libm::ceil(mib) as i64).clamp(1, AMOUNT_MAX)
}
