//! A thousand mutants of each kind of WIM, the same in every run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::Turn;
use crate::everything::mended;
use crate::noise::Noise;
use crate::sources::{Files, READ, Workshop};

const MUTANTS: u64 = 1000;

/// A few files of each kind, for every mutant is read whole.
fn files() -> Files {
    let mut noise = Noise(4);
    Files::from([
        (
            "Windows/Boot/PXE/pxeboot.n12".to_owned(),
            noise.program(9_000),
        ),
        (
            "Windows/Boot/Fonts/wgl4_boot.ttf".to_owned(),
            noise.text(40_000),
        ),
        ("noise.bin".to_owned(), noise.bytes(3_000)),
        ("\u{e4}\u{1f600}/zeros".to_owned(), vec![0; 70_000]),
        ("empty".to_owned(), Vec::new()),
    ])
}

/// Some bytes changed: most where the structures are, at the beginning and at the end.
fn mutant(bytes: &[u8], noise: &mut Noise) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + noise.below(3) {
        let length = bytes.len();
        let at = match noise.below(4) {
            0 => noise.below(208.min(length)),
            1 => length - 1 - noise.below(2500.min(length)),
            _ => noise.below(length),
        };
        let count = (1 << noise.below(4)).min(length - at);
        match noise.below(6) {
            0 => bytes[at] ^= 1 << noise.below(8),
            1 => bytes[at..at + count].fill(0),
            2 => bytes[at..at + count].fill(0xFF),
            3 => bytes.copy_within(at..at + count, noise.below(length - count + 1)),
            4 => bytes[at] = noise.next() as u8,
            _ if noise.below(8) == 0 => bytes.truncate(at + 1),
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
    bytes
}

#[test]
fn mutants_end_in_an_error_or_in_the_right_bytes() {
    let turn = Turn::new();
    let Some(workshop) = Workshop::new(&files()) else {
        return;
    };
    for (options, seed) in READ.iter().zip(0..) {
        let whole = workshop.capture(options);
        let (outcome, _) = turn.bear(&whole);
        assert_eq!(
            (outcome.good, outcome.errors.len()),
            (5, 2),
            "{:?}",
            outcome.errors
        );
        let (mut slowest, mut refused, mut good) = (Duration::ZERO, 0, 0);
        let noise = &mut Noise(seed);
        for number in 0..MUTANTS {
            let mutant = mutant(&whole, noise);
            let mended = mended(&mutant).filter(|mended| *mended != mutant);
            for bytes in [mended, Some(mutant)].into_iter().flatten() {
                let borne = catch_unwind(AssertUnwindSafe(|| turn.bear(&bytes)));
                let (outcome, took) =
                    borne.unwrap_or_else(|_| panic!("mutant {number} of {options:?}"));
                slowest = slowest.max(took);
                refused += usize::from(outcome.good < 5);
                good += usize::from(outcome.good == 5);
            }
        }
        println!("{options:?}: {refused} refused, {good} unharmed, the slowest took {slowest:?}");
        assert!(
            refused > 300 && good > 30,
            "{refused} refused, {good} unharmed"
        );
        assert!(slowest < HANGING, "{options:?}: {slowest:?}");
    }
}

/// Processor time, and no measure of speed: a small file that takes so long has no end.
const HANGING: Duration = Duration::from_secs(2);
