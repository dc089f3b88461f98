//! A configuration or client rules that were changed while the daemon runs.
//!
//! What is wrong changes nothing: the configuration of before stays in force.

use super::Service;
use super::answering::status_group;
use super::served::has_file;
use crate::advice::count;
use crate::catalog::Catalog;
use crate::config::{Config, Problems};

impl Service {
    pub(super) fn reload(&mut self) {
        let before = self.served.tree.catalog();
        if !has_file(before.config()) {
            return;
        }
        match self.open_again(&before) {
            Ok(catalog) if catalog.config() == before.config() => {
                self.is_right_again();
                self.reread_clients();
            }
            Ok(catalog) => {
                self.served.cards.configure(catalog.config());
                self.let_in(catalog.config());
                self.served.tree.replace(catalog);
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
        self.served.dropped.read(&config);
        self.complain_of_dropped();
        let dropped = self.served.dropped.rules();
        Catalog::open(config, &dropped, &self.served.surroundings, Some(before))
    }

    /// Names whose answer depends on the client are never believed; but where a rule waits
    /// for a boot image to be read, that image's name is one of them.
    pub(super) fn reread_clients(&mut self) {
        let before = self.served.tree.catalog();
        self.served.events.watch_clients(self.served.dropped.path());
        self.served.dropped.read(before.config());
        self.complain_of_dropped();
        let catalog = before.with_dropped(&self.served.dropped.rules());
        let waits = catalog.choice().has_once();
        self.served.tree.replace(catalog);
        if waits != before.choice().has_once() {
            self.forget_beliefs();
        }
    }

    /// Each once, as long as it lasts.
    pub(super) fn complain_of_dropped(&mut self) {
        let problems = self.served.dropped.problems();
        for problem in problems
            .iter()
            .filter(|problem| !self.complaints.contains(problem))
        {
            tracing::error!("a client rule is not in force as it stands\n{problem}");
        }
        self.complaints = problems;
        let complaints: Vec<String> = self.complaints.iter().map(ToString::to_string).collect();
        self.ears.tally.complain("clients.d", complaints.join("\n"));
    }

    /// Removes the files of rules that have done their work, unless somebody has written
    /// another one meanwhile.
    pub(super) fn end_rules(&mut self) {
        let done = self.served.tree.done();
        if !done.is_empty() {
            self.reread_clients();
        }
        for rule in &done {
            if !self.served.tree.catalog().choice().has(rule) {
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
        self.ears.tally.complain("configuration", complaint);
        self.complaint = Some(problems);
    }

    fn is_right_again(&mut self) {
        self.ears.tally.complain("configuration", String::new());
        self.complaint = None;
    }

    fn report_reload(&self, before: &Catalog) {
        let after = self.served.tree.catalog();
        if before.config().mountpoint != after.config().mountpoint {
            tracing::warn!("a new mountpoint takes effect at the next start only");
        }
        let images = count(after.images().count(), "image");
        tracing::info!("new configuration in force: {images}");
    }
}
