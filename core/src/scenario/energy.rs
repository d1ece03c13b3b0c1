//! What hosts cost to have and to run: power, price of energy, carbon, useful life.

use crate::grid::Grid;
use crate::power::{Model, watts};
use crate::time::YEAR_MS;

/// What a host of a model costs, beside its price.
#[derive(Clone, Debug, PartialEq)]
pub struct Upkeep {
    /// What it draws; `None`: that is not known.
    pub power: Option<Power>,
    /// Over how long its price and the carbon of its making are spread evenly, ms; at least 1 day.
    pub life_ms: u64,
    /// Carbon of its making, g of CO2e.
    pub embodied_g: u64,
}

impl Upkeep {
    /// How long a host is written off over where nobody says it.
    pub const LIFE_MS: u64 = 5 * YEAR_MS;
}

impl Default for Upkeep {
    fn default() -> Self {
        Self { power: None, life_ms: Self::LIFE_MS, embodied_g: 0 }
    }
}

/// What a host draws, by how much of its CPU is at work.
#[derive(Clone, Debug, PartialEq)]
pub struct Power {
    /// How it grows with that.
    pub model: Model,
    /// With nothing at work, W.
    pub idle_w: f64,
    /// With all at work, W.
    pub peak_w: f64,
}

/// The most that a host can draw, W.
pub const WATTS_MAX: f64 = 100_000.0;

impl Power {
    /// What a host draws at this share of work, in whole mW, rounded: sums of it are exact, in
    /// whatever order hosts change.
    pub fn milliwatts(&self, busy: f64) -> u32 {
        let watts = watts(&self.model, self.idle_w, self.peak_w, busy);
        libm::round(watts.clamp(0.0, WATTS_MAX) * 1e3) as u32
    }
}

/// What energy costs, and how hosts use it.
#[derive(Clone, Debug, PartialEq)]
pub struct Energy {
    /// What the building draws ÷ what its hosts draw, 1 or more.
    pub pue: f64,
    /// Price of a kWh, in the scenario's currency; `None`: it is not said.
    pub price: Option<f64>,
    /// Carbon of a kWh; `None`: it is not said.
    pub grid: Option<Grid>,
    /// Of the CPU that a host has given out, how much is at work, 0..=1.
    pub busy: f64,
    /// Whether a host draws nothing while no VM is on it.
    pub switches_off: bool,
}

impl Default for Energy {
    fn default() -> Self {
        Self { pue: 1.0, price: None, grid: None, busy: 1.0, switches_off: false }
    }
}

impl super::Scenario {
    /// Whether it is known what some hosts draw.
    pub fn draws_power(&self) -> bool {
        self.models.iter().any(|model| model.upkeep.power.is_some())
    }

    /// Whether hosts or their energy have a price.
    pub fn has_prices(&self) -> bool {
        let is_priced = self.models.iter().any(|model| model.price_cents > 0);
        is_priced || (self.energy.price.is_some() && self.draws_power())
    }
}
