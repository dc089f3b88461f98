//! The numbers of a structure, each with its place in the file for when it is wrong.

use std::fmt::Display;

use crate::bcd::error::{Error, unexpected};
use crate::name::visible;

/// Numbers of a structure, and where it is in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) from: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn of_file(bytes: &'a [u8]) -> Self {
        Self { bytes, from: 0 }
    }

    pub(super) fn number(&self, at: usize) -> Result<u32, Error> {
        self.array(at).map(u32::from_le_bytes)
    }

    pub(super) fn short(&self, at: usize) -> Result<usize, Error> {
        self.array(at).map(|bytes| u16::from_le_bytes(bytes).into())
    }

    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], Error> {
        let bytes = self.bytes.get(at..).and_then(|rest| rest.first_chunk());
        bytes.copied().ok_or_else(|| self.ends(at + N))
    }

    /// It ends before this byte of it.
    fn ends(&self, expected: usize) -> Error {
        let what = "the length of a structure";
        let expected = format_args!("at least {expected}");
        unexpected(self.from, what, expected, self.bytes.len())
    }

    pub(super) fn is_long(&self, length: usize) -> Result<(), Error> {
        match self.bytes.len() < length {
            true => Err(self.ends(length)),
            false => Ok(()),
        }
    }

    pub(super) fn is(&self, name: &[u8; 2]) -> bool {
        self.bytes.starts_with(name)
    }

    pub(super) fn begins_with(&self, name: &[u8; 2]) -> Result<(), Error> {
        let begin = self.bytes.get(..2).unwrap_or(self.bytes);
        let (expected, found) = (visible(name), visible(begin));
        expect(
            self.from,
            "the name of a structure",
            expected,
            found,
            self.is(name),
        )
    }

    /// The place of a structure, and where it stands.
    pub(super) fn mention(&self, at: usize) -> Result<Mention, Error> {
        Ok(Mention {
            of: self.number(at)?,
            at: self.from + at,
        })
    }
}

/// A number in the file that is the place of a structure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mention {
    pub(super) of: u32,
    pub(super) at: usize,
}

pub(super) fn at_most(what: &'static str, most: usize, found: usize) -> Result<(), Error> {
    match found > most {
        true => Err(Error::TooLarge { what, most, found }),
        false => Ok(()),
    }
}

pub(super) fn expect(
    at: usize,
    what: &'static str,
    expected: impl Display,
    found: impl Display,
    is_so: bool,
) -> Result<(), Error> {
    match is_so {
        true => Ok(()),
        false => Err(unexpected(at, what, expected, found)),
    }
}
