//! NodeResourcesFit: how full a node will be, of each resource, as a weighted mean.
//!
//! Source: `plugins/noderesources/{least_allocated,most_allocated,requested_to_capacity_ratio}.go`
//! of Kubernetes v1.34.1. Cost: one division a resource.

use super::SCORE_MAX;
use crate::scenario::FitScore;

/// One resource of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// What its pods and the new one ask for together; at most 2^50.
    pub requested: i64,
    /// What it can give out; 0: it has none, and the resource is left out.
    pub allocatable: i64,
    /// How much the resource counts, from 1 up.
    pub weight: i64,
}

/// The score 0..=100 by the rule of a profile.
pub fn score(rule: &FitScore, parts: &[Part]) -> i64 {
    match rule {
        FitScore::Least => least_allocated(parts),
        FitScore::Most => most_allocated(parts),
        FitScore::Ratio(shape) => requested_to_capacity_ratio(parts, shape),
    }
}

/// The emptier the better: `Σ w ((cap − req) 100 / cap) / Σ w`, 0 for a resource that is overfull.
pub fn least_allocated(parts: &[Part]) -> i64 {
    mean(parts, |part| match part.requested > part.allocatable {
        true => 0,
        false => (part.allocatable - part.requested) * SCORE_MAX / part.allocatable,
    })
}

/// The fuller the better: `Σ w (min(req, cap) 100 / cap) / Σ w`.
pub fn most_allocated(parts: &[Part]) -> i64 {
    mean(parts, |part| part.requested.min(part.allocatable) * SCORE_MAX / part.allocatable)
}

/// The weighted mean, each division towards zero.
fn mean(parts: &[Part], score: impl Fn(&Part) -> i64) -> i64 {
    let (mut sum, mut weights) = (0, 0);
    for part in parts.iter().filter(|part| part.allocatable > 0) {
        sum += part.weight * score(part);
        weights += part.weight;
    }
    if weights == 0 { 0 } else { sum / weights }
}

/// As a shape says: points `(percent used, score 0..=10)`, percent ascending, between them a
/// straight line. Only resources with a score above 0 enter the mean, which is rounded half away
/// from zero.
pub fn requested_to_capacity_ratio(parts: &[Part], shape: &[(i64, i64)]) -> i64 {
    let (mut sum, mut weights) = (0, 0);
    for part in parts.iter().filter(|part| part.allocatable > 0) {
        let used = match part.requested > part.allocatable {
            true => 100,
            false => part.requested * 100 / part.allocatable,
        };
        let score = on_line(shape, used);
        if score > 0 {
            sum += part.weight * score;
            weights += part.weight;
        }
    }
    if weights == 0 { 0 } else { (sum as f64 / weights as f64).round() as i64 }
}

/// The shape at `used` percent, 0..=100.
fn on_line(shape: &[(i64, i64)], used: i64) -> i64 {
    let scaled = |score: i64| score * 10;
    let Some(behind) = shape.iter().position(|(percent, _)| used <= *percent) else {
        return shape.last().map_or(0, |(_, score)| scaled(*score));
    };
    let (percent, score) = (shape[behind].0, scaled(shape[behind].1));
    if behind == 0 {
        return score;
    }
    let (before, low) = (shape[behind - 1].0, scaled(shape[behind - 1].1));
    low + (score - low) * (used - before) / (percent - before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(all: &[(i64, i64)]) -> Vec<Part> {
        let part = |(requested, allocatable): &(i64, i64)| Part {
            requested: *requested,
            allocatable: *allocatable,
            weight: 1,
        };
        all.iter().map(part).collect()
    }

    #[test]
    fn the_ratio_rounds_where_least_and_most_truncate() {
        let parts = parts(&[(3000, 4000), (5000, 10000)]);
        assert_eq!(least_allocated(&parts), 37);
        assert_eq!(most_allocated(&parts), 62);
        assert_eq!(requested_to_capacity_ratio(&parts, &[(0, 10), (100, 0)]), 38);
    }

    #[test]
    fn a_resource_that_a_node_has_not_is_left_out() {
        let parts = parts(&[(1, 4), (0, 0)]);
        assert_eq!((least_allocated(&parts), most_allocated(&parts)), (75, 25));
        assert_eq!(least_allocated(&[]), 0);
    }

    #[test]
    fn a_shape_is_flat_outside_its_points() {
        let shape = [(40, 3), (80, 10), (90, 6)];
        let at = |used| on_line(&shape, used);
        assert_eq!([at(0), at(40), at(41), at(80), at(85), at(100)], [30, 30, 31, 100, 80, 60]);
    }
}
