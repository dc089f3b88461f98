//! Changes to an image, or any bytes as one: opened, listed and read, within a limit of memory
//! and of time.
#![no_main]

#[path = "../../sources_bounds/everything.rs"]
mod everything;
#[path = "../../sources_bounds/templates.rs"]
mod templates;
#[path = "../../common/turn.rs"]
mod turn;

use std::sync::OnceLock;
use std::time::Duration;

use turn::Turn;

/// Many times what is borne elsewhere: here everything is watched, and slow.
const HANGING: Duration = Duration::from_secs(20);

static TEMPLATES: OnceLock<[Vec<u8>; templates::TEMPLATES]> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let templates = TEMPLATES.get_or_init(|| std::array::from_fn(templates::template));
    if let Some(image) = templates::changed(input, templates) {
        let (_, took) = Turn::new().bear(&image);
        assert!(took < HANGING, "{took:?}");
    }
});
