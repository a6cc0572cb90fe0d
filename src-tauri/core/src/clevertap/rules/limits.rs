//! CleverTap's numbers. Where its pages say both characters and bytes, the stricter reading stands.

/// Characters of an identity. Above it the record is refused with 523.
pub const IDENTITY_CHARS: usize = 1024;
/// Bytes of a property's or an event's name.
pub const NAME_BYTES: usize = 120;
/// Bytes of a text value, and of each text of a list. Longer ones are taken and cut.
pub const VALUE_BYTES: usize = 512;
/// Texts of a multi-value property. More are taken, and the surplus is dropped.
pub const MULTI_VALUES: usize = 100;
/// Custom profile properties of an account.
pub const CUSTOM_PROFILE_PROPERTIES: usize = 256;
/// Properties of one event. Above it the record is refused with 522; some accounts are set to 100.
pub const EVENT_PROPERTIES: usize = 256;
/// Integers beyond it, in either direction, lose digits in a JSON number.
pub const EXACT_INTEGER: u64 = 1 << 53;
/// The last second that has ten digits. A longer `ts` is taken for milliseconds and refused with 525.
pub const LAST_SECOND: i64 = 9_999_999_999;
