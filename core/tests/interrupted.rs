//! Batch jobs among failures, requests of higher priority, defrag and rollouts of hosts: whatever
//! happens to tasks, every job stays whole.

use fleetcast_core::fact::{Fact, JobId, JobOf, RequestId};
use fleetcast_core::observe::{Fingerprint, Observer, Summary};
use fleetcast_core::read::{Input, read};
use fleetcast_core::report::jobs::JobsReport;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::state::{State, VmId};
use fleetcast_core::time::Time;
use fleetcast_core::verdict;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const DAYS: u64 = 60;

/// What is known of a job from facts alone.
#[derive(Debug)]
enum Job {
    Waits,
    Runs { tasks: BTreeMap<RequestId, VmId>, want: u32, has_lost: bool },
    Over,
    Refused,
}

/// Follows each job from fact to fact.
#[derive(Default)]
struct Judge {
    jobs: BTreeMap<JobId, Job>,
    /// Whose task each request was.
    requests: BTreeMap<RequestId, JobId>,
    /// Whose tasks are being placed, and of which demand.
    starting: Option<JobOf>,
    demands: Vec<usize>,
    /// By fact: how many tasks were lost by it, and how many moves of tasks there were.
    downs: u64,
    evictions: u64,
    preemptions: u64,
    moves: u64,
    interruptions: u64,
}

impl Judge {
    /// A task is there no more; whether the request was one.
    fn leave(&mut self, request: RequestId, is_lost: bool) -> bool {
        let Some(id) = self.requests.get(&request) else { return false };
        match self.jobs.get_mut(id) {
            Some(Job::Runs { tasks, has_lost, .. }) => {
                assert!(tasks.remove(&request).is_some(), "{request} of {id} left twice");
                *has_lost |= is_lost;
            }
            other => panic!("{request} of {id} left: {other:?}"),
        }
        true
    }

    /// A job runs no more: all its tasks have left; whether one was lost.
    fn stop(&mut self, job: &JobOf, next: Job) -> bool {
        match self.jobs.insert(job.id, next) {
            Some(Job::Runs { tasks, want: 0, has_lost }) if tasks.is_empty() => has_lost,
            other => panic!("{} stopped: {other:?}", job.id),
        }
    }

    /// At the end of an instant: who runs has all tasks, who does not has none.
    fn look(&self, state: &State) {
        assert!(self.starting.is_none());
        let mut tasks = BTreeMap::new();
        for (id, job) in &self.jobs {
            if let Job::Runs { tasks: own, want, has_lost } = job {
                assert!(*want == 0 && !has_lost && !own.is_empty(), "{id}: {job:?}");
                tasks.extend(own.iter().map(|(request, vm)| (request.0, *vm)));
            }
        }
        let is_task = |demand: usize| self.demands.contains(&demand);
        let alive = state.vms.iter().filter(|(_, vm)| is_task(vm.demand.row()));
        let alive: BTreeMap<u64, VmId> = alive.map(|(id, vm)| (vm.request, id)).collect();
        assert_eq!(alive, tasks);
    }
}

impl Observer for Judge {
    fn hear(&mut self, _: Time, fact: &Fact<'_>, _: &State) {
        match fact {
            Fact::JobSubmitted { job, .. } => {
                assert_eq!(job.id.0 as usize, self.jobs.len());
                self.jobs.insert(job.id, Job::Waits);
                if !self.demands.contains(&job.demand.row()) {
                    self.demands.push(job.demand.row());
                }
            }
            Fact::JobStarted { job, .. } => {
                assert!(self.starting.is_none());
                let runs = Job::Runs { tasks: BTreeMap::new(), want: job.tasks, has_lost: false };
                let before = self.jobs.insert(job.id, runs);
                assert!(matches!(before, Some(Job::Waits)), "{} started: {before:?}", job.id);
                self.starting = Some(*job);
            }
            Fact::Placed { request, demand, vm, .. } if self.demands.contains(&demand.row()) => {
                let job = self.starting.expect("tasks are placed when a job starts");
                assert_eq!(*demand, job.demand);
                assert!(self.requests.insert(*request, job.id).is_none(), "{request} came twice");
                let Some(Job::Runs { tasks, want, .. }) = self.jobs.get_mut(&job.id) else {
                    panic!("{} has just started", job.id)
                };
                tasks.insert(*request, *vm);
                *want -= 1;
                if *want == 0 {
                    self.starting = None;
                }
            }
            Fact::Departed { request, .. } => {
                self.leave(*request, false);
            }
            Fact::VmDown { request, .. } => self.downs += u64::from(self.leave(*request, true)),
            Fact::Evicted { request, .. } => {
                self.evictions += u64::from(self.leave(*request, true));
            }
            Fact::Preempted { request, .. } => {
                self.preemptions += u64::from(self.leave(*request, true));
            }
            Fact::MigrationEnded { request, has_moved: true, .. } => {
                self.moves += u64::from(self.requests.contains_key(request));
            }
            Fact::Resumed { request, .. } | Fact::VmBack { request, .. } => {
                let job = self.requests.get(request);
                assert!(job.is_none(), "{request} of {job:?} comes back without its job");
            }
            Fact::JobEnded { job, .. } => {
                assert!(!self.stop(job, Job::Over), "{} ended without a task", job.id);
            }
            Fact::JobInterrupted { job, .. } => {
                assert!(self.stop(job, Job::Waits), "{} was interrupted by nothing", job.id);
                self.interruptions += 1;
            }
            Fact::JobRefused { job } => {
                let before = self.jobs.insert(job.id, Job::Refused);
                assert!(matches!(before, Some(Job::Waits)), "{} refused: {before:?}", job.id);
            }
            _ => {}
        }
    }
}

/// A fleet of hosts of four slots, jobs (submitted in which hour, processors, hours), outages, and
/// what is added.
fn scenario(
    hosts: u32,
    jobs: &[(u64, u64, u64)],
    outages: &str,
    more: &str,
) -> (Arc<Scenario>, MemoryFiles) {
    let mut files = MemoryFiles::default();
    let mut jobs = jobs.to_vec();
    jobs.sort_unstable();
    let line = |(number, (submit, processors, run)): (usize, &(u64, u64, u64))| {
        let (submit, run) = (submit * 3_600, run * 3_600);
        let owner = number % 2;
        format!(
            "{number} {submit} -1 {run} {processors} -1 -1 -1 {run} -1 1 {owner} -1 -1 -1 -1 -1 -1\n"
        )
    };
    let trace: String = jobs.iter().enumerate().map(line).collect();
    files.insert("jobs.swf", trace.into_bytes());
    files.insert("outages.csv", format!("time_s,{outages}").into_bytes());
    let text = format!(
        "name = 'interrupted'\nduration = '{DAYS} days'\nresources = ['slots']\n\
         host-models.node = {{ slots = 4, memory = '64 GiB' }}\n\
         pools = [{{ name = 'all', hosts = {{ model = 'node', count = {hosts} }} }}]\n\
         flavors.one = {{ slots = 1, memory = '4 GiB' }}\n\
         flavors.two = {{ slots = 2, memory = '8 GiB' }}\n\
         [failures]\nrepair = '5 h'\ntrace = 'outages.csv'\n{more}\n"
    );
    let input = Input { file: "interrupted.toml", text: &text, overrides: &[] };
    let read = read(&input, &files).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"));
    (Arc::new(read.scenario), files)
}

/// Runs it while the judge looks on; what the report says of jobs.
fn judged((scenario, files): &(Arc<Scenario>, MemoryFiles)) -> (Judge, JobsReport) {
    let mut simulation = Simulation::new(Arc::clone(scenario), files).expect("it was checked");
    let held = simulation.state().shapes.held();
    let mut observers = (Judge::default(), Summary::new(scenario));
    for minutes in (0..=DAYS * 24 * 60).step_by(20) {
        simulation
            .advance(Time::from_ms(minutes * 60_000), &mut observers)
            .expect("it was checked");
        observers.0.look(simulation.state());
    }
    let (judge, summary) = observers;
    let state = simulation.state();
    let mut used = 0;
    for (id, vm) in state.vms.iter() {
        let places = 1 + i64::from(state.moves.target(id).is_some());
        used += places * state.shapes.get(vm.ask.shape).amounts[0];
    }
    assert_eq!(state.hosts.total().used[0], used);
    let is_open = |job: &Job| matches!(job, Job::Waits | Job::Runs { .. });
    if state.vms.alive() == 0 && !judge.jobs.values().any(is_open) {
        assert_eq!(state.shapes.held(), held, "what jobs asked for is forgotten with them");
        assert_eq!(state.groups.held(), 0);
        for row in 0..scenario.tenants.len() {
            let tenant = fleetcast_core::scenario::TenantId::from_row(row);
            assert_eq!(state.tenancy.taken(tenant), Default::default());
        }
    }
    let report = verdict::report(scenario, &summary, String::new()).jobs.expect("there are jobs");
    let count =
        |is_it: fn(&Job) -> bool| judge.jobs.values().filter(|job| is_it(job)).count() as u64;
    assert_eq!(report.all.submitted, judge.jobs.len() as u64);
    assert_eq!(report.all.ended, count(|job| matches!(job, Job::Over)));
    assert_eq!(report.all.refused, count(|job| matches!(job, Job::Refused)));
    assert_eq!(report.waiting, count(|job| matches!(job, Job::Waits)));
    assert_eq!(report.running, count(|job| matches!(job, Job::Runs { .. })));
    assert_eq!(report.all.interrupted, judge.interruptions);
    (judge, report)
}

const NO_OUTAGES: &str = "host,lasts_s\n";

const STREAM: &str =
    "[[jobs]]\nname = 'jobs'\nswf = 'jobs.swf'\nflavor = 'one'\ntenants = 'user'\n";

const SLOW: &str = "bandwidth = '1 MiB/s'\ndirty-rate = '0 MiB/s'\n";

/// VMs that come on the second day and are gone on the tenth; they push jobs out.
const URGENT: &str = "[[demand]]\nname = 'urgent'\nflavor = 'two'\npriority = 5\nlifetime = '5 h'\n\
    alive = { curve = 'steps', from = 0, steps = [{ at = '30 h', to = 3 }, { at = '9 days', to = 0 }] }\n\
    [placement]\npolicy = 'best-fit'\npreemption = true\n";

#[test]
fn a_host_that_fails_takes_the_whole_job_with_it_once() {
    // Both hosts of a job go at one instant, and once more before they are back.
    let outages = "zone,lasts_s\n7200,z1,3600\n9000,z1,7200\n";
    let (judge, report) = judged(&scenario(2, &[(0, 8, 10), (1, 2, 3)], outages, STREAM));
    assert_eq!((judge.downs, judge.interruptions, report.all.ended), (8, 1, 2));
}

#[test]
fn a_task_that_is_pushed_out_ends_its_job_which_begins_anew() {
    let more = format!("{STREAM}{URGENT}");
    let (judge, report) = judged(&scenario(2, &[(0, 8, 40)], NO_OUTAGES, &more));
    assert!(judge.preemptions > 0 && judge.interruptions > 0);
    assert!(judge.preemptions < 8 * judge.interruptions, "the other tasks end with it");
    assert_eq!(report.all.ended, 1);
}

#[test]
fn a_task_that_is_evicted_ends_its_job_which_begins_anew() {
    let rollout = "[[host-rollout]]\nname = 'kernel'\nimage = 'b'\nat = '10 h'\nrewrite = '1 h'\n\
                   drain = 'eviction'\ngrace = '0 s'\n";
    let (judge, report) =
        judged(&scenario(2, &[(0, 6, 20)], NO_OUTAGES, &format!("{STREAM}{rollout}")));
    assert!(judge.evictions > 0 && judge.interruptions > 0);
    assert_eq!(report.all.ended, 1);
}

#[test]
fn tasks_that_move_stay_with_their_job() {
    let rollout = "[[host-rollout]]\nname = 'kernel'\nimage = 'b'\nat = '10 h'\nrewrite = '1 h'\n";
    let more = format!("{STREAM}{rollout}[defrag]\nevery = '7 h'\n{SLOW}");
    let (judge, report) =
        judged(&scenario(3, &[(0, 4, 50), (2, 2, 30), (3, 2, 60)], NO_OUTAGES, &more));
    assert!(judge.moves > 4);
    assert_eq!((judge.interruptions, report.all.ended), (0, 3));
    // A host fails while a task of its is on the way to another one.
    let outages = "host,lasts_s\n36600,0,86400\n";
    let (judge, report) = judged(&scenario(3, &[(0, 4, 50), (2, 2, 30)], outages, &more));
    assert!(judge.downs > 0 && judge.moves > 0);
    assert_eq!(report.all.ended, 2);
}

/// Outages by half-hour, so that some come as jobs end; host, and minutes, for so many hosts.
fn as_csv(outages: &[(u64, u32, u64)], hosts: u32) -> String {
    let mut outages = outages.to_vec();
    outages.sort_unstable();
    let line = |(at, host, lasts): &(u64, u32, u64)| {
        format!("{},{},{}\n", at * 1_800, host % hosts, lasts * 60)
    };
    outages.iter().fold("host,lasts_s\n".to_owned(), |csv, outage| csv + &line(outage))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_tasks_jobs_stay_whole(
        (seed, hosts) in (0u64..1_000, 2u32..6),
        jobs in prop::collection::vec((0..240u64, 1..9u64, 1..40u64), 1..25),
        outages in prop::collection::vec((0..14 * 48u64, 0..60u32, 1..2_000u64), 0..12),
        scheduler in prop::sample::select(vec![
            "", "backfill = 'easy'", "backfill = 'conservative'", "order = 'shortest'\nbackfill = 'easy'",
            "order = 'fair-share'", "order = 'drf'",
        ]),
        group in prop::sample::select(vec![
            "", "group = { size = 8, max-per-host = 2 }\n",
            "group = { size = 8, max-per-host = 3, min-available = 1 }\n",
        ]),
        quota in prop::sample::select(vec!["", "[tenants.'user 1']\nquota = { slots = 6 }\n"]),
        is_pushed_out in any::<bool>(),
        defrag in prop::sample::select(vec!["", "every = '9 h'\n", SLOW, "every = '9 h'\nbandwidth = '0.3 MiB/s'\n"]),
        rollout in prop::sample::select(vec![
            "", "drain = 'live-migration'\nbatch = 2\nwithin = 'zone'\n",
            "drain = 'live-migration'\ndrain-timeout = '10 h'\non-timeout = 'evict'\n",
            "drain = 'live-migration'\ndrain-timeout = '3 h'\non-timeout = 'force'\n",
            "drain = 'eviction'\ngrace = '1 h'\n",
            "drain = 'eviction'\ngrace = '0 s'\nwhen-evicted = 'end'\n",
        ]),
    ) {
        let rollout = match rollout {
            "" => String::new(),
            how => format!(
                "[[host-rollout]]\nname = 'kernel'\nimage = 'b'\nat = '50 h'\nevery = '5 days'\ntimes = 2\n\
                 rewrite = '2 h'\nsoak = '1 h'\n{how}"
            ),
        };
        let urgent = if is_pushed_out { URGENT } else { "" };
        let more = format!(
            "{STREAM}{group}{rollout}[scheduler]\n{scheduler}\n{quota}{urgent}[defrag]\n{defrag}"
        );
        let mut scenario = scenario(hosts, &jobs, &as_csv(&outages, hosts), &more);
        Arc::make_mut(&mut scenario.0).seed = seed;
        judged(&scenario);
        let run = || {
            let mut simulation =
                Simulation::new(Arc::clone(&scenario.0), &scenario.1).expect("it was checked");
            let mut fingerprint = Fingerprint::new();
            simulation.advance(simulation.end(), &mut fingerprint).expect("it was checked");
            fingerprint.hex()
        };
        prop_assert_eq!(run(), run());
    }
}
