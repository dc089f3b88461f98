//! Machines that are nowhere: a healthy one, and what can be said of it otherwise.

use std::net::Ipv4Addr;

use winbootfs::doctor::case::Case;
use winbootfs::doctor::machine::daemon::Daemon;
use winbootfs::doctor::machine::firewall::{Keeper, Rules};
use winbootfs::doctor::machine::kernel::Kernel;
use winbootfs::doctor::machine::mount::{Mountpoint, State};
use winbootfs::doctor::machine::process::{Process, User};
use winbootfs::doctor::machine::server::place::Place;
use winbootfs::doctor::machine::server::{Seen, Serves};
use winbootfs::doctor::machine::sockets::{Protocol, Socket};
use winbootfs::doctor::setup::{By, Root, Setup};
use winbootfs::doctor::site::{Base, Site};
use winbootfs::doctor::{Finding, Level, judge};
use winbootfs::fuse::mountpoint::table::Mount;
use winbootfs::servers::{Server, Transport};
use winbootfs::status::Reading;

/// All capabilities.
const ALL: u64 = u64::MAX;

/// Two images, three rules, a mount that is up, and no server.
pub(crate) fn healthy() -> Case {
    Case {
        site: Site {
            file: "/etc/winbootfs/mounts.toml".into(),
            base: Base::Mountpoint,
            images: 2,
            rules: 3,
            by_address: 2,
            default: Some("rescue".to_owned()),
        },
        own: mountpoint(State::Up),
        beneath: Ok(vec!["pxelinux.0".to_owned()]),
        daemon: Some(Ok(daemon(ALL))),
        elsewhere: None,
        servers: Vec::new(),
        idle: Vec::new(),
        firewall: Ok(Rules {
            chains: Vec::new(),
            keeper: Keeper::Nft,
        }),
        kernel: Kernel {
            release: "6.18.4-amd64".to_owned(),
            passthrough: Some(true),
            ptrace_scope: None,
            has_fuse: true,
        },
        this: process(4000, 0),
        may_share: false,
    }
}

pub(crate) fn mountpoint(state: State) -> Mountpoint {
    Mountpoint {
        path: "/srv/tftp".into(),
        state,
        mount: Some(Mount {
            id: 70,
            parent: 27,
            device: 58,
            root: "/".into(),
            path: "/srv/tftp".into(),
            is_ours: true,
            for_everybody: true,
            user: Some(0),
        }),
        owner: Some(0),
    }
}

pub(crate) fn process(id: i32, user: u32) -> Process {
    Process {
        id,
        parent: 1,
        program: "x".to_owned(),
        user: User {
            id: user,
            groups: vec![user],
            capabilities: if user == 0 { ALL } else { 0 },
        },
        threads: 1,
        namespaces: 1,
    }
}

pub(crate) fn daemon(capabilities: u64) -> Daemon {
    let mut process = process(700, 0);
    process.user.capabilities = capabilities;
    Daemon {
        process,
        is_of_machine: true,
        reading: Reading {
            passthrough: None,
            why: "no file was opened".to_owned(),
        },
    }
}

/// A server with one folder, which is the mount, that says nothing of its clients.
pub(crate) fn server(program: &str) -> Seen {
    let server = Server::of_program(program).unwrap();
    let (protocol, port) = match server.transport {
        Transport::Tftp => (Protocol::Udp, 69),
        Transport::Http => (Protocol::Tcp, 80),
    };
    Seen {
        server: Some(server),
        program: program.to_owned(),
        id: Some(712),
        user: process(712, 0).user,
        network: Some("net:[1]".to_owned()),
        sockets: vec![socket(protocol, port, 5)],
        unit: Some(server.name.to_lowercase()),
        prefork: None,
        serves: Ok(Serves {
            setup: Setup {
                roots: vec![Root::plain("/srv/tftp", None)],
                ..Setup::default()
            },
            places: vec![Place::Within(String::new())],
            sees_mount: true,
            ..Serves::default()
        }),
    }
}

pub(crate) fn socket(protocol: Protocol, port: u16, inode: u64) -> Socket {
    Socket {
        protocol,
        address: Ipv4Addr::UNSPECIFIED.into(),
        port,
        inode,
    }
}

/// Changes what a server serves.
pub(crate) fn serving(mut seen: Seen, change: impl FnOnce(&mut Serves)) -> Seen {
    change(seen.serves.as_mut().unwrap());
    seen
}

/// A server with its folder somewhere, reached in this way.
pub(crate) fn placed(program: &str, by: By, place: Place) -> Seen {
    serving(server(program), |serves| {
        serves.setup.roots[0].by = by;
        serves.places = vec![place];
    })
}

/// The findings about something, as `level what`.
pub(crate) fn about(case: &Case, about: &str) -> Vec<String> {
    let found = judge::all(case).into_iter();
    let about = found.filter(|finding| finding.about.starts_with(about));
    about.map(|finding| line(&finding)).collect()
}

pub(crate) fn line(finding: &Finding) -> String {
    let level = match finding.level {
        Level::Ok => "ok",
        Level::Note => "note",
        Level::Problem => "problem",
    };
    format!("{level} {}", finding.what)
}

/// Whatever is found, what is not well says what to do.
pub(crate) fn is_whole(case: &Case) {
    for finding in judge::all(case) {
        assert_eq!(
            finding.next.is_none(),
            finding.level == Level::Ok,
            "{finding:?}"
        );
        let mut next = finding.next.iter().flat_map(|next| next.lines());
        assert!(next.all(|line| !line.trim().is_empty()), "{finding:?}");
        assert!(!finding.what.contains('\n'), "{finding:?}");
    }
}
