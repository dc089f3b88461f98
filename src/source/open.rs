//! From what is configured to a source.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Source;
use super::dir::{DirSource, OwnMount};
use super::file::FileSource;

/// A source as it is written: a path, and perhaps `:2` behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The folder or file.
    pub path: PathBuf,
    /// The image inside its boot.wim, from 1, where not the one is meant that the WIM itself
    /// says is to be booted.
    pub image: Option<u32>,
}

impl Written {
    /// Understands it. A path that is there as it stands means itself, so that a name with
    /// a colon is no trouble.
    pub fn understand(text: &Path, own_mount: &OwnMount) -> Self {
        let is_there = |path: &Path| own_mount.beneath(path).exists();
        let numbered = || numbered(text).filter(|written| is_there(&written.path));
        let plain = || Self {
            path: text.to_owned(),
            image: None,
        };
        match is_there(text) {
            true => plain(),
            false => numbered().unwrap_or_else(plain),
        }
    }
}

/// The path without the image inside, if one is written behind it, whether it is there or not.
pub fn without_image(text: &Path) -> PathBuf {
    numbered(text).map_or_else(|| text.to_owned(), |written| written.path)
}

fn numbered(text: &Path) -> Option<Written> {
    let bytes = text.as_os_str().as_bytes();
    let colon = memchr::memrchr(b':', bytes)?;
    let (path, number) = (bytes.get(..colon)?, bytes.get(colon + 1..)?);
    let is_number = number.iter().all(u8::is_ascii_digit);
    let image = std::str::from_utf8(number).ok().filter(|_| is_number)?;
    Some(Written {
        path: OsStr::from_bytes(path).into(),
        image: Some(image.parse().ok()?),
    })
}

/// Opens a source. A file that is there and cannot be used is a source that answers with
/// errors until it can: it takes no other image down. `poll` says that changes in a
/// folder raise no events.
///
/// # Errors
/// Those of a folder that cannot be opened.
pub fn open(
    written: &Written,
    own_mount: Arc<OwnMount>,
    poll: bool,
) -> io::Result<Box<dyn Source>> {
    let Written { path, image } = written;
    if own_mount.beneath(path).is_dir() {
        return Ok(Box::new(DirSource::open(path, own_mount, poll)?));
    }
    Ok(Box::new(FileSource::open(path, *image, own_mount)))
}
