//! `resolve`: the way of one name, step by step, as the mount would go it.

use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;

use super::out::say;
use super::{Opened, address, open};
use crate::address::Address;
use crate::cli::ResolveArgs;
use crate::client::Client;
use crate::config::ImageName;
use crate::control::{self, Answer, Question};
use crate::error::Error;
use crate::failure::Failure;
use crate::name::{self, visible};
use crate::program::Program;
use crate::tree::{Attributes, Place, Walker};

pub(super) fn run(file: Option<&Path>, args: &ResolveArgs) -> Result<(), Failure> {
    let client = address(args.client.as_deref())?;
    let opened = open(file)?;
    let name = args.name.as_bytes();
    let start = client.map_or(Place::Caller, Place::Client);
    let asking = opened.asking(client);
    let walker = opened.walker(&asking);
    print_decision(&opened, &walker, client.as_ref())?;
    let parts = name::parts(name).map_err(|error| failed(name, &error.into()))?;
    let shown: Vec<String> = parts.iter().map(|part| visible(part)).collect();
    say!("name     {} -> [{}]", visible(name), shown.join("] ["))?;
    print_steps(&walker, &start, &parts)?;
    match walker.find(&start, name).found {
        Ok((place, attributes)) => {
            say!("answer   {}", describe(&place, &attributes))?;
            print_store(&place)
        }
        Err(error) => Err(failed(name, &error)),
    }
}

/// What decided, and behind it what else would have.
fn print_decision(
    opened: &Opened,
    walker: &Walker<'_>,
    address: Option<&Address>,
) -> Result<(), Failure> {
    let client = address.map(|address| walker.client(address));
    say!(
        "client   {}",
        client.as_ref().map_or("unknown".to_owned(), shown)
    )?;
    let learnt = client.as_ref().map(|client| learn(opened, client));
    let decisions = match &client {
        Some(client) => walker.decisions(client),
        None => vec![opened.catalog.choice().by_default()],
    };
    for (at, decision) in decisions.iter().enumerate() {
        let image = decision.image.as_deref().unwrap_or("none, only the base");
        match at {
            0 => say!("rule     {}\nimage    {image}", decision.because)?,
            _ => say!("else     {image}, by {}", decision.because)?,
        }
    }
    if let Some(Err(why)) = learnt {
        say!("booted   not known: {why}")?;
    }
    Ok(())
}

/// Learns from the running daemon what this client booted.
fn learn(opened: &Opened, client: &Client) -> Result<(), String> {
    let config = opened.catalog.config();
    let mountpoint = config.mountpoint.as_ref();
    let mountpoint = mountpoint.ok_or("no mountpoint is configured")?;
    let client_key = client.key().map_or_else(String::new, |key| key.to_string());
    let asked = Question::Booted { client: client_key };
    match control::ask(mountpoint, &asked) {
        Ok(Answer::Booted {
            image,
            firmware: Some(firmware),
            program,
            ..
        }) => {
            let image = image.and_then(|image| ImageName::new(&image).ok());
            let path = program.map(Into::into);
            let program = Program { firmware, path };
            let (now, idle) = (Instant::now(), config.follow_idle);
            opened
                .boots
                .opened(client, &program, image.as_ref(), now, idle);
            Ok(())
        }
        Ok(Answer::Booted { .. }) => Ok(()),
        Ok(Answer::Wrong { why }) => Err(why),
        Ok(_) => Err("the daemon answers something else than it was asked".to_owned()),
        Err(error) => Err(match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                format!("no winbootfs runs on {}", mountpoint.display())
            }
            _ => format!("winbootfs cannot be asked: {error}"),
        }),
    }
}

fn shown(client: &Client) -> String {
    match (client.ip, client.mac) {
        (Some(ip), Some(mac)) => format!("{ip}, {}", Address::Mac(mac)),
        _ => client
            .key()
            .map_or("unknown".to_owned(), |key| key.to_string()),
    }
}

fn print_steps(walker: &Walker<'_>, start: &Place, parts: &[&[u8]]) -> Result<(), Failure> {
    for (at, part) in parts.iter().enumerate() {
        let way = parts.get(..=at).unwrap_or_default();
        let found = match walker.walk(start, way).found {
            Ok((place, attributes)) => describe(&place, &attributes),
            Err(error) => error.to_string(),
        };
        say!("step     {}: {found}", visible(part))?;
    }
    Ok(())
}

fn describe(place: &Place, attributes: &Attributes) -> String {
    match place {
        Place::Caller => "the view of whoever asks".to_owned(),
        Place::Images(_) => "all images".to_owned(),
        Place::Clients => "all clients".to_owned(),
        Place::Client(address) => format!("the view of client {address}"),
        Place::Folder(sight, _) => match &sight.image {
            Some(image) => format!("a folder of image {image}"),
            None => "a folder of the base".to_owned(),
        },
        Place::File(file) => {
            let path = visible(file.path().as_bytes());
            let by = if file.aliased { " (by an alias)" } else { "" };
            format!("{}/{path}{by}, {} bytes", file.source(), attributes.size)
        }
    }
}

/// Why this boot configuration and no other.
fn print_store(place: &Place) -> Result<(), Failure> {
    if let Place::File(file) = place
        && let Some(why) = file.why()
    {
        say!("store    {why}")?;
    }
    Ok(())
}

fn failed(name: &[u8], error: &Error) -> Failure {
    Failure::Failed(format!(
        "{}: {error}\n  see what there is: winbootfs tree, or what is missing: winbootfs check",
        visible(name)
    ))
}
