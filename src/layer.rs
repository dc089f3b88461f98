//! One source with its folders indexed: names in any case, always as fresh as the disk.
//!
//! A folder is listed on first use and the index kept. Kept is not believed blindly:
//!
//! - a hit is looked up in the source again (one `look`), which the answer needs anyway;
//! - a miss is believed only after a look at the folder's times, because the event that
//!   tells of a new file may still be on its way;
//! - an event drops the folder's index ([`Layer::changed`]);
//! - where no events exist, every answer is preceded by that look at the times.
//!
//! No lock is held while the source is asked; two threads may list the same folder at
//! once, and the later index stays.

use std::collections::HashMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::Error;
use crate::index::FoldedFolder;
use crate::name::Asked;
use crate::source::{Identity, Kind, Look, Source, StoredPath, Version};

/// File systems stamp a folder with the time of the last clock tick (up to 10 ms): a
/// second change within the same tick leaves no trace in the times. An index made so soon
/// after a change is made again at the next miss.
const TICK: Duration = Duration::from_millis(50);

/// The same where the clock is another machine's.
const TICK_ELSEWHERE: Duration = Duration::from_secs(3);

/// Somebody who tells of changes in folders.
pub trait Watch: Debug + Send + Sync {
    /// From now on, tells of every change in the folder at `path`, which is the one with
    /// that `identity`. Returns whether it can.
    fn watch(&self, path: &Path, identity: Identity) -> bool;
}

/// A source and the indexes of its folders.
#[derive(Debug)]
pub struct Layer {
    source: Box<dyn Source>,
    watch: Arc<dyn Watch>,
    folders: RwLock<HashMap<StoredPath, Arc<Indexed>>>,
    /// A watch could not be placed: from then on nothing here is believed for long.
    blind: AtomicBool,
}

/// A folder's index and what the folder was like when it was made.
#[derive(Debug)]
struct Indexed {
    folder: Arc<FoldedFolder>,
    version: Version,
    /// No change can have hidden in the clock tick in which it was made.
    settled: bool,
}

/// A name found in a layer.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Where it is stored.
    pub path: StoredPath,
    /// What it is, as of now, and a hold on it.
    pub look: Look,
    /// Reached over a symbolic link.
    pub linked: bool,
}

impl Layer {
    /// A layer over a source, with nothing indexed yet.
    pub fn new(source: Box<dyn Source>, watch: Arc<dyn Watch>) -> Self {
        Self {
            source,
            watch,
            folders: RwLock::default(),
            blind: AtomicBool::new(false),
        }
    }

    /// The source beneath.
    pub fn source(&self) -> &dyn Source {
        self.source.as_ref()
    }

    /// Whether every change below is told by an event, so that an answer may be believed
    /// until one comes.
    pub fn is_live(&self) -> bool {
        self.source.has_events() && !self.blind.load(Ordering::Relaxed)
    }

    /// What `asked` is in `folder`, if anything.
    ///
    /// # Errors
    /// Those of the source.
    pub fn find(&self, folder: &StoredPath, asked: &Asked) -> Result<Option<Hit>, Error> {
        let known = self.indexed(folder)?;
        if let Some(hit) = self.hit(folder, &known, asked)? {
            return Ok(Some(hit));
        }
        let fresh = self.checked(folder)?;
        if Arc::ptr_eq(&known, &fresh) {
            return Ok(None);
        }
        self.hit(folder, &fresh, asked)
    }

    /// The folder's index, as fresh as the disk.
    ///
    /// # Errors
    /// Those of the source.
    pub fn folder(&self, folder: &StoredPath) -> Result<Arc<FoldedFolder>, Error> {
        Ok(self.checked(folder)?.folder.clone())
    }

    /// The folder with this identity has changed: what is known about it is dropped.
    pub fn changed(&self, identity: Identity) -> bool {
        let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        let before = folders.len();
        folders.retain(|_, indexed| indexed.version.identity != identity);
        folders.len() < before
    }

    /// Everything may have changed.
    pub fn forget_all(&self) {
        let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        folders.clear();
    }

    fn hit(
        &self,
        folder: &StoredPath,
        indexed: &Indexed,
        asked: &Asked,
    ) -> Result<Option<Hit>, Error> {
        let Some(entry) = indexed.folder.pick(asked) else {
            return Ok(None);
        };
        let path = folder.join(&entry.name);
        match self.source.look(&path).map_err(Error::from) {
            Ok(look) if look.stat.kind == entry.kind => Ok(Some(Hit {
                path,
                look,
                linked: entry.linked,
            })),
            Ok(_) | Err(Error::NotFound | Error::NotFolder) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The index that is kept, where it may be used without a look at the disk.
    fn indexed(&self, folder: &StoredPath) -> Result<Arc<Indexed>, Error> {
        match self.kept(folder) {
            Some(kept) if self.is_live() => Ok(kept),
            _ => self.checked(folder),
        }
    }

    fn kept(&self, folder: &StoredPath) -> Option<Arc<Indexed>> {
        let folders = self.folders.read().unwrap_or_else(PoisonError::into_inner);
        folders.get(folder).cloned()
    }

    /// The index that is kept if the folder has not changed since, else a new one.
    fn checked(&self, folder: &StoredPath) -> Result<Arc<Indexed>, Error> {
        let now = self.source.look(folder)?.stat;
        if now.kind != Kind::Folder {
            return Err(Error::NotFolder);
        }
        match self.kept(folder) {
            Some(kept) if kept.settled && kept.version == now.version => Ok(kept),
            _ => self.index(folder, now.version),
        }
    }

    /// Lists the folder. The watch comes first: a change during the listing must not be
    /// lost. The version is from before the listing for the same reason.
    fn index(&self, folder: &StoredPath, version: Version) -> Result<Arc<Indexed>, Error> {
        if self.is_live()
            && !self
                .watch
                .watch(&self.source.watch_path(folder), version.identity)
        {
            self.blind.store(true, Ordering::Relaxed);
        }
        let listed_at = SystemTime::now();
        let indexed = Arc::new(Indexed {
            folder: Arc::new(FoldedFolder::new(self.source.list(folder)?)),
            version,
            settled: self.is_settled(&version, listed_at),
        });
        let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        folders.insert(folder.clone(), indexed.clone());
        Ok(indexed)
    }

    fn is_settled(&self, version: &Version, listed_at: SystemTime) -> bool {
        let tick = match self.source.has_events() {
            true => TICK,
            false => TICK_ELSEWHERE,
        };
        let listed_at = listed_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let changed = version.changed.max(version.modified);
        i128::try_from(listed_at.saturating_sub(tick).as_nanos()).is_ok_and(|at| at > changed)
    }
}
