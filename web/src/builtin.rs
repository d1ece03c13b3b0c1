//! The scenarios in the box.

use fleetcast_core::words;

/// A scenario that is part of the app. Its text is with the worker: the page asks for it.
#[derive(Debug)]
pub struct Builtin {
    /// Its file, `first.toml`.
    pub file: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it answers.
    pub question: &'static str,
    /// How long a run is, as the file says it.
    lasts: &'static str,
    /// The files that it names; the page fetches them from beside itself.
    pub files: &'static [&'static str],
    /// How large its run is; `None` before `expected.txt` has it.
    pub size: Option<Size>,
}

/// All of them, by name; made by `build.rs` from `scenarios/*.toml`.
pub const ALL: &[Builtin] = include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// Their texts, by file: what only the worker mentions is not in the page.
const TEXTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/texts.rs"));

/// How large the run of a built-in scenario is, as its line in `expected.txt` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Hosts at the end.
    pub hosts: u64,
    /// Requests over the run.
    pub requests: u64,
}

impl Builtin {
    /// What is in it; for the worker.
    pub fn text(&self) -> &'static str {
        TEXTS.iter().find(|(file, _)| *file == self.file).map_or("", |(_, text)| text)
    }

    /// How long a run is, as the file says it, but for long times in seconds.
    pub fn duration(&self) -> String {
        let seconds = self.lasts.strip_suffix(" s").and_then(|number| number.parse().ok());
        seconds.map_or_else(|| self.lasts.to_owned(), words::duration)
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
            let words = [builtin.title, builtin.question, &builtin.duration(), builtin.text()];
            assert!(words.iter().all(|word| !word.is_empty()), "{}: {words:?}", builtin.file);
            assert!(builtin.size.is_some_and(|size| size.requests > 0), "{}", builtin.file);
        }
    }

    #[test]
    fn a_scenario_knows_its_trace() {
        assert_eq!(find("azure.toml").unwrap().duration(), "3.47 days");
        assert_eq!(find("azure.toml").unwrap().files, ["traces/azure_v1_window_a.csv.gz"]);
        assert!(find("first.toml").unwrap().files.is_empty());
    }
}
