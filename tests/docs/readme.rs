//! The README is run: configurations are loaded, commands are compared with what they
//! really print, tables with the code.

use std::fmt::Write;
use std::path::Path;

use winbootfs::alias::{BUILT_IN, Rule};
use winbootfs::config::Config;
use winbootfs::metrics::METRICS;
use winbootfs::source::dir::OwnMount;

use crate::common::mounted::{Mounted, program};
use crate::common::world::World;
use crate::{REPOSITORY, files, text};

/// The fenced blocks of a language; "" for those without one.
fn blocks(language: &str) -> Vec<String> {
    let readme = text("README.md");
    let mut blocks = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        let Some(fence) = line.strip_prefix("```") else {
            continue;
        };
        let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if fence == language {
            blocks.push(inside.join("\n"));
        }
    }
    blocks
}

#[test]
fn every_configuration_loads() {
    let blocks = blocks("toml");
    assert!(!blocks.is_empty());
    for block in blocks {
        let config = Config::parse(&block, Path::new("/etc/winbootfs/mounts.toml"));
        let config = config.unwrap_or_else(|problems| panic!("{problems}\n{block}"));
        assert!(config.images.len() >= 2 && config.rules.len() >= 2);
    }
}

/// Also the one that `mount --help` shows.
#[test]
fn the_configuration_of_the_help_loads() {
    let shown = program().args(["mount", "--help"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let lines = shown
        .lines()
        .skip_while(|line| !line.contains("mountpoint = \""));
    let config: Vec<&str> = lines
        .take_while(|line| line.is_empty() || line.starts_with("  "))
        .collect();
    let config = Config::parse(&config.join("\n"), Path::new("mounts.toml"));
    let config = config.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(config.images.len(), 3);
    assert_eq!(config.rules.len(), 1);
}

/// Each key that a configuration may have is explained, and no other.
#[test]
fn every_key_is_explained() {
    let wrong = "nonsense = 1\n[image.x]\nsource = \"x\"\n";
    let (top, image, bcd, client) = (
        known_keys(wrong),
        known_keys("[image.x]\nsource = \"x\"\nnonsense = 1\n"),
        known_keys("[image.x]\nsource = \"x\"\nbcd.nonsense = 1\n"),
        known_keys(
            "[image.x]\nsource = \"x\"\n[[client]]\nmatch = \"1.1.1.1\"\nimage = \"x\"\nnonsense = 1\n",
        ),
    );
    let top = top
        .into_iter()
        .filter(|key| key != "image" && key != "client");
    let all = top
        .chain(image.iter().map(|key| format!("image.NAME.{key}")))
        .chain(bcd.iter().map(|key| format!("image.NAME.bcd.{key}")))
        .chain(client.iter().map(|key| format!("client.{key}")));
    let readme = text("README.md");
    for key in all {
        assert!(
            readme.contains(&format!("| `{key}` |")),
            "{key} is not explained"
        );
    }
}

fn known_keys(wrong: &str) -> Vec<String> {
    let problems = Config::parse(wrong, Path::new("mounts.toml")).unwrap_err();
    let next = &problems.list[0].next;
    next.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The status that is shown, from a daemon in that state; times, counts and places are others.
#[test]
fn the_status_is_shown_as_it_is_printed() {
    let files = |sdi: &[&'static str]| -> Vec<(&'static str, Vec<u8>)> {
        let all = [
            "bootmgfw.efi",
            "pxeboot.n12",
            "bootmgr.exe",
            "sources/boot.wim",
        ];
        let all = all.iter().chain(sdi);
        all.map(|path| (*path, b"WinPE".repeat(100_000))).collect()
    };
    let world = World::new()
        .image("win11", &files(&["boot/boot.sdi"]))
        .image("rescue", &files(&[]))
        .default_image("win11")
        .client("10.0.7.0/24", "win11");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let ask = |names: &[&str]| {
        for name in names {
            let _ = mounted.read(name.as_bytes());
        }
    };
    ask(&[
        "clients/10.0.8.9/images/rescue/pxeboot.n12",
        "clients/10.0.8.9/images/rescue/bootmgr.exe",
        r"clients/10.0.8.9/\Boot\BCD",
        r"clients/10.0.8.9/\boot\boot.sdi",
        "clients/10.0.7.5/bootmgfw.efi",
        r"clients/10.0.7.5/\Boot\BCD",
        r"clients/10.0.7.5/\boot\boot.sdi",
    ]);
    let mut wim = std::fs::File::open(mounted.path(br"clients/10.0.7.5/sources/boot.wim")).unwrap();
    std::io::Read::read_exact(&mut wim, &mut vec![0; 215_000]).unwrap();
    let shown = program()
        .arg("status")
        .arg(mounted.root())
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let shown = shown.replace(&mounted.root().display().to_string(), "/srv/tftp");
    let shown = shown.replace(
        &world.path("mounts.toml").display().to_string(),
        "mounts.toml",
    );
    let shown = shown.replace(&world.path("").display().to_string(), "/srv/winpe/");
    let written = blocks("text")
        .into_iter()
        .find(|block| block.contains("\nreading "));
    assert_eq!(vague(&shown), vague(&written.unwrap()));
}

/// Without numbers that differ from run to run.
fn vague(status: &str) -> Vec<String> {
    let words = |line: &str| {
        let words = line.split(' ').map(|word| match word {
            number if number.parse::<u64>().is_ok() => "N",
            "h" | "min" => "s",
            "min," => "s,",
            word => word,
        });
        let line = words.collect::<Vec<_>>().join(" ");
        let line = line.replace("N s N s", "N s");
        let is_line = |part: &str| part.parse::<u64>().is_ok();
        match line.trim_end_matches(')').rsplit_once(':') {
            Some((before, number)) if is_line(number) => format!("{before}:N)"),
            _ => line,
        }
    };
    status.trim_end().lines().map(words).collect()
}

#[test]
fn every_command_prints_what_is_written() {
    let blocks = blocks("console");
    assert!(blocks.len() >= 3, "found {} blocks only", blocks.len());
    for block in blocks {
        let commands: Vec<&str> = block
            .lines()
            .filter(|line| line.starts_with("$ "))
            .collect();
        let printed: String = commands
            .iter()
            .map(|line| format!("{line}\n{}", output(line)))
            .collect();
        assert_eq!(
            printed.trim_end(),
            block,
            "the README and the program differ"
        );
    }
}

/// Runs one `$ winbootfs ...` line in the repository, standard error included.
fn output(line: &str) -> String {
    let arguments = line
        .strip_prefix("$ winbootfs ")
        .expect("a winbootfs command");
    let arguments = arguments.split(' ').map(|word| word.trim_matches('\''));
    let done = program()
        .args(arguments)
        .current_dir(REPOSITORY)
        .output()
        .unwrap();
    [done.stdout, done.stderr]
        .map(|text| String::from_utf8(text).unwrap())
        .concat()
}

#[test]
fn the_table_of_aliases_is_that_of_the_code() {
    is_written("aliases", &aliases());
}

#[test]
fn the_table_of_metrics_is_that_of_the_code() {
    is_written("metrics", &metrics());
}

/// The README has this between two marks.
fn is_written(what: &str, expected: &str) {
    let readme = text("README.md");
    let begin = format!("<!-- {what} begin -->\n");
    let (_, rest) = readme.split_once(&begin).expect("the beginning");
    let end = format!("<!-- {what} end -->");
    let (written, _) = rest.split_once(&end).expect("the end");
    assert!(
        written == expected,
        "put this into the README:
{expected}"
    );
}

fn metrics() -> String {
    let mut table = "| name | kind | unit | what it says |\n| --- | --- | --- | --- |\n".to_owned();
    for metric in METRICS {
        let label = metric.label().map(|label| format!("{{{label}}}"));
        let name = format!("{}{}", metric.name, label.unwrap_or_default());
        let (kind, unit, help) = (metric.kind(), metric.unit, metric.help);
        writeln!(table, "| `{name}` | {kind} | {unit} | {help} |").unwrap();
    }
    table
}

fn aliases() -> String {
    let mut table = "| name | is found in | taken from there, or from | or from | who asks |\n\
                     | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for rule in BUILT_IN {
        writeln!(table, "{}", row(rule)).unwrap();
    }
    table
}

fn row(rule: &Rule) -> String {
    let elsewhere: Vec<&str> = rule
        .from
        .iter()
        .filter(|folder| !rule.at.contains(folder))
        .copied()
        .collect();
    format!(
        "| {} | {} | {} | {} | {} |",
        code(rule.names),
        code(rule.at),
        code(&elsewhere),
        code(rule.or),
        rule.why
    )
}

/// Words as code; the root, which has no name, as a slash.
fn code(words: &[&str]) -> String {
    let word = |word: &&str| match *word {
        "" => "`/`".to_owned(),
        word => format!("`{word}`"),
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_table_of_servers_has_each_server() {
    let readme = text("README.md");
    let rows: Vec<&str> = readme
        .lines()
        .filter(|line| line.starts_with("| "))
        .collect();
    for server in [
        "dnsmasq",
        "tftpd-hpa",
        "atftpd",
        "nginx",
        "Apache",
        "lighttpd",
    ] {
        let row = rows
            .iter()
            .any(|row| row.starts_with(&format!("| {server}")) && row.matches('|').count() == 5);
        assert!(row, "{server} has no row");
        assert!(
            readme.contains(&format!("### {server}")),
            "{server} has no lines"
        );
    }
}

/// What an operator copies from the README is what the tests of the mount use.
#[test]
fn the_lines_for_each_server_are_those_of_the_examples() {
    let shown = blocks("").join("\n");
    let shown: Vec<&str> = shown.lines().collect();
    let examples: Vec<_> = files("systemd/examples", "")
        .into_iter()
        .filter(|file| !file.ends_with("after-winbootfs.conf") && !file.ends_with("page.conf"))
        .collect();
    assert_eq!(examples.len(), 6, "{examples:?}");
    for file in examples {
        let lines = std::fs::read_to_string(&file).unwrap();
        for line in lines.lines().filter(|line| !line.starts_with('#')) {
            assert!(
                shown.contains(&line),
                "{} has {line:?}, the README has not",
                file.display()
            );
        }
    }
}

#[test]
fn the_sample_configuration_loads_and_is_whole() {
    let file = Path::new(REPOSITORY).join("mounts.toml");
    let config = Config::read(&file).unwrap_or_else(|problems| panic!("{problems}"));
    let verified = config.verify(&OwnMount::default(), None);
    verified.unwrap_or_else(|problems| panic!("{problems}"));
    assert!(config.images.len() >= 3, "three images");
    assert!(config.rules.len() >= 3, "three rules");
    assert!(config.mountpoint.is_some() && config.default.is_some());
}

/// The words an operator has in front of him.
#[test]
fn the_troubles_can_be_found() {
    let readme = text("README.md");
    for words in [
        "0xc000000f",
        "0xc0000225",
        "TFTP download failed",
        "BCD not found",
        "PXE-E3B",
        "Device or resource busy",
        "Transport endpoint is not connected",
        "the server sees an empty folder",
    ] {
        let found = readme
            .lines()
            .any(|line| line.starts_with("### ") && line.contains(words));
        assert!(found, "{words} is no heading");
    }
}

/// Every file that the README points at is there.
#[test]
fn no_link_is_dead() {
    let readme = text("README.md");
    let links = readme.split("](").skip(1);
    let links: Vec<&str> = links.filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() > 3);
    let headings: Vec<String> = readme
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches(['#', ' ']).to_lowercase())
        .collect();
    for link in links {
        let is_there = match link.strip_prefix('#') {
            Some(heading) => headings.contains(&heading.replace('-', " ")),
            None => Path::new(REPOSITORY).join(link).exists(),
        };
        assert!(is_there, "{link} is not there");
    }
}
