//! The cheapest mix of host models: an integer program proposes, runs prove.

use super::Fleet;
use super::prober::Prober;
use crate::end::End;
use fleetcast_core::resources::Amounts;
use fleetcast_core::scenario::{HostTypeId, PoolId, Scenario};
use fleetcast_core::sizing::{self, Cheapest, Goals, Mix, Offer};
use good_lp::{
    Expression, Solution as _, SolverModel as _, constraint, microlp, variable, variables,
};
use serde::Serialize;

/// The cheapest mix.
#[derive(Debug, Serialize)]
pub(super) struct Mixed {
    /// By model, how many.
    pub hosts: Vec<(String, u32)>,
    /// Price of all, in the scenario's currency.
    pub price: f64,
    /// No mix is cheaper than this; null where nothing says so.
    pub price_bound: Option<f64>,
    /// Whether every cheaper mix with enough of every resource was run, and failed.
    pub is_proved: bool,
    /// How many mixes were run.
    pub tried: u32,
}

/// `None` if a model has no price, if no model alone will do, or if there are other pools, whose VMs
/// the peaks would count too.
pub(super) fn cheapest(
    prober: &Prober<'_>,
    goals: &Goals,
    scenario: &Scenario,
    pool: PoolId,
    types: &[HostTypeId],
    fleets: &[Fleet],
) -> Result<Option<Mixed>, End> {
    let offers: Vec<Offer> = types.iter().map(|host_type| offer(scenario, *host_type)).collect();
    let alone = fleets.iter().enumerate().filter_map(|(row, fleet)| {
        let mut mix = vec![0; fleets.len()];
        mix[row] = fleet.hosts?;
        Some(mix)
    });
    let known = alone.min_by_key(|mix| sizing::price(&offers, mix));
    let (Some(known), true, 1) =
        (known, offers.iter().all(|offer| offer.price_cents > 0), scenario.pools.len())
    else {
        return Ok(None);
    };
    let with = |mix: &[u32]| {
        let fleet: Vec<(HostTypeId, u32)> =
            types.iter().copied().zip(mix.iter().copied()).collect();
        move |future: &Scenario| sizing::with_fleet(future, pool, &fleet)
    };
    let needed = needed(&prober.report(&with(&known))?, scenario);
    let propose = |factor: f64| propose(&offers, &needed, factor);
    let found = sizing::cheapest(&offers, &needed, known, propose, |mix| {
        Ok(prober.probe(&with(mix), &words_of(mix))?.holds)
    })?;
    let Cheapest { mix, price_cents, is_proved, probes } = found;
    let name = |host_type: &HostTypeId| {
        scenario.models[scenario.host_types[host_type.row()].model.row()].name.clone()
    };
    // What is needed is known only where every fleet that will do holds the same.
    let bound = propose(1.0).filter(|_| goals.are_strict);
    let bound = bound.map(|mix| sizing::price(&offers, &mix).min(price_cents) as f64 / 100.0);
    Ok(Some(Mixed {
        hosts: types.iter().map(name).zip(mix).collect(),
        price: price_cents as f64 / 100.0,
        price_bound: bound,
        is_proved: is_proved && goals.are_strict,
        tried: probes,
    }))
}

fn words_of(mix: &[u32]) -> String {
    let counts: Vec<String> = mix.iter().map(u32::to_string).collect();
    format!("{} hosts", counts.join(" + "))
}

fn offer(scenario: &Scenario, host_type: HostTypeId) -> Offer {
    let model = &scenario.models[scenario.host_types[host_type.row()].model.row()];
    Offer { capacity: model.effective, price_cents: model.price_cents }
}

/// The most that was taken at once, by resource.
fn needed(report: &fleetcast_core::report::Report, scenario: &Scenario) -> Amounts {
    let mut needed = Amounts::default();
    for column in 0..scenario.kinds.len() {
        let of = report.utilisation.get(scenario.kinds.name(column));
        needed[column] = of.map_or(0, |of| of.peak_used);
    }
    needed
}

/// The cheapest whole numbers of hosts with `factor` times what is needed of every resource.
fn propose(offers: &[Offer], needed: &Amounts, factor: f64) -> Option<Mix> {
    let mut variables = variables!();
    let hosts = variables.add_vector(variable().integer().min(0).max(1e6), offers.len());
    let sum = |of: &dyn Fn(&Offer) -> f64| -> Expression {
        hosts.iter().zip(offers).map(|(hosts, offer)| of(offer) * *hosts).sum()
    };
    let mut problem = variables.minimise(sum(&|offer| offer.price_cents as f64)).using(microlp);
    for (resource, needed) in needed.iter().enumerate().filter(|(_, needed)| **needed > 0) {
        // In parts of what is needed: numbers of like size are solved more exactly.
        let part = sum(&|offer| offer.capacity[resource] as f64 / *needed as f64);
        problem = problem.with(constraint!(part >= factor));
    }
    let solution = problem.solve().ok()?;
    let counts = hosts.iter().map(|hosts| solution.value(*hosts).round().clamp(0.0, 1e6) as u32);
    Some(counts.collect())
}
