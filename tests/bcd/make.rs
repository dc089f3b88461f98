//! Stores made from nothing.

use std::collections::BTreeSet;

use proptest::prelude::*;
use winbootfs::bcd::{
    Device, Element, ElementId, Entry, Form, Guid, MOST_ENTRIES, ObjectKind, Plan, Store, Tftp,
    make, rooted,
};
use winbootfs::program::Firmware;

use crate::server::plan;

/// An element by its code.
type Coded = (u32, Form, Vec<u8>);

/// The objects of `README-minimal.md` beside the real stores, which real boot managers
/// accepted: id, kind and elements.
fn minimal(firmware: Firmware) -> Vec<(&'static str, u32, Vec<Coded>)> {
    let text = |text: &str| {
        let units = text.encode_utf16().chain([0]);
        units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    let mut boot = vec![0; 88];
    (boot[0x10], boot[0x18]) = (5, 0x48);
    let wim = text("\\sources\\boot.wim");
    let mut ramdisk = vec![0; 0x8c];
    let options = [
        0xe0, 0x34, 0x55, 0xae, 0x24, 0xa9, 0x6c, 0x46, 0xb8, 0x36, 0x75, 0x85, 0x39, 0xa3, 0xee,
        0x3a,
    ];
    ramdisk[..16].copy_from_slice(&options);
    for (at, byte) in [
        (0x14, 1),
        (0x18, 0xa0),
        (0x20, 3),
        (0x38, 1),
        (0x3c, 0x78),
        (0x40, 5),
        (0x44, 5),
        (0x4c, 0x48),
    ] {
        ramdisk[at] = byte;
    }
    ramdisk.extend(wim);
    assert_eq!(ramdisk.len(), 176);
    let loader = "{2b9f1f6e-0c1d-4f5e-9a57-6d1f0a3c7e11}";
    let (is_uefi, winload) = match firmware {
        Firmware::Uefi => (true, "\\windows\\system32\\boot\\winload.efi"),
        Firmware::Bios => (false, "\\windows\\system32\\boot\\winload.exe"),
    };
    let list = [text(loader), vec![0, 0]].concat();
    let mut manager = vec![(0x1100_0001, Form::Binary, boot.clone())];
    if is_uefi {
        manager.push((0x1200_0002, Form::Text, text("\\bootmgfw.efi")));
    }
    manager.extend([
        (0x2300_0003, Form::Text, text(loader)),
        (0x2400_0001, Form::Texts, list),
        (0x2500_0004, Form::Binary, vec![0; 8]),
    ]);
    let options = vec![
        (0x3100_0003, Form::Binary, boot),
        (0x3200_0004, Form::Text, text("\\boot\\boot.sdi")),
    ];
    let entry = vec![
        (0x1100_0001, Form::Binary, ramdisk.clone()),
        (0x1200_0002, Form::Text, text(winload)),
        (0x1200_0004, Form::Text, text("Network boot image")),
        (0x2100_0001, Form::Binary, ramdisk),
        (0x2200_0002, Form::Text, text("\\windows")),
        (0x2600_0010, Form::Binary, vec![1]),
        (0x2600_0022, Form::Binary, vec![1]),
    ];
    vec![
        (loader, 0x1020_0003, entry),
        (
            "{9dea862c-5cdd-4e70-acc1-f32b344d4795}",
            0x1010_0002,
            manager,
        ),
        (
            "{ae5534e0-a924-466c-b836-758539a3ee3a}",
            0x3000_0000,
            options,
        ),
    ]
}

#[test]
fn a_store_is_what_boot_managers_accepted() {
    for firmware in [Firmware::Bios, Firmware::Uefi] {
        let store = make(&plan(firmware));
        let objects = store.objects.iter().map(|(id, object)| {
            let elements = object.elements.iter();
            let elements = elements
                .map(|(id, element)| (id.0, element.form, element.bytes.clone()))
                .collect::<Vec<_>>();
            (id.to_string(), object.kind.0, elements)
        });
        let expected = minimal(firmware);
        let expected = expected.into_iter();
        let expected = expected.map(|(id, kind, elements)| (id.to_owned(), kind, elements));
        assert_eq!(
            objects.collect::<Vec<_>>(),
            expected.collect::<Vec<_>>(),
            "{firmware}"
        );
    }
}

#[test]
fn paths_get_backslashes() {
    for (path, expected) in [
        ("sources/boot.wim", "\\sources\\boot.wim"),
        ("/sources/boot.wim", "\\sources\\boot.wim"),
        ("\\sources\\boot.wim", "\\sources\\boot.wim"),
        ("boot.wim", "\\boot.wim"),
        ("\\/a\\b/c", "\\a\\b\\c"),
    ] {
        assert_eq!(rooted(path), expected);
        assert_eq!(rooted(&rooted(path)), expected);
    }
    let slashed = Plan {
        program: Some("EFI/Boot/bootx64.efi".to_owned()),
        sdi: "boot/boot.sdi".to_owned(),
        entries: vec![Entry {
            wim: "sources/boot.wim".to_owned(),
            description: "PE".to_owned(),
        }],
        ..plan(Firmware::Uefi)
    };
    let expected = Plan {
        program: Some("\\EFI\\Boot\\bootx64.efi".to_owned()),
        sdi: "\\boot\\boot.sdi".to_owned(),
        entries: vec![Entry {
            wim: "\\sources\\boot.wim".to_owned(),
            description: "PE".to_owned(),
        }],
        ..plan(Firmware::Uefi)
    };
    assert_eq!(make(&slashed), make(&expected));
    assert_eq!(read_back(&make(&slashed), Firmware::Uefi), Some(expected));
}

#[test]
fn nothing_graphical_is_in_a_store() {
    for (_, object) in make(&plan(Firmware::Uefi)).objects {
        let codes: Vec<ElementId> = object.elements.into_keys().collect();
        assert!(!codes.contains(&ElementId::BOOT_MENU_POLICY), "{codes:?}");
        assert!(!codes.contains(&ElementId::LOCALE), "{codes:?}");
    }
}

/// The plan that a store was made of, from what a boot manager reads.
fn read_back(store: &Store, firmware: Firmware) -> Option<Plan> {
    let manager = store.boot_manager()?;
    let options = store.objects.get(&Guid::RAMDISK_OPTIONS)?;
    let shown = manager.elements.get(&ElementId::DISPLAY_ORDER);
    let shown = shown.and_then(Element::as_objects).unwrap_or_default();
    let default = manager.elements.get(&ElementId::DEFAULT);
    assert_eq!(default.and_then(Element::as_object), shown.first().copied());
    let entry = |id| {
        let loader = store.objects.get(id)?;
        assert_eq!(loader.kind, ObjectKind::OS_LOADER);
        assert_eq!(
            loader.elements.get(&ElementId::DEVICE),
            loader.elements.get(&ElementId::OS_DEVICE)
        );
        let path = loader.text(ElementId::PATH)?;
        assert_eq!(path.ends_with(".efi"), firmware == Firmware::Uefi);
        match loader.device(ElementId::DEVICE)? {
            Device::Ramdisk { path: wim, options } => {
                assert_eq!(options, Guid::RAMDISK_OPTIONS);
                let description = loader.text(ElementId::DESCRIPTION)?;
                Some(Entry { wim, description })
            }
            other => panic!("{other:?}"),
        }
    };
    Some(Plan {
        firmware,
        program: manager.text(ElementId::PATH),
        sdi: options.text(ElementId::SDI_PATH)?,
        entries: shown.iter().map(entry).collect::<Option<_>>()?,
        timeout: manager.integer(ElementId::TIMEOUT)?,
        tftp: Tftp {
            block_size: options.integer(ElementId::TFTP_BLOCK_SIZE),
            window_size: options.integer(ElementId::TFTP_WINDOW_SIZE),
        },
    })
}

fn entries() -> impl Strategy<Value = Vec<(String, String)>> {
    let entry = || (path(), "[a-zA-Z ()0-9]{1,30}");
    prop_oneof![
        9 => proptest::collection::vec(entry(), 0..6),
        1 => proptest::collection::vec(entry(), MOST_ENTRIES),
    ]
}

fn path() -> impl Strategy<Value = String> {
    "(\\\\[a-zA-Z0-9_. \u{e4}\u{4e2d}]{1,12}){1,4}"
}

prop_compose! {
    pub(crate) fn plans()(
        is_uefi in any::<bool>(),
        program in proptest::option::of(path()),
        sdi in path(),
        entries in entries(),
        timeout in any::<u64>(),
        block_size in any::<Option<u64>>(),
        window_size in any::<Option<u64>>(),
    ) -> Plan {
        let entries = entries.into_iter();
        Plan {
            firmware: if is_uefi { Firmware::Uefi } else { Firmware::Bios },
            program: program.filter(|_| is_uefi),
            sdi,
            entries: entries.map(|(wim, description)| Entry { wim, description }).collect(),
            timeout,
            tftp: Tftp { block_size, window_size },
        }
    }
}

proptest! {
    /// Whatever is planned stands in the store as it is read, and every entry is an object of
    /// its own.
    #[test]
    fn a_store_says_what_was_planned(plan in plans()) {
        let store = make(&plan);
        let read = Store::read(&store.write());
        let back = read_back(&read.unwrap(), plan.firmware);
        prop_assert_eq!(back.as_ref(), Some(&plan));
        prop_assert_eq!(&make(&plan), &store);
        let ids: BTreeSet<&Guid> = store.objects.keys().collect();
        prop_assert_eq!(ids.len(), plan.entries.len() + 2);
    }
}
