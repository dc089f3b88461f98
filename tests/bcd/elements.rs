//! Ids, codes, values and devices: from what is meant to bytes, and back.

use proptest::prelude::*;
use winbootfs::bcd::{Device, Element, ElementId, Form, Guid};

fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

/// By ../shared/boot-traces/BCD.md, chapter 4.
#[test]
fn devices_have_the_bytes_that_boot_managers_take() {
    let boot = [bytes("05000000 00000000 48000000 00000000"), vec![0; 56]].concat();
    let whole = [vec![0; 16], boot.clone()].concat();
    assert_eq!(Device::Boot.to_bytes(), Some(whole.clone()));
    assert_eq!(Device::read(&whole), Some(Device::Boot));
    let ramdisk = Device::Ramdisk {
        path: "\\sources\\boot.wim".to_owned(),
        options: Guid::SETUP_RAMDISK_OPTIONS,
    };
    let path = "\\sources\\boot.wim\0".encode_utf16();
    let path: Vec<u8> = path.flat_map(u16::to_le_bytes).collect();
    let expected = [
        bytes("c8dc1976 fefa d911 b411 000476eba25f"),
        bytes("00000000 01000000 a0000000 00000000"),
        bytes("03000000 00000000 00000000 00000000 00000000 00000000"),
        bytes("01000000 78000000 05000000"),
        boot,
        path,
    ];
    assert_eq!(ramdisk.to_bytes(), Some(expected.concat()));
}

/// Tools leave something in the place, length and offset of a RAM disk.
#[test]
fn leftovers_are_read_over() {
    let ramdisk = Device::Ramdisk {
        path: "\\a.wim".to_owned(),
        options: Guid::RAMDISK_OPTIONS,
    };
    let mut left = ramdisk.to_bytes().unwrap();
    left[36..56].fill(0x5a);
    assert_eq!(Device::read(&left), Some(ramdisk.clone()));
    for length in 0..140 {
        assert_eq!(Device::read(&left[..length]), None, "{length}");
    }
    left.truncate(140);
    let nameless = Device::read(&left);
    assert!(matches!(nameless, Some(Device::Ramdisk { path, .. }) if path.is_empty()));
}

#[test]
fn ids_are_read_in_any_case_and_never_by_halves() {
    let text = "{9DEA862C-5cdd-4e70-acc1-f32b344d4795}";
    assert_eq!(text.parse(), Ok(Guid::BOOT_MANAGER));
    assert_eq!(Guid::BOOT_MANAGER.to_string(), text.to_lowercase());
    for wrong in [
        "",
        "{}",
        "9dea862c-5cdd-4e70-acc1-f32b344d4795",
        "{9dea862c-5cdd-4e70-acc1-f32b344d479}",
        "{9dea862c5cdd-4e70-acc1-f32b344d4795}",
        "{9dea862c-5cdd-4e70-acc1-f32b344d47g5}",
        "{+dea862c-5cdd-4e70-acc1-f32b344d4795}",
    ] {
        assert!(wrong.parse::<Guid>().is_err(), "{wrong}");
    }
}

#[test]
fn forms_by_the_second_digit_of_a_code() {
    for (code, form) in [
        (0x1100_0001, Some(Form::Binary)),
        (0x1200_0002, Some(Form::Text)),
        (0x2300_0003, Some(Form::Text)),
        (0x2400_0001, Some(Form::Texts)),
        (0x3500_0007, Some(Form::Binary)),
        (0x3600_000b, Some(Form::Binary)),
        (0x1700_0077, Some(Form::Binary)),
        (0x1000_0000, None),
        (0x1800_0000, None),
    ] {
        assert_eq!(ElementId(code).form(), form, "{code:#x}");
    }
    assert_eq!(ElementId(0x2500_00c2).to_string(), "250000c2");
}

/// Media have numbers of 1 and 3 bytes.
#[test]
fn numbers_may_be_short() {
    let number = |digits: &str| {
        let element = Element {
            form: Form::Binary,
            bytes: bytes(digits),
        };
        element.as_integer()
    };
    assert_eq!(number("1e"), Some(30));
    assert_eq!(number("00c201"), Some(115_200));
    assert_eq!(number("ffffffffffffffff"), Some(u64::MAX));
    assert_eq!(number(""), None);
    assert_eq!(number("000000000000000000"), None);
    let text = Element {
        form: Form::Text,
        bytes: vec![1],
    };
    assert_eq!(
        (text.as_integer(), text.as_boolean(), text.as_device()),
        (None, None, None)
    );
}

#[test]
fn texts_end_at_the_first_zero() {
    let stored = |form, text: &str| Element {
        form,
        bytes: text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    };
    assert_eq!(stored(Form::Text, "a\0b\0").as_text().as_deref(), Some("a"));
    assert_eq!(
        stored(Form::Text, "no end").as_text().as_deref(),
        Some("no end")
    );
    assert_eq!(stored(Form::Text, "").as_text().as_deref(), Some(""));
    assert_eq!(stored(Form::Binary, "a").as_text(), None);
    let id = Guid::BOOT_MANAGER;
    let list = stored(Form::Texts, &format!("{id}\0no id\0{id}\0\0{id}\0"));
    assert_eq!(list.as_objects(), Some(vec![id, id]));
    assert_eq!(stored(Form::Text, &format!("{id}\0")).as_object(), Some(id));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_put_in_comes_out(
        text in "[^\0]{0,40}",
        number: u64,
        yes: bool,
        ids in proptest::collection::vec(any::<u128>(), 0..5),
    ) {
        let ids: Vec<Guid> = ids.into_iter().map(Guid::of_digits).collect();
        prop_assert_eq!(Element::text(&text).as_text(), Some(text.clone()));
        prop_assert_eq!(Element::integer(number).as_integer(), Some(number));
        prop_assert_eq!(Element::boolean(yes).as_boolean(), Some(yes));
        prop_assert_eq!(Element::objects(&ids).as_objects(), Some(ids.clone()));
        for id in &ids {
            prop_assert_eq!(Element::object(*id).as_object(), Some(*id));
            prop_assert_eq!(Guid::from_device(id.to_device()), *id);
            prop_assert_eq!(id.to_string().parse(), Ok(*id));
            let device = Device::Ramdisk { path: text.clone(), options: *id };
            prop_assert_eq!(Element::device(&device).unwrap().as_device(), Some(device));
        }
    }

    /// Ids are in the order of their texts.
    #[test]
    fn ids_are_sorted_as_texts(one: u128, other: u128) {
        let (one, other) = (Guid::of_digits(one), Guid::of_digits(other));
        prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
    }

    #[test]
    fn any_bytes_are_some_device_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Some(Device::Ramdisk { path, .. }) = Device::read(&bytes) {
            prop_assert!(path.len() < 200);
        }
    }
}
