//! What can be said of host rollouts before the run: which batches could not be emptied when each
//! begins, if nothing else is rolled out.

use super::Simulation;
use super::host_rollouts::trial::{Notices, Trial};
use crate::fact::{RequestId, WhyStuck};
use crate::problem::Problems;
use crate::rollout::hosts::{next_batch, plan};
use crate::scenario::hosts::{Drain, HostRollout};
use crate::scenario::{DemandId, Scenario};
use crate::source::Files;
use crate::state::{HostId, HostStatus};
use crate::time::Time;
use crate::words;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most host rollouts that are looked at: the first ones.
pub const FORESEEN_MAX: usize = 20;

/// The most batches of each that are tried: the first ones.
pub const BATCHES_MAX: usize = 200;

/// What is foreseen of a host rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeseenHosts {
    /// Its row among the scenario's host rollouts.
    pub plan: usize,
    /// When it begins for the first time.
    pub at: Time,
    /// Batches that were tried.
    pub batches: usize,
    /// Those of them that could not be emptied, were it their turn then.
    pub stuck: usize,
    /// What stands in the way of the first of these.
    pub first: Option<StuckThen>,
}

/// A VM that would have nowhere to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckThen {
    /// Where it is.
    pub host: HostId,
    /// The request it was made for.
    pub request: RequestId,
    /// Where that came from.
    pub demand: DemandId,
    /// Why it could not leave.
    pub why: WhyStuck,
}

/// Looks at the fleet as it is when each host rollout begins for the first time, in the order of
/// their times. It takes a run without rollouts up to the last of them.
///
/// # Errors
/// If a file that was checked cannot be read any more.
pub fn foresee(scenario: &Scenario, files: &dyn Files) -> Result<Vec<ForeseenHosts>, Problems> {
    let begins = |rollout: &HostRollout| {
        rollout.at_ms <= scenario.duration_ms && rollout.drain == Drain::LiveMigration
    };
    let rollouts = scenario.host_rollouts.list.iter().enumerate();
    let mut rollouts: Vec<_> = rollouts.filter(|(_, rollout)| begins(rollout)).collect();
    rollouts.sort_by_key(|(plan, rollout)| (rollout.at_ms, *plan));
    rollouts.truncate(FORESEEN_MAX);
    if rollouts.is_empty() {
        return Ok(Vec::new());
    }
    let mut alone = Scenario { rollouts: Vec::new(), ..scenario.clone() };
    for rollout in &mut alone.host_rollouts.list {
        // Not within the run: but hosts and VMs are kept account of as if.
        rollout.at_ms = scenario.duration_ms + 1;
    }
    let mut simulation = Simulation::new(Arc::new(alone), files)?;
    let mut foreseen = Vec::new();
    for (plan, rollout) in rollouts {
        let at = Time::from_ms(rollout.at_ms);
        simulation.advance(at, &mut ())?;
        let (batches, stuck, first) = simulation.try_batches(at, rollout);
        foreseen.push(ForeseenHosts { plan, at, batches, stuck, first });
    }
    Ok(foreseen)
}

impl Simulation {
    /// Tries to empty each batch of a rollout that could be its turn now, as if the others were in
    /// service: hosts that are down wait, and no batch begins while too many are. How many were
    /// tried, how many could not, and what stands in the way of the first. The state is
    /// afterwards as it was.
    fn try_batches(&mut self, at: Time, rule: &HostRollout) -> (usize, usize, Option<StuckThen>) {
        let (mut left, down) = self.meant_hosts(rule);
        let size = rule.size_of(left.len() as u32, down) as usize;
        let (mut tried, mut stuck, mut first) = (0, 0, None);
        while tried < BATCHES_MAX {
            let is_up = |host| self.state.hosts.status(host) == HostStatus::Up;
            let batch = next_batch(&mut left, size, is_up);
            if batch.is_empty() {
                break;
            }
            tried += 1;
            batch.iter().for_each(|host| self.state.drain(*host));
            let (notices, ending) = (Notices::new(), BTreeSet::new());
            let fleet = (&mut self.state, &*self.scenario, &self.placer);
            let mut trial = Trial::new(fleet, (None, &notices, &ending), at);
            let found = plan(&mut trial, &batch);
            trial.undo();
            batch.iter().for_each(|host| self.state.resume(*host));
            if let Err((host, vm, why)) = found {
                stuck += 1;
                let vm = self.state.vms.get(vm);
                let (request, demand) = (RequestId(vm.request), vm.demand);
                first.get_or_insert(StuckThen { host, request, demand, why });
            }
        }
        (tried, stuck, first)
    }
}

impl ForeseenHosts {
    /// What is to be said of it; `None` if each batch could be emptied.
    pub fn sentence(&self, scenario: &Scenario) -> Option<String> {
        let StuckThen { host, request, demand, why } = self.first.as_ref()?;
        let name = &scenario.host_rollouts.list[self.plan].name;
        let at = scenario.calendar.at(self.at);
        let when = format!("{} {:02}:{:02}", at.date(), at.hour(), at.minute());
        let which = match (self.stuck, self.batches) {
            (stuck, all) if stuck == all => "none of its hosts can be emptied then".to_owned(),
            (stuck, all) => {
                let [stuck, all] = [stuck, all].map(|count| words::count(count as u64));
                format!("{stuck} of {all} batches cannot be emptied then")
            }
        };
        let demand = &scenario.demands[demand.row()].name;
        let (_, because) = crate::verdict::why_stuck(scenario, *why);
        Some(format!(
            "the host rollout {name}, {when}, will stand still until others give room up: {which}; the \
             VM of request {} ({demand}) has nowhere to go from host {}, {because}",
            request.0,
            host.row()
        ))
    }
}
