//! The chunks that were decoded last, for whoever reads in small pieces: a TFTP server
//! takes a chunk in twenty or more.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Most chunks, and most bytes in them: 16 of the usual 32 KiB, 4 of the widest.
const MOST_CHUNKS: usize = 16;
const MOST_BYTES: usize = 8 << 20;

/// Where the resource begins, and which chunk of it.
pub(super) type Key = (u64, u64);

/// The chunk used last comes first.
#[derive(Debug, Default)]
pub(super) struct Cache {
    chunks: Mutex<VecDeque<(Key, Arc<[u8]>)>>,
}

impl Cache {
    pub(super) fn get(&self, key: Key) -> Option<Arc<[u8]>> {
        let mut chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        let at = chunks.iter().position(|(known, _)| *known == key)?;
        let found = chunks.remove(at)?;
        let chunk = found.1.clone();
        chunks.push_front(found);
        Some(chunk)
    }

    pub(super) fn put(&self, key: Key, chunk: Arc<[u8]>) {
        let mut chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        chunks.retain(|(known, _)| *known != key);
        chunks.push_front((key, chunk));
        let bytes = |chunks: &VecDeque<(Key, Arc<[u8]>)>| -> usize {
            chunks.iter().map(|(_, chunk)| chunk.len()).sum()
        };
        while chunks.len() > MOST_CHUNKS || bytes(&chunks) > MOST_BYTES {
            chunks.pop_back();
        }
    }
}
