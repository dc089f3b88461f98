//! The doctor for a mount whose mountpoint is named: it may be there without a configuration.

use std::path::Path;

use crate::common::mounted::{Mounted, can_mount, program};
use crate::common::world::World;

/// What it prints, begun in that folder.
fn said(folder: &Path, mountpoint: &str) -> String {
    let mut command = program();
    command.current_dir(folder).args(["doctor", mountpoint]);
    let done = command.output().unwrap();
    let said = [done.stdout, done.stderr].map(|text| String::from_utf8(text).unwrap());
    said.concat()
}

#[test]
fn a_mount_from_the_command_line_is_looked_at() {
    if !can_mount() {
        return;
    }
    let world = World::new()
        .layer("one", &[("BCD", "one")])
        .layer("mnt", &[("pxelinux.0", "beneath")]);
    let mut command = program();
    command
        .current_dir(world.path(""))
        .args(["mount", "one", "mnt"]);
    let mounted = Mounted::start(command, &world.path("mnt"));
    let said = said(&world.path(""), "mnt");
    let up = format!(
        "ok       mount: winbootfs is mounted on {}, and answers",
        mounted.root().canonicalize().unwrap().display()
    );
    assert!(said.contains(&up), "{said}");
    assert!(!said.contains("the mount hides"), "it is the base: {said}");
    assert!(!said.contains("clients.d"), "{said}");
}

#[test]
fn a_mountpoint_that_the_configuration_names_is_looked_at_by_it() {
    let world = World::new().layer("one", &[("BCD", "one")]);
    let rule = b"[[client]]\nmatch = \"10.0.0.1\"\nimage = \"none\"\n";
    world.put("clients.d/wrong.toml", rule);
    world.put(
        "mounts.toml",
        b"mountpoint = \"mnt\"\n[image.one]\nsource = \"one\"\n",
    );
    let folder = world.path("");
    let own = said(&folder, "mnt");
    assert!(own.contains("wrong.toml:3: unknown image"), "{own}");
    let other = said(&folder, "other");
    assert!(other.contains("/other is missing"), "{other}");
    assert!(!other.contains("clients.d"), "{other}");
}
