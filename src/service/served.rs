//! What is served: the images, the base and the client rules; and who looks after them.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use super::failed;
use super::happening::Happening;
use crate::cards::Cards;
use crate::catalog::{Catalog, Surroundings};
use crate::client::Macs;
use crate::config::{Config, dropped};
use crate::failure::Failure;
use crate::fuse::mountpoint;
use crate::rounds::Rounds;
use crate::source::dir::OwnMount;
use crate::tree::Tree;
use crate::watch::Events;

/// What is served, and who looks after it.
pub(super) struct Served {
    pub(super) tree: Arc<Tree>,
    pub(super) surroundings: Surroundings,
    pub(super) events: Arc<Events>,
    /// `clients.d/`.
    pub(super) dropped: dropped::Folder,
    pub(super) cards: Arc<Cards>,
    pub(super) rounds: Rounds,
}

impl Served {
    /// Opens all sources, and begins to watch them. What happens to them is sent.
    pub(super) fn open(
        config: Config,
        mountpoint: &Path,
        happenings: &Sender<Happening>,
    ) -> Result<Self, Failure> {
        let events = Arc::new(Events::new(happenings.clone()));
        let surroundings = Surroundings {
            watch: events.clone(),
            own_mount: Arc::new(OwnMount::at(mountpoint).map_err(failed)?),
        };
        watch_configuration(&events, &config.file);
        let mut dropped = dropped::Folder::beside(&config.file);
        if has_file(&config) {
            events.watch_clients(dropped.path());
            dropped.read(&config);
        }
        let catalog = Catalog::open(config, &dropped.rules(), &surroundings, None)?;
        let cards = Arc::new(Cards::new(catalog.config()));
        let tree = Arc::new(Tree::new(catalog));
        let renewed = happenings.clone();
        let rounds = Rounds::new(tree.clone(), move || {
            // Nobody listens any more only when the daemon is ending.
            let _ = renewed.send(Happening::Renewed);
        });
        Ok(Self {
            tree,
            surroundings,
            events,
            dropped,
            cards,
            rounds: rounds.map_err(failed)?,
        })
    }

    /// Who knows network cards.
    pub(super) fn macs(&self) -> Arc<dyn Macs> {
        self.cards.clone()
    }

    /// The tree is mounted: what lies in the mount is ours from now on. Its device, if the
    /// machine tells it.
    pub(super) fn is_mounted(&self, mountpoint: &Path) -> Option<u64> {
        let device = mountpoint::device(mountpoint)?;
        self.surroundings.own_mount.is_up(device);
        Some(device)
    }
}

/// One from the command line has none.
pub(super) fn has_file(config: &Config) -> bool {
    !config.file.as_os_str().is_empty()
}

fn watch_configuration(events: &Events, file: &Path) {
    if !file.as_os_str().is_empty() && !events.watch_configuration(file) {
        tracing::warn!("{} is not watched: reload with SIGHUP", file.display());
    }
}
