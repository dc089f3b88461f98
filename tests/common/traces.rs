//! Boots that were seen: `tests/traces/*.toml`, see the README there.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use winbootfs::journal::progress::Stage;

/// How many traces there are. A number on purpose: a loop over no files proves nothing.
pub(crate) const TRACES: usize = 52;
/// How many questions they hold together.
pub(crate) const QUESTIONS: usize = 654;

/// One boot that was seen. The fields up to `note` speak in failure messages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trace {
    #[serde(skip)]
    pub(crate) name: String,
    firmware: Firmware,
    boot_manager: Option<String>,
    evidence: Evidence,
    seen_behind: Option<String>,
    note: Option<String>,
    pub(crate) ends: Ends,
    pub(crate) lacks: Option<String>,
    pub(crate) screen: Option<String>,
    #[serde(default)]
    pub(crate) site: Vec<String>,
    pub(crate) ask: Vec<Question>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Firmware {
    BiosPxe,
    UefiPxe,
    UefiHttp,
    Ipxe,
    Memdisk,
    Rom,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Evidence {
    Wire,
    #[serde(rename = "server log")]
    ServerLog,
    Document,
    Derived,
}

/// What became of the boot.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ends {
    Done,
    Lost,
    Stops,
    Waits,
    Cut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Tftp,
    Http,
}

/// What an answer is worth to the boot that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    Needed,
    Optional,
    Absent,
    Damaged,
}

/// What that one server had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Had {
    Ok,
    Missing,
    Unknown,
}

/// What a boot lacks from a line on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    Lost,
    Itself,
    Unsure,
    Found,
}

/// One line.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct Question {
    pub(crate) protocol: Protocol,
    pub(crate) name: String,
    pub(crate) worth: Worth,
    pub(crate) had: Had,
    /// How far the boot is from here on, if that is news.
    pub(crate) stage: Option<Stage>,
    /// What it lacks from here on, if that is news.
    pub(crate) lack: Option<Lack>,
}

impl TryFrom<Vec<String>> for Question {
    type Error = String;

    fn try_from(fields: Vec<String>) -> Result<Self, String> {
        let (protocol, name, worth, had, news) = match fields.as_slice() {
            [protocol, name, worth, had] => (protocol, name, worth, had, ""),
            [protocol, name, worth, had, news] => (protocol, name, worth, had, news.as_str()),
            _ => return Err(format!("four fields or five, not {fields:?}")),
        };
        let mut question = Self {
            protocol: word(&PROTOCOLS, protocol)?,
            name: name.clone(),
            worth: word(&WORTHS, worth)?,
            had: word(&ANSWERS, had)?,
            stage: None,
            lack: None,
        };
        for news in news.split_whitespace() {
            match word(&STAGES, news) {
                Ok(stage) => question.stage = Some(stage),
                Err(_) => question.lack = Some(word(&LACKS, news)?),
            }
        }
        Ok(question)
    }
}

const PROTOCOLS: [(&str, Protocol); 2] = [("tftp", Protocol::Tftp), ("http", Protocol::Http)];

const WORTHS: [(&str, Worth); 4] = [
    ("needed", Worth::Needed),
    ("optional", Worth::Optional),
    ("absent", Worth::Absent),
    ("damaged", Worth::Damaged),
];

const ANSWERS: [(&str, Had); 3] = [
    ("ok", Had::Ok),
    ("missing", Had::Missing),
    ("unknown", Had::Unknown),
];

const STAGES: [(&str, Stage); 6] = [
    ("program", Stage::Program),
    ("manager", Stage::Manager),
    ("store", Stage::Store),
    ("sdi", Stage::Sdi),
    ("image", Stage::Image),
    ("done", Stage::Done),
];

const LACKS: [(&str, Lack); 4] = [
    ("lost", Lack::Lost),
    ("itself", Lack::Itself),
    ("unsure", Lack::Unsure),
    ("found", Lack::Found),
];

fn word<T: Copy>(words: &[(&str, T)], said: &str) -> Result<T, String> {
    let mut found = words.iter().filter(|(word, _)| *word == said);
    let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>();
    let found = found.next().map(|(_, meaning)| *meaning);
    found.ok_or_else(|| format!("{said:?} is none of {:?}", known()))
}

impl Trace {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut trace: Self =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        trace.name = stem(path);
        trace
    }

    /// Where a failing name comes from, for the message.
    pub(crate) fn origin(&self) -> String {
        let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "?".to_owned());
        format!(
            "{} ({:?}, boot manager {}, {:?}, behind {}: {})",
            self.name,
            self.firmware,
            known(&self.boot_manager),
            self.evidence,
            known(&self.seen_behind),
            known(&self.note),
        )
    }

    /// Files at places that the site chose.
    pub(crate) fn site(&self) -> Vec<&str> {
        self.site.iter().map(String::as_str).collect()
    }
}

/// All of them.
pub(crate) fn traces() -> Vec<Trace> {
    let files = with_extension(&manifest_folder().join("tests/traces"), "toml");
    assert_eq!(files.len(), TRACES, "traces in tests/traces");
    files.iter().map(|path| Trace::read(path)).collect()
}

/// A line of a capture: protocol, what the server had, name.
pub(crate) type Captured = (Protocol, Had, String);

/// A capture that lies beside the project, in this repository's own development tree.
pub(crate) struct Capture {
    pub(crate) name: String,
    pub(crate) outcome: Option<String>,
    pub(crate) lines: Vec<Captured>,
}

impl Capture {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let syslog = text.contains("fidelity: server-log-escaped");
        let outcome = text
            .lines()
            .find_map(|line| line.strip_prefix("# outcome: "));
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self {
            name: stem(path),
            outcome: outcome.map(str::to_owned),
            lines: lines.map(|line| captured(line, syslog)).collect(),
        }
    }
}

/// All of them; none where they are not there.
pub(crate) fn captures() -> Option<Vec<Capture>> {
    let folder = manifest_folder().join("../shared/boot-traces");
    let files = folder.is_dir().then(|| with_extension(&folder, "trace"))?;
    Some(files.iter().map(|path| Capture::read(path)).collect())
}

fn captured(line: &str, syslog: bool) -> Captured {
    let fields: Vec<&str> = line.splitn(3, '\t').collect();
    let name = match syslog {
        true => without_syslog_escapes(fields[2]),
        false => fields[2].to_owned(),
    };
    let had = word(&ANSWERS, fields[1]).unwrap();
    (word(&PROTOCOLS, fields[0]).unwrap(), had, name)
}

/// syslog writes a control byte as `#` and three octal digits.
fn without_syslog_escapes(name: &str) -> String {
    let mut parts = name.split('#');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(3);
        plain.push(char::from(u8::from_str_radix(digits, 8).unwrap()));
        plain.push_str(rest);
    }
    plain
}

fn manifest_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn with_extension(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}
