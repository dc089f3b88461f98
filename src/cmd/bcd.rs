//! `bcd`: boot configurations, one by one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::{Opened, open};
use crate::bcd::show::{self, Answer};
use crate::bcd::{MOST_BYTES, Remark, Store};
use crate::cli::{BcdCommand, BcdShowArgs};
use crate::failure::Failure;
use crate::name::{fold, visible};
use crate::tree::{Place, Sight, Walker};

pub(super) fn run(file: Option<&Path>, command: &BcdCommand) -> Result<(), Failure> {
    match command {
        BcdCommand::Show(args) => show(file, args),
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
    match io::stdout().write_all(shown.as_bytes()) {
        // Whoever reads it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| Failure::Failed(format!("cannot print it: {error}"))),
    }
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

/// Reads a store; of a file that is too large only as much as shows that it is.
fn read(path: &Path) -> Result<(Store, Vec<Remark>), Failure> {
    let mut bytes = Vec::new();
    let most = MOST_BYTES as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    let failed = |why: String| Failure::Failed(format!("{} {why}", path.display()));
    read.map_err(|error| failed(format!("cannot be read: {error}\n  name a BCD")))?;
    Store::read_with_remarks(&bytes).map_err(|error| failed(error.to_string()))
}

fn root(opened: &Opened, image: &str) -> Result<Place, Failure> {
    match opened.catalog.image(&fold(image.as_bytes())) {
        Some((name, _)) => Ok(Place::Folder(Sight::of_image(name.clone()), Arc::default())),
        None => Err(super::tree::unknown(image)),
    }
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
