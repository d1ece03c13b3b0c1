//! What the page knows, and how that changes. [`Model::update`] is the only place where it does:
//! it takes a message and says what is to be done outside. It touches no browser.

use crate::builtin;
use crate::chart::{Chart, Span, charts};
use crate::compare::{Compare, VARIANTS_MAX};
use crate::effect::{Effect, Given, Theme};
use crate::job::FILM_BYTES_MAX;
use crate::knobs::{Knob, KnobKind};
use crate::link::{self, Shared};
use crate::opened::{self, Opened};
use crate::paint::ColourBy;
use crate::protocol::{FromWorker, HostStory, Outline, ToWorker, TurnedAway, Written};
use crate::rollout;
use crate::sheet::{self, Assumed};
use crate::tell;
use fleetcast_core::explain::Explanation;
use fleetcast_core::problem::{Problem, Problems, Severity};
use fleetcast_core::report::rollouts::RolloutReport;
use fleetcast_core::report::{Report, Series};
use fleetcast_core::time::Calendar;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What is on the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// Scenarios to take, open and edit.
    #[default]
    Choose,
    /// A run and its course.
    Replay,
    /// Several runs side by side.
    Compare,
    /// The rollouts of the run.
    Rollout,
}

/// How the run goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Course {
    /// There is none.
    #[default]
    None,
    /// Its files are being fetched.
    Fetching,
    /// The worker reads the scenario.
    Reading,
    /// It has come so far, ms after the start.
    Running(u64),
    /// It is over.
    Ended,
    /// It was stopped at this instant.
    Cancelled(u64),
    /// It broke off; a sentence.
    Failed(String),
}

impl Course {
    /// Whether it is under way.
    pub fn is_under_way(&self) -> bool {
        matches!(self, Self::Fetching | Self::Reading | Self::Running(_))
    }
}

/// The lane of the worker that turns the numbers of the run; it is there while it does.
pub const WHAT_IF_LANE: usize = VARIANTS_MAX + 1;
/// With how many seeds numbers are turned: as many as on the command line if nothing is said.
pub const WHAT_IF_SEEDS: u32 = 3;

/// How turning the numbers of the run goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum WhatIf {
    /// Nobody has asked for it.
    #[default]
    None,
    /// So much of it is done, 0..=1.
    Running(f64),
    /// What it came to.
    Ended(Rc<sheet::WhatIf>),
    /// It broke off; a sentence.
    Failed(String),
}

/// The run that is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// How it goes.
    pub course: Course,
    /// What runs, once it is known.
    pub outline: Option<Rc<Outline>>,
    /// What it comes to, once it is over.
    pub report: Option<Rc<Report>>,
    /// Its course in numbers, once it is over.
    pub series: Option<Rc<Series>>,
    /// Who was turned away, once it is over.
    pub away: Option<Rc<TurnedAway>>,
    /// What it takes for granted, once it is over.
    pub assumed: Rc<Assumed>,
    /// What turning its numbers does.
    pub what_if: WhatIf,
    /// Its charts.
    pub charts: Rc<Vec<Chart>>,
    /// The rollout that is looked at, by its row in the report.
    pub rollout: usize,
    /// Its charts.
    pub rollout_charts: Rc<Vec<Chart>>,
    /// What was run.
    pub written: Written,
}

/// A message to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it says.
    pub text: String,
    /// Whether something went wrong.
    pub is_error: bool,
}

/// What is said of the scenario that is being written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    /// What is wrong with it, or looks so.
    pub problems: Problems,
    /// What can be turned in it.
    pub knobs: Vec<Knob>,
    /// Whether a newer text is still being looked at.
    pub is_pending: bool,
}

/// What a person points at.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Pointed {
    /// Nothing.
    #[default]
    Nothing,
    /// A host; its story once it is told.
    Host(u32, Option<Rc<HostStory>>),
    /// A request that found no host: its number and time; the account once it is given.
    Refusal(u64, u64, Option<Rc<Explanation>>),
}

/// What the page knows.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// What is on it.
    pub screen: Screen,
    /// Light or dark.
    pub theme: Theme,
    /// Whether a scenario is open.
    pub is_open: bool,
    /// The scenario as written.
    pub written: Written,
    /// What is said of it.
    pub checked: Checked,
    /// Files that scenarios may name.
    pub files: Vec<Given>,
    /// The run that is shown.
    pub run: Run,
    /// The instant that is shown, ms after the start.
    pub at_ms: u64,
    /// What charts show, if not all.
    pub zoom: Option<Span>,
    /// What the map shows.
    pub colour_by: ColourBy,
    /// What a person points at.
    pub pointed: Pointed,
    /// The comparison.
    pub compare: Compare,
    /// Something to read.
    pub notice: Option<Notice>,
    /// Whether the browser remembers the scenario.
    pub is_kept: bool,
    /// The built-in scenario whose text is asked for, and whether to run it.
    taken: Option<(&'static str, bool)>,
    run_id: u32,
    check_id: u32,
    point_id: u32,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Msg {
    /// Another screen.
    Go(Screen),
    /// A built-in scenario is taken, by file; and run at once, or opened.
    Take {
        /// Its file.
        file: &'static str,
        /// Whether to run it.
        runs: bool,
    },
    /// A file was opened or dropped: its name and content.
    Opened(String, Rc<[u8]>),
    /// A file was too large, or could not be read; a sentence.
    NotOpened(String),
    /// A link was opened: its fragment.
    Link(String),
    /// A remembered scenario: as a link's fragment.
    Remembered(String),
    /// A file of the box has come.
    Fetched(String, Rc<[u8]>),
    /// It has not; a sentence.
    NotFetched(String, String),
    /// The text is changed.
    Edit(String),
    /// It is time to look at it.
    Check,
    /// A knob is turned: its key and kind, and what was typed.
    Turn(String, KnobKind, String),
    /// All knobs back to what the file says.
    TurnBack,
    /// Run it.
    Run,
    /// Stop it.
    Cancel,
    /// A worker says something; its lane (0: the page's own, n: the n-th variant's).
    Heard(usize, Box<FromWorker>),
    /// A worker broke down; a sentence.
    Died(usize, String),
    /// Another instant is shown.
    Seek(u64),
    /// Charts show another stretch.
    Zoom(Option<Span>),
    /// The map shows something else.
    Colour(ColourBy),
    /// A person points at a host.
    PointHost(u32),
    /// A person points at a request that found no host: its number and time.
    PointRefusal(u64, u64),
    /// Or at nothing any more.
    PointAway,
    /// Each number of the run is to be turned.
    WhatIf,
    /// Or not any more.
    NoWhatIf,
    /// The `summary.json` of the run is wanted.
    Summary,
    /// A link to the scenario is wanted.
    Share,
    /// The browser shall remember the scenario, or forget it.
    Keep(bool),
    /// Light or dark.
    Theme(Theme),
    /// Something is to be read.
    Notice(Notice),
    /// It has been read.
    Dismiss,
    /// A change to the comparison.
    Compare(crate::compare::Change),
    /// Look at another rollout.
    Rollout(usize),
}

impl Model {
    /// Takes a message; what is to be done outside.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Go(screen) => {
                (self.screen, self.zoom) = (screen, None);
                match screen {
                    Screen::Compare => {
                        self.compare.begin(&self.written, &self.run.outline);
                        vec![Effect::Show(self.compare.at_ms), Effect::FocusMain]
                    }
                    Screen::Rollout => {
                        let mut effects = self.look_at_rollout(self.run.rollout);
                        effects.push(Effect::FocusMain);
                        effects
                    }
                    Screen::Choose | Screen::Replay => {
                        vec![Effect::Show(self.at_ms), Effect::FocusMain]
                    }
                }
            }
            Msg::Rollout(row) => self.look_at_rollout(row),
            Msg::Take { file, runs } => self.take(file, runs),
            Msg::Opened(name, bytes) => self.open(name, bytes),
            Msg::NotOpened(why) | Msg::Notice(Notice { text: why, is_error: true }) => {
                self.fail(why)
            }
            Msg::Link(fragment) => match link::open(&fragment) {
                Ok(shared) => {
                    self.say("Opened from a link. Look at it, then run it.");
                    self.open_shared(shared)
                }
                Err(why) => {
                    self.screen = Screen::Choose;
                    self.fail(why);
                    vec![Effect::ClearLink]
                }
            },
            Msg::Remembered(fragment) => match link::open(&fragment) {
                Ok(shared) => {
                    self.is_kept = true;
                    self.open_shared(shared)
                }
                Err(_) => vec![Effect::Remember(None)],
            },
            Msg::Fetched(name, bytes) => self.fetched(name, bytes),
            Msg::NotFetched(name, why) => {
                if self.run.course == Course::Fetching {
                    self.run.course = Course::None;
                    self.screen = Screen::Choose;
                }
                self.fail(format!("`{name}` could not be fetched: {why}"))
            }
            Msg::Edit(text) => {
                self.written.text = text;
                self.checked.is_pending = true;
                // A check under way is of the text before.
                self.check_id += 1;
                vec![Effect::CheckSoon]
            }
            Msg::Check => self.check(),
            Msg::Turn(key, kind, typed) => {
                self.written.sets.retain(|(known, _)| *known != key);
                self.written.sets.push((key, kind.toml(&typed)));
                self.check()
            }
            Msg::TurnBack => {
                self.written.sets.clear();
                self.check()
            }
            Msg::Run => self.start(),
            Msg::Cancel => {
                self.take_not();
                if self.run.course == Course::Fetching {
                    self.run.course = Course::Cancelled(0);
                }
                vec![Effect::Send(0, ToWorker::Cancel, None)]
            }
            Msg::Heard(0, message) => self.hear(*message),
            Msg::Heard(WHAT_IF_LANE, message) => self.hear_what_if(*message),
            Msg::Heard(lane, message) => self.compare.hear(lane, *message),
            Msg::Died(0, why) => {
                self.taken = None;
                self.run.course = Course::Failed(why.clone());
                self.fail(why);
                let mut effects = vec![Effect::Restart(0)];
                effects.extend(self.send_files(0));
                effects
            }
            Msg::Died(WHAT_IF_LANE, why) => {
                self.run.what_if = WhatIf::Failed(why);
                vec![Effect::Restart(WHAT_IF_LANE)]
            }
            Msg::Died(lane, why) => {
                self.fail(why);
                let mut effects = vec![Effect::Restart(lane)];
                effects.extend(self.compare.died(lane));
                effects
            }
            Msg::Seek(at_ms) => {
                self.at_ms = at_ms;
                Vec::new()
            }
            Msg::Zoom(zoom) => {
                self.zoom = zoom;
                Vec::new()
            }
            Msg::Colour(by) => {
                self.colour_by = by;
                Vec::new()
            }
            Msg::PointHost(host) => {
                self.pointed = Pointed::Host(host, None);
                self.point_id += 1;
                if self.run.course.is_under_way() {
                    return Vec::new();
                }
                vec![Effect::Send(0, ToWorker::Host { id: self.point_id, host }, None)]
            }
            Msg::PointRefusal(request, at_ms) => {
                self.pointed = Pointed::Refusal(request, at_ms, None);
                self.point_id += 1;
                let id = self.point_id;
                let explain = ToWorker::Explain { id, request, at_ms };
                vec![Effect::Send(0, explain, None), Effect::Show(at_ms)]
            }
            Msg::PointAway => {
                self.pointed = Pointed::Nothing;
                Vec::new()
            }
            Msg::WhatIf => self.turn_numbers(),
            Msg::NoWhatIf => self.stop_what_if(),
            Msg::Summary => vec![Effect::Send(0, ToWorker::Summary { id: self.run_id }, None)],
            Msg::Share => self.share(),
            Msg::Keep(is_kept) => {
                self.is_kept = is_kept;
                match is_kept {
                    true => self.remember(),
                    false => vec![Effect::Remember(None)],
                }
            }
            Msg::Theme(theme) => {
                self.theme = theme;
                vec![Effect::Theme(theme)]
            }
            Msg::Notice(notice) => {
                self.notice = Some(notice);
                Vec::new()
            }
            Msg::Dismiss => {
                self.notice = None;
                Vec::new()
            }
            Msg::Compare(change) => {
                let wanted = self.wanted();
                if !wanted.is_empty() && change == crate::compare::Change::Run {
                    self.say(
                        "The files of this scenario are being fetched: try again in a moment.",
                    );
                    return wanted.into_iter().map(Effect::Fetch).collect();
                }
                self.compare.change(change, &self.written, &self.files)
            }
        }
    }

    /// The built-in scenario that is being opened: the worker, which has its text, may still be
    /// on its way.
    pub fn opens(&self) -> Option<&'static str> {
        self.taken.filter(|(_, runs)| !runs).map(|(file, _)| file)
    }

    /// The calendar of the run that is shown.
    pub fn calendar(&self) -> Calendar {
        calendar(self.run.outline.as_deref())
    }

    /// All of the run that is shown, in time.
    pub fn whole(&self) -> Span {
        let to_ms = self.run.outline.as_ref().map_or(1, |outline| outline.duration_ms).max(1);
        Span { from_ms: 0, to_ms }
    }

    /// The rollout that is looked at.
    pub fn rollout(&self) -> Option<&RolloutReport> {
        self.run.report.as_ref()?.rollouts.get(self.run.rollout)
    }

    /// The stretch that charts show.
    pub fn span(&self) -> Span {
        self.zoom.unwrap_or_else(|| self.whole())
    }

    /// The problems that stand at lines of the text, by line from 1.
    pub fn problems_by_line(&self) -> BTreeMap<u32, Vec<&Problem>> {
        let mut lines: BTreeMap<u32, Vec<&Problem>> = BTreeMap::new();
        for problem in &self.checked.problems.list {
            if let Some(place) = problem.place.as_ref().filter(|p| p.file == self.written.file) {
                lines.entry(place.line).or_default().push(problem);
            }
        }
        lines
    }

    /// Whether the scenario is known to be wrong.
    pub fn is_wrong(&self) -> bool {
        let errors = |problem: &Problem| problem.severity == Severity::Error;
        !self.checked.is_pending && self.checked.problems.list.iter().any(errors)
    }

    /// Its charts are drawn when it is looked at, from its beginning on.
    fn look_at_rollout(&mut self, row: usize) -> Vec<Effect> {
        (self.run.rollout, self.zoom) = (row, None);
        let Some(rollout) = self.rollout() else { return Vec::new() };
        let (charts, from_ms) = (rollout::charts(rollout), rollout::span(rollout).from_ms);
        self.run.rollout_charts = Rc::new(charts);
        self.at_ms = from_ms;
        vec![Effect::Show(from_ms)]
    }

    fn say(&mut self, text: &str) {
        self.notice = Some(Notice { text: text.to_owned(), is_error: false });
    }

    fn fail(&mut self, why: String) -> Vec<Effect> {
        self.notice = Some(Notice { text: why, is_error: true });
        Vec::new()
    }

    fn take(&mut self, file: &'static str, runs: bool) -> Vec<Effect> {
        let mut effects = vec![Effect::ClearLink];
        self.take_not();
        if runs {
            // What is still said of another run is not heard.
            self.run_id += 1;
            effects.extend(self.stop_what_if());
            self.run = Run { course: Course::Reading, ..Run::default() };
            (self.screen, self.notice) = (Screen::Replay, None);
        }
        self.taken = Some((file, runs));
        effects.push(Effect::Send(0, ToWorker::Text { file: file.to_owned() }, None));
        effects.push(Effect::FocusMain);
        effects
    }

    /// The text that is asked for is not wanted any more, nor the run of it.
    fn take_not(&mut self) {
        if let Some((_, true)) = self.taken.take() {
            self.run = Run::default();
        }
    }

    /// The text of a built-in scenario has come.
    fn took(&mut self, file: String, text: String) -> Vec<Effect> {
        let Some((_, runs)) = self.taken.take_if(|(taken, _)| *taken == file) else {
            return Vec::new();
        };
        let written = Written { file, text, sets: Vec::new() };
        if !runs {
            return self.write(written);
        }
        // Who wants the answer does not wait for the knobs: they come after it.
        (self.written, self.is_open, self.compare) = (written, true, Compare::default());
        self.checked = Checked { is_pending: true, ..Checked::default() };
        self.check_id += 1;
        self.start()
    }

    /// Turns each number of the run that is shown, in a worker of its own: the page's is free for
    /// what a person points at.
    fn turn_numbers(&mut self) -> Vec<Effect> {
        let mut effects = self.stop_what_if();
        effects.extend(self.send_files(WHAT_IF_LANE));
        let (id, written) = (self.run_id, self.run.written.clone());
        let turn = ToWorker::WhatIf { id, written, seeds: WHAT_IF_SEEDS };
        effects.push(Effect::Send(WHAT_IF_LANE, turn, None));
        self.run.what_if = WhatIf::Running(0.0);
        effects
    }

    /// Lets its worker go, whatever it does.
    fn stop_what_if(&mut self) -> Vec<Effect> {
        match std::mem::take(&mut self.run.what_if) {
            WhatIf::Running(_) => vec![Effect::Restart(WHAT_IF_LANE)],
            _ => Vec::new(),
        }
    }

    fn hear_what_if(&mut self, message: FromWorker) -> Vec<Effect> {
        if !matches!(self.run.what_if, WhatIf::Running(_)) {
            return Vec::new();
        }
        self.run.what_if = match message {
            FromWorker::Turned { part, .. } => {
                self.run.what_if = WhatIf::Running(part);
                return Vec::new();
            }
            FromWorker::WhatIf { found, .. } => WhatIf::Ended(Rc::new(found)),
            FromWorker::Wrong { problems, .. } => {
                let first = problems.list.into_iter().next();
                WhatIf::Failed(first.map_or_else(String::new, |problem| problem.message))
            }
            _ => return Vec::new(),
        };
        vec![Effect::Restart(WHAT_IF_LANE)]
    }

    /// Checks what was run before it was checked.
    fn check_late(&mut self) -> Vec<Effect> {
        if self.checked.is_pending { self.check() } else { Vec::new() }
    }

    /// Another scenario is open.
    fn write(&mut self, written: Written) -> Vec<Effect> {
        self.written = written;
        self.take_not();
        self.is_open = true;
        self.notice = None;
        self.compare = Compare::default();
        self.check()
    }

    fn open_shared(&mut self, shared: Shared) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (name, text) in shared.files {
            effects.extend(self.give(name, text.into_bytes().into(), true));
        }
        let notice = self.notice.take();
        self.screen = Screen::Choose;
        effects.extend(self.write(shared.written));
        self.notice = notice;
        effects
    }

    fn open(&mut self, name: String, bytes: Rc<[u8]>) -> Vec<Effect> {
        self.screen = Screen::Choose;
        match opened::open(&name, &bytes) {
            Err(why) => self.fail(why),
            Ok(Opened::Scenario(text)) => {
                let mut effects = self.write(Written { file: name, text, sets: Vec::new() });
                effects.push(Effect::ClearLink);
                effects
            }
            Ok(Opened::Rows { kind, scenario }) => {
                let mut effects = self.give(name.clone(), bytes, true);
                if self.is_open && self.written.text.contains(&name) {
                    self.say(&format!("`{name}` is there now."));
                    effects.extend(self.check());
                } else {
                    let file = opened::scenario_name(&name);
                    effects.extend(self.write(Written { file, text: scenario, sets: Vec::new() }));
                    effects.push(Effect::ClearLink);
                    self.say(&format!(
                        "`{name}` is {kind}. Here is a scenario for it: change what is not so."
                    ));
                }
                effects
            }
        }
    }

    /// One more file that scenarios may name.
    fn give(&mut self, name: String, bytes: Rc<[u8]>, is_own: bool) -> Vec<Effect> {
        self.files.retain(|file| file.name != name);
        let send = Effect::Send(0, ToWorker::File { name: name.clone() }, Some(Rc::clone(&bytes)));
        self.files.push(Given { name, bytes, is_own });
        vec![send]
    }

    fn send_files(&self, lane: usize) -> Vec<Effect> {
        let send = |file: &Given| {
            let message = ToWorker::File { name: file.name.clone() };
            Effect::Send(lane, message, Some(Rc::clone(&file.bytes)))
        };
        self.files.iter().map(send).collect()
    }

    /// Files of the box that the scenario names and that are not there yet.
    fn wanted(&self) -> Vec<String> {
        let of_the_box = builtin::ALL.iter().flat_map(|builtin| builtin.files);
        let mut wanted: Vec<String> = of_the_box
            .filter(|name| self.written.text.contains(**name))
            .filter(|name| self.files.iter().all(|file| file.name != **name))
            .map(|name| (*name).to_owned())
            .collect();
        wanted.sort();
        wanted.dedup();
        wanted
    }

    fn fetched(&mut self, name: String, bytes: Rc<[u8]>) -> Vec<Effect> {
        let mut effects = self.give(name, bytes, false);
        if self.wanted().is_empty() {
            let waits = self.run.course == Course::Fetching;
            effects.extend(if waits { self.start() } else { self.check() });
        }
        effects
    }

    fn check(&mut self) -> Vec<Effect> {
        if !self.is_open {
            return Vec::new();
        }
        self.checked.is_pending = true;
        let wanted = self.wanted();
        if !wanted.is_empty() {
            return wanted.into_iter().map(Effect::Fetch).collect();
        }
        self.check_id += 1;
        let check = ToWorker::Check { id: self.check_id, written: self.written.clone() };
        let mut effects = vec![Effect::Send(0, check, None)];
        if self.is_kept {
            effects.extend(self.remember());
        }
        effects
    }

    fn start(&mut self) -> Vec<Effect> {
        if !self.is_open || self.is_wrong() {
            return Vec::new();
        }
        let mut effects = self.stop_what_if();
        self.taken = None;
        self.screen = Screen::Replay;
        self.notice = None;
        self.run = Run { written: self.written.clone(), ..Run::default() };
        self.pointed = Pointed::Nothing;
        (self.zoom, self.at_ms) = (None, 0);
        let wanted = self.wanted();
        if !wanted.is_empty() {
            self.run.course = Course::Fetching;
            effects.extend(wanted.into_iter().map(Effect::Fetch));
            return effects;
        }
        self.run.course = Course::Reading;
        self.run_id += 1;
        let run = ToWorker::Run {
            id: self.run_id,
            written: self.written.clone(),
            film_bytes: FILM_BYTES_MAX,
        };
        effects.extend([Effect::NewFilm(0), Effect::Send(0, run, None), Effect::FocusMain]);
        effects
    }

    fn hear(&mut self, message: FromWorker) -> Vec<Effect> {
        match message {
            FromWorker::Text { file, text } => return self.took(file, text),
            FromWorker::Checked { id, problems, knobs } if id == self.check_id => {
                let is_wrong = problems.has_errors();
                self.checked.problems = problems;
                self.checked.is_pending = false;
                // While a text is wrong, the knobs stay where they are: they would flicker.
                if !is_wrong {
                    self.checked.knobs = knobs;
                }
            }
            FromWorker::Begun { id, outline } if id == self.run_id => {
                self.run.course = Course::Running(0);
                self.run.outline = Some(Rc::new(outline));
            }
            FromWorker::Progress { id, at_ms } if id == self.run_id => {
                self.run.course = Course::Running(at_ms);
                self.at_ms = at_ms;
            }
            FromWorker::Ended { id, report, .. } if id == self.run_id => {
                self.run.report = Some(Rc::new(*report));
                self.run.course = Course::Ended;
                self.at_ms = self.whole().to_ms;
                let mut effects = vec![Effect::Show(self.at_ms)];
                effects.extend(self.check_late());
                if let Pointed::Host(host, None) = self.pointed {
                    effects.extend(self.update(Msg::PointHost(host)));
                }
                return effects;
            }
            FromWorker::Course { id, series, turned_away, timelines, assumed }
                if id == self.run_id =>
            {
                if let Some(report) = self.run.report.as_mut().filter(|_| !timelines.is_empty()) {
                    let rollouts = Rc::make_mut(report).rollouts.iter_mut();
                    rollouts.zip(timelines).for_each(|(rollout, told)| rollout.timeline = told);
                }
                let kinds = self.run.outline.as_ref().map_or(&[][..], |outline| &outline.kinds);
                let report = self.run.report.as_ref();
                let scarcest = report.and_then(|report| report.scarcest.as_deref());
                self.run.charts = Rc::new(charts(&series, &turned_away, kinds, scarcest));
                self.run.series = Some(Rc::new(series));
                self.run.away = Some(Rc::new(turned_away));
                self.run.assumed = Rc::new(assumed);
            }
            FromWorker::Summary { id, text } if id == self.run_id => {
                return match (&self.run.report, text) {
                    (Some(report), Some(text)) => {
                        let stem = tell::file_stem(&report.scenario);
                        vec![Effect::Save(format!("{stem}-summary.json"), text)]
                    }
                    _ => self.fail("the run is gone: run it again for its summary".to_owned()),
                };
            }
            FromWorker::Wrong { id, problems } if id == self.run_id => {
                self.run.course = Course::None;
                self.screen = Screen::Choose;
                let number = problems.list.len() as u64 + problems.more;
                let what = if number == 1 { "problem" } else { "problems" };
                self.checked.problems = problems;
                self.checked.is_pending = false;
                return self.fail(format!("{number} {what} to mend first: nothing was run"));
            }
            FromWorker::Cancelled { id } if id == self.run_id => {
                if let Course::Running(at_ms) = self.run.course {
                    self.run.course = Course::Cancelled(at_ms);
                }
                return self.check_late();
            }
            FromWorker::Host { id, story } if id == self.point_id => {
                self.pointed = Pointed::Host(story.host, Some(Rc::new(story)));
            }
            FromWorker::Explained { id, explanation } if id == self.point_id => {
                if let Pointed::Refusal(_, _, account) = &mut self.pointed {
                    *account = Some(Rc::new(*explanation));
                }
            }
            FromWorker::Failed { id, why } if id == self.point_id => return self.fail(why),
            // An answer to a question that was asked differently since.
            _ => {}
        }
        Vec::new()
    }

    /// What a link would hold.
    fn shared(&self) -> Shared {
        let is_named = |file: &&Given| file.is_own && self.written.text.contains(&file.name);
        let text = |file: &Given| {
            let text = String::from_utf8(opened::plain(&file.bytes)).ok()?;
            Some((file.name.clone(), text))
        };
        let files = self.files.iter().filter(is_named).filter_map(text).collect();
        Shared { written: self.written.clone(), files }
    }

    fn share(&mut self) -> Vec<Effect> {
        match link::fragment(&self.shared()) {
            Ok(fragment) => vec![Effect::Link(fragment)],
            Err(why) => self.fail(why),
        }
    }

    fn remember(&mut self) -> Vec<Effect> {
        match link::fragment(&self.shared()) {
            Ok(fragment) => vec![Effect::Remember(Some(fragment))],
            Err(why) => {
                self.is_kept = false;
                self.fail(why)
            }
        }
    }
}

/// The calendar of an outline; that of the year 2000 without one.
pub fn calendar(outline: Option<&Outline>) -> Calendar {
    let start = outline.and_then(|outline| outline.start.parse().ok());
    Calendar { start: start.unwrap_or(jiff::civil::DateTime::constant(2000, 1, 1, 0, 0, 0, 0)) }
}

#[cfg(test)]
mod tests;
