//! How images reach hosts, and which demands run one.

use super::check::Check;
use super::fields::{demand, distribution, root};
use super::load::Load;
use super::services::Services;
use super::tree::Node;
use crate::scenario::{ImageDistribution, ImageId, ImageSource};

/// How images come to hosts.
pub(crate) const MODES: &[&str] = &["registry", "p2p", "pre-pulled"];

/// What a host reaches of its rate where images come from other hosts: measured for Kraken.
const EFFICIENCY: f64 = 0.6;

/// Reads how images reach hosts.
pub(crate) fn read_distribution(check: &mut Check<'_>, node: &Node) -> Option<ImageDistribution> {
    use distribution::{CACHE, CONCURRENCY, EFFICIENCY as SHARE, HOST, MODE, REGISTRY, SETUP};
    let table = check.open(root::DISTRIBUTION.key, node, node.at, &[&distribution::SECTION])?;
    let mode = table.must(check, &MODE);
    let mode = mode.and_then(|node| check.choice(MODE.key, node, "mode", MODES))?;
    let of_other = match mode {
        "registry" => [Some(&SHARE), Some(&SETUP), None],
        "p2p" => [Some(&REGISTRY), Some(&CONCURRENCY), None],
        _ => [Some(&REGISTRY), Some(&HOST), Some(&CACHE)],
    };
    for field in of_other.into_iter().flatten() {
        if table.get(field).is_some() {
            let message = format!("`{}` says nothing where `mode = \"{mode}\"`", field.key);
            check.error_hint(table.at_key(field), message, "delete it");
        }
    }
    if mode == "pre-pulled" {
        let source = ImageSource::PrePulled;
        return Some(ImageDistribution { source, host_rate: 1, cache_mib: u64::MAX });
    }
    let mut rate = |field| match table.get(field) {
        Some(node) => check.data_rate(field.key, node).map(Some),
        None => Some(None),
    };
    let (registry, host) = (rate(&REGISTRY), rate(&HOST));
    const TEN_GBIT_MIB_S: f64 = 1e10 / 8.0 / (1 << 20) as f64;
    let bytes = |mib_s: Option<f64>, share: f64| {
        let bytes = mib_s.unwrap_or(TEN_GBIT_MIB_S) * (1 << 20) as f64 * share;
        libm::round(bytes).max(1.0) as u64
    };
    let cache_mib = match table.get(&CACHE) {
        Some(node) => check.mib(CACHE.key, node),
        None => Some(u64::MAX),
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
        return Some(ImageDistribution { source, host_rate, cache_mib: cache_mib? });
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
    let source = ImageSource::Peers { setup_ms: setup_ms? };
    Some(ImageDistribution { source, host_rate: bytes(host?, share), cache_mib: cache_mib? })
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
