//! Google's error bodies, as its REST APIs print them.

use serde_json::{Value, json};

use crate::reply::Reply;

/// An error on its way to becoming a body; also what a failed job carries.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) location: Option<String>,
    pub(crate) details: Option<Value>,
}

impl ApiError {
    pub(crate) fn new(status: u16, reason: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.to_owned(),
            message: message.into(),
            location: None,
            details: None,
        }
    }

    pub(crate) fn not_found(kind: &str, name: &str) -> Self {
        Self::new(404, "notFound", format!("Not found: {kind} {name}"))
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(403, "accessDenied", message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid", message)
    }

    pub(crate) fn located(self, location: &str) -> Self {
        Self {
            location: Some(location.to_owned()),
            ..self
        }
    }

    /// Adds Google's machine-readable reason.
    pub(crate) fn because(self, reason: &str, metadata: &Value) -> Self {
        let details = json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason, "domain": "googleapis.com", "metadata": metadata,
        }]);
        Self {
            details: Some(details),
            ..self
        }
    }

    /// As it stands in `status.errorResult` of a job.
    pub(crate) fn proto(&self) -> Value {
        let mut proto = json!({"reason": self.reason, "message": self.message});
        if let Some(location) = &self.location {
            proto["location"] = json!(location);
        }
        proto
    }

    pub(crate) fn reply(&self) -> Reply {
        let mut one = json!({"message": self.message, "domain": "global", "reason": self.reason});
        if let Some(location) = &self.location {
            one["location"] = json!(location);
            one["locationType"] = json!(if self.status == 401 { "header" } else { "other" });
        }
        let mut error = json!({
            "code": self.status, "message": self.message, "errors": [one], "status": name(self.status),
        });
        if let Some(details) = &self.details {
            error["details"] = details.clone();
        }
        Reply::json(self.status, &json!({"error": error}))
    }
}

fn name(status: u16) -> &'static str {
    match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ALREADY_EXISTS",
        412 => "FAILED_PRECONDITION",
        429 => "RESOURCE_EXHAUSTED",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    }
}
