//! The names boot programs expect, wherever an image really keeps the files.
//!
//! [`BUILT_IN`] is the one table; each line says why it is there. It comes from what real
//! boot programs were seen to ask for (`tests/traces/`). Pure: which of the targets
//! exists is for [`crate::image`] to find out, each time it is asked, so an alias appears
//! and vanishes with its file.
//!
//! Never in this table: a name whose absence means something. `hiberfil.sys` would be
//! resumed from, `boot.ini` starts an old loader, a policy (`*.p7b`) locks the machine,
//! and `EFI/Microsoft/Recovery/BCD` is read before the right store.

use std::collections::HashMap;

use crate::config::{AliasSpec, SecureBoot};
use crate::name::{Asked, Folded, parts};
use crate::wim::Architecture;

mod table;

pub use table::{BOOT_MANAGER, BUILT_IN, Rule};

/// All aliases of an image, as a tree of names.
#[derive(Debug)]
pub struct Aliases {
    root: Alias,
    boot_programs: Vec<Asked>,
}

/// Where in an image a name may really be.
#[derive(Debug)]
pub struct Target {
    path: Vec<Asked>,
    machine: Option<Architecture>,
}

/// A name that may exist besides the stored ones.
#[derive(Debug, Default)]
pub struct Alias {
    name: Box<[u8]>,
    targets: Vec<Target>,
    below: HashMap<Folded, Alias>,
}

impl Aliases {
    /// No aliases at all: the base.
    pub fn none() -> Self {
        Self {
            root: Alias::default(),
            boot_programs: Vec::new(),
        }
    }

    /// The built-in aliases with those of an image added and taken away. UEFI boot
    /// programs are those with the signature that is asked for.
    pub fn new<'a>(own: impl Iterator<Item = &'a AliasSpec>, secure_boot: SecureBoot) -> Self {
        let mut root = Alias::default();
        for rule in BUILT_IN {
            for (name, targets) in rule.aliases() {
                let targets = match secure_boot {
                    SecureBoot::Ca2011 => targets,
                    SecureBoot::Ca2023 => signed_2023(targets),
                };
                let targets = targets.iter().map(|target| Target::built_in(target));
                root.insert(&path(&name)).targets.extend(targets);
            }
        }
        for spec in own {
            let alias = root.insert(&path(&spec.name));
            alias.targets = spec.target.iter().map(|path| Target::at(path)).collect();
        }
        let boot_programs = table::BOOT_PROGRAMS.iter();
        Self {
            root,
            boot_programs: boot_programs
                .map(|name| Asked::new(name.as_bytes()))
                .collect(),
        }
    }

    /// The aliases below a way, if there are any.
    pub fn at(&self, way: &[Folded]) -> Option<&Alias> {
        way.iter()
            .try_fold(&self.root, |alias, part| alias.get(part))
    }

    /// The alias of the boot manager at the root, if that is what is asked for.
    pub fn boot_manager(&self, asked: &Folded) -> Option<&Alias> {
        let alias = self.root.get(asked)?;
        (*alias.name == *BOOT_MANAGER.as_bytes()).then_some(alias)
    }

    /// The programs beside which the boot manager is looked for.
    pub fn boot_programs(&self) -> &[Asked] {
        &self.boot_programs
    }
}

impl Target {
    fn at(text: &str) -> Self {
        Self {
            path: path(text),
            machine: None,
        }
    }

    fn built_in(text: &str) -> Self {
        let (place, machine) = table::place_and_machine(text);
        Self {
            machine,
            ..Self::at(place)
        }
    }

    /// The path in the image.
    pub fn path(&self) -> &[Asked] {
        &self.path
    }

    /// Whether it may be in a source whose programs are for this machine. Where a source does
    /// not say, they are for x64, as nearly all are.
    pub fn may_be_of(&self, machine: impl FnOnce() -> Option<Architecture>) -> bool {
        let is = |wanted| machine().unwrap_or(Architecture::Amd64) == wanted;
        self.machine.is_none_or(is)
    }
}

impl Alias {
    /// The name as it is listed.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Where in the image it may be, best first; empty for a mere part of a way.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The alias of that name in this folder.
    pub fn get(&self, part: &Folded) -> Option<&Self> {
        self.below.get(part)
    }

    /// All aliases in this folder.
    pub fn below(&self) -> impl Iterator<Item = &Self> {
        self.below.values()
    }

    fn insert(&mut self, path: &[Asked]) -> &mut Self {
        path.iter().fold(self, |alias, part| {
            let below = alias.below.entry(part.folded.clone()).or_default();
            if below.name.is_empty() {
                below.name = part.spelled.clone();
            }
            below
        })
    }
}

/// Whoever asks for the other signature has machines that refuse all but this one: a program
/// that there is in both ways answers in no other. A font is only better than none.
fn signed_2023(targets: Vec<String>) -> Vec<String> {
    let signed: Vec<String> = targets
        .iter()
        .filter_map(|path| table::signed_2023(path))
        .collect();
    match signed.iter().any(|path| path.contains(".efi")) {
        true => signed,
        false => signed.into_iter().chain(targets).collect(),
    }
}

fn path(text: &str) -> Vec<Asked> {
    // The table is tested, and a configuration was checked: an error cannot get here.
    let parts = parts(text.as_bytes()).unwrap_or_default();
    parts.into_iter().map(Asked::new).collect()
}
