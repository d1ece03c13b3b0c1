//! Who was turned away at their arrival: how many, when and why, and which, in bounded memory.

use super::Observer;
use crate::fact::{Fact, Reason};
use crate::report::SERIES_ROWS_MAX;
use crate::scenario::{DemandId, Scenario};
use crate::state::State;
use crate::time::Time;
use std::collections::BTreeMap;

/// The most requests that are kept one by one.
pub const KEPT_MAX: usize = 4_096;

/// Counts requests that found no host when they arrived, be they refused or made to wait.
#[derive(Clone, Debug)]
pub struct TurnedAway {
    step_ms: u64,
    /// By reason and row of the series: how many.
    by_reason: BTreeMap<Reason, Vec<u32>>,
    kept: Vec<Turned>,
    /// Every how-manieth is kept.
    every: u64,
    total: u64,
}

/// A request that found no host when it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turned {
    /// Its number.
    pub request: u64,
    /// When.
    pub at: Time,
    /// Why.
    pub reason: Reason,
    /// Whether it began to wait; else it was refused.
    pub waits: bool,
    /// Where it came from, if it was refused at once.
    pub demand: Option<DemandId>,
}

impl TurnedAway {
    /// Nobody yet. Rows are those of the series.
    pub fn new(scenario: &Scenario) -> Self {
        let step_ms = scenario.duration_ms.div_ceil(SERIES_ROWS_MAX as u64).max(1);
        Self { step_ms, by_reason: BTreeMap::new(), kept: Vec::new(), every: 1, total: 0 }
    }

    /// By reason: how many in each row of the series, as far as there were any.
    pub fn by_reason(&self) -> &BTreeMap<Reason, Vec<u32>> {
        &self.by_reason
    }

    /// Length of a row, ms.
    pub fn step_ms(&self) -> u64 {
        self.step_ms
    }

    /// Some of them, evenly spread over all, at most [`KEPT_MAX`].
    pub fn kept(&self) -> &[Turned] {
        &self.kept
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.total
    }

    fn add(&mut self, turned: Turned) {
        let row = usize::try_from(turned.at.ms() / self.step_ms).unwrap_or(SERIES_ROWS_MAX);
        let row = row.min(SERIES_ROWS_MAX - 1);
        let counts = self.by_reason.entry(turned.reason).or_default();
        if counts.len() <= row {
            counts.resize(row + 1, 0);
        }
        counts[row] += 1;
        if self.total.is_multiple_of(self.every) {
            if self.kept.len() == KEPT_MAX {
                let mut row = 0;
                self.kept.retain(|_| {
                    row += 1;
                    row % 2 == 1
                });
                self.every *= 2;
            }
            if self.total.is_multiple_of(self.every) {
                self.kept.push(turned);
            }
        }
        self.total += 1;
    }
}

impl Observer for TurnedAway {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        match *fact {
            Fact::Waiting { request, reason } => {
                self.add(Turned { request: request.0, at: now, reason, waits: true, demand: None })
            }
            Fact::Refused { request, reason, demand, waited_ms: 0, .. } => self.add(Turned {
                request: request.0,
                at: now,
                reason,
                waits: false,
                demand: Some(demand),
            }),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_counted_and_some_are_kept_evenly() {
        let mut away = TurnedAway {
            step_ms: 1_000,
            by_reason: BTreeMap::new(),
            kept: Vec::new(),
            every: 1,
            total: 0,
        };
        for request in 0..20_000 {
            let at = Time::from_ms(request * 10);
            let reason = if request % 2 == 0 { Reason::Pool } else { Reason::Short(1) };
            away.add(Turned { request, at, reason, waits: false, demand: None });
        }
        assert_eq!(away.total(), 20_000);
        assert_eq!(away.by_reason()[&Reason::Pool], vec![50; 200]);
        let requests: Vec<u64> = away.kept().iter().map(|turned| turned.request).collect();
        assert_eq!(requests, (0..20_000).step_by(8).collect::<Vec<_>>());
    }
}
