//! What a person sees and does.
use crate::common::{skip, webdriver::*};
use crate::played::*;
use winbootfs::journal::progress::{Stage, Worth};
use winbootfs::status::*;

#[test]
fn pictures() {
    let Some(browser) = skip::or_skip(Browser::start()) else {
        return;
    };
    let mut clients = vec![
        reading("10.0.7.31", 219 << 20),
        failed("10.0.7.12"),
        client("10.0.7.40"),
        reading("10.0.7.8", 512 << 20),
        Client {
            state: State::Stopped,
            stage: Stage::Sdi,
            silent_ms: 95_000,
            ..client("fd00:7::52:54ff:fe12:3456")
        },
        Client {
            is_known: false,
            image: None,
            mac: None,
            ..client("somebody behind dnsmasq")
        },
    ];
    for (at, client) in clients.iter_mut().enumerate() {
        client.boot = 99 - at as u64;
    }
    let mut all = status(clients);
    all.warnings.push("dnsmasq asks without naming its clients: no client rule holds for them, and all get the default image. Let it name the client in the path: tftp-unique-root=ip in dnsmasq.conf".into());
    all.images[1].sources[0].fault = Some("/srv/iso/Win11_24H2.iso is damaged at byte 1234: the file ends too early\n  put a good copy in its place: it is taken up within two seconds".into());
    all.clients_in_all = 12;
    let played = Played::new(all);
    played.boot(
        "10.0.7.12",
        vec![
            boot(vec![
                opened(0, "bootx64.efi", "EFI/Boot/bootx64.efi", How::Alias),
                missed(1210, "\\Boot\\Fonts\\wgl4_boot.ttf", Worth::Normal),
                missed(1240, "\\EFI\\Microsoft\\Boot\\BCD", Worth::Unsure),
                missed(1250, "\\Boot\\BCD", Worth::Fatal),
            ]),
            boot(vec![opened(
                0,
                "bootx64.efi",
                "EFI/Boot/bootx64.efi",
                How::Exact,
            )]),
        ],
    );
    let web = played.serve(true);
    browser.screen(1280, 1500, "light");
    browser.open(&format!("http://{}/", web.address()));
    browser.wait_for_text("10.0.7.12");
    let out = std::path::Path::new("/tmp/web-shots");
    std::fs::create_dir_all(out).unwrap();
    browser.picture(&out.join("desktop-light.png"));
    browser.run("document.querySelectorAll('.head')[1].click()");
    browser.wait_for_text("wgl4");
    browser.picture(&out.join("desktop-open.png"));
    browser.screen(1280, 1500, "dark");
    browser.picture(&out.join("desktop-dark.png"));
    browser.screen(360, 1500, "light");
    browser.picture(&out.join("phone-light.png"));
    browser.screen(360, 1500, "dark");
    browser.picture(&out.join("phone-dark.png"));
    eprintln!("{:?}", browser.complaints());
    drop(web);
    browser.wait_for_text("Connection lost");
    browser.picture(&out.join("phone-lost.png"));
}
