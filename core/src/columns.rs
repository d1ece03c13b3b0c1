//! The columns of a table: which are there, what they are called, and how their fields are read.

use crate::decimal::{self, Fault, Measure, Round};
use crate::problem::{Problem, Problems, Severity};
use crate::resources::{AMOUNT_MAX, Builtin};
use crate::table::{Part, Table, report, shown};
use crate::time::TIME_MS_MAX;

/// The header of a table, while the columns are picked from it.
pub(crate) struct Header {
    /// Their names as written, lossy where they are not UTF-8.
    names: Vec<String>,
    /// Whether something asked for it.
    is_used: Vec<bool>,
    /// Every name that could have been there.
    known: Vec<String>,
}

impl Header {
    /// Reads the names. Two columns of one name are an error.
    pub(crate) fn new(table: &Table, problems: &mut Problems) -> Self {
        let mut names = Vec::new();
        for column in 0..table.columns() {
            let field = table.field(column);
            if std::str::from_utf8(field).is_err() {
                report(problems, || table.not_utf8(Part::Field(column)));
            }
            names.push(String::from_utf8_lossy(field).into_owned());
        }
        let mut seen = std::collections::BTreeSet::new();
        for (column, name) in names.iter().enumerate() {
            if !name.is_empty() && !seen.insert(name.as_str()) {
                let message = format!("a second column is called `{}`", shown(name.as_bytes()));
                let hint = "which one counts? remove or rename the other";
                report(problems, || table.problem(Part::Field(column), message, hint));
            }
        }
        let is_used = vec![false; names.len()];
        Self { names, is_used, known: Vec::new() }
    }

    /// The column with one of these names, and which of them it has. Several are an error: they
    /// would say the same thing twice.
    pub(crate) fn one_of(
        &mut self,
        names: &[&str],
        table: &Table,
        problems: &mut Problems,
    ) -> Option<(usize, usize)> {
        self.known.extend(names.iter().map(|&name| name.to_owned()));
        let mut found: Option<(usize, usize)> = None;
        for column in 0..self.names.len() {
            let Some(which) = names.iter().position(|name| *name == self.names[column]) else {
                continue;
            };
            self.is_used[column] = true;
            match found {
                None => found = Some((column, which)),
                // Two of the very same name were reported with the header.
                Some((_, first)) if first == which => {}
                Some((_, first)) => {
                    let message =
                        format!("`{}` and `{}` say the same thing", names[first], names[which]);
                    let hint = "keep one of the two columns";
                    report(problems, || table.problem(Part::Field(column), message, hint));
                }
            }
        }
        found
    }

    /// The column of this name.
    pub(crate) fn one(
        &mut self,
        name: &str,
        table: &Table,
        problems: &mut Problems,
    ) -> Option<usize> {
        self.one_of(&[name], table, problems).map(|(column, _)| column)
    }

    /// The columns called `PREFIX…`, with what follows the prefix.
    pub(crate) fn prefixed(&mut self, prefix: &str) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for (column, name) in self.names.iter().enumerate() {
            if let Some(rest) = name.strip_prefix(prefix) {
                self.is_used[column] = true;
                found.push((column, rest.to_owned()));
            }
        }
        found
    }

    /// Reports that none of these columns is there; `message` says it. To be called once all
    /// others were picked: a name near to it that nobody uses is probably it.
    pub(crate) fn missing(
        &self,
        names: &[&str],
        message: &str,
        otherwise: &str,
        table: &Table,
        problems: &mut Problems,
    ) {
        let near = self.unused().find_map(|column| {
            nearest(&self.names[column], names.iter().copied()).map(|name| (column, name))
        });
        let (part, hint) = match near {
            Some((column, name)) => {
                let written = shown(self.names[column].as_bytes());
                (Part::Field(column), format!("rename `{written}` to `{name}`"))
            }
            None => (Part::Start, self.way_out().unwrap_or(otherwise).to_owned()),
        };
        report(problems, || table.problem(part, message, &hint));
    }

    /// One warning that names all columns that nothing uses.
    pub(crate) fn warn_unused(&self, table: &Table, problems: &mut Problems) {
        let unused: Vec<usize> = self.unused().collect();
        let Some(&first) = unused.first() else { return };
        let mut names: Vec<String> = Vec::new();
        for &column in unused.iter().take(NAMES_MAX) {
            names.push(match shown(self.names[column].as_bytes()) {
                name if name.is_empty() => format!("column {} (without a name)", column + 1),
                name => name,
            });
        }
        let mut message = format!("columns not used: {}", names.join(", "));
        if unused.len() > NAMES_MAX {
            message += &format!(" and {} more", unused.len() - NAMES_MAX);
        }
        let near = unused.iter().find_map(|&column| {
            nearest(&self.names[column], self.known.iter().map(String::as_str))
                .filter(|name| !self.names.iter().any(|other| other == name))
        });
        let hint = near.map(|name| format!("did you mean `{name}`?")).unwrap_or_default();
        let problem = table.problem(Part::Field(first), message, &hint);
        problems.push(Problem { severity: Severity::Warning, ..*problem });
    }

    fn unused(&self) -> impl Iterator<Item = usize> {
        (0..self.names.len()).filter(|&column| !self.is_used[column])
    }

    /// What is wrong with a header that has nothing of what it should.
    fn way_out(&self) -> Option<&'static str> {
        if self.is_used.iter().any(|&is_used| is_used) {
            return None;
        }
        let any_number = Measure { per_one: 1, round: Round::Half, units_max: u64::MAX };
        let is_number = |name: &String| {
            let read = decimal::read(name.as_bytes(), any_number);
            matches!(read, Ok(_) | Err(Fault::Negative | Fault::TooLarge))
        };
        if self.names.iter().any(is_number) {
            return Some("the first line must name the columns");
        }
        let [only] = self.names.as_slice() else { return None };
        only.contains([';', '\t']).then_some("commas separate the columns, nothing else")
    }
}

/// How many columns the warning names.
const NAMES_MAX: usize = 20;

/// The one of `names` that was probably meant.
fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if written.len() > 64 {
        return None;
    }
    let written = written.to_ascii_lowercase();
    let near = names.map(|name| (strsim::jaro_winkler(&written, name), name));
    let best = near.max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness >= 0.87).map(|(_, name)| name)
}

/// A column of numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    pub(crate) column: usize,
    pub(crate) measure: Measure,
    /// What a good value looks like.
    pub(crate) hint: &'static str,
}

/// What a field of numbers holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Value(u64),
    Blank,
    /// It was reported.
    Bad,
}

impl Cell {
    /// The value; 0 where there is none.
    pub(crate) fn or_zero(self) -> u64 {
        if let Self::Value(value) = self { value } else { 0 }
    }
}

impl Numbers {
    /// Reads the field of the record at hand.
    #[inline]
    pub(crate) fn read(&self, table: &Table, problems: &mut Problems) -> Cell {
        let field = table.field(self.column);
        if field.is_empty() {
            return Cell::Blank;
        }
        match decimal::read(field, self.measure) {
            Ok(value) => Cell::Value(value),
            Err(fault) => {
                report(problems, || self.problem(table, field, fault));
                Cell::Bad
            }
        }
    }

    #[cold]
    fn problem(&self, table: &Table, field: &[u8], fault: Fault) -> Box<Problem> {
        let part = Part::Field(self.column);
        if std::str::from_utf8(field).is_err() {
            return table.not_utf8(part);
        }
        let what = match fault {
            Fault::NotANumber => "is not a number",
            Fault::NotFinite => "is not a finite number",
            Fault::Negative => "is below 0",
            Fault::TooLarge => "is too large",
            Fault::TooFine => "is finer than can be counted",
        };
        table.problem(part, format!("`{}` {what}", shown(field)), self.hint)
    }
}

/// A column of resource amounts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) kind: Builtin,
    pub(crate) numbers: Numbers,
}

/// The names of the columns of vCPU.
pub(crate) const CPU_NAMES: [&str; 3] = ["vcpu", "vcpus", "cpu"];
/// The names of the columns of memory.
pub(crate) const MEMORY_NAMES: [&str; 4] = ["mem_mib", "memory_mib", "mem_gib", "memory_gib"];

/// The columns of one builtin kind: their names, the units in one of each, and what is right.
type SizeNames = (Builtin, &'static [&'static str], &'static [u64], &'static str);

const SIZES: [SizeNames; 5] = [
    (
        Builtin::Cpu,
        &CPU_NAMES,
        &[1_000; 3],
        "a number of vCPU such as `4` or `0.5`, to the thousandth, at most 2^50 of these",
    ),
    (
        Builtin::Memory,
        &MEMORY_NAMES,
        &[1, 1, 1_024, 1_024],
        "a plain number such as `4096`, at most 2^50 MiB; the column's name says the unit",
    ),
    (Builtin::Disk, &["disk_gib"], &[1], "a plain number of GiB such as `100`, at most 2^50"),
    (
        Builtin::Network,
        &["network_mbit"],
        &[1],
        "a plain number of Mbit/s such as `500`, at most 2^50",
    ),
    (
        Builtin::Gpu,
        &["gpu", "gpu_milli"],
        &[1_000, 1],
        "GPUs in `gpu`, such as `0.25`, or thousandths in `gpu_milli`, such as `250`",
    ),
];

/// Picks the columns of the builtin kinds. A fraction of a MiB, GiB or Mbit/s goes as `round`
/// says; fractions of a milli-vCPU or milli-GPU are errors.
pub(crate) fn sizes(
    header: &mut Header,
    round: Round,
    table: &Table,
    problems: &mut Problems,
) -> Vec<Sizes> {
    let mut sizes = Vec::new();
    for (kind, names, per_one, hint) in SIZES {
        if let Some((column, which)) = header.one_of(names, table, problems) {
            let round = match kind {
                Builtin::Cpu | Builtin::Gpu => Round::Exact,
                Builtin::Memory | Builtin::Disk | Builtin::Network => round,
            };
            let measure = Measure { per_one: per_one[which], round, units_max: AMOUNT_MAX as u64 };
            sizes.push(Sizes { kind, numbers: Numbers { column, measure, hint } });
        }
    }
    sizes
}

/// Picks the columns of the scenario's own kinds: positions in `kinds`, and their numbers. To be
/// called once all others were picked: their names are taken.
pub(crate) fn own_sizes(
    header: &mut Header,
    kinds: &[String],
    table: &Table,
    problems: &mut Problems,
) -> Vec<(usize, Numbers)> {
    let mut sizes = Vec::new();
    for (kind, name) in kinds.iter().enumerate() {
        if header.known.contains(name) {
            if let Some(column) = header.names.iter().position(|written| written == name) {
                let message = format!("`{name}` is also a resource of the scenario");
                let hint = "give the resource another name";
                report(problems, || table.problem(Part::Field(column), message, hint));
            }
            continue;
        }
        if let Some(column) = header.one(name, table, problems) {
            let measure = Measure { per_one: 1, round: Round::Exact, units_max: AMOUNT_MAX as u64 };
            let hint = "a whole number, at most 2^50";
            sizes.push((kind, Numbers { column, measure, hint }));
        }
    }
    sizes
}

/// A column of seconds, read as ms.
pub(crate) fn seconds(column: usize) -> Numbers {
    let measure = Measure { per_one: 1_000, round: Round::Half, units_max: TIME_MS_MAX };
    let hint = "seconds such as `90` or `0.25`, at most 1,000 years";
    Numbers { column, measure, hint }
}
