//! Jobs: batch work that waits in queues, starts when its discipline says so, and is there until it
//! is done.
//!
//! A task of a job is a request of its stream's demand, made when the job starts: so placement,
//! quotas, labels and the reports know nothing of jobs. All tasks of a job find hosts, or none does.
//! Who starts is decided once at the end of each instant at which a job came, or room did.
//!
//! A job that loses a task ends, and begins anew from its old place in the queue.

mod line;
mod offers;
mod reclaim;
mod shares;

use super::{Arrived, Comes, Event, Simulation};
use crate::demand::{self, FOR_GOOD_MS};
use crate::fact::{Fact, JobId, JobOf, RequestId};
use crate::jobs::offers::Allocator;
use crate::jobs::queue::{Room, Running, Waiting};
use crate::observe::Observer;
use crate::problem::{Problem, Problems};
use crate::resources::Amounts;
use crate::scenario::batch::{Backfill, Batch};
use crate::scenario::{Arrivals, DemandId, JobOrder, Scenario, TenantId};
use crate::source::Files;
use crate::state::{Ask, GroupKey, HostId, Vm, VmId};
use crate::time::Time;
use line::Line;
use reclaim::{Entitled, InVain};
use shares::Shares;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// All batch work of a run.
#[derive(Debug)]
pub(super) struct Jobs {
    batch: Box<Batch>,
    /// By stream: its jobs, and the next of them.
    streams: Vec<(demand::jobs::Jobs, Option<demand::jobs::Job>)>,
    queue: Line,
    /// Whether any tenant that has jobs has a quota.
    has_quotas: bool,
    /// Who runs, by number of start.
    running: BTreeMap<u32, Started>,
    /// The first request of each job that runs, and its number of start.
    by_request: BTreeMap<RequestId, u32>,
    shares: Shares,
    submitted: u32,
    starts: u32,
    /// Who offers hosts to tenants; `None` where one scheduler says who starts.
    offers: Option<Box<Allocator>>,
    /// Who waits for what he is guaranteed.
    entitled: Entitled,
    /// For whom no room can be made.
    in_vain: InVain,
    /// The instants at which somebody will look at the queue.
    looks: Vec<Time>,
    /// When somebody looked last.
    looked: Option<Time>,
    /// Why a trace cannot be read any more: then the run cannot go on.
    pub(super) problem: Option<Box<Problem>>,
}

/// A job that waits.
#[derive(Clone, Copy, Debug)]
struct Queued {
    job: JobOf,
    submitted: Time,
    /// How long it has run before, in vain or not, ms.
    ran_ms: u64,
    /// What of it is not to be done again, ms.
    done_ms: u64,
    run_ms: u64,
    estimate_ms: u64,
    is_killed: bool,
    /// Whether it has run before, and was put back.
    was_interrupted: bool,
    /// What all its tasks take.
    amounts: Amounts,
    /// Who comes first, as far as that does not change.
    rank: i64,
}

/// A job that runs.
#[derive(Clone, Debug)]
struct Started {
    queued: Queued,
    at: Time,
    first: RequestId,
    vms: Vec<VmId>,
}

impl Queued {
    /// How long it still runs.
    fn left_ms(&self) -> u64 {
        self.run_ms - self.done_ms
    }

    /// How long that is believed to be.
    fn believed_ms(&self) -> u64 {
        self.estimate_ms.saturating_sub(self.done_ms)
    }

    /// Who comes first, of equals the one that came first.
    fn key(&self) -> (i64, JobId) {
        (self.rank, self.job.id)
    }

    fn waiting(&self) -> Waiting<Amounts> {
        Waiting { processors: self.amounts, estimate: self.believed_ms() }
    }
}

impl Started {
    fn running(&self) -> Running<Amounts> {
        Running {
            processors: self.queued.amounts,
            ends: self.at.after(self.queued.believed_ms()).ms(),
        }
    }
}

impl Jobs {
    /// `None` where there is no batch work.
    ///
    /// # Errors
    /// If a trace that was checked cannot be opened or read any more.
    pub(super) fn new(
        scenario: &Scenario,
        files: &dyn Files,
    ) -> Result<Option<Box<Self>>, Problems> {
        let Some(batch) = scenario.batch.clone() else { return Ok(None) };
        let mut streams = Vec::new();
        for stream in &batch.streams {
            let mut jobs = demand::jobs::Jobs::new(scenario, stream, files)?;
            let first = jobs.next_job()?;
            streams.push((jobs, first));
        }
        Ok(Some(Box::new(Self {
            streams,
            queue: Line::default(),
            has_quotas: false,
            running: BTreeMap::new(),
            by_request: BTreeMap::new(),
            shares: Shares::new(scenario, &batch),
            submitted: 0,
            starts: 0,
            offers: match batch.scheduler.order {
                JobOrder::Offers(rule) => Some(Box::new(Allocator::new(rule, &scenario.tenants))),
                _ => None,
            },
            entitled: Entitled::new(),
            in_vain: InVain::default(),
            looks: Vec::new(),
            looked: None,
            problem: None,
            batch,
        })))
    }

    /// Takes those that have started, given with their rows, out of the queue.
    fn begin(&mut self, started: Vec<(usize, Started)>) {
        if started.is_empty() {
            return;
        }
        let mut rows: Vec<usize> = started.iter().map(|(row, _)| *row).collect();
        rows.sort_unstable();
        self.queue.leave(&rows);
        for (_, started) in started {
            self.by_request.insert(started.first, self.starts);
            self.running.insert(self.starts, started);
            self.starts += 1;
        }
    }

    /// Puts the tenants' jobs in the order of what they have used until now, of hosts that have so
    /// much.
    fn sort_by_usage(&mut self, now: Time, capacity: &Amounts) {
        let (queue, shares) = (&mut self.queue, &mut self.shares);
        shares.settle(now, capacity, queue.rows().iter().map(|queued| queued.job.tenant));
        queue.sort_by(|a, b| {
            let by_usage = shares.compare_usage(a.job.tenant, b.job.tenant);
            by_usage.then(a.job.tenant.cmp(&b.job.tenant)).then(a.key().cmp(&b.key()))
        });
    }

    /// The number of start of the job of a task.
    fn start_of(&self, request: RequestId) -> Option<u32> {
        self.by_request.range(..=request).next_back().map(|(_, start)| *start)
    }

    fn rank(&self, priority: i32, submitted: Time, estimate_ms: u64) -> i64 {
        let ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        match self.batch.scheduler.order {
            JobOrder::Arrival => 0,
            JobOrder::Shortest => ms(estimate_ms),
            // Whoever waits gains at the same pace: so who is first of two never changes.
            JobOrder::Priority { aging_ms: Some(aging_ms) } => {
                let head_start = i64::from(priority).saturating_mul(ms(aging_ms));
                ms(submitted.ms()).saturating_sub(head_start)
            }
            _ => -i64::from(priority),
        }
    }
}

impl Simulation {
    /// The first job of each stream.
    pub(super) fn begin_jobs(&mut self) {
        let Some(jobs) = &mut self.jobs else { return };
        let mut tenants = jobs.batch.streams.iter().flat_map(|stream| {
            let demand = &self.scenario.demands[stream.demand.row()];
            let others = stream.tenants.iter().map(|(_, tenant)| *tenant);
            others.chain(std::iter::once(demand.tenant))
        });
        jobs.has_quotas = tenants.any(|tenant| self.state.tenancy.has_quota(tenant));
        for (row, (_, first)) in jobs.streams.iter().enumerate() {
            if let Some(job) = first {
                self.agenda.push(job.at, Event::SubmitJob(small(row)));
            }
        }
    }

    /// Whether a demand's requests are tasks of jobs.
    pub(super) fn is_of_jobs(&self, demand: DemandId) -> bool {
        matches!(self.scenario.demands[demand.row()].arrivals, Arrivals::Jobs(_))
    }

    /// A job comes: it waits.
    pub(super) fn submit_job(&mut self, now: Time, stream: u32, observer: &mut impl Observer) {
        let scenario = self.scenario.clone();
        let jobs = self.jobs.as_mut().expect("jobs come where there is batch work");
        let (source, next) = &mut jobs.streams[stream as usize];
        let job = next.take().expect("it was told when it comes");
        match source.next_job() {
            Ok(job) => *next = job,
            Err(problem) => jobs.problem = Some(Box::new(problem)),
        }
        if let Some(next) = next {
            self.agenda.push(next.at, Event::SubmitJob(stream));
        }
        let rule = &jobs.batch.streams[stream as usize];
        let demand = &scenario.demands[rule.demand.row()];
        let template = self.flavor_asks[rule.demand.row()][demand.mix[0].0.row()];
        let ask = Ask { tenant: job.tenant, ..self.state.ask_again(template) };
        let each = self.state.shapes.get(ask.shape).amounts;
        let (queue, id) = (rule.queue, JobId(jobs.submitted));
        jobs.submitted += 1;
        let priority = jobs.batch.queues[queue.row()].priority.saturating_add(demand.priority);
        let is_killed = rule.ends_at_estimate && job.run_ms > job.estimate_ms;
        let queued = Queued {
            job: JobOf {
                id,
                demand: rule.demand,
                tenant: job.tenant,
                queue,
                tasks: job.tasks,
                ask,
            },
            submitted: now,
            ran_ms: 0,
            done_ms: 0,
            run_ms: if is_killed { job.estimate_ms } else { job.run_ms },
            estimate_ms: job.estimate_ms,
            is_killed,
            was_interrupted: false,
            amounts: each.map(|amount| amount.saturating_mul(job.tasks.into())),
            rank: jobs.rank(priority, now, job.estimate_ms),
        };
        let fact = Fact::JobSubmitted { job: queued.job, estimate_ms: job.estimate_ms };
        observer.hear(now, &fact, &self.state);
        if !queued.amounts.is_within(&self.batch_room().0) && !self.may_get_room() {
            self.refuse_job(now, queued, observer);
            return;
        }
        let jobs = self.jobs.as_mut().expect("it is there");
        jobs.queue.enter(queued);
        self.ask_scheduler(now);
    }

    fn refuse_job(&mut self, now: Time, queued: Queued, observer: &mut impl Observer) {
        observer.hear(now, &Fact::JobRefused { job: queued.job }, &self.state);
        self.state.forget(queued.job.ask);
    }

    /// What the hosts for jobs have in all, and what of it is free.
    fn batch_room(&self) -> (Amounts, Amounts) {
        let pool = self.scenario.batch.as_ref().and_then(|batch| batch.scheduler.pool);
        let total = match pool {
            Some(pool) => self.state.hosts.pool_total(pool),
            None => self.state.hosts.total(),
        };
        let mut free = total.capacity;
        free.take(&total.used);
        (total.capacity, free)
    }

    /// Whether there can be more hosts for jobs than now.
    fn may_get_room(&self) -> bool {
        let pool = self.scenario.batch.as_ref().and_then(|batch| batch.scheduler.pool);
        self.may_grow(pool) || self.may_be_given_hosts(pool)
    }

    /// Room may have come up, or a job: who starts is decided at the end of this instant, or in the
    /// next round.
    #[inline]
    pub(super) fn ask_scheduler(&mut self, now: Time) {
        let Some(jobs) = &self.jobs else { return };
        let at = match &jobs.offers {
            None => now,
            Some(offers) if jobs.looked == Some(now) => offers.round_after(now),
            Some(offers) => offers.round_from(now),
        };
        self.look_again(at);
    }

    /// Somebody will look at the queue then.
    fn look_again(&mut self, at: Time) {
        if let Some(jobs) = &mut self.jobs
            && !jobs.looks.contains(&at)
        {
            jobs.looks.push(at);
            self.agenda.push(at, Event::Schedule);
        }
    }

    /// Those start whose turn it is.
    pub(super) fn schedule(&mut self, now: Time, observer: &mut impl Observer) {
        self.reclaim(now, observer);
        let Some(mut jobs) = self.jobs.take() else { return };
        jobs.looks.retain(|at| *at != now);
        jobs.looked = Some(now);
        let mut offers = jobs.offers.take();
        let started = match jobs.batch.scheduler.order {
            JobOrder::Offers(_) => {
                let offers = offers.as_mut().expect("it was made for this order");
                self.offer_round(now, &jobs, offers, observer)
            }
            JobOrder::Drf => self.fill_up(now, &jobs, observer),
            JobOrder::FairShare { .. } => self.by_shares(now, &mut jobs, observer),
            _ => self.one_after_another(now, &jobs, observer),
        };
        self.run(now, &mut jobs, started);
        let next = offers.as_ref().and_then(|offers| offers.next(now));
        jobs.offers = offers;
        self.jobs = Some(jobs);
        if let Some(at) = next {
            self.look_again(at);
        }
        self.refuse_whom_nothing_helps(now, observer);
    }

    /// Those that have started, given with their rows in the queue, run from now on.
    fn run(&mut self, now: Time, jobs: &mut Jobs, started: Vec<(usize, Started)>) {
        for (_, started) in &started {
            let Queued { job, amounts, .. } = &started.queued;
            jobs.shares.change(now, job.tenant, amounts, 1);
        }
        let first_start = jobs.starts;
        let left: Vec<u64> = started.iter().map(|(_, started)| started.queued.left_ms()).collect();
        jobs.begin(started);
        for (start, left_ms) in (first_start..).zip(left) {
            self.agenda.push(now.after(left_ms), Event::JobEnds(start));
        }
    }

    /// A pass over the queue, as the discipline says.
    fn one_after_another(
        &mut self,
        now: Time,
        jobs: &Jobs,
        observer: &mut impl Observer,
    ) -> Vec<(usize, Started)> {
        let backfill = jobs.batch.scheduler.backfill;
        let mut running: Vec<Running<Amounts>> = match backfill {
            Backfill::None => Vec::new(),
            _ => jobs.running.values().map(Started::running).collect(),
        };
        if !jobs.has_quotas {
            return self.pass(now, jobs, &running, &[], observer).0;
        }
        // Who would break a quota is passed over, and in nobody's way.
        let mut started: Vec<(usize, Started)> = Vec::new();
        let mut is_out = vec![false; jobs.queue.rows().len()];
        loop {
            for (row, queued) in jobs.queue.rows().iter().enumerate() {
                is_out[row] |= self.is_over_quota(queued);
            }
            let rows: Vec<usize> = (0..is_out.len()).filter(|row| !is_out[*row]).collect();
            let (begun, is_stopped) = match rows.is_empty() {
                true => (Vec::new(), false),
                false => self.pass(now, jobs, &running, &rows, observer),
            };
            begun.iter().for_each(|(row, _)| is_out[*row] = true);
            running.extend(begun.iter().map(|(_, started)| started.running()));
            started.extend(begun);
            if !is_stopped {
                return started;
            }
        }
    }

    /// A pass over these rows of the queue, or over all if there are none; and whether a quota was in
    /// the way of one.
    fn pass(
        &mut self,
        now: Time,
        jobs: &Jobs,
        running: &[Running<Amounts>],
        rows: &[usize],
        observer: &mut impl Observer,
    ) -> (Vec<(usize, Started)>, bool) {
        let (_, free) = self.batch_room();
        let (mut started, mut is_stopped) = (Vec::new(), false);
        let all = jobs.queue.waiting();
        let some: Vec<Waiting<Amounts>> = rows.iter().map(|row| all[*row]).collect();
        let waiting = if rows.is_empty() { all } else { &some };
        let mut start = |row: usize| {
            let row = rows.get(row).copied().unwrap_or(row);
            let queued = &jobs.queue.rows()[row];
            let job = self.start_job(now, queued, observer);
            is_stopped |= job.is_none() && self.is_over_quota(queued);
            job.map(|job| started.push((row, job))).is_some()
        };
        jobs.batch.scheduler.backfill.pass(now.ms(), free, running, waiting, &mut start);
        (started, is_stopped)
    }

    /// Whether a tenant, or one that it is a part of, would have more than its quota with all tasks
    /// of a job.
    fn is_over_quota(&self, queued: &Queued) -> bool {
        let JobOf { tenant, tasks, .. } = queued.job;
        self.state.tenancy.is_over_with(tenant, tasks.into(), &queued.amounts)
    }

    /// The same, the tenants' jobs in the order of what they have used.
    fn by_shares(
        &mut self,
        now: Time,
        jobs: &mut Jobs,
        observer: &mut impl Observer,
    ) -> Vec<(usize, Started)> {
        let (capacity, _) = self.batch_room();
        jobs.sort_by_usage(now, &capacity);
        self.one_after_another(now, jobs, observer)
    }

    /// Progressive filling: the next job is that of the tenant with the smallest dominant share.
    /// Whose next job does not fit is out; the others go on.
    fn fill_up(
        &mut self,
        now: Time,
        jobs: &Jobs,
        observer: &mut impl Observer,
    ) -> Vec<(usize, Started)> {
        let (capacity, mut free) = self.batch_room();
        // By tenant: the rows of its jobs, and what those that run take.
        let mut by_tenant: BTreeMap<TenantId, (VecDeque<usize>, Amounts)> = BTreeMap::new();
        for (row, queued) in jobs.queue.rows().iter().enumerate() {
            let tenant = queued.job.tenant;
            let new = || (VecDeque::new(), jobs.shares.taken(tenant));
            by_tenant.entry(tenant).or_insert_with(new).0.push_back(row);
        }
        let mut started = Vec::new();
        loop {
            let next = by_tenant.iter_mut().min_by(|(a, (_, of_a)), (b, (_, of_b))| {
                jobs.shares.compare((**a, of_a), (**b, of_b), &capacity)
            });
            let Some((tenant, (rows, taken))) = next else { return started };
            let tenant = *tenant;
            let all = jobs.queue.rows();
            let fitting = rows.pop_front().filter(|row| all[*row].amounts.is_within(&free));
            let job = fitting.and_then(|row| {
                let queued = &all[row];
                Some((row, self.start_job(now, queued, observer)?))
            });
            let Some((row, job)) = job else {
                by_tenant.remove(&tenant);
                continue;
            };
            free.take(&job.queued.amounts);
            taken.add(&job.queued.amounts);
            started.push((row, job));
        }
    }

    /// A job starts, if all its tasks find hosts.
    fn start_job(
        &mut self,
        now: Time,
        queued: &Queued,
        observer: &mut impl Observer,
    ) -> Option<Started> {
        let decide =
            |simulation: &mut Self, arrived: &Arrived| simulation.decide(now, arrived).ok();
        let tasks = self.find_hosts(now, queued, decide)?;
        Some(self.start_on(now, queued, tasks, observer))
    }

    /// A job starts on these hosts.
    fn start_on(
        &mut self,
        now: Time,
        queued: &Queued,
        tasks: Vec<(Arrived, HostId)>,
        observer: &mut impl Observer,
    ) -> Started {
        let first = RequestId(self.request_next);
        let waited_ms = now.since_ms(queued.submitted) - queued.ran_ms;
        let is_again = queued.was_interrupted;
        let fact = Fact::JobStarted { job: queued.job, waited_ms, is_again };
        observer.hear(now, &fact, &self.state);
        let place = |(arrived, host): (Arrived, HostId)| {
            self.request_next += 1;
            let Arrived { request, demand, ask, .. } = arrived;
            let fact = Fact::Requested { request, demand, tenant: ask.tenant, name: None, ask };
            observer.hear(now, &fact, &self.state);
            self.place(now, &arrived, host, observer)
        };
        let vms = tasks.into_iter().map(place).collect();
        Started { queued: *queued, at: now, first, vms }
    }

    /// Where each task of a job goes, by who decides; `None` if one finds no host. As [`crate::jobs::gang`], on the
    /// state itself, which is afterwards as it was. The tasks' asks are held if there is an answer.
    fn find_hosts(
        &mut self,
        now: Time,
        queued: &Queued,
        mut decide: impl FnMut(&mut Self, &Arrived) -> Option<HostId>,
    ) -> Option<Vec<(Arrived, HostId)>> {
        let (last_placed, changes) = (self.state.last_placed, self.state.changes);
        let rule = self.scenario.demands[queued.job.demand.row()].group;
        let (mut tasks, mut vms) = (Vec::new(), Vec::new());
        for task in 0..u64::from(queued.job.tasks) {
            let mut ask = self.state.ask_again(queued.job.ask);
            if let Some(rule) = rule {
                let key = GroupKey::Number(queued.job.demand, queued.job.id.0.into());
                ask = self.state.ask_in_group(ask, key, rule);
            }
            let arrived = Arrived {
                request: RequestId(self.request_next + task),
                demand: queued.job.demand,
                at: now,
                ask,
                stay_ms: FOR_GOOD_MS,
                believed_ms: queued.believed_ms().max(1),
                boot_ms: 0,
                priority: self.scenario.demands[queued.job.demand.row()].priority,
                comes: Comes::First,
                ticket: None,
                number: 0,
            };
            let Some(host) = decide(self, &arrived) else {
                self.state.forget(ask);
                break;
            };
            tasks.push((arrived, host));
            // The last one is in nobody's way.
            if task + 1 < queued.job.tasks.into() {
                let (request, demand) = (arrived.request.0, arrived.demand);
                let vm = Vm { request, placed: now, host, ask, demand };
                let devices = self.placer.device(&self.state, ask, host);
                let before = self.state.history.before(host);
                let vm = self.state.start_on(vm, now.after(arrived.believed_ms), devices);
                vms.push((vm, before));
            }
        }
        for (vm, before) in vms.into_iter().rev() {
            let host = self.state.end(vm).host;
            self.state.history.undo(host, before);
        }
        self.state.last_placed = last_placed;
        self.state.changes = changes;
        if tasks.len() == queued.job.tasks as usize {
            return Some(tasks);
        }
        for (arrived, _) in tasks {
            self.state.forget(arrived.ask);
        }
        None
    }

    /// A job is done, if it still runs.
    pub(super) fn end_job(&mut self, now: Time, start: u32, observer: &mut impl Observer) {
        let Some(Started { queued, at, vms, .. }) = self.stop_job(now, start) else { return };
        for vm in vms {
            self.depart(now, vm, observer);
        }
        let fact = Fact::JobEnded {
            job: queued.job,
            waited_ms: at.since_ms(queued.submitted) - queued.ran_ms,
            run_ms: queued.run_ms,
            is_killed: queued.is_killed,
        };
        observer.hear(now, &fact, &self.state);
        self.state.forget(queued.job.ask);
    }

    fn stop_job(&mut self, now: Time, start: u32) -> Option<Started> {
        let jobs = self.jobs.as_mut()?;
        let started = jobs.running.remove(&start)?;
        jobs.by_request.remove(&started.first);
        jobs.shares.change(now, started.queued.job.tenant, &started.queued.amounts, -1);
        self.ask_scheduler(now);
        Some(started)
    }

    /// A task has lost its host: so its job is to end, at this very instant.
    pub(super) fn lose_task(&mut self, now: Time, request: RequestId, vm: VmId) {
        let Some(jobs) = &mut self.jobs else { return };
        let Some(start) = jobs.start_of(request) else { return };
        let Some(started) = jobs.running.get_mut(&start) else { return };
        let is_first = started.vms.len() == started.queued.job.tasks as usize;
        started.vms.retain(|other| *other != vm);
        if is_first {
            self.agenda.push(now, Event::BreakJob(start));
        }
    }

    /// A job has lost tasks: the others end too, and it waits again.
    pub(super) fn break_job(&mut self, now: Time, start: u32, observer: &mut impl Observer) {
        let Some((job, ran_ms)) = self.put_back(now, start, false, observer) else { return };
        observer.hear(now, &Fact::JobInterrupted { job, ran_ms }, &self.state);
    }

    /// A job ends before it is done, and waits again at its old place; it may keep what it has done.
    /// How long it ran.
    fn put_back(
        &mut self,
        now: Time,
        start: u32,
        keeps_work: bool,
        observer: &mut impl Observer,
    ) -> Option<(JobOf, u64)> {
        let Started { mut queued, at, vms, .. } = self.stop_job(now, start)?;
        for vm in vms {
            self.depart(now, vm, observer);
        }
        let ran_ms = now.since_ms(at);
        queued.ran_ms += ran_ms;
        queued.done_ms += if keeps_work { ran_ms } else { 0 };
        queued.was_interrupted = true;
        self.jobs.as_mut()?.queue.enter(queued);
        Some((queued.job, ran_ms))
    }

    /// Where nothing will come, the first of the queue never finds hosts if it is larger than all,
    /// or if nothing runs: it is refused, so that the others have their turn.
    fn refuse_whom_nothing_helps(&mut self, now: Time, observer: &mut impl Observer) {
        let Some(jobs) = &self.jobs else { return };
        let Some(first) = jobs.queue.rows().first() else { return };
        let (capacity, free) = self.batch_room();
        let is_too_large = !first.amounts.is_within(&capacity);
        let is_idle = jobs.running.is_empty() && capacity == free;
        if !(is_too_large || is_idle) || self.may_get_room() {
            return;
        }
        let has_offers = jobs.offers.is_some();
        let rows = if is_too_large { vec![0] } else { self.not_held_back(jobs) };
        let jobs: Vec<(usize, Queued)> =
            rows.into_iter().map(|row| (row, jobs.queue.rows()[row])).collect();
        // Who is not offered enough may yet be.
        let mut is_hopeless =
            |queued: &Queued| is_too_large || !has_offers || !self.fits_somewhere(now, queued);
        let hopeless = jobs.into_iter().find(|(_, queued)| is_hopeless(queued));
        let (Some((row, queued)), Some(jobs)) = (hopeless, &mut self.jobs) else { return };
        jobs.queue.leave(&[row]);
        self.refuse_job(now, queued, observer);
        self.ask_scheduler(now);
    }

    /// Those of the queue whom no VM that is not a job's keeps from starting, by a quota: the first,
    /// or, where hosts are offered, the first of each tenant.
    fn not_held_back(&self, jobs: &Jobs) -> Vec<usize> {
        let is_held = |queued: &Queued| {
            let JobOf { tenant, tasks, .. } = queued.job;
            let tenancy = &self.state.tenancy;
            self.is_over_quota(queued)
                && !tenancy.is_over_alone(tenant, tasks.into(), &queued.amounts)
        };
        // With DRF and offers whoever is held back stops his tenant.
        let has_offers = jobs.offers.is_some();
        let is_by_tenant = has_offers || jobs.batch.scheduler.order == JobOrder::Drf;
        let mut stopped = BTreeSet::new();
        let mut rows = jobs.queue.rows().iter().enumerate().filter(|(_, queued)| {
            let tenant = queued.job.tenant;
            let is_stopped = is_by_tenant && stopped.contains(&tenant);
            let is_held = is_stopped || is_held(queued);
            if is_held || has_offers {
                stopped.insert(tenant);
            }
            !is_held
        });
        let rows = rows.by_ref().map(|(row, _)| row);
        rows.take(if has_offers { usize::MAX } else { 1 }).collect()
    }

    /// Whether a job's tasks find hosts if all are asked.
    fn fits_somewhere(&mut self, now: Time, queued: &Queued) -> bool {
        let decide =
            |simulation: &mut Self, arrived: &Arrived| simulation.decide(now, arrived).ok();
        let Some(tasks) = self.find_hosts(now, queued, decide) else { return false };
        tasks.into_iter().for_each(|(arrived, _)| self.state.forget(arrived.ask));
        true
    }
}

fn small(row: usize) -> u32 {
    u32::try_from(row).expect("the scenario check bounds streams")
}
