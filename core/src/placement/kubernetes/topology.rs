//! PodTopologySpread: pods of a kind, spread over zones, hosts or whatever nodes are labelled by.
//!
//! Source: `plugins/podtopologyspread/{filtering,scoring}.go` of Kubernetes v1.34.1. A *domain* is
//! the nodes with one value of a label. Node affinity is honoured and taints are ignored when
//! domains are counted, as by default. Cost: one pass over all nodes and pods.

use super::SCORE_MAX;
use super::cluster::{Labels, Node, Pod, selects};
use super::node_affinity;
use std::collections::{BTreeMap, BTreeSet};

/// The label that makes each node a domain of its own.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// How pods are to be spread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// So many more than in the emptiest domain are fine, from 1 up.
    pub max_skew: i64,
    /// The label whose values are the domains.
    pub key: String,
    /// Whether it must hold (`DoNotSchedule`) or had better (`ScheduleAnyway`).
    pub is_hard: bool,
    /// The pods it counts.
    pub selector: Labels,
    /// With fewer domains than this, the emptiest counts as holding 0.
    pub domains_min: usize,
}

/// Which nodes the hard constraints admit.
pub fn admitted(pod: &Pod, nodes: &[Node]) -> Vec<bool> {
    let hard: Vec<&Spread> = pod.spread.iter().filter(|spread| spread.is_hard).collect();
    let mut admitted = vec![true; nodes.len()];
    for spread in &hard {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for node in nodes.iter().filter(|node| is_eligible(pod, node, &hard)) {
            *counts.entry(&node.labels[&spread.key]).or_default() += matching(spread, node);
        }
        let emptiest = match counts.len() < spread.domains_min {
            true => 0,
            false => counts.values().copied().min().unwrap_or(0),
        };
        let own = i64::from(selects(&spread.selector, &pod.labels));
        for (admitted, node) in admitted.iter_mut().zip(nodes) {
            *admitted &= node.labels.get(&spread.key).is_some_and(|domain| {
                let count = counts.get(domain.as_str()).copied().unwrap_or(0);
                count + own - emptiest <= spread.max_skew
            });
        }
    }
    admitted
}

/// Scores of the `feasible` nodes by the soft constraints; `None` if there are none. A node that
/// lacks a label of them scores 0.
pub fn scores(pod: &Pod, feasible: &[&Node], nodes: &[Node]) -> Option<Vec<i64>> {
    let soft: Vec<&Spread> = pod.spread.iter().filter(|spread| !spread.is_hard).collect();
    if soft.is_empty() {
        return None;
    }
    let has_all = |node: &Node| soft.iter().all(|spread| node.labels.contains_key(&spread.key));
    let mut sums = vec![0.0; feasible.len()];
    for spread in &soft {
        let domain = |node: &Node| node.labels[&spread.key].clone();
        let domains: BTreeSet<String> =
            feasible.iter().filter(|node| has_all(node)).map(|node| domain(node)).collect();
        let is_host = spread.key == HOSTNAME;
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        if !is_host {
            for node in nodes.iter().filter(|node| is_eligible(pod, node, &soft)) {
                *counts.entry(&node.labels[&spread.key]).or_default() += matching(spread, node);
            }
        }
        let size = match is_host {
            true => feasible.iter().filter(|node| has_all(node)).count(),
            false => domains.len(),
        };
        let weight = weight(size);
        for (sum, node) in sums.iter_mut().zip(feasible).filter(|(_, node)| has_all(node)) {
            let count = match is_host {
                true => matching(spread, node),
                false => counts.get(node.labels[&spread.key].as_str()).copied().unwrap_or(0),
            };
            *sum += count as f64 * weight + (spread.max_skew - 1) as f64;
        }
    }
    let raw = feasible.iter().zip(&sums);
    let raw: Vec<Option<i64>> =
        raw.map(|(node, sum): (_, &f64)| has_all(node).then(|| sum.round() as i64)).collect();
    Some(normalised(&raw))
}

/// The more domains there are, the fewer pods are in each: so each counts more.
pub fn weight(domains: usize) -> f64 {
    libm::log((domains + 2) as f64)
}

/// `100 (max + min − raw) / max`, all 100 if the maximum is 0; 0 for what has no raw score.
pub fn normalised(raw: &[Option<i64>]) -> Vec<i64> {
    let most = raw.iter().flatten().copied().max().unwrap_or(0);
    let least = raw.iter().flatten().copied().min().unwrap_or(0);
    let score = |raw: &Option<i64>| match raw {
        None => 0,
        Some(_) if most == 0 => SCORE_MAX,
        Some(raw) => SCORE_MAX * (most + least - raw) / most,
    };
    raw.iter().map(score).collect()
}

/// Whether a node's pods are counted: it could take the pod, and has all the labels.
fn is_eligible(pod: &Pod, node: &Node, spreads: &[&Spread]) -> bool {
    node_affinity::admits(pod, node)
        && spreads.iter().all(|spread| node.labels.contains_key(&spread.key))
}

fn matching(spread: &Spread, node: &Node) -> i64 {
    node.pods.iter().filter(|pod| selects(&spread.selector, &pod.labels)).count() as i64
}
