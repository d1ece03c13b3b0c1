//! Energy, carbon and the part of hosts' lives that a run uses up, in bounded memory: 20 bytes a
//! host.
//!
//! What hosts draw changes with facts only, so its integral is a sum: each change, in whole mW,
//! counts from when it came. Nothing is rounded on the way.

use super::Observer;
use super::power::FleetPower;
use super::summary::Level;
use crate::fact::Fact;
use crate::grid::Grid;
use crate::scenario::{ModelId, Scenario};
use crate::state::{HostId, State};
use crate::time::Time;

/// What a run uses up.
#[derive(Debug)]
pub struct Energy {
    power: Option<FleetPower>,
    /// What all hosts draw, mW.
    pub drawn: Level,
    /// The same by model.
    pub by_model: Vec<Level>,
    grid: Option<Grid>,
    /// Each change of what is drawn × the carbon of a kWh from the start until then.
    carbon_moment: i128,
    model_of_type: Vec<ModelId>,
    life_ms: Vec<u64>,
    hosts: Vec<InBooks>,
    /// By model: host lives used up, ms of all hosts together.
    pub used_ms: Vec<u128>,
}

/// A host that is being written off.
#[derive(Clone, Copy, Debug)]
struct InBooks {
    /// Since when it is here; `u64::MAX`: it is not.
    since_ms: u64,
    /// When it was made; negative before the start.
    born_ms: i64,
}

const NOT_HERE: InBooks = InBooks { since_ms: u64::MAX, born_ms: 0 };

impl Energy {
    /// `None` where neither power nor prices nor carbon are known.
    pub fn new(scenario: &Scenario) -> Option<Self> {
        let has_carbon = scenario.models.iter().any(|model| model.upkeep.embodied_g > 0);
        let is_told = scenario.draws_power() || scenario.has_prices() || has_carbon;
        let models = &scenario.models;
        is_told.then(|| Self {
            power: FleetPower::new(scenario),
            drawn: Level::default(),
            by_model: vec![Level::default(); models.len()],
            grid: scenario.energy.grid.clone(),
            carbon_moment: 0,
            model_of_type: scenario.host_types.iter().map(|t| t.model).collect(),
            life_ms: models.iter().map(|model| model.upkeep.life_ms.max(1)).collect(),
            hosts: Vec::new(),
            used_ms: vec![0; models.len()],
        })
    }

    /// What was drawn from the start to `now` × the carbon of a kWh then: mW × mg a kWh × ms;
    /// `None` where that is not known.
    pub fn carbon_area(&self, now: Time) -> Option<i128> {
        let until = self.grid.as_ref()?.area(now.ms());
        Some(i128::from(self.drawn.value) * until - self.carbon_moment)
    }

    fn note_power(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        let Some(power) = &mut self.power else { return };
        let (models, by_model) = (&self.model_of_type, &mut self.by_model);
        let mut change = 0;
        power.hear(fact, state, |host_type, more| {
            let level = &mut by_model[models[host_type.row()].row()];
            level.set(now, level.value + more);
            change += more;
        });
        if change != 0 {
            self.drawn.set(now, self.drawn.value + change);
            if let Some(grid) = &self.grid {
                self.carbon_moment += i128::from(change) * grid.area(now.ms());
            }
        }
    }

    /// A host is written off from now on.
    fn enter(&mut self, now: Time, host: HostId, state: &State) {
        if self.hosts.len() <= host.row() {
            self.hosts.resize(host.row() + 1, NOT_HERE);
        }
        self.hosts[host.row()] = InBooks { since_ms: now.ms(), born_ms: state.hosts.born_ms(host) };
    }

    /// Until now it was.
    fn leave(&mut self, now: Time, host: HostId, state: &State) {
        let Some(books) = self.hosts.get_mut(host.row()) else { return };
        let InBooks { since_ms, born_ms } = std::mem::replace(books, NOT_HERE);
        let model = self.model_of_type[state.hosts.host_type(host).row()].row();
        let worn_out = i128::from(born_ms) + i128::from(self.life_ms[model]);
        let until = i128::from(now.ms()).min(worn_out);
        self.used_ms[model] += u128::try_from(until - i128::from(since_ms)).unwrap_or(0);
    }

    fn note_hosts(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        match *fact {
            Fact::HostAdded { host, .. } => self.enter(now, host, state),
            Fact::HostRetired { host } => self.leave(now, host, state),
            Fact::HostBack { host, is_new: true } => {
                self.leave(now, host, state);
                self.enter(now, host, state);
            }
            Fact::Ended => {
                for row in 0..self.hosts.len() {
                    self.leave(now, HostId::from_row(row), state);
                }
            }
            _ => {}
        }
    }
}

impl Observer for Energy {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        self.note_power(now, fact, state);
        self.note_hosts(now, fact, state);
    }
}
