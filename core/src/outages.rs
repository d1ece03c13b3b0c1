//! Lists of outages from a CSV file, one a row: when, which host, rack or zone, and for how long.
//! Who reads one says what is called so.

use std::io::Read;

use crate::columns::{Cell, Header, Numbers, seconds};
use crate::problem::Problems;
use crate::table::{Part, Table, report, without_errors};

/// The most outages of one file.
const OUTAGES_MAX: u64 = 1_000_000;

/// One outage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<D> {
    /// When, ms.
    pub at_ms: u64,
    /// What fails.
    pub what: D,
    /// For how long, ms; `None` where the file does not say.
    pub lasts_ms: Option<u64>,
}

/// What a name is; else what is wrong with it, and what helps.
type Found<D> = Result<D, (String, String)>;

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
/// `None` if there is an error in it. `find` says what is called so.
pub fn read_outages<D>(
    file: &str,
    reader: Box<dyn Read>,
    mut find: impl FnMut(OutageLevel, &str) -> Found<D>,
    problems: &mut Problems,
) -> Option<Vec<Listed<D>>> {
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
            let times = (&time, lasts.as_ref());
            outages.extend(outage(&table, times, &columns, &mut find, problems));
        }
        Some(outages)
    })
}

/// The outage of the record at hand; `None` if something is wrong with it.
fn outage<D>(
    table: &Table,
    (time, lasts): (&Numbers, Option<&Numbers>),
    columns: &[(OutageLevel, Option<usize>)],
    find: &mut impl FnMut(OutageLevel, &str) -> Found<D>,
    problems: &mut Problems,
) -> Option<Listed<D>> {
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
            Ok(Some(name)) if named.is_none() => {
                named = Some(find(*level, name).map_err(|wrong| (column, wrong)));
            }
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
    let what = match named? {
        Ok(what) => what,
        Err((column, (message, hint))) => {
            report(problems, || table.problem(Part::Field(column), message, &hint));
            return None;
        }
    };
    Some(Listed { at_ms: at_ms?, what, lasts_ms: lasts_ms? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::testing::{drawn, reader};

    #[test]
    fn rows_name_one_thing_each() {
        let mut problems = Problems::default();
        let text = b"time_s,host,rack,lasts_s\n60,h1,,\n90.5,,r2,30\n";
        let as_is = |level: OutageLevel, name: &str| Ok((level.name(), name.to_owned()));
        let outages = read_outages("o.csv", reader(text), as_is, &mut problems).unwrap();
        let told: Vec<_> =
            outages.iter().map(|o| (o.at_ms, o.what.0, &*o.what.1, o.lasts_ms)).collect();
        assert_eq!(told, [(60_000, "host", "h1", None), (90_500, "rack", "r2", Some(30_000))]);
        assert!(problems.list.is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_at_once() {
        let mut problems = Problems::default();
        let text = b"time_s,host,zone,lasts_s\n,h1,,\n60,h1,z1,\n60,,,x\n";
        let anything = |_: OutageLevel, _: &str| Ok(());
        assert_eq!(read_outages("o.csv", reader(text), anything, &mut problems), None);
        let drawn = drawn(&problems);
        for expected in ["no time is given", "names two things", "does not say what fails"] {
            assert!(drawn.contains(expected), "{drawn}");
        }
    }
}
