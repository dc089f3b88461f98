//! Everything that can be done with an image: opened, listed, and read.

use std::fs::File;
use std::io::{self, Write};
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

/// How much of all files together is read: more than any image here holds. What a damaged
/// size says may be anything.
const MOST_BYTES: u64 = 2 << 20;

/// Does it with these bytes.
pub(crate) fn read(bytes: &[u8]) -> Outcome {
    let mut file = File::from(memfd_create("image", MemfdFlags::CLOEXEC).unwrap());
    file.write_all(bytes).unwrap();
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let source = IsoSource::open(Path::new(&path), Arc::new(OwnMount::default())).unwrap();
    let description = source.description();
    assert!(!description.contains("broke the parser"), "{description}");
    let (mut outcome, mut budget) = (Outcome::default(), MOST_BYTES);
    let mut ahead = vec![StoredPath::root()];
    while let Some(folder) = ahead.pop() {
        match source.list(&folder) {
            Ok(listing) => {
                for entry in listing.entries {
                    let path = folder.join(&entry.name);
                    match entry.kind {
                        Kind::Folder => ahead.push(path),
                        Kind::File => match read_file(&source, &path, &mut budget) {
                            Ok(()) => outcome.good += 1,
                            Err(error) => outcome.errors.push(error.to_string()),
                        },
                    }
                }
            }
            Err(error) => outcome.errors.push(error.to_string()),
        }
    }
    outcome
}

/// The end and the middle, and then all of it, as far as there is a budget.
fn read_file(source: &IsoSource, path: &StoredPath, budget: &mut u64) -> io::Result<()> {
    let look = source.look(path)?;
    let size = look.stat.version.size;
    let file = look.open(&look.stat.version)?;
    let mut buffer = vec![0; 10_000];
    let mut read = |offset: u64| -> io::Result<u64> {
        let count = file.read_at(&mut buffer, offset)? as u64;
        assert_eq!(count, (size - offset).min(10_000));
        Ok(count)
    };
    read(size.saturating_sub(5000))?;
    read(size / 2)?;
    let mut offset = 0;
    while offset < size && *budget > 0 {
        let count = read(offset)?;
        offset += count;
        *budget = budget.saturating_sub(count);
    }
    Ok(())
}
