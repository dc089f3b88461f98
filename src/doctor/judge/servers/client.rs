//! Whether a server that serves the mount lets it know the client.

use super::super::rights;
use super::Patient;
use crate::advice::count;
use crate::doctor::finding::{Finding, Level};
use crate::doctor::machine::server::Serves;
use crate::doctor::machine::server::place::Place;
use crate::doctor::setup::{By, Root};
use crate::servers::{Caller, Server, Transport};

/// Folders of the tree: below them a name needs no client.
const NAMED: [&str; 2] = ["images/", "clients/"];

impl Patient<'_> {
    /// What is found of each folder in the mount.
    pub(super) fn clients(&self, server: &Server, serves: &Serves) -> Vec<Finding> {
        let roots = serves.setup.roots.iter().zip(&serves.places);
        let mut findings: Vec<Finding> = Vec::new();
        for (root, place) in roots {
            let Place::Within(within) = place else {
                continue;
            };
            let found = self.client(server, root, within);
            if !findings.contains(&found) {
                findings.push(found);
            }
        }
        findings
    }

    fn client(&self, server: &Server, root: &Root, within: &str) -> Finding {
        let is_root = ["", "clients"].contains(&within);
        match (&root.by, is_root) {
            (By::Address, true) => self.well("known by its path"),
            (By::Mac, true) => self.by_mac(server, root),
            (By::Address | By::Mac, false) => self.problem(
                format!("puts the address of the client behind {within}, where no client is"),
                self.lines(&server.root, root.file.as_deref()),
            ),
            (By::Unknown(why), _) => Finding::note(
                &self.about,
                format!("whether it names its clients is not known: {why}"),
                format!("it needs {}", self.naming(server, root)),
            ),
            (By::Nothing, _) if within.is_empty() => self.unnamed(server, root),
            (By::Nothing, _) => self.part(server, root, within),
        }
    }

    fn well(&self, known: &str) -> Finding {
        let on = match self.seen.ports().as_slice() {
            [] => String::new(),
            ports => format!(" on {}", ports.join(" and ")),
        };
        Finding::ok(
            &self.about,
            format!("serves the mount{on}, and each client is {known}"),
        )
    }

    /// A client that only its MAC names has no address.
    fn by_mac(&self, server: &Server, root: &Root) -> Finding {
        match self.case.site.by_address {
            0 => self.well("known by the MAC in its path"),
            rules => self.problem(
                format!(
                    "names clients by their MAC, and {} addresses: no such rule fits them",
                    match rules {
                        1 => "a client rule matches".to_owned(),
                        _ => format!("{rules} client rules match"),
                    }
                ),
                self.naming(server, root),
            ),
        }
    }

    /// An image or a client named by the server, for everybody; or less.
    fn part(&self, server: &Server, root: &Root, within: &str) -> Finding {
        let is_named = NAMED.iter().any(|folder| within.starts_with(folder));
        let what = match (is_named, self.case.site.rules) {
            (true, 0) => return self.well(&format!("given {within}")),
            (true, _) => format!("gives everybody {within}, whatever client rules say"),
            (false, _) => format!("serves a part of the mount only: {within}"),
        };
        let next = match is_named {
            true => self.naming(server, root),
            false => self.lines(&server.root, root.file.as_deref()),
        };
        Finding::note(&self.about, what, next)
    }

    /// It puts nothing in front of a name; its sockets may tell all the same.
    fn unnamed(&self, server: &Server, root: &Root) -> Finding {
        let tells = match (server.caller, self.seen.prefork) {
            (Caller::Tells, _) | (Caller::TellsIfPrefork, Some(true)) => true,
            (Caller::IsSilent, _) | (Caller::TellsIfPrefork, Some(false)) => false,
            (Caller::TellsIfPrefork, None) => {
                return Finding::note(
                    &self.about,
                    "whether it has a process for each connection cannot be told, so neither can \
                     whether clients are known",
                    self.naming(server, root),
                );
            }
        };
        match (tells, rights::no_look_at(self.case, &self.seen.user)) {
            (true, None) => self.well("known by the socket of the process that asks"),
            (true, Some((why, next))) => self.silent(
                server,
                &format!("has a socket for each client, but {why}"),
                next.to_owned(),
            ),
            (false, _) => self.silent(
                server,
                "does not say who its client is",
                self.naming(server, root),
            ),
        }
    }

    /// How much that matters depends on whether clients are to get different things.
    fn silent(&self, server: &Server, why: &str, next: String) -> Finding {
        let lost = match (self.case.site.rules, self.case.site.images) {
            (0, 0 | 1) => "the BIOS and UEFI get the same boot configuration".to_owned(),
            (0, _) => "whose a choice in a menu is cannot be told, and the BIOS and UEFI get the \
                       same boot configuration"
                .to_owned(),
            (rules, _) => self.against_rules(server, rules),
        };
        let most = match self.case.site.rules {
            0 => Level::Note,
            _ => Level::Problem,
        };
        self.problem(format!("{why}: {lost}"), next).at_most(most)
    }

    /// dnsmasq connects no socket, so nobody seems to ask. The others have sockets that are
    /// connected, and as long as there is only one its client is known.
    fn against_rules(&self, server: &Server, rules: usize) -> String {
        let strangers = self.case.site.for_strangers();
        let rules = match rules {
            1 => "the client rule says".to_owned(),
            _ => format!("the {} say", count(rules, "client rule")),
        };
        match server.transport {
            Transport::Tftp => format!("everybody gets {strangers}, whatever {rules}"),
            Transport::Http => format!(
                "whoever asks while others do is refused where they would get different images, \
                 whatever {rules}"
            ),
        }
    }

    /// The lines by which it names its client.
    fn naming(&self, server: &Server, root: &Root) -> String {
        match server.by_path.is_empty() {
            true => self.lines(&server.root, root.file.as_deref()),
            false => self.lines(&server.by_path, root.file.as_deref()),
        }
    }
}
