//! Choose: scenarios to take, open and edit.

use crate::page::{Do, Page, files};
use crate::parts::{icon, typing, value_of};
use fleetcast_core::placement::POLICIES;
use fleetcast_core::problem::Severity;
use fleetcast_core::words;
use fleetcast_web::builtin::{self, Builtin};
use fleetcast_web::knobs::{Knob, KnobKind};
use fleetcast_web::model::{Msg, Screen};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement, HtmlTextAreaElement};
use yew::html::Scope;
use yew::prelude::*;

pub(crate) fn view(page: &Page, link: &Scope<Page>) -> Html {
    let model = &page.model;
    html! {
        <>
            <section class="intro">
                <h1>{ "Will your fleet hold?" }</h1>
                <p>{ "Take a question below, or open your own scenario, trace or inventory. Fleetcast plays the growth of the fleet day by day and says until when everything fits, what runs out first, and what to order by when." }</p>
            </section>
            <section aria-label="Scenarios in the box" class="cards">
                { for builtin::ALL.iter().map(|builtin| card(page, link, builtin)) }
                { open_card(link) }
            </section>
            if model.is_open { { workshop(page, link) } }
        </>
    }
}

fn card(page: &Page, link: &Scope<Page>, builtin: &'static Builtin) -> Html {
    let file = builtin.file;
    let is_open = page.model.is_open && page.model.written.file == file;
    let is_coming = page.model.opens() == Some(file);
    let size = builtin.size.map(|size| {
        format!(
            "{} · {} · {}",
            words::plural(size.hosts, "host"),
            words::plural(size.requests, "request"),
            builtin.duration(),
        )
    });
    html! {
        <article class={classes!("card", is_open.then_some("open"))}>
            <h2>{ builtin.title }</h2>
            <p class="question">{ builtin.question }</p>
            <p class="size">{ for size }</p>
            <p class="acts">
                <button class="main" aria-label={format!("Run {}", builtin.title)}
                    onclick={link.callback(move |_| Do::Tell(Msg::Take { file, runs: true }))}>{ icon("play") }{ "Run" }</button>
                <button aria-label={format!("Edit {}", builtin.title)}
                    onclick={link.callback(move |_| Do::Tell(Msg::Take { file, runs: false }))}>{ if is_coming { "Opening …" } else { "Edit" } }</button>
            </p>
        </article>
    }
}

fn open_card(link: &Scope<Page>) -> Html {
    let opened = link.callback(|event: Event| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let chosen = files(input.as_ref().and_then(HtmlInputElement::files));
        if let Some(input) = input {
            // The same file can be opened again after it was changed.
            input.set_value("");
        }
        Do::Files(chosen)
    });
    html! {
        <article class="card drop">
            <h2>{ "Your own fleet" }</h2>
            <p class="question">{ "Drop files anywhere on this page: a scenario (.toml, .json), a trace of requests or an inventory of hosts (.csv, .csv.gz)." }</p>
            <p class="size">{ "They are read here and sent nowhere." }</p>
            <p class="acts">
                <label class="button">{ icon("open") }{ "Open files" }
                    <input class="sr" type="file" multiple=true accept=".toml,.json,.csv,.gz" onchange={opened} />
                </label>
            </p>
        </article>
    }
}

/// The editor, and the knobs beside it.
fn workshop(page: &Page, link: &Scope<Page>) -> Html {
    let model = &page.model;
    html! {
        <section class="workshop" aria-labelledby="workshop-title">
            <div class="bar">
                <h2 id="workshop-title">{ &model.written.file }</h2>
                <p class="state" role="status">{ state(page) }</p>
                <label class="check"><input type="checkbox" checked={model.is_kept}
                    onchange={link.callback(|event: Event| {
                        let input = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
                        Do::Tell(Msg::Keep(input.is_some_and(|input| input.checked())))
                    })} />{ "Remember it in this browser" }</label>
                <button onclick={download(page)}>{ icon("save") }{ "Download" }</button>
                <button onclick={link.callback(|_| Do::Tell(Msg::Go(Screen::Compare)))} disabled={model.is_wrong()}>{ "Compare policies" }</button>
                <button class="main" disabled={model.is_wrong()} title="Ctrl+Enter"
                    onclick={link.callback(|_| Do::Tell(Msg::Run))}>{ icon("play") }{ "Run" }</button>
            </div>
            <div class="bench">
                <div>
                    { editor(page, link) }
                    { problems(page) }
                </div>
                { knobs(page, link) }
            </div>
        </section>
    }
}

fn state(page: &Page) -> String {
    let checked = &page.model.checked;
    let count = |severity| {
        checked.problems.list.iter().filter(|problem| problem.severity == severity).count() as u64
    };
    let (errors, warnings) =
        (count(Severity::Error) + checked.problems.more, count(Severity::Warning));
    match (checked.is_pending, errors, warnings) {
        (true, ..) => "checking …".to_owned(),
        (_, 0, 0) => "no problems".to_owned(),
        (_, 0, warnings) => words::plural(warnings, "warning"),
        (_, errors, _) => format!("{} to mend", words::plural(errors, "problem")),
    }
}

fn download(page: &Page) -> Callback<MouseEvent> {
    let written = page.model.written.clone();
    Callback::from(move |_| {
        let mut text = written.text.clone();
        // What was turned is told, as the command line takes it.
        for (key, value) in &written.sets {
            text += &format!("\n# changed in the app: --set '{}={}'", clean(key), clean(value));
        }
        if !written.sets.is_empty() {
            text.push('\n');
        }
        crate::browser::download(&written.file, "application/toml", text.as_bytes());
    })
}

fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// The text with its line numbers; what is wrong stands behind its line. All of it is as high as
/// the text, and the frame around it scrolls: so lines stay side by side.
fn editor(page: &Page, link: &Scope<Page>) -> Html {
    let model = &page.model;
    let by_line = model.problems_by_line();
    let lines = model.written.text.split('\n');
    let numbers = lines.clone().zip(1u32..).map(|(_, line)| {
        let worst =
            by_line.get(&line).and_then(|problems| problems.iter().map(|p| p.severity).min());
        let mark = match worst {
            Some(Severity::Error) => "error",
            Some(Severity::Warning) => "warning",
            None => "",
        };
        html! { <span class={mark}>{ line }</span> }
    });
    let numbers: Vec<Html> = numbers.take(5_000).collect();
    let notes = lines.clone().zip(1u32..).take(5_000).map(|(text, line)| {
        let Some(first) = by_line.get(&line).and_then(|problems| problems.first()) else {
            return html! { <div>{ "\u{200b}" }</div> };
        };
        let place = first.place.as_ref();
        let column = place.map_or(0, |place| place.column.saturating_sub(1) as usize);
        let width = place.map_or(1, |place| place.width.max(1) as usize);
        let before: String = text.chars().take(column).collect();
        let wrong: String = text.chars().skip(column).take(width).collect();
        let after: String = text.chars().skip(column + width).collect();
        let class = if first.severity == Severity::Error { "error" } else { "warning" };
        html! {
            <div class={class}><span>{ before }</span><u>{ wrong }</u><span>{ after }</span><em>{ &first.message }</em></div>
        }
    });
    let count = lines.clone().count();
    let widest = lines.map(|line| line.chars().count()).max().unwrap_or(0);
    let edit = link.callback(|event: InputEvent| {
        let area = event.target().and_then(|target| target.dyn_into::<HtmlTextAreaElement>().ok());
        Do::Tell(Msg::Edit(area.map(|area| area.value()).unwrap_or_default()))
    });
    html! {
        <div class="editor">
            <div class="numbers" aria-hidden="true">{ for numbers }</div>
            <div class="text">
                <div class="notes" aria-hidden="true">{ for notes }</div>
                <textarea id="text" aria-label="Scenario" aria-describedby="problems" spellcheck="false" autocomplete="off"
                    autocapitalize="off" wrap="off" rows={count.max(12).to_string()} cols={(widest + 2).max(60).to_string()}
                    value={model.written.text.clone()} oninput={edit} />
            </div>
        </div>
    }
}

/// Everything that is wrong, each leading to its line.
fn problems(page: &Page) -> Html {
    let model = &page.model;
    let problems = &model.checked.problems;
    let text = model.written.text.clone();
    let own = model.written.file.clone();
    html! {
        <ul id="problems" class="problems" aria-label="Problems">
            { for problems.list.iter().take(50).map(|problem| {
                let is_error = problem.severity == Severity::Error;
                let place = problem.place.clone().filter(|place| place.line > 0);
                let words = match &place {
                    Some(place) if place.file == own => format!("Line {}", place.line),
                    Some(place) => format!("{}, line {}", place.file, place.line),
                    None => "Problem".to_owned(),
                };
                let line = place.filter(|place| place.file == own).map(|place| place.line);
                let text = text.clone();
                let go = Callback::from(move |_: MouseEvent| {
                    if let Some(line) = line { go_to(&text, line) }
                });
                html! {
                    <li class={if is_error { "error" } else { "warning" }}>
                        <button class="quiet" onclick={go} disabled={line.is_none()}>{ if is_error { "✕ " } else { "▲ " } }{ words }</button>
                        <span>{ words_of(&problem.message) }</span>
                        if let Some(hint) = &problem.hint { <span class="hint">{ hint }</span> }
                    </li>
                }
            }) }
        </ul>
    }
}

fn words_of(message: &str) -> String {
    words::capitalised(message)
}

/// Puts the cursor at the beginning of a line.
fn go_to(text: &str, line: u32) {
    let before = text.split('\n').take(line as usize - 1);
    // A text area counts in UTF-16.
    let at: usize = before.map(|line| line.encode_utf16().count() + 1).sum();
    let area = crate::browser::by_id("text").and_then(|e| e.dyn_into::<HtmlTextAreaElement>().ok());
    if let (Some(area), Ok(at)) = (area, u32::try_from(at)) {
        area.focus().ok();
        area.set_selection_range(at, at).ok();
    }
}

/// The values that are turned most.
fn knobs(page: &Page, link: &Scope<Page>) -> Html {
    let model = &page.model;
    let is_turned = |knob: &Knob| model.written.sets.iter().any(|(key, _)| *key == knob.key);
    html! {
        <form class="knobs" aria-label="Values turned most" onsubmit={|event: SubmitEvent| event.prevent_default()}>
            <h3>{ "Turn a knob" }</h3>
            <p class="hint">{ "These change the run and leave the text as it is." }</p>
            { for model.checked.knobs.iter().map(|knob| {
                let (key, kind) = (knob.key.clone(), knob.kind);
                let turn = link.callback(move |event: Event| Do::Tell(Msg::Turn(key.clone(), kind, value_of(&event))));
                let (value, typing) = (page.ui.shown(&knob.key, &knob.value), typing(link, &knob.key));
                let label = if is_turned(knob) { format!("{} (changed)", knob.label) } else { knob.label.clone() };
                html! {
                    <label key={knob.key.clone()}>
                        <span>{ label }</span>
                        { match kind {
                            KnobKind::Policy => policies(&knob.value, turn),
                            KnobKind::Whole => html! { <input type="number" min="0" step="1" value={value} oninput={typing} onchange={turn} /> },
                            KnobKind::Number => html! { <input type="number" min="0" step="any" value={value} oninput={typing} onchange={turn} /> },
                            KnobKind::Share | KnobKind::Length => html! { <input type="text" value={value} oninput={typing} onchange={turn} /> },
                        } }
                    </label>
                }
            }) }
            if !model.written.sets.is_empty() {
                <button onclick={link.callback(|_| Do::Tell(Msg::TurnBack))}>{ "Back to what the text says" }</button>
            }
        </form>
    }
}

fn policies(value: &str, turn: Callback<Event>) -> Html {
    let is_known = POLICIES.iter().any(|(name, _)| *name == value);
    html! {
        <select onchange={turn}>
            if !is_known { <option selected=true value={value.to_owned()}>{ value }</option> }
            { for POLICIES.iter().map(|(name, what)| html! {
                <option value={*name} selected={*name == value} title={*what}>{ name }</option>
            }) }
        </select>
    }
}
