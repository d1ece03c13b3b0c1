//! Whether a fleet will do, with every seed: runs on all cores.

use crate::end::End;
use crate::runs::{self, Cores};
use crate::scenario::Source;
use fleetcast_core::report::Report;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::sizing::{self, Goals, Probe};
use indicatif::ProgressBar;
use std::cell::Cell;

/// Runs fleets.
pub(super) struct Prober<'s> {
    source: &'s Source,
    goals: &'s Goals,
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
    pub(super) fn new(
        source: &'s Source,
        goals: &'s Goals,
        seeds: u32,
        cores: Cores,
        is_quiet: bool,
    ) -> Self {
        let bar = if is_quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        Self {
            source,
            goals,
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
        let mut said = Probe::of(&first, self.goals);
        // What is given leaves only the policy's own draws, and those show in the facts.
        if !self.is_settled.replace(true) && sizing::draws_nothing(scenario) {
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
            let (source, goals) = (self.source, self.goals);
            let each = self.cores.each(bundle.len(), &ProgressBar::hidden(), |row| {
                Ok(Probe::of(&one(source, scenario, bundle[row])?, goals))
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
    scenario.seed = scenario.seed_after(seed.into());
    runs::simulate(source, scenario)
}

/// How many seeds are run before it is asked whether one has failed.
const BUNDLE: usize = 8;

impl Drop for Prober<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
