//! Strategies that are planned over the instances of one service.

use fleetcast_core::rollout::analysis::{Check, Verdict};
use fleetcast_core::rollout::blue_green::{BlueGreen, Promotion, Stage};
use fleetcast_core::rollout::canary::{Canary, Step};
use fleetcast_core::rollout::figures::Figures;
use fleetcast_core::rollout::limits::{Amount, Limits};
use fleetcast_core::rollout::plan::Deadline;
use fleetcast_core::rollout::recreate::Recreate;
use fleetcast_core::rollout::rolling::Rolling;
use fleetcast_core::rollout::routed::Routed;
use fleetcast_core::rollout::timeline::{self, Outcome, Row, Run, Service};
use fleetcast_core::time::Time;
use serde_json::{Map, Value, json};

type Found = Result<Value, String>;

pub(crate) fn rolling_of(input: &Value) -> Result<Rolling, String> {
    let (replicas, limits) = size(input)?;
    let deadline = ms(&input["progress_deadline_s"])
        .map(|ms| Deadline { ms, turns_back: input["on_deadline"] == "rollback" });
    let undo_at = ms(&input["undo_at_s"]).map(Time::from_ms);
    Ok(Rolling { replicas, limits, deadline, undo_at })
}

pub(crate) fn rolling(input: &Value) -> Found {
    let planner = rolling_of(input)?;
    let (replicas, limits) = (planner.replicas, planner.limits);
    let run = timeline::run(&planner, &service(input)?);
    let mut result = figures(&run, replicas, "rolled_back", "deadline_exceeded");
    add_limits(&mut result, limits);
    add(&mut result, "t_rollback_start", run.turned_back_at);
    Ok(json!({ "timeline": rows(&run, None), "result": result }))
}

pub(crate) fn recreate(input: &Value) -> Found {
    let replicas = count(&input["replicas"])?;
    let run = timeline::run(&Recreate { replicas }, &service(input)?);
    let result = figures(&run, replicas, "rolled_back", "stuck");
    Ok(json!({ "timeline": rows(&run, None), "result": result }))
}

pub(crate) fn blue_green_of(input: &Value) -> Result<BlueGreen, String> {
    let replicas = count(&input["replicas"])?;
    let preview = match &input["preview_replicas"] {
        Value::Null => replicas,
        preview => count(preview)?,
    };
    let promotion = match (&input["manual_promote_at_s"], &input["auto_promotion_s"]) {
        (Value::Null, Value::Null) => Promotion::ByHand(None),
        (Value::Null, after) => Promotion::After(ms(after).ok_or("no promotion")?),
        (at, _) => Promotion::ByHand(ms(at).map(Time::from_ms)),
    };
    Ok(BlueGreen {
        replicas,
        preview,
        before: check(&input["pre_analysis"])?,
        promotion,
        after: check(&input["post_analysis"])?,
        scale_down_delay_ms: ms(&input["scale_down_delay_s"]).unwrap_or(30_000),
        abort_scale_down_delay_ms: ms(&input["abort_scale_down_delay_s"]).unwrap_or(30_000),
        deadline: ms(&input["progress_deadline_s"]).map(|ms| Deadline { ms, turns_back: false }),
    })
}

pub(crate) fn blue_green(input: &Value) -> Found {
    let planner = blue_green_of(input)?;
    let replicas = planner.replicas;
    let run = timeline::run(&planner, &service(input)?);
    let mut result = figures(&run, replicas, "aborted", "stalled");
    let step_at = |stage: Stage| {
        let row = Stage::ORDER.iter().position(|one| *one == stage);
        run.steps().find(|(_, step)| Some(*step) == row).map(|(at, _)| at)
    };
    add(&mut result, "t_preview_ready", step_at(Stage::ScalePreview));
    add(&mut result, "t_switch", run.routes().next().filter(|route| route.1 == 100).map(|r| r.0));
    add(&mut result, "t_promoted", step_at(Stage::PostTest));
    add(&mut result, "t_abort", run.turned_back_at);
    Ok(json!({ "timeline": rows(&run, Some("active")), "result": result }))
}

pub(crate) fn canary_of(input: &Value) -> Result<Canary, String> {
    let (replicas, limits) = size(input)?;
    Ok(Canary { replicas, limits, steps: steps(input)? })
}

pub(crate) fn canary(input: &Value) -> Found {
    let planner = canary_of(input)?;
    let (replicas, limits) = (planner.replicas, planner.limits);
    let run = timeline::run(&planner, &service(input)?);
    let mut result = figures(&run, replicas, "aborted", "stalled");
    add_limits(&mut result, limits);
    add(&mut result, "t_abort", run.turned_back_at);
    Ok(json!({ "timeline": rows(&run, None), "steps": done(&run), "result": result }))
}

pub(crate) fn routed_of(input: &Value) -> Result<Routed, String> {
    Ok(Routed {
        replicas: count(&input["replicas"])?,
        steps: steps(input)?,
        shrinks_old: input["dynamic_stable_scale"] == true,
        scale_down_delay_ms: ms(&input["scale_down_delay_s"]).unwrap_or(30_000),
        abort_scale_down_delay_ms: ms(&input["abort_scale_down_delay_s"]).unwrap_or(30_000),
    })
}

pub(crate) fn routed(input: &Value) -> Found {
    let planner = routed_of(input)?;
    let replicas = planner.replicas;
    let run = timeline::run(&planner, &service(input)?);
    let mut result = figures(&run, replicas, "aborted", "stalled");
    add(&mut result, "t_abort", run.turned_back_at);
    let weights: Vec<Value> =
        run.routes().map(|(at, weight)| json!({ "t": s(at.ms()), "weight": weight })).collect();
    Ok(json!({
        "timeline": rows(&run, Some("canary_weight")),
        "weights": weights,
        "steps": done(&run),
        "result": result,
    }))
}

/// The steps that were done; the last of a rollout that went back is the one that sent it.
fn done(run: &Run) -> Vec<Value> {
    let next = run.steps().count();
    let last = run.turned_back_at.map(|at| (at, next));
    let all = run.steps().chain(last);
    all.map(|(at, step)| json!({ "t": s(at.ms()), "step": step })).collect()
}

fn size(input: &Value) -> Result<(u32, Limits), String> {
    let replicas = count(&input["replicas"])?;
    let amount = |value: &Value| -> Result<Amount, String> {
        match value {
            Value::Null => Ok(Amount::Percent(25)),
            Value::String(text) => {
                let percent = text.strip_suffix('%').and_then(|text| text.parse().ok());
                Ok(Amount::Percent(percent.ok_or("a share is not written in whole percent")?))
            }
            count => Ok(Amount::Count(self::count(count)?)),
        }
    };
    let (surge, unavailable) = (amount(&input["max_surge"])?, amount(&input["max_unavailable"])?);
    let limits = Limits::new(replicas, surge, unavailable).map_err(|why| why.to_string())?;
    Ok((replicas, limits))
}

pub(crate) fn service(input: &Value) -> Result<Service, String> {
    let boots = |value: &Value| -> Vec<Option<u64>> {
        match value {
            Value::Array(list) => list.iter().map(ms).collect(),
            one => vec![ms(one)],
        }
    };
    let old_boot = input.get("old_version_boot_s").unwrap_or(&input["boot_s"]);
    let capacity = &input["capacity_slots"];
    Ok(Service {
        replicas: count(&input["replicas"])?,
        old_boot_ms: boots(old_boot),
        new_boot_ms: boots(&input["boot_s"]),
        min_ready_ms: ms(&input["min_ready_s"]).unwrap_or(0),
        grace_ms: ms(&input["termination_grace_s"]).unwrap_or(0),
        capacity: if capacity.is_null() { None } else { Some(count(capacity)?) },
        ..Service::default()
    })
}

fn steps(input: &Value) -> Result<Vec<Step>, String> {
    let list = input["steps"].as_array().ok_or("no steps")?;
    let step = |step: &Value| {
        if let Some(weight) = step.get("set_weight") {
            Ok(Step::SetWeight(count(weight)?))
        } else if let Some(pause) = step.get("pause") {
            Ok(Step::Pause(ms(pause)))
        } else if let Some(check) = check(&step["analysis"])? {
            Ok(Step::Analysis(check))
        } else {
            Err(format!("step `{step}` is not simulated yet"))
        }
    };
    list.iter().map(step).collect()
}

fn check(value: &Value) -> Result<Option<Check>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let verdict = match value["result"].as_str().unwrap_or("pass") {
        "pass" | "success" | "successful" => Verdict::Successful,
        "fail" | "failed" => Verdict::Failed,
        "error" => Verdict::Error,
        "inconclusive" => Verdict::Inconclusive,
        other => return Err(format!("result `{other}` of an analysis is not simulated yet")),
    };
    Ok(Some(Check { ms: ms(&value["duration"]).unwrap_or(0), verdict }))
}

fn rows(run: &Run, weight: Option<&str>) -> Vec<Value> {
    let row = |row: &Row| {
        let mut json = json!({
            "t": s(row.at.ms()),
            "old": row.old,
            "old_avail": row.old_available,
            "new": row.new,
            "new_ready": row.new_ready,
            "new_avail": row.new_available,
            "terminating": row.terminating,
            "pending": row.pending,
            "used": row.used,
        });
        if let (Some(key), Some(weight)) = (weight, row.weight) {
            json[key] = match key {
                "active" => json!(if weight == 0 { "old" } else { "new" }),
                _ => json!(weight),
            };
        }
        json
    };
    run.rows.iter().map(row).collect()
}

fn figures(run: &Run, replicas: u32, back: &str, overdue: &str) -> Map<String, Value> {
    let figures = Figures::new(run, replicas);
    let outcome = match run.outcome {
        Outcome::Complete => "complete",
        Outcome::TurnedBack => back,
        Outcome::Overdue => overdue,
        Outcome::Paused => "paused",
        Outcome::Stuck => "stuck",
    };
    let json = json!({
        "outcome": outcome,
        "duration_s": s(figures.duration_ms),
        "released_s": s(figures.released_ms),
        "peak_used": figures.peak_used,
        "peak_used_excl_terminating": figures.peak_used_without_terminating,
        "surge_peak": figures.surge_peak,
        "min_available": figures.min_available,
        "capacity_shortfall": figures.pending_peak,
        "unavailable_instance_seconds": s(figures.unavailable_ms),
        "surge_instance_seconds": s(figures.surge_ms),
        "mixed_version_seconds": s(figures.mixed_ms),
        "exposure_seconds": figures.exposure_ms / 1e3,
    });
    let mut result = json.as_object().cloned().unwrap_or_default();
    if let Some(ms) = figures.turn_back_ms {
        result.insert("time_to_rollback_s".to_owned(), json!(s(ms)));
    }
    add(&mut result, "t_deadline", run.overdue_at);
    result
}

fn add(result: &mut Map<String, Value>, key: &str, at: Option<Time>) {
    if let Some(at) = at {
        result.insert(key.to_owned(), json!(s(at.ms())));
    }
}

fn add_limits(result: &mut Map<String, Value>, limits: Limits) {
    result.insert("max_surge".to_owned(), json!(limits.surge));
    result.insert("max_unavailable".to_owned(), json!(limits.unavailable));
}

/// Ms as seconds.
pub(crate) fn s(ms: u64) -> f64 {
    ms as f64 / 1e3
}

/// Seconds as ms; none for null.
pub(crate) fn ms(seconds: &Value) -> Option<u64> {
    seconds.as_f64().map(|s| (s * 1e3).round() as u64)
}

pub(crate) fn count(value: &Value) -> Result<u32, String> {
    let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
    count.ok_or_else(|| format!("`{value}` is not a count"))
}
