//! Boot configuration data: the store in which a boot manager reads what to start.
//!
//! A store is a registry hive. `hive` is the only file that knows so; everything else
//! works on a [`Store`]: objects by their ids, each with elements by their codes. Nothing
//! of an element is lost between reading and writing: it is kept as the bytes it is, and
//! understood only when it is asked for.
//!
//! Pure: bytes in, a store out, and back. Which files there are is not known here.

mod complete;
mod device;
mod element;
mod error;
mod guid;
mod hive;
mod judge;
mod lead;
mod make;
mod mention;
mod names;
mod route;
pub mod show;
mod value;
mod words;

use std::collections::BTreeMap;
use std::fmt;

pub use complete::{Completed, Wants, complete};
pub use device::Device;
pub use element::{Element, ElementId, Form};
pub use error::{Error, Remark};
pub use guid::Guid;
pub use hive::{MOST_BYTES, may_be_long};
pub use judge::{
    BRING_SDI, Files, Finding, Status, Wanted, Wim, judge, judge_empty, judge_missing,
    judge_unreadable, screen,
};
pub use make::{DESCRIPTION, Entry, MOST_ENTRIES, Plan, Tftp, USUAL_WINDOW, make, rooted};
pub use mention::Mention;
pub use route::Route;

/// Values by their names, kept as they are: what a store says besides its elements, and
/// no boot manager needs.
pub type Values = BTreeMap<String, Element>;

/// A whole store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Its objects, in the order of their ids as text.
    pub objects: BTreeMap<Guid, Object>,
    /// What it says about itself.
    pub about: Values,
}

/// One object: a boot manager, a loader, a set of options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// What it says.
    pub elements: BTreeMap<ElementId, Element>,
    /// What is noted about it: the entries of a firmware have such notes.
    pub about: Values,
}

/// What an object is, as the store writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKind(pub u32);

impl ObjectKind {
    /// The boot manager.
    pub const BOOT_MANAGER: Self = Self(0x1010_0002);
    /// A loader of Windows.
    pub const OS_LOADER: Self = Self(0x1020_0003);
    /// A loader that wakes Windows up.
    pub const RESUME: Self = Self(0x1020_0004);
    /// A memory test.
    pub const MEMORY_TEST: Self = Self(0x1020_0005);
    /// Options of a device, such as a RAM disk.
    pub const DEVICE_OPTIONS: Self = Self(0x3000_0000);
}

/// One without objects, as Windows makes it.
impl Default for Store {
    fn default() -> Self {
        let name = ("KeyName".to_owned(), Element::text("BCD00000000"));
        Self {
            objects: BTreeMap::new(),
            about: Values::from([name]),
        }
    }
}

/// Eight digits, as programs write it.
impl fmt::Display for ObjectKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:#010x}", self.0)
    }
}

impl Store {
    /// The boot manager's own object: there is one id for it, and only that is looked at.
    pub fn boot_manager(&self) -> Option<&Object> {
        self.objects.get(&Guid::BOOT_MANAGER)
    }

    /// An element of an object.
    pub fn element(&self, object: &Guid, id: ElementId) -> Option<&Element> {
        self.objects.get(object)?.elements.get(&id)
    }
}

impl Object {
    /// One that says nothing yet.
    pub fn new(kind: ObjectKind) -> Self {
        Self {
            kind,
            elements: BTreeMap::new(),
            about: Values::new(),
        }
    }

    /// The same with one more element, which takes the place of another with its code.
    #[must_use]
    pub fn with(mut self, id: ElementId, element: Element) -> Self {
        self.elements.insert(id, element);
        self
    }

    /// An element as text.
    pub fn text(&self, id: ElementId) -> Option<String> {
        self.elements.get(&id)?.as_text()
    }

    /// An element as a number.
    pub fn integer(&self, id: ElementId) -> Option<u64> {
        self.elements.get(&id)?.as_integer()
    }

    /// An element as a device.
    pub fn device(&self, id: ElementId) -> Option<Device> {
        self.elements.get(&id)?.as_device()
    }
}
