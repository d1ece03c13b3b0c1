//! Arrivals that keep the number of VMs alive on a curve.
//!
//! A request comes at each instant at which the curve, rounded, passes the number alive: because
//! the curve rose, or because a VM ended. "Alive" counts from arrival for the VM's lifetime,
//! placed or not: so every policy faces the same requests.

use crate::demand::FOR_GOOD_MS;
use crate::scenario::Curve;
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The instants of arrival.
#[derive(Debug)]
pub struct Alive {
    curve: Curve,
    until_ms: u64,
    now_ms: u64,
    alive: u64,
    /// When those alive end; those that stay for good are not in it.
    ends: BinaryHeap<Reverse<u64>>,
    /// The first time from `now_ms` on at which the curve is above `alive`, once looked up; `None`
    /// if that is not before the next end.
    rises_ms: Option<Option<u64>>,
    /// A count, and a time before which the curve does not go above it. So a long curve is not
    /// searched to its end again for each VM.
    calm: (u64, u64),
}

impl Alive {
    /// Nobody alive at the start: all of the curve's beginning arrive at time 0.
    pub fn new(curve: Curve, until_ms: u64) -> Self {
        let (ends, calm) = (BinaryHeap::new(), (0, 0));
        Self { curve, until_ms, now_ms: 0, alive: 0, ends, rises_ms: None, calm }
    }

    /// The next instant at which one more is needed; `None` when none is until the end.
    pub fn next_at(&mut self) -> Option<Time> {
        loop {
            let end_ms = self.ends.peek().map_or(u64::MAX, |Reverse(ms)| *ms);
            let rises_ms = match self.rises_ms {
                Some(known) => known,
                None => self.look_up(end_ms),
            };
            self.rises_ms = Some(rises_ms);
            match rises_ms {
                // An end at the same instant comes first, and makes room for one more there.
                Some(ms) if ms < end_ms => {
                    self.now_ms = ms;
                    return Some(Time::from_ms(ms));
                }
                _ if end_ms > self.until_ms => return None,
                _ => {}
            }
            self.ends.pop();
            self.alive -= 1;
            self.now_ms = end_ms;
            self.rises_ms = None;
        }
    }

    /// The first time at which the curve is above `alive`, if that is before the next end: what
    /// comes later is looked for when fewer are alive.
    fn look_up(&mut self, end_ms: u64) -> Option<u64> {
        let (count, calm_ms) = self.calm;
        let from_ms = if self.alive >= count { self.now_ms.max(calm_ms) } else { self.now_ms };
        let last_ms = self.until_ms.min(end_ms);
        if from_ms > last_ms {
            return None;
        }
        let rises_ms = self.curve.first_above(self.alive, from_ms, last_ms);
        let calm_until = if last_ms == self.until_ms { u64::MAX } else { last_ms + 1 };
        let until_ms = rises_ms.unwrap_or(calm_until);
        if until_ms > calm_ms || (until_ms == calm_ms && self.alive < count) {
            self.calm = (self.alive, until_ms);
        }
        rises_ms
    }

    /// One more arrived at the instant told by [`Self::next_at`].
    pub fn add(&mut self, at: Time, stay_ms: u64) {
        self.alive += 1;
        self.rises_ms = None;
        if stay_ms != FOR_GOOD_MS {
            self.ends.push(Reverse(at.after(stay_ms).ms()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_alive_is_the_curve() {
        let curve = Curve::Linear { from: 5.0, to: 50.0, over_ms: 1_000 };
        let mut alive = Alive::new(curve.clone(), 1_000);
        let mut lives: Vec<(u64, u64)> = Vec::new();
        while let Some(at) = alive.next_at() {
            let stay_ms = 40 + (lives.len() as u64 * 37) % 200;
            alive.add(at, stay_ms);
            lives.push((at.ms(), at.ms() + stay_ms));
        }
        for ms in 0..=1_000 {
            let there = lives.iter().filter(|(from, to)| *from <= ms && ms < *to).count();
            assert_eq!(there as u64, curve.count_at(ms), "at {ms} ms");
        }
    }

    #[test]
    fn a_falling_curve_lets_vms_end_without_new_ones() {
        let curve = Curve::Linear { from: 10.0, to: 0.0, over_ms: 1_000 };
        let mut alive = Alive::new(curve, 1_000);
        let mut made = 0;
        while let Some(at) = alive.next_at() {
            alive.add(at, FOR_GOOD_MS);
            made += 1;
        }
        assert_eq!(made, 10);
    }
}
