//! `mounts.toml`: every kind of problem with its whole message, and what a sound file
//! means.
//!
//! `tests/fixtures/config/invalid/` holds a file for each problem, with the message it
//! must give beside it. To write a new message: run this test, read what it says
//! instead, and copy that only if an operator would know what to do next.

use std::fs;
use std::path::{Path, PathBuf};

use winbootfs::config::{Config, ImageName, Problems};
use winbootfs::source::dir::OwnMount;

use crate::common::world::World;
use crate::said::listed;

/// The files of a kind, by name.
fn fixtures(kind: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config");
    let entries = fs::read_dir(folder.join(kind)).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

/// Parses a file under its short name, so that a message is the same on every machine.
fn parse(file: &Path) -> Result<Config, Problems> {
    let short = Path::new(file.file_name().unwrap());
    Config::parse(&fs::read_to_string(file).unwrap(), short)
}

#[test]
fn sound_files_are_taken() {
    let files = fixtures("valid", "toml");
    assert!(files.len() >= 10, "only {} files", files.len());
    for file in files {
        if let Err(problems) = parse(&file) {
            panic!("{}\n{problems}", file.display());
        }
    }
}

#[test]
fn every_problem_says_where_it_is_and_what_to_do() {
    let files = fixtures("invalid", "toml");
    assert!(files.len() >= 35, "only {} files", files.len());
    let mut wrong = String::new();
    for file in files {
        let said = match parse(&file) {
            Ok(_) => "nothing is wrong with it".to_owned(),
            Err(problems) => problems.to_string(),
        };
        let expected = fs::read_to_string(file.with_extension("expected")).unwrap_or_default();
        if said != expected.trim_end() {
            wrong += &format!("--- {}\n{said}\n", file.display());
        }
    }
    assert!(wrong.is_empty(), "other messages than expected:\n{wrong}");
}

#[test]
fn no_expectation_is_left_behind() {
    for expected in fixtures("invalid", "expected") {
        assert!(
            expected.with_extension("toml").exists(),
            "{}",
            expected.display()
        );
    }
}

#[test]
fn every_problem_has_a_place_and_a_next_step() {
    for file in fixtures("invalid", "toml") {
        for problem in parse(&file).unwrap_err().list {
            assert!(problem.line > 0 && problem.column > 0, "{problem:?}");
            assert!(problem.next.len() > 10, "{problem:?}");
            for leak in ["Raw", "ImageName(", "struct ", "Located"] {
                let said = format!("{}{}", problem.what, problem.next);
                assert!(!said.contains(leak), "{said}");
            }
        }
    }
}

fn sound(text: &str) -> Config {
    Config::parse(text, Path::new("/etc/winbootfs/mounts.toml")).unwrap()
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    let config = sound(
        "mountpoint = \"tftp\"\nbase = \"/srv/tftp\"\n[image.x]\nsource = [\"a/b\", \"../c\", \"/d\"]",
    );
    let path = |path: &str| PathBuf::from("/etc/winbootfs").join(path);
    assert_eq!(config.mountpoint.unwrap().value, path("tftp"));
    assert_eq!(config.base.unwrap().value, Path::new("/srv/tftp"));
    let sources = config.images[0].sources.iter();
    let sources: Vec<_> = sources.map(|source| source.value.clone()).collect();
    assert_eq!(sources, [path("a/b"), path("../c"), PathBuf::from("/d")]);
}

#[test]
fn one_text_is_a_list_of_one_and_keeps_its_place() {
    let config = sound("[image.x]\nsource = \"a\"\n[image.y]\nsource = [\n  \"a\",\n  \"b\"]");
    let places = |image: usize| {
        let sources = config.images[image].sources.iter();
        let places = sources.map(|source| (source.line, source.column));
        places.collect::<Vec<_>>()
    };
    assert_eq!(places(0), [(2, 10)]);
    assert_eq!(places(1), [(5, 3), (6, 3)]);
}

#[test]
fn images_stand_in_the_order_of_the_file() {
    let config = sound("image.c.source = \"c\"\nimage.a.source = \"a\"\nimage.b.source = \"b\"");
    let names: Vec<_> = config
        .images
        .iter()
        .map(|image| image.name.to_string())
        .collect();
    assert_eq!(names, ["c", "a", "b"]);
}

#[test]
fn images_are_referred_to_in_any_case_and_keep_their_own() {
    let config = sound(
        "default = \"WIN11\"\nimage.Win11.source = \"x\"\n\
         client = [{ match = \"10.0.0.1\", image = \"win11\" }]",
    );
    let win11 = ImageName::new("Win11").unwrap();
    assert_eq!(config.default.unwrap().value, win11);
    assert_eq!(config.rules[0].image.value, win11);
}

#[test]
fn addresses_stand_in_their_plain_form() {
    let config = sound(
        "image.x.source = \"x\"\nclient = [{ match = [\"::ffff:10.0.0.5\", \
         \"::ffff:10.1.0.0/112\", \"10.2.0.0/16\", \"fd00::1\", \"::/0\"], image = \"x\" }]",
    );
    let networks = config.rules[0].matches.iter();
    let networks: Vec<_> = networks.map(|network| network.to_string()).collect();
    assert_eq!(
        networks,
        ["10.0.0.5", "10.1.0.0/16", "10.2.0.0/16", "fd00::1", "::/0"]
    );
}

#[test]
fn two_files_that_mean_the_same_are_equal_wherever_things_stand() {
    let one = sound("image.x.source = \"a\"\ndefault = \"x\"");
    let other = sound("# moved\n\ndefault = \"x\"\n[image.x]\nsource = [\"a\"]");
    assert_eq!(one, other);
    assert_ne!(one, sound("image.x.source = \"b\"\ndefault = \"x\""));
}

/// What `verify` says, with the world's folder left out.
fn verified(world: &World) -> String {
    let config = world.config().unwrap();
    match config.verify(&OwnMount::default(), None) {
        Ok(()) => "sound".to_owned(),
        Err(problems) => problems.to_string().replace(
            &format!(
                "{}/",
                world.path("").display().to_string().trim_end_matches('/')
            ),
            "",
        ),
    }
}

const NO_FILES: &[(&str, &str)] = &[];

#[test]
fn what_is_there_is_sound() {
    let world = World::new()
        .image("x", NO_FILES)
        .base(NO_FILES)
        .key("owner", "0:0");
    assert_eq!(verified(&world), "sound");
    assert_eq!(verified(&World::new().key("owner", "root")), "sound");
    assert_eq!(verified(&World::new().key("owner", "4711:4712")), "sound");
}

#[test]
fn a_missing_source_is_told_with_its_place_and_what_to_do() {
    let world = World::new()
        .layer("here", NO_FILES)
        .line("[image.x]\nsource = [\"here\", \"gone\"]")
        .line("[image.y]\nsource = \"lost\"");
    assert_eq!(
        verified(&world),
        "mounts.toml:2:19: source gone cannot be used: No such file or directory (os error 2)\n  \
         correct the path, or make it: mkdir -p gone\n\
         mounts.toml:4:10: source lost cannot be used: No such file or directory (os error 2)\n  \
         correct the path, or make it: mkdir -p lost"
    );
}

/// The disk of another machine may come up later than this one.
#[test]
fn a_missing_source_is_no_mistake_where_another_image_is_whole() {
    let world = World::new()
        .image("whole", NO_FILES)
        .line("[image.y]\nsource = \"lost\"");
    assert_eq!(verified(&world), "sound");
    let problems = world.config().unwrap();
    let problems = problems.missing_sources(&OwnMount::default());
    assert_eq!(problems.len(), 1, "it is told all the same");
}

/// Who writes a new path wants to hear at once that it is wrong; and must not lose the images
/// that are served for one that went away long ago.
#[test]
fn at_a_reload_only_what_was_just_written_is_a_mistake() {
    let config = |sources: &str| sound(&format!("[image]\n{sources}"));
    let verified = |before: &str, after: &str| {
        let problems = config(after).verify(&OwnMount::default(), Some(&config(before)));
        problems.map_err(|problems| problems.list.len())
    };
    let (old, new) = ("x.source = \"/no/old\"\n", "y.source = \"/no/new\"\n");
    assert_eq!(verified(old, old), Ok(()));
    assert_eq!(verified(old, &format!("{old}{new}")), Err(1));
    assert_eq!(verified(old, new), Err(1));
}

/// What is in a file may change; that it is none at all is for the operator.
#[test]
fn a_source_may_be_a_file_and_a_base_may_not() {
    let files = [("Win11.iso", ""), ("boot.wim", "")];
    let world = World::new()
        .layer(".", &files)
        .line("[image.x]\nsource = [\"Win11.iso\", \"boot.wim:2\"]");
    assert_eq!(verified(&world), "sound");
    let world = World::new().line("[image.x]\nsource = [\"Win11.iso\", \"boot.wim:2\"]");
    assert_eq!(
        verified(&world),
        "mounts.toml:2:11: source Win11.iso cannot be used: No such file or directory \
         (os error 2)\n  correct the path, or put the file there\n\
         mounts.toml:2:24: source boot.wim cannot be used: No such file or directory \
         (os error 2)\n  correct the path, or put the file there"
    );
    let world = World::new().line("[image.x]\nsource = [\"no.iso:2\", \"media:1\"]");
    assert_eq!(
        verified(&world),
        "mounts.toml:2:11: source no.iso cannot be used: No such file or directory \
         (os error 2)\n  correct the path, or put the file there\n\
         mounts.toml:2:23: source media cannot be used: No such file or directory \
         (os error 2)\n  correct the path, or make it: mkdir -p media"
    );
    let world = World::new().line("[image.x]\nsource = \"/dev/null\"");
    assert_eq!(
        verified(&world),
        "mounts.toml:2:10: source /dev/null is neither a folder, an ISO nor a WIM\n  \
         name one of these"
    );
    let world = World::new().layer(".", &files).key("base", "Win11.iso");
    assert_eq!(
        verified(&world),
        "mounts.toml:1:8: base Win11.iso is a file\n  \
         name a folder; an ISO or a WIM can be the source of an image"
    );
}

#[test]
fn a_missing_base_is_told() {
    let world = World::new().key("base", "gone").image("x", NO_FILES);
    assert_eq!(
        verified(&world),
        "mounts.toml:1:8: base gone cannot be used: No such file or directory (os error 2)\n  \
         correct the path, or make it: mkdir -p gone"
    );
}

#[test]
fn an_owner_nobody_knows_is_told() {
    let next = "write a user that exists, or numbers, for example owner = \"0:0\"";
    for (owner, what) in [
        (
            "no-such-user",
            "this machine knows no user \"no-such-user\"",
        ),
        (
            "root:no-such-group",
            "this machine knows no group \"no-such-group\"",
        ),
    ] {
        let world = World::new().key("owner", owner);
        let wanted = format!("mounts.toml:1:9: owner: {what}\n  {next}");
        assert_eq!(verified(&world), wanted);
    }
}

#[test]
fn everything_that_is_missing_is_told_at_once() {
    let world = World::new()
        .key("base", "gone")
        .key("owner", "no-such-user")
        .line("[image.x]\nsource = \"lost\"");
    let config = world.config().unwrap();
    let problems = config.verify(&OwnMount::default(), None).unwrap_err();
    assert_eq!(problems.list.len(), 3, "{problems}");
}

#[test]
fn owners_become_numbers() {
    for (owner, wanted) in [
        ("0:0", (0, 0)),
        ("7", (7, 7)),
        ("7:8", (7, 8)),
        ("root", (0, 0)),
        ("4711:root", (4711, 0)),
    ] {
        let world = World::new().key("owner", owner);
        assert_eq!(world.tree().catalog().owner(), wanted, "{owner}");
    }
    assert_eq!(
        World::new().tree().catalog().owner(),
        (0, 0),
        "nobody named"
    );
}

#[test]
fn a_file_that_cannot_be_read_says_what_to_try() {
    let world = World::new();
    let problems = Config::read(&world.path("none.toml"))
        .unwrap_err()
        .to_string();
    assert!(
        problems.contains("none.toml: cannot be read: No such file"),
        "{problems}"
    );
    assert!(
        problems.contains("winbootfs mount SOURCE... MOUNTPOINT"),
        "{problems}"
    );
    let problems = Config::read(&world.path("")).unwrap_err().to_string();
    assert!(problems.contains("ls -l"), "{problems}");
}

/// The names of images are folders, so none may be lost on the way.
#[test]
fn odd_names_of_images_are_folders_like_any() {
    let world = World::new()
        .image("Windows 11 (24H2)", NO_FILES)
        .image("M\u{fc}nchen", NO_FILES)
        .image("10.0.0.1", NO_FILES)
        .image("images", NO_FILES);
    assert_eq!(
        listed(&world, &crate::common::world::Nobody, "images"),
        ["Windows 11 (24H2)", "M\u{fc}nchen", "10.0.0.1", "images"]
    );
    for name in ["WINDOWS 11 (24h2)", "m\u{dc}NCHEN", "10.0.0.1", "Images"] {
        let path = format!("images/{name}");
        assert!(
            world
                .look(&crate::common::world::Nobody, path.as_bytes())
                .is_ok(),
            "{name}"
        );
    }
}
