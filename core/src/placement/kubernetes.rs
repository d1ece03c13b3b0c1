//! Kubernetes: the default scheduler of v1.34.1, each plugin in its own file.
//!
//! Source: `pkg/scheduler` of Kubernetes v1.34.1. A node's score is the sum over plugins of weight
//! × the plugin's score 0..=100; the highest wins, and of equal ones the lowest index (upstream
//! draws one of them). All integers divide as Go's: towards zero.
//!
//! Two plugins look at resources, [`fit`] and [`balance`]. Their scores depend on a host and a
//! request alone, so nothing is normalised over candidates; cost: one pass over the classes of
//! hosts. Those that look at preferences ([`wishes`]) are normalised over all candidates, and asked
//! only where a request has preferences. Upstream counts 100 mCPU and 200 MiB for a container that
//! asks for none when it scores `fit`; here a request of 0 counts 0. What nodes
//! hold of images ([`images`]) is known where a scenario lets hosts fetch them. The plugins are also here as formulas over a
//! [`cluster`] of nodes and pods, which are held to validation cases.
//! All hosts are scored, in the order of their index, unless the scenario asks for [`sampling`].

pub mod balance;
pub mod cluster;
pub mod fit;
pub mod images;
pub mod inter_pod;
pub mod node_affinity;
pub mod sampling;
pub mod taints;
pub mod topology;
pub mod wishes;

use super::account::{Account, Cell, Scorer, Wants};
use super::filters::Filter;
use super::scan::{self, Candidate};
use crate::resources::{Amounts, KINDS_MAX};
use crate::scenario::{FitScore, KubernetesProfile};
use crate::state::{Ask, Columns, HostId, State};
use fit::Part;
use std::cmp::Reverse;

/// The score of the best node by one plugin, and the scale of all.
pub const SCORE_MAX: i64 = 100;

/// The host with the highest score.
pub fn choose(state: &State, ask: Ask, profile: &KubernetesProfile) -> Option<HostId> {
    if let Some(sampling) = &profile.sampling {
        let nodes = sampling::search(state, ask, sampling).nodes.into_iter();
        let nodes: Vec<Candidate> = nodes.map(|host| Candidate { row: host.row(), host }).collect();
        return first_of_best(state, ask, profile, &nodes);
    }
    if wishes::matter(state, ask, &profile.wishes) {
        return first_of_best(state, ask, profile, &wishes::candidates(state, ask));
    }
    scan::least_of(state, &Filter::new(state, ask), |asked, columns, row| {
        let effective = state.hosts.effective_of(columns.host_type(row));
        Reverse(score(profile, asked, effective, columns, row))
    })
}

/// The first of the nodes with the highest score.
fn first_of_best(
    state: &State,
    ask: Ask,
    profile: &KubernetesProfile,
    nodes: &[Candidate],
) -> Option<HostId> {
    let wishes = wishes::scores(state, ask, &profile.wishes, nodes);
    let (asked, columns) = (&state.shapes.get(ask.shape).amounts, state.hosts.columns());
    let total = |(node, wish): (&Candidate, i64)| {
        let effective = state.hosts.effective(node.host);
        (wish + score(profile, asked, effective, columns, node.host.row()), node.host)
    };
    let totals = nodes.iter().zip(wishes).map(total);
    totals.min_by_key(|(sum, _)| Reverse(*sum)).map(|(_, host)| host)
}

/// Weighted sum of the plugins' scores of a row.
fn score(
    profile: &KubernetesProfile,
    asked: &Amounts,
    effective: &Amounts,
    columns: &Columns,
    row: usize,
) -> i64 {
    let [fit, balance] = plugins(profile, asked, effective, columns, row);
    profile.fit_weight * fit + profile.balance_weight * balance
}

/// What NodeResourcesFit and NodeResourcesBalancedAllocation say of a row; 0 for one that is not
/// in the profile.
fn plugins(
    profile: &KubernetesProfile,
    asked: &Amounts,
    effective: &Amounts,
    columns: &Columns,
    row: usize,
) -> [i64; 2] {
    let mut parts = [Part::default(); KINDS_MAX];
    let mut count = 0;
    for resource in &profile.resources {
        let column = resource.column;
        // What a pod does not ask for is left out, unless every node has it.
        if resource.is_extended && asked[column] == 0 {
            continue;
        }
        let allocatable = effective[column];
        let requested = allocatable - columns.free(row, column) + asked[column];
        parts[count] = Part { requested, allocatable, weight: resource.weight };
        count += 1;
    }
    let parts = &parts[..count];
    let fit = match profile.fit_weight {
        0 => 0,
        _ => fit::score(&profile.fit, parts),
    };
    // A pod that asks for nothing is not scored for balance: all nodes alike.
    let balance = match profile.balance_weight > 0 && asked.iter().any(|amount| *amount > 0) {
        true => balance::balanced_allocation(parts),
        false => 0,
    };
    [fit, balance]
}

/// What the plugins say of hosts.
pub fn account(state: &State, ask: Ask, profile: &KubernetesProfile, hosts: &[HostId]) -> Account {
    let fit = match profile.fit {
        FitScore::Least => "0 when full to 100 when empty",
        FitScore::Most => "0 when empty to 100 when full",
        FitScore::Ratio(_) => "0 to 100, by the shape",
    };
    let told = [
        ("NodeResourcesFit", fit, profile.fit_weight),
        (
            "NodeResourcesBalancedAllocation",
            "100 where all resources are used alike",
            profile.balance_weight,
        ),
    ];
    let scorer = |name: &str, words: &str, weight: i64| Scorer {
        weight: Some(weight as f64),
        ..Scorer::plain(name, words, Wants::Most)
    };
    let scorers = told.iter().filter(|(.., weight)| *weight > 0);
    let scorers = scorers.map(|(name, words, weight)| scorer(name, words, *weight));
    // Over hosts, so that each has a row; normalised they are as over classes.
    let all = scan::hosts(state, &Filter::new(state, ask));
    let mut wishes = match wishes::matter(state, ask, &profile.wishes) {
        true => wishes::parts(state, ask, &profile.wishes, &all),
        false => Vec::new(),
    };
    wishes.retain(|part| part.weight > 0);
    let of_wishes = wishes.iter().map(|part| {
        scorer(part.plugin, "0 to 100 over the hosts that can take it", part.weight) //
    });
    let scorers = scorers.chain(of_wishes);
    let asked = &state.shapes.get(ask.shape).amounts;
    Account::summed(scorers.collect(), hosts, |host| {
        let (effective, columns) = (state.hosts.effective(host), state.hosts.columns());
        let scores = plugins(profile, asked, effective, columns, host.row());
        let counted = scores.iter().zip(&told).filter(|(_, (.., weight))| *weight > 0);
        let cell = |(score, (.., weight)): (&i64, &(&str, &str, i64))| {
            Cell::weighted(*score as f64, *score as f64, *weight as f64)
        };
        let place = all.binary_search_by_key(&host, |candidate| candidate.host).ok();
        let wish = |part: &wishes::Part| match place {
            Some(place) => {
                let score = part.scores[place] as f64;
                Cell::weighted(score, score, part.weight as f64)
            }
            None => Cell::plain(0.0),
        };
        counted.map(cell).chain(wishes.iter().map(wish)).collect()
    })
}

/// Raw scores to 0..=100, the highest raw score being 100; with `is_reversed` it is 0. Nothing
/// above 0: all 0, or all 100 if reversed. Raw scores are not negative.
pub fn normalise(scores: &mut [i64], is_reversed: bool) {
    let most = scores.iter().copied().max().unwrap_or(0);
    for score in scores {
        let share = if most == 0 { 0 } else { SCORE_MAX * *score / most };
        *score = if is_reversed { SCORE_MAX - share } else { share };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_normalised_by_the_highest() {
        let check = |scores: &[i64], is_reversed, expected: &[i64]| {
            let mut scores = scores.to_vec();
            normalise(&mut scores, is_reversed);
            assert_eq!(scores, expected);
        };
        check(&[10, 0, 13, 3], false, &[76, 0, 100, 23]);
        check(&[0, 1, 2], true, &[100, 50, 0]);
        check(&[0, 0], true, &[100, 100]);
        check(&[0, 0], false, &[0, 0]);
    }
}
