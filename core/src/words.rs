//! Figures as people write them.

use crate::time::{Calendar, DAY_MS, Time};

/// `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (position, digit) in digits.char_indices() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12.3`, `1,234`: three digits at least, more only where the whole part has them.
pub fn amount(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 || value.fract() == 0.0 {
        let sign = if value.round() < 0.0 { "-" } else { "" };
        format!("{sign}{}", count(size.round() as u64))
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A price of something small: `5,200`, `12.34`, `0.00417`: three digits that say something.
pub fn price(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || size >= 0.1 {
        return amount(value);
    }
    let zeros = libm::ceil(-libm::log10(size)).clamp(1.0, 12.0) as usize;
    format!("{value:.*}", zeros + 2)
}

/// An energy, of kWh: `12.3 kWh`, `4.57 GWh`.
pub fn energy(kwh: f64) -> String {
    in_thousands(kwh, ["kWh", "MWh", "GWh"])
}

/// A power, of kW: `0.25 kW`, `1.2 MW`.
pub fn power(kw: f64) -> String {
    in_thousands(kw, ["kW", "MW", "GW"])
}

/// A mass, of kg: `12.3 kg`, `4.57 t`.
pub fn mass(kg: f64) -> String {
    in_thousands(kg, ["kg", "t", "kt"])
}

/// In the unit that suits it: each is a thousand of the one before.
fn in_thousands(value: f64, units: [&str; 3]) -> String {
    let row = if value >= 2e6 { 2 } else { usize::from(value >= 2e3) };
    let factor = [1.0, 1e3, 1e6][row];
    format!("{} {}", amount(value / factor), units[row])
}

/// A share as a percentage: `93.2%`; small ones keep their first digits (`0.04%`), and what is not
/// nothing never shows as `0%`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 {
        "0%".to_owned()
    } else if percent.abs() >= 1.0 {
        format!("{}%", format!("{percent:.1}").trim_end_matches(".0"))
    } else if percent.abs() >= 0.01 {
        format!("{percent:.2}%")
    } else {
        "<0.01%".to_owned()
    }
}

/// `part` of `whole`, as a percentage; nothing of nothing is nothing.
pub fn percent_of(part: u64, whole: u64) -> String {
    percent(if whole == 0 { 0.0 } else { part as f64 / whole as f64 })
}

/// A length of time in the unit that suits it: `10 s`, `2.5 h`, `70 days`.
pub fn duration(seconds: f64) -> String {
    const UNITS: [(&str, f64); 5] =
        [("days", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0), ("ms", 0.001)];
    let longest = UNITS.iter().find(|(_, length)| seconds >= 2.0 * length || *length == 0.001);
    let (unit, length) = longest.expect("the last unit takes what is left");
    if seconds == 0.0 { "0 s".to_owned() } else { format!("{} {unit}", amount(seconds / length)) }
}

/// Ms as seconds, exactly: `12`, `12.5`, `0.001`.
pub fn seconds(ms: u64) -> String {
    let (whole, rest) = (ms / 1_000, ms % 1_000);
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{rest:03}").trim_end_matches('0').to_owned()
}

/// The day of a report's date and time, `2013-04-18`.
pub fn day(date: &str) -> &str {
    date.split('T').next().unwrap_or(date)
}

/// When a run is: `2011-07-01 to 2014-07-01 (1,096 days)`, `12 h from 2011-07-01`.
pub fn span(calendar: &Calendar, duration_ms: u64) -> String {
    let (first, last) = (calendar.date(Time::ZERO), calendar.date(Time::from_ms(duration_ms)));
    let length = duration(duration_ms as f64 / 1_000.0);
    if duration_ms < 2 * DAY_MS {
        format!("{length} from {first}")
    } else {
        format!("{first} to {last} ({length})")
    }
}

/// The known name that is most like a wrong one, if any is.
pub fn alike<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if name.len() > 60 {
        return None;
    }
    let lower = name.to_lowercase().replace('_', "-");
    let length = lower.chars().count();
    let distance_max = (1 + length / 4).min(length / 2);
    known
        .filter(|known| known.len() <= 60)
        .map(|known| (strsim::damerau_levenshtein(&lower, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// `1 host`, `2 hosts`.
pub fn plural(number: u64, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {noun}{s}", count(number))
}

/// A unit for people: by how much to divide amounts of `unit` up to `largest`, and its name.
pub fn scale(unit: &str, largest: f64) -> (f64, &str) {
    let by_size = |steps: &[(f64, &'static str)], smallest: (f64, &'static str)| {
        *steps.iter().find(|(factor, _)| largest >= 2.0 * factor).unwrap_or(&smallest)
    };
    const K: f64 = 1_024.0;
    match unit {
        "milli-vCPU" => (1_000.0, "vCPU"),
        "milli-GPU" => (1_000.0, "GPU"),
        "MiB" => by_size(&[(K * K * K, "PiB"), (K * K, "TiB"), (K, "GiB")], (1.0, "MiB")),
        "GiB" => by_size(&[(K * K, "PiB"), (K, "TiB")], (1.0, "GiB")),
        "Mbit/s" => by_size(&[(1e6, "Tbit/s"), (1e3, "Gbit/s")], (1.0, "Mbit/s")),
        other => (1.0, other),
    }
}

/// A resource inside a sentence: `CPU`, `memory`.
pub fn resource(name: &str) -> String {
    match name {
        "cpu" | "gpu" => name.to_uppercase(),
        _ => name.to_owned(),
    }
}

/// A word with a large first letter.
pub fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

/// A text in lines of at most `width` characters, broken at spaces; a longer word stays whole.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// An argument as one types it in a shell.
pub fn shell(argument: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn what_is_not_nothing_never_shows_as_nothing() {
        let shown = [0.0, 1e-9, 0.0004, 0.932, 1.0].map(percent);
        assert_eq!(shown, ["0%", "<0.01%", "0.04%", "93.2%", "100%"]);
        assert_eq!(percent_of(0, 0), "0%");
    }

    #[test]
    fn a_duration_takes_the_unit_that_suits_it() {
        let shown = [0.0, 0.25, 10.0, 9_000.0, 6_048_000.0].map(duration);
        assert_eq!(shown, ["0 s", "250 ms", "10 s", "2.50 h", "70 days"]);
    }

    #[test]
    fn seconds_are_exact() {
        let shown = [0, 1, 1_500, 60_000].map(seconds);
        assert_eq!(shown, ["0", "0.001", "1.5", "60"]);
    }

    #[test]
    fn amounts_are_shown_in_a_unit_that_keeps_them_short() {
        assert_eq!(scale("MiB", 98_304.0 * 2_000.0), (1_048_576.0, "TiB"));
        assert_eq!(scale("milli-vCPU", 1.0), (1_000.0, "vCPU"));
        assert_eq!(scale("slots", 1e9), (1.0, "slots"));
    }

    #[test]
    fn arguments_are_quoted_as_a_shell_reads_them() {
        assert_eq!(shell("a/b.toml"), "a/b.toml");
        assert_eq!(shell("it's"), r"'it'\''s'");
        assert_eq!(shell(""), "''");
    }
}
