//! Configuration files that are on no disk.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use winbootfs::doctor::setup::reader::{Files, Reader};
use winbootfs::doctor::setup::{self, By, Root, Running, Setup};
use winbootfs::servers::Server;

/// Files by their paths.
#[derive(Default)]
pub(crate) struct Disk(BTreeMap<PathBuf, Vec<u8>>);

impl Disk {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let files = files.iter();
        let files = files.map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
        Self(files.collect())
    }

    pub(crate) fn with(mut self, path: &str, bytes: &[u8]) -> Self {
        self.0.insert(path.into(), bytes.to_vec());
        self
    }
}

impl Files for Disk {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let bytes = self.0.get(file).cloned();
        bytes.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let in_it = self.0.keys().filter(|file| file.parent() == Some(folder));
        let names = in_it.map(|file| file.file_name().unwrap().to_str().unwrap().to_owned());
        match names.collect::<Vec<_>>() {
            names if names.is_empty() => Err(io::ErrorKind::NotFound.into()),
            names => Ok(names),
        }
    }
}

/// What a server is set up to do, and what of that was not understood.
pub(crate) fn set_up(command: &str, disk: &Disk) -> (Setup, Vec<String>) {
    let command: Vec<String> = command.split(' ').map(str::to_owned).collect();
    set_up_by(command, disk)
}

/// The same for a command line with blanks in its words.
pub(crate) fn set_up_by(command: Vec<String>, disk: &Disk) -> (Setup, Vec<String>) {
    let program = command[0].split(':').next().unwrap();
    let program = program.rsplit('/').next().unwrap().to_owned();
    let server = Server::of_program(&program).unwrap();
    let reader = Reader::new(disk);
    let running = Running {
        command,
        folder: "/".into(),
    };
    let setup = setup::of(server, &running, &reader);
    (setup, reader.into_parts().1)
}

/// Its folders, each with how names reach it, as `FOLDER BY`.
pub(crate) fn roots(setup: &Setup) -> Vec<String> {
    setup.roots.iter().map(shown).collect()
}

fn shown(root: &Root) -> String {
    let by = match &root.by {
        By::Nothing => "plain",
        By::Address => "address",
        By::Mac => "mac",
        By::Unknown(_) => "unknown",
    };
    format!("{} {by}", root.folder.display())
}
