//! Power: what a host draws, by how much of it is used.
//!
//! The models are those of OpenDC (`PowerModels.java`), written anew from their formulas; the
//! linear one is also CloudSim's. Utilisation is a share 0..=1 of the host's CPU; watts in, watts
//! out. `mse` is the model of Fan, Weber and Barroso, "Power Provisioning for a Warehouse-sized
//! Computer" (2007). Powers and roots by `libm`: the same on every machine.

/// How a host's power grows with its use.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// The highest, whatever is used.
    Constant,
    /// In proportion.
    Linear,
    /// By the square root: early.
    Sqrt,
    /// By the square: late.
    Square,
    /// By the cube: later still.
    Cubic,
    /// `2u − u^r`, fitted by its calibration.
    Mse {
        /// The exponent r, above 0; 1.4 in the paper.
        calibration: f64,
    },
    /// `(1 + u − e^(−u/α)) / 2`: steep at first, then a straight line.
    Asymptotic {
        /// Where it flattens, above 0: the share of use at which all is awake.
        alpha: f64,
        /// Whether the processor lowers its clock when less is used: `u³` in place of `u`.
        has_dvfs: bool,
    },
    /// Straight lines between measured points, evenly spaced from idle to full use (SPECpower
    /// measures eleven). In watts; idle and highest do not count. Never empty.
    Measured(Vec<f64>),
}

/// What a host draws at one utilisation, W. Beyond 0..=1 it draws as at the nearer end.
pub fn watts(model: &Model, idle: f64, highest: f64, utilisation: f64) -> f64 {
    let u = utilisation.clamp(0.0, 1.0);
    let above_idle = |share: f64| idle + (highest - idle) * share;
    match model {
        Model::Constant => highest,
        Model::Linear => above_idle(u),
        Model::Sqrt => above_idle(libm::sqrt(u)),
        Model::Square => above_idle(u * u),
        Model::Cubic => above_idle(u * u * u),
        Model::Mse { calibration } => above_idle(2.0 * u - libm::pow(u, *calibration)),
        Model::Asymptotic { alpha, has_dvfs } => {
            let u = if *has_dvfs { u * u * u } else { u };
            above_idle((1.0 + u - libm::exp(-u / alpha)) / 2.0)
        }
        Model::Measured(points) => between(points, u),
    }
}

/// The same for a host that is switched off while nothing runs on it.
pub fn watts_or_off(model: &Model, idle: f64, highest: f64, utilisation: f64) -> f64 {
    if utilisation > 0.0 { watts(model, idle, highest, utilisation) } else { 0.0 }
}

/// Energy of a power held for so long, kWh, with what the building adds (PUE, 1 or more).
pub fn kilowatt_hours(watts: f64, duration_ms: u64, pue: f64) -> f64 {
    watts * (duration_ms as f64 / 3_600_000.0) / 1_000.0 * pue
}

fn between(points: &[f64], u: f64) -> f64 {
    let Some(last) = points.len().checked_sub(1) else { return 0.0 };
    let place = u * last as f64;
    let before = (libm::floor(place) as usize).min(last);
    let after = (before + 1).min(last);
    points[before] + (points[after] - points[before]) * (place - before as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_models_go_from_idle_to_the_highest() {
        let mse = Model::Mse { calibration: 1.4 };
        for model in [Model::Linear, Model::Sqrt, Model::Square, Model::Cubic, mse] {
            let at = |u| watts(&model, 100.0, 300.0, u);
            assert_eq!((at(0.0), at(1.0), at(7.0)), (100.0, 300.0, 300.0), "{model:?}");
            let rise = (0..=10).map(|u| at(f64::from(u) / 10.0)).collect::<Vec<_>>();
            assert!(rise.is_sorted(), "{model:?}: {rise:?}");
        }
        assert_eq!(watts(&Model::Constant, 100.0, 300.0, 0.0), 300.0);
    }

    #[test]
    fn a_processor_that_lowers_its_clock_draws_less_in_between() {
        let at = |has_dvfs| watts(&Model::Asymptotic { alpha: 0.5, has_dvfs }, 100.0, 300.0, 0.5);
        let plain = 100.0 + 100.0 * (1.5 - libm::exp(-1.0));
        let slowed = 100.0 + 100.0 * (1.125 - libm::exp(-0.25));
        assert!((at(false) - plain).abs() < 1e-9 && (at(true) - slowed).abs() < 1e-9);
        assert!(at(true) < at(false));
    }

    #[test]
    fn measured_points_are_joined_by_straight_lines() {
        let model = Model::Measured(vec![100.0, 200.0, 260.0]);
        let at = |u| watts(&model, 0.0, 0.0, u);
        assert_eq!(
            [at(0.0), at(0.25), at(0.5), at(0.75), at(1.0)],
            [100.0, 150.0, 200.0, 230.0, 260.0]
        );
    }

    #[test]
    fn a_kilowatt_for_an_hour_is_a_kilowatt_hour_times_the_building() {
        assert_eq!(kilowatt_hours(1_000.0, 3_600_000, 1.5), 1.5);
        assert_eq!(watts_or_off(&Model::Linear, 100.0, 300.0, 0.0), 0.0);
    }
}
