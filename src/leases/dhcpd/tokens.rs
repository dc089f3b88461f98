//! The language of dhcpd's files, cut into words, texts and marks.

use crate::leases::octets::octets;

/// A piece of the file.
pub(super) struct Token<'a> {
    pub(super) mark: Mark<'a>,
    /// Counted from 1.
    pub(super) line: usize,
    /// Just after it, in bytes.
    pub(super) end: usize,
    in_first_column: bool,
}

/// What a piece is.
pub(super) enum Mark<'a> {
    Word(Word<'a>),
    Semicolon,
    Open,
    Close,
}

/// A word of a statement.
#[derive(Clone, Copy)]
pub(super) enum Word<'a> {
    Bare(&'a [u8]),
    /// What stood between quotes, escapes as they were.
    Quoted(&'a [u8]),
}

impl Word<'_> {
    /// A text is no word that means something.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Bare(word) => std::str::from_utf8(word).ok(),
            Self::Quoted(_) => Some(""),
        }
    }

    /// The bytes that it stands for: `"\001a"`, or `01:61`, by the server's settings.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Bare(word) => octets(std::str::from_utf8(word).ok()?),
            Self::Quoted(text) => unescape(text),
        }
    }
}

/// What cannot be printed is written in three octal digits.
fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return Some(bytes),
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                rest @ ..,
            ] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest
            }
            [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        }
    }
}

impl Token<'_> {
    /// Whether this can only be the beginning of a lease, whatever was before.
    pub(super) fn starts_a_block(&self) -> bool {
        let Mark::Word(Word::Bare(word)) = &self.mark else {
            return false;
        };
        self.in_first_column && matches!(*word, b"lease" | b"ia-na" | b"ia-ta" | b"ia-pd")
    }
}

/// The pieces of a text, in order.
pub(super) struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
    line_began: usize,
}

impl<'a> Tokens<'a> {
    /// `lines` have been read before this text.
    pub(super) fn new(text: &'a [u8], lines: usize) -> Self {
        Self {
            text,
            at: 0,
            line: lines + 1,
            line_began: 0,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn run(&mut self, goes_on: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| !goes_on(*byte));
        let (run, _) = rest.split_at(length.unwrap_or(rest.len()));
        self.at += run.len();
        run
    }

    /// Past blanks and comments, to what means something.
    fn skip(&mut self) -> Option<u8> {
        loop {
            match self.peek()? {
                b'#' => drop(self.run(|byte| byte != b'\n')),
                b'\n' => {
                    self.at += 1;
                    self.line += 1;
                    self.line_began = self.at;
                }
                byte if byte.is_ascii_whitespace() => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// dhcpd never breaks a text over lines: one without an end is broken itself.
    fn quoted(&mut self) -> Word<'a> {
        self.at += 1;
        let begin = self.at;
        let mut escaped = false;
        while let Some(byte) = self.peek().filter(|byte| *byte != b'\n') {
            if byte == b'"' && !escaped {
                break;
            }
            escaped = byte == b'\\' && !escaped;
            self.at += 1;
        }
        let text = self.text.get(begin..self.at).unwrap_or_default();
        if self.peek() == Some(b'"') {
            self.at += 1;
        }
        Word::Quoted(text)
    }

    fn single(&mut self, mark: Mark<'a>) -> Mark<'a> {
        self.at += 1;
        mark
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let first = self.skip()?;
        let in_first_column = self.at == self.line_began;
        let mark = match first {
            b'{' => self.single(Mark::Open),
            b'}' => self.single(Mark::Close),
            b';' => self.single(Mark::Semicolon),
            b'"' => Mark::Word(self.quoted()),
            _ => Mark::Word(Word::Bare(self.run(is_bare))),
        };
        Some(Token {
            mark,
            line: self.line,
            end: self.at,
            in_first_column,
        })
    }
}

fn is_bare(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !b"{};\"#".contains(&byte)
}
