//! What is said on the socket of a daemon: to whoever asks wrongly, too slowly or together
//! with too many, and to whoever watches.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use winbootfs::control::talk::{Talk, serve};
use winbootfs::control::{Answer, Answers, Line, Lines, Question};
use winbootfs::journal::progress::{Stage, Worth};
use winbootfs::status::{self, Request};
use winbootfs::watchers::{Watchers, Watching};

/// Long enough for a loaded machine to answer, and short enough to wait for.
const SHORT: Duration = Duration::from_millis(300);

/// Knows nothing of boots, and has watchers.
#[derive(Default)]
struct Daemon(Watchers);

impl Answers for Daemon {
    fn answer(&self, _question: &Question) -> Answer {
        Answer::Boots { boots: None }
    }

    fn watch(&self) -> Watching {
        self.0.join()
    }
}

/// A stream to a daemon that waits no longer than this for a question.
fn talking(daemon: &Arc<Daemon>) -> UnixStream {
    let (here, there) = UnixStream::pair().unwrap();
    let daemon = daemon.clone();
    let talk = Talk {
        patience: SHORT,
        sign_of_life: SHORT / 6,
    };
    thread::spawn(move || {
        let _ = talk.reply(there, &*daemon);
    });
    here
}

fn line(stream: impl Read) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

#[test]
fn whoever_asks_wrongly_is_told_why() {
    let good = "{\"ask\":\"boots\",\"client\":\"x\"}\n";
    let long = format!("{}\n", "x".repeat(100_000));
    for (asked, said) in [
        (good, r#"{"answer":"boots","boots":null}"#),
        ("nonsense\n", "expected ident"),
        (&long, "one line of at most 4096 bytes"),
        (&good[..10], "no end of it came within 300ms"),
        ("", "no end of it came within 300ms"),
    ] {
        let mut stream = talking(&Arc::default());
        stream.write_all(asked.as_bytes()).unwrap();
        let answer = line(&stream);
        assert!(answer.contains(said), "{asked:.20}: {answer:?}");
    }
    let mut stream = talking(&Arc::default());
    stream.write_all(&good.as_bytes()[..10]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(line(&stream).contains("EOF while parsing"));
}

/// Each byte comes in time, and the whole never does.
#[test]
fn a_question_byte_by_byte_holds_no_place_for_ever() {
    let mut stream = talking(&Arc::default());
    let begun = Instant::now();
    let heard = stream.try_clone().unwrap();
    let answer = thread::spawn(move || line(heard));
    while !answer.is_finished() && begun.elapsed() < SHORT * 20 {
        let _ = stream.write_all(b" ");
        thread::sleep(SHORT / 10);
    }
    assert!(begun.elapsed() < SHORT * 20, "it waits for ever");
    assert!(answer.join().unwrap().contains("no end of it came"));
}

#[test]
fn whoever_comes_when_all_places_are_taken_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sock");
    let listener = UnixListener::bind(&path).unwrap();
    let daemon: Arc<dyn Answers> = Arc::new(Daemon::default());
    thread::spawn(move || serve(&listener, &daemon));
    let connect = || UnixStream::connect(&path).unwrap();
    let watching: Vec<UnixStream> = (0..64)
        .map(|_| {
            let mut stream = connect();
            stream
                .write_all(b"{\"ask\":\"watch\",\"client\":null}\n")
                .unwrap();
            assert!(line(&stream).contains("watching"));
            stream
        })
        .collect();
    assert!(line(connect()).contains("64 ask or watch already"));
    drop(watching);
}

fn request(client: &str) -> Request {
    Request {
        time_ms: 0,
        at_ms: 0,
        client: client.to_owned(),
        boot: 1,
        server: String::new(),
        name: "x".to_owned(),
        answer: status::Answer::Missing,
        times: 1,
        stage: Stage::Store,
        is_further: false,
        worth: Worth::Unsure,
    }
}

/// Or its reader would take the daemon for dead.
#[test]
fn a_watcher_of_one_client_gets_signs_of_life_while_others_ask() {
    let daemon: Arc<Daemon> = Arc::default();
    let mut stream = talking(&daemon);
    stream
        .write_all(b"{\"ask\":\"watch\",\"client\":\"10.0.0.1\"}\n")
        .unwrap();
    stream.set_read_timeout(Some(SHORT * 10)).unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("watching"));
    let signs = thread::spawn(move || lines.take(3).collect::<Vec<_>>());
    let begun = Instant::now();
    while !signs.is_finished() && begun.elapsed() < SHORT * 10 {
        daemon.0.tell(|| request("10.0.0.2"));
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(signs.join().unwrap(), ["", "", ""]);
}

/// It does not answer, it does again in the middle of a line, and it ends: three things.
#[test]
fn a_daemon_that_is_silent_is_not_taken_for_one_that_has_ended() {
    let (here, mut there) = UnixStream::pair().unwrap();
    here.set_read_timeout(Some(SHORT / 6)).unwrap();
    let mut lines = Lines::new(BufReader::new(here));
    let left_out = "{\"line\":\"left_out\",\"requests\":3}\n";
    there.write_all(&left_out.as_bytes()[..10]).unwrap();
    assert_eq!(lines.next_line().unwrap(), Some(Line::Silent));
    let rest = thread::spawn(move || {
        thread::sleep(SHORT);
        there.write_all(&left_out.as_bytes()[10..]).unwrap();
        there
    });
    let told = lines.next_line().unwrap();
    assert_eq!(told, Some(Line::LeftOut { requests: 3 }), "silent once");
    let there = rest.join().unwrap();
    assert_eq!(lines.next_line().unwrap(), Some(Line::Silent));
    drop(there);
    assert_eq!(lines.next_line().unwrap(), None);
}
