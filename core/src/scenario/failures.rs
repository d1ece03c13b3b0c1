//! What fails in a run, how soon somebody notices, and what becomes of it.

use super::{DemandId, Distribution, ModelId, RackId, ZoneId};

/// What fails, and what is done about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Failures {
    /// Failures of one host per ms, by model. Those behind the end fail at no rate.
    pub hosts_per_ms: Vec<f64>,
    /// Failures of one rack per ms.
    pub racks_per_ms: f64,
    /// Failures of one zone per ms.
    pub zones_per_ms: f64,
    /// Whether a host that fails takes others of its rack with it.
    pub burst: Option<Burst>,
    /// Outages that a file tells of, ascending in time.
    pub outages: Vec<Outage>,
    /// How often hosts say that they are alive, ms.
    pub report_every_ms: u64,
    /// A host that has not done so for that long is taken for down, ms.
    pub down_after_ms: u64,
    /// From there until somebody, or something, decides to bring its VMs up elsewhere.
    pub decision: Distribution,
    /// What becomes of the VMs of a host that fails, by demand. Those behind the end are rebuilt.
    pub when_down: Vec<WhenDown>,
    /// So many VMs come up again on one host at once; above 0.
    pub builds_per_host: u32,
    /// How long a host is under repair.
    pub repair: Distribution,
    /// How long a rack is down.
    pub rack_repair: Distribution,
    /// How long a zone is down.
    pub zone_repair: Distribution,
    /// Whether hosts that fail are not repaired but replaced.
    pub replacement: Option<Replacement>,
}

impl Failures {
    /// Nothing fails, and what is not said is as the reference page has it.
    pub fn none() -> Self {
        use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
        Self {
            hosts_per_ms: Vec::new(),
            racks_per_ms: 0.0,
            zones_per_ms: 0.0,
            burst: None,
            outages: Vec::new(),
            report_every_ms: 10 * SECOND_MS,
            down_after_ms: MINUTE_MS,
            decision: Distribution::Constant(0),
            when_down: Vec::new(),
            builds_per_host: 10,
            repair: Distribution::Constant(7 * DAY_MS),
            rack_repair: Distribution::Constant(4 * HOUR_MS),
            zone_repair: Distribution::Constant(6 * HOUR_MS),
            replacement: None,
        }
    }

    /// How often a host of a model fails, per ms.
    pub fn of_model(&self, model: ModelId) -> f64 {
        self.hosts_per_ms.get(model.row()).copied().unwrap_or(0.0)
    }

    /// What becomes of the VMs of a demand.
    pub fn of_demand(&self, demand: DemandId) -> WhenDown {
        self.when_down.get(demand.row()).copied().unwrap_or_default()
    }
}

/// Hosts that fail together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// How likely a host that fails takes others with it, 0..=1.
    pub share: f64,
    /// How many others on average then, 1 or more: geometrically distributed.
    pub others: f64,
}

/// An outage that a file tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When, ms.
    pub at_ms: u64,
    /// What fails.
    pub what: Domain,
    /// For how long, ms; `None`: as long as a failure of such does.
    pub lasts_ms: Option<u64>,
}

/// What fails together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Domain {
    /// A host: its row in [`Scenario::hosts`](super::Scenario::hosts), or a later one.
    Host(u32),
    /// The hosts of a rack.
    Rack(RackId),
    /// The hosts of a zone.
    Zone(ZoneId),
}

/// What becomes of a VM whose host fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenDown {
    /// It is rebuilt elsewhere once the failure is known and decided on, or comes up where it was
    /// if that is sooner.
    #[default]
    Evacuate,
    /// It comes up again where it was, once its host is back.
    Restart,
    /// It is lost.
    Lose,
}

/// Hosts that fail are replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Replacement {
    /// Spares of each model at the start. Each that is used is ordered anew at once.
    pub spares: u32,
    /// From the failure, or from the arrival of a spare, to service.
    pub swap: Distribution,
}
