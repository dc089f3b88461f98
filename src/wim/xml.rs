//! What the WIM says about its images in words: UTF-16 text in XML behind all the rest.
//!
//! For people: how anything is read does not depend on it, and no boot manager reads it. Only
//! for which machine an image is nothing else says, and that decides which firmware gets the
//! boot manager in it. An image that the text does not mention has no name.

use std::fmt;
use std::ops::RangeInclusive;

use roxmltree::{Document, Node, ParsingOptions};

use super::fields::utf16;
use crate::name::visible;

/// Most elements, attributes and texts. The text of a boot.wim has a hundred for each image.
const MOST_NODES: u32 = 100_000;

/// What is known about an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageInfo {
    /// Its number, from 1 on.
    pub index: u32,
    /// Such as "Microsoft Windows Setup (x64)".
    pub name: Option<String>,
    /// Often the same as the name.
    pub description: Option<String>,
    /// Of the Windows inside.
    pub version: Option<Version>,
    /// For which processors.
    pub architecture: Option<Architecture>,
    /// Such as "WindowsPE".
    pub edition: Option<String>,
}

/// The version of Windows, printed as Windows does: 10.0.22621.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 10 for Windows 10 and 11.
    pub major: u32,
    /// 0 for these.
    pub minor: u32,
    /// Which of these it is.
    pub build: u32,
    /// The state of its updates.
    pub service_pack_build: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, build) = (self.major, self.minor, self.build);
        write!(out, "{major}.{minor}.{build}.{}", self.service_pack_build)
    }
}

/// A kind of processor, by the number that Windows has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// 32 bits.
    X86,
    /// ARM of 32 bits.
    Arm,
    /// Itanium.
    Ia64,
    /// 64 bits.
    Amd64,
    /// ARM of 64 bits.
    Arm64,
    /// Another one.
    Other(u32),
}

impl From<u32> for Architecture {
    fn from(number: u32) -> Self {
        match number {
            0 => Self::X86,
            5 => Self::Arm,
            6 => Self::Ia64,
            9 => Self::Amd64,
            12 => Self::Arm64,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X86 => out.write_str("x86"),
            Self::Arm => out.write_str("arm"),
            Self::Ia64 => out.write_str("ia64"),
            Self::Amd64 => out.write_str("amd64"),
            Self::Arm64 => out.write_str("arm64"),
            Self::Other(number) => write!(out, "architecture {number}"),
        }
    }
}

impl ImageInfo {
    /// Of the image with this number nothing is known.
    pub(super) fn nameless(index: u32) -> Self {
        Self {
            index,
            ..Self::default()
        }
    }
}

/// Reads the text about `images` images. An error is why it cannot be read, for people.
pub(super) fn images(bytes: &[u8], images: RangeInclusive<u32>) -> Result<Vec<ImageInfo>, String> {
    if bytes.is_empty() {
        return Err("there is none".to_owned());
    }
    if is_utf8(bytes) {
        return Err("it is UTF-8, and should be UTF-16".to_owned());
    }
    let text = char::decode_utf16(utf16(bytes));
    let text: String = text
        .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    let text = text.trim_start_matches('\u{feff}').trim_end_matches('\0');
    let options = ParsingOptions {
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options);
    let document = document.map_err(|error| visible(error.to_string().as_bytes()))?;
    let root = document.root_element();
    Ok(images.map(|index| image(root, index)).collect())
}

/// In UTF-16 every letter of a tag has a NUL.
fn is_utf8(bytes: &[u8]) -> bool {
    !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok()
}

fn image(root: Node<'_, '_>, index: u32) -> ImageInfo {
    let number = |node: &Node<'_, '_>| node.attribute("INDEX")?.trim().parse().ok();
    let mut images = root.children().filter(|node| node.has_tag_name("IMAGE"));
    let Some(image) = images.find(|node| number(node) == Some(index)) else {
        return ImageInfo::nameless(index);
    };
    let windows = child(image, "WINDOWS");
    ImageInfo {
        index,
        name: text(image, "NAME"),
        description: text(image, "DESCRIPTION"),
        version: windows.and_then(|node| version(child(node, "VERSION")?)),
        architecture: windows.and_then(|node| Some(value(node, "ARCH")?.into())),
        edition: windows.and_then(|node| text(node, "EDITIONID")),
    }
}

fn version(node: Node<'_, '_>) -> Option<Version> {
    Some(Version {
        major: value(node, "MAJOR")?,
        minor: value(node, "MINOR")?,
        build: value(node, "BUILD")?,
        service_pack_build: value(node, "SPBUILD").unwrap_or_default(),
    })
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.has_tag_name(name))
}

fn text(node: Node<'_, '_>, name: &str) -> Option<String> {
    let text = child(node, name)?.text()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn value(node: Node<'_, '_>, name: &str) -> Option<u32> {
    text(node, name)?.parse().ok()
}
