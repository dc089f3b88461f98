//! What is written beside the code, held against the code: the README, the sample
//! configuration, the unit for systemd with its examples, and the map of the house.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/mod.rs"]
mod common;

mod house;
mod readme;
mod systemd;

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// A file of the repository.
fn text(path: &str) -> String {
    let path = Path::new(REPOSITORY).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files with that ending in a folder of the repository and below.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(REPOSITORY).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.to_string_lossy().ends_with(ending) => found.push(path),
                false => {}
            }
        }
    }
    found.sort_unstable();
    found
}
