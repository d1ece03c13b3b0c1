//! NodeResourcesBalancedAllocation: how alike the used shares of a node's resources will be.
//!
//! Source: `plugins/noderesources/balanced_allocation.go` of Kubernetes v1.34.1 (later versions
//! compare the balance with and without the pod). Cost: one division a resource, one root.

use super::SCORE_MAX;
use super::fit::Part;

/// `(1 − standard deviation of req ÷ cap) × 100`, truncated; 0..=100. Weights do not count.
pub fn balanced_allocation(parts: &[Part]) -> i64 {
    let has = parts.iter().filter(|part| part.allocatable > 0);
    let shares = has.map(|part| (part.requested as f64 / part.allocatable as f64).min(1.0));
    let (mut count, mut sum, mut first_two) = (0_u32, 0.0, [0.0; 2]);
    for share in shares.clone() {
        if let Some(place) = first_two.get_mut(count as usize) {
            *place = share;
        }
        count += 1;
        sum += share;
    }
    let deviation = match count {
        0 | 1 => 0.0,
        2 => ((first_two[0] - first_two[1]) / 2.0_f64).abs(),
        _ => {
            let mean = sum / f64::from(count);
            let squares = shares.fold(0.0, |sum, share| sum + (share - mean) * (share - mean));
            (squares / f64::from(count)).sqrt()
        }
    };
    ((1.0 - deviation) * SCORE_MAX as f64) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_alike_is_balanced() {
        let check = |parts: &[(i64, i64)], expected| {
            let part = |(requested, allocatable): &(i64, i64)| Part {
                requested: *requested,
                allocatable: *allocatable,
                weight: 1,
            };
            let parts: Vec<Part> = parts.iter().map(part).collect();
            assert_eq!(balanced_allocation(&parts), expected);
        };
        check(&[], 100);
        check(&[(3, 4)], 100);
        check(&[(1, 2), (2, 4)], 100);
        check(&[(0, 2), (4, 4)], 50);
        check(&[(9, 3), (0, 0), (0, 1)], 50); // overfull counts as full
        check(&[(0, 1), (0, 1), (1, 1)], 52);
    }
}
