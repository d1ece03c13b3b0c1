//! Problems: what is wrong with what the user wrote, where, and the way out.
//!
//! A problem is a value. The command line and the web app draw it; nothing here prints.

use serde::{Deserialize, Serialize};

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The scenario cannot run.
    Error,
    /// It can, but something was not used or looks unintended.
    Warning,
}

/// A stretch of one line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, as the user named it.
    pub file: String,
    /// Line, from 1. 0 when the problem is with the file as a whole (missing, unreadable).
    pub line: u32,
    /// Column of the first offending character, from 1, in characters. 0 with line 0.
    pub column: u32,
    /// How many characters are to be underlined, at least 1.
    pub width: u32,
    /// The text of the line, cut to a bounded length around the column (`…` where it is cut;
    /// `column` counts inside the original line, `offset` characters were cut before it).
    pub text: String,
    /// How many characters of the line are cut before `text`.
    pub offset: u32,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, backticks around what the user typed.
    pub message: String,
    /// Where; `None` only when no file is concerned (a `--set` on the command line).
    pub place: Option<Place>,
    /// The way out, where we know one: `did you mean "compute"?`.
    pub hint: Option<String>,
}

impl Problem {
    /// As a sentence with its place: `columns not used: batch (requests.csv:1)`.
    pub fn sentence(&self) -> String {
        match &self.place {
            Some(place) if place.line > 0 => {
                format!("{} ({}:{})", self.message, place.file, place.line)
            }
            Some(place) => format!("{} ({})", self.message, place.file),
            None => self.message.clone(),
        }
    }

    /// An error with a file as a whole.
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        let place = Place {
            file: file.to_owned(),
            line: 0,
            column: 0,
            width: 1,
            text: String::new(),
            offset: 0,
        };
        let message = message.into();
        Self { severity: Severity::Error, message, place: Some(place), hint: None }
    }
}

/// The problems of one reading, in file order. At most [`PROBLEMS_MAX`] are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problems {
    /// The problems kept.
    pub list: Vec<Problem>,
    /// How many more there were.
    pub more: u64,
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self { list: vec![problem], more: 0 }
    }
}

/// How many problems are kept: a file with a million bad rows should not fill the memory.
pub const PROBLEMS_MAX: usize = 100;

impl Problems {
    /// Adds one, or counts it when the list is full.
    pub fn push(&mut self, problem: Problem) {
        if self.list.len() < PROBLEMS_MAX {
            self.list.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Whether something in it keeps the scenario from running.
    pub fn has_errors(&self) -> bool {
        self.more > 0 || self.list.iter().any(|problem| problem.severity == Severity::Error)
    }
}
