//! How images reach hosts, and which demands run one.

use super::check::Check;
use super::fields::{Field, demand, distribution, placement, root};
use super::load::Load;
use super::services::Services;
use super::tree::Node;
use crate::scenario::{ImageDistribution, ImageId, ImageSource, Placement, Policy};

/// How images come to hosts.
pub(crate) const MODES: &[&str] = &["registry", "p2p", "pre-pulled"];

/// What a host reaches of its rate where images come from other hosts: measured for Kraken.
const EFFICIENCY: f64 = 0.6;

/// All of it, in millionths.
const ALL_PPM: u32 = 1_000_000;

/// Reads how images reach hosts.
pub(crate) fn read_distribution(check: &mut Check<'_>, node: &Node) -> Option<ImageDistribution> {
    use distribution::{
        CACHE, CONCURRENCY, EFFICIENCY as SHARE, HOST, LAZY, MODE, REGISTRY, SEED, SETUP, SPREAD,
        UPLOAD,
    };
    let table = check.open(root::DISTRIBUTION.key, node, node.at, &[&distribution::SECTION])?;
    let mode = table.must(check, &MODE);
    let mode = mode.and_then(|node| check.choice(MODE.key, node, "mode", MODES))?;
    let of_other: &[&'static Field] = match mode {
        "registry" => &[&SHARE, &SETUP, &SEED, &UPLOAD, &SPREAD],
        "p2p" => &[&REGISTRY, &CONCURRENCY],
        _ => &[&REGISTRY, &HOST, &CACHE, &LAZY],
    };
    for field in of_other {
        if table.get(field).is_some() {
            let message = format!("`{}` says nothing where `mode = \"{mode}\"`", field.key);
            check.error_hint(table.at_key(field), message, "delete it");
        }
    }
    if mode == "pre-pulled" {
        let source = ImageSource::PrePulled;
        let needed_ppm = ALL_PPM;
        return Some(ImageDistribution { source, host_rate: 1, cache_mib: u64::MAX, needed_ppm });
    }
    let rate = |check: &mut Check<'_>, field: &'static Field| match table.get(field) {
        Some(node) => check.data_rate(field.key, node).map(Some),
        None => Some(None),
    };
    let (registry, host) = (rate(check, &REGISTRY), rate(check, &HOST));
    const TEN_GBIT_MIB_S: f64 = 1e10 / 8.0 / (1 << 20) as f64;
    let bytes = |mib_s: Option<f64>, share: f64| {
        let bytes = mib_s.unwrap_or(TEN_GBIT_MIB_S) * (1 << 20) as f64 * share;
        libm::round(bytes).max(1.0) as u64
    };
    let cache_mib = match table.get(&CACHE) {
        Some(node) => check.mib(CACHE.key, node),
        None => Some(u64::MAX),
    };
    let needed_ppm = match table.get(&LAZY) {
        Some(node) => {
            let share = check.share(LAZY.key, node)?;
            if share > 1.0 {
                check.error(node.at, format!("`{}` is at most 100%", LAZY.key));
                return None;
            }
            libm::round(share * f64::from(ALL_PPM)) as u32
        }
        None => ALL_PPM,
    };
    if mode == "registry" {
        let hosts_max = match table.get(&CONCURRENCY) {
            Some(node) => check.whole(CONCURRENCY.key, node, 1, u64::from(u32::MAX)),
            None => Some(u64::from(u32::MAX)),
        };
        let source = ImageSource::Registry {
            rate: bytes(registry?, 1.0),
            hosts_max: u32::try_from(hosts_max?).unwrap_or(u32::MAX),
        };
        let host_rate = bytes(host?, 1.0);
        return Some(ImageDistribution { source, host_rate, cache_mib: cache_mib?, needed_ppm });
    }
    let share = match table.get(&SHARE) {
        Some(node) => {
            let share = check.share(SHARE.key, node)?;
            if share <= 0.0 || share > 1.0 {
                check.error(node.at, format!("`{}` is above 0 and at most 100%", SHARE.key));
                return None;
            }
            share
        }
        None => EFFICIENCY,
    };
    let setup_ms = match table.get(&SETUP) {
        Some(node) => check.length_ms(SETUP.key, node, 0),
        None => Some(0),
    };
    let (seed, upload) = (rate(check, &SEED), rate(check, &UPLOAD));
    let has_bound = table.get(&SEED).is_some() || table.get(&UPLOAD).is_some();
    if has_bound && table.get(&SETUP).is_some() {
        let message = format!("`{}` is not for hosts with a `seed` or an `upload`", SETUP.key);
        check.error_hint(table.at_key(&SETUP), message, "give one or the other");
    }
    let spread = match table.get(&SPREAD) {
        Some(node) => check.number(SPREAD.key, node, 1.0, 100.0)?,
        None => 1.0,
    };
    let bound = |mib_s: Option<f64>| mib_s.map_or(u64::MAX, |_| bytes(mib_s, 1.0));
    let source = ImageSource::Peers {
        setup_ms: setup_ms?,
        seed_rate: bound(seed?),
        upload_rate: bound(upload?),
        spread_milli: libm::round(spread * 1e3) as u32,
    };
    let (host_rate, cache_mib) = (bytes(host?, share), cache_mib?);
    Some(ImageDistribution { source, host_rate, cache_mib, needed_ppm })
}

/// Tells of placement that would look at images where no host fetches any.
pub(crate) fn check_placement(
    check: &mut Check<'_>,
    node: Option<&Node>,
    placement: &Placement,
    distribution: Option<ImageDistribution>,
) {
    let key = &placement::PREFER_WARM;
    let warm = node.and_then(|node| node.find(key.key)).filter(|_| placement.prefers_warm);
    let Some(warm) = warm else { return };
    if distribution.is_none_or(|rule| rule.source == ImageSource::PrePulled) {
        let message = format!("`{}` decides nothing: no host fetches images", key.key);
        check.warning(warm.at, message, "say how with `[distribution]`");
    } else if matches!(placement.policy, Policy::Kubernetes(_)) {
        let message = format!("`{}` decides nothing with `kubernetes`", key.key);
        check.warning(warm.at, message, "give its plugin `image-locality` more weight");
    }
}

/// The image of each demand; with it comes its boot time where the demand says none.
pub(crate) fn read_images_of(
    check: &mut Check<'_>,
    load: &mut Load,
    services: &Services,
    node: Option<&Node>,
) -> Vec<Option<ImageId>> {
    let mut images = vec![None; load.demands.len()];
    let nodes = node.map(|node| &node.value);
    let Some(super::tree::Value::List(nodes)) = nodes else { return images };
    for node in nodes {
        let key = &demand::IMAGE;
        let name = node.find(demand::NAME.key).map(|name| &name.value);
        let Some(image) = node.find(key.key) else { continue };
        let Some(id) = services.image_named(check, key.key, image) else { continue };
        let super::tree::Value::Text(name) = name.unwrap_or(&image.value) else { continue };
        for (draft, image) in load.demands.iter_mut().zip(&mut images) {
            if draft.part_of.as_ref().unwrap_or(&draft.name) == name {
                *image = Some(id);
                if node.find(demand::BOOT.key).is_none() {
                    draft.boot = services.images[id.row()].boot.clone();
                }
            }
        }
    }
    images
}
