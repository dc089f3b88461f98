//! What is said while an image is indexed. The clock is the test's.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use winbootfs::source::dir::OwnMount;
use winbootfs::source::iso::{Clock, IsoSource};

use crate::made::{KINDS, MANY, Workshop, plain_files};

/// A log that can be read.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn began() -> Instant {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    *BEGAN.get_or_init(Instant::now)
}

/// Each look at it takes a millisecond.
fn slow() -> Instant {
    static LOOKS: AtomicU64 = AtomicU64::new(0);
    began() + Duration::from_millis(LOOKS.fetch_add(1, Ordering::Relaxed))
}

/// The lines of the log while an image is opened.
fn said(image: &std::path::Path, clock: Clock) -> Vec<String> {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        IsoSource::open_by(image, Arc::new(OwnMount::default()), clock).unwrap();
    });
    let bytes = log.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn what_takes_long_says_every_second_how_far_it_is() {
    let Some(workshop) = Workshop::new() else {
        return;
    };
    let folder = workshop.folder("files", &plain_files());
    for kind in KINDS {
        let image = workshop.image(kind, &folder);
        let line = |thousand| format!("INFO indexing {}: {thousand},000 entries", image.display());
        let wanted: Vec<_> = (1..=MANY / 1000).map(line).collect();
        assert_eq!(said(&image, slow), wanted, "{kind}");
        assert_eq!(said(&image, began), [""; 0], "{kind}, and no time goes by");
    }
}
