//! Queues: which of the jobs that wait for processors start now.
//!
//! A discipline looks at what is free, at what runs and until when it is believed to run, and at
//! who waits; it answers with who starts. Time is in any whole unit, the same for all.
//!
//! - *FCFS*: the head of the queue, and never anybody before it.
//! - *SJF*: the same with the queue sorted by estimate, the shortest first.
//! - *EASY* (Lifka, "The ANL/IBM SP Scheduling System", 1995): heads start while they fit. The
//!   first that does not has a reservation at its *shadow*, the first believed end at which it
//!   fits; a later job may start if it is believed to end by then, or if it takes no more than
//!   the *extra* processors that the head leaves over at that time.
//! - *Conservative* (Mu'alem and Feitelson, "Utilization, Predictability, Workloads, and User
//!   Runtime Estimates in Scheduling the IBM SP2 with Backfilling", 2001): everybody in the queue
//!   has a reservation, and nobody delays one of an earlier job. All are made anew, in the order
//!   of arrival, whenever someone asks: so an early end is used at once.
//!
//! Cost: sorts of the queue or of what runs; conservative: for each job that waits one pass over
//! the times at which something changes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

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

/// A job that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How many processors it needs, all at once.
    pub processors: u64,
    /// How long it is believed to run.
    pub estimate: u64,
}

/// A job that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// How many processors it has.
    pub processors: u64,
    /// When it is believed to end; past where the estimate was too short.
    pub ends: u64,
}

impl Discipline {
    /// Which jobs of the queue start now, as rows of it, in the order in which they start. The
    /// queue is in order of arrival; `free` processors are left by those that run. A job that
    /// needs more than there are at all blocks FCFS, SJF and EASY for good: refuse it before.
    pub fn starts(self, now: u64, free: u64, running: &[Running], queue: &[Waiting]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..queue.len()).collect();
        match self {
            Self::Fcfs => heads(free, queue, &order),
            Self::Sjf => {
                order.sort_by_key(|row| queue[*row].estimate);
                heads(free, queue, &order)
            }
            Self::Easy => easy(now, free, running, queue),
            Self::Conservative => conservative(now, free, running, queue),
        }
    }
}

/// Those that start one after another until one does not fit.
fn heads(mut free: u64, queue: &[Waiting], order: &[usize]) -> Vec<usize> {
    let fits = |row: &&usize| {
        let left = free.checked_sub(queue[**row].processors);
        free = left.unwrap_or(free);
        left.is_some()
    };
    order.iter().take_while(fits).copied().collect()
}

fn easy(now: u64, free: u64, running: &[Running], queue: &[Waiting]) -> Vec<usize> {
    let in_order: Vec<usize> = (0..queue.len()).collect();
    let mut starts = heads(free, queue, &in_order);
    let Some(head) = queue.get(starts.len()) else { return starts };
    let begun = starts.iter().map(|row| Running {
        processors: queue[*row].processors,
        ends: now.saturating_add(queue[*row].estimate),
    });
    let mut ends: Vec<Running> = running.iter().copied().chain(begun).collect();
    ends.sort_by_key(|running| running.ends);
    let mut free = free - starts.iter().map(|row| queue[*row].processors).sum::<u64>();
    let Some((shadow, mut extra)) = shadow(free, head, &ends) else { return starts };
    for (row, job) in queue.iter().enumerate().skip(starts.len() + 1) {
        if job.processors > free {
            continue;
        }
        if now.saturating_add(job.estimate) > shadow {
            if job.processors > extra {
                continue;
            }
            extra -= job.processors;
        }
        free -= job.processors;
        starts.push(row);
    }
    starts
}

/// When the head can start by what is believed, and how many processors it leaves over then;
/// `None` if it never can. Ends ascend; all ends at the very instant count.
fn shadow(mut free: u64, head: &Waiting, ends: &[Running]) -> Option<(u64, u64)> {
    for at in ends.chunk_by(|a, b| a.ends == b.ends) {
        free += at.iter().map(|running| running.processors).sum::<u64>();
        if free >= head.processors {
            return Some((at[0].ends, free - head.processors));
        }
    }
    None
}

fn conservative(now: u64, free: u64, running: &[Running], queue: &[Waiting]) -> Vec<usize> {
    let mut plan = Plan::new(now, free, running);
    let mut starts = Vec::new();
    for (row, job) in queue.iter().enumerate() {
        if plan.reserve(job) == Some(now) {
            starts.push(row);
        }
    }
    starts
}

/// How many processors are free from when on, by what is believed and reserved.
struct Plan(BTreeMap<u64, u64>);

impl Plan {
    fn new(now: u64, free: u64, running: &[Running]) -> Self {
        let mut ends: BTreeMap<u64, u64> = BTreeMap::new();
        for running in running {
            // One that should have ended is there still: it ends at the next instant.
            let ends_at = running.ends.max(now.saturating_add(1));
            *ends.entry(ends_at).or_default() += running.processors;
        }
        let mut free = free;
        let mut plan = BTreeMap::from([(now, free)]);
        for (at, processors) in ends {
            free += processors;
            plan.insert(at, free);
        }
        Self(plan)
    }

    /// Reserves the earliest stretch of time that a job fits in, and tells when it begins; `None`
    /// if there is none.
    fn reserve(&mut self, job: &Waiting) -> Option<u64> {
        let mut start = None;
        for (at, free) in &self.0 {
            match start {
                Some(start) if *at >= job.estimate.saturating_add(start) => break,
                _ if *free < job.processors => start = None,
                None => start = Some(*at),
                Some(_) => {}
            }
        }
        let start = start?;
        let end = start.saturating_add(job.estimate);
        let before_end = *self.0.range(..=end).next_back().expect("the plan begins now").1;
        self.0.entry(end).or_insert(before_end);
        for (_, free) in self.0.range_mut(start..end) {
            *free -= job.processors;
        }
        Some(start)
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
