//! What the kernel asks, handed to the tree and to the journal, and the answers handed back.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use fuser::{
    BackingId, Errno, FileAttr, FileHandle, FileType, FopenFlags, Generation, INodeNo, InitFlags,
    KernelConfig, OpenAccMode, OpenFlags, ReplyData, ReplyDirectory, ReplyEntry, ReplyOpen,
    Request, Version,
};

use super::caller::Caller;
use super::complaints::Complaints;
use super::gauges::Gauges;
use super::handles::Handles;
use super::told::Told;
use crate::caller::Callers;
use crate::client::Macs;
use crate::error::Error;
use crate::journal::Ticket;
use crate::name::visible;
use crate::source::ReadAt;
use crate::tree::{
    Admitted, Answer, Asking, Attributes, Belief, Choosing, Entry, KeptListing, Tree,
};
use crate::witness::Witness;

/// How many file systems may lie on each other, ours included, for passthrough.
const STACK_DEPTH: u32 = 2;

/// The protocol from which on a kernel drops all it believes on request (Linux 6.16).
const FORGETS_ON_REQUEST: Version = Version(7, 44);

/// Belief where an event ends it. Not for ever: a write through a memory map or through
/// another hard link raises no event.
const LONG: Duration = Duration::from_secs(60);

/// Belief where nothing ends it early.
pub(super) const SHORT: Duration = Duration::from_secs(1);

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
pub(super) struct Door {
    tree: Arc<Tree>,
    callers: Callers,
    macs: Arc<dyn Macs>,
    gauges: Arc<Gauges>,
    told: Arc<dyn Told>,
    witness: Arc<Witness>,
    files: Handles<OpenFile>,
    folders: Handles<OnceLock<Vec<Entry>>>,
    complaints: Complaints,
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

impl Door {
    /// A door to this tree; what happens there is told, and counted.
    pub(super) fn new(
        gauges: Arc<Gauges>,
        tree: Arc<Tree>,
        told: Arc<dyn Told>,
        macs: Arc<dyn Macs>,
        witness: Arc<Witness>,
    ) -> Self {
        Self {
            tree,
            callers: Callers::default(),
            macs,
            gauges,
            told,
            witness,
            files: Handles::default(),
            folders: Handles::default(),
            complaints: Complaints::default(),
        }
    }

    /// What is passed through, and whether beliefs can be ended, depends on the kernel.
    pub(super) fn introduced(&self, config: &mut KernelConfig) {
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
        match passes {
            true => self.gauges.backings.enable(),
            false => self.gauges.backings.cannot_at_all(config.kernel_abi()),
        }
        let forgets = config.kernel_abi() >= FORGETS_ON_REQUEST;
        self.gauges.set_forgets_on_request(forgets);
    }

    fn caller(&self, request: &Request) -> Caller<'_> {
        Caller::of(request, &self.callers, &*self.macs)
    }

    fn belief(&self, belief: Belief) -> Duration {
        match belief {
            Belief::Never => Duration::ZERO,
            Belief::Briefly => SHORT,
            Belief::UntilChanged if self.gauges.forgets_on_request() => LONG,
            Belief::UntilChanged => SHORT,
        }
    }

    fn attributes(&self, id: u64, attributes: &Attributes) -> FileAttr {
        let (uid, gid) = self.tree.catalog().owner();
        file_attributes(id, attributes, uid, gid)
    }

    /// Looks a name up for whoever asks.
    pub(super) fn look_up(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        reply: ReplyEntry,
    ) {
        let (caller, name) = (self.caller(request), name.as_bytes());
        let Answer { found, belief } = self.tree.lookup(parent.0, name, &caller);
        self.gauges.stats().lookups.add(1);
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
        self.gauges.stats().misses.add(1);
        if matches!(error, Error::Undecided) {
            self.gauges.stats().undecided.add(1);
            self.told
                .refused(caller.thread, name, &Asking::peers(caller));
        } else if !error.is_everyday() {
            // Once for all names: whoever is on the network can ask for any.
            let what = error.to_string();
            if self.complaints.may_say(&what, Instant::now()) {
                tracing::warn!("{}: {what}", visible(name));
            }
        }
    }

    /// What has no number says more than the kernel can pass on: which file is damaged, where.
    fn unreadable(&self, error: &io::Error) {
        let what = error.to_string();
        if error.raw_os_error().is_none() && self.complaints.may_say(&what, Instant::now()) {
            tracing::error!("{what}");
        }
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

    /// The attributes of what has this number.
    pub(super) fn attributes_of(&self, id: INodeNo) -> Result<FileAttr, Error> {
        let found = self.tree.attributes(id.0)?;
        Ok(self.attributes(id.0, &found))
    }

    /// The kernel gives back so many look-ups.
    pub(super) fn forgotten(&self, id: INodeNo, lookups: u64) {
        self.gauges.stats().forgets.add(lookups);
        self.tree.forget(id.0, lookups);
    }

    /// How many numbers the kernel holds.
    pub(super) fn count_of_numbers(&self) -> u64 {
        self.tree.nodes().len() as u64
    }

    /// Opens a file; a boot program chooses the image of its client by that.
    pub(super) fn open_file(
        &self,
        request: &Request,
        id: INodeNo,
        flags: OpenFlags,
        reply: ReplyOpen,
    ) {
        // A mount that somebody made writable passes this on, and a file that is passed
        // through would be written with our rights.
        if flags.acc_mode() != OpenAccMode::O_RDONLY || flags.0 & libc::O_TRUNC != 0 {
            return reply.error(errno(&Error::ReadOnly));
        }
        self.gauges.stats().opens.add(1);
        let caller = self.caller(request);
        self.tell_choice(&caller, id);
        if let Some(backing) = self.gauges.backings.known(id.0) {
            return self.pass(&caller, id, &backing, reply);
        }
        match self.tree.open(id.0) {
            Ok(file) => match self.gauges.backings.register(id.0, file.as_ref(), &reply) {
                Some(backing) => self.pass(&caller, id, &backing, reply),
                None => self.read_through(&caller, id, file, reply),
            },
            Err(error) => {
                if let Error::Source(source) = &error {
                    self.unreadable(source);
                    self.witness_failure(&caller, id, &error);
                }
                reply.error(errno(&error));
            }
        }
    }

    fn tell_choice(&self, caller: &Caller<'_>, id: INodeNo) {
        match self.tree.opens(id.0, caller) {
            Choosing::Nothing => {}
            Choosing::Booted(client, boot) => self.told.booted(&client, &boot),
            Choosing::Unknown => self
                .told
                .unknown_choice(caller.thread, &Asking::peers(caller)),
        }
    }

    fn pass(&self, caller: &Caller<'_>, id: INodeNo, backing: &Arc<BackingId>, reply: ReplyOpen) {
        let handle = self.opened(caller, id, Bytes::Passed(backing.clone()));
        reply.opened_passthrough(handle, FopenFlags::FOPEN_NOFLUSH, backing);
    }

    fn read_through(
        &self,
        caller: &Caller<'_>,
        id: INodeNo,
        file: Box<dyn ReadAt>,
        reply: ReplyOpen,
    ) {
        let handle = self.opened(caller, id, Bytes::Read(file));
        let flags = FopenFlags::FOPEN_KEEP_CACHE | FopenFlags::FOPEN_NOFLUSH;
        reply.opened(handle, flags);
    }

    fn opened(&self, caller: &Caller<'_>, id: INodeNo, bytes: Bytes) -> FileHandle {
        let tickets = self.witness_opening(caller, id);
        FileHandle(self.files.add(OpenFile { bytes, tickets }))
    }

    /// Notes in the journal that a file is opened.
    fn witness_opening(&self, caller: &Caller<'_>, id: INodeNo) -> Box<[Ticket]> {
        let opened = self.witness.opened(caller, id.0, || self.tree.file(id.0));
        let told = opened.into_iter().map(|(news, ticket)| {
            self.told.asked(&news);
            ticket
        });
        told.collect()
    }

    /// Notes in the journal that a file cannot be opened.
    fn witness_failure(&self, caller: &Caller<'_>, id: INodeNo, error: &Error) {
        let (place, why) = (|| self.tree.file(id.0), error.to_string());
        let news = self.witness.not_opened(caller, id.0, place, &why);
        news.iter().for_each(|news| self.told.asked(news));
    }

    /// Notes in the journal that a file cannot be read on. Before the answer: whoever reads it
    /// closes it at once.
    fn witness_break(&self, handle: FileHandle, at: u64, error: &io::Error) {
        let (file, why) = (self.files.get(handle.0), error.to_string());
        for ticket in file.iter().flat_map(|file| &file.tickets) {
            let news = self.witness.broke(ticket, at, &why);
            news.iter().for_each(|news| self.told.asked(news));
        }
    }

    /// Answers with as much of a file as is asked for.
    pub(super) fn read_file(&self, handle: FileHandle, offset: u64, size: usize, reply: ReplyData) {
        BUFFER.with_borrow_mut(
            |buffer| match self.read_into(buffer, handle, offset, size) {
                Ok(bytes) => reply.data(bytes),
                Err(error) => {
                    self.witness_break(handle, offset, &error);
                    self.unreadable(&error);
                    reply.error(Errno::from_i32(error.raw_os_error().unwrap_or(libc::EIO)));
                }
            },
        );
    }

    /// Reads into the front of the buffer, and gives it.
    fn read_into<'b>(
        &self,
        buffer: &'b mut Vec<u8>,
        handle: FileHandle,
        offset: u64,
        size: usize,
    ) -> io::Result<&'b [u8]> {
        let file = self.files.get(handle.0);
        let Some(Bytes::Read(file)) = file.as_deref().map(|file| &file.bytes) else {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        };
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        let wanted = buffer.get_mut(..size).unwrap_or_default();
        let count = file.read_at(wanted, offset)?;
        self.gauges.stats().bytes.add(count as u64);
        Ok(wanted.get(..count).unwrap_or_default())
    }

    /// Nobody has the file open any more.
    pub(super) fn close_file(&self, handle: FileHandle) {
        let Some(OpenFile { bytes, tickets }) = self.files.remove(handle.0) else {
            return;
        };
        for ticket in &tickets {
            let news = self.witness.closed(ticket);
            news.iter().for_each(|news| self.told.asked(news));
        }
        if let Bytes::Passed(backing) = bytes {
            self.gauges.backings.closed(backing);
        }
    }

    /// Opens a folder. One whose listing the kernel still has is listed only if it asks after
    /// all.
    pub(super) fn open_folder(
        &self,
        request: &Request,
        id: INodeNo,
        flags: OpenFlags,
    ) -> Result<(u64, FopenFlags), Error> {
        if flags.0 & libc::O_DIRECTORY == 0 {
            return Err(Error::NotFound);
        }
        let cached = FopenFlags::FOPEN_CACHE_DIR;
        let (entries, flags) = match self.tree.kept_listing(id.0) {
            KeptListing::StillRight => (OnceLock::new(), cached | FopenFlags::FOPEN_KEEP_CACHE),
            KeptListing::Outdated => (self.entries(request, id)?.into(), cached),
            KeptListing::Never => (self.entries(request, id)?.into(), FopenFlags::empty()),
        };
        Ok((self.folders.add(entries), flags))
    }

    fn entries(&self, request: &Request, id: INodeNo) -> Result<Vec<Entry>, Error> {
        let caller = self.caller(request);
        let entries = self.tree.list(id.0, &caller);
        entries.inspect_err(|error| {
            if matches!(error, Error::Undecided) {
                self.missed(error, &caller, b"/");
            }
        })
    }

    /// Answers with the entries of an open folder from there on.
    pub(super) fn list_folder(
        &self,
        request: &Request,
        id: INodeNo,
        handle: FileHandle,
        offset: u64,
        reply: &mut ReplyDirectory,
    ) -> Result<(), Errno> {
        let folder = self.folders.get(handle.0);
        let folder = folder.ok_or(Errno::from_i32(libc::EBADF))?;
        let entries = match folder.get() {
            Some(entries) => entries,
            None => {
                let entries = self.entries(request, id).map_err(|error| errno(&error))?;
                folder.get_or_init(|| entries)
            }
        };
        add_entries(id, entries, offset, reply);
        Ok(())
    }

    /// Nobody has the folder open any more.
    pub(super) fn close_folder(&self, handle: FileHandle) {
        self.folders.remove(handle.0);
    }

    /// The mount is gone.
    pub(super) fn ended(&self) {
        self.told.ended();
    }
}

pub(super) fn errno(error: &Error) -> Errno {
    Errno::from_i32(error.errno())
}

fn add_entries(id: INodeNo, entries: &[Entry], offset: u64, reply: &mut ReplyDirectory) {
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
