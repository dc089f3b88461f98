//! The daemon's side of a talk: it hears a question, and answers it.
//!
//! Whoever asks is told why where no answer comes, also when too many ask or the question is
//! none: a stream that only ends says nothing to anybody.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use super::{Answer, Answers, Line, PATIENCE, Question, is_late, say};
use crate::journal::Who;
use crate::status::Request;

/// The longest question, in bytes.
const LONGEST_QUESTION: usize = 4096;

/// How much of a longer one is read. A stream that is closed with more in it is reset, and
/// whoever asked may never see the answer.
const MOST_READ: usize = 256 << 10;

/// How long nothing may be told to a watcher until an empty line shows whether it is there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

/// How many may ask at once. One more is sent away.
const MOST_AT_ONCE: usize = 64;

/// One thread for each who asks, and not too many of them.
pub fn serve(listener: &UnixListener, answers: &Arc<dyn Answers>) {
    let asking: Arc<AtomicUsize> = Arc::default();
    for stream in listener.incoming().flatten() {
        let (answers, place) = (answers.clone(), Place::take(&asking));
        let Some(place) = place else {
            send_away(stream);
            continue;
        };
        // Without a thread the stream is closed.
        let _ = thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || {
                let _place = place;
                // Whoever asked has gone away: that is all that can go wrong.
                let _ = Talk::default().reply(stream, &*answers);
            });
    }
}

/// The next one is not kept waiting by this: one line always fits into a new stream.
fn send_away(mut stream: UnixStream) {
    let why = format!(
        "{MOST_AT_ONCE} ask or watch already, and more may not at once\n  end some of them, or wait"
    );
    // Whoever asked has gone away already.
    let _ = say(&mut stream, &Answer::Wrong { why });
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

/// How long a talk waits for what.
#[derive(Debug, Clone, Copy)]
pub struct Talk {
    /// For a whole question: or whoever sends it byte by byte holds a place for ever.
    pub patience: Duration,
    /// How long nothing may be told to a watcher.
    pub sign_of_life: Duration,
}

impl Default for Talk {
    fn default() -> Self {
        Self {
            patience: PATIENCE,
            sign_of_life: SIGN_OF_LIFE,
        }
    }
}

impl Talk {
    /// Hears a question and answers it; if it is to watch, until the watcher goes away.
    ///
    /// # Errors
    /// That whoever asked has gone away.
    pub fn reply(&self, mut stream: UnixStream, answers: &dyn Answers) -> io::Result<()> {
        stream.set_write_timeout(Some(PATIENCE))?;
        match self.question(&stream) {
            Ok(Question::Watch { client }) => self.tell(stream, answers, client.as_deref()),
            Ok(question) => say(&mut stream, &answers.answer(&question)),
            Err(why) => say(&mut stream, &Answer::Wrong { why }),
        }
    }

    /// The question, or what is wrong with it.
    fn question(&self, stream: &UnixStream) -> Result<Question, String> {
        let heard = self.hear(stream).map_err(|error| match is_late(&error) {
            true => format!(
                "a question is one line, and no end of it came within {:?}",
                self.patience
            ),
            false => error.to_string(),
        })?;
        match heard.split(|byte| *byte == b'\n').next() {
            Some(line) if line.len() <= LONGEST_QUESTION => {
                serde_json::from_slice(line).map_err(|error| error.to_string())
            }
            _ => Err(format!(
                "a question is one line of at most {LONGEST_QUESTION} bytes"
            )),
        }
    }

    /// Everything up to the end of the line, or of the stream.
    fn hear(&self, mut stream: &UnixStream) -> io::Result<Vec<u8>> {
        let until = Instant::now() + self.patience;
        let (mut heard, mut part) = (Vec::new(), [0; 4096]);
        while heard.len() < MOST_READ {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            stream.set_read_timeout(Some(left))?;
            let length = match stream.read(&mut part) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                read => read?,
            };
            let new = part.get(..length).unwrap_or_default();
            heard.extend_from_slice(new);
            if new.is_empty() || new.contains(&b'\n') {
                break;
            }
        }
        Ok(heard)
    }

    /// Tells a watcher all it wants to know, until it goes away.
    fn tell(
        &self,
        mut stream: UnixStream,
        answers: &dyn Answers,
        client: Option<&str>,
    ) -> io::Result<()> {
        let only = client.map(plain);
        let watching = answers.watch();
        say(&mut stream, &Answer::Watching)?;
        let mut told = Instant::now();
        loop {
            let left = self.sign_of_life.saturating_sub(told.elapsed());
            let request = match watching.requests.recv_timeout(left) {
                Ok(request) => Some(request),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let lines = lines(request, only.as_deref(), watching.missed());
            for line in &lines {
                say(&mut stream, line)?;
            }
            // Also while others ask all the time, of whom this watcher hears nothing.
            let is_time = told.elapsed() >= self.sign_of_life;
            if lines.is_empty() && is_time {
                stream.write_all(b"\n")?;
            }
            if !lines.is_empty() || is_time {
                told = Instant::now();
            }
        }
    }
}

/// What a watcher, perhaps of one client only, is told of a request and of those it missed.
fn lines(request: Option<Request>, only: Option<&str>, missed: u64) -> Vec<Line> {
    let is_meant = |request: &Request| only.is_none_or(|only| only == request.client);
    let request = request.filter(is_meant);
    let request = request.map(|request| Line::Request(Box::new(request)));
    let left_out = (missed > 0).then_some(Line::LeftOut { requests: missed });
    request.into_iter().chain(left_out).collect()
}

/// A client as the journal writes it.
fn plain(client: &str) -> String {
    Who::parse(client).map_or_else(|| client.to_owned(), |who| who.to_string())
}
