//! Tests that the machine cannot run: said aloud, and counted.
//!
//! libtest knows only passed, failed and ignored-at-compile-time. A test that finds no
//! `/dev/fuse` or no dnsmasq therefore returns early, and would look passed. So each
//! skip is also a line in the file that `WINBOOTFS_SKIPS` names: `tests/run` counts the
//! lines and fails where a kind of test must not be skipped.

use std::env;
use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::thread;

/// Which test binary this is (`mount`, `tree`, ...): the kind `tests/run` counts by.
const KIND: &str = env!("CARGO_CRATE_NAME");

/// Says that the running test is skipped for want of `what`. The caller then returns.
pub(crate) fn skip(what: &str) {
    let current = thread::current();
    let test = current.name().unwrap_or("unnamed");
    // Not `eprintln!`: libtest swallows what a passing test prints with the macros.
    let _ = writeln!(io::stderr(), "SKIPPED {KIND}::{test}: {what}");
    if let Some(file) = env::var_os("WINBOOTFS_SKIPS") {
        let line = format!("{KIND}\t{test}\t{}\n", what.replace('\n', " "));
        record(Path::new(&file), &line);
    }
}

/// The value, or a counted skip with the reason why there is none:
/// `let Some(server) = skip::or_skip(servers::atftpd(root)) else { return };`
pub(crate) fn or_skip<T, E: Display>(outcome: Result<T, E>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(reason) => {
            skip(&reason.to_string());
            None
        }
    }
}

/// One write in append mode, so that tests skipping at the same moment do not mix lines.
#[allow(
    clippy::panic,
    reason = "a skip that is not counted would be a silent pass"
)]
fn record(file: &Path, line: &str) {
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .and_then(|mut skips| skips.write_all(line.as_bytes()));
    if let Err(error) = written {
        panic!("cannot count the skip in {}: {error}", file.display());
    }
}
