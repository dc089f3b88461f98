//! What else keeps a server that serves the mount from giving its files away.

use super::Patient;
use crate::doctor::finding::{Finding, Level, shown};
use crate::doctor::machine::process::name;
use crate::doctor::machine::server::Serves;
use crate::doctor::setup::Flaw;
use crate::servers::{LIGHTTPD_FORGETS, Server};

/// Servers that look into their files when they start, and never again before the next
/// start or reload, which is seen.
const READ_ONCE: [&str; 3] = ["dnsmasq", "nginx", "Apache"];

impl Patient<'_> {
    pub(super) fn flaws(&self, server: &Server, serves: &Serves) -> Vec<Finding> {
        let flaws = serves.setup.flaws.iter();
        let flaws = flaws.filter_map(|flaw| self.flaw(server, *flaw));
        let others = [self.closed(serves), self.troubles(server, serves)];
        flaws.chain(others.into_iter().flatten()).collect()
    }

    fn flaw(&self, server: &Server, flaw: Flaw) -> Option<Finding> {
        let root = || self.lines(&server.root, None);
        match flaw {
            Flaw::OwnFilesOnly => self.not_its_own(),
            Flaw::RelativeRefused => Some(self.problem(
                "refuses names that do not begin with /, as \\Boot\\BCD: it runs without --secure"
                    .to_owned(),
                root(),
            )),
            Flaw::NoRoot => Some(self.problem(
                "names its clients behind tftp-root only, and there is none".to_owned(),
                root(),
            )),
            Flaw::Remembers => Some(Finding::note(
                &self.about,
                "remembers files for a second: after a change clients get the old one for so long",
                format!("{}:\n  {LIGHTTPD_FORGETS}\nthen {}", server.by_path.place, self.restart()),
            )),
        }
    }

    /// Root may read all that others may.
    fn not_its_own(&self) -> Option<Finding> {
        let (user, owner) = (self.seen.user.id, self.case.own.owner?);
        if user == 0 || user == owner {
            return None;
        }
        let (user, owner) = (name(user), name(owner));
        let file = self.case.site.place();
        Some(self.problem(
            format!(
                "serves only what belongs to its user {user} (tftp-secure), and all files of the \
                 mount belong to {owner}"
            ),
            format!("in {file}:\n  owner = \"{user}\""),
        ))
    }

    /// A folder above the mountpoint that its user may not pass.
    fn closed(&self, serves: &Serves) -> Option<Finding> {
        let user = &self.seen.user;
        let folders = &serves.above;
        let closed = folders
            .iter()
            .find(|folder| folder.lets_pass(user) == Some(false))?;
        let folder = closed.path.display();
        Some(self.problem(
            format!(
                "its user {} may not pass {folder}, so it sees no file of the mount",
                user.name()
            ),
            format!("chmod o+x {folder}"),
        ))
    }

    fn troubles(&self, server: &Server, serves: &Serves) -> Option<Finding> {
        let trouble = serves.troubles.first()?;
        Some(Finding::note(
            &self.about,
            format!("not all of its configuration is understood: {trouble}"),
            format!("see whether something there takes these back, {}", {
                let lines = match server.by_path.is_empty() {
                    true => &server.root,
                    false => &server.by_path,
                };
                self.lines(lines, None)
            }),
        ))
    }

    /// What was said of it is then said of the next one.
    pub(super) fn changed(&self, server: &Server, serves: &Serves) -> Option<Finding> {
        let file = shown(serves.changed.as_ref()?);
        let finding = self.problem(
            format!(
                "{file} was changed after it was started: what is said here is not yet in force"
            ),
            self.restart(),
        );
        Some(match READ_ONCE.contains(&server.name) {
            true => finding,
            false => finding.at_most(Level::Note),
        })
    }
}
