//! Spinnaker's rolling red/black: a second group grows in steps; after each, as large a share of
//! the first group is taken out of traffic, but nothing of it goes before the end.

use super::limits::share_up;
use crate::time::Time;

/// A rolling red/black.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollingRedBlack {
    /// How many instances the group has.
    pub replicas: u32,
    /// How large the new group gets, in percent; 100 follows if it is not the last.
    pub percentages: Vec<u32>,
    /// How long the new instances are watched before old ones lose their traffic, ms.
    pub delay_before_cleanup_ms: u64,
    /// How long the old group is kept at the end, ms; `None`: for ever.
    pub scale_down_ms: Option<u64>,
}

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups {
    /// Instances of the new group.
    pub new: u32,
    /// Those of them that serve.
    pub new_serving: u32,
    /// Instances of the old group.
    pub old: u32,
    /// Those of them that serve.
    pub old_serving: u32,
}

/// What to do next, once nothing is being waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The new group gets so many instances, and it is waited until they are healthy.
    Grow(u32),
    /// After the delay the old group keeps so many in traffic.
    Disable(u32),
    /// After the last delay the old group goes.
    ScaleDown,
    /// Nothing.
    Done,
}

impl RollingRedBlack {
    fn sizes(&self) -> impl Iterator<Item = u32> {
        let last = self.percentages.last().is_none_or(|last| *last != 100).then_some(100);
        self.percentages.iter().copied().chain(last).map(|p| share_up(self.replicas, p))
    }

    /// What follows. The sizes of the groups say which step it is.
    pub fn next(&self, groups: &Groups) -> Move {
        for size in self.sizes() {
            if groups.new < size {
                return Move::Grow(size);
            }
            let kept = self.replicas.saturating_sub(size);
            if groups.old_serving > kept {
                return Move::Disable(kept);
            }
        }
        let is_kept = self.scale_down_ms.is_none() || groups.old == 0;
        if is_kept { Move::Done } else { Move::ScaleDown }
    }

    /// From beginning to end with instances that take so long to boot: what there is from when
    /// on. Nothing follows if they never do.
    pub fn run(&self, boot_ms: Option<u64>) -> Vec<(Time, Groups)> {
        let mut groups =
            Groups { new: 0, new_serving: 0, old: self.replicas, old_serving: self.replicas };
        let mut now = Time::ZERO;
        let mut story = vec![(now, groups)];
        loop {
            match self.next(&groups) {
                Move::Grow(size) => {
                    groups.new = size;
                    story.push((now, groups));
                    let Some(boot_ms) = boot_ms else { return story };
                    now = now.after(boot_ms);
                    groups.new_serving = size;
                }
                Move::Disable(kept) => {
                    now = now.after(self.delay_before_cleanup_ms);
                    groups.old_serving = kept;
                }
                Move::ScaleDown => {
                    now = now.after(self.scale_down_ms.unwrap_or(0));
                    (groups.old, groups.old_serving) = (0, 0);
                }
                Move::Done => return story,
            }
            story.push((now, groups));
        }
    }
}
