//! The numbers the kernel holds: one for a file, one a spelling for a folder, counted.

use std::hash::{Hash, Hasher};

use winbootfs::nodes::{Nodes, Place, ROOT};
use winbootfs::tree::Asking;

use crate::common::world::{Nobody, Serving, World};

/// Something to number; its hash says nothing where it collides.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Thing {
    what: &'static str,
    is_file: bool,
    collides: bool,
}

impl Hash for Thing {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if !self.collides {
            self.what.hash(state);
        }
    }
}

impl Place for Thing {
    fn is_one_for_all(&self) -> bool {
        self.is_file
    }
}

fn file(what: &'static str) -> Thing {
    thing(what, true, false)
}

fn folder(what: &'static str) -> Thing {
    thing(what, false, false)
}

fn thing(what: &'static str, is_file: bool, collides: bool) -> Thing {
    Thing {
        what,
        is_file,
        collides,
    }
}

fn table() -> Nodes<Thing> {
    Nodes::new(folder("root"))
}

#[test]
fn a_file_has_one_number_under_all_names() {
    let nodes = table();
    let id = nodes.admit(ROOT, b"BCD", file("bcd"));
    assert_eq!(nodes.admit(ROOT, b"bcd", file("bcd")), id);
    assert_eq!(nodes.admit(77, b"\\Boot\\BCD", file("bcd")), id);
    assert_ne!(nodes.admit(ROOT, b"BCD", file("another")), id);
    assert_eq!(nodes.place(id), Some(file("bcd")));
    assert_eq!(nodes.len(), 2);
}

#[test]
fn a_folder_has_a_number_for_each_parent_and_spelling() {
    let nodes = table();
    let ids = [
        nodes.admit(ROOT, b"Boot", folder("boot")),
        nodes.admit(ROOT, b"boot", folder("boot")),
        nodes.admit(77, b"Boot", folder("boot")),
        nodes.admit(ROOT, b"Boot", folder("another boot")),
    ];
    for (at, id) in ids.iter().enumerate() {
        assert!(!ids[..at].contains(id), "{ids:?}");
    }
    assert_eq!(nodes.admit(ROOT, b"Boot", folder("boot")), ids[0]);
    assert_eq!(nodes.len(), 4);
}

#[test]
fn what_was_looked_up_twice_must_be_given_back_twice() {
    let nodes = table();
    let id = nodes.admit(ROOT, b"a", file("a"));
    nodes.admit(ROOT, b"A", file("a"));
    nodes.forget(id, 1);
    assert_eq!(nodes.place(id), Some(file("a")));
    nodes.forget(id, 1);
    assert_eq!(nodes.place(id), None);
    assert!(nodes.is_empty());
}

#[test]
fn many_are_given_back_at_once_and_never_more_than_there_are() {
    let nodes = table();
    let ids: Vec<u64> = (0..5).map(|_| nodes.admit(ROOT, b"a", file("a"))).collect();
    nodes.forget(ids[0], 4);
    assert_eq!(nodes.len(), 1);
    nodes.forget(ids[0], 400);
    assert_eq!(nodes.len(), 0);
    nodes.forget(ids[0], 1);
    nodes.forget(ROOT, 1_000);
    nodes.forget(4711, 1);
    assert!(nodes.place(ROOT).is_some());
}

#[test]
fn a_number_is_the_same_again_after_it_was_forgotten_and_in_another_table() {
    let nodes = table();
    let id = nodes.admit(ROOT, b"a", file("a"));
    nodes.forget(id, 1);
    nodes.admit(ROOT, b"b", file("b"));
    assert_eq!(nodes.admit(ROOT, b"a", file("a")), id);
    assert_eq!(table().admit(9, b"elsewhere", file("a")), id);
}

/// The kernel gives spellings of folders back by itself only when memory is short.
#[test]
fn the_oldest_spellings_of_folders_are_named_once_there_are_too_many() {
    let nodes = table();
    let name = |at: u32| at.to_string().into_bytes();
    let spellings = (0..100_000)
        .find(|at| {
            nodes.admit(ROOT, &name(*at), folder("boot"));
            nodes.is_crowded()
        })
        .expect("never too many");
    let oldest = nodes.oldest_folders();
    let named: Vec<_> = oldest.iter().map(|(_, name)| name.to_vec()).collect();
    let first: Vec<_> = (0..u32::try_from(named.len()).unwrap()).map(name).collect();
    assert_eq!(named, first);
    assert!(oldest.iter().all(|(parent, _)| *parent == ROOT));
    assert!(!named.is_empty() && named.len() < spellings as usize / 2);
    assert!(!nodes.is_crowded());
    assert!(nodes.oldest_folders().is_empty(), "named twice");
    assert_eq!(
        nodes.len(),
        spellings as usize + 1,
        "naming is not forgetting"
    );
}

#[test]
fn files_and_folders_given_back_make_no_crowd() {
    let nodes = table();
    for at in 0..100_000_u32 {
        let name = at.to_string().into_bytes();
        nodes.admit(ROOT, &name, file("boot.wim"));
    }
    assert!(!nodes.is_crowded());
    assert!(nodes.oldest_folders().is_empty());
    for at in 0..100_000_u32 {
        let name = at.to_string().into_bytes();
        let id = nodes.admit(ROOT, &name, folder("boot"));
        nodes.forget(id, 1);
        let named = nodes.is_crowded().then(|| nodes.oldest_folders());
        assert!(named.unwrap_or_default().is_empty(), "it was given back");
    }
    assert_eq!(nodes.len(), 1);
}

#[test]
fn numbers_are_neither_nothing_nor_the_root_nor_negative() {
    let nodes = table();
    for what in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        for thing in [file(what), folder(what)] {
            let id = nodes.admit(ROOT, b"n", thing);
            assert!(id > ROOT && i64::try_from(id).is_ok(), "{id}");
        }
    }
}

#[test]
fn what_meets_the_hash_of_another_gets_a_number_of_its_own() {
    let nodes = table();
    let names = ["a", "b", "c", "d"];
    let ids = names.map(|name| nodes.admit(ROOT, b"n", thing(name, true, true)));
    assert_eq!(nodes.len(), names.len());
    for (name, id) in names.iter().zip(ids) {
        assert_eq!(nodes.place(id), Some(thing(name, true, true)));
        assert_eq!(nodes.admit(ROOT, b"N", thing(name, true, true)), id);
    }
    for id in ids {
        nodes.forget(id, 2);
    }
    assert!(nodes.is_empty());
}

/// The one that came first goes: what it pushed aside keeps its number, and whatever
/// number it gets besides means the same.
#[test]
fn a_number_holds_while_the_one_that_pushed_it_aside_is_forgotten() {
    let nodes = table();
    let (first, second) = (thing("a", true, true), thing("b", true, true));
    let pushing = nodes.admit(ROOT, b"n", first);
    let pushed = nodes.admit(ROOT, b"n", second.clone());
    nodes.forget(pushing, 1);
    assert_eq!(nodes.place(pushed), Some(second.clone()));
    let again = nodes.admit(ROOT, b"n", second.clone());
    assert_eq!(nodes.place(again), Some(second));
    nodes.forget(pushed, 1);
    nodes.forget(again, 1);
    assert!(nodes.is_empty());
}

fn world() -> World {
    World::new()
        .image("x", &[("Boot/BCD", "x"), ("boot.sdi", "sdi")])
        .image("y", &[("Boot/BCD", "y")])
        .base(&[("pxelinux.0", "menu")])
        .client("10.0.0.1", "x")
        .client("10.0.0.2", "x")
        .client("10.0.0.3", "y")
}

fn id(world: &World, who: &dyn Asking, path: &str) -> u64 {
    world.look(who, path.as_bytes()).unwrap().0.id
}

#[test]
fn a_file_of_an_image_has_one_number_in_all_views_and_under_all_names() {
    let world = world();
    let bcd = id(&world, &Nobody, "images/x/Boot/BCD");
    for path in [
        r"images/X/\boot\bcd",
        "clients/10.0.0.1/Boot/BCD",
        "10.0.0.2/BOOT/BCD",
        "0A000001/Boot/BCD",
        "clients/10.0.0.3/images/x/Boot/BCD",
        "images/x/EFI/Microsoft/Boot/BCD", // an alias of it
    ] {
        assert_eq!(id(&world, &Nobody, path), bcd, "{path}");
    }
    assert_eq!(id(&world, &Serving(&["10.0.0.1"]), "Boot/BCD"), bcd);
    assert_eq!(id(&world, &Serving(&["10.0.0.2"]), r"\boot\bcd"), bcd);
    assert_ne!(id(&world, &Serving(&["10.0.0.3"]), "Boot/BCD"), bcd);
    assert_ne!(id(&world, &Nobody, "images/x/boot.sdi"), bcd);
}

#[test]
fn a_file_of_the_base_has_one_number_for_every_client() {
    let world = world();
    let menu = id(&world, &Nobody, "pxelinux.0");
    for client in ["10.0.0.1", "10.0.0.3", "10.0.0.99"] {
        assert_eq!(id(&world, &Serving(&[client]), "PXELINUX.0"), menu);
        assert_eq!(id(&world, &Nobody, &format!("{client}/pxelinux.0")), menu);
    }
}

#[test]
fn one_number_never_means_two_images() {
    let world = world();
    let boot = id(&world, &Serving(&["10.0.0.1"]), "Boot");
    assert_eq!(id(&world, &Serving(&["10.0.0.2"]), "Boot"), boot);
    assert_ne!(id(&world, &Serving(&["10.0.0.3"]), "Boot"), boot);
    assert_ne!(id(&world, &Serving(&["10.0.0.1"]), "boot"), boot);
}

/// The kernel may ask with any number at any time.
#[test]
fn a_number_that_was_given_back_is_no_node() {
    let world = world();
    let tree = world.tree();
    let bcd = id(&world, &Nobody, "images/x/Boot/BCD");
    tree.forget(bcd, 1);
    assert!(matches!(tree.open(bcd), Err(winbootfs::Error::NoNode)));
    assert!(matches!(
        tree.attributes(bcd),
        Err(winbootfs::Error::NoNode)
    ));
    let answer = tree.lookup(bcd, b"a", &Nobody);
    assert!(matches!(answer.found, Err(winbootfs::Error::NoNode)));
}
