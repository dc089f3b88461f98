//! Trees of files, and the images that genisoimage and xorriso make of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use winbootfs::source::dir::OwnMount;
use winbootfs::source::iso::IsoSource;
use winbootfs::source::{Kind, Source, StoredPath};

use crate::media;

/// Files by their paths.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// How many files the folder `many` of [`plain_files`] has.
pub(crate) const MANY: usize = 5000;

/// The kinds of images, all of which can hold [`plain_files`].
pub(crate) const KINDS: [&str; 5] = ["plain", "joliet", "rock ridge", "udf", "winlike"];

/// Bytes that are the same in every run (SplitMix64), and not for every seed.
pub(crate) fn bytes(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    let numbers = std::iter::repeat_with(|| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    });
    numbers.flat_map(u64::to_le_bytes).take(count).collect()
}

/// A few files, with names that every format can hold.
pub(crate) fn few_files() -> Files {
    let sizes = [
        ("bootmgr", 20_000),
        ("Boot/BCD", 12_288),
        ("Boot/boot.sdi", 70_001),
        ("Boot/Fonts/wgl4_boot.ttf", 2048),
        ("EFI/Microsoft/Boot/efisys.bin", 2049),
        ("sources/boot.wim", 300_000),
        ("sources/empty.txt", 0),
        ("a/b/c/d/e/f/deep.txt", 1),
    ];
    let files = sizes.iter().zip(1..);
    files
        .map(|((name, size), seed)| ((*name).to_owned(), bytes(seed, *size)))
        .collect()
}

/// The same with a folder of [`MANY`] files.
pub(crate) fn plain_files() -> Files {
    let mut files = few_files();
    files.extend((0..MANY).map(|number| {
        let name = format!("many/file{number:04}.dat");
        (name, bytes(number as u64, number % 7))
    }));
    files
}

/// A folder for what a test makes.
pub(crate) struct Workshop {
    folder: tempfile::TempDir,
}

impl Workshop {
    /// Where the programs are missing, says which.
    pub(crate) fn new() -> Option<Self> {
        for program in ["genisoimage", "xorriso", "7zz"] {
            let found = Command::new(program).arg("--help").output();
            crate::skip::or_skip(found.map_err(|error| format!("{program}: {error}")))?;
        }
        let folder = tempfile::tempdir().unwrap();
        Some(Self { folder })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The files as a folder on disk.
    pub(crate) fn folder(&self, name: &str, files: &Files) -> PathBuf {
        let root = self.path(name);
        fs::create_dir_all(&root).unwrap();
        for (path, contents) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }
        root
    }

    /// An image of one of the [`KINDS`], of the files in a folder.
    pub(crate) fn image(&self, kind: &str, folder: &Path) -> PathBuf {
        let image = self.path(&format!("{kind}.iso"));
        let (program, options) = maker(kind);
        let made = Command::new(program)
            .args(options.split(' '))
            .args(["-V", "WINPE", "-o"])
            .arg(&image)
            .arg(folder)
            .output();
        succeeded(&made.unwrap());
        if kind == "winlike" {
            media::hide_behind_a_note(&image).unwrap();
        }
        image
    }

    /// What 7-Zip finds in an image, by unpacking it.
    pub(crate) fn unpacked(&self, image: &Path, options: &[&str]) -> Files {
        let to = self.path("unpacked");
        let mut unpack = Command::new("7zz");
        let unpack = unpack
            .arg("x")
            .args(options)
            .arg("-y")
            .arg(format!("-o{}", to.display()));
        succeeded(&unpack.arg(image).output().unwrap());
        let mut files = Files::new();
        gather(&to, "", &mut files);
        fs::remove_dir_all(to).unwrap();
        files
    }
}

/// Microsoft's own maker is not to be had here. Its images are UDF, with an ISO 9660 side
/// that holds nothing but a note: see [`media`].
fn maker(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "plain" => ("genisoimage", "-quiet -iso-level 3 -allow-lowercase"),
        "joliet" => ("genisoimage", "-quiet -iso-level 3 -J -joliet-long"),
        "rock ridge" => ("xorriso", "-as mkisofs -quiet -iso-level 3 -R"),
        "links" => ("genisoimage", "-quiet -iso-level 3 -R -cache-inodes"),
        "udf" => ("genisoimage", "-quiet -iso-level 3 -udf -J -R"),
        "winlike" => ("genisoimage", "-quiet -iso-level 3 -udf"),
        other => panic!("no image is called {other}"),
    }
}

fn succeeded(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// All files beneath a folder on disk.
pub(crate) fn gather(folder: &Path, above: &str, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{above}{}", entry.file_name().into_string().unwrap());
        match entry.file_type().unwrap().is_dir() {
            true => gather(&entry.path(), &format!("{name}/"), files),
            false => drop(files.insert(name, fs::read(entry.path()).unwrap())),
        }
    }
}

pub(crate) fn open(image: &Path) -> IsoSource {
    IsoSource::open(image, Arc::new(OwnMount::default())).unwrap()
}

pub(crate) fn stored(path: &str) -> StoredPath {
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.fold(StoredPath::root(), |path, part| path.join(part.as_bytes()))
}

/// The bytes of a file of a source.
pub(crate) fn read(source: &dyn Source, path: &str) -> std::io::Result<Vec<u8>> {
    let look = source.look(&stored(path))?;
    let mut contents = vec![0xAA; usize::try_from(look.stat.version.size).unwrap()];
    let file = look.open(&look.stat.version)?;
    let count = file.read_at(&mut contents, 0)?;
    assert_eq!(count, contents.len(), "{path} is short");
    Ok(contents)
}

/// All files of a source.
pub(crate) fn all(source: &dyn Source) -> Files {
    let mut files = Files::new();
    let mut ahead = vec![(StoredPath::root(), String::new())];
    while let Some((folder, above)) = ahead.pop() {
        for entry in source.list(&folder).unwrap().entries {
            let name = format!("{above}{}", String::from_utf8(entry.name.to_vec()).unwrap());
            match entry.kind {
                Kind::Folder => ahead.push((folder.join(&entry.name), format!("{name}/"))),
                Kind::File => {
                    let contents = read(source, &name).unwrap();
                    assert!(files.insert(name, contents).is_none());
                }
            }
        }
    }
    files
}

/// That two trees are the same, without a screen full of bytes where they are not.
pub(crate) fn assert_same(kind: &str, found: &Files, wanted: &Files) {
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(wanted), "{kind}");
    for (name, contents) in wanted {
        assert!(found[name] == *contents, "{kind}: {name} has other bytes");
    }
}
