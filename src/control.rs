//! The socket on which commands ask a running daemon what only it knows.
//!
//! One line of JSON in, one line of JSON out, then the end. The socket is named after the
//! device of the mount, so that whoever sees the mount finds its daemon; only root, or
//! whoever runs the daemon, may use it.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fuse::mountpoint;
use crate::program::Firmware;

/// Where the sockets of daemons that root runs are.
const FOLDER: &str = "/run/winbootfs";

/// The longest question and answer, in bytes.
const LONGEST: u64 = 4096;

/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(1);

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    /// What a client booted last.
    Booted {
        /// Its address, in any form.
        client: String,
    },
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// It cannot be answered.
    Wrong {
        /// Why not.
        why: String,
    },
}

/// Somebody who knows the answers.
pub trait Answers: Send + Sync {
    /// The answer to a question.
    fn answer(&self, question: &Question) -> Answer;
}

/// A socket that is listened to, as long as this lives.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
}

impl Control {
    /// Listens for the mount with this device number.
    ///
    /// # Errors
    /// Those of making the socket.
    pub fn listen(device: u64, answers: Arc<dyn Answers>) -> io::Result<Self> {
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
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || serve(&listener, &*answers))?;
        Ok(Self { path })
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
    let device = mountpoint::device(mountpoint).ok_or(io::ErrorKind::NotFound)?;
    let mut stream = UnixStream::connect(socket_path(device))?;
    be_patient(&stream)?;
    say(&mut stream, question)?;
    Ok(serde_json::from_slice(&hear(&stream)?)?)
}

fn serve(listener: &UnixListener, answers: &dyn Answers) {
    for stream in listener.incoming().flatten() {
        // Whoever asked has gone away: that is all that can go wrong.
        let _ = reply(stream, answers);
    }
}

fn reply(mut stream: UnixStream, answers: &dyn Answers) -> io::Result<()> {
    be_patient(&stream)?;
    let answer = match serde_json::from_slice(&hear(&stream)?) {
        Ok(question) => answers.answer(&question),
        Err(error) => Answer::Wrong {
            why: error.to_string(),
        },
    };
    say(&mut stream, &answer)
}

fn hear(stream: &UnixStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(stream.take(LONGEST)).read_until(b'\n', &mut line)?;
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
