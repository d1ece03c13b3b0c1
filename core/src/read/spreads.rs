//! Distributions of durations.

use super::check::{Check, Table};
use super::fields::{
    Field, SPREADS, Section, part, spread_constant, spread_exponential, spread_file,
    spread_lognormal, spread_mixture, spread_weibull,
};
use super::tree::{Node, Value};
use crate::problem::Problems;
use crate::samples::read_samples;
use crate::scenario::Distribution;
use crate::time::TIME_MS_MAX;

/// Mixtures of mixtures go this deep.
const DEPTH_MAX: usize = 4;

/// What a distribution is for.
#[derive(Clone, Copy)]
pub(crate) struct Allow {
    /// `"forever"` is a value.
    pub(crate) forever: bool,
    /// 0 is a value.
    pub(crate) zero: bool,
}

/// Reads a distribution, or a duration alone.
pub(crate) fn read(
    check: &mut Check<'_>,
    key: &str,
    node: &Node,
    allow: Allow,
) -> Option<Distribution> {
    read_at(check, key, node, allow, &[], 1).map(|(_, distribution)| distribution)
}

/// Reads a distribution and, in a mixture, its weight.
fn read_at(
    check: &mut Check<'_>,
    key: &str,
    node: &Node,
    allow: Allow,
    more: &[&'static Section],
    depth: usize,
) -> Option<(f64, Distribution)> {
    if !matches!(node.value, Value::Table(_)) {
        return constant(check, key, node, allow).map(|distribution| (1.0, distribution));
    }
    let tag_field = &spread_constant::DISTRIBUTION;
    let Some(tag) = node.find(tag_field.key) else {
        if !check.findings.is_broken() {
            let hint =
                format!("add `distribution = \"exponential\"`; there are {}", SPREADS.join(", "));
            check.error_hint(node.at, "`distribution` is missing", hint);
        }
        return None;
    };
    let section: &'static Section =
        match check.choice(tag_field.key, tag, "distribution", SPREADS)? {
            "constant" => &spread_constant::SECTION,
            "exponential" => &spread_exponential::SECTION,
            "lognormal" => &spread_lognormal::SECTION,
            "weibull" => &spread_weibull::SECTION,
            "mixture" => &spread_mixture::SECTION,
            _ => &spread_file::SECTION,
        };
    let mut sections = more.to_vec();
    sections.push(section);
    let table = check.open(key, node, node.at, &sections)?;
    let weight = if more.is_empty() {
        Some(1.0)
    } else {
        let node = table.must(check, &part::WEIGHT);
        node.and_then(|node| check.positive(part::WEIGHT.key, node, 1e9))
    };
    let distribution = match section.name {
        "spread_constant" => {
            let field = &spread_constant::VALUE;
            let node = table.must(check, field)?;
            constant(check, field.key, node, allow)
        }
        "spread_exponential" => {
            let node = table.must(check, &spread_exponential::MEAN)?;
            mean_ms(check, spread_exponential::MEAN.key, node)
                .map(|mean_ms| Distribution::Exponential { mean_ms })
        }
        "spread_lognormal" => lognormal(check, &table),
        "spread_weibull" => weibull(check, &table),
        "spread_mixture" => mixture(check, &table, allow, depth),
        _ => samples(check, &table),
    };
    Some((weight?, distribution?))
}

fn constant(check: &mut Check<'_>, key: &str, node: &Node, allow: Allow) -> Option<Distribution> {
    if let Value::Text(text) = &node.value
        && text.trim() == "forever"
    {
        if allow.forever {
            return Some(Distribution::Constant(u64::MAX));
        }
        check.error_hint(
            node.at,
            format!("`{key}` cannot be `forever`"),
            "write it like `90 days`",
        );
        return None;
    }
    check.length_ms(key, node, u64::from(!allow.zero)).map(Distribution::Constant)
}

fn mean_ms(check: &mut Check<'_>, key: &str, node: &Node) -> Option<f64> {
    check.length_ms(key, node, 1).map(|ms| ms as f64)
}

/// Which of two pairs of keys a table has; a finding if it has not exactly one of them.
fn pair<'t>(
    check: &mut Check<'_>,
    table: &Table<'t>,
    pairs: [(&'static Field, &'static Field); 2],
) -> Option<(usize, &'t Node, &'t Node)> {
    let nodes = pairs.map(|(a, b)| (table.get(a), table.get(b)));
    match nodes {
        [(Some(a), Some(b)), (None, None)] => Some((0, a, b)),
        [(None, None), (Some(a), Some(b))] => Some((1, a, b)),
        _ => {
            let [(a, b), (c, d)] = pairs.map(|(a, b)| (a.key, b.key));
            let message = format!("this needs `{a}` and `{b}`, or `{c}` and `{d}`");
            check.error(table.at, message);
            None
        }
    }
}

fn lognormal(check: &mut Check<'_>, table: &Table<'_>) -> Option<Distribution> {
    use spread_lognormal::{CV, MEAN, MEDIAN, SIGMA};
    let (which, center, width) = pair(check, table, [(&MEDIAN, &SIGMA), (&MEAN, &CV)])?;
    if which == 0 {
        let median = mean_ms(check, MEDIAN.key, center);
        let sigma = check.number(SIGMA.key, width, 0.0, 10.0);
        return Some(Distribution::Lognormal { mu: libm::log(median?), sigma: sigma? });
    }
    let mean = mean_ms(check, MEAN.key, center);
    let cv = check.number(CV.key, width, 0.0, 1_000.0)?;
    let variance = libm::log1p(cv * cv);
    let mu = libm::log(mean?) - variance / 2.0;
    Some(Distribution::Lognormal { mu, sigma: libm::sqrt(variance) })
}

fn weibull(check: &mut Check<'_>, table: &Table<'_>) -> Option<Distribution> {
    use spread_weibull::{MEAN, SCALE, SHAPE};
    let shape = table.must(check, &SHAPE);
    let shape = shape.and_then(|node| check.number(SHAPE.key, node, 0.05, 100.0));
    match (table.get(&SCALE), table.get(&MEAN)) {
        (Some(node), None) => {
            let scale_ms = mean_ms(check, SCALE.key, node);
            Some(Distribution::Weibull { shape: shape?, scale_ms: scale_ms? })
        }
        (None, Some(node)) => {
            let mean = mean_ms(check, MEAN.key, node);
            let shape = shape?;
            let scale_ms = mean? / libm::tgamma(1.0 + 1.0 / shape);
            Some(Distribution::Weibull { shape, scale_ms })
        }
        _ => {
            check.error(table.at, "this needs `scale` or `mean`, one of them");
            None
        }
    }
}

fn mixture(
    check: &mut Check<'_>,
    table: &Table<'_>,
    allow: Allow,
    depth: usize,
) -> Option<Distribution> {
    let field = &spread_mixture::OF;
    let node = table.must(check, field)?;
    if depth > DEPTH_MAX {
        check.error(table.at, format!("mixtures of mixtures go {DEPTH_MAX} deep at most"));
        return None;
    }
    let nodes = check.list(field.key, node, false);
    if nodes.is_empty() {
        check.error(node.at, "`of` is empty");
        return None;
    }
    let mut parts = Vec::new();
    for node in nodes {
        if node.table().is_none() {
            let message = format!("a part of a mixture is a table, not {}", node.kind());
            check.error_hint(node.at, message, format!("write it like `{}`", field.example));
            continue;
        }
        parts.extend(read_at(check, field.key, node, allow, &[&part::SECTION], depth + 1));
    }
    (parts.len() == nodes.len()).then_some(Distribution::Mixture(parts))
}

fn samples(check: &mut Check<'_>, table: &Table<'_>) -> Option<Distribution> {
    let field = &spread_file::FILE;
    let node = table.must(check, field)?;
    let name = check.file(field.key, node)?;
    let reader = check.open_file(node, name)?;
    let mut problems = Problems::default();
    let samples = read_samples(name, "lifetime_s", reader, &mut problems);
    check.findings.adopt(node.at, problems);
    match samples {
        Some(samples) if samples.is_empty() => {
            check.error(node.at, format!("`{name}` has no values"));
            None
        }
        Some(samples) if samples.iter().any(|ms| *ms > TIME_MS_MAX) => {
            check.error(node.at, format!("`{name}` has values longer than 1000 years"));
            None
        }
        samples => samples.map(Distribution::Sample),
    }
}
