//! TaintToleration: nodes that pods keep away from unless they tolerate it.
//!
//! Source: `plugins/tainttoleration/taint_toleration.go` of Kubernetes v1.34.1. Cost: taints ×
//! tolerations a node.

use super::cluster::{Node, Pod};
use super::normalise;

/// What a taint does to a pod that does not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is not placed there.
    NoSchedule,
    /// It is placed elsewhere if it can be.
    PreferNoSchedule,
    /// It is not placed there, and evicted if it is there.
    NoExecute,
}

/// A mark on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value; may be empty.
    pub value: String,
    /// What it does.
    pub effect: Effect,
}

/// What a pod tolerates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toleration {
    /// Taints of this key; empty: of any.
    pub key: String,
    /// Taints of this value; `None`: of any (`Exists`).
    pub value: Option<String>,
    /// Taints of this effect; `None`: of any.
    pub effect: Option<Effect>,
}

impl Toleration {
    fn tolerates(&self, taint: &Taint) -> bool {
        self.effect.is_none_or(|effect| effect == taint.effect)
            && (self.key.is_empty() || self.key == taint.key)
            && self.value.as_ref().is_none_or(|value| *value == taint.value)
    }
}

/// Whether the pod tolerates all taints that keep it off the node.
pub fn admits(pod: &Pod, node: &Node) -> bool {
    let mut hard = node.taints.iter().filter(|taint| taint.effect != Effect::PreferNoSchedule);
    hard.all(|taint| pod.tolerations.iter().any(|one| one.tolerates(taint)))
}

/// Scores of nodes: the fewer taints that would rather have the pod elsewhere, the better.
pub fn scores(pod: &Pod, nodes: &[&Node]) -> Vec<i64> {
    let soft = |toleration: &&Toleration| {
        toleration.effect.is_none_or(|effect| effect == Effect::PreferNoSchedule)
    };
    let soft: Vec<&Toleration> = pod.tolerations.iter().filter(soft).collect();
    let unwanted = |taint: &&Taint| {
        taint.effect == Effect::PreferNoSchedule && !soft.iter().any(|one| one.tolerates(taint))
    };
    let count = |node: &&Node| node.taints.iter().filter(unwanted).count() as i64;
    let mut scores: Vec<i64> = nodes.iter().map(count).collect();
    normalise(&mut scores, true);
    scores
}
