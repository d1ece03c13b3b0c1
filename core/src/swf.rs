//! Job traces in the Standard Workload Format of the Parallel Workloads Archive (Feitelson, version
//! 2): a line a job, 18 numbers each, −1 where something is not known; lines that begin with `;` say
//! where the trace is from.
//!
//! [`survey`] goes through the file once and says all that is wrong with it; [`Rows`] goes through
//! it again, during the run. A job that never ran (no run time, or no processors) is passed over.

use crate::problem::{Place, Problem, Problems, Severity};
use crate::scenario::batch::Owner;
use crate::table::{self, FOREIGN, GZIP, cut, grouped, report, shown, without_errors};
use crate::time::{SECOND_MS, TIME_MS_MAX};
use flate2::read::MultiGzDecoder;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Cursor, Read};

/// The most jobs of one trace.
pub const JOBS_MAX: u64 = 20_000_000;

/// The most processors of one job.
pub const PROCESSORS_MAX: u64 = 100_000;

/// The most users or groups that one trace may name.
pub const NAMES_MAX: usize = 65_536;

/// The longest line, in bytes.
const LINE_BYTES_MAX: usize = 4_096;

/// How many fields a line has.
const FIELDS: usize = 18;

/// The fields that are used, by position, from 0.
mod field {
    pub(super) const NUMBER: usize = 0;
    pub(super) const SUBMIT: usize = 1;
    pub(super) const RUN: usize = 3;
    pub(super) const PROCESSORS: usize = 4;
    pub(super) const PROCESSORS_ASKED: usize = 7;
    pub(super) const TIME_ASKED: usize = 8;
    pub(super) const USER: usize = 11;
    pub(super) const GROUP: usize = 12;
}

/// Their names, as the format's definition has them.
const NAMES: [&str; FIELDS] = [
    "job number",
    "submit time",
    "wait time",
    "run time",
    "allocated processors",
    "average CPU time",
    "used memory",
    "requested processors",
    "requested time",
    "requested memory",
    "status",
    "user",
    "group",
    "application",
    "queue",
    "partition",
    "preceding job",
    "think time",
];

/// One job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// Its number in the trace.
    pub number: u64,
    /// When it is submitted, ms.
    pub submit_ms: u64,
    /// How long it ran, ms.
    pub run_ms: u64,
    /// How many processors it had, or asked for where that is not known; 1 or more.
    pub processors: u32,
    /// How long it asked to run, ms; `None` where that is not known.
    pub estimate_ms: Option<u64>,
    /// Whose it is, where somebody asks.
    pub owner: Option<u32>,
}

/// What a whole trace is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Jobs that ran; at least 1.
    pub jobs: u64,
    /// Jobs that never did, and are passed over.
    pub never_ran: u64,
    /// Whether submissions never go back.
    pub is_sorted: bool,
    /// The last submission, ms.
    pub last_ms: u64,
    /// Processors of all jobs.
    pub processors: u64,
    /// Whose jobs they are, where somebody asks.
    pub owners: BTreeSet<u32>,
}

/// Goes through a whole trace once and adds all that is wrong with it to `problems`. `None` if there
/// is an error in it. Whose jobs are is read only if somebody asks.
pub fn survey(
    file: &str,
    reader: Box<dyn Read>,
    owner: Option<Owner>,
    problems: &mut Problems,
) -> Option<Survey> {
    without_errors(problems, |problems| {
        let mut rows = match Rows::open(file, reader, owner) {
            Ok(rows) => rows,
            Err(problem) => {
                problems.push(*problem);
                return None;
            }
        };
        let mut survey = Survey { is_sorted: true, ..Survey::default() };
        let mut unsorted = None;
        while let Some(job) = rows.next() {
            match job {
                Ok(job) => {
                    if job.submit_ms < survey.last_ms && unsorted.is_none() {
                        unsorted = Some(rows.problem(
                            field::SUBMIT,
                            "submissions go back here: the jobs will be sorted in memory",
                            "a file sorted by submit time is streamed, and needs none",
                        ));
                    }
                    survey.add(&job);
                }
                Err(problem) => report(problems, || problem.into()),
            }
            if let Some(owner) = owner.filter(|_| survey.owners.len() > NAMES_MAX) {
                let (most, what) = (grouped(NAMES_MAX as u64), NAMES[column_of(owner)]);
                let message = format!("the trace names more than {most} {what}s");
                report(problems, || rows.problem(column_of(owner), &message, "take a part of it"));
                return None;
            }
        }
        survey.never_ran = rows.never_ran;
        if survey.jobs == 0 && table::count(problems) == 0 {
            let message = "there is no job in it that ran";
            problems.push(Problem::of_file(file, message));
            return None;
        }
        if let Some(problem) = unsorted {
            survey.is_sorted = false;
            problems.push(Problem { severity: Severity::Warning, ..*problem });
        }
        if survey.never_ran > 0 {
            let (never, all) = (survey.never_ran, survey.never_ran + survey.jobs);
            let message = format!(
                "{} of {} jobs never ran (no run time, or no processors): they are passed over",
                grouped(never),
                grouped(all)
            );
            let problem = Problem::of_file(file, message);
            problems.push(Problem { severity: Severity::Warning, ..problem });
        }
        Some(survey)
    })
}

/// The column that says whose jobs are.
fn column_of(owner: Owner) -> usize {
    match owner {
        Owner::User => field::USER,
        Owner::Group => field::GROUP,
    }
}

impl Survey {
    fn add(&mut self, job: &Job) {
        self.jobs += 1;
        self.last_ms = self.last_ms.max(job.submit_ms);
        self.processors += u64::from(job.processors);
        self.owners.extend(job.owner);
    }
}

/// The jobs of a trace, in file order.
pub struct Rows {
    file: String,
    owner: Option<Owner>,
    reader: Box<dyn BufRead>,
    line: Vec<u8>,
    /// The number of the line at hand, from 1.
    number: u32,
    jobs: u64,
    never_ran: u64,
    is_over: bool,
}

impl Rows {
    /// The jobs of a file, plain or gzip; and whose they are, if somebody asks.
    ///
    /// # Errors
    /// It cannot be read, or is another kind of file.
    pub fn open(
        file: &str,
        mut reader: Box<dyn Read>,
        owner: Option<Owner>,
    ) -> Result<Self, Box<Problem>> {
        let unreadable = |why: std::io::Error| {
            Box::new(Problem::of_file(file, format!("the file cannot be read: {why}")))
        };
        let mut head = Vec::new();
        reader.by_ref().take(8).read_to_end(&mut head).map_err(unreadable)?;
        let is_gzip = head.starts_with(&GZIP);
        let whole = Cursor::new(head).chain(reader);
        let mut reader: Box<dyn BufRead> = match is_gzip {
            true => Box::new(BufReader::new(MultiGzDecoder::new(whole))),
            false => Box::new(BufReader::new(whole)),
        };
        let head = reader.fill_buf().map_err(unreadable)?;
        if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
            let message = format!("this is {what}, not a trace of jobs");
            let hint = Some("plain SWF or gzip is read here".to_owned());
            return Err(Box::new(Problem { hint, ..Problem::of_file(file, message) }));
        }
        let (line, number, jobs, never_ran) = (Vec::new(), 0, 0, 0);
        let file = file.to_owned();
        Ok(Self { file, owner, reader, line, number, jobs, never_ran, is_over: false })
    }

    /// Goes to the next line; `false` behind the last.
    fn next_line(&mut self) -> Result<bool, Box<Problem>> {
        self.line.clear();
        let mut most = self.reader.by_ref().take(LINE_BYTES_MAX as u64 + 1);
        let read = most.read_until(b'\n', &mut self.line);
        self.number += 1;
        match read {
            Ok(0) => Ok(false),
            Ok(bytes) if bytes > LINE_BYTES_MAX => {
                let message = format!("this line has more than {LINE_BYTES_MAX} bytes");
                Err(self.problem(0, &message, "a line is one job, of 18 numbers"))
            }
            Ok(_) if self.number == u32::MAX => Err(self.problem(0, "too many lines", "")),
            Ok(_) => Ok(true),
            Err(why) => {
                let message = format!("the file cannot be read further: {why}");
                Err(self.problem(0, &message, "was the file copied completely?"))
            }
        }
    }

    /// The bytes of a field of the line at hand: from, to.
    fn span(&self, field: usize) -> Option<(usize, usize)> {
        let mut at = 0;
        for place in 0.. {
            at += self.line[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let length =
                self.line[at..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
            if length == 0 {
                return None;
            }
            if place == field {
                return Some((at, at + length));
            }
            at += length;
        }
        None
    }

    /// An error about a field of the line at hand.
    #[cold]
    fn problem(&self, field: usize, message: &str, hint: &str) -> Box<Problem> {
        let raw = self.line.trim_ascii_end();
        let (from, to) = self.span(field).unwrap_or((raw.len(), raw.len()));
        let chars = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().count();
        let before = chars(&self.line[..from]);
        let (text, offset) = cut(raw, before);
        let small = |number: usize| u32::try_from(number).expect("lines are bounded");
        let place = Place {
            file: self.file.clone(),
            line: self.number,
            column: small(before + 1),
            width: small(chars(&self.line[from..to]).max(1)),
            text,
            offset: small(offset),
        };
        Box::new(Problem {
            severity: Severity::Error,
            message: message.to_owned(),
            place: Some(place),
            hint: (!hint.is_empty()).then(|| hint.to_owned()),
        })
    }

    /// The job of the line at hand; `None` if it never ran.
    fn read(&self) -> Result<Option<Job>, Box<Problem>> {
        let mut fields = [None; FIELDS];
        let mut count = 0;
        let is_blank = |byte: &u8| byte.is_ascii_whitespace();
        for text in self.line.split(is_blank).filter(|text| !text.is_empty()) {
            if count < FIELDS {
                fields[count] = self.number_in(count, text)?;
            }
            count += 1;
        }
        if count != FIELDS {
            let message = format!("this line has {count} numbers, and a job has {FIELDS}");
            return Err(self.problem(count.min(FIELDS), &message, "unknown ones are `-1`"));
        }
        let bounded = |field: usize, per_one: u64, max: u64| match fields[field] {
            Some(number) if number > (max / per_one) as f64 => {
                let text = self.span(field).map(|(from, to)| shown(&self.line[from..to]));
                let (text, max) = (text.unwrap_or_default(), grouped(max / per_one));
                let message = format!("the {} `{text}` is more than {max}", NAMES[field]);
                Err(self.problem(field, &message, "is it in the right column, in seconds?"))
            }
            Some(number) => Ok(Some(libm::round(number * per_one as f64) as u64)),
            None => Ok(None),
        };
        let ms = |field| bounded(field, SECOND_MS, TIME_MS_MAX);
        let small = |number: u64| u32::try_from(number).expect("it is bounded");
        let Some(submit_ms) = ms(field::SUBMIT)? else {
            let message = "this job has no submit time";
            return Err(self.problem(field::SUBMIT, message, "every job comes at some time"));
        };
        let positive = |number: &u64| *number > 0;
        let given = bounded(field::PROCESSORS, 1, PROCESSORS_MAX)?.filter(positive);
        let asked = bounded(field::PROCESSORS_ASKED, 1, PROCESSORS_MAX)?.filter(positive);
        let (Some(run_ms), Some(processors)) = (ms(field::RUN)?, given.or(asked)) else {
            return Ok(None);
        };
        let owner = match self.owner {
            Some(owner) => bounded(column_of(owner), 1, u32::MAX.into())?,
            None => None,
        };
        Ok(Some(Job {
            number: bounded(field::NUMBER, 1, 1 << 53)?.unwrap_or(0),
            submit_ms,
            run_ms,
            processors: small(processors),
            estimate_ms: ms(field::TIME_ASKED)?.filter(positive),
            owner: owner.map(small),
        }))
    }

    /// A number; `None` for one that is not known.
    fn number_in(&self, field: usize, text: &[u8]) -> Result<Option<f64>, Box<Problem>> {
        let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
        match number.filter(|number| number.is_finite()) {
            Some(number) if number < 0.0 => Ok(None),
            Some(number) => Ok(Some(number)),
            None => {
                let message = format!("the {} `{}` is not a number", NAMES[field], shown(text));
                Err(self.problem(field, &message, "what is not known is `-1`"))
            }
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Job, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            match self.next_line() {
                Ok(true) => {}
                Ok(false) => break,
                Err(problem) => {
                    self.is_over = true;
                    return Some(Err(*problem));
                }
            }
            let text = self.line.trim_ascii();
            if text.is_empty() || text.starts_with(b";") {
                continue;
            }
            self.jobs += 1;
            if self.jobs > JOBS_MAX {
                self.is_over = true;
                let message = format!("the trace has more than {} jobs", grouped(JOBS_MAX));
                return Some(Err(*self.problem(0, &message, "take a part of it")));
            }
            match self.read() {
                Ok(Some(job)) => return Some(Ok(job)),
                Ok(None) => self.never_ran += 1,
                Err(problem) => return Some(Err(*problem)),
            }
        }
        self.is_over = true;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::testing::{gzip, reader, short};

    const HEAD: &str = "; Version: 2.2\n;\n\n";

    /// What is read, or all that is wrong.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        check_of(None, text, expected);
    }

    #[track_caller]
    fn check_of(owner: Option<Owner>, text: &str, expected: &str) {
        for bytes in [text.as_bytes().to_vec(), gzip(text.as_bytes())] {
            let mut problems = Problems::default();
            let found = match survey("t.swf", reader(&bytes), owner, &mut problems) {
                None => short(&problems),
                Some(_) => {
                    let rows = Rows::open("t.swf", reader(&bytes), owner).unwrap();
                    let job = |job: Result<Job, Problem>| {
                        let job = job.unwrap();
                        let estimate = job.estimate_ms.map_or("?".into(), |ms| ms.to_string());
                        let Job { number, submit_ms, run_ms, processors, .. } = job;
                        format!("{number}@{submit_ms} {processors}×{run_ms}/{estimate}")
                    };
                    rows.map(job).collect::<Vec<_>>().join(", ")
                }
            };
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn jobs_are_lines_of_18_numbers() {
        let jobs = "1 0 5 60 4 -1 -1 8 90 -1 1 3 1 -1 2 -1 -1 -1\n  \
                    2\t7.5 -1 10 -1 -1 -1 2 -1 -1 1 -1 -1 -1 -1 -1 -1 -1\r\n";
        check(&format!("{HEAD}{jobs}"), "1@0 4×60000/90000, 2@7500 2×10000/?");
    }

    #[test]
    fn who_never_ran_is_passed_over() {
        let never = "1 0 5 -1 4 -1 -1 8 90 -1 5 3 1 -1 2 -1 -1 -1\n\
                     2 0 5 10 0 -1 -1 -1 90 -1 5 3 1 -1 2 -1 -1 -1\n";
        let one = "3 9 5 0 4 -1 -1 8 90 -1 1 3 1 -1 2 -1 -1 -1\n";
        check(&format!("{HEAD}{never}{one}"), "3@9000 4×0/90000");
        check(&format!("{HEAD}{never}"), "0:0+1 there is no job in it that ran");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_column() {
        check(
            &format!("{HEAD}1 0 5 x 4 -1 -1 8 90 -1 1 3 1 -1 2 -1 -1 -1\n1 2 3\n"),
            "4:7+1 the run time `x` is not a number (what is not known is `-1`)\n\
             5:6+1 this line has 3 numbers, and a job has 18 (unknown ones are `-1`)",
        );
        check(
            "1 -1 5 1 4 -1 -1 8 90 -1 1 3 1 -1 2 -1 -1 -1",
            "1:3+2 this job has no submit time (every job comes at some time)",
        );
        check(
            "1 0 5 1 400000 -1 -1 8 90 -1 1 3 1 -1 2 -1 -1 -1 7",
            "1:50+1 this line has 19 numbers, and a job has 18 (unknown ones are `-1`)",
        );
        check(
            "1 0 5 1 400000 -1 -1 8 90 -1 1 3 1 -1 2 -1 -1 -1",
            "1:9+6 the allocated processors `400000` is more than 100,000 (is it in the right \
             column, in seconds?)",
        );
        check(
            "PK\u{3}\u{4}",
            "0:0+1 this is a ZIP archive or a spreadsheet, not a trace of jobs (plain SWF or gzip \
             is read here)",
        );
    }

    #[test]
    fn whose_jobs_are_is_read_where_somebody_asks() {
        let jobs = |users: u64| -> String {
            let line = |user| format!("1 0 5 1 4 -1 -1 4 9 -1 1 {user} 5000000000 -1 2 -1 -1 -1\n");
            (0..users).map(line).collect()
        };
        check(&jobs(1), "1@0 4×1000/9000");
        check_of(Some(Owner::User), &jobs(1), "1@0 4×1000/9000");
        let expected = "1:28+10 the group `5000000000` is more than 4,294,967,295 (is it in the \
                        right column, in seconds?)";
        check_of(Some(Owner::Group), &jobs(1), expected);
        let most = NAMES_MAX as u64;
        let survey = |owner, users| {
            survey("t.swf", reader(jobs(users).as_bytes()), owner, &mut Problems::default())
        };
        assert_eq!(survey(None, most + 1).expect("nobody asks").owners.len(), 0);
        let all = survey(Some(Owner::User), most).expect("they are not too many");
        assert_eq!(all.owners.len(), NAMES_MAX);
        assert!(survey(Some(Owner::User), most + 1).is_none());
    }

    #[test]
    fn endless_lines_are_bounded() {
        check(
            &"1 ".repeat(5_000),
            "1:1+1 this line has more than 4096 bytes (a line is one job, of 18 numbers)",
        );
    }
}
