//! A table from a CSV file: one record at a time, plain or gzip, in bounded memory.
//!
//! The bytes of the record at hand stay in the read buffer until the next one is asked for. So a
//! problem can show the very line it is about, and good rows pay nothing for that.

use std::io::{Cursor, ErrorKind, Read};

use csv_core::ReadRecordResult;

use crate::problem::{PROBLEMS_MAX, Place, Problem, Problems, Severity};

/// The longest record, in bytes as written, line ends included.
pub(crate) const RECORD_BYTES_MAX: usize = 1 << 20;

/// The most columns.
pub(crate) const COLUMNS_MAX: usize = 1_024;

/// The longest name (of a tenant, a host, a label …), in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 256;

/// What is read in one go, at first; the buffer grows when a record needs it.
const BUFFER_BYTES: usize = 1 << 16;

/// A CSV file, positioned at one of its records.
pub(crate) struct Table {
    file: String,
    reader: Box<dyn Read>,
    parser: csv_core::Reader,
    /// What was read; `record_from..parsed` is the record at hand, `parsed..filled` comes next.
    buffer: Vec<u8>,
    record_from: usize,
    parsed: usize,
    filled: usize,
    is_at_end: bool,
    /// The fields of the record at hand without their quotes, one behind the other.
    text: Vec<u8>,
    /// Where in `text` each of them ends.
    ends: Vec<usize>,
    columns: usize,
    /// How many fields the first record has; 0 before it was read.
    columns_expected: usize,
    /// Newlines before `record_from`.
    lines_before: u64,
    rows: u64,
    rows_max: u64,
    is_over: bool,
}

/// What part of the record at hand a problem is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The field of this column, from 0.
    Field(usize),
    /// What stands behind the last field.
    End,
    /// Its first character.
    Start,
}

impl Table {
    /// A table of at most `rows_max` rows, standing at its header.
    ///
    /// # Errors
    /// The file cannot be read, or has no header.
    pub(crate) fn open(
        file: &str,
        reader: Box<dyn Read>,
        rows_max: u64,
    ) -> Result<Self, Box<Problem>> {
        let mut table = Self {
            file: file.to_owned(),
            reader,
            parser: csv_core::Reader::new(),
            buffer: vec![0; BUFFER_BYTES],
            record_from: 0,
            parsed: 0,
            filled: 0,
            is_at_end: false,
            text: vec![0; BUFFER_BYTES],
            ends: vec![0; COLUMNS_MAX + 1],
            columns: 0,
            columns_expected: 0,
            lines_before: 0,
            rows: 0,
            rows_max,
            is_over: false,
        };
        table.unwrap_gzip()?;
        if !table.read_record()? {
            let hint = "the first line names the columns, then comes one line a row";
            return Err(table.problem_of_file("the file is empty", Some(hint)));
        }
        table.check_quotes()?;
        table.columns_expected = table.columns;
        Ok(table)
    }

    /// Goes to the next row. `None` behind the last one and behind a problem that cannot be
    /// passed; `Some(Err(_))` for a row of the wrong length too, and the next call goes on.
    pub(crate) fn next_row(&mut self) -> Option<Result<(), Box<Problem>>> {
        if self.is_over {
            return None;
        }
        match self.read_record() {
            Ok(true) => {}
            Ok(false) => {
                self.is_over = true;
                return None;
            }
            Err(problem) => {
                self.is_over = true;
                return Some(Err(problem));
            }
        }
        if self.rows == self.rows_max {
            self.is_over = true;
            let message = format!("the file has more than {} rows", grouped(self.rows_max));
            return Some(Err(self.problem(Part::Start, message, "split it, or take a sample")));
        }
        self.rows += 1;
        if let Err(problem) = self.check_quotes() {
            return Some(Err(problem));
        }
        if self.columns != self.columns_expected {
            return Some(Err(self.wrong_length()));
        }
        Some(Ok(()))
    }

    /// The fields of the record at hand.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The field of a column, without its quotes and the blanks around it.
    ///
    /// # Panics
    /// If the record at hand has no such column.
    pub(crate) fn field(&self, column: usize) -> &[u8] {
        let from = if column == 0 { 0 } else { self.ends[column - 1] };
        trimmed(&self.text[from..self.ends[column]])
    }

    /// The field of a column as a name: `None` when blank.
    ///
    /// # Errors
    /// It is not UTF-8, longer than [`TEXT_BYTES_MAX`], begins with a quote, or holds a control
    /// character.
    pub(crate) fn name(&self, column: usize) -> Result<Option<&str>, Box<Problem>> {
        let field = self.field(column);
        if field.is_empty() {
            return Ok(None);
        }
        let part = Part::Field(column);
        let text = std::str::from_utf8(field).map_err(|_| self.not_utf8(part))?;
        if text.len() > TEXT_BYTES_MAX {
            let message = format!("`{}` is too long for a name", shown(field));
            let hint = format!("a name has at most {TEXT_BYTES_MAX} bytes");
            return Err(self.problem(part, message, &hint));
        }
        if text.starts_with('"') {
            let message = format!("`{}` begins with a quote", shown(field));
            let hint = "no blank may stand between a comma and a quote";
            return Err(self.problem(part, message, hint));
        }
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            let message = format!("`{}` has a control character in it", shown(field));
            return Err(self.problem(part, message, "names are one line of printable text"));
        }
        Ok(Some(text))
    }

    /// The line on which the record at hand begins, from 1.
    pub(crate) fn line(&self) -> u32 {
        let blank = self.buffer[self.record_from..self.record_start()].iter();
        let newlines = blank.filter(|&&byte| byte == b'\n').count() as u64;
        u32::try_from(self.lines_before + newlines + 1).unwrap_or(u32::MAX)
    }

    /// An error about a part of the record at hand.
    #[cold]
    pub(crate) fn problem(
        &self,
        part: Part,
        message: impl Into<String>,
        hint: &str,
    ) -> Box<Problem> {
        Box::new(Problem {
            severity: Severity::Error,
            message: message.into(),
            place: Some(self.place(part)),
            hint: (!hint.is_empty()).then(|| hint.to_owned()),
        })
    }

    /// An error about the file as a whole.
    #[cold]
    pub(crate) fn problem_of_file(
        &self,
        message: impl Into<String>,
        hint: Option<&str>,
    ) -> Box<Problem> {
        let place = Place {
            file: self.file.clone(),
            line: 0,
            column: 0,
            width: 1,
            text: String::new(),
            offset: 0,
        };
        Box::new(Problem {
            severity: Severity::Error,
            message: message.into(),
            place: Some(place),
            hint: hint.map(str::to_owned),
        })
    }

    /// The error about bytes that are no text.
    #[cold]
    pub(crate) fn not_utf8(&self, part: Part) -> Box<Problem> {
        self.problem(part, "this is not UTF-8 text", "save the file as UTF-8")
    }

    /// Looks at the first bytes: unwraps gzip, turns away what is neither gzip nor text, passes
    /// over a byte order mark.
    fn unwrap_gzip(&mut self) -> Result<(), Box<Problem>> {
        self.fill_at_least(MAGIC_BYTES)?;
        if self.buffer[..self.filled].starts_with(&GZIP) {
            let head = Cursor::new(self.buffer[..self.filled].to_vec());
            let rest = std::mem::replace(&mut self.reader, Box::new(std::io::empty()));
            self.reader = Box::new(flate2::read::MultiGzDecoder::new(head.chain(rest)));
            (self.filled, self.is_at_end) = (0, false);
            self.fill_at_least(MAGIC_BYTES)?;
        }
        let head = &self.buffer[..self.filled];
        if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
            let message = format!("this is {what}, not a CSV file");
            return Err(self.problem_of_file(message, Some("plain CSV or gzip is read here")));
        }
        if head.starts_with(b"\xef\xbb\xbf") {
            (self.record_from, self.parsed) = (3, 3);
        }
        Ok(())
    }

    fn fill_at_least(&mut self, bytes: usize) -> Result<(), Box<Problem>> {
        while self.filled < bytes && !self.is_at_end {
            self.fill()?;
        }
        Ok(())
    }

    /// Reads the next record; `false` at the end of the file.
    fn read_record(&mut self) -> Result<bool, Box<Problem>> {
        self.record_from = self.parsed;
        self.lines_before = self.parser.line() - 1;
        let (mut text_bytes, mut columns) = (0, 0);
        loop {
            if self.parsed == self.filled && !self.is_at_end {
                self.make_room()?;
                self.fill()?;
                continue;
            }
            let (result, read, written, ended) = self.parser.read_record(
                &self.buffer[self.parsed..self.filled],
                &mut self.text[text_bytes..],
                &mut self.ends[columns..],
            );
            self.parsed += read;
            text_bytes += written;
            columns += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => {
                    // Fields are never longer than what they are written in.
                    self.text.resize(self.text.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull => return Err(self.too_many_columns()),
                ReadRecordResult::Record if columns > COLUMNS_MAX => {
                    return Err(self.too_many_columns());
                }
                ReadRecordResult::Record => {
                    self.columns = columns;
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    /// Makes room behind what was read: moves the record at hand to the front, or grows.
    fn make_room(&mut self) -> Result<(), Box<Problem>> {
        // Blank lines before the record are not part of it, however many.
        let start = self.record_start();
        self.lines_before = u64::from(self.line()) - 1;
        self.record_from = start;
        if self.lines_before >= u64::from(u32::MAX) - 1 {
            return Err(self.problem_of_file("the file has more than 4,294,967,294 lines", None));
        }
        if self.filled - start >= RECORD_BYTES_MAX {
            self.look_at_quotes()?;
            let hint = "are the line ends missing, or is this another kind of file?";
            return Err(self.problem(Part::Start, "this line is longer than 1 MiB", hint));
        }
        if start > 0 {
            self.buffer.copy_within(start..self.filled, 0);
            self.filled -= start;
            self.parsed -= start;
            self.record_from = 0;
        }
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        Ok(())
    }

    /// Reads more bytes into the room behind what was read.
    fn fill(&mut self) -> Result<(), Box<Problem>> {
        loop {
            match self.reader.read(&mut self.buffer[self.filled..]) {
                Ok(bytes) => {
                    self.is_at_end = bytes == 0;
                    self.filled += bytes;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.unreadable(&error)),
            }
        }
    }

    /// Where the record at hand begins, behind the line ends before it.
    fn record_start(&self) -> usize {
        let raw = &self.buffer[self.record_from..self.parsed];
        self.record_from + raw.iter().take_while(|byte| is_line_end(**byte)).count()
    }

    /// The bytes of the record at hand, as written, without line ends around it.
    fn raw(&self) -> &[u8] {
        let mut raw = &self.buffer[self.record_start()..self.parsed];
        while let [rest @ .., last] = raw
            && is_line_end(*last)
        {
            raw = rest;
        }
        raw
    }

    /// Turns away quotes that join what does not belong together. The parser would take them.
    #[inline]
    fn check_quotes(&self) -> Result<(), Box<Problem>> {
        // Without quotes, every byte is in a field, or ends one; the last line may lack its end.
        let text_bytes = self.ends[self.columns - 1];
        let is_last = self.is_at_end && self.parsed == self.filled;
        if self.parsed - self.record_start() == text_bytes + self.columns && !is_last {
            return Ok(());
        }
        self.look_at_quotes()
    }

    #[cold]
    fn look_at_quotes(&self) -> Result<(), Box<Problem>> {
        let raw = self.raw();
        let mut from = 0;
        loop {
            let field = written_field(raw, from);
            let (message, hint) = match field.quote {
                Quote::Open => (
                    "the quote that opens here is never closed",
                    "close it, or write a quote inside a value twice: `\"\"`",
                ),
                Quote::ClosedBefore(at) => {
                    from = at;
                    (
                        "the value in quotes goes on behind them",
                        "is a quote before it never closed? inside a value, write it twice: `\"\"`",
                    )
                }
                Quote::Fine if field.to >= raw.len() => return Ok(()),
                Quote::Fine => {
                    from = field.to + 1;
                    continue;
                }
            };
            let mut problem = self.problem(Part::Start, message, hint);
            problem.place = Some(self.place_at(from, from + 1));
            return Err(problem);
        }
    }

    #[cold]
    fn place(&self, part: Part) -> Place {
        let raw = self.raw();
        let (from, to) = match part {
            Part::Start => (0, 0),
            Part::End => (raw.len(), raw.len()),
            Part::Field(column) => {
                let mut from = 0;
                for _ in 0..column {
                    from = (written_field(raw, from).to + 1).min(raw.len());
                }
                let field = &raw[from..written_field(raw, from).to];
                let blank = field.len() - field.trim_ascii_start().len();
                let inner = trimmed(field).len();
                if inner == 0 { (from, from) } else { (from + blank, from + blank + inner) }
            }
        };
        self.place_at(from, to)
    }

    /// The place of some bytes of the record at hand.
    #[cold]
    fn place_at(&self, from: usize, to: usize) -> Place {
        let raw = self.raw();
        let line_from = raw[..from].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let line_to =
            raw[from..].iter().position(|&byte| byte == b'\n').map_or(raw.len(), |at| from + at);
        let newlines = raw[..from].iter().filter(|&&byte| byte == b'\n').count();
        let chars = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().count();
        let before = chars(&raw[line_from..from]);
        let width = chars(&raw[from..to.clamp(from, line_to)]).max(1);
        let (text, offset) = cut(&raw[line_from..line_to], before);
        Place {
            file: self.file.clone(),
            line: self.line().saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX)),
            column: u32::try_from(before + 1).expect("a record has at most a million characters"),
            width: u32::try_from(width).expect("a record has at most a million characters"),
            text,
            offset: u32::try_from(offset).expect("a record has at most a million characters"),
        }
    }

    #[cold]
    fn wrong_length(&self) -> Box<Problem> {
        let (has, needs) = (self.columns, self.columns_expected);
        let message = format!(
            "this row has {has} field{}, and there are {needs} column{}",
            if has == 1 { "" } else { "s" },
            if needs == 1 { "" } else { "s" }
        );
        let lines = self.raw().iter().filter(|&&byte| byte == b'\n').count();
        let hint = if lines > 0 {
            format!("a quote joins this line with the next {lines}: is one missing or too many?")
        } else if has > needs {
            "does a value have a comma in it? put it in quotes: `\"a,b\"`".to_owned()
        } else {
            "leave a field blank, but keep its comma".to_owned()
        };
        let part = if has > needs { Part::Field(needs) } else { Part::End };
        self.problem(part, message, &hint)
    }

    #[cold]
    fn too_many_columns(&self) -> Box<Problem> {
        let message = format!("this line has more than {} columns", grouped(COLUMNS_MAX as u64));
        self.problem(Part::Field(COLUMNS_MAX), message, "a row is a line of its own")
    }

    #[cold]
    fn unreadable(&self, error: &std::io::Error) -> Box<Problem> {
        let (message, hint) = match error.kind() {
            ErrorKind::UnexpectedEof => {
                ("the compressed data ends too early".to_owned(), "was the file copied completely?")
            }
            ErrorKind::InvalidData | ErrorKind::InvalidInput => (
                "the compressed data is damaged".to_owned(),
                "test it with `gzip -t`, or copy it again",
            ),
            _ => (format!("the file cannot be read further: {error}"), ""),
        };
        self.problem(Part::End, message, hint)
    }
}

/// Adds a problem. When the list is full, it is only counted and not even made.
pub(crate) fn report(problems: &mut Problems, problem: impl FnOnce() -> Box<Problem>) {
    if problems.list.len() < PROBLEMS_MAX {
        problems.push(*problem());
    } else {
        problems.more += 1;
    }
}

/// Reads something, and hands on what is wrong with it. `None` if there is an error among that,
/// whatever `problems` held before.
pub(crate) fn without_errors<T>(
    problems: &mut Problems,
    read: impl FnOnce(&mut Problems) -> Option<T>,
) -> Option<T> {
    let mut found = Problems::default();
    let value = read(&mut found).filter(|_| !found.has_errors());
    found.list.into_iter().for_each(|problem| problems.push(problem));
    problems.more += found.more;
    value
}

/// How many problems there were so far.
pub(crate) fn count(problems: &Problems) -> u64 {
    problems.list.len() as u64 + problems.more
}

/// What the user typed, fit for a message: one line, no control characters, not too long.
pub(crate) fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(4 * SHOWN_CHARS_MAX)]);
    let mut chars = text.chars().map(printable);
    let mut shown: String = chars.by_ref().take(SHOWN_CHARS_MAX).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

/// A count as `1,234,567`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How much of a value a message repeats.
const SHOWN_CHARS_MAX: usize = 40;

/// How much of a line a problem carries, and how much of that stands before the column.
const LINE_CHARS_MAX: usize = 120;
const LINE_CHARS_BEFORE: usize = 50;

pub(crate) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// As many bytes as tell one kind of file from another.
const MAGIC_BYTES: usize = 6;

/// Files that people have in the place of a CSV file.
pub(crate) const FOREIGN: [(&[u8], &str); 8] = [
    (&GZIP, "gzip inside gzip"),
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"PAR1", "a Parquet file"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
];

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Without the blanks around it.
fn trimmed(text: &[u8]) -> &[u8] {
    match text {
        [first, .., last] if *first > b' ' && *last > b' ' => text,
        _ => text.trim_ascii(),
    }
}

/// A field as written: where it ends, and what is wrong with its quotes.
struct WrittenField {
    to: usize,
    quote: Quote,
}

enum Quote {
    /// Nothing.
    Fine,
    /// It opens and is never closed.
    Open,
    /// It closes, and the field goes on from here.
    ClosedBefore(usize),
}

/// The field that begins at `from`, by the same rules as [`csv_core`].
fn written_field(raw: &[u8], from: usize) -> WrittenField {
    let mut at = from;
    let is_quoted = raw.get(at) == Some(&b'"');
    if is_quoted {
        at += 1;
        loop {
            match raw.get(at) {
                None => return WrittenField { to: raw.len(), quote: Quote::Open },
                Some(b'"') if raw.get(at + 1) == Some(&b'"') => at += 2,
                Some(b'"') => break,
                Some(_) => at += 1,
            }
        }
        at += 1;
    }
    let comma = raw.get(at..).unwrap_or_default().iter().position(|&byte| byte == b',');
    let to = comma.map_or(raw.len(), |comma| at + comma);
    let quote = if is_quoted && to > at { Quote::ClosedBefore(at) } else { Quote::Fine };
    WrittenField { to, quote }
}

/// The characters of a line around one of them, and how many are left out before. An `…` stands
/// for the first or last one shown where there are more.
pub(crate) fn cut(line: &[u8], around: usize) -> (String, usize) {
    let line = String::from_utf8_lossy(line);
    let chars = line.chars().count();
    if chars <= LINE_CHARS_MAX {
        return (line.chars().map(printable).collect(), 0);
    }
    let offset = around.saturating_sub(LINE_CHARS_BEFORE).min(chars - LINE_CHARS_MAX);
    let end = offset + LINE_CHARS_MAX;
    let kept = line.chars().enumerate().skip(offset).take(LINE_CHARS_MAX);
    let kept = kept.map(|(at, char)| {
        let is_cut = (at == offset && offset > 0) || (at + 1 == end && end < chars);
        if is_cut { '…' } else { printable(char) }
    });
    (kept.collect(), offset)
}

/// A sign of the same width for a character that a terminal would act on.
fn printable(char: char) -> char {
    match char {
        '\t' => ' ',
        '\0'..'\x20' => char::from_u32(0x2400 + u32::from(char)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        // Bidirectional controls reorder what stands around them.
        '\u{80}'..'\u{a0}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ => char,
    }
}

/// What the tests of all tables share.
#[cfg(test)]
pub(crate) mod testing {
    use std::io::{Cursor, Read, Write};

    use crate::problem::{Problems, Severity};

    /// A reader over a few bytes.
    pub(crate) fn reader(bytes: &[u8]) -> Box<dyn Read> {
        Box::new(Cursor::new(bytes.to_vec()))
    }

    /// The same bytes compressed.
    pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("a vector takes all bytes");
        encoder.finish().expect("a vector takes all bytes")
    }

    /// One line a problem: `LINE:COLUMN+WIDTH message (hint)`.
    pub(crate) fn short(problems: &Problems) -> String {
        let lines = problems.list.iter().map(|problem| {
            let place = problem.place.as_ref().expect("every problem is in the file");
            let severity = if problem.severity == Severity::Warning { "warning " } else { "" };
            let hint = problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            let (line, column, width) = (place.line, place.column, place.width);
            format!("{severity}{line}:{column}+{width} {}{hint}", problem.message)
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Problems as a terminal would show them.
    pub(crate) fn drawn(problems: &Problems) -> String {
        let mut drawn = String::new();
        for problem in &problems.list {
            let place = problem.place.as_ref().expect("every problem is in the file");
            let indent = (place.column.max(1) - 1 - place.offset) as usize;
            let width = (place.width as usize).min(place.text.chars().count() - indent).max(1);
            drawn +=
                &format!("{}:{}:{}: {}\n", place.file, place.line, place.column, problem.message);
            drawn += &format!("| {}\n| {}{}\n", place.text, " ".repeat(indent), "^".repeat(width));
            if let Some(hint) = &problem.hint {
                drawn += &format!("hint: {hint}\n");
            }
        }
        drawn
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::{gzip, reader, short};
    use super::*;

    /// The rows as `a|b`, one a line, and the problem that ends them.
    fn read(reader: Box<dyn Read>) -> String {
        let mut table = match Table::open("t.csv", reader, 1_000_000) {
            Ok(table) => table,
            Err(problem) => return short(&Problems { list: vec![*problem], more: 0 }),
        };
        let mut lines = Vec::new();
        while let Some(row) = table.next_row() {
            lines.push(match row {
                Ok(()) => (0..table.columns())
                    .map(|column| String::from_utf8_lossy(table.field(column)).into_owned())
                    .collect::<Vec<_>>()
                    .join("|"),
                Err(problem) => short(&Problems { list: vec![*problem], more: 0 }),
            });
        }
        lines.join("\n")
    }

    #[track_caller]
    fn check(bytes: impl AsRef<[u8]>, expected: &str) {
        assert_eq!(read(reader(bytes.as_ref())), expected);
    }

    /// Repeats some bytes for ever, and counts how often it was asked.
    struct Endless(&'static [u8], usize);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            for byte in buffer.iter_mut() {
                *byte = self.0[self.1 % self.0.len()];
                self.1 += 1;
            }
            assert!(self.1 < 4 * RECORD_BYTES_MAX, "reading is bounded");
            Ok(buffer.len())
        }
    }

    /// Hands out one byte a call.
    struct Drops(Cursor<Vec<u8>>);

    impl Read for Drops {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn quotes_hold_commas_lines_and_quotes() {
        check("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", "x,y|say \"hi\"");
        check("a,b\n\"x\ny\",z\n", "x\ny|z");
        check("a,b\n1\"2,3\"\n", "1\"2|3\"");
        // Line ends inside quotes are part of the value, blanks around the value are not.
        check("a,b\n,\"\"\"\n0,\"\"\"\n", "|\"\n0,\"");
        check("a,b\n,\"\n0,\"\n", "|0,");
    }

    #[test]
    fn a_quote_that_is_never_closed_is_found() {
        let hint = "(close it, or write a quote inside a value twice: `\"\"`)";
        let expected = format!("2:3+1 the quote that opens here is never closed {hint}");
        check("a,b\n1,\"2\n3,4\n5,6\n", &expected);
        check("a,b\n1,\"2", &expected);
        check("a,b\n1,\"", &expected);
        check(format!("a,b\n1,\"2\n{}", "3,4\n".repeat(400_000)), &expected);
        check("a,\"b\n1,2\n", &expected.replace("2:3", "1:3"));
        check(
            "a,b\n1,\"2\n3,4\n5,\"6\n7,8\n",
            "4:4+1 the value in quotes goes on behind them (is a quote before it never closed? \
             inside a value, write it twice: `\"\"`)\n7|8",
        );
    }

    #[test]
    fn endless_lines_are_bounded() {
        let open = |bytes| read(Box::new(Endless(bytes, 0)));
        let hint = "(are the line ends missing, or is this another kind of file?)";
        assert_eq!(open(b"x"), format!("1:1+1 this line is longer than 1 MiB {hint}"));
        assert_eq!(
            open(b"a,"),
            "1:2049+1 this line has more than 1,024 columns (a row is a line of its own)"
        );
        let quoted = Cursor::new(b"\"").chain(Endless(b"x\n", 0));
        let found = read(Box::new(quoted));
        assert!(found.starts_with("1:1+1 the quote that opens here is never closed"), "{found}");
        let columns = vec!["c"; 1_000_000].join(",");
        check(
            &columns,
            "1:2049+1 this line has more than 1,024 columns (a row is a line of its own)",
        );
        check(
            format!("a,b\n{columns}"),
            "2:2049+1 this line has more than 1,024 columns (a row is a line of its own)",
        );
        let widest = vec!["c"; COLUMNS_MAX].join(",");
        check(format!("{widest}\n{widest}"), &widest.replace(',', "|"));
        let longest = "x".repeat(RECORD_BYTES_MAX - 2);
        check(format!("a\n{longest}\n"), &longest);
        check(format!("a{}\n1\n", "\n".repeat(3 * RECORD_BYTES_MAX)), "1");
    }

    #[test]
    fn rows_of_another_length_are_passed() {
        check(
            "a,b\n1\n1,2\n1,2,3\n",
            "2:2+1 this row has 1 field, and there are 2 columns (leave a field blank, but keep its comma)\n\
             1|2\n\
             4:5+1 this row has 3 fields, and there are 2 columns (does a value have a comma in it? put it in quotes: `\"a,b\"`)",
        );
    }

    #[test]
    fn other_kinds_of_file_are_told_apart() {
        let hint = "(plain CSV or gzip is read here)";
        check(
            b"PK\x03\x04......",
            &format!("0:0+1 this is a ZIP archive or a spreadsheet, not a CSV file {hint}"),
        );
        check(b"\xff\xfea\0", &format!("0:0+1 this is UTF-16 text, not a CSV file {hint}"));
        check(
            gzip(&gzip(b"a\n1\n")),
            &format!("0:0+1 this is gzip inside gzip, not a CSV file {hint}"),
        );
        let empty =
            "0:0+1 the file is empty (the first line names the columns, then comes one line a row)";
        check("", empty);
        check("\n\r\n\n", empty);
        check("\u{feff}", empty);
        check(gzip(b""), empty);
    }

    #[test]
    fn broken_gzip_is_told_apart_from_the_end() {
        let text: String =
            (0..20_000).map(|number| format!("{}\n", number * 7_919 % 10_007)).collect();
        let whole = gzip(format!("a\n{text}").as_bytes());
        let found = read(reader(&whole[..whole.len() / 2]));
        let last = found.lines().last().expect("there is a problem");
        assert!(
            last.contains("the compressed data ends too early (was the file copied completely?)"),
            "{last}"
        );
        let mut damaged = whole.clone();
        let middle = whole.len() / 2;
        damaged[middle..middle + 8].fill(0xff);
        let found = read(reader(&damaged));
        let last = found.lines().last().expect("there is a problem");
        assert!(
            last.ends_with(
                "the compressed data is damaged (test it with `gzip -t`, or copy it again)"
            ),
            "{last}"
        );
        check(
            [0x1f, 0x8b],
            "1:1+1 the compressed data ends too early (was the file copied completely?)",
        );
    }

    /// A field as written, without its quotes: the plain way, for comparison.
    fn unquoted(written: &[u8]) -> Vec<u8> {
        let Some(inner) = written.strip_prefix(b"\"") else { return written.to_vec() };
        let text = std::str::from_utf8(inner).expect("the generated text is UTF-8");
        let text = text.strip_suffix('"').expect("the quotes of this row are closed");
        text.replace("\"\"", "\"").into_bytes()
    }

    proptest! {
        #[test]
        fn how_bytes_arrive_changes_nothing(text in "([ab,\"\r\n]|[0-9]{1,3},|é){0,60}") {
            let bytes = [b"a,b\n", text.as_bytes()].concat();
            let drops = Drops(Cursor::new(bytes.clone()));
            prop_assert_eq!(read(Box::new(drops)), read(reader(&bytes)));
            prop_assert_eq!(read(reader(&gzip(&bytes))), read(reader(&bytes)));
        }

        #[test]
        fn fields_are_those_of_the_records(text in "([ab,\"\n]|[0-9]{1,3},){0,60}") {
            // The place of each field, unquoted by hand, is what the parser read.
            let bytes = [b"a,b\n", text.as_bytes()].concat();
            let Ok(mut table) = Table::open("t.csv", reader(&bytes), 1_000) else { return Ok(()) };
            while let Some(row) = table.next_row() {
                if row.is_ok() {
                    let raw = table.raw();
                    let mut from = 0;
                    for column in 0..table.columns() {
                        let field = written_field(raw, from);
                        let written = unquoted(&raw[from..field.to]);
                        prop_assert_eq!(trimmed(&written), table.field(column));
                        from = field.to + 1;
                    }
                }
            }
        }
    }
}
