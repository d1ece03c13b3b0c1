//! Groups: which VMs are placed by one another, and how.

use super::check::{Check, Table};
use super::fields::{Field, LEVELS, demand, group, group_prefer, skew};
use super::tree::{Node, Value};
use crate::scenario::{GroupRule, Level, SoftSkew};

/// The most of anything that is counted.
const COUNT_MAX: u64 = u32::MAX as u64 - 1;

/// The largest weight of a preference.
const WEIGHT_MAX: u64 = 100;

/// Reads the rule of a demand's groups.
pub(crate) fn read_group(check: &mut Check<'_>, node: &Node) -> Option<GroupRule> {
    use group::{AFFINITY, ANTI_AFFINITY, MAX_PER_HOST, MAX_PER_RACK, MAX_PER_ZONE};
    use group::{MIN_AVAILABLE, SIZE};
    let table = check.open(demand::GROUP.key, node, node.at, &[&group::SECTION])?;
    let size = count(check, &table, &SIZE);
    let limits = [&MAX_PER_HOST, &MAX_PER_RACK, &MAX_PER_ZONE];
    let mut most = limits.map(|field| count(check, &table, field));
    let apart = match table.get(&ANTI_AFFINITY) {
        Some(node) => read_apart(check, node)?,
        None => None,
    };
    if let Some(level) = apart {
        let limit = &mut most[level.row()];
        if limit.is_some_and(|count| count != 1) {
            let message = format!("`anti-affinity` means `{} = 1`", limits[level.row()].key);
            check.error_hint(table.at_key(&ANTI_AFFINITY), message, "delete one of them");
        }
        *limit = Some(1);
    }
    let together = match table.get(&AFFINITY) {
        Some(node) => Some(read_level(check, AFFINITY.key, node)?),
        None => None,
    };
    let mut rule = GroupRule {
        size,
        per_host_max: most[0].unwrap_or(u32::MAX),
        per_rack_max: most[1].unwrap_or(u32::MAX),
        per_zone_max: most[2].unwrap_or(u32::MAX),
        available_min: count(check, &table, &MIN_AVAILABLE).unwrap_or(0),
        together,
        ..GroupRule::NONE
    };
    if let Some(node) = table.get(&group::MAX_SKEW)
        && let Some(table) = check.open(group::MAX_SKEW.key, node, node.at, &[&skew::SECTION])
    {
        for (max, field) in rule.skew_max.iter_mut().zip([&skew::HOST, &skew::RACK, &skew::ZONE]) {
            *max = count(check, &table, field).unwrap_or(u32::MAX);
        }
    }
    if let Some(node) = table.get(&group::PREFERS) {
        for node in check.list(group::PREFERS.key, node, true) {
            read_preference(check, node, &mut rule);
        }
    }
    let is_empty = GroupRule { size: None, ..rule } == GroupRule::NONE;
    let is_said = [&group::MAX_SKEW, &group::PREFERS].iter().any(|key| table.get(key).is_some());
    if is_empty && !is_said && limits.iter().all(|field| table.get(field).is_none()) {
        let message = "this group has no rule";
        let hint = "add `max-per-host`, `affinity`, `max-skew` or `prefers`";
        check.error_hint(table.at, message, hint);
    }
    Some(rule)
}

fn count(check: &mut Check<'_>, table: &Table<'_>, field: &'static Field) -> Option<u32> {
    let count = check.whole(field.key, table.get(field)?, 1, COUNT_MAX)?;
    u32::try_from(count).ok()
}

fn read_apart(check: &mut Check<'_>, node: &Node) -> Option<Option<Level>> {
    let key = group::ANTI_AFFINITY.key;
    match node.value {
        Value::Flag(true) => Some(Some(Level::Host)),
        Value::Flag(false) => Some(None),
        Value::Text(_) => read_level(check, key, node).map(Some),
        _ => {
            let message = format!("`{key}` is true or a kind of place, not {}", node.kind());
            check.error_hint(node.at, message, "write it like `true` or `\"rack\"`");
            None
        }
    }
}

fn read_level(check: &mut Check<'_>, key: &str, node: &Node) -> Option<Level> {
    let name = check.choice(key, node, "kind of place", LEVELS)?;
    Level::ALL.into_iter().find(|level| level.name() == name)
}

/// Adds a wish to a rule.
fn read_preference(check: &mut Check<'_>, node: &Node, rule: &mut GroupRule) -> Option<()> {
    use group_prefer::{AFFINITY, ANTI_AFFINITY, MAX_SKEW, SPREAD, WEIGHT};
    let table = check.open(group::PREFERS.key, node, node.at, &[&group_prefer::SECTION])?;
    let weight = match table.get(&WEIGHT) {
        Some(node) => check.whole(WEIGHT.key, node, 1, WEIGHT_MAX)? as i64,
        None => 1,
    };
    let max = match table.get(&MAX_SKEW) {
        Some(_) => count(check, &table, &MAX_SKEW)?,
        None => 1,
    };
    let said = [&AFFINITY, &ANTI_AFFINITY, &SPREAD].map(|field| (field, table.get(field)));
    let mut said = said.into_iter().filter_map(|(field, node)| Some((field, node?)));
    let (Some((field, node)), None) = (said.next(), said.next()) else {
        if !check.findings.is_broken() {
            let message = "a wish is one of `affinity`, `anti-affinity` and `spread`";
            check.error_hint(table.at, message, "write it like `{ spread = \"zone\" }`");
        }
        return None;
    };
    let level = read_level(check, field.key, node)?.row();
    if field.key != SPREAD.key && table.get(&MAX_SKEW).is_some() {
        check.error_hint(table.at_key(&MAX_SKEW), "`max-skew` is for `spread`", "delete it");
    }
    if field.key == AFFINITY.key {
        rule.near[level] += weight;
    } else if field.key == ANTI_AFFINITY.key {
        rule.near[level] -= weight;
    } else if rule.soft_skew[level].replace(SoftSkew { max, weight }).is_some() {
        check.error_hint(node.at, "this spread is there twice", "delete one of them");
    }
    Some(())
}
