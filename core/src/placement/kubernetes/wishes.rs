//! The plugins that know preferences, over a scenario's hosts: TaintToleration, NodeAffinity,
//! PodTopologySpread and InterPodAffinity; and ImageLocality, which is not normalised.
//!
//! Formulas and sources as in [`super::taints`], [`super::node_affinity`], [`super::topology`],
//! [`super::inter_pod`] and [`super::images`], which also normalise here. The pods that a pod's terms are about are the
//! members of its group; theirs are about it as much. Cost: one pass over the classes of hosts
//! that have room; over the hosts where a group has a say.

use super::super::filters::Filter;
use super::super::mates::Mates;
use super::super::scan::{self, Candidate};
use super::{images, inter_pod, normalise, topology};
use crate::scenario::{ImageId, Level, WishWeights};
use crate::state::{Ask, State};
use std::collections::BTreeSet;

/// What a group's required affinity counts for each member (upstream's `hardPodAffinityWeight`).
const HARD_WEIGHT: i64 = 1;

/// Whether any of these plugins can tell two hosts apart for the ask.
pub fn matter(state: &State, ask: Ask, weights: &WishWeights) -> bool {
    *weights != WishWeights::NONE
        && (state.shapes.wishes(ask.shape).is_some()
            || has_terms(state, ask)
            || image(state, ask).is_some())
}

/// Its image, where hosts fetch any.
fn image(state: &State, ask: Ask) -> Option<ImageId> {
    state.shapes.predicate(ask.shape).image.filter(|_| state.images.is_some())
}

fn has_terms(state: &State, ask: Ask) -> bool {
    ask.group.is_some_and(|group| {
        let rule = &state.groups.get(group).rule;
        rule.has_wishes() || rule.together.is_some()
    })
}

/// All that take the ask, as far as these plugins can tell them apart, by index.
pub fn candidates(state: &State, ask: Ask) -> Vec<Candidate> {
    let filter = Filter::new(state, ask);
    let mut candidates = match has_terms(state, ask) || image(state, ask).is_some() {
        true => scan::hosts(state, &filter),
        false => scan::candidates(state, &filter),
    };
    candidates.sort_unstable_by_key(|candidate| candidate.host);
    candidates
}

/// The weighted scores of candidates, normalised over them.
pub fn scores(
    state: &State,
    ask: Ask,
    weights: &WishWeights,
    candidates: &[Candidate],
) -> Vec<i64> {
    let mut sums = vec![0; candidates.len()];
    for part in parts(state, ask, weights, candidates) {
        for (sum, score) in sums.iter_mut().zip(part.scores) {
            *sum += part.weight * score;
        }
    }
    sums
}

/// What one plugin says of candidates.
pub struct Part {
    /// Its name.
    pub plugin: &'static str,
    /// Its weight.
    pub weight: i64,
    /// By candidate, 0..=100.
    pub scores: Vec<i64>,
}

/// What each plugin that has a say says of candidates, normalised over them.
pub fn parts(
    state: &State,
    ask: Ask,
    weights: &WishWeights,
    candidates: &[Candidate],
) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut add = |plugin, weight, scores| parts.push(Part { plugin, weight, scores });
    if let Some(wishes) = state.shapes.wishes(ask.shape) {
        let wish = |candidate: &Candidate| wishes[state.hosts.host_type(candidate.host).row()];
        let mut taints: Vec<i64> = candidates.iter().map(|host| wish(host).taints).collect();
        normalise(&mut taints, true);
        add("TaintToleration", weights.taint_toleration, taints);
        let mut labels: Vec<i64> = candidates.iter().map(|host| wish(host).labels).collect();
        normalise(&mut labels, false);
        add("NodeAffinity", weights.node_affinity, labels);
    }
    if let Some(image) = image(state, ask) {
        let score = |candidate: &Candidate| images::of_host(state, candidate.host, image);
        add("ImageLocality", weights.image_locality, candidates.iter().map(score).collect());
    }
    if let Some(mates) = Mates::new(state, ask) {
        let rule = &mates.group().rule;
        if rule.soft_skew.iter().any(Option::is_some) {
            let spread = topology::normalised(&spread(state, &mates, candidates));
            add("PodTopologySpread", weights.pod_topology_spread, spread);
        }
        let near = |candidate: &Candidate| {
            let there = |level| i64::from(mates.there(level, candidate.host));
            // The newcomer's terms about the members, and theirs about it.
            let soft = Level::ALL.map(|level| 2 * rule.near[level.row()] * there(level));
            soft.iter().sum::<i64>() + rule.together.map_or(0, |level| HARD_WEIGHT * there(level))
        };
        let near: Vec<i64> = candidates.iter().map(near).collect();
        add("InterPodAffinity", weights.inter_pod_affinity, inter_pod::normalised(&near));
    }
    parts
}

/// Raw scores of PodTopologySpread.
fn spread(state: &State, mates: &Mates<'_>, candidates: &[Candidate]) -> Vec<Option<i64>> {
    let mut sums = vec![0.0; candidates.len()];
    for level in Level::ALL {
        let Some(soft) = mates.group().rule.soft_skew[level.row()] else { continue };
        let hosts = candidates.iter().map(|candidate| candidate.host);
        let places: BTreeSet<usize> = match level {
            Level::Host => hosts.map(|host| host.row()).collect(),
            Level::Rack => hosts.map(|host| state.hosts.rack(host).row()).collect(),
            Level::Zone => hosts.map(|host| state.hosts.zone(host).row()).collect(),
        };
        let weight = topology::weight(places.len());
        for (sum, candidate) in sums.iter_mut().zip(candidates) {
            let there = f64::from(mates.there(level, candidate.host));
            *sum += there * weight + (f64::from(soft.max) - 1.0);
        }
    }
    sums.iter().map(|sum: &f64| Some(sum.round() as i64)).collect()
}
