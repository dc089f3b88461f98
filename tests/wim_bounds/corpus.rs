//! What the fuzzer has kept: one input for each way through the reader.

use std::fs;
use std::path::Path;

use crate::Turn;
use crate::everything::mended;

#[test]
fn the_corpus_is_borne() {
    let turn = Turn::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/wim");
    let inputs: Vec<_> = fs::read_dir(folder).unwrap().collect();
    assert!(inputs.len() > 50, "found {} inputs only", inputs.len());
    for input in inputs {
        let bytes = fs::read(input.unwrap().path()).unwrap();
        for bytes in [mended(&bytes), Some(bytes)].into_iter().flatten() {
            turn.bear(&bytes);
        }
    }
}
