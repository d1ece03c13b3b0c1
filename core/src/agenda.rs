//! The agenda: what is due, in the order (time, class, first scheduled first).
//!
//! Time never runs backwards, so a monotone radix heap keeps the order at a cost that hardly
//! grows with the number of entries (Ahuja, Mehlhorn, Orlin, Tarjan 1990): an entry lies in the
//! bucket of the highest bit in which its time differs from the present instant. Entries of one
//! instant always share a bucket and move together, in order, so equals leave as they came.

use crate::time::Time;
use std::collections::VecDeque;

/// The order of classes at one instant. Lower comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Departures, repairs, deliveries, finished terminations.
    CapacityFreed,
    /// Boots that finish.
    Boot,
    /// Rollout, autoscaler, procurement, operators.
    Controller,
    /// Failures.
    Failure,
    /// Arrivals.
    Arrival,
    /// Observation.
    Observation,
}

const CLASSES: usize = 6;
const BUCKETS: usize = 64;

/// An event that knows its class.
pub trait Classed: Copy {
    /// Where it stands among the events of one instant.
    fn class(&self) -> Class;
}

/// What is due. An entry takes 16 bytes for events of 8.
#[derive(Debug)]
pub struct Agenda<E> {
    now: Time,
    /// Entries due now, by class.
    due: [VecDeque<E>; CLASSES],
    due_len: usize,
    /// Bucket b holds the entries whose time differs from `now` in bit b and in no higher one.
    later: [Vec<(Time, E)>; BUCKETS],
    /// Bit b: bucket b is not empty.
    filled: u64,
    len: usize,
}

impl<E: Classed> Default for Agenda<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Classed> Agenda<E> {
    /// Nothing due, at time 0.
    pub fn new() -> Self {
        Self {
            now: Time::ZERO,
            due: std::array::from_fn(|_| VecDeque::new()),
            due_len: 0,
            later: std::array::from_fn(|_| Vec::new()),
            filled: 0,
            len: 0,
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is due, ever.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The instant of the last entry taken.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Adds an entry. O(1).
    ///
    /// # Panics
    /// If `at` is in the past.
    #[inline]
    pub fn push(&mut self, at: Time, event: E) {
        assert!(at >= self.now, "an event was scheduled at {at:?}, before now, {:?}", self.now);
        self.len += 1;
        if at == self.now {
            self.due[event.class() as usize].push_back(event);
            self.due_len += 1;
        } else {
            self.put(at, event);
        }
    }

    #[inline]
    fn put(&mut self, at: Time, event: E) {
        let bucket = 63 - (at.ms() ^ self.now.ms()).leading_zeros() as usize;
        self.later[bucket].push((at, event));
        self.filled |= 1 << bucket;
    }

    fn due_class(&self) -> Option<Class> {
        const ORDER: [Class; CLASSES] = [
            Class::CapacityFreed,
            Class::Boot,
            Class::Controller,
            Class::Failure,
            Class::Arrival,
            Class::Observation,
        ];
        ORDER.into_iter().find(|class| !self.due[*class as usize].is_empty())
    }

    /// Takes the first entry if it is due not later than `(until, last)`; amortised O(bits of
    /// the time span). Time moves to the entry's instant.
    #[inline]
    pub fn pop_until(&mut self, until: Time, last: Class) -> Option<(Time, E)> {
        loop {
            if self.due_len > 0 {
                let class = self.due_class()?;
                if (self.now, class) > (until, last) {
                    return None;
                }
                let event = self.due[class as usize].pop_front()?;
                self.due_len -= 1;
                self.len -= 1;
                return Some((self.now, event));
            }
            if self.filled == 0 {
                return None;
            }
            let bucket = self.filled.trailing_zeros() as usize;
            let first = self.later[bucket].iter().map(|(at, _)| *at).min()?;
            if first > until {
                return None;
            }
            self.open(bucket, first);
        }
    }

    /// Takes the first entry.
    pub fn pop(&mut self) -> Option<(Time, E)> {
        self.pop_until(Time::from_ms(u64::MAX), Class::Observation)
    }

    /// Moves the present to `first`, the earliest time of this lowest bucket, and its entries to
    /// where they now belong: all of them lower.
    fn open(&mut self, bucket: usize, first: Time) {
        let mut entries = std::mem::take(&mut self.later[bucket]);
        self.filled &= !(1 << bucket);
        self.now = first;
        for (at, event) in entries.drain(..) {
            if at == first {
                self.due[event.class() as usize].push_back(event);
                self.due_len += 1;
            } else {
                self.put(at, event);
            }
        }
        // A small bucket keeps its room for the next entries; a large one gives it back, or
        // the agenda would hold on to the sum of all that its buckets ever held.
        if entries.capacity() <= 1024 {
            self.later[bucket] = entries;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Event(u8, u32);

    impl Classed for Event {
        fn class(&self) -> Class {
            match self.0 % 3 {
                0 => Class::CapacityFreed,
                1 => Class::Controller,
                _ => Class::Arrival,
            }
        }
    }

    #[test]
    fn one_instant_goes_by_class_then_first_come() {
        let mut agenda = Agenda::new();
        for (at, event) in [(5, (2, 0)), (5, (0, 1)), (3, (2, 2)), (5, (2, 3)), (5, (0, 4))] {
            agenda.push(Time::from_ms(at), Event(event.0, event.1));
        }
        let order: Vec<_> = std::iter::from_fn(|| agenda.pop()).map(|(_, e)| e.1).collect();
        assert_eq!(order, [2, 1, 4, 0, 3]);
    }

    #[test]
    #[should_panic(expected = "before now")]
    fn the_past_is_closed() {
        let mut agenda = Agenda::new();
        agenda.push(Time::from_ms(5), Event(0, 0));
        agenda.pop();
        agenda.push(Time::from_ms(4), Event(0, 1));
    }

    proptest! {
        /// The plain version: a binary heap on (time, class, sequence).
        #[test]
        fn it_keeps_the_order_of_a_binary_heap(
            steps in prop::collection::vec((any::<bool>(), 0u64..5_000, 0u8..6, 0u8..40), 1..400),
        ) {
            let mut agenda = Agenda::new();
            let mut plain = BinaryHeap::new();
            let mut now = 0;
            for (seq, (pops, ahead, class, shift)) in steps.into_iter().enumerate() {
                let seq = seq as u32;
                if pops {
                    let got = agenda.pop();
                    let want = plain.pop().map(|Reverse((at, _, _, e))| (Time::from_ms(at), e));
                    prop_assert_eq!(got, want);
                    now = got.map_or(now, |(at, _)| at.ms());
                } else {
                    let (at, event) = (now + (ahead << shift >> 12), Event(class, seq));
                    agenda.push(Time::from_ms(at), event);
                    plain.push(Reverse((at, event.class(), seq, event)));
                }
                prop_assert_eq!(agenda.len(), plain.len());
            }
        }
    }
}
