//! Strategies with clocks and stages of their own, and the hosts' image.

use crate::services::{count, ms, s};
use fleetcast_core::rollout::figures::Figures;
use fleetcast_core::rollout::flagger::{Flagger, Phase, Weights};
use fleetcast_core::rollout::hosts::{Event, Host, HostRollout};
use fleetcast_core::rollout::limits::Limits;
use fleetcast_core::rollout::monetate::{Cutover, Done, Pipeline, Stage};
use fleetcast_core::rollout::plan::{Action, Status, Version};
use fleetcast_core::rollout::singularity::{Acceptance, Deploy, Groups};
use fleetcast_core::rollout::spinnaker::RedBlack;
use fleetcast_core::rollout::timeline::{self, Balancer, Checks, Outcome, Row, Run, Service};
use fleetcast_core::time::Time;
use serde_json::{Map, Value, json};

type Found = Result<Value, String>;

/// What there was at a time.
fn row_at(run: &Run, at: Time) -> &Row {
    &run.rows[run.rows.partition_point(|row| row.at <= at).saturating_sub(1)]
}

/// Looks once an interval, until it is over: when, and what had been decided by then.
fn looks(run: &Run, status: Status, interval_ms: u64) -> Vec<(Time, Status)> {
    let mut status = status;
    let mut actions = run.actions.iter().peekable();
    let ticks = 0..=run.ended_at.ms() / interval_ms;
    let look = |tick| {
        let at = Time::from_ms(tick * interval_ms);
        while let Some((when, action)) = actions.next_if(|(when, _)| *when <= at) {
            status.note(*action, *when);
        }
        (at, status)
    };
    ticks.map(look).collect()
}

pub(crate) fn flagger(input: &Value) -> Found {
    let weights = match input["step_weights"].as_array() {
        Some(list) => Weights::List(list.iter().map(count).collect::<Result<_, _>>()?),
        None => Weights::Steps {
            step: count(&input["step_weight"])?,
            max: count(&input["max_weight"])?,
        },
    };
    let replicas = count(&input["replicas"])?;
    let canaries = count(&input["canary_replicas"])?;
    let flagger = Flagger {
        interval_ms: ms(&input["interval_s"]).ok_or("no interval")?,
        threshold: count(&input["threshold"])?,
        weights,
        step_weight_promotion: input["step_weight_promotion"].as_u64().unwrap_or(0) as u32,
        replicas,
        canary_replicas: canaries,
        // The cases say how long the primary's update takes, and that it takes no slot more.
        primary: Limits { surge: 0, unavailable: replicas },
        deadline_ms: ms(&input["progress_deadline_s"]).unwrap_or(600_000),
    };
    let mut boots = vec![ms(&input["boot_s"]); canaries as usize];
    boots.push(Some(ms(&input["primary_roll_s"]).unwrap_or(0)));
    let bad_ticks = input["metric_fail_ticks"].as_array().map_or([].as_slice(), Vec::as_slice);
    let tick = |tick: &Value| Some(Time::from_ms(tick.as_u64()? * flagger.interval_ms));
    let checks = Checks {
        bad_from_weight: input["metric_fail_from_weight"].as_u64().map(|weight| weight as u32),
        bad_at: bad_ticks.iter().filter_map(tick).collect(),
        bad_in_step: Vec::new(),
    };
    let service = Service { replicas, new_boot_ms: boots, checks, ..Service::default() };
    let run = timeline::run(&flagger, &service);
    let looks = looks(&run, Status::new(&flagger, Time::ZERO), flagger.interval_ms);
    // The canary's share: once it is over, the primary serves everybody.
    let weight_of = |status: &Status| match Phase::new(status.step, status.turned_back_at.is_some())
    {
        Phase::Progressing | Phase::Promoting => status.weight.unwrap_or(0),
        _ => 0,
    };
    let row = |(tick, (at, status)): (usize, &(Time, Status))| {
        let phase = Phase::new(status.step, status.turned_back_at.is_some());
        let is_over = matches!(phase, Phase::Succeeded | Phase::Failed);
        json!({
            "tick": tick,
            "t": s(at.ms()),
            "phase": phase.to_string(),
            "canary_weight": weight_of(status),
            "canary_replicas": if is_over { 0 } else { canaries },
            "failed_checks": status.failed_checks,
        })
    };
    let timeline: Vec<Value> = looks.iter().enumerate().map(row).collect();
    let (_, last) = looks.last().ok_or("nobody looked")?;
    let stretches = looks.windows(2).map(|pair| {
        let ms = pair[1].0.since_ms(pair[0].0);
        (u64::from(weight_of(&pair[0].1)), ms)
    });
    let exposure: u64 = stretches.clone().map(|(weight, ms)| weight * ms).sum();
    let exposed: u64 = stretches.filter(|(weight, _)| *weight > 0).map(|(_, ms)| ms).sum();
    let mut result = json!({
        "outcome": match run.outcome {
            Outcome::Complete => "succeeded",
            Outcome::TurnedBack => "failed",
            _ => "stuck",
        },
        "duration_s": s(run.ended_at.ms()),
        "peak_used": Figures::new(&run, replicas).peak_used,
        "exposure_seconds": s(exposure) / 100.0,
        "exposed_s": s(exposed),
        "failed_checks": last.failed_checks,
    });
    if let Some((failed, _)) = looks.iter().find(|(_, status)| status.failed_checks > 0) {
        result["t_first_failed_check"] = json!(s(failed.ms()));
        if run.outcome == Outcome::TurnedBack {
            result["time_to_rollback_s"] = json!(s(run.ended_at.since_ms(*failed)));
        }
    }
    Ok(json!({ "timeline": timeline, "result": result }))
}

pub(crate) fn spinnaker(input: &Value) -> Found {
    let replicas = count(&input["instances"])?;
    let list = input["percentages"].as_array().ok_or("no percentages")?;
    let scales_down = input["scale_down"] != false;
    let strategy = RedBlack {
        replicas,
        percentages: list.iter().map(count).collect::<Result<_, _>>()?,
        delay_before_cleanup_ms: ms(&input["delay_before_cleanup_s"]).unwrap_or(0),
        scale_down_ms: scales_down.then(|| ms(&input["delay_before_scale_down_s"]).unwrap_or(0)),
    };
    let new_boot_ms = vec![ms(&input["boot_s"])];
    let service = Service { replicas, new_boot_ms, ..Service::default() };
    let run = timeline::run(&strategy, &service);
    // A row before anything, one when something became available, one after each action.
    let (mut new, mut old, mut kept) = (0, replicas, replicas);
    let mut timeline = Vec::new();
    let mut write = |at: Time, new: u32, serving: u32, old: u32, kept: u32| {
        timeline.push(json!({
            "t": s(at.ms()),
            "new": new,
            "new_serving": serving,
            "old": old,
            "old_serving": kept.min(old),
            "used": new + old,
        }));
    };
    write(Time::ZERO, new, 0, old, kept);
    for row in &run.rows {
        let serving = row.new_serving;
        write(row.at, new, serving, old, kept);
        for (_, action) in run.actions.iter().filter(|(at, _)| *at == row.at) {
            match action {
                Action::Scale(Version::New, count) => new = *count,
                Action::Scale(Version::Old, count) => old = *count,
                Action::Serve(_, count) => kept = *count,
                _ => continue,
            }
            write(row.at, new, serving, old, kept);
        }
    }
    let last = run.rows.last().ok_or("nothing happened")?;
    let is_complete = last.old_serving == 0 && last.new_serving == replicas;
    let mut result = json!({
        "outcome": if is_complete { "complete" } else { "stuck" },
        "duration_s": s(run.ended_at.ms()),
        "peak_used": Figures::new(&run, replicas).peak_used,
    });
    if let Some(row) = run.rows.iter().find(|row| row.old_serving == 0) {
        result["t_traffic_done"] = json!(s(row.at.ms()));
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
    // What the checks say, group by group; the last goes on.
    let said: Vec<bool> = match &input["checks"] {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().map(is_yes).collect(),
        one => vec![is_yes(one)],
    };
    let is_bad = |group: &usize| said.get(*group).or(said.last()) == Some(&false);
    let groups = (0..=replicas as usize).filter(is_bad);
    let service = Service {
        replicas,
        old_boot_ms: vec![ms(&input["boot_s"])],
        new_boot_ms: vec![ms(&input["boot_s"])],
        failing: input["failing_tasks"].as_u64().unwrap_or(0) as u32,
        balancer: Balancer {
            apply_ms: seconds("lb_apply_s"),
            revert_ms: seconds("lb_revert_s"),
            fails: input["lb_fail"] == true,
        },
        checks: Checks {
            bad_in_step: groups.map(|group| 2 * group + 1).collect(),
            ..Checks::default()
        },
        ..Service::default()
    };
    let run = timeline::run(&deploy, &service);
    let state = match run.outcome {
        Outcome::Complete => "SUCCEEDED",
        Outcome::TurnedBack if run.overdue_at.is_some() => "OVERDUE",
        Outcome::TurnedBack => "FAILED",
        _ => "WAITING",
    };
    let row = |(at, status): &(Time, Status)| {
        let row = row_at(&run, *at);
        let is_over = *at == run.ended_at;
        let is_balanced = u32::from(deploy.is_balanced);
        // In the end the step behind the last has begun.
        let group = (status.step / 2).saturating_sub(usize::from(state == "SUCCEEDED" && is_over));
        json!({
            "t": s(at.ms()),
            "state": if is_over { state } else { "WAITING" },
            "target": deploy.target(group),
            "new": row.new,
            "new_ready": row.new_ready,
            "old": row.old,
            "lb_new": row.new_serving * is_balanced,
            "lb_old": row.old_serving * is_balanced,
            "used": row.new + row.old,
        })
    };
    let looks = looks(&run, Status::new(&deploy, Time::ZERO), deploy.poll_ms);
    let figures = Figures::new(&run, replicas);
    Ok(json!({
        "timeline": looks.iter().map(row).collect::<Vec<_>>(),
        "result": {
            "outcome": state,
            "duration_s": s(run.ended_at.ms()),
            "peak_used": figures.peak_used,
            "surge_peak": figures.surge_peak,
            "min_lb": run.rows.iter().map(|row| row.serving() * u32::from(deploy.is_balanced)).min(),
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
        fails_in,
        cutover: match input["cutover_mode"].as_str().unwrap_or("partial") {
            "partial" => Cutover::Partial,
            "full" => Cutover::Full,
            other => return Err(format!("cutover `{other}` is not simulated yet")),
        },
    };
    let boot_ms = ms(&input["boot_s"]).ok_or("instances never boot")?;
    let service = Service {
        replicas: pipeline.replicas,
        new_boot_ms: vec![Some(boot_ms)],
        ..Service::default()
    };
    let run = timeline::run(&pipeline, &service);
    let row = |name: &str, done: &Done| {
        json!({
            "stage": name,
            "start": s(done.from.ms()),
            "end": s(done.until.ms()),
            "ok": done.is_ok,
            "old": done.wanted[0],
            "new": done.wanted[1],
            "lb_old": done.serving[0],
            "lb_new": done.serving[1],
            "used": done.used,
        })
    };
    let table = pipeline.table(&run);
    let mut timeline: Vec<Value> = table.iter().map(|done| row(done.stage.name(), done)).collect();
    let first_users = table.iter().find(|done| done.stage == Stage::Cutover);
    let lead_ms = run.ended_at.ms();
    let wait_ms: u64 = table.iter().map(|done| pipeline.wait_ms[done.stage as usize]).sum();
    let back_at = run.turned_back_at.filter(|_| first_users.is_some());
    if let Some(at) = back_at {
        let replicas = pipeline.replicas;
        let back = Done {
            stage: Stage::ShutDownOld,
            from: at,
            until: at,
            is_ok: true,
            wanted: [replicas, 0],
            serving: [replicas, 0],
            used: replicas,
        };
        let last = run.rows.last().ok_or("nothing happened")?;
        assert_eq!(
            (last.old, last.old_serving, last.new, last.used),
            (replicas, replicas, 0, replicas)
        );
        timeline.push(row("rollback", &back));
    }
    let share = first_users.map_or(0.0, |done| {
        f64::from(done.serving[1]) / f64::from(done.serving[0] + done.serving[1])
    });
    let mut result = json!({
        "outcome": match (run.outcome, back_at) {
            (Outcome::Complete, _) => "complete",
            (Outcome::TurnedBack, Some(_)) => "rolled_back",
            (Outcome::TurnedBack, None) => "stopped_before_production",
            _ => "stuck",
        },
        "lead_time_s": s(lead_ms),
        "work_s": s(lead_ms - wait_ms),
        "wait_s": s(wait_ms),
        "peak_used": Figures::new(&run, pipeline.replicas).peak_used,
        "canary_traffic_share": share,
    });
    if let Some(done) = first_users {
        result["t_first_user"] = json!(s(done.until.ms()));
    }
    if let Some(stage) = pipeline.fails_in {
        let exposed = back_at.zip(first_users).map_or(0, |(at, done)| at.since_ms(done.until));
        result["failed_stage"] = json!(stage.name());
        result["bad_exposure_s"] = json!(s(exposed));
        result["bad_request_share"] = json!(share);
    }
    Ok(json!({ "timeline": timeline, "result": result }))
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
