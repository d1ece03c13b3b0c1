//! Paired: by how much two policies differ over the same demand, and how sure that is.
//!
//! Both face the same requests at the same times, so it is their difference that is looked at,
//! block by block (of time, or seed by seed): what a block has of its own is in both, and drops
//! out. Two intervals for the mean of the differences, each with its weakness where blocks are few:
//!
//! - *Student's*, in which blocks in a row that are alike count for less: with a correlation r above
//!   0 between one and the next, n of them are as `n (1 − r) / (1 + r)` independent ones (a
//!   first-order autoregression; Wilks, "Statistical Methods in the Atmospheric Sciences"), at
//!   least 2. It is symmetric: a difference that is never below 0 and high once a day makes it reach
//!   below 0.
//! - The *circular block bootstrap* (Politis and Romano 1992): stretches of blocks, a day or so long,
//!   are drawn at random, put together to a run, and averaged; the interval holds 95 % of 2,000 such
//!   averages. It keeps the shape of a day. It is too narrow when there are few stretches: with three
//!   or four of them it holds the truth about four times in five (a test says how often).

use crate::dice::Stream;
use rand::RngExt;

/// A mean difference and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// The mean of the differences.
    pub mean: f64,
    /// The interval's lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// How many differences there are.
    pub blocks: usize,
    /// Correlation of one with the next, −1..=1.
    pub correlation: f64,
    /// As how many independent ones they count.
    pub independent: f64,
    /// How likely a mean so far from 0, or farther, is where there is no difference: Student's
    /// test, both sides, 0..=1.
    pub p: f64,
}

/// The least differences that an interval is made of.
pub const BLOCKS_MIN: usize = 3;

/// Of differences in order of time. `None` if there are fewer than [`BLOCKS_MIN`].
pub fn of_blocks(differences: &[f64]) -> Option<Paired> {
    of(differences, correlation(differences))
}

/// Of differences that are independent, as those of seeds are.
pub fn of_seeds(differences: &[f64]) -> Option<Paired> {
    of(differences, 0.0)
}

fn of(differences: &[f64], correlation: f64) -> Option<Paired> {
    let blocks = differences.len();
    if blocks < BLOCKS_MIN {
        return None;
    }
    let count = blocks as f64;
    let mean = mean(differences);
    let independent = match correlation {
        r if r > 0.0 => (count * (1.0 - r) / (1.0 + r)).max(2.0),
        _ => count,
    };
    let squares: f64 = differences.iter().map(|d| (d - mean) * (d - mean)).sum();
    // The spread of correlated values is smaller than that of what they come from.
    let variance = squares / (count * (1.0 - 1.0 / independent));
    let error = libm::sqrt(variance / independent);
    let half = t_975(independent - 1.0) * error;
    let p = match mean.abs() {
        0.0 => 1.0,
        far => t_beyond(far / error, independent - 1.0),
    };
    Some(Paired { mean, low: mean - half, high: mean + half, blocks, correlation, independent, p })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |sum, value| sum + value) / values.len() as f64
}

/// Lag-one correlation; 0 if all are alike.
fn correlation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    let products: f64 = values.windows(2).map(|two| (two[0] - mean) * (two[1] - mean)).sum();
    if squares > 0.0 { products / squares } else { 0.0 }
}

/// How many averages the bootstrap draws.
const RESAMPLES: usize = 2_000;

/// The ends of the interval by the circular block bootstrap, from stretches of so many blocks.
/// `None` if there are fewer differences than [`BLOCKS_MIN`].
pub fn bootstrap(differences: &[f64], stretch: usize, dice: &mut Stream) -> Option<(f64, f64)> {
    let count = differences.len();
    if count < BLOCKS_MIN {
        return None;
    }
    let mut draw = || {
        let mut sum = 0.0;
        let mut place = 0;
        for drawn in 0..count {
            place = match drawn % stretch.max(1) {
                0 => dice.random_range(0..count as u64) as usize,
                _ => (place + 1) % count,
            };
            sum += differences[place];
        }
        sum / count as f64
    };
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| draw()).collect();
    means.sort_by(f64::total_cmp);
    let tail = RESAMPLES / 40;
    Some((means[tail - 1], means[RESAMPLES - tail]))
}

/// Student's t below which 97.5 % lie: a table to 10 degrees of freedom, in between along straight
/// lines (above the curve, so on the safe side), beyond it the expansion of Cornish and Fisher
/// (right to a thousandth).
pub fn t_975(freedom: f64) -> f64 {
    const TABLE: [f64; 10] =
        [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281];
    if freedom <= 1.0 {
        return TABLE[0];
    }
    if freedom < 10.0 {
        let below = libm::floor(freedom);
        let (low, high) = (TABLE[below as usize - 1], TABLE[below as usize]);
        return low + (high - low) * (freedom - below);
    }
    let z = 1.959_963_985;
    let (z3, z5, z7) = (z * z * z, z * z * z * z * z, z * z * z * z * z * z * z);
    let first = (z3 + z) / 4.0;
    let second = (5.0 * z5 + 16.0 * z3 + 3.0 * z) / 96.0;
    let third = (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / 384.0;
    z + first / freedom + second / (freedom * freedom) + third / (freedom * freedom * freedom)
}

/// How much of Student's distribution is farther from 0 than `t`, 0 or more, on both sides:
/// the regularised incomplete beta function of ν/(ν + t²) with ν/2 and 1/2 (Abramowitz and
/// Stegun, 26.7.1 and 26.5.2).
pub fn t_beyond(t: f64, freedom: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    beta(freedom / (freedom + t * t), freedom / 2.0, 0.5).clamp(0.0, 1.0)
}

/// The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun,
/// 26.5.8), from the end where that converges soon.
fn beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta(1.0 - x, b, a);
    }
    let logs = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
    let front = libm::exp(logs + a * libm::log(x) + b * libm::log1p(-x)) / a;
    // From the innermost term outwards; 200 are enough for twelve digits up to a million degrees.
    let term = |n: f64| {
        let m = libm::floor(n / 2.0);
        if n % 2.0 == 0.0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        }
    };
    let fraction = (1..=200).rev().fold(1.0, |inner, n| 1.0 + term(f64::from(n)) / inner);
    front / fraction
}

/// P-values of several questions asked at once, made larger so that the chance to find a difference
/// where there is none anywhere stays what it was for one (Holm 1979). In the order given.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut least = 0.0_f64;
    for (rank, &place) in order.iter().enumerate() {
        least = least.max(p[place] * (p.len() - rank) as f64).min(1.0);
        adjusted[place] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (freedom, expected) in
            [(1.0, 12.706), (4.0, 2.776), (9.5, 2.245), (10.0, 2.228), (30.0, 2.042), (1e9, 1.960)]
        {
            let found = t_975(freedom);
            assert!((found - expected).abs() < 0.002, "{freedom}: {found}");
        }
    }

    #[test]
    fn few_or_equal_differences_are_told_as_they_are() {
        assert_eq!(of_blocks(&[1.0, 2.0]), None);
        let same = of_blocks(&[2.0; 5]).expect("there are enough");
        assert_eq!((same.low, same.mean, same.high), (2.0, 2.0, 2.0));
        // Mean 3, standard deviation 1.5811, t with 4 degrees of freedom 2.7764.
        let five = of_seeds(&[1.0, 2.0, 3.0, 4.0, 5.0]).expect("there are enough");
        assert!((five.high - (3.0 + 2.7764 * 1.5811 / 5f64.sqrt())).abs() < 1e-3, "{five:?}");
    }

    /// How often an interval holds the truth, over so many series whose values carry on the share
    /// `carried` of the one before.
    fn coverage(
        carried: f64,
        values: usize,
        mut interval: impl FnMut(&[f64]) -> Option<(f64, f64)>,
    ) -> f64 {
        let mut dice = dice::stream(3, "coverage");
        let mut normal = || -> f64 { StandardNormal.sample(&mut dice) };
        let held = (0..500).filter(|_| {
            let mut value = normal() / libm::sqrt(1.0 - carried * carried);
            let next = |_| {
                value = carried * value + normal();
                value
            };
            let series: Vec<f64> = (0..values).map(next).collect();
            let (low, high) = interval(&series).expect("there are enough");
            low <= 0.0 && 0.0 <= high
        });
        held.count() as f64 / 500.0
    }

    fn ends(found: Option<Paired>) -> Option<(f64, f64)> {
        found.map(|found| (found.low, found.high))
    }

    #[test]
    fn students_interval_holds_the_truth_about_as_often_as_it_says() {
        let independent = coverage(0.0, 20, |series| ends(of_seeds(series)));
        assert!((0.92..0.98).contains(&independent), "{independent}");
        let blind = coverage(0.5, 24, |series| ends(of_seeds(series)));
        assert!(blind < 0.80, "who takes them for independent is far too sure: {blind}");
        let aware = coverage(0.5, 24, |series| ends(of_blocks(series)));
        assert!((0.86..0.98).contains(&aware), "{aware}");
    }

    #[test]
    fn the_bootstrap_is_near_to_it_with_many_stretches_and_too_sure_with_few() {
        let mut dice = dice::stream(4, "bootstrap");
        let many = coverage(0.5, 240, |series| bootstrap(series, 8, &mut dice));
        assert!((0.88..0.97).contains(&many), "{many}");
        let few = coverage(0.5, 24, |series| bootstrap(series, 7, &mut dice));
        assert!((0.72..0.88).contains(&few), "{few}");
    }

    #[test]
    fn students_tail_is_that_of_the_tables() {
        for freedom in [1.0, 2.0, 4.0, 9.0] {
            let p = t_beyond(t_975(freedom), freedom);
            assert!((p - 0.05).abs() < 1e-5, "{freedom}: {p}");
        }
        // One degree is Cauchy's distribution, two have a root: closed forms.
        assert!((t_beyond(1.0, 1.0) - 0.5).abs() < 1e-12);
        assert!((t_beyond(3.0, 2.0) - (1.0 - 3.0 / libm::sqrt(11.0))).abs() < 1e-12);
        // Many degrees are the normal distribution: 1.96 leaves 5 %.
        assert!((t_beyond(1.959_963_985, 1e6) - 0.05).abs() < 1e-6);
        assert_eq!((t_beyond(0.0, 7.0), t_beyond(f64::INFINITY, 7.0)), (1.0, 0.0));
    }

    #[test]
    fn many_questions_need_stronger_answers() {
        assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
        assert_eq!(holm(&[0.5, 0.9]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn what_never_differs_is_no_difference_and_what_always_does_is_sure() {
        assert_eq!(of_seeds(&[0.0; 5]).map(|found| found.p), Some(1.0));
        assert_eq!(of_seeds(&[2.0; 5]).map(|found| found.p), Some(0.0));
    }

    #[test]
    fn the_bootstrap_keeps_to_what_was_seen() {
        let mut dice = dice::stream(5, "bootstrap");
        let day = [0.0, 0.0, 9.0, 3.0];
        let days: Vec<f64> = day.iter().cycle().take(24).copied().collect();
        assert_eq!(bootstrap(&days, 4, &mut dice), Some((3.0, 3.0)), "all days are alike");
        let (low, high) = bootstrap(&days, 1, &mut dice).expect("there are enough");
        assert!(0.0 < low && low < 2.0 && 4.0 < high && high < 9.0, "{low} {high}");
    }
}
