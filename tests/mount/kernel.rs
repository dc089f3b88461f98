//! What Linux makes of our answers.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::common::http;
use crate::common::mounted::{Mounted, PATIENCE};
use crate::common::servers;
use crate::common::skip;
use crate::common::wait;
use crate::common::world::World;
use crate::site::{DEFAULT, clients, site, store};

/// One file under every name, in every view and by alias: one number, one page cache.
#[test]
fn a_file_has_one_number_everywhere() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let names: [&[u8]; 7] = [
        b"images/cedar/boot/bcd",
        b"images/CEDAR/Boot/BCD",
        b"images/cedar/\\BOOT\\bcd",
        b"images/cedar/EFI/Microsoft/Boot/BCD",
        b"clients/127.0.0.4/Boot/BCD",
        b"127.0.0.4/bcd",
        b"7F000004/boot\\BCD",
    ];
    let numbers: Vec<u64> = names
        .map(|name| fs::metadata(mounted.path(name)).unwrap().ino())
        .into();
    assert!(
        numbers.iter().all(|number| *number == numbers[0]),
        "{numbers:?}"
    );
    let other = fs::metadata(mounted.path(b"images/birch/Boot/BCD"))
        .unwrap()
        .ino();
    assert_ne!(other, numbers[0], "another image's file is another file");
}

#[test]
fn everybody_may_read_and_nobody_write() {
    let world = site().key("owner", "1234:5678");
    fs::set_permissions(
        world.path("elm/Boot/BCD"),
        fs::Permissions::from_mode(0o600),
    )
    .unwrap();
    fs::set_permissions(world.path("elm/Boot"), fs::Permissions::from_mode(0o700)).unwrap();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let file = fs::metadata(mounted.path(b"Boot/BCD")).unwrap();
    let folder = fs::metadata(mounted.path(b"Boot")).unwrap();
    assert_eq!(
        (file.mode() & 0o7777, folder.mode() & 0o7777),
        (0o444, 0o555)
    );
    assert_eq!((file.uid(), file.gid(), folder.uid()), (1234, 5678, 1234));
    assert_eq!(file.len(), store(DEFAULT).len() as u64);
}

#[test]
fn every_change_is_refused_as_read_only() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    refused_everywhere(&mounted);
    // Somebody remounts it for writing: now the door itself has to say no.
    let flags = rustix::mount::MountFlags::empty();
    rustix::mount::mount_remount(mounted.root(), flags, c"").unwrap();
    refused_everywhere(&mounted);
    assert_eq!(
        fs::read(world.path("elm/Boot/BCD")).unwrap(),
        store(DEFAULT)
    );
}

fn refused_everywhere(mounted: &Mounted) {
    let file = mounted.path(b"Boot/BCD");
    let fresh = mounted.path(b"Boot/new");
    let folder = mounted.path(b"Boot");
    let tries: Vec<(&str, io::Result<()>)> = vec![
        (
            "open for writing",
            OpenOptions::new()
                .write(true)
                .open(&file)
                .map(|file| file.write_all_at(b"x", 0))
                .and_then(|done| done),
        ),
        ("create", File::create(&fresh).map(drop)),
        (
            "truncate",
            OpenOptions::new()
                .write(true)
                .custom_flags(libc::O_TRUNC)
                .open(&file)
                .map(drop),
        ),
        ("mkdir", fs::create_dir(&fresh)),
        ("remove", fs::remove_file(&file)),
        ("rmdir", fs::remove_dir(&folder)),
        ("rename", fs::rename(&file, &fresh)),
        ("link", fs::hard_link(&file, &fresh)),
        ("symlink", symlink("x", &fresh)),
        (
            "chmod",
            fs::set_permissions(&file, fs::Permissions::from_mode(0o777)),
        ),
        ("chown", std::os::unix::fs::chown(&file, Some(1), Some(1))),
        ("mknod", mknod(&fresh)),
        (
            "utimes",
            File::open(&file).and_then(|file| file.set_modified(std::time::SystemTime::UNIX_EPOCH)),
        ),
        ("setxattr", xattr("-n user.x -v y", &file)),
        ("removexattr", xattr("-x user.x", &file)),
    ];
    for (what, done) in tries {
        let error = done.expect_err(what);
        assert_eq!(error.raw_os_error(), Some(libc::EROFS), "{what}: {error}");
    }
}

fn mknod(path: &Path) -> io::Result<()> {
    let folder = open_folder(path.parent().unwrap());
    let mode = rustix::fs::Mode::from_bits_retain(0o644);
    Ok(rustix::fs::mknodat(
        folder,
        path.file_name().unwrap(),
        rustix::fs::FileType::Fifo,
        mode,
        0,
    )?)
}

fn xattr(arguments: &str, path: &Path) -> io::Result<()> {
    let flags = rustix::fs::XattrFlags::empty();
    match arguments.starts_with("-n") {
        true => Ok(rustix::fs::setxattr(path, "user.x", b"y", flags)?),
        false => Ok(rustix::fs::removexattr(path, "user.x")?),
    }
}

/// A server that opens a folder as a file must hear "not found" at once; whoever lists
/// one says so.
#[test]
fn a_folder_is_no_file() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    for name in [
        &b"Boot"[..],
        b"images",
        b"images/cedar",
        b"clients",
        b"127.0.0.2",
        b"\\Boot\\",
        b"linux",
    ] {
        let opened = File::open(mounted.path(name));
        assert_eq!(
            opened.unwrap_err().raw_os_error(),
            Some(libc::ENOENT),
            "{}",
            String::from_utf8_lossy(name)
        );
    }
    let listed = Command::new("ls")
        .arg("-R")
        .arg(mounted.root())
        .output()
        .unwrap();
    assert!(
        listed.status.success(),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let text = String::from_utf8_lossy(&listed.stdout);
    assert!(text.contains("BCD") && text.contains("vmlinuz") && text.contains("cedar"));
    let found = Command::new("find")
        .arg(mounted.root())
        .args(["-name", "pxelinux.0"])
        .output()
        .unwrap();
    assert!(found.status.success());
    let copies = String::from_utf8_lossy(&found.stdout).lines().count();
    assert_eq!(
        copies,
        1 + clients().count(),
        "at the root, and in every client's view"
    );
}

/// The same behind the servers that would otherwise offer a size for it.
#[test]
fn a_folder_asked_for_as_a_file_is_not_found_at_once() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let client = clients().next().unwrap().0;
    for server in [
        servers::dnsmasq(mounted.root(), &[]),
        servers::tftpd_hpa(mounted.root()),
        servers::atftpd(mounted.root()),
    ] {
        let Some(server) = skip::or_skip(server) else {
            continue;
        };
        for name in [
            &b"\\Boot"[..],
            b"Boot",
            b"\\EFI\\Microsoft",
            b"images/cedar",
        ] {
            let before = std::time::Instant::now();
            let refused = server.client(client).get(name).unwrap_err();
            assert!(refused.is_not_found(), "{refused}");
            assert!(
                before.elapsed() < PATIENCE / 4,
                "it took {:?}",
                before.elapsed()
            );
        }
    }
}

/// nginx opens a folder like a file, and sends the client on to a listing if it can.
#[test]
fn nginx_finds_no_file_where_a_folder_is() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let root = format!("root {}/clients/$remote_addr;", mounted.root().display());
    let Some(server) = skip::or_skip(servers::nginx(&root)) else {
        return;
    };
    let client = clients().next().unwrap().0;
    for name in [&b"/Boot"[..], b"/boot", b"/\\Boot", b"/images/cedar"] {
        assert_eq!(http::get(server.address, client, name).unwrap().status, 404);
    }
    let listing = http::get(server.address, client, b"/Boot/").unwrap();
    assert_eq!(listing.status, 200);
    assert!(String::from_utf8_lossy(&listing.body).contains("BCD"));
}

/// Two spellings of one folder in turns: the kernel asks for each once, and then knows.
#[test]
fn two_spellings_of_a_folder_are_asked_for_once_each() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let one = mounted.path(b"images/cedar/Boot/BCD");
    let other = mounted.path(b"images/cedar/BOOT/BCD");
    fs::metadata(&one).unwrap();
    fs::metadata(&other).unwrap();
    let before = mounted.counter("lookups");
    for _ in 0..10_000 {
        fs::metadata(&one).unwrap();
        fs::metadata(&other).unwrap();
    }
    let asked = mounted.counter("lookups") - before;
    // Not 0: another test may make the kernel drop its caches meanwhile.
    println!("20,000 stats under two spellings: {asked} look-ups");
    assert!(asked <= 200, "{asked} look-ups for 20,000 stats");
}

/// A process that stands in a folder keeps its name for it, whatever others ask for.
#[test]
fn a_working_folder_keeps_its_name() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let script = "cd images/cedar/Boot && stat ../BOOT/BCD ../boot/bcd >/dev/null && /bin/pwd -P";
    let shell = Command::new("sh")
        .args(["-c", script])
        .current_dir(mounted.root())
        .output()
        .unwrap();
    let stood = String::from_utf8_lossy(&shell.stdout);
    assert!(stood.trim().ends_with("images/cedar/Boot"), "{stood}");
}

/// What the kernel has forgotten is forgotten here too.
#[test]
fn the_numbers_are_given_back() {
    const LOOKUPS: u64 = 200_000;
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let mut held = 0;
    for number in 0_u32.. {
        let name = respelled(b"images/cedar/boot/boot.sdi", number);
        assert!(fs::metadata(mounted.path(&name)).is_ok());
        if number % 10_000 == 0 {
            held = held.max(mounted.counter("nodes"));
            if mounted.counter("lookups") >= LOOKUPS {
                break;
            }
        }
    }
    // 2 is "names and numbers": the kernel gives back what is not in use.
    let left = wait::until("the numbers to be given back", PATIENCE, || {
        fs::write("/proc/sys/vm/drop_caches", "2").unwrap();
        let left = mounted.counter("nodes");
        (left <= 16).then_some(left)
    });
    println!("{LOOKUPS} look-ups, at most {held} numbers held, {left} left");
    assert!(held > 1_000, "the test must make many numbers, not {held}");
}

/// The case of each letter by one bit, in an order in which no spelling comes twice soon.
fn respelled(name: &[u8], number: u32) -> Vec<u8> {
    let bits = number.wrapping_mul(0x9E37_79B9);
    let letter = |(at, byte): (usize, &u8)| match bits >> (at % 32) & 1 {
        1 => byte.to_ascii_uppercase(),
        _ => *byte,
    };
    name.iter().enumerate().map(letter).collect()
}

fn open_folder(path: &Path) -> File {
    let mut options = File::options();
    options.read(true).custom_flags(libc::O_DIRECTORY);
    options.open(path).unwrap()
}

/// A name of nothing but separators is the folder itself, with a number of its own.
#[test]
fn separators_alone_name_the_folder() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    for name in [
        &b"\\/Boot/BCD"[..],
        b"\\\\//boot\\bcd",
        b"images/cedar/\\/Boot/\\/BCD",
    ] {
        assert!(
            mounted.read(name).is_ok(),
            "{}",
            String::from_utf8_lossy(name)
        );
    }
    let root = fs::metadata(mounted.root()).unwrap().ino();
    let again = fs::metadata(mounted.path(b"\\")).unwrap();
    assert!(again.is_dir());
    assert_ne!(again.ino(), root);
}

/// As long as the kernel lets them through, and refused by us or by it beyond.
#[test]
fn long_names_do_no_harm() {
    let world = World::new()
        .image("x", &[("Boot/BCD", "store")])
        .default_image("x");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    for length in [255, 256, 1023, 1024, 1025, 4000, 5000] {
        let name = vec![b'a'; length];
        let error = fs::metadata(mounted.path(&name))
            .unwrap_err()
            .raw_os_error();
        assert!(
            matches!(error, Some(libc::ENOENT | libc::ENAMETOOLONG)),
            "{length}: {error:?}"
        );
        let mut name = b"\\".repeat(length.saturating_sub(8));
        name.extend_from_slice(b"boot\\bcd");
        let read = mounted.read(&name);
        assert!(
            read.is_ok_and(|bytes| bytes == b"store") || length > 1024,
            "{length}"
        );
    }
    assert_eq!(mounted.read(b"Boot/BCD").unwrap(), b"store");
}

/// A server that went into the mount with chroot asks it for its own machine's files.
#[test]
fn a_chroot_finds_nothing_of_the_machine() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    for name in [&b"etc/localtime"[..], b"dev/log", b"etc/passwd"] {
        let missing = fs::metadata(mounted.path(name)).unwrap_err();
        assert_eq!(missing.raw_os_error(), Some(libc::ENOENT));
    }
}

/// tftpd-hpa locks what it reads: the kernel keeps such locks itself.
#[test]
fn a_read_lock_is_granted() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let file = File::open(mounted.path(b"Boot/BCD")).unwrap();
    file.try_lock_shared().unwrap();
    let operation = rustix::fs::FlockOperation::NonBlockingLockShared;
    rustix::fs::fcntl_lock(&file, operation).unwrap();
}
