//! Names of every kind, and what is hidden.

use std::fs;
use std::os::unix::fs::symlink;

use winbootfs::source::Source;

use crate::made::{Files, Workshop, all, assert_same, bytes, few_files, open, stored};

#[test]
fn names_in_any_script_survive() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let names = [
        "F\u{fc}\u{df}chen/gr\u{f6}\u{df}e.txt",
        "\u{417}\u{430}\u{433}\u{440}\u{443}\u{437}\u{43a}\u{430}/\u{3b1}\u{3b2}.bin",
        "\u{65e5}\u{672c}\u{8a9e}/\u{8d77}\u{52d5}.dat",
        "with space/and 'quotes'.txt",
        "a name of sixty characters that older programs would cut.txt",
    ];
    let files: Files = names
        .iter()
        .zip(1..)
        .map(|(name, seed)| ((*name).to_owned(), bytes(seed, 100)))
        .collect();
    let folder = workshop.folder("files", &files);
    for kind in ["joliet", "rock ridge", "udf", "winlike"] {
        let image = workshop.image(kind, &folder);
        assert_same(kind, &all(&open(&image)), &files);
    }
}

#[test]
fn symbolic_links_are_hidden_and_deep_folders_stay_in_their_place() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let mut files = few_files();
    files.insert("1/2/3/4/5/6/7/8/9/10/deep.txt".to_owned(), bytes(7, 100));
    let folder = workshop.folder("files", &files);
    symlink("bootmgr", folder.join("link")).unwrap();
    for kind in ["rock ridge", "links"] {
        let source = open(&workshop.image(kind, &folder));
        assert_same(kind, &all(&source), &files);
        let root = source.list(&stored("")).unwrap();
        let hidden: Vec<_> = root
            .hidden
            .iter()
            .map(|hidden| (&*hidden.name, hidden.why))
            .collect();
        assert_eq!(hidden, [(&b"link"[..], "is a symbolic link")], "{kind}");
        let look = source.look(&stored("link")).unwrap_err();
        assert_eq!(look.raw_os_error(), Some(libc::ENOENT), "{kind}");
    }
}

/// The parser would search the whole image for each of them.
#[test]
fn thousands_of_hard_links_are_no_burden() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let folder = workshop.folder("files", &few_files());
    for number in 0..2000 {
        fs::hard_link(
            folder.join("bootmgr"),
            folder.join(format!("Boot/link{number}")),
        )
        .unwrap();
    }
    let source = open(&workshop.image("links", &folder));
    let files = all(&source);
    assert_eq!(files.len(), few_files().len() + 2000);
    assert!(
        files
            .iter()
            .all(|(name, bytes)| !name.contains("link") || *bytes == files["bootmgr"])
    );
}

#[test]
fn the_description_says_what_it_is() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let folder = workshop.folder("files", &few_files());
    for (kind, wanted) in [
        ("plain", "ISO 9660, label WINPE, 8 files"),
        ("joliet", "ISO 9660 with Joliet, label WINPE, 8 files"),
        (
            "rock ridge",
            "ISO 9660 with Rock Ridge, label WINPE, 8 files",
        ),
        ("udf", "UDF 1.02, label WINPE, 8 files"),
        ("winlike", "UDF 1.02, label WINPE, 8 files"),
    ] {
        assert_eq!(open(&workshop.image(kind, &folder)).description(), wanted);
    }
}
