//! What the fuzzer has kept: one input for each way through the reader.

use std::fs;
use std::path::Path;

use crate::everything::mended;
use crate::{HANGING, Turn};

#[test]
fn the_corpus_is_borne() {
    let turn = Turn::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/bcd");
    let inputs: Vec<_> = fs::read_dir(folder).unwrap().collect();
    assert!(inputs.len() > 50, "found {} inputs only", inputs.len());
    for input in inputs {
        let path = input.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for bytes in [mended(&bytes), bytes] {
            let (_, took) = turn.bear(&bytes);
            assert!(took < HANGING, "{}: {took:?}", path.display());
        }
    }
}
