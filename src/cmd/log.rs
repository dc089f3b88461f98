//! What is said on standard error while a command is at work.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::source::iso;

/// For the daemon. Levels are chosen by `WINBOOTFS_LOG`. Under systemd the journal has its
/// own times.
pub(super) fn everything() {
    let format = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(levels());
    match std::env::var_os("JOURNAL_STREAM") {
        Some(_) => registry.with(format.without_time()).init(),
        None => registry.with(format).init(),
    }
}

/// A level for everything, for single modules, or both: `info,winbootfs::watch=debug`.
fn levels() -> Targets {
    // fuser warns of every call that we do not answer, such as the ioctl by which a program
    // asks whether a file is a terminal.
    let usual = Targets::new()
        .with_default(Level::INFO)
        .with_target("fuser", Level::ERROR);
    let chosen = std::env::var("WINBOOTFS_LOG").ok();
    match chosen.and_then(|text| text.parse::<Targets>().ok()) {
        Some(chosen) if chosen.default_level().is_some() => chosen,
        // Modules only, or a word that is no level: nothing else falls silent.
        Some(chosen) => usual.with_targets(chosen),
        None => usual,
    }
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
