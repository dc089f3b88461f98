//! A boot that did not get something: what that was, where it is, and who asked for it.

use super::{Case, store};
use crate::bcd::{Files, Mention, Route, Wanted, screen};
use crate::config::ImageName;
use crate::expected::{FILES, Need, no_store, programs};
use crate::journal::part::{Part, Shelf, is_same};
use crate::journal::progress::{Lost, Stage};
use crate::name::{fold, last, undamaged, visible};
use crate::program::Firmware;
use crate::seen::Seen;
use crate::status::Diagnosis;
use crate::tree::{Place, Sight, Walker};

/// What the firmware shows when it does not get its boot program.
const NO_PROGRAM: &str = "PXE-E3B (TFTP error, file not found), or PXE-T01";

/// What pxeboot shows when it does not get its boot manager.
const NO_MANAGER: &str = "TFTP download failed";

/// How many other images that have it are named.
const MOST_IMAGES: usize = 3;

/// What was asked for in vain, held against what there is.
struct Sought<'a> {
    case: &'a Case<'a>,
    seen: &'a Seen<'a>,
    lost: &'a Lost,
    /// The name, as far as it is one.
    name: String,
    /// A file of that name that is elsewhere.
    nearest: Option<String>,
    /// Lines of the boot configuration that name it.
    mentions: Vec<Mention>,
    /// Whether that boot configuration is on no disk.
    is_made: bool,
    /// Other images that have it.
    elsewhere: Vec<ImageName>,
}

pub(super) fn diagnose(
    case: &Case<'_>,
    seen: &Seen<'_>,
    walker: &Walker<'_>,
    lost: &Lost,
) -> Diagnosis {
    let name = undamaged(&lost.name).unwrap_or(&lost.name);
    let name = String::from_utf8_lossy(name).into_owned();
    let store = case.boot.store().and_then(|_| store(seen, case.route()));
    let mentions = store.as_ref().map(|(store, _)| store.mentions(&name));
    let sought = Sought {
        case,
        seen,
        lost,
        nearest: seen.nearest(&name),
        mentions: mentions.unwrap_or_default(),
        is_made: store.as_ref().is_some_and(|(_, read)| read.is_all_made()),
        elsewhere: images_with(case, walker, &name),
        name,
    };
    let shown = store.map(|(_, read)| read.shown()).unwrap_or_default();
    Diagnosis {
        what: what(case, lost),
        screen: on_screen(case, lost),
        next: sought.next(),
        hints: sought.hints(&shown),
    }
}

fn what(case: &Case<'_>, lost: &Lost) -> String {
    let name = visible(&lost.name);
    let place = match case.image() {
        Some(image) => format!("image {image} has no {name}"),
        None => format!("there is no {name}, and the client gets no image"),
    };
    match lost.part {
        Part::Program(_) if lost.is_itself => {
            format!("{place}, under which its boot manager looks for itself")
        }
        Part::Program(_) => format!("{place}, the boot program that DHCP or a menu names"),
        Part::Manager => format!("{place}, the boot manager"),
        Part::Store(Shelf::Named) => format!("{place}, which DHCP names (option 252)"),
        Part::Store(_) => format!("{place}, the boot configuration"),
        Part::Sdi | Part::Image if case.boot.store().is_some() => {
            format!("{place}, which the boot configuration names")
        }
        Part::Sdi | Part::Image => format!("{place}, which a menu or a loader names"),
        Part::Folder => format!("{place}: nothing that is asked for in it is there"),
        Part::Extra(_) | Part::Menu | Part::Other => place,
    }
}

fn on_screen(case: &Case<'_>, lost: &Lost) -> Option<String> {
    let has_manager = case.boot.progress.stage >= Stage::Manager;
    let wanted = match lost.part {
        Part::Program(_) if lost.is_itself => Wanted::Itself,
        Part::Program(_) => return Some(NO_PROGRAM.to_owned()),
        Part::Manager => return Some(NO_MANAGER.to_owned()),
        Part::Store(_) => Wanted::Store,
        // A menu or a loader asks for it, and says what it likes.
        Part::Sdi | Part::Image if !has_manager => return None,
        Part::Sdi | Part::Image => Wanted::Device,
        Part::Folder | Part::Extra(_) | Part::Menu | Part::Other => return None,
    };
    Some(screen(wanted, case.route().firmware()).to_string())
}

/// Other images in which that name is a file.
fn images_with(case: &Case<'_>, walker: &Walker<'_>, name: &str) -> Vec<ImageName> {
    let own = case.image();
    let others = case.catalog.images().map(|(spec, _)| &spec.name.value);
    let others = others.filter(|image| own.as_ref() != Some(image));
    let has_it = |image: &&ImageName| {
        let root = Place::Folder(Sight::of_image((*image).clone()), Default::default());
        let found = walker.find(&root, name.as_bytes()).found;
        matches!(found, Ok((Place::File(_), _)))
    };
    others.filter(has_it).take(MOST_IMAGES).cloned().collect()
}

fn no_image(case: &Case<'_>, elsewhere: &[ImageName]) -> String {
    let image = elsewhere.first().map_or("IMAGE", |image| image);
    match case.address() {
        Some(client) => format!(
            "give it one: winbootfs client set {client} {image}; or name one for everybody: default \
             = {image:?} in mounts.toml"
        ),
        None => format!("name one for everybody: default = {image:?} in mounts.toml"),
    }
}

impl Sought<'_> {
    fn hints(&self, store: &str) -> Vec<String> {
        let mentions = self.mentions.iter();
        let mentions = mentions.map(|mention| format!("{store} says: {}", mention.line));
        let nearest = self.nearest.iter();
        let nearest = nearest.map(|path| format!("the nearest: {}", visible(path.as_bytes())));
        let elsewhere = self.elsewhere.iter();
        let elsewhere = elsewhere.map(|image| format!("image {image} has it"));
        mentions.chain(nearest).chain(elsewhere).collect()
    }

    fn next(&self) -> String {
        let Some(image) = self.case.image() else {
            return no_image(self.case, &self.elsewhere);
        };
        if let Some(path) = &self.nearest {
            return self.instead(&image, path);
        }
        // One boot.sdi is as good as another.
        let elsewhere = self.elsewhere.first();
        let elsewhere = elsewhere.filter(|_| self.lost.part != Part::Sdi);
        if let (Some(other), Some(client)) = (elsewhere, self.case.address()) {
            return format!(
                "is {image} the image it is to have? If not: winbootfs client set {client} {other}"
            );
        }
        if let Some(path) = self.seen.likely(&self.name) {
            return self.instead(&image, &path);
        }
        self.another_program()
            .unwrap_or_else(|| self.needed(&image))
    }

    /// Takes the file at this path instead: by an alias, or by another line where it is named.
    fn instead(&self, image: &ImageName, path: &str) -> String {
        let is_of_image = self.seen.is_of_image(path);
        let alias = is_of_image.then(|| {
            let alias = self.alias(image, &slashed(path));
            format!("name it with an alias: {alias}")
        });
        let line = self
            .mentions
            .first()
            .and_then(|mention| match self.is_made {
                true if mention.is_ramdisk() && is_of_image => Some(format!(
                    "change the menu: [image.{image}.bcd] wim = {:?}",
                    slashed(path)
                )),
                true => None,
                false => Some(format!("change the store: {}", mention.change(path))),
            });
        match (alias, line) {
            (Some(alias), Some(line)) => format!("{alias}; or {line}"),
            (Some(way), None) | (None, Some(way)) => way,
            (None, None) => format!(
                "copy {} into the image, as {}",
                slashed(path),
                self.key(image)
            ),
        }
    }

    fn alias(&self, image: &ImageName, target: &str) -> String {
        let key = self.key(image);
        format!("[image.{image}] alias = {{ {key:?} = {target:?} }}")
    }

    /// The name as the configuration of the image has it.
    fn key(&self, image: &ImageName) -> String {
        let key = slashed(&self.name);
        let own = format!("images/{image}/");
        let is_below = key
            .get(..own.len())
            .is_some_and(|start| fold(start.as_bytes()) == fold(own.as_bytes()));
        match is_below {
            true => key.split_at(own.len()).1.to_owned(),
            false => key,
        }
    }

    /// The boot program that the image has, where one is asked for that nobody has. Not the
    /// one for another kind of machine.
    fn another_program(&self) -> Option<String> {
        let Part::Program(firmware) = self.lost.part else {
            return None;
        };
        let route = match firmware {
            Some(Firmware::Bios) => Route::BiosPxe,
            _ => self.case.route(),
        };
        let program = self.seen.program(route).filter(|_| !self.lost.is_itself)?;
        let is_last = |name: &&str| is_same(last(name), last(&self.name));
        let usual = programs(route)
            .first()?
            .any_of
            .iter()
            .find(|name| is_last(name));
        usual
            .is_none_or(|usual| is_same(last(usual), last(program)))
            .then(|| format!("let DHCP or the menu name {program}, which is there"))
    }

    /// What to bring, where there is nothing like it.
    fn needed(&self, image: &ImageName) -> String {
        let route = self.case.route();
        match self.lost.part {
            Part::Program(_) => self.need(image, programs(route).first()),
            Part::Manager => self.need(image, programs(Route::BiosPxe).get(1)),
            Part::Store(Shelf::Named) => {
                "take option 252 out of the DHCP server's answers; or bring the file".to_owned()
            }
            Part::Store(_) => no_store(route.firmware()).to_owned(),
            Part::Sdi => self.need(image, FILES.first()),
            Part::Image => self.boot_image(image),
            Part::Folder | Part::Extra(_) | Part::Menu | Part::Other => self.need(image, None),
        }
    }

    /// One thing that a boot cannot do without, under the name by which it is asked for.
    fn need(&self, image: &ImageName, need: Option<&Need>) -> String {
        let Some(need) = need else {
            return "look what there is: winbootfs tree".to_owned();
        };
        let spec = self.case.catalog.config().image(image);
        let next = need.next(spec.map(|spec| spec.secure_boot).unwrap_or_default());
        let key = self.key(image);
        let mut usual = need.any_of.iter();
        match usual.any(|usual| is_same(usual.as_bytes(), key.as_bytes())) {
            true => next.to_owned(),
            false => format!("{next}; name it {key}"),
        }
    }

    fn boot_image(&self, image: &ImageName) -> String {
        let key = self.key(image);
        let bring = match key.to_ascii_lowercase().ends_with(".wim") {
            true => format!("copy sources/boot.wim from install media to {key}"),
            false => format!("put it at {key}"),
        };
        let alias = self.alias(image, "PATH");
        format!("{bring}, or name yours with an alias: {alias}")
    }
}

/// As a configuration has it.
fn slashed(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.trim_start_matches('/').to_owned()
}
