//! Placement: how hosts are chosen, and what the policy wants to know.

use super::check::{Check, Table};
use super::clusters;
use super::compose;
use super::fields::{Field, POLICIES, placement, predictions, root};
use super::findings::At;
use super::gradient;
use super::tree::{Node, Value};
use crate::resources::{KINDS_MAX, Kinds};
use crate::scenario::{FitBy, Measure, Norm, Placement, Policy, Predictions, ShareOf};
use crate::time::MINUTE_MS;

/// Policies that measure free amounts as shares of something.
const NORMED: &[&str] = &[
    "power-of-d",
    "best-fit-l1",
    "best-fit-l2",
    "best-fit-linf",
    "worst-fit-l1",
    "worst-fit-l2",
    "worst-fit-linf",
    "dot-product",
    "norm-greedy",
    "cosine",
    "greedy-extension",
    "lifetime-bucket",
    "rules",
    "scores",
];

/// Those of them that add shares up by weight.
const WEIGHTED: &[&str] = &[
    "power-of-d",
    "best-fit-l1",
    "best-fit-l2",
    "best-fit-linf",
    "worst-fit-l1",
    "worst-fit-l2",
    "worst-fit-linf",
    "dot-product",
    "norm-greedy",
    "greedy-extension",
    "lifetime-bucket",
    "rules",
    "scores",
];

/// Each parameter, and the policies that it is for.
static PARAMETERS: &[(&Field, &[&str])] = &[
    (&placement::BY, &["best-fit", "worst-fit"]),
    (&placement::WEIGHTS, WEIGHTED),
    (&placement::NORM, NORMED),
    (&placement::D, &["power-of-d"]),
    (&placement::PREFER, &["power-of-d"]),
    (&placement::SENSE, &["dot-product"]),
    (&placement::BASE, &["epvm"]),
    (&placement::BOUNDS, &["lifetime-bucket"]),
    (&placement::PREDICTIONS, &["greedy-extension", "lifetime-bucket", "rules", "scores"]),
    (&placement::RULES, &["rules"]),
    (&placement::SCORES, &["scores"]),
    (&placement::FILTERS, &["rules", "scores"]),
    (&placement::TIES, &["rules", "scores", "fgd"]),
    (&placement::PLUGINS, &["kubernetes"]),
    (&placement::FIT, &["kubernetes"]),
    (&placement::SHAPE, &["kubernetes"]),
    (&placement::RESOURCES, &["kubernetes"]),
    (&placement::PERCENTAGE_OF_NODES, &["kubernetes"]),
    (&placement::ZONE_INTERLEAVE, &["kubernetes"]),
    (&placement::WEIGHERS, &["nova"]),
    (&placement::ALGORITHM, &["nomad"]),
    (&placement::VISITS, &["nomad"]),
    (&placement::TYPICAL, &["fgd"]),
];

/// The most hosts that power-of-d draws.
const DRAWS_MAX: u64 = 1_000;

/// The most bounds of lifetime-bucket.
const BOUNDS_MAX: usize = 100;

/// Reads the placement, which may be missing. `labels` are all labels of the scenario, sorted.
pub(crate) fn read_placement(
    check: &mut Check<'_>,
    node: Option<&Node>,
    kinds: &Kinds,
    labels: &[String],
) -> Option<Placement> {
    let Some(node) = node else {
        return Some(Placement {
            policy: Policy::FirstFit,
            preemption: false,
            prefers_warm: false,
            predictions: None,
        });
    };
    let table = check.open(root::PLACEMENT.key, node, node.at, &[&placement::SECTION])?;
    let policy_node = table.get(&placement::POLICY);
    let policy = match policy_node {
        Some(node) => check.choice(placement::POLICY.key, node, "policy", POLICIES),
        None if table.get(&placement::SCORES).is_some() => Some("scores"),
        None if table.get(&placement::RULES).is_some() => Some("rules"),
        None => Some("first-fit"),
    };
    // What is wrong with a parameter is told even where it is not the policy's.
    let by = match table.get(&placement::BY) {
        Some(node) => read_by(check, placement::BY.key, node, kinds).map(FitBy::Columns),
        None => Some(FitBy::Shares),
    };
    let default = match policy {
        Some("dot-product" | "norm-greedy" | "cosine") => ShareOf::Fleet,
        _ => ShareOf::Host,
    };
    let measure = read_measure(check, &table, kinds, default);
    let draws = match table.get(&placement::D) {
        Some(node) => check.whole(placement::D.key, node, 1, DRAWS_MAX).map(|d| d as u32),
        None => Some(2),
    };
    let prefers = read_choice(check, &table, &placement::PREFER, "preference", &["worst", "best"]);
    let sense = read_choice(check, &table, &placement::SENSE, "sense", &["max", "min"]);
    let base = match table.get(&placement::BASE) {
        Some(node) => check.number(placement::BASE.key, node, 1.0, 1e9).map(Some),
        None => Some(None),
    };
    let bounds_ms = match table.get(&placement::BOUNDS) {
        Some(node) => read_bounds(check, node),
        None => Some([0, 30, 60, 120, 240, 480].map(|minutes| minutes * MINUTE_MS).to_vec()),
    };
    let preemption = match table.get(&placement::PREEMPTION) {
        Some(node) => check.flag(placement::PREEMPTION.key, node),
        None => Some(false),
    };
    let prefers_warm = match table.get(&placement::PREFER_WARM) {
        Some(node) => check.flag(placement::PREFER_WARM.key, node),
        None => Some(false),
    };
    let own = compose::read_parts(check, &table, kinds, labels);
    let policy = policy?;
    let is_set = |at: At| matches!(at, At::Set(_));
    for (field, takers) in PARAMETERS {
        let Some(node) = table.get(field) else { continue };
        // A policy given on the command line does not bring along the file's parameters.
        let is_brought = policy_node.is_some_and(|node| is_set(node.at)) && !is_set(node.at);
        if !takers.contains(&policy) && !is_brought {
            let message = format!("`{}` is for {}", field.key, listed(takers));
            check.error_hint(table.at_key(field), message, "delete it");
        }
    }
    let predictions = read_predictions(check, &table);
    let norm = |norm: Norm| Some(FitBy::Norm(norm, measure?));
    let policy = match policy {
        "first-fit" => Policy::FirstFit,
        "last-fit" => Policy::LastFit,
        "next-fit" => Policy::NextFit,
        "next-fit-closed" => Policy::NextFitClosed,
        "round-robin" => Policy::RoundRobin,
        "move-to-front" => Policy::MoveToFront,
        "random" => Policy::Random,
        "kubernetes" => clusters::read_kubernetes(check, &table, kinds)?,
        "nova" => clusters::read_nova(check, &table, kinds)?,
        "nomad" => clusters::read_nomad(check, &table, kinds)?,
        "fgd" => gradient::read_fgd(check, &table, kinds, own.as_ref()?.ties)?,
        "power-of-d" => {
            Policy::PowerOfD { draws: draws?, prefers_most: prefers? == "worst", measure: measure? }
        }
        "best-fit" => Policy::BestFit(by?),
        "worst-fit" => Policy::WorstFit(by?),
        "best-fit-l1" => Policy::BestFit(norm(Norm::L1)?),
        "best-fit-l2" => Policy::BestFit(norm(Norm::L2)?),
        "best-fit-linf" => Policy::BestFit(norm(Norm::Linf)?),
        "worst-fit-l1" => Policy::WorstFit(norm(Norm::L1)?),
        "worst-fit-l2" => Policy::WorstFit(norm(Norm::L2)?),
        "worst-fit-linf" => Policy::WorstFit(norm(Norm::Linf)?),
        "dot-product" => Policy::DotProduct { measure: measure?, wants_most: sense? == "max" },
        "norm-greedy" => Policy::NormGreedy(measure?),
        "cosine" => Policy::Cosine(measure?.of),
        "tetris" => Policy::Tetris,
        "epvm" => Policy::Epvm { base: base? },
        "balance-fit" => Policy::BalanceFit,
        "greedy-extension" => Policy::GreedyExtension(measure?),
        "lifetime-bucket" => Policy::LifetimeBucket { measure: measure?, bounds_ms: bounds_ms? },
        "rules" => Policy::Compose(own?.by_rules(check, table.at, measure?)?),
        "scores" => Policy::Compose(own?.by_scores(check, table.at, measure?)?),
        _ => unreachable!("the choice is one of those above"),
    };
    // A policy given on the command line may have no use for them.
    let predictions = predictions?.filter(|_| policy.knows_lifetimes());
    let (preemption, prefers_warm) = (preemption?, prefers_warm?);
    Some(Placement { policy, preemption, prefers_warm, predictions })
}

/// How wrong the policy is about lifetimes; `Some(None)`: it knows them.
fn read_predictions(check: &mut Check<'_>, table: &Table<'_>) -> Option<Option<Predictions>> {
    use predictions::{ERROR, MISS_FACTOR, MISSES, REPREDICT};
    let Some(node) = table.get(&placement::PREDICTIONS) else { return Some(None) };
    let key = placement::PREDICTIONS.key;
    let table = check.open(key, node, node.at, &[&predictions::SECTION])?;
    let error = match table.get(&ERROR) {
        Some(node) => check.number(ERROR.key, node, 0.0, 10.0),
        None => Some(0.0),
    };
    let misses = match table.get(&MISSES) {
        Some(node) => match check.share(MISSES.key, node) {
            Some(share) if share > 1.0 => {
                check.error(node.at, format!("`{}` is at most 100%", MISSES.key));
                None
            }
            share => share,
        },
        None => Some(0.0),
    };
    let miss_factor = match table.get(&MISS_FACTOR) {
        Some(node) => check.number(MISS_FACTOR.key, node, 1.0, 1e6),
        None => Some(100.0),
    };
    let repredicts = match table.get(&REPREDICT) {
        Some(node) => check.flag(REPREDICT.key, node),
        None => Some(true),
    };
    Some(Some(Predictions {
        error: error?,
        misses: misses?,
        miss_factor: miss_factor?,
        repredicts: repredicts?,
    }))
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// One of some words, the first if the key is not there.
fn read_choice(
    check: &mut Check<'_>,
    table: &Table<'_>,
    field: &'static Field,
    what: &str,
    choices: &[&'static str],
) -> Option<&'static str> {
    match table.get(field) {
        Some(node) => check.choice(field.key, node, what, choices),
        None => Some(choices[0]),
    }
}

fn read_measure(
    check: &mut Check<'_>,
    table: &Table<'_>,
    kinds: &Kinds,
    default: ShareOf,
) -> Option<Measure> {
    let of = match table.get(&placement::NORM) {
        Some(node) => match check.choice(placement::NORM.key, node, "norm", &["host", "fleet"]) {
            Some("host") => Some(ShareOf::Host),
            Some(_) => Some(ShareOf::Fleet),
            None => None,
        },
        None => Some(default),
    };
    let weights = match table.get(&placement::WEIGHTS) {
        Some(node) => read_weights(check, node, kinds),
        None => Some([1_000; KINDS_MAX]),
    };
    Some(Measure { of: of?, weights_milli: weights? })
}

fn read_weights(
    check: &mut Check<'_>,
    node: &Node,
    kinds: &Kinds,
) -> Option<crate::resources::Amounts> {
    let Some(entries) = node.table() else {
        let message = format!("`weights` is a table, not {}", node.kind());
        let hint = format!("write it like `{}`", placement::WEIGHTS.example);
        check.error_hint(node.at, message, hint);
        return None;
    };
    let names = check.kind_names();
    let mut weights = [0; KINDS_MAX];
    let mut is_right = true;
    for entry in entries {
        if !names.contains(&entry.key) {
            let names = names.iter().map(String::as_str);
            check.unknown_name(entry.key_at, "resource", &entry.key, names);
            is_right = false;
            continue;
        }
        let weight = check.positive(&entry.key, &entry.node, 1e6);
        let Some(decimal) = weight.and_then(|_| check.decimal(&entry.key, &entry.node)) else {
            is_right = false;
            continue;
        };
        match (decimal.to_thousandths(), kinds.column(&entry.key)) {
            (Some(milli), Some(column)) => weights[column] = milli as i64,
            (Some(_), None) => {}
            (None, _) => {
                let message = format!("`{}` has more than three decimals", entry.key);
                check.error_hint(entry.node.at, message, "round it");
                is_right = false;
            }
        }
    }
    if weights == [0; KINDS_MAX] && is_right && !check.findings.has_errors() {
        let message = "no demand asks for any of these";
        check.error_hint(node.at, message, "delete `weights`");
        return None;
    }
    is_right.then_some(weights)
}

fn read_bounds(check: &mut Check<'_>, node: &Node) -> Option<Vec<u64>> {
    let key = placement::BOUNDS.key;
    let Value::List(nodes) = &node.value else {
        let message = format!("`{key}` is a list of durations, not {}", node.kind());
        let hint = format!("write it like `{}`", placement::BOUNDS.example);
        check.error_hint(node.at, message, hint);
        return None;
    };
    if nodes.is_empty() || nodes.len() > BOUNDS_MAX {
        let message = format!("`{key}` has 1 to {BOUNDS_MAX} durations, not {}", nodes.len());
        check.error(node.at, message);
        return None;
    }
    let bounds: Vec<Option<u64>> = nodes.iter().map(|node| check.length_ms(key, node, 0)).collect();
    let bounds: Vec<u64> = bounds.into_iter().collect::<Option<_>>()?;
    if !bounds.is_sorted_by(|before, after| before < after) {
        check.error_hint(node.at, format!("`{key}` do not ascend"), "sort them");
        return None;
    }
    Some(bounds)
}

/// The columns of a resource or of a list of them; never empty.
pub(crate) fn read_by(
    check: &mut Check<'_>,
    key: &str,
    node: &Node,
    kinds: &Kinds,
) -> Option<Vec<usize>> {
    let nodes = match &node.value {
        Value::List(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if nodes.is_empty() {
        check.error_hint(node.at, "`by` is empty", "delete it to compare all resources");
        return None;
    }
    let mut columns = Vec::new();
    let mut is_right = true;
    for node in nodes {
        let Some(name) = check.text(key, node) else {
            is_right = false;
            continue;
        };
        let names = check.kind_names();
        if !names.iter().any(|known| known == name) {
            check.unknown_name(node.at, "resource", name, names.iter().map(String::as_str));
            is_right = false;
        } else if let Some(column) = kinds.column(name) {
            if columns.contains(&column) {
                check.error(node.at, format!("`{name}` is there twice"));
            }
            columns.push(column);
        } else if !check.findings.has_errors() {
            let message = format!("no demand asks for `{name}`, so it decides nothing");
            check.warning(node.at, message, "delete it here");
        }
    }
    if columns.is_empty() && is_right && !check.findings.has_errors() {
        check.error_hint(node.at, "no demand asks for any of these", "delete `by`");
        return None;
    }
    is_right.then_some(columns)
}
