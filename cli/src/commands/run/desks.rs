//! What the answer says of desks: where the time went, and how busy operators were.

use fleetcast_core::report::boots::BootsReport;
use fleetcast_core::report::{DeskReport, Report, StagesReport};
use fleetcast_core::words;

/// Of how many causes of failed boots is told one by one.
const BLAMED_SHOWN: usize = 3;

/// A stage in words.
pub(crate) fn stage_words(stage: &str) -> &str {
    match stage {
        "approval" => "approval",
        "queue" => "waiting for an operator",
        "hands-on" => "operators at work",
        "off-hours" => "out of working hours",
        "room" => "waiting for room",
        "pull" => "fetching images",
        "retries" => "boots that failed",
        "boot" => "booting",
        other => other,
    }
}

/// How many demands have a row of their own.
const DEMANDS_MAX: usize = 6;

/// Rows of the key figures: what it is called, and what it is.
pub(super) fn rows(report: &Report) -> Vec<(String, String)> {
    let Some(desks) = &report.provisioning else { return Vec::new() };
    let mut rows = vec![("Where it went".to_owned(), stages(&desks.all))];
    let mixes = desks.demands.len() > 1;
    let ours = desks.demands.iter().filter(|demand| mixes && demand.requests > 0);
    for demand in ours.clone().take(DEMANDS_MAX) {
        let ready = &demand.time_to_ready_s;
        let times = format!(
            "ready in {} median, {} p95: {}",
            words::duration(ready.p50),
            words::duration(ready.p95),
            stages(demand)
        );
        rows.push((format!("… of {}", demand.name), times));
    }
    let more = ours.count().saturating_sub(DEMANDS_MAX);
    if more > 0 {
        let text = format!("of {}: see `--json`", words::plural(more as u64, "more demand"));
        rows.push(("…".to_owned(), text));
    }
    let at_desks = &desks.all.at_desks_s;
    if at_desks.max > 0.0 {
        let [p50, mean, p95] = [at_desks.p50, at_desks.mean, at_desks.p95].map(working);
        let text = format!("{p50} median, {mean} on average, {p95} p95, of working time");
        rows.push(("At desks".to_owned(), text));
    }
    if let Some(pulls) = &desks.pulls {
        let took = &pulls.took_s;
        let text = match pulls.vms {
            0 => "no host had to fetch one".to_owned(),
            vms => format!(
                "{} waited for theirs, {} median, {} p95, {} at most; {} GiB fetched",
                words::plural(vms, "VM"),
                words::duration(took.p50),
                words::duration(took.p95),
                words::duration(took.max),
                words::amount(pulls.fetched_gib)
            ),
        };
        rows.push(("Images".to_owned(), text));
    }
    if let Some(boots) = &desks.boots {
        rows.push(("Boots".to_owned(), boot_words(boots)));
    }
    rows.extend(desks.desks.iter().map(|desk| (format!("Desk {}", desk.name), words_of(desk))));
    rows
}

/// How many tries failed, for want of what, and what came of it.
fn boot_words(boots: &BootsReport) -> String {
    if boots.failed == 0 {
        return match boots.tries {
            0 => "nobody had to boot".to_owned(),
            tries => format!("{}, all succeeded", words::plural(tries, "attempt")),
        };
    }
    let of = |by: &fleetcast_core::report::boots::BlamedReport| match &by.dependency {
        Some(name) => format!("{} without {name}", words::count(by.failed)),
        None if by.failed == 1 => "1 by itself".to_owned(),
        None => format!("{} by themselves", words::count(by.failed)),
    };
    let by: Vec<String> = boots.by.iter().take(BLAMED_SHOWN).map(of).collect();
    let more = match boots.by.len().saturating_sub(BLAMED_SHOWN) {
        0 => String::new(),
        more => format!(", {more} more causes"),
    };
    let share = words::percent(boots.failed as f64 / boots.tries as f64);
    let given_up = match boots.given_up {
        0 => "none given up".to_owned(),
        boots => format!("{} given up", words::count(boots)),
    };
    let worst = boots.worst.as_ref().map_or(String::new(), |worst| {
        format!(
            "; {} in one outage of {}, {}",
            words::plural(worst.boots, "VM"),
            worst.dependency,
            worst.at.date.replace('T', " ")
        )
    });
    let tries = words::plural(boots.tries, "attempt");
    format!(
        "{} of {tries} failed ({share}): {}{more}; {given_up}{worst}",
        words::count(boots.failed),
        by.join(", ")
    )
}

/// What must be said of times where a queue grows without end.
pub(super) fn reserve(report: &Report) -> &'static str {
    let mut desks = report.provisioning.iter().flat_map(|all| &all.desks);
    match desks.any(|desk| desk.grows_per_day.is_some()) {
        true => ", of those that were placed: the longer the run, the longer",
        false => "",
    }
}

/// Working time, which is not counted in days of 24 h.
fn working(seconds: f64) -> String {
    if seconds < 7_200.0 {
        return words::duration(seconds);
    }
    format!("{} h", words::amount(seconds / 3_600.0))
}

/// Where the time went, most first; what took none is left out.
fn stages(of: &StagesReport) -> String {
    let mut stages: Vec<_> = of.stages.iter().filter(|stage| stage.share > 0.0).collect();
    stages.sort_by(|a, b| b.share.total_cmp(&a.share));
    let said = stages.into_iter().map(|stage| {
        let (share, mean) = (words::percent(stage.share), words::duration(stage.mean_s));
        format!("{share} {} ({mean} on average)", stage_words(&stage.stage))
    });
    let said = said.collect::<Vec<_>>().join(", ");
    if said.is_empty() { "no time at all".to_owned() } else { said }
}

fn words_of(desk: &DeskReport) -> String {
    let who = match (desk.operators, desk.utilisation) {
        (Some(operators), Some(busy)) => {
            let operators = words::plural(operators.into(), "operator");
            format!("{operators}, busy {} of their time", words::percent(busy))
        }
        _ => "as many operators as tickets".to_owned(),
    };
    let tickets = format!("{} done", words::plural(desk.done, "ticket"));
    let backlog = format!(
        "{} in the queue at the end, {} at most",
        words::count(desk.backlog),
        words::count(desk.peak_backlog)
    );
    let grows = match desk.grows_per_day {
        None => String::new(),
        Some(grows) => format!(
            "; it grows by {} a working day, {} of what operators can do comes in",
            words::amount(grows),
            words::percent(desk.load.unwrap_or(0.0))
        ),
    };
    format!("{who}; {tickets}; {backlog}{grows}")
}
