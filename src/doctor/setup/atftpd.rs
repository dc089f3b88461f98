//! atftpd: a folder on the command line. Its pattern file is asked only about names that are
//! not there, and knows no address.

use super::options::Grammar;
use super::{Root, Running, Setup};

const GRAMMAR: Grammar = Grammar {
    letters: "t:r:m:vVh",
    valued: &[
        "bind-address",
        "group",
        "logfile",
        "maxthread",
        "mcast-addr",
        "mcast-port",
        "mcast-ttl",
        "mtftp",
        "mtftp-port",
        "pcre",
        "pcre-test",
        "pidfile",
        "port",
        "retry-timeout",
        "tftpd-timeout",
        "user",
    ],
    names: &[],
};

/// Where no folder is named.
const USUAL: &str = "/tftpboot";

/// What it is set up to do.
pub fn setup(running: &Running) -> Setup {
    let options = GRAMMAR.parse(&running.command);
    let folder = options.rest.last().map_or(USUAL, String::as_str);
    Setup {
        roots: vec![Root::plain(folder, None)],
        ..Setup::default()
    }
}
