//! What a rollout stands on: images, boots, queues, memory, shares, growth and spares.

use crate::compare::Checker;
use fleetcast_core::dice;
use fleetcast_core::failures::headroom::{self, survives_any};
use fleetcast_core::failures::spares;
use fleetcast_core::fairness::{self, User};
use fleetcast_core::migration::{self, Link, Outcome, WhenStuck};
use fleetcast_core::orders;
use fleetcast_core::provisioning::boot::Boot;
use fleetcast_core::provisioning::desk::{self, Served, Ticket};
use fleetcast_core::provisioning::images::{Distribution, missing_mb};
use fleetcast_core::provisioning::jvm::Jvm;
use fleetcast_core::provisioning::queueing::{self, Mmc};
use fleetcast_core::scenario::Curve;
use fleetcast_core::time::{DAY_MS, MONTH_MS, Time};
use rand_distr::{Distribution as _, Exp, Gamma};
use serde_json::{Value, json};

type Found = Result<Value, String>;

/// Each row of a list by itself.
fn each(input: &Value, one: impl Fn(&Value) -> Found) -> Found {
    let rows = input.as_array().ok_or("the input is no list")?;
    Ok(Value::Array(rows.iter().map(one).collect::<Result<_, _>>()?))
}

fn number(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| format!("`{value}` is not a number"))
}

fn whole(value: &Value) -> Result<u64, String> {
    value.as_u64().ok_or_else(|| format!("`{value}` is not a whole number"))
}

fn count(value: &Value) -> Result<u32, String> {
    u32::try_from(whole(value)?).map_err(|_| format!("`{value}` is too large"))
}

pub(crate) fn image_distribution(input: &Value) -> Found {
    let seconds = each(input, |row| {
        let rate = |key: &str| number(&row[key]);
        let way = match row["model"].as_str().unwrap_or_default() {
            "central" => Distribution::Central {
                registry_mb_s: rate("registry_mb_s")?,
                host_mb_s: rate("host_mb_s")?,
                concurrency: row["concurrency"].as_u64(),
            },
            "p2p_bound" => Distribution::PeerBound {
                seed_mb_s: row
                    .get("seed_mb_s")
                    .unwrap_or(&row["registry_mb_s"])
                    .as_f64()
                    .ok_or("no seed")?,
                host_mb_s: rate("host_mb_s")?,
                host_up_mb_s: row["host_up_mb_s"].as_f64().unwrap_or(rate("host_mb_s")?),
            },
            "p2p_model" => Distribution::Peer {
                host_mb_s: rate("host_mb_s")?,
                efficiency: row["efficiency"].as_f64().unwrap_or(0.6),
                setup_s: row["setup_s"].as_f64().unwrap_or(0.0),
            },
            other => return Err(format!("distribution `{other}` is not simulated yet")),
        };
        let cached = row["cached_fraction"].as_f64().unwrap_or(0.0);
        Ok(json!(way.seconds(missing_mb(rate("size_mb")?, cached), whole(&row["hosts"])?)))
    })?;
    Ok(json!({ "completion_s": seconds }))
}

pub(crate) fn boot_reliability(input: &Value) -> Found {
    each(input, |row| {
        let boot = Boot {
            p_fail: number(&row["p_base_fail"])?,
            dependencies: count(&row["dependencies"])?,
            availability: number(&row["dep_availability"])?,
            boot_s: number(&row["boot_s"])?,
            fetch_s: number(&row["dep_fetch_s"])?,
            detect_s: number(&row["fail_detect_s"])?,
        };
        let instances = count(&row["instances"])?;
        Ok(json!({
            "p_ok": boot.p_ok(),
            "p_ok_with_retries": boot.p_ok_within(count(&row["max_tries"])?),
            "p_all_ok_first_try": boot.p_all_ok(instances),
            "expected_failed_first_try": boot.expected_failed(instances),
            "mean_time_to_up_s": boot.mean_to_up_s(),
        }))
    })
}

fn mmc(row: &Value) -> Result<Mmc, String> {
    Ok(Mmc { lambda: number(&row["lambda"])?, mu: number(&row["mu"])?, servers: count(&row["c"])? })
}

fn lambdas(row: &Value) -> Result<Vec<f64>, String> {
    let list = row["lambdas"].as_array().ok_or("no arrivals")?;
    list.iter().map(number).collect()
}

pub(crate) fn queue(input: &Value) -> Found {
    each(input, |row| {
        Ok(match row["model"].as_str().unwrap_or_default() {
            "mmc" => {
                let queue = mmc(row)?;
                if queue.rho() >= 1.0 {
                    return Ok(json!({
                        "rho": queue.rho(),
                        "stable": false,
                        "backlog_growth": queue.backlog_growth(),
                    }));
                }
                json!({
                    "rho": queue.rho(),
                    "stable": true,
                    "p_wait": queue.p_wait(),
                    "wq": queue.wait(),
                    "w": queue.time(),
                    "lq": queue.queue(),
                    "wq_p95": queue.wait_quantile(0.95),
                    "w_p50": queue.time_quantile(0.5),
                    "w_p95": queue.time_quantile(0.95),
                })
            }
            "mg1" => {
                let (lambda, mean) = (number(&row["lambda"])?, number(&row["mean_service"])?);
                let wait = queueing::mg1_wait(lambda, mean, number(&row["cs2"])?);
                let rho = lambda * mean;
                match wait.is_finite() {
                    true => json!({ "rho": rho, "stable": true, "wq": wait, "w": wait + mean }),
                    false => json!({ "rho": rho, "stable": false }),
                }
            }
            "mgc" => {
                let queue = mmc(row)?;
                let wait = queueing::mgc_wait(&queue, number(&row["cs2"])?);
                json!({ "rho": queue.rho(), "wq": wait, "w": wait + 1.0 / queue.mu })
            }
            "mmc_priority" => {
                let lambdas = lambdas(row)?;
                let (mu, servers) = (number(&row["mu"])?, count(&row["c"])?);
                let lambda = lambdas.iter().sum();
                let all = Mmc { lambda, mu, servers };
                json!({
                    "rho": all.rho(),
                    "p_wait": all.p_wait(),
                    "wq": queueing::priority_waits(&lambdas, mu, servers),
                    "wq_all": all.wait(),
                })
            }
            other => return Err(format!("queue `{other}` is not simulated yet")),
        })
    })
}

/// A time unit of a queue, ms: fine enough for its distributions.
const UNIT_MS: f64 = 1e6;

/// The same queues by simulation, where the case says that it can be trusted.
pub(crate) fn simulate_queues(
    input: &Value,
    told: &Value,
    tolerance: &Value,
    checker: &mut Checker,
) {
    let limit = |key: &str| tolerance[key].as_f64().unwrap_or(0.0);
    let rho_max = limit("simulate_only_if_rho_at_most");
    let mean = (limit("relative_simulated_mean"), 0.0);
    let tail = (limit("relative_simulated_p95"), 0.0);
    let probability = (0.0, limit("absolute_simulated_probability"));
    // Eighths of the runs that the case asks for, and no more of them than it takes to know the
    // mean several times better than it asks.
    let customers = limit("customers") as usize / 8;
    let runs = tolerance["replications"].as_u64().unwrap_or(0) as usize * 8;
    let rows = input.as_array().into_iter().flatten().zip(told.as_array().into_iter().flatten());
    for (at, (row, told)) in rows.enumerate() {
        let Some(queue) = Simulated::read(row) else { continue };
        if queue.rho() > rho_max + 1e-9 {
            continue;
        }
        let mut waits = vec![Vec::new(); queue.lambdas.len()];
        let mut times = Vec::new();
        let mut means = Vec::new();
        while means.len() < runs && (means.len() < 8 || spread(&means) > mean.0 / 5.0) {
            let mut sum = 0.0;
            queue.run(means.len() as u64, customers, |served| {
                let wait = served.wait_ms as f64 / UNIT_MS;
                sum += wait;
                waits[served.ticket.class].push(wait);
                times.push(served.time_ms() as f64 / UNIT_MS);
            });
            means.push(sum);
        }
        let average = |list: &[f64]| list.iter().sum::<f64>() / list.len() as f64;
        let mut check = |key: &str, told: &Value, found: f64, tolerance| {
            if let Some(told) = told.as_f64() {
                checker.near(&format!("/{at}/{key}"), told, found, tolerance);
            }
        };
        if let Some(told) = told["wq"].as_array() {
            for (told, waits) in told.iter().zip(&waits) {
                check("wq", told, average(waits), mean);
            }
        } else {
            check("wq", &told["wq"], average(&waits[0]), mean);
            check("w", &told["w"], average(&times), mean);
            check("wq_p95", &told["wq_p95"], quantile(&mut waits[0], 0.95), tail);
            check("w_p50", &told["w_p50"], quantile(&mut times, 0.5), tail);
            check("w_p95", &told["w_p95"], quantile(&mut times, 0.95), tail);
        }
        let all: usize = waits.iter().map(Vec::len).sum();
        let waited = waits.iter().flatten().filter(|wait| **wait > 0.0).count();
        check("p_wait", &told["p_wait"], waited as f64 / all as f64, probability);
    }
}

/// The standard error of the mean, as a share of it.
fn spread(list: &[f64]) -> f64 {
    let n = list.len() as f64;
    let mean = list.iter().sum::<f64>() / n;
    let squares: f64 = list.iter().map(|x| (x - mean) * (x - mean)).sum();
    (squares / (n - 1.0) / n).sqrt() / mean
}

fn quantile(list: &mut [f64], p: f64) -> f64 {
    let place = (list.len() as f64 * p) as usize;
    *list.select_nth_unstable_by(place, f64::total_cmp).1
}

struct Simulated {
    lambdas: Vec<f64>,
    mean_service: f64,
    /// Squared coefficient of variation of service.
    cs2: f64,
    servers: u32,
}

impl Simulated {
    fn read(row: &Value) -> Option<Self> {
        let lambda = row["lambda"].as_f64();
        let lambdas = lambda.map(|lambda| vec![lambda]).or_else(|| lambdas(row).ok())?;
        let mean = row["mu"].as_f64().map(|mu| 1.0 / mu).or(row["mean_service"].as_f64())?;
        let servers = row["c"].as_u64().unwrap_or(1) as u32;
        // M/G/c has no exact answer for a simulation to agree with.
        let is_exact = row["model"] != "mgc";
        let cs2 = row["cs2"].as_f64().unwrap_or(1.0);
        is_exact.then_some(Self { lambdas, mean_service: mean, cs2, servers })
    }

    fn rho(&self) -> f64 {
        self.lambdas.iter().sum::<f64>() * self.mean_service / f64::from(self.servers)
    }

    fn run(&self, seed: u64, customers: usize, tell: impl FnMut(Served)) {
        let lambda: f64 = self.lambdas.iter().sum();
        let mut arrivals = dice::stream(seed, "arrivals");
        let mut service = dice::stream(seed, "service");
        let mut classes = dice::stream(seed, "classes");
        let gap = Exp::new(lambda).expect("there are arrivals");
        let work = (self.cs2 > 0.0).then(|| {
            Gamma::new(1.0 / self.cs2, self.cs2 * self.mean_service).expect("they take time")
        });
        let share = Exp::new(1.0).expect("1 is above 0");
        let mut now = 0.0;
        let tickets = (0..customers).map(|_| {
            now += gap.sample(&mut arrivals);
            let work = work.map_or(self.mean_service, |work| work.sample(&mut service));
            // The class whose next arrival is first, of Poisson processes.
            let next = |lambda: &f64| share.sample(&mut classes) / lambda;
            let firsts: Vec<f64> = match self.lambdas.len() {
                1 => vec![0.0],
                _ => self.lambdas.iter().map(next).collect(),
            };
            let class = (0..firsts.len()).min_by(|a, b| firsts[*a].total_cmp(&firsts[*b]));
            Ticket {
                at: Time::from_ms((now * UNIT_MS) as u64),
                class: class.expect("there is a class"),
                work_ms: (work * UNIT_MS) as u64,
            }
        });
        desk::serve(self.servers, self.lambdas.len(), tickets, tell);
    }
}

pub(crate) fn jvm_memory(input: &Value) -> Found {
    each(input, |row| {
        let part = |key: &str| number(&row[key]);
        let jvm = Jvm {
            heap_mib: part("heap_mib")?,
            threads: count(&row["threads"])?,
            stack_mib: part("stack_mib")?,
            gc_share: part("gc_pct")?,
            jvm_mib: part("jvm_mib")?,
            off_heap_mib: part("offheap_mib")?,
        };
        Ok(json!({ "total_mib": jvm.request_mib(), "tasks_per_64gib": jvm.tasks_in(65_536.0) }))
    })
}

/// The input lists the migrations; what Nova allows is told for sizes that its keys name.
pub(crate) fn live_migration(input: &Value) -> Found {
    let migrations = each(input, |row| {
        let link = Link {
            bandwidth_mib_s: number(&row["bandwidth_mib_s"])?,
            dirty_mib_s: number(&row["dirty_mib_s"])?,
            downtime_max_ms: row["max_downtime_ms"].as_f64().unwrap_or(500.0),
            rounds_max: row["max_rounds"].as_u64().unwrap_or(30) as u32,
            when_stuck: match row["on_stuck"].as_str() {
                Some("abort") => WhenStuck::Abort,
                Some("post_copy") => WhenStuck::PostCopy,
                _ => WhenStuck::Force,
            },
            timeout_s_per_gib: None,
        };
        let found = migration::pre_copy(number(&row["mem_gib"])? * 1_024.0, &link);
        let outcome = match found.outcome {
            Outcome::Ok => "ok",
            Outcome::Forced => "forced",
            Outcome::PostCopied => "post_copy",
            Outcome::Aborted => "aborted",
        };
        Ok(json!({
            "converged": found.has_converged(),
            "outcome": outcome,
            "rounds": found.rounds,
            "total_s": found.total_ms / 1e3,
            "downtime_ms": found.downtime_ms,
            "sent_mib": found.sent_mib,
        }))
    })?;
    let timeouts = [8.0, 1.0, 24.0].map(|gib| migration::timeout_s(gib, 800.0));
    Ok(json!({
        "migrations": migrations,
        "nova_timeout_s": timeouts,
        "nova_downtime_steps_3gb_400ms_30s": migration::nova_downtime_steps(3, 400, 10, 30),
    }))
}

pub(crate) fn drf(input: &Value) -> Found {
    let amounts = |list: &Value| -> Result<Vec<i64>, String> {
        let list = list.as_array().ok_or("no amounts")?;
        list.iter().map(|amount| amount.as_i64().ok_or("not whole".to_owned())).collect()
    };
    let total = amounts(&input["total"])?;
    let demands = input["demands"].as_object().ok_or("no demands")?;
    let weight = |name: &str| input["weights"][name].as_u64().unwrap_or(1);
    let user = |(name, demand): (&String, &Value)| -> Result<User, String> {
        Ok(User { demand: amounts(demand)?, weight: weight(name) })
    };
    let users: Vec<User> = demands.iter().map(user).collect::<Result<_, _>>()?;
    let names: Vec<&String> = demands.keys().collect();
    let found = fairness::progressive_filling(&total, &users);
    let mut used = vec![0; total.len()];
    let (mut alloc, mut shares) = (json!({}), json!({}));
    for (row, name) in names.iter().enumerate() {
        let share = fairness::dominant_share(&found.used[row], &total);
        alloc[*name] = json!(found.tasks[row]);
        shares[*name] = json!(share.part as f64 / share.whole as f64);
        for (sum, part) in used.iter_mut().zip(&found.used[row]) {
            *sum += part;
        }
    }
    let order: Vec<&String> = found.order.iter().map(|row| names[*row]).collect();
    Ok(json!({ "alloc": alloc, "used": used, "shares": shares, "order": order }))
}

pub(crate) fn growth(input: &Value) -> Found {
    let over = |row: &Value| Ok::<_, String>((number(&row["months"])? * MONTH_MS as f64) as u64);
    let values = each(input, |row| {
        let (from, to) = (number(&row["from"])?, number(&row["to"])?);
        let over_ms = over(row)?;
        let curve = match row["curve"].as_str().unwrap_or_default() {
            "linear" => Curve::Linear { from, to, over_ms },
            "exponential" => Curve::Exponential { from, to, over_ms },
            "logistic" => {
                let ceiling = row["ceiling"].as_f64().unwrap_or(1.05 * to);
                Curve::Logistic { from, to, over_ms, ceiling }
            }
            other => return Err(format!("curve `{other}` is not simulated yet")),
        };
        each(&row["at"], |month| Ok(json!(curve.at((number(month)? * MONTH_MS as f64) as u64))))
    })?;
    let first = &input[0];
    let days = over(first)? as f64 / DAY_MS as f64;
    let growth = orders::growth_per_day(number(&first["from"])?, number(&first["to"])?, days);
    let (target, lead_days) = (0.85, 70.0);
    let level = orders::reorder_level(target, growth, lead_days);
    Ok(json!({ "values": values, "reorder_fraction": level }))
}

pub(crate) fn spares(input: &Value) -> Found {
    each(input, |row| {
        let part = |key: &str| number(&row[key]);
        let mean = spares::mean_down(part("hosts")?, part("afr")?, part("mttr_days")?);
        Ok(json!({ "mean_down": mean, "spares": spares::spares(mean, part("p")?) }))
    })
}

pub(crate) fn n_plus_k(input: &Value) -> Found {
    each(input, |row| {
        let free = row["free"].as_object().ok_or("no free space")?;
        let host = |(name, free): (&String, &Value)| -> Result<headroom::Host, String> {
            let vms = row["vms"][name].as_array().map_or(&[][..], Vec::as_slice);
            let vms = vms.iter().map(whole).collect::<Result<_, _>>()?;
            Ok(headroom::Host { free: whole(free)?, vms })
        };
        let hosts: Vec<headroom::Host> = free.iter().map(host).collect::<Result<_, _>>()?;
        Ok(json!(survives_any(&hosts, whole(&row["k"])? as usize)))
    })
}
