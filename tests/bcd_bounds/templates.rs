//! Sound stores, the same in every run, and what is done to them.
//!
//! Most of a hive is places of other parts of it, which a fuzzer would have to guess. Its
//! inputs are changes to one of these stores: which store, whether what is looked at first
//! is put right afterwards, and then, until it ends, a place, how many bytes, and the
//! bytes. Or they are any bytes, to be read as they are.

use winbootfs::bcd::{Element, ElementId, Form, Guid, Object, ObjectKind};

use crate::everything::mended;
use crate::made::{hashed, small};

/// How many stores there are.
pub(crate) const TEMPLATES: usize = 3;

/// What stands for any bytes, in place of the number of a store.
const AS_IT_IS: u8 = 0x7F;

/// The store with that number.
pub(crate) fn template(number: usize) -> Vec<u8> {
    match number {
        0 => small().write(),
        1 => hashed(&small().write()),
        _ => rich(),
    }
}

/// With values of every form and length, names in both ways, and a list of lists.
fn rich() -> Vec<u8> {
    let mut store = small();
    let wide = ("\u{540d}".to_owned(), Element::text("x"));
    store.about.extend([wide]);
    let mut object = Object::new(ObjectKind::RESUME);
    let forms = [Form::Binary, Form::Text, Form::Texts, Form::Other(4)];
    for (form, number) in forms.into_iter().cycle().zip(0..40) {
        let bytes = vec![b'a'; number as usize];
        let code = ElementId(0x1100_0000 + number * 0x0110_0001);
        object.elements.insert(code, Element { form, bytes });
    }
    store.objects.insert(Guid::of_digits(1), object);
    let many = (0..510).map(|number| (Guid::of_digits(number << 64), Object::new(ObjectKind(0))));
    store.objects.extend(many);
    store.write()
}

/// The store that an input of the fuzzer means.
pub(crate) fn changed(input: &[u8], templates: &[Vec<u8>; TEMPLATES]) -> Option<Vec<u8>> {
    let (first, mut rest) = input.split_first()?;
    let mut hive = match first & 0x7F {
        AS_IT_IS => rest.to_vec(),
        number => templates[usize::from(number) % TEMPLATES].clone(),
    };
    if first & 0x7F != AS_IT_IS {
        while let [low, middle, high, count, bytes @ ..] = rest {
            let at = u32::from_le_bytes([*low, *middle, *high, 0]) as usize % hive.len();
            let count = usize::from(*count).min(bytes.len()).min(hive.len() - at);
            hive[at..at + count].copy_from_slice(&bytes[..count]);
            rest = &bytes[count..];
        }
    }
    match first & 0x80 {
        0 => Some(hive),
        _ => Some(mended(&hive)),
    }
}
