//! Changes to a store: read, shown, and written again.
#![no_main]

#[path = "../../bcd/cells.rs"]
#[allow(dead_code)]
mod cells;
#[path = "../../bcd/everything.rs"]
#[allow(dead_code)]
mod everything;
#[path = "../../bcd/made.rs"]
#[allow(dead_code)]
mod made;
#[path = "../../bcd_bounds/templates.rs"]
mod templates;

use std::sync::OnceLock;

static TEMPLATES: OnceLock<[Vec<u8>; templates::TEMPLATES]> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let templates = TEMPLATES.get_or_init(|| std::array::from_fn(templates::template));
    if let Some(hive) = templates::changed(input, templates) {
        everything::read(&hive);
    }
});
