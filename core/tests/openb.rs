//! Alibaba's GPU cluster `openb_gpu_2023`: packing facts, and the experiment of Weng et al.,
//! "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent"
//! (USENIX ATC 2023), at 130 % arrivals.
//!
//! The data is not ours and not shipped: nodes and pods from Alibaba's cluster-trace-gpu-v2023, as
//! in hkust-adsl/kubernetes-scheduler-simulator at 8f3d6417. It is read from the directory
//! `FLEETCAST_OPENB` if set, else from `../shared/data/openb_gpu_2023`. Where it is not there, the
//! tests say so and pass.

mod common;

use common::{bare, padded};
use fleetcast_core::placement::Placer;
use fleetcast_core::resources::{Amounts, Builtin, Kinds};
use fleetcast_core::scenario::*;
use fleetcast_core::state::{State, Vm};
use fleetcast_core::time::Time;
use rand::SeedableRng;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

struct Node {
    amounts: [i64; 3],
    model: String,
}

#[derive(Clone)]
struct Pod {
    amounts: [i64; 3],
    /// The GPU models that it may use; empty: any.
    spec: String,
}

struct Openb {
    nodes: Vec<Node>,
    pods: Vec<Pod>,
}

fn openb() -> Option<Openb> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let set = std::env::var_os("FLEETCAST_OPENB").map(PathBuf::from);
    let directory = set.unwrap_or_else(|| here.join("../../shared/data/openb_gpu_2023"));
    if !directory.is_dir() {
        println!("SKIPPED: there is no {}", directory.display());
        return None;
    }
    let read = |name: &str| std::fs::read(directory.join(name)).expect("the file can be read");
    let mut pods = String::new();
    let zipped = read("pods.csv.gz");
    flate2::read::GzDecoder::new(&zipped[..]).read_to_string(&mut pods).expect("it is gzip");
    let nodes = String::from_utf8(read("nodes.csv")).expect("it is text");
    Some(Openb {
        nodes: rows(&nodes, |field| Node {
            amounts: [
                whole(field("cpu_milli")),
                whole(field("mem_mib")),
                1_000 * whole(field("gpu")),
            ],
            model: field("gpu_model").to_owned(),
        }),
        pods: rows(&pods, |field| {
            let gpu = whole(field("num_gpu")) * whole(field("gpu_milli"));
            let amounts = [whole(field("cpu_milli")), whole(field("mem_mib")), gpu];
            Pod { amounts, spec: field("gpu_spec").to_owned() }
        }),
    })
}

/// The rows of a CSV file without quotes, each made from its fields by name.
fn rows<T>(csv: &str, make: impl Fn(&dyn Fn(&str) -> String) -> T) -> Vec<T> {
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().expect("it has a header").split(',').collect();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        make(&|name| {
            let column = names.iter().position(|known| *known == name);
            fields[column.expect("the column is there")].to_owned()
        })
    };
    lines.map(row).collect()
}

fn whole(text: String) -> i64 {
    text.parse().expect("it is a whole number")
}

fn amounts(of: [i64; 3]) -> Amounts {
    padded(&of)
}

/// The cluster as a scenario: a host type for each distinct node.
fn cluster<'a>(nodes: impl Iterator<Item = &'a Node>, specs: &BTreeSet<String>) -> Scenario {
    let mut scenario = bare(&[]);
    let kinds = [Builtin::Cpu, Builtin::Memory, Builtin::Gpu];
    let kinds = kinds.map(|kind| (kind.name().to_owned(), kind.unit().to_owned()));
    scenario.kinds = Kinds::new(kinds.into());
    scenario.labels = specs.iter().map(|spec| format!("gpu_spec={spec}")).collect();
    let mut types: BTreeMap<([i64; 3], &str), HostTypeId> = BTreeMap::new();
    for node in nodes {
        let host_type = *types.entry((node.amounts, &node.model)).or_insert_with(|| {
            let host_type = common::add_hosts(&mut scenario, &node.amounts, 0);
            // One of several models will do: so each list of models is a label of its own.
            let names = |spec: &&String| spec.split('|').any(|model| model == node.model);
            let labels = specs.iter().enumerate().filter(|(_, spec)| names(spec));
            scenario.host_types[host_type.row()].labels =
                labels.map(|(row, _)| LabelId::from_row(row)).collect();
            host_type
        });
        let rack = RackId::from_row(0);
        scenario.hosts.push(HostSpec { name: None, host_type, rack, age_ms: 0 });
    }
    scenario
}

/// A cluster into which pods come one after another, and none leaves.
struct Packing {
    state: State,
    placer: Placer,
    dice: rand_chacha::ChaCha8Rng,
}

impl Packing {
    fn new(scenario: &Scenario, seed: u64) -> Self {
        let mut state = State::new(scenario);
        for spec in &scenario.hosts {
            state.add_host(spec.host_type, spec.rack, 0);
        }
        let dice = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        Self { state, placer: Placer::new(scenario), dice }
    }

    /// The host that takes it.
    fn place(&mut self, pod: &Pod, labels: &[LabelId]) -> Option<usize> {
        let ask = self.state.ask(&amounts(pod.amounts), None, labels);
        let host = self.placer.decide(&self.state, ask, &mut self.dice).ok()?;
        let demand = DemandId::from_row(0);
        let vm = Vm { request: 0, placed: Time::ZERO, host, ask, demand };
        self.state.start(vm);
        Some(host.row())
    }
}

/// All pods in file order: how many are placed, how many refused, and the checksum.
fn facts(openb: &Openb, policy: Policy, observes_spec: bool) -> (u64, u64, u64) {
    let specs: BTreeSet<String> = openb.pods.iter().map(|pod| pod.spec.clone()).collect();
    let specs: BTreeSet<String> = specs.into_iter().filter(|spec| !spec.is_empty()).collect();
    let mut scenario = cluster(openb.nodes.iter(), &specs);
    scenario.placement.policy = policy;
    let mut packing = Packing::new(&scenario, 1);
    let (mut placed, mut refused, mut checksum) = (0, 0, 0);
    for (number, pod) in openb.pods.iter().enumerate() {
        let label = specs.iter().position(|spec| *spec == pod.spec).filter(|_| observes_spec);
        let labels: Vec<LabelId> = label.into_iter().map(LabelId::from_row).collect();
        match packing.place(pod, &labels) {
            Some(host) => {
                placed += 1;
                checksum = (checksum + (number as u64 + 1) * (host as u64 + 1)) % 1_000_000_007;
            }
            None => refused += 1,
        }
    }
    (placed, refused, checksum)
}

#[test]
fn pods_in_file_order_go_where_the_facts_say() {
    let Some(openb) = openb() else { return };
    for (policy, observes_spec, expected) in [
        (Policy::FirstFit, false, (7_784, 368, 560_553_156)),
        (Policy::BestFit(FitBy::Shares), false, (7_621, 531, 962_831_359)),
        (Policy::FirstFit, true, (7_748, 404, 418_680_407)),
        (Policy::BestFit(FitBy::Shares), true, (6_790, 1_362, 949_075_916)),
    ] {
        let name = policy.name();
        let found = facts(&openb, policy, observes_spec);
        assert_eq!(found, expected, "{name}, gpu_spec observed: {observes_spec}");
    }
}
