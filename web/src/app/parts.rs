//! Parts that several screens have: icons, the transport, the meaning of the map.

use crate::page::{Do, Page};
use fleetcast_core::time::Calendar;
use fleetcast_core::words;
use fleetcast_web::cards::{Card, Mood};
use fleetcast_web::chart::Span;
use fleetcast_web::model::Msg;
use fleetcast_web::paint::{ColourBy, IMAGE_COLOURS, Weave};
use fleetcast_web::protocol::Outline;
use fleetcast_web::tell;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement, HtmlSelectElement};
use yew::html::Scope;
use yew::prelude::*;

/// A small picture beside a word; it says nothing by itself.
pub(crate) fn icon(name: &str) -> Html {
    let path = match name {
        "play" => "M6 4l8 5-8 5z",
        "pause" => "M5 4h3v10H5zM10 4h3v10h-3z",
        "back" => "M12 4L6 9l6 5zM4 4h1.6v10H4z",
        "on" => "M6 4l6 5-6 5zM12.4 4H14v10h-1.6z",
        "link" => {
            "M7.5 10.5l3-3M6 8L4.4 9.6a2.8 2.8 0 004 4L10 12M8 6l1.6-1.6a2.8 2.8 0 014 4L12 10"
        }
        "close" => "M5 5l8 8M13 5l-8 8",
        "alert" => "M9 3l7 12H2zM9 7.5v3.5M9 13v.2",
        "info" => "M9 2.5a6.5 6.5 0 110 13 6.5 6.5 0 010-13zM9 8v4.5M9 5.6v.2",
        "sun" => {
            "M9 6a3 3 0 110 6 3 3 0 010-6zM9 1.5v2M9 14.5v2M1.5 9h2M14.5 9h2M3.7 3.7l1.4 1.4M12.9 12.9l1.4 1.4M3.7 14.3l1.4-1.4M12.9 5.1l1.4-1.4"
        }
        "moon" => "M13.8 11A5.8 5.8 0 117 4.2 4.6 4.6 0 0013.8 11z",
        "auto" => "M9 2.5a6.5 6.5 0 110 13 6.5 6.5 0 010-13zM9 2.5v13M11 4.5v9M13 6v6",
        "open" => "M2.5 14V4.5h4l1.5 2h7.5V14z",
        "save" => "M9 3v8M5.5 8L9 11.5 12.5 8M3 14.5h12",
        _ => "",
    };
    html! { <svg class={classes!("icon", name.to_owned())} viewBox="0 0 18 18" aria-hidden="true"><path d={path} /></svg> }
}

/// Answers as cards.
pub(crate) fn facts(cards: Vec<Card>) -> Html {
    html! {
        <dl class="verdicts">
            { for cards.into_iter().map(|card| {
                let mood = match card.mood { Mood::Good => "good", Mood::Bad => "bad", Mood::Plain => "plain" };
                html! {
                    <div class={classes!("fact", mood)}>
                        <dt>{ card.label }</dt>
                        <dd class="value">{ card.value }</dd>
                        <dd>{ card.more }</dd>
                    </div>
                }
            }) }
        </dl>
    }
}

/// The value of the field that changed.
pub(crate) fn value_of(event: &Event) -> String {
    let target = event.target();
    let input = target.as_ref().and_then(|target| target.dyn_ref::<HtmlInputElement>());
    let select = target.as_ref().and_then(|target| target.dyn_ref::<HtmlSelectElement>());
    input
        .map(HtmlInputElement::value)
        .or_else(|| select.map(HtmlSelectElement::value))
        .unwrap_or_default()
}

/// Remembers what is being typed into a field.
pub(crate) fn typing(link: &Scope<Page>, field: &str) -> Callback<InputEvent> {
    let field = field.to_owned();
    link.callback(move |event: InputEvent| Do::Typed(field.clone(), value_of(&event)))
}

/// The time slider with what belongs to it.
pub(crate) fn transport(
    page: &Page,
    link: &Scope<Page>,
    whole: Span,
    calendar: &Calendar,
    at_ms: u64,
) -> Html {
    let length_ms = whole.to_ms - whole.from_ms;
    let said = tell::instant(calendar, at_ms, length_ms);
    let seek = link.callback(|event: InputEvent| {
        let at_ms = value_of(&event).parse::<f64>().unwrap_or(0.0);
        Do::Seek(at_ms as u64)
    });
    let step_ms = (length_ms / 1_024).max(1);
    let is_playing = page.ui.is_playing;
    let speeds = [(60.0, "slow"), (20.0, "normal"), (8.0, "fast"), (3.0, "very fast")];
    html! {
        <div class="transport" role="group" aria-label="Time">
            <button class="quiet square" onclick={link.callback(|_| Do::Step(-1))} aria-label="One step back" title="One step back (←)">{ icon("back") }</button>
            <button class="play" onclick={link.callback(|_| Do::Toggle)} title="Space">
                { icon(if is_playing { "pause" } else { "play" }) }{ if is_playing { "Pause" } else { "Play" } }
            </button>
            <button class="quiet square" onclick={link.callback(|_| Do::Step(1))} aria-label="One step on" title="One step on (→)">{ icon("on") }</button>
            <label class="slide">
                <span class="sr">{ "Time shown" }</span>
                <input id="slider" type="range" min="0" max={whole.to_ms.to_string()} step={step_ms.to_string()}
                    value={at_ms.to_string()} aria-valuetext={said.clone()} oninput={seek} />
            </label>
            <output id="clock" class="clock" for="slider" aria-live="off">{ said }</output>
            <label class="speed">
                <span class="sr">{ "Speed" }</span>
                <select onchange={link.callback(|event: Event| Do::PlayIn(value_of(&event).parse().unwrap_or(20.0)))}>
                    { for speeds.map(|(seconds, name)| html! {
                        <option value={seconds.to_string()} selected={page.ui.play_s == seconds}>{ format!("{name} ({seconds} s)") }</option>
                    }) }
                </select>
            </label>
        </div>
    }
}

/// Images by colour and weave, as the map shows them; a host can run several of its instances, and
/// one of its own.
fn images(names: &[String], can_be_several: bool) -> Html {
    let key = |weave: Weave, colour: &str, name: &str| {
        let (rows, columns) = ("M0 4H12M0 9H12", "M4 0V12M9 0V12");
        let lines = match weave {
            Weave::Plain => String::new(),
            Weave::Rows => rows.to_owned(),
            Weave::Columns => columns.to_owned(),
            Weave::Checks => format!("{rows}{columns}"),
        };
        html! {
            <span class="key">
                <svg class={format!("host image {colour}")} viewBox="0 0 12 12" aria-hidden="true">
                    <rect class="fill" x="0" y="0" width="12" height="12" /><path class="weave" d={lines} />
                </svg>
                { name }
            </span>
        }
    };
    let of = |row: usize| Weave::of_image(u8::try_from(row + 1).unwrap_or(u8::MAX - 1));
    html! {
        <>
            { for names.iter().take(IMAGE_COLOURS).enumerate().map(|(row, name)| key(of(row), &format!("line-{row}"), name)) }
            if can_be_several {
                if names.len() > 1 { { key(Weave::Checks, "none", "several") } }
                { key(Weave::Plain, "none", "other VMs") }
            }
        </>
    }
}

/// What the map's squares mean, and what they show.
pub(crate) fn legend(page: &Page, link: &Scope<Page>, outline: &Outline) -> Html {
    let (by, kinds) = (page.model.colour_by, &outline.kinds);
    let mut choices =
        vec![("fullest".to_owned(), "fullest resource".to_owned(), ColourBy::Fullest)];
    for (column, (name, _)) in kinds.iter().enumerate() {
        choices.push((format!("kind-{column}"), words::resource(name), ColourBy::Kind(column)));
    }
    choices.push(("age".to_owned(), "age".to_owned(), ColourBy::Age));
    if !outline.images.is_empty() {
        choices.push(("image".to_owned(), "image".to_owned(), ColourBy::Image));
    }
    if !outline.host_images.is_empty() {
        let name = "image of the host".to_owned();
        choices.push(("host-image".to_owned(), name, ColourBy::HostImage));
    }
    let options = choices.clone();
    let choose = link.callback(move |event: Event| {
        let value = value_of(&event);
        let found = options.iter().find(|(name, ..)| *name == value);
        Do::Tell(Msg::Colour(found.map_or(ColourBy::Fullest, |(.., by)| *by)))
    });
    let ramp = |class: &'static str, from: &str, to: &str| {
        html! { <span class="key">{ from }<i class={class}></i>{ to }</span> }
    };
    let colours = match by {
        ColourBy::Image => images(&outline.images, true),
        ColourBy::HostImage => images(&outline.host_images, false),
        ColourBy::Age => ramp("ramp age", "new", "oldest"),
        _ => ramp("ramp load", "little taken", "all taken"),
    };
    html! {
        <div class="legend">
            <label>{ "Show " }
                <select onchange={choose}>
                    { for choices.into_iter().map(|(value, name, which)| html! {
                        <option value={value} selected={which == by}>{ name }</option>
                    }) }
                </select>
            </label>
            { colours }
            { for ["empty", "part", "full", "draining", "down"].into_iter().filter(|state| outline.has_failures || *state != "down").map(|state| html! {
                <span class="key">
                    <svg class={classes!("host", state)} viewBox="0 0 12 12" aria-hidden="true">
                        <rect class="box" x="0.5" y="0.5" width="11" height="11" />
                        { match state {
                            "part" => html! { <rect class="fill" x="0" y="6" width="12" height="6" /> },
                            "full" => html! { <><rect class="fill" x="0" y="0" width="12" height="12" /><rect class="eye" x="4" y="4" width="4" height="4" /></> },
                            "draining" => html! { <><rect class="fill" x="0" y="6" width="12" height="6" /><path class="stripes" d="M0 6L6 0M0 12L12 0M6 12L12 6" /></> },
                            "down" => html! { <path class="stripes" d="M1 1L11 11M11 1L1 11" /> },
                            _ => html! {},
                        } }
                    </svg>
                    { if state == "part" { "in use" } else { state } }
                </span>
            }) }
        </div>
    }
}
