//! Laws that hold for any tree and any request, tried with random ones.
//!
//! The alphabets are small on purpose, so that names collide, fold alike and climb often.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use winbootfs::name::{fold, same_for_windows};
use winbootfs::nodes::ROOT;
use winbootfs::tree::Tree;

use crate::common::world::{Nobody, Serving, World};
use crate::said::{content, in_x, said};

/// A few hundred small trees on a real disk are a few seconds.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 400,
        ..ProptestConfig::default()
    }
}

/// Names that fold alike in threes: `a`, the Kelvin sign, the sharp s, both sigmas.
const NAMES: [&str; 12] = [
    "a", "A", "b", "k", "K", "\u{212a}", "\u{df}", "ss", "SS", "\u{3c3}", "\u{3c2}", r"a\b",
];

fn name() -> impl Strategy<Value = &'static str> {
    select(&NAMES[..])
}

fn path() -> impl Strategy<Value = Vec<&'static str>> {
    vec(name(), 1..4)
}

/// One stored folder as the model has it.
#[derive(Debug, Clone, Default)]
struct Model(BTreeMap<&'static str, Stored>);

#[derive(Debug, Clone)]
enum Stored {
    File(String),
    Folder(Model),
}

impl Model {
    /// Puts a file in, unless a file is in the way or a folder has its place.
    fn put(&mut self, path: &[&'static str], text: &str) -> bool {
        let (first, rest) = path.split_first().unwrap();
        if rest.is_empty() {
            let free = !self.0.contains_key(first);
            if free {
                self.0.insert(first, Stored::File(text.to_owned()));
            }
            return free;
        }
        let folder = || Stored::Folder(Self::default());
        match self.0.entry(first).or_insert_with(folder) {
            Stored::Folder(below) => below.put(rest, text),
            Stored::File(_) => false,
        }
    }

    /// As documented: the exact spelling, the one that Windows takes for the same, the
    /// smallest by bytes.
    fn pick(&self, asked: &str) -> Option<&Stored> {
        let alike = |name: &&&str| fold(name.as_bytes()) == fold(asked.as_bytes());
        let alike: Vec<&&str> = self.0.keys().filter(alike).collect();
        let exact = alike.iter().find(|name| ***name == asked);
        let windows = alike
            .iter()
            .find(|name| same_for_windows(name.as_bytes(), asked.as_bytes()));
        let winner = exact.or(windows).or(alike.first())?;
        self.0.get(**winner)
    }
}

/// What a path is in layers over each other, the first that has a name first.
fn lookup(layers: &[&Model], path: &[&str]) -> String {
    let (first, rest) = path.split_first().unwrap();
    let mut folders = Vec::new();
    for layer in layers {
        match layer.pick(first) {
            Some(Stored::File(_)) if folders.is_empty() && !rest.is_empty() => {
                return "<NotFolder>".to_owned();
            }
            Some(Stored::File(text)) if folders.is_empty() => return text.clone(),
            Some(Stored::Folder(below)) => folders.push(below),
            Some(Stored::File(_)) | None => {}
        }
    }
    match (folders.is_empty(), rest.is_empty()) {
        // A stored name with a backslash is matched whole first, then its parts.
        (true, _) if first.contains('\\') => {
            let parts: Vec<&str> = first.split('\\').chain(rest.iter().copied()).collect();
            lookup(layers, &parts)
        }
        (true, _) => "<NotFound>".to_owned(),
        (false, true) => "<NotFound>".to_owned(), // a folder is no file
        (false, false) => lookup(&folders, rest),
    }
}

/// Two layers and a base with random files, on disk and as models.
#[derive(Debug)]
struct Twin {
    world: World,
    models: [Model; 3],
}

fn twin(files: &[(usize, Vec<&'static str>)]) -> Twin {
    const LAYERS: [&str; 3] = ["one", "two", "base"];
    let mut models = [Model::default(), Model::default(), Model::default()];
    let world = LAYERS
        .iter()
        .fold(World::new(), |world, layer| {
            world.layer(layer, &[] as &[(&str, &str)])
        })
        .line("[image.x]\nsource = [\"one\", \"two\"]")
        .key("base", "base")
        .client("10.0.0.1", "x");
    for (layer, path) in files {
        let text = format!("{}: {}", LAYERS[*layer], path.join("/"));
        if models[*layer].put(path, &text) {
            world.put(
                &format!("{}/{}", LAYERS[*layer], path.join("/")),
                text.as_bytes(),
            );
        }
    }
    Twin { world, models }
}

fn files() -> impl Strategy<Value = Vec<(usize, Vec<&'static str>)>> {
    vec((0..3_usize, path()), 0..14)
}

/// Every path below a folder, as listed, with whether it is a folder.
fn walk(world: &World, top: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        let (at, _) = world.look(&Nobody, folder.as_bytes()).unwrap();
        for entry in world.tree().list(at.id, &Nobody).unwrap() {
            let name = String::from_utf8(entry.name.into_vec()).unwrap();
            let path = format!("{folder}/{name}");
            if entry.is_folder {
                folders.push(path.clone());
            }
            found.push((path, entry.is_folder));
        }
    }
    found
}

/// A path below `top` spelled otherwise: other case, other separators, more of them.
fn spelled_otherwise(path: &str, top: &str, dice: &[u8]) -> String {
    let mut dice = dice.iter().cycle();
    let mut other = String::from(top);
    other.push('/');
    for letter in path
        .strip_prefix(top)
        .unwrap()
        .trim_start_matches('/')
        .chars()
    {
        let roll = dice.next().unwrap() % 6;
        match (letter, roll) {
            ('/', 0) => other.push('\\'),
            ('/', 1) => other.push_str("\\\\"),
            ('/', 2) => other.push_str("/\\./"),
            ('/', 3) => other.push_str("\\.\\"),
            (_, 0 | 1) if letter != '/' => other.extend(letter.to_uppercase()),
            (_, 2) if letter != '/' => other.extend(letter.to_lowercase()),
            _ => other.push(letter),
        }
    }
    other
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn folding_is_idempotent(bytes in vec(any::<u8>(), 0..12), text in "\\PC{0,8}") {
        for name in [&bytes[..], text.as_bytes()] {
            let once = fold(name);
            prop_assert_eq!(fold(once.as_bytes()), once);
        }
    }

    #[test]
    fn what_windows_takes_for_one_name_folds_alike(one in "[aAkK\u{212a}\u{df}sS\u{3c3}\u{3c2}\u{3a3}\u{e4}\u{c4}\u{131}\u{130}iI]{1,3}", other in "[aAkK\u{212a}\u{df}sS\u{3c3}\u{3c2}\u{3a3}\u{e4}\u{c4}]{1,3}") {
        if same_for_windows(one.as_bytes(), other.as_bytes()) {
            prop_assert_eq!(fold(one.as_bytes()), fold(other.as_bytes()));
        }
    }

    #[test]
    fn no_number_of_parts_and_separators_is_refused_but_for_a_reason(text in "[a./\\\\\u{0}]{0,12}") {
        let parts = winbootfs::name::parts(text.as_bytes());
        let climbs = text.split(['/', '\\']).any(|part| part == "..");
        let wrong = climbs || text.contains('\0');
        prop_assert_eq!(parts.is_err(), wrong, "{:?}", text);
        for part in parts.unwrap_or_default() {
            prop_assert!(!part.is_empty() && part != b"." && part != b"..");
            prop_assert!(!part.iter().any(|byte| b"/\\\0".contains(byte)));
        }
    }
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn the_tree_says_what_the_model_says(files in files(), asked in vec(path(), 12)) {
        let Twin { world, models } = twin(&files);
        let [one, two, base] = &models;
        for path in &asked {
            let spelled = path.join("/");
            prop_assert_eq!(in_x(&world, &spelled), lookup(&[one, two], path), "images/x/{}", spelled);
            let who = Serving(&["10.0.0.1"]);
            let seen = said(world.read(&who, spelled.as_bytes()));
            prop_assert_eq!(seen, lookup(&[one, two, base], path), "{}", spelled);
            let nobody = said(world.read(&Nobody, spelled.as_bytes()));
            prop_assert_eq!(nobody, lookup(&[base], path), "base: {}", spelled);
        }
    }

    #[test]
    fn look_ups_minus_forgets_end_at_zero(
        files in files(),
        asked in vec((path(), any::<bool>()), 1..40),
        order in any::<u64>(),
    ) {
        let Twin { world, .. } = twin(&files);
        let tree = world.tree();
        let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
        for (path, by_client) in &asked {
            let mut parent = ROOT;
            let who = Serving(&["10.0.0.1"]);
            let top: &[&str] = if *by_client { &["clients", "10.0.0.1"] } else { &["images", "x"] };
            for name in top.iter().chain(path) {
                let Ok(found) = tree.lookup(parent, name.as_bytes(), &who).found else {
                    break;
                };
                *counts.entry(found.id).or_default() += 1;
                parent = found.id;
            }
        }
        prop_assert_eq!(tree.nodes().len(), counts.len());
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(id, _)| id.wrapping_mul(order | 1));
        for (at, (id, count)) in counts.iter().enumerate() {
            prop_assert_eq!(tree.nodes().len(), counts.len() - at);
            tree.forget(*id, count - count / 2);
            tree.forget(*id, count / 2);
        }
        prop_assert!(tree.nodes().is_empty());
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn whatever_is_listed_can_be_looked_up(files in files()) {
        let Twin { world, .. } = twin(&files);
        for top in ["images/x", "clients/10.0.0.1"] {
            let listed = walk(&world, top);
            let distinct: BTreeSet<_> = listed.iter().collect();
            prop_assert_eq!(distinct.len(), listed.len(), "a name twice: {:?}", listed);
            for (path, is_folder) in listed {
                let found = world.look(&Nobody, path.as_bytes());
                prop_assert!(found.is_ok(), "{} is listed and not there", path);
                prop_assert_eq!(found.unwrap().0.attributes.is_folder, is_folder, "{}", path);
            }
        }
    }

    /// Only where names do not collide: there another spelling may be another file.
    #[test]
    fn every_spelling_of_a_listed_path_finds_the_same(
        names in vec(vec(select(&["a", "Bc", "BOOT", "\u{fc}ber", "x.wim"][..]), 1..4), 1..8),
        dice in vec(any::<u8>(), 1..40),
    ) {
        let world = World::new().image("x", &[] as &[(&str, &str)]);
        let mut model = Model::default();
        for path in &names {
            if model.put(path, "") {
                world.put(&format!("x/{}", path.join("/")), path.join("/").as_bytes());
            }
        }
        for (path, is_folder) in walk(&world, "images/x") {
            let other = spelled_otherwise(&path, "images/x", &dice);
            let (found, _) = world.look(&Nobody, path.as_bytes()).unwrap();
            let again = world.look(&Nobody, other.as_bytes());
            prop_assert!(again.is_ok(), "{} as {}", path, other);
            let (again, _) = again.unwrap();
            prop_assert_eq!(again.attributes, found.attributes, "{} as {}", path, other);
            if !is_folder {
                prop_assert_eq!(again.id, found.id, "{} as {}", path, other);
            }
        }
    }

    #[test]
    fn no_request_reaches_a_file_outside(
        requests in vec(vec(select(&PIECES[..]), 1..10), 25),
    ) {
        let world = World::new()
            .image("x", &[("a/b", "inside"), ("ab", "inside"), (r"a\b", "inside"), ("aa/a/b", "inside")])
            .layer("outside", &[("secret", "secret"), ("a/b", "secret")])
            .base(&[("a/secret", "inside"), ("b", "inside")])
            .client("10.0.0.1", "x");
        world.put("secret", b"secret");
        world.put("b", b"secret");
        for (link, target) in [("x/up", ".."), ("x/aa/out", "../../outside"), ("base/a/up", "../../"), ("x/etc", "/etc")] {
            symlink(target, world.path(link)).unwrap();
        }
        for pieces in &requests {
            let request = pieces.concat();
            for top in ["", "images/x/", "images\\x\\", "10.0.0.1/", "clients/10.0.0.1/a/"] {
                let request = format!("{top}{request}");
                for bytes in [reply(&world, request.as_bytes()), whole(world.tree(), &world, &request)].into_iter().flatten() {
                    prop_assert_eq!(bytes, "inside", "{:?}", request);
                }
            }
        }
    }
}

/// What requests that want to get out are made of.
const PIECES: [&str; 16] = [
    "..",
    ".",
    "/",
    "\\",
    "a",
    "b",
    "A",
    "\0",
    "\u{1}",
    "secret",
    "outside",
    "up",
    "out",
    "etc/passwd",
    "../",
    "..\\",
];

/// What a request finds as the kernel would hand it over.
fn reply(world: &World, request: &[u8]) -> Option<String> {
    let bytes = world.read(&Nobody, request).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What it finds as one name.
fn whole(tree: &Tree, world: &World, request: &str) -> Option<String> {
    let found = tree.lookup(ROOT, request.as_bytes(), &Nobody).found.ok()?;
    let bytes = content(world, &found).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The model is only worth something if the disk can hold what it says.
#[test]
fn the_disk_keeps_the_names_of_the_laws_apart() {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        fs::write(folder.path().join(name), name).unwrap();
    }
    let stored = fs::read_dir(folder.path()).unwrap();
    let stored: BTreeSet<Vec<u8>> = stored
        .map(|entry| entry.unwrap().file_name().as_bytes().to_vec())
        .collect();
    assert_eq!(stored.len(), NAMES.len());
}
