//! Many computers, and the large files they fetch: files that say whose they are.
//!
//! A file is made of blocks that are alike but for the number each begins with, so that
//! every byte can be compared with what it has to be, as it comes and without a copy of the
//! file. Two versions of one file differ in every block, and in length.

use std::fs::{self, File};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

pub(crate) const IMAGES: usize = 8;

/// A block of a file; each file has a whole number of them.
pub(crate) const BLOCK: usize = 64 << 10;

/// The number of a block, at its beginning.
const STAMP: usize = 8;

/// One of several computers of an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Computer {
    pub(crate) image: usize,
    pub(crate) address: IpAddr,
    /// Half of them ask in capitals.
    pub(crate) shouting: bool,
}

impl Computer {
    pub(crate) fn new(number: usize) -> Self {
        let (image, computer) = (number % IMAGES, number / IMAGES);
        let [image_byte, computer_byte] =
            [image + 1, computer + 2].map(|byte| u8::try_from(byte).unwrap());
        Self {
            image,
            address: Ipv4Addr::new(127, 0, image_byte, computer_byte).into(),
            shouting: computer % 2 == 1,
        }
    }

    /// The addresses that all computers of an image have.
    pub(crate) fn subnet(image: usize) -> String {
        format!("127.0.{}.0/24", image + 1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Old,
    New,
}

impl Age {
    pub(crate) const BOTH: [Self; 2] = [Self::Old, Self::New];

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }
}

/// The bytes of one version of a file.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    age: Age,
    block: Vec<u8>,
}

impl Version {
    pub(crate) fn new(file: usize, age: Age) -> Self {
        let key = 2 * file as u64 + u64::from(age == Age::New) + 1;
        let words = 0..(BLOCK / 8) as u64;
        let word = |at: u64| (at + key * 0x1_0001).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let block = words.flat_map(|at| word(at).to_ne_bytes()).collect();
        Self { age, block }
    }

    /// A new version has another length too.
    pub(crate) fn length(&self, length: usize) -> usize {
        length + if self.age == Age::New { BLOCK } else { 0 }
    }

    pub(crate) fn write(&self, path: &Path, length: usize) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = File::create(path).unwrap();
        let mut block = self.block.clone();
        for number in 0..self.length(length) / BLOCK {
            stamp(&mut block, number);
            file.write_all(&block).unwrap();
        }
    }

    /// Whether a file begins so. Shorter pieces would say too little.
    fn begins(&self, bytes: &[u8]) -> bool {
        let seen = bytes.len().min(BLOCK);
        assert!(seen > 2 * STAMP, "a first piece of {seen} bytes");
        bytes[STAMP..seen] == self.block[STAMP..seen]
    }
}

fn stamp(block: &mut [u8], number: usize) {
    block[..STAMP].copy_from_slice(&(number as u64).to_ne_bytes());
}

/// Compares a file as it comes, in pieces of any length: the first one says which version
/// it has to be, to the end.
#[derive(Debug)]
pub(crate) struct Check {
    file: usize,
    asked: usize,
    seen: usize,
    /// Once it has begun; the block is that which comes now.
    version: Option<Version>,
}

impl Check {
    /// Of a file that was written with this length.
    pub(crate) fn new(file: usize, asked: usize) -> Self {
        Self {
            file,
            asked,
            seen: 0,
            version: None,
        }
    }

    pub(crate) fn take(&mut self, mut bytes: &[u8]) {
        let version = self.version.get_or_insert_with(|| {
            let begun = Age::BOTH.map(|age| Version::new(self.file, age));
            let begun = begun.into_iter().find(|version| version.begins(bytes));
            begun.expect("the bytes of another file")
        });
        while !bytes.is_empty() {
            let (number, within) = (self.seen / BLOCK, self.seen % BLOCK);
            let (piece, rest) = bytes.split_at(bytes.len().min(BLOCK - within));
            stamp(&mut version.block, number);
            let expected = &version.block[within..within + piece.len()];
            assert!(piece == expected, "other bytes in block {number}");
            self.seen += piece.len();
            bytes = rest;
        }
    }

    /// Which version has come whole.
    pub(crate) fn whole(&self) -> Age {
        let version = self.version.as_ref().expect("nothing came");
        let length = version.length(self.asked);
        assert_eq!(self.seen, length, "not the whole file");
        version.age
    }

    /// Which version's first part of this length has come.
    pub(crate) fn part(&self, length: usize) -> Age {
        let version = self.version.as_ref().expect("nothing came");
        assert_eq!(self.seen, length, "not the part that was asked for");
        version.age
    }
}
