//! New images for hosts, in words: a row of the key figures, a table, and what kept them.

use comfy_table::Table;
use fleetcast_core::report::Report;
use fleetcast_core::report::host_rollouts::{HostRolloutReport, HostRolloutsReport};
use fleetcast_core::words;

/// How many are shown.
const SHOWN: usize = 8;

/// The row of the key figures; `None` where there are none.
pub(super) fn figure(report: &Report) -> Option<String> {
    let HostRolloutsReport { rollouts, complete, hosts_done, .. } =
        *report.host_rollouts.as_ref()?;
    let all = report.host_rollouts.as_ref()?;
    if rollouts == 0 {
        return Some("none began".to_owned());
    }
    let mut said = format!(
        "{} of {} complete; {} got an image, {} out at most; the longest took {}",
        words::count(complete),
        words::count(rollouts),
        words::plural(hosts_done, "host"),
        words::count(all.peak_hosts_out),
        words::duration(all.longest_s)
    );
    if all.stalled_s > 0.0 {
        said += &format!(", {} standing still", words::duration(all.stalled_s));
    }
    Some(said)
}

/// What the columns are called; `#` marks numbers.
pub(crate) const HEADINGS: [&str; 8] = [
    "Host rollout",
    "Image",
    "Begun",
    "Outcome",
    "Took#",
    "Hosts done#",
    "Lowest capacity#",
    "VMs moved, evicted#",
];

/// A row of the table.
pub(crate) fn row(rollout: &HostRolloutReport) -> Vec<String> {
    let left_out = match rollout.hosts_left_out {
        0 => String::new(),
        some => format!(", {} left out", words::count(some.into())),
    };
    vec![
        rollout.name.clone(),
        rollout.image.clone(),
        rollout.at.date.replace('T', " "),
        rollout.outcome.clone(),
        words::duration(rollout.duration_s),
        format!(
            "{} of {}{left_out}",
            words::count(rollout.hosts_done.into()),
            words::count(rollout.hosts.into())
        ),
        words::percent(rollout.lowest_capacity),
        format!("{}, {}", words::count(rollout.vms_moved), words::count(rollout.vms_evicted)),
    ]
}

/// What is to be said of one beyond its figures: what kept it, and what it cost VMs.
pub(crate) fn why(rollout: &HostRolloutReport) -> Option<String> {
    let mut parts = Vec::new();
    if rollout.stalls > 0 {
        let times = words::plural(rollout.stalls, "time");
        let longest = rollout.stalled.iter().max_by(|a, b| a.lasted_s.total_cmp(&b.lasted_s));
        let long = words::duration(rollout.stalled_s);
        let what = longest.map_or(String::new(), |stall| format!(": {}", stall.sentence()));
        parts.push(format!("stood still {times}, {long} in all{what}"));
    }
    parts.extend(rollout.waits.iter().map(|wait| {
        let what = match wait.what.as_str() {
            "soak" => "between batches",
            "limit" => "since with those down too many hosts would have been out",
            _ => "for hosts that were down",
        };
        format!("waited {} {what}", words::duration(wait.s))
    }));
    if rollout.pauses_s > 0.0 {
        let pauses = words::duration(rollout.pauses_s);
        parts.push(format!("VMs stood still for {pauses} in all while they moved"));
    }
    if rollout.vms_evicted > 0 {
        let down = words::duration(rollout.evicted_s);
        let lost = match rollout.vms_lost {
            0 => String::new(),
            lost => format!(", {} of them for good", words::count(lost)),
        };
        let times = words::plural(rollout.vms_evicted, "VM");
        parts.push(format!("{times} evicted{lost}, {down} until they were ready again in all"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The table and what is to be said, as lines.
pub(super) fn lines(report: &Report) -> Vec<String> {
    let Some(all) = report.host_rollouts.as_ref().filter(|all| !all.list.is_empty()) else {
        return Vec::new();
    };
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(HEADINGS.map(|heading| heading.trim_end_matches('#')));
    for rollout in all.list.iter().take(SHOWN) {
        table.add_row(row(rollout));
    }
    let trimmed = |row: String| {
        let row = row.trim_end();
        row.strip_prefix(' ').unwrap_or(row).to_owned()
    };
    let mut lines: Vec<String> = vec![String::new()];
    lines.extend(table.lines().map(trimmed));
    for rollout in all.list.iter().take(SHOWN) {
        if let Some(why) = why(rollout) {
            let said = format!("{}: {why}.", words::capitalised(&rollout.name));
            lines.extend(words::wrap(&said, 80));
        }
    }
    if let Some(more @ 1..) = (all.rollouts as usize).checked_sub(SHOWN) {
        let more = words::plural(more as u64, "more host rollout");
        lines.push(format!("… and {more} (`--json` or `--out` has the details)"));
    }
    lines
}
