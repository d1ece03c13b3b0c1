//! What `headroom` says.

use super::{Headroom, Lasts, Look, Spread};
use crate::lines::{headline, line, prose, rows, table};
use fleetcast_core::report::{Moment, SURVIVES};
use fleetcast_core::words::{self, count, percent, plural};

/// The most rows of the table.
const ROWS_MAX: usize = 13;

/// The most resources that have room beside the other columns.
const BESIDE_MAX: usize = 2;

/// The length of a bar for all futures, in characters.
const BAR: f64 = 8.0;

/// The answer in one sentence.
pub(super) fn sentence(found: &Headroom) -> String {
    let (Some(first), Some(last)) = (found.looks.first(), found.looks.last()) else {
        return String::new();
    };
    let like = found.like.as_ref().map_or(String::new(), |name| format!(", like {name}"));
    let buffer = match found.buffer > 0.0 {
        true => format!(", with {} of everything kept free", percent(found.buffer)),
        false => String::new(),
    };
    let verb = if found.instances == 1 { "fits" } else { "fit" };
    let more = format!("{} more of {}{like}{buffer}", count(found.instances.into()), found.flavor);
    let what = match like.is_empty() && buffer.is_empty() {
        true => format!("{more} {verb}"),
        false => format!("{more}, {verb}"),
    };
    let all = plural(found.futures.into(), "future");
    if found.looks.len() == 1 {
        let at = date(&first.at, found);
        return format!("{what} on {at} in {} of {all}", percent(first.fits));
    }
    let Lasts { conservative, median, aggressive } = &found.until;
    let until = |at: &Moment| match *at == last.at {
        true => "until the end".to_owned(),
        false => format!("until {}", date(at, found)),
    };
    let mut parts = vec![match (conservative, median, aggressive) {
        (Some(early), _, Some(late)) if early == late => {
            format!("{what} {} in all of {all}", until(early))
        }
        (Some(early), Some(middle), Some(late)) => format!(
            "{what} {} in 95% of {all}, {} in half of them, {} in 5%",
            until(early),
            until(middle),
            until(late)
        ),
        (_, Some(middle), _) => format!(
            "{what} at the start in only {} of {all}, and {} in half of them",
            percent(first.fits),
            until(middle)
        ),
        _ if first.fits > 0.0 => {
            format!("{what} at the start in only {} of {all}", percent(first.fits))
        }
        _ => format!("{what} in none of {all}, not even at the start"),
    }];
    // What ends it for the careful, if resources do.
    if conservative.as_ref() != Some(&last.at) {
        let ends_it = |(_, lasts): &(&String, &Lasts)| lasts.conservative == *conservative;
        let short: Vec<&str> =
            found.enough.iter().filter(ends_it).map(|(name, _)| name.as_str()).collect();
        parts.push(match short.as_slice() {
            [] => "enough of everything is free then, but not in one place or not where the rules \
                   allow it"
                .to_owned(),
            [one] => format!("{one} is what is short then"),
            several => format!("{} are what is short then", several.join(" and ")),
        });
    }
    parts.join("; ")
}

/// A date; with its time of day in a run of up to a month, and where it is looked at once.
fn date(at: &Moment, found: &Headroom) -> String {
    /// A month of 31 days, in seconds.
    const MONTH_S: f64 = 31.0 * 86_400.0;
    match found.looks.as_slice() {
        [_, .., last] if last.at.at_s > MONTH_S => words::day(&at.date).to_owned(),
        [_] => at.date.trim_end_matches("T00:00:00").replace('T', " "),
        _ => at.date.replace('T', " "),
    }
}

pub(super) fn text(found: &Headroom) -> String {
    let mut text = String::new();
    headline(&mut text, &words::capitalised(&found.answer));
    let Some(first) = found.looks.first() else { return text };
    if found.looks.len() > 1 {
        line(&mut text, "");
        lasts(&mut text, found);
    }
    // The first, the last, and evenly between.
    let last = found.looks.len() - 1;
    let shown = found.looks.len().min(ROWS_MAX);
    let looks: Vec<&Look> =
        (0..shown).map(|row| &found.looks[row * last / (shown - 1).max(1)]).collect();
    let all: [&[Column]; 2] = match first.free.len() > BESIDE_MAX {
        false => [&[Column::Fits, Column::Free], &[Column::Survive]],
        true => [&[Column::Fits], &[Column::Free, Column::Survive]],
    };
    for columns in all {
        over_time(&mut text, found, &looks, columns);
    }
    line(&mut text, "");
    prose(&mut text, &about(found, shown));
    text
}

/// What a table of looks shows.
#[derive(Clone, Copy)]
enum Column {
    /// The share of futures, and how many more have room.
    Fits,
    /// What is free of each resource.
    Free,
    /// What is survived, if that was asked.
    Survive,
}

fn over_time(text: &mut String, found: &Headroom, looks: &[&Look], columns: &[Column]) {
    let whole = |figure: f64| count(figure.round() as u64);
    let cells = |column: &Column, look: &Look| -> Vec<(String, String)> {
        match column {
            Column::Fits => vec![
                ("Fits in".to_owned(), percent(look.fits)),
                (String::new(), "━".repeat((look.fits * BAR).ceil() as usize)),
                ("Room for".to_owned(), spread(&look.room, whole)),
            ],
            Column::Free => {
                let free = |(name, free): (&String, &Spread)| {
                    (
                        format!("{name} free"),
                        spread(free, |share| percent((share * 100.0).round() / 100.0)),
                    )
                };
                look.free.iter().map(free).collect()
            }
            Column::Survive => {
                let Some(survive) = &look.survive else { return Vec::new() };
                let level = |level: &&str| (format!("Any {level}"), percent(survive.losses[level]));
                let spare = ("N + k".to_owned(), spread(&survive.spare_hosts, whole));
                SURVIVES[1..].iter().map(level).chain([spare]).collect()
            }
        }
    };
    let mut of_looks = table();
    for (row, look) in looks.iter().enumerate() {
        let cells: Vec<_> = columns.iter().flat_map(|column| cells(column, look)).collect();
        if cells.is_empty() {
            return;
        }
        let (names, values): (Vec<_>, Vec<_>) = cells.into_iter().unzip();
        if row == 0 {
            of_looks.set_header([vec!["Look".to_owned()], names].concat());
        }
        of_looks.add_row([vec![date(&look.at, found)], values].concat());
    }
    line(text, "");
    rows(text, &of_looks);
}

/// How long it fits, and how long each resource suffices.
fn lasts(text: &mut String, found: &Headroom) {
    let mut of_ends = table();
    of_ends.set_header(["Until", "Conservative", "Median", "Aggressive"]);
    let mut add = |name: String, lasts: &Lasts| {
        let at = |at: &Option<Moment>| match at {
            None => "not at the start".to_owned(),
            Some(at) if found.looks.last().is_some_and(|last| last.at == *at) => "the end".into(),
            Some(at) => date(at, found),
        };
        let Lasts { conservative, median, aggressive } = lasts;
        of_ends.add_row([name, at(conservative), at(median), at(aggressive)]);
    };
    add("all fit".to_owned(), &found.until);
    for (name, lasts) in &found.enough {
        add(format!("{name} alone"), lasts);
    }
    rows(text, &of_ends);
}

/// The mean, and from what to what it is where that differs.
fn spread(of: &Spread, write: impl Fn(f64) -> String) -> String {
    let [low, mean, high] = [of.conservative, of.mean, of.aggressive].map(write);
    if low == high { mean } else { format!("{mean} ({low}–{high})") }
}

fn about(found: &Headroom, shown: usize) -> String {
    let mut about = format!(
        "Over {}: in how many all instances find a place; how many the free space would hold, rules aside; \
         what is free of each resource, on average (and in all but the extreme 5%).",
        plural(found.futures.into(), "future"),
    );
    if found.looks.len() > 1 {
        about += " Conservative is what 95% of the futures reach, aggressive what 5% do; a date is the last \
                  look before the first at which it no longer fits.";
    }
    if shown < found.looks.len() {
        about += &format!(" {} looks, {shown} shown: `--json` has all.", found.looks.len());
    }
    if found.looks.iter().any(|look| look.survive.is_some()) {
        about += " The last columns, without the new service: in how many the loss of any host, of any rack \
                  too, of any zone too is survived, and of how many hosts at once (up to 16).";
    }
    about
}
