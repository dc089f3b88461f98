//! Stores that lack something, and what is added.

use std::collections::BTreeMap;

use proptest::prelude::*;
use winbootfs::bcd::{
    Completed, Device, Element, ElementId, Files, Form, Guid, Object, ObjectKind, Route, Store,
    Tftp, Wants, complete, judge, make,
};
use winbootfs::program::Firmware;

use crate::make::plans;
use crate::server::{Change, LOADER, Server, good, plan};

const MANAGER: Guid = Guid::BOOT_MANAGER;
const OPTIONS: Guid = Guid::RAMDISK_OPTIONS;

fn wants(firmware: Firmware) -> Wants {
    Wants {
        firmware,
        program: Some("\\bootmgfw.efi".to_owned()),
        tftp: Tftp::default(),
        usual_tftp: Tftp::default(),
        timeout: None,
    }
}

fn completed(store: &Store, wants: &Wants) -> Completed {
    let server = Server::new();
    let done = complete(store, wants, &|path| server.is_file(path));
    let again = complete(&done.store, wants, &|path| server.is_file(path));
    assert_eq!(again.added, [""; 0], "not done at once");
    assert_eq!(again.store, done.store);
    done
}

fn uefi() -> Wants {
    wants(Firmware::Uefi)
}

#[test]
fn nothing_is_added_to_a_store_that_lacks_nothing() {
    for firmware in [Firmware::Bios, Firmware::Uefi] {
        for store in [good(firmware), make(&plan(firmware))] {
            let done = completed(&store, &wants(firmware));
            assert_eq!(done.added, [""; 0]);
            assert_eq!(done.store, store);
        }
    }
}

/// What a store lacks is what it had before; and the good store is one that is judged so.
#[test]
fn what_is_taken_away_comes_back() {
    for firmware in [Firmware::Bios, Firmware::Uefi] {
        let whole = good(firmware);
        let lacks = [
            (MANAGER, ElementId::PATH, "{bootmgr} path \\bootmgfw.efi"),
            (
                LOADER,
                ElementId::DESCRIPTION,
                "{default} description Network boot image",
            ),
            (
                LOADER,
                ElementId::SYSTEM_ROOT,
                "{default} systemroot \\windows",
            ),
            (LOADER, ElementId::WINPE, "{default} winpe yes"),
            (LOADER, ElementId::DETECT_HAL, "{default} detecthal yes"),
            (
                LOADER,
                ElementId::OS_DEVICE,
                "{default} osdevice \\sources\\boot.wim",
            ),
            (
                OPTIONS,
                ElementId::SDI_DEVICE,
                "{ramdiskoptions} ramdisksdidevice boot",
            ),
            (
                OPTIONS,
                ElementId::SDI_PATH,
                "{ramdiskoptions} ramdisksdipath \\boot\\boot.sdi",
            ),
        ];
        for (object, id, phrase) in lacks {
            if firmware == Firmware::Bios && object == MANAGER {
                continue;
            }
            let done = completed(&whole.clone().unset(object, id), &wants(firmware));
            assert_eq!(done.added, [phrase]);
            assert_eq!(done.store, whole);
        }
    }
}

#[test]
fn a_loader_for_the_other_firmware() {
    let path = |path: &str| good(Firmware::Uefi).set(LOADER, ElementId::PATH, Element::text(path));
    for (firmware, before, after) in [
        (
            Firmware::Uefi,
            "\\windows\\system32\\winload.exe",
            "\\windows\\system32\\winload.efi",
        ),
        (
            Firmware::Uefi,
            "\\Windows\\Boot\\WinLoad.EXE",
            "\\Windows\\Boot\\winload.efi",
        ),
        (
            Firmware::Uefi,
            "/windows/winload.exe",
            "\\windows\\winload.efi",
        ),
        (
            Firmware::Bios,
            "\\windows\\system32\\winload.efi",
            "\\windows\\system32\\winload.exe",
        ),
        (Firmware::Bios, "\\other.efi", "\\other.efi"),
    ] {
        let done = completed(&path(before), &wants(firmware));
        assert_eq!(done.store, path(after), "{before}");
        assert_eq!(done.added.len(), usize::from(before != after), "{before}");
    }
    let none = path("").unset(LOADER, ElementId::PATH);
    let done = completed(&none, &wants(Firmware::Bios));
    assert_eq!(done.store, path("\\windows\\system32\\boot\\winload.exe"));
}

#[test]
fn a_path_of_the_boot_manager_that_is_good_is_kept() {
    let path = |path: &str| good(Firmware::Uefi).set(MANAGER, ElementId::PATH, Element::text(path));
    for (said, is_kept) in [
        ("\\BOOTMGFW.efi", true),
        ("\\bootx64.efi", false),
        ("/bootmgfw.efi", false),
        ("\\bootmgr.exe", false),
    ] {
        let done = completed(&path(said), &uefi());
        let expected = if is_kept { said } else { "\\bootmgfw.efi" };
        assert_eq!(done.store, path(expected), "{said}");
    }
    let nothing_known = Wants {
        program: None,
        ..uefi()
    };
    let store = path("\\bootx64.efi");
    assert_eq!(completed(&store, &nothing_known).store, store);
    let bios = wants(Firmware::Bios);
    let without = good(Firmware::Bios);
    assert_eq!(completed(&without, &bios).added, [""; 0]);
}

#[test]
fn sizes_and_timeouts() {
    let tftp = |block_size, window_size| Tftp {
        block_size,
        window_size,
    };
    let bare = make(&plan(Firmware::Uefi));
    let set = good(Firmware::Uefi);
    let sizes = |store: &Store| {
        let options = &store.objects[&OPTIONS];
        let size = |id| options.integer(id);
        (
            size(ElementId::TFTP_BLOCK_SIZE),
            size(ElementId::TFTP_WINDOW_SIZE),
        )
    };
    let done = |store, tftp, usual_tftp| {
        let wants = Wants {
            tftp,
            usual_tftp,
            ..uefi()
        };
        let done = completed(store, &wants);
        (sizes(&done.store), done.added.len())
    };
    let (none, usual) = (Tftp::default(), tftp(Some(1400), Some(4)));
    assert_eq!(done(&bare, none, none), ((None, None), 0));
    assert_eq!(done(&bare, none, usual), ((Some(1400), Some(4)), 2));
    assert_eq!(done(&set, none, usual), ((Some(1456), Some(16)), 0));
    let own = tftp(Some(1024), None);
    assert_eq!(done(&set, own, usual), ((Some(1024), Some(16)), 1));
    assert_eq!(done(&bare, own, usual), ((Some(1024), Some(4)), 2));
    for (timeout, added) in [(0, 0), (30, 1)] {
        let timeout = Some(timeout);
        let done = completed(&set, &Wants { timeout, ..uefi() });
        assert_eq!(done.added.len(), added);
        assert_eq!(
            done.store.objects[&MANAGER].integer(ElementId::TIMEOUT),
            timeout
        );
    }
}

/// The codes of many a web page, which no boot manager takes.
#[test]
fn sizes_under_wrong_codes_are_put_right() {
    let (block, window) = (ElementId(0x3600_0007), ElementId(0x3600_0008));
    let store = make(&plan(Firmware::Uefi));
    let wrong = store.set(OPTIONS, block, Element::integer(1456)).set(
        OPTIONS,
        window,
        Element::integer(16),
    );
    let done = completed(&wrong, &uefi());
    assert_eq!(done.store, good(Firmware::Uefi));
    let expected = [
        "36000007 taken away",
        "{ramdiskoptions} ramdisktftpblocksize 1456",
        "36000008 taken away",
        "{ramdiskoptions} ramdisktftpwindowsize 16",
    ];
    assert_eq!(done.added, expected);
    // A size that is there already is the one that was meant; yes is no size.
    let both = good(Firmware::Uefi).set(OPTIONS, block, Element::integer(8192));
    assert_eq!(completed(&both, &uefi()).store, good(Firmware::Uefi));
    let yes = make(&plan(Firmware::Uefi)).set(OPTIONS, window, Element::boolean(true));
    assert_eq!(completed(&yes, &uefi()).store, make(&plan(Firmware::Uefi)));
}

/// What tools left behind in the device stays there.
#[test]
fn slashes_are_turned_and_nothing_else_of_a_device() {
    let device = |path: &str| {
        let path = path.to_owned();
        let device = Device::Ramdisk {
            path,
            options: OPTIONS,
        };
        let mut element = Element::device(&device).unwrap();
        element.bytes[44] = 5;
        element.bytes.extend(b"left");
        element
    };
    let store = |path: &str, sdi: &str| {
        good(Firmware::Uefi)
            .set(LOADER, ElementId::DEVICE, device(path))
            .set(LOADER, ElementId::OS_DEVICE, device(path))
            .set(OPTIONS, ElementId::SDI_PATH, Element::text(sdi))
    };
    let done = completed(&store("/sources/boot.wim", "/boot\\boot.sdi"), &uefi());
    assert_eq!(done.store, store("\\sources\\boot.wim", "\\boot\\boot.sdi"));
    assert_eq!(done.added.len(), 3, "{:?}", done.added);
}

/// What starts from a disk of the client is not ours to mend.
#[test]
fn entries_of_a_disk_are_left_alone() {
    let store = good(Firmware::Uefi).unset(LOADER, ElementId::DESCRIPTION);
    let mut device = store.objects[&LOADER].elements[&ElementId::DEVICE].clone();
    device.bytes[68] = 6;
    let store = store.set(LOADER, ElementId::DEVICE, device);
    assert_eq!(completed(&store, &uefi()).store, store);
}

#[test]
fn an_only_loader_is_what_is_meant() {
    let none = good(Firmware::Uefi)
        .unset(MANAGER, ElementId::DEFAULT)
        .unset(MANAGER, ElementId::DISPLAY_ORDER);
    let done = completed(&none, &uefi());
    assert_eq!(done.added, [format!("{{bootmgr}} default {LOADER}")]);
    assert_eq!(judge(&done.store, Route::UefiPxe, &Server::new()), []);
    let mut without = none.clone();
    without.objects.remove(&MANAGER).unwrap();
    let done = completed(&without, &uefi());
    assert_eq!(judge(&done.store, Route::UefiPxe, &Server::new()), []);
    // Among several nobody chooses.
    let mut two = none;
    let second = two.objects[&LOADER].clone();
    two.objects.insert(Guid::of_digits(5), second);
    assert_eq!(completed(&two, &uefi()).store, two);
}

#[test]
fn options_that_are_not_there() {
    let mut without = good(Firmware::Uefi);
    without.objects.remove(&OPTIONS).unwrap();
    let done = completed(&without, &uefi());
    assert_eq!(done.store, good_without_sizes());
    let nowhere = complete(&without, &uefi(), &|path| path == "\\bootmgfw.efi");
    assert_eq!(nowhere.store, without, "there is no boot.sdi to name");
}

fn good_without_sizes() -> Store {
    make(&plan(Firmware::Uefi))
}

/// A store of media: no path, and much that is of no concern here.
#[test]
fn install_media() {
    let options = Guid::SETUP_RAMDISK_OPTIONS;
    let device = Device::Ramdisk {
        path: "\\sources\\boot.wim".to_owned(),
        options,
    };
    let device = Element::device(&device).unwrap();
    let boot = Element::device(&Device::Boot).unwrap();
    let settings = Guid::of_digits(0x7ea2e1ac_2e61_4728_aaa3_896d9d0a9f0e);
    let own = |path: &str| {
        Object::new(ObjectKind::OS_LOADER)
            .with(ElementId::DEVICE, device.clone())
            .with(ElementId::OS_DEVICE, device.clone())
            .with(ElementId::PATH, Element::text(path))
            .with(ElementId::DESCRIPTION, Element::text("Windows Setup"))
            .with(ElementId::LOCALE, Element::text("en-US"))
            .with(ElementId::SYSTEM_ROOT, Element::text("\\windows"))
            .with(ElementId::DETECT_HAL, Element::boolean(true))
            .with(ElementId::WINPE, Element::boolean(true))
    };
    let timeout = Element {
        form: Form::Binary,
        bytes: vec![0x1e],
    };
    let manager = Object::new(ObjectKind::BOOT_MANAGER)
        .with(ElementId::INHERIT, Element::objects(&[settings]))
        .with(ElementId::DEFAULT, Element::object(Guid::SETUP_LOADER))
        .with(ElementId::TIMEOUT, timeout);
    let sdi = Object::new(ObjectKind::DEVICE_OPTIONS)
        .with(ElementId::SDI_DEVICE, boot)
        .with(ElementId::SDI_PATH, Element::text("\\boot\\boot.sdi"));
    let media = |manager: Object, winload: &str| Store {
        objects: BTreeMap::from([
            (MANAGER, manager),
            (Guid::SETUP_LOADER, own(winload)),
            (options, sdi.clone()),
            (settings, Object::new(ObjectKind(0x2010_0000))),
        ]),
        ..Store::default()
    };
    let (exe, efi) = (
        "\\windows\\system32\\boot\\winload.exe",
        "\\windows\\system32\\boot\\winload.efi",
    );
    let pcat = media(manager.clone(), exe);
    assert_eq!(completed(&pcat, &wants(Firmware::Bios)).store, pcat);
    let done = completed(&pcat, &uefi());
    let with_path = manager.with(ElementId::PATH, Element::text("\\bootmgfw.efi"));
    assert_eq!(done.store, media(with_path, efi));
    let path = format!("{{default}} path {efi}");
    assert_eq!(done.added, ["{bootmgr} path \\bootmgfw.efi", &path]);
}

prop_compose! {
    /// A store of which any elements are gone, and some are other ones.
    fn torn()(
        plan in plans(),
        gone in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
        slashes in any::<bool>(),
        wrong in any::<bool>(),
    ) -> Store {
        let mut store = make(&plan);
        for index in gone {
            let all = all_elements(&store);
            if !all.is_empty() {
                let (object, id) = all[index.index(all.len())];
                store = store.unset(object, id);
            }
        }
        if slashes {
            store = store.set(OPTIONS, ElementId::SDI_PATH, Element::text("/boot/boot.sdi"));
        }
        if wrong {
            store = store.set(OPTIONS, ElementId(0x3600_0007), Element::integer(4096));
        }
        store
    }
}

proptest! {
    /// Once is enough; what has no part in the boot stays; and what is said is what is done.
    #[test]
    fn completing_twice_is_completing_once(
        store in torn(),
        is_uefi in any::<bool>(),
        window_size in any::<Option<u64>>(),
        timeout in any::<Option<u64>>(),
    ) {
        let firmware = if is_uefi { Firmware::Uefi } else { Firmware::Bios };
        let usual_tftp = Tftp { block_size: None, window_size };
        let wants = Wants { timeout, usual_tftp, ..wants(firmware) };
        let stray = (Guid::of_digits(3), Object::new(ObjectKind(0x2010_0000)));
        let mut store = store;
        store.objects.extend([stray.clone()]);
        let done = completed(&store, &wants);
        prop_assert_eq!(done.added.is_empty(), done.store == store);
        prop_assert_eq!(done.store.objects.get(&stray.0), Some(&stray.1));
        for id in store.objects.keys() {
            prop_assert!(done.store.objects.contains_key(id));
        }
    }

    /// Whatever is taken out of a good store but where its boot image is, and whichever
    /// firmware it was for: nothing is wrong with it in the end.
    #[test]
    fn a_completed_store_boots(
        gone in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
        was_uefi in any::<bool>(),
        is_uefi in any::<bool>(),
    ) {
        let firmware = |is_uefi| if is_uefi { Firmware::Uefi } else { Firmware::Bios };
        let (was, firmware) = (firmware(was_uefi), firmware(is_uefi));
        let mut store = good(was);
        for index in gone {
            let all = all_elements(&store);
            let may_go: Vec<_> = all.into_iter().filter(|at| *at != (LOADER, ElementId::DEVICE)).collect();
            if !may_go.is_empty() {
                let (object, id) = may_go[index.index(may_go.len())];
                store = store.unset(object, id);
            }
        }
        let usual_tftp = Tftp { block_size: None, window_size: Some(8) };
        let wants = Wants { usual_tftp, ..wants(firmware) };
        let done = completed(&store, &wants).store;
        for route in Route::ALL.into_iter().filter(|route| route.firmware() == firmware) {
            prop_assert_eq!(judge(&done, route, &Server::new()), []);
        }
    }
}

fn all_elements(store: &Store) -> Vec<(Guid, ElementId)> {
    let objects = store.objects.iter();
    let elements = objects.flat_map(|(object, elements)| {
        let ids = elements.elements.keys();
        ids.map(|id| (*object, *id))
    });
    elements.collect()
}
