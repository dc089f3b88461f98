//! An image through the eyes of a boot manager.

use std::sync::Arc;

use winbootfs::bcd::Files;
use winbootfs::boots::Boots;
use winbootfs::seen::{Seen, Wims};
use winbootfs::tree::{Place, Sight, Walker};

use crate::common::world::{Nobody, World};

/// Many wrong names are asked for on four routes, and a walk through large media takes
/// seconds.
#[test]
fn the_folders_of_an_image_are_listed_once_for_all_names_that_are_missing() {
    let world = World::new().image("x", &[("one/a.wim", "a"), ("b.wim", "b")]);
    let catalog = Arc::new(world.catalog());
    let (spec, _) = catalog.images().next().unwrap();
    let root = Place::Folder(Sight::of_image(spec.name.value.clone()), Arc::default());
    let boots = Boots::default();
    let walker = Walker::new(catalog.clone(), &boots, &Nobody);
    let wims = Wims::default();
    let seen = Seen::new(&walker, &root, &wims);
    let nearest = |path: &str| seen.nearest(path);
    assert_eq!(nearest("\\A.WIM").as_deref(), Some("\\one\\a.wim"));
    assert_eq!(nearest("\\no\\B.wim").as_deref(), Some("\\b.wim"));
    world.put("x/two/c.wim", b"c");
    assert_eq!(nearest("\\c.wim"), None, "listed again");
    let fresh = Wims::default();
    let found = Seen::new(&walker, &root, &fresh).nearest("\\c.wim");
    assert_eq!(found.as_deref(), Some("\\two\\c.wim"));
}
