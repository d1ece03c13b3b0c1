//! Expectations: what must hold at the end.

use super::check::{Check, node_text};
use super::fields::{expect, root};
use super::load::Load;
use super::tree::{Node, Value};
use crate::report::{self, METRICS, SURVIVES};
use crate::scenario::{Bound, DemandId, Expectation};
use crate::units::{self, Length, shorten};

/// Reads the expectations.
pub(crate) fn read_expectations(
    check: &mut Check<'_>,
    node: &Node,
    load: &Load,
) -> Vec<Expectation> {
    let nodes = check.list(root::EXPECT.key, node, false);
    nodes.iter().filter_map(|node| read_expectation(check, node, load)).collect()
}

fn read_expectation(check: &mut Check<'_>, node: &Node, load: &Load) -> Option<Expectation> {
    use expect::{AT_LEAST, AT_MOST, DEMAND, METRIC};
    let table = check.open(root::EXPECT.key, node, node.at, &[&expect::SECTION])?;
    let metric_node = table.must(check, &METRIC);
    let metric = metric_node.and_then(|node| {
        let name = check.text(METRIC.key, node)?;
        let metric = report::metric(name);
        if metric.is_none() {
            let known = METRICS.iter().map(|metric| metric.name);
            let message = format!("no key figure is called `{}`", shorten(name));
            let hint = match check.alike(name, known.clone()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
            };
            check.error_hint(node.at, message, hint);
        }
        metric
    });
    let most = table.get(&AT_MOST);
    let least = table.get(&AT_LEAST);
    if most.is_none() && least.is_none() && !check.findings.is_broken() {
        let message = "this expectation has no bound";
        check.error_hint(table.at, message, "add `at-most` or `at-least`");
    }
    let metric = metric?;
    let demand = match table.get(&DEMAND) {
        Some(node) => Some(read_demand(check, node, metric, load)?),
        None => None,
    };
    let mut bound = |key: &str, node: Option<&Node>| match node {
        Some(node) => read_bound(check, key, node, metric).map(Some),
        None => Some(None),
    };
    let at_most = bound(AT_MOST.key, most);
    let at_least = bound(AT_LEAST.key, least);
    let (at_most, at_least) = (at_most?, at_least?);
    let is_crossed = match (at_most, at_least) {
        (Some(Bound::Value(most)), Some(Bound::Value(least))) => most < least,
        (Some(Bound::Share(most)), Some(Bound::Share(least))) => most < least,
        _ => false,
    };
    if is_crossed {
        check.error(table.at_key(&AT_LEAST), "`at-least` is more than `at-most`");
    }
    Some(Expectation { metric: metric.name.to_owned(), demand, at_most, at_least })
}

/// Whose figure it is.
fn read_demand(
    check: &mut Check<'_>,
    node: &Node,
    metric: &crate::report::Metric,
    load: &Load,
) -> Option<DemandId> {
    let name = check.text(expect::DEMAND.key, node)?;
    if !metric.is_by_demand() {
        let message = format!("`{}` is a figure of the whole run", metric.name);
        let hint = "delete `demand`; times, figures of memory, `requests`, `placed` and `refused` have one \
                    by demand";
        check.error_hint(node.at, message, hint);
        return None;
    }
    let row = load.demands.iter().position(|demand| demand.name == name);
    // Demands that did not read are not known here.
    if row.is_none() && !check.findings.has_errors() {
        check.unknown_name(node.at, "demand", name, load.demands.iter().map(|d| d.name.as_str()));
    }
    row.map(DemandId::from_row)
}

fn read_bound(
    check: &mut Check<'_>,
    key: &str,
    node: &Node,
    metric: &crate::report::Metric,
) -> Option<Bound> {
    if metric.name == "survives" {
        let level = check.choice(key, node, "loss", &SURVIVES)?;
        let row = SURVIVES.iter().position(|known| *known == level)?;
        return Some(Bound::Value(row as f64));
    }
    let Value::Text(text) = &node.value else {
        return check.number(key, node, 0.0, 1e18).map(Bound::Value);
    };
    if text.trim().ends_with('%') {
        if metric.of.is_none() {
            let message = format!("`{}` is not a part of something", metric.name);
            let hint = format!("`{}` is a number of its own, not a percentage", metric.name);
            check.error_hint(node.at, message, hint);
            return None;
        }
        let share = check.share(key, node)?;
        // Utilisation is a share already, in its own unit too.
        return Some(Bound::Share(share));
    }
    let is_time = metric.name.starts_with("time-");
    if is_time {
        let length = Length::parse(text);
        if length.is_ok() {
            return check.length_ms(key, node, 0).map(|ms| Bound::Value(ms as f64 / 1_000.0));
        }
    }
    let example = match (is_time, metric.of) {
        (true, _) => "`\"10 s\"`",
        (false, Some(_)) => "`100` or `\"0.1%\"`",
        (false, None) => "`100`",
    };
    let message = match units::Decimal::parse(text.trim()) {
        Ok(_) => format!("`{key}` is a number, not text"),
        Err(_) => format!("`{}` is not a bound of `{}`", node_text(node), metric.name),
    };
    check.error_hint(node.at, message, format!("write it like {example}"));
    None
}
