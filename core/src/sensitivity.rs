//! Sensitivity: the numbers of a scenario that matter, each turned down and up alone, and what that does to
//! its key figures. Sorted by effect it is a tornado.
//!
//! [`turns`] finds the numbers in the text ([`crate::read::written`]), so each end of a bar is a change that
//! `--set` makes too. Every change faces the seeds of the scenario as written, so differences are taken
//! seed by seed ([`crate::comparison`]). One number is turned at a time: what two do together is not seen.

use crate::comparison::{self, Comparison, Measured, Row, Runs};
use crate::read::{Input, Override, Written, read, written};
use crate::report::{Better, Metric, Report};
use crate::scenario::Scenario;
use crate::source::Files;
use crate::time::TIME_MS_MAX;
use crate::units::{Length, format_duration_ms};
use crate::words::{count, plural};
use serde::{Deserialize, Serialize};

/// Raised by one when a field of [`Sensitivity`] changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;

/// The most numbers that are turned.
pub const TURNS_MAX: usize = 24;

/// More than so many of one kind (demands, models, pools …) are turned together.
const EACH_MAX: usize = 4;

/// The most tornados: one for each figure that the scenario expects something of.
const TORNADOS_MAX: usize = 3;

/// By how much a number is turned.
#[derive(Clone, Copy)]
enum By {
    /// Less and more by so many percent.
    Percent(u32),
    /// Less and more by so many points of a percentage.
    Points(u32),
    /// Half of it and twice as much.
    Double,
}

/// Numbers of one kind.
struct Kind {
    /// What they are.
    label: &'static str,
    /// The way to them; `*` is any name.
    path: &'static [&'static str],
    /// What may come last on the way from there; the number may also stand there itself.
    ends: &'static [&'static str],
    by: By,
    is_whole: bool,
}

/// What a curve comes to.
const CURVE: &[&str] = &["to", "value"];
/// What a distribution is scaled by.
const SPREAD: &[&str] = &["mean", "median", "scale", "value"];
/// Any name.
const ANY: &[&str] = &["*"];

const fn kind(
    label: &'static str,
    path: &'static [&'static str],
    ends: &'static [&'static str],
    by: By,
) -> Kind {
    Kind { label, path, ends, by, is_whole: false }
}

const fn whole(kind: Kind) -> Kind {
    Kind { is_whole: true, ..kind }
}

const KINDS: &[Kind] = &[
    kind("VMs asked for", &["demand", "*", "alive"], CURVE, By::Percent(20)),
    kind("Requests", &["demand", "*", "rate"], CURVE, By::Percent(20)),
    kind("Lifetime", &["demand", "*", "lifetime"], SPREAD, By::Percent(20)),
    kind("Jobs", &["jobs", "*", "rate"], CURVE, By::Percent(20)),
    kind("Run time of jobs", &["jobs", "*", "run-time"], SPREAD, By::Percent(20)),
    kind("Traffic", &["service", "*", "traffic", "rate"], CURVE, By::Percent(20)),
    kind(
        "Requests that an instance serves",
        &["service", "*", "traffic", "per-instance"],
        &[],
        By::Percent(20),
    ),
    whole(kind("Instances", &["service", "*", "instances"], &[], By::Percent(20))),
    whole(kind("Hosts at the start", &["pools", "*", "hosts"], &["count"], By::Percent(10))),
    kind("Hosts by plan", &["pools", "*", "growth"], CURVE, By::Percent(10)),
    kind("Overcommit", &["host-models", "*", "overcommit"], ANY, By::Percent(10)),
    kind("Overcommit", &["pools", "*", "overcommit"], ANY, By::Percent(10)),
    kind("Trigger of orders", &["procurement", "trigger"], &[], By::Points(5)),
    kind("Trigger of orders", &["procurement", "*", "trigger"], &[], By::Points(5)),
    whole(kind("Hosts in one order", &["procurement", "batch"], &[], By::Double)),
    whole(kind("Hosts in one order", &["procurement", "*", "batch"], &[], By::Double)),
    kind("Lead time", &["procurement", "lead-time"], SPREAD, By::Percent(25)),
    kind("Lead time", &["procurement", "*", "lead-time"], SPREAD, By::Percent(25)),
    kind("Lead time", &["host-models", "*", "lead-time"], SPREAD, By::Percent(25)),
    whole(kind("Operators", &["provisioning", "*", "operators"], &[], By::Percent(25))),
    kind("Hands-on time", &["provisioning", "*", "hands-on"], SPREAD, By::Percent(20)),
    kind("Approval", &["provisioning", "*", "approval"], SPREAD, By::Percent(20)),
    kind("Failures of hosts", &["failures", "hosts"], ANY, By::Double),
    kind("Failures of racks", &["failures", "racks"], &[], By::Double),
    kind("Failures of zones", &["failures", "zones"], &[], By::Double),
    kind("Repair", &["failures", "repair"], SPREAD, By::Double),
    whole(kind("Spares", &["failures", "spares"], &[], By::Double)),
    kind("Boot", &["images", "*", "boot"], SPREAD, By::Percent(20)),
    kind("Target of scaling", &["service", "*", "autoscale", "target"], &[], By::Points(5)),
];

impl Kind {
    /// Whose number it is, if it is of this kind; of what has no names nobody's.
    fn whose(&self, steps: &[String]) -> Option<String> {
        let rest = steps.get(self.path.len()..)?;
        let mut names = Vec::new();
        for (step, wanted) in steps.iter().zip(self.path) {
            match *wanted {
                "*" => names.push(step.clone()),
                wanted if wanted == step => {}
                _ => return None,
            }
        }
        if let Some(last) = rest.last() {
            let is_end = self.ends.iter().any(|end| *end == "*" || end == last);
            if !is_end {
                return None;
            }
            if self.ends == ANY {
                names.push(last.clone());
            }
        }
        Some(names.join(", "))
    }
}

/// A number that is turned, or several of one kind together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// What it is.
    pub label: String,
    /// The keys by which it is changed.
    pub keys: Vec<String>,
    /// As written.
    pub value: String,
    /// Turned down.
    pub low: Side,
    /// Turned up.
    pub high: Side,
}

/// A number turned one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// What it is then.
    pub value: String,
    /// The changes that make it so; none where it cannot be turned that way.
    pub changes: Vec<Override>,
}

/// The numbers of a scenario that can be turned, in the order of the list above.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Those that are, at most [`TURNS_MAX`].
    pub turns: Vec<Turn>,
    /// What those beyond are.
    pub left_out: Vec<String>,
}

/// The numbers of a scenario that are turned. One that would be wrong when it is turned one way stays
/// there as it is.
pub fn numbers(input: &Input<'_>, files: &dyn Files) -> Numbers {
    let values = written(input);
    let mut turns = Vec::new();
    for kind in KINDS {
        let mut of_kind: Vec<(String, Vec<&Written>)> = Vec::new();
        for value in &values {
            let Some(whose) = kind.whose(&value.steps) else { continue };
            match of_kind.iter_mut().find(|(name, _)| *name == whose) {
                Some((_, values)) => values.push(value),
                None => of_kind.push((whose, vec![value])),
            }
        }
        if of_kind.len() > EACH_MAX {
            let all = format!("{}, all {}", kind.label, of_kind.len());
            let values = of_kind.into_iter().flat_map(|(_, values)| values).collect();
            turns.extend(turn(kind, all, values));
            continue;
        }
        for (whose, values) in of_kind {
            let label = match whose.as_str() {
                "" => kind.label.to_owned(),
                whose => format!("{}, {whose}", kind.label),
            };
            turns.extend(turn(kind, label, values));
        }
    }
    let is_right = |side: &Side| {
        let overrides = [input.overrides, &side.changes].concat();
        side.changes.is_empty() || read(&Input { overrides: &overrides, ..*input }, files).is_ok()
    };
    turns.retain_mut(|turn: &mut Turn| {
        for side in [&mut turn.low, &mut turn.high] {
            if !is_right(side) {
                *side = Side { value: turn.value.clone(), changes: Vec::new() };
            }
        }
        turn.is_turned()
    });
    let beyond = turns.split_off(turns.len().min(TURNS_MAX));
    Numbers { turns, left_out: beyond.into_iter().map(|turn| turn.label).collect() }
}

impl Turn {
    fn is_turned(&self) -> bool {
        !(self.low.changes.is_empty() && self.high.changes.is_empty())
    }
}

/// `None` if the numbers cannot be turned.
fn turn(kind: &Kind, label: String, values: Vec<&Written>) -> Option<Turn> {
    let (low, high) = match kind.by {
        By::Percent(percent) => {
            (1.0 - f64::from(percent) / 100.0, 1.0 + f64::from(percent) / 100.0)
        }
        By::Points(points) => (-f64::from(points), f64::from(points)),
        By::Double => (0.5, 2.0),
    };
    let said = match kind.by {
        By::Percent(percent) => [format!("−{percent}%"), format!("+{percent}%")],
        By::Points(points) => [format!("−{points} points"), format!("+{points} points")],
        By::Double => ["half".to_owned(), "twice".to_owned()],
    };
    let side = |by: f64, said: &String| {
        let turned = values.iter().map(|value| turned(kind, value, by));
        let turned = turned.collect::<Option<Vec<_>>>()?;
        let value = match turned.as_slice() {
            [(says, _)] => says.clone(),
            _ => said.clone(),
        };
        let changes = turned.into_iter().filter_map(|(_, change)| change).collect();
        Some(Side { value, changes })
    };
    let value = match values.as_slice() {
        [value] => value.says(),
        _ => "as written".to_owned(),
    };
    let as_written = || Side { value: value.clone(), changes: Vec::new() };
    let low = side(low, &said[0]).unwrap_or_else(as_written);
    let high = side(high, &said[1]).unwrap_or_else(as_written);
    let keys = values.iter().map(|value| value.key()).collect();
    Some(Turn { label, keys, value, low, high }).filter(Turn::is_turned)
}

/// A number turned: what it says then, and the change; no change where it stays as it is.
fn turned(kind: &Kind, value: &Written, by: f64) -> Option<(String, Option<Override>)> {
    let number: f64 = value.number.replace('_', "").parse().ok()?;
    let change = |toml: String| Some(Override { key: value.key(), value: toml });
    if value.unit.as_ref().is_some_and(|unit| unit.contains(|c: char| c.is_ascii_digit())) {
        // `1 h 30 min`: no number of its own to turn.
        let ms = Length::parse(&value.says()).ok()?.ms() as f64 * by;
        if !(0.0..=TIME_MS_MAX as f64).contains(&ms) {
            return None;
        }
        let says = format_duration_ms(libm::round(ms) as u64);
        return Some((says.clone(), change(format!("\"{says}\""))));
    }
    let turned = match kind.by {
        By::Points(_) if value.unit.as_deref() == Some("%") => number + by,
        By::Points(_) => number + by / 100.0,
        By::Percent(_) | By::Double => number * by,
    };
    if number == 0.0 || turned <= 0.0 {
        return None;
    }
    let text = if kind.is_whole {
        let nearest = libm::round(turned);
        // A small number is turned by one at least, and never to none.
        let moved = if nearest == number {
            number + if turned < number { -1.0 } else { 1.0 }
        } else {
            nearest
        };
        format!("{:.0}", moved.max(1.0))
    } else {
        five_digits(turned)
    };
    let same = text.parse::<f64>().ok() == Some(number);
    let toml = value.toml(&text);
    Some((value.with(&text), if same { None } else { change(toml) }))
}

/// With five significant digits, and no zeros behind them.
fn five_digits(value: f64) -> String {
    let magnitude = libm::floor(libm::log10(value)) as i32;
    let places = usize::try_from((4 - magnitude).clamp(0, 12)).unwrap_or(0);
    let text = format!("{value:.places$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// What is run with each seed, the scenario as written first, then each turn down and up.
pub fn variants(turns: &[Turn]) -> Vec<(String, Vec<Override>)> {
    let sides = turns.iter().flat_map(|turn| {
        let name = |side: &Side| format!("{}: {}", turn.label, side.value);
        [&turn.low, &turn.high].map(|side| (name(side), side.changes.clone()))
    });
    [("as written".to_owned(), Vec::new())].into_iter().chain(sides).collect()
}

/// The runs that turning the numbers takes: of each seed those of all [`variants`], in their order.
#[derive(Clone, Debug)]
pub struct Turning {
    numbers: Numbers,
    variants: Vec<(String, Vec<Override>)>,
    asked: Vec<&'static Metric>,
    runs: Runs,
}

impl Turning {
    /// Of these numbers, by the figures asked for; of none by the usual ones.
    pub fn new(numbers: Numbers, scenario: &Scenario, asked: &[&'static Metric]) -> Self {
        let variants = variants(&numbers.turns);
        let metrics = match asked {
            [] => comparison::metrics(scenario),
            asked => asked.to_vec(),
        };
        let runs = Runs::new(variants.iter().map(|(name, _)| name.clone()).collect(), metrics);
        Self { numbers, variants, asked: asked.to_vec(), runs }
    }

    /// How many runs so many seeds take.
    pub fn runs(&self, seeds: u32) -> usize {
        self.variants.len() * seeds as usize
    }

    /// What the run of this number changes in the scenario.
    pub fn changes(&self, number: usize, scenario: &Scenario) -> Vec<Override> {
        let (_, changes) = &self.variants[number % self.variants.len()];
        let seed = scenario.seed_after((number / self.variants.len()) as u64);
        let seed = Override { key: "seed".to_owned(), value: seed.to_string() };
        changes.iter().cloned().chain([seed]).collect()
    }

    /// What is kept of a run.
    pub fn measure(&self, report: &Report) -> Measured {
        self.runs.measure(report)
    }

    /// What all runs come to, in the order of their numbers.
    ///
    /// # Panics
    /// If some of a seed's are missing.
    pub fn found(&self, measured: &[Measured], scenario: &Scenario) -> Sensitivity {
        let mut runs = self.runs.clone();
        measured.chunks(self.variants.len()).for_each(|seed| runs.add(seed));
        Sensitivity::of(&self.numbers, &runs.compare(scenario), scenario, &self.asked)
    }
}

/// What turning the numbers does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The version of the simulator.
    pub version: String,
    /// The name of the scenario.
    pub scenario: String,
    /// What matters most, and what breaks the plan, in words.
    pub answer: String,
    /// The seeds that each change was run with.
    pub seeds: Vec<u64>,
    /// How many expectations the scenario has.
    pub expectations: u64,
    /// In how many seeds all of them held as written.
    pub held: u64,
    /// Changes with which they do not hold in as many seeds, and how the number stands then.
    pub breaks: Vec<String>,
    /// Changes with which they hold in more seeds.
    pub mends: Vec<String>,
    /// By key figure: those of the scenario's expectations that anything moves, or else the first of
    /// the usual ones that does.
    pub tornados: Vec<Tornado>,
    /// Numbers that could be turned too and were not: there are more than [`TURNS_MAX`].
    #[serde(default)]
    pub left_out: Vec<String>,
}

/// What moves one key figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tornado {
    /// Its name in `[[expect]]`.
    pub metric: String,
    /// What it counts.
    pub what: String,
    /// If this is there, all figures are shares of it, 0..=1.
    pub of: Option<String>,
    /// Which value is better; `None` where that depends.
    pub better: Option<Better>,
    /// The mean over the seeds as written.
    pub figure: f64,
    /// What moves it, the widest swing first.
    pub bars: Vec<Bar>,
    /// What was turned and does not move it.
    pub unmoved: Vec<String>,
}

/// What one number does to a figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// What the number is.
    pub label: String,
    /// The keys by which it is changed.
    pub keys: Vec<String>,
    /// As written.
    pub value: String,
    /// Turned down.
    pub low: End,
    /// Turned up.
    pub high: End,
    /// From the least to the most of the three means.
    pub swing: f64,
}

/// One end of a bar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// What the number is there.
    pub value: String,
    /// The figure's mean over the seeds.
    pub figure: f64,
    /// The same less that of the scenario as written.
    pub change: f64,
    /// Student's 95 % interval of that, seed by seed; `None` if there are too few seeds.
    pub interval: Option<(f64, f64)>,
    /// In how many seeds every expectation held.
    pub held: u64,
}

impl Tornado {
    /// A value as people read it.
    pub fn figure(&self, value: f64) -> String {
        comparison::figure_of(&self.metric, self.of.is_some(), value)
    }

    /// A difference as people read it, with its sign.
    pub fn change(&self, value: f64) -> String {
        comparison::change_of(&self.metric, self.of.is_some(), value)
    }

    /// Where a value lies between the least and the most that its bars reach, 0..=1.
    pub fn place(&self, value: f64) -> f64 {
        let ends = self.bars.iter().flat_map(|bar| [bar.low.figure, bar.high.figure]);
        let ends = || ends.clone().chain([self.figure]);
        let (least, most) = (ends().fold(f64::MAX, f64::min), ends().fold(f64::MIN, f64::max));
        (value - least) / (most - least).max(f64::MIN_POSITIVE)
    }
}

impl Sensitivity {
    /// How the figures were found, and what they do not show; nothing without seeds.
    pub fn about(&self) -> String {
        let (Some(first), Some(last)) = (self.seeds.first(), self.seeds.last()) else {
            return String::new();
        };
        format!(
            "Means over the seeds {first} to {last}. Each number is turned alone, so what two of them do \
             together is not seen. ✗: the expectations hold with fewer seeds than as written.{}",
            match self.left_out.as_slice() {
                [] => String::new(),
                left_out =>
                    format!(" Not turned, since at most {TURNS_MAX} are: {}.", left_out.join(", ")),
            }
        )
    }

    /// Of a comparison of [`variants`] in their order, by the figures asked for; of none by those that the
    /// scenario expects something of.
    ///
    /// # Panics
    /// If it is of others.
    pub fn of(
        numbers: &Numbers,
        comparison: &Comparison,
        scenario: &Scenario,
        asked: &[&Metric],
    ) -> Self {
        let turns = &numbers.turns;
        assert_eq!(comparison.variants.len(), 1 + 2 * turns.len(), "two changes a turn");
        let is_wanted = |row: &&Row| match asked {
            [] => scenario.expectations.iter().any(|e| e.metric == row.metric),
            asked => asked.iter().any(|metric| metric.name == row.metric),
        };
        let moves = |row: &&Row| row.differences.iter().any(|of| of.mean != 0.0);
        let rows: Vec<&Row> = comparison.rows.iter().filter(moves).collect();
        let mut chosen: Vec<&Row> = rows.iter().copied().filter(is_wanted).collect();
        chosen.truncate(asked.len().max(TORNADOS_MAX));
        if chosen.is_empty() {
            chosen.extend(rows.first());
        }
        let held: Vec<u64> = comparison.variants.iter().map(|variant| variant.held).collect();
        let tornados: Vec<Tornado> = chosen.iter().map(|row| tornado(row, turns, &held)).collect();
        let places = |is_meant: &dyn Fn(u64) -> bool| {
            let sides = turns.iter().flat_map(|turn| [(turn, &turn.low), (turn, &turn.high)]);
            let meant = sides.zip(&held[1..]).filter(|(_, held)| is_meant(**held));
            meant.map(|((turn, side), _)| format!("{} {}", turn.label, side.value)).collect()
        };
        let mut found = Self {
            schema_version: SCHEMA_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.name.clone(),
            answer: String::new(),
            seeds: comparison.seeds.clone(),
            expectations: comparison.expectations,
            held: held[0],
            breaks: places(&|other| other < held[0]),
            mends: places(&|other| other > held[0]),
            tornados,
            left_out: numbers.left_out.clone(),
        };
        found.answer = found.sentence(turns.len(), asked);
        found
    }

    fn sentence(&self, turned: usize, asked: &[&Metric]) -> String {
        if turned == 0 {
            return "the scenario has no number to turn: what comes is given by its files"
                .to_owned();
        }
        let mut parts = Vec::new();
        match self.tornados.first().and_then(|tornado| Some((tornado, tornado.bars.first()?))) {
            None => {
                let numbers = plural(turned as u64, "number");
                parts.push(match asked {
                    [] => format!("no key figure moves when its {numbers} are turned"),
                    asked => {
                        let names: Vec<&str> = asked.iter().map(|metric| metric.name).collect();
                        format!("{} stays as it is when {numbers} are turned", names.join(", "))
                    }
                });
            }
            Some((tornado, bar)) => {
                let side = |end: &End| format!("{} with {}", tornado.figure(end.figure), end.value);
                parts.push(format!(
                    "what moves {} most is {}: {}, {}; as written, with {}, it is {}",
                    tornado.metric,
                    lower(&bar.label),
                    side(&bar.low),
                    side(&bar.high),
                    bar.value,
                    tornado.figure(tornado.figure),
                ));
            }
        }
        parts.extend(self.judged());
        parts.join("; ")
    }

    /// Whether the expectations depend on what was turned; `None` without any.
    fn judged(&self) -> Option<String> {
        let seeds = self.seeds.len() as u64;
        let list = |changes: &[String]| {
            let first: Vec<String> = changes.iter().take(3).map(|one| lower(one)).collect();
            let more = match changes.len().saturating_sub(3) {
                0 => String::new(),
                more => format!(" and {} more", count(more as u64)),
            };
            first.join(", ") + &more
        };
        if self.expectations == 0 {
            return None;
        }
        let of_seeds = match self.held {
            held if held == seeds => "with every seed".to_owned(),
            0 => "with no seed".to_owned(),
            held => format!("with {} of {}", count(held), plural(seeds, "seed")),
        };
        let mut text = format!("every expectation holds {of_seeds} as written");
        match (self.breaks.as_slice(), self.mends.as_slice()) {
            ([], []) => text += ", and no change alters that",
            (breaks, mends) => {
                if !breaks.is_empty() {
                    text += &format!(", with fewer at {}", list(breaks));
                }
                if !mends.is_empty() {
                    text += &format!(", with more at {}", list(mends));
                }
            }
        }
        Some(text)
    }
}

fn tornado(row: &Row, turns: &[Turn], held: &[u64]) -> Tornado {
    let figure = row.means[0];
    let end = |place: usize, side: &Side| {
        let difference = &row.differences[place - 1];
        End {
            value: side.value.clone(),
            figure: row.means[place],
            change: difference.mean,
            interval: difference.interval.as_ref().map(|of| (of.low, of.high)),
            held: held[place],
        }
    };
    let bars = turns.iter().enumerate().map(|(number, turn)| {
        let low = end(1 + 2 * number, &turn.low);
        let high = end(2 + 2 * number, &turn.high);
        let least = low.figure.min(high.figure).min(figure);
        let swing = low.figure.max(high.figure).max(figure) - least;
        let Turn { label, keys, value, .. } = turn.clone();
        Bar { label, keys, value, low, high, swing }
    });
    let (mut bars, unmoved): (Vec<Bar>, Vec<Bar>) = bars.partition(|bar| bar.swing > 0.0);
    bars.sort_by(|a, b| b.swing.total_cmp(&a.swing));
    Tornado {
        metric: row.metric.clone(),
        what: row.what.clone(),
        of: row.of.clone(),
        better: row.better,
        figure,
        bars,
        unmoved: unmoved.into_iter().map(|bar| bar.label).collect(),
    }
}

/// A label inside a sentence.
fn lower(label: &str) -> String {
    match label.starts_with("VM") {
        true => label.to_owned(),
        false => label
            .chars()
            .take(1)
            .flat_map(char::to_lowercase)
            .chain(label.chars().skip(1))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::NoFiles;

    /// The numbers that are turned in a scenario of 10 hosts with these lines more.
    fn check(more: &str, expected: &str) {
        let text = format!(
            "name = \"t\"\nduration = \"1 year\"\nhost-models.m = {{ cpu = 8, memory = \"32 GiB\" }}\n\
             flavors.f = {{ cpu = 1, memory = \"1 GiB\" }}\npools = [{{ name = \"p\", hosts = {{ model = \"m\", \
             count = 10 }} }}]\n{more}"
        );
        let input = Input { file: "t.toml", text: &text, overrides: &[] };
        let said = numbers(&input, &NoFiles).turns.into_iter().map(|turn| {
            format!("{}: {} | {} | {}", turn.label, turn.low.value, turn.value, turn.high.value)
        });
        assert_eq!(said.collect::<Vec<_>>().join("\n"), expected);
    }

    #[test]
    fn what_is_written_is_turned() {
        check(
            "[[demand]]\nname = \"d\"\nflavor = \"f\"\nalive = { curve = \"linear\", from = 1, to = 7 }\n\
             lifetime = { distribution = \"exponential\", mean = \"90 days\" }\n\
             [failures]\nhosts = \"8% per year\"\nrepair = \"1 h 30 min\"",
            "VMs asked for, d: 5.6 | 7 | 8.4\nLifetime, d: 72 days | 90 days | 108 days\n\
             Hosts at the start, p: 9 | 10 | 11\nFailures of hosts: 4% per year | 8% per year | 16% per year\n\
             Repair: 45 min | 1 h 30 min | 3 h",
        );
    }

    #[test]
    fn many_of_a_kind_are_turned_together() {
        let demand = |n: u32| format!("[[demand]]\nname = \"d{n}\"\nflavor = \"f\"\nalive = 1\n");
        check(
            &(0..5).map(demand).collect::<String>(),
            "VMs asked for, all 5: −20% | as written | +20%\nHosts at the start, p: 9 | 10 | 11",
        );
    }

    #[test]
    fn whole_numbers_are_turned_by_one_at_least() {
        check(
            "[[demand]]\nname = \"d\"\nflavor = \"f\"\nrate = \"1 per day\"\nprovisioning = \"k\"\n\
             [provisioning.k]\noperators = 1\nhands-on = \"1 h\"",
            "Requests, d: 0.8 per day | 1 per day | 1.2 per day\nHosts at the start, p: 9 | 10 | 11\n\
             Operators, k: 1 | 1 | 2\nHands-on time, k: 0.8 h | 1 h | 1.2 h",
        );
    }
    #[test]
    fn what_can_be_turned_one_way_only_is() {
        check(
            "[[demand]]\nname = \"d\"\nflavor = \"f\"\nrate = \"1 per day\"\n\
             [procurement]\ntrigger = \"4%\"\nbatch = 1\nlead-time = \"0 s\"",
            "Requests, d: 0.8 per day | 1 per day | 1.2 per day\nHosts at the start, p: 9 | 10 | 11\n\
             Trigger of orders: 4% | 4% | 9%\nHosts in one order: 1 | 1 | 2",
        );
    }

    #[test]
    fn what_is_beyond_the_most_is_named() {
        let mut text = "name = \"t\"\nduration = \"1 year\"\nhost-models.m = { cpu = 8 }\nflavors.f = { cpu = 1 }\n\
                        pools = [{ name = \"p\", hosts = { model = \"m\", count = 10 } }]\n\
                        failures = { hosts = \"8% per year\", repair = \"1 h\", spares = 2 }\n\
                        procurement = { trigger = \"80%\", batch = 2, lead-time = \"1 day\" }\n"
            .to_owned();
        for number in 0..4 {
            text += &format!(
                "[[demand]]\nname = \"d{number}\"\nflavor = \"f\"\nalive = 1\nlifetime = \"9 days\"\n\
                 provisioning = \"k{number}\"\n[provisioning.k{number}]\noperators = 1\nhands-on = \"1 h\"\n\
                 approval = \"1 h\"\n"
            );
        }
        let found = numbers(&Input { file: "t.toml", text: &text, overrides: &[] }, &NoFiles);
        assert_eq!(found.turns.len(), TURNS_MAX);
        assert_eq!(found.left_out, ["Failures of hosts", "Repair", "Spares"]);
    }
}
