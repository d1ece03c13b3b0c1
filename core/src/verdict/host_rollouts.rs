//! New images for hosts in the report, and in words.

use super::{moment, reason_name, reason_words, request_size, seconds};
use crate::fact::{HostOutcome, Stall, WhyStuck};
use crate::observe::Summary;
use crate::observe::host_rollouts::{HostRow, Seen};
use crate::report::host_rollouts::{
    HostRolloutReport, HostRolloutsReport, HostTimelineRow, StallReport,
};
use crate::report::rollouts::WaitReport;
use crate::resources::Amounts;
use crate::scenario::Scenario;
use crate::time::Time;
use crate::words::{self, plural};

/// What came of the host rollouts; `None` where there are none.
pub(super) fn report(scenario: &Scenario, summary: &Summary) -> Option<HostRolloutsReport> {
    let rolled = summary.rolled_hosts.as_deref()?;
    let totals = rolled.totals;
    Some(HostRolloutsReport {
        rollouts: totals.begun,
        complete: totals.complete,
        partial: totals.partial,
        stopped: totals.stopped,
        under_way: totals.under_way,
        hosts_done: totals.hosts_done,
        peak_hosts_out: totals.out_most.into(),
        longest_s: seconds(totals.duration_ms_max),
        vms_moved: totals.moved,
        vms_evicted: totals.evicted,
        vms_lost: totals.lost,
        stalls: totals.stalls,
        stalled_s: seconds(totals.stalled_ms),
        list: rolled.told().map(|(number, seen)| one(scenario, number, seen)).collect(),
    })
}

fn one(scenario: &Scenario, number: u32, seen: &Seen) -> HostRolloutReport {
    let rule = &scenario.host_rollouts;
    let mut waits: Vec<WaitReport> = seen
        .waits
        .iter()
        .filter(|(_, ms)| **ms > 0)
        .map(|(what, ms)| WaitReport { what: (*what).to_owned(), s: seconds(*ms) })
        .collect();
    waits.sort_by(|a, b| b.s.total_cmp(&a.s));
    HostRolloutReport {
        number,
        name: rule.list[seen.plan as usize].name.clone(),
        image: rule.images[seen.image.row()].clone(),
        at: moment(scenario, seen.at),
        outcome: match seen.outcome {
            Some(outcome) => outcome.to_string(),
            None if seen.is_stalled => "stalled".to_owned(),
            None => "under way".to_owned(),
        },
        duration_s: seconds(seen.duration_ms),
        hosts: seen.hosts,
        hosts_done: seen.done,
        hosts_left_out: seen.left_out,
        hosts_left: seen.hosts.saturating_sub(seen.done + seen.left_out),
        batches: seen.batches,
        peak_hosts_out: seen.out_most,
        lowest_capacity: seen.lowest_capacity,
        vms_moved: seen.moved,
        pauses_s: seconds(seen.pauses_ms),
        vms_evicted: seen.evicted,
        vms_lost: seen.lost,
        evicted_s: seconds(seen.evicted_ms),
        stalls: seen.stalls,
        stalled_s: seconds(seen.stalled_ms),
        stalled: seen.stalled.iter().map(|told| stall(scenario, seen.at, told)).collect(),
        waits,
        timeline: seen.rows.iter().map(|row| timeline_row(seen, row)).collect(),
    }
}

fn stall(
    scenario: &Scenario,
    began: Time,
    (at, stall, amounts, ms): &(Time, Stall, Amounts, u64),
) -> StallReport {
    let (reason, because) = why(scenario, stall.why);
    StallReport {
        t: seconds(at.since_ms(began)),
        at: moment(scenario, *at),
        host: stall.host.row() as u32,
        request: stall.request.0,
        demand: scenario.demands[stall.demand.row()].name.clone(),
        size: request_size(scenario, amounts),
        reason,
        because,
        lasted_s: seconds(*ms),
    }
}

/// Why a VM cannot leave: in a word, and in words.
pub fn why(scenario: &Scenario, why: WhyStuck) -> (String, String) {
    match why {
        WhyStuck::NoRoom(reason) => {
            let name = reason_name(&scenario.kinds, reason);
            let words = reason_words(&name);
            (name, words)
        }
        WhyStuck::Copy => {
            let words = "because it writes faster than it can be copied".to_owned();
            ("copy".to_owned(), words)
        }
        WhyStuck::Budget(min) => {
            let words = format!("because its group must keep {}", words::count(min.into()));
            ("min-available".to_owned(), words)
        }
    }
}

fn timeline_row(seen: &Seen, row: &HostRow) -> HostTimelineRow {
    HostTimelineRow {
        t: seconds(row.at.ms()),
        old: seen.hosts.saturating_sub(row.new + row.draining + row.rewriting),
        draining: row.draining,
        rewriting: row.rewriting,
        new: row.new,
        capacity: row.capacity,
        stalled: row.is_stalled,
    }
}

impl StallReport {
    /// In a sentence: who cannot leave which host, and why.
    pub fn sentence(&self) -> String {
        let Self { host, request, demand, size, because, .. } = self;
        let size = if size == demand { String::new() } else { format!(", {size}") };
        format!(
            "the VM of request {request} ({demand}{size}) had nowhere to go from host {host}, {because}"
        )
    }
}

/// The host rollouts in the verdict; `None` if none began.
pub(super) fn sentence(all: &HostRolloutsReport) -> Option<String> {
    let [one] = all.list.as_slice() else {
        return (all.rollouts > 0).then(|| several(all));
    };
    let (name, took) = (&one.name, words::duration(one.duration_s));
    let hosts = plural(one.hosts.into(), "host");
    let stalled = match one.stalled.iter().max_by(|a, b| a.lasted_s.total_cmp(&b.lasted_s)) {
        Some(longest) if one.stalled_s > 0.0 => {
            let long = words::duration(one.stalled_s);
            format!(", {long} of it standing still: {}", longest.sentence())
        }
        _ => String::new(),
    };
    Some(match one.outcome.as_str() {
        complete if complete == HostOutcome::Complete.to_string() => {
            format!("the host rollout {name} brought {} to {hosts} in {took}{stalled}", one.image)
        }
        outcome => {
            let done = words::count(one.hosts_done.into());
            let is = match outcome {
                "partial" => "left hosts out",
                "stopped" => "stopped",
                "stalled" => "stands still at the end",
                _ => "is not done at the end",
            };
            format!(
                "the host rollout {name} {is}: {done} of {hosts} have {} after {took}{stalled}",
                one.image
            )
        }
    })
}

fn several(all: &HostRolloutsReport) -> String {
    let mut parts = vec![match all.complete {
        complete if complete == all.rollouts => {
            format!("all {} got through", plural(all.rollouts, "host rollout"))
        }
        some => format!(
            "{} of {} got through",
            words::count(some),
            plural(all.rollouts, "host rollout")
        ),
    }];
    let others = [
        (all.partial, "left hosts out"),
        (all.stopped, "stopped"),
        (all.under_way, "not done at the end"),
    ];
    for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
        parts.push(format!("{} {what}", words::count(count)));
    }
    if all.stalled_s > 0.0 {
        parts.push(format!("{} standing still", words::duration(all.stalled_s)));
    }
    parts.join(", ")
}
