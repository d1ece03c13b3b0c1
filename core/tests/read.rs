//! What the scenario reader makes of files, right and wrong.

use expect_test::{Expect, expect, expect_file};
use fleetcast_core::problem::{Problem, Problems, Severity};
use fleetcast_core::read::{Input, Override, Read, read, reference, schema};
use fleetcast_core::scenario::*;
use fleetcast_core::source::MemoryFiles;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

const EVERY_KEY: &str = include_str!("read/every-key.toml");

/// The keys of services and rollouts.
const SERVICES: &str = include_str!("read/services.toml");

/// Batch work with all its keys.
const JOBS: &str = include_str!("read/jobs.toml");

/// Placements with the keys that the scenario above has no place for, and the policy of each.
const PLACEMENTS: &[(&str, &str)] = &[
    ("policy = 'best-fit-l2'\nweights = { cpu = 2, memory = 0.5 }\nnorm = 'fleet'", "best-fit-l2"),
    ("policy = 'power-of-d'\nd = 3\nprefer = 'best'", "power-of-d"),
    ("policy = 'dot-product'\nsense = 'min'", "dot-product"),
    ("policy = 'epvm'\nbase = 100", "epvm"),
    ("policy = 'lifetime-bucket'\nbounds = ['0 s', '1 h', '1 day']", "lifetime-bucket"),
    (
        "policy = 'lifetime-bucket'\nbounds = ['1 h']\npredictions = { error = 0.5, \
         misses = '5%', miss-factor = 30, repredict = false }",
        "lifetime-bucket",
    ),
    (
        "policy = 'rules'\nrules = [{ score = 'label', key = 'gen', value = 'g2' }, \
         { score = 'best-fit', quantum = 0.25 }]",
        "rules",
    ),
    (
        "scores = [{ score = 'label', key = 'gen', value = 'g2', weight = -2, normalise = 'none' }, \
         { expression = 'free_cpu / capacity_cpu - 0.5 * vms' }]\n\
         filters = ['vms < 20']\nties = 'random'",
        "scores",
    ),
    (
        "policy = 'kubernetes'\nfit = 'ratio'\nshape = [{ used = 0, score = 0 }, \
         { used = 80, score = 10 }]\nplugins = { node-resources-fit = 2, balanced-allocation = 1, taint-toleration = 3, \
         node-affinity = 2, pod-topology-spread = 2, inter-pod-affinity = 2, image-locality = 1 }\n\
         resources = { cpu = 3, memory = 1 }\npercentage-of-nodes-to-score = 0\nzone-interleave = true",
        "kubernetes",
    ),
    ("policy = 'nova'\nweighers = { cpu = -1.5, memory = 0, disk = 2 }", "nova"),
    ("policy = 'nomad'\nalgorithm = 'spread'\nvisits = 'all'", "nomad"),
    (
        "policy = 'fgd'\nties = 'random'\ntypical = [{ cpu = 4, gpu = 0.25, share = 3 }, \
         { gpu = 2, share = 1 }]",
        "fgd",
    ),
];

/// The least that is a scenario; tests change a line or add some.
const SMALL: &str = "\
name = 'small'
duration = '1 day'
[host-models.m]
cpu = 8
memory = '16 GiB'
[[pools]]
name = 'p'
hosts = { model = 'm', count = 2 }
[flavors.f]
cpu = 1
[[demand]]
name = 'd'
flavor = 'f'
alive = 3
";

fn files() -> MemoryFiles {
    let mut files = MemoryFiles::default();
    files.insert(
        "hosts.csv",
        b"name,model,cpu,mem_mib,zone,rack,pool\n\
          h1,compute,,,a,x1,\nh2,,48,196608,,,\nh3,newer,,,b,,kvm\nh4,compute,8,,,x1,\n"
            .as_slice(),
    );
    files.insert(
        "requests.csv",
        b"arrival_s,lifetime_s,vcpu,mem_mib\n0,60,1,64\n5,,2,64\n".as_slice(),
    );
    files.insert(
        "few.swf",
        b"; Version: 2.2\n1 0 5 60 4 -1 -1 4 90 -1 1 3 1 -1 2 -1 -1 -1\n\
          2 9 5 -1 4 -1 -1 4 90 -1 1 7 1 -1 2 -1 -1 -1\n"
            .as_slice(),
    );
    files.insert("bad.swf", b"1 0 5 60 4\n1 x 5 60 4 -1 -1 4 90 -1 1 3 1 -1 2 -1 -1 -1".as_slice());
    files.insert("sized.csv", b"arrival_s,lifetime_s,flavor,tenant\n0,60,f,web\n".as_slice());
    files.insert("flavors.csv", b"arrival_s,lifetime_s,flavor,pool\n0,60,ff,q\n".as_slice());
    files.insert(
        "groups.csv",
        b"arrival_s,lifetime_s,vcpu,mem_mib,group\n0,60,900,1,g\n".as_slice(),
    );
    files.insert("broken.csv", b"arrival_s,lifetime_s,vcpu,mem_mib\n0,60,x,1\n".as_slice());
    files.insert("outages.csv", b"time_s,host,rack,zone,lasts_s\n60,h1,,,30\n90,,,a,\n".as_slice());
    files.insert("bad-outages.csv", b"time_s,host,rack\n60,h9,\n61,,x\n".as_slice());
    files.insert(
        "grid.csv",
        b"time,NL\n2011-07-01T00:00:00Z,400\n2011-07-01T12:00:00Z,380.5\n".as_slice(),
    );
    files.insert("bad-grid.csv", b"time,g_per_kwh\n2011-07-01,400\n2011-07-04,1\n".as_slice());
    files.insert("lifetimes.csv", b"lifetime_s\n60\n3600\n".as_slice());
    files.insert("bad-hosts.csv", b"name,model,pool\nh1,n,\nh2,m,q\n".as_slice());
    files
}

fn read_with(file: &str, text: &str, set: &[(&str, &str)]) -> Result<Read, Problems> {
    let set =
        set.iter().map(|(key, value)| Override { key: key.to_string(), value: value.to_string() });
    let overrides: Vec<Override> = set.collect();
    read(&Input { file, text, overrides: &overrides }, &files())
}

fn right(text: &str) -> Scenario {
    match read_with("t.toml", text, &[]) {
        Ok(read) => read.scenario,
        Err(problems) => panic!("{}", draw(&problems)),
    }
}

/// `line:column+width message | hint`, one problem a line; the offending text is between.
fn draw(problems: &Problems) -> String {
    let mut drawn = String::new();
    for Problem { severity, message, place, hint } in &problems.list {
        if *severity == Severity::Warning {
            drawn += "warning ";
        }
        if let Some(place) = place {
            let file = if place.file == "t.toml" { "" } else { &place.file };
            drawn += &format!("{file}{}:{}+{} ", place.line, place.column, place.width);
        }
        drawn += message;
        if let Some(hint) = hint {
            drawn += &format!(" | {hint}");
        }
        drawn += "\n";
    }
    if problems.more > 0 {
        drawn += &format!("and {} more\n", problems.more);
    }
    drawn
}

fn told(result: Result<Read, Problems>) -> String {
    match result {
        Ok(read) => format!("fine\n{}", draw(&read.warnings)),
        Err(problems) => draw(&problems),
    }
}

/// What is said about a whole file.
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&told(read_with("t.toml", text, &[])));
}

/// What is said about the small scenario with one line added, in turn: the part is the table that
/// the line is put into, in the place of a line with the same key; `-` is the top.
fn check_lines(lines: &[(&str, &str)], expected: Expect) {
    let mut drawn = String::new();
    for (part, line) in lines {
        let header = match *part {
            "model" => "[host-models.m]",
            "pool" => "[[pools]]",
            "flavor" => "[flavors.f]",
            "demand" => "[[demand]]",
            _ => "",
        };
        let key_of = |line: &str| line.split('=').next().unwrap_or_default().trim().to_owned();
        let mut text = String::new();
        let mut is_in_part = false;
        for old in std::iter::once("").chain(SMALL.lines()) {
            if old.starts_with('[') {
                is_in_part = false;
            }
            if !is_in_part || key_of(old) != key_of(line) {
                text += &format!("{old}\n");
            }
            if old == header {
                text += &format!("{line}\n");
                is_in_part = true;
            }
        }
        let said = told(read_with("t.toml", &text, &[]));
        let said = said.trim_end().replace('\n', "\n    ");
        drawn += &format!("{line}\n    {said}\n");
    }
    expected.assert_eq(&drawn);
}

fn check_set(sets: &[&[(&str, &str)]], expected: Expect) {
    let mut drawn = String::new();
    for set in sets {
        let keys = set.iter().map(|(key, value)| format!("{key}={value}"));
        let said = told(read_with("t.toml", SMALL, set));
        let keys = keys.collect::<Vec<_>>().join(" ");
        drawn += &format!("{keys}\n    {}\n", said.trim_end().replace('\n', "\n    "));
    }
    expected.assert_eq(&drawn);
}

#[test]
fn every_key_of_jobs_is_read() {
    let scenario = right(JOBS);
    let batch = scenario.batch.as_ref().expect("there are jobs");
    expect![[r#"
        Scheduler { pool: Some(PoolId(1)), order: Priority { aging_ms: Some(3600000) }, backfill: Easy }
        [Queue { name: "short", priority: 10 }, Queue { name: "default", priority: 0 }]
        [1, 3, 1, 1]
        ["web", "night", "default", "user 3"]
    "#]]
    .assert_eq(&format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n",
        batch.scheduler, batch.queues, batch.weights, scenario.tenants
    ));
    let [drawn, traced] = &batch.streams[..] else { panic!("{:?}", batch.streams) };
    expect![[r#"
        JobStream { demand: DemandId(1), queue: QueueId(0), source: Drawn(DrawnJobs { per_ms: Constant(0.0005555555555555556), season: Season { hourly: [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], daily: [1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5], events: [], hours: None }, tasks: [1, 2, 4], run: Constant(600000), estimate_factor: 3.0, estimate_error: 0.5 }), ends_at_estimate: false, tenants: [] }
        JobStream { demand: DemandId(2), queue: QueueId(1), source: Swf(SwfFile { file: "few.swf", jobs: 1, is_exact: true, is_sorted: true, owner: Some(User) }), ends_at_estimate: true, tenants: [(3, TenantId(3))] }
    "#]]
    .assert_eq(&format!("{drawn:?}\n{traced:?}\n"));
    let offers =
        right(&JOBS.replace("priority\"\naging = \"1 h", "offers").replace("\"easy", "\"none"));
    expect![[r#"
        Scheduler { pool: Some(PoolId(1)), order: Offers(OfferRule { interval_ms: 2000, refuse_ms: 5000, hoard_ms: Some(60000) }), backfill: None }
    "#]].assert_eq(&format!("{:?}\n", offers.batch.expect("there are jobs").scheduler));
    let night = &scenario.demands[1];
    assert_eq!((night.pool, night.priority, night.tenant.row()), (batch.scheduler.pool, -2, 1));
}

#[test]
fn what_is_wrong_with_jobs_is_told() {
    let jobs = |more: &str| format!("{SMALL}[[jobs]]\nname = 'j'\nflavor = 'f'\n{more}");
    for (text, expected) in [
        (
            jobs(""),
            expect![[r#"
            15:1+8 these jobs have no `rate` | add `rate = "200 per day"`, or a trace: `swf`
            15:1+8 these jobs have no `run-time` | add `run-time = { distribution = "lognormal", median = "1 h", sigma = 1.2 }`, or a trace: `swf`
        "#]],
        ),
        (
            jobs("rate = '5 per hour'\nrun-time = '1 h'\ntasks = [1, 0]\nestimates = 'exact'"),
            expect![[r#"
            20:13+1 `tasks` is at least 1, not `0`
            21:1+9 `estimates` is for a trace | say it with `estimate-factor`
        "#]],
        ),
        (
            jobs("swf = 'few.swf'\nrate = '5 per hour'\ntasks = 4"),
            expect![[r#"
            warning few.swf0:0+1 1 of 2 jobs never ran (no run time, or no processors): they are passed over
            19:1+4 `rate` is not for a trace | the lines of the trace say it
            20:1+5 `tasks` is not for a trace | the lines of the trace say it
        "#]],
        ),
        (
            jobs("swf = 'bad.swf'"),
            expect![[r#"
            bad.swf1:11+1 this line has 5 numbers, and a job has 18 | unknown ones are `-1`
            bad.swf2:3+1 the submit time `x` is not a number | what is not known is `-1`
        "#]],
        ),
        (
            jobs("swf = 'no.swf'\nqueue = 'q'\npool = 'p'"),
            expect![[r#"
            18:7+8 `no.swf` cannot be read: no such file | files are looked for beside the scenario
            19:9+3 no queue is called `q` | there is no queue here
            20:1+4 there is no key `pool` here | the keys here are name, flavor, swf, tenants, estimates, rate, season, tasks, run-time, estimate-factor, estimate-error, end-at-estimate, queue, tenant, labels, requires, forbids, prefers, tolerates, exclusive, group, priority
        "#]],
        ),
        (
            jobs("rate = '900 per second'\nrun-time = '1 h'\ntasks = 100000"),
            expect![[r#"
            15:1+8 these jobs would have 7776000000000 tasks, and 1 billion are the most | lower `rate` or `tasks`, or shorten `duration`
        "#]],
        ),
        (
            jobs(&{
                let rest = "rate = '1 per second'\nrun-time = '1 h'\ntasks = 6000\n";
                format!("{rest}[[jobs]]\nname = 'k'\nflavor = 'f'\n{rest}")
            }),
            expect![[r#"
                0:0+1 all jobs together would have 1036800000 tasks, and 1 billion are the most | shorten `duration`, or leave some of them out
            "#]],
        ),
        (
            jobs(
                "swf = 'few.swf'\n[scheduler]\norder = 'drf'\nbackfill = 'easy'\naging = '1 h'\npool = 'q'",
            ),
            expect![[r#"
                warning few.swf0:0+1 1 of 2 jobs never ran (no run time, or no processors): they are passed over
                21:1+8 with `drf` nobody waits for another tenant's job that does not fit | leave `backfill` out
                22:1+5 `aging` is for the order `priority` | add `order = "priority"`
                23:8+3 no pool is called `q` | there is `p`
            "#]],
        ),
        (
            jobs(
                "rate = '1 per hour'\nrun-time = '1 h'\n[scheduler]\norder = 'offers'\nbackfill = 'easy'\noffers = { interval = '0 s', refuse = -1, hold = '1 s' }",
            ),
            expect![[r#"
                22:1+8 with `offers` nobody waits for another tenant's job that does not fit | leave `backfill` out
                23:23+5 `interval` is at least 1 ms, not `0 s`
                23:39+2 `refuse` does not say its unit | did you mean `"-1 days"` or `"-1 s"`?
                23:43+4 there is no key `hold` here | did you mean `hoard`?
            "#]],
        ),
        (
            jobs(
                "rate = '1 per hour'\nrun-time = '1 h'\n[scheduler]\norder = 'offers'\noffers = { interval = '1 ms' }",
            )
            .replace("duration = '1 day'", "duration = '2 days'")
                + "\n[placement]\nscores = [{ score = 'best-fit' }]\nfilters = ['vms < 9']\n",
            expect![[r#"
                20:1+11 tenants that are offered hosts do not ask the `filters` of `placement` | let `requires` and `forbids` say it, or choose another `order`
                22:10+21 there would be more than 100 million rounds of offers | make `interval` longer
            "#]],
        ),
        (
            jobs(
                "tenant = 'd'\nrate = '1 per hour'\nrun-time = '1 h'\n[scheduler]\nreclaim = { after = '1 ms', keeps-work = 1 }\n[tenants.d]\nguarantee = { cpu = 9, vms = 2 }\nquota = { cpu = 8 }",
            ),
            expect![[r#"
                22:21+6 `after` is at least 1 s, not `1 ms`
                22:42+1 `keeps-work` is true or false, not a number | write it like `true`
                24:13+20 `d` is guaranteed more than its `quota` | make the quota as large, or leave it out
                24:24+3 there is no key `vms` here | the keys here are cpu, memory, disk, network, gpu
            "#]],
        ),
        (
            format!("{SMALL}tenant = 'd'\n[tenants.d]\nguarantee = {{ }}"),
            expect![[r#"
                warning 16:10+1 `d` is guaranteed something for its jobs, and has none | add jobs with `[[jobs]]`
                17:13+3 this guarantee names nothing | add what its jobs get, such as `cpu = 100`
            "#]],
        ),
        (format!("{SMALL}tenant = 'd'\n[tenants.d]\nguarantee = {{ cpu = 9 }}"), expect![[r#"
            fine
            warning 16:10+1 `d` is guaranteed something for its jobs, and has none | add jobs with `[[jobs]]`
        "#]]),
        (
            format!(
                "{SMALL}[flavors.j]\nmemory = 5\njvm = {{ heap = '1 GiB', gc-share = 2, threads = -1 }}\n"
            ),
            expect![[r#"
                16:10+1 `5` does not say its unit | did you mean `5 GiB`?
                17:7+46 `memory` and `jvm` say the same thing | delete one of them
                17:36+1 `gc-share` is at most 100%
                17:49+2 `threads` cannot be negative: `-1` | it is 0 or more
            "#]],
        ),
        (
            format!("{SMALL}[[queue]]\nname = 'a'\n[[queue]]\nname = 'a'"),
            expect![[r#"
            warning 15:1+9 `queue` is for jobs, and there are none | add jobs with `[[jobs]]`
            18:8+3 two queues are called `a` | give each a name of its own
        "#]],
        ),
    ] {
        check(&text, expected);
    }
}

#[test]
fn every_key_of_services_is_read() {
    let scenario = right(SERVICES);
    let Scenario { images, services, rollouts, .. } = &scenario;
    let drawn = format!("{images:#?}\n{services:#?}\n{rollouts:#?}\n{:#?}", scenario.demands);
    expect_file!["read/services.txt"].assert_eq(&drawn);
}

#[test]
fn what_is_wrong_with_services_is_told() {
    check(
        "name = 't'\nduration = '1 day'\n\
         [host-models.m]\ncpu = 8\n[[pools]]\nname = 'p'\nhosts = { model = 'm', count = 1 }\n\
         [flavors.f]\ncpu = 1\n\
         [images.a]\nsize = '1 GB'\nfails-to-boot = '120%'\n\
         [images.b]\nsize = '1 MiB'\nlayers = { base = '2 MiB' }\n\
         [images.c]\nlayers = { base = '3 MiB' }\nfails-checks = '50%'\n\
         [[service]]\nname = 's'\nimage = 'd'\nflavor = 'g'\ninstances = 0\n\
         [[service]]\nname = 's'\nimage = 'c'\nflavor = 'f'\ninstances = 3\nrate = 1\n\
         [[rollout]]\nservice = 't'\nimage = 'c'\ntimes = 3\n\
         [[rollout]]\nservice = 's'\nimage = 'c'\nat = '2 days'\nstrategy = 'roling'\n\
         [[rollout]]\nservice = 's'\nimage = 'c'\n\
         strategy = { name = 'rolling', max-surge = 0, max-unavailable = '0%' }\n\
         [[rollout]]\nservice = 's'\nimage = 'c'\nstrategy = { max-surge = 1 }\n\
         [[rollout]]\nservice = 's'\nimage = 'c'\nstrategy = { name = 'canary', steps = \
         [{ weight = '2.5%' }, { weight = '5%', pause = '1 s' }, {}] }\n\
         [[rollout]]\nservice = 's'\nimage = 'c'\nstrategy = { name = 'rolling', max-surge = 'x' }\n\
         [[rollout]]\nservice = 's'\nimage = 'c'\n",
        expect![[r#"
            11:8+6 `GB` is not a unit of memory | did you mean `1 GiB`?
            12:17+6 `fails-to-boot` is at most 100%
            14:8+7 its layers are larger: 2 MiB together | leave `size` out, or raise it
            17:19+7 the layer `base` has 2 MiB in another image | give it another name, or the same size
            21:9+3 no image is called `d` | there are `a`, `b`, `c`
            22:10+3 no flavor is called `g` | there is `f`
            23:13+1 `instances` is at least 1, not `0`
            25:8+3 two demands are called `s` | give each a name of its own
            29:1+4 there is no key `rate` here | did you mean `name`?
            warning 30:1+11 nothing in a rolling rollout analyses the image, so its `fails-checks` decides nothing | use a canary or blue-green with an analysis, or `found-bad-after`
            31:11+3 no service is called `t` | there is `s`
            33:1+5 `times` says how often, and nothing says how long after each other | add `every`
            warning 37:6+8 the run ends before this rollout begins | begin it sooner, or lengthen `duration`
            38:12+8 no strategy is called `roling` | did you mean `rolling`?
            42:47+15 `max-surge` and `max-unavailable` are both 0: nothing could change | raise one of them
            46:12+17 this strategy has no `name` | add `name = "rolling"`; there are rolling, recreate, blue-green, canary, routed-canary, flagger, red-black, rolling-red-black, singularity, singularity-incremental, monetate, monetate-full
            50:51+6 `weight` is in whole percent, 0% to 100% | write it like `"20%"`
            50:61+32 a step is one of `weight`, `pause` and `analysis` | write it like `{ weight = "20%" }`
            50:95+2 a step is one of `weight`, `pause` and `analysis` | write it like `{ weight = "20%" }`
            54:44+3 `x` is neither a number nor whole percents up to 1000% | write it like `"25%"` or `2`
            warning 55:1+11 nothing in a rolling rollout analyses the image, so its `fails-checks` decides nothing | use a canary or blue-green with an analysis, or `found-bad-after`
        "#]],
    );
}

#[test]
fn every_key_is_read() {
    let scenario = right(EVERY_KEY);
    let mut drawn = format!("{scenario:#?}");
    // The many hosts and racks have tests of their own.
    drawn.truncate(drawn.find("    host_types:").expect("the field is there"));
    expect_file!["read/every-key.txt"].assert_eq(&drawn);
    assert_eq!(scenario.demands.len(), 8);
    let Demand { priority, preempts, when_preempted, group, .. } = &scenario.demands[0];
    let available_min = group.map(|group| group.available_min);
    let said = format!("{priority} {preempts} {when_preempted:?} {available_min:?}");
    expect!["-100 false Wait { ms_max: 172800000 } Some(1)"].assert_eq(&said);
    assert!(scenario.placement.preemption);
    expect![[r#"
        Defrag {
            every_ms: Some(
                86400000,
            ),
            by: [
                1,
                0,
            ],
            limits: PlanLimits {
                migrations_max: 100,
                moves_per_vm: 2,
            },
            concurrent_max: 10,
            per_host_max: 2,
            link: Link {
                bandwidth_mib_s: 1192.0928955078125,
                dirty_mib_s: 50.0,
                downtime_max_ms: 300.0,
                rounds_max: 10,
                when_stuck: PostCopy,
                timeout_s_per_gib: Some(
                    800.0,
                ),
            },
        }"#]]
    .assert_eq(&format!("{:#?}", scenario.defrag));
}

#[test]
fn every_policy_is_read_with_its_parameters() {
    let read = |placement: &str| {
        let text = SMALL.replace("cpu = 1\n", "cpu = 1\nmemory = '1 GiB'\n");
        right(&format!("{text}[placement]\n{placement}")).placement.policy
    };
    for (placement, name) in PLACEMENTS {
        let policy = read(placement);
        assert_eq!(policy.name(), *name);
        assert_ne!(policy, plain(name), "the parameters of {name} are read");
    }
    for (name, _) in fleetcast_core::placement::POLICIES
        .iter()
        .filter(|(name, _)| !matches!(*name, "rules" | "scores"))
    {
        assert_eq!(read(&format!("policy = '{name}'")), plain(name));
    }
}

/// A policy without parameters.
fn plain(name: &str) -> Policy {
    let (host, fleet) = (Measure::plain(ShareOf::Host), Measure::plain(ShareOf::Fleet));
    let norm = |norm: Norm| FitBy::Norm(norm, host);
    let minutes = |minutes: u64| minutes * 60_000;
    match name {
        "first-fit" => Policy::FirstFit,
        "last-fit" => Policy::LastFit,
        "next-fit" => Policy::NextFit,
        "next-fit-closed" => Policy::NextFitClosed,
        "round-robin" => Policy::RoundRobin,
        "move-to-front" => Policy::MoveToFront,
        "random" => Policy::Random,
        "power-of-d" => Policy::PowerOfD { draws: 2, prefers_most: true, measure: host },
        "best-fit" => Policy::BestFit(FitBy::Shares),
        "worst-fit" => Policy::WorstFit(FitBy::Shares),
        "best-fit-l1" => Policy::BestFit(norm(Norm::L1)),
        "best-fit-l2" => Policy::BestFit(norm(Norm::L2)),
        "best-fit-linf" => Policy::BestFit(norm(Norm::Linf)),
        "worst-fit-l1" => Policy::WorstFit(norm(Norm::L1)),
        "worst-fit-l2" => Policy::WorstFit(norm(Norm::L2)),
        "worst-fit-linf" => Policy::WorstFit(norm(Norm::Linf)),
        "dot-product" => Policy::DotProduct { measure: fleet, wants_most: true },
        "norm-greedy" => Policy::NormGreedy(fleet),
        "cosine" => Policy::Cosine(ShareOf::Fleet),
        "tetris" => Policy::Tetris,
        "epvm" => Policy::Epvm { base: None },
        "balance-fit" => Policy::BalanceFit,
        "greedy-extension" => Policy::GreedyExtension(host),
        "lifetime-bucket" => Policy::LifetimeBucket {
            measure: host,
            bounds_ms: [0, 30, 60, 120, 240, 480].map(minutes).to_vec(),
        },
        "kubernetes" => {
            let resource = |column| KubernetesResource { column, weight: 1, is_extended: false };
            Policy::Kubernetes(KubernetesProfile {
                fit_weight: 1,
                balance_weight: 1,
                fit: FitScore::Least,
                sampling: None,
                resources: [0, 1].map(resource).to_vec(),
                wishes: WishWeights::DEFAULT,
            })
        }
        "nova" => Policy::Nova(
            [(0, true), (1, false)]
                .map(|(column, is_overcommitted)| NovaWeigher {
                    column,
                    multiplier: 1.0,
                    is_overcommitted,
                })
                .to_vec(),
        ),
        "nomad" => Policy::Nomad(NomadRule {
            algorithm: NomadAlgorithm::Binpack,
            walk: NomadWalk::Service,
            cpu: Some(0),
            memory: Some(1),
        }),
        "fgd" => Policy::Fgd(FgdRule {
            gpu: None,
            cpu: Some(0),
            typical: vec![Typical { cpu: 1_000, gpu: 0, share: 1.0, pool: None, labels: vec![] }],
            ties: Ties::LowestIndex,
        }),
        _ => Policy::Compose(Compose::of_rules(Vec::new(), host)),
    }
}

/// The same document as JSON.
fn to_json(value: &toml::de::DeValue<'_>) -> Value {
    use toml::de::DeValue;
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => serde_json::from_str(number.as_str()).expect("a number"),
        DeValue::Float(number) => serde_json::from_str(number.as_str()).expect("a number"),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(list) => list.iter().map(|value| to_json(value.get_ref())).collect(),
        DeValue::Table(table) => {
            let entries = table.iter();
            let entries =
                entries.map(|(key, value)| (key.get_ref().to_string(), to_json(value.get_ref())));
            Value::Object(entries.collect())
        }
    }
}

fn document(text: &str) -> Value {
    let table = toml::de::DeTable::parse(text).expect("the test's TOML is right").into_inner();
    to_json(&toml::de::DeValue::Table(table))
}

#[test]
fn toml_and_json_give_the_same_scenario() {
    let json = serde_json::to_string_pretty(&document(EVERY_KEY)).expect("JSON is written");
    let mut from_json = match read_with("t.json", &json, &[]) {
        Ok(read) => read.scenario,
        Err(problems) => panic!("{}", draw(&problems)),
    };
    let mut from_toml = right(EVERY_KEY);
    // They name the lines of their own file.
    from_json.notes.clear();
    from_toml.notes.clear();
    assert_eq!(format!("{from_json:#?}"), format!("{from_toml:#?}"));
}

#[test]
fn a_mark_and_line_ends_of_an_editor_change_nothing() {
    let text = format!("\u{feff}{}", SMALL.replace('\n', "\r\n"));
    assert_eq!(format!("{:?}", right(&text)), format!("{:?}", right(SMALL)));
    let text = format!("\u{feff}nmae = 'x'\r\n{}", SMALL.replace('\n', "\r\n"));
    check(
        &text,
        expect![[r#"
        1:1+4 there is no key `nmae` here | did you mean `name`?
    "#]],
    );
}

/// Says what of a value the schema does not accept, and notes each property that it met.
fn validate(
    schema: &Value,
    root: &Value,
    value: &Value,
    met: &mut BTreeSet<String>,
) -> Result<(), String> {
    let Some(rules) = schema.as_object() else {
        return if schema == &Value::Bool(false) {
            Err("is not allowed".to_owned())
        } else {
            Ok(())
        };
    };
    let no = |why: &str| Err(format!("{value} {why}"));
    for (rule, with) in rules {
        match rule.as_str() {
            "$ref" => {
                let path = with.as_str().expect("a reference is text").trim_start_matches('#');
                validate(
                    root.pointer(path).expect("the reference leads somewhere"),
                    root,
                    value,
                    met,
                )?;
            }
            "anyOf" => {
                let all = with.as_array().expect("a list");
                let mut errors = Vec::new();
                let fits = all.iter().any(|one| {
                    let mut inner = BTreeSet::new();
                    let result = validate(one, root, value, &mut inner);
                    let is_fine = result.is_ok();
                    errors.extend(result.err());
                    if is_fine {
                        met.extend(inner);
                    }
                    is_fine
                });
                if !fits {
                    return Err(errors.join(" and "));
                }
            }
            "type" => {
                let types = with.as_array().cloned().unwrap_or_else(|| vec![with.clone()]);
                let is = |name: &Value| match name.as_str().expect("a type is text") {
                    "string" => value.is_string(),
                    "number" => value.is_number(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "boolean" => value.is_boolean(),
                    "array" => value.is_array(),
                    "object" => value.is_object(),
                    other => panic!("{other}"),
                };
                if !types.iter().any(is) {
                    return no(&format!("is not {with}"));
                }
            }
            "enum" if !with.as_array().expect("a list").contains(value) => {
                return no("is no choice");
            }
            "const" if with != value => return no(&format!("is not {with}")),
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    validate(with, root, item, met)?;
                }
            }
            "required" => {
                for key in with.as_array().expect("a list") {
                    if value.is_object() && value.get(key.as_str().expect("text")).is_none() {
                        return no(&format!("has no {key}"));
                    }
                }
            }
            "properties" => {
                for (key, item) in value.as_object().into_iter().flatten() {
                    if let Some(rule) = with.get(key) {
                        met.insert(format!("{} {key}", rules["description"]));
                        validate(rule, root, item, met)?;
                    }
                }
            }
            "additionalProperties" => {
                for (key, item) in value.as_object().into_iter().flatten() {
                    if rules.get("properties").and_then(|all| all.get(key)).is_none() {
                        validate(with, root, item, met).map_err(|why| format!("{key}: {why}"))?;
                    }
                }
            }
            "minItems"
                if value
                    .as_array()
                    .is_some_and(|a| (a.len() as u64) < with.as_u64().expect("a count")) =>
            {
                return no("is too short");
            }
            "maxItems"
                if value
                    .as_array()
                    .is_some_and(|a| a.len() as u64 > with.as_u64().expect("a count")) =>
            {
                return no("is too long");
            }
            "minimum" if value.as_f64().is_some_and(|n| n < with.as_f64().expect("a number")) => {
                return no("is too small");
            }
            "enum" | "const" | "minItems" | "maxItems" | "minimum" | "maximum"
            | "exclusiveMinimum" | "minProperties" | "description" | "$comment" | "title"
            | "$schema" | "$defs" => {}
            other => panic!("the validator does not know `{other}`"),
        }
    }
    Ok(())
}

/// Each key of a host rollout.
const HOST_ROLLOUT: &str = "[[host-rollout]]\nname = 'kernel'\nimage = '6.12'\npools = ['p']\n\
    zones = ['z1']\nlabels = {}\nat = '1 h'\nevery = '2 h'\ntimes = 2\nbatch = '50%'\n\
    within = 'zone'\nmax-unavailable = 3\ndrain = 'eviction'\nwhen-evicted = 'end'\n\
    grace = '1 min'\ndrain-timeout = '1 h'\non-timeout = 'evict'\nrewrite = '5 min'\n\
    soak = '1 min'\nprefer-updated = false\n";

#[test]
fn a_host_rollout_is_read_with_its_defaults() {
    let text = format!("{SMALL}[[host-rollout]]\nname = 'kernel'\nimage = '6.12'\nat = '1 h'\n");
    let rollouts = right(&text).host_rollouts;
    assert_eq!(rollouts.images, ["first image", "6.12"]);
    let one = &rollouts.list[0];
    assert_eq!((one.at_ms, one.times, one.batch_of(7), one.soak_ms), (3_600_000, 1, 1, 0));
    assert_eq!(one.rewrite, Distribution::Constant(1_200_000));
    assert_eq!((one.unavailable_of(7), one.timeout, one.grace_ms), (None, None, 30_000));
    let more = SMALL.replace("[[pools]]", "[[pools]]\nimage = '6.8'");
    let rollouts = right(&format!("{more}{HOST_ROLLOUT}")).host_rollouts;
    assert_eq!(rollouts.images, ["6.8", "6.12"]);
    let one = &rollouts.list[0];
    // A batch is rounded up, a limit down.
    assert_eq!((one.batch_of(7), one.unavailable_of(7), one.times), (4, Some(3), 2));
    assert!(right(SMALL).host_rollouts == Default::default(), "hosts have no images");
}

#[test]
fn mistakes_in_host_rollouts_are_told_with_the_way_out() {
    let one = "[[host-rollout]]\nname = 'a'\nimage = 'b'\n";
    check(
        &format!(
            "{SMALL}{one}pools = ['q']\nbatch = 0\nwithin = 'row'\ndrain = 'live'\ntimes = 3\n\
             {one}zones = 'z1'\non-timeout = 'evict'\n\
             {one}labels = {{ gen = 'g9' }}\ngrace = '5 s'\nmax-unavailable = '0%'\nbatches = 2\n"
        ),
        expect![[r#"
            18:10+3 no pool is called `q` | there is `p`
            19:1+5 with `batch` at 0 no host can ever get its image | it is 1 or more
            20:10+5 no place is called `row` | there are host, rack, zone
            21:9+6 no way to leave is called `live` | there are live-migration, eviction
            22:1+5 `times` says how often, and nothing says how long after each other | add `every`
            26:9+4 `zones` is a list of names, not text | write it like `["z1"]`
            warning 27:1+10 `on-timeout` decides nothing: a batch may take for ever | add a `drain-timeout`
            warning 32:1+5 `grace` decides nothing: no VM is evicted | add `drain = "eviction"`, or `on-timeout = "evict"`
            33:1+15 with `max-unavailable` at 0 no host can ever get its image | it is 1 or more
            34:1+7 there is no key `batches` here | did you mean `batch`?
        "#]],
    );
    check(
        &format!("{SMALL}{one}labels = {{ gen = 'g9' }}\n"),
        expect![[r#"
        15:1+16 no host is meant by this rollout | compare `pools` and `labels` with those of the hosts
    "#]],
    );
}

#[test]
fn what_is_wrong_with_energy_is_told() {
    check_lines(
        &[
            ("model", "power = { idle = '100 W' }"),
            ("model", "power = { idle = '100 W', peak = '80 W' }"),
            ("model", "power = { idle = '100 V', peak = '1 MW' }"),
            ("model", "power = { idle = 1, peak = '101 kW' }"),
            ("model", "power = { idle = 1, peak = 2, model = 'cubed' }"),
            ("model", "power = { idle = 1, peak = 2, model = 'asymptotic', calibration = 2 }"),
            ("model", "power = { points = [1], peak = 2 }"),
            ("model", "power = { points = [1, -2] }"),
            ("model", "useful-life = '3 years'"),
            ("model", "embodied = -5"),
            ("-", "energy = { pue = 0.9, busy = '110%' }"),
            ("-", "energy = { carbon = 'eu-central-2', empty-hosts = 'asleep' }"),
            ("-", "energy = { carbon = { daily = [1, 2] } }"),
            (
                "-",
                "energy = { carbon = { level = 9000, daily = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] } }",
            ),
            ("-", "energy = { carbon = { level = 1, column = 'NL' } }"),
            ("-", "energy = { carbon = { file = 'grid.csv' } }"),
            ("-", "energy = { carbon = { file = 'bad-grid.csv', level = 1 } }"),
            ("-", "energy = { carbon = { file = 'none.csv' } }"),
        ],
        expect![[r#"
            power = { idle = '100 W' }
                5:9+18 `peak` is missing | add `peak = "350 W"`
            power = { idle = '100 W', peak = '80 W' }
                5:11+4 an idle host draws more than a busy one | `peak` is at least `idle`
            power = { idle = '100 V', peak = '1 MW' }
                5:18+7 `100 V` is not a power | write it like `"350 W"` or `"1.2 kW"`
                5:34+6 `1 MW` is not a power | write it like `"350 W"` or `"1.2 kW"`
            power = { idle = 1, peak = '101 kW' }
                5:28+8 `101 kW` is more than 100 kW | it is the power of one host
            power = { idle = 1, peak = 2, model = 'cubed' }
                5:39+7 no power model is called `cubed` | did you mean `cubic`?
            power = { idle = 1, peak = 2, model = 'asymptotic', calibration = 2 }
                5:9+61 `alpha` is missing | add `alpha = 0.3`
                5:53+11 `calibration` says nothing here: `model` is `asymptotic` | delete it
            power = { points = [1], peak = 2 }
                5:20+3 `points` has 2 to 101 values, from idle to full use | SPECpower measures eleven, at 0%, 10%, … 100%
                5:25+4 `peak` says nothing here: points say it all | delete it
            power = { points = [1, -2] }
                5:24+2 `-2` is negative
            useful-life = '3 years'
                fine
                warning 5:1+11 `useful-life` decides nothing: nothing is written off | add a `price`, or `embodied`
            embodied = -5
                5:12+2 `embodied` cannot be negative: `-5`
            energy = { pue = 0.9, busy = '110%' }
                warning 2:10+28 `[energy]` decides nothing: it is not known what any host draws | say it in a host model: `power = { idle = "100 W", peak = "350 W" }`
                2:18+3 `pue` is from 1 to 10, not `0.9`
                2:30+6 `busy` is at most 100%
            energy = { carbon = 'eu-central-2', empty-hosts = 'asleep' }
                warning 2:10+51 `[energy]` decides nothing: it is not known what any host draws | say it in a host model: `power = { idle = "100 W", peak = "350 W" }`
                2:21+14 no region is called `eu-central-2` | did you mean `eu-central-1`?
                2:51+8 no state is called `asleep` | there are on, off
            energy = { carbon = { daily = [1, 2] } }
                warning 2:10+31 `[energy]` decides nothing: it is not known what any host draws | say it in a host model: `power = { idle = "100 W", peak = "350 W" }`
                2:21+18 `level` is missing | add `level = 412`
                2:31+6 `daily` has 24 numbers, not 2
            energy = { carbon = { level = 9000, daily = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] } }
                warning 2:10+111 `[energy]` decides nothing: it is not known what any host draws | say it in a host model: `power = { idle = "100 W", peak = "350 W" }`
                2:21+98 this comes to more than 10,000 g a kWh
            energy = { carbon = { level = 1, column = 'NL' } }
                warning 2:10+41 `[energy]` decides nothing: it is not known what any host draws | say it in a host model: `power = { idle = "100 W", peak = "350 W" }`
                2:34+6 `column` says nothing here: there is no `file` | delete it
            energy = { carbon = { file = 'grid.csv' } }
                warning 2:10+34 `[energy]` decides nothing: it is not known what any host draws | say it in a host model: `power = { idle = "100 W", peak = "350 W" }`
                grid.csv1:1+1 there is no column `g_per_kwh` | a row is a time, such as `2024-01-01T00:00:00`, and g of CO2e a kWh
            energy = { carbon = { file = 'bad-grid.csv', level = 1 } }
                warning 2:10+49 `[energy]` decides nothing: it is not known what any host draws | say it in a host model: `power = { idle = "100 W", peak = "350 W" }`
                bad-grid.csv3:1+10 `2011-07-04` does not follow upon the row before | each row comes as long after the one before, 1 min to 1 day
                2:46+5 `level` says nothing here: a file says it all | delete it
            energy = { carbon = { file = 'none.csv' } }
                warning 2:10+34 `[energy]` decides nothing: it is not known what any host draws | say it in a host model: `power = { idle = "100 W", peak = "350 W" }`
                2:30+10 `none.csv` cannot be read: no such file | files are looked for beside the scenario
        "#]],
    );
    let idle = SMALL.replace("cpu = 8", "cpu = 8\npower = { idle = 1, peak = 2 }");
    check(
        &idle.replace("cpu = 1", "memory = '1 GiB'"),
        expect![[r#"
        fine
        warning 0:0+1 no request asks for cpu, so all hosts draw what idle ones do | let flavors ask for `cpu`
    "#]],
    );
    let other =
        "[host-models.n]\ncpu = 1\n[[pools]]\nname = 'q'\nhosts = { model = 'n', count = 1 }\n";
    let power = "power = { idle = 1, peak = 2 }\n[[pools]]";
    check(
        &format!("{}{other}", SMALL.replacen("[[pools]]", power, 1)),
        expect![[r#"
        fine
        warning 0:0+1 hosts of `n` count as drawing nothing | say what they draw with `power` in their host model; hosts of an inventory have one through its column `model`
    "#]],
    );
}

#[test]
fn the_schema_accepts_every_key_and_no_other() {
    let schema = schema();
    let mut met = BTreeSet::new();
    assert_eq!(validate(&schema, &schema, &document(EVERY_KEY), &mut met), Ok(()));
    assert_eq!(validate(&schema, &schema, &document(SMALL), &mut met), Ok(()));
    assert_eq!(validate(&schema, &schema, &document(SERVICES), &mut met), Ok(()));
    assert_eq!(validate(&schema, &schema, &document(JOBS), &mut met), Ok(()));
    let fair = JOBS.replace("priority\"\naging = \"1 h", "fair-share\"\nhalf-life = \"1 day");
    assert_eq!(validate(&schema, &schema, &document(&fair), &mut met), Ok(()));
    assert!(right(&fair).batch.is_some());
    for (placement, _) in PLACEMENTS {
        let value = document(&format!("{SMALL}[placement]\n{placement}"));
        assert_eq!(validate(&schema, &schema, &value, &mut met), Ok(()), "{placement}");
    }
    for mode in [
        "mode = 'registry'\nregistry = '10 Gbit/s'\nhost = '1 Gbit/s'\nconcurrency = 5\ncache = '5 GiB'\nlazy = '6.4%'",
        "mode = 'p2p'\nhost = '1 Gbit/s'\nefficiency = '50%'\nsetup = '2 s'",
        "mode = 'p2p'\nseed = '1 Gbit/s'\nupload = '1 Gbit/s'\nspread = 1.8",
        "mode = 'pre-pulled'",
    ] {
        let text = format!(
            "{SMALL}image = 'i'\n[images.i]\nsize = '1 GiB'\n[distribution]\n{mode}\n[placement]\nprefer-warm = true"
        );
        assert!(right(&text).distribution.is_some() && right(&text).demands[0].image.is_some());
        assert_eq!(validate(&schema, &schema, &document(&text), &mut met), Ok(()), "{mode}");
    }
    let text = format!("{}{HOST_ROLLOUT}", SMALL.replace("[[pools]]", "[[pools]]\nimage = '6.8'"));
    assert_eq!(right(&text).host_rollouts.list.len(), 1);
    assert_eq!(validate(&schema, &schema, &document(&text), &mut met), Ok(()));
    let text = format!(
        "{SMALL}image = 'i'\n[dependencies.d]\navailability = '99%'\noutage = '1 min'\n\
         outages = [{{ at = '1 h', lasts = '1 min' }}]\nfetch = '1 s'\n[images.i]\n\
         depends-on = ['d']\nboot-fails = '1%'\nattempts = 3\nretry-after = '1 min'"
    );
    assert!(right(&text).images[0].tries.matter());
    assert_eq!(validate(&schema, &schema, &document(&text), &mut met), Ok(()));
    let text = format!(
        "{SMALL}[flavors.j]\nmemory = '1 GiB'\nmemory-use = {{ need = [0.5, 1], guess = {{ median = 1, \
         sigma = 0.3 }}, round-up-to = '1 GiB', reached-after = '1 h', restart-wait = '1 s', \
         restart-factor = 1.5, restart-wait-max = '1 min', calm-after = '1 h', restart-time = '5 s', \
         give-up-after = 9 }}\n[flavors.k]\nextends = 'j'\nmemory-use = {{ need = 1 }}"
    );
    assert!(right(&text).flavors.iter().any(|flavor| flavor.memory_use.is_some()));
    assert_eq!(validate(&schema, &schema, &document(&text), &mut met), Ok(()));
    for (power, carbon) in [
        ("{ points = [100, '0.2 kW', 260] }", "{ file = 'grid.csv', column = 'NL' }".to_owned()),
        (
            "{ idle = 100, peak = 350, model = 'asymptotic', alpha = 0.3, dvfs = true }",
            format!("{{ level = 'eu-west-1', daily = {:?}, monthly = {:?} }}", [1; 24], [2; 12]),
        ),
        ("{ idle = '100 W', peak = '350 W' }", "'West Europe'".to_owned()),
    ] {
        let text = SMALL.replace("[[pools]]", &format!("power = {power}\n[[pools]]"));
        let text = format!("{text}[energy]\ncarbon = {carbon}\n");
        assert!(right(&text).energy.grid.is_some() && right(&text).draws_power());
        assert_eq!(validate(&schema, &schema, &document(&text), &mut met), Ok(()), "{power}");
    }
    // These have each key of each table once, so each was read too.
    for (name, table) in schema["$defs"].as_object().expect("the tables") {
        let properties = table.get("properties").and_then(Value::as_object);
        for (key, rule) in properties.into_iter().flatten() {
            // Resources have no description of their own, and are in the scenario too.
            let is_met = met.contains(&format!("{} {key}", table["description"]));
            assert!(is_met || rule.get("description").is_none(), "no `{key}` of {name}");
        }
    }
    let refused = |text: &str| {
        let value = document(&format!("{SMALL}{text}"));
        assert!(validate(&schema, &schema, &value, &mut BTreeSet::new()).is_err(), "{text}");
    };
    refused("colour = 'red'");
    refused("lifetime = 5");
    refused("season = { weekly = [1, 2] }");
    refused("[placement]\npolicy = 'best'");
    refused("[[expect]]\nat-most = 1");
}

#[test]
fn the_reference_page_is_what_the_fields_say() {
    // `UPDATE_EXPECT=1 cargo test -p fleetcast-core --test read` writes it anew.
    expect_file!["../../docs/SCENARIO.md"].assert_eq(&reference());
}

#[test]
fn what_is_missing_is_told_with_an_example() {
    check(
        "",
        expect![[r#"
        0:0+1 `name` is missing | add `name = "100 to 2,000 servers"`
        0:0+1 `demand` is missing | add `demand = [{ name = "vms", flavor = "small", alive = 1000 }]`
        0:0+1 `duration` is missing | add `duration = "36 months"`
        0:0+1 `pools` is missing | add `pools = [{ name = "kvm" }]`
    "#]],
    );
    check(
        "[host-models]\n[[pools]]\n[[demand]]\n[[expect]]\n[procurement]\n[flavors]\n",
        expect![[r#"
            0:0+1 `name` is missing | add `name = "100 to 2,000 servers"`
            0:0+1 `duration` is missing | add `duration = "36 months"`
            2:1+9 `name` is missing | add `name = "kvm"`
            3:1+10 `name` is missing | add `name = "vms"`
            3:1+10 this demand does not say when requests come | add `alive`, `rate` or `trace`
            3:1+10 this demand has no `flavor` or `flavors` | add `flavor = "small"`
            4:1+10 `metric` is missing | add `metric = "refused"`
            4:1+10 this expectation has no bound | add `at-most` or `at-least`
            5:1+13 `model` is missing | add `model = "compute"`
            5:1+13 `trigger` is missing | add `trigger = "70%"`
            5:1+13 `batch` is missing | add `batch = 40`
        "#]],
    );
    check(
        "name = 'x'\nduration = '1 day'\npools = []\ndemand = []\n",
        expect![[r#"
        3:9+2 there are no pools | add one with `[[pools]]`
    "#]],
    );
}

#[test]
fn unknown_keys_and_names_are_told_with_what_was_meant() {
    check(
        "nmae = 'x'\ncolour = 'red'\nduration = '1 day'\n[host-model.compute]\ncpu = 1\n[host-models.a]\ncpus = 8\nmemory = '1 GiB'\n[[pools]]\nname = 'p'\nhosts = { model = 'computr', count = 1 }\n[[demand]]\nname = 'd'\nflavour = 'x'\nflavor = 'smal'\npool = 'q'\nalive = 3\n[flavors.small]\ncpu = 1\n[placement]\npolicy = 'bestfit'\nby = ['cpuu']\n[[expect]]\nmetric = 'refusd'\nat-most = 1\n",
        expect![[r#"
            0:0+1 `name` is missing | add `name = "100 to 2,000 servers"`
            1:1+4 there is no key `nmae` here | did you mean `name`?
            2:1+6 there is no key `colour` here | the keys here are name, question, start, duration, seed, resources, host-models, pools, procurement, order, flavors, tenants, provisioning, images, dependencies, distribution, service, rollout, jobs, queue, scheduler, host-rollout, demand, pool-migration, hand-over, placement, defrag, failures, energy, uncertain, expect
            4:2+10 there is no key `host-model` here | did you mean `host-models`?
            7:1+4 there is no key `cpus` here | did you mean `cpu`?
            11:19+9 no host model is called `computr` | there is `a`
            14:1+7 there is no key `flavour` here | did you mean `flavor`?
            15:10+6 no flavor is called `smal` | did you mean `small`?
            16:8+3 no pool is called `q` | there is `p`
            21:10+9 no policy is called `bestfit` | did you mean `best-fit`?
            22:7+6 no resource is called `cpuu` | did you mean `cpu`?
            24:10+8 no key figure is called `refusd` | did you mean `refused`?
        "#]],
    );
}

#[test]
fn wrong_types_say_what_is_there_and_what_should_be() {
    check_lines(
        &[
            ("-", "name = 5"),
            ("-", "name = ''"),
            ("-", "name = \"a\\tb\""),
            ("-", "question = 2011-07-01"),
            ("-", "duration = 90"),
            ("-", "duration = true"),
            ("-", "start = 5"),
            ("-", "start = 2011-07-01T00:00:00Z"),
            ("-", "start = '2011-13-01'"),
            ("-", "start = 9999-01-01"),
            ("-", "start = 08:00:00"),
            ("-", "seed = 'x'"),
            ("-", "seed = '7'"),
            ("-", "resources = 'slots'"),
            ("-", "resources = ['cpu', 'a b', 'x', 'x']"),
            ("-", "placement = 'best-fit'"),
            ("-", "procurement = 3"),
            ("-", "expect = { metric = 'refused' }"),
            ("-", "flavors = 'f'"),
            ("model", "cpu = true"),
            ("model", "memory = []"),
            ("model", "price = 'cheap'"),
            ("model", "labels = 'g1'"),
            ("model", "labels = { gen = 1 }"),
            ("model", "overcommit = 4"),
            ("pool", "zones = 'a'"),
            ("pool", "zones = []"),
            ("pool", "zones = ['a', 'a']"),
            ("pool", "hosts = 5"),
            ("pool", "hosts = { model = 'm', count = 'two' }"),
            ("demand", "alive = 'many'"),
            ("demand", "lifetime = 5"),
            ("demand", "boot = 'forever'"),
            ("demand", "when-full = 'drop'"),
            ("demand", "when-full = 3"),
            ("demand", "group = true"),
        ],
        expect![[r#"
            name = 5
                2:8+1 `name` is text, not a number | did you mean `"5"`?
            name = ''
                2:8+2 `name` is empty | give it a name
            name = "a\tb"
                2:8+6 `name` has control characters in it | names are one line of text
            question = 2011-07-01
                2:12+10 `question` is text, not a date | did you mean `"2011-07-01"`?
            duration = 90
                2:12+2 `duration` does not say its unit | did you mean `"90 days"` or `"90 s"`?
            duration = true
                2:12+4 `duration` is a duration, not true or false | write it like `"90 days"`
            start = 5
                2:9+1 `start` is a date, not a number | write it like `"2011-07-01"`
            start = 2011-07-01T00:00:00Z
                2:9+20 `2011-07-01T00:00:00Z` is not a date | a scenario has no time zones: write it like `2011-07-01T08:00:00`
            start = '2011-13-01'
                2:9+12 `2011-13-01` is not a date | write it like `2011-07-01` or `2011-07-01T08:00:00`
            start = 9999-01-01
                2:9+10 `start` is between the years 1 and 8000
            start = 08:00:00
                2:9+8 `08:00:00` is not a date | write it like `2011-07-01` or `2011-07-01T08:00:00`
            seed = 'x'
                2:8+3 `seed` is a number, not text | write it like `10`
            seed = '7'
                2:8+3 `seed` is a number, not text | did you mean `7`, without quotes?
            resources = 'slots'
                2:13+7 `resources` is a list of names, not text | write it like `["slots"]`
            resources = ['cpu', 'a b', 'x', 'x']
                2:13+24 `resources` has up to three names, not 4
                2:14+5 `cpu` has a meaning of its own | use up to 40 small letters, digits, `-` and `_`, as in `slots`
                2:21+5 `a b` is not a name for a resource | use up to 40 small letters, digits, `-` and `_`, as in `slots`
            placement = 'best-fit'
                2:13+10 `placement` is a table, not text | write it like `{ policy = "best-fit" }`
            procurement = 3
                2:15+1 `procurement` is a table or a list of tables, not a number | write it like `[procurement]`
            expect = { metric = 'refused' }
                2:10+22 `expect` is a list of tables, not a table | write it like `[[expect]]`
            flavors = 'f'
                2:11+3 `flavors` is a table of tables, not text | write it like `[flavors.small]`
                11:2+7 cannot extend value of type string with a dotted key
            cpu = true
                5:7+4 `cpu` is an amount, not true or false | write it like `16`
            memory = []
                5:10+2 `memory` is an amount, not a list | write it like `"64 GiB"`
            price = 'cheap'
                5:9+7 `price` is a number, not text | write it like `10`
            labels = 'g1'
                5:10+4 `labels` is a table, not text | write it like `{ gen = "g1" }`
            labels = { gen = 1 }
                5:18+1 `gen` is text, not a number | did you mean `"1"`?
            overcommit = 4
                5:14+1 `overcommit` is a table, not a number | write it like `{ cpu = 2 }`
            zones = 'a'
                8:9+3 `zones` is a count or a list of names, not text | write it like `2` or `["a", "b"]`
            zones = []
                8:9+2 `zones` has 1 to 1000 names
            zones = ['a', 'a']
                8:15+3 the zone `a` is there twice
            hosts = 5
                8:9+1 `hosts` is a table or a file, not a number | write it like `{ model = "compute", count = 100 }`
            hosts = { model = 'm', count = 'two' }
                8:32+5 `count` is a number, not text | write it like `10`
            alive = 'many'
                13:9+6 `alive` is a number or a curve, not text | write it like `{ curve = "linear", from = 1000, to = 2000 }`
            lifetime = 5
                13:12+1 `lifetime` does not say its unit | did you mean `"5 days"` or `"5 s"`?
            boot = 'forever'
                13:8+9 `boot` cannot be `forever` | write it like `90 days`
            when-full = 'drop'
                13:13+6 no rule is called `drop` | there are refuse, wait
            when-full = 3
                13:13+1 `when-full` is `refuse` or `wait`, not a number | write it like `"wait"` or `{ wait = "2 days" }`
            group = true
                13:9+4 `group` is a table, not true or false | write it like `{ size = 3 }`
        "#]],
    );
}

#[test]
fn wrong_units_and_sizes_say_the_right_ones() {
    check_lines(
        &[
            ("-", "duration = '36 monthes'"),
            ("-", "duration = '0 s'"),
            ("-", "duration = '2000 years'"),
            ("-", "seed = -1"),
            ("-", "seed = 9223372036854775808"),
            ("-", "seed = 1.5"),
            ("model", "memory = '64 GB'"),
            ("model", "memory = 64"),
            ("model", "memory = '-1 GiB'"),
            ("model", "memory = '1.0001 GiB'"),
            ("model", "cpu = -1"),
            ("model", "cpu = nan"),
            ("model", "cpu = inf"),
            ("model", "cpu = 0.0001"),
            ("model", "cpu = 1e18"),
            ("model", "cpu = 99999999999999999999999"),
            ("model", "reserved = { cpu = 9, memory = '1 TiB' }"),
            ("model", "overcommit = { cpu = 0 }"),
            ("model", "overcommit = { cpu = 1001 }"),
            ("model", "price = 5.001"),
            ("model", "price = -1"),
            ("model", "retire-after = '0 s'"),
            ("model", "lead-time = { distribution = 'lognormal', median = '1 day' }"),
            ("model", "lead-time = { distribution = 'weibul', shape = 1 }"),
            ("model", "lead-time = { distribution = 'weibull', shape = 0, scale = '1 day' }"),
            ("model", "lead-time = { mean = '1 day' }"),
            ("pool", "zones = 0"),
            ("pool", "zones = 1000000"),
            ("pool", "racks-per-zone = -4"),
            ("pool", "hosts = { model = 'm', count = -5 }"),
            ("pool", "hosts = { model = 'm', count = 1.5 }"),
            ("pool", "hosts = { model = 'm', count = 5000001 }"),
            ("demand", "lifetime = '0 s'"),
            ("demand", "lifetime = { distribution = 'mixture', of = [] }"),
            ("demand", "lifetime = { distribution = 'mixture', of = ['1 day'] }"),
            (
                "demand",
                "lifetime = { distribution = 'mixture', of = [{ distribution = 'constant', value = '1 day' }] }",
            ),
            ("demand", "alive = -3"),
            ("demand", "alive = 1e10"),
            ("demand", "alive = { curve = 'exponential', from = 0, to = 5 }"),
            ("demand", "alive = { curve = 'logistic', from = 1, to = 5, ceiling = 5 }"),
            ("demand", "alive = { curve = 'linear', from = 1, to = 5, ceiling = 5 }"),
            ("demand", "alive = { curve = 'linear', to = 5, over = '0 days' }"),
            ("demand", "alive = { from = 1, to = 5 }"),
            ("demand", "alive = { curve = 'steps', from = 1, steps = [] }"),
            (
                "demand",
                "alive = { curve = 'steps', from = 1, steps = [{ at = '2024-01-01', to = 5 }, { at = '1 h', ramp = '2 h', to = 7 }, { at = '2 h', to = 8 }] }",
            ),
            ("demand", "group = { size = 0, max-per-host = 1 }"),
            ("demand", "group = { size = 3 }"),
            ("demand", "group = { max-per-host = 2, anti-affinity = true }"),
            ("demand", "when-full = { wait = 2 }"),
            ("demand", "season = { weekly = { weekend = 0.5 } }"),
        ],
        expect![[r#"
            duration = '36 monthes'
                2:12+12 `monthes` is not a unit of time | did you mean `36 months`?
            duration = '0 s'
                2:12+5 `duration` is at least 1 ms, not `0 s`
            duration = '2000 years'
                2:12+12 `2000 years` is longer than 1000 years
            seed = -1
                2:8+2 `seed` cannot be negative: `-1` | it is 0 or more
            seed = 9223372036854775808
                2:8+19 `seed` is at most 9223372036854775807, not `9223372036854775808`
            seed = 1.5
                2:8+3 `seed` is a whole number, not `1.5`
            memory = '64 GB'
                5:10+7 `GB` is not a unit of memory | did you mean `64 GiB`?
            memory = 64
                5:10+2 `64` does not say its unit | did you mean `64 GiB`?
            memory = '-1 GiB'
                5:10+8 `-1 GiB` is negative
            memory = '1.0001 GiB'
                5:10+12 `1.0001 GiB` is not a whole number of MiB | memory is counted in MiB: round it
            cpu = -1
                5:7+2 `-1` is negative
            cpu = nan
                5:7+3 `nan` is not a finite number
            cpu = inf
                5:7+3 `inf` is not a finite number
            cpu = 0.0001
                5:7+6 `0.0001` is not a whole number of milli-vCPU | cpu is counted in milli-vCPU: round it
            cpu = 1e18
                5:7+4 `1000000000000000000` is more cpu than can be counted | the most is 1125899906842624 milli-vCPU
            cpu = 99999999999999999999999
                5:7+23 `99999999999999999999999` has more than 20 digits | round it
            reserved = { cpu = 9, memory = '1 TiB' }
                5:20+1 `m` keeps 9 vCPU of 8 vCPU cpu | a host cannot keep more than it has
                5:32+7 `m` keeps 1 TiB of 16 GiB memory | a host cannot keep more than it has
            overcommit = { cpu = 0 }
                5:22+1 `cpu` is above 0 and at most 1000, not `0`
            overcommit = { cpu = 1001 }
                5:22+4 `cpu` is above 0 and at most 1000, not `1001`
            price = 5.001
                5:9+5 `price` has at most two decimals, not `5.001` | round it
            price = -1
                5:9+2 `price` cannot be negative: `-1`
            retire-after = '0 s'
                5:16+5 `retire-after` is at least 1 day, not `0 s`
            lead-time = { distribution = 'lognormal', median = '1 day' }
                5:13+48 this needs `median` and `sigma`, or `mean` and `cv`
            lead-time = { distribution = 'weibul', shape = 1 }
                5:30+8 no distribution is called `weibul` | did you mean `weibull`?
            lead-time = { distribution = 'weibull', shape = 0, scale = '1 day' }
                5:49+1 `shape` is from 0.05 to 100, not `0`
            lead-time = { mean = '1 day' }
                5:13+18 `distribution` is missing | add `distribution = "exponential"`; there are constant, exponential, lognormal, weibull, mixture, file
            zones = 0
                8:9+1 `zones` is at least 1, not `0`
            zones = 1000000
                8:9+7 `zones` is at most 1000, not `1000000`
            racks-per-zone = -4
                8:18+2 `racks-per-zone` cannot be negative: `-4` | it is 1 or more
            hosts = { model = 'm', count = -5 }
                8:32+2 `count` cannot be negative: `-5` | it is 0 or more
            hosts = { model = 'm', count = 1.5 }
                8:32+3 `count` is a whole number, not `1.5`
            hosts = { model = 'm', count = 5000001 }
                8:32+7 `count` is at most 5000000, not `5000001`
            lifetime = '0 s'
                13:12+5 `lifetime` is at least 1 ms, not `0 s`
            lifetime = { distribution = 'mixture', of = [] }
                13:45+2 `of` is empty
            lifetime = { distribution = 'mixture', of = ['1 day'] }
                13:46+7 a part of a mixture is a table, not text | write it like `[{ weight = 0.7, distribution = "exponential", mean = "2 days" }, { weight = 0.3, distribution = "constant", value = "2 years" }]`
            lifetime = { distribution = 'mixture', of = [{ distribution = 'constant', value = '1 day' }] }
                13:46+46 `weight` is missing | add `weight = 0.7`
            alive = -3
                13:9+2 `alive` cannot be negative: `-3`
            alive = 1e10
                13:9+4 `alive` is from 0 to 1000000000, not `1e10`
            alive = { curve = 'exponential', from = 0, to = 5 }
                13:41+1 `from` of this curve is above 0, not 0 | what begins with nothing grows along a linear curve
            alive = { curve = 'logistic', from = 1, to = 5, ceiling = 5 }
                13:59+1 `ceiling` is above `from` and `to`, and `5` is not | leave it out, or raise it
            alive = { curve = 'linear', from = 1, to = 5, ceiling = 5 }
                13:47+7 there is no key `ceiling` here | the keys here are curve, from, to, over
            alive = { curve = 'linear', to = 5, over = '0 days' }
                13:9+45 `from` is missing | add `from = 1000`
                13:44+8 `over` is at least 1 ms, not `0 days`
            alive = { from = 1, to = 5 }
                13:9+20 `curve` is missing | add `curve = "linear"`; there are constant, linear, exponential, logistic, steps
            alive = { curve = 'steps', from = 1, steps = [] }
                13:46+2 `steps` is empty | write it like `[{ at = "6 months", to = 2000 }]`
            alive = { curve = 'steps', from = 1, steps = [{ at = '2024-01-01', to = 5 }, { at = '1 h', ramp = '2 h', to = 7 }, { at = '2 h', to = 8 }] }
                13:54+12 `2024-01-01` is before the start, 2025-01-01
                13:116+22 this step begins before the one above is done | `from` is for the start; steps go by time
            group = { size = 0, max-per-host = 1 }
                13:18+1 `size` is at least 1, not `0`
            group = { size = 3 }
                13:9+12 this group has no rule | add `max-per-host`, `affinity`, `max-skew` or `prefers`
            group = { max-per-host = 2, anti-affinity = true }
                13:29+13 `anti-affinity` means `max-per-host = 1` | delete one of them
            when-full = { wait = 2 }
                13:22+1 `wait` does not say its unit | did you mean `"2 days"` or `"2 s"`?
            season = { weekly = { weekend = 0.5 } }
                13:1+6 `season` multiplies a `rate`, and there is none | delete it, or use `rate`
        "#]],
    );
}

#[test]
fn rates_have_seasons() {
    let small = SMALL.replace("alive = 3", "rate = '10 per hour'");
    let said = |season: &str| told(read_with("t.toml", &format!("{small}{season}\n"), &[]));
    let mut drawn = String::new();
    for season in [
        "season = { daily = { peak = 1.8, trough = 0.35 } }",
        "season = { daily = { peak = 1.01, trough = 0 } }",
        "season = { daily = { peak = 0.5, trough = 0.35, peak-hour = 24 } }",
        "season = { daily = [1, 2] }",
        "season = { daily = [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0] }",
        "season = { weekly = 5, events = [{ at = '2024-01-01', lasts = '0 s', factor = -1 }] }",
    ] {
        drawn += &format!("{season}\n    {}\n", said(season).trim_end().replace('\n', "\n    "));
    }
    expect![[r#"
        season = { daily = { peak = 1.8, trough = 0.35 } }
            fine
        season = { daily = { peak = 1.01, trough = 0 } }
            15:20+27 no day has the peak 1.01, the trough 0 and a mean of 1 | give the 24 hours as a list
        season = { daily = { peak = 0.5, trough = 0.35, peak-hour = 24 } }
            15:29+3 `peak` is from 1 to 24, not `0.5`
            15:61+2 `peak-hour` is at most 23, not `24`
        season = { daily = [1, 2] }
            15:20+6 `daily` has 24 numbers, not 2
        season = { daily = [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0] }
            15:20+49 `daily` has a number above 0
        season = { weekly = 5, events = [{ at = '2024-01-01', lasts = '0 s', factor = -1 }] }
            15:21+1 `weekly` is a table, not a number | write it like `{ weekend = 0.8 }`
            15:41+12 `2024-01-01` is before the start, 2025-01-01
            15:63+5 `lasts` is at least 1 ms, not `0 s`
            15:79+2 `factor` cannot be negative: `-1`
    "#]].assert_eq(&drawn);
    let scenario = right(&format!("{small}season = {{ daily = {{ peak = 1.8, trough = 0.35 }} }}"));
    let fleetcast_core::scenario::Arrivals::Rate { season, .. } = &scenario.demands[0].arrivals
    else {
        panic!("it is a rate")
    };
    let mean = season.hourly.iter().sum::<f64>() / 24.0;
    assert!((mean - 1.0).abs() < 1e-9, "{mean}");
    assert_eq!((season.hourly[14], season.hourly[2]), (1.8, 0.35));
}

#[test]
fn what_is_said_of_priorities_and_moves_is_checked() {
    check_lines(
        &[
            ("demand", "priority = 7"),
            ("demand", "priority = 1.5"),
            ("demand", "priority = 3000000000"),
            ("demand", "priority = 'high'"),
            ("demand", "preempts = 'no'"),
            ("demand", "when-preempted = 'refuse'"),
            ("demand", "when-preempted = 5"),
            ("demand", "when-preempted = { wait = '0 s' }"),
            ("demand", "group = { size = 3 }"),
            ("demand", "group = { min-available = 0 }"),
            ("-", "placement = { preemption = 1 }"),
            ("-", "defrag = true"),
            ("-", "defrag = {}"),
            ("-", "defrag = { every = '1 s' }"),
            ("-", "defrag = { by = 'memry', concurrent = 0, per-host = 2000 }"),
            ("-", "defrag = { bandwith = '1 GiB/s' }"),
            ("-", "defrag = { bandwidth = 1100, dirty-rate = '100 MiB' }"),
            ("-", "defrag = { bandwidth = '0 MiB/s', dirty-rate = '2000 GiB/s' }"),
            ("-", "defrag = { max-downtime = 0.5, max-rounds = 1001 }"),
            ("-", "defrag = { when-stuck = 'forced', timeout-per-gib = '0 s' }"),
        ],
        expect![[r#"
            priority = 7
                fine
                warning 13:1+8 nobody is pushed out, so `priority` decides nothing | add `preemption = true` to `[placement]`
            priority = 1.5
                13:12+3 `priority` is a whole number from -2147483648 to 2147483647, not `1.5`
            priority = 3000000000
                13:12+10 `priority` is a whole number from -2147483648 to 2147483647, not `3000000000`
            priority = 'high'
                13:12+6 `priority` is a number, not text | write it like `10`
            preempts = 'no'
                13:12+4 `preempts` is true or false, not text | write it like `true`
            when-preempted = 'refuse'
                13:18+8 no rule is called `refuse` | there are end, wait
            when-preempted = 5
                13:18+1 `when-preempted` is `end` or `wait`, not a number | write it like `"wait"` or `{ wait = "2 days" }`
            when-preempted = { wait = '0 s' }
                13:27+5 `wait` is at least 1 ms, not `0 s`
            group = { size = 3 }
                13:9+12 this group has no rule | add `max-per-host`, `affinity`, `max-skew` or `prefers`
            group = { min-available = 0 }
                13:9+21 this group has no rule | add `max-per-host`, `affinity`, `max-skew` or `prefers`
                13:27+1 `min-available` is at least 1, not `0`
            placement = { preemption = 1 }
                2:28+1 `preemption` is true or false, not a number | write it like `true`
            defrag = true
                2:10+4 `defrag` is a table, not true or false | write it like `{ every = "1 day" }`
            defrag = {}
                fine
            defrag = { every = '1 s' }
                2:20+5 `every` is at least 1 min, not `1 s`
            defrag = { by = 'memry', concurrent = 0, per-host = 2000 }
                2:17+7 no resource is called `memry` | did you mean `memory`?
                2:39+1 `concurrent` is at least 1, not `0`
                2:53+4 `per-host` is at most 1000, not `2000`
            defrag = { bandwith = '1 GiB/s' }
                2:12+8 there is no key `bandwith` here | did you mean `bandwidth`?
            defrag = { bandwidth = 1100, dirty-rate = '100 MiB' }
                2:24+4 `bandwidth` is a data rate, not a number | write it like `"1100 MiB/s"`
                2:43+9 `100 MiB` is not a data rate | write it like `1100 MiB/s`; units are KiB/s, MiB/s, GiB/s, kB/s, MB/s, GB/s, kbit/s, Mbit/s, Gbit/s
            defrag = { bandwidth = '0 MiB/s', dirty-rate = '2000 GiB/s' }
                2:24+9 `bandwidth` is 0.01 MiB/s or more
                2:48+12 `2000 GiB/s` is more than 1 TiB/s
            defrag = { max-downtime = 0.5, max-rounds = 1001 }
                2:27+3 `max-downtime` does not say its unit | did you mean `"0.5 days"` or `"0.5 s"`?
                2:45+4 `max-rounds` is at most 1000, not `1001`
            defrag = { when-stuck = 'forced', timeout-per-gib = '0 s' }
                2:25+8 no way out is called `forced` | did you mean `force`?
                2:53+5 `timeout-per-gib` is at least 1 ms, not `0 s`
        "#]],
    );
}

#[test]
fn keys_that_exclude_each_other_are_told() {
    check_lines(
        &[
            ("demand", "rate = '1 per day'"),
            ("demand", "flavors = { f = 1 }"),
            ("demand", "trace = 'requests.csv'"),
            ("-", "placement = { policy = 'random', by = 'cpu' }"),
            ("-", "placement = { policy = 'best-fit', by = ['cpu', 'cpu'] }"),
            ("-", "placement = { policy = 'best-fit', by = ['gpu', 'cpu'] }"),
            ("-", "placement = { policy = 'best-fit', by = 'gpu' }"),
            ("-", "placement = { policy = 'best-fit', by = [] }"),
            ("-", "placement = { policy = 'best-fit', weights = { cpu = 1 } }"),
            ("-", "placement = { policy = 'best-fit-l1', weights = { cpu = 0.0005 } }"),
            ("-", "placement = { policy = 'best-fit-l1', weights = { cpuu = 1 } }"),
            ("-", "placement = { policy = 'best-fit-l1', weights = { gpu = 1 } }"),
            ("-", "placement = { policy = 'best-fit-l2', weights = { cpu = 0 } }"),
            ("-", "placement = { policy = 'best-fit-l2', weights = 2 }"),
            ("-", "placement = { policy = 'cosine', norm = 'rack' }"),
            ("-", "placement = { policy = 'power-of-d', d = 0 }"),
            ("-", "placement = { policy = 'epvm', base = 0.5 }"),
            ("-", "placement = { policy = 'lifetime-bucket', bounds = ['1 h', '5 min'] }"),
            ("-", "placement = { policy = 'lifetime-bucket', bounds = [] }"),
            ("-", "placement = { policy = 'rules' }"),
            (
                "-",
                "placement = { policy = 'rules', rules = [{ score = 'best' }, { quantum = 0 }] }",
            ),
            ("-", "placement = { policy = 'rules', rules = [{ score = 'label', key = 'gen' }] }"),
            ("-", "placement = { policy = 'rules', rules = [{ score = 'epvm', key = 'gen' }] }"),
            (
                "-",
                "placement = { policy = 'rules', rules = [{ score = 'label', key = 'a', value = 'b' }] }",
            ),
            ("-", "placement = { policy = 'best-fit', predictions = { error = 1 } }"),
            (
                "-",
                "placement = { policy = 'greedy-extension', predictions = { error = -1, misses = '200%', miss-factor = 0.5, repredict = 1 } }",
            ),
            ("-", "placement = { policy = 'scores', ties = 'any' }"),
            (
                "-",
                "placement = { scores = [{ weight = 2 }, { score = 'epvm', expression = '1' }] }",
            ),
            ("-", "placement = { scores = [{ expression = 'free_cpuu / 2' }] }"),
            (
                "-",
                "placement = { scores = [{ expression = 'free_cpu ** 2' }], filters = 'vms < 2' }",
            ),
            (
                "-",
                "placement = { scores = [{ expression = 'min(free_cpu' }], filters = ['exp(1)'] }",
            ),
            ("-", "placement = { scores = [{ expression = 'free_gpu', weight = -1 }] }"),
            ("-", "placement = { scores = [{ expression = '1', key = 'gen' }], rules = [] }"),
            ("-", "placement = { policy = 'best-fit', filters = ['vms < 2'] }"),
            ("-", "placement = { policy = 'nova', plugins = {}, algorithm = 'spread' }"),
            ("-", "placement = { policy = 'kubernetes', plugins = {}, fit = 'best' }"),
            ("-", "placement = { policy = 'kubernetes', fit = 'ratio' }"),
            ("-", "placement = { policy = 'kubernetes', shape = [] }"),
            ("-", "placement = { policy = 'kubernetes', fit = 'ratio', shape = [] }"),
            (
                "-",
                "placement = { policy = 'kubernetes', fit = 'ratio', shape = [{ used = 9, score = 1 }, { used = 9, score = 11 }, { used = 8, score = 0 }] }",
            ),
            ("-", "placement = { policy = 'kubernetes', resources = {} }"),
            ("-", "placement = { policy = 'kubernetes', resources = { cpu = 0, gqu = 1 } }"),
            ("-", "placement = { policy = 'kubernetes', resources = { gpu = 1 } }"),
            ("-", "placement = { policy = 'nova', weighers = { cpu = 'much', disk = -1e9 } }"),
            ("-", "placement = { policy = 'nova', weighers = { disk = 2 } }"),
            ("-", "placement = { policy = 'nomad', algorithm = 'pack', visits = 3 }"),
            ("-", "expect = [{ metric = 'hosts', at-most = '5%' }]"),
            ("-", "expect = [{ metric = 'refused' }]"),
            ("-", "expect = [{ metric = 'refused', at-most = '1%', at-least = '2%' }]"),
            ("-", "expect = [{ metric = 'refused', at-most = 'few' }]"),
            ("-", "expect = [{ metric = 'time-to-ready-p50', at-most = '10' }]"),
            ("-", "expect = [{ metric = 'time-to-ready-p50', at-most = '10 s' }]"),
            ("-", "procurement = { trigger = 70, batch = 0, max-hosts = -1 }"),
            ("-", "procurement = [{ trigger = 0.7, batch = 1 }, { trigger = 0.8, batch = 1 }]"),
            ("-", "procurement = { trigger = '70%', batch = 1, pool = 'x', review = '1 ms' }"),
        ],
        expect![[r#"
            rate = '1 per day'
                13:1+4 `alive` and `rate` exclude each other | delete one of them
            flavors = { f = 1 }
                13:1+7 `flavor` and `flavors` exclude each other | delete one of them
            trace = 'requests.csv'
                13:1+5 `alive` and `trace` exclude each other | delete one of them
                15:1+6 `flavor` is not for a trace | the rows of the trace say it
            placement = { policy = 'random', by = 'cpu' }
                2:34+2 `by` is for `best-fit` and `worst-fit` | delete it
            placement = { policy = 'best-fit', by = ['cpu', 'cpu'] }
                2:49+5 `cpu` is there twice
            placement = { policy = 'best-fit', by = ['gpu', 'cpu'] }
                fine
                warning 2:42+5 no demand asks for `gpu`, so it decides nothing | delete it here
            placement = { policy = 'best-fit', by = 'gpu' }
                warning 2:41+5 no demand asks for `gpu`, so it decides nothing | delete it here
                2:41+5 no demand asks for any of these | delete `by`
            placement = { policy = 'best-fit', by = [] }
                2:41+2 `by` is empty | delete it to compare all resources
            placement = { policy = 'best-fit', weights = { cpu = 1 } }
                2:36+7 `weights` is for `power-of-d`, `best-fit-l1`, `best-fit-l2`, `best-fit-linf`, `worst-fit-l1`, `worst-fit-l2`, `worst-fit-linf`, `dot-product`, `norm-greedy`, `greedy-extension`, `lifetime-bucket`, `rules` and `scores` | delete it
            placement = { policy = 'best-fit-l1', weights = { cpu = 0.0005 } }
                2:57+6 `cpu` has more than three decimals | round it
            placement = { policy = 'best-fit-l1', weights = { cpuu = 1 } }
                2:51+4 no resource is called `cpuu` | did you mean `cpu`?
            placement = { policy = 'best-fit-l1', weights = { gpu = 1 } }
                2:49+11 no demand asks for any of these | delete `weights`
            placement = { policy = 'best-fit-l2', weights = { cpu = 0 } }
                2:57+1 `cpu` is above 0 and at most 1000000, not `0`
            placement = { policy = 'best-fit-l2', weights = 2 }
                2:49+1 `weights` is a table, not a number | write it like `{ cpu = 2, memory = 1 }`
            placement = { policy = 'cosine', norm = 'rack' }
                2:41+6 no norm is called `rack` | there are host, fleet
            placement = { policy = 'power-of-d', d = 0 }
                2:42+1 `d` is at least 1, not `0`
            placement = { policy = 'epvm', base = 0.5 }
                2:39+3 `base` is from 1 to 1000000000, not `0.5`
            placement = { policy = 'lifetime-bucket', bounds = ['1 h', '5 min'] }
                2:52+16 `bounds` do not ascend | sort them
            placement = { policy = 'lifetime-bucket', bounds = [] }
                2:52+2 `bounds` has 1 to 100 durations, not 0
            placement = { policy = 'rules' }
                2:13+20 the policy `rules` has no rules | add `rules = [{ score = "non-empty" }, { score = "best-fit", quantum = 0.25 }]`
            placement = { policy = 'rules', rules = [{ score = 'best' }, { quantum = 0 }] }
                2:52+6 no score is called `best` | there are best-fit, worst-fit, best-fit-l1, worst-fit-l1, best-fit-l2, worst-fit-l2, best-fit-linf, worst-fit-linf, dot-product, norm-greedy, cosine, tetris, epvm, balance-fit, label, non-empty, extension, image-locality
                2:62+15 `score` is missing | add `score = "best-fit"`
                2:74+1 `quantum` is above 0 and at most 1000000000000000, not `0`
            placement = { policy = 'rules', rules = [{ score = 'label', key = 'gen' }] }
                2:42+32 a score about a label has a `key` and a `value` | write it like `{ score = "label", key = "gen", value = "g2" }`
            placement = { policy = 'rules', rules = [{ score = 'epvm', key = 'gen' }] }
                2:42+31 `key` and `value` are for the score `label` | delete them
            placement = { policy = 'rules', rules = [{ score = 'label', key = 'a', value = 'b' }] }
                fine
                warning 2:42+43 no host has the label `a=b` | the score decides nothing
            placement = { policy = 'best-fit', predictions = { error = 1 } }
                2:36+11 `predictions` is for `greedy-extension`, `lifetime-bucket`, `rules` and `scores` | delete it
            placement = { policy = 'greedy-extension', predictions = { error = -1, misses = '200%', miss-factor = 0.5, repredict = 1 } }
                2:68+2 `error` cannot be negative: `-1`
                2:81+6 `misses` is at most 100%
                2:103+3 `miss-factor` is from 1 to 1000000, not `0.5`
                2:120+1 `repredict` is true or false, not a number | write it like `true`
            placement = { policy = 'scores', ties = 'any' }
                2:41+5 no way with ties is called `any` | there are lowest-index, random
            placement = { scores = [{ weight = 2 }, { score = 'epvm', expression = '1' }] }
                2:25+14 this score has neither a `score` nor an `expression` | add `score = "best-fit"`
                2:59+10 a score is a `score` or an `expression`, not both | make it two of them
            placement = { scores = [{ expression = 'free_cpuu / 2' }] }
                2:41+9 no value is called `free_cpuu` | did you mean `free_cpu`?
            placement = { scores = [{ expression = 'free_cpu ** 2' }], filters = 'vms < 2' }
                2:51+1 this is no expression: there should be a number, a name or `(`, not `*` | write it like `"free_cpu / capacity_cpu - 0.5 * vms"`
                2:70+9 `filters` is a list, not text | write it like `["vms < 20", "left_memory / capacity_memory >= 0.1"]`
            placement = { scores = [{ expression = 'min(free_cpu' }], filters = ['exp(1)'] }
                2:53+1 this is no expression: it ends where there should be `)` | write it like `"free_cpu / capacity_cpu - 0.5 * vms"`
                2:71+3 this is no expression: no function is called `exp`; there are `min`, `max`, `abs`, `floor`, `ceil`, `sqrt`, `if` | write it like `"free_cpu / capacity_cpu - 0.5 * vms"`
            placement = { scores = [{ expression = 'free_gpu', weight = -1 }] }
                fine
                warning 2:40+10 no demand asks for that, so `free_gpu` is always 0 | take it out
            placement = { scores = [{ expression = '1', key = 'gen' }], rules = [] }
                2:25+33 `key` and `value` are for the score `label` | delete them
                2:61+5 `rules` is for `rules` | delete it
            placement = { policy = 'best-fit', filters = ['vms < 2'] }
                2:36+7 `filters` is for `rules` and `scores` | delete it
            placement = { policy = 'nova', plugins = {}, algorithm = 'spread' }
                2:32+7 `plugins` is for `kubernetes` | delete it
                2:46+9 `algorithm` is for `nomad` | delete it
            placement = { policy = 'kubernetes', plugins = {}, fit = 'best' }
                2:48+2 no plugin has a weight, so all hosts are alike | give one a weight, or delete `plugins`
                2:58+6 no fit is called `best` | did you mean `least`?
            placement = { policy = 'kubernetes', fit = 'ratio' }
                2:38+3 `shape` is missing | add `shape = [{ used = 0, score = 0 }, { used = 100, score = 10 }]`
            placement = { policy = 'kubernetes', shape = [] }
                2:38+5 `shape` is for `fit = "ratio"` | delete it
            placement = { policy = 'kubernetes', fit = 'ratio', shape = [] }
                2:61+2 `shape` is empty | give it at least one point
            placement = { policy = 'kubernetes', fit = 'ratio', shape = [{ used = 9, score = 1 }, { used = 9, score = 11 }, { used = 8, score = 0 }] }
                2:107+2 `score` is at most 10, not `11`
                2:113+23 the points of a shape ascend in `used`
            placement = { policy = 'kubernetes', resources = {} }
                2:50+2 `resources` is weights by resource | write it like `{ cpu = 1, memory = 1, gpu = 5 }`
            placement = { policy = 'kubernetes', resources = { cpu = 0, gqu = 1 } }
                2:58+1 `cpu` is at least 1, not `0`
                2:61+3 no resource is called `gqu` | did you mean `gpu`?
            placement = { policy = 'kubernetes', resources = { gpu = 1 } }
                fine
                warning 2:52+3 no demand asks for `gpu`, so it decides nothing | delete it here
            placement = { policy = 'nova', weighers = { cpu = 'much', disk = -1e9 } }
                2:51+6 `cpu` is a number, not text | write it like `10`
                2:66+4 `disk` is from -1000000 to 1000000, not `-1e9`
            placement = { policy = 'nova', weighers = { disk = 2 } }
                fine
                warning 2:52+1 no demand asks for `disk`, so it decides nothing | delete it here
            placement = { policy = 'nomad', algorithm = 'pack', visits = 3 }
                2:45+6 no algorithm is called `pack` | there are binpack, spread
                2:62+1 `visits` is text, not a number | did you mean `"3"`?
            expect = [{ metric = 'hosts', at-most = '5%' }]
                2:41+4 `hosts` is not a part of something | `hosts` is a number of its own, not a percentage
            expect = [{ metric = 'refused' }]
                2:11+22 this expectation has no bound | add `at-most` or `at-least`
            expect = [{ metric = 'refused', at-most = '1%', at-least = '2%' }]
                2:49+8 `at-least` is more than `at-most`
            expect = [{ metric = 'refused', at-most = 'few' }]
                2:43+5 `few` is not a bound of `refused` | write it like `100` or `"0.1%"`
            expect = [{ metric = 'time-to-ready-p50', at-most = '10' }]
                2:53+4 `at-most` is a number, not text | write it like `"10 s"`
            expect = [{ metric = 'time-to-ready-p50', at-most = '10 s' }]
                fine
            procurement = { trigger = 70, batch = 0, max-hosts = -1 }
                2:27+2 `trigger` is above 0% and at most 1000%, not `70` | did you mean `"70%"`?
                2:39+1 `batch` is at least 1, not `0`
                2:54+2 `max-hosts` cannot be negative: `-1` | it is 0 or more
            procurement = [{ trigger = 0.7, batch = 1 }, { trigger = 0.8, batch = 1 }]
                2:46+28 there is another rule for this pool and model | delete one of them
            procurement = { trigger = '70%', batch = 1, pool = 'x', review = '1 ms' }
                2:52+3 no pool is called `x` | there is `p`
                2:66+6 `review` is at least 1 min, not `1 ms`
        "#]],
    );
}

#[test]
fn wrong_rules_say_what_is_wrong() {
    check_lines(
        &[
            ("demand", "requires = 'g1'"),
            ("demand", "requires = { gen = [] }"),
            ("demand", "requires = { gen = 3, 'a=b' = 'c' }"),
            ("demand", "requires = { gen = ['g1', 'g2'] }"),
            ("demand", "requires = { gen = '*' }"),
            ("demand", "forbids = { gen = ['g1', '*'] }"),
            ("demand", "forbids = { gen = ['g1', 'g2'] }"),
            ("demand", "prefers = { labels = { gen = 'g1' }, weight = 0 }"),
            ("demand", "prefers = [{ weight = 101 }]"),
            ("demand", "prefers = [{ labels = { gen = 'g1' } }]"),
            ("demand", "tolerates = ['gpu']"),
            ("demand", "tolerates = { gpu = 'only' }"),
            ("demand", "exclusive = 'yes'"),
            ("pool", "taints = { gpu = 'only' }"),
            ("pool", "taints = 'gpu=only'"),
            ("pool", "soft-taints = { gpu = 'only' }"),
            ("model", "taints = { gpu = 1 }"),
            ("pool", "overcommit = { cpu = 0 }"),
            ("pool", "overcommit = { cpus = 2 }"),
            ("pool", "overcommit = 2"),
        ],
        expect![[r#"
            requires = 'g1'
                13:12+4 `requires` is a table, not text | write it like `{ gen = "g1" }`, `{ gen = ["g1", "g2"] }` or `{ gen = "*" }`
            requires = { gen = [] }
                13:20+2 `gen` has no value | write it like `{ gen = "g1" }`, `{ gen = ["g1", "g2"] }` or `{ gen = "*" }`
            requires = { gen = 3, 'a=b' = 'c' }
                13:20+1 `gen` is text, not a number | did you mean `"3"`?
                13:23+5 a label's name has no `=` in it: `a=b`
            requires = { gen = ['g1', 'g2'] }
                fine
                warning 12:1+10 no host will do for this demand: each lacks a label, has one that it forbids, or has a taint that it does not tolerate | compare `requires`, `forbids` and `tolerates`
            requires = { gen = '*' }
                fine
                warning 12:1+10 no host will do for this demand: each lacks a label, has one that it forbids, or has a taint that it does not tolerate | compare `requires`, `forbids` and `tolerates`
            forbids = { gen = ['g1', '*'] }
                fine
                warning 12:1+10 this demand forbids the label `gen=*`, and no host has it | there is no label here
            forbids = { gen = ['g1', 'g2'] }
                fine
                warning 12:1+10 this demand forbids the label `gen=g1`, and no host has it | there is no label here
                warning 12:1+10 this demand forbids the label `gen=g2`, and no host has it | there is no label here
            prefers = { labels = { gen = 'g1' }, weight = 0 }
                13:47+1 `weight` is at least 1, not `0`
            prefers = [{ weight = 101 }]
                13:12+16 `labels` is missing | add `labels = { disk = "ssd" }`
                13:23+3 `weight` is at most 100, not `101`
            prefers = [{ labels = { gen = 'g1' } }]
                fine
                warning 12:1+10 this demand prefers the label `gen=g1`, and no host has it | there is no label here
            tolerates = ['gpu']
                13:13+7 `tolerates` is a table, not a list | write it like `{ gen = "g1" }`
            tolerates = { gpu = 'only' }
                fine
                warning 12:1+10 this demand tolerates the taint `gpu=only`, and no host has it | there is no taint here
            exclusive = 'yes'
                13:13+5 `exclusive` is true or false, not text | write it like `true`
            taints = { gpu = 'only' }
                fine
                warning 13:1+10 no host will do for this demand: each lacks a label, has one that it forbids, or has a taint that it does not tolerate | compare `requires`, `forbids` and `tolerates`
            taints = 'gpu=only'
                8:10+10 `taints` is a table, not text | write it like `{ gen = "g1" }`
            soft-taints = { gpu = 'only' }
                fine
            taints = { gpu = 1 }
                5:18+1 `gpu` is text, not a number | did you mean `"1"`?
            overcommit = { cpu = 0 }
                8:22+1 `cpu` is above 0 and at most 1000, not `0`
            overcommit = { cpus = 2 }
                8:16+4 there is no key `cpus` here | did you mean `cpu`?
            overcommit = 2
                8:14+1 `overcommit` is a table, not a number | write it like `{ cpu = 2 }`
        "#]],
    );
}

#[test]
fn wrong_groups_say_what_is_wrong() {
    check_lines(
        &[
            ("demand", "group = { affinity = 'row' }"),
            ("demand", "group = { affinity = true }"),
            ("demand", "group = { anti-affinity = 'row' }"),
            ("demand", "group = { anti-affinity = 1 }"),
            ("demand", "group = { anti-affinity = 'rack', max-per-rack = 2 }"),
            ("demand", "group = { max-skew = 1 }"),
            ("demand", "group = { max-skew = { zone = -1 } }"),
            ("demand", "group = { max-skew = { zone = 0 } }"),
            ("demand", "group = { max-skew = { region = 1 } }"),
            ("demand", "group = { prefers = {} }"),
            ("demand", "group = { prefers = { affinity = 'zone', spread = 'rack' } }"),
            ("demand", "group = { prefers = { affinity = 'zone', max-skew = 2 } }"),
            ("demand", "group = { prefers = [{ spread = 'zone' }, { spread = 'zone' }] }"),
            ("demand", "group = { prefers = { anti-affinity = 'zone', weight = -5 } }"),
            ("demand", "group = { prefers = { anti-affinity = 'zone', weight = 5 } }"),
        ],
        expect![[r#"
            group = { affinity = 'row' }
                13:22+5 no kind of place is called `row` | there are host, rack, zone
            group = { affinity = true }
                13:22+4 `affinity` is text, not true or false | write it like `"text"`
            group = { anti-affinity = 'row' }
                13:27+5 no kind of place is called `row` | there are host, rack, zone
            group = { anti-affinity = 1 }
                13:27+1 `anti-affinity` is true or a kind of place, not a number | write it like `true` or `"rack"`
            group = { anti-affinity = 'rack', max-per-rack = 2 }
                13:11+13 `anti-affinity` means `max-per-rack = 1` | delete one of them
            group = { max-skew = 1 }
                13:22+1 `max-skew` is a table, not a number | write it like `{ host = 1 }`
            group = { max-skew = { zone = -1 } }
                13:31+2 `zone` cannot be negative: `-1` | it is 1 or more
            group = { max-skew = { zone = 0 } }
                13:31+1 `zone` is at least 1, not `0`
            group = { max-skew = { region = 1 } }
                13:24+6 there is no key `region` here | the keys here are host, rack, zone
            group = { prefers = {} }
                13:21+2 a wish is one of `affinity`, `anti-affinity` and `spread` | write it like `{ spread = "zone" }`
            group = { prefers = { affinity = 'zone', spread = 'rack' } }
                13:21+38 a wish is one of `affinity`, `anti-affinity` and `spread` | write it like `{ spread = "zone" }`
            group = { prefers = { affinity = 'zone', max-skew = 2 } }
                13:42+8 `max-skew` is for `spread` | delete it
            group = { prefers = [{ spread = 'zone' }, { spread = 'zone' }] }
                13:54+6 this spread is there twice | delete one of them
            group = { prefers = { anti-affinity = 'zone', weight = -5 } }
                13:56+2 `weight` cannot be negative: `-5` | it is 1 or more
            group = { prefers = { anti-affinity = 'zone', weight = 5 } }
                fine
        "#]],
    );
}

#[test]
fn wrong_tenants_say_what_is_wrong() {
    check_lines(
        &[
            ("-", "tenants = 5"),
            ("-", "tenants = { default = 5 }"),
            ("-", "tenants = { defualt = { exclusive = true } }"),
            ("-", "tenants = { default = { exclusive = 1 } }"),
            ("-", "tenants = { default = { quotas = { cpu = 1 } } }"),
            ("-", "tenants = { default = { quota = 5 } }"),
            ("-", "tenants = { default = { quota = {} } }"),
            ("-", "tenants = { default = { quota = { cpus = 5 } } }"),
            ("-", "tenants = { default = { quota = { cpu = -5 } } }"),
            ("-", "tenants = { default = { quota = { memory = 5 } } }"),
            ("-", "tenants = { default = { quota = { vms = 1.5 } } }"),
            ("-", "tenants = { default = { quota = { vms = 5, cpu = 0 } } }"),
        ],
        expect![[r#"
            tenants = 5
                2:11+1 `tenants` is a table of tables, not a number | write it like `[tenants.web]`
            tenants = { default = 5 }
                2:23+1 `default` is a table, not a number | write it like `{ quota = { cpu = 200, vms = 100 } }`
            tenants = { defualt = { exclusive = true } }
                fine
                warning 2:13+7 no demand belongs to the tenant `defualt` | did you mean `default`?
            tenants = { default = { exclusive = 1 } }
                2:37+1 `exclusive` is true or false, not a number | write it like `true`
            tenants = { default = { quotas = { cpu = 1 } } }
                2:25+6 there is no key `quotas` here | did you mean `quota`?
            tenants = { default = { quota = 5 } }
                2:33+1 `quota` is a table, not a number | write it like `{ vms = 100 }`
            tenants = { default = { quota = {} } }
                2:33+2 this quota bounds nothing | add what it may have, such as `cpu = 100` or `vms = 50`
            tenants = { default = { quota = { cpus = 5 } } }
                2:35+4 there is no key `cpus` here | did you mean `cpu`?
            tenants = { default = { quota = { cpu = -5 } } }
                2:41+2 `-5` is negative
            tenants = { default = { quota = { memory = 5 } } }
                2:44+1 `5` does not say its unit | did you mean `5 GiB`?
            tenants = { default = { quota = { vms = 1.5 } } }
                2:41+3 `vms` is a whole number, not `1.5`
            tenants = { default = { quota = { vms = 5, cpu = 0 } } }
                fine
        "#]],
    );
    let scenario = right(&format!(
        "{SMALL}tenant = 'web'\n[tenants.web]\nquota = {{ cpu = 5, memory = '1 GiB', vms = 3 }}\n"
    ));
    let mut rules = TenantRules { vms_max: 3, ..TenantRules::NONE };
    // Nobody asks for memory.
    rules.quota[0] = 5_000;
    assert_eq!((scenario.tenants, scenario.tenant_rules), (vec!["web".to_owned()], vec![rules]));
}

#[test]
fn taints_come_from_models_pools_hosts_and_inventories() {
    let inventory =
        "name,model,taint:gpu,soft-taint:old,label:gen,taint:\nh1,m,only,,g1,\nh2,m,,yes,,\n";
    let text = SMALL
        .replace(
            "hosts = { model = 'm', count = 2 }",
            "hosts = 'tainted.csv'\ntaints = { p = 'q' }",
        )
        .replace("memory = '16 GiB'", "memory = '16 GiB'\nsoft-taints = { p = 'q', old = 'no' }");
    let read = |inventory: String| {
        let mut files = files();
        files.insert("tainted.csv", inventory.into_bytes());
        read(&Input { file: "t.toml", text: &text, overrides: &[] }, &files)
    };
    let problems = read(inventory.to_owned()).expect_err("a taint without a key");
    assert!(draw(&problems).contains("has no key"), "{}", draw(&problems));
    let scenario =
        read(inventory.replace(",taint:\n", "\n").replace(",\n", "\n")).unwrap().scenario;
    let taints: Vec<String> = scenario
        .taints
        .iter()
        .map(|taint| format!("{}{}", if taint.is_hard { "" } else { "~" }, taint.name))
        .collect();
    let of = |host: &HostSpec| {
        let host_type = &scenario.host_types[host.host_type.row()];
        let names = host_type.taints.iter().map(|taint| taints[taint.row()].clone());
        names.collect::<Vec<_>>().join(" ")
    };
    let told: Vec<String> = scenario.hosts.iter().map(of).collect();
    assert_eq!(told, ["gpu=only ~old=no ~p=q p=q", "~old=yes ~p=q p=q"]);
}

#[test]
fn a_pool_sells_hosts_by_its_own_ratios() {
    let text = SMALL.replace("cpu = 8", "cpu = 8\novercommit = { cpu = 2, memory = 1.5 }");
    let second = "[[pools]]\nname = 'q'\nhosts = { model = 'm', count = 1 }\n\
                  overcommit = { cpu = 1.5 }\n[[demand]]\nname = 'e'\nflavor = 'g'\nalive = 1\n\
                  [flavors.g]\nmemory = '1 GiB'\n";
    let scenario = right(&(text + second));
    let sold = |host: usize| {
        let host_type = &scenario.host_types[scenario.hosts[host].host_type.row()];
        let model = &scenario.models[host_type.model.row()];
        (model.name.as_str(), model.total[0], model.effective[0], model.effective[1])
    };
    assert_eq!(sold(0), ("m", 8_000, 16_000, 24_576));
    assert_eq!(sold(2), ("m", 8_000, 12_000, 24_576));
}

#[test]
fn names_are_unique_and_chains_end() {
    check(
        &format!("{SMALL}[[demand]]\nname = 'd'\nflavor = 'f'\nalive = 1\n[[pools]]\nname = 'p'\n"),
        expect![[r#"
            16:8+3 two demands are called `d` | give each a name of its own
            20:8+3 two pools are called `p` | give each a name of its own
        "#]],
    );
    check(
        &format!(
            "{SMALL}[host-models.a]\nextends = 'b'\n[host-models.b]\nextends = 'c'\n[host-models.c]\nextends = 'a'\n[host-models.d]\nextends = 'a'\ncpu = 1\n[flavors.g]\nextends = 'g'\n[flavors.h]\nextends = 'F'\n"
        ),
        expect![[r#"
            16:11+3 `a` extends itself | a → b → c → a
            25:11+3 `g` extends itself | g → g
            27:11+3 no flavor is called `F` | did you mean `f`?
        "#]],
    );
}

#[test]
fn files_are_read_and_their_problems_told() {
    let traced = SMALL.replace("flavor = 'f'\nalive = 3", "trace = 'TRACE'");
    let hosted = SMALL.replace("{ model = 'm', count = 2 }", "'HOSTS'");
    let said = |text: &str| told(read_with("dir/t.toml", text, &[])).replace("dir/t.toml", "");
    let mut drawn = String::new();
    for trace in [
        "requests.csv",
        "sized.csv",
        "flavors.csv",
        "groups.csv",
        "broken.csv",
        "none.csv",
        "t.toml",
    ] {
        drawn += &format!(
            "{trace}\n    {}\n",
            said(&traced.replace("TRACE", trace)).trim_end().replace('\n', "\n    ")
        );
    }
    for hosts in ["bad-hosts.csv", "none.csv"] {
        drawn += &format!(
            "{hosts}\n    {}\n",
            said(&hosted.replace("HOSTS", hosts)).trim_end().replace('\n', "\n    ")
        );
    }
    expect![[r#"
        requests.csv
            fine
        sized.csv
            fine
        flavors.csv
            13:9+13 the trace names the pool `q`, which is not there | there is `p`
            13:9+13 rows of the trace leave their size to the flavor `ff`, which is not there | did you mean `f`?
        groups.csv
            fine
            warning 11:1+10 a row of the trace asks for more cpu than a host has: 900 vCPU of 8 vCPU | such requests will be refused, or wait
            warning 13:9+12 the trace has groups, and nothing says what they mean | add `group = { max-per-host = 1 }` to keep them apart
        broken.csv
            broken.csv2:6+1 `x` is not a number | a number of vCPU such as `4` or `0.5`, to the thousandth, at most 2^50 of these
        none.csv
            13:9+10 `none.csv` cannot be read: no such file | files are looked for beside the scenario
        t.toml
            13:9+8 `t.toml` is this very scenario | name a CSV file
        bad-hosts.csv
            bad-hosts.csv2:1+1 no host model is called `n` | there is `m`
            bad-hosts.csv3:1+1 no pool is called `q` | there is `p`
        none.csv
            8:9+10 `none.csv` cannot be read: no such file | files are looked for beside the scenario
    "#]].assert_eq(&drawn);
}

#[test]
fn a_scenario_of_traces_ends_with_them() {
    let text = SMALL
        .replace("flavor = 'f'\nalive = 3", "trace = 'requests.csv'")
        .replace("duration = '1 day'\n", "");
    let scenario = right(&text);
    assert_eq!(scenario.duration_ms, 60_000);
    assert_eq!(scenario.kinds.len(), 2);
    assert_eq!(scenario.kinds.name(1), "memory");
}

#[test]
fn wrong_failures_say_what_is_wrong() {
    let cases = [
        "hosts = 5",
        "hosts = '5%'",
        "hosts = '-5% per year'",
        "hosts = '2 per s'",
        "hosts = '1 per hour'\nracks = '9 per fortnight'",
        "hosts = '5% per year'\nburst = '120%'\nburst-size = 0.5",
        "hosts = '5% per year'\nvms = 'evict'\nby-demand = { dd = 'lose' }",
        "hosts = '5% per year'\nspares = 2",
        "hosts = '5% per year'\ncattle = true\nrepair = '1 day'",
        "trace = 'bad-outages.csv'",
        "trace = 'broken.csv'",
        "decision = 'forever'",
        "",
    ];
    let told = cases.map(|case| {
        let drawn = match read_with("t.toml", &format!("{SMALL}[failures]\n{case}\n"), &[]) {
            Ok(read) => draw(&read.warnings),
            Err(problems) => draw(&problems),
        };
        format!("{}\n  {}\n", case.replace('\n', "; "), drawn.trim_end().replace('\n', "\n  "))
    });
    expect![[r#"
        hosts = 5
          16:9+1 `hosts` is how often something fails, not a number | write it like `"5% per year"`
        hosts = '5%'
          16:9+4 `5%` does not say how often something fails | write it like `"5% per year"`; per hour, day, week, month or year
        hosts = '-5% per year'
          16:9+14 `-5%` is negative
        hosts = '2 per s'
          16:9+9 `2 per s` does not say how often something fails | write it like `"5% per year"`; per hour, day, week, month or year
        hosts = '1 per hour'; racks = '9 per fortnight'
          17:9+17 `9 per fortnight` does not say how often something fails | write it like `"5% per year"`; per hour, day, week, month or year
        hosts = '5% per year'; burst = '120%'; burst-size = 0.5
          17:9+6 `burst` is at most 100%
          18:14+3 `burst-size` is from 1 to 100000, not `0.5`
        hosts = '5% per year'; vms = 'evict'; by-demand = { dd = 'lose' }
          17:7+7 no rule is called `evict` | there are evacuate, restart, lose
        hosts = '5% per year'; spares = 2
          warning 17:1+6 `spares` decides nothing: hosts are repaired | add `cattle = true` to replace them
        hosts = '5% per year'; cattle = true; repair = '1 day'
          warning 18:1+6 `repair` decides nothing: hosts that fail are replaced | give `swap` instead
        trace = 'bad-outages.csv'
          bad-outages.csv2:4+2 no host is called `h9` | hosts are called as in the inventory, or by their number from 0
          bad-outages.csv3:5+1 no rack is called `x` | there is `p-z1-r1`
        trace = 'broken.csv'
          broken.csv1:1+1 there is no column `time_s` | an outage begins so many seconds after the start
          broken.csv1:1+1 no column says what fails | add a column `host`, `rack` or `zone` with its name
          warning broken.csv1:1+9 columns not used: arrival_s, lifetime_s, vcpu, mem_mib
        decision = 'forever'
          16:12+9 `decision` cannot be `forever` | write it like `90 days`

          warning 15:1+10 nothing fails | say how often, as in `hosts = "5% per year"`, or name a `trace`
    "#]].assert_eq(&told.concat());
}

#[test]
fn warnings_are_notes_of_the_scenario() {
    let text = SMALL.replace("cpu = 1", "cpu = 9");
    expect![[r#"
        [
            "`f` asks for more cpu than a host has: 9 vCPU of 8 vCPU (t.toml:11)",
        ]
    "#]]
    .assert_debug_eq(&right(&text).notes);
}

#[test]
fn sizes_that_fit_nowhere_are_warnings() {
    check_lines(
        &[
            ("flavor", "cpu = 9"),
            ("flavor", "disk = '1 GiB'"),
            ("flavor", "cpu = 0"),
            ("demand", "labels = { gen = 'g9' }"),
            ("pool", "hosts = []"),
            ("model", "overcommit = { cpu = 0.1 }"),
            ("pool", "growth = { curve = 'linear', from = 5, to = 20 }"),
            ("pool", "growth = { curve = 'linear', to = 5000001 }"),
            ("pool", "growth = { curve = 'linear', to = 20, modle = 'm' }"),
            ("model", "cpu = 1125899906842"),
        ],
        expect![[r#"
            cpu = 9
                fine
                warning 12:1+10 `f` asks for more cpu than a host has: 9 vCPU of 8 vCPU | such requests will be refused, or wait
            disk = '1 GiB'
                fine
                warning 13:1+10 `f` asks for more disk than a host has: 1 GiB of 0 GiB | such requests will be refused, or wait
            cpu = 0
                10:10+1 the flavor `f` asks for nothing | add what it takes, such as `cpu = 2`
            labels = { gen = 'g9' }
                fine
                warning 12:1+10 no host has the labels that this demand needs | compare the `labels`
            hosts = []
                fine
                warning 12:1+10 there are no hosts, and none will come | give a pool `hosts` or `growth`
            overcommit = { cpu = 0.1 }
                fine
                warning 13:1+10 `f` asks for more cpu than a host has: 1 vCPU of 0.8 vCPU | such requests will be refused, or wait
            growth = { curve = 'linear', from = 5, to = 20 }
                fine
                warning 8:10+39 the plan begins at 5 of `m`, and the pool has 2 | leave out `from`: it is what the pool has at the start
            growth = { curve = 'linear', to = 5000001 }
                8:10+34 this grows to more than 5000000 hosts
            growth = { curve = 'linear', to = 20, modle = 'm' }
                8:39+5 there is no key `modle` here | did you mean `model`?
            cpu = 1125899906842
                fine
        "#]],
    );
    check(
        &SMALL.replace("cpu = 8", "cpu = 1125899906842").replace("count = 2", "count = 9000"),
        expect![[r#"
            0:0+1 the cpu of all hosts is more than can be counted
        "#]],
    );
}

#[test]
fn hosts_fill_racks_round_and_round() {
    let text = SMALL.replace("count = 2 }", "count = 5 }\nzones = 2\nracks-per-zone = 2")
        + "[[pools]]\nname = 'q'\nhosts = 'hosts.csv'\n[[pools]]\nname = 'kvm'\nzones = ['z2', 'b']\n[host-models.compute]\ncpu = 8\nmemory = '9 GiB'\n[host-models.newer]\ncpu = 7\novercommit = { cpu = 1.1 }\n";
    let scenario = right(&text);
    let mut drawn = String::new();
    for (row, host) in scenario.hosts.iter().enumerate() {
        let host_type = &scenario.host_types[host.host_type.row()];
        let rack = &scenario.racks[host.rack.row()];
        drawn += &format!(
            "{row} {} {} {} {}/{}\n",
            host.name.as_deref().unwrap_or("-"),
            scenario.models[host_type.model.row()].name,
            scenario.pools[host_type.pool.row()].name,
            scenario.zones[rack.zone.row()],
            rack.name,
        );
    }
    for pool in &scenario.pools {
        let racks = pool.racks.iter().map(|rack| scenario.racks[rack.row()].name.clone());
        drawn += &format!("{}: {}\n", pool.name, racks.collect::<Vec<_>>().join(" "));
    }
    for model in &scenario.models {
        drawn += &format!("{} {:?} {:?}\n", model.name, model.total, model.effective);
    }
    expect![[r#"
        0 - m p z1/p-z1-r1
        1 - m p z2/p-z2-r1
        2 - m p z1/p-z1-r2
        3 - m p z2/p-z2-r2
        4 - m p z1/p-z1-r1
        5 h1 compute q a/x1
        6 h2 48 vCPU / 192 GiB q z1/q-z1-r1
        7 h3 newer kvm b/kvm-b-r1
        8 h4 compute q a/x1
        p: p-z1-r1 p-z2-r1 p-z1-r2 p-z2-r2
        q: x1 q-z1-r1
        kvm: kvm-z2-r1 kvm-b-r1
        m [8000, 0, 0, 0, 0, 0, 0, 0] [8000, 0, 0, 0, 0, 0, 0, 0]
        compute [8000, 0, 0, 0, 0, 0, 0, 0] [8000, 0, 0, 0, 0, 0, 0, 0]
        newer [7000, 0, 0, 0, 0, 0, 0, 0] [7700, 0, 0, 0, 0, 0, 0, 0]
        48 vCPU / 192 GiB [48000, 0, 0, 0, 0, 0, 0, 0] [48000, 0, 0, 0, 0, 0, 0, 0]
    "#]]
    .assert_eq(&drawn);
}

#[test]
fn overrides_go_before_the_file() {
    let set = [
        ("seed", "7"),
        ("duration", "36 months"),
        ("demand.0.alive.curve", "linear"),
        ("pools.p.hosts.count", "5"),
        ("flavors.\"m5.large\".cpu", "0.5"),
        ("demand.d.labels.gen", "g1"),
        ("host-models.m.labels", "{ gen = 'g1' }"),
        ("expect.0.metric", "refused"),
        ("expect.0.at-most", "1%"),
        ("demand.d.alive", "4"),
    ];
    let text = SMALL.replace("alive = 3", "alive = { curve = 'constant', value = 3 }");
    let scenario = match read_with("t.toml", &text, &set) {
        Ok(read) => read.scenario,
        Err(problems) => panic!("{}", draw(&problems)),
    };
    assert_eq!((scenario.seed, scenario.hosts.len(), scenario.flavors.len()), (7, 5, 2));
    assert_eq!(scenario.duration_ms, 1_095 * 86_400_000);
    assert_eq!(scenario.labels, ["gen=g1"]);
    assert_eq!(scenario.expectations.len(), 1);
    let alive = fleetcast_core::scenario::Arrivals::Alive(Curve::Constant(4.0));
    assert_eq!(scenario.demands[0].arrivals, alive);
}

#[test]
fn wrong_overrides_are_told_without_a_place() {
    check_set(
        &[
            &[("sede", "7")],
            &[("seed", "x")],
            &[("seed", "[[[")],
            &[("demand.7.alive", "3")],
            &[("demand.x.alive", "3")],
            &[("demand.0.alive.to", "3")],
            &[("a..b", "3")],
            &[("demand.0.flavor", "g"), ("placement.policy", "best")],
            &[
                ("placement.policy", "best-fit"),
                ("placement.by", "cpu"),
                ("placement.policy", "random"),
            ],
            &[("pools.0.hosts", "other.csv")],
        ],
        expect![[r#"
            sede=7
                --set sede: there is no key `sede` here | did you mean `seed`?
            seed=x
                --set seed: `seed` is a number, not text | write it like `10`
            seed=[[[
                --set seed: `seed` is a number, not text | write it like `10`
            demand.7.alive=3
                --set demand.7.alive: there is no `7` in this list | name one of its tables, or say 0 to 1
            demand.x.alive=3
                --set demand.x.alive: there is no `x` in this list | name one of its tables, or say 0 to 1
            demand.0.alive.to=3
                --set demand.0.alive.to: `to` leads into a number, which has no keys | give the table above it as a whole
            a..b=3
                --set a..b: `a..b` is not a key | write it like `demand.0.alive.to=5000`
            demand.0.flavor=g placement.policy=best
                --set demand.0.flavor: no flavor is called `g` | there is `f`
                --set placement.policy: no policy is called `best` | there are first-fit, last-fit, next-fit, next-fit-closed, round-robin, move-to-front, random, power-of-d, best-fit, worst-fit, best-fit-l1, best-fit-l2, best-fit-linf, worst-fit-l1, worst-fit-l2, worst-fit-linf, dot-product, norm-greedy, cosine, tetris, epvm, balance-fit, greedy-extension, lifetime-bucket, kubernetes, nova, nomad, fgd, rules, scores
            placement.policy=best-fit placement.by=cpu placement.policy=random
                --set placement.by: `by` is for `best-fit` and `worst-fit` | delete it
            pools.0.hosts=other.csv
                --set pools.0.hosts: `other.csv` cannot be read: no such file | files are looked for beside the scenario
        "#]],
    );
    let with_by = format!("{SMALL}[placement]\npolicy = 'best-fit'\nby = 'cpu'\n");
    let said = told(read_with("t.toml", &with_by, &[("placement.policy", "random")]));
    assert_eq!(said, "fine\n");
}

#[test]
fn syntax_errors_do_not_hide_the_rest() {
    check(
        "name = 'x\nduration = 5\nseed = 16 apples\n[host-models.a]\ncpu = 8\ncpu = 9\nmemory = 64 GiB\n[[pools]]\nname = 'p'\nzones = -1\n",
        expect![[r#"
            1:10+1 invalid literal string, expected `'`
            2:12+1 `duration` does not say its unit | did you mean `"5 days"` or `"5 s"`?
            3:8+9 text must be in quotes | did you mean `"16 apples"`?
            6:1+3 duplicate key | a table has each key once: delete one of them
            7:10+6 text must be in quotes | did you mean `"64 GiB"`?
            10:9+2 `zones` cannot be negative: `-1` | it is 1 or more
        "#]],
    );
    let check_json = |text: &str, expected: Expect| {
        expected.assert_eq(&told(read_with("t.json", text, &[])).replace("t.json", ""));
    };
    check_json(
        r#"{"name": "x", "name": "y", "seed": null, }"#,
        expect![[r#"
        1:40+1 trailing commas are not allowed
    "#]],
    );
    check_json(
        r#"{"name": "x", "name": "y", "seed": null}"#,
        expect![[r#"
        0:0+1 `demand` is missing | add `demand = [{ name = "vms", flavor = "small", alive = 1000 }]`
        0:0+1 `duration` is missing | add `duration = "36 months"`
        0:0+1 `pools` is missing | add `pools = [{ name = "kvm" }]`
        1:15+6 duplicate key | a table has each key once: delete one of them
        1:36+4 `seed` is a number, not null | write it like `10`
    "#]],
    );
    check_json(
        "[]",
        expect![[r#"
            1:1+2 a scenario is an object, not a list
        "#]],
    );
}

#[test]
fn what_is_too_much_is_refused() {
    let long = format!("name = '{}'\n{SMALL}", "x".repeat(5 << 20));
    check(
        &long,
        expect![[r#"
            0:0+1 the scenario is longer than 4 MiB | put lists of hosts and requests into CSV files
        "#]],
    );
    let many: String = (0..10_001).map(|row| format!("[flavors.g{row}]\ncpu = 1\n")).collect();
    check(
        &format!("{SMALL}{many}"),
        expect![[r#"
        9:2+7 `flavors` has more than 10000 entries
        13:10+3 no flavor is called `f` | there is no flavor here
    "#]],
    );
    let mut part = "distribution = 'constant', value = '1 day'".to_owned();
    for _ in 0..5 {
        part = format!("distribution = 'mixture', of = [{{ weight = 1, {part} }}]");
    }
    let deep = format!("lifetime = {{ {part} }}\n");
    check(
        &format!("{SMALL}{deep}"),
        expect![[r#"
            15:184+107 mixtures of mixtures go 4 deep at most
        "#]],
    );
    let wide = format!("{SMALL}labels = {{ {} }}\n", "x".repeat(1_000_000));
    let said = told(read_with("t.toml", &wide, &[]));
    assert!(said.len() < 1_000, "{}", said.len());
    let wrong: String = (0..20_000).map(|row| format!("k{row} = 1\n")).collect();
    let said = told(read_with("t.toml", &format!("{wrong}{SMALL}"), &[]));
    assert!(said.ends_with("and 19900 more\n"), "{}", &said[said.len() - 40..]);
}

#[test]
fn what_would_run_for_hours_is_refused() {
    check_lines(
        &[
            ("demand", "alive = 1000000000"),
            ("demand", "alive = 1000000001"),
            ("model", "retire-after = '23 h'"),
        ],
        expect![[r#"
            alive = 1000000000
                fine
            alive = 1000000001
                13:9+10 `alive` is from 0 to 1000000000, not `1000000001`
            retire-after = '23 h'
                5:16+6 `retire-after` is at least 1 day, not `23 h`
        "#]],
    );
    let with = |demand: &str, more: &str| {
        let years = SMALL.replace("1 day", "1000 years");
        format!("{}{more}", years.replace("alive = 3", demand))
    };
    let events = "{ at = '1 h', lasts = '1 h', factor = 1000000 },\n".repeat(1_000);
    let cases = [
        with("alive = 3\nlifetime = { distribution = 'weibull', shape = 0.5, mean = '1 min' }", ""),
        with("rate = '1000000 per second'", ""),
        with(&format!("rate = '1 per day'\nseason = {{ events = [\n{events}] }}"), ""),
        // Each of two is right by itself.
        with(
            "alive = 1\nlifetime = '40 s'",
            "[[demand]]\nname = 'e'\nflavor = 'f'\nalive = 1\nlifetime = '40 s'\n",
        ),
        // The peak is short, and the rest is nothing.
        with(
            "lifetime = '1 min'\nalive = { curve = 'steps', from = 0, steps = [\n\
             { at = '1 year', to = 100000 }, { at = '8767 h', to = 0 }] }",
            "",
        ),
        with("alive = 1", "[procurement]\nbatch = 1\ntrigger = '70%'\nreview = '59 s'\n"),
        with("alive = 1", "[procurement]\nbatch = 1\ntrigger = '70%'\nreview = '1 min'\n"),
        with("alive = 1", "")
            .replace("hosts =", "growth = { curve = 'constant', value = 14 }\nhosts =")
            .replace("cpu = 8", "cpu = 8\nretire-after = '1 day'"),
        with("alive = 1", "")
            .replace("name = 'p'", "name = 'p'\nzones = 1000\nracks-per-zone = 10000"),
        (0..1_100).fold(with("alive = 1", ""), |text, row| {
            let demand = format!("[[demand]]\nname = 'd{row}'\nflavor = 'f'\nalive = 1\n");
            text + &demand + &format!("[flavors.f{row}]\ncpu = 1\n")
        }),
    ];
    let said: Vec<String> = cases.iter().map(|text| told(read_with("t.toml", text, &[]))).collect();
    expect![[r#"
        14:1+5 the demand `d` would make 1.58 billion requests, and 1 billion are the most | lengthen `lifetime`, lower the count, or shorten `duration`
        14:1+4 the demand `d` would make more than a million billion requests, and 1 billion are the most | lower the rate or its `season`, or shorten `duration`
        14:1+4 the demand `d` would make more than a million billion requests, and 1 billion are the most | lower the rate or its `season`, or shorten `duration`
        0:0+1 the demands together would make 1.58 billion requests, and 1 billion are the most | shorten `duration`, or scale the demands down
        fine
        18:10+6 `review` is at least 1 min, not `59 s`
        18:1+6 someone would look more than 100 million times whether to order | raise `review`, or shorten `duration`
        9:10+34 with those that replace aged hosts, this plan comes to more than 5000000 hosts | raise `retire-after`, plan fewer hosts, or shorten `duration`
        6:1+9 there are more than 1000000 racks
        0:0+1 1101 demands with 1101 flavors are too many: their product is at most 1000000 | leave out the flavors that no demand names
    "#]].assert_eq(&said.join(""));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_cut_panics(from in 0..EVERY_KEY.len(), to in 0..EVERY_KEY.len()) {
        let text: String = EVERY_KEY.chars().take(from.max(to)).skip(from.min(to)).collect();
        let _ = read_with("t.toml", &text, &[]);
    }

    #[test]
    fn no_change_panics(
        edits in prop::collection::vec((0..EVERY_KEY.len(), "[-0-9a-z\"'{}\\[\\]=.,% \\n]{0,3}"), 1..6),
        is_json in any::<bool>(),
    ) {
        let text = if is_json { document(EVERY_KEY).to_string() } else { EVERY_KEY.to_owned() };
        let mut text: Vec<char> = text.chars().collect();
        for (at, new) in edits {
            let at = at % text.len();
            text.splice(at..=at, new.chars());
        }
        let text: String = text.into_iter().collect();
        let _ = read_with(if is_json { "t.json" } else { "t.toml" }, &text, &[]);
    }

    #[test]
    fn no_value_panics(
        line in 0..EVERY_KEY.lines().count(),
        value in prop::sample::select(vec![
            "-1", "0", "1e400", "nan", "-inf", "''", "'x'", "[]", "{}", "true", "[[1]]", "99999999999999999999",
            "9223372036854775807", "'9e99 days'", "'1000 years'", "'-5%'", "9999-12-31", "'ÿ €'", "{ x = 1 }",
        ]),
    ) {
        let replace = |(row, text): (usize, &str)| match text.split_once(" = ") {
            Some((key, _)) if row == line => format!("{key} = {value}"),
            _ => text.to_owned(),
        };
        let text: Vec<String> = EVERY_KEY.lines().enumerate().map(replace).collect();
        let _ = read_with("t.toml", &text.join("\n"), &[]);
    }

    #[test]
    fn no_noise_panics(text in "\\PC{0,200}", key in "\\PC{0,20}", value in "\\PC{0,20}") {
        let _ = read_with("t.toml", &text, &[(&key, &value)]);
        let _ = read_with("t.json", &text, &[]);
        let _ = read_with("t.toml", SMALL, &[(&key, &value)]);
    }
}

#[test]
fn what_cannot_be_split_over_numa_cells_is_told() {
    check_lines(
        &[
            ("model", "numa-cells = 1"),
            ("model", "numa-cells = 17"),
            ("model", "numa-cells = 2.5"),
            ("model", "numa-cells = 'two'"),
            ("model", "numa-cells = 2"),
            ("model", "numa-cells = 7"),
            ("flavor", "numa-cells = 0"),
            ("flavor", "numa-cells = 17"),
            ("flavor", "numa-cells = 16"),
            ("flavor", "numa-cells = 2"),
            ("flavor", "numa-cells = 3"),
        ],
        expect![[r#"
            numa-cells = 1
                5:14+1 `numa-cells` is at least 2, not `1`
            numa-cells = 17
                5:14+2 `numa-cells` is at most 16, not `17`
            numa-cells = 2.5
                5:14+3 `numa-cells` is a whole number, not `2.5`
            numa-cells = 'two'
                5:14+5 `numa-cells` is a number, not text | write it like `10`
            numa-cells = 2
                fine
            numa-cells = 7
                5:14+1 8 vCPU of cpu cannot be split evenly over 7 NUMA cells | cpu in milli-cpu and memory in MiB are divided by it
            numa-cells = 0
                11:14+1 `numa-cells` is at least 1, not `0`
            numa-cells = 17
                11:14+2 `numa-cells` is at most 16, not `17`
            numa-cells = 16
                11:14+2 1 vCPU of cpu cannot be split evenly over 16 NUMA cells | cpu in milli-cpu and memory in MiB are divided by it
            numa-cells = 2
                fine
            numa-cells = 3
                11:14+1 1 vCPU of cpu cannot be split evenly over 3 NUMA cells | cpu in milli-cpu and memory in MiB are divided by it
        "#]],
    );
    let in_cells = SMALL.replace("[host-models.m]\n", "[host-models.m]\nnuma-cells = 2\n");
    let oversold = in_cells.replace("[[pools]]\n", "[[pools]]\novercommit = { cpu = 1.000125 }\n");
    expect![[r#"
        0:0+1 with the overcommit of pool `p`, 8001m of cpu cannot be split evenly over 2 NUMA cells | cpu in milli-cpu and memory in MiB are divided by it
    "#]].assert_eq(&told(read_with("t.toml", &oversold, &[])));
}

#[test]
fn gpus_are_whole_on_hosts_and_never_overcommitted() {
    check_lines(
        &[
            ("model", "gpu = 0.5"),
            ("model", "gpu = 65"),
            ("model", "gpu = 8"),
            ("model", "overcommit = { gpu = 2 }"),
            ("model", "reserved = { gpu = 0.5 }"),
            ("flavor", "gpu = 1.5"),
            ("flavor", "gpu = 0.25"),
            ("-", "placement = { policy = 'fgd' }"),
            ("-", "placement = { policy = 'fgd', ties = 'first', typical = [] }"),
            (
                "-",
                "placement = { policy = 'fgd', typical = [{ gpu = 1.5, share = 1 }, { cpu = 1 }] }",
            ),
            ("-", "placement = { policy = 'random', ties = 'random' }"),
        ],
        expect![[r#"
            gpu = 0.5
                5:7+3 a host has whole GPUs, not 0.5 GPU | only a request can be for a part of one
            gpu = 65
                5:7+2 a host has at most 64 GPUs
            gpu = 8
                fine
            overcommit = { gpu = 2 }
                5:22+1 GPUs cannot be overcommitted | delete this; requests share a GPU by asking for parts of it
            reserved = { gpu = 0.5 }
                5:20+3 `m` keeps 0.5 GPU of 0 GPU gpu | a host cannot keep more than it has
            gpu = 1.5
                11:7+3 1.5 GPU is neither a part of one nor whole ones | ask for up to 1 GPU, or for whole ones
            gpu = 0.25
                fine
                warning 13:1+10 `f` asks for more gpu than a host has: 0.25 GPU of 0 GPU | such requests will be refused, or wait
            placement = { policy = 'fgd' }
                fine
                warning 2:13+18 no demand asks for GPUs, so all hosts are alike to `fgd` | use another policy, or let a flavor ask for `gpu`
            placement = { policy = 'fgd', ties = 'first', typical = [] }
                2:38+7 no way with ties is called `first` | there are lowest-index, random
            placement = { policy = 'fgd', typical = [{ gpu = 1.5, share = 1 }, { cpu = 1 }] }
                2:50+3 this is neither a part of one GPU nor whole ones | ask for up to 1 GPU, or for whole ones
                2:68+11 `share` is missing | add `share = 0.6`
            placement = { policy = 'random', ties = 'random' }
                2:34+4 `ties` is for `rules`, `scores` and `fgd` | delete it
        "#]],
    );
}

/// The typical requests of a scenario's demand, as `CPU/GPU share`.
fn typical(text: &str) -> String {
    let Policy::Fgd(rule) = right(text).placement.policy else { panic!("it is another policy") };
    let said = rule.typical.iter().map(|typical| {
        let pool = typical.pool.map_or(String::new(), |pool| format!(" in {pool}"));
        format!("{}/{} {:.4}{pool}", typical.cpu, typical.gpu, typical.share)
    });
    said.collect::<Vec<_>>().join(", ")
}

#[test]
fn typical_requests_are_the_commonest_of_the_demand() {
    let flavors = "\
[flavors.f]
cpu = 1
[flavors.quarter]
cpu = 4
gpu = 0.25
[flavors.two]
cpu = 32
gpu = 2
[placement]
policy = 'fgd'
[[demand]]
name = 'd'
";
    let base = SMALL.split("[flavors.f]").next().expect("it has flavors");
    let mix = "flavors = { f = 16, quarter = 80, two = 4 }\nalive = 3\n";
    assert_eq!(typical(&format!("{base}{flavors}{mix}")), "4000/250 0.8333, 1000/0 0.1667");
    let both = "flavor = 'quarter'\nalive = 90\n[[demand]]\nname = 'e'\nflavor = 'two'\npool = 'p'\nalive = 10\n";
    assert_eq!(
        typical(&format!("{base}{flavors}{both}")),
        "4000/250 0.9000, 32000/2000 0.1000 in p0"
    );
}

#[test]
fn wrong_desks_say_what_is_wrong() {
    let desk = |keys: &str| format!("provisioning = {{ t = {{ {keys} }} }}");
    let lines = [
        "provisioning = 5".to_owned(),
        "provisioning = { t = 5 }".to_owned(),
        "provisioning = { self-service = { operators = 1 } }".to_owned(),
        desk(""),
        desk("operators = 0"),
        desk("operator = 1"),
        desk("operators = 1, hands-on = 30"),
        desk("operators = 1, hands-on = 'forever'"),
        desk("operators = 1, order = 'fifo'"),
        desk("operators = 1, every = '1 s'"),
        desk("operators = 1, hours = 'alwais'"),
        desk("operators = 1, hours = 8"),
        desk("operators = 1, hours = { from = '17:00', to = '9:00' }"),
        desk("operators = 1, hours = { from = '9' }"),
        desk("operators = 1, hours = { to = '24:01' }"),
        desk("operators = 1, hours = { days = [] }"),
        desk("operators = 1, hours = { days = ['mondays'] }"),
        desk("operators = 1, hours = { days = 'monday' }"),
        desk("approval = '1 h'"),
    ];
    let mut lines: Vec<(&str, &str)> = lines.iter().map(|line| ("-", line.as_str())).collect();
    lines.extend([
        ("demand", "provisioning = 't'"),
        ("demand", "provisioning = 5"),
        ("demand", "provisioning = []"),
        ("demand", "provisioning = 'self-service'"),
    ]);
    check_lines(
        &lines,
        expect![[r#"
        provisioning = 5
            2:16+1 `provisioning` has a table for each desk | write it like `{ tickets = { operators = 3, hands-on = "30 min" } }`
        provisioning = { t = 5 }
            2:22+1 `t` is a table, not a number | write it like `{ operators = 3 }`
        provisioning = { self-service = { operators = 1 } }
            2:18+12 `self-service` has a meaning of its own | it is no desk at all: choose another name
        provisioning = { t = {  } }
            2:18+1 requests lose no time at the desk `t` | add `operators` and `hands-on`, or `approval`
        provisioning = { t = { operators = 0 } }
            2:36+1 `operators` is at least 1, not `0`
        provisioning = { t = { operator = 1 } }
            2:18+1 requests lose no time at the desk `t` | add `operators` and `hands-on`, or `approval`
            2:24+8 there is no key `operator` here | did you mean `operators`?
        provisioning = { t = { operators = 1, hands-on = 30 } }
            2:50+2 `hands-on` does not say its unit | did you mean `"30 days"` or `"30 s"`?
        provisioning = { t = { operators = 1, hands-on = 'forever' } }
            2:50+9 `hands-on` cannot be `forever` | write it like `90 days`
        provisioning = { t = { operators = 1, order = 'fifo' } }
            2:47+6 no order is called `fifo` | there are arrival, priority
        provisioning = { t = { operators = 1, every = '1 s' } }
            2:47+5 `every` is at least 1 min, not `1 s`
        provisioning = { t = { operators = 1, hours = 'alwais' } }
            2:47+8 no working hours is called `alwais` | did you mean `always`?
        provisioning = { t = { operators = 1, hours = 8 } }
            2:47+1 `hours` is a table, not a number | write it like `{ from = "08:30" }`
        provisioning = { t = { operators = 1, hours = { from = '17:00', to = '9:00' } } }
            2:65+2 the working day ends before it begins | `from` is an earlier hour of the same day than `to`
        provisioning = { t = { operators = 1, hours = { from = '9' } } }
            2:56+3 `9` is not an hour of the day | write it like `"08:30"`
        provisioning = { t = { operators = 1, hours = { to = '24:01' } } }
            2:54+7 `24:01` is not an hour of the day | write it like `"08:30"`
        provisioning = { t = { operators = 1, hours = { days = [] } } }
            2:56+2 `days` is empty | name at least one
        provisioning = { t = { operators = 1, hours = { days = ['mondays'] } } }
            2:57+9 no day is called `mondays` | did you mean `monday`?
        provisioning = { t = { operators = 1, hours = { days = 'monday' } } }
            2:56+8 `days` is a list of days, not text | write it like `["monday", "tuesday", "saturday"]`
        provisioning = { t = { approval = '1 h' } }
            fine
            warning 2:18+1 no demand goes through the desk `t` | name it in a demand: `provisioning = "t"`
        provisioning = 't'
            13:16+3 no desk is called `t` | there is no desk here
        provisioning = 5
            13:16+1 `provisioning` is a desk's name or a list of them, not a number | write it like `"tickets"`
        provisioning = []
            13:16+2 `provisioning` names 1 to 16 desks, not 0 | without desks it is `"self-service"`
        provisioning = 'self-service'
            fine
    "#]],
    );
}

#[test]
fn desks_are_held_against_the_demands_that_name_them() {
    let said = |text: &str| told(read_with("t.toml", &SMALL.replace("[[demand]]\n", text), &[]));
    let team = "[provisioning.t]\noperators = 1\nper-tenant = true\n\n[[demand]]\nname = 'o'\n\
                flavor = 'f'\nrate = '1 per day'\ntenant = 'x'\nprovisioning = 't'\n\n[[demand]]\n\
                provisioning = 't'\n";
    expect![[r#"
        11:15+1 `operators = 1` cannot be split over 2 tenants | give it 2 or more, or no `per-tenant`
    "#]].assert_eq(&said(team));
    let priority = "[provisioning.t]\noperators = 1\norder = 'priority'\n\n[[demand]]\n\
                    provisioning = 't'\npriority = 5\n";
    expect![[r#"
        fine
    "#]]
    .assert_eq(&said(priority));
    let whose = "[[expect]]\nmetric = 'hosts'\ndemand = 'd'\nat-most = 1\n\n[[expect]]\n\
                 metric = 'placed'\ndemand = 'q'\nat-most = 1\n\n[[demand]]\n";
    expect![[r#"
        13:10+3 `hosts` is a figure of the whole run | delete `demand`; times, figures of memory, `requests`, `placed` and `refused` have one by demand
    "#]].assert_eq(&said(whose));
}

#[test]
fn wrong_ways_to_boot_say_what_is_wrong() {
    check_lines(
        &[
            ("-", "dependencies = 5"),
            ("-", "dependencies = { d = 5 }"),
            ("-", "dependencies = { d = { availability = '0%' } }"),
            ("-", "dependencies = { d = { availability = '101%' } }"),
            ("-", "dependencies = { d = { outage = '1 min' } }"),
            ("-", "dependencies = { d = { availability = '50%', outage = '10 ms' } }"),
            ("-", "dependencies = { d = { outages = [{ at = '1 h' }] } }"),
            (
                "-",
                "dependencies = { d = { outages = [{ at = '1 h', lasts = '1 h' }, { at = '90 min', \
                 lasts = '1 h' }] } }",
            ),
            ("-", "images = { i = { depends-on = 'd' } }"),
            ("-", "images = { i = { depends-on = ['mirror'] } }"),
            ("-", "images = { i = { boot-fails = '101%' } }"),
            ("-", "images = { i = { boot-fails = '1%', attempts = 0 } }"),
            ("-", "images = { i = { boot-fails = '1%', retry-after = '0 s' } }"),
            ("-", "images = { i = { attempts = 3 } }"),
        ],
        expect![[r#"
            dependencies = 5
                2:16+1 `dependencies` is a table of dependencies, not a number | write it like `[dependencies.apt-mirror]`
            dependencies = { d = 5 }
                2:22+1 `d` is a table, not a number | write it like `{ availability = "99.9%" }`
            dependencies = { d = { availability = '0%' } }
                2:39+4 what is never there lets nothing boot | give a share above 0%
            dependencies = { d = { availability = '101%' } }
                2:39+6 `availability` is at most 100%
            dependencies = { d = { outage = '1 min' } }
                fine
                warning 2:24+6 `outage` decides nothing: it is always there | lower its `availability`
            dependencies = { d = { availability = '50%', outage = '10 ms' } }
                2:55+7 `outage` is at least 1 s, not `10 ms`
            dependencies = { d = { outages = [{ at = '1 h' }] } }
                2:35+14 `lasts` is missing | add `lasts = "30 min"`
            dependencies = { d = { outages = [{ at = '1 h', lasts = '1 h' }, { at = '90 min', lasts = '1 h' }] } }
                2:66+32 it has begun before another is over | make one of both
            images = { i = { depends-on = 'd' } }
                2:31+3 `depends-on` is a list of dependencies, not text | write it like `depends-on = ["apt-mirror", "config"]`
            images = { i = { depends-on = ['mirror'] } }
                2:32+8 no dependency is called `mirror` | there is no dependency here
            images = { i = { boot-fails = '101%' } }
                2:31+6 `boot-fails` is at most 100%
            images = { i = { boot-fails = '1%', attempts = 0 } }
                2:48+1 `attempts` is at least 1, not `0`
            images = { i = { boot-fails = '1%', retry-after = '0 s' } }
                2:51+5 `retry-after` is at least 1 s, not `0 s`
            images = { i = { attempts = 3 } }
                fine
                warning 2:18+8 `attempts` decides nothing: every boot succeeds | say what it needs with `depends-on`, or how often it fails with `boot-fails`
        "#]],
    );
}

#[test]
fn wrong_ways_of_images_say_what_is_wrong() {
    check_lines(
        &[
            ("-", "distribution = 5"),
            ("-", "distribution = { host = '1 Gbit/s' }"),
            ("-", "distribution = { mode = 'p2' }"),
            ("-", "distribution = { mode = 'registry', efficiency = 0.5 }"),
            ("-", "distribution = { mode = 'p2p', efficiency = 2 }"),
            ("-", "distribution = { mode = 'registry', concurrency = 0 }"),
            ("-", "distribution = { mode = 'registry', registry = '10 GiB' }"),
            ("-", "distribution = { mode = 'p2p', seed = '1 GiB/s', setup = '1 s' }"),
            ("-", "distribution = { mode = 'p2p', spread = 0.5 }"),
            ("-", "distribution = { mode = 'p2p', lazy = '200%' }"),
            ("-", "distribution = { mode = 'registry', upload = '1 GiB/s' }"),
            ("demand", "image = 'i'"),
            ("-", "placement = { prefer-warm = 1 }"),
            ("-", "placement = { prefer-warm = true }"),
        ],
        expect![[r#"
            distribution = 5
                2:16+1 `distribution` is a table, not a number | write it like `{ mode = "registry" }`
            distribution = { host = '1 Gbit/s' }
                2:16+21 `mode` is missing | add `mode = "registry"`
            distribution = { mode = 'p2' }
                2:25+4 no mode is called `p2` | did you mean `p2p`?
            distribution = { mode = 'registry', efficiency = 0.5 }
                2:37+10 `efficiency` says nothing where `mode = "registry"` | delete it
            distribution = { mode = 'p2p', efficiency = 2 }
                2:45+1 `efficiency` is above 0 and at most 100%
            distribution = { mode = 'registry', concurrency = 0 }
                2:51+1 `concurrency` is at least 1, not `0`
            distribution = { mode = 'registry', registry = '10 GiB' }
                2:48+8 `10 GiB` is not a data rate | write it like `1100 MiB/s`; units are KiB/s, MiB/s, GiB/s, kB/s, MB/s, GB/s, kbit/s, Mbit/s, Gbit/s
            distribution = { mode = 'p2p', seed = '1 GiB/s', setup = '1 s' }
                2:50+5 `setup` is not for hosts with a `seed` or an `upload` | give one or the other
            distribution = { mode = 'p2p', spread = 0.5 }
                2:41+3 `spread` is from 1 to 100, not `0.5`
            distribution = { mode = 'p2p', lazy = '200%' }
                2:39+6 `lazy` is at most 100%
            distribution = { mode = 'registry', upload = '1 GiB/s' }
                2:37+6 `upload` says nothing where `mode = "registry"` | delete it
            image = 'i'
                13:9+3 no image is called `i` | there is no image here
            placement = { prefer-warm = 1 }
                2:29+1 `prefer-warm` is true or false, not a number | write it like `true`
            placement = { prefer-warm = true }
                fine
                warning 2:29+4 `prefer-warm` decides nothing: no host fetches images | say how with `[distribution]`
        "#]],
    );
}

#[test]
fn orders_by_date_are_read_with_their_defaults() {
    let text = format!(
        "{SMALL}[[order]]\nat = '6 h'\nhosts = 3\n[host-models.m.lead-time]\n\
        distribution = 'exponential'\nmean = '2 h'\n"
    );
    let orders = right(&text).orders;
    let lead_time = Distribution::Exponential { mean_ms: 7.2e6 };
    let host_type = HostTypeId::from_row(0);
    assert_eq!(orders, [PlannedOrder { host_type, at_ms: 21_600_000, hosts: 3, lead_time }]);
}

#[test]
fn wrong_orders_and_wrong_uncertain_values_say_what_is_wrong() {
    let uncertain = |rest: &str| format!("[[uncertain]]\nname = 'u'\n{rest}\n");
    let cases = [
        "[[order]]\nat = '2 days'\nhosts = 0\npool = 'q'\n".to_owned(),
        "[[order]]\nat = '2 days'\nhosts = 1\n".to_owned(),
        "[[order]]\nat = '1 h'\nhosts = 4_999_999\n".to_owned(),
        uncertain("key = 'demand.d.alive'\nlow = 5\nhigh = 2"),
        uncertain("key = 'demand.d.alive'\nlow = 4\nhigh = 6"),
        uncertain("key = 'demand.d.alive'\nlow = 1\nlikely = 9\nhigh = 6"),
        uncertain("key = 'demand.e.alive'\nlow = 1\nhigh = 6"),
        uncertain("key = 'demand.d.alive'\nlow = '1 day'\nhigh = 6"),
        uncertain("key = 'demand.d'\nlow = 1\nhigh = 6"),
        uncertain("key = 'duration'\nlow = '0 days'\nhigh = '6 days'"),
        uncertain("key = 'seed'\nlow = 1\nhigh = 6"),
        uncertain("key = 'pools.p.hosts.count'\nlow = 1.5\nhigh = 6"),
    ];
    let all: String = cases
        .iter()
        .map(|lines| {
            let told = told(read_with("small.toml", &format!("{SMALL}{lines}"), &[]));
            format!("{lines}{told}\n")
        })
        .collect();
    expect![[r#"
        [[order]]
        at = '2 days'
        hosts = 0
        pool = 'q'
        small.toml17:9+1 `hosts` is at least 1, not `0`
        small.toml18:8+3 no pool is called `q` | there is `p`

        [[order]]
        at = '2 days'
        hosts = 1
        fine
        warning small.toml16:1+2 this is after the end of the run | order sooner, or lengthen `duration`

        [[order]]
        at = '1 h'
        hosts = 4_999_999
        fine

        [[uncertain]]
        name = 'u'
        key = 'demand.d.alive'
        low = 5
        high = 2
        small.toml19:1+4 `high` is below `low` | change them round

        [[uncertain]]
        name = 'u'
        key = 'demand.d.alive'
        low = 4
        high = 6
        small.toml15:1+13 the likeliest value, 3, is not between `low` and `high` | it is the value of `demand.d.alive` in this file; change it, or say `likely` here

        [[uncertain]]
        name = 'u'
        key = 'demand.d.alive'
        low = 1
        likely = 9
        high = 6
        small.toml15:1+13 the likeliest value, 9, is not between `low` and `high` | `low` ≤ `likely` ≤ `high`

        [[uncertain]]
        name = 'u'
        key = 'demand.e.alive'
        low = 1
        high = 6
        small.toml17:7+16 the scenario says nothing at `demand.e.alive` | write it like `demand.vms.alive.to`, and give the key its likeliest value there

        [[uncertain]]
        name = 'u'
        key = 'demand.d.alive'
        low = '1 day'
        high = 6
        small.toml19:8+1 `6` is in another unit than `low` | write `low`, `high` and the value of `demand.d.alive` itself in one unit

        [[uncertain]]
        name = 'u'
        key = 'demand.d'
        low = 1
        high = 6
        small.toml11:1+10 `a table` is not a number with or without a unit | write it as the key takes it, such as `5000`, `"70 days"` or `"70%"`

        [[uncertain]]
        name = 'u'
        key = 'duration'
        low = '0 days'
        high = '6 days'
        small.toml18:7+8 `duration` is at least 1 ms, not `0.000 days`

        [[uncertain]]
        name = 'u'
        key = 'seed'
        low = 1
        high = 6
        small.toml17:7+6 `seed` cannot be uncertain

        [[uncertain]]
        name = 'u'
        key = 'pools.p.hosts.count'
        low = 1.5
        high = 6
        small.toml18:7+3 `count` is a whole number, not `1.5000`

    "#]].assert_eq(&all);
}

#[test]
fn a_future_draws_what_is_uncertain_and_nothing_else() {
    use fleetcast_core::futures::{Future, changes};
    let text = format!(
        "{SMALL}[[uncertain]]\nname = 'growth'\nkey = 'demand.d.alive'\nlow = 2\nhigh = 900\n\
         [[uncertain]]\nname = 'growth'\nkey = 'duration'\nlow = '1 day'\nhigh = '9 days'\n"
    );
    let scenario = right(&text);
    let future = |future| changes(&scenario, future);
    let value = |set: &Override| set.value.clone();
    assert_eq!(future(Future::Low).iter().map(value).collect::<Vec<_>>(), ["2", "\"1.000 days\""]);
    let draws: Vec<Vec<Override>> = (0..50).map(|seed| future(Future::Seed(seed))).collect();
    assert_eq!(draws[7], future(Future::Seed(7)));
    // Those of one name are high together.
    let pair = |changes: &[Override]| {
        let set: Vec<(&str, &str)> =
            changes.iter().map(|set| (set.key.as_str(), set.value.as_str())).collect();
        let read = read_with("small.toml", &text, &set).expect("every future can be read");
        assert!(read.scenario.uncertain.is_empty(), "what is set is sure");
        let Arrivals::Alive(Curve::Constant(alive)) = read.scenario.demands[0].arrivals else {
            panic!("{:?}", read.scenario.demands[0].arrivals);
        };
        (alive as u64, read.scenario.duration_ms)
    };
    let mut pairs: Vec<(u64, u64)> = draws.iter().map(|draw| pair(draw)).collect();
    pairs.sort();
    assert!(pairs.is_sorted_by(|a, b| a.0 == b.0 || a.1 < b.1), "{pairs:?}");
    assert!(pairs[0].0 < 200 && pairs[49].0 > 600, "{pairs:?}");
}
