//! E-PVM: the least opportunity cost.
//!
//! Minimise `Σ_r n^(load_r after) − n^(load_r before)`, n the number of hosts in service or a base
//! of the scenario's. Source: Amir, Awerbuch, Barak, Borgstrom and Keren, "An Opportunity Cost
//! Approach for Job Assignment in a Scalable Computing Cluster" (2000); Borg used a variant first.
//! Good for: level load, with the scarcest resource counting most. Bad for: large requests later,
//! as with worst fit. Floats; ties go to the lowest index. Cost: one pass over the hosts or their
//! classes, two powers a resource.

use super::fractions::{Float, Fractions};
use super::scan;
use crate::state::{Ask, HostId, State};

/// The host whose cost rises least.
pub fn choose(state: &State, ask: Ask, base: Option<f64>, fractions: &Fractions) -> Option<HostId> {
    let base = base_of(state, base);
    scan::least(state, ask, |asked, columns, row| {
        Float::new(fractions.opportunity_cost(base, asked, columns, row))
    })
}

/// The base: the one given, or the number of hosts in service.
pub(super) fn base_of(state: &State, base: Option<f64>) -> f64 {
    base.unwrap_or_else(|| f64::from(state.hosts.total().hosts))
}
