//! Who is refused: pages of other sites, whatever name and origin they give.

use winbootfs::web::Web;

use crate::common::http::{Reply, connect, exchange, send};
use crate::played::{Played, client, status};

const CHOICE: &[u8] = br#"{"client": "10.0.7.5", "image": "win11"}"#;

fn host_name() -> String {
    let machine = rustix::system::uname();
    machine.nodename().to_str().unwrap().to_owned()
}

fn asked_as(web: &Web, host: &str) -> Reply {
    send(web.address(), "GET", "/api/status", &[("Host", host)], b"").unwrap()
}

#[test]
fn an_address_and_the_machines_own_names_are_answered() {
    let web = Played::new(status(vec![])).serve(false);
    let own = host_name();
    for host in [
        "127.0.0.1",
        "127.0.0.1:8069",
        "10.0.7.1:80",
        "[::1]",
        "[::1]:8069",
        "[fd00::1]:8069",
        "localhost",
        "LocalHost:8069",
        "127.0.0.1:",
        &own,
        &format!("{}:8069", own.to_uppercase()),
    ] {
        assert_eq!(asked_as(&web, host).status, 200, "{host}");
    }
}

/// A name that somebody else can point here (DNS rebinding).
#[test]
fn any_other_name_is_refused() {
    let web = Played::new(status(vec![client("10.0.7.5")])).serve(true);
    let own = host_name();
    for host in [
        "evil.example",
        "evil.example:8069",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1:80@evil.example",
        "evil.example/127.0.0.1",
        "::1",
        "[::1",
        "[::1]x",
        "[evil.example]",
        "127.0.0.1:8069:8069",
        "127.0.0.1:x",
        "0x7f.1",
        "2130706433",
        "127.1",
        "127.0.0.01",
        "localhost.",
        "localhost ,evil.example",
        &format!("{own}.evil.example"),
        &format!("x{own}"),
    ] {
        let reply = asked_as(&web, host);
        assert_eq!(reply.status, 421, "{host}");
        assert!(
            reply.text().contains("http://127.0.0.1:8069/"),
            "{}",
            reply.text()
        );
    }
    assert_eq!(asked_as(&web, "").status, 421);
}

#[test]
fn a_request_names_one_host() {
    let web = Played::new(status(vec![])).serve(false);
    let wire = |message: &str| {
        let stream = connect(web.address(), web.address().ip()).unwrap();
        exchange(stream, message.as_bytes(), false).unwrap().status
    };
    assert_eq!(wire("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), 400);
    assert_eq!(wire("GET / HTTP/1.0\r\n\r\n"), 400);
    assert_eq!(wire("GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"), 200);
    assert_eq!(
        wire("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n"),
        400
    );
    assert_eq!(
        wire("GET / HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1\r\n\r\n"),
        400
    );
    assert_eq!(
        wire("GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
        200
    );
    assert_eq!(
        wire("GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
        400
    );
    assert_eq!(
        wire("GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
        421
    );
    assert_eq!(
        wire("GET http://127.0.0.1@evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
        400
    );
    assert_eq!(wire("GET / HTTP/1.1\r\nHost: 127.0.0.1\u{fc}\r\n\r\n"), 400);
    assert_eq!(
        wire("CONNECT 127.0.0.1:8069 HTTP/1.1\r\nHost: 127.0.0.1:8069\r\n\r\n"),
        404
    );
}

/// Whether such a request chooses an image.
fn chooses(headers: &[(&str, &str)]) -> Result<(), u16> {
    let played = Played::new(status(vec![client("10.0.7.5")]));
    let web = played.serve(true);
    let own = format!("http://{}", web.address());
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| {
            (
                *name,
                if *value == "OWN" {
                    own.as_str()
                } else {
                    *value
                },
            )
        })
        .collect();
    let status = send(web.address(), "POST", "/api/choose", &headers, CHOICE)
        .unwrap()
        .status;
    let chosen = played.chosen.lock().unwrap().len();
    assert_eq!(
        chosen == 1,
        status == 204,
        "{headers:?}: {status}, {chosen} chosen"
    );
    (status == 204).then_some(()).ok_or(status)
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[test]
fn the_page_and_programs_may_choose() {
    for headers in [
        &[JSON][..],
        &[("Content-Type", "Application/JSON; charset=utf-8")],
        &[JSON, ("Origin", "OWN")],
        &[JSON, ("Sec-Fetch-Site", "same-origin")],
        &[JSON, ("Sec-Fetch-Site", "same-origin"), ("Origin", "OWN")],
        // A proxy that has a name of its own, and a password, before it.
        &[
            JSON,
            ("Sec-Fetch-Site", "same-origin"),
            ("Origin", "https://pxe.example.org"),
        ],
    ] {
        assert_eq!(chooses(headers), Ok(()), "{headers:?}");
    }
    let origin = [
        JSON,
        ("Host", "LOCALHOST:8069"),
        ("Origin", "http://localhost:8069"),
    ];
    assert_eq!(chooses(&origin), Ok(()));
    let origin = [
        JSON,
        ("Host", "[::1]:8069"),
        ("Origin", "http://[::1]:8069"),
    ];
    assert_eq!(chooses(&origin), Ok(()));
}

#[test]
fn a_page_of_another_site_may_not() {
    for site in [
        "cross-site",
        "same-site",
        "none",
        "",
        "same-origin, cross-site",
        "SAME-ORIGIN",
    ] {
        assert_eq!(
            chooses(&[JSON, ("Sec-Fetch-Site", site)]),
            Err(403),
            "{site}"
        );
        assert_eq!(
            chooses(&[JSON, ("Sec-Fetch-Site", site), ("Origin", "OWN")]),
            Err(403),
            "{site}"
        );
    }
    let twice = [
        JSON,
        ("Sec-Fetch-Site", "same-origin"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    assert_eq!(chooses(&twice), Err(403));
    for origin in [
        "null",
        "",
        "http://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://localhost:8069",
        "file://",
        "127.0.0.1",
        "http://127.0.0.1:8069.evil.example",
        "ftp://127.0.0.1",
    ] {
        assert_eq!(chooses(&[JSON, ("Origin", origin)]), Err(403), "{origin}");
    }
    assert_eq!(
        chooses(&[JSON, ("Origin", "OWN"), ("Origin", "http://evil.example")]),
        Err(403)
    );
    assert_eq!(
        chooses(&[
            JSON,
            ("Host", "evil.example"),
            ("Origin", "http://evil.example")
        ]),
        Err(421)
    );
}

/// What a form of another site, or a script without asking first, can send.
#[test]
fn only_json_chooses() {
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "application/jsonp",
        "text/plain; application/json",
        "application/json/x",
    ] {
        assert_eq!(
            chooses(&[("Content-Type", media_type)]),
            Err(415),
            "{media_type}"
        );
    }
    assert_eq!(chooses(&[]), Err(415));
    assert_eq!(chooses(&[("Content-Type", "text/plain"), JSON]), Err(415));
}
