//! Answers in the terminal: the sentence first, tables without frames, nothing wider than 80.

use anstyle::Style;
use fleetcast_core::words;
use std::fmt::Write as _;

/// How wide prose is, in characters.
const WIDTH: usize = 80;

/// A line.
pub(crate) fn line(text: &mut String, row: &str) {
    writeln!(text, "{row}").expect("a string takes any text");
}

/// The answer, in bold.
pub(crate) fn headline(text: &mut String, answer: &str) {
    let bold = Style::new().bold();
    for row in words::wrap(answer, WIDTH) {
        line(text, &format!("{bold}{row}{bold:#}"));
    }
}

/// Prose, in as many lines as it takes.
pub(crate) fn prose(text: &mut String, prose: &str) {
    for row in words::wrap(prose, WIDTH) {
        line(text, &row);
    }
}

/// A table without frames.
pub(crate) fn table() -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table
}

/// The lines of a table, flush left.
pub(crate) fn rows(text: &mut String, table: &comfy_table::Table) {
    for row in table.lines() {
        let row = row.trim_end();
        line(text, row.strip_prefix(' ').unwrap_or(row));
    }
}
