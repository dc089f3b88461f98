//! Every boot that was seen, asked again: `tests/traces/*.toml` against an image kept in
//! each of the ways of `common::layouts`.
//!
//! Not about servers or the kernel: the raw names go straight to the tree. What an
//! answer must be follows from the word behind each question (see the README beside
//! the traces) and from two laws that hold for any alias table:
//! a file that the image really has at the path answers for itself, and in one boot all
//! names for one thing give one and the same file. The second is what keeps a boot
//! manager from reading "itself" out of another program, the size of one `boot.sdi` and
//! the content of another, or a store for the wrong firmware from the place tried first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::common::layouts::{self, BOOT_MANAGER_IA32, BOOT_MANAGER_X64, Layout};
use crate::common::skip;
use crate::common::world::World;

/// How many traces there are. A number on purpose: a loop over no files proves nothing.
const TRACES: usize = 52;
/// How many questions they hold together.
const QUESTIONS: usize = 654;

/// One boot that was seen. The fields up to `note` speak in failure messages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trace {
    #[serde(skip)]
    name: String,
    firmware: Firmware,
    boot_manager: Option<String>,
    evidence: Evidence,
    seen_behind: Option<String>,
    note: Option<String>,
    #[serde(default)]
    site: Vec<String>,
    ask: Vec<Question>,
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

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Protocol {
    Tftp,
    Http,
}

/// What an answer is worth to the boot that asks.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Worth {
    Needed,
    Optional,
    Absent,
    Damaged,
}

/// Protocol, name as it was sent, worth.
#[derive(Debug, Deserialize)]
struct Question(Protocol, String, Worth);

impl Trace {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut trace: Self =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        trace.name = stem(path);
        trace
    }

    /// Where a failing name comes from, for the message.
    fn origin(&self) -> String {
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

    fn site(&self) -> Vec<&str> {
        self.site.iter().map(String::as_str).collect()
    }
}

/// One trace's questions to one image, and what came back.
struct Replay<'a> {
    trace: &'a Trace,
    layout: Layout,
    files: Vec<(String, Vec<u8>)>,
    world: World,
}

impl<'a> Replay<'a> {
    fn new(trace: &'a Trace, layout: Layout) -> Self {
        let files = layouts::files(layout, &trace.site());
        let world = layouts::image(World::new(), "x", layout, &trace.site());
        Self {
            trace,
            layout,
            files,
            world,
        }
    }

    fn ask(&self, name: &str) -> Option<Vec<u8>> {
        self.world.read_in_image("x", name.as_bytes()).ok()
    }

    /// The file that the image really has at the path asked for, in whatever case.
    fn real(&self, name: &str) -> Option<&[u8]> {
        let wanted = plain(name);
        self.files
            .iter()
            .find(|(path, _)| path.eq_ignore_ascii_case(&wanted))
            .map(|(_, bytes)| bytes.as_slice())
    }

    /// Everything that is wrong with the answer to one question.
    fn fault(&self, Question(_, name, worth): &Question) -> Option<String> {
        let answer = self.ask(name);
        match (self.real(name), answer.as_deref(), worth) {
            (Some(real), Some(found), _) if found == real => None,
            (Some(_), other, _) => Some(format!(
                "the image's own file did not answer: {}",
                show(other)
            )),
            (None, None, Worth::Needed) => Some("needed, not found".to_owned()),
            (None, None, _) => None,
            (None, Some(found), Worth::Absent) => {
                Some(format!("must stay absent, got {}", show(Some(found))))
            }
            (None, Some(found), Worth::Damaged) => self.stranger(found),
            (None, Some(found), Worth::Needed | Worth::Optional) => self.wrong_role(name, found),
        }
    }

    fn wrong_role(&self, name: &str, found: &[u8]) -> Option<String> {
        let wanted = role_wanted(name);
        (layouts::role_of(found) != Some(&wanted))
            .then(|| format!("wants the role {wanted:?}, got {}", show(Some(found))))
    }

    /// A repaired name may find only what the ROM was told to ask for.
    fn stranger(&self, found: &[u8]) -> Option<String> {
        let meant = self
            .trace
            .site
            .iter()
            .any(|path| layouts::role_of(found) == Some(&layouts::site_role(path)));
        (!meant).then(|| format!("a damaged name got {}", show(Some(found))))
    }

    fn faults(&self) -> Vec<String> {
        let questions = self.trace.ask.iter();
        questions
            .filter_map(|question| Some((question, self.fault(question)?)))
            .map(|(question, fault)| {
                format!(
                    "{}\n  {:?}: {question:?}: {fault}",
                    self.trace.origin(),
                    self.layout
                )
            })
            .collect()
    }

    /// The different files that one boot got for each role.
    fn answers_by_role(&self) -> BTreeMap<String, BTreeSet<Vec<u8>>> {
        let mut by_role: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for bytes in self
            .trace
            .ask
            .iter()
            .filter_map(|question| self.ask(&question.1))
        {
            let role = layouts::role_of(&bytes).unwrap_or_default().to_owned();
            by_role.entry(role).or_default().insert(bytes);
        }
        by_role
    }
}

#[test]
fn every_boot_finds_its_files_in_every_layout() {
    let faults: Vec<String> = replays(&traces())
        .flat_map(|replay| replay.faults())
        .collect();
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn one_boot_gets_one_file_for_one_thing() {
    for replay in replays(&traces()) {
        for (role, files) in replay.answers_by_role() {
            let shown: Vec<String> = files.iter().map(|bytes| show(Some(bytes))).collect();
            let origin = replay.trace.origin();
            assert_eq!(
                files.len(),
                1,
                "{origin}, {:?}: {role}: {shown:#?}",
                replay.layout
            );
        }
    }
}

/// Optional to most boots, but not to the promise that the font folders are one, nor to
/// Windows 11 24H2, which wants its `boot.stl`: every layout has these files somewhere.
#[test]
fn fonts_pictures_and_the_trust_list_are_found_too() {
    let traces = traces();
    let mut asked = 0;
    for replay in replays(&traces) {
        for Question(_, name, _) in replay.trace.ask.iter().filter(|question| kept(question)) {
            asked += 1;
            let origin = replay.trace.origin();
            assert!(
                replay.ask(name).is_some(),
                "{:?}: {name} of {origin}",
                replay.layout
            );
        }
    }
    assert!(asked > 200, "only {asked} questions");
}

/// Not for a font without a folder (nobody knows which one was meant), translations,
/// or the store places that a boot manager tries before the right one.
fn kept(Question(_, name, worth): &Question) -> bool {
    let path = plain(name).to_ascii_lowercase();
    let kept =
        path.contains("fonts/") || path.ends_with("/boot.stl") || path.ends_with("/bootres.dll");
    *worth == Worth::Optional && kept
}

#[test]
fn the_traces_are_all_there_and_none_is_empty() {
    let traces = traces();
    let questions = traces.iter().map(|trace| trace.ask.len());
    assert_eq!(questions.sum::<usize>(), QUESTIONS);
    for trace in &traces {
        assert!(!trace.ask.is_empty(), "{} asks for nothing", trace.origin());
    }
}

/// In this repository's own development tree the captures lie beside the project.
#[test]
fn every_capture_was_carried_over_name_by_name() {
    let captures = manifest_folder().join("../shared/boot-traces");
    if !captures.is_dir() {
        skip::skip("no ../shared/boot-traces: the traces are not compared with the captures");
        return;
    }
    let captures = with_extension(&captures, "trace");
    let carried: BTreeMap<String, Trace> = traces()
        .into_iter()
        .map(|trace| (trace.name.clone(), trace))
        .collect();
    assert_eq!(captures.len(), TRACES);
    for capture in captures {
        let trace = carried
            .get(&stem(&capture))
            .unwrap_or_else(|| panic!("no {}", stem(&capture)));
        assert_eq!(
            carried_questions(trace),
            captured_questions(&capture),
            "{}",
            trace.name
        );
    }
}

fn carried_questions(trace: &Trace) -> Vec<(Protocol, String)> {
    let questions = trace.ask.iter();
    questions
        .map(|Question(protocol, name, _)| (*protocol, name.clone()))
        .collect()
}

/// A capture's lines: protocol, what the server had, name, with tabs between them.
fn captured_questions(capture: &Path) -> Vec<(Protocol, String)> {
    let text = fs::read_to_string(capture).unwrap();
    let syslog = text.contains("fidelity: server-log-escaped");
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut fields = line.splitn(3, '\t');
            let protocol = match fields.next() {
                Some("tftp") => Protocol::Tftp,
                Some("http") => Protocol::Http,
                other => panic!("{}: protocol {other:?}", capture.display()),
            };
            let name = fields.nth(1).unwrap();
            (
                protocol,
                if syslog {
                    without_syslog_escapes(name)
                } else {
                    name.to_owned()
                },
            )
        })
        .collect()
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

/// The role that a name asks for. Only names that a product fixes come here: those of
/// the site are files of the image and must answer for themselves.
fn role_wanted(name: &str) -> String {
    let path = plain(name).to_ascii_lowercase();
    let base = path.rsplit('/').next().unwrap_or_default();
    let width_is_32 = path.starts_with("boot/x86/") || path.starts_with("smsboot/x86/");
    match base {
        "bcd" => "BCD",
        "bootmgfw.efi" if width_is_32 => BOOT_MANAGER_IA32,
        "bootmgfw.efi" | "bootx64.efi" => BOOT_MANAGER_X64,
        "bootia32.efi" => BOOT_MANAGER_IA32,
        "pxeboot.0" | "startrom.0" => "pxeboot.n12",
        other => other,
    }
    .to_owned()
}

/// A raw name as a path: whatever separators it came with, single slashes between parts.
fn plain(name: &str) -> String {
    let parts = name.split(['/', '\\']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("/")
}

fn show(answer: Option<&[u8]>) -> String {
    answer.map_or_else(
        || "nothing".to_owned(),
        |bytes| {
            String::from_utf8_lossy(bytes)
                .trim_end()
                .replace('\n', ", ")
        },
    )
}

/// One after the other: a world is a folder on disk, and there are hundreds of them.
fn replays(traces: &[Trace]) -> impl Iterator<Item = Replay<'_>> {
    let pairs = traces.iter().flat_map(|trace| {
        layouts::all()
            .into_iter()
            .map(move |layout| (trace, layout))
    });
    pairs.map(|(trace, layout)| Replay::new(trace, layout))
}

fn traces() -> Vec<Trace> {
    let files = with_extension(&manifest_folder().join("tests/traces"), "toml");
    assert_eq!(files.len(), TRACES, "traces in tests/traces");
    files.iter().map(|path| Trace::read(path)).collect()
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
