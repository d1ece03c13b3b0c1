//! The text as a tree: TOML and JSON come to the same values, each knowing where it stands.

use super::findings::{At, Findings};
use crate::units::shorten;
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) value: Value,
}

/// What a file can say.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    /// A number as written, in decimal digits: `0.1` stays `0.1`.
    Number(String),
    Flag(bool),
    /// A TOML date, as written.
    Date(String),
    List(Vec<Node>),
    /// In file order, each key once.
    Table(Vec<Entry>),
    Null,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: At,
    pub(crate) node: Node,
}

/// The longest text that is read, in bytes.
pub(crate) const TEXT_MAX: usize = 4 << 20;

/// Tables and lists may be inside each other this deep: more than any scenario needs, and little
/// enough for the stack of a browser.
const DEPTH_MAX: usize = 32;

/// Texts up to this size are parsed on after a syntax error, to find the others too.
const RECOVER_MAX: usize = 256 << 10;

impl Node {
    pub(crate) fn table(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn find(&self, key: &str) -> Option<&Node> {
        let entry = self.table()?.iter().find(|entry| entry.key == key)?;
        Some(&entry.node)
    }

    /// What this is, for messages: "`x` wants …, not text".
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "text",
            Value::Number(_) => "a number",
            Value::Flag(_) => "true or false",
            Value::Date(_) => "a date",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Null => "null",
        }
    }
}

/// Reads a whole file without its byte order mark: JSON if its name says so, else TOML. Whatever does not parse is a finding;
/// the tree holds the rest. `None` if there is no rest worth checking.
pub(crate) fn parse(file: &str, text: &str, findings: &mut Findings) -> Option<Node> {
    if text.len() > TEXT_MAX {
        let hint = "put lists of hosts and requests into CSV files".to_owned();
        findings.error(At::File, "the scenario is longer than 4 MiB", Some(hint));
        return None;
    }
    if let Some(at) = too_deep(text) {
        let hint = format!("tables and lists can be {DEPTH_MAX} deep");
        findings.syntax(At::text(at..at + 1), "this is nested too deep", Some(hint));
        return None;
    }
    if file.to_ascii_lowercase().ends_with(".json") {
        parse_json(text, findings)
    } else {
        parse_toml(text, findings)
    }
}

/// Where brackets go too deep, counted without knowing strings from code: a bound for the parsers'
/// stacks. Brackets in strings and comments count too, but close again within a line or are few;
/// a new line of TOML that begins with `[` or a key starts anew.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut in_text = None;
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match in_text {
            Some(_) if is_escaped => is_escaped = false,
            Some(b'"') if byte == b'\\' => is_escaped = true,
            Some(quote) if byte == quote || byte == b'\n' => in_text = None,
            Some(_) => {}
            None => match byte {
                b'"' | b'\'' => in_text = Some(byte),
                b'#' => in_text = Some(b'\n'),
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            },
        }
        if depth > DEPTH_MAX {
            return Some(at);
        }
    }
    None
}

fn parse_toml(text: &str, findings: &mut Findings) -> Option<Node> {
    let (table, errors) = if text.len() <= RECOVER_MAX {
        DeTable::parse_recoverable(text)
    } else {
        match DeTable::parse(text) {
            Ok(table) => (table, Vec::new()),
            Err(error) => {
                toml_error(text, &error, findings);
                return None;
            }
        }
    };
    for error in &errors {
        toml_error(text, error, findings);
    }
    let entries = toml_entries(table.into_inner(), At::text, 0, findings);
    Some(Node { at: At::File, value: Value::Table(entries) })
}

fn toml_error(text: &str, error: &toml::de::Error, findings: &mut Findings) {
    let span = error.span().unwrap_or(0..0);
    let end = floor_boundary(text, span.end);
    let start = floor_boundary(text, span.start).min(end);
    // At the end of the text, and behind a line, point at what comes before.
    let before = text[..start].trim_end().len();
    let at = if start >= text.len() && before < start { before..before } else { start..end };
    let message = error.message().to_lowercase();
    let message = match message.strip_prefix("string values must be quoted") {
        Some(_) => "text must be in quotes".to_owned(),
        None => message,
    };
    let hint = match message.as_str() {
        "duplicate key" => Some("a table has each key once: delete one of them".to_owned()),
        "text must be in quotes" => {
            let word = text[at.clone()].trim();
            (!word.is_empty()).then(|| format!("did you mean `\"{}\"`?", shorten(word)))
        }
        _ => None,
    };
    findings.syntax(At::text(at), message, hint);
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn toml_entries(
    table: DeTable<'_>,
    place: impl Fn(std::ops::Range<usize>) -> At + Copy,
    depth: usize,
    findings: &mut Findings,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (key, value) in table {
        let key_at = place(key.span());
        if depth >= DEPTH_MAX {
            findings.error(key_at, "this is nested too deep", None);
            break;
        }
        let at = place(value.span());
        let node = toml_node(value.into_inner(), at, place, depth + 1, findings);
        entries.push(Entry { key: key.into_inner().into_owned(), key_at, node });
    }
    entries.sort_by_key(|entry| entry.key_at);
    entries
}

fn toml_node(
    value: DeValue<'_>,
    at: At,
    place: impl Fn(std::ops::Range<usize>) -> At + Copy,
    depth: usize,
    findings: &mut Findings,
) -> Node {
    let value = match value {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => match number.radix() {
            10 => Value::Number(number.as_str().to_owned()),
            radix => match u64::from_str_radix(number.as_str(), radix) {
                Ok(number) => Value::Number(number.to_string()),
                Err(_) => Value::Number(number.to_string()),
            },
        },
        DeValue::Float(number) => Value::Number(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(list) => {
            if depth >= DEPTH_MAX {
                findings.error(at, "this is nested too deep", None);
                return Node { at, value: Value::Null };
            }
            let nodes = list.into_iter().map(|node| {
                let at = place(node.span());
                toml_node(node.into_inner(), at, place, depth + 1, findings)
            });
            Value::List(nodes.collect())
        }
        DeValue::Table(table) => Value::Table(toml_entries(table, place, depth, findings)),
    };
    Node { at, value }
}

/// Reads one TOML value, every part of it at the same place: the value of an override. `None` if
/// it is not one.
pub(crate) fn parse_value(text: &str, at: At) -> Option<Node> {
    if text.len() > RECOVER_MAX || too_deep(text).is_some() {
        return None;
    }
    let value = DeValue::parse(text).ok()?.into_inner();
    let mut findings = Findings::default();
    let node = toml_node(value, at, |_| at, 0, &mut findings);
    (!findings.has_errors()).then_some(node)
}

fn parse_json(text: &str, findings: &mut Findings) -> Option<Node> {
    let options = jsonc_parser::ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let collect = jsonc_parser::CollectOptions::default();
    match jsonc_parser::parse_to_ast(text, &collect, &options) {
        Ok(parsed) => match parsed.value {
            Some(value) => {
                let node = json_node(value, findings);
                if node.table().is_none() {
                    let message = format!("a scenario is an object, not {}", node.kind());
                    findings.error(node.at, message, None);
                    return None;
                }
                Some(Node { at: At::File, ..node })
            }
            None => {
                findings.error(At::File, "the scenario is empty", None);
                None
            }
        },
        Err(error) => {
            let end = floor_boundary(text, error.range().end);
            let start = floor_boundary(text, error.range().start).min(end);
            let message = error.kind().to_string().to_lowercase();
            findings.syntax(At::text(start..end), message, None);
            None
        }
    }
}

fn json_node(value: jsonc_parser::ast::Value<'_>, findings: &mut Findings) -> Node {
    use jsonc_parser::ast::Value as Json;
    use jsonc_parser::common::Ranged;
    let at = At::text(value.start()..value.end());
    let value = match value {
        Json::StringLit(text) => Value::Text(text.value.into_owned()),
        Json::NumberLit(number) => Value::Number(number.value.to_owned()),
        Json::BooleanLit(flag) => Value::Flag(flag.value),
        Json::NullKeyword(_) => Value::Null,
        Json::Array(list) => {
            Value::List(list.elements.into_iter().map(|node| json_node(node, findings)).collect())
        }
        Json::Object(object) => {
            let mut entries: Vec<Entry> = Vec::new();
            let mut seen = std::collections::BTreeSet::new();
            for property in object.properties {
                let key_at = At::text(property.name.start()..property.name.end());
                let key = property.name.into_string();
                let node = json_node(property.value, findings);
                if seen.insert(key.clone()) {
                    entries.push(Entry { key, key_at, node });
                } else {
                    let hint = "a table has each key once: delete one of them".to_owned();
                    findings.error(key_at, "duplicate key", Some(hint));
                }
            }
            Value::Table(entries)
        }
    };
    Node { at, value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn draw(node: &Node) -> String {
        let list = |parts: Vec<String>| parts.join(", ");
        match &node.value {
            Value::Text(text) => format!("{text:?}"),
            Value::Number(text) | Value::Date(text) => text.clone(),
            Value::Flag(flag) => flag.to_string(),
            Value::Null => "null".to_owned(),
            Value::List(nodes) => format!("[{}]", list(nodes.iter().map(draw).collect())),
            Value::Table(entries) => {
                let parts = entries.iter().map(|e| format!("{}: {}", e.key, draw(&e.node)));
                format!("{{{}}}", list(parts.collect()))
            }
        }
    }

    fn check(file: &str, text: &str, expected: Expect) {
        let mut findings = Findings::default();
        let tree = parse(file, text, &mut findings).as_ref().map_or("nothing".to_owned(), draw);
        let mut drawn = if tree.len() < 200 { tree } else { format!("{} chars", tree.len()) };
        for problem in findings.finish(file, text, &[]).list {
            let place = problem.place.expect("a place in the text");
            let hint = problem.hint.map(|hint| format!(" | {hint}")).unwrap_or_default();
            let (line, column, width) = (place.line, place.column, place.width);
            drawn += &format!("\n{line}:{column}+{width} {}{hint}", problem.message);
        }
        expected.assert_eq(&drawn);
    }

    #[test]
    fn toml_and_json_come_to_the_same_tree() {
        let tree = || expect![[r#"{b: 0.1, a: {x: [1, "y", true]}}"#]];
        check("f.toml", "b = 0.1\n[a]\nx = [1, 'y', true]", tree());
        check("f.toml", "b = 0.1\r\n[a]\r\nx = [1, 'y', true]\r\n", tree());
        check("f.JSON", r#"{"b": 0.1, "a": {"x": [1, "y", true]}}"#, tree());
        check(
            "f",
            "d = 2011-07-01\nh = 0xff\ni = 1_000\nn = -nan",
            expect!["{d: 2011-07-01, h: 255, i: 1000, n: -nan}"],
        );
    }

    #[test]
    fn syntax_errors_come_all_at_once() {
        let text = "a = 1\na = 2\nb = x\nc = \"open\nd = 16 vCPU\ne = 64 GiB\n[f\ng = 1";
        check(
            "f.toml",
            text,
            expect![[r#"
            {a: 1, b: "x", c: "open", d: "16 vCPU", e: "64 GiB", g: {}}
            2:1+1 duplicate key | a table has each key once: delete one of them
            3:5+1 text must be in quotes | did you mean `"x"`?
            4:10+1 invalid basic string, expected `"`
            5:5+7 text must be in quotes | did you mean `"16 vCPU"`?
            6:5+6 text must be in quotes | did you mean `"64 GiB"`?
            7:3+1 unclosed table, expected `]`"#]],
        );
        check(
            "f.toml",
            "a = [1, 2",
            expect![[r#"
            {a: [1, 2]}
            1:10+1 unclosed array, expected `]`"#]],
        );
        check(
            "f.json",
            r#"{"a": 1, "a": 2, "b": null}"#,
            expect![[r#"
            {a: 1, b: null}
            1:10+3 duplicate key | a table has each key once: delete one of them"#]],
        );
        check(
            "f.json",
            r#"{"a": 1,}"#,
            expect![[r#"
                nothing
                1:8+1 trailing commas are not allowed"#]],
        );
        check(
            "f.json",
            "[1]",
            expect![[r#"
                nothing
                1:1+3 a scenario is an object, not a list"#]],
        );
        check(
            "f.json",
            "",
            expect![[r#"
                nothing
                0:0+1 the scenario is empty"#]],
        );
        check(
            "f.json",
            "{\"a\": 1 // one\n}",
            expect![[r#"
                nothing
                1:9+6 comments are not allowed"#]],
        );
        check(
            "f.json",
            "{\"a\": 0x1, \"b\": NaN}",
            expect![[r#"
                nothing
                1:7+1 hexadecimal numbers are not allowed"#]],
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
        check(
            "f.toml",
            &deep,
            expect![[r#"
                nothing
                1:37+1 this is nested too deep | tables and lists can be 32 deep"#]],
        );
        check(
            "f.json",
            &"[".repeat(100_000),
            expect![[r#"
                nothing
                1:33+1 this is nested too deep | tables and lists can be 32 deep"#]],
        );
        let path = vec!["a"; 79].join(".");
        let keys = format!("[{path}]\n{}", format!("{path} = {{").repeat(32));
        check(
            "f.toml",
            &keys,
            expect![[r#"
            {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}
            1:66+1 this is nested too deep
            2:5153+1 unclosed inline table, expected `}`"#]],
        );
    }
}
