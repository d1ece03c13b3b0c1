//! Overrides: `--set key=value` puts a value into the tree before it is checked.

use super::Override;
use super::findings::{At, Findings};
use super::tree::{Entry, Node, TEXT_MAX, Value, parse_value};
use crate::units::shorten;

/// How many steps a key may have.
const STEPS_MAX: usize = 16;

/// Puts the value of override number `row` where its key says.
pub(crate) fn apply(root: &mut Node, row: usize, set: &Override, findings: &mut Findings) {
    let at = At::Set(row);
    let Some(steps) = split(&set.key) else {
        let hint = "write it like `demand.0.alive.to=5000`".to_owned();
        findings.error(at, format!("`{}` is not a key", shorten(&set.key)), Some(hint));
        return;
    };
    if set.value.len() > TEXT_MAX {
        findings.error(at, "the value is longer than 4 MiB", None);
        return;
    }
    if let Err((message, hint)) = put(root, &steps, value(set, at), at) {
        findings.error(at, message, hint);
    }
}

fn value(set: &Override, at: At) -> Node {
    let read = parse_value(&set.value, at);
    read.unwrap_or_else(|| Node { at, value: Value::Text(set.value.clone()) })
}

/// Puts a value where a key says that has one already, as if it were written at `at`.
pub(crate) fn place(root: &mut Node, at: At, set: &Override) {
    if let Some(steps) = split(&set.key) {
        put(root, &steps, value(set, at), at).expect("the key was there");
    }
}

/// What is at a key, if anything is.
pub(crate) fn find<'t>(root: &'t Node, key: &str) -> Option<&'t Node> {
    split(key)?.iter().try_fold(root, |node, step| match &node.value {
        Value::List(nodes) => nodes.get(row_of(nodes, step)?),
        _ => node.find(step),
    })
}

/// The place in a list that a step names: that of the table of this name, or a number.
fn row_of(nodes: &[Node], step: &str) -> Option<usize> {
    let is_named = |node: &Node| match node.find("name").map(|node| &node.value) {
        Some(Value::Text(name)) => name == step,
        _ => false,
    };
    nodes.iter().position(is_named).or_else(|| step.parse::<usize>().ok())
}

/// Splits `a."b.c".0` at the dots outside quotes.
fn split(key: &str) -> Option<Vec<String>> {
    let mut steps = Vec::new();
    let mut rest = key.trim();
    loop {
        let step;
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let end = rest[1..].find(quote)?;
            step = &rest[1..=end];
            rest = &rest[end + 2..];
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            step = rest[..end].trim();
            rest = &rest[end..];
        }
        if step.is_empty() || steps.len() == STEPS_MAX {
            return None;
        }
        steps.push(step.to_owned());
        match rest.strip_prefix('.') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Some(steps),
            None => return None,
        }
    }
}

type Wrong = (String, Option<String>);

fn put(node: &mut Node, steps: &[String], value: Node, at: At) -> Result<(), Wrong> {
    let Some((step, rest)) = steps.split_first() else {
        *node = value;
        return Ok(());
    };
    let kind = node.kind();
    let next = match &mut node.value {
        Value::Table(entries) => {
            let found = entries.iter().position(|entry| entry.key == *step);
            let row = found.unwrap_or_else(|| {
                // What does not exist yet is a list if the key goes on with its first place.
                let is_list = rest.first().is_some_and(|step| step == "0");
                let value =
                    if is_list { Value::List(Vec::new()) } else { Value::Table(Vec::new()) };
                let node = Node { at, value };
                entries.push(Entry { key: step.clone(), key_at: at, node });
                entries.len() - 1
            });
            &mut entries[row].node
        }
        Value::List(nodes) => match row_of(nodes, step) {
            Some(row) if row < nodes.len() => &mut nodes[row],
            Some(row) if row == nodes.len() => {
                nodes.push(Node { at, value: Value::Table(Vec::new()) });
                &mut nodes[row]
            }
            _ => {
                let message = format!("there is no `{}` in this list", shorten(step));
                let hint = match nodes.len() {
                    0 => "the list is empty: its first place is `0`".to_owned(),
                    length => format!("name one of its tables, or say 0 to {length}"),
                };
                return Err((message, Some(hint)));
            }
        },
        _ => {
            let message = format!("`{}` leads into {kind}, which has no keys", shorten(step));
            return Err((message, Some("give the table above it as a whole".to_owned())));
        }
    };
    put(next, rest, value, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_split_at_their_dots() {
        let check = |key: &str, expected: Option<&[&str]>| {
            let steps = split(key);
            let steps: Option<Vec<&str>> =
                steps.as_ref().map(|steps| steps.iter().map(String::as_str).collect());
            assert_eq!(steps.as_deref(), expected, "{key}");
        };
        check("demand.0.alive", Some(&["demand", "0", "alive"]));
        check("flavors.\"m5.large\".cpu", Some(&["flavors", "m5.large", "cpu"]));
        check("'a b'", Some(&["a b"]));
        check("", None);
        check("a..b", None);
        check("a.", None);
        check("\"a", None);
        check("\"a\"b", None);
        check("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", None);
    }
}
