//! `resolve`: the way of one name, step by step, as the mount would go it.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Named, open};
use crate::address::Address;
use crate::catalog::Catalog;
use crate::choice::Because;
use crate::cli::ResolveArgs;
use crate::error::Error;
use crate::failure::Failure;
use crate::name::{self, visible};
use crate::tree::{Attributes, Place, Walker};

pub(super) fn run(file: Option<&Path>, args: &ResolveArgs) -> Result<(), Failure> {
    let client = Named::new(args.client.as_deref())?;
    let catalog = open(file)?;
    let name = args.name.as_bytes();
    let start = client.0.map_or(Place::Caller, Place::Client);
    print_decision(&catalog, client.0.as_ref());
    let walker = Walker::new(catalog, &client);
    let parts = name::parts(name).map_err(|error| failed(name, &error.into()))?;
    let shown: Vec<String> = parts.iter().map(|part| visible(part)).collect();
    println!("name     {} -> [{}]", visible(name), shown.join("] ["));
    print_steps(&walker, &start, &parts);
    match walker.find(&start, name).found {
        Ok((place, attributes)) => {
            println!("answer   {}", describe(&place, &attributes));
            Ok(())
        }
        Err(error) => Err(failed(name, &error)),
    }
}

fn print_decision(catalog: &Catalog, client: Option<&Address>) {
    let choice = catalog.choice();
    let decision = client.map_or_else(|| choice.by_default(), |client| choice.decide(client));
    let file = catalog.config().file.display();
    let because = match decision.because {
        Because::Rule(network, line) => format!("{network}, {file}:{line}"),
        Because::Default => "no rule matches: the default image".to_owned(),
        Because::Nothing => "no rule matches, and there is no default image".to_owned(),
    };
    let client = client.map_or("unknown".to_owned(), Address::to_string);
    let image = decision
        .image
        .map_or("none, only the base".to_owned(), |image| image.to_string());
    println!("client   {client}\nrule     {because}\nimage    {image}");
}

fn print_steps(walker: &Walker<'_>, start: &Place, parts: &[&[u8]]) {
    for (at, part) in parts.iter().enumerate() {
        let way = parts.get(..=at).unwrap_or_default();
        let found = match walker.walk(start, way).found {
            Ok((place, attributes)) => describe(&place, &attributes),
            Err(error) => error.to_string(),
        };
        println!("step     {}: {found}", visible(part));
    }
}

fn describe(place: &Place, attributes: &Attributes) -> String {
    match place {
        Place::Caller => "the view of whoever asks".to_owned(),
        Place::Images => "all images".to_owned(),
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

fn failed(name: &[u8], error: &Error) -> Failure {
    Failure::Failed(format!(
        "{}: {error}\n  see what there is: winbootfs tree, or what is missing: winbootfs check",
        visible(name)
    ))
}
