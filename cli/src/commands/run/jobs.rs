//! What the answer says of batch work: how long jobs waited, and who had how much.

use fleetcast_core::report::Report;
use fleetcast_core::report::jobs::{JobShare, JobsReport, OffersReport};
use fleetcast_core::words;

/// How many queues, and how many tenants, have a row of their own.
const ROWS_MAX: usize = 8;

/// Rows of the key figures: what it is called, and what it is.
pub(super) fn rows(report: &Report) -> Vec<(String, String)> {
    let Some(jobs) = &report.jobs else { return Vec::new() };
    let mut rows = vec![("Jobs".to_owned(), counts(jobs)), ("Scheduler".to_owned(), rule(jobs))];
    if jobs.all.started > 0 {
        rows.push(("Job waits".to_owned(), waits(&jobs.all)));
    }
    if jobs.all.ended > 0 {
        let slow = &jobs.all.slowdown;
        let [mean, p50, p95] = [slow.mean, slow.p50, slow.p95].map(words::amount);
        let text = format!(
            "{mean} times the run time on average, {p50} median, {p95} p95 (runs of less than \
             10 s count as 10 s)"
        );
        rows.push(("Slowdown".to_owned(), text));
    }
    let busy = format!(
        "{} of the hosts taken by jobs on average; {} waiting on average, {} at most",
        words::percent(jobs.utilisation),
        words::plural(jobs.mean_waiting.round() as u64, "job"),
        words::count(jobs.peak_waiting)
    );
    rows.push(("Batch load".to_owned(), busy));
    rows.extend(jobs.offers.as_ref().map(|of| ("Offers".to_owned(), offers(of))));
    if jobs.queues.len() > 1 {
        rows.extend(jobs.queues.iter().take(ROWS_MAX).map(|of| of_some("Queue", of)));
    }
    if jobs.tenants.len() > 1 {
        let text = format!(
            "{} on Jain's index over {} (1: all have the same for their weight)",
            words::amount(jobs.fairness),
            words::plural(jobs.tenants.len() as u64, "tenant")
        );
        rows.push(("Fairness".to_owned(), text));
        let mut tenants: Vec<&JobShare> = jobs.tenants.iter().collect();
        tenants.sort_by(|a, b| b.task_hours.total_cmp(&a.task_hours));
        rows.extend(tenants.into_iter().take(ROWS_MAX).map(|of| of_some("Tenant", of)));
    }
    rows
}

fn counts(jobs: &JobsReport) -> String {
    let JobShare { submitted, ended, killed, refused, interrupted, preempted, .. } = &jobs.all;
    let mut said = format!("{}: {} done", words::count(*submitted), words::count(ended - killed));
    for (number, what) in [
        (*killed, "ended by their estimate"),
        (*refused, "larger than the hosts"),
        (jobs.running, "running"),
        (jobs.waiting, "waiting at the end"),
        (*interrupted, "times one was interrupted"),
        (*preempted, "times one ended for another tenant's guarantee"),
    ] {
        if number > 0 {
            said += &format!(", {} {what}", words::count(number));
        }
    }
    said
}

fn rule(jobs: &JobsReport) -> String {
    let order = match jobs.order.as_str() {
        "arrival" => "first come, first served",
        "shortest" => "who is believed to run shortest comes first",
        "priority" => "by priority",
        "fair-share" => "who has used least of late comes first",
        "offers" => "tenants are offered hosts and choose, who has the smallest share first",
        _ => "who has the smallest dominant share comes first",
    };
    let backfill = match jobs.backfill.as_str() {
        "easy" => ", EASY backfilling",
        "conservative" => ", conservative backfilling",
        _ => "",
    };
    format!("{order}{backfill}")
}

fn offers(of: &OffersReport) -> String {
    let mut said = format!(
        "{} of a host to a tenant in {}: {} used, {} refused",
        words::count(of.made),
        words::plural(of.rounds, "round"),
        words::count(of.accepted),
        words::count(of.declined)
    );
    if of.lost > 0 {
        said += &format!(", {} lost with their room", words::count(of.lost));
    }
    match of.peak_held {
        0.0 => said,
        peak => format!(
            "{said}; held back and not used: {} of the hosts on average, {} at most",
            words::percent(of.held),
            words::percent(peak)
        ),
    }
}

fn waits(of: &JobShare) -> String {
    let wait = &of.wait_s;
    if wait.max == 0.0 {
        return "none".to_owned();
    }
    let [mean, p50, p95, max] = [wait.mean, wait.p50, wait.p95, wait.max].map(words::duration);
    format!("{mean} on average, {p50} median, {p95} p95, {max} at most")
}

fn of_some(what: &str, of: &JobShare) -> (String, String) {
    let share = match of.share {
        Some(share) => format!(", {} of the hosts on average", words::percent(share)),
        None => String::new(),
    };
    let waits = match of.started {
        0 => "none started".to_owned(),
        _ => format!("waits {}", waits(of)),
    };
    let jobs = words::plural(of.submitted, "job");
    (format!("{what} {}", of.name), format!("{jobs}{share}; {waits}"))
}
