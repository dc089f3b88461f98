//! The mount itself: options, threads, the way back to the kernel, the end.

use std::ffi::OsStr;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fuser::{BackgroundSession, Config, INodeNo, MountOption, Notifier, Session, SessionACL};
use thiserror::Error;

use super::door::Door;
use super::gauges::Gauges;
use super::mountpoint;
use super::told::Told;
use crate::client::Macs;
use crate::tree::Tree;
use crate::witness::Witness;

/// Asks the kernel to drop all that it believes, `FUSE_NOTIFY_INC_EPOCH`: a header of a length, a code in the place of an
/// error, and no request that it answers. `fuser` 0.18 has no call for it.
const FORGET_BELIEFS: [u32; 4] = [16, 8, 0, 0];

/// Threads that answer. More than cores, because each may wait for a slow source while
/// the others go on.
const THREADS: usize = 8;

/// Why it could not be mounted. Each message ends in what to do.
#[derive(Debug, Error)]
pub enum CannotMount {
    /// The mountpoint is not fit.
    #[error(transparent)]
    Unfit(#[from] mountpoint::Unfit),
    /// There is no FUSE.
    #[error("/dev/fuse is missing\n  load the module: modprobe fuse")]
    NoFuse,
    /// Not root, and no helper that is.
    #[error(
        "mounting needs root or fusermount3, and there is neither\n  install it: apt install fuse3"
    )]
    NoHelper,
    /// The kernel or the helper said no.
    #[error(
        "mounting on {0} is not permitted: {1}\n  run it as root, or mount on a folder of your own"
    )]
    NotPermitted(PathBuf, io::Error),
    /// Anything else.
    #[error("cannot mount on {0}: {1}\n  see what the kernel says: dmesg | tail")]
    Other(PathBuf, io::Error),
}

/// A mount that is up.
#[derive(Debug)]
pub struct Mounted {
    /// Never dropped: `fuser` 0.18 would then unmount by name once more, and hit what is
    /// mounted beneath us.
    _session: ManuallyDrop<BackgroundSession>,
    mountpoint: PathBuf,
    kernel: Kernel,
    gauges: Arc<Gauges>,
    for_everybody: bool,
}

/// The way to tell the kernel something that it did not ask.
#[derive(Debug)]
pub struct Kernel {
    device: OwnedFd,
    notifier: Notifier,
    forgets_on_request: bool,
}

/// Mounts the tree and starts to answer.
///
/// # Errors
/// Why it cannot be mounted.
pub fn mount(
    tree: &Arc<Tree>,
    mountpoint: &Path,
    told: &Arc<dyn Told>,
    macs: &Arc<dyn Macs>,
    witness: &Arc<Witness>,
) -> Result<Mounted, CannotMount> {
    mountpoint::prepare(mountpoint)?;
    let gauges: Arc<Gauges> = Arc::default();
    let open = |acl| {
        let (gauges, tree, witness) = (gauges.clone(), tree.clone(), witness.clone());
        let door = Door::new(gauges, tree, told.clone(), macs.clone(), witness);
        Session::new(door, mountpoint, &config(acl))
    };
    // Everybody may look, for a server seldom runs as our user. Whether a user who is
    // not root may allow that is up to /etc/fuse.conf.
    let (opened, for_everybody) = match open(SessionACL::All) {
        Err(error) if error.to_string().contains("user_allow_other") => {
            (open(SessionACL::Owner), false)
        }
        opened => (opened, true),
    };
    let started = opened.and_then(|session| {
        let kernel = Kernel::behind(&session, &gauges)?;
        Ok((kernel, session.spawn()?))
    });
    let (kernel, session) = started.map_err(|error| cannot(mountpoint, error))?;
    Ok(Mounted {
        _session: ManuallyDrop::new(session),
        mountpoint: mountpoint.to_owned(),
        kernel,
        gauges,
        for_everybody,
    })
}

impl Mounted {
    /// Where it is mounted.
    pub fn mountpoint(&self) -> &Path {
        &self.mountpoint
    }

    /// What was done so far, and how files are read.
    pub fn gauges(&self) -> &Arc<Gauges> {
        &self.gauges
    }

    /// The way to tell the kernel something.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Whether other users may look, and so servers.
    pub fn is_for_everybody(&self) -> bool {
        self.for_everybody
    }

    /// Lets go of what is only kept for a moment.
    pub fn let_go(&self) {
        self.gauges.backings.let_go();
    }

    /// Unmounts. Where files are still open the mount only loses its name, and what is
    /// open fails when the process ends. Returns whether all of it is gone.
    ///
    /// # Errors
    /// That it cannot be unmounted.
    pub fn unmount(&self) -> io::Result<bool> {
        match mountpoint::release(&self.mountpoint) {
            Ok(()) => Ok(true),
            Err(_) => mountpoint::detach(&self.mountpoint).map(|()| false),
        }
    }
}

impl Kernel {
    fn behind(session: &Session<Door>, gauges: &Gauges) -> io::Result<Self> {
        Ok(Self {
            device: session.as_fd().try_clone_to_owned()?,
            notifier: session.notifier(),
            forgets_on_request: gauges.forgets_on_request(),
        })
    }

    /// A spelling of a folder is to be forgotten; it is asked for again if it is needed.
    pub fn forget_folder(&self, parent: u64, name: &[u8]) {
        let told = self
            .notifier
            .inval_entry(INodeNo(parent), OsStr::from_bytes(name));
        if let Err(error) = told {
            tracing::debug!("the kernel keeps a folder: {error}");
        }
    }

    /// Everything that the kernel believes about names is to be asked again. Where it
    /// cannot be told so, it believes nothing for longer than a second anyway.
    pub fn forget_beliefs(&self) {
        if !self.forgets_on_request {
            return;
        }
        let notice = FORGET_BELIEFS.map(u32::to_ne_bytes).concat();
        if let Err(error) = rustix::io::write(&self.device, &notice) {
            tracing::warn!("the kernel may believe old names for a while: {error}");
        }
    }
}

fn config(acl: SessionACL) -> Config {
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::FSName(mountpoint::NAME.to_owned()),
        MountOption::Subtype(mountpoint::NAME.to_owned()),
        MountOption::RO,
        MountOption::NoSuid,
        MountOption::NoDev,
        MountOption::NoAtime,
        MountOption::DefaultPermissions,
    ];
    config.acl = acl;
    config.n_threads = Some(THREADS);
    config.clone_fd = true;
    config
}

/// The words in which `fusermount3` says that somebody may not.
const REFUSALS: [&str; 3] = ["ermission denied", "not permitted", "no write access"];

fn cannot(mountpoint: &Path, error: io::Error) -> CannotMount {
    let named = mountpoint.to_owned();
    let message = error.to_string();
    match error.raw_os_error() {
        Some(libc::ENOENT) if !Path::new("/dev/fuse").exists() => CannotMount::NoFuse,
        Some(libc::ENOENT) => CannotMount::NoHelper,
        Some(libc::EPERM | libc::EACCES) => CannotMount::NotPermitted(named, error),
        // What the helper said, as a line of its own.
        None if REFUSALS.iter().any(|refusal| message.contains(refusal)) => {
            CannotMount::NotPermitted(named, io::Error::other(message.trim().to_owned()))
        }
        _ => CannotMount::Other(named, error),
    }
}
