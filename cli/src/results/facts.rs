//! `facts.csv.gz`: everything that happened, one row a fact.

use super::host_facts;
use flate2::{Compression, write::GzEncoder};
use fleetcast_core::fact::{
    BootFault, Cause, Fact, JobOf, MemoryFact, OfferFact, PoolFact, RequestId, RolloutId,
};
use fleetcast_core::scenario::{DemandId, HostTypeId, Scenario, ServiceId, TenantId};
use fleetcast_core::time::Time;
use fleetcast_core::verdict::reason_name;
use fleetcast_core::words::seconds;
use std::io::{self, Write};

/// The columns; a fact leaves empty what it has not.
const COLUMNS: [&str; 21] = [
    "time_s",
    "fact",
    "request",
    "name",
    "demand",
    "tenant",
    "vm",
    "host",
    "model",
    "pool",
    "rack",
    "order",
    "hosts",
    "reason",
    "wait_s",
    "by",
    "to",
    "migrations",
    "rollout",
    "detail",
    "desk",
];

/// Writes facts as it hears them.
pub(crate) struct Facts<W: Write> {
    csv: csv::Writer<GzEncoder<W>>,
}

/// A row, by column; what is not set stays empty.
#[derive(Default)]
pub(super) struct Row {
    pub(super) fact: &'static str,
    pub(super) request: String,
    pub(super) name: String,
    pub(super) demand: String,
    pub(super) tenant: String,
    pub(super) vm: String,
    pub(super) host: String,
    pub(super) model: String,
    pub(super) pool: String,
    pub(super) rack: String,
    pub(super) order: String,
    pub(super) hosts: String,
    pub(super) reason: String,
    pub(super) wait_ms: Option<u64>,
    pub(super) by: String,
    pub(super) to: String,
    pub(super) migrations: String,
    pub(super) rollout: String,
    pub(super) detail: String,
    pub(super) desk: String,
}

impl<W: Write> Facts<W> {
    /// Begins with the header.
    pub(crate) fn new(out: W) -> io::Result<Self> {
        // No time and no name in the gzip header: the same run gives the same bytes.
        let mut csv = csv::Writer::from_writer(GzEncoder::new(out, Compression::fast()));
        csv.write_record(COLUMNS)?;
        Ok(Self { csv })
    }

    /// Hears a fact.
    pub(crate) fn hear(
        &mut self,
        now: Time,
        fact: &Fact<'_>,
        scenario: &Scenario,
    ) -> io::Result<()> {
        let row = row(now, fact, scenario);
        Ok(self.csv.write_record([
            seconds(now.ms()),
            row.fact.to_owned(),
            row.request,
            row.name,
            row.demand,
            row.tenant,
            row.vm,
            row.host,
            row.model,
            row.pool,
            row.rack,
            row.order,
            row.hosts,
            row.reason,
            row.wait_ms.map(seconds).unwrap_or_default(),
            row.by,
            row.to,
            row.migrations,
            row.rollout,
            row.detail,
            row.desk,
        ])?)
    }

    /// The rest of it, written.
    pub(crate) fn finish(self) -> io::Result<W> {
        self.csv.into_inner().map_err(|error| error.into_error())?.finish()
    }
}

fn row(now: Time, fact: &Fact<'_>, scenario: &Scenario) -> Row {
    let model_and_pool = |host_type: HostTypeId| {
        let host_type = &scenario.host_types[host_type.row()];
        let model = scenario.models[host_type.model.row()].name.clone();
        (model, scenario.pools[host_type.pool.row()].name.clone())
    };
    let owner = |demand: DemandId, tenant: TenantId| {
        (scenario.demands[demand.row()].name.clone(), scenario.tenants[tenant.row()].clone())
    };
    match *fact {
        Fact::HostAdded { host, host_type, rack } => {
            let (model, pool) = model_and_pool(host_type);
            let rack = scenario.racks[rack.row()].name.clone();
            Row { fact: "host-added", host: text(host.row()), model, pool, rack, ..Row::default() }
        }
        Fact::HostCordoned { host } => {
            Row { fact: "host-cordoned", host: text(host.row()), ..Row::default() }
        }
        Fact::HostRetired { host } => {
            Row { fact: "host-retired", host: text(host.row()), ..Row::default() }
        }
        Fact::Ordered { order, host_type, hosts, lead_ms } => {
            let (model, pool) = model_and_pool(host_type);
            Row {
                fact: "ordered",
                order: text(order),
                hosts: text(hosts),
                model,
                pool,
                wait_ms: Some(lead_ms),
                ..Row::default()
            }
        }
        Fact::Delivered { order, hosts } => {
            Row { fact: "delivered", order: text(order), hosts: text(hosts), ..Row::default() }
        }
        Fact::Requested { request, demand, tenant, name, .. } => {
            let (demand, tenant) = owner(demand, tenant);
            let name = name.unwrap_or_default().to_owned();
            let request = text(request.0);
            Row { fact: "requested", request, name, demand, tenant, ..Row::default() }
        }
        Fact::Placed { request, demand, tenant, vm, host, waited_ms, boot_ms } => {
            let (demand, tenant) = owner(demand, tenant);
            Row {
                fact: "placed",
                request: text(request.0),
                demand,
                tenant,
                vm: text(vm.row()),
                host: text(host.row()),
                wait_ms: Some(waited_ms.saturating_add(boot_ms)),
                ..Row::default()
            }
        }
        Fact::Waiting { request, reason } => Row {
            fact: "waiting",
            request: text(request.0),
            reason: reason_name(&scenario.kinds, reason),
            ..Row::default()
        },
        Fact::Refused { request, demand, tenant, reason, waited_ms } => {
            let (demand, tenant) = owner(demand, tenant);
            Row {
                fact: "refused",
                request: text(request.0),
                demand,
                tenant,
                reason: reason_name(&scenario.kinds, reason),
                wait_ms: Some(waited_ms),
                ..Row::default()
            }
        }
        Fact::Departed { request, vm, host } => Row {
            fact: "departed",
            request: text(request.0),
            vm: text(vm.row()),
            host: text(host.row()),
            ..Row::default()
        },
        Fact::Preempted { request, demand, tenant, vm, host, by, reason } => {
            let (demand, tenant) = owner(demand, tenant);
            Row {
                fact: "preempted",
                request: text(request.0),
                demand,
                tenant,
                vm: text(vm.row()),
                host: text(host.row()),
                reason: reason_name(&scenario.kinds, reason),
                by: text(by.0),
                ..Row::default()
            }
        }
        Fact::Resumed { request, demand, tenant, vm, host, waited_ms, boot_ms } => {
            let (demand, tenant) = owner(demand, tenant);
            Row {
                fact: "resumed",
                request: text(request.0),
                demand,
                tenant,
                vm: text(vm.row()),
                host: text(host.row()),
                wait_ms: Some(waited_ms.saturating_add(boot_ms)),
                ..Row::default()
            }
        }
        Fact::Lost { request, demand, tenant, waited_ms } => {
            let (demand, tenant) = owner(demand, tenant);
            Row {
                fact: "lost",
                request: text(request.0),
                demand,
                tenant,
                wait_ms: Some(waited_ms),
                ..Row::default()
            }
        }
        Fact::Pools(ref fact) => of_pools(fact, scenario),
        Fact::Memory(ref fact) => of_memory(fact, scenario),
        Fact::MovesPlanned { hosts, migrations } => Row {
            fact: "moves-planned",
            hosts: text(hosts),
            migrations: text(migrations),
            ..Row::default()
        },
        Fact::MigrationStarted { request, vm, from, to, takes_ms } => Row {
            fact: "migration-started",
            request: text(request.0),
            vm: text(vm.row()),
            host: text(from.row()),
            to: text(to.row()),
            wait_ms: Some(takes_ms),
            ..Row::default()
        },
        Fact::MigrationEnded { request, vm, from, to, has_moved, downtime_ms, .. } => Row {
            fact: if has_moved { "migrated" } else { "migration-failed" },
            request: text(request.0),
            vm: text(vm.row()),
            host: text(from.row()),
            to: text(to.row()),
            wait_ms: Some(downtime_ms),
            ..Row::default()
        },
        Fact::HostFailed { host, cause, until, .. } => {
            let (by, rack) = match cause {
                Cause::Own => ("own".to_owned(), String::new()),
                Cause::Burst(host) => (text(host.row()), String::new()),
                Cause::Rack(rack) => ("rack".to_owned(), scenario.racks[rack.row()].name.clone()),
                Cause::Zone(zone) => (scenario.zones[zone.row()].clone(), String::new()),
                Cause::Listed => ("listed".to_owned(), String::new()),
            };
            let wait_ms = until.map(|until| until.since_ms(now));
            let host = text(host.row());
            Row { fact: "host-failed", host, rack, by, wait_ms, ..Row::default() }
        }
        Fact::HostBack { host, is_new } => Row {
            fact: if is_new { "host-replaced" } else { "host-repaired" },
            host: text(host.row()),
            ..Row::default()
        },
        Fact::VmDown { request, demand, tenant, vm, host, .. } => {
            let (demand, tenant) = owner(demand, tenant);
            Row {
                fact: "vm-down",
                request: text(request.0),
                demand,
                tenant,
                vm: text(vm.row()),
                host: text(host.row()),
                ..Row::default()
            }
        }
        Fact::VmStuck { request, reason } => Row {
            fact: "vm-stuck",
            request: text(request.0),
            reason: reason_name(&scenario.kinds, reason),
            ..Row::default()
        },
        Fact::VmBack { request, demand, tenant, vm, from, host, down_ms, boot_ms } => {
            let (demand, tenant) = owner(demand, tenant);
            Row {
                fact: if from == host { "vm-restarted" } else { "vm-evacuated" },
                request: text(request.0),
                demand,
                tenant,
                vm: text(vm.row()),
                host: text(from.row()),
                to: text(host.row()),
                wait_ms: Some(down_ms.saturating_add(boot_ms)),
                ..Row::default()
            }
        }
        Fact::VmLate { request, vm, late_ms, .. } => Row {
            fact: "vm-late",
            request: text(request.0),
            vm: text(vm.row()),
            wait_ms: Some(late_ms),
            ..Row::default()
        },
        Fact::VmGone { request, demand, tenant, down_ms, is_lost } => {
            let (demand, tenant) = owner(demand, tenant);
            Row {
                fact: if is_lost { "vm-lost" } else { "vm-over" },
                request: text(request.0),
                demand,
                tenant,
                wait_ms: Some(down_ms),
                ..Row::default()
            }
        }
        Fact::Approved { request, desk, .. } => Row {
            fact: "approved",
            request: text(request.0),
            desk: scenario.desks[desk.row()].name.clone(),
            ..Row::default()
        },
        Fact::TakenUp { request, desk, queued_ms } => Row {
            fact: "taken-up",
            request: text(request.0),
            desk: scenario.desks[desk.row()].name.clone(),
            wait_ms: Some(queued_ms),
            ..Row::default()
        },
        Fact::HandedOff { request, desk, to } => Row {
            fact: "handed-off",
            request: text(request.0),
            desk: scenario.desks[desk.row()].name.clone(),
            to: to.map(|to| scenario.desks[to.row()].name.clone()).unwrap_or_default(),
            ..Row::default()
        },
        Fact::PullStarted { request, vm, host, mib } => Row {
            fact: "pull-started",
            request: text(request.0),
            vm: text(vm.row()),
            host: text(host.row()),
            detail: format!("{mib} MiB"),
            ..Row::default()
        },
        Fact::Pulled { request, vm, host, took_ms } => Row {
            fact: "pulled",
            request: text(request.0),
            vm: text(vm.row()),
            host: text(host.row()),
            wait_ms: Some(took_ms),
            ..Row::default()
        },
        Fact::Provisioned { request, demand, vm, ref stages } => Row {
            fact: "provisioned",
            request: text(request.0),
            demand: scenario.demands[demand.row()].name.clone(),
            vm: text(vm.row()),
            wait_ms: Some(stages.total_ms()),
            ..Row::default()
        },
        Fact::BootTried { request, vm, attempt, fault, takes_ms } => Row {
            fact: if fault.is_some() { "boot-failed" } else { "boot-succeeds" },
            request: text(request.0),
            vm: text(vm.row()),
            reason: fault.map_or_else(String::new, |fault| blamed(scenario, fault)),
            wait_ms: Some(takes_ms),
            detail: format!("attempt {attempt}"),
            ..Row::default()
        },
        Fact::BootGivenUp { request, demand, vm, fault } => Row {
            fact: "boot-given-up",
            request: text(request.0),
            demand: scenario.demands[demand.row()].name.clone(),
            vm: text(vm.row()),
            reason: blamed(scenario, fault),
            ..Row::default()
        },
        Fact::Withdrawn { request, demand, tenant, waited_ms, .. } => {
            let (demand, tenant) = owner(demand, tenant);
            Row {
                fact: "withdrawn",
                request: text(request.0),
                demand,
                tenant,
                wait_ms: Some(waited_ms),
                ..Row::default()
            }
        }
        Fact::InstanceReady { request, service } => {
            instance("instance-ready", request, service, scenario)
        }
        Fact::InstanceAvailable { request, service } => {
            instance("instance-available", request, service, scenario)
        }
        Fact::InstanceFailed { request, service } => {
            instance("instance-failed", request, service, scenario)
        }
        Fact::InstanceTerminating { request, service, grace_ms } => Row {
            wait_ms: Some(grace_ms),
            ..instance("instance-terminating", request, service, scenario)
        },
        Fact::RolloutStarted { rollout, service, from, to, is_way_back, .. } => {
            let [from, to] = [from, to].map(|image| scenario.images[image.row()].name.as_str());
            let way = if is_way_back { "back from" } else { "from" };
            Row {
                demand: scenario.services[service.row()].name.clone(),
                detail: format!("{way} {from} to {to}"),
                ..of_rollout("rollout-started", rollout)
            }
        }
        Fact::RolloutScaled { rollout, version, from, to } => Row {
            detail: format!("{version} version: {from} to {to}"),
            ..of_rollout("rollout-scaled", rollout)
        },
        Fact::RolloutRouted { rollout, weight } => Row {
            detail: format!("{weight}% to the new version"),
            ..of_rollout("rollout-routed", rollout)
        },
        Fact::RolloutServes { rollout, version, most } => {
            let most = if most == u32::MAX { "all".to_owned() } else { text(most) };
            let detail = format!("{most} of the {version} version behind the load balancer");
            Row { detail, ..of_rollout("rollout-serves", rollout) }
        }
        Fact::RolloutCheckFailed { rollout, failed } => Row {
            detail: format!("{failed} so far"),
            ..of_rollout("rollout-check-failed", rollout)
        },
        Fact::TrafficServed { service, requests_milli, unserved_milli, serving, .. } => Row {
            detail: format!(
                "{}: {} requests, {} unserved, {serving} instances serve",
                scenario.services[service.row()].name,
                requests_milli / 1_000,
                unserved_milli / 1_000
            ),
            fact: "traffic-served",
            ..Row::default()
        },
        Fact::Autoscaled { service, from, to } => Row {
            detail: format!("{}: {from} to {to}", scenario.services[service.row()].name),
            fact: "autoscaled",
            ..Row::default()
        },
        Fact::ScaledOut { service, took_ms } => Row {
            detail: format!("{} after {took_ms} ms", scenario.services[service.row()].name),
            fact: "scaled-out",
            ..Row::default()
        },
        Fact::RolloutStep { rollout, step } => {
            Row { detail: format!("step {step}"), ..of_rollout("rollout-step", rollout) }
        }
        Fact::RolloutWaits { rollout, wait } => {
            Row { reason: wait.to_string(), ..of_rollout("rollout-waits", rollout) }
        }
        Fact::RolloutOverdue { rollout } => of_rollout("rollout-overdue", rollout),
        Fact::RolledBack { rollout, reason } => {
            Row { reason: reason.words().to_owned(), ..of_rollout("rolled-back", rollout) }
        }
        Fact::RolloutStands { rollout, row } => {
            Row { detail: row.to_string(), ..of_rollout("rollout-stands", rollout) }
        }
        Fact::RolloutEnded { rollout, outcome } => {
            Row { detail: outcome.to_string(), ..of_rollout("rollout-ended", rollout) }
        }
        Fact::RolloutReleased { rollout } => of_rollout("rollout-released", rollout),
        Fact::JobSubmitted { job, estimate_ms } => {
            of_job("job-submitted", &job, Some(estimate_ms), scenario)
        }
        Fact::JobStarted { job, waited_ms, .. } => {
            of_job("job-started", &job, Some(waited_ms), scenario)
        }
        Fact::JobEnded { job, run_ms, is_killed, .. } => {
            let fact = if is_killed { "job-killed" } else { "job-done" };
            of_job(fact, &job, Some(run_ms), scenario)
        }
        Fact::JobInterrupted { job, ran_ms } => {
            of_job("job-interrupted", &job, Some(ran_ms), scenario)
        }
        Fact::JobPreempted { job, ran_ms, .. } => {
            of_job("job-preempted", &job, Some(ran_ms), scenario)
        }
        Fact::JobRefused { job } => of_job("job-refused", &job, None, scenario),
        Fact::Offers(OfferFact { tenant, answer }) => Row {
            fact: "offers",
            tenant: scenario.tenants[tenant.row()].clone(),
            detail: format!(
                "{} made, {} accepted, {} declined, {} lost, {} held",
                answer.made, answer.accepted, answer.declined, answer.lost, answer.held
            ),
            ..Row::default()
        },
        Fact::Evicted { request, demand, tenant, vm, host, rollout } => {
            let (demand, tenant) = owner(demand, tenant);
            Row {
                fact: "evicted",
                request: text(request.0),
                demand,
                tenant,
                vm: text(vm.row()),
                host: text(host.row()),
                rollout: text(rollout.0),
                ..Row::default()
            }
        }
        Fact::HostRollout { rollout, step } => host_facts::row(rollout, step, scenario),
        Fact::Ended => Row { fact: "ended", ..Row::default() },
    }
}

fn instance(
    fact: &'static str,
    request: RequestId,
    service: ServiceId,
    scenario: &Scenario,
) -> Row {
    let demand = scenario.services[service.row()].name.clone();
    Row { fact, request: text(request.0), demand, ..Row::default() }
}

/// What a VM needs of what it asked for, and how often it was killed, stand in the last but one column.
fn of_memory(fact: &MemoryFact, scenario: &Scenario) -> Row {
    let (MemoryFact::Needs { request, demand, vm, .. }
    | MemoryFact::Killed { request, demand, vm, .. }
    | MemoryFact::Restarted { request, demand, vm, .. }) = *fact;
    let row = Row {
        request: text(request.0),
        demand: scenario.demands[demand.row()].name.clone(),
        vm: text(vm.row()),
        ..Row::default()
    };
    match *fact {
        MemoryFact::Needs { asked_mib, need_mib, .. } => {
            Row { fact: "memory-needs", detail: format!("{need_mib} of {asked_mib} MiB"), ..row }
        }
        MemoryFact::Killed { host, kills, wait_ms, .. } => {
            let (host, detail) = (text(host.row()), text(kills));
            Row { fact: "memory-killed", host, wait_ms, detail, ..row }
        }
        MemoryFact::Restarted { host, boot_ms, .. } => {
            let host = text(host.row());
            Row { fact: "restarted", host, wait_ms: Some(boot_ms), ..row }
        }
    }
}

/// A job's number stands in the column of names, and its queue and tasks in the last but one.
fn of_job(fact: &'static str, job: &JobOf, wait_ms: Option<u64>, scenario: &Scenario) -> Row {
    let queue = scenario.batch.as_ref().map(|batch| batch.queues[job.queue.row()].name.as_str());
    Row {
        fact,
        name: job.id.to_string(),
        demand: scenario.demands[job.demand.row()].name.clone(),
        tenant: scenario.tenants[job.tenant.row()].clone(),
        wait_ms,
        detail: format!("queue {}, {} tasks", queue.unwrap_or_default(), job.tasks),
        ..Row::default()
    }
}

/// What happened between pools; `pool` is the one that is left.
fn of_pools(fact: &PoolFact, scenario: &Scenario) -> Row {
    let pool = |migration: u32| {
        let from = scenario.pool_migrations[migration as usize].from;
        scenario.pools[from.row()].name.clone()
    };
    let copy = |fact, migration, request: RequestId| Row {
        fact,
        pool: pool(migration),
        request: text(request.0),
        ..Row::default()
    };
    match *fact {
        PoolFact::WaveBegan { migration, vms, .. } => {
            let (fact, migrations) = ("pool-wave", text(vms));
            Row { fact, pool: pool(migration), migrations, ..Row::default() }
        }
        PoolFact::CopyStarted { migration, request, vm, from, to, takes_ms, .. } => Row {
            vm: text(vm.row()),
            host: text(from.row()),
            to: text(to.row()),
            wait_ms: Some(takes_ms),
            ..copy("pool-copy-started", migration, request)
        },
        PoolFact::CopyWaits { migration, request, reason } => Row {
            reason: reason_name(&scenario.kinds, reason),
            ..copy("pool-copy-waiting", migration, request)
        },
        PoolFact::Copied { migration, request, vm } => {
            Row { vm: text(vm.row()), ..copy("pool-copied", migration, request) }
        }
        PoolFact::CutOver { migration, request, vm, from, to } => Row {
            vm: text(vm.row()),
            host: text(from.row()),
            to: text(to.row()),
            ..copy("pool-cut-over", migration, request)
        },
        PoolFact::CopyDropped { migration, request, vm, from, to } => Row {
            vm: text(vm.row()),
            host: text(from.row()),
            to: text(to.row()),
            ..copy("pool-copy-dropped", migration, request)
        },
        PoolFact::CopyPutOff { migration, request } => {
            copy("pool-copy-put-off", migration, request)
        }
        PoolFact::MigrationDone { migration } => {
            Row { fact: "pool-done", pool: pool(migration), ..Row::default() }
        }
        PoolFact::HandedOver { hand_over, host } => {
            let from = scenario.hand_overs[hand_over as usize].from;
            let (host, pool) = (text(host.row()), scenario.pools[from.row()].name.clone());
            Row { fact: "host-handed-over", host, pool, ..Row::default() }
        }
        PoolFact::TakenOver { hand_over, host } => {
            let to = scenario.hand_overs[hand_over as usize].to;
            let (host, pool) = (text(host.row()), scenario.pools[to.row()].name.clone());
            Row { fact: "host-taken-over", host, pool, ..Row::default() }
        }
    }
}

fn of_rollout(fact: &'static str, rollout: RolloutId) -> Row {
    Row { fact, rollout: text(rollout.0), ..Row::default() }
}

pub(super) fn text(number: impl ToString) -> String {
    number.to_string()
}

/// Why a try to boot failed.
fn blamed(scenario: &Scenario, fault: BootFault) -> String {
    match fault {
        BootFault::Own => "own".to_owned(),
        BootFault::Missing { dependency, .. } => {
            scenario.dependencies[dependency.row()].name.clone()
        }
    }
}
