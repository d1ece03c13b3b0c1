//! What the keys do to the key figures: averages by value, added up as the rows pass by.

use super::design::Design;
use super::row;
use csv::StringRecord;
use fleetcast_core::report::{self, Better};
use serde::Serialize;

/// The column that says whether all expectations held: counted as 1 and 0, its average is a share.
pub(super) const HELD: &str = "held";

/// An average in the making.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

/// Adds up.
#[derive(Debug)]
pub(super) struct Effects {
    design: Design,
    /// By key: what its values are grouped into.
    levels: Vec<Vec<String>>,
    figures: Vec<Figure>,
    /// Whether figures that never differ are of no interest.
    only_what_differs: bool,
    held: u32,
    wrong: u32,
    first_wrong: Option<Wrong>,
}

/// One key figure.
#[derive(Debug)]
struct Figure {
    name: String,
    /// Its place in a row.
    column: usize,
    /// By key and level.
    means: Vec<Vec<Mean>>,
    /// Of the point at hand, over its seeds.
    point: Mean,
    lowest: Option<Extreme>,
    highest: Option<Extreme>,
}

/// A point that no other goes beyond.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Extreme {
    /// The key figure there, averaged over the seeds.
    pub value: f64,
    /// The first such point's first run.
    pub run: u32,
    /// Its values, in the order of the keys.
    pub values: Vec<String>,
    /// How many points have it.
    pub points: u32,
}

/// What came of a sweep.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    /// Goes up when a field changes its meaning or disappears.
    pub schema_version: u32,
    /// What was run.
    pub scenario: String,
    /// How many runs.
    pub runs: u32,
    /// How many points: each was run with every seed.
    pub points: u32,
    /// With how many seeds.
    pub seeds: u32,
    /// The keys that vary, with their values.
    pub vary: Vec<String>,
    /// In how many runs all expectations held; `None` where there are none.
    pub held: Option<u32>,
    /// How many runs could not be: their values do not go together.
    pub wrong: u32,
    /// The first of them, and what is wrong.
    pub first_wrong: Option<Wrong>,
    /// What is told of each key figure.
    pub metrics: Vec<Told>,
}

/// A run that could not be.
#[derive(Debug, Serialize)]
pub(super) struct Wrong {
    /// Its number.
    pub run: u32,
    /// What is wrong with it.
    pub problem: String,
}

/// What is told of a key figure.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    /// Its name.
    pub metric: String,
    /// Which is better; `None` where that depends on what one wants.
    pub better: Option<Better>,
    /// Where it is lowest.
    pub lowest: Extreme,
    /// Where it is highest.
    pub highest: Extreme,
    /// What each key does to it, the one that does most first.
    pub effects: Vec<Effect>,
}

/// What a key does to a key figure.
#[derive(Debug, Serialize)]
pub(super) struct Effect {
    /// The key.
    pub key: String,
    /// Between the lowest and the highest average.
    pub range: f64,
    /// The averages over all runs with the value, or with values in that part of a range.
    pub levels: Vec<Level>,
}

/// A value, and the average of the runs that have it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Level {
    /// The value, or the part of a range.
    pub value: String,
    /// The average of the key figure.
    pub mean: f64,
    /// Of so many runs.
    pub runs: u64,
}

impl Effects {
    /// Of these key figures, or of those that matter.
    pub(super) fn new(design: &Design, asked: &[String]) -> Self {
        let only_what_differs = asked.is_empty();
        let own = (design.expectations > 0).then(|| HELD.to_owned()).into_iter();
        let names: Vec<_> = match asked {
            [] => own.chain(design.shown.iter().cloned()).collect(),
            asked => asked.to_vec(),
        };
        let levels: Vec<_> = design.vary.iter().map(|factor| factor.levels()).collect();
        let columns = row::columns(design);
        let mut figures = Vec::<Figure>::new();
        for name in names {
            let column = columns.iter().position(|column| column.name == name);
            if let Some(column) = column
                && figures.iter().all(|figure| figure.name != name)
            {
                let means = levels.iter().map(|of| vec![Mean::default(); of.len()]).collect();
                let point = Mean::default();
                figures.push(Figure { name, column, means, point, lowest: None, highest: None });
            }
        }
        let design = design.clone();
        Self { design, levels, figures, only_what_differs, held: 0, wrong: 0, first_wrong: None }
    }

    /// Takes a row; they come by run number.
    pub(super) fn add(&mut self, run: u32, row: &StringRecord) {
        let design = &self.design;
        let held = 2 + design.vary.len();
        match row.get(held) {
            Some("true") => self.held += 1,
            Some("false") => {}
            _ => {
                self.wrong += 1;
                let why = row.iter().next_back().unwrap_or_default();
                self.first_wrong.get_or_insert_with(|| Wrong { run, problem: why.to_owned() });
            }
        }
        let levels: Vec<_> = design.vary.iter().zip(row.iter().skip(2)).collect();
        let levels: Vec<_> = levels.iter().map(|(factor, value)| factor.level(value)).collect();
        let is_last = run % design.seeds == design.seeds - 1;
        for figure in &mut self.figures {
            if let Some(value) = row.get(figure.column).and_then(number) {
                figure.point.add(value);
                for (means, level) in figure.means.iter_mut().zip(&levels) {
                    if let Some(level) = level {
                        means[*level].add(value);
                    }
                }
            }
            if is_last && let Some(value) = std::mem::take(&mut figure.point).value() {
                let first = run - (design.seeds - 1);
                let values = || row.iter().skip(2).take(design.vary.len()).map(str::to_owned);
                beyond(&mut figure.lowest, value, first, |new, old| new < old, values);
                beyond(&mut figure.highest, value, first, |new, old| new > old, values);
            }
        }
    }

    /// What is to be told.
    pub(super) fn found(self) -> Found {
        let Self { design, levels, figures, only_what_differs, .. } = self;
        let differs = |told: &Told| told.lowest.value < told.highest.value;
        let told = figures.into_iter().filter_map(|figure| figure.told(&design, &levels));
        let told = told.filter(|told| !only_what_differs || differs(told));
        Found {
            schema_version: 1,
            runs: design.runs(),
            points: design.points(),
            seeds: design.seeds,
            vary: design.vary.iter().map(ToString::to_string).collect(),
            held: (design.expectations > 0).then_some(self.held),
            wrong: self.wrong,
            first_wrong: self.first_wrong,
            metrics: told.collect(),
            scenario: design.name,
        }
    }
}

/// A key figure, or yes as 1 and no as 0.
fn number(cell: &str) -> Option<f64> {
    match cell {
        "true" => Some(1.0),
        "false" => Some(0.0),
        cell => cell.parse().ok(),
    }
}

/// Keeps a point that goes beyond those before it, and counts those that come up to it.
fn beyond<V: Iterator<Item = String>>(
    best: &mut Option<Extreme>,
    value: f64,
    run: u32,
    is_beyond: impl Fn(f64, f64) -> bool,
    values: impl Fn() -> V,
) {
    match best {
        Some(best) if best.value == value => best.points += 1,
        Some(best) if !is_beyond(value, best.value) => {}
        _ => *best = Some(Extreme { value, run, values: values().collect(), points: 1 }),
    }
}

impl Figure {
    fn told(self, design: &Design, levels: &[Vec<String>]) -> Option<Told> {
        let mut effects = Vec::new();
        for ((factor, means), values) in design.vary.iter().zip(&self.means).zip(levels) {
            let levels = means.iter().zip(values).filter_map(|(mean, value)| {
                Some(Level { value: value.clone(), mean: mean.value()?, runs: mean.count })
            });
            let effect = Effect { key: factor.key.clone(), range: 0.0, levels: levels.collect() };
            if let (Some(low), Some(high)) = (effect.lowest(), effect.highest()) {
                effects.push(Effect { range: high.mean - low.mean, ..effect });
            }
        }
        effects.sort_by(|a, b| b.range.total_cmp(&a.range));
        let better = match self.name.as_str() {
            HELD => Some(Better::More),
            name => report::metric(name).and_then(report::Metric::better),
        };
        Some(Told {
            metric: self.name,
            better,
            lowest: self.lowest?,
            highest: self.highest?,
            effects,
        })
    }
}

impl Effect {
    /// The level with the lowest average, the first of several.
    pub(super) fn lowest(&self) -> Option<&Level> {
        self.levels.iter().min_by(|a, b| a.mean.total_cmp(&b.mean))
    }

    /// The level with the highest.
    pub(super) fn highest(&self) -> Option<&Level> {
        self.levels.iter().rev().max_by(|a, b| a.mean.total_cmp(&b.mean))
    }
}
