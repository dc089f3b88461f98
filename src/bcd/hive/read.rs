//! From bytes to keys: the only file that names `regf`.
//!
//! It refuses what does not fit together, such as lists out of order or a wrong number of
//! uses of a security structure, as a boot manager may. What it must not be given is
//! sorted out before, by `guard`.

use regf::RegistryHive;
use regf::hive::{RegistryKey, RegistryValueEntry};

use super::Key;
use super::guard;
use crate::bcd::element::{Element, Form};
use crate::bcd::error::Error;

/// How deep a store is: its elements. What is below them is named, and not read.
const DEEPEST: usize = 5;

/// Where the header says which version it is.
const VERSION: usize = 24;

/// The root, with all that is in it.
pub(super) fn read(bytes: &[u8]) -> Result<Key, Error> {
    let guarded = guard::check(bytes)?;
    let mut bytes = guarded.bytes.to_vec();
    if let Some(version) = bytes.get_mut(VERSION..VERSION + 4) {
        version.copy_from_slice(&guarded.version.to_le_bytes());
    }
    let hive = RegistryHive::from_bytes(bytes)?;
    let root = hive.root_key()?;
    key(&root, 0)
}

impl From<regf::Error> for Error {
    fn from(error: regf::Error) -> Self {
        Self::Inconsistent(match error {
            regf::Error::CorruptHive(what) => what,
            other => other.to_string(),
        })
    }
}

fn key(found: &RegistryKey<'_>, depth: usize) -> Result<Key, Error> {
    let mut key = Key {
        name: found.name(),
        ..Key::default()
    };
    if depth == DEEPEST {
        return Ok(key);
    }
    for value in found.values()? {
        key.values.insert(value.name(), element(&value)?);
    }
    for below in found.subkeys()? {
        key.keys.push(self::key(&below, depth + 1)?);
    }
    Ok(key)
}

fn element(value: &RegistryValueEntry<'_>) -> Result<Element, Error> {
    let form = match value.raw_data_type() {
        1 => Form::Text,
        3 => Form::Binary,
        7 => Form::Texts,
        other => Form::Other(other),
    };
    let bytes = value.raw_data()?;
    Ok(Element { form, bytes })
}
