//! Everything that can be done with a store, done once: for damaged ones, from the mutants
//! and from the fuzzer.

use winbootfs::bcd::Store;
use winbootfs::bcd::show::{self, Answer};

/// What became of it.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was read, with so many remarks.
    Read(Box<Store>, usize),
    /// It was refused with these words.
    Refused(String),
}

/// The same bytes with what is looked at first put right, or no change would ever get
/// further: two equal sequence numbers and the right checksum.
pub(crate) fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.len() >= 512 {
        bytes.copy_within(4..8, 8);
        crate::made::mend(&mut bytes);
    }
    bytes
}

/// Reads, understands every element, and writes.
pub(crate) fn read(bytes: &[u8]) -> Outcome {
    let (store, remarks) = match Store::read_with_remarks(bytes) {
        Ok(read) => read,
        Err(error) => return Outcome::Refused(error.to_string()),
    };
    for object in store.objects.values() {
        for (id, element) in &object.elements {
            let form = id.form();
            assert!(
                element.as_boolean().is_none() || element.as_integer().is_some(),
                "{form:?}"
            );
            assert!(
                element.as_object().is_none() || element.as_text().is_some(),
                "{form:?}"
            );
            let again = element.as_device().and_then(|device| device.to_bytes());
            assert!(again.is_none_or(|bytes| bytes.len() <= element.bytes.len().max(88) + 2));
            element.as_objects();
        }
    }
    assert!(
        remarks
            .iter()
            .all(|remark| remark.to_string().len() < 20_000)
    );
    let answers = |path: &str| Answer::Missing(format!("{} letters", path.len()));
    let text = show::text(&store, &remarks, Some(&answers));
    assert!(text.lines().all(|line| !line.contains(char::is_control)));
    let json = show::json(&store, &remarks, Some(&answers));
    serde_json::from_str::<serde_json::Value>(&json).unwrap();
    let written = store.write();
    assert_eq!(Store::read(&written).as_ref(), Ok(&store));
    Outcome::Read(Box::new(store), remarks.len())
}
