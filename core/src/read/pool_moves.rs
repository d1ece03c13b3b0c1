//! What goes from pool to pool: VMs in waves, and hosts that are empty.

use super::check::{Check, Table};
use super::fields::{Field, hand_over, pool_migration, root};
use super::fleet::Fleet;
use super::load::Load;
use super::tree::Node;
use crate::scenario::{Arrivals, DemandId, HOSTS_MAX, HandOver, PoolId, PoolMigration};
use crate::time::{DAY_MS, MINUTE_MS};

/// The most looks of one migration or hand-over in a run: each goes over all VMs, or all hosts.
const LOOKS_MAX: f64 = 1e5;

/// Reads which VMs leave their pool. Demands and services must be known.
pub(crate) fn read_migrations(
    check: &mut Check<'_>,
    fleet: &Fleet,
    load: &Load,
    node: &Node,
) -> Vec<PoolMigration> {
    let nodes = check.list(root::POOL_MIGRATION.key, node, true);
    nodes.iter().filter_map(|node| read_migration(check, fleet, load, node)).collect()
}

fn read_migration(
    check: &mut Check<'_>,
    fleet: &Fleet,
    load: &Load,
    node: &Node,
) -> Option<PoolMigration> {
    use pool_migration::{AT, BANDWIDTH, DEMANDS, EVERY, FROM, RUN_TWICE, SECTION, TO, WAVE};
    let table = check.open(root::POOL_MIGRATION.key, node, node.at, &[&SECTION])?;
    let pools = read_pools(check, fleet, &table, &FROM, &TO);
    let at_ms = table.must(check, &AT).and_then(|node| check.time_ms(AT.key, node));
    let every_ms = read_every(check, &table, &EVERY);
    let wave = match table.get(&WAVE) {
        Some(node) => check.whole(WAVE.key, node, 1, u32::MAX.into()).map(|n| Some(n as u32)),
        None => Some(None),
    };
    let bandwidth_mib_s = match table.get(&BANDWIDTH) {
        Some(node) => check.data_rate(BANDWIDTH.key, node).and_then(|mib_s| {
            // Slower than this, and the times are no times any more.
            let is_enough = mib_s >= 0.01;
            if !is_enough {
                check.error(node.at, "`bandwidth` is 0.01 MiB/s or more");
            }
            is_enough.then_some(Some(mib_s))
        }),
        None => Some(None),
    };
    let twice_ms = match table.get(&RUN_TWICE) {
        Some(node) => check.length_ms(RUN_TWICE.key, node, 0),
        None => Some(0),
    };
    let (from, to) = pools?;
    let is_there = |row: &usize| load.demands[*row].pool == Some(from);
    // The scheduler starts jobs in its own pool, whatever becomes of the VMs there.
    let are_jobs = |row: &usize| matches!(load.demands[*row].arrivals, Arrivals::Jobs(_));
    let demands = match table.get(&DEMANDS) {
        None => {
            let goes = |row: &usize| is_there(row) && !are_jobs(row);
            Some((0..load.demands.len()).filter(goes).collect())
        }
        Some(node) => {
            let names = check.list(DEMANDS.key, node, true);
            let row = |node: &Node| {
                let name = check.name(DEMANDS.key, node)?;
                let known = load.demands.iter().map(|demand| demand.name.as_str());
                let Some(row) = known.clone().position(|known| known == name) else {
                    check.unknown_name(node.at, "demand or service", name, known);
                    return None;
                };
                if are_jobs(&row) {
                    let message = format!("`{name}` are jobs: they run in the scheduler's pool");
                    let hint = "leave it out here; `pool` in `[scheduler]` is where jobs run";
                    check.error_hint(node.at, message, hint);
                } else if !is_there(&row) {
                    let pool = &fleet.pools[from].name;
                    let message = format!("`{name}` does not run in the pool `{pool}`");
                    let hint = format!("give it `pool = \"{pool}\"`, or leave it out here");
                    check.error_hint(node.at, message, hint);
                }
                Some(row)
            };
            names.iter().map(row).collect::<Option<Vec<_>>>()
        }
    }?;
    if demands.is_empty() && !check.findings.has_errors() {
        let message = format!("no demand or service runs in the pool `{}`", fleet.pools[from].name);
        check.error_hint(node.at, message, "give one a `pool`, or leave this migration out");
        return None;
    }
    Some(PoolMigration {
        from: PoolId::from_row(from),
        to: PoolId::from_row(to),
        demands: demands.into_iter().map(DemandId::from_row).collect(),
        at_ms: at_ms?,
        every_ms: every_ms?,
        wave: wave?,
        bandwidth_mib_s: bandwidth_mib_s?,
        twice_ms: twice_ms?,
    })
}

/// Reads which hosts leave their pool. All types of hosts must be known; those that they become are
/// made.
pub(crate) fn read_hand_overs(
    check: &mut Check<'_>,
    fleet: &mut Fleet,
    node: &Node,
) -> Vec<HandOver> {
    let nodes = check.list(root::HAND_OVER.key, node, true);
    nodes.iter().filter_map(|node| read_hand_over(check, fleet, node)).collect()
}

fn read_hand_over(check: &mut Check<'_>, fleet: &mut Fleet, node: &Node) -> Option<HandOver> {
    use hand_over::{AT, EVERY, FROM, HEADROOM, HOSTS, KEEP, SECTION, TAKES, TO};
    let table = check.open(root::HAND_OVER.key, node, node.at, &[&SECTION])?;
    let pools = read_pools(check, fleet, &table, &FROM, &TO);
    let at_ms = match table.get(&AT) {
        Some(node) => check.time_ms(AT.key, node),
        None => Some(0),
    };
    let every_ms = read_every(check, &table, &EVERY);
    let mut count = |field: &'static Field, min: u64, default: u32| match table.get(field) {
        Some(node) => check.whole(field.key, node, min, HOSTS_MAX).map(|count| count as u32),
        None => Some(default),
    };
    let hosts_max = count(&HOSTS, 1, u32::MAX);
    let keep = count(&KEEP, 0, 0);
    let headroom = match table.get(&HEADROOM) {
        Some(node) => check.share(HEADROOM.key, node).and_then(|share| {
            let is_share = (0.0..1.0).contains(&share);
            if !is_share {
                check.error(node.at, "`headroom` is from 0% to below 100%");
            }
            is_share.then_some(share)
        }),
        None => Some(0.0),
    };
    let takes_ms = match table.get(&TAKES) {
        Some(node) => check.length_ms(TAKES.key, node, 0),
        None => Some(0),
    };
    let (from, to) = pools?;
    let becomes = fleet.types_in(check, from, to);
    if becomes.is_empty() && !check.findings.has_errors() {
        let message = format!("the pool `{}` never has hosts", fleet.pools[from].name);
        check.error_hint(node.at, message, "give it `hosts`, or leave this hand-over out");
    }
    Some(HandOver {
        from: PoolId::from_row(from),
        to: PoolId::from_row(to),
        becomes,
        at_ms: at_ms?,
        every_ms: every_ms?,
        hosts_max: hosts_max?,
        keep: keep?,
        headroom: headroom?,
        takes_ms: takes_ms?,
    })
}

/// The two pools, which are not the same.
fn read_pools(
    check: &mut Check<'_>,
    fleet: &Fleet,
    table: &Table<'_>,
    from: &'static Field,
    to: &'static Field,
) -> Option<(usize, usize)> {
    let mut pool = |field: &'static Field| {
        let node = table.must(check, field)?;
        fleet.pool_named(check, field.key, node)
    };
    let (left, joined) = (pool(from), pool(to));
    let (left, joined) = (left?, joined?);
    if left == joined {
        check.error_hint(table.at_key(to), "`from` and `to` are one pool", "name another");
        return None;
    }
    Some((left, joined))
}

/// How often somebody looks, ms.
fn read_every(check: &mut Check<'_>, table: &Table<'_>, field: &'static Field) -> Option<u64> {
    let Some(node) = table.get(field) else { return Some(DAY_MS) };
    let every_ms = check.length_ms(field.key, node, MINUTE_MS)?;
    if check.run_ms() as f64 / every_ms as f64 > LOOKS_MAX {
        let message = "somebody would look more than 100,000 times in a run";
        check.error_hint(node.at, message, "lengthen `every`, or shorten `duration`");
        return None;
    }
    Some(every_ms)
}
