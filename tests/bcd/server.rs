//! A server that exists only as a list of names, and the plan that suits it.

use std::collections::BTreeMap;

use winbootfs::bcd::{
    DESCRIPTION, Element, ElementId, Entry, Files, Guid, Plan, Store, Tftp, Wim, make,
};
use winbootfs::program::Firmware;

/// The only loader of a store that is made with one entry.
pub(crate) const LOADER: Guid = Guid::of_digits(0x2b9f1f6e_0c1d_4f5e_9a57_6d1f0a3c7e11);

/// A store like `minimal-*.bcd`.
pub(crate) fn plan(firmware: Firmware) -> Plan {
    Plan {
        firmware,
        program: (firmware == Firmware::Uefi).then(|| "\\bootmgfw.efi".to_owned()),
        sdi: "\\boot\\boot.sdi".to_owned(),
        entries: vec![entry("\\sources\\boot.wim", DESCRIPTION)],
        timeout: 0,
        tftp: Tftp::default(),
    }
}

pub(crate) fn entry(wim: &str, description: &str) -> Entry {
    Entry {
        wim: wim.to_owned(),
        description: description.to_owned(),
    }
}

/// A store of which nothing can be said.
pub(crate) fn good(firmware: Firmware) -> Store {
    let tftp = Tftp {
        block_size: Some(1456),
        window_size: Some(16),
    };
    make(&Plan {
        tftp,
        ..plan(firmware)
    })
}

/// Changes to a store, one element at a time.
pub(crate) trait Change: Sized {
    fn set(self, object: Guid, id: ElementId, element: Element) -> Self;
    fn unset(self, object: Guid, id: ElementId) -> Self;
}

impl Change for Store {
    #[track_caller]
    fn set(mut self, object: Guid, id: ElementId, element: Element) -> Self {
        let object = self.objects.get_mut(&object).unwrap();
        object.elements.insert(id, element);
        self
    }

    #[track_caller]
    fn unset(mut self, object: Guid, id: ElementId) -> Self {
        let object = self.objects.get_mut(&object).unwrap();
        object.elements.remove(&id).unwrap();
        self
    }
}

/// Files, each with its length.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    files: BTreeMap<String, u64>,
    wim: Wim,
    inside: Option<Vec<&'static str>>,
}

impl Server {
    /// One that has all that a boot needs.
    pub(crate) fn new() -> Self {
        let files = [
            "\\bootmgfw.efi",
            "\\bootmgr.exe",
            "\\boot\\boot.sdi",
            "\\sources\\boot.wim",
        ];
        let files = files.into_iter();
        Self {
            files: files.map(|path| (path.to_owned(), 1000)).collect(),
            wim: Wim::Bootable,
            inside: Some(vec![
                "\\windows\\system32\\boot\\winload.exe",
                "\\windows\\system32\\boot\\winload.efi",
            ]),
        }
    }

    pub(crate) fn with(mut self, path: &str, size: u64) -> Self {
        self.files.insert(path.to_ascii_lowercase(), size);
        self
    }

    #[track_caller]
    pub(crate) fn without(mut self, path: &str) -> Self {
        self.files.remove(path).unwrap();
        self
    }

    /// Its boot images are of this kind.
    pub(crate) fn wims(self, wim: Wim) -> Self {
        Self { wim, ..self }
    }

    /// In its boot images are these files; nobody can tell if there is no list.
    pub(crate) fn holding(self, inside: Option<&[&'static str]>) -> Self {
        let inside = inside.map(<[_]>::to_vec);
        Self { inside, ..self }
    }
}

/// As winbootfs finds names: in any case, with any separator.
fn folded(path: &str) -> String {
    let path = path.replace('/', "\\").to_ascii_lowercase();
    format!("\\{}", path.trim_start_matches('\\'))
}

fn last(path: &str) -> &str {
    path.rsplit('\\').next().unwrap()
}

impl Files for Server {
    fn size(&self, path: &str) -> Option<u64> {
        self.files.get(&folded(path)).copied()
    }

    fn nearest(&self, path: &str) -> Option<String> {
        let path = folded(path);
        let mut files = self.files.keys();
        files.find(|file| last(file) == last(&path)).cloned()
    }

    fn wim(&self, path: &str) -> Wim {
        assert!(self.is_file(path), "{path} is no file");
        self.wim.clone()
    }

    fn holds(&self, wim: &str, path: &str) -> Option<bool> {
        let inside = self.inside.as_ref().filter(|_| self.is_file(wim))?;
        Some(inside.contains(&path.to_ascii_lowercase().as_str()))
    }
}
