//! Account: what a policy thinks of some hosts, scorer by scorer. For people and for charts:
//! decisions compare exactly.

use serde::{Deserialize, Serialize};

/// Hosts × scorers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// What hosts are compared by.
    pub scorers: Vec<Scorer>,
    /// What [`Row::total`] is, in words; `None` if scorers are not added up but compared one after
    /// another, or there is only one.
    pub total: Option<String>,
    /// By host, in the order asked for.
    pub rows: Vec<Row>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scorer {
    /// What the policy calls it.
    pub name: String,
    /// What its raw score is, in words.
    pub words: String,
    /// Which raw scores are good.
    pub wants: Wants,
    /// What its normalised score is multiplied by, where scores are added up.
    pub weight: Option<f64>,
}

/// Which scores are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wants {
    /// Low ones.
    Least,
    /// High ones.
    Most,
}

/// What the scorers say of one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// By scorer.
    pub cells: Vec<Cell>,
    /// All of it together, the most first.
    pub total: Option<f64>,
}

/// What one scorer says of one host.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// By its formula.
    pub raw: f64,
    /// Brought to the scale that all scorers have, or to its quantum.
    pub normalised: Option<f64>,
    /// What it adds to the total.
    pub weighted: Option<f64>,
}

impl Scorer {
    /// One whose scores are compared as they are.
    pub fn plain(name: &str, words: impl Into<String>, wants: Wants) -> Self {
        Self { name: name.into(), words: words.into(), wants, weight: None }
    }
}

impl Cell {
    /// A score that is compared as it is.
    pub fn plain(raw: f64) -> Self {
        Self { raw, normalised: None, weighted: None }
    }

    /// A score that counts so many times.
    pub fn weighted(raw: f64, normalised: f64, weight: f64) -> Self {
        Self { raw, normalised: Some(normalised), weighted: Some(weight * normalised) }
    }
}

impl Account {
    /// Scorers that are compared one after another; `cells` gives those of each host, in order.
    pub fn compared<H: Copy>(
        scorers: Vec<Scorer>,
        hosts: &[H],
        cells: impl Fn(H) -> Vec<Cell>,
    ) -> Self {
        let row = |host: &H| Row { cells: cells(*host), total: None };
        Self { scorers, total: None, rows: hosts.iter().map(row).collect() }
    }

    /// Scorers that are added up.
    pub fn summed<H: Copy>(
        scorers: Vec<Scorer>,
        hosts: &[H],
        cells: impl Fn(H) -> Vec<Cell>,
    ) -> Self {
        let row = |host: &H| {
            let cells = cells(*host);
            let parts = cells.iter().filter_map(|cell| cell.weighted);
            let total = Some(parts.fold(0.0, |sum, part| sum + part));
            Row { cells, total }
        };
        let rows = hosts.iter().map(row).collect();
        let total = Some("the weighted scores, summed".to_owned());
        Self { scorers, total, rows }
    }

    /// What decides first, in words: `free shares left, least first`.
    pub fn words(&self) -> Option<String> {
        let (what, wants) = match (&self.total, self.scorers.first()) {
            (Some(total), _) => (total, Wants::Most),
            (None, first) => first.map(|scorer| (&scorer.words, scorer.wants))?,
        };
        let first = match wants {
            Wants::Least => "least",
            Wants::Most => "most",
        };
        Some(format!("{what}, {first} first"))
    }
}

impl Row {
    /// Whether the host counts: a filter of the policy's own may have turned it away.
    pub fn is_candidate(&self) -> bool {
        self.total.is_none() || self.cells.iter().any(|cell| cell.weighted.is_some())
    }

    /// What decides first.
    pub fn first(&self) -> Option<f64> {
        self.total.or_else(|| self.cells.first().map(|cell| cell.raw))
    }
}
