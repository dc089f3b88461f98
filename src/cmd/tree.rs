//! `tree`: every name that a client, or an image, has, and what is behind it.

use std::path::Path;
use std::sync::Arc;

use super::out::say;
use super::{address, open};
use crate::cli::TreeArgs;
use crate::failure::Failure;
use crate::name::{MOST_PARTS, fold, visible};
use crate::tree::{Place, Sight, Walker};

pub(super) fn run(file: Option<&Path>, args: &TreeArgs) -> Result<(), Failure> {
    let client = address(args.client.as_deref())?;
    let opened = open(file)?;
    let start = match (&args.image, client) {
        (Some(image), _) => {
            let found = opened.catalog.image(&fold(image.as_bytes()));
            let (name, _) = found.ok_or_else(|| unknown(image))?;
            Place::Folder(Sight::of_image(name.clone()), Arc::default())
        }
        (None, Some(address)) => Place::Client(address),
        (None, None) => Place::Caller,
    };
    let asking = opened.asking(client);
    print_folder(&opened.walker(&asking), &start, 0)
}

fn print_folder(walker: &Walker<'_>, place: &Place, depth: usize) -> Result<(), Failure> {
    let entries = walker
        .list(place)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    for entry in entries {
        let indent = "  ".repeat(depth);
        let name = visible(&entry.name);
        match walker.find(place, &entry.name).found {
            Ok((Place::File(file), attributes)) => {
                let target = match file.aliased {
                    true => format!(" -> {}", visible(file.path().as_bytes())),
                    false => String::new(),
                };
                say!("{indent}{name}  {}{target}", attributes.size)?;
            }
            Ok((below, _)) => {
                say!("{indent}{name}/")?;
                if is_worth_entering(&below) && depth < MOST_PARTS {
                    print_folder(walker, &below, depth + 1)?;
                }
            }
            Err(error) => say!("{indent}{name}  ({error})")?,
        }
    }
    Ok(())
}

/// All images and clients again below each of them would never end.
fn is_worth_entering(place: &Place) -> bool {
    matches!(place, Place::Folder(..))
}

pub(super) fn unknown(image: &str) -> Failure {
    Failure::Usage(format!(
        "no image is named {image:?}\n  see them all: winbootfs check"
    ))
}
