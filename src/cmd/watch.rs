//! `watch`: what clients ask for, as it happens. It outlives the daemon: when that is started
//! anew, it goes on.

pub(super) mod line;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::address;
use super::ask::{mountpoint, unanswered};
use super::out::printed;
use crate::cli::WatchArgs;
use crate::control::{self, Line, Lines};
use crate::failure::Failure;
use crate::journal::Who;

/// How long is waited until the daemon is looked for again.
const PAUSE: Duration = Duration::from_millis(300);

pub(super) fn run(file: Option<&Path>, args: &WatchArgs) -> Result<(), Failure> {
    let client = args.client.as_deref();
    somebody(client)?;
    let mountpoint = mountpoint("watch", file, args.mountpoint.as_deref())?;
    let printer = Printer {
        is_json: args.json,
        is_coloured: !args.json
            && io::stdout().is_terminal()
            && std::env::var_os("NO_COLOR").is_none(),
    };
    let first = control::watch(&mountpoint, client);
    let first = first.map_err(|error| unanswered(&mountpoint, &error))?;
    let mut lines = first.map_err(Failure::Failed)?;
    printer.note(&Line::Began)?;
    while printer.all(&mut lines)? {
        printer.note(&Line::Ended)?;
        lines = next(&mountpoint, client);
        if !printer.note(&Line::Began)? {
            break;
        }
    }
    Ok(())
}

/// Who is none asks for nothing, and the watcher would wait for ever.
fn somebody(client: Option<&str>) -> Result<(), Failure> {
    match client.and_then(Who::parse) {
        Some(_) => Ok(()),
        None => address(client).map(drop),
    }
}

/// Waits for the next daemon.
fn next(mountpoint: &Path, client: Option<&str>) -> Lines {
    loop {
        if let Ok(Ok(lines)) = control::watch(mountpoint, client) {
            return lines;
        }
        thread::park_timeout(PAUSE);
    }
}

/// Prints lines.
struct Printer {
    is_json: bool,
    is_coloured: bool,
}

impl Printer {
    /// Prints all until the daemon ends. Returns false when nobody reads any more.
    fn all(&self, lines: &mut Lines) -> Result<bool, Failure> {
        // What breaks off in the middle of a line is also the end of the daemon.
        while let Ok(Some(line)) = lines.next_line() {
            if !self.note(&line)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn note(&self, line: &Line) -> Result<bool, Failure> {
        let text = match self.is_json {
            true => serde_json::to_string(line).unwrap_or_default(),
            false => self.text(line),
        };
        let mut out = io::stdout().lock();
        printed(writeln!(out, "{text}").and_then(|()| out.flush()))
    }

    fn text(&self, line: &Line) -> String {
        match line {
            Line::Request(request) => line::live(request, self.is_coloured),
            Line::LeftOut { requests } => {
                format!("-- {requests} requests are left out here: there were too many to show")
            }
            Line::Began => "-- watching; stop with Ctrl-C".to_owned(),
            Line::Ended => "-- the daemon has ended; waiting for the next one".to_owned(),
            Line::Silent => "-- the daemon does not answer; waiting".to_owned(),
        }
    }
}
