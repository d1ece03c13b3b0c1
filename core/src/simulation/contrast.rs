//! Contrast: what a policy that goes by lifetimes gains over best-fit on the same demand.
//!
//! Once the run is over it is run again with best-fit; of both, the empty hosts of each block of
//! time are compared ([`crate::paired`]). The demand is the same, request by request: nothing that
//! belongs to one is drawn when it is placed.

use super::Simulation;
use crate::dice;
use crate::fact::Fact;
use crate::observe::Observer;
use crate::observe::blocks::EmptyHosts;
use crate::paired;
use crate::problem::Problems;
use crate::report::{Contrast, Interval};
use crate::scenario::{FitBy, Placement, Policy, Scenario};
use crate::source::Files;
use crate::state::State;
use crate::time::{DAY_MS, Time};
use std::sync::Arc;

/// In how many blocks a run is cut.
pub const BLOCKS: u64 = 24;
/// The shortest stretch of blocks that is kept together: what one block is like lasts a while.
const STRETCH_MIN: u64 = 3;

/// Listens to a run whose policy goes by lifetimes, and runs the other one.
#[derive(Debug)]
pub struct Contraster {
    scenario: Arc<Scenario>,
    own: EmptyHosts,
}

impl Contraster {
    /// `None` if the scenario's policy does not go by lifetimes: then there is nothing to do.
    pub fn new(scenario: &Arc<Scenario>) -> Option<Self> {
        scenario.placement.policy.knows_lifetimes().then(|| Self {
            scenario: Arc::clone(scenario),
            own: EmptyHosts::new(scenario.duration_ms, BLOCKS),
        })
    }

    /// Runs the scenario again with best-fit, and compares. The run listened to is over.
    ///
    /// # Errors
    /// If a file that was checked cannot be read any more.
    pub fn finish(self, files: &dyn Files) -> Result<Contrast, Problems> {
        let mut scenario = Scenario::clone(&self.scenario);
        let policy = Policy::BestFit(FitBy::Shares);
        scenario.placement = Placement { policy, predictions: None, ..scenario.placement };
        let mut other = EmptyHosts::new(scenario.duration_ms, BLOCKS);
        let mut simulation = Simulation::new(Arc::new(scenario), files)?;
        simulation.advance(simulation.end(), &mut other)?;
        Ok(contrast(&self.own, &other, &self.scenario))
    }
}

fn contrast(own: &EmptyHosts, other: &EmptyHosts, scenario: &Scenario) -> Contrast {
    let (means, others) = (own.means(), other.means());
    let differences: Vec<f64> = means.iter().zip(&others).map(|(a, b)| a - b).collect();
    let block_ms = scenario.duration_ms / differences.len() as u64;
    // A day, so that its hours stay together; at most a third of the run.
    let stretch = DAY_MS.div_ceil(block_ms.max(1)).clamp(STRETCH_MIN, BLOCKS / 3) as usize;
    let mut dice = dice::stream(scenario.seed, "contrast");
    let ends = paired::bootstrap(&differences, stretch, &mut dice);
    let interval =
        paired::of_blocks(&differences).zip(ends).map(|(student, (low, high))| Interval {
            low,
            high,
            student_low: student.low,
            student_high: student.high,
            confidence: 0.95,
            blocks: student.blocks as u64,
            block_s: scenario.duration_ms as f64 / 1e3 / student.blocks as f64,
            stretch: stretch as u64,
            correlation: student.correlation,
            independent: student.independent,
            above: differences.iter().filter(|difference| **difference > 0.0).count() as u64,
        });
    Contrast {
        policy: "best-fit".to_owned(),
        mean_empty_hosts: own.mean(),
        mean_empty_hosts_other: other.mean(),
        difference: own.mean() - other.mean(),
        interval,
        refused: own.refused,
        refused_other: other.refused,
    }
}

impl Observer for Contraster {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        self.own.hear(now, fact, state);
    }
}
