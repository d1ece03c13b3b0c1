//! What tenants are guaranteed: nobody waits for it for longer than the grace, nobody loses it, and no
//! job is lost on the way.

use fleetcast_core::fact::{Fact, JobId};
use fleetcast_core::observe::{Fingerprint, Observer, Summary, Transcript};
use fleetcast_core::read::{Input, read};
use fleetcast_core::report::Report;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::state::{Search, State};
use fleetcast_core::time::Time;
use fleetcast_core::verdict;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A job of one of the tenants a, b, c; in seconds.
#[derive(Clone, Copy, Debug)]
struct Job {
    tenant: usize,
    submit: u64,
    tasks: i64,
    run: u64,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

/// What is known of a job by what was told.
#[derive(Clone, Copy, Debug)]
struct Known {
    tenant: usize,
    tasks: i64,
    since: Option<u64>,
    /// Run before, and what of it counts.
    ran: u64,
    done: u64,
    starts: u32,
}

/// Judges what is told, fact by fact; in ms.
struct Judge {
    guarantees: [i64; 3],
    slots: i64,
    grace: u64,
    keeps: bool,
    waiting: BTreeSet<JobId>,
    running: BTreeSet<JobId>,
    jobs: BTreeMap<JobId, Known>,
    /// Who waits for no more than his own, and since when.
    entitled: BTreeMap<JobId, u64>,
    ended: BTreeMap<JobId, u64>,
    preempted: u64,
    now: u64,
    told: Vec<String>,
}

impl Judge {
    fn taken(&self, tenant: usize) -> i64 {
        let jobs = self.running.iter().map(|id| self.jobs[id]);
        jobs.filter(|job| job.tenant == tenant).map(|job| job.tasks).sum()
    }

    /// All that happened at an instant is known: who is entitled then?
    fn close(&mut self) {
        let mut entitled = BTreeMap::new();
        for (tenant, guarantee) in self.guarantees.iter().enumerate() {
            let mut taken = self.taken(tenant);
            for id in self.waiting.iter().filter(|id| self.jobs[id].tenant == tenant) {
                taken += self.jobs[id].tasks;
                if taken > *guarantee {
                    break;
                }
                entitled.insert(*id, self.entitled.get(id).copied().unwrap_or(self.now));
            }
        }
        for (id, since) in &entitled {
            assert!(self.now <= since + self.grace, "{id} waits since {since}: {:#?}", self.told);
        }
        self.entitled = entitled;
        let taken: i64 = (0..3).map(|tenant| self.taken(tenant)).sum();
        assert!(taken <= self.slots, "{taken} of {}", self.slots);
    }
}

impl Observer for Judge {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        if now.ms() > self.now {
            self.close();
            // Those that were entitled until now are looked at once more at their last instant.
            let late = self.entitled.values().find(|since| *since + self.grace < now.ms());
            assert_eq!(late, None, "{:#?}", self.told);
            self.now = now.ms();
        }
        let word = match *fact {
            Fact::JobSubmitted { job, .. } => {
                let (tenant, tasks) = (job.tenant.row(), job.tasks.into());
                let new = Known { tenant, tasks, since: None, ran: 0, done: 0, starts: 0 };
                assert!(self.jobs.insert(job.id, new).is_none());
                assert!(self.waiting.insert(job.id));
                return;
            }
            Fact::JobStarted { job, .. } => {
                assert!(self.waiting.remove(&job.id) && self.running.insert(job.id));
                let known = self.jobs.get_mut(&job.id).expect("it was submitted");
                known.since = Some(now.ms());
                known.starts += 1;
                format!("{} started", job.id)
            }
            Fact::JobPreempted { job, by, ran_ms, kept_ms } => {
                let (tenant, by) = (job.tenant.row(), self.jobs[&by].tenant);
                assert!(
                    self.taken(tenant) > self.guarantees[tenant],
                    "it has no more than its own"
                );
                assert_ne!(tenant, by);
                assert!(self.running.remove(&job.id) && self.waiting.insert(job.id));
                let known = self.jobs.get_mut(&job.id).expect("it was submitted");
                assert_eq!(now.ms() - known.since.expect("it runs"), ran_ms);
                assert_eq!(kept_ms, if self.keeps { ran_ms } else { 0 });
                known.ran += ran_ms;
                known.done += kept_ms;
                self.preempted += 1;
                format!("{} ended", job.id)
            }
            Fact::JobEnded { job, run_ms, waited_ms, .. } => {
                assert!(self.running.remove(&job.id));
                let known = self.jobs[&job.id];
                let last = now.ms() - known.since.expect("it runs");
                assert_eq!(known.done + last, run_ms);
                assert!(self.ended.insert(job.id, waited_ms).is_none());
                format!("{} done", job.id)
            }
            Fact::JobRefused { .. } | Fact::JobInterrupted { .. } => panic!("{fact}"),
            _ => return,
        };
        self.told.push(format!("{word} {}", now.ms() / 1_000));
    }
}

/// Runs jobs on hosts of 4 slots.
fn run(
    (hosts, guarantees): (i64, [i64; 3]),
    (after, keeps): (u64, bool),
    scheduler: &str,
    jobs: &[Job],
) -> (Judge, Report) {
    let mut files = MemoryFiles::default();
    let mut text = format!(
        "name = 'own'\nduration = '1 h'\nresources = ['slots']\n[host-models.node]\nslots = 4\n\
         [[pools]]\nname = 'all'\nhosts = {{ model = 'node', count = {hosts} }}\n\
         [flavors.one]\nslots = 1\n[scheduler]\n{scheduler}\n\
         reclaim = {{ after = '{after} s', keeps-work = {keeps} }}\n"
    );
    for (tenant, (name, guarantee)) in NAMES.iter().zip(guarantees).enumerate() {
        let of = jobs.iter().filter(|job| job.tenant == tenant);
        let line = |(number, job): (usize, &Job)| {
            let Job { submit, tasks, run, .. } = job;
            format!("{number} {submit} -1 {run} {tasks} -1 -1 -1 {run} -1 1 -1 -1 -1 -1 -1 -1 -1\n")
        };
        let trace: String = of.enumerate().map(line).collect();
        if guarantee > 0 {
            text += &format!("[tenants.{name}]\nguarantee = {{ slots = {guarantee} }}\n");
        }
        if trace.is_empty() {
            text += &format!(
                "[[demand]]\nname = '{name}'\ntenant = '{name}'\nflavor = 'one'\nalive = 0\n"
            );
            continue;
        }
        files.insert(format!("{name}.swf"), trace.into_bytes());
        text += &format!(
            "[[jobs]]\nname = '{name}'\ntenant = '{name}'\nflavor = 'one'\nswf = '{name}.swf'\n"
        );
    }
    let scenario = match read(&Input { file: "own.toml", text: &text, overrides: &[] }, &files) {
        Ok(read) => Arc::new(read.scenario),
        Err(problems) => panic!("{text}\n{problems:#?}"),
    };
    // Tenants have rows in the order in which the file names them.
    let row = |name: &str| scenario.tenants.iter().position(|other| other == name);
    let by_row = |place: usize| {
        let of = (0..3).find(|tenant| row(NAMES[*tenant]) == Some(place));
        of.map_or(0, |tenant| guarantees[tenant])
    };
    // In rounds of offers somebody looks once a second only.
    let rounds = if scheduler.contains("offers") { 1_000 } else { 0 };
    let judge = Judge {
        guarantees: [0, 1, 2].map(by_row),
        slots: 4 * hosts,
        grace: after * 1_000 + rounds,
        keeps,
        waiting: BTreeSet::new(),
        running: BTreeSet::new(),
        jobs: BTreeMap::new(),
        entitled: BTreeMap::new(),
        ended: BTreeMap::new(),
        preempted: 0,
        now: 0,
        told: Vec::new(),
    };
    let mut observers = (judge, Summary::new(&scenario));
    let mut simulation = Simulation::new(Arc::clone(&scenario), &files).expect("it was checked");
    simulation.advance(simulation.end(), &mut observers).expect("it was checked");
    let (judge, summary) = observers;
    (judge, verdict::report(&scenario, &summary, String::new()))
}

fn some() -> impl Strategy<Value = (i64, [i64; 3], Vec<Job>)> {
    let job = (0..3usize, 0..60u64, 1..9i64, 1..40u64);
    let shares = (0..5i64, 0..5i64, 0..5i64);
    (1..4i64, shares, proptest::collection::vec(job, 1..40)).prop_map(|(hosts, shares, jobs)| {
        let slots = 4 * hosts;
        let all = (shares.0 + shares.1 + shares.2).max(4);
        let guarantees = [shares.0, shares.1, shares.2].map(|share| slots * share / all);
        let job = |(tenant, submit, tasks, run): (usize, u64, i64, u64)| Job {
            tenant,
            submit,
            tasks: tasks.min(slots),
            run,
        };
        let mut jobs: Vec<Job> = jobs.into_iter().map(job).collect();
        jobs.sort_by_key(|job| job.submit);
        (hosts, guarantees, jobs)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nobody_waits_for_his_own_and_nobody_loses_it(
        (hosts, guarantees, jobs) in some(),
        after in 1..20u64,
        keeps in any::<bool>(),
        scheduler in proptest::sample::select(vec![
            "", "backfill = 'easy'", "backfill = 'conservative'", "order = 'drf'",
            "order = 'fair-share'", "order = 'shortest'\nbackfill = 'easy'", "order = 'offers'",
            "order = 'offers'\noffers = { hoard = '10 s' }",
        ]),
    ) {
        // With the order of estimates a tenant's jobs are not those of their numbers.
        let jobs: Vec<Job> = match scheduler.contains("shortest") {
            true => jobs.iter().map(|job| Job { run: 9, ..*job }).collect(),
            false => jobs,
        };
        let keeps = keeps || scheduler.contains("shortest");
        let (judge, report) = run((hosts, guarantees), (after, keeps), scheduler, &jobs);
        let there = judge.ended.len() + judge.waiting.len() + judge.running.len();
        prop_assert_eq!(there, jobs.len());
        let report = report.jobs.unwrap();
        prop_assert_eq!(report.all.ended, judge.ended.len() as u64);
        prop_assert_eq!(report.waiting, judge.waiting.len() as u64);
        prop_assert_eq!(report.all.preempted, judge.preempted);
        // On offers a gang may never see enough at once.
        prop_assert!(judge.ended.len() == jobs.len() || scheduler.contains("offers"));
    }
}

/// What is told of jobs on hosts of 4 slots among VMs that come and go, tasks of so many slots by tenant.
fn story(
    (hosts, guarantees, jobs): &(i64, [i64; 3], Vec<Job>),
    slots: (i64, i64, i64),
    (policy, scheduler): (&str, &str),
    search: Search,
) -> (Transcript, String) {
    let mut files = MemoryFiles::default();
    let mut text = format!(
        "name = 'own'\nduration = '10 min'\nresources = ['slots']\n[host-models.node]\nslots = 4\n\
         [[pools]]\nname = 'all'\nhosts = {{ model = 'node', count = {hosts} }}\n\
         [placement]\npolicy = '{policy}'\n[flavors.other]\nslots = 2\n\
         [[demand]]\nname = 'others'\nflavor = 'other'\nrate = '200 per hour'\nlifetime = '40 s'\n\
         [scheduler]\n{scheduler}\nreclaim = {{ after = '5 s' }}\n"
    );
    for (tenant, (name, guarantee)) in NAMES.iter().zip(guarantees).enumerate() {
        let each = [slots.0, slots.1, slots.2][tenant];
        let of = jobs.iter().filter(|job| job.tenant == tenant);
        let line = |(number, job): (usize, &Job)| {
            let Job { submit, run, .. } = job;
            let tasks = (job.tasks / each).max(1);
            format!("{number} {submit} -1 {run} {tasks} -1 -1 -1 {run} -1 1 -1 -1 -1 -1 -1 -1 -1\n")
        };
        let trace: String = of.enumerate().map(line).collect();
        if trace.is_empty() {
            continue;
        }
        files.insert(format!("{name}.swf"), trace.into_bytes());
        text += &format!(
            "[tenants.{name}]\nguarantee = {{ slots = {guarantee} }}\n\
             [flavors.{name}]\nslots = {each}\n\
             [[jobs]]\nname = '{name}'\ntenant = '{name}'\nflavor = '{name}'\nswf = '{name}.swf'\n"
        );
    }
    let scenario = match read(&Input { file: "own.toml", text: &text, overrides: &[] }, &files) {
        Ok(read) => Arc::new(read.scenario),
        Err(problems) => panic!("{text}\n{problems:#?}"),
    };
    let mut observers = (Transcript::default(), Fingerprint::new());
    let mut simulation = Simulation::new(scenario, &files).expect("it was checked");
    simulation.search(search);
    simulation.advance(simulation.end(), &mut observers).expect("it was checked");
    (observers.0, observers.1.hex())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// The judge tries everybody each time.
    #[test]
    fn who_cannot_be_helped_is_tried_again_when_that_can_have_changed(
        some in some(),
        slots in (1..5i64, 1..5i64, 1..5i64),
        policy in proptest::sample::select(vec!["first-fit", "worst-fit", "next-fit", "move-to-front", "random"]),
        scheduler in proptest::sample::select(vec!["", "order = 'fair-share'", "order = 'offers'"]),
    ) {
        let told = |search| story(&some, slots, (policy, scheduler), search);
        prop_assert_eq!(told(Search::Sooner), told(Search::Hosts));
    }
}

/// Two hosts, of which a and b are guaranteed one each, and c nothing; what is told.
#[track_caller]
fn check(keeps: bool, jobs: &[(usize, u64, i64, u64)], expected: &str) {
    let job = |(tenant, submit, tasks, run): &(usize, u64, i64, u64)| Job {
        tenant: *tenant,
        submit: *submit,
        tasks: *tasks,
        run: *run,
    };
    let jobs: Vec<Job> = jobs.iter().map(job).collect();
    let (judge, _) = run((2, [4, 4, 0]), (15, keeps), "", &jobs);
    assert_eq!(judge.told.join(", "), expected);
}

#[test]
fn the_youngest_end_when_the_owner_has_waited() {
    // The first two jobs of b (j0, j1) are its own; the third is borrowed.
    let jobs = [(1, 0, 2, 100), (1, 1, 2, 100), (1, 2, 3, 100), (0, 10, 3, 50)];
    check(
        false,
        &jobs,
        "j0 started 0, j1 started 1, j2 started 2, j2 ended 25, j3 started 25, j3 done 75, \
         j2 started 75, j0 done 100, j1 done 101, j2 done 175",
    );
    check(
        true,
        &jobs,
        "j0 started 0, j1 started 1, j2 started 2, j2 ended 25, j3 started 25, j3 done 75, \
         j2 started 75, j0 done 100, j1 done 101, j2 done 152",
    );
}

#[test]
fn who_wants_more_than_his_own_waits_for_others_to_be_done() {
    check(
        false,
        &[(2, 0, 8, 60), (0, 10, 5, 9)],
        "j0 started 0, j0 done 60, j1 started 60, j1 done 69",
    );
    // Of c everything is borrowed: its gang ends whole for one task.
    check(
        false,
        &[(2, 0, 8, 60), (0, 10, 1, 9)],
        "j0 started 0, j0 ended 25, j1 started 25, j1 done 34, j0 started 34, j0 done 94",
    );
}

/// What becomes of jobs, each of a stream of its own, in order: the stream's lines, and when it comes,
/// how many tasks it has and how long it runs, s.
#[track_caller]
fn told(text: &str, jobs: &[(&str, [u64; 3])], expected: &str) {
    struct Told(Vec<String>);
    impl Observer for Told {
        fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
            let (job, word) = match fact {
                Fact::JobStarted { job, .. } => (job, "started"),
                Fact::JobPreempted { job, .. } => (job, "ended"),
                Fact::JobEnded { job, .. } => (job, "done"),
                _ => return,
            };
            self.0.push(format!("{} {word} {}", job.id, now.ms() / 1_000));
        }
    }
    let mut files = MemoryFiles::default();
    let mut text = format!("name = 'own'\n{text}");
    for (number, (lines, [submit, tasks, run])) in jobs.iter().enumerate() {
        let trace =
            format!("1 {submit} -1 {run} {tasks} -1 -1 -1 {run} -1 1 -1 -1 -1 -1 -1 -1 -1\n");
        files.insert(format!("{number}.swf"), trace.into_bytes());
        text += &format!("[[jobs]]\nname = 's{number}'\nswf = '{number}.swf'\n{lines}\n");
    }
    let read = read(&Input { file: "own.toml", text: &text, overrides: &[] }, &files);
    let scenario = read.unwrap_or_else(|problems| panic!("{text}\n{problems:#?}")).scenario;
    let mut simulation = Simulation::new(Arc::new(scenario), &files).expect("it was checked");
    let mut told = Told(Vec::new());
    simulation.advance(simulation.end(), &mut told).expect("it was checked");
    assert_eq!(told.0.join(", "), expected);
}

#[test]
fn nobody_loses_what_is_his_own_for_what_is_not_missed() {
    let text = |hosts: u32, slots: u32, x: u32| {
        format!(
            "duration = '5 min'\nresources = ['slots', 'x']\n[host-models.node]\nslots = {slots}\nx = {x}\n\
             [[pools]]\nname = 'all'\nhosts = {{ model = 'node', count = {hosts} }}\n\
             [flavors]\nplain = {{ slots = 4 }}\nsome = {{ slots = 4, x = 1 }}\n\
             more = {{ slots = 4, x = 2 }}\nthree = {{ slots = 3 }}\ntwo = {{ slots = 2 }}\n\
             [scheduler]\nreclaim = {{ after = '15 s' }}\n\
             [tenants]\na.guarantee = {{ slots = 4, x = 1 }}\nb.guarantee = {{ slots = 4, x = 1 }}\n"
        )
    };
    // One x is free: of b only that is borrowed, of c the slots.
    let jobs = [
        ("tenant = 'c'\nflavor = 'plain'", [0, 1, 100]),
        ("tenant = 'b'\nflavor = 'more'", [1, 1, 100]),
        ("tenant = 'a'\nflavor = 'some'", [10, 1, 10]),
    ];
    told(
        &text(1, 8, 3),
        &jobs,
        "j0 started 0, j1 started 1, j0 ended 25, j2 started 25, j2 done 35, j0 started 35, \
         j1 done 101, j0 done 135",
    );
    // Without it x is missed, too, and b has borrowed that.
    told(
        &text(1, 8, 2),
        &jobs,
        "j0 started 0, j1 started 1, j1 ended 25, j2 started 25, j2 done 35, j1 started 35, \
         j0 done 100, j1 done 135",
    );
    // In sum there is enough, but on two hosts.
    let jobs = [
        ("tenant = 'c'\nflavor = 'three'", [0, 2, 100]),
        ("tenant = 'a'\nflavor = 'two'", [10, 1, 100]),
    ];
    told(
        &text(2, 4, 1),
        &jobs,
        "j0 started 0, j0 ended 25, j1 started 25, j1 done 125, j0 started 125, j0 done 225",
    );
}

#[test]
fn whoever_comes_does_not_make_another_wait_anew_for_his_own() {
    let text = "duration = '1 min'\nresources = ['slots']\n[host-models.node]\nslots = 8\n\
                [[pools]]\nname = 'all'\nhosts = { model = 'node', count = 1 }\n\
                [flavors.one]\nslots = 1\n\
                [scheduler]\norder = 'fair-share'\nreclaim = { after = '15 s' }\n\
                [tenants]\na.weight = 1\nb.guarantee = { slots = 4 }\n";
    let low = |submit| ("tenant = 'a'\nflavor = 'one'", [submit, 8, 9]);
    told(
        text,
        &[
            ("tenant = 'c'\nflavor = 'one'", [0, 8, 100]),
            low(1),
            low(2),
            low(3),
            low(4),
            ("tenant = 'b'\nflavor = 'one'\npriority = 5", [10, 3, 200]),
            ("tenant = 'b'\nflavor = 'one'\npriority = 3", [20, 3, 200]),
        ],
        "j0 started 0, j0 ended 25, j5 started 25",
    );
}
