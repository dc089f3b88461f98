//! What lies in the folder beneath the mount: a copy of an image that nobody sees any more,
//! until a server that was started too early serves it.

use std::collections::BTreeSet;

use crate::advice::count;
use crate::alias::BUILT_IN;
use crate::doctor::case::Case;
use crate::doctor::finding::Finding;
use crate::doctor::machine::mount::State;
use crate::doctor::site::Base;
use crate::name::{Folded, fold, visible};

const ABOUT: &str = "folder beneath";

/// How many names are told.
const MOST_TOLD: usize = 5;

pub(super) fn judge(case: &Case) -> Vec<Finding> {
    let path = case.own.path.display();
    let names = match &case.beneath {
        Ok(names) => names,
        Err(_) if matches!(case.own.state, State::NotPermitted(_)) => return Vec::new(),
        Err(why) => {
            return vec![Finding::note(
                ABOUT,
                format!("what lies in {path} beneath the mount is not known: {why}"),
                format!("look at it while winbootfs is stopped: ls {path}"),
            )];
        }
    };
    let boot: Vec<&String> = names.iter().filter(|name| is_of_boot(name)).collect();
    match (case.site.base, boot.is_empty()) {
        _ if names.is_empty() => Vec::new(),
        (Base::Mountpoint, true) => Vec::new(),
        (Base::Mountpoint, false) => vec![shadowed(case, &boot)],
        (_, false) => vec![stale(case, &boot)],
        (_, true) => vec![hidden(case, names)],
    }
}

/// The base is shown, but where an image has the same name, the image wins.
fn shadowed(case: &Case, names: &[&String]) -> Finding {
    let path = case.own.path.display();
    Finding::note(
        ABOUT,
        format!(
            "in the base {path} lie files of a boot ({}): a client with an image that has these \
             names gets those of its image",
            told(names)
        ),
        format!("if nobody needs them there, take them out of {path}"),
    )
}

fn stale(case: &Case, names: &[&String]) -> Finding {
    let path = case.own.path.display();
    Finding::problem(
        ABOUT,
        format!(
            "a copy of an image lies hidden in {path} beneath the mount ({}): whoever was started \
             before the mount serves that",
            told(names)
        ),
        format!(
            "stop winbootfs, and move the files out of {path}; or show them beneath all images: \
             base = {path:?}",
            path = path.to_string()
        ),
    )
}

fn hidden(case: &Case, names: &[String]) -> Finding {
    let path = case.own.path.display();
    let names: Vec<&String> = names.iter().collect();
    let files = count(names.len(), "file or folder").replace("folders", "folder");
    Finding::note(
        ABOUT,
        format!(
            "the mount hides what lies in {path} ({}), {files}",
            told(&names)
        ),
        format!(
            "to show it beneath all images, write: base = {:?}",
            path.to_string()
        ),
    )
}

fn told(names: &[&String]) -> String {
    let shown = names.iter().take(MOST_TOLD);
    let mut shown: Vec<String> = shown.map(|name| visible(name.as_bytes())).collect();
    if names.len() > MOST_TOLD {
        shown.push("...".to_owned());
    }
    shown.join(", ")
}

/// Whether a boot asks for something of that name at the root.
fn is_of_boot(name: &str) -> bool {
    let asked: BTreeSet<Folded> = BUILT_IN
        .iter()
        .flat_map(|rule| {
            let folders = rule.at.iter().filter_map(|folder| folder.split('/').next());
            let at_root = rule.names.iter().filter(|_| rule.at.contains(&""));
            folders.chain(at_root.copied()).collect::<Vec<_>>()
        })
        .filter(|name| !name.is_empty())
        .map(|name| fold(name.as_bytes()))
        .collect();
    asked.contains(&fold(name.as_bytes()))
}
