//! A WIM as a source of one file: itself.
//!
//! It lies there under its own name, and as `sources/boot.wim`, where media have it and
//! boot configurations look. The kernel reads it from the disk. What is inside is another
//! layer's matter.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use std::os::unix::ffi::OsStrExt;

use super::wim::{Chosen, WimSource, is_of_medium, next_step};
use super::{Entry, FolderHold, Kind, Listing, Look, Source, Stat, StoredPath, Version};
use crate::name::{fold, visible_path};
use crate::wim::Error;

const FOLDER: &[u8] = b"sources";
const FILE: &[u8] = b"boot.wim";

/// A WIM on the disk.
#[derive(Debug)]
pub(super) struct WimFile {
    path: PathBuf,
    name: Option<Box<[u8]>>,
    look: Look,
    image: Option<u32>,
    remarks: Vec<String>,
    /// What it is, once that was asked for: it takes a look at every name inside.
    described: OnceLock<String>,
}

impl WimFile {
    /// The file at `path`, which was looked at, with its image `image`, or the one to be
    /// booted. Looks whether it can be read, as far as that is quick.
    ///
    /// # Errors
    /// Those of [`Chosen::open`].
    pub(super) fn open(path: &Path, look: Look, image: Option<u32>) -> Result<Self, Error> {
        let chosen = Chosen::open(&look, image)?;
        let name = path.file_name().map(OsStrExt::as_bytes);
        Ok(Self {
            path: path.to_owned(),
            name: name
                .filter(|name| fold(name) != fold(FOLDER))
                .map(Into::into),
            look,
            image,
            remarks: chosen.remarks(),
            described: OnceLock::new(),
        })
    }

    fn describe(&self) -> Result<String, Error> {
        let chosen = Chosen::open(&self.look, self.image)?;
        let version = self.look.stat.version;
        Ok(WimSource::new(self.label(), &chosen, version, None)?.description())
    }

    fn folder(&self) -> Look {
        let version = Version {
            size: 0,
            ..self.look.stat.version
        };
        let kind = Kind::Folder;
        Look {
            stat: Stat { kind, version },
            hold: Arc::new(FolderHold),
        }
    }
}

impl Source for WimFile {
    fn label(&self) -> String {
        visible_path(&self.path)
    }

    fn description(&self) -> String {
        if let Some(known) = self.described.get() {
            return known.clone();
        }
        let described = self.describe();
        let is_passing = described.as_ref().is_err_and(is_of_medium);
        let text = described.unwrap_or_else(|error| {
            let next = next_step(&error);
            format!("a WIM that {error}; {next}")
        });
        match is_passing {
            true => text,
            false => self.described.get_or_init(|| text).clone(),
        }
    }

    fn remarks(&self) -> Vec<String> {
        self.remarks.clone()
    }

    fn is_boot_image(&self) -> bool {
        true
    }

    fn list(&self, folder: &StoredPath) -> io::Result<Listing> {
        let entry = |name: &[u8], kind| Entry {
            name: name.into(),
            kind,
            linked: false,
        };
        let own = self.name.iter().map(|name| entry(name, Kind::File));
        let entries = match folder.as_bytes() {
            b"" => own.chain([entry(FOLDER, Kind::Folder)]).collect(),
            FOLDER => vec![entry(FILE, Kind::File)],
            _ => return Err(io::Error::from_raw_os_error(libc::ENOENT)),
        };
        let hidden = Vec::new();
        Ok(Listing { entries, hidden })
    }

    fn look(&self, path: &StoredPath) -> io::Result<Look> {
        let path = path.as_bytes();
        let is_file = path == [FOLDER, b"/", FILE].concat()
            || self.name.as_deref().is_some_and(|name| name == path);
        match path {
            b"" | FOLDER => Ok(self.folder()),
            _ if is_file => Ok(self.look.clone()),
            _ => Err(io::Error::from_raw_os_error(libc::ENOENT)),
        }
    }
}
