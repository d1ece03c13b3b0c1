//! What the plugins look at beyond resources: nodes with labels, taints and images, and the pods
//! on them. Only validation cases make these: a scenario has no words for them yet.

use super::inter_pod::Terms;
use super::node_affinity::Preference;
use super::taints::{Taint, Toleration};
use super::topology::Spread;
use std::collections::BTreeMap;

/// Labels by key.
pub type Labels = BTreeMap<String, String>;

/// Whether labels have all that a selector names.
pub fn selects(selector: &Labels, labels: &Labels) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// A node.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Its labels.
    pub labels: Labels,
    /// Its taints.
    pub taints: Vec<Taint>,
    /// Bytes by the image that it holds.
    pub images: BTreeMap<String, i64>,
    /// The pods on it.
    pub pods: Vec<Pod>,
}

/// A pod, placed or to be placed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// Its labels.
    pub labels: Labels,
    /// What it tolerates.
    pub tolerations: Vec<Toleration>,
    /// Labels that its node must have.
    pub node_selector: Labels,
    /// Labels that its node had better have.
    pub preferred_nodes: Vec<Preference>,
    /// The image of each container.
    pub images: Vec<String>,
    /// How its like are to be spread.
    pub spread: Vec<Spread>,
    /// Pods to be near to.
    pub affinity: Terms,
    /// Pods to be away from.
    pub anti_affinity: Terms,
}
