//! `clients.d/` beside `mounts.toml`: client rules that other programs drop and take away
//! while the daemon runs.
//!
//! A file is of the same form as `mounts.toml`, with nothing but `[[client]]` in it. Only
//! `*.toml` counts and nothing that begins with a dot, so whoever writes a file under another
//! name first and then renames it is never seen half done ([`write()`] does so). A file that
//! is wrong takes nothing but itself down, and where an earlier state of it was right, that
//! one stays in force.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::checker::Checker;
use super::{Config, ImageName, ImageSpec, Match, Problem, Problems, RuleSpec};

/// The folder's name.
pub const CLIENTS_D: &str = "clients.d";

/// The longest file that is read, in bytes.
const LONGEST_FILE: u64 = 1 << 20;

/// The most files that are read: as many as there may be clients.
const MOST_FILES: usize = 100_000;

/// A rule and the file that it is from.
#[derive(Debug, Clone, PartialEq)]
pub struct DroppedRule {
    /// The file.
    pub file: Arc<Path>,
    /// The state of the file from which it was read.
    pub state: Stamp,
    /// The rule.
    pub rule: RuleSpec,
}

/// The folder as it was last read.
#[derive(Debug, Default)]
pub struct Folder {
    path: PathBuf,
    files: BTreeMap<PathBuf, ReadFile>,
    /// For these images. Other images make other rules right and wrong.
    images: Vec<ImageName>,
    unreadable: Option<Problems>,
}

#[derive(Debug)]
struct ReadFile {
    stamp: Stamp,
    rules: Vec<DroppedRule>,
    problems: Option<Problems>,
}

/// Which state of a file was read: the same rule, written once more, is in another one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Stamp {
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Folder {
    /// The one beside a configuration file, not yet read.
    pub fn beside(config: &Path) -> Self {
        Self {
            path: path_beside(config),
            ..Self::default()
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what has changed. A folder that is not there is an empty one; of one that
    /// cannot be read what was read before stays.
    pub fn read(&mut self, config: &Config) {
        let images = config.images.iter();
        let images: Vec<ImageName> = images.map(|image| image.name.value.clone()).collect();
        let is_stale = images != self.images;
        self.images = images;
        let listed = match list(&self.path) {
            Ok(listed) => listed,
            Err(error) => {
                self.unreadable = Some(self.cannot_list(&error));
                return self.only_known_images();
            }
        };
        self.unreadable = None;
        let mut before = std::mem::take(&mut self.files);
        for (file, stamp) in listed {
            let known = before.remove(&file);
            let read = match known {
                Some(known) if known.stamp == stamp && !is_stale => known,
                known => self.read_file(&file, stamp, known, &config.images),
            };
            self.files.insert(file, read);
        }
    }

    fn read_file(
        &self,
        file: &Path,
        stamp: Stamp,
        known: Option<ReadFile>,
        images: &[ImageSpec],
    ) -> ReadFile {
        match parse(file, images) {
            Ok(rules) => ReadFile {
                stamp,
                rules: with_file(file, stamp, rules),
                problems: None,
            },
            Err(problems) => {
                let mut rules = known.map(|known| known.rules).unwrap_or_default();
                keep_only(&mut rules, &self.images);
                ReadFile {
                    stamp,
                    rules,
                    problems: Some(problems),
                }
            }
        }
    }

    /// All rules. Of two files that match the same, the first by name counts.
    pub fn rules(&self) -> Vec<DroppedRule> {
        self.sorted_out().0
    }

    /// Everything that is wrong with the files, file by file.
    pub fn problems(&self) -> Vec<Problems> {
        let files = self.files.values();
        let wrong = files.filter_map(|file| file.problems.clone());
        let unreadable = self.unreadable.clone().into_iter();
        unreadable.chain(wrong).chain(self.sorted_out().1).collect()
    }

    fn sorted_out(&self) -> (Vec<DroppedRule>, Vec<Problems>) {
        let mut taken: HashMap<Match, &Path> = HashMap::new();
        let (mut rules, mut problems) = (Vec::new(), Vec::new());
        for dropped in self.files.values().flat_map(|file| &file.rules) {
            let mut kept = dropped.clone();
            kept.rule.matches.retain(|matched| {
                let first = taken.entry(matched.value).or_insert(&dropped.file);
                let is_free = *first == &*dropped.file;
                if !is_free {
                    problems.push(taken_already(dropped, matched, first));
                }
                is_free
            });
            if !kept.rule.matches.is_empty() {
                rules.push(kept);
            }
        }
        (rules, problems)
    }

    fn only_known_images(&mut self) {
        for file in self.files.values_mut() {
            keep_only(&mut file.rules, &self.images);
        }
    }

    fn cannot_list(&self, error: &io::Error) -> Problems {
        let next = format!("look at it: ls -ld {}", self.path.display());
        about_the_file(&self.path, format!("cannot be read: {error}"), next)
    }
}

/// A rule whose image is gone says nothing any more.
fn keep_only(rules: &mut Vec<DroppedRule>, images: &[ImageName]) {
    rules.retain(|dropped| images.contains(&dropped.rule.image.value));
}

/// The folder beside a configuration file.
pub fn path_beside(config: &Path) -> PathBuf {
    config
        .parent()
        .map_or_else(|| CLIENTS_D.into(), |folder| folder.join(CLIENTS_D))
}

/// Whether a file of that name in the folder counts.
pub fn counts(file: &Path) -> bool {
    let hidden = |name: &OsStr| name.as_bytes().starts_with(b".");
    file.extension() == Some(OsStr::new("toml")) && !file.file_name().is_some_and(hidden)
}

/// The file in which [`write()`] keeps the rule for these clients.
pub fn file_for(folder: &Path, matched: &Match) -> PathBuf {
    folder.join(format!("{matched}.toml").replace('/', "_"))
}

/// Writes a rule into its file: whole or not at all, also when the power fails.
///
/// # Errors
/// Those of the disk.
pub fn write(
    folder: &Path,
    matched: &Match,
    image: &ImageName,
    until: Option<SystemTime>,
    once: bool,
) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let mut text = format!(
        "[[client]]\nmatch = {:?}\nimage = {:?}\n",
        matched.to_string(),
        &**image
    );
    if let Some(until) = until {
        text += &format!("until = {}\n", humantime::format_rfc3339_seconds(until));
    }
    if once {
        text += "once = true\n";
    }
    let file = file_for(folder, matched);
    // Temporary files are their owner's alone; the umask still counts.
    let readable = fs::Permissions::from_mode(0o644);
    let mut fresh = tempfile::Builder::new();
    let mut fresh = fresh
        .prefix(".")
        .permissions(readable)
        .tempfile_in(folder)?;
    fresh.write_all(text.as_bytes())?;
    fresh.as_file().sync_all()?;
    fresh.persist(&file)?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

fn list(folder: &Path) -> io::Result<Vec<(PathBuf, Stamp)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut listed = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if !counts(&path) {
            continue;
        }
        if listed.len() == MOST_FILES {
            return Err(io::Error::other(format!("more than {MOST_FILES} files")));
        }
        // What vanished since it was listed does not count.
        listed.extend(fs::metadata(&path).ok().map(|found| (path, stamp(&found))));
    }
    Ok(listed)
}

fn stamp(found: &fs::Metadata) -> Stamp {
    Stamp {
        inode: found.ino(),
        size: found.size(),
        changed: (found.ctime(), found.ctime_nsec()),
    }
}

fn parse(file: &Path, images: &[ImageSpec]) -> Result<Vec<RuleSpec>, Problems> {
    let text = read(file).map_err(|error| {
        let next = format!("look at it: ls -l {}", file.display());
        about_the_file(file, format!("cannot be read: {error}"), next)
    })?;
    let mut checker = Checker::new(&text, file);
    let rules = checker.dropped(images);
    match checker.problems.is_empty() {
        true => Ok(rules),
        false => Err(checker.into_problems()),
    }
}

fn read(file: &Path) -> io::Result<String> {
    // To open a named pipe would wait for somebody who writes into it.
    if !fs::metadata(file)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut text = String::new();
    let file = File::open(file)?;
    if file.metadata()?.len() > LONGEST_FILE {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    file.take(LONGEST_FILE).read_to_string(&mut text)?;
    Ok(text)
}

fn with_file(file: &Path, state: Stamp, rules: Vec<RuleSpec>) -> Vec<DroppedRule> {
    let file: Arc<Path> = file.into();
    let with = |rule| DroppedRule {
        file: file.clone(),
        state,
        rule,
    };
    rules.into_iter().map(with).collect()
}

fn about_the_file(file: &Path, what: String, next: String) -> Problems {
    let problem = Problem {
        line: 0,
        column: 0,
        what,
        next,
    };
    Problems {
        file: file.to_owned(),
        list: vec![problem],
    }
}

fn taken_already(dropped: &DroppedRule, matched: &super::Located<Match>, first: &Path) -> Problems {
    let problem = Problem {
        line: matched.line,
        column: matched.column,
        what: format!(
            "{} has a rule in {} already",
            matched.value,
            first.display()
        ),
        next: "remove one of the two".to_owned(),
    };
    Problems {
        file: dropped.file.to_path_buf(),
        list: vec![problem],
    }
}
