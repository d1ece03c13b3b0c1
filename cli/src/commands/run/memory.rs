//! What the answer says of memory: who was killed for want of it, and what was asked for in vain.

use fleetcast_core::report::Report;
use fleetcast_core::report::memory::MemoryShare;
use fleetcast_core::words;

/// How many demands have a row of their own.
const ROWS_MAX: usize = 8;

/// Rows of the key figures: what it is called, and what it is.
pub(super) fn rows(report: &Report) -> Vec<(String, String)> {
    let Some(memory) = &report.memory else { return Vec::new() };
    if let [one] = &memory.demands[..] {
        return vec![("Memory use".to_owned(), figures(one))];
    }
    let mut demands: Vec<&MemoryShare> = memory.demands.iter().collect();
    demands.sort_by_key(|one| std::cmp::Reverse(one.kills));
    let named = |one: &MemoryShare| {
        ("Memory use".to_owned(), format!("{}: {}", one.name, figures(one))) //
    };
    demands.into_iter().take(ROWS_MAX).map(named).collect()
}

fn figures(one: &MemoryShare) -> String {
    let waste = match one.waste {
        waste if waste > 0.0 => {
            format!("{} of what they ask for is not needed", words::percent(waste))
        }
        _ => "all they ask for is needed".to_owned(),
    };
    let vms = words::plural(one.vms, "VM");
    if one.kills == 0 {
        return format!("{vms}, none killed; {waste}");
    }
    let share = words::percent_of(one.killed_vms, one.vms);
    let (killed, times) = (words::count(one.killed_vms), words::plural(one.kills, "time"));
    let looping = match one.looping {
        0 => String::new(),
        looping => format!(", {} three times or more", words::count(looping)),
    };
    let given_up = match one.given_up {
        0 => String::new(),
        given_up => format!(", {} given up", words::count(given_up)),
    };
    let down = words::duration(one.vm_minutes_lost * 60.0);
    format!(
        "{killed} of {vms} killed ({share}), {times} in all{looping}{given_up}; down for {down} together; \
         {waste}"
    )
}
