//! The lines for each server stand in one table; the examples that an operator copies, and
//! the README, have the same.

use std::path::Path;

use winbootfs::servers::{SERVERS, Server};

const MOUNTPOINT: &str = "/srv/tftp";

fn text(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// What the example has to have: what makes its root the mount, and, where its processes do
/// not tell, what names its client.
fn wanted(server: &Server) -> Vec<String> {
    let mountpoint = Path::new(MOUNTPOINT);
    let by_path = match server.caller {
        winbootfs::servers::Caller::Tells => Vec::new(),
        _ => server.by_path.on(mountpoint),
    };
    server
        .root
        .on(mountpoint)
        .into_iter()
        .chain(by_path)
        .collect()
}

#[test]
fn the_examples_have_the_same_lines() {
    let mut compared = 0;
    for server in SERVERS {
        let Some(file) = server.example else {
            continue;
        };
        let example = text(&format!("systemd/examples/{file}"));
        for line in wanted(server) {
            // A comment may say it: lighttpd.conf has that line already.
            let has = example
                .lines()
                .any(|own| own == line || own.contains(&format!(" {line}")));
            assert!(has, "{file} has no {line:?}");
            compared += 1;
        }
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn the_readme_has_the_same_lines() {
    let readme = text("README.md");
    for server in SERVERS.iter().filter(|server| server.example.is_some()) {
        assert!(
            readme.contains(&format!("### {}", server.name)),
            "{}",
            server.name
        );
        for line in wanted(server) {
            assert!(readme.contains(&line), "{}: {line:?}", server.name);
        }
    }
}

#[test]
fn every_server_can_be_told_what_to_do() {
    let mountpoint = Path::new(MOUNTPOINT);
    for server in SERVERS {
        assert!(
            !server.root.is_empty() && !server.root.place.is_empty(),
            "{}",
            server.name
        );
        let root = server.root.on(mountpoint).concat();
        assert!(
            root.contains(MOUNTPOINT) && !root.contains("ROOT"),
            "{root}"
        );
        for program in server.programs {
            assert_eq!(Server::of_program(program).unwrap().name, server.name);
        }
    }
    assert!(Server::of_program("sh").is_none());
}
