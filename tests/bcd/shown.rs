//! A store as people and programs read it.

use serde_json::Value as Json;
use winbootfs::bcd::show::{Answer, json, text};
use winbootfs::bcd::{Element, ElementId, Form, Guid, Object, ObjectKind, Store};

use crate::made::{LOADER, small};
use crate::oracle;

fn answers(path: &str) -> Answer {
    match path {
        "\\sources\\boot.wim" => Answer::File {
            file: "/srv/win11/sources/boot.wim".to_owned(),
            size: 7,
        },
        _ => Answer::Missing("no such name".to_owned()),
    }
}

#[test]
fn the_words_are_those_of_bcdedit() {
    let expected = "\
Windows Boot Manager
--------------------
identifier              {9dea862c-5cdd-4e70-acc1-f32b344d4795} {bootmgr}
device                  boot
path                    \\bootmgfw.efi
description             A boot manager
default                 {2b9f1f6e-0c1d-4f5e-9a57-6d1f0a3c7e11}
displayorder            {2b9f1f6e-0c1d-4f5e-9a57-6d1f0a3c7e11}
timeout                 30

Windows Boot Loader
-------------------
identifier              {2b9f1f6e-0c1d-4f5e-9a57-6d1f0a3c7e11}
device                  ramdisk=[boot]\\sources\\boot.wim,{ae5534e0-a924-466c-b836-758539a3ee3a} \
{ramdiskoptions}
path                    \\windows\\system32\\boot\\winload.efi
description             Rescue \u{2713}
osdevice                ramdisk=[boot]\\sources\\boot.wim,{ae5534e0-a924-466c-b836-758539a3ee3a} \
{ramdiskoptions}
systemroot              \\windows
winpe                   Yes

Setup Ramdisk Options
---------------------
identifier              {ae5534e0-a924-466c-b836-758539a3ee3a} {ramdiskoptions}
ramdisksdidevice        boot
ramdisksdipath          \\boot\\boot.sdi

";
    assert_eq!(text(&small(), &[], None), expected);
}

/// What a boot manager asks for, and nothing that is in the boot image.
#[test]
fn answers_stand_beneath_the_paths() {
    let shown = text(&small(), &[], Some(&answers));
    let lines: Vec<&str> = shown.lines().collect();
    let beneath = |answer: &str| {
        let at = lines.iter().enumerate();
        let at = at.filter(|(_, line)| line.trim_start() == answer);
        let above = at.map(|(at, _)| lines[at - 1].split(' ').next().unwrap());
        above.collect::<Vec<_>>()
    };
    let found = beneath("-> /srv/win11/sources/boot.wim, 7 bytes");
    assert_eq!(found, ["device", "osdevice"]);
    let missing = beneath("-> not there: no such name");
    assert_eq!(missing, ["path", "ramdisksdipath"]);
    assert_eq!(shown.matches("-> ").count(), 4);
}

fn one(kind: u32, code: u32, element: Element) -> String {
    let object = Object::new(ObjectKind(kind)).with(ElementId(code), element);
    let store = Store {
        objects: [(LOADER, object)].into(),
        ..Store::default()
    };
    let shown = text(&store, &[], Some(&answers));
    shown.lines().skip(3).collect::<Vec<_>>().join("\n")
}

fn bytes(form: Form, bytes: &[u8]) -> Element {
    Element {
        form,
        bytes: bytes.to_vec(),
    }
}

#[test]
fn values_by_their_codes() {
    const LOADER: u32 = 0x1020_0003;
    let number = |number: u64| Element::integer(number);
    let ids = Element::objects(&[Guid::BOOT_MANAGER, Guid::of_digits(1)]);
    let binary = |data: &[u8]| bytes(Form::Binary, data);
    for (kind, code, element, expected) in [
        (
            LOADER,
            0x2500_00c2,
            number(0),
            "bootmenupolicy          Legacy\n",
        ),
        (
            LOADER,
            0x2500_00c2,
            number(2),
            "bootmenupolicy          2\n",
        ),
        (
            LOADER,
            0x2500_0020,
            binary(&[3]),
            "nx                      AlwaysOn\n",
        ),
        (
            0x1020_0004,
            0x2500_0008,
            number(1),
            "bootmenupolicy          Standard\n",
        ),
        (
            0x1020_0005,
            0x2500_0008,
            number(1),
            "randfailcount           1\n",
        ),
        (
            LOADER,
            0x2600_0010,
            Element::boolean(false),
            "detecthal               No\n",
        ),
        (
            LOADER,
            0x2600_0010,
            binary(&[7]),
            "detecthal               Yes\n",
        ),
        (
            LOADER,
            0x1700_0077,
            binary(&[0x75, 0, 0, 0x15, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
            "allowedinmemorysettings 0x15000075 0x1\n",
        ),
        (
            LOADER,
            0x1700_0077,
            binary(&[]),
            "allowedinmemorysettings\n",
        ),
        (
            LOADER,
            0x1400_0006,
            ids,
            "inherit                 {9dea862c-5cdd-4e70-acc1-f32b344d4795} {bootmgr}\n                        \
             {00000000-0000-0000-0000-000000000001}\n",
        ),
        (LOADER, 0x1400_0006, Element::objects(&[]), "inherit\n"),
        (
            LOADER,
            0x1200_0004,
            Element::text("\u{1b}[31m"),
            "description             \\u{1b}[31m\n",
        ),
        (LOADER, 0x1200_0004, Element::text(""), "description\n"),
        // What does not fit the code, which the boot manager refuses.
        (
            LOADER,
            0x1200_0004,
            number(1),
            "description             0100000000000000 (unreadable, stored as REG_BINARY)\n",
        ),
        (
            LOADER,
            0x1100_0001,
            binary(&[1, 2]),
            "device                  0102 (unreadable, stored as REG_BINARY)\n",
        ),
        (
            LOADER,
            0x2600_0010,
            binary(&[0, 1]),
            "detecthal               0001 (unreadable, stored as REG_BINARY)\n",
        ),
        (
            LOADER,
            0x2300_0003,
            Element::text("x"),
            "resumeobject            78000000 (unreadable, stored as REG_SZ)\n",
        ),
        (
            LOADER,
            0x1200_0004,
            bytes(Form::Other(2), &[1]),
            "description             01 (unreadable, stored as type 2)\n",
        ),
        (
            LOADER,
            0x1200_0004,
            bytes(Form::Other(4), &[1]),
            "description             01 (unreadable, stored as REG_DWORD)\n",
        ),
        // No code that is known, or none for such an object.
        (
            0x3000_0000,
            0x3600_0007,
            number(4096),
            "custom:36000007         0010000000000000\n",
        ),
        (
            LOADER,
            0x2400_0001,
            Element::objects(&[]),
            "custom:24000001         0000\n",
        ),
        (
            0x3000_0000,
            0x3500_0007,
            number(1456),
            "ramdisktftpblocksize    1456\n",
        ),
    ] {
        assert_eq!(one(kind, code, element), expected, "{code:#x}");
    }
}

#[test]
fn slashes_are_never_asked_for() {
    let sdi = one(0x3000_0000, 0x3200_0004, Element::text("/sources/boot.wim"));
    assert_eq!(
        sdi,
        "ramdisksdipath          /sources/boot.wim\n                        \
         -> not there: boot managers take backslashes only\n"
    );
}

#[test]
fn objects_have_the_titles_of_bcdedit() {
    for (id, kind, expected) in [
        (0, 0x1010_0001, "Firmware Boot Manager"),
        (0, 0x101f_ffff, "Firmware Application"),
        (0, 0x1020_0002, "Windows Boot Manager"),
        (0, 0x1020_0004, "Resume from Hibernate"),
        (0, 0x1040_0008, "Real-mode Boot Sector"),
        (0, 0x1040_0009, "Object of type 0x10400009"),
        (0, 0x2010_0000, "Object of type 0x20100000"),
        (0, 0x2020_0003, "Boot Loader Settings"),
        (
            0x7ff607e0_4395_11db_b0de_0800200c9a66,
            0x2020_0003,
            "Hypervisor Settings",
        ),
        (
            0x4636856e_540f_4170_a130_a84776f4c654,
            0x2010_0001,
            "Debugger Settings",
        ),
        (0, 0x3000_0000, "Device options"),
        (0, 0, "Object of type 0x00000000"),
    ] {
        let store = Store {
            objects: [(Guid::of_digits(id), Object::new(ObjectKind(kind)))].into(),
            ..Store::default()
        };
        let shown = text(&store, &[], None);
        let (title, line) = shown.split_once('\n').unwrap();
        assert_eq!(title, expected);
        assert_eq!(line.lines().next().unwrap(), "-".repeat(title.len()));
    }
}

/// The form that programs rely on, whole.
#[test]
fn json_stays_as_it_is() {
    let ramdisk = small().element(&LOADER, ElementId::DEVICE).unwrap().clone();
    let digits: String = ramdisk
        .bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let object = Object::new(ObjectKind::OS_LOADER)
        .with(ElementId::DEVICE, ramdisk)
        .with(ElementId::DESCRIPTION, bytes(Form::Binary, &[]))
        .with(ElementId::TIMEOUT, Element::integer(u64::MAX))
        .with(ElementId::WINPE, Element::boolean(true));
    let mut store = Store {
        objects: [(LOADER, object)].into(),
        ..Store::default()
    };
    store.about = [("KeyName".to_owned(), Element::text("B"))].into();
    let shown: Json = serde_json::from_str(&json(&store, &[], Some(&answers))).unwrap();
    let expected = serde_json::json!({
        "objects": [{
            "id": "{2b9f1f6e-0c1d-4f5e-9a57-6d1f0a3c7e11}",
            "name": null,
            "title": "Windows Boot Loader",
            "type": "0x10200003",
            "elements": [
                {
                    "code": "11000001", "name": "device", "form": "REG_BINARY",
                    "value": {
                        "device": "ramdisk", "path": "\\sources\\boot.wim",
                        "options": "{ae5534e0-a924-466c-b836-758539a3ee3a}",
                        "on_boot_device": true,
                    },
                    "bytes": digits,
                    "answer": { "file": "/srv/win11/sources/boot.wim", "size": 7 },
                },
                {
                    "code": "12000004", "name": "description", "form": "REG_BINARY",
                    "value": null, "bytes": "",
                },
                {
                    "code": "25000004", "name": null, "form": "REG_BINARY",
                    "value": u64::MAX, "bytes": "ffffffffffffffff",
                },
                {
                    "code": "26000022", "name": "winpe", "form": "REG_BINARY",
                    "value": true, "bytes": "01",
                },
            ],
            "about": [],
        }],
        "about": [{ "name": "KeyName", "form": "REG_SZ", "bytes": "42000000" }],
        "remarks": [],
    });
    assert_eq!(shown, expected);
    let plain: Json = serde_json::from_str(&json(&small(), &[], None)).unwrap();
    assert_eq!(plain["objects"][0]["name"], "{bootmgr}");
    let elements = plain["objects"].as_array().unwrap().iter();
    let mut elements = elements.flat_map(|object| object["elements"].as_array().unwrap());
    assert!(elements.all(|element| element.get("answer").is_none()));
}

/// Everything of the real stores has a line of text, and its bytes are in the JSON.
#[test]
fn nothing_of_a_real_store_is_left_out() {
    let Some(files) = oracle::real_stores() else {
        return;
    };
    for file in files {
        let store = Store::read(&std::fs::read(&file).unwrap()).unwrap();
        let shown = text(&store, &[], None);
        let elements = || store.objects.values().flat_map(|object| &object.elements);
        assert!(shown.lines().count() >= elements().count(), "{shown}");
        assert!(!shown.contains(" (unreadable"), "{shown}");
        let read: Json = serde_json::from_str(&json(&store, &[], None)).unwrap();
        let objects = read["objects"].as_array().unwrap().iter();
        let shown: usize = objects
            .flat_map(|object| object["elements"].as_array().unwrap())
            .filter(|element| !element["value"].is_null())
            .count();
        assert_eq!(shown, elements().count(), "{}", file.display());
    }
}
