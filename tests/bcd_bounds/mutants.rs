//! Many mutants of a store, the same in every run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::everything::{Outcome, mended};
use crate::noise::Noise;
use crate::{HANGING, Turn, made};

const MUTANTS: usize = 1500;

/// Some bytes changed: most where cells are, for much of a hive is empty.
fn mutant(bytes: &[u8], noise: &mut Noise) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + noise.below(3) {
        let length = bytes.len();
        let mut at = match noise.below(8) {
            0 => noise.below(56),
            _ => 4096 + noise.below(length - 4096),
        };
        let used = bytes[at..].iter().position(|byte| *byte != 0);
        at += used.unwrap_or_default();
        let count = (1 << noise.below(4)).min(length - at);
        match noise.below(7) {
            0 => bytes[at] ^= 1 << noise.below(8),
            1 => bytes[at..at + count].fill(0),
            2 => bytes[at..at + count].fill(0xFF),
            3 => bytes.copy_within(
                at..at + count,
                4096 + noise.below(length - 4096 - count + 1),
            ),
            4 => bytes[at] = noise.next() as u8,
            5 => bytes[at] = bytes[at].wrapping_add(8),
            _ if noise.below(50) == 0 => bytes.truncate((at + 1).max(4097)),
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
    bytes
}

#[test]
fn mutants_end_in_an_error_or_in_a_store() {
    let turn = Turn::new();
    let whole = made::small();
    let bytes = whole.write();
    let (mut slowest, mut refused, mut other, mut same) = (Duration::ZERO, 0, 0, 0);
    let noise = &mut Noise(6);
    for number in 0..MUTANTS {
        let mutant = mended(&mutant(&bytes, noise));
        let borne = catch_unwind(AssertUnwindSafe(|| turn.bear(&mutant)));
        let (outcome, took) = borne.unwrap_or_else(|_| panic!("mutant {number}"));
        slowest = slowest.max(took);
        match outcome {
            Outcome::Refused(said) => {
                assert!(said.contains("; "), "{said} says not what to do");
                refused += 1;
            }
            Outcome::Read(store, _) if *store == whole => same += 1,
            Outcome::Read(..) => other += 1,
        }
    }
    println!("{refused} refused, {other} other stores, {same} the same, slowest {slowest:?}");
    assert!(
        refused > MUTANTS / 4 && other > MUTANTS / 20 && same > MUTANTS / 50,
        "{refused} refused, {other} other stores, {same} the same"
    );
    assert!(slowest < HANGING, "{slowest:?}");
}
