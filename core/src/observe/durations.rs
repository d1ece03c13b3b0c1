//! Durations and their percentiles: exact while they are few kinds, to three digits beyond.

use std::collections::BTreeMap;

/// How many different durations are told apart exactly: about 2 MiB.
const EXACT_MAX: usize = 65_536;

/// Durations, ms, and how often each was seen.
#[derive(Clone, Debug, Default)]
pub struct Durations {
    counts: BTreeMap<u64, u64>,
    /// The latest duration and how often it came in a row: not in `counts` yet, since boots of
    /// one length follow each other.
    latest: (u64, u64),
    /// Whether durations are rounded down to three digits by now.
    is_rounded: bool,
    total: u64,
    sum_ms: u128,
    max_ms: u64,
}

impl Durations {
    /// One more.
    #[inline]
    pub fn add(&mut self, ms: u64) {
        self.total += 1;
        self.sum_ms += u128::from(ms);
        self.max_ms = self.max_ms.max(ms);
        if ms != self.latest.0 {
            self.count_latest();
            self.latest = (ms, 0);
        }
        self.latest.1 += 1;
    }

    /// One that was told as so long comes to be longer.
    pub fn lengthen(&mut self, told_ms: u64, ms: u64) {
        self.count_latest();
        self.latest = (0, 0);
        let told = if self.is_rounded { rounded(told_ms) } else { told_ms };
        let Some(count) = self.counts.get_mut(&told) else { return };
        *count -= 1;
        if *count == 0 {
            self.counts.remove(&told);
        }
        self.total -= 1;
        self.sum_ms -= u128::from(told_ms);
        self.add(ms);
    }

    fn count_latest(&mut self) {
        let (ms, times) = self.latest;
        if times > 0 {
            let ms = if self.is_rounded { rounded(ms) } else { ms };
            *self.counts.entry(ms).or_default() += times;
        }
        if self.counts.len() > EXACT_MAX {
            self.is_rounded = true;
            for (ms, count) in std::mem::take(&mut self.counts) {
                *self.counts.entry(rounded(ms)).or_default() += count;
            }
        }
    }

    /// The least duration that a share `0..=1` of them does not exceed (nearest rank); 0 if there
    /// are none. Cost: that of a copy.
    pub fn at(&self, share: f64) -> u64 {
        let mut all = self.clone();
        all.count_latest();
        let rank = libm::ceil(share * self.total as f64) as u64;
        let mut seen = 0;
        let reaches = |(_, count): &(&u64, &u64)| {
            seen += **count;
            seen >= rank
        };
        all.counts.iter().find(reaches).map_or(0, |(ms, _)| *ms)
    }

    /// The longest, exactly; 0 if there are none.
    pub fn max_ms(&self) -> u64 {
        self.max_ms
    }

    /// The average, exactly; 0 if there are none.
    pub fn mean_ms(&self) -> f64 {
        if self.total == 0 { 0.0 } else { self.sum_ms as f64 / self.total as f64 }
    }
}

/// Three digits and zeros: fewer than 20,000 of these exist.
fn rounded(ms: u64) -> u64 {
    let mut unit = 1;
    while ms / unit >= 1_000 {
        unit *= 10;
    }
    ms / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let mut durations = Durations::default();
        (1..=100).for_each(|ms| durations.add(ms * 10));
        assert_eq!([0.5, 0.95, 0.99, 1.0].map(|share| durations.at(share)), [500, 950, 990, 1000]);
        assert_eq!(durations.mean_ms(), 505.0);
        assert_eq!(Durations::default().at(0.5), 0);
    }

    #[test]
    fn one_that_turns_out_longer_counts_once() {
        let mut durations = Durations::default();
        [10, 20, 20].into_iter().for_each(|ms| durations.add(ms));
        durations.lengthen(20, 50);
        assert_eq!([0.3, 0.6, 1.0].map(|share| durations.at(share)), [10, 20, 50]);
        assert_eq!((durations.max_ms(), durations.mean_ms()), (50, 80.0 / 3.0));
    }

    #[test]
    fn many_kinds_of_durations_keep_three_digits_and_bounded_memory() {
        let mut durations = Durations::default();
        (0..200_000).for_each(|ms| durations.add(ms * 7));
        assert!(durations.counts.len() < 20_000);
        assert_eq!(durations.at(0.5), 699_000);
        assert_eq!(durations.max_ms(), 199_999 * 7);
    }
}
