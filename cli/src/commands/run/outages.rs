//! What failed in a run and what that cost, in words: rows of the answer and of the page.

use super::answer::reasons;
use fleetcast_core::report::FailuresReport;
use fleetcast_core::words;

/// What the rows are called, and what they say.
pub(super) fn rows(failures: &FailuresReport) -> Vec<(&'static str, String)> {
    let mut rows = vec![("Failures", hosts(failures))];
    if failures.vms_down > 0 {
        rows.push(("VMs down", vms(failures)));
        rows.push(("Lost time", time(failures)));
    }
    if let Some(reasons) = reasons(&failures.stuck_by) {
        rows.push(("Down for long", format!("{reasons}; they waited for room")));
    }
    rows
}

fn hosts(failures: &FailuresReport) -> String {
    if failures.hosts_failed == 0 {
        return "no host failed".to_owned();
    }
    let words = |cause: &str| match cause {
        "own" => "by themselves",
        "burst" => "in a burst",
        "rack" => "with their rack",
        "zone" => "with their zone",
        _ => "as listed",
    };
    let causes = failures.by_cause.iter();
    let causes = causes.map(|(cause, count)| format!("{} {}", words::count(*count), words(cause)));
    let causes = causes.collect::<Vec<_>>().join(", ");
    let replaced = match failures.replaced {
        0 => String::new(),
        replaced => format!(", {} replaced", words::plural(replaced, "host")),
    };
    format!(
        "{} ({causes}); {} down at most, {} on average{replaced}",
        words::plural(failures.hosts_failed, "host failure"),
        words::plural(failures.peak_hosts_down, "host"),
        words::amount(failures.mean_hosts_down),
    )
}

fn vms(failures: &FailuresReport) -> String {
    let parts = [
        (failures.evacuated, "came up elsewhere"),
        (failures.restarted, "where they were"),
        (failures.lost, "were lost"),
        (failures.over, "were over before"),
        (failures.still_down, "still down at the end"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts = parts.map(|(count, what)| format!("{} {what}", words::count(*count)));
    let parts = parts.collect::<Vec<_>>().join(", ");
    format!("{} times: {parts}", words::count(failures.vms_down))
}

fn time(failures: &FailuresReport) -> String {
    let outage = &failures.outage_s;
    let mut text = format!(
        "{} VM-minutes; an outage took {} (median), {} (p95), {} at most",
        words::amount(failures.vm_minutes_lost),
        words::duration(outage.p50),
        words::duration(outage.p95),
        words::duration(outage.max),
    );
    let mut tenants: Vec<_> = failures.vm_minutes_lost_by_tenant.iter().collect();
    tenants.sort_by(|a, b| b.1.total_cmp(a.1));
    if let (Some((name, minutes)), true) = (tenants.first(), tenants.len() > 1) {
        text += &format!("; most of them of {name}, {}", words::amount(**minutes));
    }
    text
}
