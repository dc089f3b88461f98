//! One fault planted, one fault found: with its status, and the line to change.

use winbootfs::bcd::{
    Device, Element, ElementId, Finding, Form, Guid, Object, ObjectKind, Route, Store, Wim, judge,
    make,
};
use winbootfs::program::Firmware;

use crate::server::{Change, LOADER, Server, good, plan};

const MANAGER: Guid = Guid::BOOT_MANAGER;
const OPTIONS: Guid = Guid::RAMDISK_OPTIONS;

/// Judged on this route alone, or on all that have this kind of firmware.
#[derive(Debug, Clone, Copy)]
enum On {
    Bios,
    Uefi,
    Only(Route),
}

/// What is to be found: whether it is fatal, its code, and words of it and of what to do.
#[derive(Debug)]
struct Expected(bool, Option<u32>, &'static str, &'static str);

fn routes(on: On) -> Vec<Route> {
    let of = |firmware| {
        let routes = Route::ALL.into_iter();
        routes
            .filter(|route| route.firmware() == firmware)
            .collect()
    };
    match on {
        On::Bios => of(Firmware::Bios),
        On::Uefi => of(Firmware::Uefi),
        On::Only(route) => vec![route],
    }
}

#[track_caller]
fn finds(name: &str, on: On, store: &Store, server: &Server, expected: &Expected) {
    let Expected(is_fatal, code, what, next) = expected;
    for route in routes(on) {
        let found = judge(store, route, server);
        let [finding] = found.as_slice() else {
            panic!("{name}, {route}: {found:#?}");
        };
        let is_it = finding.is_fatal == *is_fatal
            && finding.status.map(|status| status.code) == *code
            && finding.what.contains(what)
            && finding.next.contains(next);
        assert!(is_it, "{name}, {route}: {finding:#?} is not {expected:#?}");
    }
}

fn text(text: &str) -> Element {
    Element::text(text)
}

fn ramdisk(path: &str, options: Guid) -> Element {
    let path = path.to_owned();
    Element::device(&Device::Ramdisk { path, options }).unwrap()
}

/// A change of the good store for a firmware.
fn changed(firmware: Firmware, change: impl Fn(Store) -> Store) -> Store {
    change(good(firmware))
}

fn uefi(change: impl Fn(Store) -> Store) -> Store {
    changed(Firmware::Uefi, change)
}

#[test]
fn nothing_is_wrong_with_a_good_store() {
    for on in [On::Bios, On::Uefi] {
        for route in routes(on) {
            let store = good(route.firmware());
            assert_eq!(judge(&store, route, &Server::new()), [], "{route}");
            let unseen = Server::new().holding(None).wims(Wim::Unknown);
            assert_eq!(judge(&store, route, &unseen), [], "{route}");
        }
    }
}

/// The stores that boot managers accepted have one thing that could be better.
#[test]
fn only_the_window_of_a_minimal_store_is_remarked() {
    for route in Route::ALL {
        let found = judge(&make(&plan(route.firmware())), route, &Server::new());
        let what: Vec<&str> = found.iter().map(|finding| finding.what.as_str()).collect();
        let expected: &[&str] = match route {
            Route::UefiHttp => &[],
            _ => &[
                "{ramdiskoptions} has no TFTP window size: each block waits for an answer, \
                    which is slow",
            ],
        };
        assert_eq!(what, expected, "{route}");
    }
}

/// The text that goes with a code is the one of that boot manager.
#[test]
fn a_status_has_the_words_of_the_screen() {
    let server = Server::new().without("\\boot\\boot.sdi");
    let status = |route: Route| {
        let found = judge(&good(route.firmware()), route, &server);
        found[0].status.unwrap().to_string()
    };
    assert_eq!(
        status(Route::UefiPxe),
        "0xc000000f (A required device isn't connected or can't be accessed)"
    );
    assert_eq!(
        status(Route::BiosPxe),
        "0xc000000f (The boot selection failed because a required device is inaccessible)"
    );
}

#[test]
fn the_boot_managers_own_path() {
    let server = Server::new();
    let without = uefi(|store| store.unset(MANAGER, ElementId::PATH));
    let set = "bcdedit /store BCD /set {bootmgr} path \\bootmgfw.efi";
    let says = |path: &str| uefi(|store| store.set(MANAGER, ElementId::PATH, text(path)));
    let pxe = On::Only(Route::UefiPxe);
    let http = On::Only(Route::UefiHttp);
    let missing = "{bootmgr} does not say which file the boot manager is";
    for (name, on, store, expected) in [
        (
            "none",
            pxe,
            &without,
            Expected(true, Some(0xc000_0225), missing, set),
        ),
        (
            "none over HTTP",
            http,
            &without,
            Expected(false, Some(0xc000_0225), "19041", set),
        ),
        (
            "not there",
            pxe,
            &says("\\efi\\boot\\bootx64.efi"),
            Expected(
                true,
                Some(0xc000_000f),
                "bootx64.efi, which is no file here",
                set,
            ),
        ),
        (
            "not there over HTTP",
            http,
            &says("\\bootx64.efi"),
            Expected(false, Some(0xc000_000f), "19041", set),
        ),
        (
            "slashes",
            pxe,
            &says("/bootmgfw.efi"),
            Expected(true, Some(0xc000_000f), "with `/`", set),
        ),
        (
            "another program",
            pxe,
            &says("\\bootmgr.exe"),
            Expected(
                true,
                Some(0xc000_007b),
                "\\bootmgr.exe, another program",
                set,
            ),
        ),
    ] {
        finds(name, on, store, &server, &expected);
    }
    assert_eq!(
        judge(&without, Route::UefiIpxe, &server),
        [],
        "iPXE tells it"
    );
    let elsewhere = Server::new()
        .without("\\bootmgfw.efi")
        .with("\\EFI\\Boot\\bootx64.efi", 9);
    let next = "/set {bootmgr} path \\EFI\\Boot\\bootx64.efi";
    let expected = Expected(true, Some(0xc000_0225), missing, next);
    finds("another is there", pxe, &without, &elsewhere, &expected);
}

#[test]
fn files_that_a_store_names() {
    let wim = "{default} names the boot image \\sources\\boot.wim";
    let sdi = "{ramdiskoptions} names \\boot\\boot.sdi";
    let file = Some(0xc000_000f);
    let new = Server::new;
    let moved_wim = new()
        .without("\\sources\\boot.wim")
        .with("\\boot\\boot.wim", 1);
    let moved_sdi = new()
        .without("\\boot\\boot.sdi")
        .with("\\sms\\boot\\boot.sdi", 1);
    let to_wim = "/set {default} device ramdisk=[boot]\\boot\\boot.wim,{ramdiskoptions}; \
                  bcdedit /store BCD /set {default} osdevice";
    let to_sdi = "/set {ramdiskoptions} ramdisksdipath \\sms\\boot\\boot.sdi";
    for (name, server, expected) in [
        (
            "no wim",
            new().without("\\sources\\boot.wim"),
            Expected(true, file, wim, "put it there"),
        ),
        (
            "wim elsewhere",
            moved_wim,
            Expected(true, file, "there is \\boot\\boot.wim", to_wim),
        ),
        (
            "empty wim",
            new().with("\\sources\\boot.wim", 0),
            Expected(true, file, "boot.wim, which is empty", "good copy"),
        ),
        (
            "no sdi",
            new().without("\\boot\\boot.sdi"),
            Expected(true, file, sdi, "copy boot/boot.sdi from install media"),
        ),
        (
            "sdi elsewhere",
            moved_sdi,
            Expected(true, file, sdi, to_sdi),
        ),
        (
            "empty sdi",
            new().with("\\boot\\boot.sdi", 0),
            Expected(true, file, "boot.sdi, which is empty", "good copy"),
        ),
        (
            "LZMS",
            new().wims(Wim::Lzms),
            Expected(
                true,
                Some(0xc000_00bb),
                "compressed with LZMS",
                "--compress=LZX",
            ),
        ),
        (
            "no boot index",
            new().wims(Wim::NoBootIndex),
            Expected(true, Some(0xc000_0225), "does not say which", "--boot"),
        ),
        (
            "no WIM",
            new().wims(Wim::NoWim).holding(None),
            Expected(
                true,
                Some(0xc000_0225),
                "\\sources\\boot.wim is no WIM",
                "copy",
            ),
        ),
        (
            "damaged WIM",
            new().holding(None).wims(Wim::Unreadable {
                why: "is damaged at byte 9".to_owned(),
                next: "put a good copy in its place".to_owned(),
            }),
            Expected(true, None, "boot.wim is damaged at byte 9", "good copy"),
        ),
        (
            "no winload",
            new().holding(Some(&[])),
            Expected(
                true,
                file,
                "which is not in \\sources\\boot.wim",
                "put another boot image in its place: this one has no loader for",
            ),
        ),
    ] {
        finds(name, On::Uefi, &good(Firmware::Uefi), &server, &expected);
        finds(name, On::Bios, &good(Firmware::Bios), &server, &expected);
    }
}

#[test]
fn slashes_in_paths() {
    let server = Server::new();
    let file = Some(0xc000_000f);
    let wim = ramdisk("/sources/boot.wim", OPTIONS);
    let wim = |store: Store| {
        let store = store.set(LOADER, ElementId::DEVICE, wim.clone());
        store.set(LOADER, ElementId::OS_DEVICE, wim.clone())
    };
    let sdi = |store: Store| store.set(OPTIONS, ElementId::SDI_PATH, text("/boot/boot.sdi"));
    let loader = text("/windows/system32/boot/winload.efi");
    let loader = |store: Store| store.set(LOADER, ElementId::PATH, loader.clone());
    for (name, store, expected) in [
        (
            "wim",
            uefi(wim),
            Expected(
                true,
                file,
                "boot image /sources/boot.wim with `/`",
                "[boot]\\sources\\boot.wim",
            ),
        ),
        (
            "sdi",
            uefi(sdi),
            Expected(
                true,
                file,
                "/boot/boot.sdi with `/`",
                "ramdisksdipath \\boot\\boot.sdi",
            ),
        ),
        (
            "loader",
            uefi(loader),
            Expected(
                true,
                file,
                "loader with `/`",
                "path \\windows\\system32\\boot\\winload.efi",
            ),
        ),
    ] {
        finds(name, On::Uefi, &store, &server, &expected);
    }
}

#[test]
fn the_loader_is_that_of_the_firmware() {
    let server = Server::new();
    let path = |path: &str| text(path);
    let wrong = |firmware, winload: &str| {
        changed(firmware, |store| {
            store.set(LOADER, ElementId::PATH, path(winload))
        })
    };
    let exe = wrong(Firmware::Uefi, "\\Windows\\System32\\boot\\WINLOAD.EXE");
    let next = "/set {default} path \\Windows\\System32\\boot\\winload.efi";
    let expected = Expected(true, Some(0xc000_007b), "not the loader for UEFI", next);
    finds("exe for UEFI", On::Uefi, &exe, &server, &expected);
    let absent = Server::new().holding(Some(&["\\windows\\system32\\boot\\winload.efi"]));
    let expected = Expected(true, Some(0xc000_000f), "not the loader for UEFI", next);
    finds("exe, not there", On::Uefi, &exe, &absent, &expected);
    let efi = wrong(Firmware::Bios, "\\windows\\system32\\winload.efi");
    let next = "/set {default} path \\windows\\system32\\boot\\winload.exe";
    let expected = Expected(true, Some(0xc000_000f), "not the loader for BIOS", next);
    finds("efi for the BIOS", On::Bios, &efi, &server, &expected);
    let next = "/set {default} path \\windows\\system32\\winload.exe";
    let unseen = Server::new().holding(None);
    let expected = Expected(true, Some(0xc000_0098), "not the loader for BIOS", next);
    finds("efi, unseen", On::Bios, &efi, &unseen, &expected);
    // Nor does anybody ask whether it is in a boot image that is not there.
    let gone = Server::new().without("\\sources\\boot.wim");
    let expected = Expected(
        true,
        Some(0xc000_000f),
        "names the boot image",
        "put it there",
    );
    finds("no wim", On::Uefi, &good(Firmware::Uefi), &gone, &expected);
}

/// What is not there is never the advice.
#[test]
fn of_the_loaders_one_is_named_that_is_there() {
    let (usual, above) = (
        "\\windows\\system32\\boot\\winload.efi",
        "\\windows\\system32\\winload.efi",
    );
    let lost = uefi(|store| store.set(LOADER, ElementId::PATH, text("\\lost.efi")));
    for (inside, next) in [
        (
            &[usual, above][..],
            "path \\windows\\system32\\boot\\winload.efi",
        ),
        (&[above][..], "path \\windows\\system32\\winload.efi"),
        (
            &[][..],
            "no loader for UEFI, which sources/boot.wim of install media has",
        ),
    ] {
        let server = Server::new().holding(Some(inside));
        let expected = Expected(true, Some(0xc000_000f), "\\lost.efi, which is not in", next);
        finds(next, On::Uefi, &lost, &server, &expected);
    }
}

#[test]
fn what_a_loader_has_to_have() {
    let server = Server::new();
    let without = |id| uefi(|store| store.unset(LOADER, id));
    let device = Element::device(&Device::Boot).unwrap();
    let on_disk = |store: Store| {
        let mut bytes = ramdisk("\\sources\\boot.wim", OPTIONS).bytes;
        bytes[68] = 6;
        let form = Form::Binary;
        let store = store.set(
            LOADER,
            ElementId::DEVICE,
            Element {
                form,
                bytes: bytes.clone(),
            },
        );
        store.set(LOADER, ElementId::OS_DEVICE, Element { form, bytes })
    };
    let vhd = |store: Store| {
        let mut element = ramdisk("\\disk.vhd", OPTIONS);
        element.bytes[64] = 4;
        store.set(LOADER, ElementId::DEVICE, element)
    };
    let other = |store: Store| {
        store.set(
            LOADER,
            ElementId::OS_DEVICE,
            ramdisk("\\sources\\other.wim", OPTIONS),
        )
    };
    let from_boot = |store: Store| {
        let store = store.set(LOADER, ElementId::DEVICE, device.clone());
        store.set(LOADER, ElementId::PATH, text("\\memtest.efi"))
    };
    for (name, store, expected) in [
        (
            "no description",
            without(ElementId::DESCRIPTION),
            Expected(
                true,
                Some(0xc000_0001),
                "{default} has no description",
                "/set {default} description \"Network boot image\"",
            ),
        ),
        (
            "no device",
            without(ElementId::DEVICE),
            Expected(
                true,
                None,
                "{default} has no device",
                "/set {default} device ramdisk=[boot]",
            ),
        ),
        (
            "no path",
            without(ElementId::PATH),
            Expected(
                true,
                Some(0xc000_0272),
                "{default} names no loader",
                "/set {default} path \\windows\\system32\\boot\\winload.efi",
            ),
        ),
        (
            "no osdevice",
            without(ElementId::OS_DEVICE),
            Expected(
                false,
                None,
                "{default} has no osdevice",
                "/set {default} osdevice ramdisk=[boot]\\sources\\boot.wim,{ramdiskoptions}",
            ),
        ),
        (
            "another osdevice",
            uefi(other),
            Expected(
                false,
                None,
                "the osdevice of {default} is not its device",
                "osdevice",
            ),
        ),
        (
            "no systemroot",
            without(ElementId::SYSTEM_ROOT),
            Expected(false, None, "has no systemroot", "systemroot \\windows"),
        ),
        (
            "no winpe",
            without(ElementId::WINPE),
            Expected(false, None, "has no winpe", "/set {default} winpe yes"),
        ),
        (
            "no detecthal",
            without(ElementId::DETECT_HAL),
            Expected(
                false,
                None,
                "has no detecthal",
                "/set {default} detecthal yes",
            ),
        ),
        (
            "on a disk",
            uefi(on_disk),
            Expected(
                true,
                None,
                "on a disk of the client",
                "device ramdisk=[boot]\\sources",
            ),
        ),
        (
            "a device of another kind",
            uefi(vhd),
            Expected(
                false,
                None,
                "the device of {default} is not understood",
                "device ramdisk=",
            ),
        ),
        (
            "a program of the server",
            uefi(from_boot),
            Expected(
                true,
                Some(0xc000_000f),
                "starts \\memtest.efi, which is no file",
                "/delete",
            ),
        ),
    ] {
        finds(name, On::Uefi, &store, &server, &expected);
    }
    let there = server.with("\\memtest.efi", 1);
    assert_eq!(judge(&uefi(from_boot), Route::UefiPxe, &there), []);
}

#[test]
fn what_ramdisk_options_have_to_have() {
    let server = Server::new();
    let without = |id| uefi(|store| store.unset(OPTIONS, id));
    let disk = Element {
        form: Form::Binary,
        bytes: [[0; 16].as_slice(), &[6, 0, 0, 0], &[0; 68]].concat(),
    };
    let gone = |mut store: Store| {
        store.objects.remove(&OPTIONS).unwrap();
        store
    };
    for (name, store, expected) in [
        (
            "no object",
            uefi(gone),
            Expected(true, None, "options {ae5534e0-", "/create {ramdiskoptions}"),
        ),
        (
            "no SDI path",
            without(ElementId::SDI_PATH),
            Expected(
                true,
                Some(0xc000_0225),
                "does not say where boot.sdi is",
                "/set {ramdiskoptions} ramdisksdipath \\boot\\boot.sdi",
            ),
        ),
        (
            "no SDI device",
            without(ElementId::SDI_DEVICE),
            Expected(
                true,
                None,
                "no ramdisksdidevice",
                "/set {ramdiskoptions} ramdisksdidevice boot",
            ),
        ),
        (
            "an SDI on a disk",
            uefi(|store| store.set(OPTIONS, ElementId::SDI_DEVICE, disk.clone())),
            Expected(
                true,
                None,
                "elsewhere than on the server",
                "ramdisksdidevice boot",
            ),
        ),
    ] {
        finds(name, On::Uefi, &store, &server, &expected);
    }
}

#[test]
fn elements_of_a_wrong_kind() {
    let server = Server::new();
    let status = Some(0xc000_0024);
    let integer = Element::integer;
    let never = |code, value| uefi(|store| store.set(OPTIONS, ElementId(code), integer(value)));
    let dword = Element {
        form: Form::Other(4),
        bytes: vec![0; 4],
    };
    let set = |object, id: ElementId, element: &Element| {
        uefi(|store| store.set(object, id, element.clone()))
    };
    let delete = "/deletevalue {ramdiskoptions} custom:36000007";
    for (name, store, expected) in [
        (
            "36000007",
            never(0x3600_0007, 1456),
            Expected(true, status, "36000007", delete),
        ),
        (
            "36000008",
            never(0x3600_0008, 8),
            Expected(
                true,
                status,
                "36000008",
                "/set {ramdiskoptions} ramdisktftpwindowsize 4",
            ),
        ),
        (
            "a boolean of eight bytes",
            set(LOADER, ElementId::WINPE, &integer(1)),
            Expected(
                true,
                status,
                "{default} has an element 26000022",
                "custom:26000022",
            ),
        ),
        (
            "REG_DWORD",
            set(MANAGER, ElementId::TIMEOUT, &dword),
            Expected(
                true,
                status,
                "{bootmgr} has an element 25000004",
                "custom:25000004",
            ),
        ),
        (
            "a description that is none",
            set(LOADER, ElementId::DESCRIPTION, &integer(1)),
            Expected(true, status, "12000004", "custom:12000004"),
        ),
        (
            "a path that is none",
            set(LOADER, ElementId::PATH, &integer(1)),
            Expected(true, status, "12000002", "custom:12000002"),
        ),
        (
            "a boot manager's path that is none",
            set(MANAGER, ElementId::PATH, &integer(1)),
            Expected(
                true,
                status,
                "{bootmgr} has an element 12000002",
                "custom:12000002",
            ),
        ),
        (
            "an SDI path that is none",
            set(OPTIONS, ElementId::SDI_PATH, &integer(1)),
            Expected(true, status, "32000004", "custom:32000004"),
        ),
    ] {
        finds(name, On::Uefi, &store, &server, &expected);
    }
    // Zeros left away at the top, as media have it, are right; of unknown kinds nothing is
    // known.
    for (id, bytes) in [(0x2500_0004, vec![30]), (0x1f00_0001, vec![1, 2, 3])] {
        let form = Form::Binary;
        let store = set(MANAGER, ElementId(id), &Element { form, bytes });
        assert_eq!(judge(&store, Route::UefiPxe, &server), [], "{id:x}");
    }
}

#[test]
fn sizes_for_tftp() {
    let server = Server::new();
    let (block, window) = (ElementId::TFTP_BLOCK_SIZE, ElementId::TFTP_WINDOW_SIZE);
    let size = |id, size| uefi(|store| store.set(OPTIONS, id, Element::integer(size)));
    let (set_block, set_window) = ("ramdisktftpblocksize 1456", "ramdisktftpwindowsize 4");
    for (name, store, words) in [
        (
            "large",
            size(block, 1469),
            ["TFTP blocks of 1469 bytes: more", set_block],
        ),
        (
            "small",
            size(block, 511),
            ["TFTP blocks of 511 bytes: fewer", set_block],
        ),
        (
            "none",
            size(block, 0),
            ["TFTP blocks of 0 bytes", set_block],
        ),
        (
            "wide",
            size(window, 65),
            ["TFTP window of 65 blocks", set_window],
        ),
        (
            "empty",
            size(window, 0),
            ["TFTP window of no blocks", set_window],
        ),
        (
            "unset",
            uefi(|store| store.unset(OPTIONS, window)),
            ["no TFTP window size", set_window],
        ),
    ] {
        let [what, next] = words;
        for route in [Route::UefiPxe, Route::UefiIpxe] {
            finds(
                name,
                On::Only(route),
                &store,
                &server,
                &Expected(false, None, what, next),
            );
        }
        assert_eq!(judge(&store, Route::UefiHttp, &server), [], "{name}");
    }
    for (id, good) in [
        (block, 512),
        (block, 1456),
        (block, 1468),
        (window, 1),
        (window, 64),
    ] {
        assert_eq!(
            judge(&size(id, good), Route::UefiPxe, &server),
            [],
            "{id} {good}"
        );
    }
    let store = uefi(|store| store.unset(OPTIONS, block));
    assert_eq!(judge(&store, Route::UefiPxe, &server), [], "1456 by itself");
}

#[test]
fn a_graphical_menu_needs_its_pictures() {
    let graphical = |firmware| {
        let policy = Element::integer(1);
        changed(firmware, |store| {
            store.set(LOADER, ElementId::BOOT_MENU_POLICY, policy.clone())
        })
    };
    let folder = "\\EFI\\Microsoft\\Boot";
    let resources = format!("{folder}\\resources\\bootres.dll");
    let all = ["segoe_slboot", "segmono_boot", "wgl4_boot"];
    let fonts = all.map(|font| format!("{folder}\\Fonts\\{font}.ttf"));
    let server = Server::new().with(&resources, 1);
    let full = fonts
        .iter()
        .fold(server, |server, font| server.with(font, 1));
    let without = full.clone().without(&resources.to_ascii_lowercase());
    let next = "/set {default} bootmenupolicy legacy";
    let store = graphical(Firmware::Uefi);
    let expected = Expected(
        false,
        None,
        "empty without \\EFI\\Microsoft\\Boot\\fonts\\segoe",
        next,
    );
    finds("nothing", On::Uefi, &store, &Server::new(), &expected);
    let expected = Expected(
        false,
        None,
        "without \\EFI\\Microsoft\\Boot\\resources",
        next,
    );
    finds("no bootres", On::Uefi, &store, &without, &expected);
    assert_eq!(judge(&store, Route::UefiPxe, &full), []);
    let bios = graphical(Firmware::Bios);
    assert_eq!(judge(&bios, Route::BiosPxe, &Server::new()), []);
}

#[test]
fn no_boot_manager() {
    let gone = uefi(|mut store| {
        store.objects.remove(&MANAGER).unwrap();
        store
    });
    let next = "bcdedit /store BCD /create {bootmgr}";
    let expected = Expected(true, None, "no boot manager object {9dea862c-", next);
    finds("gone", On::Uefi, &gone, &Server::new(), &expected);
    finds(
        "nothing",
        On::Bios,
        &Store::default(),
        &Server::new(),
        &expected,
    );
}

/// What an object inherits it has; also in a circle.
#[test]
fn elements_are_inherited() {
    let server = Server::new();
    let (parent, other) = (Guid::of_digits(1), Guid::of_digits(2));
    let family = |store: Store| {
        let text = Element::text("from above");
        let mut store = store.unset(LOADER, ElementId::DESCRIPTION).set(
            LOADER,
            ElementId::INHERIT,
            Element::objects(&[other]),
        );
        let kind = ObjectKind(0x2020_0003);
        let above = Object::new(kind).with(ElementId::INHERIT, Element::objects(&[parent]));
        let top = Object::new(kind)
            .with(ElementId::INHERIT, Element::objects(&[other, LOADER]))
            .with(ElementId::DESCRIPTION, text)
            .with(ElementId::BOOT_MENU_POLICY, Element::integer(0));
        store.objects.extend([(other, above), (parent, top)]);
        store
    };
    let store = uefi(family);
    assert_eq!(judge(&store, Route::UefiPxe, &server), []);
    let wrong = store.set(parent, ElementId::WINPE, Element::integer(1));
    let expected = Expected(
        true,
        Some(0xc000_0024),
        "{00000000-0000-0000-0000-000000000001}",
        "",
    );
    finds("above", On::Uefi, &wrong, &server, &expected);
}

/// Nobody starts it, so it may be anything.
#[test]
fn what_nobody_leads_to_is_not_judged() {
    let stray = Object::new(ObjectKind::OS_LOADER)
        .with(
            ElementId::DEVICE,
            ramdisk("/nowhere.wim", Guid::of_digits(7)),
        )
        .with(ElementId(0x3600_0007), Element::integer(1));
    let store = uefi(|mut store| {
        store.objects.insert(Guid::of_digits(9), stray.clone());
        store
    });
    let found: Vec<Finding> = judge(&store, Route::UefiPxe, &Server::new());
    assert_eq!(found, []);
}
