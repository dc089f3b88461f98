//! Names: when two spellings are one, which stored name wins, what a request may be.

use std::fs;

use winbootfs::index::FoldedFolder;
use winbootfs::name::{Asked, LONGEST_PART, MOST_PARTS, Refused, fold, parts, undamaged, visible};
use winbootfs::source::{Entry, Kind, Listing};

use crate::common::world::{Nobody, World, below};
use crate::said::{in_x, one_name, one_name_in_x, said};

#[test]
fn these_spellings_are_one_name() {
    for (one, other) in [
        ("BCD", "bcd"),
        ("Boot.SDI", "bOOT.sdi"),
        ("M\u{dc}NCHEN", "m\u{fc}nchen"),
        ("\u{3a3}\u{391}\u{3a3}", "\u{3c3}\u{3b1}\u{3c2}"), // SAS: both forms of the small sigma
        ("\u{3c3}", "\u{3c2}"),
        ("\u{212a}elvin", "kelvin"), // the Kelvin sign
        ("\u{212b}", "\u{e5}"),      // the Angstrom sign and a with a ring
        ("stra\u{df}e", "STRASSE"),
        ("stra\u{1e9e}e", "strasse"), // the capital sharp s
        ("\u{fb01}le", "FILE"),       // the ligature fi
        ("\u{416}", "\u{436}"),       // Cyrillic zhe
        ("\u{130}", "i\u{307}"),      // I with a dot, in no country's special way
    ] {
        assert_eq!(
            fold(one.as_bytes()),
            fold(other.as_bytes()),
            "{one} {other}"
        );
    }
}

#[test]
fn these_are_two_names() {
    let pairs: &[(&[u8], &[u8])] = &[
        (b"bcd", b"bcd "),
        (b"bcd", b"bcd."),
        (b"a", b"\xc3\xa4"),          // a and a-umlaut
        (b"i", "\u{131}".as_bytes()), // the i without a dot
        (b"a\xcc\x88", b"\xc3\xa4"),  // composed or not is not case
        (b"\xe4", b"\xc4"),           // one letter in Latin-1, but not ASCII
        (b"\xe4", b"\xc3\xa4"),       // Latin-1 and UTF-8
    ];
    for (one, other) in pairs {
        assert_ne!(
            fold(one),
            fold(other),
            "{} {}",
            visible(one),
            visible(other)
        );
    }
}

#[test]
fn bytes_that_are_no_utf8_fold_as_ascii() {
    assert_eq!(fold(b"K\xe4SE.WIM"), fold(b"k\xe4se.wim"));
    assert_eq!(fold(b"K\xe4SE").as_bytes(), b"k\xe4se");
    // A single bad byte makes the whole part ASCII, umlauts in UTF-8 included.
    assert_ne!(fold(b"\xc3\xa4\xff"), fold(b"\xc3\x84\xff"));
}

const NO_FILES: &[(&str, &str)] = &[];

/// Stored names that fold alike, a request, and who wins.
const WINNERS: &[(&[&str], &str, &str)] = &[
    // Its own spelling.
    (&["BCD", "Bcd", "bcd"], "bcd", "bcd"),
    (&["BCD", "Bcd", "bcd"], "Bcd", "Bcd"),
    (&["BCD", "Bcd", "bcd"], "BCD", "BCD"),
    // All alike for Windows too: the smallest by bytes.
    (&["BCD", "Bcd", "bcd"], "bCD", "BCD"),
    (&["Bcd", "bcd"], "BCD", "Bcd"),
    // Windows keeps the sharp s and ss apart; the smaller by bytes is ss.
    (&["strasse", "stra\u{df}e"], "STRA\u{df}E", "stra\u{df}e"),
    (&["strasse", "stra\u{df}e"], "STRASSE", "strasse"),
    (&["STRASSE", "stra\u{df}e"], "Stra\u{df}e", "stra\u{df}e"),
    // The capital sharp s is neither for Windows: the smallest.
    (&["strasse", "stra\u{df}e"], "STRA\u{1e9e}E", "strasse"),
    // The Kelvin sign and k.
    (&["k.wim", "\u{212a}.wim"], "K.WIM", "k.wim"),
    (&["k.wim", "\u{212a}.wim"], "\u{212a}.WIM", "\u{212a}.wim"),
    (&["K.wim", "k.wim", "\u{212a}.wim"], "K.WIM", "K.wim"),
    // For Windows the final sigma is a sigma, so bytes decide.
    (&["\u{3c2}", "\u{3c3}"], "\u{3a3}", "\u{3c2}"),
];

#[test]
fn the_winner_among_names_that_fold_alike() {
    for (stored, asked, wanted) in WINNERS {
        for order in orders(stored) {
            let folder = folder_of(&order);
            let asked = Asked::new(asked.as_bytes());
            let winner = folder.pick(&asked).map(|entry| &*entry.name);
            assert_eq!(winner, Some(wanted.as_bytes()), "{order:?}, {asked:?}");
        }
    }
}

#[test]
fn every_loser_is_reached_by_its_own_spelling_and_kept_for_check() {
    for (stored, ..) in WINNERS {
        let folder = folder_of(stored);
        for name in *stored {
            let found = folder.pick(&Asked::new(name.as_bytes()));
            assert_eq!(found.map(|entry| &*entry.name), Some(name.as_bytes()));
        }
        let mut wanted: Vec<&[u8]> = stored.iter().map(|name| name.as_bytes()).collect();
        wanted.sort_unstable();
        let [group] = folder.collisions()[..] else {
            panic!("{stored:?}: not one group");
        };
        let kept: Vec<&[u8]> = group.iter().map(|entry| &*entry.name).collect();
        assert_eq!(kept, wanted);
    }
}

#[test]
fn names_that_do_not_fold_alike_are_no_collision() {
    assert!(
        folder_of(&["BCD", "boot.sdi", "BCD.bak"])
            .collisions()
            .is_empty()
    );
}

#[test]
fn the_winner_on_a_real_disk_does_not_depend_on_what_was_there_first() {
    for (stored, asked, wanted) in WINNERS {
        for order in orders(stored) {
            let files: Vec<(&str, &str)> = order.iter().map(|name| (*name, *name)).collect();
            let world = World::new().image("x", &files);
            assert_eq!(in_x(&world, asked), *wanted, "{order:?}, {asked}");
        }
    }
}

#[test]
fn folders_that_fold_alike_are_chosen_like_files() {
    let world = World::new().image("x", &[("BOOT/a", "upper"), ("boot/a", "lower")]);
    for (asked, wanted) in [
        ("BOOT/A", "upper"),
        ("boot/A", "lower"),
        ("Boot/a", "upper"),
    ] {
        assert_eq!(in_x(&world, asked), wanted, "{asked}");
    }
}

#[test]
fn any_separator_any_number_anywhere() {
    let world = World::new().image("x", &[("Boot/Fonts/a.ttf", "font")]);
    for name in [
        r"Boot\Fonts\a.ttf",
        r"\Boot\Fonts\a.ttf",
        "/Boot/Fonts/a.ttf",
        r"\boot/FONTS\A.TTF",
        r"\/Boot\/Fonts/\a.ttf",
        r"\\Boot\\\\Fonts\\a.ttf",
        "Boot//Fonts///a.ttf",
        r"Boot\Fonts\a.ttf\",
        "Boot/Fonts/a.ttf//",
        r".\Boot\.\Fonts\a.ttf\.",
        "././Boot/./Fonts/a.ttf",
    ] {
        assert_eq!(
            one_name_in_x(&world, name.as_bytes()),
            "font",
            "one name: {name}"
        );
        assert_eq!(
            in_x(&world, name),
            "font",
            "as the kernel splits it: {name}"
        );
    }
}

#[test]
fn a_whole_path_works_from_every_folder_and_for_every_kind_of_folder() {
    let world = World::new()
        .image("x", &[("Boot/BCD", "store")])
        .base(&[("pxelinux.cfg/default", "menu")]);
    for (name, wanted) in [
        (r"images\x\Boot\BCD", "store"),
        (r"\IMAGES\X\boot\bcd", "store"),
        (r"\clients\10.0.0.9\images\x\BOOT\BCD", "store"),
        (r"10.0.0.9\images\x\BOOT\BCD", "store"),
        (r"\Pxelinux.cfg\default", "menu"),
        (r"clients\10.0.0.9\pxelinux.cfg\default", "menu"),
    ] {
        let bytes = world.read(&Nobody, name.as_bytes());
        assert_eq!(said(bytes), wanted, "{name}");
    }
}

#[test]
fn a_name_of_separators_only_is_the_folder_under_a_number_of_its_own() {
    let world = World::new().image("x", &[("Tmp/x.bcd", "store")]);
    let root = world.look(&Nobody, b"images/x").unwrap().0;
    for name in [r"\", r"\\", r"\.\", r".\"] {
        let found = one_name(&world, b"images/x", name.as_bytes()).unwrap();
        assert!(found.attributes.is_folder, "{name}");
        assert_ne!(found.id, root.id, "{name}");
        let below = world
            .tree()
            .lookup(found.id, b"tmp", &Nobody)
            .found
            .unwrap();
        assert!(below.attributes.is_folder, "{name}");
    }
    assert_eq!(in_x(&world, r"\/Tmp/x.bcd"), "store");
    let at_root = one_name(&world, b"", b"\\").unwrap();
    assert_ne!(at_root.id, winbootfs::nodes::ROOT);
}

/// Requests that are no name at all, and why.
const REFUSED: &[(&[u8], Refused)] = &[
    (b"..", Refused::Climbs),
    (b"../secret", Refused::Climbs),
    (b"..\\secret", Refused::Climbs),
    (b"\\..\\secret", Refused::Climbs),
    (b"/..", Refused::Climbs),
    (b"Boot\\..\\BCD", Refused::Climbs),
    (b"Boot/../BCD", Refused::Climbs),
    (b"Boot\\../BCD", Refused::Climbs),
    (b"Boot\\..", Refused::Climbs),
    (b"Boot\\..\\", Refused::Climbs),
    (b".\\.\\..\\BCD", Refused::Climbs),
    (b"\\\\..//BCD", Refused::Climbs),
    (b"BCD\0", Refused::Nul),
    (b"\0", Refused::Nul),
    (b"Boot\\BC\0D", Refused::Nul),
];

#[test]
fn what_can_be_no_name_is_refused_whole() {
    let world = World::new().image("x", &[("Boot/BCD", "store"), ("BCD", "flat")]);
    for (name, why) in REFUSED {
        assert_eq!(parts(name), Err(*why), "{}", visible(name));
        let wanted = format!("<Refused({why:?})>");
        assert_eq!(one_name_in_x(&world, name), wanted, "{}", visible(name));
    }
}

#[test]
fn what_only_looks_like_climbing_is_a_name_like_any_other() {
    let world = World::new().image("x", NO_FILES);
    for (name, text) in [("....", "dots"), ("..a", "a"), ("b..c", "b")] {
        fs::write(world.path("x").join(name), text).unwrap();
    }
    for (name, wanted) in [("....", "dots"), ("..A", "a"), ("B..C", "b")] {
        assert_eq!(one_name_in_x(&world, name.as_bytes()), wanted);
    }
    for name in [
        ".. ",
        "%2e%2e",
        "\u{2025}",
        "\u{ff0e}\u{ff0e}",
        "..\u{200b}",
    ] {
        assert_eq!(
            one_name_in_x(&world, name.as_bytes()),
            "<NotFound>",
            "{name}"
        );
    }
}

/// A damaged name is repaired only after it was refused or looked up as it stands, so
/// the repair must not open a way that was closed.
#[test]
fn a_repaired_name_climbs_nowhere_either() {
    let world = World::new()
        .image("x", &[("Boot/BCD", "store")])
        .layer("outside", &[("secret", "secret")]);
    for name in [
        &b"..\xff"[..],
        b"..\\outside\\secret\xff",
        b"Boot\\..\\..\\outside\\secret\x01",
        b"..\x01\\outside\\secret",
    ] {
        let found = one_name_in_x(&world, name);
        assert!(found.starts_with('<'), "{}: {found}", visible(name));
    }
}

#[test]
fn long_names() {
    let longest_on_disk = "n".repeat(255);
    let world = World::new().image("x", NO_FILES);
    fs::write(world.path("x").join(longest_on_disk), "long").unwrap();
    let upper = "N".repeat(255);
    assert_eq!(in_x(&world, &upper), "long");
    for (length, wanted) in [
        (256, "<NotFound>"),
        (LONGEST_PART, "<NotFound>"),
        (LONGEST_PART + 1, "<Refused(TooLong)>"),
        (100_000, "<Refused(TooLong)>"),
    ] {
        let part = vec![b'n'; length];
        assert_eq!(one_name_in_x(&world, &part), wanted, "{length}");
        let last = [b"Boot\\", &part[..]].concat();
        assert_eq!(one_name_in_x(&world, &last), wanted, "{length}, in the end");
    }
}

#[test]
fn a_whole_path_may_be_longer_than_a_part() {
    let folders = [
        "f".repeat(250),
        "g".repeat(250),
        "h".repeat(250),
        "i".repeat(250),
    ];
    let path = folders.join("/");
    let world = World::new().image("x", &[(format!("{path}/{}", "j".repeat(200)), "deep")]);
    let name = format!("{}\\{}", folders.join("\\"), "J".repeat(200));
    assert!(name.len() > LONGEST_PART);
    assert_eq!(one_name_in_x(&world, name.as_bytes()), "deep");
}

#[test]
fn deep_paths() {
    let path = |depth: usize, separator: &str| vec!["d"; depth].join(separator);
    let deepest = MOST_PARTS + 8;
    let world = World::new().image("x", &[(format!("{}/f", path(deepest, "/")), "deep")]);
    let name = |depth: usize| format!("{}\\F", path(depth, "\\"));
    assert_eq!(
        parts(name(MOST_PARTS - 1).as_bytes()).unwrap().len(),
        MOST_PARTS
    );
    assert_eq!(parts(name(MOST_PARTS).as_bytes()), Err(Refused::TooLong));
    // Separators and dots are no parts.
    let padded = "\\".repeat(500) + &".\\".repeat(200) + &name(MOST_PARTS - 1);
    assert_eq!(parts(padded.as_bytes()).unwrap().len(), MOST_PARTS);
    // The kernel asks folder by folder, and there is no limit to that.
    assert_eq!(in_x(&world, &format!("{}/F", path(deepest, "/"))), "deep");
}

#[test]
fn a_stored_name_with_a_backslash_is_matched_whole_first() {
    let world = World::new().image(
        "x",
        &[
            (r"Boot\BCD", "whole"),
            ("Boot/BCD", "parts"),
            (r"\lead", "lead"),
            (r"Fonts\only.ttf", "only"),
        ],
    );
    for (name, wanted) in [
        (r"Boot\BCD", "whole"),
        (r"boot\bcd", "whole"),
        (r"BOOT\Bcd", "whole"),
        (r"\Boot\BCD", "parts"),
        (r"Boot\\BCD", "parts"),
        ("Boot/BCD", "parts"),
        (r"\lead", "lead"),
        (r"\LEAD", "lead"),
        ("lead", "<NotFound>"),
        (r"Fonts\only.ttf", "only"),
        (r"fonts\ONLY.ttf", "only"),
        (r"\Fonts\only.ttf", "<NotFound>"),
    ] {
        assert_eq!(in_x(&world, name), wanted, "{name}");
    }
}

#[test]
fn a_stored_folder_with_a_backslash_can_be_walked_into() {
    let world = World::new().image("x", &[(r"A\B/file", "in it"), ("A/other", "beside")]);
    assert_eq!(in_x(&world, r"a\b/FILE"), "in it");
    assert_eq!(in_x(&world, r"a\other"), "beside");
}

#[test]
fn bytes_that_a_rom_appended_are_dropped() {
    let world = World::new().image("x", &[("Boot/pxeboot.n12", "program")]);
    for name in [
        &b"Boot/pxeboot.n12\xff"[..],
        b"Boot/pxeboot.n12\xff\xff\xff",
        b"Boot/pxeboot.n12\xffgarbage",
        b"Boot\\pxeboot.n12\x01",
        b"Boot\\pxeboot.n12\n",
        b"Boot/pxeboot.n12\x7f",
        b"Boot\\PXEBOOT.N12\x1b[31m\\more",
        b"\\Boot\\pxeboot.n12\xffP",
    ] {
        let whole = one_name_in_x(&world, name);
        assert_eq!(whole, "program", "{}", visible(name));
    }
    for name in [
        &b"Boot/pxeboot.n1\xff"[..],
        b"\xffBoot/pxeboot.n12",
        b"\xff",
        b"Boot/pxeboot.n12 ",
    ] {
        let whole = one_name_in_x(&world, name);
        assert_eq!(whole, "<NotFound>", "{}", visible(name));
    }
}

#[test]
fn a_stored_name_that_really_ends_so_wins_over_the_repair() {
    let world = World::new().image("x", &[("nbp", "sound"), ("nbp\u{1}", "odd")]);
    let stored = below(&world.path("x"), b"nbp\xff");
    fs::write(stored, "really so").unwrap();
    assert_eq!(said(world.read_in_image("x", b"nbp\xff")), "really so");
    assert_eq!(said(world.read_in_image("x", b"NBP\xff")), "really so");
    assert_eq!(said(world.read_in_image("x", b"nbp\x01")), "odd");
    assert_eq!(said(world.read_in_image("x", b"nbp\x02")), "sound");
    assert_eq!(said(world.read_in_image("x", b"nbp")), "sound");
}

#[test]
fn names_that_are_no_utf8_are_found_and_listed() {
    let world = World::new().image("x", &[("a", "ascii")]);
    fs::write(below(&world.path("x"), b"K\xe4SE.wim"), "latin").unwrap();
    assert_eq!(said(world.read_in_image("x", b"k\xe4se.WIM")), "latin");
    assert_eq!(said(world.read_in_image("x", b"k\xc4se.WIM")), "<NotFound>");
    let listed = world.list(&Nobody, b"images/x").unwrap();
    assert!(listed.contains(&b"K\xe4SE.wim".to_vec()), "{listed:?}");
}

#[test]
fn only_damage_is_repaired() {
    for (name, wanted) in [
        (&b"a\xff"[..], Some(&b"a"[..])),
        (b"a\x00b", Some(b"a")),
        (b"a\tb\xff", Some(b"a")),
        (b"a", None),
        (b"\xc3\xa4", None),
        (b"a b.c", None),
        (b"\xff", None),
        (b"", None),
    ] {
        assert_eq!(undamaged(name), wanted, "{}", visible(name));
    }
}

#[test]
fn a_name_is_shown_without_anything_that_moves_a_cursor() {
    for (name, wanted) in [
        (&b"\\Boot\\BCD"[..], r"\Boot\BCD"),
        (b"a b", "a b"),
        (b"a\nb", r"a\nb"),
        (b"\x1b[2J", r"\u{1b}[2J"),
        (b"a\xff", r"a\xff"),
        (b"\x00", r"\u{0}"),
        (b"\x7f", r"\u{7f}"),
        (b"\xc2\x9b", r"\u{9b}"),
        (b"\xe2\x82", r"\xe2\x82"),
        ("gpj\u{202e}exe.txt".as_bytes(), r"gpj\u{202e}exe.txt"),
        (
            "\u{2066}\u{200f}\u{61c}".as_bytes(),
            r"\u{2066}\u{200f}\u{61c}",
        ),
        ("a\u{2028}b".as_bytes(), r"a\u{2028}b"),
        ("\u{5d0}\u{5d1}".as_bytes(), "\u{5d0}\u{5d1}"),
        ("m\u{fc}nchen".as_bytes(), "m\u{fc}nchen"),
        (b"", ""),
    ] {
        assert_eq!(visible(name), wanted);
    }
}

fn folder_of(names: &[&str]) -> FoldedFolder {
    let entry = |name: &&str| Entry {
        name: name.as_bytes().into(),
        kind: Kind::File,
        linked: false,
    };
    FoldedFolder::new(Listing {
        entries: names.iter().map(entry).collect(),
        hidden: Vec::new(),
    })
}

/// Every order of a few names.
fn orders<'a>(names: &[&'a str]) -> Vec<Vec<&'a str>> {
    if names.is_empty() {
        return vec![Vec::new()];
    }
    let first = |at: usize| {
        let mut rest = names.to_vec();
        let name = rest.remove(at);
        let longer = |mut order: Vec<&'a str>| {
            order.push(name);
            order
        };
        orders(&rest).into_iter().map(longer).collect::<Vec<_>>()
    };
    (0..names.len()).flat_map(first).collect()
}
