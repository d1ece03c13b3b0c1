//! Defragmentation: how often, within which bounds, and what migrations go over.

use super::check::Check;
use super::fields::{Field, WHEN_STUCK, defrag, root};
use super::policies::read_by;
use super::tree::Node;
use crate::migration::{Link, WhenStuck};
use crate::resources::Kinds;
use crate::scenario::{Defrag, PlanLimits};
use crate::time::MINUTE_MS;

/// The most plans of a run.
const PLANS_MAX: f64 = 1e7;

/// Reads the section, which may be missing.
pub(crate) fn read_defrag(
    check: &mut Check<'_>,
    node: Option<&Node>,
    kinds: &Kinds,
) -> Option<Defrag> {
    let default = Defrag::default();
    let Some(node) = node else { return Some(default) };
    let table = check.open(root::DEFRAG.key, node, node.at, &[&defrag::SECTION])?;
    let every_ms = table.get(&defrag::EVERY).map(|node| {
        let every_ms = check.length_ms(defrag::EVERY.key, node, MINUTE_MS)?;
        if check.run_ms() as f64 / every_ms as f64 > PLANS_MAX {
            let message = "that is more than 10 million plans in a run";
            check.error_hint(node.at, message, "lengthen `every`, or shorten `duration`");
        }
        Some(every_ms)
    });
    let by = match table.get(&defrag::BY) {
        Some(node) => read_by(check, defrag::BY.key, node, kinds),
        None => Some(default.by),
    };
    let mut count = |field: &'static Field, max: u32, default: u32| match table.get(field) {
        Some(node) => check.whole(field.key, node, 1, max.into()).map(|count| count as u32),
        None => Some(default),
    };
    let most = u32::MAX - 1;
    let migrations_max = count(&defrag::MAX_MIGRATIONS, most, default.limits.migrations_max);
    let moves_per_vm = count(&defrag::MOVES_PER_VM, most, default.limits.moves_per_vm);
    let concurrent_max = count(&defrag::CONCURRENT, most, default.concurrent_max);
    let per_host_max = count(&defrag::PER_HOST, 1_000, default.per_host_max);
    let rounds_max = count(&defrag::MAX_ROUNDS, 1_000, default.link.rounds_max);
    let bandwidth_mib_s = match table.get(&defrag::BANDWIDTH) {
        Some(node) => check.data_rate(defrag::BANDWIDTH.key, node).filter(|mib_s| {
            // Slower than this, and the times are no times any more.
            let is_enough = *mib_s >= 0.01;
            if !is_enough {
                check.error(node.at, "`bandwidth` is 0.01 MiB/s or more");
            }
            is_enough
        }),
        None => Some(default.link.bandwidth_mib_s),
    };
    let dirty_mib_s = match table.get(&defrag::DIRTY_RATE) {
        Some(node) => check.data_rate(defrag::DIRTY_RATE.key, node),
        None => Some(default.link.dirty_mib_s),
    };
    let downtime_max_ms = match table.get(&defrag::MAX_DOWNTIME) {
        Some(node) => check.length_ms(defrag::MAX_DOWNTIME.key, node, 1).map(|ms| ms as f64),
        None => Some(default.link.downtime_max_ms),
    };
    let when_stuck = match table.get(&defrag::WHEN_STUCK) {
        Some(node) => check.choice(defrag::WHEN_STUCK.key, node, "way out", WHEN_STUCK),
        None => Some("force"),
    };
    let timeout_s_per_gib = match table.get(&defrag::TIMEOUT_PER_GIB) {
        Some(node) => {
            check.length_ms(defrag::TIMEOUT_PER_GIB.key, node, 1).map(|ms| Some(ms as f64 / 1e3))
        }
        None => Some(None),
    };
    Some(Defrag {
        every_ms: every_ms.map_or(Some(None), |every_ms| every_ms.map(Some))?,
        by: by?,
        limits: PlanLimits { migrations_max: migrations_max?, moves_per_vm: moves_per_vm? },
        concurrent_max: concurrent_max?,
        per_host_max: per_host_max?,
        link: Link {
            bandwidth_mib_s: bandwidth_mib_s?,
            dirty_mib_s: dirty_mib_s?,
            downtime_max_ms: downtime_max_ms?,
            rounds_max: rounds_max?,
            when_stuck: match when_stuck? {
                "abort" => WhenStuck::Abort,
                "post-copy" => WhenStuck::PostCopy,
                _ => WhenStuck::Force,
            },
            timeout_s_per_gib: timeout_s_per_gib?,
        },
    })
}
