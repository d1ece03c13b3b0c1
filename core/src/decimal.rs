//! Decimal numbers in text, read exactly: no float stands between a file and its integers.

/// What becomes of the part below one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// There must be none.
    Exact,
    /// It counts as a whole unit: what is asked for.
    Up,
    /// It is not counted: what is there to give.
    Down,
    /// From one half on it counts as a whole unit: instants and durations.
    Half,
}

/// How a number becomes a count of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    /// Units in 1; at most 10^8.
    pub(crate) per_one: u64,
    /// What becomes of a fraction of a unit.
    pub(crate) round: Round,
    /// The most units.
    pub(crate) units_max: u64,
}

/// Why a text is no such number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is no number at all.
    NotANumber,
    /// It is one of the words for no number, or for an endless one: `nan`, `inf`, `null` …
    NotFinite,
    /// It is below 0.
    Negative,
    /// It is more than `units_max`.
    TooLarge,
    /// It is not a whole number of units, and has to be.
    TooFine,
}

/// Reads `123`, `0.5`, `.5`, `1e-3`, `+2`: a number from 0 up, in units.
pub(crate) fn read(text: &[u8], measure: Measure) -> Result<u64, Fault> {
    // Nearly every number is a few digits with or without a point: these take this loop only.
    if text.len() > DIGITS_PLAIN {
        return read_any(text, measure);
    }
    let mut digits: u64 = 0;
    let mut point = None;
    for (at, &byte) in text.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            digits = digits * 10 + u64::from(digit);
        } else if byte == b'.' && point.is_none() && text.len() > 1 {
            point = Some(at);
        } else {
            return read_any(text, measure);
        }
    }
    if text.is_empty() {
        return Err(Fault::NotANumber);
    }
    let Some(scaled) = digits.checked_mul(measure.per_one) else {
        return read_any(text, measure);
    };
    let units = match point {
        None => scaled,
        Some(at) => {
            let divisor = POWERS[text.len() - at - 1];
            let (whole, rest) = (scaled / divisor, scaled % divisor);
            whole + round_up(measure.round, rest.into(), divisor.into(), false)?
        }
    };
    if units > measure.units_max { Err(Fault::TooLarge) } else { Ok(units) }
}

/// Texts of so many characters cannot overflow a `u64`.
const DIGITS_PLAIN: usize = 18;

/// Digits that count; those behind them only say whether there is something more. With
/// `per_one` at most 10^8 their product stays below 10^38, inside `u128`.
const DIGITS_MAX: u32 = 30;

const POWERS: [u64; DIGITS_PLAIN + 1] = {
    let mut powers = [1; DIGITS_PLAIN + 1];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// The same for a text of any length, with a sign or an exponent.
#[cold]
fn read_any(text: &[u8], measure: Measure) -> Result<u64, Fault> {
    let (is_negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if WORDS.iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
        return Err(Fault::NotFinite);
    }
    let (number, exponent) = match unsigned.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&unsigned[..at], read_exponent(&unsigned[at + 1..])?),
        None => (unsigned, 0),
    };

    // The value is digits × 10^power, and a little more if something is left over.
    let mut digits: u128 = 0;
    let mut counted = 0;
    let mut power = exponent;
    let mut has_more = false;
    let (mut has_digit, mut has_point) = (false, false);
    for &byte in number {
        match byte {
            b'.' if !has_point => has_point = true,
            b'0'..=b'9' => {
                has_digit = true;
                let digit = u128::from(byte - b'0');
                if counted < DIGITS_MAX {
                    digits = digits * 10 + digit;
                    counted += u32::from(digits > 0);
                    power -= i64::from(has_point);
                } else {
                    has_more |= digit > 0;
                    power += i64::from(!has_point);
                }
            }
            _ => return Err(Fault::NotANumber),
        }
    }
    if !has_digit {
        return Err(Fault::NotANumber);
    }
    if digits == 0 {
        return Ok(0);
    }
    if is_negative {
        return Err(Fault::Negative);
    }

    let scaled = digits * u128::from(measure.per_one);
    let units = if power >= 0 {
        let factor = u32::try_from(power).ok().and_then(|power| 10_u128.checked_pow(power));
        let units = factor.and_then(|factor| scaled.checked_mul(factor));
        units.ok_or(Fault::TooLarge)? + u128::from(round_up(measure.round, 0, 1, has_more)?)
    } else {
        match u32::try_from(-power).ok().and_then(|power| 10_u128.checked_pow(power)) {
            Some(divisor) => {
                let (whole, rest) = (scaled / divisor, scaled % divisor);
                whole + u128::from(round_up(measure.round, rest, divisor, has_more)?)
            }
            // Less than 10^38 of more than 10^38 parts: nothing but a rest, and less than half.
            None => round_up(measure.round, 1, u128::MAX, true)?.into(),
        }
    };
    match u64::try_from(units) {
        Ok(units) if units <= measure.units_max => Ok(units),
        _ => Err(Fault::TooLarge),
    }
}

/// What other programs write where they have no number.
const WORDS: [&[u8]; 8] = [b"nan", b"inf", b"infinity", b"null", b"none", b"na", b"n/a", b"nil"];

/// The number behind an `e`. Beyond a billion it makes no difference how far.
fn read_exponent(text: &[u8]) -> Result<i64, Fault> {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    };
    if digits.is_empty() {
        return Err(Fault::NotANumber);
    }
    let mut exponent: i64 = 0;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return Err(Fault::NotANumber);
        }
        exponent = (exponent * 10 + i64::from(byte - b'0')).min(1_000_000_000);
    }
    Ok(sign * exponent)
}

/// Whether `rest` of `divisor` parts of a unit make one more unit: 1 or 0.
fn round_up(round: Round, rest: u128, divisor: u128, has_more: bool) -> Result<u64, Fault> {
    let is_whole = rest == 0 && !has_more;
    match round {
        Round::Exact if !is_whole => Err(Fault::TooFine),
        Round::Exact | Round::Down => Ok(0),
        Round::Up => Ok(u64::from(!is_whole)),
        Round::Half => Ok(u64::from(rest >= divisor - rest)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn measure(per_one: u64, round: Round) -> Measure {
        Measure { per_one, round, units_max: 1 << 50 }
    }

    #[track_caller]
    fn check(text: &str, per_one: u64, round: Round, expected: Result<u64, Fault>) {
        assert_eq!(read(text.as_bytes(), measure(per_one, round)), expected, "{text}");
    }

    #[test]
    fn numbers_are_read_exactly() {
        for (text, units) in [
            ("0", 0),
            ("300", 300_000),
            ("0.5", 500),
            (".5", 500),
            ("5.", 5_000),
            ("007", 7_000),
            ("+2", 2_000),
            ("1e-3", 1),
            ("1.5E+2", 150_000),
            ("0.10000000000000000000000000000000000000000", 100),
            ("000000000000000000000000000000000000000000001", 1_000),
            ("0.000e99999999999999999999", 0),
            ("-0.0", 0),
        ] {
            check(text, 1_000, Round::Exact, Ok(units));
        }
    }

    #[test]
    fn a_fraction_of_a_unit_goes_as_told() {
        use Round::{Down, Exact, Half, Up};
        check("0.0004", 1_000, Half, Ok(0));
        check("0.0005", 1_000, Half, Ok(1));
        check("0.00049999999999999999999999999999999999999", 1_000, Half, Ok(0));
        check("0.3", 1_024, Up, Ok(308));
        check("0.3", 1_024, Down, Ok(307));
        check("0.5", 1_024, Up, Ok(512));
        check("1e-400", 1_024, Up, Ok(1));
        check("1e-400", 1_024, Half, Ok(0));
        check("3.00000000000000000000000000000000000000001", 1, Up, Ok(4));
        check("3.00000000000000000000000000000000000000001", 1, Exact, Err(Fault::TooFine));
        check("0.0001", 1_000, Exact, Err(Fault::TooFine));
    }

    #[test]
    fn what_is_no_number_says_why() {
        for text in ["", ".", "abc", "1,5", "0x10", "1.2.3", "e5", "1e", "1e+", "--1", "1_000"] {
            check(text, 1, Round::Half, Err(Fault::NotANumber));
        }
        for text in ["nan", "NaN", "-inf", "Infinity", "null", "NA"] {
            check(text, 1, Round::Half, Err(Fault::NotFinite));
        }
        check("-1", 1, Round::Half, Err(Fault::Negative));
        check("-1e-9", 1, Round::Half, Err(Fault::Negative));
        for text in ["1125899906842625", "99999999999999999999999", "1e15.", "1e16", "1e999999"] {
            let fault = if text.ends_with('.') { Fault::NotANumber } else { Fault::TooLarge };
            check(text, 1, Round::Half, Err(fault));
        }
        check("1125899906842624", 1, Round::Half, Ok(1 << 50));
    }

    proptest! {
        #[test]
        fn the_short_way_and_the_long_way_agree(text in "[0-9]{0,9}\\.?[0-9]{0,9}") {
            for round in [Round::Exact, Round::Up, Round::Down, Round::Half] {
                let measure = measure(1_024, round);
                prop_assert_eq!(read(text.as_bytes(), measure), read_any(text.as_bytes(), measure));
            }
        }

        #[test]
        fn any_bytes_are_a_number_or_not(text in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = read(&text, measure(100_000_000, Round::Up));
        }
    }
}
