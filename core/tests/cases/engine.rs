//! The same decisions from the engine, for cases that it can say; and what the families share.

use crate::common;
use fleetcast_core::placement::Placer;
use fleetcast_core::resources::Amounts;
use fleetcast_core::scenario::{DemandId, HostModel, Policy, RackId};
use fleetcast_core::state::{Search, State, Vm};
use fleetcast_core::time::Time;
use rand::SeedableRng;
use serde_json::Value;
use std::collections::BTreeMap;

/// A host by what its model says.
pub(crate) struct Host {
    pub(crate) total: Vec<i64>,
    pub(crate) reserved: Vec<i64>,
    pub(crate) effective: Vec<i64>,
}

/// Where each ask goes, decided over hosts and over classes of hosts alike.
pub(crate) fn decide_all(
    policy: &Policy,
    kinds: &[&str],
    hosts: &[Host],
    asks: &[Vec<i64>],
) -> Vec<Option<usize>> {
    let mut scenario = common::bare(kinds);
    scenario.placement.policy = policy.clone();
    for host in hosts {
        common::add_hosts(&mut scenario, &host.effective, 1);
        let model: &mut HostModel = scenario.models.last_mut().expect("a model was added");
        model.total = common::padded(&host.total);
        model.reserved = common::padded(&host.reserved);
    }
    let decide = |search| {
        let mut state = State::new(&scenario);
        state.search(search);
        for spec in &scenario.hosts {
            state.add_host(spec.host_type, RackId::from_row(0), 0);
        }
        let placer = Placer::new(&scenario);
        let mut dice = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let mut place = |ask: &Vec<i64>| {
            let amounts: Amounts = common::padded(ask);
            let ask = state.ask(&amounts, None, &[]);
            let host = placer.decide(&state, ask, &mut dice).ok()?;
            let demand = DemandId::from_row(0);
            state.start(Vm { request: 0, placed: Time::ZERO, host, ask, demand });
            Some(host.row())
        };
        asks.iter().map(&mut place).collect::<Vec<_>>()
    };
    let (over_classes, over_hosts) = (decide(Search::Classes), decide(Search::Hosts));
    assert_eq!(over_classes, over_hosts);
    over_hosts
}

/// The entries of a list; none if it is not there.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Text; empty if it is not there.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Text by key.
pub(crate) fn texts(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), text(value))).collect()
}

/// Holds a list of `[host, score]` against ours, in any order, to within 1e-9.
pub(crate) fn same_scores(what: &str, ours: &[(usize, f64)], told: &Value) {
    let told = list(told).iter().map(|pair| {
        let host = pair[0].as_u64().expect("a host index") as usize;
        (host, pair[1].as_f64().expect("a score"))
    });
    let sorted = |mut scores: Vec<(usize, f64)>| {
        scores.sort_by_key(|score| score.0);
        scores
    };
    let (ours, told) = (sorted(ours.to_vec()), sorted(told.collect()));
    let is_same = ours.len() == told.len()
        && ours.iter().zip(&told).all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() <= 1e-9);
    assert!(is_same, "{what}:\nours {ours:?}\ntold {told:?}");
}

/// The decision that a case tells: a host or none.
pub(crate) fn expected(case: &Value, at: usize) -> Option<usize> {
    case["expected"][at].as_u64().map(|host| host as usize)
}
