//! Comparing: variants of a scenario, each run with the same seeds, and what differs.
//!
//! With one seed all variants face the same demand, so the differences to the first variant are
//! taken seed by seed ([`crate::paired`]): what a seed has of its own drops out of them. Each has
//! Student's 95 % interval, with the bootstrap's beside it. Whether a difference is *shown* is
//! decided after [Holm's adjustment](crate::paired::holm) over all differences of the table, so that a
//! table of twenty rows does not find one by luck.

use crate::dice;
use crate::paired::{self, Paired};
use crate::report::{self, Better, Metric, Report};
use crate::scenario::Scenario;
use crate::verdict;
use crate::words::{self, amount, count, plural};
use serde::{Deserialize, Serialize};

/// Raised by one when a field of [`Comparison`] changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;

/// A difference is shown when its chance to be luck, adjusted, is below this.
pub const DOUBT_MAX: f64 = 0.05;

/// The key figures that are looked at when nobody names any, the weightiest first.
const USUAL: [&str; 15] = [
    "refused",
    "waiting",
    "vms-lost",
    "unserved",
    "time-to-ready-p95",
    "time-jobs-wait-mean",
    "peak-hosts-used",
    "mean-hosts-used",
    "hosts",
    "ordered-price",
    "cost",
    "energy",
    "carbon",
    "evicted",
    "utilisation-mean",
];

/// The runs of several variants.
#[derive(Clone, Debug)]
pub struct Runs {
    metrics: Vec<&'static Metric>,
    names: Vec<String>,
    seeds: Vec<u64>,
    /// By metric, variant, seed.
    values: Vec<Vec<Vec<f64>>>,
    /// By variant: in how many seeds every expectation held.
    held: Vec<u64>,
    /// The first seed with which the variants did not face as many requests.
    unlike: Option<(u64, u64, u64)>,
}

/// What is kept of one run: little, however many there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The seed.
    pub seed: u64,
    /// How many requests arrived.
    pub requests: u64,
    held: bool,
    values: Vec<f64>,
}

impl Measured {
    /// Of a run, by these key figures.
    pub fn of(report: &Report, metrics: &[&'static Metric]) -> Self {
        Self {
            seed: report.seed,
            requests: report.requests,
            held: report.is_held(),
            values: metrics.iter().map(|metric| measured(metric, report)).collect(),
        }
    }

    /// By some of the key figures that it was measured by. What was not measured is 0.
    #[must_use]
    pub fn only(&self, metrics: &[&'static Metric], of: &[&'static Metric]) -> Self {
        let value = |metric: &&Metric| {
            let place = of.iter().position(|known| known.name == metric.name);
            place.and_then(|place| self.values.get(place)).copied().unwrap_or(0.0)
        };
        Self { values: metrics.iter().map(value).collect(), ..self.clone() }
    }
}

impl Runs {
    /// Of such variants, the first of which the others are compared with.
    ///
    /// # Panics
    /// If there is no variant.
    pub fn new(names: Vec<String>, metrics: Vec<&'static Metric>) -> Self {
        assert!(!names.is_empty(), "something is compared");
        let values = vec![vec![Vec::new(); names.len()]; metrics.len()];
        let held = vec![0; names.len()];
        Self { metrics, names, seeds: Vec::new(), values, held, unlike: None }
    }

    /// What is kept of a run.
    pub fn measure(&self, report: &Report) -> Measured {
        Measured::of(report, &self.metrics)
    }

    /// One seed's runs, in the order of the variants.
    ///
    /// # Panics
    /// If there are not as many runs as variants.
    pub fn add(&mut self, runs: &[Measured]) {
        assert_eq!(runs.len(), self.names.len(), "a run a variant");
        let first = &runs[0];
        self.seeds.push(first.seed);
        for (place, run) in runs.iter().enumerate() {
            for (values, value) in self.values.iter_mut().zip(&run.values) {
                values[place].push(*value);
            }
            self.held[place] += u64::from(run.held);
        }
        if let Some(other) = runs.iter().find(|other| other.requests != first.requests) {
            self.unlike.get_or_insert((first.seed, first.requests, other.requests));
        }
    }

    /// How many seeds have been run.
    pub fn seeds(&self) -> usize {
        self.seeds.len()
    }

    /// The widest half of an interval of a difference in the first metric, and the mean of the
    /// first variant; `None` if there are too few seeds.
    pub fn half_width(&self) -> Option<(f64, f64)> {
        let values = self.values.first()?;
        let own = values.first()?;
        let halves = values[1..].iter().map(|other| {
            let found = paired::of_seeds(&differences(other, own))?;
            Some((found.high - found.low) / 2.0)
        });
        let widest = halves.collect::<Option<Vec<_>>>()?.into_iter().fold(0.0, f64::max);
        Some((widest, mean(own)))
    }

    /// What they come to.
    pub fn compare(&self, scenario: &Scenario) -> Comparison {
        let mut rows: Vec<Row> = Vec::new();
        for (metric, values) in self.metrics.iter().zip(&self.values) {
            let is_dull = values.iter().flatten().all(|value| *value == 0.0);
            // What was asked for is told even if it is nothing everywhere.
            if !is_dull || rows.is_empty() && self.metrics.len() == 1 {
                rows.push(self.row(metric, values, scenario));
            }
        }
        adjust(&mut rows);
        let mut notes = Vec::new();
        if let Some((seed, one, other)) = self.unlike {
            notes.push(format!(
                "the variants do not face the same demand: with seed {seed} one had {} requests, another {}",
                count(one),
                count(other)
            ));
        }
        if self.seeds.len() < paired::BLOCKS_MIN {
            notes.push(format!("no intervals: they need {} seeds at least", paired::BLOCKS_MIN));
        }
        let variants = self.names.iter().zip(&self.held);
        Comparison {
            schema_version: SCHEMA_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.name.clone(),
            question: scenario.question.clone(),
            answer: answer(&rows, &self.names, self.seeds.len()),
            seeds: self.seeds.clone(),
            confidence: 0.95,
            expectations: scenario.expectations.len() as u64,
            variants: variants
                .map(|(name, held)| Variant { name: name.clone(), held: *held })
                .collect(),
            rows,
            notes,
        }
    }

    fn row(&self, metric: &'static Metric, values: &[Vec<f64>], scenario: &Scenario) -> Row {
        let differences = values[1..].iter().enumerate().map(|(place, other)| {
            let each = differences(other, &values[0]);
            let found = paired::of_seeds(&each);
            let mut dice = dice::stream(scenario.seed, &format!("compare/{}/{place}", metric.name));
            let ends = paired::bootstrap(&each, 1, &mut dice);
            Difference {
                variant: self.names[place + 1].clone(),
                mean: mean(&each),
                interval: found.zip(ends).map(|(found, ends)| interval(&found, ends)),
                // A difference that no seed shows is none; Holm's turn comes later.
                is_shown: false,
            }
        });
        Row {
            metric: metric.name.to_owned(),
            what: metric.what.to_owned(),
            of: metric.of.map(str::to_owned),
            better: metric.better(),
            differences: differences.collect(),
            means: values.iter().map(|values| mean(values)).collect(),
        }
    }
}

/// The key figures to look at: those of the scenario's expectations first, then the usual.
pub fn metrics(scenario: &Scenario) -> Vec<&'static Metric> {
    let of_file = scenario.expectations.iter().map(|expectation| expectation.metric.as_str());
    let mut metrics: Vec<&'static Metric> = Vec::new();
    for name in of_file.chain(USUAL) {
        if let Some(metric) = report::metric(name)
            && !metrics.iter().any(|known| known.name == metric.name)
        {
            metrics.push(metric);
        }
    }
    metrics
}

/// A value as it is compared: a share where the metric is a part of something.
fn measured(metric: &Metric, report: &Report) -> f64 {
    verdict::share(metric, report).unwrap_or_else(|| verdict::value(metric, report))
}

fn differences(values: &[f64], from: &[f64]) -> Vec<f64> {
    values.iter().zip(from).map(|(value, from)| value - from).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |sum, value| sum + value) / values.len().max(1) as f64
}

fn interval(found: &Paired, (low, high): (f64, f64)) -> Interval {
    let Paired { p, .. } = *found;
    Interval {
        low: found.low,
        high: found.high,
        bootstrap_low: low,
        bootstrap_high: high,
        p,
        p_adjusted: p,
    }
}

/// Holm's adjustment over all differences of the table.
fn adjust(rows: &mut [Row]) {
    let all = || rows.iter().flat_map(|row| &row.differences);
    let p: Vec<f64> = all().filter_map(|of| Some(of.interval.as_ref()?.p)).collect();
    let mut adjusted = paired::holm(&p).into_iter();
    for difference in rows.iter_mut().flat_map(|row| &mut row.differences) {
        if let Some(interval) = &mut difference.interval {
            interval.p_adjusted = adjusted.next().expect("as many as there were");
            difference.is_shown = interval.p_adjusted < DOUBT_MAX;
        }
    }
}

/// A comparison: what `compare --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The version of the simulator.
    pub version: String,
    /// The name of the first variant's scenario.
    pub scenario: String,
    /// Its question; may be empty.
    pub question: String,
    /// Which is better, by how much, and how sure: a sentence.
    pub answer: String,
    /// The seeds that each was run with.
    pub seeds: Vec<u64>,
    /// How sure intervals are, 0..1.
    pub confidence: f64,
    /// How many expectations the scenario has.
    pub expectations: u64,
    /// What was compared, the first being the one that differences are taken to.
    pub variants: Vec<Variant>,
    /// By key figure, the weightiest first; those that are 0 everywhere are left out.
    pub rows: Vec<Row>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// One of what was compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// What it is called.
    pub name: String,
    /// In how many seeds every expectation held.
    pub held: u64,
}

/// One key figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its name in `[[expect]]`.
    pub metric: String,
    /// What it counts.
    pub what: String,
    /// If this is there, all values of the row are shares of it, 0..=1.
    pub of: Option<String>,
    /// Which value is better; `None` where that depends.
    pub better: Option<Better>,
    /// By variant: the mean over the seeds.
    pub means: Vec<f64>,
    /// By variant, from the second on: how it differs from the first.
    pub differences: Vec<Difference>,
}

/// How a variant differs from the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The variant.
    pub variant: String,
    /// Its value less the first one's, averaged over the seeds.
    pub mean: f64,
    /// How sure that is; `None` if there are too few seeds.
    pub interval: Option<Interval>,
    /// Whether it is there beyond doubt, all differences of the table considered.
    pub is_shown: bool,
}

/// How sure a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Student's interval, the lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The bootstrap's interval, the lower end.
    pub bootstrap_low: f64,
    /// Its upper end.
    pub bootstrap_high: f64,
    /// How likely it is by luck alone, 0..=1.
    pub p: f64,
    /// The same after Holm's adjustment over the table.
    pub p_adjusted: f64,
}

impl Row {
    /// A value as people read it.
    pub fn figure(&self, value: f64) -> String {
        figure_of(&self.metric, self.of.is_some(), value)
    }

    /// A difference as people read it, with its sign.
    pub fn change(&self, value: f64) -> String {
        change_of(&self.metric, self.of.is_some(), value)
    }

    /// The ends of an interval as people read them.
    pub fn ends(&self, interval: &Interval) -> String {
        self.range(interval.low, interval.high)
    }

    fn range(&self, low: f64, high: f64) -> String {
        let (from, to) = (self.change(low), self.change(high));
        // One unit is enough for both.
        let from = match self.of {
            Some(_) if high != 0.0 => from.trim_end_matches(" points"),
            _ => from.as_str(),
        };
        format!("{from} to {to}")
    }

    /// Whether `mean` is better than `other`.
    fn is_better(&self, mean: f64, other: f64) -> bool {
        match self.better {
            Some(Better::Less) => mean < other,
            Some(Better::More) => mean > other,
            None => false,
        }
    }

    /// Which variant has the best mean: the first of those.
    fn best(&self) -> usize {
        let places = 1..self.means.len();
        places.fold(0, |best, place| {
            if self.is_better(self.means[place], self.means[best]) { place } else { best }
        })
    }
}

/// The value of a key figure, or a share of its whole, as people read it.
pub fn figure_of(metric: &str, is_share: bool, value: f64) -> String {
    if is_share { words::percent(value) } else { verdict::figure(metric, value) }
}

/// A difference of such values as people read it, with its sign: points of a percentage, a time, an
/// amount.
pub fn change_of(metric: &str, is_share: bool, value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "−" };
    let size = match value.abs() {
        0.0 => return "0".to_owned(),
        value if is_share => format!("{} points", amount(value * 100.0)),
        // A step on the way from `none` to `zone` has no name.
        value if metric == "survives" => amount(value),
        value => verdict::figure(metric, value),
    };
    format!("{sign}{size}")
}

/// Which is better, by how much, how sure: in the weightiest figure that shows a difference, and what
/// the next one says if it speaks against it.
fn answer(rows: &[Row], names: &[String], seeds: usize) -> String {
    let seeds = plural(seeds as u64, "seed");
    let judged: Vec<&Row> = rows.iter().filter(|row| row.better.is_some()).collect();
    let shows = |row: &&&Row| row.differences.iter().any(|difference| difference.is_shown);
    let Some(row) = judged.iter().find(shows) else {
        return match judged.first() {
            None => format!("nothing differs that would make one better, with {seeds}"),
            Some(row) => {
                let widest = row.differences.iter().filter_map(|of| of.interval.as_ref());
                let widest = widest.max_by(|a, b| (a.high - a.low).total_cmp(&(b.high - b.low)));
                let room = match widest {
                    Some(interval) if interval.low == 0.0 && interval.high == 0.0 => {
                        format!("{} is the same with all of them", row.metric)
                    }
                    Some(interval) => format!(
                        "in {} the difference lies between {} (95 % interval)",
                        row.metric,
                        row.ends(interval).replace(" to ", " and ")
                    ),
                    None => format!("{} needs more seeds", row.metric),
                };
                format!("no difference that {seeds} can show: {room}")
            }
        };
    };
    let best = row.best();
    let mut text = match best {
        0 => first_is_best(row, names),
        place => {
            let difference = &row.differences[place - 1];
            let verb =
                if difference.is_shown { "is better than" } else { "has the best mean, before" };
            format!("{} {verb} {}: {}", names[place], names[0], told(row, place, 0))
        }
    };
    // Where another is better than the winner, as far as the table compares the two.
    let rivals = || match best {
        0 => 1..names.len(),
        _ => 0..1,
    };
    let beats = |row: &Row, rival: usize| {
        row.differences[best.max(rival) - 1].is_shown
            && row.is_better(row.means[rival], row.means[best])
    };
    let against = judged.iter().find_map(|row| {
        let rival = rivals().find(|rival| beats(row, *rival))?;
        Some((row, rival))
    });
    if let Some((row, rival)) = against {
        text += &format!("; but {} with {}", told(row, best, rival), names[rival]);
    }
    format!("{text}; {seeds}")
}

fn first_is_best(row: &Row, names: &[String]) -> String {
    let shown: Vec<usize> =
        (1..names.len()).filter(|place| row.differences[place - 1].is_shown).collect();
    // The runner-up says the least by which it is better.
    let next = shown.iter().copied().reduce(|best, place| {
        if row.is_better(row.means[place], row.means[best]) { place } else { best }
    });
    let next = next.expect("one is shown");
    let rest = match names.len() - 1 - shown.len() {
        0 => String::new(),
        _ => {
            let others = (1..names.len()).filter(|place| !shown.contains(place));
            format!(", not shown to be better than {}", list(others, names))
        }
    };
    let whom = list(shown.iter().copied(), names);
    format!("{} is better than {whom}{rest}: {}", names[0], told(row, 0, next))
}

/// `a, b and c`.
fn list(places: impl Iterator<Item = usize>, names: &[String]) -> String {
    let names: Vec<&str> = places.map(|place| names[place].as_str()).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// `refused 1.2% against 3.4%, −2.2 points (95 % interval −2.5 to −1.9 points)`: of one variant
/// against another, one of which is the first.
fn told(row: &Row, place: usize, other: usize) -> String {
    let difference = &row.differences[place.max(other) - 1];
    let (mean, interval) = match place {
        0 => (-difference.mean, difference.interval.as_ref().map(|of| (-of.high, -of.low))),
        _ => (difference.mean, difference.interval.as_ref().map(|of| (of.low, of.high))),
    };
    let interval = match interval {
        Some((low, high)) => format!(" (95 % interval {})", row.range(low, high)),
        None => String::new(),
    };
    format!(
        "{} {} against {}, {}{interval}",
        row.metric,
        row.figure(row.means[place]),
        row.figure(row.means[other]),
        row.change(mean),
    )
}
