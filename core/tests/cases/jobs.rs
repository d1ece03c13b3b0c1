//! Jobs, fairness, power and node counts: cases about rules that are no placement.

use crate::common;
use crate::engine::{list, text};
use fleetcast_core::fairness::{self, User};
use fleetcast_core::jobs::gang;
use fleetcast_core::jobs::queue::{Discipline, Job, replay};
use fleetcast_core::placement::kubernetes::sampling::num_feasible_nodes;
use fleetcast_core::placement::{Placer, Query};
use fleetcast_core::power::{self, Model};
use fleetcast_core::scenario::{DemandId, RackId};
use fleetcast_core::state::{State, Vm};
use fleetcast_core::time::Time;
use num_rational::BigRational;
use serde_json::Value;

/// Whether a case is about these.
pub(crate) fn is_one(case: &Value) -> bool {
    check_of(case).is_some()
}

/// Checks a case; how many decisions it has.
pub(crate) fn run(case: &Value, name: &str) -> Result<usize, String> {
    check_of(case).expect("it is one of these")(case, name)
}

type Check = fn(&Value, &str) -> Result<usize, String>;

fn check_of(case: &Value) -> Option<Check> {
    let function = text(&case["function"]);
    Some(match case["kind"].as_str().unwrap_or_default() {
        "batch" => batch,
        "drf" => drf,
        "gang" => gangs,
        "function" if function.starts_with("k8s_num_feasible_nodes") => feasible_nodes,
        "function" if function.starts_with("power_w") => power,
        "metric" if function == "jain" => jain,
        _ => return None,
    })
}

fn jain(case: &Value, name: &str) -> Result<usize, String> {
    let amounts: Vec<f64> = list(&case["x"]).iter().map(number).collect();
    let (found, told) = (fairness::jain(&amounts), number(&case["expected"]));
    assert!((found - told).abs() < 1e-12, "{name}: {found} is not {told}");
    Ok(0)
}

fn batch(case: &Value, name: &str) -> Result<usize, String> {
    let discipline = match case["policy"].as_str().unwrap_or_default() {
        "fcfs" => Discipline::Fcfs,
        "sjf" => Discipline::Sjf,
        "easy" => Discipline::Easy,
        "conservative" => Discipline::Conservative,
        other => return Err(format!("discipline `{other}` is not simulated yet")),
    };
    let job = |job: &Value| Job {
        submit: whole(&job["submit"]),
        processors: whole(&job["procs"]),
        estimate: whole(&job["estimate"]),
        runtime: whole(&job["runtime"]),
    };
    let jobs: Vec<Job> = list(&case["jobs"]).iter().map(job).collect();
    let found = replay(discipline, whole(&case["processors"]), &jobs);
    let told: Vec<Option<u64>> = list(&case["expected_start"]).iter().map(Value::as_u64).collect();
    assert_eq!(found, told, "{name}");
    Ok(found.len())
}

fn drf(case: &Value, name: &str) -> Result<usize, String> {
    let capacity = amounts(&case["capacity"]);
    let weights: Vec<BigRational> =
        list(&case["users"]).iter().map(|user| rational(&user["weight"])).collect();
    // Only their proportions count: made whole by a common multiple of their denominators.
    let common = weights.iter().fold(1, |all: i64, weight| {
        let denominator = i64::try_from(weight.denom()).expect("it is small");
        all * denominator / num_common(all, denominator)
    });
    let user = |(user, weight): (&Value, &BigRational)| {
        let whole = weight * BigRational::from_integer(common.into());
        let weight = u64::try_from(whole.to_integer()).expect("it is small");
        User { demand: amounts(&user["demand"]), weight }
    };
    let users: Vec<User> = list(&case["users"]).iter().zip(&weights).map(user).collect();
    let found = fairness::progressive_filling(&capacity, &users);
    let told = |key: &str| list(&case[key]).iter().map(whole).collect::<Vec<_>>();
    let order: Vec<u64> = found.order.iter().map(|user| *user as u64).collect();
    assert_eq!(order, told("expected_order"), "{name}");
    assert_eq!(found.tasks, told("expected_tasks"), "{name}");
    for (used, told) in found.used.iter().zip(list(&case["expected_dominant_share"])) {
        let share = fairness::dominant_share(used, &capacity);
        let share = BigRational::new(share.part.into(), share.whole.into());
        assert_eq!(share, rational(told), "{name}");
    }
    Ok(found.order.len())
}

fn gangs(case: &Value, name: &str) -> Result<usize, String> {
    let kinds = list(&case["hosts"][0]).len();
    let mut scenario = common::bare(&["a", "b", "c", "d", "e", "f", "g", "h"][..kinds]);
    for host in list(&case["hosts"]) {
        common::add_hosts(&mut scenario, &amounts(host), 1);
    }
    let mut state = State::new(&scenario);
    for spec in &scenario.hosts {
        state.add_host(spec.host_type, RackId::from_row(0), 0);
    }
    let placer = Placer::new(&scenario);
    let mut dice = fleetcast_core::dice::stream(1, "placement");
    let mut decisions = 0;
    for (gang, told) in list(&case["gangs"]).iter().zip(list(&case["expected"])) {
        let mut ask = |member| state.ask(&common::padded(&amounts(member)), None, &[]);
        let asks: Vec<_> = list(&gang["members"]).iter().map(&mut ask).collect();
        let queries: Vec<Query> = asks.iter().map(|ask| Query::from(*ask)).collect();
        let least = gang["min"].as_u64().map_or(queries.len(), |least| least as usize);
        let hosts = gang::decide(&placer, &state, &queries, least, &mut dice);
        let rows: Vec<Option<u64>> =
            hosts.iter().map(|host| host.map(|host| host.row() as u64)).collect();
        let told: Vec<Option<u64>> = list(told).iter().map(Value::as_u64).collect();
        assert_eq!(rows, told, "{name}");
        decisions += rows.len();
        for (host, ask) in hosts.into_iter().zip(asks) {
            let Some(host) = host else { continue };
            let demand = DemandId::from_row(0);
            state.start(Vm { request: 0, placed: Time::ZERO, host, ask, demand });
        }
    }
    Ok(decisions)
}

fn feasible_nodes(case: &Value, name: &str) -> Result<usize, String> {
    for row in list(&case["table"]) {
        let (nodes, percentage) = (whole(&row[0]), whole(&row[1]));
        let found = num_feasible_nodes(nodes, percentage);
        assert_eq!(found, whole(&row[2]), "{name}: {nodes} nodes, {percentage} %");
    }
    Ok(0)
}

fn power(case: &Value, name: &str) -> Result<usize, String> {
    for row in list(&case["table"]) {
        let model = match row[0].as_str().unwrap_or_default() {
            "constant" => Model::Constant,
            "linear" => Model::Linear,
            "sqrt" => Model::Sqrt,
            "square" => Model::Square,
            "cubic" => Model::Cubic,
            "mse" => Model::Mse { calibration: 1.4 },
            other => return Err(format!("power model `{other}` is not in the cases' words")),
        };
        let (idle, highest, used) = (number(&row[1]), number(&row[2]), number(&row[3]));
        let (found, told) = (power::watts(&model, idle, highest, used), number(&row[4]));
        assert!((found - told).abs() <= 1e-9, "{name}: {row}: {found}");
    }
    Ok(0)
}

fn whole(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is not whole"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

fn amounts(value: &Value) -> Vec<i64> {
    list(value).iter().map(|amount| amount.as_i64().expect("an amount is whole")).collect()
}

/// `2/3`, `0.5`, `2` or the number itself; 1 if it is not there.
fn rational(value: &Value) -> BigRational {
    let text = match value {
        Value::Null => "1".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let decimal = |text: &str| {
        let (whole, parts) = text.split_once('.').unwrap_or((text, ""));
        let digits: i64 = format!("{whole}{parts}").parse().expect("it is a number");
        BigRational::new(digits.into(), 10i64.pow(parts.len() as u32).into())
    };
    match text.split_once('/') {
        Some((part, whole)) => decimal(part) / decimal(whole),
        None => decimal(&text),
    }
}

fn num_common(mut a: i64, mut b: i64) -> i64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}
