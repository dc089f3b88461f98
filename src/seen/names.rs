//! The files of an image by their last names, to find the one that is meant.

use std::collections::{HashMap, VecDeque};

use crate::name::{Folded, fold};
use crate::tree::{FilePlace, Place, Walker};

/// Where the search for a file ends: no image has so many names.
const MOST_NAMES: usize = 100_000;

/// What lies below a root and is no folder; of one last name what is nearest to the root
/// comes first.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Folded, Vec<Named>>);

#[derive(Debug)]
struct Named {
    folder: Place,
    name: Box<[u8]>,
    /// As stores have it.
    path: String,
}

impl Names {
    /// Lists folder by folder and looks at no file: a store would be made for each look. Our
    /// own folders lead to other images.
    pub(super) fn below(walker: &Walker<'_>, root: &Place) -> Self {
        let mut names = Self::default();
        let mut folders = VecDeque::from([(root.clone(), String::new())]);
        let mut seen = 0;
        while let Some((folder, way)) = folders.pop_front() {
            for entry in walker.list(&folder).unwrap_or_default() {
                let path = format!("{way}\\{}", String::from_utf8_lossy(&entry.name));
                seen += 1;
                if !entry.is_folder {
                    names.add(&folder, entry.name, path);
                } else if seen < MOST_NAMES
                    && let Ok((place @ Place::Folder(..), _)) =
                        walker.walk(&folder, &[&entry.name]).found
                {
                    folders.push_back((place, path));
                }
            }
        }
        names
    }

    fn add(&mut self, folder: &Place, name: Box<[u8]>, path: String) {
        let alike = self.0.entry(fold(&name)).or_default();
        let folder = folder.clone();
        alike.push(Named { folder, name, path });
    }

    /// The path of the first file with this last name that is there by itself, no alias.
    pub(super) fn nearest(&self, walker: &Walker<'_>, last: &Folded) -> Option<String> {
        let mut alike = self.0.get(last)?.iter();
        let nearest = alike.find(|named| named.file(walker).is_some());
        nearest.map(|named| named.path.clone())
    }

    /// All files with such a last name that are there by themselves, what is nearest to the
    /// root first.
    pub(super) fn all(
        &self,
        walker: &Walker<'_>,
        is_meant: impl Fn(&Folded) -> bool,
    ) -> Vec<(String, FilePlace)> {
        let meant = self.0.iter().filter(|(name, _)| is_meant(name));
        let meant = meant.flat_map(|(_, alike)| alike);
        let found = meant.filter_map(|named| Some((named.path.clone(), named.file(walker)?)));
        let mut found: Vec<(String, FilePlace)> = found.collect();
        found.sort_by_cached_key(|(path, _)| (path.matches('\\').count(), path.clone()));
        found
    }
}

impl Named {
    fn file(&self, walker: &Walker<'_>) -> Option<FilePlace> {
        match walker.walk(&self.folder, &[&self.name]).found {
            Ok((Place::File(file), _)) => Some(file).filter(|file| !file.aliased),
            _ => None,
        }
    }
}
