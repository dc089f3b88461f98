//! What is answered to which request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Instant;

use serde_json::{Value, json};
use winbootfs::status::{Boots, Status};
use winbootfs::web::{Place, Web};

use crate::common::http::{self, Reply, send};
use crate::played::{Played, boot, client, missed, opened, status};
use winbootfs::journal::progress::Worth;
use winbootfs::status::How;

/// What every answer says of itself to a browser.
const RULES: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-resource-policy", "same-origin"),
];

const FILES: [(&str, &str, &str); 3] = [
    ("/", "text/html; charset=utf-8", "page.html"),
    ("/page.css", "text/css; charset=utf-8", "page.css"),
    ("/page.js", "text/javascript; charset=utf-8", "page.js"),
];

pub(crate) fn get(web: &Web, path: &str) -> Reply {
    send(web.address(), "GET", path, &[], b"").unwrap()
}

pub(crate) fn choose(web: &Web, body: &str) -> Reply {
    let json = [("Content-Type", "application/json")];
    send(web.address(), "POST", "/api/choose", &json, body.as_bytes()).unwrap()
}

fn file(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[track_caller]
fn keeps_the_rules(reply: &Reply) {
    for (name, value) in RULES {
        assert_eq!(reply.header(name), Some(value), "{reply:?}");
    }
}

#[test]
fn the_page_is_three_files() {
    let web = Played::new(status(vec![])).serve(false);
    for (path, media_type, name) in FILES {
        let reply = get(&web, path);
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), Some(media_type));
        assert_eq!(reply.text(), file(name));
        keeps_the_rules(&reply);
    }
    assert_eq!(
        get(&web, "/?utm=1").status,
        200,
        "a question is no other page"
    );
}

#[test]
fn the_page_is_small_and_needs_nobody_else() {
    let texts = FILES.map(|(_, _, name)| file(name));
    let weight: usize = texts.iter().map(String::len).sum();
    assert!(weight < 20_000, "{weight} bytes");
    for text in texts {
        assert!(text.is_ascii());
        for word in [
            "http:",
            "https:",
            "//cdn",
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "eval(",
            "style=",
            "onclick=\"",
        ] {
            assert!(!text.contains(word), "{word}");
        }
    }
}

#[test]
fn the_status_is_told_with_what_the_page_may_do() {
    let told = status(vec![client("10.0.7.5"), client("fd00::5")]);
    let played = Played::new(told.clone());
    for may_write in [false, true] {
        let web = played.serve(may_write);
        let reply = get(&web, "/api/status");
        assert_eq!(reply.header("content-type"), Some("application/json"));
        keeps_the_rules(&reply);
        assert_eq!(serde_json::from_slice::<Status>(&reply.body).unwrap(), told);
        let raw: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(raw["may_choose"], json!(may_write));
    }
}

#[test]
fn of_many_clients_200_are_told() {
    let clients = (0..300).map(|number| client(&format!("10.0.{}.{}", number / 200, number % 200)));
    let web = Played::new(status(clients.collect())).serve(false);
    let told: Status = serde_json::from_slice(&get(&web, "/api/status").body).unwrap();
    assert_eq!((told.clients.len(), told.clients_in_all), (200, 300));
}

#[test]
fn the_boots_of_a_client_are_told_by_its_name() {
    let name = "somebody behind in.tftpd & <co> 100% \u{fc}";
    let played = Played::new(status(vec![client(name), client("10.0.7.5")]));
    let requests = vec![
        opened(0, "bootx64.efi", "bootx64.efi", How::Exact),
        missed(20, "\\Boot\\BCD", Worth::Fatal),
    ];
    played.boot(name, vec![boot(requests)]);
    let web = played.serve(false);
    let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let reply = get(&web, &format!("/api/boots?client={encoded}"));
    keeps_the_rules(&reply);
    let told: Boots = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(
        (told.client.client.as_str(), told.boots[0].requests.len()),
        (name, 2)
    );
    // As encodeURIComponent writes a blank.
    let reply = get(
        &web,
        &format!("/api/boots?client={}", encoded.replace('+', "%20")),
    );
    assert_eq!(reply.status, 200);
    assert_eq!(get(&web, "/api/boots?client=10.9.9.9").status, 404);
    for wrong in ["/api/boots", "/api/boots?", "/api/boots?who=10.0.7.5"] {
        let reply = get(&web, wrong);
        assert_eq!(reply.status, 400);
        assert!(reply.text().contains("/api/boots?client="));
    }
}

/// A client that is not valid text is merely unknown.
#[test]
fn a_name_that_is_no_text_is_unknown() {
    let web = Played::new(status(vec![])).serve(false);
    for name in ["%ff%fe", "%", "%zz", "%00", "", "..%2f..%2fetc%2fpasswd"] {
        let reply = get(&web, &format!("/api/boots?client={name}"));
        assert_eq!(reply.status, 404, "{name}");
        keeps_the_rules(&reply);
    }
}

#[test]
fn nothing_else_is_there() {
    let web = Played::new(status(vec![])).serve(true);
    for path in [
        "/index.html",
        "/page.html",
        "/page.js/",
        "//",
        "/api",
        "/api/",
        "/api/status/",
        "/Metrics",
        "/favicon.ico",
        "/../etc/passwd",
        "/%2e%2e/etc/passwd",
        "/page%2ejs",
        "/api/choose/x",
        "*",
    ] {
        let reply = get(&web, path);
        assert_eq!(reply.status, 404, "{path}");
        keeps_the_rules(&reply);
    }
}

#[test]
fn a_wrong_method_is_told_the_right_one() {
    let played = Played::new(status(vec![client("10.0.7.5")]));
    let web = played.serve(true);
    for (path, allow) in [
        ("/", "GET, HEAD"),
        ("/api/status", "GET, HEAD"),
        ("/metrics", "GET, HEAD"),
        ("/api/choose", "POST"),
    ] {
        for method in [
            "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW", "GET", "HEAD",
        ] {
            if allow.contains(method) {
                continue;
            }
            let reply = send(web.address(), method, path, &[], b"").unwrap();
            assert_eq!(
                (reply.status, reply.header("allow")),
                (405, Some(allow)),
                "{method} {path}"
            );
            keeps_the_rules(&reply);
        }
    }
}

#[test]
fn head_is_get_without_the_body() {
    let web = Played::new(status(vec![client("10.0.7.5")])).serve(false);
    for path in ["/", "/page.css", "/api/status", "/metrics", "/nothing"] {
        let whole = get(&web, path);
        let head = send(web.address(), "HEAD", path, &[], b"").unwrap();
        assert_eq!(head.status, whole.status);
        let length = whole.body.len().to_string();
        assert_eq!(head.header("content-length"), Some(&*length), "{path}");
        assert_eq!(head.header("content-type"), whole.header("content-type"));
        assert!(head.body.is_empty());
    }
}

#[test]
fn a_choice_is_carried_out() {
    let played = Played::new(status(vec![client("10.0.7.5")]));
    let web = played.serve(true);
    let reply = choose(&web, r#"{"client": "10.0.7.5", "image": "win11"}"#);
    assert_eq!((reply.status, reply.text().as_str()), (204, ""));
    keeps_the_rules(&reply);
    assert_eq!(
        choose(&web, r#"{"image": null, "client": "10.0.7.5"}"#).status,
        204
    );
    let client = "10.0.7.5".to_owned();
    let expected = [(client.clone(), Some("win11".to_owned())), (client, None)];
    assert_eq!(*played.chosen.lock().unwrap(), expected);
}

#[test]
fn a_choice_that_cannot_be_says_why() {
    let played = Played::new(status(vec![client("10.0.7.5")]));
    let web = played.serve(true);
    let reply = choose(&web, r#"{"client": "10.0.7.5", "image": "win99"}"#);
    assert_eq!(
        (reply.status, reply.text().as_str()),
        (409, "no image is named so\n")
    );
    assert!(played.chosen.lock().unwrap().is_empty());
}

#[test]
fn nothing_is_chosen_unless_that_was_allowed() {
    let played = Played::new(status(vec![client("10.0.7.5")]));
    let web = played.serve(false);
    let reply = choose(&web, r#"{"client": "10.0.7.5", "image": "win11"}"#);
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("--web-write"), "{}", reply.text());
    keeps_the_rules(&reply);
    assert!(played.chosen.lock().unwrap().is_empty());
}

/// Above all: what was left out or misspelled must not count as "what the rules say".
#[test]
fn a_malformed_choice_changes_nothing() {
    let played = Played::new(status(vec![client("10.0.7.5")]));
    let web = played.serve(true);
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "win11",
        "\u{0}",
        "{\"client\": \"10.0.7.5\"}",
        "{\"image\": null}",
        "{\"client\": \"10.0.7.5\", \"image\": 1}",
        "{\"client\": null, \"image\": null}",
        "{\"client\": \"10.0.7.5\", \"image\": null, \"Image\": \"win11\"}",
        "{\"client\": \"10.0.7.5\", \"image\": null, \"image\": \"win11\"}",
        "{\"client\": \"10.0.7.5\", \"image\": null} x",
        "{\"client\": \"10.0.7.5\", \"image\": null",
        "{'client': '10.0.7.5', 'image': null}",
        "client=10.0.7.5&image=win11",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    ] {
        let reply = choose(&web, body);
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
        keeps_the_rules(&reply);
    }
    let json = [("Content-Type", "application/json")];
    let latin = b"{\"client\": \"10.0.7.5\", \"image\": \"\xfc\"}";
    let reply = send(web.address(), "POST", "/api/choose", &json, latin).unwrap();
    assert_eq!(reply.status, 400);
    assert!(played.chosen.lock().unwrap().is_empty());
}

#[test]
fn it_is_also_served_over_ipv6() {
    let address: SocketAddr = "[::1]:0".parse().unwrap();
    let web = Played::new(status(vec![])).serve_at(address, false);
    let reply = get(&web, "/api/status");
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// The page asks each second: it need not connect each time.
#[test]
fn a_connection_serves_more_than_one_request() {
    let web = Played::new(status(vec![])).serve(false);
    let stream = http::connect(web.address(), web.address().ip()).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    for _ in 0..3 {
        let request = format!("GET /page.css HTTP/1.1\r\nHost: {}\r\n\r\n", web.address());
        (&stream).write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            answers.read_line(&mut line).unwrap();
            if let Some(number) = line.strip_prefix("content-length: ") {
                length = number.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        answers.read_exact(&mut body).unwrap();
        assert_eq!(body, file("page.css").as_bytes());
    }
}

#[test]
fn an_address_that_is_taken_is_told_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = |address| Place {
        address,
        may_write: false,
    };
    let error = place(taken.local_addr().unwrap())
        .take()
        .unwrap_err()
        .to_string();
    for words in ["ddress", "in use", "ss -ltnp", "--web 127.0.0.1:8070"] {
        assert!(error.contains(words), "{error}");
    }
    // An address for examples in books: nobody has it.
    let error = place("192.0.2.1:8069".parse().unwrap())
        .take()
        .unwrap_err()
        .to_string();
    assert!(error.contains("ip address"), "{error}");
}

/// A daemon that ends does not wait for an answer that it cannot give.
#[test]
fn the_end_is_at_once_and_leaves_nothing() {
    let played = Played::new(status(vec![]));
    let web = played.serve(false);
    let address = web.address();
    played.stick(true);
    let waiting = std::thread::spawn(move || send(address, "GET", "/api/status", &[], b""));
    let idle = http::connect(address, address.ip()).unwrap();
    assert_eq!(send(address, "GET", "/", &[], b"").unwrap().status, 200);
    let begun = Instant::now();
    drop(web);
    assert!(
        begun.elapsed().as_secs() < 2,
        "it took {:?}",
        begun.elapsed()
    );
    assert!(waiting.join().unwrap().is_err());
    let mut rest = Vec::new();
    assert_eq!((&idle).read_to_end(&mut rest).unwrap_or(0), 0);
    // Its port is free again, at once.
    let again = played.serve_at(address, false);
    assert_eq!(get(&again, "/").status, 200);
    played.stick(false);
}
