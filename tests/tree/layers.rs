//! Layers over each other and an image over the base: who wins, what merges, what is
//! listed.

use std::fs;

use crate::common::world::{Nobody, Serving, World};
use crate::said::{asked, in_x, listed};

/// An image `x` of the layers `one` and `two`, in this order.
fn two_layers(one: &[(&str, &str)], two: &[(&str, &str)]) -> World {
    World::new()
        .layer("one", one)
        .layer("two", two)
        .line("[image.x]\nsource = [\"one\", \"two\"]")
}

/// An image over the base, for whoever asks.
fn over_base(image: &[(&str, &str)], base: &[(&str, &str)]) -> World {
    World::new().image("x", image).base(base).default_image("x")
}

#[test]
fn the_first_layer_that_has_a_name_wins_whatever_its_spelling() {
    let world = two_layers(
        &[("bcd", "one"), ("boot/a", "one")],
        &[("BCD", "two"), ("Boot/A", "two"), ("boot.sdi", "two")],
    );
    for name in ["BCD", "bcd", "Bcd", "BOOT/A", "Boot/A", r"\Boot\A"] {
        assert_eq!(in_x(&world, name), "one", "{name}");
    }
    assert_eq!(in_x(&world, "BOOT.SDI"), "two");
}

#[test]
fn the_order_of_layers_is_that_of_the_configuration() {
    let world = World::new()
        .layer("a", &[("f", "a")])
        .layer("b", &[("f", "b")])
        .layer("c", &[("f", "c"), ("g", "c")])
        .line("[image.x]\nsource = [\"c\", \"b\", \"a\"]")
        .line("[image.y]\nsource = [\"b\", \"c\"]");
    assert_eq!(in_x(&world, "F"), "c");
    assert_eq!(asked(&world, &Nobody, "images/y/F"), "b");
    assert_eq!(asked(&world, &Nobody, "images/y/G"), "c");
}

#[test]
fn folders_of_all_layers_are_one_at_every_depth() {
    let world = two_layers(
        &[("Boot/Fonts/one.ttf", "one"), ("Boot/deep/er/x", "one")],
        &[
            ("BOOT/FONTS/two.ttf", "two"),
            ("BOOT/DEEP/Er/y", "two"),
            ("BOOT/z", "two"),
        ],
    );
    for (name, wanted) in [
        ("boot/fonts/ONE.ttf", "one"),
        ("boot/fonts/TWO.ttf", "two"),
        ("Boot/Deep/er/X", "one"),
        (r"\Boot\Deep\er\Y", "two"),
        ("BOOT/Z", "two"),
    ] {
        assert_eq!(in_x(&world, name), wanted, "{name}");
    }
    assert_eq!(
        listed(&world, &Nobody, "images/x/boot"),
        ["Fonts", "deep", "z"]
    );
    assert_eq!(
        listed(&world, &Nobody, "images/x/boot/fonts"),
        ["one.ttf", "two.ttf"]
    );
}

#[test]
fn a_file_hides_the_folder_of_a_later_layer() {
    let world = two_layers(&[("boot", "a file")], &[("Boot/bcd", "hidden")]);
    assert_eq!(in_x(&world, "Boot"), "a file");
    assert_eq!(in_x(&world, r"Boot\bcd"), "<NotFolder>");
    let top = listed(&world, &Nobody, "images/x");
    assert_eq!(top, ["boot"], "no other name leads to what is hidden");
}

#[test]
fn a_folder_hides_the_file_of_a_later_layer() {
    let world = two_layers(&[("boot/a", "one")], &[("BOOT", "hidden"), ("c", "two")]);
    let (found, _) = world.look(&Nobody, b"images/x/BOOT").unwrap();
    assert!(found.attributes.is_folder);
    assert_eq!(in_x(&world, "Boot/A"), "one");
    assert_eq!(listed(&world, &Nobody, "images/x"), ["boot", "c"]);
}

/// A file in the middle hides nothing of the folders around it.
#[test]
fn folders_merge_past_a_file_of_the_same_name() {
    let world = World::new()
        .layer("one", &[("boot/a", "one")])
        .layer("two", &[("boot", "hidden")])
        .layer("three", &[("Boot/b", "three")])
        .line("[image.x]\nsource = [\"one\", \"two\", \"three\"]");
    assert_eq!(in_x(&world, "boot/a"), "one");
    assert_eq!(in_x(&world, "boot/b"), "three");
}

#[test]
fn one_folder_twice_as_a_layer_shows_everything_once() {
    let world = World::new()
        .layer("one", &[("boot/a", "a")])
        .line("[image.x]\nsource = [\"one\", \"one\"]");
    assert_eq!(in_x(&world, "boot/A"), "a");
    assert_eq!(listed(&world, &Nobody, "images/x/boot"), ["a"]);
}

#[test]
fn an_image_lies_over_the_base() {
    let world = over_base(
        &[("Boot/BCD", "image"), ("hello", "image")],
        &[
            ("boot/bcd", "base"),
            ("BOOT/old.sdi", "base"),
            ("HELLO", "base"),
            ("pxelinux.0", "base"),
        ],
    );
    for (name, wanted) in [
        ("boot/bcd", "image"),
        (r"\Boot\BCD", "image"),
        ("HELLO", "image"),
        ("Boot/OLD.sdi", "base"),
        ("Pxelinux.0", "base"),
    ] {
        assert_eq!(asked(&world, &Nobody, name), wanted, "{name}");
    }
    assert_eq!(listed(&world, &Nobody, "Boot"), ["BCD", "old.sdi"]);
    let top = listed(&world, &Nobody, "");
    assert_eq!(
        top.iter()
            .filter(|name| name.eq_ignore_ascii_case("boot"))
            .count(),
        1
    );
    assert_eq!(
        top.iter()
            .filter(|name| name.eq_ignore_ascii_case("hello"))
            .count(),
        1
    );
}

#[test]
fn a_file_and_a_folder_hide_each_other_between_image_and_base_too() {
    let world = over_base(
        &[("a", "image"), ("B/x", "image")],
        &[("A/hidden", "base"), ("b", "base"), ("c/y", "base")],
    );
    assert_eq!(asked(&world, &Nobody, "A"), "image");
    assert_eq!(asked(&world, &Nobody, "A/hidden"), "<NotFolder>");
    assert!(world.look(&Nobody, b"b").unwrap().0.attributes.is_folder);
    assert_eq!(asked(&world, &Nobody, "b/X"), "image");
    assert_eq!(asked(&world, &Nobody, "C/y"), "base");
    assert_eq!(
        listed(&world, &Nobody, ""),
        ["B", "a", "c", "clients", "images"]
    );
}

/// An old store on the server must never hide that of the client's image.
#[test]
fn the_base_lies_beneath_the_aliases_of_the_image() {
    let world = over_base(
        &[
            ("EFI/Microsoft/Boot/BCD", "image"),
            ("fonts/a.ttf", "image"),
        ],
        &[
            ("Boot/BCD", "base"),
            ("bcd", "base"),
            ("Boot/Fonts/a.ttf", "base"),
            ("Boot/Fonts/b.ttf", "base"),
        ],
    );
    for (name, wanted) in [
        ("Boot/BCD", "image"),
        (r"\boot\bcd", "image"),
        ("bcd", "image"),
        ("boot/fonts/A.ttf", "image"),
        ("boot/fonts/B.ttf", "base"),
    ] {
        assert_eq!(asked(&world, &Nobody, name), wanted, "{name}");
    }
    assert_eq!(listed(&world, &Nobody, "Boot"), ["BCD", "Fonts"]);
    assert_eq!(listed(&world, &Nobody, "Boot/Fonts"), ["a.ttf", "b.ttf"]);
}

#[test]
fn the_base_is_there_for_clients_without_an_image_and_under_every_image() {
    let world = World::new()
        .image("x", &[("f", "x")])
        .base(&[("f", "base"), ("cfg/g", "base")])
        .client("10.0.0.1", "x");
    for (client, wanted) in [("10.0.0.1", "x"), ("10.0.0.2", "base")] {
        assert_eq!(asked(&world, &Serving(&[client]), "F"), wanted);
        assert_eq!(asked(&world, &Serving(&[client]), r"\cfg\G"), "base");
        assert_eq!(listed(&world, &Nobody, &format!("{client}/CFG")), ["g"]);
    }
}

#[test]
fn our_own_folders_come_before_those_of_the_same_name() {
    let world = World::new()
        .image("x", &[("Images/f", "of the image"), ("g", "x")])
        .base(&[("IMAGES/f", "base"), ("clients", "a file")])
        .default_image("x");
    for name in ["images/f", "IMAGES/f", "clients"] {
        assert!(asked(&world, &Nobody, name).starts_with('<'), "{name}");
    }
    assert_eq!(asked(&world, &Nobody, "Images/x/G"), "x");
    let top = listed(&world, &Nobody, "");
    let ours = top
        .iter()
        .filter(|name| ["images", "clients"].contains(&name.as_str()));
    assert_eq!(ours.count(), 2, "{top:?}");
    assert!(
        !top.iter().any(|name| name == "IMAGES" || name == "Images"),
        "{top:?}"
    );
    // By its name an image shows what it has.
    assert_eq!(asked(&world, &Nobody, "images/x/images/f"), "of the image");
}

#[test]
fn stored_spellings_are_listed_sorted_and_all_of_them() {
    let world = World::new().image(
        "x",
        &[("d/bcd", ""), ("d/BCD", ""), ("d/Zoo", ""), ("d/a", "")],
    );
    assert_eq!(
        listed(&world, &Nobody, "images/x/D"),
        ["BCD", "Zoo", "a", "bcd"]
    );
}

#[test]
fn a_collision_below_a_winner_is_not_listed() {
    let world = two_layers(
        &[("d/bcd", "")],
        &[("D/BCD", ""), ("D/Bcd", ""), ("D/e", "")],
    );
    assert_eq!(listed(&world, &Nobody, "images/x/d"), ["bcd", "e"]);
}

#[test]
fn images_are_listed_and_found_in_any_case() {
    let world = World::new()
        .image("Win11", &[("f", "win11")])
        .image("rescue", &[("f", "rescue")]);
    assert_eq!(listed(&world, &Nobody, "IMAGES"), ["Win11", "rescue"]);
    assert_eq!(asked(&world, &Nobody, r"Images\WIN11\F"), "win11");
    assert_eq!(asked(&world, &Nobody, "images/RESCUE/f"), "rescue");
}

#[test]
fn a_file_is_no_folder() {
    let world = over_base(&[("BCD", "store")], &[]);
    for name in ["BCD/x", r"BCD\x", r"\bcd\x\y"] {
        assert_eq!(asked(&world, &Nobody, name), "<NotFolder>", "{name}");
    }
    let bcd = world.look(&Nobody, b"BCD").unwrap().0.id;
    assert!(world.tree().list(bcd, &Nobody).is_err());
    let folder = world.look(&Nobody, b"images").unwrap().0.id;
    assert!(
        world.tree().open(folder).is_err(),
        "a folder cannot be opened as a file"
    );
}

#[test]
fn attributes_are_those_of_what_is_stored() {
    let world = World::new().image("x", &[("fonts/a.ttf", "four"), ("empty", "")]);
    let attributes = |path: &str| world.look(&Nobody, path.as_bytes()).unwrap().0.attributes;
    let modified = |path: &str| fs::metadata(world.path(path)).unwrap().modified().unwrap();
    for (path, stored, is_folder, size) in [
        ("images/x/FONTS/a.TTF", "x/fonts/a.ttf", false, 4),
        ("images/x/Boot/Fonts/a.ttf", "x/fonts/a.ttf", false, 4), // over an alias
        ("images/x/empty", "x/empty", false, 0),
        ("images/x/Fonts", "x/fonts", true, 0),
        ("images/x/Boot/Fonts", "x/fonts", true, 0),
    ] {
        let seen = attributes(path);
        assert_eq!((seen.is_folder, seen.size), (is_folder, size), "{path}");
        assert_eq!(seen.modified, modified(stored), "{path}");
        let (found, _) = world.look(&Nobody, path.as_bytes()).unwrap();
        assert_eq!(world.tree().attributes(found.id).unwrap(), seen, "{path}");
    }
    // What nothing stored has is as old as the tree.
    let since = world.tree().catalog().since();
    for path in ["images", "clients", "10.0.0.1", "images/x/Boot"] {
        assert_eq!(attributes(path).modified, since, "{path}");
    }
}
