//! Events from the disk: that each change is told, and what it makes stale.
//!
//! The kernel believes an answer until an event ends it, so a change that is seen but not
//! told is a change that no server sees.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::mpsc::channel;
use std::time::Duration;

use winbootfs::tree::Belief;
use winbootfs::watch::{Change, Events};

use crate::common::wait;
use crate::common::world::{Nobody, World};
use crate::live_world::Live;
use crate::said::{asked, in_x, listed};

fn small() -> Live {
    Live::watched(World::new().image("x", &[("Boot/bcd", "old"), ("a/b/c", "deep")]))
}

#[test]
fn a_better_spelling_that_is_added_wins() {
    let live = small();
    assert_eq!(in_x(&live, "Boot/BCD"), "old");
    live.put("x/Boot/BCD", b"exact");
    live.is_told_of("x/Boot");
    live.becomes("Boot/BCD", "exact");
    assert_eq!(in_x(&live, "Boot/bcd"), "old");
}

#[test]
fn changes_deep_below_are_told_once_somebody_looked_there() {
    let live = small();
    assert_eq!(in_x(&live, "A/B/C"), "deep");
    live.put("x/a/b/C", b"exact");
    live.is_told_of("x/a/b");
    live.becomes("A/B/C", "exact");
    fs::create_dir(live.path("x/a/B")).unwrap();
    live.is_told_of("x/a");
    live.becomes("a/B/c", "<NotFound>");
}

#[test]
fn a_write_in_place_and_a_removal_are_told() {
    let live = small();
    assert_eq!(in_x(&live, "Boot/bcd"), "old");
    fs::write(live.path("x/Boot/bcd"), "written in place").unwrap();
    live.is_told_of("x/Boot");
    live.becomes("Boot/bcd", "written in place");
    assert_eq!(listed(&live, &Nobody, "images/x/Boot"), ["bcd"]);
    fs::remove_file(live.path("x/Boot/bcd")).unwrap();
    live.is_told_of("x/Boot");
    live.becomes("Boot/bcd", "<NotFound>");
}

/// The kernel remembers that a name was absent, wherever it would have come from.
#[test]
fn the_folder_that_would_have_ended_a_miss_is_watched() {
    for (missed, comes, told) in [
        ("later", "x/LATER", "x"),
        ("Boot/later", "x/Boot/later", "x/Boot"),
        (r"a\b\later", "x/a/b/later", "x/a/b"),
        ("no/such/folder", "x/no/such/folder", "x"),
        ("boot.sdi", "x/Boot/boot.sdi", "x/Boot"), // where an alias looks
        ("Boot/boot.wim", "x/sources/boot.wim", "x"),
    ] {
        let live = small();
        assert_eq!(in_x(&live, missed), "<NotFound>");
        live.put(comes, b"here");
        live.is_told_of(told);
        live.becomes(missed, "here");
    }
}

#[test]
fn a_folder_that_was_renamed_is_watched_under_its_new_name() {
    let live = small();
    assert_eq!(in_x(&live, "Boot/BCD"), "old");
    fs::rename(live.path("x/Boot"), live.path("x/Start")).unwrap();
    live.is_told_of("x");
    live.is_told_of("x/Start");
    live.becomes("Start/BCD", "old");
    live.goes_on_telling_of("Start");
    live.put("x/Start/BCD", b"exact");
    live.becomes("Start/BCD", "exact");
}

/// So do all folders below it: their watches go with it.
#[test]
fn a_folder_below_a_renamed_one_is_watched_on() {
    let live = small();
    assert_eq!(in_x(&live, "A/B/C"), "deep");
    for (from, to) in [("a", "z"), ("z", "a")] {
        let path = |folder| live.path(&format!("x/{folder}"));
        fs::rename(path(from), path(to)).unwrap();
        live.is_told_of(&format!("x/{to}/b"));
        live.becomes(&format!("{to}/B/C"), "deep");
    }
    live.goes_on_telling_of("a/b");
    live.put("x/a/b/C", b"exact");
    live.becomes("A/B/C", "exact");
}

#[test]
fn a_folder_that_was_swapped_for_another_is_watched() {
    let live = small();
    assert_eq!(in_x(&live, "Boot/BCD"), "old");
    live.put("fresh/bcd", b"fresh");
    fs::rename(live.path("x/Boot"), live.path("x/Boot.bak")).unwrap();
    fs::rename(live.path("fresh"), live.path("x/Boot")).unwrap();
    live.becomes("Boot/BCD", "fresh");
    live.becomes("Boot.bak/BCD", "old");
    for folder in ["Boot", "Boot.bak"] {
        live.goes_on_telling_of(folder);
        live.put(&format!("x/{folder}/BCD"), b"exact");
        live.becomes(&format!("{folder}/BCD"), "exact");
    }
}

#[test]
fn a_folder_that_was_removed_and_made_again_is_watched_again() {
    let live = small();
    for round in 0..3 {
        assert_eq!(in_x(&live, "Boot/BCD"), "old", "{round}");
        fs::remove_dir_all(live.path("x/Boot")).unwrap();
        live.is_told_of("x");
        live.becomes("Boot/BCD", "<NotFound>");
        live.put("x/Boot/bcd", b"old");
        live.is_told_of("x");
        live.becomes("Boot/BCD", "old");
        live.goes_on_telling_of("Boot");
        live.put("x/Boot/BCD", b"exact");
        live.becomes("Boot/BCD", "exact");
        fs::remove_file(live.path("x/Boot/BCD")).unwrap();
        live.becomes("Boot/BCD", "old");
    }
}

/// One folder in two images has one inode, and the kernel gives an inode one watch.
#[test]
fn a_folder_that_two_images_share_is_told_to_both() {
    let world = World::new()
        .image("x", &[("Boot/bcd", "old")])
        .line("[image.y]\nsource = \"x/Boot\"");
    let live = Live::watched(world);
    let of_y = |world: &World| asked(world, &Nobody, "images/y/BCD");
    assert_eq!(in_x(&live, "Boot/BCD"), "old");
    assert_eq!(of_y(&live), "old");
    live.put("x/Boot/BCD", b"exact");
    live.is_told_of("x/Boot");
    live.becomes("Boot/BCD", "exact");
    assert!(live.comes_to(|world| of_y(world) == "exact"));
}

#[test]
fn the_configuration_file_is_told_of_however_it_is_written() {
    let world = World::new();
    let file = world.config_file();
    let (sender, changes) = channel::<Change>();
    let events = Events::new(sender);
    assert!(events.watch_configuration(&file));
    let told = |what: &str| {
        wait::until(what, Duration::from_secs(10), || {
            let told = changes
                .try_iter()
                .any(|change| change == Change::Configuration);
            told.then_some(())
        });
    };
    fs::write(&file, "# in place").unwrap();
    told("a write in place");
    world.put("mounts.toml", b"# renamed over it");
    told("a rename over it");
    fs::remove_file(&file).unwrap();
    told("a removal");
    world.put("another.toml", b"");
    fs::write(&file, "# back").unwrap();
    told("its return");
}

/// What a link leads to can change where nobody looks.
#[test]
fn what_is_reached_over_a_link_is_believed_briefly() {
    let world = World::new().image("x", &[("v1/BCD", "one"), ("v1/d/e", "one")]);
    symlink("v1/BCD", world.path("x/bcd-link")).unwrap();
    symlink("v1", world.path("x/now")).unwrap();
    let live = Live::watched(world);
    // The last step alone: a look-up tells the least of all steps.
    let belief = |folder: &str, name: &str| {
        let parent = live.look(&Nobody, folder.as_bytes()).unwrap().0.id;
        let answer = live.tree().lookup(parent, name.as_bytes(), &Nobody);
        (answer.found.is_ok(), answer.belief)
    };
    let v1 = belief("images/x/v1", "BCD");
    assert_eq!(v1, (true, Belief::UntilChanged));
    for (folder, name, is_there) in [
        ("images/x", "bcd-link", true),
        ("images/x", "now", true),
        ("images/x/now", "BCD", true),
        ("images/x/now", "d", true),
        ("images/x/now/d", "e", true),
        ("images/x/now", "nothing", false),
    ] {
        let wanted = (is_there, Belief::Briefly);
        assert_eq!(belief(folder, name), wanted, "{folder} {name}");
    }
}
