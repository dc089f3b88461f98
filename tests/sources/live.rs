//! Images that are replaced, cut, damaged and repaired while they are used.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use winbootfs::source::iso::IsoSource;
use winbootfs::source::{ReadAt, Source};

use crate::made::{Workshop, all, assert_same, few_files, open, read, stored};

/// An image of [`few_files`], its source, and another image with other files.
struct Scene {
    workshop: Workshop,
    image: PathBuf,
    source: IsoSource,
    other: PathBuf,
}

const WIM: &str = "sources/boot.wim";

fn scene() -> Option<Scene> {
    let workshop = Workshop::new()?;
    let folder = workshop.folder("files", &few_files());
    let image = workshop.image("winlike", &folder);
    let mut others = few_files();
    others.insert(WIM.to_owned(), vec![7; 123_456]);
    let other = workshop.image("udf", &workshop.folder("others", &others));
    let source = open(&image);
    Some(Scene {
        workshop,
        image,
        source,
        other,
    })
}

impl Scene {
    fn opened(&self) -> Box<dyn ReadAt> {
        let look = self.source.look(&stored(WIM)).unwrap();
        look.open(&look.stat.version).unwrap()
    }

    /// Puts another image in the place of the first.
    fn replace(&self) {
        fs::rename(&self.other, &self.image).unwrap();
    }

    /// What a source says that is looked at once more, and then again.
    fn settle(&self) -> [bool; 3] {
        [
            self.source.renew(),
            self.source.renew(),
            self.source.renew(),
        ]
    }

    fn message(&self) -> String {
        let listed = self.source.list(&stored("")).unwrap_err();
        let looked = self.source.look(&stored("bootmgr")).unwrap_err();
        assert_eq!(listed.to_string(), looked.to_string());
        assert_eq!(listed.raw_os_error(), None, "the errno is EIO");
        let message = listed.to_string();
        assert!(
            message.starts_with(&*self.image.to_string_lossy()),
            "{message}"
        );
        message
    }
}

fn whole(file: &dyn ReadAt) -> io::Result<Vec<u8>> {
    let mut contents = vec![0xAA; 500_000];
    let count = file.read_at(&mut contents, 0)?;
    contents.truncate(count);
    Ok(contents)
}

#[test]
fn a_transfer_ends_from_the_image_it_began_with() {
    let Some(scene) = scene() else {
        return;
    };
    let wanted = &few_files()[WIM];
    let (before, held) = (scene.opened(), scene.source.look(&stored(WIM)).unwrap());
    let mut start = vec![0; 1000];
    before.read_at(&mut start, 0).unwrap();
    scene.replace();
    assert!(whole(before.as_ref()).unwrap() == *wanted);
    assert_eq!(scene.settle(), [false, true, false]);
    assert!(whole(before.as_ref()).unwrap() == *wanted);
    let identity = held.stat.version.identity;
    let held = held.open(&held.stat.version).unwrap();
    assert!(
        whole(held.as_ref()).unwrap() == *wanted,
        "looked at before, opened after"
    );
    let now = scene.source.look(&stored(WIM)).unwrap();
    assert_ne!(now.stat.version.identity, identity);
    assert!(read(&scene.source, WIM).unwrap() == vec![7; 123_456]);
}

#[test]
fn an_image_cut_under_a_transfer_gives_errors_and_no_zeros() {
    let Some(scene) = scene() else {
        return;
    };
    let bytes = fs::read(&scene.image).unwrap();
    let file = scene.opened();
    let look = scene.source.look(&stored(WIM)).unwrap();
    File::options()
        .write(true)
        .open(&scene.image)
        .unwrap()
        .set_len(600_000)
        .unwrap();
    for offset in [0, 1000, 299_000] {
        let read = file.read_at(&mut [0xAA; 1000], offset).unwrap_err();
        assert!(
            matches!(read.raw_os_error(), Some(libc::ESTALE | libc::EIO)),
            "{read}"
        );
    }
    assert!(
        look.open(&look.stat.version).is_err(),
        "looked at before, opened after"
    );
    assert_eq!(scene.settle(), [true, true, false]);
    let message = scene.message();
    assert!(
        message.contains("byte 600000") && message.contains("copy"),
        "{message}"
    );
    fs::write(&scene.image, bytes).unwrap();
    assert_eq!(scene.settle()[1..], [true, false]);
    assert_same("repaired", &all(&scene.source), &few_files());
    assert!(
        file.read_at(&mut [0; 10], 0).is_err(),
        "the version that was opened is gone"
    );
}

#[test]
fn a_damaged_image_comes_back_when_it_is_repaired() {
    let Some(scene) = scene() else {
        return;
    };
    let sound = fs::read(&scene.image).unwrap();
    for (from, to) in [(17, 24), (256, 258), (257, 300), (32, 64)] {
        let mut broken = sound.clone();
        broken[from * 2048..to * 2048].fill(0x55);
        let beside = scene.workshop.path("new.iso");
        for (bytes, is_sound) in [(&broken, false), (&sound, true)] {
            fs::write(&beside, bytes).unwrap();
            fs::rename(&beside, &scene.image).unwrap();
            assert!(
                scene.source.renew() | scene.source.renew(),
                "{from} {is_sound}"
            );
            match is_sound {
                true => assert_same("repaired", &all(&scene.source), &few_files()),
                false if scene.source.list(&stored("")).is_ok() => {
                    assert_same("not damaged after all", &all(&scene.source), &few_files());
                }
                false => assert!(scene.message().contains("byte "), "{}", scene.message()),
            }
        }
    }
}

#[test]
fn an_image_that_is_gone_is_a_fault_until_it_is_back() {
    let Some(scene) = scene() else {
        return;
    };
    let file = scene.opened();
    let aside = scene.workshop.path("aside.iso");
    fs::rename(&scene.image, &aside).unwrap();
    assert_eq!(scene.settle(), [true, false, false]);
    assert!(scene.message().contains("put the image back"));
    assert!(
        whole(file.as_ref()).unwrap() == few_files()[WIM],
        "it is still open"
    );
    fs::rename(&aside, &scene.image).unwrap();
    assert_eq!(scene.settle(), [false, true, false]);
    assert_same("back", &all(&scene.source), &few_files());
}

/// Every file gets a new version then, for contents may have changed with the times set
/// back; but nobody is refused meanwhile.
#[test]
fn an_image_whose_permissions_change_serves_on() {
    let Some(scene) = scene() else {
        return;
    };
    let file = scene.opened();
    fs::set_permissions(&scene.image, Permissions::from_mode(0o640)).unwrap();
    for changed in [false, true, false] {
        assert_eq!(scene.source.renew(), changed);
        assert_same("meanwhile", &all(&scene.source), &few_files());
        assert!(whole(file.as_ref()).unwrap() == few_files()[WIM]);
    }
}

#[test]
fn an_image_that_grows_is_read_when_it_rests() {
    let Some(scene) = scene() else {
        return;
    };
    let bytes = fs::read(&scene.other).unwrap();
    fs::remove_file(&scene.image).unwrap();
    let mut copy = File::create(&scene.image).unwrap();
    let mut changes = 0;
    for piece in bytes.chunks(bytes.len() / 5 + 1) {
        copy.write_all(piece).unwrap();
        changes += usize::from(scene.source.renew());
        assert_same("the old one serves on", &all(&scene.source), &few_files());
    }
    assert_eq!(changes, 0);
    assert_eq!(scene.settle(), [true, false, false]);
    assert!(read(&scene.source, WIM).unwrap() == vec![7; 123_456]);
    copy.write_all(b"more").unwrap();
    assert!(scene.source.renew());
    assert!(
        scene.message().contains("is being written to"),
        "{}",
        scene.message()
    );
    assert_eq!(scene.settle(), [true, false, false]);
}
