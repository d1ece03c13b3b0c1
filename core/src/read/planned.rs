//! Orders by date, and what the scenario is not sure of.

use super::Override;
use super::check::{Check, node_text};
use super::fields::{order, root, uncertain};
use super::findings::At;
use super::fleet::Fleet;
use super::set;
use super::spreads::{self, Allow};
use super::tree::{Node, Value};
use crate::scenario::{HOSTS_MAX, PlannedOrder, Uncertain};
use crate::units::{Decimal, shorten};

/// The most values that a scenario may be unsure of.
const UNCERTAIN_MAX: usize = 100;

/// Reads what is bought when. Models and pools must be known; the types of hosts that come are made.
pub(crate) fn read_orders(
    check: &mut Check<'_>,
    fleet: &mut Fleet,
    node: &Node,
) -> Vec<PlannedOrder> {
    let nodes = check.list(root::ORDER.key, node, false);
    nodes.iter().filter_map(|node| read_order(check, fleet, node)).collect()
}

fn read_order(check: &mut Check<'_>, fleet: &mut Fleet, node: &Node) -> Option<PlannedOrder> {
    use order::{AT, HOSTS, LEAD_TIME, MODEL, POOL, SECTION};
    let table = check.open(root::ORDER.key, node, node.at, &[&SECTION])?;
    let at_ms = table.must(check, &AT).and_then(|node| check.time_ms(AT.key, node));
    let pool = fleet.pool_of(check, &table, &POOL);
    let model = fleet.model_of(check, &table, &MODEL);
    let hosts = table.must(check, &HOSTS);
    let hosts = hosts.and_then(|node| check.whole(HOSTS.key, node, 1, HOSTS_MAX));
    let lead_time = match table.get(&LEAD_TIME) {
        Some(node) => {
            spreads::read(check, LEAD_TIME.key, node, Allow { forever: false, zero: true })
        }
        None => model.map(|model| fleet.models[model].lead_time.clone()),
    };
    let (at_ms, hosts, lead_time) = (at_ms?, hosts?, lead_time?);
    if check.duration_ms.is_some_and(|end_ms| at_ms > end_ms) {
        let hint = "order sooner, or lengthen `duration`";
        check.warning(table.at_key(&AT), "this is after the end of the run", hint);
    }
    let host_type = fleet.ordered_type(check, &table, model?, pool?, hosts)?;
    let hosts = u32::try_from(hosts).expect("bounded by the number of hosts");
    Some(PlannedOrder { host_type, at_ms, hosts, lead_time })
}

/// Reads what the scenario is not sure of. What somebody has set by hand is sure.
pub(crate) fn read_uncertain(check: &mut Check<'_>, tree: &Node, node: &Node) -> Vec<Uncertain> {
    let nodes = check.list(root::UNCERTAIN.key, node, false);
    if nodes.len() > UNCERTAIN_MAX {
        let message = format!("`uncertain` has at most {UNCERTAIN_MAX} entries");
        check.error(node.at, message);
        return Vec::new();
    }
    nodes.iter().filter_map(|node| read_one(check, tree, node)).collect()
}

fn read_one(check: &mut Check<'_>, tree: &Node, node: &Node) -> Option<Uncertain> {
    use uncertain::{HIGH, KEY, LIKELY, LOW, NAME, SECTION};
    let table = check.open(root::UNCERTAIN.key, node, node.at, &[&SECTION])?;
    let name = table.must(check, &NAME).and_then(|node| check.name(NAME.key, node));
    let key_node = table.must(check, &KEY);
    let key = key_node.and_then(|node| check.text(KEY.key, node));
    let (low_node, high_node) = (table.must(check, &LOW), table.must(check, &HIGH));
    let likely_node = table.get(&LIKELY);
    let (name, key, at) = (name?, key?, key_node?.at);
    let steps = key.split('.').next();
    if steps.is_some_and(|first| ["seed", root::UNCERTAIN.key].contains(&first.trim())) {
        check.error(at, format!("`{}` cannot be uncertain", shorten(key)));
        return None;
    }
    let Some(own) = set::find(tree, key) else {
        let message = format!("the scenario says nothing at `{}`", shorten(key));
        let hint =
            "write it like `demand.vms.alive.to`, and give the key its likeliest value there";
        check.error_hint(at, message, hint);
        return None;
    };
    // What is typed goes before what is written, and so before what is drawn.
    if matches!(own.at, At::Set(_)) {
        return None;
    }
    let mut value = |node: &Node| {
        let value = measured(node);
        if value.is_none() {
            let message = format!("`{}` is not a number with or without a unit", node_text(node));
            let hint = "write it as the key takes it, such as `5000`, `\"70 days\"` or `\"70%\"`";
            check.error_hint(node.at, message, hint);
        }
        value
    };
    let likely_node = likely_node.unwrap_or(own);
    let (low, high, likely) = (value(low_node?), value(high_node?), value(likely_node));
    let (low, high, likely) = (low?, high?, likely?);
    for (other, node) in [(&high, high_node?), (&likely, likely_node)] {
        if singular(&other.unit) != singular(&low.unit) {
            let message = format!("`{}` is in another unit than `low`", node_text(node));
            let hint = format!(
                "write `low`, `high` and the value of `{}` itself in one unit",
                shorten(key)
            );
            check.error_hint(node.at, message, hint);
            return None;
        }
    }
    if high.number < low.number {
        check.error_hint(table.at_key(&HIGH), "`high` is below `low`", "change them round");
        return None;
    }
    if !(low.number <= likely.number && likely.number <= high.number) {
        let message = format!(
            "the likeliest value, {}, is not between `low` and `high`",
            node_text(likely_node)
        );
        let hint = match table.get(&LIKELY) {
            Some(_) => "`low` ≤ `likely` ≤ `high`".to_owned(),
            None => format!(
                "it is the value of `{}` in this file; change it, or say `likely` here",
                shorten(key)
            ),
        };
        check.error_hint(table.at, message, hint);
        return None;
    }
    let written = low.decimals.max(high.decimals).max(likely.decimals);
    // Counts stay whole, and so do sizes of data, which are counted in MiB.
    let is_whole = written == 0 && low.unit.is_empty();
    let is_counted = low.unit.ends_with('B') || low.unit == "ms";
    let decimals = if is_whole || is_counted { written } else { written.saturating_add(3).min(6) };
    Some(Uncertain {
        name: name.to_owned(),
        key: key.to_owned(),
        low: low.number,
        likely: likely.number,
        high: high.number,
        unit: high.unit,
        decimals,
    })
}

/// A unit as it is for one: `day` of `days`.
fn singular(unit: &str) -> &str {
    unit.strip_suffix('s').filter(|one| one.len() > 2).unwrap_or(unit)
}

/// A number and what stands behind it.
struct Measured {
    number: f64,
    decimals: u8,
    unit: String,
}

fn measured(node: &Node) -> Option<Measured> {
    let text = match &node.value {
        Value::Number(text) | Value::Text(text) => text.trim(),
        _ => return None,
    };
    let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_' | '+' | '-');
    let end = text.find(|c| !is_of_number(c)).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    // A second number behind the first would not be drawn.
    if unit.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let decimals = number.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    Some(Measured {
        number: Decimal::parse(number).ok()?.to_f64(),
        decimals: u8::try_from(decimals).ok()?,
        unit: unit.trim().to_owned(),
    })
}

/// The scenario as it is with all uncertain values at one end; what is wrong with it then is told
/// where the end is written.
pub(crate) fn at_end(tree: &Node, uncertain: &[Uncertain], is_high: bool) -> Node {
    let mut tree = tree.clone();
    for of in uncertain {
        let field = if is_high { &uncertain::HIGH } else { &uncertain::LOW };
        let at = tree.find(root::UNCERTAIN.key).and_then(|list| {
            let Value::List(nodes) = &list.value else { return None };
            let is_it = |node: &&Node| {
                let key = node.find(uncertain::KEY.key).map(|node| &node.value);
                matches!(key, Some(Value::Text(text)) if *text == of.key)
            };
            Some(nodes.iter().find(is_it)?.find(field.key)?.at)
        });
        let value = of.written(if is_high { of.high } else { of.low });
        let change = Override { key: of.key.clone(), value };
        set::place(&mut tree, at.unwrap_or(At::File), &change);
    }
    tree
}
