//! Where the bytes of a file lie in its image.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes of a file that lie together in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// The place in the file.
    pub(super) from: u64,
    /// The place in the image.
    pub(super) at: u64,
    /// How many bytes.
    pub(super) length: u64,
}

impl Extent {
    /// The place in the file behind it.
    pub(super) fn end(&self) -> u64 {
        self.from.saturating_add(self.length)
    }

    /// The place in the image behind it.
    pub(super) fn image_end(&self) -> u64 {
        self.at.saturating_add(self.length)
    }

    /// Whether `next` goes on where this ends, in the file and in the image.
    pub(super) fn meets(&self, next: &Self) -> bool {
        self.end() == next.from && self.image_end() == next.at
    }
}

/// Fills `buffer` with the bytes of a file of `size` bytes from `offset` on, and returns
/// how many; shorter only at the end of the file. What no extent covers is a hole, and
/// reads as zeros.
///
/// # Errors
/// Those of the disk; `EIO` where the image ends early.
pub(super) fn read(
    image: &File,
    extents: &[Extent],
    size: u64,
    buffer: &mut [u8],
    offset: u64,
) -> io::Result<usize> {
    let wanted = usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX);
    let wanted = wanted.min(buffer.len());
    let mut rest = buffer.get_mut(..wanted).unwrap_or_default();
    let mut place = offset;
    let first = extents.partition_point(|extent| extent.end() <= offset);
    let mut ahead = extents.iter().skip(first).peekable();
    while !rest.is_empty() {
        let extent = ahead.next_if(|extent| extent.from <= place);
        let end = match (extent, ahead.peek()) {
            (Some(extent), _) => extent.end(),
            (None, Some(next)) => next.from,
            (None, None) => u64::MAX,
        };
        let here = usize::try_from(end - place).unwrap_or(usize::MAX);
        let (now, later) = rest.split_at_mut(here.min(rest.len()));
        match extent {
            Some(extent) => read_exact(image, now, extent.at + (place - extent.from))?,
            None => now.fill(0),
        }
        place += now.len() as u64;
        rest = later;
    }
    Ok(wanted)
}

fn read_exact(image: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    let done = image.read_exact_at(buffer, at);
    done.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::from_raw_os_error(libc::EIO),
        _ => error,
    })
}
