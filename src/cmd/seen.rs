//! An image as a boot manager sees it: the store that it reads, and the files that the
//! store names.
//!
//! Names go the way that they go in the mount. What a boot image is, it says itself; each
//! is opened once, however many routes lead to it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::bcd::{Files, MOST_BYTES, Route, Wim};
use crate::error::Error;
use crate::expected::{Need, programs};
use crate::name::{fold, is_separator};
use crate::tree::{FilePlace, Place, Walker};
use crate::wim::{self, Unsupported};

/// Where the search for a file ends: no image has so many names.
const MOST_NAMES: usize = 100_000;

/// An image, or any other folder, through the eyes of a client.
pub(super) struct Seen<'a> {
    walker: &'a Walker<'a>,
    root: &'a Place,
    wims: &'a Wims,
}

/// A store as it was read.
pub(super) struct Read {
    /// The name under which the boot manager asked for it.
    pub(super) name: String,
    /// The file that it got.
    pub(super) file: FilePlace,
    /// Its bytes, as far as a store can be long.
    pub(super) bytes: Result<Vec<u8>, Error>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(walker: &'a Walker<'a>, root: &'a Place, wims: &'a Wims) -> Self {
        Self { walker, root, wims }
    }

    /// Whether one of the names is there.
    pub(super) fn has(&self, need: &Need) -> bool {
        self.first(need).is_some()
    }

    /// The names under which this route looks for its store, for the boot program that the
    /// image has.
    pub(super) fn stores(&self, route: Route) -> Vec<String> {
        let usual = programs(route).first().and_then(|nbp| nbp.any_of.first());
        let program = self.program(route).or(usual.copied());
        route.stores(program.unwrap_or_default())
    }

    /// The boot program with which this route begins, if the image has it.
    pub(super) fn program(&self, route: Route) -> Option<&'static str> {
        self.first(programs(route).first()?)
    }

    /// The store that the boot manager of this route really reads.
    pub(super) fn store(&self, route: Route) -> Option<Read> {
        let names = self.stores(route).into_iter();
        let mut found = names.filter_map(|name| self.file(&name).map(|found| (name, found)));
        let (name, (file, size)) = found.next()?;
        let bytes = read(&file, size);
        Some(Read { name, file, bytes })
    }

    fn first(&self, need: &Need) -> Option<&'static str> {
        let mut names = need.any_of.iter();
        names.find(|name| self.file(name).is_some()).copied()
    }

    fn file(&self, path: &str) -> Option<(FilePlace, u64)> {
        match self.walker.find(self.root, path.as_bytes()).found {
            Ok((Place::File(file), attributes)) => Some((file, attributes.size)),
            _ => None,
        }
    }
}

/// The beginning of a file, which is all of it if it can be a store.
fn read(file: &FilePlace, size: u64) -> Result<Vec<u8>, Error> {
    let most = MOST_BYTES + 1;
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(most).min(most)];
    let count = file.open()?.read_at(&mut bytes, 0)?;
    bytes.truncate(count);
    Ok(bytes)
}

impl Files for Seen<'_> {
    fn size(&self, path: &str) -> Option<u64> {
        self.file(path).map(|(_, size)| size)
    }

    /// Folder by folder, so what is nearest to the root comes first.
    fn nearest(&self, path: &str) -> Option<String> {
        let last = path.bytes().rev().take_while(|byte| !is_separator(*byte));
        let last = fold(path.as_bytes().get(path.len() - last.count()..)?);
        let mut folders = VecDeque::from([(self.root.clone(), String::new())]);
        let mut seen = 0;
        while let Some((folder, way)) = folders.pop_front() {
            for entry in self.walker.list(&folder).unwrap_or_default() {
                let path = format!("{way}\\{}", String::from_utf8_lossy(&entry.name));
                seen += 1;
                let found = self.walker.walk(&folder, &[&entry.name]).found;
                match found.map(|(place, _)| place) {
                    Ok(Place::File(file)) if !file.aliased && fold(&entry.name) == last => {
                        return Some(path);
                    }
                    Ok(place @ Place::Folder(..)) if seen < MOST_NAMES => {
                        folders.push_back((place, path));
                    }
                    _ => {}
                }
            }
        }
        None
    }

    fn wim(&self, path: &str) -> Wim {
        let file = self.file(path);
        file.map_or(Wim::Unknown, |(file, size)| self.wims.of(file, size).kind)
    }

    fn holds(&self, wim: &str, path: &str) -> Option<bool> {
        let (file, size) = self.file(wim)?;
        let tree = self.wims.of(file, size).tree?;
        let mut parts = path.split('\\').filter(|part| !part.is_empty());
        let found = parts.try_fold(tree.root()?, |folder, part| {
            let part = fold(part.as_bytes());
            folder.entries().find(|entry| fold(entry.name()) == part)
        });
        Some(found.is_some_and(|entry| entry.kind() != wim::Kind::Folder))
    }
}

/// The boot images that were looked into.
#[derive(Default)]
pub(super) struct Wims {
    known: RefCell<Vec<(FilePlace, Known)>>,
}

#[derive(Clone)]
struct Known {
    kind: Wim,
    /// The files of the image that is booted.
    tree: Option<wim::Tree>,
}

impl Wims {
    fn of(&self, file: FilePlace, size: u64) -> Known {
        let mut known = self.known.borrow_mut();
        if let Some((_, found)) = known.iter().find(|(other, _)| *other == file) {
            return found.clone();
        }
        let found = Known::look_at(&file, size);
        known.push((file, found.clone()));
        found
    }
}

impl Known {
    fn look_at(file: &FilePlace, size: u64) -> Self {
        let Ok(bytes) = file.open() else {
            return Self::only(Wim::Unknown);
        };
        match wim::Wim::open(Arc::from(bytes), size) {
            Ok(wim) => match wim.boot_index() {
                Some(index) => Self {
                    kind: Wim::Bootable,
                    tree: wim.tree(index).ok(),
                },
                None => Self::only(Wim::NoBootIndex),
            },
            Err(error) => Self::only(kind(&error)),
        }
    }

    fn only(kind: Wim) -> Self {
        Self { kind, tree: None }
    }
}

/// What a WIM that is not read is to a boot manager. Of one that is damaged it is not known.
fn kind(error: &wim::Error) -> Wim {
    match error {
        wim::Error::NotWim { .. } => Wim::NoWim,
        wim::Error::Unsupported(Unsupported::Lzms | Unsupported::Solid) => Wim::Lzms,
        _ => Wim::Unknown,
    }
}
