//! The instances of a service during a rollout, and the slots that they hold.
//!
//! pending → booting → ready → available → terminating → gone, or booting → failed → terminating.
//! A pending instance has no slot; all others have one until they are gone.

use super::plan::{Counts, Version};
use super::timeline::Service;
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Pending,
    Failed,
    Booting,
    Ready,
    Available,
    Terminating,
    Gone,
}

#[derive(Clone, Copy, Debug)]
struct Instance {
    version: Version,
    state: State,
    /// Its number among the new instances of its version.
    made: usize,
}

/// All instances ever, in the order in which they were made.
#[derive(Debug)]
pub(super) struct Instances {
    all: Vec<Instance>,
    pending: VecDeque<usize>,
    counts: [Counts; 2],
    made: [usize; 2],
    terminating: u32,
    used: u32,
}

impl Instances {
    /// So many of the old version, all available.
    pub(super) fn new(replicas: u32) -> Self {
        let one = Instance { version: Version::Old, state: State::Available, made: 0 };
        let old =
            Counts { wanted: replicas, ready: replicas, available: replicas, ..Counts::default() };
        Self {
            all: vec![one; replicas as usize],
            pending: VecDeque::new(),
            counts: [old, Counts::default()],
            made: [0; 2],
            terminating: 0,
            used: replicas,
        }
    }

    pub(super) fn counts(&self, version: Version) -> Counts {
        self.counts[version.row()]
    }

    pub(super) fn terminating(&self) -> u32 {
        self.terminating
    }

    /// The slots held.
    pub(super) fn used(&self) -> u32 {
        self.used
    }

    pub(super) fn pending(&self) -> u32 {
        self.counts.iter().map(|counts| counts.pending).sum()
    }

    /// Makes an instance, which waits for a slot.
    pub(super) fn make(&mut self, version: Version) {
        let made = &mut self.made[version.row()];
        self.pending.push_back(self.all.len());
        self.all.push(Instance { version, state: State::Pending, made: *made });
        *made += 1;
        let counts = &mut self.counts[version.row()];
        counts.wanted += 1;
        counts.pending += 1;
    }

    /// Gives the instance that has waited longest a slot, if there is one: which, and how long it
    /// will take to boot, ms; `None` if it never will.
    pub(super) fn admit(&mut self, service: &Service) -> Option<(usize, Option<u64>)> {
        if service.capacity.is_some_and(|slots| self.used >= slots) {
            return None;
        }
        let row = self.pending.pop_front()?;
        let instance = &mut self.all[row];
        instance.state = State::Booting;
        self.counts[instance.version.row()].pending -= 1;
        self.used += 1;
        Some((row, service.boot_ms(instance.version, instance.made)))
    }

    /// An instance has booted; whether it is still there to be ready.
    pub(super) fn booted(&mut self, row: usize) -> bool {
        self.moved(row, State::Booting, State::Ready, |counts| counts.ready += 1)
    }

    /// Whether it is among the first so many new instances of the new version.
    pub(super) fn is_of_the_first(&self, row: usize, count: u32) -> bool {
        let instance = &self.all[row];
        instance.version == Version::New && instance.made < count as usize
    }

    /// An instance has failed for good; it keeps its slot until it is taken out of service.
    pub(super) fn failed(&mut self, row: usize) {
        self.moved(row, State::Booting, State::Failed, |counts| counts.failed += 1);
    }

    /// An instance has been ready for long enough.
    pub(super) fn proved(&mut self, row: usize) {
        self.moved(row, State::Ready, State::Available, |counts| counts.available += 1);
    }

    fn moved(&mut self, row: usize, from: State, to: State, count: fn(&mut Counts)) -> bool {
        let instance = &mut self.all[row];
        let is_there = instance.state == from;
        if is_there {
            instance.state = to;
            count(&mut self.counts[instance.version.row()]);
        }
        is_there
    }

    /// Takes an instance of a version out of service: one that is as little along as possible, of
    /// equals the youngest. Which it was, if it held a slot; it holds it until it is gone.
    pub(super) fn terminate(&mut self, version: Version) -> Option<usize> {
        let rows = (0..self.all.len()).rev();
        let row = rows
            .filter(|row| self.all[*row].version == version)
            .filter(|row| self.all[*row].state < State::Terminating)
            .min_by_key(|row| self.all[*row].state)?;
        let state = self.all[row].state;
        let counts = &mut self.counts[version.row()];
        counts.wanted -= 1;
        counts.ready -= u32::from(state >= State::Ready);
        counts.available -= u32::from(state == State::Available);
        counts.failed -= u32::from(state == State::Failed);
        if state == State::Pending {
            counts.pending -= 1;
            self.all[row].state = State::Gone;
            self.pending.retain(|waiting| *waiting != row);
            return None;
        }
        self.all[row].state = State::Terminating;
        self.terminating += 1;
        Some(row)
    }

    /// An instance has let go of its slot.
    pub(super) fn gone(&mut self, row: usize) {
        self.all[row].state = State::Gone;
        self.terminating -= 1;
        self.used -= 1;
    }
}
