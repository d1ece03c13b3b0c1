//! Who was turned away, at their arrival or by a request of higher priority: how many, when and
//! why, and which, in bounded memory.

use super::Observer;
use crate::fact::{Fact, Reason, RequestId};
use crate::report::SERIES_ROWS_MAX;
use crate::scenario::{DemandId, Scenario};
use crate::state::State;
use crate::time::Time;
use std::collections::BTreeMap;

/// The most requests that are kept one by one.
pub const KEPT_MAX: usize = 4_096;

/// Counts requests that found no host when they arrived or lost theirs, be they refused, made to
/// wait or lost.
#[derive(Clone, Debug)]
pub struct TurnedAway {
    step_ms: u64,
    /// By reason and row of the series: how many.
    by_reason: BTreeMap<Reason, Vec<u32>>,
    kept: Vec<Turned>,
    /// Every how-manieth is kept.
    every: u64,
    total: u64,
    /// Pushed out in this instant, and not yet known what becomes of them: who, why and by whom.
    pushed_out: Vec<(RequestId, Reason, RequestId)>,
}

/// What becomes of a request that has no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It waits.
    Waits,
    /// It is refused.
    Refused,
    /// Its VM was pushed out by this request and is not to run again.
    Lost(RequestId),
}

/// A request that found no host when it arrived, or lost the one it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turned {
    /// Its number.
    pub request: u64,
    /// When.
    pub at: Time,
    /// Why.
    pub reason: Reason,
    /// What becomes of it.
    pub fate: Fate,
    /// Where it came from, if it was refused at once.
    pub demand: Option<DemandId>,
}

impl TurnedAway {
    /// Nobody yet. Rows are those of the series.
    pub fn new(scenario: &Scenario) -> Self {
        let step_ms = scenario.duration_ms.div_ceil(SERIES_ROWS_MAX as u64).max(1);
        let (by_reason, kept, pushed_out) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { step_ms, by_reason, kept, every: 1, total: 0, pushed_out }
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
        let (request, reason, fate, demand) = match *fact {
            Fact::Preempted { request, reason, by, .. } => {
                return self.pushed_out.push((request, reason, by));
            }
            Fact::Resumed { request, .. } => {
                self.take_pushed_out(request);
                return;
            }
            Fact::Lost { request, demand, .. } => match self.take_pushed_out(request) {
                Some((reason, by)) => (request, reason, Fate::Lost(by), Some(demand)),
                // Who waited before is there already.
                None => return,
            },
            Fact::Waiting { request, reason } => {
                self.take_pushed_out(request);
                (request, reason, Fate::Waits, None)
            }
            Fact::Refused { request, reason, demand, waited_ms: 0, .. } => {
                (request, reason, Fate::Refused, Some(demand))
            }
            _ => return,
        };
        self.add(Turned { request: request.0, at: now, reason, fate, demand });
    }
}

impl TurnedAway {
    /// Why a request was pushed out a moment ago, and by whom, if it was.
    fn take_pushed_out(&mut self, request: RequestId) -> Option<(Reason, RequestId)> {
        let row = self.pushed_out.iter().position(|(of, ..)| *of == request)?;
        let (_, reason, by) = self.pushed_out.swap_remove(row);
        Some((reason, by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{Input, read};
    use crate::simulation::Simulation;
    use crate::source::MemoryFiles;
    use std::sync::Arc;

    #[test]
    fn many_are_counted_and_some_are_kept_evenly() {
        let mut away = TurnedAway {
            step_ms: 1_000,
            by_reason: BTreeMap::new(),
            kept: Vec::new(),
            every: 1,
            total: 0,
            pushed_out: Vec::new(),
        };
        for request in 0..20_000 {
            let at = Time::from_ms(request * 10);
            let reason = if request % 2 == 0 { Reason::Pool } else { Reason::Short(1) };
            away.add(Turned { request, at, reason, fate: Fate::Refused, demand: None });
        }
        assert_eq!(away.total(), 20_000);
        assert_eq!(away.by_reason()[&Reason::Pool], vec![50; 200]);
        let requests: Vec<u64> = away.kept().iter().map(|turned| turned.request).collect();
        assert_eq!(requests, (0..20_000).step_by(8).collect::<Vec<_>>());
    }

    #[test]
    fn who_gives_way_is_told_with_whom_it_gave_way_to() {
        const SCENARIO: &str = r#"
name = "giving way"
duration = "1 min"
[host-models.m]
cpu = 4
[[pools]]
name = "p"
hosts = { model = "m", count = 1 }
[placement]
policy = "first-fit"
preemption = true
[[demand]]
name = "d"
trace = "t.csv"
"#;
        let mut files = MemoryFiles::default();
        let rows = "arrival_s,departure_s,vcpu,mem_mib,priority\n0,,4,0,0\n10,,4,0,5\n20,,4,0,5\n";
        files.insert("t.csv", rows.as_bytes().to_vec());
        let input = Input { file: "s.toml", text: SCENARIO, overrides: &[] };
        let scenario = read(&input, &files).map_err(|p| format!("{p:?}")).unwrap().scenario;
        let mut away = TurnedAway::new(&scenario);
        let mut simulation = Simulation::new(Arc::new(scenario), &files).unwrap();
        simulation.advance(simulation.end(), &mut away).unwrap();
        let told = |turned: &Turned| (turned.request, turned.at.ms(), turned.fate);
        let lost = Fate::Lost(RequestId(1));
        let expected = [(0, 10_000, lost), (2, 20_000, Fate::Refused)];
        assert_eq!(away.kept().iter().map(told).collect::<Vec<_>>(), expected);
        assert_eq!(away.by_reason().keys().collect::<Vec<_>>(), [&Reason::Short(1)]);
        assert!(away.pushed_out.is_empty());
    }
}
