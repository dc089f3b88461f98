//! Passthrough: the kernel reads the file on disk itself, without asking.
//!
//! That needs Linux 6.9, CAP_SYS_ADMIN and a file system that is no stack of others: one
//! overlay is let through, two are not, nor is a mount like ours. Which of the two ways
//! files are read, and why, is said in the log at the first open. The kernel wants one
//! backing for a node at a time, shared by all who have it open, and must not
//! be given another before the last of them is gone; it would fail their opens with EIO.
//! Once it is registered the kernel holds the file and we need no descriptor for it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use fuser::{BackingId, ReplyOpen, Version};

use crate::name::visible_path;
use crate::source::ReadAt;
use crate::status::Reading;

/// How many backings are kept for a moment after the last close: a boot manager asks for
/// every file twice, first for its size.
const MOST_IDLE: usize = 16;

/// The protocol of Linux 6.9, which brought passthrough.
const PASSES_THROUGH: Version = Version(7, 40);

/// All files that the kernel reads itself, by node.
#[derive(Debug, Default)]
pub(super) struct Backings {
    able: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    registered: HashMap<u64, Weak<BackingId>>,
    /// Closed just now, the oldest first.
    idle: VecDeque<Arc<BackingId>>,
    /// Devices whose files the kernel would not read itself.
    unfit: HashSet<u64>,
    /// What is known of how files are read.
    reading: Option<Reading>,
}

impl Backings {
    /// The kernel can do it at all.
    pub(super) fn enable(&self) {
        self.able.store(true, Ordering::Relaxed);
    }

    /// A kernel that speaks this protocol cannot.
    pub(super) fn cannot_at_all(&self, kernel: Version) {
        let why = match kernel >= PASSES_THROUGH {
            true => "this kernel is built without CONFIG_FUSE_PASSTHROUGH",
            false => "passthrough needs Linux 6.9",
        };
        tracing::warn!("files are read through the daemon: {why}");
        self.state().is_read(false, why);
    }

    /// How files are read, and why so.
    pub(super) fn reading(&self) -> Reading {
        let known = self.state().reading.clone();
        known.unwrap_or_else(|| Reading {
            passthrough: None,
            why: "no file was opened yet".to_owned(),
        })
    }

    /// The backing of a node that somebody has open, or had a moment ago.
    pub(super) fn known(&self, node: u64) -> Option<Arc<BackingId>> {
        self.state().registered.get(&node).and_then(Weak::upgrade)
    }

    /// Registers the file of a node. None where it has to be read through the daemon.
    pub(super) fn register(
        &self,
        node: u64,
        file: &dyn ReadAt,
        reply: &ReplyOpen,
    ) -> Option<Arc<BackingId>> {
        if !self.able.load(Ordering::Relaxed) {
            return None;
        }
        let file = file.on_disk()?;
        let device = file.metadata().ok()?.dev();
        let mut state = self.state();
        if let Some(other) = state.registered.get(&node).and_then(Weak::upgrade) {
            return Some(other);
        }
        if state.unfit.contains(&device) {
            return None;
        }
        match reply.open_backing(file) {
            Ok(backing) => {
                state.tell();
                let backing = Arc::new(backing);
                state.registered.insert(node, Arc::downgrade(&backing));
                Some(backing)
            }
            Err(error) => {
                self.cannot(&mut state, device, file, &error);
                None
            }
        }
    }

    /// Somebody closed a file.
    pub(super) fn closed(&self, backing: Arc<BackingId>) {
        let mut state = self.state();
        if !state.idle.iter().any(|idle| Arc::ptr_eq(idle, &backing)) {
            state.idle.push_back(backing);
        }
        if state.idle.len() > MOST_IDLE {
            state.idle.pop_front();
        }
    }

    /// Lets go of what nobody has open: a file that was removed frees its space only then.
    pub(super) fn let_go(&self) {
        let mut state = self.state();
        state.idle.clear();
        state
            .registered
            .retain(|_, backing| backing.strong_count() > 0);
    }

    /// Said once, and not tried again: neither a privilege nor a file system comes later.
    fn cannot(&self, state: &mut State, device: u64, file: &File, error: &io::Error) {
        if error.raw_os_error() == Some(libc::EPERM) {
            self.able.store(false, Ordering::Relaxed);
            let why = "passthrough needs root (CAP_SYS_ADMIN, and not only in a user namespace)";
            tracing::warn!("files are read through the daemon: {why}");
            state.is_read(false, why);
        } else {
            state.unfit.insert(device);
            let why = format!(
                "{} and what is on the same file system are read through the daemon: {}",
                path(file),
                reason(error)
            );
            tracing::warn!("{why}");
            state.is_read(false, &why);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tell(&mut self) {
        if self.reading.is_none() {
            tracing::info!("files are read by the kernel itself (passthrough)");
            self.is_read(true, "the kernel reads the files itself");
        }
    }

    fn is_read(&mut self, passthrough: bool, why: &str) {
        self.reading = Some(Reading {
            passthrough: Some(passthrough),
            why: why.to_owned(),
        });
    }
}

/// What the kernel means when it refuses a file.
fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ELOOP) => "passthrough needs a disk, or one overlay over disks".to_owned(),
        _ => format!("the kernel cannot pass them through ({error})"),
    }
}

/// Where an open file is, for people.
fn path(file: &File) -> String {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    visible_path(&fs::read_link(link).unwrap_or_default())
}
