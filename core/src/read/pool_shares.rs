//! A demand or a service in several pools: a part of it in each, which is a demand of its own.

use super::check::{Check, Table};
use super::fields::demand;
use super::fleet::Fleet;
use super::load::DemandDraft;
use crate::scenario::Arrivals;

/// The largest share of one pool: so many times all of it.
const SHARE_MAX: f64 = 1_000.0;

/// A pool, its name and the share of a demand that runs in it. They need not add up to 1: what runs
/// in two pools at full size has 1 in both.
pub(crate) struct PoolShare {
    pub(crate) pool: usize,
    pub(crate) name: String,
    pub(crate) share: f64,
}

/// Reads the pools that a demand or a service runs in; empty if it names one at most, or if something
/// is wrong with them.
pub(crate) fn read_shares(
    check: &mut Check<'_>,
    fleet: &Fleet,
    table: &Table<'_>,
) -> Vec<PoolShare> {
    let key = demand::POOLS.key;
    let Some(node) = table.get(&demand::POOLS) else { return Vec::new() };
    let Some(entries) = node.table().filter(|entries| !entries.is_empty()) else {
        let message = format!("`{key}` says how much runs in which pool");
        check.error_hint(node.at, message, format!("write it like `{}`", demand::POOLS.example));
        return Vec::new();
    };
    if table.get(&demand::POOL).is_some() {
        let message = format!("`{key}` and `{}` cannot be together", demand::POOL.key);
        check.error_hint(node.at, message, "leave one of them out");
    }
    let mut shares = Vec::new();
    for entry in entries {
        let Some(pool) = fleet.pool_rows.get(&entry.key).copied() else {
            let known = fleet.pool_rows.keys().map(String::as_str);
            check.unknown_name(entry.key_at, "pool", &entry.key, known);
            continue;
        };
        if let Some(share) = check.positive(&entry.key, &entry.node, SHARE_MAX) {
            shares.push(PoolShare { pool, name: entry.key.clone(), share });
        }
    }
    if shares.len() == entries.len() { shares } else { Vec::new() }
}

impl PoolShare {
    /// What the part in this pool is called.
    pub(crate) fn name_of(&self, whole: &str) -> String {
        format!("{whole} ({})", self.name)
    }

    /// So many in this pool, rounded up to a whole number.
    pub(crate) fn whole_of(&self, count: u32) -> f64 {
        // 0.07 of 100 is 7, though their product is 7.000000000000001: what floats can be wrong
        // by, in the share and in the product, is not an eighth one.
        const SURE: f64 = 1.0 - 4.0 * f64::EPSILON;
        libm::ceil(f64::from(count) * self.share * SURE)
    }

    /// The part of a demand that runs in this pool.
    pub(crate) fn of(&self, whole: &DemandDraft) -> DemandDraft {
        let arrivals = match &whole.arrivals {
            Arrivals::Alive(curve) => Arrivals::Alive(curve.times(self.share)),
            Arrivals::Rate { per_ms, season } => {
                Arrivals::Rate { per_ms: per_ms.times(self.share), season: season.clone() }
            }
            other => other.clone(),
        };
        DemandDraft {
            name: self.name_of(&whole.name),
            part_of: Some(whole.name.clone()),
            arrivals,
            pool: Some(self.pool),
            ..whole.clone()
        }
    }
}
