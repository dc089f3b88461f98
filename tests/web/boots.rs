//! Three computers boot through a real server while a real browser looks: their stages move,
//! what is missing appears with its advice, and a choice made on the page takes effect.

use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::thread;

use crate::common::mounted::{Mounted, PATIENCE, can_mount, program};
use crate::common::servers::{self, Server};
use crate::common::skip::or_skip;
use crate::common::wait;
use crate::common::webdriver::Browser;
use crate::common::world::World;

const DONE: [u8; 4] = [127, 0, 0, 31];
const SLOW: [u8; 4] = [127, 0, 0, 32];
const LOST: [u8; 4] = [127, 0, 0, 33];

fn image(files: &[&'static str]) -> Vec<(&'static str, Vec<u8>)> {
    let usual = ["bootmgfw.efi", "sources/boot.wim"];
    let all = usual.iter().chain(files);
    all.map(|path| (*path, b"bytes ".repeat(500_000))).collect()
}

/// A daemon with a page on which images can be chosen, and where that is.
fn served(world: &World) -> Option<(Mounted, String)> {
    if !can_mount() {
        return None;
    }
    let root = world.path("mnt");
    std::fs::create_dir_all(&root).unwrap();
    let config = format!("mountpoint = {root:?}\n{}", world.config_text());
    std::fs::write(world.path("mounts.toml"), config).unwrap();
    let mut command = program();
    command
        .args(["mount", "--web", "127.0.0.1:0", "--web-write", "--config"])
        .arg(world.path("mounts.toml"));
    let mounted = Mounted::start(command, &root);
    let page = wait::until("the page", PATIENCE, || {
        let log = mounted.log();
        let (_, address) = log.split_once("the page is at ")?;
        Some(address.split_whitespace().next()?.to_owned())
    });
    Some((mounted, page))
}

fn asks(server: &Server, client: [u8; 4], names: &[&str]) {
    let transfer = server.client(client);
    for name in names {
        let _ = transfer.get(name.as_bytes());
    }
}

/// An expression for the card of a client, as a person finds it: by its address.
fn card(client: [u8; 4]) -> String {
    let client = Ipv4Addr::from(client);
    format!(
        "[...document.querySelectorAll('.client')].find(card => \
         card.querySelector('.who').textContent === '{client}')"
    )
}

fn shows(browser: &Browser, client: [u8; 4], text: &str) {
    let card = card(client);
    let shown = format!("{card}?.innerText.includes({text:?})");
    browser.wait_for(&format!("{client:?} to show {text}"), &shown);
}

const UEFI: [&str; 4] = [
    "bootmgfw.efi",
    r"\Boot\BCD",
    r"\bootmgfw.efi",
    r"\Boot\boot.sdi",
];

#[test]
fn three_boots_are_seen_as_they_happen_and_a_choice_takes_effect() {
    let world = World::new()
        .image("x", &image(&["boot.sdi"]))
        .image("y", &image(&[]))
        .default_image("x")
        .client("127.0.0.33", "y");
    let Some((mounted, page)) = served(&world) else {
        return;
    };
    let Some(server) = or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    let Some(browser) = or_skip(Browser::start()) else {
        return;
    };
    browser.open(&page);
    browser.wait_for_text("live");

    // One boots to its end.
    asks(&server, DONE, &["bootmgfw.efi", r"\Boot\BCD"]);
    shows(&browser, DONE, "under way");
    asks(&server, DONE, &[r"\Boot\boot.sdi", r"\sources\boot.wim"]);
    shows(&browser, DONE, "done");

    // One is on its way.
    asks(&server, SLOW, &UEFI);
    let (reached, half) = mpsc::channel();
    let (goes_on, waits) = mpsc::channel::<()>();
    let transfer = server.client(SLOW).deadline(PATIENCE * 3);
    let loading = thread::spawn(move || {
        let mut come = 0;
        transfer.first(br"\sources\boot.wim", 2_999_000, |bytes| {
            let before = come;
            come += bytes.len();
            if before < 1_500_000 && come >= 1_500_000 {
                reached.send(()).unwrap();
                waits.recv().unwrap();
            }
        })
    });
    half.recv_timeout(PATIENCE).unwrap();
    shows(&browser, SLOW, r"\sources\boot.wim, 50 % of 2.9 MiB");
    goes_on.send(()).unwrap();
    loading.join().unwrap().unwrap();
    shows(&browser, SLOW, "done");

    // One lacks something.
    asks(&server, LOST, &UEFI);
    shows(&browser, LOST, "failed");
    shows(&browser, LOST, r"image y has no \Boot\boot.sdi");
    shows(&browser, LOST, "0xc000000f");
    browser.run(&format!("{}.querySelector('.head').click()", card(LOST)));
    shows(
        &browser,
        LOST,
        "What to do: copy boot/boot.sdi from install media",
    );
    shows(&browser, LOST, r"ramdisksdipath \boot\boot.sdi");
    shows(&browser, LOST, "not there, the end");

    // It is given another image, and has it from its next request on.
    assert!(server.client(LOST).get(br"\Boot\boot.sdi").is_err());
    let card = card(LOST);
    browser.run(&format!(
        "const select = {card}.querySelector('select'); select.value = 'x'; \
         select.dispatchEvent(new Event('change')); {card}.querySelector('form button').click()"
    ));
    shows(&browser, LOST, "From its next request on it gets x.");
    wait::until("the choice to take effect", PATIENCE, || {
        server.client(LOST).get(br"\Boot\boot.sdi").ok()
    });
    let dropped = std::fs::read_dir(world.path("clients.d")).unwrap().count();
    assert_eq!(dropped, 1, "a rule, as `winbootfs client set` writes it");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
