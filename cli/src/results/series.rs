//! `series.csv`: the run over time, one row a stretch of time.

use fleetcast_core::report::Series;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::time::Time;
use std::io::{self, Write};

/// One column of the table, in the order of the file.
#[derive(Debug)]
pub(crate) struct Column<'a> {
    /// `memory_used_mean`.
    pub name: String,
    /// Its values.
    pub values: Values<'a>,
}

/// What a column holds.
#[derive(Debug)]
pub(crate) enum Values<'a> {
    /// Averages.
    Mean(&'a [f64]),
    /// Extremes and counts.
    Whole(&'a [i64]),
}

/// The series' columns: three for a level, one for a count.
pub(crate) fn columns(series: &Series) -> Vec<Column<'_>> {
    let mut columns = Vec::new();
    for column in &series.columns {
        let mut add = |suffix: &str, values| {
            columns.push(Column { name: format!("{}{suffix}", column.name), values });
        };
        if column.is_count {
            add("", Values::Whole(&column.max));
        } else {
            add("_mean", Values::Mean(&column.mean));
            add("_min", Values::Whole(&column.min));
            add("_max", Values::Whole(&column.max));
        }
    }
    columns
}

/// When each row begins.
pub(crate) fn times(series: &Series) -> impl Iterator<Item = Time> + use<> {
    let rows = series.columns.first().map_or(0, |column| column.mean.len());
    let step_ms = series.step_ms;
    (0..rows as u64).map(move |row| Time::from_ms(row * step_ms))
}

/// Writes the table.
pub(crate) fn write(series: &Series, scenario: &Scenario, out: &mut dyn Write) -> io::Result<()> {
    let columns = columns(series);
    let mut csv = csv::Writer::from_writer(out);
    let names = columns.iter().map(|column| column.name.as_str());
    csv.write_record(["time_s", "date"].into_iter().chain(names))?;
    for (row, time) in times(series).enumerate() {
        csv.write_field(fleetcast_core::words::seconds(time.ms()))?;
        csv.write_field(scenario.calendar.at(time).to_string())?;
        for column in &columns {
            match column.values {
                Values::Mean(values) => csv.write_field(values[row].to_string())?,
                Values::Whole(values) => csv.write_field(values[row].to_string())?,
            }
        }
        csv.write_record(None::<&[u8]>)?;
    }
    csv.flush()
}
