//! Whether a fleet will do, with every seed: runs on all cores.

use crate::end::End;
use crate::runs::{self, Cores};
use crate::scenario::{Source, change};
use fleetcast_core::read::Override;
use fleetcast_core::report::Report;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::sizing::{self, Goals, Probe};
use indicatif::ProgressBar;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Gives a future the fleet that is tried in it.
pub(super) type With<'w> = &'w (dyn Fn(&Scenario) -> Scenario + Sync);

/// A scenario's futures, by seed counted from its own.
struct Futures<'s> {
    source: &'s Source,
    /// The scenario, and the change with which it was read.
    scenario: &'s Scenario,
    change: Option<&'s Override>,
    /// Where seeds draw what is uncertain: those that were read.
    kept: Mutex<BTreeMap<u32, Arc<Scenario>>>,
}

impl Futures<'_> {
    fn of(&self, number: u32) -> Result<Arc<Scenario>, End> {
        let seed = self.scenario.seed_after(number.into());
        if self.scenario.uncertain.is_empty() {
            let mut scenario = self.scenario.clone();
            scenario.seed = seed;
            return Ok(Arc::new(scenario));
        }
        if let Some(known) = self.kept.lock().expect("no run panics").get(&number) {
            return Ok(Arc::clone(known));
        }
        let changes: Vec<Override> =
            self.change.cloned().into_iter().chain([change("seed", seed)]).collect();
        let future = runs::future(self.source, &changes);
        let mut scenario = future.map_err(|wrong| self.source.tell(&wrong))?;
        sizing::goals(&mut scenario);
        let future = Arc::new(scenario);
        let mut kept = self.kept.lock().expect("no run panics");
        if kept.len() < KEPT_MAX {
            kept.insert(number, Arc::clone(&future));
        }
        Ok(future)
    }

    fn run(&self, with: With<'_>, number: u32) -> Result<Report, End> {
        runs::simulate(self.source, with(&*self.of(number)?))
    }
}

/// The most futures that are kept read.
const KEPT_MAX: usize = 200;

/// Runs fleets.
pub(super) struct Prober<'s> {
    futures: Futures<'s>,
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
        (scenario, change): (&'s Scenario, Option<&'s Override>),
        goals: &'s Goals,
        seeds: u32,
        cores: Cores,
        is_quiet: bool,
    ) -> Self {
        let bar = if is_quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        Self {
            futures: Futures { source, scenario, change, kept: Mutex::default() },
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

    /// Whether a fleet will do. The seed that failed last is asked first: where it fails again, the
    /// others need not be run.
    pub(super) fn probe(&self, with: With<'_>, what: &str) -> Result<Probe, End> {
        self.bar.set_message(what.to_owned());
        self.bar.tick();
        let hardest = self.hardest.get();
        let scenario = with(&*self.futures.of(hardest)?);
        let draws_nothing = sizing::draws_nothing(&scenario);
        let first = runs::simulate(self.futures.source, scenario)?;
        let mut said = Probe::of(&first, self.goals);
        // What is given leaves only the policy's own draws, and those show in the facts.
        if !self.is_settled.replace(true) && draws_nothing {
            let second = self.futures.run(with, (hardest + 1) % self.seeds.get())?;
            if second.fingerprint == first.fingerprint {
                self.seeds.set(1);
                self.hardest.set(0);
            }
        }
        if !said.holds {
            return Ok(said);
        }
        let rest: Vec<u32> = (0..self.seeds.get()).filter(|seed| *seed != hardest).collect();
        let (futures, goals) = (&self.futures, self.goals);
        // A bundle at a time, so that a failure soon ends the rest.
        for bundle in rest.chunks(BUNDLE) {
            let each = self.cores.each(bundle.len(), &ProgressBar::hidden(), |row| {
                Ok(Probe::of(&futures.run(with, bundle[row])?, goals))
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
    pub(super) fn report(&self, with: With<'_>) -> Result<Report, End> {
        self.futures.run(with, 0)
    }

    /// The run with the seed that failed last.
    pub(super) fn worst(&self, with: With<'_>) -> Result<Report, End> {
        self.futures.run(with, self.hardest.get())
    }
}

/// How many seeds are run before it is asked whether one has failed.
const BUNDLE: usize = 8;

impl Drop for Prober<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
