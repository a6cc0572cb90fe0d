//! What went wrong, in a person's words. Every failure that a person meets is a [`Problem`]; its words, who can mend it
//! and its fix come from the one [`catalogue`]. Rooms choose the code and state the facts; they write no prose.

mod catalogue;
mod facts;
mod fix;
mod remedies;
mod roles;
mod scrub;
mod shell;
mod words;

pub use catalogue::{CATALOGUE, Code, Entry, Retry, Voice, Who};
pub use facts::{Fact, Facts};
pub use fix::{Fix, Tool};
pub use remedies::Command;
pub use scrub::scrub;
pub use shell::Shell;

/// Said of any problem whose answer holds others too.
const ALSO: &str = "[ The same answer has other codes as well: {also}.]";

/// What went wrong: a code, the facts that make it exact, and what the other side said.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    code: Code,
    facts: Facts,
    answer: Option<Box<Answer>>,
}

/// What was asked of Google or CleverTap and what came back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The call in the vendor's own words, such as `datasets.get acme-dw.salse`.
    pub asked: String,
    /// The HTTP status, where an answer came at all.
    pub status: Option<u16>,
    /// The vendor's own sentence, such as `Not found: Dataset acme-dw:salse`.
    pub said: Option<String>,
    /// The whole body as it came, without secrets, cut to a readable size.
    pub body: Option<String>,
}

impl Problem {
    pub fn new(code: Code) -> Self {
        Self {
            code,
            facts: Facts::default(),
            answer: None,
        }
    }

    /// States a fact. Facts are shown: never pass a secret or a value of somebody's row.
    #[must_use]
    pub fn with(mut self, fact: Fact, value: impl Into<String>) -> Self {
        self.facts.set(fact, scrub(&value.into()));
        self
    }

    /// States a fact where it is known.
    #[must_use]
    pub fn with_some(self, fact: Fact, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(fact, value),
            None => self,
        }
    }

    /// States a fact that a closer look has not stated already.
    #[must_use]
    pub fn with_else(self, fact: Fact, value: impl Into<String>) -> Self {
        if self.facts.get(fact).is_some() {
            return self;
        }
        self.with(fact, value)
    }

    /// States a fact that a closer look has not stated already, where it is known.
    #[must_use]
    pub fn with_some_else(self, fact: Fact, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with_else(fact, value),
            None => self,
        }
    }

    /// Keeps what was asked and said, without the secrets in it.
    #[must_use]
    pub fn answered(mut self, answer: Answer) -> Self {
        self.answer = Some(Box::new(Answer {
            said: answer.said.map(|said| scrub(&said)),
            body: answer.body.map(|body| scrub(&body)),
            ..answer
        }));
        self
    }

    /// The same problem with other words of theirs: what they said and the body, each as `change` makes it.
    #[must_use]
    pub fn saying(mut self, change: impl Fn(&str) -> String) -> Self {
        if let Some(answer) = &mut self.answer {
            for words in [&mut answer.said, &mut answer.body].into_iter().flatten() {
                *words = change(words);
            }
        }
        self
    }

    /// The same with another code, for a closer look: its facts and what was said stay.
    #[must_use]
    pub fn recoded(self, code: Code) -> Self {
        Self { code, ..self }
    }

    pub fn code(&self) -> Code {
        self.code
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    pub fn answer(&self) -> Option<&Answer> {
        self.answer.as_deref()
    }

    /// One line: what is wrong.
    pub fn title(&self) -> String {
        words::fill(self.code.entry().title, &self.facts, words::Quote::Nothing)
    }

    /// Why, and what it means for the person.
    pub fn explanation(&self) -> String {
        let mut words = words::fill(self.code.entry().explanation, &self.facts, words::Quote::Nothing);
        words.push_str(&words::fill(ALSO, &self.facts, words::Quote::Nothing));
        words
    }

    /// Who can mend it, in words.
    pub fn who(&self) -> String {
        words::fill(self.code.entry().who.words(), &self.facts, words::Quote::Nothing)
    }

    /// How long the other side asks to wait before the same request is made again.
    pub fn asks_to_wait(&self) -> Option<std::time::Duration> {
        let seconds = self.facts.get(Fact::RetryAfter)?.parse().ok()?;
        Some(std::time::Duration::from_secs(seconds))
    }

    /// Whether the same request may succeed later by itself.
    pub fn retryable(&self) -> bool {
        self.code.entry().retry == Retry::MaySucceedLater
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.title())
    }
}

impl std::error::Error for Problem {}
