//! Traces: requests from a CSV file, one a row, read twice and never held.
//!
//! [`survey`] goes through the file once and says all that is wrong with it; [`Rows`] goes
//! through it again, during the run.

use std::collections::BTreeMap;
use std::io::Read;

use crate::columns::{
    CPU_NAMES, Cell, Header, MEMORY_NAMES, Numbers, Sizes, own_sizes, seconds, sizes,
};
use crate::decimal::{self, Measure, Round};
use crate::problem::{Problem, Problems, Severity};
use crate::resources::{Builtin, PORTION_HINT, is_portion};
use crate::table::{Part, Table, count, grouped, report, shown, without_errors};
use crate::time::TIME_MS_MAX;

/// The most rows of one trace.
pub const ROWS_MAX: u64 = u32::MAX as u64;

/// The most tenants, pools or flavors that one trace may name.
pub const NAMES_MAX: usize = 65_536;

/// The most kinds of resource of the scenario's own.
pub const OWN_KINDS_MAX: usize = 3;

/// What a whole trace is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// How many requests; at least 1.
    pub rows: u64,
    /// Whether arrivals never go back.
    pub is_sorted: bool,
    /// The last instant at which something arrives or departs, ms.
    pub last_ms: u64,
    /// The tenants it names, sorted.
    pub tenants: Vec<String>,
    /// The pools it names, sorted.
    pub pools: Vec<String>,
    /// The flavors to which rows leave their size, sorted.
    pub flavors: Vec<String>,
    /// How many rows do, by flavor.
    pub flavor_rows: Vec<u64>,
    /// How many rows ask for so much CPU and so many GPUs, of those with a size of their own.
    /// Counted where a column holds GPUs; of very many sizes only the first.
    pub sizes: BTreeMap<[i64; 2], u64>,
    /// Whether some row asks for more than 0 of a builtin kind.
    pub uses: [bool; 5],
    /// Those of the scenario's own kinds of which some row asks for more than 0.
    pub own_kinds: Vec<String>,
    /// The most that one row asks for of each builtin kind.
    pub largest: [i64; 5],
    /// The most that one row asks for of each of the scenario's own kinds.
    pub largest_own: [i64; OWN_KINDS_MAX],
    /// Whether some row is in a group.
    pub has_groups: bool,
}

/// One request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// When it comes, ms.
    pub arrival_ms: u64,
    /// When it ends, ms, not before it comes; `None`: it stays.
    pub departure_ms: Option<u64>,
    /// What it asks for, in the order of [`Builtin::ALL`]. All 0 with a flavor: the flavor says it.
    pub amounts: [i64; 5],
    /// What it asks for of the scenario's own kinds, in the scenario's order.
    pub own: [i64; OWN_KINDS_MAX],
    /// The flavor it names.
    pub flavor: Option<Box<str>>,
    /// Who owns it.
    pub tenant: Option<Box<str>>,
    /// Which requests it is kept apart from.
    pub group: Option<Box<str>>,
    /// Where it must run.
    pub pool: Option<Box<str>>,
    /// Higher goes before lower; `None` where the trace does not say.
    pub priority: Option<i32>,
    /// Its `vm_id`, unless that is the row's number, from 0.
    pub name: Option<Box<str>>,
}

/// Goes through a whole trace once and adds all that is wrong with it to `problems`. `None` if
/// there is an error in it. A column named like one of `own_kinds` holds amounts of that kind.
///
/// # Panics
/// If there are more than [`OWN_KINDS_MAX`] own kinds.
pub fn survey(
    file: &str,
    reader: Box<dyn Read>,
    own_kinds: &[String],
    problems: &mut Problems,
) -> Option<Survey> {
    without_errors(problems, |problems| {
        let rows = Rows::open(file, reader, own_kinds, ROWS_MAX, problems)?;
        // With a wrong header, every row would be wrong.
        if problems.has_errors() { None } else { survey_rows(rows, own_kinds, problems) }
    })
}

/// The same file's rows, for the run.
///
/// # Errors
/// The file cannot be read or its header is wrong; never so after a [`survey`] of the same bytes.
///
/// # Panics
/// If there are more than [`OWN_KINDS_MAX`] own kinds.
pub fn rows(file: &str, reader: Box<dyn Read>, own_kinds: &[String]) -> Result<Rows, Problems> {
    let mut problems = Problems::default();
    match Rows::open(file, reader, own_kinds, ROWS_MAX, &mut problems) {
        Some(rows) if !problems.has_errors() => Ok(rows),
        _ => Err(problems),
    }
}

/// The rows of a trace, in file order.
pub struct Rows {
    table: Table,
    columns: Columns,
    rows: u64,
}

/// Where things stand in a row.
struct Columns {
    arrival: Numbers,
    end: Option<(End, Numbers)>,
    sizes: Vec<Sizes>,
    own: Vec<(usize, Numbers)>,
    flavor: Option<usize>,
    tenant: Option<usize>,
    group: Option<usize>,
    pool: Option<usize>,
    priority: Option<usize>,
    name: Option<usize>,
}

/// How a trace says when a VM ends.
#[derive(Clone, Copy)]
enum End {
    Departure,
    Lifetime,
}

impl Rows {
    /// Reads the next row into `row`. With the same one for every call, names that stay as they
    /// are cost nothing. A row with an error can be passed over: the next call goes on behind it.
    #[inline]
    pub fn next_into(&mut self, row: &mut Row) -> Option<Result<(), Problem>> {
        let mut problems = Problems::default();
        self.read_into(row, &mut problems)?;
        Some(match problems.list.into_iter().next() {
            None => Ok(()),
            Some(problem) => Err(problem),
        })
    }

    fn open(
        file: &str,
        reader: Box<dyn Read>,
        own_kinds: &[String],
        rows_max: u64,
        problems: &mut Problems,
    ) -> Option<Self> {
        assert!(own_kinds.len() <= OWN_KINDS_MAX, "the scenario check bounds its own kinds");
        match Table::open(file, reader, rows_max) {
            Ok(table) => {
                let columns = Columns::pick(&table, own_kinds, problems)?;
                Some(Self { table, columns, rows: 0 })
            }
            Err(problem) => {
                problems.push(*problem);
                None
            }
        }
    }

    /// Reads the next row with all that is wrong with it; `None` behind the last one.
    #[inline]
    fn read_into(&mut self, row: &mut Row, problems: &mut Problems) -> Option<()> {
        match self.table.next_row()? {
            Ok(()) => self.columns.read(&self.table, self.rows, row, problems),
            Err(problem) => report(problems, || problem),
        }
        self.rows += 1;
        Some(())
    }
}

impl Iterator for Rows {
    type Item = Result<Row, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut row = Row::default();
        Some(self.next_into(&mut row)?.map(|()| row))
    }
}

impl Columns {
    fn pick(table: &Table, own_kinds: &[String], problems: &mut Problems) -> Option<Self> {
        let mut header = Header::new(table, problems);
        let arrival = header.one("arrival_s", table, problems);
        let end = header.one_of(&["departure_s", "lifetime_s"], table, problems);
        let sizes = sizes(&mut header, Round::Up, table, problems);
        let mut text = |name| header.one(name, table, problems);
        let (flavor, tenant, group) = (text("flavor"), text("tenant"), text("group"));
        let (pool, priority, name) = (text("pool"), text("priority"), text("vm_id"));
        let own = own_sizes(&mut header, own_kinds, table, problems);

        if arrival.is_none() {
            let message = "there is no column `arrival_s`";
            let hint = "it says when each request comes, in seconds from the start";
            header.missing(&["arrival_s"], message, hint, table, problems);
        }
        if flavor.is_none() {
            for (kind, names) in [(Builtin::Cpu, &CPU_NAMES[..]), (Builtin::Memory, &MEMORY_NAMES)]
            {
                if !sizes.iter().any(|size| size.kind == kind) {
                    let message = format!("there is no column `{}`", names[0]);
                    let hint = "sizes need `vcpu` and `mem_mib` (or `mem_gib`), or a `flavor`";
                    header.missing(names, &message, hint, table, problems);
                }
            }
        }
        if end.is_none() && arrival.is_some() {
            let message = "no column says when requests end: they all stay";
            let hint = "`departure_s` or `lifetime_s` would say it";
            let problem = table.problem(Part::Start, message, hint);
            problems.push(Problem { severity: Severity::Warning, ..*problem });
        }
        header.warn_unused(table, problems);
        let end = end.map(|(column, which)| {
            let hint = "seconds such as `90` or `0.25`, at most 1,000 years, or blank: it stays";
            let numbers = Numbers { hint, ..seconds(column) };
            (if which == 0 { End::Departure } else { End::Lifetime }, numbers)
        });
        let arrival = seconds(arrival?);
        Some(Self { arrival, end, sizes, own, flavor, tenant, group, pool, priority, name })
    }

    /// Reads the record at hand.
    #[inline]
    fn read(&self, table: &Table, number: u64, row: &mut Row, problems: &mut Problems) {
        self.read_times(table, row, problems);
        self.read_size(table, row, problems);
        set_name(&mut row.tenant, self.tenant, table, problems);
        set_name(&mut row.group, self.group, table, problems);
        set_name(&mut row.pool, self.pool, table, problems);

        row.priority = None;
        if let Some(column) = self.priority {
            match read_priority(table.field(column)) {
                Some(priority) => row.priority = priority,
                None => report(problems, || bad_priority(table, column)),
            }
        }

        match self.name {
            Some(column) if is_number(table.field(column), number) => row.name = None,
            column => set_name(&mut row.name, column, table, problems),
        }
    }

    #[inline]
    fn read_times(&self, table: &Table, row: &mut Row, problems: &mut Problems) {
        let arrival = self.arrival.read(table, problems);
        if arrival == Cell::Blank {
            report(problems, || {
                let part = Part::Field(self.arrival.column);
                table.problem(part, "`arrival_s` is blank", "every request comes at some time")
            });
        }
        row.arrival_ms = arrival.or_zero();
        row.departure_ms = None;
        let Some((end, numbers)) = &self.end else { return };
        if let Cell::Value(value) = numbers.read(table, problems) {
            let departure_ms = match end {
                End::Lifetime => row.arrival_ms + value,
                End::Departure => value,
            };
            row.departure_ms = Some(departure_ms);
            if departure_ms < row.arrival_ms {
                report(problems, || departs_too_early(table, &self.arrival, numbers));
            }
            if departure_ms > TIME_MS_MAX {
                report(problems, || departs_too_late(table, numbers));
            }
        }
    }

    #[inline]
    fn read_size(&self, table: &Table, row: &mut Row, problems: &mut Problems) {
        let before = count(problems);
        set_name(&mut row.flavor, self.flavor, table, problems);
        row.amounts = [0; 5];
        row.own = [0; OWN_KINDS_MAX];
        let (mut has_size, mut has_cpu, mut has_memory) = (false, false, false);
        for Sizes { kind, numbers } in &self.sizes {
            let cell = numbers.read(table, problems);
            let is_given = cell != Cell::Blank;
            has_size |= is_given;
            has_cpu |= is_given && *kind == Builtin::Cpu;
            has_memory |= is_given && *kind == Builtin::Memory;
            row.amounts[*kind as usize] = cell.or_zero() as i64;
        }
        for (kind, numbers) in &self.own {
            let cell = numbers.read(table, problems);
            has_size |= cell != Cell::Blank;
            row.own[*kind] = cell.or_zero() as i64;
        }
        let is_left_to_flavor = row.flavor.is_some() && !has_size;
        let is_said = is_left_to_flavor || (has_cpu && has_memory);
        if !is_said && count(problems) == before {
            report(problems, || self.half_said(table, has_cpu, row.flavor.is_some()));
        }
    }

    /// The error about a row that asks for so many GPUs and a part of one.
    #[cold]
    fn part_of_gpus(&self, table: &Table) -> Box<Problem> {
        let size = self.sizes.iter().find(|size| size.kind == Builtin::Gpu);
        let column = size.expect("only that column is of GPUs").numbers.column;
        let asked = shown(table.field(column));
        let message = format!("`{asked}` is neither a part of one GPU nor whole ones");
        table.problem(Part::Field(column), message, PORTION_HINT)
    }

    /// The error about a row without vCPU or memory.
    #[cold]
    fn half_said(&self, table: &Table, has_cpu: bool, has_flavor: bool) -> Box<Problem> {
        let missing = if has_cpu { Builtin::Memory } else { Builtin::Cpu };
        let size = self.sizes.iter().find(|size| size.kind == missing);
        let column = size.map(|size| size.numbers.column).or(self.flavor);
        let part = column.map_or(Part::Start, Part::Field);
        let message = match missing {
            Builtin::Cpu => "nothing says how many vCPU this request needs",
            _ => "nothing says how much memory this request needs",
        };
        let hint = if has_flavor {
            "give vCPU and memory too, or leave all sizes to the flavor"
        } else {
            "give it vCPU and memory, or a flavor"
        };
        table.problem(part, message, hint)
    }
}

/// Puts the name in a column into `slot`. A name that is there already is not copied again.
#[inline]
fn set_name(
    slot: &mut Option<Box<str>>,
    column: Option<usize>,
    table: &Table,
    problems: &mut Problems,
) {
    let Some(column) = column else {
        *slot = None;
        return;
    };
    if slot.as_ref().is_some_and(|known| known.as_bytes() == table.field(column)) {
        return;
    }
    *slot = None;
    match table.name(column) {
        Ok(name) => *slot = name.map(Box::from),
        Err(problem) => report(problems, || problem),
    }
}

/// A priority, none when blank: a whole number that may be negative.
fn read_priority(field: &[u8]) -> Option<Option<i32>> {
    let (sign, digits) = match field {
        [] => return Some(None),
        [b'-', digits @ ..] => (-1, digits),
        _ => (1, field),
    };
    let measure = Measure { per_one: 1, round: Round::Exact, units_max: i32::MAX as u64 };
    Some(Some(sign * i32::try_from(decimal::read(digits, measure).ok()?).ok()?))
}

/// Whether a text is this number, written in the plainest way.
fn is_number(text: &[u8], number: u64) -> bool {
    let is_plain =
        matches!(text, [b'0'] | [b'1'..=b'9', ..]) && text.iter().all(u8::is_ascii_digit);
    let measure = Measure { per_one: 1, round: Round::Exact, units_max: u64::MAX };
    is_plain && decimal::read(text, measure) == Ok(number)
}

#[cold]
fn departs_too_early(table: &Table, arrival: &Numbers, departure: &Numbers) -> Box<Problem> {
    let message = format!(
        "the departure `{}` is before the arrival `{}`",
        shown(table.field(departure.column)),
        shown(table.field(arrival.column)),
    );
    let hint = "both count from the start; a time since the arrival goes into `lifetime_s`";
    table.problem(Part::Field(departure.column), message, hint)
}

#[cold]
fn departs_too_late(table: &Table, lifetime: &Numbers) -> Box<Problem> {
    let field = shown(table.field(lifetime.column));
    let message = format!("with the lifetime `{field}` this request ends after 1,000 years");
    let hint = "leave it blank if the request stays";
    table.problem(Part::Field(lifetime.column), message, hint)
}

#[cold]
fn bad_priority(table: &Table, column: usize) -> Box<Problem> {
    let field = table.field(column);
    let part = Part::Field(column);
    if std::str::from_utf8(field).is_err() {
        return table.not_utf8(part);
    }
    let message = format!("`{}` is not a priority", shown(field));
    table.problem(part, message, "a whole number between -2147483647 and 2147483647")
}

fn survey_rows(mut rows: Rows, own_kinds: &[String], problems: &mut Problems) -> Option<Survey> {
    let mut survey = Survey { is_sorted: true, ..Survey::default() };
    let mut tenants = Names::new("tenants", rows.columns.tenant);
    let mut pools = Names::new("pools", rows.columns.pool);
    let mut flavors = Names::new("flavors", rows.columns.flavor);
    let has_gpus = rows.columns.sizes.iter().any(|size| size.kind == Builtin::Gpu);
    let mut unsorted = None;
    let mut latest_ms = 0;
    let mut row = Row::default();
    loop {
        let before = count(problems);
        if rows.read_into(&mut row, problems).is_none() {
            break;
        }
        if count(problems) > before {
            continue;
        }
        let table = &rows.table;
        if !is_portion(row.amounts[Builtin::Gpu as usize]) {
            report(problems, || rows.columns.part_of_gpus(table));
            continue;
        }
        if row.arrival_ms < latest_ms && unsorted.is_none() {
            unsorted = Some(table.problem(
                Part::Field(rows.columns.arrival.column),
                "arrivals go back here: the rows will be sorted in memory",
                "a file sorted by `arrival_s` is streamed, and needs none",
            ));
        }
        latest_ms = latest_ms.max(row.arrival_ms);
        survey.last_ms = survey.last_ms.max(row.departure_ms.unwrap_or(0)).max(row.arrival_ms);
        for (largest, amount) in survey.largest.iter_mut().zip(row.amounts) {
            *largest = amount.max(*largest);
        }
        for (largest, amount) in survey.largest_own.iter_mut().zip(row.own) {
            *largest = amount.max(*largest);
        }
        if has_gpus && row.flavor.as_deref().is_none_or(|_| row.amounts != [0; 5]) {
            let size = [Builtin::Cpu, Builtin::Gpu].map(|kind| row.amounts[kind as usize]);
            if survey.sizes.len() < NAMES_MAX || survey.sizes.contains_key(&size) {
                *survey.sizes.entry(size).or_default() += 1;
            }
        }
        survey.has_groups |= row.group.is_some();
        let size_from = row.flavor.as_deref().filter(|_| row.amounts == [0; 5]);
        let few = tenants.add(row.tenant.as_deref(), table, problems)
            && pools.add(row.pool.as_deref(), table, problems)
            && flavors.add(size_from, table, problems);
        if !few {
            return None;
        }
    }
    if rows.rows == 0 {
        let hint = "below the names of the columns comes one line a request";
        let message = "there are no rows";
        report(problems, || rows.table.problem_of_file(message, Some(hint)));
        return None;
    }
    if let Some(problem) = unsorted {
        survey.is_sorted = false;
        problems.push(Problem { severity: Severity::Warning, ..*problem });
    }
    survey.rows = rows.rows;
    survey.uses = survey.largest.map(|amount| amount > 0);
    let own = own_kinds.iter().zip(survey.largest_own);
    survey.own_kinds =
        own.filter(|(_, amount)| *amount > 0).map(|(name, _)| name.clone()).collect();
    survey.tenants = tenants.into_list();
    survey.pools = pools.into_list();
    survey.flavor_rows = flavors.names.values().copied().collect();
    survey.flavors = flavors.into_list();
    Some(survey)
}

/// The different names of one column.
struct Names {
    what: &'static str,
    column: Option<usize>,
    /// Each with how many rows have it.
    names: BTreeMap<Box<str>, u64>,
}

impl Names {
    fn new(what: &'static str, column: Option<usize>) -> Self {
        Self { what, column, names: BTreeMap::new() }
    }

    /// Adds a name; `false` when it is one too many.
    #[inline]
    fn add(&mut self, name: Option<&str>, table: &Table, problems: &mut Problems) -> bool {
        let (Some(name), Some(column)) = (name, self.column) else { return true };
        if let Some(rows) = self.names.get_mut(name) {
            *rows += 1;
            return true;
        }
        if self.names.len() == NAMES_MAX {
            let message =
                format!("the file names more than {} {}", grouped(NAMES_MAX as u64), self.what);
            let hint = "does this column hold something else, such as an id of each request?";
            report(problems, || table.problem(Part::Field(column), message, hint));
            return false;
        }
        self.names.insert(name.into(), 1).is_none()
    }

    fn into_list(self) -> Vec<String> {
        self.names.into_keys().map(String::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;
    use crate::table::testing::{drawn, gzip, reader, short};

    fn own() -> Vec<String> {
        vec!["slots".to_owned()]
    }

    fn survey_of(bytes: &[u8]) -> (Option<Survey>, Problems) {
        let mut problems = Problems::default();
        let survey = survey("t.csv", reader(bytes), &own(), &mut problems);
        (survey, problems)
    }

    /// The rows as read, or the problems.
    #[track_caller]
    fn check(csv: &str, expected: &str) {
        let (survey, problems) = survey_of(csv.as_bytes());
        let found = match survey {
            Some(_) => shown_rows(csv.as_bytes()),
            None => short(&problems),
        };
        assert_eq!(found, expected, "{csv}");
    }

    /// One row as `ARRIVAL-DEPARTURE AMOUNTS names`.
    fn shown_rows(bytes: &[u8]) -> String {
        let rows = rows("t.csv", reader(bytes), &own()).expect("the survey found the header right");
        let mut lines = Vec::new();
        for row in rows {
            let row = row.expect("the survey found no error in the rows");
            let end = row.departure_ms.map_or("…".to_owned(), |ms| ms.to_string());
            let mut line = format!("{}-{end} {:?}", row.arrival_ms, row.amounts);
            if row.own[0] > 0 {
                line += &format!(" slots {}", row.own[0]);
            }
            let names = [("f", &row.flavor), ("t", &row.tenant), ("g", &row.group)];
            for (letter, name) in names.iter().chain(&[("p", &row.pool), ("n", &row.name)]) {
                if let Some(name) = name {
                    line += &format!(" {letter}={name}");
                }
            }
            if let Some(priority) = row.priority {
                line += &format!(" !{priority}");
            }
            lines.push(line);
        }
        lines.join("\n")
    }

    /// The same for one row below the plainest header.
    #[track_caller]
    fn check_row(row: &str, expected: &str) {
        check(&format!("arrival_s,departure_s,vcpu,mem_mib\n{row}"), expected);
    }

    #[test]
    fn rows_are_read_exactly() {
        check_row("0,300,8,14336", "0-300000 [8000, 14336, 0, 0, 0]");
        check_row("1.0005,2.0004,0.5,1.2", "1001-2000 [500, 2, 0, 0, 0]");
        check_row("5,,1,1", "5000-… [1000, 1, 0, 0, 0]");
        check_row("5,5,0,0", "5000-5000 [0, 0, 0, 0, 0]");
        check_row(" 5 ,\t6,\"1\",1e3\r\n", "5000-6000 [1000, 1000, 0, 0, 0]");
    }

    #[test]
    fn columns_come_in_any_order_and_by_other_names() {
        check(
            "mem_gib,cpu,gpu,network_mbit,disk_gib,lifetime_s,arrival_s,slots\n\
             0.5,2,0.25,500,10.1,7,3,4",
            "3000-10000 [2000, 512, 11, 500, 250] slots 4",
        );
        check(
            "arrival_s,lifetime_s,vcpus,memory_mib,gpu_milli\n1,,1,2,250",
            "1000-… [1000, 2, 0, 0, 250]",
        );
        check(
            "vm_id,arrival_s,departure_s,flavor,tenant,group,pool,priority\n\
             0,1,2,small,web,\"a, b\",kvm,-3\n\
             7,1,2,small,,,,\n\
             02,1,2,big,ops,,,2\n",
            "1000-2000 [0, 0, 0, 0, 0] f=small t=web g=a, b p=kvm !-3\n\
             1000-2000 [0, 0, 0, 0, 0] f=small n=7\n\
             1000-2000 [0, 0, 0, 0, 0] f=big t=ops n=02 !2",
        );
    }

    #[test]
    fn line_ends_and_marks_do_not_matter() {
        let plain = "arrival_s,departure_s,vcpu,mem_mib\n0,1,1,1\n2,3,1,1\n";
        let expected = "0-1000 [1000, 1, 0, 0, 0]\n2000-3000 [1000, 1, 0, 0, 0]";
        check(plain, expected);
        check(plain.trim_end(), expected);
        check(&plain.replace('\n', "\r\n"), expected);
        check(&plain.replace('\n', "\n\n"), expected);
        check(&format!("\u{feff}{plain}"), expected);
        let parts = plain.split_inclusive('\n').map(|line| gzip(line.as_bytes()));
        let members = parts.collect::<Vec<_>>().concat();
        assert_eq!(shown_rows(&members), expected);
    }

    #[test]
    fn numbers_that_are_none_say_what_is_right() {
        check_row(
            "x,1,1,1",
            "2:1+1 `x` is not a number (seconds such as `90` or `0.25`, at most 1,000 years)",
        );
        let end = "(seconds such as `90` or `0.25`, at most 1,000 years, or blank: it stays)";
        check_row("0,nan,1,1", &format!("2:3+3 `nan` is not a finite number {end}"));
        check_row("0,inf,1,1", &format!("2:3+3 `inf` is not a finite number {end}"));
        check_row("0,-1,1,1", &format!("2:3+2 `-1` is below 0 {end}"));
        check_row(
            "0,99999999999999999999,1,1",
            &format!("2:3+20 `99999999999999999999` is too large {end}"),
        );
        check_row("0,31557600001,1,1", &format!("2:3+11 `31557600001` is too large {end}"));
        let cpu =
            "(a number of vCPU such as `4` or `0.5`, to the thousandth, at most 2^50 of these)";
        check_row("0,1,0.0005,1", &format!("2:5+6 `0.0005` is finer than can be counted {cpu}"));
        check_row("0,1,1e300,1", &format!("2:5+5 `1e300` is too large {cpu}"));
        let memory =
            "(a plain number such as `4096`, at most 2^50 MiB; the column's name says the unit)";
        check_row("0,1,1,4 GiB", &format!("2:7+5 `4 GiB` is not a number {memory}"));
        check_row("0,1,1,\"4,5\"", &format!("2:7+5 `4,5` is not a number {memory}"));
        check_row("0,1,1,1\0", &format!("2:7+2 `1␀` is not a number {memory}"));
    }

    #[test]
    fn every_wrong_field_is_reported() {
        check_row(
            "x,-1,,1\n1,2,3\n1,2,3,4,5\n9,8,1,1\n,8,1,1\n",
            "2:1+1 `x` is not a number (seconds such as `90` or `0.25`, at most 1,000 years)\n\
             2:3+2 `-1` is below 0 (seconds such as `90` or `0.25`, at most 1,000 years, or blank: it stays)\n\
             2:6+1 nothing says how many vCPU this request needs (give it vCPU and memory, or a flavor)\n\
             3:6+1 this row has 3 fields, and there are 4 columns (leave a field blank, but keep its comma)\n\
             4:9+1 this row has 5 fields, and there are 4 columns (does a value have a comma in it? put it in quotes: `\"a,b\"`)\n\
             5:3+1 the departure `8` is before the arrival `9` (both count from the start; a time since the arrival goes into `lifetime_s`)\n\
             6:1+1 `arrival_s` is blank (every request comes at some time)",
        );
    }

    #[test]
    fn sizes_come_from_a_flavor_or_from_the_row() {
        let header = "arrival_s,departure_s,flavor,vcpu,mem_mib,disk_gib";
        check(&format!("{header}\n0,1,m,,,"), "0-1000 [0, 0, 0, 0, 0] f=m");
        check(&format!("{header}\n0,1,m,1,1,"), "0-1000 [1000, 1, 0, 0, 0] f=m");
        check(&format!("{header}\n0,1,,1,1,"), "0-1000 [1000, 1, 0, 0, 0]");
        check(
            &format!("{header}\n0,1,,,,\n0,1,m,1,,\n0,1,m,,,5"),
            "2:6+1 nothing says how many vCPU this request needs (give it vCPU and memory, or a flavor)\n\
             3:9+1 nothing says how much memory this request needs (give vCPU and memory too, or leave all sizes to the flavor)\n\
             4:7+1 nothing says how many vCPU this request needs (give vCPU and memory too, or leave all sizes to the flavor)",
        );
        check(
            "arrival_s,departure_s,flavor\n0,1,",
            "2:5+1 nothing says how many vCPU this request needs (give it vCPU and memory, or a flavor)",
        );
    }

    #[test]
    fn columns_that_are_not_there_are_named() {
        check(
            "arival_s,vCPU\n1,1",
            "1:1+8 there is no column `arrival_s` (rename `arival_s` to `arrival_s`)\n\
             1:10+4 there is no column `vcpu` (rename `vCPU` to `vcpu`)\n\
             1:1+1 there is no column `mem_mib` (sizes need `vcpu` and `mem_mib` (or `mem_gib`), or a `flavor`)\n\
             warning 1:1+8 columns not used: arival_s, vCPU (did you mean `arrival_s`?)",
        );
        check(
            "arrival_s;departure_s;flavor\n1;1;1",
            "1:1+1 there is no column `arrival_s` (commas separate the columns, nothing else)\n\
             1:1+1 there is no column `vcpu` (commas separate the columns, nothing else)\n\
             1:1+1 there is no column `mem_mib` (commas separate the columns, nothing else)\n\
             warning 1:1+28 columns not used: arrival_s;departure_s;flavor",
        );
        let hint = "(the first line must name the columns)";
        check(
            "0,300,8,14336\n",
            &format!(
                "1:1+1 there is no column `arrival_s` {hint}\n\
                 1:1+1 there is no column `vcpu` {hint}\n\
                 1:1+1 there is no column `mem_mib` {hint}\n\
                 warning 1:1+1 columns not used: 0, 300, 8, 14336"
            ),
        );
    }

    #[test]
    fn two_columns_do_not_say_the_same() {
        check(
            "arrival_s,arrival_s,departure_s,lifetime_s,vcpu,cpu,mem_mib,mem_gib\n",
            "1:11+9 a second column is called `arrival_s` (which one counts? remove or rename the other)\n\
             1:33+10 `departure_s` and `lifetime_s` say the same thing (keep one of the two columns)\n\
             1:49+3 `vcpu` and `cpu` say the same thing (keep one of the two columns)\n\
             1:61+7 `mem_mib` and `mem_gib` say the same thing (keep one of the two columns)",
        );
    }

    #[test]
    fn a_kind_of_resource_is_not_called_like_a_column() {
        let mut problems = Problems::default();
        let csv = b"arrival_s,departure_s,flavor,tenant\n0,1,m,t\n";
        let own = ["tenant".to_owned(), "pool".to_owned()];
        assert_eq!(survey("t.csv", reader(csv), &own, &mut problems), None);
        let expected =
            "1:30+6 `tenant` is also a resource of the scenario (give the resource another name)";
        assert_eq!(short(&problems), expected);
    }

    #[test]
    fn a_trace_without_rows_is_none() {
        let hint = "(below the names of the columns comes one line a request)";
        let expected = format!("0:0+1 there are no rows {hint}");
        check("arrival_s,departure_s,flavor", &expected);
        check("arrival_s,departure_s,flavor\r\n\r\n", &expected);
        let hint = "(the first line names the columns, then comes one line a row)";
        check("", &format!("0:0+1 the file is empty {hint}"));
    }

    #[track_caller]
    fn check_warnings(csv: &str, expected: &str) {
        let (survey, problems) = survey_of(csv.as_bytes());
        assert!(survey.is_some(), "{csv}: {}", short(&problems));
        assert_eq!(short(&problems), expected, "{csv}");
    }

    #[test]
    fn what_is_not_used_or_slow_is_a_warning() {
        check_warnings("arrival_s,departure_s,flavor\n0,1,m", "");
        check_warnings(
            "vm_id,arrival_s,departure_s,flavor,batch,censored\n0,0,1,m,1,1",
            "warning 1:36+5 columns not used: batch, censored",
        );
        check_warnings(
            "arrival_s,departure_s,flavor,,tennant\n0,1,m,,",
            "warning 1:30+1 columns not used: column 4 (without a name), tennant (did you mean `tenant`?)",
        );
        check_warnings(
            "arrival_s,flavor\n3,m\n2,m\n1,m",
            "warning 1:1+1 no column says when requests end: they all stay (`departure_s` or `lifetime_s` would say it)\n\
             warning 3:1+1 arrivals go back here: the rows will be sorted in memory (a file sorted by `arrival_s` is streamed, and needs none)",
        );
    }

    #[test]
    fn a_survey_knows_the_whole_file() {
        let (survey, problems) = survey_of(
            b"arrival_s,departure_s,vcpu,mem_gib,gpu,slots,tenant,pool,flavor,group\n\
              2,9,1,2,0,0,b,x,s,\n\
              1,,4,1,0,5,a,,s,g\n\
              3,4,2,2,0,3,b,y,,\n\
              3,4,,,,,b,,m,\n",
        );
        assert_eq!(problems.list.len(), 1);
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let expected = Survey {
            rows: 4,
            is_sorted: false,
            last_ms: 9_000,
            tenants: names(&["a", "b"]),
            pools: names(&["x", "y"]),
            flavors: names(&["m"]),
            flavor_rows: vec![1],
            sizes: BTreeMap::from([([1_000, 0], 1), ([2_000, 0], 1), ([4_000, 0], 1)]),
            uses: [true, true, false, false, false],
            own_kinds: names(&["slots"]),
            largest: [4_000, 2_048, 0, 0, 0],
            largest_own: [5, 0, 0],
            has_groups: true,
        };
        assert_eq!(survey, Some(expected));
    }

    #[test]
    fn a_request_is_for_a_part_of_a_gpu_or_for_whole_ones() {
        let header = "arrival_s,departure_s,vcpu,mem_mib,gpu";
        check(
            &format!("{header}\n0,1,1,1,0.46\n0,1,1,1,2"),
            "0-1000 [1000, 1, 0, 0, 460]\n0-1000 [1000, 1, 0, 0, 2000]",
        );
        check(
            &format!("{header}\n0,1,1,1,1.5\n0,1,1,1,1.001"),
            "2:9+3 `1.5` is neither a part of one GPU nor whole ones (ask for up to 1 GPU, or for whole ones)\n\
             3:9+5 `1.001` is neither a part of one GPU nor whole ones (ask for up to 1 GPU, or for whole ones)",
        );
    }

    #[test]
    fn names_are_bounded() {
        let long = "x".repeat(257);
        let header = "arrival_s,departure_s,flavor,tenant";
        check(
            &format!("{header}\n0,1,{long},a\0b\n0,1,m,\"a\nb\""),
            "2:5+257 `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` is too long for a name (a name has at most 256 bytes)\n\
             2:263+3 `a␀b` has a control character in it (names are one line of printable text)\n\
             3:7+2 `a␊b` has a control character in it (names are one line of printable text)",
        );
        let mut many = "arrival_s,departure_s,flavor\n".to_owned();
        for tenant in 0..=NAMES_MAX {
            many += &format!("0,1,f{tenant}\n");
        }
        check(
            &many,
            "65538:5+6 the file names more than 65,536 flavors (does this column hold something else, such as an id of each request?)",
        );
    }

    #[test]
    fn rows_are_bounded() {
        let csv = b"arrival_s,departure_s,flavor\n0,1,m\n0,1,m\n0,1,m\n";
        let mut problems = Problems::default();
        let rows = Rows::open("t.csv", reader(csv), &[], 2, &mut problems).expect("a good header");
        assert_eq!(survey_rows(rows, &[], &mut problems).map(|survey| survey.rows), Some(3));
        assert_eq!(
            short(&problems),
            "4:1+1 the file has more than 2 rows (split it, or take a sample)"
        );
    }

    #[test]
    fn problems_are_bounded() {
        let csv = format!("arrival_s,departure_s,flavor\n{}", "x,1,m\n".repeat(1_000));
        let (survey, problems) = survey_of(csv.as_bytes());
        assert_eq!((survey, problems.list.len(), problems.more), (None, 100, 900));
    }

    #[track_caller]
    fn check_drawn(bytes: &[u8], expected: Expect) {
        let (survey, problems) = survey_of(bytes);
        assert_eq!(survey, None);
        expected.assert_eq(&drawn(&problems));
    }

    #[test]
    fn a_problem_shows_its_line() {
        check_drawn(
            b"arrival_s,departure_s,vcpu,mem_mib\r\n0,300,many,14336\r\n",
            expect![[r#"
                t.csv:2:7: `many` is not a number
                | 0,300,many,14336
                |       ^^^^
                hint: a number of vCPU such as `4` or `0.5`, to the thousandth, at most 2^50 of these
            "#]],
        );
        check_drawn(
            b"arrival_s,departure_s,flavor\n0,1,caf\xe9\n",
            expect![[r#"
            t.csv:2:5: this is not UTF-8 text
            | 0,1,caf�
            |     ^^^^
            hint: save the file as UTF-8
        "#]],
        );
        check_drawn(
            "arrival_s,departure_s,flavor\n0,é,ü\n".as_bytes(),
            expect![[r#"
            t.csv:2:3: `é` is not a number
            | 0,é,ü
            |   ^
            hint: seconds such as `90` or `0.25`, at most 1,000 years, or blank: it stays
        "#]],
        );
        let long = format!("arrival_s,departure_s,tenant,flavor\n0,1,{0},{0}\n", "y".repeat(300));
        check_drawn(
            long.as_bytes(),
            expect![[r#"
            t.csv:2:306: `yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…` is too long for a name
            | …yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy,yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…
            |                                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            hint: a name has at most 256 bytes
            t.csv:2:5: `yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…` is too long for a name
            | 0,1,yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…
            |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            hint: a name has at most 256 bytes
        "#]],
        );
    }

    /// The trace of the Azure scenario, if it is beside the repository.
    #[test]
    fn the_azure_trace_is_read_to_its_last_row() {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/azure_v1/window_a.csv.gz");
        let Ok(bytes) = std::fs::read(path) else {
            println!("skipped: there is no {path}");
            return;
        };
        let (survey, problems) = survey_of(&bytes);
        assert_eq!(short(&problems), "warning 1:49+5 columns not used: batch, censored");
        let survey = survey.expect("the trace is good");
        assert!(survey.is_sorted);
        assert_eq!(survey.rows, 259_159);
        let mut sums = [0_u64; 5];
        for row in rows("t.csv", reader(&bytes), &[]).expect("the trace is good") {
            let row = row.expect("the trace is good");
            assert_eq!(row.name, None);
            sums[0] += row.arrival_ms;
            sums[1] += row.departure_ms.unwrap_or(0);
            sums[2] += u64::from(row.departure_ms.is_none());
            sums[3] += row.amounts[0] as u64;
            sums[4] += row.amounts[1] as u64;
        }
        assert_eq!(sums, AZURE_SUMS);
        assert_eq!(survey.last_ms, 330_000_000);
    }

    /// Arrivals and departures in ms, VMs that stay, milli-vCPU and MiB, by Python's `csv`.
    const AZURE_SUMS: [u64; 5] =
        [39_453_441_600_000, 38_422_996_650_000, 14_317, 557_907_000, 1_059_444_480];

    fn agree(bytes: &[u8]) {
        let (survey, problems) = survey_of(bytes);
        assert_eq!(survey.is_none(), problems.has_errors());
        if let Some(survey) = survey {
            let rows = rows("t.csv", reader(bytes), &own()).expect("the survey found no error");
            let read = rows.filter_map(Result::ok).count();
            assert_eq!(read as u64, survey.rows);
        }
        for problem in &problems.list {
            let place = problem.place.as_ref().expect("every problem is in the file");
            assert!(place.text.chars().count() <= 120 && place.width >= 1);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_trace_or_a_problem(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            agree(&bytes);
            agree(&[b"arrival_s,lifetime_s,vcpu,mem_gib,tenant,vm_id\n", &bytes[..]].concat());
            agree(&[&[0x1f, 0x8b, 8, 0], &bytes[..]].concat());
        }

        #[test]
        fn survey_and_rows_agree(
            lines in prop::collection::vec("[0-9]{1,3},[0-9]{0,2}(\\.[0-9])?,[0-9],[0-9],[a\"]?", 0..9)
        ) {
            agree(format!("arrival_s,lifetime_s,vcpu,mem_gib,tenant\n{}", lines.join("\n")).as_bytes());
        }

        #[test]
        fn a_cut_gzip_file_is_always_noticed(cut in 1_usize..90) {
            let whole = gzip(b"arrival_s,departure_s,vcpu,mem_mib\n0,300,8,14336\n1,2,3,4\n");
            let cut = cut.min(whole.len() - 2);
            let (survey, _) = survey_of(&whole[..whole.len() - cut]);
            prop_assert_eq!(survey, None);
        }
    }
}
