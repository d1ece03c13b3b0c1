//! Sensitivity on the page: tornados, as tables whose middle column is a drawing. Who sees no drawing
//! reads the same in the columns beside it.

use super::{escape, section};
use fleetcast_core::sensitivity::{Bar, Sensitivity, Tornado};
use fleetcast_core::words;
use std::fmt::Write as _;

/// The length of the drawing, in its own units.
const LENGTH: f64 = 1_000.0;

/// Nothing if it was not measured.
pub(super) fn sensitivity(found: Option<&Sensitivity>) -> String {
    let Some(found) = found else { return String::new() };
    let mut text = format!("<p>{}.</p>\n", escape(&words::capitalised(&found.answer)));
    text.extend(found.tornados.iter().map(|tornado| draw(tornado, found)));
    let about = found.about();
    if !about.is_empty() {
        writeln!(text, "<p class=\"quiet\">{}</p>", escape(&about))
            .expect("a string takes any text");
    }
    section("What matters most", &text)
}

fn draw(tornado: &Tornado, found: &Sensitivity) -> String {
    if tornado.bars.is_empty() {
        return String::new();
    }
    let mut rows = String::new();
    let place = |value: f64| tornado.place(value) * LENGTH;
    let mark = |held: u64| if held < found.held { " <b class=\"miss\">✗</b>" } else { "" };
    for bar in &tornado.bars {
        let Bar { label, value, low, high, .. } = bar;
        writeln!(
            rows,
            "<tr><th scope=\"row\">{}<br><span class=\"unit\">{}</span></th>\
             <td class=\"number\">{}{}<br><span class=\"unit\">{}</span></td>\
             <td class=\"drawing\">{}</td>\
             <td>{}{}<br><span class=\"unit\">{}</span></td></tr>",
            escape(label),
            escape(value),
            escape(&tornado.figure(low.figure)),
            mark(low.held),
            escape(&low.value),
            drawing(place(low.figure), place(high.figure), place(tornado.figure)),
            escape(&tornado.figure(high.figure)),
            mark(high.held),
            escape(&high.value),
        )
        .expect("a string takes any text");
    }
    let unmoved = match tornado.unmoved.as_slice() {
        [] => String::new(),
        unmoved => {
            let unmoved = escape(&unmoved.join("; "));
            format!("<p class=\"quiet\">Does not move it: {unmoved}.</p>\n")
        }
    };
    format!(
        "<figure class=\"tornado\"><figcaption><b>What moves {}</b> <span class=\"unit\">{}; {} as written</span><br>\
         <span class=\"key part k0\">the number is less</span> <span class=\"key part k1\">it is more</span>\
         </figcaption>\n<table><thead><tr><th scope=\"col\">Number, as written</th>\
         <th scope=\"col\" class=\"number\">With less of it</th><th scope=\"col\" class=\"drawing\">\
         <span class=\"unseen\">Drawn</span></th><th scope=\"col\">With more</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table>\n{unmoved}</figure>\n",
        escape(&tornado.metric),
        escape(&tornado.what),
        escape(&tornado.figure(tornado.figure)),
    )
}

/// From the figure as written to what it is with less and with more of the number.
fn drawing(low: f64, high: f64, middle: f64) -> String {
    // Where both lead the same way, each has half the height.
    let same_way = (low - middle) * (high - middle) > 0.0;
    let part = |to: f64, row: usize| {
        let (y, height) = match same_way {
            true => (4 + 16 * row, 16),
            false => (4, 32),
        };
        let (from, length) = (to.min(middle), (to - middle).abs());
        format!(
            "<rect class=\"p{row}\" x=\"{from:.1}\" y=\"{y}\" width=\"{length:.1}\" height=\"{height}\"/>"
        )
    };
    format!(
        "<svg viewBox=\"0 0 {LENGTH} 40\" preserveAspectRatio=\"none\" aria-hidden=\"true\">{}{}\
         <line class=\"middle\" x1=\"{middle:.1}\" x2=\"{middle:.1}\" y1=\"0\" y2=\"40\"/></svg>",
        part(low, 0),
        part(high, 1),
    )
}
