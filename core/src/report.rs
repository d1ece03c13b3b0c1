//! The report: what a run comes to, as plain data. `summary.json` and `run --json` are this value;
//! `docs/RESULTS.md` describes it; [`SCHEMA_VERSION`] says which description.

pub mod boots;
pub mod energy;
pub mod jobs;
pub mod memory;
pub mod host_rollouts;
pub mod pools;
pub mod rollouts;

use boots::BootsReport;
use energy::{CostReport, EnergyReport};
use host_rollouts::HostRolloutsReport;
use jobs::JobsReport;
use memory::MemoryReport;
use pools::{HandOverReport, PoolMigrationReport, PoolReport};
use rollouts::{RolloutReport, RolloutTotals};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Raised by one when a field changes its meaning or goes; not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// What a run comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The version of the simulator.
    pub version: String,
    /// The scenario's name.
    pub scenario: String,
    /// The scenario's question; may be empty.
    pub question: String,
    /// The policy's name.
    pub policy: String,
    /// The seed.
    pub seed: u64,
    /// Hash of the fact stream, 16 hex digits.
    pub fingerprint: String,
    /// The answer, in one sentence.
    pub verdict: String,
    /// The scenario's start, `2011-07-01T00:00:00`.
    pub start: String,
    /// How long the run was, s.
    pub duration_s: f64,
    /// Hosts in service at the end.
    pub hosts: u64,
    /// Hosts in service at the start.
    pub hosts_at_start: u64,
    /// The most hosts in service.
    pub peak_hosts: u64,
    /// Requests that arrived.
    pub requests: u64,
    /// Requests that found a host.
    pub placed: u64,
    /// Requests refused for good.
    pub refused: u64,
    /// Requests still waiting at the end.
    pub waiting: u64,
    /// Refusals by reason: `memory`, `cpu+memory`, `pool`, `labels`, `group-per-host`, …
    pub refused_by: BTreeMap<String, u64>,
    /// Requests that had to wait, by the reason they began to wait for.
    pub waited_by: BTreeMap<String, u64>,
    /// How often a VM was pushed out by a request of higher priority.
    #[serde(default)]
    pub preempted: u64,
    /// How often one that was pushed out found a host again.
    #[serde(default)]
    pub resumed: u64,
    /// VMs pushed out that ended for good.
    #[serde(default)]
    pub lost: u64,
    /// Live migrations; `None` if nobody looked whether hosts can be emptied.
    #[serde(default)]
    pub migrations: Option<Migrations>,
    /// What failed, and what that cost; `None` without `[failures]`.
    #[serde(default)]
    pub failures: Option<FailuresReport>,
    /// What the fleet survives the loss of at the end: `none`, any `host`, any `rack` too, any `zone`
    /// too; `None` where nothing is expected of it.
    #[serde(default)]
    pub survives: Option<String>,
    /// The most VMs alive at once.
    pub peak_alive: u64,
    /// VMs alive at the end.
    pub alive: u64,
    /// VMs alive, averaged over time.
    pub mean_alive: f64,
    /// The most hosts with a VM on them.
    pub peak_hosts_used: u64,
    /// Hosts with a VM on them, averaged over time.
    pub mean_hosts_used: f64,
    /// By resource: share of effective capacity taken.
    pub utilisation: BTreeMap<String, Utilisation>,
    /// From request to ready.
    pub time_to_ready_s: Percentiles,
    /// Where it went; `None` where no request goes through a desk.
    #[serde(default)]
    pub provisioning: Option<Provisioning>,
    /// Hosts that no policy does without for the VMs that were placed: the largest, over time and
    /// resources, of what was taken ÷ the capacity of the largest host; when the fleet was first
    /// full and at the end also by what fits beside each other. `None` without hosts.
    pub hosts_lower_bound: Option<u64>,
    /// The same for the average over time: what was taken on average ÷ the capacity of the
    /// largest host, for the resource where that is most.
    #[serde(default)]
    pub mean_hosts_lower_bound: Option<f64>,
    /// At the end: what is free, and what of it the run's mix of requests cannot use. `None` if
    /// nothing was asked for or no host is in service.
    #[serde(default)]
    pub stranding: Option<Stranding>,
    /// The same when a request first found no room.
    #[serde(default)]
    pub stranding_first_full: Option<Stranding>,
    /// First refusal or first wait, if any: when the fleet was full.
    pub first_full: Option<Moment>,
    /// Which resource is the scarcest: the one with the highest peak utilisation.
    pub scarcest: Option<String>,
    /// Orders placed, in order.
    pub orders: Vec<Order>,
    /// Price of all hosts ordered, in the scenario's currency.
    pub ordered_price: f64,
    /// Energy and carbon; `None` where no host model says its `power`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy: Option<EnergyReport>,
    /// What the fleet costs for the time of the run; `None` where nothing has a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostReport>,
    /// Rollouts, in the order in which they began: the first
    /// [`ROLLOUTS_MAX`](rollouts::ROLLOUTS_MAX).
    pub rollouts: Vec<RolloutReport>,
    /// All rollouts together.
    #[serde(default)]
    pub rollout_totals: RolloutTotals,
    /// Batch work; `None` where there is none.
    #[serde(default)]
    pub jobs: Option<JobsReport>,
    /// What VMs needed of their memory; `None` where no flavor says it.
    #[serde(default)]
    pub memory: Option<MemoryReport>,
    /// New images for hosts; `None` without `[[host-rollout]]`.
    #[serde(default)]
    pub host_rollouts: Option<HostRolloutsReport>,
    /// Instances of services that waited for their first room until they were not wanted any more.
    #[serde(default)]
    pub withdrawn: u64,
    /// What users asked of services and what they got, for each service that has traffic.
    #[serde(default)]
    pub traffic: Vec<TrafficReport>,
    /// VMs that went from pool to pool, by migration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pool_migrations: Vec<PoolMigrationReport>,
    /// Hosts that did, by hand-over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hand_overs: Vec<HandOverReport>,
    /// The pools, where something goes from one to another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<PoolReport>,
    /// By tenant.
    pub tenants: Vec<TenantReport>,
    /// By demand.
    pub demands: Vec<TenantReport>,
    /// For a policy that goes by lifetimes: what it gains over best-fit on the same demand. Filled
    /// by who runs the scenario.
    #[serde(default)]
    pub contrast: Option<Contrast>,
    /// What was expected and what came.
    pub expectations: Vec<ExpectationReport>,
    /// What the reader of this report should know: warnings of the scenario, as sentences.
    pub notes: Vec<String>,
}

/// Two policies over the same demand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// The other policy.
    pub policy: String,
    /// Hosts in service without a VM, averaged over time.
    pub mean_empty_hosts: f64,
    /// The same with the other policy.
    pub mean_empty_hosts_other: f64,
    /// The first less the second: above 0, this policy keeps more hosts empty.
    pub difference: f64,
    /// How sure that is; `None` if the run is too short to tell.
    pub interval: Option<Interval>,
    /// Requests refused for good; where these differ, so does what the hosts carry.
    pub refused: u64,
    /// The same with the other policy.
    pub refused_other: u64,
}

/// A confidence interval of a difference, paired over blocks of time: two of them, as
/// [`crate::paired`] says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end, by the block bootstrap.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Student's lower end, correlation counted.
    pub student_low: f64,
    /// Its upper end.
    pub student_high: f64,
    /// How sure, 0..1.
    pub confidence: f64,
    /// How many blocks.
    pub blocks: u64,
    /// How long each is, s.
    pub block_s: f64,
    /// How many blocks in a row the bootstrap keeps together.
    pub stretch: u64,
    /// Correlation of the difference in one block with that in the next.
    pub correlation: f64,
    /// As how many independent blocks they count for Student's interval.
    pub independent: f64,
    /// In how many blocks the difference is above 0.
    pub above: u64,
}

/// An instant, twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// Seconds since the start.
    pub at_s: f64,
    /// Date and time in the scenario's calendar, `2013-04-18T00:00:00`.
    pub date: String,
}

impl Report {
    /// Whether every expectation held; so it is where there is none.
    pub fn is_held(&self) -> bool {
        self.expectations.iter().all(|expectation| expectation.held)
    }
}

/// How much of a resource is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Utilisation {
    /// Over time, 0..: integral of taken ÷ integral of capacity.
    pub mean: f64,
    /// The highest at any instant.
    pub peak: f64,
    /// At the end.
    pub end: f64,
    /// The unit of the amounts below.
    pub unit: String,
    /// The most taken at once.
    pub peak_used: i64,
    /// Capacity at the end.
    pub capacity: i64,
}

/// Free capacity and what of it is of no use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stranding {
    /// When.
    pub at: Moment,
    /// So many more VMs fit, in the proportions of the mix, until nothing of it does.
    pub vms_more: u64,
    /// By resource.
    pub resources: BTreeMap<String, Stranded>,
    /// The mix, most frequent first, at most [`crate::stranding::WANTED_MAX`] requests.
    pub fits: Vec<Fits>,
}

/// How much of a resource is of no use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stranded {
    /// Free.
    pub free: i64,
    /// Still free once nothing of the mix fits any more.
    pub stranded: i64,
    /// Stranded ÷ the capacity of all hosts in service.
    pub share: f64,
    /// The unit of the amounts.
    pub unit: String,
    /// What is stranded by the reason that keeps the mix out of the host: the resources that it
    /// has too little of (as in `refused_by`), `pool`, `labels` or `cordoned`.
    pub because: BTreeMap<String, i64>,
}

/// A request of the mix, and how many like it fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fits {
    /// Its flavor, or its size.
    pub request: String,
    /// Its share of the mix, 0..=1.
    pub share: f64,
    /// How many fit if only such come.
    pub vms: u64,
}

/// Live migrations of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Migrations {
    /// How often somebody looked whether hosts can be emptied.
    pub plans: u64,
    /// Migrations that set out.
    pub started: u64,
    /// That arrived.
    pub moved: u64,
    /// That ended where they began: the VM could not be copied, or ended on the way.
    pub failed: u64,
    /// How often a host had no VM any more when one of its had arrived elsewhere.
    pub hosts_emptied: u64,
    /// For how long VMs stood still, all together, s.
    pub downtime_s: f64,
    /// Memory copied, GiB.
    pub sent_gib: f64,
}

/// What failed in a run, and what that cost its VMs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailuresReport {
    /// How often a host went down.
    pub hosts_failed: u64,
    /// The same by cause: `own`, `burst`, `rack`, `zone`, `listed`; causes that there were.
    pub by_cause: BTreeMap<String, u64>,
    /// The most hosts down at once.
    pub peak_hosts_down: u64,
    /// Hosts down, averaged over time.
    pub mean_hosts_down: f64,
    /// Hosts that were replaced.
    pub replaced: u64,
    /// How often a VM went down with its host.
    pub vms_down: u64,
    /// How often one came up on another host.
    pub evacuated: u64,
    /// How often one came up where it was.
    pub restarted: u64,
    /// VMs lost with their host.
    pub lost: u64,
    /// VMs whose time was over while they were down.
    pub over: u64,
    /// VMs still down at the end.
    pub still_down: u64,
    /// How often one found no room when it was to come up, by reason, as in `refused_by`.
    pub stuck_by: BTreeMap<String, u64>,
    /// The most VMs down and without a host at once.
    pub peak_vms_down: u64,
    /// For how long VMs were down until they were ready again (or the run ended), all together,
    /// min. VMs that were lost count nothing.
    pub vm_minutes_lost: f64,
    /// The same by tenant, those that lost some.
    pub vm_minutes_lost_by_tenant: BTreeMap<String, f64>,
    /// How long outages of VMs were.
    pub outage_s: Percentiles,
}

/// Desks, and where the time from request to ready went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provisioning {
    /// Requests at desks at the end.
    pub at_desks: u64,
    /// What hosts fetched; `None` where all have all.
    #[serde(default)]
    pub pulls: Option<PullsReport>,
    /// Boots that can fail; `None` where all succeed.
    #[serde(default)]
    pub boots: Option<BootsReport>,
    /// The desks; a tenant's team is one of its own.
    pub desks: Vec<DeskReport>,
    /// Of all requests that were placed.
    pub all: StagesReport,
    /// The same by demand.
    pub demands: Vec<StagesReport>,
}

/// Images on their way to hosts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PullsReport {
    /// VMs that waited for their image.
    pub vms: u64,
    /// What was fetched, GiB.
    pub fetched_gib: f64,
    /// How long they waited.
    pub took_s: Percentiles,
}

/// What came of a desk. Its times are working hours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeskReport {
    /// Its name; that of a tenant's team is `desk (tenant)`.
    pub name: String,
    /// How many work at a time; `None`: as many as there are tickets.
    pub operators: Option<u32>,
    /// Tickets that joined its queue.
    pub tickets: u64,
    /// Tickets that were done.
    pub done: u64,
    /// In the queue at the end.
    pub backlog: u64,
    /// The most in the queue.
    pub peak_backlog: u64,
    /// In the queue, averaged over time.
    pub mean_backlog: f64,
    /// The share of their time that operators were at work.
    pub utilisation: Option<f64>,
    /// Work that came in the second half of the run ÷ what operators could do in it.
    pub load: Option<f64>,
    /// By how many tickets its queue grows each working day, where more work comes than can be
    /// done: such a queue has no mean wait.
    pub grows_per_day: Option<f64>,
    /// Since when its queue has not been empty.
    pub never_empty_since: Option<Moment>,
    /// How long tickets stood in the queue; `None` if it grows without end.
    pub queued_s: Option<Percentiles>,
}

/// Where the time of some requests went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StagesReport {
    /// The demand; `all` for all.
    pub name: String,
    /// How many requests were placed.
    pub requests: u64,
    /// From request to ready.
    pub time_to_ready_s: Percentiles,
    /// What of it was spent at desks in working hours.
    pub at_desks_s: Percentiles,
    /// By stage, in order: `approval`, `queue`, `hands-on`, `off-hours`, `room`, `pull`,
    /// `retries`, `boot`.
    pub stages: Vec<StageReport>,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageReport {
    /// Its name.
    pub stage: String,
    /// Its share of all time from request to ready, 0..=1.
    pub share: f64,
    /// How long it took.
    pub mean_s: f64,
    /// Half took at most this.
    pub p50_s: f64,
    /// 95 of 100 took at most this.
    pub p95_s: f64,
}

/// Percentiles of durations, s; all 0 when nothing was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Half are at most this.
    pub p50: f64,
    /// 95 of 100.
    pub p95: f64,
    /// 99 of 100.
    pub p99: f64,
    /// The longest.
    pub max: f64,
    /// The average.
    pub mean: f64,
}

/// One order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// When it was placed.
    pub ordered: Moment,
    /// When its hosts were (or will be) in service.
    pub due: Moment,
    /// How many hosts.
    pub hosts: u64,
    /// Of which model.
    pub model: String,
    /// For which pool.
    pub pool: String,
}

/// One tenant's (or one demand's) share of the figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenantReport {
    /// Its name.
    pub name: String,
    /// The tenant that it is a part of. A tenant's figures count those of its parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Requests that arrived.
    pub requests: u64,
    /// Requests that found a host.
    pub placed: u64,
    /// Requests refused for good.
    pub refused: u64,
}

/// The traffic of one service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrafficReport {
    /// The service.
    pub service: String,
    /// Requests of its users.
    pub requests: f64,
    /// Those that no instance could serve.
    pub unserved: f64,
    /// How long there were more than could be served, s.
    pub overload_s: f64,
    /// The longest such time, looks in a row, s.
    pub longest_overload_s: f64,
    /// Instances × the time for which they held room, hours.
    pub instance_hours: f64,
    /// Instances that held room, averaged over time.
    pub mean_instances: f64,
    /// The fewest instances that served at a look.
    pub min_serving: u32,
    /// The most.
    pub peak_serving: u32,
    /// How often its rule asked for more instances.
    pub scale_outs: u64,
    /// How often for fewer.
    pub scale_ins: u64,
    /// From the look that asked for more until they were available.
    pub scale_out_s: Percentiles,
}

/// One expectation and how it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectationReport {
    /// `refused at most 0.1%`.
    pub expected: String,
    /// The figure, in the expectation's unit: `0.04%`.
    pub found: String,
    /// Whether it held.
    pub held: bool,
}

/// The key figures that `[[expect]]` can name, with what they are and, where `%` makes sense,
/// of what.
pub const METRICS: &[Metric] = &[
    Metric { name: "requests", what: "requests that arrived", of: None },
    Metric { name: "placed", what: "requests that found a host", of: Some("requests") },
    Metric { name: "refused", what: "requests refused for good", of: Some("requests") },
    Metric { name: "waiting", what: "requests still waiting at the end", of: Some("requests") },
    Metric { name: "preempted", what: "VMs pushed out", of: Some("requests") },
    Metric { name: "lost", what: "VMs pushed out for good", of: Some("requests") },
    Metric { name: "migrations", what: "live migrations that arrived", of: None },
    Metric { name: "hosts-emptied", what: "hosts emptied by live migration", of: None },
    Metric {
        name: "survives",
        what: "what the fleet survives the loss of at the end: `\"none\"`, any `\"host\"`, any `\"rack\"` too, any `\"zone\"` too",
        of: None,
    },
    Metric { name: "hosts-failed", what: "how often a host went down", of: None },
    Metric { name: "peak-hosts-down", what: "the most hosts down at once", of: None },
    Metric { name: "vms-lost", what: "VMs lost with their host", of: Some("requests") },
    Metric { name: "vm-minutes-lost", what: "minutes that VMs were down, summed", of: None },
    Metric { name: "time-down-p95", what: "seconds that a VM was down, 95th percentile", of: None },
    Metric { name: "time-down-max", what: "the same, the longest", of: None },
    Metric { name: "pool-moved", what: "VMs cut over to another pool", of: None },
    Metric {
        name: "pool-left",
        what: "VMs that were to leave a pool and are still there",
        of: None,
    },
    Metric { name: "pool-waited", what: "copies of VMs that waited for room in a pool", of: None },
    Metric { name: "hosts-handed-over", what: "hosts that left a pool for another", of: None },
    Metric { name: "hosts", what: "hosts in service at the end", of: None },
    Metric { name: "peak-hosts", what: "the most hosts in service", of: None },
    Metric { name: "peak-hosts-used", what: "the most hosts with a VM on them", of: None },
    Metric { name: "mean-hosts-used", what: "hosts with a VM on them, over time", of: None },
    Metric { name: "peak-alive", what: "the most VMs alive at once", of: None },
    Metric { name: "alive", what: "VMs alive at the end", of: None },
    Metric { name: "orders", what: "orders placed", of: None },
    Metric { name: "ordered-price", what: "price of all hosts ordered", of: None },
    Metric {
        name: "cost",
        what: "what the fleet costs for the time of the run: hosts in service, written off over their useful life, and energy",
        of: None,
    },
    Metric { name: "cost-of-hosts", what: "the part of it for hosts", of: None },
    Metric { name: "cost-of-energy", what: "the part of it for energy, PUE included", of: None },
    Metric { name: "cost-per-vm-hour", what: "`cost` by hours of VMs", of: None },
    Metric { name: "cost-per-vcpu-hour", what: "`cost` by hours of vCPU given out", of: None },
    Metric { name: "energy", what: "kWh used, PUE included", of: None },
    Metric { name: "mean-power", what: "kW that all hosts draw, over time", of: None },
    Metric { name: "peak-power", what: "the most kW that all hosts draw", of: None },
    Metric {
        name: "carbon",
        what: "kg of CO2e: of energy, and of making hosts, by their useful life",
        of: None,
    },
    Metric {
        name: "unserved",
        what: "requests of users that no instance could serve",
        of: Some("users' requests"),
    },
    Metric { name: "instance-hours", what: "hours of all instances with traffic", of: None },
    Metric { name: "time-overloaded", what: "seconds with more traffic than served", of: None },
    Metric { name: "time-to-scale-out", what: "seconds from a rule's word, longest", of: None },
    Metric { name: "time-to-ready-p50", what: "seconds from request to ready, median", of: None },
    Metric { name: "time-to-ready-p95", what: "the same, 95th percentile", of: None },
    Metric { name: "time-to-ready-p99", what: "the same, 99th percentile", of: None },
    Metric { name: "time-to-ready-mean", what: "the same, on average", of: None },
    Metric { name: "rollouts", what: "rollouts that began", of: None },
    Metric {
        name: "rollouts-complete",
        what: "rollouts that brought the new version",
        of: Some("rollouts"),
    },
    Metric {
        name: "rollouts-turned-back",
        what: "rollouts that turned back",
        of: Some("rollouts"),
    },
    Metric {
        name: "rollouts-overdue",
        what: "rollouts that stood still for longer than they may",
        of: Some("rollouts"),
    },
    Metric { name: "host-rollouts", what: "host rollouts that began", of: None },
    Metric {
        name: "host-rollouts-complete",
        what: "host rollouts that brought the image to all hosts meant",
        of: Some("host rollouts"),
    },
    Metric {
        name: "time-of-longest-host-rollout",
        what: "seconds that the longest host rollout took, or takes still",
        of: None,
    },
    Metric {
        name: "time-host-rollouts-stalled",
        what: "seconds that host rollouts stood still because a VM could not leave",
        of: None,
    },
    Metric { name: "peak-hosts-out", what: "the most hosts out for one host rollout", of: None },
    Metric { name: "evicted", what: "how often a VM was evicted for a host rollout", of: None },
    Metric {
        name: "time-of-longest-rollout",
        what: "seconds that the longest rollout took, or takes still",
        of: None,
    },
    Metric {
        name: "rollouts-unavailable",
        what: "instance-seconds that users missed during rollouts",
        of: None,
    },
    Metric {
        name: "time-at-desks-p50",
        what: "seconds of working time at desks, median",
        of: None,
    },
    Metric { name: "time-at-desks-p95", what: "the same, 95th percentile", of: None },
    Metric { name: "time-at-desks-mean", what: "the same, on average", of: None },
    Metric { name: "backlog", what: "tickets in the queues of desks at the end", of: None },
    Metric { name: "peak-backlog", what: "the most in the queue of one desk", of: None },
    Metric {
        name: "backlog-growth",
        what: "tickets a working day by which queues of desks grow without end",
        of: None,
    },
    Metric { name: "jobs", what: "jobs that were submitted", of: None },
    Metric { name: "jobs-ended", what: "jobs that are over", of: Some("jobs") },
    Metric {
        name: "jobs-killed",
        what: "jobs that ended because their estimate was over",
        of: Some("jobs"),
    },
    Metric {
        name: "jobs-preempted",
        what: "how often a job ended so that another tenant got what it is guaranteed",
        of: Some("jobs"),
    },
    Metric { name: "jobs-waiting", what: "jobs still waiting at the end", of: Some("jobs") },
    Metric { name: "time-jobs-wait-mean", what: "seconds that a job waited, mean", of: None },
    Metric { name: "time-jobs-wait-p95", what: "the same, 95th percentile", of: None },
    Metric {
        name: "slowdown-mean",
        what: "(wait + run) ÷ run of jobs, where 10 s of run are the least that count, mean",
        of: None,
    },
    Metric { name: "slowdown-p95", what: "the same, 95th percentile", of: None },
    Metric {
        name: "fairness",
        what: "Jain's index over the tenants' shares of batch work",
        of: None,
    },
    Metric {
        name: "offers-held",
        what: "what tenants held back of what they were offered, of the scarcest resource, mean",
        of: Some("capacity"),
    },
    Metric { name: "boots-failed", what: "tries to boot that failed", of: None },
    Metric { name: "boots-given-up", what: "boots that nobody tries any more", of: None },
    Metric {
        name: "memory-kills",
        what: "how often a VM was killed for want of memory",
        of: Some("VMs that say what they need"),
    },
    Metric {
        name: "vms-memory-killed",
        what: "VMs that were killed for want of memory, each once",
        of: Some("VMs that say what they need"),
    },
    Metric {
        name: "vms-memory-looping",
        what: "VMs that were killed three times or more",
        of: Some("VMs that say what they need"),
    },
    Metric {
        name: "memory-minutes-lost",
        what: "minutes that VMs were down for want of memory",
        of: None,
    },
    Metric {
        name: "memory-wasted",
        what: "MiB × hours that were asked for and not needed",
        of: Some("memory asked for"),
    },
    Metric {
        name: "utilisation-mean",
        what: "mean utilisation of the scarcest resource",
        of: Some("capacity"),
    },
    Metric {
        name: "utilisation-peak",
        what: "peak utilisation of the scarcest resource",
        of: Some("capacity"),
    },
];

/// What a fleet survives, from least to most: the values of the key figure `survives`.
pub const SURVIVES: [&str; 4] = ["none", "host", "rack", "zone"];

/// A key figure that an expectation can name.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name in `[[expect]]`.
    pub name: &'static str,
    /// What it counts.
    pub what: &'static str,
    /// What a bound in percent is a share of; `None`: percent makes no sense.
    pub of: Option<&'static str>,
}

/// The key figure of that name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// Which of two values of a key figure one would rather have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// The smaller.
    Less,
    /// The larger.
    More,
}

impl Metric {
    /// Which value is better; `None` where that depends on what one wants.
    pub fn better(&self) -> Option<Better> {
        match self.name {
            "requests" | "alive" | "peak-alive" | "migrations" | "rollouts" | "host-rollouts"
            | "jobs" | "utilisation-mean" | "utilisation-peak" | "peak-hosts-out"
            | "instance-hours" | "pool-moved" | "hosts-handed-over" => None,
            "placed"
            | "hosts-emptied"
            | "survives"
            | "rollouts-complete"
            | "host-rollouts-complete"
            | "jobs-ended"
            | "fairness" => Some(Better::More),
            _ => Some(Better::Less),
        }
    }

    /// Whether each demand has one.
    pub fn is_by_demand(&self) -> bool {
        let of_demand = matches!(self.name, "requests" | "placed" | "refused");
        let of_demand = of_demand || self.name.contains("memory-");
        of_demand || self.name.starts_with("time-") && !self.name.starts_with("time-jobs-")
    }
}

/// The run over time: [`SERIES_ROWS_MAX`] rows at most, however long the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Length of a row, ms; the last may be shorter.
    pub step_ms: u64,
    /// The names of the columns, in order: `hosts`, `hosts_used`, `alive`, `waiting`,
    /// `requests`, `placed`, `refused`, and for each resource `NAME_used` and `NAME_capacity`; where
    /// VMs or hosts go from pool to pool `pool_NAME_hosts`, `pool_NAME_hosts_used` and `vms_twice`;
    /// where it is known what hosts draw `power_w`; where there are desks `queued`.
    pub columns: Vec<SeriesColumn>,
}

/// The most rows of a series.
pub const SERIES_ROWS_MAX: usize = 1_024;

/// One column of a series; row i covers `[i·step, (i+1)·step)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesColumn {
    /// Its name.
    pub name: String,
    /// The unit: `hosts`, `VMs`, `requests`, `MiB`, …
    pub unit: String,
    /// Whether it is a level (hosts, alive, …: mean, min and max of the row are told) or a count
    /// of what happened in the row (requests, placed, refused: `mean`, `min` and `max` are equal
    /// to the count).
    pub is_count: bool,
    /// Averaged over the row's time.
    pub mean: Vec<f64>,
    /// The lowest at any instant of the row.
    pub min: Vec<i64>,
    /// The highest at any instant of the row: extremes are exact, whatever the step.
    pub max: Vec<i64>,
}
