//! `--at`: a time of the run.

use crate::end::End;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::time::Time;
use fleetcast_core::units;

/// A time from the start to the end of the run.
pub(super) fn of_run(typed: &str, scenario: &Scenario) -> Result<Time, End> {
    let at = time(typed, scenario)?;
    let is_late = at > end(scenario);
    if is_late { Err(too_late(typed, "after", scenario)) } else { Ok(at) }
}

/// A time of the run with something still to come.
pub(super) fn before_end(typed: &str, scenario: &Scenario) -> Result<Time, End> {
    let at = time(typed, scenario)?;
    let is_late = at >= end(scenario);
    if is_late { Err(too_late(typed, "not before", scenario)) } else { Ok(at) }
}

fn time(typed: &str, scenario: &Scenario) -> Result<Time, End> {
    let ms = units::parse_time(typed, &scenario.calendar).map_err(|mistake| {
        let hint = mistake.hint.unwrap_or_else(|| "`--at` is a time of the run".to_owned());
        End::input(mistake.what, hint)
    })?;
    Ok(Time::from_ms(ms))
}

fn end(scenario: &Scenario) -> Time {
    Time::from_ms(scenario.duration_ms)
}

fn too_late(typed: &str, is_where: &str, scenario: &Scenario) -> End {
    let end = scenario.calendar.at(end(scenario)).to_string().replace('T', " ");
    let message = format!("`{}` is {is_where} the end of the run", units::shorten(typed));
    End::input(message, format!("the run ends on {end}"))
}
