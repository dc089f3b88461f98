//! `check`: what would keep an image from booting, before a client finds out.
//!
//! A fault is something with which no boot of that image can work; the exit code tells
//! of these. Everything else is a remark.

mod report;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::out::say;
use super::{Opened, open};
use crate::address::Address;
use crate::advice::count;
use crate::bcd::Route;
use crate::boots::Boots;
use crate::client::Client;
use crate::config::{ImageName, ImageSpec};
use crate::failure::Failure;
use crate::image::Image;
use crate::layer::Layer;
use crate::name::{Asked, fold, parts, visible};
use crate::program::Program;
use crate::seen::{Seen, Wims};
use crate::source::{Kind, StoredPath};
use crate::stores::Done;
use crate::tree::{CLIENTS, FilePlace, IMAGES, Place, Sight, Walker};
use report::Report;

/// The address of a client that is only played: none that boots has it.
const PLAYED: Address = Address::Ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

/// Where a walk through a source ends: no image has so many folders in each other.
const DEEPEST: usize = 64;

pub(super) fn run(file: Option<&Path>) -> Result<(), Failure> {
    let opened = open(file)?;
    let catalog = &opened.catalog;
    let config = catalog.config();
    say!(
        "{}: {}, {}",
        config.file.display(),
        count(config.images.len(), "image"),
        count(config.rules.len(), "client rule")
    )?;
    if config.mountpoint.is_none() {
        say!("  remark: no mountpoint is named, so there is nothing to mount")?;
    }
    let mut bootless = 0;
    for (spec, image) in catalog.images() {
        say!("image {}", spec.name.value)?;
        bootless += usize::from(!check_image(&opened, spec, image)?);
    }
    if let Some(base) = catalog.base() {
        say!("base")?;
        check_base(base)?;
    }
    for problems in &opened.problems {
        say!("clients.d\n  FAULT: {problems}")?;
    }
    match bootless + opened.problems.len() {
        0 => Ok(()),
        _ => Err(Failure::Found),
    }
}

/// Returns whether there is at least one way to boot it.
fn check_image(opened: &Opened, spec: &ImageSpec, image: &Image) -> Result<bool, Failure> {
    for layer in image.layers() {
        check_layer(layer)?;
    }
    // Then no name of it is answered, and what is missing says nothing.
    let mut sources = image.layers().iter().map(|layer| layer.source());
    if sources.any(|source| source.fault().is_some()) {
        return Ok(false);
    }
    let nobody = opened.asking(None);
    let walker = opened.walker(&nobody);
    check_aliases(&walker, spec)?;
    let wims = Wims::default();
    let mut reports: Vec<Report> = Vec::new();
    for route in Route::ALL {
        let report = check_route(opened, &spec.name, route, &wims);
        report.print(&reports, spec.secure_boot)?;
        reports.push(report);
    }
    let able = reports.iter().any(Report::can_boot);
    if !able {
        say!("  FAULT: no firmware can boot it")?;
    }
    Ok(able)
}

/// Plays a client that boots this way: which store it gets follows from what it booted.
fn check_route(opened: &Opened, image: &ImageName, route: Route, wims: &Wims) -> Report {
    let nobody = opened.asking(None);
    let walker = opened.walker(&nobody);
    let place = view_of(image, None);
    let program = Seen::new(&walker, &place, wims).program(route);
    let boots = Boots::default();
    if let Some(program) = program {
        let parts = parts(program.as_bytes()).unwrap_or_default();
        let parts: Vec<Asked> = parts.into_iter().map(Asked::new).collect();
        let program = Program::named(route.firmware(), parts.iter());
        boots.opened(
            &Client::at(&PLAYED),
            &program,
            None,
            Instant::now(),
            Duration::MAX,
        );
    }
    let walker = Walker::new(opened.catalog.clone(), &boots, &nobody);
    let place = view_of(image, Some(PLAYED));
    Report::of(&Seen::new(&walker, &place, wims), route)
}

/// What a client of an image sees: the base is beneath.
fn view_of(image: &ImageName, client: Option<Address>) -> Place {
    let sight = Sight::over_base(Some(image.clone()));
    Place::Folder(sight.in_folder_of(client), Arc::default())
}

fn root_of(name: &ImageName) -> Place {
    Place::Folder(Sight::of_image(name.clone()), Arc::default())
}

/// An alias of the operator's own that leads nowhere, or that a real file overrules.
fn check_aliases(walker: &Walker<'_>, spec: &ImageSpec) -> Result<(), Failure> {
    let place = root_of(&spec.name);
    let find = |name: &str| walker.find(&place, name.as_bytes()).found;
    for alias in &spec.aliases {
        let Some(target) = &alias.target else {
            continue;
        };
        let name = &alias.name;
        let leads_there = match find(name) {
            Ok((Place::File(file), _)) if is_made_anew(&file, name) => find(target).is_ok(),
            Ok((Place::File(file), _)) if !file.aliased => {
                say!("  remark: alias {name:?} is overruled by a real file of that name")?;
                continue;
            }
            found => found.is_ok(),
        };
        if !leads_there {
            say!(
                "  remark: alias {name:?} leads nowhere: {target:?} is no stored file or folder \
                 (line {})",
                alias.line
            )?;
        }
    }
    Ok(())
}

/// A store that was made, and of no file that has this name.
fn is_made_anew(file: &FilePlace, name: &str) -> bool {
    let folded = |path: &str| {
        let parts = parts(path.as_bytes()).unwrap_or_default();
        parts.into_iter().map(fold).collect::<Vec<_>>()
    };
    match file.why().map(|why| &why.done) {
        Some(Done::Completed(own, _)) => folded(own) != folded(name),
        Some(Done::Made(_) | Done::MadeInstead(..)) => true,
        Some(Done::AsItIs | Done::NotUnderstood(_)) | None => false,
    }
}

fn check_base(base: &Image) -> Result<(), Failure> {
    for layer in base.layers() {
        check_layer(layer)?;
        let Ok(root) = layer.folder(&StoredPath::root()) else {
            continue;
        };
        for (folded, entry) in root.entries() {
            let name = visible(&entry.name);
            let ours = [IMAGES, CLIENTS]
                .iter()
                .any(|own| own.as_bytes() == folded.as_bytes());
            // A folder is shown to the client it is named after, a file to nobody.
            let address = entry.kind == Kind::File && Address::parse(&entry.name).is_some();
            if ours || (address && !Address::is_ambiguous(&entry.name)) {
                say!("  remark: {name} is hidden by the folder of that name that winbootfs adds")?;
            }
        }
    }
    Ok(())
}

fn check_layer(layer: &Layer) -> Result<(), Failure> {
    let source = layer.source();
    if let Some(fault) = source.fault() {
        return say!("  FAULT: {fault}");
    }
    let mut files = 0;
    let mut remarks = source.remarks();
    survey(layer, &StoredPath::root(), 0, &mut files, &mut remarks);
    let (label, description) = (source.label(), source.description());
    let events = match source.has_events() {
        true => "",
        false => ", no events: changes are seen within two seconds",
    };
    match description.as_str() {
        // Nothing is there, or nothing that is shown.
        "" => {}
        "a folder" => say!(
            "  source {label}: a folder with {}{events}",
            count(files, "file")
        )?,
        other => say!("  source {label}: {other}{events}")?,
    }
    for remark in remarks {
        say!("    remark: {remark}")?;
    }
    Ok(())
}

fn survey(
    layer: &Layer,
    path: &StoredPath,
    depth: usize,
    files: &mut usize,
    remarks: &mut Vec<String>,
) {
    let folder = match layer.folder(path) {
        Ok(folder) if depth < DEEPEST => folder,
        Ok(_) => return remarks.push(format!("{} is too deep to be looked at", shown(path))),
        Err(error) => return remarks.push(format!("{} cannot be read: {error}", shown(path))),
    };
    for alike in folder.collisions() {
        let names: Vec<String> = alike.iter().map(|entry| visible(&entry.name)).collect();
        let winner = names.first().cloned().unwrap_or_default();
        remarks.push(format!(
            "in {} these are one name to Windows clients: {}; other spellings get {winner}",
            shown(path),
            names.join(", ")
        ));
    }
    for hidden in folder.hidden() {
        remarks.push(format!(
            "{} {}, and is not shown",
            shown(&path.join(&hidden.name)),
            hidden.why
        ));
    }
    let mut below: Vec<_> = folder.entries().map(|(_, entry)| entry).collect();
    below.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    for entry in below {
        match entry.kind {
            Kind::File => *files += 1,
            Kind::Folder => survey(layer, &path.join(&entry.name), depth + 1, files, remarks),
        }
    }
}

fn shown(path: &StoredPath) -> String {
    match path.as_bytes() {
        b"" => "the root".to_owned(),
        bytes => visible(bytes),
    }
}
