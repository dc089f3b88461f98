//! What leads where in a store: from the boot manager to its entries, and from an object to
//! those whose elements it has too.

use super::{Element, ElementId, Guid, Store};

/// What a boot manager can start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Menu {
    /// What it starts by itself.
    pub(super) first: Option<Guid>,
    /// Everything else that its menu shows, each once.
    pub(super) others: Vec<Guid>,
    /// What it names without there being such an object.
    pub(super) nowhere: Vec<Guid>,
}

impl Menu {
    /// All entries, what is started by itself before the others.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Guid> {
        self.first.iter().chain(&self.others)
    }
}

impl Store {
    /// An element that an object has, by itself or from those it inherits from. Its own
    /// comes first.
    pub fn said(&self, object: &Guid, id: ElementId) -> Option<&Element> {
        let family = self.family(object);
        family.iter().find_map(|member| self.element(member, id))
    }

    /// An object and all from which it inherits, the nearest first; each once, for a store
    /// may have them in a circle.
    pub(super) fn family(&self, object: &Guid) -> Vec<Guid> {
        let mut family = vec![*object];
        let mut next = 0;
        while let Some(member) = family.get(next) {
            let parents = self.element(member, ElementId::INHERIT);
            let parents = parents.and_then(Element::as_objects).unwrap_or_default();
            for parent in parents {
                if !family.contains(&parent) && self.objects.contains_key(&parent) {
                    family.push(parent);
                }
            }
            next += 1;
        }
        family
    }

    /// How many entries its menu has; one alone is started unasked.
    pub fn entries(&self) -> usize {
        self.menu().entries().count()
    }

    /// What the boot manager can start. What it starts by itself is the default, and the
    /// first of the menu where there is none.
    pub(super) fn menu(&self) -> Menu {
        let manager = |id| self.said(&Guid::BOOT_MANAGER, id);
        let default = manager(ElementId::DEFAULT).and_then(Element::as_object);
        let shown = manager(ElementId::DISPLAY_ORDER).and_then(Element::as_objects);
        let named = default.into_iter().chain(shown.unwrap_or_default());
        let mut menu = Menu::default();
        for id in named {
            let is_known = menu
                .entries()
                .chain(&menu.nowhere)
                .any(|known| *known == id);
            match self.objects.contains_key(&id) {
                _ if is_known => {}
                false => menu.nowhere.push(id),
                true if menu.first.is_none() => menu.first = Some(id),
                true => menu.others.push(id),
            }
        }
        menu
    }
}
