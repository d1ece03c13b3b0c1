//! Comparing: two to four variants of one scenario over the same demand, each with its own
//! worker, its film, and as many seeds as are wanted.

use crate::chart::Span;
use crate::effect::{Effect, Given};
use crate::job::FILM_BYTES_MAX;
use crate::protocol::{FromWorker, Outline, ToWorker, Written};
use crate::stats::{Mean, mean};
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

/// A row of the table of differences.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is measured.
    pub what: &'static str,
    /// By variant; `None` where there is nothing yet.
    pub values: Vec<Option<Mean>>,
    /// How a value is written.
    pub write: fn(f64) -> String,
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

    /// The table of differences: each row over the seeds that have ended.
    pub fn table(&self) -> Vec<Row> {
        let row = |what, of: fn(&Report) -> Option<f64>, write: fn(f64) -> String| {
            let value = |variant: &Variant| {
                let values: Vec<f64> = variant.reports.iter().filter_map(|r| of(r)).collect();
                mean(&values)
            };
            Row { what, values: self.variants.iter().map(value).collect(), write }
        };
        let rows = [
            row("Hosts needed (most in use)", |r| Some(r.peak_hosts_used as f64), words::amount),
            row("Hosts at the end", |r| Some(r.hosts as f64), words::amount),
            row("Refused", |r| share(r.refused, r.requests), words::percent),
            row(
                "Requests that waited",
                |r| {
                    let waited: u64 = r.waited_by.values().sum();
                    share(waited, r.requests)
                },
                words::percent,
            ),
            row(
                "Request to ready, 95th percentile",
                |r| Some(r.time_to_ready_s.p95),
                words::duration,
            ),
            row("Stranded of the scarcest resource", stranded, words::percent),
            row("Hosts in use, over time", |r| Some(r.mean_hosts_used), words::amount),
            row(
                "Hosts ordered",
                |r| Some(r.orders.iter().map(|order| order.hosts).sum::<u64>() as f64),
                words::amount,
            ),
            row("Price of orders", |r| Some(r.ordered_price), words::amount),
            row("Energy", |r| Some(r.energy.as_ref().map_or(0.0, |of| of.kwh)), words::energy),
            row(
                "Carbon (CO2e)",
                |r| Some(r.energy.as_ref().map_or(0.0, EnergyReport::all_carbon_kg)),
                words::mass,
            ),
            row("Cost", |r| Some(r.cost.as_ref().map_or(0.0, |of| of.total)), words::amount),
        ];
        let says_something = |row: &Row| {
            let values = || row.values.iter().flatten();
            values().next().is_none() || values().any(|v| v.mean != 0.0)
        };
        rows.into_iter().filter(says_something).collect()
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Of the scarcest resource, what nothing of the mix can use, at the end.
fn stranded(report: &Report) -> Option<f64> {
    let name = report.scarcest.as_ref()?;
    Some(report.stranding.as_ref()?.resources.get(name)?.share)
}

/// How two means differ: `None` where their intervals meet, so that nothing can be said.
pub fn difference(one: Mean, other: Mean) -> Option<f64> {
    let meets = (one.mean - other.mean).abs() <= one.half_width + other.half_width;
    (!meets).then_some(other.mean - one.mean)
}
