//! What a person sees and does: in a browser, by keys.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use winbootfs::journal::progress::{Stage, Worth};
use winbootfs::status::{Client, How, State, Status};
use winbootfs::web::Web;

use crate::common::skip::or_skip;
use crate::common::wait;
use crate::common::webdriver::{Browser, DOWN, ENTER, PATIENCE, SPACE, TAB};
use crate::played::{MARKUP, Played, boot, client, failed, image, missed, opened, reading, status};

/// A page in a browser, and the daemon behind it.
struct Shown {
    browser: Browser,
    played: Arc<Played>,
    web: Option<Web>,
}

impl Shown {
    /// The page of a daemon that says this, or a counted skip.
    fn new(status: Status, may_write: bool) -> Option<Self> {
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
    fn tab_to(&self, selector: &str) {
        let selector = Value::from(selector);
        let is_there = format!("return document.activeElement.matches({selector})");
        let came = (0..60).any(|_| {
            self.browser.press(&[TAB]);
            self.browser.run(&is_there) == true
        });
        assert!(came, "Tab never comes to {selector}");
    }

    /// The text of the first element that a selector finds.
    fn text(&self, selector: &str) -> String {
        let selector = Value::from(selector);
        let text = self.browser.run(&format!(
            "return document.querySelector({selector}).innerText"
        ));
        text.as_str().unwrap().to_owned()
    }

    /// The clients that are shown, from the top.
    fn clients(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('.client:not([hidden]) .who')].map(node => node.textContent)";
        serde_json::from_value(self.browser.run(script)).unwrap()
    }

    #[track_caller]
    fn wait_for_clients(&self, expected: &[&str]) {
        wait::within(PATIENCE, || (self.clients() == expected).then_some(()))
            .unwrap_or_else(|| panic!("{:?} are shown, and not {expected:?}", self.clients()));
    }

    /// Opens the first client, by keys.
    #[track_caller]
    fn open_first(&self) {
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
    if let winbootfs::status::Answer::Opened { source, made, .. } = &mut request.answer {
        *source = name("source");
        *made = Some(name("made"));
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

/// Nothing but keys: to a client, into it, and a choice of its image.
#[test]
fn an_image_is_chosen_by_keys() {
    let Some(shown) = Shown::new(status(vec![client("10.0.7.5")]), true) else {
        return;
    };
    shown.played.boot("10.0.7.5", vec![boot(vec![])]);
    shown.open_first();
    let expanded = "return document.querySelector('.head').getAttribute('aria-expanded')";
    assert_eq!(shown.browser.run(expanded), "true");
    shown.tab_to("select");
    assert_eq!(
        shown.browser.run("return document.activeElement.value"),
        "rescue"
    );
    shown.browser.press(&[DOWN]);
    // What was chosen is not undone by what the daemon says meanwhile.
    shown.played.change_first(|client| client.requests += 1);
    shown.browser.wait_for_text("8, of these not there: 2");
    shown.browser.press(&[TAB, ENTER]);
    shown
        .browser
        .wait_for_text("From its next request on it gets win11.");
    let chosen = ("10.0.7.5".to_owned(), Some("win11".to_owned()));
    assert_eq!(*shown.played.chosen.lock().unwrap(), [chosen]);
    shown.browser.wait_for(
        "the new image",
        "document.querySelector('.head .image').textContent === 'win11'",
    );
    // And back to what the rules say.
    shown.browser.press_shifted(TAB);
    shown.browser.press(&["\u{e011}", TAB, SPACE]);
    shown.browser.wait_for_text("it gets what the rules say.");
    assert_eq!(shown.played.chosen.lock().unwrap()[1].1, None);
    shown.browser.press_shifted(TAB);
    shown.browser.press_shifted(TAB);
    shown.browser.press(&[SPACE]);
    assert_eq!(shown.browser.run(expanded), "false");
}

#[test]
fn a_choice_that_fails_says_why() {
    let Some(shown) = Shown::new(status(vec![client("10.0.7.5")]), true) else {
        return;
    };
    shown.open_first();
    // Known when the page was made, and gone when it is chosen.
    shown
        .browser
        .run("document.querySelector('select').append(new Option('gone', 'gone', true, true))");
    shown.tab_to("form button");
    shown.browser.press(&[ENTER]);
    shown
        .browser
        .wait_for_text("Not done: no image is named so");
    assert!(shown.played.chosen.lock().unwrap().is_empty());
}

#[test]
fn nothing_can_be_chosen_where_that_was_not_allowed() {
    for (known, may_write, is_there) in [
        (true, false, false),
        (false, true, false),
        (true, true, true),
    ] {
        let mut one = client("10.0.7.5");
        one.is_known = known;
        let Some(shown) = Shown::new(status(vec![one]), may_write) else {
            return;
        };
        shown.open_first();
        let form = "return document.querySelector('form').checkVisibility()";
        assert_eq!(shown.browser.run(form), is_there);
    }
}

fn numbered(boot: u64, client: Client) -> Client {
    Client { boot, ..client }
}

/// Whatever comes, goes or changes places: who is at a button stays at that button.
#[test]
fn the_focus_survives_what_changes() {
    let named = |number: u64| format!("10.0.7.{number}");
    let all = (1..=3).map(|number| numbered(number, client(&named(number))));
    let Some(shown) = Shown::new(status(all.collect()), true) else {
        return;
    };
    shown.wait_for_clients(&["10.0.7.3", "10.0.7.2", "10.0.7.1"]);
    shown.tab_to(".head");
    shown.tab_to(".head");
    shown.browser.press(&[SPACE]);
    shown.browser.run("document.activeElement.mark = 'here'");
    let is_here = || {
        let here = shown
            .browser
            .run("return [document.activeElement.mark, document.activeElement.innerText]");
        assert_eq!(here[0], "here", "{here}");
        assert!(here[1].as_str().unwrap().contains("10.0.7.2"), "{here}");
    };
    // A new one, above all.
    shown
        .played
        .change(|status| status.clients.push(numbered(4, client("10.0.7.4"))));
    shown.wait_for_clients(&["10.0.7.4", "10.0.7.3", "10.0.7.2", "10.0.7.1"]);
    is_here();
    // Another one boots again, and this one too.
    shown.played.change(|status| status.clients[0].boot = 5);
    shown.wait_for_clients(&["10.0.7.1", "10.0.7.4", "10.0.7.3", "10.0.7.2"]);
    is_here();
    shown
        .played
        .change(|status| status.clients[1] = numbered(6, failed("10.0.7.2")));
    shown.wait_for_clients(&["10.0.7.2", "10.0.7.1", "10.0.7.4", "10.0.7.3"]);
    is_here();
    // All the others are forgotten.
    shown
        .played
        .change(|status| status.clients.retain(|client| client.boot == 6));
    shown.wait_for_clients(&["10.0.7.2"]);
    is_here();
    // What was opened is open still.
    assert_eq!(
        shown
            .browser
            .run("return document.activeElement.getAttribute('aria-expanded')"),
        "true"
    );
    // It is forgotten itself: the next key is not lost at the top of the page.
    shown.played.change(|status| status.clients.clear());
    shown
        .browser
        .wait_for_text("No client has asked for anything yet");
    assert_eq!(shown.browser.run("return document.activeElement.id"), "top");
}

#[test]
fn the_clients_can_be_found() {
    let mut win11 = numbered(3, client("10.0.7.3"));
    win11.image = Some("win11".to_owned());
    win11.mac = Some("aa-bb-cc-00-00-03".to_owned());
    let all = vec![
        numbered(1, failed("10.0.7.1")),
        numbered(2, reading("10.0.7.2", 512 << 20)),
        win11,
    ];
    let Some(shown) = Shown::new(status(all), false) else {
        return;
    };
    let states = "#states button";
    assert_eq!(
        shown.browser.run("return [...document.querySelectorAll('#states button')].map(button => button.innerText)"),
        serde_json::json!(["3 in all", "1 under way", "1 failed", "0 stopped", "1 done"])
    );
    shown.tab_to(states);
    shown.browser.press(&[TAB, TAB, SPACE]);
    shown.wait_for_clients(&["10.0.7.1"]);
    shown.browser.press(&[TAB, ENTER]);
    shown.wait_for_clients(&[]);
    shown.browser.wait_for_text("No client fits.");
    shown.tab_to("#find");
    shown
        .browser
        .run("document.querySelector('#states button').click()");
    for (typed, found) in [
        ("WIN", "10.0.7.3"),
        ("bb-cc", "10.0.7.3"),
        ("failed", "10.0.7.1"),
        ("7.2", "10.0.7.2"),
    ] {
        shown
            .browser
            .run("document.querySelector('#find').value = ''");
        let keys: Vec<String> = typed.chars().map(String::from).collect();
        shown
            .browser
            .press(&keys.iter().map(String::as_str).collect::<Vec<_>>());
        shown.wait_for_clients(&[found]);
    }
}

/// One that somebody is looking at does not vanish because its boot goes on.
#[test]
fn who_is_looked_at_stays() {
    let Some(shown) = Shown::new(status(vec![client("10.0.7.5"), client("10.0.7.6")]), false)
    else {
        return;
    };
    shown.tab_to("#states button");
    shown.browser.press(&[TAB, ENTER]);
    shown.tab_to(".head");
    shown.played.change(|status| {
        status.clients = vec![failed("10.0.7.5"), failed("10.0.7.6")];
    });
    shown.wait_for_clients(&["10.0.7.5"]);
    shown.browser.wait_for_text("failed");
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
        .wait_for_text("31 requests between the first and the last are not kept.");
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

/// Everything that may be on a page at once, with names that are long.
fn crowded() -> (Status, Vec<winbootfs::status::Boot>) {
    let long = format!("\\EFI\\{}\\bootmgfw.efi", "Microsoft_Boot_".repeat(20));
    let mut all = vec![
        numbered(9, reading("10.0.7.31", 219 << 20)),
        numbered(8, failed("10.0.7.12")),
        numbered(7, client("10.0.7.40")),
        numbered(6, reading("10.0.7.8", 512 << 20)),
        numbered(
            5,
            Client {
                state: State::Stopped,
                stage: Stage::Sdi,
                silent_ms: 95_000,
                ..client("fd00:7::52:54ff:fe12:3456")
            },
        ),
        numbered(
            4,
            Client {
                is_known: false,
                image: None,
                mac: None,
                ..client("somebody behind dnsmasq")
            },
        ),
    ];
    all[0].image = Some(
        "a-name-of-an-image-without-any-blank-that-is-far-longer-than-a-phone-is-wide".to_owned(),
    );
    all[1]
        .diagnosis
        .as_mut()
        .unwrap()
        .hints
        .push(format!("the nearest name is {long}"));
    all[3].boot_image.as_mut().unwrap().name = long.clone();
    let mut all = status(all);
    all.clients_in_all = 12;
    all.images[1].sources[0].fault = Some("/srv/iso/Win11_24H2.iso is damaged at byte 1234: the file ends too early\n  put a good copy in its place".into());
    all.images[0].sources[0].label = format!("/srv/{}", "folder_".repeat(30));
    all.warnings = vec![format!(
        "dnsmasq asks without naming its clients. Let it name them: tftp-unique-root=ip {long}"
    )];
    let requests = vec![
        opened(0, "bootx64.efi", "EFI/Boot/bootx64.efi", How::Alias),
        missed(1210, "\\Boot\\Fonts\\wgl4_boot.ttf", Worth::Normal),
        missed(1240, &long, Worth::Unsure),
        missed(123_456, "\\Boot\\BCD", Worth::Fatal),
    ];
    (all, vec![boot(requests)])
}

fn crowded_page() -> Option<Shown> {
    let (all, boots) = crowded();
    let shown = Shown::new(all, true)?;
    shown.played.boot("10.0.7.12", boots);
    shown
        .browser
        .run("document.querySelectorAll('.head')[1].click()");
    shown.browser.wait_for_text("not there, the end");
    Some(shown)
}

/// Also on the smallest phones, and with letters twice as large.
#[test]
fn a_narrow_screen_scrolls_in_one_direction() {
    let Some(shown) = crowded_page() else { return };
    for (width, size) in [
        (360, "16px"),
        (320, "16px"),
        (360, "32px"),
        (768, "16px"),
        (1280, "16px"),
    ] {
        shown.browser.screen(width, 740, "light");
        shown.browser.run(&format!(
            "document.documentElement.style.fontSize = '{size}'"
        ));
        let wide = shown.browser.run(
            "const all = [...document.body.querySelectorAll('*:not(.unseen)')].filter(node => node.checkVisibility());
             const wide = all.filter(node => node.getBoundingClientRect().right > innerWidth + 0.5);
             return [document.documentElement.scrollWidth - innerWidth, ...wide.map(node => node.outerHTML.slice(0, 80))]",
        );
        assert!(
            wide[0].as_i64().unwrap() <= 0 && wide[1].is_null(),
            "{width} px, {size}: {wide:#}"
        );
    }
}

/// A finger needs room.
#[test]
fn buttons_are_large_enough_for_a_finger() {
    let Some(shown) = crowded_page() else { return };
    shown.browser.screen(360, 740, "light");
    let small = shown.browser.run(
        "return [...document.querySelectorAll('button, select, input')].filter(node => node.checkVisibility() && node.getBoundingClientRect().height < 40).map(node => node.outerHTML)",
    );
    assert_eq!(small, serde_json::json!([]));
}

/// WCAG 2, AA: 4.5 to 1, for every text that is shown, on what is really behind it.
const CONTRAST: &str = "
const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
const rgba = color => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
const light = color => { const [r, g, b] = color.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = node => { for (; node; node = node.parentElement) { const color = rgba(getComputedStyle(node).backgroundColor); if (color[3] > 0) return color; } return [255, 255, 255]; };
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), poor = [];
let seen = 0;
while (texts.nextNode()) {
  const node = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || !node.checkVisibility() || node.matches('.unseen, noscript, option') || getComputedStyle(node).fontSize === '0px') continue;
  const pair = [light(rgba(getComputedStyle(node).color)), light(behind(node))].sort((one, other) => other - one);
  const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
  seen++;
  if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${node.className} ${texts.currentNode.data.slice(0, 40)}`);
}
return [seen, ...poor];";

#[test]
fn every_text_can_be_read_in_the_light_and_in_the_dark() {
    let Some(mut shown) = crowded_page() else {
        return;
    };
    let look = |shown: &Shown| {
        for scheme in ["light", "dark"] {
            for width in [1280, 360] {
                shown.browser.screen(width, 900, scheme);
                let found = shown.browser.run(CONTRAST);
                assert!(found[0].as_i64().unwrap() > 60, "{found}");
                assert!(found[1].is_null(), "{scheme}: {found:#}");
            }
        }
    };
    look(&shown);
    drop(shown.web.take());
    shown.browser.wait_for_text("Connection lost");
    look(&shown);
}

#[test]
fn nothing_moves_for_those_who_want_no_motion() {
    let Some(shown) = Shown::new(status(vec![client("10.0.7.5")]), false) else {
        return;
    };
    assert_eq!(
        shown.browser.run("return document.getAnimations().length"),
        1
    );
    let features = serde_json::json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
    shown
        .browser
        .devtools("Emulation.setEmulatedMedia", &features);
    assert_eq!(
        shown.browser.run("return document.getAnimations().length"),
        0
    );
}

/// Each second, with as many clients as are ever shown, one of them open.
#[test]
fn two_hundred_clients_are_no_burden() {
    let all = (0..200).map(|number| numbered(number, failed(&format!("10.0.7.{number}"))));
    let Some(shown) = Shown::new(status(all.collect()), true) else {
        return;
    };
    let requests =
        (0..200).map(|number| missed(number, &format!("\\Boot\\{number}"), Worth::Unsure));
    shown
        .played
        .boot("10.0.7.199", vec![boot(requests.collect())]);
    shown.open_first();
    assert_eq!(shown.clients().len(), 200);
    shown.browser.wait_for_text("\\Boot\\199");
    // The longest task of some seconds in which everything has become older.
    let script = "window.longest = 0; new PerformanceObserver(list => list.getEntries().forEach(entry => { longest = Math.max(longest, entry.duration); })).observe({ type: 'longtask' })";
    shown.browser.run(script);
    let begun = Instant::now();
    for round in 1..=3_u64 {
        let age = round * 60_000 + 100_000;
        shown.played.change(|status| {
            status
                .clients
                .iter_mut()
                .for_each(|client| client.silent_ms = age)
        });
        let text = format!("{} min ago", age / 60_000);
        shown.browser.wait_for(
            "their age",
            &format!("document.querySelectorAll('.age')[199].textContent === '{text}'"),
        );
    }
    let longest = shown.browser.run("return window.longest").as_f64().unwrap();
    eprintln!(
        "the longest task took {longest} ms; three changes {:?}",
        begun.elapsed()
    );
    assert!(
        longest < 1000.0 && begun.elapsed() < Duration::from_secs(30),
        "{longest} ms"
    );
}

/// Pictures to be looked at, where `WINBOOTFS_PICTURES` says; nothing else is asserted.
#[test]
fn pictures() {
    let Some(folder) = std::env::var_os("WINBOOTFS_PICTURES") else {
        return;
    };
    let Some(mut shown) = crowded_page() else {
        return;
    };
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).unwrap();
    let screens = [("desktop", 1280, 1500), ("phone", 360, 1500)];
    for (name, width, height) in screens {
        for scheme in ["light", "dark"] {
            shown.browser.screen(width, height, scheme);
            shown
                .browser
                .picture(&folder.join(format!("{name}-{scheme}.png")));
        }
    }
    drop(shown.web.take());
    shown.browser.wait_for_text("Connection lost");
    shown.browser.screen(360, 740, "light");
    shown.browser.picture(&folder.join("phone-lost.png"));
    let Some(empty) = Shown::new(status(vec![]), false) else {
        return;
    };
    empty.browser.screen(1280, 700, "light");
    empty.browser.picture(&folder.join("desktop-empty.png"));
}
