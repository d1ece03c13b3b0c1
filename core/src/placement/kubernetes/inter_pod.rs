//! InterPodAffinity: pods near to some pods and away from others.
//!
//! Source: `plugins/interpodaffinity/{filtering,scoring}.go` of Kubernetes v1.34.1. Near means on a
//! node with the same value of the term's label. Cost: all pods × their terms.

use super::SCORE_MAX;
use super::cluster::{Labels, Node, Pod, selects};
use std::collections::BTreeMap;

/// Pods that a pod wants near or away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// How much it counts, 1..=100; not used where it must hold.
    pub weight: i64,
    /// The label of nodes that says what is near.
    pub key: String,
    /// Which pods.
    pub selector: Labels,
}

/// The terms of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// All must hold.
    pub required: Vec<Term>,
    /// These had better hold.
    pub preferred: Vec<Term>,
}

/// How many, or how much, by label key and value.
type ByPlace<'n> = BTreeMap<(&'n str, &'n str), i64>;

fn add<'n>(places: &mut ByPlace<'n>, term: &'n Term, node: &'n Node, amount: i64) {
    if let Some(value) = node.labels.get(&term.key) {
        *places.entry((&term.key, value)).or_default() += amount;
    }
}

fn at(places: &ByPlace<'_>, term: &Term, node: &Node) -> i64 {
    let value = node.labels.get(&term.key);
    value.and_then(|value| places.get(&(term.key.as_str(), value.as_str()))).copied().unwrap_or(0)
}

/// Which nodes the required terms admit: the pod's own, and those of pods that want it away.
pub fn admitted(pod: &Pod, nodes: &[Node]) -> Vec<bool> {
    let near = &pod.affinity.required;
    let away = &pod.anti_affinity.required;
    let wants = |labels: &Labels| near.iter().all(|term| selects(&term.selector, labels));
    let (mut wanted, mut unwanted, mut unwanting) =
        (ByPlace::new(), ByPlace::new(), ByPlace::new());
    for node in nodes {
        for other in &node.pods {
            if !near.is_empty() && wants(&other.labels) {
                near.iter().for_each(|term| add(&mut wanted, term, node, 1));
            }
            for term in away.iter().filter(|term| selects(&term.selector, &other.labels)) {
                add(&mut unwanted, term, node, 1);
            }
            let theirs = other.anti_affinity.required.iter();
            for term in theirs.filter(|term| selects(&term.selector, &pod.labels)) {
                add(&mut unwanting, term, node, 1);
            }
        }
    }
    // The first of pods that want to be together has nobody to be near to.
    let is_first = wanted.is_empty() && wants(&pod.labels);
    let admits = |node: &Node| {
        let is_near = near.iter().all(|term| {
            node.labels.contains_key(&term.key) && (is_first || at(&wanted, term, node) > 0)
        });
        let is_away = away.iter().all(|term| at(&unwanted, term, node) == 0);
        let is_let = unwanting
            .keys()
            .all(|(key, value)| node.labels.get(*key).is_none_or(|own| own != value));
        is_near && is_away && is_let
    };
    nodes.iter().map(admits).collect()
}

/// Scores of the `feasible` nodes by preferred terms: the pod's own, those of the pods there, and
/// required affinity of the pods there, which counts `hard_weight` each (upstream's default: 1).
/// `None` if no term meets a pod.
pub fn scores(pod: &Pod, feasible: &[&Node], nodes: &[Node], hard_weight: i64) -> Option<Vec<i64>> {
    let mut sums = ByPlace::new();
    for node in nodes {
        for other in &node.pods {
            let both = [(pod, &other.labels), (other, &pod.labels)];
            for (whose, labels) in both {
                for (terms, sign) in [(&whose.affinity, 1), (&whose.anti_affinity, -1)] {
                    let met = |term: &&Term| selects(&term.selector, labels);
                    for term in terms.preferred.iter().filter(met) {
                        add(&mut sums, term, node, sign * term.weight);
                    }
                }
            }
            if hard_weight > 0 {
                let met = |term: &&Term| selects(&term.selector, &pod.labels);
                for term in other.affinity.required.iter().filter(met) {
                    add(&mut sums, term, node, hard_weight);
                }
            }
        }
    }
    if sums.is_empty() {
        return None;
    }
    let raw = |node: &&Node| {
        let here = sums
            .iter()
            .filter(|((key, value), _)| node.labels.get(*key).is_some_and(|own| own == value));
        here.map(|(_, sum)| sum).sum()
    };
    let raw: Vec<i64> = feasible.iter().map(raw).collect();
    Some(normalised(&raw))
}

/// `100 (raw − min) / (max − min)`, truncated; all 0 if these are equal.
pub fn normalised(raw: &[i64]) -> Vec<i64> {
    let (least, most) = (raw.iter().min().copied(), raw.iter().max().copied());
    let (least, most) = (least.unwrap_or(0), most.unwrap_or(0));
    let score = |raw: &i64| match most > least {
        true => (SCORE_MAX as f64 * ((raw - least) as f64 / (most - least) as f64)) as i64,
        false => 0,
    };
    raw.iter().map(score).collect()
}
