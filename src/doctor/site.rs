//! What the configuration asks of the machine.

use std::path::{Path, PathBuf};

use super::machine::mount::{Mountpoint, State};
use crate::config::dropped::DroppedRule;
use crate::config::{Config, Match, RuleSpec};
use crate::fuse::mountpoint;

/// What the configuration asks of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The file that says so; empty where there is none.
    pub file: PathBuf,
    /// What is shown beneath all images.
    pub base: Base,
    /// How many images there are.
    pub images: usize,
    /// How many client rules there are.
    pub rules: usize,
    /// How many of them match addresses, and none the MAC.
    pub by_address: usize,
    /// The image for whoever no rule matches.
    pub default: Option<String>,
}

/// What is shown beneath all images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// Nothing.
    Nothing,
    /// What lies in the mountpoint.
    Mountpoint,
    /// Another folder.
    Elsewhere,
}

impl Site {
    /// What a configuration and the rules of `clients.d/` ask for.
    pub fn new(config: &Config, dropped: &[DroppedRule], own: &Mountpoint) -> Self {
        let dropped = dropped.iter().map(|dropped| &dropped.rule);
        let rules: Vec<&RuleSpec> = config.rules.iter().chain(dropped).collect();
        let by_address = rules.iter().filter(|rule| is_by_address(rule));
        Self {
            file: config.file.clone(),
            base: match &config.base {
                None => Base::Nothing,
                Some(base) if is_mountpoint(base, config, own) => Base::Mountpoint,
                Some(_) => Base::Elsewhere,
            },
            images: config.images.len(),
            by_address: by_address.count(),
            rules: rules.len(),
            default: config.default.as_ref().map(|image| image.to_string()),
        }
    }

    /// Where a setting is to be written.
    pub fn place(&self) -> String {
        match self.file.as_os_str().is_empty() {
            true => "a configuration file (its form: winbootfs mount --help)".to_owned(),
            false => self.file.display().to_string(),
        }
    }

    /// What a client gets that is not known, as the end of a sentence.
    pub fn for_strangers(&self) -> String {
        match &self.default {
            Some(image) => format!("the default image {image}"),
            None => "nothing but the base".to_owned(),
        }
    }
}

fn is_by_address(rule: &RuleSpec) -> bool {
    let mut matches = rule.matches.iter();
    matches.all(|one| matches!(one.value, Match::Net(_)))
}

/// By its name first: a mount that does not answer is not asked.
fn is_mountpoint(base: &Path, config: &Config, own: &Mountpoint) -> bool {
    let mut named = config.mountpoint.iter();
    if named.any(|mountpoint| mountpoint.value == base) {
        return true;
    }
    own.state != State::Silent && mountpoint::resolved(base).is_some_and(|base| base == own.path)
}
