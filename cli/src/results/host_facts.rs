//! What happens to hosts that get a new image, as rows of `facts.csv.gz`.

use super::facts::{Row, text};
use fleetcast_core::fact::{HostRolloutId, HostStep, HostWait};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::verdict::why_stuck;

/// A step of a host rollout. The end of it is that of all rollouts: `detail`.
pub(super) fn row(rollout: HostRolloutId, step: HostStep, scenario: &Scenario) -> Row {
    let row = |fact: &'static str| Row { fact, rollout: text(rollout.0), ..Row::default() };
    match step {
        HostStep::Started { plan, image, hosts } => {
            let name = &scenario.host_rollouts.list[plan as usize].name;
            let image = &scenario.host_rollouts.images[image.row()];
            let detail = format!("{name}: {image}");
            Row { hosts: text(hosts), detail, ..row("host-rollout-started") }
        }
        HostStep::Draining { host, vms } => {
            Row { host: text(host.row()), detail: format!("{vms} VMs"), ..row("host-draining") }
        }
        HostStep::Planned { hosts, moves } => {
            Row { hosts: text(hosts), migrations: text(moves), ..row("host-moves-planned") }
        }
        HostStep::Stalled(stall) => Row {
            request: text(stall.request.0),
            demand: scenario.demands[stall.demand.row()].name.clone(),
            vm: text(stall.vm.row()),
            host: text(stall.host.row()),
            reason: why_stuck(scenario, stall.why).0,
            ..row("host-rollout-stalled")
        },
        HostStep::Rewriting { host, .. } => Row { host: text(host.row()), ..row("host-rewriting") },
        HostStep::Done { host } => Row { host: text(host.row()), ..row("host-has-image") },
        HostStep::Overdue { host, then } => {
            Row { host: text(host.row()), detail: then.words().to_owned(), ..row("host-overdue") }
        }
        HostStep::GivenUp { host } => Row { host: text(host.row()), ..row("host-left-out") },
        HostStep::Waits(wait) => {
            let (reason, hosts) = match wait {
                HostWait::Soak(_) => ("soak", String::new()),
                HostWait::Down(hosts) => ("hosts down", text(hosts)),
                HostWait::Limit(hosts) => ("limit", text(hosts)),
            };
            Row { reason: reason.to_owned(), hosts, ..row("host-rollout-waits") }
        }
        HostStep::Ended(outcome) => {
            Row { detail: outcome.to_string(), ..row("host-rollout-ended") }
        }
    }
}
