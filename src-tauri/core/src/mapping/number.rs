//! Numbers, which arrive as text and leave as the shortest text that means the same.

use crate::clevertap::rules::limits::EXACT_INTEGER;

/// A plain decimal, taken apart: `-12.50e3` is minus, `12`, `5`, 3.
pub(super) struct Decimal<'a> {
    negative: bool,
    /// Without leading zeros; empty for zero.
    whole: &'a str,
    /// Without trailing zeros.
    part: &'a str,
    exponent: i32,
}

/// Places before the point, at most, of a text without an exponent: no FLOAT64 has more digits that mean something.
const MOST_PLAIN: i32 = 17;
/// Zeros behind the point, at most, before its first digit; as a negative number.
const FEWEST_PLAIN: i32 = -4;

/// Why a text is no number that a record can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberFault {
    Unreadable,
    /// `NaN`, or an infinity, by name or by size.
    Infinite,
    /// Has a part after the point where none may be.
    Fractional,
}

impl<'a> Decimal<'a> {
    /// Reads digits with an optional sign, point and exponent. No spaces, no separators, no other bases.
    pub fn read(text: &'a str) -> Result<Self, NumberFault> {
        let (negative, bare) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match bare.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (bare, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.len() + part.len() == 0 || !digits(whole) || !digits(part) {
            return Err(not_digits(bare));
        }
        let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
        let zero = whole.is_empty() && part.is_empty();
        let number = Self {
            negative: negative && !zero,
            whole,
            part,
            exponent: if zero { 0 } else { exponent },
        };
        if number.exponent != 0 || whole.len() > 300 {
            let size: f64 = text.parse().map_err(|_| NumberFault::Unreadable)?;
            if !size.is_finite() {
                return Err(NumberFault::Infinite);
            }
        }
        Ok(number)
    }

    /// Writes it as a JSON number.
    pub fn write(&self, out: &mut Vec<u8>) {
        if self.negative {
            out.push(b'-');
        }
        let whole = if self.whole.is_empty() { "0" } else { self.whole };
        out.extend_from_slice(whole.as_bytes());
        if !self.part.is_empty() {
            out.push(b'.');
            out.extend_from_slice(self.part.as_bytes());
        }
        if self.exponent != 0 {
            out.push(b'e');
            super::json::integer(out, i64::from(self.exponent));
        }
    }

    /// Writes it as a text that people read: without an exponent, as long as that does not make it long. `1.2345678E7`, which is
    /// how a FLOAT64 of eight digits arrives, is the number 12345678 to everybody, and to BigQuery where it makes a text of it.
    pub fn write_plain(&self, out: &mut Vec<u8>) {
        let point = i32::try_from(self.whole.len())
            .unwrap_or(i32::MAX)
            .saturating_add(self.exponent);
        if self.exponent == 0 || !(FEWEST_PLAIN..=MOST_PLAIN).contains(&point) {
            return self.write(out);
        }
        let digits: Vec<u8> = self.whole.bytes().chain(self.part.bytes()).collect();
        let (before, behind) = match usize::try_from(point) {
            Ok(point) if point >= digits.len() => (point, 0),
            Ok(point) => (point, digits.len() - point),
            Err(_) => (0, digits.len()),
        };
        if self.negative {
            out.push(b'-');
        }
        let start = out.len();
        let zeros = std::iter::repeat_n(b'0', before.saturating_sub(digits.len()));
        let whole = digits[..before.min(digits.len())].iter().copied().chain(zeros);
        out.extend(whole.skip_while(|digit| *digit == b'0'));
        if out.len() == start {
            out.push(b'0');
        }
        let part = &digits[digits.len() - behind..];
        let kept = part.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
        if kept > 0 {
            out.push(b'.');
            out.extend(std::iter::repeat_n(b'0', usize::try_from(-point).unwrap_or(0)));
            out.extend_from_slice(&part[..kept]);
        }
    }

    /// Writes its digits where it is whole, exponents multiplied out.
    pub fn write_whole(&self, out: &mut Vec<u8>) -> Result<(), NumberFault> {
        let shift = usize::try_from(self.exponent).unwrap_or(0);
        if self.exponent < 0 {
            return self.write_shrunk(out);
        }
        if self.part.len() > shift {
            return Err(NumberFault::Fractional);
        }
        if self.negative {
            out.push(b'-');
        }
        let digits = self.whole.bytes().chain(self.part.bytes());
        let zeros = std::iter::repeat_n(b'0', shift - self.part.len());
        let before = out.len();
        out.extend(digits.chain(zeros).skip_while(|digit| *digit == b'0'));
        if out.len() == before {
            out.push(b'0');
        }
        Ok(())
    }

    /// `1200e-2` is whole, and nobody writes it: the slow way will do.
    fn write_shrunk(&self, out: &mut Vec<u8>) -> Result<(), NumberFault> {
        let drop = usize::try_from(self.exponent.unsigned_abs()).unwrap_or(usize::MAX);
        let zeros = self.whole.bytes().rev().take_while(|digit| *digit == b'0').count();
        if !self.part.is_empty() || zeros < drop {
            return Err(NumberFault::Fractional);
        }
        if self.negative {
            out.push(b'-');
        }
        out.extend_from_slice(&self.whole.as_bytes()[..self.whole.len() - drop]);
        Ok(())
    }

    /// Whether it is whole and so large that a JSON number would lose digits of it.
    pub fn loses_digits(&self) -> bool {
        if self.exponent != 0 || !self.part.is_empty() || self.whole.len() < 16 {
            return false;
        }
        self.whole.parse::<u64>().is_ok_and(|size| size > EXACT_INTEGER) || self.whole.len() > 19
    }
}

/// Digits that a FLOAT64 can tell apart, at most.
pub(super) const FLOAT_DIGITS: usize = 17;

/// How many digits of a number, as it is written, mean something: none of the zeros at its ends.
pub(super) fn significant(number: &str) -> usize {
    let mantissa = number.split('e').next().unwrap_or_default();
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let first = digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len());
    let last = digits
        .iter()
        .rposition(|digit| *digit != b'0')
        .map_or(first, |last| last + 1);
    last - first
}

/// Whether this is a whole number as it will be written: what the other way round [`Decimal`] makes of it.
pub(super) fn is_shortest_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    matches!(digits.first(), Some(b'1'..=b'9')) && digits.len() < 16 && digits.iter().all(u8::is_ascii_digit)
        || text == "0"
}

/// The same with a part after the point, or without.
pub(super) fn is_shortest(text: &str) -> bool {
    let bytes = text.strip_prefix('-').unwrap_or(text).as_bytes();
    if bytes.len() > 32 {
        return false;
    }
    let Some(point) = bytes.iter().position(|byte| *byte == b'.') else {
        return is_shortest_whole(text);
    };
    let (whole, part) = (&bytes[..point], &bytes[point + 1..]);
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    (whole == b"0" || matches!(whole.first(), Some(b'1'..=b'9')))
        && digits(whole)
        && matches!(part.last(), Some(b'1'..=b'9'))
        && digits(part)
}

fn read_exponent(text: &str) -> Result<i32, NumberFault> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NumberFault::Unreadable);
    }
    text.parse().map_err(|_| NumberFault::Infinite)
}

fn not_digits(bare: &str) -> NumberFault {
    let named = ["nan", "inf", "infinity"];
    if named.iter().any(|name| name.eq_ignore_ascii_case(bare)) {
        NumberFault::Infinite
    } else {
        NumberFault::Unreadable
    }
}

#[cfg(test)]
mod tests {
    use super::NumberFault::{Fractional, Infinite, Unreadable};
    use super::{Decimal, is_shortest, is_shortest_whole};

    fn canonical(text: &str) -> Result<String, super::NumberFault> {
        let mut out = Vec::new();
        Decimal::read(text)?.write(&mut out);
        Ok(String::from_utf8(out).expect("ASCII"))
    }

    fn whole(text: &str) -> Result<String, super::NumberFault> {
        let mut out = Vec::new();
        Decimal::read(text)?.write_whole(&mut out)?;
        Ok(String::from_utf8(out).expect("ASCII"))
    }

    #[test]
    fn numbers_leave_in_their_shortest_form() {
        let rows = [
            ("11.77", "11.77"),
            ("11.770000000", "11.77"),
            ("12.0", "12"),
            ("007", "7"),
            ("+5", "5"),
            ("-5.50", "-5.5"),
            ("-0.0", "0"),
            ("0e9", "0"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1.5E10", "1.5e10"),
            ("2e-07", "2e-7"),
            ("1e0", "1"),
            (
                "99999999999999999999999999999.999999999",
                "99999999999999999999999999999.999999999",
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(canonical(text).as_deref(), Ok(expected), "for {text:?}");
        }
    }

    #[test]
    fn as_text_a_number_has_an_exponent_only_where_it_would_be_long_without() {
        let rows = [
            ("1.2345678E7", "12345678"),
            ("-1.2345678E7", "-12345678"),
            ("1.0E10", "10000000000"),
            ("1.2345678901234567E16", "12345678901234567"),
            ("1.0E17", "1e17"),
            ("1.7976931348623157E308", "1.7976931348623157e308"),
            ("1.234567812E7", "12345678.12"),
            ("1200e-3", "1.2"),
            ("12e-3", "0.012"),
            ("1.0E-4", "0.0001"),
            ("1.5E-5", "0.000015"),
            ("1.5E-6", "1.5e-6"),
            (".05e2", "5"),
            (".0005e2", "0.05"),
            ("0e9", "0"),
            ("12.50", "12.5"),
        ];
        for (text, expected) in rows {
            let mut out = Vec::new();
            Decimal::read(text).expect("a number").write_plain(&mut out);
            assert_eq!(String::from_utf8(out).as_deref(), Ok(expected), "for {text:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_told_from_what_is_not_finite() {
        for text in [
            "", "-", "+", ".", "e5", "1e", "1e+", "1,000", " 1", "1 ", "0x10", "1_000", "--1", "1.2.3", "٣", "twelve",
        ] {
            assert_eq!(canonical(text), Err(Unreadable), "for {text:?}");
        }
        for text in [
            "NaN",
            "Infinity",
            "-Infinity",
            "inf",
            "-inf",
            "1e999",
            "-1e400",
            "1e99999999999",
        ] {
            assert_eq!(canonical(text), Err(Infinite), "for {text:?}");
        }
    }

    #[test]
    fn whole_numbers_may_come_with_points_and_exponents() {
        let rows = [
            ("3", Ok("3")),
            ("3.0", Ok("3")),
            ("-3.000", Ok("-3")),
            ("0.0", Ok("0")),
            ("1.5E3", Ok("1500")),
            ("0.05e2", Ok("5")),
            ("1200e-2", Ok("12")),
            ("9223372036854775808", Ok("9223372036854775808")),
            ("3.5", Err(Fractional)),
            ("1.55e1", Err(Fractional)),
            ("1e-3", Err(Fractional)),
            ("0.5e-1", Err(Fractional)),
        ];
        for (text, expected) in rows {
            assert_eq!(whole(text).as_deref().map_err(|fault| *fault), expected, "for {text:?}");
        }
    }

    #[test]
    fn the_last_exact_integer_is_two_to_the_53rd() {
        let rows = [
            ("9007199254740992", false),
            ("-9007199254740992", false),
            ("9007199254740993", true),
            ("-9007199254740993", true),
            ("9223372036854775807", true),
            ("99999999999999999999999", true),
            ("0009007199254740992", false),
            ("9007199254740993.5", false),
            ("42", false),
        ];
        for (text, expected) in rows {
            let number = Decimal::read(text).unwrap_or_else(|_| panic!("{text} is a number"));
            assert_eq!(number.loses_digits(), expected, "for {text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_short_already_is_written_as_it_is(text in "-?[0-9]{0,17}(\\.[0-9]{0,3})?[0-9eE+-]?") {
            if is_shortest_whole(&text) {
                proptest::prop_assert_eq!(whole(&text), Ok(text.clone()));
            }
            if is_shortest(&text) {
                proptest::prop_assert_eq!(canonical(&text), Ok(text));
            }
        }

        #[test]
        fn a_number_as_text_means_the_same(text in "[+-]?[0-9]{0,9}(\\.[0-9]{0,9})?([eE][+-]?[0-9]{1,2})?") {
            if let Ok(number) = Decimal::read(&text) {
                let mut plain = Vec::new();
                number.write_plain(&mut plain);
                let plain = String::from_utf8(plain).expect("ASCII");
                let (before, after): (f64, f64) = (text.parse().expect("Rust reads it"), plain.parse().expect("and this"));
                proptest::prop_assert_eq!((before + 0.0).to_bits(), (after + 0.0).to_bits(), "{} became {}", text, plain);
            }
        }

        #[test]
        fn a_shortened_number_means_the_same(text in "[+-]?[0-9]{0,12}(\\.[0-9]{0,12})?([eE][+-]?[0-9]{1,2})?") {
            if let Ok(short) = canonical(&text) {
                let json: f64 = serde_json::from_str(&short).expect("a JSON number");
                let before: f64 = text.parse().expect("Rust reads it too");
                proptest::prop_assert!((json - before).abs() <= before.abs() * 1e-15, "{} became {}", text, short);
            }
        }
    }
}
