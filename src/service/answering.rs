//! What commands ask the daemon, and its answers.

use std::sync::Arc;
use std::time::Instant;

use super::ears::Ears;
use super::served::Served;
use crate::address::Address;
use crate::client::{Client, Macs};
use crate::config::{self, Config};
use crate::control::{Answer, Answers, Control, Question};
use crate::reporter::Reporter;
use crate::status::Tells;
use crate::tree::Tree;
use crate::watchers::{Watchers, Watching};

/// What commands may ask of the daemon.
pub(super) struct Answering {
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
    /// For commands that ask about this.
    pub(super) fn new(served: &Served, ears: &Ears, reporter: Arc<Reporter>) -> Self {
        Self {
            tree: served.tree.clone(),
            macs: served.macs(),
            reporter,
            watchers: ears.watchers.clone(),
        }
    }

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

/// Without it the mount still serves; only commands cannot ask.
pub(super) fn control(device: u64, answering: Answering) -> Option<Control> {
    let group = status_group(answering.tree.catalog().config());
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
pub(super) fn status_group(config: &Config) -> Option<u32> {
    config
        .status_group
        .as_deref()
        .and_then(|group| config::group_id(group))
}
