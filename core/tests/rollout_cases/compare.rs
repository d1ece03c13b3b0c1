//! Comparing what was found with what a case tells.

use serde_json::Value;

/// Words for people.
const WORDS: [&str; 3] = ["note", "event", "done"];
/// What the cases' numbers are rounded to.
const ROUNDED: f64 = 0.5e-6;

/// Compares, and gathers what is wrong.
pub(crate) struct Checker {
    relative: f64,
    pub(crate) wrong: Vec<String>,
    /// What a case tells and we do not compute.
    pub(crate) unchecked: Vec<String>,
}

impl Checker {
    pub(crate) fn new(tolerance: &Value) -> Self {
        let relative = tolerance["relative"].as_f64().unwrap_or(0.0);
        Self { relative, wrong: Vec::new(), unchecked: Vec::new() }
    }

    pub(crate) fn compare(&mut self, at: &str, told: &Value, found: &Value) {
        match (told, found) {
            (Value::Object(told), Value::Object(found)) => {
                let keys = told.iter().filter(|(key, _)| !WORDS.contains(&key.as_str()));
                for (key, told) in keys {
                    let at = format!("{at}/{key}");
                    match found.get(key) {
                        Some(found) if key == "timeline" => self.timeline(&at, told, found),
                        Some(found) => self.compare(&at, told, found),
                        None => self.unchecked.push(at),
                    }
                }
            }
            (Value::Array(told), Value::Array(found)) => {
                if told.len() != found.len() {
                    self.wrong.push(format!("{at}: {} rows, not {}", found.len(), told.len()));
                }
                for (row, (told, found)) in told.iter().zip(found).enumerate() {
                    self.compare(&format!("{at}/{row}"), told, found);
                }
            }
            (Value::Number(_), Value::Number(_)) => {
                let number = |value: &Value| value.as_f64().expect("a number is an f64");
                let (told, found) = (number(told), number(found));
                if !self.is_near(told, found, self.relative) {
                    self.wrong.push(format!("{at}: {found}, not {told}"));
                }
            }
            _ if told == found => {}
            _ => self.wrong.push(format!("{at}: {found}, not {told}")),
        }
    }

    fn is_near(&self, told: f64, found: f64, relative: f64) -> bool {
        (told - found).abs() <= ROUNDED + relative * told.abs()
    }

    /// A number that comes from a simulation.
    pub(crate) fn near(
        &mut self,
        at: &str,
        told: f64,
        found: f64,
        (relative, absolute): (f64, f64),
    ) {
        if (told - found).abs() > absolute + relative * told.abs() {
            self.wrong.push(format!("{at}, simulated: {found}, not {told}"));
        }
    }

    /// Two timelines are alike if they say the same of every time: a row that says what the one
    /// before said does not count, since it stands there for the sake of its words.
    fn timeline(&mut self, at: &str, told: &Value, found: &Value) {
        self.compare(at, &Value::Array(changes(told)), &Value::Array(changes(found)));
    }
}

fn changes(timeline: &Value) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for row in timeline.as_array().expect("a timeline is a list") {
        let is_same = |last: &Value| {
            let (Some(last), Some(row)) = (last.as_object(), row.as_object()) else { return false };
            let skips = |key: &str| key == "t" || WORDS.contains(&key);
            // Rows of looks and stages have numbers and ends of their own: they all count.
            row.iter().all(|(key, value)| skips(key) || last.get(key) == Some(value))
        };
        if !kept.last().is_some_and(is_same) {
            kept.push(row.clone());
        }
    }
    kept
}
