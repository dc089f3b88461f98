//! How the page looks: on every screen, in the light and in the dark, with much on it.

use std::path::Path;
use std::time::{Duration, Instant};

use winbootfs::journal::progress::{Stage, Worth};
use winbootfs::status::{Boot, Client, How, State, Status};

use crate::page::{Shown, numbered};
use crate::played::{boot, client, failed, missed, opened, reading, status};

/// Everything that may be on a page at once, with names that are long.
fn crowded() -> (Status, Vec<Boot>) {
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

const CONTRAST: &str = include_str!("contrast.js");

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
                .for_each(|client| client.silent_ms = age);
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
