//! What came of boots: tries that failed, and for want of what; boots that were given up; and the
//! outage that met most of them.

use crate::fact::{BootFault, Fact, RequestId};
use crate::scenario::{DependencyId, Scenario};
use crate::time::Time;
use std::collections::BTreeSet;

/// All boots of images that can fail to.
#[derive(Clone, Debug)]
pub struct Boots {
    /// Tries that began.
    pub tries: u64,
    /// Tries that succeeded.
    pub succeeded: u64,
    /// First tries that did not.
    pub failed_first: u64,
    /// By themselves.
    pub own: Blamed,
    /// By dependency.
    pub missing: Vec<Blamed>,
    /// The outage that most boots met.
    pub worst: Option<Met>,
    /// By dependency: the latest outage and who met it.
    current: Vec<(u32, BTreeSet<RequestId>)>,
}

/// What something is to be blamed for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blamed {
    /// Tries that failed.
    pub failed: u64,
    /// Boots that were given up after such a try.
    pub given_up: u64,
}

/// An outage and the boots that met it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    /// Of what.
    pub dependency: DependencyId,
    /// When the latest of them met it.
    pub at: Time,
    /// How many VMs were to boot in it.
    pub boots: u64,
}

impl Boots {
    pub(super) fn new(scenario: &Scenario) -> Option<Self> {
        let dependencies = scenario.dependencies.len();
        scenario.tries_boots().then(|| Self {
            tries: 0,
            succeeded: 0,
            failed_first: 0,
            own: Blamed::default(),
            missing: vec![Blamed::default(); dependencies],
            worst: None,
            current: vec![(u32::MAX, BTreeSet::new()); dependencies],
        })
    }

    fn blamed(&mut self, fault: BootFault) -> &mut Blamed {
        match fault {
            BootFault::Own => &mut self.own,
            BootFault::Missing { dependency, .. } => &mut self.missing[dependency.row()],
        }
    }

    /// Tries that failed, and boots that were given up.
    pub fn all(&self) -> Blamed {
        self.missing.iter().fold(self.own, |all, one| Blamed {
            failed: all.failed + one.failed,
            given_up: all.given_up + one.given_up,
        })
    }

    pub(super) fn hear(&mut self, now: Time, fact: &Fact<'_>) {
        match *fact {
            Fact::BootTried { request, attempt, fault, .. } => {
                self.tries += 1;
                self.succeeded += u64::from(fault.is_none());
                let Some(fault) = fault else { return };
                self.failed_first += u64::from(attempt == 1);
                self.blamed(fault).failed += 1;
                if let BootFault::Missing { dependency, outage: Some(outage) } = fault {
                    self.meet(now, request, dependency, outage);
                }
            }
            Fact::BootGivenUp { fault, .. } => self.blamed(fault).given_up += 1,
            _ => {}
        }
    }

    fn meet(&mut self, now: Time, request: RequestId, dependency: DependencyId, outage: u32) {
        let (latest, who) = &mut self.current[dependency.row()];
        if *latest != outage {
            *latest = outage;
            who.clear();
        }
        who.insert(request);
        let boots = who.len() as u64;
        if self.worst.is_none_or(|worst| boots > worst.boots) {
            self.worst = Some(Met { dependency, at: now, boots });
        }
    }
}
