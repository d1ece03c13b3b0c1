//! What a report says of memory that VMs need.

use crate::observe::Summary;
use crate::observe::memory::Account;
use crate::report::Report;
use crate::report::memory::{MemoryReport, MemoryShare};
use crate::scenario::Scenario;
use crate::time::{HOUR_MS, MINUTE_MS, Time};
use crate::words;

/// `None` where nobody says what VMs need.
pub(super) fn report(scenario: &Scenario, summary: &Summary) -> Option<MemoryReport> {
    let memory = summary.memory.as_ref()?;
    let named = scenario.demands.iter().zip(&memory.by_demand);
    let had_vms = named.filter(|(_, account)| account.vms > 0);
    let demands: Vec<MemoryShare> =
        had_vms.map(|(demand, account)| share(&demand.name, account, summary.now)).collect();
    let sum = |of: fn(&MemoryShare) -> u64| demands.iter().map(of).sum();
    let add = |of: fn(&MemoryShare) -> f64| demands.iter().map(of).sum::<f64>();
    let (asked_mib_hours, unused_mib_hours) =
        (add(|one| one.asked_mib_hours), add(|one| one.unused_mib_hours));
    let all = MemoryShare {
        name: "all".to_owned(),
        vms: sum(|one| one.vms),
        killed_vms: sum(|one| one.killed_vms),
        looping: sum(|one| one.looping),
        kills: sum(|one| one.kills),
        restarts: sum(|one| one.restarts),
        given_up: sum(|one| one.given_up),
        vm_minutes_lost: add(|one| one.vm_minutes_lost),
        asked_mib_hours,
        unused_mib_hours,
        waste: of_all(unused_mib_hours, asked_mib_hours),
    };
    Some(MemoryReport { all, demands })
}

fn share(name: &str, account: &Account, now: Time) -> MemoryShare {
    let hours = |area: i128| area as f64 / HOUR_MS as f64;
    let asked_mib_hours = hours(account.asked_mib.area(now));
    let unused_mib_hours = hours(account.unused_mib.area(now));
    MemoryShare {
        name: name.to_owned(),
        vms: account.vms,
        killed_vms: account.killed_vms,
        looping: account.looping,
        kills: account.kills,
        restarts: account.restarts,
        given_up: account.given_up,
        vm_minutes_lost: account.down_ms as f64 / MINUTE_MS as f64,
        asked_mib_hours,
        unused_mib_hours,
        waste: of_all(unused_mib_hours, asked_mib_hours),
    }
}

fn of_all(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// The figure of memory that an expectation names; 0 where nobody says what VMs need, `None` if it is
/// none.
pub(super) fn metric_value(metric: &str, report: &Report) -> Option<f64> {
    let memory = report.memory.as_ref();
    let of = |figure: fn(&MemoryShare) -> f64| memory.map_or(0.0, |memory| figure(&memory.all));
    Some(match metric {
        "memory-kills" => of(|all| all.kills as f64),
        "vms-memory-killed" => of(|all| all.killed_vms as f64),
        "vms-memory-looping" => of(|all| all.looping as f64),
        "memory-minutes-lost" => of(|all| all.vm_minutes_lost),
        "memory-wasted" => of(|all| all.unused_mib_hours),
        _ => return None,
    })
}

/// Makes what is said of one demand what is said of all.
pub(super) fn narrow(report: &mut MemoryReport, demand: &str) {
    let found = report.demands.iter().find(|one| one.name == demand);
    report.all = found.cloned().unwrap_or_default();
}

/// The whole that a figure of memory is a part of.
pub(super) fn whole(of: &str, report: &Report) -> Option<f64> {
    let all = report.memory.as_ref().map(|memory| &memory.all);
    match of {
        "VMs that say what they need" => Some(all.map_or(0.0, |all| all.vms as f64)),
        "memory asked for" => Some(all.map_or(0.0, |all| all.asked_mib_hours)),
        _ => None,
    }
}

/// Who was killed, and what was asked for in vain.
pub(super) fn sentence(report: &Report) -> Option<String> {
    let MemoryReport { all, demands } = report.memory.as_ref()?;
    if all.vms == 0 {
        return None;
    }
    let waste = match all.waste {
        waste if waste > 0.0 => {
            format!("{} of the memory asked for is not needed", words::percent(waste))
        }
        _ => String::new(),
    };
    if all.kills == 0 {
        return (!waste.is_empty()).then_some(waste);
    }
    let share = words::percent_of(all.killed_vms, all.vms);
    let (killed, vms) = (words::count(all.killed_vms), words::plural(all.vms, "VM"));
    let times = words::count(all.kills);
    let down = words::duration(all.vm_minutes_lost * 60.0);
    let worst = demands.iter().max_by_key(|one| one.killed_vms).filter(|_| demands.len() > 1);
    let mostly = worst.map_or(String::new(), |one| format!(", most of them of `{}`", one.name));
    let rest = if waste.is_empty() { waste } else { format!("; {waste}") };
    Some(format!(
        "{killed} of {vms} ({share}) were killed for want of memory{mostly}, {times} times in all, and \
         were down for {down} together{rest}"
    ))
}
