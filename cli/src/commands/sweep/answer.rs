//! What a sweep found, in words.

use super::effects::{Effect, Extreme, Found, HELD, Level, Told};
use crate::lines::{self, line};
use anstyle::Style;
use fleetcast_core::report::Better;
use fleetcast_core::verdict;
use fleetcast_core::words::{capitalised, count, percent, percent_of, plural, wrap};

/// The answer, then what was run, then what each key does.
pub(super) fn text(found: &Found) -> String {
    let mut text = String::new();
    let bold = Style::new().bold();
    for row in wrap(&capitalised(&sentence(found)), 80) {
        line(&mut text, &format!("{bold}{row}{bold:#}"));
    }
    line(&mut text, "");
    let points = match (found.points, found.seeds) {
        (_, 1) => String::new(),
        (points, seeds) => {
            format!(": {}, {} each", plural(points.into(), "point"), plural(seeds.into(), "seed"))
        }
    };
    line(&mut text, &format!("{}, {}{points}", found.scenario, plural(found.runs.into(), "run")));
    for key in &found.vary {
        line(&mut text, &format!("  {}", shortened(key, 78)));
    }
    if let Some(wrong) = &found.first_wrong {
        line(&mut text, "");
        let runs = plural(found.wrong.into(), "run");
        let is = if found.wrong == 1 { "is" } else { "are" };
        let why = format!(
            "{runs} could not be and {is} left out, the first run {}: {}",
            wrong.run, wrong.problem
        );
        wrap(&why, 80).iter().for_each(|row| line(&mut text, row));
    }
    if !found.metrics.is_empty() {
        line(&mut text, "");
        table(&mut text, &found.metrics);
    }
    if found.vary.len() > 1 && !found.metrics.is_empty() {
        line(&mut text, "");
        extremes(&mut text, found);
    }
    text
}

/// The answer.
fn sentence(found: &Found) -> String {
    let mut parts = Vec::new();
    if let Some(held) = found.held {
        let ran = found.runs - found.wrong;
        let share = percent_of(held.into(), ran.into());
        parts.push(match (held, ran - held) {
            _ if ran == 0 => "no run could be run".to_owned(),
            (_, 0) => format!("every expectation held in all {}", plural(ran.into(), "run")),
            (0, _) => format!("an expectation was missed in each of {}", plural(ran.into(), "run")),
            _ => format!(
                "every expectation held in {} of {} ({share})",
                count(held.into()),
                plural(ran.into(), "run")
            ),
        });
    }
    let most = found.metrics.first().and_then(|told| Some((told, told.effects.first()?)));
    match most {
        Some((told, effect)) => parts.extend(moves(told, effect, found)),
        None => parts.push("nothing that varies makes a difference to the key figures".to_owned()),
    }
    parts.join("; ")
}

/// Which key moves a key figure most, and from where to where.
fn moves(told: &Told, effect: &Effect, found: &Found) -> Option<String> {
    let (low, high) = (effect.lowest()?, effect.highest()?);
    let what = if told.metric == HELD { "that".to_owned() } else { format!("`{}`", told.metric) };
    if effect.range == 0.0 {
        return Some(format!("nothing that varies moves {what}"));
    }
    let most = if found.vary.len() > 1 { " most" } else { "" };
    let is_mean = told.metric != HELD && low.runs > 1;
    let mean = if is_mean { " on average" } else { "" };
    let value = |level: &Level| format!("{} at {}", figure(&told.metric, level.mean), level.value);
    let (low, high) = (value(low), value(high));
    let ends = match told.better {
        Some(Better::Less) => format!("best, {low}, worst, {high}"),
        Some(Better::More) => format!("best, {high}, worst, {low}"),
        None => format!("{low}, {high}"),
    };
    Some(format!("`{}` moves {what}{most}:{mean} {ends}", effect.key))
}

/// A row for each key figure and key: where the average is lowest, and where highest.
fn table(text: &mut String, metrics: &[Told]) {
    let mut table = lines::table();
    table.set_header(["Key figure", "Key", "Lowest average", "Highest average"]);
    for told in metrics {
        for (row, effect) in told.effects.iter().enumerate() {
            let cell = |level: Option<&Level>, end: Better| {
                level.map_or_else(String::new, |level| {
                    let value = shortened(&level.value, 24);
                    format!("{} at {value}{}", figure(&told.metric, level.mean), best(told, end))
                })
            };
            let (low, high) = match effect.range {
                0.0 => ("no difference".to_owned(), String::new()),
                _ => (cell(effect.lowest(), Better::Less), cell(effect.highest(), Better::More)),
            };
            let name = if row == 0 { told.metric.clone() } else { String::new() };
            table.add_row([name, effect.key.clone(), low, high]);
        }
    }
    lines::rows(text, &table);
}

/// A row for each key figure: the points where it is lowest and highest.
fn extremes(text: &mut String, found: &Found) {
    let mut table = lines::table();
    table.set_header(["Key figure", "Lowest in one point", "Highest in one point"]);
    for told in &found.metrics {
        let cell = |extreme: &Extreme, end: Better| {
            let points = match extreme.points {
                1 => String::new(),
                points => format!(" and {} more", plural(u64::from(points) - 1, "point")),
            };
            let value = figure(&told.metric, extreme.value);
            let run = count(extreme.run.into());
            format!("{value} in run {run}{points}{}", best(told, end))
        };
        table.add_row([
            told.metric.clone(),
            cell(&told.lowest, Better::Less),
            cell(&told.highest, Better::More),
        ]);
    }
    lines::rows(text, &table);
}

/// Whether that end of the key figure is the one to wish for.
fn best(told: &Told, end: Better) -> &'static str {
    if told.better == Some(end) { ", best" } else { "" }
}

/// A key figure with its unit.
fn figure(metric: &str, value: f64) -> String {
    if metric == HELD { percent(value) } else { verdict::figure(metric, value) }
}

/// At most so many characters.
fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}
