//! The same store with what it lacks: nothing is guessed, and nothing else is touched.
//!
//! A boot image or a boot.sdi that is not there cannot be mended in a store, and a choice
//! among several entries is not made here: such a store stays as it is, and
//! [`judge`](super::judge()) says what is wrong with it.

mod entry;

use super::make::Tftp;
use super::{Device, Element, ElementId, Guid, Object, ObjectKind, Store, rooted, words};
use crate::program::Firmware;

/// What a store is to be good for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wants {
    /// Whose boot manager reads it.
    pub firmware: Firmware,
    /// Where the boot manager finds itself on the server (UEFI only).
    pub program: Option<String>,
    /// What the operator says about TFTP: it holds whatever the store says.
    pub tftp: Tftp,
    /// What holds where neither of them says anything.
    pub usual_tftp: Tftp,
    /// What the operator says about how long a menu waits.
    pub timeout: Option<u64>,
}

/// A store that lacks nothing that can be added without guessing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The store.
    pub store: Store,
    /// What was added or changed, a phrase for each; empty if it is the same store.
    pub added: Vec<String>,
}

/// The same store with what it lacks. `is_file` tells whether the client gets a file for a
/// path, as stores write it.
pub fn complete(store: &Store, wants: &Wants, is_file: &dyn Fn(&str) -> bool) -> Completed {
    let mut mend = Mend {
        store: store.clone(),
        wants,
        is_file,
        added: Vec::new(),
    };
    mend.boot_manager();
    let menu = mend.store.menu();
    for entry in menu.entries() {
        mend.entry(entry);
    }
    Completed {
        store: mend.store,
        added: mend.added,
    }
}

/// A store on its way.
struct Mend<'a> {
    store: Store,
    wants: &'a Wants,
    is_file: &'a dyn Fn(&str) -> bool,
    added: Vec<String>,
}

impl Mend<'_> {
    fn boot_manager(&mut self) {
        let only = only_loader(&self.store);
        if self.store.boot_manager().is_none() {
            // Without a loader it would have nothing to start.
            let Some(_) = only else { return };
            let object = Object::new(ObjectKind::BOOT_MANAGER);
            self.create(Guid::BOOT_MANAGER, object);
        }
        if let (None, Some(only)) = (self.store.menu().first, only) {
            let id = Element::object(only);
            self.set(
                &Guid::BOOT_MANAGER,
                ElementId::DEFAULT,
                id,
                "default",
                &only.to_string(),
            );
        }
        self.program();
        self.timeout();
    }

    /// Where the boot manager is.
    fn program(&mut self) {
        let (Firmware::Uefi, Some(program)) = (self.wants.firmware, &self.wants.program) else {
            return;
        };
        let said = self.text(&Guid::BOOT_MANAGER, ElementId::PATH);
        let program = rooted(program);
        if !said.is_some_and(|said| said.eq_ignore_ascii_case(&program)) {
            self.set_text(&Guid::BOOT_MANAGER, ElementId::PATH, "path", &program);
        }
    }

    fn timeout(&mut self) {
        if let Some(seconds) = self.wants.timeout {
            self.set_integer(&Guid::BOOT_MANAGER, ElementId::TIMEOUT, "timeout", seconds);
        }
    }

    fn text(&self, object: &Guid, id: ElementId) -> Option<String> {
        self.store.said(object, id)?.as_text()
    }

    fn is_said(&self, object: &Guid, id: ElementId) -> bool {
        self.store.said(object, id).is_some()
    }

    fn create(&mut self, id: Guid, object: Object) {
        self.added
            .push(format!("{} created", words::name(&id, &self.store)));
        self.store.objects.insert(id, object);
    }

    fn set_text(&mut self, object: &Guid, id: ElementId, word: &str, text: &str) {
        self.set(object, id, Element::text(text), word, text);
    }

    /// Sets a number, unless the object says it already.
    fn set_integer(&mut self, object: &Guid, id: ElementId, word: &str, number: u64) {
        let said = self.store.said(object, id).and_then(Element::as_integer);
        if said != Some(number) {
            self.set(
                object,
                id,
                Element::integer(number),
                word,
                &number.to_string(),
            );
        }
    }

    fn set_boot_device(&mut self, object: &Guid, id: ElementId, word: &str) {
        if let Some(boot) = Element::device(&Device::Boot) {
            self.set(object, id, boot, word, "boot");
        }
    }

    /// Sets an element, and writes down so.
    fn set(&mut self, object: &Guid, id: ElementId, element: Element, word: &str, value: &str) {
        let name = words::name(object, &self.store);
        if let Some(object) = self.store.objects.get_mut(object) {
            object.elements.insert(id, element);
            self.added.push(format!("{name} {word} {value}"));
        }
    }
}

/// The loader of a store that has but one.
fn only_loader(store: &Store) -> Option<Guid> {
    let mut loaders = store.objects.iter();
    let mut loaders = loaders
        .by_ref()
        .filter(|(_, object)| object.kind == ObjectKind::OS_LOADER);
    match (loaders.next(), loaders.next()) {
        (Some((only, _)), None) => Some(*only),
        _ => None,
    }
}
