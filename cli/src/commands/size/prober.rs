//! Whether a fleet will do, with every seed: runs on all cores.

use crate::end::End;
use crate::problems;
use crate::runs::{self, Cores};
use crate::scenario::Source;
use fleetcast_core::report::Report;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation;
use fleetcast_core::sizing::Probe;
use indicatif::ProgressBar;
use std::cell::Cell;
use std::sync::Arc;

/// Runs fleets.
pub(super) struct Prober<'s> {
    source: &'s Source,
    cores: Cores,
    /// How many seeds count: one, once it is known that nothing is drawn.
    seeds: Cell<u32>,
    /// Whether that has been looked at.
    is_settled: Cell<bool>,
    /// The seed, counted from the scenario's, that failed last: the next fleet's first judge.
    hardest: Cell<u32>,
    bar: ProgressBar,
}

impl<'s> Prober<'s> {
    pub(super) fn new(source: &'s Source, seeds: u32, cores: Cores, is_quiet: bool) -> Self {
        let bar = if is_quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        Self {
            source,
            cores,
            seeds: Cell::new(seeds),
            is_settled: Cell::new(seeds == 1),
            hardest: Cell::new(0),
            bar,
        }
    }

    /// With how many seeds a fleet is run.
    pub(super) fn seeds(&self) -> u32 {
        self.seeds.get()
    }

    /// Whether the scenario's fleet will do. The seed that failed last is asked first: where it
    /// fails again, the others need not be run.
    pub(super) fn probe(&self, scenario: &Scenario, what: &str) -> Result<Probe, End> {
        self.bar.set_message(what.to_owned());
        self.bar.tick();
        let hardest = self.hardest.get();
        let first = one(self.source, scenario, hardest)?;
        let mut said = Probe::of(&first);
        if !self.is_settled.replace(true) {
            let second = one(self.source, scenario, (hardest + 1) % self.seeds.get())?;
            if second.fingerprint == first.fingerprint {
                self.seeds.set(1);
                self.hardest.set(0);
            }
        }
        if !said.holds {
            return Ok(said);
        }
        let rest: Vec<u32> = (0..self.seeds.get()).filter(|seed| *seed != hardest).collect();
        // A bundle at a time, so that a failure soon ends the rest.
        for bundle in rest.chunks(BUNDLE) {
            let source = self.source;
            let each = self.cores.each(bundle.len(), &ProgressBar::hidden(), |row| {
                Ok(Probe::of(&one(source, scenario, bundle[row])?))
            })?;
            for (seed, probe) in bundle.iter().zip(each) {
                if !probe.holds {
                    self.hardest.set(*seed);
                }
                said = said.and(probe);
            }
            if !said.holds {
                break;
            }
        }
        Ok(said)
    }

    /// The run with the scenario's own seed.
    pub(super) fn report(&self, scenario: &Scenario) -> Result<Report, End> {
        one(self.source, scenario, 0)
    }

    /// The run with the seed that failed last.
    pub(super) fn worst(&self, scenario: &Scenario) -> Result<Report, End> {
        one(self.source, scenario, self.hardest.get())
    }
}

/// The run with a seed, counted from the scenario's.
fn one(source: &Source, scenario: &Scenario, seed: u32) -> Result<Report, End> {
    let mut scenario = scenario.clone();
    scenario.seed = scenario.seed.wrapping_add(seed.into()) & (i64::MAX as u64);
    let report = simulation::run(&Arc::new(scenario), &source.files);
    report.map_err(|wrong| runs::broke(source, &problems::draw(&wrong)))
}

/// How many seeds are run before it is asked whether one has failed.
const BUNDLE: usize = 8;

impl Drop for Prober<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
