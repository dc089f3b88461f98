//! One source with its folders indexed: names in any case, always as fresh as the disk.
//!
//! A folder is listed on first use and the index kept. Kept is not believed blindly:
//!
//! - a hit is looked at in the source again, which the answer needs anyway;
//! - a name that is there and yet was not found leads to a new index: what a link leads
//!   to changes without a trace in its folder;
//! - an event drops the folder's index ([`Layer::changed`]);
//! - once a second an index is held against the folder's times before it is used, in case
//!   an event was lost or the change was none that makes one (a mount over the folder);
//! - an index made within a clock tick of a change, and every index where no events
//!   exist, is held against them before every use.
//!
//! No lock is held while the source is asked; two threads may list the same folder at
//! once, and the later index stays.

use std::collections::HashMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::error::Error;
use crate::index::FoldedFolder;
use crate::name::Asked;
use crate::source::{Entry, Identity, Kind, Look, Source, StoredPath, Version};

/// File systems stamp a folder with the time of the last clock tick (up to 10 ms): a
/// second change within the same tick leaves no trace in the times. An index made so soon
/// after a change is made again at the next miss.
const TICK: Duration = Duration::from_millis(50);

/// How long an index is used between two looks at its folder's times.
const TRUST: Duration = Duration::from_secs(1);

/// The same as [`TICK`] where the clock is another machine's.
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
    /// A link was seen: an absent name may begin to exist without any event.
    links: AtomicBool,
    /// Counts what was told by events.
    changes: AtomicU64,
    began: Instant,
}

/// A folder's index and what the folder was like when it was made.
#[derive(Debug)]
struct Indexed {
    folder: Arc<FoldedFolder>,
    version: Version,
    /// No change can have hidden in the clock tick in which it was made.
    settled: bool,
    /// When it was last held against the folder's times, in milliseconds since the layer
    /// began.
    looked: AtomicU64,
}

/// A name found in a layer.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Where it is stored.
    pub path: StoredPath,
    /// What it is, as of now, and a hold on it.
    pub look: Look,
    /// Reached over a symbolic link, here or on the way.
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
            links: AtomicBool::new(false),
            changes: AtomicU64::new(0),
            began: Instant::now(),
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

    /// Whether links were seen, which may begin to lead somewhere without any event.
    pub fn holds_links(&self) -> bool {
        self.links.load(Ordering::Relaxed)
    }

    /// What `asked` is in `folder`, if anything.
    ///
    /// # Errors
    /// Those of the source.
    pub fn find(&self, folder: &StoredPath, asked: &Asked) -> Result<Option<Hit>, Error> {
        let known = self.indexed(folder)?;
        if let Some(entry) = known.folder.pick(asked) {
            if let Some(hit) = self.hit(folder, entry)? {
                return Ok(Some(hit));
            }
        } else if !known.folder.hides(asked) {
            return Ok(None);
        }
        // It is gone, and the event that tells of it still on its way; or it is a link
        // whose target has come, or is of another kind, which leaves no trace here.
        let mut fresh = self.checked(folder)?;
        if Arc::ptr_eq(&known, &fresh) {
            fresh = self.index(folder, fresh.version)?;
        }
        let entry = fresh.folder.pick(asked);
        entry.map_or(Ok(None), |entry| self.hit(folder, entry))
    }

    /// The folder's index, as fresh as the disk.
    ///
    /// # Errors
    /// Those of the source.
    pub fn folder(&self, folder: &StoredPath) -> Result<Arc<FoldedFolder>, Error> {
        let known = self.checked(folder)?;
        if known.folder.holds_links() {
            return Ok(self.index(folder, known.version)?.folder.clone());
        }
        Ok(known.folder.clone())
    }

    /// The folder with this identity has changed: what is known about it is dropped.
    pub fn changed(&self, identity: Identity) {
        let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        self.changes.fetch_add(1, Ordering::Relaxed);
        folders.retain(|_, indexed| indexed.version.identity != identity);
    }

    /// Everything may have changed.
    pub fn forget_all(&self) {
        let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        self.changes.fetch_add(1, Ordering::Relaxed);
        folders.clear();
    }

    fn hit(&self, folder: &StoredPath, entry: &Entry) -> Result<Option<Hit>, Error> {
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
            Some(kept) if self.trusts(&kept) => Ok(kept),
            _ => self.checked(folder),
        }
    }

    fn trusts(&self, kept: &Indexed) -> bool {
        let looked = Duration::from_millis(kept.looked.load(Ordering::Relaxed));
        kept.settled && self.is_live() && self.began.elapsed() < looked + TRUST
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
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
            Some(kept) if kept.settled && kept.version == now.version => {
                kept.looked.store(self.now(), Ordering::Relaxed);
                Ok(kept)
            }
            _ => self.index(folder, now.version),
        }
    }

    /// Lists the folder. The watch comes first: a change during the listing must not be
    /// lost. The version is from before the listing for the same reason.
    fn index(&self, folder: &StoredPath, version: Version) -> Result<Arc<Indexed>, Error> {
        if self.is_live() && !self.is_watched(folder, version.identity) {
            self.blind.store(true, Ordering::Relaxed);
        }
        let (listed_at, changes) = (SystemTime::now(), self.changes.load(Ordering::Relaxed));
        let listing = self.source.list(folder)?;
        let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        // An event during the listing may have been about what was already listed.
        let undisturbed = self.changes.load(Ordering::Relaxed) == changes;
        let indexed = Arc::new(Indexed {
            folder: Arc::new(FoldedFolder::new(listing)),
            version,
            settled: undisturbed && self.is_settled(&version, listed_at),
            looked: AtomicU64::new(self.now()),
        });
        if indexed.folder.holds_links() {
            self.links.store(true, Ordering::Relaxed);
        }
        folders.insert(folder.clone(), indexed.clone());
        Ok(indexed)
    }

    fn is_watched(&self, folder: &StoredPath, identity: Identity) -> bool {
        let path = self.source.watch_path(folder);
        path.is_none_or(|path| self.watch.watch(&path, identity))
    }

    fn is_settled(&self, version: &Version, listed_at: SystemTime) -> bool {
        let tick = match self.source.has_events() {
            true => TICK,
            false => TICK_ELSEWHERE,
        };
        let listed_at = listed_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let changed = version.changed.max(version.modified);
        i64::try_from(listed_at.saturating_sub(tick).as_nanos()).is_ok_and(|at| at > changed)
    }
}
