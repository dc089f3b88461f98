//! What the value of an element means, by its code.

use super::{Device, Element, ElementId, Form, Guid};

/// A value that is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Device(Device),
    Text(String),
    Object(Guid),
    Objects(Vec<Guid>),
    Number(u64),
    Boolean(bool),
    Numbers(Vec<u64>),
}

impl Element {
    /// What it means under this code; `None` where the value does not fit the code, which
    /// no boot manager forgives.
    pub(super) fn value(&self, id: ElementId) -> Option<Value> {
        match (id.0 >> 24) & 0xf {
            1 => self.as_device().map(Value::Device),
            2 => self.as_text().map(Value::Text),
            3 => self.as_object().map(Value::Object),
            4 => self.as_objects().map(Value::Objects),
            5 => self.as_integer().map(Value::Number),
            6 => self.as_boolean().map(Value::Boolean),
            7 => self.as_integers().map(Value::Numbers),
            _ => None,
        }
    }

    /// The numbers, if it is some: of eight bytes each.
    fn as_integers(&self) -> Option<Vec<u64>> {
        let (numbers, rest) = self.bytes.as_chunks();
        let are_numbers = self.form == Form::Binary && rest.is_empty();
        are_numbers.then(|| numbers.iter().copied().map(u64::from_le_bytes).collect())
    }
}
