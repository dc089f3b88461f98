//! `status`: what a running daemon does, for people and for programs.

mod text;

use std::path::Path;

use super::ask::{ask, mountpoint};
use super::out::print;
use crate::cli::StatusArgs;
use crate::control::{Answer, Question};
use crate::failure::Failure;
use crate::metrics;
use crate::status::{Boots, Status};

/// More clients than any terminal shows.
const MOST_CLIENTS: usize = 10_000;

pub(super) fn run(file: Option<&Path>, args: &StatusArgs) -> Result<(), Failure> {
    let mountpoint = mountpoint("status", file, args.mountpoint.as_deref())?;
    match &args.client {
        Some(client) => {
            let boots = boots(&mountpoint, client)?;
            print(&match args.json {
                true => json(&boots)?,
                false => text::boots(&boots),
            })
        }
        None => {
            let status = status(&mountpoint)?;
            print(&match (args.json, args.prometheus) {
                (true, _) => json(&status)?,
                (_, true) => metrics::text(&status),
                _ => text::status(&status),
            })
        }
    }
}

fn status(mountpoint: &Path) -> Result<Status, Failure> {
    let question = Question::Status {
        most_clients: MOST_CLIENTS,
    };
    match ask(mountpoint, &question)? {
        Answer::Status(status) => Ok(*status),
        _ => Err(other_answer()),
    }
}

fn boots(mountpoint: &Path, client: &str) -> Result<Boots, Failure> {
    let question = Question::Boots {
        client: client.to_owned(),
    };
    match ask(mountpoint, &question)? {
        Answer::Boots { boots: Some(boots) } => Ok(*boots),
        Answer::Boots { boots: None } => Err(Failure::Failed(format!(
            "{client} has asked for nothing, as far as is known\n  see who has: winbootfs status"
        ))),
        _ => Err(other_answer()),
    }
}

fn other_answer() -> Failure {
    Failure::Failed(
        "the daemon answers something else than it was asked\n  is it of this version? Restart it: \
         systemctl restart winbootfs"
            .to_owned(),
    )
}

fn json(what: &impl serde::Serialize) -> Result<String, Failure> {
    let json = serde_json::to_string_pretty(what);
    let json = json.map_err(|error| Failure::Failed(format!("cannot print it: {error}")))?;
    Ok(json + "\n")
}
