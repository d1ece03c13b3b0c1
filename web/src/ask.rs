//! One question to the core: a scenario's text, the files it names, and what overrides it.

use crate::knobs::{Knob, knobs};
use crate::protocol::Written;
use flate2::read::GzDecoder;
use fleetcast_core::problem::Problems;
use fleetcast_core::read::{Input, Override, Read, read};
use fleetcast_core::report::Report;
use fleetcast_core::simulation;
use fleetcast_core::source::MemoryFiles;
use std::io::Read as _;
use std::sync::Arc;

/// The longest scenario text that is looked at, bytes: a scenario holds rules, not rows.
pub const TEXT_BYTES_MAX: usize = 4 << 20;

/// What the caller hands over. Nothing is fetched: a file that is not here does not exist.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// What problems call the scenario.
    pub file_name: String,
    /// The scenario, TOML or JSON.
    pub text: String,
    /// The traces and inventories that it names.
    pub files: MemoryFiles,
    /// As `--set` on the command line, later ones winning.
    pub overrides: Vec<Override>,
}

impl Ask {
    /// A scenario without files and overrides.
    pub fn of(file_name: &str, text: &str) -> Self {
        Self { file_name: file_name.to_owned(), text: text.to_owned(), ..Self::default() }
    }

    /// What somebody has written, with the files there are.
    pub fn written(written: Written, files: &MemoryFiles) -> Self {
        let own = |(key, value)| Override { key, value };
        Self {
            file_name: written.file,
            text: written.text,
            files: files.clone(),
            overrides: written.sets.into_iter().map(own).collect(),
        }
    }

    /// Whether the scenario is right: its warnings, or its errors and warnings.
    pub fn check(&self) -> Problems {
        match self.read() {
            Ok(read) => read.warnings,
            Err(problems) => problems,
        }
    }

    /// What can be turned in it; nothing if it is wrong. Reads it once for each knob: large files
    /// are better handed over as [`sample`]s.
    pub fn knobs(&self) -> Vec<Knob> {
        let Ok(read) = self.read() else { return Vec::new() };
        knobs(&read.scenario, |set| {
            let mut ask = self.clone();
            ask.overrides.push(set);
            ask.read().ok()
        })
    }

    /// Runs the scenario to its end.
    ///
    /// # Errors
    /// What is wrong with it; nothing was run then, or a trace changed under the run.
    pub fn run(&self) -> Result<Report, Problems> {
        let read = self.read()?;
        simulation::run(&Arc::new(read.scenario), &self.files)
    }

    /// Reads and checks it.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(&self) -> Result<Read, Problems> {
        let input = Input { file: &self.file_name, text: &self.text, overrides: &self.overrides };
        read(&input, &self.files)
    }
}
/// How much of a file a sample holds, bytes.
const SAMPLE_BYTES: u64 = 64 << 10;

/// The first rows of a CSV file, plain or gzipped; plain.
pub fn sample(bytes: &[u8]) -> Vec<u8> {
    let mut rows = Vec::new();
    let is_gzip = bytes.starts_with(&[0x1f, 0x8b]);
    if is_gzip {
        // A broken file is told about where it is read as a whole.
        let _ = GzDecoder::new(bytes).take(SAMPLE_BYTES).read_to_end(&mut rows);
    } else {
        rows.extend(bytes.iter().take(SAMPLE_BYTES as usize));
    }
    let is_cut = is_gzip || rows.len() < bytes.len();
    if let Some(end) = rows.iter().rposition(|byte| *byte == b'\n').filter(|_| is_cut) {
        rows.truncate(end + 1);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENARIO: &str = r#"
name = "two VMs, one host"
duration = "1 day"

[host-models.small]
cpu = 2
memory = "4 GiB"

[[pools]]
name = "kvm"
hosts = { model = "small", count = 1 }

[[demand]]
name = "vms"
trace = "requests.csv"
"#;

    fn ask(text: &str) -> Ask {
        let mut files = MemoryFiles::default();
        let rows = "arrival_s,departure_s,vcpu,mem_mib\n0,,1,1024\n60,,2,1024\n";
        files.insert("requests.csv", rows.as_bytes());
        Ask { files, ..Ask::of("two.toml", text) }
    }

    #[test]
    fn a_right_scenario_has_no_problems_and_a_report() {
        let ask = ask(SCENARIO);
        assert_eq!(ask.check(), Problems::default());
        let report = ask.run().unwrap();
        assert_eq!((report.requests, report.placed, report.refused), (2, 1, 1));
    }

    #[test]
    fn a_wrong_scenario_has_problems_and_no_report() {
        let ask = ask(&SCENARIO.replace("\"small\", count", "\"smal\", count"));
        let problems = ask.check();
        assert!(problems.has_errors());
        assert_eq!(ask.run(), Err(problems));
    }

    #[test]
    fn an_override_counts() {
        let mut ask = ask(SCENARIO);
        ask.overrides.push(Override { key: "seed".into(), value: "7".into() });
        assert_eq!(ask.run().unwrap().seed, 7);
    }

    #[test]
    fn a_sample_is_whole_rows() {
        assert_eq!(sample(b"a,b\n1,2"), b"a,b\n1,2");
        let long = "1,2,3\n".repeat(20_000);
        let rows = sample(long.as_bytes());
        assert!(rows.len() > 60_000 && rows.len() <= 65_536 && rows.ends_with(b"3\n"));
    }
}
