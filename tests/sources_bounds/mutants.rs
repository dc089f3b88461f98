//! A thousand mutants of each kind of image, the same in every run.

use std::fs;
use std::time::Duration;

use crate::made::{KINDS, Workshop, bytes, few_files};
use crate::templates::{TEMPLATES, mend, template};
use crate::{HANGING, Turn};

const MUTANTS: u64 = 1000;

/// Some bytes changed, among the structures, which lie at the beginning.
fn mutant(image: &[u8], seed: u64) -> Vec<u8> {
    let mut image = image.to_vec();
    let sectors = image.chunks(2048).take(340).enumerate().skip(16);
    let filled = sectors.filter(|(_, sector)| sector.iter().any(|byte| *byte != 0));
    let filled: Vec<_> = filled.map(|(number, _)| number).collect();
    let noise = bytes(seed, 400);
    let mut numbers = noise
        .chunks(4)
        .map(|four| u32::from_le_bytes(four.try_into().unwrap()) as usize);
    let mut below = |end: usize| numbers.next().unwrap() % end;
    for _ in 0..1 + below(3) {
        let length = image.len();
        // The first sectors that are not empty hold the structures.
        let sector = filled[below(filled.len()).min(below(filled.len()))];
        let last = image[sector * 2048..][..2048]
            .iter()
            .rposition(|byte| *byte != 0);
        let within = below(last.unwrap_or(0) + 1);
        let at = sector * 2048 + within;
        let count = (1 << below(4)).min(length - at);
        match below(7) {
            0 => image[at] ^= 1 << below(8),
            1 => image[at..at + count].fill(0),
            2 => image[at..at + count].fill(0xFF),
            3 => image.copy_within(
                at..at + count,
                16 * 2048 + below(length - count - 16 * 2048),
            ),
            4 => image[at..at + 2048 - within].fill(0),
            _ if below(8) == 0 => {
                image.truncate(at + 1);
                return image;
            }
            _ => image[at] = image[at].wrapping_add(1),
        }
    }
    image
}

fn are_borne(turn: &Turn, kind: &str, sound: &[u8], files: usize) {
    let mut mended = sound.to_vec();
    mend(&mut mended);
    for image in [sound, &mended] {
        let (outcome, _) = turn.bear(image);
        let counts = (outcome.good, outcome.errors.len());
        assert_eq!(counts, (files, 0), "{kind}: {outcome:?}");
    }
    let (mut slowest, mut refused, mut good) = (Duration::ZERO, 0, 0);
    for seed in 0..MUTANTS {
        let mut bytes = mutant(sound, seed);
        if seed % 2 == 0 {
            mend(&mut bytes);
        }
        let (outcome, took) = turn.bear(&bytes);
        assert!(took < HANGING, "{kind}, mutant {seed}: {took:?}");
        slowest = slowest.max(took);
        refused += usize::from(!outcome.errors.is_empty());
        good += usize::from(outcome.good == files);
    }
    println!("{kind}: {refused} with errors, {good} unharmed, the slowest took {slowest:?}");
    assert!(
        refused > 100 && good > 30,
        "{kind}: {refused} with errors, {good} unharmed"
    );
}

#[test]
fn mutants_of_images_as_they_are_made_are_borne() {
    let turn = Turn::new();
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let folder = workshop.folder("files", &few_files());
    for kind in KINDS {
        let image = fs::read(workshop.image(kind, &folder)).unwrap();
        are_borne(&turn, kind, &image, few_files().len());
    }
}

#[test]
fn mutants_of_dense_images_are_borne() {
    let turn = Turn::new();
    for number in 0..TEMPLATES {
        let image = template(number);
        let (outcome, _) = turn.bear(&image);
        are_borne(&turn, &format!("template {number}"), &image, outcome.good);
    }
}
