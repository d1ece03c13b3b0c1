//! Rules: which hosts a demand's VMs may use, which they had better use, and what tenants are
//! held to.
//!
//! Labels and taints are read as text; once all hosts are known they become rows.

use super::check::{Check, Table, Wide};
use super::desks::{Desks, Way};
use super::fields::{Field, demand, guarantee, prefer, quota, root, tenant};
use super::findings::At;
use super::fleet::{Fleet, Type};
use super::tree::{Node, Value};
use crate::scenario::{HostRules, LabelId, Preference, Selector, Taint, TaintId};
use crate::units::shorten;
use std::collections::{BTreeMap, BTreeSet};

/// The largest weight of a preference.
const WEIGHT_MAX: u64 = 100;

/// Stands for any value.
const ANY: &str = "*";

/// Labels that are looked for: for each key the values that will do; none: any.
pub(crate) type Wanted = Vec<(String, Vec<String>)>;

/// The rules of a demand, as text.
#[derive(Clone, Default)]
pub(crate) struct Rules {
    pub(crate) requires: Wanted,
    forbids: Wanted,
    prefers: Vec<(Wanted, i64)>,
    /// Taint keys and values; `*` for any.
    tolerates: BTreeMap<String, String>,
    is_exclusive: bool,
}

/// What a tenant is held to, of all kinds.
pub(crate) struct Tenant {
    pub(crate) name: String,
    pub(crate) at: At,
    pub(crate) quota: [Option<i64>; 8],
    pub(crate) vms_max: Option<u64>,
    /// What its jobs get back from others.
    pub(crate) guarantee: Option<[Option<i64>; 8]>,
    pub(crate) is_exclusive: bool,
    pub(crate) weight: u64,
    /// The tenant that it is a part of.
    pub(crate) parent: Option<String>,
    /// The desks of its requests, where it says them.
    pub(crate) way: Option<Way>,
}

/// All that are held to something, by name too.
#[derive(Default)]
pub(crate) struct Tenants {
    pub(crate) list: Vec<Tenant>,
    rows: BTreeMap<String, usize>,
}

/// The most tenants one above the other.
const LEVELS_MAX: usize = 16;

/// Reads the rules of a demand.
pub(crate) fn read_rules(check: &mut Check<'_>, table: &Table<'_>) -> Option<Rules> {
    let mut wanted = |field: &'static Field| match table.get(field) {
        Some(node) => read_wanted(check, field.key, node),
        None => Some(Vec::new()),
    };
    let requires = wanted(&demand::REQUIRES);
    let forbids = wanted(&demand::FORBIDS);
    let prefers = match table.get(&demand::PREFERS) {
        Some(node) => {
            let nodes = check.list(demand::PREFERS.key, node, true);
            nodes.iter().map(|node| read_preference(check, node)).collect()
        }
        None => Some(Vec::new()),
    };
    let tolerates = match table.get(&demand::TOLERATES) {
        Some(node) => check.labels(demand::TOLERATES.key, node),
        None => BTreeMap::new(),
    };
    let is_exclusive = match table.get(&demand::EXCLUSIVE) {
        Some(node) => check.flag(demand::EXCLUSIVE.key, node),
        None => Some(false),
    };
    Some(Rules {
        requires: requires?,
        forbids: forbids?,
        prefers: prefers?,
        tolerates,
        is_exclusive: is_exclusive?,
    })
}

fn read_preference(check: &mut Check<'_>, node: &Node) -> Option<(Wanted, i64)> {
    let key = demand::PREFERS.key;
    let table = check.open(key, node, node.at, &[&prefer::SECTION])?;
    let labels = table.must(check, &prefer::LABELS);
    let labels = labels.and_then(|node| read_wanted(check, prefer::LABELS.key, node));
    let weight = match table.get(&prefer::WEIGHT) {
        Some(node) => check.whole(prefer::WEIGHT.key, node, 1, WEIGHT_MAX),
        None => Some(1),
    };
    Some((labels?, weight? as i64))
}

/// Labels, each with a value, with several, or with `*`.
fn read_wanted(check: &mut Check<'_>, key: &str, node: &Node) -> Option<Wanted> {
    let hint =
        "write it like `{ gen = \"g1\" }`, `{ gen = [\"g1\", \"g2\"] }` or `{ gen = \"*\" }`";
    let Some(entries) = node.table() else {
        check.error_hint(node.at, format!("`{key}` is a table, not {}", node.kind()), hint);
        return None;
    };
    let mut wanted = Wanted::new();
    for entry in entries {
        if entry.key.contains('=') {
            let message = format!("a label's name has no `=` in it: `{}`", shorten(&entry.key));
            check.error(entry.key_at, message);
            continue;
        }
        check.is_name("label", &entry.key, entry.key_at);
        let nodes = match &entry.node.value {
            Value::List(nodes) if nodes.is_empty() => {
                let message = format!("`{}` has no value", shorten(&entry.key));
                check.error_hint(entry.node.at, message, hint);
                continue;
            }
            Value::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(&entry.node),
        };
        let values = nodes.iter().filter_map(|node| check.name(&entry.key, node));
        let values: Vec<String> = values.map(str::to_owned).collect();
        let is_any = values.iter().any(|value| value == ANY);
        wanted.push((entry.key.clone(), if is_any { Vec::new() } else { values }));
    }
    Some(wanted)
}

/// Reads what tenants are held to.
pub(crate) fn read_tenants(check: &mut Check<'_>, desks: &Desks, node: &Node) -> Tenants {
    let key = root::TENANTS.key;
    let Some(entries) = node.table() else {
        let message = format!("`{key}` is a table of tables, not {}", node.kind());
        check.error_hint(node.at, message, "write it like `[tenants.web]`");
        return Tenants::default();
    };
    let names: BTreeSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let mut tenants = Tenants::default();
    for entry in entries {
        if !check.is_name("tenant", &entry.key, entry.key_at) {
            continue;
        }
        let Some(table) = check.open(&entry.key, &entry.node, entry.key_at, &[&tenant::SECTION])
        else {
            continue;
        };
        let is_exclusive = match table.get(&tenant::EXCLUSIVE) {
            Some(node) => check.flag(tenant::EXCLUSIVE.key, node).unwrap_or(false),
            None => false,
        };
        let weight = match table.get(&tenant::WEIGHT) {
            Some(node) => check.whole(tenant::WEIGHT.key, node, 1, 1_000_000).unwrap_or(1),
            None => 1,
        };
        let quota = table.get(&tenant::QUOTA).and_then(|node| read_quota(check, node));
        let (quota, vms_max) = quota.unwrap_or(([None; 8], None));
        let guarantee = table.get(&tenant::GUARANTEE).and_then(|node| {
            let table = check.open(tenant::GUARANTEE.key, node, node.at, &[&guarantee::SECTION])?;
            let (guarantee, is_any) = read_bounds(check, node, &table);
            if !is_any && node.table().is_some_and(<[_]>::is_empty) {
                let hint = "add what its jobs get, such as `cpu = 100`";
                check.error_hint(table.at, "this guarantee names nothing", hint);
            }
            let is_more = |(own, most): (&Option<i64>, &Option<i64>)| {
                own.zip(*most).is_some_and(|(own, most)| own > most)
            };
            if guarantee.iter().zip(&quota).any(is_more) {
                let message =
                    format!("`{}` is guaranteed more than its `quota`", shorten(&entry.key));
                check.error_hint(node.at, message, "make the quota as large, or leave it out");
            }
            Some(guarantee)
        });
        let parent = table.get(&tenant::PARENT).and_then(|node| {
            let name = check.name(tenant::PARENT.key, node)?;
            let is_known = names.contains(name);
            if !is_known {
                let known = entries.iter().map(|entry| entry.key.as_str());
                check.unknown_name(node.at, "tenant", name, known);
            }
            is_known.then(|| name.to_owned())
        });
        let way = table.get(&tenant::PROVISIONING).and_then(|node| desks.read_way(check, node));
        let (name, at) = (entry.key.clone(), entry.key_at);
        tenants.rows.insert(name.clone(), tenants.list.len());
        tenants.list.push(Tenant {
            name,
            at,
            quota,
            vms_max,
            guarantee,
            is_exclusive,
            weight,
            parent,
            way,
        });
    }
    check_lines(check, &mut tenants);
    tenants
}

impl Tenants {
    /// The one of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Tenant> {
        self.rows.get(name).map(|row| &self.list[*row])
    }

    /// A tenant and all that it is a part of.
    pub(crate) fn line_of(&self, name: &str) -> impl Iterator<Item = &Tenant> {
        let parent = |tenant: &&Tenant| self.find(tenant.parent.as_deref()?);
        std::iter::successors(self.find(name), parent).take(LEVELS_MAX + 1)
    }
}

/// No tenant is a part of itself, by way of others or not.
fn check_lines(check: &mut Check<'_>, tenants: &mut Tenants) {
    let is_too_long = |row: &usize| {
        let name = &tenants.list[*row].name;
        tenants.line_of(name).count() > LEVELS_MAX
    };
    let wrong: Vec<usize> = (0..tenants.list.len()).filter(is_too_long).collect();
    for row in &wrong {
        let Tenant { name, at, .. } = &tenants.list[*row];
        let mut above = tenants.line_of(name).skip(1);
        let (message, hint) = match above.any(|above| above.name == *name) {
            true => (
                format!("the tenant `{}` is a part of itself", shorten(name)),
                "leave out one `parent` of those that lead back to it".to_owned(),
            ),
            false => (
                format!("the tenant `{}` has more than {LEVELS_MAX} levels", shorten(name)),
                "leave some of them out".to_owned(),
            ),
        };
        check.error_hint(*at, message, hint);
    }
    for row in wrong {
        tenants.list[row].parent = None;
    }
}

fn read_quota(check: &mut Check<'_>, node: &Node) -> Option<([Option<i64>; 8], Option<u64>)> {
    let table = check.open(tenant::QUOTA.key, node, node.at, &[&quota::SECTION])?;
    let (bounds, is_any) = read_bounds(check, node, &table);
    let vms_max = table.get(&quota::VMS);
    let vms_max = vms_max.and_then(|node| check.whole(quota::VMS.key, node, 0, i64::MAX as u64));
    let is_empty = node.table().is_some_and(<[_]>::is_empty);
    if !is_any && is_empty && !check.findings.is_broken() {
        let hint = "add what it may have, such as `cpu = 100` or `vms = 50`";
        check.error_hint(table.at, "this quota bounds nothing", hint);
    }
    Some((bounds, vms_max))
}

/// Amounts of the resources that are named; and whether there are any.
fn read_bounds(check: &mut Check<'_>, node: &Node, table: &Table<'_>) -> ([Option<i64>; 8], bool) {
    let (amounts, is_any): (Wide, bool) = check.amounts(table);
    let names = check.kind_names();
    let mut bounds = [None; 8];
    for (column, name) in names.iter().enumerate() {
        bounds[column] = node.find(name).map(|_| amounts[column]);
    }
    (bounds, is_any)
}

impl Rules {
    /// The labels that are asked for by name: known even if no host has them.
    pub(crate) fn labels(&self) -> impl Iterator<Item = String> {
        let name = |(key, values): &(String, Vec<String>)| {
            values.iter().map(|value| format!("{key}={value}")).collect::<Vec<_>>()
        };
        self.requires.iter().flat_map(name)
    }

    /// Whether hosts of a type will do.
    pub(crate) fn admits(&self, host_type: &Type) -> bool {
        let has = |(key, values): &(String, Vec<String>)| {
            host_type.labels.iter().any(|label| is_meant(key, values, label))
        };
        let tolerates = |taint: &Taint| !taint.is_hard || self.tolerates(&taint.name);
        self.requires.iter().all(has)
            && !self.forbids.iter().any(has)
            && host_type.taints.iter().all(tolerates)
    }

    fn tolerates(&self, taint: &str) -> bool {
        let (key, value) = taint.split_once('=').unwrap_or((taint, ""));
        let is_it = |(k, v): (&String, &String)| (k == key || k == ANY) && (v == value || v == ANY);
        self.tolerates.iter().any(is_it)
    }

    /// Warns of what decides nothing, since no host has it.
    pub(crate) fn check(&self, check: &mut Check<'_>, fleet: &Fleet, at: At) {
        if fleet.types.is_empty() {
            return;
        }
        let wanted = [("forbids", self.forbids.clone())].into_iter();
        let prefers = self.prefers.iter().map(|(wanted, _)| ("prefers", wanted.clone()));
        for (word, wanted) in wanted.chain(prefers) {
            for (key, values) in &wanted {
                let all = if values.is_empty() { vec![ANY.to_owned()] } else { values.clone() };
                for value in all {
                    let any = if value == ANY { Vec::new() } else { vec![value.clone()] };
                    let has = |host_type: &Type| {
                        host_type.labels.iter().any(|label| is_meant(key, &any, label))
                    };
                    if !fleet.types.iter().any(has) {
                        let label = shorten(&format!("{key}={value}"));
                        let message =
                            format!("this demand {word} the label `{label}`, and no host has it");
                        let labels = fleet.types.iter().flat_map(|t| &t.labels);
                        let hint = check.name_hint("label", &label, labels.map(String::as_str));
                        check.warning(at, message, hint);
                    }
                }
            }
        }
        for (key, value) in &self.tolerates {
            let only = Self {
                tolerates: BTreeMap::from([(key.clone(), value.clone())]),
                ..Self::default()
            };
            let mut taints = fleet.types.iter().flat_map(|host_type| &host_type.taints);
            if !taints.any(|taint| only.tolerates(&taint.name)) {
                let taint = shorten(&format!("{key}={value}"));
                let message =
                    format!("this demand tolerates the taint `{taint}`, and no host has it");
                let taints = fleet.types.iter().flat_map(|t| &t.taints);
                let names = taints.map(|taint| taint.name.as_str());
                let hint = check.name_hint("taint", &taint, names);
                check.warning(at, message, hint);
            }
        }
    }

    /// The same as rows of all labels and all taints, both sorted.
    pub(crate) fn resolve(&self, labels: &[String], taints: &[Taint]) -> HostRules {
        let rows = |(key, values): &(String, Vec<String>)| {
            let meant = |row: &usize| is_meant(key, values, &labels[*row]);
            (0..labels.len()).filter(meant).map(LabelId::from_row).collect::<Vec<_>>()
        };
        let selector = |wanted: &Wanted| Selector(wanted.iter().map(rows).collect());
        let mut forbids: Vec<LabelId> = self.forbids.iter().flat_map(rows).collect();
        forbids.sort_unstable();
        forbids.dedup();
        let tolerated = |row: &usize| self.tolerates(&taints[*row].name);
        HostRules {
            requires: selector(&self.requires),
            forbids,
            prefers: self
                .prefers
                .iter()
                .map(|(wanted, weight)| Preference { selector: selector(wanted), weight: *weight })
                .collect(),
            tolerates: (0..taints.len()).filter(tolerated).map(TaintId::from_row).collect(),
            is_exclusive: self.is_exclusive,
        }
    }
}

/// Whether a label has the key and one of the values; no values: any.
fn is_meant(key: &str, values: &[String], label: &str) -> bool {
    label.split_once('=').is_some_and(|(k, v)| {
        k == key && (values.is_empty() || values.iter().any(|value| value == v)) //
    })
}
