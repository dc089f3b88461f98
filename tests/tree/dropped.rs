//! `clients.d/` as files on a disk: what counts, what is said of the rest, and what stays in
//! force meanwhile.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use winbootfs::address::Address;
use winbootfs::config::dropped::{self, CLIENTS_D, Folder, counts, file_for};
use winbootfs::config::{ImageName, Match};

use crate::common::world::World;

/// Two images, and an empty `clients.d/`.
fn site() -> World {
    let world = World::new()
        .image("x", &[("Boot/BCD", "x")])
        .image("y", &[("Boot/BCD", "y")]);
    fs::create_dir(world.path(CLIENTS_D)).unwrap();
    world
}

fn drop_in(world: &World, name: &str, text: &str) -> PathBuf {
    let name = format!("{CLIENTS_D}/{name}");
    world.put(&name, text.as_bytes());
    world.path(&name)
}

fn rule(matched: &str, image: &str) -> String {
    format!("[[client]]\nmatch = {matched:?}\nimage = {image:?}\n")
}

/// All rules, as `file: match -> image`.
fn rules(folder: &Folder) -> Vec<String> {
    let rules = folder.rules();
    let shown = rules.iter().flat_map(|dropped| {
        let file = dropped.file.file_name().unwrap().to_string_lossy();
        let matches = dropped.rule.matches.iter();
        let image = &dropped.rule.image;
        matches.map(move |matched| format!("{file}: {} -> {}", matched.value, image.value))
    });
    shown.collect()
}

/// All problems as they are said, with the folder's own name in the place of its path.
fn problems(folder: &Folder) -> Vec<String> {
    let beside = format!("{}/", folder.path().display());
    let problems = folder.problems();
    let said = problems.iter().map(ToString::to_string);
    said.map(|said| said.replace(&beside, "")).collect()
}

fn read(world: &World) -> Folder {
    world.dropped()
}

#[test]
fn every_file_of_the_right_name_counts() {
    let world = site();
    drop_in(&world, "b.toml", &rule("10.0.0.2", "y"));
    drop_in(
        &world,
        "a.toml",
        &format!("{}{}", rule("10.0.0.1", "x"), rule("10.1.0.0/16", "Y")),
    );
    drop_in(&world, "empty.toml", "");
    for (name, wanted) in [
        ("a.toml", true),
        ("10.0.0.1.toml", true),
        (".a.toml", false),
        (".tmpXyZ", false),
        ("a.toml.swp", false),
        ("a.toml~", false),
        ("a.TOML", false),
        ("a", false),
        (".toml", false),
    ] {
        assert_eq!(counts(Path::new(name)), wanted, "{name}");
        if !wanted {
            drop_in(&world, name, "half of a ru");
            let at = world.path(CLIENTS_D).join(name);
            fs::write(at, "half of a ru").unwrap();
        }
    }
    let folder = read(&world);
    assert_eq!(
        rules(&folder),
        [
            "a.toml: 10.0.0.1 -> x",
            "a.toml: 10.1.0.0/16 -> y",
            "b.toml: 10.0.0.2 -> y"
        ]
    );
    assert_eq!(problems(&folder), [""; 0]);
}

#[test]
fn a_folder_that_is_not_there_is_an_empty_one() {
    let world = site();
    fs::remove_dir(world.path(CLIENTS_D)).unwrap();
    let mut folder = read(&world);
    assert_eq!(problems(&folder), [""; 0]);
    assert_eq!(rules(&folder), [""; 0]);
    // It may come, and go.
    drop_in(&world, "a.toml", &rule("10.0.0.1", "x"));
    folder.read(&world.config().unwrap());
    assert_eq!(rules(&folder), ["a.toml: 10.0.0.1 -> x"]);
    fs::remove_dir_all(world.path(CLIENTS_D)).unwrap();
    folder.read(&world.config().unwrap());
    assert_eq!(rules(&folder), [""; 0]);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let cases: &[(&str, &str)] = &[
        (
            "[[client]]\nmatch = \"10.0.0.1\"\n",
            "a.toml:1:1: missing field `image`\n  see the form of the file: winbootfs mount --help",
        ),
        (
            "mountpoint = \"/srv\"\n",
            "a.toml:1:1: unknown key `mountpoint`\n  known here: `client`",
        ),
        (
            "[[client]]\nmatch = \"10.0.0.300\"\nimage = \"x\"\n",
            "a.toml:2:9: \"10.0.0.300\" is neither an address, a subnet nor a MAC\n  write \
             \"10.0.7.5\", \"10.0.7.0/24\", \"fd00::/64\" or \"52:54:00:12:34:56\"",
        ),
        (
            "[[client]]\nmatch = \"10.0.0.1\"\nimage = \"z\"\n",
            "a.toml:3:9: unknown image \"z\"\n  known images: \"x\", \"y\"",
        ),
        (
            "[[client]]\nmatch = []\nimage = \"x\"\n",
            "a.toml:2:9: a client rule that matches nobody\n  add an address: match = \
             \"10.0.7.0/24\"",
        ),
        (
            "[[client]]\nmatch = [\"10.0.0.1\", \"10.0.0.1\"]\nimage = \"x\"\n",
            "a.toml:2:22: 10.0.0.1 is matched twice, first on line 2\n  keep one of the two",
        ),
        (
            "[[client]]\nmatch = \"10.0.0.1\"\nimage = \"x\"\nuntil = 2026-12-24\n",
            "a.toml:4:9: until = 2026-12-24 is no point in time\n  write it in UTC: until = \
             2026-12-24T18:00:00Z",
        ),
        (
            "[[client]]\nmatch = \"10.0.0.0/24\"\nimage = \"x\"\nonce = true\n",
            "a.toml:4:8: once = true is for one client alone in its file\n  write one address or \
             MAC, and other rules into files of their own",
        ),
        (
            "[[client]]\nmatch = [\"10.0.0.1\", \"10.0.0.2\"]\nimage = \"x\"\nonce = true\n",
            "a.toml:4:8: once = true is for one client alone in its file\n  write one address or \
             MAC, and other rules into files of their own",
        ),
        (
            "[[client]]\nmatch = \"10.0.0.1\"\nimage = \"x\"\nonce = true\n\
             [[client]]\nmatch = \"10.0.0.2\"\nimage = \"y\"\n",
            "a.toml:4:8: once = true is for one client alone in its file\n  write one address or \
             MAC, and other rules into files of their own",
        ),
    ];
    for (text, wanted) in cases {
        let world = site();
        drop_in(&world, "a.toml", text);
        drop_in(&world, "b.toml", &rule("10.0.0.9", "y"));
        let folder = read(&world);
        let said = problems(&folder);
        assert_eq!(said.len(), 1, "{text}: {said:#?}");
        assert!(said[0].starts_with(wanted), "{text}\n{}", said[0]);
        assert_eq!(rules(&folder), ["b.toml: 10.0.0.9 -> y"], "{text}");
    }
}

#[test]
fn once_false_is_for_any_number() {
    let world = site();
    drop_in(
        &world,
        "a.toml",
        &format!("{}once = false\n", rule("10.0.0.0/24", "x")),
    );
    drop_in(
        &world,
        "b.toml",
        &format!("{}once = true\n", rule("52:54:00:00:00:01", "x")),
    );
    let folder = read(&world);
    assert_eq!(problems(&folder), [""; 0]);
    let once: Vec<bool> = folder
        .rules()
        .iter()
        .map(|dropped| dropped.rule.once.is_some())
        .collect();
    assert_eq!(once, [false, true]);
}

/// Nothing of it is read, and nobody waits for it.
#[test]
fn what_is_no_file_or_too_long_is_said_so() {
    let world = site();
    let at = |name: &str| world.path(CLIENTS_D).join(name);
    fs::create_dir(at("folder.toml")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        at("pipe.toml"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    fs::write(at("text.toml"), b"# \xff\n").unwrap();
    let long = format!("{}{}", rule("10.0.0.1", "x"), "#".repeat(1 << 20));
    drop_in(&world, "long.toml", &long);
    symlink("nowhere", at("gone.toml")).unwrap();
    symlink(world.path("elsewhere"), at("link.toml")).unwrap();
    world.put("elsewhere", rule("10.0.0.2", "y").as_bytes());
    let folder = read(&world);
    assert_eq!(rules(&folder), ["link.toml: 10.0.0.2 -> y"]);
    let begin = |name: &str, what: &str| {
        format!("{name}.toml: cannot be read: {what}\n  look at it: ls -l {name}.toml")
    };
    assert_eq!(
        problems(&folder),
        [
            begin("folder", "it is no file"),
            begin("long", "it is longer than 1 MiB"),
            begin("pipe", "it is no file"),
            begin("text", "stream did not contain valid UTF-8"),
        ]
    );
}

#[test]
fn of_two_files_for_one_client_the_first_by_name_counts() {
    let world = site();
    drop_in(&world, "b.toml", &rule("10.0.0.1", "y"));
    drop_in(&world, "a.toml", &rule("10.0.0.1", "x"));
    drop_in(
        &world,
        "c.toml",
        "[[client]]\nmatch = [\"10.0.0.2\", \"::ffff:10.0.0.1\"]\nimage = \"y\"\n",
    );
    let mut folder = read(&world);
    assert_eq!(
        rules(&folder),
        ["a.toml: 10.0.0.1 -> x", "c.toml: 10.0.0.2 -> y"]
    );
    assert_eq!(
        problems(&folder),
        [
            "b.toml:2:9: 10.0.0.1 has a rule in a.toml already\n  remove one of the two",
            "c.toml:2:22: 10.0.0.1 has a rule in a.toml already\n  remove one of the two",
        ]
    );
    // The next in line takes over when the first goes.
    fs::remove_file(world.path(CLIENTS_D).join("a.toml")).unwrap();
    folder.read(&world.config().unwrap());
    assert_eq!(
        rules(&folder),
        ["b.toml: 10.0.0.1 -> y", "c.toml: 10.0.0.2 -> y"]
    );
}

#[test]
fn what_was_right_before_stays() {
    let world = site();
    let config = world.config().unwrap();
    drop_in(&world, "a.toml", &rule("10.0.0.1", "x"));
    let mut folder = read(&world);
    for (text, wanted) in [
        ("[[client]]\nmatch = ", "a.toml: 10.0.0.1 -> x"),
        ("[[client]]\nmat", "a.toml: 10.0.0.1 -> x"),
        (&rule("10.0.0.1", "y"), "a.toml: 10.0.0.1 -> y"),
        (&rule("10.0.0.1", "nothing"), "a.toml: 10.0.0.1 -> y"),
    ] {
        drop_in(&world, "a.toml", text);
        folder.read(&config);
        assert_eq!(rules(&folder), [wanted], "{text:?}");
        let is_right = text.ends_with("\"y\"\n");
        assert_eq!(problems(&folder).is_empty(), is_right, "{text:?}");
    }
    // Whoever removes a file means it, in whatever state it is.
    fs::remove_file(world.path(CLIENTS_D).join("a.toml")).unwrap();
    folder.read(&config);
    assert_eq!(rules(&folder), [""; 0]);
    assert_eq!(problems(&folder), [""; 0]);
}

/// As when the descriptors are used up: nobody meant to take any rule away.
#[test]
fn of_a_folder_that_cannot_be_read_everything_stays() {
    let world = site();
    let config = world.config().unwrap();
    drop_in(&world, "a.toml", &rule("10.0.0.1", "x"));
    drop_in(&world, "b.toml", &rule("10.0.0.2", "y"));
    let mut folder = read(&world);
    fs::rename(world.path(CLIENTS_D), world.path("aside")).unwrap();
    fs::write(world.path(CLIENTS_D), "no folder").unwrap();
    folder.read(&config);
    assert_eq!(
        rules(&folder),
        ["a.toml: 10.0.0.1 -> x", "b.toml: 10.0.0.2 -> y"]
    );
    let said = problems(&folder);
    let at = world.path(CLIENTS_D);
    assert_eq!(
        said,
        [format!(
            "{0}: cannot be read: Not a directory (os error 20)\n  look at it: ls -ld {0}",
            at.display()
        )]
    );
    // Without its image no rule stays.
    let fewer = World::new().image("x", &[("Boot/BCD", "x")]);
    folder.read(&fewer.config().unwrap());
    assert_eq!(rules(&folder), ["a.toml: 10.0.0.1 -> x"]);
    fs::remove_file(&at).unwrap();
    fs::rename(world.path("aside"), &at).unwrap();
    folder.read(&config);
    assert_eq!(rules(&folder).len(), 2);
    assert_eq!(problems(&folder), [""; 0]);
}

#[test]
fn images_that_come_and_go_make_rules_right_and_wrong() {
    let world = site();
    drop_in(&world, "a.toml", &rule("10.0.0.1", "z"));
    drop_in(&world, "b.toml", &rule("10.0.0.2", "y"));
    let mut folder = read(&world);
    assert_eq!(rules(&folder), ["b.toml: 10.0.0.2 -> y"]);
    let with = |images: &[&str]| {
        let world = images.iter().fold(World::new(), |world, image| {
            world.image(image, &[("Boot/BCD", *image)])
        });
        world.config().unwrap()
    };
    folder.read(&with(&["x", "y", "z"]));
    assert_eq!(
        rules(&folder),
        ["a.toml: 10.0.0.1 -> z", "b.toml: 10.0.0.2 -> y"]
    );
    folder.read(&with(&["x", "z"]));
    assert_eq!(rules(&folder), ["a.toml: 10.0.0.1 -> z"]);
    assert_eq!(
        problems(&folder),
        ["b.toml:3:9: unknown image \"y\"\n  known images: \"x\", \"z\""]
    );
    folder.read(&with(&["x", "y", "z"]));
    assert_eq!(rules(&folder).len(), 2);
}

/// What is written is what is read, for every kind of client.
#[test]
fn what_is_written_is_read() {
    let image = ImageName::new("y").unwrap();
    let ends = SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000);
    let kinds = [
        ("10.0.7.5", "10.0.7.5.toml"),
        ("10.0.7.0/24", "10.0.7.0_24.toml"),
        ("52:54:00:12:34:56", "52-54-00-12-34-56.toml"),
        ("fd00::5", "fd00::5.toml"),
        ("fd00::/64", "fd00::_64.toml"),
        ("::/0", "::_0.toml"),
    ];
    for (text, name) in kinds {
        for (until, once) in [(None, false), (Some(ends), false), (Some(ends), true)] {
            let world = site();
            let matched = Match::parse(text).unwrap();
            let at = world.path(CLIENTS_D);
            let once = once && matched.single().is_some();
            let file = dropped::write(&at, &matched, &image, until, once).unwrap();
            assert_eq!(file, at.join(name));
            assert_eq!(file, file_for(&at, &matched));
            let folder = read(&world);
            assert_eq!(problems(&folder), [""; 0], "{text}");
            let [written] = folder.rules().try_into().unwrap();
            assert_eq!(written.rule.matches.len(), 1);
            assert_eq!(written.rule.matches[0].value, matched);
            assert_eq!(written.rule.image.value, image);
            assert_eq!(written.rule.until, until);
            assert_eq!(written.rule.once.is_some(), once);
            let left: Vec<_> = fs::read_dir(&at).unwrap().collect();
            assert_eq!(left.len(), 1, "nothing else is left behind");
        }
    }
}

/// `check` and `resolve` are for everybody.
#[test]
fn what_is_written_everybody_may_read() {
    let world = site();
    let matched = Match::of(&Address::parse(b"10.0.0.1").unwrap());
    let image = ImageName::new("x").unwrap();
    let at = world.path(CLIENTS_D);
    fs::remove_dir(&at).unwrap();
    let file = dropped::write(&at, &matched, &image, None, false).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::write(world.path("plain"), "").unwrap();
    assert_eq!(mode(&file), mode(&world.path("plain")));
    // Once more, in the place of the first.
    let image = ImageName::new("y").unwrap();
    dropped::write(&at, &matched, &image, None, false).unwrap();
    assert_eq!(rules(&read(&world)), ["10.0.0.1.toml: 10.0.0.1 -> y"]);
}

#[test]
fn what_cannot_be_written_leaves_nothing() {
    let world = site();
    let matched = Match::parse("10.0.0.1").unwrap();
    let image = ImageName::new("x").unwrap();
    let at = world.path(CLIENTS_D);
    fs::create_dir(file_for(&at, &matched)).unwrap();
    dropped::write(&at, &matched, &image, None, false).unwrap_err();
    let left: Vec<_> = fs::read_dir(&at).unwrap().collect();
    assert_eq!(left.len(), 1);
    fs::write(world.path("file"), "").unwrap();
    dropped::write(&world.path("file"), &matched, &image, None, false).unwrap_err();
}
