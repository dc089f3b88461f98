//! A status in words.

use std::fmt::Write;
use std::time::Duration;

use crate::advice::count;
use crate::cmd::watch::line;
use crate::journal::progress::Stage;
use crate::status::{Boots, Client, Diagnosis, Image, State, Status};

/// Everything, one thing below the other. Writing to a string cannot fail.
pub(super) fn status(status: &Status) -> String {
    let mut text = String::new();
    about(&mut text, status);
    text.push_str("images\n");
    status.images.iter().for_each(|each| image(&mut text, each));
    text.push_str("clients\n");
    if status.clients.is_empty() {
        text.push_str("  none has asked for anything yet\n");
    }
    status
        .clients
        .iter()
        .for_each(|each| client(&mut text, each));
    if status.clients_in_all > status.clients.len() {
        let more = status.clients_in_all - status.clients.len();
        let _ = writeln!(text, "  and {more} more");
    }
    warnings(&mut text, &status.warnings);
    text
}

/// The daemon itself, and what it counts.
fn about(text: &mut String, status: &Status) {
    let running = span(status.running_s * 1000);
    let _ = writeln!(
        text,
        "winbootfs {} on {}, for {running}, process {}",
        status.version, status.mountpoint, status.pid
    );
    let _ = writeln!(text, "reading   {}", status.reading.why);
    let counts = &status.counts;
    let _ = writeln!(
        text,
        "asked     {} names: {} not there, {} refused; {} files opened",
        counts.lookups, counts.misses, counts.undecided, counts.opens
    );
    let _ = writeln!(
        text,
        "boots     {} began, {} got their boot image, {} failed or stopped",
        counts.boots_begun, counts.boots_done, counts.boots_failed
    );
    let _ = writeln!(
        text,
        "held      {} numbers by the kernel; {} requests by the journal, of {} clients",
        counts.nodes, counts.journal_requests, counts.journal_clients
    );
}

/// The boots of one client, request by request.
pub(super) fn boots(boots: &Boots) -> String {
    let mut text = String::new();
    client(&mut text, &boots.client);
    for (at, boot) in boots.boots.iter().enumerate() {
        let which = if at == 0 { "boot" } else { "boot before" };
        let began = Duration::from_millis(boot.began_ms);
        let began = std::time::UNIX_EPOCH.checked_add(began);
        let began = humantime::format_rfc3339_seconds(began.unwrap_or(std::time::UNIX_EPOCH));
        let _ = writeln!(text, "{which} of {began}, as far as {}", boot.stage);
        for request in &boot.requests {
            let _ = writeln!(text, "  {}", line::in_boot(request));
        }
        if boot.left_out > 0 {
            let _ = writeln!(
                text,
                "  ({} requests in the middle are not kept)",
                boot.left_out
            );
        }
    }
    text
}

fn image(text: &mut String, image: &Image) {
    let health = if image.is_healthy() { "ok" } else { "FAULT" };
    let default = if image.is_default {
        ", the default"
    } else {
        ""
    };
    let _ = writeln!(
        text,
        "  {}  {health}, {}{default}",
        image.name,
        count(image.clients, "client")
    );
    for source in &image.sources {
        match &source.fault {
            Some(fault) => {
                let _ = writeln!(text, "    FAULT: {fault}");
            }
            None => {
                let _ = writeln!(text, "    {}: {}", source.label, source.what);
            }
        }
    }
}

fn client(text: &mut String, client: &Client) {
    let image = client.image.as_deref().unwrap_or("only the base");
    let firmware = client.firmware.as_deref();
    let firmware = firmware.map_or_else(String::new, |firmware| format!(", {firmware}"));
    let _ = writeln!(
        text,
        "  {}  {image}{firmware}  {}  {}  ({})",
        client.client,
        stage(client),
        doing(client),
        client.because
    );
    if let Some(diagnosis) = &client.diagnosis {
        explain(text, diagnosis);
    }
}

/// The stage; of a boot image also how much of it is there.
fn stage(client: &Client) -> String {
    let percent = client.boot_image.as_ref().and_then(|image| image.percent());
    match (client.stage, percent) {
        (Stage::Image, Some(percent)) => format!("{} {percent} %", client.stage),
        (stage, _) => stage.to_string(),
    }
}

fn doing(client: &Client) -> String {
    let ago = || format!("{} ago", span(client.silent_ms));
    match client.state {
        State::UnderWay => format!("under way for {}", span(client.age_ms + client.silent_ms)),
        State::Stopped => format!("STOPPED {}", ago()),
        State::Failed => format!("FAILED {}", ago()),
        State::Done => format!("after {}, {}", span(client.age_ms), ago()),
    }
}

fn explain(text: &mut String, diagnosis: &Diagnosis) {
    let _ = writeln!(text, "      {}", diagnosis.what);
    if let Some(screen) = &diagnosis.screen {
        let _ = writeln!(text, "      on the screen: {screen}");
    }
    for hint in &diagnosis.hints {
        let _ = writeln!(text, "      {hint}");
    }
    let _ = writeln!(text, "      {}", diagnosis.next);
}

fn warnings(text: &mut String, warnings: &[String]) {
    if !warnings.is_empty() {
        text.push_str("warnings\n");
    }
    for warning in warnings {
        let _ = writeln!(text, "  {}", warning.replace('\n', "\n    "));
    }
}

/// A time span in its two largest units: `3 s`, `2 min 5 s`, `4 h 12 min`.
fn span(millis: u64) -> String {
    let seconds = millis / 1000;
    match (seconds / 86_400, seconds / 3600, seconds / 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}
