//! Sampling: in a large cluster the scheduler stops looking once it has found enough nodes.
//!
//! Source: `numFeasibleNodesToFind` in `schedule_one.go` and `list` in `backend/cache/node_tree.go`
//! of Kubernetes v1.34.1. Upstream looks with 16 threads at once, so which nodes it finds is up to
//! chance; this is the sequential equivalent: nodes are looked at one after another from where the
//! search before stopped, round and round, until one more than enough is found. That one does not
//! count, and is where the next search starts. A search that finds nobody has been once round.

use crate::placement::filters::Filter;
use crate::scenario::KubernetesSampling;
use crate::state::{Ask, HostId, State};

/// Clusters with fewer nodes are looked at as a whole, and at least so many are found.
const NODES_MIN: u64 = 100;
/// The least percentage that is chosen by itself.
const PERCENT_MIN: u64 = 5;

/// With how many nodes that have room the search is content, in a cluster of so many.
/// `percentage` of 0: the larger the cluster, the fewer, from 50 % down to 5 %.
pub fn num_feasible_nodes(nodes: u64, percentage: u64) -> u64 {
    if nodes < NODES_MIN {
        return nodes;
    }
    let percentage = match percentage {
        0 => 50u64.saturating_sub(nodes / 125).max(PERCENT_MIN),
        set => set.min(100),
    };
    (nodes * percentage / 100).max(NODES_MIN)
}

/// What a search finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Nodes with room, in the order in which they were found.
    pub nodes: Vec<HostId>,
    /// Where the next search starts: a place in the order of nodes.
    pub next_start: u64,
}

/// Looks for nodes with room. Cost: one pass over the hosts to put them in order, and a look at
/// each up to the last that is found.
pub fn search(state: &State, ask: Ask, sampling: &KubernetesSampling) -> Found {
    let order = match sampling.interleaves_zones {
        true => by_zones(state),
        false => in_service(state).collect(),
    };
    let filter = Filter::new(state, ask);
    let start = state.history.scan_start() as usize % order.len().max(1);
    let enough = num_feasible_nodes(order.len() as u64, sampling.percentage) as usize;
    let mut found = Found { nodes: Vec::new(), next_start: start as u64 };
    for place in (start..order.len()).chain(0..start) {
        if !filter.admits(order[place]) {
            continue;
        }
        if found.nodes.len() == enough {
            found.next_start = place as u64;
            break;
        }
        found.nodes.push(order[place]);
    }
    found
}

fn in_service(state: &State) -> impl Iterator<Item = HostId> {
    state.hosts.ids().filter(|host| state.hosts.status(*host).is_in_service())
}

/// The first node of each zone, then the second of each, …; zones in the order in which they were
/// first seen.
fn by_zones(state: &State) -> Vec<HostId> {
    let (mut zones, mut by_zone) = (Vec::new(), Vec::<Vec<HostId>>::new());
    for host in in_service(state) {
        let zone = state.hosts.zone(host);
        let place = zones.iter().position(|known| *known == zone).unwrap_or_else(|| {
            zones.push(zone);
            by_zone.push(Vec::new());
            zones.len() - 1
        });
        by_zone[place].push(host);
    }
    let longest = by_zone.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest)
        .flat_map(|row| by_zone.iter().filter_map(move |zone| zone.get(row)))
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::num_feasible_nodes;

    #[test]
    fn the_larger_the_cluster_the_smaller_the_part() {
        let check = |nodes, percentage, expected| {
            assert_eq!(num_feasible_nodes(nodes, percentage), expected, "{nodes} {percentage}");
        };
        check(0, 0, 0);
        check(99, 30, 99);
        check(100, 1, 100);
        check(250, 0, 120);
        check(5_000, 0, 500);
        check(5_625, 0, 281);
        check(1_000_000, 0, 50_000);
        check(5_000, 100, 5_000);
        check(5_000, 250, 5_000);
    }
}
