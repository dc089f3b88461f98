//! Changes on the disk while the tree is in use, where nothing tells of them and where
//! events do. What only an event can do is in `events.rs`.

use std::fs;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use winbootfs::Error;
use winbootfs::catalog::{Catalog, Surroundings};
use winbootfs::config::Config;
use winbootfs::tree::{Admitted, Tree};

use crate::common::world::{Nobody, Serving, World, surroundings};
use crate::live_world::in_both;
use crate::meanwhile::{meanwhile, until_enough};
use crate::said::{asked, content, in_x, listed, refusal, said};

fn small() -> World {
    World::new().image(
        "x",
        &[
            ("Boot/BCD", "old"),
            ("Boot/other", "other"),
            ("a/b/c", "deep"),
        ],
    )
}

fn look(world: &World, path: &str) -> Admitted {
    world.look(&Nobody, path.as_bytes()).unwrap().0
}

#[test]
fn an_added_file_or_folder_is_found_at_once() {
    in_both(small, |world| {
        for name in ["Boot/NEW", "new/er/file", "a/b/d"] {
            assert_eq!(in_x(world, name), "<NotFound>");
        }
        world.put("x/Boot/new", b"1");
        world.put("x/NEW/er/file", b"2");
        world.put("x/a/b/D", b"3");
        world.becomes("Boot/NEW", "1");
        world.becomes(r"\new\er\FILE", "2");
        world.becomes("a/b/d", "3");
        assert_eq!(listed(world, &Nobody, "images/x/a/b"), ["D", "c"]);
    });
}

#[test]
fn a_removed_file_or_folder_is_gone_at_once() {
    in_both(small, |world| {
        assert_eq!(in_x(world, "boot/bcd"), "old");
        assert_eq!(in_x(world, "a/b/c"), "deep");
        let folder = look(world, "images/x/a/b");
        fs::remove_file(world.path("x/Boot/BCD")).unwrap();
        fs::remove_dir_all(world.path("x/a")).unwrap();
        world.becomes("boot/bcd", "<NotFound>");
        world.becomes("a/b/c", "<NotFound>");
        assert!(world.comes_to(|world| world.tree().attributes(folder.id).is_err()));
        assert!(world.tree().list(folder.id, &Nobody).is_err());
        let answer = world.tree().lookup(folder.id, b"c", &Nobody);
        assert_eq!(refusal(&answer.found.unwrap_err()), "<NotFound>");
        assert_eq!(listed(world, &Nobody, "images/x/Boot"), ["other"]);
    });
}

#[test]
fn a_removed_winner_leaves_its_place_to_the_next() {
    let twins = || World::new().image("x", &[("BCD", "upper"), ("Bcd", "mixed")]);
    in_both(twins, |world| {
        assert_eq!(in_x(world, "bcd"), "upper");
        fs::remove_file(world.path("x/BCD")).unwrap();
        world.becomes("bcd", "mixed");
        world.becomes("BCD", "mixed");
    });
}

#[test]
fn a_file_becomes_a_folder_and_a_folder_a_file() {
    in_both(small, |world| {
        assert_eq!(in_x(world, "boot/bcd"), "old");
        fs::remove_dir_all(world.path("x/Boot")).unwrap();
        world.put("x/Boot", b"now a file");
        world.becomes("boot", "now a file");
        fs::remove_file(world.path("x/Boot")).unwrap();
        world.put("x/Boot/BCD", b"a folder again");
        world.becomes("boot/bcd", "a folder again");
    });
}

#[test]
fn a_folder_that_was_swapped_for_another_shows_the_other() {
    in_both(small, |world| {
        assert_eq!(in_x(world, "boot/bcd"), "old");
        world.put("fresh/bcd", b"new");
        fs::rename(world.path("x/Boot"), world.path("x/Boot.bak")).unwrap();
        fs::rename(world.path("fresh"), world.path("x/Boot")).unwrap();
        world.becomes(r"\Boot\BCD", "new");
        world.becomes(r"\Boot.bak\bcd", "old");
    });
}

#[test]
fn a_replaced_file_gets_a_new_number_and_the_old_one_opens_nothing() {
    in_both(small, |world| {
        let old = look(world, "images/x/Boot/BCD");
        assert_eq!(look(world, "images/x/Boot/bcd").id, old.id);
        world.put("x/Boot/BCD", b"new and longer");
        // Looked up just now, so still in hand: all of the old.
        assert_eq!(said(content(world, &old)), "old");
        world.let_go();
        assert!(matches!(world.tree().open(old.id), Err(Error::Replaced)));
        world.becomes("Boot/BCD", "new and longer");
        let new = look(world, "images/x/Boot/BCD");
        assert_ne!(new.id, old.id);
        assert_eq!(new.attributes.size, 14);
        assert_eq!(said(content(world, &new)), "new and longer");
    });
}

/// The same length and the same time: only the file itself is another.
#[test]
fn a_file_replaced_by_its_twin_in_size_and_time_is_another_file() {
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let dated = || {
        let world = small();
        date(&world, "x/Boot/BCD", then);
        world
    };
    in_both(dated, |world| {
        let old = look(world, "images/x/Boot/BCD");
        world.put("x/twin", b"new");
        date(world, "x/twin", then);
        fs::rename(world.path("x/twin"), world.path("x/Boot/BCD")).unwrap();
        world.let_go();
        assert!(matches!(world.tree().open(old.id), Err(Error::Replaced)));
        let new = look(world, "images/x/Boot/BCD");
        assert_ne!(new.id, old.id);
        assert_eq!(new.attributes, old.attributes);
        assert_eq!(said(content(world, &new)), "new");
    });
}

#[test]
fn a_file_that_was_opened_keeps_its_bytes_when_it_is_replaced_or_removed() {
    in_both(small, |world| {
        for path in ["Boot/BCD", "a/b/c"] {
            let found = look(world, &format!("images/x/{path}"));
            let file = world.tree().open(found.id).unwrap();
            let before = in_x(world, path);
            world.put(&format!("x/{path}"), b"something else, and longer");
            fs::remove_file(world.path(&format!("x/{path}"))).unwrap();
            let mut bytes = [0; 64];
            let count = file.read_at(&mut bytes, 0).unwrap();
            assert_eq!(&bytes[..count], before.as_bytes());
            world.becomes(path, "<NotFound>");
        }
    });
}

fn date(world: &World, path: &str, time: SystemTime) {
    let file = fs::File::options()
        .write(true)
        .open(world.path(path))
        .unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn a_file_written_in_place_while_open_is_an_error() {
    in_both(small, |world| {
        // Long ago, so that the write shows in the time whatever the clock's tick.
        date(world, "x/Boot/BCD", SystemTime::UNIX_EPOCH);
        let found = look(world, "images/x/Boot/BCD");
        let file = world.tree().open(found.id).unwrap();
        let mut bytes = [0; 3];
        assert_eq!(file.read_at(&mut bytes, 0).unwrap(), 3);
        fs::write(world.path("x/Boot/BCD"), "new").unwrap();
        let error = file.read_at(&mut bytes, 0).unwrap_err();
        assert!(matches!(Error::from(error), Error::Replaced));
        assert!(matches!(world.tree().open(found.id), Err(Error::Replaced)));
        let now = look(world, "images/x/Boot/BCD");
        assert_ne!(now.id, found.id);
        assert_eq!(said(content(world, &now)), "new");
    });
}

#[test]
fn the_attributes_of_a_number_are_those_of_its_version() {
    in_both(small, |world| {
        let old = look(world, "images/x/Boot/BCD");
        world.put("x/Boot/BCD", b"longer than before");
        assert_eq!(world.tree().attributes(old.id).unwrap(), old.attributes);
    });
}

#[test]
fn reading_at_any_offset() {
    let world = small();
    let found = look(&world, "images/x/a/b/c");
    let file = world.tree().open(found.id).unwrap();
    for (offset, length, wanted) in [
        (0, 4, "deep"),
        (1, 2, "ee"),
        (3, 9, "p"),
        (4, 9, ""),
        (1 << 40, 9, ""),
    ] {
        let mut bytes = vec![0; length];
        let count = file.read_at(&mut bytes, offset).unwrap();
        assert_eq!(&bytes[..count], wanted.as_bytes(), "{offset}");
    }
}

/// Each content is one letter, and each letter has a length of its own.
fn content_of(round: usize) -> Vec<u8> {
    let letter = b'a' + u8::try_from(round % 26).unwrap();
    vec![letter; 20_000 + 1_000 * (round % 26)]
}

/// Reads a file as a server does, in pieces; `None` where it was told to ask again.
fn transfer(world: &World) -> Option<Vec<u8>> {
    let found = world.look(&Nobody, b"images/x/boot.wim").ok()?.0;
    let file = match world.tree().open(found.id) {
        Ok(file) => file,
        Err(Error::Replaced | Error::NotFound) => return None,
        Err(error) => panic!("{error}"),
    };
    let mut all = Vec::new();
    let mut piece = [0; 1_456];
    loop {
        match file.read_at(&mut piece, all.len() as u64) {
            Ok(0) => break,
            Ok(count) => all.extend_from_slice(&piece[..count]),
            Err(error) if error.raw_os_error() == Some(libc::ESTALE) => return None,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(
        all.len() as u64,
        found.attributes.size,
        "not the size that was told"
    );
    Some(all)
}

#[test]
fn who_reads_while_a_file_is_replaced_gets_all_of_one_version() {
    let world = World::new().image("x", &[("boot.wim", content_of(0))]);
    world.tree();
    let mut round = 0;
    let replace = || {
        round += 1;
        world.put("x/boot.wim", &content_of(round));
    };
    let is_whole = |_| {
        let bytes = transfer(&world);
        let pure = |bytes: &Vec<u8>| bytes.iter().all(|byte| *byte == bytes[0]);
        assert!(bytes.as_ref().is_none_or(pure), "a mixture");
        bytes.is_some()
    };
    meanwhile(replace, || until_enough(100, 300, is_whole));
}

/// Opened before the writing began, read all the while: old bytes, then an error.
#[test]
fn who_reads_while_a_file_is_written_in_place_gets_old_bytes_or_an_error() {
    let size = 4 << 20;
    let world = World::new().image("x", &[("boot.wim", vec![b'o'; size])]);
    date(&world, "x/boot.wim", SystemTime::UNIX_EPOCH);
    let found = look(&world, "images/x/boot.wim");
    let file = world.tree().open(found.id).unwrap();
    let raw = fs::File::options()
        .write(true)
        .open(world.path("x/boot.wim"))
        .unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for at in (0..size as u64).step_by(4_096) {
                raw.write_all_at(&[b'n'; 4_096], at).unwrap();
            }
        });
        let mut piece = vec![0; 8_192];
        let mut offset = 0;
        while let Ok(count) = file.read_at(&mut piece, offset) {
            assert!(piece[..count].iter().all(|byte| *byte == b'o'), "new bytes");
            offset = (offset + 8_192) % (size as u64);
        }
    });
    assert!(
        file.read_at(&mut [0; 16], 0).is_err(),
        "once wrong, always wrong"
    );
}

#[test]
fn a_source_that_goes_away_is_a_fault_and_comes_back() {
    in_both(small, |world| {
        assert_eq!(in_x(world, "boot/bcd"), "old");
        let held = look(world, "images/x/Boot");
        let catalog = world.tree().catalog();
        assert!(!catalog.renew(), "nothing happened yet");
        fs::rename(world.path("x"), world.path("away")).unwrap();
        assert!(catalog.renew());
        assert!(!catalog.renew());
        // A fault and not an absent name: nobody may believe that there is no BCD.
        assert_eq!(
            in_x(world, "boot/bcd"),
            format!("<Source(Some({}))>", libc::EIO)
        );
        assert!(matches!(
            world.tree().attributes(held.id),
            Err(Error::Source(_))
        ));
        world.put("x/BOOT/bcd", b"another source");
        assert!(catalog.renew());
        assert_eq!(in_x(world, "boot/bcd"), "another source");
        assert!(world.tree().attributes(held.id).unwrap().is_folder);
    });
}

#[test]
fn a_source_that_was_replaced_as_a_whole_is_noticed() {
    in_both(small, |world| {
        assert_eq!(in_x(world, "boot/bcd"), "old");
        world.put("fresh/Boot/BCD", b"new");
        fs::rename(world.path("x"), world.path("away")).unwrap();
        fs::rename(world.path("fresh"), world.path("x")).unwrap();
        assert!(world.tree().catalog().renew());
        assert_eq!(in_x(world, "boot/bcd"), "new");
    });
}

/// One image with a fault must not take the others down.
#[test]
fn a_source_that_went_away_is_no_fault_of_the_other_images() {
    let world = small()
        .image("y", &[("f", "y")])
        .client("10.0.0.1", "x")
        .client("10.0.0.2", "y");
    world.tree();
    fs::rename(world.path("x"), world.path("away")).unwrap();
    world.tree().catalog().renew();
    assert_eq!(asked(&world, &Nobody, "images/y/f"), "y");
    assert_eq!(asked(&world, &Serving(&["10.0.0.2"]), "f"), "y");
    assert!(asked(&world, &Serving(&["10.0.0.1"]), "f").starts_with("<Source"));
}

/// The tree of a world after its configuration was replaced by this text.
fn reload(world: &World, surroundings: &Surroundings, text: &str) -> Arc<Tree> {
    let tree = world.tree();
    let config = Config::parse(text, &world.path("mounts.toml")).unwrap();
    let before = tree.catalog();
    tree.replace(Catalog::open(config, &[], surroundings, Some(&before)).unwrap());
    tree.clone()
}

#[test]
fn numbers_that_the_kernel_holds_follow_a_new_configuration() {
    let world = small()
        .layer("other", &[("BOOT/bcd", "other")])
        .client("10.0.0.1", "x");
    let image = look(&world, "images/x");
    let boot = look(&world, "images/x/Boot");
    let client = look(&world, "clients/10.0.0.1");
    let tree = reload(
        &world,
        &surroundings(),
        "[image.x]\nsource = \"other\"\n[image.y]\nsource = \"x\"\n\
         [[client]]\nmatch = \"10.0.0.1\"\nimage = \"y\"",
    );
    let read = |parent: u64, name: &str| {
        let found = tree.lookup(parent, name.as_bytes(), &Nobody).found;
        said(found.and_then(|found| content(&world, &found)))
    };
    assert_eq!(read(image.id, r"Boot\BCD"), "other");
    assert_eq!(read(boot.id, "BCD"), "other");
    assert_eq!(read(client.id, r"Boot\BCD"), "old");
    assert_eq!(
        read(winbootfs::nodes::ROOT, r"clients\10.0.0.1\boot\bcd"),
        "old"
    );
    assert_eq!(listed(&world, &Nobody, "images"), ["x", "y"]);
}

#[test]
fn an_image_that_is_no_more_shows_nothing_under_the_numbers_still_held() {
    let world = small().image("y", &[("f", "y")]).default_image("y");
    let image = look(&world, "images/x");
    let boot = look(&world, "images/x/Boot");
    let open = world
        .tree()
        .open(look(&world, "images/x/Boot/BCD").id)
        .unwrap();
    let tree = reload(&world, &surroundings(), "[image.y]\nsource = \"y\"");
    for (parent, name) in [(image.id, "Boot"), (boot.id, "BCD")] {
        let answer = tree.lookup(parent, name.as_bytes(), &Nobody).found;
        assert!(matches!(answer, Err(Error::NotFound)), "{name}");
    }
    assert_eq!(asked(&world, &Nobody, "images/x/Boot/BCD"), "<NotFound>");
    // A transfer under way ends as it began.
    let mut bytes = [0; 3];
    open.read_at(&mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"old");
}

#[test]
fn what_is_the_same_after_a_reload_keeps_its_layers_and_its_numbers() {
    let world = small().image("y", &[("f", "y")]);
    let number = look(&world, "images/x/Boot/BCD").id;
    let before = world.tree().catalog();
    let text = world.config_text() + "[image.z]\nsource = [\"y\", \"x\"]\n";
    let tree = reload(&world, &surroundings(), &text);
    let after = tree.catalog();
    let layers = |catalog: &Catalog, image: &str| {
        let name = winbootfs::name::fold(image.as_bytes());
        catalog.image(&name).unwrap().1.layers().to_vec()
    };
    for image in ["x", "y"] {
        let (before, after) = (layers(&before, image), layers(&after, image));
        assert!(Arc::ptr_eq(&before[0], &after[0]), "{image}");
    }
    assert!(Arc::ptr_eq(
        &layers(&after, "z")[1],
        &layers(&before, "x")[0]
    ));
    // Each with what is inside its boot.wim.
    assert_eq!(after.layers().count(), 4);
    assert_eq!(look(&world, "images/x/Boot/BCD").id, number);
    assert_eq!(after.since(), before.since());
}

#[test]
fn a_layer_that_polls_now_is_another_layer() {
    let world = small();
    let before = world.tree().catalog();
    let tree = reload(
        &world,
        &surroundings(),
        "[image.x]\nsource = \"x\"\npoll = true",
    );
    let (before, after) = (before.layers().next().unwrap().clone(), tree.catalog());
    assert!(!Arc::ptr_eq(&before, after.layers().next().unwrap()));
}

#[test]
fn a_configuration_with_a_missing_source_is_refused() {
    let world = small();
    let before = world.tree().catalog();
    let config = Config::parse("[image.x]\nsource = \"gone\"", &world.path("mounts.toml"));
    assert!(Catalog::open(config.unwrap(), &[], &surroundings(), Some(&before)).is_err());
}
