//! Host rollouts: which hosts, when, in which batches, and how they are emptied.

use super::check::{Check, Table};
use super::fields::{DRAINS, Field, LEVELS, ON_TIMEOUT, WHEN_EVICTED, host_rollout, pool, root};
use super::findings::At;
use super::fleet::Fleet;
use super::rollouts::read_part;
use super::services::length;
use super::spreads::{self, Allow};
use super::tree::{Node, Value};
use crate::scenario::hosts::{Drain, OnTimeout, WhenEvicted};
use crate::scenario::{
    Amount, Distribution, HostImageId, HostRollout, HostRollouts, HostTypeId, Level, ZoneId,
};
use crate::time::MINUTE_MS;
use crate::units::shorten;

/// The most host rollouts of a run.
const ROLLOUTS_MAX: u64 = 100_000;

/// The most names of images.
const IMAGES_MAX: usize = 10_000;

/// What hosts run whose pool does not say it.
const FIRST_IMAGE: &str = "first image";

/// How long a VM that is told to go runs on unless something else is said, ms.
const GRACE_MS: u64 = 30_000;

/// Reads the images of pools and what is rolled out on hosts. The fleet must be known.
pub(crate) fn read_host_rollouts(
    check: &mut Check<'_>,
    fleet: &Fleet,
    pools: Option<&Node>,
    node: Option<&Node>,
) -> Option<HostRollouts> {
    let mut rollouts = HostRollouts::default();
    let of_pools: Vec<Option<&Node>> = match pools.map(|node| &node.value) {
        Some(Value::List(pools)) => pools.iter().map(|pool| pool.find(pool::IMAGE.key)).collect(),
        _ => Vec::new(),
    };
    if node.is_none() && of_pools.iter().all(Option::is_none) {
        return Some(rollouts);
    }
    for row in 0..fleet.pools.len() {
        let image = of_pools.get(row).copied().flatten();
        let image = match image {
            Some(node) => check.name(pool::IMAGE.key, node)?,
            None => FIRST_IMAGE,
        };
        let image = image_called(&mut rollouts.images, image);
        rollouts.first.push(image);
    }
    let Some(node) = node else { return Some(rollouts) };
    let (key, mut count) = (root::HOST_ROLLOUT.key, 0);
    let mut is_right = true;
    for node in check.list(key, node, false) {
        let table = check.open(key, node, node.at, &[&host_rollout::SECTION]);
        let rollout = table.and_then(|table| read_one(check, fleet, &mut rollouts, &table));
        is_right &= rollout.is_some();
        count += rollout.as_ref().map_or(0, |rollout| u64::from(rollout.times));
        rollouts.list.extend(rollout);
    }
    if count > ROLLOUTS_MAX {
        let message = format!("these are {count} host rollouts, and {ROLLOUTS_MAX} are the most");
        check.error_hint(node.at, message, "lengthen `every`, or lower `times`");
    }
    is_right.then_some(rollouts)
}

/// The row of an image, which is added if it is new.
fn image_called(images: &mut Vec<String>, name: &str) -> HostImageId {
    let row = images.iter().position(|known| known == name).unwrap_or_else(|| {
        images.push(name.to_owned());
        images.len() - 1
    });
    HostImageId::from_row(row.min(IMAGES_MAX))
}

fn read_one(
    check: &mut Check<'_>,
    fleet: &Fleet,
    rollouts: &mut HostRollouts,
    table: &Table<'_>,
) -> Option<HostRollout> {
    use host_rollout::{
        BATCH, DRAIN, GRACE, IMAGE, MAX_UNAVAILABLE, NAME, PREFER_UPDATED, REWRITE, SOAK, WITHIN,
    };
    let name = table.must(check, &NAME).and_then(|node| {
        let name = check.name(NAME.key, node)?;
        if rollouts.list.iter().any(|other| other.name == name) {
            let message = format!("two host rollouts are called `{}`", shorten(name));
            check.error_hint(node.at, message, "give each a name of its own");
        }
        Some(name)
    });
    let image = table.must(check, &IMAGE).and_then(|node| check.name(IMAGE.key, node));
    let (at_ms, every_ms, times) = read_times(check, table);
    let meant = read_meant(check, fleet, table);
    let batch = match table.get(&BATCH) {
        Some(node) => read_part(check, BATCH.key, node),
        None => Some(Amount::Count(1)),
    };
    let unavailable = match table.get(&MAX_UNAVAILABLE) {
        Some(node) => read_part(check, MAX_UNAVAILABLE.key, node).map(Some),
        None => Some(None),
    };
    for (field, amount) in [(&BATCH, batch), (&MAX_UNAVAILABLE, unavailable.flatten())] {
        if matches!(amount, Some(Amount::Count(0) | Amount::Percent(0))) {
            let message = format!("with `{}` at 0 no host can ever get its image", field.key);
            check.error_hint(table.at_key(field), message, "it is 1 or more");
        }
    }
    let within = match table.get(&WITHIN) {
        Some(node) => check.choice(WITHIN.key, node, "place", LEVELS).map(level),
        None => Some(Level::Rack),
    };
    let drain = choice(check, table, &DRAIN, "way to leave", DRAINS);
    let grace_ms = length(check, table, &GRACE, GRACE_MS);
    let timeout = read_timeout(check, table);
    let rewrite = match table.get(&REWRITE) {
        Some(node) => spreads::read(check, REWRITE.key, node, Allow { forever: false, zero: true }),
        None => Some(Distribution::Constant(20 * MINUTE_MS)),
    };
    let soak_ms = length(check, table, &SOAK, 0);
    let prefers_updated = match table.get(&PREFER_UPDATED) {
        Some(node) => check.flag(PREFER_UPDATED.key, node),
        None => Some(true),
    };
    let when_evicted = read_when_evicted(check, table, drain, timeout);
    let (types, zones) = meant?;
    let image = image_called(&mut rollouts.images, image?);
    if rollouts.images.len() > IMAGES_MAX {
        let message = format!("hosts have more than {IMAGES_MAX} different images");
        check.error_hint(table.at, message, "call some of them alike");
        return None;
    }
    Some(HostRollout {
        name: name?.to_owned(),
        image,
        types,
        zones,
        at_ms: at_ms?,
        every_ms: every_ms?.unwrap_or(0),
        times: times?,
        batch: batch?,
        within: within?,
        unavailable: unavailable?,
        drain: if drain? == "eviction" { Drain::Eviction } else { Drain::LiveMigration },
        when_evicted: when_evicted?,
        grace_ms: grace_ms?,
        timeout: timeout?,
        rewrite: rewrite?,
        soak_ms: soak_ms?,
        prefers_updated: prefers_updated?,
    })
}

/// One of some words; the first where nothing is said.
fn choice(
    check: &mut Check<'_>,
    table: &Table<'_>,
    field: &'static Field,
    what: &str,
    known: &[&'static str],
) -> Option<&'static str> {
    match table.get(field) {
        Some(node) => check.choice(field.key, node, what, known),
        None => known.first().copied(),
    }
}

fn level(name: &str) -> Level {
    let row = LEVELS.iter().position(|known| *known == name);
    row.map_or(Level::Rack, |row| Level::ALL[row])
}

/// When, how long after each other, and how often.
fn read_times(
    check: &mut Check<'_>,
    table: &Table<'_>,
) -> (Option<u64>, Option<Option<u64>>, Option<u32>) {
    use host_rollout::{AT, EVERY, TIMES};
    let every_ms = match table.get(&EVERY) {
        Some(node) => check.length_ms(EVERY.key, node, MINUTE_MS).map(Some),
        None => Some(None),
    };
    let at_ms = match table.get(&AT) {
        Some(node) => {
            let at_ms = check.time_ms(AT.key, node);
            if at_ms.is_some_and(|at_ms| at_ms > check.run_ms()) {
                let hint = "begin it sooner, or lengthen `duration`";
                check.warning(node.at, "the run ends before this rollout begins", hint);
            }
            at_ms
        }
        None => every_ms.map(Option::unwrap_or_default),
    };
    let fit = |every: u64| check.run_ms().saturating_sub(at_ms.unwrap_or_default()) / every + 1;
    let as_fit = every_ms.flatten().map_or(1, fit);
    let times = match table.get(&TIMES) {
        Some(node) => {
            if table.get(&EVERY).is_none() {
                let message = "`times` says how often, and nothing says how long after each other";
                check.error_hint(table.at_key(&TIMES), message, "add `every`");
            }
            check.whole(TIMES.key, node, 1, ROLLOUTS_MAX)
        }
        None => Some(as_fit),
    };
    (at_ms, every_ms, times.map(|times| u32::try_from(times).unwrap_or(u32::MAX)))
}

/// The types and zones of the hosts meant.
fn read_meant(
    check: &mut Check<'_>,
    fleet: &Fleet,
    table: &Table<'_>,
) -> Option<(Vec<HostTypeId>, Vec<ZoneId>)> {
    use host_rollout::{LABELS, POOLS, ZONES};
    let names: Vec<&str> = fleet.pools.iter().map(|pool| pool.name.as_str()).collect();
    let pools = read_names(check, table, &POOLS, "pool", &names);
    let names: Vec<&str> = fleet.zones.iter().map(String::as_str).collect();
    let zones = read_names(check, table, &ZONES, "zone", &names);
    let labels = match table.get(&LABELS) {
        Some(node) => check.labels(LABELS.key, node),
        None => Default::default(),
    };
    let (pools, zones) = (pools?, zones?);
    let has_labels =
        |of: &[String]| labels.iter().all(|(key, value)| of.contains(&format!("{key}={value}")));
    let is_meant = |host_type: &super::fleet::Type| {
        let (_, pool) = Fleet::ids(host_type);
        let is_in = pools.as_ref().is_none_or(|rows| rows.contains(&pool.row()));
        is_in && has_labels(&host_type.labels)
    };
    let types = fleet.types.iter().enumerate().filter(|(_, host_type)| is_meant(host_type));
    let types: Vec<HostTypeId> = types.map(|(row, _)| HostTypeId::from_row(row)).collect();
    if types.is_empty() && !check.findings.has_errors() {
        let hint = "compare `pools` and `labels` with those of the hosts";
        check.error_hint(table.at, "no host is meant by this rollout", hint);
    }
    let zones = zones.unwrap_or_default().into_iter().map(ZoneId::from_row).collect();
    Some((types, zones))
}

/// Rows of the things named, ascending; `Some(None)` where nothing is said.
fn read_names(
    check: &mut Check<'_>,
    table: &Table<'_>,
    field: &'static Field,
    what: &str,
    known: &[&str],
) -> Option<Option<Vec<usize>>> {
    let Some(node) = table.get(field) else { return Some(None) };
    let Value::List(nodes) = &node.value else {
        let message = format!("`{}` is a list of names, not {}", field.key, node.kind());
        check.error_hint(node.at, message, format!("write it like `{}`", field.example));
        return None;
    };
    let (mut rows, mut is_right) = (Vec::new(), true);
    if nodes.is_empty() {
        check.error_hint(node.at, format!("`{}` names none", field.key), "leave it out for all");
        is_right = false;
    }
    for node in nodes {
        let Some(name) = check.name(field.key, node) else {
            is_right = false;
            continue;
        };
        match known.iter().position(|known| *known == name) {
            Some(row) => rows.push(row),
            None => {
                check.unknown_name(node.at, what, name, known.iter().copied());
                is_right = false;
            }
        }
    }
    rows.sort_unstable();
    rows.dedup();
    is_right.then_some(Some(rows))
}

/// How long a batch may take to be empty, and what is done then.
fn read_timeout(check: &mut Check<'_>, table: &Table<'_>) -> Option<Option<(u64, OnTimeout)>> {
    use host_rollout::{DRAIN_TIMEOUT, ON_TIMEOUT as THEN};
    let ms = match table.get(&DRAIN_TIMEOUT) {
        Some(node) => match &node.value {
            Value::Text(text) if text.trim() == "forever" => Some(None),
            _ => check.length_ms(DRAIN_TIMEOUT.key, node, 1).map(Some),
        },
        None => Some(None),
    };
    let then = match table.get(&THEN) {
        Some(node) => check.choice(THEN.key, node, "way out", ON_TIMEOUT),
        None => Some("skip"),
    };
    if table.get(&THEN).is_some() && ms == Some(None) {
        let message = "`on-timeout` decides nothing: a batch may take for ever";
        check.warning(table.at_key(&THEN), message, "add a `drain-timeout`");
    }
    let then = match then? {
        "wait" => OnTimeout::Wait,
        "evict" => OnTimeout::Evict,
        "force" => OnTimeout::Force,
        "stop" => OnTimeout::Stop,
        _ => OnTimeout::Skip,
    };
    Some(ms?.map(|ms| (ms, then)))
}

/// What becomes of VMs that are evicted; a warning where none ever is.
fn read_when_evicted(
    check: &mut Check<'_>,
    table: &Table<'_>,
    drain: Option<&str>,
    timeout: Option<Option<(u64, OnTimeout)>>,
) -> Option<WhenEvicted> {
    let field = &host_rollout::WHEN_EVICTED;
    let when = choice(check, table, field, "rule", WHEN_EVICTED)?;
    let evicts_late = timeout.flatten().is_some_and(|(_, then)| {
        matches!(then, OnTimeout::Evict | OnTimeout::Force) //
    });
    if drain == Some("live-migration") && !evicts_late {
        for field in [field, &host_rollout::GRACE] {
            let at: At = table.at_key(field);
            if table.get(field).is_some() {
                let message = format!("`{}` decides nothing: no VM is evicted", field.key);
                let hint = "add `drain = \"eviction\"`, or `on-timeout = \"evict\"`";
                check.warning(at, message, hint);
            }
        }
    }
    Some(if when == "end" { WhenEvicted::End } else { WhenEvicted::Restart })
}
