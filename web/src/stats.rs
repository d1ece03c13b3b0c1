//! Means over seeds, and how sure they are.

use fleetcast_core::paired::t_975;

/// A mean with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Half the width of the interval; 0 of a single value.
    pub half_width: f64,
    /// How many values.
    pub count: usize,
}

/// The mean of values, with Student's interval: `t(0.975, n−1) · s / √n`. `None` of nothing.
pub fn mean(values: &[f64]) -> Option<Mean> {
    let count = values.len();
    if count == 0 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / count as f64;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let half_width = match count {
        1 => 0.0,
        _ => t_975((count - 1) as f64) * (squares / (count - 1) as f64 / count as f64).sqrt(),
    };
    Some(Mean { mean, half_width, count })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_students() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[4.0]), Some(Mean { mean: 4.0, half_width: 0.0, count: 1 }));
        let three = mean(&[1.0, 2.0, 3.0]).unwrap();
        assert_eq!(three.mean, 2.0);
        assert!((three.half_width - 4.3027 / 3f64.sqrt()).abs() < 1e-9);
        assert_eq!(mean(&[5.0; 12]).unwrap().half_width, 0.0);
    }
}
