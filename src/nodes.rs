//! The numbers the kernel holds, and what each of them means.
//!
//! Pure bookkeeping over any kind of place. Two rules come from how Linux keeps names:
//!
//! - A *file* has one number under all its names and in all views, so that there is one
//!   page cache for it and a server may share descriptors by number (dnsmasq does).
//! - A *folder* has a number for each (parent number, spelling). The kernel gives a
//!   folder only one name at a time and moves it at every other spelling, asking us each
//!   time: 20,000 questions instead of 4 for two alternating spellings.
//!
//! A number is a hash of what it stands for: it is the same again after the kernel has
//! forgotten it, and after a restart. What happens to meet the hash of something else
//! takes the next free number.
//!
//! Every answer that names a number counts one look-up; the kernel says how many it gives
//! back. At zero the number is forgotten here too, or the table would grow for ever.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The number of the root, fixed by the protocol.
pub const ROOT: u64 = 1;

/// Something that gets a number.
pub trait Place: Clone + Eq + Hash {
    /// Whether it has one number under all its names: true for files.
    fn is_one_for_all(&self) -> bool;
}

/// The table of all numbers that the kernel holds.
#[derive(Debug)]
pub struct Nodes<P> {
    held: Mutex<HashMap<u64, Box<Node<P>>>>,
    /// Spellings of folders in the order of their first look-up, oldest first.
    folders: Mutex<VecDeque<u64>>,
    root: P,
}

/// How many spellings of folders the kernel may hold. It gives them back by itself only
/// when memory is short; a boot needs a dozen.
const MOST_FOLDERS: usize = 12_288;

/// How many more may gather before they are called a crowd: they are sent away together.
const CROWD: usize = 1024;

#[derive(Debug)]
struct Node<P> {
    name: Name,
    place: P,
    lookups: u64,
}

/// What tells one number from another, besides the place.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Name {
    Any,
    Spelled { parent: u64, name: Box<[u8]> },
}

impl<P: Place> Nodes<P> {
    /// A table that holds only the root.
    pub fn new(root: P) -> Self {
        Self {
            held: Mutex::default(),
            folders: Mutex::default(),
            root,
        }
    }

    /// What a number stands for.
    pub fn place(&self, id: u64) -> Option<P> {
        if id == ROOT {
            return Some(self.root.clone());
        }
        self.held().get(&id).map(|node| node.place.clone())
    }

    /// The number for a place that was found under a name, counted as looked up once.
    pub fn admit(&self, parent: u64, name: &[u8], place: P) -> u64 {
        let name = Name::new(parent, name, &place);
        let mut held = self.held();
        let mut id = number(&name, &place);
        loop {
            match held.get_mut(&id) {
                Some(node) if node.name == name && node.place == place => {
                    node.lookups += 1;
                    return id;
                }
                Some(_) => id = after(id),
                None => break,
            }
        }
        if !place.is_one_for_all() {
            lock(&self.folders).push_back(id);
        }
        let lookups = 1;
        let node = Node {
            name,
            place,
            lookups,
        };
        held.insert(id, Box::new(node));
        id
    }

    /// Whether the kernel holds more spellings of folders than it should.
    pub fn is_crowded(&self) -> bool {
        lock(&self.folders).len() > MOST_FOLDERS + CROWD
    }

    /// The oldest spellings of folders, which the kernel should forget: each with the
    /// number of its parent. They are not named again.
    pub fn oldest_folders(&self) -> Vec<(u64, Box<[u8]>)> {
        let held = self.held();
        let mut folders = lock(&self.folders);
        let surplus = folders.len().saturating_sub(MOST_FOLDERS);
        let oldest = folders.drain(..surplus).filter_map(|id| held.get(&id));
        oldest
            .filter_map(|node| match &node.name {
                Name::Spelled { parent, name } => Some((*parent, name.clone())),
                Name::Any => None,
            })
            .collect()
    }

    /// The kernel gives back so many look-ups.
    pub fn forget(&self, id: u64, lookups: u64) {
        let mut held = self.held();
        if let Some(node) = held.get_mut(&id) {
            node.lookups = node.lookups.saturating_sub(lookups);
            if node.lookups == 0 {
                held.remove(&id);
            }
        }
    }

    /// How many numbers the kernel holds besides the root.
    pub fn len(&self) -> usize {
        self.held().len()
    }

    /// Whether the kernel holds nothing but the root.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn held(&self) -> MutexGuard<'_, HashMap<u64, Box<Node<P>>>> {
        lock(&self.held)
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Name {
    fn new<P: Place>(parent: u64, name: &[u8], place: &P) -> Self {
        match place.is_one_for_all() {
            true => Self::Any,
            false => Self::Spelled {
                parent,
                name: name.into(),
            },
        }
    }
}

fn number<P: Hash>(name: &Name, place: &P) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, place).hash(&mut hasher);
    usable(hasher.finish())
}

fn after(id: u64) -> u64 {
    usable(id.wrapping_add(1))
}

/// 0 means "nothing" and 1 the root; the top bit would make the number negative for
/// programs that still think of it as signed.
fn usable(id: u64) -> u64 {
    (id & (u64::MAX >> 1)).max(ROOT + 1)
}
