//! Human units: sizes, durations, shares and dates, read and written.
