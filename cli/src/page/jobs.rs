//! Batch work on the page: who had how much of the hosts over time, and tables of waits.

use super::{charts, table};
use crate::commands::run::Results;
use fleetcast_core::report::jobs::JobShare;
use fleetcast_core::words;

/// Nothing where there is no batch work.
pub(super) fn figures(results: &Results) -> String {
    let Some(jobs) = &results.report.jobs else { return String::new() };
    let chart = charts::shares(jobs, &results.scenario);
    let queues = if jobs.queues.len() > 1 { shares("Queue", &jobs.queues) } else { String::new() };
    let tenants = if jobs.tenants.len() > 1 || queues.is_empty() {
        shares("Tenant", &jobs.tenants)
    } else {
        String::new()
    };
    chart + &queues + &tenants
}

fn shares(what: &str, list: &[JobShare]) -> String {
    let row = |of: &JobShare| {
        vec![
            of.name.clone(),
            words::count(of.submitted),
            words::count(of.ended),
            words::count(of.killed),
            words::duration(of.wait_s.mean),
            words::duration(of.wait_s.p50),
            words::duration(of.wait_s.p95),
            words::duration(of.wait_s.max),
            words::amount(of.slowdown.mean),
            words::amount(of.task_hours),
            of.share.map_or("–".to_owned(), words::percent),
        ]
    };
    let headings = [
        what,
        "Jobs#",
        "Over#",
        "Ended by their estimate#",
        "Mean wait#",
        "Median wait#",
        "95% wait#",
        "Longest wait#",
        "Mean slowdown#",
        "Task hours#",
        "Share of the hosts#",
    ];
    table(&headings, list.iter().map(row))
}
