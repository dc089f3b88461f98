//! What libhivex reads: an oracle that shares nothing with us.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use winbootfs::bcd::{Element, ElementId, Form, Object, ObjectKind, Store, Values};

use crate::skip::or_skip;

/// A key as libhivex reads it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Tree {
    pub(crate) name: String,
    /// The type of the registry, and the bytes in hexadecimal digits.
    pub(crate) values: BTreeMap<String, (u32, String)>,
    pub(crate) keys: Vec<Tree>,
}

impl Tree {
    pub(crate) fn key(&self, name: &str) -> Option<&Tree> {
        self.keys
            .iter()
            .find(|key| key.name.eq_ignore_ascii_case(name))
    }

    /// The same with a name for the root that is always the same, and codes in lower case:
    /// what a boot manager makes no difference of.
    pub(crate) fn alike(mut self) -> Self {
        self.name = "root".to_owned();
        for object in self.keys.iter_mut().flat_map(|key| &mut key.keys) {
            let elements = object.keys.iter_mut().flat_map(|key| &mut key.keys);
            elements.for_each(|element| element.name.make_ascii_lowercase());
        }
        self
    }
}

/// The trees of these files, or a counted skip.
pub(crate) fn read<P: AsRef<Path>>(files: &[P]) -> Option<Vec<Tree>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bcd/oracle.py");
    let mut command = Command::new("/usr/bin/python3");
    command.arg(script);
    command.args(files.iter().map(AsRef::as_ref));
    let said = or_skip(run(&mut command, "python3-hivex"))?;
    Some(serde_json::from_str(&said).unwrap())
}

/// What hivexsh says to these commands, or a counted skip.
pub(crate) fn shell(file: &Path, commands: &str) -> Option<String> {
    let script = file.with_extension("commands");
    fs::write(&script, commands).unwrap();
    let mut command = Command::new("hivexsh");
    command.arg("-f").arg(script).arg(file);
    or_skip(run(&mut command, "libhivex-bin"))
}

/// What a program of this package says. Only one that is not there is a reason to skip.
fn run(command: &mut Command, package: &str) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|error| format!("{package}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("No module named 'hivex'") {
        return Err(format!("{package} is not installed"));
    }
    assert!(output.status.success(), "{command:?}: {said}");
    Ok(String::from_utf8(output.stdout).unwrap())
}

/// The real stores, or a counted skip.
pub(crate) fn real_stores() -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/bcd");
    let entries = fs::read_dir(folder);
    let entries = entries.map_err(|error| format!("no real stores in ../shared/bcd: {error}"));
    let files = or_skip(entries)?.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|ending| ending == "bcd"))
        .collect();
    files.sort();
    assert!(files.len() >= 17, "found {} stores only", files.len());
    Some(files)
}

/// The store that a tree of libhivex is, without any code of ours but its model.
pub(crate) fn store(tree: &Tree) -> Store {
    let mut store = Store {
        about: tree
            .key("Description")
            .map(|key| key.values.iter().map(named).collect())
            .unwrap_or_default(),
        ..Store::default()
    };
    for key in &tree.key("Objects").unwrap().keys {
        let description = key.key("Description").unwrap();
        let mut about: Values = description.values.iter().map(named).collect();
        let kind = about.remove("Type").unwrap();
        let kind = u32::from_le_bytes(kind.bytes.try_into().unwrap());
        let mut object = Object::new(ObjectKind(kind));
        object.about = about;
        for key in &key.key("Elements").unwrap().keys {
            let code = ElementId(u32::from_str_radix(&key.name, 16).unwrap());
            let (_, element) = named(key.values.get_key_value("Element").unwrap());
            object = object.with(code, element);
        }
        store.objects.insert(key.name.parse().unwrap(), object);
    }
    store
}

fn named((name, (form, digits)): (&String, &(u32, String))) -> (String, Element) {
    let form = match form {
        1 => Form::Text,
        3 => Form::Binary,
        7 => Form::Texts,
        other => Form::Other(*other),
    };
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes = pairs.map(byte).collect();
    (name.clone(), Element { form, bytes })
}
