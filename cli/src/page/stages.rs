//! Where the time from request to ready went: one bar, a part for each stage, and a table of them.

use super::{escape, table};
use crate::commands::run::desks::stage_words;
use fleetcast_core::report::{DeskReport, Report, StagesReport};
use fleetcast_core::words;
use std::fmt::Write as _;

/// The length of the bar, in its own units.
const LENGTH: f64 = 1_000.0;

/// Nothing where no request goes through a desk.
pub(super) fn figures(report: &Report) -> String {
    let Some(desks) = &report.provisioning else { return String::new() };
    let mut text = bar(&desks.all, "all requests");
    if desks.demands.len() > 1 {
        let demands = desks.demands.iter().filter(|demand| demand.requests > 0);
        text.extend(demands.map(|demand| bar(demand, &demand.name)));
    }
    text + &desk_table(&desks.desks)
}

/// One bar, its title, and what its parts are in words.
fn bar(of: &StagesReport, whose: &str) -> String {
    let (mut parts, mut keys, mut from) = (String::new(), String::new(), 0.0);
    for (number, stage) in of.stages.iter().enumerate().filter(|(_, stage)| stage.share > 0.0) {
        let length = stage.share * LENGTH;
        let name = escape(stage_words(&stage.stage));
        let share = words::percent(stage.share);
        let mean = words::duration(stage.mean_s);
        let p95 = words::duration(stage.p95_s);
        write!(
            parts,
            "<rect class=\"p{number}\" x=\"{from:.1}\" y=\"0\" width=\"{length:.1}\" height=\"40\">\
             <title>{name}: {share}</title></rect>"
        )
        .expect("a string takes any text");
        write!(
            keys,
            "<span class=\"key part k{number}\">{share} {name}: {mean} on average, {p95} p95</span> "
        )
        .expect("a string takes any text");
        from += length;
    }
    let ready = &of.time_to_ready_s;
    format!(
        "<figure><figcaption><b>{}</b> <span class=\"unit\">{} median, {} on average, {} p95</span>\
         <br>{keys}</figcaption>\n\
         <svg viewBox=\"0 0 {LENGTH} 40\" preserveAspectRatio=\"none\" class=\"bar\" role=\"img\" \
         aria-label=\"where the time went\">{parts}</svg></figure>\n",
        escape(&words::capitalised(whose)),
        words::duration(ready.p50),
        words::duration(ready.mean),
        words::duration(ready.p95),
    )
}

fn desk_table(desks: &[DeskReport]) -> String {
    let row = |desk: &DeskReport| {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        vec![
            desk.name.clone(),
            desk.operators.map_or("no bound".to_owned(), |number| words::count(number.into())),
            or_none(desk.utilisation.map(words::percent)),
            words::count(desk.done),
            words::count(desk.backlog),
            words::count(desk.peak_backlog),
            match (&desk.queued_s, desk.grows_per_day) {
                (_, Some(grows)) => format!("grows by {} a working day", words::amount(grows)),
                (Some(queued), _) => words::duration(queued.mean),
                _ => "–".to_owned(),
            },
        ]
    };
    let headings =
        ["Desk", "Operators#", "Busy#", "Done#", "Queue at the end#", "At most#", "Mean wait#"];
    table(&headings, desks.iter().map(row))
}
