//! Real boots through real servers: every question of every trace, raw as it stands, by
//! TFTP through tftpd-hpa and by HTTP through nginx.
//!
//! What must be found is asserted name by name, without a kernel, in `tests/tree/traces.rs`;
//! here, that the servers and the kernel between change nothing about it.

use crate::common::layouts;
use crate::common::mounted::Mounted;
use crate::common::servers::{self, Server};
use crate::common::traces::{Protocol, Trace, Worth, traces};
use crate::common::world::World;
use crate::common::{http, skip};

/// One image for each layout, each with the files that any of the sites added.
fn world(traces: &[Trace]) -> World {
    let site: std::collections::BTreeSet<&str> = traces.iter().flat_map(Trace::site).collect();
    let site: Vec<&str> = site.into_iter().collect();
    let images = layouts::all().into_iter().enumerate();
    images.fold(World::new(), |world, (at, layout)| {
        let (name, address) = (format!("layout{at}"), format!("127.0.0.{}", at + 2));
        layouts::image(world, &name, layout, &site).client(&address, &name)
    })
}

/// Whether the name was found, by the protocol by which it was seen.
fn ask(tftp: &Server, web: &Server, client: [u8; 4], protocol: Protocol, name: &str) -> bool {
    match protocol {
        Protocol::Tftp => match tftp.client(client).get(name.as_bytes()) {
            Ok(bytes) => !bytes.is_empty(),
            Err(error) => {
                assert!(error.is_not_found(), "{name}: {error}");
                false
            }
        },
        Protocol::Http => {
            http::get(web.address, client.into(), name.as_bytes())
                .unwrap()
                .status
                == 200
        }
    }
}

#[test]
fn every_boot_finds_its_files_through_servers() {
    let traces = traces();
    let world = world(&traces);
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let root = format!("root {}/clients/$remote_addr;", mounted.root().display());
    let (Some(tftp), Some(web)) = (
        skip::or_skip(servers::tftpd_hpa(mounted.root())),
        skip::or_skip(servers::nginx(&root)),
    ) else {
        return;
    };
    let mut asked = 0;
    for (at, layout) in layouts::all().into_iter().enumerate() {
        let client = [127, 0, 0, u8::try_from(at + 2).unwrap()];
        for question in traces.iter().flat_map(|trace| &trace.ask) {
            let (protocol, name) = (question.protocol, &question.name);
            let found = ask(&tftp, &web, client, protocol, name);
            asked += 1;
            let really = layouts::files(layout, &[]).iter().any(|(path, _)| {
                path.eq_ignore_ascii_case(
                    &name
                        .replace('\\', "/")
                        .trim_start_matches('/')
                        .replace("//", "/"),
                )
            });
            match question.worth {
                Worth::Needed => assert!(found, "{layout:?}: {name} by {protocol:?}"),
                Worth::Absent => assert_eq!(found, really, "{layout:?}: {name} by {protocol:?}"),
                Worth::Optional | Worth::Damaged => {}
            }
        }
    }
    assert!(asked > 2_000, "only {asked} questions");
    assert!(!mounted.log().contains("refused"), "{}", mounted.log());
}
