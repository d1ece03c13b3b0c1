//! Failures: what fails how often, how soon it is known, and what is done about it.

use super::check::Check;
use super::fields::{Field, WHEN_DOWN, failures, root};
use super::findings::At;
use super::fleet::Fleet;
use super::load::Load;
use super::spreads::{self, Allow};
use super::tree::Node;
use crate::outages::{Listed, OutageLevel, read_outages};
use crate::problem::Problems;
use crate::scenario::failures::{Burst, Domain, Outage, Replacement, WhenDown};
use crate::scenario::{Distribution, Failures, RackId, ZoneId};
use crate::units::shorten;
use std::collections::BTreeMap;

/// The most failures that are to be expected of a run.
const FAILURES_MAX: f64 = 1e7;

/// Reads the section; `Some(None)` where there is none.
pub(crate) fn read_failures(
    check: &mut Check<'_>,
    node: Option<&Node>,
    fleet: &Fleet,
    load: &Load,
) -> Option<Option<Box<Failures>>> {
    let Some(node) = node else {
        fleet.check_failure_rates(check);
        return Some(None);
    };
    let table = check.open(root::FAILURES.key, node, node.at, &[&failures::SECTION])?;
    let mut rule = Failures::none();
    let rate = |check: &mut Check<'_>, field: &'static Field| {
        table.get(field).map_or(Some(0.0), |node| check.failure_rate(field.key, node))
    };
    let hosts = rate(check, &failures::HOSTS);
    let racks = rate(check, &failures::RACKS);
    let zones = rate(check, &failures::ZONES);
    let share = match table.get(&failures::BURST) {
        Some(node) => check.share(failures::BURST.key, node).filter(|share| {
            let is_part = *share <= 1.0;
            if !is_part {
                check.error(node.at, "`burst` is at most 100%");
            }
            is_part
        }),
        None => Some(0.0),
    };
    let others = match table.get(&failures::BURST_SIZE) {
        Some(node) => check.number(failures::BURST_SIZE.key, node, 1.0, 100_000.0),
        None => Some(2.0),
    };
    let length = |check: &mut Check<'_>, field: &'static Field, default: u64| {
        table.get(field).map_or(Some(default), |node| check.length_ms(field.key, node, 0))
    };
    let report_every = length(check, &failures::REPORT_EVERY, rule.report_every_ms);
    let down_after = length(check, &failures::DOWN_AFTER, rule.down_after_ms);
    let spread = |check: &mut Check<'_>, field: &'static Field, default: &Distribution| {
        let allow = Allow { forever: false, zero: true };
        let node = table.get(field);
        node.map_or_else(
            || Some(default.clone()),
            |node| spreads::read(check, field.key, node, allow),
        )
    };
    let decision = spread(check, &failures::DECISION, &rule.decision);
    let repair = spread(check, &failures::REPAIR, &rule.repair);
    let rack_repair = spread(check, &failures::RACK_REPAIR, &rule.rack_repair);
    let zone_repair = spread(check, &failures::ZONE_REPAIR, &rule.zone_repair);
    let swap = spread(check, &failures::SWAP, &Distribution::Constant(crate::time::DAY_MS));
    let builds = match table.get(&failures::BUILDS_PER_HOST) {
        Some(node) => check.whole(failures::BUILDS_PER_HOST.key, node, 1, 1_000_000),
        None => Some(rule.builds_per_host.into()),
    };
    let cattle = match table.get(&failures::CATTLE) {
        Some(node) => check.flag(failures::CATTLE.key, node),
        None => Some(false),
    };
    let spares = match table.get(&failures::SPARES) {
        Some(node) => check.whole(failures::SPARES.key, node, 0, 1_000_000),
        None => Some(0),
    };
    for field in [&failures::SPARES, &failures::SWAP] {
        if table.get(field).is_some() && cattle == Some(false) {
            let message = format!("`{}` decides nothing: hosts are repaired", field.key);
            check.warning(table.at_key(field), message, "add `cattle = true` to replace them");
        }
    }
    if table.get(&failures::REPAIR).is_some() && cattle == Some(true) {
        let message = "`repair` decides nothing: hosts that fail are replaced";
        check.warning(table.at_key(&failures::REPAIR), message, "give `swap` instead");
    }
    let vms = match table.get(&failures::VMS) {
        Some(node) => when_down(check, failures::VMS.key, node),
        None => Some(WhenDown::default()),
    };
    let by_demand = read_by_demand(check, table.get(&failures::BY_DEMAND), load, vms?);
    let outages = match table.get(&failures::TRACE) {
        Some(node) => read_trace(check, fleet, node),
        None => Some(Vec::new()),
    };
    rule.hosts_per_ms = fleet.failure_rates(hosts?);
    rule.racks_per_ms = racks?;
    rule.zones_per_ms = zones?;
    rule.burst = Some(Burst { share: share?, others: others? }).filter(|burst| burst.share > 0.0);
    rule.outages = outages?;
    rule.report_every_ms = report_every?;
    rule.down_after_ms = down_after?;
    rule.decision = decision?;
    rule.when_down = by_demand?;
    rule.builds_per_host = builds? as u32;
    rule.repair = repair?;
    rule.rack_repair = rack_repair?;
    rule.zone_repair = zone_repair?;
    rule.replacement =
        cattle?.then_some(Replacement { spares: spares? as u32, swap: swap.clone()? });
    swap?;
    check_counts(check, fleet, &rule, table.at);
    Some(Some(Box::new(rule)))
}

/// Warns where nothing fails, and turns away what would run for hours.
fn check_counts(check: &mut Check<'_>, fleet: &Fleet, rule: &Failures, at: At) {
    let run_ms = check.run_ms() as f64;
    let host_max = rule.hosts_per_ms.iter().copied().fold(0.0, f64::max);
    let racks = rule.racks_per_ms * fleet.racks.len() as f64;
    let zones = rule.zones_per_ms * fleet.zones.len() as f64;
    let is_never = host_max == 0.0 && racks == 0.0 && zones == 0.0 && rule.outages.is_empty();
    if is_never && !check.findings.has_errors() {
        let hint = "say how often, as in `hosts = \"5% per year\"`, or name a `trace`";
        check.warning(at, "nothing fails", hint);
    }
    let hosts = host_max * fleet.hosts_planned();
    if (hosts + racks + zones) * run_ms > FAILURES_MAX {
        let message = "more than 10 million failures are to be expected";
        check.error_hint(at, message, "lower the rates, or shorten `duration`");
    }
}

fn when_down(check: &mut Check<'_>, key: &str, node: &Node) -> Option<WhenDown> {
    Some(match check.choice(key, node, "rule", WHEN_DOWN)? {
        "restart" => WhenDown::Restart,
        "lose" => WhenDown::Lose,
        _ => WhenDown::Evacuate,
    })
}

/// What becomes of the VMs of each demand.
fn read_by_demand(
    check: &mut Check<'_>,
    node: Option<&Node>,
    load: &Load,
    usual: WhenDown,
) -> Option<Vec<WhenDown>> {
    let mut rules = vec![usual; load.demands.len()];
    let Some(node) = node else { return Some(rules) };
    let key = failures::BY_DEMAND.key;
    let Some(entries) = node.table() else {
        let message = format!("`{key}` is a table, not {}", node.kind());
        check.error_hint(
            node.at,
            message,
            format!("write it like `{}`", failures::BY_DEMAND.example),
        );
        return None;
    };
    let mut is_right = true;
    for entry in entries {
        let row = load.demands.iter().position(|demand| demand.name == entry.key);
        let rule = when_down(check, &entry.key, &entry.node);
        match (row, rule) {
            (Some(row), Some(rule)) => rules[row] = rule,
            (None, _) => {
                let known = load.demands.iter().map(|demand| demand.name.as_str());
                check.unknown_name(entry.key_at, "demand", &entry.key, known);
                is_right = false;
            }
            _ => is_right = false,
        }
    }
    is_right.then_some(rules)
}

fn read_trace(check: &mut Check<'_>, fleet: &Fleet, node: &Node) -> Option<Vec<Outage>> {
    let file = check.file(failures::TRACE.key, node)?;
    let reader = check.open_file(node, file)?;
    let mut problems = Problems::default();
    let names = Names::new(fleet);
    let find = |level: OutageLevel, name: &str| {
        names.find(level, name).ok_or_else(|| {
            let kind = level.name();
            let message = format!("no {kind} is called `{}`", shorten(name));
            let hint = match level {
                OutageLevel::Host => {
                    "hosts are called as in the inventory, or by their number from 0".to_owned()
                }
                OutageLevel::Rack => check.name_hint(kind, name, names.racks.keys().copied()),
                OutageLevel::Zone => {
                    check.name_hint(kind, name, fleet.zones.iter().map(String::as_str))
                }
            };
            (message, hint)
        })
    };
    let listed = read_outages(file, reader, find, &mut problems);
    check.findings.adopt(node.at, problems);
    let outage = |Listed { at_ms, what, lasts_ms }| Outage { at_ms, what, lasts_ms };
    let mut outages: Vec<Outage> = listed?.into_iter().map(outage).collect();
    outages.sort_by_key(|outage| outage.at_ms);
    Some(outages)
}

/// What hosts and racks are called.
struct Names<'f> {
    fleet: &'f Fleet,
    hosts: BTreeMap<&'f str, usize>,
    racks: BTreeMap<&'f str, usize>,
}

impl<'f> Names<'f> {
    fn new(fleet: &'f Fleet) -> Self {
        let hosts = fleet.hosts.iter().enumerate();
        let hosts = hosts.filter_map(|(row, host)| Some((host.name.as_deref()?, row)));
        let racks = fleet.racks.iter().enumerate().map(|(row, rack)| (rack.name.as_str(), row));
        Self { fleet, hosts: hosts.collect(), racks: racks.collect() }
    }

    fn find(&self, level: OutageLevel, name: &str) -> Option<Domain> {
        match level {
            OutageLevel::Host => {
                let number = || name.strip_prefix('h').unwrap_or(name).parse().ok();
                let row = self.hosts.get(name).copied().or_else(number)?;
                // A host that comes later has a number too.
                let is_known = (row as u64) < self.fleet.hosts_most();
                is_known.then(|| u32::try_from(row).ok().map(Domain::Host)).flatten()
            }
            OutageLevel::Rack => {
                self.racks.get(name).map(|row| Domain::Rack(RackId::from_row(*row)))
            }
            OutageLevel::Zone => {
                let row = self.fleet.zones.iter().position(|zone| zone == name);
                row.map(|row| Domain::Zone(ZoneId::from_row(row)))
            }
        }
    }
}
