//! Recreate: all old instances go, and when they are gone all new ones come. Nobody is served in
//! between, and no slot more is needed.

use super::plan::{Action, Plan, Planner, View, Wait};

/// A recreation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recreate {
    /// How many instances there shall be.
    pub replicas: u32,
}

impl Planner for Recreate {
    fn plan(&self, view: &View) -> Plan {
        let target = view.status.target;
        let (new, old) = (view.of(target), view.of(target.other()));
        let missing = self.replicas - new.available.min(self.replicas);
        if old.wanted > 0 {
            Plan::act(Action::Scale(target.other(), 0))
        } else if new.wanted < self.replicas && view.terminating > 0 {
            Plan::wait(Wait::Terminations { count: view.terminating })
        } else if new.wanted < self.replicas {
            Plan::act(Action::Scale(target, self.replicas))
        } else if missing > 0 {
            Plan::wait(view.wait_for(target, missing))
        } else {
            Plan::Done
        }
    }
}
