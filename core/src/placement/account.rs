//! Account: what a policy thinks of some hosts, scorer by scorer. For people and for charts:
//! decisions compare exactly.

use serde::Serialize;

/// Hosts × scorers.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wants {
    /// Low ones.
    Least,
    /// High ones.
    Most,
}

/// What the scorers say of one host.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// By scorer.
    pub cells: Vec<Cell>,
    /// All of it together, the most first.
    pub total: Option<f64>,
}

/// What one scorer says of one host.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// By its formula.
    pub raw: f64,
    /// Brought to the scale that all scorers have, or to its quantum.
    pub normalised: Option<f64>,
    /// What it adds to the total.
    pub weighted: Option<f64>,
}

impl Account {
    /// One scorer that says a number of each host, compared as it is.
    pub fn plain(name: &str, words: &str, wants: Wants, raw: impl Iterator<Item = f64>) -> Self {
        let scorer = Scorer { name: name.into(), words: words.into(), wants, weight: None };
        let row =
            |raw| Row { cells: vec![Cell { raw, normalised: None, weighted: None }], total: None };
        Self { scorers: vec![scorer], total: None, rows: raw.map(row).collect() }
    }
}
