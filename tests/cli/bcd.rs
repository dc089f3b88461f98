//! `bcd show`: a boot configuration from a file, in words.

use serde_json::Value as Json;
use winbootfs::bcd::{Device, Element, ElementId, Guid, Object, ObjectKind, Store};

use crate::common::world::World;
use crate::{Done, run};

const LOADER: Guid = Guid::of_digits(7);

fn store() -> Store {
    let ramdisk = Device::Ramdisk {
        path: "\\sources\\boot.wim".to_owned(),
        options: Guid::RAMDISK_OPTIONS,
    };
    let device = Element::device(&ramdisk).unwrap();
    let boot_manager = Object::new(ObjectKind::BOOT_MANAGER)
        .with(ElementId::PATH, Element::text("\\bootmgfw.efi"))
        .with(ElementId::DEFAULT, Element::object(LOADER));
    let loader = Object::new(ObjectKind::OS_LOADER)
        .with(ElementId::DEVICE, device)
        .with(ElementId::DESCRIPTION, Element::text("Rescue"));
    let options =
        Object::new(ObjectKind::DEVICE_OPTIONS).with(ElementId::SDI_PATH, Element::text("\\Boot"));
    Store {
        objects: [
            (Guid::BOOT_MANAGER, boot_manager),
            (LOADER, loader),
            (Guid::RAMDISK_OPTIONS, options),
        ]
        .into(),
        ..Store::default()
    }
}

/// An image that has the wim in another spelling, and a folder for the sdi.
fn world() -> World {
    let files: [(&str, &[u8]); 2] = [
        ("SOURCES/Boot.WIM", b"a wim"),
        ("boot/bcd", &store().write()),
    ];
    World::new().image("win11", &files)
}

fn show(world: &World, more: &[&str]) -> Done {
    let (bcd, file) = (world.path("win11/boot/bcd"), world.config_file());
    let mut arguments = vec![
        "bcd",
        "show",
        bcd.to_str().unwrap(),
        "--config",
        file.to_str().unwrap(),
    ];
    arguments.extend(more);
    run(&arguments)
}

#[test]
fn a_store_is_shown_without_any_configuration() {
    let world = world();
    let bcd = world.path("win11/boot/bcd");
    let done = run(&["bcd", "show", bcd.to_str().unwrap()]);
    done.printed(&[
        "Windows Boot Manager\n--------------------\nidentifier              {9dea862c-",
        "\ndefault                 {00000000-0000-0000-0000-000000000007}\n",
        "\ndevice                  ramdisk=[boot]\\sources\\boot.wim,{ae5534e0-",
        "\nSetup Ramdisk Options\n",
    ]);
    assert!(!done.out.contains("-> "), "{}", done.out);
}

#[test]
fn paths_are_looked_up_in_the_image() {
    let world = world();
    let done = show(&world, &["--image", "WIN11"]);
    let wim = world.path("win11/SOURCES/Boot.WIM");
    done.printed(&[
        &format!("boot.wim,{{ae5534e0-a924-466c-b836-758539a3ee3a}} {{ramdiskoptions}}\n                        -> {}, 5 bytes\n", wim.display()),
        "path                    \\bootmgfw.efi\n                        -> not there: no such name\n",
        "ramdisksdipath          \\Boot\n                        -> not there: it is a folder\n",
    ]);
    let done = show(&world, &["--image", "win11", "--json"]);
    let shown: Json = serde_json::from_str(&done.out).unwrap();
    let answer = &shown["objects"][1]["elements"][0]["answer"];
    assert_eq!(answer["file"], wim.to_str().unwrap());
    assert_eq!(answer["size"], 5);
    show(&world, &["--image", "win12"]).failed(2, &["no image is named \"win12\""]);
}

#[test]
fn what_is_left_out_is_told() {
    let world = world();
    let mut builder = regf::HiveBuilder::new_with_name("x").unwrap();
    builder.create_key("Objects\\junk").unwrap();
    world.put("odd", &builder.build().unwrap());
    let odd = world.path("odd");
    let odd = odd.to_str().unwrap();
    let said = "Objects\\junk is not called as an object is, by an id, and is left out";
    run(&["bcd", "show", odd]).printed(&[&format!("remark: {said}\n")]);
    let done = run(&["bcd", "show", odd, "--json"]);
    let shown: Json = serde_json::from_str(&done.out).unwrap();
    assert_eq!(shown["remarks"][0]["place"], "Objects\\junk");
}

#[test]
fn what_is_no_store_gets_one_clear_error() {
    let world = world();
    world.put("text", b"a text");
    world.put("huge", &vec![0; 5 << 20]);
    let mut cut = store().write();
    cut.truncate(5000);
    world.put("cut", &cut);
    for (file, said) in [
        (
            "text",
            "text is no boot configuration: at byte 0 it should begin with \"regf\"",
        ),
        (
            "huge",
            "huge is too large: the length of the file should be at most 4194304",
        ),
        (
            "cut",
            "cut is cut off: it should have 8192 bytes, and ends at byte 5000",
        ),
        ("absent", "absent cannot be read: No such file"),
        ("win11", "win11 cannot be read: Is a directory"),
    ] {
        let path = world.path(file);
        let done = run(&["bcd", "show", path.to_str().unwrap()]);
        done.failed(1, &[said]);
        assert_eq!(
            (done.out.as_str(), done.err.lines().count() < 3),
            ("", true),
            "{done:?}"
        );
    }
    run(&["bcd", "show"]).failed(2, &["FILE"]);
    run(&["bcd", "show", "--help"]).printed(&["bcdedit", "--image", "--json", "Exit code"]);
}
