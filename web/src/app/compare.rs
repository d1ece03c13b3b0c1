//! Compare: variants of one scenario side by side, differences first.

use crate::page::{Do, Page};
use crate::parts::{icon, legend, transport, typing, value_of};
use crate::replay::{Shown, figure};
use fleetcast_core::placement::POLICIES;
use fleetcast_core::words;
use fleetcast_web::compare::{Change, Compare, SEEDS_MAX, VARIANTS_MAX, Variant};
use fleetcast_web::model::{Msg, calendar};
use fleetcast_web::protocol::Outline;
use fleetcast_web::sheet::{Table, TableRow};
use web_sys::{Event, MouseEvent, PointerEvent};
use yew::html::Scope;
use yew::prelude::*;

fn send(link: &Scope<Page>, change: impl Fn() -> Change + 'static) -> Callback<MouseEvent> {
    link.callback(move |_: MouseEvent| Do::Tell(Msg::Compare(change())))
}

pub(crate) fn view(page: &Page, link: &Scope<Page>) -> Html {
    let compare = &page.model.compare;
    let outline = compare.variants.iter().find_map(|variant| variant.outline.as_ref());
    html! {
        <>
            <section class="intro">
                <h1>{ "Compare" }</h1>
                <p>{ "The same demand, two to four ways. Every seed draws another demand, and all variants face the same one: what differs comes from what you change." }</p>
            </section>
            { variants(page, link, compare) }
            { for compare.table.as_deref().map(table) }
            if let Some(outline) = outline {
                <section class="fleet" aria-labelledby="side-title">
                    <div class="bar">
                        <h2 id="side-title">{ "Side by side, at the same instant" }</h2>
                        { legend(page, link, outline) }
                    </div>
                    { transport(page, link, compare.whole(), &calendar(Some(outline)), compare.at_ms) }
                    <div class="side">
                        { for compare.variants.iter().enumerate().map(|(row, variant)| map(page, row, variant)) }
                    </div>
                </section>
                { charts(page, link, outline) }
            }
        </>
    }
}

fn variants(page: &Page, link: &Scope<Page>, compare: &Compare) -> Html {
    let file = &page.model.written.file;
    html! {
        <section class="variants" aria-labelledby="variants-title">
            <div class="bar">
                <h2 id="variants-title">{ format!("Variants of {file}") }</h2>
                <label>{ "Seeds " }
                    <input type="number" min="1" max={SEEDS_MAX.to_string()} value={page.ui.shown("seeds", &compare.seeds.to_string())} oninput={typing(link, "seeds")}
                        onchange={link.callback(|event: Event| Do::Tell(Msg::Compare(Change::Seeds(value_of(&event).parse().unwrap_or(1)))))} />
                </label>
                <button disabled={compare.variants.len() >= VARIANTS_MAX} onclick={send(link, || Change::Add)}>{ "Add a variant" }</button>
                if compare.is_running() {
                    <button onclick={send(link, || Change::Cancel)}>{ "Cancel" }</button>
                } else {
                    <button class="main" onclick={send(link, || Change::Run)}>{ icon("play") }{ "Run all" }</button>
                }
            </div>
            <ol>
                { for compare.variants.iter().enumerate().map(|(row, v)| variant(page, link, row, v)) }
            </ol>
        </section>
    }
}

fn variant(page: &Page, link: &Scope<Page>, row: usize, variant: &Variant) -> Html {
    let compare = &page.model.compare;
    let field = format!("change-{row}");
    let number = row + 1;
    let policy = variant.policy.clone().unwrap_or_default();
    let done = variant.runs.len() as f64 + if variant.is_running { variant.part } else { 0.0 };
    html! {
        <li>
            <b>{ format!("{number}. {}", variant.name()) }</b>
            <label>{ "Policy " }
                <select onchange={link.callback(move |event: Event| Do::Tell(Msg::Compare(Change::Policy(row, value_of(&event)))))}>
                    <option value="" selected={policy.is_empty()}>{ "as written" }</option>
                    { for POLICIES.iter().map(|(name, _)| html! { <option value={*name} selected={*name == policy}>{ name }</option> }) }
                </select>
            </label>
            <label>{ "Change " }
                <input type="text" size="28" placeholder="procurement.trigger=80%" value={page.ui.shown(&field, &variant.set)} oninput={typing(link, &field)}
                    onchange={link.callback(move |event: Event| Do::Tell(Msg::Compare(Change::Set(row, value_of(&event)))))} />
            </label>
            <button class="quiet" disabled={compare.variants.len() <= 2} aria-label={format!("Remove variant {number}")}
                onclick={send(link, move || Change::Remove(row))}>{ icon("close") }</button>
            if let Some(wrong) = &variant.wrong {
                <span class="bad">{ format!("✕ {wrong}") }</span>
            } else if variant.is_running || !variant.runs.is_empty() {
                <progress max={compare.seeds.to_string()} value={done.to_string()} aria-label={format!("Progress of variant {number}")}></progress>
                <span>{ format!("{} of {}", variant.runs.len(), words::plural(compare.seeds.into(), "seed")) }</span>
            }
        </li>
    }
}

fn table(table: &Table) -> Html {
    html! {
        <section class="differences" aria-labelledby="table-title">
            <h2 id="table-title">{ "Differences" }</h2>
            <p class="answer" role="status"><b>{ &table.answer }</b></p>
            { for table.notes.iter().map(|note| html! { <p>{ note }</p> }) }
            <p class="hint">{ "Means over the seeds. Differences are taken to the first variant, seed by seed, with their 95% interval; ✓ marks those that are there beyond doubt (p < 0.05 after Holm's adjustment over the table)." }</p>
            <div class="scroll" tabindex="0" role="region" aria-label="Table of differences">
                <table>
                    <thead><tr><th scope="col">{ "What" }</th>
                        { for table.names.iter().map(|name| html! { <th scope="col" class="number">{ name }</th> }) }
                    </tr></thead>
                    <tbody>{ for table.rows.iter().map(table_row) }</tbody>
                </table>
            </div>
        </section>
    }
}

fn table_row(row: &TableRow) -> Html {
    html! {
        <tr>
            <th scope="row">{ &row.what }</th>
            { for row.cells.iter().map(|cell| html! {
                <td class="number">
                    <b>{ &cell.figure }</b>
                    { bar(cell.part) }
                    <span class={if cell.is_shown { "differs" } else { "hint" }}>
                        { &cell.change }
                        if cell.is_shown { <span aria-label="beyond doubt">{ " ✓" }</span> }
                    </span>
                    <span class="hint">{ " " }{ &cell.interval }</span>
                </td>
            }) }
        </tr>
    }
}

/// A mean as a bar.
fn bar(part: f64) -> Html {
    let width = part * 110.0;
    html! {
        <svg class="bar" viewBox="0 0 112 10" width="112" height="10" aria-hidden="true">
            <rect x="0" y="2" width={width.to_string()} height="6" />
        </svg>
    }
}

/// The variants' first seeds over each other.
fn charts(page: &Page, link: &Scope<Page>, outline: &Outline) -> Html {
    if page.compare_charts.is_empty() {
        return html! {};
    }
    let (_, span) = page.spans();
    let shown = Shown {
        span,
        calendar: calendar(Some(outline)),
        at_ms: page.model.compare.at_ms,
        name: format!("{} compared", outline.name),
        caption: format!("{} · seed {}", outline.name, outline.seed),
    };
    html! {
        <section class="charts" aria-labelledby="over-title">
            <div class="bar">
                <h2 id="over-title">{ "Over each other" }</h2>
                <p class="hint">{ format!("All with seed {}.", outline.seed) }</p>
                if page.model.zoom.is_some() {
                    <button onclick={link.callback(|_| Do::Tell(Msg::Zoom(None)))}>{ "Show all" }</button>
                }
            </div>
            <div class="grid">{ for page.compare_charts.iter().map(|chart| figure(page, link, chart, &shown)) }</div>
        </section>
    }
}

fn map(page: &Page, row: usize, variant: &Variant) -> Html {
    let lane = row + 1;
    let (stage, stage_leave) = (page.stage.clone(), page.stage.clone());
    let hover = Callback::from(move |event: PointerEvent| {
        stage.hover(lane, Some((f64::from(event.offset_x()), f64::from(event.offset_y()))));
    });
    let leave = Callback::from(move |_: PointerEvent| {
        stage_leave.hover(lane, None);
    });
    html! {
        <figure class="variant">
            <figcaption><h3>{ format!("{lane}. {}", variant.name()) }</h3></figcaption>
            if variant.outline.is_some() {
                <div class="map" onpointermove={hover} onpointerleave={leave}>
                    <canvas id={format!("map-{row}")} role="img" aria-label={format!("Fleet of variant {lane}")}></canvas>
                    <canvas id={format!("map-{row}-over")} class="over" aria-hidden="true"></canvas>
                </div>
                <p class="hovered" id={format!("hovered-{lane}")}>{ "\u{a0}" }</p>
            } else {
                <p>{ variant.wrong.clone().unwrap_or_else(|| "not run yet".to_owned()) }</p>
            }
        </figure>
    }
}
