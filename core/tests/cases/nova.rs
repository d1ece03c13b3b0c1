//! Nova: Placement's candidates, the filters and the weighers, in one stream of builds.

use crate::engine::{self, expected, list, same_scores, text};
use fleetcast_core::placement::nova::{self, Stock};
use fleetcast_core::scenario::{NovaWeigher, Policy};
use serde_json::Value;
use std::collections::BTreeMap;

/// All weighers, in the order in which they are added up by default, with their multipliers.
const WEIGHERS: [(&str, f64); 9] = [
    ("soft_affinity", 1.0),
    ("soft_anti_affinity", 1.0),
    ("build_failure", 1e6),
    ("cpu", 1.0),
    ("disk", 1.0),
    ("hypervisor_version", 1.0),
    ("io_ops", -1.0),
    ("num_instances", 0.0),
    ("ram", 1.0),
];

/// Placement's names of the resources, what a request calls them, and how many MB a unit has.
const RESOURCES: [(&str, &str); 3] =
    [("VCPU", "vcpus"), ("MEMORY_MB", "memory_mb"), ("DISK_GB", "disk_gb")];

struct Host<'c> {
    case: &'c Value,
    stock: [Stock; 3],
    used: [i64; 3],
    /// What Nova itself counts as used before the first build.
    used_before: [i64; 3],
    io_ops: i64,
    instances: i64,
    /// Members by group.
    groups: BTreeMap<String, u32>,
}

struct Rules {
    weighers: Vec<(String, f64)>,
    groups: BTreeMap<String, Group>,
    io_ops_max: Option<i64>,
    instances_max: Option<i64>,
}

struct Group {
    policy: String,
    per_host_max: u32,
}

/// Runs a case; how many decisions it has.
pub(crate) fn run(case: &Value, name: &str) -> Result<usize, String> {
    let rules = Rules::read(&case["params"])?;
    let mut hosts: Vec<Host<'_>> = list(&case["hosts"]).iter().map(Host::read).collect();
    let mut placed: BTreeMap<String, (usize, &Value)> = BTreeMap::new();
    for (at, request) in list(&case["requests"]).iter().enumerate() {
        let id = text(&request["id"]);
        let what = format!("{name}: {id}");
        if request["op"] == "remove" {
            let gone = placed.remove(&id);
            assert_eq!(gone.map(|(host, _)| host), expected(case, at), "{what}");
            if let Some((host, request)) = gone {
                hosts[host].build(request, -1);
            }
            continue;
        }
        let candidates = rules.candidates(request, &hosts);
        let chosen = match candidates.as_slice() {
            [] => None,
            [only] => Some(*only),
            _ => Some(rules.heaviest(request, &hosts, &candidates, &case["explain"][at], &what)),
        };
        assert_eq!(chosen, expected(case, at), "{what}");
        if let Some(host) = chosen {
            hosts[host].build(request, 1);
            placed.insert(id, (host, request));
        }
    }
    run_engine(case, &rules, name);
    Ok(list(&case["requests"]).len())
}

impl<'c> Host<'c> {
    fn read(case: &'c Value) -> Self {
        let whole = |value: &Value, otherwise| value.as_i64().unwrap_or(otherwise);
        let stock = RESOURCES.map(|(resource, key)| Stock {
            total: whole(&case[key], 0),
            reserved: whole(&case["reserved"][resource], 0),
            ratio: case["allocation_ratio"][resource].as_f64().unwrap_or(1.0),
            unit_min: whole(&case["min_unit"][resource], 1),
            unit_max: whole(&case["max_unit"][resource], i64::MAX),
            step: whole(&case["step_size"][resource], 1),
        });
        Self {
            case,
            stock,
            used: [0; 3],
            used_before: [
                whole(&case["vcpus_used"], 0),
                whole(&case["memory_mb_used"], stock[1].reserved),
                whole(&case["disk_gb_used"], stock[2].reserved),
            ],
            io_ops: whole(&case["num_io_ops"], 0),
            instances: whole(&case["num_instances"], 0),
            groups: BTreeMap::new(),
        }
    }

    fn members(&self, request: &Value) -> u32 {
        self.groups.get(&text(&request["group"])).copied().unwrap_or(0)
    }

    fn build(&mut self, request: &Value, sign: i64) {
        for (used, (_, key)) in self.used.iter_mut().zip(RESOURCES) {
            *used += sign * request[key].as_i64().unwrap_or(0);
        }
        self.instances += sign;
        // A build counts as running for the rest of the stream.
        self.io_ops += sign.max(0);
        if let Some(group) = request["group"].as_str() {
            let members = self.groups.entry(group.to_owned()).or_default();
            *members = members.saturating_add_signed(sign as i32);
        }
    }

    fn admits(&self, request: &Value) -> bool {
        let texts = |value: &Value| list(value).iter().map(text).collect::<Vec<_>>();
        let (traits, aggregates) = (texts(&self.case["traits"]), texts(&self.case["aggregates"]));
        let required = texts(&request["required_traits"]);
        let forbidden = texts(&request["forbidden_traits"]);
        let members = texts(&request["member_of"]);
        let others = texts(&request["not_member_of"]);
        let mut stocks = self.stock.iter().zip(self.used).zip(RESOURCES);
        stocks.all(|((stock, used), (_, key))| {
            nova::has_capacity(stock, used, request[key].as_i64().unwrap_or(0))
        }) && required.iter().all(|one| traits.contains(one))
            && !forbidden.iter().any(|one| traits.contains(one))
            && (members.is_empty() || members.iter().any(|one| aggregates.contains(one)))
            && !others.iter().any(|one| aggregates.contains(one))
    }

    fn left(&self, resource: usize) -> f64 {
        let (stock, used) = (&self.stock[resource], self.used_before[resource]);
        let used = used + self.used[resource];
        let total = match resource {
            0 => stock.total as f64 * stock.ratio,
            _ => stock.total as f64,
        };
        nova::free(total, used as f64)
    }
}

impl Rules {
    fn read(params: &Value) -> Result<Self, String> {
        let configured = |name: &str| {
            let known = WEIGHERS.iter().find(|(known, _)| *known == name);
            let (_, standard) =
                known.ok_or_else(|| format!("weigher `{name}` is not simulated yet"))?;
            let multiplier = params["multipliers"][name].as_f64().unwrap_or(*standard);
            Ok::<_, String>((name.to_owned(), multiplier))
        };
        let names: Vec<String> = match params["weighers"].as_array() {
            Some(names) => names.iter().map(text).collect(),
            None => WEIGHERS.iter().map(|(name, _)| (*name).to_owned()).collect(),
        };
        let groups = list(&params["groups"]).iter().map(|group| {
            let per_host_max = group["max_server_per_host"].as_u64().unwrap_or(1) as u32;
            (text(&group["name"]), Group { policy: text(&group["policy"]), per_host_max })
        });
        Ok(Self {
            weighers: names.iter().map(|name| configured(name)).collect::<Result<_, _>>()?,
            groups: groups.collect(),
            io_ops_max: params["max_io_ops_per_host"].as_i64(),
            instances_max: params["max_instances_per_host"].as_i64(),
        })
    }

    fn policy(&self, request: &Value) -> Option<&Group> {
        self.groups.get(request["group"].as_str()?)
    }

    fn candidates(&self, request: &Value, hosts: &[Host<'_>]) -> Vec<usize> {
        let is_used = hosts.iter().any(|host| host.members(request) > 0);
        let group_admits = |host: &Host<'_>| match self.policy(request) {
            Some(group) if group.policy == "anti-affinity" => {
                host.members(request) < group.per_host_max
            }
            Some(group) if group.policy == "affinity" => !is_used || host.members(request) > 0,
            _ => true,
        };
        let admits = |at: &usize| {
            let host = &hosts[*at];
            host.admits(request)
                && group_admits(host)
                && self.io_ops_max.is_none_or(|most| host.io_ops < most)
                && self.instances_max.is_none_or(|most| host.instances < most)
        };
        (0..hosts.len()).filter(admits).collect()
    }

    /// A weigher's raw weight, and the least that it lifts weights to.
    fn raw(&self, weigher: &str, request: &Value, host: &Host<'_>) -> (f64, Option<f64>) {
        let is_of = |policy: &str| self.policy(request).is_some_and(|group| group.policy == policy);
        let together = |policy: &str, is_apart| {
            let members = if is_of(policy) { host.members(request) } else { 0 };
            (nova::togetherness(members, is_apart), None)
        };
        let own = |key: &str| host.case[key].as_f64().unwrap_or(0.0);
        match weigher {
            "soft_affinity" => together("soft-affinity", false),
            "soft_anti_affinity" => together("soft-anti-affinity", true),
            "build_failure" => (own("failed_builds"), None),
            "cpu" => (host.left(0), Some(0.0)),
            "disk" => (host.left(2), Some(0.0)),
            "hypervisor_version" => (own("hypervisor_version"), None),
            "io_ops" => (host.io_ops as f64, Some(0.0)),
            "num_instances" => (host.instances as f64, None),
            "ram" => (host.left(1), Some(0.0)),
            other => panic!("no weigher is called {other}"),
        }
    }

    fn heaviest(
        &self,
        request: &Value,
        hosts: &[Host<'_>],
        candidates: &[usize],
        explain: &Value,
        what: &str,
    ) -> usize {
        let mut weights = vec![0.0; candidates.len()];
        let pairs = |weights: &[f64]| -> Vec<(usize, f64)> {
            candidates.iter().copied().zip(weights.iter().copied()).collect()
        };
        for (weigher, configured) in &self.weighers {
            let raw = |at: &usize| self.raw(weigher, request, &hosts[*at]).0;
            let floor = self.raw(weigher, request, &hosts[candidates[0]]).1;
            let mut normalised: Vec<f64> = candidates.iter().map(raw).collect();
            nova::normalise(&mut normalised, floor);
            let told = &explain["normalised"][weigher];
            if !told.is_null() {
                same_scores(&format!("{what}: {weigher}"), &pairs(&normalised), told);
            }
            for ((weight, normalised), at) in weights.iter_mut().zip(&normalised).zip(candidates) {
                let set = &hosts[*at].case["aggregate_multipliers"][weigher];
                let set: Vec<String> = list(set).iter().map(text).collect();
                let multiplier = nova::multiplier(*configured, &set);
                let sign = if weigher == "build_failure" { -1.0 } else { 1.0 };
                *weight += sign * multiplier * normalised;
            }
        }
        if !explain["weight"].is_null() {
            same_scores(&format!("{what}: weight"), &pairs(&weights), &explain["weight"]);
        }
        let mut best = 0;
        for at in 1..candidates.len() {
            if weights[at] > weights[best] {
                best = at;
            }
        }
        candidates[best]
    }
}

/// The engine's own policy decides alike, where it can say the case: CPU, disk and RAM only.
fn run_engine(case: &Value, rules: &Rules, name: &str) {
    let resource = |weigher: &str| ["cpu", "ram", "disk"].iter().position(|one| *one == weigher);
    let counting = || rules.weighers.iter().filter(|(_, multiplier)| *multiplier != 0.0);
    // Without groups and failed builds these weigh all hosts alike.
    let is_silent = |weigher: &str| {
        ["soft_affinity", "soft_anti_affinity", "build_failure", "hypervisor_version"]
            .contains(&weigher)
    };
    let is_known = counting().all(|(weigher, _)| resource(weigher).is_some() || is_silent(weigher));
    let plain =
        ["name", "vcpus", "memory_mb", "disk_gb", "allocation_ratio", "memory_mb_used", "reserved"];
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect();
    let is_plain = list(&case["hosts"]).iter().all(|host| {
        let keys: Vec<String> = keys(host);
        keys.iter().all(|key| plain.contains(&key.as_str()))
    });
    let has_ops = list(&case["requests"]).iter().any(|request| request["op"] == "remove");
    if !is_known || !is_plain || !rules.groups.is_empty() || has_ops {
        return;
    }
    let weighers = counting().filter_map(|(weigher, multiplier)| {
        let column = resource(weigher)?;
        let is_overcommitted = weigher == "cpu";
        Some(NovaWeigher { column, multiplier: *multiplier, is_overcommitted })
    });
    let hosts: Vec<engine::Host> = list(&case["hosts"])
        .iter()
        .map(|host| {
            let stock = Host::read(host).stock;
            let each = |of: &dyn Fn(&Stock) -> i64| stock.iter().map(of).collect::<Vec<_>>();
            engine::Host {
                total: each(&|stock| stock.total),
                reserved: each(&|stock| stock.reserved),
                effective: each(&|stock| {
                    ((stock.total - stock.reserved) as f64 * stock.ratio).floor() as i64
                }),
            }
        })
        .collect();
    let row = |request: &Value| -> Vec<i64> {
        RESOURCES.iter().map(|(_, key)| request[*key].as_i64().unwrap_or(0)).collect()
    };
    let asks: Vec<Vec<i64>> = list(&case["requests"]).iter().map(row).collect();
    let policy = Policy::Nova(weighers.collect());
    let found = engine::decide_all(&policy, &["cpu", "ram", "disk"], &hosts, &asks);
    let told: Vec<Option<usize>> = (0..asks.len()).map(|at| expected(case, at)).collect();
    assert_eq!(found, told, "{name}, by the engine");
}
