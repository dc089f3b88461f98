//! A boot that did not get something: what that was, where it is, and who asked for it.

use super::{Case, store};
use crate::bcd::{Files, Mention, Route, Wanted, screen};
use crate::config::ImageName;
use crate::expected::{FILES, Need, no_store, programs};
use crate::journal::part::{Part, Shelf};
use crate::journal::progress::{Lost, Stage};
use crate::name::visible;
use crate::seen::Seen;
use crate::status::Diagnosis;
use crate::tree::{Place, Sight, Walker};

/// What the firmware shows when it does not get its boot program.
const NO_PROGRAM: &str = "PXE-E3B (TFTP error, file not found), or PXE-T01";

/// What pxeboot shows when it does not get its boot manager.
const NO_MANAGER: &str = "TFTP download failed";

/// How many other images that have it are named.
const MOST_IMAGES: usize = 3;

pub(super) fn diagnose(
    case: &Case<'_>,
    seen: &Seen<'_>,
    walker: &Walker<'_>,
    lost: &Lost,
) -> Diagnosis {
    let name = String::from_utf8_lossy(&lost.name);
    let nearest = seen.nearest(&name);
    let mentions = mentions(case, seen, &name);
    let elsewhere = images_with(case, walker, &name);
    let mut hints: Vec<String> = mentions.iter().map(|(line, _)| line.clone()).collect();
    hints.extend(
        nearest
            .iter()
            .map(|path| format!("the nearest: {}", visible(path.as_bytes()))),
    );
    hints.extend(
        elsewhere
            .iter()
            .map(|image| format!("image {image} has it")),
    );
    Diagnosis {
        what: what(case, lost),
        screen: on_screen(case, lost),
        next: next(case, lost, nearest.as_deref(), &mentions, &elsewhere),
        hints,
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

/// The lines of the client's boot configuration that name it, each with the store it is in.
fn mentions(case: &Case<'_>, seen: &Seen<'_>, name: &str) -> Vec<(String, Mention)> {
    if case.boot.store().is_none() {
        return Vec::new();
    }
    let Some((store, shown)) = store(seen, case.route()) else {
        return Vec::new();
    };
    let mentions = store.mentions(name).into_iter();
    mentions
        .map(|mention| (format!("{shown} says: {}", mention.line), mention))
        .collect()
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

fn next(
    case: &Case<'_>,
    lost: &Lost,
    nearest: Option<&str>,
    mentions: &[(String, Mention)],
    elsewhere: &[ImageName],
) -> String {
    let Some(image) = case.image() else {
        return no_image(case, elsewhere);
    };
    if let Some(path) = nearest {
        let alias = format!(
            "name it with an alias: [image.{image}] alias = {{ {:?} = {:?} }}",
            slashed(&String::from_utf8_lossy(&lost.name)),
            slashed(path)
        );
        return match mentions.first() {
            Some((_, mention)) => format!("{alias}; or change the store: {}", mention.change(path)),
            None => alias,
        };
    }
    // One boot.sdi is as good as another.
    let elsewhere = elsewhere.first().filter(|_| lost.part != Part::Sdi);
    if let (Some(other), Some(client)) = (elsewhere, case.address()) {
        return format!(
            "is {image} the image it is to have? If not: winbootfs client set {client} {other}"
        );
    }
    needed(case, lost)
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

/// What to bring, where nothing of that name is anywhere.
fn needed(case: &Case<'_>, lost: &Lost) -> String {
    let route = case.route();
    let secure_boot = case
        .image()
        .and_then(|image| case.catalog.config().image(&image));
    let secure_boot = secure_boot.map(|spec| spec.secure_boot).unwrap_or_default();
    let need = |needs: &'static [Need], at: usize| needs.get(at).map(|need| need.next(secure_boot));
    let found = match lost.part {
        Part::Program(_) => need(programs(route), 0),
        Part::Manager => need(programs(Route::BiosPxe), 1),
        Part::Store(Shelf::Named) => {
            Some("take option 252 out of the DHCP server's answers; or bring the file")
        }
        Part::Store(_) => Some(no_store(route.firmware())),
        Part::Sdi => need(FILES, 0),
        Part::Image => need(FILES, 1),
        Part::Folder | Part::Extra(_) | Part::Menu | Part::Other => None,
    };
    found
        .unwrap_or("look what there is: winbootfs tree")
        .to_owned()
}

/// As a configuration has it.
fn slashed(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.trim_start_matches('/').to_owned()
}
