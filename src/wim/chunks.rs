//! Where the chunks of a compressed resource lie: a table of offsets in front of them,
//! without the first, which is 0.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::error::{Error, unexpected};
use super::fields::{u32_at, u64_at};
use super::header::Resource;
use super::medium::Medium;

/// How many chunks' places are read at once, and kept.
const PAGE: u64 = 512;

/// The chunks of one resource.
#[derive(Debug)]
pub(super) struct Chunks {
    resource: Resource,
    chunk_size: u64,
    count: u64,
    /// The length of an offset: 4 bytes, or 8 in a resource of 4 GiB and more.
    width: u64,
    page: Mutex<Page>,
}

/// The places of some chunks that follow each other.
#[derive(Debug, Default)]
struct Page {
    first: u64,
    /// One more than chunks: the last is where the last chunk ends.
    offsets: Vec<u64>,
}

impl Page {
    fn chunk(&self, number: u64) -> Option<Range<u64>> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        Some(*self.offsets.get(at)?..*self.offsets.get(at + 1)?)
    }
}

impl Chunks {
    pub(super) fn new(resource: Resource, chunk_size: u32) -> Result<Self, Error> {
        let chunk_size = u64::from(chunk_size);
        let count = resource.size.div_ceil(chunk_size);
        let width = if resource.size > u64::from(u32::MAX) {
            8
        } else {
            4
        };
        let chunks = Self {
            resource,
            chunk_size,
            count,
            width,
            page: Mutex::default(),
        };
        // A table and one byte at least for each chunk.
        let least = count.saturating_mul(width + 1).saturating_sub(width);
        if resource.stored() < least {
            let what = "the length of a compressed resource";
            let place = resource.place();
            let expected = format!("at least {least} for its {count} chunks");
            return Err(unexpected(place, what, expected, resource.stored()));
        }
        Ok(chunks)
    }

    /// Where the resource begins: what tells it from all others.
    pub(super) fn begin(&self) -> u64 {
        self.resource.offset
    }

    /// The chunk that holds a byte, and where in it.
    pub(super) fn holding(&self, offset: u64) -> (u64, usize) {
        (
            offset / self.chunk_size,
            (offset % self.chunk_size) as usize,
        )
    }

    /// How many bytes a chunk really has: the last one has what is left.
    pub(super) fn length(&self, number: u64) -> usize {
        let before = number.saturating_mul(self.chunk_size);
        self.resource
            .size
            .saturating_sub(before)
            .min(self.chunk_size) as usize
    }

    /// Where a chunk lies in the file, and how many bytes it has there.
    pub(super) fn place(&self, medium: &Medium, number: u64) -> Result<(u64, usize), Error> {
        let within = self.within(medium, number)?;
        let (length, most) = (within.end.saturating_sub(within.start), self.length(number));
        if length == 0 || length > most as u64 || within.end > self.data() {
            let what = "the place of a chunk";
            let expected = format!("1 to {most} bytes within {}", self.data());
            let found = format!("from {} to {}", within.start, within.end);
            return Err(unexpected(self.resource.place(), what, expected, found));
        }
        let at = self.resource.offset + self.table() + within.start;
        Ok((at, length as usize))
    }

    fn within(&self, medium: &Medium, number: u64) -> Result<Range<u64>, Error> {
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(range) = page.chunk(number) {
            return Ok(range);
        }
        *page = self.read_page(medium, number - number % PAGE)?;
        // A chunk behind the last one has no bytes, which is then reported.
        Ok(page.chunk(number).unwrap_or_default())
    }

    fn read_page(&self, medium: &Medium, first: u64) -> Result<Page, Error> {
        let end = (first + PAGE).min(self.count.saturating_sub(1));
        let begin = first.saturating_sub(1);
        let bytes = (end.saturating_sub(begin) * self.width) as usize;
        let table = medium.read(self.resource.offset + begin * self.width, bytes)?;
        let offset = |entry: &[u8]| match self.width {
            4 => u32_at(entry, 0).map(u64::from),
            _ => u64_at(entry, 0),
        };
        let stored = table.chunks_exact(self.width as usize).filter_map(offset);
        let front = (first == 0).then_some(0);
        let back = (end + 1 == self.count).then(|| self.data());
        let offsets = front.into_iter().chain(stored).chain(back).collect();
        Ok(Page { first, offsets })
    }

    /// The length of the table.
    fn table(&self) -> u64 {
        self.count.saturating_sub(1) * self.width
    }

    /// The length of the chunks together.
    fn data(&self) -> u64 {
        self.resource.stored().saturating_sub(self.table())
    }
}
