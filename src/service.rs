//! The life of the daemon: up, ready, reload, down.
//!
//! Everything that happens outside of a request arrives on one channel: signals, events
//! from the disk, a clock tick. It is worked off in one thread, which is not one of those
//! that answer the kernel: a notice to the kernel may have to wait for a request.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `served` | what is served, and who looks after it |
//! | `happening` | what there is to react to |
//! | `ears` | what happens at the door, for the log and for those who watch |
//! | `reload` | a configuration or client rules that were changed |
//! | `answering` | what commands ask |

mod answering;
mod ears;
mod happening;
mod reload;
mod served;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use crate::advice;
use crate::config::{Config, Problems};
use crate::control::Control;
use crate::failure::Failure;
use crate::fuse::session::{self, Mounted};
use crate::fuse::{Told, mountpoint};
use crate::journal::Journal;
use crate::reporter::{self, Reporter};
use crate::watch::Change;
use crate::web::{Place, Web};
use crate::witness::Witness;
use answering::{Answering, control};
use ears::Ears;
use happening::{Happening, listen_to_signals};
use served::Served;

/// How often sources are looked after that went away or were replaced as a whole, which
/// no event tells.
const TICK: Duration = Duration::from_secs(2);

/// The least time between two notices to the kernel: somebody who copies a large file
/// into a source makes thousands of events a second.
const BREATH: Duration = Duration::from_millis(20);

/// How long requests under way may take to finish once the mount is gone.
const GOODBYE: Duration = Duration::from_secs(5);

/// A running daemon.
struct Service {
    served: Served,
    mounted: Mounted,
    happenings: Receiver<Happening>,
    /// When the kernel was last told, and whether it has to be again.
    told: Instant,
    stale: bool,
    ticked: Instant,
    /// What was last said to be wrong with the configuration. One save of an editor makes
    /// several events.
    complaint: Option<Problems>,
    /// What was last said to be wrong in `clients.d/`.
    complaints: Vec<Problems>,
    ears: Arc<Ears>,
    journal: Arc<Journal>,
    witness: Arc<Witness>,
    reporter: Arc<Reporter>,
    /// Listened to as long as the mount is there.
    control: Option<Control>,
    /// Served as long as the daemon runs.
    _web: Option<Web>,
}

/// Mounts what the configuration says and serves it until it is told to stop; and a page, where
/// one is wanted.
///
/// # Errors
/// Why it could not be mounted, or where no page can be served.
pub fn run(config: Config, page: Option<Place>) -> Result<(), Failure> {
    let Some(mountpoint) = config.mountpoint.as_ref().map(|path| path.value.clone()) else {
        return Err(Failure::Usage(format!(
            "{} names no mountpoint\n  add one: mountpoint = \"/srv/tftp\"",
            config.file.display()
        )));
    };
    mountpoint::prepare(&mountpoint).map_err(failed)?;
    warn_of_hidden_files(&config, &mountpoint);
    let service = Service::up(config, &mountpoint, page)?;
    service.announce();
    service.serve()
}

fn failed(error: impl std::error::Error) -> Failure {
    Failure::Failed(error.to_string())
}

impl Service {
    /// Brings everything up, the mount last: once it is there it answers. Then those who may
    /// ask about it.
    fn up(config: Config, mountpoint: &Path, page: Option<Place>) -> Result<Self, Failure> {
        let page = page.map(Place::take).transpose().map_err(failed)?;
        let (sender, happenings) = channel();
        listen_to_signals(sender.clone()).map_err(failed)?;
        let served = Served::open(config, mountpoint, &sender)?;
        let ears = Arc::new(Ears::new(mountpoint, sender));
        let journal: Arc<Journal> = Arc::default();
        let witness = Arc::new(Witness::new(journal.clone()));
        let (told, macs): (Arc<dyn Told>, _) = (ears.clone(), served.macs());
        let mounted = session::mount(&served.tree, mountpoint, &told, &macs, &witness);
        let mounted = mounted.map_err(failed)?;
        let reporter = Arc::new(Reporter::new(reporter::Parts {
            tree: served.tree.clone(),
            journal: journal.clone(),
            witness: witness.clone(),
            macs,
            gauges: mounted.gauges().clone(),
            tally: ears.tally.clone(),
            mountpoint: mountpoint.display().to_string(),
        }));
        let web = page.map(|page| page.serve(reporter.clone()));
        let answering = Answering::new(&served, &ears, reporter.clone());
        let device = served.is_mounted(mountpoint);
        let control = device.and_then(|device| control(device, answering));
        let now = Instant::now();
        let mut service = Self {
            served,
            mounted,
            happenings,
            told: now,
            stale: false,
            ticked: now,
            complaint: None,
            complaints: Vec::new(),
            ears,
            journal,
            witness,
            reporter,
            control,
            _web: web.transpose().map_err(failed)?,
        };
        service.complain_of_dropped();
        Ok(service)
    }

    fn announce(&self) {
        let catalog = self.served.tree.catalog();
        let shown = advice::first_steps(&catalog, self.mounted.mountpoint());
        // Nobody may be reading: a daemon whose terminal went away goes on.
        let _ = std::io::Write::write_all(&mut std::io::stdout(), shown.as_bytes());
        if !self.mounted.is_for_everybody() {
            let what = "only you can see the mount, so no server can: add user_allow_other to \
                        /etc/fuse.conf, or run as root";
            tracing::warn!("{what}");
            self.ears.tally.complain("servers", what.to_owned());
        }
        tell_systemd(&[NotifyState::Ready]);
    }

    fn serve(mut self) -> Result<(), Failure> {
        loop {
            let patience = if self.stale { BREATH } else { TICK };
            match self.happenings.recv_timeout(patience) {
                Ok(Happening::Stop) | Err(RecvTimeoutError::Disconnected) => return self.stop(),
                Ok(Happening::Unmounted) => {
                    let shown = self.mounted.mountpoint().display();
                    tracing::info!("somebody unmounted {shown}");
                    return Ok(());
                }
                Ok(other) => self.react(other),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.end_rules();
            if self.ticked.elapsed() >= TICK {
                self.tick();
            }
            self.tell_kernel();
        }
    }

    fn react(&mut self, happened: Happening) {
        match happened {
            Happening::Change(Change::Folder(identity)) => {
                self.served.tree.catalog().changed(identity);
                self.stale = true;
            }
            Happening::Change(Change::Everything) => {
                self.served.tree.catalog().everything_changed();
                self.stale = true;
            }
            Happening::Renewed => {
                self.served.tree.catalog().move_on();
                self.stale = true;
            }
            Happening::Change(Change::Configuration) => self.reload(),
            Happening::Change(Change::Clients) => self.reread_clients(),
            Happening::Reload => {
                if let Ok(now) = NotifyState::monotonic_usec_now() {
                    tell_systemd(&[NotifyState::Reloading, now]);
                }
                self.complaint = None;
                self.reload();
                tell_systemd(&[NotifyState::Ready]);
            }
            Happening::Report => self.report(),
            Happening::Crowded => self.thin_out(),
            Happening::BootEnded => self.tell_ended(),
            Happening::Stop | Happening::Unmounted => {}
        }
    }

    fn thin_out(&self) {
        for (parent, name) in self.served.tree.nodes().oldest_folders() {
            self.mounted.kernel().forget_folder(parent, &name);
        }
    }

    fn tick(&mut self) {
        self.ticked = Instant::now();
        self.mounted.let_go();
        self.served.tree.let_go();
        let idle = self.served.tree.catalog().config().follow_idle;
        self.served.tree.boots().forget_idle(Instant::now(), idle);
        self.served.rounds.go();
        self.witness.look();
        self.ears.chronicle.tick();
        self.tell_ended();
    }

    /// Says of each boot that has come to an end why, once.
    fn tell_ended(&self) {
        self.ears.tally.heard();
        for (who, boot) in self.journal.take_ended(Instant::now()) {
            self.ears.tally.failed.add(1);
            let why = || self.reporter.diagnose(&who, &boot);
            self.ears.chronicle.ended(&who, &boot, why);
        }
    }

    /// Tells the kernel that names have changed; at once, unless it was told just now.
    fn tell_kernel(&mut self) {
        if self.stale && self.told.elapsed() >= BREATH {
            self.forget_beliefs();
        }
    }

    fn forget_beliefs(&mut self) {
        self.mounted.kernel().forget_beliefs();
        self.told = Instant::now();
        self.stale = false;
    }

    fn report(&self) {
        let gauges = self.mounted.gauges();
        let stats = gauges.stats();
        tracing::info!(
            lookups = stats.lookups.get(),
            misses = stats.misses.get(),
            undecided = stats.undecided.get(),
            forgets = stats.forgets.get(),
            opens = stats.opens.get(),
            bytes = stats.bytes.get(),
            nodes = self.served.tree.nodes().len(),
            "counters"
        );
    }

    fn stop(self) -> Result<(), Failure> {
        tell_systemd(&[NotifyState::Stopping]);
        let shown = self.mounted.mountpoint().display();
        let all_gone = self.mounted.unmount().map_err(|error| {
            Failure::Failed(format!(
                "cannot unmount {shown}: {error}\n  do it by hand: umount -l {shown}"
            ))
        })?;
        if all_gone {
            self.wait_for_the_last_answers();
        }
        Ok(())
    }

    fn wait_for_the_last_answers(&self) {
        let patience = Instant::now() + GOODBYE;
        while let Ok(happened) = self.happenings.recv_timeout(patience - Instant::now()) {
            if happened == Happening::Unmounted {
                return;
            }
        }
    }
}

/// Does nothing where no systemd waits for it.
fn tell_systemd(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("systemd cannot be told: {error}");
    }
}

/// Without a base, what lies in the mountpoint disappears while it is mounted over.
fn warn_of_hidden_files(config: &Config, mountpoint: &Path) {
    if config.base.is_some() {
        return;
    }
    let holds_any = std::fs::read_dir(mountpoint).is_ok_and(|mut entries| entries.next().is_some());
    if holds_any {
        tracing::warn!(
            "the files in {0} are hidden by the mount; to show them beneath, add: base = {0:?}",
            PathBuf::from(mountpoint).display()
        );
    }
}
