//! The real program as an operator types it: help, errors, exit codes, and a daemon's end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/mod.rs"]
mod common;

mod bcd;
mod choosing;
mod daemon;
mod errors;
mod judging;
mod logs;
mod looking;
mod making;
mod sources;
mod unprivileged;

use std::ffi::OsStr;
use std::path::Path;
use std::process::Output;

use common::mounted::program;

/// What a command left behind.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Done {
    fn new(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// It ended with this code, and said each of these on standard error.
    #[track_caller]
    fn failed(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for words in said {
            assert!(
                self.err.contains(words),
                "{words:?} is not in:\n{}",
                self.err
            );
        }
    }

    /// It ended well and printed each of these.
    #[track_caller]
    fn printed(&self, words: &[&str]) {
        assert_eq!(self.code, Some(0), "{self:?}");
        for words in words {
            assert!(
                self.out.contains(words),
                "{words:?} is not in:\n{}",
                self.out
            );
        }
    }
}

/// Runs the program in a folder that has no `mounts.toml`.
fn run<S: AsRef<OsStr>>(arguments: &[S]) -> Done {
    run_in(Path::new("/"), arguments)
}

fn run_in<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Done {
    let mut command = program();
    Done::new(
        command
            .args(arguments)
            .current_dir(folder)
            .output()
            .unwrap(),
    )
}

/// Runs the program on the repository's own sample.
fn on_the_sample(arguments: &[&str]) -> Done {
    run_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments)
}
