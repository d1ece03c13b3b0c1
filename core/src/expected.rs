//! One line a scenario: what `scenarios/expected.txt` remembers of its report.
//!
//! The native test and the WebAssembly test compare this very text, so both must give the same
//! figures and the same facts.

use crate::report::Report;

/// The first line of the file: what the columns are.
pub fn header() -> String {
    let figures = ["hosts", "requests", "placed", "refused", "peak_alive", "peak_hosts_used"];
    row("# scenario", figures, "fingerprint")
}

/// The line of one scenario file.
pub fn line(file_name: &str, report: &Report) -> String {
    let figures = [
        report.hosts,
        report.requests,
        report.placed,
        report.refused,
        report.peak_alive,
        report.peak_hosts_used,
    ];
    let figures = figures.map(|figure| figure.to_string());
    row(file_name, figures.each_ref().map(String::as_str), &report.fingerprint)
}

/// Columns of a fixed width, so that a line does not change with its neighbours.
fn row(
    name: &str,
    [hosts, requests, placed, refused, alive, used]: [&str; 6],
    end: &str,
) -> String {
    format!(
        "{name:<24} {hosts:>8} {requests:>10} {placed:>10} {refused:>10} {alive:>10} {used:>15}  {end}"
    )
}
