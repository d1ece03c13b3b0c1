//! What the reader has found wrong so far, and where; turned into [`Problems`] at the end.

use crate::problem::{PROBLEMS_MAX, Place, Problem, Problems, Severity};
use std::collections::BTreeSet;

/// Where something stands. Ordered as problems are listed: the file as a whole, then by position,
/// then the `--set`s in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum At {
    /// The file as a whole.
    File,
    /// Bytes of the text.
    Text { start: usize, end: usize },
    /// The override of this number.
    Set(usize),
}

impl At {
    pub(crate) fn text(range: std::ops::Range<usize>) -> Self {
        Self::Text { start: range.start, end: range.end }
    }
}

struct Finding {
    at: At,
    severity: Severity,
    message: String,
    hint: Option<String>,
    /// Problems of a file named at `at`, found by that file's own reader.
    place: Option<Place>,
    /// The text does not parse here.
    is_syntax: bool,
}

impl Finding {
    fn new(at: At, severity: Severity, message: String, hint: Option<String>) -> Self {
        Self { at, severity, message, hint, place: None, is_syntax: false }
    }
}

/// Findings kept while reading; far more than are shown, so that sorting them is fair.
const FINDINGS_MAX: usize = 10_000;

/// What is wrong so far.
#[derive(Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    more: u64,
    error_count: u64,
    /// Byte ranges of the lines that did not parse: whatever else is said about them is noise.
    broken: BTreeSet<At>,
}

impl Findings {
    /// Something that keeps the scenario from running.
    pub(crate) fn error(&mut self, at: At, message: impl Into<String>, hint: Option<String>) {
        self.push(Finding::new(at, Severity::Error, message.into(), hint));
    }

    /// Something that looks unintended.
    pub(crate) fn warning(&mut self, at: At, message: impl Into<String>, hint: Option<String>) {
        self.push(Finding::new(at, Severity::Warning, message.into(), hint));
    }

    /// The text does not even parse here.
    pub(crate) fn syntax(&mut self, at: At, message: impl Into<String>, hint: Option<String>) {
        let finding = Finding::new(at, Severity::Error, message.into(), hint);
        self.push(Finding { is_syntax: true, ..finding });
        self.broken.insert(at);
    }

    /// An error on a line of another file, named in the scenario at `at`.
    pub(crate) fn error_elsewhere(
        &mut self,
        at: At,
        file: &str,
        line: u32,
        message: String,
        hint: Option<String>,
    ) {
        let (file, text) = (file.to_owned(), String::new());
        let place = Some(Place { file, line, column: 1, width: 1, text, offset: 0 });
        self.push(Finding { place, ..Finding::new(at, Severity::Error, message, hint) });
    }

    /// What the reader of another file, named at `at`, has found.
    pub(crate) fn adopt(&mut self, at: At, problems: Problems) {
        self.more += problems.more;
        self.error_count += problems.more;
        for Problem { severity, message, place, hint } in problems.list {
            self.push(Finding { place, ..Finding::new(at, severity, message, hint) });
        }
    }

    fn push(&mut self, finding: Finding) {
        if finding.severity == Severity::Error {
            self.error_count += 1;
        }
        if self.list.len() < FINDINGS_MAX {
            self.list.push(finding);
        } else {
            self.more += 1;
        }
    }

    /// Whether the text did not parse somewhere: then what is missing may only be unread.
    pub(crate) fn is_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    /// How many errors there are so far.
    pub(crate) fn error_count(&self) -> u64 {
        self.error_count
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.error_count > 0
    }

    /// The problems in order, each once, with their places drawn from the text. Errors are kept
    /// before warnings where there are too many.
    pub(crate) fn finish(mut self, file: &str, text: &str, set_keys: &[&str]) -> Problems {
        let lines = Lines::new(text);
        let broken = std::mem::take(&mut self.broken);
        let broken_lines: BTreeSet<usize> = broken.iter().map(|at| lines.line_of(*at)).collect();
        self.list.retain(|finding| match finding.at {
            At::Text { .. } => {
                finding.is_syntax || !broken_lines.contains(&lines.line_of(finding.at))
            }
            At::File | At::Set(_) => true,
        });
        self.list.sort_by_key(|finding| finding.at);
        let mut seen = BTreeSet::new();
        self.list.retain(|finding| {
            let line = finding.place.as_ref().map(|place| (place.line, place.column));
            seen.insert((finding.at, line, finding.message.clone()))
        });
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        let error_count = self.list.iter().filter(|finding| is_error(finding)).count();
        let mut errors_left = PROBLEMS_MAX;
        let mut warnings_left = PROBLEMS_MAX.saturating_sub(error_count);
        let mut problems = Problems { list: Vec::new(), more: self.more };
        for finding in self.list {
            let left = if is_error(&finding) { &mut errors_left } else { &mut warnings_left };
            if *left == 0 {
                problems.more += 1;
                continue;
            }
            *left -= 1;
            let message = match finding.at {
                At::Set(row) => format!("--set {}: {}", set_keys[row], finding.message),
                At::File | At::Text { .. } => finding.message,
            };
            let place = match (finding.place, finding.at) {
                (Some(place), _) => Some(place),
                (None, At::Set(_)) => None,
                (None, at) => Some(lines.place(file, at)),
            };
            problems.list.push(Problem {
                severity: finding.severity,
                message,
                place,
                hint: finding.hint,
            });
        }
        problems
    }
}

/// How much of a long line a place shows, in characters.
const LINE_MAX: usize = 160;

/// The lines of a text: where each begins.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1));
        Self { text, starts: starts.collect() }
    }

    /// The row, from 0, of the line in which something begins.
    fn line_of(&self, at: At) -> usize {
        match at {
            At::Text { start, .. } => self.starts.partition_point(|&begin| begin <= start) - 1,
            At::File | At::Set(_) => 0,
        }
    }

    fn place(&self, file: &str, at: At) -> Place {
        let file = file.to_owned();
        let At::Text { start, end } = at else {
            return Place { file, line: 0, column: 0, width: 1, text: String::new(), offset: 0 };
        };
        let row = self.line_of(at);
        let begin = self.starts[row];
        let finish = self.starts.get(row + 1).map_or(self.text.len(), |next| next - 1);
        let line = self.text[begin..finish].trim_end_matches('\r');
        let chars_to = |byte: usize| {
            let byte = byte.clamp(begin, begin + line.len()) - begin;
            line.char_indices().take_while(|(at, _)| *at < byte).count()
        };
        let (from, to) = (chars_to(start), chars_to(end));
        let length = line.chars().count();
        let offset = if length <= LINE_MAX { 0 } else { from.saturating_sub(LINE_MAX / 2) };
        let mut shown = String::new();
        if offset > 0 {
            shown.push('…');
        }
        shown.extend(line.chars().skip(offset).take(LINE_MAX));
        if length > offset + LINE_MAX {
            shown.push('…');
        }
        // The cut character is shown as one `…`, so the text begins one character earlier.
        let offset = offset.saturating_sub(1);
        let width = to.saturating_sub(from).clamp(1, LINE_MAX);
        let whole = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Place {
            file,
            line: whole(row + 1),
            column: whole(from + 1),
            width: whole(width),
            text: shown,
            offset: whole(offset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws the place as `line:column text` with the text's offending part in brackets.
    fn check(text: &str, range: std::ops::Range<usize>, expected: &str) {
        let place = Lines::new(text).place("f", At::text(range));
        let from = (place.column - 1 - place.offset) as usize;
        let part = |skip: usize, take| place.text.chars().skip(skip).take(take).collect::<String>();
        let width = place.width as usize;
        let drawn = format!("{}[{}]{}", part(0, from), part(from, width), part(from + width, 9999));
        assert_eq!(format!("{}:{} {drawn}", place.line, place.column), expected);
    }

    #[test]
    fn a_place_is_a_line_and_a_column_in_characters() {
        check("ab\ncde\n", 4..5, "2:2 c[d]e");
        check("ä = ü\r\nx", 5..7, "1:5 ä = [ü]");
        check("ab\ncd", 3..5, "2:1 [cd]");
        check("ab\ncd", 0..5, "1:1 [ab]");
        check("ab", 2..2, "1:3 ab[]");
        check("", 0..0, "1:1 []");
    }

    #[test]
    fn a_long_line_is_cut_around_the_column() {
        let text = format!("{}BAD{}", "x".repeat(1_000_000), "y".repeat(1_000_000));
        let expected = format!("1:1000001 …{}[BAD]{}…", "x".repeat(80), "y".repeat(77));
        check(&text, 1_000_000..1_000_003, &expected);
    }

    #[test]
    fn errors_are_kept_before_warnings() {
        let mut findings = Findings::default();
        for row in 0..150 {
            findings.warning(At::text(row..row), format!("w{row}"), None);
        }
        findings.error(At::text(500..500), "e", None);
        let problems = findings.finish("f", &" ".repeat(600), &[]);
        assert_eq!((problems.list.len(), problems.more), (100, 51));
        assert_eq!(problems.list[99].message, "e");
        assert_eq!(problems.list[98].message, "w98");
    }
}
