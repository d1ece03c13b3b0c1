//! Gangs: tasks that are of use only together, placed all or none.
//!
//! The members are asked for one after another on a copy of the state, each seeing those before
//! it. If fewer find a host than the gang needs, nobody gets one. With a minimum below the size of
//! the gang, those that found a host keep it and the others are left out, as in Kubernetes'
//! coscheduling (`minMember`).

use crate::placement::{Placer, Query};
use crate::scenario::DemandId;
use crate::state::{HostId, State, Vm};
use rand::Rng;

/// Where each member goes; all `None` if fewer than `members_min` find a host. The asks of the
/// members are held in the state. Cost: one copy of the state, and a decision for each member.
pub fn decide(
    placer: &Placer,
    state: &State,
    members: &[Query],
    members_min: usize,
    dice: &mut dyn Rng,
) -> Vec<Option<HostId>> {
    let mut trial = state.clone();
    let place = |query: &Query| {
        let host = placer.decide(&trial, *query, dice).ok()?;
        let demand = DemandId::from_row(0);
        let vm = Vm { request: 0, placed: query.now, host, ask: query.ask, demand };
        trial.start_until(vm, query.ends());
        Some(host)
    };
    let hosts: Vec<Option<HostId>> = members.iter().map(place).collect();
    match hosts.iter().flatten().count() >= members_min {
        true => hosts,
        false => vec![None; members.len()],
    }
}
