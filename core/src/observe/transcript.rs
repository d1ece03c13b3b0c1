//! The transcript: each fact as a line that a person can read and two runs can be compared by.

use super::Observer;
use crate::fact::{Answer, BootFault, Fact, OfferFact};
use crate::state::State;
use crate::time::Time;

/// The facts as lines, `1500 ms: placed q3 as vm2 on h0`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// The lines; they grow with the run.
    pub lines: Vec<String>,
}

impl Observer for Transcript {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        self.lines.push(format!("{} ms: {fact}", now.ms()));
    }
}

impl std::fmt::Display for Fact<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pools(fact) => fact.fmt(f),
            Self::Memory(fact) => fact.fmt(f),
            Self::HostAdded { host, host_type, rack } => {
                write!(f, "{host} of type {host_type} added in rack {rack}")
            }
            Self::HostCordoned { host } => write!(f, "{host} takes no more VMs"),
            Self::HostRetired { host } => write!(f, "{host} left service"),
            Self::Ordered { order, host_type, hosts, lead_ms } => {
                write!(f, "order {order}: {hosts} hosts of type {host_type} in {lead_ms} ms")
            }
            Self::Delivered { order, hosts } => write!(f, "order {order} arrived: {hosts} hosts"),
            Self::Requested { request, demand, name, .. } => {
                write!(f, "{request} arrived from {demand}")?;
                name.map_or(Ok(()), |name| write!(f, ", called {name}"))
            }
            Self::Placed { request, vm, host, waited_ms, boot_ms, .. } => {
                write!(f, "placed {request} as {vm} on {host}")?;
                write!(f, " (waited {waited_ms} ms, boots {boot_ms} ms)")
            }
            Self::Waiting { request, reason } => write!(f, "{request} waits: {reason:?}"),
            Self::Refused { request, reason, waited_ms, .. } => {
                write!(f, "refused {request}: {reason:?} (waited {waited_ms} ms)")
            }
            Self::Departed { request, vm, host } => {
                write!(f, "{vm} of {request} left {host}")
            }
            Self::Preempted { request, vm, host, by, reason, .. } => {
                write!(f, "{vm} of {request} pushed out of {host} by {by}: {reason:?}")
            }
            Self::Resumed { request, vm, host, waited_ms, boot_ms, .. } => {
                write!(f, "resumed {request} as {vm} on {host}")?;
                write!(f, " (waited {waited_ms} ms, boots {boot_ms} ms)")
            }
            Self::Lost { request, waited_ms, .. } => {
                write!(f, "lost {request} (waited {waited_ms} ms)")
            }
            Self::MovesPlanned { hosts, migrations } => {
                write!(f, "{migrations} migrations would empty {hosts} hosts")
            }
            Self::MigrationStarted { request, vm, from, to, takes_ms } => {
                write!(f, "{vm} of {request} set out from {from} to {to}, for {takes_ms} ms")
            }
            Self::MigrationEnded { request, vm, from, to, has_moved, downtime_ms, .. } => {
                if *has_moved {
                    write!(f, "{vm} of {request} moved from {from} to {to}")?;
                } else {
                    write!(f, "{vm} of {request} stayed on {from}, not on {to}")?;
                }
                write!(f, " (stood still {downtime_ms} ms)")
            }
            Self::HostFailed { host, cause, vms, until } => {
                let until =
                    until.map_or("further notice".to_owned(), |at| format!("{} ms", at.ms()));
                write!(f, "{host} failed ({cause:?}) with {vms} VMs, until {until}")
            }
            Self::HostBack { host, is_new } => {
                write!(f, "{host} is back{}", if *is_new { ", as a new machine" } else { "" })
            }
            Self::VmDown { request, vm, host, .. } => {
                write!(f, "{vm} of {request} is down with {host}")
            }
            Self::VmStuck { request, reason } => write!(f, "{request} is down, stuck: {reason:?}"),
            Self::VmBack { request, vm, from, host, down_ms, boot_ms, .. } => {
                write!(f, "{request} is back as {vm} on {host}, was on {from}")?;
                write!(f, " (down {down_ms} ms, boots {boot_ms} ms)")
            }
            Self::VmLate { request, vm, late_ms, boot_ms, .. } => {
                write!(f, "{vm} of {request} boots {boot_ms} ms, {late_ms} ms later than told")
            }
            Self::VmGone { request, down_ms, is_lost, .. } => {
                let what = if *is_lost { "lost" } else { "over" };
                write!(f, "{request} is {what} (down {down_ms} ms)")
            }
            Self::Approved { request, desk, .. } => write!(f, "{request} is approved at {desk}"),
            Self::TakenUp { request, desk, queued_ms } => {
                write!(f, "{request} is taken up at {desk} (queued {queued_ms} ms)")
            }
            Self::HandedOff { request, desk, to } => {
                write!(f, "{request} is done at {desk}")?;
                to.map_or(Ok(()), |to| write!(f, ", goes to {to}"))
            }
            Self::PullStarted { request, vm, host, mib } => {
                write!(f, "{host} fetches {mib} MiB for {vm} of {request}")
            }
            Self::Pulled { request, vm, host, took_ms } => {
                write!(f, "{host} has the image of {vm} of {request} (took {took_ms} ms)")
            }
            Self::Provisioned { request, vm, stages, .. } => {
                write!(f, "{request} is ready as {vm} {} ms after it came", stages.total_ms())
            }
            Self::JobSubmitted { job, estimate_ms } => {
                write!(f, "{} submitted to {}: ", job.id, job.queue)?;
                write!(f, "{} tasks for {estimate_ms} ms", job.tasks)
            }
            Self::JobStarted { job, waited_ms, .. } => {
                write!(f, "{} started (waited {waited_ms} ms)", job.id)
            }
            Self::JobEnded { job, run_ms, is_killed, .. } => {
                let how = if *is_killed { "ended by its estimate" } else { "done" };
                write!(f, "{} {how} after {run_ms} ms", job.id)
            }
            Self::JobInterrupted { job, ran_ms } => {
                write!(f, "{} lost a task after {ran_ms} ms, and waits again", job.id)
            }
            Self::JobPreempted { job, by, ran_ms, kept_ms } => {
                write!(
                    f,
                    "{} ended for {by} after {ran_ms} ms, of which it keeps {kept_ms}",
                    job.id
                )
            }
            Self::JobRefused { job } => write!(f, "{} refused: it never fits", job.id),
            Self::Offers(OfferFact { tenant, answer }) => {
                let Answer { made, accepted, declined, lost, held, .. } = answer;
                write!(
                    f,
                    "{tenant} is offered {made} hosts: {accepted} taken, {declined} refused"
                )?;
                write!(f, ", {lost} lost, {held} held")
            }
            Self::BootTried { request, vm, attempt, fault: None, takes_ms } => {
                write!(f, "{vm} of {request} boots, try {attempt}: ready in {takes_ms} ms")
            }
            Self::BootTried { request, vm, attempt, fault: Some(fault), takes_ms } => {
                write!(f, "{vm} of {request} boots, try {attempt}: fails {fault}")?;
                write!(f, ", found in {takes_ms} ms")
            }
            Self::BootGivenUp { request, vm, fault, .. } => {
                write!(f, "{vm} of {request} is given up, its last try failed {fault}")
            }
            Self::Withdrawn { request, waited_ms, .. } => {
                write!(f, "{request} is not wanted any more (waited {waited_ms} ms)")
            }
            Self::InstanceReady { request, service } => {
                write!(f, "{request} of {service} is ready")
            }
            Self::InstanceAvailable { request, service } => {
                write!(f, "{request} of {service} is available")
            }
            Self::InstanceFailed { request, service } => {
                write!(f, "{request} of {service} fails to boot")
            }
            Self::InstanceTerminating { request, service, grace_ms } => {
                write!(f, "{request} of {service} terminates within {grace_ms} ms")
            }
            Self::RolloutStarted { rollout, service, from, to, is_way_back, .. } => {
                let way = if *is_way_back { "back " } else { "" };
                write!(f, "{rollout}: {service} goes {way}from {from} to {to}")
            }
            Self::RolloutScaled { rollout, version, from, to } => {
                write!(f, "{rollout}: {from} → {to} of the {version} version")
            }
            Self::RolloutRouted { rollout, weight } => {
                write!(f, "{rollout}: {weight} % of the requests go to the new version")
            }
            Self::RolloutServes { rollout, version, most: u32::MAX } => {
                write!(f, "{rollout}: all of the {version} version are behind the load balancer")
            }
            Self::RolloutServes { rollout, version, most } => {
                write!(f, "{rollout}: {most} of the {version} version are behind the load balancer")
            }
            Self::RolloutCheckFailed { rollout, failed } => {
                write!(f, "{rollout}: a check failed, {failed} so far")
            }
            Self::TrafficServed { service, requests_milli, unserved_milli, serving, .. } => {
                let (all, lost) = (requests_milli / 1_000, unserved_milli / 1_000);
                write!(f, "{service}: {all} requests, {lost} unserved; {serving} instances serve")
            }
            Self::Autoscaled { service, from, to } => {
                write!(f, "{service}: its traffic wants {from} → {to} instances")
            }
            Self::ScaledOut { service, took_ms } => {
                write!(f, "{service}: what was wanted is available after {took_ms} ms")
            }
            Self::RolloutStep { rollout, step } => write!(f, "{rollout}: step {step} is done"),
            Self::RolloutWaits { rollout, wait } => write!(f, "{rollout} waits: {wait}"),
            Self::RolloutOverdue { rollout } => write!(f, "{rollout} takes too long"),
            Self::RolledBack { rollout, reason } => {
                write!(f, "{rollout} turns back: {}", reason.words())
            }
            Self::RolloutStands { rollout, row } => write!(f, "{rollout}: {row}"),
            Self::RolloutEnded { rollout, outcome } => write!(f, "{rollout} ended: {outcome}"),
            Self::RolloutReleased { rollout } => write!(f, "{rollout} has given all room back"),
            Self::Evicted { request, vm, host, rollout, .. } => {
                write!(f, "{vm} of {request} evicted from {host} by {rollout}")
            }
            Self::HostRollout { rollout, step } => write!(f, "{rollout}: {step}"),
            Self::Ended => write!(f, "the run ended"),
        }
    }
}

impl std::fmt::Display for BootFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Own => write!(f, "by itself"),
            Self::Missing { dependency, outage: None } => write!(f, "without {dependency}"),
            Self::Missing { dependency, outage: Some(outage) } => {
                write!(f, "without {dependency}, in its outage {outage}")
            }
        }
    }
}
