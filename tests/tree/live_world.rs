//! A world whose disk changes while the tree is in use.
//!
//! Either nothing tells of changes, and the tree must look for itself each time; or the
//! real events do, and are passed on here as the service does it. What the service does
//! besides, telling the kernel, needs a mount.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use winbootfs::catalog::Surroundings;
use winbootfs::source::Identity;
use winbootfs::watch::{Change, Events};

use crate::common::wait;
use crate::common::world::{World, surroundings};
use crate::said::in_x;

/// Far longer than a change takes to be seen, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Live {
    world: World,
    changes: Option<Receiver<Change>>,
    /// The folders that changes were told of.
    told: RefCell<HashSet<Identity>>,
}

impl Deref for Live {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Live {
    /// Nothing tells of changes.
    pub(crate) fn blind(world: World) -> Self {
        Self::new(world.surrounded(&surroundings()), None)
    }

    /// Every change is told by an event.
    pub(crate) fn watched(world: World) -> Self {
        let (sender, changes) = channel();
        let world = world.surrounded(&Surroundings {
            watch: Arc::new(Events::new(sender)),
            ..surroundings()
        });
        Self::new(world, Some(changes))
    }

    fn new(world: World, changes: Option<Receiver<Change>>) -> Self {
        let told = RefCell::default();
        Self {
            world,
            changes,
            told,
        }
    }

    /// Whether `condition` holds: at once where nothing tells of changes, else as soon
    /// as it was told.
    pub(crate) fn comes_to(&self, condition: impl Fn(&World) -> bool) -> bool {
        if self.changes.is_none() {
            return condition(&self.world);
        }
        let holds = || {
            self.hear();
            condition(&self.world).then_some(())
        };
        wait::within(PATIENCE, holds).is_some()
    }

    /// What a path below `images/x/` is after a change.
    #[track_caller]
    pub(crate) fn becomes(&self, path: &str, wanted: &str) {
        self.comes_to(|world| in_x(world, path) == wanted);
        assert_eq!(in_x(&self.world, path), wanted, "{path}");
    }

    /// Waits until a change of the folder at `path` on the disk is told. That the tree
    /// looks for itself now and then is not enough: the kernel waits for the event.
    #[track_caller]
    pub(crate) fn is_told_of(&self, path: &str) {
        let identity = self.identity(path);
        wait::until(&format!("an event from {path}"), PATIENCE, || {
            self.hear();
            self.told.borrow_mut().remove(&identity).then_some(())
        });
    }

    /// Waits until changes of a folder of `images/x/` are told while somebody goes on
    /// asking for names in it: a watch that is placed while folders are being renamed
    /// can be lost with them, and then must come back.
    #[track_caller]
    pub(crate) fn goes_on_telling_of(&self, folder: &str) {
        let identity = self.identity(&format!("x/{folder}"));
        for round in 0..3 {
            wait::until(&format!("events from {folder}"), PATIENCE, || {
                let absent = in_x(&self.world, &format!("{folder}/absent"));
                assert_eq!(absent, "<NotFound>");
                self.world.put(&format!("x/{folder}/round{round}"), b"");
                self.hear();
                self.told.borrow_mut().remove(&identity).then_some(())
            });
        }
    }

    fn identity(&self, path: &str) -> Identity {
        let found = fs::metadata(self.world.path(path)).unwrap();
        Identity {
            device: found.dev(),
            inode: found.ino(),
        }
    }

    /// Looks so many other files up that none from before is held for its opening.
    pub(crate) fn let_go(&self) {
        for name in 0..32 {
            self.world.put(&format!("x/others/{name}"), b"");
        }
        for name in 0..32 {
            self.becomes(&format!("others/{name}"), "");
        }
    }

    /// Passes on what has been told, as the service does.
    fn hear(&self) {
        let catalog = self.world.tree().catalog();
        for change in self.changes.iter().flat_map(Receiver::try_iter) {
            match change {
                Change::Folder(identity) => {
                    self.told.borrow_mut().insert(identity);
                    catalog.changed(identity);
                }
                Change::Everything => catalog.everything_changed(),
                Change::Configuration | Change::Clients => {}
            }
        }
    }
}

/// Runs a test on a world of its own in each way; once on folders that were made just
/// now and once on old ones, whose times can be trusted.
pub(crate) fn in_both(world: impl Fn() -> World, test: impl Fn(&Live)) {
    for way in [Live::blind, Live::watched] {
        test(&way(world()));
        let old = world();
        let_clock_tick(&old);
        test(&way(old));
    }
}

/// Waits until a new change cannot bear the time of those before: so soon after a
/// change a folder is listed again each time, which hides what a kept index does.
fn let_clock_tick(world: &World) {
    fs::write(world.path("clock"), "").unwrap();
    let changed = fs::metadata(world.path("clock"))
        .unwrap()
        .modified()
        .unwrap();
    wait::until("the clock", PATIENCE, || {
        let age = changed.elapsed().unwrap_or_default();
        (age > Duration::from_millis(80)).then_some(())
    });
}
