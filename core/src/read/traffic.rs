//! Traffic of a service, and the rule by which it follows it.

use super::check::{COUNT_MAX, Check};
use super::curves::{self, Of};
use super::fields::{SCALE_RULES, autoscale, flash, service, traffic};
use super::load::{EVEN_SEASON, read_season};
use super::tree::Node;
use crate::scenario::{Autoscale, Flash, ScaleRule, Traffic};
use crate::time::SECOND_MS;

/// The most flash crowds of one service.
const FLASHES_MAX: usize = 1_000;

/// Reads a service's traffic.
pub(crate) fn read_traffic(check: &mut Check<'_>, node: &Node) -> Option<Traffic> {
    use traffic::{FLASH, PER_INSTANCE, RATE, SEASON};
    let table = check.open(service::TRAFFIC.key, node, node.at, &[&traffic::SECTION])?;
    let per_ms = table.must(check, &RATE);
    let per_ms = per_ms.and_then(|node| curves::read(check, RATE.key, node, Of::Rate));
    let season = match table.get(&SEASON) {
        Some(node) => read_season(check, node),
        None => Some(EVEN_SEASON),
    };
    let flashes = match table.get(&FLASH) {
        Some(node) => read_flashes(check, node),
        None => Some(Vec::new()),
    };
    let per_instance = table.must(check, &PER_INSTANCE).and_then(|node| {
        let per_ms = check.rate(PER_INSTANCE.key, node)?;
        if per_ms <= 0.0 {
            let message = format!("`{}` is above 0", PER_INSTANCE.key);
            check.error_hint(node.at, message, "write it like `\"100 per second\"`");
            return None;
        }
        Some(per_ms)
    });
    Some(Traffic {
        per_ms: per_ms?,
        season: season?,
        flashes: flashes?,
        per_instance: per_instance?,
    })
}

fn read_flashes(check: &mut Check<'_>, node: &Node) -> Option<Vec<Flash>> {
    let nodes = check.list(traffic::FLASH.key, node, true);
    if nodes.len() > FLASHES_MAX {
        let message = format!("`{}` has more than {FLASHES_MAX} entries", traffic::FLASH.key);
        check.error(node.at, message);
        return None;
    }
    let flashes: Vec<Flash> = nodes.iter().filter_map(|node| read_flash(check, node)).collect();
    (flashes.len() == nodes.len()).then_some(flashes)
}

fn read_flash(check: &mut Check<'_>, node: &Node) -> Option<Flash> {
    use flash::{AT, DOUBLES_EVERY, LASTS, TO};
    let table = check.open(traffic::FLASH.key, node, node.at, &[&flash::SECTION])?;
    let at_ms = table.must(check, &AT).and_then(|node| check.time_ms(AT.key, node));
    let doubles = table.must(check, &DOUBLES_EVERY);
    let doubles_every_ms =
        doubles.and_then(|node| check.length_ms(DOUBLES_EVERY.key, node, SECOND_MS));
    let to = table.must(check, &TO).and_then(|node| check.number(TO.key, node, 1.0, 1e6));
    let lasts_ms = match table.get(&LASTS) {
        Some(node) => check.length_ms(LASTS.key, node, 0),
        None => Some(0),
    };
    Some(Flash { at_ms: at_ms?, doubles_every_ms: doubles_every_ms?, to: to?, lasts_ms: lasts_ms? })
}

/// Reads the rule by which so many instances follow their traffic.
pub(crate) fn read_autoscale(
    check: &mut Check<'_>,
    node: &Node,
    instances: Option<u32>,
) -> Option<Autoscale> {
    use autoscale::{CALM, MAX, MIN, PERIOD, RULE, TARGET, TOLERANCE};
    let table = check.open(service::AUTOSCALE.key, node, node.at, &[&autoscale::SECTION])?;
    let rule = table.must(check, &RULE);
    let rule = rule.and_then(|node| check.choice(RULE.key, node, "rule", SCALE_RULES));
    let rule = rule.map(|name| match name {
        "hpa" => ScaleRule::Hpa,
        _ => ScaleRule::TargetTracking,
    });
    let target = table.must(check, &TARGET).and_then(|node| {
        let share = check.share(TARGET.key, node)?;
        if !(0.01..=1.0).contains(&share) {
            let message = format!("`{}` is 1% to 100%", TARGET.key);
            check.error_hint(node.at, message, "write it like `\"60%\"`");
            return None;
        }
        Some(share)
    });
    let mut count = |node: &Node, key: &str| {
        check.whole(key, node, 1, COUNT_MAX as u64).and_then(|count| u32::try_from(count).ok())
    };
    let min = table.get(&MIN).map_or(Some(1), |node| count(node, MIN.key));
    let max = table.get(&MAX).map(|node| count(node, MAX.key));
    let max = max.unwrap_or_else(|| {
        check.missing(table.at, &MAX);
        None
    });
    let mut length =
        |field: &'static super::fields::Field, default_ms: u64, min_ms: u64| match table.get(field)
        {
            Some(node) => check.length_ms(field.key, node, min_ms),
            None => Some(default_ms),
        };
    let period_ms = length(&PERIOD, rule.map_or(0, ScaleRule::period_ms), SECOND_MS);
    let calm_ms = length(&CALM, rule.map_or(0, ScaleRule::calm_ms), 0);
    let tolerance = match table.get(&TOLERANCE) {
        Some(node) => check.share(TOLERANCE.key, node),
        None => Some(0.1),
    };
    let (min, max) = (min?, max?);
    if let Some(instances) = instances.filter(|count| !(min..=max).contains(count)) {
        let message = format!("{instances} instances are not between {min} and {max}");
        check.error_hint(table.at, message, "widen `min` and `max`, or change `instances`");
        return None;
    }
    Some(Autoscale {
        rule: rule?,
        target: target?,
        min,
        max,
        period_ms: period_ms?,
        tolerance: tolerance?,
        calm_ms: calm_ms?,
    })
}
