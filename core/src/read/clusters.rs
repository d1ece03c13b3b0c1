//! The parameters of the field's own schedulers: Kubernetes, Nova, Nomad.

use super::check::{Check, Table};
use super::fields::{ALGORITHMS, FITS, VISITS, placement, plugins, shape, weighers};
use super::findings::At;
use super::tree::Node;
use crate::resources::{Builtin, Kinds};
use crate::scenario::{
    FitScore, KubernetesProfile, KubernetesResource, KubernetesSampling, NomadAlgorithm, NomadRule,
    NomadWalk, NovaWeigher, Policy, WishWeights,
};

/// The largest weight of a plugin or a resource.
const WEIGHT_MAX: u64 = 100;

/// Reads a Kubernetes scheduler profile.
pub(crate) fn read_kubernetes(
    check: &mut Check<'_>,
    table: &Table<'_>,
    kinds: &Kinds,
) -> Option<Policy> {
    let weights = match table.get(&placement::PLUGINS) {
        Some(node) => read_plugins(check, node),
        None => Some((1, 1, WishWeights::DEFAULT)),
    };
    let fit = read_fit(check, table);
    let resources = match table.get(&placement::RESOURCES) {
        Some(node) => read_resources(check, node, kinds),
        None => {
            let both = [Builtin::Cpu, Builtin::Memory];
            Some(both.iter().filter_map(|kind| resource(kinds, kind.name(), 1)).collect())
        }
    };
    let sampling = read_sampling(check, table);
    let (fit_weight, balance_weight, wishes) = weights?;
    Some(Policy::Kubernetes(KubernetesProfile {
        fit_weight,
        balance_weight,
        fit: fit?,
        resources: resources?,
        wishes,
        sampling: sampling?,
    }))
}

/// Which nodes are scored; `Some(None)`: all of them, by index.
fn read_sampling(check: &mut Check<'_>, table: &Table<'_>) -> Option<Option<KubernetesSampling>> {
    use placement::{PERCENTAGE_OF_NODES, ZONE_INTERLEAVE};
    let percentage = match table.get(&PERCENTAGE_OF_NODES) {
        Some(node) => check.whole(PERCENTAGE_OF_NODES.key, node, 0, 100),
        None => Some(100),
    };
    let interleaves_zones = match table.get(&ZONE_INTERLEAVE) {
        Some(node) => check.flag(ZONE_INTERLEAVE.key, node),
        None => Some(false),
    };
    let sampling =
        KubernetesSampling { percentage: percentage?, interleaves_zones: interleaves_zones? };
    let is_all = sampling.percentage == 100 && !sampling.interleaves_zones;
    Some((!is_all).then_some(sampling))
}

fn read_plugins(check: &mut Check<'_>, node: &Node) -> Option<(i64, i64, WishWeights)> {
    use plugins::{
        BALANCED_ALLOCATION, IMAGE_LOCALITY, INTER_POD_AFFINITY, NODE_AFFINITY, NODE_RESOURCES_FIT,
        POD_TOPOLOGY_SPREAD, TAINT_TOLERATION,
    };
    let table = check.open(placement::PLUGINS.key, node, node.at, &[&plugins::SECTION])?;
    let mut weight = |field| match table.get(field) {
        Some(node) => check.whole(field.key, node, 0, WEIGHT_MAX).map(|weight| weight as i64),
        None => Some(0),
    };
    let (fit, balance) = (weight(&NODE_RESOURCES_FIT), weight(&BALANCED_ALLOCATION));
    let taint_toleration = weight(&TAINT_TOLERATION);
    let node_affinity = weight(&NODE_AFFINITY);
    let pod_topology_spread = weight(&POD_TOPOLOGY_SPREAD);
    let inter_pod_affinity = weight(&INTER_POD_AFFINITY);
    let image_locality = weight(&IMAGE_LOCALITY);
    let wishes = WishWeights {
        taint_toleration: taint_toleration?,
        node_affinity: node_affinity?,
        pod_topology_spread: pod_topology_spread?,
        inter_pod_affinity: inter_pod_affinity?,
        image_locality: image_locality?,
    };
    let weights = (fit?, balance?, wishes);
    if weights == (0, 0, WishWeights::NONE) && !check.findings.is_broken() {
        let hint = format!("give one a weight, or delete `{}`", placement::PLUGINS.key);
        check.error_hint(node.at, "no plugin has a weight, so all hosts are alike", hint);
    }
    Some(weights)
}

fn read_fit(check: &mut Check<'_>, table: &Table<'_>) -> Option<FitScore> {
    let fit = match table.get(&placement::FIT) {
        Some(node) => check.choice(placement::FIT.key, node, "fit", FITS)?,
        None => "least",
    };
    let shape_node = table.get(&placement::SHAPE);
    match (fit, shape_node) {
        ("ratio", Some(node)) => read_shape(check, node).map(FitScore::Ratio),
        ("ratio", None) => {
            let hint = format!("add `{} = {}`", placement::SHAPE.key, placement::SHAPE.example);
            check.error_hint(table.at_key(&placement::FIT), "`shape` is missing", hint);
            None
        }
        (_, Some(_)) => {
            let at = table.at_key(&placement::SHAPE);
            check.error_hint(at, "`shape` is for `fit = \"ratio\"`", "delete it");
            None
        }
        ("most", None) => Some(FitScore::Most),
        _ => Some(FitScore::Least),
    }
}

fn read_shape(check: &mut Check<'_>, node: &Node) -> Option<Vec<(i64, i64)>> {
    use shape::{SCORE, USED};
    let nodes = check.list(placement::SHAPE.key, node, false);
    let (mut points, mut is_right) = (Vec::new(), !nodes.is_empty());
    if nodes.is_empty() && !check.findings.has_errors() {
        check.error_hint(node.at, "`shape` is empty", "give it at least one point");
    }
    for node in nodes {
        let table = check.open(placement::SHAPE.key, node, node.at, &[&shape::SECTION]);
        let point = table.and_then(|table| {
            let used = table.must(check, &USED);
            let used = used.and_then(|node| check.whole(USED.key, node, 0, 100));
            let score = table.must(check, &SCORE);
            let score = score.and_then(|node| check.whole(SCORE.key, node, 0, 10));
            Some((used? as i64, score? as i64))
        });
        let Some((used, score)) = point else {
            is_right = false;
            continue;
        };
        if points.last().is_some_and(|(before, _)| *before >= used) {
            check.error(node.at, "the points of a shape ascend in `used`");
            is_right = false;
        }
        points.push((used, score));
    }
    is_right.then_some(points)
}

fn read_resources(
    check: &mut Check<'_>,
    node: &Node,
    kinds: &Kinds,
) -> Option<Vec<KubernetesResource>> {
    let key = placement::RESOURCES.key;
    let Some(entries) = node.table().filter(|entries| !entries.is_empty()) else {
        let hint = format!("write it like `{}`", placement::RESOURCES.example);
        check.error_hint(node.at, format!("`{key}` is weights by resource"), hint);
        return None;
    };
    let (mut resources, mut is_right) = (Vec::new(), true);
    for entry in entries {
        let names = check.kind_names();
        if !names.contains(&entry.key) {
            let known = names.iter().map(String::as_str);
            check.unknown_name(entry.key_at, "resource", &entry.key, known);
            is_right = false;
            continue;
        }
        let Some(weight) = check.whole(&entry.key, &entry.node, 1, WEIGHT_MAX) else {
            is_right = false;
            continue;
        };
        match resource(kinds, &entry.key, weight as i64) {
            Some(resource) => resources.push(resource),
            None => warn_unasked(check, entry.key_at, &entry.key),
        }
    }
    is_right.then_some(resources)
}

/// A resource of a profile, if any demand asks for it. A node always has cpu, memory and disk;
/// the others are what Kubernetes calls extended.
fn resource(kinds: &Kinds, name: &str, weight: i64) -> Option<KubernetesResource> {
    let always = [Builtin::Cpu, Builtin::Memory, Builtin::Disk];
    let is_extended = !always.iter().any(|kind| kind.name() == name);
    kinds.column(name).map(|column| KubernetesResource { column, weight, is_extended })
}

fn warn_unasked(check: &mut Check<'_>, at: At, name: &str) {
    if !check.findings.has_errors() {
        let message = format!("no demand asks for `{name}`, so it decides nothing");
        check.warning(at, message, "delete it here");
    }
}

/// Reads the weighers of Nova, which stand in the order in which upstream adds them up.
pub(crate) fn read_nova(check: &mut Check<'_>, table: &Table<'_>, kinds: &Kinds) -> Option<Policy> {
    use weighers::{CPU, DISK, MEMORY};
    let weighers = match table.get(&placement::WEIGHERS) {
        Some(node) => {
            let key = placement::WEIGHERS.key;
            Some(check.open(key, node, node.at, &[&weighers::SECTION])?)
        }
        None => None,
    };
    let (mut all, mut is_right) = (Vec::new(), true);
    for (field, is_overcommitted) in [(&CPU, true), (&DISK, false), (&MEMORY, false)] {
        let node = weighers.as_ref().and_then(|table| table.get(field));
        let multiplier = match node {
            Some(node) => check.number(field.key, node, -1e6, 1e6),
            None => Some(1.0),
        };
        let column = kinds.column(field.key);
        if let (Some(node), None) = (node, column) {
            warn_unasked(check, node.at, field.key);
        }
        is_right &= multiplier.is_some();
        let weigher = column.zip(multiplier).map(|(column, multiplier)| NovaWeigher {
            column,
            multiplier,
            is_overcommitted,
        });
        all.extend(weigher);
    }
    is_right.then_some(Policy::Nova(all))
}

/// Reads how Nomad schedules.
pub(crate) fn read_nomad(
    check: &mut Check<'_>,
    table: &Table<'_>,
    kinds: &Kinds,
) -> Option<Policy> {
    let algorithm = match table.get(&placement::ALGORITHM) {
        Some(node) => check.choice(placement::ALGORITHM.key, node, "algorithm", ALGORITHMS),
        None => Some("binpack"),
    };
    let walk = match table.get(&placement::VISITS) {
        Some(node) => check.choice(placement::VISITS.key, node, "walk", VISITS),
        None => Some("service"),
    };
    Some(Policy::Nomad(NomadRule {
        algorithm: match algorithm? {
            "spread" => NomadAlgorithm::Spread,
            _ => NomadAlgorithm::Binpack,
        },
        walk: match walk? {
            "all" => NomadWalk::All,
            "batch" => NomadWalk::Batch,
            _ => NomadWalk::Service,
        },
        cpu: kinds.column(Builtin::Cpu.name()),
        memory: kinds.column(Builtin::Memory.name()),
    }))
}
