//! Stores that the tests make.

use crate::cells::Hive;
use winbootfs::bcd::{Device, Element, ElementId, Form, Guid, Object, ObjectKind, Store};

pub(crate) const LOADER: Guid = Guid::of_digits(0x2b9f1f6e_0c1d_4f5e_9a57_6d1f0a3c7e11);

fn device(device: &Device) -> Element {
    Element::device(device).unwrap()
}

/// A boot manager, one loader and the options of its RAM disk.
pub(crate) fn small() -> Store {
    let ramdisk = device(&Device::Ramdisk {
        path: "\\sources\\boot.wim".to_owned(),
        options: Guid::RAMDISK_OPTIONS,
    });
    let boot_manager = Object::new(ObjectKind::BOOT_MANAGER)
        .with(ElementId::DEVICE, device(&Device::Boot))
        .with(ElementId::PATH, Element::text("\\bootmgfw.efi"))
        .with(ElementId::DESCRIPTION, Element::text("A boot manager"))
        .with(ElementId::DEFAULT, Element::object(LOADER))
        .with(ElementId::DISPLAY_ORDER, Element::objects(&[LOADER]))
        .with(ElementId::TIMEOUT, Element::integer(30));
    let winload = "\\windows\\system32\\boot\\winload.efi";
    let loader = Object::new(ObjectKind::OS_LOADER)
        .with(ElementId::DEVICE, ramdisk.clone())
        .with(ElementId::OS_DEVICE, ramdisk)
        .with(ElementId::PATH, Element::text(winload))
        .with(ElementId::DESCRIPTION, Element::text("Rescue \u{2713}"))
        .with(ElementId::SYSTEM_ROOT, Element::text("\\windows"))
        .with(ElementId::WINPE, Element::boolean(true));
    let options = Object::new(ObjectKind::DEVICE_OPTIONS)
        .with(ElementId::SDI_DEVICE, device(&Device::Boot))
        .with(ElementId::SDI_PATH, Element::text("\\boot\\boot.sdi"));
    Store {
        objects: [
            (Guid::BOOT_MANAGER, boot_manager),
            (LOADER, loader),
            (Guid::RAMDISK_OPTIONS, options),
        ]
        .into(),
        ..Store::default()
    }
}

/// With values of every form and length, and names in both ways.
pub(crate) fn rich() -> Store {
    let mut store = small();
    let wide = ("\u{540d}".to_owned(), Element::text("x"));
    store.about.extend([wide]);
    let mut object = Object::new(ObjectKind::RESUME);
    let forms = [Form::Binary, Form::Text, Form::Texts, Form::Other(4)];
    for (form, number) in forms.into_iter().cycle().zip(0..12) {
        let bytes = vec![b'a'; number as usize * 3];
        let code = ElementId(0x1100_0000 + number * 0x0110_0001);
        object.elements.insert(code, Element { form, bytes });
    }
    let long = vec![0xe4; 3000];
    let form = Form::Other(0);
    object.about = [("\u{e4}".to_owned(), Element { form, bytes: long })].into();
    store.objects.insert(Guid::of_digits(1), object);
    store
}

/// With so many objects that they need a list of lists.
pub(crate) fn wide() -> Store {
    let empty = |number| (Guid::of_digits(number), Object::new(ObjectKind(0)));
    Store {
        objects: (0..510).map(empty).collect(),
        ..rich()
    }
}

/// The right checksum in the header, after something there was changed.
pub(crate) fn mend(bytes: &mut [u8]) {
    let words = bytes[..508].chunks(4);
    let words = words.map(|word| u32::from_le_bytes(word.try_into().unwrap()));
    let sum = match words.fold(0, |sum, word| sum ^ word) {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        sum => sum,
    };
    bytes[508..512].copy_from_slice(&sum.to_le_bytes());
}

/// The same hive with lists that have hashes.
pub(crate) fn hashed(bytes: &[u8]) -> Vec<u8> {
    let hive = Hive::new(bytes);
    let mut hashed = bytes.to_vec();
    for (list, key) in hive.keys.iter().filter_map(|key| Some((key.list?, key))) {
        let at = Hive::in_file(list);
        hashed[at..at + 2].copy_from_slice(b"lh");
        for (number, (below, _)) in key.subkeys.iter().enumerate() {
            let below = hive.keys.iter().find(|key| key.at == *below).unwrap();
            let at = at + 8 + number * 8;
            hashed[at..at + 4].copy_from_slice(&hash(&below.name).to_le_bytes());
        }
    }
    hashed
}

fn hash(name: &str) -> u32 {
    let letters = name.bytes().map(|letter| letter.to_ascii_uppercase());
    letters.fold(0, |hash: u32, letter| {
        hash.wrapping_mul(37).wrapping_add(letter.into())
    })
}
