//! Does a server serve the mount, and does it let the mount know its client?
//!
//! A server that serves something else is a problem only where no other one serves the
//! mount: a machine may have a web server for other things. What waits on TFTP's own port is
//! there for clients that boot: it is judged apart from web servers.

use std::path::Path;

use crate::doctor::case::Case;
use crate::doctor::finding::{Finding, Level, shown};
use crate::doctor::machine::idle::Idle;
use crate::doctor::machine::server::place::Place;
use crate::doctor::machine::server::{Seen, Serves};
use crate::doctor::machine::sockets::Protocol;
use crate::doctor::setup::Root;
use crate::name::visible;
use crate::servers::{Lines, Server};

mod client;
mod flaw;

pub(super) fn judge(case: &Case) -> Vec<Finding> {
    let is_served = case.servers.iter().any(is_serving);
    let patients = case.servers.iter().map(|seen| Patient {
        case,
        seen,
        about: about(seen),
        most: most(case, seen),
    });
    let mut findings: Vec<Finding> = patients.flat_map(|patient| patient.findings()).collect();
    let is_told = findings
        .iter()
        .any(|finding| finding.level == Level::Problem);
    let is_known = !case.servers.iter().any(may_serve);
    if !is_served && !is_told && is_known {
        findings.push(unserved(case));
    }
    findings
}

/// How much it matters if this one serves something else.
fn most(case: &Case, seen: &Seen) -> Level {
    let mut serving = case.servers.iter().filter(|seen| is_serving(seen));
    let is_served = match has_tftp_port(seen) {
        true => serving.any(has_tftp_port),
        false => serving.next().is_some(),
    };
    match is_served {
        true => Level::Note,
        false => Level::Problem,
    }
}

/// What a server is called in what is printed.
pub(super) fn about(seen: &Seen) -> String {
    let name = seen
        .server
        .map_or(seen.program.as_str(), |server| server.name);
    let name = visible(name.as_bytes());
    seen.id
        .map_or_else(|| name.clone(), |id| format!("{name} {id}"))
}

/// Whether any of its folders is in the mount.
pub(super) fn is_serving(seen: &Seen) -> bool {
    let places = seen.serves.iter().flat_map(|serves| &serves.places);
    places
        .into_iter()
        .any(|place| matches!(place, Place::Within(_)))
}

/// Whether it is a server of files, and what it serves is not known.
fn may_serve(seen: &Seen) -> bool {
    seen.serves.is_err() && (seen.server.is_some() || has_tftp_port(seen))
}

fn has_tftp_port(seen: &Seen) -> bool {
    let mut sockets = seen.sockets.iter();
    sockets.any(|socket| (socket.protocol, socket.port) == (Protocol::Udp, 69))
}

/// One that is set up for it is to be started, else one is to be set up.
fn unserved(case: &Case) -> Finding {
    let runs = |idle: &Idle| {
        let name = Some(idle.server.name);
        let mut servers = case.servers.iter();
        servers.any(|seen| seen.server.map(|server| server.name) == name)
    };
    let mut idle = case.idle.iter().filter(|idle| !runs(idle));
    if let Some(idle) = idle.find(|idle| idle.folder == case.own.path) {
        return Finding::problem(
            "servers",
            format!(
                "{} is set up for the mount, and does not run",
                idle.server.name
            ),
            format!("start it: systemctl start {}", idle.unit),
        );
    }
    let what = match case.servers.is_empty() {
        true => "no TFTP or HTTP server runs",
        false => "no server is known to serve the mount",
    };
    let found = Finding::problem("servers", what, first_server(case));
    match case.this.user.id {
        0 => found,
        // Where processes of others are hidden, there may be one.
        _ => found.at_most(Level::Note),
    }
}

fn first_server(case: &Case) -> String {
    let dnsmasq = Server::of_program("dnsmasq");
    let lines = dnsmasq.iter().flat_map(|server| {
        let root = server.root.on(&case.own.path);
        root.into_iter().chain(server.by_path.on(&case.own.path))
    });
    let lines: Vec<String> = lines.collect();
    format!(
        "start one; for dnsmasq these lines are enough:\n  {}\nthose of others lie in \
         systemd/examples",
        lines.join("\n  ")
    )
}

/// A server, and all that its judgement needs.
struct Patient<'a> {
    case: &'a Case,
    seen: &'a Seen,
    about: String,
    /// How much it matters if it serves something else.
    most: Level,
}

impl Patient<'_> {
    fn findings(&self) -> Vec<Finding> {
        match (self.seen.server, &self.seen.serves) {
            (None, _) => vec![self.stranger()],
            (Some(_), Err(why)) => vec![Finding::note(
                &self.about,
                format!("what it serves is not known: {why}"),
                "run this as root: sudo winbootfs doctor",
            )],
            (Some(server), Ok(serves)) => self.known(server, serves),
        }
    }

    /// Whoever waits for systemd, and programs that nobody has met.
    fn stranger(&self) -> Finding {
        let path = self.case.own.path.display();
        let next = match self.seen.program.as_str() {
            "systemd" => "see for which server it waits: systemctl list-sockets".to_owned(),
            _ => format!(
                "if it is to serve the mount: its root is to be {path}, and names are to begin \
                 with {path}/clients/ADDRESS/"
            ),
        };
        Finding::note(
            &self.about,
            format!(
                "waits on {}, and what it serves is not known: {}",
                self.seen.ports().join(" and "),
                self.seen.serves.as_ref().err().cloned().unwrap_or_default()
            ),
            next,
        )
    }

    fn known(&self, server: &Server, serves: &Serves) -> Vec<Finding> {
        if let Some(off) = self.off(server, serves) {
            return vec![off];
        }
        if let Some(early) = self.early(serves) {
            return vec![early];
        }
        let mut findings = self.clients(server, serves);
        if findings.is_empty() {
            findings = self.outside(server, serves);
        } else {
            findings.extend(self.flaws(server, serves));
        }
        findings.extend(self.changed(server, serves));
        findings
    }

    /// What was read says that it serves no files; its port may say otherwise.
    fn off(&self, server: &Server, serves: &Serves) -> Option<Finding> {
        let why = serves.setup.off.as_ref()?;
        let what = match has_tftp_port(self.seen) {
            true => format!(
                "which folder it serves is not known: by what was read {why}, and yet it waits on \
                 UDP port 69"
            ),
            // It is no server of files at all: that is nothing wrong with it.
            false => why.clone(),
        };
        let off = self.serves_not(server, what, None);
        Some(off.at_most(Level::Note))
    }

    /// It stands where the mount will come, and will not see it.
    fn early(&self, serves: &Serves) -> Option<Finding> {
        let is_early = serves.setup.stands && self.case.own.device().is_none();
        let path = self.case.own.path.display();
        (is_early && is_serving(self.seen)).then(|| {
            self.problem(
                format!("stands in {path}, and will stay beneath the mount"),
                format!("mount first, then {}", self.restart()),
            )
        })
    }

    /// It serves nothing of the mount.
    fn outside(&self, server: &Server, serves: &Serves) -> Vec<Finding> {
        let path = self.case.own.path.display();
        let has = |place: &Place| serves.places.contains(place);
        let roots = &serves.setup.roots;
        let is_hidden = !serves.sees_mount
            && self.case.own.device().is_some()
            && roots
                .iter()
                .any(|root| root.folder.starts_with(&self.case.own.path));
        let found = match () {
            () if has(&Place::Beneath) => self.problem(
                format!("stands in the folder beneath the mount: it was started before {path} was mounted"),
                format!("{}\nto have it wait for the mount: systemd/examples/after-winbootfs.conf", self.restart()),
            ),
            () if has(&Place::Gone) => self.problem(
                "stands in a mount that is gone".to_owned(),
                self.restart(),
            ),
            () if is_hidden => self.problem(
                format!("has mounts of its own, and {path} is not among them"),
                format!(
                    "start it after the mount: {}\nif it is in a container, bind {path} with rslave",
                    self.restart()
                ),
            ),
            () if roots.is_empty() => self.unknown_root(server, serves),
            () => {
                let why = format!("its root is {}, and not in the mount", told(serves));
                self.serves_not(server, why, roots.first())
            }
        };
        vec![found]
    }

    fn unknown_root(&self, server: &Server, serves: &Serves) -> Finding {
        let why = match serves.troubles.first() {
            Some(trouble) => trouble.as_str(),
            None => "its configuration names none",
        };
        Finding::note(
            &self.about,
            format!("which folder it serves is not known: {why}"),
            self.lines(&server.root, None),
        )
    }

    /// It runs, and for something else.
    fn serves_not(&self, server: &Server, why: String, root: Option<&Root>) -> Finding {
        let file = root.and_then(|root| root.file.as_deref());
        let lines = self.lines(&server.root, file);
        self.problem(why, lines).at_most(self.most)
    }

    fn problem(&self, what: String, next: String) -> Finding {
        Finding::problem(&self.about, what, next)
    }

    /// Lines for its configuration, and what brings them into force.
    fn lines(&self, lines: &Lines, file: Option<&Path>) -> String {
        let place = lines.place;
        let file = file.filter(|_| !place.contains('/'));
        let file = file.map_or_else(String::new, |file| format!(" ({})", shown(file)));
        let text = lines.on(&self.case.own.path).join("\n  ");
        format!("{place}{file}:\n  {text}\nthen {}", self.restart())
    }

    /// Only systemd starts it by a name.
    fn restart(&self) -> String {
        match (&self.seen.unit, self.seen.id) {
            (Some(unit), _) => format!("restart it: systemctl restart {unit}"),
            (None, Some(id)) => format!("stop process {id}, and start {} again", self.seen.program),
            (None, None) => format!("start {} again", self.seen.program),
        }
    }
}

/// Its folders, with what is the matter with each that cannot be looked at.
fn told(serves: &Serves) -> String {
    let roots = serves.setup.roots.iter().zip(&serves.places);
    let mut told: Vec<String> = roots
        .map(|(root, place)| {
            let folder = shown(&root.folder);
            match place {
                Place::Missing(why) => format!("{folder} ({why})"),
                _ => folder,
            }
        })
        .collect();
    told.dedup();
    told.join(" and ")
}
