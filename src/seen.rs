//! An image as a boot manager sees it: the store that it reads, and the files that the
//! store names.
//!
//! Names go the way that they go in the mount. What a boot image is, it says itself; each
//! is opened once, however many routes lead to it, and its folders are listed once.

mod names;

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use crate::bcd::{
    Files, Finding, MOST_BYTES, Route, Store, Wim, judge_empty, judge_unreadable, may_be_long,
};
use crate::error::Error;
use crate::expected::{Need, programs};
use crate::journal::part::Part;
use crate::name::{Folded, fold, last, visible};
use crate::source::ReadAt;
use crate::stores::Why;
use crate::tree::{FilePlace, Place, Walker};
use crate::wim::{self, Unsupported};
use names::Names;

/// How many files that may be meant are looked into: a store of images may hold hundreds.
const MOST_TRIED: usize = 8;

/// An image, or any other folder, through the eyes of a client.
#[derive(Debug)]
pub struct Seen<'a> {
    walker: &'a Walker<'a>,
    root: &'a Place,
    wims: &'a Wims,
}

/// A store as it was read.
#[derive(Debug)]
pub struct Read {
    /// The name under which the boot manager asked for it.
    pub name: String,
    /// The file that it got.
    pub file: FilePlace,
    /// How many bytes it has.
    size: u64,
    /// Those, as far as a store can be long.
    pub bytes: Result<Vec<u8>, Error>,
}

/// A store, and what is left out of it.
pub type Understood = (Store, Vec<String>);

impl Read {
    /// The store, for a boot manager that comes this way.
    ///
    /// # Errors
    /// What is wrong with it, if it cannot be read.
    pub fn understood(&self, route: Route) -> Result<Understood, Finding> {
        let unreadable = |why: &str| judge_unreadable(route, why);
        let bytes = match &self.bytes {
            Ok(bytes) if bytes.is_empty() => return Err(judge_empty(route)),
            Ok(bytes) => bytes,
            Err(error) => return Err(unreadable(&format!("cannot be read: {error}"))),
        };
        let read = may_be_long(self.size).and_then(|()| Store::read_with_remarks(bytes));
        let (store, remarks) = read.map_err(|error| unreadable(&error.to_string()))?;
        let remarks = remarks.iter().map(ToString::to_string);
        Ok((store, remarks.collect()))
    }

    /// Whether it is on no disk, not even in part: no command can change it.
    pub fn is_all_made(&self) -> bool {
        self.file.why().is_some_and(Why::is_all_made)
    }

    /// The name under which it is read, and which store that is.
    pub fn shown(&self) -> String {
        let stored = || {
            let path = visible(self.file.path().as_bytes());
            format!("{}/{path}", self.file.source())
        };
        let which = match self.file.why() {
            Some(why) if why.is_made() => why.done.to_string(),
            _ => stored(),
        };
        format!("{} ({which})", self.name)
    }
}

impl<'a> Seen<'a> {
    /// What a boot manager sees from this root on.
    pub fn new(walker: &'a Walker<'a>, root: &'a Place, wims: &'a Wims) -> Self {
        Self { walker, root, wims }
    }

    /// Whether one of the names is there.
    pub fn has(&self, need: &Need) -> bool {
        self.first(need).is_some()
    }

    /// The names under which this route looks for its store, for the boot program that the
    /// image has.
    pub fn stores(&self, route: Route) -> Vec<String> {
        let usual = programs(route).first().and_then(|nbp| nbp.any_of.first());
        let program = self.program(route).or(usual.copied());
        route.stores(program.unwrap_or_default())
    }

    /// The boot program with which this route begins, if the image has it.
    pub fn program(&self, route: Route) -> Option<&'static str> {
        self.first(programs(route).first()?)
    }

    /// The store that the boot manager of this route really reads.
    pub fn store(&self, route: Route) -> Option<Read> {
        let names = self.stores(route).into_iter();
        let mut found = names.filter_map(|name| self.file(&name).map(|found| (name, found)));
        let (name, (file, size)) = found.next()?;
        let bytes = read(&file, size);
        Some(Read {
            name,
            file,
            size,
            bytes,
        })
    }

    /// Whether a path leads to a file of the image, which an alias can lead to, and not of the
    /// base.
    pub fn is_of_image(&self, path: &str) -> bool {
        let file = self.file(path);
        file.is_some_and(|(file, _)| file.image.is_some())
    }

    /// A file of the image that may be meant by a path that leads nowhere: of the same name but
    /// for one slip, else another boot image or boot.sdi.
    pub fn likely(&self, path: &str) -> Option<String> {
        let asked = fold(last(path));
        let names = self.names();
        let meant = names.all(self.walker, |name| may_be_meant(&asked, name));
        let meant = meant.into_iter().filter(|(_, file)| file.image.is_some());
        let is_another = |path: &str| !is_slip(asked.as_bytes(), fold(last(path)).as_bytes());
        let found = meant.map(|(path, _)| (is_another(&path), path));
        let mut found: Vec<(bool, String)> = found.collect();
        found.sort_by_key(|(is_another, _)| *is_another);
        let mut paths = found.into_iter().map(|(_, path)| path).take(MOST_TRIED);
        let is_wim = ending(asked.as_bytes()) == Some(b"wim");
        paths.find(|path| !is_wim || self.wim(path) == Wim::Bootable)
    }

    fn names(&self) -> &Names {
        let names = &self.wims.names;
        names.get_or_init(|| Names::below(self.walker, self.root))
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

/// Whether one name may have been written for the other.
fn may_be_meant(asked: &Folded, name: &Folded) -> bool {
    let (asked, name) = (asked.as_bytes(), name.as_bytes());
    let part = Part::of(asked);
    let is_alike = match part {
        Part::Image | Part::Sdi => ending(asked) == ending(name),
        _ => is_slip(asked, name),
    };
    is_alike && part == Part::of(name)
}

fn ending(name: &[u8]) -> Option<&[u8]> {
    name.rsplit(|byte| *byte == b'.').next()
}

/// Whether two names differ by one letter, which is another one, is missing or too much, or
/// has changed its place with the next.
fn is_slip(one: &[u8], other: &[u8]) -> bool {
    let begins = one
        .iter()
        .zip(other)
        .take_while(|(one, other)| one == other);
    let begins = begins.count();
    let (one, other) = (one.split_at(begins).1, other.split_at(begins).1);
    let ends = one.iter().rev().zip(other.iter().rev());
    let ends = ends.take_while(|(one, other)| one == other).count();
    let (one, other) = (
        one.split_at(one.len() - ends).0,
        other.split_at(other.len() - ends).0,
    );
    match (one, other) {
        ([_], [_]) | ([], [_]) | ([_], []) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
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

    fn nearest(&self, path: &str) -> Option<String> {
        self.names().nearest(self.walker, &fold(last(path)))
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

/// The boot images that were looked into, and the names around them: of one root.
#[derive(Debug, Default)]
pub struct Wims {
    known: RefCell<Vec<(FilePlace, Known)>>,
    names: OnceCell<Names>,
}

#[derive(Debug, Clone)]
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
        let bytes = match file.open() {
            Ok(bytes) => bytes,
            Err(error) => return Self::only(unreadable(&format!("cannot be opened: {error}"))),
        };
        Self::read(Arc::from(bytes), size).unwrap_or_else(|error| Self::only(kind(&error)))
    }

    fn read(bytes: Arc<dyn ReadAt>, size: u64) -> Result<Self, wim::Error> {
        let wim = wim::Wim::open(bytes, size)?;
        let Some(index) = wim.boot_index() else {
            return Ok(Self::only(Wim::NoBootIndex));
        };
        Ok(Self {
            kind: Wim::Bootable,
            tree: Some(wim.tree(index)?),
        })
    }

    fn only(kind: Wim) -> Self {
        Self { kind, tree: None }
    }
}

/// What a WIM that is not read is to a boot manager.
fn kind(error: &wim::Error) -> Wim {
    match error {
        wim::Error::NotWim { .. } => Wim::NoWim,
        wim::Error::Unsupported(Unsupported::Lzms | Unsupported::Solid) => Wim::Lzms,
        _ => unreadable(&error.to_string()),
    }
}

/// What to do may stand behind the last semicolon.
fn unreadable(why: &str) -> Wim {
    let good = "put a good copy in its place";
    let (why, next) = why.rsplit_once("; ").unwrap_or((why, good));
    Wim::Unreadable {
        why: why.to_owned(),
        next: next.to_owned(),
    }
}
