//! Rolling update, as the deployment controller of Kubernetes does it.
//!
//! Of n replicas with surge s and unavailable u: new instances while all are fewer than n + s;
//! old ones go while at least n − u stay available, those that are not healthy first. Instances
//! that terminate are not counted, so more than n + s slots may be held for a while.

use super::limits::Limits;
use super::plan::{Action, Deadline, Plan, Planner, View};
use crate::time::Time;

/// The default of Kubernetes, ms.
pub const PROGRESS_DEADLINE_MS: u64 = 600_000;

/// A rolling update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rolling {
    /// How many instances there shall be.
    pub replicas: u32,
    /// How many more and fewer there may be.
    pub limits: Limits,
    /// How long it may stand still.
    pub deadline: Option<Deadline>,
    /// When somebody undoes it, if it is not done by then.
    pub undo_at: Option<Time>,
}

impl Planner for Rolling {
    fn plan(&self, view: &View) -> Plan {
        let status = &view.status;
        let undo_at = self.undo_at.filter(|_| status.turned_back_at.is_none());
        if undo_at.is_some_and(|at| view.now >= at) {
            return Plan::act(Action::TurnBack);
        }
        match self.next(view) {
            Plan::Wait(wait, _) => match Deadline::or_wait(self.deadline, view, wait) {
                Plan::Wait(wait, at) => Plan::Wait(wait, earlier(at, undo_at)),
                overdue => overdue,
            },
            plan => plan,
        }
    }
}

impl Rolling {
    fn next(&self, view: &View) -> Plan {
        let target = view.status.target;
        let (new, old) = (view.of(target), view.of(target.other()));
        let Limits { surge, unavailable } = self.limits;
        let replicas = self.replicas;
        let total = new.wanted + old.wanted;
        if new.wanted > replicas {
            return Plan::act(Action::Scale(target, replicas));
        }
        if new.wanted < replicas && total < replicas + surge {
            let more = (replicas + surge - total).min(replicas - new.wanted);
            return Plan::act(Action::Scale(target, new.wanted + more));
        }
        if old.wanted > 0 {
            let least = replicas - unavailable;
            let room = total.saturating_sub(least + (new.wanted - new.available));
            if room > 0 {
                let unhealthy = room.min(old.wanted - old.available);
                let spare = (new.available + old.available).saturating_sub(least);
                let fewer = unhealthy + spare.min(old.wanted - unhealthy);
                if fewer > 0 {
                    return Plan::act(Action::Scale(target.other(), old.wanted - fewer));
                }
            }
        } else if new.available == replicas {
            return Plan::Done;
        }
        Plan::wait(view.wait_for(target, new.wanted - new.available))
    }
}

fn earlier(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    one.into_iter().chain(other).min()
}

/// What can be said of a rolling update before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forecast {
    /// There are slots enough for it at its fastest, as long as none waits for a termination.
    Fits,
    /// It goes on, with some instances waiting for slots at times.
    Slower {
        /// How many slots it would want more.
        missing: u32,
    },
    /// Nothing can go before something has come, and nothing can come.
    Deadlock,
}

impl Rolling {
    /// Whether it will go through on so many free slots, if the new version is healthy.
    pub fn forecast(&self, free: u32) -> Forecast {
        let Limits { surge, unavailable } = self.limits;
        // Beside all that is new, no more than the old ones that must stay.
        let surge = surge.min(self.replicas - unavailable);
        match surge.saturating_sub(free) {
            0 => Forecast::Fits,
            _ if free == 0 && unavailable == 0 => Forecast::Deadlock,
            missing => Forecast::Slower { missing },
        }
    }
}
