//! Charts: lines and areas over the run's time, as SVG paths. The page puts them into its SVG; a
//! file of its own is made by [`Chart::svg`].

use fleetcast_core::frames::{self as film, Film};
use fleetcast_core::report::{Series, SeriesColumn};
use fleetcast_core::ticks;
use fleetcast_core::time::Calendar;
use fleetcast_core::words;
use std::fmt::Write as _;

use crate::protocol::TurnedAway;

/// A chart, before it is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// A word for links and files: `hosts`.
    pub id: &'static str,
    /// What it shows.
    pub title: String,
    /// The unit of the values.
    pub unit: String,
    /// When each value is, ms after the start; ascending.
    pub times_ms: Vec<u64>,
    /// What is drawn.
    pub lines: Vec<Line>,
}

/// One line, or the area below one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// One value for each time.
    pub values: Vec<f64>,
    /// Whether the area below it is filled.
    pub is_area: bool,
    /// Which of the colours it has, from 0.
    pub colour: usize,
}

impl Line {
    /// A line without an area.
    pub fn new(name: impl Into<String>, values: Vec<f64>, colour: usize) -> Self {
        Self { name: name.into(), values, is_area: false, colour }
    }

    /// With the area below it filled.
    pub fn area(self) -> Self {
        Self { is_area: true, ..self }
    }
}

/// Where a chart is drawn, px.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Width of it all.
    pub width: u32,
    /// Height of it all.
    pub height: u32,
}

/// Left of the plot, px: room for figures.
pub const LEFT: f64 = 52.0;
/// Right of it.
pub const RIGHT: f64 = 10.0;
/// Above it.
pub const TOP: f64 = 8.0;
/// Below it: room for dates.
pub const BOTTOM: f64 = 22.0;

/// A chart that is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// Each line: its path, and the path of the area below it.
    pub paths: Vec<(String, Option<String>)>,
    /// Figures up the side: y in px, and the words.
    pub figures: Vec<(f64, String)>,
    /// Dates along the bottom: x in px, and the words.
    pub dates: Vec<(f64, String)>,
}

/// A stretch of time, ms after the start; `from < to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From.
    pub from_ms: u64,
    /// To.
    pub to_ms: u64,
}

impl Span {
    /// From one place to another of the whole, in any order; `None` if that is hardly anything.
    pub fn between(a_ms: u64, b_ms: u64, whole: Self) -> Option<Self> {
        let from_ms = a_ms.min(b_ms).max(whole.from_ms);
        let to_ms = a_ms.max(b_ms).min(whole.to_ms);
        let least = ((whole.to_ms - whole.from_ms) / 500).max(1);
        (to_ms.saturating_sub(from_ms) >= least).then_some(Self { from_ms, to_ms })
    }

    /// Where an instant is in a chart of this width, px; may be outside.
    pub fn x_of(self, at_ms: u64, width: u32) -> f64 {
        let plot = f64::from(width) - LEFT - RIGHT;
        let part = (at_ms as f64 - self.from_ms as f64) / (self.to_ms - self.from_ms) as f64;
        LEFT + plot * part
    }

    /// Which instant is at a place, px; inside the span.
    pub fn at_x(self, x: f64, width: u32) -> u64 {
        let plot = (f64::from(width) - LEFT - RIGHT).max(1.0);
        let part = ((x - LEFT) / plot).clamp(0.0, 1.0);
        self.from_ms + (part * (self.to_ms - self.from_ms) as f64).round() as u64
    }
}

impl Chart {
    /// The largest value, at least a little above 0.
    fn largest(&self) -> f64 {
        let values = self.lines.iter().flat_map(|line| line.values.iter().copied());
        let largest = values.fold(0.0, f64::max);
        if largest > 0.0 { largest } else { 1.0 }
    }

    /// The row of an instant: the last that does not begin after it.
    pub fn row_at(&self, at_ms: u64) -> Option<usize> {
        self.times_ms.partition_point(|time| *time <= at_ms).checked_sub(1)
    }

    /// What a line says at an instant, with its unit: `1,204 hosts`, `93.2%`.
    pub fn said(&self, line: &Line, at_ms: u64) -> String {
        let value = self.row_at(at_ms).and_then(|row| line.values.get(row));
        value.map_or_else(|| "–".to_owned(), |value| figure(*value, &self.unit))
    }

    /// Draws a stretch of it.
    pub fn draw(&self, calendar: &Calendar, span: Span, frame: Frame) -> Drawing {
        let bottom = f64::from(frame.height) - BOTTOM;
        let figures = ticks::figures(self.largest(), 3);
        let top = figures.last().copied().unwrap_or(1.0);
        let y_of = |value: f64| bottom - (bottom - TOP) * (value / top).clamp(0.0, 1.0);
        let x_of = |at_ms: u64| span.x_of(at_ms, frame.width);
        let most = ((f64::from(frame.width) - LEFT) / 78.0).max(2.0) as usize;
        let (first, last) = self.rows_in(span);
        let paths = self.lines.iter().map(|line| {
            let mut path = String::new();
            for row in first..last.min(line.values.len()) {
                let (x, y) = (x_of(self.times_ms[row]), y_of(line.values[row]));
                let x = x.clamp(LEFT, f64::from(frame.width) - RIGHT);
                let letter = if path.is_empty() { 'M' } else { 'L' };
                write!(path, "{letter}{x:.1} {y:.1}").expect("a string takes any text");
            }
            let area = (line.is_area && !path.is_empty()).then(|| {
                let (from, to) = (x_of(self.times_ms[first]), x_of(self.times_ms[last - 1]));
                let (from, to) = (from.max(LEFT), to.min(f64::from(frame.width) - RIGHT));
                format!("{path}L{to:.1} {bottom:.1}L{from:.1} {bottom:.1}Z")
            });
            (path, area)
        });
        Drawing {
            paths: paths.collect(),
            figures: figures.iter().map(|value| (y_of(*value), figure(*value, ""))).collect(),
            dates: dates(calendar, span, most).map(|(ms, text)| (x_of(ms), text)).collect(),
        }
    }

    /// The rows that a stretch shows: one on either side more, if there is one.
    fn rows_in(&self, span: Span) -> (usize, usize) {
        let first = self.times_ms.partition_point(|time| *time <= span.from_ms).saturating_sub(1);
        let last = self.times_ms.partition_point(|time| *time < span.to_ms) + 1;
        (first, last.min(self.times_ms.len()))
    }

    /// The chart as an SVG file: white paper, its own colours, nothing from elsewhere.
    pub fn svg(&self, calendar: &Calendar, span: Span, caption: &str) -> String {
        const FRAME: Frame = Frame { width: 900, height: 320 };
        const HEAD: f64 = 58.0;
        let drawing = self.draw(calendar, span, FRAME);
        let (width, height) = (f64::from(FRAME.width), f64::from(FRAME.height) + HEAD + 18.0);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\" \
             fill=\"#1d2733\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
             <text x=\"12\" y=\"22\" font-size=\"15\" font-weight=\"bold\">{}, {}</text>\n",
            escape(&self.title),
            escape(&self.unit),
        );
        let mut say = |text: String| svg.push_str(&text);
        let mut x = 12.0;
        for line in &self.lines {
            let colour = COLOURS[line.colour % COLOURS.len()];
            let name = escape(&line.name);
            let text_x = x + 17.0;
            say(format!(
                "<rect x=\"{x}\" y=\"35\" width=\"12\" height=\"8\" fill=\"{colour}\"/>\
                 <text x=\"{text_x}\" y=\"43\">{name}</text>\n"
            ));
            x += 36.0 + 6.8 * line.name.chars().count() as f64;
        }
        say(format!("<g transform=\"translate(0 {HEAD})\">\n"));
        for (y, text) in &drawing.figures {
            let (right, below, edge) = (width - RIGHT, y + 4.0, LEFT - 6.0);
            say(format!(
                "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#dde3e9\"/>\
                 <text x=\"{edge}\" y=\"{below:.1}\" text-anchor=\"end\">{}</text>\n",
                escape(text)
            ));
        }
        let floor = f64::from(FRAME.height) - BOTTOM;
        for (x, text) in &drawing.dates {
            let (end, below) = (floor + 4.0, floor + 17.0);
            let middle = word_x(*x, text, FRAME.width);
            say(format!(
                "<path d=\"M{x:.1} {floor}V{end}\" stroke=\"#7c8a99\"/>\
                 <text x=\"{middle:.1}\" y=\"{below}\" text-anchor=\"middle\">{}</text>\n",
                escape(text)
            ));
        }
        for (line, (path, area)) in self.lines.iter().zip(&drawing.paths) {
            let colour = COLOURS[line.colour % COLOURS.len()];
            if let Some(area) = area {
                say(format!("<path d=\"{area}\" fill=\"{colour}\" fill-opacity=\"0.18\"/>\n"));
            }
            say(format!(
                "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>\n"
            ));
        }
        let foot = height - HEAD - 8.0;
        say(format!(
            "<text x=\"12\" y=\"{foot}\" fill=\"#5b6875\" font-size=\"11\">{}</text>\n</g>\n</svg>\n",
            escape(caption)
        ));
        svg
    }
}

/// Where the middle of a date is, so that it does not leave the chart.
pub fn word_x(x: f64, text: &str, width: u32) -> f64 {
    x.min(f64::from(width) - 3.3 * text.chars().count() as f64 - 1.0)
}

/// Colours of lines on white paper; the page has its own for light and dark.
const COLOURS: [&str; 6] = ["#20628f", "#a8540f", "#2c7a52", "#7a3d8f", "#b23c2e", "#50606e"];

/// A figure with its unit.
pub fn figure(value: f64, unit: &str) -> String {
    match unit {
        "" => words::amount(value),
        "%" => format!("{}%", words::amount(value)),
        unit => format!("{} {unit}", words::amount(value)),
    }
}

/// Round dates in a stretch of the run.
fn dates(calendar: &Calendar, span: Span, most: usize) -> impl Iterator<Item = (u64, String)> {
    let start = calendar.at(fleetcast_core::time::Time::from_ms(span.from_ms));
    let inside = Calendar { start };
    let marks = ticks::dates(&inside, span.to_ms - span.from_ms, most);
    marks.into_iter().map(move |(ms, text)| (ms + span.from_ms, text))
}

/// Text as XML text or an attribute in double quotes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// The charts of a run.
pub fn charts(
    series: &Series,
    away: &TurnedAway,
    kinds: &[(String, String)],
    scarcest: Option<&str>,
) -> Vec<Chart> {
    let rows = series.columns.first().map_or(0, |column| column.mean.len());
    let times_ms: Vec<u64> = (0..rows as u64).map(|row| row * series.step_ms).collect();
    let column = |name: &str| series.columns.iter().find(|column| column.name == name);
    let most = |column: &SeriesColumn, factor: f64| -> Vec<f64> {
        column.max.iter().map(|value| *value as f64 / factor).collect()
    };
    let chart = |id, title: String, unit: &str, lines| Chart {
        id,
        title,
        unit: unit.to_owned(),
        times_ms: times_ms.clone(),
        lines,
    };
    let mut charts = Vec::new();

    let scarcest = scarcest.or_else(|| kinds.first().map(|(name, _)| name.as_str()));
    if let Some(name) = scarcest
        && let Some(used) = column(&format!("{name}_used"))
        && let Some(capacity) = column(&format!("{name}_capacity"))
    {
        let largest = used.max.iter().chain(&capacity.max).copied().max().unwrap_or(0);
        let (factor, unit) = words::scale(&used.unit, largest as f64);
        let lines = vec![
            Line::new("committed", most(used, factor), 0).area(),
            Line::new("capacity", most(capacity, factor), 1),
        ];
        let title = format!("Demand and capacity: {}", words::resource(name));
        charts.push(chart("demand", title, unit, lines));
    }

    let shares = kinds.iter().enumerate().filter_map(|(row, (name, _))| {
        let used = column(&format!("{name}_used"))?;
        let capacity = column(&format!("{name}_capacity"))?;
        let share = |(used, capacity): (&f64, &f64)| {
            if *capacity > 0.0 { 100.0 * used / capacity } else { 0.0 }
        };
        let values = used.mean.iter().zip(&capacity.mean).map(share).collect();
        Some(Line::new(words::resource(name), values, row))
    });
    charts.push(chart("utilisation", "Utilisation".to_owned(), "%", shares.collect()));

    if let (Some(hosts), Some(used)) = (column("hosts"), column("hosts_used")) {
        let empty = hosts.mean.iter().zip(&used.mean).map(|(all, used)| (all - used).max(0.0));
        let lines = vec![
            Line::new("in service", most(hosts, 1.0), 1),
            Line::new("with a VM", most(used, 1.0), 0).area(),
            Line::new("empty", empty.collect(), 2),
        ];
        charts.push(chart("hosts", "Hosts, and how many are empty".to_owned(), "hosts", lines));
    }

    if let Some(alive) = column("alive") {
        let lines = vec![Line::new("alive", most(alive, 1.0), 3).area()];
        charts.push(chart("vms", "VMs".to_owned(), "VMs", lines));
    }

    if let Some(drawn) = column("power_w") {
        let mean = drawn.mean.iter().map(|watts| watts / 1e3).collect();
        let lines = vec![
            Line::new("at most", most(drawn, 1e3), 1),
            Line::new("on average", mean, 2).area(),
        ];
        charts.push(chart("power", "Power that hosts draw".to_owned(), "kW", lines));
    }

    if !away.by_reason.is_empty() {
        let lines = away.by_reason.iter().enumerate().map(|(row, (reason, counts))| {
            let mut values: Vec<f64> = counts.iter().map(|count| f64::from(*count)).collect();
            values.resize(rows, 0.0);
            Line::new(reason.replace('+', " and "), values, 4 - row.min(4)).area()
        });
        let title = "Refused or made to wait, by what was short".to_owned();
        charts.push(chart("refused", title, "requests", lines.collect()));
    }

    if let Some(waiting) = column("waiting").filter(|column| column.max.iter().any(|max| *max > 0))
    {
        let lines = vec![Line::new("waiting", most(waiting, 1.0), 3).area()];
        charts.push(chart("queue", "Requests waiting for room".to_owned(), "requests", lines));
    }
    charts
}

/// Charts of several runs over each other, from their films: `(name, film)` by variant.
pub fn charts_of_films(films: &[(String, &Film)]) -> Vec<Chart> {
    let Some((_, first)) = films.iter().find(|(_, film)| !film.frames().is_empty()) else {
        return Vec::new();
    };
    let times_ms: Vec<u64> = first.frames().iter().map(|frame| frame.at_ms).collect();
    let chart = |id, title: &str, unit: &str, value: fn(&film::Frame) -> u64| {
        let line = |(colour, (name, film)): (usize, &(String, &Film))| {
            let at = |at_ms: &u64| film.at(*at_ms).map_or(0.0, |frame| value(frame) as f64);
            Line::new(name.as_str(), times_ms.iter().map(at).collect(), colour)
        };
        let lines: Vec<Line> = films.iter().enumerate().map(line).collect();
        let (title, unit, times_ms) = (title.to_owned(), unit.to_owned(), times_ms.clone());
        Chart { id, title, unit, times_ms, lines }
    };
    let charts = [
        chart("used", "Hosts in use", "hosts", |frame| frame.hosts_used),
        chart("alive", "VMs", "VMs", |frame| frame.alive),
        chart("refused", "Refused so far", "requests", |frame| frame.refused),
        chart("queue", "Requests waiting for room", "requests", |frame| frame.waiting),
    ];
    let says_something =
        |chart: &Chart| chart.lines.iter().any(|line| line.values.iter().any(|value| *value > 0.0));
    charts.into_iter().filter(says_something).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar() -> Calendar {
        Calendar { start: "2026-01-01".parse().expect("a date") }
    }

    fn chart(values: &[f64]) -> Chart {
        Chart {
            id: "t",
            title: "A <b> & c".into(),
            unit: "hosts".into(),
            times_ms: (0..values.len() as u64).map(|row| row * 1_000).collect(),
            lines: vec![Line::new("x", values.to_vec(), 0).area()],
        }
    }

    const WHOLE: Span = Span { from_ms: 0, to_ms: 3_000 };

    #[test]
    fn a_line_goes_through_its_values() {
        let frame = Frame { width: 162, height: 130 };
        let drawing = chart(&[0.0, 50.0, 100.0, 0.0]).draw(&calendar(), WHOLE, frame);
        let (path, area) = &drawing.paths[0];
        assert_eq!(path, "M52.0 108.0L85.3 58.0L118.7 8.0L152.0 108.0");
        assert_eq!(area.as_deref(), Some(format!("{path}L152.0 108.0L52.0 108.0Z").as_str()));
        assert_eq!(drawing.figures.last(), Some(&(8.0, "100".to_owned())));
    }

    #[test]
    fn a_stretch_shows_its_rows_and_one_more_on_each_side() {
        let chart = chart(&[1.0; 10]);
        assert_eq!(chart.rows_in(Span { from_ms: 2_500, to_ms: 4_500 }), (2, 6));
        assert_eq!(chart.rows_in(Span { from_ms: 0, to_ms: 9_000 }), (0, 10));
        let drawing = chart.draw(
            &calendar(),
            Span { from_ms: 2_500, to_ms: 4_500 },
            Frame { width: 162, height: 130 },
        );
        assert!(drawing.paths[0].0.starts_with("M52.0 "), "nothing is drawn outside");
    }

    #[test]
    fn nothing_is_a_chart_too() {
        let nothing = chart(&[]);
        let drawing = nothing.draw(&calendar(), WHOLE, Frame { width: 162, height: 130 });
        assert_eq!(drawing.paths, [(String::new(), None)]);
        assert_eq!(nothing.said(&nothing.lines[0], 5), "–");
    }

    #[test]
    fn places_and_instants_are_each_others() {
        let span = Span { from_ms: 10_000, to_ms: 20_000 };
        for at_ms in [10_000, 12_345, 20_000] {
            assert_eq!(span.at_x(span.x_of(at_ms, 700), 700), at_ms);
        }
        assert_eq!(span.at_x(-50.0, 700), 10_000);
        assert_eq!(span.at_x(9_999.0, 700), 20_000);
    }

    #[test]
    fn a_brush_of_nothing_is_no_zoom() {
        assert_eq!(Span::between(1_000, 1_002, WHOLE), None);
        let zoom = Span { from_ms: 500, to_ms: 3_000 };
        assert_eq!(Span::between(9_000, 500, WHOLE), Some(zoom));
    }

    #[test]
    fn values_are_said_with_their_unit() {
        let chart = chart(&[0.0, 1_234.5]);
        assert_eq!(chart.said(&chart.lines[0], 1_500), "1,235 hosts");
        assert_eq!(figure(93.25, "%"), "93.2%");
    }

    #[test]
    fn a_file_is_whole_and_holds_no_markup_of_others() {
        let svg = chart(&[1.0, 2.0]).svg(&calendar(), WHOLE, "<script>");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("A &lt;b&gt; &amp; c, hosts") && svg.contains("&lt;script&gt;"));
        assert!(!svg.contains("<script"));
    }
}
