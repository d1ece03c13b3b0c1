//! The page's charts, as SVG in the page. `plotters` draws them; colours are the page's.
//!
//! Each chart is drawn twice, wide and narrow, and the page shows the one that fits: one drawing
//! scaled down to a phone would have labels that nobody can read.

use crate::commands::run::Results;
use fleetcast_core::report::host_rollouts::{
    HostRolloutReport, HostRolloutsReport, HostTimelineRow,
};
use fleetcast_core::report::jobs::{JobsReport, ShareCourse};
use fleetcast_core::report::rollouts::{RolloutReport, TimelineRow};
use fleetcast_core::report::{Report, Series, SeriesColumn};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::ticks;
use fleetcast_core::words;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use std::fmt::Write as _;

/// Width and height, in px, of the two drawings, and about how many dates fit below each.
const WIDE: (u32, u32, usize) = (860, 300, 8);
const NARROW: (u32, u32, usize) = (360, 260, 4);

/// Colours that stand for parts of the chart until [`paint`] gives each its class.
const INK: RGBColor = RGBColor(1, 1, 1);
const GRID: RGBColor = RGBColor(2, 2, 2);
/// The lines are this colour with their number as blue.
const LINE: RGBColor = RGBColor(3, 3, 0);

/// How many tenants have a line.
const TENANTS_DRAWN: usize = 5;

/// One line, or the filled area below one.
struct Line {
    name: String,
    /// One value a row of the series.
    values: Vec<f64>,
    is_filled: bool,
}

impl Line {
    fn new(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), values, is_filled: false }
    }

    fn filled(self) -> Self {
        Self { is_filled: true, ..self }
    }
}

/// A chart, before it is drawn.
struct Chart {
    title: String,
    unit: String,
    lines: Vec<Line>,
}

/// What stands below a chart: when each value of a line is, and the marks.
struct Times {
    at: Vec<f64>,
    end: f64,
    /// For about so many marks.
    marks: Box<dyn Fn(usize) -> Vec<(f64, String)>>,
}

impl Times {
    /// The rows of the series, over the whole run.
    fn of_run(series: &Series, scenario: &Scenario) -> Self {
        let rows = series.columns.first().map_or(0, |column| column.mean.len());
        Self::of_rows(rows, series.step_ms as f64, scenario)
    }

    /// So many rows of so many ms, over the whole run.
    fn of_rows(rows: usize, step_ms: f64, scenario: &Scenario) -> Self {
        let end = scenario.duration_ms as f64;
        let at = |row: usize| ((row as f64 + 0.5) * step_ms).min(end);
        let (calendar, duration_ms) = (scenario.calendar, scenario.duration_ms);
        let marks = move |count: usize| {
            let dates = ticks::dates(&calendar, duration_ms, count);
            dates.into_iter().map(|(ms, text)| (ms as f64, text)).collect()
        };
        Self { at: (0..rows).map(at).collect(), end, marks: Box::new(marks) }
    }

    /// Since the beginning of a rollout, s: each value holds until the next one.
    fn of_rollout(rollout: &RolloutReport) -> Self {
        Self::held(rollout.timeline.iter().map(|row| row.t), rollout.released_s)
    }

    /// Each value holds until the next one, the last until the end; s.
    fn held(starts: impl Iterator<Item = f64> + Clone, end: f64) -> Self {
        let ends = starts.clone().skip(1).chain([end]);
        let at: Vec<f64> = starts.zip(ends).flat_map(|(from, to)| [from, to.max(from)]).collect();
        let end = at.last().copied().unwrap_or(1.0).max(1.0);
        let (unit, length) = match end {
            long if long >= 7_200.0 => ("h", 3_600.0),
            short if short >= 120.0 => ("min", 60.0),
            _ => ("s", 1.0),
        };
        let marks = move |count: usize| {
            let figures = ticks::figures(end / length, count).into_iter();
            let inside = figures.filter(|figure| figure * length <= end);
            inside.map(|at| (at * length, format!("{} {unit}", words::amount(at)))).collect()
        };
        Self { at, end, marks: Box::new(marks) }
    }
}

/// How many rollouts have charts: the first ones that have a timeline.
const ROLLOUTS_DRAWN: usize = 12;

/// A chart of instances and one of free room below it for each of the first rollouts.
pub(super) fn rollouts(report: &Report) -> String {
    let drawn = report.rollouts.iter().filter(|rollout| rollout.timeline.len() > 1);
    drawn.take(ROLLOUTS_DRAWN).map(rollout).collect()
}

fn rollout(rollout: &RolloutReport) -> String {
    let times = Times::of_rollout(rollout);
    let line = |name: &str, of: fn(&TimelineRow) -> f64| {
        let values = rollout.timeline.iter().flat_map(|row| [of(row), of(row)]);
        Line::new(name, values.collect())
    };
    let RolloutReport { service, from, to, at, .. } = rollout;
    let instances = Chart {
        title: format!("{service}: {from} → {to}, {}", at.date.replace('T', " ")),
        unit: "instances".to_owned(),
        lines: vec![
            line("old, available", |row| row.old_available.into()).filled(),
            line("new, available", |row| row.new_available.into()),
            line("new, booting", |row| {
                row.new.saturating_sub(row.new_ready + row.pending).into() //
            }),
            line("terminating", |row| row.terminating.into()),
            line("without room", |row| row.pending.into()),
        ],
    };
    let free = Chart {
        title: "Room on the fleet".to_owned(),
        unit: "more instances".to_owned(),
        lines: vec![line("free", |row| row.free_slots as f64).filled()],
    };
    figure(&instances, &times) + &figure(&free, &times)
}

/// The dominant shares of the tenants that had most; nothing where nobody had any.
pub(super) fn shares(jobs: &JobsReport, scenario: &Scenario) -> String {
    let area = |course: &&ShareCourse| course.mean.iter().sum::<f64>();
    let mut courses: Vec<&ShareCourse> = jobs.shares.iter().collect();
    courses.sort_by(|a, b| area(b).total_cmp(&area(a)));
    courses.truncate(TENANTS_DRAWN);
    let rows = courses.iter().map(|course| course.mean.len()).max().unwrap_or(0);
    if rows < 2 || courses.iter().all(|course| area(course) == 0.0) {
        return String::new();
    }
    let line = |course: &&ShareCourse| {
        Line::new(course.tenant.clone(), course.mean.iter().map(|share| share * 100.0).collect())
    };
    let chart = Chart {
        title: "Who has how much of the hosts: dominant shares".to_owned(),
        unit: "% of the hosts".to_owned(),
        lines: courses.iter().map(line).collect(),
    };
    figure(&chart, &Times::of_rows(rows, jobs.step_s * 1e3, scenario))
}

/// A chart of hosts and one of capacity below it for each of the first host rollouts.
pub(super) fn host_rollouts(all: &HostRolloutsReport) -> String {
    let drawn = all.list.iter().filter(|rollout| rollout.timeline.len() > 1);
    drawn.take(ROLLOUTS_DRAWN).map(host_rollout).collect()
}

fn host_rollout(rollout: &HostRolloutReport) -> String {
    let rows = &rollout.timeline;
    let times = Times::held(rows.iter().map(|row| row.t), rollout.duration_s);
    let line = |name: &str, of: fn(&HostTimelineRow) -> f64| {
        Line::new(name, rows.iter().flat_map(|row| [of(row), of(row)]).collect())
    };
    let HostRolloutReport { name, image, at, .. } = rollout;
    let hosts = Chart {
        title: format!("{name}: {image}, {}", at.date.replace('T', " ")),
        unit: "hosts".to_owned(),
        lines: vec![
            line("old image", |row| row.old.into()).filled(),
            line("new image", |row| row.new.into()),
            line("being emptied", |row| row.draining.into()),
            line("getting the image", |row| row.rewriting.into()),
            line("standing still", |row| if row.stalled { row.draining.into() } else { 0.0 }),
        ],
    };
    let capacity = Chart {
        title: "Capacity that is not out".to_owned(),
        unit: "% of the fleet".to_owned(),
        lines: vec![line("in service", |row| row.capacity * 100.0).filled()],
    };
    figure(&hosts, &times) + &figure(&capacity, &times)
}

/// An instant that is marked in a chart.
struct Mark {
    at_ms: f64,
    kind: MarkKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MarkKind {
    /// From the bottom to the top.
    Full,
    /// At the bottom.
    Ordered,
    /// At the top.
    Delivered,
}

impl MarkKind {
    const ALL: [Self; 3] = [Self::Full, Self::Ordered, Self::Delivered];

    /// What it is called, the number of its colour, and from where to where it goes, 0..=1.
    const fn look(self) -> (&'static str, u8, f64, f64) {
        match self {
            Self::Full => ("first full", 6, 0.0, 1.0),
            Self::Ordered => ("hosts ordered", 2, 0.0, 0.05),
            Self::Delivered => ("in service", 4, 0.95, 1.0),
        }
    }
}

/// The chart that shows why the verdict is what it is: what is committed of the scarcest resource, what
/// there is of it, when it was full first, and what was ordered.
pub(super) fn why(results: &Results) -> String {
    let Results { report, series, scenario, .. } = results;
    let chart = report.scarcest.as_deref().and_then(|resource| committed(series, resource));
    let Some(chart) = chart else { return String::new() };
    let mark = |kind, at_s: f64| Mark { at_ms: at_s * 1e3, kind };
    let full = report.first_full.iter().map(|full| mark(MarkKind::Full, full.at_s));
    let ordered = report.orders.iter().map(|order| mark(MarkKind::Ordered, order.ordered.at_s));
    let due = report.orders.iter().map(|order| mark(MarkKind::Delivered, order.due.at_s));
    let end_ms = scenario.duration_ms as f64;
    let marks: Vec<Mark> =
        full.chain(ordered).chain(due).filter(|mark| mark.at_ms <= end_ms).collect();
    marked(&chart, &Times::of_run(series, scenario), &marks)
}

/// The charts that the run has something to show in, as HTML figures.
pub(super) fn figures(series: &Series, scenario: &Scenario) -> String {
    let charts = [
        utilisation(series, scenario),
        hosts(series),
        pools(series, scenario),
        twice(series),
        power(series),
        queued(series),
        turned_away(series),
    ];
    let times = Times::of_run(series, scenario);
    charts.into_iter().flatten().map(|chart| figure(&chart, &times)).collect()
}

fn column<'a>(series: &'a Series, name: &str) -> Option<&'a SeriesColumn> {
    series.columns.iter().find(|column| column.name == name)
}

fn most(column: &SeriesColumn) -> impl Iterator<Item = f64> {
    column.max.iter().map(|value| *value as f64)
}

fn committed(series: &Series, resource: &str) -> Option<Chart> {
    let used = column(series, &format!("{resource}_used"))?;
    let capacity = column(series, &format!("{resource}_capacity"))?;
    let largest = most(used).chain(most(capacity)).fold(0.0, f64::max);
    let (factor, unit) = words::scale(&used.unit, largest);
    let scaled = |column| most(column).map(|value| value / factor).collect();
    Some(Chart {
        title: format!("Demand and capacity: {}, the scarcest", words::resource(resource)),
        unit: unit.to_owned(),
        lines: vec![
            Line::new("committed", scaled(used)).filled(),
            Line::new("capacity", scaled(capacity)),
        ],
    })
}

fn utilisation(series: &Series, scenario: &Scenario) -> Option<Chart> {
    let line = |index: usize| {
        let name = scenario.kinds.name(index);
        let used = column(series, &format!("{name}_used"))?;
        let capacity = column(series, &format!("{name}_capacity"))?;
        let share = |(used, capacity): (&f64, &f64)| {
            if *capacity > 0.0 { 100.0 * used / capacity } else { 0.0 }
        };
        let values = used.mean.iter().zip(&capacity.mean).map(share).collect();
        Some(Line::new(words::resource(name), values))
    };
    let lines: Vec<_> = (0..scenario.kinds.len()).filter_map(line).collect();
    let chart = Chart { title: "Utilisation".to_owned(), unit: "% of capacity".to_owned(), lines };
    (!chart.lines.is_empty()).then_some(chart)
}

fn hosts(series: &Series) -> Option<Chart> {
    Some(Chart {
        title: "Hosts".to_owned(),
        unit: "hosts".to_owned(),
        lines: vec![
            Line::new("with a VM on them", most(column(series, "hosts_used")?).collect()).filled(),
            Line::new("in service", most(column(series, "hosts")?).collect()),
        ],
    })
}

/// Hosts of each pool, where something goes from one to another.
fn pools(series: &Series, scenario: &Scenario) -> Option<Chart> {
    let line = |pool: &fleetcast_core::scenario::Pool| {
        let of = |what: &str| column(series, &format!("pool_{}_{what}", pool.name));
        let name = &pool.name;
        let used = Line::new(format!("{name}, in use"), most(of("hosts_used")?).collect());
        Some([used, Line::new(format!("{name}, in service"), most(of("hosts")?).collect())])
    };
    let lines: Vec<Line> = scenario.pools.iter().filter_map(line).flatten().collect();
    let chart = Chart { title: "Hosts by pool".to_owned(), unit: "hosts".to_owned(), lines };
    (!chart.lines.is_empty()).then_some(chart)
}

fn twice(series: &Series) -> Option<Chart> {
    Some(Chart {
        title: "VMs that take room in two pools".to_owned(),
        unit: "VMs".to_owned(),
        lines: vec![Line::new("twice", most(column(series, "vms_twice")?).collect()).filled()],
    })
}

/// What hosts draw, where that is known.
fn power(series: &Series) -> Option<Chart> {
    let drawn = column(series, "power_w")?;
    let kw = |watts: f64| watts / 1e3;
    Some(Chart {
        title: "Power that hosts draw".to_owned(),
        unit: "kW".to_owned(),
        lines: vec![
            Line::new("on average", drawn.mean.iter().copied().map(kw).collect()).filled(),
            Line::new("at most", most(drawn).map(kw).collect()),
        ],
    })
}

/// The queues of desks.
fn queued(series: &Series) -> Option<Chart> {
    Some(Chart {
        title: "Tickets that wait at desks".to_owned(),
        unit: "tickets".to_owned(),
        lines: vec![Line::new("waiting", most(column(series, "queued")?).collect()).filled()],
    })
}

/// None when nobody was turned away.
fn turned_away(series: &Series) -> Option<Chart> {
    let waiting: Vec<f64> = most(column(series, "waiting")?).collect();
    let mut sum = 0.0;
    let refused = most(column(series, "refused")?).map(|refused| {
        sum += refused;
        sum
    });
    let refused: Vec<f64> = refused.collect();
    let mut lines = Vec::new();
    if waiting.iter().any(|value| *value > 0.0) {
        lines.push(Line::new("waiting", waiting).filled());
    }
    if sum > 0.0 {
        lines.push(Line::new("refused so far", refused));
    }
    let (title, unit) = ("Turned away".to_owned(), "requests".to_owned());
    (!lines.is_empty()).then_some(Chart { title, unit, lines })
}

/// A figure: the title, what each line is, and the two drawings.
fn figure(chart: &Chart, times: &Times) -> String {
    marked(chart, times, &[])
}

/// A figure with marks in it.
fn marked(chart: &Chart, times: &Times, marks: &[Mark]) -> String {
    let Chart { title, unit, lines } = chart;
    let mut keys = String::new();
    for (index, line) in lines.iter().enumerate() {
        let fill = if line.is_filled { " area" } else { "" };
        let name = super::escape(&line.name);
        write!(keys, "<span class=\"key k{index}{fill}\">{name}</span> ")
            .expect("a string takes any text");
    }
    let kinds = MarkKind::ALL.into_iter();
    for kind in kinds.filter(|kind| marks.iter().any(|mark| mark.kind == *kind)) {
        let (name, color, ..) = kind.look();
        write!(keys, "<span class=\"key k{color}\">{name}</span> ")
            .expect("a string takes any text");
    }
    let (title, unit) = (super::escape(title), super::escape(unit));
    let [wide, narrow] = [WIDE, NARROW].map(|size| draw(chart, times, marks, size));
    format!(
        "<figure><figcaption><b>{title}</b> <span class=\"unit\">{unit}</span><br>{keys}\
         </figcaption>\n<div class=\"wide\" role=\"img\" aria-label=\"{title} over time\">{wide}\
         </div><div class=\"narrow\" role=\"img\" aria-label=\"{title} over time\">{narrow}\
         </div></figure>\n"
    )
}

fn draw(chart: &Chart, times: &Times, marks: &[Mark], size: (u32, u32, usize)) -> String {
    let mut svg = String::new();
    plot(&mut svg, chart, times, marks, size).expect("drawing into a string cannot fail");
    paint(&svg)
}

fn plot(
    svg: &mut String,
    chart: &Chart,
    times: &Times,
    marked: &[Mark],
    (width, height, marks): (u32, u32, usize),
) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(svg, (width, height)).into_drawing_area();
    let largest = chart.lines.iter().flat_map(|line| &line.values).copied().fold(0.0, f64::max);
    let figures = ticks::figures(if largest > 0.0 { largest } else { 1.0 }, 5);
    let y = Axis {
        end: figures.last().copied().unwrap_or(1.0),
        marks: figures.into_iter().map(|figure| (figure, words::amount(figure))).collect(),
    };
    let x = Axis { end: times.end, marks: (times.marks)(marks) };
    let top = y.end;

    let mut plane = ChartBuilder::on(&area)
        .margin_top(12)
        .margin_right(28)
        .x_label_area_size(28)
        .y_label_area_size(48)
        .build_cartesian_2d(x, y)?;
    plane
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .x_labels(64)
        .y_labels(64)
        .label_style(("sans-serif", 15).into_font().color(&INK))
        .draw()?;
    for (index, line) in chart.lines.iter().enumerate() {
        let color = RGBColor(LINE.0, LINE.1, u8::try_from(index).unwrap_or(u8::MAX));
        let points = times.at.iter().copied().zip(line.values.iter().copied());
        if line.is_filled {
            plane.draw_series(AreaSeries::new(points, 0.0, color))?;
        } else {
            plane.draw_series(LineSeries::new(points, color.stroke_width(2)))?;
        }
    }
    for mark in marked {
        let (_, color, from, to) = mark.kind.look();
        let line = [(mark.at_ms, top * from), (mark.at_ms, top * to)];
        let style = RGBColor(LINE.0, LINE.1, color).stroke_width(2);
        plane.draw_series(LineSeries::new(line, style))?;
    }
    area.present()?;
    Ok(())
}

/// Gives the parts of a drawing their classes, so that the page's style decides on colours, and
/// lets it take the width it is given.
fn paint(svg: &str) -> String {
    let mut svg = svg.to_owned();
    let size = svg.find(" viewBox").zip(svg.find(" width="));
    if let Some((view, width)) = size
        && width < view
    {
        svg.replace_range(width..view, "");
    }
    let mut paint = |color: RGBColor, line: &str, fill: &str| {
        let hex = format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2);
        svg = svg
            .replace(&format!("stroke=\"{hex}\""), &format!("class=\"{line}\""))
            .replace(&format!("fill=\"{hex}\""), &format!("class=\"{fill}\""));
    };
    paint(INK, "ink", "ink");
    paint(GRID, "grid", "grid");
    for index in 0..8 {
        let color = RGBColor(LINE.0, LINE.1, index);
        paint(color, &format!("l{index}"), &format!("a{index}"));
    }
    svg.replace(" font-family=\"sans-serif\"", "").replace('\n', "")
}

/// An axis from 0 to `end`, with marks where we want them.
#[derive(Clone)]
struct Axis {
    end: f64,
    marks: Vec<(f64, String)>,
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        from + ((to - from) as f64 * value / self.end).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.marks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        0.0..self.end
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let mark = self.marks.iter().find(|(at, _)| at == value);
        mark.map(|(_, text)| text.clone()).unwrap_or_default()
    }
}
