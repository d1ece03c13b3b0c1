//! Lifetime-aware placement: put a VM where it keeps no host busy for longer.
//!
//! The extension is `max(0, end of the VM − end of the host's last VM)`; an empty host ends now.
//! Greedy extension: the shortest extension, then best fit by the sum of shares. Lifetime bucket:
//! the fewest bounds b with `extension > b`, then best fit. Sources: the clairvoyant Greedy of
//! the studies of renting servers in the cloud (RSiC); Ling et al., "LAVA" (MLSys 2025), whose
//! NILAS ranks hosts so, by buckets of its own.
//! Good for: emptying hosts. Bad for: nothing, if lifetimes are known; a scenario's `predictions`
//! say how well they are. A VM that outlives its prediction is believed to end at any moment, or
//! to stay as long again as it has. A VM that stays for good ends at the far end of time. Compared
//! exactly; further ties go to the lowest index. Cost: one pass over the hosts: ends differ from
//! host to host, so it never goes by classes.

use super::account::{Account, Cell, Scorer, Wants};
use super::fractions::Fractions;
use super::shares::{Shares, with_scale};
use super::{Query, best_fit, scan};
use crate::scenario::Norm;
use crate::state::{HostId, State};
use crate::time::HOUR_MS;

/// The host whose end is put off least.
pub fn choose(state: &State, query: &Query, shares: &Shares) -> Option<HostId> {
    choose_by(state, query, shares, |extension_ms| extension_ms)
}

/// The host whose extension is in the lowest bucket. Bounds are ascending, in ms.
pub fn choose_bucket(
    state: &State,
    query: &Query,
    bounds_ms: &[u64],
    shares: &Shares,
) -> Option<HostId> {
    choose_by(state, query, shares, |extension_ms| bucket(bounds_ms, extension_ms))
}

fn choose_by(
    state: &State,
    query: &Query,
    shares: &Shares,
    rank: impl Fn(u64) -> u64,
) -> Option<HostId> {
    let columns = state.hosts.columns();
    with_scale!(shares, scale => scan::least_host(state, query.ask, |asked, host| {
        let left = scale.left(Norm::L1, asked, columns, host.row());
        (rank(extension_ms(state, query, host)), left)
    }))
}

/// What is compared on hosts: the extension, in buckets if there are any; then what is left.
pub fn account(
    state: &State,
    query: &Query,
    bounds_ms: Option<&[u64]>,
    fractions: &Fractions,
    hosts: &[HostId],
) -> Account {
    let asked = &state.shapes.get(query.ask.shape).amounts;
    let columns = state.hosts.columns();
    let scorers = vec![
        Scorer::plain("extension", "h by which the host's last end is put off", Wants::Least),
        Scorer::plain("left", best_fit::norm_words(Norm::L1), Wants::Least),
    ];
    Account::compared(scorers, hosts, |host| {
        let extension_ms = extension_ms(state, query, host);
        let bucket = bounds_ms.map(|bounds| bucket(bounds, extension_ms) as f64);
        let hours = extension_hours(state, query, host);
        let left = fractions.left(Norm::L1, asked, columns, host.row());
        vec![Cell { raw: hours, normalised: bucket, weighted: None }, Cell::plain(left)]
    })
}

fn bucket(bounds_ms: &[u64], extension_ms: u64) -> u64 {
    bounds_ms.partition_point(|bound| *bound < extension_ms) as u64
}

/// The extension in hours; infinite for a VM that stays for good where nobody else does.
pub(super) fn extension_hours(state: &State, query: &Query, host: HostId) -> f64 {
    let extension_ms = extension_ms(state, query, host);
    let is_for_good = query.stay_ms == u64::MAX && extension_ms > 0;
    if is_for_good { f64::INFINITY } else { extension_ms as f64 / HOUR_MS as f64 }
}

/// By how much the VM would put off the end of the host's last VM.
pub(super) fn extension_ms(state: &State, query: &Query, host: HostId) -> u64 {
    let host_ends = state.history.ends(host).unwrap_or(query.now).max(query.now);
    query.ends().since_ms(host_ends)
}
