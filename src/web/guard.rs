//! Whose requests are answered at all.
//!
//! Two things that a page of somebody else, open in the operator's browser, might try: to
//! have its own name point at this machine (DNS rebinding) and read what is told here, or to
//! send a request that changes something. The first comes with a foreign name in `Host`, the
//! second says in `Sec-Fetch-Site` or `Origin` where it comes from, or cannot have the media
//! type that is asked for.

use std::net::{Ipv4Addr, Ipv6Addr};

use hyper::HeaderMap;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use hyper::http::request::Parts;

use super::reply::Refused;

/// The name by which this machine was asked, if that is its own.
pub(super) fn host(request: &Parts) -> Result<&str, Refused> {
    let host = only(&request.headers, HOST)
        .ok_or_else(|| Refused::new(StatusCode::BAD_REQUEST, "one header Host is needed"))?;
    let target = request.uri.authority().map(|target| target.as_str());
    if target.is_some_and(|target| !target.eq_ignore_ascii_case(host)) {
        let why = "the request names two hosts";
        return Err(Refused::new(StatusCode::BAD_REQUEST, why));
    }
    match is_own(without_port(host)) {
        true => Ok(host),
        false => Err(Refused::new(
            StatusCode::MISDIRECTED_REQUEST,
            "this is not answered under a name that others can point here: open the page by the \
             address of this machine, such as http://127.0.0.1:8069/, by localhost, or by its host \
             name; a proxy has to send one of these as Host",
        )),
    }
}

/// Whether a request that changes something comes from the page itself, or from no page.
pub(super) fn own_page(request: &Parts, host: &str) -> Result<(), Refused> {
    let headers = &request.headers;
    // Where both are there the first one decides: behind a proxy the second has another name.
    let comes_from = headers.get_all("sec-fetch-site");
    let is_own = match comes_from.iter().next() {
        Some(_) => comes_from.iter().all(|site| site == "same-origin"),
        None => headers
            .get_all(ORIGIN)
            .iter()
            .all(|origin| is_at(origin.as_bytes(), host)),
    };
    match is_own {
        true => Ok(()),
        false => Err(Refused::new(
            StatusCode::FORBIDDEN,
            "only the page itself may do this, not a page of another site",
        )),
    }
}

/// Whether the body is JSON, which no form of a foreign page can send.
pub(super) fn json(request: &Parts) -> Result<(), Refused> {
    let media_type = only(&request.headers, CONTENT_TYPE).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default();
    match media_type.trim().eq_ignore_ascii_case("application/json") {
        true => Ok(()),
        false => Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body has to be JSON: Content-Type: application/json",
        )),
    }
}

/// The value of a header that is there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    all.next().is_none().then(|| first.to_str().ok()).flatten()
}

fn is_at(origin: &[u8], host: &str) -> bool {
    let origin = origin.to_ascii_lowercase();
    let mut schemes = ["http://", "https://"].iter();
    let name = schemes.find_map(|scheme| origin.strip_prefix(scheme.as_bytes()));
    name.is_some_and(|name| name == host.to_ascii_lowercase().as_bytes())
}

/// `[::1]:8069`, `10.0.7.1:8069`, `pxe`.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_own(name: &str) -> bool {
    let v6 = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    let is_address = match v6 {
        Some(v6) => v6.parse::<Ipv6Addr>().is_ok(),
        None => name.parse::<Ipv4Addr>().is_ok(),
    };
    is_address || name.eq_ignore_ascii_case("localhost") || is_host_name(name)
}

fn is_host_name(name: &str) -> bool {
    let machine = rustix::system::uname();
    let own = machine.nodename().to_bytes();
    !own.is_empty() && own.eq_ignore_ascii_case(name.as_bytes())
}
