//! Dates: from every form that a warehouse writes to seconds since 1970, which is what CleverTap keeps.
//!
//! A value without a zone is read in the zone that the person chose, UTC where none is chosen. Where clocks are put
//! forward and a time does not exist, the time that the clocks show instead is meant (02:30 becomes 03:30); where they are
//! put back and a time comes twice, the first is meant. A date alone is its first second.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;

use crate::import::plan::DateFormat;

/// How one column writes its dates.
#[derive(Clone, Debug)]
pub struct DateReader {
    form: Form,
    zone: Option<TimeZone>,
}

/// What a date column is in BigQuery, or the format that the person named for a text or number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `2024-03-18`
    Date,
    /// `2024-03-18T10:00:00.123456`, without a zone
    Datetime,
    /// Microseconds since 1970; also seconds with a fraction, and RFC 3339
    Timestamp,
    Written(DateFormat),
}

/// Why a value is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateFault {
    /// Not written as the format says.
    Format,
    /// Written so, and no such day or time exists, such as 30 February or 24:00.
    NoSuchTime,
    /// Before the year 1 or after the year 9999.
    OutOfRange,
}

impl DateReader {
    /// Reads `form`; values without a zone are in `zone`, UTC where absent.
    pub fn new(form: Form, zone: Option<TimeZone>) -> Self {
        Self {
            form,
            zone: zone.filter(|zone| *zone != TimeZone::UTC),
        }
    }

    /// Seconds since 1970 began in UTC, fractions cut towards the past.
    pub fn seconds(&self, text: &str) -> Result<i64, DateFault> {
        match self.form {
            Form::Date => Ok(self.at(iso_date(text)?, Time::midnight())),
            Form::Datetime => self.iso(text),
            Form::Timestamp => timestamp(text).unwrap_or_else(|| self.iso(text)),
            Form::Written(format) => self.written(format, text),
        }
    }

    fn written(&self, format: DateFormat, text: &str) -> Result<i64, DateFault> {
        match format {
            DateFormat::EpochSeconds => epoch(text, 10),
            DateFormat::EpochMilliseconds => epoch(text, 13).map(|ms| ms.div_euclid(1000)),
            DateFormat::IsoDate => Ok(self.at(iso_date(text)?, Time::midnight())),
            DateFormat::Iso8601 => self.iso(text),
            DateFormat::DayMonthYearTime => self.pattern(b"DD/MM/YYYY hh:mm:ss", text),
            DateFormat::MonthDayYearTime => self.pattern(b"MM/DD/YYYY hh:mm:ss", text),
            DateFormat::YearDayMonthTime => self.pattern(b"YYYY/DD/MM hh:mm:ss", text),
            DateFormat::YearMonthDayTime => self.pattern(b"YYYY/MM/DD hh:mm:ss", text),
            DateFormat::DayNameYearTime => self.pattern(b"DD NNN YYYY hh:mm:ss", text),
            DateFormat::DayMonthYear => self.pattern(b"DD/MM/YYYY", text),
            DateFormat::MonthDayYear => self.pattern(b"MM/DD/YYYY", text),
            DateFormat::YearDayMonth => self.pattern(b"YYYY/DD/MM", text),
            DateFormat::YearMonthDay => self.pattern(b"YYYY/MM/DD", text),
            DateFormat::DayNameYear => self.pattern(b"DDNNNYYYY", text),
        }
    }

    /// Reads text whose every character has its place.
    fn pattern(&self, pattern: &[u8], text: &str) -> Result<i64, DateFault> {
        let parts = Parts::read(pattern, text.as_bytes()).ok_or(DateFault::Format)?;
        let time = Time::new(parts.hour, parts.minute, parts.second, 0).map_err(|_| DateFault::NoSuchTime)?;
        Ok(self.at(day(parts.year, parts.month, parts.day)?, time))
    }

    /// Reads RFC 3339 with or without a zone, with a space or a T, with or without a time.
    fn iso(&self, text: &str) -> Result<i64, DateFault> {
        let utc = text.strip_suffix(" UTC");
        let bare = &*nanoseconds(utc.unwrap_or(text));
        // The library also reads years of six digits, weeks and bracketed zones. A warehouse writes none of them.
        let plain = |b: &u8| b.is_ascii_digit() || b"-:.+TtZz ".contains(b);
        if iso_date(bare.get(..10).ok_or(DateFault::Format)?).is_err() || !bare.as_bytes().iter().all(plain) {
            return Err(iso_date(bare.get(..10).unwrap_or_default())
                .err()
                .unwrap_or(DateFault::Format));
        }
        let pieces = Pieces::parse(bare).map_err(|_| DateFault::Format)?;
        let time = pieces.time().unwrap_or(Time::midnight());
        if let Some(offset) = pieces.offset() {
            // An offset needs a time to stand behind.
            pieces.time().ok_or(DateFault::Format)?;
            let ahead = i64::from(offset.to_numeric_offset().seconds());
            return Ok(seconds_in_utc(pieces.date(), time) - ahead);
        }
        if utc.is_some() {
            return Ok(seconds_in_utc(pieces.date(), time));
        }
        Ok(self.at(pieces.date(), time))
    }

    fn at(&self, date: Date, time: Time) -> i64 {
        let in_utc = seconds_in_utc(date, time);
        let Some(zone) = &self.zone else {
            return in_utc;
        };
        match zone
            .to_ambiguous_timestamp(DateTime::from_parts(date, time))
            .compatible()
        {
            Ok(instant) => floor_seconds(instant.as_second(), instant.subsec_nanosecond()),
            // The library's time ends a day before the year 9999 does, and 9999-12-31 is what many tables write for "never
            // ends". Only the last days are out of its reach, and there the zone is as it was just before them.
            Err(_) => in_utc - i64::from(zone.to_offset(Timestamp::MAX).seconds()),
        }
    }
}

/// A zone by its IANA name, such as `Europe/Paris`.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

struct Parts {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
}

impl Parts {
    /// Letters of the pattern stand for digits (`NNN` for a month's name), everything else for itself.
    fn read(pattern: &[u8], text: &[u8]) -> Option<Self> {
        const MONTHS: [&[u8; 3]; 12] = [
            b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
        ];
        if pattern.len() != text.len() {
            return None;
        }
        let mut parts = Self {
            year: 0,
            month: 0,
            day: 0,
            hour: 0,
            minute: 0,
            second: 0,
        };
        let mut name = [0; 3];
        let mut letters = 0;
        for (&place, &byte) in pattern.iter().zip(text) {
            if place == b'N' {
                name[letters] = byte.to_ascii_lowercase();
                letters += 1;
                continue;
            }
            let field = match place {
                b'Y' => {
                    parts.year = parts.year * 10 + i16::from(digit(byte)?);
                    continue;
                }
                b'M' => &mut parts.month,
                b'D' => &mut parts.day,
                b'h' => &mut parts.hour,
                b'm' => &mut parts.minute,
                b's' => &mut parts.second,
                literal if literal == byte => continue,
                _ => return None,
            };
            *field = *field * 10 + digit(byte)?;
        }
        if letters > 0 {
            let month = MONTHS.iter().position(|month| **month == name)?;
            parts.month = i8::try_from(month).ok()? + 1;
        }
        Some(parts)
    }
}

fn digit(byte: u8) -> Option<i8> {
    byte.is_ascii_digit().then(|| (byte - b'0').cast_signed())
}

fn iso_date(text: &str) -> Result<Date, DateFault> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
        return Err(DateFault::Format);
    };
    let pair = |tens, ones| Some(digit(tens)? * 10 + digit(ones)?);
    let parts = || Some((pair(y1, y2)?, pair(y3, y4)?, pair(m1, m2)?, pair(d1, d2)?));
    let (hundreds, year, month, day_of_month) = parts().ok_or(DateFault::Format)?;
    day(i16::from(hundreds) * 100 + i16::from(year), month, day_of_month)
}

fn day(year: i16, month: i8, day: i8) -> Result<Date, DateFault> {
    if year == 0 {
        return Err(DateFault::OutOfRange);
    }
    Date::new(year, month, day).map_err(|_| DateFault::NoSuchTime)
}

/// Seconds from 1970 to this time in UTC, for every day of the years 1 to 9999.
fn seconds_in_utc(date: Date, time: Time) -> i64 {
    let midnight = days_since_1970(date) * 86_400;
    midnight + i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
}

/// Days are counted in years that begin in March, so that a leap day is the last of its year.
fn days_since_1970(date: Date) -> i64 {
    let (year, month) = (i64::from(date.year()), i64::from(date.month()));
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let before_the_month = (153 * month + 2) / 5;
    let before_the_year = 365 * year + year / 4 - year / 100 + year / 400;
    before_the_year + before_the_month + i64::from(date.day()) - 1 - DAYS_BEFORE_1970
}

/// From 1 March of the year 0.
const DAYS_BEFORE_1970: i64 = 719_468;

/// Without what stands behind nine digits of a second: columns may keep twelve, and seconds are all that is asked for.
fn nanoseconds(text: &str) -> std::borrow::Cow<'_, str> {
    let Some((whole, part)) = text.split_once('.') else {
        return text.into();
    };
    let digits = part.bytes().take_while(u8::is_ascii_digit).count();
    if (10..=12).contains(&digits) {
        format!("{whole}.{}{}", &part[..9], &part[digits..]).into()
    } else {
        text.into()
    }
}

/// jiff cuts towards 1970; half a second before it is the second before it.
fn floor_seconds(second: i64, nanosecond: i32) -> i64 {
    if nanosecond < 0 { second - 1 } else { second }
}

/// A TIMESTAMP as numbers: whole ones are microseconds, others seconds. Nothing where it is no number.
fn timestamp(text: &str) -> Option<Result<i64, DateFault>> {
    if let Ok(microseconds) = text.parse::<i64>() {
        return Some(in_range(microseconds.div_euclid(1_000_000)));
    }
    let numeric = |b: u8| b.is_ascii_digit() || b"+-.eE".contains(&b);
    if !text.bytes().all(numeric) {
        return None;
    }
    let seconds = text.parse::<f64>().ok()?.floor();
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a float beyond i64 becomes its end, which is out of range anyway"
    )]
    Some(in_range(seconds as i64))
}

/// A whole number with exactly this many digits. Number columns may write it with a fraction or an exponent.
fn epoch(text: &str, digits: usize) -> Result<i64, DateFault> {
    let text = whole(text).ok_or(DateFault::Format)?;
    let number: i64 = text.parse().map_err(|_| DateFault::Format)?;
    if text.trim_start_matches(['-', '+']).len() == digits {
        Ok(number)
    } else {
        Err(DateFault::Format)
    }
}

/// The whole part of a plain decimal, or the plain form of one with an exponent.
fn whole(text: &str) -> Option<std::borrow::Cow<'_, str>> {
    if text.contains(['e', 'E']) {
        let number: f64 = text.parse().ok()?;
        return number.is_finite().then(|| format!("{:.0}", number.floor()).into());
    }
    match text.split_once('.') {
        Some((whole, part)) if !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) => Some(whole.into()),
        Some(_) => None,
        None => Some(text.into()),
    }
}

fn in_range(second: i64) -> Result<i64, DateFault> {
    const FIRST: i64 = -62_135_596_800; // 0001-01-01T00:00:00Z
    const LAST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z
    if (FIRST..=LAST).contains(&second) {
        Ok(second)
    } else {
        Err(DateFault::OutOfRange)
    }
}

#[cfg(test)]
#[path = "dates_tests.rs"]
mod tests;
