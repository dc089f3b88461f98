//! Which key of a hive means what.
//!
//! ```text
//! NewStoreRoot
//!   Description               what the store says about itself
//!   Objects
//!     {id}
//!       Description           Type: what it is
//!       Elements
//!         12000002            Element: the value
//! ```
//!
//! Windows compares all these names without case. Tools write codes in upper case.

use std::collections::BTreeMap;
use std::mem;

use super::Key;
use crate::bcd::element::{Element, ElementId, Form};
use crate::bcd::error::{Error, Remark};
use crate::bcd::{Guid, Object, ObjectKind, Store, Values};
use crate::name::visible;

/// The usual name of the root; any will do.
const ROOT: &str = "NewStoreRoot";
const DESCRIPTION: &str = "Description";
const OBJECTS: &str = "Objects";
const ELEMENTS: &str = "Elements";
const TYPE: &str = "Type";
const ELEMENT: &str = "Element";

/// A number of four bytes, as the registry calls it.
const REG_DWORD: Form = Form::Other(4);

/// The keys of a store.
pub(super) fn root(store: &Store) -> Key {
    let objects = store.objects.iter();
    let objects = objects.map(|(id, object)| object_key(id, object));
    Key {
        name: ROOT.to_owned(),
        values: Values::new(),
        keys: vec![
            leaf(DESCRIPTION, store.about.clone()),
            folder(OBJECTS, objects.collect()),
        ],
    }
}

fn object_key(id: &Guid, object: &Object) -> Key {
    let kind = Element {
        form: REG_DWORD,
        bytes: object.kind.0.to_le_bytes().to_vec(),
    };
    let mut about = object.about.clone();
    about.retain(|name, _| !is(name, TYPE));
    about.insert(TYPE.to_owned(), kind);
    let elements = object.elements.iter().map(|(id, element)| {
        let values = Values::from([(ELEMENT.to_owned(), element.clone())]);
        leaf(&id.to_string(), values)
    });
    let keys = vec![
        leaf(DESCRIPTION, about),
        folder(ELEMENTS, elements.collect()),
    ];
    folder(&id.to_string(), keys)
}

fn leaf(name: &str, values: Values) -> Key {
    Key {
        name: name.to_owned(),
        values,
        keys: Vec::new(),
    }
}

fn folder(name: &str, keys: Vec<Key>) -> Key {
    Key {
        name: name.to_owned(),
        values: Values::new(),
        keys,
    }
}

fn is(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}

/// The store that these keys are, and what in it could not be understood.
pub(super) fn store(root: Key) -> Result<(Store, Vec<Remark>), Error> {
    let mut reader = Reader::default();
    // Places are told from the root on, whatever it is called.
    let mut root = Opened {
        place: String::new(),
        key: root,
    };
    let objects = root.take(OBJECTS).ok_or(Error::NoObjects)?;
    let about = root.take(DESCRIPTION).unwrap_or_default();
    let store = Store {
        about: reader.notes("", about),
        objects: reader.objects(objects),
    };
    reader.nothing_more(root);
    Ok((store, reader.remarks))
}

/// Takes keys apart, and remarks what is left of them.
#[derive(Debug, Default)]
struct Reader {
    remarks: Vec<Remark>,
}

/// A key of which something may have been taken.
#[derive(Debug)]
struct Opened {
    place: String,
    key: Key,
}

impl Opened {
    /// The key of that name in it.
    fn take(&mut self, name: &str) -> Option<Key> {
        let at = self.key.keys.iter().position(|key| is(&key.name, name))?;
        Some(self.key.keys.remove(at))
    }

    /// The value of that name in it.
    fn take_value(&mut self, name: &str) -> Option<Element> {
        let names = self.key.values.keys();
        let found = names.clone().find(|other| is(other, name))?.clone();
        self.key.values.remove(&found)
    }
}

impl Reader {
    fn open(&self, folder: &str, key: Key) -> Opened {
        let place = below(folder, &key.name);
        Opened { place, key }
    }

    fn remark(&mut self, place: String, what: &'static str) {
        self.remarks.push(Remark { place, what });
    }

    fn objects(&mut self, objects: Key) -> BTreeMap<Guid, Object> {
        let mut found = BTreeMap::new();
        let mut objects = self.open("", objects);
        for key in mem::take(&mut objects.key.keys) {
            let place = below(OBJECTS, &key.name);
            match key.name.parse() {
                Err(_) => self.remark(place, "is not called as an object is, by an id"),
                Ok(id) => {
                    if let Some(object) = self.object(key) {
                        found.insert(id, object);
                    }
                }
            }
        }
        self.nothing_more(objects);
        found
    }

    fn object(&mut self, key: Key) -> Option<Object> {
        let mut key = self.open(OBJECTS, key);
        let description = key.take(DESCRIPTION).unwrap_or_default();
        let mut description = self.open(&key.place, description);
        let kind = description
            .take_value(TYPE)
            .filter(|kind| kind.form == REG_DWORD);
        let kind = kind.and_then(|kind| kind.bytes.try_into().ok());
        let Some(kind) = kind.map(u32::from_le_bytes) else {
            self.remark(key.place, "has no \"Type\" of four bytes");
            return None;
        };
        let elements = key.take(ELEMENTS).unwrap_or_default();
        let object = Object {
            kind: ObjectKind(kind),
            elements: self.elements(&key.place, elements),
            about: self.notes(&key.place, description.key),
        };
        self.nothing_more(key);
        Some(object)
    }

    fn elements(&mut self, object: &str, elements: Key) -> BTreeMap<ElementId, Element> {
        let mut found = BTreeMap::new();
        let mut elements = self.open(object, elements);
        for key in mem::take(&mut elements.key.keys) {
            let mut key = self.open(&elements.place, key);
            let (id, element) = (code(&key.key.name), key.take_value(ELEMENT));
            match (id, element) {
                (None, _) => self.remark(key.place, "is not called by a code of eight digits"),
                (Some(_), None) => self.remark(key.place, "has no value \"Element\""),
                (Some(id), Some(element)) => {
                    found.insert(id, element);
                    self.nothing_more(key);
                }
            }
        }
        self.nothing_more(elements);
        found
    }

    /// The values of a key that has no keys.
    fn notes(&mut self, folder: &str, key: Key) -> Values {
        let mut key = self.open(folder, key);
        let values = mem::take(&mut key.key.values);
        self.nothing_more(key);
        values
    }

    /// Whatever is left in a key has no meaning.
    fn nothing_more(&mut self, rest: Opened) {
        let values = rest.key.values.into_keys();
        let keys = rest.key.keys.into_iter().map(|key| key.name);
        for name in values.chain(keys) {
            self.remark(below(&rest.place, &name), "is nothing that a store has");
        }
    }
}

/// The name of a key in a folder, fit to be shown.
fn below(folder: &str, name: &str) -> String {
    let name = visible(name.as_bytes());
    match folder {
        "" => name,
        _ => format!("{folder}\\{name}"),
    }
}

fn code(name: &str) -> Option<ElementId> {
    let is_code = name.len() == 8 && name.bytes().all(|digit| digit.is_ascii_hexdigit());
    let code = is_code.then(|| u32::from_str_radix(name, 16).ok())?;
    code.map(ElementId)
}
