//! What the daemon reacts to, besides requests.

use std::sync::mpsc::Sender;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use crate::watch::Change;

/// Something to react to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happening {
    Change(Change),
    /// A source was replaced as a whole, went away or came back.
    Renewed,
    Stop,
    Reload,
    Report,
    /// The kernel holds too many spellings of folders.
    Crowded,
    /// A boot lacks something that it cannot do without.
    BootEnded,
    /// The mount is gone.
    Unmounted,
}

impl From<Change> for Happening {
    fn from(change: Change) -> Self {
        Self::Change(change)
    }
}

/// Hands on what the operator, or systemd, signals.
pub(super) fn listen_to_signals(happenings: Sender<Happening>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGUSR1])?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                let happening = match signal {
                    SIGHUP => Happening::Reload,
                    SIGUSR1 => Happening::Report,
                    _ => Happening::Stop,
                };
                if happenings.send(happening).is_err() {
                    return;
                }
            }
        })?;
    Ok(())
}
