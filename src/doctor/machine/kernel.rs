//! The kernel: which one it is, and what it was built with.

use std::fs;
use std::path::Path;

use super::commands;

/// What lets the kernel read files itself.
const PASSTHROUGH: &str = "CONFIG_FUSE_PASSTHROUGH";

/// What is told of the kernel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kernel {
    /// Its version as it says it.
    pub release: String,
    /// Whether it was built to read the files of a FUSE mount itself.
    pub passthrough: Option<bool>,
    /// How far the module Yama forbids to look at another process.
    pub ptrace_scope: Option<u32>,
    /// Whether there is FUSE.
    pub has_fuse: bool,
}

impl Kernel {
    /// The one that runs.
    pub fn look() -> Self {
        let line = |file: &str| Some(fs::read_to_string(file).ok()?.trim().to_owned());
        let release = line("/proc/sys/kernel/osrelease").unwrap_or_default();
        let scope = line("/proc/sys/kernel/yama/ptrace_scope");
        Self {
            passthrough: configuration(&release).and_then(|text| is_built_with(&text, PASSTHROUGH)),
            ptrace_scope: scope.and_then(|scope| scope.parse().ok()),
            has_fuse: Path::new("/dev/fuse").exists(),
            release,
        }
    }

    /// The two numbers that count.
    pub fn version(&self) -> Option<(u32, u32)> {
        version(&self.release)
    }
}

/// The two first numbers of `6.18.44-amd64`.
pub fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit());
    let major = numbers.next()?.parse().ok()?;
    Some((major, numbers.next()?.parse().ok()?))
}

/// What it was built with, where a package or the kernel itself tells.
fn configuration(release: &str) -> Option<String> {
    let packaged = fs::read_to_string(format!("/boot/config-{release}")).ok();
    packaged.or_else(|| {
        let file = "/proc/config.gz";
        Path::new(file).exists().then_some(())?;
        let text = commands::run(&["gzip"], &["-dc", file]).ok()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    })
}

/// Whether an option is set; nothing where this is no configuration.
pub fn is_built_with(configuration: &str, option: &str) -> Option<bool> {
    let set = |line: &str| {
        line.strip_prefix(option)
            .is_some_and(|rest| rest.starts_with("=y"))
    };
    let is_one = configuration.contains("CONFIG_FUSE_FS");
    is_one.then(|| configuration.lines().any(set))
}
