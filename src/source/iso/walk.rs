//! From a parser to the packed tree: one walk over all folders.
//!
//! Damage has two sizes. Where a folder cannot be listed, everything behind the damage is
//! lost, and nobody could tell what is missing: the image is not used. Where the record
//! of one file is damaged, that file gives an error and all others are served. A file
//! whose bytes lie beyond the end of the image means that it was not copied whole.

use std::collections::{HashSet, VecDeque};
use std::io;

use hadris_fs::{DateTime, DirCursor, DirEntry, Error, ErrorKind, FileType, NodeId};

use super::fault::Fault;
use super::parsers::{self, Done, Parser};
use super::progress::Progress;
use super::tree::{Builder, Found, TooMuch, Tree, What};
use crate::name::{MOST_PARTS, visible};
use crate::source::StoredPath;

/// What is wrong with a file of an image that was not copied whole.
const BEYOND: &str = "its bytes lie behind the end";

/// A folder that is still to be listed.
struct Ahead {
    number: u32,
    id: NodeId,
    path: StoredPath,
    depth: usize,
}

struct Walk<'p, P> {
    parser: P,
    builder: Builder,
    /// The folders met so far: one that holds itself would have no end.
    seen: HashSet<NodeId>,
    progress: Progress<'p>,
}

/// Reads all names and the places of all bytes.
///
/// # Errors
/// A [`Fault`] of the whole image.
pub(super) fn index<'a, P: Parser<'a>>(parser: P, progress: Progress<'_>) -> Result<Tree, Fault> {
    let root = Ahead {
        number: 0,
        id: parser.root(),
        path: StoredPath::root(),
        depth: 0,
    };
    let mut walk = Walk {
        builder: Builder::new(parser.medium().length()),
        seen: HashSet::from([root.id]),
        progress,
        parser,
    };
    let mut ahead = VecDeque::from([root]);
    while let Some(folder) = ahead.pop_front() {
        let found = walk.list(&folder)?;
        let below = walk.builder.fill(folder.number, found);
        let below = below.map_err(|too_much| walk.too_much(&too_much))?;
        ahead.extend(below.into_iter().map(|(number, id)| Ahead {
            number,
            id,
            path: folder.path.join(walk.builder.name(number)),
            depth: folder.depth + 1,
        }));
    }
    Ok(walk.builder.finish())
}

impl<'a, P: Parser<'a>> Walk<'_, P> {
    fn list(&mut self, folder: &Ahead) -> Result<Vec<Found>, Fault> {
        let mut found = Vec::new();
        let mut cursor = DirCursor::START;
        while let Some(entry) = self.next(folder, cursor)? {
            cursor = entry.next_cursor();
            self.parser.medium().earn();
            if found.len() >= self.builder.room() {
                return Err(self.too_much(&TooMuch("more entries than it has room for")));
            }
            found.push(self.found(folder, &entry)?);
            self.progress.found(self.builder.count() + found.len());
        }
        Ok(found)
    }

    fn next(&mut self, folder: &Ahead, cursor: DirCursor) -> Result<Option<DirEntry>, Fault> {
        let entry = self.parser.readdir(folder.id, cursor);
        let entry = entry.map_err(|error| self.fault(&error, &folder.path))?;
        // A parser that stands still would do so for ever.
        Ok(entry.filter(|entry| entry.next_cursor().into_raw() > cursor.into_raw()))
    }

    fn found(&mut self, folder: &Ahead, entry: &DirEntry) -> Result<Found, Fault> {
        let mut found = Found {
            name: self.parser.shown(entry.name().as_bytes()).into(),
            what: What::File,
            size: entry.metadata().len(),
            modified: entry.metadata().modified().map(nanos),
            why: "",
            extents: Vec::new(),
            id: None,
        };
        match self.fill(folder, entry, &mut found) {
            Ok(()) => Ok(found),
            Err(error) if error.kind() == ErrorKind::Io || found.what == What::Folder => {
                Err(self.fault(&error, &folder.path.join(&found.name)))
            }
            Err(error) if error.message() == BEYOND && self.is_cut_short() => {
                Err(self.fault(&error, &folder.path.join(&found.name)))
            }
            Err(error) => {
                found.what = What::Damaged;
                found.why = error.message();
                found.size = self.parser.medium().place();
                Ok(found)
            }
        }
    }

    fn fill(&mut self, folder: &Ahead, entry: &DirEntry, found: &mut Found) -> Done<()> {
        let node = entry.node();
        let hide = |why| (What::Hidden, why);
        (found.what, found.why) = match entry.file_type() {
            FileType::Dir if folder.depth + 1 >= MOST_PARTS => hide("lies too deep"),
            FileType::Dir if !self.seen.insert(node) => {
                hide("is a folder that is already shown elsewhere")
            }
            FileType::Dir => {
                found.id = Some(node);
                (What::Folder, "")
            }
            FileType::File => (What::File, ""),
            FileType::Symlink => hide("is a symbolic link"),
            _ => hide("is neither a file nor a folder"),
        };
        if found.what != What::Hidden {
            // Of a damaged entry the listing tells no more than the name.
            self.parser.stat(node)?;
        }
        if found.what == What::File {
            found.extents = self.parser.extents(node)?;
            let length = self.parser.medium().length();
            if found
                .extents
                .iter()
                .any(|extent| extent.image_end() > length)
            {
                return Err(Error::new(ErrorKind::Corrupt, BEYOND));
            }
        }
        Ok(())
    }

    /// Whether the image ends before the volume in it.
    fn is_cut_short(&self) -> bool {
        self.parser.declared_end() > self.parser.medium().length()
    }

    fn fault(&self, error: &Error<io::Error>, path: &StoredPath) -> Fault {
        let whose = match path.as_bytes() {
            b"" => "the root folder".to_owned(),
            path => visible(path),
        };
        let medium = self.parser.medium();
        if error.device_error().is_none() && self.is_cut_short() {
            let end = self.parser.declared_end();
            return Fault::truncated(medium.length(), end, format_args!("{whose}: {error}"));
        }
        parsers::fault(error, medium, &whose)
    }

    fn too_much(&self, too_much: &TooMuch) -> Fault {
        Fault::damaged(self.parser.medium().place(), too_much.0)
    }
}

/// Enough until the year 2262; a time beyond is as good as any other.
fn nanos(time: DateTime) -> i64 {
    let seconds = time.unix_seconds().saturating_mul(1_000_000_000);
    seconds.saturating_add(i64::from(time.nanoseconds()))
}
