//! `check` on images whose stores are right, and on such with one fault each: it names that
//! one, and nothing else.

use std::collections::BTreeMap;

use winbootfs::bcd::{Device, Element, ElementId, Guid, Store};
use winbootfs::program::Firmware;

use crate::common::skip::or_skip;
use crate::common::stores::{self, WINLOAD, good};
use crate::common::wims::{self, labelled};
use crate::common::world::World;
use crate::{Done, run_in};

const LOADER: Guid = Guid::of_digits(0x2b9f1f6e_0c1d_4f5e_9a57_6d1f0a3c7e11);
const MANAGER: Guid = Guid::BOOT_MANAGER;
const OPTIONS: Guid = Guid::RAMDISK_OPTIONS;

const BIOS: &[&str] = &["BIOS PXE"];
const UEFI: &[&str] = &["UEFI PXE", "UEFI PXE under iPXE", "UEFI HTTP"];
const TFTP: &[&str] = &["UEFI PXE", "UEFI PXE under iPXE"];

/// Paths and contents.
type Files = BTreeMap<&'static str, Vec<u8>>;

/// The boot images that the images have.
struct Wims {
    good: Vec<u8>,
    lzms: Vec<u8>,
    pipable: Vec<u8>,
    without_loader: Vec<u8>,
}

fn made() -> Option<Wims> {
    let wim =
        |files: &[&str], options: &[&str]| or_skip(wims::wim(&labelled("pe", files), options));
    Some(Wims {
        good: wim(WINLOAD, &[])?,
        lzms: wim(WINLOAD, &["--compress=LZMS"])?,
        pipable: wim(WINLOAD, &["--pipable"])?,
        without_loader: wim(&["Windows/System32/ntdll.dll"], &[])?,
    })
}

/// An image, what is wrong with it, and on which ways to boot.
struct Planted {
    name: &'static str,
    files: Files,
    routes: &'static [&'static str],
    /// Parts of what is printed: the fault, the code, what to do.
    said: [&'static str; 3],
}

fn whole(firmware: Firmware, wims: &Wims) -> Files {
    let mut files = Files::from([
        ("Boot/BCD", stores::bytes(firmware)),
        ("Boot/boot.sdi", b"sdi".to_vec()),
        ("sources/boot.wim", wims.good.clone()),
    ]);
    let programs: &[&str] = match firmware {
        Firmware::Bios => &["pxeboot.n12", "bootmgr.exe"],
        Firmware::Uefi => &["bootx64.efi"],
    };
    files.extend(programs.iter().map(|path| (*path, b"program".to_vec())));
    files
}

fn set(mut store: Store, object: Guid, id: ElementId, element: Element) -> Store {
    let object = store.objects.get_mut(&object).unwrap();
    object.elements.insert(id, element);
    store
}

fn unset(mut store: Store, object: Guid, id: ElementId) -> Store {
    let object = store.objects.get_mut(&object).unwrap();
    object.elements.remove(&id).unwrap();
    store
}

/// The store of a good image, with its boot image somewhere else.
fn with_wim(path: &str) -> Store {
    let device = Device::Ramdisk {
        path: path.to_owned(),
        options: OPTIONS,
    };
    let device = Element::device(&device).unwrap();
    let store = set(
        good(Firmware::Uefi),
        LOADER,
        ElementId::DEVICE,
        device.clone(),
    );
    set(store, LOADER, ElementId::OS_DEVICE, device)
}

/// Faults in the store of an image for UEFI.
fn in_stores(wims: &Wims) -> Vec<Planted> {
    let uefi = || good(Firmware::Uefi);
    let exe = Element::text("\\windows\\system32\\boot\\winload.exe");
    let none = unset(uefi(), MANAGER, ElementId::DEFAULT);
    let none = unset(none, MANAGER, ElementId::DISPLAY_ORDER);
    let huge = Element::integer(8192);
    let rows = [
        (
            "elsewhere",
            with_wim("\\images\\boot.wim"),
            UEFI,
            [
                "wrong: {default} names the boot image \\images\\boot.wim, which is no file here; \
                 there is \\sources\\boot.wim",
                "0xc000000f",
                "/set {default} device ramdisk=[boot]\\sources\\boot.wim,{ramdiskoptions}",
            ],
        ),
        (
            "slashes",
            with_wim("/sources/boot.wim"),
            UEFI,
            [
                "wrong: {default} names the boot image /sources/boot.wim with `/`",
                "0xc000000f",
                "\\",
            ],
        ),
        (
            "winload",
            set(uefi(), LOADER, ElementId::PATH, exe),
            UEFI,
            ["wrong: {default} starts", "0xc000007b", "boot\\winload.efi"],
        ),
        (
            "description",
            unset(uefi(), LOADER, ElementId::DESCRIPTION),
            UEFI,
            [
                "wrong: {default} has no description",
                "0xc0000001",
                "/set {default} description",
            ],
        ),
        (
            "code",
            set(uefi(), OPTIONS, ElementId(0x3600_0007), huge.clone()),
            UEFI,
            [
                "wrong: {ramdiskoptions} has an element 36000007",
                "0xc0000024",
                "/deletevalue",
            ],
        ),
        (
            "default",
            none,
            UEFI,
            ["wrong: {bootmgr} has neither", "0xc0000098", "/default"],
        ),
        (
            "no-sdi-path",
            unset(uefi(), OPTIONS, ElementId::SDI_PATH),
            UEFI,
            [
                "wrong: {ramdiskoptions} does not say where",
                "0xc0000225",
                "ramdisksdipath",
            ],
        ),
        (
            "blocks",
            set(uefi(), OPTIONS, ElementId::TFTP_BLOCK_SIZE, huge),
            TFTP,
            [
                "remark: {ramdiskoptions} asks for TFTP blocks of 8192 bytes",
                "",
                "1456",
            ],
        ),
        (
            "graphical",
            set(
                uefi(),
                LOADER,
                ElementId::BOOT_MENU_POLICY,
                Element::integer(1),
            ),
            UEFI,
            [
                "remark: {default} has the graphical menu",
                "",
                "bootmenupolicy legacy",
            ],
        ),
    ];
    let planted = rows.map(|(name, store, routes, said)| {
        let mut files = whole(Firmware::Uefi, wims);
        files.insert("Boot/BCD", store.write());
        Planted {
            name,
            files,
            routes,
            said,
        }
    });
    planted.into()
}

/// Faults in the files of an image.
fn in_files(wims: &Wims) -> Vec<Planted> {
    let uefi = || whole(Firmware::Uefi, wims);
    let (mut sdi, mut beside, mut cut) = (uefi(), uefi(), uefi());
    sdi.remove("Boot/boot.sdi").unwrap();
    let store = beside.remove("Boot/BCD").unwrap();
    let program = beside.remove("bootx64.efi").unwrap();
    beside.extend([("EFI/Boot/BCD", store), ("EFI/Boot/bootx64.efi", program)]);
    cut.get_mut("Boot/BCD").unwrap().truncate(5000);
    let replaced = |path, bytes| {
        let mut files = uefi();
        files.insert(path, bytes);
        files
    };
    let wim = |bytes: &[u8]| replaced("sources/boot.wim", bytes.to_vec());
    let mut no_index = wims.good.clone();
    no_index[120..124].fill(0);
    let mut bios = whole(Firmware::Bios, wims);
    let efi = Element::text("\\windows\\system32\\boot\\winload.efi");
    let efi = set(good(Firmware::Bios), LOADER, ElementId::PATH, efi);
    bios.insert("Boot/BCD", efi.write());
    let rows = [
        (
            "sdi",
            sdi,
            UEFI,
            [
                "wrong: {ramdiskoptions} names \\Boot\\boot.sdi, which is no",
                "0xc000000f",
                "copy boot/boot.sdi from install media",
            ],
        ),
        (
            "beside",
            beside,
            TFTP,
            [
                "\\Boot\\BCD); there is one at \\EFI\\Boot\\BCD, where nobody looks",
                "0xc000000f",
                "alias = { \"Boot/BCD\" = \"EFI/Boot/BCD\" }",
            ],
        ),
        (
            "cut",
            cut,
            UEFI,
            [
                "wrong: the store is cut off: it should have",
                "0xc000014c",
                "copy it",
            ],
        ),
        (
            "empty",
            replaced("Boot/BCD", Vec::new()),
            UEFI,
            ["wrong: the store is empty", "0xc0000001", "copy it again"],
        ),
        (
            "text",
            replaced("Boot/BCD", b"[boot loader]".to_vec()),
            UEFI,
            [
                "wrong: the store is no boot configuration",
                "0xc000014c",
                "take the BCD",
            ],
        ),
        (
            "huge",
            replaced("Boot/BCD", vec![b'r'; 5_255_168]),
            UEFI,
            [
                "wrong: the store is too large: the length of the file should be at most 4194304, \
                 and is 5255168",
                "0xc000014c",
                "make a smaller one",
            ],
        ),
        (
            "lzms",
            wim(&wims.lzms),
            UEFI,
            [
                "wrong: the boot image \\sources\\boot.wim is compressed",
                "0xc00000bb",
                "=LZX",
            ],
        ),
        (
            "no-index",
            wim(&no_index),
            UEFI,
            [
                "wrong: the boot image \\sources\\boot.wim does not say",
                "0xc0000225",
                "--boot",
            ],
        ),
        (
            "no-wim",
            wim(b"no WIM"),
            UEFI,
            [
                "wrong: the boot image \\sources\\boot.wim is no WIM",
                "0xc0000225",
                "copy",
            ],
        ),
        (
            "cut-wim",
            wim(&wims.good[..wims.good.len() / 2]),
            UEFI,
            [
                "wrong: the boot image \\sources\\boot.wim is damaged at byte",
                "",
                "put a good copy in its place",
            ],
        ),
        (
            "damaged-tree",
            wim(&wims::damaged(wims.good.clone())),
            UEFI,
            [
                "wrong: the boot image \\sources\\boot.wim is damaged at byte",
                "",
                "put a good copy in its place",
            ],
        ),
        (
            "pipable",
            wim(&wims.pipable),
            UEFI,
            [
                "wrong: the boot image \\sources\\boot.wim is pipable",
                "",
                "wimlib-imagex optimize FILE --not-pipable",
            ],
        ),
        (
            "split",
            wim(&wims::part_of_two(wims.good.clone())),
            UEFI,
            [
                "wrong: the boot image \\sources\\boot.wim is part 1 of 2 of a split WIM",
                "",
                "wimlib-imagex join",
            ],
        ),
        (
            "no-loader",
            wim(&wims.without_loader),
            UEFI,
            [
                "winload.efi, which is not in \\sources\\boot.wim",
                "0xc000000f",
                "put another boot image in its place: this one has no loader for UEFI",
            ],
        ),
        (
            "bios",
            bios,
            BIOS,
            [
                "which is not the loader for BIOS",
                "0xc0000098",
                "boot\\winload.exe",
            ],
        ),
    ];
    let planted = rows.map(|(name, files, routes, said)| Planted {
        name,
        files,
        routes,
        said,
    });
    planted.into()
}

fn check(images: &[(&str, &Files)]) -> Done {
    let world = images.iter().fold(World::new(), |world, (name, files)| {
        let files: Vec<_> = files.iter().collect();
        // As it stands: what is lacking would be added else.
        world.image(name, &files).line("bcd.source = \"image\"")
    });
    world.config_file();
    run_in(&world.path(""), &["check"])
}

/// A store that is completed is made, under the name that the alias has.
#[test]
fn an_alias_to_a_store_that_is_completed_is_not_overruled() {
    let store = || unset(good(Firmware::Uefi), LOADER, ElementId::DESCRIPTION).write();
    let files = |own: &'static str| [("bootx64.efi", b"x".to_vec()), (own, store())];
    let alias = |target: &str| format!("alias = {{ \"Boot/BCD\" = {target:?} }}");
    let world = World::new()
        .image("mine", &files("stores/my.bcd"))
        .line(&alias("stores/my.bcd"))
        .image("real", &files("boot/bcd"))
        .line(&alias("bootx64.efi"));
    world.config_file();
    let done = run_in(&world.path(""), &["check"]);
    let (mine, real) = done.out.split_once("image real\n").unwrap();
    assert!(mine.contains("stores/my.bcd, with"), "{mine}");
    assert!(!mine.contains("remark: alias"), "{mine}");
    assert!(
        real.contains("\"Boot/BCD\" is overruled by a real file"),
        "{real}"
    );
}

/// What is printed for one way to boot an image: the line about it, and what was found.
fn said<'a>(printed: &'a str, image: &str, route: &str) -> (&'a str, Vec<&'a str>) {
    let mark = format!("image {image}\n");
    let (_, from) = printed.split_once(&mark).unwrap();
    let section = from.split("\nimage ").next().unwrap();
    let begin = format!("  {route}: ");
    let mut lines = section.lines().skip_while(|line| !line.starts_with(&begin));
    let first = lines
        .next()
        .unwrap_or_else(|| panic!("no {route} in {section}"));
    let rest = lines.take_while(|line| line.starts_with("    "));
    (first, rest.collect())
}

fn faults<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let faults = lines.iter().filter(|line| !line.starts_with("      "));
    faults.copied().collect()
}

#[test]
fn nothing_is_wrong_with_healthy_images() {
    let Some(wims) = made() else { return };
    let (bios, uefi) = (whole(Firmware::Bios, &wims), whole(Firmware::Uefi, &wims));
    let done = check(&[("bios", &bios), ("uefi", &uefi)]);
    assert_eq!(done.code, Some(0), "{}", done.out);
    for (image, route, store) in [
        ("bios", BIOS[0], "\\Boot\\BCD"),
        ("uefi", UEFI[0], "\\Boot\\BCD"),
        ("uefi", UEFI[1], "\\BCD"),
        ("uefi", UEFI[2], "/EFI/Microsoft/Boot/BCD"),
    ] {
        let found = said(&done.out, image, route);
        let line = format!("  {route}: can boot with {store} ({image}/Boot/BCD)");
        assert_eq!(found, (line.as_str(), vec![]), "{}", done.out);
    }
    // Nor are their stores held against them where there is no program to read them.
    for (image, route, programs) in [("uefi", BIOS[0], 2), ("bios", UEFI[0], 1)] {
        let (line, found) = said(&done.out, image, route);
        assert!(
            line.starts_with(&format!("  {route}: cannot boot")),
            "{line}"
        );
        let faults = faults(&found);
        assert_eq!(faults.len(), programs, "{}", done.out);
        assert!(faults.iter().all(|fault| fault.contains("missing: ")));
    }
}

#[test]
fn each_planted_fault_is_named_and_nothing_else() {
    let Some(wims) = made() else { return };
    let planted: Vec<Planted> = in_stores(&wims)
        .into_iter()
        .chain(in_files(&wims))
        .collect();
    let images: Vec<_> = planted.iter().map(|one| (one.name, &one.files)).collect();
    let done = check(&images);
    for Planted {
        name,
        routes,
        said: words,
        ..
    } in &planted
    {
        let all = if *routes == BIOS { BIOS } else { UEFI };
        for route in all {
            let (line, found) = said(&done.out, name, route);
            let of_route = found.join("\n");
            let about = format!("{name}, {route}:\n{line}\n{of_route}");
            if !routes.contains(route) {
                assert!(found.is_empty() && line.contains(": can boot"), "{about}");
                continue;
            }
            if let Some((_, first)) = line.split_once(", like ") {
                assert!(found.is_empty() && first == routes[0], "{about}");
                continue;
            }
            assert_eq!(faults(&found).len(), 1, "{about}");
            assert!(words.iter().all(|word| of_route.contains(word)), "{about}");
            let is_fatal = of_route.contains("wrong: ");
            assert_eq!(line.contains("cannot boot"), is_fatal, "{about}");
        }
    }
    assert!(planted.len() >= 12);
    assert_eq!(done.code, Some(1));
}

/// What only the firmware's own network stack cannot know.
#[test]
fn a_store_of_media_does_for_some_and_not_for_others() {
    let Some(wims) = made() else { return };
    let mut files = whole(Firmware::Uefi, &wims);
    let store = unset(good(Firmware::Uefi), MANAGER, ElementId::PATH);
    files.insert("Boot/BCD", store.write());
    let done = check(&[("media", &files)]);
    let found = |route| faults(&said(&done.out, "media", route).1).join("\n");
    let what = "{bootmgr} does not say which file the boot manager is";
    assert_eq!(found(UEFI[0]), format!("    wrong: {what}"));
    assert_eq!(found(UEFI[1]), "");
    assert!(found(UEFI[2]).starts_with(&format!("    remark: {what} (boot manager 19041")));
    for words in [
        "on the screen: 0xc0000225 (An unexpected error has occurred)",
        "bcdedit /store BCD /set {bootmgr} path \\bootmgfw.efi",
    ] {
        assert!(done.out.contains(words), "{}", done.out);
    }
    assert_eq!(done.code, Some(0), "it can boot");
}
