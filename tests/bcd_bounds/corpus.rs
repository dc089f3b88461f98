//! What the fuzzer has kept: one input for each way through the reader.

use std::fs;
use std::path::Path;

use crate::templates::{changed, template};
use crate::{HANGING, Turn};

#[test]
fn the_corpus_is_borne() {
    let turn = Turn::new();
    let templates = std::array::from_fn(template);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/bcd");
    let inputs: Vec<_> = fs::read_dir(folder).unwrap().collect();
    assert!(inputs.len() > 50, "found {} inputs only", inputs.len());
    for input in inputs {
        let path = input.unwrap().path();
        if let Some(hive) = changed(&fs::read(&path).unwrap(), &templates) {
            let (_, took) = turn.bear(&hive);
            assert!(took < HANGING, "{}: {took:?}", path.display());
        }
    }
}
