//! Queues: which of the jobs that wait for room start now.
//!
//! A discipline looks at what is free, at what runs and until when it is believed to run, and at
//! who waits; it answers with who starts. Time is in any whole unit, the same for all; room is a
//! number of processors, or amounts of several resources.
//!
//! - *FCFS*: the head of the queue, and never anybody before it.
//! - *SJF*: the same with the queue sorted by estimate, the shortest first.
//! - *EASY* (Lifka, "The ANL/IBM SP Scheduling System", 1995): heads start while they fit. The
//!   first that does not has a reservation at its *shadow*, the first believed end at which it
//!   fits; a later job may start if it is believed to end by then, or if it takes no more than
//!   the *extra* room that the head leaves over at that time.
//! - *Conservative* (Mu'alem and Feitelson, "Utilization, Predictability, Workloads, and User
//!   Runtime Estimates in Scheduling the IBM SP2 with Backfilling", 2001): everybody in the queue
//!   has a reservation, and nobody delays one of an earlier job. All are made anew, in the order
//!   of the queue, whenever someone asks: so an early end is used at once.
//!
//! Whether a job that has room enough in all finds it on hosts is asked of who carries it out: one
//! that does not is a head that does not fit, and keeps its reservation.
//!
//! Cost: sorts of the queue or of what runs; conservative: for each job that waits, up to the last
//! one that could start, one pass over the times at which something changes.

use crate::resources::Amounts;
use crate::scenario::batch::Backfill;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How a queue is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discipline {
    /// First come, first served.
    Fcfs,
    /// Shortest job first, by estimate.
    Sjf,
    /// A reservation for the head; others may be first where it does not delay that one.
    Easy,
    /// A reservation for everybody.
    Conservative,
}

/// What jobs take and hosts have.
pub trait Room: Copy {
    /// Whether so much is there.
    fn is_within(&self, free: &Self) -> bool;
    /// So much more.
    fn add(&mut self, more: &Self);
    /// So much less.
    fn take(&mut self, less: &Self);
}

/// A number of processors.
impl Room for u64 {
    fn is_within(&self, free: &Self) -> bool {
        self <= free
    }

    fn add(&mut self, more: &Self) {
        *self += more;
    }

    fn take(&mut self, less: &Self) {
        *self -= less;
    }
}

/// Of each resource so much.
impl Room for Amounts {
    fn is_within(&self, free: &Self) -> bool {
        self.iter().zip(free).all(|(asked, free)| *asked <= 0 || asked <= free)
    }

    fn add(&mut self, more: &Self) {
        self.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    }

    fn take(&mut self, less: &Self) {
        self.iter_mut().zip(less).for_each(|(sum, less)| *sum -= less);
    }
}

/// A job that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting<R = u64> {
    /// What it needs, all at once.
    pub processors: R,
    /// How long it is believed to run.
    pub estimate: u64,
}

/// A job that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running<R = u64> {
    /// What it has.
    pub processors: R,
    /// When it is believed to end; past where the estimate was too short.
    pub ends: u64,
}

impl Discipline {
    /// Which jobs of the queue start now, as rows of it, in the order in which they start. The
    /// queue is in order of arrival; `free` processors are left by those that run. A job that
    /// needs more than there are at all blocks FCFS, SJF and EASY for good: refuse it before.
    pub fn starts(self, now: u64, free: u64, running: &[Running], queue: &[Waiting]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..queue.len()).collect();
        if self == Self::Sjf {
            order.sort_by_key(|row| queue[*row].estimate);
        }
        let backfill = match self {
            Self::Fcfs | Self::Sjf => Backfill::None,
            Self::Easy => Backfill::Easy,
            Self::Conservative => Backfill::Conservative,
        };
        let queue: Vec<Waiting> = order.iter().map(|row| queue[*row]).collect();
        let mut starts = Vec::new();
        let mut start = |row: usize| {
            starts.push(order[row]);
            true
        };
        backfill.pass(now, free, running, &queue, &mut start);
        starts
    }
}

impl Backfill {
    /// Goes through a queue once, and has those start that may: `start` is told the row and says
    /// whether it did. Those that run are in any order.
    pub fn pass<R: Room>(
        self,
        now: u64,
        free: R,
        running: &[Running<R>],
        queue: &[Waiting<R>],
        start: &mut impl FnMut(usize) -> bool,
    ) {
        match self {
            Self::None => {
                heads(free, queue, start);
            }
            Self::Easy => easy(now, free, running, queue, start),
            Self::Conservative => conservative(now, free, running, queue, start),
        }
    }
}

/// Those that start one after another until one does not: how many, and what is left.
fn heads<R: Room>(
    mut free: R,
    queue: &[Waiting<R>],
    start: &mut impl FnMut(usize) -> bool,
) -> (usize, R) {
    for (row, job) in queue.iter().enumerate() {
        if !job.processors.is_within(&free) || !start(row) {
            return (row, free);
        }
        free.take(&job.processors);
    }
    (queue.len(), free)
}

fn easy<R: Room>(
    now: u64,
    free: R,
    running: &[Running<R>],
    queue: &[Waiting<R>],
    start: &mut impl FnMut(usize) -> bool,
) {
    let (started, mut free) = heads(free, queue, start);
    let Some(head) = queue.get(started) else { return };
    let behind = &queue[started + 1..];
    if !behind.iter().any(|job| job.processors.is_within(&free)) {
        return;
    }
    let begun = queue[..started].iter().map(|job| job.running(now));
    let mut ends: Vec<Running<R>> = running.iter().copied().chain(begun).collect();
    ends.sort_by_key(|running| running.ends);
    let Some((shadow, mut extra)) = shadow(free, head, &ends) else { return };
    for (row, job) in queue.iter().enumerate().skip(started + 1) {
        let is_over_by_then = now.saturating_add(job.estimate) <= shadow;
        let fits = job.processors.is_within(&free)
            && (is_over_by_then || job.processors.is_within(&extra));
        if fits && start(row) {
            free.take(&job.processors);
            if !is_over_by_then {
                extra.take(&job.processors);
            }
        }
    }
}

/// When the head can start by what is believed, and what it leaves over then; `None` if it never
/// can. Ends ascend; all ends at the very instant count.
fn shadow<R: Room>(mut free: R, head: &Waiting<R>, ends: &[Running<R>]) -> Option<(u64, R)> {
    for at in ends.chunk_by(|a, b| a.ends == b.ends) {
        at.iter().for_each(|running| free.add(&running.processors));
        if head.processors.is_within(&free) {
            free.take(&head.processors);
            return Some((at[0].ends, free));
        }
    }
    None
}

fn conservative<R: Room>(
    now: u64,
    free: R,
    running: &[Running<R>],
    queue: &[Waiting<R>],
    start: &mut impl FnMut(usize) -> bool,
) {
    // Nobody behind the last that fits now can start: what is reserved only takes from that.
    let Some(last) = queue.iter().rposition(|job| job.processors.is_within(&free)) else { return };
    let mut plan = Plan::new(now, free, running);
    for (row, job) in queue[..=last].iter().enumerate() {
        if plan.reserve(job) == Some(now) {
            start(row);
        }
    }
}

/// What is free from when on, by what is believed and reserved: times ascend.
struct Plan<R>(Vec<(u64, R)>);

impl<R: Room> Plan<R> {
    fn new(now: u64, mut free: R, running: &[Running<R>]) -> Self {
        // One that should have ended is there still: it ends at the next instant.
        let ends_at = |running: &Running<R>| running.ends.max(now.saturating_add(1));
        let mut ends: Vec<Running<R>> = running.to_vec();
        ends.sort_by_key(ends_at);
        let mut plan = vec![(now, free)];
        for at in ends.chunk_by(|a, b| ends_at(a) == ends_at(b)) {
            at.iter().for_each(|running| free.add(&running.processors));
            plan.push((ends_at(&at[0]), free));
        }
        Self(plan)
    }

    /// Reserves the earliest stretch of time that a job fits in, and tells when it begins; `None`
    /// if there is none.
    fn reserve(&mut self, job: &Waiting<R>) -> Option<u64> {
        let mut start = None;
        for (row, (at, free)) in self.0.iter().enumerate() {
            match start {
                Some((_, start)) if *at >= job.estimate.saturating_add(start) => break,
                _ if !job.processors.is_within(free) => start = None,
                None => start = Some((row, *at)),
                Some(_) => {}
            }
        }
        let (row, start) = start?;
        let end = start.saturating_add(job.estimate);
        let behind = row + self.0[row..].partition_point(|(at, _)| *at < end);
        if self.0.get(behind).is_none_or(|(at, _)| *at > end) && end > start {
            let before_end = self.0[behind - 1].1;
            self.0.insert(behind, (end, before_end));
        }
        self.0[row..behind].iter_mut().for_each(|(_, free)| free.take(&job.processors));
        Some(start)
    }
}

impl<R: Room> Waiting<R> {
    /// The job, if it starts now.
    fn running(&self, now: u64) -> Running<R> {
        Running { processors: self.processors, ends: now.saturating_add(self.estimate) }
    }
}

/// A job with all that is to be known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// When it arrives.
    pub submit: u64,
    /// How many processors it needs, all at once.
    pub processors: u64,
    /// How long it is believed to run.
    pub estimate: u64,
    /// How long it runs.
    pub runtime: u64,
}

/// Serves jobs on so many processors to the end: when each starts, `None` for one that needs more
/// than there are. At one instant ends come first, then arrivals in the order of the list, then
/// one look at the queue.
pub fn replay(discipline: Discipline, processors: u64, jobs: &[Job]) -> Vec<Option<u64>> {
    let mut starts = vec![None; jobs.len()];
    let mut to_come: Vec<usize> =
        (0..jobs.len()).filter(|row| jobs[*row].processors <= processors).collect();
    to_come.sort_by_key(|row| Reverse((jobs[*row].submit, *row)));
    let (mut queue, mut running, mut free) = (Vec::new(), Vec::new(), processors);
    let mut ends: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    loop {
        let end = ends.peek().map(|Reverse((at, _))| *at);
        let arrival = to_come.last().map(|row| jobs[*row].submit);
        let Some(now) = end.into_iter().chain(arrival).min() else { return starts };
        while let Some(Reverse((_, row))) = ends.peek().copied().filter(|end| end.0.0 == now) {
            ends.pop();
            running.retain(|other| *other != row);
            free += jobs[row].processors;
        }
        while let Some(row) = to_come.pop_if(|row| jobs[*row].submit == now) {
            queue.push(row);
        }
        let waiting: Vec<Waiting> = queue.iter().map(|row| jobs[*row].waiting()).collect();
        let runs = |row: &usize| Running {
            processors: jobs[*row].processors,
            ends: starts[*row].unwrap_or(now).saturating_add(jobs[*row].estimate),
        };
        let believed: Vec<Running> = running.iter().map(runs).collect();
        let begun = discipline.starts(now, free, &believed, &waiting);
        for place in &begun {
            let row = queue[*place];
            starts[row] = Some(now);
            free -= jobs[row].processors;
            running.push(row);
            ends.push(Reverse((now.saturating_add(jobs[row].runtime), row)));
        }
        let still = queue.iter().enumerate().filter(|(place, _)| !begun.contains(place));
        queue = still.map(|(_, row)| *row).collect();
    }
}

impl Job {
    fn waiting(&self) -> Waiting {
        Waiting { processors: self.processors, estimate: self.estimate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs as `submit processors estimate`, on 8 processors, each running as long as believed.
    fn check(discipline: Discipline, jobs: &str, expected: &str) {
        let read = |job: &str| {
            let parts: Vec<u64> = job.split(' ').map(|n| n.parse().unwrap()).collect();
            let [submit, processors, estimate] = parts[..] else { panic!("{job}") };
            Job { submit, processors, estimate, runtime: estimate }
        };
        let jobs: Vec<Job> = jobs.split(", ").map(read).collect();
        let starts = replay(discipline, 8, &jobs);
        let shown = starts.iter().map(|start| start.map_or("-".to_owned(), |s| s.to_string()));
        assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{discipline:?}");
    }

    #[test]
    fn backfilling_starts_whom_the_head_does_not_miss() {
        let jobs = "0 6 10, 1 8 5, 2 2 8, 3 2 9";
        check(Discipline::Fcfs, jobs, "0 10 15 15");
        check(Discipline::Sjf, jobs, "0 10 15 15");
        check(Discipline::Easy, jobs, "0 10 2 15");
        check(Discipline::Conservative, jobs, "0 10 2 15");
    }

    #[test]
    fn easy_may_delay_the_second_in_the_queue_and_conservative_may_not() {
        // The head needs 6 at 10 and leaves 2 over: EASY gives them to the last job for good.
        let jobs = "0 4 10, 1 6 10, 2 8 5, 3 2 30";
        check(Discipline::Easy, jobs, "0 10 33 3");
        check(Discipline::Conservative, jobs, "0 10 20 25");
    }

    #[test]
    fn a_job_larger_than_the_machine_never_starts_and_is_in_nobodys_way() {
        for discipline in
            [Discipline::Fcfs, Discipline::Sjf, Discipline::Easy, Discipline::Conservative]
        {
            check(discipline, "0 9 1, 0 8 1", "- 0");
        }
    }

    #[test]
    fn a_job_that_overruns_its_estimate_keeps_its_processors() {
        let late = [Running { processors: 8, ends: 3 }];
        let queue =
            [Waiting { processors: 8, estimate: 1 }, Waiting { processors: 1, estimate: 1 }];
        for discipline in [Discipline::Easy, Discipline::Conservative] {
            assert!(discipline.starts(5, 0, &late, &queue).is_empty(), "{discipline:?}");
        }
    }

    #[test]
    fn all_start_after_they_arrive_and_nobody_has_more_than_there_is() {
        // A small generator of its own: what matters is that the jobs are of all sorts.
        let mut seed = 7u64;
        let mut below = |n: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % n
        };
        for _ in 0..50 {
            let mut submit = 0;
            let mut job = || {
                submit += below(4);
                let estimate = 1 + below(20);
                Job { submit, processors: 1 + below(8), estimate, runtime: 1 + below(estimate) }
            };
            let jobs: Vec<Job> = (0..40).map(|_| job()).collect();
            for discipline in
                [Discipline::Fcfs, Discipline::Sjf, Discipline::Easy, Discipline::Conservative]
            {
                let starts = replay(discipline, 8, &jobs);
                let starts: Vec<u64> = starts.into_iter().map(Option::unwrap).collect();
                let busy = |at: u64| -> u64 {
                    let all = jobs.iter().zip(&starts);
                    let there = all.filter(|(j, s)| **s <= at && at < **s + j.runtime);
                    there.map(|(job, _)| job.processors).sum()
                };
                assert!(starts.iter().all(|at| busy(*at) <= 8), "{discipline:?}");
                assert!(starts.iter().zip(&jobs).all(|(start, job)| *start >= job.submit));
                if discipline == Discipline::Fcfs {
                    assert!(starts.is_sorted());
                }
            }
        }
    }
}
