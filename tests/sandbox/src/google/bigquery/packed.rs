//! Gzip whose middle is made once: rows served from memory are compressed the first time a page of them is asked for,
//! and every later answer with that page only compresses its own head and tail.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// A stretch of a deflate stream that can stand between others, and what the checksum needs of it.
#[derive(Debug)]
pub(crate) struct Packed {
    deflated: Vec<u8>,
    crc: Crc,
}

impl Packed {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self::flushed(bytes, FlushCompress::Full)
    }

    fn flushed(bytes: &[u8], flush: FlushCompress) -> Self {
        let mut crc = Crc::new();
        crc.update(bytes);
        let mut compress = Compress::new(level(), false);
        let mut deflated = Vec::with_capacity(bytes.len() / 4 + 64);
        loop {
            deflated.reserve(bytes.len() / 8 + 64);
            let at = usize::try_from(compress.total_in()).unwrap_or(bytes.len());
            let status = compress.compress_vec(&bytes[at..], &mut deflated, flush);
            let whole = compress.total_in() == bytes.len() as u64 && deflated.len() < deflated.capacity();
            if whole || matches!(status, Ok(Status::StreamEnd) | Err(_)) {
                return Self { deflated, crc };
            }
        }
    }
}

/// One gzip member of a head, packed rows and a tail.
pub(crate) fn gzip(head: &[u8], rows: &Packed, tail: &[u8]) -> Vec<u8> {
    let head = Packed::new(head);
    let tail = Packed::flushed(tail, FlushCompress::Finish);
    let mut crc = Crc::new();
    let mut out = Vec::with_capacity(rows.deflated.len() + head.deflated.len() + tail.deflated.len() + 18);
    out.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
    for part in [&head, rows, &tail] {
        out.extend_from_slice(&part.deflated);
        crc.combine(&part.crc);
    }
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&crc.amount().to_le_bytes());
    out
}

/// Fast rather than small, and in an unoptimised build stored as it is: compressing would take longer than all the rest.
pub(crate) fn level() -> Compression {
    if cfg!(debug_assertions) {
        Compression::none()
    } else {
        Compression::fast()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::{Packed, gzip};

    #[test]
    fn packed_rows_unpack_to_what_they_were() {
        for rows in [
            String::new(),
            "x".to_owned(),
            "{\"f\":[{\"v\":\"1\"}]},".repeat(200_000),
        ] {
            let member = gzip(b"{\"rows\":[", &Packed::new(rows.as_bytes()), b"]}");
            let mut text = String::new();
            GzDecoder::new(&member[..])
                .read_to_string(&mut text)
                .expect("one whole gzip member");
            assert_eq!(text.len(), rows.len() + 11, "of {} bytes", rows.len());
            assert!(text == format!("{{\"rows\":[{rows}]}}"), "byte for byte");
        }
    }
}
