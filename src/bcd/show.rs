//! A store as a person reads it: as `bcdedit /enum all /v` prints it, whose words everybody
//! uses who writes about stores. Ids are whole, with the name of a well-known one behind.
//! What bcdedit has no name for is `custom:` and the code, with its bytes.

mod json;

use std::fmt::{self, Write};

use super::names;
use super::value::Value;
use super::{Device, Element, ElementId, Guid, Object, ObjectKind, Remark, Store};
use crate::name::visible;

pub use json::json;

/// Where the second column begins.
const COLUMN: usize = 24;

/// What a boot manager would get for a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A file.
    File {
        /// Where it is stored.
        file: String,
        /// How many bytes it has.
        size: u64,
    },
    /// Nothing, and why.
    Missing(String),
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, size } => write!(out, "-> {file}, {size} bytes"),
            Self::Missing(why) => write!(out, "-> not there: {why}"),
        }
    }
}

/// Tells what answers to a path of the store.
pub type Answers<'a> = &'a dyn Fn(&str) -> Answer;

/// The store as text. With `answers`, each path for which a boot manager asks its server
/// has beneath it what it gets.
pub fn text(store: &Store, remarks: &[Remark], answers: Option<Answers<'_>>) -> String {
    let mut text = String::new();
    for (id, object) in in_order(store) {
        let title = names::title(id, object.kind);
        let _ = write!(text, "{title}\n{}\n", "-".repeat(title.len()));
        put(&mut text, "identifier", &[identified(id)]);
        for (code, element) in &object.elements {
            let name = named(object.kind, *code);
            let mut lines = value(object.kind, *code, element);
            let path = answers.zip(asked_for(object, *code, element));
            lines.extend(path.map(|(answers, path)| answer(answers, &path).to_string()));
            put(&mut text, &name, &lines);
        }
        text.push('\n');
    }
    for remark in remarks {
        let _ = writeln!(text, "remark: {remark}");
    }
    text
}

/// A line, and what does not fit into it below.
fn put(text: &mut String, name: &str, values: &[String]) {
    let mut name = name;
    for value in values {
        let line = format!("{name:<0$}{value}", COLUMN.max(name.len() + 1));
        text.push_str(line.trim_end());
        text.push('\n');
        name = "";
    }
    if values.is_empty() {
        text.push_str(name);
        text.push('\n');
    }
}

/// First programs, the boot manager before all, then what they inherit.
fn in_order(store: &Store) -> Vec<(Guid, &Object)> {
    let objects = store.objects.iter().map(|(id, object)| (*id, object));
    let mut objects: Vec<_> = objects.collect();
    objects.sort_by_key(|(id, object)| (object.kind, *id));
    objects
}

fn named(kind: ObjectKind, code: ElementId) -> String {
    match names::element(kind, code) {
        Some(name) => name.to_owned(),
        None => format!("custom:{code}"),
    }
}

fn identified(id: Guid) -> String {
    match names::object(id) {
        Some(name) => format!("{id} {name}"),
        None => id.to_string(),
    }
}

/// The lines that tell a value.
fn value(kind: ObjectKind, code: ElementId, element: &Element) -> Vec<String> {
    let Some(name) = names::element(kind, code) else {
        return vec![digits(&element.bytes)];
    };
    match element.value(code) {
        Some(Value::Device(device)) => vec![placed(&device, element)],
        Some(Value::Text(text)) => vec![visible(text.as_bytes())],
        Some(Value::Object(id)) => vec![identified(id)],
        Some(Value::Objects(ids)) => ids.into_iter().map(identified).collect(),
        Some(Value::Boolean(yes)) => vec![if yes { "Yes" } else { "No" }.to_owned()],
        Some(Value::Number(number)) => vec![match names::choice(name, number) {
            Some(choice) => choice.to_owned(),
            None => number.to_string(),
        }],
        Some(Value::Numbers(numbers)) => {
            let numbers = numbers.iter().map(|number| format!("{number:#x}"));
            vec![numbers.collect::<Vec<_>>().join(" ")]
        }
        None => {
            let bytes = digits(&element.bytes);
            vec![format!("{bytes} (unreadable, stored as {})", element.form)]
        }
    }
}

fn placed(device: &Device, element: &Element) -> String {
    match device {
        Device::Boot => "boot".to_owned(),
        Device::Ramdisk { path, options } => {
            let on = match Device::is_on_boot(&element.bytes) {
                true => "boot",
                false => "elsewhere",
            };
            format!(
                "ramdisk=[{on}]{},{}",
                visible(path.as_bytes()),
                identified(*options)
            )
        }
        Device::Other(what) => (*what).to_owned(),
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// The path for which a boot manager asks its server because of this element.
fn asked_for(object: &Object, code: ElementId, element: &Element) -> Option<String> {
    match code {
        ElementId::SDI_PATH => element.as_text(),
        ElementId::PATH => {
            let device = object.device(ElementId::DEVICE);
            let is_manager = object.kind == ObjectKind::BOOT_MANAGER;
            (is_manager || device == Some(Device::Boot)).then(|| element.as_text())?
        }
        _ => match element.value(code)? {
            Value::Device(Device::Ramdisk { path, .. }) => {
                Device::is_on_boot(&element.bytes).then_some(path)
            }
            _ => None,
        },
    }
}

/// What is there under a path; one with slashes is never asked for.
fn answer(answers: Answers<'_>, path: &str) -> Answer {
    match path.contains('/') {
        true => Answer::Missing("boot managers take backslashes only".to_owned()),
        false => answers(path),
    }
}
