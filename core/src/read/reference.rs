//! The reference page of a scenario's keys, written from the table of fields.

use super::fields::{Field, Kind, Need, Resources, SECTIONS, STRATEGIES, Section};
use crate::report::METRICS;
use std::fmt::Write;

const OPENING: &str = "\
# The scenario file

A scenario is a TOML file, or a JSON file of the same shape. All keys are optional unless they are
marked as required. Whatever is wrong is told all at once, with its place and a way out:
`fleetcast check SCENARIO`.

This page is written by the program from the table that also checks the files; a test keeps it so.

## Values

| value | written as | exactly |
|---|---|---|
| cpu | `16`, `0.5`, `\"500m\"` | vCPU, to the thousandth |
| memory | `\"64 GiB\"`, `\"512 MiB\"`, `\"1.5 TiB\"` | whole MiB; KiB to PiB |
| disk | `\"100 GiB\"`, `\"2 TiB\"` | whole GiB; MiB to PiB |
| network | `\"10 Gbit/s\"`, `\"500 Mbit/s\"` | whole Mbit/s; kbit/s to Tbit/s |
| gpu | `1`, `0.25`, `\"250m\"` | GPUs: a host has whole ones, a request is for whole ones or for a part of one, to the thousandth |
| the scenario's own resources | `110` | whole numbers |
| duration | `\"90 days\"`, `\"1h 30m\"`, `\"250 ms\"`, `\"36 months\"` | whole ms: ms, s, min, h, days, weeks, months (30.4375 days), years (365.25 days) |
| time | `\"2012-11-23\"`, `\"2012-11-23T08:00:00\"`, `\"6 months\"` | a date, or a duration since the start in calendar months and years |
| share | `\"25%\"`, `0.25` | |
| power | `\"350 W\"`, `\"1.2 kW\"`, `350` | |
| rate | `\"200 per day\"`, `\"1.5 per second\"` | per second, minute, hour, day or week |
| labels | `{ gen = \"g1\" }` | text by name |

Decimal units (`GB`) are refused rather than guessed. Nothing is rounded in silence: what cannot be
kept exactly is an error.
";

/// The reference page, as Markdown.
pub fn reference() -> String {
    let mut page = OPENING.to_owned();
    for section in SECTIONS {
        write_section(&mut page, section);
    }
    page.push_str("\n## Key figures\n\nWhat `metric` in `[[expect]]` can name.\n\n");
    page.push_str("| key figure | what it is | a percentage is of |\n|---|---|---|\n");
    for metric in METRICS {
        let of = metric.of.unwrap_or("");
        let _ = writeln!(page, "| `{}` | {} | {of} |", metric.name, metric.what);
    }
    page
}

fn write_section(page: &mut String, section: &Section) {
    let title = match section.title {
        "" => "The top of the file".to_owned(),
        title => format!("`{title}`"),
    };
    let _ = writeln!(page, "\n## {title}\n\n{}", lines(section.doc));
    if section.resources != Resources::None {
        let what = match section.resources {
            Resources::Ratios => "a ratio",
            _ => "an amount",
        };
        let _ = writeln!(
            page,
            "\nKeys: `cpu`, `memory`, `disk`, `network`, `gpu` and the scenario's own resources, \
             each with {what}."
        );
    }
    if section.fields.is_empty() {
        return;
    }
    page.push_str("\n| key | takes | without it | meaning | example |\n|---|---|---|---|---|\n");
    for field in section.fields {
        let without = match field.need {
            Need::Must => "**required**",
            Need::Else(default) => default,
            Need::OneOf => "see there",
        };
        let (key, takes, doc, example) = (field.key, takes(field), lines(field.doc), field.example);
        let _ = writeln!(page, "| `{key}` | {takes} | {without} | {doc} | `{example}` |");
    }
}

/// The doc comments' lines as one, as a table's cell can hold it.
fn lines(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn takes(field: &Field) -> String {
    let choices = |list: &[&str]| {
        list.iter().map(|choice| format!("`\"{choice}\"`")).collect::<Vec<_>>().join(", ")
    };
    match &field.kind {
        Kind::Text => "text".to_owned(),
        Kind::Name(of) => format!("name of a {of}"),
        Kind::File => "name of a file".to_owned(),
        Kind::TextList => "list of names".to_owned(),
        Kind::Whole => "whole number".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Flag => "`true` or `false`".to_owned(),
        Kind::Length => "duration".to_owned(),
        Kind::Date => "date".to_owned(),
        Kind::Time => "time".to_owned(),
        Kind::Share => "share".to_owned(),
        Kind::Level => "number or rate".to_owned(),
        Kind::Spread(false) => "duration or distribution".to_owned(),
        Kind::Spread(true) => "duration, `\"forever\"` or distribution".to_owned(),
        Kind::Wait => "duration or `\"forever\"`".to_owned(),
        Kind::Curve => "value or curve".to_owned(),
        Kind::Labels => "labels".to_owned(),
        Kind::FlagOrLevel => "`true`, `\"host\"`, `\"rack\"` or `\"zone\"`".to_owned(),
        Kind::Wanted => "labels, each with a value, a list, or `\"*\"`".to_owned(),
        Kind::ResourceWeights => "weights by resource".to_owned(),
        Kind::Signed => "number, perhaps negative".to_owned(),
        Kind::Weights(of) => format!("weights by {of}"),
        // A curve and a distribution stand in the title of their own section.
        Kind::Choice(_) if matches!(field.key, "curve" | "distribution") => {
            format!("`{}`", field.example)
        }
        Kind::Choice(_) if field.key == "name" => format!("`{}`", field.example),
        Kind::Choice(list) => choices(list),
        Kind::Zones => "number or names".to_owned(),
        Kind::Hosts => "table, list of tables, or file".to_owned(),
        Kind::Growth => "table, or list of tables".to_owned(),
        Kind::Daily => "table, or 24 numbers".to_owned(),
        Kind::Weekly => "table, or 7 numbers".to_owned(),
        Kind::WhenFull => "`\"refuse\"`, `\"wait\"` or table".to_owned(),
        Kind::WhenPreempted => "`\"end\"`, `\"wait\"` or table".to_owned(),
        Kind::Integer => "whole number, perhaps negative".to_owned(),
        Kind::Bytes => "size of data".to_owned(),
        Kind::Sizes => "sizes of data by name".to_owned(),
        Kind::Times => "number, two of them (any between, alike), or table".to_owned(),
        Kind::Rate => "rate".to_owned(),
        Kind::Counts => "whole number, or list of them".to_owned(),
        Kind::Part => "whole number, or whole percents".to_owned(),
        Kind::Strategy => format!("{} or table", choices(STRATEGIES)),
        Kind::DataRate => "bytes or bits a second".to_owned(),
        Kind::FailureRate => "failures per time".to_owned(),
        Kind::Choices(of, list) => format!("by {of}: {}", choices(list)),
        Kind::Hours => "`\"always\"` or table".to_owned(),
        Kind::Desks => "name of a desk, list of them, or `\"self-service\"`".to_owned(),
        Kind::By => "resource, or list of them".to_owned(),
        Kind::Bound => "number, share or duration".to_owned(),
        Kind::Table(_) => "table".to_owned(),
        Kind::Tables(_) => "list of tables".to_owned(),
        Kind::TableOrTables(_) => "table, or list of tables".to_owned(),
        Kind::Named(_) => "tables by name".to_owned(),
        Kind::Watts => "power".to_owned(),
        Kind::Powers => "list of powers".to_owned(),
        Kind::Carbon(None) => "number or region".to_owned(),
        Kind::Carbon(Some(_)) => "number, region or table".to_owned(),
        Kind::Factors(count) => format!("list of {count} numbers"),
    }
}
