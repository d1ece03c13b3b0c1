//! Services on a fleet: their rollouts go as the timelines say, as long as nobody else is there.
//!
//! Each rollout case is run twice: by the timeline, over abstract slots, and by the engine, on
//! hosts of one slot each. The rows must be the same.

#[path = "rollout_cases/services.rs"]
#[allow(dead_code, reason = "the cases' own test uses all of it")]
mod cases;

use fleetcast_core::fact::Fact;
use fleetcast_core::observe::Observer;
use fleetcast_core::read::{Input, read};
use fleetcast_core::rollout::analysis::Verdict;
use fleetcast_core::rollout::chosen;
use fleetcast_core::rollout::plan::Planner;
use fleetcast_core::rollout::recreate::Recreate;
use fleetcast_core::rollout::timeline::{self, Checks, Outcome, Row};
use fleetcast_core::scenario::{Scenario, Strategy};
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::state::State;
use fleetcast_core::time::Time;
use serde_json::Value;
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

fn run(text: &str) -> Heard {
    let scenario = scenario(text);
    let mut heard = Heard::default();
    let mut simulation =
        Simulation::new(Arc::clone(&scenario), &MemoryFiles::default()).expect("no files");
    simulation.advance(simulation.end(), &mut heard).expect("no files");
    heard
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
        let heard = run(&as_scenario(kind, input));
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
    for strategy in Strategy::all() {
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
            let heard = run(&text);
            let what = format!("{name}, {free} free, {fails} %: {:#?}", heard.lines);
            assert_eq!(heard.rows[0], expected.rows, "{what}");
            let is_done = matches!(expected.outcome, Outcome::Complete | Outcome::TurnedBack);
            assert_eq!(heard.outcomes[0], is_done.then_some(expected.outcome), "{what}");
        }
    }
}
