//! `[image.NAME.bcd]`: which boot configuration the clients of an image get.

use serde::Deserialize;
use toml::Spanned;

use super::Located;
use super::checker::{Checker, OneOrMany, folded_parts, many};
use crate::bcd::MOST_ENTRIES;
use crate::name;

/// Where the store comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum StoreSource {
    /// The image's own where that boots, completed where it lacks something, else made.
    #[default]
    Auto,
    /// The image's own, untouched.
    Image,
    /// Always made.
    Made,
}

/// What is configured of an image's boot configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BcdSpec {
    /// Where it comes from.
    pub source: StoreSource,
    /// The boot images of the menu, the first is the default; empty where nothing is said.
    pub wims: Vec<Located<String>>,
    /// How many seconds the menu waits.
    pub timeout: Option<u64>,
    /// How large the blocks are in which TFTP brings a boot image.
    pub tftp_block_size: Option<u64>,
    /// How many of them are sent without waiting.
    pub tftp_window_size: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawBcd {
    source: Option<Spanned<String>>,
    wim: Option<Spanned<OneOrMany>>,
    timeout: Option<Spanned<i64>>,
    tftp_block_size: Option<Spanned<i64>>,
    tftp_window_size: Option<Spanned<i64>>,
}

impl Checker<'_> {
    pub(super) fn bcd(&mut self, raw: RawBcd) -> BcdSpec {
        let source = raw.source.as_ref();
        let wims = raw.wim.map_or_else(Vec::new, |wims| self.wims(wims));
        let source = source.map_or_else(StoreSource::default, |source| {
            self.store_source(source, !wims.is_empty())
        });
        BcdSpec {
            source,
            wims,
            // A quarter of an hour is a mistake: nobody sits before a menu that long.
            timeout: self.number("timeout", raw.timeout, 0, 999),
            // The bounds of RFC 2348 and RFC 7440.
            tftp_block_size: self.number("tftp_block_size", raw.tftp_block_size, 8, 65_464),
            tftp_window_size: self.number("tftp_window_size", raw.tftp_window_size, 1, 65_535),
        }
    }

    fn store_source(&mut self, source: &Spanned<String>, has_wims: bool) -> StoreSource {
        match source.as_ref().as_str() {
            "auto" => StoreSource::Auto,
            "made" => StoreSource::Made,
            "image" => {
                if has_wims {
                    let what = "wim says nothing where the image's own store is used".to_owned();
                    self.problem(source, what, "take it away, or write source = \"made\"");
                }
                StoreSource::Image
            }
            other => {
                let what = format!("source = {other:?} is no way to a boot configuration");
                self.problem(source, what, "write \"auto\", \"image\" or \"made\"");
                StoreSource::default()
            }
        }
    }

    fn wims(&mut self, raw: Spanned<OneOrMany>) -> Vec<Located<String>> {
        if raw.as_ref().is_empty() {
            let what = "wim = [] is a menu of nothing".to_owned();
            self.problem(&raw, what, "name a boot image: wim = \"sources/boot.wim\"");
        }
        let count = raw.as_ref().len();
        if count > MOST_ENTRIES {
            let what = format!("wim has {count} boot images: no store holds so long a menu");
            let next = format!("name at most {MOST_ENTRIES}, and the others in another image");
            self.problem(&raw, what, next);
        }
        let mut wims: Vec<Located<String>> = Vec::new();
        for wim in many(raw) {
            let path = wim.as_ref();
            let same = |other: &&Located<String>| folded_parts(other) == folded_parts(path);
            let what = match (name::parts(path.as_bytes()), wims.iter().find(same)) {
                (Ok(parts), _) if parts.is_empty() => format!("wim {path:?} names no file"),
                (Err(why), _) => format!("wim {path:?}: {why}"),
                (Ok(_), Some(other)) => format!("wim {path:?} is the same file as {:?}", **other),
                (Ok(_), None) => {
                    wims.push(self.located(&wim, path.clone()));
                    continue;
                }
            };
            self.problem(
                &wim,
                what,
                "write paths inside the image, each once, such as \"sources/boot.wim\"",
            );
        }
        wims
    }

    fn number(
        &mut self,
        key: &str,
        raw: Option<Spanned<i64>>,
        least: u64,
        most: u64,
    ) -> Option<u64> {
        let raw = raw?;
        let number = u64::try_from(*raw.as_ref()).ok();
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let what = format!("{key} = {} is out of bounds", raw.as_ref());
            self.problem(&raw, what, format!("write a number from {least} to {most}"));
        }
        number
    }
}
