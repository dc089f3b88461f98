//! The life of the daemon: up, ready, reload, down.
//!
//! Everything that happens outside of a request arrives on one channel: signals, events
//! from the disk, a clock tick. It is worked off in one thread, which is not one of those
//! that answer the kernel: a notice to the kernel may have to wait for a request.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use crate::address::Address;
use crate::advice::{Advice, count};
use crate::boots::Boot;
use crate::cards::Cards;
use crate::catalog::{Catalog, Surroundings};
use crate::choice::Peers;
use crate::chronicle::{self, Chronicle};
use crate::client::{Client, Macs};
use crate::config::{self, Config, Problems, dropped};
use crate::control::{Answer, Answers, Control, Question};
use crate::failure::Failure;
use crate::fuse::session::{self, Mounted};
use crate::fuse::{Told, mountpoint};
use crate::journal::Journal;
use crate::journal::news::News;
use crate::journal::progress::{Stage, Worth};
use crate::reporter::{self, Reporter};
use crate::rounds::Rounds;
use crate::source::dir::OwnMount;
use crate::status::Tells;
use crate::tally::Tally;
use crate::tree::Tree;
use crate::watch::{Change, Events};
use crate::watchers::{Watchers, Watching};
use crate::web::{Place, Web};
use crate::witness::Witness;

/// How often sources are looked after that went away or were replaced as a whole, which
/// no event tells.
const TICK: Duration = Duration::from_secs(2);

/// The least time between two notices to the kernel: somebody who copies a large file
/// into a source makes thousands of events a second.
const BREATH: Duration = Duration::from_millis(20);

/// How long requests under way may take to finish once the mount is gone.
const GOODBYE: Duration = Duration::from_secs(5);

/// Something to react to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happening {
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

/// Hears what happens at the door.
#[derive(Debug)]
struct Ears {
    advice: Advice,
    chronicle: Arc<Chronicle>,
    watchers: Arc<Watchers>,
    tally: Arc<Tally>,
    happenings: Sender<Happening>,
}

impl Told for Ears {
    fn refused(&self, thread: u32, name: &[u8], peers: &Peers) {
        self.advice.refused(thread, name, peers);
    }

    fn booted(&self, client: &Address, boot: &Boot) {
        self.advice.booted(client, boot);
    }

    fn unknown_choice(&self, thread: u32, peers: &Peers) {
        self.advice.unknown_choice(thread, peers);
    }

    fn asked(&self, news: &News) {
        self.chronicle.asked(news);
        self.watchers.tell(|| reporter::request(news));
        if news.is_further && news.stage == Stage::Done {
            self.tally.done.add(1);
        }
        // Once is enough until it was heard: whoever is on the network can ask for anything.
        if news.worth == Worth::Fatal && self.tally.calls() {
            let _ = self.happenings.send(Happening::BootEnded);
        }
    }

    fn crowded(&self) {
        // Nobody listens any more only when the daemon is ending.
        let _ = self.happenings.send(Happening::Crowded);
    }

    fn ended(&self) {
        let _ = self.happenings.send(Happening::Unmounted);
    }
}

impl From<Change> for Happening {
    fn from(change: Change) -> Self {
        Self::Change(change)
    }
}

/// A running daemon.
struct Service {
    tree: Arc<Tree>,
    mounted: Mounted,
    surroundings: Surroundings,
    happenings: Receiver<Happening>,
    /// When the kernel was last told, and whether it has to be again.
    told: Instant,
    stale: bool,
    ticked: Instant,
    rounds: Rounds,
    /// What was last said to be wrong with the configuration. One save of an editor makes
    /// several events.
    complaint: Option<Problems>,
    events: Arc<Events>,
    cards: Arc<Cards>,
    /// `clients.d/`, and what was last said to be wrong in it.
    dropped: dropped::Folder,
    complaints: Vec<Problems>,
    journal: Arc<Journal>,
    witness: Arc<Witness>,
    reporter: Arc<Reporter>,
    chronicle: Arc<Chronicle>,
    tally: Arc<Tally>,
    /// Listened to as long as the mount is there.
    control: Option<Control>,
    /// Served as long as the daemon runs.
    _web: Option<Web>,
}

/// What commands may ask of the daemon.
struct Answering {
    tree: Arc<Tree>,
    macs: Arc<dyn Macs>,
    reporter: Arc<Reporter>,
    watchers: Arc<Watchers>,
}

impl Answers for Answering {
    fn answer(&self, question: &Question) -> Answer {
        match question {
            Question::Booted { client } => match Address::parse(client.as_bytes()) {
                Some(address) => self.booted(&address),
                None => Answer::Wrong {
                    why: format!("{client:?} is no address"),
                },
            },
            Question::Status { most_clients } => {
                Answer::Status(Box::new(self.reporter.status(*most_clients)))
            }
            Question::Boots { client } => Answer::Boots {
                boots: self.reporter.boots(client).map(Box::new),
            },
            Question::Watch { .. } => Answer::Watching,
        }
    }

    fn watch(&self) -> Watching {
        self.watchers.join()
    }
}

impl Answering {
    fn booted(&self, address: &Address) -> Answer {
        let client = Client::at(address).with_mac(|ip| self.macs.mac_of(ip));
        let idle = self.tree.catalog().config().follow_idle;
        let boot = self.tree.boots().remembered(&client, Instant::now(), idle);
        Answer::Booted {
            image: boot
                .as_ref()
                .and_then(|boot| Some(boot.image.as_ref()?.to_string())),
            firmware: boot.as_ref().map(|boot| boot.program.firmware),
            program: boot
                .as_ref()
                .and_then(|boot| boot.program.path.as_deref().map(str::to_owned)),
            flips: boot.is_some_and(|boot| boot.flips),
        }
    }
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
    /// Brings everything up, the mount last: once it is there it answers.
    fn up(config: Config, mountpoint: &Path, page: Option<Place>) -> Result<Self, Failure> {
        let page = page.map(Place::take).transpose().map_err(failed)?;
        let (sender, happenings) = channel();
        listen_to_signals(sender.clone()).map_err(failed)?;
        let events = Arc::new(Events::new(sender.clone()));
        let surroundings = Surroundings {
            watch: events.clone(),
            own_mount: Arc::new(OwnMount::at(mountpoint).map_err(failed)?),
        };
        watch_configuration(&events, &config.file);
        let mut dropped = dropped::Folder::beside(&config.file);
        if has_file(&config) {
            events.watch_clients(dropped.path());
            dropped.read(&config);
        }
        let catalog = Catalog::open(config, &dropped.rules(), &surroundings, None)?;
        let cards = Arc::new(Cards::new(catalog.config()));
        let macs: Arc<dyn Macs> = cards.clone();
        let tree = Arc::new(Tree::new(catalog));
        let renewed = sender.clone();
        let rounds = Rounds::new(tree.clone(), move || {
            // Nobody listens any more only when the daemon is ending.
            let _ = renewed.send(Happening::Renewed);
        });
        let (journal, tally): (Arc<Journal>, Arc<Tally>) = Default::default();
        let (chronicle, watchers): (Arc<Chronicle>, Arc<Watchers>) = Default::default();
        let ears: Arc<dyn Told> = Arc::new(Ears {
            advice: Advice::new(mountpoint),
            chronicle: chronicle.clone(),
            watchers: watchers.clone(),
            tally: tally.clone(),
            happenings: sender,
        });
        let witness = Arc::new(Witness::new(journal.clone()));
        let mounted = session::mount(&tree, mountpoint, &ears, &macs, &witness).map_err(failed)?;
        let device = mountpoint::device(mountpoint);
        if let Some(device) = device {
            surroundings.own_mount.is_up(device);
        }
        let reporter = Arc::new(Reporter::new(reporter::Parts {
            tree: tree.clone(),
            journal: journal.clone(),
            witness: witness.clone(),
            macs: macs.clone(),
            gauges: mounted.gauges(),
            tally: tally.clone(),
            mountpoint: mountpoint.display().to_string(),
        }));
        let web = page.map(|page| page.serve(reporter.clone()));
        let answering = Answering {
            tree: tree.clone(),
            macs,
            reporter: reporter.clone(),
            watchers,
        };
        let group = status_group(tree.catalog().config());
        let control = device.and_then(|device| control(device, group, answering));
        let now = Instant::now();
        let mut service = Self {
            tree,
            mounted,
            surroundings,
            happenings,
            told: now,
            stale: false,
            ticked: now,
            rounds: rounds.map_err(failed)?,
            complaint: None,
            events,
            cards,
            dropped,
            complaints: Vec::new(),
            journal,
            witness,
            reporter,
            chronicle,
            tally,
            control,
            _web: web.transpose().map_err(failed)?,
        };
        service.complain_of_dropped();
        Ok(service)
    }

    fn announce(&self) {
        let catalog = self.tree.catalog();
        let shown = crate::advice::first_steps(&catalog, self.mounted.mountpoint());
        // Nobody may be reading: a daemon whose terminal went away goes on.
        let _ = std::io::Write::write_all(&mut std::io::stdout(), shown.as_bytes());
        if !self.mounted.is_for_everybody() {
            let what = "only you can see the mount, so no server can: add user_allow_other to \
                        /etc/fuse.conf, or run as root";
            tracing::warn!("{what}");
            self.tally.complain("servers", what.to_owned());
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
                self.tree.catalog().changed(identity);
                self.stale = true;
            }
            Happening::Change(Change::Everything) => {
                self.tree.catalog().everything_changed();
                self.stale = true;
            }
            Happening::Renewed => {
                self.tree.catalog().move_on();
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
        for (parent, name) in self.tree.nodes().oldest_folders() {
            self.mounted.kernel().forget_folder(parent, &name);
        }
    }

    fn tick(&mut self) {
        self.ticked = Instant::now();
        self.mounted.let_go();
        self.tree.let_go();
        let idle = self.tree.catalog().config().follow_idle;
        self.tree.boots().forget_idle(Instant::now(), idle);
        self.rounds.go();
        self.witness.look();
        self.chronicle.tick();
        self.tell_ended();
    }

    /// Says of each boot that has come to an end why, once.
    fn tell_ended(&self) {
        self.tally.heard();
        for (who, boot) in self.journal.take_ended(Instant::now()) {
            self.tally.failed.add(1);
            if let Some(diagnosis) = self.reporter.diagnose(&who, &boot) {
                chronicle::ended(&who, &boot, &diagnosis);
            }
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

    fn reload(&mut self) {
        let before = self.tree.catalog();
        if !has_file(before.config()) {
            return;
        }
        match self.open_again(&before) {
            Ok(catalog) if catalog.config() == before.config() => {
                self.is_right_again();
                self.reread_clients();
            }
            Ok(catalog) => {
                self.cards.configure(catalog.config());
                self.let_in(catalog.config());
                self.tree.replace(catalog);
                // At once: what is said next must be true, and systemd hears it too.
                self.forget_beliefs();
                self.report_reload(&before);
                self.is_right_again();
            }
            Err(problems) => self.complain(problems),
        }
    }

    fn let_in(&self, config: &Config) {
        let control = self.control.iter();
        for error in control.filter_map(|control| control.let_in(status_group(config)).err()) {
            tracing::warn!("who may ask this daemon stays as it was: {error}");
        }
    }

    fn open_again(&mut self, before: &Catalog) -> Result<Catalog, Problems> {
        let config = Config::read(&before.config().file)?;
        self.dropped.read(&config);
        self.complain_of_dropped();
        let dropped = self.dropped.rules();
        Catalog::open(config, &dropped, &self.surroundings, Some(before))
    }

    /// Names whose answer depends on the client are never believed; but where a rule waits
    /// for a boot image to be read, that image's name is one of them.
    fn reread_clients(&mut self) {
        let before = self.tree.catalog();
        self.events.watch_clients(self.dropped.path());
        self.dropped.read(before.config());
        self.complain_of_dropped();
        let catalog = before.with_dropped(&self.dropped.rules());
        let waits = catalog.choice().has_once();
        self.tree.replace(catalog);
        if waits != before.choice().has_once() {
            self.forget_beliefs();
        }
    }

    /// Each once, as long as it lasts.
    fn complain_of_dropped(&mut self) {
        let problems = self.dropped.problems();
        for problem in problems
            .iter()
            .filter(|problem| !self.complaints.contains(problem))
        {
            tracing::error!("a client rule is not in force as it stands\n{problem}");
        }
        self.complaints = problems;
        let complaints: Vec<String> = self.complaints.iter().map(ToString::to_string).collect();
        self.tally.complain("clients.d", complaints.join("\n"));
    }

    /// Removes the files of rules that have done their work, unless somebody has written
    /// another one meanwhile.
    fn end_rules(&mut self) {
        let done = self.tree.done();
        if !done.is_empty() {
            self.reread_clients();
        }
        for rule in &done {
            if !self.tree.catalog().choice().has(rule) {
                continue;
            }
            let (client, image) = (rule.matched, rule.image());
            match std::fs::remove_file(&rule.file) {
                Ok(()) => {
                    tracing::info!("{client} has read the boot image of {image}: its rule ends");
                }
                Err(error) => tracing::error!(
                    "{client} has read the boot image of {image}, but its rule stays, and the next \
                     boot will be the same again: {error}\n  remove it: rm {}",
                    rule.file.display()
                ),
            }
        }
        if !done.is_empty() {
            self.reread_clients();
        }
    }

    fn complain(&mut self, problems: Problems) {
        if self.complaint.as_ref() != Some(&problems) {
            tracing::error!("the old configuration stays in force\n{problems}");
        }
        let complaint = format!("the old configuration stays in force\n{problems}");
        self.tally.complain("configuration", complaint);
        self.complaint = Some(problems);
    }

    fn is_right_again(&mut self) {
        self.tally.complain("configuration", String::new());
        self.complaint = None;
    }

    fn report_reload(&self, before: &Catalog) {
        let after = self.tree.catalog();
        if before.config().mountpoint != after.config().mountpoint {
            tracing::warn!("a new mountpoint takes effect at the next start only");
        }
        let images = count(after.images().count(), "image");
        tracing::info!("new configuration in force: {images}");
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
            nodes = self.tree.nodes().len(),
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

/// Without it the mount still serves; only commands cannot ask.
fn control(device: u64, group: Option<u32>, answering: Answering) -> Option<Control> {
    let control = Control::listen(device, group, Arc::new(answering));
    let warn = |error: &std::io::Error| {
        // Whoever runs it for himself alone has no clients that could boot anything.
        if rustix::process::geteuid().is_root() {
            tracing::warn!("commands cannot ask this daemon anything: {error}");
        }
    };
    control.inspect_err(warn).ok()
}

/// Whose members may ask, besides root.
fn status_group(config: &Config) -> Option<u32> {
    config
        .status_group
        .as_deref()
        .and_then(|group| config::group_id(group))
}

/// One from the command line has none.
fn has_file(config: &Config) -> bool {
    !config.file.as_os_str().is_empty()
}

fn watch_configuration(events: &Events, file: &Path) {
    if !file.as_os_str().is_empty() && !events.watch_configuration(file) {
        tracing::warn!("{} is not watched: reload with SIGHUP", file.display());
    }
}

fn listen_to_signals(happenings: Sender<Happening>) -> std::io::Result<()> {
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
