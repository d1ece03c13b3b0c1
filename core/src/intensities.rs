//! The carbon of a kWh over time from a CSV file: one row a step, such as an hour.

use std::io::Read;

use jiff::civil::DateTime;

use crate::columns::{Cell, Header, Numbers};
use crate::decimal::{Measure, Round};
use crate::grid::MG_MAX;
use crate::problem::Problems;
use crate::table::{Part, Table, report, shown, without_errors};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS};

/// The most rows of one file: over a century of hours.
const ROWS_MAX: u64 = 1_000_000;

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intensities {
    /// When its first row begins.
    pub first: DateTime,
    /// How long each row lasts, ms; 1 min to 1 day.
    pub step_ms: u64,
    /// Carbon of a kWh, mg, by row. Never empty.
    pub mg: Vec<u32>,
}

/// Reads the column `time` and one of g of CO2e a kWh, and adds all that is wrong to `problems`.
/// `None` if there is an error in it.
pub fn read_intensities(
    file: &str,
    column: &str,
    reader: Box<dyn Read>,
    problems: &mut Problems,
) -> Option<Intensities> {
    without_errors(problems, |problems| {
        let mut table = Table::open(file, reader, ROWS_MAX)
            .map_err(|problem| report(problems, || problem))
            .ok()?;
        let mut header = Header::new(&table, problems);
        let (time, value) =
            (header.one("time", &table, problems), header.one(column, &table, problems));
        for (name, found) in [("time", time), (column, value)] {
            if found.is_none() {
                let message = format!("there is no column `{name}`");
                let hint = "a row is a time, such as `2024-01-01T00:00:00`, and g of CO2e a kWh";
                header.missing(&[name], &message, hint, &table, problems);
            }
        }
        let (time, value) = (time?, grams(value?));
        if problems.has_errors() {
            return None;
        }
        let mut rows = Rows::default();
        while let Some(row) = table.next_row() {
            if let Err(problem) = row {
                report(problems, || problem);
                continue;
            }
            rows.add(&table, (time, &value), problems);
        }
        let Some(first) = rows.first else {
            let hint = "below the names of the columns comes one row an hour";
            report(problems, || table.problem_of_file("there are no rows", Some(hint)));
            return None;
        };
        Some(Intensities { first, step_ms: rows.step_ms.unwrap_or(HOUR_MS), mg: rows.mg })
    })
}

fn grams(column: usize) -> Numbers {
    Numbers {
        column,
        measure: Measure { per_one: 1_000, round: Round::Half, units_max: MG_MAX.into() },
        hint: "g of CO2e a kWh, such as `412` or `85.5`, at most 10,000",
    }
}

/// The rows so far.
#[derive(Default)]
struct Rows {
    first: Option<DateTime>,
    last: Option<DateTime>,
    step_ms: Option<u64>,
    mg: Vec<u32>,
}

impl Rows {
    /// The record at hand: one step after the last.
    fn add(&mut self, table: &Table, (time, value): (usize, &Numbers), problems: &mut Problems) {
        let mut wrong = |message: String, hint: &str| {
            report(problems, || table.problem(Part::Field(time), message, hint));
        };
        let text = shown(table.field(time));
        let Some(at) = date(&text) else {
            let hint = "write it like `2024-01-01T00:00:00`, in the scenario's own time";
            return wrong(format!("`{text}` is not a date and time"), hint);
        };
        if let Some(last) = self.last.replace(at) {
            let ms = at.duration_since(last).as_millis();
            let step_ms = u64::try_from(ms).unwrap_or(0);
            let hint = "each row comes as long after the one before, 1 min to 1 day";
            if !(MINUTE_MS..=DAY_MS).contains(&step_ms) {
                return wrong(format!("`{text}` does not follow upon the row before"), hint);
            }
            if step_ms != *self.step_ms.get_or_insert(step_ms) {
                return wrong(format!("rows are missing before `{text}`, or it is one more"), hint);
            }
        }
        self.first.get_or_insert(at);
        match value.read(table, problems) {
            Cell::Value(mg) => self.mg.push(u32::try_from(mg).unwrap_or(MG_MAX)),
            Cell::Blank => {
                let part = Part::Field(value.column);
                report(problems, || table.problem(part, "this value is blank", value.hint));
            }
            Cell::Bad => {}
        }
    }
}

/// A date and time; a `Z` behind it says no more than that it is the time of one place.
fn date(text: &str) -> Option<DateTime> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let is_date = text.starts_with(|c: char| c.is_ascii_digit());
    text.parse().ok().filter(|_| is_date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::testing::{reader, short};

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut problems = Problems::default();
        let read = read_intensities("c.csv", "g_per_kwh", reader(text.as_bytes()), &mut problems);
        let told = |read: Intensities| format!("{} {} {:?}", read.first, read.step_ms, read.mg);
        assert_eq!(read.map_or_else(|| short(&problems), told), expected);
    }

    #[test]
    fn rows_are_steps_of_equal_length() {
        check(
            "time,g_per_kwh\n2024-01-01T00:00:00Z,412\n2024-01-01T00:30:00Z,85.5\n",
            "2024-01-01T00:00:00 1800000 [412000, 85500]",
        );
        check("time,g_per_kwh\n2024-01-01 07:00,1\n", "2024-01-01T07:00:00 3600000 [1000]");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        check(
            "time,g_per_kwh\nnoon,1\n2024-01-01T00:00:00,\n2024-01-01T01:00:00,-1\n\
             2024-01-01T03:00:00,1\n2024-01-01T03:00:00,99999\n",
            "2:1+4 `noon` is not a date and time (write it like `2024-01-01T00:00:00`, in the scenario's own time)\n\
             3:21+1 this value is blank (g of CO2e a kWh, such as `412` or `85.5`, at most 10,000)\n\
             4:21+2 `-1` is below 0 (g of CO2e a kWh, such as `412` or `85.5`, at most 10,000)\n\
             5:1+19 rows are missing before `2024-01-01T03:00:00`, or it is one more (each row comes as long after the one before, 1 min to 1 day)\n\
             6:1+19 `2024-01-01T03:00:00` does not follow upon the row before (each row comes as long after the one before, 1 min to 1 day)",
        );
        check(
            "time,g\n",
            "1:1+1 there is no column `g_per_kwh` (a row is a time, such as `2024-01-01T00:00:00`, and g of CO2e a kWh)",
        );
        check(
            "time,g_per_kwh\n",
            "0:0+1 there are no rows (below the names of the columns comes one row an hour)",
        );
    }
}
