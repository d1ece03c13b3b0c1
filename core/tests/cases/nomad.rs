//! Nomad: jobs, the walk over the nodes, and the scores that apply.

use crate::engine::{expected, list, same_scores, text, texts};
use fleetcast_core::placement::nomad::{self, Spread};
use fleetcast_core::scenario::NomadAlgorithm;
use serde_json::Value;
use std::collections::BTreeMap;

struct Node {
    /// CPU, memory and disk that can be given out.
    available: [i64; 3],
    used: [i64; 3],
    attributes: BTreeMap<String, String>,
    /// Allocations by job.
    jobs: BTreeMap<String, u32>,
}

struct Job {
    name: String,
    asked: [i64; 3],
    count: u32,
    is_service: bool,
    affinities: Vec<(String, String, i64)>,
    spreads: Vec<(String, Spread)>,
    constraint: BTreeMap<String, String>,
    is_apart: bool,
}

/// One evaluation: the placements of a job that stand side by side.
struct Evaluation {
    /// Where the walk goes on.
    offset: usize,
    lowest_boost: f64,
}

/// Runs a case; how many decisions it has.
pub(crate) fn run(case: &Value, name: &str) -> Result<usize, String> {
    let params = &case["params"];
    let algorithm = match params["algorithm"].as_str().unwrap_or("binpack") {
        "binpack" => NomadAlgorithm::Binpack,
        "spread" => NomadAlgorithm::Spread,
        other => return Err(format!("algorithm `{other}` is not simulated yet")),
    };
    let mut nodes: Vec<Node> = list(&case["hosts"]).iter().map(read_node).collect();
    let jobs: Vec<Job> = list(&params["jobs"]).iter().map(read_job).collect();
    let order: Vec<usize> = match params["order"].as_array() {
        Some(order) => order.iter().map(|at| at.as_u64().unwrap_or(0) as usize).collect(),
        None => (0..nodes.len()).collect(),
    };
    let mut placed: BTreeMap<String, (usize, &Job)> = BTreeMap::new();
    let mut evaluation = Evaluation { offset: 0, lowest_boost: -1.0 };
    let mut before: Option<&str> = None;
    for (at, request) in list(&case["requests"]).iter().enumerate() {
        let id = text(&request["id"]);
        let what = format!("{name}: {id}");
        if request["op"] == "remove" {
            let gone = placed.remove(&id);
            assert_eq!(gone.map(|(host, _)| host), expected(case, at), "{what}");
            if let Some((host, job)) = gone {
                nodes[host].start(job, -1);
            }
            before = None;
            continue;
        }
        let job = text(&request["job"]);
        let job = jobs.iter().find(|known| known.name == job).expect("the job is there");
        if before != Some(job.name.as_str()) {
            evaluation = Evaluation { offset: 0, lowest_boost: -1.0 };
        }
        before = Some(&job.name);
        let visited = evaluation.visit(job, &nodes, &order, algorithm);
        let told = &case["explain"][at];
        if !told.is_null() {
            same_scores(&what, &visited, told);
        }
        let chosen = nomad::best(&visited);
        assert_eq!(chosen, expected(case, at), "{what}");
        if let Some(host) = chosen {
            nodes[host].start(job, 1);
            placed.insert(id, (host, job));
        }
    }
    Ok(list(&case["requests"]).len())
}

impl Evaluation {
    fn visit(
        &mut self,
        job: &Job,
        nodes: &[Node],
        order: &[usize],
        algorithm: NomadAlgorithm,
    ) -> Vec<(usize, f64)> {
        let limit = match job.affinities.is_empty() && job.spreads.is_empty() {
            true => nomad::limit(nodes.len(), job.is_service),
            false => nomad::limit_with_preferences(job.count as usize),
        };
        let used = job.used_values(nodes);
        let mut seen = 0;
        let options = std::iter::from_fn(|| {
            while seen < order.len() {
                let at = order[self.offset % order.len()];
                self.offset = self.offset % order.len() + 1;
                seen += 1;
                if job.fits(&nodes[at]) {
                    let score = job.score(&nodes[at], algorithm, &used, &mut self.lowest_boost);
                    return Some((at, score));
                }
            }
            None
        });
        nomad::visited(options, limit)
    }
}

impl Job {
    fn fits(&self, node: &Node) -> bool {
        let has_room = (0..3).all(|at| node.used[at] + self.asked[at] <= node.available[at]);
        let mut wanted = self.constraint.iter();
        has_room
            && wanted.all(|(key, value)| node.attributes.get(key) == Some(value))
            && !(self.is_apart && node.allocations(self) > 0)
    }

    /// How many allocations of the job there are by value, for each spread.
    fn used_values(&self, nodes: &[Node]) -> Vec<BTreeMap<String, u32>> {
        let of = |(attribute, _): &(String, Spread)| {
            let mut used = BTreeMap::new();
            for node in nodes.iter().filter(|node| node.allocations(self) > 0) {
                if let Some(value) = node.attributes.get(attribute) {
                    *used.entry(value.clone()).or_default() += node.allocations(self);
                }
            }
            used
        };
        self.spreads.iter().map(of).collect()
    }

    fn score(
        &self,
        node: &Node,
        algorithm: NomadAlgorithm,
        used: &[BTreeMap<String, u32>],
        lowest: &mut f64,
    ) -> f64 {
        let free =
            |at: usize| nomad::share_free(node.used[at] + self.asked[at], node.available[at]);
        let mut scores = vec![nomad::fit(algorithm, free(0), free(1))];
        scores.extend(nomad::anti_affinity(node.allocations(self), self.count));
        let terms: Vec<(i64, bool)> = self
            .affinities
            .iter()
            .map(|(key, value, weight)| (*weight, node.attributes.get(key) == Some(value)))
            .collect();
        scores.extend(nomad::affinity(&terms));
        let weights = self.spreads.iter().map(|(_, spread)| spread.weight).sum();
        let mut boost = 0.0;
        for ((attribute, spread), used) in self.spreads.iter().zip(used) {
            let value = node.attributes.get(attribute).map(String::as_str);
            boost += spread.boost(value, used, self.count, weights, lowest);
        }
        if boost != 0.0 {
            scores.push(boost);
        }
        nomad::mean(&scores)
    }
}

impl Node {
    fn allocations(&self, job: &Job) -> u32 {
        self.jobs.get(&job.name).copied().unwrap_or(0)
    }

    fn start(&mut self, job: &Job, sign: i64) {
        for (used, asked) in self.used.iter_mut().zip(job.asked) {
            *used += sign * asked;
        }
        let count = self.jobs.entry(job.name.clone()).or_default();
        *count = count.saturating_add_signed(sign as i32);
    }
}

fn whole(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

fn read_node(host: &Value) -> Node {
    Node {
        available: [
            whole(&host["cpu"]) - whole(&host["reserved_cpu"]),
            whole(&host["memory_mb"]) - whole(&host["reserved_memory_mb"]),
            whole(&host["disk_mb"]) - whole(&host["reserved_disk_mb"]),
        ],
        used: [0; 3],
        attributes: texts(&host["attributes"]),
        jobs: BTreeMap::new(),
    }
}

fn read_job(job: &Value) -> Job {
    let affinity =
        |term: &Value| (text(&term["attr"]), text(&term["value"]), whole(&term["weight"]));
    let target = |target: &Value| {
        (text(&target["value"]), target["percent"].as_f64().expect("a target has a percentage"))
    };
    let spread = |spread: &Value| {
        let targets = list(&spread["targets"]).iter().map(target).collect();
        let weight = spread["weight"].as_i64().unwrap_or(50);
        (text(&spread["attr"]), Spread { weight, targets })
    };
    Job {
        name: text(&job["name"]),
        asked: ["cpu", "memory_mb", "disk_mb"].map(|key| whole(&job[key])),
        count: job["count"].as_u64().unwrap_or(1) as u32,
        is_service: job["type"] != "batch",
        affinities: list(&job["affinities"]).iter().map(affinity).collect(),
        spreads: list(&job["spreads"]).iter().map(spread).collect(),
        constraint: texts(&job["constraint"]),
        is_apart: job["distinct_hosts"].as_bool().unwrap_or(false),
    }
}
