//! One question to the core: a scenario's text, the files it names, and what overrides it.

use fleetcast_core::problem::Problems;
use fleetcast_core::read::{Input, Override, Read, read};
use fleetcast_core::report::Report;
use fleetcast_core::simulation;
use fleetcast_core::source::MemoryFiles;
use std::sync::Arc;

/// What the caller hands over. Nothing is fetched: a file that is not here does not exist.
pub(crate) struct Ask {
    /// What problems call the scenario.
    pub(crate) file_name: String,
    /// The scenario, TOML or JSON.
    pub(crate) text: String,
    /// The traces and inventories that it names.
    pub(crate) files: MemoryFiles,
    /// As `--set` on the command line, later ones winning.
    pub(crate) overrides: Vec<Override>,
}

impl Ask {
    /// Whether the scenario is right: its warnings, or its errors and warnings.
    pub(crate) fn check(&self) -> Problems {
        match self.read() {
            Ok(read) => read.warnings,
            Err(problems) => problems,
        }
    }

    /// Runs the scenario to its end.
    ///
    /// # Errors
    /// What is wrong with it; nothing was run then, or a trace changed under the run.
    pub(crate) fn run(&self) -> Result<Report, Problems> {
        let read = self.read()?;
        simulation::run(&Arc::new(read.scenario), &self.files)
    }

    fn read(&self) -> Result<Read, Problems> {
        let input = Input { file: &self.file_name, text: &self.text, overrides: &self.overrides };
        read(&input, &self.files)
    }
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
        Ask { file_name: "two.toml".into(), text: text.into(), files, overrides: Vec::new() }
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
}
