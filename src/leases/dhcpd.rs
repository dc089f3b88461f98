//! The log of ISC dhcpd: a block for each change of a lease, added at the end.
//!
//! ```text
//! lease 10.0.0.5 {
//!   ends 0 2026/11/22 12:00:00;
//!   binding state active;
//!   hardware ethernet 52:54:00:12:34:56;
//! }
//! ```
//!
//! `dhcpd6.leases` has `ia-na "..." { iaaddr fd00::5 { ... } }`, where the text is the
//! client's number for the lease (four bytes) and its DUID. Other blocks (hosts, failover
//! peers) and statements say nothing of who has an address.
//!
//! Times are UTC. What belongs to dhcpd's blocks begins in the first column, and what is
//! inside of them does not: so a block that was never closed ends where the next begins.

mod date;
mod tokens;

use std::net::IpAddr;

use self::tokens::{Mark, Token, Tokens, Word};
use super::octets::{card_in_duid, octets};
use super::{Findings, Lease, NEVER, Said, Unusable};
use crate::address::card;

/// What a file of dhcpd's can begin with. It says first in which order it has bytes.
const BEGINNINGS: [&str; 14] = [
    "authoring-byte-order",
    "server-duid",
    "lease",
    "ia-na",
    "ia-ta",
    "ia-pd",
    "failover",
    "host",
    "group",
    "subgroup",
    "class",
    "subclass",
    "key",
    "zone",
];

/// Of a statement only the first words matter.
const MAX_WORDS: usize = 8;

/// Whether a line can only be dhcpd's.
pub(super) fn is_beginning(line: &str) -> bool {
    let word = line.split_ascii_whitespace().next().unwrap_or_default();
    BEGINNINGS.contains(&word.trim_end_matches(';')) && line.contains(['{', ';'])
}

/// Reads whole blocks. Returns where the last of them ends.
pub(super) fn read(
    text: &[u8],
    lines: &mut usize,
    findings: &mut Findings,
) -> Result<usize, Unusable> {
    let mut log = Log {
        said: Vec::new(),
        words: Vec::new(),
        begun: None,
        depth: 0,
        client: None,
        draft: None,
    };
    let (mut done, mut done_lines) = (0, *lines);
    for token in Tokens::new(text, *lines) {
        log.token(&token);
        if log.is_between() {
            (done, done_lines) = (token.end, token.line - 1);
            tell(&mut log.said, findings)?;
        }
    }
    *lines = done_lines;
    Ok(done)
}

/// Not before the block is whole: else it would be told again when it is.
fn tell(entries: &mut Vec<Entry>, findings: &mut Findings) -> Result<(), Unusable> {
    for (line, said) in entries.drain(..) {
        match said {
            Ok(said) => findings.take(line, &said)?,
            Err(what) => findings.complain(line, what),
        }
    }
    Ok(())
}

/// What one lease says, or what is wrong, and on which line it begins.
type Entry = (usize, Result<Said, &'static str>);

/// Where in the log the reading is.
struct Log<'a> {
    /// What the block so far says.
    said: Vec<Entry>,
    /// The statement so far.
    words: Vec<Word<'a>>,
    /// The line on which the outermost block or statement began.
    begun: Option<usize>,
    depth: usize,
    /// The MAC of the client whose block of DHCPv6 this is.
    client: Option<[u8; 6]>,
    draft: Option<Draft>,
}

/// A lease, as far as its block has been read.
struct Draft {
    address: IpAddr,
    depth: usize,
    mac: Option<[u8; 6]>,
    /// Without any it has ended: so dhcpd itself takes it.
    ends: u64,
    /// Where nothing is said, the end alone decides.
    active: bool,
    wrong: Option<&'static str>,
}

impl<'a> Log<'a> {
    fn is_between(&self) -> bool {
        self.depth == 0 && self.words.is_empty()
    }

    fn token(&mut self, token: &Token<'a>) {
        if token.starts_a_block() && !self.is_between() {
            self.abandon();
        }
        let line = *self.begun.get_or_insert(token.line);
        match &token.mark {
            Mark::Word(word) if self.words.len() < MAX_WORDS => self.words.push(*word),
            Mark::Word(_) => {}
            Mark::Semicolon => self.statement(),
            Mark::Open => self.open(line),
            Mark::Close => self.close(line),
        }
        if self.is_between() {
            self.begun = None;
        }
    }

    /// A block that was never closed, as a crash leaves it: what it says is not believed.
    fn abandon(&mut self) {
        const WHAT: &str = "this block or statement has no end";
        let line = self.begun.take().unwrap_or_default();
        (self.depth, self.client) = (0, None);
        self.words.clear();
        let said = self.draft.take().map(|draft| Said {
            address: draft.address,
            lease: Err(WHAT),
        });
        self.said.push((line, said.ok_or(WHAT)));
    }

    fn statement(&mut self) {
        let depth = self.depth;
        if let Some(draft) = self.draft.as_mut().filter(|draft| draft.depth == depth) {
            draft.statement(&self.words);
        }
        self.words.clear();
    }

    fn open(&mut self, line: usize) {
        self.depth += 1;
        let words = std::mem::take(&mut self.words);
        match (self.depth, words.as_slice()) {
            (1, [Word::Bare(b"lease"), Word::Bare(address)]) => self.lease(line, address, None),
            (1, [Word::Bare(b"ia-na" | b"ia-ta"), client]) => {
                self.client = client.bytes().and_then(|id| card_in_duid(id.get(4..)?));
            }
            (2, [Word::Bare(b"iaaddr"), Word::Bare(address)]) => {
                self.lease(line, address, self.client);
            }
            _ => {}
        }
    }

    fn lease(&mut self, line: usize, address: &[u8], mac: Option<[u8; 6]>) {
        let address = std::str::from_utf8(address).ok();
        let Some(address) = address.and_then(|text| text.parse().ok()) else {
            self.said.push((line, Err("it is a lease of no address")));
            return;
        };
        self.draft = Some(Draft {
            address,
            depth: self.depth,
            mac,
            ends: 0,
            active: true,
            wrong: None,
        });
    }

    fn close(&mut self, line: usize) {
        let unfinished = !self.words.is_empty();
        self.words.clear();
        if self.depth == 0 {
            let what = "a block ends that never began";
            self.said.push((line, Err(what)));
            return;
        }
        if let Some(mut draft) = self.draft.take_if(|draft| draft.depth == self.depth) {
            if unfinished {
                draft.wrong = Some("a statement in it has no end");
            }
            self.said.push((line, Ok(draft.said())));
        }
        self.depth -= 1;
        if self.depth == 0 {
            self.client = None;
        }
    }
}

impl Draft {
    fn statement(&mut self, words: &[Word<'_>]) {
        let bare: Option<Vec<&str>> = words.iter().map(Word::text).collect();
        match bare.as_deref() {
            Some(["ends", when @ ..]) => match ends(when) {
                Some(ends) => self.ends = ends,
                None => self.wrong = Some("it ends at no known time"),
            },
            Some(["binding", "state", state]) => self.active = *state == "active",
            // How versions before 3 said it.
            Some(["abandoned"]) => self.active = false,
            Some(["hardware", "ethernet", mac]) => match octets(mac) {
                Some(mac) => self.mac = card(&mac),
                None => self.wrong = Some("its hardware address is no MAC"),
            },
            _ => {}
        }
    }

    fn said(self) -> Said {
        let ends = self.ends;
        let lease = self.mac.filter(|_| self.active && ends > 0);
        let lease = lease.map(|mac| Lease { mac, ends });
        Said {
            address: self.address,
            lease: self.wrong.map_or(Ok(lease), Err),
        }
    }
}

/// The day of the week comes first, for people.
fn ends(words: &[&str]) -> Option<u64> {
    match words {
        ["never"] => Some(NEVER),
        ["epoch", seconds] => seconds.parse().ok(),
        [_, day, time, ..] => date::seconds(day, time),
        _ => None,
    }
}
