//! Rollout: the course of one rollout, and the room under it.

use crate::page::{Do, Page};
use crate::parts::facts;
use crate::replay::{Shown, figure};
use fleetcast_core::report::Report;
use fleetcast_core::report::rollouts::RolloutReport;
use fleetcast_core::words;
use fleetcast_web::model::Msg;
use fleetcast_web::rollout::{cards, verdict};
use fleetcast_web::tell;
use yew::html::Scope;
use yew::prelude::*;

/// The most rollouts that are listed.
const ROWS_MAX: usize = 200;

pub(crate) fn view(page: &Page, link: &Scope<Page>) -> Html {
    let model = &page.model;
    let report = model.run.report.as_ref();
    let chosen = report.and_then(|report| report.rollouts.get(model.run.rollout));
    let (Some(report), Some(rollout)) = (report, chosen) else {
        return html! {
            <section class="intro">
                <h1>{ "Rollout" }</h1>
                <p>{ "This run has no rollouts. A scenario that has them says what it rolls out, when and how." }</p>
            </section>
        };
    };
    html! {
        <>
            <section class="answer" aria-labelledby="title">
                <div class="bar"><h1 id="title">{ format!("{}: {} to {}", rollout.service, rollout.from, rollout.to) }</h1></div>
                <p class="question">{ began(page, rollout) }</p>
                <p class="verdict" role="status">{ verdict(rollout) }</p>
                { facts(cards(rollout)) }
            </section>
            { charts(page, link, report, rollout) }
            { waits(rollout) }
            { list(page, link, report) }
        </>
    }
}

fn began(page: &Page, rollout: &RolloutReport) -> String {
    let at_ms = (rollout.at.at_s * 1e3) as u64;
    let at = tell::instant(&page.model.calendar(), at_ms, 0);
    format!("Rollout {} of this run, begun {at}, {}", rollout.number, rollout.strategy)
}

fn charts(page: &Page, link: &Scope<Page>, report: &Report, rollout: &RolloutReport) -> Html {
    let model = &page.model;
    if model.run.rollout_charts.is_empty() {
        return html! { <p class="hint">{ "The courses of so many rollouts are not kept: the first ones have theirs." }</p> };
    }
    let (_, span) = page.spans();
    let shown = Shown {
        span,
        calendar: model.calendar(),
        at_ms: model.at_ms,
        name: format!("{} rollout {}", report.scenario, rollout.number),
        caption: format!("{} · {} · seed {}", report.scenario, rollout.strategy, report.seed),
    };
    html! {
        <section class="charts rollout" aria-labelledby="charts-title">
            <div class="bar">
                <h2 id="charts-title">{ "Over time" }</h2>
                <p class="hint">{ "Click a chart to read it there; drag over one to zoom both." }</p>
                if model.zoom.is_some() {
                    <button onclick={link.callback(|_| Do::Tell(Msg::Zoom(None)))}>{ "Show all" }</button>
                }
            </div>
            <div class="grid">{ for model.run.rollout_charts.iter().map(|chart| figure(page, link, chart, &shown)) }</div>
        </section>
    }
}

fn waits(rollout: &RolloutReport) -> Html {
    if rollout.waits.is_empty() {
        return html! {};
    }
    html! {
        <section aria-labelledby="waits-title">
            <h2 id="waits-title">{ "What it waited for" }</h2>
            <ul class="expected">
                { for rollout.waits.iter().map(|wait| html! {
                    <li><b>{ &wait.what }</b>{ format!(" {}", words::duration(wait.s)) }</li>
                }) }
            </ul>
        </section>
    }
}

/// All rollouts of the run.
fn list(page: &Page, link: &Scope<Page>, report: &Report) -> Html {
    let model = &page.model;
    html! {
        <section class="rollouts" aria-labelledby="all-title">
            <h2 id="all-title">{ format!("All {}", words::plural(report.rollout_totals.rollouts, "rollout")) }</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Rollouts">
            <table>
                <thead><tr><th scope="col">{ "Rollout" }</th><th scope="col">{ "Begun" }</th><th scope="col">{ "From" }</th><th scope="col">{ "To" }</th><th scope="col">{ "How" }</th><th scope="col">{ "Became" }</th><th scope="col">{ "Took" }</th></tr></thead>
                <tbody>{ for report.rollouts.iter().take(ROWS_MAX).enumerate().map(|(row, rollout)| html! {
                    <tr>
                        <td><button class="quiet" aria-pressed={(row == model.run.rollout).to_string()}
                            onclick={link.callback(move |_| Do::Tell(Msg::Rollout(row)))}>{ format!("{} {}", rollout.service, rollout.number) }</button></td>
                        <td>{ tell::instant(&model.calendar(), (rollout.at.at_s * 1e3) as u64, 0) }</td>
                        <td>{ &rollout.from }</td><td>{ &rollout.to }</td><td>{ &rollout.strategy }</td>
                        <td>{ &rollout.outcome }</td><td>{ words::duration(rollout.duration_s) }</td>
                    </tr>
                }) }</tbody>
            </table>
            </div>
            if report.rollouts.len() > ROWS_MAX {
                <p class="hint">{ format!("… and {} more: summary.json has them.", report.rollouts.len() - ROWS_MAX) }</p>
            }
        </section>
    }
}
