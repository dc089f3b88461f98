//! `client` and `init`: choosing an image for single clients, and menus.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;

use crate::common::mounted::{Mounted, PATIENCE};
use crate::common::wait;
use crate::common::world::World;
use crate::{Done, on_the_sample, run};

fn site() -> World {
    let image = |world: World, name: &str| {
        world.image(
            name,
            &[
                ("Boot/BCD", name),
                ("Boot/pxeboot.n12", "program"),
                ("bootmgr.exe", "manager"),
                ("bootx64.efi", "program"),
            ],
        )
    };
    image(image(World::new(), "x"), "My Image").default_image("x")
}

/// Runs a command on the world's configuration.
fn with(world: &World, arguments: &[&str]) -> Done {
    let file = world.config_file();
    let mut all: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    all.extend([OsStr::new("--config"), file.as_os_str()]);
    run(&all)
}

fn files(world: &World) -> Vec<String> {
    let entries = fs::read_dir(world.path("clients.d"));
    let names = entries.into_iter().flatten();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_rule_is_set_listed_and_cleared() {
    let world = site();
    with(&world, &["client", "list"]).printed(&["nothing is set in"]);
    with(&world, &["client", "set", "10.0.7.5", "X"]).printed(&["10.0.7.5 gets x\n"]);
    with(
        &world,
        &["client", "set", "52:54:00:12:34:56", "My Image", "--once"],
    )
    .printed(&["52-54-00-12-34-56 gets My Image, once\n"]);
    with(&world, &["client", "set", "fd00::/64", "x", "--for", "2h"])
        .printed(&["fd00::/64 gets x, until 2"]);
    let all = ["10.0.7.5.toml", "52-54-00-12-34-56.toml", "fd00::_64.toml"];
    assert_eq!(files(&world), all);
    let listed = with(&world, &["client", "list"]);
    listed.printed(&[
        "10.0.7.5 gets x  (",
        "gets My Image, once  (",
        "fd00::/64 gets x, until ",
    ]);
    let asked = with(&world, &["resolve", "--client", "10.0.7.5", r"\Boot\BCD"]);
    asked.printed(&["rule     10.0.7.5, ", "clients.d/10.0.7.5.toml:2\n"]);
    with(&world, &["client", "set", "10.0.7.5", "my image"]).printed(&["10.0.7.5 gets My Image\n"]);
    with(&world, &["client", "clear", "::ffff:10.0.7.5"]).printed(&["removed "]);
    assert_eq!(files(&world), all[1..]);
    with(&world, &["client", "clear", "--all"]).printed(&["removed "]);
    assert!(files(&world).is_empty());
    with(&world, &["client", "clear", "--all"]).printed(&["nothing to remove"]);
}

#[test]
fn only_what_is_over_is_cleared_as_expired() {
    let world = site();
    let over = "until = 2026-01-01T00:00:00Z";
    let rule = |client: &str, until: &str| {
        format!("[[client]]\nmatch = \"{client}\"\nimage = \"x\"\n{until}\n")
    };
    for (file, text) in [
        ("over", rule("10.0.0.1", over)),
        ("lasting", rule("10.0.0.2", "")),
        ("both", rule("10.0.0.3", over) + &rule("10.0.0.4", "")),
    ] {
        world.put(&format!("clients.d/{file}.toml"), text.as_bytes());
    }
    with(&world, &["client", "list"])
        .printed(&["10.0.0.1 gets x, until 2026-01-01T00:00:00Z (over)"]);
    with(&world, &["client", "clear", "--expired"]).printed(&["removed "]);
    assert_eq!(files(&world), ["both.toml", "lasting.toml"]);
    with(&world, &["client", "clear", "10.0.0.3"]).failed(
        1,
        &["10.0.0.3 shares its file with other clients", "both.toml"],
    );
}

#[test]
fn what_cannot_be_set_changes_nothing() {
    let world = site();
    for (arguments, code, said) in [
        (
            &["set", "10.0.7.5", "y"][..],
            2,
            "known images: x, My Image",
        ),
        (
            &["set", "10.0.7", "x"],
            2,
            "neither an address, a subnet nor a MAC",
        ),
        (
            &["set", "10.0.7.1/24", "x"],
            2,
            "did you mean \"10.0.7.0/24\"",
        ),
        (&["set", "ff:ff:ff:ff:ff:ff", "x"], 2, "no single computer"),
        (
            &["set", "10.0.7.0/24", "x", "--once"],
            2,
            "--once is for one",
        ),
        (&["set", "10.0.7.5", "x", "--for", "soon"], 2, "--for"),
        (&["clear", "10.0.7.5"], 1, "nothing is set for 10.0.7.5"),
        (&["clear"], 2, "required"),
        (&["clear", "10.0.7.5", "--all"], 2, "cannot be used with"),
    ] {
        let mut all = vec!["client"];
        all.extend(arguments);
        with(&world, &all).failed(code, &[said]);
        assert!(files(&world).is_empty(), "{arguments:?}");
    }
}

/// A file of somebody else's that has the client already.
#[test]
fn a_rule_that_another_file_overrules_is_told() {
    let world = site();
    let rule = "[[client]]\nmatch = [\"10.0.7.5\", \"10.0.7.6\"]\nimage = \"x\"\n";
    world.put("clients.d/0-mine.toml", rule.as_bytes());
    with(&world, &["client", "set", "10.0.7.5", "My Image"])
        .failed(1, &["10.0.7.5 has a rule in", "0-mine.toml already"]);
    with(&world, &["client", "list"]).failed(1, &["0-mine.toml already"]);
    with(&world, &["check"]).failed(1, &[]);
}

#[test]
fn resolve_asks_the_daemon_what_was_booted() {
    let world = site().base(&[("hello", "base")]);
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let resolve = || {
        let file = world.path("mounts.toml");
        let file = file.to_str().unwrap();
        run(&[
            "resolve",
            "--config",
            file,
            "--client",
            "10.0.7.5",
            r"\Boot\BCD",
        ])
    };
    let before = resolve();
    before.printed(&["rule     default, where no rule matches\nimage    x\n"]);
    assert!(!before.out.contains("booted"), "{before:?}");
    mounted
        .read(b"clients/10.0.7.5/images/My Image/pxeboot.0")
        .unwrap();
    resolve().printed(&[
        "rule     what it booted last\nimage    My Image\nelse     x, by default",
        "answer   ",
        "My Image/Boot/BCD, 8 bytes",
    ]);
    mounted.wait_for_log("10.0.7.5 boots My Image, BIOS");
}

/// Whoever may use the socket can still be mistaken, or hang.
#[test]
fn what_is_no_question_gets_an_error_and_harms_nothing() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let device = fs::metadata(mounted.root()).unwrap().dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let socket = format!("/run/winbootfs/{major}-{minor}.sock");
    let mode = fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mute = UnixStream::connect(&socket).unwrap();
    for said in [
        &b"garbage\n"[..],
        b"{}\n",
        b"\xff\xfe\n",
        b"{\"ask\":\"booted\",\"client\":\"printer\"}\n",
        b"{\"ask\":\"booted\",\"client\":\"10.0.0.1\",\"more\":1}\n",
        &[b'x'; 4096],
    ] {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(said).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("{\"answer\":\"wrong\""), "{answer:?}");
    }
    drop(mute);
    assert_eq!(mounted.read(br"\Boot\BCD").unwrap(), b"x");
}

/// A rule for its MAC comes before one for its address: the command says which one would do.
#[test]
fn who_sets_an_address_is_told_of_the_rule_for_its_mac() {
    let world = site()
        .key("leases", "leases.txt")
        .line("[[client]]\nmatch = \"52:54:00:12:34:56\"\nimage = \"x\"");
    world.put("leases.txt", b"0 52:54:00:12:34:56 10.0.7.5 pc *\n");
    with(&world, &["client", "set", "10.0.7.5", "My Image"]).printed(&[
        "10.0.7.5 gets My Image\n",
        "but 10.0.7.5 is 52-54-00-12-34-56 at present, and its own rule comes first: x \
         (52-54-00-12-34-56, ",
        "mounts.toml:8)\n  to set that: winbootfs client set 52-54-00-12-34-56 \"My Image\"\n",
    ]);
    for arguments in [
        ["client", "set", "10.0.7.6", "x"],
        ["client", "set", "10.0.7.0/24", "x"],
        ["client", "set", "52:54:00:12:34:56", "x"],
    ] {
        let done = with(&world, &arguments);
        assert!(!done.out.contains("comes first"), "{}", done.out);
    }
}

/// Nothing that lies there by mistake keeps the daemon from serving.
#[test]
fn what_cannot_be_read_is_told_and_harms_nothing() {
    let world = site().line("[[client]]\nmatch = \"52:54:00:12:34:56\"\nimage = \"x\"");
    world.put("clients.d", b"a file and no folder");
    let world = world.key("leases", "mounts.toml");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let read = mounted.read(b"clients/10.0.7.5/Boot/BCD").unwrap();
    assert_eq!(read, b"x");
    mounted.wait_for_log("clients.d: cannot be read");
    mounted.wait_for_log("cannot use the lease file");
    fs::remove_file(world.path("clients.d")).unwrap();
    with(&world, &["client", "set", "10.0.7.5", "My Image"]).printed(&["gets My Image"]);
    let name = b"clients/10.0.7.5/Boot/BCD";
    wait::until("the rule", PATIENCE, || {
        (mounted.read(name).unwrap() == b"My Image").then_some(())
    });
}

#[test]
fn a_menu_for_each_program() {
    for (menu, lines) in [
        (
            "pxelinux",
            &[
                "LABEL rescue\n  MENU LABEL rescue\n  MENU DEFAULT\n  KERNEL ::images/rescue/Boot/pxeboot.0\n",
                "LABEL win11\n  MENU LABEL win11\n  KERNEL ::images/win11/Boot/pxeboot.0\n",
            ][..],
        ),
        (
            "ipxe",
            &[
                "#!ipxe\n",
                "set server tftp://${next-server}\n",
                "item win11 win11\n",
                ":bios_win11\nchain ${server}/images/win11/Boot/pxeboot.0 ||",
                ":uefi_win11\nchain ${server}/images/win11/boot${efi}.efi ||",
            ],
        ),
        (
            "grub",
            &[
                "set root=tftp,$net_default_server\n",
                "set default=rescue\n",
                "menuentry 'win11' --id win11 {\n  chainloader '/images/win11/boot'\"$efi.efi\"\n}",
            ],
        ),
    ] {
        on_the_sample(&["init", "--menu", menu]).printed(lines);
    }
    on_the_sample(&["init", "--menu", "ipxe", "--server", "nginx"])
        .printed(&["set server http://${next-server}\n"]);
    on_the_sample(&["init", "--menu", "grub", "--server", "apache"])
        .printed(&["set root=http,$net_default_server\n"]);
}

#[test]
fn what_a_menu_cannot_start_is_told() {
    let world = site().image("nothing", &[("readme", "x")]);
    with(&world, &["init", "--menu", "pxelinux"]).printed(&[
        "# My Image: pxelinux cannot start what has a blank in its name",
        "# nothing has no BIOS boot program",
    ]);
    with(&world, &["init", "--menu", "ipxe"]).printed(&[
        "item image-2 My Image\n",
        "chain ${server}/images/My%20Image/boot${efi}.efi",
        ":uefi_nothing\necho This image has no UEFI boot program.\n",
    ]);
    let empty = World::new().image("nothing", &[("readme", "x")]);
    with(&empty, &["init", "--menu", "grub"])
        .failed(1, &["no image has a boot program", "winbootfs check"]);
    with(
        &site(),
        &["init", "--menu", "pxelinux", "--server", "nginx"],
    )
    .failed(2, &["pxelinux loads over TFTP"]);
    with(&site(), &["init"]).failed(2, &["--menu"]);
}
