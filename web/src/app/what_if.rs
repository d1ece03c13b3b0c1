//! What if: each number of the scenario turned down and up, as tornados. Each is a table with a
//! drawing in it: who sees no drawing reads the same in the columns beside it.

use crate::page::{Do, Page};
use crate::parts::icon;
use fleetcast_web::model::{Msg, WhatIf};
use fleetcast_web::sheet::{self, Bar, End, Tornado};
use yew::html::Scope;
use yew::prelude::*;

pub(crate) fn view(what_if: &WhatIf, link: &Scope<Page>) -> Html {
    let turn = |words: &str| {
        html! { <button onclick={link.callback(|_| Do::Tell(Msg::WhatIf))}>{ icon("play") }{ words }</button> }
    };
    let body = match what_if {
        WhatIf::None => html! {
            <p class="hint">{ turn("Turn each number") }{ " Demand, lifetimes, hosts, lead times and more, each down and up alone, with 3 seeds: which of them matters most, and which breaks the plan?" }</p>
        },
        WhatIf::Running(part) => html! {
            <div class="progress">
                <p role="status">{ "Turning each number down and up …" }</p>
                <progress max="1" value={part.to_string()} aria-label="Progress of turning"></progress>
                <button onclick={link.callback(|_| Do::Tell(Msg::NoWhatIf))}>{ "Cancel" }</button>
            </div>
        },
        WhatIf::Failed(why) => {
            html! { <p role="status">{ format!("It broke off: {why} ") }{ turn("Try again") }</p> }
        }
        WhatIf::Ended(found) => answer(found),
    };
    html! {
        <section class="whatif" aria-labelledby="whatif-title">
            <h2 id="whatif-title">{ "What if" }</h2>
            { body }
        </section>
    }
}

fn answer(found: &sheet::WhatIf) -> Html {
    html! {
        <>
            <p class="answer" role="status"><b>{ &found.answer }</b></p>
            { for found.tornados.iter().map(tornado) }
            <p class="hint">{ &found.about }</p>
        </>
    }
}

fn tornado(tornado: &Tornado) -> Html {
    html! {
        <figure class="tornado">
            <figcaption>
                <h3>{ format!("What moves {}", tornado.metric) }</h3>
                <span class="hint">{ format!("{}; {} as written. ", tornado.what, tornado.figure) }</span>
                <span class="key line-0"><i></i>{ "the number is less" }</span><span class="key line-1"><i></i>{ "it is more" }</span>
            </figcaption>
            <table>
                <thead><tr><th scope="col">{ "Number, as written" }</th><th scope="col" class="number">{ "With less of it" }</th>
                    <th scope="col"><span class="sr">{ "Drawn" }</span></th><th scope="col">{ "With more" }</th></tr></thead>
                <tbody>{ for tornado.bars.iter().map(|bar| row(bar, tornado.place)) }</tbody>
            </table>
            if !tornado.unmoved.is_empty() { <p class="hint">{ format!("Does not move it: {}.", tornado.unmoved) }</p> }
        </figure>
    }
}

fn row(bar: &Bar, middle: f64) -> Html {
    let end = |end: &End| {
        html! {
            <>
                { &end.figure }
                if end.breaks { <b class="bad">{ " ✗" }</b> }
                <br /><span class="hint">{ &end.value }</span>
            </>
        }
    };
    let [low, high] = &bar.ends;
    let x = (middle * LENGTH).to_string();
    // Where both lead the same way, each has half the height.
    let is_same_way = (low.place - middle) * (high.place - middle) > 0.0;
    let part = |to: f64, row: usize| {
        let (y, height) = if is_same_way { (4 + 16 * row, 16) } else { (4, 32) };
        let (from, length) = (to.min(middle) * LENGTH, (to - middle).abs() * LENGTH);
        html! {
            <g class={format!("line-{row}")}><rect x={from.to_string()} y={y.to_string()} width={length.to_string()} height={height.to_string()} /></g>
        }
    };
    html! {
        <tr>
            <th scope="row">{ &bar.label }<br /><span class="hint">{ &bar.value }</span></th>
            <td class="number">{ end(low) }</td>
            <td class="drawing">
                <svg viewBox="0 0 1000 40" preserveAspectRatio="none" aria-hidden="true">
                    { part(low.place, 0) }{ part(high.place, 1) }
                    <line x1={x.clone()} x2={x} y1="0" y2="40" />
                </svg>
            </td>
            <td>{ end(high) }</td>
        </tr>
    }
}

/// The length of the drawing, in its own units.
const LENGTH: f64 = 1_000.0;
