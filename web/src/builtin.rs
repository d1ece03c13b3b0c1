//! The scenarios in the box.

use fleetcast_core::words;

/// A scenario that is part of the app.
#[derive(Debug)]
pub struct Builtin {
    /// Its file, `first.toml`.
    pub file: &'static str,
    /// What is in it.
    pub text: &'static str,
    /// The files that it names; the page fetches them from beside itself.
    pub files: &'static [&'static str],
}

/// All of them, by name; made by `build.rs` from `scenarios/*.toml`.
pub const ALL: &[Builtin] = include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// Key figures of their runs.
const EXPECTED: &str = include_str!("../../scenarios/expected.txt");

/// How large the run of a built-in scenario is, as its line in `expected.txt` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Hosts at the end.
    pub hosts: u64,
    /// Requests over the run.
    pub requests: u64,
    /// The most VMs at once.
    pub peak_alive: u64,
}

impl Builtin {
    /// The value of a key at the top of the file, where it is a plain text in quotes.
    fn said(&self, key: &str) -> &'static str {
        let top = self.text.lines().take_while(|line| !line.starts_with('['));
        let value = top.filter_map(|line| line.split_once('=')).find(|(k, _)| k.trim() == key);
        value.and_then(|(_, value)| value.split('"').nth(1)).unwrap_or_default()
    }

    /// What it is called.
    pub fn title(&self) -> &'static str {
        self.said("name")
    }

    /// What it answers.
    pub fn question(&self) -> &'static str {
        self.said("question")
    }

    /// How long a run is, as the file says it, but for long times in seconds.
    pub fn duration(&self) -> String {
        let said = self.said("duration");
        let seconds = said.strip_suffix(" s").and_then(|number| number.parse().ok());
        seconds.map_or_else(|| said.to_owned(), words::duration)
    }

    /// How large its run is; `None` before `expected.txt` has it.
    pub fn size(&self) -> Option<Size> {
        let line = EXPECTED.lines().find(|line| line.split(' ').next() == Some(self.file))?;
        let mut figures = line.split_whitespace().skip(1).map(str::parse);
        let mut figure = || figures.next()?.ok();
        let (hosts, requests) = (figure()?, figure()?);
        let (_placed, _refused) = (figure()?, figure()?);
        Some(Size { hosts, requests, peak_alive: figure()? })
    }
}

/// The one in this file.
pub fn find(file: &str) -> Option<&'static Builtin> {
    ALL.iter().find(|builtin| builtin.file == file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_has_a_title_a_question_and_a_size() {
        assert!(ALL.len() >= 4);
        for builtin in ALL {
            let words = [builtin.title(), builtin.question(), &builtin.duration()];
            assert!(words.iter().all(|word| !word.is_empty()), "{}: {words:?}", builtin.file);
            assert!(builtin.size().is_some_and(|size| size.requests > 0), "{}", builtin.file);
        }
    }

    #[test]
    fn a_scenario_knows_its_trace() {
        assert_eq!(find("azure.toml").unwrap().duration(), "3.47 days");
        assert_eq!(find("azure.toml").unwrap().files, ["traces/azure_v1_window_a.csv.gz"]);
        assert!(find("first.toml").unwrap().files.is_empty());
    }
}
