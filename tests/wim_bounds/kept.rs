//! What stays in memory of a boot.wim of which a few folders are shown.

use std::fs;
use std::sync::Arc;

use winbootfs::source::dir::{DirSource, OwnMount};
use winbootfs::source::wim::{Chosen, WimSource};
use winbootfs::source::{Source, StoredPath};

use crate::Turn;
use crate::sources::{READ, Workshop, many};

/// Of a WIM of 20,000 files little more than the few names that are shown.
#[test]
fn of_a_wim_only_what_is_shown_is_kept() {
    let turn = Turn::new();
    let Some(workshop) = Workshop::new(&many(20_000)) else {
        return;
    };
    fs::write(workshop.path("boot.wim"), workshop.capture(READ[4])).unwrap();
    let folder = DirSource::open(&workshop.path(""), Arc::new(OwnMount::default()), false);
    let look = folder.unwrap().look(&StoredPath::root().join(b"boot.wim"));
    let look = look.unwrap();
    let shown = |folders| {
        let chosen = Chosen::open(&look, None).unwrap();
        WimSource::new("boot.wim".to_owned(), &chosen, look.stat.version, folders).unwrap()
    };
    let (whole, all) = turn.kept(|| shown(None));
    let (few, kept) = turn.kept(|| shown(Some(&["Windows/WinSxS/component 3"])));
    assert_eq!((whole.shown(), few.shown()), (20_000, 40));
    assert!(all > 1 << 19 && kept < 16 << 10, "{kept} of {all} bytes");
    assert_eq!(
        few.description(),
        whole.description(),
        "it says what there is"
    );
}
