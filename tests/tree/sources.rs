//! WIM files as sources, and what a boot.wim adds to the image that has it.

use std::fs;
use std::io;

use winbootfs::bcd::Route;
use winbootfs::expected::{FILES, programs};

use crate::common::skip::or_skip;
use crate::common::wims::{self, BOOT_FILES, labelled};
use crate::common::world::{Nobody, World};
use crate::said::{in_x, listed};

/// An image `x` with this source, as it stands in the configuration.
fn image_of(world: World, source: &str) -> World {
    world.line(&format!("[image.x]\nsource = {source}"))
}

fn with_file(name: &str, bytes: &[u8]) -> World {
    let world = World::new();
    world.put(name, bytes);
    world
}

fn boot_wim(label: &str) -> Option<Vec<u8>> {
    or_skip(wims::wim(&labelled(label, BOOT_FILES), &[]))
}

/// Whether anything in image `x` has one of these names.
fn has_one(world: &World, names: &[&str]) -> bool {
    names.iter().any(|name| !in_x(world, name).starts_with('<'))
}

fn missing(world: &World) -> Vec<&'static str> {
    let programs = Route::ALL.into_iter().flat_map(programs);
    let needs = programs.chain(FILES);
    let missing = needs.filter(|need| !has_one(world, need.any_of));
    let storeless = Route::ALL.into_iter().filter(|route| {
        let stores = route.stores("EFI/Boot/bootx64.efi");
        let stores: Vec<&str> = stores.iter().map(String::as_str).collect();
        !has_one(world, &stores)
    });
    let missing = missing.map(|need| need.what);
    missing
        .chain(storeless.map(|_| "a boot configuration"))
        .collect()
}

/// What is wrong with the sources of image `x`.
fn faults(world: &World) -> Vec<String> {
    let catalog = world.tree().catalog();
    let layers = catalog.layers().map(|layer| layer.source().fault());
    layers.flatten().collect()
}

fn remarks(world: &World) -> Vec<String> {
    let catalog = world.tree().catalog();
    let layers = catalog.layers();
    layers.flat_map(|layer| layer.source().remarks()).collect()
}

#[test]
fn a_lone_wim_has_everything_that_every_firmware_needs() {
    let Some(wim) = boot_wim("pe") else { return };
    let world = image_of(with_file("custom.wim", &wim), "\"custom.wim\"");
    assert_eq!(missing(&world), Vec::<&str>::new());
    assert_eq!(faults(&world), Vec::<String>::new());
    for (name, path) in [
        ("pxeboot.n12", "PXE/pxeboot.n12"),
        (r"\Boot\bootmgr.exe", "PXE/bootmgr.exe"),
        ("bootx64.efi", "EFI/bootmgfw.efi"),
        (r"\Boot\BCD", "DVD/PCAT/BCD"),
        ("/EFI/Microsoft/Boot/BCD", "DVD/EFI/BCD"),
        (r"\EFI\Microsoft\Boot\boot.stl", "EFI/boot.stl"),
        (r"\Boot\Fonts\WGL4_BOOT.TTF", "Fonts/wgl4_boot.ttf"),
    ] {
        assert_eq!(
            in_x(&world, name),
            format!("pe Windows/Boot/{path}"),
            "{name}"
        );
    }
}

#[test]
fn a_lone_wim_lies_where_boot_configurations_look_and_under_its_own_name() {
    let Some(wim) = boot_wim("pe") else { return };
    let world = image_of(with_file("Custom PE.WIM", &wim), "\"Custom PE.WIM\"");
    for name in [
        "sources/boot.wim",
        r"\Boot\boot.wim",
        "custom pe.wim",
        "boot.wim",
    ] {
        assert!(
            world.read_in_image("x", name.as_bytes()).unwrap() == wim,
            "{name}"
        );
    }
    assert!(listed(&world, &Nobody, "images/x").contains(&"Custom PE.WIM".to_owned()));
}

/// A file without an ending, or with another one.
#[test]
fn a_wim_is_known_by_its_contents() {
    let Some(wim) = boot_wim("pe") else { return };
    for name in ["sources", "boot.iso"] {
        let world = image_of(with_file(name, &wim), &format!("{name:?}"));
        assert_eq!(missing(&world), Vec::<&str>::new(), "{name}");
        assert!(world.read_in_image("x", b"sources/boot.wim").unwrap() == wim);
    }
}

#[test]
fn nothing_of_windows_is_shown_but_its_boot_files() {
    let Some(wim) = boot_wim("pe") else { return };
    let world = image_of(with_file("custom.wim", &wim), "\"custom.wim\"");
    assert_eq!(listed(&world, &Nobody, "images/x/Windows"), ["Boot"]);
    assert_eq!(in_x(&world, "Windows/System32/winload.exe"), "<NotFound>");
    // A policy answers for itself and for nothing else: its absence means something.
    let policy = in_x(&world, "Windows/Boot/EFI/winsipolicy.p7b");
    assert_eq!(policy, "pe Windows/Boot/EFI/winsipolicy.p7b");
    let policy = in_x(&world, "EFI/Microsoft/Boot/winsipolicy.p7b");
    assert_eq!(policy, "<NotFound>");
}

/// That of the ADK has no folder `DVD`: a store is made, boot.sdi is for the operator to bring.
#[test]
fn a_wim_of_the_adk_lacks_its_boot_sdi() {
    let files: Vec<&str> = BOOT_FILES
        .iter()
        .copied()
        .filter(|path| !path.contains("DVD"))
        .collect();
    let Some(wim) = or_skip(wims::wim(&labelled("adk", &files), &[])) else {
        return;
    };
    let world = image_of(with_file("adk.wim", &wim), "\"adk.wim\"");
    let mut missing = missing(&world);
    missing.sort_unstable();
    missing.dedup();
    assert_eq!(missing, ["boot.sdi"]);
}

#[test]
fn every_compression_that_windows_boots_is_read() {
    for options in [
        &["--compress=none"][..],
        &["--compress=XPRESS"],
        &["--compress=LZX"],
        &["--compress=LZX", "--chunk-size=2097152"],
    ] {
        let Some(wim) = or_skip(wims::wim(&labelled("pe", BOOT_FILES), options)) else {
            return;
        };
        let world = image_of(with_file("custom.wim", &wim), "\"custom.wim\"");
        assert_eq!(missing(&world), Vec::<&str>::new(), "{options:?}");
    }
}

/// `drivers` has a boot program of its own, `custom.wim` another boot.wim than the media.
#[test]
fn real_files_come_first_and_what_a_boot_wim_adds_last() {
    let (Some(custom), Some(media)) = (boot_wim("custom"), boot_wim("media")) else {
        return;
    };
    let drivers = [("pxeboot.n12", "drivers"), ("drivers/nic.inf", "drivers")];
    let world = World::new()
        .layer("drivers", &drivers)
        .layer("media", &[("SOURCES/BOOT.WIM", media)])
        .layer("media", &[("bootmgr.exe", "media"), ("boot/bcd", "media")]);
    world.put("custom.wim", &custom);
    let world = image_of(world, r#"["drivers", "custom.wim", "media"]"#);
    for (name, wanted) in [
        ("PXEBOOT.N12", "drivers"),
        ("drivers/NIC.INF", "drivers"),
        ("bootmgr.exe", "media"),
        (r"\Boot\BCD", "media"),
        ("Boot/wdsnbp.com", "custom Windows/Boot/PXE/wdsnbp.com"),
    ] {
        assert_eq!(in_x(&world, name), wanted, "{name}");
    }
    assert!(world.read_in_image("x", b"Sources/boot.wim").unwrap() == custom);
    let world = World::new().layer("both/sources", &[("boot.wim", custom)]);
    let world = world.layer("both/sources", &[("bootmgr.exe", "not the network's")]);
    let world = image_of(world, r#"["both"]"#);
    assert_eq!(
        in_x(&world, "bootmgr.exe"),
        "custom Windows/Boot/PXE/bootmgr.exe"
    );
}

fn two_images() -> Option<Vec<u8>> {
    let (one, two) = (labelled("one", BOOT_FILES), labelled("two", BOOT_FILES));
    or_skip(wims::two_images(&one, &two))
}

#[test]
fn the_image_inside_is_that_to_be_booted_or_the_one_named() {
    let Some(wim) = two_images() else { return };
    for (source, said) in [
        ("\"boot.wim\"", "two"),
        ("\"boot.wim:1\"", "one"),
        ("\"boot.wim:2\"", "two"),
        ("\"media\"", "two"),
        ("\"media:1\"", "one"),
    ] {
        let world = with_file("boot.wim", &wim).layer("media/sources", &[("boot.wim", &wim)]);
        let world = image_of(world, source);
        let wanted = format!("{said} Windows/Boot/PXE/bootmgr.exe");
        assert_eq!(in_x(&world, "bootmgr.exe"), wanted, "{source}");
    }
    // A file whose name it is comes first.
    let world = with_file("boot.wim", &wim);
    fs::create_dir(world.path("boot.wim:1")).unwrap();
    let world = image_of(world, "\"boot.wim:1\"");
    assert_eq!(in_x(&world, "bootmgr.exe"), "<NotFound>");
}

/// Whatever is shown, Windows boots the image that the WIM names.
#[test]
fn that_another_image_boots_than_is_shown_is_told() {
    let Some(wim) = two_images() else { return };
    let of_one = "its boot programs are those of image 1, and what boots then is image 2, which \
                  the WIM names itself; name the other one, in a copy: wimlib-imagex info COPY 1 \
                  --boot";
    let none = |image: u32| {
        format!(
            "it names no image to boot, and Windows boots none then; name one: wimlib-imagex info \
             FILE {image} --boot"
        )
    };
    for (boots, source, said) in [
        (2, "\"boot.wim\"", Vec::new()),
        (2, "\"boot.wim:2\"", Vec::new()),
        (2, "\"boot.wim:1\"", vec![of_one.to_owned()]),
        (2, "\"media:1\"", vec![of_one.to_owned()]),
        (0, "\"boot.wim\"", vec![none(1)]),
        (0, "\"boot.wim:2\"", vec![none(2)]),
        (0, "\"media:2\"", vec![none(2)]),
    ] {
        let wim = wims::booting(wim.clone(), boots);
        let world = with_file("boot.wim", &wim).layer("media/sources", &[("boot.wim", &wim)]);
        assert_eq!(remarks(&image_of(world, source)), said, "{source}, {boots}");
    }
}

/// No boot manager reads it.
#[test]
fn a_wim_that_says_nothing_of_its_images_is_served_all_the_same() {
    let Some(wim) = boot_wim("pe") else { return };
    let long = format!("<WIM>{}</WIM>", " ".repeat(600_000));
    for (xml, why) in [
        (Vec::new(), "there is none"),
        (
            wims::utf16("<WIM><IMAGE"),
            "the root node was opened but never closed",
        ),
        (wims::utf16(&long), "it is too large: its XML data"),
        (b"<WIM></WIM>".to_vec(), "it is UTF-8, and should be UTF-16"),
    ] {
        let wim = wims::with_text(wim.clone(), &xml);
        for source in ["\"boot.wim\"", "\"media\""] {
            let world = with_file("boot.wim", &wim).layer("media/sources", &[("boot.wim", &wim)]);
            let world = image_of(world, source);
            assert_eq!(faults(&world), Vec::<String>::new());
            assert_eq!(missing(&world), Vec::<&str>::new(), "{why}");
            assert!(world.read_in_image("x", b"sources/boot.wim").unwrap() == wim);
            let remarks = remarks(&world);
            let [remark] = remarks.as_slice() else {
                panic!("{remarks:?}");
            };
            assert!(
                remark.starts_with("its XML data cannot be read, at byte ")
                    && remark.contains(why)
                    && remark.ends_with("; its boot programs are taken to be for x64"),
                "{remark}"
            );
        }
    }
}

/// What a file is has to be found out once: the page asks every second.
#[test]
fn what_a_wim_is_is_found_out_once() {
    let Some(wim) = boot_wim("pe") else { return };
    let world = image_of(with_file("custom.wim", &wim), "\"custom.wim\"");
    let catalog = world.tree().catalog();
    let described = || -> Vec<String> {
        let layers = catalog.layers();
        let described = layers.map(|layer| layer.source().description());
        let mut described: Vec<String> = described.collect();
        described.sort_unstable();
        described
    };
    let first = described();
    assert_eq!(
        first,
        [
            "a WIM, LZX, image 1 of 1: Test PE, 14 files",
            "adds 13 of its files"
        ]
    );
    // Whoever reads anything of it now sees that it is another file.
    world.put("custom.wim", b"written over");
    assert_eq!(described(), first);
}

/// The note of a broken UDF volume is no ISO either.
#[test]
fn a_file_that_is_nothing_says_what_should_be_where() {
    let mut iso = vec![0; 300 * 2048];
    iso[256 * 2048..256 * 2048 + 2].copy_from_slice(&[2, 0]);
    for (bytes, at_0, at_32769) in [
        (iso, "zeros", "zeros"),
        (
            b"PK\x03\x04 a zip\x1b".to_vec(),
            "\"PK\\u{3}\\u{4} a z\"",
            "nothing",
        ),
    ] {
        let world = image_of(with_file("Win11.iso", &bytes), "\"Win11.iso\"");
        let [fault] = faults(&world).try_into().unwrap();
        let expected = format!(
            "Win11.iso is neither a folder, an ISO nor a WIM: a WIM has \"MSWIM\" at byte 0, where \
             this has {at_0}; an ISO has \"CD001\" or \"BEA01\" at byte 32769, where this has \
             {at_32769}; name one of these, or put a good copy in its place"
        );
        assert!(fault.ends_with(&expected), "{fault}");
    }
}

/// The kernel keeps the bytes of a number: files of two images must not share one.
#[test]
fn the_same_path_in_two_images_is_two_files() {
    let Some(wim) = two_images() else { return };
    let id = |source| {
        let world = image_of(with_file("boot.wim", &wim), source);
        let found = world.look(&Nobody, b"images/x/bootmgr.exe").unwrap();
        (found.0.id, found.0.attributes.size, world)
    };
    let (one, two) = (id("\"boot.wim:1\""), id("\"boot.wim:2\""));
    assert_eq!(one.1, two.1);
    assert_ne!(one.0, two.0);
}

#[test]
fn the_signature_is_that_of_the_configuration() {
    let signed = [
        "Windows/Boot/EFI_EX/bootmgfw_EX.efi",
        "Windows/Boot/Fonts_EX/wgl4_boot_EX.ttf",
    ];
    let both = [BOOT_FILES, &signed].concat();
    let Some(wim) = or_skip(wims::wim(&labelled("pe", &both), &[])) else {
        return;
    };
    let media = [("efi/boot/bootx64.efi", "of the media")];
    let world = World::new().layer("media", &media);
    world.put("media/sources/boot.wim", &wim);
    let old = image_of(world, "\"media\"\nsecure_boot = \"2011\"");
    assert_eq!(in_x(&old, "bootmgfw.efi"), "of the media");
    let world = World::new().layer("media", &media);
    world.put("media/sources/boot.wim", &wim);
    let new = image_of(world, "\"media\"\nsecure_boot = \"2023\"");
    for (name, wanted) in [
        ("bootmgfw.efi", "pe Windows/Boot/EFI_EX/bootmgfw_EX.efi"),
        ("bootx64.efi", "pe Windows/Boot/EFI_EX/bootmgfw_EX.efi"),
        (
            "Boot/Fonts/wgl4_boot.ttf",
            "pe Windows/Boot/Fonts_EX/wgl4_boot_EX.ttf",
        ),
        ("pxeboot.n12", "pe Windows/Boot/PXE/pxeboot.n12"),
        ("efi/boot/bootx64.efi", "of the media"),
    ] {
        assert_eq!(in_x(&new, name), wanted, "{name}");
    }
    // None in its place: the machines that want this one refuse it.
    let Some(wim) = boot_wim("pe") else { return };
    let world = with_file("boot.wim", &wim);
    let lacking = image_of(world, "\"boot.wim\"\nsecure_boot = \"2023\"");
    assert_eq!(in_x(&lacking, "bootmgfw.efi"), "<NotFound>");
    assert_eq!(
        in_x(&lacking, "Boot/Fonts/wgl4_boot.ttf"),
        "pe Windows/Boot/Fonts/wgl4_boot.ttf"
    );
}

/// A boot.wim whose XML data says for which machine it is, by the number of Windows.
fn wim_for(label: &str, machine: u32) -> Option<Vec<u8>> {
    let machine = format!("--image-property=WINDOWS/ARCH={machine}");
    or_skip(wims::wim(&labelled(label, BOOT_FILES), &[&machine]))
}

const BOOT_MANAGER: &str = "Windows/Boot/EFI/bootmgfw.efi";

/// The name by which firmware asks, and who of these then gets the boot manager.
#[test]
fn a_boot_manager_answers_the_firmware_of_its_machine_only() {
    let any = ["bootmgfw.efi", "Boot/bootmgfw.efi"];
    let x64 = [
        "bootx64.efi",
        "EFI/Boot/bootx64.efi",
        "Boot/x64/bootmgfw.efi",
        "SMSBoot/x64/bootmgfw.efi",
    ];
    let x86 = ["bootia32.efi", "Boot/x86/bootmgfw.efi"];
    let arm64 = ["bootaa64.efi", "EFI/Boot/bootaa64.efi"];
    for (machine, names) in [(9, &x64[..]), (0, &x86[..]), (12, &arm64[..])] {
        let Some(wim) = wim_for("pe", machine) else {
            return;
        };
        let world = image_of(with_file("pe.wim", &wim), "\"pe.wim\"");
        for name in any.iter().chain(&x64).chain(&x86).chain(&arm64) {
            let wanted = match any.contains(name) || names.contains(name) {
                true => format!("pe {BOOT_MANAGER}"),
                false => "<NotFound>".to_owned(),
            };
            assert_eq!(in_x(&world, name), wanted, "{name}, machine {machine}");
        }
        let mut needs = programs(Route::UefiPxe).iter();
        assert!(needs.all(|need| has_one(&world, need.any_of)));
    }
}

/// A site with machines of both kinds: either boot.wim has its own firmware.
#[test]
fn one_image_may_have_a_boot_wim_for_each_machine() {
    let (Some(arm), Some(pc)) = (wim_for("arm", 12), wim_for("pc", 9)) else {
        return;
    };
    let world = with_file("arm.wim", &arm);
    world.put("pc.wim", &pc);
    let world = image_of(world, r#"["arm.wim", "pc.wim"]"#);
    for (name, whose) in [
        ("bootx64.efi", "pc"),
        ("bootaa64.efi", "arm"),
        ("bootmgfw.efi", "arm"),
    ] {
        assert_eq!(in_x(&world, name), format!("{whose} {BOOT_MANAGER}"));
    }
    assert_eq!(in_x(&world, "bootia32.efi"), "<NotFound>");
}

/// Files as they were taken out of a boot.wim say nothing about the machine.
#[test]
fn where_nothing_is_said_a_boot_manager_is_for_x64() {
    let world = World::new().image("x", &[(BOOT_MANAGER, "pe")]);
    assert_eq!(in_x(&world, "bootx64.efi"), "pe");
    for name in ["bootia32.efi", "bootaa64.efi", "Boot/x86/bootmgfw.efi"] {
        assert_eq!(in_x(&world, name), "<NotFound>", "{name}");
    }
}

#[test]
fn the_newer_signature_is_of_one_machine_too() {
    let signed = [BOOT_MANAGER, "Windows/Boot/EFI_EX/bootmgfw_EX.efi"];
    let wim = wims::wim(
        &labelled("pe", &signed),
        &["--image-property=WINDOWS/ARCH=12"],
    );
    let Some(wim) = or_skip(wim) else { return };
    let world = with_file("pe.wim", &wim);
    let world = image_of(world, "\"pe.wim\"\nsecure_boot = \"2023\"");
    let newer = format!("pe {}", signed[1]);
    assert_eq!(in_x(&world, "bootaa64.efi"), newer);
    assert_eq!(in_x(&world, "bootmgfw.efi"), newer);
    assert_eq!(in_x(&world, "bootx64.efi"), "<NotFound>");
}

/// What is no good as a boot.wim: bytes, and what is said of it.
fn bad_wims() -> io::Result<Vec<(Vec<u8>, &'static str)>> {
    let files = labelled("pe", BOOT_FILES);
    let good = wims::wim(&files, &[])?;
    let lzms = wims::wim(&files, &["--compress=LZMS"])?;
    let solid = wims::wim(&files, &["--solid"])?;
    let pipable = wims::wim(&files, &["--pipable"])?;
    let mut damaged = good.clone();
    // The metadata of the image lies behind the files.
    let at = damaged.len() * 6 / 10;
    damaged[at..].fill(0);
    Ok(vec![
        (b"a placeholder".to_vec(), "is"),
        (Vec::new(), "is"),
        (good[..good.len() - 1].to_vec(), "is damaged at byte"),
        (good[..300].to_vec(), "is damaged at byte"),
        (damaged, "is damaged"),
        (lzms, "is LZMS-compressed; boot images are LZX or XPRESS"),
        (solid, "is"),
        (pipable, "is pipable"),
    ])
}

#[test]
fn a_bad_boot_wim_in_a_folder_harms_nothing() {
    let Some(bad) = or_skip(bad_wims()) else {
        return;
    };
    assert!(bad.len() > 5);
    for (bytes, said) in bad {
        let world = World::new().layer("x", &[("sources/boot.wim", &bytes)]);
        let world = image_of(world.layer("x", &[("bootmgr.exe", "own")]), "\"x\"");
        assert!(world.read_in_image("x", b"Boot/boot.wim").unwrap() == bytes);
        assert_eq!(in_x(&world, "bootmgr.exe"), "own");
        assert_eq!(in_x(&world, "pxeboot.n12"), "<NotFound>");
        assert_eq!(faults(&world), Vec::<String>::new());
        let remarks = remarks(&world);
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        assert!(
            remarks[0].contains(&format!("sources/boot.wim {said}")),
            "{remarks:?}"
        );
    }
}

#[test]
fn a_bad_wim_takes_its_own_image_down_until_it_is_repaired() {
    let (Some(bad), Some(good)) = (or_skip(bad_wims()), boot_wim("good")) else {
        return;
    };
    for (bytes, said) in bad {
        let world = with_file("custom.wim", &bytes).image("y", &[("BCD", "y")]);
        let world = image_of(world, "\"custom.wim\"");
        assert_eq!(in_x(&world, "bootmgr.exe"), "<Source(None)>", "{said}");
        assert_eq!(world.read_in_image("y", b"BCD").unwrap(), b"y");
        let faults = faults(&world);
        assert!(
            !faults.is_empty() && faults[0].contains("custom.wim is"),
            "{said}: {faults:?}"
        );
        world.put("custom.wim", &good);
        assert!(world.tree().catalog().renew());
        assert_eq!(
            in_x(&world, "bootmgr.exe"),
            "good Windows/Boot/PXE/bootmgr.exe"
        );
        assert!(world.read_in_image("x", b"sources/boot.wim").unwrap() == good);
        assert!(!world.tree().catalog().renew());
    }
}

#[test]
fn a_number_that_no_image_has_is_said() {
    let Some(wim) = two_images() else { return };
    for (source, said) in [
        ("\"boot.wim:3\"", "no image 3"),
        ("\"boot.wim:0\"", "no image 0"),
    ] {
        let world = image_of(with_file("boot.wim", &wim), source);
        assert!(faults(&world)[0].contains(said), "{:?}", faults(&world));
        assert_eq!(in_x(&world, "bootmgr.exe"), "<Source(None)>");
    }
}

#[test]
fn a_replaced_wim_is_seen_and_who_reads_the_old_one_goes_on() {
    let (Some(old), Some(new)) = (boot_wim("old"), boot_wim("new")) else {
        return;
    };
    for (file, source) in [
        ("custom.wim", "custom.wim"),
        ("media/sources/boot.wim", "media"),
    ] {
        let world = image_of(with_file(file, &old), &format!("{source:?}"));
        let (found, _) = world.look(&Nobody, b"images/x/bootmgr.exe").unwrap();
        let reading = world.tree().open(found.id).unwrap();
        world.put(file, &new);
        world.tree().catalog().renew();
        assert_eq!(
            in_x(&world, "bootmgr.exe"),
            "new Windows/Boot/PXE/bootmgr.exe"
        );
        let mut bytes = vec![0; usize::try_from(found.attributes.size).unwrap()];
        reading.read_at(&mut bytes, 0).unwrap();
        assert_eq!(bytes, b"old Windows/Boot/PXE/bootmgr.exe");
        // One that goes away takes with it what it added.
        fs::remove_file(world.path(file)).unwrap();
        world.tree().catalog().renew();
        assert!(in_x(&world, "bootmgr.exe").starts_with('<'), "{source}");
    }
}

/// `cp` over a file: for a while it is half of it.
#[test]
fn a_wim_that_is_being_copied_is_left_alone_until_it_rests() {
    let (Some(old), Some(new)) = (boot_wim("old"), boot_wim("new")) else {
        return;
    };
    let world = image_of(with_file("custom.wim", &old), "\"custom.wim\"");
    assert_eq!(
        in_x(&world, "bootmgr.exe"),
        "old Windows/Boot/PXE/bootmgr.exe"
    );
    let catalog = world.tree().catalog();
    world.put("custom.wim", &new[..new.len() / 2]);
    assert!(!catalog.renew());
    assert_eq!(
        in_x(&world, "bootmgr.exe"),
        "old Windows/Boot/PXE/bootmgr.exe"
    );
    world.put("custom.wim", &new[..new.len() - 1]);
    assert!(!catalog.renew());
    assert!(catalog.renew());
    assert_eq!(in_x(&world, "bootmgr.exe"), "<Source(None)>");
    world.put("custom.wim", &new);
    assert!(catalog.renew());
    assert_eq!(
        in_x(&world, "bootmgr.exe"),
        "new Windows/Boot/PXE/bootmgr.exe"
    );
}

/// Fifty images, each with a boot.wim, are there at once.
#[test]
fn a_boot_wim_is_opened_when_a_name_is_looked_for_in_it() {
    let Some(wim) = boot_wim("pe") else { return };
    let world = image_of(with_file("media/sources/boot.wim", &wim), "\"media\"");
    let labels = || -> Vec<String> {
        let catalog = world.tree().catalog();
        catalog
            .layers()
            .map(|layer| layer.source().label())
            .collect()
    };
    assert!(
        labels().iter().all(|label| label.ends_with("media")),
        "{:?}",
        labels()
    );
    // A real file at the root is found without it.
    world.put("media/setup.exe", b"real");
    assert_eq!(in_x(&world, "setup.exe"), "real");
    assert!(
        labels().iter().all(|label| label.ends_with("media")),
        "{:?}",
        labels()
    );
    in_x(&world, "bootmgr.exe");
    let opened = |label: &String| label.ends_with("media/sources/boot.wim (image 1)");
    assert!(labels().iter().any(opened), "{:?}", labels());
}
