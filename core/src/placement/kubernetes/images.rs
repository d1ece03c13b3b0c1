//! ImageLocality: nodes that hold the pod's images already, large and widespread ones most.
//!
//! Source: `plugins/imagelocality/image_locality.go` of Kubernetes v1.34.1. Cost: images × nodes.

use super::SCORE_MAX;
use super::cluster::{Node, Pod};
use crate::scenario::ImageId;
use crate::state::{HostId, State};

const MIB: i64 = 1 << 20;
const LEAST: i64 = 23 * MIB;
const MOST_A_CONTAINER: i64 = 1000 * MIB;

/// The score of a node for these bytes of images that it holds, each counted by the share of all
/// nodes that hold it, and so many containers.
fn score(sum: i64, containers: i64) -> i64 {
    let most = MOST_A_CONTAINER * containers;
    SCORE_MAX * (sum.clamp(LEAST, most) - LEAST) / (most - LEAST)
}

/// The score of a host for the one image of a VM, whose layers are all there or count as none.
pub fn of_host(state: &State, host: HostId, image: ImageId) -> i64 {
    let Some(images) = &state.images else { return 0 };
    if images.lacking(host, image).next().is_some() {
        return score(0, 1);
    }
    let bytes = (images.mib(image) << 20) as f64;
    let hosts = f64::from(state.hosts.total().hosts.max(1));
    score((bytes * (f64::from(images.holders(image)) / hosts)) as i64, 1)
}

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
    let of_node = |node: &&Node| {
        let held = pod.images.iter().zip(&shares);
        let bytes = held.filter_map(|(image, share)| {
            node.images.get(image).map(|bytes| (*bytes as f64 * share) as i64)
        });
        score(bytes.sum::<i64>(), pod.images.len() as i64)
    };
    Some(nodes.iter().map(of_node).collect())
}
