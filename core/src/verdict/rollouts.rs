//! Rollouts in the report, and in words.

use super::{date, moment, seconds};
use crate::observe::Summary;
use crate::observe::rollouts::{Begun, Told};
use crate::report::Report;
use crate::report::rollouts::{RolloutReport, RolloutTotals, TimelineRow, WaitReport};
use crate::rollout::chosen;
use crate::rollout::timeline::{Outcome, Row};
use crate::scenario::Scenario;
use crate::words::{self, plural};

/// The rollouts of a run, one by one.
pub(super) fn reports(scenario: &Scenario, summary: &Summary) -> Vec<RolloutReport> {
    summary.rollouts.told().map(|(number, told)| report(scenario, number, told)).collect()
}

/// All of them together.
pub(super) fn totals(summary: &Summary) -> RolloutTotals {
    let totals = &summary.rollouts.totals;
    RolloutTotals {
        rollouts: totals.begun,
        complete: totals.complete,
        turned_back: totals.turned_back,
        overdue: totals.overdue,
        under_way: totals.under_way,
        longest_s: seconds(totals.duration_ms_max),
        unavailable_instance_s: seconds(totals.unavailable_ms),
        exposure_s: totals.exposure_ms / 1e3,
    }
}

fn report(scenario: &Scenario, number: u32, told: &Told) -> RolloutReport {
    let Begun { at, service, plan, from, to, is_way_back, replicas, free, .. } = told.begun;
    let service = &scenario.services[service.row()];
    let strategy = &scenario.rollouts[plan as usize].strategy;
    let figures = &told.figures;
    let image = |id: crate::scenario::ImageId| scenario.images[id.row()].name.clone();
    let exposure_s = figures.exposure_ms / 1e3;
    let free_u32 = u32::try_from(free).unwrap_or(u32::MAX);
    RolloutReport {
        number,
        service: service.name.clone(),
        strategy: strategy.name().to_owned(),
        from: image(from),
        to: image(to),
        takes_back: is_way_back,
        at: moment(scenario, at),
        outcome: told.outcome.map_or("under way".to_owned(), |outcome| outcome.to_string()),
        turned_back_because: told.turned_back.map(|why| why.words().to_owned()),
        instances: replicas,
        duration_s: seconds(figures.duration_ms),
        released_s: seconds(figures.released_ms),
        overdue_s: told.overdue_at.map(|at| seconds(at.ms())),
        turn_back_s: figures.turn_back_ms.map(seconds),
        peak_slots: figures.peak_used,
        surge_peak: figures.surge_peak,
        pending_peak: figures.pending_peak,
        min_available: figures.min_available,
        unavailable_instance_s: seconds(figures.unavailable_ms),
        surge_instance_s: seconds(figures.surge_ms),
        mixed_s: seconds(figures.mixed_ms),
        exposure_s,
        exposed_requests: service.requests_per_s.map(|per_s| per_s * exposure_s),
        free_slots: free,
        forecast: chosen::forecast(strategy, replicas, free_u32).name().to_owned(),
        waits: told.waits.iter().map(|(what, ms)| wait(what, *ms)).collect(),
        timeline: told.timeline.iter().map(|(row, free)| timeline_row(row, *free)).collect(),
    }
}

fn wait(what: &str, ms: u64) -> WaitReport {
    WaitReport { what: what.to_owned(), s: seconds(ms) }
}

fn timeline_row(row: &Row, free_slots: u64) -> TimelineRow {
    TimelineRow {
        t: seconds(row.at.ms()),
        old: row.old,
        old_available: row.old_available,
        new: row.new,
        new_ready: row.new_ready,
        new_available: row.new_available,
        terminating: row.terminating,
        pending: row.pending,
        used: row.used,
        weight: row.weight,
        free_slots,
    }
}

/// The rollouts in the verdict; `None` if there were none.
pub(super) fn sentence(scenario: &Scenario, summary: &Summary) -> Option<String> {
    let totals = &summary.rollouts.totals;
    if totals.begun == 0 {
        return None;
    }
    if totals.begun == 1
        && let Some((_, told)) = summary.rollouts.told().next()
    {
        return Some(one(scenario, told));
    }
    let mut parts = vec![match totals.complete {
        all if all == totals.begun => format!("all {} got through", plural(all, "rollout")),
        some => {
            format!("{} of {} got through", words::count(some), plural(totals.begun, "rollout"))
        }
    }];
    if totals.turned_back > 0 {
        parts.push(format!("{} turned back", words::count(totals.turned_back)));
    }
    if totals.overdue > 0 {
        parts.push(format!("{} stood still for too long", words::count(totals.overdue)));
    }
    if totals.under_way > 0 {
        parts.push(format!("{} not done at the end", words::count(totals.under_way)));
    }
    Some(parts.join(", "))
}

fn one(scenario: &Scenario, told: &Told) -> String {
    let service = &scenario.services[told.begun.service.row()].name;
    let image = &scenario.images[told.begun.to.row()].name;
    let began = date(scenario, told.begun.at);
    let took = words::duration(seconds(told.figures.duration_ms));
    match told.outcome {
        Some(Outcome::Complete) => {
            format!("the rollout of {image} to {service}, begun {began}, took {took}")
        }
        Some(Outcome::TurnedBack) => {
            let why = told.turned_back.map_or("", |why| why.words());
            format!("the rollout of {image} to {service}, begun {began}, turned back: {why}")
        }
        _ => format!("the rollout of {image} to {service}, begun {began}, is not done at the end"),
    }
}

/// Notes on rollouts that stood still, and on what could be foreseen of them.
pub(super) fn notes(scenario: &Scenario, summary: &Summary, report: &mut Report) {
    for (number, told) in summary.rollouts.told() {
        let rollout = report.rollouts.iter().find(|rollout| rollout.number == number);
        let stood_still = |rollout: &&RolloutReport| {
            rollout.forecast == "deadlock" && rollout.waited_for_room_s().is_some()
        };
        let Some(rollout) = rollout.filter(stood_still) else { continue };
        let free = match rollout.free_slots {
            0 => "no room for one more instance".to_owned(),
            free => format!("room for only {}", plural(free, "more instance")),
        };
        let note = format!(
            "rollout {number} of {} could be foreseen to stand still: when it began, {}, there was {free}",
            rollout.service,
            date(scenario, told.begun.at)
        );
        report.notes.push(note);
        if report.notes.len() >= 50 {
            break;
        }
    }
}
