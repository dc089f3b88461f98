//! What a WIM says of itself in XML is for people: one that says it badly is read all the same.

use winbootfs::wim::ImageInfo;

use crate::made::{self, SECOND_LIST, file, folder, metadata, plain};
use crate::medium::{open, refusal};

const BYTES: &[u8] = b"some bytes of a file";

fn with_text(xml: &[u8]) -> Vec<u8> {
    let entries = metadata(&[&[folder("", SECOND_LIST)], &[file("file", BYTES)]]);
    made::written(made::NONE, &entries, &[plain(BYTES)], xml)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

const GOOD: &str = "\u{feff}<WIM><IMAGE INDEX=\"1\"><NAME>PE</NAME></IMAGE></WIM>";

#[test]
fn a_wim_whose_text_cannot_be_read_is_read_without_it() {
    let cut = &GOOD[..GOOD.len() - 8];
    let long = format!("<WIM>{}</WIM>", " ".repeat(600_000));
    for (xml, why) in [
        (Vec::new(), "there is none"),
        (utf16(cut), "unexpected end of stream"),
        (utf16("<\u{202e}\u{7}>"), "1:2"),
        (
            GOOD.as_bytes().to_vec(),
            "it is UTF-8, and should be UTF-16",
        ),
        (
            utf16(&long),
            "it is too large: its XML data should be at most 1048576, and is 1200022",
        ),
    ] {
        let wim = open(with_text(&xml));
        let said = wim.nameless().unwrap();
        let begin = "its XML data cannot be read, at byte 568: ";
        assert!(said.starts_with(begin) && said.contains(why), "{said}");
        assert!(!said.contains(['\u{202e}', '\u{7}']), "{said:?}");
        let nameless = ImageInfo {
            index: 1,
            ..ImageInfo::default()
        };
        assert_eq!(wim.images(), [nameless], "{why}");
        let tree = wim.tree(1).unwrap();
        let mut buffer = [0; 20];
        let blob = tree.find(b"file").unwrap().open().unwrap();
        assert_eq!(blob.read_at(&mut buffer, 0).unwrap(), 20);
        assert_eq!(buffer, BYTES);
    }
    assert_eq!(open(with_text(&utf16(GOOD))).nameless(), None);
}

/// It lies behind all the rest: so it is where the file was not copied whole.
#[test]
fn a_text_that_is_not_there_yet_is_damage() {
    let mut bytes = with_text(&utf16(GOOD));
    bytes[568..].fill(0);
    assert_eq!(
        refusal(bytes.clone()),
        "is damaged at byte 568: its XML data should be a text, and is zeros"
    );
    bytes.truncate(bytes.len() - 4);
    let said = refusal(bytes);
    assert!(
        said.starts_with("is damaged at byte 72: a resource should be within"),
        "{said}"
    );
}
