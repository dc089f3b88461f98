//! A file of more than 4 GiB: more than one extent holds, in both formats.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::Command;

use winbootfs::source::Source;

use crate::made::{Workshop, open, stored};

const SIZE: u64 = (4 << 30) + (200 << 20) + 4321;

/// Places worth a look: both ends, and where 32 bits and the extents of UDF end.
const MARKS: [u64; 6] = [
    0,
    (1 << 30) - 8,
    (2 << 30) - 2048,
    (4 << 30) - 5,
    4 << 30,
    SIZE - 16,
];

#[test]
fn a_file_of_more_than_4_gib_is_whole() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let folder = workshop.path("large");
    fs::create_dir(&folder).unwrap();
    let file = File::create(folder.join("install.wim")).unwrap();
    file.set_len(SIZE).unwrap();
    for mark in MARKS {
        file.write_all_at(&mark.to_be_bytes().map(|byte| !byte), mark)
            .unwrap();
    }
    fs::write(folder.join("after.txt"), "behind it").unwrap();
    for (maker, format) in [
        (
            "genisoimage -quiet -udf -allow-limited-size -iso-level 3",
            "UDF",
        ),
        ("xorriso -as mkisofs -quiet -iso-level 3 -R", "ISO 9660"),
    ] {
        let image = workshop.path("large.iso");
        // Through a pipe that leaves out the zeros, or it would fill the disk.
        let line =
            format!("set -o pipefail; {maker} \"$0\" | dd bs=1M conv=sparse status=none of=\"$1\"");
        let made = Command::new("bash")
            .arg("-c")
            .arg(line)
            .args([&folder, &image])
            .status();
        assert!(made.unwrap().success(), "{maker}");
        let source = open(&image);
        assert!(
            source.description().starts_with(format),
            "{}",
            source.description()
        );
        holds_the_marks(&source);
        fs::remove_file(image).unwrap();
    }
}

fn holds_the_marks(source: &dyn Source) {
    let look = source.look(&stored("install.wim")).unwrap();
    assert_eq!(look.stat.version.size, SIZE);
    let large = look.open(&look.stat.version).unwrap();
    for mark in MARKS {
        let mut buffer = [0xAA; 40];
        let from = mark.saturating_sub(16);
        let count = large.read_at(&mut buffer, from).unwrap();
        let mut wanted = [0; 40];
        let at = (mark - from) as usize;
        wanted[at..at + 8].copy_from_slice(&mark.to_be_bytes().map(|byte| !byte));
        // Two marks lie close together.
        let neighbour = [(4 << 30) - 5, 4 << 30].contains(&mark);
        assert!(
            neighbour || buffer[..count] == wanted[..count],
            "at {mark}: {buffer:?}"
        );
        assert_eq!(&buffer[at..at + 5], &wanted[at..at + 5], "at {mark}");
    }
    let look = source.look(&stored("after.txt")).unwrap();
    let after = look.open(&look.stat.version).unwrap();
    let mut buffer = [0; 20];
    assert_eq!(after.read_at(&mut buffer, 0).unwrap(), 9);
    assert_eq!(&buffer[..9], b"behind it");
}
