//! `mount`: from the configuration, or from folders on the command line, to a daemon.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{config_file, log};
use crate::cli::MountArgs;
use crate::config::{BcdSpec, Config, ImageName, ImageSpec, Located, SecureBoot};
use crate::failure::Failure;
use crate::fuse::mountpoint;
use crate::service;
use crate::source::Source;
use crate::source::dir::OwnMount;
use crate::source::open::Written;
use crate::source::path::PathSource;
use crate::web::Place;

pub(super) fn run(file: Option<&Path>, args: &MountArgs) -> Result<(), Failure> {
    log::everything(args.log_format);
    let config = match args.paths.split_last() {
        // Every choice would fail: there is no `clients.d/` to write it into.
        Some(_) if args.web_write => {
            return Err(Failure::Usage(
                "--web-write needs a configuration file: choices are written beside it, into \
                 clients.d/\n  leave it out, or write the images into a file (see winbootfs \
                 mount --help)"
                    .to_owned(),
            ));
        }
        Some((mountpoint, sources)) => without_file(sources, mountpoint)?,
        None => Config::read(&config_file(file))?,
    };
    let page = args.web.map(|address| Place {
        address,
        may_write: args.web_write,
    });
    service::run(config, page)
}

/// Images named after their folders and files, the first the default, the mountpoint the base.
fn without_file(sources: &[PathBuf], mountpoint: &Path) -> Result<Config, Failure> {
    if sources.is_empty() {
        return Err(Failure::Usage(format!(
            "{} alone says not what to mount where\n  name both: winbootfs mount SOURCE... MOUNTPOINT",
            mountpoint.display()
        )));
    }
    let images: Vec<ImageSpec> = sources
        .iter()
        .map(|path| image(path))
        .collect::<Result<_, _>>()?;
    for (at, image) in images.iter().enumerate() {
        let alike = |other: &&ImageSpec| other.name.folded() == image.name.folded();
        if images.iter().skip(at + 1).any(|other| alike(&other)) {
            return Err(Failure::Usage(format!(
                "two sources are named {}\n  rename one, or name the images in a \
                 configuration file (see winbootfs mount --help)",
                image.name.value
            )));
        }
    }
    Ok(on(mountpoint, images))
}

/// These images, the first the default, over what lies in the mountpoint.
pub(super) fn on(mountpoint: &Path, images: Vec<ImageSpec>) -> Config {
    let mountpoint = whole(mountpoint);
    Config {
        mountpoint: Some(nowhere(mountpoint.clone())),
        base: Some(nowhere(mountpoint)),
        default: images.first().map(|image| image.name.clone()),
        images,
        ..Config::default()
    }
}

/// A path that is true wherever it is read: status and page show it to others. What is mounted
/// there is not asked, for it may be dead.
fn whole(mountpoint: &Path) -> PathBuf {
    let named = || mountpoint.to_owned();
    match mountpoint.is_absolute() {
        true => named(),
        false => mountpoint::resolved_above(mountpoint)
            .or_else(|| std::path::absolute(mountpoint).ok())
            .unwrap_or_else(named),
    }
}

fn image(path: &Path) -> Result<ImageSpec, Failure> {
    let Written {
        path: written,
        image,
    } = Written::understand(path, &OwnMount::default());
    let resolved = written.canonicalize().map_err(|error| {
        Failure::Usage(format!(
            "{}: {error}\n  name a folder, an ISO or a WIM that is there",
            path.display()
        ))
    })?;
    if !resolved.is_dir() {
        // Whoever types it is there to be told; a daemon that comes up by itself serves the rest.
        let fault = PathSource::open(&written, image, false, Arc::default()).fault();
        fault.map_or(Ok(()), |fault| Err(Failure::Usage(fault)))?;
    }
    let name = match resolved.is_dir() {
        true => resolved.file_name(),
        // Without the ending; and where the file is a link, that is named as is meant.
        false => written.file_stem(),
    };
    let name = name.and_then(|name| name.to_str()).unwrap_or_default();
    let name = ImageName::new(name).map_err(|why| {
        Failure::Usage(format!(
            "{} cannot name an image: it {why}\n  name the image in a configuration file \
             (see winbootfs mount --help)",
            path.display()
        ))
    })?;
    Ok(spec(name, vec![nowhere(path.to_owned())]))
}

/// An image of these sources, and all else as it is by default.
pub(super) fn spec(name: ImageName, sources: Vec<Located<PathBuf>>) -> ImageSpec {
    ImageSpec {
        name: nowhere(name),
        sources,
        aliases: Vec::new(),
        poll: false,
        secure_boot: SecureBoot::default(),
        bcd: BcdSpec::default(),
    }
}

/// A value that stands in no file.
fn nowhere<T>(value: T) -> Located<T> {
    Located {
        value,
        line: 0,
        column: 0,
    }
}
