//! An image, opened and indexed; never changed afterwards.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::extents;
use super::fault::{COPY_AGAIN, Fault};
use super::medium::Medium;
use super::parsers::{self, Parser};
use super::progress::{Clock, Progress};
use super::tree::{Node, Tree, What};
use super::walk;
use crate::name::{visible, visible_path};
use crate::source::words::grouped;
use crate::source::{Entry, Hidden, Kind, Listing, Stat, StoredPath, Version};

/// An image.
#[derive(Debug)]
pub(super) struct Volume {
    file: File,
    /// Which file it is, and of when.
    version: Version,
    label: PathBuf,
    tree: Tree,
    description: String,
}

impl Volume {
    /// Indexes an open image of this version. `label` is what the operator calls it.
    ///
    /// # Errors
    /// A [`Fault`], where it cannot be used.
    pub(super) fn index(
        file: File,
        version: Version,
        label: &Path,
        clock: Clock,
    ) -> Result<Self, Fault> {
        // The parsers are foreign, and the image anybody's: should one panic all the
        // same, this image is lost and no other.
        let progress = Progress::of(label, clock);
        let parsed = catch_unwind(AssertUnwindSafe(|| parse(&file, version.size, progress)));
        let (tree, description) = parsed.unwrap_or_else(|_| {
            let what = "its contents broke the parser, which is a fault in winbootfs too";
            Err(Fault::new(
                what,
                "please report it, and copy the image again",
            ))
        })?;
        Ok(Self {
            file,
            version,
            label: label.to_owned(),
            tree,
            description,
        })
    }

    /// Which file it is, and of when.
    pub(super) fn version(&self) -> &Version {
        &self.version
    }

    /// The file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// `UDF 1.02, label CCCOMA_X64FRE_EN-US_DV9, 1,016 files`.
    pub(super) fn description(&self) -> &str {
        &self.description
    }

    /// The entries of a folder.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`, or a sentence about damage.
    pub(super) fn list(&self, path: &StoredPath) -> io::Result<Listing> {
        let folder = self.find(path)?;
        if folder.what != What::Folder {
            return Err(io::Error::from_raw_os_error(libc::ENOTDIR));
        }
        let mut listing = Listing::default();
        for node in self.tree.entries(folder) {
            let name: Box<[u8]> = self.tree.name(node).into();
            match node.what {
                What::Hidden => listing.hidden.push(Hidden {
                    name,
                    why: self.tree.why(node),
                }),
                _ => listing.entries.push(Entry {
                    name,
                    kind: kind(node),
                    linked: false,
                }),
            }
        }
        Ok(listing)
    }

    /// The entry at `path`.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`, or a sentence about damage.
    pub(super) fn find(&self, path: &StoredPath) -> io::Result<&Node> {
        let absent = || io::Error::from_raw_os_error(libc::ENOENT);
        let mut node = self.tree.root().ok_or_else(absent)?;
        let parts = path.as_bytes().split(|byte| *byte == b'/');
        for part in parts.filter(|part| !part.is_empty()) {
            if node.what != What::Folder {
                return Err(io::Error::from_raw_os_error(libc::ENOTDIR));
            }
            node = self.tree.entry(node, part).ok_or_else(absent)?;
        }
        match node.what {
            What::Damaged => Err(io::Error::other(format!(
                "{}: {} is damaged, near byte {}: {} ({COPY_AGAIN})",
                visible_path(&self.label),
                visible(path.as_bytes()),
                node.size,
                self.tree.why(node)
            ))),
            _ => Ok(node),
        }
    }

    /// What an entry is, in the terms of every source. The identity is that of the image.
    /// Files that were made together often have one size and one time: where the bytes begin
    /// tells them apart.
    pub(super) fn stat(&self, node: &Node) -> Stat {
        let begins = self.tree.extents(node).first().map_or(0, |first| first.at);
        let begins = i64::try_from(begins).unwrap_or_default();
        let version = Version {
            size: node.size,
            modified: node.modified.unwrap_or(self.version.modified),
            changed: self.version.changed.wrapping_add(begins),
            ..self.version
        };
        Stat {
            kind: kind(node),
            version,
        }
    }

    /// Reads from a file of the image.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn read(&self, node: &Node, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let extents = self.tree.extents(node);
        extents::read(&self.file, extents, node.size, buffer, offset)
    }
}

fn kind(node: &Node) -> Kind {
    match node.what {
        What::Folder => Kind::Folder,
        What::File | What::Damaged | What::Hidden => Kind::File,
    }
}

/// UDF first: Windows media hold no more than a note on their ISO 9660 side. And UDF
/// only, where it is announced: a broken UDF volume must not turn into that note.
fn parse(file: &File, length: u64, progress: Progress<'_>) -> Result<(Tree, String), Fault> {
    let mut medium = Medium::new(file, length);
    let announced = parsers::announces_udf(&mut medium);
    let announced = announced.map_err(|error| Fault::unreadable(medium.place(), &error))?;
    match announced {
        true => take(parsers::udf(medium)?, progress),
        false => take(parsers::iso(medium)?, progress),
    }
}

fn take<'a, P: Parser<'a>>(mut parser: P, progress: Progress<'_>) -> Result<(Tree, String), Fault> {
    let format = parser.format();
    let title = parser
        .title()
        .map(|title| format!(", label {}", visible(title.as_bytes())));
    let tree = walk::index(parser, progress)?;
    let files = tree.nodes().iter().filter(|node| node.what == What::File);
    let count = match files.count() {
        1 => "1 file".to_owned(),
        count => format!("{} files", grouped(count)),
    };
    let title = title.unwrap_or_default();
    Ok((tree, format!("{format}{title}, {count}")))
}
