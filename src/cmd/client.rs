//! `client`: rules for single clients, as files in `clients.d/`. No daemon is asked; a
//! running one sees the files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::config_file;
use super::out::say;
use crate::cards::Cards;
use crate::choice::{Because, Choice, Ruling};
use crate::cli::{ClientClearArgs, ClientCommand, ClientSetArgs};
use crate::client::{Client, Macs};
use crate::config::dropped::{self, DroppedRule};
use crate::config::{Config, ImageName, Match};
use crate::failure::Failure;

pub(super) fn run(file: Option<&Path>, command: &ClientCommand) -> Result<(), Failure> {
    let config = Config::read(&config_file(file))?;
    let mut folder = dropped::Folder::beside(&config.file);
    folder.read(&config);
    match command {
        ClientCommand::Set(args) => set(&config, &mut folder, args),
        ClientCommand::List => list(&folder),
        ClientCommand::Clear(args) => clear(&folder, args),
    }
}

fn set(config: &Config, folder: &mut dropped::Folder, args: &ClientSetArgs) -> Result<(), Failure> {
    let matched = matched(&args.address)?;
    if args.once && matched.single().is_none() {
        return Err(Failure::Usage(format!(
            "{matched} is more than one client, and --once is for one\n  name its address or MAC"
        )));
    }
    let image = image(config, &args.image)?;
    let until = args.lasting.map(|time| SystemTime::now() + time);
    let file = dropped::write(folder.path(), &matched, &image, until, args.once)
        .map_err(|error| cannot("write", folder.path(), &error))?;
    say!("{matched} gets {image}{}", ending(until, args.once))?;
    folder.read(config);
    let wrong = folder.problems();
    if let Some(problems) = wrong.iter().find(|problems| problems.file == file) {
        return Err(Failure::Failed(problems.to_string()));
    }
    match before(config, folder, &matched) {
        Some((mac, rule)) => say!(
            "  but {matched} is {mac} at present, and its own rule comes first: {} ({})\n  \
             to set that: winbootfs client set {mac} {:?}",
            rule.image(),
            Because::Rule(rule.clone()),
            &*image
        ),
        None => Ok(()),
    }
}

/// The rule that comes before one for this address: that of the card which has it now.
fn before(
    config: &Config,
    folder: &dropped::Folder,
    matched: &Match,
) -> Option<(Match, Arc<Ruling>)> {
    let choice = Choice::new(config, &folder.rules());
    let client = matched.single().map(|address| Client::at(&address))?;
    if client.mac.is_some() || !choice.matches_macs() {
        return None;
    }
    let client = client.with_mac(|ip| Cards::new(config).mac_of(ip));
    let rule = choice.rule(&client, SystemTime::now())?;
    matches!(rule.matched, Match::Mac(_)).then(|| (rule.matched, rule))
}

fn list(folder: &dropped::Folder) -> Result<(), Failure> {
    let rules = folder.rules();
    for dropped in &rules {
        for matched in &dropped.rule.matches {
            let (image, file) = (&*dropped.rule.image, dropped.file.display());
            let ending = ending(dropped.rule.until, dropped.rule.once.is_some());
            say!("{} gets {image}{ending}  ({file})", matched.value)?;
        }
    }
    if rules.is_empty() {
        say!("nothing is set in {}", folder.path().display())?;
    }
    match folder.problems().as_slice() {
        [] => Ok(()),
        problems => {
            let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Err(Failure::Failed(said.join("\n")))
        }
    }
}

fn clear(folder: &dropped::Folder, args: &ClientClearArgs) -> Result<(), Failure> {
    let rules = folder.rules();
    let files: Vec<PathBuf> = match args.addresses.as_slice() {
        [] => rules
            .iter()
            .map(|dropped| dropped.file.to_path_buf())
            .filter(|file| args.all || is_over(file, &rules))
            .collect(),
        addresses => addresses
            .iter()
            .map(|address| file_of(&rules, address, folder.path()))
            .collect::<Result<_, _>>()?,
    };
    for file in &files {
        match fs::remove_file(file) {
            Ok(()) => say!("removed {}", file.display())?,
            // One file may have held several of them.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(cannot("remove", file, &error)),
        }
    }
    if files.is_empty() {
        say!("nothing to remove in {}", folder.path().display())?;
    }
    Ok(())
}

/// The file that holds the rule for a client, and nothing else.
fn file_of(rules: &[DroppedRule], address: &str, folder: &Path) -> Result<PathBuf, Failure> {
    let wanted = matched(address)?;
    let matches = |dropped: &DroppedRule| {
        let mut matches = dropped.rule.matches.iter();
        matches.any(|matched| matched.value == wanted)
    };
    let Some(found) = rules.iter().find(|dropped| matches(dropped)) else {
        return Err(Failure::Failed(format!(
            "nothing is set for {wanted} in {}\n  see what is: winbootfs client list",
            folder.display()
        )));
    };
    let others = rules.iter().filter(|dropped| dropped.file == found.file);
    let count: usize = others.map(|dropped| dropped.rule.matches.len()).sum();
    match count {
        1 => Ok(found.file.to_path_buf()),
        _ => Err(Failure::Failed(format!(
            "{wanted} shares its file with other clients\n  take it out there: {}",
            found.file.display()
        ))),
    }
}

/// Whether the time of every rule in a file is over.
fn is_over(file: &Path, rules: &[DroppedRule]) -> bool {
    let mut inside = rules.iter().filter(|dropped| &*dropped.file == file);
    inside.all(|dropped| {
        let until = dropped.rule.until;
        until.is_some_and(|until| until <= SystemTime::now())
    })
}

fn matched(text: &str) -> Result<Match, Failure> {
    Match::parse(text).map_err(|(what, next)| Failure::Usage(format!("{what}\n  {next}")))
}

fn image(config: &Config, text: &str) -> Result<ImageName, Failure> {
    let wanted = crate::name::fold(text.as_bytes());
    let mut images = config.images.iter();
    if let Some(image) = images.find(|image| image.name.folded() == wanted) {
        return Ok(image.name.value.clone());
    }
    let known: Vec<&str> = config.images.iter().map(|image| &**image.name).collect();
    Err(Failure::Usage(format!(
        "no image is named {text:?}\n  known images: {}",
        known.join(", ")
    )))
}

fn ending(until: Option<SystemTime>, once: bool) -> String {
    let until = until.map(|until| {
        let over = if until <= SystemTime::now() {
            " (over)"
        } else {
            ""
        };
        format!(", until {}{over}", humantime::format_rfc3339_seconds(until))
    });
    let once = if once { ", once" } else { "" };
    until.unwrap_or_default() + once
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::Failed(format!(
        "cannot {what} {}: {error}\n  look at its permissions: ls -ld {0}",
        path.display()
    ))
}
