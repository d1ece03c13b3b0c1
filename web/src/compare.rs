//! Comparing: two to four variants of one scenario over the same demand, each with its own
//! worker, its film, and as many seeds as are wanted.

use crate::chart::Span;
use crate::effect::{Effect, Given};
use crate::job::FILM_BYTES_MAX;
use crate::protocol::{FromWorker, Outline, ToWorker, Written};
use fleetcast_core::comparison::DOUBT_MAX;
use fleetcast_core::paired;
use fleetcast_core::report::Report;
use fleetcast_core::report::energy::EnergyReport;
use fleetcast_core::words;
use std::rc::Rc;

/// The most variants.
pub const VARIANTS_MAX: usize = 4;
/// The most seeds.
pub const SEEDS_MAX: u32 = 20;

/// A comparison.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compare {
    /// The variants, two to four once it has begun.
    pub variants: Vec<Variant>,
    /// How many seeds each is run with.
    pub seeds: u32,
    /// What was compared.
    pub written: Written,
    /// Whether the instants shown follow the slider of this screen.
    pub at_ms: u64,
    next_id: u32,
}

/// One variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variant {
    /// The policy; `None`: the scenario's.
    pub policy: Option<String>,
    /// What else it changes: `key=value`, as `--set`; empty for nothing.
    pub set: String,
    /// What runs, once it is known.
    pub outline: Option<Rc<Outline>>,
    /// What it came to, seed by seed, the scenario's own first.
    pub reports: Vec<Rc<Report>>,
    /// How far the run under way has come, 0..=1.
    pub part: f64,
    /// Whether it runs.
    pub is_running: bool,
    /// Why it does not; a sentence.
    pub wrong: Option<String>,
    id: u32,
}

impl Variant {
    /// What it is called.
    pub fn name(&self) -> String {
        match (&self.policy, self.set.trim()) {
            (None, "") => "as written".to_owned(),
            (None, set) => set.to_owned(),
            (Some(policy), "") => policy.clone(),
            (Some(policy), set) => format!("{policy}, {set}"),
        }
    }
}

/// A change.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// One more variant.
    Add,
    /// One less.
    Remove(usize),
    /// A variant has another policy; empty: the scenario's.
    Policy(usize, String),
    /// A variant changes something else.
    Set(usize, String),
    /// So many seeds.
    Seeds(u32),
    /// Run all.
    Run,
    /// Stop all.
    Cancel,
    /// Another instant is shown.
    Seek(u64),
}

/// A row of the table of differences: of what one would rather have less.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is measured.
    pub what: &'static str,
    /// By variant, the mean over the seeds that all have run; `None` where there is nothing yet.
    pub means: Vec<Option<f64>>,
    /// By variant from the second on, how it differs from the first.
    pub differences: Vec<Option<Difference>>,
    /// How a value is written.
    pub write: fn(f64) -> String,
    /// How the size of a difference is.
    pub write_size: fn(f64) -> String,
}

/// How a variant differs from the first, over the seeds that all have run, seed by seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// On average.
    pub mean: f64,
    /// Student's 95 % interval; `None` of too few seeds.
    pub interval: Option<(f64, f64)>,
    /// How likely that much is by luck alone, 0..=1; 1 of too few seeds.
    pub p: f64,
    /// Whether it is there beyond doubt, all differences of the table considered (Holm).
    pub is_shown: bool,
}

impl Row {
    fn of(what: &'static str, values: &[Vec<f64>], write: Writes) -> Self {
        let mean = |values: &[f64]| {
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64) //
        };
        let (first, others) = values.split_first().expect("there are two variants");
        let difference = |other: &Vec<f64>| {
            let each: Vec<f64> = other.iter().zip(first).map(|(one, own)| one - own).collect();
            let found = paired::of_seeds(&each);
            Some(Difference {
                mean: mean(&each)?,
                interval: found.as_ref().map(|found| (found.low, found.high)),
                p: found.as_ref().map_or(1.0, |found| found.p),
                is_shown: false,
            })
        };
        Self {
            what,
            means: values.iter().map(|values| mean(values)).collect(),
            differences: others.iter().map(difference).collect(),
            write: write.0,
            write_size: write.1,
        }
    }

    /// A difference as people read it, with its sign.
    pub fn change(&self, value: f64) -> String {
        let sign = if value > 0.0 { "+" } else { "−" };
        if value == 0.0 {
            "0".to_owned()
        } else {
            format!("{sign}{}", (self.write_size)(value.abs()))
        }
    }

    /// An interval as people read it.
    pub fn ends(&self, (low, high): (f64, f64)) -> String {
        format!("{} to {}", self.change(low), self.change(high))
    }

    fn is_shown(&self, variant: usize) -> bool {
        let difference = variant.checked_sub(1).and_then(|row| self.differences[row].as_ref());
        difference.is_some_and(|difference| difference.is_shown)
    }
}

/// How a value and the size of a difference are written.
type Writes = (fn(f64) -> String, fn(f64) -> String);

/// The size of a difference of two shares.
fn points(value: f64) -> String {
    format!("{} points", words::amount(value * 100.0))
}

impl Compare {
    /// Two variants to start with: the scenario's policy and another.
    pub fn begin(&mut self, written: &Written, outline: &Option<Rc<Outline>>) {
        if !self.variants.is_empty() {
            return;
        }
        self.written = written.clone();
        self.seeds = 5;
        let policy = outline.as_ref().map_or("", |outline| outline.policy.as_str());
        let other = if policy == "worst-fit" { "best-fit" } else { "worst-fit" };
        let other = Variant { policy: Some(other.to_owned()), ..Variant::default() };
        self.variants = vec![Variant::default(), other];
    }

    /// Whether something runs.
    pub fn is_running(&self) -> bool {
        self.variants.iter().any(|variant| variant.is_running)
    }

    /// Takes a change; what is to be done outside.
    pub fn change(&mut self, change: Change, written: &Written, files: &[Given]) -> Vec<Effect> {
        match change {
            Change::Add if self.variants.len() < VARIANTS_MAX => {
                let used =
                    |name: &str| self.variants.iter().any(|v| v.policy.as_deref() == Some(name));
                let names = ["best-fit", "first-fit", "worst-fit", "random"];
                let policy = names.into_iter().find(|name| !used(name)).map(str::to_owned);
                self.variants.push(Variant { policy, ..Variant::default() });
            }
            Change::Remove(row) if self.variants.len() > 2 && row < self.variants.len() => {
                // Lanes are by row: what runs in those behind it would answer for another.
                let effects = self.cancel();
                self.variants.remove(row);
                for variant in &mut self.variants {
                    *variant = Variant {
                        policy: variant.policy.take(),
                        set: std::mem::take(&mut variant.set),
                        ..Variant::default()
                    };
                }
                return effects;
            }
            Change::Policy(row, policy) => {
                if let Some(variant) = self.variants.get_mut(row) {
                    variant.policy = (!policy.is_empty()).then_some(policy);
                }
            }
            Change::Set(row, set) => {
                if let Some(variant) = self.variants.get_mut(row) {
                    variant.set = set;
                }
            }
            Change::Seeds(seeds) => self.seeds = seeds.clamp(1, SEEDS_MAX),
            Change::Run => return self.run(written, files),
            Change::Cancel => return self.cancel(),
            Change::Seek(at_ms) => self.at_ms = at_ms,
            Change::Add | Change::Remove(_) => {}
        }
        Vec::new()
    }

    fn run(&mut self, written: &Written, files: &[Given]) -> Vec<Effect> {
        let mut effects = self.cancel();
        self.written = written.clone();
        for row in 0..self.variants.len() {
            let lane = row + 1;
            for file in files {
                let message = ToWorker::File { name: file.name.clone() };
                effects.push(Effect::Send(lane, message, Some(Rc::clone(&file.bytes))));
            }
            let variant = &mut self.variants[row];
            variant.reports.clear();
            (variant.outline, variant.wrong) = (None, None);
            effects.push(Effect::NewFilm(lane));
            effects.extend(self.next(row));
        }
        effects
    }

    /// The next run of a variant: its first has frames, the others have other seeds.
    fn next(&mut self, row: usize) -> Vec<Effect> {
        self.next_id += 1;
        let Some(variant) = self.variants.get_mut(row) else { return Vec::new() };
        let done = variant.reports.len() as u32;
        if done >= self.seeds {
            variant.is_running = false;
            return Vec::new();
        }
        let mut written = self.written.clone();
        if let Some(policy) = &variant.policy {
            written.sets.push(("placement.policy".to_owned(), format!("{policy:?}")));
        }
        for set in variant.set.split(';').map(str::trim).filter(|set| !set.is_empty()) {
            let (key, value) = set.split_once('=').unwrap_or((set, ""));
            written.sets.push((key.trim().to_owned(), value.trim().to_owned()));
        }
        if let Some(first) = variant.reports.first() {
            let seed = first.seed.wrapping_add(u64::from(done)) & (i64::MAX as u64);
            written.sets.push(("seed".to_owned(), seed.to_string()));
        }
        let film_bytes = if done == 0 { FILM_BYTES_MAX / VARIANTS_MAX as u64 } else { 0 };
        (variant.id, variant.is_running, variant.part) = (self.next_id, true, 0.0);
        let run = ToWorker::Run { id: variant.id, written, film_bytes };
        vec![Effect::Send(row + 1, run, None)]
    }

    fn cancel(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (row, variant) in self.variants.iter_mut().enumerate() {
            if std::mem::take(&mut variant.is_running) {
                variant.id = 0;
                effects.push(Effect::Send(row + 1, ToWorker::Cancel, None));
            }
        }
        effects
    }

    /// A variant's worker says something.
    pub fn hear(&mut self, lane: usize, message: FromWorker) -> Vec<Effect> {
        let row = lane - 1;
        let Some(variant) = self.variants.get_mut(row) else { return Vec::new() };
        match message {
            FromWorker::Begun { id, outline } if id == variant.id => {
                variant.outline.get_or_insert_with(|| Rc::new(outline));
            }
            FromWorker::Progress { id, at_ms } if id == variant.id => {
                let whole = variant.outline.as_ref().map_or(1, |outline| outline.duration_ms);
                variant.part = at_ms as f64 / whole.max(1) as f64;
            }
            FromWorker::Ended { id, report, .. } if id == variant.id => {
                variant.reports.push(Rc::new(*report));
                let is_first = variant.reports.len() == 1;
                let mut effects = self.next(row);
                if is_first {
                    self.at_ms = self.whole().to_ms;
                    effects.push(Effect::Show(self.at_ms));
                }
                return effects;
            }
            FromWorker::Wrong { id, problems } if id == variant.id => {
                let first = problems.list.first();
                let hint = first.and_then(|problem| problem.hint.clone());
                let what = first.map_or_else(|| "it is wrong".to_owned(), |p| p.sentence());
                variant.wrong = Some(hint.map_or(what.clone(), |hint| format!("{what}; {hint}")));
                variant.is_running = false;
            }
            _ => {}
        }
        Vec::new()
    }

    /// A variant's worker broke down.
    pub fn died(&mut self, lane: usize) {
        if let Some(variant) = self.variants.get_mut(lane - 1) {
            variant.is_running = false;
            variant.wrong = Some("its worker broke down".to_owned());
        }
    }

    /// All of the longest run, in time.
    pub fn whole(&self) -> Span {
        let outlines = self.variants.iter().filter_map(|variant| variant.outline.as_ref());
        Span { from_ms: 0, to_ms: outlines.map(|o| o.duration_ms).max().unwrap_or(1).max(1) }
    }

    /// How many seeds all variants have run that are not wrong.
    pub fn seeds_done(&self) -> usize {
        let right = self.variants.iter().filter(|variant| variant.wrong.is_none());
        right.map(|variant| variant.reports.len()).min().unwrap_or(0)
    }

    /// The table of differences, over the seeds that all variants have run that are not wrong. Differences are taken seed by seed: what
    /// a seed has of its own drops out of them.
    pub fn table(&self) -> Vec<Row> {
        let done = self.seeds_done();
        let row = |what, of: fn(&Report) -> f64, write: Writes| {
            let values = |variant: &Variant| {
                let seeds = if variant.wrong.is_none() { done } else { 0 };
                variant.reports.iter().take(seeds).map(|r| of(r)).collect()
            };
            let values: Vec<Vec<f64>> = self.variants.iter().map(values).collect();
            Row::of(what, &values, write)
        };
        let (amount, percent): (Writes, Writes) =
            ((words::amount, words::amount), (words::percent, points));
        let mut rows = vec![
            row("Refused", |r| share(r.refused, r.requests), percent),
            row(
                "Requests that waited",
                |r| share(r.waited_by.values().sum(), r.requests), //
                percent,
            ),
            row(
                "Request to ready, 95th percentile",
                |r| r.time_to_ready_s.p95,
                (words::duration, words::duration),
            ),
            row("Hosts needed (most in use)", |r| r.peak_hosts_used as f64, amount),
            row("Hosts in use, over time", |r| r.mean_hosts_used, amount),
            row("Hosts at the end", |r| r.hosts as f64, amount),
            row("Stranded of the scarcest resource", stranded, percent),
            row(
                "Hosts ordered",
                |r| r.orders.iter().map(|order| order.hosts).sum::<u64>() as f64,
                amount,
            ),
            row("Price of orders", |r| r.ordered_price, amount),
            row(
                "Energy",
                |r| r.energy.as_ref().map_or(0.0, |of| of.kwh),
                (words::energy, words::energy),
            ),
            row(
                "Carbon (CO2e)",
                |r| r.energy.as_ref().map_or(0.0, EnergyReport::all_carbon_kg),
                (words::mass, words::mass),
            ),
            row("Cost", |r| r.cost.as_ref().map_or(0.0, |of| of.total), amount),
        ];
        rows.retain(|row| {
            let mut values = row.means.iter().flatten().peekable();
            values.peek().is_none() || values.any(|mean| *mean != 0.0)
        });
        let all = || rows.iter().flat_map(|row| row.differences.iter().flatten());
        let p: Vec<f64> = all().filter(|of| of.interval.is_some()).map(|of| of.p).collect();
        let mut adjusted = paired::holm(&p).into_iter();
        for difference in rows.iter_mut().flat_map(|row| row.differences.iter_mut().flatten()) {
            if difference.interval.is_some() {
                difference.is_shown = adjusted.next().is_some_and(|p| p < DOUBT_MAX);
            }
        }
        rows
    }

    /// Which is better, by how much, how sure: in the first row that shows a difference. `None` before
    /// all have run a seed, and where the first is wrong.
    pub fn answer(&self, rows: &[Row]) -> Option<String> {
        if self.variants.first()?.wrong.is_some() {
            return None;
        }
        let names: Vec<String> = self.variants.iter().map(Variant::name).collect();
        answer(&names, rows, self.seeds_done())
    }
}

fn answer(names: &[String], rows: &[Row], done: usize) -> Option<String> {
    let seeds = words::plural(done as u64, "seed");
    if done == 0 {
        return None;
    }
    if done < paired::BLOCKS_MIN {
        return Some(format!("{seeds} cannot show a difference: it takes {}.", paired::BLOCKS_MIN));
    }
    let shown = |row: &&Row| (0..row.means.len()).any(|variant| row.is_shown(variant));
    let Some(row) = rows.iter().find(shown) else {
        return Some(format!("No difference that {seeds} can show."));
    };
    let mean = |variant: usize| row.means[variant].unwrap_or(f64::NAN);
    let is_better = |one: usize, other: usize| mean(one) < mean(other);
    let best = |variants: &mut dyn Iterator<Item = usize>| {
        variants.reduce(|best, other| if is_better(other, best) { other } else { best })
    };
    let mut sure = (1..row.means.len()).filter(|variant| row.is_shown(*variant));
    let other = best(&mut sure)?;
    let difference = row.differences[other - 1].as_ref()?;
    let (winner, loser, sign) =
        if is_better(other, 0) { (other, 0, 1.0) } else { (0, other, -1.0) };
    let interval = difference.interval.map_or(String::new(), |(low, high)| {
        let (low, high) = if sign > 0.0 { (low, high) } else { (-high, -low) };
        format!("; 95 % interval {}", row.ends((low, high)))
    });
    Some(format!(
        "{} is better than {}: {} {} against {} ({}{interval}), over {seeds}.",
        words::capitalised(&names[winner]),
        names[loser],
        row.what.to_lowercase(),
        (row.write)(mean(winner)),
        (row.write)(mean(loser)),
        row.change(sign * difference.mean),
    ))
}

fn share(part: u64, whole: u64) -> f64 {
    if whole > 0 { part as f64 / whole as f64 } else { 0.0 }
}

/// Of the scarcest resource, what nothing of the mix can use, at the end.
fn stranded(report: &Report) -> f64 {
    let of = report.scarcest.as_ref().zip(report.stranding.as_ref());
    let of = of.and_then(|(name, stranding)| stranding.resources.get(name));
    of.map_or(0.0, |of| of.share)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The row of two variants with such values, and the answer.
    fn check(one: &[f64], other: &[f64], expected: &str) {
        let names = ["a".to_owned(), "b".to_owned()];
        let writes: Writes = (words::amount, words::amount);
        let mut row = Row::of("Hosts", &[one.to_vec(), other.to_vec()], writes);
        for difference in row.differences.iter_mut().flatten() {
            difference.is_shown = difference.p < DOUBT_MAX;
        }
        assert_eq!(answer(&names, &[row], one.len()).unwrap_or_default(), expected);
    }

    #[test]
    fn seeds_are_paired() {
        // The means' own intervals overlap by far; seed by seed one host less is always enough.
        check(
            &[10.0, 20.0, 30.0, 40.0],
            &[9.0, 19.0, 28.9, 39.0],
            "B is better than a: hosts 24.0 against 25 (−1.03; 95 % interval −1.10 to −0.95), over 4 seeds.",
        );
        check(
            &[9.0, 19.0, 28.9, 39.0],
            &[10.0, 20.0, 30.0, 40.0],
            "A is better than b: hosts 24.0 against 25 (−1.03; 95 % interval −1.10 to −0.95), over 4 seeds.",
        );
    }

    #[test]
    fn all_figures_are_of_the_same_seeds() {
        let first = crate::builtin::find("first.toml").unwrap();
        let run = crate::ask::Ask::of(first.file, first.text).run().unwrap();
        let variant = |hosts: &[u64]| {
            let report = |hosts: &u64| Rc::new(Report { peak_hosts_used: *hosts, ..run.clone() });
            Variant { reports: hosts.iter().map(report).collect(), ..Variant::default() }
        };
        let variants = vec![variant(&[10, 20, 90]), variant(&[9, 19])];
        let mut compare = Compare { variants, ..Compare::default() };
        let hosts = |compare: &Compare| {
            let rows = compare.table();
            let row = rows.iter().find(|row| row.what.starts_with("Hosts needed")).unwrap();
            let difference = row.differences[0].as_ref().map(|of| of.mean);
            (row.means.clone(), difference)
        };
        assert_eq!(hosts(&compare), (vec![Some(15.0), Some(14.0)], Some(-1.0)));
        // One that is wrong does not hold up the others.
        compare.variants[1].wrong = Some("it is wrong".to_owned());
        assert_eq!(hosts(&compare), (vec![Some(40.0), None], None));
    }

    #[test]
    fn nothing_is_said_that_seeds_cannot_show() {
        check(&[], &[], "");
        check(&[1.0, 2.0], &[5.0, 6.0], "2 seeds cannot show a difference: it takes 3.");
        check(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0], "No difference that 3 seeds can show.");
    }
}
