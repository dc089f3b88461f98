//! What it costs to write down what clients ask for: time for a request, memory for many
//! clients, and how long the daemon takes to tell of them. And what a boot configuration
//! costs that is made when somebody asks.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use winbootfs::choice::Peers;
use winbootfs::control::{self, Answer, Question};
use winbootfs::error::Error;
use winbootfs::journal::Journal;
use winbootfs::tree::{Admitted, Place, Tree};
use winbootfs::witness::{Caller, Witness};

use crate::bounds::resident;
use crate::common::mounted::{Mounted, program};
use crate::common::world::{Nobody, World};
use crate::ground::Ground;
use crate::measure::{Awake, Figure, typical};
use crate::rows::Measured;

const CLIENTS: u32 = 1_000;
const REQUESTS: usize = 200;

/// A server process of which nothing has to be found out.
struct Served;

impl Caller for Served {
    fn thread(&self) -> u32 {
        std::process::id()
    }

    fn known_peers(&self) -> Option<Peers> {
        None
    }

    fn peers(&self) -> Peers {
        Peers::Nobody
    }

    fn serves_one(&self) -> bool {
        false
    }
}

/// What the witness does for a request, behind the look-up in the tree. Of four names one is
/// missing, and each that is there is also opened and closed.
pub(crate) fn request(ground: &Ground) -> Measured {
    let samples = passes(ground).map(|pass| pass.journal.as_secs_f64() * 1e6 / REQUESTS_OF_PASS);
    Ok(Figure::new(samples.collect(), "without the kernel"))
}

/// The same requests answered without the journal, beside with it.
pub(crate) fn ratio(ground: &Ground) -> Measured {
    let samples = passes(ground).map(|pass| {
        let (tree, journal) = (pass.tree.as_secs_f64(), pass.journal.as_secs_f64());
        tree / (tree + journal)
    });
    let note = "without the kernel, which takes some 10 us more for each";
    Ok(Figure::new(samples.collect(), note))
}

/// Of every client four look-ups, and three openings and closings.
const REQUESTS_OF_PASS: f64 = CLIENTS as f64 * 10.0;

/// Where the time went.
#[derive(Default)]
struct Pass {
    tree: Duration,
    journal: Duration,
}

fn passes(ground: &Ground) -> impl Iterator<Item = Pass> {
    let world = World::new().image("x", &[("a.efi", "a"), ("b.ttf", "b"), ("c.wim", "c")]);
    let world = world.default_image("x");
    let witness = Witness::new(Arc::<Journal>::default());
    pass(world.tree(), &witness);
    (0..ground.rounds).map(move |_| pass(world.tree(), &witness))
}

fn pass(tree: &Tree, witness: &Witness) -> Pass {
    let names: [&[u8]; 4] = [b"a.efi", b"B.ttf", b"c.wim", b"missing.sdi"];
    let mut spent = Pass::default();
    for number in 0..CLIENTS {
        let client = std::net::Ipv4Addr::from(0x0A00_0000 + number).to_string();
        let folder = tree.lookup(1, client.as_bytes(), &Nobody).found.unwrap().id;
        for name in names {
            let begun = Instant::now();
            let answer = tree.lookup(folder, name, &Nobody);
            if let Ok(found) = &answer.found {
                drop(tree.open(found.id).unwrap());
            }
            let answered = Instant::now();
            write_down(tree, witness, folder, name, &answer.found);
            spent.tree += answered - begun;
            spent.journal += answered.elapsed();
        }
    }
    spent
}

fn write_down(
    tree: &Tree,
    witness: &Witness,
    folder: u64,
    name: &[u8],
    found: &Result<Admitted, Error>,
) {
    let from: Place = tree.nodes().place(folder).unwrap();
    match found {
        Ok(found) => {
            witness.found(&Served, &from, name, found);
            for (_, ticket) in witness.opened(&Served, found.id, || None) {
                witness.closed(&ticket);
            }
        }
        Err(_) => {
            witness.missed(&Served, &from, name).unwrap();
        }
    }
}

/// A daemon that has seen all of them: half of the names are missing.
fn crowded(ground: &Ground) -> (Mounted, f64) {
    let daemon = ground.another("mnt-journal", program());
    let before = resident(&daemon);
    for number in 0..CLIENTS {
        let client = std::net::Ipv4Addr::from(0x0A00_0000 + number);
        let folder = daemon.root().join(format!("clients/{client}"));
        for request in 0..REQUESTS {
            let name = match request % 2 {
                0 => "Boot/small.bin".to_owned(),
                _ => format!("Boot/no-such-{request}.sdi"),
            };
            let _ = fs::read(folder.join(name));
        }
    }
    let grown = resident(&daemon) - before;
    (daemon, grown)
}

pub(crate) fn status(ground: &Ground) -> Measured {
    let (daemon, _) = crowded(ground);
    let question = Question::Status {
        most_clients: 10_000,
    };
    let mut samples = Vec::new();
    let mut clients = 0;
    for _ in 0..=ground.rounds {
        let begun = Instant::now();
        let answer = control::ask(daemon.root(), &question).unwrap();
        samples.push(begun.elapsed().as_secs_f64() * 1e3);
        let Answer::Status(status) = answer else {
            panic!("no status")
        };
        clients = status.clients.len();
    }
    assert_eq!(clients, usize::try_from(CLIENTS).unwrap());
    // The first one finds out what is wrong with each.
    let first = samples.remove(0);
    Ok(Figure::new(
        samples,
        format!("the first {first:.0} ms, of {clients} clients"),
    ))
}

pub(crate) fn memory(ground: &Ground) -> Measured {
    let (daemon, grown) = crowded(ground);
    let Answer::Status(status) =
        control::ask(daemon.root(), &Question::Status { most_clients: 0 }).unwrap()
    else {
        panic!("no status")
    };
    let kept = status.counts.journal_requests;
    Ok(Figure::new(vec![grown], format!("{kept} requests kept")))
}

/// `Boot/BCD` of an image that has none: made each time somebody asks.
pub(crate) fn store(ground: &Ground) -> Measured {
    let wims = [
        ("sources/boot.wim", "wim"),
        ("bootmgfw.efi", "efi"),
        ("boot.sdi", "sdi"),
    ];
    let world = World::new().image("x", &wims).default_image("x");
    let daemon = Mounted::new(&world).ok_or("no mount")?;
    let path = daemon.root().join("clients/10.0.0.1/Boot/BCD");
    let _awake = Awake::new();
    let turn = || {
        typical(Duration::from_millis(250), || {
            fs::metadata(&path).unwrap();
        })
    };
    let samples = (0..ground.rounds).map(|_| turn()).collect();
    Ok(Figure::new(samples, "asked for twice in a boot"))
}
