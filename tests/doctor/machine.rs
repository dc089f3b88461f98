//! What the kernel prints is read as it is.

use winbootfs::doctor::machine::kernel::{is_built_with, version};
use winbootfs::doctor::machine::process::{Process, unit_of};
use winbootfs::doctor::machine::sockets::{Protocol, parse};
use winbootfs::fuse::mountpoint::table::Mount;

const STATUS: &str = "Name:\tdnsmasq\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t712\nPid:\t712\n\
                      PPid:\t1\nUid:\t0\t65534\t0\t0\nGid:\t0\t30\t0\t0\nGroups:\t30 33 \nNSpid:\t712\t5\n\
                      Threads:\t3\nCapEff:\t0000000000003400\n";

#[test]
fn a_process() {
    let process = Process::parse(STATUS).unwrap();
    assert_eq!((process.id, process.parent), (712, 1));
    assert_eq!(process.program, "dnsmasq");
    assert_eq!(process.user.id, 65534, "the one that acts");
    assert_eq!(process.user.groups, [30, 30, 33]);
    assert!(process.user.may(10) && process.user.may(12) && !process.user.may(21));
    assert_eq!((process.threads, process.namespaces), (3, 2));
    assert_eq!(Process::parse("Name:\tx\n"), None);
    assert_eq!(Process::read(i32::MAX), None);
    let own = Process::own().unwrap();
    assert_eq!(own.id, i32::try_from(std::process::id()).unwrap());
}

#[test]
fn a_unit() {
    for (cgroup, unit) in [
        ("0::/system.slice/dnsmasq.service\n", Some("dnsmasq")),
        ("0::/system.slice/system-x.slice/x@1.service\n", Some("x@1")),
        (
            "12:pids:/system.slice/nginx.service\n1:name=systemd:/system.slice/nginx.service\n",
            Some("nginx"),
        ),
        (
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n",
            None,
        ),
        ("0::/user.slice/user-1000.slice/x.service\n", None),
        ("0::/system.slice/a; reboot.service\n", None),
        ("0::/system.slice/docker-abc.scope\n", None),
        ("0::/\n", None),
    ] {
        assert_eq!(unit_of(cgroup).as_deref(), unit, "{cgroup}");
    }
}

#[test]
fn sockets_that_wait() {
    let word = |number: u32| format!("{number:08X}");
    let loopback = word(u32::from_ne_bytes([127, 0, 0, 1]));
    let one = word(u32::from_ne_bytes([0, 0, 0, 1]));
    let none = "0".repeat(8);
    let list = format!(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
         1: {loopback}:0045 {none}:0000 07 00000000:00000000 00:00000000 00000000     0        0 1138 2 0 0\n\
         2: {none}:0045 {none}:0000 07 00000000:00000000 00:00000000 00000000     0        0 1139 2 0 0\n\
         3: {none}:1045 {loopback}:0050 01 00000000:00000000 00:00000000 00000000     0        0 1140 2 0 0\n\
         4: {none}{none}{none}{one}:0045 {none}{none}{none}{none}:0000 07 0:0 00:0 0     0        0 1141 2 0 0\n\
         broken\n"
    );
    let found = parse(Protocol::Udp, &list);
    let shown: Vec<String> = found
        .iter()
        .map(|socket| format!("{} {socket} {}", socket.address, socket.inode))
        .collect();
    assert_eq!(
        shown,
        [
            "127.0.0.1 UDP port 69 1138",
            "0.0.0.0 UDP port 69 1139",
            "::1 UDP port 69 1141"
        ]
    );
    assert!(found[0].overlaps(&found[1]) && !found[0].overlaps(&found[2]));
    assert_eq!(parse(Protocol::Tcp, &list), [], "none of them listens");
    let listening = parse(Protocol::Tcp, &list.replace(" 07 ", " 0A "));
    assert_eq!(listening.len(), 3);
}

#[test]
fn versions() {
    for (release, found) in [
        ("6.18.44-fc-v782", Some((6, 18))),
        ("6.1.0-18-amd64", Some((6, 1))),
        ("5.15.167.4-microsoft-standard-WSL2", Some((5, 15))),
        ("6.9-rc1", Some((6, 9))),
        ("6", None),
        ("", None),
        ("x.y", None),
    ] {
        assert_eq!(version(release), found, "{release}");
    }
}

#[test]
fn options_of_a_kernel() {
    let option = "CONFIG_FUSE_PASSTHROUGH";
    for (text, found) in [
        ("CONFIG_FUSE_FS=y\nCONFIG_FUSE_PASSTHROUGH=y\n", Some(true)),
        (
            "CONFIG_FUSE_FS=m\n# CONFIG_FUSE_PASSTHROUGH is not set\n",
            Some(false),
        ),
        ("CONFIG_FUSE_FS=m\n", Some(false)),
        ("", None),
    ] {
        assert_eq!(is_built_with(text, option), found, "{text}");
    }
}

#[test]
fn mounts() {
    let table = b"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n\
                  70 27 0:58 / /srv/t\\040x rw,nosuid shared:5 - fuse winbootfs rw,user_id=7,group_id=0,allow_other\n\
                  71 27 0:58 /images/a /data ro - fuse.winbootfs winbootfs rw,user_id=0\n\
                  72 27 0:59 / /other ro - fuse other rw\nbroken\n";
    let mounts = Mount::all(table);
    assert_eq!(mounts.len(), 4);
    assert_eq!((mounts[1].id, mounts[1].parent), (70, 27));
    assert_eq!(mounts[1].path.to_str(), Some("/srv/t x"));
    assert!(mounts[1].is_ours && mounts[1].for_everybody && mounts[1].user == Some(7));
    assert!(mounts[2].is_ours && !mounts[2].for_everybody);
    assert_eq!(mounts[2].root.to_str(), Some("/images/a"));
    assert_eq!(mounts[1].device, mounts[2].device);
    assert!(!mounts[0].is_ours && !mounts[3].is_ours);
}
