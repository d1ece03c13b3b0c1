//! Replay: the answer first, then the fleet over time.

use crate::browser;
use crate::page::{Do, PAGE_MAX, Page};
use crate::parts::{facts, icon, legend, transport, typing, value_of};
use crate::what_if;
use fleetcast_core::explain::{Change, Explanation};
use fleetcast_core::report::Report;
use fleetcast_core::time::Calendar;
use fleetcast_core::words;
use fleetcast_web::cards::cards;
use fleetcast_web::chart::{self, Chart, Frame};
use fleetcast_web::model::{Course, Model, Msg, Pointed, Screen};
use fleetcast_web::protocol::{Fate, HostStory, Outline, Stay};
use fleetcast_web::sheet::Assumed;
use fleetcast_web::tell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlCanvasElement, KeyboardEvent, MouseEvent, PointerEvent};
use yew::html::Scope;
use yew::prelude::*;

/// The most rows of a list that are shown at once.
const ROWS_MAX: usize = 60;

/// The host that a person has chosen.
pub(crate) fn pinned(model: &Model) -> Option<u32> {
    match &model.pointed {
        Pointed::Host(host, _) => Some(*host),
        _ => None,
    }
}

pub(crate) fn view(page: &Page, link: &Scope<Page>) -> Html {
    let model = &page.model;
    let run = &model.run;
    let Some(outline) = &run.outline else {
        return html! { <section class="waiting"><h1>{ "Replay" }</h1>{ progress(page, link) }</section> };
    };
    html! {
        <>
            <section class="answer" aria-labelledby="title">
                <div class="bar">
                    <h1 id="title">{ &outline.name }</h1>
                    <button onclick={link.callback(|_| Do::Tell(Msg::Go(Screen::Choose)))}>{ "Change" }</button>
                    <button onclick={link.callback(|_| Do::Tell(Msg::Go(Screen::Compare)))}>{ "Compare" }</button>
                </div>
                if !outline.question.is_empty() { <p class="question">{ &outline.question }</p> }
                { match &run.report {
                    Some(report) => answer(page, report),
                    None => progress(page, link),
                } }
            </section>
            { fleet(page, link, outline) }
            { charts(page, link) }
            if let Some(report) = &run.report {
                { refusals(page, link) }
                { orders(report) }
                { assumptions(&model.run.assumed) }
                { what_if::view(&model.run.what_if, link) }
                { keep(page, link, report) }
            }
        </>
    }
}

/// How far the run is.
fn progress(page: &Page, link: &Scope<Page>) -> Html {
    let model = &page.model;
    let whole = model.whole();
    let (words, part) = match &model.run.course {
        Course::None => ("Nothing has been run yet: take a scenario first.".to_owned(), None),
        Course::Fetching => ("Fetching the trace …".to_owned(), Some(0.0)),
        Course::Reading => ("Reading the scenario …".to_owned(), Some(0.0)),
        Course::Running(at_ms) => {
            let at = tell::instant(&model.calendar(), *at_ms, whole.to_ms);
            (format!("Running: {at}"), Some(*at_ms as f64 / whole.to_ms as f64))
        }
        Course::Ended => (String::new(), None),
        Course::Cancelled(at_ms) => {
            let at = tell::instant(&model.calendar(), *at_ms, whole.to_ms);
            (format!("Cancelled at {at}. What is below is what had happened until then."), None)
        }
        Course::Failed(why) => (format!("The run broke off: {why}"), None),
    };
    html! {
        <div class="progress">
            <p>{ words }</p>
            if let Some(part) = part {
                <progress max="1" value={part.to_string()} aria-label="Progress of the run"></progress>
                <button onclick={link.callback(|_| Do::Tell(Msg::Cancel))}>{ "Cancel" }</button>
            } else if model.is_open {
                <button class="main" onclick={link.callback(|_| Do::Tell(Msg::Run))}>{ icon("play") }{ "Run again" }</button>
            }
        </div>
    }
}

fn answer(page: &Page, report: &Report) -> Html {
    html! {
        <>
            <p class="verdict" id="verdict" role="status">{ format!("{}.", words::capitalised(&report.verdict)) }</p>
            { facts(cards(report, &page.model.calendar())) }
            if !report.expectations.is_empty() {
                <ul class="expected" aria-label="Expectations">
                    { for report.expectations.iter().map(|expectation| html! {
                        <li class={if expectation.held { "good" } else { "bad" }}>
                            <b>{ if expectation.held { "✓ held" } else { "✕ missed" } }</b>
                            { format!(" {}: {}", expectation.expected, expectation.found) }
                        </li>
                    }) }
                </ul>
            }
            if !report.notes.is_empty() {
                <ul class="expected" aria-label="Notes">
                    { for report.notes.iter().take(8).map(|note| html! { <li>{ note }</li> }) }
                </ul>
            }
        </>
    }
}

/// The map, what is pointed at, and the slider.
fn fleet(page: &Page, link: &Scope<Page>, outline: &Rc<Outline>) -> Html {
    let model = &page.model;
    let stage = page.stage.clone();
    let stage_leave = page.stage.clone();
    let stage_click = page.stage.clone();
    let stage_keys = page.stage.clone();
    let place = |event: &MouseEvent| (f64::from(event.offset_x()), f64::from(event.offset_y()));
    let hover = Callback::from(move |event: PointerEvent| {
        stage.hover(0, Some(place(&event)));
    });
    let leave = Callback::from(move |_: PointerEvent| {
        stage_leave.hover(0, None);
    });
    let click = link.batch_callback(move |event: MouseEvent| {
        stage_click.hover(0, Some(place(&event))).map(|host| Do::Tell(Msg::PointHost(host)))
    });
    let keys = link.batch_callback(move |event: KeyboardEvent| {
        let (dx, dy) = match event.key().as_str() {
            "ArrowLeft" => (-1, 0),
            "ArrowRight" => (1, 0),
            "ArrowUp" => (0, -1),
            "ArrowDown" => (0, 1),
            "Enter" | " " => {
                event.prevent_default();
                let host = stage_keys.step_host(0, 0);
                return host.map(|host| Do::Tell(Msg::PointHost(host)));
            }
            _ => return None,
        };
        event.prevent_default();
        stage_keys.step_host(dx, dy);
        None
    });
    html! {
        <section class="fleet" aria-labelledby="fleet-title">
            <div class="bar">
                <h2 id="fleet-title">{ "The fleet" }</h2>
                { legend(page, link, outline) }
                { find_host(page, link) }
            </div>
            <div class="stage">
                <div class="map" tabindex="0" role="application" aria-roledescription="fleet map"
                    aria-label="Fleet map: arrow keys go from host to host, Enter opens one"
                    onpointermove={hover} onpointerleave={leave} onclick={click} onkeydown={keys}>
                    <canvas id="map" role="img" aria-label="One square for each host, by zone and rack"></canvas>
                    <canvas id="map-over" class="over" aria-hidden="true"></canvas>
                </div>
                { pointed(page, link, outline) }
            </div>
            <p class="hovered" id="hovered-0" aria-live="polite">{ "\u{a0}" }</p>
            { transport(page, link, model.whole(), &model.calendar(), model.at_ms) }
        </section>
    }
}

fn find_host(page: &Page, link: &Scope<Page>) -> Html {
    html! {
        <label class="find">{ "Host " }
            <input type="text" size="8" placeholder="h17" value={page.ui.shown("host", &page.ui.wanted_host)} oninput={typing(link, "host")}
                onchange={link.callback(|event: Event| Do::WantHost(value_of(&event)))} />
        </label>
    }
}

fn pointed(page: &Page, link: &Scope<Page>, outline: &Rc<Outline>) -> Html {
    let close = html! {
        <button class="quiet square" aria-label="Close" onclick={link.callback(|_| Do::Tell(Msg::PointAway))}>{ icon("close") }</button>
    };
    match &page.model.pointed {
        Pointed::Nothing => html! {
            <section class="pointed empty" aria-label="Details">
                <p>{ "Point at a host to read it; click it, or press Enter on the map, to see its VMs and its history." }</p>
                if page.model.run.away.as_ref().is_some_and(|away| away.total > 0) {
                    <p>{ "Below the charts are the requests that found no host: each one tells why." }</p>
                }
            </section>
        },
        Pointed::Host(host, story) => html! {
            <section class="pointed" aria-label="Host">
                <div class="bar"><h3>{ tell::host_name(outline, *host) }</h3>{ close }</div>
                { host_now(page, outline, *host) }
                { history(page, *host) }
                { match story {
                    Some(story) => vms(page, outline, story),
                    None if page.model.run.course.is_under_way() => html! { <p>{ "Its VMs are listed when the run is over." }</p> },
                    None => html! { <p role="status">{ "Looking up its VMs …" }</p> },
                } }
            </section>
        },
        Pointed::Refusal(request, at_ms, account) => html! {
            <section class="pointed" aria-label="Request that found no host">
                <div class="bar"><h3>{ format!("Request {request}") }</h3>{ close }</div>
                <p class="when">{ tell::instant(&page.model.calendar(), *at_ms, page.model.whole().to_ms) }</p>
                { match account {
                    Some(account) => funnel(account),
                    None => html! { <p role="status">{ "Running up to this request …" }</p> },
                } }
            </section>
        },
    }
}

fn host_now(page: &Page, outline: &Outline, host: u32) -> Html {
    let at_ms = page.model.at_ms;
    let line = page
        .stage
        .with_film(0, |film| film.at(at_ms).map(|frame| tell::host(outline, film, frame, host)));
    let line = line.flatten().unwrap_or_default();
    // The name is the heading already.
    let line = line.split_once(" · ").map_or(line.clone(), |(_, rest)| rest.to_owned());
    html! { <p class="now">{ line }</p> }
}

/// The host's fullest resource over the run.
fn history(page: &Page, host: u32) -> Html {
    let span = page.model.whole();
    let values = page.stage.with_film(0, |film| tell::history(film, host)).unwrap_or_default();
    const WIDTH: f64 = 300.0;
    const HEIGHT: f64 = 44.0;
    let mut path = String::new();
    let mut is_down = true;
    for (at_ms, load) in values {
        let x = at_ms as f64 / span.to_ms as f64 * WIDTH;
        match load {
            Some(load) => {
                let y = HEIGHT - f64::from(load.min(250)) / 250.0 * (HEIGHT - 2.0) - 1.0;
                path += &format!("{}{x:.1} {y:.1}", if is_down { 'M' } else { 'L' });
                is_down = false;
            }
            None => is_down = true,
        }
    }
    let x = (page.model.at_ms as f64 / span.to_ms as f64 * WIDTH).to_string();
    html! {
        <figure class="history">
            <svg viewBox="0 0 300 44" preserveAspectRatio="none" role="img" aria-label="Load of its fullest resource over the run">
                <path d={path} />
                <line x1={x.clone()} x2={x} y1="0" y2="44" />
            </svg>
            <figcaption>{ "its fullest resource over the run, 0 to 100%" }</figcaption>
        </figure>
    }
}

fn vms(page: &Page, outline: &Outline, story: &HostStory) -> Html {
    let at_ms = page.model.at_ms;
    let is_here =
        |stay: &&Stay| stay.from_ms <= at_ms && stay.until_ms.is_none_or(|until| until > at_ms);
    let here: Vec<&Stay> = story.stays.iter().filter(is_here).collect();
    let past =
        story.stays.iter().filter(|stay| stay.until_ms.is_some_and(|until| until <= at_ms)).count();
    let calendar = page.model.calendar();
    let whole_ms = page.model.whole().to_ms;
    let date = |ms: u64| tell::instant(&calendar, ms, whole_ms);
    let demand = |row: u32| outline.demands.get(row as usize).cloned().unwrap_or_default();
    html! {
        <>
            <h4>{ format!("{} at this instant", words::plural(here.len() as u64, "VM")) }</h4>
            if !here.is_empty() {
                <div class="scroll" tabindex="0" role="region" aria-label="VMs of this host">
                <table>
                    <thead><tr><th scope="col">{ "Request" }</th><th scope="col">{ "From" }</th><th scope="col">{ "Takes" }</th><th scope="col">{ "Since" }</th></tr></thead>
                    <tbody>{ for here.iter().take(ROWS_MAX).map(|stay| html! {
                        <tr><td>{ stay.request }</td><td>{ demand(stay.demand) }</td><td>{ &stay.takes }</td><td>{ date(stay.from_ms) }</td></tr>
                    }) }</tbody>
                </table>
                </div>
            }
            if here.len() > ROWS_MAX { <p>{ format!("… and {} more", here.len() - ROWS_MAX) }</p> }
            <p class="hint">
                { format!("{} ended here before. ", words::plural(past as u64, "VM")) }
                { for story.milestones_ms[0].map(|ms| format!("In service since {}. ", date(ms))) }
                { for story.milestones_ms[1].map(|ms| format!("No new VMs from {}. ", date(ms))) }
                { for story.milestones_ms[2].map(|ms| format!("Left service {}. ", date(ms))) }
                if story.more > 0 { { format!("{} later VMs are not listed. ", words::count(story.more)) } }
            </p>
        </>
    }
}

/// Why a request found no host: which filter turned away how many.
fn funnel(account: &Explanation) -> Html {
    let asks: Vec<&str> = account.asks.iter().map(|ask| ask.text.as_str()).collect();
    let all = account.funnel.in_service.max(1);
    let mut left = account.funnel.in_service;
    html! {
        <>
            <p>{ format!("{}.", words::capitalised(&account.answer)) }</p>
            <p class="hint">{ format!("{} of `{}` asked for {}", account.tenant, account.demand, asks.join(", ")) }</p>
            <h4>{ "What turned hosts away" }</h4>
            <ol class="funnel">
                <li>
                    <span>{ format!("{} in service", words::plural(all, "host")) }</span>
                    <progress max={all.to_string()} value={all.to_string()} aria-label={format!("{all} hosts")}></progress>
                </li>
                { for account.funnel.turned_away.iter().map(|away| {
                    left -= away.hosts;
                    html! {
                        <li>
                            <span>{ format!("{}: {} away, {} left", away.words, words::count(away.hosts), words::count(left)) }</span>
                            <progress max={all.to_string()} value={left.to_string()} aria-label={format!("{left} hosts left")}></progress>
                        </li>
                    }
                }) }
            </ol>
            if !account.changes.is_empty() {
                <h4>{ "What would make it fit" }</h4>
                <ul class="changes">{ for account.changes.iter().map(|change: &Change| html! { <li>{ words::capitalised(change.sentence()) }</li> }) }</ul>
            }
        </>
    }
}

/// All charts, with one cursor and one zoom.
fn charts(page: &Page, link: &Scope<Page>) -> Html {
    let model = &page.model;
    if model.run.charts.is_empty() {
        return html! {};
    }
    let whole_ms = model.whole().to_ms;
    let zoom = model.zoom.map(|zoom| {
        let calendar = model.calendar();
        let date = |ms| tell::instant(&calendar, ms, whole_ms);
        html! {
            <p class="zoom">{ format!("{} to {}", date(zoom.from_ms), date(zoom.to_ms)) }
                <button onclick={link.callback(|_| Do::Tell(Msg::Zoom(None)))}>{ "Show all" }</button></p>
        }
    });
    let zoom_in = link.batch_callback({
        let (span, at_ms) = (model.span(), model.at_ms);
        let whole = model.whole();
        move |_: MouseEvent| {
            let quarter = (span.to_ms - span.from_ms) / 4;
            let zoom = chart::Span::between(
                at_ms.saturating_sub(quarter),
                at_ms.saturating_add(quarter),
                whole,
            );
            zoom.map(|zoom| Do::Tell(Msg::Zoom(Some(zoom))))
        }
    });
    let caption = model.run.report.as_ref().map_or_else(String::new, |report| {
        format!(
            "{} · {} · seed {} · {} · Fleetcast {}",
            report.scenario, report.policy, report.seed, report.fingerprint, report.version
        )
    });
    let name = model.run.outline.as_ref().map_or_else(String::new, |outline| outline.name.clone());
    let shown =
        Shown { span: model.span(), calendar: model.calendar(), at_ms: model.at_ms, name, caption };
    html! {
        <section class="charts" aria-labelledby="charts-title"
            aria-busy={(page.charts_shown < model.run.charts.len()).to_string()}>
            <div class="bar">
                <h2 id="charts-title">{ "Over time" }</h2>
                <p class="hint">{ "Click a chart to go there; drag over one to zoom all." }</p>
                <button onclick={zoom_in}>{ "Zoom in here" }</button>
                { for zoom }
            </div>
            <div class="grid">{ for model.run.charts.iter().take(page.charts_shown).map(|chart| figure(page, link, chart, &shown)) }</div>
        </section>
    }
}

/// How wide a chart is drawn, px.
fn chart_width(page: &Page) -> u32 {
    let inner = page.ui.width.saturating_sub(if page.ui.width < 700 { 24 } else { 48 });
    let columns = match inner {
        // Those of a rollout stand under each other.
        _ if page.model.screen == Screen::Rollout => 1,
        0..900 => 1,
        900..1_400 => 2,
        _ => 3,
    };
    (inner.saturating_sub(14 * (columns - 1)) / columns).saturating_sub(26).max(240)
}

/// What all charts of a screen have in common.
#[derive(Clone)]
pub(crate) struct Shown {
    pub(crate) span: chart::Span,
    pub(crate) calendar: Calendar,
    pub(crate) at_ms: u64,
    /// What is shown; files are called after it.
    pub(crate) name: String,
    /// What stands below a chart in a file.
    pub(crate) caption: String,
}

/// A chart, what its lines say at the instant shown, and its files.
pub(crate) fn figure(page: &Page, link: &Scope<Page>, chart: &Chart, shown: &Shown) -> Html {
    let Shown { span, calendar, at_ms, name, .. } = shown.clone();
    let height = if page.ui.width > PAGE_MAX { 250 } else { 190 };
    let frame = Frame { width: chart_width(page), height };
    let drawing = page.draw(chart, &calendar, span, frame);
    let (width, height) = (f64::from(frame.width), f64::from(frame.height));
    let (floor, right) = (height - chart::BOTTOM, width - chart::RIGHT);
    let x = span.x_of(at_ms, frame.width);
    let is_inside = (span.from_ms..=span.to_ms).contains(&at_ms);
    let x = if is_inside { format!("{x:.1}") } else { "-9".to_owned() };
    let instant = move |event: &PointerEvent| {
        // The chart may be scaled: its own place and width count.
        let Some(plot) = plot_of(event).map(|plot| plot.get_bounding_client_rect()) else {
            return span.from_ms;
        };
        let x = (f64::from(event.client_x()) - plot.left()) * width / plot.width().max(1.0);
        span.at_x(x, frame.width)
    };
    let down = link.callback(move |event: PointerEvent| {
        if let Some(plot) = plot_of(&event) {
            plot.set_pointer_capture(event.pointer_id()).ok();
        }
        let at_ms = instant(&event);
        Do::Brush(Some((at_ms, at_ms)))
    });
    let begun = page.ui.brush.map(|(from_ms, _)| from_ms);
    let moved = link.batch_callback(move |event: PointerEvent| {
        begun.map(|from_ms| Do::Brush(Some((from_ms, instant(&event)))))
    });
    let up = link.callback(|_: PointerEvent| Do::Brushed);
    let away = link.callback(|_: PointerEvent| Do::Brush(None));
    let brush = page.ui.brush.filter(|(from, to)| from != to).map(|(from, to)| {
        let (a, b) = (span.x_of(from.min(to), frame.width), span.x_of(from.max(to), frame.width));
        html! { <rect class="brush" x={a.to_string()} y={chart::TOP.to_string()} width={(b - a).max(0.0).to_string()} height={(floor - chart::TOP).to_string()} /> }
    });
    let stem = format!("{}-{}", tell::file_stem(&name), chart.id);
    let summary =
        chart.lines.iter().map(|line| format!("{} {}", line.name, chart.said(line, at_ms)));
    let summary = format!("{}. {}", chart.title, summary.collect::<Vec<_>>().join(", "));
    html! {
        <figure class="chart">
            <figcaption>
                <h3>{ &chart.title }</h3>
                <span class="saves">
                    <button class="quiet" aria-label={format!("Save {} as SVG", chart.title)} onclick={save(chart, shown, stem.clone(), false)}>{ "SVG" }</button>
                    <button class="quiet" aria-label={format!("Save {} as PNG", chart.title)} onclick={save(chart, shown, stem, true)}>{ "PNG" }</button>
                </span>
                <ul class="lines">
                    { for chart.lines.iter().enumerate().map(|(row, line)| html! {
                        <li class={format!("line-{}", line.colour % 6)}><i aria-hidden="true"></i>{ &line.name }{ " " }<b id={format!("said-{}-{row}", chart.id)}>{ chart.said(line, at_ms) }</b></li>
                    }) }
                </ul>
            </figcaption>
            <svg viewBox={format!("0 0 {width} {height}")} role="img" aria-label={summary}
                onpointerdown={down} onpointermove={moved} onpointerup={up} onpointercancel={away}>
                { for drawing.figures.iter().map(|(y, text)| html! {
                    <>
                        <path class="rule" d={format!("M{} {y:.1}H{right}", chart::LEFT)} />
                        <text class="end" x={(chart::LEFT - 6.0).to_string()} y={format!("{:.1}", y + 4.0)}>{ text }</text>
                    </>
                }) }
                { for drawing.dates.iter().map(|(x, text)| html! {
                    <>
                        <path class="tick" d={format!("M{x:.1} {floor}v4")} />
                        <text class="middle" x={format!("{:.1}", chart::word_x(*x, text, frame.width))} y={(floor + 16.0).to_string()}>{ text }</text>
                    </>
                }) }
                { for chart.lines.iter().zip(drawing.paths.iter().cloned()).map(|(line, (path, area))| html! {
                    <g class={format!("line-{}", line.colour % 6)}>
                        if let Some(area) = area { <path class="area" d={area} /> }
                        <path class="stroke" d={path} />
                    </g>
                }) }
                { for brush }
                <line class="cursor" data-width={frame.width.to_string()} x1={x.clone()} x2={x} y1={chart::TOP.to_string()} y2={floor.to_string()} />
            </svg>
        </figure>
    }
}

/// The drawing that an event is about: Yew listens at the root, so the current target is no help.
fn plot_of(event: &PointerEvent) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest("svg").ok()?
}

fn save(chart: &Chart, shown: &Shown, stem: String, is_png: bool) -> Callback<MouseEvent> {
    let chart = chart.clone();
    let Shown { span, calendar, caption, .. } = shown.clone();
    Callback::from(move |_| {
        let svg = chart.svg(&calendar, span, &caption);
        if is_png {
            browser::download_png(format!("{stem}.png"), svg, 900, 396);
        } else {
            browser::download(&format!("{stem}.svg"), "image/svg+xml", svg.as_bytes());
        }
    })
}

/// Requests that found no host, those next to the instant that is shown first.
fn refusals(page: &Page, link: &Scope<Page>) -> Html {
    let model = &page.model;
    let Some(away) = model.run.away.as_ref().filter(|away| away.total > 0) else { return html! {} };
    let span = model.span();
    let calendar = model.calendar();
    let from = if model.at_ms >= span.to_ms { span.from_ms } else { model.at_ms.max(span.from_ms) };
    let inside = away.kept.iter().filter(|turned| (from..=span.to_ms).contains(&turned.at_ms));
    let rows: Vec<_> = inside.take(12).collect();
    let reason =
        |row: u32| away.by_reason.get(row as usize).map_or("", |(reason, _)| reason.as_str());
    html! {
        <section class="refusals" aria-labelledby="refusals-title">
            <div class="bar">
                <h2 id="refusals-title">{ "Requests that found no host" }</h2>
                <p class="hint">{ format!("{} in all. Below are the next ones from the instant that is shown.", words::count(away.total)) }</p>
            </div>
            if rows.is_empty() {
                <p>{ "None from here to the end: go back in time." }</p>
            } else {
                <ul class="chips">
                    { for rows.into_iter().map(|turned| {
                        // Why one had to give way is the account of the one that came.
                        let (request, fate) = match turned.fate {
                            Fate::Waits => (turned.request, "waits".to_owned()),
                            Fate::Refused => (turned.request, "refused".to_owned()),
                            Fate::Lost(by) => (by, format!("lost: gave way to request {by}")),
                        };
                        let at_ms = turned.at_ms;
                        let is_here = matches!(model.pointed, Pointed::Refusal(known, ..) if known == request);
                        html! {
                            <li><button aria-pressed={is_here.to_string()}
                                onclick={link.callback(move |_| Do::Tell(Msg::PointRefusal(request, at_ms)))}>
                                <b>{ format!("Request {}", turned.request) }</b>
                                { format!(" · {} · {} · {}", tell::instant(&calendar, at_ms, model.whole().to_ms),
                                    reason(turned.reason).replace('+', " and "), fate) }
                            </button></li>
                        }
                    }) }
                </ul>
            }
        </section>
    }
}

fn orders(report: &Report) -> Html {
    if report.orders.is_empty() {
        return html! {};
    }
    html! {
        <details class="orders">
            <summary>{ format!("All {}", words::plural(report.orders.len() as u64, "order")) }</summary>
            <div class="scroll" tabindex="0" role="region" aria-label="Orders">
            <table>
                <thead><tr><th scope="col">{ "Order by" }</th><th scope="col">{ "In service" }</th><th scope="col">{ "Hosts" }</th><th scope="col">{ "Model" }</th><th scope="col">{ "Pool" }</th></tr></thead>
                <tbody>{ for report.orders.iter().take(200).map(|order| html! {
                    <tr><td>{ words::day(&order.ordered.date) }</td><td>{ words::day(&order.due.date) }</td><td class="number">{ words::count(order.hosts) }</td><td>{ &order.model }</td><td>{ &order.pool }</td></tr>
                }) }</tbody>
            </table>
            </div>
        </details>
    }
}

/// What the run takes for granted.
fn assumptions(assumed: &Assumed) -> Html {
    if assumed.said.is_empty() {
        return html! {};
    }
    let mut last = "";
    html! {
        <details class="assumed">
            <summary>{ "Assumptions" }</summary>
            <table><tbody>
                { for assumed.said.iter().map(|(about, says)| {
                    // What one thing has several of stands below its name once.
                    let name = if about == last { "" } else { about.as_str() };
                    last = about;
                    html! { <tr><th scope="row">{ name }</th><td>{ says }</td></tr> }
                }) }
            </tbody></table>
            if !assumed.left_out.is_empty() {
                <h3>{ "Not in this scenario" }</h3>
                <ul>{ for assumed.left_out.iter().map(|line| html! { <li>{ line }</li> }) }</ul>
            }
            if !assumed.marked.is_empty() {
                <h3>{ "What the file itself calls an assumption" }</h3>
                <pre tabindex="0">{ assumed.marked.join("\n") }</pre>
            }
        </details>
    }
}

/// Downloads, and what makes the run repeatable.
fn keep(page: &Page, link: &Scope<Page>, report: &Report) -> Html {
    let model = &page.model;
    let stem = tell::file_stem(&report.scenario);
    let series = {
        let (series, stem, calendar) = (model.run.series.clone(), stem.clone(), model.calendar());
        Callback::from(move |_: MouseEvent| {
            if let Some(series) = &series {
                let csv = tell::series_csv(series, &calendar);
                browser::download(&format!("{stem}-series.csv"), "text/csv", csv.as_bytes());
            }
        })
    };
    let map = Callback::from(move |_: MouseEvent| {
        if let Some(canvas) =
            browser::by_id("map").and_then(|e| e.dyn_into::<HtmlCanvasElement>().ok())
        {
            browser::download_canvas(&format!("{stem}-map.png"), &canvas);
        }
    });
    let written = model.run.written.clone();
    let scenario = Callback::from(move |_: MouseEvent| {
        browser::download(&written.file, "application/toml", written.text.as_bytes());
    });
    html! {
        <section class="keep" aria-labelledby="keep-title">
            <div class="bar">
                <h2 id="keep-title">{ "Keep it" }</h2>
                <button onclick={link.callback(|_| Do::Tell(Msg::Share))}>{ icon("link") }{ "Share a link" }</button>
                <button onclick={scenario}>{ icon("save") }{ "Scenario" }</button>
                <button onclick={link.callback(|_| Do::Tell(Msg::Summary))}>{ icon("save") }{ "summary.json" }</button>
                <button onclick={series}>{ icon("save") }{ "series.csv" }</button>
                <button onclick={map}>{ icon("save") }{ "Map as PNG" }</button>
            </div>
            <h3>{ "How to get this again" }</h3>
            <pre tabindex="0" id="again">{ tell::command(&model.run.written) }</pre>
            <p class="hint">
                { format!("Policy {}, seed {}, Fleetcast {}, fingerprint ", report.policy, report.seed, report.version) }
                <code id="fingerprint">{ &report.fingerprint }</code>
                { ": the same scenario gives the same fingerprint in the terminal and on every machine." }
            </p>
        </section>
    }
}
