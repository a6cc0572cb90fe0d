use super::DateFault::{self, Format, NoSuchTime, OutOfRange};
use super::{DateReader, Form, zone};
use crate::import::plan::DateFormat as F;

#[track_caller]
fn check(form: Form, zone_name: Option<&str>, rows: &[(&str, Result<i64, DateFault>)]) {
    let zone = zone_name.map(|name| zone(name).unwrap_or_else(|| panic!("{name} is a zone")));
    let reader = DateReader::new(form, zone);
    for (text, expected) in rows {
        assert_eq!(
            reader.seconds(text),
            *expected,
            "{form:?} reads {text:?} in {zone_name:?}"
        );
    }
}

#[test]
fn every_format_reads_its_own_form_and_no_other() {
    // 5 March 2024, 04:07:09 and 00:00:00 UTC.
    let (full, date) = (1_709_611_629, 1_709_596_800);
    let forms = [
        (F::EpochSeconds, "1709611629", full),
        (F::EpochMilliseconds, "1709611629123", full),
        (F::DayMonthYearTime, "05/03/2024 04:07:09", full),
        (F::MonthDayYearTime, "03/05/2024 04:07:09", full),
        (F::YearDayMonthTime, "2024/05/03 04:07:09", full),
        (F::YearMonthDayTime, "2024/03/05 04:07:09", full),
        (F::DayNameYearTime, "05 Mar 2024 04:07:09", full),
        (F::DayMonthYear, "05/03/2024", date),
        (F::MonthDayYear, "03/05/2024", date),
        (F::YearDayMonth, "2024/05/03", date),
        (F::YearMonthDay, "2024/03/05", date),
        (F::DayNameYear, "05Mar2024", date),
        (F::IsoDate, "2024-03-05", date),
        (F::Iso8601, "2024-03-05T04:07:09Z", full),
    ];
    for (format, text, expected) in forms {
        check(Form::Written(format), None, &[(text, Ok(expected))]);
        let other_shapes = forms.iter().filter(|(_, other, _)| {
            let shape = |text: &str| {
                text.chars()
                    .map(|c| if c.is_ascii_digit() { '0' } else { c })
                    .collect::<String>()
            };
            shape(other) != shape(text)
        });
        for (_, other, _) in other_shapes {
            // ISO 8601 takes a date alone as well.
            if !(format == F::Iso8601 && *other == "2024-03-05") {
                check(Form::Written(format), None, &[(other, Err(Format))]);
            }
        }
    }
}

#[test]
fn text_that_is_nearly_right_is_refused() {
    check(
        Form::Written(F::DayMonthYearTime),
        None,
        &[
            ("5/3/2024 04:07:09", Err(Format)),
            ("05/03/2024 4:07:09 AM", Err(Format)),
            ("05/03/2024  04:07:09", Err(Format)),
            (" 05/03/2024 04:07:09", Err(Format)),
            ("05-03-2024 04:07:09", Err(Format)),
            ("05/03/24 04:07:09", Err(Format)),
            ("05/03/2024 24:00:00", Err(NoSuchTime)),
            ("05/03/2024 23:59:59", Ok(1_709_683_199)),
            ("05/03/2024 12:60:00", Err(NoSuchTime)),
            ("05/03/2024 12:00:60", Err(NoSuchTime)),
            ("31/04/2024 00:00:00", Err(NoSuchTime)),
            ("01/13/2024 00:00:00", Err(NoSuchTime)),
            ("00/01/2024 00:00:00", Err(NoSuchTime)),
            ("01/01/0000 00:00:00", Err(OutOfRange)),
            ("٠٥/٠٣/٢٠٢٤ 04:07:09", Err(Format)),
            ("", Err(Format)),
        ],
    );
    check(
        Form::Written(F::DayNameYear),
        None,
        &[
            ("18Mar2024", Ok(1_710_720_000)),
            ("18MAR2024", Ok(1_710_720_000)),
            ("18mar2024", Ok(1_710_720_000)),
            ("18Mrz2024", Err(Format)),
            ("18 Mar 2024", Err(Format)),
            ("30Feb2024", Err(NoSuchTime)),
        ],
    );
}

#[test]
fn leap_days_exist_in_leap_years_alone() {
    check(
        Form::Written(F::IsoDate),
        None,
        &[
            ("2024-02-29", Ok(1_709_164_800)),
            ("2000-02-29", Ok(951_782_400)),
            ("2023-02-29", Err(NoSuchTime)),
            ("1900-02-29", Err(NoSuchTime)),
        ],
    );
}

#[test]
fn epochs_have_as_many_digits_as_they_promise() {
    check(
        Form::Written(F::EpochSeconds),
        None,
        &[
            ("1709611629", Ok(1_709_611_629)),
            ("1709611629.75", Ok(1_709_611_629)),
            ("1.709611629E9", Ok(1_709_611_629)),
            ("1709611629123", Err(Format)),
            ("170961162", Err(Format)),
            ("0", Err(Format)),
            ("1709611629.", Err(Format)),
            ("17096x1629", Err(Format)),
            ("NaN", Err(Format)),
            ("1e400", Err(Format)),
            ("", Err(Format)),
        ],
    );
    check(
        Form::Written(F::EpochMilliseconds),
        None,
        &[
            ("1709611629999", Ok(1_709_611_629)),
            ("1709611629", Err(Format)),
            ("99999999999999999999", Err(Format)),
        ],
    );
}

#[test]
fn bigquerys_own_columns_speak_for_themselves() {
    check(
        Form::Date,
        None,
        &[
            ("1997-01-01", Ok(852_076_800)),
            ("1969-12-31", Ok(-86_400)),
            ("97-01-01", Err(Format)),
        ],
    );
    check(
        Form::Datetime,
        None,
        &[
            ("2024-03-05T04:07:09", Ok(1_709_611_629)),
            ("2024-03-05T04:07:09.999999", Ok(1_709_611_629)),
            ("2024-03-05 04:07:09", Ok(1_709_611_629)),
            ("1969-12-31T23:59:59.500000", Ok(-1)),
            ("9999-12-31T23:59:59", Ok(253_402_300_799)),
            ("9999-12-31T23:59:59.999999999999", Ok(253_402_300_799)),
            ("0001-01-01T00:00:00", Ok(-62_135_596_800)),
        ],
    );
    check(
        Form::Timestamp,
        None,
        &[
            ("1709611629123456", Ok(1_709_611_629)),
            ("-1", Ok(-1)),
            ("0", Ok(0)),
            ("1.709611629123456E9", Ok(1_709_611_629)),
            ("1709611629.5", Ok(1_709_611_629)),
            ("-0.5", Ok(-1)),
            ("2024-03-05T04:07:09.123456Z", Ok(1_709_611_629)),
            ("2024-03-05T06:07:09+02:00", Ok(1_709_611_629)),
            ("2024-03-05 04:07:09 UTC", Ok(1_709_611_629)),
            ("2024-03-05 04:07:09.123+00", Ok(1_709_611_629)),
            ("2024-03-05T04:07:09.123456789012Z", Ok(1_709_611_629)),
            ("1969-12-31T23:59:59.5Z", Ok(-1)),
            ("9999-12-31T23:59:59.999999Z", Ok(253_402_300_799)),
            ("9999-12-31 23:59:59 UTC", Ok(253_402_300_799)),
            ("253402300799999999", Ok(253_402_300_799)),
            ("9223372036854775807", Err(OutOfRange)),
            ("1e300", Err(OutOfRange)),
            ("soon", Err(Format)),
        ],
    );
}

#[test]
fn iso_8601_comes_in_several_coats_and_no_stranger_ones() {
    check(
        Form::Written(F::Iso8601),
        Some("Asia/Kolkata"),
        &[
            ("2024-03-05T04:07:09Z", Ok(1_709_611_629)),
            ("2024-03-05t04:07:09z", Ok(1_709_611_629)),
            ("2024-03-05T04:07:09-05:00", Ok(1_709_629_629)),
            ("2024-03-05T04:07:09", Ok(1_709_591_829)),
            ("2024-03-05", Ok(1_709_577_000)),
            ("2024-03-05T04:07", Ok(1_709_591_820)),
            ("2024-02-30T04:07:09Z", Err(NoSuchTime)),
            ("2024-03-05T04:07:09[Europe/Paris]", Err(Format)),
            ("+002024-03-05T04:07:09Z", Err(Format)),
            ("20240305T040709Z", Err(Format)),
            ("2024-W10-2", Err(Format)),
            ("2024-03-05T25:07:09Z", Err(Format)),
            ("0000-03-05T04:07:09Z", Err(OutOfRange)),
            ("2024-03-0é", Err(Format)),
        ],
    );
}

#[test]
fn a_zone_holds_for_values_that_name_none() {
    check(
        Form::Date,
        Some("Asia/Kolkata"),
        &[("2024-03-05", Ok(1_709_596_800 - 19_800))],
    );
    check(
        Form::Date,
        Some("America/New_York"),
        &[("2024-03-05", Ok(1_709_596_800 + 18_000))],
    );
    check(
        Form::Timestamp,
        Some("Asia/Kolkata"),
        &[("1709611629000000", Ok(1_709_611_629))],
    );
}

#[test]
fn where_clocks_jump_the_time_that_they_show_is_meant() {
    check(
        Form::Datetime,
        Some("Europe/Paris"),
        &[
            // 31 March 2024: 02:00 became 03:00, so 02:30 is what the clocks called 03:30.
            ("2024-03-31T01:59:59", Ok(1_711_846_799)),
            ("2024-03-31T02:30:00", Ok(1_711_848_600)),
            ("2024-03-31T03:30:00", Ok(1_711_848_600)),
            // 27 October 2024: 03:00 became 02:00, so 02:30 came twice and the first is meant.
            ("2024-10-27T02:30:00", Ok(1_729_989_000)),
        ],
    );
    // In São Paulo midnight itself was skipped on 4 November 2018: the day's first second was 01:00.
    check(
        Form::Date,
        Some("America/Sao_Paulo"),
        &[("2018-11-04", Ok(1_541_300_400))],
    );
}

#[test]
fn only_real_zones_are_zones() {
    for (name, expected) in [
        ("Europe/Paris", true),
        ("UTC", true),
        ("Mars/Olympus", false),
        ("", false),
        ("CEST", false),
    ] {
        assert_eq!(zone(name).is_some(), expected, "for {name:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_whatever_breaks_a_reader(text in "\\PC{0,40}|[0-9eE.+-]{0,30}|[0-9]{4}-[0-9]{2}-[0-9]{2}.{0,20}") {
        for form in [Form::Date, Form::Datetime, Form::Timestamp, Form::Written(F::Iso8601), Form::Written(F::EpochSeconds), Form::Written(F::DayNameYearTime)] {
            if let Ok(second) = DateReader::new(form, zone("America/New_York")).seconds(&text) {
                proptest::prop_assert!((-70_000_000_000..=260_000_000_000).contains(&second), "{:?} read {:?} as {}", form, text, second);
            }
        }
    }

    #[test]
    fn a_written_second_reads_back(second in 0i64..4_102_444_800) {
        let instant = jiff::Timestamp::from_second(second).expect("in range");
        let text = instant.strftime("%d %b %Y %H:%M:%S").to_string();
        let reader = DateReader::new(Form::Written(F::DayNameYearTime), None);
        proptest::prop_assert_eq!(reader.seconds(&text), Ok(second));
    }
}

#[test]
fn the_last_day_of_time_is_a_day() {
    // What tables write for "never ends". The calendar library's own time stops a day earlier.
    let last = 253_402_214_400;
    check(
        Form::Date,
        None,
        &[("9999-12-31", Ok(last)), ("0001-01-01", Ok(-62_135_596_800))],
    );
    check(Form::Date, Some("Asia/Kolkata"), &[("9999-12-31", Ok(last - 19_800))]);
    check(
        Form::Date,
        Some("America/New_York"),
        &[("9999-12-31", Ok(last + 18_000))],
    );
    check(Form::Written(F::DayMonthYear), None, &[("31/12/9999", Ok(last))]);
    check(
        Form::Written(F::Iso8601),
        None,
        &[
            ("9999-12-31T00:00:00+05:30", Ok(last - 19_800)),
            ("9999-12-31Z", Err(Format)),
        ],
    );
}

#[test]
fn every_day_of_the_years_1_to_9999_is_counted() {
    let mut date = jiff::civil::Date::constant(1, 1, 1);
    let mut day = -719_162;
    loop {
        assert_eq!(super::days_since_1970(date), day, "{date}");
        let Ok(next) = date.tomorrow() else { break };
        (date, day) = (next, day + 1);
    }
    assert_eq!(date.to_string(), "9999-12-31", "the last day was reached");
}
