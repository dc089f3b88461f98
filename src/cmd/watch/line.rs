//! One request as one line.

use std::time::{Duration, UNIX_EPOCH};

use crate::journal::progress::Worth;
use crate::status::{Answer, How, Request};

/// With the time of day (UTC) and the client.
pub(in crate::cmd) fn live(request: &Request, is_coloured: bool) -> String {
    let time = UNIX_EPOCH.checked_add(Duration::from_millis(request.time_ms));
    let time = humantime::format_rfc3339_millis(time.unwrap_or(UNIX_EPOCH)).to_string();
    let time = time.get(11..23).unwrap_or_default();
    let line = format!("{time}  {}  {}", request.client, in_boot(request));
    match (is_coloured, colour(request)) {
        (true, Some(colour)) => format!("\x1b[{colour}m{line}\x1b[0m"),
        _ => line,
    }
}

/// Without, for those that stand below their boot.
pub(in crate::cmd) fn in_boot(request: &Request) -> String {
    let seconds = Duration::from_millis(request.at_ms).as_secs_f64();
    let times = match request.times {
        1 => String::new(),
        times => format!(" ({times} times)"),
    };
    let stage = match request.is_further {
        true => format!("  [{}]", request.stage),
        false => String::new(),
    };
    format!(
        "{seconds:>8.3} s  {:<7}  {}{times}{}{stage}",
        word(request),
        request.name,
        behind(&request.answer)
    )
}

fn word(request: &Request) -> &'static str {
    match (&request.answer, request.worth) {
        (
            Answer::Opened {
                broken: Some(_), ..
            },
            _,
        ) => "BROKEN",
        (Answer::Opened { open_ms: None, .. }, _) => "opened",
        (Answer::Opened { .. }, _) => "closed",
        (Answer::Refused { .. }, _) => "refused",
        (Answer::Missing, Worth::Fatal) => "MISSING",
        (Answer::Missing, _) => "missing",
    }
}

/// What is behind the name.
fn behind(answer: &Answer) -> String {
    match answer {
        Answer::Missing => String::new(),
        Answer::Refused { why } => format!("  ({why})"),
        Answer::Opened {
            image,
            source,
            path,
            size,
            how,
            made,
            read,
            open_ms,
            broken,
        } => {
            let image = image.as_deref().unwrap_or("base");
            let file = match (how, made) {
                (_, Some(made)) => made.clone(),
                (How::Alias, None) => format!("{source}/{path} (by an alias)"),
                (_, None) => format!("{source}/{path}"),
            };
            let read = read.map_or_else(String::new, |read| format!(", {read} read"));
            let open = open_ms.map_or_else(String::new, |ms| format!(", open for {ms} ms"));
            let broken = broken.iter().map(|why| format!(" ({why})"));
            let broken: String = broken.collect();
            format!("  -> {image}: {file}, {size} bytes{read}{open}{broken}")
        }
    }
}

/// Red for what ends the boot, yellow for what perhaps does, green for what brings it further.
fn colour(request: &Request) -> Option<u8> {
    match (&request.answer, request.worth, request.is_further) {
        (_, Worth::Fatal, _)
        | (
            Answer::Opened {
                broken: Some(_), ..
            },
            ..,
        ) => Some(31),
        (Answer::Refused { .. }, _, _) | (_, Worth::Unsure, _) => Some(33),
        (_, _, true) => Some(32),
        (Answer::Missing, Worth::Normal, _) => Some(2),
        _ => None,
    }
}
