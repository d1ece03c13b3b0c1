//! Recreate: all old instances go, and when they are gone all new ones come. Nobody is served in
//! between, and no slot more is needed.

use super::plan::{Action, Plan, Planner, Version, View, Wait};

/// A recreation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recreate {
    /// How many instances there shall be.
    pub replicas: u32,
}

impl Planner for Recreate {
    fn plan(&self, view: &View) -> Plan {
        let missing = self.replicas - view.new.available.min(self.replicas);
        if view.old.wanted > 0 {
            Plan::act(Action::Scale(Version::Old, 0))
        } else if view.terminating > 0 {
            Plan::wait(Wait::Terminations { count: view.terminating })
        } else if view.new.wanted < self.replicas {
            Plan::act(Action::Scale(Version::New, self.replicas))
        } else if missing > 0 {
            Plan::wait(view.wait_for(Version::New, missing))
        } else {
            Plan::Done
        }
    }
}
