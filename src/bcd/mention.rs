//! Where a store names a file: for a boot that asked for it in vain.

use super::{Device, ElementId, Guid, Store, make, names, words};
use crate::name::{Folded, fold, parts};

/// A line of a store that names a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The line in the words of `bcdedit`: object, element, value.
    pub line: String,
    object: String,
    element: &'static str,
    /// The options of the RAM disk, where the file becomes one.
    options: Option<String>,
}

impl Store {
    /// The lines that lead a boot manager to this path, in any spelling.
    pub fn mentions(&self, path: &str) -> Vec<Mention> {
        let wanted = folded(path);
        let mut mentions = Vec::new();
        for (id, object) in &self.objects {
            for (code, element) in &object.elements {
                let Some(name) = names::element(object.kind, *code) else {
                    continue;
                };
                let mention = match (*code, element.as_device()) {
                    (ElementId::DEVICE, Some(Device::Ramdisk { path, options })) => {
                        self.mention(id, name, path, Some(options))
                    }
                    (ElementId::PATH | ElementId::SDI_PATH, _) => {
                        let path = element.as_text().unwrap_or_default();
                        self.mention(id, name, path, None)
                    }
                    _ => continue,
                };
                mentions.push(mention);
            }
        }
        mentions.retain(|(path, _)| folded(path) == wanted);
        mentions.into_iter().map(|(_, mention)| mention).collect()
    }

    fn mention(
        &self,
        object: &Guid,
        element: &'static str,
        path: String,
        options: Option<Guid>,
    ) -> (String, Mention) {
        let object = words::name(object, self);
        let options = options.map(|options| words::name(&options, self));
        let value = match &options {
            Some(options) => words::ramdisk(&path, options),
            None => path.clone(),
        };
        let line = format!("{object} {element} {value}");
        let mention = Mention {
            line,
            object,
            element,
            options,
        };
        (path, mention)
    }
}

impl Mention {
    /// Whether the file becomes a RAM disk: it is a boot image.
    pub fn is_ramdisk(&self) -> bool {
        self.options.is_some()
    }

    /// The command that names another file in this line.
    pub fn change(&self, path: &str) -> String {
        let path = make::rooted(path);
        let Some(options) = &self.options else {
            return words::set(&self.object, self.element, &path);
        };
        let value = words::ramdisk(&path, options);
        let device = words::set(&self.object, self.element, &value);
        format!("{device}; {}", words::set(&self.object, "osdevice", &value))
    }
}

fn folded(path: &str) -> Vec<Folded> {
    let parts = parts(path.as_bytes()).unwrap_or_default();
    parts.into_iter().map(fold).collect()
}
