//! Changes to an image: opened, listed, and read from.
#![no_main]

#[path = "../../sources_bounds/everything.rs"]
mod everything;
#[path = "../../sources_bounds/templates.rs"]
mod templates;

use std::sync::OnceLock;

static TEMPLATES: OnceLock<[Vec<u8>; templates::TEMPLATES]> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let templates = TEMPLATES.get_or_init(|| std::array::from_fn(templates::template));
    if let Some(image) = templates::changed(input, templates) {
        everything::read(&image);
    }
});
