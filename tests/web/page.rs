//! What a person sees in a browser, while the daemon goes on.

use std::sync::Arc;

use serde_json::Value;
use winbootfs::journal::progress::{Stage, Worth};
use winbootfs::status::{Client, How, Status};
use winbootfs::web::Web;

use crate::common::skip::or_skip;
use crate::common::wait;
use crate::common::webdriver::{Browser, ENTER, PATIENCE, TAB};
use crate::played::{MARKUP, Played, boot, client, failed, image, missed, opened, reading, status};

/// A page in a browser, and the daemon behind it.
pub(crate) struct Shown {
    pub(crate) browser: Browser,
    pub(crate) played: Arc<Played>,
    pub(crate) web: Option<Web>,
}

impl Shown {
    /// The page of a daemon that says this, or a counted skip.
    pub(crate) fn new(status: Status, may_write: bool) -> Option<Self> {
        let browser = or_skip(Browser::start())?;
        let played = Played::new(status);
        let web = played.serve(may_write);
        browser.open(&format!("http://{}/", web.address()));
        browser.wait_for("the first answer", "!document.querySelector('main').hidden");
        let web = Some(web);
        Some(Self {
            browser,
            played,
            web,
        })
    }

    /// Presses Tab until what has the focus is this, by a selector.
    #[track_caller]
    pub(crate) fn tab_to(&self, selector: &str) {
        let selector = Value::from(selector);
        let is_there = format!("return document.activeElement.matches({selector})");
        let came = (0..60).any(|_| {
            self.browser.press(&[TAB]);
            self.browser.run(&is_there) == true
        });
        assert!(came, "Tab never comes to {selector}");
    }

    /// The text of the first element that a selector finds.
    pub(crate) fn text(&self, selector: &str) -> String {
        let selector = Value::from(selector);
        let text = self.browser.run(&format!(
            "return document.querySelector({selector}).innerText"
        ));
        text.as_str().unwrap().to_owned()
    }

    /// The clients that are shown, from the top.
    pub(crate) fn clients(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('.client:not([hidden]) .who')].map(node => node.textContent)";
        serde_json::from_value(self.browser.run(script)).unwrap()
    }

    #[track_caller]
    pub(crate) fn wait_for_clients(&self, expected: &[&str]) {
        wait::within(PATIENCE, || (self.clients() == expected).then_some(()))
            .unwrap_or_else(|| panic!("{:?} are shown, and not {expected:?}", self.clients()));
    }

    /// Opens the first client, by keys.
    #[track_caller]
    pub(crate) fn open_first(&self) {
        self.tab_to(".head");
        self.browser.press(&[ENTER]);
        self.browser
            .wait_for("more", "!document.querySelector('.more').hidden");
    }
}

/// The browser has nothing to complain of: no error of a script, nothing that the policy forbids.
impl Drop for Shown {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let complaints = self.browser.complaints();
            let refused = |line: &String| !line.contains("ERR_CONNECTION") && !line.contains("409");
            let complaints: Vec<_> = complaints.into_iter().filter(refused).collect();
            assert_eq!(complaints, Vec::<String>::new());
        }
    }
}

#[test]
fn stages_move_while_somebody_looks() {
    let Some(shown) = Shown::new(status(vec![client("10.0.7.5")]), false) else {
        return;
    };
    let strip = "[...document.querySelectorAll('.strip span')].map(step => step.className).join()";
    let reached = |classes: &str, label: &str| {
        shown
            .browser
            .wait_for(label, &format!("{strip} === '{classes}'"));
        assert_eq!(
            shown
                .browser
                .run("return document.querySelector('.strip').ariaLabel"),
            label
        );
    };
    reached("reached,reached,reached now,,,", "BCD");
    assert_eq!(shown.text(".state"), "under way");
    shown
        .played
        .change_first(|client| client.stage = Stage::Sdi);
    reached("reached,reached,reached,reached now,,", "boot.sdi");
    for (mebibytes, percent) in [(0, "0 %"), (220, "42 %"), (511, "99 %")] {
        shown
            .played
            .change_first(|client| *client = reading("10.0.7.5", mebibytes << 20));
        shown
            .browser
            .wait_for_text(&format!("\\sources\\boot.wim, {percent} of 512 MiB"));
        reached("reached,reached,reached,reached,read,", "boot image");
    }
    // How much was read is not known where the kernel reads the file itself.
    shown
        .played
        .change_first(|client| client.boot_image.as_mut().unwrap().read = None);
    shown.browser.wait_for_text("\\sources\\boot.wim, 512 MiB");
    reached("reached,reached,reached,reached,reached now,", "boot image");
    shown
        .played
        .change_first(|client| *client = reading("10.0.7.5", 512 << 20));
    reached(
        "reached,reached,reached,reached,reached,reached now",
        "done",
    );
    assert_eq!(shown.text(".state"), "done");
    assert_eq!(shown.text(".age"), "0 s ago");
    shown
        .played
        .change_first(|client| client.silent_ms = 3_600_000 * 3);
    shown.browser.wait_for(
        "its age",
        "document.querySelector('.age').textContent === '3 h ago'",
    );
}

#[test]
fn a_miss_appears_with_its_advice() {
    let Some(shown) = Shown::new(status(vec![client("10.0.7.5")]), false) else {
        return;
    };
    let requests = vec![opened(0, "bootx64.efi", "EFI/Boot/bootx64.efi", How::Alias)];
    shown.played.boot("10.0.7.5", vec![boot(requests.clone())]);
    shown.open_first();
    shown
        .browser
        .wait_for_text("by an alias, 256 KiB, all of it read");
    assert_eq!(shown.text("#news"), "");
    let more = vec![
        missed(1240, "\\Boot\\hiberfil.sys", Worth::Normal),
        missed(1250, "\\Boot\\BCD", Worth::Fatal),
    ];
    shown
        .played
        .boot("10.0.7.5", vec![boot([requests, more].concat())]);
    shown
        .played
        .change_first(|client| *client = failed("10.0.7.5"));
    shown.browser.wait_for_text("not there, the end");
    for text in [
        "not there, normal",
        "1.25 s",
        "The boot configuration \\Boot\\BCD is missing",
        "On its screen: 0xc000000f",
        "the image win11 has one: Boot/BCD",
        "What to do: put the BCD of an install medium into /srv/winpe/rescue/Boot",
    ] {
        shown.browser.wait_for_text(text);
    }
    // Said once to those who listen, and shown to those who look elsewhere.
    assert_eq!(
        shown.text("#news"),
        "10.0.7.5 failed: The boot configuration \\Boot\\BCD is missing"
    );
    assert_eq!(shown.browser.run("return document.title"), "(1) winbootfs");
    // Without opening it too.
    shown.browser.press(&[ENTER]);
    shown
        .browser
        .wait_for_text("\\Boot\\BCD is missing - 0xc000000f");
}

/// What had gone wrong before is there to see, and is not called out.
#[test]
fn old_news_is_no_news() {
    let Some(shown) = Shown::new(status(vec![failed("10.0.7.5")]), false) else {
        return;
    };
    shown.browser.wait_for_text("0xc000000f");
    shown.played.change(|status| {
        let mut other = failed("10.0.7.6");
        other.boot = 2;
        status.clients.insert(0, other);
    });
    shown
        .browser
        .wait_for("news", "document.querySelector('#news').textContent");
    assert_eq!(
        shown.text("#news"),
        "10.0.7.6 failed: The boot configuration \\Boot\\BCD is missing"
    );
}

#[test]
fn markup_in_names_is_text() {
    let name = |what: &str| format!("{what}{MARKUP}");
    let mut hostile = failed(&name("client"));
    hostile.image = Some(name("image"));
    hostile.because = name("because");
    hostile.server = name("server");
    hostile.mac = Some(name("mac"));
    hostile.firmware = Some(name("firmware"));
    let diagnosis = hostile.diagnosis.as_mut().unwrap();
    diagnosis.what = name("what");
    diagnosis.screen = Some(name("screen"));
    diagnosis.hints = vec![name("hint")];
    diagnosis.next = name("next");
    let mut all = status(vec![hostile]);
    all.images = vec![image(&name("image"), true)];
    all.images[0].sources[0].label = name("label");
    all.images[0].sources[0].fault = Some(name("fault"));
    all.warnings = vec![name("warning")];
    all.mountpoint = name("mountpoint");
    all.version = name("version");
    all.reading.why = name("why");
    let Some(shown) = Shown::new(all, true) else {
        return;
    };
    let mut request = opened(0, &name("request"), &name("path"), How::Exact);
    if let winbootfs::status::Answer::Opened {
        source,
        made,
        broken,
        ..
    } = &mut request.answer
    {
        *source = name("source");
        *made = Some(name("made"));
        *broken = Some(name("broken"));
    }
    let missing = missed(5, &name("missing"), Worth::Fatal);
    shown
        .played
        .boot(&name("client"), vec![boot(vec![request, missing])]);
    shown.open_first();
    for what in [
        "client",
        "image",
        "because",
        "server",
        "mac",
        "firmware",
        "what",
        "screen",
        "hint",
        "next",
        "label",
        "fault",
        "warning",
        "mountpoint",
        "version",
        "why",
        "request",
        "missing",
        "made",
        "broken",
    ] {
        let wanted = Value::from(name(what));
        shown.browser.wait_for(
            what,
            &format!("document.body.textContent.includes({wanted})"),
        );
    }
    assert_eq!(
        shown
            .browser
            .run("return document.querySelectorAll('img, [onerror]').length"),
        0
    );
    assert_ne!(shown.browser.run("return document.title"), "run");
    // It is also the name by which it is chosen for.
    shown.tab_to("form button");
    shown.browser.press(&[ENTER]);
    wait::until("the choice", PATIENCE, || {
        let chosen = shown.played.chosen.lock().unwrap();
        chosen
            .first()
            .map(|(client, _)| assert_eq!(*client, name("client")))
    });
}

/// What would turn the text around, or is not seen, is shown by its number.
#[test]
fn marks_of_direction_are_shown() {
    let names = [
        "\u{202e}gpj.exe",
        "a\u{200b}b",
        "a\u{0007}b\u{9b}c",
        "\u{2066}x\u{feff}",
    ];
    let shown_as = [
        "\\u{202e}gpj.exe",
        "a\\u{200b}b",
        "a\\u{7}b\\u{9b}c",
        "\\u{2066}x\\u{feff}",
    ];
    let Some(shown) = Shown::new(status(vec![client("10.0.7.5")]), false) else {
        return;
    };
    let requests = names.iter().map(|name| missed(1, name, Worth::Unsure));
    shown
        .played
        .boot("10.0.7.5", vec![boot(requests.collect())]);
    shown.open_first();
    for name in shown_as {
        shown.browser.wait_for_text(name);
    }
    shown
        .played
        .change_first(|client| client.client = "\u{202e}5.7.0.01".to_owned());
    shown.wait_for_clients(&["\\u{202e}5.7.0.01"]);
}

/// A client in a boot of this number.
pub(crate) fn numbered(boot: u64, client: Client) -> Client {
    Client { boot, ..client }
}

/// The daemon is started anew, and the page goes on by itself.
#[test]
fn the_page_goes_on_after_a_restart() {
    let Some(mut shown) = Shown::new(status(vec![client("10.0.7.5")]), false) else {
        return;
    };
    shown.open_first();
    let web = shown.web.take().unwrap();
    let address = web.address();
    drop(web);
    shown.browser.wait_for_text("Connection lost, trying again");
    assert!(
        !shown
            .browser
            .run("return document.body.innerText")
            .as_str()
            .unwrap()
            .contains("live")
    );
    assert_eq!(
        shown.clients(),
        ["10.0.7.5"],
        "what was known is still shown"
    );
    shown
        .played
        .change(|status| status.clients.push(numbered(2, client("10.0.7.6"))));
    shown.web = Some(shown.played.serve_at(address, false));
    shown.wait_for_clients(&["10.0.7.6", "10.0.7.5"]);
    assert_eq!(shown.text("#link"), "live");
    let expanded = "return document.querySelectorAll('.head')[1].getAttribute('aria-expanded')";
    assert_eq!(shown.browser.run(expanded), "true");
}

/// A newer program has another page.
#[test]
fn another_version_brings_its_own_page() {
    let Some(shown) = Shown::new(status(vec![client("10.0.7.5")]), false) else {
        return;
    };
    shown.browser.run("window.old = true");
    shown
        .played
        .change(|status| status.version = "0.2.0".to_owned());
    shown.browser.wait_for(
        "another page",
        "!window.old && document.body.innerText.includes('version 0.2.0')",
    );
}

#[test]
fn who_has_no_clients_is_told_what_to_do() {
    let Some(shown) = Shown::new(status(vec![]), false) else {
        return;
    };
    for text in [
        "No client has asked for anything yet",
        "server serve /srv/tftp",
        "winbootfs doctor",
        "live",
    ] {
        shown.browser.wait_for_text(text);
    }
    assert_eq!(
        shown
            .browser
            .run("return document.querySelector('#find').checkVisibility()"),
        false
    );
    shown
        .played
        .change(|status| status.clients.push(client("10.0.7.5")));
    shown.wait_for_clients(&["10.0.7.5"]);
    assert_eq!(
        shown
            .browser
            .run("return document.querySelector('#empty').checkVisibility()"),
        false
    );
}

#[test]
fn images_say_how_they_are() {
    let Some(shown) = Shown::new(status(vec![]), false) else {
        return;
    };
    shown
        .browser
        .wait_for_text("1 client; for all whom no rule matches");
    assert_eq!(
        shown.text("#images"),
        "rescue\nhealthy\n1 client; for all whom no rule matches\n/srv/winpe/rescue: a folder with 1,021 files\n\
        win11\nhealthy\n1 client\n/srv/winpe/win11: a folder with 1,021 files"
    );
    shown.played.change(|status| {
        status.images[1].sources[0].fault =
            Some("Win11.iso ends too early\n  copy it again".to_owned());
        status.warnings.push("dnsmasq names no client".to_owned());
        status.clients_in_all = 2;
    });
    shown.browser.wait_for_text("Win11.iso ends too early\n");
    assert_eq!(shown.text("#images li:nth-child(2) .health"), "fault");
    assert_eq!(shown.text("#warnings"), "dnsmasq names no client");
    assert_eq!(
        shown.text("#left-out"),
        "These asked last; 2 clients more are known."
    );
}

/// What is asked of the daemon is what is new, not everything each second.
#[test]
fn a_timeline_is_asked_for_only_when_it_is_longer() {
    let Some(shown) = Shown::new(status(vec![client("10.0.7.5")]), false) else {
        return;
    };
    shown.open_first();
    let asked = "performance.getEntriesByType('resource').filter(entry => entry.name.includes('/api/boots')).length";
    let polled = "performance.getEntriesByType('resource').filter(entry => entry.name.includes('/api/status')).length";
    shown
        .browser
        .wait_for("some seconds", &format!("{polled} >= 4"));
    assert_eq!(shown.browser.run(&format!("return {asked}")), 1);
    shown.played.boot(
        "10.0.7.5",
        vec![boot(vec![missed(0, "\\Boot\\BCD", Worth::Unsure)])],
    );
    shown.played.change_first(|client| client.requests += 1);
    shown.browser.wait_for_text("not there, may go on");
    assert_eq!(shown.browser.run(&format!("return {asked}")), 2);
}

/// Answers may come in another order than they were asked for.
#[test]
fn a_late_answer_hides_no_newer_one() {
    let Some(shown) = Shown::new(status(vec![client("10.0.7.5")]), false) else {
        return;
    };
    let requests = |names: &[&str]| {
        let requests = names.iter().map(|name| missed(1, name, Worth::Unsure));
        vec![boot(requests.collect())]
    };
    shown.played.boot("10.0.7.5", requests(&["first.efi"]));
    shown.browser.run(
        "const real = window.fetch;
         window.fetch = async (url, options) => {
           const reply = await real(url, options);
           if (url.startsWith('api/boots') && !window.go) await new Promise(go => { window.go = go; });
           return reply;
         }",
    );
    shown.open_first();
    shown.browser.wait_for("the first answer", "!!window.go");
    let both = requests(&["first.efi", "second.efi"]);
    shown.played.boot("10.0.7.5", both);
    shown.played.change_first(|client| client.requests += 1);
    shown.browser.wait_for_text("second.efi");
    shown.browser.run("window.go()");
    shown
        .played
        .change_first(|client| client.server = "another".to_owned());
    shown.browser.wait_for_text("another");
    shown.browser.wait_for_text("second.efi");
}

#[test]
fn earlier_boots_are_kept_apart() {
    let Some(shown) = Shown::new(status(vec![client("10.0.7.5")]), false) else {
        return;
    };
    let mut now = boot(vec![missed(0, "now.efi", Worth::Unsure)]);
    now.requests[0].boot = 7;
    now.left_out = 31;
    let earlier = boot(vec![missed(0, "earlier.efi", Worth::Unsure)]);
    shown.played.boot("10.0.7.5", vec![now, earlier]);
    shown.open_first();
    shown.browser.wait_for_text("now.efi");
    shown
        .browser
        .wait_for_text("31 requests in the middle are not kept.");
    assert_eq!(
        shown
            .browser
            .run("return document.querySelectorAll('details[open]').length"),
        1
    );
    shown.tab_to("details:not([open]) summary");
    shown.browser.press(&[ENTER]);
    shown.browser.wait_for_text("earlier.efi");
}
