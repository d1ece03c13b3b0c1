//! Curves: counts and rates that change over time.

use super::check::{COUNT_MAX, Check, Table, node_text};
use super::fields::{
    CURVES, Field, Section, curve_constant, curve_exponential, curve_linear, curve_logistic,
    curve_steps, step,
};
use super::findings::At;
use super::tree::{Node, Value};
use crate::scenario::{Curve, Step};

/// What a curve is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// Hosts or VMs.
    Count,
    /// Requests per ms.
    Rate,
}

impl Of {
    fn level(self, check: &mut Check<'_>, field: &'static Field, node: &Node) -> Option<f64> {
        match self {
            Self::Count => check.number(field.key, node, 0.0, COUNT_MAX),
            Self::Rate => check.rate(field.key, node),
        }
    }
}

/// Reads a curve, or a value alone.
pub(crate) fn read(check: &mut Check<'_>, key: &str, node: &Node, of: Of) -> Option<Curve> {
    match (&node.value, of) {
        (Value::Number(_), Of::Count) => {
            check.number(key, node, 0.0, COUNT_MAX).map(Curve::Constant)
        }
        (Value::Table(_), _) => {
            let section = section(check, node, node.at)?;
            let table = check.open(key, node, node.at, &[section])?;
            read_table(check, &table, section, of, None)
        }
        (_, Of::Rate) => check.rate(key, node).map(Curve::Constant),
        (_, Of::Count) => {
            let message = format!("`{key}` is a number or a curve, not {}", node.kind());
            let hint = "write it like `{ curve = \"linear\", from = 1000, to = 2000 }`";
            check.error_hint(node.at, message, hint);
            None
        }
    }
}

/// Which curve a table says it is.
pub(crate) fn section(check: &mut Check<'_>, node: &Node, at: At) -> Option<&'static Section> {
    let field = &curve_constant::CURVE;
    let Some(tag) = node.find(field.key) else {
        let hint = format!("add `curve = \"linear\"`; there are {}", CURVES.join(", "));
        if !check.findings.is_broken() {
            check.error_hint(at, "`curve` is missing", hint);
        }
        return None;
    };
    Some(match check.choice(field.key, tag, "curve", CURVES)? {
        "constant" => &curve_constant::SECTION,
        "linear" => &curve_linear::SECTION,
        "exponential" => &curve_exponential::SECTION,
        "logistic" => &curve_logistic::SECTION,
        _ => &curve_steps::SECTION,
    })
}

/// Reads an opened curve. `from` is what it begins with where it does not say so itself.
pub(crate) fn read_table(
    check: &mut Check<'_>,
    table: &Table<'_>,
    which: &'static Section,
    of: Of,
    from: Option<f64>,
) -> Option<Curve> {
    let first = |check: &mut Check<'_>, field: &'static Field| match (table.get(field), from) {
        (Some(node), _) => of.level(check, field, node),
        (None, Some(from)) => Some(from),
        (None, None) => {
            table.must(check, field);
            None
        }
    };
    let level = |check: &mut Check<'_>, field: &'static Field| {
        let node = table.must(check, field)?;
        of.level(check, field, node)
    };
    let over = |check: &mut Check<'_>, field: &'static Field| match table.get(field) {
        Some(node) => check.calendar_ms(field.key, node, 1),
        None => Some(check.run_ms()),
    };
    // All of a curve's keys are looked at before one that is wrong ends it.
    match which.name {
        "curve_constant" => level(check, &curve_constant::VALUE).map(Curve::Constant),
        "curve_linear" => {
            let from = first(check, &curve_linear::FROM);
            let to = level(check, &curve_linear::TO);
            let over_ms = over(check, &curve_linear::OVER);
            Some(Curve::Linear { from: from?, to: to?, over_ms: over_ms? })
        }
        "curve_exponential" => {
            let from = first(check, &curve_exponential::FROM);
            let to = level(check, &curve_exponential::TO);
            let over_ms = over(check, &curve_exponential::OVER);
            let from = above_0(check, table, &curve_exponential::FROM, from);
            let to = above_0(check, table, &curve_exponential::TO, to);
            Some(Curve::Exponential { from: from?, to: to?, over_ms: over_ms? })
        }
        "curve_logistic" => {
            let from = first(check, &curve_logistic::FROM);
            let to = level(check, &curve_logistic::TO);
            let over_ms = over(check, &curve_logistic::OVER);
            let ceiling = table
                .get(&curve_logistic::CEILING)
                .map(|node| (node, of.level(check, &curve_logistic::CEILING, node)));
            let from = above_0(check, table, &curve_logistic::FROM, from)?;
            let to = above_0(check, table, &curve_logistic::TO, to)?;
            let most = from.max(to);
            let ceiling = match ceiling {
                None => most * 1.05,
                Some((_, Some(ceiling))) if ceiling > most => ceiling,
                Some((node, Some(_))) => {
                    let message = format!(
                        "`ceiling` is above `from` and `to`, and `{}` is not",
                        node_text(node)
                    );
                    check.error_hint(node.at, message, "leave it out, or raise it");
                    return None;
                }
                Some((_, None)) => return None,
            };
            Some(Curve::Logistic { from, to, over_ms: over_ms?, ceiling })
        }
        _ => {
            let from = first(check, &curve_steps::FROM);
            let steps = steps(check, table, of);
            let mut list = vec![Step { at_ms: 0, value: from?, ramp_ms: 0 }];
            list.extend(steps?);
            Some(Curve::Steps(list))
        }
    }
}

fn above_0(
    check: &mut Check<'_>,
    table: &Table<'_>,
    field: &'static Field,
    value: Option<f64>,
) -> Option<f64> {
    if value == Some(0.0) {
        let at = table.get(field).map_or(table.at, |node| node.at);
        let message = format!("`{}` of this curve is above 0, not 0", field.key);
        check.error_hint(at, message, "what begins with nothing grows along a linear curve");
        return None;
    }
    value
}

fn steps(check: &mut Check<'_>, table: &Table<'_>, of: Of) -> Option<Vec<Step>> {
    let field = &curve_steps::STEPS;
    let node = table.must(check, field)?;
    let nodes = check.list(field.key, node, false);
    if nodes.is_empty() {
        check.error_hint(node.at, "`steps` is empty", format!("write it like `{}`", field.example));
        return None;
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut is_right = true;
    for node in nodes {
        let step = read_step(check, node, of);
        let (Some(step), Some(before)) = (step, Some(steps.last())) else {
            is_right = false;
            continue;
        };
        let free_ms = before.map_or(1, |step| step.at_ms + step.ramp_ms.max(1));
        if step.at_ms < free_ms {
            let message = match before {
                Some(_) => "this step begins before the one above is done",
                None => "a step begins after the start",
            };
            check.error_hint(node.at, message, "`from` is for the start; steps go by time");
            is_right = false;
        }
        steps.push(step);
    }
    is_right.then_some(steps)
}

fn read_step(check: &mut Check<'_>, node: &Node, of: Of) -> Option<Step> {
    let table = check.open(curve_steps::STEPS.key, node, node.at, &[&step::SECTION])?;
    let at = table.must(check, &step::AT);
    let at_ms = at.and_then(|node| check.time_ms(step::AT.key, node));
    let to = table.must(check, &step::TO);
    let value = to.and_then(|node| of.level(check, &step::TO, node));
    let ramp_ms = match table.get(&step::RAMP) {
        Some(node) => check.length_ms(step::RAMP.key, node, 0),
        None => Some(0),
    };
    Some(Step { at_ms: at_ms?, value: value?, ramp_ms: ramp_ms? })
}
