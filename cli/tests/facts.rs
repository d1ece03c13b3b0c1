//! The packing facts of a real trace through the program and a scenario file: hosts needed,
//! refusals, time averages, peaks, and a checksum over every placement. The figures were computed
//! by independent programs; `scenarios/traces/README.md` names the trace, its source and licence.

use fleetcast_core::report::Report;
use std::process::Command;

/// The report, and Σ over placed VMs of (request + 1)·(host + 1) mod 1,000,000,007.
fn run(policy: &str, model: &str, hosts: u32) -> (Report, u64) {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/azure-packing.toml");
    let placements = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleetcast"));
    command.args(["run", scenario, "--json", "--set", &format!("pools.0.hosts.count={hosts}")]);
    let (cpu, memory) = model.split_once('/').expect("a model is cpu/memory");
    command.args(["--set", &format!("host-models.node.cpu={cpu}")]);
    command.args(["--set", &format!("host-models.node.memory=\"{memory} GiB\"")]);
    command.arg("--placements").arg(placements.path());
    match policy {
        "best-fit by cpu, memory" => {
            command.args(["--set", r#"placement.by=["cpu", "memory"]"#]);
        }
        name => {
            command.args(["--policy", name]);
        }
    }
    let output = command.output().expect("the program starts");
    let report = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    let text = std::fs::read_to_string(placements.path()).expect("the placements are there");
    let checksum = text.lines().skip(1).fold(0, |sum, line| {
        let mut fields = line.split(',').map(|field| field.parse::<u64>().ok());
        let (request, host) = (fields.next().flatten(), fields.next().flatten());
        let product = request.zip(host).map_or(0, |(request, host)| (request + 1) * (host + 1));
        (sum + product) % 1_000_000_007
    });
    (report, checksum)
}

fn check(policy: &str, model: &str, hosts: u32, checksum: u64, mean: f64, fewer: u64) {
    let (report, found) = run(policy, model, hosts);
    assert_eq!((report.requests, report.refused), (259_159, 0), "{policy} on {hosts}");
    assert_eq!(found, checksum, "{policy} on {hosts}");
    assert_eq!(format!("{:.6}", report.mean_hosts_used), format!("{mean:.6}"), "{policy}");
    assert_eq!(report.peak_alive, 20_221);
    assert_eq!(report.utilisation["cpu"].peak_used, 43_978_000);
    assert_eq!(report.utilisation["memory"].peak_used, 115_270_912);
    let bound = if model == "48/192" { 917 } else { 880 };
    assert_eq!(report.hosts_lower_bound, Some(bound));
    let (report, _) = run(policy, model, hosts - 1);
    assert_eq!(report.refused, fewer, "{policy} on one host fewer than {hosts}");
}

#[test]
fn first_fit_needs_943_hosts_of_48_vcpu_and_970_of_64() {
    check("first-fit", "48/192", 943, 261_608_315, 550.184184, 3);
    check("first-fit", "64/128", 970, 651_797_113, 461.771772, 2);
}

#[test]
fn best_fit_needs_938_hosts_of_48_vcpu_and_958_of_64() {
    check("best-fit", "48/192", 938, 401_794_349, 548.000501, 3);
    check("best-fit", "64/128", 958, 944_217_279, 459.02002, 2);
}

#[test]
fn best_fit_by_cpu_then_memory_needs_932_hosts_of_48_vcpu_and_975_of_64() {
    check("best-fit by cpu, memory", "48/192", 932, 888_677_949, 548.274775, 5);
    check("best-fit by cpu, memory", "64/128", 975, 182_667_128, 460.438438, 2);
}

#[test]
fn a_fleet_of_the_lower_bound_refuses_some_and_worst_fit_more() {
    for (policy, model, hosts, refused) in [
        ("first-fit", "48/192", 917, 305),
        ("best-fit", "48/192", 917, 231),
        ("worst-fit", "48/192", 943, 334),
        ("first-fit", "64/128", 880, 189),
        ("best-fit", "64/128", 880, 164),
        ("worst-fit", "64/128", 970, 261),
    ] {
        let (report, _) = run(policy, model, hosts);
        assert_eq!(report.refused, refused, "{policy} on {hosts} of {model}");
    }
}
