//! What follows from what was seen.

use winbootfs::doctor::case::{Case, may_share};
use winbootfs::doctor::machine::above::Folder;
use winbootfs::doctor::machine::idle;
use winbootfs::doctor::machine::mount::State;
use winbootfs::doctor::machine::process::User;
use winbootfs::doctor::machine::server::Seen;
use winbootfs::doctor::machine::server::place::Place;
use winbootfs::doctor::machine::sockets::Protocol;
use winbootfs::doctor::setup::{By, Flaw, Root, Setup};
use winbootfs::doctor::site::Base;
use winbootfs::doctor::{Finding, Level, judge};

use crate::case::{
    about, daemon, healthy, is_whole, mountpoint, placed, process, server, serving, socket,
};

fn within(path: &str) -> Place {
    Place::Within(path.to_owned())
}

fn with(servers: Vec<Seen>) -> Case {
    Case {
        servers,
        ..healthy()
    }
}

/// What is found about one server on a healthy machine, as `level what`.
fn judged(seen: Seen) -> Vec<String> {
    let case = with(vec![seen]);
    is_whole(&case);
    let name = case.servers[0].server.unwrap().name;
    about(&case, name)
}

fn next(case: &Case, what: &str) -> String {
    let found = judge::all(case)
        .into_iter()
        .find(|finding| finding.what.contains(what));
    found
        .unwrap_or_else(|| panic!("nothing about {what}"))
        .next
        .unwrap()
}

#[test]
fn a_healthy_machine_has_no_problem() {
    let case = with(vec![placed("dnsmasq", By::Address, within(""))]);
    let found = judge::all(&case);
    assert!(found.len() >= 5, "{found:?}");
    assert!(
        found.iter().all(|finding| finding.level == Level::Ok),
        "{found:?}"
    );
}

#[test]
fn the_mount_is_judged() {
    for (state, found) in [
        (
            State::Up,
            "ok winbootfs is mounted on /srv/tftp, and answers",
        ),
        (
            State::Silent,
            "problem winbootfs is mounted on /srv/tftp, and does not answer within 3 seconds",
        ),
        (
            State::Dead { is_ours: true },
            "problem a dead winbootfs is on /srv/tftp: every call there fails",
        ),
        (
            State::Dead { is_ours: false },
            "problem another program's dead mount is on /srv/tftp",
        ),
        (State::Down, "problem winbootfs is not mounted on /srv/tftp"),
        (
            State::Missing,
            "problem the mountpoint /srv/tftp is missing",
        ),
        (
            State::NotFolder,
            "problem the mountpoint /srv/tftp is not a folder",
        ),
        (
            State::NotPermitted("no".into()),
            "problem the mountpoint /srv/tftp may not be looked at: no",
        ),
    ] {
        let case = Case {
            own: mountpoint(state),
            ..healthy()
        };
        is_whole(&case);
        assert_eq!(about(&case, "mount"), [found]);
    }
}

#[test]
fn a_mount_for_one_user_only() {
    for state in [State::Up, State::Closed] {
        let mut case = Case {
            own: mountpoint(state),
            ..healthy()
        };
        let mount = case.own.mount.as_mut().unwrap();
        (mount.for_everybody, mount.user) = (false, Some(0));
        let found = about(&case, "mount");
        let what = "problem only root can see the mount, so no server of another user can";
        assert_eq!(found.last().unwrap(), what);
        assert!(next(&case, "only root").contains("user_allow_other to /etc/fuse.conf"));
    }
    let mut case = Case {
        own: mountpoint(State::Down),
        this: process(1, 3_999_999),
        ..healthy()
    };
    assert_eq!(about(&case, "mount").len(), 2);
    case.may_share = true;
    assert_eq!(about(&case, "mount").len(), 1);
    assert!(may_share("# x\n user_allow_other \n") && !may_share("#user_allow_other\n"));
}

#[test]
fn what_lies_beneath_is_judged() {
    let names = |names: &[&str]| Ok(names.iter().map(|name| (*name).to_owned()).collect());
    for (base, beneath, found) in [
        (Base::Nothing, names(&[]), None),
        (
            Base::Nothing,
            names(&["boot", "x"]),
            Some("problem a copy of an image lies hidden in /srv/tftp beneath the mount (boot)"),
        ),
        (
            Base::Elsewhere,
            names(&["EFI", "Boot"]),
            Some(
                "problem a copy of an image lies hidden in /srv/tftp beneath the mount (EFI, Boot)",
            ),
        ),
        (
            Base::Nothing,
            names(&["BOOTMGR.EXE"]),
            Some("problem a copy of an image"),
        ),
        (
            Base::Nothing,
            names(&["pxelinux.0"]),
            Some("note the mount hides what lies in /srv/tftp (pxelinux.0)"),
        ),
        (Base::Mountpoint, names(&["pxelinux.0"]), None),
        (
            Base::Mountpoint,
            names(&["Boot"]),
            Some("note in the base /srv/tftp lie files of a boot (Boot)"),
        ),
        (
            Base::Nothing,
            Err("why".to_owned()),
            Some("note what lies in /srv/tftp beneath the mount is not known: why"),
        ),
    ] {
        let mut case = Case {
            beneath,
            ..healthy()
        };
        case.site.base = base;
        is_whole(&case);
        let all = about(&case, "folder beneath");
        assert_eq!(all.len(), usize::from(found.is_some()), "{all:?}");
        assert!(
            found.is_none_or(|found| all[0].starts_with(found)),
            "{all:?}"
        );
    }
}

/// How the client becomes known, server by server.
#[test]
fn servers_of_the_mount_are_judged() {
    let known =
        |by: &str, port: &str| format!("ok serves the mount on {port}, and each client is {by}");
    let (tftp, http) = ("UDP port 69", "TCP port 80");
    let prefork = |seen: Seen, prefork| Seen { prefork, ..seen };
    let plain = |program| placed(program, By::Nothing, within(""));
    for (seen, found) in [
        (placed("dnsmasq", By::Address, within("")), known("known by its path", tftp)),
        (placed("nginx", By::Address, within("clients")), known("known by its path", http)),
        (plain("in.tftpd"), known("known by the socket of the process that asks", tftp)),
        (plain("atftpd"), known("known by the socket of the process that asks", tftp)),
        (prefork(plain("apache2"), Some(true)), known("known by the socket of the process that asks", http)),
        (
            prefork(plain("httpd"), Some(false)),
            "problem does not say who its client is: whoever asks while others do is refused where they would get different images, whatever the 3 client rules say".into(),
        ),
        (
            prefork(plain("apache2"), None),
            "note whether it has a process for each connection cannot be told, so neither can whether clients are known".into(),
        ),
        (
            plain("dnsmasq"),
            "problem does not say who its client is: everybody gets the default image rescue, whatever the 3 client rules say".into(),
        ),
        (
            placed("dnsmasq", By::Mac, within("")),
            "problem names clients by their MAC, and 2 client rules match addresses: no such rule fits them".into(),
        ),
        (
            placed("dnsmasq", By::Address, within("images/win11")),
            "problem puts the address of the client behind images/win11, where no client is".into(),
        ),
        (
            placed("nginx", By::Nothing, within("images/win11")),
            "note gives everybody images/win11, whatever client rules say".into(),
        ),
        (placed("nginx", By::Nothing, within("Boot")), "note serves a part of the mount only: Boot".into()),
        (
            placed("nginx", By::Unknown("why".into()), within("")),
            "note whether it names its clients is not known: why".into(),
        ),
    ] {
        assert_eq!(judged(seen), [found]);
    }
}

/// A site where everybody gets the same has less to lose.
#[test]
fn what_is_lost_depends_on_the_site() {
    let dnsmasq = || vec![placed("dnsmasq", By::Nothing, within(""))];
    for (rules, images, found) in [
        (
            1,
            1,
            "problem does not say who its client is: everybody gets the default image rescue, whatever the client rule says",
        ),
        (
            0,
            2,
            "note does not say who its client is: whose a choice in a menu is cannot be told, and the BIOS and UEFI get the same boot configuration",
        ),
        (
            0,
            1,
            "note does not say who its client is: the BIOS and UEFI get the same boot configuration",
        ),
    ] {
        let mut case = with(dnsmasq());
        (case.site.rules, case.site.images) = (rules, images);
        assert_eq!(about(&case, "dnsmasq"), [found]);
    }
    let mut case = with(dnsmasq());
    case.site.default = None;
    assert!(about(&case, "dnsmasq")[0].contains("everybody gets nothing but the base"));
    let mut case = with(vec![placed("dnsmasq", By::Mac, within(""))]);
    case.site.by_address = 0;
    assert_eq!(about(&case, "dnsmasq")[0].split(' ').next(), Some("ok"));
}

/// The exact lines, and what brings them into force.
#[test]
fn the_next_step_is_exact() {
    for (seen, what, found) in [
        (
            placed("dnsmasq", By::Nothing, within("")),
            "does not say",
            "in dnsmasq.conf:\n  tftp-unique-root=ip\nthen restart it: systemctl restart dnsmasq",
        ),
        (
            placed("nginx", By::Nothing, within("")),
            "does not say",
            "in the server block:\n  root /srv/tftp/clients/$remote_addr;\nthen restart it: systemctl restart nginx",
        ),
        (
            Seen {
                unit: None,
                ..placed("lighttpd", By::Nothing, Place::Elsewhere)
            },
            "not in the mount",
            "in lighttpd.conf:\n  server.document-root = \"/srv/tftp\"\nthen stop process 712, and start lighttpd again",
        ),
        (
            placed("in.tftpd", By::Nothing, Place::Beneath),
            "stands in",
            "restart it: systemctl restart tftpd-hpa\nto have it wait for the mount: systemd/examples/after-winbootfs.conf",
        ),
    ] {
        assert_eq!(next(&with(vec![seen]), what), found);
    }
    let file = serving(placed("nginx", By::Nothing, within("")), |serves| {
        serves.setup.roots = vec![Root::plain("/srv/tftp", Some("/etc/nginx/pxe".as_ref()))];
    });
    let found = next(&with(vec![file]), "does not say");
    assert!(
        found.starts_with("in the server block (/etc/nginx/pxe):\n"),
        "{found}"
    );
}

#[test]
fn servers_of_something_else_are_judged() {
    let outside = |place| placed("nginx", By::Nothing, place);
    for (seen, found) in [
        (
            outside(Place::Elsewhere),
            "problem its root is /srv/tftp, and not in the mount",
        ),
        (
            outside(Place::Missing("no such folder".into())),
            "problem its root is /srv/tftp (no such folder), and not in the mount",
        ),
        (
            outside(Place::Beneath),
            "problem stands in the folder beneath the mount: it was started before /srv/tftp was mounted",
        ),
        (
            outside(Place::Gone),
            "problem stands in a mount that is gone",
        ),
        (
            serving(outside(Place::Elsewhere), |serves| {
                serves.sees_mount = false;
            }),
            "problem has mounts of its own, and /srv/tftp is not among them",
        ),
        (
            serving(server("nginx"), |serves| {
                (serves.setup, serves.places) = (Setup::off("its TFTP is off"), vec![]);
            }),
            "note its TFTP is off",
        ),
        (
            serving(server("nginx"), |serves| {
                (serves.setup, serves.places) = (Setup::default(), vec![]);
                serves.troubles = vec!["there is no /x".into()];
            }),
            "note which folder it serves is not known: there is no /x",
        ),
        (
            Seen {
                serves: Err("why".into()),
                ..server("nginx")
            },
            "note what it serves is not known: why",
        ),
    ] {
        assert_eq!(judged(seen), [found]);
    }
}

/// What stands in the folder before the mount comes will not see it.
#[test]
fn a_server_that_is_there_before_the_mount() {
    let stands = |stands| {
        let seen = placed("in.tftpd", By::Nothing, within(""));
        serving(seen, |serves| serves.setup.stands = stands)
    };
    let mut case = with(vec![stands(true)]);
    assert!(about(&case, "tftpd-hpa")[0].starts_with("ok"));
    case.own = mountpoint(State::Down);
    assert_eq!(
        about(&case, "tftpd-hpa"),
        ["problem stands in /srv/tftp, and will stay beneath the mount"]
    );
    assert_eq!(
        next(&case, "will stay"),
        "mount first, then restart it: systemctl restart tftpd-hpa"
    );
    case.servers = vec![stands(false)];
    assert!(about(&case, "tftpd-hpa")[0].starts_with("ok"));
}

/// A web server for other things is no problem where another server serves the mount.
#[test]
fn it_is_enough_that_one_server_serves_the_mount() {
    let other = placed("nginx", By::Nothing, Place::Elsewhere);
    let case = with(vec![placed("dnsmasq", By::Address, within("")), other]);
    assert_eq!(
        about(&case, "nginx"),
        ["note its root is /srv/tftp, and not in the mount"]
    );
    assert_eq!(about(&case, "servers"), Vec::<String>::new());
    let stuck = placed("in.tftpd", By::Nothing, Place::Beneath);
    let case = with(vec![placed("dnsmasq", By::Address, within("")), stuck]);
    assert!(about(&case, "tftpd-hpa")[0].starts_with("problem"));
}

/// A web server that serves the mount does nothing for those who ask over TFTP.
#[test]
fn what_waits_on_the_port_of_tftp_is_judged_apart_from_web_servers() {
    let elsewhere = || placed("dnsmasq", By::Nothing, Place::Elsewhere);
    let nginx = || placed("nginx", By::Address, within("clients"));
    let found = |servers: Vec<Seen>| about(&with(servers), "dnsmasq").remove(0);
    let what = "its root is /srv/tftp, and not in the mount";
    assert_eq!(found(vec![elsewhere(), nginx()]), format!("problem {what}"));
    let tftpd = placed("in.tftpd", By::Nothing, within(""));
    assert_eq!(
        found(vec![elsewhere(), nginx(), tftpd]),
        format!("note {what}")
    );
    let mut aside = elsewhere();
    aside.sockets = vec![socket(Protocol::Udp, 6969, 5)];
    assert_eq!(found(vec![aside, nginx()]), format!("note {what}"));
}

#[test]
fn a_server_that_waits_for_tftp_is_not_believed_to_serve_none() {
    let off = |program| {
        serving(server(program), |serves| {
            (serves.setup, serves.places) = (Setup::off("its TFTP is not switched on"), vec![]);
        })
    };
    assert_eq!(
        judged(off("dnsmasq")),
        [
            "note which folder it serves is not known: by what was read its TFTP is not switched on, and yet it waits on UDP port 69"
        ]
    );
    let mut names_only = off("dnsmasq");
    names_only.sockets = vec![socket(Protocol::Udp, 53, 5)];
    assert_eq!(judged(names_only), ["note its TFTP is not switched on"]);
}

#[test]
fn where_nobody_serves_the_mount() {
    let case = healthy();
    assert_eq!(
        about(&case, "servers"),
        ["problem no TFTP or HTTP server runs"]
    );
    let lines = next(&case, "no TFTP or HTTP server runs");
    assert!(
        lines.contains("\n  tftp-root=/srv/tftp\n  tftp-unique-root=ip\n"),
        "{lines}"
    );
    let stranger = Seen {
        server: None,
        program: "x".into(),
        serves: Err("why".into()),
        ..server("dnsmasq")
    };
    let case = with(vec![stranger]);
    assert_eq!(
        about(&case, "x 712"),
        ["note waits on UDP port 69, and what it serves is not known: why"]
    );
    // It may be a server that nobody knows; a page on port 80 is none for TFTP.
    assert_eq!(about(&case, "servers"), Vec::<String>::new());
    let mut case = case;
    case.servers[0].sockets = vec![socket(Protocol::Tcp, 80, 5)];
    assert_eq!(
        about(&case, "servers"),
        ["problem no server is known to serve the mount"]
    );
    let idle = |text: &str| Case {
        idle: vec![idle::tftpd_hpa(text).unwrap()],
        ..healthy()
    };
    let case = idle("TFTP_DIRECTORY=\"/srv/tftp\"");
    assert_eq!(
        about(&case, "servers"),
        ["problem tftpd-hpa is set up for the mount, and does not run"]
    );
    assert_eq!(
        next(&case, "does not run"),
        "start it: systemctl start tftpd-hpa"
    );
    let case = idle("TFTP_DIRECTORY=\"/other\"");
    assert_eq!(
        about(&case, "servers"),
        ["problem no TFTP or HTTP server runs"]
    );
    assert!(idle::atftpd("USE_INETD=true\nOPTIONS=\"/srv/tftp\"").is_none());
    let atftpd = idle::atftpd("USE_INETD=false\nOPTIONS=\"--daemon /srv/tftp\"").unwrap();
    assert_eq!(atftpd.folder.to_str(), Some("/srv/tftp"));
}

#[test]
fn flaws_are_judged() {
    let nobody = User {
        id: 65534,
        groups: vec![65534],
        capabilities: 0,
    };
    let flawed = |program: &str, flaw, user: &User| {
        let seen = placed(program, By::Address, within(""));
        let seen = serving(seen, |serves| serves.setup.flaws = vec![flaw]);
        judged(Seen {
            user: user.clone(),
            ..seen
        })
        .split_off(1)
    };
    let root = process(1, 0).user;
    let none = Vec::<String>::new();
    assert_eq!(
        flawed("dnsmasq", Flaw::OwnFilesOnly, &nobody),
        [
            "problem serves only what belongs to its user nobody (tftp-secure), and all files of the mount belong to root"
        ]
    );
    assert_eq!(flawed("dnsmasq", Flaw::OwnFilesOnly, &root), none);
    assert_eq!(
        flawed("in.tftpd", Flaw::RelativeRefused, &root),
        [
            "problem refuses names that do not begin with /, as \\Boot\\BCD: it runs without --secure"
        ]
    );
    assert_eq!(
        flawed("dnsmasq", Flaw::NoRoot, &root),
        ["problem names its clients behind tftp-root only, and there is none"]
    );
    assert_eq!(
        flawed("lighttpd", Flaw::Remembers, &root),
        ["note remembers files for a second: after a change clients get the old one for so long"]
    );
    let secure = serving(placed("dnsmasq", By::Address, within("")), |serves| {
        serves.setup.flaws = vec![Flaw::OwnFilesOnly];
    });
    let case = with(vec![Seen {
        user: nobody,
        ..secure
    }]);
    assert_eq!(
        next(&case, "tftp-secure"),
        "in /etc/winbootfs/mounts.toml:\n  owner = \"nobody\""
    );
}

#[test]
fn a_changed_file_is_told() {
    let changed = |program| {
        serving(placed(program, By::Address, within("")), |serves| {
            serves.changed = Some("/etc/x".into());
        })
    };
    let what = "/etc/x was changed after it was started: what is said here is not yet in force";
    assert_eq!(judged(changed("nginx"))[1], format!("problem {what}"));
    // These can be told to read it again, which does not show.
    assert_eq!(judged(changed("lighttpd"))[1], format!("note {what}"));
}

#[test]
fn folders_above_are_judged() {
    let folder = |mode, user, group, has_list| Folder {
        path: "/srv".into(),
        mode,
        user,
        group,
        has_list,
    };
    let user = |id, groups: &[u32], capabilities| User {
        id,
        groups: groups.to_vec(),
        capabilities,
    };
    let www = user(33, &[33], 0);
    for (folder, user, passes) in [
        (folder(0o40755, 0, 0, false), &www, Some(true)),
        (folder(0o40750, 0, 0, false), &www, Some(false)),
        (folder(0o40750, 0, 33, false), &www, Some(true)),
        (folder(0o40700, 33, 0, false), &www, Some(true)),
        (folder(0o40077, 33, 0, false), &www, Some(false)),
        (folder(0o40707, 0, 33, false), &www, Some(false)),
        (folder(0o40750, 0, 0, true), &www, None),
        (
            folder(0o40700, 1, 1, false),
            &user(0, &[0], 0b10),
            Some(true),
        ),
        (
            folder(0o40700, 1, 1, false),
            &user(9, &[9], 0b100),
            Some(true),
        ),
        (folder(0o40700, 1, 1, false), &user(0, &[0], 0), Some(false)),
    ] {
        assert_eq!(folder.lets_pass(user), passes, "{folder:?} {user:?}");
    }
    let closed = serving(placed("nginx", By::Address, within("")), |serves| {
        serves.above = vec![folder(0o40750, 0, 0, false)];
    });
    let case = with(vec![Seen {
        user: www,
        ..closed
    }]);
    let found = about(&case, "nginx");
    assert!(
        found[1].ends_with("may not pass /srv, so it sees no file of the mount"),
        "{found:?}"
    );
    assert_eq!(next(&case, "may not pass"), "chmod o+x /srv");
}

#[test]
fn ports_that_two_servers_have() {
    let network = |name: &str| Some(name.to_owned());
    let other = |network, id| Seen {
        network,
        id,
        ..server("in.tftpd")
    };
    let one = || placed("dnsmasq", By::Address, within(""));
    let case = with(vec![one(), other(network("net:[1]"), Some(800))]);
    assert_eq!(
        about(&case, "ports"),
        [
            "problem dnsmasq 712 and tftpd-hpa 800 both wait on UDP port 69: which of them answers cannot be told"
        ]
    );
    is_whole(&case);
    assert_eq!(
        about(
            &with(vec![one(), other(network("net:[2]"), Some(800))]),
            "ports"
        ),
        Vec::<String>::new()
    );
    let mut apart = other(network("net:[1]"), Some(800));
    apart.sockets[0].address = "::1".parse().unwrap();
    assert_eq!(
        about(&with(vec![one(), apart]), "ports"),
        Vec::<String>::new()
    );
    let mut elsewhere = other(network("net:[1]"), Some(800));
    elsewhere.sockets[0] = socket(Protocol::Udp, 6969, 9);
    assert_eq!(
        about(&with(vec![one(), elsewhere]), "ports"),
        Vec::<String>::new()
    );
}

#[test]
fn the_kernel_is_judged() {
    let judged = |release: &str, passthrough, has_fuse| {
        let mut case = healthy();
        case.kernel.release = release.to_owned();
        (case.kernel.passthrough, case.kernel.has_fuse) = (passthrough, has_fuse);
        is_whole(&case);
        about(&case, "kernel")
    };
    assert_eq!(
        judged("6.18.4", Some(true), true),
        ["ok Linux 6.18.4 can read the files itself"]
    );
    assert_eq!(
        judged("6.18.4", None, true),
        ["ok Linux 6.18.4 can read the files itself"]
    );
    assert_eq!(
        judged("6.18.4", Some(false), true),
        [
            "note files are read through the daemon, which is slower: this kernel is built without CONFIG_FUSE_PASSTHROUGH"
        ]
    );
    let old = judged("6.1.0-18-amd64", None, true);
    assert_eq!(
        old[0],
        "note files are read through the daemon, which is slower: passthrough needs Linux 6.9"
    );
    assert_eq!(
        old[1],
        "note Linux 6.1.0-18-amd64 may believe an old answer for up to one second"
    );
    assert_eq!(judged("6.12.1", None, true).len(), 2);
    assert_eq!(
        judged("5.4.0", None, false)[..2],
        [
            "problem Linux 5.4.0 is older than 5.6, which winbootfs needs",
            "problem /dev/fuse is missing"
        ]
    );
    assert_eq!(
        judged("x", None, true),
        ["note which version it is, is not known: \"x\""]
    );
}

/// Once a file was opened the daemon knows better than its kernel's version.
#[test]
fn what_the_daemon_says_of_reading_counts() {
    let judged = |passthrough| {
        let mut daemon = daemon(u64::MAX);
        daemon.reading.passthrough = Some(passthrough);
        daemon.reading.why = "why".to_owned();
        about(
            &Case {
                daemon: Some(Ok(daemon)),
                ..healthy()
            },
            "kernel",
        )
    };
    assert_eq!(
        judged(true),
        ["ok Linux 6.18.4-amd64 reads the files itself"]
    );
    assert_eq!(
        judged(false),
        ["note files are read through the daemon, which is slower: why"]
    );
}

#[test]
fn capabilities_are_judged() {
    let without = |bit: u32| !(1_u64 << bit);
    for (capabilities, found) in [
        (
            u64::MAX,
            "ok the daemon (process 700) has all that it needs",
        ),
        (
            without(21),
            "note the daemon (process 700) has no CAP_SYS_ADMIN: files are read through it, which is slower",
        ),
        (
            without(19),
            "note the daemon (process 700) has no CAP_SYS_PTRACE: the clients of servers of other users are known by path only",
        ),
        (
            without(2),
            "note the daemon (process 700) has no CAP_DAC_READ_SEARCH: sources that are not for everybody cannot be read, and the clients of servers of other users are known by path only",
        ),
    ] {
        let case = Case {
            daemon: Some(Ok(daemon(capabilities))),
            ..healthy()
        };
        is_whole(&case);
        assert_eq!(about(&case, "capabilities"), [found]);
    }
    let lost = Case {
        daemon: Some(Err("why".into())),
        ..healthy()
    };
    assert_eq!(
        about(&lost, "capabilities"),
        ["note what the daemon may do is not known: why"]
    );
    let user = Case {
        this: process(1, 3_999_999),
        daemon: None,
        ..healthy()
    };
    assert_eq!(
        about(&user, "this look"),
        ["note as 3999999 not everything can be seen"]
    );
}

/// Without a look at its sockets a server that names nobody is as good as silent.
#[test]
fn a_daemon_that_may_not_look_knows_nobody() {
    let mut nobody = server("in.tftpd");
    nobody.user = User {
        id: 65534,
        ..User::default()
    };
    let healthy = with(vec![nobody]);
    let silent = |change: fn(&mut Case)| {
        let mut case = healthy.clone();
        change(&mut case);
        is_whole(&case);
        about(&case, "tftpd-hpa")[0].clone()
    };
    assert!(silent(|_| ()).starts_with("ok "));
    let found = silent(|case| case.daemon = Some(Ok(daemon(!(1 << 19)))));
    assert_eq!(
        found,
        "problem has a socket for each client, but winbootfs may not look at the sockets of user nobody: everybody gets the default image rescue, whatever the 3 client rules say"
    );
    assert!(silent(|case| case.kernel.ptrace_scope = Some(3)).contains("ptrace_scope is 3"));
    assert!(silent(|case| case.kernel.ptrace_scope = Some(2)).starts_with("ok "));
    let inside = silent(|case| {
        let mut inside = daemon(u64::MAX);
        inside.process.namespaces = 2;
        case.daemon = Some(Ok(inside));
    });
    assert!(inside.contains("PID namespace of its own"), "{inside}");
    let user = silent(|case| {
        let mut inside = daemon(u64::MAX);
        inside.is_of_machine = false;
        case.daemon = Some(Ok(inside));
    });
    assert!(user.starts_with("problem has a socket"), "{user}");
}

#[test]
fn a_level_can_be_lowered_and_never_raised() {
    let problem = Finding::problem("x", "y", "z");
    assert_eq!(problem.clone().at_most(Level::Note).level, Level::Note);
    assert_eq!(problem.at_most(Level::Problem).level, Level::Problem);
    assert_eq!(
        Finding::ok("x", "y").at_most(Level::Problem).level,
        Level::Ok
    );
}
