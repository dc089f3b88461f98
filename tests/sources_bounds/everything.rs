//! Everything that can be done with an image: opened, listed, and read from.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{MemfdFlags, memfd_create};
use winbootfs::source::dir::OwnMount;
use winbootfs::source::iso::IsoSource;
use winbootfs::source::{Kind, Source, StoredPath};

/// How it went.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Files that were read.
    pub(crate) good: usize,
    /// What was said about everything else.
    pub(crate) errors: Vec<String>,
}

/// Does it with these bytes.
pub(crate) fn read(bytes: &[u8]) -> Outcome {
    let mut file = File::from(memfd_create("image", MemfdFlags::CLOEXEC).unwrap());
    file.write_all(bytes).unwrap();
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let source = IsoSource::open(Path::new(&path), Arc::new(OwnMount::default())).unwrap();
    let description = source.description();
    assert!(!description.contains("broke the parser"), "{description}");
    let mut outcome = Outcome::default();
    let mut ahead = vec![StoredPath::root()];
    while let Some(folder) = ahead.pop() {
        match source.list(&folder) {
            Ok(listing) => {
                for entry in listing.entries {
                    let path = folder.join(&entry.name);
                    match entry.kind {
                        Kind::Folder => ahead.push(path),
                        Kind::File => read_file(&source, &path, &mut outcome),
                    }
                }
            }
            Err(error) => outcome.errors.push(error.to_string()),
        }
    }
    outcome
}

/// Both ends and the middle: a damaged size may be anything.
fn read_file(source: &IsoSource, path: &StoredPath, outcome: &mut Outcome) {
    let look = match source.look(path) {
        Ok(look) => look,
        Err(error) => return outcome.errors.push(error.to_string()),
    };
    let size = look.stat.version.size;
    let file = look.open(&look.stat.version).unwrap();
    let mut buffer = vec![0; 10_000];
    for offset in [0, size / 2, size.saturating_sub(5000)] {
        match file.read_at(&mut buffer, offset) {
            Ok(count) => assert_eq!(count as u64, (size - offset).min(10_000)),
            Err(error) => return outcome.errors.push(error.to_string()),
        }
    }
    outcome.good += 1;
}
