//! What the fleet draws, and what it costs.

use super::ratio;
use crate::observe::summary::Level;
use crate::observe::{Energy, Summary};
use crate::report::Report;
use crate::report::energy::{CostReport, EnergyReport, ModelEnergy};
use crate::resources::Builtin;
use crate::scenario::{HostModel, Scenario};
use crate::time::{HOUR_MS, Time};
use crate::words;
use std::collections::BTreeMap;

/// mW × ms in a kWh.
const MW_MS: f64 = 1e6 * HOUR_MS as f64;

/// `None` where it is not known what any host draws.
pub(super) fn energy(scenario: &Scenario, summary: &Summary) -> Option<EnergyReport> {
    let energy = summary.energy.as_deref().filter(|_| scenario.draws_power())?;
    let (now, rule) = (summary.now, &scenario.energy);
    let hosts_kwh = energy.drawn.area(now) as f64 / MW_MS;
    let all_kwh = hosts_kwh * rule.pue;
    // mg to kg.
    let carbon_kg = energy.carbon_area(now).map(|area| area as f64 / MW_MS / 1e6 * rule.pue);
    Some(EnergyReport {
        kwh: all_kwh,
        hosts_kwh,
        pue: rule.pue,
        mean_kw: kw(energy.drawn.mean(now)),
        peak_kw: kw(energy.drawn.peak as f64),
        busy: rule.busy,
        empty_hosts_off: rule.switches_off,
        carbon_kg,
        carbon_g_per_kwh: carbon_kg.map(|kg| ratio(kg * 1e3, all_kwh)),
        embodied_kg: used(scenario, energy, |model| model.upkeep.embodied_g as f64 / 1e3),
        models: models(scenario, energy, now),
    })
}

/// `None` where nothing has a price.
pub(super) fn cost(
    scenario: &Scenario,
    summary: &Summary,
    used: Option<&EnergyReport>,
) -> Option<CostReport> {
    let energy = summary.energy.as_deref().filter(|_| scenario.has_prices())?;
    let hosts = self::used(scenario, energy, |model| model.price_cents as f64 / 100.0);
    let price = scenario.energy.price.unwrap_or(0.0);
    let energy = used.map_or(0.0, |used| used.kwh * price);
    let total = hosts + energy;
    let hours = |level: &Level| level.area(summary.now) as f64 / HOUR_MS as f64;
    let per = |hours: f64| (hours > 0.0).then(|| total / hours);
    let cpu = scenario.kinds.column(Builtin::Cpu.name());
    Some(CostReport {
        hosts,
        energy,
        total,
        per_vm_hour: per(hours(&summary.alive)),
        per_vcpu_hour: cpu.and_then(|column| per(hours(&summary.used[column]) / 1e3)),
    })
}

/// What the run used, and its carbon, in a few words; `None` where it is not known.
pub(super) fn sentence(report: &Report) -> Option<String> {
    let energy = report.energy.as_ref()?;
    let carbon = match energy.all_carbon_kg() {
        0.0 => String::new(),
        kg => format!(", for {} of CO2e", words::mass(kg)),
    };
    Some(format!("{} used{carbon}", words::energy(energy.kwh)))
}

fn kw(milliwatts: f64) -> f64 {
    milliwatts / 1e6
}

/// Of what each host has of something, the part of its life that the run used up, over all hosts.
fn used(scenario: &Scenario, energy: &Energy, each: impl Fn(&HostModel) -> f64) -> f64 {
    let models = scenario.models.iter().zip(&energy.used_ms);
    models.map(|(model, ms)| each(model) * (*ms as f64 / model.upkeep.life_ms.max(1) as f64)).sum()
}

/// A pool that sells a model otherwise has one of its own, of the same name.
fn models(scenario: &Scenario, energy: &Energy, now: Time) -> Vec<ModelEnergy> {
    let mut areas: BTreeMap<&str, i128> = BTreeMap::new();
    for (model, level) in scenario.models.iter().zip(&energy.by_model) {
        if model.upkeep.power.is_some() {
            *areas.entry(&model.name).or_default() += level.area(now);
        }
    }
    let row = |(name, area): (&str, i128)| ModelEnergy {
        model: name.to_owned(),
        hosts_kwh: area as f64 / MW_MS,
        mean_kw: kw(ratio(area as f64, now.ms() as f64)),
    };
    areas.into_iter().map(row).collect()
}
