//! Instants and hosts in words.

use crate::paint::{Mark, mark};
use crate::protocol::{Outline, Written};
use fleetcast_core::frames::{Film, Frame, IMAGES_MIXED, LOAD_FULL};
use fleetcast_core::report::Series;
use fleetcast_core::time::{Calendar, DAY_MS, Time, YEAR_MS};
use fleetcast_core::words;

/// An instant in the scenario's calendar: `2013-04-18`, and the time of day in a run of less than
/// two months.
pub fn instant(calendar: &Calendar, at_ms: u64, duration_ms: u64) -> String {
    let date = calendar.at(Time::from_ms(at_ms));
    match duration_ms {
        0..600_000 => date.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        _ if duration_ms < 60 * DAY_MS => date.strftime("%Y-%m-%d %H:%M").to_string(),
        _ => date.date().to_string(),
    }
}

/// The command that runs the same in a terminal, where the scenario lies beside.
pub fn command(written: &Written) -> String {
    let mut command = format!("fleetcast run {}", words::shell(&written.file));
    for (key, value) in &written.sets {
        command += &format!(" --set {}", words::shell(&format!("{key}={value}")));
    }
    command
}

/// What a host is called.
pub fn host_name(outline: &Outline, host: u32) -> String {
    let named = outline.host_names.get(host as usize).filter(|name| !name.is_empty());
    named.map_or_else(|| format!("h{host}"), Clone::clone)
}

/// The host with this name or number.
pub fn host_named(outline: &Outline, hosts: usize, name: &str) -> Option<u32> {
    let name = name.trim();
    let row = outline.host_names.iter().position(|known| !known.is_empty() && known == name);
    let number = || name.strip_prefix('h').unwrap_or(name).parse().ok();
    row.or_else(number).filter(|row| *row < hosts).and_then(|row| u32::try_from(row).ok())
}

/// What a mark means.
pub fn state(mark: Mark) -> &'static str {
    match mark {
        Mark::None => "not in service",
        Mark::Empty => "empty",
        Mark::Part => "in use",
        Mark::Full => "full",
        Mark::Draining => "draining",
        Mark::Down => "down",
    }
}

/// A host at an instant, in a line.
pub fn host(outline: &Outline, film: &Film, frame: &Frame, host: u32) -> String {
    let row = host as usize;
    let name = host_name(outline, host);
    let Some(new) = film.hosts().get(row) else { return name };
    let (rack, zone) = match outline.racks.get(new.rack.row()) {
        Some((rack, zone)) => (rack.as_str(), outline.zones.get(*zone as usize)),
        None => ("", None),
    };
    let zone = zone.map_or("", String::as_str);
    let place = format!("{name} · {zone} · {rack}");
    let mark = mark(frame, row);
    if mark == Mark::None {
        return format!("{place} · {}", state(mark));
    }
    let model = outline.host_types.get(new.host_type.row()).map_or("", |(model, ..)| model);
    let loads = outline.kinds.iter().enumerate().map(|(column, (kind, _))| {
        format!("{} {}", words::resource(kind), percent(frame.load_of(column, row)))
    });
    let vms = words::plural(u64::from(frame.vms[row]), "VM");
    let image = match frame.images.get(row) {
        None | Some(0) => String::new(),
        Some(&IMAGES_MIXED) => " · several images".to_owned(),
        Some(code) => match outline.images.get(usize::from(*code) - 1) {
            Some(image) => format!(" · image {image}"),
            None => String::new(),
        },
    };
    let own = frame.host_images.get(row).and_then(|code| usize::from(*code).checked_sub(1));
    let own = own.and_then(|own| outline.host_images.get(own));
    let own = own.map_or(String::new(), |own| format!(" · host image {own}"));
    let age_ms = i64::try_from(frame.at_ms).unwrap_or(i64::MAX).saturating_sub(new.born_ms);
    format!(
        "{place} · {model} · {} · {vms}{image}{own} · {} · {}",
        state(mark),
        loads.collect::<Vec<_>>().join(", "),
        age(age_ms.unsigned_abs()),
    )
}

/// A host's load in percent.
pub fn percent(load: u8) -> String {
    match load {
        0 => "0%".to_owned(),
        LOAD_FULL => "100%".to_owned(),
        251.. => "over 100%".to_owned(),
        load => format!("{}%", (u32::from(load) * 100 / u32::from(LOAD_FULL)).clamp(1, 99)),
    }
}

fn age(ms: u64) -> String {
    match ms {
        0..DAY_MS => "new".to_owned(),
        _ if ms < 2 * YEAR_MS => format!("{} old", words::plural(ms / DAY_MS, "day")),
        _ => format!("{} years old", words::amount((ms * 10 / YEAR_MS) as f64 / 10.0)),
    }
}

/// The fleet at an instant, in a line: for who does not see the map.
pub fn fleet(frame: &Frame) -> String {
    let marks: Vec<Mark> = (0..frame.status.len()).map(|host| mark(frame, host)).collect();
    let count = |wanted| marks.iter().filter(|mark| **mark == wanted).count() as u64;
    let mut parts = vec![words::plural(frame.hosts, "host")];
    for wanted in [Mark::Empty, Mark::Full, Mark::Draining, Mark::Down] {
        if count(wanted) > 0 {
            parts.push(format!("{} {}", words::count(count(wanted)), state(wanted)));
        }
    }
    parts.push(words::plural(frame.alive, "VM"));
    if frame.waiting > 0 {
        parts.push(format!("{} waiting", words::count(frame.waiting)));
    }
    parts.push(format!("{} refused so far", words::count(frame.refused)));
    parts.join(" · ")
}

/// A host's load over time, one value a frame, of the resource of which most is taken: `None`
/// where it was not in service.
pub fn history(film: &Film, host: u32) -> Vec<(u64, Option<u8>)> {
    let row = host as usize;
    let load =
        |frame: &Frame| (mark(frame, row) != Mark::None).then(|| crate::paint::fullest(frame, row));
    film.frames().iter().map(|frame| (frame.at_ms, load(frame))).collect()
}

/// The series as a CSV file: three columns for a level, one for a count.
pub fn series_csv(series: &Series, calendar: &Calendar) -> String {
    let mut csv = String::from("time_s,date");
    for column in &series.columns {
        let suffixes: &[&str] = if column.is_count { &[""] } else { &["_mean", "_min", "_max"] };
        for suffix in suffixes {
            csv += &format!(",{}{suffix}", cell(&column.name));
        }
    }
    csv.push('\n');
    let rows = series.columns.first().map_or(0, |column| column.mean.len());
    for row in 0..rows {
        let at = Time::from_ms(row as u64 * series.step_ms);
        csv += &format!("{},{}", words::seconds(at.ms()), calendar.at(at));
        for column in &series.columns {
            if !column.is_count {
                csv += &format!(",{},{}", column.mean[row], column.min[row]);
            }
            csv += &format!(",{}", column.max[row]);
        }
        csv.push('\n');
    }
    csv
}

/// A text in a cell; one that a spreadsheet would take for a formula is none.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// A name of a file, of letters that every system takes.
pub fn file_stem(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let stem: String = name.chars().take(60).map(letter).collect();
    let parts: Vec<&str> = stem.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "fleetcast".to_owned() } else { parts.join("-") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Ask;
    use crate::builtin;
    use crate::job::{Run, outline};

    fn filmed() -> (Outline, Film, Series) {
        film_of("first.toml")
    }

    fn film_of(file: &str) -> (Outline, Film, Series) {
        let ask = Ask::of(file, builtin::find(file).unwrap().text());
        let mut run = Run::new(&ask, u64::MAX).unwrap();
        let mut bytes = Vec::new();
        assert!(run.go_on(&mut bytes, &mut || false).unwrap());
        let mut film = Film::default();
        let mut bytes = bytes.as_slice();
        while !bytes.is_empty() {
            film.push(Frame::read(&mut bytes).unwrap());
        }
        (outline(run.scenario()), film, run.ended().series)
    }

    #[test]
    fn hosts_and_fleets_are_said_in_words() {
        let (outline, film, _) = filmed();
        let last = film.frames().last().unwrap();
        assert_eq!(
            host(&outline, &film, last, 3),
            "h3 · z1 · main-z1-r1 · server · full · 4 VMs · CPU 100%, memory 50% · 365 days old"
        );
        assert_eq!(fleet(last), "20 hosts · 20 full · 80 VMs · 176 refused so far");
        assert_eq!(history(&film, 3).last(), Some(&(last.at_ms, Some(LOAD_FULL))));
        assert_eq!(host_named(&outline, 20, " h19"), Some(19));
        assert_eq!(host_named(&outline, 20, "20"), None);
    }

    #[test]
    fn a_host_is_said_with_the_image_of_its_own() {
        let (outline, film, _) = film_of("host-image.toml");
        let said = |frame| host(&outline, &film, frame, 3);
        assert!(said(&film.frames()[0]).contains(" · host image 6.8 · "));
        assert!(said(film.frames().last().unwrap()).contains(" · host image 6.12 · "));
    }

    #[test]
    fn instants_are_as_fine_as_the_run() {
        let calendar = Calendar { start: "2026-01-01".parse().expect("a date") };
        assert_eq!(instant(&calendar, 90_000, 60_000), "2026-01-01 00:01:30");
        assert_eq!(instant(&calendar, 90_000, DAY_MS), "2026-01-01 00:01");
        assert_eq!(instant(&calendar, DAY_MS, YEAR_MS), "2026-01-02");
    }

    #[test]
    fn a_table_has_a_row_a_step_and_no_formulas() {
        let (_, film, series) = filmed();
        let calendar = Calendar { start: "2026-01-01".parse().expect("a date") };
        let csv = series_csv(&series, &calendar);
        assert!(csv.starts_with("time_s,date,hosts_mean,hosts_min,hosts_max,"));
        assert_eq!(csv.lines().count(), film.frames().len());
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("a\",b"), "\"a\"\",b\"");
        assert_eq!(file_stem("Azure: <a> cloud/.."), "azure-a-cloud");
    }
}
