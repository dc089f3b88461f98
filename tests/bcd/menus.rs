//! Stores with several entries, or none.

use winbootfs::bcd::{Element, ElementId, Guid, Plan, Route, Store, Tftp, judge, make};
use winbootfs::program::Firmware;

use crate::server::{Change, LOADER, Server, entry, plan};

const MANAGER: Guid = Guid::BOOT_MANAGER;
/// The loader after the first.
const SECOND: Guid = Guid::of_digits(0x2b9f1f6e_0c1d_4f5e_9a57_6d1f0a3c7e12);
const NOBODY: Guid = Guid::of_digits(77);

fn two(timeout: u64) -> Store {
    make(&Plan {
        entries: vec![entry("sources/boot.wim", "One"), entry("dart.wim", "Two")],
        timeout,
        tftp: Tftp {
            block_size: None,
            window_size: Some(4),
        },
        ..plan(Firmware::Uefi)
    })
}

fn both() -> Server {
    Server::new().with("\\dart.wim", 5)
}

/// What was found, and whether it is fatal.
fn found(store: &Store, server: &Server) -> Vec<(bool, String)> {
    let found = judge(store, Route::UefiPxe, server).into_iter();
    found
        .map(|finding| (finding.is_fatal, finding.what))
        .collect()
}

#[test]
fn a_menu_that_is_right() {
    assert_eq!(found(&two(30), &both()), []);
    assert_eq!(found(&two(0), &both()), []);
    let without = two(30).unset(MANAGER, ElementId::DEFAULT);
    assert_eq!(found(&without, &both()), [], "the first of the menu");
    let without = two(30).unset(MANAGER, ElementId::DISPLAY_ORDER);
    assert_eq!(found(&without, &Server::new()), [], "only the default");
}

/// Whoever does not choose it boots well.
#[test]
fn an_entry_that_is_not_the_default_ends_no_boot() {
    let what = format!("{SECOND} names the boot image \\dart.wim, which is no file here");
    assert_eq!(found(&two(30), &Server::new()), [(false, what)]);
    let turned = two(30).set(MANAGER, ElementId::DEFAULT, Element::object(SECOND));
    let what = "{default} names the boot image \\dart.wim, which is no file here";
    assert_eq!(found(&turned, &Server::new()), [(true, what.to_owned())]);
}

/// Options that entries share are told of once, and as bad as for the worst of them.
#[test]
fn what_entries_share_is_told_once() {
    let what = "{ramdiskoptions} names \\boot\\boot.sdi, which is no file here";
    let server = both().without("\\boot\\boot.sdi");
    assert_eq!(found(&two(30), &server), [(true, what.to_owned())]);
}

#[test]
fn what_ends_the_boot_comes_first() {
    let server = Server::new().without("\\boot\\boot.sdi");
    let store = two(30).unset(MANAGER, ElementId::TIMEOUT);
    let fatal: Vec<bool> = found(&store, &server)
        .into_iter()
        .map(|(fatal, _)| fatal)
        .collect();
    assert_eq!(fatal, [true, false, false]);
}

#[test]
fn nothing_to_start() {
    let none = |store: Store| {
        store
            .unset(MANAGER, ElementId::DEFAULT)
            .unset(MANAGER, ElementId::DISPLAY_ORDER)
    };
    let nobody =
        |store: Store| none(store).set(MANAGER, ElementId::DEFAULT, Element::object(NOBODY));
    let nonsense =
        |store: Store| none(store).set(MANAGER, ElementId::DEFAULT, Element::text("Windows"));
    let empty =
        |store: Store| none(store).set(MANAGER, ElementId::DISPLAY_ORDER, Element::objects(&[]));
    for (store, what) in [
        (
            none(two(0)),
            "{bootmgr} has neither a default entry nor a display order",
        ),
        (
            empty(two(0)),
            "{bootmgr} has neither a default entry nor a display order",
        ),
        (
            nobody(two(0)),
            "{bootmgr} names only entries that are not in the store",
        ),
        (
            nonsense(two(0)),
            "{bootmgr} has a default entry that is no id, and no display order",
        ),
    ] {
        let findings = judge(&store, Route::UefiPxe, &both());
        let [finding] = findings.as_slice() else {
            panic!("{what}: {findings:#?}");
        };
        assert_eq!(finding.what, what);
        assert_eq!(finding.status.unwrap().code, 0xc000_0098);
        assert!(finding.next.contains("/default"), "{finding:?}");
    }
}

#[test]
fn entries_that_are_lost() {
    let default = two(30).set(MANAGER, ElementId::DEFAULT, Element::object(NOBODY));
    let what = format!("the default entry {NOBODY} is not in the store; {LOADER} is started");
    assert_eq!(found(&default, &both()), [(false, what)]);
    let list = Element::objects(&[LOADER, NOBODY, SECOND]);
    let shown = two(30).set(MANAGER, ElementId::DISPLAY_ORDER, list);
    let what = format!("the menu names {NOBODY}, which is not in the store");
    assert_eq!(found(&shown, &both()), [(false, what)]);
}

#[test]
fn a_menu_that_waits_for_ever() {
    let unset = two(0).unset(MANAGER, ElementId::TIMEOUT);
    let what = "{bootmgr} has no timeout: the menu waits for a key for ever".to_owned();
    assert_eq!(found(&unset, &both()), [(false, what.clone())]);
    let long = "{bootmgr} has a timeout of 4294967295 seconds: the menu waits for ever";
    assert_eq!(
        found(&two(0xffff_ffff), &both()),
        [(false, long.to_owned())]
    );
    assert_eq!(found(&two(24 * 60 * 60), &both()), []);
    // One entry shows no menu, unless it has to.
    let one = |store: Store| {
        let list = Element::objects(&[LOADER]);
        store.set(MANAGER, ElementId::DISPLAY_ORDER, list)
    };
    assert_eq!(found(&one(unset.clone()), &both()), []);
    let forced = one(unset).set(
        MANAGER,
        ElementId::DISPLAY_BOOT_MENU,
        Element::boolean(true),
    );
    assert_eq!(found(&forced, &both()), [(false, what)]);
}

#[test]
fn routes_and_the_names_they_ask_for() {
    let names = |route: Route, program| route.stores(program).join(" ");
    let (boot, root) = ("EFI/Boot/bootx64.efi", "\\bootmgfw.efi");
    let (recovery, own) = ("/EFI/Microsoft/Recovery/BCD", "/EFI/Microsoft/Boot/BCD");
    for (route, program, expected) in [
        (
            Route::BiosPxe,
            "Boot\\pxeboot.n12",
            "\\Boot\\BCD".to_owned(),
        ),
        (Route::UefiPxe, boot, "\\Boot\\BCD".to_owned()),
        (Route::UefiIpxe, boot, "\\BCD \\Boot\\BCD".to_owned()),
        (
            Route::UefiHttp,
            boot,
            format!("/EFI/Boot/BCD {recovery} {own}"),
        ),
        (Route::UefiHttp, root, format!("/BCD {recovery} {own}")),
        (
            Route::UefiHttp,
            "/x/y/z.efi",
            format!("/x/y/BCD {recovery} {own}"),
        ),
    ] {
        assert_eq!(names(route, program), expected, "{route} {program}");
    }
    let shown = Route::ALL.map(|route| route.to_string());
    let expected = ["BIOS PXE", "UEFI PXE", "UEFI PXE under iPXE", "UEFI HTTP"];
    assert_eq!(shown, expected);
}
