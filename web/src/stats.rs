//! Means over seeds, and how sure they are.

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
        _ => student(count - 1) * (squares / (count - 1) as f64 / count as f64).sqrt(),
    };
    Some(Mean { mean, half_width, count })
}

/// The 97.5th percentile of Student's distribution, by degrees of freedom from 1 up.
fn student(freedom: usize) -> f64 {
    const TABLE: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
        2.052, 2.048, 2.045, 2.042,
    ];
    TABLE.get(freedom - 1).copied().unwrap_or(1.96)
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
        assert!((three.half_width - 4.303 / 3f64.sqrt()).abs() < 1e-9);
        assert_eq!(mean(&[5.0; 12]).unwrap().half_width, 0.0);
    }
}
