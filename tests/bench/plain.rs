//! The plain folder of the load rows: large files, of which the first is replaced again and
//! again.
//!
//! ```text
//! load/image0/sources/boot.wim ...    sources of images
//! load/base/winpe.dd ...              what is beneath all images
//! load-spare/old, load-spare/new      the two versions of the first file
//! ```

use std::fmt::Write;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::common::crowd::{Age, BLOCK, Check, Computer, Version};

/// How much of a file is fetched over TFTP.
pub(crate) const PART: usize = 16 << 20;

type Sum = [u8; 32];

/// How far a file is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Part,
    Whole,
}

/// How it is checked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By {
    /// By the sha256 of what came.
    Digest,
    /// Byte by byte.
    Bytes,
}

/// A large file.
#[derive(Debug)]
pub(crate) struct Large {
    /// In the plain folder; the first part names the image, or says `base`.
    pub(crate) name: String,
    pub(crate) size: usize,
    number: usize,
    /// Of the versions there are: the sums of the first part and of the whole.
    sums: Vec<(Age, [Sum; 2])>,
}

/// The folder.
#[derive(Debug)]
pub(crate) struct Plain {
    root: PathBuf,
    pub(crate) files: Vec<Large>,
}

impl Plain {
    pub(crate) fn new(root: &Path, files: &[(String, usize)]) -> Self {
        let plain = root.join("load");
        // What another row has left.
        let _ = fs::remove_dir_all(&plain);
        let files = files.iter().enumerate().map(|(number, (name, size))| {
            let path = plain.join(name);
            let old = Version::new(number, Age::Old);
            old.write(&path, *size);
            let sums = vec![(Age::Old, sums(&path))];
            let (name, size) = (name.clone(), *size);
            Large {
                name,
                size,
                number,
                sums,
            }
        });
        let files = files.collect();
        let mut plain = Self {
            root: root.to_owned(),
            files,
        };
        plain.make_spares();
        rustix::fs::sync();
        plain
    }

    fn make_spares(&mut self) {
        let [old, new] = Age::BOTH.map(|age| self.spare(age));
        let _ = fs::remove_dir_all(self.root.join("load-spare"));
        let first = &mut self.files[0];
        Version::new(0, Age::New).write(&new, first.size);
        first.sums.push((Age::New, sums(&new)));
        fs::hard_link(self.root.join("load").join(&first.name), old).unwrap();
    }

    fn spare(&self, age: Age) -> PathBuf {
        self.root.join("load-spare").join(match age {
            Age::Old => "old",
            Age::New => "new",
        })
    }

    /// Replaces the first file as a careful operator does: it is there under another name,
    /// then renamed. Gives its new length.
    pub(crate) fn replace_first(&self, age: Age) -> u64 {
        let path = self.root.join("load").join(&self.files[0].name);
        let beside = path.with_extension("new");
        fs::hard_link(self.spare(age), &beside).unwrap();
        fs::rename(beside, &path).unwrap();
        fs::metadata(path).unwrap().len()
    }

    /// For the mount: each folder an image for some computers, or the base for all.
    pub(crate) fn config(&self) -> String {
        let mut text = String::new();
        for (number, file) in self.files.iter().enumerate() {
            let folder = file.folder();
            let path = self.root.join("load").join(folder);
            if folder == "base" {
                return format!("base = {path:?}\n");
            }
            writeln!(text, "[image.{folder}]\nsource = {path:?}").unwrap();
            let subnet = Computer::subnet(number);
            writeln!(text, "[[client]]\nmatch = {subnet:?}\nimage = {folder:?}").unwrap();
        }
        text
    }
}

impl Large {
    fn folder(&self) -> &str {
        self.name.split_once('/').unwrap().0
    }

    /// The name in the mount, in one of two spellings.
    pub(crate) fn spelled(&self, shouting: bool) -> String {
        let name = self.name.split_once('/').unwrap().1;
        match shouting {
            true => name.to_ascii_uppercase(),
            false => format!("\\{}", name.replace('/', "\\")),
        }
    }

    pub(crate) fn witness(&self, by: By) -> Witness {
        match by {
            By::Digest => Witness::Digest(Sha256::new()),
            By::Bytes => Witness::Bytes(Check::new(self.number, self.size)),
        }
    }

    /// Which version a computer got; there is no other way for this to end.
    pub(crate) fn version(&self, witness: Witness, extent: Extent) -> Age {
        match (witness, extent) {
            (Witness::Bytes(check), Extent::Whole) => check.whole(),
            (Witness::Bytes(check), Extent::Part) => check.part(PART),
            (Witness::Digest(digest), _) => {
                let sum: Sum = digest.finalize().into();
                let same = |(_, sums): &&(Age, [Sum; 2])| sums[extent as usize] == sum;
                let known = self.sums.iter().find(same);
                known.expect("neither the old file nor the new one").0
            }
        }
    }
}

/// Looks at a file as it comes.
#[derive(Debug)]
pub(crate) enum Witness {
    Digest(Sha256),
    Bytes(Check),
}

impl Witness {
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        match self {
            Self::Digest(digest) => digest.update(bytes),
            Self::Bytes(check) => check.take(bytes),
        }
    }
}

/// Of the first part and of the whole file, as [`Extent`] counts them.
fn sums(path: &Path) -> [Sum; 2] {
    let mut file = File::open(path).unwrap();
    let (mut digest, mut part) = (Sha256::new(), None);
    let (mut block, mut seen) = (vec![0; BLOCK], 0);
    while let count @ 1.. = file.read(&mut block).unwrap() {
        digest.update(&block[..count]);
        seen += count;
        if seen == PART {
            part = Some(digest.clone().finalize().into());
        }
    }
    [part.unwrap(), digest.finalize().into()]
}
