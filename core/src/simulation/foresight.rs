//! What can be said of rollouts before the run: whether there is room for each when it begins, if
//! nothing else is rolled out.

use super::Simulation;
use crate::placement::filters::slots;
use crate::problem::Problems;
use crate::rollout::chosen::{self, Foresight};
use crate::scenario::{Rollout, Scenario, ServiceId, Strategy};
use crate::source::Files;
use crate::time::Time;
use crate::words::plural;
use std::sync::Arc;

/// The most rollouts that are looked at: the first ones.
pub const FORESEEN_MAX: usize = 100;

/// What is foreseen of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// Its row among the scenario's rollouts.
    pub plan: usize,
    /// When it begins for the first time.
    pub at: Time,
    /// How many more instances there is room for then.
    pub free: u64,
    /// What comes of that.
    pub foresight: Foresight,
}

/// Looks at the fleet as it is when each rollout begins for the first time, in the order of their
/// times. It takes a run without rollouts up to the last of them.
///
/// # Errors
/// If a file that was checked cannot be read any more.
pub fn foresee(scenario: &Scenario, files: &dyn Files) -> Result<Vec<Foreseen>, Problems> {
    let begins = |rollout: &Rollout| rollout.at_ms <= scenario.duration_ms;
    let rollouts = scenario.rollouts.iter().enumerate().filter(|(_, rollout)| begins(rollout));
    let mut rollouts: Vec<(usize, &Rollout)> = rollouts.collect();
    rollouts.sort_by_key(|(plan, rollout)| (rollout.at_ms, *plan));
    rollouts.truncate(FORESEEN_MAX);
    if rollouts.is_empty() {
        return Ok(Vec::new());
    }
    let alone = Scenario { rollouts: Vec::new(), ..scenario.clone() };
    let mut simulation = Simulation::new(Arc::new(alone), files)?;
    let mut foreseen = Vec::new();
    for (plan, rollout) in rollouts {
        let at = Time::from_ms(rollout.at_ms);
        simulation.advance(at, &mut ())?;
        let free = simulation.free_slots(rollout.service);
        let replicas = simulation.replicas(rollout.service);
        let free_u32 = u32::try_from(free).unwrap_or(u32::MAX);
        let foresight = chosen::forecast(&rollout.strategy, replicas, free_u32);
        foreseen.push(Foreseen { plan, at, free, foresight });
    }
    Ok(foreseen)
}

impl Simulation {
    /// How many more instances of a service there is room for, apart from its group's rules.
    pub fn free_slots(&self, service: ServiceId) -> u64 {
        slots(&self.state, self.ask_of_service(service))
    }
}

impl Foreseen {
    /// What is to be said of it; `None` if it fits.
    pub fn sentence(&self, scenario: &Scenario) -> Option<String> {
        let rollout = &scenario.rollouts[self.plan];
        let service = &scenario.services[rollout.service.row()];
        let image = &scenario.images[rollout.image.row()].name;
        let free = match self.free {
            0 => "no room for one more instance".to_owned(),
            free => format!("room for {}", plural(free, "more instance")),
        };
        let at = scenario.calendar.at(self.at);
        let when = format!("{} {:02}:{:02}", at.date(), at.hour(), at.minute());
        let head =
            format!("the rollout of {image} to {}, {when}, will find {free} and", service.name);
        match (self.foresight, &rollout.strategy) {
            (Foresight::Fits, _) => None,
            (Foresight::Slower { missing }, _) => {
                let more = format!("{missing} more");
                Some(format!("{head} go slower than it could: at its fastest it wants {more}"))
            }
            (Foresight::Deadlock { .. }, Strategy::Rolling { .. } | Strategy::Canary { .. }) => {
                Some(format!(
                    "{head} stand still until others give room up: nothing may go before something \
                     has come (`max-unavailable` is 0), and nothing can come"
                ))
            }
            (Foresight::Deadlock { missing }, strategy) => Some(format!(
                "{head} stand still until others give room up: a {} rollout of {} wants {missing} more",
                strategy.name(),
                plural(service.instances.into(), "instance")
            )),
        }
    }
}
