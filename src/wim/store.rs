//! Reads resources: as they lie there, or chunk by chunk.

use std::sync::Arc;

use super::cache::Cache;
use super::chunks::Chunks;
use super::error::{Error, Part, Place};
use super::header::{Compression, Resource};
use super::medium::Medium;
use super::{lzx, xpress};

/// The bytes of the WIM, and how to decode them.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) medium: Medium,
    pub(super) compression: Compression,
    cache: Cache,
}

/// A resource that is being read.
#[derive(Debug)]
pub(super) struct Opened {
    resource: Resource,
    /// Only where it is compressed.
    chunks: Option<Chunks>,
}

/// The memory that decoding takes, made when it is needed first.
#[derive(Debug, Default)]
enum Decoder {
    #[default]
    None,
    Lzx(Box<lzx::Decoder>),
    Xpress(Box<xpress::Decoder>),
}

impl Opened {
    pub(super) fn size(&self) -> u64 {
        self.resource.size
    }

    /// Where it begins, for an error.
    pub(super) fn place(&self) -> Place {
        self.resource.place()
    }
}

impl Store {
    pub(super) fn new(medium: Medium, compression: Compression) -> Self {
        Self {
            medium,
            compression,
            cache: Cache::default(),
        }
    }

    /// Prepares to read a resource that [`Resource::check`] has passed.
    pub(super) fn open(&self, resource: Resource) -> Result<Opened, Error> {
        let chunked = |size: u32| Chunks::new(resource, size);
        let size = self.compression.chunk_size();
        let size = size.filter(|_| resource.is_compressed() && resource.size > 0);
        let chunks = size.map(chunked).transpose()?;
        Ok(Opened { resource, chunks })
    }

    /// Reads a whole resource of at most `most` bytes.
    pub(super) fn whole(
        &self,
        resource: Resource,
        what: &'static str,
        most: usize,
    ) -> Result<Vec<u8>, Error> {
        let opened = self.open(resource)?;
        if opened.size() > most as u64 {
            let (most, found) = (most as u64, opened.size());
            return Err(Error::TooLarge { what, most, found });
        }
        let mut bytes = vec![0; opened.size() as usize];
        self.read(&opened, &mut bytes, 0)?;
        Ok(bytes)
    }

    /// Fills the buffer from `offset` on; shorter only at the end.
    pub(super) fn read(
        &self,
        opened: &Opened,
        buffer: &mut [u8],
        offset: u64,
    ) -> Result<usize, Error> {
        let rest = opened.size().saturating_sub(offset);
        let count = buffer
            .len()
            .min(usize::try_from(rest).unwrap_or(usize::MAX));
        let wanted = buffer.get_mut(..count).unwrap_or_default();
        if wanted.is_empty() {
            return Ok(0);
        }
        match &opened.chunks {
            Some(chunks) => self.read_chunks(chunks, wanted, offset)?,
            None => self.medium.fill(wanted, opened.resource.offset + offset)?,
        }
        Ok(count)
    }

    fn read_chunks(
        &self,
        chunks: &Chunks,
        mut buffer: &mut [u8],
        offset: u64,
    ) -> Result<(), Error> {
        let mut decoder = Decoder::default();
        let (mut number, mut within) = chunks.holding(offset);
        while !buffer.is_empty() {
            let length = chunks.length(number);
            let count = (length - within).min(buffer.len());
            let (now, later) = buffer.split_at_mut(count);
            if count == length {
                // Whoever reads so much at once seldom comes back: nothing is kept.
                self.decode(chunks, number, &mut decoder, now)?;
            } else {
                let chunk = self.chunk(chunks, number, &mut decoder)?;
                now.copy_from_slice(chunk.get(within..within + count).unwrap_or_default());
            }
            (buffer, number, within) = (later, number + 1, 0);
        }
        Ok(())
    }

    /// A chunk of which a part is wanted, kept for the next part.
    fn chunk(
        &self,
        chunks: &Chunks,
        number: u64,
        decoder: &mut Decoder,
    ) -> Result<Arc<[u8]>, Error> {
        let key = (chunks.begin(), number);
        if let Some(chunk) = self.cache.get(key) {
            return Ok(chunk);
        }
        let mut bytes = vec![0; chunks.length(number)];
        self.decode(chunks, number, decoder, &mut bytes)?;
        let chunk: Arc<[u8]> = bytes.into();
        self.cache.put(key, chunk.clone());
        Ok(chunk)
    }

    /// Reads a chunk and decodes it. One that compressing would not have made smaller
    /// lies there as it is, which only its length tells.
    fn decode(
        &self,
        chunks: &Chunks,
        number: u64,
        decoder: &mut Decoder,
        output: &mut [u8],
    ) -> Result<(), Error> {
        let (at, length) = chunks.place(&self.medium, number)?;
        if length == output.len() {
            return self.medium.fill(output, at);
        }
        let input = self.medium.read(at, length)?;
        let done = match decoder.of(self.compression) {
            Decoder::Lzx(decoder) => decoder.decode(&input, output),
            Decoder::Xpress(decoder) => decoder.decode(&input, output),
            // There are chunks only where there is a compression.
            Decoder::None => Ok(()),
        };
        done.map_err(|corrupt| Error::Chunk {
            place: Part::File.at(at),
            compression: self.compression.name(),
            corrupt,
        })
    }
}

impl Decoder {
    fn of(&mut self, compression: Compression) -> &mut Self {
        if let Self::None = self {
            *self = match compression {
                Compression::Lzx { order } => Self::Lzx(Box::new(lzx::Decoder::new(order))),
                Compression::Xpress { .. } => Self::Xpress(Box::default()),
                Compression::None => Self::None,
            };
        }
        self
    }
}
