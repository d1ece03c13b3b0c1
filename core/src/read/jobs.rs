//! Batch work: the scheduler, queues, and where jobs come from.

use super::check::{Check, Table};
use super::curves::{self, Of};
use super::fields::{
    BACKFILLS, ESTIMATES, Field, JOB_ORDERS, TRACE_TENANTS, jobs, offers, placement, queue,
    reclaim, root, scheduler,
};
use super::findings::At;
use super::fleet::Fleet;
use super::load::{EVEN_SEASON, Load, read_season};
use super::rules::Tenant;
use super::spreads::{self, Allow};
use super::tree::{Node, Value};
use crate::demand::poisson;
use crate::problem::Problems;
use crate::resources::Amounts;
use crate::scenario::batch::{
    Backfill, Batch, DrawnJobs, JobOrder, JobSource, JobStream, OfferRule, Owner, Queue, QueueId,
    Reclaim, Scheduler, SwfFile,
};
use crate::scenario::{DemandId, PoolId, TenantId, TenantRules};
use crate::swf::{PROCESSORS_MAX, survey};
use crate::time::{DAY_MS, SECOND_MS};
use crate::units::shorten;
use std::collections::BTreeMap;

/// The most queues.
const QUEUES_MAX: usize = 1_000;

/// The most tasks of all jobs of a run: more take hours.
const TASKS_MAX: f64 = 1e9;

/// The most rounds of offers.
const ROUNDS_MAX: u64 = 100_000_000;

/// As YARN's capacity scheduler has it (`max_wait_before_kill`).
const USUAL_RECLAIM: Reclaim = Reclaim { after_ms: 15 * SECOND_MS, keeps_work: false };

/// What a queue is called that nobody names.
const DEFAULT: &str = "default";

/// Batch work so far.
#[derive(Default)]
pub(crate) struct Jobs {
    scheduler: Option<Scheduler>,
    reclaim: Option<Reclaim>,
    queues: Vec<Queue>,
    queue_rows: BTreeMap<String, usize>,
    streams: Vec<JobStream>,
    /// Tasks of all streams.
    tasks: f64,
}

impl Jobs {
    /// Reads all of it: each stream is a demand too.
    pub(crate) fn read(
        check: &mut Check<'_>,
        fleet: &Fleet,
        load: &mut Load,
        table: &Table<'_>,
    ) -> Self {
        let mut all = Self::default();
        let pool = match table.get(&root::SCHEDULER) {
            Some(node) => {
                let pool = all.read_scheduler(check, fleet, node);
                all.check_filters(check, table, node);
                pool
            }
            None => {
                let order = JobOrder::Arrival;
                all.scheduler = Some(Scheduler { pool: None, order, backfill: Backfill::None });
                None
            }
        };
        if let Some(node) = table.get(&root::QUEUE) {
            all.read_queues(check, node);
        }
        if let Some(node) = table.get(&root::JOBS) {
            for node in check.list(root::JOBS.key, node, false) {
                if let Some(table) = check.open(root::JOBS.key, node, node.at, &[&jobs::SECTION]) {
                    let stream = all.read_stream(check, fleet, load, pool, &table);
                    all.streams.extend(stream);
                }
            }
            if !check.findings.has_errors() {
                let hint = "shorten `duration`, or leave some of them out";
                check_tasks(check, At::File, "all jobs together", all.tasks, hint);
            }
        } else if let Some((field, node)) = [&root::SCHEDULER, &root::QUEUE]
            .into_iter()
            .find_map(|field| Some((field, table.get(field)?)))
        {
            let message = format!("`{}` is for jobs, and there are none", field.key);
            check.warning(node.at, message, "add jobs with `[[jobs]]`");
        }
        if all.streams.is_empty() {
            load.check_guarantees(check);
        }
        all
    }

    /// As the scenario has it; `None`: there are no jobs.
    pub(crate) fn finish(self, load: &Load, columns: &[usize]) -> Option<Box<Batch>> {
        if self.streams.is_empty() {
            return None;
        }
        let weights =
            load.held_by_tenant().into_iter().map(|held| held.map_or(1, |held| held.weight));
        let guarantee = |held: Option<&Tenant>| {
            let wide = held?.guarantee?;
            let mut guarantee = TenantRules::NONE.quota;
            for (own, column) in guarantee.iter_mut().zip(columns) {
                *own = wide[*column].unwrap_or(i64::MAX);
            }
            Some(guarantee)
        };
        let guarantees: Vec<Option<Amounts>> =
            load.held_by_tenant().into_iter().map(guarantee).collect();
        let has_any = guarantees.iter().any(Option::is_some);
        Some(Box::new(Batch {
            guarantees: if has_any { guarantees } else { Vec::new() },
            reclaim: self.reclaim.unwrap_or(USUAL_RECLAIM),
            scheduler: self.scheduler?,
            queues: self.queues,
            streams: self.streams,
            weights: weights.collect(),
        }))
    }

    /// The pool that jobs run in.
    fn read_scheduler(
        &mut self,
        check: &mut Check<'_>,
        fleet: &Fleet,
        node: &Node,
    ) -> Option<usize> {
        use scheduler::{AGING, BACKFILL, HALF_LIFE, OFFERS, ORDER, POOL, RECLAIM};
        let key = root::SCHEDULER.key;
        let table = check.open(key, node, node.at, &[&scheduler::SECTION])?;
        let pool = table.get(&POOL).and_then(|node| fleet.pool_named(check, POOL.key, node));
        let name = match table.get(&ORDER) {
            Some(node) => check.choice(ORDER.key, node, "order", JOB_ORDERS),
            None => Some("arrival"),
        };
        let backfill = match table.get(&BACKFILL) {
            Some(node) => check.choice(BACKFILL.key, node, "kind of backfilling", BACKFILLS),
            None => Some("none"),
        };
        let aging_ms = match table.get(&AGING) {
            Some(node) => check.length_ms(AGING.key, node, 1).map(Some),
            None => Some(None),
        };
        let half_life_ms = match table.get(&HALF_LIFE) {
            Some(node) => check.length_ms(HALF_LIFE.key, node, SECOND_MS),
            None => Some(7 * DAY_MS),
        };
        for (field, of) in [(&AGING, "priority"), (&HALF_LIFE, "fair-share")] {
            if table.get(field).is_some() && name.is_some_and(|name| name != of) {
                let message = format!("`{}` is for the order `{of}`", field.key);
                check.error_hint(table.at_key(field), message, format!("add `order = \"{of}\"`"));
            }
        }
        if let Some(name @ ("drf" | "offers")) = name
            && backfill.is_some_and(|backfill| backfill != "none")
        {
            let message =
                format!("with `{name}` nobody waits for another tenant's job that does not fit");
            check.error_hint(table.at_key(&BACKFILL), message, "leave `backfill` out");
        }
        let offers = read_offers(check, table.get(&OFFERS));
        self.reclaim = table.get(&RECLAIM).and_then(|node| read_reclaim(check, node));
        let order = match name? {
            "arrival" => JobOrder::Arrival,
            "shortest" => JobOrder::Shortest,
            "priority" => JobOrder::Priority { aging_ms: aging_ms? },
            "fair-share" => JobOrder::FairShare { half_life_ms: half_life_ms? },
            "drf" => JobOrder::Drf,
            _ => JobOrder::Offers(offers?),
        };
        let backfill = match backfill? {
            "none" => Backfill::None,
            "easy" => Backfill::Easy,
            _ => Backfill::Conservative,
        };
        let pool_id = pool.map(PoolId::from_row);
        self.scheduler = Some(Scheduler { pool: pool_id, order, backfill });
        pool
    }

    /// Filters of the policy are its own, and who is offered hosts asks no policy.
    fn check_filters(&self, check: &mut Check<'_>, table: &Table<'_>, scheduler: &Node) {
        let order = self.scheduler.map(|scheduler| scheduler.order);
        let filters =
            table.get(&root::PLACEMENT).and_then(|node| node.find(placement::FILTERS.key));
        if let (Some(JobOrder::Offers(_)), Some(_)) = (order, filters) {
            let message = "tenants that are offered hosts do not ask the `filters` of `placement`";
            let hint = "let `requires` and `forbids` say it, or choose another `order`";
            check.error_hint(scheduler.at, message, hint);
        }
    }

    fn read_queues(&mut self, check: &mut Check<'_>, node: &Node) {
        let nodes = check.list(root::QUEUE.key, node, false);
        if nodes.len() > QUEUES_MAX {
            check.error(node.at, format!("there are more than {QUEUES_MAX} queues"));
            return;
        }
        for node in nodes {
            let opened = check.open(root::QUEUE.key, node, node.at, &[&queue::SECTION]);
            let Some(table) = opened else { continue };
            let name = table.must(check, &queue::NAME);
            let name = name.and_then(|node| Some((check.name(queue::NAME.key, node)?, node.at)));
            let priority = match table.get(&queue::PRIORITY) {
                Some(node) => check.integer(queue::PRIORITY.key, node),
                None => Some(0),
            };
            let Some((name, at)) = name else { continue };
            if self.queue_rows.contains_key(name) {
                let message = format!("two queues are called `{}`", shorten(name));
                check.error_hint(at, message, "give each a name of its own");
            }
            self.add_queue(name, priority.unwrap_or(0));
        }
    }

    fn add_queue(&mut self, name: &str, priority: i32) -> usize {
        let row = self.queues.len();
        self.queue_rows.insert(name.to_owned(), row);
        self.queues.push(Queue { name: name.to_owned(), priority });
        row
    }

    fn read_stream(
        &mut self,
        check: &mut Check<'_>,
        fleet: &Fleet,
        load: &mut Load,
        pool: Option<usize>,
        table: &Table<'_>,
    ) -> Option<JobStream> {
        let row = load.demands.len();
        let queue = match table.get(&jobs::QUEUE) {
            Some(node) => self.queue_named(check, node),
            None => {
                let known = self.queue_rows.get(DEFAULT).copied();
                Some(known.unwrap_or_else(|| self.add_queue(DEFAULT, 0)))
            }
        };
        let ends = match table.get(&jobs::END_AT_ESTIMATE) {
            Some(node) => check.flag(jobs::END_AT_ESTIMATE.key, node),
            None => Some(true),
        };
        let demand = load.read_tasks(check, fleet, table, self.streams.len(), pool);
        let read = match table.get(&jobs::SWF) {
            Some(node) => read_trace(check, load, table, node),
            None => read_drawn(check, table),
        };
        let Read { source, tenants, tasks } = read?;
        self.tasks += tasks;
        demand?;
        Some(JobStream {
            demand: DemandId::from_row(row),
            queue: QueueId::from_row(queue?),
            source,
            ends_at_estimate: ends?,
            tenants,
        })
    }

    fn queue_named(&self, check: &mut Check<'_>, node: &Node) -> Option<usize> {
        let name = check.name(jobs::QUEUE.key, node)?;
        let row = self.queue_rows.get(name).copied();
        if row.is_none() {
            check.unknown_name(node.at, "queue", name, self.queue_rows.keys().map(String::as_str));
        }
        row
    }
}

fn read_reclaim(check: &mut Check<'_>, node: &Node) -> Option<Reclaim> {
    use reclaim::{AFTER, KEEPS_WORK};
    let table = check.open(scheduler::RECLAIM.key, node, node.at, &[&reclaim::SECTION])?;
    let after_ms = match table.get(&AFTER) {
        Some(node) => check.length_ms(AFTER.key, node, SECOND_MS),
        None => Some(USUAL_RECLAIM.after_ms),
    };
    let keeps_work = match table.get(&KEEPS_WORK) {
        Some(node) => check.flag(KEEPS_WORK.key, node),
        None => Some(USUAL_RECLAIM.keeps_work),
    };
    Some(Reclaim { after_ms: after_ms?, keeps_work: keeps_work? })
}

fn read_offers(check: &mut Check<'_>, node: Option<&Node>) -> Option<OfferRule> {
    use offers::{HOARD, INTERVAL, REFUSE};
    let usual = OfferRule { interval_ms: SECOND_MS, refuse_ms: 5 * SECOND_MS, hoard_ms: None };
    let Some(node) = node else { return Some(usual) };
    let table = check.open(scheduler::OFFERS.key, node, node.at, &[&offers::SECTION])?;
    let mut length = |field: &'static Field, ms: u64| match table.get(field) {
        Some(node) => check.length_ms(field.key, node, ms).map(Some),
        None => Some(None),
    };
    let (interval, refuse) = (length(&INTERVAL, 1), length(&REFUSE, 0));
    let hoard_ms = length(&HOARD, 1)?;
    let (interval_ms, refuse_ms) =
        (interval?.unwrap_or(usual.interval_ms), refuse?.unwrap_or(usual.refuse_ms));
    if check.run_ms() / interval_ms > ROUNDS_MAX {
        let message = "there would be more than 100 million rounds of offers";
        check.error_hint(table.at, message, "make `interval` longer");
    }
    Some(OfferRule { interval_ms, refuse_ms, hoard_ms })
}

/// What jobs are, and whose.
struct Read {
    source: JobSource,
    /// As in [`JobStream`].
    tenants: Vec<(u32, TenantId)>,
    /// Of all its jobs, as far as that is known before the run.
    tasks: f64,
}

fn read_trace(
    check: &mut Check<'_>,
    load: &mut Load,
    table: &Table<'_>,
    node: &Node,
) -> Option<Read> {
    use jobs::ESTIMATES as ESTIMATES_OF;
    use jobs::{ESTIMATE_ERROR, ESTIMATE_FACTOR, RATE, RUN_TIME, SEASON, SWF, TASKS, TENANTS};
    for field in [&RATE, &SEASON, &TASKS, &RUN_TIME, &ESTIMATE_FACTOR, &ESTIMATE_ERROR] {
        if table.get(field).is_some() {
            let message = format!("`{}` is not for a trace", field.key);
            check.error_hint(table.at_key(field), message, "the lines of the trace say it");
        }
    }
    let owner = match table.get(&TENANTS) {
        Some(node) => {
            let column = check.choice(TENANTS.key, node, "column of the trace", TRACE_TENANTS)?;
            Some((column, if column == "user" { Owner::User } else { Owner::Group }))
        }
        None => None,
    };
    let is_exact = match table.get(&ESTIMATES_OF) {
        Some(node) => check.choice(ESTIMATES_OF.key, node, "estimate", ESTIMATES)? == "exact",
        None => false,
    };
    let file = check.file(SWF.key, node)?;
    let reader = check.open_file(node, file)?;
    let mut problems = Problems::default();
    let survey = survey(file, reader, owner.map(|(_, owner)| owner), &mut problems);
    check.findings.adopt(node.at, problems);
    let survey = survey?;
    check_tasks(check, node.at, "these jobs", survey.processors as f64, "take a part of the trace");
    let tenants = owner.map_or_else(Vec::new, |(column, _)| {
        let tenant = |number: &u32| {
            (*number, TenantId::from_row(load.tenant(&format!("{column} {number}"))))
        };
        survey.owners.iter().map(tenant).collect()
    });
    let (file, jobs, is_sorted) = (file.to_owned(), survey.jobs, survey.is_sorted);
    let owner = owner.map(|(_, owner)| owner);
    let source = JobSource::Swf(SwfFile { file, jobs, is_exact, is_sorted, owner });
    Some(Read { source, tenants, tasks: survey.processors as f64 })
}

fn read_drawn(check: &mut Check<'_>, table: &Table<'_>) -> Option<Read> {
    use jobs::{ESTIMATE_ERROR, ESTIMATE_FACTOR, RATE, RUN_TIME, SEASON, TASKS, TENANTS};
    for (field, example) in [(&RATE, RATE.example), (&RUN_TIME, RUN_TIME.example)] {
        if table.get(field).is_none() && !check.findings.is_broken() {
            let message = format!("these jobs have no `{}`", field.key);
            let hint = format!("add `{} = {example}`, or a trace: `swf`", field.key);
            check.error_hint(table.at, message, hint);
        }
    }
    for (field, hint) in [
        (&TENANTS, "say whose they are with `tenant`"),
        (&jobs::ESTIMATES, "say it with `estimate-factor`"),
    ] {
        if table.get(field).is_some() {
            let message = format!("`{}` is for a trace", field.key);
            check.error_hint(table.at_key(field), message, hint);
        }
    }
    let rate_node = table.get(&RATE);
    let per_ms = rate_node.and_then(|node| curves::read(check, RATE.key, node, Of::Rate));
    let season = match table.get(&SEASON) {
        Some(node) => read_season(check, node),
        None => Some(EVEN_SEASON),
    };
    let tasks = match table.get(&TASKS) {
        Some(node) => read_counts(check, node),
        None => Some(vec![1]),
    };
    let run = table.get(&RUN_TIME).and_then(|node| {
        spreads::read(check, RUN_TIME.key, node, Allow { forever: false, zero: false })
    });
    let estimate_factor = match table.get(&ESTIMATE_FACTOR) {
        Some(node) => check.positive(ESTIMATE_FACTOR.key, node, 1_000.0),
        None => Some(1.0),
    };
    let estimate_error = match table.get(&ESTIMATE_ERROR) {
        Some(node) => check.number(ESTIMATE_ERROR.key, node, 0.0, 10.0),
        None => Some(0.0),
    };
    let (per_ms, season, tasks) = (per_ms?, season?, tasks?);
    let jobs = poisson::candidates(&per_ms, &season, check.run_ms());
    let mean = tasks.iter().map(|tasks| f64::from(*tasks)).sum::<f64>() / tasks.len() as f64;
    let hint = "lower `rate` or `tasks`, or shorten `duration`";
    check_tasks(check, table.at, "these jobs", jobs * mean, hint);
    let source = JobSource::Drawn(DrawnJobs {
        per_ms,
        season,
        tasks,
        run: run?,
        estimate_factor: estimate_factor?,
        estimate_error: estimate_error?,
    });
    Some(Read { source, tenants: Vec::new(), tasks: jobs * mean })
}

/// Turns away what would run for hours.
fn check_tasks(check: &mut Check<'_>, at: At, who: &str, tasks: f64, hint: &str) {
    if tasks > TASKS_MAX {
        let message = format!("{who} would have {tasks:.0} tasks, and 1 billion are the most");
        check.error_hint(at, message, hint);
    }
}

/// A number of tasks, or several that are as likely.
fn read_counts(check: &mut Check<'_>, node: &Node) -> Option<Vec<u32>> {
    let nodes = match &node.value {
        Value::List(nodes) if (1..=1_000).contains(&nodes.len()) => nodes.as_slice(),
        Value::List(_) => {
            let message = format!("`{}` has 1 to 1,000 numbers", jobs::TASKS.key);
            check.error_hint(node.at, message, "write it like `[1, 2, 4, 8]`");
            return None;
        }
        _ => std::slice::from_ref(node),
    };
    let count = |node: &Node| {
        let count = check.whole(jobs::TASKS.key, node, 1, PROCESSORS_MAX)?;
        u32::try_from(count).ok()
    };
    nodes.iter().map(count).collect()
}
