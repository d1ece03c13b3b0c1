//! Working hours: people work so long a day, on some days of the week; their clock stands still
//! in between.

use crate::time::{Calendar, DAY_MS, Time, WEEK_MS};

/// When somebody is at work, the same every week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Ms after midnight, below `to_ms`.
    from_ms: u64,
    /// Ms after midnight, at most a day.
    to_ms: u64,
    /// Monday first; at least one.
    days: [bool; 7],
    start_in_week_ms: u64,
}

impl Hours {
    /// From and to so many ms after midnight on these days, Monday first.
    ///
    /// # Panics
    /// If that is never.
    pub fn new(calendar: &Calendar, from_ms: u64, to_ms: u64, days: [bool; 7]) -> Self {
        assert!(from_ms < to_ms && to_ms <= DAY_MS, "a working day begins before it ends");
        assert!(days.contains(&true), "a week has a working day");
        Self { from_ms, to_ms, days, start_in_week_ms: calendar.start_in_week_ms() }
    }

    /// All the time.
    pub fn always() -> Self {
        Self { from_ms: 0, to_ms: DAY_MS, days: [true; 7], start_in_week_ms: 0 }
    }

    /// Whether that is all the time.
    pub fn is_always(&self) -> bool {
        self.week_ms() == WEEK_MS
    }

    /// How long a working day is, ms.
    pub fn day_ms(&self) -> u64 {
        self.to_ms - self.from_ms
    }

    fn week_ms(&self) -> u64 {
        self.day_ms() * self.days.iter().filter(|is_open| **is_open).count() as u64
    }

    /// Whether work goes on at an instant.
    pub fn is_open(&self, at: Time) -> bool {
        let in_week_ms = (at.ms() + self.start_in_week_ms) % WEEK_MS;
        let (day, in_day_ms) = ((in_week_ms / DAY_MS) as usize, in_week_ms % DAY_MS);
        self.days[day] && (self.from_ms..self.to_ms).contains(&in_day_ms)
    }

    /// The first instant from `at` on at which work goes on.
    pub fn opens(&self, at: Time) -> Time {
        if self.is_open(at) {
            return at;
        }
        // The ms that is worked next, less itself.
        Time::from_ms(self.after(at, 1).ms() - 1)
    }

    /// Working ms from the Monday before the start to an instant.
    fn worked(&self, at: Time) -> u64 {
        let ms = at.ms() + self.start_in_week_ms;
        let (weeks, in_week_ms) = (ms / WEEK_MS, ms % WEEK_MS);
        let (day, in_day_ms) = ((in_week_ms / DAY_MS) as usize, in_week_ms % DAY_MS);
        let days = self.days[..day].iter().filter(|is_open| **is_open).count() as u64;
        let today = match self.days[day] {
            true => in_day_ms.clamp(self.from_ms, self.to_ms) - self.from_ms,
            false => 0,
        };
        weeks * self.week_ms() + days * self.day_ms() + today
    }

    /// How much working time lies between two instants, ms; 0 if `to` is before `from`.
    pub fn between_ms(&self, from: Time, to: Time) -> u64 {
        if self.is_always() {
            return to.since_ms(from);
        }
        self.worked(to).saturating_sub(self.worked(from))
    }

    /// The first instant by which so much working time has gone by since `at`.
    pub fn after(&self, at: Time, work_ms: u64) -> Time {
        if work_ms == 0 || self.is_always() {
            return at.after(work_ms);
        }
        let target = self.worked(at).saturating_add(work_ms);
        let weeks = (target - 1) / self.week_ms();
        let mut left = target - weeks * self.week_ms();
        let mut day_from = weeks.saturating_mul(WEEK_MS);
        for is_open in self.days {
            if is_open && left <= self.day_ms() {
                break;
            }
            left -= if is_open { self.day_ms() } else { 0 };
            day_from += DAY_MS;
        }
        Time::from_ms((day_from + self.from_ms + left).saturating_sub(self.start_in_week_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR_MS;
    use proptest::prelude::*;

    /// A Friday, 15 h.
    fn calendar() -> Calendar {
        Calendar { start: jiff::civil::date(2011, 7, 1).at(15, 0, 0, 0) }
    }

    fn office() -> Hours {
        let weekdays = [true, true, true, true, true, false, false];
        Hours::new(&calendar(), 9 * HOUR_MS, 17 * HOUR_MS, weekdays)
    }

    #[track_caller]
    fn check(at_h: u64, work_h: u64, expected: &str) {
        let done = office().after(Time::from_ms(at_h * HOUR_MS), work_h * HOUR_MS);
        assert_eq!(calendar().at(done).to_string(), expected);
    }

    #[test]
    fn work_goes_on_when_the_office_opens() {
        check(0, 2, "2011-07-01T17:00:00");
        check(0, 3, "2011-07-04T10:00:00");
        check(24, 8, "2011-07-04T17:00:00");
        check(0, 42, "2011-07-08T17:00:00");
        check(0, 43, "2011-07-11T10:00:00");
    }

    #[test]
    fn always_is_always() {
        let (from, to) = (Time::from_ms(5), Time::from_ms(WEEK_MS));
        assert_eq!(Hours::always().between_ms(from, to), WEEK_MS - 5);
        assert_eq!(Hours::always().after(from, 7), Time::from_ms(12));
        assert!(Hours::always().is_always() && !office().is_always());
    }

    proptest! {
        /// The plain version: count the minutes one by one.
        #[test]
        fn it_counts_as_one_does_by_minutes(
            start_h in 0i64..200, from in 0u64..1_439, length in 1u64..1_440, days in 1u8..128,
            at in 0u64..12_000, more in 0u64..12_000, work in 1u64..4_000,
        ) {
            let minute = 60_000;
            let start = jiff::civil::date(2024, 2, 26).at(0, 0, 0, 0);
            let start = start.checked_add(jiff::SignedDuration::from_hours(start_h)).unwrap();
            let calendar = Calendar { start };
            let days: [bool; 7] = std::array::from_fn(|day| days & (1 << day) != 0);
            let to = (from + length).min(1_440);
            let hours = Hours::new(&calendar, from * minute, to * minute, days);
            let is_worked = |m: u64| {
                let date = calendar.at(Time::from_ms(m * minute));
                let of_day = date.hour() as u64 * 60 + date.minute() as u64;
                days[date.weekday().to_monday_zero_offset() as usize] && (from..to).contains(&of_day)
            };
            let time = |m: u64| Time::from_ms(m * minute);
            let plain = (at..at + more).filter(|m| is_worked(*m)).count() as u64;
            prop_assert_eq!(hours.between_ms(time(at), time(at + more)), plain * minute);
            prop_assert_eq!(hours.is_open(time(at)), is_worked(at));
            let opens = (at..).find(|m| is_worked(*m)).unwrap();
            prop_assert_eq!(hours.opens(time(at)), time(opens));
            let last = (at..).filter(|m| is_worked(*m)).nth(work as usize - 1).unwrap();
            prop_assert_eq!(hours.after(time(at), work * minute), time(last + 1));
        }
    }
}
