//! Turning the numbers of a scenario, on all cores, and the tornado in the terminal.

use crate::end::End;
use crate::lines::{self, line};
use crate::runs::{self, Cores};
use crate::scenario::Source;
use fleetcast_core::report::Metric;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::sensitivity::{Bar, Sensitivity, Tornado, Turning};
use fleetcast_core::words;

/// How many bars are drawn in the terminal; the page and the JSON document have all.
const BARS_SHOWN: usize = 8;
/// The length of the widest bar, in letters.
const LENGTH: usize = 24;

/// Runs the scenario with each number turned down and up, with each of so many seeds.
pub(crate) fn measure(
    source: &Source,
    scenario: &Scenario,
    asked: &[&'static Metric],
    seeds: u32,
    cores: Cores,
    is_quiet: bool,
) -> Result<Sensitivity, End> {
    let turning = Turning::new(source.numbers(), scenario, asked);
    let count = turning.runs(seeds);
    let bar = runs::bar(count, is_quiet);
    let measured = cores.each(count, &bar, |number| {
        let report = runs::as_written(source, &turning.changes(number, scenario))?;
        Ok(turning.measure(&report))
    });
    bar.finish_and_clear();
    Ok(turning.found(&measured?, scenario))
}

/// The answer, and a tornado for each figure.
pub(crate) fn text(found: &Sensitivity) -> String {
    let mut text = String::new();
    lines::headline(&mut text, &words::capitalised(&found.answer));
    for tornado in &found.tornados {
        line(&mut text, "");
        draw(&mut text, tornado, found);
    }
    if let (Some(first), Some(last)) = (found.seeds.first(), found.seeds.last()) {
        line(&mut text, "");
        let about = format!(
            "Means over the seeds {first} to {last}. Each number is turned alone, so what two of them do together \
             is not seen; ✗ marks where the expectations hold with fewer seeds than as written. --json has the \
             keys and the intervals."
        );
        lines::prose(&mut text, &about);
    }
    text
}

/// One tornado: a line for each number, with the figure at its ends.
fn draw(text: &mut String, tornado: &Tornado, found: &Sensitivity) {
    let written = tornado.figure(tornado.figure);
    line(text, &format!("What moves {}, {written} as written", tornado.metric));
    let shown = &tornado.bars[..tornado.bars.len().min(BARS_SHOWN)];
    let ends = |bar: &Bar| [bar.low.figure, bar.high.figure, tornado.figure];
    let all = || shown.iter().flat_map(ends);
    let (least, most) = (all().fold(f64::MAX, f64::min), all().fold(f64::MIN, f64::max));
    let mut table = lines::table();
    table.set_header(["Number", "From", "To", "Then", "", ""]);
    for bar in shown {
        let mark = |held: u64| if held < found.held { " ✗" } else { "" };
        table.add_row([
            bar.label.clone(),
            format!("{}{}", bar.low.value, mark(bar.low.held)),
            format!("{}{}", bar.high.value, mark(bar.high.held)),
            tornado.figure(bar.low.figure),
            tornado.figure(bar.high.figure),
            drawn(ends(bar), tornado.figure, least, most),
        ]);
    }
    lines::rows(text, &table);
    if let Some(more @ 1..) = tornado.bars.len().checked_sub(BARS_SHOWN) {
        line(text, &format!("… and {} that move it less", words::plural(more as u64, "number")));
    }
    if !tornado.unmoved.is_empty() {
        let unmoved = format!("Does not move it: {}", tornado.unmoved.join("; "));
        lines::prose(text, &unmoved);
    }
}

/// A bar of letters between the ends, `┃` where the figure is as written.
fn drawn(ends: [f64; 3], middle: f64, least: f64, most: f64) -> String {
    let width = (most - least).max(f64::MIN_POSITIVE);
    let place = |value: f64| ((value - least) / width * LENGTH as f64).round() as usize;
    let from = place(ends.iter().copied().fold(f64::MAX, f64::min));
    let to = place(ends.iter().copied().fold(f64::MIN, f64::max));
    let letter = |at: usize| match at {
        at if at == place(middle) => '┃',
        at if (from..=to).contains(&at) => '━',
        _ => ' ',
    };
    (0..=LENGTH).map(letter).collect()
}
