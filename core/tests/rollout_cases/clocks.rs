//! Strategies with clocks and stages of their own, and the hosts' image.

use crate::services::{count, ms, s};
use fleetcast_core::rollout::flagger::{self, Flagger, Phase, Weights};
use fleetcast_core::rollout::hosts::{Event, Host, HostRollout};
use fleetcast_core::rollout::monetate::{self, Cutover, Done, Pipeline, Stage};
use fleetcast_core::rollout::singularity::{self, Acceptance, Deploy, Groups, Look};
use fleetcast_core::rollout::spinnaker::RollingRedBlack;
use serde_json::{Map, Value, json};

type Found = Result<Value, String>;

/// Nobody waits for longer.
const LOOKS_MAX: u64 = 100_000;

pub(crate) fn flagger(input: &Value) -> Found {
    let weights = match input["step_weights"].as_array() {
        Some(list) => Weights::List(list.iter().map(count).collect::<Result<_, _>>()?),
        None => Weights::Steps {
            step: count(&input["step_weight"])?,
            max: count(&input["max_weight"])?,
        },
    };
    let flagger = Flagger {
        interval_ms: ms(&input["interval_s"]).ok_or("no interval")?,
        threshold: count(&input["threshold"])?,
        weights,
        step_weight_promotion: input["step_weight_promotion"].as_u64().unwrap_or(0) as u32,
        replicas: count(&input["replicas"])?,
        canary_replicas: count(&input["canary_replicas"])?,
        deadline_ms: ms(&input["progress_deadline_s"]).unwrap_or(600_000),
    };
    let behaviour = flagger::Behaviour {
        boot_ms: ms(&input["boot_s"]),
        primary_roll_ms: ms(&input["primary_roll_s"]).unwrap_or(0),
        bad_from_weight: input["metric_fail_from_weight"].as_u64().map(|weight| weight as u32),
        bad_at: input["metric_fail_ticks"]
            .as_array()
            .map_or(Vec::new(), |list| list.iter().filter_map(Value::as_u64).collect()),
    };
    let looks = flagger::run(&flagger, &behaviour, LOOKS_MAX);
    let timeline: Vec<Value> = looks
        .iter()
        .map(|look| {
            json!({
                "tick": look.tick,
                "t": s(look.at.ms()),
                "phase": look.status.phase.to_string(),
                "canary_weight": look.status.weight,
                "canary_replicas": look.status.canary_replicas,
                "failed_checks": look.status.failed_checks,
            })
        })
        .collect();
    let last = looks.last().ok_or("nobody looked")?;
    let stretches = looks.windows(2).map(|pair| {
        let ms = pair[1].at.since_ms(pair[0].at);
        (u64::from(pair[0].status.weight), ms)
    });
    let exposure: u64 = stretches.clone().map(|(weight, ms)| weight * ms).sum();
    let exposed: u64 = stretches.filter(|(weight, _)| *weight > 0).map(|(_, ms)| ms).sum();
    let canaries = looks.iter().map(|look| look.status.canary_replicas).max().unwrap_or(0);
    let mut result = json!({
        "outcome": match last.status.phase {
            Phase::Succeeded => "succeeded",
            Phase::Failed => "failed",
            _ => "stuck",
        },
        "duration_s": s(last.at.ms()),
        "peak_used": flagger.replicas + canaries,
        "exposure_seconds": s(exposure) / 100.0,
        "exposed_s": s(exposed),
        "failed_checks": last.status.failed_checks,
    });
    if let Some(failed) = looks.iter().find(|look| look.status.failed_checks > 0) {
        result["t_first_failed_check"] = json!(s(failed.at.ms()));
        if last.status.phase == Phase::Failed {
            result["time_to_rollback_s"] = json!(s(last.at.since_ms(failed.at)));
        }
    }
    Ok(json!({ "timeline": timeline, "result": result }))
}

pub(crate) fn spinnaker(input: &Value) -> Found {
    let replicas = count(&input["instances"])?;
    let list = input["percentages"].as_array().ok_or("no percentages")?;
    let scales_down = input["scale_down"] != false;
    let strategy = RollingRedBlack {
        replicas,
        percentages: list.iter().map(count).collect::<Result<_, _>>()?,
        delay_before_cleanup_ms: ms(&input["delay_before_cleanup_s"]).unwrap_or(0),
        scale_down_ms: scales_down.then(|| ms(&input["delay_before_scale_down_s"]).unwrap_or(0)),
    };
    let story = strategy.run(ms(&input["boot_s"]));
    let timeline: Vec<Value> = story
        .iter()
        .map(|(at, groups)| {
            json!({
                "t": s(at.ms()),
                "new": groups.new,
                "new_serving": groups.new_serving,
                "old": groups.old,
                "old_serving": groups.old_serving,
                "used": groups.new + groups.old,
            })
        })
        .collect();
    let (end, last) = story.last().ok_or("nothing happened")?;
    let is_complete = last.old_serving == 0 && last.new_serving == replicas;
    let mut result = json!({
        "outcome": if is_complete { "complete" } else { "stuck" },
        "duration_s": s(end.ms()),
        "peak_used": story.iter().map(|(_, groups)| groups.new + groups.old).max(),
    });
    if let Some((at, _)) = story.iter().find(|(_, groups)| groups.old_serving == 0) {
        result["t_traffic_done"] = json!(s(at.ms()));
    }
    Ok(json!({ "timeline": timeline, "result": result }))
}

pub(crate) fn singularity(input: &Value) -> Found {
    let replicas = count(&input["instances"])?;
    let canary = &input["canary"];
    let groups = match canary {
        Value::Null => None,
        canary => {
            Some(Groups { size: count(&canary["group"])?, cycles: count(&canary["cycles"])? })
        }
    };
    let seconds = |key: &str| ms(&input[key]).unwrap_or(0);
    let deploy = Deploy {
        replicas,
        poll_ms: ms(&input["poll_s"]).filter(|ms| *ms > 0).ok_or("no poll interval")?,
        is_balanced: input["load_balanced"] != false,
        groups,
        acceptance: match input["acceptance"].as_str().unwrap_or("NONE") {
            "NONE" => Acceptance::None,
            "TIMED" => Acceptance::Timed(ms(&canary["wait_s"]).unwrap_or(0)),
            "CHECKS" => Acceptance::Checks,
            other => return Err(format!("acceptance `{other}` is not simulated yet")),
        },
        overdue_ms: seconds("deploy_health_timeout_s") + seconds("health_extra_s"),
    };
    let is_yes = |value: &Value| match value {
        Value::Bool(yes) => *yes,
        Value::String(text) => text == "pass",
        other => other["result"] != "fail",
    };
    let behaviour = singularity::Behaviour {
        boot_ms: ms(&input["boot_s"]),
        failing_tasks: input["failing_tasks"].as_u64().unwrap_or(0) as u32,
        apply_ms: seconds("lb_apply_s"),
        revert_ms: seconds("lb_revert_s"),
        balancers_fail: input["lb_fail"] == true,
        accepted: match &input["checks"] {
            Value::Null => Vec::new(),
            Value::Array(list) => list.iter().map(is_yes).collect(),
            one => vec![is_yes(one)],
        },
    };
    let looks = singularity::run(&deploy, &behaviour, LOOKS_MAX);
    let row = |look: &Look| {
        json!({
            "t": s(look.at.ms()),
            "state": look.state.name(),
            "target": look.target,
            "new": look.new,
            "new_ready": look.healthy,
            "old": look.old,
            "lb_new": look.lb_new,
            "lb_old": look.lb_old,
            "used": look.new + look.old,
        })
    };
    let last = looks.last().ok_or("nobody looked")?;
    let peak = looks.iter().map(|look| look.new + look.old).max().unwrap_or(0);
    Ok(json!({
        "timeline": looks.iter().map(row).collect::<Vec<_>>(),
        "result": {
            "outcome": last.state.name(),
            "duration_s": s(last.at.ms()),
            "peak_used": peak,
            "surge_peak": peak - replicas,
            "min_lb": looks.iter().map(|look| look.lb_new + look.lb_old).min(),
        },
    }))
}

pub(crate) fn monetate(input: &Value) -> Found {
    let times = |key: &str| -> [u64; 13] {
        Stage::ALL.map(|stage| ms(&input[key][stage.name()]).unwrap_or(0))
    };
    let fails_in = match input["fail_stage"].as_str() {
        None => None,
        Some(name) => {
            let stage = Stage::ALL.into_iter().find(|stage| stage.name() == name);
            Some(stage.ok_or_else(|| format!("stage `{name}` is not simulated yet"))?)
        }
    };
    let pipeline = Pipeline {
        replicas: count(&input["replicas"])?,
        few: count(&input["few"])?,
        work_ms: times("durations_s"),
        wait_ms: times("waits_s"),
        boot_ms: ms(&input["boot_s"]).ok_or("instances never boot")?,
        fails_in,
        cutover: match input["cutover_mode"].as_str().unwrap_or("partial") {
            "partial" => Cutover::Partial,
            "full" => Cutover::Full,
            other => return Err(format!("cutover `{other}` is not simulated yet")),
        },
    };
    let run = pipeline.run();
    let row = |done: &Done| {
        json!({
            "stage": done.stage.map_or("rollback", Stage::name),
            "start": s(done.from_ms),
            "end": s(done.until_ms),
            "ok": done.is_ok,
            "old": done.stacks.old,
            "new": done.stacks.new,
            "lb_old": done.stacks.lb_old,
            "lb_new": done.stacks.lb_new,
            "used": done.used,
        })
    };
    let mut result = json!({
        "outcome": match run.outcome {
            monetate::Outcome::Complete => "complete",
            monetate::Outcome::StoppedBeforeProduction => "stopped_before_production",
            monetate::Outcome::RolledBack => "rolled_back",
        },
        "lead_time_s": s(run.lead_ms),
        "work_s": s(run.work_ms),
        "wait_s": s(run.lead_ms - run.work_ms),
        "peak_used": run.stages.iter().map(|done| done.used).max(),
        "canary_traffic_share": run.first_share,
    });
    if let Some(ms) = run.first_user_ms {
        result["t_first_user"] = json!(s(ms));
    }
    if let Some(stage) = pipeline.fails_in {
        result["failed_stage"] = json!(stage.name());
        result["bad_exposure_s"] = json!(s(run.bad_exposure_ms));
        result["bad_request_share"] = json!(run.first_share);
    }
    Ok(json!({ "timeline": run.stages.iter().map(row).collect::<Vec<_>>(), "result": result }))
}

pub(crate) fn hosts(input: &Value) -> Found {
    let whole = |value: &Value| value.as_u64().ok_or_else(|| format!("`{value}` is not whole"));
    let host = |host: &Value| -> Result<Host, String> {
        let vms = host["vms"].as_array().ok_or("no VMs")?;
        Ok(Host {
            name: host["name"].as_str().unwrap_or_default().to_owned(),
            domain: host["domain"].as_str().unwrap_or_default().to_owned(),
            capacity: whole(&host["cap"])?,
            vms: vms.iter().map(whole).collect::<Result<_, _>>()?,
        })
    };
    let list = input["hosts"].as_array().ok_or("no hosts")?;
    let hosts: Vec<Host> = list.iter().map(host).collect::<Result<_, _>>()?;
    let parallel = ["global_parallel", "parallel_total", "max_parallel", "global_limit"];
    let rollout = HostRollout {
        batch: count(&input["batch"])? as usize,
        migrate_ms_per_unit: ms(&input["migrate_s_per_unit"]).ok_or("migrations never end")?,
        parallel_per_host: input["parallel_per_host"].as_u64().unwrap_or(1) as usize,
        parallel: parallel.iter().find_map(|key| input[*key].as_u64()).map(|count| count as usize),
        reimage_ms: ms(&input["reimage_s"]).ok_or("no time to reimage")?,
        prefers_updated: input["prefer_updated"] != false,
    };
    let capacity: u64 = hosts.iter().map(|host| host.capacity).sum();
    let run = rollout.run(hosts);
    let row = |(at, batch, event): &(_, Vec<usize>, Event)| {
        let at: &fleetcast_core::time::Time = at;
        let names: Vec<&str> = batch.iter().map(|row| run.hosts[*row].name.as_str()).collect();
        let mut row = json!({ "t": s(at.ms()), "batch": names });
        match event {
            Event::Drain { migrations, until } => {
                row["migrations"] = json!(migrations);
                row["drain_end"] = json!(s(until.ms()));
            }
            Event::Back { hosts_done } => row["hosts_done"] = json!(hosts_done),
            Event::Stalled(_) => {}
        }
        row
    };
    let in_the_end: Map<String, Value> =
        run.hosts.iter().map(|host| (host.name.clone(), json!(host.vms))).collect();
    Ok(json!({
        "timeline": run.events.iter().map(row).collect::<Vec<_>>(),
        "result": {
            "outcome": if run.stuck.is_some() { "stalled" } else { "complete" },
            "duration_s": s(run.ended_at.ms()),
            "moves": run.moves,
            "batches": run.batches,
            "hosts_done": run.hosts_done,
            "max_capacity_out": run.out_max,
            "max_capacity_out_frac": run.out_max as f64 / capacity.max(1) as f64,
        },
        "final": in_the_end,
    }))
}
