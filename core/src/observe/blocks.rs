//! Blocks: the empty hosts of each of some equal stretches of a run, averaged over time.

use super::Observer;
use crate::fact::Fact;
use crate::state::State;
use crate::time::Time;

/// Empty hosts by block.
#[derive(Clone, Debug)]
pub struct EmptyHosts {
    end_ms: u64,
    /// By block: empty hosts × ms.
    areas: Vec<u128>,
    empty: u64,
    since: Time,
    /// Requests refused for good.
    pub refused: u64,
}

impl EmptyHosts {
    /// Of a run of so many ms, in so many blocks; both at least 1.
    pub fn new(end_ms: u64, blocks: u64) -> Self {
        let blocks = blocks.clamp(1, end_ms.max(1));
        Self { end_ms, areas: vec![0; blocks as usize], empty: 0, since: Time::ZERO, refused: 0 }
    }

    /// When a block begins, ms.
    fn begin_ms(&self, block: usize) -> u64 {
        let wide = u128::from(self.end_ms) * block as u128 / self.areas.len() as u128;
        wide as u64
    }

    /// The level so far lasts until now.
    fn fill(&mut self, now: Time) {
        let until_ms = now.ms().min(self.end_ms);
        let mut from_ms = self.since.ms();
        let mut block = self.areas.len() - 1;
        if from_ms < self.end_ms {
            // The block of an instant, whatever the rounding of its begin.
            let wide = u128::from(from_ms) * self.areas.len() as u128 / u128::from(self.end_ms);
            block = wide as usize;
            while block + 1 < self.areas.len() && self.begin_ms(block + 1) <= from_ms {
                block += 1;
            }
        }
        while from_ms < until_ms {
            let end_ms = self.begin_ms(block + 1).min(until_ms);
            self.areas[block] += u128::from(self.empty) * u128::from(end_ms - from_ms);
            from_ms = end_ms;
            block += 1;
        }
        self.since = now;
    }

    /// The average of each block.
    pub fn means(&self) -> Vec<f64> {
        let length = |block| (self.begin_ms(block + 1) - self.begin_ms(block)) as f64;
        let areas = self.areas.iter().enumerate();
        areas.map(|(block, area)| *area as f64 / length(block)).collect()
    }

    /// The average of the run.
    pub fn mean(&self) -> f64 {
        self.areas.iter().sum::<u128>() as f64 / self.end_ms.max(1) as f64
    }
}

impl Observer for EmptyHosts {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        let total = state.hosts.total();
        let empty = u64::from(total.hosts - total.hosts_used);
        if empty != self.empty || matches!(fact, Fact::Ended) {
            self.fill(now);
            self.empty = empty;
        }
        self.refused += u64::from(matches!(fact, Fact::Refused { .. }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_shared_out_over_the_blocks_that_it_lasts() {
        let mut blocks = EmptyHosts::new(100, 3);
        for (at, empty) in [(0, 6), (10, 3), (40, 0), (90, 9), (100, 9)] {
            blocks.fill(Time::from_ms(at));
            blocks.empty = empty;
        }
        // 0..33: 60 + 69; 33..66: 21; 66..100: 90.
        assert_eq!(blocks.areas, [129, 21, 90]);
        assert_eq!(blocks.mean(), 2.4);
        assert_eq!(blocks.means(), [129.0 / 33.0, 21.0 / 33.0, 90.0 / 34.0]);
    }
}
