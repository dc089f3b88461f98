//! One tree in every kind of source: all show the same.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use winbootfs::alias::Aliases;
use winbootfs::config::SecureBoot;
use winbootfs::image::{Found, Image};
use winbootfs::layer::{Layer, Watch};
use winbootfs::name::Asked;
use winbootfs::source::dir::{DirSource, OwnMount};
use winbootfs::source::{Identity, Kind, Source};

use crate::made::{KINDS, MANY, Workshop, all, assert_same, few_files, open, plain_files, stored};

/// Every kind of source that can hold the files.
fn sources(workshop: &Workshop) -> Vec<(&'static str, Box<dyn Source>)> {
    let folder = workshop.folder("files", &plain_files());
    let on_disk = DirSource::open(&folder, Arc::new(OwnMount::default()), false).unwrap();
    let mut sources: Vec<(&str, Box<dyn Source>)> = vec![("folder", Box::new(on_disk))];
    for kind in KINDS {
        let image = workshop.image(kind, &folder);
        sources.push((kind, Box::new(open(&image))));
    }
    sources.extend(crate::wim::sources(workshop, &folder));
    sources
}

#[test]
fn every_kind_of_source_shows_the_same_tree() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let wanted = plain_files();
    for (kind, source) in sources(&workshop) {
        assert_same(kind, &all(source.as_ref()), &wanted);
        let many = source.list(&stored("many")).unwrap();
        assert_eq!(many.entries.len(), MANY, "{kind}");
        assert_eq!(many.hidden, [], "{kind}");
        answers_as_every_source_does(kind, source.as_ref());
        tells_files_apart(kind, source.as_ref());
        spells_as_every_source_does(kind, source);
    }
}

fn answers_as_every_source_does(kind: &str, source: &dyn Source) {
    let code = |path: &str| source.look(&stored(path)).unwrap_err().raw_os_error();
    assert_eq!(code("Boot/none"), Some(libc::ENOENT), "{kind}");
    assert_eq!(code("Boot/BCD/none"), Some(libc::ENOTDIR), "{kind}");
    assert_eq!(code("none/none"), Some(libc::ENOENT), "{kind}");
    let error = source.list(&stored("bootmgr")).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOTDIR), "{kind}");
    let error = source.list(&stored("none")).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOENT), "{kind}");
    for folder in ["", "Boot", "Boot/Fonts"] {
        let look = source.look(&stored(folder)).unwrap();
        assert_eq!(look.stat.kind, Kind::Folder, "{kind}");
        let opened = look.open(&look.stat.version).unwrap_err();
        assert_eq!(opened.raw_os_error(), Some(libc::ESTALE), "{kind}");
    }
    reads_any_part(kind, source);
    assert!(!source.renew(), "{kind} is what it was");
}

/// The version alone does, also of files that were made in one second with one size: whoever
/// keeps what is in a file keeps it by that.
fn tells_files_apart(kind: &str, source: &dyn Source) {
    let files = (0..MANY).map(|number| format!("many/file{number:04}.dat"));
    let versions = files.map(|file| source.look(&stored(&file)).unwrap().stat.version);
    let versions: Vec<_> = versions.filter(|version| version.size > 0).collect();
    let each: HashSet<_> = versions.iter().collect();
    assert_eq!(each.len(), versions.len(), "{kind}");
}

/// In any case, and at all places where boot programs look.
fn spells_as_every_source_does(kind: &str, source: Box<dyn Source>) {
    let layer = Arc::new(Layer::new(source, Arc::new(NoWatch)));
    let aliases = Aliases::new([].into_iter(), SecureBoot::default());
    let image = Image::new(vec![layer], Arc::new(aliases));
    for (name, stored) in [
        ("BOOT/bcd", Some("Boot/BCD")),
        ("A/b/C/d/E/f/DEEP.txt", Some("a/b/c/d/e/f/deep.txt")),
        ("Many/FILE0042.dat", Some("many/file0042.dat")),
        ("bcd", Some("Boot/BCD")),
        ("efi/MICROSOFT/boot/BCD", Some("Boot/BCD")),
        ("Boot/boot.WIM", Some("sources/boot.wim")),
        ("fonts/WGL4_Boot.ttf", Some("Boot/Fonts/wgl4_boot.ttf")),
        ("bootmgr.exe", None),
        ("Boot/BCD.LOG", None),
    ] {
        let found = found(&image, name);
        assert_eq!(found.as_deref(), stored, "{kind}: {name}");
    }
}

/// Where the file of that name is really stored.
fn found(image: &Image, name: &str) -> Option<String> {
    let mut folder = image.root();
    for part in name.split('/') {
        match image.find(&folder, &Asked::new(part.as_bytes())).ok()? {
            Found::Folder(below, _) => folder = below,
            Found::File(item) => {
                return String::from_utf8(item.hit.path.as_bytes().to_vec()).ok();
            }
        }
    }
    None
}

#[derive(Debug)]
struct NoWatch;

impl Watch for NoWatch {
    fn watch(&self, _path: &Path, _identity: Identity) -> bool {
        false
    }
}

/// Pieces of every length from every place, over the end and behind it.
fn reads_any_part(kind: &str, source: &dyn Source) {
    let wanted = &plain_files()["Boot/boot.sdi"];
    let look = source.look(&stored("Boot/boot.sdi")).unwrap();
    let file = look.open(&look.stat.version).unwrap();
    let end = wanted.len();
    for from in [0, 1, 2047, 2048, 4095, end - 1, end, end + 1, end + 9999] {
        for length in [0, 1, 2, 2047, 2048, 2049, 65_536, 200_000] {
            let mut buffer = vec![0xAA; length];
            let count = file.read_at(&mut buffer, from as u64).unwrap();
            let part = wanted.get(from..).unwrap_or_default();
            let part = &part[..part.len().min(length)];
            assert!(
                buffer[..count] == *part,
                "{kind}: {length} bytes from {from}"
            );
            assert!(buffer[count..].iter().all(|byte| *byte == 0xAA), "{kind}");
        }
    }
    let far = file.read_at(&mut [0; 10], 1 << 62).unwrap();
    assert_eq!(far, 0, "{kind}");
}

#[test]
fn seven_zip_finds_the_same_in_the_images() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let wanted = few_files();
    let folder = workshop.folder("files", &wanted);
    for kind in KINDS {
        let image = workshop.image(kind, &folder);
        assert_same(kind, &workshop.unpacked(&image, &[]), &wanted);
    }
    let note = workshop.unpacked(&workshop.path("winlike.iso"), &["-tiso"]);
    let names: Vec<_> = note.keys().collect();
    assert_eq!(
        names,
        ["README.TXT"],
        "the ISO 9660 side of a Windows medium"
    );
}
