//! A configuration with real folders, and the tree over it, without a kernel.
//!
//! `World::new().image("x", &files).client("10.0.0.7", "x").read_as("10.0.0.7", name)`:
//! names go in as the kernel would hand them over, split at `/` and nowhere else.

use std::fmt::Write;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tempfile::TempDir;
use winbootfs::Error;
use winbootfs::catalog::{Catalog, Surroundings};
use winbootfs::choice::Peers;
use winbootfs::config::{Config, Problems, dropped};
use winbootfs::layer::Watch;
use winbootfs::nodes::ROOT;
use winbootfs::source::Identity;
use winbootfs::source::dir::OwnMount;
use winbootfs::tree::{Admitted, Asking, Belief, Tree};

/// What every caller of the tests answers alike, unless it is about that.
macro_rules! asks_by_the_clock {
    () => {
        fn thread(&self) -> u32 {
            1
        }
        fn mac_of(&self, _address: std::net::IpAddr) -> Option<winbootfs::address::Mac> {
            None
        }
        fn now(&self) -> winbootfs::tree::Now {
            winbootfs::tree::Now::read()
        }
    };
}

/// Folders and a configuration that names them; a tree once it is asked something.
#[derive(Debug)]
pub(crate) struct World {
    folder: TempDir,
    head: String,
    rest: String,
    tree: OnceLock<Arc<Tree>>,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Servers that run as another user must get through.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        Self {
            folder,
            head: String::new(),
            rest: String::new(),
            tree: OnceLock::new(),
        }
    }

    /// An image with one folder as its source.
    pub(crate) fn image<P: AsRef<str>, B: AsRef<[u8]>>(self, name: &str, files: &[(P, B)]) -> Self {
        self.layer(name, files)
            .line(&format!("[image.{name:?}]\nsource = {name:?}"))
    }

    /// A folder of that name, which the configuration does not mention.
    pub(crate) fn layer<P: AsRef<str>, B: AsRef<[u8]>>(self, name: &str, files: &[(P, B)]) -> Self {
        fs::create_dir_all(self.path(name)).unwrap();
        for (path, bytes) in files {
            self.put(&format!("{name}/{}", path.as_ref()), bytes.as_ref());
        }
        self
    }

    /// The base: existing files beneath.
    pub(crate) fn base<P: AsRef<str>, B: AsRef<[u8]>>(self, files: &[(P, B)]) -> Self {
        self.layer("base", files).key("base", "base")
    }

    pub(crate) fn default_image(self, image: &str) -> Self {
        self.key("default", image)
    }

    /// A client rule.
    pub(crate) fn client(self, matches: &str, image: &str) -> Self {
        self.line(&format!(
            "[[client]]\nmatch = {matches:?}\nimage = {image:?}"
        ))
    }

    /// A top-level key with a text.
    pub(crate) fn key(mut self, key: &str, value: &str) -> Self {
        writeln!(self.head, "{key} = {value:?}").unwrap();
        self
    }

    /// Any lines, behind the top-level keys.
    pub(crate) fn line(mut self, lines: &str) -> Self {
        writeln!(self.rest, "{lines}").unwrap();
        self
    }

    /// A path in the world's folder.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file as a careful program does: whole, under another name, then renamed.
    pub(crate) fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let fresh = path.with_extension("being-written");
        fs::write(&fresh, bytes).unwrap();
        fs::rename(fresh, path).unwrap();
    }

    pub(crate) fn config_text(&self) -> String {
        format!("{}{}", self.head, self.rest)
    }

    /// The configuration on disk, for a daemon or a command.
    pub(crate) fn config_file(&self) -> PathBuf {
        let path = self.path("mounts.toml");
        fs::write(&path, self.config_text()).unwrap();
        path
    }

    pub(crate) fn config(&self) -> Result<Config, Problems> {
        Config::parse(&self.config_text(), &self.path("mounts.toml"))
    }

    pub(crate) fn tree(&self) -> &Arc<Tree> {
        self.tree
            .get_or_init(|| Arc::new(Tree::new(self.catalog())))
    }

    /// What the configuration and the files of `clients.d/` say now, opened anew.
    pub(crate) fn catalog(&self) -> Catalog {
        let config = self.config().unwrap();
        let rules = self.dropped().rules();
        Catalog::open(config, &rules, &surroundings(), None).unwrap()
    }

    /// `clients.d/` as it is now.
    pub(crate) fn dropped(&self) -> dropped::Folder {
        let mut dropped = dropped::Folder::beside(&self.path("mounts.toml"));
        dropped.read(&self.config().unwrap());
        dropped
    }

    /// Answers from now on with these surroundings instead of [`surroundings`].
    pub(crate) fn surrounded(mut self, surroundings: &Surroundings) -> Self {
        let catalog = Catalog::open(self.config().unwrap(), &[], surroundings, None).unwrap();
        self.tree = OnceLock::from(Arc::new(Tree::new(catalog)));
        self
    }

    /// Looks a path up step by step, as the kernel does, and forgets nothing.
    pub(crate) fn look(&self, who: &dyn Asking, path: &[u8]) -> Result<(Admitted, Belief), Error> {
        let mut at = None;
        let mut belief = Belief::UntilChanged;
        for name in path
            .split(|byte| *byte == b'/')
            .filter(|name| !name.is_empty())
        {
            let parent = at.as_ref().map_or(ROOT, |found: &Admitted| found.id);
            let answer = self.tree().lookup(parent, name, who);
            belief = belief.min(answer.belief);
            at = Some(answer.found?);
        }
        at.map(|found| (found, belief)).ok_or(Error::NotFound)
    }

    /// Reads a whole file by its path from the root.
    pub(crate) fn read(&self, who: &dyn Asking, path: &[u8]) -> Result<Vec<u8>, Error> {
        let (found, _) = self.look(who, path)?;
        if found.attributes.is_folder {
            return Err(Error::NotFound);
        }
        let file = self.tree().open(found.id)?;
        let mut bytes = vec![0; usize::try_from(found.attributes.size).unwrap()];
        let count = file.read_at(&mut bytes, 0)?;
        assert_eq!(count, bytes.len(), "the size does not fit the bytes");
        Ok(bytes)
    }

    /// The same below `images/<image>/`.
    pub(crate) fn read_in_image(&self, image: &str, name: &[u8]) -> Result<Vec<u8>, Error> {
        self.read(
            &Nobody,
            &[b"images/", image.as_bytes(), b"/", name].concat(),
        )
    }

    /// The same below `clients/<address>/`.
    pub(crate) fn read_as(&self, client: &str, name: &[u8]) -> Result<Vec<u8>, Error> {
        self.read(
            &Nobody,
            &[b"clients/", client.as_bytes(), b"/", name].concat(),
        )
    }

    /// The names in a folder, given by its path from the root.
    pub(crate) fn list(&self, who: &dyn Asking, path: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        let id = match path {
            b"" => ROOT,
            path => self.look(who, path)?.0.id,
        };
        let entries = self.tree().list(id, who)?;
        Ok(entries
            .into_iter()
            .map(|entry| entry.name.into_vec())
            .collect())
    }
}

/// What a catalog needs besides a configuration, without a mount and without events.
pub(crate) fn surroundings() -> Surroundings {
    Surroundings {
        watch: Arc::new(NoEvents),
        own_mount: Arc::new(OwnMount::default()),
    }
}

#[derive(Debug)]
struct NoEvents;

impl Watch for NoEvents {
    fn watch(&self, _path: &Path, _identity: Identity) -> bool {
        false
    }
}

/// A caller without any peer: a shell.
#[derive(Debug)]
pub(crate) struct Nobody;

impl Asking for Nobody {
    fn peers(&self) -> Peers {
        Peers::Nobody
    }
    asks_by_the_clock!();
}

/// A caller that talks to these clients.
#[derive(Debug)]
pub(crate) struct Serving<'a>(pub(crate) &'a [&'a str]);

impl Asking for Serving<'_> {
    fn peers(&self) -> Peers {
        Peers::These(self.0.iter().map(|peer| peer.parse().unwrap()).collect())
    }
    asks_by_the_clock!();
}

/// A caller whose sockets cannot be seen.
#[derive(Debug)]
pub(crate) struct Unseen;

impl Asking for Unseen {
    fn peers(&self) -> Peers {
        Peers::Hidden("it is a test".to_owned())
    }
    asks_by_the_clock!();
}

/// A caller that is never to be asked who it is.
#[derive(Debug)]
pub(crate) struct NotToBeAsked;

impl Asking for NotToBeAsked {
    fn peers(&self) -> Peers {
        panic!("asked who asks");
    }

    asks_by_the_clock!();
}

/// A path of bytes below a folder.
pub(crate) fn below(folder: &Path, name: &[u8]) -> PathBuf {
    let path = [folder.as_os_str().as_bytes(), b"/", name].concat();
    PathBuf::from(std::ffi::OsStr::from_bytes(&path))
}
