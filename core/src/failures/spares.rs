//! Spares: hosts under repair are Poisson distributed if hosts fail independently at a steady
//! rate, whatever the distribution of the repair times (the M/G/∞ queue).

/// Days of a year in failure rates.
const YEAR_DAYS: f64 = 365.0;

/// How many of so many hosts are down on average, at so many failures a host and year and so many
/// days to repair one.
pub fn mean_down(hosts: f64, failures_per_year: f64, repair_days: f64) -> f64 {
    hosts * failures_per_year / YEAR_DAYS * repair_days
}

/// The fewest spares that are enough with probability `p`, from 0 to below 1: the p quantile of
/// the Poisson distribution. O(mean).
pub fn spares(mean_down: f64, p: f64) -> u64 {
    // Terms relative to the largest, so that none underflows where it matters.
    let log_mean = libm::log(mean_down.max(f64::MIN_POSITIVE));
    let mut log_term = -mean_down;
    let mut sum = libm::exp(log_term);
    let mut count = 0;
    // Far beyond the mean all is summed: rounding must not keep the sum below p for ever.
    let last = (mean_down + 60.0 * libm::sqrt(mean_down) + 100.0) as u64;
    while sum < p && count < last {
        count += 1;
        log_term += log_mean - libm::log(count as f64);
        sum += libm::exp(log_term);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_comes_out() {
        for (hosts, rate, days, expected) in [
            (2_000.0, 0.05, 1.0, 2),
            (2_000.0, 0.05, 7.0, 6),
            (2_000.0, 0.05, 14.0, 9),
            (2_000.0, 0.08, 7.0, 8),
            (100.0, 0.05, 14.0, 2),
            (112.0, 0.05, 14.0, 2),
        ] {
            assert_eq!(spares(mean_down(hosts, rate, days), 0.99), expected);
        }
    }

    #[test]
    fn nothing_down_needs_no_spares_and_much_down_needs_as_much() {
        assert_eq!(spares(0.0, 0.999), 0);
        let many = spares(5_000.0, 0.99);
        assert!((5_150..5_180).contains(&many), "{many}");
    }
}
