//! Turning the numbers of a scenario one by one, in slices: the runs behind "What if".

use crate::ask::Ask;
use crate::job::{IsOver, Run};
use crate::sheet::WhatIf;
use fleetcast_core::comparison::Measured;
use fleetcast_core::problem::Problems;
use fleetcast_core::read::Input;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::sensitivity::{self, Turning as Plan};

/// A scenario, and the runs that turning its numbers takes.
#[derive(Debug)]
pub struct Turning {
    ask: Ask,
    scenario: Scenario,
    plan: Plan,
    /// How many runs there are.
    count: usize,
    /// What is kept of those that are over.
    measured: Vec<Measured>,
    run: Option<Box<Run>>,
}

impl Turning {
    /// Of a scenario, with so many seeds from its own on.
    ///
    /// # Errors
    /// What is wrong with the scenario.
    pub fn new(ask: Ask, seeds: u32) -> Result<Self, Problems> {
        let scenario = ask.read()?.scenario;
        let input = Input { file: &ask.file_name, text: &ask.text, overrides: &ask.overrides };
        let plan = Plan::new(sensitivity::numbers(&input, &ask.files), &scenario, &[]);
        let count = plan.runs(seeds);
        Ok(Self { ask, scenario, plan, count, measured: Vec::new(), run: None })
    }

    /// Goes on until all runs are over, which it says, or the slice is.
    ///
    /// # Errors
    /// A trace cannot be read any more.
    pub fn go_on(&mut self, is_over: IsOver<'_>) -> Result<bool, Problems> {
        while self.measured.len() < self.count {
            let mut run = match self.run.take() {
                Some(run) => run,
                None => {
                    let mut ask = self.ask.clone();
                    ask.overrides.extend(self.plan.changes(self.measured.len(), &self.scenario));
                    Box::new(Run::new(&ask, 0)?)
                }
            };
            if !run.go_on(&mut Vec::new(), is_over)? {
                self.run = Some(run);
                return Ok(false);
            }
            self.measured.push(self.plan.measure(&run.report()));
            if is_over() {
                return Ok(self.measured.len() == self.count);
            }
        }
        Ok(true)
    }

    /// How much of it is done, 0..=1.
    pub fn part(&self) -> f64 {
        let whole = self.scenario.duration_ms.max(1) as f64;
        let of_run = self.run.as_ref().map_or(0.0, |run| run.now().ms() as f64 / whole);
        (self.measured.len() as f64 + of_run) / self.count.max(1) as f64
    }

    /// What all runs come to.
    pub fn found(&self) -> WhatIf {
        WhatIf::of(&self.plan.found(&self.measured, &self.scenario))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;
    use fleetcast_core::simulation;
    use std::sync::Arc;

    /// In slices of three looks at the clock it is what `fleetcast sensitivity` finds.
    fn check(file: &str, change: fn(&str) -> String) -> WhatIf {
        let ask = Ask::of(file, &change(builtin::find(file).unwrap().text()));
        let mut turning = Turning::new(ask.clone(), 3).unwrap();
        let (mut before, mut looks) = (0.0, 0);
        while !turning
            .go_on(&mut || {
                looks += 1;
                looks % 3 == 0
            })
            .unwrap()
        {
            assert!((before..=1.0).contains(&turning.part()), "it only goes on");
            before = turning.part();
        }
        let measured = |number| {
            let mut ask = ask.clone();
            ask.overrides.extend(turning.plan.changes(number, &turning.scenario));
            let scenario = Arc::new(ask.read().unwrap().scenario);
            turning.plan.measure(&simulation::run(&scenario, &ask.files).unwrap())
        };
        let measured: Vec<Measured> = (0..turning.count).map(measured).collect();
        let found = turning.found();
        assert_eq!(found, WhatIf::of(&turning.plan.found(&measured, &turning.scenario)));
        found
    }

    #[test]
    fn a_tornado_in_slices_is_the_tornado() {
        let found = check("first.toml", str::to_owned);
        assert!(
            found.answer.starts_with("What moves refused most is VMs asked for"),
            "{}",
            found.answer
        );
        assert!(found.about.starts_with("Means over the seeds 1 to 3."), "{}", found.about);
        let [tornado] = found.tornados.as_slice() else { panic!("one: {found:?}") };
        let places = tornado.bars.iter().flat_map(|bar| &bar.ends).map(|end| end.place);
        let (least, most) =
            places.clone().fold((1.0_f64, 0.0_f64), |(a, b), at| (a.min(at), b.max(at)));
        assert_eq!((least, most), (0.0, 1.0));
    }

    #[test]
    fn what_is_wrong_is_told_and_not_turned() {
        let text = builtin::find("first.toml").unwrap().text().replace("count = 20", "count = -1");
        assert!(Turning::new(Ask::of("a.toml", &text), 3).unwrap_err().has_errors());
    }
}
