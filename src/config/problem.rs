//! What is wrong with a file of the configuration, and where in it.

use std::fmt;
use std::ops::{Deref, Range};
use std::path::PathBuf;

/// A value and where it stands in the file, counted from 1. Two are equal when the
/// values are, wherever they stand.
#[derive(Debug, Clone, Copy)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its line.
    pub line: usize,
    /// Its column, in characters.
    pub column: usize,
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Located<T> {
    /// Something that is wrong with it.
    pub(super) fn problem(&self, what: String, next: String) -> Problem {
        let (line, column) = (self.line, self.column);
        Problem {
            line,
            column,
            what,
            next,
        }
    }
}

/// One thing that is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1; 0 when it is about the file as a whole.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// The next step to take.
    pub next: String,
}

/// Everything that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it, in the order of the file; never empty.
    pub list: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, problem) in self.list.iter().enumerate() {
            if count > 0 {
                writeln!(out)?;
            }
            let file = self.file.display();
            match problem.line {
                // Made from the command line: there is no file to point at.
                _ if self.file.as_os_str().is_empty() => {}
                0 => write!(out, "{file}: ")?,
                line => write!(out, "{file}:{line}:{}: ", problem.column)?,
            }
            write!(out, "{}\n  {}", problem.what, problem.next)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Line and column, both from 1, of a byte offset.
pub(super) fn line_and_column(text: &str, span: Option<Range<usize>>) -> (usize, usize) {
    let Some(before) = span.and_then(|span| text.get(..span.start)) else {
        return (0, 0);
    };
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before
        .get(line_start..)
        .map_or(0, |line| line.chars().count());
    (before.matches('\n').count() + 1, column + 1)
}
