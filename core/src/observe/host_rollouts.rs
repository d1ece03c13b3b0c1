//! Host rollouts as they go: rows, stalls and what they cost VMs, in bounded memory.

use super::Observer;
use crate::fact::{
    Fact, HostOutcome, HostRolloutId, HostStep, HostWait, RequestId, Stall, WhyStuck,
};
use crate::report::host_rollouts::{HOST_ROLLOUTS_MAX, STALLS_MAX};
use crate::report::rollouts::TIMELINE_MAX;
use crate::resources::Amounts;
use crate::scenario::hosts::{HostImageId, OnTimeout};
use crate::state::{HostId, State};
use crate::time::Time;
use std::collections::BTreeMap;

/// What has been heard of host rollouts.
#[derive(Clone, Debug, Default)]
pub struct RolledHosts {
    under_way: BTreeMap<u32, UnderWay>,
    /// Those that are over, or were under way at the end, by number.
    told: BTreeMap<u32, Seen>,
    /// All of them.
    pub totals: Totals,
    /// VMs that were evicted and have no host: for which rollout, and since when.
    evicted: BTreeMap<RequestId, (u32, Time)>,
}

/// All host rollouts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// That began.
    pub begun: u64,
    /// By how they ended.
    pub complete: u64,
    /// See [`HostOutcome::Partial`].
    pub partial: u64,
    /// See [`HostOutcome::Stopped`].
    pub stopped: u64,
    /// That did not end.
    pub under_way: u64,
    /// Hosts that got an image.
    pub hosts_done: u64,
    /// The most hosts out at once for one.
    pub out_most: u32,
    /// The longest, ms.
    pub duration_ms_max: u64,
    /// VMs that moved.
    pub moved: u64,
    /// VMs evicted.
    pub evicted: u64,
    /// Those of them that did not come back.
    pub lost: u64,
    /// Stalls.
    pub stalls: u64,
    /// How long they lasted, ms.
    pub stalled_ms: u64,
}

/// What was seen of one.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When it began.
    pub at: Time,
    /// Its row among the scenario's host rollouts.
    pub plan: u32,
    /// What was to run.
    pub image: HostImageId,
    /// So many hosts were meant.
    pub hosts: u32,
    /// How it ended; `None`: it did not.
    pub outcome: Option<HostOutcome>,
    /// Whether it stood still at the end of the run.
    pub is_stalled: bool,
    /// Until its end, or that of the run, ms.
    pub duration_ms: u64,
    /// Hosts that got the image.
    pub done: u32,
    /// That were left out.
    pub left_out: u32,
    /// Batches that began.
    pub batches: u32,
    /// The most hosts out at once.
    pub out_most: u32,
    /// The least share of the capacity that was not out.
    pub lowest_capacity: f64,
    /// VMs that moved.
    pub moved: u64,
    /// How long they stood still, ms.
    pub pauses_ms: u64,
    /// VMs evicted.
    pub evicted: u64,
    /// Those of them that did not come back.
    pub lost: u64,
    /// How long evicted VMs were not ready, ms.
    pub evicted_ms: u64,
    /// How often it stood still.
    pub stalls: u64,
    /// How long, ms.
    pub stalled_ms: u64,
    /// The first stalls: when, what, the size of the VM, and how long, ms.
    pub stalled: Vec<(Time, Stall, Amounts, u64)>,
    /// What else was waited for, and how long, ms.
    pub waits: BTreeMap<&'static str, u64>,
    /// What there was.
    pub rows: Vec<HostRow>,
}

/// What there is from a time on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HostRow {
    /// Since the rollout began.
    pub at: Time,
    /// Hosts that are being emptied.
    pub draining: u32,
    /// Hosts that get their image.
    pub rewriting: u32,
    /// Hosts that have it.
    pub new: u32,
    /// The share of the fleet's capacity that is not out.
    pub capacity: f64,
    /// Whether it stands still.
    pub is_stalled: bool,
}

#[derive(Clone, Debug)]
struct UnderWay {
    seen: Seen,
    /// Hosts that are out.
    out: Out,
    stall: Option<(Time, Stall, Amounts)>,
    wait: Option<(Time, &'static str)>,
    /// Rows that were left out between two that are kept, and how many are.
    every: usize,
    changes: usize,
}

/// Hosts that are out, and their sums.
#[derive(Clone, Debug, Default)]
struct Out {
    /// And whether they get their image already.
    hosts: BTreeMap<HostId, bool>,
    /// So many of them do.
    rewriting: u32,
    /// What all of them could give out.
    capacity: Amounts,
}

impl Out {
    fn count(&self) -> u32 {
        self.hosts.len() as u32
    }

    fn contains(&self, host: HostId) -> bool {
        self.hosts.contains_key(&host)
    }

    /// A host is out, to be emptied or to get its image.
    fn insert(&mut self, host: HostId, is_rewriting: bool, state: &State) {
        self.remove(host, state);
        self.hosts.insert(host, is_rewriting);
        self.rewriting += u32::from(is_rewriting);
        let sums = self.capacity.iter_mut().zip(state.hosts.effective(host));
        sums.for_each(|(sum, amount)| *sum += amount);
    }

    /// A host is not out any more, if it was.
    fn remove(&mut self, host: HostId, state: &State) {
        let Some(is_rewriting) = self.hosts.remove(&host) else { return };
        self.rewriting -= u32::from(is_rewriting);
        let sums = self.capacity.iter_mut().zip(state.hosts.effective(host));
        sums.for_each(|(sum, amount)| *sum -= amount);
    }
}

impl RolledHosts {
    /// The host rollouts that are told one by one, by number.
    pub fn told(&self) -> impl ExactSizeIterator<Item = (u32, &Seen)> {
        self.told.iter().map(|(number, seen)| (*number, seen))
    }

    fn seen(&mut self, number: u32) -> Option<&mut Seen> {
        let under_way = self.under_way.get_mut(&number).map(|it| &mut it.seen);
        under_way.or_else(|| self.told.get_mut(&number))
    }

    /// What becomes of a VM that was evicted; whether it was.
    pub fn hear_evicted(&mut self, now: Time, fact: &Fact<'_>) -> bool {
        let (request, boot_ms, is_lost) = match *fact {
            Fact::Resumed { request, boot_ms, .. } => (request, boot_ms, false),
            Fact::Lost { request, .. } => (request, 0, true),
            Fact::Withdrawn { request, .. } => (request, 0, false),
            _ => return false,
        };
        let Some((number, since)) = self.evicted.remove(&request) else { return false };
        self.totals.lost += u64::from(is_lost);
        if let Some(seen) = self.seen(number) {
            seen.lost += u64::from(is_lost);
            seen.evicted_ms += if is_lost { 0 } else { now.since_ms(since) + boot_ms };
        }
        true
    }

    fn begin(&mut self, now: Time, number: u32, (plan, image, hosts): (u32, HostImageId, u32)) {
        self.totals.begun += 1;
        let seen = Seen {
            at: now,
            plan,
            image,
            hosts,
            outcome: None,
            is_stalled: false,
            duration_ms: 0,
            done: 0,
            left_out: 0,
            batches: 0,
            out_most: 0,
            lowest_capacity: 1.0,
            moved: 0,
            pauses_ms: 0,
            evicted: 0,
            lost: 0,
            evicted_ms: 0,
            stalls: 0,
            stalled_ms: 0,
            stalled: Vec::new(),
            waits: BTreeMap::new(),
            rows: Vec::new(),
        };
        let out = Out::default();
        let under_way = UnderWay { seen, out, stall: None, wait: None, every: 1, changes: 0 };
        self.under_way.insert(number, under_way);
    }

    fn step(&mut self, now: Time, rollout: HostRolloutId, step: &HostStep, state: &State) {
        let number = rollout.0;
        if let HostStep::Started { plan, image, hosts } = *step {
            self.begin(now, number, (plan, image, hosts));
        }
        let Some(it) = self.under_way.get_mut(&number) else { return };
        match *step {
            HostStep::Started { .. } => {}
            HostStep::Draining { host, .. } => {
                it.seen.batches += u32::from(it.out.count() == 0);
                it.end_wait(now);
                it.out.insert(host, false, state);
            }
            HostStep::Planned { .. } => it.end_stall(now, &mut self.totals),
            HostStep::Stalled(stall) => {
                it.end_stall(now, &mut self.totals);
                let shape = state.vms.get(stall.vm).ask.shape;
                it.stall = Some((now, stall, state.shapes.get(shape).amounts));
                it.seen.stalls += 1;
                self.totals.stalls += 1;
            }
            HostStep::Rewriting { host, .. } => {
                it.end_stall(now, &mut self.totals);
                it.out.insert(host, true, state);
            }
            HostStep::Done { host } => {
                it.out.remove(host, state);
                it.seen.done += 1;
                self.totals.hosts_done += 1;
            }
            HostStep::Overdue { then: OnTimeout::Wait, .. } => {}
            HostStep::Overdue { .. } => it.end_stall(now, &mut self.totals),
            HostStep::GivenUp { host } => {
                it.end_stall(now, &mut self.totals);
                it.out.remove(host, state);
                it.seen.left_out += 1;
            }
            HostStep::Waits(wait) => {
                it.end_wait(now);
                it.wait = Some((now, kind(wait)));
            }
            HostStep::Ended(outcome) => {
                it.seen.outcome = Some(outcome);
                match outcome {
                    HostOutcome::Complete => self.totals.complete += 1,
                    HostOutcome::Partial => self.totals.partial += 1,
                    HostOutcome::Stopped => self.totals.stopped += 1,
                }
            }
        }
        it.note_row(now, state);
        self.totals.out_most = self.totals.out_most.max(it.seen.out_most);
        if let HostStep::Ended(_) = step {
            self.close(now, number);
        }
    }

    fn close(&mut self, now: Time, number: u32) {
        let Some(mut it) = self.under_way.remove(&number) else { return };
        it.seen.is_stalled = it.stall.is_some() && it.seen.outcome.is_none();
        it.end_stall(now, &mut self.totals);
        it.end_wait(now);
        it.seen.duration_ms = now.since_ms(it.seen.at);
        let totals = &mut self.totals;
        totals.duration_ms_max = totals.duration_ms_max.max(it.seen.duration_ms);
        totals.under_way += u64::from(it.seen.outcome.is_none());
        if self.told.len() < HOST_ROLLOUTS_MAX {
            self.told.insert(number, it.seen);
        }
    }

    /// Whose batch a host is of.
    fn out_for(&mut self, host: HostId) -> Option<&mut UnderWay> {
        self.under_way.values_mut().find(|it| it.out.contains(host))
    }
}

impl UnderWay {
    fn end_stall(&mut self, now: Time, totals: &mut Totals) {
        let Some((since, stall, amounts)) = self.stall.take() else { return };
        let ms = now.since_ms(since);
        self.seen.stalled_ms += ms;
        totals.stalled_ms += ms;
        if self.seen.stalled.len() < STALLS_MAX {
            self.seen.stalled.push((since, stall, amounts, ms));
        }
    }

    fn end_wait(&mut self, now: Time) {
        if let Some((since, what)) = self.wait.take() {
            *self.seen.waits.entry(what).or_default() += now.since_ms(since);
        }
    }

    /// What there is now; the last row of an instant counts.
    fn note_row(&mut self, now: Time, state: &State) {
        let row = HostRow {
            at: Time::from_ms(now.since_ms(self.seen.at)),
            draining: self.out.count() - self.out.rewriting,
            rewriting: self.out.rewriting,
            new: self.seen.done,
            capacity: self.capacity(state),
            is_stalled: self.stall.is_some(),
        };
        let seen = &mut self.seen;
        seen.out_most = seen.out_most.max(self.out.count());
        seen.lowest_capacity = seen.lowest_capacity.min(row.capacity);
        match seen.rows.last_mut() {
            Some(last) if last.at == row.at => *last = row,
            _ => {
                self.changes += 1;
                if !self.changes.is_multiple_of(self.every) {
                    return;
                }
                seen.rows.push(row);
            }
        }
        if seen.rows.len() > TIMELINE_MAX {
            let mut place = 0;
            seen.rows.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.every *= 2;
        }
    }

    /// The share of the fleet's capacity that is not out, of the resource of which most is.
    fn capacity(&self, state: &State) -> f64 {
        let total = state.hosts.total().capacity;
        let share = |column: usize| {
            let left = total[column] - self.out.capacity[column];
            (total[column] > 0).then(|| left as f64 / total[column] as f64)
        };
        (0..state.hosts.kinds()).filter_map(share).fold(1.0, f64::min)
    }
}

/// What is waited for, in a word.
fn kind(wait: HostWait) -> &'static str {
    match wait {
        HostWait::Soak(_) => "soak",
        HostWait::Down(_) => "hosts down",
        HostWait::Limit(_) => "limit",
    }
}

impl WhyStuck {
    /// Whether it is for want of room.
    pub const fn is_room(self) -> bool {
        matches!(self, Self::NoRoom(_))
    }
}

impl Observer for RolledHosts {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        match *fact {
            Fact::HostRollout { rollout, step } => self.step(now, rollout, &step, state),
            Fact::Evicted { request, rollout, .. } => {
                self.totals.evicted += 1;
                self.evicted.insert(request, (rollout.0, now));
                if let Some(it) = self.under_way.get_mut(&rollout.0) {
                    it.seen.evicted += 1;
                    if it.stall.is_some_and(|(_, stall, _)| !stall.why.is_room()) {
                        it.end_stall(now, &mut self.totals);
                    }
                }
            }
            Fact::MigrationEnded { from, has_moved: true, downtime_ms, .. } => {
                let Some(it) = self.out_for(from) else { return };
                it.seen.moved += 1;
                it.seen.pauses_ms += downtime_ms;
                self.totals.moved += 1;
            }
            Fact::HostFailed { host, .. } => {
                let totals = &mut self.totals;
                let is_out = |it: &&mut UnderWay| it.out.contains(host);
                let Some(it) = self.under_way.values_mut().find(is_out) else { return };
                it.out.remove(host, state);
                if it.stall.is_some_and(|(_, stall, _)| stall.host == host) {
                    it.end_stall(now, totals);
                }
                it.note_row(now, state);
            }
            Fact::Ended => {
                for number in self.under_way.keys().copied().collect::<Vec<_>>() {
                    self.close(now, number);
                }
                let waiting = std::mem::take(&mut self.evicted);
                for (number, since) in waiting.into_values() {
                    if let Some(seen) = self.seen(number) {
                        seen.evicted_ms += now.since_ms(since);
                    }
                }
            }
            _ => {}
        }
    }
}
