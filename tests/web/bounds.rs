//! What those can do who mean harm, or are merely slow: nothing to the others.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use winbootfs::web::Web;

use crate::answers::{choose, get};
use crate::common::http::{connect, exchange, send};
use crate::common::wait;
use crate::played::{Played, client, status};

/// More than all time that a connection has.
const PATIENCE: Duration = Duration::from_secs(30);

/// As many as there may be at once.
const MOST_CONNECTIONS: usize = 64;

fn served() -> (Arc<Played>, Web) {
    let played = Played::new(status(vec![client("10.0.7.5")]));
    let web = played.serve(true);
    (played, web)
}

fn stream(web: &Web) -> TcpStream {
    connect(web.address(), web.address().ip()).unwrap()
}

/// The status of the first answer to these bytes; none if there is none.
fn told(web: &Web, message: &[u8]) -> Option<u16> {
    exchange(stream(web), message, false)
        .ok()
        .map(|reply| reply.status)
}

#[test]
fn a_body_may_be_4_kib_long() {
    let (played, web) = served();
    let padded = |length: usize| {
        let choice = r#"{"client": "10.0.7.5", "image": null}"#;
        format!("{choice}{}", " ".repeat(length - choice.len()))
    };
    assert_eq!(choose(&web, &padded(4096)).status, 204);
    assert_eq!(choose(&web, &padded(4097)).status, 413);
    assert_eq!(played.chosen.lock().unwrap().len(), 1);
    let head = "POST /api/choose HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n";
    // It is not even waited for.
    let promised = format!(
        "{head}Content-Length: 99999999999\r\n\r\n{}",
        "x".repeat(5000)
    );
    assert_eq!(told(&web, promised.as_bytes()), Some(413));
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n");
    assert_eq!(told(&web, chunked.as_bytes()), Some(413));
    let both = format!("{head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert!(matches!(told(&web, both.as_bytes()), Some(400)));
    assert_eq!(played.chosen.lock().unwrap().len(), 1);
}

#[test]
fn a_head_that_is_too_long_is_refused() {
    let (_, web) = served();
    // Other programs on this machine may have a browser remember much.
    let cookies = format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {}\r\n\r\n",
        "x".repeat(16 << 10)
    );
    assert_eq!(told(&web, cookies.as_bytes()), Some(200));
    let long = format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {}\r\n\r\n",
        "x".repeat(64 << 10)
    );
    assert_eq!(told(&web, long.as_bytes()), Some(431));
    let many = format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n",
        "X: y\r\n".repeat(200)
    );
    assert_eq!(told(&web, many.as_bytes()), Some(431));
    let path = format!(
        "GET /{} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "x".repeat(70_000)
    );
    assert!(matches!(told(&web, path.as_bytes()), Some(414 | 431)));
    assert_eq!(get(&web, "/").status, 200);
}

#[test]
fn what_is_no_http_is_an_error() {
    let (_, web) = served();
    for message in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a browser that wants TLS\r\n\r\n"[..],
        b"\0\0\0\0\0\0\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n folded\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"POST /api/choose HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/choose HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    ] {
        let shown = String::from_utf8_lossy(message);
        let told = told(&web, message);
        assert!(matches!(told, None | Some(400)), "{shown}: {told:?}");
    }
    // The second version of HTTP, without asking whether it is spoken.
    assert!(told(&web, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").is_none_or(|status| status >= 400));
    assert_eq!(get(&web, "/").status, 200);
}

/// One that is slow has a few seconds; the others do not wait for it.
#[test]
fn a_slow_client_is_let_go() {
    let (_, web) = served();
    let begun = Instant::now();
    let mut slow = stream(&web);
    slow.write_all(b"GET / HTTP/1.1\r\nHost: 127").unwrap();
    assert_eq!(get(&web, "/").status, 200);
    slow.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest);
    assert!(
        begun.elapsed() < Duration::from_secs(9),
        "{:?}",
        begun.elapsed()
    );
}

/// One byte now and then is not enough either.
#[test]
fn a_head_in_single_bytes_is_let_go() {
    let (_, web) = served();
    let mut slow = stream(&web);
    let closed = wait::within(PATIENCE, || {
        thread::sleep(Duration::from_millis(200));
        slow.write_all(b"x").is_err().then_some(())
    });
    assert!(closed.is_some());
}

#[test]
fn a_body_that_never_comes_is_not_waited_for() {
    let (played, web) = served();
    let head = "POST /api/choose HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{";
    let begun = Instant::now();
    assert_eq!(told(&web, head.as_bytes()), Some(503));
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    let mut gone = stream(&web);
    gone.write_all(head.as_bytes()).unwrap();
    drop(gone);
    assert_eq!(get(&web, "/").status, 200);
    assert!(played.chosen.lock().unwrap().is_empty());
}

/// Who takes all places has them for seconds only.
#[test]
fn whoever_comes_when_all_places_are_taken_waits() {
    let (_, web) = served();
    let idle: Vec<TcpStream> = (0..2 * MOST_CONNECTIONS).map(|_| stream(&web)).collect();
    let begun = Instant::now();
    assert_eq!(get(&web, "/").status, 200);
    // For those who have a place and say nothing, and not without end.
    let (least, most) = (Duration::from_secs(3), Duration::from_secs(15));
    let took = begun.elapsed();
    assert!(least < took && took < most, "{took:?}");
    drop(idle);
    assert_eq!(get(&web, "/").status, 200);
}

/// A daemon that answers nothing keeps nobody from the page, and is not asked without end.
#[test]
fn a_slow_answer_keeps_nobody_else_waiting() {
    let (played, web) = served();
    played.stick(true);
    let address = web.address();
    let asking = || {
        thread::spawn(move || {
            send(address, "GET", "/api/status", &[], b"")
                .unwrap()
                .status
        })
    };
    let first = asking();
    assert_eq!(get(&web, "/page.js").status, 200);
    assert_eq!(get(&web, "/api/boots?client=10.0.7.5").status, 200);
    let others: Vec<_> = (0..20).map(|_| asking()).collect();
    assert_eq!(get(&web, "/page.js").status, 200);
    for asked in others.into_iter().chain([first]) {
        assert_eq!(asked.join().unwrap(), 503);
    }
    played.stick(false);
    wait::until("an answer", PATIENCE, || {
        (get(&web, "/api/status").status == 200).then_some(())
    });
}

/// Whoever does not read what was sent has it for as long as a connection lives.
#[test]
fn one_who_reads_nothing_keeps_nobody_else_waiting() {
    let clients = (0..200).map(|number| client(&format!("10.0.7.{number} {}", "x".repeat(2000))));
    let played = Played::new(status(clients.collect()));
    let web = played.serve(false);
    let deaf = stream(&web);
    for _ in 0..100 {
        let request = b"GET /api/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
        if (&deaf).write_all(request).is_err() {
            break;
        }
    }
    assert_eq!(get(&web, "/api/status").status, 200);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Anything at all, alone or where a request has a place for it.
    #[test]
    fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), place in 0..5_usize) {
        thread_local! {
            static SERVED: (Arc<Played>, Web) = served();
        }
        let place = ["", "GET /", "GET /api/boots?client=", "GET / HTTP/1.1\r\nHost: ", "POST /api/choose HTTP/1.1\r\n\
            Host: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n"][place];
        SERVED.with(|(played, web)| {
            let end = b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n                                      ";
            let message = [place.as_bytes(), &bytes, end].concat();
            let told = told(web, &message);
            assert!(told.is_none_or(|status| status == 200 || (400..500).contains(&status)), "{told:?}");
            assert!(played.chosen.lock().unwrap().is_empty());
        });
    }
}
