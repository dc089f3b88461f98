//! What the languages of several servers have in common: quoted words, blocks in braces, and
//! paths with a variable in them.

use std::path::PathBuf;

use super::By;

/// What a block-structured configuration is read as. A flat stream and no tree: a tree of a
/// million braces could not even be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A statement.
    Line(Vec<String>),
    /// A block begins.
    Open(Vec<String>),
    /// A block ends.
    Close,
}

/// The words of a line, with quotes taken away; in them a backslash takes the next letter as
/// it is.
pub fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.peek().copied() {
        if letter.is_whitespace() {
            letters.next();
            continue;
        }
        let quote = Some(letter).filter(|letter| ['"', '\'', '`'].contains(letter));
        if quote.is_some() {
            letters.next();
        }
        words.push(word(&mut letters, quote));
    }
    words
}

fn word(letters: &mut impl Iterator<Item = char>, quote: Option<char>) -> String {
    let mut word = String::new();
    while let Some(letter) = letters.next() {
        match quote {
            Some(quote) if letter == quote => break,
            None if letter.is_whitespace() => break,
            Some(quote) if letter == '\\' => match letters.next() {
                Some(escaped) if escaped == quote || escaped == '\\' => word.push(escaped),
                // A backslash before another letter is meant for somebody else: a pattern.
                Some(escaped) => word.extend(['\\', escaped]),
                None => word.push('\\'),
            },
            _ => word.push(letter),
        }
    }
    word
}

/// The folder of a path before its first variable, and what is behind.
pub fn constant(path: &str, variable: char) -> (PathBuf, &str) {
    let Some(at) = path.find(variable) else {
        return (path.into(), "");
    };
    let (before, _) = path.split_at(at);
    let folder = before.rfind('/').map_or(0, |slash| slash + 1);
    let (folder, rest) = path.split_at(folder);
    (folder.trim_end_matches('/').into(), rest)
}

/// What is put in front of a name by a path that goes on so behind its folder, where the
/// address of the client is written in one of these ways.
pub fn by(rest: &str, addresses: &[&str], variable: char) -> By {
    if rest.is_empty() {
        return By::Nothing;
    }
    let mut behind = addresses
        .iter()
        .filter_map(|address| rest.strip_prefix(address));
    let is_whole =
        |behind: &str| (behind.is_empty() || behind.starts_with('/')) && !behind.contains(variable);
    match behind.any(is_whole) {
        true => By::Address,
        false => By::Unknown(format!("{rest:?} is not understood")),
    }
}

/// Whether a pattern takes every name.
pub fn takes_all(pattern: &str) -> bool {
    const ALL: [&str; 12] = [
        "^/(.*)$", "^/(.*)", "^/?(.*)$", "^/?(.*)", "^(.*)$", "^(.*)", "(.*)$", "(.*)", ".*", "^",
        "^/", "/(.*)",
    ];
    ALL.contains(&pattern)
}

/// What a server puts between its folder and every name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// The address of the client, behind this folder; it may be the root, "".
    Address(&'static str),
    /// It cannot be told, and why.
    Unknown(&'static str),
}

impl Prefix {
    /// What a path says that names are turned into. It counts only where it is made of all
    /// names; `why` is said where it cannot be told.
    pub fn of(path: &str, addresses: &[&str], is_for_all: bool, why: &'static str) -> Self {
        let path = path.trim_start_matches('/');
        let begins = |text: &str| addresses.iter().any(|address| text.starts_with(address));
        match path.strip_prefix("clients/") {
            _ if !is_for_all => Self::Unknown(why),
            Some(behind) if begins(behind) => Self::Address("clients"),
            None if begins(path) => Self::Address(""),
            _ => Self::Unknown(why),
        }
    }
}
