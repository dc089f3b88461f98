//! What only the machine can tell of a configuration: whether sources, owners and groups are
//! there.

use std::path::{Path, PathBuf};

use super::problem::{Located, Problem, Problems};
use super::{Config, OwnerSpec};
use crate::source::dir::OwnMount;
use crate::source::open::{Written, without_image};

impl Config {
    /// Checks what only the disk can tell.
    ///
    /// # Errors
    /// Every source, base, owner or group that is not there.
    pub fn verify(&self, own_mount: &OwnMount) -> Result<(), Problems> {
        let mut list: Vec<Problem> = Vec::new();
        for image in &self.images {
            let sources = image.sources.iter();
            list.extend(sources.filter_map(|path| missing_source(path, own_mount)));
        }
        let base = self.base.iter();
        list.extend(base.filter_map(|path| missing_base(path, own_mount)));
        list.extend(self.owner.iter().filter_map(missing_owner));
        list.extend(self.status_group.iter().filter_map(missing_group));
        if list.is_empty() {
            return Ok(());
        }
        let file = self.file.clone();
        Err(Problems { file, list })
    }
}

impl OwnerSpec {
    /// The numbers of the user and the group.
    ///
    /// # Errors
    /// Which of the two this machine does not know.
    pub fn ids(&self) -> Result<(u32, u32), String> {
        let unknown = |what, name: &str| format!("this machine knows no {what} {name:?}");
        let user = self.user_ids().ok_or_else(|| unknown("user", &self.user))?;
        let Some(group) = &self.group else {
            return Ok(user);
        };
        Ok((
            user.0,
            group_id(group).ok_or_else(|| unknown("group", group))?,
        ))
    }

    fn user_ids(&self) -> Option<(u32, u32)> {
        if let Ok(number) = self.user.parse() {
            return Some((number, number));
        }
        let user = nix::unistd::User::from_name(&self.user).ok().flatten()?;
        Some((user.uid.as_raw(), user.gid.as_raw()))
    }
}

/// The number of a group that is written by name or as a number.
pub fn group_id(group: &str) -> Option<u32> {
    let named = || nix::unistd::Group::from_name(group).ok().flatten();
    let number = group.parse().ok();
    number.or_else(|| named().map(|group| group.gid.as_raw()))
}

fn missing_source(path: &Located<PathBuf>, own_mount: &OwnMount) -> Option<Problem> {
    let written = Written::understand(path, own_mount);
    match std::fs::metadata(own_mount.beneath(&written.path)) {
        Ok(found) if found.is_dir() || found.is_file() => None,
        Ok(_) => Some(path.problem(
            format!(
                "source {} is neither a folder, an ISO nor a WIM",
                path.display()
            ),
            "name one of these".to_owned(),
        )),
        Err(error) => Some(unusable(path, "source", &without_image(path), &error)),
    }
}

fn missing_base(path: &Located<PathBuf>, own_mount: &OwnMount) -> Option<Problem> {
    match std::fs::metadata(own_mount.beneath(path)) {
        Ok(found) if found.is_dir() => None,
        Ok(_) => Some(path.problem(
            format!("base {} is a file", path.display()),
            "name a folder; an ISO or a WIM can be the source of an image".to_owned(),
        )),
        Err(error) => Some(unusable(path, "base", path, &error)),
    }
}

fn unusable(
    written: &Located<PathBuf>,
    what: &str,
    path: &Path,
    error: &std::io::Error,
) -> Problem {
    let shown = path.display();
    let is_file = path.extension().is_some_and(|end| {
        let end = end.to_string_lossy().to_ascii_lowercase();
        end == "iso" || end.starts_with("wim")
    });
    written.problem(
        format!("{what} {shown} cannot be used: {error}"),
        match is_file {
            true => "correct the path, or put the file there".to_owned(),
            false => format!("correct the path, or make it: mkdir -p {shown}"),
        },
    )
}

fn missing_owner(owner: &Located<OwnerSpec>) -> Option<Problem> {
    let what = owner.ids().err()?;
    let next = "write a user that exists, or numbers, for example owner = \"0:0\"";
    Some(owner.problem(format!("owner: {what}"), next.to_owned()))
}

fn missing_group(group: &Located<String>) -> Option<Problem> {
    let is_there = group_id(group).is_some();
    let what = format!("status_group: this machine knows no group {:?}", **group);
    let next = format!("make it: groupadd {}; or write one that exists", **group);
    (!is_there).then(|| group.problem(what, next))
}
