//! The door to the kernel: convert, ask the tree, convert back.
//!
//! This room and its children are the only ones that name `fuser`. No method here
//! decides anything about names.
//!
//! What the kernel makes of the answers:
//!
//! - An entry or a miss is believed for the time it is given. What depends on the caller
//!   gets no time at all. The rest gets `LONG`, and a change on disk ends every belief at
//!   once ([`session::Kernel::forget_beliefs`]). A kernel without that notice (before
//!   6.16) gets `SHORT`.
//! - An `opendir` without `O_DIRECTORY` comes from a server that takes the folder for a
//!   file (dnsmasq offers a size for it, and the boot manager hangs for 36 s): to that one
//!   it does not exist. `ls`, `find` and the listings of web servers all set the flag.
//! - A whole file on a disk is read by the kernel itself (`backing`).
//! - Locks are not answered at all: the kernel then keeps them itself, which is what
//!   tftpd-hpa needs for its read lock.

mod backing;
mod handles;
pub mod mountpoint;
pub mod session;

use std::cell::{OnceCell, RefCell};
use std::ffi::OsStr;
use std::io;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use fuser::{
    BackingId, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    InitFlags, KernelConfig, LockOwner, OpenAccMode, OpenFlags, ReplyAttr, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyXattr, Request,
};

use crate::address::{Address, Mac};
use crate::boots::Boot;
use crate::caller::Callers;
use crate::choice::Peers;
use crate::client::Macs;
use crate::error::Error;
use crate::fuse::backing::Backings;
use crate::fuse::handles::Handles;
use crate::journal::Ticket;
use crate::journal::news::News;
use crate::name::visible;
use crate::source::ReadAt;
use crate::tally::Count;
use crate::tree::{
    Admitted, Answer, Asking, Attributes, Belief, Choosing, Entry, KeptListing, Now, Tree,
};
use crate::witness::{self, Witness};

/// Belief where an event ends it. Not for ever: a write through a memory map or through
/// another hard link raises no event.
const LONG: Duration = Duration::from_secs(60);

/// Belief where nothing ends it early.
const SHORT: Duration = Duration::from_secs(1);

/// The longest name that `statfs` promises; a whole path may arrive as one name.
const LONGEST_NAME: u32 = 1024;

/// How many file systems may lie on each other, ours included, for passthrough.
const STACK_DEPTH: u32 = 2;

/// The inode number of a listed name: "unknown", as libfuse writes it. The true one would
/// cost a look at every file of a folder of thousands.
const UNLISTED_INODE: INodeNo = INodeNo(0xFFFF_FFFF);

thread_local! {
    /// What is read through the daemon, on its way to the kernel: as much as one request asks
    /// for (128 KiB, with other settings of the kernel 1 MiB), for each thread that answers. A
    /// new buffer for each request would also have to be cleared each time.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The tree as the kernel sees it.
#[derive(Debug)]
pub struct Door {
    tree: Arc<Tree>,
    callers: Callers,
    macs: Arc<dyn Macs>,
    stats: Arc<Stats>,
    told: Arc<dyn Told>,
    witness: Arc<Witness>,
    files: Handles<OpenFile>,
    backings: Arc<Backings>,
    folders: Handles<OnceLock<Vec<Entry>>>,
    began: Instant,
    /// The second, counted from `began`, of the last complaint.
    complained: AtomicU64,
    /// Found out when the kernel introduces itself.
    forgets_on_request: Arc<AtomicBool>,
}

/// A file that somebody has open.
#[derive(Debug)]
struct OpenFile {
    bytes: Bytes,
    /// By what the journal knows it; several, where one of several clients may have asked.
    tickets: Box<[Ticket]>,
}

/// Who reads an open file.
#[derive(Debug)]
enum Bytes {
    /// The kernel itself.
    Passed(Arc<BackingId>),
    /// It is read through the daemon.
    Read(Box<dyn ReadAt>),
}

/// Somebody who is told what happens at the door. Called while the kernel waits: what
/// takes long, or asks the kernel something, is to be done elsewhere.
pub trait Told: std::fmt::Debug + Send + Sync {
    /// A thread asked for a name and was refused, because its client cannot be told; this
    /// is what is known of its peers.
    fn refused(&self, thread: u32, name: &[u8], peers: &Peers);

    /// A client has opened a boot program, and this is now remembered of it.
    fn booted(&self, client: &Address, boot: &Boot);

    /// A thread has opened a boot program under `images/`, and whose choice that is cannot
    /// be told; this is what is known of its peers.
    fn unknown_choice(&self, thread: u32, peers: &Peers);

    /// Something was asked, and is in the journal now; or a file of it was closed.
    fn asked(&self, news: &News);

    /// The kernel holds more spellings of folders than it should.
    fn crowded(&self);

    /// The mount is gone, for whatever reason.
    fn ended(&self);
}

/// What was done so far; all counts since the start.
#[derive(Debug, Default)]
pub struct Stats {
    /// Names looked up.
    pub lookups: Count,
    /// Of these, names that were not there.
    pub misses: Count,
    /// Of these, names refused because the client could not be told.
    pub undecided: Count,
    /// Look-ups given back by the kernel.
    pub forgets: Count,
    /// Files opened.
    pub opens: Count,
    /// Bytes read through the daemon.
    pub bytes: Count,
}

/// The process behind a request; looked at once, and only if the tree wants to know.
struct Caller<'a> {
    callers: &'a Callers,
    macs: &'a dyn Macs,
    thread: u32,
    peers: OnceCell<Peers>,
}

impl Asking for Caller<'_> {
    fn thread(&self) -> u32 {
        self.thread
    }

    fn peers(&self) -> Peers {
        let look = || self.callers.peers(self.thread);
        self.peers.get_or_init(look).clone()
    }

    fn mac_of(&self, address: IpAddr) -> Option<Mac> {
        self.macs.mac_of(address)
    }

    fn serves_one(&self) -> bool {
        self.callers.serves_one(self.thread)
    }

    fn now(&self) -> Now {
        Now::read()
    }
}

impl witness::Caller for Caller<'_> {
    fn thread(&self) -> u32 {
        self.thread
    }

    fn known_peers(&self) -> Option<Peers> {
        self.peers.get().cloned()
    }

    fn peers(&self) -> Peers {
        Asking::peers(self)
    }

    fn serves_one(&self) -> bool {
        Asking::serves_one(self)
    }
}

impl Door {
    fn caller(&self, request: &Request) -> Caller<'_> {
        Caller {
            callers: &self.callers,
            macs: &*self.macs,
            thread: request.pid(),
            peers: OnceCell::new(),
        }
    }

    fn belief(&self, belief: Belief) -> Duration {
        match belief {
            Belief::Never => Duration::ZERO,
            Belief::Briefly => SHORT,
            Belief::UntilChanged if self.forgets_on_request.load(Ordering::Relaxed) => LONG,
            Belief::UntilChanged => SHORT,
        }
    }

    fn attributes(&self, id: u64, attributes: &Attributes) -> FileAttr {
        let (uid, gid) = self.tree.catalog().owner();
        file_attributes(id, attributes, uid, gid)
    }

    fn look_up(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let (caller, name) = (self.caller(request), name.as_bytes());
        let Answer { found, belief } = self.tree.lookup(parent.0, name, &caller);
        self.stats.lookups.add(1);
        let belief = self.belief(belief);
        self.witness_look_up(&caller, parent, name, &found);
        match found {
            Ok(found) => {
                let attributes = self.attributes(found.id, &found.attributes);
                // The number is that of one image, whoever asks: only the name is not.
                let kept = belief.max(SHORT);
                reply.entry_with_ttls(&kept, &belief, &attributes, Generation(0));
                if self.tree.nodes().is_crowded() {
                    self.told.crowded();
                }
            }
            Err(error) => {
                self.missed(&error, &caller, name);
                self.reply_missing(&error, belief, reply);
            }
        }
    }

    /// Before the answer: the process may be gone right after it.
    fn witness_look_up(
        &self,
        caller: &Caller<'_>,
        parent: INodeNo,
        name: &[u8],
        found: &Result<Admitted, Error>,
    ) {
        let Some(from) = self.tree.nodes().place(parent.0) else {
            return;
        };
        match found {
            Ok(found) => self.witness.found(caller, &from, name, found),
            Err(error) if error.is_absence() => {
                let news = self.witness.missed(caller, &from, name);
                news.iter().for_each(|news| self.told.asked(news));
            }
            Err(error) => {
                let why = error.to_string();
                let news = self.witness.refused(caller, &from, name, &why);
                news.iter().for_each(|news| self.told.asked(news));
            }
        }
    }

    fn missed(&self, error: &Error, caller: &Caller<'_>, name: &[u8]) {
        self.stats.misses.add(1);
        if matches!(error, Error::Undecided) {
            self.stats.undecided.add(1);
            self.told.refused(caller.thread, name, &caller.peers());
        } else if !error.is_everyday() && self.may_complain() {
            tracing::warn!("{}: {error}", visible(name));
        }
    }

    /// What has no number says more than the kernel can pass on: which file is damaged, where.
    fn unreadable(&self, error: &io::Error) {
        if error.raw_os_error().is_none() && self.may_complain() {
            tracing::error!("{error}");
        }
    }

    /// At most once a second: whoever is on the network can ask for names, and must not
    /// be able to fill the disk with what is said about them.
    fn may_complain(&self) -> bool {
        let now = self.began.elapsed().as_secs() + 1;
        self.complained.swap(now, Ordering::Relaxed) != now
    }

    /// A miss that may be believed is an entry without a number.
    fn reply_missing(&self, error: &Error, belief: Duration, reply: ReplyEntry) {
        if error.errno() == libc::ENOENT && !belief.is_zero() {
            let nothing = file_attributes(0, &Attributes::nothing(), 0, 0);
            reply.entry_with_ttls(&belief, &belief, &nothing, Generation(0));
        } else {
            reply.error(errno(error));
        }
    }

    /// A folder whose listing the kernel still has is listed only if it asks after all.
    fn open_folder(
        &self,
        request: &Request,
        id: INodeNo,
        flags: OpenFlags,
    ) -> Result<(u64, FopenFlags), Error> {
        if flags.0 & libc::O_DIRECTORY == 0 {
            return Err(Error::NotFound);
        }
        let (entries, flags) = match self.tree.kept_listing(id.0) {
            KeptListing::StillRight => {
                let keep = FopenFlags::FOPEN_CACHE_DIR | FopenFlags::FOPEN_KEEP_CACHE;
                (OnceLock::new(), keep)
            }
            KeptListing::Outdated => (self.entries(request, id)?, FopenFlags::FOPEN_CACHE_DIR),
            KeptListing::Never => (self.entries(request, id)?, FopenFlags::empty()),
        };
        Ok((self.folders.add(entries), flags))
    }

    fn entries(&self, request: &Request, id: INodeNo) -> Result<OnceLock<Vec<Entry>>, Error> {
        Ok(OnceLock::from(self.tree.list(id.0, &self.caller(request))?))
    }

    fn add_entries(&self, id: INodeNo, entries: &[Entry], offset: u64, reply: &mut ReplyDirectory) {
        let dots = [(id, ".".as_bytes(), true), (id, "..".as_bytes(), true)];
        let entries = entries
            .iter()
            .map(|entry| (UNLISTED_INODE, &*entry.name, entry.is_folder));
        let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = dots.into_iter().chain(entries).enumerate().skip(skipped);
        for (at, (inode, name, is_folder)) in rest {
            if reply.add(
                inode,
                at as u64 + 1,
                kind(is_folder),
                OsStr::from_bytes(name),
            ) {
                break;
            }
        }
    }

    /// Notes in the journal that a file is opened.
    fn witness_opening(&self, caller: &Caller<'_>, id: u64) -> Box<[Ticket]> {
        let opened = self.witness.opened(caller, id, || self.tree.file(id));
        let told = opened.into_iter().map(|(news, ticket)| {
            self.told.asked(&news);
            ticket
        });
        told.collect()
    }

    /// Notes in the journal that a file cannot be opened.
    fn witness_failure(&self, caller: &Caller<'_>, id: u64, error: &Error) {
        let (place, why) = (|| self.tree.file(id), error.to_string());
        let news = self.witness.not_opened(caller, id, place, &why);
        news.iter().for_each(|news| self.told.asked(news));
    }

    fn open_file(&self, bytes: Bytes, tickets: Box<[Ticket]>) -> FileHandle {
        FileHandle(self.files.add(OpenFile { bytes, tickets }))
    }

    fn pass(&self, reply: ReplyOpen, backing: &Arc<BackingId>, tickets: Box<[Ticket]>) {
        let handle = self.open_file(Bytes::Passed(backing.clone()), tickets);
        reply.opened_passthrough(handle, FopenFlags::FOPEN_NOFLUSH, backing);
    }

    /// Reads as much as is asked for into the front of the buffer, and gives it.
    fn read_file<'b>(
        &self,
        handle: FileHandle,
        offset: u64,
        size: u32,
        buffer: &'b mut Vec<u8>,
    ) -> io::Result<&'b [u8]> {
        let file = self.files.get(handle.0);
        let Some(Bytes::Read(file)) = file.as_deref().map(|file| &file.bytes) else {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        let wanted = buffer.get_mut(..size).unwrap_or_default();
        let count = file.read_at(wanted, offset)?;
        self.stats.bytes.add(count as u64);
        Ok(wanted.get(..count).unwrap_or_default())
    }
}

impl Filesystem for Door {
    fn init(&mut self, _request: &Request, config: &mut KernelConfig) -> io::Result<()> {
        // Asked for one by one: a kernel that lacks one still has the others.
        for wish in [
            // Look-ups in one folder side by side: two clients must not wait for a third.
            InitFlags::FUSE_PARALLEL_DIROPS,
            // A number stands for one version of a file: its pages are never stale.
            InitFlags::FUSE_EXPLICIT_INVAL_DATA,
        ] {
            let _ = config.add_capabilities(wish);
        }
        // Files may lie on an overlay, which is itself one step above a disk.
        let passes = config.add_capabilities(InitFlags::FUSE_PASSTHROUGH).is_ok()
            && config.set_max_stack_depth(STACK_DEPTH).is_ok();
        if passes {
            self.backings.enable();
        } else {
            self.backings.cannot_at_all(config.kernel_abi());
        }
        let forgets = config.kernel_abi() >= session::FORGETS_ON_REQUEST;
        self.forgets_on_request.store(forgets, Ordering::Relaxed);
        Ok(())
    }

    fn destroy(&mut self) {
        self.told.ended();
    }

    fn lookup(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.look_up(request, parent, name, reply);
    }

    fn forget(&self, _request: &Request, id: INodeNo, lookups: u64) {
        self.stats.forgets.add(lookups);
        self.tree.forget(id.0, lookups);
    }

    fn getattr(&self, _request: &Request, id: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.tree.attributes(id.0) {
            Ok(found) => reply.attr(&SHORT, &self.attributes(id.0, &found)),
            Err(error) => reply.error(errno(&error)),
        }
    }

    fn open(&self, request: &Request, id: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        // A mount that somebody made writable passes this on, and a file that is passed
        // through would be written with our rights.
        if flags.acc_mode() != OpenAccMode::O_RDONLY || flags.0 & libc::O_TRUNC != 0 {
            return reply.error(errno(&Error::ReadOnly));
        }
        self.stats.opens.add(1);
        let caller = self.caller(request);
        match self.tree.opens(id.0, &caller) {
            Choosing::Nothing => {}
            Choosing::Booted(client, boot) => self.told.booted(&client, &boot),
            Choosing::Unknown => self.told.unknown_choice(caller.thread, &caller.peers()),
        }
        if let Some(backing) = self.backings.known(id.0) {
            let tickets = self.witness_opening(&caller, id.0);
            return self.pass(reply, &backing, tickets);
        }
        let file = match self.tree.open(id.0) {
            Ok(file) => file,
            Err(error) => {
                if let Error::Source(source) = &error {
                    self.unreadable(source);
                    self.witness_failure(&caller, id.0, &error);
                }
                return reply.error(errno(&error));
            }
        };
        let tickets = self.witness_opening(&caller, id.0);
        match self.backings.register(id.0, file.as_ref(), &reply) {
            Some(backing) => self.pass(reply, &backing, tickets),
            None => {
                let handle = self.open_file(Bytes::Read(file), tickets);
                let flags = FopenFlags::FOPEN_KEEP_CACHE | FopenFlags::FOPEN_NOFLUSH;
                reply.opened(handle, flags);
            }
        }
    }

    fn read(
        &self,
        _request: &Request,
        _id: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        BUFFER.with_borrow_mut(
            |buffer| match self.read_file(handle, offset, size, buffer) {
                Ok(bytes) => reply.data(bytes),
                Err(error) => {
                    self.unreadable(&error);
                    reply.error(Errno::from_i32(error.raw_os_error().unwrap_or(libc::EIO)));
                }
            },
        );
    }

    fn release(
        &self,
        _request: &Request,
        _id: INodeNo,
        handle: FileHandle,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        reply.ok();
        let Some(OpenFile { bytes, tickets }) = self.files.remove(handle.0) else {
            return;
        };
        for ticket in &tickets {
            let news = self.witness.closed(ticket);
            news.iter().for_each(|news| self.told.asked(news));
        }
        if let Bytes::Passed(backing) = bytes {
            self.backings.closed(backing);
        }
    }

    fn opendir(&self, request: &Request, id: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        match self.open_folder(request, id, flags) {
            Ok((handle, flags)) => reply.opened(FileHandle(handle), flags),
            Err(error) => {
                if matches!(error, Error::Undecided) {
                    self.missed(&error, &self.caller(request), b"/");
                }
                reply.error(errno(&error));
            }
        }
    }

    fn readdir(
        &self,
        request: &Request,
        id: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let Some(folder) = self.folders.get(handle.0) else {
            return reply.error(Errno::from_i32(libc::EBADF));
        };
        let entries = match folder.get() {
            Some(entries) => entries,
            None => match self.tree.list(id.0, &self.caller(request)) {
                Ok(entries) => folder.get_or_init(|| entries),
                Err(error) => return reply.error(errno(&error)),
            },
        };
        self.add_entries(id, entries, offset, &mut reply);
        reply.ok();
    }

    fn releasedir(
        &self,
        _request: &Request,
        _id: INodeNo,
        handle: FileHandle,
        _flags: OpenFlags,
        reply: ReplyEmpty,
    ) {
        self.folders.remove(handle.0);
        reply.ok();
    }

    fn statfs(&self, _request: &Request, _id: INodeNo, reply: ReplyStatfs) {
        reply.statfs(
            0,
            0,
            0,
            self.tree.nodes().len() as u64,
            0,
            4096,
            LONGEST_NAME,
            4096,
        );
    }

    fn flush(
        &self,
        _request: &Request,
        _id: INodeNo,
        _handle: FileHandle,
        _owner: LockOwner,
        reply: ReplyEmpty,
    ) {
        reply.error(Errno::from_i32(libc::ENOSYS));
    }

    fn getxattr(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, reply: ReplyXattr) {
        reply.error(Errno::from_i32(libc::ENOSYS));
    }

    fn listxattr(&self, _: &Request, _: INodeNo, _: u32, reply: ReplyXattr) {
        reply.error(Errno::from_i32(libc::ENOSYS));
    }

    // Everything that would modify. The mount is read-only, so the kernel refuses these
    // itself; unless somebody remounts it for writing.

    fn setattr(
        &self,
        _request: &Request,
        _id: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        _size: Option<u64>,
        _atime: Option<fuser::TimeOrNow>,
        _mtime: Option<fuser::TimeOrNow>,
        _ctime: Option<SystemTime>,
        _handle: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        reply.error(errno(&Error::ReadOnly));
    }

    fn mknod(
        &self,
        _request: &Request,
        _parent: INodeNo,
        _name: &OsStr,
        _mode: u32,
        _umask: u32,
        _rdev: u32,
        reply: ReplyEntry,
    ) {
        reply.error(errno(&Error::ReadOnly));
    }

    fn mkdir(
        &self,
        _request: &Request,
        _parent: INodeNo,
        _name: &OsStr,
        _mode: u32,
        _umask: u32,
        reply: ReplyEntry,
    ) {
        reply.error(errno(&Error::ReadOnly));
    }

    fn unlink(&self, _request: &Request, _parent: INodeNo, _name: &OsStr, reply: ReplyEmpty) {
        reply.error(errno(&Error::ReadOnly));
    }

    fn rmdir(&self, _request: &Request, _parent: INodeNo, _name: &OsStr, reply: ReplyEmpty) {
        reply.error(errno(&Error::ReadOnly));
    }

    fn symlink(
        &self,
        _request: &Request,
        _parent: INodeNo,
        _name: &OsStr,
        _target: &std::path::Path,
        reply: ReplyEntry,
    ) {
        reply.error(errno(&Error::ReadOnly));
    }

    fn rename(
        &self,
        _request: &Request,
        _parent: INodeNo,
        _name: &OsStr,
        _new_parent: INodeNo,
        _new_name: &OsStr,
        _flags: fuser::RenameFlags,
        reply: ReplyEmpty,
    ) {
        reply.error(errno(&Error::ReadOnly));
    }

    fn link(
        &self,
        _request: &Request,
        _id: INodeNo,
        _new_parent: INodeNo,
        _new_name: &OsStr,
        reply: ReplyEntry,
    ) {
        reply.error(errno(&Error::ReadOnly));
    }

    fn write(
        &self,
        _request: &Request,
        _id: INodeNo,
        _handle: FileHandle,
        _offset: u64,
        _data: &[u8],
        _write_flags: fuser::WriteFlags,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: fuser::ReplyWrite,
    ) {
        reply.error(errno(&Error::ReadOnly));
    }

    fn create(
        &self,
        _request: &Request,
        _parent: INodeNo,
        _name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: fuser::ReplyCreate,
    ) {
        reply.error(errno(&Error::ReadOnly));
    }

    fn fallocate(
        &self,
        _request: &Request,
        _id: INodeNo,
        _handle: FileHandle,
        _offset: u64,
        _length: u64,
        _mode: i32,
        reply: ReplyEmpty,
    ) {
        reply.error(errno(&Error::ReadOnly));
    }

    fn setxattr(
        &self,
        _request: &Request,
        _id: INodeNo,
        _name: &OsStr,
        _value: &[u8],
        _flags: i32,
        _position: u32,
        reply: ReplyEmpty,
    ) {
        reply.error(errno(&Error::ReadOnly));
    }

    fn removexattr(&self, _request: &Request, _id: INodeNo, _name: &OsStr, reply: ReplyEmpty) {
        reply.error(errno(&Error::ReadOnly));
    }
}

fn errno(error: &Error) -> Errno {
    Errno::from_i32(error.errno())
}

fn kind(is_folder: bool) -> FileType {
    match is_folder {
        true => FileType::Directory,
        false => FileType::RegularFile,
    }
}

/// Readable for everybody, whatever the source says: dnsmasq refuses what not everybody
/// may read, and its `tftp-secure` what another user owns.
fn file_attributes(id: u64, attributes: &Attributes, uid: u32, gid: u32) -> FileAttr {
    FileAttr {
        ino: INodeNo(id),
        size: attributes.size,
        blocks: attributes.size.div_ceil(512),
        atime: attributes.modified,
        mtime: attributes.modified,
        ctime: attributes.modified,
        crtime: attributes.modified,
        kind: kind(attributes.is_folder),
        perm: if attributes.is_folder { 0o555 } else { 0o444 },
        // 1 for folders too: "not counted", so that `find` does not rely on it.
        nlink: 1,
        uid,
        gid,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}
