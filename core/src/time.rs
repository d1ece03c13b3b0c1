//! Simulated time: whole milliseconds since the scenario's start.
//!
//! Calendar dates exist only at the edges: [`Calendar`] turns a [`Time`] into the scenario's date.

use jiff::civil::DateTime;

/// One second, in ms.
pub const SECOND_MS: u64 = 1_000;
/// One minute, in ms.
pub const MINUTE_MS: u64 = 60 * SECOND_MS;
/// One hour, in ms.
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
/// One day of 24 hours, in ms.
pub const DAY_MS: u64 = 24 * HOUR_MS;
/// One week, in ms.
pub const WEEK_MS: u64 = 7 * DAY_MS;
/// A twelfth of [`YEAR_MS`], in ms: what `"1 month"` means where only a length is known.
pub const MONTH_MS: u64 = YEAR_MS / 12;
/// 365.25 days, in ms.
pub const YEAR_MS: u64 = 36_525 * DAY_MS / 100;
/// The latest time and the longest duration that a scenario may name: 1,000 years, in ms.
/// Sums of two such values stay far from the end of `u64` and inside the calendar.
pub const TIME_MS_MAX: u64 = 1_000 * YEAR_MS;

/// An instant: ms since the scenario's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// The scenario's start.
    pub const ZERO: Self = Self(0);

    /// The instant `ms` after the start.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// Ms since the start.
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// `ms` later; the far end of time if that is past it.
    #[must_use]
    pub const fn after(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Ms from `earlier` to here; 0 if `earlier` is later.
    pub const fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The scenario's calendar: what date and hour its start is. There are no time zones and no
/// daylight saving: a scenario's clock is the wall clock of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Date and time of [`Time::ZERO`].
    pub start: DateTime,
}

impl Calendar {
    /// The date and time of an instant.
    pub fn at(&self, time: Time) -> DateTime {
        let ms = i64::try_from(time.ms()).unwrap_or(i64::MAX);
        self.start.checked_add(jiff::SignedDuration::from_millis(ms)).unwrap_or(DateTime::MAX)
    }

    /// Ms from the last midnight before a Monday to the start.
    pub fn start_in_week_ms(&self) -> u64 {
        let monday = self.start.date().saturating_sub(jiff::SignedDuration::from_hours(
            24 * i64::from(self.start.weekday().to_monday_zero_offset()),
        ));
        self.ms_until(monday.at(0, 0, 0, 0)).unsigned_abs()
    }

    /// The date of an instant, as `2013-04-18`.
    pub fn date(&self, time: Time) -> String {
        self.at(time).date().to_string()
    }

    /// Ms from the start to `date`, negative before it.
    pub fn ms_until(&self, date: DateTime) -> i64 {
        let span = date.duration_since(self.start);
        i64::try_from(span.as_millis()).expect("the calendar's years fit in i64 ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_date_and_a_date_has_a_time() {
        let calendar = Calendar { start: jiff::civil::date(2011, 7, 1).at(0, 0, 0, 0) };
        assert_eq!(calendar.date(Time::from_ms(31 * DAY_MS)), "2011-08-01");
        let august = jiff::civil::date(2011, 8, 1).at(0, 0, 0, 0);
        assert_eq!(calendar.ms_until(august), 31 * DAY_MS as i64);
        assert_eq!(calendar.at(Time::from_ms(u64::MAX)), DateTime::MAX);
    }
}
