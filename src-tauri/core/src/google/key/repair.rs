//! What was mended in a key on the way in, in words for the person who brought it.

/// One thing that was mended. None of them changes the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    ByteOrderMark,
    Utf16,
    /// Spaces that cannot be seen, or are no spaces to JSON.
    OddSpaces,
    /// `GOOGLE_CREDENTIALS='{…}'`.
    Assignment,
    Quotes,
    /// A code fence, as Markdown has it.
    Fence,
    EscapedQuotes,
    Base64,
    /// A list that holds one key.
    ListOfOne,
    /// The answer of Google's API that made the key, with the file inside.
    ApiAnswer,
    /// Real line ends where JSON wants `\n`.
    RawLineEnds,
    /// `\\n` where JSON wants `\n`.
    DoubledLineEnds,
    CarriageReturns,
    /// The private key's lines were joined.
    LostLineEnds,
    /// The BEGIN and END lines were missing.
    LostFrame,
}

impl Repair {
    /// For programs. Stable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ByteOrderMark => "byte_order_mark",
            Self::Utf16 => "utf16",
            Self::OddSpaces => "odd_spaces",
            Self::Assignment => "assignment",
            Self::Quotes => "quotes",
            Self::Fence => "fence",
            Self::EscapedQuotes => "escaped_quotes",
            Self::Base64 => "base64",
            Self::ListOfOne => "list_of_one",
            Self::ApiAnswer => "api_answer",
            Self::RawLineEnds => "raw_line_ends",
            Self::DoubledLineEnds => "doubled_line_ends",
            Self::CarriageReturns => "carriage_returns",
            Self::LostLineEnds => "lost_line_ends",
            Self::LostFrame => "lost_frame",
        }
    }

    /// One sentence: what was found and what was done.
    pub fn words(self) -> &'static str {
        match self {
            Self::ByteOrderMark => "A byte-order mark at the start was left out.",
            Self::Utf16 => "The text was UTF-16, as some Windows programs write it, and was read as such.",
            Self::OddSpaces => "Invisible characters that came along with copying were left out.",
            Self::Assignment => "The key stood in an environment assignment and was taken out of it.",
            Self::Quotes => "Quotes around the whole key were left out.",
            Self::Fence => "A code fence around the key was left out.",
            Self::EscapedQuotes => "Every quote had a backslash before it, and the backslashes were left out.",
            Self::Base64 => "The key was encoded as Base64 and was decoded.",
            Self::ListOfOne => "The key stood alone in a list and was taken out of it.",
            Self::ApiAnswer => "The key file was inside an answer of Google's API and was taken out of it.",
            Self::RawLineEnds => "Line ends inside the private key were written as JSON wants them.",
            Self::DoubledLineEnds => "Line ends in the private key had been escaped twice, and were read as line ends.",
            Self::CarriageReturns => "Windows line ends in the private key were left out.",
            Self::LostLineEnds => "The private key's lines had been joined, and were told apart again.",
            Self::LostFrame => "The private key's BEGIN and END lines were missing, and it was read without them.",
        }
    }
}
