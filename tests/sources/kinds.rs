//! A path at which a folder, an ISO, a WIM and nothing at all take each other's place.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use winbootfs::source::Source;
use winbootfs::source::dir::OwnMount;
use winbootfs::source::path::PathSource;

use crate::made::{Workshop, few_files, read, stored};
use crate::skip::or_skip;
use crate::wims::{self, labelled};

/// How many looks it may take until a file that was just put there is taken for whole.
const LOOKS: usize = 3;

/// Each of them has this file.
const NAME: &str = "sources/boot.wim";

/// What can be there.
const THINGS: [&str; 4] = ["folder", "iso", "wim", "nothing"];

struct Scene {
    workshop: Workshop,
    source: PathSource,
}

fn scene() -> Option<Scene> {
    let workshop = Workshop::new()?;
    let wim = or_skip(wims::wim(&labelled("pe", &["Windows/a.txt"]), &[]))?;
    let folder = workshop.folder("folder", &few_files());
    let iso = workshop.image("udf", &folder);
    fs::rename(iso, workshop.path("iso")).unwrap();
    fs::write(workshop.path("wim"), wim).unwrap();
    let place = workshop.path("place");
    let source = PathSource::open(&place, None, false, Arc::new(OwnMount::default()));
    Some(Scene { workshop, source })
}

fn swap(from: &Path, to: &Path) {
    if from.exists() {
        fs::rename(from, to).unwrap();
    }
}

impl Scene {
    fn place(&self) -> PathBuf {
        self.workshop.path("place")
    }

    fn put(&self, thing: &str) {
        swap(&self.workshop.path(thing), &self.place());
    }

    fn take_away(&self, thing: &str) {
        swap(&self.place(), &self.workshop.path(thing));
    }

    fn settle(&self) {
        let looks = (0..LOOKS).filter(|_| self.source.renew()).count();
        assert!(looks < LOOKS, "every look finds it changed");
    }

    /// What the source says it is by now.
    fn is(&self) -> String {
        match self.source.fault() {
            Some(fault) if fault.contains("No such file") || fault.contains("put it back") => {
                "nothing".to_owned()
            }
            Some(fault) if fault.contains("put the image back") => "nothing".to_owned(),
            Some(fault) => fault,
            None if self.source.description().starts_with("UDF") => "iso".to_owned(),
            None if self.source.description().starts_with("a WIM") => "wim".to_owned(),
            None => self.source.description().replace("a folder", "folder"),
        }
    }
}

#[test]
fn whatever_takes_the_place_of_another_kind_is_taken_up() {
    let Some(scene) = scene() else { return };
    for before in THINGS {
        for after in THINGS {
            scene.put(before);
            scene.settle();
            assert_eq!(scene.is(), before);
            scene.take_away(before);
            scene.put(after);
            scene.settle();
            assert_eq!(scene.is(), after, "after {before}");
            assert_eq!(read(&scene.source, NAME).is_ok(), after != "nothing");
            scene.take_away(after);
        }
    }
}

/// Events are waited for where the source is by now.
#[test]
fn a_folder_that_came_later_is_watched() {
    let Some(scene) = scene() else { return };
    let root = stored("");
    assert_eq!(scene.source.watch_path(&root), None);
    scene.put("folder");
    scene.settle();
    let watched = scene.source.watch_path(&root).unwrap();
    let names = fs::read_dir(watched).unwrap();
    assert!(names.count() > 1 && scene.source.has_events());
}
