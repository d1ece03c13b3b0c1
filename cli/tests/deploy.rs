//! The files in `deploy/`, checked without a cluster: the manifest against the types of Kubernetes'
//! own API description, its arguments and those of the README against the program.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Container, PersistentVolumeClaim};
use serde::{Deserialize as _, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::process::Command;

const MANIFEST: &str = include_str!("../../deploy/kubernetes/sweep-job.yaml");
const README: &str = include_str!("../../deploy/README.md");
const SBATCH: &str = include_str!("../../deploy/slurm/sweep.sbatch");

/// The manifest's documents.
fn documents(text: &str) -> Vec<Value> {
    let documents = serde_yaml_ng::Deserializer::from_str(text);
    documents.map(|document| Value::deserialize(document).expect("it is YAML")).collect()
}

/// Reads a document into a type of the API. A field that the API does not know is lost on the way,
/// so what comes back must be what was written.
fn read<T: DeserializeOwned + Serialize>(document: &Value) -> Result<T, String> {
    let read: T = serde_json::from_value(document.clone()).map_err(|error| error.to_string())?;
    let back = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    if back == *document { Ok(read) } else { Err(format!("{document:#}\nis read as\n{back:#}")) }
}

/// The Job of the manifest, and its only container.
fn job(text: &str) -> Result<(Job, Container), String> {
    let job: Job = read(&documents(text)[1])?;
    let pod = job.spec.as_ref().and_then(|spec| spec.template.spec.clone());
    let container = pod.and_then(|pod| pod.containers.into_iter().next());
    Ok((job, container.ok_or("no container")?))
}

#[test]
fn the_manifest_is_what_kubernetes_reads() {
    let documents = documents(MANIFEST);
    assert_eq!(documents.len(), 2);
    let claim: PersistentVolumeClaim = read(&documents[0]).expect("a claim");
    let (job, container) = job(MANIFEST).expect("a job");
    let spec = job.spec.expect("it has one");
    assert_eq!(spec.completion_mode.as_deref(), Some("Indexed"));
    let pod = spec.template.spec.expect("it has one");
    // The volumes mounted are there, and the claim is the one above.
    let mut volumes = pod.volumes.expect("it has some");
    for mount in container.volume_mounts.expect("it has some") {
        assert!(volumes.iter().any(|volume| volume.name == mount.name), "{}", mount.name);
    }
    volumes.retain(|volume| volume.name == "results");
    let claimed = volumes.remove(0).persistent_volume_claim.expect("results are kept");
    assert_eq!(Some(claimed.claim_name), claim.metadata.name);
    // Nothing is allowed that it does not need.
    let context = container.security_context.expect("it has one");
    assert_eq!(context.read_only_root_filesystem, Some(true));
    assert_eq!(context.allow_privilege_escalation, Some(false));
    assert_eq!(pod.security_context.expect("it has one").run_as_non_root, Some(true));
    // Each index is tried again, which needs this policy.
    assert!(spec.backoff_limit_per_index.is_some());
    assert_eq!(pod.restart_policy.as_deref(), Some("Never"));
}

#[test]
fn a_slip_in_the_manifest_is_found() {
    for (right, wrong) in [
        ("completionMode", "completionmode"),
        ("backoffLimitPerIndex: 6", "backoffLimitPerIndex: six"),
        ("readOnlyRootFilesystem", "readOnlyRootFileSystem"),
        ("onExitCodes", "onExitCode"),
        ("    spec:\n      restartPolicy", "    spec:\n      restartpolicy"),
    ] {
        assert!(MANIFEST.contains(right), "{right}");
        assert!(job(&MANIFEST.replace(right, wrong)).is_err(), "{wrong}");
    }
}

/// What the program says to such arguments, where the scenario is the first in the box.
fn say(arguments: impl IntoIterator<Item = String>, index: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fleetcast = Command::new(env!("CARGO_BIN_EXE_fleetcast"));
    fleetcast.current_dir(folder.path()).args(arguments);
    fleetcast.env("SLURM_CPUS_PER_TASK", "1").env_remove("SLURM_ARRAY_TASK_ID");
    let output = fleetcast.env("JOB_COMPLETION_INDEX", index).output().expect("it starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_program_takes_the_arguments_of_the_pods() {
    let (job, container) = job(MANIFEST).expect("a job");
    let mut args = container.args.expect("it has some");
    let completions = job.spec.and_then(|spec| spec.completions).expect("it has a number");
    let shards = args.iter().position(|arg| arg == "--shards").expect("it says how many");
    assert_eq!(args[shards + 1], completions.to_string());
    args[1] = "first".to_owned();
    args.push("--dry-run".to_owned());
    let last = (completions - 1).to_string();
    assert_eq!(say(args.clone(), &last), (Some(0), String::new()));
    let (code, told) = say(args, &completions.to_string());
    assert!(code == Some(2) && told.contains("this is task 8"), "{told}");
}

#[test]
fn the_program_takes_the_arguments_of_the_array() {
    for text in [README, SBATCH] {
        let line = text.lines().find_map(|line| line.split_once("sweep.sbatch plan.toml"));
        let (_, rest) = line.expect("it shows how");
        let args = format!("sweep first{rest} --shard 1/8 --jobs 1 --dry-run");
        let args = args.split_whitespace().map(str::to_owned);
        assert_eq!(say(args, "0"), (Some(0), String::new()));
    }
}
