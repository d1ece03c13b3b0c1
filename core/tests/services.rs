//! Services on a fleet: their rollouts go as the timelines say, as long as nobody else is there.
//!
//! Each rollout case is run twice: by the timeline, over abstract slots, and by the engine, on
//! hosts of one slot each. The rows must be the same.

#[path = "rollout_cases/services.rs"]
#[allow(dead_code, reason = "the cases' own test uses all of it")]
mod cases;

use fleetcast_core::fact::Fact;
use fleetcast_core::observe::{Observer, Summary};
use fleetcast_core::read::{Input, read};
use fleetcast_core::report::Report;
use fleetcast_core::report::rollouts::RolloutReport;
use fleetcast_core::rollout::analysis::Verdict;
use fleetcast_core::rollout::chosen;
use fleetcast_core::rollout::figures::Figures;
use fleetcast_core::rollout::limits::Limits;
use fleetcast_core::rollout::plan::Planner;
use fleetcast_core::rollout::recreate::Recreate;
use fleetcast_core::rollout::timeline::{self, Checks, Outcome, Row};
use fleetcast_core::scenario::{DemandId, ImageId, Scenario, Strategy as RolloutStrategy};
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::state::State;
use fleetcast_core::time::Time;
use fleetcast_core::verdict;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// What a run says of its rollouts.
#[derive(Default)]
struct Heard {
    rows: Vec<Vec<Row>>,
    outcomes: Vec<Option<Outcome>>,
    lines: Vec<String>,
}

impl Observer for Heard {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        self.lines.push(format!("{} ms: {fact}", now.ms()));
        match fact {
            Fact::RolloutStarted { .. } => {
                self.rows.push(Vec::new());
                self.outcomes.push(None);
            }
            Fact::RolloutStands { rollout, row } => {
                let rows = &mut self.rows[rollout.0 as usize];
                match rows.last_mut() {
                    Some(last) if last.at == row.at => *last = *row,
                    _ => rows.push(*row),
                }
            }
            Fact::RolloutEnded { rollout, outcome } => {
                self.outcomes[rollout.0 as usize] = Some(*outcome);
            }
            _ => {}
        }
    }
}

fn scenario(text: &str) -> Arc<Scenario> {
    let input = Input { file: "services.toml", text, overrides: &[] };
    match read(&input, &MemoryFiles::default()) {
        Ok(read) => Arc::new(read.scenario),
        Err(problems) => panic!("{text}\n{problems:#?}"),
    }
}

fn run(text: &str) -> (Heard, Report) {
    let scenario = scenario(text);
    let mut observers = (Heard::default(), Summary::new(&scenario));
    let mut simulation =
        Simulation::new(Arc::clone(&scenario), &MemoryFiles::default()).expect("no files");
    simulation.advance(simulation.end(), &mut observers).expect("no files");
    let (heard, summary) = observers;
    (heard, verdict::report(&scenario, &summary, String::new()))
}

/// What a report says of a rollout is what its timeline comes to.
fn assert_figures(found: &RolloutReport, expected: &Figures, name: &str) {
    let s = |ms: u64| ms as f64 / 1e3;
    assert_eq!(found.duration_s, s(expected.duration_ms), "{name}");
    assert_eq!(found.released_s, s(expected.released_ms), "{name}");
    assert_eq!(found.peak_slots, expected.peak_used, "{name}");
    assert_eq!(found.surge_peak, expected.surge_peak, "{name}");
    assert_eq!(found.pending_peak, expected.pending_peak, "{name}");
    assert_eq!(found.min_available, expected.min_available, "{name}");
    assert_eq!(found.unavailable_instance_s, s(expected.unavailable_ms), "{name}");
    assert_eq!(found.surge_instance_s, s(expected.surge_ms), "{name}");
    assert_eq!(found.mixed_s, s(expected.mixed_ms), "{name}");
    assert_eq!(found.exposure_s, expected.exposure_ms / 1e3, "{name}");
    assert_eq!(found.turn_back_s, expected.turn_back_ms.map(s), "{name}");
}

/// A case as a scenario: hosts of one slot each, one service, one rollout at the start.
fn as_scenario(kind: &str, input: &Value) -> String {
    let number = |key: &str| input[key].as_u64().unwrap_or(0);
    let hosts = input["capacity_slots"].as_u64().unwrap_or(60);
    let mut text = format!(
        "name = 'case'\nduration = '2 days'\nresources = ['slots']\n\
         [host-models.one]\nslots = 1\n\
         [[pools]]\nname = 'all'\nhosts = {{ model = 'one', count = {hosts} }}\n\
         [flavors.one]\nslots = 1\n"
    );
    let image = |name: &str, boot: &Value| match boot.as_u64() {
        Some(s) => format!("[images.{name}]\nboot = '{s} s'\n"),
        None => format!("[images.{name}]\nfails-to-boot = '100%'\n"),
    };
    let old_boot = input.get("old_version_boot_s").unwrap_or(&input["boot_s"]);
    text += &image("old", old_boot);
    text += &image("new", &input["boot_s"]);
    if as_fails(input) {
        text += "fails-checks = '100%'\n";
    }
    let (replicas, grace) = (number("replicas"), number("termination_grace_s"));
    let min_ready = number("min_ready_s");
    let _ = writeln!(
        text,
        "[[service]]\nname = 'web'\nimage = 'old'\nflavor = 'one'\ninstances = {replicas}\n\
         grace = '{grace} s'\nmin-ready = '{min_ready} s'\n\
         [[rollout]]\nservice = 'web'\nimage = 'new'\nat = '0 s'"
    );
    let _ = writeln!(text, "strategy = {{ {} }}", strategy(kind, input));
    text
}

fn as_fails(input: &Value) -> bool {
    input.to_string().contains("\"fail\"")
}

fn strategy(kind: &str, input: &Value) -> String {
    let mut keys = vec![format!(
        "name = '{}'",
        match kind {
            "k8s_rolling" => "rolling",
            "recreate" => "recreate",
            "argo_blue_green" => "blue-green",
            "argo_canary_basic" => "canary",
            _ => "routed-canary",
        }
    )];
    let mut text = |key: &str, value: &Value| {
        if !value.is_null() {
            let value = value.to_string().replace('"', "'");
            keys.push(format!("{key} = {value}"));
        }
    };
    if kind == "k8s_rolling" || kind == "argo_canary_basic" {
        text("max-surge", &input["max_surge"]);
        text("max-unavailable", &input["max_unavailable"]);
    }
    if kind == "k8s_rolling" {
        text("on-deadline", &input["on_deadline"]);
    }
    text("preview", &input["preview_replicas"]);
    text("shrink-old", &input["dynamic_stable_scale"]);
    let mut seconds = |key: &str, value: &Value| {
        if let Some(s) = value.as_u64() {
            keys.push(format!("{key} = '{s} s'"));
        }
    };
    seconds("progress-deadline", &input["progress_deadline_s"]);
    seconds("keep-old", &input["scale_down_delay_s"]);
    seconds("keep-new", &input["abort_scale_down_delay_s"]);
    seconds("promote-after", &input["auto_promotion_s"]);
    seconds("analysis-before", &input["pre_analysis"]["duration"]);
    seconds("analysis-after", &input["post_analysis"]["duration"]);
    if let Some(steps) = input["steps"].as_array() {
        let step = |step: &Value| {
            let (weight, pause) = (step["set_weight"].as_u64(), step["pause"].as_u64());
            match (weight, pause) {
                (Some(percent), _) => format!("{{ weight = '{percent}%' }}"),
                (_, Some(s)) => format!("{{ pause = '{s} s' }}"),
                _ => format!("{{ analysis = '{} s' }}", step["analysis"]["duration"]),
            }
        };
        let steps: Vec<String> = steps.iter().map(step).collect();
        keys.push(format!("steps = [{}]", steps.join(", ")));
    }
    keys.join(", ")
}

/// The planner of a case, if it is of one of these kinds.
fn planner(kind: &str, input: &Value) -> Option<Result<Box<dyn Planner>, String>> {
    fn boxed<P: Planner + 'static>(planner: Result<P, String>) -> Result<Box<dyn Planner>, String> {
        planner.map(|planner| Box::new(planner) as Box<dyn Planner>)
    }
    let recreate = || cases::count(&input["replicas"]).map(|replicas| Recreate { replicas });
    Some(match kind {
        "k8s_rolling" => boxed(cases::rolling_of(input)),
        "recreate" => boxed(recreate()),
        "argo_blue_green" => boxed(cases::blue_green_of(input)),
        "argo_canary_basic" => boxed(cases::canary_of(input)),
        "argo_canary_routed" => boxed(cases::routed_of(input)),
        _ => return None,
    })
}

#[test]
fn a_service_alone_goes_as_its_timeline() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rollout_cases");
    let mut compared = 0;
    for entry in std::fs::read_dir(directory).expect("the cases are there") {
        let path = entry.expect("a directory entry can be read").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("the case file can be read");
        let case: Value = serde_json::from_str(&text).expect("the case file is JSON");
        let (kind, input) = (case["kind"].as_str().unwrap_or_default(), &case["input"]);
        let Some(planner) = planner(kind, input) else { continue };
        let planner: Box<dyn Planner> = planner.expect("the case can be planned");
        let service = cases::service(input).expect("the case has a service");
        let expected = timeline::run(planner.as_ref(), &service);
        let (heard, report) = run(&as_scenario(kind, input));
        let figures = Figures::new(&expected, service.replicas);
        assert_figures(&report.rollouts[0], &figures, &path.display().to_string());
        assert_eq!(heard.rows.len(), 1, "{}", path.display());
        assert_eq!(heard.rows[0], expected.rows, "{}: {:#?}", path.display(), heard.lines);
        assert_eq!(heard.outcomes[0], Some(expected.outcome), "{}", path.display());
        compared += 1;
    }
    assert!(compared >= 13, "only {compared} cases were compared");
}

/// Every strategy, with nothing said but its name: on hosts enough and on too few, with a good
/// image and a bad one.
#[test]
fn every_strategy_goes_as_its_timeline() {
    for strategy in RolloutStrategy::all() {
        let name = strategy.name();
        for (free, fails) in [(12, 0), (12, 100), (3, 0), (0, 0)] {
            let replicas = 7;
            let hosts = replicas + free;
            let text = format!(
                "name = 'alone'\nduration = '2 days'\nresources = ['slots']\n\
                 [host-models.one]\nslots = 1\n\
                 [[pools]]\nname = 'all'\nhosts = {{ model = 'one', count = {hosts} }}\n\
                 [flavors.one]\nslots = 1\n[images.old]\nboot = '45 s'\n\
                 [images.new]\nboot = '45 s'\nfails-checks = '{fails}%'\n\
                 [[service]]\nname = 'web'\nimage = 'old'\nflavor = 'one'\n\
                 instances = {replicas}\ngrace = '20 s'\nmin-ready = '5 s'\n\
                 [[rollout]]\nservice = 'web'\nimage = 'new'\nat = '1 hour'\n\
                 strategy = '{name}'\n"
            );
            let scenario = scenario(&text);
            assert_eq!(scenario.rollouts[0].strategy, strategy, "its defaults are those of all()");
            let verdict = || if fails > 0 { Verdict::Failed } else { Verdict::Successful };
            let planner = chosen::planner(&strategy, replicas, Time::ZERO, verdict);
            let boots = vec![Some(45_000)];
            let service = timeline::Service {
                replicas,
                old_boot_ms: boots.clone(),
                new_boot_ms: boots,
                min_ready_ms: 5_000,
                grace_ms: 20_000,
                capacity: Some(hosts),
                balancer: chosen::balancer(&strategy),
                checks: Checks { bad_from_weight: (fails > 0).then_some(0), ..Checks::default() },
                ..timeline::Service::default()
            };
            let expected = timeline::run(planner.as_ref(), &service);
            let (heard, report) = run(&text);
            let is_foreseen = report.rollouts[0].forecast == "deadlock";
            let what = format!("{name}, {free} free, {fails} %: {:#?}", heard.lines);
            assert_eq!(heard.rows[0], expected.rows, "{what}");
            if fails == 0 {
                let gets_through = expected.outcome == Outcome::Complete;
                assert_eq!(is_foreseen, !gets_through, "{what}");
            }
            let is_done = matches!(expected.outcome, Outcome::Complete | Outcome::TurnedBack);
            assert_eq!(heard.outcomes[0], is_done.then_some(expected.outcome), "{what}");
        }
    }
}

/// A service of 4 on hosts of one slot; what follows is put behind it.
fn small(hosts: u32, more: &str) -> String {
    format!(
        "name = 't'\nduration = '4 h'\nresources = ['slots']\n\
         [host-models.one]\nslots = 1\n\
         [[pools]]\nname = 'all'\nhosts = {{ model = 'one', count = {hosts} }}\n\
         [flavors.one]\nslots = 1\n\
         [images.a]\nboot = '1 min'\n\
         [images.broken]\nboot = '1 min'\nfails-to-boot = '100%'\n\
         [images.bad]\nboot = '1 min'\nfound-bad-after = '20 min'\n\
         [images.doubtful]\nboot = '1 min'\nfails-checks = '100%'\n\
         [[service]]\nname = 'web'\nimage = 'a'\nflavor = 'one'\ninstances = 4\n\
         grace = '10 s'\nrequests = '100 per second'\n\
         [[rollout]]\nservice = 'web'\nat = '1 h'\n{more}\n"
    )
}

/// How each rollout ended and why, how long the way back took, and how many requests met the new
/// version.
fn told(hosts: u32, more: &str) -> Vec<String> {
    let (_, report) = run(&small(hosts, more));
    let told = report.rollouts.iter().map(|rollout| {
        let because = rollout.turned_back_because.as_deref().unwrap_or("-");
        let back = rollout.turn_back_s.map_or("-".to_owned(), |s| s.to_string());
        let exposed = rollout.exposed_requests.unwrap_or(-1.0);
        format!(
            "{} to {}: {} after {} s, {because}, back in {back} s, {exposed:.0} requests",
            rollout.from, rollout.to, rollout.outcome, rollout.duration_s
        )
    });
    told.collect()
}

#[test]
fn an_image_that_does_not_boot_is_turned_back_at_the_deadline() {
    let rollback = "strategy = { name = 'rolling', on-deadline = 'rollback' }";
    let [one] = &told(8, &format!("image = 'broken'\n{rollback}"))[..] else { panic!("one") };
    // The last progress is the start: 600 s later it goes back, and one old instance boots.
    assert_eq!(
        one,
        "a to broken: turned back after 660 s, it stood still for too long, back in 60 s, \
         0 requests"
    );
}

#[test]
fn an_analysis_that_says_no_turns_a_canary_back_and_a_switch_is_instant() {
    let steps = "steps = [{ weight = '25%' }, { analysis = '5 min' }]";
    assert_eq!(
        told(8, &format!("image = 'doubtful'\nstrategy = {{ name = 'routed-canary', {steps} }}")),
        ["a to doubtful: turned back after 390 s, an analysis found the image bad, back in 0 s, \
          7500 requests"]
    );
    let green = "strategy = { name = 'blue-green', analysis-before = '5 min' }";
    assert_eq!(
        told(8, &format!("image = 'doubtful'\n{green}")),
        ["a to doubtful: turned back after 390 s, an analysis found the image bad, back in 0 s, \
          0 requests"]
    );
}

#[test]
fn what_is_found_bad_in_production_is_taken_back_by_a_rollout() {
    let found = told(8, "image = 'bad'\nstrategy = 'recreate'");
    assert_eq!(
        found,
        [
            "a to bad: complete after 70 s, -, back in - s, 0 requests",
            "bad to a: complete after 70 s, -, back in - s, 120000 requests",
        ]
    );
}

#[test]
fn what_is_found_bad_on_the_way_turns_back() {
    let steps = "steps = [{ weight = '50%' }, { pause = '1 h' }]";
    assert_eq!(
        told(8, &format!("image = 'bad'\nstrategy = {{ name = 'routed-canary', {steps} }}")),
        [
            "a to bad: turned back after 1290 s, the image was found bad in production, back in 0 s, \
          60000 requests"
        ]
    );
}

#[test]
fn a_deadlock_is_told_and_ends_when_room_comes() {
    let surge = "strategy = { name = 'rolling', max-surge = 1, max-unavailable = 0 }";
    let (_, report) = run(&small(4, &format!("image = 'a'\n{surge}")));
    let rollout = &report.rollouts[0];
    assert_eq!((rollout.outcome.as_str(), rollout.forecast.as_str()), ("overdue", "deadlock"));
    assert_eq!((rollout.free_slots, rollout.waits[0].what.as_str()), (0, "slots"));
    assert_eq!(rollout.overdue_s, Some(600.0));
    let (_, report) = run(&small(5, &format!("image = 'a'\n{surge}")));
    assert_eq!((&*report.rollouts[0].outcome, &*report.rollouts[0].forecast), ("complete", "fits"));
}

#[test]
fn rollouts_of_one_service_go_one_after_another() {
    let (heard, report) =
        run(&small(8, "image = 'a'\nevery = '1 min'\ntimes = 3\nstrategy = 'recreate'"));
    assert_eq!(heard.outcomes, [Some(Outcome::Complete); 3]);
    let began: Vec<f64> = report.rollouts.iter().map(|rollout| rollout.at.at_s).collect();
    assert_eq!(began, [3600.0, 3670.0, 3740.0]);
}

/// A strategy on n instances, as a scenario writes it.
fn strategies() -> impl Strategy<Value = String> {
    let limits = (0u32..4, 0u32..4).prop_filter("not both", |(s, u)| s + u > 0);
    let rolling = (limits.clone(), any::<bool>()).prop_map(|((surge, unavailable), back)| {
        let on = if back { "rollback" } else { "report" };
        format!(
            "name = 'rolling', max-surge = {surge}, max-unavailable = {unavailable}, \
             on-deadline = '{on}'"
        )
    });
    let steps = prop::collection::vec(
        prop_oneof![
            (0u32..=100).prop_map(|percent| format!("{{ weight = '{percent}%' }}")),
            (0u32..300).prop_map(|s| format!("{{ pause = '{s} s' }}")),
            (0u32..300).prop_map(|s| format!("{{ analysis = '{s} s' }}")),
        ],
        1..5,
    );
    let canary = (limits, steps.clone()).prop_map(|((surge, unavailable), steps)| {
        let steps = steps.join(", ");
        format!(
            "name = 'canary', max-surge = {surge}, max-unavailable = {unavailable}, \
             steps = [{steps}]"
        )
    });
    let routed = (steps, any::<bool>()).prop_map(|(steps, shrinks)| {
        let steps = steps.join(", ");
        format!("name = 'routed-canary', shrink-old = {shrinks}, steps = [{steps}]")
    });
    let green = (1u32..6, any::<bool>()).prop_map(|(preview, back)| {
        let on = if back { "rollback" } else { "report" };
        format!(
            "name = 'blue-green', preview = {preview}, analysis-before = '1 min', \
             analysis-after = '1 min', on-deadline = '{on}'"
        )
    });
    prop_oneof![4 => rolling, 1 => Just("name = 'recreate'".to_owned()), 2 => canary, 2 => routed, 2 => green]
}

/// Two services among other VMs that come, go and may be pushed out, with a rollout each to an
/// image that is good, does not boot, fails checks or is found bad.
fn fleets() -> impl Strategy<Value = String> {
    let services = (1u32..7, 1u32..7, 0u32..60, 0u32..40);
    let rollouts = (strategies(), strategies(), 0usize..4, 0usize..4, 0u32..100);
    (2u32..9, services, rollouts, any::<bool>(), 0usize..4, 0u64..1_000).prop_map(
        |(
            hosts,
            (web, api, grace, boot),
            (one, two, to_one, to_two, after),
            pushes,
            down,
            seed,
        )| {
            let failures = match ["", "evacuate", "restart", "lose"][down] {
                "" => String::new(),
                vms => format!(
                    "[failures]\nhosts = '2000 per year'\nrepair = '20 min'\nvms = '{vms}'\n"
                ),
            };
            let images = ["good", "broken", "doubtful", "bad"];
            let (to_one, to_two) = (images[to_one], images[to_two]);
            format!(
                "name = 't'\nduration = '12 h'\nseed = {seed}\nresources = ['slots']\n\
                 [host-models.m]\nslots = 4\n\
                 [[pools]]\nname = 'all'\nhosts = {{ model = 'm', count = {hosts} }}\n\
                 [flavors.one]\nslots = 1\n[flavors.two]\nslots = 2\n\
                 [images.first]\nboot = '{boot} s'\n\
                 [images.good]\nboot = {{ distribution = 'exponential', mean = '40 s' }}\n\
                 [images.broken]\nboot = '20 s'\nfails-to-boot = '70%'\n\
                 [images.doubtful]\nboot = '20 s'\nfails-checks = '60%'\n\
                 [images.bad]\nboot = '20 s'\nfound-bad-after = '15 min'\n\
                 [[service]]\nname = 'web'\nimage = 'first'\nflavor = 'one'\n\
                 instances = {web}\ngrace = '{grace} s'\npriority = 0\n\
                 [[service]]\nname = 'api'\nimage = 'first'\nflavor = 'two'\n\
                 instances = {api}\nmin-ready = '{grace} s'\npriority = 5\n\
                 [[rollout]]\nservice = 'web'\nimage = '{to_one}'\nat = '1 h'\n\
                 every = '2 h'\ntimes = 3\nstrategy = {{ {one} }}\n\
                 [[rollout]]\nservice = 'api'\nimage = '{to_two}'\n\
                 at = '{after} min'\nstrategy = {{ {two} }}\n\
                 [[demand]]\nname = 'jobs'\nflavor = 'one'\nrate = '20 per hour'\n\
                 lifetime = '30 min'\nwhen-full = 'wait'\npriority = 1\n\
                 [placement]\npreemption = {pushes}\n{failures}"
            )
        },
    )
}

/// Listens for what must never be.
struct Guard {
    scenario: Arc<Scenario>,
    /// Instances that have room, and which service's they are.
    alive: BTreeMap<u64, DemandId>,
    /// Those that are to go, or were pushed out.
    leaving: BTreeSet<u64>,
    /// Of each service: its rollout, image and what it may have.
    rollouts: BTreeMap<u32, (usize, ImageId)>,
    image: Vec<ImageId>,
    /// Whether a service was ever short of instances for want of room, or lost one to others.
    lost: bool,
}

impl Guard {
    fn new(scenario: &Arc<Scenario>) -> Self {
        Self {
            scenario: Arc::clone(scenario),
            alive: BTreeMap::new(),
            leaving: BTreeSet::new(),
            rollouts: BTreeMap::new(),
            image: scenario.services.iter().map(|service| service.image).collect(),
            lost: false,
        }
    }

    fn is_instance(&self, demand: DemandId) -> bool {
        self.scenario.services.iter().any(|service| service.demand == demand)
    }
}

impl Observer for Guard {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        for host in state.hosts.ids() {
            assert!(state.hosts.free(host, 0) >= 0, "{host} is over its capacity after: {fact}");
        }
        match *fact {
            Fact::Placed { request, demand, .. }
            | Fact::Resumed { request, demand, .. }
            | Fact::VmBack { request, demand, .. }
                if self.is_instance(demand) =>
            {
                assert!(self.alive.insert(request.0, demand).is_none(), "{fact}: it is there");
            }
            Fact::Waiting { .. } if now == Time::ZERO => self.lost = true,
            Fact::InstanceTerminating { request, .. } => {
                assert!(self.leaving.insert(request.0), "{fact}: it terminates already");
            }
            Fact::Preempted { request, demand, .. } | Fact::VmDown { request, demand, .. }
                if self.is_instance(demand) =>
            {
                self.alive.remove(&request.0).expect("who is pushed out was there");
                self.lost = true;
            }
            Fact::Departed { request, .. } => {
                let was_instance = self.alive.remove(&request.0).is_some();
                let was_leaving = self.leaving.remove(&request.0);
                assert_eq!(was_instance, was_leaving, "{fact}: nobody said why");
            }
            Fact::Lost { request, demand, .. } if self.is_instance(demand) => {
                let was_leaving = self.leaving.remove(&request.0);
                assert!(was_leaving, "{fact}: only who terminates does not ask again");
            }
            Fact::VmGone { request, demand, is_lost, .. } if self.is_instance(demand) => {
                assert!(!is_lost, "{fact}: a service starts again what it has lost");
                self.leaving.remove(&request.0);
            }
            Fact::RolloutStarted { rollout, service, from, to, .. } => {
                assert_eq!(from, self.image[service.row()]);
                self.rollouts.insert(rollout.0, (service.row(), to));
            }
            Fact::RolloutEnded { rollout, outcome } => {
                let (service, to) = self.rollouts[&rollout.0];
                if outcome == Outcome::Complete {
                    self.image[service] = to;
                }
            }
            Fact::RolloutStands { rollout, row } => self.check(rollout.0, &row),
            _ => {}
        }
    }
}

impl Guard {
    /// The limits of a rolling update, and of all: as many instances as are wanted.
    fn check(&self, rollout: u32, row: &Row) {
        let (service, to) = self.rollouts[&rollout];
        let n = self.scenario.services[service].instances;
        assert!(row.old_available <= row.old && row.new_available <= row.new_ready, "{row}");
        assert_eq!(row.used + row.pending, row.old + row.new + row.terminating, "{row}");
        let plan = self.scenario.rollouts.iter().find(|plan| plan.service.row() == service);
        let strategy = plan.map(|plan| &plan.strategy);
        if let Some(RolloutStrategy::Rolling { surge, unavailable, .. }) = strategy {
            let limits = Limits::rounded(n, *surge, *unavailable);
            assert!(row.used - row.terminating <= n + limits.surge, "{row}");
            let boots = |image: ImageId| {
                self.scenario.images[image.row()].defects.fails_to_boot == 0.0 //
            };
            let is_healthy = boots(to) && boots(self.image[service]);
            if is_healthy && !self.lost {
                let least = n - limits.unavailable;
                assert!(
                    row.old_available + row.new_available >= least,
                    "{row}: fewer than {least}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_rolled_out_on_whatever_fleet(text in fleets()) {
        let scenario = scenario(&text);
        let mut guard = Guard::new(&scenario);
        let files = MemoryFiles::default();
        let mut simulation = Simulation::new(Arc::clone(&scenario), &files).expect("no files");
        let mut summary = Summary::new(&scenario);
        simulation.advance(simulation.end(), &mut (&mut guard, &mut summary)).expect("no files");
        let report = verdict::report(&scenario, &summary, String::new());
        let totals = report.rollout_totals;
        let ended = report.rollouts.iter().filter(|one| one.outcome == "turned back").count() as u64;
        prop_assert_eq!(totals.rollouts, totals.complete + ended + totals.under_way);
        // All that was asked for is somewhere.
        let there = report.placed + report.refused + report.withdrawn;
        prop_assert!(there <= report.requests && report.requests <= there + report.waiting);
    }

    /// A service alone that turns back, or has another take its rollout back, ends as it began.
    #[test]
    fn who_goes_back_ends_where_he_began(
        strategy in strategies(),
        n in 1u32..9,
        is_broken in any::<bool>(),
    ) {
        let image = if is_broken { "broken" } else { "bad" };
        let keys = strategy.replace("on-deadline = 'report'", "on-deadline = 'rollback'");
        let text = format!("image = '{image}'\nstrategy = {{ {keys} }}");
        let text = small(40, &text).replace("instances = 4", &format!("instances = {n}"));
        let scenario = scenario(&text);
        let mut simulation =
            Simulation::new(Arc::clone(&scenario), &MemoryFiles::default()).expect("no files");
        let (mut guard, mut heard) = (Guard::new(&scenario), Heard::default());
        simulation.advance(simulation.end(), &mut (&mut guard, &mut heard)).expect("no files");
        let is_done = heard.outcomes.iter().all(Option::is_some);
        if is_done && is_broken == heard.lines.iter().any(|line| line.contains("turns back")) {
            prop_assert_eq!(guard.alive.len(), n as usize, "{:#?}", heard.lines);
            prop_assert_eq!(guard.image[0], scenario.services[0].image, "{:#?}", heard.lines);
        }
        prop_assert!(is_done || is_broken, "{:#?}", heard.lines);
    }
}
