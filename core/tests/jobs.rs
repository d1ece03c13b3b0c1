//! Batch jobs: a second, plain scheduler judges the engine job by job, on a real trace and on random
//! jobs.
//!
//! The trace is the beginning of HPC2N Seth's, of the Parallel Workloads Archive (Ake Sandgren;
//! converted by Sarah Gingichashvili and Dror Feitelson): what its header says is in the file.

use fleetcast_core::fact::{Fact, JobId};
use fleetcast_core::observe::{Observer, Summary};
use fleetcast_core::read::{Input, read};
use fleetcast_core::report::Report;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::state::State;
use fleetcast_core::swf::Rows;
use fleetcast_core::time::Time;
use fleetcast_core::verdict;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const SETH: &[u8] = include_bytes!("traces/hpc2n-seth.swf.gz");

/// When each job started, was done, and what it was like.
#[derive(Default)]
struct Heard {
    starts: Vec<Option<u64>>,
    ends: Vec<Option<u64>>,
    tasks: BTreeMap<JobId, u64>,
    used_max: i64,
    facts: Vec<String>,
}

impl Observer for Heard {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        match fact {
            Fact::JobSubmitted { job, .. } => {
                self.starts.push(None);
                self.ends.push(None);
                self.tasks.insert(job.id, job.tasks.into());
            }
            Fact::JobStarted { job, .. } => self.starts[job.id.0 as usize] = Some(now.ms()),
            Fact::JobEnded { job, .. } => self.ends[job.id.0 as usize] = Some(now.ms()),
            _ => {}
        }
        self.used_max = self.used_max.max(state.hosts.total().used[0]);
        self.facts.push(format!("{} ms: {fact}", now.ms()));
    }
}

fn files() -> MemoryFiles {
    let mut files = MemoryFiles::default();
    files.insert("seth.swf.gz", SETH);
    files
}

fn scenario(text: &str, files: &MemoryFiles) -> Arc<Scenario> {
    match read(&Input { file: "jobs.toml", text, overrides: &[] }, files) {
        Ok(read) => Arc::new(read.scenario),
        Err(problems) => panic!("{text}\n{problems:#?}"),
    }
}

fn run(text: &str, files: &MemoryFiles) -> (Heard, Report) {
    let scenario = scenario(text, files);
    let mut observers = (Heard::default(), Summary::new(&scenario));
    let mut simulation = Simulation::new(Arc::clone(&scenario), files).expect("it was checked");
    simulation.advance(simulation.end(), &mut observers).expect("it was checked");
    let (heard, summary) = observers;
    (heard, verdict::report(&scenario, &summary, String::new()))
}

/// 120 hosts of two processors, as Seth had.
fn seth(backfill: &str, more: &str) -> String {
    format!(
        "name = 'Seth'\nduration = '70 days'\nresources = ['slots']\n\
         [host-models.node]\nslots = 2\n\
         [[pools]]\nname = 'seth'\nhosts = {{ model = 'node', count = 120 }}\n\
         [flavors.processor]\nslots = 1\n\
         [scheduler]\nbackfill = '{backfill}'\n\
         [[jobs]]\nname = 'seth'\nswf = 'seth.swf.gz'\nflavor = 'processor'\n{more}\n"
    )
}

/// The jobs of the trace that ran.
fn rows() -> Vec<fleetcast_core::swf::Job> {
    let rows = Rows::open("seth", Box::new(SETH), None).expect("it is a trace");
    rows.map(|row| row.expect("it is a trace")).collect()
}

#[test]
fn the_waits_on_a_real_trace_are_those_of_others() {
    // Of a small independent program, with the same trace; it believes what jobs then did.
    let more = "estimates = 'exact'";
    for (backfill, mean, max, waited, checksum) in [
        ("none", 5_627.883, 78_517, 1_496, 33_379_478),
        ("easy", 3_463.240_1, 80_073, 1_275, 353_218_475),
    ] {
        let (heard, report) = run(&seth(backfill, more), &files());
        let jobs = report.jobs.expect("there are jobs");
        assert_eq!((jobs.all.submitted, jobs.all.ended), (3_145, 3_145), "{backfill}");
        assert!((jobs.all.wait_s.mean - mean).abs() < 1e-3, "{backfill}: {:?}", jobs.all.wait_s);
        assert_eq!(jobs.all.wait_s.max, f64::from(max), "{backfill}");
        let starts: Vec<u64> = heard.starts.iter().map(|at| at.expect("all start")).collect();
        let late = rows().iter().zip(&starts).filter(|(row, at)| **at > row.submit_ms).count();
        assert_eq!(late, waited, "{backfill}");
        let numbered = (1..).zip(&starts).map(|(number, at)| number * (at / 1_000));
        assert_eq!(numbered.sum::<u64>() % 1_000_000_007, checksum, "{backfill}");
    }
}

/// A job for the plain scheduler: submitted, processors, believed to run, runs.
#[derive(Clone, Copy, Debug)]
struct Plain {
    submit: u64,
    processors: u64,
    estimate: u64,
    run: u64,
}

/// When each job starts: a second scheduler, which looks at every instant at all there is, and at
/// each asks of each job by itself whether it may start.
fn plain(backfill: &str, processors: u64, jobs: &[Plain]) -> Vec<u64> {
    let mut starts: Vec<Option<u64>> = vec![None; jobs.len()];
    let mut instants: std::collections::BTreeSet<u64> = jobs.iter().map(|j| j.submit).collect();
    while let Some(now) = instants.pop_first() {
        // What is free from now on, by what is believed: a change in processors by instant.
        let mut plan: BTreeMap<u64, i64> = BTreeMap::from([(now, processors as i64)]);
        for (job, start) in jobs.iter().zip(&starts) {
            let Some(start) = start.filter(|start| start + job.run > now) else { continue };
            *plan.entry(now).or_default() -= job.processors as i64;
            *plan.entry((start + job.estimate).max(now + 1)).or_default() += job.processors as i64;
        }
        let mut reserved = 0;
        for row in 0..jobs.len() {
            let job = jobs[row];
            if job.submit > now || starts[row].is_some() {
                continue;
            }
            let fits_at = |plan: &BTreeMap<u64, i64>, at: u64, until: u64| {
                let mut free = 0;
                plan.range(..until).all(|(time, change)| {
                    free += change;
                    let next = plan.range(time + 1..).next().map_or(u64::MAX, |(time, _)| *time);
                    next <= at || free >= job.processors as i64
                })
            };
            let ends = |at: u64| (at + job.estimate).max(at + 1);
            let earliest = plan.keys().copied().find(|at| fits_at(&plan, *at, ends(*at)));
            let at = earliest.expect("no job is larger than the machine");
            if at == now && (backfill != "none" || reserved == 0) {
                starts[row] = Some(now);
                instants.insert(now + job.run);
            }
            // Who has a reservation is in the way of those behind; with EASY only the first.
            if at == now || backfill == "conservative" || reserved == 0 {
                *plan.entry(at).or_default() -= job.processors as i64;
                *plan.entry(ends(at)).or_default() += job.processors as i64;
            }
            reserved += usize::from(at > now);
        }
    }
    starts.into_iter().map(|start| start.expect("all start in the end")).collect()
}

#[test]
fn a_second_scheduler_starts_each_job_of_the_trace_at_the_same_time() {
    for backfill in ["none", "easy", "conservative"] {
        let (heard, _) = run(&seth(backfill, "end-at-estimate = true"), &files());
        let job = |row: &fleetcast_core::swf::Job| {
            let estimate = row.estimate_ms.unwrap_or(row.run_ms);
            let (submit, run) = (row.submit_ms, row.run_ms.min(estimate));
            Plain { submit, processors: row.processors.into(), estimate, run }
        };
        let jobs: Vec<Plain> = rows().iter().map(job).collect();
        let starts: Vec<u64> = heard.starts.iter().map(|at| at.expect("all start")).collect();
        assert_eq!(starts, plain(backfill, 240, &jobs), "{backfill}");
    }
}

/// Random jobs on random hosts, all of which fit.
fn some_jobs() -> impl Strategy<Value = (u64, Vec<Plain>)> {
    let job = (0..60u64, 1..9u64, 1..20u64, 1..20u64);
    (1..4u64, proptest::collection::vec(job, 1..30)).prop_map(|(hosts, jobs)| {
        let mut jobs: Vec<Plain> = jobs
            .into_iter()
            .map(|(submit, processors, estimate, run)| Plain {
                submit: submit * 1_000,
                processors: processors.min(4 * hosts),
                estimate: estimate * 1_000,
                run: run.min(estimate) * 1_000,
            })
            .collect();
        jobs.sort_by_key(|job| job.submit);
        (hosts, jobs)
    })
}

/// Jobs as a trace.
fn as_swf(jobs: &[Plain]) -> String {
    let line = |(number, job): (usize, &Plain)| {
        let Plain { submit, processors, estimate, run } = job;
        let [submit, estimate, run] = [submit, estimate, run].map(|ms| ms / 1_000);
        format!(
            "{number} {submit} -1 {run} {processors} -1 -1 {processors} {estimate} -1 1 \
             {} -1 -1 -1 -1 -1 -1\n",
            number % 3
        )
    };
    jobs.iter().enumerate().map(line).collect()
}

/// Hosts of four processors each.
fn on_hosts(hosts: u64, scheduler: &str, jobs: &[Plain]) -> (Heard, Report) {
    let mut files = MemoryFiles::default();
    files.insert("jobs.swf", as_swf(jobs).into_bytes());
    let text = format!(
        "name = 'some'\nduration = '1 day'\nresources = ['slots']\n\
         [host-models.node]\nslots = 4\n\
         [[pools]]\nname = 'all'\nhosts = {{ model = 'node', count = {hosts} }}\n\
         [flavors.processor]\nslots = 1\n\
         [tenants.'user 1']\nweight = 2\n\
         [scheduler]\n{scheduler}\n\
         [[jobs]]\nname = 'jobs'\nswf = 'jobs.swf'\nflavor = 'processor'\ntenants = 'user'\n"
    );
    run(&text, &files)
}

proptest! {
    #[test]
    fn all_start_as_the_second_scheduler_says(
        (hosts, jobs) in some_jobs(),
        backfill in proptest::sample::select(vec!["none", "easy", "conservative"]),
    ) {
        let (heard, _) = on_hosts(hosts, &format!("backfill = '{backfill}'"), &jobs);
        let starts: Vec<u64> = heard.starts.iter().map(|at| at.unwrap()).collect();
        prop_assert_eq!(&starts, &plain(backfill, 4 * hosts, &jobs), "{} {:?}", backfill, jobs);
    }

    #[test]
    fn where_estimates_are_right_nobody_is_delayed_by_those_behind((hosts, jobs) in some_jobs()) {
        let exact = |job: &Plain| Plain { run: job.estimate, ..*job };
        let jobs: Vec<Plain> = jobs.iter().map(exact).collect();
        let (all, _) = on_hosts(hosts, "backfill = 'conservative'", &jobs);
        for row in 0..jobs.len() {
            let (alone, _) = on_hosts(hosts, "backfill = 'conservative'", &jobs[..=row]);
            prop_assert_eq!(all.starts[row], alone.starts[row], "{}", row);
        }
    }

    #[test]
    fn whoever_is_first_all_are_served_and_nothing_is_given_twice(
        (hosts, jobs) in some_jobs(),
        order in proptest::sample::select(vec![
            "order = 'shortest'", "order = 'priority'\naging = '5 s'", "order = 'fair-share'",
            "order = 'fair-share'\nhalf-life = '10 s'\nbackfill = 'easy'", "order = 'drf'",
        ]),
    ) {
        let (heard, report) = on_hosts(hosts, order, &jobs);
        prop_assert!(heard.used_max <= 4 * hosts as i64);
        let report = report.jobs.unwrap();
        prop_assert_eq!(report.all.ended, jobs.len() as u64);
        prop_assert_eq!((report.waiting, report.running), (0, 0));
        prop_assert!(report.fairness > 0.0 && report.fairness <= 1.0 + 1e-9);
        for ((job, start), end) in jobs.iter().zip(&heard.starts).zip(&heard.ends) {
            prop_assert!(start.unwrap() >= job.submit);
            prop_assert_eq!(end.unwrap(), start.unwrap() + job.run);
        }
    }
}

/// A scenario of two hosts of four processors, with these jobs: the transcript of what is of jobs.
#[track_caller]
fn check(more: &str, jobs: &str, expected: &str) {
    let mut files = MemoryFiles::default();
    let line = |(number, job): (usize, &str)| {
        let parts: Vec<&str> = job.split(' ').collect();
        let [submit, processors, run, estimate] = parts[..] else { panic!("{job}") };
        format!(
            "{number} {submit} -1 {run} {processors} -1 -1 -1 {estimate} -1 1 -1 -1 -1 -1 -1 -1 -1\n"
        )
    };
    let trace: String = jobs.split(", ").enumerate().map(line).collect();
    files.insert("jobs.swf", trace.into_bytes());
    files.insert("outages.csv", &b"time_s,host,lasts_s\n4,0,100\n"[..]);
    let text = format!(
        "name = 'two'\nduration = '5 min'\nresources = ['slots']\n\
         [host-models.node]\nslots = 4\n\
         [[pools]]\nname = 'all'\nhosts = {{ model = 'node', count = 2 }}\n\
         [flavors.one]\nslots = 1\n[flavors.three]\nslots = 3\n{more}\n\
         [[jobs]]\nname = 'jobs'\nswf = 'jobs.swf'\nflavor = 'one'\n"
    );
    let text = match more.contains("three") {
        true => text.replace("flavor = 'one'", "flavor = 'three'").replace("# three", ""),
        false => text,
    };
    let (heard, _) = run(&text, &files);
    let said: Vec<String> = heard
        .facts
        .iter()
        .filter_map(|fact| {
            let (ms, what) = fact.split_once(" ms: ")?;
            let (job, what) = what.split_once(' ')?;
            let is_job = job.strip_prefix('j').is_some_and(|id| id.parse::<u32>().is_ok());
            let word = what.split([' ', ':']).next()?;
            (is_job && word != "submitted")
                .then(|| format!("{}s {job} {word}", ms.parse::<u64>().unwrap() / 1_000))
        })
        .collect();
    assert_eq!(said.join(", "), expected, "{more} {jobs}");
}

#[test]
fn who_needs_more_than_there_is_is_refused() {
    check("", "0 9 1 1, 0 8 1 1", "0s j0 refused, 0s j1 started, 1s j1 done");
}

#[test]
fn a_gang_starts_whole_or_not_at_all() {
    // Three tasks of three slots: nine of the eight slots, so refused; two fit, one on each host.
    check(
        "# three",
        "0 3 1 1, 0 2 5 5, 1 1 1 1",
        "0s j0 refused, 0s j1 started, 5s j1 done, 5s j2 started, 6s j2 done",
    );
    // Whom an empty fleet does not take for want of whole hosts is refused, and blocks nobody.
    check(
        "[[demand]]\nname = 'x'\nflavor = 'one'\nalive = 0\n# three",
        "0 2 1 1",
        "0s j0 started, 1s j0 done",
    );
}

#[test]
fn who_overruns_his_estimate_is_ended_by_it() {
    check("", "0 8 9 3, 0 8 1 1", "0s j0 started, 3s j0 ended, 3s j1 started, 4s j1 done");
}

#[test]
fn who_loses_a_task_begins_anew_from_his_old_place() {
    check(
        "[failures]\ntrace = 'outages.csv'",
        "0 6 9 9, 1 4 2 2",
        "0s j0 started, 4s j0 lost, 104s j0 started, 113s j0 done, 113s j1 started, 115s j1 done",
    );
}

#[test]
fn what_one_tenant_submits_changes_nothing_of_what_another_does() {
    let jobs = |name: &str, rate: u32| {
        format!(
            "[[jobs]]\nname = '{name}'\ntenant = '{name}'\nflavor = 'one'\nrate = '{rate} per hour'\n\
             tasks = [1, 2, 4]\nestimate-factor = 2\nestimate-error = 0.5\n\
             run-time = {{ distribution = 'lognormal', median = '5 min', sigma = 1.0 }}\n"
        )
    };
    let of_a = |other: u32| {
        let text = format!(
            "name = 'two tenants'\nduration = '2 days'\nresources = ['slots']\n\
             [host-models.node]\nslots = 8\n\
             [[pools]]\nname = 'all'\nhosts = {{ model = 'node', count = 4 }}\n\
             [flavors.one]\nslots = 1\n{}{}",
            jobs("a", 10),
            jobs("b", other)
        );
        let scenario = scenario(&text, &MemoryFiles::default());
        let stream = &scenario.batch.as_ref().unwrap().streams[0];
        let none = MemoryFiles::default();
        let mut drawn = fleetcast_core::demand::jobs::Jobs::new(&scenario, stream, &none).unwrap();
        let jobs: Vec<_> = std::iter::from_fn(|| drawn.next_job().unwrap()).collect();
        let (_, report) = run(&text, &none);
        let told = report.jobs.unwrap();
        assert_eq!(told.tenants[0].submitted, jobs.len() as u64);
        (jobs, told.tenants[1].submitted)
    };
    let ((few, b_few), (many, b_many)) = (of_a(5), of_a(50));
    assert_eq!(few, many);
    assert!(few.len() > 300 && b_many > 5 * b_few);
}

/// Jobs of two tenants, submitted at once and again and again: what runs at the end of the first second.
fn taken(scheduler: &str, tenants: &str, flavors: [&str; 2]) -> [u64; 2] {
    let mut files = MemoryFiles::default();
    let jobs: String = (0..20)
        .map(|n| format!("{n} 0 -1 100 1 -1 -1 1 100 -1 1 -1 -1 -1 -1 -1 -1 -1\n"))
        .collect();
    files.insert("many.swf", jobs.into_bytes());
    let stream = |name: &str| {
        format!(
            "[[jobs]]\nname = '{name}'\ntenant = '{name}'\nflavor = '{name}'\nswf = 'many.swf'\n"
        )
    };
    let text = format!(
        "name = 'two tenants'\nduration = '1 s'\n[host-models.one]\ncpu = 9\nmemory = '18 GiB'\n\
         [[pools]]\nname = 'all'\nhosts = {{ model = 'one', count = 1 }}\n{tenants}\n\
         [flavors.a]\n{}\n[flavors.b]\n{}\n[scheduler]\n{scheduler}\n{}{}",
        flavors[0],
        flavors[1],
        stream("a"),
        stream("b")
    );
    let report = run(&text, &files).1.jobs.unwrap();
    [0, 1].map(|row| report.tenants[row].started)
}

#[test]
fn dominant_shares_are_those_of_the_paper() {
    let paper = ["cpu = 1\nmemory = '4 GiB'", "cpu = 3\nmemory = '1 GiB'"];
    assert_eq!(taken("order = 'drf'", "", paper), [3, 2]);
    let alike = ["cpu = 1\nmemory = '1 GiB'"; 2];
    assert_eq!(taken("", "", alike), [5, 4]);
    assert_eq!(taken("order = 'drf'", "[tenants.b]\nweight = 2", alike), [3, 6]);
}

#[test]
fn who_is_at_his_quota_is_in_nobodys_way() {
    let alike = ["cpu = 1\nmemory = '1 GiB'"; 2];
    for order in ["", "backfill = 'easy'", "backfill = 'conservative'", "order = 'drf'"] {
        let quota = "[tenants.a]\nquota = { cpu = 2 }";
        assert_eq!(taken(order, quota, alike), [2, 7], "{order}");
        let quota = "[tenants.a]\nquota = { vms = 3 }";
        assert_eq!(taken(order, quota, alike), [3, 6], "{order}");
    }
}

/// A fleet of pools, a demand or two and two streams of jobs: which jobs started when, and which were
/// refused.
#[track_caller]
fn told(more: &str, jobs: &[(&str, &str)], expected: &str) {
    let mut files = MemoryFiles::default();
    files.insert("outages.csv", &b"time_s,host,lasts_s\n4,0,100\n"[..]);
    let mut text = "name = 'told'\nduration = '5 min'\nresources = ['slots']\n\
         [host-models.node]\nslots = 4\n[flavors.one]\nslots = 1\n"
        .to_owned();
    text += more;
    for (row, (keys, jobs)) in jobs.iter().enumerate() {
        let line = |(number, job): (usize, &str)| {
            let parts: Vec<&str> = job.split(' ').collect();
            let [submit, processors, run] = parts[..] else { panic!("{job}") };
            format!(
                "{number} {submit} -1 {run} {processors} -1 -1 -1 {run} -1 1 -1 -1 -1 -1 -1 -1 -1\n"
            )
        };
        let trace: String = jobs.split(", ").enumerate().map(line).collect();
        files.insert(format!("{row}.swf"), trace.into_bytes());
        let flavor = if keys.contains("flavor") { "" } else { "flavor = 'one'" };
        text += &format!("\n[[jobs]]\nname = 'jobs {row}'\nswf = '{row}.swf'\n{flavor}\n{keys}");
    }
    let (heard, _) = run(&text, &files);
    let said = heard.facts.iter().filter_map(|fact| {
        let (ms, what) = fact.split_once(" ms: ")?;
        let (job, what) = what.split_once(' ')?;
        let is_job = job.strip_prefix('j').is_some_and(|id| id.parse::<u32>().is_ok());
        let word = what.split([' ', ':']).next()?;
        (is_job && matches!(word, "started" | "refused"))
            .then(|| format!("{job} {word} {}", ms.parse::<u64>().unwrap() / 1_000))
    });
    assert_eq!(said.collect::<Vec<_>>().join(", "), expected, "{more}");
}

const POOL: &str = "[[pools]]\nname = 'all'\nhosts = { model = 'node', count = 4 }\n";

#[test]
fn a_quota_of_a_tenant_above_holds_for_all_tasks_of_a_job() {
    let tenants = "[tenants.shop]\nquota = { vms = 5 }\n[tenants.web]\nparent = 'shop'\n";
    for order in ["", "[scheduler]\nbackfill = 'easy'\n", "[scheduler]\norder = 'drf'\n"] {
        // The second would be the seventh VM; the other tenant's are not held back by it.
        told(
            &format!("{POOL}{tenants}{order}"),
            &[("tenant = 'web'", "0 3 9, 1 4 1"), ("tenant = 'b'", "2 4 5")],
            "j0 started 0, j2 started 2, j1 started 9",
        );
    }
}

#[test]
fn a_host_that_is_to_come_back_is_waited_for() {
    let pool = "[[pools]]\nname = 'all'\nhosts = { model = 'node', count = 1 }\n\
                [[host-rollout]]\nname = 'kernel'\nimage = '2'\nat = '10 s'\nrewrite = '1 min'\n";
    told(pool, &[("", "20 4 1")], "j0 started 70");
}

#[test]
fn hosts_that_are_to_come_from_another_pool_are_waited_for() {
    let pools = "[[pools]]\nname = 'spare'\nhosts = { model = 'node', count = 2 }\n\
                 [[pools]]\nname = 'batch'\nhosts = { model = 'node', count = 1 }\n\
                 [scheduler]\npool = 'batch'\n\
                 [[hand-over]]\nfrom = 'spare'\nto = 'batch'\nat = '60 s'\ntakes = '20 s'\n";
    let jobs = [("", "0 8 9, 1 12 9, 2 4 1")];
    // The second needs three hosts, and only one can come.
    let expected = "j0 started 80, j1 refused 80, j2 started 89";
    told(&format!("{pools}hosts = 1\n"), &jobs, expected);
    told(&format!("{pools}keep = 1\n"), &jobs, expected);
    told(pools, &jobs, "j0 started 80, j1 started 89, j2 started 98");
}

#[test]
fn hosts_that_go_through_another_pool_are_waited_for() {
    let pools = |first: u32, between: u32| {
        format!(
            "[[pools]]\nname = 'first'\nhosts = {{ model = 'node', count = {first} }}\n\
             [[pools]]\nname = 'between'\nhosts = {{ model = 'node', count = {between} }}\n\
             [[pools]]\nname = 'batch'\nhosts = {{ model = 'node', count = 1 }}\n\
             [scheduler]\npool = 'batch'\n\
             [[hand-over]]\nfrom = 'first'\nto = 'between'\nat = '60 s'\ntakes = '20 s'\nhosts = 1\n\
             [[hand-over]]\nfrom = 'between'\nto = 'batch'\nat = '70 s'\nevery = '1 min'\n\
             takes = '5 s'\n"
        )
    };
    // One comes before the run, another while the first host is between two pools.
    let jobs = [("", "0 8 9, 75 8 9")];
    told(&pools(1, 0), &jobs, "j0 started 135, j1 started 144");
    // Nobody has one.
    told(&pools(0, 0), &jobs, "j0 refused 0, j1 refused 75");
    // To and fro, and round and round, nothing comes of nothing.
    let back = "[[hand-over]]\nfrom = 'batch'\nto = 'first'\nat = '60 s'\nkeep = 1\n";
    told(&format!("{}{back}", pools(0, 0)), &jobs, "j0 refused 0, j1 refused 75");
}

#[test]
fn whom_other_vms_of_his_tenant_hold_back_by_a_quota_is_not_refused() {
    let pools = "[[pools]]\nname = 'vms'\nlabels = { for = 'vms' }\n\
                 hosts = { model = 'node', count = 1 }\n\
                 [[pools]]\nname = 'batch'\nhosts = { model = 'node', count = 1 }\n\
                 [[demand]]\nname = 'web'\ntenant = 'web'\nflavor = 'one'\nalive = 2\n\
                 requires = { for = 'vms' }\n\
                 [tenants.shop]\nquota = { vms = 4 }\n[tenants.web]\nparent = 'shop'\n\
                 [scheduler]\npool = 'batch'\n";
    // The third is more than the whole quota.
    let jobs = [("tenant = 'web'", "0 3 9, 1 1 1"), ("tenant = 'web'", "2 5 1")];
    told(pools, &jobs, "j1 started 1, j2 refused 2");
    // With DRF whom a quota holds back is in the way of his tenant's own jobs.
    let jobs = [jobs[0], ("tenant = 'b'", "3 4 1")];
    told(&format!("{pools}order = 'drf'\n"), &jobs, "j2 started 3");
}

#[test]
fn who_is_too_large_for_all_hosts_that_come_is_refused_when_the_last_has() {
    let pools = "[[pools]]\nname = 'all'\nhosts = { model = 'node', count = 1 }\n\
                 growth = { curve = 'steps', from = 1, steps = [{ at = '60 s', to = 2 }] }\n";
    told(pools, &[("", "0 12 1, 1 4 1, 2 8 1")], "j0 refused 60, j1 started 60, j2 started 61");
    // Even where VMs never leave, and where hosts of another pool are still to come.
    let other = "[[pools]]\nname = 'other'\nhosts = { model = 'node', count = 1 }\n\
                 growth = { curve = 'linear', from = 1, to = 4 }\n";
    let demand = "[[demand]]\nname = 'vms'\nflavor = 'one'\nalive = 2\n\
                  [scheduler]\npool = 'all'\n";
    let expected = "j0 refused 60, j1 started 60";
    told(&format!("{pools}{demand}{other}"), &[("", "0 12 1, 1 4 1")], expected);
}

#[test]
fn amounts_beyond_all_hosts_are_over_every_quota() {
    let text = "[[pools]]\nname = 'all'\nhosts = { model = 'node', count = 1 }\n\
                growth = { curve = 'steps', from = 1, steps = [{ at = '60 s', to = 2 }] }\n\
                [flavors.huge]\nslots = 1125899906842624\n[tenants.a]\nquota = { slots = 4 }\n";
    let jobs = [("tenant = 'a'", "0 1 99"), ("tenant = 'a'\nflavor = 'huge'", "1 100000 1")];
    told(text, &jobs, "j0 started 0, j1 refused 60");
}

#[test]
fn who_starts_anew_is_still_one_that_started() {
    let mut files = MemoryFiles::default();
    let jobs = "1 0 -1 200 4 -1 -1 -1 200 -1 1 -1 -1 -1 -1 -1 -1 -1\n\
                2 0 -1 2 4 -1 -1 -1 2 -1 1 -1 -1 -1 -1 -1 -1 -1\n";
    files.insert("jobs.swf", jobs.as_bytes());
    files.insert("outages.csv", &b"time_s,host,lasts_s\n4,0,1\n8,0,1\n"[..]);
    let text = format!(
        "name = 'anew'\nduration = '1 min'\nresources = ['slots']\n\
         [host-models.node]\nslots = 4\n[flavors.one]\nslots = 1\n{}\
         [failures]\ntrace = 'outages.csv'\n\
         [[jobs]]\nname = 'jobs'\nswf = 'jobs.swf'\nflavor = 'one'\n",
        POOL.replace("4 }", "1 }")
    );
    let jobs = run(&text, &files).1.jobs.expect("there are jobs");
    let all = &jobs.all;
    assert_eq!((all.submitted, all.started, all.interrupted, all.ended), (2, 1, 2, 0));
    assert_eq!((jobs.running, jobs.waiting), (1, 1));
    // It waited for a second each time that its host was down.
    assert_eq!((all.wait_s.max, all.wait_s.mean), (2.0, 1.0));
}

#[test]
fn a_long_queue_is_not_looked_through_at_each_instant() {
    // 100,000 jobs on 10 processors: with a look at all that wait each time this takes minutes.
    let line = |number| format!("{number} 0 -1 1 1 -1 -1 -1 1 -1 1 -1 -1 -1 -1 -1 -1 -1\n");
    let mut files = MemoryFiles::default();
    files.insert("jobs.swf", (0..100_000).map(line).collect::<String>().into_bytes());
    let text = "name = 'long'\nduration = '1 day'\nresources = ['slots']\n\
                [host-models.node]\nslots = 10\n[flavors.one]\nslots = 1\n\
                [[pools]]\nname = 'all'\nhosts = { model = 'node', count = 1 }\n\
                [tenants.other]\nquota = { vms = 1 }\n\
                [[jobs]]\nname = 'jobs'\nswf = 'jobs.swf'\nflavor = 'one'\n";
    let scenario = scenario(text, &files);
    let mut summary = Summary::new(&scenario);
    let mut simulation = Simulation::new(Arc::clone(&scenario), &files).expect("it was checked");
    simulation.advance(simulation.end(), &mut summary).expect("it was checked");
    let jobs = verdict::report(&scenario, &summary, String::new()).jobs.expect("there are some");
    assert_eq!((jobs.all.ended, jobs.all.wait_s.max), (100_000, 9_999.0));
}

#[test]
fn whoever_does_not_wait_waits_not_at_all() {
    let jobs = [Plain { submit: 0, processors: 4, estimate: 5_000, run: 5_000 }; 3];
    for (hosts, expected) in [
        (1, "jobs wait 5 s on average, half of them at most 5 s, 95% at most 10 s"),
        (2, "jobs wait 1,667 ms on average, half of them not at all, 95% at most 5 s"),
        (3, "no job waited"),
    ] {
        let (_, report) = on_hosts(hosts, "", &jobs);
        assert!(report.verdict.contains(expected), "{}", report.verdict);
    }
}
