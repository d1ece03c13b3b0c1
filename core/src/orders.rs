//! Orders: how full a fleet may be when more hosts must be ordered.

/// Demand over capacity at which to order, so that capacity reaches `target` use just when the
/// hosts come: target × e^(−growth × lead). Growth is a day's, continuous (ln 2 ÷ doubling time);
/// lead in days.
pub fn reorder_level(target: f64, growth_per_day: f64, lead_days: f64) -> f64 {
    target * libm::exp(-growth_per_day * lead_days)
}

/// The continuous growth a day of what goes from one amount to another in so many days; both
/// above 0.
pub fn growth_per_day(from: f64, to: f64, days: f64) -> f64 {
    libm::log(to / from) / days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_the_lead_the_sooner_the_order() {
        let growth = growth_per_day(100.0, 2_000.0, 36.0 * 30.4375);
        for (lead, level) in [(14.0, 0.818), (42.0, 0.758), (70.0, 0.702), (112.0, 0.626)] {
            assert!((reorder_level(0.85, growth, lead) - level).abs() < 5e-4);
        }
    }
}
