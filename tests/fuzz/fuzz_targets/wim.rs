//! Any bytes as a WIM: opened, listed, and read as far as a small file can lead.
#![no_main]

#[path = "../../wim/everything.rs"]
mod everything;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    everything::read(bytes);
    if let Some(mended) = everything::mended(bytes) {
        everything::read(&mended);
    }
});
