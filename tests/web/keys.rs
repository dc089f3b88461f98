//! The page without a mouse: what is chosen, found and kept by keys.

use crate::common::webdriver::{DOWN, ENTER, HOME, SPACE, TAB};
use crate::page::{Shown, numbered};
use crate::played::{boot, client, failed, reading, status};

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
    shown.browser.press(&[HOME, TAB, SPACE]);
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

/// On a phone the warnings lie below all clients: the head says that there are any, and leads
/// there.
#[test]
fn the_head_leads_to_what_is_wrong() {
    let mut all = status(vec![client("10.0.7.5")]);
    all.warnings = vec!["somebody asks".to_owned()];
    all.images[1].sources[0].fault = Some("gone".to_owned());
    let Some(shown) = Shown::new(all, false) else {
        return;
    };
    shown.browser.wait_for_text("2 warnings");
    shown.tab_to("#wrong");
    shown.browser.press(&[ENTER]);
    shown
        .browser
        .wait_for("the way there", "location.hash === '#side'");
}
