//! The answer's rows about energy, carbon and cost.

use fleetcast_core::report::Report;
use fleetcast_core::report::energy::{CostReport, EnergyReport};
use fleetcast_core::words;

/// What it is called, and what it is; none where nothing is known of power and prices.
pub(super) fn rows(report: &Report) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if let Some(energy) = &report.energy {
        rows.push(("Energy", used(energy)));
        rows.extend(carbon(energy).map(|said| ("Carbon", said)));
    }
    rows.extend(report.cost.as_ref().map(|cost| ("Cost", costs(cost))));
    rows
}

/// What was used, and under which assumptions: with all CPU at work it is the most it can be.
fn used(energy: &EnergyReport) -> String {
    let pue = match energy.pue {
        1.0 => String::new(),
        pue => format!(", PUE {pue} included"),
    };
    let busy = match energy.busy {
        1.0 => "with all CPU that is given out at work, so at most this".to_owned(),
        busy => format!("with {} of the CPU that is given out at work", words::percent(busy)),
    };
    let empty = if energy.empty_hosts_off { " and hosts without VMs off" } else { "" };
    let models = match energy.models.as_slice() {
        [] | [_] => String::new(),
        models => {
            let share =
                |part: f64| if energy.hosts_kwh > 0.0 { part / energy.hosts_kwh } else { 0.0 };
            let said = models.iter().map(|model| {
                format!("`{}` {}", model.model, words::percent(share(model.hosts_kwh)))
            });
            format!("; of it {}", said.collect::<Vec<_>>().join(", "))
        }
    };
    format!(
        "{}{pue}; hosts draw {} on average, {} at most, {busy}{empty}{models}",
        words::energy(energy.kwh),
        words::power(energy.mean_kw),
        words::power(energy.peak_kw)
    )
}

fn carbon(energy: &EnergyReport) -> Option<String> {
    let all = words::mass(energy.all_carbon_kg());
    let at = |grams: f64| format!("at {} g a kWh", words::amount(grams));
    let making = "from making hosts, by the part of their useful life";
    Some(match (energy.carbon_kg, energy.carbon_g_per_kwh, energy.embodied_kg) {
        (None, _, 0.0) => return None,
        (Some(_), Some(grams), 0.0) => format!("{all} of CO2e from energy, {}", at(grams)),
        (Some(kg), Some(grams), embodied) => format!(
            "{all} of CO2e: {} from energy, {}, and {} {making}",
            words::mass(kg),
            at(grams),
            words::mass(embodied)
        ),
        (.., embodied) => {
            format!("{} of CO2e {making}; that of energy is not known", words::mass(embodied))
        }
    })
}

fn costs(cost: &CostReport) -> String {
    let energy = match cost.energy {
        0.0 => String::new(),
        energy => format!(", {} for energy", words::amount(energy)),
    };
    let per = |price: Option<f64>, of: &str| {
        price.map_or(String::new(), |price| format!("; {} {of}", words::price(price)))
    };
    format!(
        "{} for the time of the run: {} of what hosts cost, written off over their useful life{energy}{}{}",
        words::amount(cost.total),
        words::amount(cost.hosts),
        per(cost.per_vm_hour, "an hour of a VM"),
        per(cost.per_vcpu_hour, "an hour of a vCPU")
    )
}
