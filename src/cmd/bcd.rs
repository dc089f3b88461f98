//! `bcd`: boot configurations, one by one.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::out::{print, say};
use super::{Opened, open};
use crate::bcd::show::{self, Answer};
use crate::bcd::{self, MOST_BYTES, Remark, Store};
use crate::cli::{BcdCommand, BcdMakeArgs, BcdShowArgs, FirmwareArg};
use crate::config::ImageName;
use crate::failure::Failure;
use crate::name::{Asked, fold, parts, visible};
use crate::program::{Firmware, Program};
use crate::stores::StoreName;
use crate::tree::{Place, Sight, Walker};

pub(super) fn run(file: Option<&Path>, command: &BcdCommand) -> Result<(), Failure> {
    match command {
        BcdCommand::Show(args) => show(file, args),
        BcdCommand::Make(args) => make(file, args),
    }
}

fn show(file: Option<&Path>, args: &BcdShowArgs) -> Result<(), Failure> {
    let (store, remarks) = read(&args.file)?;
    let shown = match &args.image {
        None => shown(args, &store, &remarks, None),
        Some(image) => {
            let opened = open(file)?;
            let image = root(&opened, image)?;
            let asking = opened.asking(None);
            let walker = opened.walker(&asking);
            let answers = |path: &str| answer(&walker, &image, path);
            shown(args, &store, &remarks, Some(&answers))
        }
    };
    print(&shown)
}

fn shown(
    args: &BcdShowArgs,
    store: &Store,
    remarks: &[Remark],
    answers: Option<show::Answers<'_>>,
) -> String {
    match args.json {
        true => show::json(store, remarks, answers),
        false => show::text(store, remarks, answers),
    }
}

/// Plays a client that has booted, and writes down what it gets.
fn make(file: Option<&Path>, args: &BcdMakeArgs) -> Result<(), Failure> {
    let opened = open(file)?;
    let image = known(&opened, &args.image)?;
    let program = program(args)?;
    let stores = opened.catalog.stores(&image).ok_or_else(|| {
        Failure::Failed(format!(
            "image {image} keeps its own store as it is (bcd.source = \"image\")\n  copy that, or \
             write source = \"auto\""
        ))
    })?;
    let found = stores.get(StoreName::Boot, Some(&program));
    let found = found.map_err(|error| Failure::Failed(format!("image {image}: {error}")))?;
    let Some((bytes, why)) = found else {
        return Err(Failure::Failed(format!(
            "image {image} has neither a boot configuration nor a boot image to make one for\n  \
             name its boot image: [image.{image}.bcd] wim = \"tools/pe.wim\""
        )));
    };
    write(args, &bytes)?;
    say!(
        "{}: {}, for {}",
        args.file.display(),
        why.done,
        why.firmware
    )?;
    Ok(())
}

fn program(args: &BcdMakeArgs) -> Result<Program, Failure> {
    let firmware = match args.firmware {
        FirmwareArg::Bios => Firmware::Bios,
        FirmwareArg::Uefi => Firmware::Uefi,
    };
    let Some(path) = &args.program else {
        return Ok(Program::of(firmware));
    };
    let parts = parts(path.as_bytes()).unwrap_or_default();
    let parts: Vec<Asked> = parts.into_iter().map(Asked::new).collect();
    let program = Program::named(firmware, parts.iter());
    match (&program.path, firmware) {
        (None, Firmware::Uefi) => Err(Failure::Usage(format!(
            "{path:?} is no path of a boot manager\n  write it as the client asks for it: --program \
             '\\bootmgfw.efi'"
        ))),
        (_, Firmware::Bios) => Err(Failure::Usage(
            "a boot manager for the BIOS does not ask where it is\n  leave --program away"
                .to_owned(),
        )),
        (Some(_), Firmware::Uefi) => Ok(program),
    }
}

/// Whole or not at all.
fn write(args: &BcdMakeArgs, bytes: &[u8]) -> Result<(), Failure> {
    let file = &args.file;
    let cannot = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let shown = file.display();
            Failure::Failed(format!("{shown} is there\n  to take its place: --force"))
        }
        _ => Failure::Failed(format!("{} cannot be written: {error}", file.display())),
    };
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut fresh = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(cannot)?;
    fresh.write_all(bytes).map_err(cannot)?;
    // Servers run as other users.
    let readable = fs::Permissions::from_mode(0o644);
    fresh.as_file().set_permissions(readable).map_err(cannot)?;
    let kept = match args.force {
        true => fresh.persist(file),
        false => fresh.persist_noclobber(file),
    };
    kept.map(|_| ()).map_err(|error| cannot(error.error))
}

/// Reads a store; of a file that is too large only as much as shows that it is.
fn read(path: &Path) -> Result<(Store, Vec<Remark>), Failure> {
    let failed = |why: String| Failure::Failed(format!("{} {why}", path.display()));
    let cannot = |error: io::Error| failed(format!("cannot be read: {error}\n  name a BCD"));
    let file = File::open(path).map_err(cannot)?;
    let length = file.metadata().map_err(cannot)?.len();
    bcd::may_be_long(length).map_err(|error| failed(error.to_string()))?;
    // What is no file, such as a pipe, tells no length.
    let (mut bytes, most) = (Vec::new(), MOST_BYTES as u64 + 1);
    file.take(most).read_to_end(&mut bytes).map_err(cannot)?;
    Store::read_with_remarks(&bytes).map_err(|error| failed(error.to_string()))
}

/// What a client of the image sees: the base is beneath.
fn root(opened: &Opened, image: &str) -> Result<Place, Failure> {
    let image = known(opened, image)?;
    Ok(Place::Folder(Sight::over_base(Some(image)), Arc::default()))
}

fn known(opened: &Opened, image: &str) -> Result<ImageName, Failure> {
    let found = opened.catalog.image(&fold(image.as_bytes()));
    let found = found.map(|(name, _)| name.clone());
    found.ok_or_else(|| super::tree::unknown(image))
}

/// What a client of the image gets for a path.
fn answer(walker: &Walker<'_>, image: &Place, path: &str) -> Answer {
    match walker.find(image, path.as_bytes()).found {
        Ok((Place::File(file), attributes)) => Answer::File {
            file: format!("{}/{}", file.source(), visible(file.path().as_bytes())),
            size: attributes.size,
        },
        Ok(_) => Answer::Missing("it is a folder".to_owned()),
        Err(error) => Answer::Missing(error.to_string()),
    }
}
