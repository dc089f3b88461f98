//! The shape of the file as TOML has it, and the way from there to a [`Config`].
//!
//! Everything that can be wrong without looking at the disk is found here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::bcd::RawBcd;
use super::checker::{Checker, OneOrMany, folded_parts, many};
use super::problem::Located;
use super::rules::RawRule;
use super::{AliasSpec, Config, FOLLOW_IDLE, ImageName, ImageSpec, OwnerSpec, SecureBoot};
use crate::name;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    mountpoint: Option<Spanned<PathBuf>>,
    base: Option<Spanned<PathBuf>>,
    default: Option<Spanned<String>>,
    owner: Option<Spanned<String>>,
    status_group: Option<Spanned<String>>,
    follow_idle: Option<Spanned<String>>,
    leases: Option<Spanned<OneOrMany>>,
    #[serde(default)]
    image: BTreeMap<Spanned<String>, RawImage>,
    #[serde(default)]
    client: Vec<RawRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with a source")]
struct RawImage {
    source: Spanned<OneOrMany>,
    #[serde(default)]
    alias: BTreeMap<Spanned<String>, Spanned<RawTarget>>,
    #[serde(default)]
    poll: bool,
    secure_boot: Option<Spanned<String>>,
    #[serde(default)]
    bcd: RawBcd,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of a file of the image, or false"
)]
enum RawTarget {
    File(String),
    Switch(bool),
}

impl Checker<'_> {
    /// The configuration; worth something only when there are no problems.
    pub(super) fn config(&mut self) -> Option<Config> {
        let raw: RawConfig = self.toml()?;
        let images = self.images(raw.image);
        let rules = self.standing(raw.client, &images);
        let default = raw
            .default
            .and_then(|name| self.known_image(&name, &images));
        Some(Config {
            file: self.file.to_owned(),
            mountpoint: raw.mountpoint.and_then(|path| self.path(&path)),
            base: raw.base.and_then(|path| self.path(&path)),
            default,
            owner: raw.owner.and_then(|owner| self.owner(&owner)),
            status_group: raw.status_group.and_then(|group| self.status_group(&group)),
            follow_idle: raw
                .follow_idle
                .map_or(FOLLOW_IDLE, |idle| self.follow_idle(&idle)),
            leases: raw.leases.map_or_else(Vec::new, |files| self.paths(files)),
            images,
            rules,
        })
    }

    fn path(&mut self, path: &Spanned<PathBuf>) -> Option<Located<PathBuf>> {
        if path.as_ref().as_os_str().is_empty() {
            self.problem(path, "an empty path".to_owned(), "write a path");
            return None;
        }
        Some(self.located(path, self.beside_the_file(path.as_ref())))
    }

    fn paths(&mut self, raw: Spanned<OneOrMany>) -> Vec<Located<PathBuf>> {
        let paths = many(raw).into_iter().filter_map(|path| {
            let span = path.span();
            self.path(&Spanned::new(span, PathBuf::from(path.into_inner())))
        });
        paths.collect()
    }

    /// A time of nothing would forget a boot program before its boot manager asks.
    fn follow_idle(&mut self, text: &Spanned<String>) -> Duration {
        match humantime::parse_duration(text.as_ref()) {
            Ok(idle) if idle >= Duration::from_secs(1) => idle,
            _ => {
                let what = format!("follow_idle = {:?} is no time to wait", text.as_ref());
                let next = "write a number and a unit, such as \"30m\" or \"2h\"; to follow nobody: \
                            follow = false in a client rule";
                self.problem(text, what, next);
                FOLLOW_IDLE
            }
        }
    }

    fn beside_the_file(&self, path: &Path) -> PathBuf {
        self.file
            .parent()
            .map_or(path.to_owned(), |folder| folder.join(path))
    }

    fn owner(&mut self, text: &Spanned<String>) -> Option<Located<OwnerSpec>> {
        let (user, group) = match text.as_ref().split_once(':') {
            Some((user, group)) => (user, Some(group.to_owned())),
            None => (text.as_ref().as_str(), None),
        };
        if user.is_empty() || group.as_deref() == Some("") {
            let missing = if user.is_empty() { "user" } else { "group" };
            let what = format!("owner {:?} names no {missing}", text.as_ref());
            self.problem(text, what, "write \"user\", \"user:group\" or \"0:0\"");
            return None;
        }
        let user = user.to_owned();
        Some(self.located(text, OwnerSpec { user, group }))
    }

    fn status_group(&mut self, text: &Spanned<String>) -> Option<Located<String>> {
        let group = text.as_ref();
        if group.is_empty() {
            let what = "status_group names no group".to_owned();
            self.problem(
                text,
                what,
                "write a group, for example \"adm\", or leave it away",
            );
            return None;
        }
        Some(self.located(text, group.clone()))
    }

    fn images(&mut self, raw: BTreeMap<Spanned<String>, RawImage>) -> Vec<ImageSpec> {
        let mut raw: Vec<_> = raw.into_iter().collect();
        raw.sort_by_key(|(name, _)| name.span().start);
        let mut images: Vec<ImageSpec> = Vec::new();
        for (name, raw) in raw {
            if let Some(image) = self.image(&name, raw) {
                self.alike_images(&name, &image, &images);
                images.push(image);
            }
        }
        images
    }

    fn image(&mut self, name: &Spanned<String>, raw: RawImage) -> Option<ImageSpec> {
        let checked = match ImageName::new(name.as_ref()) {
            Ok(checked) => self.located(name, checked),
            Err(why) => {
                let what = format!("image name {:?} {why}", name.as_ref());
                self.problem(name, what, "use letters, digits, dots and dashes");
                return None;
            }
        };
        Some(ImageSpec {
            sources: self.sources(name, raw.source),
            aliases: self.aliases(raw.alias),
            name: checked,
            poll: raw.poll,
            bcd: self.bcd(raw.bcd),
            secure_boot: raw
                .secure_boot
                .map_or_else(SecureBoot::default, |year| self.secure_boot(&year)),
        })
    }

    fn secure_boot(&mut self, year: &Spanned<String>) -> SecureBoot {
        match year.as_ref().as_str() {
            "2011" => SecureBoot::Ca2011,
            "2023" => SecureBoot::Ca2023,
            other => {
                let what = format!("secure_boot = {other:?} is no signature of Microsoft's");
                self.problem(year, what, "write \"2011\" or \"2023\"");
                SecureBoot::default()
            }
        }
    }

    /// Two images whose names differ in case only would answer to the same requests.
    fn alike_images(&mut self, at: &Spanned<String>, image: &ImageSpec, before: &[ImageSpec]) {
        let alike = |other: &&ImageSpec| other.name.folded() == image.name.folded();
        if let Some(other) = before.iter().find(alike) {
            let (other, line) = (&*other.name.value, other.name.line);
            let what = format!(
                "image {:?} has the same name as {other:?} (line {line}): case does not count",
                at.as_ref()
            );
            self.problem(at, what, "give one of them another name");
        }
    }

    fn sources(
        &mut self,
        image: &Spanned<String>,
        raw: Spanned<OneOrMany>,
    ) -> Vec<Located<PathBuf>> {
        if raw.as_ref().is_empty() {
            let what = format!("image {:?} has no source", image.as_ref());
            self.problem(image, what, "add one: source = \"/srv/winpe/rescue\"");
        }
        self.paths(raw)
    }

    fn aliases(
        &mut self,
        raw: BTreeMap<Spanned<String>, Spanned<RawTarget>>,
    ) -> Vec<Located<AliasSpec>> {
        let mut raw: Vec<_> = raw.into_iter().collect();
        raw.sort_by_key(|(name, _)| name.span().start);
        let mut aliases = Vec::new();
        for (name, target) in raw {
            self.alike_aliases(&name, &aliases);
            let target = match target.into_inner() {
                RawTarget::File(target) => Some(target),
                RawTarget::Switch(false) => None,
                RawTarget::Switch(true) => {
                    let what = format!("alias {:?} = true says nothing", name.as_ref());
                    self.problem(
                        &name,
                        what,
                        "write the file it stands for, or false to switch it off",
                    );
                    continue;
                }
            };
            if self.alias_is_sound(&name, target.as_deref()) {
                let spec = AliasSpec {
                    name: name.as_ref().clone(),
                    target,
                };
                aliases.push(self.located(&name, spec));
            }
        }
        aliases
    }

    /// Of two aliases of one name the second would silently take the place of the first.
    fn alike_aliases(&mut self, at: &Spanned<String>, before: &[Located<AliasSpec>]) {
        let name = folded_parts(at.as_ref());
        let alike = |other: &&Located<AliasSpec>| folded_parts(&other.name) == name;
        if let Some(other) = before.iter().find(alike) {
            let (shown, line) = (&other.name, other.line);
            let what = format!(
                "alias {:?} is the same name as {shown:?} (line {line})",
                at.as_ref()
            );
            self.problem(at, what, "keep one of the two");
        }
    }

    fn alias_is_sound(&mut self, name: &Spanned<String>, target: Option<&str>) -> bool {
        for path in [Some(name.as_ref().as_str()), target].into_iter().flatten() {
            let what = match name::parts(path.as_bytes()) {
                Ok(parts) if parts.is_empty() => format!("alias path {path:?} is empty"),
                Ok(_) => continue,
                Err(why) => format!("alias path {path:?}: {why}"),
            };
            self.problem(
                name,
                what,
                "write paths inside the image, such as \"Boot/BCD\"",
            );
            return false;
        }
        let inside = |target: &str| folded_parts(name.as_ref()).starts_with(&folded_parts(target));
        if target.is_some_and(inside) {
            let what = format!(
                "alias {:?} would lie inside what it stands for",
                name.as_ref()
            );
            self.problem(
                name,
                what,
                "a folder cannot contain itself; name another target",
            );
            return false;
        }
        true
    }
}
