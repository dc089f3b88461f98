//! What is said of a boot that does not go on: what stopped it, what the screen shows, and what
//! to do. Against real images, without a mount.

use std::net::IpAddr;
use std::time::Duration;

use winbootfs::address::Mac;
use winbootfs::bcd::{ElementId, Guid, Plan, Store, Tftp, make};
use winbootfs::boots::Boots;
use winbootfs::client::Macs;
use winbootfs::diagnosis::Case;
use winbootfs::program::Firmware;
use winbootfs::status::Diagnosis;

use crate::common::skip::or_skip;
use crate::common::stores::{WINLOAD, entry, good};
use crate::common::wims::{self, labelled};
use crate::common::world::World;
use crate::player::Player;

const QUIET: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct NoMacs;

impl Macs for NoMacs {
    fn mac_of(&self, _address: IpAddr) -> Option<Mac> {
        None
    }
}

fn diagnosis(world: &World, player: &Player) -> Option<Diagnosis> {
    let (catalog, boots) = (world.tree().catalog(), Boots::default());
    let boot = player.boot();
    let case = Case {
        catalog: &catalog,
        boots: &boots,
        macs: &NoMacs,
        who: &player.who,
        boot: &boot,
    };
    case.diagnose(&boot.ending(player.now))
}

/// An image with this store, which stays as it is, and all that a boot needs.
fn image_with(store: &Store) -> World {
    let files = [
        ("bootx64.efi", b"program".to_vec()),
        ("Boot/BCD", store.write()),
        ("Boot/boot.sdi", b"sdi".to_vec()),
        ("sources/boot.wim", b"wim".to_vec()),
    ];
    let world = World::new().image("x", &files).default_image("x");
    world.line("bcd.source = \"image\"")
}

/// One that has got its program and its store, and asked for a policy.
fn in_its_store() -> Player {
    let mut player = Player::new();
    player.gets("bootx64.efi");
    player.gets(r"\Boot\BCD");
    player.misses(r"\EFI\Microsoft\Boot\SiPolicy.p7b");
    player
}

#[test]
fn a_silent_boot_is_told_what_is_wrong_with_its_store() {
    let mut store = good(Firmware::Uefi);
    let manager = store.objects.get_mut(&Guid::BOOT_MANAGER).unwrap();
    manager.elements.remove(&ElementId::PATH).unwrap();
    let (world, mut player) = (image_with(&store), in_its_store());
    assert_eq!(diagnosis(&world, &player), None, "it may go on");
    player.waits(QUIET);
    let found = diagnosis(&world, &player).unwrap();
    assert!(
        found.what.starts_with(r"stopped after BCD (\Boot\BCD): "),
        "{found:?}"
    );
    assert!(
        found.screen.as_deref().unwrap().starts_with("0xc0000225 "),
        "{found:?}"
    );
    assert!(found.next.contains("/set {bootmgr} path"), "{found:?}");
}

#[test]
fn a_menu_that_waits_is_thought_of() {
    let store = make(&Plan {
        firmware: Firmware::Uefi,
        program: Some(r"\bootx64.efi".to_owned()),
        sdi: r"\Boot\boot.sdi".to_owned(),
        entries: [r"\sources\boot.wim", r"\Boot\boot.wim"].map(entry).into(),
        timeout: 300,
        tftp: Tftp::default(),
    });
    let files = labelled("pe", WINLOAD);
    let Some(wim) = or_skip(wims::wim(&files, &[])) else {
        return;
    };
    for (store, waits) in [(store, true), (good(Firmware::Uefi), false)] {
        let (world, mut player) = (image_with(&store), in_its_store());
        world.put("x/sources/boot.wim", &wim);
        world.put("x/Boot/boot.wim", &wim);
        player.waits(QUIET);
        let found = diagnosis(&world, &player).unwrap();
        let mut hints = found.hints.iter();
        let is_told = hints.any(|hint| hint == "a boot menu of 2 entries perhaps waits");
        assert_eq!(is_told, waits, "{found:?}");
    }
}

#[test]
fn a_program_that_asks_for_nothing_was_perhaps_refused() {
    let world = image_with(&good(Firmware::Uefi));
    for (program, hint) in [
        ("bootx64.efi", "Secure Boot refused the program"),
        ("pxeboot.n12", "did not find its own server"),
    ] {
        let mut player = Player::new();
        player.gets(program);
        player.waits(QUIET);
        let found = diagnosis(&world, &player).unwrap();
        assert!(
            found
                .what
                .starts_with(&format!("stopped after NBP ({program})")),
            "{found:?}"
        );
        assert!(found.hints[0].contains(hint), "{found:?}");
        assert_eq!(found.screen, None);
    }
}

#[test]
fn a_boot_image_that_was_broken_off_says_how_much_there_was() {
    let world = image_with(&good(Firmware::Uefi));
    let mut player = in_its_store();
    player.gets(r"\Boot\boot.sdi");
    player.opens(r"\sources\boot.wim");
    player.closes(r"\sources\boot.wim", Some(250));
    let found = diagnosis(&world, &player).unwrap();
    let what = r"the transfer of \sources\boot.wim was broken off after about 250 of 1000 bytes";
    assert_eq!(found.what, what);
}

#[test]
fn a_healthy_boot_has_nothing_wrong() {
    let world = image_with(&good(Firmware::Uefi));
    let mut player = in_its_store();
    player.gets(r"\sources\boot.wim");
    player.gets(r"\Boot\boot.sdi");
    player.gets(r"\sources\boot.wim");
    player.waits(QUIET * 100);
    assert_eq!(diagnosis(&world, &player), None);
}

/// What is missing, what the screen shows, and the words that say what to do.
#[test]
fn each_thing_that_is_missing_has_its_own_advice() {
    let world = World::new()
        .image("x", &[("tools/bcd", "store")])
        .default_image("x");
    for (got, missing, what, screen, next) in [
        (
            &[][..],
            "bootx64.efi",
            "the boot program that DHCP",
            "PXE-E3B",
            "copy efi/boot/bootx64.efi",
        ),
        (
            &["pxeboot.n12"],
            "bootmgr.exe",
            "the boot manager",
            "TFTP download failed",
            "copy Windows/Boot/PXE/bootmgr.exe",
        ),
        (
            &["bootx64.efi"],
            r"\Boot\BCD",
            "the boot configuration",
            "0xc000000f",
            r#"alias = { "Boot/BCD" = "tools/bcd" }"#,
        ),
        (
            &["bootx64.efi"],
            r"\Tmp\x.bcd",
            "DHCP names (option 252)",
            "0xc000000f",
            "take option 252 out",
        ),
        (
            &["bootx64.efi", r"\Boot\BCD"],
            r"\bootmgfw.efi",
            "looks for itself",
            "0xc000000f",
            "bootmgfw.efi",
        ),
        (
            &["bootx64.efi", r"\Boot\BCD"],
            r"\boot\boot.sdi",
            "the boot configuration names",
            "0xc000000f",
            "copy boot/boot.sdi",
        ),
        (
            &["bootx64.efi", r"\Boot\BCD"],
            r"\sources\boot.wim",
            "the boot configuration names",
            "0xc000000f",
            "copy sources/boot.wim",
        ),
    ] {
        let mut player = Player::new();
        got.iter().for_each(|name| {
            player.gets(name);
        });
        player.misses(missing);
        player.waits(QUIET);
        let found = diagnosis(&world, &player).unwrap();
        assert!(
            found.what.starts_with(&format!("image x has no {missing}")),
            "{found:?}"
        );
        assert!(found.what.contains(what), "{found:?}");
        assert!(
            found.screen.as_deref().unwrap().contains(screen),
            "{missing}: {found:?}"
        );
        assert!(found.next.contains(next), "{missing}: {found:?}");
    }
}

/// What is advised of a boot manager that asked for this in vain.
fn advised(world: &World, missing: &str) -> String {
    let mut player = in_its_store();
    player.misses(missing);
    player.waits(QUIET);
    diagnosis(world, &player).unwrap().next
}

fn starting(wim: &str) -> Store {
    make(&Plan {
        firmware: Firmware::Uefi,
        program: Some(r"\bootx64.efi".to_owned()),
        sdi: r"\Boot\boot.sdi".to_owned(),
        entries: vec![entry(wim)],
        timeout: 0,
        tftp: Tftp::default(),
    })
}

/// Not the Setup of the same medium, which starts nothing.
#[test]
fn a_boot_image_of_another_name_is_offered_under_the_name_that_is_asked_for() {
    let Some(wim) = or_skip(wims::wim(&labelled("pe", WINLOAD), &[])) else {
        return;
    };
    for asked in [r"\sources\cust.wim", r"\Boot\bot.wim"] {
        let world = image_with(&starting(asked));
        world.put("x/a/install.wim", b"wim");
        world.put("x/sources/boot.wim", &wim);
        let key = asked.trim_start_matches('\\').replace('\\', "/");
        let alias = format!(
            "name it with an alias: [image.x] alias = {{ {key:?} = \"sources/boot.wim\" }}"
        );
        let next = advised(&world, asked);
        assert!(next.starts_with(&alias), "{next}");
        assert!(next.contains("; or change the store: bcdedit "), "{next}");
    }
}

/// One slip beats the other boot image that comes first.
#[test]
fn the_name_with_one_slip_is_offered_first() {
    let Some(wim) = or_skip(wims::wim(&labelled("pe", WINLOAD), &[])) else {
        return;
    };
    let slips = ["toosl.wim", "tool.wim", "toolss.wim", "toolz.wim"];
    for slip in slips {
        let world = image_with(&good(Firmware::Uefi));
        world.put("x/a.wim", &wim);
        world.put("x/pe/TOOLS.wim", &wim);
        let next = advised(&world, &format!(r"\pe\{slip}"));
        assert!(
            next.contains(&format!("\"pe/{slip}\" = \"pe/TOOLS.wim\"")),
            "{next}"
        );
    }
}

#[test]
fn where_nothing_is_like_it_the_name_that_is_asked_for_is_told() {
    let world = image_with(&good(Firmware::Uefi));
    let next = advised(&world, r"\sources\cust.wim");
    let expected = "copy sources/boot.wim from install media to sources/cust.wim, or name yours with \
                    an alias: [image.x] alias = { \"sources/cust.wim\" = \"PATH\" }";
    assert_eq!(next, expected, "boot.wim here is no WIM");
    std::fs::remove_file(world.path("x/Boot/boot.sdi")).unwrap();
    let next = advised(&world, r"\tools\pe.sdi");
    assert_eq!(
        next,
        "copy boot/boot.sdi from install media; name it tools/pe.sdi"
    );
}

#[test]
fn a_program_of_a_wrong_name_is_told_the_right_one() {
    for (there, alias) in [
        ("Boot/pxeboot.n12", true),
        ("Windows/Boot/PXE/pxeboot.com", false),
    ] {
        let world = World::new()
            .image("x", &[(there, "program")])
            .default_image("x");
        let mut player = Player::new();
        player.misses("pxeboot.n13");
        player.waits(QUIET);
        let next = diagnosis(&world, &player).unwrap().next;
        let expected = match alias {
            true => {
                "name it with an alias: [image.x] alias = { \"pxeboot.n13\" = \"Boot/pxeboot.n12\" }"
            }
            false => "let DHCP or the menu name pxeboot.com, which is there",
        };
        assert_eq!(next, expected);
    }
}

/// No alias of an image leads into the base.
#[test]
fn a_file_of_the_base_is_to_be_copied() {
    let world = World::new()
        .image("x", &[("a", "b")])
        .base(&[("pe/win.wim", "wim")])
        .default_image("x");
    let mut player = Player::new();
    player.misses("tools/win.wim");
    player.waits(QUIET);
    let next = diagnosis(&world, &player).unwrap().next;
    assert_eq!(next, "copy pe/win.wim into the image, as tools/win.wim");
}

/// There is no file that `bcdedit` could change.
#[test]
fn the_menu_of_a_made_store_is_changed_in_the_configuration() {
    let Some(wim) = or_skip(wims::wim(&labelled("pe", WINLOAD), &[])) else {
        return;
    };
    let files: [(&str, &[u8]); 3] = [
        ("bootx64.efi", b"program"),
        ("Boot/boot.sdi", b"sdi"),
        ("sources/boot.wim", &wim),
    ];
    let world = World::new().image("x", &files).default_image("x");
    let world = world.line("bcd.wim = \"sources/cust.wim\"");
    let mut silent = in_its_store();
    silent.waits(QUIET);
    world.put("x/pe/cust.wim", &wim);
    let found = diagnosis(&world, &silent).unwrap();
    let way = "put the file where it is looked for, or name another boot image: [image.x.bcd] wim";
    assert!(found.next.starts_with(way), "{found:?}");
    std::fs::remove_file(world.path("x/pe/cust.wim")).unwrap();
    let next = advised(&world, r"\sources\cust.wim");
    let expected = "name it with an alias: [image.x] alias = { \"sources/cust.wim\" = \
                    \"sources/boot.wim\" }; or change the menu: [image.x.bcd] wim = \
                    \"sources/boot.wim\"";
    assert_eq!(next, expected);
}

#[test]
fn a_client_without_any_image_is_to_be_given_one() {
    let world = World::new().image("x", &[("sources/boot.wim", "wim")]);
    let mut player = Player::new();
    player.gets("bootx64.efi");
    player.misses(r"\sources\boot.wim");
    let found = diagnosis(&world, &player).unwrap();
    assert!(found.what.contains("the client gets no image"), "{found:?}");
    assert!(
        found
            .next
            .contains(" x; or name one for everybody: default = \"x\""),
        "{found:?}"
    );
}

/// What a menu asks for before Windows has no status of a boot manager.
#[test]
fn a_menu_shows_what_it_likes() {
    let world = World::new().image("x", &[("a", "b")]).default_image("x");
    let mut player = Player::new();
    player.gets("pxelinux.0");
    player.misses("win-pe.iso");
    let found = diagnosis(&world, &player).unwrap();
    assert_eq!(found.screen, None);
    assert!(
        found.what.contains("which a menu or a loader names"),
        "{found:?}"
    );
}
