//! The doctor looks at the machine around the mount, and changes nothing.
//!
//! Three steps. What the configuration asks for is the [`site`]; what processes, sockets,
//! mounts and rules there are is the [`machine`]; what follows from the two is judged without
//! another look ([`judge`]), so every judgement is tested without a machine. What cannot be
//! seen is told as not known, with what would make it known.

use std::path::Path;

use crate::config::{Config, Problem, Problems, dropped};
use crate::source::dir::OwnMount;

pub mod case;
pub mod finding;
pub mod judge;
pub mod machine;
pub mod report;
pub mod setup;
pub mod site;

pub use finding::{Finding, Level};

use case::Case;
use machine::mount::{Mountpoint, State};
use site::Site;

/// Everything that was found, in the order in which it is to be read.
///
/// # Errors
/// Everything that is wrong with the configuration.
pub fn examine(config: &Config) -> Result<Vec<Finding>, Problems> {
    let Some(path) = &config.mountpoint else {
        config.verify(&OwnMount::default(), None)?;
        return Ok(vec![Finding::problem(
            "mount",
            format!("{} names no mountpoint", config.file.display()),
            "add one: mountpoint = \"/srv/tftp\"",
        )]);
    };
    let own = Mountpoint::look(path);
    let own_mount = OwnMount::at(path).unwrap_or_default();
    // A base may be the mountpoint itself: it cannot be looked at through a mount that is dead
    // or does not answer, and that has to be mended first.
    let is_passable = !matches!(
        own.state,
        State::Silent | State::Closed | State::Dead { .. }
    );
    let mut findings = Vec::new();
    // Without a file nothing in it can be wrong, and nothing lies beside it.
    let has_file = !config.file.as_os_str().is_empty();
    if is_passable && has_file {
        config.verify(&own_mount, None)?;
        let missing = config.missing_sources(&own_mount);
        findings.extend(
            missing
                .iter()
                .map(|problem| wrong(&config.file, "sources", problem)),
        );
    }
    let mut dropped = dropped::Folder::beside(&config.file);
    if has_file {
        dropped.read(config);
    }
    let site = Site::new(config, &dropped.rules(), &own);
    findings.extend(judge::all(&Case::look(site, own)));
    findings.extend(dropped.problems().iter().flat_map(wrong_rules));
    Ok(findings)
}

fn wrong_rules(problems: &Problems) -> Vec<Finding> {
    let list = problems.list.iter();
    list.map(|problem| wrong(&problems.file, "clients.d", problem))
        .collect()
}

fn wrong(file: &Path, about: &str, problem: &Problem) -> Finding {
    let file = file.display();
    let what = match problem.line {
        0 => format!("{file}: {}", problem.what),
        line => format!("{file}:{line}: {}", problem.what),
    };
    Finding::problem(about, what, problem.next.clone())
}
