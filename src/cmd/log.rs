//! What is said on standard error while a command is at work.
//!
//! The daemon says the same in three forms: as text, as JSON (`mount --log-format json`), and
//! under systemd as fields of the journal, by which it can be searched:
//! `journalctl -u winbootfs CLIENT=10.0.7.5`.

use std::fmt::Debug;
use std::io::IsTerminal;
use std::os::fd::AsFd;

use tracing::Level;
use tracing::field::Field;
use tracing_subscriber::Layer;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::LogFormat;
use crate::source::iso;

/// Fields that are there for programs: the sentence beside them says the same.
const TOLD: [&str; 8] = [
    "client", "image", "stage", "name", "server", "answer", "path", "lines",
];

/// For the daemon. Levels are chosen by `WINBOOTFS_LOG`.
pub(super) fn everything(format: Option<LogFormat>) {
    let layer = match format {
        Some(LogFormat::Json) => json(),
        Some(LogFormat::Text) => text(),
        None => journal().unwrap_or_else(text),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(levels()))
        .init();
}

type Output = Box<dyn Layer<Registry> + Send + Sync>;

/// Under systemd the journal has its own times.
fn text() -> Output {
    let format = tracing_subscriber::fmt::layer()
        .fmt_fields(debug_fn(field))
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match is_journal() {
        true => Box::new(format.without_time()),
        false => Box::new(format),
    }
}

/// What a sentence says already it does not say twice.
fn field(out: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> std::fmt::Result {
    match field.name() {
        "message" => write!(out, "{value:?}"),
        name if TOLD.contains(&name) => Ok(()),
        name => write!(out, " {name}={value:?}"),
    }
}

/// One object a line.
fn json() -> Output {
    let format = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(std::io::stderr);
    Box::new(format)
}

/// The journal itself, where standard error goes there anyway and it can be reached.
fn journal() -> Option<Output> {
    let layer = is_journal().then(tracing_journald::layer)?.ok()?;
    Some(Box::new(layer.with_field_prefix(None)))
}

/// systemd says which file the journal is, for the variable is inherited also by what
/// writes elsewhere.
fn is_journal() -> bool {
    let Ok(stderr) = rustix::fs::fstat(std::io::stderr().as_fd()) else {
        return false;
    };
    let this = format!("{}:{}", stderr.st_dev, stderr.st_ino);
    std::env::var("JOURNAL_STREAM").is_ok_and(|stream| stream == this)
}

/// A level for everything, for single modules, or both: `info,winbootfs::watch=debug`.
fn levels() -> Targets {
    let chosen = std::env::var("WINBOOTFS_LOG").ok();
    let chosen = chosen.and_then(|text| text.parse::<Targets>().ok());
    let chosen = chosen.unwrap_or_default();
    // Modules only, or a word that is no level: nothing else falls silent.
    let level = chosen.default_level().unwrap_or(LevelFilter::INFO);
    // fuser has a line for every request, and warns of every call that we do not answer, such
    // as the ioctl by which a program asks whether a file is a terminal: for whoever names it.
    let usual = Targets::new().with_target("fuser", level.min(LevelFilter::ERROR));
    usual.with_targets(chosen).with_default(level)
}

/// For a command that looks once: how far it is with what takes long. All else that it finds
/// is in what it prints.
pub(super) fn progress() {
    let format = tracing_subscriber::fmt::layer()
        .without_time()
        .with_level(false)
        .with_target(false)
        .with_writer(std::io::stderr);
    let only = Targets::new().with_target(iso::PROGRESS, Level::INFO);
    tracing_subscriber::registry()
        .with(only)
        .with(format)
        .init();
}
