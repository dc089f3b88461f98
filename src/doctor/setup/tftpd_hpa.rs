//! tftpd-hpa, the program `in.tftpd`.
//!
//! With `--secure` it goes into its one folder when it starts, and each child makes that its
//! root. Without, it takes absolute names only: "Only absolute filenames allowed" is what a
//! boot manager gets that asks for `\Boot\BCD`. Its map file is read when it starts and upon
//! SIGHUP.

use std::path::Path;

use super::options::Grammar;
use super::reader::Reader;
use super::words::Prefix;
use super::{Flaw, Root, Running, Setup};

const GRAMMAR: Grammar = Grammar {
    letters: "46cspvVlLa:B:u:U:r:t:T:R:m:P:",
    valued: &[
        "address",
        "blocksize",
        "map-file",
        "map-steps",
        "pidfile",
        "port-range",
        "refuse",
        "retransmit",
        "timeout",
        "umask",
        "user",
        "verbosity",
    ],
    names: &[('m', "map-file"), ('s', "secure")],
};

/// How a map file writes the address of the client: as usual, and as a hexadecimal number.
const ADDRESSES: [&str; 2] = ["\\i", "\\x"];

/// What it is set up to do.
pub fn setup(running: &Running, reader: &Reader<'_>) -> Setup {
    let options = GRAMMAR.parse(&running.command);
    let secure = options.has("secure");
    let map = options.value("map-file").map(Path::new);
    let mapped = map.and_then(|map| mapped(map, secure, reader));
    let named = options.rest.iter().map(String::as_str);
    // Without a folder all of the disk is served.
    let whole_disk = options.rest.is_empty().then_some("/");
    let roots = named.chain(whole_disk).map(|folder| {
        let file = map.filter(|_| mapped.is_some());
        Root::plain(folder, file).behind(mapped)
    });
    Setup {
        roots: roots.collect(),
        off: None,
        flaws: (!secure)
            .then_some(Flaw::RelativeRefused)
            .into_iter()
            .collect(),
        stands: secure,
    }
}

/// What the map of a file puts in front of every name: `LETTERS PATTERN REPLACEMENT`, line by
/// line. Without `--secure` names are paths of the disk, and the map of another kind.
fn mapped(file: &Path, secure: bool, reader: &Reader<'_>) -> Option<Prefix> {
    let why = "its map file is not understood";
    let Some(text) = reader.text(file) else {
        return Some(Prefix::Unknown(why));
    };
    let rules = text.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let rule = (fields.next()?, fields.next()?, fields.next()?);
        let names_client = ADDRESSES.iter().any(|address| rule.2.contains(address));
        (names_client && !rule.0.starts_with('#')).then_some(rule)
    });
    let found = rules.map(|(letters, pattern, replacement)| {
        // Another letter makes it hold at times: for IPv4 only, or where nothing matched.
        let holds_always = letters.chars().all(|letter| "rgis".contains(letter));
        let is_for_all = secure && holds_always && takes_all(pattern);
        Prefix::of(replacement, &ADDRESSES, is_for_all, why)
    });
    // Of several, one that is not understood makes the others doubtful.
    found.reduce(|one, other| match one {
        Prefix::Unknown(_) => one,
        Prefix::Address(_) => other,
    })
}

fn takes_all(pattern: &str) -> bool {
    super::words::takes_all(pattern) || ["^.*$", "^.*", ".+", "^(.+)$"].contains(&pattern)
}
