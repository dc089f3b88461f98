//! What can be wrong with a store, as the rest of a sentence that begins with its name.

use std::fmt;

use thiserror::Error;

/// Why bytes cannot be read as a store.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// It is something else.
    #[error(
        "is no boot configuration: at byte 0 it should begin with \"regf\", and begins with \
         \"{found}\"; take the BCD of an install medium"
    )]
    NotHive {
        /// The first bytes, made readable.
        found: String,
    },
    /// A hive of something else.
    #[error(
        "is a registry hive and no boot configuration: its root has no key \"Objects\"; take the \
         BCD of an install medium"
    )]
    NoObjects,
    /// The end is missing.
    #[error("is cut off: it should have {expected} bytes, and ends at byte {found}; copy it again")]
    CutOff {
        /// How many bytes there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Windows was writing to it. What is missing is in a log beside it.
    #[error(
        "was not written to its end: the numbers at bytes 4 and 8 should be equal, and are {first} \
         and {second}; its log would have the rest, so write a whole one with \
         `bcdedit /export FILE`"
    )]
    Dirty {
        /// Counted up when the writing begins.
        first: u32,
        /// Counted up when it ends.
        second: u32,
    },
    /// A field is not what it has to be.
    #[error("is damaged at byte {at}: {what} should be {expected}, and is {found}; copy it again")]
    Unexpected {
        /// Where the field is.
        at: usize,
        /// What it is called.
        what: &'static str,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// Larger than anything real, and than what is read of anything.
    #[error(
        "is too large: {what} should be at most {most}, and is {found}; make a smaller one with \
         `bcdedit /createstore FILE`"
    )]
    TooLarge {
        /// What is.
        what: &'static str,
        /// How large it may be.
        most: usize,
        /// How large it is.
        found: usize,
    },
    /// Its parts do not fit each other.
    #[error("is damaged: {0} (counted from byte 4096 on); copy it again")]
    Inconsistent(String),
}

/// A field that is not what it has to be.
pub(super) fn unexpected(
    at: usize,
    what: &'static str,
    expected: impl fmt::Display,
    found: impl fmt::Display,
) -> Error {
    let (expected, found) = (expected.to_string(), found.to_string());
    Error::Unexpected {
        at,
        what,
        expected,
        found,
    }
}

/// Something in a store that was left out, for it cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Where it is, from the root down.
    pub place: String,
    /// What is wrong with it.
    pub what: &'static str,
}

impl fmt::Display for Remark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}, and is left out", self.place, self.what)
    }
}
