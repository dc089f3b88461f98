//! The doorbell: parse, do, and say what went wrong.

use std::process::ExitCode;

fn main() -> ExitCode {
    winbootfs::cmd::run(&winbootfs::cli::parse())
}
