//! What a report says of batch work.

use super::{level, percentiles};
use crate::fairness::jain;
use crate::observe::jobs::{Account, Jobs, MILLION, Offers};
use crate::observe::{Durations, Summary};
use crate::report::jobs::{JobShare, JobsReport, OffersReport, ShareCourse};
use crate::report::{Percentiles, Report};
use crate::scenario::Scenario;
use crate::time::Time;
use crate::words;

/// `None` where there is no batch work.
pub(super) fn report(scenario: &Scenario, summary: &Summary) -> Option<JobsReport> {
    let (batch, jobs) = (scenario.batch.as_ref()?, summary.jobs.as_ref()?);
    let now = summary.now;
    let queues = batch.queues.iter().zip(&jobs.by_queue);
    let share = |row: usize| jobs.shares[row].mean(now) / MILLION as f64;
    let had_jobs = |row: &usize| jobs.by_tenant[*row].submitted > 0;
    let rows: Vec<usize> = (0..jobs.by_tenant.len()).filter(had_jobs).collect();
    let weighted = |row: &usize| share(*row) / batch.weights.get(*row).map_or(1.0, |w| *w as f64);
    let all = of_account("all", &jobs.all, None);
    Some(JobsReport {
        order: batch.scheduler.order.name().to_owned(),
        backfill: batch.scheduler.backfill.name().to_owned(),
        waiting: level(jobs.waiting.value),
        running: jobs.running,
        peak_waiting: level(jobs.waiting.peak),
        mean_waiting: jobs.waiting.mean(now),
        utilisation: jobs.busy.mean(now) / MILLION as f64,
        fairness: jain(&rows.iter().map(weighted).collect::<Vec<_>>()),
        all,
        queues: queues.map(|(queue, account)| of_account(&queue.name, account, None)).collect(),
        tenants: rows
            .iter()
            .map(|row| {
                of_account(&scenario.tenants[*row], &jobs.by_tenant[*row], Some(share(*row)))
            })
            .collect(),
        shares: courses(scenario, jobs, &rows, now),
        step_s: jobs.step_ms as f64 / 1e3,
        offers: jobs.offers.as_ref().map(|offers| of_offers(offers, now)),
    })
}

fn of_offers(offers: &Offers, now: Time) -> OffersReport {
    OffersReport {
        rounds: offers.rounds,
        made: offers.made,
        accepted: offers.accepted,
        declined: offers.declined,
        lost: offers.lost,
        held: offers.held.mean(now) / MILLION as f64,
        peak_held: offers.held.peak as f64 / MILLION as f64,
        holding: offers.holding(),
    }
}

fn of_account(name: &str, account: &Account, share: Option<f64>) -> JobShare {
    JobShare {
        name: name.to_owned(),
        submitted: account.submitted,
        started: account.started,
        ended: account.ended,
        killed: account.killed,
        interrupted: account.interrupted,
        preempted: account.preempted,
        refused: account.refused,
        wait_s: percentiles(&account.waited),
        slowdown: thousandths(&account.slowdown_milli),
        task_hours: account.task_ms as f64 / 3.6e6,
        share,
    }
}

/// Thousandths are to ones as ms are to seconds.
fn thousandths(of: &Durations) -> Percentiles {
    percentiles(of)
}

fn courses(scenario: &Scenario, jobs: &Jobs, rows: &[usize], now: Time) -> Vec<ShareCourse> {
    let course = |row: &usize| {
        let mut areas = jobs.areas.get(*row)?.clone();
        let mut lengths = vec![jobs.step_ms; areas.len()];
        let rest_ms = now.ms() - jobs.step_ms * areas.len() as u64;
        if rest_ms > 0 {
            areas.push(jobs.shares[*row].area(now));
            lengths.push(rest_ms);
        }
        let before = std::iter::once(0).chain(areas.iter().copied());
        let rows = areas.iter().zip(before).zip(&lengths);
        let mean = |((area, before), ms): ((&i128, i128), &u64)| {
            (area - before) as f64 / (*ms as f64 * MILLION as f64)
        };
        Some(ShareCourse { tenant: scenario.tenants[*row].clone(), mean: rows.map(mean).collect() })
    };
    rows.iter().filter_map(course).collect()
}

/// The figure of jobs that an expectation names; 0 where there are none, `None` if it is none.
pub(super) fn metric_value(metric: &str, report: &Report) -> Option<f64> {
    let jobs = report.jobs.as_ref();
    let of = |figure: fn(&JobsReport) -> f64| jobs.map_or(0.0, figure);
    Some(match metric {
        "jobs" => of(|jobs| jobs.all.submitted as f64),
        "jobs-ended" => of(|jobs| jobs.all.ended as f64),
        "jobs-killed" => of(|jobs| jobs.all.killed as f64),
        "jobs-preempted" => of(|jobs| jobs.all.preempted as f64),
        "jobs-waiting" => of(|jobs| jobs.waiting as f64),
        "time-jobs-wait-mean" => of(|jobs| jobs.all.wait_s.mean),
        "time-jobs-wait-p95" => of(|jobs| jobs.all.wait_s.p95),
        "slowdown-mean" => of(|jobs| jobs.all.slowdown.mean),
        "slowdown-p95" => of(|jobs| jobs.all.slowdown.p95),
        "fairness" => of(|jobs| jobs.fairness),
        "offers-held" => of(|jobs| jobs.offers.as_ref().map_or(0.0, |offers| offers.held)),
        _ => return None,
    })
}

/// How long jobs waited.
pub(super) fn sentence(jobs: &JobsReport) -> Option<String> {
    let JobShare { submitted, started, wait_s, slowdown, .. } = &jobs.all;
    if *submitted == 0 {
        return None;
    }
    if *started == 0 {
        return Some(format!("none of {} started", words::plural(*submitted, "job")));
    }
    let waits = match wait_s.max {
        0.0 => "no job waited".to_owned(),
        _ => format!(
            "jobs wait {} on average, half of them {}, 95% {}",
            words::duration(wait_s.mean),
            at_most(wait_s.p50),
            at_most(wait_s.p95)
        ),
    };
    let slower = match slowdown.mean {
        mean if mean >= 1.05 => {
            format!(", and take {} times as long as they run", words::amount(mean))
        }
        _ => String::new(),
    };
    let still = match jobs.waiting {
        0 => String::new(),
        waiting => format!("; {} still waiting at the end", words::plural(waiting, "job")),
    };
    let held = match jobs.offers.as_ref().map(|offers| offers.held) {
        Some(held) if held > 0.0 => {
            format!("; {} of the hosts are held back in offers and not used", words::percent(held))
        }
        _ => String::new(),
    };
    let back = match jobs.all.preempted {
        0 => String::new(),
        1 => "; once a job ended so that another tenant got what it is guaranteed".to_owned(),
        often => format!(
            "; {} times a job ended so that another tenant got what it is guaranteed",
            words::count(often)
        ),
    };
    Some(format!("{waits}{slower}{held}{back}{still}"))
}

fn at_most(seconds: f64) -> String {
    match seconds {
        0.0 => "not at all".to_owned(),
        _ => format!("at most {}", words::duration(seconds)),
    }
}
