//! NodeAffinity: nodes by their labels.
//!
//! Source: `plugins/nodeaffinity/node_affinity.go` of Kubernetes v1.34.1, of its expressions only
//! equality. Cost: terms a node.

use super::cluster::{Labels, Node, Pod, selects};
use super::normalise;

/// Labels that a node had better have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preference {
    /// How much it counts, 1..=100.
    pub weight: i64,
    /// All of these.
    pub labels: Labels,
}

/// Whether the node has what the pod selects by.
pub fn admits(pod: &Pod, node: &Node) -> bool {
    selects(&pod.node_selector, &node.labels)
}

/// Scores of nodes by the weights of the preferences they meet; `None` if there are none.
pub fn scores(pod: &Pod, nodes: &[&Node]) -> Option<Vec<i64>> {
    if pod.preferred_nodes.is_empty() {
        return None;
    }
    let sum = |node: &&Node| {
        let met = pod.preferred_nodes.iter().filter(|term| selects(&term.labels, &node.labels));
        met.map(|term| term.weight).sum()
    };
    let mut scores: Vec<i64> = nodes.iter().map(sum).collect();
    normalise(&mut scores, false);
    Some(scores)
}
