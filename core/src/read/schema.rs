//! The JSON Schema of a scenario, written from the table of fields.

use super::fields::{
    CURVES, Field, Kind, Need, Resources, SECTIONS, SPREADS, STRATEGIES, Section, growth, part,
    root, times,
};
use crate::resources::Builtin;
use serde_json::{Map, Value, json};

/// The JSON Schema (draft 2020-12) of a scenario, for editors. It knows the shape and the keys;
/// what it cannot say (names that must exist, sums, ranges of units), only reading tells.
pub fn schema() -> Value {
    let mut defs = Map::new();
    for section in SECTIONS {
        defs.insert(section.name.to_owned(), table(&[section]));
    }
    for curve in CURVES {
        let which = section_of(&format!("curve_{curve}"));
        defs.insert(format!("growth_{curve}"), table(&[&growth::SECTION, which]));
    }
    for spread in SPREADS {
        let which = section_of(&format!("spread_{spread}"));
        defs.insert(format!("part_{spread}"), table(&[&part::SECTION, which]));
    }
    defs.insert("curve".to_owned(), any_of("curve", CURVES));
    defs.insert("growth".to_owned(), any_of("growth", CURVES));
    defs.insert("spread".to_owned(), any_of("spread", SPREADS));
    defs.insert("part".to_owned(), any_of("part", SPREADS));
    let strategies: Vec<String> = STRATEGIES.iter().map(|name| name.replace('-', "_")).collect();
    let strategies: Vec<&str> = strategies.iter().map(String::as_str).collect();
    defs.insert("strategy".to_owned(), any_of("strategy", &strategies));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fleetcast scenario",
        "$ref": format!("#/$defs/{}", root::SECTION.name),
        "$defs": defs,
    })
}

fn section_of(name: &str) -> &'static Section {
    SECTIONS.iter().find(|section| section.name == name).expect("each choice has a section")
}

fn any_of(what: &str, choices: &[&str]) -> Value {
    let refs = choices.iter().map(|choice| reference(&format!("{what}_{choice}")));
    json!({ "anyOf": refs.collect::<Vec<_>>() })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn table(sections: &[&Section]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for section in sections {
        for field in section.fields {
            properties.insert(field.key.to_owned(), property(section, field));
            // Where tables can extend others or leave something to them, nothing is required.
            let is_left_out = field.key == "from" && sections.len() > 1;
            if matches!(field.need, Need::Must) && !is_left_out {
                required.push(field.key);
            }
        }
    }
    let resources = sections.iter().map(|section| section.resources);
    let resources = resources.fold(Resources::None, |all, one| match one {
        Resources::None => all,
        one => one,
    });
    for kind in Builtin::ALL {
        let value = match (resources, kind) {
            (Resources::None, _) => break,
            (Resources::Ratios, _) => ratio(),
            (Resources::Amounts, Builtin::Cpu | Builtin::Gpu) => {
                json!({ "type": ["number", "string"], "minimum": 0 })
            }
            (Resources::Amounts, _) => json!({ "type": "string" }),
        };
        properties.insert(kind.name().to_owned(), value);
    }
    // The scenario's own resources have names of its own.
    let more = match resources {
        Resources::None => json!(false),
        Resources::Amounts => json!({ "type": "integer", "minimum": 0 }),
        Resources::Ratios => ratio(),
    };
    let doc: Vec<&str> = sections.iter().map(|section| section.doc.trim()).collect();
    json!({
        "type": "object",
        "description": doc.join(" "),
        "properties": properties,
        "required": required,
        "additionalProperties": more,
    })
}

fn ratio() -> Value {
    json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1000 })
}

fn property(section: &Section, field: &Field) -> Value {
    let mut value = match &field.kind {
        // Each curve and distribution is known by its own name only.
        Kind::Choice(_) if field.key == "curve" || field.key == "distribution" => {
            let (_, name) = section.name.split_once('_').expect("named after its choice");
            json!({ "const": name })
        }
        Kind::Choice(_) if section.name.starts_with("strategy_") && field.key == "name" => {
            let (_, name) = section.name.split_once('_').expect("named after its choice");
            json!({ "const": name.replace('_', "-") })
        }
        kind => of_kind(kind),
    };
    if let Some(map) = value.as_object_mut() {
        map.insert("description".to_owned(), json!(field.doc.trim()));
        if let Need::Else(default) = field.need {
            map.insert("$comment".to_owned(), json!(format!("default: {default}")));
        }
    }
    value
}

fn of_kind(kind: &Kind) -> Value {
    let text = json!({ "type": "string" });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let one_or_list = |item: Value| json!({ "anyOf": [item, { "type": "array", "items": item }] });
    let factor = json!({ "type": "number", "minimum": 0 });
    let numbers = |count: usize| json!({ "type": "array", "items": factor, "minItems": count, "maxItems": count });
    match kind {
        Kind::Text | Kind::Name(_) | Kind::File | Kind::Length | Kind::Date | Kind::Time => text,
        Kind::TextList => list(text),
        Kind::Whole => json!({ "type": "integer", "minimum": 0 }),
        Kind::Number => factor,
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Share | Kind::Level | Kind::Bound => {
            json!({ "type": ["number", "string"], "minimum": 0 })
        }
        Kind::Spread(_) => json!({ "anyOf": [text, reference("spread")] }),
        Kind::Wait => text,
        Kind::Curve => json!({
            "anyOf": [{ "type": ["number", "string"], "minimum": 0 }, reference("curve")]
        }),
        Kind::Labels => json!({ "type": "object", "additionalProperties": text }),
        Kind::FlagOrLevel => json!({ "enum": [true, false, "host", "rack", "zone"] }),
        Kind::Wanted => json!({
            "type": "object",
            "additionalProperties": { "anyOf": [text, list(text.clone())] },
        }),
        Kind::Weights(_) => json!({
            "type": "object",
            "additionalProperties": { "type": "number", "exclusiveMinimum": 0 },
            "minProperties": 1,
        }),
        Kind::ResourceWeights => json!({
            "type": "object",
            "additionalProperties": { "type": "integer", "minimum": 1, "maximum": 100 },
            "minProperties": 1,
        }),
        Kind::Signed => json!({ "type": "number" }),
        Kind::Choice(choices) => json!({ "enum": choices }),
        Kind::Zones => json!({
            "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "array", "items": text }]
        }),
        Kind::Hosts => json!({ "anyOf": [text, one_or_list(reference("hosts"))] }),
        Kind::Growth => one_or_list(reference("growth")),
        Kind::Daily => json!({ "anyOf": [numbers(24), reference("daily")] }),
        Kind::Weekly => json!({ "anyOf": [numbers(7), reference("weekly")] }),
        Kind::WhenFull => json!({ "anyOf": [{ "enum": ["refuse", "wait"] }, reference("wait")] }),
        Kind::WhenPreempted => json!({ "anyOf": [{ "enum": ["end", "wait"] }, reference("wait")] }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Choices(_, choices) => {
            json!({ "type": "object", "additionalProperties": { "enum": choices } })
        }
        Kind::DataRate | Kind::FailureRate | Kind::Bytes | Kind::Rate => text,
        Kind::Times => json!({ "anyOf": [
            { "type": "number", "minimum": 0 },
            { "type": "array", "items": { "type": "number", "minimum": 0 }, "minItems": 2, "maxItems": 2 },
            reference(times::SECTION.name),
        ] }),
        Kind::Sizes => json!({ "type": "object", "additionalProperties": text }),
        Kind::Part => json!({ "type": ["integer", "string"], "minimum": 0 }),
        Kind::Counts => one_or_list(json!({ "type": "integer", "minimum": 1 })),
        Kind::Strategy => json!({ "anyOf": [{ "enum": STRATEGIES }, reference("strategy")] }),
        Kind::Hours => json!({ "anyOf": [{ "const": "always" }, reference("hours")] }),
        Kind::By | Kind::Desks => one_or_list(text),
        Kind::Table(section) => reference(section.name),
        Kind::Tables(section) => list(reference(section.name)),
        Kind::TableOrTables(section) => one_or_list(reference(section.name)),
        Kind::Watts => json!({ "type": ["number", "string"], "minimum": 0 }),
        Kind::Powers => list(json!({ "type": ["number", "string"], "minimum": 0 })),
        Kind::Carbon(None) => json!({ "type": ["number", "string"], "minimum": 0 }),
        Kind::Carbon(Some(section)) => json!({
            "anyOf": [{ "type": ["number", "string"], "minimum": 0 }, reference(section.name)]
        }),
        Kind::Factors(count) => numbers(*count),
        Kind::Named(section) => json!({
            "type": "object",
            "additionalProperties": reference(section.name),
        }),
    }
}
