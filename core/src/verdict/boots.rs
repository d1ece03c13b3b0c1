//! What a report says of boots.

use super::moment;
use crate::observe::Summary;
use crate::observe::boots::Blamed;
use crate::report::Report;
use crate::report::boots::{BlamedReport, BootsReport, OutageMet};
use crate::scenario::Scenario;
use crate::words::plural;

/// `None` where every boot succeeds.
pub(super) fn report(scenario: &Scenario, summary: &Summary) -> Option<BootsReport> {
    let account = summary.provisioning.as_ref()?.boots.as_ref()?;
    let blamed = |dependency: Option<&String>, of: &Blamed| BlamedReport {
        dependency: dependency.cloned(),
        failed: of.failed,
        given_up: of.given_up,
    };
    let names = scenario.dependencies.iter().map(|dependency| &dependency.name);
    let missing = names.zip(&account.missing).map(|(name, of)| blamed(Some(name), of));
    let mut by: Vec<_> = missing.chain([blamed(None, &account.own)]).collect();
    by.retain(|of| of.failed > 0);
    by.sort_by_key(|of| std::cmp::Reverse(of.failed));
    let all = account.all();
    Some(BootsReport {
        tries: account.tries,
        succeeded: account.succeeded,
        failed: all.failed,
        failed_first: account.failed_first,
        given_up: all.given_up,
        by,
        worst: account.worst.map(|met| OutageMet {
            dependency: scenario.dependencies[met.dependency.row()].name.clone(),
            at: moment(scenario, met.at),
            boots: met.boots,
        }),
    })
}

/// Boots that were given up, and for want of what; `None` if none was.
pub(super) fn sentence(report: &Report) -> Option<String> {
    let boots = report.provisioning.as_ref()?.boots.as_ref()?;
    let most = boots.by.iter().filter(|of| of.given_up > 0).max_by_key(|of| of.given_up)?;
    let mostly = if most.given_up < boots.given_up { "mostly " } else { "" };
    let why = match &most.dependency {
        Some(name) => format!("{mostly}for want of {name}"),
        None => format!("{mostly}for no fault but its own"),
    };
    Some(format!("{} given up, {why}", plural(boots.given_up, "boot")))
}
