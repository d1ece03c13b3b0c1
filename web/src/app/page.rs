//! The page as a whole: messages in, effects out, and the frame around the screens.

use crate::browser;
use crate::lanes::{Heard, Lanes};
use crate::parts::icon;
use crate::stage::{Says, Stage};
use crate::{choose, compare, replay, rollout};
use fleetcast_core::frames::Film;
use fleetcast_core::time::Calendar;
use fleetcast_web::chart::{Chart, Drawing, Frame, Span, charts_of_films};
use fleetcast_web::effect::{Effect, Theme};
use fleetcast_web::model::{Course, Model, Msg, Notice, Screen};
use fleetcast_web::opened::FILE_BYTES_MAX;
use fleetcast_web::protocol::{FromWorker, ToWorker};
use fleetcast_web::tell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{DragEvent, Event, File, FileList, HtmlElement, KeyboardEvent};
use yew::html::Scope;
use yew::prelude::*;

/// The page's middle is no wider than this, px: `style.css` says so too.
pub(crate) const PAGE_MAX: u32 = 1_680;
/// From this width on the screen is a wall, where everything is larger, px.
const WALL_FROM: u32 = 2_000;
/// And there no wider than this, px.
const WALL_MAX: u32 = 2_400;

/// How often the page shows how far a run is, ms.
const PROGRESS_EVERY_MS: f64 = 100.0;

/// Shows the page.
pub(crate) fn open() {
    console_error_panic_hook::set_once();
    if let Some(root) = browser::by_id("app") {
        root.set_inner_html("");
        yew::Renderer::<Page>::with_root(root).render();
    }
}

pub(crate) struct Page {
    pub(crate) model: Model,
    pub(crate) stage: Stage,
    lanes: Lanes,
    pub(crate) ui: Ui,
    /// The charts of the comparison, from the films of its first seed.
    pub(crate) compare_charts: Rc<Vec<Chart>>,
    /// Charts as they were last drawn: what of, where, and how.
    pub(crate) drawings: RefCell<BTreeMap<&'static str, Drawn>>,
    check_timer: Option<i32>,
    /// When the page last showed how far a run is, ms.
    last_progress: f64,
    /// So many charts of the run are on the page; the others follow one by one, so that it can be
    /// used meanwhile.
    pub(crate) charts_shown: usize,
    _closures: Vec<Closure<dyn FnMut(Event)>>,
}

/// A chart as it was drawn.
pub(crate) struct Drawn {
    chart: Chart,
    calendar: Calendar,
    span: Span,
    frame: Frame,
    drawing: Rc<Drawing>,
}

/// What belongs to this page only.
pub(crate) struct Ui {
    /// How wide the page's middle is, px.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) is_playing: bool,
    pub(crate) play_s: f64,
    /// A file is being dragged over the page.
    pub(crate) is_dragging: bool,
    /// Where a brush over the charts began, ms after the start.
    pub(crate) brush: Option<(u64, u64)>,
    /// The host that is looked for.
    pub(crate) wanted_host: String,
    /// What is being typed into which field, and not taken yet.
    typed: Option<(String, String)>,
}

impl Ui {
    /// What a field shows: what is being typed into it, or else its value. The page may be drawn
    /// anew at any time, and takes nothing from under the hands of whoever types.
    pub(crate) fn shown(&self, field: &str, value: &str) -> String {
        let typed = self.typed.as_ref().filter(|(known, _)| known == field);
        typed.map_or(value, |(_, typed)| typed).to_owned()
    }
}

/// What the page hears.
pub(crate) enum Do {
    /// Something for the model.
    Tell(Msg),
    /// Several things for the model.
    Heard(usize, Heard),
    /// The stage says something.
    Staged(Says),
    /// Play, or stand still.
    Toggle,
    /// So long for a whole run, s.
    PlayIn(f64),
    /// So many frames on or back.
    Step(i64),
    /// Show this instant.
    Seek(u64),
    /// The window has another size.
    Resized,
    /// Files were opened or dropped.
    Files(Vec<File>),
    /// A file is dragged over the page, or not any more.
    Dragging(bool),
    /// A brush: where it began and where it is, ms after the start; `None`: let go.
    Brush(Option<(u64, u64)>),
    /// The brush is done.
    Brushed,
    /// Something is typed into a field, and not taken yet.
    Typed(String, String),
    /// A host is looked for.
    WantHost(String),
    /// A key is pressed outside of fields.
    Key(KeyboardEvent),
    /// The theme of the system changed.
    Redraw,
    /// The page is there to be read: now is the time to load the simulator.
    Seen,
    /// There is time for one more chart.
    NextChart,
}

impl Component for Page {
    type Message = Do;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let link = ctx.link().clone();
        let says = link.callback(Do::Staged);
        let heard = link.clone();
        let lanes = Lanes::new(move |lane, said| heard.send_message(Do::Heard(lane, said)));
        let mut page = Self {
            model: Model::default(),
            stage: Stage::new(says),
            lanes,
            ui: Ui {
                width: 1_000,
                height: 800,
                is_playing: false,
                play_s: 20.0,
                is_dragging: false,
                brush: None,
                wanted_host: String::new(),
                typed: None,
            },
            compare_charts: Rc::default(),
            drawings: RefCell::default(),
            check_timer: None,
            last_progress: 0.0,
            charts_shown: 0,
            _closures: Vec::new(),
        };
        page.listen(&link);
        page.measure();
        if let Some(theme) = browser::kept_theme().as_deref().and_then(Theme::of) {
            page.tell(&link, Msg::Theme(theme));
        }
        let fragment = browser::fragment();
        if fragment.is_empty() {
            if let Some(kept) = browser::kept_scenario() {
                page.tell(&link, Msg::Remembered(kept));
            }
        } else {
            page.tell(&link, Msg::Link(fragment));
        }
        page
    }

    fn update(&mut self, ctx: &Context<Self>, message: Do) -> bool {
        let link = ctx.link();
        match message {
            Do::Tell(msg) => {
                self.ui.typed = None;
                self.tell(link, msg);
            }
            // The field shows it already.
            Do::Typed(field, text) => {
                self.ui.typed = Some((field, text));
                return false;
            }
            Do::Heard(lane, Heard::Died(why)) => self.tell(link, Msg::Died(lane, why)),
            Do::Heard(lane, Heard::Said(message, bytes)) => {
                return self.hear(link, lane, message, &bytes);
            }
            Do::Staged(Says::At(at_ms)) => match self.model.screen {
                Screen::Compare => {
                    let seek = fleetcast_web::compare::Change::Seek(at_ms);
                    self.tell(link, Msg::Compare(seek));
                }
                _ => self.tell(link, Msg::Seek(at_ms)),
            },
            Do::Staged(Says::Plays(is_playing)) => self.ui.is_playing = is_playing,
            Do::Toggle => {
                self.stage.toggle();
                return false;
            }
            Do::PlayIn(play_s) => {
                self.ui.play_s = play_s;
                self.stage.set_play_s(play_s);
            }
            Do::Step(frames) => {
                self.stage.step(frames);
                return false;
            }
            Do::Seek(at_ms) => {
                self.stage.pause();
                self.stage.seek(at_ms);
                return false;
            }
            Do::Resized => self.measure(),
            Do::Files(files) => {
                self.ui.is_dragging = false;
                for file in files {
                    self.read(link, file);
                }
            }
            Do::Dragging(is_dragging) => {
                if self.ui.is_dragging == is_dragging {
                    return false;
                }
                self.ui.is_dragging = is_dragging;
            }
            Do::Brush(brush) => self.ui.brush = brush,
            Do::Brushed => {
                if let Some((from_ms, to_ms)) = self.ui.brush.take() {
                    let (whole, _) = self.spans();
                    match Span::between(from_ms, to_ms, whole) {
                        Some(zoom) => self.tell(link, Msg::Zoom(Some(zoom))),
                        None => {
                            self.stage.pause();
                            self.stage.seek(to_ms);
                        }
                    }
                }
            }
            Do::WantHost(name) => {
                self.ui.typed = None;
                let hosts = self.stage.with_film(0, |film| film.hosts().len()).unwrap_or(0);
                let outline = self.model.run.outline.clone();
                let found = outline.and_then(|outline| tell::host_named(&outline, hosts, &name));
                self.ui.wanted_host = name;
                match found {
                    Some(host) => self.tell(link, Msg::PointHost(host)),
                    None => {
                        let text = format!(
                            "there is no host `{}` in this run",
                            self.ui.wanted_host.chars().take(40).collect::<String>()
                        );
                        self.tell(link, Msg::Notice(Notice { text, is_error: true }));
                    }
                }
            }
            Do::Key(event) => return self.key(link, &event),
            Do::Redraw => {}
            Do::NextChart => self.charts_shown += 1,
            Do::Seen => {
                self.lanes.send(0, &ToWorker::WarmUp, None);
                browser::work_offline();
                return false;
            }
        }
        true
    }

    fn rendered(&mut self, ctx: &Context<Self>, is_first: bool) {
        if is_first {
            let link = ctx.link().clone();
            browser::after_paint(move || link.send_message(Do::Seen));
        }
        let model = &self.model;
        let height_max =
            if self.ui.width < 700 { 320 } else { (self.ui.height / 2).clamp(300, 620) };
        match model.screen {
            Screen::Replay => {
                self.stage.detach(|lane| lane != 0);
                let (whole, span) = self.spans();
                let charts = &model.run.charts;
                self.stage.set(whole, span, model.calendar(), charts, model.colour_by);
                if let Some(outline) = &model.run.outline {
                    self.stage.attach(0, "map", outline, height_max);
                }
                self.stage.pin(replay::pinned(model));
                if self.charts_shown < charts.len() {
                    let link = ctx.link().clone();
                    browser::after_paint(move || link.send_message(Do::NextChart));
                }
            }
            Screen::Compare => {
                self.stage.detach(|lane| lane == 0);
                let outline = model.compare.variants.iter().find_map(|v| v.outline.as_deref());
                let calendar = fleetcast_web::model::calendar(outline);
                let (whole, span) = self.spans();
                self.stage.set(whole, span, calendar, &self.compare_charts, model.colour_by);
                for (row, variant) in model.compare.variants.iter().enumerate() {
                    if let Some(outline) = &variant.outline {
                        self.stage.attach(row + 1, &format!("map-{row}"), outline, 260);
                    }
                }
            }
            Screen::Rollout => {
                self.stage.detach(|_| true);
                let (whole, span) = self.spans();
                let charts = &model.run.rollout_charts;
                self.stage.set(whole, span, model.calendar(), charts, model.colour_by);
            }
            Screen::Choose => self.stage.detach(|_| true),
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let screen = match self.model.screen {
            Screen::Choose => choose::view(self, link),
            Screen::Replay => replay::view(self, link),
            Screen::Compare => compare::view(self, link),
            Screen::Rollout => rollout::view(self, link),
        };
        html! {
            <>
                <a class="skip" href="#main" onclick={skip()}>{ "To the content" }</a>
                { self.header(link) }
                { self.notice(link) }
                <main id="main" tabindex="-1" class={classes!(self.ui.is_dragging.then_some("dragging"))}>
                    { screen }
                </main>
                <footer>
                    <p>
                        { "Everything runs in this browser: scenarios, traces and inventories never leave it. " }
                        { format!("Fleetcast {}", env!("CARGO_PKG_VERSION")) }
                    </p>
                </footer>
            </>
        }
    }
}

/// Moves the focus without changing the address, which may hold a scenario.
fn skip() -> Callback<MouseEvent> {
    Callback::from(|event: MouseEvent| {
        event.prevent_default();
        focus_main();
    })
}

fn focus_main() {
    if let Some(main) = browser::by_id("main").and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        main.focus().ok();
        browser::window().scroll_to_with_x_and_y(0.0, 0.0);
    }
}

impl Page {
    /// What the whole window hears.
    fn listen(&mut self, link: &Scope<Self>) {
        let window = browser::window();
        let mut on = |name: &str, hear: Box<dyn FnMut(Event)>| {
            let closure = Closure::<dyn FnMut(Event)>::new(hear);
            window.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref()).ok();
            self._closures.push(closure);
        };
        let to = link.clone();
        on("resize", Box::new(move |_| to.send_message(Do::Resized)));
        let to = link.clone();
        on(
            "hashchange",
            Box::new(move |_| {
                let fragment = browser::fragment();
                if !fragment.is_empty() {
                    to.send_message(Do::Tell(Msg::Link(fragment)));
                }
            }),
        );
        let to = link.clone();
        on(
            "keydown",
            Box::new(move |event| {
                if let Ok(event) = event.dyn_into::<KeyboardEvent>() {
                    to.send_message(Do::Key(event));
                }
            }),
        );
        let to = link.clone();
        on(
            "dragover",
            Box::new(move |event| {
                event.prevent_default();
                to.send_message(Do::Dragging(true));
            }),
        );
        let to = link.clone();
        on(
            "dragleave",
            Box::new(move |event| {
                let left =
                    event.dyn_ref::<DragEvent>().is_some_and(|e| e.related_target().is_none());
                if left {
                    to.send_message(Do::Dragging(false));
                }
            }),
        );
        let to = link.clone();
        on(
            "drop",
            Box::new(move |event| {
                event.prevent_default();
                let transfer = event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer);
                to.send_message(Do::Files(files(transfer.and_then(|transfer| transfer.files()))));
            }),
        );
        if let Ok(Some(query)) = window.match_media("(prefers-color-scheme: dark)") {
            let to = link.clone();
            let changed = Closure::<dyn FnMut(Event)>::new(move |_| to.send_message(Do::Redraw));
            query.set_onchange(Some(changed.as_ref().unchecked_ref()));
            self._closures.push(changed);
        }
    }

    fn measure(&mut self) {
        let window = browser::window();
        let px = |value: Result<JsValue, JsValue>| {
            value.ok().and_then(|value| value.as_f64()).unwrap_or(900.0) as u32
        };
        let width = px(window.inner_width());
        self.ui.width = width.min(if width < WALL_FROM { PAGE_MAX } else { WALL_MAX });
        self.ui.height = px(window.inner_height());
    }

    fn tell(&mut self, link: &Scope<Self>, msg: Msg) {
        for effect in self.model.update(msg) {
            self.carry_out(link, effect);
        }
    }

    fn hear(&mut self, link: &Scope<Self>, lane: usize, message: FromWorker, bytes: &[u8]) -> bool {
        match &message {
            // Only a variant's first run is filmed.
            FromWorker::Begun { .. } if self.is_filmed(lane) => self.stage.begin(lane),
            FromWorker::Progress { .. } => self.stage.push(lane, bytes),
            // Its charts are others.
            FromWorker::Course { .. } if lane == 0 => self.charts_shown = 0,
            _ => {}
        }
        let is_progress =
            matches!(message, FromWorker::Progress { .. } | FromWorker::Turned { .. });
        let is_end = matches!(message, FromWorker::Ended { .. });
        let is_cancelled = lane == 0 && matches!(message, FromWorker::Cancelled { .. });
        self.tell(link, Msg::Heard(lane, Box::new(message)));
        if is_end && lane > 0 {
            let variants = self.model.compare.variants.iter().enumerate();
            let films: Vec<_> = variants
                .filter_map(|(row, variant)| {
                    let film = self.stage.with_film(row + 1, Film::clone)?;
                    (!variant.runs.is_empty()).then(|| (variant.name(), film))
                })
                .collect();
            let films: Vec<_> = films.iter().map(|(name, film)| (name.clone(), film)).collect();
            self.compare_charts = Rc::new(charts_of_films(&films));
        }
        // The page and its maps need not be drawn for every slice of a run.
        let now = browser::window().performance().map_or(0.0, |performance| performance.now());
        if is_progress && now - self.last_progress < PROGRESS_EVERY_MS {
            return false;
        }
        self.last_progress = now;
        match self.model.run.course {
            Course::Running(at_ms) if lane == 0 => self.stage.show(at_ms),
            Course::Cancelled(at_ms) if is_cancelled => self.stage.show(at_ms),
            _ => self.stage.redraw(),
        }
        true
    }

    /// Draws a chart, unless it is drawn already: the page is shown anew several times a second,
    /// and its charts stay.
    pub(crate) fn draw(
        &self,
        chart: &Chart,
        calendar: &Calendar,
        span: Span,
        frame: Frame,
    ) -> Rc<Drawing> {
        let mut drawings = self.drawings.borrow_mut();
        if let Some(drawn) = drawings.get(chart.id)
            && (drawn.calendar, drawn.span, drawn.frame) == (*calendar, span, frame)
            && drawn.chart == *chart
        {
            return Rc::clone(&drawn.drawing);
        }
        let drawing = Rc::new(chart.draw(calendar, span, frame));
        let (chart, calendar) = (chart.clone(), *calendar);
        let id = chart.id;
        drawings.insert(id, Drawn { chart, calendar, span, frame, drawing: Rc::clone(&drawing) });
        drawing
    }

    /// Whether the run under way in a lane is filmed.
    fn is_filmed(&self, lane: usize) -> bool {
        let variant = lane.checked_sub(1).and_then(|row| self.model.compare.variants.get(row));
        variant.is_none_or(|variant| variant.runs.is_empty())
    }

    /// All of what is shown, in time, and the stretch that charts show.
    pub(crate) fn spans(&self) -> (Span, Span) {
        let whole = match self.model.screen {
            Screen::Compare => self.model.compare.whole(),
            Screen::Rollout => match self.model.rollout() {
                Some(rollout) => fleetcast_web::rollout::span(rollout),
                None => self.model.whole(),
            },
            _ => self.model.whole(),
        };
        (whole, self.model.zoom.unwrap_or(whole))
    }

    fn carry_out(&mut self, link: &Scope<Self>, effect: Effect) {
        match effect {
            Effect::Send(lane, message, bytes) => self.lanes.send(lane, &message, bytes.as_deref()),
            Effect::NewFilm(lane) => self.stage.clear(lane),
            Effect::Restart(lane) => self.lanes.restart(lane),
            Effect::CheckSoon => self.check_soon(link),
            Effect::Fetch(name) => {
                let link = link.clone();
                browser::fetch(format!("scenarios/{name}"), move |fetched| {
                    link.send_message(Do::Tell(match fetched {
                        Ok(bytes) => Msg::Fetched(name, bytes.into()),
                        Err(why) => Msg::NotFetched(name, why),
                    }));
                });
            }
            Effect::Save(name, text) => {
                browser::download(&name, "application/json", text.as_bytes());
            }
            Effect::Show(at_ms) => {
                self.stage.pause();
                self.stage.show(at_ms);
            }
            Effect::Link(fragment) => {
                let link = link.clone();
                browser::share(&fragment, move |is_copied| {
                    let text = match is_copied {
                        true => {
                            "The link is in your clipboard and in the address. It holds the whole scenario, and only who has the link can open it."
                        }
                        false => {
                            "The link is in the address of this page: copy it from there. It holds the whole scenario."
                        }
                    };
                    let notice = Notice { text: text.to_owned(), is_error: false };
                    link.send_message(Do::Tell(Msg::Notice(notice)));
                });
            }
            Effect::ClearLink => browser::clear_fragment(),
            Effect::Remember(fragment) => browser::keep_scenario(fragment.as_deref()),
            Effect::Theme(theme) => {
                browser::show_theme(theme.name());
                browser::keep_theme((theme != Theme::System).then(|| theme.name()));
            }
            Effect::FocusMain => focus_main(),
        }
    }

    /// Checks what is written once the keys have rested for a moment.
    fn check_soon(&mut self, link: &Scope<Self>) {
        let window = browser::window();
        if let Some(timer) = self.check_timer.take() {
            window.clear_timeout_with_handle(timer);
        }
        let link = link.clone();
        let check = Closure::once_into_js(move || link.send_message(Do::Tell(Msg::Check)));
        let check = check.unchecked_ref();
        self.check_timer =
            window.set_timeout_with_callback_and_timeout_and_arguments_0(check, 150).ok();
    }

    fn read(&self, link: &Scope<Self>, file: File) {
        let name = file.name();
        let link = link.clone();
        if file.size() > FILE_BYTES_MAX as f64 {
            let why = format!(
                "`{name}` is larger than 512 MiB, more than a browser holds: the command line reads it"
            );
            link.send_message(Do::Tell(Msg::NotOpened(why)));
            return;
        }
        browser::read(file, move |read| {
            link.send_message(Do::Tell(match read {
                Ok(bytes) => Msg::Opened(name, bytes.into()),
                Err(why) => Msg::NotOpened(why),
            }));
        });
    }

    /// Keys that work wherever no field has the focus.
    fn key(&mut self, link: &Scope<Self>, event: &KeyboardEvent) -> bool {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let tag =
            target.as_ref().map(|target| target.tag_name().to_lowercase()).unwrap_or_default();
        if (event.ctrl_key() || event.meta_key()) && event.key() == "Enter" {
            event.prevent_default();
            // A field that is left tells what was typed into it; the run comes after that.
            let field = browser::document().active_element();
            if let Some(field) = field.and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
                field.blur().ok();
            }
            link.send_message(Do::Tell(Msg::Run));
            return false;
        }
        let is_plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key();
        let is_field = matches!(tag.as_str(), "input" | "textarea" | "select");
        let is_pressed = matches!(tag.as_str(), "button" | "a" | "summary");
        let on_map = target.is_some_and(|target| target.class_list().contains("map"));
        if event.key() == "Escape" {
            self.tell(link, Msg::Dismiss);
            self.tell(link, Msg::PointAway);
            return true;
        }
        if self.model.screen == Screen::Choose || !is_plain || is_field || on_map {
            return false;
        }
        match event.key().as_str() {
            " " | "k" if !is_pressed => self.stage.toggle(),
            "ArrowLeft" => self.stage.step(-1),
            "ArrowRight" => self.stage.step(1),
            "Home" => self.stage.seek(0),
            "End" => self.stage.seek(u64::MAX),
            _ => return false,
        }
        event.prevent_default();
        false
    }

    fn header(&self, link: &Scope<Self>) -> Html {
        let model = &self.model;
        let tab = |screen: Screen, name: &str, is_open: bool| {
            let is_here = model.screen == screen;
            html! {
                <button class="tab" disabled={!is_open} aria-current={is_here.then_some("page")}
                    onclick={link.callback(move |_| Do::Tell(Msg::Go(screen)))}>{ name }</button>
            }
        };
        let theme = model.theme;
        html! {
            <header class="top">
                <p class="brand"><img src="icon.svg" alt="" width="24" height="24" />{ "Fleetcast" }</p>
                <nav aria-label="Screens">
                    { tab(Screen::Choose, "Choose", true) }
                    { tab(Screen::Replay, "Replay", model.run.course != Default::default()) }
                    if model.rollout().is_some() || model.screen == Screen::Rollout {
                        { tab(Screen::Rollout, "Rollout", true) }
                    }
                    { tab(Screen::Compare, "Compare", model.is_open && !model.is_wrong()) }
                </nav>
                <div class="tools">
                    <button class="quiet" disabled={!model.is_open}
                        title="A link that holds the whole scenario"
                        onclick={link.callback(|_| Do::Tell(Msg::Share))}>{ icon("link") }{ "Share" }</button>
                    <button class="quiet" title="Colours: as the system has it, light, or dark"
                        onclick={link.callback(move |_| Do::Tell(Msg::Theme(theme.next())))}>
                        { icon(match theme { Theme::System => "auto", Theme::Light => "sun", Theme::Dark => "moon" }) }
                        <span class="wide">{ format!("Theme: {}", theme.name()) }</span>
                    </button>
                </div>
            </header>
        }
    }

    fn notice(&self, link: &Scope<Self>) -> Html {
        let body = self.model.notice.as_ref().map(|notice| {
            html! {
                <div class={classes!("notice", notice.is_error.then_some("bad"))}>
                    { icon(if notice.is_error { "alert" } else { "info" }) }
                    <p>{ &notice.text }</p>
                    <button class="quiet" aria-label="Close this message"
                        onclick={link.callback(|_| Do::Tell(Msg::Dismiss))}>{ icon("close") }</button>
                </div>
            }
        });
        html! { <div role="status" aria-live="polite" class="notices">{ for body }</div> }
    }
}

/// A list of files as files.
pub(crate) fn files(list: Option<FileList>) -> Vec<File> {
    let Some(list) = list else { return Vec::new() };
    (0..list.length()).filter_map(|row| list.get(row)).collect()
}
