//! The table: what is demanded of what.

use crate::ground::Ground;
use crate::measure::{Figure, median};
use crate::{bounds, caller, choice, iso, journal, load, names, network, streams, wim};

/// What a row measured, or why it could not.
pub(crate) type Measured = Result<Figure, String>;

/// One demand.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    what: &'static str,
    bar: Bar,
    unit: &'static str,
    pub(crate) run: fn(&Ground) -> Measured,
}

/// What a figure has to reach.
#[derive(Clone, Copy)]
enum Bar {
    AtLeast(f64),
    AtMost(f64),
    /// Told, and not demanded.
    None,
}

use Bar::{AtLeast, AtMost};

const fn row(
    name: &'static str,
    what: &'static str,
    bar: Bar,
    unit: &'static str,
    run: fn(&Ground) -> Measured,
) -> Row {
    Row {
        name,
        what,
        bar,
        unit,
        run,
    }
}

/// All rows, in the order in which they are run and told.
#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    row("read-first", "400 MiB, first read, 1 reader", AtLeast(0.95), "", streams::first),
    row("read-again", "400 MiB, warm, 1 reader", AtLeast(0.97), "", streams::again),
    row("read-first-30", "400 MiB, first read, 30 readers", AtLeast(0.97), "", streams::first_by_30),
    row("read-again-30", "400 MiB, warm, 30 readers", AtLeast(0.97), "", streams::again_by_30),
    row("read-cpu", "daemon CPU for 400 MiB", AtMost(5.0), " ms", streams::processor_time),
    row("page-cache", "extra page cache, 8 names, views", AtMost(1.0), " %", streams::page_cache),
    row("small-exact", "open+read+close 16 KiB, exact", AtLeast(0.17), "", names::small_exact),
    row("small-wrong-case", "the same, wrong case, known", AtLeast(0.17), "", names::small_wrong_case),
    row("small-clients", "the same under clients/", AtLeast(0.12), "", names::small_clients),
    row("unseen-spelling", "three parts in a new spelling, p50", AtMost(5.0), " x", names::unseen_spelling),
    row("unseen-parts", "each of three parts never seen, p50", Bar::None, " x", names::unseen_parts),
    row("stat-20000", "new spelling in 20,000 : in 20, p50", AtMost(1.2), " x", names::stat_in_big_folder),
    row("two-spellings", "stat, two spellings alternating", AtLeast(0.85), "", names::two_spellings),
    row("missing-again", "stat, missing name, repeated", AtLeast(0.75), "", names::missing_again),
    row("missing-new", "stat, new missing names, 20 files", AtLeast(0.24), "", names::missing_new),
    row("missing-new-20000", "stat, new missing names, 20,000", AtLeast(0.24), "", names::missing_new_in_big_folder),
    row("listing-again", "listing 20,000, second time", AtLeast(2.0), "", names::listing_again),
    row("edit-shows", "a replaced file shows (promise: at once)", AtMost(1000.0), " ms", names::edit_shows),
    row("caller-second-stat", "caller's view, next name, stat, p50", AtMost(25.0), " us", caller::second_stat),
    row("caller-second-open", "the same, open+read+close 16 KiB, p50", AtMost(25.0), " us", caller::second_open),
    row("caller-first", "caller's view, first name of a child, p50", AtMost(150.0), " us", caller::first),
    row("choice-lookup", "stat by path, 10,000 followed : by a rule, p50", AtMost(1.2), " x", choice::lookup),
    row("choice-memory", "a followed client, of 100,000", AtMost(400.0), " B", choice::memory),
    row("store-lookup", "a made store, by a client's folder, stat, p50", AtMost(1000.0), " us", journal::store),
    row("journal-request", "a request in the journal, 1,000 clients", AtMost(2.0), " us", journal::request),
    row("journal-ratio", "look-ups and openings, without the journal : with it", AtLeast(0.8), "", journal::ratio),
    row("journal-status", "status of 1,000 clients with 200 requests each", AtMost(100.0), " ms", journal::status),
    row("journal-memory", "memory for these", AtMost(20.0), " MiB", journal::memory),
    row("tftp-dnsmasq-1456", "16 MiB through dnsmasq", AtLeast(0.98), "", network::dnsmasq_1456),
    row("tftp-dnsmasq-1024", "16 MiB through dnsmasq", AtLeast(0.98), "", network::dnsmasq_1024),
    row("tftp-hpa-1456", "16 MiB through tftpd-hpa", AtLeast(0.98), "", network::hpa_1456),
    row("tftp-hpa-1024", "16 MiB through tftpd-hpa", AtLeast(0.98), "", network::hpa_1024),
    row("tftp-atftpd-1456", "16 MiB through atftpd", AtLeast(0.98), "", network::atftpd_1456),
    row("tftp-atftpd-1024", "16 MiB through atftpd", AtLeast(0.98), "", network::atftpd_1024),
    row("tftp-atftpd-w16", "the same, 1456, windowsize 16", AtLeast(0.98), "", network::atftpd_window),
    row("http-1", "400 MiB, nginx sendfile, 1 client", AtLeast(0.95), "", network::http_by_1),
    row("http-30", "30 x 128 MiB, nginx sendfile", AtLeast(0.90), "", network::http_by_30),
    row("load-30", "30 clients x 400 MiB, TFTP and HTTP, time", AtMost(1.1), " x", load::by_30),
    row("load-200", "200 clients x 400 MiB, the same", AtMost(1.1), " x", load::by_200),
    row("load-30-winpe", "30 clients x a disk and a DVD of 200 MiB", AtMost(1.1), " x", load::whole_images_by_30),
    row("memory", "resident after 100,000 spellings, 1,000 views", AtMost(20.0), " MiB", bounds::memory),
    row("memory-growth", "growth with 100,000 more and 1,000 more", AtMost(0.5), " MiB", bounds::growth),
    row("descriptors", "20,000 listed, 10,000 open, RLIMIT_NOFILE=256", AtMost(64.0), " fds", bounds::descriptors),
    row("wim-lzx", "64 MiB out of a WIM, LZX, with SHA-1", AtLeast(1.0), "", wim::lzx),
    row("wim-xpress", "the same, XPRESS", AtLeast(1.0), "", wim::xpress),
    row("wim-tree", "all names of a WIM of 20,000 files", AtMost(50.0), " ms", wim::tree),
    row("iso-first-1", "400 MiB out of an ISO, first read, 1 reader", Bar::None, "", iso::first),
    row("iso-first-30", "the same, 30 readers", Bar::None, "", iso::first_by_30),
    row("iso-read-1", "400 MiB out of an ISO, warm, 1 reader", AtLeast(0.9), "", iso::again),
    row("iso-read-30", "the same, 30 readers", AtLeast(0.9), "", iso::again_by_30),
    row("iso-memory", "memory for each 1,000 files of an ISO", AtMost(200.0), " KiB", iso::memory),
    row("iso-index", "time to index each 1,000 files of an ISO", AtMost(50.0), " ms", iso::index),
    row("iso-start", "start with an ISO of 5 GiB, beyond without", AtMost(100.0), " ms", iso::start),
    row("start", "start to mounted, 50 images of 2,000 files", AtMost(150.0), " ms", bounds::start),
];

/// Rows that take minutes, and are run only when named.
const LONG: [&str; 1] = ["load-200"];

impl Row {
    pub(crate) fn is_wanted(&self, wanted: &[String]) -> bool {
        let is_long = LONG.contains(&self.name);
        (wanted.is_empty() && !is_long)
            || wanted.iter().any(|part| self.name.contains(part.as_str()))
    }

    pub(crate) fn report(&self, measured: &Measured) -> String {
        let (name, what) = (self.name, self.what);
        let figure = match measured {
            Err(why) => return format!("{name:19} {what:46} not measured: {why}"),
            Ok(figure) => figure,
        };
        let middle = median(&figure.samples);
        let range = format!("({}..{})", shown(figure.least()), shown(figure.greatest()));
        let told = format!("{}{}", shown(middle), self.unit);
        let (bar, verdict) = (self.bar(), self.bar.verdict(middle));
        let note = &figure.note;
        format!("{name:19} {what:46} {told:>10} {range:18} {bar:17} {verdict:11} {note}")
    }

    fn bar(&self) -> String {
        match self.bar {
            AtLeast(bar) => format!("at least {bar}{}", self.unit),
            AtMost(bar) => format!("at most {bar}{}", self.unit),
            Bar::None => "-".to_owned(),
        }
    }
}

impl Bar {
    fn verdict(self, figure: f64) -> &'static str {
        let reached = match self {
            AtLeast(bar) => figure >= bar,
            AtMost(bar) => figure <= bar,
            Self::None => return "",
        };
        if reached { "reached" } else { "NOT REACHED" }
    }
}

/// Three significant digits, which is more than a run on a shared machine resolves.
fn shown(figure: f64) -> String {
    match figure.abs() {
        large if large >= 100.0 => format!("{figure:.0}"),
        middle if middle >= 10.0 => format!("{figure:.1}"),
        small if small >= 1.0 => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}
