//! What the worker has put into words and figures: the page only draws it. So the page needs to know
//! neither how seeds are paired nor how a figure is written.

use fleetcast_core::assumptions::{assumptions, marked};
use fleetcast_core::comparison::{Comparison, Row};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::sensitivity::{self, Sensitivity};
use fleetcast_core::words;
use serde::{Deserialize, Serialize};

/// What a run takes for granted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumed {
    /// What the scenario says: about what, and what.
    pub said: Vec<(String, String)>,
    /// What it leaves out, as sentences.
    pub left_out: Vec<String>,
    /// Lines that the file itself calls an assumption.
    pub marked: Vec<String>,
}

impl Assumed {
    /// Of a scenario and its text.
    pub fn of(scenario: &Scenario, text: &str) -> Self {
        let all = assumptions(scenario);
        Self {
            said: all.said.into_iter().map(|one| (one.about, one.says)).collect(),
            left_out: all.left_out,
            marked: marked(text).into_iter().map(str::to_owned).collect(),
        }
    }
}

/// A comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Which is better, by how much, and how sure: a sentence.
    pub answer: String,
    /// What the reader should know.
    pub notes: Vec<String>,
    /// What was compared, the first being the one that differences are taken to.
    pub names: Vec<String>,
    /// By key figure, the weightiest first.
    pub rows: Vec<TableRow>,
}

/// One key figure of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableRow {
    /// What it counts.
    pub what: String,
    /// By variant.
    pub cells: Vec<Cell>,
}

/// A key figure of one variant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The mean over the seeds.
    pub figure: String,
    /// The same as a share of the row's largest, 0..=1.
    pub part: f64,
    /// How it differs from the first variant's; empty for that one.
    pub change: String,
    /// The ends of that difference's interval; empty without one.
    pub interval: String,
    /// Whether the difference is there beyond doubt.
    pub is_shown: bool,
}

impl Table {
    /// Of a comparison.
    pub fn of(comparison: &Comparison) -> Self {
        Self {
            answer: sentence(&comparison.answer),
            notes: comparison.notes.iter().map(|note| sentence(note)).collect(),
            names: comparison.variants.iter().map(|variant| variant.name.clone()).collect(),
            rows: comparison.rows.iter().map(TableRow::of).collect(),
        }
    }
}

impl TableRow {
    fn of(row: &Row) -> Self {
        let largest = row.means.iter().copied().fold(0.0, f64::max);
        let differences = [None].into_iter().chain(row.differences.iter().map(Some));
        let cell = |(mean, difference): (&f64, Option<&fleetcast_core::comparison::Difference>)| {
            let interval = difference.and_then(|of| of.interval.as_ref());
            let interval = interval.filter(|of| (of.low, of.high) != (0.0, 0.0));
            Cell {
                figure: row.figure(*mean),
                part: if largest > 0.0 { (mean / largest).clamp(0.0, 1.0) } else { 0.0 },
                change: difference.map_or(String::new(), |of| row.change(of.mean)),
                interval: interval.map_or(String::new(), |of| row.ends(of)),
                is_shown: difference.is_some_and(|of| of.is_shown),
            }
        };
        let cells = row.means.iter().zip(differences).map(cell).collect();
        Self { what: words::capitalised(&row.what), cells }
    }
}

/// What turning each number does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WhatIf {
    /// What matters most, and what breaks the plan: a sentence.
    pub answer: String,
    /// How the figures were found.
    pub about: String,
    /// By key figure.
    pub tornados: Vec<Tornado>,
}

/// What moves one key figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tornado {
    /// Its name in `[[expect]]`.
    pub metric: String,
    /// What it counts.
    pub what: String,
    /// As written.
    pub figure: String,
    /// Where that lies between the least and the most, 0..=1.
    pub place: f64,
    /// What moves it, the widest swing first.
    pub bars: Vec<Bar>,
    /// What was turned and does not move it, in a line; may be empty.
    pub unmoved: String,
}

/// What one number does to a figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// What the number is.
    pub label: String,
    /// As written.
    pub value: String,
    /// With less of it, and with more.
    pub ends: [End; 2],
}

/// One end of a bar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// What the number is there.
    pub value: String,
    /// The figure then.
    pub figure: String,
    /// Where that lies between the least and the most, 0..=1.
    pub place: f64,
    /// Whether the expectations hold with fewer seeds than as written.
    pub breaks: bool,
}

impl WhatIf {
    /// Of what was measured.
    pub fn of(found: &Sensitivity) -> Self {
        let with_bars = found.tornados.iter().filter(|tornado| !tornado.bars.is_empty());
        let tornados = with_bars.map(|tornado| {
            let end = |end: &sensitivity::End| End {
                value: end.value.clone(),
                figure: tornado.figure(end.figure),
                place: tornado.place(end.figure),
                breaks: end.held < found.held,
            };
            let bar = |bar: &sensitivity::Bar| Bar {
                label: bar.label.clone(),
                value: bar.value.clone(),
                ends: [end(&bar.low), end(&bar.high)],
            };
            Tornado {
                metric: tornado.metric.clone(),
                what: tornado.what.clone(),
                figure: tornado.figure(tornado.figure),
                place: tornado.place(tornado.figure),
                bars: tornado.bars.iter().map(bar).collect(),
                unmoved: tornado.unmoved.join("; "),
            }
        });
        Self { answer: sentence(&found.answer), about: found.about(), tornados: tornados.collect() }
    }
}

fn sentence(text: &str) -> String {
    format!("{}.", words::capitalised(text))
}
