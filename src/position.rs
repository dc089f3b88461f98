//! How far a server has read a file: the kernel keeps the place for each open file, and tells
//! it in `/proc`. What it reads itself (passthrough) passes nobody else.
//!
//! Not told where a server says with each read from where on (`sendfile` and `pread` with an
//! offset: nginx, Apache), nor by kernels before 5.14, which do not say which file it is.

use std::fs;

/// A process with more open files than this is not looked through.
const MOST_FILES: usize = 512;

/// The place in the file with this inode number, if the process has it open just once.
pub fn of(process: u32, inode: u64) -> Option<u64> {
    let entries = fs::read_dir(format!("/proc/{process}/fdinfo")).ok()?;
    let mut places = entries.take(MOST_FILES).filter_map(|entry| {
        let told = fs::read_to_string(entry.ok()?.path()).ok()?;
        (number(&told, "ino:")? == inode).then(|| number(&told, "pos:"))?
    });
    match (places.next(), places.next()) {
        (Some(place), None) => Some(place),
        // Which of several transfers it is cannot be told.
        _ => None,
    }
}

fn number(told: &str, field: &str) -> Option<u64> {
    let line = told.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().parse().ok()
}
