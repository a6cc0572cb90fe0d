//! Walks DER, the encoding of keys and certificates, without copying it. No more of it than we ask for.

/// One tagged value.
#[derive(Clone, Copy)]
pub(crate) struct Item<'a> {
    pub tag: u8,
    pub body: &'a [u8],
}

/// Values in a row.
pub(crate) struct Items<'a>(&'a [u8]);

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const OBJECT_ID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;

impl<'a> Items<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next value, where it has this tag.
    pub fn tagged(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut ahead = Self(self.0);
        let item = ahead.next()?;
        (item.tag == tag).then(|| {
            *self = ahead;
            item.body
        })
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let (header, length) = header(self.0)?;
        let tag = self.0[0];
        let body = self.0.get(header..header.checked_add(length)?)?;
        self.0 = &self.0[header + length..];
        Some(Item { tag, body })
    }
}

/// How many bytes the first value says that it has, its header included.
pub(crate) fn declared(bytes: &[u8]) -> Option<usize> {
    let (header, length) = header(bytes)?;
    header.checked_add(length)
}

/// Size of the header, and of what follows it.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = *bytes.get(1)?;
    if first < 0x80 {
        return Some((2, usize::from(first)));
    }
    let digits = usize::from(first & 0x7f);
    if digits == 0 || digits > 4 {
        return None;
    }
    let length = bytes
        .get(2..2 + digits)?
        .iter()
        .fold(0usize, |sum, digit| sum << 8 | usize::from(*digit));
    Some((2 + digits, length))
}

#[cfg(test)]
mod tests {
    use super::{INTEGER, Items, SEQUENCE, declared};

    #[test]
    fn values_are_walked_and_cuts_are_seen() {
        let bytes = [0x30, 0x06, 0x02, 0x01, 0x05, 0x02, 0x01, 0x07];
        let mut inside = Items::of(Items::of(&bytes).tagged(SEQUENCE).expect("a sequence"));
        assert_eq!(inside.tagged(SEQUENCE), None, "another tag takes nothing");
        assert_eq!(inside.tagged(INTEGER), Some(&[5][..]), "the first number");
        assert_eq!(inside.tagged(INTEGER), Some(&[7][..]), "the second number");
        assert_eq!(inside.tagged(INTEGER), None, "and no more");
        assert!(Items::of(&bytes[..6]).next().is_none(), "a cut value is no value");
        assert_eq!(
            declared(&[0x30, 0x82, 0x04, 0xbd]),
            Some(1217),
            "the header tells the whole size"
        );
        assert_eq!(declared(&[0x30, 0x80]), None, "DER has no open lengths");
    }
}
