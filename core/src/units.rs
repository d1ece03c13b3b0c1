//! Human units: sizes, durations, shares and rates, read and written.
//!
//! All reading is exact: `"0.1 s"` is 100 ms and `"1.5 GiB"` is 1,536 MiB, or it is a [`Mistake`].

use crate::resources::{AMOUNT_MAX, Builtin};
use crate::time::{
    Calendar, DAY_MS, HOUR_MS, MINUTE_MS, MONTH_MS, SECOND_MS, TIME_MS_MAX, Time, WEEK_MS, YEAR_MS,
};

/// What is wrong with a value, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong, with the value in backticks.
    pub what: String,
    /// The way out, where there is an obvious one.
    pub hint: Option<String>,
}

impl Mistake {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None }
    }

    fn hinted(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: Some(hint.into()) }
    }
}

/// A decimal number as written, exactly: `digits ÷ 10^scale`, at most 20 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    is_negative: bool,
    digits: u128,
    scale: u32,
}

/// Digits that a [`Decimal`] keeps: more than an `i64` or an `f64` can tell apart, and few enough
/// that a product with the largest amount or duration fits `u128`.
const DIGITS_MAX: usize = 20;

impl Decimal {
    /// The number one.
    pub const ONE: Self = Self { is_negative: false, digits: 1, scale: 0 };

    /// Reads `12`, `-0.5`, `1_000`, `1.5e-3`.
    ///
    /// # Errors
    /// If the text is not a finite decimal number, or has more digits than are kept.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let shown = shorten(text);
        if matches!(text.trim_start_matches(['+', '-']), "inf" | "nan" | "NaN" | "Infinity") {
            return Err(Mistake::new(format!("`{shown}` is not a finite number")));
        }
        let wrong = || Mistake::new(format!("`{shown}` is not a number"));
        let (is_negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], unsigned[at + 1..].parse::<i32>().map_err(|_| wrong())?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
        if !whole.starts_with(|c: char| c.is_ascii_digit())
            || !is_digits(whole)
            || !is_digits(fraction)
            || (mantissa.contains('.') && fraction.is_empty())
        {
            return Err(wrong());
        }
        let fraction = fraction.trim_end_matches('0');
        let digits: String = whole.chars().chain(fraction.chars()).filter(|c| *c != '_').collect();
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Ok(Self { is_negative: false, digits: 0, scale: 0 });
        }
        let significant = digits.trim_end_matches('0');
        let fraction_len = fraction.bytes().filter(u8::is_ascii_digit).count();
        let zeros = i64::try_from(digits.len() - significant.len()).unwrap_or(i64::MAX);
        // value = significant × 10^power
        let power =
            zeros + i64::from(exponent) - i64::try_from(fraction_len).unwrap_or(i64::MAX / 2);
        if significant.len() > DIGITS_MAX {
            let what = format!("`{shown}` has more than {DIGITS_MAX} digits");
            return Err(Mistake::hinted(what, "round it"));
        }
        let value: u128 = significant.parse().map_err(|_| wrong())?;
        if power > 0 {
            let length = i64::try_from(significant.len()).unwrap_or(i64::MAX);
            if length + power > DIGITS_MAX as i64 {
                return Err(Mistake::new(format!("`{shown}` is too large")));
            }
            let factor = 10_u128.pow(u32::try_from(power).map_err(|_| wrong())?);
            return Ok(Self { is_negative, digits: value * factor, scale: 0 });
        }
        match u32::try_from(-power) {
            Ok(scale) if scale <= 30 => Ok(Self { is_negative, digits: value, scale }),
            _ => Err(Mistake::new(format!("`{shown}` is too small a number to matter"))),
        }
    }

    /// Whether it is below 0.
    pub const fn is_negative(self) -> bool {
        self.is_negative
    }

    /// Whether it is 0.
    pub const fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// The nearest `f64`.
    pub fn to_f64(self) -> f64 {
        let sign = if self.is_negative { "-" } else { "" };
        let text = format!("{sign}{}e-{}", self.digits, self.scale);
        text.parse().expect("digits and an exponent are a number")
    }

    /// `self ÷ 10^places`, exactly.
    #[must_use]
    pub const fn shifted(self, places: u32) -> Self {
        Self { scale: self.scale + places, ..self }
    }

    /// `self × numerator ÷ denominator`, if that is a whole number that fits.
    fn whole(self, numerator: u64, denominator: u64) -> Result<u64, NotWhole> {
        if self.is_negative && self.digits > 0 {
            return Err(NotWhole::Negative);
        }
        let product = self.digits.checked_mul(u128::from(numerator)).ok_or(NotWhole::TooLarge)?;
        let divisor =
            10_u128.pow(self.scale).checked_mul(u128::from(denominator)).ok_or(NotWhole::Broken)?;
        if product % divisor != 0 {
            return Err(NotWhole::Broken);
        }
        u64::try_from(product / divisor).map_err(|_| NotWhole::TooLarge)
    }

    /// The number itself, if it is whole and not negative.
    pub fn to_u64(self) -> Option<u64> {
        self.whole(1, 1).ok()
    }

    /// The number in hundredths, if it is not negative and has at most two decimals.
    pub fn to_hundredths(self) -> Option<u64> {
        self.whole(100, 1).ok()
    }

    /// The number in thousandths, if it is not negative and has at most three decimals.
    pub fn to_thousandths(self) -> Option<u64> {
        self.whole(1_000, 1).ok()
    }

    /// `floor(amount × self)`; `None` if it is negative or beyond `i64`. `amount` is at most 2^63.
    pub fn of_amount(self, amount: i64) -> Option<i64> {
        let amount = u128::try_from(amount).ok()?;
        if self.is_negative && self.digits > 0 {
            return None;
        }
        let product = self.digits.checked_mul(amount)?;
        i64::try_from(product / 10_u128.checked_pow(self.scale)?).ok()
    }
}

enum NotWhole {
    Negative,
    Broken,
    TooLarge,
}

/// A unit by name: its worth is `numerator ÷ denominator` of the stored unit.
type Unit = (&'static str, u64, u64);

const CPU: &[Unit] = &[("", 1_000, 1), ("vCPU", 1_000, 1), ("m", 1, 1)];
const GPU: &[Unit] = &[("", 1_000, 1), ("GPU", 1_000, 1), ("m", 1, 1)];
const MEMORY: &[Unit] = &[
    ("KiB", 1, 1 << 10),
    ("MiB", 1, 1),
    ("GiB", 1 << 10, 1),
    ("TiB", 1 << 20, 1),
    ("PiB", 1 << 30, 1),
];
const DISK: &[Unit] =
    &[("MiB", 1, 1 << 10), ("GiB", 1, 1), ("TiB", 1 << 10, 1), ("PiB", 1 << 20, 1)];
const NETWORK: &[Unit] =
    &[("kbit/s", 1, 1_000), ("Mbit/s", 1, 1), ("Gbit/s", 1_000, 1), ("Tbit/s", 1_000_000, 1)];

fn units_of(kind: Builtin) -> &'static [Unit] {
    match kind {
        Builtin::Cpu => CPU,
        Builtin::Memory => MEMORY,
        Builtin::Disk => DISK,
        Builtin::Network => NETWORK,
        Builtin::Gpu => GPU,
    }
}

/// How an amount of this kind is written, for messages and the reference: `"64 GiB"`.
pub const fn amount_example(kind: Builtin) -> &'static str {
    match kind {
        Builtin::Cpu => "16",
        Builtin::Memory => "\"64 GiB\"",
        Builtin::Disk => "\"500 GiB\"",
        Builtin::Network => "\"10 Gbit/s\"",
        Builtin::Gpu => "1",
    }
}

/// Reads an amount of a builtin kind in its stored unit ([`Builtin::unit`]): `"64 GiB"`, `"500m"`,
/// `"10 Gbit/s"`; a number alone counts vCPU and GPUs and is a mistake for the others.
///
/// # Errors
/// A wrong or missing unit, a negative amount, a part of the stored unit, or an amount above
/// [`AMOUNT_MAX`].
pub fn parse_amount(kind: Builtin, text: &str) -> Result<i64, Mistake> {
    let shown = shorten(text);
    let (number, unit) = split_unit(text.trim());
    if number.is_empty() {
        let what = format!("`{shown}` is not an amount of {}", kind.name());
        return Err(Mistake::hinted(what, format!("write it like {}", amount_example(kind))));
    }
    let decimal = Decimal::parse(number)?;
    let Some(&(_, numerator, denominator)) =
        units_of(kind).iter().find(|(name, _, _)| *name == unit)
    else {
        let what = if unit.is_empty() {
            format!("`{shown}` does not say its unit")
        } else {
            format!("`{}` is not a unit of {}", shorten(unit), kind.name())
        };
        let known: Vec<&str> =
            units_of(kind).iter().map(|u| u.0).filter(|u| !u.is_empty()).collect();
        let hint = match alike_unit(kind, unit) {
            Some("") => format!("did you mean `{number}`?"),
            Some(meant) => format!("did you mean `{number} {meant}`?"),
            None => format!("{} is in {}", kind.name(), known.join(", ")),
        };
        return Err(Mistake::hinted(what, hint));
    };
    match decimal.whole(numerator, denominator) {
        Ok(amount) if amount <= AMOUNT_MAX as u64 => Ok(amount as i64),
        Ok(_) | Err(NotWhole::TooLarge) => Err(Mistake::hinted(
            format!("`{shown}` is more {} than can be counted", kind.name()),
            format!("the most is {AMOUNT_MAX} {}", kind.unit()),
        )),
        Err(NotWhole::Negative) => Err(Mistake::new(format!("`{shown}` is negative"))),
        Err(NotWhole::Broken) => Err(Mistake::hinted(
            format!("`{shown}` is not a whole number of {}", kind.unit()),
            format!("{} is counted in {}: round it", kind.name(), kind.unit()),
        )),
    }
}

/// What someone who wrote this unit probably meant.
fn alike_unit(kind: Builtin, unit: &str) -> Option<&'static str> {
    let lower = unit.to_ascii_lowercase();
    let bytes = match lower.as_str() {
        "k" | "ki" | "kb" | "kib" => "KiB",
        "" => "",
        "m" | "mi" | "mb" | "mib" | "mbyte" => "MiB",
        "g" | "gi" | "gb" | "gib" | "gbyte" => "GiB",
        "t" | "ti" | "tb" | "tib" | "tbyte" => "TiB",
        "p" | "pi" | "pb" | "pib" => "PiB",
        _ => "?",
    };
    let meant = match kind {
        Builtin::Memory | Builtin::Disk if unit.is_empty() => "GiB",
        Builtin::Memory | Builtin::Disk => bytes,
        Builtin::Network => match lower.as_str() {
            "kbps" | "kbit" | "kb/s" | "kbits/s" => "kbit/s",
            "" | "g" | "gbps" | "gbit" | "gb/s" | "gbits/s" | "gbit/s" => "Gbit/s",
            "m" | "mbps" | "mbit" | "mb/s" | "mbits/s" | "mbit/s" => "Mbit/s",
            "t" | "tbps" | "tbit" | "tb/s" | "tbits/s" | "tbit/s" => "Tbit/s",
            _ => "?",
        },
        Builtin::Cpu => match lower.as_str() {
            "cpu" | "cpus" | "vcpu" | "vcpus" | "core" | "cores" | "c" => "",
            _ => "?",
        },
        Builtin::Gpu => match lower.as_str() {
            "gpu" | "gpus" => "",
            _ => "?",
        },
    };
    // Disk has no KiB: only say what `units_of` knows.
    units_of(kind).iter().map(|unit| unit.0).find(|known| *known == meant)
}

/// A length of time as written: months and years apart, because on the calendar they differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Length {
    months: u32,
    rest_ms: u64,
}

/// Names of units of time, the one that [`format_duration_ms`] writes first.
const TIMES: &[(&[&str], u64)] = &[
    (&["ms"], 1),
    (&["s", "sec", "secs", "second", "seconds"], SECOND_MS),
    (&["min", "mins", "minute", "minutes", "m"], MINUTE_MS),
    (&["h", "hour", "hours", "hr", "hrs"], HOUR_MS),
    (&["days", "day", "d"], DAY_MS),
    (&["weeks", "week", "w"], WEEK_MS),
    (&["months", "month"], MONTH_MS),
    (&["years", "year", "y"], YEAR_MS),
];

impl Length {
    /// Reads `"90 days"`, `"1h 30m"`, `"36 months"`.
    ///
    /// # Errors
    /// A wrong or missing unit, a negative or broken number of ms, or more than
    /// [`TIME_MS_MAX`].
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let shown = shorten(text);
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(Mistake::hinted("the duration is empty", "write it like `\"90 days\"`"));
        }
        let mut length = Self::default();
        while !rest.is_empty() {
            let (number, behind) = rest.split_at(number_len(rest));
            let behind = behind.trim_start();
            let unit_len = behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len());
            let unit = &behind[..unit_len];
            if number.is_empty() {
                let what = format!("`{shown}` is not a duration");
                return Err(Mistake::hinted(what, "write it like `\"90 days\"` or `\"1h 30m\"`"));
            }
            let decimal = Decimal::parse(number)?;
            let Some(&(_, unit_ms)) = TIMES.iter().find(|(names, _)| names.contains(&unit)) else {
                return Err(wrong_time_unit(&shown, number, unit));
            };
            let months_each = if unit_ms == MONTH_MS { 1 } else { 12 };
            let months = decimal.whole(months_each, 1).ok().and_then(|m| u32::try_from(m).ok());
            if unit_ms >= MONTH_MS && months.is_some() {
                length.months = length.months.saturating_add(months.unwrap_or(0));
            } else {
                let ms = decimal.whole(unit_ms, 1).map_err(|error| match error {
                    NotWhole::Negative => Mistake::new(format!("`{shown}` is negative")),
                    NotWhole::Broken => Mistake::hinted(
                        format!("`{shown}` is not a whole number of ms"),
                        "time is counted in ms: round it",
                    ),
                    NotWhole::TooLarge => too_long(&shown),
                })?;
                length.rest_ms = length.rest_ms.saturating_add(ms);
            }
            rest = behind[unit_len..].trim_start();
        }
        if length.ms() > TIME_MS_MAX {
            return Err(too_long(&shown));
        }
        Ok(length)
    }

    /// So many times as long; `None` if that is more than can be counted.
    pub fn times(self, times: u32) -> Option<Self> {
        let (months, rest_ms) = (self.months, self.rest_ms);
        let months = months.checked_mul(times)?;
        Some(Self { months, rest_ms: rest_ms.checked_mul(times.into())? })
    }

    /// Its length in ms where no date is known: a month is a twelfth of a year of 365.25 days.
    pub const fn ms(self) -> u64 {
        (self.months as u64).saturating_mul(MONTH_MS).saturating_add(self.rest_ms)
    }

    /// Its length in ms from the calendar's start on, with months as long as they are there.
    /// `None` if it leads past the end of the calendar, year 9999.
    pub fn ms_from(self, calendar: &Calendar) -> Option<u64> {
        let months = jiff::Span::new().try_months(i64::from(self.months)).ok()?;
        let date = calendar.start.checked_add(months).ok()?;
        let ms = u64::try_from(calendar.ms_until(date)).ok()?.saturating_add(self.rest_ms);
        (calendar.at(Time::from_ms(ms)) < jiff::civil::DateTime::MAX).then_some(ms)
    }
}

fn too_long(shown: &str) -> Mistake {
    Mistake::new(format!("`{shown}` is longer than 1000 years"))
}

fn wrong_time_unit(shown: &str, number: &str, unit: &str) -> Mistake {
    if unit.is_empty() {
        let what = format!("`{shown}` does not say its unit");
        return Mistake::hinted(what, "write it like `\"90 days\"`");
    }
    let lower = unit.to_lowercase();
    let meant = TIMES
        .iter()
        .flat_map(|(names, _)| names.iter())
        .filter(|name| name.len() > 1 || name.eq_ignore_ascii_case(unit))
        .map(|name| (strsim::damerau_levenshtein(&lower, name), name))
        .min_by_key(|(distance, _)| *distance);
    let hint = match meant {
        Some((distance, name)) if distance <= 2 && unit.len() < 20 => {
            format!("did you mean `{number} {name}`?")
        }
        _ => "durations are in ms, s, min, h, days, weeks, months or years".to_owned(),
    };
    Mistake::hinted(format!("`{}` is not a unit of time", shorten(unit)), hint)
}

/// Reads a time of a run, in ms since its start: a duration since then (`"6 months"`), or a date
/// with or without a time of day.
///
/// # Errors
/// If it is neither, or a date before the start.
pub fn parse_time(text: &str, calendar: &Calendar) -> Result<u64, Mistake> {
    let (text, shown) = (text.trim(), shorten(text));
    if text.get(4..5) != Some("-") {
        let is_number = text.starts_with(|c: char| c.is_ascii_digit());
        let length = Length::parse(text).map_err(|mistake| {
            let hint = "write a time since the start like `6 months`, or a date like `2011-07-01`";
            let hint = mistake.hint.filter(|_| is_number).unwrap_or_else(|| hint.to_owned());
            Mistake { hint: Some(hint), ..mistake }
        })?;
        let too_late = || Mistake::new(format!("`{shown}` ends after the year 9999"));
        return length.ms_from(calendar).ok_or_else(too_late);
    }
    let is_date = text.starts_with(|c: char| c.is_ascii_digit());
    let date = text.parse::<jiff::civil::DateTime>().ok().filter(|_| is_date).ok_or_else(|| {
        let hint = "write it like `2011-07-01` or `2011-07-01T08:00:00`";
        Mistake::hinted(format!("`{shown}` is not a date"), hint)
    })?;
    u64::try_from(calendar.ms_until(date)).map_err(|_| {
        let start = calendar.start;
        Mistake::new(format!("`{shown}` is before the start, {start}"))
    })
}

/// Reads a share as `"25%"`, `"0.25"`; at least 0.
///
/// # Errors
/// If it is neither, or negative.
pub fn parse_share(text: &str) -> Result<f64, Mistake> {
    let trimmed = text.trim();
    let decimal = match trimmed.strip_suffix('%') {
        Some(number) => Decimal::parse(number.trim_end())?.shifted(2),
        None => Decimal::parse(trimmed).map_err(|_| {
            let what = format!("`{}` is not a share", shorten(text));
            Mistake::hinted(what, "write it like `\"25%\"` or 0.25")
        })?,
    };
    if decimal.is_negative() {
        return Err(Mistake::new(format!("`{}` is negative", shorten(text))));
    }
    Ok(decimal.to_f64())
}

/// Reads a rate, in events per ms: `"200 per day"`.
///
/// # Errors
/// If it is not a number, `per` and a unit of time, or if it is negative.
pub fn parse_rate(text: &str) -> Result<f64, Mistake> {
    let shown = shorten(text);
    let trimmed = text.trim();
    let (number, behind) = trimmed.split_at(number_len(trimmed));
    let unit = behind.trim_start().strip_prefix("per ").map(str::trim);
    let unit_ms = match unit {
        Some("ms") => 1,
        Some("second" | "s") => SECOND_MS,
        Some("minute" | "min") => MINUTE_MS,
        Some("hour" | "h") => HOUR_MS,
        Some("day") => DAY_MS,
        Some("week") => WEEK_MS,
        _ => 0,
    };
    if number.is_empty() || unit_ms == 0 {
        let what = format!("`{shown}` is not a rate");
        let hint = "write it like `\"200 per day\"`; per second, minute, hour, day or week";
        return Err(Mistake::hinted(what, hint));
    }
    let decimal = Decimal::parse(number)?;
    if decimal.is_negative() {
        return Err(Mistake::new(format!("`{shown}` is negative")));
    }
    Ok(decimal.to_f64() / unit_ms as f64)
}

/// Units of data rates, in bytes a second.
const DATA_RATES: &[(&str, u64)] = &[
    ("KiB/s", 1 << 10),
    ("MiB/s", 1 << 20),
    ("GiB/s", 1 << 30),
    ("kB/s", 1_000),
    ("MB/s", 1_000_000),
    ("GB/s", 1_000_000_000),
    ("kbit/s", 125),
    ("Mbit/s", 125_000),
    ("Gbit/s", 125_000_000),
];

/// Reads how often something fails, per ms: `"5% per year"`, `"2 per month"`.
///
/// # Errors
/// If it is not a number or a percentage, `per` and a unit of time, or if it is negative.
pub fn parse_failure_rate(text: &str) -> Result<f64, Mistake> {
    let trimmed = text.trim();
    let parts = trimmed.split_once(" per ").or_else(|| trimmed.split_once('/'));
    let unit_ms = match parts.map(|(_, unit)| unit.trim()) {
        Some("year" | "a") => YEAR_MS,
        Some("month") => MONTH_MS,
        Some("week") => WEEK_MS,
        Some("day") => DAY_MS,
        Some("hour" | "h") => HOUR_MS,
        _ => 0,
    };
    let share = parts.map(|(number, _)| parse_share(number));
    match share {
        Some(Ok(share)) if unit_ms > 0 => Ok(share / unit_ms as f64),
        Some(Err(mistake)) if unit_ms > 0 => Err(mistake),
        _ => {
            let what = format!("`{}` does not say how often something fails", shorten(text));
            let hint = "write it like `\"5% per year\"`; per hour, day, week, month or year";
            Err(Mistake::hinted(what, hint))
        }
    }
}

/// Reads a power, in W: `"350 W"`, `"1.2 kW"`, `350`.
///
/// # Errors
/// A wrong unit, or a negative number.
pub fn parse_watts(text: &str) -> Result<f64, Mistake> {
    let shown = shorten(text);
    let (number, unit) = split_unit(text.trim());
    let factor = match unit {
        "W" | "" => 1.0,
        "kW" => 1e3,
        _ => 0.0,
    };
    if number.is_empty() || factor == 0.0 {
        let what = format!("`{shown}` is not a power");
        return Err(Mistake::hinted(what, "write it like `\"350 W\"` or `\"1.2 kW\"`"));
    }
    let decimal = Decimal::parse(number)?;
    if decimal.is_negative() {
        return Err(Mistake::new(format!("`{shown}` is negative")));
    }
    Ok(decimal.to_f64() * factor)
}

/// Reads a data rate, in MiB/s: `"1100 MiB/s"`, `"10 Gbit/s"`.
///
/// # Errors
/// A wrong or missing unit, or a negative rate.
pub fn parse_data_rate(text: &str) -> Result<f64, Mistake> {
    let shown = shorten(text);
    let (number, unit) = split_unit(text.trim());
    let known = DATA_RATES.iter().find(|(name, _)| *name == unit);
    let Some((_, bytes)) = known.filter(|_| !number.is_empty()) else {
        let names: Vec<&str> = DATA_RATES.iter().map(|(name, _)| *name).collect();
        let hint = format!("write it like `1100 MiB/s`; units are {}", names.join(", "));
        return Err(Mistake::hinted(format!("`{shown}` is not a data rate"), hint));
    };
    let decimal = Decimal::parse(number)?;
    if decimal.is_negative() {
        return Err(Mistake::new(format!("`{shown}` is negative")));
    }
    Ok(decimal.to_f64() * *bytes as f64 / (1 << 20) as f64)
}

/// Writes a duration exactly, largest unit first, so that [`Length::parse`] reads it back:
/// `90 days`, `1 h 30 min`, `250 ms`; `u64::MAX` is `forever`.
pub fn format_duration_ms(ms: u64) -> String {
    if ms == u64::MAX {
        return "forever".to_owned();
    }
    let units = [("", DAY_MS), ("h", HOUR_MS), ("min", MINUTE_MS), ("s", SECOND_MS), ("ms", 1)];
    let mut rest = ms;
    let mut parts = Vec::new();
    for (name, unit_ms) in units {
        let count = rest / unit_ms;
        rest %= unit_ms;
        let name = if unit_ms == DAY_MS && count == 1 { "day" } else { name };
        let name = if name.is_empty() { "days" } else { name };
        if count > 0 {
            parts.push(format!("{count} {name}"));
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

/// Writes an amount of a kind (its name and unit, as in [`crate::resources::Kinds`]) in the
/// largest unit in which two decimals say it exactly: `96 GiB`, `1.5 TiB`, `0.25 vCPU`,
/// `110 slots`.
pub fn format_amount(name: &str, unit: &str, amount: i64) -> String {
    let Some(kind) = Builtin::ALL.into_iter().find(|kind| kind.name() == name) else {
        return format!("{amount} {unit}");
    };
    let sign = if amount < 0 { "-" } else { "" };
    let size = u128::from(amount.unsigned_abs());
    let units: &[(&str, u128)] = match kind {
        Builtin::Cpu => &[(" vCPU", 1_000), ("m", 1)],
        Builtin::Gpu => &[(" GPU", 1_000), ("m", 1)],
        Builtin::Memory => &[(" TiB", 1 << 20), (" GiB", 1 << 10), (" MiB", 1)],
        Builtin::Disk => &[(" TiB", 1 << 10), (" GiB", 1)],
        Builtin::Network => &[(" Gbit/s", 1_000), (" Mbit/s", 1)],
    };
    let can_be_a_part = matches!(kind, Builtin::Cpu | Builtin::Gpu);
    for &(name, worth) in units {
        let hundredths = size * 100 / worth;
        if size * 100 % worth == 0 && (size >= worth || can_be_a_part || worth == 1) {
            let fraction = match hundredths % 100 {
                0 => String::new(),
                part if part % 10 == 0 => format!(".{}", part / 10),
                part => format!(".{part:02}"),
            };
            return format!("{sign}{}{fraction}{name}", hundredths / 100);
        }
    }
    format!("{amount} {}", kind.unit())
}

/// Writes a share: `25%`, `0.04%`, at most two decimals.
pub fn format_share(share: f64) -> String {
    let percent = share * 100.0;
    if percent != 0.0 && percent.abs() < 0.005 {
        return if percent > 0.0 { "<0.01%".to_owned() } else { ">-0.01%".to_owned() };
    }
    let text = format!("{percent:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{}%", if text == "-0" { "0" } else { text })
}

/// Splits `64 GiB` into `64` and `GiB`.
fn split_unit(text: &str) -> (&str, &str) {
    let (number, unit) = text.split_at(number_len(text));
    (number, unit.trim_start())
}

/// How many bytes of the text's beginning look like a number without an exponent.
fn number_len(text: &str) -> usize {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | '_');
    text.find(|c: char| !is_number(c)).unwrap_or(text.len())
}

/// At most 60 characters of what the user wrote, on one line, for messages.
pub fn shorten(text: &str) -> String {
    let clean = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    if text.chars().count() <= 60 {
        return text.chars().map(clean).collect();
    }
    text.chars().take(57).map(clean).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(mistake: Mistake) -> String {
        match mistake.hint {
            Some(hint) => format!("{} | {hint}", mistake.what),
            None => mistake.what,
        }
    }

    fn amount(kind: Builtin, text: &str) -> String {
        parse_amount(kind, text).map_or_else(said, |amount| amount.to_string())
    }

    fn length(text: &str) -> String {
        Length::parse(text).map_or_else(said, |length| length.ms().to_string())
    }

    #[test]
    fn sizes_are_exact_or_refused() {
        let check = |kind, text, expected: &str| assert_eq!(amount(kind, text), expected, "{text}");
        check(Builtin::Cpu, "16", "16000");
        check(Builtin::Cpu, "0.1", "100");
        check(Builtin::Cpu, "500m", "500");
        check(Builtin::Cpu, "2 vCPU", "2000");
        check(
            Builtin::Cpu,
            "0.0001",
            "`0.0001` is not a whole number of milli-vCPU | cpu is counted in milli-vCPU: round it",
        );
        check(Builtin::Cpu, "2 cores", "`cores` is not a unit of cpu | did you mean `2`?");
        check(Builtin::Memory, "64 GiB", "65536");
        check(Builtin::Memory, "1.5TiB", "1572864");
        check(Builtin::Memory, "2048 KiB", "2");
        check(Builtin::Memory, "64 GB", "`GB` is not a unit of memory | did you mean `64 GiB`?");
        check(Builtin::Memory, "64", "`64` does not say its unit | did you mean `64 GiB`?");
        check(Builtin::Memory, "-1 GiB", "`-1 GiB` is negative");
        check(
            Builtin::Memory,
            "lots",
            "`lots` is not an amount of memory | write it like \"64 GiB\"",
        );
        check(
            Builtin::Memory,
            "1e9 GiB",
            "`e9 GiB` is not a unit of memory | memory is in KiB, MiB, GiB, TiB, PiB",
        );
        check(
            Builtin::Memory,
            "9999999999 PiB",
            "`9999999999 PiB` is more memory than can be counted | the most is 1125899906842624 MiB",
        );
        check(Builtin::Disk, "2 TiB", "2048");
        check(Builtin::Disk, "1 kb", "`kb` is not a unit of disk | disk is in MiB, GiB, TiB, PiB");
        check(Builtin::Network, "0.5 Gbit/s", "500");
        check(
            Builtin::Network,
            "10 Gbps",
            "`Gbps` is not a unit of network | did you mean `10 Gbit/s`?",
        );
        check(Builtin::Gpu, "250m", "250");
        check(Builtin::Gpu, "nan", "`nan` is not an amount of gpu | write it like 1");
    }

    #[test]
    fn numbers_are_kept_as_written() {
        let check = |text: &str, expected: &str| {
            let found = Decimal::parse(text).map_or_else(said, |d| format!("{:?}", d.to_f64()));
            assert_eq!(found, expected, "{text}");
        };
        check("0.1", "0.1");
        check("1_000.50", "1000.5");
        check("-2.5e-3", "-0.0025");
        check("5200.0", "5200.0");
        check("1e19", "1e19");
        check("1e20", "`1e20` is too large");
        check("1e999999999", "`1e999999999` is too large");
        check("1e99999999999", "`1e99999999999` is not a number");
        check("1e-40", "`1e-40` is too small a number to matter");
        check("inf", "`inf` is not a finite number");
        check("-nan", "`-nan` is not a finite number");
        check(
            "123456789012345678901",
            "`123456789012345678901` has more than 20 digits | round it",
        );
        check("1.2.3", "`1.2.3` is not a number");
        check("", "`` is not a number");
        check("0.000", "0.0");
    }

    #[test]
    fn durations_add_up() {
        let check = |text: &str, expected: &str| assert_eq!(length(text), expected, "{text}");
        check("90 days", "7776000000");
        check("1h 30m", "5400000");
        check("1.5 h", "5400000");
        check("0.1 s", "100");
        check("250ms", "250");
        check("1 year", "31557600000");
        check("12 months", "31557600000");
        check("0 s", "0");
        check("0.5 month", "1314900000");
        check(
            "0.0001 s",
            "`0.0001 s` is not a whole number of ms | time is counted in ms: round it",
        );
        check("90 dyas", "`dyas` is not a unit of time | did you mean `90 days`?");
        check("90", "`90` does not say its unit | write it like `\"90 days\"`");
        check("soon", "`soon` is not a duration | write it like `\"90 days\"` or `\"1h 30m\"`");
        check("-1 day", "`-1 day` is negative");
        check("1001 years", "`1001 years` is longer than 1000 years");
        check(
            "99999999999999999999 years",
            "`99999999999999999999 years` is longer than 1000 years",
        );
        check("", "the duration is empty | write it like `\"90 days\"`");
    }

    #[test]
    fn months_are_as_long_as_the_calendar_says() {
        let calendar = Calendar { start: jiff::civil::date(2011, 7, 1).at(0, 0, 0, 0) };
        let days =
            |text| Length::parse(text).expect("a length").ms_from(&calendar).map(|ms| ms / DAY_MS);
        assert_eq!(days("1 month"), Some(31));
        assert_eq!(days("36 months"), Some(1096));
        assert_eq!(days("1 year"), Some(366));
        assert_eq!(days("1 month 1 day"), Some(32));
        let late = Calendar { start: jiff::civil::date(9990, 1, 1).at(0, 0, 0, 0) };
        assert_eq!(Length::parse("10 years").expect("a length").ms_from(&late), None);
    }

    #[test]
    fn shares_and_rates_are_read() {
        assert_eq!(parse_share("25%"), Ok(0.25));
        assert_eq!(parse_share("0.1 %"), Ok(0.001));
        assert_eq!(parse_share("0.3"), Ok(0.3));
        assert_eq!(
            parse_share("a lot").map_err(said).unwrap_err(),
            "`a lot` is not a share | write it like `\"25%\"` or 0.25"
        );
        assert_eq!(parse_rate("200 per day"), Ok(200.0 / 86_400_000.0));
        assert_eq!(parse_rate("1.5 per second"), Ok(0.0015));
        assert!(parse_rate("200/day").is_err());
        assert!(parse_rate("-1 per day").is_err());
    }

    #[test]
    fn times_count_from_the_start() {
        let calendar = Calendar { start: jiff::civil::date(2011, 7, 1).at(8, 0, 0, 0) };
        let time = |text: &str| match parse_time(text, &calendar) {
            Ok(ms) => calendar.at(Time::from_ms(ms)).to_string(),
            Err(mistake) => said(mistake),
        };
        assert_eq!(time("1 month"), "2011-08-01T08:00:00");
        assert_eq!(time("2011-07-02"), "2011-07-02T00:00:00");
        assert_eq!(time("2011-07-01T09:30:00"), "2011-07-01T09:30:00");
        assert!(time("2011-06-30").contains("is before the start"));
        assert!(time("2011-13-01").contains("is not a date"));
        assert!(time("soon").contains("is not a duration"));
        assert!(time("9999 years").contains("9999 years"));
    }

    #[test]
    fn data_rates_are_read_in_bytes_and_bits() {
        let rate = |text: &str| match parse_data_rate(text) {
            Ok(mib_s) => format!("{mib_s:.3}"),
            Err(mistake) => said(mistake),
        };
        assert_eq!(rate("1100 MiB/s"), "1100.000");
        assert_eq!(rate("10Gbit/s"), "1192.093");
        assert_eq!(rate("0 kB/s"), "0.000");
        assert_eq!(rate("-1 GiB/s"), "`-1 GiB/s` is negative");
        for wrong in ["", "10", "10 Gb", "fast", "MiB/s"] {
            assert!(rate(wrong).starts_with(&format!("`{wrong}` is not a data rate")), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_written_in_the_largest_exact_unit() {
        let check = |kind: Builtin, amount, expected: &str| {
            assert_eq!(format_amount(kind.name(), kind.unit(), amount), expected);
        };
        check(Builtin::Memory, 98_304, "96 GiB");
        check(Builtin::Memory, 1_572_864, "1.5 TiB");
        check(Builtin::Memory, 1_537, "1537 MiB");
        check(Builtin::Memory, 0, "0 MiB");
        check(Builtin::Cpu, 16_000, "16 vCPU");
        check(Builtin::Cpu, 250, "0.25 vCPU");
        check(Builtin::Cpu, 1_001, "1001m");
        check(Builtin::Network, 500, "500 Mbit/s");
        check(Builtin::Network, -10_000, "-10 Gbit/s");
        assert_eq!(format_amount("slots", "slots", 110), "110 slots");
    }

    #[test]
    fn shares_are_written_short() {
        assert_eq!(format_share(0.25), "25%");
        assert_eq!(format_share(0.0004), "0.04%");
        assert_eq!(format_share(0.000_01), "<0.01%");
        assert_eq!(format_share(0.0), "0%");
        assert_eq!(format_share(1.2345), "123.45%");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in 0..TIME_MS_MAX, amount in 0..AMOUNT_MAX, row in 0..5_usize) {
            let written = format_duration_ms(ms);
            prop_assert_eq!(Length::parse(&written).map(Length::ms), Ok(ms));
            let kind = Builtin::ALL[row];
            let written = format_amount(kind.name(), kind.unit(), amount);
            prop_assert_eq!(parse_amount(kind, &written), Ok(amount));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            let _ = Length::parse(&text);
            let _ = parse_share(&text);
            let _ = parse_rate(&text);
            let _ = Decimal::parse(&text);
            for kind in Builtin::ALL {
                let _ = parse_amount(kind, &text);
            }
        }
    }
}
