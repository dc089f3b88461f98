//! Requests of the journal as they are passed on.

use std::time::{SystemTime, UNIX_EPOCH};

use super::millis;
use crate::journal::Who;
use crate::journal::boot::Boot;
use crate::journal::entry::{Entry, File, Opened, Outcome};
use crate::journal::news::News;
use crate::journal::progress::{Progress, Stage, Worth};
use crate::name::{Folded, fold, parts, visible};
use crate::status::{Answer, How, Request};

/// A request that has just happened.
pub(super) fn request(news: &News, now: SystemTime) -> Request {
    told(
        &news.who,
        news.boot,
        &news.entry,
        millis_since_1970(now),
        (news.stage, news.is_further, news.worth),
    )
}

/// All requests of a boot. How far it was at each follows from those before.
pub(super) fn requests(who: &Who, boot: &Boot, began: SystemTime) -> Vec<Request> {
    let mut progress = Progress::default();
    let told = |entry: &Entry| {
        let before = progress.stage;
        let worth = step(&mut progress, entry);
        let time = began.checked_add(entry.at).unwrap_or(began);
        let meaning = (progress.stage, progress.stage != before, worth);
        told(who, boot.serial, entry, millis_since_1970(time), meaning)
    };
    boot.entries().map(told).collect()
}

fn step(progress: &mut Progress, entry: &Entry) -> Worth {
    match &entry.outcome {
        Outcome::Missing => progress.missed(entry.part, &entry.name),
        Outcome::Refused(_) => {}
        Outcome::Opened(opened) => {
            progress.opened(entry.part, &entry.name);
            if opened.open_for.is_some() {
                progress.closed(entry.part, opened.is_whole());
            }
        }
    }
    progress.worth(entry.part, &entry.name, &entry.outcome)
}

fn told(
    who: &Who,
    boot: u64,
    entry: &Entry,
    time_ms: u64,
    (stage, is_further, worth): (Stage, bool, Worth),
) -> Request {
    Request {
        time_ms,
        at_ms: millis(entry.at),
        client: who.to_string(),
        boot,
        server: visible(entry.server.as_bytes()),
        name: visible(&entry.name),
        answer: answer(entry),
        times: entry.times,
        stage,
        is_further,
        worth,
    }
}

fn answer(entry: &Entry) -> Answer {
    match &entry.outcome {
        Outcome::Missing => Answer::Missing,
        Outcome::Refused(why) => Answer::Refused {
            why: why.to_string(),
        },
        Outcome::Opened(Opened {
            file,
            read,
            open_for,
            broken,
        }) => Answer::Opened {
            image: file.image.as_ref().map(ToString::to_string),
            source: file.source.to_string(),
            path: visible(&file.path),
            size: file.size,
            how: how(&entry.name, file),
            made: file.made.as_ref().map(ToString::to_string),
            read: *read,
            open_ms: open_for.map(millis),
            broken: broken.as_ref().map(ToString::to_string),
        },
    }
}

/// By the name and the stored path alone, which may be in a folder named after the client.
fn how(name: &[u8], file: &File) -> How {
    if file.made.is_some() {
        return How::Made;
    }
    let asked = parts(name).unwrap_or_default();
    let asked = match asked.as_slice() {
        [first, _, rest @ ..] if fold(first).as_bytes() == b"images" => rest,
        all => all,
    };
    let stored: Vec<&[u8]> = file.path.split(|byte| *byte == b'/').collect();
    let folded = |parts: &[&[u8]]| -> Vec<Folded> { parts.iter().map(|part| fold(part)).collect() };
    match stored.as_slice() {
        stored if stored == asked => How::Exact,
        stored if folded(stored) == folded(asked) => How::Folded,
        [_, below @ ..] if file.image.is_none() && folded(below) == folded(asked) => How::Exact,
        _ => How::Alias,
    }
}

pub(super) fn millis_since_1970(time: SystemTime) -> u64 {
    millis(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}
