//! A row of the results: what a run changed, and what came of it.

use super::design::Design;
use crate::end::End;
use crate::runs;
use crate::scenario::{Source, change};
use fleetcast_core::problem::Severity;
use fleetcast_core::report::{METRICS, Report};
use fleetcast_core::verdict;

/// The columns that every sweep has, in this order; behind `seed` stand the keys that vary, and
/// behind `fingerprint` the key figures.
pub(super) const FIXED: [&str; 6] = ["run", "seed", "held", "fingerprint", "verdict", "problem"];

/// What is in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// Text.
    Text,
    /// Yes or no.
    Truth,
}

/// A column of the table.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub kind: Kind,
    /// Whether a run that could not be leaves it empty.
    pub is_optional: bool,
}

/// The columns of a design.
pub(super) fn columns(design: &Design) -> Vec<Column> {
    let column =
        |name: &str, kind, is_optional| Column { name: name.to_owned(), kind, is_optional };
    let mut columns = vec![column("run", Kind::Whole, false), column("seed", Kind::Whole, false)];
    columns.extend(design.vary.iter().map(|factor| {
        let kind = if factor.is_number() { Kind::Number } else { Kind::Text };
        column(&factor.key, kind, false)
    }));
    columns.push(column("held", Kind::Truth, true));
    columns.push(column("fingerprint", Kind::Text, true));
    columns.extend(design.metrics.iter().map(|name| column(name, Kind::Number, true)));
    columns.push(column("verdict", Kind::Text, true));
    columns.push(column("problem", Kind::Text, true));
    columns
}

/// The key figures of a row.
pub(super) fn metrics() -> Vec<String> {
    METRICS.iter().map(|metric| metric.name.to_owned()).collect()
}

/// Does a run: its row, as a line of CSV.
///
/// # Errors
/// A file can no longer be read.
pub(super) fn of_run(design: &Design, source: &Source, run: u32) -> Result<Vec<u8>, End> {
    let values = design.values(run / design.seeds);
    let mut changes = design.changes(&values);
    changes.push(change("seed", design.seed(run)));
    let mut row = vec![run.to_string(), design.seed(run).to_string()];
    row.extend(values);
    match runs::future(source, &changes) {
        Ok(scenario) => row.extend(of_report(&runs::simulate(source, scenario)?)),
        Err(wrong) => {
            // Each value is right by itself, and some are not together.
            let error = wrong.list.iter().find(|problem| problem.severity == Severity::Error);
            let empty = 2 + design.metrics.len() + 1;
            row.extend(std::iter::repeat_n(String::new(), empty));
            row.push(
                error.map_or_else(|| "it is no scenario".to_owned(), |error| error.sentence()),
            );
        }
    }
    Ok(line(&row))
}

/// What came of a run, from `held` on.
fn of_report(report: &Report) -> Vec<String> {
    let held = report.is_held();
    let mut cells = vec![held.to_string(), report.fingerprint.clone()];
    cells.extend(METRICS.iter().map(|metric| {
        let value = verdict::value(metric, report);
        // An empty sum is -0.
        if value.is_finite() { (value + 0.0).to_string() } else { String::new() }
    }));
    cells.extend([report.verdict.clone(), String::new()]);
    cells
}

/// A line of CSV: what would break it in two becomes a space.
pub(super) fn line(cells: &[String]) -> Vec<u8> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let cells = cells.iter().map(|cell| cell.replace(char::is_control, " "));
    csv.write_record(cells).expect("memory takes it");
    csv.into_inner().expect("memory takes it")
}

/// The cells of such a line.
pub(super) fn cells(line: &[u8]) -> Option<csv::StringRecord> {
    let mut csv = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
    csv.records().next()?.ok()
}
