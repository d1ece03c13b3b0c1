//! Rollouts, and the strategies by which they go.

use super::check::{Check, Table};
use super::fields::{
    Field, ON_DEADLINE, STRATEGIES, Section, canary_step, monetate_stages, rollout, root,
    strategy_blue_green, strategy_canary, strategy_flagger, strategy_monetate,
    strategy_monetate_full, strategy_recreate, strategy_red_black, strategy_rolling,
    strategy_rolling_red_black, strategy_routed_canary, strategy_singularity,
    strategy_singularity_incremental,
};
use super::services::{Services, length};
use super::tree::{Node, Value};
use crate::rollout::rolling::PROGRESS_DEADLINE_MS;
use crate::scenario::services::{MONETATE_WORK_MS, default_steps};
use crate::scenario::{Accepted, Agents, Amount, CanaryStep, Kept, Patience, Rollout, Strategy};
use crate::time::SECOND_MS;
use crate::units::shorten;

/// The most rollouts of a run.
const ROLLOUTS_MAX: u64 = 1_000_000;

/// The most steps of a canary.
const STEPS_MAX: usize = 100;

/// How long a stack that serves nobody is kept unless something else is said, ms.
const KEPT_MS: u64 = 30_000;

/// How long a group that serves nobody is kept unless something else is said, ms.
const GROUP_KEPT_MS: u64 = 600_000;

/// Reads the rollouts. The services must be known.
pub(crate) fn read_rollouts(
    check: &mut Check<'_>,
    services: &Services,
    node: &Node,
) -> Vec<Rollout> {
    let key = root::ROLLOUT.key;
    let mut rollouts = Vec::new();
    let mut count = 0;
    for node in check.list(key, node, false) {
        if let Some(table) = check.open(key, node, node.at, &[&rollout::SECTION]) {
            let rollout = read_rollout(check, services, &table);
            count += rollout.as_ref().map_or(0, |rollout| u64::from(rollout.times));
            rollouts.extend(rollout);
        }
    }
    if count > ROLLOUTS_MAX {
        let message = format!("these are {count} rollouts, and {ROLLOUTS_MAX} are the most");
        check.error_hint(node.at, message, "lengthen `every`, or lower `times`");
    }
    rollouts
}

fn read_rollout(check: &mut Check<'_>, services: &Services, table: &Table<'_>) -> Option<Rollout> {
    let service = table.must(check, &rollout::SERVICE);
    let service =
        service.and_then(|node| services.service_named(check, rollout::SERVICE.key, node));
    let image = table.must(check, &rollout::IMAGE);
    let image = image.and_then(|node| services.image_named(check, rollout::IMAGE.key, node));
    let every_ms = match table.get(&rollout::EVERY) {
        Some(node) => check.length_ms(rollout::EVERY.key, node, SECOND_MS).map(Some),
        None => Some(None),
    };
    let at_ms = match table.get(&rollout::AT) {
        Some(node) => {
            let at_ms = check.time_ms(rollout::AT.key, node);
            if at_ms.is_some_and(|at_ms| at_ms > check.run_ms()) {
                let hint = "begin it sooner, or lengthen `duration`";
                check.warning(node.at, "the run ends before this rollout begins", hint);
            }
            at_ms
        }
        None => every_ms.map(Option::unwrap_or_default),
    };
    let times = read_times(check, table, at_ms.unwrap_or_default(), every_ms.flatten());
    let strategy = match table.get(&rollout::STRATEGY) {
        Some(node) => read_strategy(check, node),
        None => Some(default_strategy()),
    };
    if let (Some(image), Some(strategy)) = (image, &strategy)
        && services.images.get(image.row()).is_some_and(|image| image.defects.fails_checks > 0.0)
        && !strategy.has_analysis()
    {
        let message = format!(
            "nothing in a {} rollout analyses the image, so its `fails-checks` decides nothing",
            strategy.name()
        );
        let hint = "use a canary or blue-green with an analysis, or `found-bad-after`";
        check.warning(table.at, message, hint);
    }
    Some(Rollout {
        service: service?,
        image: image?,
        at_ms: at_ms?,
        every_ms: every_ms?.unwrap_or(0),
        times: times?,
        strategy: strategy?,
    })
}

/// How often: as often as is said, or as fits into the run.
fn read_times(
    check: &mut Check<'_>,
    table: &Table<'_>,
    at_ms: u64,
    every_ms: Option<u64>,
) -> Option<u32> {
    let times = match table.get(&rollout::TIMES) {
        Some(node) => {
            if table.get(&rollout::EVERY).is_none() {
                let message = "`times` says how often, and nothing says how long after each other";
                check.error_hint(table.at_key(&rollout::TIMES), message, "add `every`");
            }
            check.whole(rollout::TIMES.key, node, 1, ROLLOUTS_MAX)?
        }
        None => every_ms.map_or(1, |ms| check.run_ms().saturating_sub(at_ms) / ms + 1),
    };
    Some(u32::try_from(times).unwrap_or(u32::MAX))
}

/// What a rollout does whose strategy is not said.
fn default_strategy() -> Strategy {
    Strategy::Rolling {
        surge: Amount::Percent(25),
        unavailable: Amount::Percent(25),
        patience: Patience { ms: Some(PROGRESS_DEADLINE_MS), turns_back: false },
        undo_after_ms: None,
    }
}

fn read_strategy(check: &mut Check<'_>, node: &Node) -> Option<Strategy> {
    let key = rollout::STRATEGY.key;
    // A name alone is a table with nothing else in it.
    let (name, table) = match &node.value {
        Value::Text(_) => (check.choice(key, node, "strategy", STRATEGIES)?, None),
        Value::Table(_) => {
            let field = &strategy_rolling::NAME;
            let Some(name) = node.find(field.key) else {
                if !check.findings.is_broken() {
                    let hint =
                        format!("add `name = \"rolling\"`; there are {}", STRATEGIES.join(", "));
                    check.error_hint(node.at, "this strategy has no `name`", hint);
                }
                return None;
            };
            (check.choice(field.key, name, "strategy", STRATEGIES)?, Some(node))
        }
        _ => {
            let message = format!("`{key}` is a name or a table, not {}", node.kind());
            check.error_hint(node.at, message, "write it like `\"rolling\"`");
            return None;
        }
    };
    let mut open = |section: &'static Section| match table {
        Some(node) => check.open(key, node, node.at, &[section]),
        None => Some(check.open_entries(Vec::new(), node.at, &[section])),
    };
    match name {
        "recreate" => open(&strategy_recreate::SECTION).map(|_| Strategy::Recreate),
        "blue-green" => {
            let table = open(&strategy_blue_green::SECTION)?;
            read_blue_green(check, &table)
        }
        "canary" => {
            let table = open(&strategy_canary::SECTION)?;
            let surge = &strategy_canary::MAX_SURGE;
            let limits = read_limits(check, &table, surge, &strategy_canary::MAX_UNAVAILABLE);
            let steps = read_steps(check, &table, &strategy_canary::STEPS);
            let (surge, unavailable) = limits?;
            Some(Strategy::Canary { surge, unavailable, steps: steps? })
        }
        "routed-canary" => {
            let table = open(&strategy_routed_canary::SECTION)?;
            read_routed(check, &table)
        }
        "flagger" => {
            let table = open(&strategy_flagger::SECTION)?;
            read_flagger(check, &table)
        }
        "red-black" => {
            let table = open(&strategy_red_black::SECTION)?;
            let watch_ms = length(check, &table, &strategy_red_black::WATCH, 0);
            let keep_ms = forever_or(check, &table, &strategy_red_black::KEEP_OLD, GROUP_KEPT_MS);
            let (watch_ms, keep_ms) = (watch_ms?, keep_ms?);
            Some(Strategy::RedBlack { percentages: Vec::new(), watch_ms, keep_ms })
        }
        "rolling-red-black" => {
            let table = open(&strategy_rolling_red_black::SECTION)?;
            read_rolling_red_black(check, &table)
        }
        "singularity" => {
            let table = open(&strategy_singularity::SECTION)?;
            read_singularity(check, &table, None)
        }
        "singularity-incremental" => {
            use strategy_singularity_incremental::{CYCLES, GROUP, SECTION};
            let table = open(&SECTION)?;
            let group = count(check, &table, &GROUP, 1, 1);
            let cycles = count(check, &table, &CYCLES, 3, 1);
            read_singularity(check, &table, group.zip(cycles))
        }
        "monetate" => {
            let table = open(&strategy_monetate::SECTION)?;
            let few = count(check, &table, &strategy_monetate::FEW, 3, 1);
            read_monetate(check, &table, few)
        }
        "monetate-full" => {
            let table = open(&strategy_monetate_full::SECTION)?;
            read_monetate(check, &table, None)
        }
        _ => {
            let table = open(&strategy_rolling::SECTION)?;
            read_rolling(check, &table)
        }
    }
}

fn read_flagger(check: &mut Check<'_>, table: &Table<'_>) -> Option<Strategy> {
    use strategy_flagger::{
        INTERVAL, MAX_SURGE, MAX_UNAVAILABLE, MAX_WEIGHT, PROGRESS_DEADLINE, STEP_WEIGHT, THRESHOLD,
    };
    let interval_ms = look(check, table, &INTERVAL, 60_000);
    let threshold = count(check, table, &THRESHOLD, 1, 1);
    let mut weight = |field: &'static Field, default| match table.get(field) {
        Some(node) => percent(check, field.key, node, 1),
        None => Some(default),
    };
    let (step, max) = (weight(&STEP_WEIGHT, 10), weight(&MAX_WEIGHT, 50));
    let primary = read_limits(check, table, &MAX_SURGE, &MAX_UNAVAILABLE);
    let deadline_ms = length(check, table, &PROGRESS_DEADLINE, PROGRESS_DEADLINE_MS);
    Some(Strategy::Flagger {
        interval_ms: interval_ms?,
        threshold: threshold?,
        step: step?,
        max: max?,
        primary: primary?,
        deadline_ms: deadline_ms?,
    })
}

fn read_rolling_red_black(check: &mut Check<'_>, table: &Table<'_>) -> Option<Strategy> {
    use strategy_rolling_red_black::{KEEP_OLD, PERCENTAGES, WATCH};
    let percentages = match table.get(&PERCENTAGES) {
        Some(node) => {
            let nodes = check.list(PERCENTAGES.key, node, false);
            let list: Vec<u32> =
                nodes.iter().filter_map(|node| percent(check, PERCENTAGES.key, node, 1)).collect();
            let grows = list.windows(2).all(|pair| pair[0] < pair[1]);
            if nodes.is_empty() || nodes.len() > STEPS_MAX || !grows {
                let message = format!("`{}` are 1 to {STEPS_MAX}, each larger", PERCENTAGES.key);
                check.error_hint(node.at, message, "write it like `[\"20%\", \"50%\"]`");
            }
            (grows && list.len() == nodes.len()).then_some(list)
        }
        None => Some(vec![20, 50]),
    };
    let watch_ms = length(check, table, &WATCH, 120_000);
    let keep_ms = forever_or(check, table, &KEEP_OLD, GROUP_KEPT_MS);
    let (percentages, watch_ms, keep_ms) = (percentages?, watch_ms?, keep_ms?);
    Some(Strategy::RedBlack { percentages, watch_ms, keep_ms })
}

fn read_singularity(
    check: &mut Check<'_>,
    table: &Table<'_>,
    groups: Option<(u32, u32)>,
) -> Option<Strategy> {
    // What both have has the same keys in both.
    use strategy_singularity::{
        AGENT_ATTEMPTS, AGENT_FAILS, AGENTS, BALANCERS, CHECKS, OVERDUE, POLL, REVERT, WAIT,
    };
    let poll_ms = look(check, table, &POLL, 5_000);
    let balancers_ms = length(check, table, &BALANCERS, 3_000);
    let overdue_ms = length(check, table, &OVERDUE, 175_000);
    let wait_ms = maybe(check, table, &WAIT);
    let usual = Agents::default();
    let agents = count(check, table, &AGENTS, usual.count, 1);
    let attempts = count(check, table, &AGENT_ATTEMPTS, usual.attempts, 1);
    let revert_ms = length(check, table, &REVERT, usual.revert_ms);
    let fails = match table.get(&AGENT_FAILS) {
        Some(node) => {
            let share = check.share(AGENT_FAILS.key, node)?;
            if share > 1.0 {
                check.error(node.at, format!("`{}` is at most 100%", AGENT_FAILS.key));
            }
            Some(share)
        }
        None => Some(0.0),
    };
    let by_checks = match table.get(&CHECKS) {
        Some(node) => check.flag(CHECKS.key, node),
        None => Some(false),
    };
    let acceptance = match (by_checks?, wait_ms?) {
        (true, Some(_)) => {
            let message = "a group counts after a `wait` or by `checks`, not both";
            check.error_hint(table.at_key(&WAIT), message, "leave one of them out");
            return None;
        }
        (true, None) => Accepted::ByChecks,
        (false, Some(ms)) => Accepted::After(ms),
        (false, None) => Accepted::AtOnce,
    };
    Some(Strategy::Singularity {
        groups,
        poll_ms: poll_ms?,
        balancers_ms: balancers_ms?,
        overdue_ms: overdue_ms?,
        acceptance,
        agents: Agents {
            count: agents?,
            fails_ppm: libm::round(fails? * 1e6) as u32,
            attempts: attempts?,
            revert_ms: revert_ms?,
        },
    })
}

fn read_monetate(check: &mut Check<'_>, table: &Table<'_>, few: Option<u32>) -> Option<Strategy> {
    use strategy_monetate::{WAITS, WORK};
    let mut times = |field: &'static Field, mut times: [u64; 13]| {
        let Some(node) = table.get(field) else { return Some(times) };
        let stages = check.open(field.key, node, node.at, &[&monetate_stages::SECTION])?;
        let mut is_whole = true;
        for (time, field) in times.iter_mut().zip(monetate_stages::SECTION.fields) {
            match length(check, &stages, field, *time) {
                Some(ms) => *time = ms,
                None => is_whole = false,
            }
        }
        is_whole.then_some(times)
    };
    let work_ms = times(&WORK, MONETATE_WORK_MS);
    let wait_ms = times(&WAITS, [0; 13]);
    Some(Strategy::Monetate { few, work_ms: work_ms?, wait_ms: wait_ms? })
}

/// How long a controller waits between two looks, ms.
fn look(
    check: &mut Check<'_>,
    table: &Table<'_>,
    field: &'static Field,
    default_ms: u64,
) -> Option<u64> {
    match table.get(field) {
        Some(node) => check.length_ms(field.key, node, SECOND_MS),
        None => Some(default_ms),
    }
}

fn count(
    check: &mut Check<'_>,
    table: &Table<'_>,
    field: &'static Field,
    default: u32,
    min: u64,
) -> Option<u32> {
    match table.get(field) {
        Some(node) => {
            let count = check.whole(field.key, node, min, 1_000_000)?;
            u32::try_from(count).ok()
        }
        None => Some(default),
    }
}

/// Whole percents from `min` to 100.
fn percent(check: &mut Check<'_>, key: &str, node: &Node, min: u32) -> Option<u32> {
    let percent = check.share(key, node)? * 100.0;
    let whole = libm::round(percent);
    if !(f64::from(min)..=100.0).contains(&percent) || (percent - whole).abs() > 1e-9 {
        let message = format!("`{key}` is in whole percent, {min}% to 100%");
        check.error_hint(node.at, message, "write it like `\"20%\"`");
        return None;
    }
    Some(whole as u32)
}

fn read_rolling(check: &mut Check<'_>, table: &Table<'_>) -> Option<Strategy> {
    use strategy_rolling::UNDO_AFTER;
    use strategy_rolling::{MAX_SURGE, MAX_UNAVAILABLE, ON_DEADLINE, PROGRESS_DEADLINE};
    let limits = read_limits(check, table, &MAX_SURGE, &MAX_UNAVAILABLE);
    let patience = read_patience(check, table, &PROGRESS_DEADLINE, &ON_DEADLINE);
    let undo_after_ms = maybe(check, table, &UNDO_AFTER);
    let (surge, unavailable) = limits?;
    let (patience, undo_after_ms) = (patience?, undo_after_ms?);
    Some(Strategy::Rolling { surge, unavailable, patience, undo_after_ms })
}

fn read_blue_green(check: &mut Check<'_>, table: &Table<'_>) -> Option<Strategy> {
    use strategy_blue_green::{ANALYSIS_AFTER, ANALYSIS_BEFORE, KEEP_NEW, KEEP_OLD, ON_DEADLINE};
    use strategy_blue_green::{PREVIEW, PROGRESS_DEADLINE, PROMOTE_AFTER};
    let preview = match table.get(&PREVIEW) {
        Some(node) => {
            let count = check.whole(PREVIEW.key, node, 1, u32::MAX.into());
            count.and_then(|count| u32::try_from(count).ok()).map(Some)
        }
        None => Some(None),
    };
    let before_ms = maybe(check, table, &ANALYSIS_BEFORE);
    let promotion_ms = forever_or(check, table, &PROMOTE_AFTER, 0);
    let after_ms = maybe(check, table, &ANALYSIS_AFTER);
    let kept = read_kept(check, table, &KEEP_OLD, &KEEP_NEW);
    let patience = read_patience(check, table, &PROGRESS_DEADLINE, &ON_DEADLINE);
    Some(Strategy::BlueGreen {
        preview: preview?,
        before_ms: before_ms?,
        promotion_ms: promotion_ms?,
        after_ms: after_ms?,
        kept: kept?,
        patience: patience?,
    })
}

fn read_routed(check: &mut Check<'_>, table: &Table<'_>) -> Option<Strategy> {
    use strategy_routed_canary::{KEEP_NEW, KEEP_OLD, SHRINK_OLD, STEPS};
    let steps = read_steps(check, table, &STEPS);
    let shrinks_old = match table.get(&SHRINK_OLD) {
        Some(node) => check.flag(SHRINK_OLD.key, node),
        None => Some(false),
    };
    let kept = read_kept(check, table, &KEEP_OLD, &KEEP_NEW);
    Some(Strategy::RoutedCanary { steps: steps?, shrinks_old: shrinks_old?, kept: kept? })
}

fn read_kept(
    check: &mut Check<'_>,
    table: &Table<'_>,
    old: &'static Field,
    new: &'static Field,
) -> Option<Kept> {
    let old_ms = length(check, table, old, KEPT_MS);
    let new_ms = length(check, table, new, KEPT_MS);
    Some(Kept { old_ms: old_ms?, new_ms: new_ms? })
}

fn read_limits(
    check: &mut Check<'_>,
    table: &Table<'_>,
    surge: &'static Field,
    unavailable: &'static Field,
) -> Option<(Amount, Amount)> {
    let read = |check: &mut Check<'_>, field: &'static Field| match table.get(field) {
        Some(node) => read_part(check, field.key, node),
        None => Some(Amount::Percent(25)),
    };
    let (more, fewer) = (read(check, surge)?, read(check, unavailable)?);
    let is_zero = |amount: Amount| matches!(amount, Amount::Count(0) | Amount::Percent(0));
    if is_zero(more) && is_zero(fewer) {
        let message =
            format!("`{}` and `{}` are both 0: nothing could change", surge.key, unavailable.key);
        check.error_hint(table.at_key(unavailable), message, "raise one of them");
        return None;
    }
    Some((more, fewer))
}

/// A number, or whole percents.
pub(crate) fn read_part(check: &mut Check<'_>, key: &str, node: &Node) -> Option<Amount> {
    if let Value::Text(text) = &node.value {
        let number = text.trim().strip_suffix('%').map(str::trim_end);
        let percent = number.and_then(|number| number.parse::<u32>().ok());
        if let Some(percent) = percent.filter(|percent| *percent <= 1_000) {
            return Some(Amount::Percent(percent));
        }
        let message =
            format!("`{}` is neither a number nor whole percents up to 1000%", shorten(text));
        check.error_hint(node.at, message, "write it like `\"25%\"` or `2`");
        return None;
    }
    let count = check.whole(key, node, 0, 1_000_000)?;
    u32::try_from(count).ok().map(Amount::Count)
}

fn read_patience(
    check: &mut Check<'_>,
    table: &Table<'_>,
    deadline: &'static Field,
    what_then: &'static Field,
) -> Option<Patience> {
    let ms = forever_or(check, table, deadline, PROGRESS_DEADLINE_MS);
    let turns_back = match table.get(what_then) {
        Some(node) => {
            let what = check.choice(what_then.key, node, "way out", ON_DEADLINE);
            what.map(|what| what == "rollback")
        }
        None => Some(false),
    };
    Some(Patience { ms: ms?, turns_back: turns_back? })
}

/// A duration, ms; none if it is `forever`.
fn forever_or(
    check: &mut Check<'_>,
    table: &Table<'_>,
    field: &'static Field,
    default_ms: u64,
) -> Option<Option<u64>> {
    match table.get(field) {
        Some(node) if is_forever(node) => Some(None),
        Some(node) => check.length_ms(field.key, node, 0).map(Some),
        None => Some(Some(default_ms)),
    }
}

fn is_forever(node: &Node) -> bool {
    matches!(&node.value, Value::Text(text) if text.trim() == "forever")
}

/// A duration, ms; none where nothing is said.
fn maybe(check: &mut Check<'_>, table: &Table<'_>, field: &'static Field) -> Option<Option<u64>> {
    match table.get(field) {
        Some(node) => check.length_ms(field.key, node, 0).map(Some),
        None => Some(None),
    }
}

fn read_steps(
    check: &mut Check<'_>,
    table: &Table<'_>,
    field: &'static Field,
) -> Option<Vec<CanaryStep>> {
    let Some(node) = table.get(field) else { return Some(default_steps()) };
    let nodes = check.list(field.key, node, false);
    if nodes.len() > STEPS_MAX {
        check.error(node.at, format!("`{}` has more than {STEPS_MAX} entries", field.key));
        return None;
    }
    let steps: Vec<CanaryStep> = nodes.iter().filter_map(|node| read_step(check, node)).collect();
    (steps.len() == nodes.len()).then_some(steps)
}

fn read_step(check: &mut Check<'_>, node: &Node) -> Option<CanaryStep> {
    use canary_step::{ANALYSIS, PAUSE, WEIGHT};
    let table = check.open("steps", node, node.at, &[&canary_step::SECTION])?;
    let said = [&WEIGHT, &PAUSE, &ANALYSIS].map(|field| (field, table.get(field)));
    let mut said = said.into_iter().filter_map(|(field, node)| Some((field, node?)));
    let (Some((field, node)), None) = (said.next(), said.next()) else {
        if !check.findings.is_broken() {
            let message = "a step is one of `weight`, `pause` and `analysis`";
            check.error_hint(table.at, message, "write it like `{ weight = \"20%\" }`");
        }
        return None;
    };
    if field.key == WEIGHT.key {
        return percent(check, WEIGHT.key, node, 0).map(CanaryStep::Weight);
    }
    if field.key == PAUSE.key {
        let forever = is_forever(node);
        let ms = if forever { None } else { Some(check.length_ms(PAUSE.key, node, 0)?) };
        return Some(CanaryStep::Pause(ms));
    }
    check.length_ms(ANALYSIS.key, node, 0).map(CanaryStep::Analysis)
}
