//! `--vary KEY=…`: a key of the scenario, and the values that it takes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The most values of one key.
const VALUES_MAX: usize = 10_000;
/// Into how many parts a range is cut at most, to say what it does.
const PARTS: i128 = 5;

/// A key that varies. Written as it is typed: `KEY=V1,V2`, `KEY=10..40 days`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Factor {
    /// The key, as in `--set`.
    pub key: String,
    values: Values,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    /// These: TOML values, or text, as in `--set`.
    List(Vec<String>),
    /// Any in between, with so many decimals: only for a random design.
    Range(Range),
}

/// Numbers from one to another, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    /// In units of the last decimal.
    from: i128,
    to: i128,
    decimals: usize,
    /// What stands behind the number, with the space before it: ` days`.
    unit: String,
}

impl Factor {
    /// How many values there are; `None` for a range, which has any number.
    pub(super) fn count(&self) -> Option<usize> {
        match &self.values {
            Values::List(values) => Some(values.len()),
            Values::Range(_) => None,
        }
    }

    /// Value number `row` of a list.
    pub(super) fn value(&self, row: usize) -> String {
        match &self.values {
            Values::List(values) => values[row].clone(),
            Values::Range(range) => range.text(range.from),
        }
    }

    /// Its value in the `number`th of `count` points drawn at random: each stretch of a range, and
    /// each value of a list, gets its share of the points (a Latin hypercube; McKay, Beckman and
    /// Conover 1979).
    pub(super) fn drawn(&self, number: u32, count: u32, seed: u64) -> String {
        let stretch = i128::from(self.stretch(number, count, seed));
        match &self.values {
            Values::List(values) => {
                values[(stretch as usize * values.len()) / count as usize].clone()
            }
            Values::Range(range) => {
                let inside = self.hash(&[0], number, seed) >> 32;
                let parts = i128::from(count) << 32;
                let place = (stretch << 32) + i128::from(inside);
                range.text(range.from + rounded((range.to - range.from) * place, parts))
            }
        }
    }

    /// In which of `count` stretches the `number`th point lies; no two lie in one.
    fn stretch(&self, number: u32, count: u32, seed: u64) -> u32 {
        let half = (32 - (count - 1).leading_zeros()).div_ceil(2).max(1);
        let mask = (1_u32 << half) - 1;
        let mut place = number;
        loop {
            // A Feistel network turns each number of so many bits into another, one to one; what
            // falls outside is turned on until it falls inside.
            let (mut left, mut right) = (place >> half, place & mask);
            for round in 1..=4 {
                let mixed = self.hash(&[round], right, seed) as u32 & mask;
                (left, right) = (right, left ^ mixed);
            }
            place = left << half | right;
            if place < count {
                return place;
            }
        }
    }

    fn hash(&self, purpose: &[u8], number: u32, seed: u64) -> u64 {
        xxh3_64_with_seed(&[self.key.as_bytes(), purpose, &number.to_le_bytes()].concat(), seed)
    }

    /// The values that are tried before anything runs: all of a list, the ends of a range.
    pub(super) fn to_try(&self) -> Vec<String> {
        match &self.values {
            Values::List(values) => values.clone(),
            Values::Range(range) => vec![range.text(range.from), range.text(range.to)],
        }
    }

    /// What its values are grouped into to say what it does: the values, or parts of the range.
    pub(super) fn levels(&self) -> Vec<String> {
        match &self.values {
            Values::List(values) => values.clone(),
            Values::Range(range) => {
                let width = range.to - range.from;
                let edge = |part| range.number(range.from + rounded(width * part, range.parts()));
                let level = |part| format!("{}..{}{}", edge(part), edge(part + 1), range.unit);
                (0..range.parts()).map(level).collect()
            }
        }
    }

    /// Which of the levels a value belongs to.
    pub(super) fn level(&self, value: &str) -> Option<usize> {
        match &self.values {
            Values::List(values) => values.iter().position(|known| known == value),
            Values::Range(range) => {
                let number = value.strip_suffix(range.unit.as_str())?;
                let at = Decimal::parse(number)?.with(range.decimals)? - range.from;
                let part = at * range.parts() / (range.to - range.from);
                usize::try_from(part.min(range.parts() - 1)).ok()
            }
        }
    }

    /// Whether all its values are plain numbers.
    pub(super) fn is_number(&self) -> bool {
        let is_number = |value: &String| value.parse().is_ok_and(f64::is_finite);
        self.to_try().iter().all(is_number)
    }
}

impl Range {
    /// Into how many parts it is cut: none is empty.
    fn parts(&self) -> i128 {
        PARTS.min(self.to - self.from)
    }

    fn number(&self, scaled: i128) -> String {
        let (sign, size) = (if scaled < 0 { "-" } else { "" }, scaled.unsigned_abs());
        let one = 10_u128.pow(self.decimals as u32);
        match self.decimals {
            0 => format!("{sign}{size}"),
            decimals => format!("{sign}{}.{:0decimals$}", size / one, size % one),
        }
    }

    fn text(&self, scaled: i128) -> String {
        self.number(scaled) + &self.unit
    }

    /// So many values at equal distances, both ends among them; rounded to the decimals.
    fn steps(&self, count: usize) -> Vec<String> {
        let distance = (self.to - self.from, count as i128 - 1);
        let value = |row| self.text(self.from + rounded(distance.0 * row as i128, distance.1));
        (0..count).map(value).collect()
    }
}

/// `part ÷ whole`, where `whole` is above 0, to the nearest; halves go up.
fn rounded(part: i128, whole: i128) -> i128 {
    (2 * part + whole).div_euclid(2 * whole)
}

/// A number as it was written.
struct Decimal {
    scaled: i128,
    decimals: usize,
}

impl Decimal {
    /// At most 15 digits.
    fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let all = [whole, decimals].concat();
        let is_number = !whole.is_empty() && all.bytes().all(|byte| byte.is_ascii_digit());
        let is_whole = digits.len() == whole.len() || !decimals.is_empty();
        (is_number && is_whole && all.len() <= 15)
            .then(|| {
                Some(Self { scaled: sign * all.parse::<i128>().ok()?, decimals: decimals.len() })
            })
            .flatten()
    }

    /// In units of so many decimals; `None` if it has more.
    fn with(&self, decimals: usize) -> Option<i128> {
        Some(self.scaled * 10_i128.pow(decimals.checked_sub(self.decimals)? as u32))
    }
}

/// Splits `12.5 GiB` behind the number.
fn number_and_unit(text: &str) -> Option<(Decimal, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'));
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    Some((Decimal::parse(number)?, unit.trim_end()))
}

/// What `FROM..TO`, with a unit and a number of steps perhaps, says; `None` if it is no range.
fn range(text: &str) -> Option<Result<(Range, Option<usize>), String>> {
    let (left, right) = text.split_once("..")?;
    let (right, steps) = match right.rsplit_once('/') {
        Some((right, steps)) if steps.bytes().all(|byte| byte.is_ascii_digit()) => {
            (right, Some(steps))
        }
        _ => (right, None),
    };
    let (from, left_unit) = number_and_unit(left.trim())?;
    let (to, unit) = number_and_unit(right.trim())?;
    let decimals = from.decimals.max(to.decimals);
    let (from, to) = (from.with(decimals)?, to.with(decimals)?);
    if !left_unit.is_empty() && left_unit.trim() != unit.trim() {
        return Some(Err(format!("`{text}` goes from one unit to another; give both the same")));
    }
    if from >= to {
        return Some(Err(format!("`{text}` goes from the larger to the smaller, or nowhere")));
    }
    let range = Range { from, to, decimals, unit: unit.to_owned() };
    let Some(steps) = steps else { return Some(Ok((range, None))) };
    Some(match steps.parse() {
        Ok(count) if (2..=VALUES_MAX).contains(&count) => Ok((range, Some(count))),
        _ => Err(format!("`{text}` wants a number of values from 2 to 10,000 behind its `/`")),
    })
}

/// Splits at commas outside quotes and brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut first) = (Vec::new(), 0);
    let (mut depth, mut quote) = (0_i32, None);
    for (at, c) in text.char_indices() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(c),
            ('[' | '{', None) => depth += 1,
            (']' | '}', None) => depth -= 1,
            (',', None) if depth <= 0 => {
                parts.push(text[first..at].trim());
                first = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[first..].trim());
    parts
}

impl FromStr for Factor {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let usage = "write `KEY=V1,V2,…` or `KEY=FROM..TO/STEPS`, for example \
                     `placement.policy=first-fit,best-fit` or `pools.main.hosts.count=80..120/5`";
        let (key, text) = typed.split_once('=').ok_or(usage)?;
        let key = key.trim().to_owned();
        if key.is_empty() || text.trim().is_empty() {
            return Err(usage.to_owned());
        }
        let parts = split(text);
        let mut values = Vec::new();
        for part in &parts {
            match range(part).transpose()? {
                None => values.push((*part).to_owned()),
                Some((range, Some(steps))) => values.extend(range.steps(steps)),
                Some((range, None)) if parts.len() == 1 => {
                    return Ok(Self { key, values: Values::Range(range) });
                }
                Some((_, None)) => {
                    return Err(format!("`{part}` needs to say how many values: `{part}/5`"));
                }
            }
        }
        if values.len() > VALUES_MAX {
            return Err(format!("`{key}` has more than 10,000 values"));
        }
        let mut seen = BTreeSet::new();
        for value in &values {
            if value.is_empty() {
                return Err(format!("a value of `{key}` is empty; {usage}"));
            }
            if !seen.insert(value) {
                return Err(format!(
                    "`{key}` has the value `{value}` twice (ranges are rounded to the decimals of \
                     their ends: `1.0..2.0/5` has one)"
                ));
            }
        }
        Ok(Self { key, values: Values::List(values) })
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}=", self.key)?;
        match &self.values {
            Values::List(values) => out.write_str(&values.join(",")),
            Values::Range(range) => {
                write!(out, "{}..{}", range.number(range.from), range.text(range.to))
            }
        }
    }
}

impl TryFrom<String> for Factor {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Factor> for String {
    fn from(factor: Factor) -> Self {
        factor.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: &str) {
        let found = match typed.parse::<Factor>() {
            Ok(factor) => factor.to_string(),
            Err(why) => why,
        };
        assert!(found.starts_with(expected), "{found}");
        if let Ok(factor) = typed.parse::<Factor>() {
            assert_eq!(factor.to_string().parse::<Factor>().as_ref(), Ok(&factor));
        }
    }

    #[test]
    fn values_are_listed_or_counted_out() {
        check("a=1, 2,x", "a=1,2,x");
        check(r#"a.b=["x","y"],{c = 1, d = 2},"e,f""#, r#"a.b=["x","y"],{c = 1, d = 2},"e,f""#);
        check("a=1..10/4", "a=1,4,7,10");
        check("a=1..10/3", "a=1,6,10");
        check("a=1.0..10/3", "a=1.0,5.5,10.0");
        check("a=-1..1/3,7", "a=-1,0,1,7");
        check("a=10..40 days/4", "a=10 days,20 days,30 days,40 days");
        check("a=10 Mbit/s..40 Mbit/s/2", "a=10 Mbit/s,40 Mbit/s");
        check("a=50..90%/3", "a=50%,70%,90%");
        check("a=10..40 days", "a=10..40 days");
        check("a=x..y", "a=x..y");
    }

    #[test]
    fn what_is_no_list_is_said() {
        for (typed, expected) in [
            ("a", "write `KEY="),
            ("=1", "write `KEY="),
            ("a=", "write `KEY="),
            ("a=1,,2", "a value of `a` is empty"),
            ("a=1,1", "`a` has the value `1` twice"),
            ("a=1..3/5", "`a` has the value `2` twice"),
            ("a=3..1/5", "`3..1/5` goes from the larger"),
            ("a=1 h..3 days/5", "`1 h..3 days/5` goes from one unit to another"),
            ("a=1..3/1", "`1..3/1` wants a number of values"),
            ("a=1..3/99999999999999999999", "`1..3/99999999999999999999` wants a number"),
            ("a=1..3,7", "`1..3` needs to say how many"),
            ("a=1..1000000/6000,2000000..3000000/6000", "`a` has more than 10,000"),
        ] {
            check(typed, expected);
        }
    }

    #[test]
    fn drawn_values_are_spread_over_the_range_and_the_list() {
        for count in [1, 2, 3, 10, 64, 1_000] {
            let range: Factor = "a=0..1000000 MiB".parse().expect("a range");
            let mut stretches = BTreeSet::new();
            for number in 0..count {
                let value = range.drawn(number, count, 7);
                let value: f64 = value.trim_end_matches(" MiB").parse().expect("a number");
                let stretch = range.stretch(number, count, 7);
                let (width, first) = (1e6 / f64::from(count), f64::from(stretch));
                // Rounding may carry a value past the ends of its stretch.
                assert!((value - (first + 0.5) * width).abs() <= width / 2.0 + 1.0);
                stretches.insert(stretch);
            }
            assert_eq!(stretches.len(), count as usize, "one in each of {count}");
        }
        let list: Factor = "b=x,y,z".parse().expect("a list");
        let drawn: Vec<_> = (0..9).map(|number| list.drawn(number, 9, 1)).collect();
        for value in ["x", "y", "z"] {
            assert_eq!(drawn.iter().filter(|drawn| *drawn == value).count(), 3);
        }
        assert_ne!(drawn, (0..9).map(|number| list.drawn(number, 9, 2)).collect::<Vec<_>>());
    }

    #[test]
    fn a_value_finds_its_level() {
        let range: Factor = "a=10..20 days".parse().expect("a range");
        assert_eq!(range.levels()[1], "12..14 days");
        let found = ["10 days", "12 days", "20 days"].map(|value| range.level(value));
        assert_eq!(found, [Some(0), Some(1), Some(4)]);
    }
}
