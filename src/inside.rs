//! The boot programs inside a layer's boot.wim, as a layer of their own.
//!
//! Install media have no boot manager for the BIOS and the network, and often no font but
//! in there. The layer lies under all real files of its image; the table of aliases
//! finds the programs where Windows keeps them (`Windows/Boot`).
//!
//! The boot.wim is opened when a name is first looked for in here, not when the daemon
//! starts. In a folder or an ISO it may be anything, a placeholder or a kind that is not
//! read: then nothing is added, `check` says why, and the log once. Where the boot.wim is
//! what was configured, it has to be right.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::layer::{Hit, Layer};
use crate::name::{Asked, visible};
use crate::source::wim::{Chosen, WimSource, is_of_medium, next_step};
use crate::source::{
    FolderHold, Identity, Kind, Listing, Look, Rest, Source, Stat, StoredPath, Version,
};
use crate::wim::{self, Architecture};

/// The names of boot images: the one inside is looked for, or started unasked, in this order.
/// Never install.wim, nor any other: most are no boot images.
pub const BOOT_IMAGES: [&str; 6] = [
    "sources/boot.wim",
    "Boot/boot.wim",
    "boot.wim",
    "Boot/winpe.wim",
    "winpe.wim",
    "sources/winpe.wim",
];

/// What is shown: the boot programs, and where Configuration Manager puts its `boot.sdi`.
const FOLDERS: &[&str] = &["Windows/Boot", "sms/boot"];

/// The boot files inside a layer's boot.wim.
#[derive(Debug)]
pub struct Inside {
    from: Arc<Layer>,
    image: Option<u32>,
    known: Mutex<Option<Arc<Known>>>,
    rest: Rest,
}

/// The boot.wim as it was when it was opened.
#[derive(Debug)]
struct Known {
    /// None if there is no boot.wim.
    version: Option<Version>,
    /// What the operator calls it.
    label: String,
    found: Found,
}

#[derive(Debug)]
enum Found {
    Nothing,
    Unusable { why: String, is_of_medium: bool },
    Files(WimSource, Vec<String>),
}

impl Inside {
    /// Those of the boot.wim of this layer. `image` is the image inside, from 1; without one
    /// the boot.wim decides.
    pub fn new(from: Arc<Layer>, image: Option<u32>) -> Self {
        Self {
            from,
            image,
            known: Mutex::default(),
            rest: Rest::default(),
        }
    }

    fn boot_image(&self) -> Result<Option<Hit>, Error> {
        for path in BOOT_IMAGES {
            let file = self.file(path)?;
            if file.is_some() {
                return Ok(file);
            }
        }
        Ok(None)
    }

    fn file(&self, path: &str) -> Result<Option<Hit>, Error> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut at = StoredPath::root();
        if !folder.is_empty() {
            let found = self.from.find(&at, &Asked::new(folder.as_bytes()))?;
            let Some(found) = found.filter(|found| found.look.stat.kind == Kind::Folder) else {
                return Ok(None);
            };
            at = found.path;
        }
        let file = self.from.find(&at, &Asked::new(name.as_bytes()))?;
        Ok(file.filter(|file| file.look.stat.kind == Kind::File))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens it on first use; whoever comes meanwhile waits for that.
    fn known(&self) -> Arc<Known> {
        let mut known = self.lock();
        if let Some(known) = known.as_ref() {
            return known.clone();
        }
        let fresh = Arc::new(self.open());
        fresh.complain();
        *known = Some(fresh.clone());
        fresh
    }

    fn open(&self) -> Known {
        // What is wrong with the layer itself, it says itself.
        let Ok(Some(hit)) = self.boot_image() else {
            return Known {
                version: None,
                label: self.from.source().label(),
                found: Found::Nothing,
            };
        };
        let label = match self.from.source().is_boot_image() {
            true => self.from.source().label(),
            false => {
                let path = visible(hit.path.as_bytes());
                format!("{}/{path}", self.from.source().label())
            }
        };
        let version = hit.look.stat.version;
        match self.files(&label, &hit.look) {
            Ok((files, remarks)) => Known {
                version: Some(version),
                label: files.label(),
                found: Found::Files(files, remarks),
            },
            Err(error) => Known {
                version: Some(version),
                found: Found::Unusable {
                    why: format!("{label} {error}; {}", next_step(&error)),
                    is_of_medium: is_of_medium(&error),
                },
                label,
            },
        }
    }

    fn files(&self, label: &str, look: &Look) -> Result<(WimSource, Vec<String>), wim::Error> {
        let chosen = Chosen::open(look, self.image)?;
        let label = format!("{label} (image {})", chosen.index());
        let files = WimSource::new(label, &chosen, look.stat.version, Some(FOLDERS))?;
        let mut remarks = Vec::new();
        if files.shown() == 0 {
            remarks.push("it has no Windows/Boot, so nothing is added".to_owned());
        }
        // Of a boot.wim that is the source itself, its own layer says these.
        if !self.from.source().is_boot_image() {
            remarks.extend(chosen.remarks());
        }
        Ok((files, remarks))
    }

    /// Asks the files. Where there are none, there is an empty folder; or an error, if
    /// there have to be some.
    fn ask<T>(
        &self,
        question: impl FnOnce(&WimSource) -> io::Result<T>,
        otherwise: impl FnOnce(&Known) -> io::Result<T>,
    ) -> io::Result<T> {
        let known = self.known();
        match &known.found {
            Found::Files(files, _) => question(files),
            Found::Unusable { why, .. } if self.from.source().is_boot_image() => {
                Err(io::Error::other(why.clone()))
            }
            Found::Nothing | Found::Unusable { .. } => otherwise(&known),
        }
    }
}

impl Known {
    fn why(&self) -> Option<&str> {
        match &self.found {
            Found::Unusable { why, .. } => Some(why),
            Found::Nothing | Found::Files(..) => None,
        }
    }

    /// Whether the same file may be right at the next look.
    fn may_be_right_now(&self) -> bool {
        let found = &self.found;
        matches!(found, Found::Unusable { is_of_medium, .. } if *is_of_medium)
    }

    fn complain(&self) {
        if let Some(why) = self.why() {
            tracing::warn!("nothing is added from inside a boot image: {why}");
        }
    }

    fn root(&self) -> Look {
        let nowhere = Version {
            identity: Identity {
                device: 0,
                inode: 0,
            },
            size: 0,
            modified: 0,
            changed: 0,
        };
        let version = self.version.unwrap_or(nowhere);
        let kind = Kind::Folder;
        Look {
            stat: Stat { kind, version },
            hold: Arc::new(FolderHold),
        }
    }
}

fn only_root<T>(path: &StoredPath, answer: impl FnOnce() -> T) -> io::Result<T> {
    match path.as_bytes() {
        b"" => Ok(answer()),
        _ => Err(io::Error::from_raw_os_error(libc::ENOENT)),
    }
}

impl Source for Inside {
    fn label(&self) -> String {
        let known = self.lock();
        let label = known.as_ref().map(|known| known.label.clone());
        label.unwrap_or_else(|| self.from.source().label())
    }

    fn description(&self) -> String {
        match &self.known().found {
            Found::Files(files, _) => {
                let adds = format!("adds {} of its files", files.shown());
                match self.from.source().is_boot_image() {
                    true => adds,
                    false => format!("{}; {adds}", files.description()),
                }
            }
            Found::Nothing | Found::Unusable { .. } => String::new(),
        }
    }

    fn fault(&self) -> Option<String> {
        let known = self.known();
        let has_to_be_right = self.from.source().is_boot_image();
        known.why().filter(|_| has_to_be_right).map(str::to_owned)
    }

    fn remarks(&self) -> Vec<String> {
        let known = self.known();
        let may_be_wrong = !self.from.source().is_boot_image();
        match &known.found {
            Found::Files(_, remarks) => remarks.clone(),
            Found::Unusable { why, .. } if may_be_wrong => {
                vec![format!("nothing is added from inside it: {why}")]
            }
            Found::Nothing | Found::Unusable { .. } => Vec::new(),
        }
    }

    fn machine(&self) -> Option<Architecture> {
        match &self.known().found {
            Found::Files(files, _) => files.machine(),
            Found::Nothing | Found::Unusable { .. } => None,
        }
    }

    fn list(&self, folder: &StoredPath) -> io::Result<Listing> {
        let nothing = |_: &Known| only_root(folder, Listing::default);
        self.ask(|files| files.list(folder), nothing)
    }

    fn look(&self, path: &StoredPath) -> io::Result<Look> {
        let nothing = |known: &Known| only_root(path, || known.root());
        self.ask(|files| files.look(path), nothing)
    }

    /// Nothing that was never asked for is looked at. A good boot.wim takes the place of the
    /// old one at once; a bad one only when it is not just being copied.
    fn renew(&self) -> bool {
        let Some(known) = self.lock().clone() else {
            return false;
        };
        let now = self.boot_image().ok().flatten();
        let version = now.map(|hit| hit.look.stat.version);
        if version == known.version && !known.may_be_right_now() {
            return false;
        }
        let fresh = self.open();
        let at_rest = version.is_none_or(|version| self.rest.is_at(version));
        if fresh.why().is_some() && !at_rest {
            return false;
        }
        let is_as_bad = fresh.why().is_some() && fresh.why() == known.why();
        // Where it has to be right, that it is not is a fault, which others tell.
        if !is_as_bad && !self.from.source().is_boot_image() {
            fresh.complain();
        }
        *self.lock() = Some(Arc::new(fresh));
        !is_as_bad
    }
}
