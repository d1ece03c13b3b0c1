//! ImageLocality: nodes that hold the pod's images already, large and widespread ones most.
//!
//! Source: `plugins/imagelocality/image_locality.go` of Kubernetes v1.34.1. Cost: images × nodes.

use super::SCORE_MAX;
use super::cluster::{Node, Pod};

const MIB: i64 = 1 << 20;
const LEAST: i64 = 23 * MIB;
const MOST_A_CONTAINER: i64 = 1000 * MIB;

/// Scores of `nodes` in a cluster of `all`: each image held counts its bytes × the share of all
/// nodes that hold it; the sum's place between 23 MiB and 1000 MiB a container is the score.
/// `None` if the pod has no image.
pub fn scores(pod: &Pod, nodes: &[&Node], all: &[Node]) -> Option<Vec<i64>> {
    if pod.images.is_empty() {
        return None;
    }
    let share = |image: &String| {
        let holders = all.iter().filter(|node| node.images.contains_key(image));
        holders.count() as f64 / all.len() as f64
    };
    let shares: Vec<f64> = pod.images.iter().map(share).collect();
    let most = MOST_A_CONTAINER * pod.images.len() as i64;
    let score = |node: &&Node| {
        let held = pod.images.iter().zip(&shares);
        let bytes = held.filter_map(|(image, share)| {
            node.images.get(image).map(|bytes| (*bytes as f64 * share) as i64)
        });
        let sum = bytes.sum::<i64>().clamp(LEAST, most);
        SCORE_MAX * (sum - LEAST) / (most - LEAST)
    };
    Some(nodes.iter().map(score).collect())
}
