//! Folders with known contents, and WIMs that `wimlib-imagex` makes of them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::noise::Noise;
use crate::skip::or_skip;

/// Files by path.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Small files of every kind: 400 KiB together.
pub(crate) fn small() -> Files {
    let mut noise = Noise(1);
    let mut files = Files::new();
    let mut put = |path: &str, bytes: Vec<u8>| {
        files.insert(path.to_owned(), bytes);
    };
    put("empty.txt", Vec::new());
    put("Windows/Boot/PXE/empty too", Vec::new());
    put("Windows/Boot/PXE/pxeboot.n12", noise.program(25_000));
    put("Windows/Boot/EFI/bootmgfw.efi", noise.program(70_000));
    put("Windows/Boot/Fonts/wgl4_boot.ttf", noise.text(47_000));
    put("Windows/Boot/DVD/PCAT/boot.sdi", vec![0; 100_000]);
    put("noise.bin", noise.bytes(66_000));
    put(
        "F\u{fc}\u{df}chen/\u{65e5}\u{672c}\u{8a9e}.txt",
        noise.text(100),
    );
    put("F\u{fc}\u{df}chen/\u{1f600} smile.bin", noise.text(200));
    for size in [1, 2, 32_767, 32_768, 32_769, 65_536] {
        put(&format!("sizes/{size}"), noise.text(size));
    }
    files.insert(
        "copy.ttf".to_owned(),
        files["Windows/Boot/Fonts/wgl4_boot.ttf"].clone(),
    );
    files
}

/// One file of 20 MB with something of everything.
pub(crate) fn big() -> Files {
    let bytes = Noise(2).mixture(20_000_000);
    Files::from([("Windows/System32/big.dll".to_owned(), bytes)])
}

/// A tree of so many small files.
pub(crate) fn many(count: usize) -> Files {
    let path = |number: usize| format!("Windows/WinSxS/component {}/file{number}.dll", number / 40);
    let bytes = |number: usize| format!("number {}", number % 3000).into_bytes();
    (0..count)
        .map(|number| (path(number), bytes(number)))
        .collect()
}

/// A folder to make WIMs in.
#[derive(Debug)]
pub(crate) struct Workshop {
    folder: TempDir,
}

impl Workshop {
    /// Writes the files to disk; `None`, and a counted skip, where there is no wimlib.
    pub(crate) fn new(files: &Files) -> Option<Self> {
        let version = Command::new("wimlib-imagex").arg("--version").output();
        let missing = |error: io::Error| format!("wimlib-imagex (Debian: wimtools): {error}");
        or_skip(version.map_err(missing))?;
        let folder = TempDir::new().unwrap();
        let workshop = Self { folder };
        workshop.write("source", files);
        Some(workshop)
    }

    /// Writes files into a folder of the workshop.
    pub(crate) fn write(&self, folder: &str, files: &Files) {
        for (path, bytes) in files {
            let path = self.path(folder).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    /// A second name for a file, and links.
    pub(crate) fn link(&self) {
        let source = self.path("source");
        fs::hard_link(source.join("noise.bin"), source.join("hard link.bin")).unwrap();
        symlink("noise.bin", source.join("soft link.bin")).unwrap();
        symlink("Windows", source.join("soft folder")).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a WIM with these options of `wimlib-imagex capture`.
    pub(crate) fn capture(&self, options: &[&str]) -> Vec<u8> {
        let wim = self.path("made.wim");
        let _ = fs::remove_file(&wim);
        self.imagex(
            &[
                &["capture", "source", "made.wim", "First", "the first"],
                options,
            ]
            .concat(),
        );
        fs::read(wim).unwrap()
    }

    /// Runs wimlib in the workshop, and returns what it says.
    pub(crate) fn imagex(&self, arguments: &[&str]) -> String {
        run(self.folder.path(), arguments)
    }
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("wimlib-imagex");
    let done = command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "wimlib-imagex {arguments:?}: {said}");
    String::from_utf8(done.stdout).unwrap()
}

/// Every compression that is read, as options for [`Workshop::capture`].
pub(crate) const READ: [&[&str]; 7] = [
    &["--compress=none"],
    &["--compress=XPRESS"],
    &["--compress=XPRESS", "--chunk-size=4096"],
    &["--compress=XPRESS", "--chunk-size=65536"],
    &["--compress=LZX"],
    &["--compress=LZX:100", "--chunk-size=65536"],
    &["--compress=LZX", "--chunk-size=2097152"],
];
