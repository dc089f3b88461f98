//! nginx: blocks in braces, statements that end in `;`.
//!
//! A `root` holds for its block and all within that have none of their own. The command line
//! of the running master is a title, "nginx: master process /usr/sbin/nginx -c FILE", with
//! blanks between the words and no way to tell a blank in a name from another.

use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::str::Chars;

use super::options::Grammar;
use super::reader::Reader;
use super::words::{Event, Prefix, by, constant, takes_all};
use super::{By, Root, Running, Setup};

const GRAMMAR: Grammar = Grammar {
    letters: "p:e:c:g:s:hvVtTq",
    valued: &[],
    names: &[],
};

/// Where Debian and others keep it, and where it is when built by hand.
const USUAL: [&str; 3] = [
    "/etc/nginx/nginx.conf",
    "/usr/local/nginx/conf/nginx.conf",
    "/usr/local/etc/nginx/nginx.conf",
];

/// How the address of the client is written.
const ADDRESSES: [&str; 2] = ["$remote_addr", "${remote_addr}"];

/// Blocks in each other: nobody writes more.
const DEEPEST: usize = 32;

/// What it is set up to do.
pub fn setup(running: &Running, reader: &Reader<'_>) -> Setup {
    let options = GRAMMAR.parse(&command(&running.command));
    let prefix = options.value("p").map(PathBuf::from);
    let file = match options.value("c") {
        Some(file) => prefix.clone().unwrap_or_default().join(file),
        None => match reader.first(&USUAL) {
            Some(file) => file,
            None => return Setup::default(),
        },
    };
    let mut walk = Walk {
        reader,
        includes: file.parent().unwrap_or(Path::new("/")).to_owned(),
        prefix,
        block: Block::default(),
        outer: Vec::new(),
        left_out: 0,
        roots: Vec::new(),
    };
    walk.file(&file);
    Setup {
        roots: walk.roots,
        ..Setup::default()
    }
}

/// The words with which it was started.
fn command(running: &[String]) -> Vec<String> {
    let title = running.first().map(String::as_str).unwrap_or_default();
    match title.strip_prefix("nginx: master process ") {
        Some(started) => started.split_whitespace().map(str::to_owned).collect(),
        None => running.to_vec(),
    }
}

/// A block that is open.
#[derive(Default)]
struct Block {
    words: Vec<String>,
    root: Option<Root>,
    /// What the blocks within it serve.
    within: Vec<Root>,
    /// One of these is `location /`: the root of the block itself is never used.
    is_covered: bool,
    /// What a rewrite of all names puts in front of them.
    rewrite: Option<Prefix>,
}

impl Block {
    fn is(&self, words: &[&str]) -> bool {
        self.words.starts_with(
            &words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    /// All that it serves, with what it takes over from the block around it.
    fn serves(mut self, around: Option<&Root>) -> Vec<Root> {
        let root = self.root.take().or_else(|| around.cloned());
        let root = root.filter(|_| !self.is_covered);
        let within = std::mem::take(&mut self.within);
        let all = root.into_iter().chain(within);
        all.map(|root| root.behind(self.rewrite)).collect()
    }
}

struct Walk<'a> {
    reader: &'a Reader<'a>,
    /// Where relative files are included from.
    includes: PathBuf,
    /// Where relative roots begin; none where only the program itself knows.
    prefix: Option<PathBuf>,
    block: Block,
    /// The blocks around it.
    outer: Vec<Block>,
    /// How many blocks are open that lie too deep.
    left_out: usize,
    roots: Vec<Root>,
}

impl Walk<'_> {
    fn file(&mut self, file: &Path) {
        let text = self.reader.text(file).unwrap_or_default();
        for event in (Events {
            letters: text.chars().peekable(),
        }) {
            match event {
                Event::Line(words) => self.statement(&words, file),
                Event::Open(words) if self.outer.len() < DEEPEST => self.open(words),
                Event::Open(_) => self.left_out += 1,
                Event::Close if self.left_out > 0 => self.left_out -= 1,
                Event::Close => self.close(),
            }
        }
    }

    fn statement(&mut self, words: &[String], file: &Path) {
        let mut words = words.iter().map(String::as_str);
        let (name, first) = (words.next(), words.next().unwrap_or_default());
        match name {
            Some("include") => self.include(first),
            Some("root") => self.block.root = Some(self.root(first, file)),
            Some("alias") => {
                let root = self.root(first, file);
                self.block.within.push(root);
            }
            Some("rewrite") => self.rewrite(words.next().unwrap_or_default(), takes_all(first)),
            Some("try_files") => self.rewrite(first, true),
            _ => {}
        }
    }

    fn include(&mut self, pattern: &str) {
        for file in self.reader.matching(&self.includes.join(pattern)) {
            self.file(&file);
        }
    }

    fn root(&self, value: &str, file: &Path) -> Root {
        let (folder, rest) = constant(value, '$');
        let by = match (&self.prefix, folder.is_absolute()) {
            (None, false) => By::Unknown("its root is relative to where it was installed".into()),
            _ => by(rest, &ADDRESSES, '$'),
        };
        let prefix = self.prefix.clone().unwrap_or_default();
        Root {
            folder: prefix.join(folder),
            by,
            file: Some(file.to_owned()),
        }
    }

    fn rewrite(&mut self, target: &str, is_for_all: bool) {
        if !ADDRESSES.iter().any(|address| target.contains(address)) {
            return;
        }
        let why = "its rewrite is not understood";
        self.block.rewrite = Some(Prefix::of(target, &ADDRESSES, is_for_all, why));
    }

    fn open(&mut self, words: Vec<String>) {
        let block = Block {
            words,
            ..Block::default()
        };
        self.outer.push(std::mem::replace(&mut self.block, block));
    }

    fn close(&mut self) {
        let Some(outer) = self.outer.pop() else {
            return;
        };
        let mut done = std::mem::replace(&mut self.block, outer);
        match done.is(&["server"]) {
            true => self.roots.extend(done.serves(self.block.root.as_ref())),
            false => {
                if done.is(&["location", "/"]) {
                    self.block.is_covered |= done.root.is_some();
                    self.block.rewrite = done.rewrite.or(self.block.rewrite);
                }
                done.is_covered = false;
                self.block.within.extend(done.serves(None));
            }
        }
    }
}

struct Events<'a> {
    letters: Peekable<Chars<'a>>,
}

impl Events<'_> {
    /// A word that does not begin with a quote. `${name}` in it is no block.
    fn plain(&mut self) -> String {
        let mut word = String::new();
        while let Some(letter) = self.letters.peek().copied() {
            match letter {
                '{' if word.ends_with('$') => {
                    let name = self.letters.by_ref().take_while(|letter| *letter != '}');
                    word.extend(name);
                    word.push('}');
                    continue;
                }
                ';' | '{' | '}' => break,
                letter if letter.is_whitespace() => break,
                _ => word.push(letter),
            }
            self.letters.next();
        }
        word
    }

    fn quoted(&mut self, quote: char) -> String {
        let mut word = String::new();
        while let Some(letter) = self.letters.next().filter(|letter| *letter != quote) {
            match letter {
                '\\' => word.extend(self.letters.next()),
                _ => word.push(letter),
            }
        }
        word
    }
}

impl Iterator for Events<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let mut words = Vec::new();
        loop {
            let letter = self.letters.peek().copied()?;
            if !matches!(letter, ';' | '{' | '}' | '#' | '"' | '\'') && !letter.is_whitespace() {
                words.push(self.plain());
                continue;
            }
            self.letters.next();
            match letter {
                ';' => return Some(Event::Line(words)),
                '{' => return Some(Event::Open(words)),
                '}' => return Some(Event::Close),
                '#' => self
                    .letters
                    .by_ref()
                    .take_while(|letter| *letter != '\n')
                    .for_each(drop),
                '"' | '\'' => words.push(self.quoted(letter)),
                _ => {}
            }
        }
    }
}
