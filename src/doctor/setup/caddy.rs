//! Caddy: its Caddyfile, line by line. What it was told in JSON, or through its own socket,
//! is not read.

use std::path::{Path, PathBuf};

use super::options::Grammar;
use super::reader::Reader;
use super::words::{Prefix, by, constant, words};
use super::{Root, Running, Setup};

const GRAMMAR: Grammar = Grammar {
    letters: "c:a:r:w",
    valued: &["adapter", "config", "envfile", "listen", "pidfile", "root"],
    names: &[('c', "config"), ('r', "root")],
};

/// How the address of the client is written.
const ADDRESSES: [&str; 2] = ["{remote_host}", "{http.request.remote.host}"];

/// What it is set up to do.
pub fn setup(running: &Running, reader: &Reader<'_>) -> Setup {
    let options = GRAMMAR.parse(&running.command);
    if options.rest.first().map(String::as_str) == Some("file-server") {
        let folder = running
            .folder
            .join(options.value("root").unwrap_or_default());
        return Setup {
            roots: vec![Root::plain(folder, None)],
            ..Setup::default()
        };
    }
    let file = options.value("config").unwrap_or("Caddyfile");
    if file.ends_with(".json") || options.has("resume") {
        reader.trouble("its configuration is JSON".to_owned());
        return Setup::default();
    }
    let mut walk = Walk {
        reader,
        roots: Vec::new(),
        rewrite: None,
    };
    walk.file(&running.folder.join(file));
    walk.setup()
}

struct Walk<'a> {
    reader: &'a Reader<'a>,
    roots: Vec<Root>,
    rewrite: Option<Prefix>,
}

impl Walk<'_> {
    fn file(&mut self, file: &Path) {
        let text = self.reader.text(file).unwrap_or_default();
        for line in text.lines() {
            let words = words(line);
            let words = words.iter().map(String::as_str);
            let words: Vec<&str> = words.take_while(|word| !word.starts_with('#')).collect();
            match words.as_slice() {
                ["root", _, folder] | ["root", folder] => self.roots.push(root(folder, file)),
                ["import", pattern, ..] if pattern.contains(['/', '*', '.']) => {
                    self.import(&file.with_file_name(pattern));
                }
                ["rewrite", "*", target] if target.contains("{remote_host}") => {
                    let why = "its rewrite is not understood";
                    self.rewrite = Some(Prefix::of(target, &ADDRESSES, true, why));
                }
                _ => {}
            }
        }
    }

    fn import(&mut self, pattern: &Path) {
        for file in self.reader.matching(pattern) {
            self.file(&file);
        }
    }

    fn setup(self) -> Setup {
        let roots = self.roots.into_iter();
        let roots = roots.map(|root| root.behind(self.rewrite));
        Setup {
            roots: roots.collect(),
            ..Setup::default()
        }
    }
}

fn root(value: &str, file: &Path) -> Root {
    let (folder, rest) = constant(value, '{');
    Root {
        by: by(rest, &ADDRESSES, '{'),
        file: Some(PathBuf::from(file)),
        ..Root::plain(folder, None)
    }
}
