//! Kubernetes: the scheduling cycle over the plugins' formulas.

use crate::engine::{self, expected, list, same_scores, text, texts};
use fleetcast_core::placement::kubernetes::cluster::{Node, Pod};
use fleetcast_core::placement::kubernetes::fit::{self, Part};
use fleetcast_core::placement::kubernetes::inter_pod::{self, Term, Terms};
use fleetcast_core::placement::kubernetes::node_affinity::{self, Preference};
use fleetcast_core::placement::kubernetes::taints::{self, Effect, Taint, Toleration};
use fleetcast_core::placement::kubernetes::topology::{self, Spread};
use fleetcast_core::placement::kubernetes::{balance, images};
use fleetcast_core::scenario::{FitScore, KubernetesProfile, KubernetesResource, Policy};
use serde_json::Value;
use std::collections::BTreeMap;

/// What containers without a request count for in NodeResourcesFit scores.
const NONZERO: [(&str, i64); 2] = [("cpu", 100), ("memory", 200 << 20)];

/// The default profile.
const DEFAULT: [(&str, i64); 7] = [
    ("TaintToleration", 3),
    ("NodeAffinity", 2),
    ("NodeResourcesFit", 1),
    ("PodTopologySpread", 2),
    ("InterPodAffinity", 2),
    ("NodeResourcesBalancedAllocation", 1),
    ("ImageLocality", 1),
];

type Amounts = BTreeMap<String, i64>;

struct Machine {
    allocatable: Amounts,
    requested: Amounts,
    nonzero: Amounts,
}

struct Profile {
    plugins: Vec<(String, i64)>,
    fit: FitScore,
    fit_resources: Vec<(String, i64)>,
    balanced_resources: Vec<(String, i64)>,
    hard_affinity: i64,
}

/// Runs a case; how many decisions it has.
pub(crate) fn run(case: &Value, name: &str) -> Result<usize, String> {
    let profile = Profile::read(&case["params"])?;
    let mut nodes = list(&case["hosts"]).iter().map(read_node).collect::<Result<Vec<_>, _>>()?;
    let mut machines: Vec<Machine> = list(&case["hosts"])
        .iter()
        .map(|host| Machine {
            allocatable: amounts(&host["allocatable"]),
            requested: Amounts::new(),
            nonzero: Amounts::new(),
        })
        .collect();
    let mut placed: BTreeMap<String, (usize, Pod, Amounts)> = BTreeMap::new();
    for (at, request) in list(&case["requests"]).iter().enumerate() {
        let id = text(&request["id"]);
        let what = format!("{name}: {id}");
        if request["op"] == "remove" {
            let gone = placed.remove(&id);
            assert_eq!(gone.as_ref().map(|gone| gone.0), expected(case, at), "{what}");
            if let Some((host, pod, asked)) = gone {
                machines[host].add(&asked, -1);
                let pods = &mut nodes[host].pods;
                let place = pods.iter().position(|other| *other == pod);
                pods.remove(place.expect("the pod was there"));
            }
            continue;
        }
        let (pod, asked) = (read_pod(request)?, amounts(&request["requests"]));
        let feasible = feasible(&pod, &asked, &nodes, &machines);
        let chosen = match feasible.as_slice() {
            [] => None,
            [only] => Some(*only),
            _ => {
                let scores = profile.scores(&pod, &asked, &feasible, &nodes, &machines);
                Some(select(&profile, &feasible, &scores, &case["explain"][at], &what))
            }
        };
        assert_eq!(chosen, expected(case, at), "{what}");
        if let Some(host) = chosen {
            machines[host].add(&asked, 1);
            nodes[host].pods.push(pod.clone());
            placed.insert(id, (host, pod, asked));
        }
    }
    run_engine(case, &profile, &machines, name);
    Ok(list(&case["requests"]).len())
}

/// The node with the highest total; holds the scores against those that the case tells.
fn select(
    profile: &Profile,
    feasible: &[usize],
    scores: &BTreeMap<String, Vec<i64>>,
    explain: &Value,
    what: &str,
) -> usize {
    let total = |place: usize| -> i64 {
        profile
            .plugins
            .iter()
            .map(|(plugin, weight)| scores.get(plugin).map_or(0, |all| all[place] * weight))
            .sum()
    };
    let totals: Vec<i64> = (0..feasible.len()).map(total).collect();
    let pairs = |scores: &[i64]| -> Vec<(usize, f64)> {
        feasible.iter().copied().zip(scores.iter().map(|score| *score as f64)).collect()
    };
    for (plugin, told) in explain["plugins"].as_object().into_iter().flatten() {
        let ours = scores.get(plugin).unwrap_or_else(|| panic!("{what}: no score by {plugin}"));
        same_scores(&format!("{what}: {plugin}"), &pairs(ours), told);
    }
    if !explain["total"].is_null() {
        same_scores(&format!("{what}: total"), &pairs(&totals), &explain["total"]);
    }
    let best = totals.iter().max().expect("a node is feasible");
    feasible[totals.iter().position(|total| total == best).expect("it is one of them")]
}

fn feasible(pod: &Pod, asked: &Amounts, nodes: &[Node], machines: &[Machine]) -> Vec<usize> {
    let spread = topology::admitted(pod, nodes);
    let near = inter_pod::admitted(pod, nodes);
    let admits = |at: &usize| {
        machines[*at].has_room(asked)
            && taints::admits(pod, &nodes[*at])
            && node_affinity::admits(pod, &nodes[*at])
            && spread[*at]
            && near[*at]
    };
    (0..nodes.len()).filter(admits).collect()
}

impl Machine {
    fn has_room(&self, asked: &Amounts) -> bool {
        let allocatable = |kind: &str| self.allocatable.get(kind).copied().unwrap_or(0);
        let used = |kind: &str| self.requested.get(kind).copied().unwrap_or(0);
        asked.iter().all(|(kind, asked)| *asked == 0 || *asked <= allocatable(kind) - used(kind))
    }

    fn add(&mut self, asked: &Amounts, sign: i64) {
        for (kind, amount) in asked {
            *self.requested.entry(kind.clone()).or_default() += sign * amount;
        }
        for (kind, amount) in nonzero(asked) {
            *self.nonzero.entry(kind).or_default() += sign * amount;
        }
    }

    fn parts(&self, pod: &Amounts, used: &Amounts, resources: &[(String, i64)]) -> Vec<Part> {
        let of = |amounts: &Amounts, kind: &str| amounts.get(kind).copied().unwrap_or(0);
        let is_native = |kind: &str| ["cpu", "memory", "ephemeral-storage"].contains(&kind);
        let counted = resources.iter().filter(|(kind, _)| is_native(kind) || of(pod, kind) > 0);
        let part = |(kind, weight): &(String, i64)| Part {
            requested: of(used, kind) + of(pod, kind),
            allocatable: of(&self.allocatable, kind),
            weight: *weight,
        };
        counted.map(part).collect()
    }
}

fn nonzero(asked: &Amounts) -> Amounts {
    let mut asked = asked.clone();
    for (kind, amount) in NONZERO {
        asked.entry(kind.to_owned()).or_insert(amount);
    }
    asked
}

impl Profile {
    fn read(params: &Value) -> Result<Self, String> {
        let plugins = match params["plugins"].as_object() {
            Some(plugins) => plugins
                .iter()
                .map(|(plugin, weight)| (plugin.clone(), weight.as_i64().unwrap_or(1)))
                .collect(),
            None => {
                DEFAULT.iter().map(|(plugin, weight)| ((*plugin).to_owned(), *weight)).collect()
            }
        };
        let weights = |value: &Value| -> Vec<(String, i64)> {
            let both = || vec![("cpu".to_owned(), 1), ("memory".to_owned(), 1)];
            let pair = |pair: &Value| (text(&pair[0]), pair[1].as_i64().unwrap_or(1));
            value.as_array().map_or_else(both, |all| all.iter().map(pair).collect())
        };
        let fit = &params["fit"];
        let whole = |value: &Value| value.as_i64().unwrap_or(0);
        Ok(Self {
            plugins,
            fit: match fit["type"].as_str().unwrap_or("LeastAllocated") {
                "LeastAllocated" => FitScore::Least,
                "MostAllocated" => FitScore::Most,
                "RequestedToCapacityRatio" => FitScore::Ratio(
                    list(&fit["shape"]).iter().map(|p| (whole(&p[0]), whole(&p[1]))).collect(),
                ),
                other => return Err(format!("fit `{other}` is not simulated yet")),
            },
            fit_resources: weights(&fit["resources"]),
            balanced_resources: weights(&params["balanced_resources"]),
            hard_affinity: params["hardPodAffinityWeight"].as_i64().unwrap_or(1),
        })
    }

    /// By plugin that has a say, the scores of the feasible nodes.
    fn scores(
        &self,
        pod: &Pod,
        asked: &Amounts,
        feasible: &[usize],
        nodes: &[Node],
        machines: &[Machine],
    ) -> BTreeMap<String, Vec<i64>> {
        let some: Vec<&Node> = feasible.iter().map(|at| &nodes[*at]).collect();
        let each = |score: &dyn Fn(&Machine) -> i64| -> Option<Vec<i64>> {
            Some(feasible.iter().map(|at| score(&machines[*at])).collect())
        };
        let of = |plugin: &str| match plugin {
            "NodeResourcesFit" => each(&|machine| {
                let pod = nonzero(asked);
                fit::score(&self.fit, &machine.parts(&pod, &machine.nonzero, &self.fit_resources))
            }),
            "NodeResourcesBalancedAllocation" => {
                let asks = self.balanced_resources.iter();
                let is_best_effort = asks
                    .map(|(kind, _)| asked.get(kind))
                    .all(|asked| asked.is_none_or(|asked| *asked == 0));
                if is_best_effort {
                    return None;
                }
                each(&|machine| {
                    let used = &machine.requested;
                    balance::balanced_allocation(&machine.parts(
                        asked,
                        used,
                        &self.balanced_resources,
                    ))
                })
            }
            "TaintToleration" => Some(taints::scores(pod, &some)),
            "NodeAffinity" => node_affinity::scores(pod, &some),
            "ImageLocality" => images::scores(pod, &some, nodes),
            "PodTopologySpread" => topology::scores(pod, &some, nodes),
            "InterPodAffinity" => inter_pod::scores(pod, &some, nodes, self.hard_affinity),
            other => panic!("no plugin is called {other}"),
        };
        let names = self.plugins.iter().map(|(plugin, _)| plugin);
        names.filter_map(|plugin| Some((plugin.clone(), of(plugin)?))).collect()
    }
}

/// The engine's own policy decides alike, where it can say the case: only resources, and a
/// request for cpu and memory in each pod.
fn run_engine(case: &Value, profile: &Profile, machines: &[Machine], name: &str) {
    let requests: Vec<(&Value, Amounts)> =
        list(&case["requests"]).iter().map(|r| (r, amounts(&r["requests"]))).collect();
    let has_both = |asked: &Amounts| NONZERO.iter().all(|(kind, _)| asked.contains_key(*kind));
    let weight = |name: &str| {
        profile.plugins.iter().find(|(plugin, _)| plugin == name).map_or(0, |(_, weight)| *weight)
    };
    let resources = &profile.fit_resources;
    let names =
        |all: &[(String, i64)]| all.iter().map(|(kind, _)| kind.clone()).collect::<Vec<_>>();
    let plain = ["id", "requests"];
    let is_plain = requests.iter().all(|(request, asked)| {
        let keys = request.as_object().expect("a request is an object").keys();
        has_both(asked) && keys.into_iter().all(|key| plain.contains(&key.as_str()))
    });
    let known = weight("NodeResourcesFit") > 0 || weight("NodeResourcesBalancedAllocation") > 0;
    let is_all = profile.plugins.iter().all(|(plugin, _)| plugin.starts_with("NodeResources"));
    let is_alike = names(resources) == names(&profile.balanced_resources)
        || weight("NodeResourcesBalancedAllocation") == 0;
    if !(is_plain && known && is_all && is_alike) {
        return;
    }
    let kinds = names(resources);
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let row = |amounts: &Amounts| -> Vec<i64> {
        kinds.iter().map(|kind| amounts.get(*kind).copied().unwrap_or(0)).collect()
    };
    let hosts: Vec<engine::Host> = machines
        .iter()
        .map(|machine| engine::Host {
            total: row(&machine.allocatable),
            reserved: Vec::new(),
            effective: row(&machine.allocatable),
        })
        .collect();
    let policy = Policy::Kubernetes(KubernetesProfile {
        fit_weight: weight("NodeResourcesFit"),
        balance_weight: weight("NodeResourcesBalancedAllocation"),
        fit: profile.fit.clone(),
        sampling: None,
        resources: resources
            .iter()
            .enumerate()
            .map(|(column, (kind, weight))| KubernetesResource {
                column,
                weight: *weight,
                is_extended: !["cpu", "memory"].contains(&kind.as_str()),
            })
            .collect(),
        wishes: fleetcast_core::scenario::WishWeights::NONE,
    });
    let asks: Vec<Vec<i64>> = requests.iter().map(|(_, asked)| row(asked)).collect();
    let found = engine::decide_all(&policy, &kinds, &hosts, &asks);
    let told: Vec<Option<usize>> = (0..asks.len()).map(|at| expected(case, at)).collect();
    assert_eq!(found, told, "{name}, by the engine");
}

fn amounts(value: &Value) -> Amounts {
    let entries = value.as_object().into_iter().flatten();
    let whole = |value: &Value| value.as_i64().expect("an amount is whole");
    entries.map(|(kind, value)| (kind.clone(), whole(value))).collect()
}

fn effect(value: &Value) -> Result<Option<Effect>, String> {
    Ok(Some(match value.as_str().unwrap_or_default() {
        "" => return Ok(None),
        "NoSchedule" => Effect::NoSchedule,
        "PreferNoSchedule" => Effect::PreferNoSchedule,
        "NoExecute" => Effect::NoExecute,
        other => return Err(format!("taint effect `{other}` is not simulated yet")),
    }))
}

fn read_node(host: &Value) -> Result<Node, String> {
    let taint = |taint: &Value| {
        Ok::<_, String>(Taint {
            key: text(&taint["key"]),
            value: text(&taint["value"]),
            effect: effect(&taint["effect"])?.ok_or("a taint has no effect")?,
        })
    };
    Ok(Node {
        labels: texts(&host["labels"]),
        taints: list(&host["taints"]).iter().map(taint).collect::<Result<_, _>>()?,
        images: amounts(&host["images"]),
        pods: Vec::new(),
    })
}

fn read_pod(request: &Value) -> Result<Pod, String> {
    let toleration = |toleration: &Value| {
        let exists = toleration["operator"] == "Exists";
        Ok::<_, String>(Toleration {
            key: text(&toleration["key"]),
            value: (!exists).then(|| text(&toleration["value"])),
            effect: effect(&toleration["effect"])?,
        })
    };
    let spread = |spread: &Value| Spread {
        max_skew: spread["maxSkew"].as_i64().unwrap_or(1),
        key: text(&spread["topologyKey"]),
        is_hard: spread["when"] != "ScheduleAnyway",
        selector: texts(&spread["selector"]),
        domains_min: spread["minDomains"].as_u64().unwrap_or(1) as usize,
    };
    let preference = |term: &Value| Preference {
        weight: term["weight"].as_i64().unwrap_or(1),
        labels: texts(&term["labels"]),
    };
    let term = |term: &Value| Term {
        weight: term["weight"].as_i64().unwrap_or(1),
        key: text(&term["topologyKey"]),
        selector: texts(&term["selector"]),
    };
    let terms = |terms: &Value| Terms {
        required: list(&terms["required"]).iter().map(term).collect(),
        preferred: list(&terms["preferred"]).iter().map(term).collect(),
    };
    Ok(Pod {
        labels: texts(&request["labels"]),
        tolerations: list(&request["tolerations"])
            .iter()
            .map(toleration)
            .collect::<Result<_, _>>()?,
        node_selector: texts(&request["nodeSelector"]),
        preferred_nodes: list(&request["preferredNode"]).iter().map(preference).collect(),
        images: list(&request["images"]).iter().map(text).collect(),
        spread: list(&request["topologySpread"]).iter().map(spread).collect(),
        affinity: terms(&request["podAffinity"]),
        anti_affinity: terms(&request["podAntiAffinity"]),
    })
}
