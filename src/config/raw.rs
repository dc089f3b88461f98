//! The shape of the file as TOML has it, and the way from there to a [`Config`].
//!
//! Everything that can be wrong without looking at the disk is found here.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnet::{IpNet, Ipv4Net};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::{
    AliasSpec, Config, ImageName, ImageSpec, Located, OwnerSpec, Problem, RuleSpec,
    line_and_column, single,
};
use crate::address::Address;
use crate::name;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    mountpoint: Option<Spanned<PathBuf>>,
    base: Option<Spanned<PathBuf>>,
    default: Option<Spanned<String>>,
    owner: Option<Spanned<String>>,
    #[serde(default)]
    image: BTreeMap<Spanned<String>, RawImage>,
    #[serde(default)]
    client: Vec<RawRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with a source")]
struct RawImage {
    source: Spanned<OneOrMany>,
    #[serde(default)]
    alias: BTreeMap<Spanned<String>, Spanned<RawTarget>>,
    #[serde(default)]
    poll: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    #[serde(rename = "match")]
    matches: Spanned<OneOrMany>,
    image: Spanned<String>,
}

/// `"one"` or `["several", "texts"]`. Not an untagged enum: that would lose the places of
/// the texts.
enum OneOrMany {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text or a list of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<OneOrMany, E> {
        Ok(OneOrMany::One(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, texts: A) -> Result<OneOrMany, A::Error> {
        let texts = Deserialize::deserialize(SeqAccessDeserializer::new(texts))?;
        Ok(OneOrMany::Many(texts))
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of a file of the image, or false"
)]
enum RawTarget {
    File(String),
    Switch(bool),
}

/// Walks through the file once and collects every problem.
pub(super) struct Checker<'a> {
    text: &'a str,
    file: &'a Path,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(text: &'a str, file: &'a Path) -> Self {
        Self {
            text,
            file,
            problems: Vec::new(),
        }
    }

    /// The configuration; worth something only when there are no problems.
    pub(super) fn config(&mut self) -> Option<Config> {
        let raw: RawConfig = match toml::from_str(self.text) {
            Ok(raw) => raw,
            Err(error) => {
                self.not_toml(&error);
                return None;
            }
        };
        let images = self.images(raw.image);
        let rules = self.rules(raw.client, &images);
        self.rules_that_cannot_win(&rules);
        let default = raw
            .default
            .and_then(|name| self.known_image(&name, &images));
        Some(Config {
            file: self.file.to_owned(),
            mountpoint: raw.mountpoint.and_then(|path| self.path(&path)),
            base: raw.base.and_then(|path| self.path(&path)),
            default,
            owner: raw.owner.and_then(|owner| self.owner(&owner)),
            images,
            rules,
        })
    }

    fn problem<T>(&mut self, at: &Spanned<T>, what: String, next: impl Into<String>) {
        let (line, column) = line_and_column(self.text, Some(at.span()));
        let next = next.into();
        self.problems.push(Problem {
            line,
            column,
            what,
            next,
        });
    }

    fn located<T, U>(&self, at: &Spanned<T>, value: U) -> Located<U> {
        let (line, column) = line_and_column(self.text, Some(at.span()));
        Located {
            value,
            line,
            column,
        }
    }

    fn not_toml(&mut self, error: &toml::de::Error) {
        let (line, column) = line_and_column(self.text, error.span());
        let message = error.message();
        let (what, next) = match message.strip_prefix("unknown field ") {
            Some(rest) => {
                let (key, known) = rest.split_once(", expected ").unwrap_or((rest, ""));
                (format!("unknown key {key}"), format!("known here: {known}"))
            }
            None => (
                message.lines().collect::<Vec<_>>().join(" "),
                "see the form of the file: winbootfs mount --help".to_owned(),
            ),
        };
        self.problems.push(Problem {
            line,
            column,
            what,
            next,
        });
    }

    fn path(&mut self, path: &Spanned<PathBuf>) -> Option<Located<PathBuf>> {
        if path.as_ref().as_os_str().is_empty() {
            self.problem(path, "an empty path".to_owned(), "write a folder");
            return None;
        }
        Some(self.located(path, self.beside_the_file(path.as_ref())))
    }

    fn beside_the_file(&self, path: &Path) -> PathBuf {
        self.file
            .parent()
            .map_or(path.to_owned(), |folder| folder.join(path))
    }

    fn owner(&mut self, text: &Spanned<String>) -> Option<Located<OwnerSpec>> {
        let (user, group) = match text.as_ref().split_once(':') {
            Some((user, group)) => (user, Some(group.to_owned())),
            None => (text.as_ref().as_str(), None),
        };
        if user.is_empty() || group.as_deref() == Some("") {
            let missing = if user.is_empty() { "user" } else { "group" };
            let what = format!("owner {:?} names no {missing}", text.as_ref());
            self.problem(text, what, "write \"user\", \"user:group\" or \"0:0\"");
            return None;
        }
        let user = user.to_owned();
        Some(self.located(text, OwnerSpec { user, group }))
    }

    fn images(&mut self, raw: BTreeMap<Spanned<String>, RawImage>) -> Vec<ImageSpec> {
        let mut raw: Vec<_> = raw.into_iter().collect();
        raw.sort_by_key(|(name, _)| name.span().start);
        let mut images: Vec<ImageSpec> = Vec::new();
        for (name, raw) in raw {
            if let Some(image) = self.image(&name, raw) {
                self.alike_images(&name, &image, &images);
                images.push(image);
            }
        }
        images
    }

    fn image(&mut self, name: &Spanned<String>, raw: RawImage) -> Option<ImageSpec> {
        let checked = match ImageName::new(name.as_ref()) {
            Ok(checked) => self.located(name, checked),
            Err(why) => {
                let what = format!("image name {:?} {why}", name.as_ref());
                self.problem(name, what, "use letters, digits, dots and dashes");
                return None;
            }
        };
        Some(ImageSpec {
            sources: self.sources(name, raw.source),
            aliases: self.aliases(raw.alias),
            name: checked,
            poll: raw.poll,
        })
    }

    /// Two images whose names differ in case only would answer to the same requests.
    fn alike_images(&mut self, at: &Spanned<String>, image: &ImageSpec, before: &[ImageSpec]) {
        let alike = |other: &&ImageSpec| other.name.folded() == image.name.folded();
        if let Some(other) = before.iter().find(alike) {
            let (other, line) = (&*other.name.value, other.name.line);
            let what = format!(
                "image {:?} has the same name as {other:?} (line {line}): case does not count",
                at.as_ref()
            );
            self.problem(at, what, "give one of them another name");
        }
    }

    fn sources(
        &mut self,
        image: &Spanned<String>,
        raw: Spanned<OneOrMany>,
    ) -> Vec<Located<PathBuf>> {
        let listed = many(raw);
        if listed.is_empty() {
            let what = format!("image {:?} has no source", image.as_ref());
            self.problem(image, what, "add one: source = \"/srv/winpe/rescue\"");
        }
        listed
            .into_iter()
            .filter_map(|source| {
                let span = source.span();
                self.path(&Spanned::new(span, PathBuf::from(source.into_inner())))
            })
            .collect()
    }

    fn aliases(
        &mut self,
        raw: BTreeMap<Spanned<String>, Spanned<RawTarget>>,
    ) -> Vec<Located<AliasSpec>> {
        let mut raw: Vec<_> = raw.into_iter().collect();
        raw.sort_by_key(|(name, _)| name.span().start);
        let mut aliases = Vec::new();
        for (name, target) in raw {
            self.alike_aliases(&name, &aliases);
            let target = match target.into_inner() {
                RawTarget::File(target) => Some(target),
                RawTarget::Switch(false) => None,
                RawTarget::Switch(true) => {
                    let what = format!("alias {:?} = true says nothing", name.as_ref());
                    self.problem(
                        &name,
                        what,
                        "write the file it stands for, or false to switch it off",
                    );
                    continue;
                }
            };
            if self.alias_is_sound(&name, target.as_deref()) {
                let spec = AliasSpec {
                    name: name.as_ref().clone(),
                    target,
                };
                aliases.push(self.located(&name, spec));
            }
        }
        aliases
    }

    /// Of two aliases of one name the second would silently take the place of the first.
    fn alike_aliases(&mut self, at: &Spanned<String>, before: &[Located<AliasSpec>]) {
        let name = folded_parts(at.as_ref());
        let alike = |other: &&Located<AliasSpec>| folded_parts(&other.name) == name;
        if let Some(other) = before.iter().find(alike) {
            let (shown, line) = (&other.name, other.line);
            let what = format!(
                "alias {:?} is the same name as {shown:?} (line {line})",
                at.as_ref()
            );
            self.problem(at, what, "keep one of the two");
        }
    }

    fn alias_is_sound(&mut self, name: &Spanned<String>, target: Option<&str>) -> bool {
        for path in [Some(name.as_ref().as_str()), target].into_iter().flatten() {
            let what = match name::parts(path.as_bytes()) {
                Ok(parts) if parts.is_empty() => format!("alias path {path:?} is empty"),
                Ok(_) => continue,
                Err(why) => format!("alias path {path:?}: {why}"),
            };
            self.problem(
                name,
                what,
                "write paths inside the image, such as \"Boot/BCD\"",
            );
            return false;
        }
        let inside = |target: &str| folded_parts(name.as_ref()).starts_with(&folded_parts(target));
        if target.is_some_and(inside) {
            let what = format!(
                "alias {:?} would lie inside what it stands for",
                name.as_ref()
            );
            self.problem(
                name,
                what,
                "a folder cannot contain itself; name another target",
            );
            return false;
        }
        true
    }

    fn rules(&mut self, raw: Vec<RawRule>, images: &[ImageSpec]) -> Vec<RuleSpec> {
        raw.into_iter()
            .filter_map(|rule| {
                let image = self.known_image(&rule.image, images);
                let at = rule.matches.span();
                let listed = many(rule.matches);
                if listed.is_empty() {
                    let what = "a client rule that matches nobody".to_owned();
                    self.problem(
                        &Spanned::new(at, ()),
                        what,
                        "add an address: match = \"10.0.7.0/24\"",
                    );
                }
                let matches = listed.iter().filter_map(|text| self.network(text));
                let matches = matches.collect();
                let image = image?;
                Some(RuleSpec { matches, image })
            })
            .collect()
    }

    fn known_image(
        &mut self,
        name: &Spanned<String>,
        images: &[ImageSpec],
    ) -> Option<Located<ImageName>> {
        let wanted = name::fold(name.as_ref().as_bytes());
        if let Some(image) = images.iter().find(|image| image.name.folded() == wanted) {
            return Some(self.located(name, image.name.value.clone()));
        }
        let known: Vec<String> = images
            .iter()
            .map(|image| format!("{:?}", &*image.name.value))
            .collect();
        let next = match known.is_empty() {
            true => format!("add it: [image.{}] with a source", name.as_ref()),
            false => format!("known images: {}", known.join(", ")),
        };
        self.problem(name, format!("unknown image {:?}", name.as_ref()), next);
        None
    }

    fn network(&mut self, text: &Spanned<String>) -> Option<Located<IpNet>> {
        let written = text.as_ref().as_str();
        match network(written) {
            Ok(network) => Some(self.located(text, network)),
            Err((what, next)) => {
                self.problem(text, what, next);
                None
            }
        }
    }

    /// A network that stands twice, or whose every address is matched by a longer prefix
    /// elsewhere, never decides anything: its author believes something else.
    fn rules_that_cannot_win(&mut self, rules: &[RuleSpec]) {
        let mut seen: HashMap<IpNet, (usize, &ImageName)> = HashMap::new();
        for rule in rules {
            for network in &rule.matches {
                let image = &rule.image.value;
                match seen.get(&network.value) {
                    Some((line, other)) => self.said_twice(network, *line, image == *other),
                    None => _ = seen.insert(network.value, (network.line, image)),
                }
            }
        }
        let all: Vec<&Located<IpNet>> = rules.iter().flat_map(|rule| &rule.matches).collect();
        for network in &all {
            if covered_by_longer(network, &all) {
                self.never_wins(network);
            }
        }
    }

    fn said_twice(&mut self, network: &Located<IpNet>, line: usize, same_image: bool) {
        let net = network.value;
        self.problems.push(Problem {
            line: network.line,
            column: network.column,
            what: match same_image {
                true => format!("{net} is matched twice, first on line {line}"),
                false => format!("this rule for {net} can never win: line {line} has it already"),
            },
            next: "keep one of the two".to_owned(),
        });
    }

    fn never_wins(&mut self, network: &Located<IpNet>) {
        self.problems.push(Problem {
            line: network.line,
            column: network.column,
            what: format!(
                "this rule for {} can never win: longer prefixes match all of its addresses",
                network.value
            ),
            next: "remove it, or one of the longer ones".to_owned(),
        });
    }
}

fn many(raw: Spanned<OneOrMany>) -> Vec<Spanned<String>> {
    let span = raw.span();
    match raw.into_inner() {
        OneOrMany::One(one) => vec![Spanned::new(span, one)],
        OneOrMany::Many(many) => many,
    }
}

fn folded_parts(path: &str) -> Vec<name::Folded> {
    let parts = name::parts(path.as_bytes()).unwrap_or_default();
    parts.into_iter().map(name::fold).collect()
}

fn covered_by_longer(network: &IpNet, all: &[&Located<IpNet>]) -> bool {
    let longer = |other: &&&Located<IpNet>| {
        network.contains(&other.value) && other.prefix_len() > network.prefix_len()
    };
    let longer: Vec<IpNet> = all.iter().filter(longer).map(|net| net.value).collect();
    IpNet::aggregate(&longer).contains(network)
}

/// Reads an address or a CIDR, or says what is wrong and what to write.
fn network(text: &str) -> Result<IpNet, (String, String)> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(single(address));
    }
    if let Some(Address::Mac(_)) = Address::parse(text.as_bytes()) {
        let what = format!("{text:?} is a MAC address, and this version matches IP addresses");
        return Err((what, "write the client's address or subnet".to_owned()));
    }
    let network: IpNet = text.parse().map_err(|_| {
        let what = format!("{text:?} is neither an address nor a subnet");
        (
            what,
            "write \"10.0.7.5\", \"10.0.7.0/24\" or \"fd00::/64\"".to_owned(),
        )
    })?;
    if network.trunc() != network {
        let what = format!("{text:?} has bits set behind its prefix");
        return Err((
            what,
            format!(
                "did you mean {:?} or {:?}?",
                network.trunc().to_string(),
                network.addr().to_string()
            ),
        ));
    }
    Ok(plain(network))
}

/// `::ffff:10.0.0.0/120` means `10.0.0.0/24`: clients are compared in plain form.
fn plain(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else {
        return network;
    };
    let address = mapped.addr().to_ipv4_mapped();
    let prefix = mapped.prefix_len().checked_sub(96);
    match (address, prefix) {
        (Some(address), Some(prefix)) => Ipv4Net::new(address, prefix).map_or(network, IpNet::V4),
        _ => network,
    }
}
