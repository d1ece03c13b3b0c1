//! Where an axis has its marks: round dates along the run, round figures up the side.

use crate::time::{Calendar, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use jiff::civil::DateTime;
use jiff::{Span, Unit};

/// A mark: where (ms since the start) and what it says.
pub type Mark = (u64, String);

/// At most `most` marks at round dates of the scenario's calendar, ascending. Empty only when
/// the run holds no round date (it is shorter than a second).
pub fn dates(calendar: &Calendar, duration_ms: u64, most: usize) -> Vec<Mark> {
    steps()
        .filter(|step| duration_ms / step.ms <= most as u64)
        .map(|step| step.marks(calendar, duration_ms))
        .find(|marks| marks.len() <= most)
        .unwrap_or_default()
}

/// A distance between marks.
#[derive(Clone, Copy)]
struct Step {
    unit: Unit,
    every: i64,
    /// About so long.
    ms: u64,
}

/// The distances that people count in, ascending.
fn steps() -> impl Iterator<Item = Step> {
    let table: [(Unit, u64, &[i64]); 6] = [
        (Unit::Second, SECOND_MS, &[1, 2, 5, 10, 15, 30]),
        (Unit::Minute, MINUTE_MS, &[1, 2, 5, 10, 15, 30]),
        (Unit::Hour, HOUR_MS, &[1, 2, 3, 6, 12]),
        (Unit::Day, DAY_MS, &[1, 2, 7, 14]),
        (Unit::Month, 30 * DAY_MS, &[1, 2, 3, 6]),
        (Unit::Year, 365 * DAY_MS, &[1, 2, 5, 10, 20, 50, 100, 200, 500]),
    ];
    table.into_iter().flat_map(|(unit, ms, list)| {
        list.iter().map(move |&every| Step { unit, every, ms: ms * every.unsigned_abs() })
    })
}

impl Step {
    fn marks(self, calendar: &Calendar, duration_ms: u64) -> Vec<Mark> {
        let format = self.format(duration_ms);
        let mut date = self.floor(calendar.start);
        let mut marks = Vec::new();
        loop {
            match u64::try_from(calendar.ms_until(date)) {
                Ok(ms) if ms > duration_ms => return marks,
                Ok(ms) => marks.push((ms, date.strftime(format).to_string())),
                Err(_) => {} // The first round date may lie before the start.
            }
            match date.checked_add(self.span()) {
                Ok(next) => date = next,
                Err(_) => return marks,
            }
        }
    }

    /// The last round date up to `date`.
    fn floor(self, date: DateTime) -> DateTime {
        let down = |value: i8| value - value % i8::try_from(self.every).unwrap_or(i8::MAX);
        let with = date.with().subsec_nanosecond(0);
        let with = match self.unit {
            Unit::Second => with.second(down(date.second())),
            Unit::Minute => with.second(0).minute(down(date.minute())),
            Unit::Hour => with.second(0).minute(0).hour(down(date.hour())),
            Unit::Day => with.hour(0).minute(0).second(0),
            Unit::Month => {
                with.hour(0).minute(0).second(0).day(1).month(down(date.month() - 1) + 1)
            }
            _ => {
                let every = i16::try_from(self.every).expect("the table's years are few");
                let year = date.year() - date.year().rem_euclid(every);
                with.hour(0).minute(0).second(0).day(1).month(1).year(year.max(1))
            }
        };
        with.build().unwrap_or(date)
    }

    fn span(self) -> Span {
        match self.unit {
            Unit::Second => Span::new().seconds(self.every),
            Unit::Minute => Span::new().minutes(self.every),
            Unit::Hour => Span::new().hours(self.every),
            Unit::Day => Span::new().days(self.every),
            Unit::Month => Span::new().months(self.every),
            _ => Span::new().years(self.every),
        }
    }

    /// As much of the date as tells two marks apart.
    fn format(self, duration_ms: u64) -> &'static str {
        match self.unit {
            Unit::Second => "%H:%M:%S",
            Unit::Minute | Unit::Hour if duration_ms <= DAY_MS => "%H:%M",
            Unit::Minute | Unit::Hour => "%m-%d %H:%M",
            Unit::Day => "%Y-%m-%d",
            Unit::Month => "%Y-%m",
            _ => "%Y",
        }
    }
}

/// Round figures from 0 to the first that is not below `largest`: 1, 2 or 5 times a power of ten
/// apart, about `about` of them. `largest` is above 0.
pub fn figures(largest: f64, about: usize) -> Vec<f64> {
    let raw = largest / about.max(1) as f64;
    let power = libm::pow(10.0, libm::log10(raw).floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    let step = step.into_iter().find(|step| *step >= raw * 0.999).unwrap_or(power * 10.0);
    let steps = (largest / step * 0.999_999).ceil().max(1.0) as usize;
    (0..=steps).map(|i| i as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(start: &str, duration_ms: u64, expected: &str) {
        let calendar = Calendar { start: start.parse().expect("a date") };
        let marks = dates(&calendar, duration_ms, 6);
        let said: Vec<_> = marks.into_iter().map(|(_, text)| text).collect();
        assert_eq!(said.join(" "), expected);
    }

    #[test]
    fn marks_stand_at_round_dates() {
        check("2011-07-01", 36 * 30 * DAY_MS, "2011-07 2012-01 2012-07 2013-01 2013-07 2014-01");
        check("2011-07-04", 20 * DAY_MS, "2011-07-04 2011-07-11 2011-07-18");
        check("2011-07-01T23:30:00", 3 * HOUR_MS, "00:00 01:00 02:00");
        check("2011-07-01T00:00:00", 3 * DAY_MS, "2011-07-01 2011-07-02 2011-07-03 2011-07-04");
        check("2011-07-01", 300 * 365 * DAY_MS, "2050 2100 2150 2200 2250 2300");
        check(
            "2011-07-01",
            10 * SECOND_MS,
            "00:00:00 00:00:02 00:00:04 00:00:06 00:00:08 00:00:10",
        );
        check("2011-07-01", 1, "00:00:00");
    }

    #[test]
    fn figures_are_round_and_reach_the_largest() {
        assert_eq!(figures(93.0, 4), [0.0, 50.0, 100.0]);
        assert_eq!(figures(1.0, 4), [0.0, 0.5, 1.0]);
        assert_eq!(figures(7_200.0, 4), [0.0, 2_000.0, 4_000.0, 6_000.0, 8_000.0]);
    }
}
