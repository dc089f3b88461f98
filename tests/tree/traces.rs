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

use crate::common::layouts::{self, BOOT_MANAGER_IA32, BOOT_MANAGER_X64, Layout};
use crate::common::skip;
use crate::common::traces::{
    Capture, Captured, Ends, QUESTIONS, Question, TRACES, Trace, Worth, captures, traces,
};
use crate::common::world::World;

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
    fn fault(&self, question: &Question) -> Option<String> {
        let (name, worth) = (&question.name, question.worth);
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
            .filter_map(|question| self.ask(&question.name))
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
        for Question { name, .. } in replay.trace.ask.iter().filter(|question| kept(question)) {
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
fn kept(Question { name, worth, .. }: &Question) -> bool {
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
fn every_capture_was_carried_over_line_by_line() {
    let Some(captures) = captures() else {
        skip::skip("no ../shared/boot-traces: the traces are not compared with the captures");
        return;
    };
    let carried: BTreeMap<String, Trace> = traces()
        .into_iter()
        .map(|trace| (trace.name.clone(), trace))
        .collect();
    assert_eq!(captures.len(), TRACES);
    for capture in captures {
        let trace = carried
            .get(&capture.name)
            .unwrap_or_else(|| panic!("no {}", capture.name));
        assert_eq!(carried_lines(trace), capture.lines, "{}", trace.name);
        assert!(
            ends_as_seen(trace, &capture),
            "{:?}: {trace:#?}",
            capture.outcome
        );
    }
}

fn carried_lines(trace: &Trace) -> Vec<Captured> {
    let questions = trace.ask.iter();
    questions
        .map(|question| (question.protocol, question.had, question.name.clone()))
        .collect()
}

/// Where the capture says what became of the boot. Behind a whole boot image there is still
/// what its own loader made of it.
fn ends_as_seen(trace: &Trace, capture: &Capture) -> bool {
    let Some(outcome) = &capture.outcome else {
        return true;
    };
    let status = outcome.find("0xc").map(|at| &outcome[at..at + 10]);
    let is_done = outcome.contains("whole wim were transferred") || outcome.starts_with("reached");
    match trace.ends {
        Ends::Done => is_done,
        Ends::Lost | Ends::Stops => !is_done && trace.screen.as_deref() == status,
        Ends::Waits => outcome.ends_with("waiting"),
        Ends::Cut => false,
    }
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
