//! The ground: the tree on disk, and the mount beside it.
//!
//! ```text
//! native/images/x/...     the plain folder, and the source of the image x
//! mnt/images/x/...        the same through the mount, equally deep
//! ```

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use rustix::mount::{UnmountFlags, unmount};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tempfile::TempDir;

use crate::common::mounted::{Mounted, program};
use crate::spelling::Random;

pub(crate) const WIM: &str = "sources/boot.wim";
pub(crate) const WIM_SIZE: usize = 400 << 20;
/// Files in the small folder and in the big one.
pub(crate) const FEW: usize = 20;
pub(crate) const MANY: usize = 20_000;
/// Three folders and files with so many letters that no spelling of a part comes twice.
pub(crate) const LONG: [&str; 2] = ["Windows-Boot-Environment-Files", "Console-Font-Collection"];
/// The computer that has the image x by a rule; whoever is no client gets another.
pub(crate) const CLIENT: &str = "127.0.0.2";

/// Folders, the daemon, and how many rounds are wanted.
#[derive(Debug)]
pub(crate) struct Ground {
    /// Dropped first: a mounted folder cannot be removed.
    daemon: Mounted,
    folder: TempDir,
    pub(crate) rounds: usize,
}

/// A small file of which no client gets another than the rest.
pub(crate) const SMALL: &str = "Boot/small.bin";

/// What has to be removed when a signal ends the bench.
static LEFT_BEHIND: Mutex<Option<PathBuf>> = Mutex::new(None);

impl Ground {
    /// Builds the tree beside the build, which is on a disk where `/tmp` may not be.
    pub(crate) fn new(rounds: usize) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        *LEFT_BEHIND.lock().unwrap() = Some(folder.path().to_owned());
        clean_up_on_signals();
        build(&folder.path().join("native/images/x"));
        write(
            &folder.path().join("native/images/other").join(SMALL),
            b"other",
        );
        rustix::fs::sync();
        let daemon = start(folder.path(), "mnt", &own_images(folder.path()), program());
        Self {
            daemon,
            folder,
            rounds,
        }
    }

    /// The folder with everything in it: the root for servers.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A path of the tree on disk.
    pub(crate) fn native(&self, name: &str) -> PathBuf {
        self.root().join("native/images/x").join(name)
    }

    /// The same path in the mount.
    pub(crate) fn mounted(&self, name: &str) -> PathBuf {
        self.root().join("mnt/images/x").join(name)
    }

    /// Any path in the mount.
    pub(crate) fn mount(&self, name: &str) -> PathBuf {
        self.root().join("mnt").join(name)
    }

    /// The path as a client sees it who is named in it.
    pub(crate) fn client(&self, name: &str) -> PathBuf {
        self.mount("clients").join(CLIENT).join(name)
    }

    pub(crate) fn daemon(&self) -> u32 {
        self.daemon.pid()
    }

    /// One more daemon, started in another way, on a mountpoint of its own.
    pub(crate) fn another(&self, mountpoint: &str, program: Command) -> Mounted {
        start(self.root(), mountpoint, &own_images(self.root()), program)
    }

    /// One more daemon, with other images.
    pub(crate) fn daemon_of(&self, mountpoint: &str, images: &str, program: Command) -> Mounted {
        start(self.root(), mountpoint, images, program)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        *LEFT_BEHIND.lock().unwrap() = None;
    }
}

fn start(root: &Path, mountpoint: &str, images: &str, mut program: Command) -> Mounted {
    let config = root.join(format!("{mountpoint}.toml"));
    let mountpoint = root.join(mountpoint);
    fs::write(&config, format!("mountpoint = {mountpoint:?}\n{images}")).unwrap();
    fs::create_dir_all(&mountpoint).unwrap();
    program.args(["mount", "--config"]).arg(&config);
    Mounted::start(program, &mountpoint)
}

fn own_images(root: &Path) -> String {
    let source = root.join("native/images");
    format!(
        "default = \"other\"\n[image.x]\nsource = {:?}\n[image.other]\nsource = {:?}\n\
         [[client]]\nmatch = \"127.0.0.0/16\"\nimage = \"x\"\n",
        source.join("x"),
        source.join("other"),
    )
}

fn build(image: &Path) {
    let mut random = Random::new(1);
    write(&image.join(SMALL), &random.bytes(16 << 10));
    write(&image.join("Boot/boot.sdi"), &random.bytes(3 << 20));
    write(&image.join("Boot/pxeboot.n12"), &random.bytes(16 << 10));
    for number in 0..FEW {
        let bytes = random.bytes(50 << 10);
        write(&image.join("Boot/Fonts").join(font(number)), &bytes);
        write(
            &image.join(LONG[0]).join(LONG[1]).join(font(number)),
            &bytes,
        );
    }
    for number in 0..MANY {
        let bytes = random.bytes(512);
        write(&image.join("Drivers/BigDir").join(driver(number)), &bytes);
    }
    large(&image.join(WIM), WIM_SIZE);
}

/// Names of equal length in both folders, so that only the number of files differs.
pub(crate) fn font(number: usize) -> String {
    Random::new(number as u64 + 7).respell(&format!("console_font_{number:05}_file.ttf"))
}

pub(crate) fn driver(number: usize) -> String {
    Random::new(number as u64 + 7).respell(&format!("machine_info_{number:05}_file.inf"))
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

pub(crate) fn large(path: &Path, size: usize) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = File::create(path).unwrap();
    let mut random = Random::new(2);
    for _ in 0..size >> 20 {
        file.write_all(&random.bytes(1 << 20)).unwrap();
    }
}

/// Ctrl-C reaches the daemons too, and they unmount; the tree would stay.
fn clean_up_on_signals() {
    let mut signals = Signals::new([SIGINT, SIGTERM]).unwrap();
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            if let Some(folder) = LEFT_BEHIND.lock().unwrap().take() {
                remove(&folder);
            }
            std::process::exit(130);
        }
    });
}

fn remove(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        // What is no mountpoint just says so.
        let _ = unmount(entry.path(), UnmountFlags::DETACH);
    }
    let _ = fs::remove_dir_all(folder);
}
