//! Samples: one column of durations from a CSV file, such as measured lifetimes.

use std::io::Read;

use crate::columns::{Cell, Header, Numbers, seconds};
use crate::problem::{Problem, Problems};
use crate::table::{Part, Table, report, shown, without_errors};

/// The most values of one file.
pub const SAMPLES_MAX: u64 = 1_000_000;

/// Reads the seconds of one column as ms, each above 0, in file order, and adds all that is wrong
/// to `problems`. `None` if there is an error in it; never an empty list.
pub fn read_samples(
    file: &str,
    column: &str,
    reader: Box<dyn Read>,
    problems: &mut Problems,
) -> Option<Vec<u64>> {
    read_at_most(SAMPLES_MAX, file, column, reader, problems)
}

fn read_at_most(
    samples_max: u64,
    file: &str,
    column: &str,
    reader: Box<dyn Read>,
    problems: &mut Problems,
) -> Option<Vec<u64>> {
    without_errors(problems, |problems| {
        let mut table = Table::open(file, reader, samples_max)
            .map_err(|problem| report(problems, || problem))
            .ok()?;
        let mut header = Header::new(&table, problems);
        let picked = header.one(column, &table, problems);
        if picked.is_none() {
            let message = format!("there is no column `{column}`");
            let hint = "one column holds the seconds; the first line names it";
            header.missing(&[column], &message, hint, &table, problems);
        }
        header.warn_unused(&table, problems);

        let numbers = seconds(picked?);
        if problems.has_errors() {
            return None;
        }
        let mut samples = Vec::new();
        let mut has_rows = false;
        while let Some(row) = table.next_row() {
            has_rows = true;
            if let Err(problem) = row {
                report(problems, || problem);
                continue;
            }
            match numbers.read(&table, problems) {
                Cell::Value(ms) if ms > 0 => samples.push(ms),
                Cell::Value(_) | Cell::Blank => report(problems, || too_short(&table, &numbers)),
                Cell::Bad => {}
            }
        }
        if !has_rows {
            let hint = "below the name of the column comes one value a line";
            report(problems, || table.problem_of_file("there are no rows", Some(hint)));
        }
        Some(samples)
    })
}

/// The error about a value that is blank or rounds to 0.
#[cold]
fn too_short(table: &Table, numbers: &Numbers) -> Box<Problem> {
    let message = match shown(table.field(numbers.column)) {
        blank if blank.is_empty() => "this value is blank".to_owned(),
        value => format!("`{value}` is less than a millisecond"),
    };
    let hint = "values are seconds above 0, from `0.001` up";
    table.problem(Part::Field(numbers.column), message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::testing::{gzip, reader, short};

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        let mut problems = Problems::default();
        let samples = read_at_most(3, "l.csv", "lifetime_s", reader(bytes), &mut problems);
        let found = samples.map_or_else(|| short(&problems), |samples| format!("{samples:?}"));
        assert_eq!(found, expected);
    }

    #[test]
    fn seconds_are_read_as_ms() {
        check(b"lifetime_s\n1\n0.0005\n1e2\n", "[1000, 1, 100000]");
        check(b"vm,lifetime_s\n1,1\n2,2\n", "[1000, 2000]");
        check(&gzip(b"lifetime_s\r\n1\r\n"), "[1000]");
    }

    #[test]
    fn values_that_are_no_lifetime_are_reported() {
        check(
            b"vm,lifetime_s\n1,0\n2,\n3,-1\n",
            "warning 1:1+2 columns not used: vm\n\
             2:3+1 `0` is less than a millisecond (values are seconds above 0, from `0.001` up)\n\
             3:3+1 this value is blank (values are seconds above 0, from `0.001` up)\n\
             4:3+2 `-1` is below 0 (seconds such as `90` or `0.25`, at most 1,000 years)",
        );
        check(
            b"lifetime_s\n1\n1\n1\n1\n",
            "5:1+1 the file has more than 3 rows (split it, or take a sample)",
        );
        check(
            b"lifetime_s\n",
            "0:0+1 there are no rows (below the name of the column comes one value a line)",
        );
        check(
            b"17\n18\n",
            "1:1+1 there is no column `lifetime_s` (the first line must name the columns)\nwarning 1:1+2 columns not used: 17",
        );
    }
}
