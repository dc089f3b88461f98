//! One stored folder, ready to answer a name in any case.
//!
//! Pure: made from a listing, never changed afterwards. Where several stored names fold
//! alike, the winner is the exact spelling, then the one that Windows would take for the
//! same name, then the smallest by bytes: what is chosen never depends on the order in
//! which a disk lists its entries. The losers can still be reached by their own spelling
//! and are kept for `check`.

use std::collections::HashMap;

use crate::name::{Asked, Folded, fold, same_for_windows};
use crate::source::{Entry, Hidden, Listing};

/// A folder's entries by folded name.
#[derive(Debug, Default)]
pub struct FoldedFolder {
    /// Each list sorted by bytes and never empty.
    names: HashMap<Folded, Vec<Entry>>,
    hidden: Vec<Hidden>,
}

impl FoldedFolder {
    /// Sorts a listing in.
    pub fn new(listing: Listing) -> Self {
        let mut names: HashMap<Folded, Vec<Entry>> = HashMap::new();
        for entry in listing.entries {
            // Nearly always one: `push` alone would make room for four in each of thousands.
            let alike = names.entry(fold(&entry.name));
            alike.or_insert_with(|| Vec::with_capacity(1)).push(entry);
        }
        for alike in names.values_mut() {
            alike.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        }
        Self {
            names,
            hidden: listing.hidden,
        }
    }

    /// The entry that answers to the name, by the order in the module's head.
    pub fn pick(&self, asked: &Asked) -> Option<&Entry> {
        let alike = self.names.get(&asked.folded)?;
        alike
            .iter()
            .find(|entry| entry.name == asked.spelled)
            .or_else(|| {
                let same = |entry: &&Entry| same_for_windows(&entry.name, &asked.spelled);
                alike.iter().find(same)
            })
            .or_else(|| alike.first())
    }

    /// Whether a link is in it. What a link leads to, and whether to anything, changes
    /// without a trace in this folder; so does what is hidden and may be a link.
    pub fn holds_links(&self) -> bool {
        let mut entries = self.names.values().flatten();
        !self.hidden.is_empty() || entries.any(|entry| entry.linked)
    }

    /// Whether something of that name is here that is not shown.
    pub fn hides(&self, asked: &Asked) -> bool {
        let mut hidden = self.hidden.iter();
        hidden.any(|hidden| fold(&hidden.name) == asked.folded)
    }

    /// Whether any entry answers to the name.
    pub fn shows(&self, folded: &Folded) -> bool {
        self.names.contains_key(folded)
    }

    /// All entries with their folded names, in no particular order.
    pub fn entries(&self) -> impl Iterator<Item = (&Folded, &Entry)> {
        self.names
            .iter()
            .flat_map(|(folded, alike)| alike.iter().map(move |entry| (folded, entry)))
    }

    /// The groups of stored names that fold alike, sorted.
    pub fn collisions(&self) -> Vec<&[Entry]> {
        let mut groups: Vec<_> = self
            .names
            .values()
            .map(Vec::as_slice)
            .filter(|alike| alike.len() > 1)
            .collect();
        groups.sort_unstable_by_key(|alike| alike.first().map(|entry| &entry.name));
        groups
    }

    /// What the source holds but does not show.
    pub fn hidden(&self) -> &[Hidden] {
        &self.hidden
    }
}
