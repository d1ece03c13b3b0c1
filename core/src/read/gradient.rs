//! Fragmentation gradient descent: the requests that it keeps GPUs usable for.

use super::check::{Check, Table};
use super::fields::{placement, typical};
use super::load::Load;
use super::tree::Node;
use crate::resources::{Builtin, Kinds, PORTION_HINT, is_portion};
use crate::scenario::{FgdRule, LabelId, Policy, PoolId, Ties, Typical};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Typical requests are the commonest that make up so much of all, as in Weng et al. (2023).
const POPULAR: f64 = 0.95;

/// The most that a scenario lists, or that are taken from its demand.
const TYPICAL_MAX: usize = 1_000;

/// Reads its parameters. Without `typical` there are none: [`from_load`] has them.
pub(crate) fn read_fgd(
    check: &mut Check<'_>,
    table: &Table<'_>,
    kinds: &Kinds,
    ties: Ties,
) -> Option<Policy> {
    let typical = match table.get(&placement::TYPICAL) {
        Some(node) => read_typical(check, node),
        None => Some(Vec::new()),
    };
    let gpu = kinds.devices();
    if gpu.is_none() && !check.findings.has_errors() {
        let message = "no demand asks for GPUs, so all hosts are alike to `fgd`";
        check.warning(table.at, message, "use another policy, or let a flavor ask for `gpu`");
    }
    let cpu = kinds.column(Builtin::Cpu.name());
    Some(Policy::Fgd(FgdRule { gpu, cpu, typical: typical?, ties }))
}

fn read_typical(check: &mut Check<'_>, node: &Node) -> Option<Vec<Typical>> {
    let nodes = check.list(placement::TYPICAL.key, node, false);
    if nodes.is_empty() || nodes.len() > TYPICAL_MAX {
        check.error(node.at, format!("`typical` has 1 to {TYPICAL_MAX} entries"));
        return None;
    }
    let list: Vec<Option<Typical>> = nodes.iter().map(|node| read_one(check, node)).collect();
    let mut list: Vec<Typical> = list.into_iter().collect::<Option<_>>()?;
    to_shares(&mut list);
    Some(list)
}

fn read_one(check: &mut Check<'_>, node: &Node) -> Option<Typical> {
    let table = check.open(placement::TYPICAL.key, node, node.at, &[&typical::SECTION])?;
    let (amounts, _) = check.amounts(&table);
    let share = table.must(check, &typical::SHARE);
    let share = share.and_then(|node| check.positive(typical::SHARE.key, node, 1e9));
    let (cpu, gpu) = (amounts[Builtin::Cpu as usize], amounts[Builtin::Gpu as usize]);
    if !is_portion(gpu) {
        let at = table.resource(Builtin::Gpu.name()).map_or(table.at, |node| node.at);
        check.error_hint(at, "this is neither a part of one GPU nor whole ones", PORTION_HINT);
        return None;
    }
    Some(Typical { cpu, gpu, share: share?, pool: None, labels: Vec::new() })
}

/// Weights become parts of 1.
fn to_shares(list: &mut [Typical]) {
    let sum: f64 = list.iter().map(|typical| typical.share).sum();
    list.iter_mut().for_each(|typical| typical.share /= sum);
}

/// CPU and GPUs, in a pool, with labels.
type Size<'a> = ([i64; 2], Option<usize>, &'a [String]);

/// The commonest requests of all demands, most first; equals by size. Each demand counts by the
/// requests that are expected of it.
pub(crate) fn from_load(
    load: &Load,
    run_ms: u64,
    label: impl Fn(&String) -> LabelId,
) -> Vec<Typical> {
    let mut weights: BTreeMap<Size<'_>, f64> = BTreeMap::new();
    for draft in &load.demands {
        let all: f64 = draft.asked.values().sum();
        let (requests, _) = draft.requests(run_ms);
        for (size, weight) in &draft.asked {
            let key = (*size, draft.pool, &draft.labels[..]);
            *weights.entry(key).or_default() += requests * weight / all;
        }
    }
    let all: f64 = weights.values().sum();
    let mut weights: Vec<_> = weights.into_iter().collect();
    weights.sort_by_key(|(_, weight)| Reverse(weight.to_bits()));
    let mut sum = 0.0;
    let is_popular = |(_, weight): &(_, f64)| {
        let is_below = sum < POPULAR * all;
        sum += weight;
        is_below
    };
    let popular = weights.into_iter().take_while(is_popular).take(TYPICAL_MAX);
    let typical = popular.map(|(([cpu, gpu], pool, labels), share)| {
        let labels = labels.iter().map(&label).collect();
        Typical { cpu, gpu, share, pool: pool.map(PoolId::from_row), labels }
    });
    let mut typical: Vec<Typical> = typical.collect();
    to_shares(&mut typical);
    typical
}
