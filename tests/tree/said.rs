//! What the tree said, as one text: so that a table can hold both files and refusals.

use winbootfs::Error;
use winbootfs::nodes::ROOT;
use winbootfs::tree::{Admitted, Asking};

use crate::common::world::{Nobody, World};

/// The content of a file, or the error's name between angle brackets: `<NotFound>`,
/// `<Refused(Climbs)>`.
pub(crate) fn said(answer: Result<Vec<u8>, Error>) -> String {
    match answer {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => refusal(&error),
    }
}

pub(crate) fn refusal(error: &Error) -> String {
    match error {
        Error::Source(error) => format!("<Source({:?})>", error.raw_os_error()),
        other => format!("<{other:?}>"),
    }
}

/// What a path from the root is for somebody who asks.
pub(crate) fn asked(world: &World, who: &dyn Asking, path: &str) -> String {
    said(world.read(who, path.as_bytes()))
}

/// What a path below `images/x/` is: the image of most tests.
pub(crate) fn in_x(world: &World, path: &str) -> String {
    said(world.read_in_image("x", path.as_bytes()))
}

/// Looks up one name in a folder given by its path, whatever bytes the name has: also
/// `/`, which the kernel would have split at but `resolve` does not.
pub(crate) fn one_name(world: &World, folder: &[u8], name: &[u8]) -> Result<Admitted, Error> {
    let parent = match folder {
        b"" => ROOT,
        folder => world.look(&Nobody, folder)?.0.id,
    };
    world.tree().lookup(parent, name, &Nobody).found
}

/// The content of what one name finds in `images/x`.
pub(crate) fn one_name_in_x(world: &World, name: &[u8]) -> String {
    said(one_name(world, b"images/x", name).and_then(|found| content(world, &found)))
}

/// The whole content of what was found.
pub(crate) fn content(world: &World, found: &Admitted) -> Result<Vec<u8>, Error> {
    let file = world.tree().open(found.id)?;
    let mut bytes = vec![0; usize::try_from(found.attributes.size).unwrap()];
    let count = file.read_at(&mut bytes, 0)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// The names in a folder, as text.
pub(crate) fn listed(world: &World, who: &dyn Asking, path: &str) -> Vec<String> {
    let names = world.list(who, path.as_bytes()).unwrap();
    names
        .iter()
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}
