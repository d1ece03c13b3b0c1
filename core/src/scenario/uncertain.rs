//! What a scenario is not sure of: values that differ from future to future.

/// A value of the scenario that is between two others, most likely near a third.
#[derive(Clone, Debug, PartialEq)]
pub struct Uncertain {
    /// What it is called. Those of one name are drawn together: a future that is high for one is
    /// as high for all.
    pub name: String,
    /// Where the value is, as in [`crate::read::Override::key`].
    pub key: String,
    /// The lowest that it can be, in its unit.
    pub low: f64,
    /// The likeliest, from `low` to `high`.
    pub likely: f64,
    /// The highest, at least `low`.
    pub high: f64,
    /// What stands behind the number: `days`, `%`, `per day`; empty for a number alone.
    pub unit: String,
    /// Decimals of drawn values.
    pub decimals: u8,
}

impl Uncertain {
    /// The value below which the share `luck` (0..=1) of all futures are: the inverse of the
    /// triangular distribution, `low + √(u (high − low)(likely − low))` up to the likeliest, and the
    /// same from the other end behind it (Kotz and van Dorp, *Beyond Beta*, 2004, ch. 1).
    pub fn at(&self, luck: f64) -> f64 {
        let Self { low, likely, high, .. } = *self;
        let width = high - low;
        if width <= 0.0 {
            return low;
        }
        let value = if luck * width <= likely - low {
            low + libm::sqrt(luck * width * (likely - low))
        } else {
            high - libm::sqrt((1.0 - luck) * width * (high - likely))
        };
        value.clamp(low, high)
    }

    /// A value as the key takes it: a TOML number, or text with its unit.
    pub fn written(&self, value: f64) -> String {
        let number = format!("{value:.*}", usize::from(self.decimals));
        match self.unit.as_str() {
            "" => number,
            "%" => format!("\"{number}%\""),
            unit => format!("\"{number} {unit}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(low: f64, likely: f64, high: f64) -> Uncertain {
        let (name, key) = ("growth".to_owned(), "demand.vms.alive.to".to_owned());
        Uncertain { name, key, low, likely, high, unit: String::new(), decimals: 0 }
    }

    #[test]
    fn shares_of_a_triangle_are_where_its_formula_has_them() {
        let growth = growth(10.0, 20.0, 50.0);
        for (luck, value) in [(0.0, 10.0), (0.25, 20.0), (1.0, 50.0)] {
            assert!((growth.at(luck) - value).abs() < 1e-9, "{luck}");
        }
        // F(x) = 1 − (high − x)² ÷ ((high − low)(high − likely)) above the likeliest.
        let x = growth.at(0.7);
        assert!((1.0 - (50.0 - x) * (50.0 - x) / (40.0 * 30.0) - 0.7).abs() < 1e-9);
        let mean =
            (0..10_000).map(|row| growth.at((f64::from(row) + 0.5) / 1e4)).sum::<f64>() / 1e4;
        assert!((mean - 80.0 / 3.0).abs() < 1e-3, "{mean}");
    }

    #[test]
    fn the_ends_can_be_the_likeliest_and_all_can_be_one() {
        assert_eq!(growth(10.0, 10.0, 50.0).at(0.0), 10.0);
        assert_eq!(growth(10.0, 50.0, 50.0).at(1.0), 50.0);
        assert_eq!(growth(7.0, 7.0, 7.0).at(0.3), 7.0);
    }

    #[test]
    fn a_value_is_written_as_its_key_takes_it() {
        let lead = Uncertain { unit: "days".into(), decimals: 3, ..growth(60.0, 70.0, 90.0) };
        assert_eq!(lead.written(70.12345), "\"70.123 days\"");
        assert_eq!(growth(1.0, 2.0, 3.0).written(2.4), "2");
    }
}
