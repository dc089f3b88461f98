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
//!
//! | file | what is in it |
//! | --- | --- |
//! | `door` | each request, handed to the tree and to the journal |
//! | `caller` | the process behind a request |
//! | [`told`], `complaints` | who hears of it, and what the log says |
//! | `handles`, `backing` | open files, and those that the kernel reads itself |
//! | [`gauges`] | what is counted |
//! | [`session`], [`mountpoint`] | the mount, and where it is |

mod backing;
mod caller;
mod complaints;
mod door;
pub mod gauges;
mod handles;
pub mod mountpoint;
pub mod session;
pub mod told;

use std::ffi::OsStr;
use std::io;
use std::time::SystemTime;

use fuser::{
    Errno, FileHandle, Filesystem, INodeNo, KernelConfig, LockOwner, OpenFlags, ReplyAttr,
    ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyXattr, Request,
};

use crate::error::Error;
use door::{Door, SHORT, errno};
pub use told::Told;

/// The longest name that `statfs` promises; a whole path may arrive as one name.
const LONGEST_NAME: u32 = 1024;

impl Filesystem for Door {
    fn init(&mut self, _request: &Request, config: &mut KernelConfig) -> io::Result<()> {
        self.introduced(config);
        Ok(())
    }

    fn destroy(&mut self) {
        self.ended();
    }

    fn lookup(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.look_up(request, parent, name, reply);
    }

    fn forget(&self, _request: &Request, id: INodeNo, lookups: u64) {
        self.forgotten(id, lookups);
    }

    fn getattr(&self, _request: &Request, id: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.attributes_of(id) {
            Ok(attributes) => reply.attr(&SHORT, &attributes),
            Err(error) => reply.error(errno(&error)),
        }
    }

    fn open(&self, request: &Request, id: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        self.open_file(request, id, flags, reply);
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
        match usize::try_from(size) {
            Ok(size) => self.read_file(handle, offset, size, reply),
            Err(_) => reply.error(Errno::from_i32(libc::EINVAL)),
        }
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
        self.close_file(handle);
    }

    fn opendir(&self, request: &Request, id: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        match self.open_folder(request, id, flags) {
            Ok((handle, flags)) => reply.opened(FileHandle(handle), flags),
            Err(error) => reply.error(errno(&error)),
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
        match self.list_folder(request, id, handle, offset, &mut reply) {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(error),
        }
    }

    fn releasedir(
        &self,
        _request: &Request,
        _id: INodeNo,
        handle: FileHandle,
        _flags: OpenFlags,
        reply: ReplyEmpty,
    ) {
        self.close_folder(handle);
        reply.ok();
    }

    fn statfs(&self, _request: &Request, _id: INodeNo, reply: ReplyStatfs) {
        reply.statfs(
            0,
            0,
            0,
            self.count_of_numbers(),
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
