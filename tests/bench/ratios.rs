//! `cargo bench`: the mount beside the plain folder, row by row.
//!
//! Only ratios of one run can be trusted, for machines differ and are shared. So the two
//! sides of a row take turns in every round, a ratio is formed in each round, and what is
//! told is the median of these ratios with the least and the greatest of them. Noticing
//! changes is switched on all the time, and is a row itself.
//!
//!     cargo bench                         all rows but load-200, about six minutes
//!     cargo bench -- load-200             that one alone, about eight minutes
//!     cargo bench -- tftp                 the rows whose name contains "tftp"
//!     cargo bench --bench ratios -- stat --rounds 25
//!
//! Not named `main.rs`: cargo would take it for one more test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/mod.rs"]
mod common;

mod bounds;
mod caller;
mod choice;
mod ground;
mod iso;
mod journal;
mod load;
mod measure;
mod names;
mod network;
mod plain;
mod rows;
mod spelling;
mod streams;
mod wim;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ground::Ground;
use rows::{ROWS, Row};

/// Enough for a median that a single disturbance does not move.
const ROUNDS: usize = 9;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == caller::ROLE) {
        return caller::play(&arguments[1..]);
    }
    if arguments.first().is_some_and(|first| first == choice::ROLE) {
        return choice::play();
    }
    let (wanted, rounds) = read(&arguments);
    let rows: Vec<&Row> = ROWS.iter().filter(|row| row.is_wanted(&wanted)).collect();
    if rows.is_empty() {
        let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        return println!("no row is called so; there are: {}", names.join(", "));
    }
    if !common::mounted::can_mount() {
        return;
    }
    let ground = Ground::new(rounds);
    println!("{}", measure::machine());
    for row in rows {
        let figure = catch_unwind(AssertUnwindSafe(|| (row.run)(&ground)));
        let figure = figure.unwrap_or_else(|_| Err("it failed, see above".to_owned()));
        println!("{}", row.report(&figure));
    }
    println!("{}", measure::machine());
}

/// The names of rows, and the number of rounds. Cargo itself adds `--bench`.
fn read(arguments: &[String]) -> (Vec<String>, usize) {
    let (mut wanted, mut rounds) = (Vec::new(), ROUNDS);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--rounds" => {
                let number = rest.next().and_then(|number| number.parse().ok());
                rounds = number.expect("--rounds wants a number");
            }
            name if !name.starts_with('-') => wanted.push(name.to_owned()),
            _ => {}
        }
    }
    (wanted, rounds.max(1))
}
