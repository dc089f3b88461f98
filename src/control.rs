//! The socket on which commands ask a running daemon what only it knows.
//!
//! One line of JSON in, one line of JSON out, then the end; or, for whoever watches, lines
//! without an end. The socket is named after the device of the mount, so that whoever sees the
//! mount finds its daemon; only root, or whoever runs the daemon, may use it, and the group
//! that the configuration names. Nothing that can be asked changes anything.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::fuse::mountpoint;
use crate::program::Firmware;
use crate::status::{Boots, Request, Status};
use crate::watchers::Watching;

/// Where the sockets of daemons that root runs are.
const FOLDER: &str = "/run/winbootfs";

/// The longest question, in bytes.
const LONGEST_QUESTION: u64 = 4096;

/// The longest line that is answered: all clients and all that they asked for.
const LONGEST_ANSWER: u64 = 256 << 20;

/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long nothing may be told to a watcher until an empty line shows whether it is there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

/// How many may ask at once. One more is sent away.
const MOST_AT_ONCE: usize = 64;

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
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        let control = Self { path };
        control.let_in(group)?;
        thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || serve(&listener, &answers))?;
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

/// Watches the daemon whose mount this is.
///
/// # Errors
/// That no daemon answers here.
pub fn watch(mountpoint: &Path, client: Option<&str>) -> io::Result<Lines> {
    let client = client.map(str::to_owned);
    let (lines, answer) = connect(mountpoint, &Question::Watch { client })?;
    match answer {
        Answer::Watching => Ok(lines),
        Answer::Wrong { why } => Err(io::Error::other(why)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// What a watcher hears.
#[derive(Debug)]
pub struct Lines(BufReader<UnixStream>);

impl Lines {
    /// The next line. None when the daemon has ended.
    ///
    /// # Errors
    /// Those of the socket; what is no line.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
        loop {
            let line = hear(&mut self.0, LONGEST_ANSWER)?;
            match line.as_slice() {
                [] => return Ok(None),
                // A sign of life.
                [b'\n'] => {}
                line => return Ok(Some(serde_json::from_slice(line)?)),
            }
        }
    }
}

fn connect(mountpoint: &Path, question: &Question) -> io::Result<(Lines, Answer)> {
    let device = mountpoint::device(mountpoint).ok_or(io::ErrorKind::NotFound)?;
    let mut stream = UnixStream::connect(socket_path(device))?;
    be_patient(&stream)?;
    say(&mut stream, question)?;
    let mut lines = BufReader::new(stream);
    let answer = hear(&mut lines, LONGEST_ANSWER)?;
    Ok((Lines(lines), serde_json::from_slice(&answer)?))
}

/// One thread for each who asks, and not too many of them.
fn serve(listener: &UnixListener, answers: &Arc<dyn Answers>) {
    let asking: Arc<AtomicUsize> = Arc::default();
    for stream in listener.incoming().flatten() {
        let (answers, place) = (answers.clone(), Place::take(&asking));
        let Some(place) = place else {
            // It reads the end of the stream, and that nobody had time for it.
            continue;
        };
        // Without a thread the stream is closed, as above.
        let _ = thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || {
                let _place = place;
                // Whoever asked has gone away: that is all that can go wrong.
                let _ = reply(stream, &*answers);
            });
    }
}

/// A place among those who ask at once.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(asking: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(asking.clone());
        (asking.fetch_add(1, Ordering::Relaxed) < MOST_AT_ONCE).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn reply(mut stream: UnixStream, answers: &dyn Answers) -> io::Result<()> {
    be_patient(&stream)?;
    let question = hear(&mut BufReader::new(&stream), LONGEST_QUESTION)?;
    match serde_json::from_slice(&question) {
        Ok(Question::Watch { client }) => tell(stream, answers, client.as_deref()),
        Ok(question) => say(&mut stream, &answers.answer(&question)),
        Err(error) => say(&mut stream, &wrong(error.to_string())),
    }
}

/// Tells a watcher all it wants to know, until it goes away.
fn tell(mut stream: UnixStream, answers: &dyn Answers, client: Option<&str>) -> io::Result<()> {
    let only = client.map(|client| match Address::parse(client.as_bytes()) {
        Some(address) => address.to_string(),
        None => client.to_owned(),
    });
    let watching = answers.watch();
    say(&mut stream, &Answer::Watching)?;
    loop {
        match watching.requests.recv_timeout(SIGN_OF_LIFE) {
            Ok(request) if only.as_ref().is_some_and(|only| *only != request.client) => {}
            Ok(request) => say(&mut stream, &Line::Request(Box::new(request)))?,
            Err(RecvTimeoutError::Timeout) => stream.write_all(b"\n")?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        match watching.missed() {
            0 => {}
            requests => say(&mut stream, &Line::LeftOut { requests })?,
        }
    }
}

fn wrong(why: String) -> Answer {
    Answer::Wrong { why }
}

fn hear(stream: &mut impl BufRead, longest: u64) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    stream.take(longest).read_until(b'\n', &mut line)?;
    Ok(line)
}

fn say(stream: &mut UnixStream, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    stream.write_all(&line)
}

fn be_patient(stream: &UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))
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
