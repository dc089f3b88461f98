//! Expected names: the built-in table itself, what an image adds and takes away, and
//! the names that must never be invented.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use winbootfs::alias::{BOOT_MANAGER, BUILT_IN, Rule};
use winbootfs::name::{Folded, fold, parts};
use winbootfs::tree::Belief;

use crate::common::world::{Nobody, World};
use crate::events_promised;
use crate::live_world::in_both;
use crate::said::{in_x, listed};

/// Every built-in alias with its targets, as often as the table says it.
fn table() -> Vec<(String, Vec<String>)> {
    let table: Vec<_> = BUILT_IN.iter().flat_map(aliases).collect();
    assert!(table.len() > 100, "only {} aliases", table.len());
    table
}

/// Those of a line, with the targets that a folder can have: a file in it is for x64, where
/// the machine counts. (What a boot.wim for another one has is in `sources`.)
fn aliases(rule: &Rule) -> impl Iterator<Item = (String, Vec<String>)> {
    rule.aliases().map(|(name, targets)| {
        let in_folder = |target: String| match target.split_once(':') {
            None => Some(target),
            Some((path, "x64")) => Some(path.to_owned()),
            Some((_, "x86" | "arm64")) => None,
            Some(_) => panic!("{target} of {name} is for no machine"),
        };
        let targets = targets.into_iter().filter_map(in_folder).collect();
        (name, targets)
    })
}

fn way(path: &str) -> Vec<Folded> {
    let parts = parts(path.as_bytes()).unwrap();
    parts.into_iter().map(fold).collect()
}

/// A second line for a name would add its targets behind those of the first, and
/// neither line would say what happens.
#[test]
fn no_name_stands_in_two_lines() {
    let mut lines: BTreeMap<Vec<Folded>, &str> = BTreeMap::new();
    for rule in BUILT_IN {
        for (name, _) in rule.aliases() {
            let earlier = lines.insert(way(&name), rule.why);
            assert_eq!(
                earlier, None,
                "{name} stands in the line {:?} too",
                rule.why
            );
        }
    }
}

#[test]
fn every_line_says_why_and_makes_something() {
    for rule in BUILT_IN {
        assert!(rule.why.len() > 15, "{rule:?}");
        assert!(rule.aliases().next().is_some(), "{rule:?}");
        for (name, targets) in rule.aliases() {
            assert!(!targets.is_empty(), "{name} of {:?}", rule.why);
        }
    }
}

#[test]
fn every_path_of_the_table_is_sound() {
    for (name, targets) in table() {
        for path in targets.iter().chain([&name]) {
            let clean = parts(path.as_bytes()).unwrap().join(&b'/');
            assert_eq!(clean, path.as_bytes(), "in the line of {name}");
        }
        let distinct: BTreeSet<_> = targets.iter().map(|target| way(target)).collect();
        assert_eq!(distinct.len(), targets.len(), "{name} has a target twice");
    }
}

/// A folder that lay in its own target would have no end.
#[test]
fn no_alias_lies_inside_its_target_or_is_it() {
    for (name, targets) in table() {
        for target in targets {
            assert!(!way(&name).starts_with(&way(&target)), "{name} in {target}");
        }
    }
}

/// Being there would mean something.
fn is_forbidden(path: &str) -> bool {
    let path = path.to_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let policy = name.ends_with(".p7b") || name.ends_with(".cip");
    let loader = ["hiberfil.sys", "boot.ini", "ntldr", "bootmgr"].contains(&name);
    policy || loader || path == "efi/boot/bcd" || path == "efi/microsoft/recovery/bcd"
}

#[test]
fn no_alias_is_a_name_whose_absence_means_something() {
    for (name, targets) in table() {
        assert!(!is_forbidden(&name), "{name}");
        for target in targets {
            assert!(
                !is_forbidden(&target),
                "{name} would be answered by {target}"
            );
        }
    }
}

/// Each file lies where its own name asks for it, so nothing but an alias of another
/// name could make the forbidden names.
#[test]
fn names_whose_absence_means_something_are_never_there() {
    let never = [
        "hiberfil.sys",
        "boot.ini",
        "ntldr",
        "bootmgr",
        "EFI/Boot/BCD",
        "EFI/Microsoft/Recovery/BCD",
        "EFI/Microsoft/Boot/SkuSiPolicy.p7b",
        "EFI/Microsoft/Boot/SiPolicy.p7b",
        "EFI/Microsoft/Boot/WinSiPolicy.p7b",
        "EFI/Microsoft/Boot/SecureBootPolicy.p7b",
        "EFI/Microsoft/Boot/Policies/SbcpFlightToken.p7b",
        "Boot/SkuSiPolicy.p7b",
    ];
    // The same files at other sensible places: an alias table that is too generous
    // would find them.
    let world = World::new().image(
        "x",
        &[
            ("Boot/BCD", "store"),
            ("Boot/hiberfil.sys", "no"),
            ("Boot/boot.ini", "no"),
            ("Boot/bootmgr", "no"),
            ("sources/SkuSiPolicy.p7b", "no"),
            ("SiPolicy.p7b", "no"),
            ("Windows/Boot/EFI/WinSiPolicy.p7b", "no"),
            (
                "EFI/Microsoft/Boot/Policies/x",
                "a folder of policies is no policy",
            ),
            ("EFI/Boot/bootx64.efi", "program"),
            ("EFI/Microsoft/Recovery/other", "a folder alone"),
        ],
    );
    for name in never {
        assert_eq!(in_x(&world, name), "<NotFound>", "{name}");
    }
    for folder in [
        "",
        "EFI/Boot/",
        "EFI/Microsoft/Boot/",
        "EFI/Microsoft/Recovery/",
    ] {
        for name in listed(&world, &Nobody, &format!("images/x/{folder}")) {
            let real = name == "SiPolicy.p7b" && folder.is_empty();
            assert!(
                real || !is_forbidden(&format!("{folder}{name}")),
                "{folder}{name}"
            );
        }
    }
}

#[test]
fn a_real_policy_is_served() {
    let path = "EFI/Microsoft/Boot/SkuSiPolicy.p7b";
    let world = World::new().image("x", &[(path, "policy")]);
    assert_eq!(
        in_x(&world, r"\EFI\Microsoft\Boot\SKUSIPOLICY.P7B"),
        "policy"
    );
}

#[test]
fn every_built_in_name_is_found_at_each_of_its_targets_alone() {
    for rule in BUILT_IN.iter().filter(|rule| rule.names != ["Fonts"]) {
        // The names of a line are treated alike, and each of them is a world on disk.
        let first = |alias: &str| alias.ends_with(rule.names[0]);
        for (name, targets) in aliases(rule).filter(|(name, _)| first(name)) {
            for target in targets {
                let world = World::new().image("x", &[(&target, &target)]);
                assert_eq!(in_x(&world, &name), target, "{name}");
            }
        }
    }
}

/// The better place wins: each target is there along with all the worse ones.
#[test]
fn targets_are_tried_in_their_order() {
    for name in [
        "Boot/BCD",
        "bootmgr.exe",
        "EFI/Boot/bootx64.efi",
        "pxeboot.0",
    ] {
        let (_, mut targets) = table()
            .into_iter()
            .find(|(found, _)| found == name)
            .unwrap();
        assert!(targets.len() > 1, "{name}");
        while let Some(best) = targets.first() {
            let files: Vec<_> = targets.iter().map(|target| (target, target)).collect();
            let world = World::new().image("x", &files);
            assert_eq!(in_x(&world, name), **best, "{name}");
            targets.remove(0);
        }
    }
}

#[test]
fn a_real_file_wins_over_an_alias_whatever_its_spelling() {
    let world = World::new().image(
        "x",
        &[
            ("BCD", "flat"),
            ("efi/MICROSOFT/boot/bcd", "efi"),
            ("Boot/boot.sdi", "sdi"),
        ],
    );
    assert_eq!(in_x(&world, r"\Boot\BCD"), "flat");
    assert_eq!(in_x(&world, "EFI/Microsoft/Boot/BCD"), "efi");
    assert_eq!(in_x(&world, "BCD"), "flat");
    world.put("x/bOOT/bcd", b"real, in a second folder Boot");
    assert_eq!(in_x(&world, r"\bOOT\BCD"), "real, in a second folder Boot");
}

#[test]
fn an_alias_appears_and_vanishes_with_its_file() {
    let empty = || World::new().image("x", &[("readme", "")]);
    in_both(empty, |world| {
        assert_eq!(in_x(world, r"\Boot\BCD"), "<NotFound>");
        world.put("x/EFI/Microsoft/Boot/BCD", b"efi");
        world.becomes(r"\Boot\BCD", "efi");
        world.put("x/BCD", b"flat, a better place");
        world.becomes(r"\Boot\BCD", "flat, a better place");
        world.put("x/boot/bcd", b"real");
        world.becomes(r"\Boot\BCD", "real");
        fs::remove_dir_all(world.path("x/boot")).unwrap();
        fs::remove_file(world.path("x/BCD")).unwrap();
        world.becomes(r"\Boot\BCD", "efi");
        fs::remove_dir_all(world.path("x/EFI")).unwrap();
        world.becomes(r"\Boot\BCD", "<NotFound>");
    });
}

fn with_aliases(aliases: &str, files: &[(&str, &str)]) -> World {
    let image = format!("[image.x]\nsource = \"x\"\nalias = {{ {aliases} }}");
    World::new().layer("x", files).line(&image)
}

#[test]
fn an_image_adds_a_file_of_its_own() {
    let world = with_aliases(
        r#""Boot/MyPE.wim" = "tools/PE.wim", 'deep\er\name' = 'TOOLS\pe.WIM'"#,
        &[("tools/pe.wim", "pe")],
    );
    for name in [
        r"\Boot\mype.wim",
        "boot/MYPE.WIM",
        "deep/er/NAME",
        r"\Deep\er\name",
    ] {
        assert_eq!(in_x(&world, name), "pe", "{name}");
    }
    assert_eq!(listed(&world, &Nobody, "images/x/DEEP"), ["er"]);
    assert_eq!(listed(&world, &Nobody, "images/x/deep/er"), ["name"]);
    assert_eq!(listed(&world, &Nobody, "images/x/boot"), ["MyPE.wim"]);
}

#[test]
fn an_alias_for_a_folder_shows_what_is_in_it() {
    let world = with_aliases(
        r#"Pictures = "store/img""#,
        &[
            ("store/img/a.png", "a"),
            ("store/img/more/b.png", "b"),
            ("pictures/c.png", "c"),
        ],
    );
    assert_eq!(in_x(&world, r"\PICTURES\A.PNG"), "a");
    assert_eq!(in_x(&world, "pictures/more/B.png"), "b");
    assert_eq!(
        in_x(&world, "pictures/c.png"),
        "c",
        "its own files are there too"
    );
    assert_eq!(
        listed(&world, &Nobody, "images/x/Pictures"),
        ["a.png", "c.png", "more"]
    );
    let top = listed(&world, &Nobody, "images/x");
    let doubles = top
        .iter()
        .filter(|name| name.eq_ignore_ascii_case("pictures"));
    assert_eq!(doubles.count(), 1, "{top:?}");
}

#[test]
fn in_a_folder_of_two_places_its_own_file_wins() {
    let world = with_aliases(
        r#"a = "b""#,
        &[("a/f", "of a"), ("b/F", "of b"), ("b/g", "of b")],
    );
    assert_eq!(in_x(&world, "a/F"), "of a");
    assert_eq!(in_x(&world, "a/G"), "of b");
    assert_eq!(listed(&world, &Nobody, "images/x/a"), ["f", "g"]);
    assert_eq!(listed(&world, &Nobody, "images/x/b"), ["F", "g"]);
}

#[test]
fn an_alias_of_the_image_takes_the_place_of_the_built_in_one() {
    let world = with_aliases(
        r#""Boot/BCD" = "stores/bios""#,
        &[("stores/bios", "bios"), ("EFI/Microsoft/Boot/BCD", "efi")],
    );
    assert_eq!(in_x(&world, r"\boot\bcd"), "bios");
    assert_eq!(in_x(&world, "efi/microsoft/boot/bcd"), "efi");
    fs::remove_file(world.path("x/stores/bios")).unwrap();
    assert_eq!(in_x(&world, r"\boot\bcd"), "<NotFound>");
}

#[test]
fn a_built_in_alias_is_switched_off_alone() {
    let files = [("EFI/Microsoft/Boot/BCD", "efi")];
    assert_eq!(in_x(&World::new().image("x", &files), "Boot/BCD"), "efi");
    let world = with_aliases(r#"'bOOT\bcd' = false"#, &files);
    assert_eq!(in_x(&world, "Boot/BCD"), "<NotFound>");
    assert_eq!(in_x(&world, "BCD"), "efi");
    assert!(!listed(&world, &Nobody, "images/x").contains(&"Boot".to_owned()));
    world.put("x/boot/bcd", b"real");
    assert_eq!(
        in_x(&world, "Boot/BCD"),
        "real",
        "false does not hide a file"
    );
}

#[test]
fn an_alias_to_nothing_is_nothing() {
    let world = with_aliases(
        r#"lost = "no/where", "in/lost" = "nowhere", through = "file/x""#,
        &[("file", "")],
    );
    for name in ["lost", "in", "in/lost", "through"] {
        assert!(
            world
                .look(&Nobody, format!("images/x/{name}").as_bytes())
                .is_err(),
            "{name}"
        );
    }
    assert_eq!(listed(&world, &Nobody, "images/x"), ["file"]);
}

/// One alias is no target of another: chains would need an end.
#[test]
fn an_alias_leads_to_what_is_stored_only() {
    let world = with_aliases(r#"a = "b", b = "c""#, &[("c", "stored")]);
    assert_eq!(in_x(&world, "b"), "stored");
    assert_eq!(in_x(&world, "a"), "<NotFound>");
}

#[test]
fn an_alias_cannot_turn_a_stored_folder_into_a_file() {
    let world = with_aliases(r#"Boot = "BCD""#, &[("Boot/a", "a"), ("BCD", "store")]);
    let (found, _) = world.look(&Nobody, b"images/x/Boot").unwrap();
    if found.attributes.is_folder {
        assert_eq!(in_x(&world, "Boot/a"), "a");
    } else {
        panic!("a real folder must win over an alias too");
    }
}

const FONT_FOLDERS: [&str; 4] = [
    "Boot/Fonts",
    "EFI/Microsoft/Boot/Fonts",
    "Fonts",
    "SMSBoot/Fonts",
];

#[test]
fn the_font_folders_are_one() {
    let files: Vec<(String, &str)> = FONT_FOLDERS
        .iter()
        .enumerate()
        .map(|(at, folder)| (format!("{}/only{at}.ttf", folder.to_lowercase()), *folder))
        .collect();
    let world = World::new().image("x", &files);
    for folder in FONT_FOLDERS {
        let names = listed(&world, &Nobody, &format!("images/x/{folder}"));
        assert_eq!(
            names,
            ["only0.ttf", "only1.ttf", "only2.ttf", "only3.ttf"],
            "{folder}"
        );
        for (at, holder) in FONT_FOLDERS.iter().enumerate() {
            let asked = format!(r"\{}\ONLY{at}.TTF", folder.replace('/', r"\"));
            assert_eq!(in_x(&world, &asked), *holder);
        }
    }
}

#[test]
fn a_font_of_one_name_in_each_folder_is_each_folders_own() {
    let files = FONT_FOLDERS.map(|folder| (format!("{folder}/wgl4_boot.ttf"), folder));
    let world = World::new().image("x", &files);
    for folder in FONT_FOLDERS {
        assert_eq!(in_x(&world, &format!("{folder}/WGL4_boot.ttf")), folder);
    }
}

#[test]
fn fonts_that_lie_flat_are_in_every_font_folder_and_no_other_file_is() {
    let world = World::new().image("x", &[("WGL4_BOOT.TTF", "font"), ("readme.ttf", "no")]);
    for folder in FONT_FOLDERS {
        assert_eq!(in_x(&world, &format!("{folder}/wgl4_boot.ttf")), "font");
        assert_eq!(in_x(&world, &format!("{folder}/readme.ttf")), "<NotFound>");
        assert_eq!(
            listed(&world, &Nobody, &format!("images/x/{folder}")),
            ["wgl4_boot.ttf"]
        );
    }
}

/// `pxeboot` looks for it in its own folder when DHCP wrote backslashes.
#[test]
fn the_boot_manager_is_beside_a_boot_program_wherever_the_site_put_it() {
    let world = World::new().image(
        "x",
        &[
            ("Boot/bootmgr.exe", "boot manager"),
            ("OS/Win/PXEBOOT.N12", "program"),
            ("OS/other/readme", "no program here"),
            ("own/pxeboot.0", "program"),
            ("own/BootMgr.exe", "the site's own"),
        ],
    );
    assert_eq!(in_x(&world, r"\os\win\bootmgr.EXE"), "boot manager");
    assert_eq!(in_x(&world, "own/bootmgr.exe"), "the site's own");
    assert_eq!(in_x(&world, "OS/other/bootmgr.exe"), "<NotFound>");
    assert_eq!(in_x(&world, "nowhere/bootmgr.exe"), "<NotFound>");
    assert_eq!(
        listed(&world, &Nobody, "images/x/OS/Win"),
        ["PXEBOOT.N12", "bootmgr.exe"]
    );
    assert_eq!(
        listed(&world, &Nobody, "images/x/own"),
        ["BootMgr.exe", "pxeboot.0"]
    );
    assert_eq!(listed(&world, &Nobody, "images/x/OS/other"), ["readme"]);
    // Nor does the folder get other names that only Boot has.
    assert_eq!(in_x(&world, "OS/Win/BCD"), "<NotFound>");
}

#[test]
fn without_a_boot_manager_there_is_none_beside_a_boot_program() {
    let world = World::new().image(
        "x",
        &[("OS/pxeboot.n12", "program"), ("bootmgr", "of the DVD")],
    );
    assert_eq!(in_x(&world, &format!("OS/{BOOT_MANAGER}")), "<NotFound>");
    assert_eq!(in_x(&world, BOOT_MANAGER), "<NotFound>");
    let off = with_aliases(
        r#""bootmgr.exe" = false"#,
        &[
            ("OS/pxeboot.n12", "program"),
            ("Boot/bootmgr.exe", "boot manager"),
        ],
    );
    assert_eq!(in_x(&off, "OS/bootmgr.exe"), "<NotFound>");
    assert_eq!(in_x(&off, "Boot/bootmgr.exe"), "boot manager");
}

/// What would start another machine's program, or install where nobody pressed F12.
#[test]
fn programs_of_another_kind_never_stand_in() {
    for (stored, asked) in [
        ("Boot/bootx64.efi", "EFI/Boot/bootia32.efi"),
        ("Boot/bootx64.efi", "EFI/Boot/bootaa64.efi"),
        ("Boot/bootmgfw.efi", "Boot/bootia32.efi"),
        ("Boot/x86/bootmgfw.efi", "Boot/bootmgfw.efi"),
        ("EFI/Boot/bootia32.efi", "bootx64.efi"),
        ("Boot/pxeboot.n12", "Boot/pxeboot.com"),
        ("Boot/pxeboot.com", "Boot/pxeboot.n12"),
        ("Boot/pxeboot.com", "pxeboot.0"),
        ("bootmgr", "bootmgr.exe"),
        ("bootmgr.efi", "bootmgfw.efi"),
        ("sources/boot.wim", "Boot/winpe.wim"),
        ("Boot/winpe.wim", "Boot/boot.wim"),
    ] {
        let world = World::new().image("x", &[(stored, "wrong")]);
        assert_eq!(in_x(&world, asked), "<NotFound>", "{stored} for {asked}");
    }
}

#[test]
fn aliases_are_listed_once_and_only_where_they_lead_somewhere() {
    let world = World::new().image("x", &[("bcd", "store"), ("Boot/boot.sdi", "sdi")]);
    assert_eq!(
        listed(&world, &Nobody, "images/x/boot"),
        ["BCD", "boot.sdi"]
    );
    let top = listed(&world, &Nobody, "images/x");
    assert_eq!(top, ["Boot", "EFI", "SMSBoot", "bcd", "boot.sdi"]);
    assert_eq!(listed(&world, &Nobody, "images/x/EFI"), ["Microsoft"]);
    assert_eq!(
        listed(&world, &Nobody, "images/x/EFI/Microsoft/Boot"),
        ["BCD"]
    );
    assert_eq!(listed(&world, &Nobody, "images/x/SMSBoot"), ["boot.sdi"]);
}

#[test]
fn the_base_has_no_aliases() {
    let world = World::new().base(&[("boot/bcd", "base"), ("Boot.sdi", "base")]);
    for name in ["BCD", r"\Boot\boot.sdi", "EFI/Microsoft/Boot/BCD"] {
        assert!(world.read(&Nobody, name.as_bytes()).is_err(), "{name}");
    }
    assert_eq!(
        listed(&world, &Nobody, ""),
        ["Boot.sdi", "boot", "clients", "images"]
    );
}

#[test]
fn an_alias_is_believed_like_any_file() {
    let world = World::new()
        .image("x", &[("bcd", "store")])
        .surrounded(&events_promised());
    let (_, belief) = world.look(&Nobody, b"images/x/Boot/BCD").unwrap();
    assert_eq!(belief, Belief::UntilChanged);
}
