//! How `bcdedit` would say it.

use super::{Element, ElementId, Guid, Store, names};

/// The name of an object, where there is one.
pub(in crate::bcd) fn name(id: &Guid, store: &Store) -> String {
    let default = store.said(&Guid::BOOT_MANAGER, ElementId::DEFAULT);
    let default = default.and_then(Element::as_object);
    match names::object(*id) {
        Some(name) => name.to_owned(),
        None if default == Some(*id) => "{default}".to_owned(),
        None => id.to_string(),
    }
}

/// The command that changes an element of an object.
pub(in crate::bcd) fn set(object: &str, element: &str, value: &str) -> String {
    format!("bcdedit /store BCD /set {object} {element} {value}")
}

/// The command that takes an element away.
pub(in crate::bcd) fn delete(object: &str, element: &str) -> String {
    format!("bcdedit /store BCD /deletevalue {object} {element}")
}

/// A RAM disk as a value.
pub(in crate::bcd) fn ramdisk(path: &str, options: &str) -> String {
    format!("ramdisk=[boot]{path},{options}")
}
