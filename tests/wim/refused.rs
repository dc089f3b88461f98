//! WIMs that are good and are not read say why.

use std::fs;

use crate::medium::refusal;
use crate::sources::{Workshop, many, small};

#[test]
fn a_kind_that_is_not_read_is_refused_by_its_name() {
    let Some(workshop) = Workshop::new(&many(20)) else {
        return;
    };
    let refused = |options: &[&str]| refusal(workshop.capture(options));
    assert_eq!(
        refused(&["--compress=LZMS"]),
        "is LZMS-compressed; boot images are LZX or XPRESS"
    );
    assert_eq!(
        refused(&["--pipable"]),
        "is pipable; make it an ordinary one with `wimlib-imagex optimize FILE --not-pipable`"
    );
    let solid = refused(&["--solid", "--solid-compress=LZX", "--compress=LZX"]);
    assert!(solid.starts_with("is solid, as install.esd is;"), "{solid}");
    let usual = refused(&["--solid"]);
    assert!(
        usual.starts_with("is LZMS-compressed;") || usual.starts_with("is solid"),
        "{usual}"
    );
}

/// What the refusals say to do does it.
#[test]
fn the_advice_is_right() {
    let Some(workshop) = Workshop::new(&many(20)) else {
        return;
    };
    workshop.capture(&["--pipable"]);
    workshop.imagex(&["optimize", "made.wim", "--not-pipable"]);
    crate::medium::open(fs::read(workshop.path("made.wim")).unwrap());
    workshop.capture(&["--solid"]);
    workshop.imagex(&["export", "made.wim", "all", "new.wim", "--compress=LZX"]);
    crate::medium::open(fs::read(workshop.path("new.wim")).unwrap());
}

#[test]
fn a_part_of_a_split_wim_says_which_it_is() {
    let Some(workshop) = Workshop::new(&small()) else {
        return;
    };
    workshop.capture(&["--compress=none"]);
    workshop.imagex(&["split", "made.wim", "part.swm", "0.2"]);
    let part = |name: &str| refusal(fs::read(workshop.path(name)).unwrap());
    let (first, second) = (part("part.swm"), part("part2.swm"));
    assert!(first.starts_with("is part 1 of "), "{first}");
    assert!(second.starts_with("is part 2 of "), "{second}");
    assert!(
        first.ends_with("put it together with `wimlib-imagex join`"),
        "{first}"
    );
}

#[test]
fn what_is_no_wim_says_what_it_begins_with() {
    assert_eq!(
        refusal(b"MZ\x90\0\x03 and a program".to_vec()),
        "is no WIM: it should begin with \"MSWIM\", and begins with \"MZ\\x90\\u{0}\\u{3} an\""
    );
    assert_eq!(
        refusal(Vec::new()),
        "is no WIM: it should begin with \"MSWIM\", and begins with \"\""
    );
    assert_eq!(
        refusal(b"MSWIM\0\0\0\xd0\0\0\0".to_vec()),
        "is damaged at byte 0: what follows should be 208 bytes, and is the end of the file, of \
         12 bytes"
    );
}
