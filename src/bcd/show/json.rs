//! A store for programs. What is written here stays: things may be added, and none is
//! taken away or gets another meaning.
//!
//! ```text
//! {
//!   "objects": [{
//!     "id":    "{9dea862c-5cdd-4e70-acc1-f32b344d4795}",
//!     "name":  "{bootmgr}",              null if it has none
//!     "title": "Windows Boot Manager",
//!     "type":  "0x10100002",
//!     "elements": [{
//!       "code":  "12000002",
//!       "name":  "path",                 null if bcdedit has none
//!       "form":  "REG_SZ",
//!       "value": "\\bootmgfw.efi",       null if it does not fit the code
//!       "bytes": "5c0062006f00...",
//!       "answer": { "file": "...", "size": 1 } or { "missing": "..." }
//!     }],
//!     "about": []                        what is noted about it, as below
//!   }],
//!   "about":   [{ "name": "KeyName", "form": "REG_SZ", "bytes": "..." }],
//!   "remarks": [{ "place": "Objects\\...", "what": "..." }]
//! }
//! ```
//!
//! A value is a text, an id, a list of ids, a number, a list of numbers, true or false; or
//! a device: `{"device": "boot"}`, `{"device": "ramdisk", "path": ..., "options": ...,
//! "on_boot_device": true}`, `{"device": "other", "what": ...}`. An `answer` is only there
//! if an image is named, and for paths only that a boot manager asks its server for.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{Answer, Answers, answer, asked_for, digits, in_order};
use crate::bcd::names;
use crate::bcd::value::Value;
use crate::bcd::{Device, Element, ElementId, Guid, Object, ObjectKind, Remark, Store, Values};

#[derive(Serialize)]
struct ShownStore {
    objects: Vec<ShownObject>,
    about: Vec<Note>,
    remarks: Vec<ShownRemark>,
}

#[derive(Serialize)]
struct ShownObject {
    id: String,
    name: Option<&'static str>,
    title: String,
    r#type: String,
    elements: Vec<ShownElement>,
    about: Vec<Note>,
}

#[derive(Serialize)]
struct ShownElement {
    code: String,
    name: Option<&'static str>,
    form: String,
    value: Json,
    bytes: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Json>,
}

#[derive(Serialize)]
struct Note {
    name: String,
    form: String,
    bytes: String,
}

#[derive(Serialize)]
struct ShownRemark {
    place: String,
    what: &'static str,
}

/// The store as JSON, with a line break at the end.
pub fn json(store: &Store, remarks: &[Remark], answers: Option<Answers<'_>>) -> String {
    let objects = in_order(store).into_iter();
    let shown = ShownStore {
        objects: objects
            .map(|(id, object)| shown_object(id, object, answers))
            .collect(),
        about: notes(&store.about),
        remarks: remarks.iter().map(shown_remark).collect(),
    };
    // Only maps with keys that are no texts fail, and there are none.
    serde_json::to_string_pretty(&shown).unwrap_or_default() + "\n"
}

fn shown_object(id: Guid, object: &Object, answers: Option<Answers<'_>>) -> ShownObject {
    let elements = object.elements.iter();
    let elements = elements.map(|(code, element)| {
        let path = answers.zip(asked_for(object, *code, element));
        ShownElement {
            answer: path.map(|(answers, path)| shown_answer(answer(answers, &path))),
            ..shown_element(object.kind, *code, element)
        }
    });
    ShownObject {
        id: id.to_string(),
        name: names::object(id),
        title: names::title(id, object.kind),
        r#type: object.kind.to_string(),
        elements: elements.collect(),
        about: notes(&object.about),
    }
}

fn shown_element(kind: ObjectKind, code: ElementId, element: &Element) -> ShownElement {
    ShownElement {
        code: code.to_string(),
        name: names::element(kind, code),
        form: element.form.to_string(),
        value: shown_value(code, element),
        bytes: digits(&element.bytes),
        answer: None,
    }
}

fn shown_value(code: ElementId, element: &Element) -> Json {
    match element.value(code) {
        None => Json::Null,
        Some(Value::Text(text)) => text.into(),
        Some(Value::Object(id)) => id.to_string().into(),
        Some(Value::Objects(ids)) => ids.iter().map(Guid::to_string).collect(),
        Some(Value::Number(number)) => number.into(),
        Some(Value::Numbers(numbers)) => numbers.into(),
        Some(Value::Boolean(yes)) => yes.into(),
        Some(Value::Device(device)) => shown_device(&device, element),
    }
}

fn shown_device(device: &Device, element: &Element) -> Json {
    match device {
        Device::Boot => json!({ "device": "boot" }),
        Device::Ramdisk { path, options } => json!({
            "device": "ramdisk",
            "path": path,
            "options": options.to_string(),
            "on_boot_device": Device::is_on_boot(&element.bytes),
        }),
        Device::Other(what) => json!({ "device": "other", "what": what }),
    }
}

fn shown_answer(answer: Answer) -> Json {
    match answer {
        Answer::File { file, size } => json!({ "file": file, "size": size }),
        Answer::Missing(why) => json!({ "missing": why }),
    }
}

fn notes(values: &Values) -> Vec<Note> {
    let note = |(name, value): (&String, &Element)| Note {
        name: name.clone(),
        form: value.form.to_string(),
        bytes: digits(&value.bytes),
    };
    values.iter().map(note).collect()
}

fn shown_remark(remark: &Remark) -> ShownRemark {
    ShownRemark {
        place: remark.place.clone(),
        what: remark.what,
    }
}
