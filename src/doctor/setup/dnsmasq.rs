//! dnsmasq: options on the command line, and the same ones without dashes in files.
//!
//! Its files are read once, when it starts. They are read after the command line, and what
//! is read last counts.

use std::path::{Path, PathBuf};

use super::options::Grammar;
use super::reader::Reader;
use super::{By, Flaw, Root, Running, Setup};

const GRAMMAR: Grammar = Grammar {
    letters: "951yZDNLERKzowefnbvhdkqr:m:p:c:l:s:i:t:u:g:a:x:S:C:A:T:H:Q:I:B:F:G:O:M:X:V:U:j:P:J:W:\
              Y:2:4:6:7:8:0:3",
    valued: &[
        "conf-dir",
        "conf-file",
        "conf-script",
        "group",
        "pid-file",
        "tftp-root",
        "user",
    ],
    names: &[('C', "conf-file"), ('7', "conf-dir")],
};

/// What is read where no other file is named.
const USUAL: &str = "/etc/dnsmasq.conf";

/// What it is set up to do.
pub fn setup(running: &Running, reader: &Reader<'_>) -> Setup {
    let options = GRAMMAR.parse(&running.command);
    let mut said = Said::new(&running.folder);
    for (name, value) in options.given().filter(|(name, _)| *name != "conf-file") {
        said.option(name, value, None, reader);
    }
    match options.value("conf-file") {
        Some(file) => said.named(file, reader),
        // Without that file nothing is set, which is nothing wrong.
        None if reader.is_there(Path::new(USUAL)) => said.file(Path::new(USUAL), reader),
        None => {}
    }
    said.setup(reader)
}

/// What was said so far.
#[derive(Default)]
struct Said {
    /// Where what is named relatively begins. It went to `/` when it was in order, and so most
    /// such files are not there: the folder in which it was started is not known any more.
    begin: PathBuf,
    enabled: bool,
    root: Option<Root>,
    /// Roots for single interfaces.
    others: Vec<Root>,
    unique: Option<By>,
    secure: bool,
}

impl Said {
    fn new(begin: &Path) -> Self {
        Self {
            begin: begin.to_owned(),
            ..Self::default()
        }
    }

    fn named(&mut self, file: &str, reader: &Reader<'_>) {
        self.file(&self.begin.join(file), reader);
    }

    fn file(&mut self, file: &Path, reader: &Reader<'_>) {
        let text = reader.text(file).unwrap_or_default();
        for line in text.lines() {
            let (name, value) = option(line);
            self.option(&name, &value, Some(file), reader);
        }
    }

    fn option(&mut self, name: &str, value: &str, file: Option<&Path>, reader: &Reader<'_>) {
        match name {
            "enable-tftp" => self.enabled = true,
            "tftp-secure" => self.secure = true,
            "tftp-root" => self.add_root(value, file),
            "tftp-unique-root" if value.eq_ignore_ascii_case("mac") => self.unique = Some(By::Mac),
            "tftp-unique-root" => self.unique = Some(By::Address),
            "conf-file" => self.named(value, reader),
            "conf-dir" => self.folder(value, reader),
            "conf-script" => reader.trouble("a part of it is printed by a conf-script".to_owned()),
            _ => {}
        }
    }

    /// `FOLDER` for all, or `FOLDER,INTERFACE`.
    fn add_root(&mut self, value: &str, file: Option<&Path>) {
        match value.split_once(',') {
            Some((folder, _)) => self.others.push(Root::plain(folder, file)),
            None => self.root = Some(Root::plain(value, file)),
        }
    }

    /// `FOLDER,ENDING,...`: an ending to leave out, or with a star before it the only ones
    /// to read.
    fn folder(&mut self, value: &str, reader: &Reader<'_>) {
        let mut parts = value.split(',').map(str::trim);
        let folder = Path::new(parts.next().unwrap_or_default());
        let (only, not): (Vec<&str>, Vec<&str>) = parts
            .filter(|ending| !ending.is_empty())
            .partition(|ending| ending.starts_with('*'));
        let has = |name: &str, ending: &str| name.len() > ending.len() && name.ends_with(ending);
        for name in reader.names(folder) {
            let ends_so = |ending: &&str| has(&name, ending.trim_start_matches('*'));
            let is_meant = only.is_empty() || only.iter().any(ends_so);
            if is_meant && !not.iter().any(ends_so) && !is_backup(&name) {
                self.file(&folder.join(&name), reader);
            }
        }
    }

    fn setup(self, reader: &Reader<'_>) -> Setup {
        match self.enabled {
            true => {}
            // What could not be read may switch it on.
            false if reader.has_troubles() => return Setup::default(),
            false => return Setup::off("its TFTP is not switched on"),
        }
        // Only a root gets an address behind it: without one, names are paths of the disk.
        let no_root = self.root.is_none() && self.others.is_empty() && self.unique.is_some();
        let flaws = [
            self.secure.then_some(Flaw::OwnFilesOnly),
            no_root.then_some(Flaw::NoRoot),
        ];
        let by = match (self.unique, no_root) {
            (Some(by), false) => by,
            _ => By::Nothing,
        };
        let root = self.root.unwrap_or_else(|| Root::plain("/", None));
        let roots = self.others.into_iter().chain([root]);
        let roots = roots.map(|root| Root {
            by: by.clone(),
            ..root
        });
        Setup {
            roots: roots.collect(),
            off: None,
            stands: false,
            flaws: flaws.into_iter().flatten().collect(),
        }
    }
}

/// What editors leave behind is never read.
fn is_backup(name: &str) -> bool {
    name.ends_with('~') || name.starts_with('.') || (name.starts_with('#') && name.ends_with('#'))
}

/// `name`, or `name=value`; a `#` at the beginning or behind a blank begins a comment.
fn option(line: &str) -> (String, String) {
    let line = line.trim();
    let mut before = ' ';
    let comment = line.char_indices().find(|(_, letter)| {
        let begins = *letter == '#' && before.is_whitespace();
        before = *letter;
        begins
    });
    let line = comment.and_then(|(at, _)| line.get(..at)).unwrap_or(line);
    let (name, value) = line.split_once('=').unwrap_or((line, ""));
    let value = value.trim().trim_matches('"');
    (name.trim().to_owned(), value.to_owned())
}
