//! The caller's view: names whose answer depends on the process that asks.
//!
//! The asking process is this program once more, with a socket that is connected to a
//! client, as a server's child has one. It measures itself: starting it is not the point.

use std::env;
use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;

use crate::ground::{CLIENT, Ground, SMALL};
use crate::measure::{Awake, Figure, median, timed};
use crate::rows::Measured;

/// The first argument of a process that plays a server's child.
pub(crate) const ROLE: &str = "--as-a-servers-child";

/// New processes in one round.
const CHILDREN: usize = 15;
/// Names that one process asks for.
const NAMES: usize = 600;

pub(crate) fn second_stat(ground: &Ground) -> Measured {
    Ok(second(ground, "stat"))
}

pub(crate) fn second_open(ground: &Ground) -> Measured {
    Ok(second(ground, "read"))
}

fn second(ground: &Ground, how: &str) -> Figure {
    let _awake = Awake::new();
    let samples = (0..ground.rounds).map(|_| child(ground, how)).collect();
    Figure::new(
        samples,
        format!("{NAMES} names by one process, a process a round"),
    )
}

pub(crate) fn first(ground: &Ground) -> Measured {
    let _awake = Awake::new();
    let round = |_| {
        median(
            &(0..CHILDREN)
                .map(|_| child(ground, "first"))
                .collect::<Vec<_>>(),
        )
    };
    let samples = (0..ground.rounds).map(round).collect();
    Ok(Figure::new(
        samples,
        format!("{CHILDREN} new processes a round, stat"),
    ))
}

/// What a new child measured, in microseconds.
fn child(ground: &Ground, how: &str) -> f64 {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([ROLE, how]).arg(ground.mount(SMALL));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    told.trim().parse().unwrap()
}

/// The child: connects, asks, and tells how long it typically took.
pub(crate) fn play(arguments: &[String]) {
    let (how, path) = (arguments[0].as_str(), Path::new(&arguments[1]));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect((CLIENT, 9)).unwrap();
    let stat = || assert!(fs::metadata(path).is_ok());
    let read = || assert_eq!(fs::read(path).unwrap().len(), 16 << 10, "the client's own");
    let first = timed(stat);
    let told = match how {
        "first" => first,
        "stat" => median(&(0..NAMES).map(|_| timed(stat)).collect::<Vec<_>>()),
        _ => median(&(0..NAMES).map(|_| timed(read)).collect::<Vec<_>>()),
    };
    println!("{told}");
    assert_eq!(
        fs::metadata(path).unwrap().len(),
        16 << 10,
        "the client's own"
    );
}
