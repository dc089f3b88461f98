//! Events from the disk.
//!
//! One watch for each folder that was ever indexed, placed through `notify`; what it
//! tells becomes a [`Change`] on a channel, and the service acts on it in its own thread.
//! Nothing is concluded from an event but that the folder is to be looked at again.
//!
//! The kernel gives an inode one watch, under whatever path it was placed last, so a
//! folder that several sources reach is known here by its identity and not by a path.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::config::dropped::{counts, path_beside};
use crate::layer::Watch;
use crate::source::Identity;

/// Something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The entries of this folder, or a file in it.
    Folder(Identity),
    /// The configuration file.
    Configuration,
    /// A file of `clients.d/`, or that folder.
    Clients,
    /// Events were lost: anything may have.
    Everything,
}

/// Places watches and passes on what they tell.
#[derive(Debug)]
pub struct Events {
    watcher: Mutex<Option<RecommendedWatcher>>,
    folders: Arc<Mutex<HashMap<PathBuf, Watched>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Watched {
    Source(Identity),
    /// The folder of the configuration file: an editor replaces the file, so the file
    /// itself cannot be watched.
    Configuration(PathBuf),
    /// The folder `clients.d/`.
    Clients,
}

impl Events {
    /// Changes go to `changes`. Where the kernel gives no watches at all, nothing is
    /// ever told and every layer looks for itself.
    pub fn new<C: From<Change> + Send + 'static>(changes: Sender<C>) -> Self {
        let folders: Arc<Mutex<HashMap<PathBuf, Watched>>> = Arc::default();
        let known = folders.clone();
        let handler = move |event| {
            for change in understand(event, &mut lock(&known)) {
                // The other end is gone only when the daemon ends.
                let _ = changes.send(change.into());
            }
        };
        let watcher = notify::recommended_watcher(handler);
        let watcher = watcher.inspect_err(|error| {
            tracing::warn!("no events from the disk, looking at folder times instead: {error}");
        });
        Self {
            watcher: Mutex::new(watcher.ok()),
            folders,
        }
    }

    /// Tells of changes of the configuration file.
    pub fn watch_configuration(&self, file: &Path) -> bool {
        let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let Some(folder) = absolute.parent() else {
            return false;
        };
        self.place(folder, &Watched::Configuration(absolute.clone()))
    }

    /// Tells of changes in `clients.d/`, if it is there. That it appears is told by the
    /// watch for the configuration file beside it.
    pub fn watch_clients(&self, folder: &Path) -> bool {
        let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        absolute.is_dir() && self.place(&absolute, &Watched::Clients)
    }

    fn place(&self, path: &Path, what: &Watched) -> bool {
        if lock(&self.folders).values().any(|known| known == what) {
            return true;
        }
        lock(&self.folders).insert(path.to_owned(), what.clone());
        let placed = match lock(&self.watcher).as_mut() {
            Some(watcher) => watcher.watch(path, RecursiveMode::NonRecursive),
            None => return false,
        };
        placed
            .inspect_err(|error| {
                lock(&self.folders).remove(path);
                tracing::warn!(
                    "no events from {}, looking at folder times instead: {error} \
                     (raise fs.inotify.max_user_watches if it is a limit)",
                    real_name(path).display()
                );
            })
            .is_ok()
    }
}

impl Watch for Events {
    fn watch(&self, path: &Path, identity: Identity) -> bool {
        self.place(path, &Watched::Source(identity))
    }
}

/// What an event means. A watch whose folder is gone is forgotten: a new folder may get
/// the same inode number.
fn understand(
    event: notify::Result<Event>,
    folders: &mut HashMap<PathBuf, Watched>,
) -> Vec<Change> {
    let event = match event {
        Ok(event) if event.need_rescan() => return vec![Change::Everything],
        Ok(event) if is_mere_reading(event.kind) => return Vec::new(),
        Ok(event) => event,
        Err(_) => return vec![Change::Everything],
    };
    let mut changes = Vec::new();
    for path in &event.paths {
        let watches = [Some(path.as_path()), path.parent()].into_iter().flatten();
        changes.extend(watches.filter_map(|watch| match folders.get(watch)? {
            Watched::Source(identity) => Some(Change::Folder(*identity)),
            Watched::Configuration(file) if path == file => Some(Change::Configuration),
            Watched::Configuration(file) => (*path == path_beside(file)).then_some(Change::Clients),
            Watched::Clients => (path == watch || counts(path)).then_some(Change::Clients),
        }));
        if ends_watches(event.kind) {
            changes.extend(given_up(path, folders));
        }
    }
    changes
}

/// `notify` gives up its watches of a folder, and of all below it, when it is removed or
/// moved. They are forgotten here too and told as changes, so that a folder that is
/// still there under another name is indexed anew, and watched again.
fn given_up(path: &Path, folders: &mut HashMap<PathBuf, Watched>) -> Vec<Change> {
    let lost = folders.extract_if(|watched, _| watched.starts_with(path));
    lost.filter_map(|(_, what)| match what {
        Watched::Source(identity) => Some(Change::Folder(identity)),
        Watched::Clients => Some(Change::Clients),
        Watched::Configuration(_) => None,
    })
    .collect()
}

fn ends_watches(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From))
    )
}

fn is_mere_reading(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
        EventKind::Access(_) => true,
        _ => false,
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of a folder that is watched by way of a descriptor.
fn real_name(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
