//! Futures: what a seed makes of the values that a scenario is not sure of (`[[uncertain]]`).
//!
//! A plain run has the file's own values. Where many seeds are run to see what may come (`compare`,
//! `order`), each seed is a future: it draws every uncertain value anew, from a stream named after it,
//! and the scenario is read again with what was drawn.

use crate::dice;
use crate::read::Override;
use crate::scenario::{Scenario, Uncertain};
use rand::RngExt as _;

/// Which future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Future {
    /// All values drawn with this seed.
    Seed(u64),
    /// All values at their lowest.
    Low,
    /// All at their likeliest.
    Likely,
    /// All at their highest.
    High,
}

/// What puts a future's values in the place of the file's. They go *before* what somebody has typed
/// (`--set`): what is typed holds in all futures.
pub fn changes(scenario: &Scenario, future: Future) -> Vec<Override> {
    let value = |of: &Uncertain| match future {
        Future::Seed(seed) => {
            of.at(dice::stream(seed, &format!("uncertain/{}", of.name)).random::<f64>())
        }
        Future::Low => of.low,
        Future::Likely => of.likely,
        Future::High => of.high,
    };
    let change = |of: &Uncertain| Override { key: of.key.clone(), value: of.written(value(of)) };
    scenario.uncertain.iter().map(change).collect()
}
