//! `bcd make`: what a client would get, in a file.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use winbootfs::bcd::{ElementId, Store};

use crate::common::world::World;
use crate::{Done, run};

fn world() -> World {
    World::new().image(
        "pe",
        &[("sources/boot.wim", "wim"), ("bootmgfw.efi", "program")],
    )
}

fn make(world: &World, to: &str, more: &[&str]) -> Done {
    let (config, to) = (world.config_file(), world.path(to));
    let mut arguments = vec!["bcd", "make", "--config", config.to_str().unwrap()];
    arguments.extend(["--image", "PE"]);
    arguments.extend(more);
    arguments.push(to.to_str().unwrap());
    run(&arguments)
}

fn program(world: &World, file: &str) -> Option<String> {
    let store = Store::read(&fs::read(world.path(file)).unwrap()).unwrap();
    store.boot_manager().unwrap().text(ElementId::PATH)
}

#[test]
fn a_store_is_written_for_each_firmware() {
    let world = world();
    let done = make(&world, "uefi", &["--firmware", "uefi"]);
    done.printed(&["uefi: made to start sources/boot.wim, for UEFI"]);
    assert_eq!(program(&world, "uefi").as_deref(), Some(r"\bootmgfw.efi"));
    let done = make(&world, "bios", &["--firmware", "bios"]);
    done.printed(&["bios: made to start sources/boot.wim, for BIOS"]);
    assert_eq!(program(&world, "bios"), None);
    let named = ["--firmware", "uefi", "--program", "EFI/Boot/bootx64.efi"];
    make(&world, "named", &named).printed(&[]);
    assert_eq!(
        program(&world, "named").as_deref(),
        Some(r"\EFI\Boot\bootx64.efi")
    );
    let mode = fs::metadata(world.path("named"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644, "servers run as other users");
}

#[test]
fn the_same_again_is_the_same_bytes() {
    let world = world();
    for file in ["one", "other"] {
        make(&world, file, &["--firmware", "uefi"]).printed(&[]);
    }
    let [one, other] = ["one", "other"].map(|file| fs::read(world.path(file)).unwrap());
    assert!(one == other);
}

#[test]
fn nothing_that_is_there_is_overwritten_unasked() {
    let world = world().layer("out", &[("BCD", "precious")]);
    let done = make(&world, "out/BCD", &["--firmware", "uefi"]);
    done.failed(1, &["out/BCD is there", "--force"]);
    assert_eq!(fs::read(world.path("out/BCD")).unwrap(), b"precious");
    make(&world, "out/BCD", &["--firmware", "uefi", "--force"]).printed(&["made"]);
    assert!(program(&world, "out/BCD").is_some());
    let left = fs::read_dir(world.path("out")).unwrap().count();
    assert_eq!(left, 1, "nothing else is left behind");
}

#[test]
fn what_cannot_be_made_says_what_to_do() {
    let uefi = ["--firmware", "uefi"];
    let world = World::new().image("pe", &[("readme", "")]);
    make(&world, "x", &uefi).failed(1, &["neither", "[image.pe.bcd] wim = "]);
    let world = self::world().line("bcd.source = \"image\"");
    make(&world, "x", &uefi).failed(1, &["keeps its own store", "copy that"]);
    let world = self::world();
    make(&world, "no/such/folder", &uefi).failed(1, &["no/such/folder cannot be written"]);
    make(&world, "x", &["--firmware", "bios", "--program", "x.efi"]).failed(2, &["--program"]);
    make(&world, "x", &["--firmware", "uefi", "--program", ".."]).failed(2, &["is no path"]);
    let config = world.config_file();
    let unknown = [
        "bcd",
        "make",
        "--config",
        config.to_str().unwrap(),
        "--image",
        "other",
    ];
    run(&[&unknown[..], &uefi, &["x"]].concat()).failed(2, &["other"]);
    assert!(!world.path("x").exists());
}
