//! What the log says of boots: a line for each stage, and at level debug one for each request.
//!
//! Fields have the names that `status --json` has: `client`, `image`, `stage`, `name`.

use std::time::{Duration, Instant};

use crate::journal::Who;
use crate::journal::boot::Boot;
use crate::journal::entry::Outcome;
use crate::journal::news::News;
use crate::journal::progress::{Stage, Worth};
use crate::limit::Limit;
use crate::name::visible;
use crate::status::Diagnosis;

/// How many lines of a kind are written in ...
const MOST: u32 = 50;

/// ... this time.
const WHILE: Duration = Duration::from_secs(1);

/// Writes into the log what happens to boots.
#[derive(Debug)]
pub struct Chronicle {
    requests: Limit,
    stages: Limit,
    ends: Limit,
}

impl Default for Chronicle {
    fn default() -> Self {
        Self {
            requests: Limit::new(MOST, WHILE),
            stages: Limit::new(MOST, WHILE),
            ends: Limit::new(MOST, WHILE),
        }
    }
}

impl Chronicle {
    /// A request came in, or its file was closed.
    pub fn asked(&self, news: &News) {
        let now = Instant::now();
        if tracing::enabled!(tracing::Level::DEBUG)
            && let Some(left_out) = self.requests.pass(now)
        {
            tell_left_out(left_out);
            request(news);
        }
        if news.is_further
            && let Some(left_out) = self.stages.pass(now)
        {
            tell_left_out(left_out);
            stage(news);
        }
    }

    /// Says how many lines were left out, once that is over.
    pub fn tick(&self) {
        let now = Instant::now();
        let limits = [&self.requests, &self.stages, &self.ends];
        tell_left_out(limits.iter().map(|limit| limit.left_out(now)).sum());
    }

    /// A boot has come to an end that is none. Why, is found out only where it is told:
    /// whoever is on the network can make thousands of boots fail.
    pub fn ended(&self, who: &Who, boot: &Boot, why: impl FnOnce() -> Option<Diagnosis>) {
        if let Some(left_out) = self.ends.pass(Instant::now()) {
            tell_left_out(left_out);
            why()
                .iter()
                .for_each(|diagnosis| ended(who, boot, diagnosis));
        }
    }
}

fn ended(who: &Who, boot: &Boot, diagnosis: &Diagnosis) {
    let image = boot.image.as_deref().unwrap_or("none");
    let mut said = format!("{who}: {}", diagnosis.what);
    if let Some(screen) = &diagnosis.screen {
        said.push_str(&format!("\n  on the screen: {screen}"));
    }
    for hint in &diagnosis.hints {
        said.push_str(&format!("\n  {hint}"));
    }
    said.push_str(&format!("\n  {}", diagnosis.next));
    tracing::warn!(client = %who, image, stage = %boot.progress.stage, "{said}");
}

fn tell_left_out(lines: u64) {
    if lines > 0 {
        tracing::warn!(
            lines,
            "{lines} lines about requests were left out: there were too many"
        );
    }
}

fn request(news: &News) {
    let (who, name) = (&news.who, visible(&news.entry.name));
    let (answer, path) = match &news.entry.outcome {
        Outcome::Missing if news.worth == Worth::Fatal => ("missing, and needed", String::new()),
        Outcome::Missing => ("missing", String::new()),
        Outcome::Refused(_) => ("refused", String::new()),
        Outcome::Opened(opened) => {
            let answer = match opened.open_for {
                None => "opened",
                Some(_) => "closed",
            };
            let path = visible(&opened.file.path);
            (answer, format!("{}/{path}", opened.file.source))
        }
    };
    tracing::debug!(
        client = %who, server = %news.entry.server, name, answer, path, stage = %news.stage,
        "{who} {answer}: {name}"
    );
}

fn stage(news: &News) {
    let (who, stage) = (&news.who, news.stage);
    let (name, image) = (visible(&news.entry.name), news.image.as_deref());
    let from = image.map_or_else(String::new, |image| format!(", {image}"));
    let image = image.unwrap_or("none");
    let seconds = news.age.as_secs_f32();
    match stage {
        Stage::Done => tracing::info!(
            client = %who, image, stage = %stage, name,
            "{who}{from}: {name} was handed out, after {seconds:.1} s"
        ),
        _ => tracing::info!(
            client = %who, image, stage = %stage, name, "{who}{from}: {stage} ({name})"
        ),
    }
}
