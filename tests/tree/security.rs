//! Nothing outside a source is ever shown, and nothing that is not a file is opened.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use winbootfs::catalog::Surroundings;
use winbootfs::layer::Layer;
use winbootfs::source::dir::{DirSource, OwnMount};
use winbootfs::source::{Source, StoredPath};

use crate::common::skip;
use crate::common::world::{Nobody, Serving, World, surroundings};
use crate::events_promised;
use crate::live_world::{Live, in_both};
use crate::meanwhile::{meanwhile, until_enough};
use crate::said::{content, in_x, listed, said};

const SECRET: &str = "nobody may read this";

/// An image `x`, and beside its folder what must never be seen.
fn beside_a_secret() -> World {
    World::new()
        .image(
            "x",
            &[("Boot/BCD", "store"), ("in/file", "inside"), ("f", "f")],
        )
        .layer("outside", &[("secret", SECRET), ("Boot/BCD", SECRET)])
}

fn link(world: &World, name: &str, target: impl AsRef<Path>) {
    symlink(target, world.path("x").join(name)).unwrap();
}

/// What the source itself says is hidden in the root of `x`, with the reasons.
fn hidden(world: &World) -> Vec<(String, &'static str)> {
    let catalog = world.tree().catalog();
    let layer: &Layer = catalog.layers().next().unwrap();
    let folder = layer.folder(&StoredPath::root()).unwrap();
    let hidden = folder.hidden().iter();
    let mut hidden: Vec<_> = hidden
        .map(|hidden| {
            (
                String::from_utf8_lossy(&hidden.name).into_owned(),
                hidden.why,
            )
        })
        .collect();
    hidden.sort();
    hidden
}

#[test]
fn links_inside_a_source_are_followed() {
    let world = beside_a_secret();
    link(&world, "file-link", "in/file");
    link(&world, "folder-link", "in");
    link(&world, "chain", "file-link");
    link(&world, "in/up", "../f");
    link(&world, "roundabout", "in/../in/../f");
    for (name, wanted) in [
        ("FILE-LINK", "inside"),
        (r"\Folder-Link\FILE", "inside"),
        ("chain", "inside"),
        ("in/UP", "f"),
        ("folder-link/up", "f"),
        ("roundabout", "f"),
    ] {
        assert_eq!(in_x(&world, name), wanted, "{name}");
    }
    assert_eq!(
        listed(&world, &Nobody, "images/x/folder-link"),
        ["file", "up"]
    );
    assert_eq!(hidden(&world), []);
}

#[test]
fn links_that_leave_or_lead_nowhere_are_not_there() {
    for surroundings in [surroundings(), events_promised()] {
        let world = beside_a_secret();
        let leaves = "is a link that leaves its source";
        let secret = world.path("outside/secret");
        link(&world, "absolute", &secret);
        link(&world, "absolute-inside", world.path("x/f"));
        link(&world, "relative", "../outside/secret");
        link(&world, "folder", "../outside");
        link(&world, "parent", "..");
        link(&world, "up-and-back", "../x/f");
        link(
            &world,
            "proc",
            format!("/proc/self/cwd{}", secret.display()),
        );
        link(&world, "root", "/");
        link(&world, "dangling", "nothing");
        link(&world, "itself", "itself");
        link(&world, "circle-a", "circle-b");
        link(&world, "circle-b", "circle-a");
        link(&world, "here", ".");
        link(&world, "in/above", "..");
        link(&world, "in/deeper", "../in");
        let world = world.surrounded(&surroundings);
        let names = listed(&world, &Nobody, "images/x");
        let plain = names
            .iter()
            .filter(|name| !["EFI", "BCD"].contains(&name.as_str()));
        assert_eq!(plain.collect::<Vec<_>>(), ["Boot", "f", "in"]);
        assert_eq!(listed(&world, &Nobody, "images/x/in"), ["file"]);
        for name in [
            "absolute",
            "absolute-inside",
            "relative",
            "folder",
            "folder/secret",
            "parent",
            "parent/outside/secret",
            r"parent\outside\secret",
            "up-and-back",
            "proc",
            "root",
            "root/etc/passwd",
            "dangling",
            "itself",
            "circle-a",
            "circle-b",
            "here",
            "here/f",
            "in/above",
            "in/above/f",
            "in/deeper/file",
        ] {
            assert_eq!(in_x(&world, name), "<NotFound>", "{name}");
        }
        let circle = "is a link to a folder above itself";
        assert_eq!(
            hidden(&world),
            [
                ("absolute", leaves),
                ("absolute-inside", leaves),
                ("circle-a", "is a link to itself"),
                ("circle-b", "is a link to itself"),
                ("dangling", "is a link to nothing"),
                ("folder", leaves),
                ("here", circle),
                ("itself", "is a link to itself"),
                ("parent", leaves),
                ("proc", leaves),
                ("relative", leaves),
                ("root", leaves),
                ("up-and-back", leaves),
            ]
            .map(|(name, why)| (name.to_owned(), why))
        );
    }
}

/// Two folders with a link to each other: a walk through all of it must come to an end.
#[test]
fn two_links_that_make_a_circle_have_an_end() {
    let world = World::new().image("x", &[("a/f", "a"), ("b/g", "b")]);
    link(&world, "a/to-b", "../b");
    link(&world, "b/to-a", "../a");
    assert_eq!(in_x(&world, "a/to-b/g"), "b");
    assert_eq!(in_x(&world, "b/to-a/f"), "a");
    let mut folders = vec!["images/x".to_owned()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        seen += 1;
        assert!(seen < 100, "no end: {folder}");
        for name in listed(&world, &Nobody, &folder) {
            let path = format!("{folder}/{name}");
            let (found, _) = world.look(&Nobody, path.as_bytes()).unwrap();
            if found.attributes.is_folder {
                folders.push(path);
            }
        }
    }
}

/// A link is looked through again each time: where it leads may change without a trace
/// in the folder that holds it.
#[test]
fn a_link_follows_its_target() {
    let linked = || {
        let world = beside_a_secret();
        link(&world, "late", "in/later");
        link(&world, "kind", "in/kind");
        world.put("x/in/kind", b"a file");
        world
    };
    let lists_late = |world: &World| {
        let names = listed(world, &Nobody, "images/x");
        names.contains(&"late".to_owned())
    };
    in_both(linked, |world| {
        assert_eq!(in_x(world, "late"), "<NotFound>");
        assert_eq!(in_x(world, "kind"), "a file");
        world.put("x/in/later", b"here now");
        fs::remove_file(world.path("x/in/kind")).unwrap();
        world.put("x/in/kind/below", b"a folder now");
        world.becomes("LATE", "here now");
        world.becomes("kind/below", "a folder now");
        assert!(world.comes_to(lists_late));
        fs::remove_file(world.path("x/in/later")).unwrap();
        world.becomes("late", "<NotFound>");
        assert!(world.comes_to(|world| !lists_late(world)));
    });
}

#[test]
fn a_link_that_is_bent_outwards_while_held_leads_nowhere() {
    let world = beside_a_secret();
    link(&world, "link", "in");
    let world = Live::blind(world);
    let (held, _) = world.look(&Nobody, b"images/x/link").unwrap();
    let (file, _) = world.look(&Nobody, b"images/x/link/file").unwrap();
    fs::remove_file(world.path("x/link")).unwrap();
    link(&world, "link", "../outside");
    let answer = world.tree().lookup(held.id, b"secret", &Nobody);
    assert!(answer.found.is_err());
    assert!(world.tree().list(held.id, &Nobody).is_err());
    assert_eq!(said(content(&world, &file)), "inside");
    world.let_go();
    assert!(world.tree().open(file.id).is_err());
}

/// Opening a pipe waits for a writer, opening a device may rewind a tape.
#[test]
fn pipes_sockets_and_devices_are_neither_shown_nor_opened() {
    let world = beside_a_secret();
    let pipe = world.path("x/pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    let _socket = UnixListener::bind(world.path("x/socket")).unwrap();
    link(&world, "to-pipe", "pipe");
    let mut special = vec!["pipe", "socket", "to-pipe"];
    let zero = rustix::fs::makedev(1, 5);
    let device = world.path("x/device");
    match mknodat(
        CWD,
        &device,
        FileType::CharacterDevice,
        Mode::from_raw_mode(0o644),
        zero,
    ) {
        Ok(()) => special.push("device"),
        Err(_) => skip::skip("no right to make a device: only pipes and sockets were tried"),
    }
    for name in &special {
        assert_eq!(in_x(&world, name), "<NotFound>", "{name}");
        assert_eq!(in_x(&world, &name.to_uppercase()), "<NotFound>", "{name}");
    }
    let names = listed(&world, &Nobody, "images/x");
    assert!(
        !names.iter().any(|name| special.contains(&name.as_str())),
        "{names:?}"
    );
    let hidden: Vec<_> = hidden(&world).into_iter().map(|(name, _)| name).collect();
    special.sort_unstable();
    assert_eq!(hidden, special);
}

#[test]
fn a_file_that_became_a_pipe_is_not_opened() {
    let world = Live::blind(beside_a_secret());
    let (found, _) = world.look(&Nobody, b"images/x/f").unwrap();
    fs::remove_file(world.path("x/f")).unwrap();
    let pipe = world.path("x/f");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    // Would never return if the pipe were opened; the file is still in hand at first.
    assert_eq!(said(content(&world, &found)), "f");
    world.let_go();
    assert!(world.tree().open(found.id).is_err());
    assert_eq!(in_x(&world, "f"), "<NotFound>");
}

/// The source of an image or a base may contain the mountpoint. Following it in would
/// make the daemon wait for itself.
#[test]
fn our_own_mount_is_no_part_of_a_source() {
    let Some(inner) = ["/dev/shm", "/dev/pts"]
        .map(Path::new)
        .into_iter()
        .find(is_a_mount)
    else {
        skip::skip("no file system is mounted below /dev: our own mount cannot be played");
        return;
    };
    let name = inner.file_name().unwrap().as_encoded_bytes();
    let own_mount = Arc::new(OwnMount::default());
    let source = DirSource::open(Path::new("/dev"), own_mount.clone(), false).unwrap();
    let path = StoredPath::root().join(name);
    let shows = || {
        let listing = source.list(&StoredPath::root()).unwrap();
        listing.entries.iter().any(|entry| *entry.name == *name)
    };
    assert!(source.look(&path).is_ok() && shows(), "before it is up");
    own_mount.is_up(fs::metadata(inner).unwrap().dev());
    let error = source.look(&path).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
    assert!(source.list(&path).is_err());
    assert!(!shows());
    let listing = source.list(&StoredPath::root()).unwrap();
    let why = listing
        .hidden
        .iter()
        .find(|hidden| *hidden.name == *name)
        .unwrap()
        .why;
    assert_eq!(why, "is where winbootfs itself is mounted");
}

fn is_a_mount(path: &&Path) -> bool {
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    let inner = device(path);
    inner.is_some() && inner != device(Path::new("/dev"))
}

/// The base may be the mountpoint itself: it is reached from before the mount.
#[test]
fn a_source_at_or_below_the_mountpoint_is_reached_beneath_it() {
    let world = World::new()
        .base(&[("f", "base"), ("images-of-ours/y/g", "y")])
        .line("[image.y]\nsource = \"base/images-of-ours/y\"");
    let own_mount = Arc::new(OwnMount::at(&world.path("base")).unwrap());
    let world = world.surrounded(&Surroundings {
        own_mount,
        ..surroundings()
    });
    assert_eq!(said(world.read(&Nobody, b"F")), "base");
    assert_eq!(said(world.read(&Nobody, b"images/y/G")), "y");
    // The way there is the descriptor, so what now has the name is not asked.
    fs::rename(world.path("base"), world.path("covered")).unwrap();
    world.put("base/F", SECRET.as_bytes());
    assert_eq!(said(world.read(&Nobody, b"F")), "base");
    assert_eq!(said(world.read(&Nobody, b"images/y/G")), "y");
}

/// Folders are renamed, and exchanged for links that lead out, while others walk.
#[test]
fn renaming_under_a_running_walk_never_leads_outside() {
    let world = World::new()
        .image("x", &[("a/b/file", "inside"), ("spare/b/file", "inside")])
        .layer("outside", &[("b/file", SECRET), ("file", SECRET)])
        .client("10.0.0.1", "x");
    symlink("../outside", world.path("x/out")).unwrap();
    symlink("../../outside", world.path("x/spare/out")).unwrap();
    world.tree();
    let exchange = |one: &str, other: &str| {
        let flags = RenameFlags::EXCHANGE;
        renameat_with(CWD, world.path(one), CWD, world.path(other), flags).unwrap();
    };
    let rename_folders = || {
        exchange("x/a", "x/out");
        exchange("x/a", "x/out");
        exchange("x/a/b", "x/spare/out");
        exchange("x/a/b", "x/spare/out");
        // Out of the source and back, with somebody perhaps inside.
        fs::rename(world.path("x/a"), world.path("moved")).unwrap();
        fs::rename(world.path("moved"), world.path("x/a")).unwrap();
    };
    let read = |round: usize| match round % 3 {
        0 => world.read_in_image("x", br"A\B\FILE"),
        1 => world.read_in_image("x", b"a/B/file"),
        _ => world.read(&Serving(&["10.0.0.1"]), br"\a\b\file"),
    };
    let is_inside = |round: usize| {
        let answer = said(read(round));
        assert_ne!(answer, SECRET, "outside was read in round {round}");
        answer == "inside"
    };
    meanwhile(rename_folders, || until_enough(100, 3_000, is_inside));
}
