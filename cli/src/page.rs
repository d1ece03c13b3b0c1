//! `report.html`: one file with everything in it, to read on a screen, a phone or on paper.
//!
//! No script and no address outside: it can be mailed, printed and kept. Every word that comes
//! from the scenario goes through [`escape`].

mod assumptions;
mod charts;
mod jobs;
mod stages;
mod tornado;

use crate::commands::run::{Results, answer, host_rollouts};
use crate::scenario::Source;
use fleetcast_core::report::host_rollouts::HostRolloutReport;
use fleetcast_core::report::rollouts::RolloutReport;
use fleetcast_core::report::{Order, Report, TenantReport};
use fleetcast_core::words;
use std::fmt::Write as _;

/// The page's style.
const STYLE: &str = include_str!("page/style.css");
/// The longest scenario text that the page quotes, bytes.
const QUOTED_BYTES_MAX: usize = 256 << 10;
/// How many rows of orders, tenants and demands are shown; `summary.json` has all.
const ROWS_MAX: usize = 200;

/// The page.
pub(crate) fn html(results: &Results, source: &Source) -> String {
    let report = &results.report;
    let name = escape(&report.scenario);
    let charts = charts::figures(&results.series, &results.scenario);
    let assumptions = assumptions::section(report, &results.scenario, source);
    let parts = [
        head(report),
        expectations(report),
        section("What to do", &to_do(report)),
        section("Why", &charts::why(results)),
        section("Key figures", &figures(report)),
        section("Assumptions", &assumptions),
        tornado::sensitivity(results.sensitivity.as_ref()),
        section("Over time", &charts),
        section("Rollouts", &rollouts(report)),
        section("Host rollouts", &host_rollouts(report)),
        section("Where the time went", &stages::figures(report)),
        section("Jobs", &jobs::figures(results)),
        section("Orders", &orders(report)),
        section("Demands", &shares("Demand", &report.demands)),
        section("Tenants", &shares("Tenant", &report.tenants)),
        section("How to get this again", &again(report, source)),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{name} – Fleetcast</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         {}</main>\n</body>\n</html>\n",
        parts.concat()
    )
}

/// Text as HTML text or a quoted attribute. Control characters, which have no place there, are
/// shown as `�`.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(letter),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn section(heading: &str, body: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    format!("<section>\n<h2>{heading}</h2>\n{body}</section>\n")
}

fn head(report: &Report) -> String {
    let question = match report.question.as_str() {
        "" => String::new(),
        question => format!("<p class=\"question\">{}</p>\n", escape(question)),
    };
    format!(
        "<header>\n<h1>{}</h1>\n{question}<p class=\"verdict\">{}</p>\n</header>\n",
        escape(&report.scenario),
        escape(&words::capitalised(&report.verdict))
    )
}

fn expectations(report: &Report) -> String {
    if report.expectations.is_empty() {
        return String::new();
    }
    let mut list = String::from("<ul class=\"expectations\">\n");
    for expectation in &report.expectations {
        let (class, mark) =
            if expectation.held { ("held", "✓ held") } else { ("missed", "✗ missed") };
        let (expected, found) = (escape(&expectation.expected), escape(&expectation.found));
        writeln!(list, "<li class=\"{class}\"><b>{mark}</b> {expected}: {found}</li>")
            .expect("a string takes any text");
    }
    list + "</ul>\n"
}

/// What must be ordered, and by when.
fn to_do(report: &Report) -> String {
    let (Some(first), Some(last)) = (report.orders.first(), report.orders.last()) else {
        return String::new();
    };
    let mut text = format!(
        "<p><b>Order {} of {} by {}</b>, to be in service on {}.",
        words::count(first.hosts),
        escape(&first.model),
        words::day(&first.ordered.date),
        words::day(&first.due.date),
    );
    if let Some(more @ 1..) = report.orders.len().checked_sub(1) {
        let hosts = report.orders[1..].iter().map(|order| order.hosts).sum();
        write!(
            text,
            " {} for {} follow, the last by {}.",
            words::plural(more as u64, "order"),
            words::plural(hosts, "host"),
            words::day(&last.ordered.date)
        )
        .expect("a string takes any text");
    }
    text + "</p>\n"
}

fn figures(report: &Report) -> String {
    let mut table = String::from("<table class=\"figures\">\n");
    for (name, value) in answer::rows(report) {
        let (name, value) = (escape(&name), escape(&value));
        writeln!(table, "<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>")
            .expect("a string takes any text");
    }
    table + "</table>\n"
}

/// A table with a heading row; `None` without rows. Columns whose heading ends in `#` hold
/// numbers.
fn table(headings: &[&str], rows: impl ExactSizeIterator<Item = Vec<String>>) -> String {
    let number = rows.len();
    if number == 0 {
        return String::new();
    }
    let class = |heading: &str| if heading.ends_with('#') { " class=\"number\"" } else { "" };
    let mut table = String::from("<div class=\"scroll\"><table>\n<thead><tr>");
    for heading in headings {
        let text = heading.trim_end_matches('#');
        write!(table, "<th scope=\"col\"{}>{text}</th>", class(heading))
            .expect("a string takes any text");
    }
    table.push_str("</tr></thead>\n<tbody>\n");
    for row in rows.take(ROWS_MAX) {
        table.push_str("<tr>");
        for (heading, cell) in headings.iter().zip(row) {
            write!(table, "<td{}>{}</td>", class(heading), escape(&cell))
                .expect("a string takes any text");
        }
        table.push_str("</tr>\n");
    }
    table.push_str("</tbody></table></div>\n");
    if let Some(more @ 1..) = number.checked_sub(ROWS_MAX) {
        writeln!(table, "<p>… and {} more in summary.json.</p>", words::count(more as u64))
            .expect("a string takes any text");
    }
    table
}

fn orders(report: &Report) -> String {
    let row = |order: &Order| {
        vec![
            words::day(&order.ordered.date).to_owned(),
            words::day(&order.due.date).to_owned(),
            words::count(order.hosts),
            order.model.clone(),
            order.pool.clone(),
        ]
    };
    let headings = ["Order by", "In service", "Hosts#", "Model", "Pool"];
    table(&headings, report.orders.iter().map(row))
}

/// A table, what is to be said of some of them, and the first ones' charts.
fn rollouts(report: &Report) -> String {
    let row = |rollout: &RolloutReport| {
        vec![
            rollout.at.date.replace('T', " "),
            rollout.service.clone(),
            format!("{} → {}", rollout.from, rollout.to),
            rollout.strategy.clone(),
            rollout.outcome.clone(),
            words::duration(rollout.duration_s),
            words::count(rollout.peak_slots.into()),
            words::count(rollout.min_available.into()),
            words::amount(rollout.unavailable_instance_s),
            words::amount(rollout.surge_instance_s),
            words::duration(rollout.mixed_s),
            words::duration(rollout.exposure_s),
            answer::why(rollout).unwrap_or_default(),
        ]
    };
    let headings = [
        "Begun",
        "Service",
        "Images",
        "How",
        "Outcome",
        "Took#",
        "Most slots#",
        "Fewest serving#",
        "Missed, instance-s#",
        "Surge, instance-s#",
        "Both versions#",
        "Exposure#",
        "Why",
    ];
    table(&headings, report.rollouts.iter().map(row)) + &charts::rollouts(report)
}

/// A table, what is to be said of some of them, and the first ones' charts.
fn host_rollouts(report: &Report) -> String {
    let Some(all) = &report.host_rollouts else { return String::new() };
    let row = |rollout: &HostRolloutReport| {
        let mut row = host_rollouts::row(rollout);
        row.push(host_rollouts::why(rollout).unwrap_or_default());
        row
    };
    let headings: Vec<&str> = host_rollouts::HEADINGS.into_iter().chain(["Why"]).collect();
    table(&headings, all.list.iter().map(row)) + &charts::host_rollouts(all)
}

/// Nothing to tell when there is only one.
fn shares(what: &str, shares: &[TenantReport]) -> String {
    if shares.len() < 2 {
        return String::new();
    }
    let row = |share: &TenantReport| {
        vec![
            path(share, shares),
            words::count(share.requests),
            words::count(share.placed),
            words::count(share.refused),
            words::percent_of(share.refused, share.requests),
        ]
    };
    let headings = [what, "Requests#", "Placed#", "Refused#", "Refused, %#"];
    table(&headings, shares.iter().map(row))
}

/// A tenant's name behind those of all that it is a part of.
fn path(share: &TenantReport, shares: &[TenantReport]) -> String {
    let parent = |share: &&TenantReport| {
        let parent = share.parent.as_ref()?;
        shares.iter().find(|other| other.name == *parent)
    };
    let mut names: Vec<&str> =
        std::iter::successors(Some(share), parent).map(|share| share.name.as_str()).collect();
    names.reverse();
    names.join(" › ")
}

/// The command, what it ran on, and what must come out.
fn again(report: &Report, source: &Source) -> String {
    let mut command = String::from("fleetcast");
    for argument in std::env::args_os().skip(1) {
        command.push(' ');
        command.push_str(&words::shell(&argument.to_string_lossy()));
    }
    let text = if source.text.len() <= QUOTED_BYTES_MAX {
        format!(
            "<details><summary>The scenario, {}</summary>\n<pre>{}</pre></details>\n",
            escape(&source.file),
            escape(&source.text)
        )
    } else {
        format!("<p>The scenario, {}, is too long to quote.</p>\n", escape(&source.file))
    };
    format!(
        "<pre>{}</pre>\n<table class=\"figures\">\n\
         <tr><th scope=\"row\">Seed</th><td>{}</td></tr>\n\
         <tr><th scope=\"row\">Policy</th><td>{}</td></tr>\n\
         <tr><th scope=\"row\">Fleetcast</th><td>{}</td></tr>\n\
         <tr><th scope=\"row\">Fingerprint</th><td><code>{}</code></td></tr>\n</table>\n\
         <p>The same scenario, seed and version give the same fingerprint on every machine.</p>\n\
         {text}",
        escape(&command),
        report.seed,
        escape(&report.policy),
        escape(&report.version),
        escape(&report.fingerprint),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_never_markup() {
        assert_eq!(
            escape("<b onclick='x'>\"&\u{7}"),
            "&lt;b onclick=&#39;x&#39;&gt;&quot;&amp;\u{fffd}"
        );
    }
}
