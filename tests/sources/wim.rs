//! WIMs among the sources: of every kind that is read, with two images, and in an ISO.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use winbootfs::source::Source;
use winbootfs::source::dir::{DirSource, OwnMount};
use winbootfs::source::wim::{Chosen, WimSource};

use crate::made::{Files, Workshop, all, assert_same, open, plain_files, read, stored};
use crate::skip::or_skip;

const KINDS: [(&str, &[&str]); 4] = [
    ("wim", &["--compress=none"]),
    ("wim-xpress", &["--compress=XPRESS"]),
    ("wim-lzx", &["--compress=LZX"]),
    ("wim-lzx-2m", &["--compress=LZX", "--chunk-size=2097152"]),
];

/// Every kind of WIM that can hold the files of a folder.
pub(crate) fn sources(workshop: &Workshop, folder: &Path) -> Vec<(&'static str, Box<dyn Source>)> {
    let mut sources: Vec<(&str, Box<dyn Source>)> = Vec::new();
    for (kind, options) in KINDS {
        let Some(_) = capture(workshop, folder, &format!("{kind}.wim"), options) else {
            return sources;
        };
        let source = inside(&disk(workshop), &format!("{kind}.wim"), None, None);
        sources.push((kind, Box::new(source)));
    }
    sources.push(("wim-second-image", Box::new(second_image(workshop, folder))));
    sources.push(("wim-in-udf", Box::new(in_iso(workshop))));
    sources
}

fn capture(workshop: &Workshop, folder: &Path, name: &str, options: &[&str]) -> Option<PathBuf> {
    let wim = workshop.path(name);
    let mut command = Command::new("wimlib-imagex");
    command.arg("capture").arg(folder).arg(&wim);
    run(command.arg("One").args(options))?;
    Some(wim)
}

fn run(command: &mut Command) -> Option<()> {
    let done = command.output();
    let missing = |error| format!("wimlib-imagex (Debian: wimtools): {error}");
    let done = or_skip(done.map_err(missing))?;
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
    Some(())
}

fn disk(workshop: &Workshop) -> DirSource {
    DirSource::open(&workshop.path(""), Arc::new(OwnMount::default()), false).unwrap()
}

/// The source inside the WIM that another source has at a path.
fn inside(
    source: &dyn Source,
    path: &str,
    image: Option<u32>,
    folders: Option<&[&str]>,
) -> WimSource {
    let look = source.look(&stored(path)).unwrap();
    let chosen = Chosen::open(&look, image).unwrap();
    WimSource::new(path.to_owned(), &chosen, look.stat.version, folders).unwrap()
}

fn second_image(workshop: &Workshop, folder: &Path) -> WimSource {
    let other = workshop.folder("other", &Files::from([("other".to_owned(), vec![1; 9])]));
    let wim = capture(workshop, &other, "two.wim", &["--compress=LZX"]).unwrap();
    let mut command = Command::new("wimlib-imagex");
    run(command
        .arg("append")
        .arg(folder)
        .arg(&wim)
        .args(["Two", "--boot"]))
    .unwrap();
    let first = inside(&disk(workshop), "two.wim", Some(1), None);
    assert_eq!(all(&first).len(), 1);
    inside(&disk(workshop), "two.wim", None, None)
}

fn in_iso(workshop: &Workshop) -> WimSource {
    let media = workshop.folder("media/sources", &Files::new());
    fs::copy(workshop.path("wim-lzx.wim"), media.join("boot.wim")).unwrap();
    let (media, iso) = (workshop.path("media"), workshop.path("media.iso"));
    let mut command = Command::new("genisoimage");
    let command = command.args(["-quiet", "-udf", "-allow-limited-size", "-o"]);
    run(command.arg(&iso).arg(media)).unwrap();
    inside(&open(&iso), "sources/boot.wim", None, None)
}

#[test]
fn a_few_folders_of_a_wim_are_all_that_is_shown() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let folder = workshop.folder("files", &plain_files());
    let Some(_) = capture(&workshop, &folder, "some.wim", &[]) else {
        return;
    };
    let disk = disk(&workshop);
    let some = inside(
        &disk,
        "some.wim",
        None,
        Some(&["BOOT/fonts", "MANY", "none/at all"]),
    );
    let mut wanted = plain_files();
    wanted.retain(|path, _| path.starts_with("Boot/Fonts/") || path.starts_with("many/"));
    assert!(wanted.len() > 2, "{} files only", wanted.len());
    assert_same("some", &all(&some), &wanted);
    assert_eq!(some.shown(), wanted.len());
}

/// Who has a file open reads on, also when the WIM has gone.
#[test]
fn an_open_file_outlives_the_name_of_its_wim() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let folder = workshop.folder("files", &plain_files());
    let Some(wim) = capture(&workshop, &folder, "gone.wim", &[]) else {
        return;
    };
    let source = inside(&disk(&workshop), "gone.wim", None, None);
    fs::remove_file(wim).unwrap();
    assert!(read(&source, "Boot/boot.sdi").unwrap() == plain_files()["Boot/boot.sdi"]);
}
