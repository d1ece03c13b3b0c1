//! The agenda: what is due, in the order (time, class, first scheduled first).
//!
//! Time never runs backwards, so a monotone radix heap keeps the order at a cost that hardly
//! grows with the number of entries (Ahuja, Mehlhorn, Orlin, Tarjan 1990). Times are read as
//! numbers to the base 64: an entry lies at the level of the highest digit in which its time
//! differs from a base in the past, in the bucket of that digit's value. Entries of one instant
//! always share a bucket and move together, in order, so equals leave as they came.
//!
//! What is due next is sorted: the lowest bucket, once it holds few entries, whatever its level.

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

/// Bits of a digit: the buckets of a level are the bits of one `u64`.
const DIGIT_BITS: u32 = 6;
const DIGITS: usize = 1 << DIGIT_BITS;
const LEVELS: usize = u64::BITS.div_ceil(DIGIT_BITS) as usize;
/// Entries that are sorted at once, and for which an emptied bucket keeps its room.
const FEW: usize = 64;

/// An event that knows its class.
pub trait Classed: Copy {
    /// Where it stands among the events of one instant.
    fn class(&self) -> Class;
}

/// What is due. An entry takes 16 bytes for events of 8.
#[derive(Debug)]
pub struct Agenda<E> {
    now: Time,
    /// All that is due before `next_end`, in order.
    next: VecDeque<(Time, E)>,
    next_end: Time,
    /// What levels and digits are told by; not later than anything in `later`.
    base: Time,
    /// The other entries, by level and digit.
    later: Box<[Vec<(Time, E)>]>,
    /// By level, bit d: the bucket of digit d is not empty.
    filled: [u64; LEVELS],
    /// Bit l: level l is not empty.
    levels_filled: u16,
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
            next: VecDeque::new(),
            next_end: Time::ZERO,
            base: Time::ZERO,
            later: (0..LEVELS * DIGITS).map(|_| Vec::new()).collect(),
            filled: [0; LEVELS],
            levels_filled: 0,
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

    /// Adds an entry. O(1), unless it is among the next.
    ///
    /// # Panics
    /// If `at` is in the past.
    #[inline(always)]
    pub fn push(&mut self, at: Time, event: E) {
        assert!(at >= self.now, "an event was scheduled at {at:?}, before now, {:?}", self.now);
        self.len += 1;
        if at >= self.next_end { self.put(at, event) } else { self.insert(at, event) }
    }

    /// An entry that is not among the next. At the base itself it is of level 0.
    #[inline]
    fn put(&mut self, at: Time, event: E) {
        let differs = (at.ms() ^ self.base.ms()) | 1;
        let level = differs.ilog2() / DIGIT_BITS;
        let digit = (at.ms() >> (level * DIGIT_BITS)) as usize % DIGITS;
        let level = level as usize;
        self.later[level * DIGITS + digit].push((at, event));
        self.filled[level] |= 1 << digit;
        self.levels_filled |= 1 << level;
    }

    /// An entry that is among the next. When they get many, those of the later half are put back.
    #[inline(never)]
    fn insert(&mut self, at: Time, event: E) {
        let key = (at, event.class());
        let place = self.next.partition_point(|(at, event)| (*at, event.class()) <= key);
        self.next.insert(place, (at, event));
        let (first, middle) = (self.next[0].0, self.next[self.next.len() / 2].0);
        if self.next.len() > FEW && middle > first {
            self.next_end = middle;
            let from = self.next.partition_point(|(at, _)| *at < middle);
            let mut tail = self.next.split_off(from);
            tail.drain(..).for_each(|(at, event)| self.put(at, event));
        }
    }

    /// Takes the first entry if it is due not later than `(until, last)`; amortised O(digits of
    /// the time span). Time moves to the entry's instant; if none is due, at most to `until`.
    #[inline]
    pub fn pop_until(&mut self, until: Time, last: Class) -> Option<(Time, E)> {
        if self.next.is_empty() && !self.go_on(until) {
            return None;
        }
        let (at, event) = *self.next.front()?;
        if at > until || (at == until && event.class() > last) {
            return None;
        }
        self.next.pop_front();
        self.len -= 1;
        self.now = at;
        Some((at, event))
    }

    /// Takes the first entry.
    pub fn pop(&mut self) -> Option<(Time, E)> {
        self.pop_until(Time::from_ms(u64::MAX), Class::Observation)
    }

    /// Sorts what is due next, unless nothing is due up to `until`; whether something was sorted.
    /// The lowest bucket of the lowest level holds what is next; where that is much, it moves to
    /// lower levels first.
    #[inline(never)]
    fn go_on(&mut self, until: Time) -> bool {
        while self.levels_filled != 0 {
            let level = self.levels_filled.trailing_zeros() as usize;
            let digit = self.filled[level].trailing_zeros() as usize;
            let shift = level as u32 * DIGIT_BITS;
            let digits_above = (self.base.ms() >> shift) & !(DIGITS as u64 - 1);
            let bucket_from = (digits_above | digit as u64) << shift;
            if bucket_from > until.ms() {
                self.now = self.now.max(self.base);
                return false;
            }
            self.filled[level] &= !(1 << digit);
            self.levels_filled &= !(u16::from(self.filled[level] == 0) << level);
            self.base = Time::from_ms(bucket_from);
            let bucket = level * DIGITS + digit;
            let mut entries = std::mem::take(&mut self.later[bucket]);
            let is_sorted = level == 0 || entries.len() <= FEW;
            if is_sorted {
                self.next_end = Time::from_ms(bucket_from.saturating_add(1 << shift));
                entries.sort_by_key(|(at, event)| (*at, event.class()));
                self.next.extend(entries.drain(..));
            } else {
                entries.drain(..).for_each(|(at, event)| self.put(at, event));
            }
            // A small bucket keeps its room for the next entries; a large one gives it back, or
            // the agenda would hold on to the sum of all that its buckets ever held.
            if entries.capacity() <= FEW {
                self.later[bucket] = entries;
            }
            if is_sorted {
                return true;
            }
        }
        false
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
            steps in prop::collection::vec((0u8..4, 0u64..5_000, 0u8..6, 0u8..40), 1..400),
        ) {
            let mut agenda = Agenda::new();
            let mut plain = BinaryHeap::new();
            let mut now = 0;
            for (seq, (what, ahead, class, shift)) in steps.into_iter().enumerate() {
                let seq = seq as u32;
                let at = now + (ahead << shift >> 12);
                match what {
                    0 => {
                        let got = agenda.pop();
                        let want = plain.pop().map(|Reverse((at, _, _, e))| (Time::from_ms(at), e));
                        prop_assert_eq!(got, want);
                        now = got.map_or(now, |(at, _)| at.ms());
                    }
                    1 => {
                        let last = Event(class, seq).class();
                        let got = agenda.pop_until(Time::from_ms(at), last);
                        let is_due = |next: &Reverse<(u64, Class, u32, Event)>| {
                            (next.0.0, next.0.1) <= (at, last)
                        };
                        let want = plain.peek().is_some_and(is_due).then(|| plain.pop()).flatten();
                        let want = want.map(|Reverse((at, _, _, e))| (Time::from_ms(at), e));
                        prop_assert_eq!(got, want);
                        now = got.map_or(at, |(at, _)| at.ms());
                    }
                    _ => {
                        let event = Event(class, seq);
                        agenda.push(Time::from_ms(at), event);
                        plain.push(Reverse((at, event.class(), seq, event)));
                    }
                }
                prop_assert_eq!(agenda.len(), plain.len());
            }
        }
    }
}
