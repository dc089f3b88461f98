//! `doctor`: what is to be mended on the machine around the mount.

use std::path::Path;

use super::ask::configured;
use super::out::print;
use super::{config_file, log, mount};
use crate::cli::DoctorArgs;
use crate::config::{Config, ImageName};
use crate::control::{self, Answer, Question};
use crate::doctor::{self, Level, report};
use crate::failure::Failure;
use crate::fuse::mountpoint;

pub(super) fn run(file: Option<&Path>, args: &DoctorArgs) -> Result<(), Failure> {
    log::progress();
    let config = match &args.mountpoint {
        Some(named) => mounted_on(named)?,
        None => configured("doctor", file)?,
    };
    let findings = doctor::examine(&config)?;
    print(&match args.json {
        true => report::json(&findings),
        false => report::text(&findings),
    })?;
    let is_well = findings
        .iter()
        .all(|finding| finding.level < Level::Problem);
    match is_well {
        true => Ok(()),
        false => Err(Failure::Found),
    }
}

/// What is mounted there asks of the machine: what the configuration says, if that names this
/// mountpoint, else what a mount without one does.
fn mounted_on(named: &Path) -> Result<Config, Failure> {
    let file = config_file(None);
    if file.exists() {
        let config = Config::read(&file)?;
        let is_meant = |path: &Path| {
            mountpoint::resolved_above(path) == mountpoint::resolved_above(named) || path == named
        };
        if config.mountpoint.iter().any(|path| is_meant(path)) {
            return Ok(config);
        }
    }
    let images = served_on(named).into_iter();
    let images = images.map(|name| mount::spec(name, Vec::new())).collect();
    Ok(mount::on(named, images))
}

/// The images of the daemon there, in their order. Without one there are none to tell apart.
fn served_on(named: &Path) -> Vec<ImageName> {
    let question = Question::Status { most_clients: 0 };
    let Ok(Answer::Status(status)) = control::ask(named, &question) else {
        return Vec::new();
    };
    let images = status.images.iter();
    let names = images.filter_map(|image| ImageName::new(&image.name).ok());
    names.collect()
}
