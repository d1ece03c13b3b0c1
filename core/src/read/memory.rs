//! The memory that VMs of a flavor really need.

use super::check::{Check, Table};
use super::fields::{flavor, memory_use, times};
use super::spreads::{self, Allow};
use super::tree::{Node, Value};
use crate::scenario::Distribution;
use crate::scenario::memory::{Guess, MemoryUse, Ratio, Restarts};
use crate::time::{MINUTE_MS, SECOND_MS};
use crate::words;

/// So many times the formula, or the heap, at most.
const TIMES_MAX: f64 = 1_000.0;

/// A VM is killed at most so often in a run, as far as can be foreseen.
const KILLS_MAX: f64 = 100_000.0;

/// Reads what VMs need of the memory that their flavor asks for: what it asks for, and the heap if it
/// is a JVM's, MiB. `None`: it does not say, or it is wrong.
pub(crate) fn read(
    check: &mut Check<'_>,
    flavor: &Table<'_>,
    base_mib: i64,
    heap_mib: Option<i64>,
) -> Option<MemoryUse> {
    use memory_use::{GUESS, NEED, REACHED_AFTER, ROUND_UP_TO};
    let field = &flavor::MEMORY_USE;
    let node = flavor.get(field)?;
    let table = check.open(field.key, node, node.at, &[&memory_use::SECTION])?;
    if base_mib == 0 {
        let message = format!("`{}` needs `memory` or `jvm`: so many times that", field.key);
        check.error_hint(node.at, message, "say how much memory the flavor asks for");
    }
    let need = table.must(check, &NEED).and_then(|node| ratio(check, NEED.key, node));
    let ratio = match table.get(&GUESS) {
        Some(node) => ratio(check, GUESS.key, node).map(Some),
        None => Some(None),
    };
    let step_mib = match table.get(&ROUND_UP_TO) {
        Some(node) => step(check, node),
        None => Some(1),
    };
    if let Some(node) = table.get(&ROUND_UP_TO)
        && table.get(&GUESS).is_none()
    {
        let message = format!("`{}` decides nothing: there is no guess to round", ROUND_UP_TO.key);
        check.warning(node.at, message, format!("add `{} = {}`", GUESS.key, GUESS.example));
    }
    if let (Some(node), Some(_)) = (table.get(&GUESS), flavor.get(&flavor::NUMA_CELLS)) {
        let message = format!("a flavor with `{}` cannot guess", flavor::NUMA_CELLS.key);
        check.error_hint(node.at, message, "delete one of them");
    }
    let allow = Allow { forever: false, zero: true };
    let reached = match table.get(&REACHED_AFTER) {
        Some(node) => spreads::read(check, REACHED_AFTER.key, node, allow),
        None => Some(Distribution::Constant(MINUTE_MS)),
    };
    let restarts = read_restarts(check, &table);
    let (need, step_mib, reached, restarts) = (need?, step_mib?, reached?, restarts?);
    let round_ms = reached.mean_ms().max(SECOND_MS as f64) + restarts.wait_ms_max as f64;
    let kills = check.run_ms() as f64 / round_ms;
    if kills > KILLS_MAX && restarts.kills_max.is_none_or(|max| f64::from(max) > KILLS_MAX) {
        let message = format!("a VM could be killed {} times", words::count(kills as u64));
        let hint = "lengthen `restart-wait-max`, or shorten the run";
        check.error_hint(table.at, message, hint);
    }
    let of_mib = heap_mib.unwrap_or(base_mib);
    let guess = ratio?.map(|ratio| Guess { of_mib, ratio, step_mib });
    Some(MemoryUse { base_mib, need, guess, reached, restarts })
}

fn read_restarts(check: &mut Check<'_>, table: &Table<'_>) -> Option<Restarts> {
    use memory_use::{
        CALM_AFTER, GIVE_UP_AFTER, RESTART_FACTOR, RESTART_TIME, RESTART_WAIT, RESTART_WAIT_MAX,
    };
    let mut length_ms = |field: &'static super::fields::Field, least_ms, default_ms| {
        table.get(field).map_or(Some(default_ms), |node| check.length_ms(field.key, node, least_ms))
    };
    let wait_ms = length_ms(&RESTART_WAIT, 0, 10 * SECOND_MS);
    let wait_ms_max = length_ms(&RESTART_WAIT_MAX, 0, 5 * MINUTE_MS);
    let calm_ms = length_ms(&CALM_AFTER, 0, 10 * MINUTE_MS);
    let factor = match table.get(&RESTART_FACTOR) {
        Some(node) => check.number(RESTART_FACTOR.key, node, 1.0, 100.0),
        None => Some(2.0),
    };
    let allow = Allow { forever: false, zero: true };
    let takes = match table.get(&RESTART_TIME) {
        Some(node) => spreads::read(check, RESTART_TIME.key, node, allow).map(Some),
        None => Some(None),
    };
    let kills_max = match table.get(&GIVE_UP_AFTER) {
        Some(node) => {
            let kills = check.whole(GIVE_UP_AFTER.key, node, 1, 1_000_000);
            kills.map(|kills| u32::try_from(kills).ok())
        }
        None => Some(None),
    };
    let (wait_ms, wait_ms_max) = (wait_ms?, wait_ms_max?);
    if wait_ms > wait_ms_max {
        let message = format!("`{}` is longer than the longest wait", RESTART_WAIT.key);
        let at =
            table.get(&RESTART_WAIT).or(table.get(&RESTART_WAIT_MAX)).map_or(table.at, |n| n.at);
        check.error_hint(at, message, format!("raise `{}`", RESTART_WAIT_MAX.key));
    }
    let (factor, calm_ms, takes, kills_max) = (factor?, calm_ms?, takes?, kills_max?);
    Some(Restarts { wait_ms, factor, wait_ms_max, calm_ms, takes, kills_max })
}

/// What guesses are rounded up to, MiB.
fn step(check: &mut Check<'_>, node: &Node) -> Option<i64> {
    let key = memory_use::ROUND_UP_TO.key;
    let mib = check.mib(key, node)?;
    if mib == 0 {
        check.error_hint(node.at, format!("`{key}` is above 0"), "write it like `\"1 GiB\"`");
        return None;
    }
    i64::try_from(mib).ok()
}

/// So many times something.
fn ratio(check: &mut Check<'_>, key: &str, node: &Node) -> Option<Ratio> {
    match &node.value {
        Value::Table(_) => {
            let table = check.open(key, node, node.at, &[&times::SECTION])?;
            let median = table.must(check, &times::MEDIAN);
            let median = median.and_then(|node| check.positive(times::MEDIAN.key, node, TIMES_MAX));
            let sigma = table.must(check, &times::SIGMA);
            let sigma = sigma.and_then(|node| check.number(times::SIGMA.key, node, 0.0, 5.0));
            Some(Ratio::Lognormal { median: median?, sigma: sigma? })
        }
        Value::List(nodes) => {
            let [from, to] = &nodes[..] else {
                let message = format!("`{key}` has two numbers: from and to");
                check.error_hint(node.at, message, format!("write it like `{key} = [0.9, 1.1]`"));
                return None;
            };
            let lowest = check.number(key, from, 0.0, TIMES_MAX);
            let highest = check.number(key, to, 0.0, TIMES_MAX);
            let (from, highest) = (lowest?, highest?);
            if from > highest {
                check.error_hint(to.at, "the second is below the first", "swap them");
                return None;
            }
            Some(Ratio::Uniform(from, highest))
        }
        _ => check.number(key, node, 0.0, TIMES_MAX).map(Ratio::Fixed),
    }
}
