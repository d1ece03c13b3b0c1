//! What a scenario says in numbers, value by value, each with the key by which `--set` changes it.

use super::findings::Findings;
use super::tree::{self, Node, Value};
use super::{Input, set};

/// A number, or a text that begins with one (`"70 days"`, `"8% per year"`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The way to it. Tables in lists go by their `name` where they have one, else by position.
    pub steps: Vec<String>,
    /// The number as written.
    pub number: String,
    /// What follows it; `None`: it is a number of TOML.
    pub unit: Option<String>,
}

impl Written {
    /// The key of an override.
    pub fn key(&self) -> String {
        let is_plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        let step = |step: &String| match step.chars().all(is_plain) {
            true => step.clone(),
            false => format!("\"{step}\""),
        };
        self.steps.iter().map(step).collect::<Vec<_>>().join(".")
    }

    /// The value as people read it.
    pub fn says(&self) -> String {
        self.with(&self.number)
    }

    /// The same with another number.
    pub fn with(&self, number: &str) -> String {
        format!("{number}{}", self.unit.as_deref().unwrap_or_default())
    }

    /// The value of an override that puts another number here.
    pub fn toml(&self, number: &str) -> String {
        match &self.unit {
            None => number.to_owned(),
            Some(_) => {
                let text = self.with(number).replace('\\', r"\\").replace('"', "\\\"");
                format!("\"{text}\"")
            }
        }
    }
}

/// All of them in file order, with overrides in place; none of a text that does not parse.
pub fn written(input: &Input<'_>) -> Vec<Written> {
    let text = input.text.strip_prefix('\u{feff}').unwrap_or(input.text);
    let mut findings = Findings::default();
    let Some(mut tree) = tree::parse(input.file, text, &mut findings) else { return Vec::new() };
    for (row, change) in input.overrides.iter().enumerate() {
        set::apply(&mut tree, row, change, &mut findings);
    }
    let mut found = Vec::new();
    collect(&tree, &mut Vec::new(), &mut found);
    found
}

fn collect(node: &Node, steps: &mut Vec<String>, found: &mut Vec<Written>) {
    match &node.value {
        Value::Table(entries) => {
            for entry in entries {
                steps.push(entry.key.clone());
                collect(&entry.node, steps, found);
                steps.pop();
            }
        }
        Value::List(nodes) => {
            for (place, node) in nodes.iter().enumerate() {
                steps.push(name_in(nodes, node).unwrap_or_else(|| place.to_string()));
                collect(node, steps, found);
                steps.pop();
            }
        }
        Value::Number(number) => {
            found.push(Written { steps: steps.clone(), number: number.clone(), unit: None });
        }
        Value::Text(text) => {
            let text = text.trim();
            let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_');
            let (number, unit) = text.split_at(text.find(|c| !is_number(c)).unwrap_or(text.len()));
            if number.starts_with(|c: char| c.is_ascii_digit()) && !number.ends_with('.') {
                let (number, unit) = (number.to_owned(), Some(unit.to_owned()));
                found.push(Written { steps: steps.clone(), number, unit });
            }
        }
        Value::Flag(_) | Value::Date(_) | Value::Null => {}
    }
}

/// The name of a table in a list, if no other one there has it.
fn name_in(nodes: &[Node], node: &Node) -> Option<String> {
    let name = |node: &Node| match &node.find("name")?.value {
        Value::Text(name) if !name.contains('"') => Some(name.clone()),
        _ => None,
    };
    let own = name(node)?;
    let is_alone = nodes.iter().filter(|node| name(node).as_ref() == Some(&own)).count() == 1;
    is_alone.then_some(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Override;

    #[test]
    fn numbers_are_found_with_their_keys() {
        let text = "a = 1_000\nb = \"70 days\"\nc = \"forever\"\nd = true\n\
                    [[e]]\nname = \"x.y\"\nf = [{ g = \"8% per year\" }]\n[[e]]\nf = 2.5";
        let overrides = [Override { key: "a".to_owned(), value: "3".to_owned() }];
        let found = written(&Input { file: "a.toml", text, overrides: &overrides });
        let said: Vec<String> =
            found.iter().map(|one| format!("{} = {}", one.key(), one.toml(&one.number))).collect();
        assert_eq!(
            said,
            ["a = 3", "b = \"70 days\"", "e.\"x.y\".f.0.g = \"8% per year\"", "e.1.f = 2.5"]
        );
    }
}
