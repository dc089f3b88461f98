//! One walk through a file of the configuration: where everything stands in it, and what is
//! wrong there.

use std::fmt;
use std::path::Path;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::problem::{Located, Problem, Problems, line_and_column};
use super::{ImageName, ImageSpec};
use crate::name;

/// Walks through the file once and collects every problem.
pub(super) struct Checker<'a> {
    text: &'a str,
    pub(super) file: &'a Path,
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

    /// Everything that was found, in the order of the file.
    pub(super) fn into_problems(self) -> Problems {
        let mut list = self.problems;
        list.sort_by_key(|problem| (problem.line, problem.column));
        Problems {
            file: self.file.to_owned(),
            list,
        }
    }

    /// The text as this shape.
    pub(super) fn toml<T: DeserializeOwned>(&mut self) -> Option<T> {
        let raw = toml::from_str(self.text);
        raw.inspect_err(|error| self.not_toml(error)).ok()
    }

    pub(super) fn problem<T>(&mut self, at: &Spanned<T>, what: String, next: impl Into<String>) {
        let (line, column) = line_and_column(self.text, Some(at.span()));
        let next = next.into();
        self.problems.push(Problem {
            line,
            column,
            what,
            next,
        });
    }

    pub(super) fn located<T, U>(&self, at: &Spanned<T>, value: U) -> Located<U> {
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

    pub(super) fn known_image(
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
}

/// `"one"` or `["several", "texts"]`. Not an untagged enum: that would lose the places of
/// the texts.
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl OneOrMany {
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(many) => many.len(),
        }
    }
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

pub(super) fn many(raw: Spanned<OneOrMany>) -> Vec<Spanned<String>> {
    let span = raw.span();
    match raw.into_inner() {
        OneOrMany::One(one) => vec![Spanned::new(span, one)],
        OneOrMany::Many(many) => many,
    }
}

/// The parts of a path, as they are compared; none for what is no path.
pub(super) fn folded_parts(path: &str) -> Vec<name::Folded> {
    let parts = name::parts(path.as_bytes()).unwrap_or_default();
    parts.into_iter().map(name::fold).collect()
}
