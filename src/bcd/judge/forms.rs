//! Whether every element that a boot comes across is of the kind that its code says.
//!
//! One that is not ends the boot, however little it would matter.

use super::Case;
use super::finding::{Finding, WRONG_FORM};
use crate::bcd::make::{USUAL_BLOCK, USUAL_WINDOW};
use crate::bcd::{Element, ElementId, Guid, words};

/// A code that is often told and was never right.
pub(in crate::bcd) struct NeverRight {
    pub(in crate::bcd) never: ElementId,
    pub(in crate::bcd) right: ElementId,
    /// What `bcdedit` calls the right one.
    pub(in crate::bcd) word: &'static str,
    /// A good value for it.
    value: u64,
}

pub(in crate::bcd) const NEVER_RIGHT: &[NeverRight] = &[
    NeverRight {
        never: ElementId(0x3600_0007),
        right: ElementId::TFTP_BLOCK_SIZE,
        word: "ramdisktftpblocksize",
        value: USUAL_BLOCK,
    },
    NeverRight {
        never: ElementId(0x3600_0008),
        right: ElementId::TFTP_WINDOW_SIZE,
        word: "ramdisktftpwindowsize",
        value: USUAL_WINDOW,
    },
];

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for object in reached(case) {
        let elements = case.store.objects.get(&object);
        for (id, element) in elements.into_iter().flat_map(|object| &object.elements) {
            findings.extend(judge_one(&case.name(&object), *id, element));
        }
    }
    findings
}

/// The boot manager, what it starts by itself, the RAM disk options of that, and all from
/// which they inherit.
fn reached(case: &Case<'_>) -> Vec<Guid> {
    let first = case.menu.first;
    let options = first.and_then(|first| super::ramdisk::options(case, &first));
    let mut reached = Vec::new();
    for start in [Some(Guid::BOOT_MANAGER), first, options]
        .into_iter()
        .flatten()
    {
        for object in case.store.family(&start) {
            if !reached.contains(&object) {
                reached.push(object);
            }
        }
    }
    reached
}

fn judge_one(object: &str, id: ElementId, element: &Element) -> Option<Finding> {
    let known = NEVER_RIGHT.iter().find(|known| known.never == id);
    let code = format!("custom:{id}");
    let delete = words::delete(object, &code);
    let finding = match known {
        Some(known) => Finding::fatal(
            format!("{object} has an element {id}, which no boot manager takes"),
            format!(
                "{delete}; {}",
                words::set(object, known.word, &known.value.to_string())
            ),
        ),
        None if is_right(id, element) => return None,
        None => Finding::fatal(
            format!("{object} has an element {id} that is not stored as its code says"),
            format!("{delete}; then set it again"),
        ),
    };
    Some(finding.shown(WRONG_FORM))
}

/// Whether a value is of the kind that its code says; of unknown kinds nothing is said.
fn is_right(id: ElementId, element: &Element) -> bool {
    let is_in_form = id.form().is_none_or(|form| form == element.form);
    is_in_form
        && match (id.0 >> 24) & 0xf {
            5 => element.as_integer().is_some(),
            6 => element.as_boolean().is_some(),
            _ => true,
        }
}
