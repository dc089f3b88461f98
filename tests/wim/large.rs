//! Resources of 4 GiB and more, whose chunks lie at places of 8 bytes each. They are nowhere:
//! what stands at few places is in memory, and all else is zeros.

use std::fs::File;
use std::io;
use std::sync::Arc;

use winbootfs::source::ReadAt;
use winbootfs::wim::{Blob, Wim};

use crate::made::{self, SECOND_LIST, file, folder, metadata, plain};

const CHUNK: u64 = 2 << 20;

/// Few bytes in a long file of zeros.
#[derive(Debug)]
struct Sparse(Vec<(u64, Vec<u8>)>);

impl ReadAt for Sparse {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        buffer.fill(0);
        let wanted = offset..offset + buffer.len() as u64;
        for (at, bytes) in &self.0 {
            let both = wanted.start.max(*at)..wanted.end.min(at + bytes.len() as u64);
            if !both.is_empty() {
                let within = |from: u64| (both.start - from) as usize..(both.end - from) as usize;
                buffer[within(wanted.start)].copy_from_slice(&bytes[within(*at)]);
            }
        }
        Ok(buffer.len())
    }

    fn on_disk(&self) -> Option<&File> {
        None
    }
}

/// A file of that size, in chunks that lie there as they are. Behind all the rest of the WIM,
/// with the number of its place in the file at each of these places.
fn words_at(size: u64, places: &[u64]) -> Blob {
    let mut wim = one_file();
    let (width, begin) = (if size >> 32 == 0 { 4 } else { 8 }, wim.len() as u64);
    let ends = (1..size.div_ceil(CHUNK)).map(|number| number * CHUNK);
    let table: Vec<u8> = ends
        .flat_map(|end| end.to_le_bytes()[..width].to_vec())
        .collect();
    let data = begin + table.len() as u64;
    lies_at(&mut wim, begin, table.len() as u64 + size, size);
    let mut pieces = vec![(0, wim), (begin, table)];
    pieces.extend(
        places
            .iter()
            .map(|at| (data + at, at.to_be_bytes().to_vec())),
    );
    let wim = Wim::open(Arc::new(Sparse(pieces)), data + size).unwrap();
    let tree = wim.tree(1).unwrap();
    let entry = tree.find(b"file").unwrap();
    assert_eq!(entry.size(), size);
    entry.open().unwrap()
}

/// A WIM of one file with chunks of this size.
fn one_file() -> Vec<u8> {
    let contents = b"what has this hash";
    let names = metadata(&[&[folder("", SECOND_LIST)], &[file("file", contents)]]);
    let mut wim = made::wim(made::LZX, &names, &[plain(contents)]);
    wim[20..24].copy_from_slice(&(CHUNK as u32).to_le_bytes());
    wim
}

/// Says in the second entry of the lookup table, that of the file, that it is compressed and
/// lies elsewhere.
fn lies_at(wim: &mut [u8], begin: u64, stored: u64, size: u64) {
    const COMPRESSED: u64 = 4 << 56;
    let table = u64::from_le_bytes(wim[56..64].try_into().unwrap()) as usize;
    let fields = [COMPRESSED | stored, begin, size];
    let fields: Vec<u8> = fields.into_iter().flat_map(u64::to_le_bytes).collect();
    wim[table + 50..table + 74].copy_from_slice(&fields);
}

#[test]
fn a_file_of_4_gib_is_read_on_both_sides_of_its_borders() {
    for size in [(4 << 30) - 1, 4 << 30, (6 << 30) + 12_345] {
        let (middle, end) = (CHUNK * 1000 + 7, size - 8);
        let mut places = vec![0, middle, CHUNK * 2000 - 8, end];
        places.extend(
            [4 << 30, (4 << 30) + CHUNK + 1]
                .into_iter()
                .filter(|at| *at < end),
        );
        let blob = words_at(size, &places);
        for at in places {
            let mut word = [1; 8];
            assert_eq!(blob.read_at(&mut word, at).unwrap(), 8);
            assert_eq!(u64::from_be_bytes(word), at, "of {size}");
        }
        let mut rest = [1; 100];
        assert_eq!(blob.read_at(&mut rest, end).unwrap(), 8);
        assert_eq!(blob.read_at(&mut rest, CHUNK * 500 - 50).unwrap(), 100);
        assert_eq!(rest, [0; 100]);
    }
}
