//! What only the machine can tell of a configuration: whether sources, owners and groups are
//! there.

use std::path::{Path, PathBuf};

use super::problem::{Located, Problem, Problems};
use super::{Config, OwnerSpec};
use crate::source::dir::OwnMount;
use crate::source::open::Written;

impl Config {
    /// Checks what only the disk can tell.
    ///
    /// A source that is not there is a mistake where it was just written: at a reload that
    /// names it for the first time, or where nothing else is there. Else it takes its own image
    /// down only: a machine may come up before the disk of another one.
    ///
    /// # Errors
    /// Every such source, and a base, owner or group that is not there.
    pub fn verify(&self, own_mount: &OwnMount, before: Option<&Self>) -> Result<(), Problems> {
        let mut list = match before {
            Some(before) => self.missing(own_mount, |path| !before.names(path)),
            None if self.has_whole_image(own_mount) => Vec::new(),
            None => self.missing_sources(own_mount),
        };
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

    /// Every source that is not there, as what is wrong with it.
    pub fn missing_sources(&self, own_mount: &OwnMount) -> Vec<Problem> {
        self.missing(own_mount, |_| true)
    }

    fn missing(&self, own_mount: &OwnMount, is_meant: impl Fn(&Path) -> bool) -> Vec<Problem> {
        let sources = self.images.iter().flat_map(|image| &image.sources);
        sources
            .filter(|path| is_meant(path))
            .filter_map(|path| missing_source(path, own_mount))
            .collect()
    }

    fn names(&self, path: &Path) -> bool {
        let mut sources = self.images.iter().flat_map(|image| &image.sources);
        sources.any(|source| source.value == path)
    }

    fn has_whole_image(&self, own_mount: &OwnMount) -> bool {
        let is_there = |path| missing_source(path, own_mount).is_none();
        let mut images = self.images.iter();
        images.any(|image| image.sources.iter().all(is_there))
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
        Err(error) => Some(unusable(path, "source", &written.path, &error)),
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
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                format!("let winbootfs pass the folders above it: namei -l {shown}")
            }
            _ if is_file => "correct the path, or put the file there".to_owned(),
            _ => format!("correct the path, or make it: mkdir -p {shown}"),
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
