//! What a command prints. Whoever reads it may have seen enough, which is no fault of the
//! command; a full disk is one.

use std::fmt;
use std::io::{self, ErrorKind, Write};

use crate::failure::Failure;

/// Prints a line, made as `println!` makes it.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::cmd::out::line(format_args!($($words)*))
    };
}
pub(super) use say;

/// Prints a line.
pub(super) fn line(words: fmt::Arguments<'_>) -> Result<(), Failure> {
    printed(writeln!(io::stdout(), "{words}")).map(drop)
}

/// Prints a text.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    printed(io::stdout().write_all(text.as_bytes())).map(drop)
}

/// Whether anybody still reads what was written.
///
/// # Errors
/// That it could not be written.
pub(super) fn printed(written: io::Result<()>) -> Result<bool, Failure> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::Failed(format!("cannot print it: {error}"))),
    }
}
