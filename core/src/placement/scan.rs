//! Looking for a host: over all hosts, or over classes of hosts that are all alike.
//!
//! Both ways make the same decisions. The scan over all hosts is the plain one and the judge; a
//! scorer cannot tell which way it is asked, since it sees only a row of [`Columns`].

use super::filters::Filter;
use crate::resources::Amounts;
use crate::state::screen::LANES;
use crate::state::{Ask, Classes, Columns, HostId, Members, State};
use std::cmp::Reverse;

/// Hosts looked at one by one before any class: where most hosts have room, that is all.
const AT_HAND: usize = 32;

/// The filters of an ask; where it prefers some hosts, for those only that are the most welcome
/// of all that it takes.
#[inline(always)]
pub fn choosy(state: &State, ask: Ask) -> Filter<'_> {
    let mut filter = Filter::new(state, ask);
    narrow(state, &mut filter);
    filter
}

/// Lets through only those hosts that are the most welcome of all that come through so far.
/// Without preferences: nothing to do.
#[inline(always)]
pub fn narrow(state: &State, filter: &mut Filter<'_>) {
    if filter.has_wishes() {
        keep_most_welcome(state, filter);
    }
}

#[inline(never)]
fn keep_most_welcome(state: &State, filter: &mut Filter<'_>) {
    if let Some(most) = most_welcome(state, filter) {
        *filter = filter.as_welcome(most);
    }
}

fn most_welcome(state: &State, filter: &Filter<'_>) -> Option<i64> {
    let mut most = None;
    if filter.differ_in_type() {
        let hosts = state.hosts.ids().filter(|host| filter.admits(*host));
        most = hosts.map(|host| filter.wish(host)).max();
    } else {
        each_candidate(state, filter, |_, _, host| most = most.max(Some(filter.wish(host))));
    }
    most
}

/// The first host from `start` on, never back, that takes the ask.
pub fn first_after(state: &State, ask: Ask, start: HostId) -> Option<HostId> {
    let filter = Filter::new(state, ask);
    if !filter.has_wishes() {
        return first_by(state, &filter, start).filter(|host| *host >= start);
    }
    let hosts = (start.row()..state.hosts.rows()).map(HostId::from_row);
    let hosts = hosts.filter(|host| filter.admits(*host));
    hosts.max_by_key(|host| (filter.wish(*host), Reverse(*host)))
}

/// The first host from `start` on, round and back to it, that takes the ask.
#[inline(always)]
pub fn first_from(state: &State, ask: Ask, start: HostId) -> Option<HostId> {
    first_by(state, &choosy(state, ask), start)
}

#[inline(always)]
fn first_by(state: &State, filter: &Filter<'_>, start: HostId) -> Option<HostId> {
    // Often enough no search is needed.
    if start.row() < state.hosts.rows() && filter.admits(start) {
        return Some(start);
    }
    first_further(state, filter, start)
}

#[inline(never)]
fn first_further(state: &State, filter: &Filter<'_>, start: HostId) -> Option<HostId> {
    let (rows, start_row) = (state.hosts.rows(), start.row().min(state.hosts.rows()));
    let mut hosts = (start_row..rows).chain(0..start_row).map(HostId::from_row);
    let Some(classes) = state.classes() else { return hosts.find(|host| filter.admits(*host)) };
    let at_hand = hosts.take(AT_HAND).find(|host| filter.admits(*host));
    if at_hand.is_some() {
        return at_hand;
    }
    // Hosts before the start come after all others.
    let turn = |host: HostId| (host < start, host);
    let mut best: Option<HostId> = None;
    each_class(classes, filter, start, |_, host| {
        if best.is_none_or(|best| turn(host) < turn(best)) {
            best = Some(host);
        }
        // A class that begins behind the best has no better one.
        best.filter(|best| *best >= start)
    });
    best
}

/// The last host that takes the ask.
pub fn last(state: &State, ask: Ask) -> Option<HostId> {
    let filter = choosy(state, ask);
    let Some(classes) = state.classes() else {
        let mut hosts = (0..state.hosts.rows()).rev().map(HostId::from_row);
        return hosts.find(|host| filter.admits(*host));
    };
    let mut best = None;
    each_row(classes, &filter, |row| {
        let members = classes.members(row).iter().rev();
        let mut last = members.take_while(|host| best < Some(*host));
        best = best.max(last.find(|host| filter.group_admits(*host)));
        None
    });
    best
}

/// All hosts that take the ask, ascending.
pub fn all(state: &State, ask: Ask) -> Vec<HostId> {
    let filter = choosy(state, ask);
    state.hosts.ids().filter(|host| filter.admits(*host)).collect()
}

/// All hosts that take the ask, to be drawn from.
pub enum Fitting<'s> {
    /// One by one, ascending.
    Hosts(Vec<HostId>),
    /// By class: all members of these rows.
    Classes(&'s State, Filter<'s>, Vec<&'s Members>),
}

impl<'s> Fitting<'s> {
    /// Who takes the ask now.
    pub fn new(state: &'s State, ask: Ask) -> Self {
        let filter = choosy(state, ask);
        let Some(classes) = state.classes().filter(|_| !filter.is_grouped()) else {
            return Self::Hosts(all(state, ask));
        };
        let mut members = Vec::new();
        each_row(classes, &filter, |row| {
            members.push(classes.members(row));
            None
        });
        Self::Classes(state, filter, members)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Hosts(hosts) => hosts.len(),
            Self::Classes(_, _, members) => members.iter().map(|members| members.len()).sum(),
        }
    }

    /// The `n`-th of them by index, from 0 on; `n` is below their number. The place is narrowed
    /// down to a few hosts by halves, then those are gone through.
    pub fn nth(&self, n: usize) -> HostId {
        const FEW: usize = 512;
        let (state, filter, members) = match self {
            Self::Hosts(hosts) => return hosts[n],
            Self::Classes(state, filter, members) => (state, filter, members),
        };
        let (mut from, mut to, mut before) = (0, state.hosts.rows(), 0);
        // Members that may be between the two, each with how many of it come before `from`.
        let mut between: Vec<(&Members, usize)> = members.iter().map(|m| (*m, 0)).collect();
        while to - from > FEW {
            let middle = from.midpoint(to);
            let below = |members: &Members| members.below(HostId::from_row(middle));
            let counts: Vec<usize> = between.iter().map(|(members, _)| below(members)).collect();
            let sum: usize = counts.iter().sum();
            let skipped: usize = between.iter().map(|(_, first)| first).sum();
            if before + sum - skipped > n {
                to = middle;
                let mut counts = counts.iter();
                between.retain(|(_, first)| counts.next() != Some(first));
            } else {
                (from, before) = (middle, before + sum - skipped);
                between.iter_mut().zip(counts).for_each(|(between, count)| between.1 = count);
            }
        }
        let mut hosts = (from..to).map(HostId::from_row).filter(|host| filter.admits(*host));
        hosts.nth(n - before).expect("it is below the number of hosts that fit")
    }
}

/// The host with the least score of those that take the ask, where a score needs to know which
/// host it is, so that no two are alike; ties go to the lowest index.
pub fn least_host<S: Ord>(
    state: &State,
    ask: Ask,
    score: impl Fn(&Amounts, HostId) -> S,
) -> Option<HostId> {
    let filter = choosy(state, ask);
    let hosts = state.hosts.ids().filter(|host| filter.admits(*host));
    hosts.min_by_key(|host| (score(filter.amounts(), *host), *host))
}

/// The host with the least score of those that take the ask; ties go to the lowest index.
pub fn least<S: Ord>(
    state: &State,
    ask: Ask,
    score: impl Fn(&Amounts, &Columns, usize) -> S,
) -> Option<HostId> {
    least_of(state, &choosy(state, ask), score)
}

/// The same for a score that is sooner found than whether a host takes the ask: of the hosts that
/// have room, only those are asked that would be better than the best so far.
pub fn least_soon<S: Ord>(
    state: &State,
    ask: Ask,
    score: impl Fn(&Amounts, &Columns, usize) -> S,
) -> Option<HostId> {
    let filter = choosy(state, ask);
    let asked = filter.amounts();
    let Some(classes) = state.classes() else {
        let columns = state.hosts.columns();
        let mut best: Option<(S, HostId)> = None;
        for host in state.hosts.ids().filter(|host| columns.has_room(host.row(), asked)) {
            let score = score(asked, columns, host.row());
            if best.as_ref().is_none_or(|best| score < best.0) && filter.admits(host) {
                best = Some((score, host));
            }
        }
        return best.map(|(_, host)| host);
    };
    if filter.is_grouped() {
        return least_of(state, &filter, score);
    }
    let (columns, screen) = (classes.columns(), classes.screen());
    let mut best: Option<(S, HostId)> = None;
    each_passing(classes, &filter, |row| {
        if columns.has_room(row, asked)
            && let Some(first) = screen.first(row)
        {
            let candidate = (score(asked, columns, row), first);
            if best.as_ref().is_none_or(|best| candidate < *best) && filter.admits_row(columns, row)
            {
                best = Some(candidate);
            }
        }
    });
    best.map(|(_, host)| host)
}

/// The same of those that come through a filter.
pub fn least_of<S: Ord>(
    state: &State,
    filter: &Filter<'_>,
    score: impl Fn(&Amounts, &Columns, usize) -> S,
) -> Option<HostId> {
    let mut best: Option<(S, HostId)> = None;
    each_candidate(state, filter, |columns, row, host| {
        let candidate = (score(filter.amounts(), columns, row), host);
        if best.as_ref().is_none_or(|best| candidate < *best) {
            best = Some(candidate);
        }
    });
    best.map(|(_, host)| host)
}

/// A host that takes the ask, or one of several that are all alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its row in [`columns`], for scores.
    pub row: usize,
    /// The lowest host index in it that takes the ask.
    pub host: HostId,
}

/// All that take the ask, for scores that depend on who else does. Of hosts that are all alike
/// perhaps only the first: a score that is the same for all of them cannot tell. In no order.
pub fn candidates(state: &State, filter: &Filter<'_>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    each_candidate(state, filter, |_, row, host| {
        candidates.push(Candidate { row, host });
    });
    candidates
}

/// The same where no two hosts are alike; their rows are those of the hosts' own columns.
pub fn hosts(state: &State, filter: &Filter<'_>) -> Vec<Candidate> {
    let hosts = state.hosts.ids().filter(|host| filter.admits(*host));
    hosts.map(|host| Candidate { row: host.row(), host }).collect()
}

/// The most welcome of candidates, and the filter that tells them from others.
pub fn welcome<'s>(
    state: &State,
    filter: Filter<'s>,
    candidates: Vec<Candidate>,
) -> (Vec<Candidate>, Filter<'s>) {
    if !filter.has_wishes() {
        return (candidates, filter);
    }
    let mut all = candidates;
    if let (Some(classes), true) = (state.classes(), filter.differ_in_type()) {
        // Those of a class are as welcome as their mates have it.
        let members = |candidate: &Candidate| {
            let row = candidate.row;
            classes.members(row).iter().map(move |host| Candidate { row, host })
        };
        all = all.iter().flat_map(members).collect();
        all.retain(|candidate| filter.group_admits(candidate.host));
    }
    let most = all.iter().map(|candidate| filter.wish(candidate.host)).max();
    all.retain(|candidate| Some(filter.wish(candidate.host)) == most);
    (all, most.map_or(filter, |most| filter.as_welcome(most)))
}

/// All hosts that these candidates stand for and that come through the filter, ascending.
pub fn alike(state: &State, filter: &Filter<'_>, candidates: &[Candidate]) -> Vec<HostId> {
    let Some(classes) = state.classes() else {
        let mut hosts: Vec<HostId> = candidates.iter().map(|candidate| candidate.host).collect();
        hosts.sort();
        return hosts;
    };
    let rows = candidates.iter().flat_map(|candidate| classes.members(candidate.row).iter());
    let mut hosts: Vec<HostId> = rows.filter(|host| filter.group_admits(*host)).collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

/// What scores of [`candidates`] may look at.
pub fn columns(state: &State) -> &Columns {
    state.classes().map_or(state.hosts.columns(), |classes| classes.columns())
}

/// The candidate with the highest weight; ties go to the lowest index.
pub fn heaviest(candidates: &[Candidate], weights: &[f64]) -> Option<HostId> {
    let of = |(weight, candidate): (&f64, &Candidate)| (*weight, candidate.host);
    let heavier = |best: (f64, HostId), next: (f64, HostId)| {
        let is_heavier = next.0 > best.0 || next.0 == best.0 && next.1 < best.1;
        if is_heavier { next } else { best }
    };
    weights.iter().zip(candidates).map(of).reduce(heavier).map(|(_, host)| host)
}

/// Each host that takes the ask, with its row; of hosts that are all alike perhaps only the first.
#[inline]
fn each_candidate(
    state: &State,
    filter: &Filter<'_>,
    mut tell: impl FnMut(&Columns, usize, HostId),
) {
    match state.classes() {
        None => {
            let columns = state.hosts.columns();
            for host in state.hosts.ids().filter(|host| filter.admits(*host)) {
                tell(columns, host.row(), host);
            }
        }
        Some(classes) => each_class(classes, filter, HostId::from_row(0), |row, host| {
            tell(classes.columns(), row, host);
            None
        }),
    }
}

/// Of each class the first host (from `start` on, round and back to it) that takes the ask.
/// `tell` answers before which host a class must begin to be of interest still; `None`: any.
#[inline]
fn each_class(
    classes: &Classes,
    filter: &Filter<'_>,
    start: HostId,
    mut tell: impl FnMut(usize, HostId) -> Option<HostId>,
) {
    let mut bound = None;
    let screen = classes.screen();
    each_row(classes, filter, |row| {
        let first = screen.first(row).filter(|first| *first >= start && !filter.is_grouped());
        let host = first.or_else(|| {
            let members = classes.members(row);
            let before = members.iter().take_while(|host| *host < start);
            members.from(start).chain(before).find(|host| filter.group_admits(*host))
        });
        bound = host.map_or(bound, |host| tell(row, host));
        bound
    });
}

/// Each class that has room and is admitted, by row. `tell` answers before which host a class
/// must begin to be of interest still; `None`: any.
#[inline]
fn each_row(classes: &Classes, filter: &Filter<'_>, mut tell: impl FnMut(usize) -> Option<HostId>) {
    let (columns, screen) = (classes.columns(), classes.screen());
    let mut bound = None;
    each_passing(classes, filter, |row| {
        let is_near = bound.is_none_or(|bound| screen.first(row) < Some(bound));
        if is_near && filter.admits_row(columns, row) {
            bound = tell(row);
        }
    });
}

/// Each class that perhaps has room, by row.
#[inline]
fn each_passing(classes: &Classes, filter: &Filter<'_>, mut tell: impl FnMut(usize)) {
    let screen = classes.screen();
    let asked = screen.rounded(filter.amounts());
    for block in 0..screen.blocks() {
        let mut passing = screen.passing(block, &asked);
        while passing != 0 {
            tell(block * LANES + passing.trailing_zeros() as usize);
            passing &= passing - 1;
        }
    }
}
