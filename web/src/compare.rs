//! Comparing: two to four variants of one scenario over the same demand, each with its own
//! worker, its film, and as many seeds as are wanted.

use crate::chart::Span;
use crate::effect::{Effect, Given};
use crate::job::FILM_BYTES_MAX;
use crate::protocol::{FromWorker, Outline, ToWorker, Written};
use crate::sheet::Table;
use fleetcast_core::comparison::Measured;
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
    /// The instant that is shown, ms after the start.
    pub at_ms: u64,
    /// What they come to, over the seeds that all have run that are not wrong.
    pub table: Option<Rc<Table>>,
    table_id: u32,
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
    pub runs: Vec<Measured>,
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
                (self.table, self.table_id) = (None, self.table_id + 1);
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
        // What is still said of others is not heard.
        (self.table, self.table_id) = (None, self.table_id + 1);
        self.written = written.clone();
        for row in 0..self.variants.len() {
            let lane = row + 1;
            for file in files {
                let message = ToWorker::File { name: file.name.clone() };
                effects.push(Effect::Send(lane, message, Some(Rc::clone(&file.bytes))));
            }
            let variant = &mut self.variants[row];
            variant.runs.clear();
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
        let done = variant.runs.len() as u32;
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
        if let Some(first) = variant.runs.first() {
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
            FromWorker::Ended { id, measured, .. } if id == variant.id => {
                variant.runs.push(measured);
                let is_first = variant.runs.len() == 1;
                let is_one_more = self.seeds_done() == self.variants[row].runs.len();
                let mut effects = self.next(row);
                if is_first {
                    self.at_ms = self.whole().to_ms;
                    effects.push(Effect::Show(self.at_ms));
                }
                if is_one_more {
                    effects.extend(self.tabulate());
                }
                return effects;
            }
            FromWorker::Compared { id, table } if id == self.table_id => {
                self.table = Some(Rc::new(table));
            }
            FromWorker::Wrong { id, problems } if id == variant.id => {
                let first = problems.list.first();
                let hint = first.and_then(|problem| problem.hint.clone());
                let what = first.map_or_else(|| "it is wrong".to_owned(), |p| p.sentence());
                variant.wrong = Some(hint.map_or(what.clone(), |hint| format!("{what}; {hint}")));
                variant.is_running = false;
                return self.tabulate();
            }
            _ => {}
        }
        Vec::new()
    }

    /// A variant's worker broke down.
    pub fn died(&mut self, lane: usize) -> Vec<Effect> {
        if let Some(variant) = self.variants.get_mut(lane - 1) {
            variant.is_running = false;
            variant.wrong = Some("its worker broke down".to_owned());
        }
        self.tabulate()
    }

    /// All of the longest run, in time.
    pub fn whole(&self) -> Span {
        let outlines = self.variants.iter().filter_map(|variant| variant.outline.as_ref());
        Span { from_ms: 0, to_ms: outlines.map(|o| o.duration_ms).max().unwrap_or(1).max(1) }
    }

    /// How many seeds all variants have run that are not wrong.
    pub fn seeds_done(&self) -> usize {
        let right = self.variants.iter().filter(|variant| variant.wrong.is_none());
        right.map(|variant| variant.runs.len()).min().unwrap_or(0)
    }

    /// Asks for the comparison anew once all have run one more seed.
    fn tabulate(&mut self) -> Vec<Effect> {
        let right = || self.variants.iter().enumerate().filter(|(_, v)| v.wrong.is_none());
        let seeds = self.seeds_done();
        let Some((first, _)) = right().next().filter(|_| seeds > 0 && right().count() > 1) else {
            return Vec::new();
        };
        let of_seed =
            |seed: usize| right().map(|(_, variant)| variant.runs[seed].clone()).collect();
        let compare = ToWorker::Compare {
            id: self.table_id + 1,
            names: right().map(|(_, variant)| variant.name()).collect(),
            runs: (0..seeds).map(of_seed).collect(),
        };
        self.table_id += 1;
        vec![Effect::Send(first + 1, compare, None)]
    }
}
