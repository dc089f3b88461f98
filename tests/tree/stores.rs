//! Which boot configuration a client gets: the image's own, completed, or made.

use winbootfs::Error;
use winbootfs::bcd::{
    Device, Element, ElementId, Entry, Guid, Object, ObjectKind, Plan, Store, Tftp, make,
};
use winbootfs::program::Firmware;
use winbootfs::tree::{Asking, Belief, Choosing, Place, Walker};

use crate::common::world::{Nobody, World};
use crate::follow::{Server, open};

const NAMES: [&str; 3] = ["Boot/BCD", "BCD", "EFI/Microsoft/Boot/BCD"];
const BIOS: &str = "10.0.0.1";
const UEFI: &str = "10.0.0.2";

/// Nothing but a boot image and its boot.sdi, and the programs that a boot.wim would add.
const BARE: [(&str, &str); 5] = [
    ("sources/boot.wim", "wim"),
    ("boot.sdi", "sdi"),
    ("pxeboot.n12", "pxeboot"),
    ("bootmgr.exe", "bootmgr"),
    ("bootmgfw.efi", "bootmgfw"),
];

fn bare() -> World {
    World::new().image("x", &BARE).default_image("x")
}

/// The store that somebody gets under a name.
fn store(world: &World, who: &dyn Asking, name: &str) -> Store {
    Store::read(&world.read(who, name.as_bytes()).unwrap()).unwrap()
}

fn booted(world: &World, client: &str, program: &str) -> Server {
    let server = Server::of(&[client]);
    open(world.tree(), &server, program).unwrap();
    server
}

/// The path of the boot manager, of the loader, and of the boot image that it starts.
fn said(store: &Store) -> (Option<String>, String, String) {
    let manager = store.boot_manager().unwrap();
    let first = manager.elements[&ElementId::DEFAULT].as_object().unwrap();
    let Some(Device::Ramdisk { path: wim, .. }) = store.objects[&first].device(ElementId::DEVICE)
    else {
        panic!("no RAM disk: {store:?}");
    };
    let loader = store.objects[&first].text(ElementId::PATH).unwrap();
    (manager.text(ElementId::PATH), loader, wim)
}

fn plan(firmware: Firmware, program: Option<&str>) -> Plan {
    Plan {
        firmware,
        program: program.map(str::to_owned),
        sdi: r"\boot\boot.sdi".to_owned(),
        entries: vec![Entry {
            wim: r"\sources\boot.wim".to_owned(),
            description: "Own".to_owned(),
        }],
        timeout: 7,
        tftp: Tftp::default(),
    }
}

/// One that somebody made on another machine.
fn own(firmware: Firmware, program: Option<&str>) -> Vec<u8> {
    make(&plan(firmware, program)).write()
}

fn why(world: &World, who: &dyn Asking, name: &str) -> String {
    let walker = Walker::new(world.tree().catalog(), world.tree().boots(), who);
    match walker.find(&Place::Caller, name.as_bytes()).found.unwrap() {
        (Place::File(file), _) => file
            .why()
            .map_or("no store".to_owned(), ToString::to_string),
        (other, _) => panic!("{other:?}"),
    }
}

#[test]
fn an_image_of_nothing_but_a_wim_has_a_store_under_every_name() {
    let world = bare();
    for name in NAMES {
        let store = store(&world, &Nobody, name);
        let (program, loader, wim) = said(&store);
        assert_eq!(program.as_deref(), Some(r"\bootmgfw.efi"), "{name}");
        assert_eq!(loader, r"\windows\system32\boot\winload.efi", "{name}");
        assert_eq!(wim, r"\sources\boot.wim", "{name}");
        let (folder, last) = name.rsplit_once('/').unwrap_or(("", name));
        let listed = world.list(&Nobody, folder.as_bytes()).unwrap();
        assert!(
            listed.contains(&last.as_bytes().to_vec()),
            "{name}: {listed:?}"
        );
    }
    assert_eq!(
        why(&world, &Nobody, r"\boot\bcd"),
        "made to start sources/boot.wim; for UEFI, as nothing is known of the client"
    );
}

#[test]
fn two_firmwares_get_two_stores_under_one_name() {
    let world = bare();
    let bios = booted(&world, BIOS, "pxeboot.n12");
    let uefi = booted(&world, UEFI, "bootmgfw.efi");
    for name in [r"\Boot\BCD", "BCD", "images/X/boot/bcd"] {
        let (program, loader, _) = said(&store(&world, &bios, name));
        assert_eq!(
            (program, &*loader),
            (None, r"\windows\system32\boot\winload.exe"),
            "{name}"
        );
        let (program, loader, _) = said(&store(&world, &uefi, name));
        assert_eq!(program.as_deref(), Some(r"\bootmgfw.efi"), "{name}");
        assert_eq!(loader, r"\windows\system32\boot\winload.efi", "{name}");
    }
    let (_, loader, _) = said(&store(&world, &bios, "EFI/Microsoft/Boot/BCD"));
    assert_eq!(
        loader, r"\windows\system32\boot\winload.efi",
        "no BIOS asks for that name"
    );
    assert_eq!(
        why(&world, &bios, r"\Boot\BCD"),
        "made to start sources/boot.wim; for BIOS, which this client booted"
    );
}

#[test]
fn the_store_names_the_file_that_the_client_booted() {
    for (program, path) in [
        ("bootmgfw.efi", r"\bootmgfw.efi"),
        ("BootX64.EFI", r"\BootX64.EFI"),
        ("EFI/Boot/bootx64.efi", r"\EFI\Boot\bootx64.efi"),
        ("images/x/bootmgfw.efi", r"\images\x\bootmgfw.efi"),
        (
            "images/X/EFI/Boot/bootx64.efi",
            r"\images\x\EFI\Boot\bootx64.efi",
        ),
        ("clients/10.0.0.2/bootx64.efi", r"\bootx64.efi"),
        (
            "clients/10.0.0.2/images/x/bootx64.efi",
            r"\images\x\bootx64.efi",
        ),
        ("10.0.0.2/own.efi", r"\own.efi"),
        ("tools/Boot manager.efi", r"\tools\Boot manager.efi"),
    ] {
        let base = [("tools/Boot manager.efi", "b"), ("10.0.0.2/own.efi", "o")];
        let world = World::new()
            .image("x", &BARE)
            .default_image("x")
            .base(&base);
        let server = booted(&world, UEFI, program);
        let (said, ..) = said(&store(&world, &server, r"\Boot\BCD"));
        assert_eq!(said.as_deref(), Some(path), "{program}");
        let itself = world.read(&server, path.replace('\\', "/").as_bytes());
        assert!(
            itself.is_ok() || program.starts_with("10."),
            "{path} is not there"
        );
    }
}

#[test]
fn what_is_known_to_be_no_boot_manager_is_not_named() {
    let base = ["ipxe.efi", "grubx64.efi", "shimx64.efi", "wdsmgfw.efi"];
    let files = base.map(|name| (name, "program"));
    let world = bare().base(&files);
    for program in base {
        let server = booted(&world, UEFI, program);
        let (said, ..) = said(&store(&world, &server, r"\Boot\BCD"));
        assert_eq!(said.as_deref(), Some(r"\bootmgfw.efi"), "{program}");
    }
}

#[test]
fn a_name_that_no_store_could_have_is_not_named() {
    let long = format!("{0}/{0}/{0}.efi", "l".repeat(90));
    let files = [("a\\b.efi", "b"), (&*long, "l"), ("tab\t.efi", "t")];
    let world = bare().base(&files);
    for (program, _) in files {
        let server = booted(&world, UEFI, program);
        let (said, ..) = said(&store(&world, &server, r"\Boot\BCD"));
        assert_eq!(said.as_deref(), Some(r"\bootmgfw.efi"), "{program}");
    }
}

#[test]
fn a_store_of_the_image_that_boots_is_served_byte_for_byte() {
    let bios = own(Firmware::Bios, None);
    let uefi = own(Firmware::Uefi, Some(r"\EFI\BOOT\BOOTX64.EFI"));
    let world = bare();
    world.put("x/boot/bcd", &bios);
    world.put("x/efi/microsoft/boot/bcd", &uefi);
    let old = booted(&world, BIOS, "pxeboot.n12");
    assert_eq!(world.read(&old, br"\Boot\BCD").unwrap(), bios);
    // The file it names is the one that was booted, by another name.
    let new = booted(&world, UEFI, "images/x/bootmgfw.efi");
    for name in NAMES {
        assert_eq!(world.read(&new, name.as_bytes()).unwrap(), uefi, "{name}");
    }
    assert_eq!(world.read(&Nobody, br"\Boot\BCD").unwrap(), bios);
    assert_eq!(
        why(&world, &new, r"\Boot\BCD"),
        "the image's own, as it is; for UEFI, which this client booted"
    );
    let (one, _) = world.look(&new, b"Boot/BCD").unwrap();
    let (other, _) = world
        .look(&Nobody, b"images/x/EFI/Microsoft/Boot/BCD")
        .unwrap();
    assert_eq!(one.id, other.id, "one file has one number");
}

#[test]
fn a_store_that_lacks_something_is_completed_and_the_rest_of_it_kept() {
    let mut kept = make(&plan(Firmware::Bios, None));
    let tool = Object::new(winbootfs::bcd::ObjectKind::MEMORY_TEST)
        .with(ElementId::PATH, Element::text(r"\boot\memtest.exe"));
    let id: Guid = "{b2721d73-1db4-4c62-bf78-c548a880142d}".parse().unwrap();
    kept.objects.insert(id, tool.clone());
    let world = bare();
    world.put("x/boot/bcd", &kept.write());
    let server = booted(&world, UEFI, "bootmgfw.efi");
    let completed = store(&world, &server, r"\Boot\BCD");
    let (program, loader, wim) = said(&completed);
    assert_eq!(program.as_deref(), Some(r"\bootmgfw.efi"));
    assert_eq!(loader, r"\windows\system32\boot\winload.efi");
    assert_eq!(wim, r"\sources\boot.wim");
    assert_eq!(completed.objects[&id], tool);
    assert_eq!(
        completed
            .boot_manager()
            .unwrap()
            .integer(ElementId::TIMEOUT),
        Some(7)
    );
    let why = why(&world, &server, r"\Boot\BCD");
    assert!(why.starts_with("the image's own boot/bcd, with "), "{why}");
    assert!(
        why.contains(r"\bootmgfw.efi") && why.contains("winload.efi"),
        "{why}"
    );
}

/// Another file under the path of the boot manager stops it (0xc000007b).
#[test]
fn a_store_that_names_another_boot_manager_gets_the_right_one() {
    let world = bare();
    world.put("x/other.efi", b"another");
    world.put("x/boot/bcd", &own(Firmware::Uefi, Some(r"\other.efi")));
    let server = booted(&world, UEFI, "bootmgfw.efi");
    let (program, ..) = said(&store(&world, &server, r"\Boot\BCD"));
    assert_eq!(program.as_deref(), Some(r"\bootmgfw.efi"));
    // Of somebody of whom nothing is known it may be right.
    let (program, ..) = said(&store(&world, &Nobody, r"\Boot\BCD"));
    assert_eq!(program.as_deref(), Some(r"\other.efi"));
}

/// Install media have stores for other machines too, and operators forget old ones.
#[test]
fn of_several_stores_the_one_that_boots_is_served() {
    let gone = Plan {
        entries: vec![Entry {
            wim: r"\old\gone.wim".to_owned(),
            description: "Gone".to_owned(),
        }],
        ..plan(Firmware::Uefi, Some(r"\bootmgfw.efi"))
    };
    for bad in [make(&gone).write(), no_entries()] {
        let good = own(Firmware::Uefi, None);
        let world = World::new()
            .image("x", &BARE)
            .layer("x/Boot", &[("BCD", &bad)])
            .layer("x/EFI/Microsoft/Boot", &[("BCD", &good)])
            .default_image("x");
        let client = booted(&world, "10.0.0.1", "bootmgfw.efi");
        let served = said(&store(&world, &client, "Boot/BCD"));
        assert_eq!(served.2, r"\sources\boot.wim");
        let why = why(&world, &client, "Boot/BCD");
        assert!(
            why.starts_with("the image's own EFI/Microsoft/Boot/BCD, with "),
            "{why}"
        );
    }
}

/// The template of a Windows that runs, which is no use on a network.
#[test]
fn in_the_place_of_a_store_that_starts_nothing_one_is_made() {
    let world = World::new()
        .image("x", &BARE)
        .layer("x/Boot", &[("BCD", &no_entries())])
        .default_image("x");
    for (ip, program) in [("10.0.0.1", "bootmgfw.efi"), ("10.0.0.2", "pxeboot.n12")] {
        let client = booted(&world, ip, program);
        assert_eq!(
            said(&store(&world, &client, "Boot/BCD")).2,
            r"\sources\boot.wim"
        );
        let why = why(&world, &client, "Boot/BCD");
        assert!(
            why.starts_with(
                "made to start sources/boot.wim, for the image's own starts nothing: {bootmgr} has \
                 neither a default entry nor a display order; for "
            ),
            "{why}"
        );
        let walker = Walker::new(world.tree().catalog(), world.tree().boots(), &client);
        let Ok((Place::File(file), _)) = walker.find(&Place::Caller, b"Boot/BCD").found else {
            panic!("no file");
        };
        assert!(
            file.why().unwrap().is_all_made(),
            "no line of bcdedit could change it"
        );
    }
}

/// A store without anything to start.
fn no_entries() -> Vec<u8> {
    let mut store = make(&plan(Firmware::Uefi, Some(r"\bootmgfw.efi")));
    let manager = store.objects.get_mut(&Guid::BOOT_MANAGER).unwrap();
    manager.elements.remove(&ElementId::DEFAULT);
    manager.elements.remove(&ElementId::DISPLAY_ORDER);
    store
        .objects
        .retain(|_, object| object.kind != ObjectKind::OS_LOADER);
    store.write()
}

/// What a store names may lie in the base, which all clients see.
#[test]
fn a_boot_image_of_the_base_is_there_for_a_store() {
    let mut own_plan = plan(Firmware::Uefi, Some(r"\bootmgfw.efi"));
    own_plan.entries[0].wim = r"\tools\x.wim".to_owned();
    let bytes = make(&own_plan).write();
    let world = World::new()
        .base(&[("tools/x.wim", "a boot image")])
        .image("x", &BARE)
        .layer("x/Boot", &[("BCD", &bytes)])
        .layer(
            "x/EFI/Microsoft/Boot",
            &[("BCD", &own(Firmware::Bios, None))],
        )
        .default_image("x");
    let client = booted(&world, "10.0.0.1", "bootmgfw.efi");
    assert_eq!(
        world.read(&client, b"Boot/BCD").unwrap(),
        bytes,
        "it boots as it is"
    );
}

#[test]
fn an_image_keeps_its_own_store_where_it_is_told_to() {
    let bytes = own(Firmware::Bios, None);
    let world = bare().line("bcd.source = \"image\"");
    assert!(matches!(
        world.read(&Nobody, b"Boot/BCD"),
        Err(Error::NotFound)
    ));
    world.put("x/boot/bcd", &bytes);
    let server = booted(&world, UEFI, "bootmgfw.efi");
    assert_eq!(world.read(&server, br"\Boot\BCD").unwrap(), bytes);
    assert_eq!(why(&world, &server, r"\Boot\BCD"), "no store");
}

#[test]
fn a_store_is_made_although_there_is_one() {
    let world = bare().line("bcd.source = \"made\"");
    world.put("x/boot/bcd", &own(Firmware::Bios, None));
    let made = store(&world, &Nobody, r"\Boot\BCD");
    assert_eq!(
        made.boot_manager().unwrap().integer(ElementId::TIMEOUT),
        Some(0)
    );
    let window = made.objects[&Guid::RAMDISK_OPTIONS].integer(ElementId::TFTP_WINDOW_SIZE);
    assert_eq!(window, Some(4), "which every server copes with");
    assert!(why(&world, &Nobody, "BCD").starts_with("made to start sources/boot.wim"));
}

#[test]
fn a_menu_is_made_of_the_boot_images_that_are_named() {
    let world = bare().line(
        "bcd = { wim = [\"tools/dart.wim\", \"sources\\\\boot.wim\"], timeout = 5, \
         tftp_block_size = 1024, tftp_window_size = 8 }",
    );
    world.put("x/tools/dart.wim", b"dart");
    let made = store(&world, &Nobody, r"\Boot\BCD");
    let manager = made.boot_manager().unwrap();
    assert_eq!(manager.integer(ElementId::TIMEOUT), Some(5));
    let shown = manager.elements[&ElementId::DISPLAY_ORDER]
        .as_objects()
        .unwrap();
    let wims = shown
        .iter()
        .map(|id| made.objects[id].device(ElementId::DEVICE).unwrap());
    let wims: Vec<String> = wims
        .map(|device| match device {
            Device::Ramdisk { path, .. } => path,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(wims, [r"\tools\dart.wim", r"\sources\boot.wim"]);
    let options = &made.objects[&Guid::RAMDISK_OPTIONS];
    assert_eq!(options.integer(ElementId::TFTP_BLOCK_SIZE), Some(1024));
    assert_eq!(options.integer(ElementId::TFTP_WINDOW_SIZE), Some(8));
}

/// A boot manager asks for what its store says, and some servers take no doubled `/`.
#[test]
fn a_boot_image_is_written_as_parts_however_it_is_spelled() {
    for spelled in [
        "sources//boot.wim",
        "./sources/boot.wim",
        "sources/./boot.wim/",
    ] {
        let world = bare().line(&format!("bcd = {{ wim = {spelled:?} }}"));
        let made = store(&world, &Nobody, r"\Boot\BCD");
        let entry = made.boot_manager().unwrap().elements[&ElementId::DEFAULT].as_object();
        let device = made.objects[&entry.unwrap()].device(ElementId::DEVICE);
        let Some(Device::Ramdisk { path, .. }) = device else {
            panic!("{device:?}");
        };
        assert_eq!(path, r"\sources\boot.wim", "{spelled}");
        let why = why(&world, &Nobody, "BCD");
        assert!(why.starts_with("made to start sources/boot.wim"), "{why}");
    }
}

#[test]
fn a_name_that_the_operator_gave_away_is_left_alone() {
    let world = bare().line("alias = { \"Boot/BCD\" = false, \"BCD\" = \"mine/store\" }");
    assert!(matches!(
        world.read(&Nobody, b"Boot/BCD"),
        Err(Error::NotFound)
    ));
    assert!(matches!(world.read(&Nobody, b"BCD"), Err(Error::NotFound)));
    let bytes = own(Firmware::Uefi, Some(r"\bootmgfw.efi"));
    world.put("x/mine/store", &bytes);
    assert_eq!(world.read(&Nobody, b"BCD").unwrap(), bytes);
    assert!(world.read(&Nobody, b"EFI/Microsoft/Boot/BCD").is_ok());
}

#[test]
fn a_store_that_is_not_understood_stays_and_says_why() {
    for (bytes, reason) in [
        (b"no hive".to_vec(), "is no boot configuration"),
        (Vec::new(), "is no boot configuration"),
        (own(Firmware::Bios, None)[..6000].to_vec(), "is cut off"),
        (
            vec![b'r'; 5 << 20],
            "is too large: the length of the file should be at most 4194304, and is 5242880",
        ),
    ] {
        let world = bare();
        world.put("x/boot/bcd", &bytes);
        let server = booted(&world, UEFI, "bootmgfw.efi");
        assert_eq!(
            world.read(&server, br"\Boot\BCD").unwrap(),
            bytes,
            "{reason}"
        );
        let why = why(&world, &server, r"\Boot\BCD");
        assert!(why.contains(reason), "{why}");
        assert!(
            world.read(&server, b"sources/boot.wim").is_ok(),
            "its image stays up"
        );
    }
}

#[test]
fn a_store_comes_and_goes_with_its_boot_image() {
    let world = World::new()
        .image("x", &[("readme", "")])
        .default_image("x");
    for name in NAMES {
        assert!(world.read(&Nobody, name.as_bytes()).is_err(), "{name}");
    }
    assert!(
        world
            .list(&Nobody, b"")
            .unwrap()
            .iter()
            .all(|name| name != b"Boot")
    );
    world.put("x/sources/boot.wim", b"wim");
    world.tree().catalog().everything_changed();
    for name in NAMES {
        assert!(world.read(&Nobody, name.as_bytes()).is_ok(), "{name}");
    }
    assert!(
        world
            .list(&Nobody, b"")
            .unwrap()
            .contains(&b"Boot".to_vec())
    );
}

#[test]
fn a_number_of_a_made_store_is_good_as_long_as_it_is_the_same() {
    let world = bare();
    let server = booted(&world, UEFI, "images/x/EFI/Boot/bootx64.efi");
    let (found, belief) = world.look(&server, b"Boot/BCD").unwrap();
    assert_eq!(belief, Belief::Never);
    assert_eq!(world.tree().opens(found.id, &server), Choosing::Nothing);
    let bytes = world.read(&server, b"Boot/BCD").unwrap();
    for _ in 0..40 {
        // What is only held for a moment is pushed out by others.
        for (name, _) in BARE {
            world.look(&server, name.as_bytes()).unwrap();
        }
    }
    world.tree().let_go();
    let again = world.tree().open(found.id).unwrap();
    let mut buffer = vec![0; bytes.len() + 1];
    assert_eq!(again.read_at(&mut buffer, 0).unwrap(), bytes.len());
    assert_eq!(&buffer[..bytes.len()], bytes);
    assert_eq!(again.read_at(&mut buffer, u64::MAX).unwrap(), 0);
    let (same, _) = world.look(&server, b"Boot/BCD").unwrap();
    assert_eq!(same.id, found.id);
}

#[test]
fn a_server_of_several_clients_is_told_apart_or_gets_what_the_image_has() {
    let world = bare();
    booted(&world, BIOS, "pxeboot.n12");
    booted(&world, UEFI, "bootmgfw.efi");
    let both = Server::of(&[BIOS, UEFI]);
    let shared = world.read(&both, b"images/x/Boot/BCD").unwrap();
    assert_eq!(shared, world.read(&Nobody, b"images/x/Boot/BCD").unwrap());
    let one_each = both.serving_one();
    let refused = world.read(&one_each, b"images/x/Boot/BCD");
    assert!(matches!(refused, Err(Error::Undecided)), "{refused:?}");
    let alike = Server::of(&[UEFI, UEFI]).serving_one();
    let known = world.read(&alike, b"images/x/Boot/BCD").unwrap();
    assert_eq!(
        known,
        world.read(&Server::of(&[UEFI]), b"Boot/BCD").unwrap()
    );
}

#[test]
fn only_the_base_has_its_store_as_ever() {
    let world = World::new().base(&[("Boot/BCD", "old"), ("sources/boot.wim", "wim")]);
    assert_eq!(world.read(&Nobody, b"Boot/BCD").unwrap(), b"old");
}
