//! What hosts draw, and what the fleet costs.

use serde::{Deserialize, Serialize};

/// Energy and carbon of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnergyReport {
    /// What the building used, kWh: the hosts' × PUE.
    pub kwh: f64,
    /// What the hosts used, kWh.
    pub hosts_kwh: f64,
    /// What the building draws ÷ what its hosts draw.
    pub pue: f64,
    /// What the hosts draw, averaged over time, kW.
    pub mean_kw: f64,
    /// The most at any instant, kW.
    pub peak_kw: f64,
    /// Of the CPU given out, how much is taken to be at work, 0..=1; 1 is the most it can be.
    pub busy: f64,
    /// Whether hosts without VMs draw nothing.
    pub empty_hosts_off: bool,
    /// Carbon of the building's energy, kg of CO2e; `None` where nobody says what a kWh costs.
    pub carbon_kg: Option<f64>,
    /// Carbon of a kWh as it was used, g.
    pub carbon_g_per_kwh: Option<f64>,
    /// Carbon of making the hosts, the part of their lives that lies in the run, kg of CO2e.
    pub embodied_kg: f64,
    /// By host model, those that are known to draw something.
    pub models: Vec<ModelEnergy>,
}

impl EnergyReport {
    /// All carbon, kg of CO2e.
    pub fn all_carbon_kg(&self) -> f64 {
        self.carbon_kg.unwrap_or(0.0) + self.embodied_kg
    }
}

/// What the hosts of one model draw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelEnergy {
    /// The model.
    pub model: String,
    /// What its hosts used, kWh.
    pub hosts_kwh: f64,
    /// What they draw together, averaged over time, kW.
    pub mean_kw: f64,
}

/// What the fleet costs for the time of the run, in the scenario's currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostReport {
    /// The hosts in service: of each one's price the part of its useful life that lies in the run.
    pub hosts: f64,
    /// Energy, PUE included; 0 where nobody says what it costs.
    pub energy: f64,
    /// Both.
    pub total: f64,
    /// The total ÷ the hours of all VMs; `None` without any.
    pub per_vm_hour: Option<f64>,
    /// The total ÷ the hours of all vCPU given out; `None` without any.
    pub per_vcpu_hour: Option<f64>,
}
