//! Apache: lines, and sections in `<...>`.
//!
//! The rules of the main server do not hold in a virtual host, and where there is a virtual
//! host the main server is asked for nothing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::options::Grammar;
use super::reader::Reader;
use super::words::{Prefix, by, constant, takes_all, words};
use super::{By, Root, Running, Setup};

const GRAMMAR: Grammar = Grammar {
    letters: "D:d:f:C:c:k:e:E:vVhlLtTSMX",
    valued: &[],
    names: &[],
};

/// Where it is on Debian, on Fedora, and on Alpine.
const USUAL: [&str; 3] = [
    "/etc/apache2/apache2.conf",
    "/etc/httpd/conf/httpd.conf",
    "/etc/apache2/httpd.conf",
];

/// How the address of the client is written.
const ADDRESSES: [&str; 1] = ["%{REMOTE_ADDR}"];

/// The longest word after everything in it was replaced.
const LONGEST_WORD: usize = 4096;

/// What it is set up to do.
pub fn setup(running: &Running, reader: &Reader<'_>) -> Setup {
    let options = GRAMMAR.parse(&running.command);
    let Some(file) = named(options.value("f")).or_else(|| reader.first(&USUAL)) else {
        return Setup::default();
    };
    let server_root = named(options.value("d")).unwrap_or_else(|| match file.parent() {
        Some(folder) if folder.ends_with("conf") => folder.join(".."),
        folder => folder.unwrap_or(Path::new("/")).to_owned(),
    });
    let mut walk = Walk::new(reader, server_root);
    let defined = options
        .values("D")
        .map(|name| (name.to_owned(), String::new()));
    walk.defined.extend(defined);
    walk.file(&file);
    Setup {
        roots: walk.roots(),
        ..Setup::default()
    }
}

fn named(value: Option<&str>) -> Option<PathBuf> {
    value.map(PathBuf::from)
}

/// The main server, or a virtual host.
#[derive(Default, Clone)]
struct Host {
    root: Option<Root>,
    others: Vec<Root>,
    rewrites: bool,
    /// What the first rule that names the client makes of a name.
    rule: Option<Rule>,
    /// A condition stands before the next rule.
    conditional: bool,
}

#[derive(Clone)]
struct Rule {
    target: String,
    is_for_all: bool,
}

impl Host {
    /// The first rule that names the client counts; a condition holds for one rule.
    fn rewrite(&mut self, target: String, is_for_all: bool) {
        let is_for_all = is_for_all && !std::mem::take(&mut self.conditional);
        let names_client = ADDRESSES.iter().any(|address| target.contains(address));
        if names_client && self.rule.is_none() {
            self.rule = Some(Rule { target, is_for_all });
        }
    }

    fn serves(self, main: Option<&Root>) -> Vec<Root> {
        let root = self.root.or_else(|| main.cloned());
        let rule = self.rule.filter(|_| self.rewrites);
        let root = root.map(|root| match rule {
            Some(rule) => rule.put_behind(root),
            None => root,
        });
        root.into_iter().chain(self.others).collect()
    }
}

impl Rule {
    /// What it makes of a name is a path below the root, or one of the disk.
    fn put_behind(self, root: Root) -> Root {
        let why = "its RewriteRule is not understood";
        let prefix = Prefix::of(&self.target, &ADDRESSES, self.is_for_all, why);
        if !self.is_for_all || prefix != Prefix::Unknown(why) {
            return root.behind(Some(prefix));
        }
        let (folder, rest) = constant(&self.target, '%');
        Root {
            folder,
            by: by(rest.trim_end_matches("/$1"), &ADDRESSES, '%'),
            ..root
        }
    }
}

struct Walk<'a> {
    reader: &'a Reader<'a>,
    server_root: PathBuf,
    defined: HashMap<String, String>,
    main: Host,
    hosts: Vec<Host>,
    in_host: bool,
    /// How many sections are open whose rules hold for a part of the names.
    parts: usize,
    /// How many are open that do not count, or lie in one that does not.
    left_out: usize,
}

impl<'a> Walk<'a> {
    fn new(reader: &'a Reader<'a>, server_root: PathBuf) -> Self {
        Self {
            reader,
            server_root,
            defined: HashMap::new(),
            main: Host::default(),
            hosts: Vec::new(),
            in_host: false,
            parts: 0,
            left_out: 0,
        }
    }

    fn roots(self) -> Vec<Root> {
        let main = self.main.root.clone();
        match self.hosts.is_empty() {
            true => self.main.serves(None),
            false => {
                let hosts = self.hosts.into_iter();
                hosts.flat_map(|host| host.serves(main.as_ref())).collect()
            }
        }
    }

    fn file(&mut self, file: &Path) {
        let text = self.reader.text(file).unwrap_or_default();
        let mut whole = String::new();
        for line in text.lines() {
            match line.strip_suffix('\\') {
                // A line goes on behind a backslash.
                Some(begun) => whole.push_str(begun),
                None => {
                    whole.push_str(line);
                    self.line(&std::mem::take(&mut whole), file);
                }
            }
        }
    }

    fn line(&mut self, line: &str, file: &Path) {
        let line = line.trim();
        if let Some(section) = line.strip_prefix("</") {
            self.close(section.trim_end_matches('>').trim());
        } else if let Some(section) = line.strip_prefix('<') {
            self.open(&words(section.trim_end_matches('>')));
        } else if self.left_out == 0 && !line.starts_with('#') {
            self.directive(&words(line), file);
        }
    }

    fn open(&mut self, words: &[String]) {
        let mut words = words.iter().map(String::as_str);
        let name = words.next().unwrap_or_default().to_ascii_lowercase();
        let argument = words.next().unwrap_or_default();
        match name.as_str() {
            _ if self.left_out > 0 => self.left_out += 1,
            "ifmodule" | "ifdefine" if !self.holds(&name, argument) => self.left_out += 1,
            "ifmodule" | "ifdefine" | "ifversion" => {}
            "virtualhost" => {
                self.in_host = true;
                self.hosts.push(Host::default());
            }
            _ => self.parts += 1,
        }
    }

    /// A module that is asked for is taken to be there: which ones are is in other files.
    fn holds(&self, name: &str, argument: &str) -> bool {
        match (name, argument.strip_prefix('!')) {
            ("ifmodule", absent) => absent.is_none(),
            (_, Some(absent)) => !self.defined.contains_key(absent),
            (_, None) => self.defined.contains_key(argument),
        }
    }

    fn close(&mut self, name: &str) {
        match name.to_ascii_lowercase().as_str() {
            _ if self.left_out > 0 => self.left_out -= 1,
            "ifmodule" | "ifdefine" | "ifversion" => {}
            "virtualhost" => self.in_host = false,
            _ => self.parts = self.parts.saturating_sub(1),
        }
    }

    fn directive(&mut self, words: &[String], file: &Path) {
        let mut words = words.iter().map(|word| self.replaced(word));
        let name = words.next().unwrap_or_default().to_ascii_lowercase();
        let (first, second) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        match name.as_str() {
            "include" | "includeoptional" => self.include(&first),
            "define" => {
                self.defined.insert(first, second);
            }
            "serverroot" => self.server_root = first.into(),
            _ => self.setting(&name, &first, second, file),
        }
    }

    fn setting(&mut self, name: &str, first: &str, second: String, file: &Path) {
        let is_for_all = self.parts == 0 && takes_all(first);
        let root = match name {
            "documentroot" => Some(self.root(first, file)),
            "alias" => Some(self.root(&second, file)),
            _ => None,
        };
        let host = match self.hosts.last_mut() {
            Some(host) if self.in_host => host,
            _ => &mut self.main,
        };
        match name {
            "documentroot" => host.root = root,
            "alias" => host.others.extend(root),
            "rewriteengine" if self.parts == 0 => {
                host.rewrites = first.eq_ignore_ascii_case("on");
            }
            "rewritecond" => host.conditional = true,
            "rewriterule" => host.rewrite(second, is_for_all),
            _ => {}
        }
    }

    fn root(&self, folder: &str, file: &Path) -> Root {
        let root = Root::plain(self.server_root.join(folder), Some(file));
        match folder.contains("${") {
            true => Root {
                by: By::Unknown(format!("what {folder:?} means stands in its environment")),
                ..root
            },
            false => root,
        }
    }

    fn include(&mut self, pattern: &str) {
        for file in self.reader.matching(&self.server_root.join(pattern)) {
            // An include may name a folder: all that is in it is meant. Nobody does any more.
            self.file(&file);
        }
    }

    /// `${NAME}` is what `Define` said; what the environment says is not known. Each may
    /// double the one before, so there is an end to it.
    fn replaced(&self, word: &str) -> String {
        let mut whole = String::new();
        let mut rest = word;
        while let Some((before, behind)) =
            rest.split_once("${").filter(|_| whole.len() < LONGEST_WORD)
        {
            let Some((name, after)) = behind.split_once('}') else {
                break;
            };
            whole.push_str(before);
            match self.defined.get(name) {
                Some(value) => whole.push_str(value),
                None => whole.extend(["${", name, "}"]),
            }
            rest = after;
        }
        whole + rest
    }
}
