//! Real boots through real servers: every question of every trace, raw as it stands, by
//! TFTP through tftpd-hpa and by HTTP through nginx.
//!
//! What must be found is asserted name by name, without a kernel, in `tests/tree/traces.rs`;
//! here, that the servers and the kernel between change nothing about it.

use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use crate::common::layouts;
use crate::common::mounted::Mounted;
use crate::common::servers::{self, Server};
use crate::common::world::World;
use crate::common::{http, skip};

/// What is read of a trace here; the rest is for its other reader.
#[derive(Debug, Deserialize)]
struct Trace {
    #[serde(default)]
    site: Vec<String>,
    ask: Vec<(String, String, String)>,
}

fn traces() -> Vec<Trace> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|end| end == "toml"));
    files
        .map(|file| toml::from_str(&fs::read_to_string(file).unwrap()).unwrap())
        .collect()
}

/// One image for each layout, each with the files that any of the sites added.
fn world(traces: &[Trace]) -> World {
    let site: std::collections::BTreeSet<&str> = traces
        .iter()
        .flat_map(|trace| &trace.site)
        .map(String::as_str)
        .collect();
    let site: Vec<&str> = site.into_iter().collect();
    let images = layouts::all().into_iter().enumerate();
    images.fold(World::new(), |world, (at, layout)| {
        let (name, address) = (format!("layout{at}"), format!("127.0.0.{}", at + 2));
        layouts::image(world, &name, layout, &site).client(&address, &name)
    })
}

/// Whether the name was found, by the protocol by which it was seen.
fn ask(tftp: &Server, web: &Server, client: [u8; 4], protocol: &str, name: &str) -> bool {
    match protocol {
        "tftp" => match tftp.client(client).get(name.as_bytes()) {
            Ok(bytes) => !bytes.is_empty(),
            Err(error) => {
                assert!(error.is_not_found(), "{name}: {error}");
                false
            }
        },
        _ => {
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
        for (protocol, name, worth) in traces.iter().flat_map(|trace| &trace.ask) {
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
            match worth.as_str() {
                "needed" => assert!(found, "{layout:?}: {name} by {protocol}"),
                "absent" => assert_eq!(found, really, "{layout:?}: {name} by {protocol}"),
                _ => {}
            }
        }
    }
    assert!(asked > 2_000, "only {asked} questions");
    assert!(!mounted.log().contains("refused"), "{}", mounted.log());
}
