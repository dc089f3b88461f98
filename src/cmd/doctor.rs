//! `doctor`: what is to be mended on the machine around the mount.

use std::path::Path;

use super::out::print;
use super::{config_file, log};
use crate::cli::DoctorArgs;
use crate::config::Config;
use crate::doctor::{self, Level, report};
use crate::failure::Failure;

pub(super) fn run(file: Option<&Path>, args: &DoctorArgs) -> Result<(), Failure> {
    log::progress();
    let findings = doctor::examine(&Config::read(&config_file(file))?)?;
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
