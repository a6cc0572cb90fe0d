//! What is pasted: which call it was, how it was answered, and what is known besides. Read from text, strictly.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::context::Context;
use super::unwrapped::unwrap;
use crate::ground::net::told::{Told, told};
use crate::ground::problem::{Code, Fact, Problem};

macro_rules! calls {
    ($($variant:ident = $name:literal,)*) => {
        /// The calls whose answers can be explained.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Call { $($variant,)* }

        impl Call {
            pub const ALL: &'static [Call] = &[$(Call::$variant,)*];

            /// The name that people type, the vendor's own where it has one.
            pub fn as_str(self) -> &'static str {
                match self { $(Call::$variant => $name,)* }
            }
        }
    };
}

calls! {
    Token = "token",
    ProjectsGet = "crm.projects.get",
    TestIamPermissions = "crm.testIamPermissions",
    KeysCreate = "iam.keys.create",
    ServiceEnable = "serviceusage.enable",
    DatasetsGet = "bigquery.datasets.get",
    TablesList = "bigquery.tables.list",
    TabledataList = "bigquery.tabledata.list",
    JobsInsert = "bigquery.jobs.insert",
    GetQueryResults = "bigquery.getQueryResults",
    Upload = "clevertap.upload",
    Network = "network",
}

impl Call {
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|call| call.as_str() == name.trim())
    }
}

/// An answer that somebody pasted.
#[derive(Debug)]
pub struct Pasted {
    pub(super) call: Call,
    /// None only where nothing answered.
    pub(super) status: Option<u16>,
    pub(super) headers: HeaderMap,
    /// The body alone, without what stood around it.
    pub(super) body: Vec<u8>,
    /// All that was pasted, to be read by people.
    pub(super) whole: Vec<u8>,
    pub(super) context: Context,
    /// What was sent.
    pub(super) request: Option<String>,
}

impl Pasted {
    /// Reads what was pasted. `headers` are lines of `Name: value`; `context` is JSON of what earlier steps learned;
    /// `request` is what was sent, as JSON, as a form or as it stood on the wire. What does not fit is refused, with its
    /// place.
    pub fn read(
        call: &str,
        status: Option<u16>,
        headers: &[String],
        body: Vec<u8>,
        context: Option<&str>,
        request: Option<&str>,
    ) -> Result<Self, Problem> {
        let call = Call::named(call).ok_or_else(|| {
            let known: Vec<_> = Call::ALL.iter().map(|call| call.as_str()).collect();
            unread("call", "none that is known").with(Fact::Expected, known.join(", "))
        })?;
        if let Some(status) = status
            && !(100..=599).contains(&status)
        {
            return Err(unread("status", &status.to_string()).with(Fact::Expected, "a number from 100 to 599"));
        }
        let mut learned = context.map_or_else(|| Ok(Context::default()), Context::read)?;
        learned.take_request(request);
        let mut headers = read_headers(headers)?;
        let whole = without_mark(body);
        if call == Call::Network {
            return Self::of_network(status, headers, whole, learned);
        }
        let found = unwrap(call, status, &whole);
        if found.status.is_none() && !tells_of_the_way(&whole) {
            return Err(unread("status", "nothing").with(Fact::Expected, "the HTTP status of the answer, such as 403"));
        }
        learned.take_address(&whole);
        for (name, value) in &found.headers {
            // What was said beside the answer goes before what was pasted with it.
            if !headers.contains_key(name) {
                headers.append(name, value.clone());
            }
        }
        Ok(Self {
            call,
            status: found.status,
            headers,
            body: found.body,
            whole,
            context: learned,
            request: request.map(str::to_owned),
        })
    }

    fn of_network(status: Option<u16>, headers: HeaderMap, whole: Vec<u8>, context: Context) -> Result<Self, Problem> {
        if status.is_none() && whole.iter().all(u8::is_ascii_whitespace) {
            return Err(unread("body", "nothing").with(Fact::Expected, "what the program said that failed"));
        }
        Ok(Self {
            call: Call::Network,
            status,
            headers,
            body: whole.clone(),
            whole,
            context,
            request: None,
        })
    }

    /// Names in the context that mean nothing here.
    pub fn unknown_names(&self) -> &[String] {
        &self.context.unknown
    }
}

fn read_headers(lines: &[String]) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    for (place, line) in lines.iter().enumerate() {
        // The value is not repeated: it may be a secret.
        let refused =
            || unread("header", &format!("line {} of another form", place + 1)).with(Fact::Expected, "Name: value");
        let (name, value) = line.split_once(':').ok_or_else(refused)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| refused())?;
        let value = HeaderValue::from_str(value.trim()).map_err(|_| refused())?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// A failure on the way, in the words of some program: then there is no status.
fn tells_of_the_way(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    matches!(told(&text, None, None), Told::Failure(_) | Told::Ours(_))
}

/// Editors and shells put a mark before UTF-8.
fn without_mark(body: Vec<u8>) -> Vec<u8> {
    match body.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => rest.to_vec(),
        None => body,
    }
}

/// What was typed does not fit.
pub(super) fn unread(name: &str, found: &str) -> Problem {
    Problem::new(Code::PastedUnread)
        .with(Fact::Field, name)
        .with(Fact::Found, found)
}
