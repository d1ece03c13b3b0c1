//! The plain scan over all hosts: the judge of every faster way.

use super::filters::Filter;
use crate::resources::Amounts;
use crate::state::{Ask, HostId, State};

/// The first host from `start` on, round and back to it, that takes the ask.
pub fn first_from(state: &State, ask: Ask, start: usize) -> Option<HostId> {
    let (filter, rows) = (Filter::new(state, ask), state.hosts.rows());
    let start = start.min(rows);
    (start..rows).chain(0..start).map(HostId::from_row).find(|host| filter.admits(*host))
}

/// The host with the least score of those that take the ask; ties go to the lowest index.
pub fn least<S: Ord>(
    state: &State,
    ask: Ask,
    score: impl Fn(&Amounts, HostId) -> S,
) -> Option<HostId> {
    let filter = Filter::new(state, ask);
    let mut best: Option<(S, HostId)> = None;
    for host in state.hosts.ids().filter(|host| filter.admits(*host)) {
        let score = score(filter.amounts(), host);
        if best.as_ref().is_none_or(|(least, _)| score < *least) {
            best = Some((score, host));
        }
    }
    best.map(|(_, host)| host)
}
