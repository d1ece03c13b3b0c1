//! The stage: what moves with time. Films come in from the workers; the maps, the charts' cursor,
//! the clock and the slider follow the instant that is shown. All of it is drawn at most once a
//! frame of the browser, and past Yew, which would compare the whole page each time.

use crate::browser::{by_id, document, is_dark, set_text, window};
use fleetcast_core::frames::{Film, Frame};
use fleetcast_core::time::Calendar;
use fleetcast_web::chart::{Chart, Span};
use fleetcast_web::map::Map;
use fleetcast_web::paint::{ColourBy, DARK, LIGHT, Palette, Picture};
use fleetcast_web::protocol::Outline;
use fleetcast_web::tell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlInputElement, ImageData};
use yew::Callback;

/// What the stage says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Says {
    /// Another instant is shown, ms after the start.
    At(u64),
    /// It plays, or stands still.
    Plays(bool),
}

/// How often the page is told of the instant while it plays, ms.
const TELL_EVERY_MS: f64 = 250.0;
/// Up to so many hosts, a map is painted as finely as the screen is.
const FINE_HOSTS_MAX: usize = 20_000;

#[derive(Clone)]
pub(crate) struct Stage(Rc<RefCell<Inner>>);

struct Inner {
    reels: BTreeMap<usize, Reel>,
    views: BTreeMap<usize, View>,
    at_ms: u64,
    whole: Span,
    span: Span,
    calendar: Calendar,
    charts: Rc<Vec<Chart>>,
    by: ColourBy,
    is_dark: bool,
    is_playing: bool,
    /// How long the whole run takes to play, s.
    play_s: f64,
    last_tick: Option<f64>,
    last_told: f64,
    /// The page does not know yet which instant is shown.
    is_untold: bool,
    is_due: bool,
    tick: Option<Closure<dyn FnMut(f64)>>,
    says: Callback<Says>,
}

/// The film of a lane.
#[derive(Default)]
struct Reel {
    film: Film,
    /// Frames are taken only of the run that has begun last.
    is_open: bool,
}

/// A map on the page.
struct View {
    canvas: HtmlCanvasElement,
    over: HtmlCanvasElement,
    outline: Rc<Outline>,
    width: u32,
    height_max: u32,
    map: Map,
    picture: Picture,
    scale: u32,
    is_stale: bool,
    /// What is painted: lane's film as long as this, at this row.
    painted: Option<(usize, u64)>,
    hovered: Option<u32>,
    pinned: Option<u32>,
}

impl Stage {
    pub(crate) fn new(says: Callback<Says>) -> Self {
        let stage = Self(Rc::new(RefCell::new(Inner {
            reels: BTreeMap::new(),
            views: BTreeMap::new(),
            at_ms: 0,
            whole: Span { from_ms: 0, to_ms: 1 },
            span: Span { from_ms: 0, to_ms: 1 },
            calendar: fleetcast_web::model::calendar(None),
            charts: Rc::default(),
            by: ColourBy::default(),
            is_dark: is_dark(),
            is_playing: false,
            play_s: 20.0,
            last_tick: None,
            last_told: 0.0,
            is_untold: false,
            is_due: false,
            tick: None,
            says,
        })));
        let weak = Rc::downgrade(&stage.0);
        let tick = Closure::<dyn FnMut(f64)>::new(move |now| {
            if let Some(inner) = weak.upgrade() {
                Stage(inner).tick(now);
            }
        });
        stage.0.borrow_mut().tick = Some(tick);
        stage
    }

    /// A lane's film begins anew: frames that are still under way are of the old one.
    pub(crate) fn clear(&self, lane: usize) {
        let mut inner = self.0.borrow_mut();
        inner.reels.insert(lane, Reel::default());
        if let Some(view) = inner.views.get_mut(&lane) {
            view.map = Map::default();
            view.is_stale = true;
        }
        if lane == 0 {
            inner.is_playing = false;
        }
    }

    /// A lane's run has begun.
    pub(crate) fn begin(&self, lane: usize) {
        self.0.borrow_mut().reels.insert(lane, Reel { film: Film::default(), is_open: true });
    }

    /// Frames have come. They are seen with the next [`Self::redraw`].
    pub(crate) fn push(&self, lane: usize, mut bytes: &[u8]) {
        let mut inner = self.0.borrow_mut();
        let Some(reel) = inner.reels.get_mut(&lane).filter(|reel| reel.is_open) else { return };
        while !bytes.is_empty() {
            let Some(frame) = Frame::read(&mut bytes) else { break };
            reel.film.push(frame);
        }
    }

    /// What the page shows now.
    pub(crate) fn set(
        &self,
        whole: Span,
        span: Span,
        calendar: Calendar,
        charts: &Rc<Vec<Chart>>,
        by: ColourBy,
    ) {
        let mut inner = self.0.borrow_mut();
        (inner.whole, inner.span, inner.calendar) = (whole, span, calendar);
        inner.charts = Rc::clone(charts);
        let dark = is_dark();
        if inner.by != by || inner.is_dark != dark {
            (inner.by, inner.is_dark) = (by, dark);
            inner.views.values_mut().for_each(|view| view.is_stale = true);
        }
        drop(inner);
        self.redraw();
    }

    /// The map of a lane is in this canvas, with another above it for what is written on it.
    pub(crate) fn attach(&self, lane: usize, id: &str, outline: &Rc<Outline>, height_max: u32) {
        let canvas = by_id(id).and_then(|element| element.dyn_into::<HtmlCanvasElement>().ok());
        let over = by_id(&format!("{id}-over"));
        let over = over.and_then(|element| element.dyn_into::<HtmlCanvasElement>().ok());
        let (Some(canvas), Some(over)) = (canvas, over) else { return };
        let width = canvas.parent_element().map_or(300, |parent| parent.client_width()).max(120);
        let width = u32::try_from(width).unwrap_or(300);
        let mut inner = self.0.borrow_mut();
        let is_same = inner.views.get(&lane).is_some_and(|view| {
            view.canvas == canvas
                && (view.width, view.height_max) == (width, height_max)
                && Rc::ptr_eq(&view.outline, outline)
        });
        if is_same {
            return;
        }
        let pinned = inner.views.get(&lane).and_then(|view| view.pinned);
        let view = View {
            canvas,
            over,
            outline: Rc::clone(outline),
            width,
            height_max,
            map: Map::default(),
            picture: Picture::default(),
            scale: 1,
            is_stale: true,
            painted: None,
            hovered: None,
            pinned,
        };
        inner.views.insert(lane, view);
        drop(inner);
        self.redraw();
    }

    /// The maps of these lanes have left the page.
    pub(crate) fn detach(&self, is_gone: impl Fn(usize) -> bool) {
        self.0.borrow_mut().views.retain(|lane, _| !is_gone(*lane));
    }

    /// A person has chosen a host of lane 0, or none.
    pub(crate) fn pin(&self, host: Option<u32>) {
        let mut inner = self.0.borrow_mut();
        if let Some(view) = inner.views.get_mut(&0).filter(|view| view.pinned != host) {
            view.pinned = host;
            write_over(view);
        }
    }

    /// A person points at a place of a lane's map, or away from it: the host there.
    pub(crate) fn hover(&self, lane: usize, place: Option<(f64, f64)>) -> Option<u32> {
        let mut inner = self.0.borrow_mut();
        let view = inner.views.get_mut(&lane)?;
        let host = place.and_then(|(x, y)| view.map.host_at(x, y));
        if view.hovered != host {
            view.hovered = host;
            write_over(view);
            drop(inner);
            self.tell_hovered(lane);
        }
        host
    }

    /// The neighbour of the host that is hovered or pinned is hovered.
    pub(crate) fn step_host(&self, dx: i32, dy: i32) -> Option<u32> {
        let mut inner = self.0.borrow_mut();
        let view = inner.views.get_mut(&0)?;
        let host = match view.hovered.or(view.pinned) {
            Some(host) => view.map.beside(host, dx, dy),
            None => 0,
        };
        view.hovered = Some(host);
        write_over(view);
        drop(inner);
        self.tell_hovered(0);
        Some(host)
    }

    fn tell_hovered(&self, lane: usize) {
        let inner = self.0.borrow();
        let Some(view) = inner.views.get(&lane) else { return };
        let Some(element) = by_id(&format!("hovered-{lane}")) else { return };
        let film = inner.reels.get(&lane).map(|reel| &reel.film);
        let frame = film.and_then(|film| film.at(inner.at_ms));
        let text = match (view.hovered, film, frame) {
            (Some(host), Some(film), Some(frame)) => tell::host(&view.outline, film, frame, host),
            (None, _, Some(frame)) => tell::fleet(frame),
            _ => "\u{a0}".to_owned(),
        };
        set_text(&element, &text);
    }

    /// Looks at a lane's film.
    pub(crate) fn with_film<T>(&self, lane: usize, look: impl FnOnce(&Film) -> T) -> Option<T> {
        self.0.borrow().reels.get(&lane).map(|reel| look(&reel.film))
    }

    /// Shows another instant.
    pub(crate) fn show(&self, at_ms: u64) {
        let mut inner = self.0.borrow_mut();
        inner.at_ms = at_ms;
        drop(inner);
        self.redraw();
    }

    /// Shows another instant because a person wants it: the page is told, not too often.
    pub(crate) fn seek(&self, at_ms: u64) {
        let whole = self.0.borrow().whole;
        self.show(at_ms.clamp(whole.from_ms, whole.to_ms));
        self.tell_soon(false);
    }

    /// So many frames on or back.
    pub(crate) fn step(&self, frames: i64) {
        let inner = self.0.borrow();
        let film = inner.reels.values().map(|reel| &reel.film).find(|f| !f.frames().is_empty());
        let Some(film) = film else { return };
        let row = film.row_at(inner.at_ms) as i64 + frames;
        let row = row.clamp(0, film.frames().len() as i64 - 1) as usize;
        let at_ms = film.frames()[row].at_ms;
        drop(inner);
        self.pause();
        self.seek(at_ms);
    }

    /// Plays or stands still.
    pub(crate) fn toggle(&self) {
        let is_playing = self.0.borrow().is_playing;
        if is_playing { self.pause() } else { self.play() }
    }

    fn play(&self) {
        let mut inner = self.0.borrow_mut();
        if inner.at_ms >= inner.whole.to_ms {
            inner.at_ms = inner.span.from_ms;
        }
        inner.is_playing = true;
        inner.last_tick = None;
        let says = inner.says.clone();
        drop(inner);
        says.emit(Says::Plays(true));
        self.redraw();
    }

    /// Stands still.
    pub(crate) fn pause(&self) {
        let mut inner = self.0.borrow_mut();
        if !std::mem::take(&mut inner.is_playing) {
            return;
        }
        let says = inner.says.clone();
        drop(inner);
        says.emit(Says::Plays(false));
        self.tell_soon(true);
    }

    /// The whole run shall take so long, s.
    pub(crate) fn set_play_s(&self, play_s: f64) {
        self.0.borrow_mut().play_s = play_s;
    }

    /// Tells the page which instant is shown, unless it has been told a moment ago.
    fn tell_soon(&self, at_once: bool) {
        let now = window().performance().map_or(0.0, |performance| performance.now());
        let mut inner = self.0.borrow_mut();
        if !at_once && now - inner.last_told < TELL_EVERY_MS {
            // The last instant of several is told all the same, a moment later.
            if !std::mem::replace(&mut inner.is_untold, true) {
                let stage = self.clone();
                let tell = Closure::once_into_js(move || {
                    if stage.0.borrow().is_untold {
                        stage.tell_soon(true);
                    }
                });
                let (tell, wait) = (tell.unchecked_ref(), TELL_EVERY_MS as i32);
                window().set_timeout_with_callback_and_timeout_and_arguments_0(tell, wait).ok();
            }
            return;
        }
        inner.is_untold = false;
        inner.last_told = now;
        let (says, at_ms) = (inner.says.clone(), inner.at_ms);
        drop(inner);
        says.emit(Says::At(at_ms));
    }

    /// Draws what is shown anew, with the browser's next frame.
    pub(crate) fn redraw(&self) {
        let mut inner = self.0.borrow_mut();
        if std::mem::replace(&mut inner.is_due, true) {
            return;
        }
        if let Some(tick) = &inner.tick {
            window().request_animation_frame(tick.as_ref().unchecked_ref()).ok();
        }
    }

    fn tick(&self, now: f64) {
        let mut ended = false;
        {
            let mut inner = self.0.borrow_mut();
            inner.is_due = false;
            if inner.is_playing {
                let passed_s = inner.last_tick.map_or(0.0, |last| (now - last) / 1e3).min(0.25);
                let whole = (inner.whole.to_ms - inner.whole.from_ms) as f64;
                let at = inner.at_ms as f64 + passed_s / inner.play_s * whole;
                inner.at_ms = (at.round() as u64).min(inner.whole.to_ms);
                ended = inner.at_ms >= inner.whole.to_ms;
                inner.last_tick = Some(now);
            }
            inner.draw();
        }
        let lanes: Vec<usize> = self.0.borrow().views.keys().copied().collect();
        for lane in lanes {
            self.tell_hovered(lane);
        }
        if ended {
            self.pause();
        } else if self.0.borrow().is_playing {
            self.tell_soon(false);
            self.redraw();
        }
    }
}

impl Inner {
    fn draw(&mut self) {
        let palette = if self.is_dark { &DARK } else { &LIGHT };
        for (lane, view) in &mut self.views {
            if let Some(reel) = self.reels.get(lane) {
                view.draw(&reel.film, self.at_ms, self.by, palette);
            }
        }
        self.move_cursors();
    }

    fn move_cursors(&self) {
        if let Some(clock) = by_id("clock") {
            let length_ms = self.whole.to_ms - self.whole.from_ms;
            set_text(&clock, &tell::instant(&self.calendar, self.at_ms, length_ms));
        }
        if let Some(slider) = by_id("slider").and_then(|e| e.dyn_into::<HtmlInputElement>().ok()) {
            slider.set_value(&self.at_ms.to_string());
        }
        let is_inside = (self.span.from_ms..=self.span.to_ms).contains(&self.at_ms);
        let Ok(cursors) = document().query_selector_all(".cursor") else { return };
        for row in 0..cursors.length() {
            let Some(cursor) = cursors.get(row).and_then(|n| n.dyn_into::<web_sys::Element>().ok())
            else {
                continue;
            };
            let width = cursor.get_attribute("data-width").and_then(|width| width.parse().ok());
            let x = self.span.x_of(self.at_ms, width.unwrap_or(400));
            let x = if is_inside { format!("{x:.1}") } else { "-9".to_owned() };
            cursor.set_attribute("x1", &x).ok();
            cursor.set_attribute("x2", &x).ok();
        }
        for chart in self.charts.iter() {
            for (row, line) in chart.lines.iter().enumerate() {
                if let Some(said) = by_id(&format!("said-{}-{row}", chart.id)) {
                    set_text(&said, &chart.said(line, self.at_ms));
                }
            }
        }
    }
}

impl View {
    fn draw(&mut self, film: &Film, at_ms: u64, by: ColourBy, palette: &Palette) {
        let Some(frame) = film.at(at_ms) else { return };
        if self.map.corners.len() != film.hosts().len() || self.is_stale {
            let outline = &self.outline;
            self.map =
                Map::new(&outline.zones, &outline.racks, film.hosts(), self.width, self.height_max);
            let is_fine = window().device_pixel_ratio() > 1.2;
            self.scale = if is_fine && film.hosts().len() <= FINE_HOSTS_MAX { 2 } else { 1 };
            self.picture = Picture::new(&self.map, self.scale, palette);
            for canvas in [&self.canvas, &self.over] {
                canvas.set_width(self.map.width * self.scale);
                canvas.set_height(self.map.height * self.scale);
            }
            self.is_stale = false;
            self.painted = None;
            write_over(self);
        }
        let painted = Some((film.frames().len(), frame.at_ms));
        if self.painted == painted {
            return;
        }
        self.painted = painted;
        self.picture.paint(&self.map, frame, film.hosts(), by, palette);
        let (width, height) = (self.map.width * self.scale, self.map.height * self.scale);
        let pixels = Clamped(self.picture.pixels.as_slice());
        let image = ImageData::new_with_u8_clamped_array_and_sh(pixels, width, height);
        if let (Some(context), Ok(image)) = (context(&self.canvas), image) {
            context.put_image_data(&image, 0.0, 0.0).ok();
        }
    }
}

fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}

/// Writes names and frames hosts, on the upper canvas.
fn write_over(view: &View) {
    let Some(context) = context(&view.over) else { return };
    let scale = f64::from(view.scale);
    context.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0).ok();
    context.clear_rect(0.0, 0.0, f64::from(view.map.width), f64::from(view.map.height));
    let (strong, weak) = if is_dark() { ("#e6ecf2", "#9fb0c0") } else { ("#1d2733", "#5b6875") };
    context.set_text_baseline("middle");
    for label in &view.map.labels {
        context.set_fill_style_str(if label.is_zone { strong } else { weak });
        let font = if label.is_zone { "600 12px system-ui" } else { "11px system-ui" };
        context.set_font(&format!("{font}, sans-serif"));
        let (x, y, width) = (label.x.into(), label.y.into(), f64::from(label.width));
        context.fill_text_with_max_width(&label.text, x, y, width).ok();
    }
    let side = f64::from(view.map.ink());
    let frame = |host: Option<u32>, gap: f64| {
        let corner = host.and_then(|host| view.map.corners.get(host as usize));
        let Some(&(x, y)) = corner else { return };
        let (x, y) = (f64::from(x) - gap, f64::from(y) - gap);
        for (colour, line) in [(if is_dark() { "#000" } else { "#fff" }, 4.0), (strong, 2.0)] {
            context.set_stroke_style_str(colour);
            context.set_line_width(line);
            context.stroke_rect(x, y, side + 2.0 * gap, side + 2.0 * gap);
        }
    };
    frame(view.hovered, 1.0);
    frame(view.pinned, 1.5);
}
