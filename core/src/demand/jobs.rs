//! Jobs, each complete when it is submitted: how many tasks, how long it runs and how long it is
//! believed to.

use super::poisson::Poisson;
use crate::dice;
use crate::problem::{Problem, Problems};
use crate::scenario::batch::{DrawnJobs, JobSource, JobStream, SwfFile};
use crate::scenario::{Demand, Scenario, TenantId};
use crate::source::Files;
use crate::swf::{self, Rows};
use crate::time::{TIME_MS_MAX, Time};
use rand::RngExt;
use rand_distr::{Distribution as _, StandardNormal};

/// A job as it is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// When.
    pub at: Time,
    /// Who owns it.
    pub tenant: TenantId,
    /// How many tasks it has, which run together.
    pub tasks: u32,
    /// How long it runs if nobody ends it before, ms.
    pub run_ms: u64,
    /// How long it is believed to run, ms.
    pub estimate_ms: u64,
}

/// The jobs of one stream, in order of submission.
#[derive(Debug)]
pub struct Jobs {
    stream: JobStream,
    tenant: TenantId,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Drawn(Box<Drawn>),
    Traced(Traced),
}

#[derive(Debug)]
struct Drawn {
    jobs: DrawnJobs,
    times: Poisson,
    tasks_dice: dice::Stream,
    run_dice: dice::Stream,
    estimate_dice: dice::Stream,
}

/// The jobs of a trace, streamed or held.
enum Traced {
    Streamed(Box<Rows>),
    Held(std::vec::IntoIter<swf::Job>),
}

impl std::fmt::Debug for Traced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Traced").finish_non_exhaustive()
    }
}

impl Jobs {
    /// A stream at its beginning.
    ///
    /// # Errors
    /// If a trace that was checked cannot be opened or read any more.
    pub fn new(
        scenario: &Scenario,
        stream: &JobStream,
        files: &dyn Files,
    ) -> Result<Self, Problems> {
        let demand = &scenario.demands[stream.demand.row()];
        let source = match &stream.source {
            JobSource::Swf(file) => Source::Traced(Traced::new(file, files)?),
            JobSource::Drawn(jobs) => Source::Drawn(Box::new(Drawn::new(scenario, demand, jobs))),
        };
        Ok(Self { stream: stream.clone(), tenant: demand.tenant, source })
    }

    /// The next job; `None` after the last.
    ///
    /// # Errors
    /// If a trace cannot be read any more.
    pub fn next_job(&mut self) -> Result<Option<Job>, Problem> {
        match &mut self.source {
            Source::Drawn(drawn) => Ok(drawn.draw(self.tenant)),
            Source::Traced(traced) => {
                Ok(traced.next_job()?.map(|job| submitted(&self.stream, self.tenant, &job)))
            }
        }
    }
}

/// A line of a trace as a job. Who did not say how long he would run knew it.
fn submitted(stream: &JobStream, tenant: TenantId, job: &swf::Job) -> Job {
    let known = job.owner.and_then(|number| {
        let row = stream.tenants.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(stream.tenants[row].1)
    });
    let is_exact = matches!(&stream.source, JobSource::Swf(SwfFile { is_exact: true, .. }));
    Job {
        at: Time::from_ms(job.submit_ms),
        tenant: known.unwrap_or(tenant),
        tasks: job.processors,
        run_ms: job.run_ms,
        estimate_ms: job.estimate_ms.filter(|_| !is_exact).unwrap_or(job.run_ms),
    }
}

impl Drawn {
    fn new(scenario: &Scenario, demand: &Demand, jobs: &DrawnJobs) -> Self {
        let dice = |purpose| dice::stream(scenario.seed, &format!("{purpose}/{}", demand.name));
        let times = Poisson::new(
            jobs.per_ms.clone(),
            jobs.season.clone(),
            scenario.calendar,
            scenario.duration_ms,
            dice("arrivals"),
        );
        Self {
            jobs: jobs.clone(),
            times,
            tasks_dice: dice("tasks"),
            run_dice: dice("run-times"),
            estimate_dice: dice("estimates"),
        }
    }

    fn draw(&mut self, tenant: TenantId) -> Option<Job> {
        let at = self.times.next()?;
        let tasks = &self.jobs.tasks;
        let tasks = tasks[self.tasks_dice.random_range(0..tasks.len() as u32) as usize];
        let run_ms = self.jobs.run.draw(&mut self.run_dice);
        let error: f64 = StandardNormal.sample(&mut self.estimate_dice);
        let factor = self.jobs.estimate_factor * libm::exp(self.jobs.estimate_error * error);
        let estimate_ms = libm::round(run_ms as f64 * factor).clamp(1.0, TIME_MS_MAX as f64);
        Some(Job { at, tenant, tasks, run_ms, estimate_ms: estimate_ms as u64 })
    }
}

impl Traced {
    fn new(trace: &SwfFile, files: &dyn Files) -> Result<Self, Problems> {
        let reader = files
            .open(&trace.file)
            .map_err(|why| Problem::of_file(&trace.file, format!("cannot read it again: {why}")))?;
        let rows = Rows::open(&trace.file, reader, trace.owner).map_err(|problem| *problem)?;
        if trace.is_sorted {
            return Ok(Self::Streamed(Box::new(rows)));
        }
        let mut held = rows.collect::<Result<Vec<swf::Job>, Problem>>()?;
        held.sort_by_key(|job| job.submit_ms);
        Ok(Self::Held(held.into_iter()))
    }

    fn next_job(&mut self) -> Result<Option<swf::Job>, Problem> {
        match self {
            Self::Streamed(rows) => rows.next().transpose(),
            Self::Held(jobs) => Ok(jobs.next()),
        }
    }
}
