//! The kernel's table of mounts, `/proc/PID/mountinfo`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::NAME;

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Its number.
    pub id: u64,
    /// The number of the mount that it is mounted on.
    pub parent: u64,
    /// The device of its file system.
    pub device: u64,
    /// The folder of that file system that is seen.
    pub root: PathBuf,
    /// Where it is seen.
    pub path: PathBuf,
    /// Whether it is a winbootfs.
    pub is_ours: bool,
    /// Whether everybody may look, where it is a FUSE mount: the option `allow_other`.
    pub for_everybody: bool,
    /// The user who mounted it, where it is a FUSE mount.
    pub user: Option<u32>,
}

impl Mount {
    /// Reads one line: id, parent, device, root, mountpoint, options, any number of
    /// optional fields, `-`, type, source, more options.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let dash = fields.iter().position(|field| *field == b"-")?;
        let kind = fields.get(dash + 1)?;
        let source = fields.get(dash + 2)?;
        let options = fields.get(dash + 3).copied().unwrap_or_default();
        let mut options = options.split(|byte| *byte == b',');
        Some(Self {
            id: number(fields.first()?)?,
            parent: number(fields.get(1)?)?,
            device: device(fields.get(2)?)?,
            root: path(fields.get(3)?),
            path: path(fields.get(4)?),
            is_ours: kind.starts_with(b"fuse") && *source == NAME.as_bytes(),
            for_everybody: options.clone().any(|option| option == b"allow_other"),
            user: options.find_map(user),
        })
    }

    /// All lines of a table, in its order.
    pub fn all(table: &[u8]) -> Vec<Self> {
        let lines = table.split(|byte| *byte == b'\n');
        lines.filter_map(Self::parse).collect()
    }
}

fn number<T: std::str::FromStr>(field: &[u8]) -> Option<T> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

fn user(option: &[u8]) -> Option<u32> {
    number(option.strip_prefix(b"user_id=")?)
}

fn device(field: &[u8]) -> Option<u64> {
    let (major, minor) = std::str::from_utf8(field).ok()?.split_once(':')?;
    Some(rustix::fs::makedev(
        major.parse().ok()?,
        minor.parse().ok()?,
    ))
}

fn path(field: &[u8]) -> PathBuf {
    OsString::from_vec(unescaped(field)).into()
}

/// Blanks, tabs, newlines and backslashes are written as `\` and three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..3).filter(|_| *first == b'\\');
        let code = code.and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                plain.push(byte);
                rest = behind.get(3..).unwrap_or_default();
            }
            None => {
                plain.push(*first);
                rest = behind;
            }
        }
    }
    plain
}
