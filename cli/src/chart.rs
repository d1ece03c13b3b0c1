//! The chart in the terminal: what is committed as a filled area, capacity as a line over it.
//!
//! Braille characters: a cell is two dots wide and four high. The two are told apart by shape,
//! so the chart needs no colour.

use fleetcast_core::report::{Series, SeriesColumn};
use fleetcast_core::ticks;
use fleetcast_core::time::Calendar;
use fleetcast_core::words;
use std::fmt::Write as _;

/// Characters for the labels left of the plot.
const LABEL: usize = 8;
/// Characters in a row of the plot: with the labels and the axis, 80 columns.
const CELLS: usize = 70;
/// Rows of the plot.
const ROWS: usize = 12;
/// The braille cell without a dot: as wide as the others in every font, which a space is not.
const BLANK: char = '\u{2800}';

/// Draws a resource over the run. Empty when the series does not have it, or it is 0 throughout.
pub(crate) fn draw(
    series: &Series,
    resource: &str,
    calendar: &Calendar,
    duration_ms: u64,
) -> String {
    let column = |suffix: &str| {
        let name = format!("{resource}_{suffix}");
        series.columns.iter().find(|column| column.name == name)
    };
    let (Some(used), Some(capacity)) = (column("used"), column("capacity")) else {
        return String::new();
    };
    let largest = used.max.iter().chain(&capacity.max).copied().max().unwrap_or(0);
    if largest <= 0 {
        return String::new();
    }

    let (factor, unit) = words::scale(&used.unit, largest as f64);
    let marks = ticks::figures(largest as f64 / factor, 4);
    let top = marks.last().copied().unwrap_or(1.0) * factor;

    let mut plot = Plot::default();
    let end = (duration_ms as f64 / series.step_ms.max(1) as f64).max(1.0);
    for x in 0..CELLS * 2 {
        let rows = rows_of(x, end, used.max.len());
        let height = |column: &SeriesColumn| {
            let most = column.max[rows.clone()].iter().copied().max().unwrap_or(0);
            ((most as f64 / top) * (ROWS * 4) as f64).round() as usize
        };
        // Stripes: a line that runs along their top or through them is still seen.
        if x % 2 == 0 {
            plot.fill(x, height(used));
        }
        plot.dot(x, height(capacity).max(1));
    }

    let mut text = format!(
        "{} committed {}  capacity {}  in {unit}\n",
        words::capitalised(&words::resource(resource)),
        "⡇⡇⡇",
        "⠒⠒⠒"
    );
    for row in 0..ROWS {
        // The mark that falls on the lowest dot row of this line, if any.
        let label = marks.iter().find(|mark| {
            let dots = *mark * factor / top * (ROWS * 4) as f64;
            (dots / 4.0).round() as usize == ROWS - row
        });
        let label = label.map(|mark| words::amount(*mark)).unwrap_or_default();
        let axis = if label.is_empty() { '│' } else { '┤' };
        let dots = plot.row(row);
        let dots = dots.trim_end_matches(BLANK);
        writeln!(text, "{label:>LABEL$} {axis}{dots}").expect("a string takes any text");
    }
    text + &time_axis(calendar, duration_ms)
}

/// The rows of the series that the dot column `x` shows, at least one.
fn rows_of(x: usize, rows_in_run: f64, rows: usize) -> std::ops::Range<usize> {
    let at = |x: usize| (x as f64 / (CELLS * 2) as f64 * rows_in_run) as usize;
    let first = at(x).min(rows - 1);
    first..at(x + 1).clamp(first + 1, rows)
}

/// The axis and its dates.
fn time_axis(calendar: &Calendar, duration_ms: u64) -> String {
    let mut axis = vec!['─'; CELLS];
    let mut dates = vec![' '; LABEL + 2 + CELLS];
    for (ms, text) in ticks::dates(calendar, duration_ms, 6) {
        let cell = (ms as f64 / duration_ms as f64 * (CELLS - 1) as f64).round() as usize;
        let width = text.chars().count();
        let first = (LABEL + 2 + cell).saturating_sub(width / 2).min(dates.len() - width);
        let is_free = dates[first.saturating_sub(1)..first + width].iter().all(|c| *c == ' ');
        if is_free {
            axis[cell] = '┬';
            dates.splice(first..first + width, text.chars());
        }
    }
    let axis: String = axis.into_iter().collect();
    let dates: String = dates.into_iter().collect();
    format!("{:>LABEL$} └{axis}\n{}\n", 0, dates.trim_end())
}

/// Dots, two by four in each cell.
struct Plot {
    cells: [[u8; CELLS]; ROWS],
}

impl Default for Plot {
    fn default() -> Self {
        Self { cells: [[0; CELLS]; ROWS] }
    }
}

impl Plot {
    /// Sets the dot `height` dots up from the bottom, 1 being the lowest.
    fn dot(&mut self, x: usize, height: usize) {
        /// Bits of a braille cell, from its top row down: left dot, right dot.
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let from_top = (ROWS * 4).saturating_sub(height.max(1));
        self.cells[from_top / 4][x / 2] |= BITS[from_top % 4][x % 2];
    }

    /// Sets all dots up to `height`.
    fn fill(&mut self, x: usize, height: usize) {
        for dot in 1..=height {
            self.dot(x, dot);
        }
    }

    fn row(&self, row: usize) -> String {
        let dots = |cell: &u8| {
            char::from_u32(u32::from(BLANK) + u32::from(*cell)).expect("a braille cell")
        };
        self.cells[row].iter().map(dots).collect()
    }
}
