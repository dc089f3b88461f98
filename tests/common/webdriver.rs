//! A browser without a screen, driven as a person would: by keys, and by looking.
//!
//! Chromium through its driver, which speaks WebDriver, JSON over HTTP. It has a profile of
//! its own, and finds no other machine than this one.
//!
//! `let Some(browser) = skip::or_skip(Browser::start()) else { return };` then
//! `browser.open(&url); browser.wait_for("text", "10.0.0.5"); browser.press(&[TAB, ENTER]);`

#![allow(
    clippy::panic,
    clippy::expect_used,
    reason = "a browser that does not do as it is told is a failed test"
)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::http;
use super::servers::{self, Missing, Server};
use super::wait;

/// How long the page may take for what is waited for; it asks the daemon each second.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Keys that have no letter, as WebDriver writes them.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const SHIFT: &str = "\u{e008}";
pub(crate) const DOWN: &str = "\u{e015}";
pub(crate) const SPACE: &str = " ";

const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-GB",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
];

/// A browser with one page; it ends with this value.
#[derive(Debug)]
pub(crate) struct Browser {
    driver: Server,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// A new one, with an empty profile.
    pub(crate) fn start() -> Result<Self, Missing> {
        let driver = servers::chromedriver()?;
        let profile = tempfile::tempdir().expect("a temporary folder");
        let own = format!("--user-data-dir={}", profile.path().display());
        let flags: Vec<&str> = FLAGS.into_iter().chain([own.as_str()]).collect();
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
        }}});
        let answer = ask(&driver, "POST", "/session", &wanted);
        let session = answer["sessionId"].as_str().expect("a session").to_owned();
        Ok(Self {
            driver,
            session,
            _profile: profile,
        })
    }

    /// Goes to a page, and waits until it is loaded.
    pub(crate) fn open(&self, url: &str) {
        self.tell("url", &json!({ "url": url }));
    }

    /// What the body of a function in the page returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.tell("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until an expression in the page is true, and returns it.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, expression: &str) -> Value {
        let script = format!("return {expression}");
        let is_true = |value: &Value| !matches!(value, Value::Null | Value::Bool(false));
        wait::within(PATIENCE, || Some(self.run(&script)).filter(is_true)).unwrap_or_else(|| {
            let shown = self.run("return document.body.innerText");
            panic!("waited in vain for {what}; the page shows:\n{shown}")
        })
    }

    /// Waits until the page shows this text, as a person would see it.
    #[track_caller]
    pub(crate) fn wait_for_text(&self, text: &str) {
        let wanted = Value::from(text);
        self.wait_for(text, &format!("document.body.innerText.includes({wanted})"));
    }

    /// Presses keys one after the other.
    pub(crate) fn press(&self, keys: &[&str]) {
        let strokes = keys
            .iter()
            .flat_map(|key| [("keyDown", *key), ("keyUp", *key)]);
        self.keys(strokes);
    }

    /// Presses a key while Shift is held.
    pub(crate) fn press_shifted(&self, key: &str) {
        let strokes = [
            ("keyDown", SHIFT),
            ("keyDown", key),
            ("keyUp", key),
            ("keyUp", SHIFT),
        ];
        self.keys(strokes.into_iter());
    }

    fn keys<'a>(&self, strokes: impl Iterator<Item = (&'a str, &'a str)>) {
        let strokes: Vec<Value> = strokes
            .map(|(what, key)| json!({ "type": what, "value": key }))
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.tell("actions", &json!({ "actions": [keyboard] }));
    }

    /// The screen of a desktop or a phone, `"light"` or `"dark"`, in CSS pixels.
    pub(crate) fn screen(&self, width: u32, height: u32, scheme: &str) {
        let screen = json!({
            "width": width, "height": height, "mobile": width < 500,
            "deviceScaleFactor": if width < 500 { 2 } else { 1 },
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &screen);
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({ "features": features }),
        );
    }

    /// A command of Chromium's own protocol.
    pub(crate) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let command = json!({ "cmd": command, "params": parameters });
        self.tell("goog/cdp/execute", &command)
    }

    /// Writes a picture of what is on the screen into a file, a PNG.
    pub(crate) fn picture(&self, file: &Path) {
        let answer = self.devtools("Page.captureScreenshot", &json!({}));
        let picture = unpack(answer["data"].as_str().expect("a picture"));
        fs::write(file, picture).expect("room for a picture");
    }

    /// What the browser complained of since it was asked last: errors of scripts, and
    /// whatever the page wanted and its policy forbids.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.tell("se/log", &json!({ "type": "browser" }));
        let lines = log.as_array().expect("a list").iter();
        lines
            .map(|line| line["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    fn tell(&self, command: &str, parameters: &Value) -> Value {
        let path = format!("/session/{}/{command}", self.session);
        ask(&self.driver, "POST", &path, parameters)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let path = format!("/session/{}", self.session);
        // The browser ends with its session. One that died has no session any more.
        let _ = http::send(self.driver.address, "DELETE", &path, &[], b"");
    }
}

fn ask(driver: &Server, method: &str, path: &str, body: &Value) -> Value {
    let headers = [("Content-Type", "application/json")];
    let body = body.to_string();
    let reply = http::send(driver.address, method, path, &headers, body.as_bytes());
    let reply = reply.unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut answer: Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert_eq!(reply.status, 200, "{path} {body}: {answer}");
    answer["value"].take()
}

/// Bytes out of base64.
fn unpack(text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = |letter| digits.iter().position(|digit| *digit == letter);
    let values: Vec<usize> = text.bytes().filter_map(value).collect();
    let group = |group: &[usize]| {
        let bits = group.iter().fold(0, |bits, value| bits << 6 | value) << (6 * (4 - group.len()));
        let bytes = [bits >> 16, bits >> 8, bits].map(|byte| (byte & 0xff) as u8);
        bytes[..group.len() - 1].to_vec()
    };
    values.chunks(4).flat_map(group).collect()
}
