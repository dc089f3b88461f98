//! What a layer keeps of its folders, and when it lists them again: over a disk that is
//! played, because a real one never keeps its times still on demand.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use winbootfs::layer::{Layer, Watch};
use winbootfs::name::Asked;
use winbootfs::source::{
    Entry, Hold, Identity, Kind, Listing, Look, ReadAt, Source, Stat, StoredPath, Version,
};

/// A folder of empty files, whose time changes only when it is told to.
#[derive(Debug, Clone)]
struct Disk(Arc<State>);

#[derive(Debug)]
struct State {
    names: Mutex<Vec<&'static str>>,
    changed: Mutex<SystemTime>,
    listings: AtomicUsize,
    looks_at_the_folder: AtomicUsize,
    tells_of_changes: AtomicBool,
}

const FOLDER: Identity = Identity {
    device: 1,
    inode: 2,
};

impl Disk {
    fn new(names: &[&'static str], age: Duration) -> Self {
        Self(Arc::new(State {
            names: Mutex::new(names.to_vec()),
            changed: Mutex::new(SystemTime::now() - age),
            listings: AtomicUsize::new(0),
            looks_at_the_folder: AtomicUsize::new(0),
            tells_of_changes: AtomicBool::new(true),
        }))
    }

    fn layer(&self) -> Layer {
        Layer::new(Box::new(self.clone()), Arc::new(self.clone()))
    }

    /// A new file; the folder keeps its time, as within one tick of a clock.
    fn slip_in(&self, name: &'static str) {
        self.0.names.lock().unwrap().push(name);
    }

    fn add(&self, name: &'static str) {
        self.slip_in(name);
        *self.0.changed.lock().unwrap() += Duration::from_nanos(1);
    }

    fn listings(&self) -> usize {
        self.0.listings.load(Ordering::Relaxed)
    }

    fn version(&self, identity: Identity) -> Version {
        let changed = *self.0.changed.lock().unwrap();
        let nanos = changed.duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let nanos = nanos.try_into().unwrap();
        Version {
            identity,
            size: 0,
            modified: nanos,
            changed: nanos,
        }
    }
}

impl Watch for Disk {
    fn watch(&self, _path: &Path, _identity: Identity) -> bool {
        self.0.tells_of_changes.load(Ordering::Relaxed)
    }
}

impl Source for Disk {
    fn label(&self) -> String {
        "a played disk".to_owned()
    }

    fn description(&self) -> String {
        "a played disk".to_owned()
    }

    fn list(&self, _folder: &StoredPath) -> io::Result<Listing> {
        self.0.listings.fetch_add(1, Ordering::Relaxed);
        let entry = |name: &&str| Entry {
            name: name.as_bytes().into(),
            kind: Kind::File,
            linked: false,
        };
        Ok(Listing {
            entries: self.0.names.lock().unwrap().iter().map(entry).collect(),
            hidden: Vec::new(),
        })
    }

    fn look(&self, path: &StoredPath) -> io::Result<Look> {
        let names = self.0.names.lock().unwrap();
        let at = names
            .iter()
            .position(|name| name.as_bytes() == path.as_bytes());
        let (kind, inode) = match (path.as_bytes(), at) {
            (b"", _) => (Kind::Folder, FOLDER.inode),
            (_, Some(at)) => (Kind::File, 100 + at as u64),
            (_, None) => return Err(io::Error::from_raw_os_error(libc::ENOENT)),
        };
        if kind == Kind::Folder {
            self.0.looks_at_the_folder.fetch_add(1, Ordering::Relaxed);
        }
        let version = self.version(Identity { inode, ..FOLDER });
        Ok(Look {
            stat: Stat { kind, version },
            hold: Arc::new(self.clone()),
        })
    }

    fn has_events(&self) -> bool {
        true
    }

    fn watch_path(&self, _folder: &StoredPath) -> Option<PathBuf> {
        Some(PathBuf::new())
    }

    fn renew(&self) -> bool {
        false
    }
}

impl Hold for Disk {
    fn open(&self) -> io::Result<Box<dyn ReadAt>> {
        Err(io::Error::from_raw_os_error(libc::ENOSYS))
    }
}

fn finds(layer: &Layer, name: &str) -> bool {
    let asked = Asked::new(name.as_bytes());
    layer.find(&StoredPath::root(), &asked).unwrap().is_some()
}

const OLD: Duration = Duration::from_secs(3_600);

#[test]
fn a_quiet_folder_is_listed_once() {
    let disk = Disk::new(&["BCD", "boot.sdi"], OLD);
    let layer = disk.layer();
    for _ in 0..50 {
        assert!(finds(&layer, "bcd") && finds(&layer, "BOOT.SDI") && !finds(&layer, "absent"));
    }
    assert_eq!(disk.listings(), 1);
    assert!(layer.is_live());
}

#[test]
fn an_event_makes_a_folder_be_listed_again() {
    let disk = Disk::new(&["bcd"], OLD);
    let layer = disk.layer();
    assert!(!finds(&layer, "new"));
    disk.slip_in("new");
    layer.changed(FOLDER);
    assert!(finds(&layer, "new"));
    assert_eq!(disk.listings(), 2);
    layer.changed(Identity {
        inode: 77,
        ..FOLDER
    });
    assert!(finds(&layer, "new"));
    assert_eq!(disk.listings(), 2, "the event was about another folder");
}

#[test]
fn losing_events_makes_everything_be_listed_again() {
    let disk = Disk::new(&["bcd"], OLD);
    let layer = disk.layer();
    assert!(!finds(&layer, "new"));
    disk.slip_in("new");
    layer.forget_all();
    assert!(finds(&layer, "new"));
}

/// Two changes within one tick of the disk's clock leave one time.
#[test]
fn an_index_made_right_after_a_change_is_not_kept() {
    let disk = Disk::new(&["bcd"], Duration::ZERO);
    let layer = disk.layer();
    assert!(!finds(&layer, "new"));
    disk.slip_in("new");
    assert!(
        finds(&layer, "new"),
        "the folder's time is the same, but it is too young"
    );
}

/// The clock of another machine may be ahead.
#[test]
fn a_folder_from_the_future_is_not_kept() {
    let disk = Disk::new(&["bcd"], Duration::ZERO);
    *disk.0.changed.lock().unwrap() += OLD;
    let layer = disk.layer();
    assert!(!finds(&layer, "new"));
    disk.slip_in("new");
    assert!(finds(&layer, "new"));
}

#[test]
fn where_nothing_tells_of_changes_every_answer_is_as_fresh_as_the_times() {
    let disk = Disk::new(&["bcd"], OLD);
    disk.0.tells_of_changes.store(false, Ordering::Relaxed);
    let layer = disk.layer();
    assert!(!finds(&layer, "new"));
    assert!(!layer.is_live());
    disk.add("new");
    assert!(finds(&layer, "new"));
    let listings = disk.listings();
    let looks = disk.0.looks_at_the_folder.load(Ordering::Relaxed);
    for _ in 0..10 {
        assert!(finds(&layer, "NEW"));
    }
    assert_eq!(disk.listings(), listings, "listed though nothing changed");
    assert!(disk.0.looks_at_the_folder.load(Ordering::Relaxed) >= looks + 10);
}

#[test]
fn a_listing_is_as_fresh_as_the_disk() {
    let disk = Disk::new(&["bcd"], OLD);
    let layer = disk.layer();
    let count = || layer.folder(&StoredPath::root()).unwrap().entries().count();
    assert_eq!(count(), 1);
    disk.add("new");
    assert_eq!(count(), 2, "without any event");
}

#[test]
fn a_name_that_is_gone_makes_way_for_its_twin_before_the_event_comes() {
    let disk = Disk::new(&["BCD", "Bcd"], OLD);
    let layer = disk.layer();
    assert!(finds(&layer, "bcd"));
    disk.0.names.lock().unwrap().remove(0);
    *disk.0.changed.lock().unwrap() += Duration::from_nanos(1);
    assert!(finds(&layer, "bcd"));
    assert!(finds(&layer, "BCD"));
}
