//! What a report says of desks, and of where the time went.

use super::{boots, level, moment, percentiles, seconds};
use crate::fact::Stage;
use crate::observe::Summary;
use crate::observe::desks::{DeskAccount, StageAccount};
use crate::report::{DeskReport, Provisioning, PullsReport, Report, StageReport, StagesReport};
use crate::scenario::{Desk, Scenario};
use crate::words;

/// `None` where nobody tells where the time goes.
pub(super) fn report(scenario: &Scenario, summary: &Summary) -> Option<Provisioning> {
    let account = summary.provisioning.as_ref()?;
    let desks = scenario.desks.iter().zip(&account.desks);
    let demands = scenario.demands.iter().zip(&account.by_demand);
    Some(Provisioning {
        at_desks: account.at_desks,
        pulls: scenario.distribution.map(|_| PullsReport {
            vms: account.pulls.started,
            fetched_gib: account.pulls.mib as f64 / 1_024.0,
            took_s: percentiles(&account.pulls.took),
        }),
        boots: boots::report(scenario, summary),
        desks: desks.map(|(desk, account)| of_desk(scenario, summary, desk, account)).collect(),
        all: of_stages("all", &account.total),
        demands: demands.map(|(demand, account)| of_stages(&demand.name, account)).collect(),
    })
}

fn of_desk(
    scenario: &Scenario,
    summary: &Summary,
    desk: &Desk,
    account: &DeskAccount,
) -> DeskReport {
    let now = summary.now;
    let grows_per_day = account.growth_per_day(now);
    let queued_s = percentiles(&account.queued);
    DeskReport {
        name: desk.name.clone(),
        operators: desk.operators,
        tickets: account.tickets,
        done: account.done,
        backlog: level(account.backlog.value),
        peak_backlog: level(account.backlog.peak),
        mean_backlog: account.backlog.mean(now),
        utilisation: account.utilisation(now),
        load: account.load(now),
        grows_per_day,
        never_empty_since: account.backlog_since.map(|since| moment(scenario, since)),
        queued_s: grows_per_day.is_none().then_some(queued_s),
    }
}

fn of_stages(name: &str, account: &StageAccount) -> StagesReport {
    let all_ms = account.ready.mean_ms();
    let stage = |(stage, of): (&Stage, &crate::observe::Durations)| StageReport {
        stage: stage.name().to_owned(),
        share: if all_ms > 0.0 { of.mean_ms() / all_ms } else { 0.0 },
        mean_s: of.mean_ms() / 1e3,
        p50_s: seconds(of.at(0.5)),
        p95_s: seconds(of.at(0.95)),
    };
    StagesReport {
        name: name.to_owned(),
        requests: account.requests,
        time_to_ready_s: percentiles(&account.ready),
        at_desks_s: percentiles(&account.at_desks),
        stages: Stage::ALL.iter().zip(&account.stages).map(stage).collect(),
    }
}

/// The figure of desks that an expectation names; 0 where there are none, `None` if it is none.
pub(super) fn metric_value(metric: &str, report: &Report) -> Option<f64> {
    let desks = report.provisioning.as_ref();
    let of_desks = |figure: fn(&DeskReport) -> f64| {
        desks.iter().flat_map(|all| &all.desks).map(figure).collect::<Vec<_>>()
    };
    let at_desks = desks.map(|desks| desks.all.at_desks_s.clone()).unwrap_or_default();
    Some(match metric {
        "time-at-desks-p50" => at_desks.p50,
        "time-at-desks-p95" => at_desks.p95,
        "time-at-desks-mean" => at_desks.mean,
        "backlog" => of_desks(|desk| desk.backlog as f64).iter().sum(),
        "peak-backlog" => of_desks(|desk| desk.peak_backlog as f64).into_iter().fold(0.0, f64::max),
        "boots-failed" | "boots-given-up" => {
            let boots = desks.and_then(|desks| desks.boots.as_ref());
            boots.map_or(0.0, |boots| match metric {
                "boots-failed" => boots.failed as f64,
                _ => boots.given_up as f64,
            })
        }
        "backlog-growth" => of_desks(|desk| desk.grows_per_day.unwrap_or(0.0)).iter().sum(),
        _ => return None,
    })
}

/// The desks that do not keep up, or how long it takes until requests are ready.
pub(super) fn sentence(desks: &Provisioning) -> Option<String> {
    let growing = desks.desks.iter().filter_map(|desk| {
        let growth = words::amount(desk.grows_per_day?);
        let since = match &desk.never_empty_since {
            Some(since) => format!(", never empty since {}", words::day(&since.date)),
            None => String::new(),
        };
        Some(format!(
            "the desk {} does not keep up: its queue grows by {growth} tickets a working day, and \
             is {} long at the end{since}",
            desk.name,
            words::count(desk.backlog)
        ))
    });
    let growing: Vec<String> = growing.collect();
    if !growing.is_empty() {
        return Some(growing.join("; "));
    }
    let is_alone = desks.demands.len() == 1;
    let through = desks.demands.iter().filter(|demand| demand.at_desks_s.max > 0.0);
    let said = through.map(|demand| {
        let ready = &demand.time_to_ready_s;
        let (half, most) = (words::duration(ready.p50), words::duration(ready.p95));
        let whose = if is_alone { "the requests" } else { &demand.name };
        format!("half of {whose} are ready within {half}, 95% within {most}")
    });
    let said = said.collect::<Vec<_>>().join("; ");
    (!said.is_empty()).then_some(said)
}
