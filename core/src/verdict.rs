//! The verdict: from a run's summary to its report, the answer in words first.

mod boots;
mod energy;
mod jobs;
mod memory;
mod host_rollouts;
mod pools;
mod provisioning;
mod rollouts;

pub use host_rollouts::why as why_stuck;

use crate::fact::Reason;
use crate::observe::summary::{Counts, Snapshot};
use crate::observe::{Durations, Summary};
use crate::report::{
    self, ExpectationReport, FailuresReport, Fits, Metric, Migrations, Moment, Order, Percentiles,
    Report, SCHEMA_VERSION, SURVIVES, Stranded, Stranding, TenantReport, TrafficReport,
    Utilisation,
};
use crate::resources::{Amounts, Kinds};
use crate::scenario::{
    Arrivals, Bound, Demand, DemandId, Expectation, Scenario, ServiceId, TenantId,
};
use crate::state::tenancy::VMS_BIT;
use crate::stranding::Wanted;
use crate::time::{DAY_MS, HOUR_MS, Time};
use crate::units::format_amount;
use crate::words::{self, count as digits, percent, plural};
use std::collections::BTreeMap;

/// The report of a run that has ended.
pub fn report(scenario: &Scenario, summary: &Summary, fingerprint: String) -> Report {
    let (now, kinds) = (summary.now, &scenario.kinds);
    let mut report = Report {
        schema_version: SCHEMA_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: scenario.name.clone(),
        question: scenario.question.clone(),
        policy: scenario.placement.policy.name().to_owned(),
        seed: scenario.seed,
        fingerprint,
        verdict: String::new(),
        start: moment(scenario, Time::ZERO).date,
        duration_s: seconds(scenario.duration_ms),
        hosts: level(summary.hosts.value),
        hosts_at_start: summary.hosts_at_start,
        peak_hosts: level(summary.hosts.peak),
        requests: summary.total.requests,
        placed: summary.total.placed,
        refused: summary.total.refused,
        waiting: level(summary.waiting.value),
        refused_by: by_reason(kinds, &summary.refused_by),
        waited_by: by_reason(kinds, &summary.waited_by),
        preempted: summary.pushed_out.preempted,
        resumed: summary.pushed_out.resumed,
        lost: summary.pushed_out.lost,
        migrations: migrations(summary),
        failures: failures(scenario, summary),
        survives: summary.survives.map(|row| SURVIVES[usize::from(row)].to_owned()),
        peak_alive: level(summary.alive.peak),
        alive: level(summary.alive.value),
        mean_alive: summary.alive.mean(now),
        peak_hosts_used: level(summary.hosts_used.peak),
        mean_hosts_used: summary.hosts_used.mean(now),
        utilisation: (0..kinds.len())
            .map(|column| (kinds.name(column).to_owned(), utilisation(kinds, summary, column)))
            .collect(),
        time_to_ready_s: percentiles(&summary.ready),
        provisioning: provisioning::report(scenario, summary),
        hosts_lower_bound: lower_bound(summary),
        mean_hosts_lower_bound: mean_lower_bound(summary),
        stranding: summary.end.as_ref().and_then(|end| stranding(scenario, end)),
        stranding_first_full: summary.full.as_ref().and_then(|full| stranding(scenario, full)),
        first_full: summary.first_full.map(|(at, _)| moment(scenario, at)),
        scarcest: scarcest(summary, kinds).map(|column| kinds.name(column).to_owned()),
        orders: orders(scenario, summary),
        ordered_price: ordered_price(scenario, summary),
        energy: energy::energy(scenario, summary),
        cost: None,
        rollouts: rollouts::reports(scenario, summary),
        rollout_totals: rollouts::totals(summary),
        jobs: jobs::report(scenario, summary),
        memory: memory::report(scenario, summary),
        host_rollouts: host_rollouts::report(scenario, summary),
        withdrawn: summary.withdrawn,
        traffic: traffic(scenario, summary),
        tenants: tenants(scenario, &summary.by_tenant),
        demands: named(scenario.demands.iter().map(|demand| &demand.name), &summary.by_demand),
        pool_migrations: Vec::new(),
        hand_overs: Vec::new(),
        pools: Vec::new(),
        contrast: None,
        expectations: Vec::new(),
        notes: scenario.notes.clone(),
    };
    report.cost = energy::cost(scenario, summary, report.energy.as_ref());
    pools::fill(scenario, summary, &mut report);
    let expectations = &scenario.expectations;
    let expectations = expectations.iter().map(|e| expectation(scenario, summary, e, &report));
    report.expectations = expectations.collect();
    report.verdict = sentence(scenario, summary, &report);
    rollouts::notes(scenario, summary, &mut report);
    report
}

/// A reason in a word: the key of `refused_by`.
pub fn reason_name(kinds: &Kinds, reason: Reason) -> String {
    match reason {
        Reason::NoHosts => "no-hosts".to_owned(),
        Reason::Pool => "pool".to_owned(),
        Reason::Quota(quotas) => format!("quota-{}", quota_names(kinds, quotas).join("+")),
        Reason::Labels => "labels".to_owned(),
        Reason::Forbidden => "forbidden-labels".to_owned(),
        Reason::Taints => "taints".to_owned(),
        Reason::Exclusive => "exclusive".to_owned(),
        Reason::Cordoned => "cordoned".to_owned(),
        Reason::Short(columns) => {
            let short = (0..kinds.len()).filter(|column| columns & (1 << column) != 0);
            short.map(|column| kinds.name(column)).collect::<Vec<_>>().join("+")
        }
        Reason::Devices => "gpu-devices".to_owned(),
        Reason::Cells => "numa-cells".to_owned(),
        Reason::GroupPerHost => "group-per-host".to_owned(),
        Reason::GroupPerRack => "group-per-rack".to_owned(),
        Reason::GroupPerZone => "group-per-zone".to_owned(),
        Reason::Affinity(level) => format!("group-affinity-{}", level.name()),
        Reason::Skew(level) => format!("group-skew-{}", level.name()),
        Reason::PassedOver => "passed-over".to_owned(),
        Reason::Down => "down".to_owned(),
    }
}

/// What quotas are of, as in [`Reason::Quota`].
fn quota_names(kinds: &Kinds, quotas: u16) -> Vec<&str> {
    let columns = (0..kinds.len()).filter(|column| quotas & (1 << column) != 0);
    let vms = (quotas & VMS_BIT != 0).then_some("vms");
    columns.map(|column| kinds.name(column)).chain(vms).collect()
}

/// What a reason's word means: `for not enough memory`.
pub fn reason_words(name: &str) -> String {
    match name {
        "no-hosts" => "because no host is in service".to_owned(),
        "pool" => "because the pool has no hosts".to_owned(),
        "down" => "because all hosts are down".to_owned(),
        "labels" => "because no host has the labels".to_owned(),
        "forbidden-labels" => "because the hosts left have labels that they forbid".to_owned(),
        "taints" => "because they do not tolerate the taints of the hosts left".to_owned(),
        "cordoned" => "because the hosts left take no new VMs".to_owned(),
        "gpu-devices" => "because the free GPUs lie in pieces".to_owned(),
        "numa-cells" => "because too few NUMA cells have enough left".to_owned(),
        "exclusive" => "because tenants want no others beside them on the hosts left".to_owned(),
        "group-per-host" => "because their group has its share of every host".to_owned(),
        "group-per-rack" => "because their group has its share of every rack".to_owned(),
        "group-per-zone" => "because their group has its share of every zone".to_owned(),
        "passed-over" => "because the policy passes over the hosts that fit".to_owned(),
        apart if apart.starts_with("group-affinity-") => {
            let level = apart.trim_start_matches("group-affinity-");
            format!("because their group is in another {level}")
        }
        skew if skew.starts_with("group-skew-") => {
            let level = skew.trim_start_matches("group-skew-");
            format!("because their group would be spread too unevenly over {level}s")
        }
        quota if quota.starts_with("quota-") => {
            let of = quota.trim_start_matches("quota-").replace('+', " and ");
            format!("because their tenants have their quota of {of}")
        }
        short => format!("for not enough {}", short.replace('+', " and ")),
    }
}

fn migrations(summary: &Summary) -> Option<Migrations> {
    let counts = &summary.migrations;
    (counts.plans > 0).then(|| Migrations {
        plans: counts.plans,
        started: counts.started,
        moved: counts.moved,
        failed: counts.failed,
        hosts_emptied: counts.hosts_emptied,
        downtime_s: seconds(counts.downtime_ms),
        sent_gib: counts.sent_mib as f64 / 1_024.0,
    })
}

fn failures(scenario: &Scenario, summary: &Summary) -> Option<FailuresReport> {
    let outages = &summary.outages;
    let causes = [
        ("own", outages.own),
        ("burst", outages.burst),
        ("rack", outages.rack),
        ("zone", outages.zone),
        ("listed", outages.listed),
    ];
    let causes = causes.into_iter().filter(|(_, count)| *count > 0);
    let minutes = |ms: u128| ms as f64 / 6e4;
    let tenants = scenario.tenants.iter().zip(&outages.down_ms_by_tenant);
    let tenants = tenants.filter(|(_, ms)| **ms > 0);
    outages.is_kept().then(|| FailuresReport {
        hosts_failed: outages.hosts_failed(),
        by_cause: causes.map(|(name, count)| (name.to_owned(), count)).collect(),
        peak_hosts_down: level(outages.hosts_down.peak),
        mean_hosts_down: outages.hosts_down.mean(summary.now),
        replaced: outages.replaced,
        vms_down: outages.vms_down,
        evacuated: outages.evacuated,
        restarted: outages.restarted,
        lost: outages.lost,
        over: outages.over,
        still_down: outages.still_down(),
        stuck_by: by_reason(&scenario.kinds, &outages.stuck_by),
        peak_vms_down: level(outages.homeless.peak),
        vm_minutes_lost: minutes(outages.down_ms),
        vm_minutes_lost_by_tenant: tenants.map(|(n, ms)| (n.clone(), minutes(*ms))).collect(),
        outage_s: percentiles(&outages.down),
    })
}

fn traffic(scenario: &Scenario, summary: &Summary) -> Vec<TrafficReport> {
    let report = |(service, seen): (&ServiceId, &crate::observe::Traffic)| TrafficReport {
        service: scenario.services[service.row()].name.clone(),
        requests: seen.requests_milli as f64 / 1e3,
        unserved: seen.unserved_milli as f64 / 1e3,
        overload_s: seconds(seen.overload_ms),
        longest_overload_s: seconds(seen.longest_overload_ms),
        instance_hours: seen.instance_ms as f64 / HOUR_MS as f64,
        mean_instances: seen.instance_ms as f64 / seen.lasts_ms.max(1) as f64,
        min_serving: seen.serving_least.unwrap_or(0),
        peak_serving: seen.serving_most,
        scale_outs: seen.scale_outs,
        scale_ins: seen.scale_ins,
        scale_out_s: percentiles(&seen.took),
    };
    summary.traffic.iter().map(report).collect()
}

fn by_reason(kinds: &Kinds, counts: &BTreeMap<Reason, u64>) -> BTreeMap<String, u64> {
    counts.iter().map(|(reason, count)| (reason_name(kinds, *reason), *count)).collect()
}

/// What became of each tenant's requests and of those of its parts.
fn tenants(scenario: &Scenario, counts: &[Counts]) -> Vec<TenantReport> {
    let mut all = vec![Counts::default(); counts.len()];
    for (row, counts) in counts.iter().enumerate() {
        for tenant in scenario.line_of(TenantId::from_row(row)) {
            let sum = &mut all[tenant.row()];
            sum.requests += counts.requests;
            sum.placed += counts.placed;
            sum.refused += counts.refused;
        }
    }
    let mut tenants = named(scenario.tenants.iter(), &all);
    for (report, rules) in tenants.iter_mut().zip(&scenario.tenant_rules) {
        report.parent = rules.parent.map(|parent| scenario.tenants[parent.row()].clone());
    }
    tenants
}

fn named<'a>(names: impl Iterator<Item = &'a String>, counts: &[Counts]) -> Vec<TenantReport> {
    let report = |(name, counts): (&String, &Counts)| TenantReport {
        name: name.clone(),
        parent: None,
        requests: counts.requests,
        placed: counts.placed,
        refused: counts.refused,
    };
    names.zip(counts).map(report).collect()
}

fn utilisation(kinds: &Kinds, summary: &Summary, column: usize) -> Utilisation {
    let (used, capacity) = (&summary.used[column], &summary.capacity[column]);
    let (most, of) = summary.fullest[column];
    Utilisation {
        mean: ratio(used.area(summary.now) as f64, capacity.area(summary.now) as f64),
        peak: ratio(most as f64, of as f64),
        end: ratio(used.value as f64, capacity.value as f64),
        unit: kinds.unit(column).to_owned(),
        peak_used: used.peak,
        capacity: capacity.value,
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// The column with the highest peak share; the first of equals.
fn scarcest(summary: &Summary, kinds: &Kinds) -> Option<usize> {
    let share = |column: usize| {
        let (most, of) = summary.fullest[column];
        ratio(most as f64, of as f64)
    };
    (0..kinds.len()).reduce(|best, column| if share(column) > share(best) { column } else { best })
}

fn percentiles(of: &Durations) -> Percentiles {
    Percentiles {
        p50: seconds(of.at(0.5)),
        p95: seconds(of.at(0.95)),
        p99: seconds(of.at(0.99)),
        max: seconds(of.max_ms()),
        mean: of.mean_ms() / 1e3,
    }
}

/// No fleet of such hosts can hold what this one held at its peak with fewer: by volume at every
/// instant, by volume and fit when it was first full and at the end.
fn lower_bound(summary: &Summary) -> Option<u64> {
    let largest = summary.largest.iter().zip(&summary.used);
    let volumes = largest.filter(|(largest, _)| **largest > 0);
    let volume = volumes.map(|(largest, used)| level(used.peak).div_ceil(level(*largest))).max();
    let snapshots = [&summary.full, &summary.end].into_iter().flatten();
    volume.max(snapshots.filter_map(|at| volume.map(|_| at.hosts_bound)).max())
}

/// The same averaged over time, by volume.
fn mean_lower_bound(summary: &Summary) -> Option<f64> {
    let largest = summary.largest.iter().zip(&summary.used);
    let volumes = largest.filter(|(largest, _)| **largest > 0);
    volumes.map(|(largest, used)| used.mean(summary.now) / *largest as f64).reduce(f64::max)
}

/// `None` if nothing was asked for, or of no host.
fn stranding(scenario: &Scenario, at: &Snapshot) -> Option<Stranding> {
    let (kinds, account) = (&scenario.kinds, &at.stranding);
    let all: u64 = account.fits.iter().map(|(wanted, _)| wanted.weight).sum();
    if all == 0 || account.stranded.is_empty() {
        return None;
    }
    let of = |column: usize| {
        let because = account.stranded.iter().filter(|(_, amounts)| amounts[column] > 0);
        let stranded = because.clone().map(|(_, amounts)| amounts[column]).sum::<i64>();
        Stranded {
            free: account.free[column],
            stranded,
            share: ratio(stranded as f64, account.capacity[column] as f64),
            unit: kinds.unit(column).to_owned(),
            because: because.map(|(why, by)| (reason_name(kinds, *why), by[column])).collect(),
        }
    };
    let fits = |(wanted, vms): &(Wanted, u64)| Fits {
        request: request_size(scenario, &wanted.amounts),
        share: wanted.weight as f64 / all as f64,
        vms: *vms,
    };
    Some(Stranding {
        at: moment(scenario, at.at),
        vms_more: account.more,
        resources: (0..kinds.len()).map(|c| (kinds.name(c).to_owned(), of(c))).collect(),
        fits: account.fits.iter().map(fits).collect(),
    })
}

/// The flavor of this size; or the size itself.
fn request_size(scenario: &Scenario, amounts: &Amounts) -> String {
    let kinds = &scenario.kinds;
    if let Some(flavor) = scenario.flavors.iter().find(|f| f.amounts == *amounts) {
        return flavor.name.clone();
    }
    let columns = (0..kinds.len()).filter(|column| amounts[*column] > 0);
    let texts = columns.map(|c| format_amount(kinds.name(c), kinds.unit(c), amounts[c]));
    texts.collect::<Vec<_>>().join(" ")
}

fn orders(scenario: &Scenario, summary: &Summary) -> Vec<Order> {
    let order = |placed: &crate::observe::summary::OrderPlaced| {
        let host_type = &scenario.host_types[placed.host_type.row()];
        Order {
            ordered: moment(scenario, placed.at),
            due: moment(scenario, placed.at.after(placed.lead_ms)),
            hosts: placed.hosts.into(),
            model: scenario.models[host_type.model.row()].name.clone(),
            pool: scenario.pools[host_type.pool.row()].name.clone(),
        }
    };
    summary.orders.iter().map(order).collect()
}

fn ordered_price(scenario: &Scenario, summary: &Summary) -> f64 {
    let price = |placed: &crate::observe::summary::OrderPlaced| {
        let model = scenario.host_types[placed.host_type.row()].model;
        u128::from(scenario.models[model.row()].price_cents) * u128::from(placed.hosts)
    };
    summary.orders.iter().map(price).sum::<u128>() as f64 / 100.0
}

fn expectation(
    scenario: &Scenario,
    summary: &Summary,
    expectation: &Expectation,
    report: &Report,
) -> ExpectationReport {
    let of_demand = expectation.demand.map(|demand| of_demand(summary, demand, report));
    let report = of_demand.as_ref().unwrap_or(report);
    let metric = report::metric(&expectation.metric).expect("the scenario check knows the metrics");
    let value = value(metric, report);
    let share = share(metric, report).unwrap_or(value);
    let holds = |bound: &Bound, is_most: bool| {
        let (found, limit) = match bound {
            Bound::Value(limit) => (value, *limit),
            Bound::Share(limit) => (share, *limit),
        };
        if is_most { found <= limit } else { found >= limit }
    };
    let bounds = [(&expectation.at_most, "at most"), (&expectation.at_least, "at least")];
    let words = bounds.iter().filter_map(|(bound, words)| {
        let bound = bound.as_ref()?;
        Some(format!("{words} {}", bound_text(&expectation.metric, bound)))
    });
    let whose = match expectation.demand {
        Some(demand) => format!(" of {}", scenario.demands[demand.row()].name),
        None => String::new(),
    };
    let is_share = bounds.iter().any(|(bound, _)| matches!(bound, Some(Bound::Share(_))));
    ExpectationReport {
        expected: format!(
            "{}{whose} {}",
            expectation.metric,
            words.collect::<Vec<_>>().join(" and ")
        ),
        found: if is_share { percent(share) } else { figure(&expectation.metric, value) },
        held: expectation.at_most.as_ref().is_none_or(|bound| holds(bound, true))
            && expectation.at_least.as_ref().is_none_or(|bound| holds(bound, false)),
    }
}

fn bound_text(metric: &str, bound: &Bound) -> String {
    match bound {
        Bound::Value(value) => figure(metric, *value),
        Bound::Share(share) => percent(*share),
    }
}

/// A key figure with its unit, as people read it.
pub fn figure(metric: &str, value: f64) -> String {
    if metric == "survives" {
        return SURVIVES[(value as usize).min(SURVIVES.len() - 1)].to_owned();
    }
    match metric {
        time if time.starts_with("time-") => words::duration(value),
        "cost-per-vm-hour" | "cost-per-vcpu-hour" => words::price(value),
        "energy" => format!("{} kWh", words::amount(value)),
        "mean-power" | "peak-power" => format!("{} kW", words::amount(value)),
        "carbon" => format!("{} kg", words::amount(value)),
        _ => words::amount(value),
    }
}

/// The report with the figures of one demand in the place of the run's: those that
/// [`crate::report::Metric::is_by_demand`] names.
fn of_demand(summary: &Summary, demand: DemandId, report: &Report) -> Report {
    let row = demand.row();
    let TenantReport { requests, placed, refused, .. } = report.demands[row];
    let ready = summary.ready_by_demand.get(row);
    let time_to_ready_s = ready.map(percentiles).unwrap_or_default();
    let mut report = Report { requests, placed, refused, time_to_ready_s, ..report.clone() };
    if let Some(provisioning) = &mut report.provisioning {
        provisioning.all = provisioning.demands[row].clone();
    }
    if let Some(of_all) = &mut report.memory {
        memory::narrow(of_all, &report.demands[row].name);
    }
    report
}

/// The same as a share of what the metric is a part of; `None` where that makes no sense. Nothing of
/// nothing is 0.
pub fn share(metric: &Metric, report: &Report) -> Option<f64> {
    let whole = match metric.of? {
        "requests" => report.requests as f64,
        "rollouts" => report.rollout_totals.rollouts as f64,
        "host rollouts" => report.host_rollouts.as_ref().map_or(0.0, |all| all.rollouts as f64),
        "users' requests" => report.traffic.iter().map(|of| of.requests).sum(),
        "jobs" => report.jobs.as_ref().map_or(0.0, |jobs| jobs.all.submitted as f64),
        other => memory::whole(other, report).unwrap_or(1.0),
    };
    let value = value(metric, report);
    Some(if whole > 0.0 { value / whole } else { 0.0 })
}

/// A key figure of a run, in its own unit; 0 where the run has nothing of the kind.
pub fn value(metric: &Metric, report: &Report) -> f64 {
    let scarcest = report.scarcest.as_ref().and_then(|name| report.utilisation.get(name));
    let failed = report.failures.as_ref();
    let rolled = report.host_rollouts.as_ref();
    let (energy, cost) = (report.energy.as_ref(), report.cost.as_ref());
    match metric.name {
        "host-rollouts" => rolled.map_or(0.0, |rolled| rolled.rollouts as f64),
        "host-rollouts-complete" => rolled.map_or(0.0, |rolled| rolled.complete as f64),
        "time-of-longest-host-rollout" => rolled.map_or(0.0, |rolled| rolled.longest_s),
        "time-host-rollouts-stalled" => rolled.map_or(0.0, |rolled| rolled.stalled_s),
        "peak-hosts-out" => rolled.map_or(0.0, |rolled| rolled.peak_hosts_out as f64),
        "evicted" => rolled.map_or(0.0, |rolled| rolled.vms_evicted as f64),
        "survives" => {
            let name = report.survives.as_deref();
            SURVIVES.iter().position(|known| Some(*known) == name).unwrap_or(0) as f64
        }
        "hosts-failed" => failed.map_or(0.0, |failed| failed.hosts_failed as f64),
        "peak-hosts-down" => failed.map_or(0.0, |failed| failed.peak_hosts_down as f64),
        "vms-lost" => failed.map_or(0.0, |failed| failed.lost as f64),
        "vm-minutes-lost" => failed.map_or(0.0, |failed| failed.vm_minutes_lost),
        "time-down-p95" => failed.map_or(0.0, |failed| failed.outage_s.p95),
        "time-down-max" => failed.map_or(0.0, |failed| failed.outage_s.max),
        "requests" => report.requests as f64,
        "placed" => report.placed as f64,
        "refused" => report.refused as f64,
        "waiting" => report.waiting as f64,
        "preempted" => report.preempted as f64,
        "lost" => report.lost as f64,
        "migrations" => report.migrations.as_ref().map_or(0.0, |counts| counts.moved as f64),
        "hosts-emptied" => {
            report.migrations.as_ref().map_or(0.0, |counts| counts.hosts_emptied as f64)
        }
        "pool-moved" => report.pool_migrations.iter().map(|of| of.moved as f64).sum(),
        "pool-left" => report.pool_migrations.iter().map(|of| of.left as f64).sum(),
        "pool-waited" => {
            let waited = report.pool_migrations.iter().flat_map(|of| of.waited_by.values());
            waited.map(|count| *count as f64).sum()
        }
        "hosts-handed-over" => report.hand_overs.iter().map(|of| of.hosts as f64).sum(),
        "hosts" => report.hosts as f64,
        "peak-hosts" => report.peak_hosts as f64,
        "peak-hosts-used" => report.peak_hosts_used as f64,
        "mean-hosts-used" => report.mean_hosts_used,
        "peak-alive" => report.peak_alive as f64,
        "alive" => report.alive as f64,
        "orders" => report.orders.len() as f64,
        "ordered-price" => report.ordered_price,
        "cost" => cost.map_or(0.0, |cost| cost.total),
        "cost-of-hosts" => cost.map_or(0.0, |cost| cost.hosts),
        "cost-of-energy" => cost.map_or(0.0, |cost| cost.energy),
        "cost-per-vm-hour" => cost.and_then(|cost| cost.per_vm_hour).unwrap_or(0.0),
        "cost-per-vcpu-hour" => cost.and_then(|cost| cost.per_vcpu_hour).unwrap_or(0.0),
        "energy" => energy.map_or(0.0, |energy| energy.kwh),
        "mean-power" => energy.map_or(0.0, |energy| energy.mean_kw),
        "peak-power" => energy.map_or(0.0, |energy| energy.peak_kw),
        "carbon" => energy.map_or(0.0, |energy| energy.all_carbon_kg()),
        "rollouts" => report.rollout_totals.rollouts as f64,
        "rollouts-complete" => report.rollout_totals.complete as f64,
        "rollouts-turned-back" => report.rollout_totals.turned_back as f64,
        "rollouts-overdue" => report.rollout_totals.overdue as f64,
        "time-of-longest-rollout" => report.rollout_totals.longest_s,
        "rollouts-unavailable" => report.rollout_totals.unavailable_instance_s,
        "unserved" => report.traffic.iter().map(|of| of.unserved).sum(),
        "instance-hours" => report.traffic.iter().map(|of| of.instance_hours).sum(),
        "time-overloaded" => report.traffic.iter().map(|of| of.overload_s).sum(),
        "time-to-scale-out" => {
            report.traffic.iter().map(|of| of.scale_out_s.max).fold(0.0, f64::max)
        }
        "time-to-ready-p50" => report.time_to_ready_s.p50,
        "time-to-ready-p95" => report.time_to_ready_s.p95,
        "time-to-ready-p99" => report.time_to_ready_s.p99,
        "time-to-ready-mean" => report.time_to_ready_s.mean,
        "utilisation-mean" => scarcest.map_or(0.0, |of| of.mean),
        "utilisation-peak" => scarcest.map_or(0.0, |of| of.peak),
        other => provisioning::metric_value(other, report)
            .or_else(|| jobs::metric_value(other, report))
            .or_else(|| memory::metric_value(other, report))
            .expect("the scenario check knows the metrics"),
    }
}

/// The answer, in one sentence.
fn sentence(scenario: &Scenario, summary: &Summary, report: &Report) -> String {
    let of_jobs = report.jobs.as_ref().and_then(jobs::sentence);
    if report.requests == 0 {
        return of_jobs.unwrap_or_else(|| "nothing was asked for: no request arrived".to_owned());
    }
    // A task is only asked for when there is room for it.
    let is_all_jobs = |demand: &Demand| matches!(demand.arrivals, Arrivals::Jobs(_));
    let is_all_jobs = scenario.demands.iter().all(is_all_jobs);
    let mut parts = Vec::from_iter(of_jobs);
    let end = date(scenario, Time::from_ms(scenario.duration_ms));
    parts.extend(report.provisioning.as_ref().and_then(provisioning::sentence));
    match summary.first_full {
        None if report.provisioning.as_ref().is_some_and(|all| !all.desks.is_empty()) => parts
            .push(format!(
                "fits to the end, {end}: all {} requests that left the desks were placed at once",
                digits(report.placed)
            )),
        None if is_all_jobs => {}
        None => parts.push(format!(
            "fits to the end, {end}: all {} requests were placed at once",
            digits(report.requests)
        )),
        Some((full, _)) => {
            let date = date(scenario, full);
            parts.push(if full == Time::ZERO {
                format!("does not fit from the start, {date}")
            } else {
                format!("fits until {date}")
            });
            parts.extend(order_by(scenario, full));
            parts.extend(shortage(report));
            parts.extend(pushed_out(report));
        }
    }
    match (summary.first_full, &report.scarcest) {
        (Some((_, Reason::Short(columns))), _) => {
            let short = reason_name(&scenario.kinds, Reason::Short(columns));
            let run = if short.contains('+') { "run" } else { "runs" };
            parts.push(format!("{} {run} out first", short.replace('+', " and ")));
        }
        (None, Some(name)) => {
            let at_peak = percent(report.utilisation[name].peak);
            parts.push(format!("{name} is the scarcest, {at_peak} taken at its peak"));
        }
        _ => {}
    }
    if let Some(Migrations { moved, hosts_emptied, .. }) = &report.migrations {
        let (moved, times) = (plural(*moved, "migration"), plural(*hosts_emptied, "time"));
        parts.push(format!("hosts were emptied {times} by {moved}"));
    }
    parts.extend(pools::sentences(scenario, summary, report));
    parts.extend(rollouts::sentence(scenario, summary));
    parts.extend(report.host_rollouts.as_ref().and_then(host_rollouts::sentence));
    parts.extend(boots::sentence(report));
    parts.extend(memory::sentence(report));
    parts.extend(failed(report));
    parts.extend(report.traffic.iter().filter(|of| of.unserved > 0.0).map(|of| {
        let share = percent(of.unserved / of.requests.max(f64::MIN_POSITIVE));
        let long = words::duration(of.overload_s);
        format!("`{}` could not serve {share} of its users' requests, in {long}", of.service)
    }));
    if let Some(first) = summary.orders.first() {
        let hosts = summary.orders.iter().map(|order| u64::from(order.hosts)).sum();
        parts.push(format!(
            "{} ordered in {}, the first by {}",
            plural(hosts, "host"),
            plural(summary.orders.len() as u64, "order"),
            date(scenario, first.at),
        ));
    }
    parts.extend(energy::sentence(report));
    parts.join("; ")
}

/// When hosts had to be ordered to be there when the fleet was full, where nobody orders any.
fn order_by(scenario: &Scenario, full: Time) -> Option<String> {
    if !scenario.procurement.is_empty() {
        return None;
    }
    let models = scenario.host_types.iter().map(|t| &scenario.models[t.model.row()]);
    let lead_ms = models.map(|model| model.lead_time.mean_ms() as u64).max()?;
    if lead_ms == 0 {
        return None;
    }
    if lead_ms > full.ms() {
        return Some("more hosts had to be ordered before the start".to_owned());
    }
    let by = Time::from_ms(full.ms() - lead_ms);
    Some(format!("order more hosts by {}", date(scenario, by)))
}

/// A date; in a run of less than a month, with its time of day.
fn date(scenario: &Scenario, at: Time) -> String {
    let date = scenario.calendar.at(at);
    if scenario.duration_ms > 30 * DAY_MS {
        return date.date().to_string();
    }
    format!("{} {:02}:{:02}", date.date(), date.hour(), date.minute())
}

/// What failed, and who was down; `None` if nothing did.
fn failed(report: &Report) -> Option<String> {
    let failed = report.failures.as_ref().filter(|failed| failed.hosts_failed > 0)?;
    let hosts = plural(failed.hosts_failed, "host failure");
    if failed.vms_down == 0 {
        return Some(format!("{hosts} hurt no VM"));
    }
    let vms = plural(failed.vms_down, "VM outage");
    let longest = words::duration(failed.outage_s.max);
    let still = match failed.still_down {
        0 => String::new(),
        still => format!(", {} still down", plural(still, "VM")),
    };
    let lost = match failed.lost {
        0 => String::new(),
        lost => format!(", {} lost", plural(lost, "VM")),
    };
    // Who is lost at once has no outage to measure.
    let longest = match failed.lost == failed.vms_down {
        true => String::new(),
        false => format!(", the longest of {longest}"),
    };
    Some(format!("{hosts} made {vms}{longest}{still}{lost}"))
}

/// Who had to give way; `None` if nobody had to.
fn pushed_out(report: &Report) -> Option<String> {
    let lost = match report.lost {
        0 => String::new(),
        lost => format!(", {} of them for good", digits(lost)),
    };
    (report.preempted > 0).then(|| {
        let times = plural(report.preempted, "VM");
        format!("{times} pushed out for requests of higher priority{lost}")
    })
}

/// Who did not fit, and why; `None` if that is only who was pushed out.
fn shortage(report: &Report) -> Option<String> {
    let requests = digits(report.requests);
    let first = |counts: &BTreeMap<String, u64>| {
        let most = counts.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
        most.map_or(String::new(), |(name, count)| {
            let mostly = if counts.len() > 1 {
                format!("{} of them ", digits(*count))
            } else {
                String::new()
            };
            format!("{mostly}{}", reason_words(name))
        })
    };
    if report.refused > 0 {
        let share = percent(report.refused as f64 / report.requests as f64);
        let refused = digits(report.refused);
        return Some(format!(
            "{refused} of {requests} requests refused ({share}), {}",
            first(&report.refused_by)
        ));
    }
    let waited: u64 = report.waited_by.values().sum();
    if waited == 0 {
        return None;
    }
    let still = match report.waiting {
        0 => String::new(),
        waiting => format!(" and {} still wait", digits(waiting)),
    };
    Some(format!(
        "{} of {requests} requests had to wait{still}, {}",
        digits(waited),
        first(&report.waited_by)
    ))
}

/// An instant, as reports tell it.
pub fn moment(scenario: &Scenario, at: Time) -> Moment {
    Moment { at_s: seconds(at.ms()), date: scenario.calendar.at(at).to_string() }
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1e3
}

fn level(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
