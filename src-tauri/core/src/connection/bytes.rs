//! Sizes as people write them: `10 GB`, `500 MB`, `1.5 TB`, or a bare number of bytes. BigQuery counts in powers of 1,024.

/// What each unit is called, and how many bytes it has. The longest name first where one ends in another.
const UNITS: [(&str, u64); 14] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1 << 40),
    ("GB", 1 << 30),
    ("MB", 1 << 20),
    ("KB", 1 << 10),
    ("bytes", 1),
    ("T", 1 << 40),
    ("G", 1 << 30),
    ("M", 1 << 20),
    ("K", 1 << 10),
    ("B", 1),
];

/// Reads a size. `None` where it is not one, is nought, or is more than BigQuery's own counter holds.
pub fn read(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, bytes)| {
            let at = text.len().checked_sub(name.len())?;
            let tail = text.get(at..)?;
            tail.eq_ignore_ascii_case(name).then(|| (&text[..at], *bytes))
        })
        .unwrap_or((text, 1));
    let number: String = number.chars().filter(|c| !", _\u{a0}'".contains(*c)).collect();
    let (whole, part) = number.split_once('.').unwrap_or((&number, ""));
    let digits = |text: &str| text.len() <= 18 && text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 6 {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(part.len()).ok()?);
    let thousandths: u128 = whole.parse::<u128>().ok()? * scale + part.parse::<u128>().unwrap_or(0);
    let bytes = thousandths * u128::from(unit) / scale;
    // BigQuery's `maximumBytesBilled` is a signed 64-bit number.
    u64::try_from(bytes)
        .ok()
        .filter(|bytes| *bytes > 0 && i64::try_from(*bytes).is_ok())
}

/// A size for reading: at most one digit behind the point, in the largest unit that fits.
pub fn words(bytes: u64) -> String {
    let (name, unit) = UNITS[4..8]
        .iter()
        .find(|(_, unit)| bytes >= *unit)
        .copied()
        .unwrap_or(("bytes", 1));
    let tenths = bytes / unit * 10 + bytes % unit * 10 / unit;
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} {name}"),
        (whole, tenth) => format!("{whole}.{tenth} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{read, words};

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let rows = [
            ("10 GB", Some(10 << 30)),
            ("10gb", Some(10 << 30)),
            ("1.5 TiB", Some(3 << 39)),
            ("500M", Some(500 << 20)),
            ("10,485,760", Some(10 << 20)),
            ("1", Some(1)),
            ("12 bytes", Some(12)),
            ("0", None),
            ("0 GB", None),
            ("-1 GB", None),
            ("ten GB", None),
            ("GB", None),
            ("", None),
            ("1.2.3 GB", None),
            ("9999999 TB", None),
        ];
        for (text, expected) in rows {
            assert_eq!(read(text), expected, "for {text:?}");
        }
    }

    #[test]
    fn sizes_are_written_for_reading() {
        let rows = [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1 << 10, "1 KB"),
            (1536, "1.5 KB"),
            (10 << 30, "10 GB"),
            (3 << 39, "1.5 TB"),
        ];
        for (bytes, expected) in rows {
            assert_eq!(words(bytes), expected, "for {bytes} bytes");
        }
    }
}
