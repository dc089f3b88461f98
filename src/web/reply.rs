//! An answer, with what a browser may do with it.
//!
//! Nothing but the page's own three files is ever loaded or run, nobody else may show or
//! read any of it, and nothing is kept.

use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

use http_body_util::Full;

/// An answer.
pub(super) type Reply = Response<Full<Bytes>>;

const RULES: [(HeaderName, &str); 5] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Why a request is not done, as it is told to whoever sent it.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    why: String,
    allow: Option<&'static str>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self {
            status,
            why: why.into(),
            allow: None,
        }
    }

    /// Only these methods can be used.
    pub(super) fn method(allow: &'static str) -> Self {
        let why = format!("this can be asked for by {allow} only");
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, why)
        }
    }
}

impl From<Refused> for Reply {
    fn from(refused: Refused) -> Self {
        let body = format!("{}\n", refused.why);
        let mut reply = reply("text/plain; charset=utf-8", body);
        *reply.status_mut() = refused.status;
        if let Some(allow) = refused.allow {
            let allow = HeaderValue::from_static(allow);
            reply.headers_mut().insert(ALLOW, allow);
        }
        reply
    }
}

/// What was asked for.
pub(super) fn reply(media_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    for (name, value) in RULES {
        headers.insert(name, HeaderValue::from_static(value));
    }
    reply
}

/// It was done, and there is nothing to say about it.
pub(super) fn done() -> Reply {
    let mut reply = reply("text/plain; charset=utf-8", "");
    reply.headers_mut().remove(CONTENT_TYPE);
    *reply.status_mut() = StatusCode::NO_CONTENT;
    reply
}
