//! The map in `src/lib.rs` is true: imports only go down it, and in one row to the right.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::{REPOSITORY, files, text};

/// Each module's place in the map, counted from the top.
fn map() -> HashMap<String, usize> {
    let library = text("src/lib.rs");
    let rows = library.lines().filter(|line| line.starts_with("//! | ["));
    let top = library
        .lines()
        .filter(|line| line.starts_with("//! | `main`"));
    let rooms = top.chain(rows).flat_map(|row| {
        let cell = row.split('|').nth(1).unwrap_or_default();
        let names = cell.split('`').skip(1).step_by(2).map(str::to_owned);
        names.collect::<Vec<_>>()
    });
    rooms.enumerate().map(|(at, room)| (room, at)).collect()
}

/// The module that a file belongs to: `src/fuse/session.rs` is part of `fuse`.
fn module(file: &Path) -> String {
    let inside = file
        .strip_prefix(Path::new(REPOSITORY).join("src"))
        .unwrap();
    let first = inside.components().next().unwrap().as_os_str();
    let name = first.to_str().unwrap();
    name.trim_end_matches(".rs").to_owned()
}

/// Code without what follows `//`: links in comments may point up.
fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn imports(code: &str) -> Vec<String> {
    let parts = code.split("crate::").skip(1);
    let word = |part: &str| {
        let end = part.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        part[..end.unwrap_or(part.len())].to_owned()
    };
    parts.map(word).collect()
}

#[test]
fn imports_only_go_down() {
    let map = map();
    let (mut seen, mut wrong) = (0, Vec::new());
    let files = files("src", ".rs");
    assert!(files.len() > 20, "found {} files only", files.len());
    for file in files {
        let own = module(&file);
        if own == "lib" {
            continue;
        }
        let from = map
            .get(&own)
            .unwrap_or_else(|| panic!("{own} is not on the map"));
        let code = code(&file);
        let upwards = imports(&code)
            .into_iter()
            .inspect(|_| seen += 1)
            .filter(|to| map.get(to).is_some_and(|to| to < from));
        wrong.extend(upwards.map(|to| format!("{} imports {to}", file.display())));
    }
    assert!(seen > 100, "found {seen} imports only");
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_map_has_no_room_that_is_not_there() {
    let rooms = map();
    assert!(rooms.len() > 15, "found {} rooms only", rooms.len());
    for room in rooms.keys() {
        let file = Path::new(REPOSITORY).join(format!("src/{room}.rs"));
        assert!(file.exists(), "{room} is on the map and has no file");
    }
}

/// `fuser` has one room; nothing else would have to change for another one.
#[test]
fn only_the_door_names_the_kernel() {
    let naming: Vec<String> = files("src", ".rs")
        .into_iter()
        .filter(|file| code(file).contains("fuser::"))
        .map(|file| module(&file))
        .collect();
    assert!(!naming.is_empty());
    assert!(naming.iter().all(|module| module == "fuse"), "{naming:?}");
}

/// What is asynchronous stays where the page is served.
#[test]
fn only_the_page_has_a_runtime() {
    let is_asynchronous = |file: &PathBuf| {
        let code = code(file);
        ["tokio::", "hyper::", "async ", ".await"]
            .iter()
            .any(|word| code.contains(word))
    };
    let naming: Vec<String> = files("src", ".rs")
        .into_iter()
        .filter(is_asynchronous)
        .map(|file| module(&file))
        .collect();
    assert!(naming.len() > 2);
    assert!(naming.iter().all(|module| module == "web"), "{naming:?}");
}

/// A store is a hive to one file only: another reader of hives would change nothing else.
#[test]
fn only_one_file_names_the_reader_of_hives() {
    let naming = files("src", ".rs")
        .into_iter()
        .filter(|file| code(file).contains("regf::"));
    let naming: Vec<PathBuf> = naming.collect();
    let reader = Path::new(REPOSITORY).join("src/bcd/hive/read.rs");
    assert_eq!(naming, [reader]);
}

#[test]
fn the_product_neither_sleeps_nor_unwraps() {
    let mut found = Vec::new();
    for file in files("src", ".rs") {
        let code = code(&file);
        for word in [
            "unwrap()", ".expect(", "sleep(", "unsafe ", "todo!", "panic!",
        ] {
            if code.contains(word) {
                found.push(format!("{}: {word}", file.display()));
            }
        }
        let text = std::fs::read_to_string(&file).unwrap();
        if !text.is_ascii() && !file.ends_with("src/name.rs") {
            found.push(format!("{}: not ASCII", file.display()));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}
