//! Looks after sources that were replaced as a whole, went away or came back, of which no
//! event tells.
//!
//! In a thread of its own. A new ISO is indexed, which may take seconds, and a look at a disk
//! of another machine that does not answer has no end: meanwhile events and signals are
//! heard all the same.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crate::tree::Tree;

/// The thread that goes round.
#[derive(Debug)]
pub struct Rounds(SyncSender<()>);

impl Rounds {
    /// Goes round the sources of what the tree then shows, each time it is told to; `renewed`
    /// is called where anything has changed.
    ///
    /// # Errors
    /// There can be no more threads.
    pub fn new(tree: Arc<Tree>, renewed: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (go, told) = sync_channel(0);
        let round = move |()| {
            if tree.catalog().renew() {
                renewed();
            }
        };
        thread::Builder::new()
            .name("rounds".to_owned())
            .spawn(move || told.into_iter().for_each(round))?;
        Ok(Self(go))
    }

    /// Goes round, unless a round is still under way.
    pub fn go(&self) {
        // Refused where nobody waits for it: that is the round under way.
        let _ = self.0.try_send(());
    }
}
