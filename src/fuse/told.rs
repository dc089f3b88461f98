//! Who is told what happens at the door.

use crate::address::Address;
use crate::boots::Boot;
use crate::choice::Peers;
use crate::journal::news::News;

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
