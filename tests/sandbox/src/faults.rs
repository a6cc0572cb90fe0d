//! Misbehaviour on a script: which call goes wrong or waits, and how.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::calls::Call;
use crate::gate::{Gate, Wait};
use crate::reply::Reply;

/// Which calls a fault or a gate is for. Every condition that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Matcher {
    /// `GET`, `POST` and so on; any method where unset.
    pub method: Option<String>,
    /// The whole path, in which `*` stands for any run of characters. Any path where unset.
    pub path: Option<String>,
    /// Text that must occur in the query string.
    pub query: Option<String>,
    /// Text that must occur in the request body.
    pub body: Option<String>,
    /// How many matching calls pass unharmed first.
    pub skip: usize,
    /// How many calls it is for after that; all of them where unset.
    pub times: Option<usize>,
}

impl Matcher {
    /// Every call.
    pub fn any() -> Self {
        Self::default()
    }

    /// Calls to a path; `*` stands for any run of characters.
    pub fn path(path: &str) -> Self {
        Self {
            path: Some(path.to_owned()),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn method(self, method: &str) -> Self {
        Self {
            method: Some(method.to_owned()),
            ..self
        }
    }

    #[must_use]
    pub fn query(self, part: &str) -> Self {
        Self {
            query: Some(part.to_owned()),
            ..self
        }
    }

    #[must_use]
    pub fn body(self, part: &str) -> Self {
        Self {
            body: Some(part.to_owned()),
            ..self
        }
    }

    /// Only the nth matching call, counted from 1.
    #[must_use]
    pub fn nth(self, nth: usize) -> Self {
        Self {
            skip: nth.saturating_sub(1),
            times: Some(1),
            ..self
        }
    }

    #[must_use]
    pub fn skip(self, skip: usize) -> Self {
        Self { skip, ..self }
    }

    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    fn fits(&self, call: &Call) -> bool {
        self.method
            .as_ref()
            .is_none_or(|method| method.eq_ignore_ascii_case(&call.method))
            && self.path.as_ref().is_none_or(|path| glob(path, &call.path))
            && self
                .query
                .as_ref()
                .is_none_or(|part| call.query.contains(part.as_str()))
            && self.body.as_ref().is_none_or(|part| call.body.contains(part.as_str()))
    }
}

/// What goes wrong. Unless said otherwise the call is not processed at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Answers this instead.
    Answer {
        status: u16,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        #[serde(default)]
        body: String,
    },
    /// Processes the call, and answers when this long has gone by since it came.
    Delay { ms: u64 },
    /// Processes the call, announces the whole answer and cuts the connection after this many bytes of it.
    CutBody { after: usize },
    /// Processes the call, then cuts the connection instead of answering.
    CutAnswer,
    /// Cuts the connection before anything is processed.
    Refuse,
    /// Processes the call and lets the answer trickle.
    Drip { bytes: usize, every_ms: u64 },
    /// Processes the call and answers with the first half of its JSON, under a status of 200.
    Malformed,
    /// A sign-in page, as hotel networks and filtering proxies send, under a status of 200.
    CaptivePortal,
    /// Google: a long-term quota is used up.
    QuotaExceeded,
    /// Google: too fast, for a moment.
    RateLimitExceeded,
    /// Google: 503 `backendError`.
    BackendError,
    /// Google: a VPC Service Controls perimeter, with the identifier that an administrator can look up.
    VpcServiceControls { identifier: String },
    /// `CleverTap`: 429, as when 15 calls are in flight already.
    TooManyRequests,
    /// Processes the call and closes the connection after the answer.
    ConnectionClose,
}

impl Fault {
    /// A status with a JSON body.
    pub fn answer(status: u16, body: &serde_json::Value) -> Self {
        let headers = [("content-type".to_owned(), "application/json; charset=UTF-8".to_owned())];
        Self::Answer {
            status,
            headers: headers.into(),
            body: body.to_string(),
        }
    }

    pub(crate) fn name(&self) -> String {
        match serde_json::to_value(self) {
            Ok(value) => value["fault"].as_str().unwrap_or_default().to_owned(),
            Err(_) => String::new(),
        }
    }

    /// The answer given instead of processing, if this fault is of that kind.
    pub(crate) fn instead(&self) -> Option<Reply> {
        Some(match self {
            Self::Answer { status, headers, body } => {
                let mut reply = Reply::empty(*status);
                reply.body = body.clone().into();
                reply.headers = headers
                    .iter()
                    .map(|(name, value)| (name.clone().into(), value.clone()))
                    .collect();
                reply
            }
            Self::CaptivePortal => Reply::text(200, "text/html; charset=utf-8", PORTAL),
            Self::QuotaExceeded => google(
                403,
                "quotaExceeded",
                "PERMISSION_DENIED",
                "Quota exceeded: Your project exceeded quota for free query bytes scanned. For more information, see https://cloud.google.com/bigquery/docs/troubleshoot-quotas",
            ),
            Self::RateLimitExceeded => google(
                403,
                "rateLimitExceeded",
                "PERMISSION_DENIED",
                "Exceeded rate limits: too many api requests per user per method for this user_method. For more information, see https://cloud.google.com/bigquery/docs/troubleshoot-quotas",
            ),
            Self::BackendError => google(
                503,
                "backendError",
                "UNAVAILABLE",
                "Error encountered during execution. Retrying may solve the problem.",
            ),
            Self::VpcServiceControls { identifier } => vpc(identifier),
            Self::TooManyRequests => Reply::text(
                429,
                "application/json;charset=utf-8",
                r#"{ "status" : "fail" , "error" : "Too many concurrent requests" , "code" : 429}"#,
            ),
            _ => return None,
        })
    }
}

const PORTAL: &str = "<!DOCTYPE html><html><head><title>Guest Wi-Fi</title></head>\
<body><h1>Welcome</h1><p>Please sign in to use this network.</p></body></html>";

fn google(status: u16, reason: &str, name: &str, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({"error": {
            "code": status, "message": message, "status": name,
            "errors": [{"message": message, "domain": if status == 503 { "global" } else { "usageLimits" }, "reason": reason}],
        }}),
    )
}

fn vpc(identifier: &str) -> Reply {
    let message = format!(
        "VPC Service Controls: Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: {identifier}."
    );
    Reply::json(
        403,
        &json!({"error": {
            "code": 403, "message": message, "status": "PERMISSION_DENIED",
            "errors": [{"message": message, "domain": "global", "reason": "policyViolation"}],
            "details": [{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "SECURITY_POLICY_VIOLATED", "domain": "googleapis.com",
                "metadata": {"uid": identifier, "service": "bigquery.googleapis.com"},
            }],
        }}),
    )
}

#[derive(Debug, Clone)]
enum Act {
    Fault(Fault),
    HoldCall(Wait),
    HoldAnswer(Wait),
}

#[derive(Debug)]
struct Line {
    matcher: Matcher,
    act: Act,
    seen: usize,
}

/// What the script has for one call.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) fault: Option<Fault>,
    pub(crate) before: Vec<Wait>,
    pub(crate) after: Vec<Wait>,
}

/// The faults and gates still to come.
#[derive(Debug, Default)]
pub(crate) struct Script {
    lines: Mutex<Vec<Line>>,
}

impl Script {
    pub(crate) fn fault(&self, matcher: Matcher, fault: Fault) {
        self.lines().push(Line {
            matcher,
            act: Act::Fault(fault),
            seen: 0,
        });
    }

    pub(crate) fn hold(&self, matcher: Matcher, answer: bool) -> Gate {
        let gate = Gate::new();
        let act = if answer {
            Act::HoldAnswer(gate.wait())
        } else {
            Act::HoldCall(gate.wait())
        };
        self.lines().push(Line { matcher, act, seen: 0 });
        gate
    }

    pub(crate) fn clear(&self) {
        self.lines().clear();
    }

    /// Every line that fits counts this call; the first fault that is due is played.
    pub(crate) fn plan(&self, call: &Call) -> Plan {
        let mut plan = Plan::default();
        for line in self.lines().iter_mut().filter(|line| line.matcher.fits(call)) {
            line.seen += 1;
            let nth = line.seen - line.matcher.skip.min(line.seen);
            if nth == 0 || line.matcher.times.is_some_and(|times| nth > times) {
                continue;
            }
            match &line.act {
                Act::Fault(fault) => {
                    plan.fault.get_or_insert_with(|| fault.clone());
                }
                Act::HoldCall(wait) => plan.before.push(wait.clone()),
                Act::HoldAnswer(wait) => plan.after.push(wait.clone()),
            }
        }
        plan
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    pub(crate) fn delay(&self) -> Option<Duration> {
        match self.fault {
            Some(Fault::Delay { ms }) => Some(Duration::from_millis(ms)),
            _ => None,
        }
    }
}

/// Whether `text` is `pattern`, in which `*` stands for any run of characters.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(head) else {
        return false;
    };
    let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    starts.any(|at| glob(rest, &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, text, fits) in [
            ("/token", "/token", true),
            ("/token", "/token/x", false),
            ("*", "", true),
            (
                "/bigquery/v2/projects/*/queries",
                "/bigquery/v2/projects/acme-dw/queries",
                true,
            ),
            (
                "/bigquery/*/data",
                "/bigquery/v2/projects/p/datasets/d/tables/t/data",
                true,
            ),
            ("/clevertap/*/1/upload", "/clevertap/in1/1/upload", true),
            ("/clevertap/*/1/upload", "/clevertap/in1/1/uploads", false),
            ("*/tables/é*", "/tables/éa", true),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} against {text}");
        }
    }
}
