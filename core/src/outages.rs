//! Lists of outages from a CSV file, one a row: when, which host, rack or zone, and for how long.

use std::io::Read;

use crate::columns::{Cell, Header, Numbers, seconds};
use crate::problem::Problems;
use crate::table::{Part, Table, report, without_errors};

/// The most outages of one file.
const OUTAGES_MAX: u64 = 1_000_000;

/// One outage, by the names of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedOutage {
    /// When, ms.
    pub at_ms: u64,
    /// What fails.
    pub level: OutageLevel,
    /// What it is called.
    pub name: String,
    /// For how long, ms; `None` where the file does not say.
    pub lasts_ms: Option<u64>,
    /// The line of the file, from 1.
    pub line: u32,
}

/// What kind of thing fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutageLevel {
    /// A host.
    Host,
    /// A rack.
    Rack,
    /// A zone.
    Zone,
}

impl OutageLevel {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Host, "host"), (Self::Rack, "rack"), (Self::Zone, "zone")];

    /// `host`, `rack` or `zone`.
    pub const fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// Reads the outages of a file, in its order, and adds all that is wrong with it to `problems`.
/// `None` if there is an error in it.
pub fn read_outages(
    file: &str,
    reader: Box<dyn Read>,
    problems: &mut Problems,
) -> Option<Vec<NamedOutage>> {
    without_errors(problems, |problems| {
        let mut table = Table::open(file, reader, OUTAGES_MAX)
            .map_err(|problem| report(problems, || problem))
            .ok()?;
        let mut header = Header::new(&table, problems);
        let time = header.one("time_s", &table, problems);
        let columns =
            OutageLevel::ALL.map(|(level, name)| (level, header.one(name, &table, problems)));
        let lasts = header.one("lasts_s", &table, problems).map(seconds);
        if time.is_none() {
            let message = "there is no column `time_s`";
            let hint = "an outage begins so many seconds after the start";
            header.missing(&["time_s"], message, hint, &table, problems);
        }
        if columns.iter().all(|(_, column)| column.is_none()) {
            let message = "no column says what fails";
            let hint = "add a column `host`, `rack` or `zone` with its name";
            header.missing(&["host", "rack", "zone"], message, hint, &table, problems);
        }
        header.warn_unused(&table, problems);
        let time = seconds(time?);
        if problems.has_errors() {
            return None;
        }
        let mut outages = Vec::new();
        while let Some(row) = table.next_row() {
            if let Err(problem) = row {
                report(problems, || problem);
                continue;
            }
            outages.extend(outage(&table, (&time, lasts.as_ref()), &columns, problems));
        }
        Some(outages)
    })
}

/// The outage of the record at hand; `None` if something is wrong with it.
fn outage(
    table: &Table,
    (time, lasts): (&Numbers, Option<&Numbers>),
    columns: &[(OutageLevel, Option<usize>)],
    problems: &mut Problems,
) -> Option<NamedOutage> {
    let at_ms = match time.read(table, problems) {
        Cell::Value(ms) => Some(ms),
        Cell::Blank => {
            let hint = "seconds after the start";
            report(problems, || table.problem(Part::Field(time.column), "no time is given", hint));
            None
        }
        Cell::Bad => None,
    };
    let lasts_ms = match lasts.map(|lasts| lasts.read(table, problems)) {
        None | Some(Cell::Blank) => Some(None),
        Some(Cell::Value(ms)) => Some(Some(ms.max(1))),
        Some(Cell::Bad) => None,
    };
    let mut named = None;
    for (level, column) in columns {
        let Some(column) = *column else { continue };
        match table.name(column) {
            Ok(None) => {}
            Ok(Some(name)) if named.is_none() => named = Some((*level, name.to_owned())),
            Ok(Some(_)) => {
                let message = "this outage names two things";
                let hint = "one row a host, rack or zone";
                report(problems, || table.problem(Part::Field(column), message, hint));
            }
            Err(problem) => report(problems, || problem),
        }
    }
    if named.is_none() {
        let message = "this outage does not say what fails";
        let hint = "name a host, a rack or a zone";
        report(problems, || table.problem(Part::Start, message, hint));
    }
    let (level, name) = named?;
    Some(NamedOutage { at_ms: at_ms?, level, name, lasts_ms: lasts_ms?, line: table.line() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::testing::{drawn, reader};

    #[test]
    fn rows_name_one_thing_each() {
        let mut problems = Problems::default();
        let text = b"time_s,host,rack,lasts_s\n60,h1,,\n90.5,,r2,30\n";
        let outages = read_outages("o.csv", reader(text), &mut problems).unwrap();
        let told: Vec<_> =
            outages.iter().map(|o| (o.at_ms, o.level.name(), &*o.name, o.lasts_ms)).collect();
        assert_eq!(told, [(60_000, "host", "h1", None), (90_500, "rack", "r2", Some(30_000))]);
        assert!(problems.list.is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_at_once() {
        let mut problems = Problems::default();
        let text = b"time_s,host,zone,lasts_s\n,h1,,\n60,h1,z1,\n60,,,x\n";
        assert_eq!(read_outages("o.csv", reader(text), &mut problems), None);
        let drawn = drawn(&problems);
        for expected in ["no time is given", "names two things", "does not say what fails"] {
            assert!(drawn.contains(expected), "{drawn}");
        }
    }
}
