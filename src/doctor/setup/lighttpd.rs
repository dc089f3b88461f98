//! lighttpd: assignments, and conditions that are blocks.
//!
//! An end of line ends a statement, unless a parenthesis is open.

use std::collections::HashMap;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::str::Chars;

use super::options::Grammar;
use super::reader::Reader;
use super::words::{Prefix, takes_all};
use super::{By, Flaw, Root, Running, Setup};

const GRAMMAR: Grammar = Grammar {
    letters: "f:m:i:1ptDvVh",
    valued: &[],
    names: &[],
};

const USUAL: &str = "/etc/lighttpd/lighttpd.conf";

/// What Debian's own configuration prints with its scripts: ports and types of files.
const HARMLESS: &str = "/usr/share/lighttpd/";

/// What the condition around a rewrite found: the whole address, if its pattern is the whole.
const ADDRESSES: [&str; 2] = ["%1", "%0"];

/// The longest text after everything in it was put together.
const LONGEST_TEXT: usize = 4096;

/// What it is set up to do.
pub fn setup(running: &Running, reader: &Reader<'_>) -> Setup {
    let options = GRAMMAR.parse(&running.command);
    let file = running.folder.join(options.value("f").unwrap_or(USUAL));
    let mut walk = Walk {
        reader,
        folder: file.parent().unwrap_or(Path::new("/")).to_owned(),
        conditions: Vec::new(),
        said: HashMap::new(),
        roots: Vec::new(),
        rewrite: None,
        can_rewrite: false,
        by_condition: false,
        forgets: false,
    };
    walk.file(&file);
    walk.setup()
}

struct Walk<'a> {
    reader: &'a Reader<'a>,
    /// Where relative files are included from.
    folder: PathBuf,
    /// The conditions that are open.
    conditions: Vec<Condition>,
    said: HashMap<String, String>,
    roots: Vec<Root>,
    /// What a rewrite of all names puts in front of them.
    rewrite: Option<Prefix>,
    can_rewrite: bool,
    /// Some addresses have another root.
    by_condition: bool,
    forgets: bool,
}

/// What a block is for.
#[derive(Clone, Copy, PartialEq)]
enum Condition {
    /// All clients, with the address as what was found.
    AnyAddress,
    SomeAddress,
    Other,
}

impl Walk<'_> {
    fn file(&mut self, file: &Path) {
        let text = self.reader.text(file).unwrap_or_default();
        for statement in (Statements {
            letters: text.chars().peekable(),
            closes: false,
        }) {
            match statement {
                Statement::Line(tokens) => self.line(&tokens, file),
                Statement::Open(tokens) => self.conditions.push(condition(&tokens)),
                Statement::Close => {
                    self.conditions.pop();
                }
            }
        }
    }

    fn line(&mut self, tokens: &[Token], file: &Path) {
        match tokens {
            [Token::Word(word), rest @ ..] if word == "include" => self.include(rest),
            [Token::Word(word), rest @ ..] if word == "include_shell" => {
                let script = self.text(rest).unwrap_or_default();
                if !script.starts_with(HARMLESS) {
                    self.reader
                        .trouble(format!("a part of it is printed by {script:?}"));
                }
            }
            [Token::Word(key), Token::Sign(sign), value @ ..] if sign.ends_with('=') => {
                self.assign(key, value, file);
            }
            _ => {}
        }
    }

    fn include(&mut self, value: &[Token]) {
        let pattern = self.text(value).unwrap_or_default();
        for file in self.reader.matching(&self.folder.join(pattern)) {
            self.file(&file);
        }
    }

    fn assign(&mut self, key: &str, value: &[Token], file: &Path) {
        match key {
            "server.document-root" => self.add_root(value, file),
            "server.modules" => {
                self.can_rewrite |= value.contains(&Token::Text("mod_rewrite".to_owned()));
            }
            "server.stat-cache-engine" => {
                self.forgets = self.text(value).as_deref() == Some("disable");
            }
            "url.rewrite-once"
            | "url.rewrite"
            | "url.rewrite-final"
            | "url.rewrite-repeat"
            | "url.rewrite-if-not-file"
            | "url.rewrite-repeat-if-not-file" => self.rewrite(value),
            _ => {
                if let Some(text) = self.text(value) {
                    self.said
                        .insert(key.trim_start_matches("var.").to_owned(), text);
                }
            }
        }
    }

    fn add_root(&mut self, value: &[Token], file: &Path) {
        let text = self.text(value);
        self.by_condition |=
            !self.conditions.is_empty() && !self.conditions.contains(&Condition::Other);
        self.roots.push(match text {
            Some(folder) => Root::plain(folder, Some(file)),
            None => Root {
                by: By::Unknown("its server.document-root is not understood".to_owned()),
                ..Root::plain("", Some(file))
            },
        });
    }

    /// `("PATTERN" => "TARGET", ...)`.
    fn rewrite(&mut self, value: &[Token]) {
        let pairs = value.windows(3).filter_map(|three| match three {
            [Token::Text(pattern), Token::Sign(sign), Token::Text(target)] if sign == "=>" => {
                Some((pattern, target))
            }
            _ => None,
        });
        let by_address = self.conditions.last() == Some(&Condition::AnyAddress);
        let why = "its url.rewrite is not understood";
        for (pattern, target) in pairs {
            let names_client = ADDRESSES.iter().any(|address| target.contains(address));
            if names_client && target.contains("clients/") || by_address && target.contains("%1") {
                let is_for_all = by_address && takes_all(pattern);
                self.rewrite = Some(Prefix::of(target, &ADDRESSES, is_for_all, why));
            }
        }
    }

    /// Texts and names of texts, put together by `+`.
    fn text(&self, tokens: &[Token]) -> Option<String> {
        let mut whole = String::new();
        for token in tokens {
            match token {
                Token::Text(text) => whole.push_str(text),
                Token::Word(name) => {
                    whole.push_str(self.said.get(name.trim_start_matches("var."))?);
                }
                Token::Sign(sign) if sign == "+" => {}
                Token::Sign(_) => return None,
            }
        }
        Some(whole).filter(|whole| whole.len() < LONGEST_TEXT)
    }

    fn setup(self) -> Setup {
        let rewrite = match (self.rewrite.filter(|_| self.can_rewrite), self.by_condition) {
            (None, true) => Some(Prefix::Unknown("it has conditions of its own on addresses")),
            (rewrite, _) => rewrite,
        };
        let roots = self.roots.into_iter().map(|root| root.behind(rewrite));
        Setup {
            roots: roots.collect(),
            off: None,
            stands: false,
            flaws: (!self.forgets)
                .then_some(Flaw::Remembers)
                .into_iter()
                .collect(),
        }
    }
}

fn condition(tokens: &[Token]) -> Condition {
    match tokens {
        [.., Token::Word(what), Token::Sign(sign), Token::Text(value)]
            if what == "$HTTP[remoteip]" || what == "$HTTP[remote-ip]" =>
        {
            match sign == "=~" && takes_all(value) && value.contains('(') {
                true => Condition::AnyAddress,
                false => Condition::SomeAddress,
            }
        }
        _ => Condition::Other,
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(String),
}

enum Statement {
    Line(Vec<Token>),
    Open(Vec<Token>),
    Close,
}

struct Statements<'a> {
    letters: Peekable<Chars<'a>>,
    /// A brace has ended a statement, and is still to end its block.
    closes: bool,
}

impl Statements<'_> {
    fn taken(&mut self, is_part: impl Fn(char) -> bool) -> String {
        let mut word = String::new();
        while let Some(letter) = self.letters.next_if(|letter| is_part(*letter)) {
            word.push(letter);
        }
        word
    }

    fn text(&mut self, quote: char) -> Token {
        let mut text = String::new();
        while let Some(letter) = self.letters.next().filter(|letter| *letter != quote) {
            match (letter, self.letters.peek()) {
                ('\\', Some(escaped)) if *escaped == quote => text.extend(self.letters.next()),
                _ => text.push(letter),
            }
        }
        Token::Text(text)
    }

    /// `$HTTP["remoteip"]`, without its quotes.
    fn variable(&mut self) -> Token {
        let inside = self.taken(|letter| !"]\n={".contains(letter));
        let closed = self.letters.next_if_eq(&']').map_or("", |_| "]");
        let plain = inside.replace(['"', '\'', ' '], "");
        Token::Word(format!("${plain}{closed}"))
    }

    fn sign(&mut self, first: char) -> Token {
        let rest = self.letters.next_if(|letter| "=~^>$".contains(*letter));
        Token::Sign([Some(first), rest].into_iter().flatten().collect())
    }
}

impl Iterator for Statements<'_> {
    type Item = Statement;

    fn next(&mut self) -> Option<Statement> {
        if std::mem::take(&mut self.closes) {
            return Some(Statement::Close);
        }
        let mut tokens = Vec::new();
        let mut depth = 0_usize;
        while let Some(letter) = self.letters.next() {
            match letter {
                '#' => drop(self.taken(|letter| letter != '\n')),
                '\n' if depth == 0 && !tokens.is_empty() => return Some(Statement::Line(tokens)),
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                '{' => return Some(Statement::Open(tokens)),
                '}' if tokens.is_empty() => return Some(Statement::Close),
                '}' => {
                    self.closes = true;
                    return Some(Statement::Line(tokens));
                }
                '"' | '\'' => tokens.push(self.text(letter)),
                '$' => tokens.push(self.variable()),
                '=' | '+' | ':' | '!' => tokens.push(self.sign(letter)),
                letter if letter.is_whitespace() || letter == ',' => {}
                letter => {
                    let is_part = |letter: char| letter.is_alphanumeric() || "._-".contains(letter);
                    tokens.push(Token::Word(format!("{letter}{}", self.taken(is_part))));
                }
            }
        }
        (!tokens.is_empty()).then_some(Statement::Line(tokens))
    }
}
