//! Names: when two spellings are one name, and how a request splits into parts.
//!
//! The only place that knows sameness. It is pure: bytes in, bytes out, no files. What
//! a folder does with several stored names that are alike is in [`crate::index`].
//!
//! Why full case folding and not the table of NTFS: requests are compared by the widest
//! rule, so that no client ever misses a file for its case, and the narrower rule of
//! Windows ([`same_for_windows`]) only decides between stored names that fold alike.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use caseless::Caseless;
use thiserror::Error;

/// Longest part of a request, in bytes. The kernel hands over names of up to 1,024
/// bytes as one part (newer ones up to a page); nothing on a disk comes near.
pub const LONGEST_PART: usize = 1024;

/// Most parts in one request. Windows itself stops at 260 characters a path.
pub const MOST_PARTS: usize = 64;

/// Why a request cannot be a name at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refused {
    /// A part is `..`: no boot program needs it, and a server in a chroot checks nothing.
    #[error("the name climbs with `..`")]
    Climbs,
    /// A part holds a NUL byte.
    #[error("the name holds a NUL byte")]
    Nul,
    /// A part is longer than [`LONGEST_PART`], or there are more than [`MOST_PARTS`].
    #[error("the name is too long")]
    TooLong,
}

/// A name as it is compared. Only [`fold`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Folded(Box<[u8]>);

impl Folded {
    /// The folded bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// One part as it was asked for, with its folded form made once for all layers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asked {
    /// As the client spelled it.
    pub spelled: Box<[u8]>,
    /// As it is compared.
    pub folded: Folded,
}

impl Asked {
    /// A part of a request; see [`parts`] for what may be one.
    pub fn new(part: &[u8]) -> Self {
        Self {
            spelled: part.into(),
            folded: fold(part),
        }
    }
}

/// Folds the case of one part: Unicode default case folding where the bytes are UTF-8,
/// ASCII lower case where they are not (a name from an old code page).
pub fn fold(part: &[u8]) -> Folded {
    if part.is_ascii() {
        return Folded(part.to_ascii_lowercase().into());
    }
    match std::str::from_utf8(part) {
        Ok(text) => {
            let folded: String = text.chars().default_case_fold().collect();
            Folded(folded.into_bytes().into())
        }
        Err(_) => Folded(part.to_ascii_lowercase().into()),
    }
}

/// Whether Windows would take the two for one name: equal after upper-casing character
/// by character. Keeps apart what has no single upper-case letter (`ß` and `ss`) and
/// what only looks alike (the Kelvin sign and `k`).
pub fn same_for_windows(one: &[u8], other: &[u8]) -> bool {
    match (std::str::from_utf8(one), std::str::from_utf8(other)) {
        (Ok(one), Ok(other)) => one.chars().map(upper).eq(other.chars().map(upper)),
        _ => one.eq_ignore_ascii_case(other),
    }
}

fn upper(letter: char) -> char {
    let mut mapped = letter.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(single), None) => single,
        _ => letter,
    }
}

/// Whether a byte separates the parts of a name: Windows writes `\`, DHCP and iPXE often
/// `/`, and some programs mix both.
pub fn is_separator(byte: u8) -> bool {
    byte == b'\\' || byte == b'/'
}

/// The last part of a path, which may be empty.
pub fn last(path: &str) -> &[u8] {
    let mut parts = path.as_bytes().rsplit(|byte| is_separator(*byte));
    parts.next().unwrap_or_default()
}

/// Splits a request into its parts. Empty parts and `.` vanish, so doubled, leading and
/// trailing separators mean nothing; what cannot be a name is refused whole.
///
/// # Errors
/// [`Refused`] says why no part of the request may be looked up.
pub fn parts(request: &[u8]) -> Result<Vec<&[u8]>, Refused> {
    let mut parts = Vec::new();
    for part in request.split(|byte| is_separator(*byte)) {
        match part {
            b"" | b"." => {}
            _ => parts.push(checked(part)?),
        }
    }
    if parts.len() > MOST_PARTS {
        return Err(Refused::TooLong);
    }
    Ok(parts)
}

fn checked(part: &[u8]) -> Result<&[u8], Refused> {
    if part == b".." {
        return Err(Refused::Climbs);
    }
    if part.contains(&0) {
        return Err(Refused::Nul);
    }
    if part.len() > LONGEST_PART {
        return Err(Refused::TooLong);
    }
    Ok(part)
}

/// The name without what a broken PXE ROM appended to it, or `None` where nothing shows
/// that it is damaged.
///
/// Some ROMs send the byte that ends the DHCP options (0xFF) along, others the memory
/// behind the name. The first byte that no file name has, a control byte or 0xFF, ends
/// the real one. Only tried when nothing matched as it stands.
pub fn undamaged(request: &[u8]) -> Option<&[u8]> {
    let end = request
        .iter()
        .position(|byte| byte.is_ascii_control() || *byte == 0xFF)?;
    request.get(..end).filter(|name| !name.is_empty())
}

/// A name for people: what is not UTF-8, and what is not seen, made visible. So no request,
/// and no name in an image, moves the cursor of the terminal it is printed on, begins a line of
/// its own in a log, or turns around what stands behind it.
pub fn visible(name: &[u8]) -> String {
    name.utf8_chunks()
        .flat_map(|chunk| {
            let readable = chunk.valid().chars().map(visible_char);
            let raw = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
            readable.chain(raw).collect::<Vec<_>>()
        })
        .collect()
}

/// The same of a path.
pub fn visible_path(path: &Path) -> String {
    visible(path.as_os_str().as_bytes())
}

fn visible_char(letter: char) -> String {
    if letter.is_control() || ends_a_line(letter) || sets_direction(letter) {
        return letter.escape_default().to_string();
    }
    letter.to_string()
}

fn ends_a_line(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Whether it says in which direction what follows is written.
fn sets_direction(letter: char) -> bool {
    matches!(
        letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}
