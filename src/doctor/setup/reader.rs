//! Configuration files, read with bounds: however they include each other, it ends.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::{Path, PathBuf};

/// The most files that are read for one server: Debian's Apache has fifty.
const MOST_FILES: usize = 500;

/// The most bytes in all of them.
const MOST_BYTES: usize = 4 << 20;

/// The most different troubles that are told.
const MOST_TROUBLES: usize = 16;

/// Where files are read from: a process' own view of the disk, or what a test says.
pub trait Files {
    /// The bytes of a file, as far as they count.
    ///
    /// # Errors
    /// Those of reading it.
    fn read(&self, file: &Path) -> io::Result<Vec<u8>>;

    /// The names in a folder, sorted.
    ///
    /// # Errors
    /// Those of reading it.
    fn names(&self, folder: &Path) -> io::Result<Vec<String>>;
}

/// Reads for one server, and remembers what it read and what it could not.
pub struct Reader<'a> {
    files: &'a dyn Files,
    bytes: Cell<usize>,
    read: RefCell<Vec<PathBuf>>,
    troubles: RefCell<Vec<String>>,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Reader")
            .field("read", &self.read)
            .field("troubles", &self.troubles)
            .finish_non_exhaustive()
    }
}

impl<'a> Reader<'a> {
    /// Reads from there.
    pub fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            bytes: Cell::new(0),
            read: RefCell::default(),
            troubles: RefCell::default(),
        }
    }

    /// The text of a file that has to be there.
    pub fn text(&self, file: &Path) -> Option<String> {
        if self.read.borrow().len() >= MOST_FILES || self.bytes.get() >= MOST_BYTES {
            self.trouble("there is more than is looked at".to_owned());
            return None;
        }
        self.read.borrow_mut().push(file.to_owned());
        match self.files.read(file) {
            Ok(bytes) => Some(self.counted(&bytes)),
            Err(error) => {
                self.trouble(format!("{} cannot be read: {error}", file.display()));
                None
            }
        }
    }

    fn counted(&self, bytes: &[u8]) -> String {
        let left = MOST_BYTES - self.bytes.get().min(MOST_BYTES);
        if bytes.len() > left {
            self.trouble("there is more than is looked at".to_owned());
        }
        let bytes = bytes.get(..left).unwrap_or(bytes);
        self.bytes.set(self.bytes.get() + bytes.len());
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// Whether a file is there.
    pub fn is_there(&self, file: &Path) -> bool {
        self.files.read(file).is_ok()
    }

    /// The first of these files that is there.
    pub fn first(&self, files: &[&str]) -> Option<PathBuf> {
        let mut files_there = files.iter().map(PathBuf::from);
        let found = files_there.find(|file| self.is_there(file));
        if found.is_none() {
            self.trouble(format!("there is no {}", files.join(" and no ")));
        }
        found
    }

    /// The names in a folder, sorted.
    pub fn names(&self, folder: &Path) -> Vec<String> {
        // A name that is added to it or taken away changes what is read.
        self.read.borrow_mut().push(folder.to_owned());
        let names = self.files.names(folder);
        let tell = |error: &io::Error| {
            self.trouble(format!("{} cannot be read: {error}", folder.display()));
        };
        names.inspect_err(tell).unwrap_or_default()
    }

    /// The files that a pattern of an `include` means, sorted. `*` and `?` are understood in
    /// the last part: that is all that anybody writes.
    pub fn matching(&self, pattern: &Path) -> Vec<PathBuf> {
        let is_pattern = |text: &str| text.contains(['*', '?', '[']);
        let (Some(folder), Some(last)) = (pattern.parent(), pattern.file_name()) else {
            return vec![pattern.to_owned()];
        };
        let last = last.to_string_lossy();
        if is_pattern(&folder.to_string_lossy()) || last.contains('[') {
            self.trouble(format!("{} is not looked through", pattern.display()));
            return Vec::new();
        }
        if !is_pattern(&last) {
            return vec![pattern.to_owned()];
        }
        // A shell's star takes no name that begins with a dot, nor does an include.
        let is_meant =
            |name: &String| !name.starts_with('.') && fits(last.as_bytes(), name.as_bytes());
        let names = self.names(folder).into_iter().filter(is_meant);
        names.map(|name| folder.join(name)).collect()
    }

    /// Something was not understood.
    pub fn trouble(&self, what: String) {
        let mut troubles = self.troubles.borrow_mut();
        if troubles.len() < MOST_TROUBLES && !troubles.contains(&what) {
            troubles.push(what);
        }
    }

    /// Whether there was something that was not understood so far.
    pub fn has_troubles(&self) -> bool {
        !self.troubles.borrow().is_empty()
    }

    /// The files and folders that were read, and what was not understood.
    pub fn into_parts(self) -> (Vec<PathBuf>, Vec<String>) {
        (self.read.into_inner(), self.troubles.into_inner())
    }
}

/// Whether a name fits a pattern with `*` and `?`. One star is remembered: to begin again
/// behind it is enough, for a later star takes whatever an earlier one could.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match (pattern.get(at), star) {
            (Some(b'*'), _) => {
                star = Some((at, from));
                at += 1;
            }
            (Some(letter), _) if *letter == b'?' || name.get(from) == Some(letter) => {
                at += 1;
                from += 1;
            }
            (_, Some((star_at, taken))) => {
                star = Some((star_at, taken + 1));
                (at, from) = (star_at + 1, taken + 1);
            }
            _ => return false,
        }
    }
    let mut rest = pattern.iter().skip(at);
    rest.all(|letter| *letter == b'*')
}
