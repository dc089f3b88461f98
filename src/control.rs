//! The socket on which commands ask a running daemon what only it knows.
//!
//! One line of JSON in, one line of JSON out, then the end; or, for whoever watches, lines
//! without an end. The socket is named after the device of the mount, so that whoever sees the
//! mount finds its daemon; only root, or whoever runs the daemon, may use it, and the group
//! that the configuration names. Nothing that can be asked changes anything.

use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fuse::mountpoint;
use crate::program::Firmware;
use crate::status::{Boots, Request, Status};
use crate::watchers::Watching;

pub mod talk;

/// Where the sockets of daemons that root runs are.
const FOLDER: &str = "/run/winbootfs";

/// The longest line that is answered: all clients and all that they asked for.
const LONGEST_ANSWER: u64 = 256 << 20;

/// How long either side waits for the other.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    /// What a client booted last.
    Booted {
        /// Its address, in any form.
        client: String,
    },
    /// Everything.
    Status {
        /// At most so many clients.
        most_clients: usize,
    },
    /// The boots of a client, as the journal has them.
    Boots {
        /// Its address, or what `status` calls it.
        client: String,
    },
    /// From now on all requests, as lines of [`Line`].
    Watch {
        /// Only those of this client.
        client: Option<String>,
    },
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// What a client booted last.
    Booted {
        /// The image that it chose under `images/`.
        image: Option<String>,
        /// The firmware that its last boot program is for; none if nothing is known.
        firmware: Option<Firmware>,
        /// The name of that program, if it may be a boot manager for UEFI.
        program: Option<String>,
        /// Whether it changes between images quicker than one computer can.
        flips: bool,
    },
    /// Everything.
    Status(Box<Status>),
    /// The boots of a client; none if it asked for nothing.
    Boots {
        /// The boots.
        boots: Option<Box<Boots>>,
    },
    /// Lines follow.
    Watching,
    /// It cannot be answered.
    Wrong {
        /// Why not.
        why: String,
    },
}

/// What a watcher is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    /// A request.
    Request(Box<Request>),
    /// It did not keep up: so many requests are left out here.
    LeftOut {
        /// How many.
        requests: u64,
    },
    /// A daemon was found. Never sent: whoever watches says so himself.
    Began,
    /// It has ended. Never sent either.
    Ended,
    /// It gives no sign of life, and is still there. Never sent either.
    Silent,
}

/// Somebody who knows the answers.
pub trait Answers: Send + Sync {
    /// The answer to a question; to one that is answered by lines, that they follow.
    fn answer(&self, question: &Question) -> Answer;

    /// Everything that is asked for from now on.
    fn watch(&self) -> Watching;
}

/// A socket that is listened to, as long as this lives.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
}

impl Control {
    /// Listens for the mount with this device number. Members of the group may ask too.
    ///
    /// # Errors
    /// Those of making the socket.
    pub fn listen(device: u64, group: Option<u32>, answers: Arc<dyn Answers>) -> io::Result<Self> {
        let path = socket_path(device);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // A device number is free again when its mount is gone: this was left behind.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        let control = Self { path };
        control.let_in(group)?;
        thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || talk::serve(&listener, &answers))?;
        Ok(control)
    }

    /// Members of this group may ask from now on, and of no other.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn let_in(&self, group: Option<u32>) -> io::Result<()> {
        // First nobody else: or the old group could still ask while the new one is set.
        let only_us = fs::Permissions::from_mode(0o600);
        fs::set_permissions(&self.path, only_us)?;
        let owners = group.unwrap_or(rustix::process::getegid().as_raw());
        std::os::unix::fs::chown(&self.path, None, Some(owners))?;
        match group {
            Some(_) => fs::set_permissions(&self.path, fs::Permissions::from_mode(0o660)),
            None => Ok(()),
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // Somebody may have cleaned up already.
        let _ = fs::remove_file(&self.path);
    }
}

/// Asks the daemon whose mount this is.
///
/// # Errors
/// That no daemon answers here.
pub fn ask(mountpoint: &Path, question: &Question) -> io::Result<Answer> {
    Ok(connect(mountpoint, question)?.1)
}

/// Watches the daemon whose mount this is, or hears why it may not be watched.
///
/// # Errors
/// That no daemon answers here.
pub fn watch(mountpoint: &Path, client: Option<&str>) -> io::Result<Result<Lines, String>> {
    let client = client.map(str::to_owned);
    let (stream, answer) = connect(mountpoint, &Question::Watch { client })?;
    match answer {
        Answer::Watching => Ok(Ok(Lines::new(stream))),
        Answer::Wrong { why } => Ok(Err(why)),
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

/// What a watcher hears.
#[derive(Debug)]
pub struct Lines {
    stream: BufReader<UnixStream>,
    /// A line of which the end has not come yet.
    begun: Vec<u8>,
    is_silent: bool,
}

impl Lines {
    /// Hears this stream, as long as its timeout allows.
    pub fn new(stream: BufReader<UnixStream>) -> Self {
        Self {
            stream,
            begun: Vec::new(),
            is_silent: false,
        }
    }

    /// The next line. None when the daemon has ended; once for each silence that it is silent.
    ///
    /// # Errors
    /// Those of the socket; what is no line.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
        loop {
            match hear(&mut self.stream, &mut self.begun) {
                Ok(()) => self.is_silent = false,
                Err(error) if !is_late(&error) => return Err(error),
                Err(_) if self.is_silent => continue,
                Err(_) => {
                    self.is_silent = true;
                    return Ok(Some(Line::Silent));
                }
            }
            match std::mem::take(&mut self.begun).as_slice() {
                [] => return Ok(None),
                // A sign of life.
                [b'\n'] => {}
                line => return Ok(Some(serde_json::from_slice(line)?)),
            }
        }
    }
}

/// Whether nothing came in time.
pub fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn connect(mountpoint: &Path, question: &Question) -> io::Result<(BufReader<UnixStream>, Answer)> {
    let device = mountpoint::device(mountpoint).ok_or(ErrorKind::NotFound)?;
    let mut stream = UnixStream::connect(socket_path(device))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // Whoever sends us away says why before it has heard the question.
    let asked = say(&mut stream, question);
    let (mut stream, mut answer) = (BufReader::new(stream), Vec::new());
    let heard = hear(&mut stream, &mut answer);
    if answer.is_empty() {
        asked.and(heard)?;
        return Err(ErrorKind::UnexpectedEof.into());
    }
    heard?;
    Ok((stream, serde_json::from_slice(&answer)?))
}

/// Hears the rest of a line; what came until something went wrong is kept.
fn hear(stream: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<()> {
    let left = LONGEST_ANSWER.saturating_sub(line.len() as u64);
    stream.take(left).read_until(b'\n', line)?;
    Ok(())
}

fn say(stream: &mut UnixStream, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// In the machine's folder for root, else in the user's own.
fn socket_path(device: u64) -> PathBuf {
    let own =
        std::env::var_os("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("winbootfs"));
    let folder = match own {
        Some(own) if !rustix::process::geteuid().is_root() => own,
        _ => FOLDER.into(),
    };
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    folder.join(format!("{major}-{minor}.sock"))
}
