//! The worker's desk: messages come in, work is done in slices, answers go out.

use crate::ask::{Ask, sample};
use crate::builtin;
use crate::job::{Account, Ended, FILM_BYTES_MAX, Look, Run, outline};
use crate::protocol::{FromWorker, ToWorker};
use crate::sheet::{Assumed, Table};
use crate::turning::Turning;
use fleetcast_core::comparison::{self, Measured, Runs};
use fleetcast_core::problem::Problems;
use fleetcast_core::report::{METRICS, Metric, Report};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::time::Time;
use std::sync::Arc;

/// An answer and the bytes beside it.
pub type Answer = (FromWorker, Vec<u8>);

/// A run tells how far it is once in so many slices, and at first: the page draws no faster.
const SLICES_A_MESSAGE: u32 = 4;

/// Browsers compile a program twice: soon, and well where it turns out to matter. This run, of
/// which nobody hears, lets them do so while a person still reads; then the first run that is
/// asked for is as fast as the second.
const WARM_UP: &str = r#"
name = "warm-up"
start = "2026-01-01"
duration = "90 days"
[host-models.m]
cpu = 16
memory = "96 GiB"
overcommit = { cpu = 4.0 }
lead-time = "10 days"
[[pools]]
name = "p"
zones = 2
racks-per-zone = 2
hosts = { model = "m", count = 600 }
[procurement]
trigger = "70%"
batch = 20
[flavors.a]
cpu = 2
memory = "4 GiB"
[flavors.b]
cpu = 8
memory = "32 GiB"
[[demand]]
name = "d"
flavors = { a = 0.6, b = 0.4 }
alive = { curve = "exponential", from = 2000, to = 3000 }
lifetime = { distribution = "exponential", mean = "20 days" }
when-full = "wait"
[placement]
policy = "best-fit"
"#;

/// The desk.
#[derive(Debug, Default)]
pub struct Desk {
    files: MemoryFiles,
    /// The first rows of each file, to try changes with.
    samples: MemoryFiles,
    /// The scenario of the last run, with the files as they were then.
    last: Option<(Arc<Scenario>, MemoryFiles)>,
    task: Option<(u32, Task)>,
    /// What the last run came to that had frames, all of it.
    report: Option<(u32, Report)>,
    /// What is run to become warm, and for nothing else.
    warming: Option<Box<Run>>,
}

#[derive(Debug)]
enum Task {
    /// A run, its text, its frames that nobody has heard of, and how many slices it has had.
    Run(Box<Run>, String, Vec<u8>, u32),
    /// Numbers that are turned, and how many slices that has had.
    Turning(Box<Turning>, u32),
    Look(Box<Look>),
    Account(Box<Account>),
}

impl Desk {
    /// Hears a message, with the bytes beside it.
    pub fn hear(&mut self, message: ToWorker, bytes: Vec<u8>) -> Vec<Answer> {
        let is_quick = matches!(
            message,
            ToWorker::File { .. } | ToWorker::Text { .. } | ToWorker::Check { .. }
        );
        if !is_quick {
            self.warming = None;
        }
        match message {
            ToWorker::File { name } => {
                self.samples.insert(name.as_str(), sample(&bytes));
                self.files.insert(name, bytes);
                Vec::new()
            }
            ToWorker::Text { file } => {
                let text = builtin::find(&file).map_or("", |builtin| builtin.text()).to_owned();
                one(FromWorker::Text { file, text })
            }
            ToWorker::Check { id, written } => {
                let mut ask = Ask::written(written, &self.files);
                let problems = ask.check();
                let mut knobs = Vec::new();
                if !problems.has_errors() {
                    ask.files = self.samples.clone();
                    knobs = ask.knobs();
                }
                one(FromWorker::Checked { id, problems, knobs })
            }
            ToWorker::Run { id, written, film_bytes } => {
                let ask = Ask::written(written, &self.files);
                let mut answers = self.stop();
                self.report = None;
                match Run::new(&ask, film_bytes) {
                    Ok(run) => {
                        let outline = outline(run.scenario());
                        self.last = Some((Arc::clone(run.scenario()), ask.files));
                        self.task = Some((id, Task::Run(Box::new(run), ask.text, Vec::new(), 0)));
                        answers.extend(one(FromWorker::Begun { id, outline }));
                    }
                    Err(problems) => answers.extend(one(FromWorker::Wrong { id, problems })),
                }
                answers
            }
            ToWorker::Host { id, host } => self.again(id, |scenario, files| {
                Ok(Task::Look(Box::new(Look::new(scenario, files, host)?)))
            }),
            ToWorker::Explain { id, request, at_ms } => self.again(id, |scenario, files| {
                let account = Account::new(scenario, files, request, Time::from_ms(at_ms))?;
                Ok(Task::Account(Box::new(account)))
            }),
            ToWorker::Summary { id } => {
                let report = self.report.as_ref().filter(|(run, _)| *run == id);
                one(FromWorker::Summary { id, text: report.map(|(_, report)| summary(report)) })
            }
            ToWorker::Compare { id, names, runs } => match &self.last {
                Some((scenario, _)) => {
                    one(FromWorker::Compared { id, table: compared(scenario, names, &runs) })
                }
                None => one(failed(id, "nothing has been run yet")),
            },
            ToWorker::WhatIf { id, written, seeds } => {
                let mut answers = self.stop();
                match Turning::new(Ask::written(written, &self.files), seeds) {
                    Ok(turning) => self.task = Some((id, Task::Turning(Box::new(turning), 0))),
                    Err(problems) => answers.extend(one(FromWorker::Wrong { id, problems })),
                }
                answers
            }
            ToWorker::Cancel => self.stop(),
            ToWorker::WarmUp => {
                if self.task.is_none() && self.last.is_none() {
                    self.warming = Run::new(&warm_up(), FILM_BYTES_MAX).ok().map(Box::new);
                }
                Vec::new()
            }
        }
    }

    /// Whether there is something to do.
    pub fn is_busy(&self) -> bool {
        self.task.is_some() || self.warming.is_some()
    }

    /// Works until the slice is over.
    pub fn work(&mut self, is_over: &mut dyn FnMut() -> bool) -> Vec<Answer> {
        let Some((id, mut task)) = self.task.take() else {
            let go_on = |run: &mut Box<Run>| run.go_on(&mut Vec::new(), is_over);
            if self.warming.as_mut().map(go_on) != Some(Ok(false)) {
                self.warming = None;
            }
            return Vec::new();
        };
        match task.go_on(id, &mut self.report, is_over) {
            Ok((answers, is_done)) => {
                if !is_done {
                    self.task = Some((id, task));
                }
                answers
            }
            Err(problems) => one(FromWorker::Wrong { id, problems }),
        }
    }

    fn stop(&mut self) -> Vec<Answer> {
        self.task.take().map_or_else(Vec::new, |(id, _)| one(FromWorker::Cancelled { id }))
    }

    fn again(
        &mut self,
        id: u32,
        task: impl FnOnce(&Arc<Scenario>, &MemoryFiles) -> Result<Task, Problems>,
    ) -> Vec<Answer> {
        let mut answers = self.stop();
        match &self.last {
            None => {
                let why = "nothing has been run yet".to_owned();
                answers.extend(one(FromWorker::Failed { id, why }));
            }
            Some((scenario, files)) => match task(scenario, files) {
                Ok(task) => self.task = Some((id, task)),
                Err(problems) => answers.extend(one(FromWorker::Wrong { id, problems })),
            },
        }
        answers
    }
}

fn one(answer: FromWorker) -> Vec<Answer> {
    vec![(answer, Vec::new())]
}

impl Task {
    /// What is to be said after this slice, and whether that was all. The report of a run with frames is
    /// kept.
    fn go_on(
        &mut self,
        id: u32,
        kept: &mut Option<(u32, Report)>,
        is_over: &mut dyn FnMut() -> bool,
    ) -> Result<(Vec<Answer>, bool), Problems> {
        Ok(match self {
            Self::Run(run, text, frames, slices) => {
                let has_ended = run.go_on(frames, is_over)?;
                let is_silent = !has_ended && !slices.is_multiple_of(SLICES_A_MESSAGE);
                *slices += 1;
                if is_silent {
                    return Ok((Vec::new(), false));
                }
                let (at_ms, frames) = (run.now().ms(), std::mem::take(frames));
                let mut answers = vec![(FromWorker::Progress { id, at_ms }, frames)];
                if has_ended {
                    let Ended { mut report, series, turned_away } = run.ended();
                    *kept = run.is_filmed().then(|| (id, report.clone()));
                    // What takes long to read comes after the answer.
                    let rollouts = report.rollouts.iter_mut();
                    let timelines =
                        rollouts.map(|rollout| std::mem::take(&mut rollout.timeline)).collect();
                    let measured = Measured::of(&report, &all_metrics());
                    let report = Box::new(report);
                    answers.extend(one(FromWorker::Ended { id, report, measured }));
                    if run.is_filmed() {
                        let assumed = Assumed::of(run.scenario(), text);
                        answers.extend(one(FromWorker::Course {
                            id,
                            series,
                            turned_away,
                            timelines,
                            assumed,
                        }));
                    }
                }
                (answers, has_ended)
            }
            Self::Turning(turning, slices) => match turning.go_on(is_over)? {
                true => (one(FromWorker::WhatIf { id, found: turning.found() }), true),
                false => {
                    let is_silent = !slices.is_multiple_of(SLICES_A_MESSAGE);
                    *slices += 1;
                    let part = turning.part();
                    let told = FromWorker::Turned { id, part };
                    (if is_silent { Vec::new() } else { one(told) }, false)
                }
            },
            Self::Look(look) => match look.go_on(is_over)? {
                false => (Vec::new(), false),
                true => {
                    let answer = match look.story() {
                        Some(story) => FromWorker::Host { id, story },
                        None => failed(id, "there is no such host in this run"),
                    };
                    (one(answer), true)
                }
            },
            Self::Account(account) => match account.go_on(is_over)? {
                None => (Vec::new(), false),
                Some(Some(explanation)) => (one(FromWorker::Explained { id, explanation }), true),
                Some(None) => (one(failed(id, "there is no such request in this run")), true),
            },
        })
    }
}

/// By all key figures, since what is compared later is not known yet.
fn all_metrics() -> Vec<&'static Metric> {
    METRICS.iter().collect()
}

/// A comparison as `fleetcast compare` makes it.
fn compared(scenario: &Scenario, names: Vec<String>, seeds: &[Vec<Measured>]) -> Table {
    let (all, metrics) = (all_metrics(), comparison::metrics(scenario));
    let mut runs = Runs::new(names, metrics.clone());
    for seed in seeds {
        let measured: Vec<Measured> = seed.iter().map(|run| run.only(&metrics, &all)).collect();
        runs.add(&measured);
    }
    Table::of(&runs.compare(scenario))
}

/// A report as `fleetcast run --out` writes it.
fn summary(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report is plain data") + "\n"
}

fn warm_up() -> Ask {
    let (file_name, text) = ("warm-up.toml".to_owned(), WARM_UP.to_owned());
    Ask { file_name, text, files: MemoryFiles::default(), overrides: Vec::new() }
}

fn failed(id: u32, why: &str) -> FromWorker {
    FromWorker::Failed { id, why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;
    use crate::job::FILM_BYTES_MAX as FILM;
    use crate::protocol::Written;
    use fleetcast_core::expected;
    use fleetcast_core::frames::{Film, Frame};

    fn first() -> Written {
        let builtin = builtin::find("first.toml").unwrap();
        Written { file: builtin.file.into(), text: builtin.text().into(), sets: Vec::new() }
    }

    /// Works in slices of three looks at the clock until nothing is left to do.
    fn finish(desk: &mut Desk) -> Vec<Answer> {
        let mut answers = Vec::new();
        while desk.is_busy() {
            let mut looks = 0;
            answers.extend(desk.work(&mut || {
                looks += 1;
                looks >= 3
            }));
        }
        answers
    }

    fn run(desk: &mut Desk) -> (Vec<Answer>, Film) {
        let ask = ToWorker::Run { id: 7, written: first(), film_bytes: FILM };
        let mut answers = desk.hear(ask, Vec::new());
        answers.extend(finish(desk));
        let mut film = Film::default();
        for (_, bytes) in &answers {
            let mut bytes = bytes.as_slice();
            while !bytes.is_empty() {
                film.push(Frame::read(&mut bytes).unwrap());
            }
        }
        (answers, film)
    }

    #[test]
    fn a_run_in_slices_is_the_run() {
        let (answers, film) = run(&mut Desk::default());
        assert!(matches!(answers.first(), Some((FromWorker::Begun { id: 7, .. }, _))));
        let [.., (FromWorker::Ended { report, .. }, _), (course, _)] = answers.as_slice() else {
            panic!("the run ended: {:?}", answers.last())
        };
        let FromWorker::Course { turned_away, series, .. } = course else {
            panic!("its course follows: {course:?}")
        };
        let line = expected::line("first.toml", report);
        assert!(include_str!("../../scenarios/expected.txt").contains(&line), "{line}");
        let mut desk = Desk::default();
        run(&mut desk);
        let told = |desk: &mut Desk, id| match desk.hear(ToWorker::Summary { id }, Vec::new()).pop()
        {
            Some((FromWorker::Summary { text, .. }, _)) => text,
            answer => panic!("a summary is told at once: {answer:?}"),
        };
        let summary = told(&mut desk, 7).expect("it was the last run");
        assert_eq!(serde_json::from_str::<Report>(&summary).unwrap(), **report);
        assert_eq!(told(&mut desk, 6), None);
        let last = film.frames().last().unwrap();
        assert_eq!((last.requests, last.refused), (report.requests, report.refused));
        assert_eq!(turned_away.total, report.refused);
        assert_eq!(series.columns[0].max.last(), Some(&20));
    }

    #[test]
    fn a_host_tells_what_a_frame_shows() {
        let mut desk = Desk::default();
        let (_, film) = run(&mut desk);
        desk.hear(ToWorker::Host { id: 8, host: 3 }, Vec::new());
        let answers = finish(&mut desk);
        let [(FromWorker::Host { id: 8, story }, _)] = answers.as_slice() else {
            panic!("one story: {answers:?}")
        };
        assert_eq!(story.place.name, "h3");
        for frame in film.frames() {
            let is_here = |stay: &&crate::protocol::Stay| {
                stay.from_ms <= frame.at_ms && stay.until_ms.is_none_or(|end| end > frame.at_ms)
            };
            let here = story.stays.iter().filter(is_here).count();
            assert_eq!(here, usize::from(frame.vms[3]), "at {}", frame.at_ms);
        }
    }

    #[test]
    fn every_refusal_can_be_explained() {
        let mut desk = Desk::default();
        let (answers, _) = run(&mut desk);
        let Some((FromWorker::Course { turned_away, .. }, _)) = answers.last() else {
            panic!("the run ended")
        };
        for turned in turned_away.kept.iter().step_by(20) {
            let (request, at_ms) = (turned.request, turned.at_ms);
            desk.hear(ToWorker::Explain { id: 9, request, at_ms }, Vec::new());
            let answers = finish(&mut desk);
            let [(FromWorker::Explained { explanation, .. }, _)] = answers.as_slice() else {
                panic!("one account: {answers:?}")
            };
            assert_eq!((explanation.request, explanation.funnel.fit), (request, 0));
            let reason = &turned_away.by_reason[turned.reason as usize].0;
            assert_eq!(explanation.reason.as_ref(), Some(reason));
        }
    }

    #[test]
    fn what_is_under_way_can_be_stopped() {
        let mut desk = Desk::default();
        desk.hear(ToWorker::Run { id: 1, written: first(), film_bytes: FILM }, Vec::new());
        desk.work(&mut || true);
        let answers = desk.hear(ToWorker::Cancel, Vec::new());
        assert_eq!(answers, [(FromWorker::Cancelled { id: 1 }, Vec::new())]);
        assert!(!desk.is_busy() && desk.work(&mut || true).is_empty());
    }

    #[test]
    fn what_is_wanted_does_not_wait_for_a_warm_worker() {
        assert!(!warm_up().check().has_errors() && warm_up().check().list.is_empty());
        let mut desk = Desk::default();
        assert!(desk.hear(ToWorker::WarmUp, Vec::new()).is_empty() && desk.is_busy());
        assert!(desk.work(&mut || true).is_empty() && desk.is_busy());
        let (answers, _) = run(&mut desk);
        assert!(matches!(answers.first(), Some((FromWorker::Begun { id: 7, .. }, _))));
        assert!(!desk.is_busy());
        // Who has run something is warm.
        desk.hear(ToWorker::WarmUp, Vec::new());
        assert!(!desk.is_busy());
        let mut desk = Desk::default();
        desk.hear(ToWorker::WarmUp, Vec::new());
        assert!(finish(&mut desk).is_empty());
    }

    #[test]
    fn a_wrong_scenario_is_told_and_not_run() {
        let mut desk = Desk::default();
        let mut written = first();
        written.text = written.text.replace("count = 20", "count = -1");
        let run = ToWorker::Run { id: 1, written: written.clone(), film_bytes: FILM };
        let answers = desk.hear(run, Vec::new());
        assert!(matches!(answers.as_slice(), [(FromWorker::Wrong { id: 1, .. }, _)]));
        assert!(!desk.is_busy());
        let answers = desk.hear(ToWorker::Check { id: 2, written }, Vec::new());
        let [(FromWorker::Checked { problems, knobs, .. }, _)] = answers.as_slice() else {
            panic!("one answer: {answers:?}")
        };
        assert!(problems.has_errors() && knobs.is_empty());
    }

    #[test]
    fn questions_about_nothing_have_an_answer() {
        let mut desk = Desk::default();
        let answers = desk.hear(ToWorker::Host { id: 1, host: 0 }, Vec::new());
        assert!(matches!(answers.as_slice(), [(FromWorker::Failed { id: 1, .. }, _)]));
        run(&mut desk);
        desk.hear(ToWorker::Host { id: 2, host: 99 }, Vec::new());
        assert!(matches!(finish(&mut desk).as_slice(), [(FromWorker::Failed { id: 2, .. }, _)]));
    }
}
