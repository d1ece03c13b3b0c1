//! What the run takes for granted: the scenario's values in words, what it leaves out, and what its own
//! comments call an assumption.

use super::escape;
use crate::scenario::Source;
use fleetcast_core::assumptions::{assumptions, marked};
use fleetcast_core::report::Report;
use fleetcast_core::scenario::Scenario;
use std::fmt::Write as _;

/// A table of what is said, and lists of the rest.
pub(super) fn section(report: &Report, scenario: &Scenario, source: &Source) -> String {
    let all = assumptions(scenario);
    let mut text = String::from("<table class=\"figures\">\n");
    let mut last = "";
    for one in &all.said {
        // What one thing has several of stands below its name once.
        let about = if one.about == last { "" } else { one.about.as_str() };
        last = &one.about;
        let (about, says) = (escape(about), escape(&one.says));
        writeln!(text, "<tr><th scope=\"row\">{about}</th><td>{says}</td></tr>")
            .expect("a string takes any text");
    }
    text.push_str("</table>\n");
    text += &list("Not in this scenario", all.left_out.iter().map(|line| escape(line)));
    text += &list("Notes", report.notes.iter().map(|note| escape(note)));
    let marked = marked(&source.text);
    if !marked.is_empty() {
        let lines: Vec<String> = marked.iter().map(|line| escape(line)).collect();
        write!(
            text,
            "<details><summary>What the file itself calls an assumption</summary>\n<pre>{}</pre></details>\n",
            lines.join("\n")
        )
        .expect("a string takes any text");
    }
    text
}

fn list(heading: &str, items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("<li>{item}</li>\n")).collect();
    match items.as_str() {
        "" => String::new(),
        items => format!("<h3>{heading}</h3>\n<ul>\n{items}</ul>\n"),
    }
}
