//! The grid: how much carbon a kWh of it costs, over time, and on average in the regions of clouds.
//!
//! The averages are those that Cloud Carbon Footprint gathers (ccf-coefficients, Apache-2.0), from
//! Google, the EPA, the EEA, the EMA of Singapore and carbonfootprint.com. Two of its rows, with
//! more than a tonne a kWh, are left out.

use crate::time::HOUR_MS;

/// The most carbon of a kWh, mg.
pub const MG_MAX: u32 = 10_000_000;

/// The carbon of a kWh over time: steps of equal length, each with a value, over and over again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    step_ms: u64,
    /// How far into the steps the run begins.
    offset_ms: u64,
    /// What all steps before one come to, mg a kWh; one more than there are steps.
    sums: Vec<u64>,
}

impl Grid {
    /// Always the same, mg a kWh.
    pub fn constant(mg: u32) -> Self {
        Self::steps(HOUR_MS, 0, &[mg])
    }

    /// Steps of so many ms, each with so many mg a kWh; the run begins so far into the first round
    /// of them.
    ///
    /// # Panics
    /// If there is no step, or steps have no length.
    pub fn steps(step_ms: u64, offset_ms: u64, mg: &[u32]) -> Self {
        assert!(step_ms > 0 && !mg.is_empty(), "there are steps, and they have a length");
        let sum = |sum: &mut u64, mg: &u32| {
            *sum += u64::from(*mg);
            Some(*sum)
        };
        let sums = std::iter::once(0).chain(mg.iter().scan(0, sum)).collect();
        let round_ms = step_ms * mg.len() as u64;
        Self { step_ms, offset_ms: offset_ms % round_ms, sums }
    }

    fn count(&self) -> u64 {
        self.sums.len() as u64 - 1
    }

    /// The step at a time of the run, and how far into it.
    fn step(&self, place_ms: u64) -> (usize, u64) {
        let step = place_ms / self.step_ms % self.count();
        (step as usize, place_ms % self.step_ms)
    }

    /// Carbon of a kWh at a time of the run, mg.
    pub fn at(&self, ms: u64) -> u64 {
        let (step, _) = self.step(self.offset_ms.saturating_add(ms));
        self.sums[step + 1] - self.sums[step]
    }

    /// Its integral from the start of the run to a time of it, mg a kWh × ms: exact, and found at
    /// once.
    pub fn area(&self, ms: u64) -> i128 {
        let end = self.before(self.offset_ms.saturating_add(ms));
        i128::try_from(end - self.before(self.offset_ms)).unwrap_or(i128::MAX)
    }

    /// The same from the beginning of the steps.
    fn before(&self, place_ms: u64) -> u128 {
        let rounds = place_ms / self.step_ms / self.count();
        let (step, into_ms) = self.step(place_ms);
        let all = self.sums[self.sums.len() - 1];
        let whole = u128::from(rounds) * u128::from(all) + u128::from(self.sums[step]);
        let value = self.sums[step + 1] - self.sums[step];
        whole * u128::from(self.step_ms) + u128::from(value) * u128::from(into_ms)
    }
}

/// The average carbon of a kWh in a cloud's region, mg; `None` for a region that is not known.
pub fn region(name: &str) -> Option<u32> {
    let known = REGIONS.iter().find(|(region, _)| region.eq_ignore_ascii_case(name));
    known.map(|(_, mg)| *mg)
}

/// Regions of Amazon's, Microsoft's and Google's clouds, and the carbon of a kWh there, mg.
pub const REGIONS: &[(&str, u32)] = &[
    ("us-east-1", 415_755),
    ("us-east-2", 440_187),
    ("us-west-1", 350_861),
    ("us-west-2", 350_861),
    ("us-gov-east-1", 415_755),
    ("us-gov-west-1", 350_861),
    ("af-south-1", 928_000),
    ("ap-east-1", 810_000),
    ("ap-south-1", 708_000),
    ("ap-northeast-3", 506_000),
    ("ap-northeast-2", 500_000),
    ("ap-southeast-1", 408_500),
    ("ap-southeast-2", 790_000),
    ("ap-northeast-1", 506_000),
    ("ca-central-1", 130_000),
    ("cn-north-1", 555_000),
    ("cn-northwest-1", 555_000),
    ("eu-central-1", 338_000),
    ("eu-west-1", 316_000),
    ("eu-west-2", 228_000),
    ("eu-south-1", 233_000),
    ("eu-west-3", 52_000),
    ("eu-north-1", 8_000),
    ("me-south-1", 732_000),
    ("sa-east-1", 74_000),
    ("Central US", 472_230),
    ("East US", 415_755),
    ("East US 2", 415_755),
    ("East US 3", 415_755),
    ("North Central US", 440_187),
    ("South Central US", 396_293),
    ("West Central US", 350_861),
    ("West US", 350_861),
    ("West US 2", 350_861),
    ("West US 3", 350_861),
    ("East Asia", 810_000),
    ("Southeast Asia", 408_500),
    ("North Europe", 316_000),
    ("West Europe", 390_000),
    ("Central India", 708_000),
    ("South India", 708_000),
    ("West India", 708_000),
    ("UK South", 228_000),
    ("UK West", 228_000),
    ("France Central", 67_000),
    ("Belgium Central", 154_000),
    ("Sweden Central", 9_000),
    ("us-central1", 479_000),
    ("us-east1", 500_000),
    ("us-east4", 383_000),
    ("us-west1", 117_000),
    ("us-west2", 248_000),
    ("us-west3", 561_000),
    ("us-west4", 491_000),
    ("asia-east1", 541_000),
    ("asia-east2", 626_000),
    ("asia-northeast1", 524_000),
    ("asia-northeast2", 524_000),
    ("asia-northeast3", 540_000),
    ("asia-south1", 723_000),
    ("asia-southeast1", 493_000),
    ("asia-southeast2", 772_000),
    ("australia-southeast1", 725_000),
    ("europe-north1", 181_000),
    ("europe-west1", 196_000),
    ("europe-west2", 257_000),
    ("europe-west3", 319_000),
    ("europe-west4", 474_000),
    ("europe-west6", 29_000),
    ("northamerica-northeast1", 143_000),
    ("southamerica-east1", 109_000),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integral_is_the_sum_of_the_values() {
        for (offset_ms, mg) in [(0, vec![7]), (0, vec![3, 0, 10]), (25, vec![3, 0, 10])] {
            let grid = Grid::steps(10, offset_ms, &mg);
            let mut sum = 0;
            for ms in 0..100 {
                assert_eq!(grid.area(ms), sum, "{mg:?} to {ms}");
                let step = (offset_ms + ms) / 10 % mg.len() as u64;
                assert_eq!(grid.at(ms), u64::from(mg[step as usize]));
                sum += i128::from(grid.at(ms));
            }
        }
    }

    #[test]
    fn a_thousand_years_can_be_counted() {
        let grid = Grid::constant(MG_MAX);
        let ms = 1_000 * crate::time::YEAR_MS;
        assert_eq!(grid.area(ms), i128::from(MG_MAX) * i128::from(ms));
    }

    #[test]
    fn regions_are_there_once_and_their_values_are_of_this_world() {
        assert_eq!(region("eu-central-1"), Some(338_000));
        assert_eq!(region("west europe"), Some(390_000));
        assert_eq!(region("atlantis"), None);
        for (row, (name, mg)) in REGIONS.iter().enumerate() {
            assert!((1_000..1_000_000).contains(mg), "{name}");
            let twins = REGIONS[..row].iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
            assert_eq!(twins.count(), 0, "{name}");
        }
    }
}
