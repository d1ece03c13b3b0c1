//! Spinnaker's red/black, and its rolling one: a second group grows, at once or in steps; after
//! each, as large a share of the first group is taken out of traffic, but nothing of it goes
//! before the end. To go back the first group is enabled again: it was there all the time.

use super::limits::share_up;
use super::plan::{Action, Plan, Planner, Version, View, Wait, back};

/// A red/black.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedBlack {
    /// How many instances the group has.
    pub replicas: u32,
    /// How large the new group gets, in percent; 100 follows if it is not the last. Empty: plain
    /// red/black, at once.
    pub percentages: Vec<u32>,
    /// How long the new instances are watched before old ones lose their traffic, ms.
    pub delay_before_cleanup_ms: u64,
    /// How long the old group is kept at the end, ms; `None`: for ever.
    pub scale_down_ms: Option<u64>,
}

impl RedBlack {
    /// How large the new group gets with a percentage; `None` behind the last.
    fn size(&self, row: usize) -> Option<u32> {
        let last = self.percentages.last().is_none_or(|last| *last != 100).then_some(&100);
        let percent = self.percentages.iter().chain(last).nth(row)?;
        Some(share_up(self.replicas, *percent).min(self.replicas))
    }
}

impl Planner for RedBlack {
    /// Two steps a percentage: the new group grows, and the old one loses as much of its traffic.
    fn plan(&self, view: &View) -> Plan {
        if view.status.turned_back_at.is_some() {
            return back(self.replicas, view);
        }
        let (step, since) = (view.status.step, view.status.step_since);
        let Some(size) = self.size(step / 2) else {
            return match self.scale_down_ms.map(|ms| since.after(ms)) {
                Some(_) if view.old.wanted == 0 => Plan::Done,
                Some(at) if view.now < at => Plan::wait(Wait::Kept(at)),
                Some(_) => Plan::act(Action::Scale(Version::Old, 0)),
                None => Plan::Done,
            };
        };
        if step % 2 == 0 {
            let missing = size.saturating_sub(view.new.available);
            if view.new.wanted < size {
                Plan::act(Action::Scale(Version::New, size))
            } else if missing > 0 {
                Plan::wait(view.wait_for(Version::New, missing))
            } else {
                Plan::act(Action::NextStep)
            }
        } else {
            let at = since.after(self.delay_before_cleanup_ms);
            let kept = self.replicas - size;
            if view.now < at {
                Plan::wait(Wait::Analysis(at))
            } else {
                Plan::Do(vec![Action::Serve(Version::Old, kept), Action::NextStep])
            }
        }
    }
}
