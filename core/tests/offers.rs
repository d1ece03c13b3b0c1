//! Two-level offers: a second, plain allocator that looks at each round from the beginning judges the
//! engine on random jobs.

use fleetcast_core::fact::{Fact, JobId, OfferFact};
use fleetcast_core::observe::{Observer, Summary};
use fleetcast_core::read::{Input, Override, read};
use fleetcast_core::report::Report;
use fleetcast_core::resources::Amounts;
use fleetcast_core::scenario::TenantId;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::state::State;
use fleetcast_core::time::Time;
use fleetcast_core::verdict;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A tenant: what it counts, what a task of its jobs takes, and its jobs in order.
#[derive(Clone, Debug)]
struct Tenant {
    weight: i64,
    task: [i64; 2],
    jobs: Vec<Job>,
}

/// All in seconds.
#[derive(Clone, Copy, Debug)]
struct Job {
    submit: u64,
    tasks: i64,
    run: u64,
}

/// What hosts are and how they are offered.
#[derive(Clone, Copy, Debug)]
struct Rule {
    hosts: usize,
    host: [i64; 2],
    interval: u64,
    refuse: u64,
    hoard: Option<u64>,
}

/// By tenant: when each of its jobs started, s.
type Starts = Vec<Vec<Option<u64>>>;

#[derive(Default)]
struct Heard {
    jobs: BTreeMap<JobId, (usize, usize)>,
    starts: Starts,
    used_max: [i64; 2],
    offers: Vec<OfferFact>,
}

impl Observer for Heard {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        match *fact {
            Fact::JobSubmitted { job, .. } => {
                let tenant = job.tenant.row();
                self.starts.resize_with(self.starts.len().max(tenant + 1), Vec::new);
                self.jobs.insert(job.id, (tenant, self.starts[tenant].len()));
                self.starts[tenant].push(None);
            }
            Fact::JobStarted { job, .. } => {
                let (tenant, row) = self.jobs[&job.id];
                self.starts[tenant][row] = Some(now.ms() / 1_000);
            }
            Fact::Offers(fact) => self.offers.push(fact),
            _ => {}
        }
        for (most, used) in self.used_max.iter_mut().zip(state.hosts.total().used) {
            *most = used.max(*most);
        }
    }
}

/// Holds a summary's running sum of what tenants hold back against the sum from the beginning.
struct Summed {
    summary: Summary,
    held: BTreeMap<TenantId, Amounts>,
}

impl Observer for Summed {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        self.summary.hear(now, fact, state);
        let Fact::Offers(OfferFact { tenant, answer }) = *fact else { return };
        self.held.insert(tenant, answer.amounts);
        let share = |(column, all): (usize, &i64)| {
            let held: i64 = self.held.values().map(|amounts| amounts[column]).sum();
            if *all > 0 { held * 1_000_000 / all } else { 0 }
        };
        let all = state.hosts.total().capacity;
        let offers = self.summary.jobs.as_ref().and_then(|jobs| jobs.offers.as_ref());
        let expected = all.iter().enumerate().map(share).max();
        assert_eq!(offers.map(|offers| offers.held.value), expected, "{fact} at {now:?}");
    }
}

const NAMES: [&str; 3] = ["c", "a", "b"];

fn run(rule: Rule, tenants: &[Tenant], more: &str) -> (Heard, Report) {
    let mut files = MemoryFiles::default();
    let Rule { hosts, host: [x, y], interval, refuse, hoard } = rule;
    let hoard = hoard.map_or(String::new(), |s| format!(", hoard = '{s} s'"));
    let mut text = format!(
        "name = 'offers'\nduration = '20 min'\nresources = ['x', 'y']\n\
         [host-models.node]\nx = {x}\ny = {y}\n\
         [[pools]]\nname = 'all'\nhosts = {{ model = 'node', count = {hosts} }}\n\
         [scheduler]\norder = 'offers'\n\
         offers = {{ interval = '{interval} s', refuse = '{refuse} s'{hoard} }}\n{more}\n"
    );
    for (tenant, name) in tenants.iter().zip(NAMES) {
        let line = |(number, job): (usize, &Job)| {
            let Job { submit, tasks, run } = job;
            format!("{number} {submit} -1 {run} {tasks} -1 -1 -1 {run} -1 1 -1 -1 -1 -1 -1 -1 -1\n")
        };
        let trace: String = tenant.jobs.iter().enumerate().map(line).collect();
        files.insert(format!("{name}.swf"), trace.into_bytes());
        let Tenant { weight, task: [x, y], .. } = tenant;
        text += &format!(
            "[flavors.{name}]\nx = {x}\ny = {y}\n[tenants.{name}]\nweight = {weight}\n\
             [[jobs]]\nname = '{name}'\ntenant = '{name}'\nflavor = '{name}'\nswf = '{name}.swf'\n"
        );
    }
    let scenario = match read(&Input { file: "offers.toml", text: &text, overrides: &[] }, &files) {
        Ok(read) => Arc::new(read.scenario),
        Err(problems) => panic!("{text}\n{problems:#?}"),
    };
    let summed = Summed { summary: Summary::new(&scenario), held: BTreeMap::new() };
    let mut observers = (Heard::default(), summed);
    let mut simulation = Simulation::new(Arc::clone(&scenario), &files).expect("it was checked");
    simulation.advance(simulation.end(), &mut observers).expect("it was checked");
    let (heard, Summed { summary, .. }) = observers;
    (heard, verdict::report(&scenario, &summary, String::new()))
}

/// The same by a plain allocator: each round of them all, everything counted anew from who runs where
/// and who holds what. Amounts of an offer by (tenant, host, since).
fn plain(mut rule: Rule, tenants: &[Tenant]) -> Starts {
    // What nobody asks for is nothing that is offered.
    for kind in 0..2 {
        if tenants.iter().all(|tenant| tenant.task[kind] == 0) {
            rule.host[kind] = 0;
        }
    }
    let of = |all: &BTreeMap<(usize, usize, u64), [i64; 2]>,
              want: &dyn Fn(usize, usize) -> bool| {
        let some = all.iter().filter(|((tenant, host, _), _)| want(*tenant, *host));
        some.fold([0, 0], |sum: [i64; 2], (_, of)| [sum[0] + of[0], sum[1] + of[1]])
    };
    let mut starts: Starts = tenants.iter().map(|of| vec![None; of.jobs.len()]).collect();
    // Where each task runs: (tenant, host, until).
    let mut tasks: Vec<(usize, usize, u64)> = Vec::new();
    let mut held: BTreeMap<(usize, usize, u64), [i64; 2]> = BTreeMap::new();
    let mut refused: Vec<(usize, usize, u64, [i64; 2])> = Vec::new();
    let mut offers_made = vec![0; tenants.len()];
    let mut was_waiting = vec![false; tenants.len()];
    for now in (0..20 * 60).filter(|s| s % rule.interval == 0) {
        tasks.retain(|(_, _, until)| *until > now);
        let next = |starts: &Starts, who: usize| -> Option<usize> {
            let row = starts[who].iter().position(Option::is_none)?;
            (tenants[who].jobs[row].submit <= now).then_some(row)
        };
        let waits: Vec<bool> = (0..tenants.len()).map(|who| next(&starts, who).is_some()).collect();
        refused.retain(|(who, _, until, _)| *until > now && (!waits[*who] || was_waiting[*who]));
        let hoard = rule.hoard.unwrap_or(0);
        let refuse = |refused: &mut Vec<_>, (who, host): (usize, usize), what: [i64; 2]| {
            // What was refused at one instant is refused together.
            let until = now + rule.refuse;
            refused.retain(|(w, h, u, _): &(usize, usize, u64, [i64; 2])| {
                (*w, *h) != (who, host) || *u == until
            });
            match refused.iter_mut().find(|(w, h, ..)| (*w, *h) == (who, host)) {
                Some((.., of)) => *of = [of[0] + what[0], of[1] + what[1]],
                None => refused.push((who, host, until, what)),
            }
        };
        for ((who, host, since), what) in held.clone() {
            if !waits[who] || since + hoard <= now {
                held.remove(&(who, host, since));
                refuse(&mut refused, (who, host), what);
            }
        }
        for host in 0..rule.hosts {
            let mut left = rule.host;
            for kind in 0..2 {
                let there = tasks.iter().filter(|(_, at, _)| *at == host);
                left[kind] -= there.map(|(who, ..)| tenants[*who].task[kind]).sum::<i64>();
                left[kind] -= of(&held, &|_, at| at == host)[kind];
            }
            if left == [0, 0] {
                continue;
            }
            let share = |who: usize| {
                let mine = of(&held, &|tenant, _| tenant == who);
                let count = tasks.iter().filter(|(tenant, ..)| *tenant == who).count() as i64;
                let part = |kind: usize| {
                    let all = rule.host[kind] * rule.hosts as i64;
                    let taken = mine[kind] + count * tenants[who].task[kind];
                    if all == 0 { 0.0 } else { taken as f64 / all as f64 }
                };
                part(0).max(part(1)) / tenants[who].weight as f64
            };
            let is_open = |who: &usize| {
                let is_refused = |(w, h, _, of): &(usize, usize, u64, [i64; 2])| {
                    (*w, *h) == (*who, host) && left[0] <= of[0] && left[1] <= of[1]
                };
                waits[*who] && !refused.iter().any(is_refused)
            };
            let mut open: Vec<usize> = (0..tenants.len()).filter(is_open).collect();
            // Shares that are the same can differ in the last bit.
            let key =
                |who: usize| ((share(who) * 1e9).round() as i64, offers_made[who], NAMES[who]);
            open.sort_by_key(|who| key(*who));
            if let Some(who) = open.first() {
                held.insert((*who, host, now), left);
                offers_made[*who] += 1;
            }
        }
        for who in 0..tenants.len() {
            if !waits[who] || of(&held, &|tenant, _| tenant == who) == [0, 0] {
                was_waiting[who] = waits[who];
                continue;
            }
            while let Some(row) = next(&starts, who) {
                // Tasks go one by one to the first host whose offers have room, on trial.
                let (mut trial, mut homes) = (held.clone(), Vec::new());
                for _ in 0..tenants[who].jobs[row].tasks {
                    let fits = |host: &usize| {
                        let has = of(&trial, &|tenant, at| tenant == who && at == *host);
                        has[0] >= tenants[who].task[0] && has[1] >= tenants[who].task[1]
                    };
                    let Some(host) = (0..rule.hosts).find(fits) else { break };
                    let mut task = tenants[who].task;
                    for ((tenant, at, _), of) in &mut trial {
                        if (*tenant, *at) == (who, host) {
                            for kind in 0..2 {
                                let some = task[kind].min(of[kind]);
                                (of[kind], task[kind]) = (of[kind] - some, task[kind] - some);
                            }
                        }
                    }
                    homes.push(host);
                }
                let job = tenants[who].jobs[row];
                if (homes.len() as i64) < job.tasks {
                    break;
                }
                held = trial;
                starts[who][row] = Some(now);
                // One that is over at once takes room until this round is.
                tasks.extend(homes.into_iter().map(|host| (who, host, now + job.run)));
            }
            let left = next(&starts, who);
            was_waiting[who] = left.is_some();
            let keeps =
                rule.hoard.is_some() && left.is_some_and(|row| tenants[who].jobs[row].tasks > 1);
            for ((tenant, host, since), what) in held.clone() {
                if tenant == who && (!keeps || what == [0, 0]) {
                    held.remove(&(who, host, since));
                    if what != [0, 0] {
                        refuse(&mut refused, (who, host), what);
                    }
                }
            }
        }
    }
    starts
}

fn some() -> impl Strategy<Value = (Rule, Vec<Tenant>)> {
    let rule = (1..5usize, 2..6i64, 2..6i64, 1..3u64, 0..8u64, proptest::option::of(1..20u64));
    let job = (0..60u64, 1..9i64, 1..30u64);
    let tenant = (1..4i64, 1..3i64, 0..3i64, proptest::collection::vec(job, 1..12));
    (rule, proptest::collection::vec(tenant, 1..4)).prop_map(|(rule, tenants)| {
        let (hosts, x, y, interval, refuse, hoard) = rule;
        let rule = Rule { hosts, host: [x, y], interval, refuse, hoard };
        let tenant = |(weight, x, y, jobs): (i64, i64, i64, Vec<(u64, i64, u64)>)| {
            let task = [x, y];
            // All fit on hosts of their own.
            let each = (0..2).filter(|kind| task[*kind] > 0).map(|k| rule.host[k] / task[k]);
            let most = each.min().unwrap_or(1) * rule.hosts as i64;
            let job =
                |(submit, tasks, run): (u64, i64, u64)| Job { submit, tasks: tasks.min(most), run };
            let mut jobs: Vec<Job> = jobs.into_iter().map(job).collect();
            jobs.sort_by_key(|job| job.submit);
            Tenant { weight, task, jobs }
        };
        (rule, tenants.into_iter().map(tenant).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_second_allocator_starts_each_job_at_the_same_time((rule, tenants) in some()) {
        let (heard, report) = run(rule, &tenants, "");
        let refused = report.jobs.as_ref().unwrap().all.refused;
        prop_assert_eq!(refused, 0);
        prop_assert_eq!(&heard.starts, &plain(rule, &tenants));
        for (most, each) in heard.used_max.iter().zip(rule.host) {
            prop_assert!(*most <= each * rule.hosts as i64);
        }
        // Every offer is answered once.
        let offers = report.jobs.unwrap().offers.unwrap();
        let (mut made, mut done, mut last) = (0, 0, BTreeMap::new());
        for OfferFact { tenant, answer } in &heard.offers {
            made += u64::from(answer.made);
            done += u64::from(answer.accepted + answer.declined + answer.lost);
            last.insert(*tenant, answer.held);
        }
        prop_assert_eq!((offers.made, offers.accepted + offers.declined + offers.lost), (made, done));
        let held: u64 = last.values().map(|held| u64::from(*held)).sum();
        prop_assert_eq!(held, offers.holding);
        prop_assert!(done <= made && made <= done + held);
        prop_assert!(rule.hoard.is_some() || (held == 0 && offers.peak_held == 0.0));
    }
}

/// The mean wait of the modellers' gangs on the first two days, h; jobs that wait at the end; and what
/// was held of the hosts.
fn two_levels(overrides: &[(&str, &str)]) -> (f64, u64, f64) {
    let text = include_str!("../../scenarios/two-levels.toml");
    let set = |(key, value): &(&str, &str)| Override { key: (*key).into(), value: (*value).into() };
    let overrides: Vec<Override> = overrides.iter().map(set).collect();
    let input = Input { file: "two-levels.toml", text, overrides: &overrides };
    let scenario = Arc::new(read(&input, &MemoryFiles::default()).expect("it is right").scenario);
    let report = fleetcast_core::simulation::run(&scenario, &MemoryFiles::default());
    let jobs = report.expect("it was checked").jobs.expect("there are jobs");
    let gangs = jobs.queues.iter().find(|queue| queue.name == "gangs").expect("there are gangs");
    (gangs.wait_s.mean / 3_600.0, jobs.waiting, jobs.offers.map_or(0.0, |offers| offers.held))
}

#[test]
fn gangs_starve_on_offers_and_hoarding_costs_hosts() {
    let days = ("duration", "\"2 days\"");
    let (hoarding, _, held) = two_levels(&[days]);
    let (refusing, waiting, none) =
        two_levels(&[days, ("scheduler.offers", "{ refuse = '10 s' }")]);
    let (central, _, nothing) = two_levels(&[days, ("scheduler.order", "\"drf\"")]);
    assert_eq!((none, nothing), (0.0, 0.0));
    assert!(held > 0.05, "{held}");
    assert!(
        refusing > 1.5 * hoarding && refusing > 1.5 * central,
        "{refusing} {hoarding} {central}"
    );
    assert!(waiting > 0);
}

#[test]
fn a_tenant_starts_its_jobs_by_priority() {
    let text = "name = 'prior'\nduration = '1 min'\nresources = ['slots']\n\
                [host-models.node]\nslots = 1\n[flavors.one]\nslots = 1\n\
                [[pools]]\nname = 'all'\nhosts = { model = 'node', count = 1 }\n\
                [scheduler]\norder = 'offers'\n\
                [[jobs]]\nname = 'first'\nflavor = 'one'\nswf = 'one.swf'\n\
                [[jobs]]\nname = 'urgent'\nflavor = 'one'\nswf = 'one.swf'\npriority = 1\n";
    let mut files = MemoryFiles::default();
    files.insert("one.swf", &b"1 0 -1 9 1 -1 -1 1 9 -1 1 -1 -1 -1 -1 -1 -1 -1\n"[..]);
    let input = Input { file: "prior.toml", text, overrides: &[] };
    let scenario = Arc::new(read(&input, &files).expect("it is right").scenario);
    let mut heard = Heard::default();
    let mut simulation = Simulation::new(scenario, &files).expect("it was checked");
    simulation.advance(simulation.end(), &mut heard).expect("it was checked");
    assert_eq!(heard.starts, [[Some(9), Some(0)]]);
}
